package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/pgstore"
)

// outbox is a store whose clock the test moves, with a host's table.
type outbox struct {
	*pgstore.Store
	pool *pgxpool.Pool
	now  time.Time
	log  bytes.Buffer
}

func newOutbox(t *testing.T) *outbox {
	t.Helper()
	o := &outbox{now: noon.Add(time.Hour)}
	_, o.pool = open(t, prepared)
	var err error
	o.Store, err = pgstore.New(o.pool, pgstore.Config{Now: func() time.Time { return o.now }, Logger: slog.New(slog.NewTextHandler(&o.log, nil))})
	require.NoError(t, err)
	orders(t, o.pool)
	return o
}

// ship is what a host does with an event.
func ship(ctx context.Context, tx pgx.Tx, e payment.Event) error {
	_, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, 1)", e.ID)
	return err
}

func (o *outbox) deliver(t *testing.T, fn func(context.Context, pgx.Tx, payment.Event) error) int {
	t.Helper()
	n, err := o.Deliver(t.Context(), 1000, fn)
	require.NoError(t, err)
	return n
}

func TestDeliver(t *testing.T) {
	ctx := t.Context()
	o := newOutbox(t)
	for n := range 20 {
		require.NoError(t, o.Commit(ctx, changes(n, 0, 3)))
		require.NoError(t, o.Commit(ctx, changes(n, 1, 2)))
	}
	last := map[string]int64{}
	fn := func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		require.Greater(t, e.Seq, last[e.CollectionID], "in their order")
		last[e.CollectionID] = e.Seq
		return ship(ctx, tx, e)
	}
	n, err := o.Deliver(ctx, 7, fn)
	require.NoError(t, err)
	require.Equal(t, 7, n)
	require.Equal(t, 93, o.deliver(t, fn))
	require.Equal(t, 100, count(t, o.pool))
	require.Zero(t, o.deliver(t, fn))
	require.NoError(t, o.Commit(ctx, changes(3, 2, 1)))
	require.Equal(t, 1, o.deliver(t, fn), "what is new wakes it")
	due, err := o.Claim(ctx, payment.DueEvents, o.now, o.now.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Empty(t, due)
}

func TestDeliverOnlyWhatIsNotClaimed(t *testing.T) {
	ctx := t.Context()
	o := newOutbox(t)
	require.NoError(t, o.Commit(ctx, changes(1, 0, 3)))
	due, err := o.Claim(ctx, payment.DueEvents, o.now, o.now.Add(time.Minute), 1)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Zero(t, o.deliver(t, ship))
	due[0].Seq = 64
	require.NoError(t, o.Done(ctx, due[0], o.now))
	require.Equal(t, 2, o.deliver(t, ship))
	// And the other way round: while events are being delivered, nobody can claim them.
	require.NoError(t, o.Commit(ctx, changes(1, 1, 1)))
	require.Equal(t, 1, o.deliver(t, func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		due, err := o.Claim(ctx, payment.DueEvents, o.now, o.now.Add(time.Minute), 1)
		require.NoError(t, err)
		require.Empty(t, due)
		return ship(ctx, tx, e)
	}))
}

// TestDeliverLetsCommitsThrough has the host write to the collection whose event it is given, without and with the transaction.
func TestDeliverLetsCommitsThrough(t *testing.T) {
	ctx := t.Context()
	o := newOutbox(t)
	require.NoError(t, o.Commit(ctx, changes(1, 0, 1)))
	version := int64(1)
	n := o.deliver(t, func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		if version > 2 {
			return ship(ctx, tx, e)
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		store := payment.Store(o)
		if version == 2 {
			store = o.WithTx(tx)
		}
		require.NoError(t, store.Commit(ctx, changes(1, version, 1)))
		version++
		return ship(ctx, tx, e)
	})
	require.Equal(t, 3, n, "and delivers what was written meanwhile")
}

