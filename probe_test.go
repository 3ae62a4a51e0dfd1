package payment_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// hook lets a test stand between the Service and the sandbox provider.
type hook struct {
	mu     sync.Mutex
	around func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error)
}

// set says what is done instead of each call from now on; nil lets them through.
func (h *hook) set(around func(sandboxprovider.Method, func() (payment.Snapshot, error)) (payment.Snapshot, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.around = around
}

func (h *hook) wrap(p payment.Provider) payment.Provider {
	return &hooked{p.(*sandboxprovider.Provider), h}
}

func (h *hook) run(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
	h.mu.Lock()
	around := h.around
	h.mu.Unlock()
	if around == nil {
		return call()
	}
	return around(m, call)
}

// hooked is the sandbox provider behind a hook.
type hooked struct {
	*sandboxprovider.Provider
	hook *hook
}

func (p *hooked) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return p.hook.run(sandboxprovider.MethodCreate, func() (payment.Snapshot, error) { return p.Provider.Initialize(ctx, r) })
}

func (p *hooked) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return p.hook.run(sandboxprovider.MethodConfirm, func() (payment.Snapshot, error) { return p.Provider.Authorize(ctx, r) })
}

func (p *hooked) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return p.hook.run(sandboxprovider.MethodUpdate, func() (payment.Snapshot, error) { return p.Provider.Update(ctx, r) })
}

func (p *hooked) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return p.hook.run(sandboxprovider.MethodCancel, func() (payment.Snapshot, error) { return p.Provider.Cancel(ctx, r) })
}

func (p *hooked) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return p.hook.run(sandboxprovider.MethodCapture, func() (payment.Snapshot, error) { return p.Provider.Capture(ctx, r) })
}

func (p *hooked) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.hook.run(sandboxprovider.MethodRefund, func() (payment.Snapshot, error) { return p.Provider.Refund(ctx, r) })
}

// limited is the sandbox provider without its optional methods but for Describe.
type limited struct {
	payment.Provider
	info payment.ProviderInfo
}

func (p limited) Describe() payment.ProviderInfo { return p.info }

// frailStore is a store whose commits a test can make fail.
type frailStore struct {
	payment.Store
	mu     sync.Mutex
	commit func(commit func() error) error
}

// set says what is done instead of each commit from now on; nil lets them through.
func (s *frailStore) set(commit func(func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit = commit
}

func (s *frailStore) Commit(ctx context.Context, c *payment.Changes) error {
	s.mu.Lock()
	instead := s.commit
	s.mu.Unlock()
	if instead == nil {
		return s.Store.Commit(ctx, c)
	}
	return instead(func() error { return s.Store.Commit(ctx, c) })
}

// anotherProcess is a second process: a Service of its own over the same store, gateway and clock.
func (s *shop) anotherProcess(config payment.Config) *shop {
	s.t.Helper()
	store := s.store
	if frail, ok := store.(*frailStore); ok {
		store = frail.Store
	}
	config.Providers = []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{}), manualprovider.New()}
	config.Now, config.Wait = s.clock.Now, s.clock.Wait
	svc, err := payment.NewService(store, config)
	require.NoError(s.t, err)
	return &shop{Service: svc, t: s.t, store: store, gateway: s.gateway, clock: s.clock}
}

// allRows is all that the store can list, as text.
func (s *shop) allRows() string {
	s.t.Helper()
	var out strings.Builder
	put := func(row any) {
		b, err := payment.EncodeRow(row)
		require.NoError(s.t, err)
		out.Write(b)
		out.WriteByte('\n')
	}
	for _, kind := range []payment.RowKind{
		payment.RowCollections, payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations,
		payment.RowEvents, payment.RowDeliveries,
	} {
		f := payment.Filter{}
		f.IncludeDeleted = kind == payment.RowCollections || kind == payment.RowSessions
		r, err := s.store.List(s.t.Context(), kind, f, payment.Page{Limit: 10000})
		require.NoError(s.t, err)
		putAll(put, r.Collections)
		putAll(put, r.Sessions)
		putAll(put, r.Payments)
		putAll(put, r.Captures)
		putAll(put, r.Refunds)
		putAll(put, r.Operations)
		putAll(put, r.Events)
		putAll(put, r.Deliveries)
	}
	settings, err := s.store.Settings(s.t.Context())
	require.NoError(s.t, err)
	put(settings)
	return out.String()
}

