package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// An event that nobody has taken after 24 h and 50 tries is given up, and said to be so. The next one is delivered.
func TestEventIsGivenUp(t *testing.T) {
	var last payment.Due
	store := &busyStore{Store: memstore.New(), done: func(d payment.Due, _ time.Time, done func() error) error {
		last = d
		return done()
	}}
	s, l := hearing(t, options{store: store})
	c := s.collection("100", "EUR")
	s.note(c.ID, "second")
	events := s.eventsOf(c.ID)
	l.set(func(_ context.Context, e payment.Event) error {
		if e.ID == events[0].ID {
			return errNotNow
		}
		return nil
	})
	s.reconcile(0)
	for range 1000 {
		if s.clock.Now().Add(time.Minute).Sub(events[0].At) >= 24*time.Hour {
			break
		}
		require.Empty(t, s.reconcile(time.Minute).GivenUp, "not before 24 h are over")
	}
	for range 1000 {
		if s.clock.Now().Sub(events[0].At) >= 24*time.Hour-time.Minute {
			break
		}
		require.Empty(t, s.reconcile(time.Minute).GivenUp, "not before 24 h are over")
	}
	require.Greater(t, len(l.handed(c.ID)), 100)
	require.Empty(t, last.Dead)
	require.NotContains(t, l.log.String(), "level=ERROR")
	s.clock.Advance(11 * time.Minute)
	r := s.reconcile(0)
	require.Equal(t, []string{events[0].ID}, r.GivenUp)
	require.Equal(t, 1, r.Delivered, "the next one is delivered by the same round")
	require.Equal(t, []int64{events[0].Seq}, last.Dead)
	require.Equal(t, events[1].Seq, last.Seq)
	require.Zero(t, last.Tries)
	require.Contains(t, l.log.String(), "level=ERROR")
	requireSame(t, events[1:], l.taken(c.ID))
	// It stays so, and those after it are delivered as ever.
	s.note(c.ID, "third")
	require.Equal(t, 1, s.reconcile(0).Delivered)
	require.Equal(t, []int64{events[0].Seq}, last.Dead)
	requireSame(t, s.eventsOf(c.ID), append(events[:1:1], l.taken(c.ID)...))
}

// 24 hours alone are no reason: after an outage of the host's own an event has its tries, for seven hours.
func TestEventGetsItsTries(t *testing.T) {
	s, l := hearing(t, options{config: payment.Config{GiveUpAfter: 30 * time.Hour}})
	c := s.collection("100", "EUR")
	l.set(func(context.Context, payment.Event) error { return errNotNow })
	s.clock.Advance(1000 * time.Hour)
	began := s.clock.Now()
	for range 49 {
		require.Empty(t, s.reconcile(10*time.Minute).GivenUp)
	}
	require.Len(t, l.handed(c.ID), 49)
	require.Greater(t, s.clock.Now().Sub(began), 7*time.Hour)
	require.Len(t, s.reconcile(10*time.Minute).GivenUp, 1)
}

// Whoever dies after handing an event over, and before keeping that, hands it over again.
func TestCrashBetweenOnEventAndDone(t *testing.T) {
	dead := true
	store := &busyStore{Store: memstore.New(), done: func(_ payment.Due, _ time.Time, done func() error) error {
		if dead {
			return errDead
		}
		return done()
	}}
	s, l := hearing(t, options{store: store})
	c := s.collection("100", "EUR")
	s.note(c.ID, "second")
	r, err := s.Reconcile(t.Context())
	require.ErrorIs(t, err, errDead)
	require.Equal(t, []string{c.ID}, r.Failed)
	dead = false
	require.Zero(t, s.reconcile(44*time.Second).Delivered, "its claim goes on")
	require.Equal(t, 2, s.reconcile(2*time.Second).Delivered)
	events := s.eventsOf(c.ID)
	requireSame(t, append(events, events...), l.taken(c.ID))
}

