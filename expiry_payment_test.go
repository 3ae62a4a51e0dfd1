package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

const week = 7 * 24 * time.Hour

// What lapses at the gateway is released here, and said to have expired.
func TestAuthorizationThatLapses(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AuthorizationLife: week}})
	p := s.paid("sandbox", "100", "EUR")
	require.Equal(t, s.clock.Now().Add(week), p.CaptureBefore)
	s.reconcile(week - time.Second)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
	s.reconcile(time.Second)
	require.Equal(t, payment.StatusCanceled, s.freshSession(p.SessionID).Status)
	p = s.booksAgree(t, p.ID)
	equalAmount(t, "100", p.Released)
	equalAmount(t, "0", s.fresh(p.CollectionID).Authorized)
	e := s.lastEvent(p.CollectionID)
	require.Equal(t, payment.EventPaymentCanceled, e.Kind)
	require.Equal(t, expired, e.Code)
	equalAmount(t, "100", e.Amount)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel), "there was nothing to cancel any more")
	require.Zero(t, s.reconcile(1000*time.Hour).Looked)
	_, err := s.capture(p, "1")
	require.ErrorContains(t, err, "its authorization lapsed, and nothing was captured")
	require.Contains(t, s.timeline(p.CollectionID).Sessions[0].Why, "100.00 released; it lapsed")
}

// What was captured in part keeps that part.
func TestPartlyCapturedAuthorizationThatLapses(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AuthorizationLife: week}})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.capture(p, "30")
	require.NoError(t, err)
	s.reconcile(week)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
	p = s.booksAgree(t, p.ID)
	equalAmount(t, "30", p.Captured)
	equalAmount(t, "70", p.Released)
	require.False(t, p.CapturedAt.IsZero(), "nothing more will be captured")
	c := s.fresh(p.CollectionID)
	equalAmount(t, "30", c.Authorized)
	equalAmount(t, "30", c.Captured)
	e := s.lastEvent(c.ID)
	require.Equal(t, payment.EventPaymentReleased, e.Kind)
	require.Equal(t, expired, e.Code)
	equalAmount(t, "70", e.Amount)
	_, err = s.capture(p, "1")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	_, err = s.refund(p, "30")
	require.NoError(t, err)
}

// What was captured whole does not lapse.
func TestCapturedAuthorizationDoesNotLapse(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AuthorizationLife: week}})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.capture(p, "")
	require.NoError(t, err)
	events := len(s.eventsOf(p.CollectionID))
	for range 4 {
		s.reconcile(week)
	}
	require.Len(t, s.eventsOf(p.CollectionID), events)
	s.booksAgree(t, p.ID)
}

// Where the gateway names the hour and does nothing, the rest is canceled there first.
func TestAuthorizationThatWeMustCancel(t *testing.T) {
	for name, captured := range map[string]string{"nothing captured": "", "a part captured": "30"} {
		t.Run(name, func(t *testing.T) {
			s, p := newScripted(t)
			before := s.clock.Now().Add(week)
			p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error { s.CaptureBefore = before; return nil })
			paid := s.paid("scripted", "100", "EUR")
			if captured != "" {
				_, err := s.capture(paid, captured)
				require.NoError(t, err)
			}
			list := []payment.Movement{}
			for _, c := range s.payment(paid.ID).Captures {
				list = append(list, payment.Movement{Kind: payment.MovementCapture, Reference: c.Reference, Amount: c.Amount, State: c.State})
			}
			says := payment.Snapshot{State: payment.SnapshotAuthorized, Movements: list, CaptureBefore: before}
			p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error { *s = says; return nil })
			p.on(payment.OperationCancel, func(x *payment.Snapshot, _ payment.Request) error {
				require.Equal(t, payment.StatusAuthorized, s.freshSession(paid.SessionID).Status, "it is canceled at the gateway first")
				*x = says
				x.Capturable = new(dec("0"))
				return nil
			})
			p.calls = nil
			s.reconcile(week - time.Second)
			p.calls = nil
			// It is prolonged, twice: it is left alone.
			for range 2 {
				before = before.Add(week)
				says.CaptureBefore = before
				s.reconcile(time.Second)
				require.Equal(t, []payment.OperationKind{payment.OperationStatus}, p.calls)
				require.Equal(t, before, s.payment(paid.ID).CaptureBefore)
				s.reconcile(week - time.Second)
				p.calls = nil
			}
			s.reconcile(time.Second)
			require.Equal(t, []payment.OperationKind{payment.OperationStatus, payment.OperationCancel}, p.calls)
			now := s.payment(paid.ID)
			equalAmount(t, "0", now.Capturable)
			e := s.lastEvent(paid.CollectionID)
			require.Equal(t, expired, e.Code)
			if captured == "" {
				require.Equal(t, payment.EventPaymentCanceled, e.Kind)
				require.Equal(t, payment.StatusCanceled, s.freshSession(paid.SessionID).Status)
			} else {
				require.Equal(t, payment.EventPaymentReleased, e.Kind)
				equalAmount(t, "70", now.Released)
				require.Equal(t, payment.StatusAuthorized, s.freshSession(paid.SessionID).Status)
			}
			require.Empty(t, s.openOperations(t))
		})
	}
}

