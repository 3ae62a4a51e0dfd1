package memstore

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
)

func best(total, slice int, f func(i int)) (lo time.Duration) {
	lo = time.Hour
	for i := 0; i+slice <= total; i += slice {
		a := time.Now()
		for j := i; j < i+slice; j++ {
			f(j)
		}
		lo = min(lo, time.Since(a)/time.Duration(slice))
	}
	return lo
}

func TestZZScale(t *testing.T) {
	for round := 0; round < 4; round++ {
		for _, w := range []int{1, 2} {
			lo := time.Hour
			for k := 0; k < 12; k++ {
				s := New()
				const m = 4000
				all := make([]ids, m*w)
				for i := range all {
					all[i] = names(i)
				}
				runtime.GC()
				a := time.Now()
				var g sync.WaitGroup
				for x := range w {
					g.Go(func() {
						f := newFlow(0)
						for i := range m {
							_ = f.run(t.Context(), s, &all[x*m+i])
						}
					})
				}
				g.Wait()
				lo = min(lo, time.Since(a)/time.Duration(m*w))
			}
			t.Logf("workers=%d %v per flow", w, lo)
		}
	}
}

func TestZZ(t *testing.T) {
	debug.SetGCPercent(-1)
	ctx := t.Context()
	for _, n := range []int{10, 100000, 10, 100000} {
		s, f := filled(t, n), newFlow(0)
		runtime.GC()
		const m = 20000
		all := make([]ids, m)
		for i := range all {
			all[i] = names(n + i)
		}
		fl := best(m, 50, func(i int) { _ = f.run(ctx, s, &all[i]) })
		var keys [10]payment.Key
		var changes [10]payment.Changes
		var flows [10]*flow
		for i := range keys {
			keys[i].PaymentID = id("pay", i*(n/10))
			g := newFlow(i * (n / 10))
			flows[i] = g
			g.session.PaymentID = g.payment.ID
			changes[i] = g.steps[2]
			changes[i].Version, changes[i].Requests = 5, nil
		}
		load := best(m, 200, func(i int) { _, _ = s.Load(ctx, keys[i%10]) })
		ev := make([]string, m)
		for i := range ev {
			ev[i] = id("evt", 1<<60+i)
		}
		commit := best(m, 200, func(i int) {
			g, c := flows[i%10], &changes[i%10]
			g.event.ID, g.event.Seq = ev[i], (c.Version+1)*64
			if err := s.Commit(ctx, c); err != nil {
				t.Fatal(err)
			}
			c.Version++
		})
		t.Logf("collections=%d flow %v load %v commit %v", n, fl, load, commit)
	}
	for _, n := range []int{10, 10000, 10, 10000} {
		s, f, c := crowded(t, n)
		runtime.GC()
		const m = 20000
		var keys [10]payment.Key
		var sessions [10]payment.PaymentSession
		for i := range sessions {
			keys[i].SessionID = id("payses", i*(n/10))
			sessions[i] = f.session
			sessions[i].ID, sessions[i].CreatedAt = id("payses", i*(n/10)), noon.Add(time.Duration(i*(n/10))*time.Millisecond)
		}
		load := best(m, 200, func(i int) { _, _ = s.Load(ctx, keys[i%10]) })
		ev := make([]string, m)
		for i := range ev {
			ev[i] = id("evt", 1<<60+i)
		}
		commit := best(m, 200, func(i int) {
			c.Sessions[0] = &sessions[i%10]
			f.event.ID, f.event.Seq = ev[i], c.Version*64
			if err := s.Commit(ctx, c); err != nil {
				t.Fatal(err)
			}
			c.Version++
		})
		t.Logf("sessions=%d load %v commit %v", n, load, commit)
	}
}
