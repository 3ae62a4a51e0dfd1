package simulation

import (
	"context"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// begin lets something begin: a call of the host, a Reconcile, a webhook, or something at the gateway that nobody here asked for.
func (w *world) begin() {
	d := &w.dice
	w.advance(w.now + d.between(0, 3*second))
	switch n := d.n(100); {
	case n < 52:
		w.callHost()
	case n < 66:
		w.reconcile(w.procs[d.n(2)])
	case n < 80:
		w.deliverMail()
	case n < 94:
		w.outside()
	case n < 97:
		w.askPerson()
	case w.faulty && w.v.on(ClockJump):
		w.jumpClock()
	}
	if w.goesWrong(CallerGone, 2) && len(w.actors) > 0 {
		if a := pick(d, w.actors); a.cancel != nil && !a.serves {
			w.hit(CallerGone)
			a.cancel()
		}
	}
}

// outside lets something happen at the gateway without us: by the shopper, the bank, the merchant's dashboard, or age. What the gateway does
// not allow does not happen.
func (w *world) outside() {
	if w.v.hostile {
		return
	}
	d := &w.dice
	intents := w.gateway.Intents()
	if len(intents) == 0 {
		return
	}
	i := pick(d, intents)
	var move *sandboxprovider.Movement
	if len(i.Movements) > 0 {
		move = &i.Movements[d.n(len(i.Movements))]
	}
	did := Fault(-1)
	switch n := d.n(20); {
	case n < 5: // the shopper and the challenge
		if i.Status == sandboxprovider.IntentRequiresAction {
			passed := !d.oneIn(3)
			done := w.note(w.gateway.CompleteChallenge(i.Reference, passed), "the shopper completes the challenge of", &i)
			if o := w.shadow.ops["op_"+i.AuthorizeKey]; done && passed && o != nil {
				o.passedAt = w.now
			}
		}
	case n < 7:
		if w.note(w.gateway.ResolveDelayed(i.Reference, d.oneIn(2)), "the bank decides about", &i) {
			did = BankDecided
		}
	case n < 11 && move != nil:
		ok := !d.oneIn(3)
		if w.note(w.gateway.ResolveMovement(move.Reference, ok), "a movement is decided of", &i) && !ok {
			did = MovementFailed
		}
	case n < 12 && move != nil && w.v.on(RefundReturned) && !w.v.noList:
		if w.note(w.gateway.ReturnRefund(move.Reference), "the bank returns a refund of", &i) {
			did = RefundReturned
		}
	case n < 13 && !w.v.browsers && w.faulty && w.v.on(DashboardAuthorization):
		if i.Status == sandboxprovider.IntentRequiresPaymentMethod {
			did = DashboardAuthorization
			w.authorizeElsewhere(&i)
		}
	case n < 14 && w.v.browsers:
		token := pick(d, []string{"tok_visa", "tok_3ds", "tok_declined", "tok_delayed", "tok_auto"})
		if token == "tok_auto" && w.v.noList {
			token = "tok_visa"
		}
		if w.note(w.gateway.ConfirmInBrowser(i.ClientToken, token), "the browser confirms with "+token, &i) {
			did = BrowserConfirmed
		}
	default:
		did = w.dashboard(&i)
	}
	if did >= 0 {
		w.hit(did)
	}
}

// authorizeElsewhere has the money of a session held without us, such as by the merchant's staff on the telephone. Nobody asks about a
// session that holds nothing, so this webhook arrives.
func (w *world) authorizeElsewhere(i *sandboxprovider.Intent) {
	w.collectMail()
	terminal := sandboxprovider.New(w.gateway, w.v.provider)
	_, err := terminal.Authorize(context.Background(), payment.AuthorizeRequest{Request: payment.Request{
		SessionID: i.SessionID, Reference: i.Reference, CurrencyCode: i.CurrencyCode,
	}})
	if s := w.shadow.sessions[i.SessionID]; s != nil {
		s.elsewhere = true
	}
	w.note(err, "somebody authorizes", i)
	w.sure = true
	w.collectMail()
	w.sure = false
}

// dashboard lets somebody do something at the gateway's dashboard, or time and the shopper's bank something that looks like it.
func (w *world) dashboard(i *sandboxprovider.Intent) Fault {
	d, g := &w.dice, w.gateway
	f := pick(d, []Fault{DashboardCapture, DashboardCapture, DashboardRefund, DashboardRefund, DashboardCancel, AuthorizationExpired, Disputed})
	if !w.v.on(f) || !w.faulty || w.v.noList && (f == DashboardCapture || f == DashboardRefund) {
		return -1 // what a gateway cannot list, nobody could tell us
	}
	amount := w.amount(pick(d, []int64{(w.v.total + 1) / 2, (w.v.total + 3) / 4, 1}))
	var err error
	switch f {
	case DashboardCapture:
		_, err = g.CaptureAtDashboard(i.Reference, amount)
	case DashboardRefund:
		_, err = g.RefundAtDashboard(i.Reference, amount)
	case DashboardCancel:
		err = g.CancelAtDashboard(i.Reference)
	case AuthorizationExpired:
		err = g.Expire(i.Reference)
	case Disputed:
		_, err = g.Dispute(i.Reference, amount)
	}
	if !w.note(err, f.String()+" of", i) || f == AuthorizationExpired { // which is counted when the gateway tells
		return -1
	}
	return f
}

// note writes down what happened at the gateway, if it did.
func (w *world) note(err error, what string, i *sandboxprovider.Intent) bool {
	if err == nil && w.tracing {
		w.log(nil, "at the gateway: %s %s", what, i.Reference)
	}
	return err == nil
}
