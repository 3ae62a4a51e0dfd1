package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The gateway authorized and captured while we were about to cancel: nobody may believe that the session is canceled.
func TestCancelFindsEverythingCaptured(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AutoCapture: true}, sandbox: sandboxprovider.Config{ClientConfirms: true}})
	x := s.session(s.collection("42", "EUR"), "sandbox", "42")
	require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
	_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.ErrorContains(t, err, "money was captured")
	x = s.freshSession(x.ID)
	require.Equal(t, payment.StatusAuthorized, x.Status)
	require.Empty(t, x.OperationID)
	equalAmount(t, "42", s.payment(x.PaymentID).Captured)
}

// What is canceled is not initialized again, whoever repeats the call that began it.
func TestCreateSessionRepeatedAfterItWasCanceled(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	c := s.collection("42", "EUR")
	p := payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("42"), IdempotencyKey: "cart 1"}
	s.fail(sandboxprovider.MethodCreate, sandboxprovider.FaultConnectionRefused)
	_, err := s.CreateSession(t.Context(), p)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: e.Session.ID})
	require.NoError(t, err)
	x, err := s.CreateSession(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, payment.StatusCanceled, x.Status)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	require.Empty(t, s.gateway.Intents())
	require.NoError(t, s.DeleteSession(t.Context(), x.ID))
	_, err = s.CreateSession(t.Context(), p)
	require.ErrorIs(t, err, payment.ErrNotFound)
}

// The gateway authorized and captured a part while we were about to cancel: the rest is released, and the caller learns of the part.
func TestCancelFindsAPartCaptured(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	x := s.session(s.collection("42", "EUR"), "sandbox", "42")
	i := s.intent(x.ID)
	require.NoError(t, s.gateway.ConfirmInBrowser(i.ClientToken, "tok_visa"))
	_, err := s.gateway.CaptureAtDashboard(i.Reference, dec("2"))
	require.NoError(t, err)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.ErrorContains(t, err, "money was captured")
	p := s.payment(s.freshSession(x.ID).PaymentID)
	equalAmount(t, "2", p.Captured)
	equalAmount(t, "40", p.Released)
}

// What Status said before a pause of a day proves nothing after it.
func TestAnswerThatWasHeldUpProvesNothing(t *testing.T) {
	var s *shop
	pause := time.Duration(0)
	s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			snapshot, err := p.Status(ctx, r)
			s.clock.Advance(pause)
			return snapshot, err
		}}
	}})
	x := s.session(s.collection("42", "EUR"), "sandbox", "42")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestDelayed)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	op := s.freshSession(x.ID).OperationID
	s.clock.Advance(13 * time.Hour) // past half of the key's life: nothing is called again
	pause = 26 * time.Hour
	require.Equal(t, []string{op}, s.reconcile(0).Parked)
	pause = 0
	require.Equal(t, []string{op}, s.reconcile(time.Minute).Settled)
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
}
