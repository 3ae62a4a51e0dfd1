package payment_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

var errNotNow = errors.New("the queue is down")

// listener is a host that gets events. It is safe for concurrent use.
type listener struct {
	mu   sync.Mutex
	does func(ctx context.Context, e payment.Event) error // nil: takes it
	told []payment.Event                                  // every event handed over, taken or not
	took []payment.Event                                  // those it has taken
	log  bytes.Buffer                                     // what the operator reads
}

func (l *listener) on(ctx context.Context, e payment.Event) error {
	l.mu.Lock()
	l.told = append(l.told, e)
	does := l.does
	l.mu.Unlock()
	if does != nil {
		if err := does(ctx, e); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, e)
	return nil
}

func (l *listener) set(does func(context.Context, payment.Event) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.does = does
}

// taken are the events of a collection that were taken, all of them for an empty ID.
func (l *listener) taken(collectionID string) []payment.Event { return of(l, &l.took, collectionID) }

// handed are the events of a collection that were handed over, taken or not.
func (l *listener) handed(collectionID string) []payment.Event { return of(l, &l.told, collectionID) }

func of(l *listener, events *[]payment.Event, collectionID string) (found []payment.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range *events {
		if collectionID == "" || e.CollectionID == collectionID {
			found = append(found, e)
		}
	}
	return found
}

// hearing returns a shop whose host gets events.
func hearing(t *testing.T, o options) (*shop, *listener) {
	t.Helper()
	l := &listener{}
	o.config.OnEvent = l.on
	o.config.Logger = slog.New(slog.NewTextHandler(&l.log, nil))
	return newShop(t, o), l
}

// eventsOf are all events of a collection, in their order.
func (s *shop) eventsOf(collectionID string) (all []payment.Event) {
	s.t.Helper()
	rows, err := s.store.List(s.t.Context(), payment.RowEvents, payment.Filter{CollectionID: collectionID}, payment.Page{Limit: 10_000})
	require.NoError(s.t, err)
	for _, e := range rows.Events {
		all = append(all, *e)
	}
	return all
}

// requireSame says that two lists hold the same events in the same order.
func requireSame(t *testing.T, want, got []payment.Event) {
	t.Helper()
	require.Equal(t, seqs(want), seqs(got))
	for i := range want {
		require.Equal(t, want[i].ID, got[i].ID)
	}
}

func seqs(events []payment.Event) (list []int64) {
	for _, e := range events {
		list = append(list, e.Seq)
	}
	return list
}

// note changes a collection's metadata, which makes one event.
func (s *shop) note(collectionID, text string) {
	s.t.Helper()
	_, err := s.UpdateCollection(s.t.Context(), payment.UpdateCollectionParams{CollectionID: collectionID, Metadata: &payment.Data{"note": text}})
	require.NoError(s.t, err)
}

// busyStore tells a test what is committed and what is done, and lets it step in.
type busyStore struct {
	payment.Store
	committed func(*payment.Changes)
	done      func(d payment.Due, again time.Time, done func() error) error
	list      func(kind payment.RowKind, list func() (*payment.Rows, error)) (*payment.Rows, error)
}

func (b *busyStore) Commit(ctx context.Context, c *payment.Changes) error {
	err := b.Store.Commit(ctx, c)
	if err == nil && b.committed != nil {
		b.committed(c)
	}
	return err
}

func (b *busyStore) Done(ctx context.Context, d payment.Due, again time.Time) error {
	done := func() error { return b.Store.Done(ctx, d, again) }
	if b.done == nil {
		return done()
	}
	return b.done(d, again, done)
}

func (b *busyStore) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	list := func() (*payment.Rows, error) { return b.Store.List(ctx, kind, f, p) }
	if b.list == nil {
		return list()
	}
	return b.list(kind, list)
}

