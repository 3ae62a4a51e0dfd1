package sandboxprovider

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// ConfirmInBrowser is the shopper's browser confirming an intent with a token, as it would through [Gateway.Handler]. It is for
// intents of a provider with [Config].ClientConfirms.
//
// The error says that the gateway refused, with its code: a decline, or an intent that is not to be confirmed so. It may also be
// a fault that was planned.
func (g *Gateway) ConfirmInBrowser(clientToken, token string) error {
	q := request{Method: MethodConfirm, Client: clientToken, Token: token, Browser: true}
	a, err := g.do(context.Background(), q)
	if err != nil {
		return fmt.Errorf("sandboxprovider: %w", err)
	}
	return refusal(a)
}

// CompleteChallenge is the shopper passing, or failing, the challenge of an intent. Once passed, the intent is authorized or
// declined, as its token says; once failed, it is declined with authentication_failed.
//
// The error says that no challenge is open.
func (g *Gateway) CompleteChallenge(reference string, pass bool) error {
	return g.outside(reference, func(in *intent, now time.Time) error {
		if in.status() != IntentRequiresAction {
			return notNow(in, "has no open challenge")
		}
		switch {
		case !pass:
			g.declined(in, "authentication_failed", "", now)
		case in.token == Token3DSDeclined:
			g.declined(in, "card_declined", "", now)
		default:
			g.authorize(in, "", now)
		}
		return nil
	})
}

// ResolveDelayed decides an intent that is processing: authorized, or declined with card_declined.
//
// The error says that the intent is not processing.
func (g *Gateway) ResolveDelayed(reference string, ok bool) error {
	return g.outside(reference, func(in *intent, now time.Time) error {
		if in.status() != IntentProcessing {
			return notNow(in, "is not processing")
		}
		if ok {
			g.authorize(in, "", now)
		} else {
			g.declined(in, "card_declined", "", now)
		}
		return nil
	})
}

// ResolveMovement decides a pending capture or refund, named by its own reference: succeeded or failed. What a failed capture
// did not take can be captured again, unless it was voided or has lapsed.
//
// The error says that there is no such movement, or that it is not pending.
func (g *Gateway) ResolveMovement(reference string, ok bool) error {
	state := payment.MovementFailed
	if ok {
		state = payment.MovementSucceeded
	}
	return g.turn(reference, "", payment.MovementPending, state)
}

// ReturnRefund is the shopper's bank sending a refund back that had succeeded: it is failed from now on, and can be made again.
//
// The error says that there is no such refund, or that it has not succeeded.
func (g *Gateway) ReturnRefund(reference string) error {
	return g.turn(reference, payment.MovementRefund, payment.MovementSucceeded, payment.MovementFailed)
}

// CaptureAtDashboard takes money without the library knowing, and returns the movement's reference.
//
// The error says what the gateway refuses: nothing authorized, or more than is left.
func (g *Gateway) CaptureAtDashboard(reference string, amount decimal.Decimal) (string, error) {
	return g.moveAtDashboard(MethodCapture, reference, amount)
}

// RefundAtDashboard gives money back without the library knowing, and returns the movement's reference.
//
// The error says what the gateway refuses: nothing captured, or more than is left.
func (g *Gateway) RefundAtDashboard(reference string, amount decimal.Decimal) (string, error) {
	return g.moveAtDashboard(MethodRefund, reference, amount)
}

// CancelAtDashboard cancels an intent, or releases what is not captured, without the library knowing.
//
// The error says what the gateway refuses: it is canceled, wholly captured, or processing.
func (g *Gateway) CancelAtDashboard(reference string) error {
	return g.outside(reference, func(in *intent, now time.Time) error {
		return refusal(g.cancel(request{Method: MethodCancel, Intent: reference}, in, now))
	})
}

// Expire lets an authorization lapse now, as issuers do without asking: what is not captured is released.
//
// The error says that nothing is held.
func (g *Gateway) Expire(reference string) error {
	return g.outside(reference, func(in *intent, now time.Time) error {
		if in.status() != IntentRequiresCapture {
			return notNow(in, "holds nothing")
		}
		in.closed = true
		g.tell(in, "authorization.expired", "", now)
		return nil
	})
}

// Dispute is the shopper disputing a charge: a webhook says so, and nothing else changes. It returns the dispute's reference.
//
// The error says that the amount is not one of the currency, or is more than was captured.
func (g *Gateway) Dispute(reference string, amount decimal.Decimal) (string, error) {
	var id string
	err := g.outside(reference, func(in *intent, now time.Time) error {
		minor, err := g.minor(in, amount)
		if err != nil {
			return err
		}
		if minor <= 0 || minor > in.captured() {
			return notNow(in, "has not captured as much")
		}
		id = g.newID("dp_")
		m := g.message(in, "dispute.created", "", now)
		m.Dispute = &disputeBody{ID: id, Amount: minor, Currency: in.currency, Code: "fraudulent"}
		g.outbox = append(g.outbox, m)
		return nil
	})
	return id, err
}

// outside runs f on an intent.
func (g *Gateway) outside(reference string, f func(in *intent, now time.Time) error) error {
	var err error
	g.locked(func(now time.Time) {
		in := g.find(reference, now)
		if in == nil {
			err = fmt.Errorf("sandboxprovider: there is no intent %q", reference)
			return
		}
		err = f(in, now)
	})
	return err
}

// turn changes the state of a movement.
func (g *Gateway) turn(reference string, kind payment.MovementKind, from, to payment.MovementState) error {
	err := fmt.Errorf("sandboxprovider: there is no movement %q", reference)
	g.locked(func(now time.Time) {
		for _, in := range g.intents {
			for _, m := range in.movements {
				if m.id != reference || kind != "" && m.kind != kind {
					continue
				}
				if m.state != from {
					err = fmt.Errorf("sandboxprovider: movement %s is %s, not %s", m.id, m.state, from)
					return
				}
				m.state, err = to, nil
				g.tell(in, string(m.kind)+"."+string(to), m.key, now)
				return
			}
		}
	})
	return err
}

// moveAtDashboard captures or refunds without a key.
func (g *Gateway) moveAtDashboard(method Method, reference string, amount decimal.Decimal) (string, error) {
	var made string
	err := g.outside(reference, func(in *intent, now time.Time) error {
		minor, err := g.minor(in, amount)
		if err != nil {
			return err
		}
		a := g.execute(request{Method: method, Intent: reference, Amount: minor, Currency: in.currency}, now)
		made = a.Made
		return refusal(a)
	})
	return made, err
}

// minor counts an amount as the gateway does.
func (g *Gateway) minor(in *intent, amount decimal.Decimal) (int64, error) {
	rule, err := g.rule(in.currency)
	if err != nil {
		return 0, err
	}
	minor, err := rule.MinorUnits(amount)
	if err != nil {
		return 0, fmt.Errorf("sandboxprovider: amount: %w", err)
	}
	return minor, nil
}

func notNow(in *intent, why string) error {
	return fmt.Errorf("sandboxprovider: intent %s is %s and %s", in.id, in.status(), why)
}

func refusal(a answer) error {
	if a.Status >= 300 {
		return fmt.Errorf("sandboxprovider: %s: %s", a.Code, a.Message)
	}
	return nil
}
