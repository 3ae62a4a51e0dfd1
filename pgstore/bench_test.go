package pgstore_test

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/pgstore"
)

// BenchmarkFlow plays the five steps of a payment with a pure provider, through the Service, against a server that syncs; beside it the
// floor, one prepared UPDATE and commit for each step by hand.
//
//	go test -run '^$' -bench Flow -benchtime 3s -count 3
func BenchmarkFlow(b *testing.B) {
	own, err := pgtest.Start(pgtest.Options{Own: os.Getenv("PAYMENT_TEST_POSTGRES") == ""})
	require.NoError(b, err)
	defer own.Stop()
	cfg, err := pgxpool.ParseConfig(own.DSN("postgres"))
	require.NoError(b, err)
	cfg.MaxConns = 40
	require.NoError(b, pgstore.Prepare(cfg, pgstore.Config{}))
	pool, err := pgxpool.NewWithConfig(b.Context(), cfg)
	require.NoError(b, err)
	defer pool.Close()
	require.NoError(b, pgstore.Migrate(b.Context(), pool, pgstore.Config{}))
	_, err = pool.Exec(b.Context(), "CREATE TABLE floor (id bigint PRIMARY KEY, step int NOT NULL, at timestamptz NOT NULL) WITH (fillfactor = 80)")
	require.NoError(b, err)
	s, err := pgstore.New(pool, pgstore.Config{})
	require.NoError(b, err)
	svc := service(b, s)
	var rows atomic.Int64
	floor := func() error {
		n := rows.Add(1)
		if _, err := pool.Exec(b.Context(), "INSERT INTO floor VALUES ($1, 0, $2)", n, time.Now()); err != nil {
			return err
		}
		for range 4 {
			if _, err := pool.Exec(b.Context(), "UPDATE floor SET step = step + 1, at = $2 WHERE id = $1", n, time.Now()); err != nil {
				return err
			}
		}
		return nil
	}
	for _, clients := range []int{1, 8, 32} {
		for name, flow := range map[string]func() error{"floor": floor, "ours": func() error { return fiveSteps(b, svc) }} {
			b.Run(fmt.Sprintf("%s/%s", strconv.Itoa(clients), name), func(b *testing.B) {
				work := make(chan struct{}, b.N)
				for range b.N {
					work <- struct{}{}
				}
				close(work)
				done := make(chan error, clients)
				b.ResetTimer()
				for range clients {
					go func() {
						for range work {
							if err := flow(); err != nil {
								done <- err
								return
							}
						}
						done <- nil
					}()
				}
				for range clients {
					require.NoError(b, <-done)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "flows/s")
			})
		}
	}
}

func fiveSteps(b *testing.B, svc *payment.Service) error {
	ctx := b.Context()
	c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "usd", Amount: ten, Metadata: payment.Data{"order": "A-1"}})
	if err != nil {
		return err
	}
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: ten})
	if err != nil {
		return err
	}
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	if err != nil {
		return err
	}
	if p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID}); err != nil {
		return err
	}
	_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
	return err
}
