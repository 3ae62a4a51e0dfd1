package pgstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/pgstore"
	"github.com/seed40c892db/payment/storetest"
)

// joining does every write in a transaction of its own.
type joining struct {
	*pgstore.Store
	pool *pgxpool.Pool
}

func (j joining) do(ctx context.Context, f func(payment.Store) error) error {
	return pgx.BeginFunc(ctx, j.pool, func(tx pgx.Tx) error { return f(j.WithTx(tx)) })
}

func (j joining) Load(ctx context.Context, by payment.Key) (rows *payment.Rows, err error) {
	err = j.do(ctx, func(s payment.Store) (err error) {
		rows, err = s.Load(ctx, by)
		return err
	})
	return rows, err
}

func (j joining) Commit(ctx context.Context, c *payment.Changes) error {
	return j.do(ctx, func(s payment.Store) error { return s.Commit(ctx, c) })
}

func (j joining) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (rows *payment.Rows, err error) {
	err = j.do(ctx, func(s payment.Store) (err error) {
		rows, err = s.List(ctx, kind, f, p)
		return err
	})
	return rows, err
}

func (j joining) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) (due []payment.Due, err error) {
	err = j.do(ctx, func(s payment.Store) (err error) {
		due, err = s.Claim(ctx, kind, now, until, limit)
		return err
	})
	return due, err
}

func (j joining) Done(ctx context.Context, d payment.Due, again time.Time) error {
	return j.do(ctx, func(s payment.Store) error { return s.Done(ctx, d, again) })
}

func (j joining) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	return j.do(ctx, func(s payment.Store) error { return s.PutDelivery(ctx, d) })
}

func (j joining) PutSettings(ctx context.Context, v *payment.Settings) error {
	return j.do(ctx, func(s payment.Store) error { return s.PutSettings(ctx, v) })
}

func TestStoreInTransactions(t *testing.T) {
	s, pool := open(t, prepared)
	storetest.Run(t, func(t *testing.T) payment.Store {
		empty(t, pool)
		return joining{s, pool}
	})
}

// levels are the isolation levels of a host's transaction.
var levels = []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable}

// orders makes a host's table.
func orders(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	_, err := pool.Exec(t.Context(), "CREATE TABLE orders (id text PRIMARY KEY, n int NOT NULL)")
	require.NoError(t, err)
}

// count counts the host's orders, as a transaction or everybody sees them.
func count(t *testing.T, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (n int) {
	t.Helper()
	require.NoError(t, q.QueryRow(t.Context(), "SELECT count(*) FROM orders").Scan(&n))
	return n
}

func TestWithTx(t *testing.T) {
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, prepared)
			orders(t, pool)
			for n, commits := range []bool{false, true} {
				tx := begin(t, pool, level)
				in := s.WithTx(tx)
				_, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, 1)", id("order", n))
				require.NoError(t, err)
				require.NoError(t, in.Commit(ctx, changes(n, 0, 1)))
				rows, err := in.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
				require.NoError(t, err)
				require.EqualValues(t, 1, rows.Collections[0].Version)
				_, err = s.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
				require.ErrorIs(t, err, payment.ErrNotFound, "before it is committed")
				if commits {
					require.NoError(t, tx.Commit(ctx))
				} else {
					require.NoError(t, tx.Rollback(ctx))
				}
				_, err = s.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
				require.Equal(t, commits, err == nil)
				require.Equal(t, n, count(t, pool))
			}
		})
	}
}

