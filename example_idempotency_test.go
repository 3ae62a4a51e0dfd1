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

// A cart has one collection, however often its page is opened: the key is made of the cart. When the cart has changed meanwhile, the same key is
// refused, and the collection is found by the key alone.
func ExampleService_CollectionID() {
	ctx := context.Background()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	params := payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("40"), IdempotencyKey: "cart 7"}
	first, err := svc.CreateCollection(ctx, params)
	if err != nil {
		panic(err)
	}
	again, err := svc.CreateCollection(ctx, params)
	if err != nil {
		panic(err)
	}
	fmt.Println("the same:", again.ID == first.ID)

	params.Amount = decimal.RequireFromString("55")
	if _, err = svc.CreateCollection(ctx, params); !errors.Is(err, payment.ErrIdempotencyMismatch) {
		panic(err)
	}
	cart, err := svc.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: svc.CollectionID("cart 7"), Amount: &params.Amount})
	if err != nil {
		panic(err)
	}
	fmt.Println("owed now:", cart.Amount, "the same:", cart.ID == first.ID)
	// Output:
	// the same: true
	// owed now: 55 the same: true
}
