package payment_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Messages that have to wait: for a call of ours, for a session that is not there yet, for a gateway that does not answer.

// The gateway is faster than its own answer: our operation is open and its lease is running. Nothing is asked, and nothing is lost.
func TestWebhookThatComesBeforeTheCallHasReturnedIsParked(t *testing.T) {
	var s *shop
	var early []*payment.WebhookResult
	s = newShop(t, options{gateway: sandboxprovider.GatewayConfig{OnWebhook: func(w payment.WebhookRequest) {
		early = append(early, s.post(w))
	}}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	require.Len(t, early, 1)
	s.requireParked(early[0], "operation_open")
	s.authorize(x)
	require.Len(t, early, 2)
	s.requireParked(early[1], "operation_open")
	require.Empty(t, s.calls(sandboxprovider.MethodRetrieve), "the answer was on its way")
	for _, d := range s.deliveries() {
		require.Equal(t, x.CollectionID, d.CollectionID)
		require.Zero(t, d.Tries, "it was not tried: it had to wait")
		require.WithinDuration(t, s.clock.Now().Add(45*time.Second), d.DueAt, time.Millisecond)
	}

	require.Empty(t, s.reconcile(44*time.Second).Settled)
	r := s.reconcile(2 * time.Second)
	require.Contains(t, r.Settled, early[0].DeliveryID)
	require.Contains(t, r.Settled, early[1].DeliveryID)
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1, "one question for both")
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	s.agree(x.CollectionID)
}

// Where the gateway did it and the process died, its message ends the operation as soon as the lease is over.
func TestWebhookAfterTheLeaseTakesTheOperationOver(t *testing.T) {
	for name, sandbox := range map[string]sandboxprovider.Config{"asked": {}, "not to be asked": {NoStatus: true}} {
		t.Run(name, func(t *testing.T) {
			h := &hook{}
			s := newShop(t, options{sandbox: sandbox, wrap: h.wrap})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			s.killed(h, true, func() (*payment.Payment, error) { return s.tryAuthorize(x) })
			w := s.told("intent.authorized")
			op := s.freshSession(x.ID).OperationID
			require.NotEmpty(t, op)
			s.clock.Advance(leaseOver)
			s.requireHandled(s.post(s.resign(w)))
			now := s.freshSession(x.ID)
			require.Equal(t, payment.StatusAuthorized, now.Status)
			require.Empty(t, now.OperationID)
			rows, err := s.store.Load(t.Context(), payment.Key{OperationID: op})
			require.NoError(t, err)
			require.Equal(t, payment.OperationSucceeded, rows.Operations[0].State)
			require.Equal(t, 2, rows.Operations[0].Tries, "the fence has moved")
			require.Len(t, s.calls(sandboxprovider.MethodConfirm), 1)
			s.agree(x.CollectionID)
		})
	}
}

// A message asks. It never calls again, even where the key would allow it: that is for Reconcile, which has the time.
func TestWebhookNeverCallsTheGatewayAgain(t *testing.T) {
	h := &hook{}
	s := newShop(t, options{wrap: h.wrap})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	w := s.told("intent.created")
	s.killed(h, false, func() (*payment.Payment, error) { return s.tryAuthorize(x) })
	s.clock.Advance(leaseOver)
	s.requireParked(s.post(s.resign(w)), "no_answer")
	require.Empty(t, s.calls(sandboxprovider.MethodConfirm))
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1)
	require.NotEmpty(t, s.freshSession(x.ID).OperationID, "it stays open")

	s.reconcile(time.Minute)
	require.Len(t, s.calls(sandboxprovider.MethodConfirm), 1)
	s.reconcile(time.Minute)
	require.Equal(t, payment.DeliveryHandled, s.delivery().State)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	s.agree(x.CollectionID)
}

// What a person was called for, the gateway's word ends.
func TestWebhookWithProofEndsAnOperationThatNeedsAttention(t *testing.T) {
	for name, sandbox := range map[string]sandboxprovider.Config{"asked": {}, "not to be asked": {NoStatus: true}} {
		t.Run(name, func(t *testing.T) {
			silent := true
			s := newShop(t, options{sandbox: sandbox, wrap: func(p payment.Provider) payment.Provider {
				return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
					if silent {
						return payment.Snapshot{}, errors.New("no route to host")
					}
					return p.Status(ctx, r)
				}}
			}})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
			_, err := s.tryAuthorize(x)
			require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
			w := s.told("intent.authorized")
			for range 250 {
				s.reconcile(10 * time.Minute)
			}
			open := s.openOperations(t)
			require.Len(t, open, 1)
			require.Equal(t, payment.OperationNeedsAttention, open[0].State)

			silent = false
			s.requireHandled(s.post(s.resign(w)))
			require.Empty(t, s.openOperations(t))
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			s.agree(x.CollectionID)
		})
	}
}

