package payment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// recorder is an Observer that writes down what it is told. An activity is a line that is indented by those that it is part of, and has its
// outcome; a signal is a line that begins with an exclamation mark.
type recorder struct {
	mu      sync.Mutex
	lines   []*line
	started int
	all     bytes.Buffer // all that it was told, in full
	last    payment.ActivityResult
}

type line struct {
	text, outcome string
	depth, ended  int
}

type depthKey struct{}

func (r *recorder) Start(ctx context.Context, a payment.Activity) (context.Context, func(payment.ActivityResult)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	depth, _ := ctx.Value(depthKey{}).(int)
	l := &line{text: fmt.Sprintf("%s %s", a.Kind, a.Name), depth: depth}
	if a.Tries > 1 {
		l.text += fmt.Sprint(" try ", a.Tries)
	}
	r.lines, r.started = append(r.lines, l), r.started+1
	fmt.Fprintf(&r.all, "%+v\n", a)
	return context.WithValue(ctx, depthKey{}, depth+1), func(end payment.ActivityResult) {
		r.mu.Lock()
		defer r.mu.Unlock()
		l.ended++
		l.outcome, r.last = end.Outcome, end
		fmt.Fprintf(&r.all, "%+v\n", end)
	}
}

func (r *recorder) Signal(ctx context.Context, s payment.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	depth, _ := ctx.Value(depthKey{}).(int)
	text := strings.Join(strings.Fields(fmt.Sprintf("! %s %s %s", s.Kind, s.Name, s.Outcome)), " ")
	r.lines = append(r.lines, &line{text: text, depth: depth, ended: 1})
	fmt.Fprintf(&r.all, "%+v\n", s)
}

// take returns what was written down since it was called last.
func (r *recorder) take(t *testing.T) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, l := range r.lines {
		require.Equal(t, 1, l.ended, "%s: ended so often", l.text)
		b.WriteString(strings.Repeat("  ", l.depth) + l.text)
		if l.outcome != "" {
			b.WriteString(": " + l.outcome)
		}
		b.WriteString("\n")
	}
	r.lines = nil
	return b.String()
}

func (r *recorder) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.String()
}

func text(lines ...string) string { return strings.Join(lines, "\n") + "\n" }

// refusing is a store whose next commits fail.
type refusing struct {
	payment.Store
	next []error
}

func (s *refusing) Commit(ctx context.Context, c *payment.Changes) error {
	if len(s.next) > 0 {
		err := s.next[0]
		s.next = s.next[1:]
		if err != nil {
			return err
		}
	}
	return s.Store.Commit(ctx, c)
}

func TestObserverIsToldOfAFlow(t *testing.T) {
	r := &recorder{}
	s := newShop(t, options{config: payment.Config{Observer: r}})
	c := s.collection("100", "EUR")
	require.Equal(t, text(
		"method CreateCollection: ok",
		"  ! event collection.created",
	), r.take(t))
	require.Equal(t, payment.Subject{CollectionID: c.ID}, r.last.Subject)

	x := s.session(c, "sandbox", "100")
	require.Equal(t, text(
		"method CreateSession: ok",
		"  ! operation_started initialize",
		"  ! event session.created",
		"  call initialize: pending",
		"  ! operation_ended initialize succeeded",
	), r.take(t))
	require.Equal(t, payment.Subject{ProviderID: "sandbox", CollectionID: c.ID, SessionID: x.ID}, r.last.Subject)

	p := s.authorize(x)
	require.Equal(t, text(
		"method AuthorizeSession: ok",
		"  ! operation_started authorize",
		"  call authorize: authorized",
		"  ! operation_ended authorize succeeded",
		"  ! event payment.authorized",
	), r.take(t))
	require.Equal(t, payment.Subject{ProviderID: "sandbox", CollectionID: c.ID, SessionID: x.ID, PaymentID: p.ID}, r.last.Subject)

	s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	_, err := s.capture(p, "60")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Equal(t, text(
		"method CapturePayment: outcome_unknown",
		"  ! operation_started capture",
		"  call capture: unknown",
	), r.take(t))
	require.Equal(t, p.SessionID, r.last.Subject.SessionID)

	s.reconcile(time.Second)
	require.Equal(t, text(
		"method Reconcile: ok",
		"  work operation: settled",
		"    call status try 2: authorized",
		"    ! operation_ended capture succeeded",
		"    ! event capture.succeeded",
	), r.take(t))
	require.Len(t, r.last.Report.Settled, 1)

	_, err = s.refund(p, "60")
	require.NoError(t, err)
	_, err = s.CancelCollection(t.Context(), c.ID)
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.Equal(t, text(
		"method RefundPayment: ok",
		"  ! operation_started refund",
		"  call refund: authorized",
		"  ! operation_ended refund succeeded",
		"  ! event refund.succeeded",
		"method CancelCollection: not_allowed",
	), r.take(t))

	_, err = s.ListSessions(t.Context(), payment.ListParams{CollectionID: c.ID})
	require.NoError(t, err)
	_, err = s.GetPayment(t.Context(), "nowhere")
	require.ErrorIs(t, err, payment.ErrNotFound)
	require.Equal(t, text("method ListSessions: ok", "method GetPayment: not_found"), r.take(t))
}

