package payment_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The gateway takes the money, and its answer is lost on the way. Nobody knows, so the capture is neither repeated nor forgotten:
// Reconcile asks the gateway what happened.
func ExampleService_Reconcile() {
	ctx := context.Background()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		// A program leaves these two out. Here they stand in for the clock, so that nothing has to be waited for.
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("100")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		panic(err)
	}
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}

	gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID})
	fmt.Println("not known:", errors.Is(err, payment.ErrOutcomeUnknown))

	// A program calls Reconcile every few seconds. It asks about an unknown outcome after a second at the earliest.
	now = now.Add(time.Second)
	report, err := svc.Reconcile(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println("settled:", len(report.Settled), "still open:", len(report.Parked))

	if paid, err = svc.GetPayment(ctx, paid.ID); err != nil {
		panic(err)
	}
	fmt.Println("captured:", paid.Captured, "captures:", len(paid.Captures))
	fmt.Println("at the gateway:", gateway.Intents()[0].Captured)
	// Output:
	// not known: true
	// settled: 1 still open: 0
	// captured: 100 captures: 1
	// at the gateway: 100
}
