package crash

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/pgtest"
	"github.com/seed40c892db/payment/verification/linear"
	"github.com/seed40c892db/payment/verification/stores"
)

// TestOutages stops the database server at once, in two ways, and starts it again, while clients are at work.
func TestOutages(t *testing.T) {
	server := stores.Server(t, true)
	outage(t, fmt.Sprint(*outages, " times stopped"), stores.Database(t, server), stores.Database(t, server), func() {
		for n := range *outages {
			time.Sleep(700 * time.Millisecond)
			if n%2 == 0 {
				server.Kill()
			} else {
				server.Crash()
			}
			require.Eventually(t, func() bool { return server.Restart() == nil }, 30*time.Second, 50*time.Millisecond)
		}
		time.Sleep(700 * time.Millisecond)
	})
}

// TestFailover stops the primary at once, and promotes its synchronous standby, while clients are at work.
func TestFailover(t *testing.T) {
	primary := stores.Server(t, true)
	first, second := stores.Database(t, primary), stores.Database(t, primary)
	standby, err := primary.Standby()
	require.NoError(t, err)
	t.Cleanup(standby.Stop)
	execute(t, primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	require.Eventually(t, func() bool { return follows(t, primary) }, 30*time.Second, 50*time.Millisecond, "the standby does not follow")
	both := func(dsn string) string {
		u, err := url.Parse(dsn)
		require.NoError(t, err)
		u.Host += "," + standby.Address()
		query := u.Query()
		query.Set("target_session_attrs", "read-write")
		u.RawQuery = query.Encode()
		return u.String()
	}
	outage(t, "failover", both(first), both(second), func() {
		time.Sleep(time.Second)
		primary.Kill()
		// The standby waits for one of its own, if it was told to as the primary was.
		execute(t, standby, "SELECT pg_promote()", "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
		time.Sleep(time.Second)
	})
}

// execute runs statements on a server.
func execute(t *testing.T, s *pgtest.Server, statements ...string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.DSN("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(t.Context())) }()
	for _, sql := range statements {
		_, err := c.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}

// follows reports whether a server's commits wait for a standby.
func follows(t *testing.T, s *pgtest.Server) bool {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.DSN("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(t.Context())) }()
	var state string
	err = c.QueryRow(t.Context(), "SELECT coalesce(max(sync_state), '') FROM pg_stat_replication").Scan(&state)
	require.NoError(t, err)
	return state == "sync"
}

// outage lets clients of a store work on one database, and clients of a service on another, while something happens to the server. What was
// acknowledged must be there: the history of the store is linearizable, and the books of the service agree.
func outage(t *testing.T, what, first, second string, happen func()) {
	t.Helper()
	open := func(dsn string) payment.Store {
		s, closeStore, err := stores.Open(t.Context(), stores.Postgres, dsn)
		require.NoError(t, err)
		t.Cleanup(closeStore)
		return s
	}
	plain, busy := open(first), open(second)
	s, collections, err := newShop(t.Context(), busy, 4, true)
	require.NoError(t, err)
	s.parallel = 8
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var history *linear.History
	var all sync.WaitGroup
	all.Go(func() {
		history = linear.Record(ctx, plain, linear.Plan{
			Seed: *seed, Clients: 8, Calls: 1 << 30, Collections: 4, Outages: true, Pause: 20 * time.Millisecond,
		})
	})
	all.Go(func() { s.work(ctx, collections) })
	happen()
	stop()
	all.Wait()

	require.Positive(t, history.Counts["commit failed"]+history.Counts["commit unknown"], "nobody noticed: %v", history.Counts)
	file := filepath.Join(t.ArtifactDir(), "history.html")
	result, err := linear.Check(history, time.Minute, file)
	require.NoError(t, err)
	require.Equal(t, porcupine.Ok, result, "an acknowledged commit is lost: go test -artifacts keeps %s, which a browser shows", file)

	require.NoError(t, errsOf(s.failed), "%d of %d flows", len(s.failed), s.flows.Load())
	require.Eventually(t, func() bool { // what nobody waited for is brought on when its lease has ended
		report, err := s.svc.Reconcile(t.Context())
		require.NoError(t, err)
		open := 0
		err = every(t.Context(), busy, payment.RowOperations, payment.Filter{State: string(payment.OperationOpen)}, func(r *payment.Rows) {
			open += len(r.Operations)
		})
		require.NoError(t, err)
		return report.Looked == 0 && open == 0
	}, 30*time.Second, 200*time.Millisecond)
	v, err := s.compare(t.Context())
	require.NoError(t, err)
	require.Empty(t, v.Wrong)
	n := history.Counts
	figures.add(t, stores.Postgres, what, "%d commits acknowledged, none lost; %d failed, of %d nobody knew; %d flows and %d operations of a service, whose books agree",
		n["commit done"], n["commit failed"], n["commit unknown"], s.flows.Load(), v.Operations)
}
