package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/shopspring/decimal"
)

// question is a request on its way to the gateway.
type question struct {
	Key, CollectionID, SessionID, Reference string
	Amount                                  decimal.Decimal
	CurrencyCode                            string
}

// bank is the gateway: the library's sandbox, behind HTTP. It outlives the shop.
type bank struct {
	gateway  *sandboxprovider.Gateway
	sandbox  *sandboxprovider.Provider
	charged  chan struct{} // closed when a card was charged for the first time
	firstOne sync.Once
}

func newBank() *bank {
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{Now: noon})
	return &bank{gateway: gateway, sandbox: sandboxprovider.New(gateway, sandboxprovider.Config{}), charged: make(chan struct{})}
}

// ServeHTTP does what the path says. The first charge is executed, and never answered.
func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q question
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now, err := b.do(r.Context(), r.URL.Path, payment.Request{IdempotencyKey: q.Key, CollectionID: q.CollectionID, SessionID: q.SessionID,
		Reference: q.Reference, Amount: q.Amount, CurrencyCode: q.CurrencyCode})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.URL.Path == "/authorize" {
		b.firstOne.Do(func() {
			close(b.charged)
			<-r.Context().Done() // until who asked is gone
		})
	}
	now.Private = nil // its keys stay here
	if err := json.NewEncoder(w).Encode(now); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (b *bank) do(ctx context.Context, path string, q payment.Request) (payment.Snapshot, error) {
	switch path {
	case "/initialize":
		return b.sandbox.Initialize(ctx, payment.InitializeRequest{Request: q})
	case "/authorize":
		return b.sandbox.Authorize(ctx, payment.AuthorizeRequest{Request: q})
	case "/status":
		return b.sandbox.Status(ctx, payment.StatusRequest{Request: q})
	}
	return payment.Snapshot{}, fmt.Errorf("no such path: %s", path)
}

// print prints what the gateway knows.
func (b *bank) print(show *screen, title string) error {
	show.printf("\n%s\n", title)
	for _, i := range b.gateway.Intents() {
		show.printf("  %s  authorized %s %s, by %d authorization\n", i.Reference, i.Authorized.StringFixed(2), i.CurrencyCode,
			b.gateway.Authorizations(i.SessionID))
	}
	return show.err
}

// cards is the shop's side: the payment.Provider for this gateway.
type cards struct{ url string }

func (c *cards) ID() string { return "cards" }

// Describe promises what the gateway keeps: a key is executed once, and can be asked about.
func (c *cards) Describe() payment.ProviderInfo {
	return payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true}
}

func (c *cards) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return c.ask(ctx, "/initialize", r.Request)
}

func (c *cards) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return c.ask(ctx, "/authorize", r.Request)
}

func (c *cards) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return c.ask(ctx, "/status", r.Request)
}

// ask sends a request. Every error is of the kind "unknown": nothing is ever repeated on a guess.
func (c *cards) ask(ctx context.Context, path string, q payment.Request) (now payment.Snapshot, err error) {
	body, err := json.Marshal(question{q.IdempotencyKey, q.CollectionID, q.SessionID, q.Reference, q.Amount, q.CurrencyCode})
	if err != nil {
		return now, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return now, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return now, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read to its end, or is of no use
	if answer.StatusCode != http.StatusOK {
		return now, fmt.Errorf("the gateway answered %s", answer.Status)
	}
	err = json.NewDecoder(answer.Body).Decode(&now)
	return now, err
}

var (
	_ payment.Provider  = (*cards)(nil)
	_ payment.Describer = (*cards)(nil)
)
