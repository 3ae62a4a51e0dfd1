package memstore

import (
	"fmt"
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

// flow makes the Changes of one collection's life, in time order.
type flow struct {
	collection payment.PaymentCollection
	session    payment.PaymentSession
	payment    payment.Payment
	n          int
	events     int
}

func newFlow(n int) *flow {
	at := noon.Add(time.Duration(n) * time.Microsecond)
	amount := decimal.New(1099, -2)
	return &flow{
		n: n,
		collection: payment.PaymentCollection{ID: id("paycol", n), CurrencyCode: "USD", Amount: amount, ProviderIDs: []string{"manual"},
			Metadata: payment.Data{"order": "A-1"}, CreatedAt: at, UpdatedAt: at},
		session: payment.PaymentSession{ID: id("payses", n), CollectionID: id("paycol", n), ProviderID: "manual", CurrencyCode: "USD",
			Amount: amount, Status: payment.StatusPending, Data: payment.Data{"kind": "manual"}, CreatedAt: at, UpdatedAt: at},
		payment: payment.Payment{ID: id("pay", n), CollectionID: id("paycol", n), SessionID: id("payses", n), ProviderID: "manual",
			CurrencyCode: "USD", Amount: amount, Authorized: amount, Capturable: amount, CreatedAt: at, UpdatedAt: at},
	}
}

func (f *flow) changes(kind payment.EventKind) *payment.Changes {
	f.events++
	return &payment.Changes{
		CollectionID: f.collection.ID, Version: f.collection.Version, Collection: &f.collection,
		Events: []*payment.Event{{ID: id("evt", f.n<<20|f.events), CollectionID: f.collection.ID, Seq: f.collection.Version * 64,
			Kind: kind, Amount: f.collection.Amount, CurrencyCode: "USD", At: f.collection.CreatedAt}},
	}
}

func (f *flow) request(c *payment.Changes, method string) {
	c.Requests = []*payment.KeyedRequest{{CollectionID: f.collection.ID, Method: method, Key: "key", SessionID: f.session.ID,
		CreatedAt: f.collection.CreatedAt}}
}

// steps returns the five commits of a pure provider's flow, each with the key that is loaded before it.
func (f *flow) steps() (all []*payment.Changes, keys []payment.Key) {
	add := func(key payment.Key, method string, kind payment.EventKind, fill func(c *payment.Changes)) {
		collection, session, pay := f.collection, f.session, f.payment
		g := &flow{collection: collection, session: session, payment: pay, n: f.n, events: f.events}
		c := g.changes(kind)
		g.request(c, method)
		key.Method, key.RequestKey = method, "key"
		f.events++
		f.collection.Version++
		fill(c)
		all, keys = append(all, c), append(keys, key)
	}
	sessionRow := func() *payment.PaymentSession { r := f.session; return &r }
	paymentRow := func() *payment.Payment { r := f.payment; return &r }
	entry := payment.Entry{CollectionID: f.collection.ID, SessionID: f.session.ID, PaymentID: f.payment.ID,
		Amount: f.payment.Amount, State: payment.MovementSucceeded, CreatedAt: f.collection.CreatedAt, UpdatedAt: f.collection.CreatedAt}
	add(payment.Key{CollectionID: f.collection.ID}, "CreateCollection", payment.EventCollectionCreated, func(*payment.Changes) {})
	add(payment.Key{CollectionID: f.collection.ID}, "CreateSession", payment.EventSessionCreated, func(c *payment.Changes) {
		c.Sessions = []*payment.PaymentSession{sessionRow()}
	})
	f.session.Status, f.session.PaymentID = payment.StatusAuthorized, f.payment.ID
	add(payment.Key{SessionID: f.session.ID}, "AuthorizeSession", payment.EventPaymentAuthorized, func(c *payment.Changes) {
		c.Sessions, c.Payments = []*payment.PaymentSession{sessionRow()}, []*payment.Payment{paymentRow()}
	})
	f.payment.Captured = f.payment.Amount
	add(payment.Key{PaymentID: f.payment.ID}, "CapturePayment", payment.EventCaptureSucceeded, func(c *payment.Changes) {
		entry.ID = id("capt", f.n)
		c.Payments, c.Captures = []*payment.Payment{paymentRow()}, []*payment.Capture{{Entry: entry}}
	})
	f.payment.Refunded = f.payment.Amount
	add(payment.Key{PaymentID: f.payment.ID}, "RefundPayment", payment.EventRefundSucceeded, func(c *payment.Changes) {
		entry.ID = id("ref", f.n)
		c.Payments, c.Refunds = []*payment.Payment{paymentRow()}, []*payment.Refund{{Entry: entry}}
	})
	return all, keys
}

// filled returns a store with n collections that have gone through the whole flow.
func filled(tb testing.TB, n int) *Store {
	s := New()
	for i := range n {
		all, _ := newFlow(i).steps()
		for _, c := range all {
			require.NoError(tb, s.Commit(tb.Context(), c))
		}
	}
	return s
}

// crowded returns a store with one collection that has n sessions, and those sessions' flow.
func crowded(tb testing.TB, n int) (*Store, *flow) {
	s, f := New(), newFlow(0)
	for i := range n {
		session := f.session
		session.ID = id("payses", i)
		session.CreatedAt = session.CreatedAt.Add(time.Duration(i) * time.Millisecond)
		c := f.changes(payment.EventSessionCreated)
		c.Sessions = []*payment.PaymentSession{&session}
		require.NoError(tb, s.Commit(tb.Context(), c))
		f.collection.Version++
	}
	return s, f
}

// BenchmarkFlow is five loads and five commits of a new collection, in a store that holds others already.
func BenchmarkFlow(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("collections=%d", n), func(b *testing.B) {
			s := filled(b, n)
			all, keys := make([][]*payment.Changes, b.N), make([][]payment.Key, b.N)
			for i := range all {
				all[i], keys[i] = newFlow(n + i).steps()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range all {
				for j, c := range all[i] {
					_, _ = s.Load(b.Context(), keys[i][j])
					if err := s.Commit(b.Context(), c); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkFlowParallel is BenchmarkFlow from several goroutines, on collections of their own: run it with -cpu 1,2.
func BenchmarkFlowParallel(b *testing.B) {
	s := New()
	all, keys := make([][]*payment.Changes, b.N), make([][]payment.Key, b.N)
	for i := range all {
		all[i], keys[i] = newFlow(i).steps()
	}
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := next.Add(1) - 1
			for j, c := range all[i] {
				_, _ = s.Load(b.Context(), keys[i][j])
				if err := s.Commit(b.Context(), c); err != nil {
					b.Error(err)
					return
				}
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
			s, _ := crowded(b, n)
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
			for i := range flows {
				flows[i] = newFlow(i * (n / 10))
				flows[i].events, flows[i].collection.Version = 1<<10, 5
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f := flows[i%10]
				c := f.changes(payment.EventSessionUpdated)
				c.Sessions, c.Payments = []*payment.PaymentSession{&f.session}, []*payment.Payment{&f.payment}
				if err := s.Commit(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				f.collection.Version++
			}
		})
	}
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			s, f := crowded(b, n)
			var sessions [10]payment.PaymentSession
			for i := range sessions {
				sessions[i] = f.session
				sessions[i].ID = id("payses", i*(n/10))
				sessions[i].CreatedAt = f.session.CreatedAt.Add(time.Duration(i*(n/10)) * time.Millisecond)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c := f.changes(payment.EventSessionUpdated)
				c.Sessions = []*payment.PaymentSession{&sessions[i%10]}
				if err := s.Commit(b.Context(), c); err != nil {
					b.Fatal(err)
				}
				f.collection.Version++
			}
		})
	}
}
