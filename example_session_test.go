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

// The shopper changes from card to cash. What the card holds must be given up first, or the order would be paid twice.
func ExampleService_CreateSession() {
	ctx := context.Background()
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card, manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	price := decimal.RequireFromString("100")
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

	cash := payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: price}
	_, err = svc.CreateSession(ctx, cash)
	if exceeded, ok := errors.AsType[*payment.AmountExceededError](err); ok {
		fmt.Println("left:", exceeded.Left, "the card has the rest:", exceeded.Holders[0] == byCard.ID)
	}

	// Supersede cancels the card's session at its gateway, and only then creates the new one.
	cash.Supersede = []string{byCard.ID}
	inCash, err := svc.CreateSession(ctx, cash)
	if err != nil {
		panic(err)
	}
	if byCard, err = svc.GetSession(ctx, byCard.ID); err != nil {
		panic(err)
	}
	fmt.Println("card:", byCard.Status, "cash:", inCash.Status)
	// Output:
	// left: 0 the card has the rest: true
	// card: canceled cash: pending
}
