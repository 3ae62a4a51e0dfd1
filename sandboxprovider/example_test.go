package sandboxprovider_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The provider is called as the library calls it. A payment.Service does all this by itself.
func Example() {
	ctx := context.Background()
	gw := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	p := sandboxprovider.New(gw, sandboxprovider.Config{})

	r := payment.Request{
		IdempotencyKey: "key-1", SessionID: "payses_1", Amount: decimal.RequireFromString("10.99"), CurrencyCode: "USD",
	}
	s, err := p.Initialize(ctx, payment.InitializeRequest{Request: r})
	fmt.Println(s.State, s.Reference, err)

	r.Reference, r.IdempotencyKey = s.Reference, "key-2"
	r.Input = payment.Data{"token": sandboxprovider.TokenInsufficientFunds}
	_, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	fmt.Println(errors.Is(err, payment.ErrDeclined))

	r.IdempotencyKey, r.Input = "key-3", payment.Data{"token": sandboxprovider.TokenVisa}
	s, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	fmt.Println(s.State, s.Authorized, err)
	// Output:
	// pending int_000001 <nil>
	// true
	// authorized 10.99 <nil>
}

// The charge went through, and the answer was lost on its way. Asking by key tells, and repeating charges nobody twice.
func ExampleGateway_FailNext() {
	ctx := context.Background()
	gw := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	p := sandboxprovider.New(gw, sandboxprovider.Config{})
	r := payment.Request{
		IdempotencyKey: "key-1", SessionID: "payses_1", Amount: decimal.RequireFromString("10.99"), CurrencyCode: "USD",
	}
	s, err := p.Initialize(ctx, payment.InitializeRequest{Request: r})
	if err != nil {
		fmt.Println(err)
		return
	}

	gw.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	r.Reference, r.IdempotencyKey = s.Reference, "key-2"
	_, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	fmt.Println(err)

	s, err = p.Status(ctx, payment.StatusRequest{Request: r})
	fmt.Println(s.State, err)
	s, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	fmt.Println(s.State, err)
	fmt.Println("authorizations:", gw.Authorizations("payses_1"))
	// Output:
	// sandbox gateway: connection reset
	// authorized <nil>
	// authorized <nil>
	// authorizations: 1
}

// Money moves without the library, and its books have to follow.
func ExampleGateway_CaptureAtDashboard() {
	ctx := context.Background()
	gw := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	})
	p := sandboxprovider.New(gw, sandboxprovider.Config{})
	r := payment.Request{
		IdempotencyKey: "key-1", SessionID: "payses_1", Amount: decimal.RequireFromString("5000"), CurrencyCode: "JPY",
	}
	s, err := p.Initialize(ctx, payment.InitializeRequest{Request: r})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Reference, r.IdempotencyKey = s.Reference, "key-2"
	if _, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r}); err != nil {
		fmt.Println(err)
		return
	}

	captured, err := gw.CaptureAtDashboard(r.Reference, decimal.RequireFromString("2000"))
	fmt.Println(captured, err)
	for _, w := range gw.Webhooks() {
		m, err := p.VerifyWebhook(ctx, w)
		fmt.Println(m.EventID, m.Type, m.SessionID, err)
	}
	in, _ := gw.Intent(r.Reference)
	fmt.Println(in.Status, in.Captured, in.Capturable)
	// Output:
	// cap_000001 <nil>
	// evt_000001 intent.created payses_1 <nil>
	// evt_000002 intent.authorized payses_1 <nil>
	// evt_000003 capture.succeeded payses_1 <nil>
	// requires_capture 2000 3000
}

// A shopper passes the bank's challenge.
func ExampleGateway_CompleteChallenge() {
	ctx := context.Background()
	gw := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	p := sandboxprovider.New(gw, sandboxprovider.Config{})
	r := payment.Request{
		IdempotencyKey: "key-1", SessionID: "payses_1", Amount: decimal.RequireFromString("10.99"), CurrencyCode: "EUR",
	}
	s, err := p.Initialize(ctx, payment.InitializeRequest{Request: r})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Reference, r.IdempotencyKey = s.Reference, "key-2"
	r.Input = payment.Data{"token": sandboxprovider.Token3DS}
	s, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	fmt.Println(s.State, s.NextAction.Kind, err)

	fmt.Println(gw.CompleteChallenge(r.Reference, true))
	s, err = p.Status(ctx, payment.StatusRequest{Request: r})
	fmt.Println(s.State, err)
	// Output:
	// requires_more redirect <nil>
	// <nil>
	// authorized <nil>
}
