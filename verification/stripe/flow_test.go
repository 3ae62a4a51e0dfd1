package stripe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// outcome returns what an error of the Service says of a session.
func outcome(t *testing.T, err error) *payment.SessionError {
	t.Helper()
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	return e
}

func multicapture() options {
	return options{
		gateway:  stripetest.Config{MultiCapture: true},
		provider: stripeprovider.Config{MultiCapture: true, PaymentMethodTypes: []string{"card"}},
	}
}

func TestWholeLife(t *testing.T) {
	t.Parallel()
	each(t, multicapture(), func(w *world) {
		p := w.paid("100", "usd")
		ctx := w.t.Context()
		p, err := w.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40")})
		require.NoError(w.t, err)
		require.True(w.t, p.Capturable.Equal(dec("60")))
		w.agree()
		p, err = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("10")})
		require.NoError(w.t, err)
		w.agree()
		p, err = w.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), Final: true})
		require.NoError(w.t, err)
		require.True(w.t, p.Capturable.IsZero())
		require.True(w.t, p.Released.Equal(dec("20")))
		_, err = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
		require.NoError(w.t, err)
		w.agree()
		require.Equal(w.t, 2, w.told(payment.EventCaptureSucceeded))
		require.Equal(w.t, 2, w.told(payment.EventRefundSucceeded))
	})
}

func TestSingleCapture(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		p := w.paid("100", "usd")
		p, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40")})
		require.NoError(w.t, err)
		require.True(w.t, p.Released.Equal(dec("60")))
		require.Empty(w.t, p.Refunds, "what was never taken is not given back")
		w.agree()
		w.deliver()
		w.agree()
	})
}

// What was authorized before MultiCapture was switched on is captured once.
func TestMultiCaptureIsSwitchedOn(t *testing.T) {
	t.Parallel()
	each(t, options{gateway: stripetest.Config{MultiCapture: true}}, func(w *world) {
		whole, part := w.paid("100", "usd"), w.paid("100", "usd")
		w.o.provider.MultiCapture = true
		w.start()
		_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: whole.ID})
		require.NoError(w.t, err)
		_, err = w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: part.ID, Amount: amount("40")})
		require.ErrorContains(w.t, err, "multicapture_unavailable")
		_, err = w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: part.ID, Amount: amount("40"), Final: true})
		require.NoError(w.t, err)
		w.totals()
	})
}

func TestCancelHeld(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{"nothing taken": {}, "part taken": multicapture()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, o, func(w *world) {
				p := w.paid("100", "usd")
				if o.provider.MultiCapture {
					_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40")})
					require.NoError(w.t, err)
				}
				p, err := w.CancelPayment(w.t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
				require.NoError(w.t, err)
				require.True(w.t, p.Capturable.IsZero())
				w.agree()
				w.deliver()
				require.Empty(w.t, w.payment(p.ID).Refunds)
				w.agree()
			})
		})
	}
}

func TestChallengeInBrowser(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		x := w.order("25", "eur", nil)
		_, err := w.authorize(x, nil)
		require.ErrorIs(w.t, err, payment.ErrPending, "the page has not confirmed yet")
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_threeDSecure2Required"))
		_, err = w.authorize(x, nil)
		require.ErrorIs(w.t, err, payment.ErrRequiresMore)
		require.NotNil(w.t, outcome(w.t, err).NextAction)
		require.NoError(w.t, w.gateway.CompleteChallenge(x.Reference, false))
		_, err = w.authorize(x, nil)
		require.ErrorIs(w.t, err, payment.ErrDeclined)
		require.Equal(w.t, "payment_intent_authentication_failure", outcome(w.t, err).Reason)
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_threeDSecure2Required"))
		require.NoError(w.t, w.gateway.CompleteChallenge(x.Reference, true))
		p, err := w.authorize(x, nil)
		require.NoError(w.t, err)
		_, err = w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
		require.NoError(w.t, err)
		w.agree()
	})
}

