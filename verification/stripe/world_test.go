package stripe

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sqlitestore"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// clock is a clock that tests move. Waiting moves it, so that nothing is waited for.
type clock struct {
	mu sync.Mutex
	at time.Time
}

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

// options says what is special about a world.
type options struct {
	gateway  stripetest.Config
	provider stripeprovider.Config
	config   payment.Config
	realTime bool // goroutines wait for each other
}

// world is a shop, its store, and a gateway that answers as Stripe does. Whatever happens between them, in the end the gateway's books and
// the shop's rows say the same.
type world struct {
	*payment.Service
	t        *testing.T
	o        options
	clock    *clock
	gateway  *stripetest.Gateway
	provider *stripeprovider.Provider
	store    *mortal
	killer   *killer
	open     func() payment.Store // the same store again
	events   []payment.Event      // as told
	mu       sync.Mutex
}

// mortal is the store of a process that can die: nothing is read or written by it after that.
type mortal struct {
	payment.Store
	mu   sync.Mutex
	dead bool
}

var errDead = errors.New("the process is dead")

func (m *mortal) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

func (m *mortal) alive() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	return nil
}

func (m *mortal) Commit(ctx context.Context, c *payment.Changes) error {
	if err := m.alive(); err != nil {
		return err
	}
	return m.Store.Commit(ctx, c)
}

func (m *mortal) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Store.Load(ctx, by)
}

func (m *mortal) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Store.List(ctx, kind, f, p)
}

func (m *mortal) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Store.Claim(ctx, kind, now, until, limit)
}

func (m *mortal) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if err := m.alive(); err != nil {
		return err
	}
	return m.Store.Done(ctx, d, again)
}

func (m *mortal) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	if err := m.alive(); err != nil {
		return err
	}
	return m.Store.PutDelivery(ctx, d)
}

// each runs a test over every store.
func each(t *testing.T, o options, f func(w *world)) {
	t.Helper()
	for _, name := range []string{"memory", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(newWorld(t, name, o))
		})
	}
}

func newWorld(t *testing.T, store string, o options) *world {
	t.Helper()
	w := &world{t: t, o: o, clock: &clock{at: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}}
	if !o.realTime {
		w.o.gateway.Now = w.clock.Now
	}
	gw, err := stripetest.New(w.o.gateway)
	require.NoError(t, err)
	t.Cleanup(gw.Close)
	w.gateway = gw
	w.open = opener(t, store)
	w.start()
	return w
}

// opener returns what opens the same store again and again, as processes do that follow one another.
func opener(t *testing.T, store string) func() payment.Store {
	if store == "memory" {
		s := memstore.New()
		return func() payment.Store { return s }
	}
	path := filepath.Join(t.TempDir(), "payment.db")
	var last *sqlitestore.Store
	t.Cleanup(func() { require.NoError(t, last.Close()) })
	return func() payment.Store {
		if last != nil {
			require.NoError(t, last.Close())
		}
		s, err := sqlitestore.Open(path, sqlitestore.Config{})
		require.NoError(t, err)
		last = s
		return s
	}
}

// start begins a process: the first, or the next one after it has died.
func (w *world) start() {
	w.t.Helper()
	w.store = &mortal{Store: w.open()}
	cfg := w.o.provider
	cfg.SecretKey, cfg.PublishableKey = stripetest.DefaultSecretKey, stripetest.DefaultPublishableKey
	cfg.WebhookSecrets, cfg.BaseURL = []string{stripetest.DefaultWebhookSecret}, w.gateway.URL()
	if cfg.HTTPClient == nil {
		w.killer = &killer{store: w.store}
		cfg.HTTPClient = &http.Client{Transport: w.killer}
	}
	p, err := stripeprovider.New(cfg)
	require.NoError(w.t, err)
	w.provider = p
	c := w.o.config
	c.Providers = []payment.Provider{p}
	if !w.o.realTime {
		c.Now, c.Wait = w.clock.Now, w.clock.Wait
	}
	c.OnEvent = func(_ context.Context, e payment.Event) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
		return nil
	}
	svc, err := payment.NewService(w.store, c)
	require.NoError(w.t, err)
	w.Service = svc
}

// killer ends the process as soon as the gateway has answered the request that it waits for.
type killer struct {
	store *mortal
	mu    sync.Mutex
	path  string // how the request's path ends; empty: no request is waited for
}

// after has the process die after the next POST whose path ends so.
func (k *killer) after(path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.path = path
}

func (k *killer) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.path != "" && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, k.path) {
		k.store.die()
		k.path = ""
	}
	return res, err
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func amount(s string) *decimal.Decimal { return new(dec(s)) }

// order opens a collection with one session of the whole amount.
func (w *world) order(amount, currency string, context payment.Data) *payment.PaymentSession {
	w.t.Helper()
	c, err := w.CreateCollection(w.t.Context(), payment.CreateCollectionParams{CurrencyCode: currency, Amount: dec(amount)})
	require.NoError(w.t, err)
	x, err := w.CreateSession(w.t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "stripe", Amount: dec(amount), Context: payment.NewPrivate(context),
	})
	require.NoError(w.t, err)
	return x
}

