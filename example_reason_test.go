package payment_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// A merchant's reasons for refunds are kept once, for all collections. A refund names one by its ID; its gateway is told the code.
func ExampleService_CreateRefundReason() {
	ctx := context.Background()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	reason, err := svc.CreateRefundReason(ctx, payment.RefundReasonParams{Code: "damaged", Label: "Arrived damaged"})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("40")
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

	part := decimal.RequireFromString("15")
	paid, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{
		PaymentID: paid.ID, Amount: &part, ReasonID: reason.ID, Note: "the lid is broken", IdempotencyKey: "return 12",
	})
	if err != nil {
		panic(err)
	}
	given := paid.Refunds[0]
	if reason, err = svc.GetRefundReason(ctx, given.ReasonID); err != nil {
		panic(err)
	}
	fmt.Println(given.Amount, given.State, reason.Label+":", given.Note)
	// Output: 15 succeeded Arrived damaged: the lid is broken
}
