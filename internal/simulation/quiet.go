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
	for round := range 3 {
		w.advance(w.now + 26*hour)
		w.countForgotten()
		w.bankDecides(round == 0)
		w.allMail()
		w.round()
		for range 3 {
			if !w.person() {
				break
			}
			w.bankDecides(false)
			w.allMail()
			w.round()
		}
	}
	for n := 0; n < leastTries+10 && w.ok() && (w.undelivered() || w.parked()); n++ { // what can only be given up
		w.advance(w.now + 11*minute)
		w.round()
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

// bankDecides lets the bank decide what is pending at the gateway: in the end it does.
func (w *world) bankDecides(mayFail bool) {
	if w.v.hostile {
		return
	}
	for _, i := range w.gateway.Intents() {
		for _, m := range i.Movements {
			if m.State == payment.MovementPending {
				w.note(w.gateway.ResolveMovement(m.Reference, !mayFail || !w.dice.oneIn(4)), "the bank decides about a movement of", &i)
			}
		}
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
