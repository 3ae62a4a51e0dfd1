package stripetest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// take captures, and returns the error.
func take(t *testing.T, api *stripe.Client, id string, amount int64, final *bool) error {
	t.Helper()
	_, err := api.V1PaymentIntents.Capture(t.Context(), id, &stripe.PaymentIntentCaptureParams{AmountToCapture: &amount, FinalCapture: final})
	return err
}

// giveBack refunds, and returns the refund.
func giveBack(t *testing.T, api *stripe.Client, id string, amount int64) (*stripe.Refund, error) {
	t.Helper()
	return api.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{
		PaymentIntent: &id, Amount: &amount, Metadata: map[string]string{"why": "test"}, Reason: stripe.String("requested_by_customer"),
	})
}

func TestCapturePart(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, paidWith("pm_card_visa"))
	e := refusal(t, take(t, api, in.ID, 1001, nil))
	require.Equal(t, "amount_too_large", string(e.Code))
	require.Error(t, take(t, api, in.ID, 0, nil))
	e = refusal(t, take(t, api, in.ID, 300, new(false)))
	require.Equal(t, "final_capture", e.Param)
	require.NoError(t, take(t, api, in.ID, 300, nil))
	e = refusal(t, take(t, api, in.ID, 300, nil))
	require.Equal(t, stripe.ErrorCodePaymentIntentUnexpectedState, e.Code)
	require.Contains(t, e.Msg, "has been released")

	now := read(t, api, in.ID)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, now.Status)
	require.Equal(t, []int64{1000, 300, 0}, []int64{now.Amount, now.AmountReceived, now.AmountCapturable})
	require.Equal(t, []int64{1000, 300, 700}, []int64{now.LatestCharge.Amount, now.LatestCharge.AmountCaptured, now.LatestCharge.AmountRefunded})
	require.True(t, now.LatestCharge.Captured)
	require.False(t, now.LatestCharge.Refunded)
	require.Len(t, now.LatestCharge.Refunds.Data, 1, "what was released is written down as a refund")
	released := now.LatestCharge.Refunds.Data[0]
	require.Equal(t, int64(700), released.Amount)
	require.Nil(t, released.BalanceTransaction, "no money has moved")
	b := book(t, gw)
	require.Equal(t, []int64{1000, 300, 0, 0}, []int64{b.Authorized, b.Captured, b.Refunded, b.Capturable})
	require.Empty(t, b.Refunds)

	refund, err := giveBack(t, api, in.ID, 100)
	require.NoError(t, err)
	require.NotNil(t, refund.BalanceTransaction)
	require.Equal(t, int64(100), book(t, gw).Refunded)
	_, err = giveBack(t, api, in.ID, 201)
	require.Equal(t, "amount", refusal(t, err).Param)
}

