package payment_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// A shop ships what is paid. Events come at least once, those of a collection in their order; one that is not taken comes again, and those
// after it wait.
func ExampleConfig_onEvent() {
	ctx := context.Background()
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	warehouse := errors.New("the warehouse is closed")
	shipped := map[string]bool{} // a program keeps this in its database
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{manualprovider.New()},
		OnEvent: func(_ context.Context, e payment.Event) error {
			switch {
			case e.Kind != payment.EventCaptureSucceeded:
				fmt.Println(e.Kind)
			case shipped[e.ID]: // it came before
			case warehouse != nil:
				fmt.Println("not yet:", warehouse)
				return warehouse
			default:
				shipped[e.ID] = true
				fmt.Println("shipped for", e.Amount, e.CurrencyCode)
			}
			return nil
		},
		Now: func() time.Time { return now }, // a program leaves this out
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("25")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: price})
	if err != nil {
		panic(err)
	}
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}
	if _, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID}); err != nil {
		panic(err)
	}

	// A program lets Run do this.
	for range 2 {
		report, err := svc.Reconcile(ctx)
		if err != nil {
			panic(err)
		}
		fmt.Println("delivered:", report.Delivered)
		warehouse, now = nil, now.Add(time.Second)
	}
	// Output:
	// collection.created
	// session.created
	// payment.authorized
	// not yet: the warehouse is closed
	// delivered: 3
	// shipped for 25 EUR
	// collection.completed
	// delivered: 2
}
