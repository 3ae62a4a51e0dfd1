package pgstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ten  = decimal.New(10, 0)
)

func id(prefix string, n int) string { return fmt.Sprintf("%s_%032x", prefix, n) }

// changes makes the commit of the n-th collection on a version, with so many events.
func changes(n int, version int64, events int) *payment.Changes {
	c := &payment.Changes{CollectionID: id("paycol", n), Version: version}
	c.Collection = &payment.PaymentCollection{
		ID: c.CollectionID, CurrencyCode: "EUR", Amount: decimal.New(100, 0), CreatedAt: noon, UpdatedAt: noon,
	}
	for i := range events {
		seq := (version+1)*64 + int64(i)
		c.Events = append(c.Events, &payment.Event{
			ID: fmt.Sprintf("evt_%d_%d", n, seq), CollectionID: c.CollectionID, Seq: seq, Kind: payment.EventCollectionUpdated, At: noon,
		})
	}
	return c
}

// session makes a session of the n-th collection.
func session(n, m int) *payment.PaymentSession {
	return &payment.PaymentSession{
		ID: id("payses", n<<16|m), CollectionID: id("paycol", n), ProviderID: "alpha", CurrencyCode: "EUR", Amount: decimal.New(25, 0),
		Status: payment.StatusPending, CreatedAt: noon, UpdatedAt: noon,
	}
}

// service makes a Service with a manual provider, and one that is not pure.
func service(t testing.TB, s payment.Store) *payment.Service {
	t.Helper()
	return keeping(t, s, 0)
}

// keeping makes one that keeps the rows of so many collections.
func keeping(t testing.TB, s payment.Store, collections int) *payment.Service {
	t.Helper()
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	svc, err := payment.NewService(s, payment.Config{
		Providers:       []payment.Provider{manualprovider.New(), sandboxprovider.New(gateway, sandboxprovider.Config{})},
		KeepCollections: collections,
	})
	require.NoError(t, err)
	return svc
}

func equalAmount(t testing.TB, want string, got decimal.Decimal) {
	t.Helper()
	require.Truef(t, decimal.RequireFromString(want).Equal(got), "want %s, got %s", want, got)
}

// begin begins a transaction of the host, which ends with the test at the latest.
func begin(t testing.TB, pool *pgxpool.Pool, level pgx.TxIsoLevel) pgx.Tx {
	t.Helper()
	tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = tx.Rollback(context.Background()) // it may be committed
	})
	return tx
}
