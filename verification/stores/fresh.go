package stores

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
)

// NewSQLite opens a store in a new file, or in memory, and closes it after the test.
func NewSQLite(t *testing.T, inMemory bool) payment.Store {
	t.Helper()
	address := ":memory:"
	if !inMemory {
		address = filepath.Join(t.TempDir(), "payments.db")
	}
	return open(t, SQLite, address)
}

// Server starts a PostgreSQL server that ends with the test. It loses nothing that is committed, whatever happens to it, if durable.
func Server(t *testing.T, durable bool) *pgtest.Server {
	t.Helper()
	s, err := pgtest.Start(pgtest.Options{NoFsync: !durable, Own: durable})
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}

// Database makes an empty database on a server, and returns its DSN. It lives as long as the server.
func Database(t *testing.T, s *pgtest.Server) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.DSN("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(t.Context())) }()
	name := fmt.Sprintf("verify_%d_%d", os.Getpid(), databases.Add(1))
	_, err = c.Exec(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	return s.DSN(name)
}

var databases atomic.Int64 //nolint:gochecknoglobals // names are made by several tests

// NewPostgres opens a store in a new database, and closes it after the test.
func NewPostgres(t *testing.T, s *pgtest.Server) payment.Store {
	t.Helper()
	return open(t, Postgres, Database(t, s))
}

// Emptied opens a store in a new database, and returns a function that returns it empty.
func Emptied(t *testing.T, s *pgtest.Server) func() (payment.Store, error) {
	t.Helper()
	dsn := Database(t, s)
	store := open(t, Postgres, dsn)
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.Background())) })
	rows, err := c.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'payment' AND tablename <> 'schema_version'")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	statement := ""
	for _, table := range tables { // of few rows, which is quicker than TRUNCATE
		statement += "DELETE FROM payment." + pgx.Identifier{table}.Sanitize() + ";"
	}
	return func() (payment.Store, error) {
		_, err := c.Exec(context.Background(), statement)
		return store, err
	}
}

func open(t *testing.T, name, address string) payment.Store {
	t.Helper()
	s, closeStore, err := Open(t.Context(), name, address)
	require.NoError(t, err)
	t.Cleanup(closeStore)
	return s
}
