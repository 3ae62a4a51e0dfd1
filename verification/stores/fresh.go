package stores

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
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

func open(t *testing.T, name, address string) payment.Store {
	t.Helper()
	s, closeStore, err := Open(t.Context(), name, address)
	require.NoError(t, err)
	t.Cleanup(closeStore)
	return s
}
