package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/memstore"
)

// slow authorizes 200 sessions at once, at a gateway that takes 200 ms, over a pool of 16 connections: nothing may be held while it thinks.
func (b *bench) slow(ctx context.Context) error {
	const sessions, latency, conns, bar = 200, 200 * time.Millisecond, 16, 350 * time.Millisecond
	server, err := pgtest.Start(pgtest.Options{Own: true})
	if err != nil {
		return err
	}
	defer server.Stop()
	s, pool, err := postgresStore(ctx, server.DSN("postgres"), "payment", conns)
	if err != nil {
		return err
	}
	defer pool.Close()
	svc, err := service(s, latency, 0)
	if err != nil {
		return err
	}
	var p50s, p99s []float64
	for range b.rounds {
		took := make([]time.Duration, sessions)
		errs := make([]error, sessions)
		ready := make([]string, sessions)
		at := func(n int, f func(i int) error) {
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { errs[i] = f(i) })
			}
			all.Wait()
		}
		at(sessions, func(i int) error {
			c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price()})
			if err != nil {
				return err
			}
			x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: gateway, Amount: price()})
			if err != nil {
				return err
			}
			ready[i] = x.ID
			return nil
		})
		at(sessions, func(i int) error {
			if errs[i] != nil {
				return errs[i]
			}
			began := time.Now()
			_, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: ready[i]})
			took[i] = time.Since(began)
			return err
		})
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		slices.Sort(took)
		p50s, p99s = append(p50s, float64(took[sessions/2])), append(p99s, float64(took[sessions*99/100]))
	}
	p99 := median(p99s)
	b.report.section("A gateway that takes 200 ms", "AuthorizeSession of 200 sessions at once over a pool of 16 connections: no connection is held while the gateway thinks.",
		"p50", "p99")
	b.report.row(short(time.Duration(median(p50s))), b.report.atMost("p99 of authorizing at a gateway that takes 200 ms", p99/1e6, bar.Seconds()*1e3, " ms"))
	return nil
}

// inMemory returns a flow over memstore that begins with an empty store every thousand flows: how much there is to collect is not the question.
func inMemory() (flow, error) {
	var mu sync.Mutex
	var svc *payment.Service
	n := 0
	next := func() (*payment.Service, error) {
		mu.Lock()
		defer mu.Unlock()
		var err error
		if n%1000 == 0 {
			svc, err = service(memstore.New(), 0, 0)
		}
		n++
		return svc, err
	}
	_, err := next()
	return func(ctx context.Context) error {
		s, err := next()
		if err != nil {
			return err
		}
		return play(ctx, s, pure, "", nil)
	}, err
}

// cores measures a flow in memory: on one core, on two, and what it allocates.
func (b *bench) cores(ctx context.Context) error {
	const atMost, allocations, ratio = 50, 250, 1.6
	f, err := inMemory()
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var one, both []float64
	for range b.rounds {
		for _, cores := range []int{1, 2} {
			runtime.GOMAXPROCS(cores)
			got, err := drive(ctx, cores, b.limit, 1, f)
			if err != nil {
				return err
			}
			if cores == 1 {
				one = append(one, got.rate)
			} else {
				both = append(both, got.rate/one[len(one)-1])
			}
		}
	}
	runtime.GOMAXPROCS(1)
	const flows = 2000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range flows {
		if err := f(ctx); err != nil {
			return err
		}
	}
	runtime.ReadMemStats(&after)
	b.report.section("What the library itself costs", "A flow over memstore with a pure provider, a new store every thousand: nothing but deciding, checking and copying. The garbage collector is on.",
		"a flow on one core", "allocations", "bytes", "two cores beside one")
	b.report.row(
		b.report.atMost("a flow in memory", 1e6/median(one), atMost, " µs"),
		b.report.atMost("allocations of a flow", float64(after.Mallocs-before.Mallocs)/flows, allocations, " allocations"),
		fmt.Sprint((after.TotalAlloc-before.TotalAlloc)/flows),
		b.report.atLeast("two cores beside one", median(both), ratio))
	return nil
}