// What a change tells of is in the commit of the change, and has the number that this commit gives it.
func TestEventIsCommittedWithItsChange(t *testing.T) {
	seen := map[payment.EventKind]bool{}
	store := &busyStore{Store: memstore.New()}
	store.committed = func(c *payment.Changes) {
		for i, e := range c.Events {
			seen[e.Kind] = true
			require.Equal(t, (c.Version+1)*64+int64(i), e.Seq)
			require.Equal(t, c.CollectionID, e.CollectionID)
			subject, _, _ := strings.Cut(string(e.Kind), ".")
			switch subject {
			case "session":
				require.NotEmpty(t, c.Sessions, "%s without its session", e.Kind)
				require.Equal(t, e.SessionID, c.Sessions[0].ID)
			case "payment":
				require.NotEmpty(t, c.Payments, "%s without its payment", e.Kind)
				require.Equal(t, e.PaymentID, c.Payments[0].ID)
			case "capture":
				require.True(t, slices.ContainsFunc(c.Captures, func(x *payment.Capture) bool { return x.ID == e.EntryID }), "%s without its row", e.Kind)
			case "refund":
				require.True(t, slices.ContainsFunc(c.Refunds, func(x *payment.Refund) bool { return x.ID == e.EntryID }), "%s without its row", e.Kind)
			}
		}
		for _, x := range c.Captures {
			require.True(t, slices.ContainsFunc(c.Events, func(e *payment.Event) bool { return e.EntryID == x.ID }), "a capture without an event")
		}
		for _, x := range c.Refunds {
			require.True(t, slices.ContainsFunc(c.Events, func(e *payment.Event) bool { return e.EntryID == x.ID }), "a refund without an event")
		}
	}
	s := newShop(t, options{store: store})
	require.NoError(t, steps(t.Context(), s.Service, "sandbox"))
	require.NoError(t, s.DeleteSession(t.Context(), s.session(s.collection("5", "EUR"), "sandbox", "5").ID))
	for _, kind := range []payment.EventKind{
		payment.EventCollectionCreated, payment.EventCollectionCompleted, payment.EventSessionCreated, payment.EventSessionCanceled,
		payment.EventSessionDeleted, payment.EventPaymentAuthorized, payment.EventCaptureSucceeded, payment.EventRefundSucceeded,
	} {
		require.True(t, seen[kind], kind)
	}
}

// A change that is not committed has no event.
func TestNoCommitNoEvent(t *testing.T) {
	store := &breaking{Store: memstore.New()}
	s, l := hearing(t, options{store: store})
	c := s.collection("100", "EUR")
	s.reconcile(0)
	store.refuse = func(*payment.Changes) error { return errDead }
	_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("90")})
	require.ErrorIs(t, err, errDead)
	store.refuse = nil
	require.Zero(t, s.reconcile(time.Hour).Delivered)
	require.Len(t, l.taken(""), 1)
}

func TestEventsAreDeliveredInOrder(t *testing.T) {
	s, l := hearing(t, options{})
	var collections []string
	for range 3 {
		require.NoError(t, stepsOnce(t.Context(), s.Service, "sandbox"))
	}
	list, err := s.ListCollections(t.Context(), payment.ListParams{})
	require.NoError(t, err)
	for _, c := range list.Items {
		collections = append(collections, c.ID)
	}
	require.Len(t, collections, 3)
	require.Empty(t, l.handed(""), "nothing is delivered by the calls themselves")
	r := s.reconcile(0)
	require.Equal(t, len(l.taken("")), r.Delivered)
	for _, id := range collections {
		events := s.eventsOf(id)
		require.True(t, slices.IsSorted(seqs(events)))
		requireSame(t, events, l.taken(id))
		require.Equal(t, events, l.taken(id), "the whole event is delivered")
	}
	require.Zero(t, s.reconcile(48*time.Hour).Delivered, "no event is delivered twice for nothing")
	s.note(collections[1], "later")
	require.Equal(t, 1, s.reconcile(0).Delivered)
	requireSame(t, s.eventsOf(collections[1]), l.taken(collections[1]))
}

// An event that is not taken is handed over again after 1 s, 2 s … 10 min. Later ones of its collection wait for it, others do not.
func TestEventThatIsNotTakenIsRetried(t *testing.T) {
	s, l := hearing(t, options{})
	stuck, other := s.collection("100", "EUR"), s.collection("100", "EUR")
	l.set(func(_ context.Context, e payment.Event) error {
		if e.CollectionID == stuck.ID {
			return errNotNow
		}
		return nil
	})
	r := s.reconcile(0)
	require.Equal(t, 1, r.Delivered)
	require.Equal(t, []string{stuck.ID}, r.Parked)
	s.note(stuck.ID, "waits")
	pauses := []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600}
	for i, seconds := range pauses {
		s.note(other.ID, "goes on")
		require.Equal(t, 1, s.reconcile(time.Duration(seconds)*time.Second-time.Millisecond).Delivered, "another collection's events do not wait")
		require.Len(t, l.handed(stuck.ID), i+1, "not before its pause is over")
		s.reconcile(time.Millisecond)
		require.Len(t, l.handed(stuck.ID), i+2, "as soon as its pause is over")
	}
	for _, e := range l.handed(stuck.ID) {
		require.Equal(t, payment.EventCollectionCreated, e.Kind, "nothing overtakes it")
	}
	require.Contains(t, l.log.String(), "level=WARN")
	l.set(nil)
	s.reconcile(10 * time.Minute)
	requireSame(t, s.eventsOf(stuck.ID), l.taken(stuck.ID))
	// What comes after begins anew, with a pause of 1 s.
	l.set(func(context.Context, payment.Event) error { return errNotNow })
	s.note(stuck.ID, "fails once")
	s.reconcile(0)
	l.set(nil)
	require.Zero(t, s.reconcile(time.Second-time.Millisecond).Delivered)
	require.Equal(t, 1, s.reconcile(time.Millisecond).Delivered)
}

