package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// token is the card that a shopper pays with.
func token(n int) string {
	if n%7 == 3 {
		return sandboxprovider.TokenDeclined
	}
	return sandboxprovider.TokenVisa
}

// trouble makes the gateway fail now and then.
func (s *shop) trouble(n int) {
	switch {
	case n%11 == 5:
		s.fail(1, sandboxprovider.FaultAnswerLost, sandboxprovider.MethodCapture)
	case n%13 == 7:
		s.fail(1, sandboxprovider.FaultConnectionRefused, sandboxprovider.MethodConfirm)
	}
}

// fail plans the same fault for the next calls of some methods.
func (s *shop) fail(calls int, kind sandboxprovider.FaultKind, methods ...sandboxprovider.Method) {
	for _, m := range methods {
		s.gateway.FailNext(m, slices.Repeat([]sandboxprovider.Fault{{Kind: kind}}, calls)...)
	}
}

// sell takes the money for one order.
func (s *shop) sell(ctx context.Context, card string) error {
	price := decimal.RequireFromString("25.90")
	order, err := s.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	if err != nil {
		return err
	}
	session, err := s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	if err != nil {
		return err
	}
	paid, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID, Input: payment.Data{"token": card}})
	if err != nil {
		return err
	}
	_, err = s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, IdempotencyKey: "parcel " + paid.ID})
	return err
}

// once has one bad day, on a clock of its own, and prints what an operator sees.
func once(ctx context.Context, out io.Writer) error {
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	s, err := open(options{
		now: func() time.Time { return now }, logger: slog.New(slog.DiscardHandler),
		wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	})
	if err != nil {
		return err
	}
	url, stop, err := s.listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = stop() }()
	day := []struct {
		what string
		do   func() error
		want error
	}{
		{"Two orders are paid", func() error {
			return errors.Join(s.sell(ctx, sandboxprovider.TokenVisa), s.sell(ctx, sandboxprovider.TokenVisa))
		}, nil},
		{"A card is declined", func() error { return s.sell(ctx, sandboxprovider.TokenDeclined) }, payment.ErrDeclined},
		{"A webhook is forged", func() error {
			_, err := s.HandleWebhook(ctx, "sandbox", payment.WebhookRequest{Body: []byte(`{"type":"intent.authorized"}`)})
			return err
		}, payment.ErrWebhookRefused},
		{"The answer to a capture is lost", func() error {
			s.fail(1, sandboxprovider.FaultAnswerLost, sandboxprovider.MethodCapture)
			return s.sell(ctx, sandboxprovider.TokenVisa)
		}, payment.ErrOutcomeUnknown},
		{"Reconcile asks what became of it", func() error {
			now = now.Add(time.Second)
			_, err := s.Reconcile(ctx)
			return err
		}, nil},
		{"The gateway goes silent", func() error {
			s.fail(10_000, sandboxprovider.FaultRequestLost, sandboxprovider.MethodCapture, sandboxprovider.MethodRetrieve)
			return s.sell(ctx, sandboxprovider.TokenVisa)
		}, payment.ErrOutcomeUnknown},
		{"It is silent for two days", func() error {
			for range 24 {
				now = now.Add(2 * time.Hour)
				if _, err := s.Reconcile(ctx); err != nil {
					return err
				}
			}
			return nil
		}, nil},
	}
	for _, step := range day {
		if err := step.do(); !errors.Is(err, step.want) {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Fprintln(out, step.what)
	}
	fmt.Fprintln(out, "\nAn operator sees")
	return show(ctx, out, url)
}

// seen are the metrics that once prints: those whose values depend on nothing but what was done.
func seen() []string {
	return []string{
		"payment_call_duration_seconds_count", "payment_event_recorded_total", "payment_method_duration_seconds_count", "payment_operation_attention_total",
		"payment_operation_count", "payment_operation_duration_seconds_count", "payment_operation_oldest_age_seconds", "payment_operation_started_total",
	}
}

// show fetches the metrics as Prometheus would.
func show(ctx context.Context, out io.Writer, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "{")
		if slices.Contains(seen(), name) {
			fmt.Fprintln(out, lines.Text())
		}
	}
	return lines.Err()
}