// TestWithTxAfterAnError has every kind of refusal leave the host's transaction usable, and what it did before and after intact.
func TestWithTxAfterAnError(t *testing.T) {
	refused := map[string]struct {
		try  func(ctx context.Context, s payment.Store) error
		want error
	}{
		"conflict":      {func(ctx context.Context, s payment.Store) error { return s.Commit(ctx, changes(1, 5, 1)) }, payment.ErrConflict},
		"insert exists": {func(ctx context.Context, s payment.Store) error { return s.Commit(ctx, changes(1, 0, 0)) }, payment.ErrConflict},
		"duplicate": {func(ctx context.Context, s payment.Store) error {
			c := changes(1, 1, 1)
			c.Events[0].Seq = 64
			return s.Commit(ctx, c)
		}, payment.ErrDuplicate},
		"due": {func(ctx context.Context, s payment.Store) error {
			return s.Done(ctx, payment.Due{Kind: payment.DueSession, ID: "x", At: noon}, time.Time{})
		}, payment.ErrConflict},
		"delivery": {func(ctx context.Context, s payment.Store) error {
			return s.PutDelivery(ctx, &payment.Delivery{ID: "whd", Version: 3, State: payment.DeliveryHandled})
		}, payment.ErrConflict},
		"settings": {func(ctx context.Context, s payment.Store) error {
			return s.PutSettings(ctx, &payment.Settings{Version: 3})
		}, payment.ErrConflict},
		"invalid": {func(ctx context.Context, s payment.Store) error {
			c := changes(1, 1, 0)
			c.Collection.Metadata = payment.Data{"x": "\x00"}
			return s.Commit(ctx, c)
		}, payment.ErrInvalid},
	}
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			s, pool := open(t, prepared)
			orders(t, pool)
			require.NoError(t, s.Commit(t.Context(), changes(1, 0, 1)))
			for name, c := range refused {
				t.Run(name, func(t *testing.T) {
					ctx := t.Context()
					tx := begin(t, pool, level)
					before := count(t, tx)
					_, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, 1)", name)
					require.NoError(t, err)
					require.ErrorIs(t, c.try(ctx, s.WithTx(tx)), c.want)
					require.Equal(t, before+1, count(t, tx), "the transaction goes on")
					require.NoError(t, tx.Commit(ctx))
					require.Equal(t, before+1, count(t, pool))
				})
			}
		})
	}
}

// TestWithTxSerialization has another commit come between a host's snapshot and its commit.
func TestWithTxSerialization(t *testing.T) {
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, prepared)
			require.NoError(t, s.Commit(ctx, changes(1, 0, 0)))
			tx := begin(t, pool, level)
			in := s.WithTx(tx)
			_, err := in.Load(ctx, payment.Key{CollectionID: id("paycol", 1)})
			require.NoError(t, err)
			require.NoError(t, s.Commit(ctx, changes(1, 1, 0)))
			err = in.Commit(ctx, changes(1, 1, 0))
			require.NotErrorIs(t, err, payment.ErrCommitUnknown)
			if level == pgx.ReadCommitted {
				require.ErrorIs(t, err, payment.ErrConflict)
				require.NoError(t, in.Commit(ctx, changes(1, 2, 0)), "on the version that it sees now")
				require.NoError(t, tx.Commit(ctx))
				return
			}
			var said *pgconn.PgError
			require.ErrorAs(t, err, &said)
			require.Equal(t, "40001", said.Code)
			require.NotErrorIs(t, err, payment.ErrConflict, "which to load again does not help")
			_, err = tx.Exec(ctx, "SELECT 1")
			require.NoError(t, err, "the transaction can still be asked")
		})
	}
}

func TestWithTxWaitsForItsContext(t *testing.T) {
	ctx := t.Context()
	s, pool := open(t, prepared)
	require.NoError(t, s.Commit(ctx, changes(1, 0, 0)))
	tx := begin(t, pool, pgx.ReadCommitted)
	require.NoError(t, s.WithTx(tx).Commit(ctx, changes(1, 1, 0)))
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	err := s.Commit(short, changes(1, 1, 0))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, payment.ErrCommitUnknown, "the server may still get at the row")
	require.NoError(t, tx.Rollback(ctx))
	require.Eventually(t, func() bool { // it is canceled on the server, or done there
		err := s.Commit(ctx, changes(1, 1, 0))
		return err == nil || errors.Is(err, payment.ErrConflict)
	}, 5*time.Second, 10*time.Millisecond)
}
