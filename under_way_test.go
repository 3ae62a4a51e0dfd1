package payment_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// flight is a gateway's captures that are under way: each takes effect at its time, which is never more than life after it was sent. Keys are
// forgotten ttl after they were first seen.
type flight struct {
	clock *clock
	ttl   time.Duration
	under []underWay
	seen  map[string]time.Time
	moved []payment.Movement
}

type underWay struct {
	at time.Time
	m  payment.Movement
}

func (f *flight) send(m payment.Movement, at time.Time) { f.under = append(f.under, underWay{at, m}) }

// arrive lets happen what is due.
func (f *flight) arrive() {
	left := f.under[:0]
	for _, u := range f.under {
		if u.at.After(f.clock.Now()) {
			left = append(left, u)
			continue
		}
		if first, ok := f.seen[u.m.IdempotencyKey]; ok && u.at.Sub(first) < f.ttl {
			continue // replayed
		}
		f.seen[u.m.IdempotencyKey] = u.at
		u.m.Reference = "mov-" + u.m.IdempotencyKey + "-" + u.at.Format("150405")
		f.moved = append(f.moved, u.m)
	}
	f.under = left
}

// status is what the gateway knows of an authorization of 100 EUR, or of a key.
func (f *flight) status(n *payment.Snapshot, r payment.Request) error {
	f.arrive()
	*n = payment.Snapshot{State: payment.SnapshotAuthorized, Reference: r.Reference, CurrencyCode: "EUR", Amount: dec("100"), Authorized: dec("100"), Movements: f.moved}
	if _, ok := f.seen[r.IdempotencyKey]; r.IdempotencyKey != "" && !ok {
		*n = payment.Snapshot{State: payment.SnapshotNotFound}
	}
	return nil
}

// Where keys live for less than a request may be under way, nothing is repeated: the repeat could arrive when its key is forgotten.
func TestNoRepeatArrivesAfterItsKey(t *testing.T) {
	// MaxRequestLife is the default, 15 minutes.
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 10 * time.Minute, StatusByKey: true}}
	s := newShop(t, options{more: []payment.Provider{p}})
	pay := s.paid("scripted", "100", "EUR")
	f := &flight{clock: s.clock, ttl: 10 * time.Minute, seen: map[string]time.Time{}}
	sent := 0
	p.on(payment.OperationCapture, func(n *payment.Snapshot, r payment.Request) error {
		m := payment.Movement{Kind: payment.MovementCapture, IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementSucceeded}
		if sent++; sent == 1 {
			f.send(m, s.clock.Now().Add(2*time.Minute)) // late, but in 2 of its 15 minutes
		} else {
			f.send(m, s.clock.Now().Add(14*time.Minute)) // in 14 of its 15 minutes
		}
		return errors.New("time-out")
	})
	p.on(payment.OperationStatus, f.status)
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 30 {
		s.reconcile(time.Minute)
	}
	f.arrive()
	taken := dec("0")
	for _, m := range f.moved {
		taken = taken.Add(m.Amount)
	}
	equalAmount(t, "40", taken)
}

// What is proven by time counts from when the call can have been made at the latest, not from when it was written down.
func TestProofCountsFromTheCall(t *testing.T) {
	// keys are not honored, but the gateway can be asked by key
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, StatusByKey: true}}
	store := &busyStore{Store: memstore.New()}
	s := newShop(t, options{more: []payment.Provider{messenger{p}}, store: store})
	pay := s.paid("scripted", "100", "EUR")
	f := &flight{clock: s.clock, seen: map[string]time.Time{}}
	store.committed = func(c *payment.Changes) { // the commit is there, its acknowledgement takes 19 s
		if len(c.Operations) == 1 && c.Operations[0].Kind == payment.OperationCapture && c.Operations[0].Tries == 1 && c.Operations[0].State == payment.OperationOpen {
			s.clock.Advance(19 * time.Second)
			store.committed = nil
		}
	}
	p.on(payment.OperationCapture, func(n *payment.Snapshot, r payment.Request) error {
		s.clock.Advance(14 * time.Second) // connecting
		f.send(payment.Movement{Kind: payment.MovementCapture, IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementSucceeded},
			s.clock.Now().Add(15*time.Minute-time.Second)) // less than MaxRequestLife after it was sent
		return errors.New("time-out")
	})
	p.on(payment.OperationStatus, f.status)
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	op := s.freshSession(pay.SessionID).OperationID
	for len(f.under) > 0 {
		_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(pay.SessionID)}) // or Reconcile, were it due just now
		require.NoError(t, err)
		if o := s.operation(op); o.State == payment.OperationFailed {
			t.Fatalf("failed as %s, with its request still under way for %s", o.Code, f.under[0].at.Sub(s.clock.Now()))
		}
		s.clock.Advance(time.Second)
		f.arrive()
	}
}

