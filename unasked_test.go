package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// messenger is a scripted provider whose gateway sends webhooks: each names the session that is its body.
type messenger struct{ *scripted }

func (messenger) VerifyWebhook(_ context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	return payment.WebhookMessage{Type: "news", SessionID: string(r.Body)}, nil
}

// A webhook may come before the void of unasked money was ever sent. It asks, and leaves the void to be sent: that it has had no effect
// proves nothing.
func TestWebhookBeforeTheVoidIsSent(t *testing.T) {
	p := messenger{&scripted{answer: usual, info: payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true}}}
	s := newShop(t, options{more: []payment.Provider{p}})
	p.on(payment.OperationInitialize, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error { s.Authorized = r.Amount; return nil })
	c := s.collection("100", "EUR")
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	s.authorize(s.session(c, "manual", "100"))
	s.reconcile(time.Minute)
	x := s.freshSession(e.Session.ID)
	require.True(t, s.payment(x.PaymentID).Unasked)
	require.NotContains(t, p.calls, payment.OperationCancel)

	for range 3 {
		s.clock.Advance(2 * time.Second)
		_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(x.ID)})
		require.NoError(t, err)
		require.NotContains(t, p.calls, payment.OperationCancel, "a webhook calls nothing")
	}
	list, err := s.ListOperations(t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
	require.NoError(t, err)
	require.Empty(t, list.Items)

	s.reconcile(time.Minute)
	require.Contains(t, p.calls, payment.OperationCancel)
	require.False(t, s.payment(x.PaymentID).CanceledAt.IsZero())
}
