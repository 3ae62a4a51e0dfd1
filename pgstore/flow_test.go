package pgstore_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

func TestWholeFlow(t *testing.T) {
	s, _ := open(t, prepared)
	svc := service(t, s)
	for _, provider := range []string{"manual", "sandbox"} {
		t.Run(provider, func(t *testing.T) {
			ctx := t.Context()
			c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{
				CurrencyCode: "usd", Amount: decimal.New(100, 0), Metadata: payment.Data{"order": "A-1"}, IdempotencyKey: "order " + provider,
			})
			require.NoError(t, err)
			x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: c.Amount})
			require.NoError(t, err)
			p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
			require.NoError(t, err)
			equalAmount(t, "100", p.Capturable)
			for range 2 { // a repeat brings the same capture
				p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: new(decimal.New(40, 0)), IdempotencyKey: "forty"})
				require.NoError(t, err)
				require.Len(t, p.Captures, 1)
			}
			p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID})
			require.NoError(t, err)
			equalAmount(t, "100", p.Captured)
			p, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: new(decimal.New(30, 0))})
			require.NoError(t, err)
			equalAmount(t, "30", p.Refunded)
			c, err = svc.GetCollection(ctx, c.ID)
			require.NoError(t, err)
			require.Equal(t, payment.CollectionCompleted, c.Status())
			equalAmount(t, "100", c.Captured)
			equalAmount(t, "30", c.Refunded)
			equalAmount(t, "0", c.Held)
			_, err = svc.Reconcile(ctx)
			require.NoError(t, err)
		})
	}
}
