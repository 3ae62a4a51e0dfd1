package simulation

import (
	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// Profiles of worlds.
const (
	ProfileDefault = "default" // all kinds of worlds, as often as they find something
	ProfileCalm    = "calm"    // nothing goes wrong
	ProfileHostile = "hostile" // the gateway says anything at all
)

// Options say how to play a seed.
type Options struct {
	Profile string       // one of the profiles; empty means ProfileDefault
	Trace   bool         // keep the trace
	Line    func(string) // takes each line of the trace as it is written; may be nil

	// Store returns the store of a world, with nothing in it; nil means a new memstore. What the world is, and so its trace, does not depend on
	// it. It is called at the beginning of each seed; where several goroutines play, by all of them.
	Store func() payment.Store
}

// Result is what became of a seed.
type Result struct {
	Seed       uint64
	Points     int      // scheduling points
	Processes  [2]int   // scheduling points of each process
	Operations int      // operations that were begun
	Broken     []string // what must not be, in the order in which it was seen; empty when all was well
	Trace      []string // line by line, if it was asked for
	Faults     Counts   // what went wrong
}

// Simulator plays one seed after the other. It is not safe for concurrent use: have one for each goroutine.
type Simulator struct{ pool pool }

// Run plays one seed.
func (s *Simulator) Run(seed uint64, o Options) Result {
	if o.Profile == "" {
		o.Profile = ProfileDefault
	}
	if o.Store == nil {
		o.Store = func() payment.Store { return memstore.New() }
	}
	w := newWorld(seed, &s.pool, &o)
	w.play()
	return Result{
		Seed: seed, Points: w.points, Processes: [2]int{w.procs[0].points, w.procs[1].points}, Operations: w.shadow.operations,
		Broken: w.broken, Trace: w.trace, Faults: w.faults,
	}
}

// Close ends the coroutines that are kept for the next seed.
func (s *Simulator) Close() { s.pool.close() }

// Run plays one seed.
func Run(seed uint64, o Options) Result {
	var s Simulator
	defer s.Close()
	return s.Run(seed, o)
}
