package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/pgstore"
)

// few has a pool in which two transactions are under way at once.
func few(cfg *pgxpool.Config) { cfg.MaxConns = 8 }

// lock locks collections in a transaction of the host.
func lock(t *testing.T, pool *pgxpool.Pool, numbers ...int) pgx.Tx {
	t.Helper()
	tx := begin(t, pool, pgx.ReadCommitted)
	for _, n := range numbers {
		_, err := tx.Exec(t.Context(), "SELECT FROM payment.collections WHERE id = $1 FOR UPDATE", id("paycol", n))
		require.NoError(t, err)
	}
	return tx
}

// commitAll makes commits at once, and returns what became of each.
func commitAll(ctx context.Context, s payment.Store, all []*payment.Changes) (wait func() []error) {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() { errs[i] = s.Commit(ctx, c) })
	}
	return func() []error {
		wg.Wait()
		return errs
	}
}

// stuck makes as many commits as may be under way wait for rows that the host has locked.
func stuck(t *testing.T, s *pgstore.Store, pool *pgxpool.Pool) (blocked pgx.Tx, wait func() []error) {
	t.Helper()
	for _, n := range []int{901, 902} {
		require.NoError(t, s.Commit(t.Context(), changes(n, 0, 0)))
	}
	blocked = lock(t, pool, 901, 902)
	wait = commitAll(t.Context(), s, []*payment.Changes{changes(901, 1, 1), changes(902, 1, 1)})
	require.Eventually(t, func() bool {
		var n int
		err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
		return err == nil && n == 2
	}, 5*time.Second, time.Millisecond)
	return blocked, wait
}

// TestCommitsShareATransaction has commits wait behind others: they are written by few transactions, whose numbers their rows have.
func TestCommitsShareATransaction(t *testing.T) {
	s, pool := open(t, prepared, few)
	transactions := 20
	for try := 0; try < 10 && transactions == 20; try++ { // those behind come within 50 ms, if the machine is not too busy
		empty(t, pool)
		blocked, first := stuck(t, s, pool)
		var all []*payment.Changes
		for n := range 20 {
			all = append(all, changes(n, 0, 2))
		}
		for i, err := range commitAll(t.Context(), s, all)() {
			require.NoError(t, err, i)
		}
		require.NoError(t, blocked.Rollback(t.Context()))
		for _, err := range first() {
			require.NoError(t, err)
		}
		var collections int
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(DISTINCT xmin::text), count(*) FROM payment.collections WHERE id < $1", id("paycol", 900)).
			Scan(&transactions, &collections))
		require.Equal(t, 20, collections)
	}
	require.Less(t, transactions, 20)
}

// TestWhoWaitsForARowKeepsNobody has as many commits as may be under way wait for rows that the host has locked.
func TestWhoWaitsForARowKeepsNobody(t *testing.T) {
	s, pool := open(t, prepared, few)
	blocked, first := stuck(t, s, pool)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, s.Commit(ctx, changes(1, 0, 1)))
	require.NoError(t, blocked.Rollback(t.Context()))
	for _, err := range first() {
		require.NoError(t, err)
	}
}

// TestCommitsWithoutAConnection has callers give up while the host has all connections: it is certain that nothing of theirs was written, whether
// they waited for a connection or for a transaction, and it is not written later.
func TestCommitsWithoutAConnection(t *testing.T) {
	s, pool := open(t, prepared, few)
	require.NoError(t, s.Commit(t.Context(), changes(900, 0, 0)))
	var held []*pgxpool.Conn
	for range pool.Config().MaxConns {
		c, err := pool.Acquire(t.Context())
		require.NoError(t, err)
		held = append(held, c)
	}
	release := sync.OnceFunc(func() {
		for _, c := range held {
			c.Release()
		}
	})
	defer release()
	var all []*payment.Changes
	for n := range 20 {
		all = append(all, changes(n, 0, 2))
	}
	some, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // what is stuck counts no longer as under way after 100 ms
	defer cancel()
	gaveUp, stayed := commitAll(some, s, all[:15]), commitAll(t.Context(), s, all[15:])
	for _, err := range gaveUp() {
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, payment.ErrCommitUnknown)
	}
	release()
	for _, err := range stayed() {
		require.NoError(t, err)
	}
	require.NoError(t, s.Commit(t.Context(), changes(900, 1, 0)))
	var written int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM payment.collections WHERE id < $1", id("paycol", 900)).Scan(&written))
	require.Equal(t, len(all)-15, written)
}

