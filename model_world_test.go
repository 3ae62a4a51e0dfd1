package payment_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// world is what TestModel and TestChaos play. Nothing in it runs at the same time as anything else: what gets in between does so as a
// nested step.
type world struct {
	rand     *rand.Rand
	now      time.Time
	minted   uint64 // IDs so far
	store    *memstore.Store
	services [2]*payment.Service
	faulty   bool // things go wrong
	depth    int  // of nested steps
	patience int  // how often the caller waits before he gives up
	actor    int  // who is at work: each step is somebody else
	actors   int  // so far

	gatewayConfig sandboxprovider.GatewayConfig
	sandboxConfig sandboxprovider.Config
	gateway       *sandboxprovider.Gateway
	delayedAt     time.Time // when the oldest request that is still under way was sent; zero: there is none

	collections []string // IDs that the host knows
	sessions    []string

	lastSession  map[string]*payment.PaymentSession // as last committed, by ID
	lastVersion  map[string]int64                   // of collections
	lastCaptures map[string]payment.MovementState
	executors    map[string]executor // of operations
	called       map[string]int      // calls that may have had an effect, by idempotency key

	trace  []string
	broken []string // what must not be
	total  tally
}

// newWorld returns a world without a gateway.
func newWorld(seed uint64, total tally) *world {
	return &world{
		rand: rand.New(rand.NewPCG(seed, 0)), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), store: memstore.New(), total: total,
		lastSession: map[string]*payment.PaymentSession{}, lastVersion: map[string]int64{},
		lastCaptures: map[string]payment.MovementState{}, executors: map[string]executor{}, called: map[string]int{},
	}
}

// useSandbox gives the world a gateway of some kind, and services that reach it through what goes wrong.
func (w *world) useSandbox() {
	w.faulty = !w.oneIn(6)
	w.gatewayConfig = sandboxprovider.GatewayConfig{
		NoKeys: w.oneIn(4), SingleCapture: w.oneIn(4), WholeRefunds: w.oneIn(5), AsyncCaptures: w.oneIn(4), AsyncRefunds: w.oneIn(4), AutoCapture: w.oneIn(8),
		Now: func() time.Time { return w.now }, Fault: w.gatewayFault,
	}
	if w.oneIn(4) {
		w.gatewayConfig.KeyTTL = time.Hour
	}
	if w.oneIn(4) {
		w.gatewayConfig.AuthorizationLife = 5 * 24 * time.Hour
	}
	if w.oneIn(4) {
		w.gatewayConfig.IntentLife = 2 * time.Hour
	}
	w.sandboxConfig = sandboxprovider.Config{ClientConfirms: w.oneIn(4), NoStatus: w.oneIn(8)}
	w.gateway = sandboxprovider.NewGateway(w.gatewayConfig)
	g := w.gatewayConfig
	w.log("faults %t, %s, whole refunds %t, async captures %t, refunds %t, auto capture %t, keys live %s, authorizations %s, intents %s", w.faulty,
		w.variant(), g.WholeRefunds, g.AsyncCaptures, g.AsyncRefunds, g.AutoCapture, g.KeyTTL, g.AuthorizationLife, g.IntentLife)
	w.start(&watched{sandboxprovider.New(w.gateway, w.sandboxConfig), w})
}

// variant says what a gateway lacks.
func (w *world) variant() string {
	lacks := []string{}
	for _, l := range []struct {
		name string
		is   bool
	}{
		{"keys", w.gatewayConfig.NoKeys}, {"status", w.sandboxConfig.NoStatus}, {"server-side confirmation", w.sandboxConfig.ClientConfirms},
	} {
		if l.is {
			lacks = append(lacks, l.name)
		}
	}
	if len(lacks) == 0 {
		return "a full gateway"
	}
	return "a gateway without " + strings.Join(lacks, " and ")
}

// start starts both processes.
func (w *world) start(p payment.Provider) {
	for i := range w.services {
		svc, err := payment.NewService(&watchedStore{w.store, w}, payment.Config{
			Providers: []payment.Provider{p}, Now: func() time.Time { return w.now }, NewID: w.newID, Wait: w.wait,
			MaxSessionDeclines: 50, MaxCollectionDeclines: 200,
		})
		if err != nil {
			panic(err)
		}
		w.services[i] = svc
	}
}

func (w *world) newID() (id uuid.UUID) {
	w.minted++
	id[0] = 1
	binary.BigEndian.PutUint64(id[8:], w.minted)
	return id
}

// wait moves the clock. A caller who has waited often enough gives up, but not within a pause as short as those between conflicts.
func (w *world) wait(ctx context.Context, d time.Duration) error {
	if w.patience--; w.patience < 0 && d >= 5*time.Millisecond && ctx.Value(patient{}) != nil {
		w.inject(faultCallerGone)
		return context.Canceled
	}
	w.advance(d)
	return ctx.Err()
}

// maxDelay is how long a request may be under way: somewhat less than the 15 minutes that a provider has if it says nothing else.
const maxDelay = 13 * time.Minute

// advance moves the clock, and lets the requests that are under way arrive when they must.
func (w *world) advance(d time.Duration) {
	until := w.now.Add(d)
	if latest := w.delayedAt.Add(maxDelay); !w.delayedAt.IsZero() && until.After(latest) {
		if latest.After(w.now) {
			w.now = latest
		}
		w.deliver()
	}
	w.now = until
}

// deliver lets the requests that are under way arrive.
func (w *world) deliver() {
	w.delayedAt = time.Time{}
	if n := w.gateway.DeliverDelayed(); n > 0 {
		w.log("%d delayed requests arrive", n)
	}
}

// fail says what must not be.
func (w *world) fail(format string, args ...any) {
	if len(w.broken) < 5 {
		w.broken = append(w.broken, fmt.Sprintf(format, args...))
	}
	w.log("!!! "+format, args...)
}

func (w *world) log(format string, args ...any) {
	w.trace = append(w.trace, w.now.Format("02T15:04:05.000 ")+strings.Repeat("  ", w.depth)+fmt.Sprintf(format, args...))
}

// know remembers a session, so that the host can go on with it.
func (w *world) know(sessionID string) {
	if !slices.Contains(w.sessions, sessionID) {
		w.sessions = append(w.sessions, sessionID)
	}
}

// short is the end of an ID, which is enough to tell it from others.
func short(id string) string { return id[max(0, len(id)-6):] }
