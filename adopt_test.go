package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// adopting is the wrapper of docs/from-medusa.md: a session whose Context names an object that another system has made takes that one over.
type adopting struct{ payment.Provider }

func (a adopting) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	reference, _ := r.Context.Reveal()["adopt"].(string)
	if reference == "" {
		return a.Provider.Initialize(ctx, r)
	}
	r.Reference, r.IdempotencyKey = reference, ""
	return a.Status(ctx, payment.StatusRequest(r))
}

func (a adopting) Unwrap() payment.Provider { return a.Provider }

// Money that is held and partly captured by another system is taken over with its object, and moves on here.
func TestObjectsOfAnotherSystemAreTakenOver(t *testing.T) {
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider { return adopting{p} }})
	old := sandboxprovider.New(s.gateway, sandboxprovider.Config{})
	request := payment.Request{IdempotencyKey: "old-1", Amount: dec("100"), CurrencyCode: "EUR"}
	object, err := old.Initialize(t.Context(), payment.InitializeRequest{Request: request})
	require.NoError(t, err)
	request.Reference, request.IdempotencyKey = object.Reference, "old-2"
	_, err = old.Authorize(t.Context(), payment.AuthorizeRequest{Request: request})
	require.NoError(t, err)
	request.IdempotencyKey, request.Amount = "old-3", dec("30")
	_, err = old.Capture(t.Context(), payment.CaptureRequest{Request: request})
	require.NoError(t, err)
	s.gateway.Webhooks()

	c, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("100"), IdempotencyKey: "pay_col_01OLD"})
	require.NoError(t, err)
	x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), IdempotencyKey: "payses_01OLD",
		Context: payment.NewPrivate(payment.Data{"adopt": object.Reference}),
	})
	require.NoError(t, err)
	require.Equal(t, payment.StatusAuthorized, x.Status)
	p := s.payment(x.PaymentID)
	equalAmount(t, "100", p.Authorized)
	equalAmount(t, "30", p.Captured)
	equalAmount(t, "70", p.Capturable)
	require.True(t, p.Captures[0].External())
	require.Equal(t, payment.CollectionPartiallyCaptured, s.fresh(c.ID).Status())

	p, err = s.capture(p, "")
	require.NoError(t, err)
	equalAmount(t, "100", p.Captured)
	_, err = s.gateway.RefundAtDashboard(object.Reference, dec("5"))
	require.NoError(t, err)
	s.tellAll(false) // whose session the message names is none of ours: the gateway's reference finds it
	equalAmount(t, "5", s.payment(p.ID).Refunded)
	s.reconcile(48 * time.Hour)
	require.Empty(t, s.attention())
	require.Len(t, s.gateway.Intents(), 1)
}
