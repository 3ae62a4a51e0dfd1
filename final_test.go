package payment_test

import (
	"testing"

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
