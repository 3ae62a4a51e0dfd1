package linear

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// step is what a call did to one row, by its answer. Times are in ticks, 0 is none.
type step struct {
	row     string
	kind    stepKind
	outcome outcome
	version int64 // commit: on which; load: which was found, 0 for none
	nonce   int64 // what was written, or read
	now     int64 // claim: now
	at      int64 // done: the claim's time
	until   int64 // claim, put: the new time; done: when again
	seq     int64 // events: delivered up to
}

type stepKind string

const (
	stepLoad   stepKind = "load"
	stepCommit stepKind = "commit"
	stepPut    stepKind = "put"   // due work that a commit writes
	stepClaim  stepKind = "claim" // due work that a claim returned
	stepDone   stepKind = "done"
	stepRest   stepKind = "rest" // due work that a claim did not find though it took all
)

type outcome int

const (
	done outcome = iota
	conflict
	unknown // it may have happened, or happen yet
)

// torn is the nonce of rows that are not of one commit: nothing ever writes it.
const torn = -1

// state is what is stored of one collection with its events' due work, or of one piece of due work.
type state struct {
	version   int64
	nonce     int64
	at        int64 // when the work is due; 0: it is not, or not there
	delivered int64 // events: up to this Seq
}

// eventTicks is the time of the event with a Seq: long before anything that is claimed.
func eventTicks(seq int64) int64 { return seq - int64(24*time.Hour/time.Microsecond) }

// step returns what may be stored after a step, nothing if it cannot have happened.
func (s state) step(k step) []any {
	next := s
	possible := false
	switch k.kind {
	case stepLoad:
		possible = k.version == s.version && (k.nonce == s.nonce || k.version == 0)
	case stepCommit:
		possible = (k.version == s.version) == (k.outcome != conflict)
		if possible && k.outcome != conflict {
			next.version, next.nonce = s.version+1, k.nonce
			if s.at == 0 {
				next.at = eventTicks(64 * next.version)
			}
		}
	case stepPut:
		possible = true
		next.at = k.until
	case stepClaim:
		possible = s.at != 0 && s.at <= k.now && s.delivered == k.seq
		next.at = k.until
	case stepRest:
		possible = s.at == 0 || s.at > k.now
	case stepDone:
		possible = (s.at == k.at) == (k.outcome == done)
		if possible && k.outcome == done {
			next.at, next.delivered = k.until, k.seq
			if k.until == 0 && s.version > 0 && 64*s.version > k.seq {
				next.at = eventTicks((k.seq/64 + 1) * 64)
			}
		}
	}
	switch {
	case k.outcome == unknown && possible:
		return []any{s, next}
	case k.outcome == unknown:
		return []any{s}
	case possible:
		return []any{next}
	}
	return nil
}

// Check holds a history against the model. It gives up, and answers [porcupine.Unknown], after the timeout. What is wrong is written to a file
// that a browser shows, if it is and a file is named.
func Check(h *History, timeout time.Duration, file string) (porcupine.CheckResult, error) {
	model := model()
	result, info := porcupine.CheckOperationsVerbose(model, h.Operations, timeout)
	if result == porcupine.Ok || file == "" {
		return result, nil
	}
	return result, porcupine.VisualizePath(model, info, file)
}

func model() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			byRow := map[string][]porcupine.Operation{}
			for _, o := range history {
				row := o.Input.(step).row
				byRow[row] = append(byRow[row], o)
			}
			var parts [][]porcupine.Operation
			for _, part := range byRow {
				parts = append(parts, part)
			}
			return parts
		},
		Init:              func() []any { return []any{state{}} },
		Step:              func(s, input, _ any) []any { return s.(state).step(input.(step)) },
		DescribeOperation: func(input, _ any) string { return fmt.Sprintf("%+v", input) },
		DescribeState:     func(s any) string { return fmt.Sprintf("%+v", s) },
	}
	return m.ToModel()
}
