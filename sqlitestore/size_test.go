package sqlitestore_test

import (
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
