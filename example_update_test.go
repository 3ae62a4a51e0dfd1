package payment_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The cart grows while the shopper is about to pay: first the collection's amount, then the session's, which the gateway is told.
func ExampleService_UpdateSession() {
	ctx := context.Background()
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card}})
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

	price = decimal.RequireFromString("55")
	_, err = svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: session.ID, Amount: &price})
	fmt.Println("the session first:", errors.Is(err, payment.ErrAmountExceeded))
	if _, err = svc.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: cart.ID, Amount: &price}); err != nil {
		panic(err)
	}
	if session, err = svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: session.ID, Amount: &price}); err != nil {
		panic(err)
	}
	fmt.Println("to be authorized:", session.Amount, session.CurrencyCode)
	// Output:
	// the session first: true
	// to be authorized: 55 USD
}
