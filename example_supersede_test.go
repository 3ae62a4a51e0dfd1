package payment_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The shopper has paid by card, and would rather pay on delivery. What the card holds leaves no room for another authorization: the error names
// who holds it, and a session that supersedes that one voids it at the gateway first.
func ExampleService_CreateSession_supersede() {
	ctx := context.Background()
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card, manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("40")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	if err != nil {
		panic(err)
	}
	byCard, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		panic(err)
	}
	if _, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: byCard.ID}); err != nil {
		panic(err)
	}

	onDelivery := payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: price}
	_, err = svc.CreateSession(ctx, onDelivery)
	exceeded, _ := errors.AsType[*payment.AmountExceededError](err)
	fmt.Println("left:", exceeded.Left, "held by the card:", exceeded.Holders[0] == byCard.ID)

	onDelivery.Supersede = exceeded.Holders
	session, err := svc.CreateSession(ctx, onDelivery)
	if err != nil {
		panic(err)
	}
	if byCard, err = svc.GetSession(ctx, byCard.ID); err != nil {
		panic(err)
	}
	fmt.Println(byCard.ProviderID+":", byCard.Status)
	fmt.Println(session.ProviderID+":", session.Status)
	// Output:
	// left: 0 held by the card: true
	// sandbox: canceled
	// manual: pending
}
