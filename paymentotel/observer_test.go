package paymentotel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymentotel"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// planted is a secret that must not be found.
const planted = "s3cr3t-of-the-shopper"

// shop is a Service over memstore with the sandbox's gateway, whose spans and metrics are kept.
type shop struct {
	*payment.Service
	t        *testing.T
	gateway  *sandboxprovider.Gateway
	store    *store
	now      time.Time
	spans    *tracetest.SpanRecorder
	reader   *sdkmetric.ManualReader
	observer *paymentotel.Observer
	refuse   error               // what OnEvent returns
	wrong    func(*answer)       // what the gateway's answers become
	within   []trace.SpanContext // of the calls to the provider
}

// answer is what a provider is about to return.
type answer struct {
	payment.Snapshot
	err error
}

// store is a store that can be down, or busy.
type store struct {
	payment.Store
	next []error
}

func (s *store) Commit(ctx context.Context, c *payment.Changes) error {
	if len(s.next) > 0 {
		err := s.next[0]
		s.next = s.next[1:]
		return err
	}
	return s.Store.Commit(ctx, c)
}

// provider is the sandbox's, whose answers a test can change.
type provider struct {
	*sandboxprovider.Provider
	s *shop
}

func (p provider) changed(ctx context.Context, s payment.Snapshot, err error) (payment.Snapshot, error) {
	p.s.within = append(p.s.within, trace.SpanContextFromContext(ctx))
	a := answer{s, err}
	if p.s.wrong != nil {
		p.s.wrong(&a)
	}
	return a.Snapshot, a.err
}

func (p provider) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	s, err := p.Provider.Authorize(ctx, r)
	return p.changed(ctx, s, err)
}

func (p provider) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	s, err := p.Provider.Capture(ctx, r)
	return p.changed(ctx, s, err)
}

func (p provider) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	p.s.within = append(p.s.within, trace.SpanContextFromContext(ctx))
	return p.Provider.Status(ctx, r)
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{
		t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), store: &store{Store: memstore.New()},
		spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader(),
	}
	clock := func() time.Time { return s.now }
	s.gateway = sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{Now: clock})
	observer, err := paymentotel.New(paymentotel.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(s.spans)),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(s.reader)),
		Now:            clock,
	})
	require.NoError(t, err)
	s.observer = observer
	s.Service, err = payment.NewService(s.store, payment.Config{
		Providers: []payment.Provider{provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{}), s}},
		Logger:    slog.New(slog.DiscardHandler),
		Observer:  observer, Now: clock, Wait: func(ctx context.Context, d time.Duration) error { s.now = s.now.Add(d); return ctx.Err() },
		OnEvent: func(context.Context, payment.Event) error { return s.refuse },
	})
	require.NoError(t, err)
	_, err = observer.Watch(s.Service)
	require.NoError(t, err)
	return s
}

func (s *shop) session() *payment.PaymentSession {
	s.t.Helper()
	c, err := s.CreateCollection(s.t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: decimal.RequireFromString("417.93")})
	require.NoError(s.t, err)
	x, err := s.CreateSession(s.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: c.Amount})
	require.NoError(s.t, err)
	return x
}

func (s *shop) paid() *payment.Payment {
	s.t.Helper()
	p, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: s.session().ID})
	require.NoError(s.t, err)
	return p
}

func (s *shop) reconcile(d time.Duration) {
	s.t.Helper()
	s.now = s.now.Add(d)
	_, err := s.Reconcile(s.t.Context())
	require.NoError(s.t, err)
}

