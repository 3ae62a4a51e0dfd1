package payment_test

import (
	"context"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// flow creates a collection and a session, authorizes, captures and refunds.
func flow(ctx context.Context, svc *payment.Service, provider string) error {
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("10.99")})
	if err != nil {
		return err
	}
	return pay(ctx, svc, c.ID, provider)
}

// pay is the part of a flow that happens in a collection.
func pay(ctx context.Context, svc *payment.Service, collectionID, provider string) error {
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: collectionID, ProviderID: provider, Amount: dec("10.99")})
	if err != nil {
		return err
	}
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	if err != nil {
		return err
	}
	if _, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID}); err != nil {
		return err
	}
	_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
	return err
}

func newManual(b testing.TB) *payment.Service {
	b.Helper()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		b.Fatal(err)
	}
	return svc
}

func BenchmarkFlow(b *testing.B) {
	svc := newManual(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := flow(b.Context(), svc, "manual"); err != nil {
			b.Fatal(err)
		}
	}
}
