package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Rule 9, by sweep: what is looked at, when, and for how long.

const aDay = 24 * time.Hour

// For how long a session is asked about counts from when its money moved last, whatever moved.
func TestRuleAuditsCountFromTheLastMovement(t *testing.T) {
	s := newShop(t, options{config: payment.Config{AuditFor: 10 * aDay}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	s.clock.Advance(9 * aDay)
	p := s.authorize(x)
	reference := s.intent(x.ID).Reference
	s.clock.Advance(9 * aDay) // longer than since it was created, not since it was authorized
	_, err := s.gateway.CaptureAtDashboard(reference, dec("40"))
	require.NoError(t, err)
	s.reconcile(0)
	equalAmount(t, "40", s.payment(p.ID).Captured)
	for _, want := range []string{"1", "2"} { // since it was captured, then since something was refunded
		s.clock.Advance(8 * aDay)
		_, err = s.gateway.RefundAtDashboard(reference, dec("1"))
		require.NoError(t, err)
		s.reconcile(aDay)
		equalAmount(t, want, s.payment(p.ID).Refunded)
	}
	s.reconcile(11 * aDay) // a last look
	_, err = s.gateway.RefundAtDashboard(reference, dec("1"))
	require.NoError(t, err)
	s.reconcile(2 * aDay)
	equalAmount(t, "2", s.payment(p.ID).Refunded)
}

// Of several reasons to look at a session, the first counts: a deadline is no reason to look away until then.
func TestRuleDeadlineDoesNotDelayAudits(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AuthorizationLife: 7 * aDay, IntentLife: 7 * aDay}})
	p := s.paid("sandbox", "100", "EUR")
	require.False(t, s.payment(p.ID).CaptureBefore.IsZero())
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	s.reconcile(time.Minute)
	equalAmount(t, "30", s.booksAgree(t, p.ID).Captured)

	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, "tok_delayed"), payment.ErrPending)
	require.NoError(t, s.gateway.ResolveDelayed(x.Reference, true))
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A gateway that cannot be asked is not asked day after day.
func TestRuleUnaskableIsNotAskedAgain(t *testing.T) {
	asked := 0
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(context.Context, payment.StatusRequest) (payment.Snapshot, error) {
			asked++
			return payment.Snapshot{}, payment.ErrUnsupported
		}}
	}})
	s.paid("sandbox", "100", "EUR")
	for range 20 {
		s.reconcile(aDay)
	}
	require.Equal(t, 1, asked)
}

// Whoever works slowly stops when its claim is over: the rest is another's by then.
func TestRuleClaimThatIsOver(t *testing.T) {
	var s *shop
	s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			s.clock.Advance(14 * time.Second)
			return p.Status(ctx, r)
		}}
	}})
	for range 6 {
		s.paid("sandbox", "100", "EUR")
	}
	require.Equal(t, 4, s.reconcile(time.Minute).Looked, "the claim of 45 seconds is over after four of them")
	require.Equal(t, 2, s.reconcile(0).Looked)
}

// A clock that is set back does not keep Run from its work until it is as late again.
func TestRuleRunAfterTheClockWasSetBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := newShop(t, options{})
	var x *payment.PaymentSession
	waits := 0
	svc, err := payment.NewService(s.store, payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}, Now: s.clock.Now,
		Wait: func(ctx context.Context, d time.Duration) error {
			switch waits++; {
			case waits == 1:
				s.clock.Advance(-5 * time.Hour)
				x = s.session(s.collection("100", "EUR"), "sandbox", "100")
				s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
				_, err := s.tryAuthorize(x)
				s.requireUnknown(err, x.ID, payment.StatusPending)
			case waits >= 10:
				cancel()
			}
			s.clock.Advance(d)
			return ctx.Err()
		},
	})
	require.NoError(t, err)
	require.NoError(t, svc.Run(ctx, time.Second))
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}
