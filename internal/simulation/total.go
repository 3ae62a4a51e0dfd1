package simulation

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Total is what many seeds add up to.
type Total struct {
	Seeds       int      // played
	Points      int64    // scheduling points
	Operations  int64    // operations that were begun
	Faults      Counts   // what went wrong
	Failed      []Result // those that broke something, by seed
	Alone       int      // seeds in which a process took no part
	points, ops []int    // of each seed
}

// Plan says which seeds are to be played, and how.
type Plan struct {
	Seeds   func(n int) (seed uint64, ok bool) // the seeds, counted from 0
	Workers int                                // goroutines, each with worlds of its own
	Enough  int                                // stop once so many seeds have failed; 0: never
	Options Options
}

// From plans count seeds from the first on.
func From(first uint64, count int) func(int) (uint64, bool) {
	return func(n int) (uint64, bool) { return first + uint64(n), n < count }
}

// hangs is how long one seed may take, in real time, before it is taken to hang: something is held while it waits for somebody else.
const hangs = 20 * time.Second

// RunAll plays seeds on several goroutines. A seed that hangs counts as failed, and ends the run.
func RunAll(p Plan) *Total {
	t := &Total{}
	var next, failed atomic.Int64
	done := make(chan *Total)
	watches := make([]watch, p.Workers)
	for i := range p.Workers {
		go func() {
			var s Simulator
			defer s.Close()
			own := &Total{}
			for p.Enough == 0 || failed.Load() < int64(p.Enough) {
				seed, ok := p.Seeds(int(next.Add(1) - 1))
				if !ok {
					break
				}
				watches[i].begin(seed)
				r := s.Run(seed, p.Options)
				if len(r.Broken) > 0 {
					failed.Add(1)
				}
				own.add(&r)
			}
			watches[i].end()
			done <- own
		}()
	}
	tick := time.NewTicker(time.Second) //nolint:forbidigo // whether a seed hangs shows in real time only
	defer tick.Stop()
	for left := p.Workers; left > 0; {
		select {
		case own := <-done:
			t.join(own)
			left--
		case <-tick.C:
			for i := range watches {
				if seed, hung := watches[i].hung(); hung {
					r := Result{Seed: seed, Broken: []string{"it hangs: something is held while it waits for somebody else"}}
					t.add(&r)
					left = 0
				}
			}
		}
	}
	t.sort()
	return t
}

// watch says which seed a goroutine plays, and since when.
type watch struct{ seed, since atomic.Int64 }

func (w *watch) begin(seed uint64) {
	w.seed.Store(int64(seed))
	w.since.Store(time.Now().UnixNano()) //nolint:forbidigo // real time
}

func (w *watch) end() { w.since.Store(0) }

func (w *watch) hung() (seed uint64, hung bool) {
	since := w.since.Load()
	return uint64(w.seed.Load()), since > 0 && time.Now().UnixNano()-since > int64(hangs) //nolint:forbidigo // real time
}

func (t *Total) sort() {
	slices.Sort(t.points)
	slices.Sort(t.ops)
	slices.SortFunc(t.Failed, func(a, b Result) int { return cmp.Compare(a.Seed, b.Seed) })
}

func (t *Total) add(r *Result) {
	t.Seeds++
	t.Points += int64(r.Points)
	t.Operations += int64(r.Operations)
	t.Faults.Add(&r.Faults)
	t.points = append(t.points, r.Points)
	t.ops = append(t.ops, r.Operations)
	switch {
	case len(r.Broken) > 0:
		t.Failed = append(t.Failed, *r)
	case r.Processes[0] == 0 || r.Processes[1] == 0:
		t.Alone++
	}
}

func (t *Total) join(other *Total) {
	t.Seeds += other.Seeds
	t.Points += other.Points
	t.Operations += other.Operations
	t.Faults.Add(&other.Faults)
	t.points = append(t.points, other.points...)
	t.ops = append(t.ops, other.ops...)
	t.Failed = append(t.Failed, other.Failed...)
	t.Alone += other.Alone
}

// Spread returns the least and the median of the scheduling points, and of the operations, of a seed.
func (t *Total) Spread() (leastPoints, medianPoints, leastOperations, medianOperations int) {
	if t.Seeds == 0 {
		return 0, 0, 0, 0
	}
	return t.points[0], t.points[len(t.points)/2], t.ops[0], t.ops[len(t.ops)/2]
}

// Kinds groups the failed seeds by what broke first, its numbers left out, the most frequent first: each with how often and the first seed.
func (t *Total) Kinds() []string {
	type kind struct {
		text  string
		count int
		seed  uint64
	}
	var kinds []*kind
	for _, r := range t.Failed {
		line, _, _ := strings.Cut(r.Broken[0], "\n")
		words := strings.Fields(line)
		for i, word := range words {
			if strings.ContainsAny(word, "0123456789") {
				prefix, _, _ := strings.Cut(word, "_")
				words[i] = strings.TrimRight(prefix, "0123456789,;") + "…"
			}
		}
		text := strings.Join(words, " ")
		i := slices.IndexFunc(kinds, func(k *kind) bool { return k.text == text })
		if i < 0 {
			kinds = append(kinds, &kind{text, 0, r.Seed})
			i = len(kinds) - 1
		}
		kinds[i].count++
	}
	slices.SortStableFunc(kinds, func(a, b *kind) int { return cmp.Compare(b.count, a.count) })
	var lines []string
	for _, k := range kinds {
		lines = append(lines, fmt.Sprintf("%6d times, first by seed %d: %s", k.count, k.seed, k.text))
	}
	return lines
}

// Print prints how often each fault happened, and returns those that never did. The error is the writer's.
func (t *Total) Print(out io.Writer) (never []Fault, err error) {
	for _, f := range Faults() {
		if t.Faults[f] == 0 {
			never = append(never, f)
		}
		if _, err := fmt.Fprintf(out, "%10d  %s\n", t.Faults[f], f); err != nil {
			return never, err
		}
	}
	return never, nil
}