// A pure provider's operations are no rows, but they begin and end like others.
func TestObserverIsToldOfPureProviders(t *testing.T) {
	r := &recorder{}
	s := newShop(t, options{config: payment.Config{Observer: r}})
	p := s.paid("manual", "100", "EUR")
	r.take(t)
	_, err := s.capture(p, "")
	require.NoError(t, err)
	require.Equal(t, text(
		"method CapturePayment: ok",
		"  call capture: authorized",
		"  ! operation_started capture",
		"  ! operation_ended capture succeeded",
		"  ! event capture.succeeded",
		"  ! event collection.completed",
	), r.take(t))
}

// What is told is what was committed: decide steps that were thrown away leave a retry, and nothing else.
func TestObserverIsToldOfCommitsOnly(t *testing.T) {
	r := &recorder{}
	store := &refusing{Store: memstore.New()}
	s := newShop(t, options{store: store, config: payment.Config{Observer: r, KeepCollections: -1}}) // stale rows are no retry
	p := s.paid("sandbox", "100", "EUR")
	r.take(t)
	store.next = []error{payment.ErrConflict, payment.ErrConflict, payment.ErrCommitUnknown, nil, payment.ErrConflict, errFailover}
	_, err := s.capture(p, "")
	require.NoError(t, err)
	require.Equal(t, text(
		"method CapturePayment: ok",
		"  ! retry conflict",
		"  ! retry conflict",
		"  ! retry unknown",
		"  ! operation_started capture",
		"  call capture: authorized",
		"  ! retry conflict",
		"  ! retry unavailable",
		"  ! operation_ended capture succeeded",
		"  ! event capture.succeeded",
		"  ! event collection.completed",
	), r.take(t))

	down := errors.New("down")
	store.next = []error{down}
	_, err = s.refund(p, "")
	require.ErrorIs(t, err, down)
	require.Equal(t, "method RefundPayment: error\n", r.take(t))
}

// Each answer of a provider has its word.
func TestObserverIsToldHowCallsEnd(t *testing.T) {
	for fault, want := range map[sandboxprovider.FaultKind][2]string{
		sandboxprovider.FaultAnswerLost:        {"call confirm: unknown", "outcome_unknown"},
		sandboxprovider.FaultConnectionRefused: {"call confirm: not_sent", "not_sent"},
		sandboxprovider.FaultTooManyRequests:   {"call confirm: not_sent", "not_sent"},
		sandboxprovider.FaultDeclined:          {"call confirm: declined", "declined"},
		sandboxprovider.FaultServerError:       {"call confirm: unknown", "outcome_unknown"},
	} {
		t.Run(string(fault), func(t *testing.T) {
			r := &recorder{}
			s := newShop(t, options{config: payment.Config{Observer: r}})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			r.take(t)
			s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Kind: fault})
			_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
			require.Error(t, err)
			told := r.take(t)
			require.Contains(t, told, strings.ReplaceAll(want[0], "confirm", "authorize")+"\n")
			require.Contains(t, told, "method AuthorizeSession: "+want[1]+"\n")
		})
	}
	t.Run("declined, and nothing is said besides", func(t *testing.T) {
		r := &recorder{}
		p := &scripted{answer: usual}
		s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{Observer: r}})
		p.on(payment.OperationAuthorize, func(a *payment.Snapshot, _ payment.Request) error {
			*a = payment.Snapshot{}
			return payment.Declined("no_funds", "")
		})
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: s.session(s.collection("100", "EUR"), "scripted", "100").ID})
		require.ErrorIs(t, err, payment.ErrDeclined)
		require.Contains(t, r.take(t), "  call authorize: declined\n")
	})
	t.Run("what cannot be asked", func(t *testing.T) {
		r := &recorder{}
		p := &scripted{answer: usual}
		s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{Observer: r}})
		p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		r.take(t)
		require.NoError(t, s.AskForTest(t.Context(), x.ID))
		require.Equal(t, "call status: unsupported\n", r.take(t))
	})
	t.Run("a panic", func(t *testing.T) {
		r := &recorder{}
		p := &scripted{answer: usual}
		s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{Observer: r}})
		p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { panic("of the provider") })
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		r.take(t)
		require.Panics(t, func() { _, _ = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID}) })
		require.Contains(t, r.take(t), "  call authorize: unknown\n", "and all that began has ended")
	})
}

