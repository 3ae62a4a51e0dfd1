package payment_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A week of a shop in which much goes wrong, and Run alone sets it right: nobody calls, nobody waits, and only the clock goes on.
func TestSevenDays(t *testing.T) {
	began := time.Now()
	synctest.Test(t, testSevenDays)
	require.Less(t, time.Since(began), 10*time.Second, "a week takes a second, and some more under the race detector")
}

func testSevenDays(t *testing.T) {
	var gatewayDown, queueDown atomic.Bool
	s, l := hearing(t, options{
		realTime: true,
		config:   payment.Config{SessionLifetime: 4 * day},
		gateway: sandboxprovider.GatewayConfig{AuthorizationLife: 6 * day, Fault: func(sandboxprovider.Call) sandboxprovider.Fault {
			if gatewayDown.Load() {
				return sandboxprovider.Fault{Kind: sandboxprovider.FaultRequestLost}
			}
			return sandboxprovider.Fault{}
		}},
	})
	poisoned := s.collection("30", "EUR")
	poison := poisoned.ID
	l.set(func(_ context.Context, e payment.Event) error {
		if queueDown.Load() || e.CollectionID == poison && e.Kind == payment.EventSessionCreated {
			return errNotNow
		}
		return nil
	})
	began := time.Now()
	at := func(d time.Duration) { // goes on to that time
		time.Sleep(d - time.Since(began))
		synctest.Wait()
	}
	end := s.run(2 * time.Minute)

	// Shoppers come and go.
	left, challenged := s.session(s.collection("10", "EUR"), "sandbox", "10"), s.session(s.collection("20", "EUR"), "sandbox", "20")
	require.ErrorIs(t, s.authorizeWith(challenged, sandboxprovider.Token3DS), payment.ErrRequiresMore)
	s.session(poisoned, "sandbox", "30")
	quiet, lapsing := s.paid("sandbox", "40", "EUR"), s.paid("sandbox", "50", "EUR")
	_, err := s.capture(quiet, "40")
	require.NoError(t, err)
	_, err = s.capture(lapsing, "20")
	require.NoError(t, err)
	taken, lost := s.paid("sandbox", "60", "EUR"), s.paid("sandbox", "70", "EUR")

	// The gateway is down for 30 hours, in the middle of two captures: it has made one of them, and never got the other.
	at(day)
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
	gatewayDown.Store(true)
	for _, p := range []*payment.Payment{taken, lost} {
		_, err = s.capture(p, "")
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	}
	at(day + 30*time.Hour)
	ops := s.openOperations(t)
	require.Len(t, ops, 2, "nobody calls them failed")
	for _, op := range ops {
		require.Equal(t, payment.OperationOpen, op.State)
		require.InDelta(t, 150, op.Tries, 40, "it was asked about after 1 s, 2 s … 10 min, in rounds of 2 min")
	}
	// The queue is down for 20 hours from then on.
	gatewayDown.Store(false)
	queueDown.Store(true)
	at(day + 31*time.Hour)
	equalAmount(t, "60", s.payment(taken.ID).Captured)
	require.Len(t, s.openOperations(t), 1, "that the gateway does not know it proves nothing yet")
	at(day + 38*time.Hour)
	require.Empty(t, s.openOperations(t), "by now nothing of it can arrive any more")
	equalAmount(t, "0", s.payment(lost.ID).Captured)
	_, err = s.capture(lost, "")
	require.NoError(t, err)
	late := s.collection("70", "EUR")
	at(day + 50*time.Hour)
	require.Empty(t, l.taken(late.ID))
	queueDown.Store(false)
	at(day + 50*time.Hour + 13*time.Minute)
	requireSame(t, s.eventsOf(late.ID), l.taken(late.ID))
	at(4*day - time.Second)

	// Two sessions expire; both are canceled at the gateway.
	require.Equal(t, payment.StatusPending, s.freshSession(left.ID).Status)
	at(4*day + 5*time.Minute)
	for _, x := range []*payment.PaymentSession{left, challenged} {
		require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
		require.Equal(t, sandboxprovider.IntentCanceled, s.intent(x.ID).Status)
		require.Equal(t, expired, s.lastEvent(x.CollectionID).Code)
		equalAmount(t, "0", s.fresh(x.CollectionID).Held)
	}
	// Somebody gives money back at the dashboard, and no webhook says so.
	_, err = s.gateway.RefundAtDashboard(s.intent(quiet.SessionID).Reference, dec("15"))
	require.NoError(t, err)
	at(5*day + 6*time.Minute)
	equalAmount(t, "15", s.payment(quiet.ID).Refunded)
	require.Equal(t, payment.EventRefundSucceeded, s.lastEvent(quiet.CollectionID).Kind)

	// What was held for six days is released; what was captured of it stays.
	at(6*day + 5*time.Minute)
	now := s.booksAgree(t, lapsing.ID)
	equalAmount(t, "20", now.Captured)
	equalAmount(t, "30", now.Released)
	require.Equal(t, expired, s.lastEvent(lapsing.CollectionID).Code)

	at(7 * day)
	require.NoError(t, end())
	require.Equal(t, began.Add(7*day), time.Now())
	// Every event was taken, in its order, but for the one that never was.
	list, err := s.ListCollections(t.Context(), payment.ListParams{Limit: 100})
	require.NoError(t, err)
	for _, c := range list.Items {
		events := s.eventsOf(c.ID)
		if c.ID == poison {
			require.Equal(t, payment.EventSessionCreated, events[1].Kind)
			events = append(events[:1:1], events[2:]...)
		}
		requireSame(t, events, l.taken(c.ID))
	}
	require.Contains(t, l.log.String(), "an event was given up")
	require.Equal(t, 1, strings.Count(l.log.String(), "level=ERROR"))
	require.Empty(t, s.openOperations(t))
	for _, p := range []*payment.Payment{quiet, lapsing, taken, lost} {
		s.booksAgree(t, p.ID)
		s.agree(p.CollectionID)
	}
	require.Equal(t, 4, s.executed(sandboxprovider.MethodCapture))
	require.Less(t, len(s.calls(sandboxprovider.MethodRetrieve)), 600)
}
