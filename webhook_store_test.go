package payment_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Whose a message is, in which order messages may come, and what is stored when the store does not do as it is told.

// A message of something that we do not know is stored, so that it is acknowledged once and for all, but not what it says.
func TestWebhookAboutNothingOfOursIsIgnoredWithoutItsBody(t *testing.T) {
	authorized := &payment.Snapshot{State: payment.SnapshotAuthorized, Authorized: dec("100")}
	for name, message := range map[string]func(theirs *payment.PaymentSession, s *shop) payment.WebhookMessage{
		"another provider's session": func(x *payment.PaymentSession, _ *shop) payment.WebhookMessage {
			return payment.WebhookMessage{SessionID: x.ID}
		},
		"another provider's session, with a reference": func(x *payment.PaymentSession, _ *shop) payment.WebhookMessage {
			return payment.WebhookMessage{SessionID: x.ID, Reference: x.Reference}
		},
		"another provider's reference": func(x *payment.PaymentSession, _ *shop) payment.WebhookMessage {
			return payment.WebhookMessage{Reference: x.Reference}
		},
		"another provider's operation": func(_ *payment.PaymentSession, s *shop) payment.WebhookMessage {
			return payment.WebhookMessage{IdempotencyKey: s.keysOf(sandboxprovider.MethodCreate)[0]}
		},
		"an unknown reference": func(*payment.PaymentSession, *shop) payment.WebhookMessage {
			return payment.WebhookMessage{Reference: "ref-of-somebody-else"}
		},
		"an unknown operation": func(*payment.PaymentSession, *shop) payment.WebhookMessage {
			return payment.WebhookMessage{IdempotencyKey: aKey(7)}
		},
		"a key that is none of ours": func(*payment.PaymentSession, *shop) payment.WebhookMessage {
			return payment.WebhookMessage{IdempotencyKey: "order-7"}
		},
		"an ID that is none of ours": func(*payment.PaymentSession, *shop) payment.WebhookMessage {
			return payment.WebhookMessage{SessionID: "payses_7"}
		},
		"nothing": func(*payment.PaymentSession, *shop) payment.WebhookMessage { return payment.WebhookMessage{} },
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newCourier(t, options{})
			theirs := s.session(s.collection("100", "EUR"), "sandbox", "100")
			m := message(theirs, s)
			m.EventID, m.Type, m.Snapshot, m.Notice = "e", "a.type.that.nobody.knows", authorized, &payment.Notice{Kind: "dispute.created"}
			p.messages["m"] = m
			kinds := s.kinds(theirs.CollectionID)
			r := s.receive("m")
			require.Equal(t, payment.DeliveryIgnored, r.State)
			d := s.delivery()
			require.Equal(t, payment.DeliveryIgnored, d.State)
			require.True(t, d.Body.IsEmpty())
			require.Empty(t, d.Code)
			require.Equal(t, s.clock.Now(), d.HandledAt)
			require.Equal(t, "a.type.that.nobody.knows", d.Type)
			require.True(t, s.receive("m").Duplicate)
			require.Zero(t, s.reconcile(48*time.Hour).Delivered)
			require.Zero(t, p.asks())
			require.Equal(t, payment.StatusPending, s.freshSession(theirs.ID).Status)
			require.Equal(t, kinds, s.kinds(theirs.CollectionID))
		})
	}
}

func TestWebhookFindsItsSession(t *testing.T) {
	for name, message := range map[string]func(x *payment.PaymentSession, key string) payment.WebhookMessage{
		"by our ID": func(x *payment.PaymentSession, _ string) payment.WebhookMessage {
			return payment.WebhookMessage{SessionID: x.ID}
		},
		"by our operation's key alone": func(_ *payment.PaymentSession, key string) payment.WebhookMessage {
			return payment.WebhookMessage{IdempotencyKey: key}
		},
		"by the gateway's reference alone": func(x *payment.PaymentSession, _ string) payment.WebhookMessage {
			return payment.WebhookMessage{Reference: x.Reference}
		},
		"by the reference, where the key is none of ours": func(x *payment.PaymentSession, _ string) payment.WebhookMessage {
			return payment.WebhookMessage{Reference: x.Reference, IdempotencyKey: "order-7", SessionID: "7"}
		},
		"by the reference, where the ID is unknown": func(x *payment.PaymentSession, _ string) payment.WebhookMessage {
			return payment.WebhookMessage{Reference: x.Reference, SessionID: "payses_" + aKey(7)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newCourier(t, options{})
			key := ""
			p.on(payment.OperationInitialize, func(_ *payment.Snapshot, r payment.Request) error { key = r.IdempotencyKey; return nil })
			x := s.session(s.collection("100", "EUR"), "scripted", "100")
			m := message(x, key)
			m.EventID, m.Type = "e", "a.type.that.nobody.knows"
			p.messages["m"] = m
			s.requireHandled(s.receive("m"))
			require.Equal(t, 1, p.asks())
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			d := s.delivery()
			require.Equal(t, [2]string{x.ID, x.CollectionID}, [2]string{d.SessionID, d.CollectionID})
		})
	}
}

