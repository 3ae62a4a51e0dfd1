package simulation

import (
	"fmt"
	"iter"
	"runtime/debug"
	"time"
)

// coroutine runs jobs one after the other, each in steps: next runs it until it pauses or ends. It is used again for other jobs, in other
// worlds too, since its stack has grown to fit by then.
type coroutine struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	job   func()
}

func newCoroutine() *coroutine {
	c := &coroutine{}
	c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		for {
			c.job()
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return c
}

// pool keeps coroutines that have nothing to do.
type pool struct{ idle []*coroutine }

func (p *pool) take() *coroutine {
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return c
	}
	return newCoroutine()
}

func (p *pool) giveBack(c *coroutine) { p.idle = append(p.idle, c) }

// close ends all coroutines.
func (p *pool) close() {
	for _, c := range p.idle {
		c.stop()
	}
	p.idle = nil
}

// actor is something that happens in steps, beside others: a call of the host, a Reconcile, the delivery of a webhook. Between two steps
// anything else can happen.
type actor struct {
	n      int // counts from 1
	name   string
	w      *world
	co     *coroutine
	proc   *process
	wake   int64 // when it can go on
	waits  ender // what it waits with, if anything: it goes on when that has ended
	cancel func()
	died   func() // what happens when its process dies
	killed bool   // its process died: it never does anything again
	ended  bool

	timed ender          // the context with a deadline that was seen last,
	until int64          // and the deadline, in virtual time
	call  *sent          // the provider's call that is under way, if any
	lied  *shadowSession // about which the gateway lied in the last answer that the actor had

	serves bool // it is Run, and does not end by itself
	forged bool // it delivers a forged webhook, which must change nothing
	polls  int  // pauses so far
	asked  *hostCall
}

// ender is what a context is to the scheduler.
type ender interface{ Err() error }

// crash is what an actor dies of.
type crash struct{}

// start lets something happen from the next step on.
func (w *world) start(p *process, name string, do func(a *actor)) *actor {
	w.started++
	a := &actor{n: w.started, name: name, w: w, proc: p, wake: w.now, co: w.pool.take()}
	a.co.job = func() {
		defer func() {
			a.ended = true
			if r := recover(); r != nil {
				if _, planned := r.(crash); !planned {
					w.fail("panic: %v\n%s", r, debug.Stack())
				}
			}
		}()
		a.alive()
		do(a)
	}
	w.actors = append(w.actors, a)
	if w.tracing {
		w.log(a, "begins: %s", name)
	}
	return a
}

// resume runs an actor's next step.
func (w *world) resume(a *actor) {
	w.running = a
	a.co.next()
	w.running = nil
	if a.ended {
		w.retire(a)
	}
	if p := a.proc; p != nil && p.crashed {
		w.bury(p)
	}
}

func (w *world) retire(a *actor) {
	for i, other := range w.actors {
		if other == a {
			w.actors = append(w.actors[:i], w.actors[i+1:]...)
			break
		}
	}
	if a.cancel != nil {
		a.cancel()
	}
	w.pool.giveBack(a.co)
	a.co = nil
	if a.killed {
		if a.died != nil {
			a.died()
		}
		if w.tracing {
			w.log(a, "dies")
		}
	}
}

// bury lets the actors of a dead process unwind, with no effect on anything, and starts the process anew.
func (w *world) bury(p *process) {
	for i := 0; i < len(w.actors); {
		a := w.actors[i]
		if a.proc != p {
			i++
			continue
		}
		a.killed = true
		w.running = a
		for !a.ended {
			a.co.next()
		}
		w.running = nil
		w.retire(a)
	}
	p.start()
}

// die ends the process of an actor here and now.
func (a *actor) die() {
	a.proc.crashed = true
	a.killed = true
	panic(crash{}) //nolint:forbidigo // it unwinds the coroutine; its top recovers it
}

// alive ends an actor whose process is dead, whatever it is at.
func (a *actor) alive() {
	if a.killed {
		panic(crash{}) //nolint:forbidigo // as above
	}
}

// pause is a scheduling point: the seed picks who goes on. This actor does so after d at the earliest.
func (a *actor) pause(d int64) {
	a.w.points++
	if a.proc != nil {
		a.proc.points++
	}
	a.wake = a.w.now + d
	a.co.yield(struct{}{})
	a.alive()
}

// pickReady draws one of the actors that can go on, nil when there is none.
func (w *world) pickReady() *actor {
	var ready [maxActors]*actor
	n := 0
	for _, a := range w.actors {
		if n < len(ready) && (a.wake <= w.now || a.waits != nil && a.waits.Err() != nil) {
			ready[n] = a
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return ready[0]
	}
	return ready[w.dice.n(n)]
}

// maxActors is how much can be under way at once at the most.
const maxActors = 16

// advance moves the clock. What is due at the gateway meanwhile happens at its time.
func (w *world) advance(to int64) {
	for w.lateAt != 0 && w.lateAt <= to {
		w.now = max(w.now, w.lateAt)
		w.lateArrive()
	}
	w.now = max(w.now, to)
}

// toNextWake moves the clock to when somebody can go on.
func (w *world) toNextWake() {
	if len(w.actors) == 0 {
		return
	}
	next := w.actors[0].wake
	for _, a := range w.actors[1:] {
		next = min(next, a.wake)
	}
	w.advance(next)
}

// finish lets everything that is under way come to its end.
func (w *world) finish() {
	for len(w.actors) > 0 && w.ok() {
		a := w.pickReady()
		if a == nil {
			w.toNextWake()
			continue
		}
		w.resume(a)
	}
}

// kill ends everything that is under way: the world is over.
func (w *world) kill() {
	for len(w.actors) > 0 {
		a := w.actors[0]
		a.killed = true
		w.running = a
		for !a.ended {
			a.co.next()
		}
		w.running = nil
		w.retire(a)
	}
}

// epoch is when worlds begin.
const epoch = 1_772_366_400 // 2026-03-01 12:00:00 UTC

// clock is the true time, which the gateway has.
func (w *world) clock() time.Time { return time.Unix(epoch, w.now).UTC() }

// fail says what must not be.
func (w *world) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(w.broken) < 5 {
		w.broken = append(w.broken, text)
	}
	if w.tracing {
		w.log(w.running, "!!! %s", text)
	}
}

// ok reports whether nothing is broken so far.
func (w *world) ok() bool { return len(w.broken) == 0 }
