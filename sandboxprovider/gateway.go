package sandboxprovider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	defaultKeyTTL  = 24 * time.Hour
	defaultBaseURL = "https://sandbox.example"
	defaultAccount = "acct_sandbox"
	defaultSecret  = "sandbox_webhook_secret"
)

// GatewayConfig says how a [Gateway] behaves. The zero value is a card gateway with idempotency keys that last 24 hours,
// several captures, partial refunds, and movements that are done at once.
type GatewayConfig struct {
	// Now is the gateway's only clock. It may be asked at any time and must not call the gateway. nil means time.Now.
	Now func() time.Time
	// NewID names an object, given a prefix such as "int_". It must not call the gateway. nil counts: int_000001, int_000002.
	NewID func(prefix string) string
	// Account is the merchant account named in every answer. Empty means acct_sandbox.
	Account string
	// KeyTTL is for how long an idempotency key replays its stored answer. 0 or less means 24 hours.
	KeyTTL time.Duration
	// NoKeys is a gateway that knows no idempotency keys: every request is executed, and nothing is found by key.
	NoKeys bool
	// AutoCapture takes the whole amount as soon as it is authorized, by a movement without key.
	AutoCapture bool
	// SingleCapture makes every capture final.
	SingleCapture bool
	// WholeRefunds refuses to give back less than all that was captured and not given back yet.
	WholeRefunds bool
	// AsyncCaptures accepts captures as pending, until [Gateway.ResolveMovement].
	AsyncCaptures bool
	// AsyncRefunds accepts refunds as pending, until [Gateway.ResolveMovement].
	AsyncRefunds bool
	// AuthorizationLife is how long what is not captured stays held. 0 means for ever.
	AuthorizationLife time.Duration
	// IntentLife is how long an intent waits to be authorized before it is canceled. 0 means for ever.
	IntentLife time.Duration
	// Currencies holds the currencies that this gateway counts in another way than ISO 4217, by code in upper case.
	Currencies map[string]payment.CurrencyRule
	// BaseURL is where [Gateway.Handler] is mounted, for challenge pages: https, or http to localhost. Empty means
	// https://sandbox.example.
	BaseURL string
	// WebhookSecrets sign every webhook, each with a v1 of its own, as gateways do while a secret is rotated. Empty means one
	// secret that anybody can read in the source: good enough for a gateway that moves no money.
	WebhookSecrets []string
	// OnWebhook is called with every webhook, one after the other, on the goroutine of the call that caused it, before that
	// call's answer is handed out and with no lock held. nil keeps them for [Gateway.Webhooks].
	OnWebhook func(payment.WebhookRequest)
	// Fault decides what goes wrong with a call. It is asked with no lock held, and only where [Gateway.FailNext] has nothing
	// planned. nil means that nothing does.
	Fault func(Call) Fault
}

// Gateway is a simulated payment gateway with books of its own. It is safe for concurrent use, starts no goroutine and knows no
// clock but [GatewayConfig].Now: the same calls give the same books. Nothing is kept but in memory.
type Gateway struct {
	cfg GatewayConfig

	mu       sync.Mutex
	counters map[string]int       // for NewID, by prefix
	intents  []*intent            // in order of creation
	byID     map[string]*intent   // the same, by reference
	bySess   map[string][]*intent // the same, by session
	byClient map[string]*intent   // the same, by client token
	stored   map[string]storedKey // answers to replay, by key
	executed map[string][]*intent // what requests with a key were executed on; never forgotten
	underWay map[string]bool      // keys of requests that are being worked on
	calls    []*Call              // the log
	planned  map[Method][]Fault   // FailNext
	delayed  []delayedRequest     // FaultRequestDelayed
	outbox   []webhookBody        // webhooks not handed out yet
}

// NewGateway returns a gateway with empty books.
func NewGateway(cfg GatewayConfig) *Gateway {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.KeyTTL <= 0 {
		cfg.KeyTTL = defaultKeyTTL
	}
	if cfg.Account == "" {
		cfg.Account = defaultAccount
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = defaultBaseURL
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	cfg.Currencies = maps.Clone(cfg.Currencies)
	cfg.WebhookSecrets = slices.Clone(cfg.WebhookSecrets)
	if len(cfg.WebhookSecrets) == 0 {
		cfg.WebhookSecrets = []string{defaultSecret}
	}
	return &Gateway{
		cfg:      cfg,
		counters: map[string]int{},
		byID:     map[string]*intent{},
		bySess:   map[string][]*intent{},
		byClient: map[string]*intent{},
		stored:   map[string]storedKey{},
		executed: map[string][]*intent{},
		underWay: map[string]bool{},
		planned:  map[Method][]Fault{},
	}
}

// now is the gateway's time, as all its books have it.
func (g *Gateway) now() time.Time { return g.cfg.Now().UTC().Truncate(time.Microsecond) }

// locked runs f with the books locked, then hands out the webhooks that it caused.
func (g *Gateway) locked(f func(now time.Time)) {
	now := g.now()
	g.mu.Lock()
	f(now)
	var out []webhookBody
	if g.cfg.OnWebhook != nil {
		out, g.outbox = g.outbox, nil
	}
	g.mu.Unlock()
	for _, m := range out {
		g.cfg.OnWebhook(g.seal(m, now))
	}
}

// newID names an object.
func (g *Gateway) newID(prefix string) string {
	if g.cfg.NewID != nil {
		return g.cfg.NewID(prefix)
	}
	g.counters[prefix]++
	return fmt.Sprintf("%s%06d", prefix, g.counters[prefix])
}

// token derives a value that cannot be guessed from an ID: the same one in every run, as the rest of the gateway.
func (g *Gateway) token(prefix, id string) string {
	mac := hmac.New(sha256.New, []byte(g.cfg.WebhookSecrets[0]))
	mac.Write([]byte(prefix + id))
	return prefix + hex.EncodeToString(mac.Sum(nil)[:16])
}

// rule is how this gateway counts a currency.
func (g *Gateway) rule(code string) (payment.CurrencyRule, error) {
	return payment.ProviderInfo{Currencies: g.cfg.Currencies}.CurrencyRule(code)
}

// find returns the intent with an ID, as it is now, or nil.
func (g *Gateway) find(id string, now time.Time) *intent {
	in := g.byID[id]
	if in != nil {
		g.lapse(in, now)
	}
	return in
}

// findSession returns the intent of a session that matters most: the first with money on it, or else the newest that is not
// canceled, or else the newest; nil when there is none.
func (g *Gateway) findSession(session string, now time.Time) *intent {
	var best *intent
	rank := -1
	for _, in := range g.bySess[session] {
		g.lapse(in, now)
		r := 1
		switch in.status() {
		case IntentCanceled:
			r = 0
		case IntentRequiresCapture, IntentSucceeded:
			r = 2
		}
		if r > rank || r == rank && r < 2 {
			best, rank = in, r
		}
	}
	return best
}

// findClient returns the intent that a browser knows by its client token, as it is now, or nil.
func (g *Gateway) findClient(token string, now time.Time) *intent {
	in := g.byClient[token]
	if in != nil {
		g.lapse(in, now)
	}
	return in
}
