package payment_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The shopper cancels the order before anything was taken: the authorization is voided at the gateway.
func ExampleService_CancelSession() {
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
	if _, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID}); err != nil {
		panic(err)
	}

	if session, err = svc.CancelSession(ctx, payment.CancelSessionParams{SessionID: session.ID}); err != nil {
		panic(err)
	}
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		panic(err)
	}
	fmt.Println("session:", session.Status)
	fmt.Println("order:", order.Status(), "authorized:", order.Authorized)
	// Output:
	// session: canceled
	// order: not_paid authorized: 0
}

// The second item is out of stock: what was captured stays, and the rest is released.
func ExampleService_CancelPayment() {
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

	if paid, err = svc.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: paid.ID}); err != nil {
		panic(err)
	}
	fmt.Println("authorized:", paid.Authorized, "captured:", paid.Captured, "released:", paid.Released, "left:", paid.Capturable)
	fmt.Println("canceled:", !paid.CanceledAt.IsZero())
	// Output:
	// authorized: 100 captured: 40 released: 60 left: 0
	// canceled: false
}
