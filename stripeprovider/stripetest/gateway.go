package stripetest

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// What New fills in where Config says nothing.
const (
	DefaultSecretKey      = "sk_test_stripetest"  //nolint:gosec // Config.SecretKey: made up, and public
	DefaultPublishableKey = "pk_test_stripetest"  // for a provider's config; the gateway itself refuses it
	DefaultWebhookSecret  = "whsec_stripetest"    // Config.WebhookSecret
	defaultAccount        = "acct_stripetest0001" // the account of Config.SecretKey
	defaultKeyTTL         = 24 * time.Hour
	authorizationLife     = 7 * 24 * time.Hour
)

// Config says how a gateway behaves. The zero value is ready for use.
type Config struct {
	// SecretKey is the only key that requests may bring. Empty means DefaultSecretKey.
	SecretKey string
	// WebhookSecret signs what [Gateway.Sign] returns. Empty means DefaultWebhookSecret.
	WebhookSecret string
	// Accounts are the connected accounts, acct_…, that the header Stripe-Account may name. Empty means that none may be named.
	Accounts []string
	// MultiCapture says that multicapture is available for cards, as on an account with IC+ pricing. A request asks for it with
	// payment_method_options[card][request_multicapture]=if_available.
	MultiCapture bool
	// SlowCapture has a capture leave its intent processing, until [Gateway.ResolveDelayed] decides. Where multicapture is available it does not.
	SlowCapture bool
	// KeyTTL is for how long an idempotency key is remembered, by Now. 0 means 24 hours.
	KeyTTL time.Duration
	// Now is the gateway's clock. nil means time.Now.
	Now func() time.Time
}

// Gateway is a payment gateway that answers as Stripe does, on a port of this machine, with books of its own. It is safe for
// concurrent use. No money moves.
type Gateway struct {
	cfg     Config
	address string
	server  *http.Server
	closed  chan struct{}

	mu       sync.Mutex
	listener net.Listener // nil while disconnected
	gone     bool         // Close was called

	sequence  int
	intents   []*intent
	index     map[string]*intent // by ID, as search sees them
	lagging   bool               // nothing is indexed
	customers map[string]bool
	tokens    map[string]*confirmationToken
	methods   map[string]paymentMethod // payment methods that were made of test ones, by ID
	disputes  []*dispute
	keys      map[string]*keyRecord
	planned   map[Operation][]Fault
	stalled   chan struct{} // requests wait for it after they were executed; nil where none do
	asking    string        // the key of the request that is executed just now
	requests  []Request
	events    []Event
}

// New starts a gateway. It must be closed.
//
// The error says that no port could be opened.
func New(cfg Config) (*Gateway, error) {
	if cfg.SecretKey == "" {
		cfg.SecretKey = DefaultSecretKey
	}
	if cfg.WebhookSecret == "" {
		cfg.WebhookSecret = DefaultWebhookSecret
	}
	if cfg.KeyTTL <= 0 {
		cfg.KeyTTL = defaultKeyTTL
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Gateway{
		cfg: cfg, closed: make(chan struct{}), index: map[string]*intent{}, customers: map[string]bool{},
		tokens: map[string]*confirmationToken{}, methods: map[string]paymentMethod{}, keys: map[string]*keyRecord{},
		planned: map[Operation][]Fault{},
	}
	g.server = &http.Server{Handler: http.HandlerFunc(g.serve), ReadHeaderTimeout: time.Minute}
	// Every request has a connection of its own: a client repeats by itself what was lost on one that it had used before, and then
	// an answer that a test wants lost is found again unseen.
	g.server.SetKeepAlivesEnabled(false)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("stripetest: %w", err)
	}
	g.address = listener.Addr().String()
	g.accept(listener)
	return g, nil
}

// URL is where the gateway listens, such as http://127.0.0.1:40123: a client's base URL, without a slash at its end.
func (g *Gateway) URL() string { return "http://" + g.address }

// Close ends the gateway and every request that is under way. It may be called more than once.
func (g *Gateway) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return
	}
	g.gone, g.listener = true, nil
	close(g.closed)
	_ = g.server.Close() // nobody is left to tell
}

// Disconnect closes the port: connections are refused from now on, until Reconnect.
func (g *Gateway) Disconnect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close() // it is closed already
		g.listener = nil
	}
}

// Reconnect opens the same port again.
//
// The error says that it could not be opened, or that the gateway was closed.
func (g *Gateway) Reconnect() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return errors.New("stripetest: the gateway was closed")
	}
	if g.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		return fmt.Errorf("stripetest: %w", err)
	}
	g.accept(listener)
	return nil
}

// accept serves a listener. g.mu is held, or nobody else knows g.
func (g *Gateway) accept(listener net.Listener) {
	g.listener = listener
	go func() { _ = g.server.Serve(listener) }() // it ends when the listener is closed
}

// NewCustomer makes a customer, and returns its ID. Requests that name another are refused.
func (g *Gateway) NewCustomer() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := g.newID("cus")
	g.customers[id] = true
	return id
}

// now is the gateway's time, in Stripe's unit.
func (g *Gateway) now() int64 { return g.cfg.Now().Unix() }

// newID returns an ID as Stripe makes them. g.mu is held.
func (g *Gateway) newID(prefix string) string {
	g.sequence++
	return fmt.Sprintf("%s_3%s%07d", prefix, secretText(prefix, g.sequence)[:16], g.sequence)
}

// secretText returns 25 characters that cannot be told from others.
func secretText(of string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", of, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:25]
}

// find returns the account's intent, or nil. g.mu is held.
func (g *Gateway) find(account, id string) *intent {
	for _, in := range g.intents {
		if in.id == id && in.account == account {
			return in
		}
	}
	return nil
}

// findCharge returns the account's charge, or nil. g.mu is held.
func (g *Gateway) findCharge(account, id string) *charge {
	for _, in := range g.intents {
		for _, c := range in.charges {
			if c.id == id && in.account == account {
				return c
			}
		}
	}
	return nil
}

// findRefund returns the account's refund, or nil. g.mu is held.
func (g *Gateway) findRefund(account, id string) *refund {
	for _, in := range g.intents {
		for _, c := range in.charges {
			for _, r := range c.refunds {
				if r.id == id && in.account == account {
					return r
				}
			}
		}
	}
	return nil
}
