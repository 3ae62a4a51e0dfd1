package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// nameless is a provider whose gateway does not tell what a key did.
type nameless struct{ payment.Provider }

func (n nameless) Unwrap() payment.Provider { return n.Provider }

func (n nameless) Describe() payment.ProviderInfo {
	d, _ := payment.ProviderAs[payment.Describer](n.Provider)
	info := d.Describe()
	info.StatusByKey, info.KeyTTL = false, 0
	return info
}

func (n nameless) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	r.IdempotencyKey = ""
	return n.Provider.Status(ctx, r)
}

// Refusing one attempt says nothing of an earlier one, however often it is repeated: the challenge may still be completed.
func TestDeclinesKeepTheHoldOfAChallenge(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	for range 2 {
		_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: payment.Data{"token": 7}})
		require.ErrorIs(t, err, payment.ErrDeclined)
		equalAmount(t, "100", s.fresh(c.ID).Held)
	}
	require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, true))
	s.reconcile(time.Hour)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	equalAmount(t, "100", s.fresh(c.ID).Authorized)
}

// That the bank refused the challenge of an earlier attempt does not say what becomes of a call that is still under way.
func TestDeclineOfAnEarlierAttempt(t *testing.T) {
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider { return nameless{p} }})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestDelayed)
	_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_visa")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, false))

	s.reconcile(time.Minute)
	require.NotEmpty(t, s.freshSession(x.ID).OperationID, "the call may still arrive")
	equalAmount(t, "100", s.fresh(c.ID).Held)
	require.Equal(t, 1, s.gateway.DeliverDelayed())
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// An update that is refused gives back what it had added to the hold, once.
func TestRefusedUpdateGivesBackItsOwn(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "40")
	client, _ := x.Data["client_token"].(string)
	require.NoError(t, s.gateway.ConfirmInBrowser(client, "tok_delayed"))
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.ErrorIs(t, err, payment.ErrDeclined)
	equalAmount(t, "40", s.fresh(c.ID).Held)
}

// Money that a capture leaves held when it fails after a final one is not forgotten.
func TestCaptureFailsBeforeAFinalOne(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AsyncCaptures: true}})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.capture(p, "60")
	require.NoError(t, err)
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("30"), Final: true})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.NoError(t, s.gateway.ResolveMovement(s.intent(p.SessionID).Movements[0].Reference, false))
	s.reconcile(time.Minute)
	got, err := s.GetPayment(t.Context(), p.ID)
	require.NoError(t, err)
	i := s.intent(p.SessionID)
	equalAmount(t, i.Capturable.String(), got.Capturable)
	equalAmount(t, "60", got.Capturable)
}

// Where the gateway cannot be asked, the message that a refund succeeded may come after the one that the bank returned it.
func TestOldMessageDoesNotUndoAReturn(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.capture(p, "100")
	require.NoError(t, err)
	reference, err := s.gateway.RefundAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	require.NoError(t, s.gateway.ReturnRefund(reference))
	messages := s.gateway.Webhooks()
	for _, m := range []payment.WebhookRequest{messages[len(messages)-1], messages[len(messages)-2]} {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(m.Body, s.clock.Now()))
		require.NoError(t, err)
		s.clock.Advance(2 * time.Second)
	}
	got, err := s.GetPayment(t.Context(), p.ID)
	require.NoError(t, err)
	require.Len(t, got.Refunds, 1)
	require.Equal(t, payment.MovementFailed, got.Refunds[0].State)
	equalAmount(t, "0", got.Refunded)
}

// A session that could not be made and was enlarged since holds no more than is left when its creation is repeated.
func TestRepeatedCreationOfAnEnlargedSession(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	c := s.collection("42", "EUR")
	create := payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("13"), IdempotencyKey: "k"}
	s.fail(sandboxprovider.MethodCreate, sandboxprovider.FaultConnectionRefused)
	_, err := s.CreateSession(t.Context(), create)
	require.ErrorIs(t, err, payment.ErrNotSent)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	_, err = s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: e.Session.ID, Amount: amount("42")})
	require.NoError(t, err)
	s.session(c, "sandbox", "28")
	_, err = s.CreateSession(t.Context(), create)
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	equalAmount(t, "28", s.fresh(c.ID).Held)
}

// A session that a person gave up making, and that is there after all, holds what the browser can pay from then on.
func TestWhatTheBrowserCanPayIsHeld(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true, KeyTTL: 24 * time.Hour})
	c := s.collection("100", "EUR")
	p.lose(payment.OperationInitialize)
	down := true
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		if down {
			return errLost
		}
		n.State, n.Amount, n.Data = payment.SnapshotPending, dec("100"), payment.Data{"client_token": "abc"}
		return nil
	})
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	for range 80 {
		s.reconcile(time.Hour)
	}
	op := s.freshSession(e.Session.ID).OperationID
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: op, Outcome: payment.ResolveFail, By: "ada"})
	require.NoError(t, err)
	down = false
	s.hook(e.Session.ID)
	require.NotEmpty(t, s.freshSession(e.Session.ID).Data, "the page can pay it now")
	equalAmount(t, "100", s.freshSession(e.Session.ID).Held)
}

// Superseding looks at all of them first: one that cannot be canceled leaves the others as they are.
func TestSupersedingLooksAtAllFirst(t *testing.T) {
	for _, deciding := range []bool{true, false} {
		p := &scripted{answer: usual}
		s := newShop(t, options{more: []payment.Provider{bare{p}}})
		c := s.collection("100", "EUR")
		a := s.session(c, "sandbox", "40")
		s.authorize(a)
		b := s.session(c, "scripted", "60")
		if deciding {
			p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
				n.State, n.Authorized = payment.SnapshotProcessing, dec("0")
				return nil
			})
		}
		_, _ = s.tryAuthorize(b)
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: dec("100"), Supersede: []string{a.ID, b.ID}})
		require.Error(t, err) // ErrNotAllowed, or ErrUnsupported: "nothing has changed then"
		require.Equal(t, payment.StatusAuthorized, s.freshSession(a.ID).Status)
	}
}
