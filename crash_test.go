package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// breaking is a store whose n-th commit goes wrong.
type breaking struct {
	payment.Store
	commits int
	breakAt int                                                          // counted from 1; 0: never
	fault   func(payment.Store, context.Context, *payment.Changes) error // instead of that commit
	refuse  func(*payment.Changes) error                                 // of every commit, before it
	dead    bool                                                         // every call fails
}

var errDead = errors.New("the database is gone")

func (b *breaking) Commit(ctx context.Context, c *payment.Changes) error {
	if b.dead {
		return errDead
	}
	if b.refuse != nil {
		if err := b.refuse(c); err != nil {
			return err
		}
	}
	if b.commits++; b.commits == b.breakAt {
		return b.fault(b.Store, ctx, c)
	}
	return b.Store.Commit(ctx, c)
}

func (b *breaking) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if b.dead {
		return nil, errDead
	}
	return b.Store.Load(ctx, by)
}

// steps is a flow that a host can repeat as often as it likes: every call has a key.
func steps(ctx context.Context, svc *payment.Service, provider string) error {
	return flowWithKeys(ctx, svc, provider, func(key string) string { return key })
}

// stepsOnce is the same flow without keys: every call is a new one.
func stepsOnce(ctx context.Context, svc *payment.Service, provider string) error {
	return flowWithKeys(ctx, svc, provider, func(string) string { return "" })
}

func flowWithKeys(ctx context.Context, svc *payment.Service, provider string, key func(string) string) error {
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("100"), IdempotencyKey: key("cart")})
	if err != nil {
		return err
	}
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: dec("100"), IdempotencyKey: key("pay")})
	if err != nil {
		return err
	}
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, IdempotencyKey: key("authorize")})
	if err != nil {
		return err
	}
	for _, what := range []string{"40", "60"} {
		if p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount(what), IdempotencyKey: key("ship " + what)}); err != nil {
			return err
		}
	}
	_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("30"), IdempotencyKey: key("return")})
	return err
}

// requireFlow says that the flow has happened once.
func (s *shop) requireFlow(provider string) {
	s.t.Helper()
	list, err := s.ListCollections(s.t.Context(), payment.ListParams{})
	require.NoError(s.t, err)
	require.Len(s.t, list.Items, 1)
	c := list.Items[0]
	equalAmount(s.t, "100", c.Authorized)
	equalAmount(s.t, "100", c.Captured)
	equalAmount(s.t, "30", c.Refunded)
	equalAmount(s.t, "0", c.Held)
	require.Zero(s.t, c.LiveSessions)
	payments, err := s.ListPayments(s.t.Context(), payment.ListParams{CollectionID: c.ID})
	require.NoError(s.t, err)
	require.Len(s.t, payments.Items, 1)
	p := s.payment(payments.Items[0].ID)
	require.Len(s.t, p.Captures, 2)
	require.Len(s.t, p.Refunds, 1)
	s.agree(c.ID)
	if provider == "sandbox" {
		require.Equal(s.t, 1, s.gateway.Authorizations(p.SessionID))
		require.Len(s.t, s.intent(p.SessionID).Movements, 3)
	}
	events, err := s.ListEvents(s.t.Context(), payment.ListParams{CollectionID: c.ID, Limit: 100})
	require.NoError(s.t, err)
	seen := map[payment.EventKind]int{}
	for _, e := range events.Items {
		seen[e.Kind]++
	}
	require.Equal(s.t, map[payment.EventKind]int{
		payment.EventCollectionCreated: 1, payment.EventSessionCreated: 1, payment.EventPaymentAuthorized: 1, payment.EventCaptureSucceeded: 2,
		payment.EventCollectionCompleted: 1, payment.EventRefundSucceeded: 1,
	}, seen)
}

