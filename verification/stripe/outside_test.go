package stripe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

func TestDashboard(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		p := w.paid("100", "usd")
		in := w.gateway.Intents()[0]
		require.NoError(w.t, w.gateway.CaptureAtDashboard(in.ID, 7000))
		w.deliver("payment_intent.succeeded")
		p = w.payment(p.ID)
		require.True(w.t, p.Captured.Equal(dec("70")))
		require.True(w.t, p.Released.Equal(dec("30")))
		require.True(w.t, p.Captures[0].External())
		w.agree()
		_, err := w.gateway.RefundAtDashboard(in.ID, 1500)
		require.NoError(w.t, err)
		w.clock.Advance(time.Minute)
		w.deliver("refund.created")
		p = w.payment(p.ID)
		require.True(w.t, p.Refunded.Equal(dec("15")))
		require.True(w.t, p.Refunds[0].External())
		w.agree()
		_, err = w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("5")})
		require.NoError(w.t, err)
		w.agree()
		_, err = w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID})
		require.NoError(w.t, err)
		w.agree()
		require.Equal(w.t, 3, w.told(payment.EventRefundSucceeded))
	})
}

func TestCanceledAtDashboard(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		held := w.paid("100", "usd")
		open := w.order("50", "usd", nil)
		for _, in := range w.gateway.Intents() {
			require.NoError(w.t, w.gateway.CancelAtDashboard(in.ID))
		}
		_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: held.ID})
		require.Error(w.t, err, "the shop has not heard of it")
		w.deliver("payment_intent.canceled")
		require.Equal(w.t, payment.StatusCanceled, w.fresh(open.ID).Status)
		require.False(w.t, w.payment(held.ID).CanceledAt.IsZero())
		require.Empty(w.t, w.payment(held.ID).Refunds)
		w.agree()
		require.Equal(w.t, 1, w.told(payment.EventPaymentCanceled))
	})
}

func TestCapturedAtDashboardMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		p := w.paid("100", "usd")
		require.NoError(w.t, w.gateway.CaptureAtDashboard(w.gateway.Intents()[0].ID, 10000))
		_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("60")})
		require.Error(w.t, err, "somebody else has taken it")
		w.deliver()
		w.reconcile(3, time.Hour)
		p = w.payment(p.ID)
		require.True(w.t, p.Captured.Equal(dec("100")))
		for _, c := range p.Captures {
			require.True(w.t, c.External() || c.State == payment.MovementFailed, "none of it is ours")
		}
		w.totals()
	})
}

func TestExpired(t *testing.T) {
	t.Parallel()
	each(t, multicapture(), func(w *world) {
		none, part := w.paid("100", "usd"), w.paid("80", "usd")
		_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: part.ID, Amount: amount("30")})
		require.NoError(w.t, err)
		require.False(w.t, none.CaptureBefore.IsZero())
		w.clock.Advance(7 * 24 * time.Hour)
		for _, in := range w.gateway.Intents() {
			require.NoError(w.t, w.gateway.Expire(in.ID))
		}
		w.deliver("payment_intent.canceled", "payment_intent.succeeded")
		require.False(w.t, w.payment(none.ID).CanceledAt.IsZero())
		require.True(w.t, w.payment(part.ID).Capturable.IsZero())
		w.agree()
	})
}

func TestRefundReturned(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		p := w.paid("100", "usd")
		ctx := w.t.Context()
		_, err := w.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID})
		require.NoError(w.t, err)
		_, err = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("40")})
		require.NoError(w.t, err)
		require.NoError(w.t, w.gateway.ReturnRefund(w.gateway.Intents()[0].Refunds[0].ID))
		w.clock.Advance(time.Minute)
		w.deliver("refund.failed")
		p = w.payment(p.ID)
		require.True(w.t, p.Refunded.IsZero())
		require.Equal(w.t, payment.MovementFailed, p.Refunds[0].State)
		w.agree()
		_, err = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
		require.NoError(w.t, err, "it can be given back again")
		w.agree()
		require.Equal(w.t, 1, w.told(payment.EventRefundReturned))
	})
}

func TestRefundPending(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"given back": true, "failed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, options{}, func(w *world) {
				x := w.order("100", "usd", nil)
				require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_pendingRefund"))
				p, err := w.authorize(x, nil)
				require.NoError(w.t, err)
				ctx := w.t.Context()
				_, err = w.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID})
				require.NoError(w.t, err)
				p, err = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("40")})
				require.NoError(w.t, err)
				require.Equal(w.t, payment.MovementPending, p.Refunds[0].State)
				require.True(w.t, p.Refunded.IsZero())
				_, err = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("61")})
				require.ErrorIs(w.t, err, payment.ErrAmountExceeded)
				require.NoError(w.t, w.gateway.ResolveRefund(p.Refunds[0].Reference, ok))
				w.clock.Advance(time.Minute)
				w.deliver("refund.updated")
				want := map[bool]payment.MovementState{true: payment.MovementSucceeded, false: payment.MovementFailed}[ok]
				require.Equal(w.t, want, w.payment(p.ID).Refunds[0].State)
				w.agree()
			})
		})
	}
}

func TestDispute(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		p := w.paid("100", "usd")
		_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
		require.NoError(w.t, err)
		id, err := w.gateway.Dispute(w.gateway.Intents()[0].ID, 10000)
		require.NoError(w.t, err)
		w.deliver("charge.dispute.created")
		w.deliver("charge.dispute.created") // again
		require.Equal(w.t, 1, w.told(payment.EventGatewayNotice))
		w.mu.Lock()
		for _, e := range w.events {
			if e.Kind == payment.EventGatewayNotice {
				require.Equal(w.t, []string{"dispute.created", id, "fraudulent"}, []string{e.Notice, e.Reference, e.Code})
				require.True(w.t, e.Amount.Equal(dec("100")))
				require.Equal(w.t, p.CollectionID, e.CollectionID)
			}
		}
		w.mu.Unlock()
		_, err = w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("10")})
		require.Error(w.t, err, "Stripe refunds no disputed charge")
		require.NoError(w.t, w.gateway.CloseDispute(id, true))
		w.deliver("charge.dispute.closed")
		require.Equal(w.t, 2, w.told(payment.EventGatewayNotice))
		last := w.events[len(w.events)-1]
		require.Equal(w.t, []string{"dispute.closed", "won"}, []string{last.Notice, last.Code})
		require.Zero(w.t, w.gateway.Intents()[0].Refunded)
		require.True(w.t, w.payment(p.ID).Refunded.IsZero())
	})
}
