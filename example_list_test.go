package payment_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// Payments are read page by page. A cursor stays right while others add rows, and costs the same on every page.
func ExampleService_ListPayments() {
	ctx := context.Background()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("60")})
	if err != nil {
		panic(err)
	}
	for _, amount := range []string{"10", "20", "30"} { // three installments
		session, err := svc.CreateSession(ctx, payment.CreateSessionParams{
			CollectionID: order.ID, ProviderID: "manual", Amount: decimal.RequireFromString(amount),
		})
		if err != nil {
			panic(err)
		}
		if _, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID}); err != nil {
			panic(err)
		}
	}

	params := payment.ListParams{CollectionID: order.ID, Limit: 2}
	for {
		page, err := svc.ListPayments(ctx, params)
		if err != nil {
			panic(err)
		}
		fmt.Println("page:")
		for _, p := range page.Items {
			fmt.Println(" ", p.Authorized, p.CurrencyCode)
		}
		if page.Cursor == "" {
			break
		}
		params.Cursor = page.Cursor
	}
	// Output:
	// page:
	//   10 EUR
	//   20 EUR
	// page:
	//   30 EUR
}
