package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Where a gateway cannot be asked, its messages are all there is, and nobody knows how old one is: it proves what is final, and no more.
func TestOldWebhookProvesNothing(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	old := s.gateway.Webhooks()
	require.NotEmpty(t, old)
	p := s.authorize(x)
	s.fail(sandboxprovider.MethodCancel, sandboxprovider.FaultServerErrorAfter)
	_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	news := s.gateway.Webhooks()

	s.clock.Advance(26 * time.Hour) // nothing could arrive any more
	for _, w := range old {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
	}
	op := s.freshSession(x.ID).OperationID
	require.NotEmpty(t, op, "the void was executed: nobody may say that it was not")
	s.clock.Advance(time.Minute)
	for _, w := range news {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
		s.clock.Advance(2 * time.Second)
	}
	s.reconcile(time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
}

// A message from before the challenge does not take back what the challenge holds.
func TestOldWebhookReleasesNothing(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	old := s.gateway.Webhooks()
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	s.clock.Advance(time.Minute)
	for _, w := range old {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
	}
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(x.ID).Status)
	equalAmount(t, "100", s.fresh(c.ID).Held)
}

// moody is a store that can be down for loads.
type moody struct {
	payment.Store
	down func(payment.Key) bool
}

func (m *moody) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if m.down != nil && m.down(by) {
		return nil, errors.New("the store is down")
	}
	return m.Store.Load(ctx, by)
}

// A store that fails while a webhook takes an operation over leaves the message parked.
func TestWebhookWhileTheStoreFails(t *testing.T) {
	store := &moody{Store: memstore.New()}
	s := newShop(t, options{store: store})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	s.gateway.Webhooks()
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	news := s.gateway.Webhooks()
	require.NotEmpty(t, news)
	s.clock.Advance(time.Minute)
	store.down = func(by payment.Key) bool { return by.OperationID != "" && by.CollectionID != "" }
	r, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(news[0].Body, s.clock.Now()))
	require.NoError(t, err)
	require.Equal(t, payment.DeliveryParked, r.State)
	store.down = nil
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}