// A store that goes away in the middle loses no more than what it could not say: what was taken before is kept.
func TestStoreGoesAwayBetweenPages(t *testing.T) {
	lists := 0
	store := &busyStore{Store: memstore.New()}
	s, l := hearing(t, options{store: store})
	c := s.collection("100", "EUR")
	for range 149 {
		s.note(c.ID, "more")
	}
	store.list = func(_ payment.RowKind, list func() (*payment.Rows, error)) (*payment.Rows, error) {
		if lists++; lists == 2 {
			return nil, errDead
		}
		return list()
	}
	r, err := s.Reconcile(t.Context())
	require.ErrorIs(t, err, errDead)
	require.Equal(t, 100, r.Delivered)
	require.Equal(t, 50, s.reconcile(time.Minute).Delivered)
	requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
}

func TestManyEventsInOneGo(t *testing.T) {
	s, l := hearing(t, options{})
	c := s.collection("100", "EUR")
	for range 249 {
		s.note(c.ID, "more")
	}
	r := s.reconcile(0)
	require.Equal(t, 250, r.Delivered)
	requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
}

// What is written while others are delivered is delivered too, by the same Reconcile: also what the host itself causes.
func TestEventsWrittenDuringDelivery(t *testing.T) {
	s, l := hearing(t, options{})
	c, other := s.collection("100", "EUR"), s.collection("100", "EUR")
	l.set(func(_ context.Context, e payment.Event) error {
		if len(l.handed("")) <= 20 {
			s.note(c.ID, "while "+e.ID+" is delivered")
			s.note(other.ID, "while "+e.ID+" is delivered")
		}
		return nil
	})
	require.Equal(t, 42, s.reconcile(0).Delivered)
	requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
	requireSame(t, s.eventsOf(other.ID), l.taken(other.ID))
}

// Without OnEvent the events stay, for whoever comes later.
func TestEventsAreKeptWithoutOnEvent(t *testing.T) {
	s := newShop(t, options{})
	require.NoError(t, steps(t.Context(), s.Service, "sandbox"))
	require.Zero(t, s.reconcile(100*time.Hour).Delivered)
	l := &listener{}
	later := s.anotherProcess(payment.Config{OnEvent: l.on})
	r := later.reconcile(0)
	require.Equal(t, len(l.taken("")), r.Delivered)
	require.Empty(t, r.GivenUp, "an event grows no older than its tries")
	requireSame(t, s.eventsOf(l.taken("")[0].CollectionID), l.taken(""))
}

// Delivering is bookkeeping: no version moves, no row changes, whatever becomes of an event.
func TestDeliveryMovesNoVersion(t *testing.T) {
	commits := 0
	store := &busyStore{Store: memstore.New(), committed: func(*payment.Changes) { commits++ }}
	s, l := hearing(t, options{store: store})
	c := s.collection("100", "EUR")
	s.note(c.ID, "second")
	before, version := s.allRows(), s.fresh(c.ID).Version
	commits = 0
	l.set(func(context.Context, payment.Event) error { return errNotNow })
	for range 49 {
		s.reconcile(time.Hour)
	}
	require.NotEmpty(t, s.reconcile(24*time.Hour).GivenUp)
	l.set(nil)
	require.Equal(t, 1, s.reconcile(time.Hour).Delivered)
	require.Zero(t, commits)
	require.Equal(t, version, s.fresh(c.ID).Version)
	require.Equal(t, before, s.allRows())
}