// Whatever happens to any one commit of a flow, the flow happens once.
func TestEveryCommitMayGoWrong(t *testing.T) {
	faults := map[string]func(payment.Store, context.Context, *payment.Changes) error{
		"applied, but nobody knows": func(s payment.Store, ctx context.Context, c *payment.Changes) error {
			if err := s.Commit(ctx, c); err != nil {
				return err
			}
			return payment.ErrCommitUnknown
		},
		"not applied, and nobody knows": func(payment.Store, context.Context, *payment.Changes) error { return payment.ErrCommitUnknown },
		"conflict": func(s payment.Store, ctx context.Context, c *payment.Changes) error {
			if c.Version == 0 {
				return payment.ErrConflict
			}
			rows, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID})
			if err != nil {
				return err
			}
			rows.Collections[0].Metadata = payment.Data{"touched": "meanwhile"}
			other := &payment.Changes{CollectionID: c.CollectionID, Version: rows.Collections[0].Version, Collection: rows.Collections[0]}
			if err := s.Commit(ctx, other); err != nil {
				return err
			}
			return s.Commit(ctx, c)
		},
	}
	for name, fault := range faults {
		for _, provider := range []string{"manual", "sandbox"} {
			t.Run(name+" "+provider, func(t *testing.T) {
				commits := countCommits(t, provider)
				for n := 1; n <= commits; n++ {
					for _, run := range []func(context.Context, *payment.Service, string) error{steps, stepsOnce} {
						store := &breaking{Store: memstore.New(), breakAt: n, fault: fault}
						s := newShop(t, options{store: store})
						began := s.clock.Now()
						require.NoError(t, run(t.Context(), s.Service, provider), "commit %d of %d", n, commits)
						s.requireFlow(provider)
						// A step recognizes its own effect: it neither waits for a lease nor asks the gateway.
						require.Less(t, s.clock.Now().Sub(began), time.Second)
						require.Empty(t, s.calls(sandboxprovider.MethodRetrieve))
					}
				}
			})
		}
	}
}

func countCommits(t *testing.T, provider string) int {
	t.Helper()
	store := &breaking{Store: memstore.New()}
	s := newShop(t, options{store: store})
	require.NoError(t, steps(t.Context(), s.Service, provider))
	s.requireFlow(provider)
	return store.commits
}

// A process that is gone after any commit, or just before it, leaves nothing that another one cannot finish.
func TestProcessDiesAtAnyCommit(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for _, how := range []string{"Reconcile", "the host repeats its calls"} {
			for _, provider := range []string{"manual", "sandbox"} {
				t.Run(fmt.Sprint(provider, " applied=", applied, " ", how), func(t *testing.T) {
					commits := countCommits(t, provider)
					for n := 1; n <= commits; n++ {
						store := &breaking{Store: memstore.New(), breakAt: n}
						store.fault = func(s payment.Store, ctx context.Context, c *payment.Changes) error {
							if applied {
								if err := s.Commit(ctx, c); err != nil {
									return err
								}
							}
							store.dead = true
							return errDead
						}
						s := newShop(t, options{store: store})
						err := steps(t.Context(), s.Service, provider)
						require.ErrorIs(t, err, errDead)
						store.dead = false
						if how == "Reconcile" {
							s.reconcile(time.Minute)
						}
						require.NoError(t, steps(t.Context(), s.Service, provider), "commit %d of %d", n, commits)
						s.requireFlow(provider)
						require.Empty(t, s.reconcile(time.Hour).Settled)
					}
				})
			}
		}
	}
}

// An executor that was displaced ends nothing: its error is dropped, and its answer is only a hint.
func TestDisplacedExecutorEndsNothing(t *testing.T) {
	for _, answer := range []error{payment.Declined("late", ""), payment.NotSent(nil), errors.New("time-out")} {
		var s *shop
		calls := 0
		s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
			return faulty{Provider: p, authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
				if calls++; calls > 1 {
					return p.Authorize(ctx, r)
				}
				// While this call hangs, the lease ends and another process takes over.
				require.Len(t, s.reconcile(time.Minute).Settled, 1)
				return payment.Snapshot{}, answer
			}}
		}})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		p, err := s.tryAuthorize(x)
		require.NoError(t, err, "the other process has authorized it")
		require.Equal(t, x.ID, p.SessionID)
		require.Equal(t, 2, calls)
		require.Equal(t, 1, s.gateway.Authorizations(x.ID))
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		s.agree(x.CollectionID)
	}
}

// stale is a store that hands out due work that has been taken meanwhile.
type stale struct {
	payment.Store
	due []payment.Due
}

func (s *stale) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if s.due != nil && kind == payment.DueOperation {
		return s.due, nil
	}
	return s.Store.Claim(ctx, kind, now, until, limit)
}

