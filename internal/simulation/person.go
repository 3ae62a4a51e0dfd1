package simulation

import (
	"context"
	"errors"
	"slices"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// person looks after the operations that need attention, with the gateway's books before the eyes, and reports
// whether there were any.
func (w *world) person() (busy bool) {
	for _, o := range w.shadow.order {
		if o.state != payment.OperationNeedsAttention || !w.ok() {
			continue
		}
		busy = true
		w.resolve(o, w.judge(o))
		w.finish()
	}
	return busy
}

// resolve carries out a decision about an operation.
func (w *world) resolve(o *shadowOp, outcome payment.Resolution) {
	w.hit(PersonDecided)
	o.judged = o.judged || outcome == payment.ResolveFail
	p := w.procs[w.dice.n(2)]
	w.start(p, "ResolveOperation "+short(o.id)+" "+o.code+": "+string(outcome), func(a *actor) {
		_, err := p.svc.ResolveOperation(context.Background(), payment.ResolveOperationParams{OperationID: o.id, Outcome: outcome, By: "a person"})
		a.alive()
		if w.tracing {
			w.log(a, "ResolveOperation %s is answered: %v", short(o.id), err)
		}
		if err != nil && w.resting && !errors.Is(err, payment.ErrNotAllowed) {
			w.fail("ResolveOperation %s of %s: %v", outcome, o.id, err)
		}
		if err != nil {
			w.secrets.said(w, "an error of ResolveOperation", err)
		}
	})
}

// askPerson lets a person have an operation asked about while things happen. To decide more, one waits until nothing is under way any more.
func (w *world) askPerson() {
	for _, o := range w.shadow.order {
		if o.state == payment.OperationNeedsAttention && w.dice.oneIn(2) {
			w.resolve(o, payment.ResolveAsk)
			return
		}
	}
}

// judge is what a person does about an operation: ask the gateway first; if that does not help, look whether it did what was asked.
func (w *world) judge(o *shadowOp) payment.Resolution {
	if o.asked++; o.asked == 1 && !w.v.noStatus {
		return payment.ResolveAsk
	}
	if w.v.hostile {
		return pick(&w.dice, []payment.Resolution{payment.ResolveAsk, payment.ResolveAccept, payment.ResolveFail})
	}
	i, found := w.intentOf(o.session)
	done := false
	switch o.kind {
	case payment.OperationInitialize:
		done = found && i.Status != sandboxprovider.IntentCanceled
	case payment.OperationAuthorize:
		if i.Status == sandboxprovider.IntentProcessing {
			w.note(w.gateway.ResolveDelayed(i.Reference, w.dice.oneIn(2)), "a person asks the bank about", &i)
		} else if !i.Live {
			w.note(w.gateway.CancelAtDashboard(i.Reference), "a person gives up", &i)
		}
		i, found = w.intentOf(o.session)
		done = found && i.Live
	case payment.OperationUpdate:
		done = found && w.minor(i.Amount) == o.amount
	case payment.OperationCancel:
		if o.session.payment != nil && o.session.payment.unasked && found {
			return w.returnUnasked(o, &i)
		}
		done = !found || i.Capturable.IsZero() && i.Status == sandboxprovider.IntentCanceled
	case payment.OperationCapture, payment.OperationRefund:
		done = w.executed(o) > 0 && w.stands(o, &i)
		if done && w.v.noKeys {
			o.session.forgiven = true // its row has no name, and so what others moved is not recorded any more
		}
	case payment.OperationStatus:
		o.session.forgiven = o.session.forgiven || w.v.noStatus // what is accepted may be all that ever told of a movement
		if o.session.payment != nil && o.session.payment.unasked && found {
			return w.returnUnasked(o, &i)
		}
		return payment.ResolveAccept
	}
	if done {
		return payment.ResolveAccept
	}
	return payment.ResolveFail
}

// stands reports whether the gateway shows a movement like an operation's that has not failed.
func (w *world) stands(o *shadowOp, i *sandboxprovider.Intent) bool {
	return slices.ContainsFunc(i.Movements, func(m sandboxprovider.Movement) bool {
		return string(m.Kind) == string(o.kind) && w.minor(m.Amount) == o.amount && m.State != payment.MovementFailed
	})
}

// returnUnasked gives money back at the dashboard that nobody asked for.
func (w *world) returnUnasked(o *shadowOp, i *sandboxprovider.Intent) payment.Resolution {
	if i.Capturable.IsPositive() {
		w.note(w.gateway.CancelAtDashboard(i.Reference), "a person releases", i)
	}
	if left := i.Captured.Sub(i.Refunded); left.IsPositive() {
		_, err := w.gateway.RefundAtDashboard(i.Reference, left)
		w.note(err, "a person refunds", i)
	}
	if w.v.noStatus || o.asked > 3 {
		return payment.ResolveAccept
	}
	return payment.ResolveAsk
}

// intentOf is a session's object at the gateway.
func (w *world) intentOf(s *shadowSession) (sandboxprovider.Intent, bool) {
	if s.reference != "" {
		return w.gateway.Intent(s.reference)
	}
	for _, i := range w.gateway.Intents() {
		if i.SessionID == s.id {
			return i, true
		}
	}
	return sandboxprovider.Intent{}, false
}

// executed is how often the gateway executed requests of an operation.
func (w *world) executed(o *shadowOp) int {
	n := 0
	for i, c := range w.gateway.Requests() {
		if c.Executed && i < len(w.sends) && w.sends[i] == o.id {
			n++
		}
	}
	return n
}
