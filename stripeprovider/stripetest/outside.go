package stripetest

import (
	"fmt"
	"net/url"
	"slices"
)

// errState says that something outside the API cannot be done now.
func errState(in *intent, what string) error {
	return fmt.Errorf("stripetest: PaymentIntent %s, which is %s, %s", in.id, in.status, what)
}

// outside runs f on an intent of any account.
func (g *Gateway) outside(id string, f func(in *intent) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, in := range g.intents {
		if in.id == id {
			err := f(in)
			g.indexed(in)
			return err
		}
	}
	return fmt.Errorf("stripetest: there is no PaymentIntent %q", id)
}

// Confirm is the page confirming with a payment method, as stripe.confirmPayment does. A needed challenge is no error: the intent
// requires action.
//
// The error is an [*Error] where the gateway refuses, a declined card included.
func (g *Gateway) Confirm(clientSecret, paymentMethod string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.intents, func(in *intent) bool { return in.clientSecret == clientSecret })
	if i < 0 {
		return invalid("resource_missing", "intent", "No such payment_intent")
	}
	in := g.intents[i]
	p, e := parse(url.Values{"payment_method": {paymentMethod}, "use_stripe_sdk": {"true"}}, schemaOf(OpConfirm))
	if e == nil {
		e = g.confirm(in, call{op: OpConfirm, params: p, source: SourceBrowser})
	}
	g.indexed(in)
	if e == nil {
		return nil // an error that is nil, and no *Error
	}
	return e
}

// CompleteChallenge is the shopper passing, or failing, what the bank asks. A passed challenge is followed by the charge, which the
// bank may still decline.
//
// The error says that no challenge is open.
func (g *Gateway) CompleteChallenge(id string, pass bool) error {
	return g.outside(id, func(in *intent) error {
		if in.status != StatusRequiresAction {
			return errState(in, "has no open challenge")
		}
		if !pass {
			g.failChallenge(in)
			return nil
		}
		_ = g.attempt(in, SourceBrowser, "") // a decline is the bank's answer, and in the intent
		return nil
	})
}

// ResolveDelayed is the bank deciding a payment, or a capture, that is processing: taken, or declined.
//
// The error says that the intent is not processing.
func (g *Gateway) ResolveDelayed(id string, ok bool) error {
	return g.outside(id, func(in *intent) error {
		if in.status != StatusProcessing {
			return errState(in, "is not processing")
		}
		if in.capturing != nil {
			g.decideCapture(in, ok)
			return nil
		}
		if !ok {
			_ = g.decline(in, decline{code: "payment_intent_payment_attempt_failed", message: "The payment failed."}) // as wanted
			return nil
		}
		g.authorize(in, in.latest(), SourceBank, "")
		return nil
	})
}

// Expire lets an authorization lapse: what is not captured is released.
//
// The error says that nothing is held.
func (g *Gateway) Expire(id string) error {
	return g.outside(id, func(in *intent) error {
		if in.status != StatusRequiresCapture {
			return errState(in, "holds nothing")
		}
		g.release(in, "automatic", "expired_uncaptured_charge")
		return nil
	})
}

// CaptureAtDashboard takes money without the API. What is left is released.
//
// The error says why it cannot be taken.
func (g *Gateway) CaptureAtDashboard(id string, minorUnits int64) error {
	return g.outside(id, func(in *intent) error {
		if in.status != StatusRequiresCapture || minorUnits < 1 || minorUnits > in.capturable {
			return errState(in, "does not hold as much")
		}
		g.take(in, minorUnits, true, SourceDashboard, "")
		return nil
	})
}

// RefundAtDashboard gives money back without the API, and returns the refund's ID.
//
// The error says why it cannot be given back.
func (g *Gateway) RefundAtDashboard(id string, minorUnits int64) (string, error) {
	var made string
	err := g.outside(id, func(in *intent) error {
		ch := in.latest()
		if ch == nil || minorUnits < 1 || minorUnits > ch.refundable() {
			return errState(in, "has not taken as much")
		}
		made = g.giveBack(ch, minorUnits, "requested_by_customer", map[string]string{}, SourceDashboard, "").id
		return nil
	})
	return made, err
}

// CancelAtDashboard cancels an intent without the API, and releases what it holds.
//
// The error says that it cannot be canceled any more.
func (g *Gateway) CancelAtDashboard(id string) error {
	return g.outside(id, func(in *intent) error {
		e := g.cancel(in, call{op: OpCancel, source: SourceDashboard})
		if e == nil {
			return nil // an error that is nil, and no *Error
		}
		return e
	})
}

// ResolveRefund is the bank deciding a refund that is pending: given back, or failed.
//
// The error says that there is no such refund, or that it is not pending.
func (g *Gateway) ResolveRefund(id string, ok bool) error {
	if ok {
		return g.turnRefund(id, "pending", "succeeded", "")
	}
	return g.turnRefund(id, "pending", "failed", "declined")
}

// ReturnRefund is the bank sending back a refund that had succeeded: it is failed from now on, and can be made again.
//
// The error says that there is no such refund, or that it has not succeeded.
func (g *Gateway) ReturnRefund(id string) error {
	return g.turnRefund(id, "succeeded", "failed", "expired_or_canceled_card")
}

func (g *Gateway) turnRefund(id, from, to, failure string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, in := range g.intents {
		r := g.findRefund(in.account, id)
		if r == nil || r.release {
			continue
		}
		if r.status != from {
			return fmt.Errorf("stripetest: refund %s is %s, not %s", id, r.status, from)
		}
		g.turn(r, to, failure)
		return nil
	}
	return fmt.Errorf("stripetest: there is no refund %q", id)
}

// Dispute is the shopper disputing a charge as fraudulent, and returns the dispute's ID. The charge cannot be refunded from now on.
//
// The error says that less was taken.
func (g *Gateway) Dispute(id string, minorUnits int64) (string, error) {
	var made string
	err := g.outside(id, func(in *intent) error {
		ch := in.latest()
		if ch == nil || minorUnits < 1 || minorUnits > ch.refundable() {
			return errState(in, "has not taken as much")
		}
		ch.disputed = true
		d := &dispute{id: g.newID("dp"), charge: ch, amount: minorUnits, reason: "fraudulent", status: "needs_response"}
		g.disputes = append(g.disputes, d)
		made = d.id
		g.tell("charge.dispute.created", in, g.renderDispute(d), nil)
		g.tell("charge.dispute.funds_withdrawn", in, g.renderDispute(d), nil)
		return nil
	})
	return made, err
}

// CloseDispute is the bank's verdict on a dispute.
//
// The error says that there is no such dispute, or that it is closed.
func (g *Gateway) CloseDispute(id string, won bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.disputes, func(d *dispute) bool { return d.id == id && d.status == "needs_response" })
	if i < 0 {
		return fmt.Errorf("stripetest: there is no open dispute %q", id)
	}
	d := g.disputes[i]
	d.status = "lost"
	if won {
		d.status = "won"
		d.charge.disputed = false
		g.tell("charge.dispute.funds_reinstated", d.charge.in, g.renderDispute(d), nil)
	}
	g.tell("charge.dispute.closed", d.charge.in, g.renderDispute(d), nil)
	return nil
}