// A host that panics is one that has not taken the event. The rest of the work is done.
func TestListenerThatPanics(t *testing.T) {
	s, l := hearing(t, options{})
	bad, good := s.collection("100", "EUR"), s.collection("100", "EUR")
	l.set(func(_ context.Context, e payment.Event) error {
		if e.CollectionID == bad.ID {
			panic("no such order: secret")
		}
		return nil
	})
	r := s.reconcile(0)
	require.Equal(t, []string{bad.ID}, r.Parked)
	require.Len(t, l.taken(good.ID), 1)
	require.Contains(t, l.log.String(), "panic")
	l.set(nil)
	require.Equal(t, 1, s.reconcile(time.Second).Delivered)
	requireSame(t, s.eventsOf(bad.ID), l.taken(bad.ID))
}

// A host has CallTimeout for each event. One that takes no longer is not interrupted, one that does is told by its context.
func TestListenerThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true, config: payment.Config{CallTimeout: 4 * time.Second}})
		c := s.collection("100", "EUR")
		s.note(c.ID, "second")
		began := time.Now()
		l.set(func(ctx context.Context, _ payment.Event) error {
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, 4*time.Second, time.Until(deadline))
			<-ctx.Done()
			return ctx.Err()
		})
		r, err := s.Reconcile(t.Context())
		require.NoError(t, err)
		require.Equal(t, 4*time.Second, time.Since(began))
		require.Equal(t, []string{c.ID}, r.Parked, "a deadline that the caller did not set is a failed try")
		l.set(func(ctx context.Context, _ payment.Event) error {
			time.Sleep(3 * time.Second)
			return ctx.Err()
		})
		time.Sleep(time.Second)
		r, err = s.Reconcile(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, r.Delivered)
		requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
	})
}

// A host that takes its time outlasts no claim: whoever delivers stops in time, and what is left is gone on with at once.
func TestSlowListenerOutlastsNoClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := hearing(t, options{realTime: true})
		c, other := s.collection("100", "EUR"), s.collection("100", "EUR")
		for range 19 {
			s.note(c.ID, "more")
		}
		busy, clashes := map[string]bool{}, 0
		l.set(func(_ context.Context, e payment.Event) error {
			l.mu.Lock()
			if busy[e.CollectionID] {
				clashes++
			}
			busy[e.CollectionID] = true
			l.mu.Unlock()
			time.Sleep(14 * time.Second)
			l.mu.Lock()
			defer l.mu.Unlock()
			busy[e.CollectionID] = false
			return nil
		})
		began := time.Now()
		done := make(chan bool)
		go func() { // another process looks for work all the time
			for len(l.taken("")) < 21 {
				_, _ = s.Reconcile(t.Context())
				time.Sleep(time.Second)
			}
			close(done)
		}()
		_, err := s.Reconcile(t.Context())
		require.NoError(t, err)
		<-done
		require.Zero(t, clashes, "two at once")
		require.Less(t, time.Since(began), 21*14*time.Second+time.Minute)
		require.Len(t, l.handed(""), 21, "none is handed over twice")
		requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
		requireSame(t, s.eventsOf(other.ID), l.taken(other.ID))
		// One process alone does it in one go.
		l.set(func(context.Context, payment.Event) error {
			time.Sleep(14 * time.Second)
			return nil
		})
		for range 9 {
			s.note(c.ID, "more")
		}
		r, err := s.Reconcile(t.Context())
		require.NoError(t, err)
		require.Equal(t, 9, r.Delivered)
	})
}

// When the caller's context ends, what was taken stays so, and the event that was being handed over was not tried.
func TestCallerGoesAwayDuringDelivery(t *testing.T) {
	for name, taken := range map[string]bool{"while an event is taken": true, "before it is taken": false} {
		t.Run(name, func(t *testing.T) {
			var tries []int
			store := &busyStore{Store: memstore.New(), done: func(d payment.Due, _ time.Time, done func() error) error {
				tries = append(tries, d.Tries)
				return done()
			}}
			s, l := hearing(t, options{store: store})
			c := s.collection("100", "EUR")
			for range 4 {
				s.note(c.ID, "more")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l.set(func(ctx context.Context, _ payment.Event) error {
				if len(l.handed("")) == 3 {
					cancel()
					if !taken {
						<-ctx.Done()
						return ctx.Err()
					}
				}
				return nil
			})
			r, err := s.Reconcile(ctx)
			require.ErrorIs(t, err, context.Canceled)
			require.Empty(t, r.Parked)
			require.Equal(t, []int{0}, tries)
			l.set(nil)
			require.Equal(t, 5-r.Delivered, s.reconcile(0).Delivered, "the rest is due at once")
			requireSame(t, s.eventsOf(c.ID), l.taken(c.ID))
		})
	}
}
