package sqlitestore_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/seed40c892db/payment/sqlitestore"
	"github.com/stretchr/testify/require"
)

// The package comment says how much room a payment takes.
func TestSizeOfAPayment(t *testing.T) {
	const flows, said = 200, 10_000
	path := filepath.Join(t.TempDir(), "payments.db")
	s, err := sqlitestore.Open(path, sqlitestore.Config{})
	require.NoError(t, err)
	svc := service(t, s, sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}))
	size := func() int64 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Size()
	}
	before := size()
	for range flows {
		_, err := flow(t.Context(), svc, "sandbox")
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	each := (size() - before) / flows
	t.Logf("%d bytes", each)
	require.InDelta(t, said, each, said/2)
}

// What a commit costs is what it writes: a page for each table and each index that it touches, and some more where one is full.
func TestPagesOfAPayment(t *testing.T) {
	const flows, frame = 10, 24 + 4096
	path := filepath.Join(t.TempDir(), "payments.db")
	s := open(t, path)
	svc := service(t, s, sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}))
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for _, c := range []struct {
		provider string
		most     float64
	}{{"manual", 54}, {"sandbox", 102}} {
		pages := 0
		for round := range 8 { // the first ones fill the pages
			_, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
			require.NoError(t, err)
			for range flows {
				_, err := flow(t.Context(), svc, c.provider)
				require.NoError(t, err)
			}
			log, err := os.Stat(path + "-wal")
			require.NoError(t, err)
			if round > 3 {
				pages += int(log.Size()) / frame
			}
		}
		each := float64(pages) / (4 * flows)
		t.Logf("%s: %.1f pages", c.provider, each)
		require.LessOrEqual(t, each, c.most, c.provider)
	}
}
