// Package upgrade holds dumps of databases that earlier versions of the stores have written, and opens them with this one.
//
// The rows are those of a world of the simulation. When a store gets another version of its schema, run the tests with -update once before the
// change and commit the dump beside the others: it is opened from then on, whatever comes.
package upgrade

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/simulation"
	"github.com/seed40c892db/payment/pgstore"
	"github.com/seed40c892db/payment/verification/stores"
)

var update = flag.Bool("update", false, "write the dumps of this version's schemas")

// seed is the world that a dump holds.
const seed = 17

// world plays it over a store.
func world(t *testing.T, s payment.Store) {
	t.Helper()
	r := simulation.Run(seed, simulation.Options{Store: func() payment.Store { return s }})
	require.Empty(t, r.Broken)
}

func TestSQLite(t *testing.T) {
	if *update {
		path := filepath.Join(t.TempDir(), "payments.db")
		s, closeStore, err := stores.Open(t.Context(), stores.SQLite, path)
		require.NoError(t, err)
		world(t, s)
		closeStore()
		db := open(t, path)
		write(t, "sqlite-3.sql", dumpSQLite(t, db))
		write(t, "sqlite-3.rows", rowsOf(t, path, stores.SQLite))
	}
	for _, dump := range dumps(t, "sqlite-*.sql") {
		path := filepath.Join(t.TempDir(), "payments.db")
		db := open(t, path)
		_, err := db.Exec(read(t, dump))
		require.NoError(t, err, dump)
		require.NoError(t, db.Close())
		require.Equal(t, read(t, rowsFile(dump)), rowsOf(t, path, stores.SQLite), dump)
	}
}

func TestPostgres(t *testing.T) {
	server := stores.Server(t, false)
	if *update {
		dsn := stores.Database(t, server)
		s, closeStore, err := stores.Open(t.Context(), stores.Postgres, dsn)
		require.NoError(t, err)
		world(t, s)
		closeStore()
		write(t, "postgres-3.sql", dumpPostgres(t, dsn))
		write(t, "postgres-3.rows", rowsOf(t, dsn, stores.Postgres))
	}
	for _, dump := range dumps(t, "postgres-*.sql") {
		dsn := stores.Database(t, server)
		c, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		_, err = c.Exec(t.Context(), read(t, dump), pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err, dump)
		require.NoError(t, c.Close(t.Context()))
		require.Equal(t, read(t, rowsFile(dump)), rowsOf(t, dsn, stores.Postgres), dump)
	}
}

// rowsOf opens a store, which migrates it, and writes all of its rows down; then it commits, to see that the store takes it.
func rowsOf(t *testing.T, address, store string) string {
	t.Helper()
	ctx := t.Context()
	s, closeStore, err := stores.Open(ctx, store, address)
	require.NoError(t, err)
	defer closeStore()
	var lines []string
	var collections []*payment.PaymentCollection
	for _, kind := range []payment.RowKind{
		payment.RowCollections, payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations,
		payment.RowEvents, payment.RowDeliveries,
	} {
		rows, err := s.List(ctx, kind, payment.Filter{IncludeDeleted: true}, payment.Page{Limit: 10_000})
		require.NoError(t, err)
		collections = append(collections, rows.Collections...)
		lines = append(lines, encoded(t, kind, rows.Collections)...)
		lines = append(lines, encoded(t, kind, rows.Sessions)...)
		lines = append(lines, encoded(t, kind, rows.Payments)...)
		lines = append(lines, encoded(t, kind, rows.Captures)...)
		lines = append(lines, encoded(t, kind, rows.Refunds)...)
		lines = append(lines, encoded(t, kind, rows.Operations)...)
		lines = append(lines, encoded(t, kind, rows.Events)...)
		lines = append(lines, encoded(t, kind, rows.Deliveries)...)
	}
	settings, err := s.Settings(ctx)
	require.NoError(t, err)
	lines = append(lines, encoded(t, "settings", []*payment.Settings{settings})...)
	end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, kind := range []payment.DueKind{payment.DueOperation, payment.DueSession, payment.DueDelivery, payment.DueEvents} {
		claimed, err := s.Claim(ctx, kind, end, end.AddDate(1, 0, 0), 10_000)
		require.NoError(t, err)
		for i := range claimed {
			lines = append(lines, encoded(t, "due", []*payment.Due{&claimed[i]})...)
		}
	}
	require.NotEmpty(t, collections)
	c := collections[0]
	c.UpdatedAt = c.UpdatedAt.Add(time.Hour)
	changes := &payment.Changes{CollectionID: c.ID, Version: c.Version, Collection: c}
	require.NoError(t, s.Commit(ctx, changes))
	require.ErrorIs(t, s.Commit(ctx, changes), payment.ErrConflict)
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

func encoded[T any, K ~string](t *testing.T, kind K, rows []*T) []string {
	t.Helper()
	var lines []string
	for _, r := range rows {
		b, err := payment.EncodeRow(r)
		require.NoError(t, err)
		lines = append(lines, fmt.Sprintf("%s %s", kind, b))
	}
	return lines
}

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path) // the store has registered the driver
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// dumpSQLite writes the schema and all rows as statements.
func dumpSQLite(t *testing.T, db *sql.DB) string {
	t.Helper()
	var b bytes.Buffer
	for _, s := range lines(t, db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'index', rowid") {
		fmt.Fprintf(&b, "%s;\n", s)
	}
	for _, table := range lines(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid") {
		columns := lines(t, db, "SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('"+table+"')")
		for _, row := range lines(t, db, "SELECT "+strings.Join(columns, " || ',' || ")+" FROM \""+table+"\"") {
			fmt.Fprintf(&b, "INSERT INTO \"%s\" VALUES (%s);\n", table, row)
		}
	}
	for _, version := range lines(t, db, "SELECT user_version FROM pragma_user_version") {
		fmt.Fprintf(&b, "PRAGMA user_version = %s;\n", version)
	}
	return b.String()
}

func lines(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var all []string
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		all = append(all, s)
	}
	require.NoError(t, rows.Err())
	return all
}

// dumpPostgres writes the migrations and all rows as statements.
func dumpPostgres(t *testing.T, dsn string) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("CREATE SCHEMA payment;\nSET search_path TO payment;\n")
	names, err := fs.Glob(pgstore.Migrations(), "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(pgstore.Migrations(), name)
		require.NoError(t, err)
		b.Write(text)
	}
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(ctx)) }()
	ask := func(query string) []string {
		rows, err := c.Query(ctx, query)
		require.NoError(t, err)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return all
	}
	for _, table := range ask("SELECT tablename::text FROM pg_tables WHERE schemaname = 'payment' AND tablename <> 'schema_version' ORDER BY 1") {
		for _, row := range ask("SELECT quote_literal(r::text) FROM payment." + table + " r ORDER BY 1") {
			fmt.Fprintf(&b, "INSERT INTO %s SELECT (%s::%s).*;\n", table, row, table)
		}
	}
	return b.String()
}

func dumps(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, found, "no dump of an earlier version")
	return found
}

// rowsFile is what a dump's rows are.
func rowsFile(dump string) string { return strings.TrimSuffix(dump, ".sql") + ".rows" }

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join("testdata", name), []byte(text), 0o600))
}
