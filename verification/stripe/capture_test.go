package stripe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// slow is a world in which Stripe takes its time with a capture: https://docs.stripe.com/payments/paymentintents/lifecycle
func slow() options { return options{gateway: stripetest.Config{SlowCapture: true}} }

// waiting returns the operations that a person is to look at.
func (w *world) waiting() []*payment.Operation {
	w.t.Helper()
	list, err := w.ListOperations(w.t.Context(), payment.ListParams{State: payment.OperationNeedsAttention, Limit: 100})
	require.NoError(w.t, err)
	return list.Items
}

// underWay returns a payment whose capture Stripe is processing since the day after it was authorized.
func (w *world) underWay(part string) *payment.Payment {
	w.t.Helper()
	p := w.paid("100", "usd")
	w.clock.Advance(26 * time.Hour)
	p, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount(part)})
	require.NoError(w.t, err)
	w.deliver("payment_intent.processing")
	w.reconcile(10, 10*time.Minute)
	require.Empty(w.t, w.waiting(), "nothing is wrong")
	require.Equal(w.t, payment.StatusAuthorized, w.fresh(p.SessionID).Status)
	require.Equal(w.t, payment.MovementPending, w.payment(p.ID).Captures[0].State)
	return p
}

func TestCaptureProcesses(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"100", "40"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			each(t, slow(), func(w *world) {
				p := w.underWay(part)
				require.NoError(w.t, w.gateway.ResolveDelayed(w.fresh(p.SessionID).Reference, true))
				w.deliver("payment_intent.succeeded")
				w.reconcile(10, 10*time.Minute)
				require.Empty(w.t, w.waiting())
				require.True(w.t, w.payment(p.ID).Captured.Equal(dec(part)))
				w.agree()
				_, err := w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("10")})
				require.NoError(w.t, err)
				w.agree()
			})
		})
	}
}

// A capture that fails ends, and what was held is not held any more.
func TestCaptureProcessesAndFails(t *testing.T) {
	t.Parallel()
	for _, hear := range []string{"payment_intent.payment_failed", ""} {
		t.Run("by "+hear, func(t *testing.T) {
			t.Parallel()
			each(t, slow(), func(w *world) {
				p := w.underWay("100")
				require.NoError(w.t, w.gateway.ResolveDelayed(w.fresh(p.SessionID).Reference, false))
				if hear != "" {
					w.deliver(hear)
				}
				w.reconcile(30, time.Hour)
				require.Empty(w.t, w.waiting())
				p = w.payment(p.ID)
				require.Len(w.t, p.Captures, 1)
				require.Equal(w.t, payment.MovementFailed, p.Captures[0].State)
				require.False(w.t, p.CanceledAt.IsZero())
				require.Equal(w.t, 1, w.told(payment.EventPaymentCanceled))
				w.totals()
			})
		})
	}
}

// After a capture that failed the page can pay again: that is another authorization, which a person looks at, and no second capture.
func TestCaptureFailsAndThePageTriesAgain(t *testing.T) {
	t.Parallel()
	each(t, slow(), func(w *world) {
		p := w.underWay("100")
		x := w.fresh(p.SessionID)
		require.NoError(w.t, w.gateway.ResolveDelayed(x.Reference, false))
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_threeDSecure2Required"))
		w.reconcile(3, time.Hour)
		require.Equal(w.t, payment.MovementFailed, w.payment(p.ID).Captures[0].State)
		require.Empty(w.t, w.waiting())
		require.NoError(w.t, w.gateway.CompleteChallenge(x.Reference, true))
		w.deliver("payment_intent.amount_capturable_updated")
		require.Len(w.t, w.waiting(), 1)
		require.Len(w.t, w.payment(p.ID).Captures, 1)
	})
}
