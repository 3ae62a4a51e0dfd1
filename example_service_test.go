package payment_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// The smallest program: an order is paid on delivery.
func ExampleNewService() {
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
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: price})
	if err != nil {
		panic(err)
	}
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err) // there is no payment: the error says why, and what to do
	}
	paid, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID})
	if err != nil {
		panic(err)
	}
	fmt.Println(payment.FormatAmount(paid.Captured, paid.CurrencyCode), paid.CurrencyCode)
	// Output: 25.90 EUR
}
