package payment_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// shop is a Service over memstore with the sandbox gateway and manual payment, on a clock of its own.
type shop struct {
	*payment.Service
	t       *testing.T
	store   payment.Store
	gateway *sandboxprovider.Gateway
	clock   *clock
}

// clock is a clock that tests move. Waiting moves it, so that nothing is waited for.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.Advance(d)
	return ctx.Err()
}

// options says how a shop differs from the usual one.
type options struct {
	gateway  sandboxprovider.GatewayConfig
	sandbox  sandboxprovider.Config
	wrap     func(payment.Provider) payment.Provider // around the sandbox provider
	more     []payment.Provider
	store    payment.Store
	config   payment.Config
	realTime bool // the real clock, for tests with goroutines that wait for each other
}

func newShop(t *testing.T, o options) *shop {
	t.Helper()
	s := &shop{t: t, clock: newClock(), store: o.store}
	if o.config.Logger == nil {
		o.config.Logger = slog.New(slog.DiscardHandler)
	}
	if s.store == nil {
		s.store = memstore.New()
	}
	if !o.realTime {
		o.gateway.Now = s.clock.Now
		o.config.Now, o.config.Wait = s.clock.Now, s.clock.Wait
	}
	s.gateway = sandboxprovider.NewGateway(o.gateway)
	var sandbox payment.Provider = sandboxprovider.New(s.gateway, o.sandbox)
	if o.wrap != nil {
		sandbox = o.wrap(sandbox)
	}
	o.config.Providers = append([]payment.Provider{sandbox, manualprovider.New()}, o.more...)
	svc, err := payment.NewService(s.store, o.config)
	require.NoError(t, err)
	s.Service = svc
	return s
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// amount is an optional amount; empty means none.
func amount(s string) *decimal.Decimal {
	if s == "" {
		return nil
	}
	return new(dec(s))
}

// token is what a browser sends along to pay with.
func token(name string) payment.Data { return payment.Data{"token": name} }

func (s *shop) collection(amount, currency string) *payment.PaymentCollection {
	s.t.Helper()
	c, err := s.CreateCollection(s.t.Context(), payment.CreateCollectionParams{CurrencyCode: currency, Amount: dec(amount)})
	require.NoError(s.t, err)
	return c
}

func (s *shop) session(c *payment.PaymentCollection, provider, amount string) *payment.PaymentSession {
	s.t.Helper()
	x, err := s.CreateSession(s.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: dec(amount)})
	require.NoError(s.t, err)
	return x
}

func (s *shop) authorize(x *payment.PaymentSession) *payment.Payment {
	s.t.Helper()
	p, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	require.NoError(s.t, err)
	return p
}

// paid returns a payment of a new collection, all of it authorized by one provider.
func (s *shop) paid(provider, amount, currency string) *payment.Payment {
	s.t.Helper()
	return s.authorize(s.session(s.collection(amount, currency), provider, amount))
}

func (s *shop) capture(p *payment.Payment, what string) (*payment.Payment, error) {
	return s.CapturePayment(s.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount(what)})
}

func (s *shop) refund(p *payment.Payment, what string) (*payment.Payment, error) {
	return s.RefundPayment(s.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount(what)})
}

// fresh reads what is stored.
func (s *shop) fresh(collectionID string) *payment.PaymentCollection {
	s.t.Helper()
	c, err := s.GetCollection(s.t.Context(), collectionID)
	require.NoError(s.t, err)
	return c
}

func (s *shop) freshSession(id string) *payment.PaymentSession {
	s.t.Helper()
	x, err := s.GetSession(s.t.Context(), id)
	require.NoError(s.t, err)
	return x
}

// intent is the one object that the gateway has of a session.
func (s *shop) intent(sessionID string) sandboxprovider.Intent {
	s.t.Helper()
	var found []sandboxprovider.Intent
	for _, i := range s.gateway.Intents() {
		if i.SessionID == sessionID {
			found = append(found, i)
		}
	}
	require.Len(s.t, found, 1)
	return found[0]
}

// executed counts the gateway's requests of one method that did something.
func (s *shop) executed(m sandboxprovider.Method) int {
	n := 0
	for _, c := range s.gateway.Requests() {
		if c.Method == m && c.Executed {
			n++
		}
	}
	return n
}

// reconcile moves the clock and reconciles.
func (s *shop) reconcile(d time.Duration) *payment.Report {
	s.t.Helper()
	s.clock.Advance(d)
	r, err := s.Reconcile(s.t.Context())
	require.NoError(s.t, err)
	return r
}

func equalAmount(t *testing.T, want string, got decimal.Decimal) {
	t.Helper()
	require.True(t, dec(want).Equal(got), "want %s, got %s", want, got)
}