// A gateway that contradicts what was asked needs a person, who decides.
func TestObserverIsToldOfAttention(t *testing.T) {
	r := &recorder{}
	p := &scripted{answer: usual}
	s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{Observer: r}})
	p.on(payment.OperationAuthorize, func(a *payment.Snapshot, _ payment.Request) error { a.Authorized = dec("99"); return nil })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	r.take(t)
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	require.Equal(t, text(
		"method AuthorizeSession: needs_attention",
		"  ! operation_started authorize",
		"  call authorize: authorized",
		"  ! operation_attention authorize authorized",
		"  ! event operation.needs_attention",
	), r.take(t))
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{
		OperationID: s.freshSession(x.ID).OperationID, Outcome: payment.ResolveFail, By: "somebody",
	})
	require.NoError(t, err)
	told := r.take(t)
	require.Contains(t, told, "method ResolveOperation: ok\n")
	require.Contains(t, told, "  ! operation_ended authorize failed\n")
}

func TestObserverIsToldOfWebhooks(t *testing.T) {
	r := &recorder{}
	s, p := newCourier(t, options{config: payment.Config{Observer: r}})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.messages["m"] = payment.WebhookMessage{EventID: "e", SessionID: x.ID}
	p.messages["early"] = payment.WebhookMessage{EventID: "f", SessionID: "payses_" + strings.Repeat("0", 32)}
	p.messages["foreign"] = payment.WebhookMessage{EventID: "g", Reference: "elsewhere"}
	r.take(t)
	send := func(body string) {
		_, _ = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(body)})
	}
	for _, body := range []string{"m", "m", "early", "foreign", "forged"} {
		send(body)
	}
	require.Equal(t, text(
		"method HandleWebhook: handled",
		"  call status: authorized",
		"  ! event payment.authorized",
		"method HandleWebhook: duplicate",
		"method HandleWebhook: parked",
		"method HandleWebhook: ignored",
		"method HandleWebhook: refused",
	), r.take(t))
	s.reconcile(time.Minute)
	require.Contains(t, r.take(t), "  work delivery: parked\n")
	for range 60 {
		s.reconcile(time.Hour)
	}
	told := r.take(t)
	require.Contains(t, told, "  work delivery: given_up\n")
	require.Equal(t, 1, strings.Count(told, "! given_up delivery\n"))
}

func TestObserverIsToldOfDeliveries(t *testing.T) {
	r := &recorder{}
	var refuse error
	s := newShop(t, options{config: payment.Config{Observer: r, OnEvent: func(ctx context.Context, _ payment.Event) error {
		require.Equal(t, 3, ctx.Value(depthKey{}), "what OnEvent does is part of it")
		return refuse
	}}})
	s.collection("100", "EUR")
	r.take(t)
	refuse = errors.New("the host is not ready")
	s.reconcile(time.Second)
	refuse = nil
	s.reconcile(time.Minute)
	require.Equal(t, text(
		"method Reconcile: ok",
		"  work events: parked",
		"    event collection.created: failed",
		"method Reconcile: ok",
		"  work events: done",
		"    event collection.created: delivered",
	), r.take(t))
	require.Contains(t, r.told(), "Age:1m1s", "how late it was")

	s.collection("100", "EUR")
	refuse = errors.New("never")
	for range 60 {
		s.reconcile(time.Hour)
	}
	told := r.take(t)
	require.Contains(t, told, "  work events: given_up\n")
	require.Equal(t, 1, strings.Count(told, "! given_up event\n"))
}