// tree draws the spans that have ended, each below the one that it is part of, in the order in which they began.
func (s *shop) tree() string {
	s.t.Helper()
	ended := s.spans.Ended()
	slices.SortStableFunc(ended, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	var b strings.Builder
	var draw func(parent trace.SpanID, depth int)
	draw = func(parent trace.SpanID, depth int) {
		for _, x := range ended {
			if x.Parent().SpanID() == parent {
				fmt.Fprintf(&b, "%s%s, %s\n", strings.Repeat("  ", depth), x.Name(), x.SpanKind())
				draw(x.SpanContext().SpanID(), depth+1)
			}
		}
	}
	draw(trace.SpanID{}, 0)
	return b.String()
}

// span is the last one of a name.
func (s *shop) span(name string) sdktrace.ReadOnlySpan {
	s.t.Helper()
	var found sdktrace.ReadOnlySpan
	for _, x := range s.spans.Ended() {
		if x.Name() == name {
			found = x
		}
	}
	require.NotNil(s.t, found, name)
	return found
}

func value(x sdktrace.ReadOnlySpan, key string) string {
	for _, a := range x.Attributes() {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

// collect reads all metrics, as name{attribute=value,…} and a count or value.
func (s *shop) collect() map[string]float64 {
	s.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(s.t, s.reader.Collect(s.t.Context(), &all))
	found := map[string]float64{}
	for _, scope := range all.ScopeMetrics {
		require.Equal(s.t, paymentotel.Scope, scope.Scope.Name)
		for _, m := range scope.Metrics {
			require.NotEmpty(s.t, m.Description, m.Name)
			require.NotEmpty(s.t, m.Unit, m.Name)
			put := func(by attribute.Set, v float64) { found[m.Name+"{"+by.Encoded(attribute.DefaultEncoder())+"}"] = v }
			switch d := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, float64(p.Count))
				}
			case metricdata.Sum[int64]:
				require.True(s.t, d.IsMonotonic)
				for _, p := range d.DataPoints {
					put(p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, p.Value)
				}
			default:
				s.t.Fatalf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	return found
}

// A payment's spans nest: what a provider is called for is part of the method, or of the work, that it is called for.
func TestSpansNest(t *testing.T) {
	s := newShop(t)
	p := s.paid()
	s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.reconcile(time.Second)
	require.Equal(t, strings.Join([]string{
		"payment.CreateCollection, internal",
		"payment.CreateSession, internal",
		"  initialize sandbox, client",
		"payment.AuthorizeSession, internal",
		"  authorize sandbox, client",
		"payment.CapturePayment, internal",
		"  capture sandbox, client",
		"payment.Reconcile, internal",
		"  payment.work operation, internal",
		"    status sandbox, client",
		"  payment.work events, internal",
		"    payment.event collection.created, internal",
		"    payment.event session.created, internal",
		"    payment.event payment.authorized, internal",
		"    payment.event capture.succeeded, internal",
		"    payment.event collection.completed, internal",
		"",
	}, "\n"), s.tree())

	call := s.span("capture sandbox")
	asked := s.span("status sandbox")
	require.Equal(t, []trace.SpanContext{s.span("authorize sandbox").SpanContext(), call.SpanContext(), asked.SpanContext()}, s.within,
		"what the provider traces is part of its span")
	require.Equal(t, codes.Error, call.Status().Code)
	require.Equal(t, "unknown", call.Status().Description)
	require.Equal(t, "unknown", value(call, "error.type"))
	require.Equal(t, "sandbox", value(call, "service.peer.name"))
	require.Equal(t, p.SessionID, value(call, "payment.session.id"))
	require.Equal(t, "1", value(call, "payment.operation.tries"))
	require.Equal(t, codes.Unset, asked.Status().Code)
	require.Empty(t, value(asked, "error.type"))
	require.Equal(t, "authorized", value(asked, "payment.outcome"))
	require.Equal(t, "2", value(asked, "payment.operation.tries"))
	require.Equal(t, value(call, "payment.operation.id"), value(asked, "payment.operation.id"))
	method := s.span("payment.CapturePayment")
	require.Equal(t, "outcome_unknown", value(method, "error.type"))
	require.Equal(t, p.ID, value(method, "payment.payment.id"))
	require.Equal(t, p.CollectionID, value(method, "payment.collection.id"))
	require.Equal(t, "payment.operation_started", method.Events()[0].Name)
	require.Equal(t, "1", value(s.span("payment.Reconcile"), "payment.reconcile.settled"))
	require.Equal(t, "5", value(s.span("payment.Reconcile"), "payment.reconcile.delivered"))
}

// A decline is no failure of ours: nobody is to be woken.
func TestDeclinesAreNoErrors(t *testing.T) {
	s := newShop(t)
	x := s.session()
	s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Kind: sandboxprovider.FaultDeclined})
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrDeclined)
	for _, name := range []string{"payment.AuthorizeSession", "authorize sandbox"} {
		require.Equal(t, codes.Unset, s.span(name).Status().Code)
		require.Empty(t, value(s.span(name), "error.type"))
		require.Equal(t, "declined", value(s.span(name), "payment.outcome"))
		require.NotEmpty(t, value(s.span(name), "payment.code"))
	}
}