// permutations calls f with each order of n things.
func permutations(n int, f func(order []int)) {
	var step func(order, left []int)
	step = func(order, left []int) {
		if len(left) == 0 {
			f(order)
		}
		for i := range left {
			rest := slices.Concat(left[:i], left[i+1:])
			step(append(slices.Clip(order), left[i]), rest)
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	step(nil, all)
}

// In whatever order messages come, in the end our books are the gateway's: also where it cannot be asked, and what the messages say counts.
func TestWebhooksMayComeInAnyOrder(t *testing.T) {
	for name, sandbox := range map[string]sandboxprovider.Config{"asked": {}, "not to be asked": {NoStatus: true}} {
		t.Run(name, func(t *testing.T) {
			permutations(4, func(order []int) {
				s := newShop(t, options{sandbox: sandbox})
				x := s.processing("100")
				require.NoError(t, s.gateway.ResolveDelayed(x.Reference, true))
				_, err := s.gateway.CaptureAtDashboard(x.Reference, dec("40"))
				require.NoError(t, err)
				_, err = s.gateway.RefundAtDashboard(x.Reference, dec("15"))
				require.NoError(t, err)
				require.NoError(t, s.gateway.CancelAtDashboard(x.Reference)) // of the rest
				told := s.gateway.Webhooks()
				require.Len(t, told, 4)
				for _, i := range order {
					s.clock.Advance(2 * time.Second)
					s.requireHandled(s.post(s.resign(told[i])))
				}
				p := s.booksAgree(t, s.freshSession(x.ID).PaymentID)
				require.Len(t, p.Captures, 1, "%v", order)
				require.Len(t, p.Refunds, 1)
				equalAmount(t, "60", p.Released)
				s.agree(x.CollectionID)
				c := s.fresh(x.CollectionID)
				require.Equal(t, [3]string{"40", "40", "15"}, [3]string{c.Authorized.String(), c.Captured.String(), c.Refunded.String()})
			})
		})
	}
}

// Neither asking nor a message that comes late takes back what was authorized.
func TestWebhookOfAFailureAfterTheAuthorizationDowngradesNothing(t *testing.T) {
	for name, sandbox := range map[string]sandboxprovider.Config{"asked": {}, "not to be asked": {NoStatus: true}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{sandbox: sandbox})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.TokenInsufficientFunds), payment.ErrDeclined)
			failed := s.told("intent.declined")
			p := s.authorize(x)
			_, err := s.capture(p, "40")
			require.NoError(t, err)
			kinds := s.kinds(x.CollectionID)

			s.requireHandled(s.post(s.resign(failed)))
			require.Equal(t, kinds, s.kinds(x.CollectionID), "nothing has happened")
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			require.Empty(t, s.freshSession(x.ID).Reason)
			s.agree(x.CollectionID)
			equalAmount(t, "40", s.booksAgree(t, p.ID).Captured)
		})
	}
}