// A capture that is still being decided when the rest lapses keeps what it asked for, until it is known.
func TestPendingCaptureWhenTheRestLapses(t *testing.T) {
	for _, good := range []bool{true, false} {
		s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AuthorizationLife: week, AsyncCaptures: true}})
		p := s.paid("sandbox", "100", "EUR")
		p, err := s.capture(p, "40")
		require.NoError(t, err)
		require.Equal(t, payment.MovementPending, p.Captures[0].State)
		s.reconcile(week)
		now := s.payment(p.ID)
		equalAmount(t, "60", now.Released)
		equalAmount(t, "0", now.Capturable)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
		require.Equal(t, payment.MovementPending, now.Captures[0].State)
		equalAmount(t, "40", s.fresh(p.CollectionID).Authorized)
		require.NoError(t, s.gateway.ResolveMovement(now.Captures[0].Reference, good))
		s.reconcile(24 * time.Hour)
		now = s.payment(p.ID)
		require.Empty(t, s.openOperations(t))
		if good {
			equalAmount(t, "40", now.Captured)
			equalAmount(t, "60", now.Released)
			equalAmount(t, "40", s.fresh(p.CollectionID).Captured)
			s.booksAgree(t, p.ID)
			continue
		}
		equalAmount(t, "0", now.Captured)
		equalAmount(t, "100", now.Released)
		equalAmount(t, "0", s.fresh(p.CollectionID).Authorized)
		require.Equal(t, payment.StatusCanceled, s.freshSession(p.SessionID).Status)
		require.False(t, now.CanceledAt.IsZero())
	}
}

// A capture that is under way when the time is over is waited for.
func TestCaptureUnderWayWhenTheTimeIsOver(t *testing.T) {
	h := &hook{}
	s := newShop(t, options{wrap: h.wrap, gateway: sandboxprovider.GatewayConfig{AuthorizationLife: week}})
	p := s.paid("sandbox", "100", "EUR")
	s.reconcile(week - time.Second)
	h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		require.Equal(t, sandboxprovider.MethodCapture, m)
		snapshot, err := call()
		r := s.reconcile(2 * time.Second)
		require.Empty(t, r.Settled)
		return snapshot, err
	})
	p, err := s.capture(p, "30")
	require.NoError(t, err)
	h.set(nil)
	equalAmount(t, "30", p.Captured)
	s.reconcile(2 * time.Minute)
	s.reconcile(2 * time.Minute)
	p = s.booksAgree(t, p.ID)
	equalAmount(t, "70", p.Released)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
}

// A provider that cannot cancel leaves the rest to the gateway.
func TestLapsingAuthorizationWithoutCanceler(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AuthorizationLife: week}, wrap: func(p payment.Provider) payment.Provider {
		return limited{struct{ payment.Provider }{p}, payment.ProviderInfo{}}
	}})
	p := s.paid("sandbox", "100", "EUR")
	s.reconcile(week)
	require.Equal(t, payment.StatusCanceled, s.freshSession(p.SessionID).Status)
	require.Equal(t, expired, s.lastEvent(p.CollectionID).Code)
}

// A gateway that refuses to let go is asked to ever less often, and not for ever.
func TestLapsedAuthorizationThatTheGatewayKeeps(t *testing.T) {
	s, p := newScripted(t)
	before := s.clock.Now().Add(week)
	p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error { s.CaptureBefore = before; return nil })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{State: payment.SnapshotAuthorized}
		return nil
	})
	cancels := 0
	p.on(payment.OperationCancel, func(s *payment.Snapshot, _ payment.Request) error {
		cancels++
		*s = payment.Snapshot{}
		return payment.Declined("not_now", "try again later")
	})
	paid := s.paid("scripted", "100", "EUR")
	s.reconcile(week)
	for range 100 * 24 * 6 {
		s.reconcile(10 * time.Minute)
	}
	require.Greater(t, cancels, 90)
	require.Less(t, cancels, 110)
	require.Less(t, len(p.calls), 250)
	equalAmount(t, "100", s.payment(paid.ID).Capturable)
	require.Empty(t, s.openOperations(t))
}
