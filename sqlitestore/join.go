package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/seed40c892db/payment"
	sqlite3 "modernc.org/sqlite/lib"
)

// WithTx returns the store as it is inside the host's transaction: it sees what tx has written, and what it writes is there when tx commits.
// Each call stands between SAVEPOINT and RELEASE, so that after an error, such as [payment.ErrConflict], tx can go on without it. Where SQLite has
// rolled back all of tx for the error, as it does when the disk is full, tx is at its end: whatever the host does with it returns [sql.ErrTxDone], and a
// call of the store a [*payment.StoreError] of problem gone.
//
// tx is to be begun with BEGIN IMMEDIATE (_txlock=immediate in the data source name), else a call may find that somebody else has written since
// tx began to read: a [*payment.StoreError] of problem busy, after which tx must be rolled back. How long a call waits for others' writes is then the
// busy_timeout of the host's connection: the end of its context does not end the wait.
//
// tx may be of any database where [Migrate] was run. While it is open nobody else can write: keep it short, and call no provider.
func (s *Store) WithTx(tx *sql.Tx) payment.Store {
	return &joined{s.t, transaction{tx}, make(chan struct{}, 1)}
}

// transaction is the host's, as a database.
type transaction struct{ tx *sql.Tx }

func (t transaction) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t transaction) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...)
}

// joined is the store inside a transaction of the host.
type joined struct {
	t    *tables
	db   transaction
	turn chan struct{} // full while a call is under way: there is one connection for all of them
}

// alone runs one call at a time.
func (j *joined) alone(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case j.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-j.turn }()
	return j.explain(ctx, call())
}

// lock writes nothing, and takes the lock that a write needs.
const lock = "UPDATE payment_schema SET version = version WHERE false"

// write is never interrupted, not even where it waits for the lock: SQLite would undo all that the host has written. Where SQLite has done so, the host's
// transaction is ended for database/sql too, which would let each of the host's next statements be a transaction of its own.
func (j *joined) write(ctx context.Context, run func(context.Context, database) error) error {
	return j.alone(ctx, func() error {
		safe := context.WithoutCancel(ctx)
		err := within(safe, j.db, func() error {
			if _, err := j.db.exec(safe, lock); err != nil {
				return err
			}
			return run(safe, j.db)
		})
		if errors.Is(err, errLost) {
			_ = j.db.tx.Rollback() // there is nothing left to roll back, as a rule
		}
		return err
	})
}

// explain says it when the tables are missing.
func (j *joined) explain(ctx context.Context, err error) error {
	if code(err) == sqlite3.SQLITE_ERROR {
		if version, unknown := schemaVersion(ctx, j.db); unknown == nil && version != schema {
			return checkVersion(version)
		}
	}
	return explain(ctx, err)
}

// Load is [Store.Load] in the transaction; its errors are the same.
func (j *joined) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	var rows *payment.Rows
	err := j.alone(ctx, func() (err error) {
		rows, err = j.t.load(ctx, j.db, by)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Commit is [Store.Commit] in the transaction; its errors are the same, but never [payment.ErrCommitUnknown]. A conflict is returned, not tried
// again.
func (j *joined) Commit(ctx context.Context, c *payment.Changes) error {
	statements, err := j.t.commit(c)
	if err != nil {
		return err
	}
	return j.write(ctx, func(ctx context.Context, db database) error { return runAll(ctx, db, statements) })
}

// List is [Store.List] in the transaction; its errors are the same.
func (j *joined) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	var rows *payment.Rows
	err := j.alone(ctx, func() (err error) {
		rows, err = j.t.list(ctx, j.db, kind, f, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Claim is [Store.Claim] in the transaction; its errors are the same.
func (j *joined) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	var c claims
	err := j.write(ctx, func(ctx context.Context, db database) (err error) {
		c, err = j.t.claim(ctx, db, kind, now, until, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.answer()
}

// Done is [Store.Done] in the transaction; its errors are the same.
func (j *joined) Done(ctx context.Context, d payment.Due, again time.Time) error {
	return j.write(ctx, func(ctx context.Context, db database) error { return j.t.done(ctx, db, d, again) })
}

// PutDelivery is [Store.PutDelivery] in the transaction; its errors are the same, but never [payment.ErrCommitUnknown].
func (j *joined) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	statements, err := j.t.putDelivery(d)
	if err != nil {
		return err
	}
	return j.write(ctx, func(ctx context.Context, db database) error { return runAll(ctx, db, statements) })
}

// Settings is [Store.Settings] in the transaction; its errors are the same.
func (j *joined) Settings(ctx context.Context) (*payment.Settings, error) {
	var settings *payment.Settings
	err := j.alone(ctx, func() (err error) {
		settings, err = loadSettings(ctx, j.db)
		return err
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

// PutSettings is [Store.PutSettings] in the transaction; its errors are the same, but never [payment.ErrCommitUnknown].
func (j *joined) PutSettings(ctx context.Context, next *payment.Settings) error {
	statements, err := putSettings(next)
	if err != nil {
		return err
	}
	return j.write(ctx, func(ctx context.Context, db database) error { return runAll(ctx, db, statements) })
}

var _ payment.Store = (*joined)(nil)