// secret is what the page confirms with.
func (w *world) secret(x *payment.PaymentSession) string {
	w.t.Helper()
	s, ok := x.Data["client_secret"].(string)
	require.True(w.t, ok, "%v", x.Data)
	return s
}

// authorize asks, with what the page has sent along.
func (w *world) authorize(x *payment.PaymentSession, input payment.Data) (*payment.Payment, error) {
	return w.AuthorizeSession(w.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: input})
}

// paid returns an order that was paid by card in the browser.
func (w *world) paid(amount, currency string) *payment.Payment {
	w.t.Helper()
	x := w.order(amount, currency, nil)
	require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
	p, err := w.authorize(x, nil)
	require.NoError(w.t, err)
	return p
}

// fresh reads a session.
func (w *world) fresh(id string) *payment.PaymentSession {
	w.t.Helper()
	x, err := w.GetSession(w.t.Context(), id)
	require.NoError(w.t, err)
	return x
}

// payment reads a payment.
func (w *world) payment(id string) *payment.Payment {
	w.t.Helper()
	p, err := w.GetPayment(w.t.Context(), id)
	require.NoError(w.t, err)
	return p
}

// deliver sends the gateway's events of some types to the shop, oldest first; none means all.
func (w *world) deliver(types ...string) []*payment.WebhookResult {
	w.t.Helper()
	var results []*payment.WebhookResult
	for _, e := range w.gateway.Events() {
		wanted := len(types) == 0
		for _, kind := range types {
			wanted = wanted || e.Type == kind
		}
		if wanted {
			results = append(results, w.webhook(e))
		}
	}
	require.NotEmpty(w.t, results, "the gateway has no such event")
	return results
}

func (w *world) webhook(e stripetest.Event) *payment.WebhookResult {
	w.t.Helper()
	header, body := w.gateway.Sign(e)
	now := w.clock.Now()
	if w.o.realTime {
		now = time.Now()
	}
	r, err := w.HandleWebhook(w.t.Context(), "stripe", payment.WebhookRequest{Header: header, Body: body, Now: now})
	require.NoError(w.t, err)
	return r
}

// reconcile does what is due, and lets time pass, as often as that takes at most.
func (w *world) reconcile(rounds int, step time.Duration) {
	w.t.Helper()
	for range rounds {
		w.clock.Advance(step)
		if _, err := w.Reconcile(w.t.Context()); w.store.alive() == nil {
			require.NoError(w.t, err)
		}
	}
}

// told returns how often an event was told.
func (w *world) told(kind payment.EventKind) int {
	w.reconcile(2, time.Second)
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// agree compares the gateway's books with the shop's rows: every session has one intent at most, whose shopper was charged once at most,
// and what was authorized, taken and given back is the same on both sides.
func (w *world) agree() { w.compare(true) }

// totals is agree where rows of ours are there that moved nothing.
func (w *world) totals() { w.compare(false) }

func (w *world) compare(rows bool) {
	w.t.Helper()
	ctx := w.t.Context()
	sessions, err := w.ListSessions(ctx, payment.ListParams{Limit: 100})
	require.NoError(w.t, err)
	known := 0
	for _, x := range sessions.Items {
		intents := w.gateway.IntentsWith("payment_session_id", x.ID)
		require.LessOrEqual(w.t, len(intents), 1, "one session has one intent")
		known += len(intents)
		var book stripetest.Intent
		if len(intents) > 0 {
			book = intents[0]
			require.Equal(w.t, book.ID, x.Reference)
			if book.Status == stripetest.StatusCanceled && x.PaymentID == "" {
				require.Equal(w.t, payment.StatusCanceled, x.Status)
				book.Authorized = 0 // the shop has heard of the end alone
			}
		}
		require.LessOrEqual(w.t, book.Authorizations, 1, "a shopper is charged once")
		rule, err := w.provider.Describe().CurrencyRule(x.CurrencyCode)
		require.NoError(w.t, err)
		var p payment.Payment
		if x.PaymentID != "" {
			p = *w.payment(x.PaymentID)
		}
		for _, c := range []struct {
			what string
			here decimal.Decimal
			book int64
		}{
			{"authorized", p.Authorized, book.Authorized}, {"captured", p.Captured, book.Captured}, {"refunded", p.Refunded, book.Refunded},
			{"capturable", p.Capturable, book.Capturable},
		} {
			there := rule.FromMinorUnits(c.book)
			require.True(w.t, c.here.Equal(there), "%s: %s in the rows and %s in the books: %+v", c.what, c.here, there, book)
		}
		if rows {
			require.Len(w.t, p.Refunds, len(book.Refunds), "one row for each refund")
			require.Len(w.t, p.Captures, len(book.Captures), "one row for each capture")
		}
	}
	require.Len(w.t, w.gateway.Intents(), known, "every intent is of a session")
}