// waits are the pauses between the tries of the only message, as Reconcile makes them, until it is no longer parked.
func (s *shop) waits() (pauses []time.Duration) {
	s.t.Helper()
	for d := s.delivery(); d.State == payment.DeliveryParked; d = s.delivery() {
		require.Less(s.t, len(pauses), 300)
		require.False(s.t, d.DueAt.IsZero())
		pauses = append(pauses, d.DueAt.Sub(s.clock.Now()))
		if pauses[len(pauses)-1] > 0 {
			s.clock.Advance(pauses[len(pauses)-1])
		}
		_, err := s.Reconcile(s.t.Context())
		require.NoError(s.t, err)
	}
	return pauses
}

// requireBackoff says that the pauses are 1 s, doubled up to 10 minutes, and that they add up to a day and no more than it takes.
func requireBackoff(t *testing.T, pauses []time.Duration) {
	t.Helper()
	var sum time.Duration
	for i, p := range pauses {
		require.Equal(t, min(time.Second<<min(i, 20), 10*time.Minute), p, "%d", i)
		sum += p
	}
	require.GreaterOrEqual(t, sum, 24*time.Hour)
	require.Less(t, sum, 24*time.Hour+10*time.Minute)
}

func TestWebhookWhoseSessionDoesNotExist(t *testing.T) {
	missing := payment.WebhookMessage{EventID: "e", Type: "x", SessionID: "payses_" + aKey(7), Reference: "their-ref"}
	t.Run("is tried for a day, and given up with a word to the host", func(t *testing.T) {
		var told []payment.Event
		s, p := newCourier(t, options{config: payment.Config{OnEvent: func(_ context.Context, e payment.Event) error {
			told = append(told, e)
			return nil
		}}})
		p.messages["m"] = missing
		r := s.receive("m")
		s.requireParked(r, "session_missing")
		requireBackoff(t, s.waits())
		d := s.delivery()
		require.Equal(t, [2]string{"dead", "session_missing"}, [2]string{string(d.State), d.Code})
		require.Equal(t, s.clock.Now(), d.HandledAt)
		require.Zero(t, d.DueAt)
		require.Len(t, told, 1)
		e := told[0]
		require.Equal(t, "evt_"+d.ID[len("whd_"):], e.ID)
		require.Equal(t, payment.EventWebhookGivenUp, e.Kind)
		require.Equal(t, [4]string{"session_missing", "their-ref", missing.SessionID, "scripted"}, [4]string{e.Code, e.Reference, e.SessionID, e.ProviderID})
		require.Empty(t, e.CollectionID)
		require.Equal(t, s.clock.Now(), e.At)
		require.Zero(t, p.asks())
		require.Zero(t, s.reconcile(48*time.Hour).Looked)
	})
	t.Run("is given up only when the host was told", func(t *testing.T) {
		var told []string
		healthy := false
		s, p := newCourier(t, options{config: payment.Config{OnEvent: func(_ context.Context, e payment.Event) error {
			told = append(told, e.ID)
			if !healthy {
				return errDead
			}
			return nil
		}}})
		p.messages["m"] = missing
		r := s.receive("m")
		s.clock.Advance(48 * time.Hour)
		for range 48 { // and one when it came
			_, err := s.Reconcile(t.Context())
			require.NoError(t, err)
			require.Empty(t, told, "a day without our process is no reason")
			s.clock.Advance(time.Hour)
		}
		for range 3 {
			report, err := s.Reconcile(t.Context())
			require.ErrorIs(t, err, errDead)
			require.Equal(t, []string{r.DeliveryID}, report.Failed)
			require.Equal(t, payment.DeliveryParked, s.delivery().State)
			s.clock.Advance(time.Hour)
		}
		healthy = true
		require.Equal(t, []string{r.DeliveryID}, s.reconcile(0).GivenUp)
		require.Equal(t, payment.DeliveryDead, s.delivery().State)
		require.Len(t, told, 4)
		require.Equal(t, []string{told[0], told[0], told[0]}, told[1:], "one event, whose ID tells that")
		require.Empty(t, s.reconcile(48*time.Hour).GivenUp)
	})
	t.Run("is given up where nobody wants to be told", func(t *testing.T) {
		s, p := newCourier(t, options{})
		p.messages["m"] = missing
		s.receive("m")
		requireBackoff(t, s.waits())
		require.Equal(t, payment.DeliveryDead, s.delivery().State)
	})
	t.Run("is handled once it does", func(t *testing.T) {
		store := newInboxStore()
		s, p := newCourier(t, options{store: store})
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		p.messages["m"] = payment.WebhookMessage{EventID: "e", SessionID: x.ID}
		// What another process has just written is not there yet for this one.
		store.hooks(nil, nil, func(payment.Key, func() (*payment.Rows, error)) (*payment.Rows, error) {
			return nil, payment.ErrNotFound
		})
		r := s.receive("m")
		s.requireParked(r, "session_missing")
		store.recover()
		require.Empty(t, s.reconcile(0).Settled)
		require.Contains(t, s.reconcile(time.Second).Settled, r.DeliveryID)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		require.Equal(t, x.CollectionID, s.delivery().CollectionID)
	})
}

