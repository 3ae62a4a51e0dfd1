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

// An order leaves in two parcels: money is taken with each of them.
func ExampleService_CapturePayment() {
	ctx := context.Background()
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card}})
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
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}

	paid, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, Amount: new(decimal.RequireFromString("40"))})
	if err != nil {
		panic(err)
	}
	fmt.Println("captured:", paid.Captured, "left:", paid.Capturable)

	// More than what is left is refused before anything is sent.
	_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, Amount: new(decimal.RequireFromString("60.01"))})
	fmt.Println(errors.Is(err, payment.ErrAmountExceeded), err)

	// Without an amount, all that is left is taken.
	paid, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID})
	if err != nil {
		panic(err)
	}
	fmt.Println("captured:", paid.Captured, "left:", paid.Capturable, "in parts:", len(paid.Captures))
	// Output:
	// captured: 40 left: 60
	// true payment: Amount: 60.01 USD is more than the 60.00 USD that is left
	// captured: 100 left: 0 in parts: 2
}

// A client that got no answer calls again with the same key: it gets the same capture, and money is taken once.
func ExampleService_CapturePayment_idempotencyKey() {
	ctx := context.Background()
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card}})
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
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}

	parcel := payment.CapturePaymentParams{PaymentID: paid.ID, Amount: new(decimal.RequireFromString("40")), IdempotencyKey: "parcel-1"}
	first, err := svc.CapturePayment(ctx, parcel)
	if err != nil {
		panic(err)
	}
	again, err := svc.CapturePayment(ctx, parcel)
	if err != nil {
		panic(err)
	}
	fmt.Println("captured:", again.Captured, "captures:", len(again.Captures), "the same:", first.Captures[0].ID == again.Captures[0].ID)

	// Another amount is another capture, and needs a key of its own.
	parcel.Amount = new(decimal.RequireFromString("60"))
	_, err = svc.CapturePayment(ctx, parcel)
	fmt.Println(errors.Is(err, payment.ErrIdempotencyMismatch), err)
	// Output:
	// captured: 40 captures: 1 the same: true
	// true payment: idempotency key was used with other arguments: CapturePayment
}