func TestDeliverFailures(t *testing.T) {
	broken := errors.New("the warehouse is closed")
	for name, fail := range map[string]func(ctx context.Context, tx pgx.Tx) error{
		"an error": func(context.Context, pgx.Tx) error { return broken },
		"a panic":  func(context.Context, pgx.Tx) error { panic("boom") },
		"an SQL error": func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT 1/0")
			return err
		},
		"an SQL error that nobody looks at": func(ctx context.Context, tx pgx.Tx) error {
			_, _ = tx.Exec(ctx, "SELECT 1/0")
			return nil
		},
		"a result left open": func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Query(ctx, "SELECT generate_series(1, 100000)") //nolint:gocritic // that is the mistake
			return err
		},
		"a rollback by SQL": func(ctx context.Context, tx pgx.Tx) error {
			_, _ = tx.Exec(ctx, "ROLLBACK")
			return nil
		},
		"a rollback": func(ctx context.Context, tx pgx.Tx) error { return tx.Rollback(ctx) },
		"a commit":   func(ctx context.Context, tx pgx.Tx) error { return tx.Commit(ctx) },
		"a constraint that is checked at the end": func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO lines VALUES ('no such order')")
			return err
		},
		"no lock in time": func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '5ms'; SELECT pg_sleep(1)")
			return err
		},
		"a connection that the server closes, as it does to who is idle for too long": func(ctx context.Context, tx pgx.Tx) error {
			c, err := pgx.ConnectConfig(ctx, tx.Conn().Config())
			if err != nil {
				return err
			}
			_, err = c.Exec(ctx, "SELECT pg_terminate_backend($1, 5000)", tx.Conn().PgConn().PID())
			return errors.Join(err, c.Close(ctx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			o := newOutbox(t)
			_, err := o.pool.Exec(ctx, "CREATE TABLE lines (id text REFERENCES orders DEFERRABLE INITIALLY DEFERRED)")
			require.NoError(t, err)
			require.NoError(t, o.Commit(ctx, changes(1, 0, 4)))
			require.NoError(t, o.Commit(ctx, changes(2, 0, 1)))
			failing := int64(66)
			fn := func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
				if err := ship(ctx, tx, e); err != nil {
					return err
				}
				if e.CollectionID == id("paycol", 1) && e.Seq == failing {
					return fail(ctx, tx)
				}
				return nil
			}
			require.Equal(t, 3, o.deliver(t, fn), "two before it, and the other collection's")
			require.Equal(t, 3, count(t, o.pool), "what was written for the failed one is rolled back")
			require.Zero(t, o.deliver(t, fn), "it waits")
			require.Contains(t, o.log.String(), "did not take an event")
			for range 49 {
				o.now = o.now.Add(3 * time.Hour)
				if n := o.deliver(t, fn); n == 1 { // it was given up, after 24 hours and 50 tries
					break
				}
			}
			require.Equal(t, 4, count(t, o.pool))
			require.Contains(t, o.log.String(), "level=ERROR")
			due, err := o.Claim(ctx, payment.DueEvents, o.now.Add(time.Hour), o.now.Add(2*time.Hour), 10)
			require.NoError(t, err)
			require.Empty(t, due)
			require.NoError(t, o.Commit(ctx, changes(1, 1, 1)))
			due, err = o.Claim(ctx, payment.DueEvents, o.now, o.now.Add(2*time.Hour), 10)
			require.NoError(t, err)
			require.Equal(t, []int64{66}, due[0].Dead)
		})
	}
}

// TestDeliverAnotherTransaction has fn put a transaction of its own in the place of the store's: what it committed cannot be undone, but the
// event has failed, and is given up in the end like any other.
func TestDeliverAnotherTransaction(t *testing.T) {
	o := newOutbox(t)
	require.NoError(t, o.Commit(t.Context(), changes(1, 0, 1)))
	for _, statements := range []string{"COMMIT; BEGIN", "ROLLBACK; BEGIN", "COMMIT AND CHAIN"} {
		o.log.Reset()
		require.Zero(t, o.deliver(t, func(ctx context.Context, tx pgx.Tx, _ payment.Event) error {
			_, err := tx.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol)
			return err
		}), statements)
		require.Contains(t, o.log.String(), "did not take an event", statements)
		o.now = o.now.Add(3 * time.Hour)
	}
	require.Equal(t, 1, o.deliver(t, ship))
}