// unanswered is a shop whose gateway has decided and cannot be asked for now, and the message that says so.
func unanswered(t *testing.T, o options) (s *shop, x *payment.PaymentSession, w payment.WebhookRequest, answer func()) {
	t.Helper()
	silent := true
	o.wrap = func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			if silent {
				return payment.Snapshot{}, errors.New("no route to host")
			}
			return p.Status(ctx, r)
		}}
	}
	s = newShop(t, o)
	x, w = s.decided("100")
	return s, x, w, func() { silent = false }
}

func TestWebhookIsTriedAgainWhileTheGatewayDoesNotAnswer(t *testing.T) {
	s, x, w, answer := unanswered(t, options{})
	r := s.post(w)
	s.requireParked(r, "no_answer")
	for i, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		d := s.delivery()
		require.Equal(t, i+1, d.Tries)
		require.Equal(t, s.clock.Now().Add(pause), d.DueAt)
		require.Contains(t, s.reconcile(pause+time.Millisecond).Parked, r.DeliveryID)
	}
	answer()
	require.Contains(t, s.reconcile(17*time.Second).Settled, r.DeliveryID)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	d := s.delivery()
	require.Equal(t, [2]string{"handled", ""}, [2]string{string(d.State), d.Code})
}

func TestWebhookThatIsNeverAnsweredIsGivenUpWithOneEvent(t *testing.T) {
	store := newInboxStore()
	s, x, w, _ := unanswered(t, options{store: store})
	r := s.post(w)
	dies := 3
	store.hooks(func(d *payment.Delivery, put func() error) error {
		if d.State == payment.DeliveryDead {
			if dies--; dies >= 0 {
				require.Contains(t, s.kinds(x.CollectionID), payment.EventWebhookGivenUp)
				panic(death{}) // between the event and the message
			}
		}
		return put()
	}, nil, nil)
	for range 170 {
		s.clock.Advance(10 * time.Minute)
		_, _ = s.Reconcile(t.Context())
	}
	require.Negative(t, dies)
	d := s.delivery()
	require.Equal(t, [3]string{r.DeliveryID, "dead", "no_answer"}, [3]string{d.ID, string(d.State), d.Code})
	var given []*payment.Event
	l, err := s.ListEvents(t.Context(), payment.ListParams{CollectionID: x.CollectionID, Limit: 100})
	require.NoError(t, err)
	for _, e := range l.Items {
		if e.Kind == payment.EventWebhookGivenUp {
			given = append(given, e)
		}
	}
	require.Len(t, given, 1)
	e := given[0]
	require.Equal(t, [4]string{x.ID, "sandbox", "no_answer", x.Reference}, [4]string{e.SessionID, e.ProviderID, e.Code, e.Reference})
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status, "not knowing is not failing")
}

// A message on which the provider's code panics does not stop others, is not tried for ever, and is no error for the gateway.
func TestWebhookOnWhichAProviderPanicsIsGivenUpLikeOthers(t *testing.T) {
	s, p := newCourier(t, options{})
	c := s.collection("100", "EUR")
	bad, good := s.session(c, "scripted", "50"), s.session(c, "scripted", "50")
	p.on(payment.OperationStatus, func(_ *payment.Snapshot, r payment.Request) error {
		if r.SessionID == bad.ID {
			panic("index out of range")
		}
		return nil
	})
	p.messages["bad"] = payment.WebhookMessage{SessionID: bad.ID}
	p.messages["good"] = payment.WebhookMessage{SessionID: good.ID}
	r := s.receive("bad")
	s.requireParked(r, "store")
	s.requireHandled(s.receive("good"))
	for range 170 {
		s.clock.Advance(10 * time.Minute)
		_, _ = s.Reconcile(t.Context())
	}
	for _, d := range s.deliveries() {
		require.Equal(t, d.ID == r.DeliveryID, d.State == payment.DeliveryDead)
	}
	require.Contains(t, s.kinds(c.ID), payment.EventWebhookGivenUp)
}