// A person cannot fail what may still arrive: the host would do it again.
func TestWhatMayArriveIsNotFailed(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour, StatusByKey: true}}
	s := newShop(t, options{more: []payment.Provider{messenger{p}}})
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error { n.Account = "acct_1"; return nil })
	pay := s.paid("scripted", "100", "EUR")
	f := &flight{clock: s.clock, ttl: 24 * time.Hour, seen: map[string]time.Time{}}
	p.on(payment.OperationCapture, func(n *payment.Snapshot, r payment.Request) error {
		f.send(payment.Movement{Kind: payment.MovementCapture, IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementSucceeded}, s.clock.Now().Add(10*time.Minute))
		return errors.New("time-out")
	})
	account := "acct_2"
	p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
		f.arrive()
		*n = payment.Snapshot{State: payment.SnapshotAuthorized, Account: account, Reference: r.Reference, CurrencyCode: "EUR", Amount: dec("100"), Authorized: dec("100"), Movements: append([]payment.Movement{}, f.moved...)}
		return nil
	})
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.clock.Advance(2 * time.Second)
	_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(pay.SessionID)})
	require.NoError(t, err)
	op := s.operation(s.freshSession(pay.SessionID).OperationID)
	require.Equal(t, payment.OperationNeedsAttention, op.State)
	s.clock.Advance(time.Minute)
	account = "acct_1"
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: op.ID, Outcome: payment.ResolveFail, By: "somebody who sees nothing at the dashboard"})
	require.ErrorIs(t, err, payment.ErrNotAllowed, "the host would capture again, and the first request arrives later")
	s.clock.Advance(20 * time.Minute)
	f.arrive()
	require.Len(t, f.moved, 1)
	s.reconcile(time.Hour)
	equalAmount(t, "40", s.payment(pay.ID).Captured)
}

// Keys that live for ever prove nothing sooner, and keep nobody from being told.
func TestKeysForEver(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: math.MaxInt64, StatusByKey: true}}
	s := newShop(t, options{more: []payment.Provider{messenger{p}}})
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(n *payment.Snapshot, _ payment.Request) error { return errors.New("time-out") }) // on its way
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
		*n = payment.Snapshot{State: payment.SnapshotNotFound}
		return nil
	})
	s.clock.Advance(2 * time.Second)
	// a message about the session comes
	_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(pay.SessionID)})
	require.NoError(t, err)
	require.NotEmpty(t, s.freshSession(pay.SessionID).OperationID, "2 s after the call it was taken for proven that the capture can never arrive")
}

func TestLongKeysDelayNoAlarm(t *testing.T) {
	long := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, KeyTTL: 45 * 24 * time.Hour, StatusByKey: true}}
	s := newShop(t, options{more: []payment.Provider{long}})
	pay := s.paid("scripted", "100", "EUR")
	silent := func(*payment.Snapshot, payment.Request) error { return errors.New("time-out") }
	long.on(payment.OperationCapture, silent)
	long.on(payment.OperationStatus, silent)
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	days := 0
	for ; days < 100; days++ {
		for range 24 {
			s.reconcile(time.Hour)
		}
		if s.operation(s.freshSession(pay.SessionID).OperationID).State == payment.OperationNeedsAttention {
			break
		}
	}
	require.Less(t, days, 3, "days until anybody was told")
}

// What came to nothing after its caller was told that nobody knows is no silent end: it is a failed capture or refund, with its event.
func TestWhatCameToNothingIsTold(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{NoKeys: true}})
	p := s.paid("sandbox", "100", "EUR")
	p, err := s.capture(p, "50")
	require.NoError(t, err)
	for method, kind := range map[sandboxprovider.Method]payment.EventKind{
		sandboxprovider.MethodCapture: payment.EventCaptureFailed, sandboxprovider.MethodRefund: payment.EventRefundFailed,
	} {
		s.fail(method, sandboxprovider.FaultRequestLost)
		if method == sandboxprovider.MethodCapture {
			_, err = s.capture(p, "20")
		} else {
			_, err = s.refund(p, "20")
		}
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		for range 20 {
			s.reconcile(time.Minute)
		}
		events := s.eventsOf(p.CollectionID)
		last := events[len(events)-1]
		require.Equal(t, kind, last.Kind)
		require.Equal(t, "not_done", last.Code)
		equalAmount(t, "20", last.Amount)
		require.NotEmpty(t, last.EntryID)
	}
	p = s.payment(p.ID)
	equalAmount(t, "50", p.Captured)
	equalAmount(t, "0", p.Refunded)
	require.Equal(t, "not_done", p.Captures[1].Reason)
	require.Equal(t, "not_done", p.Refunds[0].Reason)
}

// What was refused before anybody was told otherwise leaves no trace: the caller has its answer.
func TestWhatWasNotSentIsNoFailedCapture(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultConnectionRefused)
	_, err := s.capture(p, "20")
	require.ErrorIs(t, err, payment.ErrNotSent)
	require.Empty(t, s.payment(p.ID).Captures)
}

