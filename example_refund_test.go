package payment_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// One item of an order came back damaged.
func ExampleService_RefundPayment() {
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
	if paid, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID}); err != nil {
		panic(err)
	}

	// A merchant sets up the reasons once.
	damaged, err := svc.CreateRefundReason(ctx, payment.RefundReasonParams{Code: "damaged", Label: "Item was damaged"})
	if err != nil {
		panic(err)
	}
	paid, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{
		PaymentID: paid.ID, Amount: new(decimal.RequireFromString("30")), IdempotencyKey: "return-1",
		ReasonID: damaged.ID, Note: "the blue one", CreatedBy: "support",
	})
	if err != nil {
		panic(err)
	}
	for _, r := range paid.Refunds {
		fmt.Println(r.Amount, r.State, "for:", r.Note, "by:", r.CreatedBy, "reason:", r.ReasonID == damaged.ID)
	}
	fmt.Println("captured:", paid.Captured, "refunded:", paid.Refunded)
	// Output:
	// 30 succeeded for: the blue one by: support reason: true
	// captured: 100 refunded: 30
}
