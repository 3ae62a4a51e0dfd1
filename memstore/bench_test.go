package memstore

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// Run them with GOGC=off to see what the store does, rather than how much there is to collect.

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func id(prefix string, n int) string { return fmt.Sprintf("%s_%032x", prefix, n) }

// flow is the life of one collection with a provider that is pure: five commits, and the key that is loaded before each.
type flow struct {
	collection payment.PaymentCollection
	session    payment.PaymentSession
	payment    payment.Payment
	capture    payment.Capture
	refund     payment.Refund
	event      payment.Event
	request    payment.KeyedRequest

	steps [5]payment.Changes
	keys  [5]payment.Key
}

func newFlow(n int) *flow {
	amount := decimal.New(1099, -2)
	f := &flow{
		collection: payment.PaymentCollection{CurrencyCode: "USD", Amount: amount, ProviderIDs: []string{"manual"},
			Metadata: payment.Data{"order": "A-1"}},
		session: payment.PaymentSession{ProviderID: "manual", CurrencyCode: "USD", Amount: amount, Status: payment.StatusPending,
			Data: payment.Data{"kind": "manual"}},
		payment: payment.Payment{ProviderID: "manual", CurrencyCode: "USD", Amount: amount, Authorized: amount, Capturable: amount},
		capture: payment.Capture{Entry: payment.Entry{Amount: amount, State: payment.MovementSucceeded}},
		refund:  payment.Refund{Entry: payment.Entry{Amount: amount, State: payment.MovementSucceeded}},
		event:   payment.Event{Amount: amount, CurrencyCode: "USD"},
		request: payment.KeyedRequest{Key: "key"},
	}
	for i := range f.steps {
		f.steps[i] = payment.Changes{Version: int64(i), Collection: &f.collection, Requests: []*payment.KeyedRequest{&f.request},
			Events: []*payment.Event{&f.event}}
	}
	f.steps[1].Sessions = []*payment.PaymentSession{&f.session}
	f.steps[2].Sessions, f.steps[2].Payments = []*payment.PaymentSession{&f.session}, []*payment.Payment{&f.payment}
	f.steps[3].Payments, f.steps[3].Captures = []*payment.Payment{&f.payment}, []*payment.Capture{&f.capture}
	f.steps[4].Payments, f.steps[4].Refunds = []*payment.Payment{&f.payment}, []*payment.Refund{&f.refund}
	f.rename(names(n))
	return f
}

// ids are the IDs of a flow's rows.
type ids struct {
	at                                            time.Time
	collection, session, payment, capture, refund string
	events                                        [5]string
}

func names(n int) ids {
	x := ids{at: noon.Add(time.Duration(n) * time.Millisecond), collection: id("paycol", n), session: id("payses", n), payment: id("pay", n),
		capture: id("capt", n), refund: id("ref", n)}
	for i := range x.events {
		x.events[i] = id("evt", n<<20|i)
	}
	return x
}

// rename makes f the flow of other rows. Writing over the same rows is what keeps the benchmarks' own work small.
func (f *flow) rename(x ids) {
	f.collection.ID, f.collection.CreatedAt = x.collection, x.at
	f.session.ID, f.session.CollectionID, f.session.CreatedAt, f.session.PaymentID = x.session, x.collection, x.at, ""
	f.payment.ID, f.payment.CollectionID, f.payment.SessionID, f.payment.CreatedAt = x.payment, x.collection, x.session, x.at
	for _, e := range []*payment.Entry{&f.capture.Entry, &f.refund.Entry} {
		e.CollectionID, e.SessionID, e.PaymentID, e.CreatedAt = x.collection, x.session, x.payment, x.at
	}
	f.capture.ID, f.refund.ID = x.capture, x.refund
	f.event.CollectionID, f.event.At = x.collection, x.at
	f.request.CollectionID, f.request.SessionID, f.request.CreatedAt = x.collection, x.session, x.at
	f.keys = [5]payment.Key{{CollectionID: x.collection}, {CollectionID: x.collection}, {SessionID: x.session}, {PaymentID: x.payment},
		{PaymentID: x.payment}}
	for i, method := range [5]string{"CreateCollection", "CreateSession", "AuthorizeSession", "CapturePayment", "RefundPayment"} {
		f.steps[i].CollectionID = x.collection
		f.keys[i].Method, f.keys[i].RequestKey = method, "key"
	}
}

// step returns the Changes of one step.
func (f *flow) step(i int, x *ids) *payment.Changes {
	f.request.Method = f.keys[i].Method
	f.event.ID, f.event.Seq = x.events[i], int64(i+1)*64
	if i == 2 {
		f.session.PaymentID = f.payment.ID
	}
	return &f.steps[i]
}