func TestConfirmByServer(t *testing.T) {
	t.Parallel()
	o := options{provider: stripeprovider.Config{ReturnURL: "https://shop.example/return"}}
	each(t, o, func(w *world) {
		token, err := w.gateway.NewConfirmationToken("pm_card_visa")
		require.NoError(w.t, err)
		for _, input := range []payment.Data{{"payment_method": "pm_card_visa"}, {"confirmation_token": token}} {
			p, err := w.authorize(w.order("10", "usd", nil), input)
			require.NoError(w.t, err)
			require.True(w.t, p.Authorized.Equal(dec("10")))
		}
		x := w.order("10", "usd", nil)
		_, err = w.authorize(x, payment.Data{"payment_method": "pm_card_threeDSecure2Required"})
		require.ErrorIs(w.t, err, payment.ErrRequiresMore)
		next := outcome(w.t, err).NextAction
		require.Equal(w.t, payment.ActionRedirect, next.Kind)
		require.NoError(w.t, w.gateway.CompleteChallenge(x.Reference, true))
		_, err = w.authorize(x, nil)
		require.NoError(w.t, err)
		w.agree()
	})
}

func TestSavedCard(t *testing.T) {
	t.Parallel()
	o := options{provider: stripeprovider.Config{ReturnURL: "https://shop.example/return"}}
	each(t, o, func(w *world) {
		customer := w.gateway.NewCustomer()
		card, err := w.gateway.NewPaymentMethod("pm_card_visa", customer)
		require.NoError(w.t, err)
		for range 2 { // it can be used again
			p, err := w.authorize(w.order("10", "usd", payment.Data{"customer": customer, "payment_method": card}), nil)
			require.NoError(w.t, err)
			require.True(w.t, p.Authorized.Equal(dec("10")))
		}
		w.agree()
	})
}

// Nobody is there to pass a challenge: the bank declines, and the page can pay.
func TestSavedCardOffSession(t *testing.T) {
	t.Parallel()
	each(t, options{provider: stripeprovider.Config{PaymentMethodTypes: []string{"card"}}}, func(w *world) {
		customer := w.gateway.NewCustomer()
		card, err := w.gateway.NewPaymentMethod("pm_card_authenticationRequired", customer)
		require.NoError(w.t, err)
		x := w.order("10", "usd", payment.Data{"customer": customer, "payment_method": card, "off_session": true})
		_, err = w.authorize(x, nil)
		require.ErrorIs(w.t, err, payment.ErrDeclined)
		require.Equal(w.t, "authentication_required", outcome(w.t, err).Reason)
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), card))
		require.NoError(w.t, w.gateway.CompleteChallenge(x.Reference, true))
		_, err = w.authorize(x, nil)
		require.NoError(w.t, err)
		w.agree()
	})
}

// A saved card is tried once without Input. Each further try needs Input, which is what counts against the limit of declines.
func TestSavedCardIsTriedOnce(t *testing.T) {
	t.Parallel()
	o := options{provider: stripeprovider.Config{PaymentMethodTypes: []string{"card"}}}
	each(t, o, func(w *world) {
		customer := w.gateway.NewCustomer()
		card, err := w.gateway.NewPaymentMethod("pm_card_chargeDeclined", customer)
		require.NoError(w.t, err)
		x := w.order("10", "usd", payment.Data{"customer": customer, "payment_method": card})
		tried := func() (n int) {
			for _, q := range w.gateway.Requests() {
				if q.Operation == stripetest.OpConfirm && !q.Replayed {
					n++
				}
			}
			return n
		}
		for i := range 10 {
			_, err = w.authorize(x, nil)
			require.Error(w.t, err)
			_, err = w.UpdateSession(w.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount([]string{"9", "10"}[i%2])}) // it names the card again
			require.NoError(w.t, err)
		}
		require.Equal(w.t, 1, tried())
		require.Equal(w.t, 1, w.fresh(x.ID).Declines)
		for range 20 {
			_, err = w.authorize(x, payment.Data{"payment_method": card})
		}
		require.ErrorIs(w.t, err, payment.ErrTooManyDeclines)
		require.Equal(w.t, 10, tried())
	})
}

