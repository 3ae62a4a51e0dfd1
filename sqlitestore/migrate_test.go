package sqlitestore

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

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
