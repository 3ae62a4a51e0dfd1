package stripe

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// The browser has paid, and the shopper never comes back: the webhook alone says so.
func TestWebhookAlone(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		x := w.order("10", "usd", nil)
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
		w.deliver("payment_intent.amount_capturable_updated")
		x = w.fresh(x.ID)
		require.Equal(w.t, payment.StatusAuthorized, x.Status)
		require.True(w.t, w.payment(x.PaymentID).Authorized.Equal(dec("10")))
		w.agree()
		require.Equal(w.t, 1, w.told(payment.EventPaymentAuthorized))
	})
}

// The webhook comes while the answer of the same confirm is still under way.
func TestWebhookBeforeAnswer(t *testing.T) {
	t.Parallel()
	o := options{provider: stripeprovider.Config{ReturnURL: "https://shop.example/return"}, realTime: true}
	each(t, o, func(w *world) {
		x := w.order("10", "usd", nil)
		held := make(chan struct{})
		w.gateway.FailNext(stripetest.OpConfirm, stripetest.Fault{After: held})
		var p *payment.Payment
		var failed error
		var wg sync.WaitGroup
		wg.Go(func() { p, failed = w.authorize(x, payment.Data{"payment_method": "pm_card_visa"}) })
		require.Eventually(w.t, func() bool {
			return len(w.gateway.EventsOf("payment_intent.amount_capturable_updated")) == 1
		}, 10*time.Second, time.Millisecond)
		w.deliver()
		close(held)
		wg.Wait()
		require.NoError(w.t, failed)
		require.True(w.t, p.Authorized.Equal(dec("10")))
		w.agree()
		events, err := w.ListEvents(w.t.Context(), payment.ListParams{CollectionID: x.CollectionID, Limit: 100})
		require.NoError(w.t, err)
		n := 0
		for _, e := range events.Items {
			if e.Kind == payment.EventPaymentAuthorized {
				n++
			}
		}
		require.Equal(w.t, 1, n)
	})
}

// The webhook about a new intent comes before Initialize is recorded.
func TestWebhookBeforeInitialize(t *testing.T) {
	t.Parallel()
	each(t, options{realTime: true}, func(w *world) {
		c, err := w.CreateCollection(w.t.Context(), payment.CreateCollectionParams{CurrencyCode: "usd", Amount: dec("10")})
		require.NoError(w.t, err)
		held := make(chan struct{})
		w.gateway.FailNext(stripetest.OpCreate, stripetest.Fault{After: held})
		var x *payment.PaymentSession
		var failed error
		var wg sync.WaitGroup
		wg.Go(func() {
			x, failed = w.CreateSession(w.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: dec("10")})
		})
		require.Eventually(w.t, func() bool { return len(w.gateway.Intents()) == 1 }, 10*time.Second, time.Millisecond)
		w.deliver("payment_intent.created")
		close(held)
		wg.Wait()
		require.NoError(w.t, failed)
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
		_, err = w.authorize(x, nil)
		require.NoError(w.t, err)
		w.agree()
	})
}

func TestWebhookTwice(t *testing.T) {
	t.Parallel()
	each(t, options{provider: stripeprovider.Config{AutomaticCapture: true}}, func(w *world) {
		x := w.order("10", "usd", nil)
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
		for _, r := range w.deliver() {
			require.False(w.t, r.Duplicate)
		}
		w.reconcile(3, time.Minute)
		for _, r := range w.deliver() {
			require.True(w.t, r.Duplicate)
		}
		w.agree()
		require.Equal(w.t, 1, w.told(payment.EventPaymentAuthorized))
		require.Equal(w.t, 1, w.told(payment.EventCaptureSucceeded))
	})
}

func TestWebhookRefused(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		w.paid("10", "usd")
		e := w.gateway.Events()[0]
		header, body := w.gateway.SignBody(e.Body, w.clock.Now().Add(-time.Hour))
		send := func() error {
			_, err := w.HandleWebhook(w.t.Context(), "stripe", payment.WebhookRequest{Header: header, Body: body, Now: w.clock.Now()})
			return err
		}
		require.ErrorIs(w.t, send(), payment.ErrWebhookRefused, "it is too old")
		header, body = w.gateway.SignBody(e.Body, w.clock.Now().Add(time.Hour))
		require.ErrorIs(w.t, send(), payment.ErrWebhookRefused, "it is of tomorrow")
		header, body = w.gateway.Sign(e)
		body[len(body)/2] ^= 1
		require.ErrorIs(w.t, send(), payment.ErrWebhookRefused)
	})
}

// Many webhooks, and as many returning browsers, all at once.
func TestWebhookRacesAuthorize(t *testing.T) {
	t.Parallel()
	each(t, options{realTime: true, provider: stripeprovider.Config{AutomaticCapture: true}}, func(w *world) {
		for range 5 {
			x := w.order("10", "usd", nil)
			require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range 4 {
				wg.Go(func() {
					<-start
					_, _ = w.authorize(x, nil) // some find that another is at work
				})
			}
			for _, e := range w.gateway.Events() {
				if e.Intent != x.Reference {
					continue
				}
				header, body := w.gateway.Sign(e)
				for range 2 {
					wg.Go(func() {
						<-start
						_, _ = w.HandleWebhook(w.t.Context(), "stripe", payment.WebhookRequest{Header: header, Body: body, Now: time.Now()}) // likewise
					})
				}
			}
			close(start)
			wg.Wait()
			p, err := w.authorize(x, nil)
			require.NoError(w.t, err)
			require.Len(w.t, p.Captures, 1)
			w.agree()
			events, err := w.ListEvents(w.t.Context(), payment.ListParams{CollectionID: x.CollectionID, Limit: 100})
			require.NoError(w.t, err)
			seen := map[payment.EventKind]int{}
			for _, e := range events.Items {
				seen[e.Kind]++
			}
			require.Equal(w.t, 1, seen[payment.EventPaymentAuthorized])
			require.Equal(w.t, 1, seen[payment.EventCaptureSucceeded])
		}
	})
}
