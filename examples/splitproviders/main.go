// Splitproviders pays for one order in two ways at once, a store voucher and a card. The card is declined at first, and the shopper
// then changes her mind about the voucher.
//
//	go run ./examples/splitproviders
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

	// Manual payment can stand for several ways to pay, each with an ID of its own. The card's gateway is a simulation.
	vouchers, err := manualprovider.NewWithConfig(manualprovider.Config{ID: "voucher"})
	if err != nil {
		return err
	}
	transfers, err := manualprovider.NewWithConfig(manualprovider.Config{
		ID: "bank_transfer", Data: payment.Data{"iban": "DE02 1203 0000 0000 2020 51"}, // shown to the shopper
	})
	if err != nil {
		return err
	}
	cards := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{ID: "card"})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{vouchers, transfers, cards}})
	if err != nil {
		return err
	}

	show.head()
	show.title("An order of 100 EUR")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: euros("100")})
	if err != nil {
		return err
	}
	show.collection("the order", order)

	show.title("30 EUR by voucher")
	voucher, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "voucher", Amount: euros("30")})
	if err != nil {
		return err
	}
	show.session("create the session", voucher)
	byVoucher, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: voucher.ID})
	if err != nil {
		return err
	}
	show.payment("authorize", byVoucher)

	show.title("The rest by card")
	card, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "card", Amount: euros("70")})
	if err != nil {
		return err
	}
	show.session("create the session", card)

	// A decline is stored before the error is returned. The voucher is not touched by it.
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{
		SessionID: card.ID, Input: payment.Data{"token": sandboxprovider.TokenDeclined},
	})
	declined, ok := errors.AsType[*payment.SessionError](err)
	if !ok || !errors.Is(err, payment.ErrDeclined) {
		return fmt.Errorf("the first card is declined, by its token: %w", err)
	}
	show.session("first card", declined.Session)
	show.note("it was declined", declined.Reason)

	// The same session takes another card. Retrying a decline is a new operation, with a key of its own.
	byCard, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{
		SessionID: card.ID, Input: payment.Data{"token": sandboxprovider.TokenVisa},
	})
	if err != nil {
		return err
	}
	show.payment("second card", byCard)
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		return err
	}
	show.collection("the order", order)

	// Nothing is left to be paid: a session beside the others is refused, so that nobody pays twice.
	show.title("A bank transfer instead of the voucher")
	instead := payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "bank_transfer", Amount: euros("30")}
	_, err = svc.CreateSession(ctx, instead)
	exceeded, ok := errors.AsType[*payment.AmountExceededError](err)
	if !ok {
		return fmt.Errorf("the order is paid for already: %w", err)
	}
	show.note("beside it: refused", fmt.Sprintf("%s asked, %s left, taken by %d sessions",
		amount(exceeded.Asked), amount(exceeded.Left), len(exceeded.Holders)))

	// A session that supersedes the voucher's cancels that one first, at its provider.
	instead.Supersede = []string{voucher.ID}
	transfer, err := svc.CreateSession(ctx, instead)
	if err != nil {
		return err
	}
	if voucher, err = svc.GetSession(ctx, voucher.ID); err != nil {
		return err
	}
	show.session("instead of it: voucher", voucher)
	show.session("bank transfer", transfer)
	show.note("the shopper sees", fmt.Sprint("IBAN ", transfer.Data["iban"]))
	byTransfer, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: transfer.ID})
	if err != nil {
		return err
	}
	show.payment("authorize", byTransfer)

	// Take all of it: without an amount, a capture takes what is left.
	show.title("Capture")
	payments, err := svc.ListPayments(ctx, payment.ListParams{CollectionID: order.ID})
	if err != nil {
		return err
	}
	for _, p := range payments.Items {
		if !p.CanceledAt.IsZero() {
			show.payment(p.ProviderID+": canceled", p)
			continue
		}
		if p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID}); err != nil {
			return err
		}
		show.payment(p.ProviderID, p)
	}

	show.title("In the end")
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		return err
	}
	show.collection("the order", order)
	return show.err
}

func euros(s string) decimal.Decimal { return decimal.RequireFromString(s) }
