package stripetest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// A shop's test plays the shopper and the bank, and compares the gateway's books in the end.
func Example() {
	gw, err := stripetest.New(stripetest.Config{})
	if err != nil {
		panic(err)
	}
	defer gw.Close()
	p, err := stripeprovider.New(stripeprovider.Config{
		SecretKey: stripetest.DefaultSecretKey, PublishableKey: stripetest.DefaultPublishableKey, BaseURL: gw.URL(),
	})
	if err != nil {
		panic(err)
	}
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{p}})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("25.99")})
	if err != nil {
		panic(err)
	}
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "stripe", Amount: order.Amount})
	if err != nil {
		panic(err)
	}

	// The page confirms with the client secret, and the bank asks the shopper.
	secret, _ := x.Data["client_secret"].(string)
	if err := gw.Confirm(secret, "pm_card_threeDSecure2Required"); err != nil {
		panic(err)
	}
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	fmt.Println("the shopper must act:", errors.Is(err, payment.ErrRequiresMore))
	if err := gw.CompleteChallenge(x.Reference, true); err != nil {
		panic(err)
	}

	// The answer to the capture is lost on its way: it is found out what came of it.
	gw.FailNext(stripetest.OpCapture, stripetest.Fault{Kind: stripetest.FaultAnswerLost})
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	if err != nil {
		panic(err)
	}
	capture := payment.CapturePaymentParams{PaymentID: paid.ID, IdempotencyKey: "parcel-1"}
	if paid, err = svc.CapturePayment(ctx, capture); errors.Is(err, payment.ErrOutcomeUnknown) {
		paid, err = svc.CapturePayment(ctx, capture)
	}
	if err != nil {
		panic(err)
	}
	book, _ := gw.Intent(x.Reference)
	fmt.Println("in the rows:", paid.Captured, "in the books:", book.Captured, "charged:", book.Authorizations)
	// Output:
	// the shopper must act: true
	// in the rows: 25.99 in the books: 2599 charged: 1
}
