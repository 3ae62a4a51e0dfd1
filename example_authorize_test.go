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

// The bank wants to see the shopper first. AuthorizeSession returns a payment only when the money is really held; what else there is
// to do, its error says.
func ExampleService_AuthorizeSession() {
	ctx := context.Background()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
	})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("80")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		panic(err)
	}

	token := payment.Data{"token": sandboxprovider.Token3DS} // from the browser
	for {
		paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID, Input: token})
		if err == nil {
			fmt.Println("held:", paid.Authorized, paid.CurrencyCode)
			return
		}
		stop, _ := errors.AsType[*payment.SessionError](err)
		switch {
		case errors.Is(err, payment.ErrRequiresMore):
			fmt.Println("the shopper must act:", stop.Session.Status, stop.NextAction.Kind)
			// A shop sends the browser to stop.NextAction.URL, and authorizes again when it is back.
			if err := gateway.CompleteChallenge(stop.Session.Reference, true); err != nil {
				panic(err)
			}
			token = nil
		case errors.Is(err, payment.ErrDeclined):
			fmt.Println("ask for another card:", stop.Reason)
			return
		case errors.Is(err, payment.ErrPending), errors.Is(err, payment.ErrOutcomeUnknown), errors.Is(err, payment.ErrNotSent):
			fmt.Println("authorize again in", stop.RetryAfter)
			return
		default:
			panic(err)
		}
	}
	// Output:
	// the shopper must act: requires_more redirect
	// held: 80 USD
}
