package kvstore

import (
	"context"
	"fmt"
	"testing"
	"time"

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

// interrupted lets somebody else write between a step's view and its write.
type interrupted struct {
	*Memory
	between func()
}

func (i *interrupted) Write(ctx context.Context, want, changes map[string]string) (bool, error) {
	if do := i.between; do != nil {
		i.between = nil
		do()
	}
	return i.Memory.Write(ctx, want, changes)
}

// The trap of docs/writing-a-store.md: a commit leaves a claimed row of events alone, while Done sees no event beyond.
func TestDoneSeesTheEventThatComesInBetween(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	changes := func(version int64) *payment.Changes {
		c := &payment.Changes{CollectionID: "paycol_1", Version: version, Collection: &payment.PaymentCollection{ID: "paycol_1", CurrencyCode: "EUR"}}
		at := noon.Add(time.Duration(version) * time.Second)
		c.Events = []*payment.Event{{ID: fmt.Sprint("evt_", version), CollectionID: c.CollectionID, Seq: (version + 1) * 64, At: at}}
		return c
	}
	db := &interrupted{Memory: NewMemory()}
	s := New(db)
	require.NoError(t, s.Commit(t.Context(), changes(0)))
	due, err := s.Claim(t.Context(), payment.DueEvents, noon, noon.Add(time.Minute), 1)
	require.NoError(t, err)
	require.Len(t, due, 1)
	due[0].Seq = 64 // delivered
	db.between = func() { require.NoError(t, s.Commit(t.Context(), changes(1))) }
	require.NoError(t, s.Done(t.Context(), due[0], time.Time{}))
	due, err = s.Claim(t.Context(), payment.DueEvents, noon.Add(time.Second), noon.Add(time.Minute), 1)
	require.NoError(t, err)
	require.Len(t, due, 1, "the second event is never delivered")
	require.Equal(t, int64(64), due[0].Seq)
}