// What the Observer is told, and what is logged, holds nothing that is private; and of what a caller names only what could be ours. The gateway's
// words are in the log alone.
func TestObserverAndLogsKeepSecrets(t *testing.T) {
	r, said := &recorder{}, "the gateway says "+planted+" 4242"
	var log bytes.Buffer
	private := payment.NewPrivate(map[string]any{"k": planted})
	p := &scripted{answer: usual}
	s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{
		Observer: r, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}})
	for _, kind := range []payment.OperationKind{
		payment.OperationInitialize, payment.OperationAuthorize, payment.OperationCapture, payment.OperationStatus,
	} {
		p.on(kind, func(a *payment.Snapshot, _ payment.Request) error {
			a.Private, a.Data = &private, payment.Data{"shown": planted, "api_key": planted}
			return nil
		})
	}
	c, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: dec("417.93"), Metadata: payment.Data{"note": planted}, IdempotencyKey: planted,
	})
	require.NoError(t, err)
	x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "scripted", Amount: dec("417.93"), Context: private, Input: payment.Data{"i": planted},
		Metadata: payment.Data{"m": planted},
	})
	require.NoError(t, err)
	pay, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: payment.Data{"i": planted}})
	require.NoError(t, err)
	_, err = s.capture(pay, "")
	require.NoError(t, err)
	for _, id := range []string{planted, "pay_" + planted, "payses_" + planted} {
		_, err = s.GetPayment(t.Context(), id)
		require.Error(t, err)
		_, err = s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: id, ProviderID: id, Amount: dec("1")})
		require.Error(t, err)
		_, err = s.HandleWebhook(t.Context(), id, payment.WebhookRequest{Body: []byte(planted), Header: map[string][]string{"X": {planted}}})
		require.Error(t, err)
	}
	require.Contains(t, log.String(), "a provider was called")
	require.NotContains(t, log.String(), planted)
	require.NotContains(t, log.String(), "417.93")

	p.on(payment.OperationRefund, func(a *payment.Snapshot, _ payment.Request) error {
		*a = payment.Snapshot{}
		return payment.Declined("no_funds", said)
	})
	_, err = s.refund(pay, "")
	require.ErrorIs(t, err, payment.ErrDeclined)
	p.on(payment.OperationRefund, func(*payment.Snapshot, payment.Request) error { return errors.New(said) })
	_, err = s.refund(pay, "")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Contains(t, log.String(), said)
	require.Contains(t, r.told(), "no_funds")
	require.NotContains(t, r.told(), planted)
	require.Contains(t, r.told(), "data.dropped")
	require.NotContains(t, r.told(), "api_key", "names in Data are the gateway's")
	require.NotContains(t, r.told(), "417.93")
}

// failing is an Observer that panics wherever it is called, or answers nothing.
type failing struct{ start, end, signal bool }

func (f failing) Start(context.Context, payment.Activity) (context.Context, func(payment.ActivityResult)) {
	if f.start {
		panic("start")
	}
	if !f.end {
		return nil, nil
	}
	return nil, func(payment.ActivityResult) { panic("end") }
}

func (f failing) Signal(context.Context, payment.Signal) {
	if f.signal {
		panic("signal")
	}
}

// An Observer that fails changes nothing but the log.
func TestObserverMayFail(t *testing.T) {
	for name, o := range map[string]failing{
		"start": {start: true}, "end": {end: true}, "signal": {signal: true}, "none": {},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := newShop(t, options{config: payment.Config{
				Observer: o, Logger: slog.New(slog.NewTextHandler(&log, nil)), OnEvent: func(ctx context.Context, _ payment.Event) error { return ctx.Err() },
			}})
			p := s.paid("sandbox", "100", "EUR")
			_, err := s.capture(p, "")
			require.NoError(t, err)
			require.Equal(t, 5, s.reconcile(time.Second).Delivered)
			equalAmount(t, "100", s.payment(p.ID).Captured)
			require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
			require.Equal(t, name != "none", strings.Contains(log.String(), "the Observer panicked"))
			if name != "none" {
				require.Contains(t, log.String(), "panic="+name)
			}
		})
	}
}

// Two Services of many goroutines may share an Observer.
func TestObserverIsToldByManyAtOnce(t *testing.T) {
	r := &recorder{}
	s := newShop(t, options{realTime: true, config: payment.Config{Observer: r}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { _, _ = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID}) })
	}
	group.Wait()
	told := r.take(t)
	require.Equal(t, 1, strings.Count(told, "! operation_started authorize"), told)
	require.Equal(t, 1, strings.Count(told, "! operation_ended authorize succeeded"), told)
	require.Equal(t, 8, strings.Count(told, "method AuthorizeSession: ok"), told)
}
