package simulation

import (
	"github.com/seed40c892db/payment"
)

// settleDown lets nothing go wrong any more, lets days pass, and holds both books against each other.
func (w *world) settleDown() {
	w.faulty = false
	if w.tracing {
		w.log(nil, "from here on nothing goes wrong")
	}
	for _, a := range w.actors {
		if a.serves {
			a.cancel()
		}
	}
	w.finish()
	w.resting = true
	w.countAbandoned()
	w.resendLost()
	for range 3 {
		w.advance(w.now + 26*hour)
		w.countForgotten()
		w.allMail()
		w.round()
		for range 3 {
			if !w.person() {
				break
			}
			w.allMail()
			w.round()
		}
	}
	if w.ok() && !w.v.hostile {
		w.compareBooks()
	}
}

// round is what a host does in some minutes: it reconciles, in both processes, for as long as there is anything to do.
func (w *world) round() {
	for range 6 {
		w.looked = 0
		for _, p := range w.procs {
			w.reconcile(p)
			w.finish()
		}
		if !w.ok() || w.looked == 0 {
			return
		}
		w.advance(w.now + 11*minute)
	}
}

// countAbandoned counts the challenges that nobody ever completed.
func (w *world) countAbandoned() {
	for _, s := range w.shadow.all {
		if s.status == payment.StatusRequiresMore {
			w.hit(ChallengeAbandoned)
		}
	}
}
