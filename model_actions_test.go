package payment_test

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// totalWeight is the sum of the weights of actions.
const totalWeight = 600

// actions are what happens in a world.
var actions = []action{
	{24, "CreateCollection", (*world).createCollection},
	{60, "CreateSession", (*world).createSession},
	{120, "AuthorizeSession", (*world).authorizeSession},
	{72, "CapturePayment", (*world).capturePayment},
	{54, "RefundPayment", (*world).refundPayment},
	{24, "CancelPayment", (*world).cancelPayment},
	{24, "CancelSession", (*world).cancelSession},
	{6, "DeleteSession", (*world).deleteSession},
	{30, "UpdateSession", (*world).updateSession},
	{12, "UpdateCollection", (*world).updateCollection},
	{2, "CompleteCollection", (*world).completeCollection},
	{2, "CancelCollection", (*world).cancelCollection},
	{1, "DeleteCollection", (*world).deleteCollection},
	{1, "UpdatePayment", (*world).updatePayment},
	{30, "Reconcile", (*world).reconcile},
	{18, "time passes", (*world).timePasses},
	{12, "delayed requests arrive", (*world).delayedArrive},
	{12, "news of a session", (*world).news},
	{96, "something happens outside", (*world).outside},
}

// tokens are what shoppers pay with.
var tokens = []string{"tok_visa", "", "tok_visa", "tok_3ds", "tok_3ds_declined", "tok_declined", "tok_delayed", "tok_auto", "tok_500", "tok_nope"}

// drawAmount is a whole amount from 1 to most.
func (w *world) drawAmount(most int) decimal.Decimal {
	return decimal.New(int64(1+w.rand.IntN(most)), 0)
}

// drawPart is what to capture or refund; nil is all that is left.
func (w *world) drawPart() *decimal.Decimal {
	if w.oneIn(2) {
		return nil
	}
	return new(w.drawAmount(60))
}

func (w *world) createCollection(c call) error {
	if len(w.collections) >= 3 {
		return errNothing
	}
	w.log("> CreateCollection")
	col, err := c.CreateCollection(c.ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: decimal.New(100, 0)})
	if err == nil {
		w.collections = append(w.collections, col.ID)
	}
	return err
}

func (w *world) createSession(c call) error {
	if len(w.sessions) > 12 {
		return errNothing
	}
	p := payment.CreateSessionParams{CollectionID: draw(w, w.collections), ProviderID: "sandbox", Amount: w.drawAmount(100), IdempotencyKey: c.key}
	if w.oneIn(2) {
		p.Amount = decimal.New(100, 0)
	}
	if w.oneIn(4) {
		p.Supersede = []string{c.session}
	}
	w.log("> CreateSession of %s, amount %s, supersedes %v, key %q", short(p.CollectionID), p.Amount, p.Supersede, p.IdempotencyKey)
	x, err := c.CreateSession(c.ctx, p)
	if err == nil {
		w.know(x.ID)
	}
	if e, ok := errors.AsType[*payment.SessionError](err); ok && e.Session != nil {
		w.know(e.Session.ID)
	}
	return err
}

func (w *world) authorizeSession(c call) error {
	p := payment.AuthorizeSessionParams{SessionID: c.session, IdempotencyKey: c.key}
	if name := draw(w, tokens); name != "" {
		p.Input = token(name)
	}
	w.log("> AuthorizeSession %s, input %v, key %q", short(p.SessionID), p.Input, p.IdempotencyKey)
	_, err := c.AuthorizeSession(c.ctx, p)
	return err
}

func (w *world) capturePayment(c call) error {
	p := payment.CapturePaymentParams{PaymentID: c.payment, Amount: w.drawPart(), Final: w.oneIn(4), IdempotencyKey: c.key}
	w.log("> CapturePayment %s, amount %v, final %t, key %q", short(p.PaymentID), p.Amount, p.Final, p.IdempotencyKey)
	_, err := c.CapturePayment(c.ctx, p)
	return err
}

func (w *world) refundPayment(c call) error {
	p := payment.RefundPaymentParams{PaymentID: c.payment, Amount: w.drawPart(), IdempotencyKey: c.key}
	w.log("> RefundPayment %s, amount %v, key %q", short(p.PaymentID), p.Amount, p.IdempotencyKey)
	_, err := c.RefundPayment(c.ctx, p)
	return err
}

func (w *world) cancelPayment(c call) error {
	w.log("> CancelPayment %s, key %q", short(c.payment), c.key)
	_, err := c.CancelPayment(c.ctx, payment.CancelPaymentParams{PaymentID: c.payment, IdempotencyKey: c.key})
	return err
}

func (w *world) cancelSession(c call) error {
	w.log("> CancelSession %s, key %q", short(c.session), c.key)
	_, err := c.CancelSession(c.ctx, payment.CancelSessionParams{SessionID: c.session, IdempotencyKey: c.key})
	return err
}

func (w *world) deleteSession(c call) error {
	w.log("> DeleteSession %s", short(c.session))
	return c.DeleteSession(c.ctx, c.session)
}

