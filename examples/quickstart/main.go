// Quickstart pays for one order in two installments, 80 dollars by card and 40 in cash, and gives a part of it back.
//
//	go run ./examples/quickstart
//
// Nothing needs to be installed or configured: the gateway is a simulation in this process, and the store is its memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
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

	// A Service needs a store, and a provider for each way to pay.
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{}), manualprovider.New()},
	})
	if err != nil {
		return err
	}

	// The collection is what is owed for the order.
	show.head()
	show.title("An order of 120 USD")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dollars("120")})
	if err != nil {
		return err
	}
	show.collection("the order", order)

	// A session is one installment of it: an amount, and the provider that authorizes it.
	show.title("First installment: 80 USD by card")
	card, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: dollars("80")})
	if err != nil {
		return err
	}
	show.session("create the session", card)

	// The browser has sent a token for the shopper's card. Where the bank asks for more, there is no payment yet.
	byCard, next, err := authorize(ctx, svc, payment.AuthorizeSessionParams{
		SessionID: card.ID, Input: payment.Data{"token": sandboxprovider.Token3DS},
	})
	if err != nil {
		return err
	}
	if next != nil {
		if card, err = svc.GetSession(ctx, card.ID); err != nil {
			return err
		}
		show.session("authorize", card)

		// A shop sends the browser there. This program is the shopper as well, and passes the bank's challenge.
		show.action(next)
		if err := gateway.CompleteChallenge(card.Reference, true); err != nil {
			return err
		}

		// The shopper is back: authorize again. An authorized session becomes a payment.
		if byCard, next, err = authorize(ctx, svc, payment.AuthorizeSessionParams{SessionID: card.ID}); err != nil {
			return err
		}
		if next != nil {
			return fmt.Errorf("the shopper must act once more: %s", next.Kind)
		}
	}
	show.payment("authorize again", byCard)
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		return err
	}
	show.collection("the order", order)

	// Manual payment asks nobody: somebody brings the money later.
	show.title("Second installment: 40 USD in cash")
	cash, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "manual", Amount: dollars("40")})
	if err != nil {
		return err
	}
	show.session("create the session", cash)
	inCash, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: cash.ID})
	if err != nil {
		return err
	}
	show.payment("authorize", inCash)
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		return err
	}
	show.collection("the order", order)

	// Take a part when the first parcel leaves. The key makes the call repeatable: it names this one capture.
	show.title("Capture, in parts")
	byCard, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{
		PaymentID: byCard.ID, Amount: new(dollars("50")), IdempotencyKey: "parcel-1",
	})
	if err != nil {
		return err
	}
	show.payment("card: first parcel, 50", byCard)

	// Without an amount, all that is left is taken.
	byCard, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: byCard.ID, IdempotencyKey: "parcel-2"})
	if err != nil {
		return err
	}
	show.payment("card: the rest", byCard)
	inCash, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: inCash.ID, CreatedBy: "the driver"})
	if err != nil {
		return err
	}
	show.payment("cash: the driver has it", inCash)

	// Give a part back.
	show.title("Refund, in part")
	byCard, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{
		PaymentID: byCard.ID, Amount: new(dollars("15.50")), Note: "one item was damaged", IdempotencyKey: "return-1",
	})
	if err != nil {
		return err
	}
	show.payment("card: a damaged item", byCard)

	// The collection has the totals of everything below it.
	show.title("In the end")
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		return err
	}
	show.collection("the order", order)

	// Each fact was recorded along with the change that it tells of.
	show.title("What happened")
	events, err := svc.ListEvents(ctx, payment.ListParams{CollectionID: order.ID, Limit: 100})
	if err != nil {
		return err
	}
	for _, e := range events.Items {
		show.event(e)
	}
	return show.err
}

// authorize returns the payment, or what the shopper must do first, or an error that says what else to do.
func authorize(ctx context.Context, svc *payment.Service, p payment.AuthorizeSessionParams) (*payment.Payment, *payment.NextAction, error) {
	held, err := svc.AuthorizeSession(ctx, p)
	stop, _ := errors.AsType[*payment.SessionError](err) // brings the session, and what follows
	switch {
	case err == nil:
		return held, nil, nil // the money is really held
	case errors.Is(err, payment.ErrRequiresMore):
		return nil, stop.NextAction, nil // show it, then authorize again
	case errors.Is(err, payment.ErrDeclined):
		return nil, nil, fmt.Errorf("pay with something else (%s): %w", stop.Reason, err)
	case errors.Is(err, payment.ErrPending), errors.Is(err, payment.ErrOutcomeUnknown), errors.Is(err, payment.ErrInProgress), errors.Is(err, payment.ErrNotSent):
		return nil, nil, fmt.Errorf("authorize again in %s: %w", stop.RetryAfter, err) // however often: nobody is charged twice
	default:
		return nil, nil, err // canceled, waiting for a person, bad input, or the store does not answer
	}
}

func dollars(s string) decimal.Decimal { return decimal.RequireFromString(s) }
