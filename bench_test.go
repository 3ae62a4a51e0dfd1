package payment_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What a whole flow over memstore with a pure provider may cost.
const (
	flowBudget = 80 * time.Microsecond // on one core
	growthOff  = 1.3                   // a large store against a small one, garbage collection off
	growthOn   = 1.6                   // and on
)

// flow creates a collection and a session, authorizes, captures and refunds.
func flow(ctx context.Context, svc *payment.Service, provider string) error {
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("10.99")})
	if err != nil {
		return err
	}
	return pay(ctx, svc, c.ID, provider)
}

// pay is the part of a flow that happens in a collection.
func pay(ctx context.Context, svc *payment.Service, collectionID, provider string) error {
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: collectionID, ProviderID: provider, Amount: dec("10.99")})
	if err != nil {
		return err
	}
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	if err != nil {
		return err
	}
	if _, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID}); err != nil {
		return err
	}
	_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
	return err
}

func newManual(tb testing.TB) *payment.Service {
	tb.Helper()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{
		manualprovider.New(), sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{}),
	}})
	require.NoError(tb, err)
	return svc
}

// BenchmarkFlow measures a whole flow, and fails above its budget: the fastest of its rounds counts, since the machine may be shared.
func BenchmarkFlow(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	svc := newManual(b)
	best, round, n := time.Duration(1<<62), time.Now(), 0
	b.ReportAllocs()
	for b.Loop() {
		if err := flow(b.Context(), svc, "manual"); err != nil {
			b.Fatal(err)
		}
		if n++; n%500 == 0 {
			best, round = min(best, time.Since(round)/500), time.Now()
		}
	}
	if n < 500 {
		return // a trial
	}
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns/op")
	if best > flowBudget {
		b.Errorf("a flow takes %s, more than %s", best, flowBudget)
	}
}

// TestAllocationsOfAFlow holds what a flow allocates, which is the same on every machine: with a pure provider, and with the simulated gateway's part
// of it, which a real one does elsewhere.
func TestAllocationsOfAFlow(t *testing.T) {
	for _, tt := range []struct {
		provider string
		most     float64 // allocations
		bytes    uint64
	}{{"manual", 150, 24_000}, {"sandbox", 500, 66_000}} {
		t.Run(tt.provider, func(t *testing.T) {
			svc := newManual(t)
			run := func() {
				if err := flow(context.Background(), svc, tt.provider); err != nil {
					t.Fatal(err)
				}
			}
			require.LessOrEqual(t, testing.AllocsPerRun(200, run), tt.most)
			const flows = 200
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range flows {
				run()
			}
			runtime.ReadMemStats(&after)
			require.LessOrEqual(t, (after.TotalAlloc-before.TotalAlloc)/flows, tt.bytes)
		})
	}
}

// BenchmarkGrowth compares flows where much else is stored with flows where little is, in turns, and fails where they cost more.
func BenchmarkGrowth(b *testing.B) {
	flows := func(svc *payment.Service) func(n int) {
		return func(n int) {
			for range n {
				require.NoError(b, flow(b.Context(), svc, "manual"))
			}
		}
	}
	inOne := func(sessions int) func(n int) {
		svc := newManual(b)
		c, err := svc.CreateCollection(b.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("10000000")})
		require.NoError(b, err)
		for range sessions {
			_, err := svc.CreateSession(b.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: dec("1")})
			require.NoError(b, err)
		}
		return func(n int) {
			for range n {
				require.NoError(b, pay(b.Context(), svc, c.ID, "manual"))
			}
		}
	}
	stored := func(collections int) func(n int) {
		svc := newManual(b)
		for range collections {
			_, err := svc.CreateCollection(b.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("10.99")})
			require.NoError(b, err)
		}
		return flows(svc)
	}
	for name, stores := range map[string]func() (small, large func(n int)){
		"100000-collections": func() (func(int), func(int)) { return stored(10), stored(100_000) },
		"10000-sessions":     func() (func(int), func(int)) { return inOne(10), inOne(10_000) },
	} {
		b.Run(name, func(b *testing.B) {
			small, large := stores()
			for b.Loop() {
				off, on := ratio(small, large, false), ratio(small, large, true)
				b.ReportMetric(off, "x-gc-off")
				b.ReportMetric(on, "x-gc-on")
				if off > growthOff || on > growthOn {
					b.Errorf("a flow costs %.2f times what it does in a small store (%.2f with garbage collection)", off, on)
				}
			}
		})
	}
}

// ratio is the median of what large takes, by what small takes, of nine rounds in turns.
func ratio(small, large func(n int), gc bool) float64 {
	const rounds, flows = 9, 100
	if !gc {
		defer debug.SetGCPercent(debug.SetGCPercent(-1))
	}
	var ratios []float64
	for range rounds {
		runtime.GC()
		began := time.Now()
		small(flows)
		middle := time.Now()
		large(flows)
		ratios = append(ratios, float64(time.Since(middle))/float64(middle.Sub(began)))
	}
	slices.Sort(ratios)
	return ratios[rounds/2]
}
