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

// One item cannot be delivered. The shop owes no more than the rest, and says that this is all: the amount is fixed, and what is held for it can
// still be captured and refunded.
func ExampleService_CompleteCollection() {
	ctx := context.Background()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("50")})
	if err != nil {
		panic(err)
	}
	rest := decimal.RequireFromString("35")
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: rest})
	if err != nil {
		panic(err)
	}
	held, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}

	_, err = svc.CompleteCollection(ctx, order.ID)
	fmt.Println("too early:", errors.Is(err, payment.ErrNotAllowed))
	if _, err = svc.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: order.ID, Amount: &rest}); err != nil {
		panic(err)
	}
	if order, err = svc.CompleteCollection(ctx, order.ID); err != nil {
		panic(err)
	}
	fmt.Println(order.Status(), order.Amount, order.CurrencyCode)
	if held, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: held.ID}); err != nil {
		panic(err)
	}
	fmt.Println("captured:", held.Captured)
	// Output:
	// too early: true
	// completed 35 EUR
	// captured: 35
}
