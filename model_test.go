package payment_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// TestModel and TestChaos play worlds. A world is one store, one gateway, one clock and two processes with a Service each, and everything
// that happens in it is drawn from its seed: which gateway it is, what the host calls, what shoppers, banks and the merchant's dashboard
// do, how time passes, and what goes wrong. The same seed is the same world, down to every line of its trace.
//
// In a world of TestModel the gateway is the sandbox, and its word is true. What goes wrong is listed in everyFault: processes die before
// and after a commit or a call, or are held up until others take over, others get in between, commits fail or nobody knows whether they happened, requests and answers get lost
// or come late, callers give up. In a world of TestChaos the gateway says anything at all (chaos_test.go).
//
// After every step the rows must agree with each other (world.check), every commit must follow from the one before it (world.checkCommit),
// and no call must be made twice where it could take effect twice (callWatcher). In the end nothing goes wrong any more, days pass, and the
// books of both sides must say the same (world.settleDown).
//
// A failure prints the command that plays its world again, with the trace. To see the trace of any world, and how often what happened:
//
//	go test -run 'TestModel$' -seed 7 -seeds 1 -v .
//	go test -run 'TestModel$' -seeds 10000 -v .
var (
	firstSeed = flag.Uint64("seed", 1, "TestModel and TestChaos: the first seed")
	seedCount = flag.Int("seeds", 0, "TestModel and TestChaos: how many seeds to play; 0: as many as see every fault within a second or two")
)

func TestModel(t *testing.T) {
	playSeeds(t, 400, playModel, everyFault())
}

// The same seed must give the same world, or no failure could be looked into.
func TestModelRepeats(t *testing.T) {
	for seed := range uint64(20) {
		for _, play := range []func(uint64, tally) *world{playModel, playChaos} {
			first, second := play(seed, tally{}), play(seed, tally{})
			require.Equal(t, first.trace, second.trace, "seed %d", seed)
		}
	}
}

// tally counts what happened in all worlds, by name.
type tally map[string]int

// playSeeds plays one world after the other until one fails. Without -seeds, all that is wanted must have happened in one of them.
func playSeeds(t *testing.T, usual int, play func(uint64, tally) *world, wanted []string) {
	count, total := *seedCount, tally{}
	if count == 0 {
		count = usual
	}
	for seed := *firstSeed; seed < *firstSeed+uint64(count); seed++ {
		w := play(seed, total)
		trace := strings.Join(w.trace, "\n")
		if len(w.broken) > 0 {
			t.Fatalf("seed %d:\n%s\n\nplay it again: go test -run '%s$' -seed %d -seeds 1 -v .\n\n%s",
				seed, strings.Join(w.broken, "\n"), t.Name(), seed, trace)
		}
		if count == 1 {
			t.Log("\n" + trace)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%7d %s", total[name], name)
	}
	if *seedCount != 0 {
		return
	}
	for _, name := range wanted {
		require.Positive(t, total[name], "no world has seen: %s", name)
	}
}

// playModel plays one world with the sandbox gateway.
func playModel(seed uint64, total tally) *world {
	w := newWorld(seed, total)
	w.useSandbox()
	w.play(func() {
		for range 20 + w.rand.IntN(100) {
			w.step(false)
			if w.check(); len(w.broken) > 0 {
				return
			}
		}
		w.settleDown()
	})
	return w
}

// play runs the story of a world. A panic that nobody planted breaks it.
func (w *world) play(story func()) {
	defer func() {
		if p := recover(); p != nil {
			w.fail("panic: %v", p)
			w.log("%s", debug.Stack())
		}
	}()
	story()
}

// An action is something that happens in a world, as often as its weight says, of totalWeight.
type action struct {
	weight int
	name   string
	do     func(*world, call) error
}

// call is a call of the host, by one of its processes.
type call struct {
	*payment.Service
	ctx     context.Context
	key     string // the host's IdempotencyKey; mostly empty
	session string // the session that it is about, and
	payment string // its payment, if there is one
	nested  bool   // another call is under way in the other process, or in this one
}

// patient marks the context of a caller, who may lose patience while he waits.
type patient struct{}

// errNothing says that an action has found nothing to do.
var errNothing = errors.New("nothing to do")

// step lets one thing happen.
func (w *world) step(nested bool) { w.act(w.drawAction(), nested) }

// act lets a thing happen, in a process that may die of it.
func (w *world) act(a action, nested bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, planted := p.(crash); !planted {
				panic(p)
			}
			w.log("< crash")
			w.total["outcome: the process died"]++
		}
	}()
	caller := w.actor
	w.actors++
	w.actor = w.actors
	defer func() { w.actor = caller }()
	w.patience = w.rand.IntN(600)
	c := call{Service: w.services[w.rand.IntN(2)], ctx: context.WithValue(context.Background(), patient{}, true), session: "none", nested: nested}
	if w.oneIn(4) {
		c.key = fmt.Sprint("k", w.rand.IntN(6))
	}
	if len(w.sessions) > 0 {
		c.session = draw(w, w.sessions)
	}
	c.payment = "pay_" + strings.TrimPrefix(c.session, "payses_")
	err := a.do(w, c)
	if errors.Is(err, errNothing) {
		return
	}
	w.log("< %s: %v", a.name, err)
	w.total["outcome: "+a.name+": "+outcome(err)]++
}

func (w *world) drawAction() action {
	if len(w.collections) == 0 {
		return actions[0]
	}
	n := w.rand.IntN(totalWeight)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			return a
		}
	}
	return actions[0]
}

// nested lets something else happen while a call is under way.
func (w *world) nested() {
	if w.depth > 1 {
		return
	}
	w.depth++
	w.step(true)
	w.depth--
}

// outcome names an error by what it matches first.
func outcome(err error) string {
	for _, known := range []error{
		payment.ErrRequiresMore, payment.ErrPending, payment.ErrDeclined, payment.ErrCanceled, payment.ErrNotSent, payment.ErrOutcomeUnknown,
		payment.ErrInProgress, payment.ErrNeedsAttention, payment.ErrAmountExceeded, payment.ErrNotAllowed, payment.ErrNotFound,
		payment.ErrIdempotencyMismatch, payment.ErrTooManyDeclines, payment.ErrUnsupported, payment.ErrInvalid, payment.ErrCommitUnknown,
		payment.ErrConflict, errStoreDown, context.Canceled,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return "done"
}

// timeSteps are how far the clock moves at once: past a lease, a key's life, an intent's, an authorization's.
var timeSteps = []time.Duration{time.Second, time.Minute, 10 * time.Minute, time.Hour, 13 * time.Hour, 50 * time.Hour}

// draw picks one of several.
func draw[T any](w *world, list []T) T { return list[w.rand.IntN(len(list))] }

// oneIn is true once in n times.
func (w *world) oneIn(n int) bool { return w.rand.IntN(n) == 0 }
