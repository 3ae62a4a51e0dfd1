package linear_test

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/examples/kvstore"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/verification/linear"
	"github.com/seed40c892db/payment/verification/stores"
)

var calls = flag.Int("calls", 100, "how many calls each client makes of a store over a database; of memstore it is 2,000")

// full is what a store must stand: 16 clients, 2,000 calls each.
func full(seed uint64) linear.Plan {
	return linear.Plan{Seed: seed, Clients: 16, Calls: 2000, Collections: 6}
}

// fewer is the same, with as many calls as were asked for.
func fewer(seed uint64) linear.Plan {
	p := full(seed)
	p.Calls = *calls
	return p
}

func TestMemory(t *testing.T) { accept(t, memstore.New(), full(1)) }

func TestSQLite(t *testing.T) { accept(t, stores.NewSQLite(t, false), fewer(2)) }

func TestSQLiteInMemory(t *testing.T) { accept(t, stores.NewSQLite(t, true), fewer(3)) }

func TestPostgres(t *testing.T) { accept(t, stores.NewPostgres(t, stores.Server(t, false)), fewer(4)) }

func TestKeyValue(t *testing.T) { accept(t, kvstore.New(kvstore.NewMemory()), fewer(5)) }

// accept requires a history without anything that the contract does not allow.
func accept(t *testing.T, store payment.Store, p linear.Plan) {
	t.Helper()
	began := time.Now()
	h := linear.Record(t.Context(), store, p)
	recorded := time.Since(began)
	require.Empty(t, h.Unexpected)
	file := filepath.Join(t.ArtifactDir(), "history.html")
	result, err := linear.Check(h, time.Minute, file)
	require.NoError(t, err)
	t.Logf("%d steps recorded in %s, checked in %s: %v", len(h.Operations), recorded.Round(time.Millisecond),
		(time.Since(began) - recorded).Round(time.Millisecond), h.Counts)
	require.Equal(t, porcupine.Ok, result, "not linearizable: go test -artifacts keeps %s, which a browser shows", file)
	for _, seen := range []string{
		"load found", "commit done", "commit conflict", "claim something", "claim nothing", "done done", "done conflict",
	} {
		require.Positive(t, h.Counts[seen], "%s was never seen: %v", seen, h.Counts)
	}
}