// run loads and commits every step of the flow of x.
func (f *flow) run(ctx context.Context, s *Store, x *ids) error {
	f.rename(*x)
	for i := range f.steps {
		if _, err := s.Load(ctx, f.keys[i]); err != nil && i > 0 {
			return err
		}
		if err := s.Commit(ctx, f.step(i, x)); err != nil {
			return err
		}
	}
	return nil
}

// filled returns a store with n collections that have gone through the whole flow.
func filled(tb testing.TB, n int) *Store {
	s, f := New(), newFlow(0)
	for i := range n {
		x := names(i)
		require.NoError(tb, f.run(tb.Context(), s, &x))
	}
	return s
}

// crowded returns a store with one collection that has n sessions, and Changes that a further event makes.
func crowded(tb testing.TB, n int) (*Store, *flow, *payment.Changes) {
	s, f := New(), newFlow(0)
	c := &payment.Changes{CollectionID: f.collection.ID, Collection: &f.collection, Sessions: []*payment.PaymentSession{&f.session},
		Events: []*payment.Event{&f.event}}
	for i := range n {
		f.session.ID, f.session.CreatedAt = id("payses", i), noon.Add(time.Duration(i)*time.Millisecond)
		f.advance(c, s, tb)
	}
	return s, f, c
}

// advance commits c with a new event, and makes it ready for the next time.
func (f *flow) advance(c *payment.Changes, s *Store, tb testing.TB) {
	f.event.ID, f.event.Seq = id("evt", int(c.Version+1)<<40), c.Version*64
	if err := s.Commit(tb.Context(), c); err != nil {
		tb.Fatal(err)
	}
	c.Version++
}

// BenchmarkFlow is five loads and five commits of a new collection, in a store that holds others already.
func BenchmarkFlow(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("collections=%d", n), func(b *testing.B) {
			s, f := filled(b, n), newFlow(0)
			all := make([]ids, b.N)
			for i := range all {
				all[i] = names(n + i)
			}
			runtime.GC()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range all {
				if err := f.run(b.Context(), s, &all[i]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFlowParallel is BenchmarkFlow from several goroutines, on collections of their own: run it with -cpu 1,2.
func BenchmarkFlowParallel(b *testing.B) {
	s := New()
	all := make([]ids, b.N)
	for i := range all {
		all[i] = names(i)
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		f := newFlow(0)
		for pb.Next() {
			if err := f.run(b.Context(), s, &all[next.Add(1)-1]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkLoad loads a payment with all that is its, of ten collections among many.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("collections=%d", n), func(b *testing.B) {
			s := filled(b, n)
			var keys [10]payment.Key
			for i := range keys {
				keys[i].PaymentID = id("pay", i*(n/10))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Load(b.Context(), keys[i%10]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			s, _, _ := crowded(b, n)
			var keys [10]payment.Key
			for i := range keys {
				keys[i].SessionID = id("payses", i*(n/10))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Load(b.Context(), keys[i%10]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCommit changes the session and payment of one of ten collections among many, with an event.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("collections=%d", n), func(b *testing.B) {
			s := filled(b, n)
			var flows [10]*flow
			var changes [10]payment.Changes
			for i := range flows {
				f := newFlow(i * (n / 10))
				flows[i] = f
				f.session.PaymentID = f.payment.ID
				changes[i] = f.steps[2]
				changes[i].Version, changes[i].Requests = 5, nil
			}
			events := make([]string, b.N)
			for i := range events {
				events[i] = id("evt", 1<<60+i)
			}
			runtime.GC()
			b.ReportAllocs()
			b.ResetTimer()
			for i, event := range events {
				f, c := flows[i%10], &changes[i%10]
				f.event.ID, f.event.Seq = event, (c.Version+1)*64
				if err := s.Commit(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				c.Version++
			}
		})
	}
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			s, f, c := crowded(b, n)
			var sessions [10]payment.PaymentSession
			for i := range sessions {
				sessions[i] = f.session
				sessions[i].ID, sessions[i].CreatedAt = id("payses", i*(n/10)), noon.Add(time.Duration(i*(n/10))*time.Millisecond)
			}
			c.Sessions = []*payment.PaymentSession{nil}
			events := make([]string, b.N)
			for i := range events {
				events[i] = id("evt", 1<<60+i)
			}
			runtime.GC()
			b.ReportAllocs()
			b.ResetTimer()
			for i, event := range events {
				c.Sessions[0] = &sessions[i%10]
				f.event.ID, f.event.Seq = event, c.Version*64
				if err := s.Commit(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				c.Version++
			}
		})
	}
}
