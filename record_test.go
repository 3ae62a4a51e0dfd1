package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

var errFailover = &payment.StoreError{Problem: payment.StoreGone, Advice: "wait for it"}

// newFailover returns a shop whose store fails so many commits once the gateway has answered, by an error.
func newFailover(t *testing.T, commits int, err error) *shop {
	t.Helper()
	h, store := &hook{}, &frailStore{Store: memstore.New()}
	s := newShop(t, options{wrap: h.wrap, store: store})
	h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		if left := commits; m == sandboxprovider.MethodConfirm {
			store.set(func(commit func() error) error {
				if left == 0 {
					return commit()
				}
				left--
				return err
			})
		}
		return call()
	})
	return s
}

// A database that is away for a moment, after the gateway has answered, leaves nobody with a payment whose outcome is not known.
func TestAnswerIsRecordedOnceTheStoreIsBack(t *testing.T) {
	s := newFailover(t, 6, errFailover)
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	began := s.clock.Now()
	p := s.authorize(x)
	equalAmount(t, "100", s.booksAgree(t, p.ID).Authorized)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
	require.Less(t, s.clock.Now().Sub(began), 10*time.Second)
}

// Where it stays away, the caller is told so while the lease still runs, and of nothing but what is stored.
func TestAnswerThatIsNotRecordedIsNotTold(t *testing.T) {
	s := newFailover(t, -1, errFailover)
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	began := s.clock.Now()
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.ErrorIs(t, err, errFailover)
	waited := s.clock.Now().Sub(began)
	require.Greater(t, waited, 8*time.Second)
	require.LessOrEqual(t, waited, 10*time.Second)

	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Equal(t, rowTexts(sessionRows(s.freshSession(x.ID))), rowTexts(sessionRows(e.Session)))
	require.NotEmpty(t, e.Session.OperationID)
	require.Empty(t, e.Session.PaymentID)
	require.Equal(t, payment.StatusPending, e.Session.Status)
	require.Greater(t, e.RetryAfter, 30*time.Second)
	require.LessOrEqual(t, e.RetryAfter, 45*time.Second-waited)
}

// What does not pass is not waited for.
func TestDamagedStoreIsNotWaitedFor(t *testing.T) {
	for _, problem := range []payment.StoreProblem{payment.StoreDamaged, payment.StoreTooOld, payment.StoreFull} {
		s := newFailover(t, -1, &payment.StoreError{Problem: problem})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		began := s.clock.Now()
		_, err := s.tryAuthorize(x)
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		require.Equal(t, began, s.clock.Now(), problem)
	}
}

// However short the time, and whatever the host's Wait does, recording ends.
func TestHardlyAnyTimeToRecord(t *testing.T) {
	waits := 0
	s := newShop(t, options{realTime: true, config: payment.Config{SettleTimeout: 1, Wait: func(context.Context, time.Duration) error { waits++; return nil }}})
	c := s.collection("100", "EUR")
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Equal(t, 1, waits)
}

// A gateway does not wait for the answer to its webhook until the store is back, nor does Reconcile for the sake of one session: both come again.
func TestTakeOverDoesNotWaitForTheStore(t *testing.T) {
	s := newFailover(t, -1, errFailover)
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.clock.Advance(time.Minute)
	store := s.store.(*frailStore)
	takes := 0
	store.set(func(commit func() error) error { // the one that takes it over, and no other
		if takes++; takes == 1 {
			return commit()
		}
		return errFailover
	})
	began := s.clock.Now()
	report, err := s.Reconcile(t.Context())
	require.ErrorIs(t, err, errFailover)
	require.Empty(t, report.Settled)
	require.Equal(t, began, s.clock.Now())
	store.set(nil)
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
}

// What a pure provider's call was to hold is not stored when it gives no answer, and not told either.
func TestPureProviderWithoutAnswerHoldsNothing(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{Pure: true}}
	s := newShop(t, options{more: []payment.Provider{p}})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return errors.New("no answer") })
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrNotSent)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Equal(t, rowTexts(sessionRows(s.freshSession(x.ID))), rowTexts(sessionRows(e.Session)))
	require.True(t, e.Session.Held.IsZero())
}

func sessionRows(x *payment.PaymentSession) *payment.Rows {
	return &payment.Rows{Sessions: []*payment.PaymentSession{x}}
}

// An answer that the store refuses again and again, by an error that says nothing of the rows, is left to a person in the end.
func TestAnswerThatTheStoreNeverTakes(t *testing.T) {
	store := &picky{Store: memstore.New()}
	s := newShop(t, options{store: store})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	store.refusal = errors.New("unsupported Unicode escape sequence")
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 40 { // a key of 24 hours is repeated for half of them, and proves nothing before it has ended
		s.clock.Advance(time.Hour)
		_, _ = s.Reconcile(t.Context())
		if s.clock.Now().Sub(s.freshSession(x.ID).CreatedAt) < 20*time.Hour {
			require.Equal(t, payment.OperationOpen, s.openOperations(t)[0].State)
		}
	}
	op := s.operation(s.freshSession(x.ID).OperationID)
	require.Equal(t, payment.OperationNeedsAttention, op.State)
	require.Equal(t, "answer", op.Code)
	require.Contains(t, s.kinds(x.CollectionID), payment.EventOperationNeedsAttention)

	store.refusal = nil
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: op.ID, Outcome: payment.ResolveAsk, By: "ada"})
	require.NoError(t, err)
	s.reconcile(time.Minute)
	x = s.freshSession(x.ID)
	require.Equal(t, payment.StatusAuthorized, x.Status)
	s.agreeOn(x)
}

// picky is a store that refuses what says that an operation has succeeded: so many times, or always if times is 0.
type picky struct {
	payment.Store
	refusal error
	times   int
}

func (p *picky) Commit(ctx context.Context, c *payment.Changes) error {
	if p.refusal != nil {
		for _, op := range c.Operations {
			if op.State == payment.OperationSucceeded {
				refusal := p.refusal
				if p.times--; p.times == 0 {
					p.refusal = nil
				}
				return refusal
			}
		}
	}
	return p.Store.Commit(ctx, c)
}

// A bad moment of the store does not make an answer that comes after a day one that the store never takes.
func TestAnswerAfterADayIsRecordedOnceTheStoreIsBack(t *testing.T) {
	store := &picky{Store: memstore.New()}
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true}}
	s := newShop(t, options{store: store, more: []payment.Provider{p}})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.lose(payment.OperationAuthorize)
	p.lose(payment.OperationStatus)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 24*6 + 3 { // as long as an outage may last: 24 hours
		s.clock.Advance(10 * time.Minute)
		_, _ = s.Reconcile(t.Context())
		if s.clock.Now().Sub(x.CreatedAt) > 23*time.Hour+30*time.Minute {
			break
		}
	}
	require.Empty(t, s.attention())
	s.clock.Advance(21 * time.Minute) // past GiveUpAfter
	state := payment.SnapshotAuthorized
	p.isAt(&state)
	store.refusal, store.times = errFailover, 1
	_, _ = s.Reconcile(t.Context())
	require.Zero(t, store.times)
	require.Empty(t, s.attention())
}
