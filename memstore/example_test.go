package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// A Service does all this by itself. It is of interest to whoever writes a Store of their own: every change is decided on a version,
// and refused if that has moved.
func Example() {
	ctx := context.Background()
	store := memstore.New()

	order := &payment.PaymentCollection{
		ID: "paycol_0198a1f2c3d47e5f8a9b0c1d2e3f4a5b", CurrencyCode: "USD", Amount: decimal.RequireFromString("10.99"),
		CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	if err := store.Commit(ctx, &payment.Changes{CollectionID: order.ID, Version: 0, Collection: order}); err != nil {
		fmt.Println(err)
		return
	}

	rows, err := store.Load(ctx, payment.Key{CollectionID: order.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	mine := rows.Collections[0]
	fmt.Println("version", mine.Version, "of", mine.Amount, mine.CurrencyCode)

	// Somebody else is faster.
	order.Amount = decimal.RequireFromString("12.50")
	if err := store.Commit(ctx, &payment.Changes{CollectionID: order.ID, Version: 1, Collection: order}); err != nil {
		fmt.Println(err)
		return
	}

	mine.Amount = decimal.RequireFromString("9.99")
	err = store.Commit(ctx, &payment.Changes{CollectionID: mine.ID, Version: mine.Version, Collection: mine})
	fmt.Println("load and decide again:", errors.Is(err, payment.ErrConflict))

	_, err = store.Load(ctx, payment.Key{SessionID: "payses_0198a1f2c3d47e5f8a9b0c1d2e3f4a5c"})
	fmt.Println("not there:", errors.Is(err, payment.ErrNotFound))
	// Output:
	// version 1 of 10.99 USD
	// load and decide again: true
	// not there: true
}
