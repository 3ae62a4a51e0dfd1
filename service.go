package payment

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Config is what a [Service] is made of. Only Providers is required; a zero value means the default.
type Config struct {
	Providers []Provider                                       // the gateways, each ID once
	Logger    *slog.Logger                                     // what an operator should read; default slog.Default
	Observer  Observer                                         // what traces and metrics are made of; default none
	Now       func() time.Time                                 // the clock; default time.Now
	NewID     func() uuid.UUID                                 // where IDs, keys and jitter come from; default UUIDv7. Must never repeat
	Wait      func(ctx context.Context, d time.Duration) error // waits d, or until ctx ends, whose error it returns then; default a timer
	Namespace string                                           // binds cursors and derived IDs to one merchant; default ""

	CallTimeout   time.Duration // how long a provider may take, whatever the caller's context says; default 15 s
	SettleTimeout time.Duration // how long its answer may take to be recorded, likewise: it is tried again if the store fails; default 10 s
	ClockSkew     time.Duration // how far the clocks of processes may differ; default 10 s
	// GiveUpAfter is how long an unknown outcome is asked about, a webhook message or an event tried, before a person must look; default and
	// least 24 h. It takes ten tries at the least, of a message or an event 50, and an unknown outcome also until no call can have an effect any
	// more: with keys that a gateway honors for 24 h, calls are repeated for 12 h, and a person is asked after about 36 h. A message about a session
	// with an operation that is open, or needs attention, is kept until that has ended.
	GiveUpAfter time.Duration

	SessionLifetime time.Duration // how long a session lives that is not authorized, its provider's own limit aside; default: as long as its gateway lets it
	AuditFor        time.Duration // how long after its last movement a session with money on it is still asked about; default 90 days

	// OnEvent takes the events, each at least once, those of a collection in their order, from Reconcile and Run. An error means that it is
	// to be delivered again, with a pause that grows to 10 minutes; after GiveUpAfter and 50 tries it is given up, and the next is delivered.
	// It has CallTimeout for each, and may call the Service, whose rows can be newer than the event. nil: events are only kept, and can be listed.
	OnEvent func(ctx context.Context, e Event) error

	// KeepCollections is of how many collections the Service keeps the rows that it has written last, some kilobytes each, for a minute at most:
	// the next step of such a payment need not load them. What others have written meanwhile is noticed, since nothing is decided on kept rows
	// but what the store then commits on their version. Default 1,024; negative: none.
	KeepCollections int

	MaxSessionDeclines    int // declined attempts after which a session takes no more; default 10
	MaxCollectionDeclines int // declined attempts after which a collection takes no more at a gateway; default 20
}

// Service is what a commerce backend calls. Make one with [NewService]. It keeps no state but a cache of the settings, and of rows that it has
// written: any number of Services, in any number of processes, may share a store. All its methods are safe for concurrent use.
//
// A caller's context ends what has not begun. A call to a provider that has begun is finished and recorded, which may take CallTimeout and
// SettleTimeout: what is written down is not given up because a browser went away. Where a method returns an error, it returns nothing else; an ID
// that is required and empty is an [*InvalidError] that names it.
type Service struct {
	store     Store
	cfg       Config
	providers map[string]*gateway
	order     []string // the providers' IDs, as configured
	bound     bool     // to a transaction of the host
	shelf     *shelf   // nil: every step loads its rows

	mu         sync.Mutex
	settings   *Settings // as last read
	settingsAt time.Time // when
	bell       bell      // rung when there are events to deliver
}

// gateway is a provider with what was found out about it once.
type gateway struct {
	Provider
	info     ProviderInfo
	updater  Updater
	canceler Canceler
	capturer Capturer
	refunder Refunder
	verifier WebhookVerifier
}

// NewService checks the configuration and returns a Service.
//
// The error is an [*InvalidError] that names the field of Config, or Store, and the rule that it breaks.
func NewService(store Store, cfg Config) (*Service, error) {
	if store == nil {
		return nil, invalid("Store", "must not be nil")
	}
	if len(cfg.Providers) == 0 {
		return nil, invalid("Providers", "must hold at least one provider")
	}
	s := &Service{store: store, cfg: cfg.withDefaults(), providers: make(map[string]*gateway, len(cfg.Providers)), shelf: newShelf(orDefault(cfg.KeepCollections, 1024))}
	for _, p := range cfg.Providers {
		g, err := newGateway(p)
		if err != nil {
			return nil, err
		}
		g.info.KeyTTL = min(g.info.KeyTTL, s.cfg.GiveUpAfter) // else nobody would be told of an unknown outcome for as long as keys live
		id := p.ID()
		if s.providers[id] != nil {
			return nil, invalid("Providers", fmt.Sprintf("%q is there twice", id))
		}
		s.providers[id] = g
		s.order = append(s.order, id)
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"CallTimeout", cfg.CallTimeout}, {"SettleTimeout", cfg.SettleTimeout}, {"ClockSkew", cfg.ClockSkew}, {"GiveUpAfter", cfg.GiveUpAfter},
		{"SessionLifetime", cfg.SessionLifetime}, {"AuditFor", cfg.AuditFor}} {
		if d.value < 0 {
			return nil, invalid(d.field, "must not be negative")
		}
	}
	if cfg.GiveUpAfter > 0 && cfg.GiveUpAfter < leastGiveUp {
		return nil, invalid("GiveUpAfter", "must be at least 24 hours")
	}
	if cfg.MaxSessionDeclines < 0 {
		return nil, invalid("MaxSessionDeclines", "must not be negative")
	}
	if cfg.MaxCollectionDeclines < 0 {
		return nil, invalid("MaxCollectionDeclines", "must not be negative")
	}
	return s, nil
}

