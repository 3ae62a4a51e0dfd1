package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/stretchr/testify/require"
)

// floor is the least that a program of its own could do: one row of an order, and for each of five steps one statement and one commit.
func floor(b *testing.B) func(context.Context) error {
	b.Helper()
	path := filepath.Join(b.TempDir(), "floor.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, amount TEXT) STRICT")
	require.NoError(b, err)
	insert, err := db.Prepare("INSERT INTO orders (id, status, amount) VALUES (?, 'new', '10.99')")
	require.NoError(b, err)
	update, err := db.Prepare("UPDATE orders SET status = ? WHERE id = ?")
	require.NoError(b, err)
	var ids atomic.Int64
	return func(ctx context.Context) error {
		id := ids.Add(1)
		if _, err := insert.ExecContext(ctx, id); err != nil {
			return err
		}
		for _, status := range []string{"pending", "authorized", "captured", "refunded"} {
			if _, err := update.ExecContext(ctx, status, id); err != nil {
				return err
			}
		}
		return nil
	}
}

// rate runs a flow by so many clients for a while, and returns how many there were in a second.
func rate(b *testing.B, clients int, flow func(context.Context) error) float64 {
	b.Helper()
	const round = time.Second
	began := time.Now()
	var n atomic.Int64
	errs := make([]error, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for errs[i] == nil && time.Since(began) < round {
				errs[i] = flow(context.Background())
				n.Add(1)
			}
		})
	}
	wg.Wait()
	require.NoError(b, errors.Join(errs...))
	return float64(n.Load()) / time.Since(began).Seconds()
}

// BenchmarkFlow compares five steps of a payment with the floor, in turns: x-floor is the median of the ratios.
func BenchmarkFlow(b *testing.B) {
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("%d-clients", clients), func(b *testing.B) {
			svc := service(b, open(b, filepath.Join(b.TempDir(), "payments.db")), sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}))
			ours := func(ctx context.Context) error {
				_, err := flow(ctx, svc, "manual")
				return err
			}
			least := floor(b)
			var ratios, rates []float64
			for b.Loop() {
				for range 5 {
					r, l := rate(b, clients, ours), rate(b, clients, least)
					ratios, rates = append(ratios, r/l), append(rates, r)
				}
			}
			slices.Sort(ratios)
			slices.Sort(rates)
			b.ReportMetric(ratios[len(ratios)/2], "x-floor")
			b.ReportMetric(rates[len(rates)/2], "flows/s")
		})
	}
}