// TestDeliverCrash breaks the connection before the commit, each time for one event: that one comes again after a pause, and those before it are
// delivered once.
func TestDeliverCrash(t *testing.T) {
	ctx := t.Context()
	o := newOutbox(t)
	require.NoError(t, o.Commit(ctx, changes(1, 0, 3)))
	crash := true
	fn := func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		if err := ship(ctx, tx, e); err != nil {
			return err
		}
		if crash && e.Seq == 66 {
			return tx.Conn().Close(ctx)
		}
		return nil
	}
	require.Equal(t, 2, o.deliver(t, fn))
	require.Equal(t, 2, count(t, o.pool))
	crash = false
	require.Zero(t, o.deliver(t, fn), "it waits")
	o.now = o.now.Add(time.Hour)
	require.Equal(t, 1, o.deliver(t, fn))
	require.Equal(t, 3, count(t, o.pool))

	// A context that ends: nothing more is done, and what was not committed comes again.
	require.NoError(t, o.Commit(ctx, changes(1, 1, 2)))
	short, cancel := context.WithCancel(ctx)
	_, err := o.Deliver(short, 10, func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		cancel()
		return ship(ctx, tx, e)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, count(t, o.pool))
	require.Equal(t, 2, o.deliver(t, fn))
}

// TestDeliverOverABrokenConnection has the connection end once while fn works, which is no fault of fn: it gets the event again at once.
func TestDeliverOverABrokenConnection(t *testing.T) {
	ctx := t.Context()
	o := newOutbox(t)
	for n, events := range []int{1, 3} {
		require.NoError(t, o.Commit(ctx, changes(n, 0, events)))
		broken := false
		require.Equal(t, events, o.deliver(t, func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
			if !broken {
				broken = true
				c, err := pgx.ConnectConfig(ctx, tx.Conn().Config())
				require.NoError(t, err)
				_, err = c.Exec(ctx, "SELECT pg_terminate_backend($1, 5000)", tx.Conn().PgConn().PID())
				require.NoError(t, errors.Join(err, c.Close(ctx)))
			}
			return ship(ctx, tx, e)
		}))
		require.True(t, broken)
	}
	require.Equal(t, 4, count(t, o.pool))
	require.Empty(t, o.log.String())
}

// TestDeliverTogether has several deliver while others commit: each event comes once, in order.
func TestDeliverTogether(t *testing.T) {
	const collections, versions, deliverers = 5, 20, 4
	ctx := t.Context()
	o := newOutbox(t)
	var mu sync.Mutex
	seen := map[string][]int64{}
	fn := func(ctx context.Context, tx pgx.Tx, e payment.Event) error {
		if err := ship(ctx, tx, e); err != nil { // a second time breaks the primary key
			return fmt.Errorf("twice: %w", err)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[e.CollectionID] = append(seen[e.CollectionID], e.Seq)
		return nil
	}
	var committing, delivering sync.WaitGroup
	for n := range collections {
		committing.Go(func() {
			for v := range int64(versions) {
				if err := o.Commit(ctx, changes(n, v, 2)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	for range deliverers {
		delivering.Go(func() {
			for end := false; ; {
				n, err := o.Deliver(ctx, 3, fn)
				if err != nil {
					t.Error(err)
					return
				}
				if n == 0 && end {
					return
				}
				select {
				case <-done:
					end = true
				default:
				}
			}
		})
	}
	committing.Wait()
	close(done)
	delivering.Wait()
	o.deliver(t, fn)
	require.Empty(t, o.log.String())
	require.Equal(t, collections*versions*2, count(t, o.pool))
	for _, seqs := range seen {
		require.Len(t, seqs, versions*2)
		require.True(t, slices.IsSorted(seqs))
	}
}
