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

// A bank transfer takes days: AuthorizeSession says so, and the gateway tells by a webhook when the money is there. In a program,
// HandleWebhook is called by an HTTP handler: see examples/webhooks.
func ExampleService_HandleWebhook() {
	ctx := context.Background()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("80")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	if err != nil {
		panic(err)
	}
	transfer, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		panic(err)
	}
	input := payment.Data{"token": sandboxprovider.TokenDelayed}
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: transfer.ID, Input: input})
	fmt.Println("wait for the webhook:", errors.Is(err, payment.ErrPending))
	gateway.Webhooks() // of no interest here: that the transfer was announced

	// Two days later the money is there.
	if transfer, err = svc.GetSession(ctx, transfer.ID); err != nil {
		panic(err)
	}
	if err := gateway.ResolveDelayed(transfer.Reference, true); err != nil {
		panic(err)
	}
	for _, message := range gateway.Webhooks() {
		forged := message
		forged.Body = []byte(`{"paid":"a million"}`)
		_, err = svc.HandleWebhook(ctx, "sandbox", forged)
		fmt.Println("forged, so answer with 400:", errors.Is(err, payment.ErrWebhookRefused))

		result, err := svc.HandleWebhook(ctx, "sandbox", message)
		if err != nil {
			panic(err) // not stored: answer with 500, and the gateway sends it again
		}
		fmt.Println("stored, so answer with 200:", result.State)

		again, err := svc.HandleWebhook(ctx, "sandbox", message)
		if err != nil {
			panic(err)
		}
		fmt.Println("sent again, 200 as well: duplicate", again.Duplicate)
	}

	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		panic(err)
	}
	fmt.Println("the order is", order.Status())
	// Output:
	// wait for the webhook: true
	// forged, so answer with 400: true
	// stored, so answer with 200: handled
	// sent again, 200 as well: duplicate true
	// the order is authorized
}