// bustle does all that leaves a span or a metric, with a secret wherever one can be put.
func bustle(s *shop) {
	s.t.Helper()
	ctx, private, said := s.t.Context(), payment.NewPrivate(map[string]any{"k": planted}), errors.New("the gateway says "+planted)
	c, err := s.CreateCollection(ctx, payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: decimal.RequireFromString("4179.30"), Metadata: payment.Data{"note": planted}, IdempotencyKey: planted,
	})
	require.NoError(s.t, err)
	session := func() *payment.PaymentSession {
		x, err := s.CreateSession(ctx, payment.CreateSessionParams{
			CollectionID: c.ID, ProviderID: "sandbox", Amount: decimal.RequireFromString("417.93"), Context: private, Input: payment.Data{"i": planted},
			Metadata: payment.Data{"m": planted},
		})
		require.NoError(s.t, err)
		return x
	}
	authorize := func(x *payment.PaymentSession) (*payment.Payment, error) {
		return s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	}
	s.wrong = func(a *answer) {
		if a.err == nil {
			a.Private, a.Data = &private, payment.Data{"shown": planted, "api_key": planted}
		}
	}
	p, err := authorize(session())
	require.NoError(s.t, err)
	capture := func() error {
		_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: new(decimal.RequireFromString("1"))})
		return err
	}
	s.store.next = []error{payment.ErrConflict, payment.ErrCommitUnknown}
	require.NoError(s.t, capture())
	s.wrong = func(a *answer) { *a = answer{err: payment.Declined("no_funds", said.Error())} }
	_, err = authorize(session())
	require.ErrorIs(s.t, err, payment.ErrDeclined)
	s.wrong = func(a *answer) { *a = answer{err: payment.NotSent(said)} }
	_, err = authorize(session())
	require.ErrorIs(s.t, err, payment.ErrNotSent)
	s.wrong = func(a *answer) { a.Authorized = decimal.RequireFromString("3") }
	_, err = authorize(session())
	require.ErrorIs(s.t, err, payment.ErrNeedsAttention)
	s.wrong = func(a *answer) { *a = answer{err: said} }
	_, err = authorize(session())
	require.ErrorIs(s.t, err, payment.ErrOutcomeUnknown)
	for i, id := range []string{planted, "paycol_" + planted, "sandbox", "another"} {
		_, err = s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: id, ProviderID: id, Amount: decimal.RequireFromString("1")})
		require.Error(s.t, err)
		_, err = s.GetPayment(ctx, id)
		require.Error(s.t, err)
		_, err = s.HandleWebhook(ctx, id, payment.WebhookRequest{Body: []byte(planted + fmt.Sprint(i))})
		require.Error(s.t, err)
	}
	last := session()
	s.store.next = []error{said}
	_, err = s.CancelSession(ctx, payment.CancelSessionParams{SessionID: last.ID})
	require.ErrorIs(s.t, err, said)
	s.reconcile(time.Second)
	s.refuse = said
	for range 60 {
		s.reconcile(time.Hour)
	}
}

// spanKeys are the only attributes of spans and of their events; metricKeys those of metrics.
var (
	metricKeys = []string{
		"error.type", "payment.event.kind", "payment.given_up.kind", "payment.method", "payment.operation.kind", "payment.operation.state",
		"payment.outcome", "payment.provider.id", "payment.reason", "payment.work.kind",
	}
	spanKeys = append([]string{
		"payment.code", "payment.collection.id", "payment.delivery.id", "payment.event.id", "payment.operation.id", "payment.operation.tries",
		"payment.payment.id", "payment.reconcile.delivered", "payment.reconcile.failed", "payment.reconcile.given_up", "payment.reconcile.looked",
		"payment.reconcile.parked", "payment.reconcile.settled", "payment.session.id", "service.peer.name",
	}, metricKeys...)
)

// Spans hold what the list allows, and no secret, whatever is planted.
func TestSpansKeepSecrets(t *testing.T) {
	s := newShop(t)
	bustle(s)
	var all strings.Builder
	check := func(list []attribute.KeyValue) {
		for _, a := range list {
			require.Contains(t, spanKeys, string(a.Key))
			fmt.Fprintln(&all, a.Key, a.Value.String())
		}
	}
	for _, x := range s.spans.Ended() {
		fmt.Fprintln(&all, x.Name(), x.Status().Description)
		check(x.Attributes())
		for _, e := range x.Events() {
			fmt.Fprintln(&all, e.Name)
			check(e.Attributes)
		}
	}
	for _, text := range []string{planted, "the gateway says", "417.93", "api_key"} {
		require.NotContains(t, all.String(), text)
	}
	for _, text := range []string{"no_funds", "payment.retry", "payment.given_up", "payment.operation_attention", "needs_attention", "not_sent"} {
		require.Contains(t, all.String(), text, "what is looked through has it all")
	}
	require.Len(t, s.spans.Started(), len(s.spans.Ended()), "what began has ended")
}