func TestCaptureMany(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{MultiCapture: true})
	in := create(t, api, multicapture, paidWith("pm_card_visa"))
	require.Error(t, take(t, api, in.ID, 0, new(true)), "nothing was captured yet")
	require.NoError(t, take(t, api, in.ID, 700, new(false)))
	now := read(t, api, in.ID)
	require.Equal(t, stripe.PaymentIntentStatusRequiresCapture, now.Status)
	require.Equal(t, []int64{300, 700, 700}, []int64{now.AmountCapturable, now.AmountReceived, now.LatestCharge.AmountCaptured})
	require.False(t, now.LatestCharge.Captured)
	_, err := giveBack(t, api, in.ID, 50)
	require.NoError(t, err, "what is captured can be refunded at once")
	require.Error(t, take(t, api, in.ID, 301, new(false)))
	require.NoError(t, take(t, api, in.ID, 200, nil))
	now = read(t, api, in.ID)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, now.Status)
	require.Equal(t, []int64{0, 900, 50}, []int64{now.AmountCapturable, now.AmountReceived, now.LatestCharge.AmountRefunded})
	require.Len(t, book(t, gw).Captures, 2)

	t.Run("released", func(t *testing.T) {
		in := create(t, api, multicapture, paidWith("pm_card_visa"))
		require.NoError(t, take(t, api, in.ID, 700, new(false)))
		require.NoError(t, take(t, api, in.ID, 0, new(true)))
		now := read(t, api, in.ID)
		require.Equal(t, stripe.PaymentIntentStatusSucceeded, now.Status)
		require.Equal(t, []int64{0, 700}, []int64{now.AmountCapturable, now.AmountReceived})
	})
	t.Run("canceled", func(t *testing.T) {
		in := create(t, api, multicapture, paidWith("pm_card_visa"))
		require.NoError(t, take(t, api, in.ID, 700, new(false)))
		now, err := api.V1PaymentIntents.Cancel(t.Context(), in.ID, nil)
		require.NoError(t, err)
		require.Equal(t, stripe.PaymentIntentStatusSucceeded, now.Status, "what was captured in part is not canceled")
		require.Equal(t, []int64{0, 700}, []int64{now.AmountCapturable, now.AmountReceived})
	})
	t.Run("fifty times", func(t *testing.T) {
		in := create(t, api, multicapture, paidWith("pm_card_visa"))
		for range 50 {
			require.NoError(t, take(t, api, in.ID, 1, new(false)))
		}
		require.Contains(t, refusal(t, take(t, api, in.ID, 1, new(false))).Msg, "50 times")
	})
	t.Run("not available", func(t *testing.T) {
		_, single := open(t, stripetest.Config{})
		in := create(t, single, multicapture, paidWith("pm_card_visa"))
		require.Error(t, take(t, single, in.ID, 700, new(false)))
	})
}

func TestCancelHeld(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, paidWith("pm_card_visa"))
	now, err := api.V1PaymentIntents.Cancel(t.Context(), in.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("abandoned")})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusCanceled, now.Status)
	require.Equal(t, "abandoned", string(now.CancellationReason))
	require.Positive(t, now.CanceledAt)
	now = read(t, api, in.ID)
	require.True(t, now.LatestCharge.Refunded)
	require.False(t, now.LatestCharge.Captured)
	require.Len(t, now.LatestCharge.Refunds.Data, 1)
	_, err = giveBack(t, api, in.ID, 1)
	require.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, refusal(t, err).Code)
	b := book(t, gw)
	require.Equal(t, []int64{1000, 0, 0, 0}, []int64{b.Authorized, b.Captured, b.Refunded, b.Capturable})
}

func TestExpire(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{MultiCapture: true})
	in := create(t, api, paidWith("pm_card_visa"))
	require.NoError(t, gw.Expire(in.ID))
	require.Error(t, gw.Expire(in.ID))
	now := read(t, api, in.ID)
	require.Equal(t, stripe.PaymentIntentStatusCanceled, now.Status)
	require.Equal(t, stripe.RefundReasonExpiredUncapturedCharge, now.LatestCharge.Refunds.Data[0].Reason)
	part := create(t, api, multicapture, paidWith("pm_card_visa"))
	require.NoError(t, take(t, api, part.ID, 1, new(false)))
	require.NoError(t, gw.Expire(part.ID))
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, read(t, api, part.ID).Status)
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, automatic, paidWith("pm_card_visa"))
	var last string
	for i := range 12 {
		r, err := giveBack(t, api, in.ID, int64(i+1))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"why": "test"}, r.Metadata)
		last = r.ID
	}
	now := read(t, api, in.ID)
	require.True(t, now.LatestCharge.Refunds.HasMore)
	require.Len(t, now.LatestCharge.Refunds.Data, 10)
	require.Equal(t, last, now.LatestCharge.Refunds.Data[0].ID, "newest first")
	require.Equal(t, int64(78), now.LatestCharge.AmountRefunded)
	var listed []int64
	for r, err := range api.V1Refunds.List(t.Context(), &stripe.RefundListParams{
		PaymentIntent: &in.ID, ListParams: stripe.ListParams{Limit: stripe.Int64(5)},
	}).All(t.Context()) {
		require.NoError(t, err)
		listed = append(listed, r.Amount)
	}
	require.Equal(t, []int64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, listed)
	require.Equal(t, int64(78), book(t, gw).Refunded)

	rest, err := api.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{
		PaymentIntent: &in.ID, Expand: stripe.StringSlice([]string{"payment_intent.latest_charge.refunds"}),
	})
	require.NoError(t, err)
	require.Equal(t, int64(1000-78), rest.Amount, "all that is left, without an amount")
	require.Equal(t, rest.ID, rest.PaymentIntent.LatestCharge.Refunds.Data[0].ID)
	require.True(t, rest.PaymentIntent.LatestCharge.Refunded)
	_, err = giveBack(t, api, in.ID, 1)
	require.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, refusal(t, err).Code)
}

