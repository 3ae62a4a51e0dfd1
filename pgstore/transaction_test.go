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
	tx, err := j.pool.Begin(ctx)
	if err != nil {
		return err
	}
	if err := f(j.WithTx(tx)); err != nil {
		_ = tx.Rollback(context.WithoutCancel(ctx)) // the connection may be closed
		return err
	}
	return tx.Commit(context.WithoutCancel(ctx)) // one that is given up may have been made
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
	t.Parallel()
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
	require.NoError(t, pool.Ping(ctx)) // there is a second connection
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

// A Service in the host's transaction stores what a host stores with it or not at all, and calls no gateway.
func TestServiceInATransaction(t *testing.T) {
	for _, level := range levels {
		t.Run(string(level), func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, prepared)
			orders(t, pool)
			svc := service(t, s)
			var kept string
			for _, commits := range []bool{false, true} {
				tx := begin(t, pool, level)
				in := svc.WithStore(s.WithTx(tx))
				c, err := in.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: ten})
				require.NoError(t, err)
				_, err = tx.Exec(ctx, "INSERT INTO orders VALUES ($1, 1)", c.ID)
				require.NoError(t, err)
				x, err := in.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: ten})
				require.NoError(t, err)
				_, err = in.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
				require.NoError(t, err)
				_, err = in.CreateSession(ctx, payment.CreateSessionParams{
					CollectionID: c.ID, ProviderID: "sandbox", Amount: ten, Supersede: []string{x.ID},
				})
				require.Error(t, err)
				c2, err := in.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: ten})
				require.NoError(t, err)
				_, err = in.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c2.ID, ProviderID: "sandbox", Amount: ten})
				require.ErrorIs(t, err, payment.ErrInTransaction)
				seen, err := in.GetCollection(ctx, c.ID)
				require.NoError(t, err)
				equalAmount(t, "10", seen.Authorized)
				_, err = svc.GetCollection(ctx, c.ID)
				require.ErrorIs(t, err, payment.ErrNotFound, "before the host commits")
				if !commits {
					require.NoError(t, tx.Rollback(ctx))
					_, err = svc.GetCollection(ctx, c.ID)
					require.ErrorIs(t, err, payment.ErrNotFound)
					require.Zero(t, count(t, pool))
					continue
				}
				require.NoError(t, tx.Commit(ctx))
				kept = c.ID
			}
			require.Equal(t, 1, count(t, pool))
			c, err := svc.GetCollection(ctx, kept)
			require.NoError(t, err)
			equalAmount(t, "10", c.Authorized)

			// Somebody else is faster: the host repeats its whole transaction.
			tx := begin(t, pool, level)
			in := svc.WithStore(s.WithTx(tx))
			_, err = in.GetCollection(ctx, kept)
			require.NoError(t, err)
			_, err = svc.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: kept, Metadata: &payment.Data{"by": "another"}})
			require.NoError(t, err)
			_, err = in.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: kept, Metadata: &payment.Data{"by": "host"}})
			if level != pgx.ReadCommitted { // there every statement sees what was committed before it
				var said *pgconn.PgError
				require.ErrorAs(t, err, &said)
				require.Equal(t, "40001", said.Code)
				return
			}
			require.NoError(t, err)
			require.NoError(t, tx.Commit(ctx))
		})
	}
}

// A bound store that is used after its transaction has ended does not send an operator to look at the server.
func TestTransactionThatHasEnded(t *testing.T) {
	s, pool := open(t)
	for name, end := range map[string]func(pgx.Tx) error{
		"committed":   func(tx pgx.Tx) error { return tx.Commit(t.Context()) },
		"rolled back": func(tx pgx.Tx) error { return tx.Rollback(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			tx := begin(t, pool, pgx.ReadCommitted)
			bound := s.WithTx(tx)
			require.NoError(t, end(tx))
			_, err := bound.Load(t.Context(), payment.Key{CollectionID: "x"})
			problem(t, err, payment.StoreGone)
			require.ErrorContains(t, err, "the transaction has ended")
			err = bound.Commit(t.Context(), changes(1, 0, 1))
			problem(t, err, payment.StoreGone)
			require.ErrorContains(t, err, "the transaction has ended")
		})
	}
}