func TestWebhookSecretsRotate(t *testing.T) {
	for _, tt := range []struct {
		signed, accepted []string
		ok               bool
	}{
		{[]string{"old"}, []string{"old"}, true},
		{[]string{"old"}, []string{"new", "old"}, true}, // we first
		{[]string{"new", "old"}, []string{"old"}, true}, // the gateway first
		{[]string{"new", "old"}, []string{"new"}, true},
		{[]string{"new"}, []string{"new", "old"}, true},
		{[]string{"new"}, []string{"new"}, true},
		{[]string{"old"}, []string{"new"}, false}, // it is over
		{[]string{"new"}, []string{"old"}, false},
	} {
		t.Run(fmt.Sprint(tt.signed, tt.accepted), func(t *testing.T) {
			s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{WebhookSecrets: tt.signed}, sandbox: sandboxprovider.Config{Secrets: tt.accepted}})
			_, w := s.decided("100")
			if tt.ok {
				s.requireHandled(s.post(w))
				return
			}
			err := s.untouched(t, func() error { _, err := s.HandleWebhook(t.Context(), "sandbox", w); return err })
			require.ErrorIs(t, err, payment.ErrWebhookRefused)
		})
	}
}

// An error says that nothing was stored, so that the gateway sends the message again.
func TestWebhookThatCannotBeStoredIsAnError(t *testing.T) {
	for name, fail := range map[string]func(*inboxStore){
		"nothing can be read": func(store *inboxStore) {
			store.hooks(nil, nil, func(payment.Key, func() (*payment.Rows, error)) (*payment.Rows, error) { return nil, errDead })
		},
		"nothing can be written": func(store *inboxStore) {
			store.hooks(func(*payment.Delivery, func() error) error { return errDead }, nil, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newInboxStore()
			s := newShop(t, options{store: store})
			_, w := s.decided("100")
			fail(store)
			err := s.untouched(t, func() error { _, err := s.HandleWebhook(t.Context(), "sandbox", w); return err })
			require.ErrorIs(t, err, errDead)
			require.NotErrorIs(t, err, payment.ErrWebhookRefused, "the gateway must send it again")
			store.recover()
			s.requireHandled(s.post(w))
		})
	}
}

// afterFirst lets the first PutDelivery through, and does something after it.
func (s *inboxStore) afterFirst(then func()) {
	s.hooks(func(_ *payment.Delivery, put func() error) error {
		err := put()
		then()
		return err
	}, nil, nil)
}

// Once a message is stored it is our matter: the gateway must not hear of our troubles.
func TestWebhookThatWasStoredIsNoError(t *testing.T) {
	for name, troubled := range map[string]func(store *inboxStore){
		"nothing works any more": func(store *inboxStore) { store.die() },
		"nothing can be committed": func(store *inboxStore) {
			store.hooks(nil, func(*payment.Changes, func() error) error { return errDead }, nil)
		},
		"nothing can be read": func(store *inboxStore) {
			store.hooks(nil, nil, func(payment.Key, func() (*payment.Rows, error)) (*payment.Rows, error) { return nil, errDead })
		},
		"it cannot be put again": func(store *inboxStore) {
			store.hooks(func(*payment.Delivery, func() error) error { return errDead }, nil, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			store := newInboxStore()
			s := newShop(t, options{store: store, config: payment.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
			x, w := s.decided("100")
			store.afterFirst(func() { troubled(store) })
			r := s.post(w)
			require.NotEmpty(t, r.DeliveryID)
			require.Contains(t, log.String(), "payment: a webhook message could not be handled; Reconcile will try again")
			require.Contains(t, log.String(), r.DeliveryID)
			store.recover()
			require.Equal(t, payment.DeliveryParked, s.delivery().State)
			require.True(t, s.post(w).Duplicate)
			require.Contains(t, s.reconcile(time.Minute).Settled, r.DeliveryID)
			require.Equal(t, payment.DeliveryHandled, s.delivery().State)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		})
	}
}

// The caller's browser, or gateway, may go away as soon as the message is stored.
func TestWebhookIsHandledThoughItsCallerIsGone(t *testing.T) {
	store := newInboxStore()
	s := newShop(t, options{store: store})
	_, w := s.decided("100")
	ctx, cancel := context.WithCancel(t.Context())
	store.afterFirst(cancel)
	r, err := s.HandleWebhook(ctx, "sandbox", w)
	require.NoError(t, err)
	s.requireHandled(r)
}

func TestWebhookWhoseStoringIsUnknownIsStoredOnce(t *testing.T) {
	for name, applied := range map[string]bool{"it was stored": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			store := newInboxStore()
			s := newShop(t, options{store: store})
			x, w := s.decided("100")
			calls := 0
			store.hooks(func(_ *payment.Delivery, put func() error) error {
				if calls++; calls%2 == 0 { // each put is answered by the second call
					return put()
				}
				if applied {
					require.NoError(t, put())
				}
				return payment.ErrCommitUnknown
			}, nil, nil)
			r := s.post(w)
			s.requireHandled(r)
			require.Equal(t, 4, calls)
			d := s.delivery()
			require.Equal(t, r.DeliveryID, d.ID)
			require.Equal(t, payment.DeliveryHandled, d.State)
			require.Equal(t, int64(2), d.Version)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			store.recover()
			require.True(t, s.post(w).Duplicate)
		})
	}
	t.Run("nobody ever knows", func(t *testing.T) {
		store := newInboxStore()
		s := newShop(t, options{store: store})
		_, w := s.decided("100")
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		store.hooks(func(*payment.Delivery, func() error) error {
			if calls++; calls == 5 {
				cancel()
			}
			return payment.ErrCommitUnknown
		}, nil, nil)
		err := s.untouched(t, func() error { _, err := s.HandleWebhook(ctx, "sandbox", w); return err })
		require.ErrorIs(t, err, payment.ErrCommitUnknown)
		require.Equal(t, 5, calls)
	})
}

