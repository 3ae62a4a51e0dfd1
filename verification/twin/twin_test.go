package twin_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/simulation"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/storetest"
	"github.com/seed40c892db/payment/verification/stores"
	"github.com/seed40c892db/payment/verification/twin"
)

var seeds = flag.Int("seeds", 6, "how many seeds are played over SQLite; over PostgreSQL it is a fifth")

// A twin is a store.
func TestTwin(t *testing.T) {
	storetest.Run(t, func(*testing.T) payment.Store { return &twin.Store{Tested: memstore.New(), Other: memstore.New()} })
}

// play plays the seeds over twins of a store and memstore, and requires that nothing breaks, and that each trace is the one over memstore alone.
// fresh is called by each worker, and returns what empties that worker's store.
func play(t *testing.T, seeds int, fresh func(t *testing.T) func() (payment.Store, error)) {
	t.Helper()
	var next atomic.Int64
	var points, operations atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		empty := fresh(t)
		all.Go(func() {
			var plain, over simulation.Simulator
			defer plain.Close()
			defer over.Close()
			for {
				seed := uint64(next.Add(1))
				if seed > uint64(seeds) || t.Failed() {
					return
				}
				o := simulation.Options{Trace: true}
				want := plain.Run(seed, o)
				store, err := empty()
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
					return
				}
				o.Store = func() payment.Store { return &twin.Store{Tested: store, Other: memstore.New()} }
				got := over.Run(seed, o)
				points.Add(int64(got.Points))
				operations.Add(int64(got.Operations))
				if difference := compare(&want, &got); difference != "" {
					t.Errorf("seed %d: %s", seed, difference)
					return
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds, %d scheduling points, %d operations", seeds, points.Load(), operations.Load())
}

// compare says what is wrong with a world, or where it first differs from the one over memstore.
func compare(want, got *simulation.Result) string {
	if len(got.Broken) > 0 {
		return strings.Join(got.Broken, "\n")
	}
	for i := range max(len(want.Trace), len(got.Trace)) {
		if i >= len(want.Trace) || i >= len(got.Trace) || want.Trace[i] != got.Trace[i] {
			from := max(i-3, 0)
			return fmt.Sprintf("line %d of the trace differs; over memstore:\n%s\nover this store:\n%s", i+1,
				strings.Join(want.Trace[from:min(i+2, len(want.Trace))], "\n"), strings.Join(got.Trace[from:min(i+2, len(got.Trace))], "\n"))
		}
	}
	if want.Points != got.Points || want.Operations != got.Operations || want.Faults != got.Faults {
		return "the traces are the same, and what was counted is not"
	}
	return ""
}

// A store that differs in the least is found.
func TestDifference(t *testing.T) {
	for name, broken := range map[string]func(payment.Store) payment.Store{
		"an amount":     func(s payment.Store) payment.Store { return centStore{s} },
		"an order":      func(s payment.Store) payment.Store { return reversedStore{s} },
		"a lost commit": func(s payment.Store) payment.Store { return &lossyStore{Store: s} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				r := simulation.Run(seed, simulation.Options{Store: func() payment.Store {
					return &twin.Store{Tested: broken(memstore.New()), Other: memstore.New()}
				}})
				if len(r.Broken) > 0 {
					require.Contains(t, r.Broken[0], "the tested store answers")
					return
				}
			}
			require.Fail(t, "nobody notices it")
		})
	}
}

// centStore loses the cents of what was captured.
type centStore struct{ payment.Store }

func (s centStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	rows, err := s.Store.Load(ctx, by)
	if err == nil {
		for _, c := range rows.Captures {
			c.Amount = c.Amount.Truncate(0)
		}
	}
	return rows, err
}

// reversedStore returns captures the newest first.
type reversedStore struct{ payment.Store }

func (s reversedStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	rows, err := s.Store.Load(ctx, by)
	if err == nil && len(rows.Captures) > 1 {
		first, last := 0, len(rows.Captures)-1
		rows.Captures[first], rows.Captures[last] = rows.Captures[last], rows.Captures[first]
	}
	return rows, err
}

// lossyStore loses one commit in fifty.
type lossyStore struct {
	payment.Store
	n int
}

func (s *lossyStore) Commit(ctx context.Context, c *payment.Changes) error {
	if s.n++; s.n%50 == 0 {
		return nil
	}
	return s.Store.Commit(ctx, c)
}

// Over memstore itself nothing differs.
func TestMemory(t *testing.T) {
	play(t, 10, func(*testing.T) func() (payment.Store, error) {
		return func() (payment.Store, error) { return memstore.New(), nil }
	})
}

// Each seed gets a database of its own.
func TestSQLite(t *testing.T) {
	play(t, *seeds, func(t *testing.T) func() (payment.Store, error) {
		last := func() {}
		t.Cleanup(func() { last() })
		return func() (payment.Store, error) {
			last()
			s, closeStore, err := stores.Open(t.Context(), stores.SQLite, ":memory:")
			if err == nil {
				last = closeStore
			}
			return s, err
		}
	})
}

// Each worker has a database, which is emptied for each seed.
func TestPostgres(t *testing.T) {
	server := stores.Server(t, false)
	play(t, (*seeds+4)/5, func(t *testing.T) func() (payment.Store, error) { return stores.Emptied(t, server) })
}