// Metrics have attributes of the list alone, with few values: no ID, nothing that a caller named, no code of a gateway's. Ten times the work makes
// not one series more.
func TestMetricsAreBounded(t *testing.T) {
	s := newShop(t)
	bustle(s)
	for name := range s.collect() {
		require.NotContains(t, name, planted)
		require.NotContains(t, name, "no_funds")
		require.NotRegexp(t, "[0-9a-f]{32}", name)
		_, list, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
		for by := range strings.SplitSeq(list, ",") {
			key, _, _ := strings.Cut(by, "=")
			require.Contains(t, metricKeys, key, name)
		}
	}
	s.wrong, s.refuse = nil, nil
	work := func() []string {
		p := s.paid()
		_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
		require.NoError(t, err)
		_, err = s.GetPayment(t.Context(), p.ID+planted)
		require.Error(t, err)
		s.reconcile(time.Second)
		return slices.Sorted(maps.Keys(s.collect()))
	}
	series := work()
	for range 10 {
		require.Equal(t, series, work())
	}
}

// What is counted.
// A Service that is not there is refused at once, and not met at the first collection, far from here.
func TestWatchOfNothing(t *testing.T) {
	observer, err := paymentotel.New(paymentotel.Config{})
	require.NoError(t, err)
	_, err = observer.Watch(nil)
	require.EqualError(t, err, "payment: svc: must not be nil")
}

func TestMetrics(t *testing.T) {
	s := newShop(t)
	p := s.paid()
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
	require.NoError(t, err)
	s.wrong = func(a *answer) { *a = answer{err: errors.New("no answer")} }
	_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: s.session().ID})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.wrong = func(a *answer) { a.Authorized = decimal.RequireFromString("3") }
	_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: s.session().ID})
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	s.now = s.now.Add(90 * time.Second)
	s.store.next = []error{payment.ErrConflict, payment.ErrCommitUnknown}
	s.wrong = nil
	s.paid()
	s.collect()
	got := s.collect()
	for name := range got {
		require.NotContains(t, name, "ListOperations", "what is read for gauges is no call of the host's")
	}
	for name, want := range map[string]float64{
		"payment.call.duration{payment.operation.kind=authorize,payment.outcome=authorized,payment.provider.id=sandbox}":                 3,
		"payment.call.duration{error.type=unknown,payment.operation.kind=authorize,payment.outcome=unknown,payment.provider.id=sandbox}": 1,
		"payment.method.duration{error.type=outcome_unknown,payment.method=AuthorizeSession,payment.outcome=outcome_unknown}":            1,
		"payment.method.duration{payment.method=CreateCollection,payment.outcome=ok}":                                                    4,
		"payment.operation.started{payment.operation.kind=authorize,payment.provider.id=sandbox}":                                        4,
		"payment.operation.duration{payment.operation.kind=authorize,payment.outcome=succeeded,payment.provider.id=sandbox}":             2,
		"payment.operation.attention{payment.operation.kind=authorize,payment.provider.id=sandbox,payment.reason=authorized}":            1,
		"payment.event.recorded{payment.event.kind=capture.succeeded,payment.provider.id=sandbox}":                                       1,
		"payment.commit.retries{payment.reason=conflict}":                                                                                1,
		"payment.commit.retries{payment.reason=unknown}":                                                                                 1,
		"payment.operation.count{payment.operation.state=open}":                                                                          1,
		"payment.operation.count{payment.operation.state=needs_attention}":                                                               1,
	} {
		require.InDelta(t, want, got[name], 0, "%s of %v", name, got)
	}
	for _, state := range []string{"open", "needs_attention"} { // waiting after a conflict takes some of it, too
		require.InDelta(t, 90, got["payment.operation.oldest.age{payment.operation.state="+state+"}"], 1)
	}
}

// The attributes of spans and metrics are those that docs/observability.md lists, no more and no fewer.
func TestAttributesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/observability.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "\n| attribute | of | value |\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	var listed []string
	for line := range strings.Lines(table) {
		for _, m := range regexp.MustCompile("`([a-z_.]+)`").FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
			listed = append(listed, m[1])
		}
	}
	require.ElementsMatch(t, spanKeys, listed)
}