// An event is for queues and logs: nothing in it is a secret, whoever put that in.
func TestEventsCarryNothingPrivate(t *testing.T) {
	secret := func(n int) string { return fmt.Sprintf("hush-%d", n) }
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour}}
	s, l := hearing(t, options{more: []payment.Provider{p}})
	for i, kind := range []payment.OperationKind{payment.OperationInitialize, payment.OperationAuthorize, payment.OperationCapture, payment.OperationRefund} {
		p.on(kind, func(s *payment.Snapshot, _ payment.Request) error {
			s.Private = new(payment.NewPrivate(payment.Data{"value": secret(i)}))
			s.Data = payment.Data{"api_secret": secret(10 + i), "public": "yes"}
			return nil
		})
	}
	input := payment.Data{"token": secret(20)}
	context := payment.NewPrivate(payment.Data{"email": secret(21)})
	pay := func() (*payment.Payment, error) {
		c, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("100"), Metadata: payment.Data{"order": secret(22)}})
		require.NoError(t, err)
		x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
			CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100"), Context: context, Input: input, Metadata: payment.Data{"a": secret(23)},
		})
		require.NoError(t, err)
		return s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: input})
	}
	paid, err := pay()
	require.NoError(t, err)
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: paid.ID, Amount: amount("40"), CreatedBy: secret(24)})
	require.NoError(t, err)
	_, err = s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: paid.ID, Amount: amount("10"), Note: secret(25)})
	require.NoError(t, err)
	// A refusal, an answer that contradicts, and a void.
	usually := p.answer
	p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{}
		return payment.Declined("card_declined", secret(26))
	})
	_, err = pay()
	require.ErrorIs(t, err, payment.ErrDeclined)
	p.answer = usually
	p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error { s.Amount = dec("1"); return nil })
	_, err = pay()
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	s.cancel(paid)
	s.reconcile(0)
	seen := map[payment.EventKind]bool{}
	for _, e := range l.taken("") {
		seen[e.Kind] = true
		text, err := json.Marshal(e)
		require.NoError(t, err)
		for _, shown := range []string{string(text), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", &e)} {
			require.NotContains(t, strings.ToLower(shown), "hush", e.Kind)
		}
	}
	for _, kind := range []payment.EventKind{
		payment.EventSessionCreated, payment.EventPaymentAuthorized, payment.EventCaptureSucceeded, payment.EventRefundSucceeded, payment.EventDataDropped,
		payment.EventSessionDeclined, payment.EventOperationNeedsAttention, payment.EventPaymentReleased,
	} {
		require.True(t, seen[kind], kind)
	}
	require.NotContains(t, l.log.String(), "hush-2", "nor does the operator read what a shopper or the host has said")
}

// Any number of processes share the work. The events of one collection are never handed over by two of them at once, and in their order,
// while others go on writing.
func TestProcessesShareDelivery(t *testing.T) {
	synctest.Test(t, testProcessesShareDelivery)
}

func testProcessesShareDelivery(t *testing.T) {
	const collections, committers, notes = 5, 8, 8
	store := memstore.New()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	l := &listener{}
	var mu sync.Mutex
	at, refused := map[string]bool{}, map[string]bool{}
	config := payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})},
		OnEvent: func(ctx context.Context, e payment.Event) error {
			mu.Lock()
			clash, again := at[e.CollectionID], refused[e.ID]
			at[e.CollectionID], refused[e.ID] = true, true
			mu.Unlock()
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				at[e.CollectionID] = false
			}()
			if clash {
				return errors.New("two at once")
			}
			time.Sleep(time.Duration(e.Seq%5) * time.Millisecond)
			if !again && e.Seq%7 == 0 {
				return errNotNow // some are not taken at first
			}
			return l.on(ctx, e)
		},
	}
	var processes []*payment.Service
	for range 4 {
		svc, err := payment.NewService(store, config)
		require.NoError(t, err)
		processes = append(processes, svc)
	}
	s := &shop{Service: processes[0], t: t, store: store, gateway: gateway}
	var ids []string
	for range collections {
		ids = append(ids, s.collection("100", "EUR").ID)
	}
	var writers, readers sync.WaitGroup
	for i := range committers {
		writers.Go(func() {
			for n := range notes {
				for {
					_, err := processes[i%4].UpdateCollection(t.Context(), payment.UpdateCollectionParams{
						CollectionID: ids[(i+n)%collections], Metadata: &payment.Data{"by": i, "n": n},
					})
					if err == nil {
						break
					}
				}
			}
		})
	}
	written := make(chan bool)
	clashes := make(chan string, 1000)
	for _, p := range processes {
		readers.Go(func() {
			for quiet := 0; quiet < 3; {
				r, err := p.Reconcile(t.Context())
				if err != nil {
					clashes <- err.Error()
				}
				select {
				case <-written:
					if r.Delivered == 0 && len(l.taken("")) == collections+committers*notes {
						quiet++
					}
				default:
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	writers.Wait()
	close(written)
	readers.Wait()
	require.Empty(t, clashes)
	for _, id := range ids {
		requireSame(t, s.eventsOf(id), l.taken(id))
	}
}
