// Webhooks sells an order that is paid by bank transfer. The gateway tells by a webhook, over HTTP, when the money is there; an event
// tells the shop.
//
//	go run ./examples/webhooks
//
// handler.go is what a shop needs: one HTTP handler. The rest plays the shopper, the gateway and the bank.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	show := &screen{w: w}
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})

	// OnEvent is the one place where the shop hears that an order is paid, however the news came.
	paid := make(chan payment.Event, 1)
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		OnEvent: func(_ context.Context, e payment.Event) error {
			if e.Kind == payment.EventPaymentAuthorized {
				paid <- e
			}
			return nil // an error would mean: deliver it again
		},
	})
	if err != nil {
		return err
	}

	// Run delivers events, and does what a webhook could not. It needs a goroutine for as long as the program lives.
	running := make(chan error, 1)
	go func() { running <- svc.Run(ctx, time.Second) }()

	// The gateway sends its webhooks here.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/{provider}", webhooks(svc))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(listener) }()
	url := "http://" + listener.Addr().String() + "/webhooks/sandbox"

	// The shopper chooses bank transfer. There is no payment yet, and nothing went wrong either.
	order, session, err := checkout(ctx, svc)
	if err != nil {
		return err
	}
	show.line("the shopper has chosen bank transfer: the order is %s", order.Status())

	gateway.Webhooks() // that the transfer was announced is no news

	// Two days later the money is there, and the gateway says so: twice, as gateways do, and once somebody else says so.
	if err := gateway.ResolveDelayed(session.Reference, true); err != nil {
		return err
	}
	for _, message := range gateway.Webhooks() {
		forged := message
		forged.Body = []byte(`{"type":"intent.authorized"}`)
		for _, m := range []struct {
			what string
			payment.WebhookRequest
		}{{"a forged webhook", forged}, {"the gateway's webhook", message}, {"the same one again", message}} {
			status, err := post(ctx, url, m.WebhookRequest)
			if err != nil {
				return err
			}
			show.line("%-22s is answered with %d", m.what, status)
		}
	}

	// Ship the goods when the event is there: it comes once, in the order in which things happened.
	e := <-paid
	if order, err = svc.GetCollection(ctx, e.CollectionID); err != nil {
		return err
	}
	show.line("event %s: %s %s", e.Kind, payment.FormatAmount(e.Amount, e.CurrencyCode), e.CurrencyCode)
	show.line("order paid: it is %s", order.Status())

	stop()
	if err := errors.Join(show.err, server.Close(), <-running); err != nil {
		return err
	}
	if err := <-serving; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// checkout is what the shop does when the shopper presses "pay".
func checkout(ctx context.Context, svc *payment.Service) (*payment.PaymentCollection, *payment.PaymentSession, error) {
	price := decimal.RequireFromString("80")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	if err != nil {
		return nil, nil, err
	}
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		return nil, nil, err
	}
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{
		SessionID: session.ID, Input: payment.Data{"token": sandboxprovider.TokenDelayed},
	})
	if !errors.Is(err, payment.ErrPending) { // thank the shopper, and wait
		return nil, nil, fmt.Errorf("a bank transfer takes time: %w", err)
	}
	if order, err = svc.GetCollection(ctx, order.ID); err != nil {
		return nil, nil, err
	}
	session, err = svc.GetSession(ctx, session.ID)
	return order, session, err
}
