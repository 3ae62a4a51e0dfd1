// Customprovider shows a provider written from scratch: a shop's own gift cards. provider.go is the provider, ledger.go the books
// behind it, provider_test.go runs the conformance kit, and this program pays for an order with it.
//
//	go run ./examples/customprovider
//	go test -v ./examples/customprovider
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	ctx := context.Background()
	card := new(dollars("25"))
	show := &screen{w: w, card: card}

	// A provider of one's own is configured like any other.
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{newGiftCards(map[string]*decimal.Decimal{"SPRING-25 USD": card})},
	})
	if err != nil {
		return err
	}
	input := payment.Data{"code": "SPRING-25"} // what the shopper types in
	show.head()

	// 40 dollars are more than the card has: declined, and nothing is taken.
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dollars("40")})
	if err != nil {
		return err
	}
	whole, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "giftcard", Amount: dollars("40")})
	if err != nil {
		return err
	}
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: whole.ID, Input: input})
	declined, ok := errors.AsType[*payment.SessionError](err)
	if !ok || !errors.Is(err, payment.ErrDeclined) {
		return fmt.Errorf("the card has less than that: %w", err)
	}
	show.step("authorize 40", fmt.Sprintf("%s, %s", declined.Session.Status, declined.Reason))

	// The provider cannot change an amount (it is no Updater), so a new session supersedes the first.
	part, err := svc.CreateSession(ctx, payment.CreateSessionParams{
		CollectionID: order.ID, ProviderID: "giftcard", Amount: dollars("25"), Supersede: []string{whole.ID},
	})
	if err != nil {
		return err
	}
	paid, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: part.ID, Input: input})
	if err != nil {
		return err
	}
	show.payment("authorize 25", paid)

	// Repeated with the same key, by a retrying client, a capture is made once.
	for _, step := range []string{"capture 20", "capture 20, same key"} {
		paid, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{
			PaymentID: paid.ID, Amount: new(dollars("20")), IdempotencyKey: "parcel-1",
		})
		if err != nil {
			return err
		}
		show.payment(step, paid)
	}

	// What is not needed goes back onto the card, and so does a refund.
	if paid, err = svc.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: paid.ID}); err != nil {
		return err
	}
	show.payment("release the rest", paid)
	if paid, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: paid.ID, Amount: new(dollars("7.50"))}); err != nil {
		return err
	}
	show.payment("refund 7.50", paid)
	return show.err
}

func dollars(s string) decimal.Decimal { return decimal.RequireFromString(s) }
