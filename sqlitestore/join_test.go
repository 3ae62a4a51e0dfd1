package sqlitestore

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/storetest"
	"github.com/stretchr/testify/require"
)

// The store inside a transaction keeps the whole contract, calls at once included.
func TestContractInATransaction(t *testing.T) {
	t.Parallel()
	s, db := hosted(t, Config{}, "")
	storetest.Run(t, func(t *testing.T) payment.Store {
		tx, err := db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, tx.Rollback()) })
		return s.WithTx(tx)
	})
}

func orders(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT count(*) FROM orders").Scan(&n))
	return n
}

func TestAnOrderAndItsCollectionInOneTransaction(t *testing.T) {
	s, db := hosted(t, Config{}, "")
	_, err := db.Exec("CREATE TABLE orders (id TEXT PRIMARY KEY, collection_id TEXT NOT NULL)")
	require.NoError(t, err)
	for n, commit := range []bool{true, false} {
		tx, err := db.Begin()
		require.NoError(t, err)
		_, err = tx.Exec("INSERT INTO orders VALUES (?, ?)", n, order(n).CollectionID)
		require.NoError(t, err)
		joined := s.WithTx(tx)
		require.NoError(t, joined.Commit(t.Context(), order(n)))
		require.EqualValues(t, 1, version(t, joined, order(n).CollectionID), "inside")
		require.Zero(t, version(t, s, order(n).CollectionID), "outside, before it is committed")
		if commit {
			require.NoError(t, tx.Commit())
			require.EqualValues(t, 1, version(t, s, order(n).CollectionID))
			continue
		}
		require.NoError(t, tx.Rollback())
		require.Zero(t, version(t, s, order(n).CollectionID))
	}
	require.Equal(t, 1, orders(t, db))
}

func TestAConflictLeavesTheTransactionUsable(t *testing.T) {
	s, db := hosted(t, Config{}, "")
	_, err := db.Exec("CREATE TABLE orders (id TEXT PRIMARY KEY, collection_id TEXT NOT NULL)")
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), order(1)))
	tx, err := db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("INSERT INTO orders VALUES ('before', '')")
	require.NoError(t, err)
	joined := s.WithTx(tx)
	require.ErrorIs(t, joined.Commit(t.Context(), order(1)), payment.ErrConflict)
	// Refused after much of it was written.
	half := next(t, joined, order(1).CollectionID)
	half.Events[0].Seq = 64
	require.ErrorIs(t, joined.Commit(t.Context(), half), payment.ErrDuplicate)
	require.EqualValues(t, 1, version(t, joined, order(1).CollectionID))
	_, err = tx.Exec("INSERT INTO orders VALUES ('after', '')")
	require.NoError(t, err)
	require.NoError(t, joined.Commit(t.Context(), next(t, joined, order(1).CollectionID)))
	// A context that has ended costs nothing either.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, joined.Commit(ended, order(2)), context.Canceled)
	require.NoError(t, tx.Commit())
	require.EqualValues(t, 2, version(t, s, order(1).CollectionID))
	require.Equal(t, 2, orders(t, db))
	requireProblem(t, joined.Commit(t.Context(), order(3)), payment.StoreGone)
}

func TestATransactionThatReadBeforeSomebodyWrote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)") // BEGIN DEFERRED
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, Migrate(t.Context(), db))
	s, err := New(db, Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Commit(t.Context(), order(1)))
	tx, err := db.Begin()
	require.NoError(t, err)
	joined := s.WithTx(tx)
	mine := next(t, joined, order(1).CollectionID)
	require.NoError(t, s.Commit(t.Context(), next(t, s, order(1).CollectionID)))
	require.Contains(t, requireProblem(t, joined.Commit(t.Context(), mine), payment.StoreBusy), "roll it back")
	require.NoError(t, tx.Rollback())
	require.EqualValues(t, 2, version(t, s, order(1).CollectionID))
}

func TestATransactionOfAnotherDatabase(t *testing.T) {
	s := openFile(t, Config{})
	db := hostDB(t, filepath.Join(t.TempDir(), "other.db"), "")
	tx, err := db.Begin()
	require.NoError(t, err)
	requireProblem(t, s.WithTx(tx).Commit(t.Context(), order(1)), payment.StoreNotMigrated)
	_, err = s.WithTx(tx).Load(t.Context(), payment.Key{CollectionID: "x"})
	requireProblem(t, err, payment.StoreNotMigrated)
	require.NoError(t, tx.Rollback())
	require.NoError(t, Migrate(t.Context(), db))
	tx, err = db.Begin()
	require.NoError(t, err)
	require.NoError(t, s.WithTx(tx).Commit(t.Context(), order(1)))
	require.NoError(t, tx.Commit())
	require.Zero(t, version(t, s, order(1).CollectionID))
}