// leastGiveUp is how long an unknown outcome is asked about at the least.
const leastGiveUp = 24 * time.Hour

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	}
	if c.Wait == nil {
		c.Wait = waitTimer
	}
	c.CallTimeout = orDefault(c.CallTimeout, 15*time.Second)
	c.SettleTimeout = orDefault(c.SettleTimeout, 10*time.Second)
	c.ClockSkew = orDefault(c.ClockSkew, 10*time.Second)
	c.GiveUpAfter = orDefault(c.GiveUpAfter, leastGiveUp)
	c.AuditFor = orDefault(c.AuditFor, 90*24*time.Hour)
	c.MaxSessionDeclines = orDefault(c.MaxSessionDeclines, 10)
	c.MaxCollectionDeclines = orDefault(c.MaxCollectionDeclines, 20)
	return c
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func waitTimer(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func newGateway(p Provider) (*gateway, error) {
	if p == nil {
		return nil, invalid("Providers", "must not hold nil")
	}
	id := p.ID()
	if id == "" || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return nil, invalid("Providers", fmt.Sprintf("%.80q is not an ID of 1 to 64 of a-z, 0-9, - and _", id))
	}
	g := &gateway{Provider: p}
	if d, ok := ProviderAs[Describer](p); ok {
		g.info = d.Describe()
	}
	if g.info.MaxRequestLife == 0 {
		g.info.MaxRequestLife = 15 * time.Minute
	}
	g.updater, _ = ProviderAs[Updater](p)
	g.canceler, _ = ProviderAs[Canceler](p)
	g.capturer, _ = ProviderAs[Capturer](p)
	g.refunder, _ = ProviderAs[Refunder](p)
	g.verifier, _ = ProviderAs[WebhookVerifier](p)
	switch {
	case g.info.ClientConfirms && g.canceler == nil:
		return nil, invalid("Providers", fmt.Sprintf("%q has ClientConfirms but is no Canceler: what the browser holds could never be given up", id))
	case g.info.KeyTTL < 0 || g.info.MaxRequestLife < 0 || g.info.SessionLifetime < 0:
		return nil, invalid("Providers", fmt.Sprintf("%q describes a negative duration", id))
	case g.info.MaxRequestLife > 31*24*time.Hour:
		return nil, invalid("Providers", fmt.Sprintf("%q describes a MaxRequestLife of more than 31 days", id))
	}
	for code, r := range g.info.Currencies {
		if r.Digits < 0 || r.Digits > 4 || r.Step < 0 {
			return nil, invalid("Providers", fmt.Sprintf("%q counts %s with %d digits in steps of %d", id, code, r.Digits, r.Step))
		}
	}
	return g, nil
}

// now is the clock as rows keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// mint returns a new ID.
func (s *Service) mint(prefix string) string { return formatID(prefix, s.cfg.NewID()) }

func formatID(prefix string, id uuid.UUID) string {
	var b [48]byte
	return string(hex.AppendEncode(append(b[:0], prefix...), id[:]))
}

// lease is how long an executor may work before somebody else takes over: the commit that begins, which may take as long as the one that
// settles, the call, and settling.
func (c *Config) lease() time.Duration {
	return c.SettleTimeout + c.CallTimeout + c.SettleTimeout + c.ClockSkew
}

// jitter waits between 1 and 50 ms, so that those who met in a conflict do not meet again.
func (s *Service) jitter(ctx context.Context) error {
	id := s.cfg.NewID()
	return s.cfg.Wait(ctx, time.Millisecond+time.Duration(id[15])*49*time.Millisecond/255)
}

// gateway returns a provider that takes new sessions in a collection.
func (s *Service) openGateway(ctx context.Context, providerID string, accepted []string) (*gateway, error) {
	g, err := s.gateway(providerID)
	if err != nil {
		return nil, err
	}
	if accepted != nil && !slices.Contains(accepted, providerID) {
		return nil, invalid("ProviderID", fmt.Sprintf("%q is not among the providers of the collection", providerID))
	}
	settings, err := s.readSettings(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(settings.DisabledProviders, providerID) {
		return nil, invalid("ProviderID", fmt.Sprintf("%q is disabled", providerID))
	}
	return g, nil
}

// gateway returns a provider that is configured, also when it is disabled: what has begun is finished.
func (s *Service) gateway(providerID string) (*gateway, error) {
	if g := s.providers[providerID]; g != nil {
		return g, nil
	}
	if providerID == "" {
		return nil, invalid("ProviderID", "is required")
	}
	return nil, invalid("ProviderID", fmt.Sprintf("%.80q is not a configured provider", providerID))
}

// checkAmount holds an amount against ISO 4217 and the provider's own rule, and returns it with the currency's digits.
func (g *gateway) checkAmount(field string, amount decimal.Decimal, code string) (decimal.Decimal, error) {
	exact, err := isoAmount(field, amount, code)
	if err != nil {
		return exact, err
	}
	if r, ok := g.info.Currencies[code]; ok {
		if _, err := r.CheckAmount(field, exact); err != nil {
			return exact, err
		}
	}
	return exact, nil
}

func isoAmount(field string, amount decimal.Decimal, code string) (decimal.Decimal, error) {
	c, err := LookupCurrency(code)
	if err != nil {
		return amount, err
	}
	return CurrencyRule{Digits: c.Digits}.CheckAmount(field, amount)
}