// What was read in a message can be lost; that the gateway must be asked is known all the same.
func TestWebhookThatCannotBeReadBackIsHandledByAsking(t *testing.T) {
	s, x, w, answer := unanswered(t, options{})
	r := s.post(w)
	s.requireParked(r, "no_answer")
	d := s.delivery()
	d.Body = payment.NewPrivate(map[string]any{"snapshot": "no object"})
	require.NoError(t, s.store.PutDelivery(t.Context(), d))
	answer()
	require.Contains(t, s.reconcile(time.Minute).Settled, r.DeliveryID)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// An answer that was on its way while something else changed the session may be older than the rows: it is not used, and asked for again.
func TestWebhookAnswerIsNotUsedIfTheSessionChangedMeanwhile(t *testing.T) {
	var s *shop
	var x *payment.PaymentSession
	changes := 2
	s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			old, err := p.Status(ctx, r)
			old.Data = payment.Data{"news": changes} // else there is nothing to write, and nothing that could be old
			if changes--; changes >= 0 {
				_, updateErr := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount(fmt.Sprint(80 + changes))})
				require.NoError(s.t, updateErr)
			}
			return old, err
		}}
	}})
	x = s.session(s.collection("100", "EUR"), "sandbox", "100")
	r := s.post(s.told("intent.created"))
	s.requireParked(r, "session_changed")
	require.Empty(t, s.openOperations(t), "the old amount is no contradiction")
	d := s.delivery()
	require.Zero(t, d.Tries)
	require.WithinDuration(t, s.clock.Now().Add(time.Second), d.DueAt, time.Microsecond)

	require.Contains(t, s.reconcile(2*time.Second).Parked, r.DeliveryID)
	require.Equal(t, "session_changed", s.delivery().Code)
	require.Contains(t, s.reconcile(2*time.Second).Settled, r.DeliveryID)
	require.Empty(t, s.openOperations(t))
	equalAmount(t, "80", s.freshSession(x.ID).Amount)
}

// A commit elsewhere in the collection makes no answer old.
func TestWebhookAnswerIsUsedThoughAnotherSessionChanged(t *testing.T) {
	var s *shop
	var x *payment.PaymentSession
	s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			_, err := s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: x.CollectionID, ProviderID: "manual", Amount: dec("1")})
			require.NoError(s.t, err)
			return p.Status(ctx, r)
		}}
	}})
	c := s.collection("101", "EUR")
	x = s.session(c, "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.TokenDelayed), payment.ErrPending)
	s.gateway.Webhooks()
	x = s.freshSession(x.ID)
	require.NoError(t, s.gateway.ResolveDelayed(x.Reference, true))
	s.requireHandled(s.post(s.told("intent.authorized")))
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// parked reports whether any message still waits.
func (s *shop) parked() bool {
	s.t.Helper()
	rows, err := s.store.List(s.t.Context(), payment.RowDeliveries, payment.Filter{State: string(payment.DeliveryParked)}, payment.Page{Limit: 1})
	require.NoError(s.t, err)
	return len(rows.Deliveries) > 0
}

// ownID is a message's own ID, at its beginning.
var ownID = regexp.MustCompile(`^\{"id":"[^"]*"`)

// A thousand messages cost the gateway one question a second, and each is handled in the end.
func TestWebhookFloodCostsOneStatusASecond(t *testing.T) {
	var s *shop
	var asked []time.Time
	s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			asked = append(asked, s.clock.Now())
			return p.Status(ctx, r)
		}}
	}})
	x, w := s.decided("100")
	for i := range 1000 {
		s.post(s.gateway.SignWebhook(ownID.ReplaceAll(w.Body, fmt.Appendf(nil, `{"id":"evt_flood_%d"`, i)), s.clock.Now()))
		s.clock.Advance(4 * time.Millisecond)
	}
	require.Len(t, s.deliveries(), 1000)
	require.LessOrEqual(t, len(asked), 4)
	for rounds := 0; s.parked(); rounds++ {
		require.Less(t, rounds, 25)
		s.reconcile(1100 * time.Millisecond)
	}
	for _, d := range s.deliveries() {
		require.Equal(t, payment.DeliveryHandled, d.State)
	}
	for i := range asked[1:] {
		require.GreaterOrEqual(t, asked[i+1].Sub(asked[i]), time.Second)
	}
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}