func putAll[T any](put func(any), rows []T) {
	for _, r := range rows {
		put(r)
	}
}

// untouched runs a call that must be refused: it returns the error, and fails the test if there is none, if any row has changed, or if
// the gateway has heard of it.
func (s *shop) untouched(t *testing.T, call func() error) error {
	t.Helper()
	before, log := strings.Split(s.allRows(), "\n"), len(s.gateway.Requests())
	err := call()
	require.Error(t, err)
	for row := range strings.SplitSeq(s.allRows(), "\n") {
		require.True(t, slices.Contains(before, row), "this was stored, though the call was refused with %q:\n%s", err, row)
	}
	require.Len(t, s.gateway.Requests(), log, "the gateway was called, though the call was refused: %s", err)
	return err
}

// booksAgree fails the test unless our books of a payment and those of the gateway say the same, and nothing is open.
func (s *shop) booksAgree(t *testing.T, paymentID string) *payment.Payment {
	t.Helper()
	p, err := s.GetPayment(t.Context(), paymentID)
	require.NoError(t, err)
	i := s.intent(p.SessionID)
	equalAmount(t, i.Authorized.String(), p.Authorized)
	equalAmount(t, i.Captured.String(), p.Captured)
	equalAmount(t, i.Refunded.String(), p.Refunded)
	equalAmount(t, i.Capturable.String(), p.Capturable)
	require.Equal(t, 1, s.gateway.Authorizations(p.SessionID))
	require.Equal(t, i.Status == sandboxprovider.IntentCanceled, !p.CanceledAt.IsZero())
	require.Empty(t, s.openOperations(t))
	return p
}

// openOperations lists the operations that have not ended.
func (s *shop) openOperations(t *testing.T) []*payment.Operation {
	t.Helper()
	var open []*payment.Operation
	for _, state := range []payment.OperationState{payment.OperationOpen, payment.OperationNeedsAttention} {
		l, err := s.ListOperations(t.Context(), payment.ListParams{State: state, Limit: 100})
		require.NoError(t, err)
		open = append(open, l.Items...)
	}
	return open
}

// keysOf are the idempotency keys that the gateway has got for one method, each once.
func (s *shop) keysOf(m sandboxprovider.Method) []string {
	var keys []string
	for _, c := range s.gateway.Requests() {
		if c.Method == m && !slices.Contains(keys, c.Key) {
			keys = append(keys, c.Key)
		}
	}
	return keys
}

// eventKinds are the kinds of a collection's events, in order.
func (s *shop) eventKinds(t *testing.T, collectionID string) []payment.EventKind {
	t.Helper()
	l, err := s.ListEvents(t.Context(), payment.ListParams{CollectionID: collectionID, Limit: 100})
	require.NoError(t, err)
	var kinds []payment.EventKind
	for _, e := range l.Items {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// arrive waits for a channel, but not for ever.
func arrive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		require.FailNow(t, "nobody came")
		panic("not reached")
	}
}

// duel runs two calls on one payment or session: the second comes while the first is at the gateway with method m, and the first goes on
// once the second waits for it.
func duel(t *testing.T, m sandboxprovider.Method, prepare func(*shop) string, first, second func(s *shop, id string) error) (s *shop, id string, a, b error) {
	t.Helper()
	h := &hook{}
	atGateway, waits, goOn := make(chan bool, 1), make(chan bool, 100), make(chan bool)
	firstDone := make(chan bool)
	s = newShop(t, options{wrap: h.wrap, realTime: true, config: payment.Config{Wait: func(ctx context.Context, _ time.Duration) error {
		select {
		case waits <- true:
		default:
		}
		select {
		case <-firstDone:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}})
	id = prepare(s)
	h.set(func(got sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		if got == m {
			atGateway <- true
			<-goOn
		}
		return call()
	})
	results := make(chan error, 1)
	go func() {
		a = first(s, id)
		close(firstDone)
	}()
	arrive(t, atGateway)
	go func() { results <- second(s, id) }()
	arrive(t, waits)
	h.set(nil)
	close(goOn)
	arrive(t, firstDone)
	b = arrive(t, results)
	return s, id, a, b
}
