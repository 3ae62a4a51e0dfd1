package payment_test

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// stopwatch prints what it is told. One for OpenTelemetry is in the module paymentotel.
type stopwatch struct{}

func (stopwatch) Start(ctx context.Context, a payment.Activity) (context.Context, func(payment.ActivityResult)) {
	return ctx, func(r payment.ActivityResult) {
		fmt.Printf("%s %s: %s, %s\n", a.Kind, a.Name, r.Outcome, r.Duration)
	}
}

func (stopwatch) Signal(_ context.Context, s payment.Signal) {
	if s.Kind == payment.SignalOperationEnded {
		fmt.Printf("  the %s has %s, %s after it began\n", s.Name, s.Outcome, s.Age)
	}
}

// An Observer is told of every call to a provider, of what became of it, and how long it took. Here a gateway takes the money, and its answer is
// lost on the way.
func ExampleObserver() {
	ctx := context.Background()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		Observer:  stopwatch{},
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
	gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	if _, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID}); err == nil {
		panic("the answer was lost")
	}
	now = now.Add(2 * time.Second)
	if _, err = svc.Reconcile(ctx); err != nil {
		panic(err)
	}
	// Output:
	// method CreateCollection: ok, 0s
	// call initialize: pending, 0s
	//   the initialize has succeeded, 0s after it began
	// method CreateSession: ok, 0s
	// call authorize: unknown, 0s
	// method AuthorizeSession: outcome_unknown, 0s
	// call status: authorized, 0s
	//   the authorize has succeeded, 2s after it began
	// work operation: settled, 0s
	// method Reconcile: ok, 0s
}
