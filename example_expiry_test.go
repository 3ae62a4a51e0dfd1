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

// A shopper who went away leaves a session behind. After its lifetime Reconcile cancels it, at the gateway first.
func ExampleConfig_sessionLifetime() {
	ctx := context.Background()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers:       []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		SessionLifetime: 30 * time.Minute,
		Now:             func() time.Time { return now }, // a program leaves this out
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("40")
	cart, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: cart.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		panic(err)
	}
	fmt.Println("lives for", session.ExpiresAt.Sub(session.CreatedAt))

	now = now.Add(31 * time.Minute)
	if _, err = svc.Reconcile(ctx); err != nil { // Run does this
		panic(err)
	}
	if session, err = svc.GetSession(ctx, session.ID); err != nil {
		panic(err)
	}
	fmt.Println("session:", session.Status, "gateway:", gateway.Intents()[0].Status)
	// Output:
	// lives for 30m0s
	// session: canceled gateway: canceled
}
