package sqlitestore

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

// Hosts may run the migrations with a tool of their own.
func TestMigrationsAreComplete(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "")
	names, err := fs.Glob(Migrations(), "*.sql")
	require.NoError(t, err)
	require.Len(t, names, schema)
	for _, name := range names {
		text, err := fs.ReadFile(Migrations(), name)
		require.NoError(t, err)
		_, err = db.Exec(string(text))
		require.NoError(t, err, name)
	}
	s, err := New(db, Config{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, Migrate(t.Context(), db))
}

func TestPoolsOfAHost(t *testing.T) {
	for _, most := range []int{0, 1, 3, 8, 20} {
		db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "")
		db.SetMaxOpenConns(most)
		require.NoError(t, Migrate(t.Context(), db))
		s, err := New(db, Config{})
		require.NoError(t, err)
		require.NoError(t, s.Commit(t.Context(), order(1)))
		for range 10 {
			require.NoError(t, s.Commit(t.Context(), next(t, s, order(1).CollectionID)))
		}
		if most > 0 && most < 2*readers {
			require.Eventually(t, func() bool { return db.Stats().InUse == 0 }, 10*time.Second, time.Millisecond, "connections that were not given back")
		}
		require.NoError(t, s.Close())
		require.Zero(t, db.Stats().InUse)
		require.NoError(t, db.Ping(), "the host's own")
	}
}

// TestAMigrationTakesItsTime has a file migrated whose migration takes longer than locks are waited for.
func TestAMigrationTakesItsTime(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "shop.db"), Config{BusyTimeout: 3 * time.Millisecond})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// old is a host's database with its foreign keys on, with tables of the first version, a collection c, and what the host has made.
func old(t *testing.T, host string) *sql.DB {
	t.Helper()
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "&_pragma=foreign_keys(1)")
	db.SetMaxOpenConns(1)
	first, err := fs.ReadFile(Migrations(), "0001_payments.sql")
	require.NoError(t, err)
	_, err = db.Exec(string(first) + `; INSERT INTO payment_collections (id, version, currency_code, amount, authorized, held, captured, refunded, live_sessions,
		failed_sessions, declines, created_at) VALUES ('c', 1, 'EUR', '1', '0', '0', '0', '0', 0, 0, 0, 1);` + host)
	require.NoError(t, err)
	return db
}

// number returns what a statement returns.
func number(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(query).Scan(&n))
	return n
}

// requireBound fails the test unless the host's connection is as it was.
func requireBound(t *testing.T, db *sql.DB) {
	t.Helper()
	require.Equal(t, 1, number(t, db, "PRAGMA foreign_keys"))
	require.Zero(t, number(t, db, "PRAGMA legacy_alter_table"))
}

// TestAMigrationLeavesWhatIsTheHosts has a host make things of its own that depend on our tables, which a migration makes anew.
func TestAMigrationLeavesWhatIsTheHosts(t *testing.T) {
	const orders = "CREATE TABLE orders (id INTEGER PRIMARY KEY, collection TEXT REFERENCES payment_collections (id) "
	const count = "SELECT count(*) FROM orders WHERE collection = 'c'"
	for name, c := range map[string]struct{ host, then, look string }{
		"reference":        {orders + "); INSERT INTO orders VALUES (1, 'c')", "", count},
		"set null":         {orders + "ON DELETE SET NULL); INSERT INTO orders VALUES (1, 'c')", "", count},
		"cascade":          {orders + "ON DELETE CASCADE); INSERT INTO orders VALUES (1, 'c')", "", count},
		"cascade later":    {orders + "ON DELETE CASCADE); INSERT INTO orders VALUES (1, 'c')", "DELETE FROM payment_collections", "SELECT count(*) = 0 FROM orders"},
		"view":             {"CREATE VIEW report AS SELECT id FROM payment_collections", "", "SELECT count(*) FROM report"},
		"index":            {"CREATE INDEX by_amount ON payment_collections (amount)", "", "SELECT count(*) FROM payment_collections INDEXED BY by_amount WHERE amount = '1'"},
		"trigger on ours":  {"CREATE TABLE log (id TEXT); CREATE TRIGGER paid AFTER UPDATE ON payment_collections BEGIN INSERT INTO log VALUES (NEW.id); END", "UPDATE payment_collections SET version = 2", "SELECT count(*) FROM log"},
		"trigger on its":   {"CREATE TABLE log (id TEXT); CREATE TRIGGER look AFTER INSERT ON log BEGIN UPDATE payment_collections SET version = 3; END", "INSERT INTO log VALUES (1)", "SELECT version = 3 FROM payment_collections"},
		"dangling already": {"PRAGMA foreign_keys = 0;" + orders + "); INSERT INTO orders VALUES (1, 'c'), (2, 'nobody'); PRAGMA foreign_keys = 1", "", count},
	} {
		t.Run(name, func(t *testing.T) {
			db := old(t, c.host)
			require.NoError(t, Migrate(t.Context(), db))
			requireBound(t, db)
			_, err := db.Exec(c.then)
			require.NoError(t, err)
			require.Equal(t, 1, number(t, db, c.look))
			s, err := New(db, Config{})
			require.NoError(t, err)
			require.NoError(t, s.Commit(t.Context(), order(1)))
			require.NoError(t, s.Close())
		})
	}
}

// TestAMigrationThatFails leaves everything as it was.
func TestAMigrationThatFails(t *testing.T) {
	const orders = "CREATE TABLE orders (collection TEXT REFERENCES payment_collections (id) ON DELETE CASCADE); INSERT INTO orders VALUES ('c');"
	for name, c := range map[string]struct{ host, says string }{
		"a name is taken":   {"CREATE TABLE payment_deliveries_next (id TEXT)", "payment_deliveries_next"},
		"rows would dangle": {"CREATE TRIGGER forget AFTER UPDATE ON payment_schema BEGIN DELETE FROM payment_collections; END", "would reference"},
	} {
		t.Run(name, func(t *testing.T) {
			db := old(t, orders+c.host)
			require.ErrorContains(t, Migrate(t.Context(), db), c.says)
			requireBound(t, db)
			require.Equal(t, 1, number(t, db, "SELECT version FROM payment_schema"))
			require.Equal(t, 1, number(t, db, "SELECT count(*) FROM orders JOIN payment_collections c ON c.id = collection"))
		})
	}
}

func TestAnIndexThatDoesNotFitAnyMore(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "shop.db"), "")
	require.NoError(t, Migrate(t.Context(), db))
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	c := &connection{conn: conn}
	err = makeAgain(t.Context(), c, []object{{"index", "by_color", "CREATE INDEX by_color ON payment_collections (color)"}})
	require.Contains(t, requireProblem(t, err, payment.StoreUnsupported), "the index by_color")
	require.NoError(t, c.close())
}