// A gateway that shows a movement which could be ours has answered: the person is told of that, and not that nobody answers.
func TestGivenUpBecauseOfAMovement(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{NoKeys: true}})
	p := s.paid("sandbox", "50", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultRequestLost)
	_, err := s.capture(p, "20")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	_, err = s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("20"))
	require.NoError(t, err)
	for range 26 {
		s.reconcile(time.Hour)
	}
	op := s.operation(s.freshSession(p.SessionID).OperationID)
	require.Equal(t, payment.OperationNeedsAttention, op.State)
	require.Equal(t, "movement", op.Code)
}

// What was answered, or has failed at the gateway, can be failed at once: nothing of it is under way.
func TestWhatCannotArriveIsFailedAtOnce(t *testing.T) {
	for _, answered := range []bool{true, false} {
		s, p := newScripted(t)
		p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error { n.Account = "acct_1"; return nil })
		pay := s.paid("scripted", "100", "EUR")
		account, movements := "acct_2", []payment.Movement{}
		p.on(payment.OperationCapture, func(n *payment.Snapshot, _ payment.Request) error {
			n.Account, n.Movements = account, movements
			if !answered {
				return errors.New("time-out")
			}
			return nil
		})
		p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
			n.Account, n.Amount, n.Authorized, n.Movements = account, dec("100"), dec("100"), movements
			return nil
		})
		_, err := s.capture(pay, "40")
		require.Error(t, err)
		s.reconcile(time.Minute)
		op := s.operation(s.freshSession(pay.SessionID).OperationID)
		require.Equal(t, payment.OperationNeedsAttention, op.State)
		fail := payment.ResolveOperationParams{OperationID: op.ID, Outcome: payment.ResolveFail, By: "ada"}
		if !answered {
			_, err = s.ResolveOperation(t.Context(), fail)
			require.ErrorIs(t, err, payment.ErrNotAllowed)
			require.ErrorContains(t, err, "until 20")
			account, movements = "acct_1", []payment.Movement{{Kind: payment.MovementCapture, Reference: "cap_1", IdempotencyKey: op.Key(), Amount: dec("40"), State: payment.MovementFailed}}
		}
		_, err = s.ResolveOperation(t.Context(), fail)
		require.NoError(t, err)
		require.Equal(t, payment.OperationFailed, s.operation(op.ID).State)
	}
}

// The host is told that a refund has failed, and refunds with another key: a repeat of the first key must not refund as well.
func TestWhatIsToldAsFailedStaysSoForItsKey(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, StatusByKey: true}}
	s := newShop(t, options{more: []payment.Provider{p}})
	pay := s.paid("scripted", "100", "EUR")
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: pay.ID})
	require.NoError(t, err)
	tries := 0
	p.on(payment.OperationRefund, func(n *payment.Snapshot, r payment.Request) error {
		if tries++; tries == 1 {
			return errors.New("time-out")
		}
		return nil
	})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
		if r.IdempotencyKey != "" {
			*n = payment.Snapshot{State: payment.SnapshotNotFound}
			return nil
		}
		return payment.ErrUnsupported
	})
	forty := dec("40")
	r := payment.RefundPaymentParams{PaymentID: pay.ID, Amount: &forty, IdempotencyKey: "refund of order 7"}
	_, err = s.RefundPayment(t.Context(), r)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 60 {
		s.reconcile(time.Minute)
	}
	require.Equal(t, payment.MovementFailed, s.payment(pay.ID).Refunds[0].State)
	// the host acts on refund.failed, as it would on a decline: with another key
	_, err = s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: pay.ID, Amount: &forty, IdempotencyKey: "refund of order 7, again"})
	require.NoError(t, err)
	_, err = s.RefundPayment(t.Context(), r)
	require.ErrorIs(t, err, payment.ErrDeclined)
	equalAmount(t, "40", s.payment(pay.ID).Refunded)
}

// An automatic capture that carries the key of its authorization, and fails, is no decline of that: the money is held.
func TestAnAutomaticCaptureThatFailsIsNoDecline(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{KeyTTL: 24 * time.Hour, MultiCapture: true}}
	s := newShop(t, options{more: []payment.Provider{messenger{p}}})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	var key string
	state := payment.MovementPending
	move := func() []payment.Movement {
		return []payment.Movement{{Kind: payment.MovementCapture, Reference: "m1", IdempotencyKey: key, Amount: dec("100"), State: state}}
	}
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, r payment.Request) error {
		key = r.IdempotencyKey
		n.Movements = move()
		return nil
	})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
		*n = payment.Snapshot{State: payment.SnapshotAuthorized, Reference: "ref-" + r.SessionID, CurrencyCode: "EUR", Amount: dec("100"), Authorized: dec("100"), Movements: move()}
		return nil
	})
	a := payment.AuthorizeSessionParams{SessionID: x.ID, IdempotencyKey: "k"}
	_, err := s.AuthorizeSession(t.Context(), a)
	require.NoError(t, err)
	state = payment.MovementFailed
	s.reconcile(2 * time.Minute)
	pay, err := s.AuthorizeSession(t.Context(), a)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.NoError(t, err)
	require.NotNil(t, pay)
}