func TestWebhookIsHandledThoughTheProcessDiesRightAfterStoringIt(t *testing.T) {
	store := newInboxStore()
	s := newShop(t, options{store: store})
	x, w := s.decided("100")
	store.afterFirst(func() { panic(death{}) })
	require.PanicsWithValue(t, death{}, func() { _, _ = s.HandleWebhook(t.Context(), "sandbox", w) })
	store.recover()
	d := s.delivery()
	require.Equal(t, [2]string{"parked", "new"}, [2]string{string(d.State), d.Code})
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)

	next := s.anotherProcess(payment.Config{})
	next.store = store
	require.Zero(t, next.reconcile(24*time.Second).Looked, "whoever stored it could still be at it")
	require.Equal(t, []string{d.ID}, next.reconcile(2*time.Second).Settled)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1)
}

// Nothing that a message or a gateway keeps to itself is found where people look: in results, errors, logs, events and JSON.
func TestWebhookKeepsItsSecrets(t *testing.T) {
	var log bytes.Buffer
	var events []payment.Event
	h := slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 4})
	store := newInboxStore()
	s, p := newCourier(t, options{store: store, config: payment.Config{
		Logger: slog.New(h), OnEvent: func(_ context.Context, e payment.Event) error { events = append(events, e); return nil },
	}})
	secret := payment.NewPrivate(map[string]any{"k": planted})
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error { s.Private = &secret; return nil })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	body := `m{"card":"` + planted + `"}`
	p.messages[body] = payment.WebhookMessage{
		EventID: "e", Type: "x", SessionID: x.ID,
		Snapshot: &payment.Snapshot{State: payment.SnapshotAuthorized, Private: &secret, Data: payment.Data{"d": planted}, Decline: &payment.Decline{Message: planted}},
		Notice:   &payment.Notice{Kind: planted + " " + planted, Code: planted + " ", CurrencyCode: planted},
	}
	var seen bytes.Buffer
	look := func(v any, err error) {
		b, jsonErr := json.Marshal(v)
		require.NoError(t, jsonErr)
		fmt.Fprintf(&seen, "%v %+v %#v %v %s\n", v, v, v, err, b)
	}
	store.afterFirst(func() { store.die() })
	look(s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(body)}))
	store.recover()
	for range 3 {
		s.clock.Advance(time.Minute)
		look(s.Reconcile(t.Context()))
	}
	d := s.delivery()
	require.Equal(t, payment.DeliveryHandled, d.State)
	require.Equal(t, body, d.Body.Reveal()["body"])
	look(d, nil)
	look(s.GetSession(t.Context(), x.ID))
	look(s.ListEvents(t.Context(), payment.ListParams{CollectionID: x.CollectionID}))
	look(events, nil)
	require.NotEmpty(t, events)
	require.Equal(t, planted, s.freshSession(x.ID).Private.Reveal()["k"])
	require.NotEmpty(t, log.String())
	for _, text := range []string{seen.String(), log.String()} {
		require.NotContains(t, text, planted)
	}
}

// planted is a secret that must not be found.
const planted = "s3cr3t-of-the-shopper"