func TestRefundOutcomes(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, automatic, paidWith("pm_card_pendingRefund"))
	pending, err := giveBack(t, api, in.ID, 600)
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusPending, pending.Status)
	require.Nil(t, pending.BalanceTransaction)
	require.Zero(t, book(t, gw).Refunded)
	_, err = giveBack(t, api, in.ID, 401)
	require.Error(t, err, "what is pending counts")
	require.NoError(t, gw.ResolveRefund(pending.ID, true))
	require.Error(t, gw.ResolveRefund(pending.ID, true))
	require.Equal(t, int64(600), book(t, gw).Refunded)
	require.NoError(t, gw.ReturnRefund(pending.ID))
	require.Zero(t, book(t, gw).Refunded)
	now, err := api.V1Refunds.Retrieve(t.Context(), pending.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusFailed, now.Status)
	require.Equal(t, stripe.RefundFailureReasonExpiredOrCanceledCard, now.FailureReason)
	_, err = giveBack(t, api, in.ID, 1000)
	require.NoError(t, err, "it can be made again")
	require.Error(t, gw.ReturnRefund("re_none"))
}

func TestDispute(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, automatic, paidWith("pm_card_visa"))
	_, err := gw.Dispute(in.ID, 1001)
	require.Error(t, err)
	id, err := gw.Dispute(in.ID, 400)
	require.NoError(t, err)
	_, err = giveBack(t, api, in.ID, 100)
	require.Equal(t, stripe.ErrorCodeChargeDisputed, refusal(t, err).Code)
	require.True(t, read(t, api, in.ID).LatestCharge.Disputed)
	require.NoError(t, gw.CloseDispute(id, true))
	require.Error(t, gw.CloseDispute(id, true))
	_, err = giveBack(t, api, in.ID, 100)
	require.NoError(t, err)
	require.Len(t, gw.EventsOf("charge.dispute.created"), 1)
	require.Len(t, gw.EventsOf("charge.dispute.closed"), 1)
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, paidWith("pm_card_visa"))
	require.Error(t, gw.CaptureAtDashboard(in.ID, 1001))
	require.Error(t, gw.CaptureAtDashboard("pi_none", 1))
	_, err := gw.RefundAtDashboard(in.ID, 1)
	require.Error(t, err, "nothing was taken")
	require.NoError(t, gw.CaptureAtDashboard(in.ID, 400))
	id, err := gw.RefundAtDashboard(in.ID, 150)
	require.NoError(t, err)
	_, err = gw.RefundAtDashboard(in.ID, 251)
	require.Error(t, err)
	b := book(t, gw)
	require.Equal(t, []int64{400, 150}, []int64{b.Captured, b.Refunded})
	require.Equal(t, stripetest.SourceDashboard, b.Captures[0].Source)
	require.Equal(t, []stripetest.Movement{{ID: id, Amount: 150, Status: "succeeded", Source: stripetest.SourceDashboard}}, b.Refunds)
	require.Error(t, gw.CancelAtDashboard(in.ID), "it has succeeded")
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api)
	require.Error(t, gw.Confirm("pi_none_secret", "pm_card_visa"))
	err := gw.Confirm(in.ClientSecret, "pm_card_chargeDeclined")
	var refused *stripetest.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, []any{402, "card_declined", "generic_decline"}, []any{refused.Status, refused.Code, refused.DeclineCode})
	require.NoError(t, gw.Confirm(in.ClientSecret, "pm_card_threeDSecure2Required"))
	now := read(t, api, in.ID)
	require.Equal(t, stripe.PaymentIntentNextActionType("use_stripe_sdk"), now.NextAction.Type)
	require.Nil(t, now.LastPaymentError, "the next try has cleared it")
	require.NoError(t, gw.CompleteChallenge(in.ID, false))
	now = read(t, api, in.ID)
	require.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, now.Status)
	require.Equal(t, stripe.ErrorCodePaymentIntentAuthenticationFailure, now.LastPaymentError.Code)
	require.NoError(t, gw.Confirm(in.ClientSecret, "pm_card_threeDSecureRequiredChargeDeclined"))
	require.NoError(t, gw.CompleteChallenge(in.ID, true))
	require.Equal(t, "card_declined", book(t, gw).LastError)
	require.NoError(t, gw.Confirm(in.ClientSecret, "pm_card_visa"))
	b := book(t, gw)
	require.Equal(t, []any{stripetest.StatusRequiresCapture, 1, int64(1000), ""}, []any{b.Status, b.Authorizations, b.Authorized, b.LastError})
}