func TestDeclineAndRetry(t *testing.T) {
	t.Parallel()
	o := options{provider: stripeprovider.Config{ReturnURL: "https://shop.example/return"}}
	each(t, o, func(w *world) {
		x := w.order("10", "usd", nil)
		require.Error(w.t, w.gateway.Confirm(w.secret(x), "pm_card_chargeDeclinedInsufficientFunds"))
		_, err := w.authorize(x, nil)
		require.ErrorIs(w.t, err, payment.ErrDeclined)
		require.Equal(w.t, "insufficient_funds", outcome(w.t, err).Reason)
		_, err = w.authorize(x, payment.Data{"payment_method": "pm_card_chargeDeclinedExpiredCard"})
		require.ErrorIs(w.t, err, payment.ErrDeclined)
		require.Equal(w.t, "expired_card", outcome(w.t, err).Reason)
		w.agree()
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
		_, err = w.authorize(x, nil)
		require.NoError(w.t, err)
		w.agree()
	})
}

func TestUpdateThenPay(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		c, err := w.CreateCollection(w.t.Context(), payment.CreateCollectionParams{CurrencyCode: "usd", Amount: dec("50")})
		require.NoError(w.t, err)
		x, err := w.CreateSession(w.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: dec("20")})
		require.NoError(w.t, err)
		x, err = w.UpdateSession(w.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("35.50")})
		require.NoError(w.t, err)
		require.Equal(w.t, "35.50", x.Data["amount"])
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
		p, err := w.authorize(x, nil)
		require.NoError(w.t, err)
		require.True(w.t, p.Authorized.Equal(dec("35.50")))
		w.agree()
	})
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		for _, m := range [][2]string{{"500", "JPY"}, {"1.230", "KWD"}, {"100", "ISK"}, {"100", "UGX"}, {"10.99", "USD"}, {"400", "HUF"}} {
			p := w.paid(m[0], m[1])
			_, err := w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
			require.NoError(w.t, err, m[1])
			_, err = w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID})
			require.NoError(w.t, err, m[1])
		}
		var minor []int64
		for _, in := range w.gateway.Intents() {
			minor = append(minor, in.Amount)
		}
		require.Equal(w.t, []int64{500, 1230, 10000, 10000, 1099, 40000}, minor)
		w.agree()
	})
}

func TestDelayedByWebhook(t *testing.T) {
	t.Parallel()
	o := options{provider: stripeprovider.Config{AutomaticCapture: true}}
	for name, ok := range map[string]bool{"taken": true, "declined": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, o, func(w *world) {
				x := w.order("10", "usd", nil)
				require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_usBankAccount"))
				_, err := w.authorize(x, nil)
				require.ErrorIs(w.t, err, payment.ErrPending)
				w.clock.Advance(48 * time.Hour)
				require.NoError(w.t, w.gateway.ResolveDelayed(x.Reference, ok))
				if !ok {
					w.deliver("payment_intent.payment_failed")
					x = w.fresh(x.ID)
					require.Equal(w.t, payment.StatusError, x.Status)
					require.Empty(w.t, x.PaymentID)
					w.agree()
					return
				}
				w.deliver("payment_intent.succeeded")
				x = w.fresh(x.ID)
				require.Equal(w.t, payment.StatusAuthorized, x.Status)
				require.True(w.t, w.payment(x.PaymentID).Captured.Equal(dec("10")))
				w.agree()
				require.Equal(w.t, 1, w.told(payment.EventCaptureSucceeded))
			})
		})
	}
}

func TestAutomaticCapture(t *testing.T) {
	t.Parallel()
	each(t, options{provider: stripeprovider.Config{AutomaticCapture: true}}, func(w *world) {
		p := w.paid("10", "usd")
		require.True(w.t, p.Captured.Equal(dec("10")))
		_, err := w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("4")})
		require.NoError(w.t, err)
		w.deliver()
		w.agree()
	})
}