// While the host's transaction is open, others wait for it, and are not lost.
func TestOthersWaitForTheHost(t *testing.T) {
	s, db := hosted(t, Config{BusyTimeout: time.Minute}, "")
	tx, err := db.Begin()
	require.NoError(t, err)
	require.NoError(t, s.WithTx(tx).Commit(t.Context(), order(1)))
	answer := make(chan error, 1)
	go func() { answer <- s.Commit(context.Background(), order(2)) }()
	waits(t, s, 1)
	require.NoError(t, tx.Commit())
	require.NoError(t, <-answer)
}

// A call whose context ends while it waits for the lock is not interrupted: SQLite would undo what the host has written, and write what comes
// next at once.
func TestAContextEndsWhileTheHostsTransactionWaits(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "shop.db")+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)") // BEGIN DEFERRED
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, Migrate(t.Context(), db))
	s, err := New(db, Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	for name, write := range map[string]func(context.Context, payment.Store) error{
		"commit": func(ctx context.Context, s payment.Store) error { return s.Commit(ctx, order(1)) },
		"delivery": func(ctx context.Context, s payment.Store) error {
			return s.PutDelivery(ctx, &payment.Delivery{ID: "whd", State: payment.DeliveryHandled})
		},
		"settings": func(ctx context.Context, s payment.Store) error { return s.PutSettings(ctx, &payment.Settings{}) },
		"claim": func(ctx context.Context, s payment.Store) error {
			_, err := s.Claim(ctx, payment.DueEvents, begin, begin, 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			other, err := db.Conn(t.Context())
			require.NoError(t, err)
			_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
			require.NoError(t, err)
			tx, err := db.Begin()
			require.NoError(t, err)
			defer func() { _ = tx.Rollback() }() // after a failure
			joined := s.WithTx(tx).(*joined)
			ctx, cancel := context.WithCancel(t.Context())
			answer := make(chan error, 1)
			go func() { answer <- write(ctx, joined) }()
			require.Eventually(t, func() bool { return len(joined.turn) == 1 }, time.Second, 10*time.Microsecond)
			cancel()
			_, err = other.ExecContext(t.Context(), "ROLLBACK")
			require.NoError(t, err)
			require.NoError(t, other.Close())
			require.NoError(t, <-answer)
			require.NoError(t, tx.Rollback())
		})
	}
}

// Where SQLite rolls back the whole transaction itself, the host's next statements are none of their own.
func TestTheDiskIsFullInTheHostsTransaction(t *testing.T) {
	s, db := hosted(t, Config{}, "")
	ctx := t.Context()
	_, err := db.Exec("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	var pages int
	require.NoError(t, tx.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err = tx.Exec("PRAGMA max_page_count = " + fmtInt(pages+3))
	require.NoError(t, err)
	_, err = tx.Exec("INSERT INTO orders VALUES (1)")
	require.NoError(t, err)
	joined := s.WithTx(tx)
	large := order(1)
	for i := range 14 {
		large.Sessions = append(large.Sessions, &payment.PaymentSession{ID: "payses_" + fmtInt(i), CollectionID: large.CollectionID,
			Status: payment.StatusPending, CurrencyCode: "EUR", CreatedAt: begin, Data: payment.Data{"text": longText(60_000)}})
	}
	requireProblem(t, joined.Commit(ctx, large), payment.StoreFull)
	for _, later := range []payment.Store{joined, s.WithTx(tx)} {
		require.Contains(t, requireProblem(t, later.Commit(ctx, order(2)), payment.StoreGone), "begin another one")
		_, err = later.Load(ctx, payment.Key{CollectionID: order(1).CollectionID})
		require.Contains(t, requireProblem(t, err, payment.StoreGone), "begin another one")
	}
	_, err = tx.Exec("INSERT INTO orders VALUES (2)")
	require.ErrorIs(t, err, sql.ErrTxDone)
	require.ErrorIs(t, tx.Commit(), sql.ErrTxDone)
	require.Zero(t, orders(t, db))
	require.Zero(t, version(t, s, order(2).CollectionID))
}
