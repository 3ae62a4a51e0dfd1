package sqlitestore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sqlitestore"
	"github.com/seed40c892db/payment/storetest"
	"github.com/stretchr/testify/require"
)

// open opens a store in a file, or in memory, and closes it after the test.
func open(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(path, sqlitestore.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestContractOfAFile(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.db") // migrated once, and copied
	s, err := sqlitestore.Open(empty, sqlitestore.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	content, err := os.ReadFile(empty)
	require.NoError(t, err)
	storetest.Run(t, func(t *testing.T) payment.Store {
		path := filepath.Join(t.TempDir(), "payments.db")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return open(t, path)
	})
}

func TestContractInMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) payment.Store { return open(t, ":memory:") })
}