func (w *world) updateSession(c call) error {
	p := payment.UpdateSessionParams{SessionID: c.session, IdempotencyKey: c.key}
	if w.oneIn(4) {
		p.Context = new(payment.NewPrivate(payment.Data{"x": w.rand.IntN(9)}))
	} else {
		p.Amount = new(w.drawAmount(100))
	}
	w.log("> UpdateSession %s, amount %v, key %q", short(p.SessionID), p.Amount, p.IdempotencyKey)
	_, err := c.UpdateSession(c.ctx, p)
	return err
}

func (w *world) updateCollection(c call) error {
	p := payment.UpdateCollectionParams{CollectionID: draw(w, w.collections), Amount: new(w.drawAmount(150)), IdempotencyKey: c.key}
	w.log("> UpdateCollection %s, amount %v, key %q", short(p.CollectionID), p.Amount, p.IdempotencyKey)
	_, err := c.UpdateCollection(c.ctx, p)
	return err
}

func (w *world) completeCollection(c call) error {
	id := draw(w, w.collections)
	w.log("> CompleteCollection %s", short(id))
	_, err := c.CompleteCollection(c.ctx, id)
	return err
}

func (w *world) cancelCollection(c call) error {
	id := draw(w, w.collections)
	w.log("> CancelCollection %s", short(id))
	_, err := c.CancelCollection(c.ctx, id)
	return err
}

func (w *world) deleteCollection(c call) error {
	id := draw(w, w.collections)
	w.log("> DeleteCollection %s", short(id))
	return c.DeleteCollection(c.ctx, id)
}

func (w *world) updatePayment(c call) error {
	w.log("> UpdatePayment %s", short(c.payment))
	_, err := c.UpdatePayment(c.ctx, payment.UpdatePaymentParams{PaymentID: c.payment, Metadata: &payment.Data{"x": 1}})
	return err
}

func (w *world) reconcile(c call) error {
	w.log("> Reconcile")
	_, err := c.Reconcile(c.ctx)
	return err
}

// timePasses moves the clock, but not within a call: it would outlive its own timeout.
func (w *world) timePasses(c call) error {
	if c.nested {
		return errNothing
	}
	d := draw(w, timeSteps)
	w.log("%s pass", d)
	w.advance(d)
	return nil
}

func (w *world) delayedArrive(call) error {
	w.deliver()
	return errNothing
}

func (w *world) news(c call) error {
	w.log("> news of %s", short(c.session))
	return c.AskForTest(c.ctx, c.session)
}

// outsiders are what happens at the gateway without us: by the shopper, his bank, the merchant's dashboard, or age. What the gateway does
// not allow does not happen.
var outsiders = []struct {
	weight int
	name   string
	do     func(*world, sandboxprovider.Intent) error
}{
	{4, "challenge", func(w *world, i sandboxprovider.Intent) error {
		return w.gateway.CompleteChallenge(i.Reference, !w.oneIn(3))
	}},
	{2, "the bank decides", func(w *world, i sandboxprovider.Intent) error {
		return w.gateway.ResolveDelayed(i.Reference, w.oneIn(2))
	}},
	{4, "a movement is decided", onMovement(func(w *world, m sandboxprovider.Movement) error {
		return w.gateway.ResolveMovement(m.Reference, !w.oneIn(3))
	})},
	{2, "a refund is returned", onMovement(func(w *world, m sandboxprovider.Movement) error { return w.gateway.ReturnRefund(m.Reference) })},
	{2, "capture at the dashboard", func(w *world, i sandboxprovider.Intent) error {
		_, err := w.gateway.CaptureAtDashboard(i.Reference, w.drawAmount(50))
		return err
	}},
	{2, "refund at the dashboard", func(w *world, i sandboxprovider.Intent) error {
		_, err := w.gateway.RefundAtDashboard(i.Reference, w.drawAmount(50))
		return err
	}},
	{1, "cancel at the dashboard", func(w *world, i sandboxprovider.Intent) error { return w.gateway.CancelAtDashboard(i.Reference) }},
	{1, "expire", func(w *world, i sandboxprovider.Intent) error { return w.gateway.Expire(i.Reference) }},
	{2, "the browser confirms", func(w *world, i sandboxprovider.Intent) error {
		return w.gateway.ConfirmInBrowser(i.ClientToken, draw(w, tokens))
	}},
}

// onMovement does something to one of an intent's movements, if it has any.
func onMovement(do func(*world, sandboxprovider.Movement) error) func(*world, sandboxprovider.Intent) error {
	return func(w *world, i sandboxprovider.Intent) error {
		if len(i.Movements) == 0 {
			return errNothing
		}
		return do(w, draw(w, i.Movements))
	}
}

func (w *world) outside(call) error {
	intents := w.gateway.Intents()
	if len(intents) == 0 {
		return errNothing
	}
	i, n := draw(w, intents), w.rand.IntN(20)
	for _, o := range outsiders {
		if n -= o.weight; n >= 0 {
			continue
		}
		if o.do(w, i) == nil {
			w.log("outside: %s, of %s", o.name, i.Reference)
			w.total["outside: "+o.name]++
		}
		break
	}
	return errNothing
}