func TestDelayed(t *testing.T) {
	t.Parallel()
	for _, ok := range []bool{true, false} {
		t.Run(fmt.Sprint(ok), func(t *testing.T) {
			t.Parallel()
			gw, api := open(t, stripetest.Config{})
			in := create(t, api, automatic, func(p *stripe.PaymentIntentCreateParams) { p.PaymentMethodTypes = nil })
			require.NoError(t, gw.Confirm(in.ClientSecret, "pm_usBankAccount"))
			require.Equal(t, stripetest.StatusProcessing, book(t, gw).Status)
			require.Zero(t, book(t, gw).Authorizations)
			require.NoError(t, gw.ResolveDelayed(in.ID, ok))
			require.Error(t, gw.ResolveDelayed(in.ID, ok))
			if ok {
				require.Equal(t, int64(1000), book(t, gw).Captured)
				return
			}
			require.Equal(t, stripetest.StatusRequiresPaymentMethod, book(t, gw).Status)
			require.Zero(t, book(t, gw).Authorized)
		})
	}
}

// A capture may take its time, and fail: https://docs.stripe.com/payments/paymentintents/lifecycle
func TestCaptureProcesses(t *testing.T) {
	t.Parallel()
	for _, ok := range []bool{true, false} {
		gw, api := open(t, stripetest.Config{SlowCapture: true})
		in := create(t, api, paidWith("pm_card_visa"))
		require.NoError(t, take(t, api, in.ID, 400, nil))
		now := read(t, api, in.ID)
		require.Equal(t, stripe.PaymentIntentStatusProcessing, now.Status)
		require.Equal(t, []int64{0, 0, 0}, []int64{now.AmountReceived, now.AmountCapturable, book(t, gw).Captured})
		require.Len(t, gw.EventsOf("payment_intent.processing"), 1)
		require.Error(t, take(t, api, in.ID, 400, nil), "one is under way")

		require.NoError(t, gw.ResolveDelayed(in.ID, ok))
		require.Error(t, gw.ResolveDelayed(in.ID, ok), "it is decided")
		now = read(t, api, in.ID)
		if !ok {
			require.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, now.Status)
			require.NotNil(t, now.LastPaymentError)
			require.Zero(t, now.AmountReceived+now.AmountCapturable)
			require.Len(t, gw.EventsOf("payment_intent.payment_failed"), 1)
			continue
		}
		require.Equal(t, stripe.PaymentIntentStatusSucceeded, now.Status)
		require.Equal(t, []int64{400, 0}, []int64{now.AmountReceived, now.AmountCapturable})
		require.Len(t, book(t, gw).Captures, 1)
	}
}

// An update clears the error of the last try: https://docs.stripe.com/api/payment_intents/object
func TestUpdateClearsTheLastError(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api)
	require.Error(t, gw.Confirm(in.ClientSecret, "pm_card_chargeDeclined"))
	require.NotNil(t, read(t, api, in.ID).LastPaymentError)
	_, err := api.V1PaymentIntents.Update(t.Context(), in.ID, &stripe.PaymentIntentUpdateParams{Amount: stripe.Int64(900)})
	require.NoError(t, err)
	require.Nil(t, read(t, api, in.ID).LastPaymentError)
	require.NotNil(t, read(t, api, in.ID).LatestCharge, "the try is still known")
}
