package payment_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// A provider that is switched off takes no new sessions, and finishes those it has.
func ExampleService_SetProviderEnabled() {
	ctx := context.Background()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("25.90")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	if err != nil {
		panic(err)
	}
	params := payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: price}
	session, err := svc.CreateSession(ctx, params)
	if err != nil {
		panic(err)
	}

	if err := svc.SetProviderEnabled(ctx, "manual", false); err != nil {
		panic(err)
	}
	providers, err := svc.Providers(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(providers[0].ID, "enabled:", providers[0].Enabled)

	_, err = svc.CreateSession(ctx, params)
	fmt.Println(errors.Is(err, payment.ErrInvalid), err)

	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}
	fmt.Println("held:", paid.Authorized)
	// Output:
	// manual enabled: false
	// true payment: ProviderID: "manual" is disabled
	// held: 25.9
}
