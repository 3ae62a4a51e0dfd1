package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A gateway that takes all its time for every question keeps nobody else from their work.
func TestSilentGatewayDelaysNobodyElse(t *testing.T) {
	events := 0
	p := &scripted{answer: usual}
	s := newShop(t, options{more: []payment.Provider{messenger{p}}, config: payment.Config{
		OnEvent: func(context.Context, payment.Event) error { events++; return nil },
	}})
	questions, answers := 0, false
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(a *payment.Snapshot, r payment.Request) error {
		if questions++; answers {
			a.Amount, a.Authorized = r.Amount, r.Amount
			return nil
		}
		s.clock.Advance(15 * time.Second)
		return context.DeadlineExceeded
	})
	c := s.collection("1000", "EUR")
	for range 120 {
		_, err := s.tryAuthorize(s.session(c, "scripted", "1"))
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	}
	good := s.session(c, "sandbox", "10")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(good)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)

	before := s.clock.Now()
	r := s.reconcile(time.Minute)
	require.Equal(t, 1, questions, "one is enough to see that nobody answers")
	require.Less(t, s.clock.Now().Sub(before), 2*time.Minute)
	require.Len(t, r.Parked, 120)
	require.Positive(t, events)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(good.ID).Status)

	s.reconcile(time.Minute)
	require.Equal(t, 2, questions, "the next Reconcile tries again")
	answers = true
	s.reconcile(time.Minute)
	s.reconcile(time.Minute)
	equalAmount(t, "130", s.fresh(c.ID).Authorized)
}
