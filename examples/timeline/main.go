// Timeline plays a payment in which much goes wrong, and prints what a merchant's staff would read about it: a declined card, a process
// that dies in the middle of a capture, and another that finishes its work.
//
//	go run ./examples/timeline
//
// Nothing needs to be installed or configured: the gateway is a simulation in this process, and the store is its memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	ctx := context.Background()
	show := &screen{w: w}

	// Two processes of one shop: they share the database and the gateway, and nothing else. The world has a clock of its own, so that nothing
	// has to be waited for and every run prints the same.
	world := newWorld()
	database := memstore.New()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{Now: world.now})
	mortal := &mortalStore{Store: database}
	first, err := world.start(mortal, gateway)
	if err != nil {
		return err
	}
	second, err := world.start(database, gateway)
	if err != nil {
		return err
	}

	// The shopper's first card is declined, the second one is good.
	show.printf("An order of 120 USD, paid by card\n")
	order, err := first.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dollars("120")})
	if err != nil {
		return err
	}
	world.pass(20 * time.Second)
	session, err := first.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: dollars("120")})
	if err != nil {
		return err
	}
	world.pass(30 * time.Second)
	_, err = first.AuthorizeSession(ctx, payment.AuthorizeSessionParams{
		SessionID: session.ID, Input: payment.Data{"token": sandboxprovider.TokenInsufficientFunds},
	})
	if !errors.Is(err, payment.ErrDeclined) {
		return fmt.Errorf("the first card should have been declined: %w", err)
	}
	if err := show.session(ctx, second, order.ID, "The first card is declined"); err != nil {
		return err
	}
	world.pass(40 * time.Second)
	paid, err := first.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	if err != nil {
		return err
	}

	// The first process takes the money when the first parcel leaves, and dies before it has written down the gateway's answer.
	world.pass(time.Hour)
	parcel := payment.CapturePaymentParams{PaymentID: paid.ID, Amount: new(dollars("50")), CreatedBy: "the warehouse", IdempotencyKey: "parcel-1"}
	mortal.dieAfter(1) // the commit before the call
	if _, err = first.CapturePayment(ctx, parcel); err == nil {
		return errors.New("a dead process has no answer")
	}
	show.printf("\nThe process died: %s is taken at the gateway, and nobody here knows\n", gateway.Intents()[0].Captured)
	if err := show.session(ctx, second, order.ID, "What the second process sees at once"); err != nil {
		return err
	}

	// Nobody touches the operation as long as its executor could still be at work. Then the second process asks the gateway. A program calls
	// Reconcile every few seconds, or Run.
	world.pass(time.Minute)
	report, err := second.Reconcile(ctx)
	if err != nil {
		return err
	}
	show.printf("\nA minute later Reconcile has settled %d operation\n", len(report.Settled))

	// The warehouse had no answer, and asks again with the same key: it is the same capture.
	if paid, err = second.CapturePayment(ctx, parcel); err != nil {
		return err
	}
	show.printf("The warehouse asks again: %s is captured in %d capture, and %s at the gateway\n", paid.Captured, len(paid.Captures),
		gateway.Intents()[0].Captured)

	// Somebody gives a part back at the gateway's dashboard. An audit finds it.
	world.pass(30 * time.Second)
	if _, err := gateway.RefundAtDashboard(session.Reference, dollars("8.50")); err != nil {
		return err
	}
	world.pass(time.Minute)
	if _, err := second.Reconcile(ctx); err != nil {
		return err
	}

	timeline, err := second.Timeline(ctx, order.ID)
	if err != nil {
		return err
	}
	show.printf("\nThe whole story\n\n%s", timeline)
	return show.err
}

func dollars(s string) decimal.Decimal { return decimal.RequireFromString(s) }