// hot has 32 writers in one collection, and then two processes beside one.
func (b *bench) hot(ctx context.Context) error {
	server, err := pgtest.Start(pgtest.Options{Own: true})
	if err != nil {
		return err
	}
	defer server.Stop()
	s, pool, err := postgresStore(ctx, server.DSN("postgres"), "payment", 40)
	if err != nil {
		return err
	}
	defer pool.Close()
	const writers = 32
	var took, lost []float64
	for range b.rounds {
		counted := &conflicts{Store: s}
		svc, err := service(counted, 0, 0)
		if err != nil {
			return err
		}
		c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price().Shift(2)})
		if err != nil {
			return err
		}
		var all sync.WaitGroup
		errs := make([]error, writers)
		began := time.Now()
		for i := range writers {
			all.Go(func() {
				x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: pure, Amount: price()})
				if err == nil {
					_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
				}
				errs[i] = err
			})
		}
		all.Wait()
		took, lost = append(took, float64(time.Since(began))), append(lost, float64(counted.n.Load()))
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
	b.report.section("One hot collection", "32 writers at once in one collection, on PostgreSQL: each creates a session and authorizes it. A collection is changed by one at a time; "+
		"who comes second loads and decides again.", "all are done after", "commits", "conflicts")
	b.report.row(short(time.Duration(median(took))), fmt.Sprint(2*writers), fmt.Sprintf("%.0f", median(lost)))
	return b.processes(ctx, server.DSN("postgres"))
}

// conflicts counts the commits that were refused.
type conflicts struct {
	payment.Store
	n atomic.Int64
}

// Commit counts.
func (c *conflicts) Commit(ctx context.Context, x *payment.Changes) error {
	err := c.Store.Commit(ctx, x)
	if err != nil {
		c.n.Add(1)
	}
	return err
}

// processClients is how many clients all processes have together.
const processClients = 16

// processes lets two processes share a database, and compares them with one of as many clients.
func (b *bench) processes(ctx context.Context, dsn string) error {
	var one, two []float64
	for range b.rounds {
		for _, n := range []int{1, 2} {
			rates := make([]float64, n)
			errs := make([]error, n)
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() { rates[i], errs[i] = b.start(ctx, dsn, processClients/n) })
			}
			all.Wait()
			sum := 0.0
			for i := range n {
				if errs[i] != nil {
					return errs[i]
				}
				sum += rates[i]
			}
			if n == 1 {
				one = append(one, sum)
			} else {
				two = append(two, sum/one[len(one)-1])
			}
		}
	}
	b.report.section("Two processes", "16 clients over one PostgreSQL: in one process, and in two of 8 each. Flows with a pure provider.", "one process, flows/s", "two beside one")
	b.report.row(fmt.Sprintf("%.0f", median(one)), fmt.Sprintf("%.2f", median(two)))
	return nil
}

// start starts this program again, as one of the processes, and returns its flows a second.
func (b *bench) start(ctx context.Context, dsn string, clients int) (rate float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, "-child", dsn, "-rounds", fmt.Sprint(clients), "-limit", b.limit.String()) //nolint:gosec // this program itself
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	return rate, json.Unmarshal(out, &rate)
}

// process is what such a process does: as many clients as there are rounds.
func (b *bench) process(ctx context.Context, dsn string) error {
	s, pool, err := postgresStore(ctx, dsn, "payment", int32(b.rounds)) //nolint:gosec // a handful
	if err != nil {
		return err
	}
	defer pool.Close()
	svc, err := service(s, 0, 0)
	if err != nil {
		return err
	}
	got, err := drive(ctx, b.rounds, b.limit, 1, func(ctx context.Context) error { return play(ctx, svc, pure, "", nil) })
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got.rate)
}
