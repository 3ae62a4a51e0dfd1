package stripeprovider_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// An order is paid by card, and captured when it is shipped. The gateway of stripetest stands in for Stripe: in a program, leave BaseURL
// out, take the keys from Stripe's dashboard, and let the page do what gw.Confirm does here.
func Example() {
	ctx := context.Background()
	gw, err := stripetest.New(stripetest.Config{})
	if err != nil {
		panic(err)
	}
	defer gw.Close()
	stripe, err := stripeprovider.New(stripeprovider.Config{
		SecretKey:      stripetest.DefaultSecretKey,
		PublishableKey: stripetest.DefaultPublishableKey,
		WebhookSecrets: []string{stripetest.DefaultWebhookSecret},
		BaseURL:        gw.URL(),
	})
	if err != nil {
		panic(err)
	}
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{stripe}})
	if err != nil {
		panic(err)
	}

	price := decimal.RequireFromString("10.99")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{
		CollectionID: order.ID, ProviderID: "stripe", Amount: price,
		Context: payment.NewPrivate(map[string]any{"email": "ada@example.com", "description": "Order 17"}),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("the page gets:", session.Data["amount"], session.Data["currency_code"], session.Data["status"])

	// The page: stripe.confirmPayment({elements, clientSecret, …}).
	if err := gw.Confirm(session.Data["client_secret"].(string), "pm_card_visa"); err != nil {
		panic(err)
	}

	// Stripe tells by webhook, also where the shopper has closed the window.
	for _, e := range gw.EventsOf("payment_intent.amount_capturable_updated") {
		header, body := gw.Sign(e)
		result, err := svc.HandleWebhook(ctx, "stripe", payment.WebhookRequest{Header: header, Body: body})
		if err != nil {
			panic(err)
		}
		fmt.Println("webhook:", result.State)
	}

	// The page asks, too: what comes first does it, what comes second finds it done.
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		panic(err)
	}
	fmt.Println("held:", paid.Authorized)

	if paid, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, IdempotencyKey: "parcel-1"}); err != nil {
		panic(err)
	}
	fmt.Println("taken:", paid.Captured)
	part := decimal.RequireFromString("3.50")
	paid, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: paid.ID, Amount: &part, IdempotencyKey: "return-1"})
	if err != nil {
		panic(err)
	}
	fmt.Println("given back:", paid.Refunded)
	// Output:
	// the page gets: 10.99 USD requires_payment_method
	// webhook: handled
	// held: 10.99
	// taken: 10.99
	// given back: 3.5
}
