package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// openFile opens a store in a file of its own.
func openFile(t testing.TB, cfg Config) *Store {
	t.Helper()
	return openPath(t, filepath.Join(t.TempDir(), "payments.db"), cfg)
}

func openPath(t testing.TB, path string, cfg Config) *Store {
	t.Helper()
	s, err := Open(path, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// hostDB is a database of a host, in a file.
func hostDB(t testing.TB, path, settings string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)"+settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// hosted is a store on a host's database, and that database.
func hosted(t testing.TB, cfg Config, settings string) (*Store, *sql.DB) {
	t.Helper()
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), settings)
	require.NoError(t, Migrate(t.Context(), db))
	s, err := New(db, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, db
}

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// order makes a new collection with one event.
func order(n int) *payment.Changes {
	id := fmt.Sprintf("paycol_%032x", n)
	return &payment.Changes{CollectionID: id, Collection: &payment.PaymentCollection{
		ID: id, CurrencyCode: "EUR", Amount: decimal.New(1099, -2), CreatedAt: begin, UpdatedAt: begin,
	}, Events: []*payment.Event{event(id, n, 1)}}
}

func event(collectionID string, n int, version int64) *payment.Event {
	return &payment.Event{ID: fmt.Sprintf("evt_%016x%016x", n, version), CollectionID: collectionID, Seq: version * 64,
		Kind: payment.EventCollectionUpdated, CurrencyCode: "EUR", At: begin.Add(time.Duration(version) * time.Second)}
}

// next returns a change of a stored collection, with another event.
func next(t testing.TB, s payment.Store, collectionID string) *payment.Changes {
	t.Helper()
	rows, err := s.Load(context.Background(), payment.Key{CollectionID: collectionID})
	require.NoError(t, err)
	c := rows.Collections[0]
	c.Declines++
	return &payment.Changes{CollectionID: c.ID, Version: c.Version, Collection: c, Events: []*payment.Event{event(c.ID, 0, c.Version+1)}}
}

// version returns a collection's version, 0 when it is not there.
func version(t testing.TB, s payment.Store, collectionID string) int64 {
	t.Helper()
	rows, err := s.Load(context.Background(), payment.Key{CollectionID: collectionID})
	if err != nil {
		require.ErrorIs(t, err, payment.ErrNotFound)
		return 0
	}
	return rows.Collections[0].Version
}

// requireProblem fails the test unless err is a StoreError of this problem, and returns its advice.
func requireProblem(t testing.TB, err error, p payment.StoreProblem) string {
	t.Helper()
	var e *payment.StoreError
	require.ErrorAs(t, err, &e)
	require.Equal(t, p, e.Problem, "%s", err)
	require.NotEmpty(t, e.Advice)
	return e.Advice
}

func fmtInt(n int) string { return strconv.Itoa(n) }

func longText(n int) string { return strings.Repeat("x", n) }