// TestEachHasItsOwnVerdict has commits of one transaction fail in different ways: none of the others is harmed.
func TestEachHasItsOwnVerdict(t *testing.T) {
	for range 3 { // together, with luck; the verdicts are the same
		s, pool := open(t, prepared, few)
		ctx := t.Context()
		for n := range 8 {
			require.NoError(t, s.Commit(ctx, changes(n, 0, 1)))
		}
		blocked, first := stuck(t, s, pool)
		late := lock(t, pool, 4)

		taken := changes(2, 1, 1) // the Seq of an event is taken
		taken.Events[0].Seq = 64
		foreign := changes(6, 1, 1) // a session is another collection's
		foreign.Sessions = []*payment.PaymentSession{session(7, 1)}
		theirs := changes(7, 1, 1)
		theirs.Sessions = []*payment.PaymentSession{session(7, 1)}
		require.NoError(t, s.Commit(ctx, theirs))
		foreign.Sessions[0] = session(6, 1)
		foreign.Sessions[0].ID = theirs.Sessions[0].ID
		all := []*payment.Changes{changes(0, 1, 1), changes(1, 7, 1), taken, changes(3, 1, 1), changes(4, 1, 1), changes(5, 0, 1), foreign}
		wait := commitAll(ctx, s, all)
		require.Eventually(t, func() bool { // one waits for its row, and keeps nobody
			for _, n := range []int{0, 3} {
				rows, err := s.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
				if err != nil || rows.Collections[0].Version != 2 {
					return false
				}
			}
			return true
		}, 5*time.Second, time.Millisecond)
		require.NoError(t, late.Rollback(ctx))
		errs := wait()
		require.NoError(t, blocked.Rollback(ctx))
		for _, err := range first() {
			require.NoError(t, err)
		}
		require.NoError(t, errs[0])
		require.ErrorIs(t, errs[1], payment.ErrConflict)
		_, gone := errors.AsType[*payment.StoreError](errs[1])
		require.False(t, gone, errs[1])
		require.ErrorIs(t, errs[2], payment.ErrDuplicate)
		require.NoError(t, errs[3])
		require.NoError(t, errs[4])
		require.ErrorIs(t, errs[5], payment.ErrConflict)
		require.ErrorIs(t, errs[6], payment.ErrDuplicate)
		for n, version := range []int64{2, 1, 1, 2, 2, 1, 1, 2} {
			rows, err := s.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
			require.NoError(t, err)
			require.Equal(t, version, rows.Collections[0].Version, n)
		}
	}
}

// TestACallerLeavesBeforeItsTurn has a commit given up while it waits for others: it is not written.
func TestACallerLeavesBeforeItsTurn(t *testing.T) {
	s, pool := open(t, prepared, few)
	var err error
	for try := 0; try < 10 && err == nil; try++ { // on a busy machine its turn has come before
		empty(t, pool)
		blocked, first := stuck(t, s, pool)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		err = s.Commit(ctx, changes(1, 0, 1))
		cancel()
		require.NoError(t, blocked.Rollback(t.Context()))
		for _, err := range first() {
			require.NoError(t, err)
		}
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	if !errors.Is(err, payment.ErrCommitUnknown) { // as it would be if its turn had come meanwhile
		_, err = s.Load(t.Context(), payment.Key{CollectionID: id("paycol", 1)})
		require.ErrorIs(t, err, payment.ErrNotFound)
	}
}

// TestManyCommitsTogether has two processes write the same collections, many at once: what is confirmed is there, once, what is refused is
// not, and nobody waits for each other in a circle.
func TestManyCommitsTogether(t *testing.T) {
	const clients, collections, rounds = 24, 12, 25
	ctx := t.Context()
	a, pool := open(t, prepared, few)
	b, err := pgstore.New(connect(t, pool.Config().ConnString(), prepared, few), pgstore.Config{})
	require.NoError(t, err)
	for n := range collections {
		require.NoError(t, a.Commit(ctx, changes(n, 0, 0)))
	}
	var versions, confirmed [collections]atomic.Int64
	var wg sync.WaitGroup
	for i := range clients {
		s := []*pgstore.Store{a, b}[i%2]
		wg.Go(func() {
			for range rounds {
				n := rand.N(collections)
				version := versions[n].Load() + 1
				switch err := s.Commit(ctx, changes(n, version, 1)); {
				case err == nil:
					confirmed[n].Add(1)
					versions[n].Add(1)
				case !errors.Is(err, payment.ErrConflict):
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum := int64(0)
	for n := range collections {
		rows, err := a.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
		require.NoError(t, err)
		require.Equal(t, confirmed[n].Load()+1, rows.Collections[0].Version, n)
		var events int64
		require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM payment.events WHERE collection_id = $1", id("paycol", n)).Scan(&events))
		require.Equal(t, confirmed[n].Load(), events)
		sum += events
	}
	require.Positive(t, sum)
	var deadlocks int
	require.NoError(t, pool.QueryRow(ctx, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks))
	require.Zero(t, deadlocks, fmt.Sprint(sum, " commits"))
}
