package kvstore

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/seed40c892db/payment/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) payment.Store { return New(NewMemory()) })
}

// counting counts what a write takes.
type counting struct {
	*Memory
	most int
}

func (c *counting) Write(ctx context.Context, want, changes map[string]string) (bool, error) {
	c.most = max(c.most, len(want), len(changes))
	return c.Memory.Write(ctx, want, changes)
}

// The steps of a payment fit into transactions of 128 operations, which is what etcd takes by default.
func TestStepsOfAPaymentAreSmall(t *testing.T) {
	db := &counting{Memory: NewMemory()}
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	svc, err := payment.NewService(New(db), payment.Config{Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})}})
	require.NoError(t, err)
	c, err := svc.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.NewFromInt(10), IdempotencyKey: "1"})
	require.NoError(t, err)
	x, err := svc.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: c.Amount, IdempotencyKey: "1"})
	require.NoError(t, err)
	p, err := svc.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, IdempotencyKey: "1"})
	require.NoError(t, err)
	_, err = svc.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "1"})
	require.NoError(t, err)
	p, err = svc.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, IdempotencyKey: "1"})
	require.NoError(t, err)
	require.True(t, p.Refunded.Equal(c.Amount))
	require.Positive(t, db.most)
	require.LessOrEqual(t, db.most, 40)
}
