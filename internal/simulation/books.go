package simulation

import (
	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// compareBooks holds our books against the gateway's, when all is quiet.
func (w *world) compareBooks() {
	for _, o := range w.shadow.order {
		if !o.ended() {
			w.fail("operation %s (%s) is still %s %s", o.id, o.kind, o.state, o.code)
		}
	}
	w.checkMail()
	w.checkEvents()
	w.compareRequests()
	intents := w.gateway.Intents()
	for _, s := range w.shadow.all {
		if s.provider != "sandbox" {
			continue
		}
		live, known := 0, false
		for i := range intents {
			in := &intents[i]
			if in.SessionID != s.id {
				continue
			}
			if in.Live {
				live++
			}
			if o := w.shadow.ops["op_"+in.AuthorizeKey]; o != nil && in.Authorized.IsPositive() && o.state == payment.OperationFailed &&
				o.code != "unasked" && o.code != "canceled" && !o.judged && !(o.late() && o.code == "not_done" && !w.tells(o.kind)) {
				w.fail("operation %s failed with %s, and the gateway authorized %s because of it", o.id, o.code, in.Reference)
			}
			if in.Reference == s.reference {
				known = true
				w.compare(s, in)
			} else if in.Live {
				w.fail("%s holds or took money, and session %s does not know it", in.Reference, s.id)
			}
		}
		if live > 1 {
			w.fail("session %s is authorized %d times at the gateway", s.id, live)
		}
		if s.payment != nil && !known {
			w.fail("session %s has a payment, and the gateway nothing", s.id)
		}
		if underWay := s.status == payment.StatusRequiresMore || s.processing || w.v.browsers; s.held != 0 && !underWay && !w.v.noStatus {
			w.fail("session %s is %s, nothing is under way, and it holds %d", s.id, s.status, s.held)
		}
	}
	for i := range intents {
		if w.shadow.sessions[intents[i].SessionID] == nil && intents[i].Live {
			w.fail("%s holds or took money, and its session %s is not in our books", intents[i].Reference, intents[i].SessionID)
		}
	}
}

// compareRequests: what was said to be done was done once, what was said not to be done was not, and nothing was done twice.
func (w *world) compareRequests() {
	done := map[string]int{}
	for n, c := range w.gateway.Requests() {
		if c.Executed {
			done[w.sends[n]]++
		}
	}
	for _, o := range w.shadow.order {
		n := done[o.id]
		moves := o.kind == payment.OperationCapture || o.kind == payment.OperationRefund
		switch {
		case o.session.provider != "sandbox":
		case n > 1:
			w.fail("operation %s (%s) was executed %d times", o.id, o.kind, n)
		case n > 0 && o.state == payment.OperationFailed && (o.code == "not_sent" || o.code == "not_done") && w.tells(o.kind):
			w.fail("operation %s (%s) failed with %s, and was executed", o.id, o.kind, o.code)
		case n > 0 && o.state == payment.OperationFailed && moves && w.movementOf(o) == nil:
			w.fail("operation %s (%s) failed with %s, and moved money that is not in our books", o.id, o.kind, o.code)
		case n == 0 && o.state == payment.OperationSucceeded && moves:
			w.fail("operation %s (%s) succeeded, and was never executed", o.id, o.kind)
		}
	}
	for _, c := range w.host.keyed {
		n := 0
		for _, o := range c.all {
			if (o.kind == payment.OperationCapture || o.kind == payment.OperationRefund) && done[o.id] > 0 {
				n++
			}
		}
		if n > 1 {
			w.fail("%s with key %s moved money %d times", c.kind, c.key, n)
		}
	}
}

// tells reports whether a gateway's later words tell that an operation of some kind was done: not an update that changed nothing, nor, where
// it is not asked by key, another challenge or decline in the place of the first.
func (w *world) tells(kind payment.OperationKind) bool {
	return kind != payment.OperationUpdate && (kind != payment.OperationAuthorize || w.v.askByKey)
}

// movementOf is the row of an operation's movement, nil when there is none.
func (w *world) movementOf(o *shadowOp) *shadowMovement {
	if o.session.payment == nil {
		return nil
	}
	for _, m := range o.session.payment.movements {
		if m.opID == o.id {
			return m
		}
	}
	return nil
}

// compare holds a session and its payment against the gateway's object.
func (w *world) compare(s *shadowSession, i *sandboxprovider.Intent) {
	authorized, captured, refunded, capturable := w.minor(i.Authorized), w.minor(i.Captured), w.minor(i.Refunded), w.minor(i.Capturable)
	p := s.payment
	if amount := w.minor(i.Amount); s.status != payment.StatusCanceled && s.amount != amount {
		w.fail("session %s is of %d, at the gateway it is of %d", s.id, s.amount, amount)
	}
	switch {
	case authorized == 0:
		if p != nil {
			w.fail("session %s has a payment, the gateway has authorized nothing", s.id)
		}
		want := map[sandboxprovider.IntentStatus]payment.SessionStatus{
			sandboxprovider.IntentRequiresAction: payment.StatusRequiresMore,
			sandboxprovider.IntentProcessing:     payment.StatusPending,
			sandboxprovider.IntentCanceled:       payment.StatusCanceled,
		}[i.Status]
		idle := want == payment.StatusCanceled && s.held == 0 || // nobody asks about what can move no money
			w.v.noStatus && s.held == s.amount // and who cannot ask keeps holding
		if want != "" && s.status != want && s.status != payment.StatusCanceled && !idle {
			w.fail("session %s is %s, at the gateway it is %s", s.id, s.status, i.Status)
		}
	case p == nil && !i.Live && captured == 0: // authorized and void before we asked
	case p == nil:
		w.fail("session %s is %s and has no payment, the gateway has authorized %d", s.id, s.status, authorized)
	case s.forgiven:
	case p.authorized != authorized || p.captured != captured || p.refunded != refunded || p.capturable != capturable && !w.v.noStatus:
		w.fail("session %s: we say authorized %d, captured %d, refunded %d, capturable %d; the gateway says %d, %d, %d, %d",
			s.id, p.authorized, p.captured, p.refunded, p.capturable, authorized, captured, refunded, capturable)
	case p.canceled != (i.Status == sandboxprovider.IntentCanceled) && !w.v.noStatus: // of these, messages of any age cannot tell
		w.fail("session %s: the payment is canceled %t, at the gateway it is %s", s.id, p.canceled, i.Status)
	case p.unasked && (capturable > 0 || captured > refunded):
		w.fail("session %s: money that nobody asked for is left", s.id)
	}
}
