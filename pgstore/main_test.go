package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/pgstore"
	"github.com/seed40c892db/payment/storetest"
)

// server is the one that all tests share. Each test has a database of its own, made from one that is migrated.
var server = sync.OnceValues(func() (*pgtest.Server, error) {
	s, err := pgtest.Start(pgtest.Options{NoFsync: true})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	if err := create(ctx, s, template, "template0"); err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, s.DSN(template))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	return s, pgstore.Migrate(ctx, pool, pgstore.Config{})
})

var template = fmt.Sprintf("payment_test_%d", os.Getpid())

var databases atomic.Int64

func create(ctx context.Context, s *pgtest.Server, name, from string) error {
	c, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+from)
	return errors.Join(err, c.Close(ctx))
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := server(); err == nil {
		s.Stop()
	}
	os.Exit(code)
}

// database makes a database for a test, from a template, and returns its DSN.
func database(t testing.TB, from string) string {
	t.Helper()
	s, err := server()
	require.NoError(t, err)
	name := fmt.Sprintf("%s_%d", template, databases.Add(1))
	require.NoError(t, create(t.Context(), s, name, from))
	t.Cleanup(func() {
		ctx := context.Background()
		c, err := pgx.Connect(ctx, s.DSN("postgres"))
		require.NoError(t, err)
		_, err = c.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		require.NoError(t, errors.Join(err, c.Close(ctx)))
	})
	return s.DSN(name)
}

// connect makes a pool that change has made something of.
func connect(t testing.TB, dsn string, change ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	cfg.MaxConns = 16
	for _, f := range change {
		f(cfg)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// prepared makes the pool prepare the statements.
func prepared(cfg *pgxpool.Config) {
	if err := pgstore.Prepare(cfg, pgstore.Config{}); err != nil {
		panic(err)
	}
}

// open makes an empty store.
func open(t testing.TB, change ...func(*pgxpool.Config)) (*pgstore.Store, *pgxpool.Pool) {
	t.Helper()
	pool := connect(t, database(t, template), change...)
	s, err := pgstore.New(pool, pgstore.Config{})
	require.NoError(t, err)
	return s, pool
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*pgxpool.Config){
		"prepared": prepared,
		"plain":    func(*pgxpool.Config) {},
		"repeatable read": func(cfg *pgxpool.Config) {
			prepared(cfg)
			cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "repeatable read"
		},
		"serializable": func(cfg *pgxpool.Config) {
			prepared(cfg)
			cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
		},
		"traced": func(cfg *pgxpool.Config) {
			prepared(cfg)
			cfg.ConnConfig.Tracer = &statements{}
		},
		"exec": func(cfg *pgxpool.Config) { cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec },
		"simple protocol": func(cfg *pgxpool.Config) {
			cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
			cfg.ConnConfig.RuntimeParams["timezone"] = "Asia/Kolkata"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, pool := open(t, change)
			storetest.Run(t, func(t *testing.T) payment.Store {
				empty(t, pool)
				return s
			})
		})
	}
}

// empty empties all tables.
func empty(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `DELETE FROM payment.collections; DELETE FROM payment.sessions; DELETE FROM payment.payments;
		DELETE FROM payment.captures; DELETE FROM payment.refunds; DELETE FROM payment.operations;
		DELETE FROM payment.requests; DELETE FROM payment.events; DELETE FROM payment.deliveries; DELETE FROM payment.due;
		DELETE FROM payment.settings`)
	require.NoError(t, err)
}
