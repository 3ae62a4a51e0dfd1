// Package acmeprovider is the provider of docs/writing-a-provider.md, for a gateway that does not exist: Acme takes cards over a small HTTP
// interface, as most gateways do. gateway_test.go has such a gateway in memory, provider_test.go runs the conformance kit.
//
//	go test -v ./examples/acmeprovider
package acmeprovider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// Config is what a merchant knows about an account at Acme. Key is required.
type Config struct {
	ID             string       // the provider's ID; "acme" if empty. Two accounts are two providers
	URL            string       // where Acme is; https://api.acme.example if empty
	Key            string       // the secret API key. It goes into a header, and nowhere else
	WebhookSecrets []string     // what webhooks may be signed with: two while one is replaced
	HTTPClient     *http.Client // for proxies and measuring; one with a timeout of 12 s if nil. It must not retry
}

// Provider takes payments by Acme. Make one with [New]. It is safe for concurrent use.
type Provider struct {
	cfg Config
}

// New returns a provider. It calls nobody.
//
// The error matches [payment.ErrInvalid] and names the field. It quotes no key.
func New(cfg Config) (*Provider, error) {
	if cfg.Key == "" {
		return nil, &payment.InvalidError{Field: "Key", Rule: "is required"}
	}
	if cfg.ID == "" {
		cfg.ID = "acme"
	}
	if cfg.URL == "" {
		cfg.URL = "https://api.acme.example"
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: 12 * time.Second} // less than payment.Config.CallTimeout
	}
	return &Provider{cfg: cfg}, nil
}

// ID returns Config.ID.
func (p *Provider) ID() string { return p.cfg.ID }

// Describe declares what Acme's documentation promises, and nothing more.
func (p *Provider) Describe() payment.ProviderInfo { return info() }

func info() payment.ProviderInfo {
	return payment.ProviderInfo{
		KeyTTL:        24 * time.Hour,
		MultiCapture:  true,
		PartialRefund: true,
		Currencies:    map[string]payment.CurrencyRule{"KWD": {Digits: 3, Step: 10}},
	}
}

// Initialize makes an order. The browser gets its client token.
func (p *Provider) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	amount, err := minorUnits(r.Request)
	if err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	return p.change(ctx, r.Request, "/orders", body{
		Session: r.SessionID, Collection: r.CollectionID, Amount: amount, Currency: r.CurrencyCode,
	})
}

// Authorize pays the order with the card that the browser's token stands for. Back from a challenge there is no token, and it only asks.
func (p *Provider) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	token, _ := r.Input["token"].(string)
	if token == "" {
		return payment.AuthorizeByStatus(ctx, p, r)
	}
	if !strings.HasPrefix(token, "tok_") || len(token) > 64 { // untrusted: nothing else is passed on
		return payment.Snapshot{}, payment.Declined("invalid_token", "the token is none of Acme's")
	}
	return p.change(ctx, r.Request, orderPath(r.Request, "/authorize"), body{Token: token})
}

// Status reads the order, and searches for it by our session where its ID was lost.
func (p *Provider) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	if r.Reference != "" {
		o, err := p.read(ctx, orderPath(r.Request, ""))
		return o.snapshot(), err
	}
	var found struct {
		Orders []order `json:"orders"`
	}
	err := p.send(ctx, http.MethodGet, "/orders?session="+url.QueryEscape(r.SessionID), "", nil, &found)
	switch {
	case err != nil:
		return payment.Snapshot{}, err
	case len(found.Orders) == 0:
		return payment.Snapshot{State: payment.SnapshotNotFound}, nil
	case len(found.Orders) > 1:
		return payment.Snapshot{}, errors.New("acme: two orders for one session") // a person sees it, once asking is given up
	}
	return found.Orders[0].snapshot(), nil
}

// orderPath is where the request's order is, or a part of it.
func orderPath(r payment.Request, part string) string {
	return "/orders/" + url.PathEscape(r.Reference) + part
}

var (
	_ payment.Provider  = (*Provider)(nil)
	_ payment.Describer = (*Provider)(nil)
)