// Who finds the lease taken by another stands back, however it came to believe that the work was due.
func TestRunningLeaseIsNotTakenOver(t *testing.T) {
	store := &stale{Store: memstore.New()}
	var s *shop
	asked := 0
	s = newShop(t, options{store: store, wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			if asked++; asked == 1 {
				x := s.freshSession(r.SessionID)
				store.due = []payment.Due{{Kind: payment.DueOperation, CollectionID: r.CollectionID, ID: x.OperationID, At: s.clock.Now().Add(time.Minute)}}
				report, err := s.Reconcile(ctx)
				require.NoError(t, err)
				require.Equal(t, 1, report.Looked)
				store.due = nil
			}
			return p.Status(ctx, r)
		}}
	}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestLost)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	s.authorize(x)
	require.Equal(t, 1, asked)
	require.Len(t, s.calls(sandboxprovider.MethodConfirm), 2)
}

// slow is a store that takes its time.
type slow struct {
	payment.Store
	commit func()
}

func (s *slow) Commit(ctx context.Context, c *payment.Changes) error {
	err := s.Store.Commit(ctx, c)
	if len(c.Operations) > 0 {
		s.commit()
	}
	return err
}

// Who was held up until its lease is nearly over does not call: somebody else may be about to.
func TestLeaseIsCheckedJustBeforeTheCall(t *testing.T) {
	store := &slow{Store: memstore.New(), commit: func() {}}
	s := newShop(t, options{store: store})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	store.commit = func() { s.clock.Advance(25 * time.Second) }
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrNotSent)
	require.Empty(t, s.calls(sandboxprovider.MethodConfirm))
	require.Empty(t, s.freshSession(x.ID).OperationID)
	store.commit = func() {}
	s.authorize(x)
}

// The caller's cancellation counts before begin has committed, and not after: what is written down is finished.
func TestCancellationDoesNotReachTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
			cancel()
			require.NoError(t, ctx.Err())
			_, hasDeadline := ctx.Deadline()
			require.True(t, hasDeadline)
			return p.Authorize(ctx, r)
		}}
	}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, context.Canceled)
}

// Each step with a pure provider is one load and one commit, with any other one load and two commits; what was kept needs no load.
func TestLoadsAndCommitsPerStep(t *testing.T) {
	for keep, loads := range map[int]int{-1: 1, 0: 0} { // what the Service has written last it need not load
		store := &counting{Store: memstore.New()}
		s := newShop(t, options{store: store, config: payment.Config{KeepCollections: keep}})
		for _, provider := range []string{"manual", "sandbox"} {
			commits := map[string]int{"manual": 1, "sandbox": 2}[provider]
			expect := func(what string, loads, commits int) {
				t.Helper()
				require.Equal(t, [2]int{loads, commits}, [2]int{store.loads, store.commits}, "%s with %s, keeping %d", what, provider, keep)
				store.loads, store.commits = 0, 0
			}
			store.loads, store.commits = 0, 0
			c := s.collection("100", "EUR")
			expect("CreateCollection", 0, 1)
			x := s.session(c, provider, "100")
			expect("CreateSession", loads, commits)
			p := s.authorize(x)
			expect("AuthorizeSession", loads, commits)
			p, err := s.capture(p, "50")
			require.NoError(t, err)
			expect("CapturePayment", loads, commits)
			p, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("10"), IdempotencyKey: "10 more"})
			require.NoError(t, err)
			expect("CapturePayment with a key", loads, commits)
			_, err = s.refund(p, "10")
			require.NoError(t, err)
			expect("RefundPayment", loads, commits)
			_, err = s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
			require.NoError(t, err)
			expect("CancelPayment", loads, commits)
			_, err = s.capture(p, "1") // a refusal counts on fresh rows alone
			require.ErrorIs(t, err, payment.ErrAmountExceeded)
			expect("CapturePayment of too much", 1, 0)
		}
	}
}

type counting struct {
	payment.Store
	loads, commits int
}

func (c *counting) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	c.loads++
	return c.Store.Load(ctx, by)
}

func (c *counting) Commit(ctx context.Context, x *payment.Changes) error {
	c.commits++
	return c.Store.Commit(ctx, x)
}
