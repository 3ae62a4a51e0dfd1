package pgstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed40c892db/payment"
)

// eventBatch is how many events of a collection are delivered in one transaction at most.
const eventBatch = 100

// Deliver hands due events to fn, those of a collection in their order, each in a transaction of the store. What fn writes with tx and the
// mark that the event is delivered are committed together: fn takes effect exactly once, also through crashes. Run it from time to time, in
// any number of processes, instead of setting Config.OnEvent of the Service; both share their marks, so each event goes to one of them.
// It returns when nothing is due, or when limit events were delivered, and how many were.
//
// Where fn returns an error, or panics, what it wrote for that event is rolled back; the events before it stay delivered. It gets the event
// again after a pause that grows to 10 minutes, and the collection's later events wait; after 50 tries and [Config].GiveUpAfter it is given
// up. Both are logged, not returned. Where the connection breaks meanwhile, fn gets the event once more before that counts. fn cannot
// commit or roll back tx, but may use savepoints of its own. It must not wait for a call of the Service on the same rows that is not bound to tx.
//
// The error is the context's, or a [*payment.StoreError] when the database cannot serve; what was delivered before stays so.
func (s *Store) Deliver(ctx context.Context, limit int, fn func(ctx context.Context, tx pgx.Tx, e payment.Event) error) (delivered int, err error) {
	if s.pool == nil {
		return 0, payment.ErrInTransaction
	}
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	tried := []string{} // lest those that others hold, or that cannot be read, are looked at again and again
	for delivered < limit {
		ids, failed := s.dueEvents(ctx, tried)
		if failed != nil {
			return delivered, errors.Join(err, s.explain(ctx, "find due events", failed))
		}
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			if delivered >= limit {
				break
			}
			n, moved, failed := s.deliverOf(ctx, id, limit-delivered, fn)
			delivered += n
			if !moved {
				tried = append(tried, id)
			}
			if failed = s.explain(ctx, "deliver events of "+id, failed); failed != nil {
				err = errors.Join(err, failed)
			}
			if ctx.Err() != nil {
				return delivered, errors.Join(err, ctx.Err())
			}
		}
	}
	return delivered, err
}

// dueEvents returns some collections with due events.
func (s *Store) dueEvents(ctx context.Context, but []string) ([]string, error) {
	b := &pgx.Batch{}
	b.Queue("SELECT id FROM "+s.sql.schema+".due WHERE kind = 'events' AND at <= $1 AND id <> ALL ($2) ORDER BY at, id LIMIT 16", s.cfg.Now(), but)
	var ids []string
	err := s.db.read(ctx, b, func(results results) error {
		ids = nil
		return eachRow(results, func(r *reader) error {
			ids = append(ids, r.text())
			return r.err
		})
	})
	return ids, err
}

// deliverOf delivers a collection's events: as many as one transaction takes. Where fn has broken that, or its commit fails, as it does for
// constraints that are checked at the end, one event is delivered at a time, and the one that does it has failed like any other. Where the connection was
// closed, that may have been the network: fn has a second chance. It returns how many were delivered, and whether at least one was, or was given up.
func (s *Store) deliverOf(ctx context.Context, id string, limit int, fn func(context.Context, pgx.Tx, payment.Event) error) (n int, moved bool,
	err error) {
	r := &round{s: s, fn: fn, id: id, limit: min(limit, eventBatch)}
	err = r.run(ctx)
	if r.broke(err) && (r.handed > 1 || r.closed) {
		r.limit = 1
		err = r.rerun(ctx)
	}
	if r.broke(err) && r.handed == 1 {
		cause := err
		r.limit, r.fn = 1, func(context.Context, pgx.Tx, payment.Event) error { return cause }
		err = r.rerun(ctx)
	}
	switch {
	case errors.Is(err, payment.ErrConflict):
		return 0, false, nil // somebody else has them now
	case err != nil:
		return 0, false, err
	}
	return r.delivered, r.moved, nil
}

// round is one transaction in which events of a collection are delivered.
type round struct {
	s     *Store
	fn    func(context.Context, pgx.Tx, payment.Event) error
	id    string
	limit int

	handed     int  // events that fn was given
	delivered  int  // those that it took
	moved      bool // whether any was delivered or given up
	committing bool // whether the transaction was asked to commit
	closed     bool // whether the connection was closed while fn had it
}

// errBroken says that fn has left the transaction unusable.
var errBroken = errors.New("fn ended the transaction, put another in its place, left a result open, or took longer than the server waits; or the connection broke twice")

// broke reports whether what fn did has kept the transaction from being committed.
func (r *round) broke(err error) bool {
	said, ok := errors.AsType[*pgconn.PgError](err)
	return ok && r.committing && isError(said) || errors.Is(err, errBroken)
}

func (r *round) run(ctx context.Context) error {
	r.handed, r.delivered, r.moved, r.committing, r.closed = 0, 0, false, false, false
	c, err := r.s.pool.Acquire(ctx)
	if err != nil {
		return &acquireError{err: err, full: full(r.s.pool)}
	}
	defer c.Release()
	tx, err := c.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return scrub(err)
	}
	defer r.end(ctx, tx)
	d, events, err := r.begin(ctx, tx)
	if err != nil || d == nil {
		return err
	}
	again := time.Time{}
	for _, e := range events {
		r.handed++
		err := r.hand(ctx, tx, *e)
		if err == nil {
			r.delivered++
			r.moved = true
			d.Seq, d.Tries = e.Seq, 0
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// No transaction, one that has failed, a result that is open, or a connection that the server has closed, as it does to who is idle for too long.
		if c := tx.Conn().PgConn(); c.TxStatus() != 'T' || c.IsBusy() || c.IsClosed() {
			r.closed = c.IsClosed()
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		if again = r.failed(ctx, d, e, err); !again.IsZero() {
			break
		}
		r.moved = true
	}
	if err := r.mark(ctx, tx, d, again); err != nil {
		return err
	}
	r.committing = true
	return scrub(tx.Commit(ctx))
}

// rerun runs again what has broken. Where the connection had to be closed, the server takes a moment to notice, and holds the lock until then:
// an event that were passed over for it would never be given up.
func (r *round) rerun(ctx context.Context) error {
	for try := 1; ; try++ {
		err := r.run(ctx)
		if err != nil || r.handed > 0 || try == 20 {
			return err
		}
		pause, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		<-pause.Done()
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// end ends the transaction, and closes the connection if fn left it in use.
func (r *round) end(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if c := tx.Conn(); c.PgConn().IsBusy() {
		_ = c.Close(ctx) // the server rolls back
	}
	_ = tx.Rollback(ctx) // after a commit there is nothing to roll back
}

// begin takes the collection's events for this transaction, and reads some; d is nil when somebody else has them. The lock that keeps
// other deliverers out is an advisory one, and the row is locked so that it can be changed by commits, which write more events, but not
// claimed.
func (r *round) begin(ctx context.Context, tx pgx.Tx) (d *payment.Due, events []*payment.Event, err error) {
	q := r.s.sql
	b := &pgx.Batch{}
	b.Queue("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 5))", r.s.cfg.Schema+"/"+r.id)
	b.Queue("SELECT "+q.due.selected("d")+" FROM "+q.schema+".due d WHERE d.kind = 'events' AND d.id = $1 AND d.at <= $2 "+
		"FOR KEY SHARE SKIP LOCKED", r.id, r.s.cfg.Now())
	b.Queue("SELECT "+q.events.selected("e")+" FROM "+q.schema+".events e WHERE e.collection_id = $1 AND e.seq > "+
		"(SELECT seq FROM "+q.schema+".due WHERE kind = 'events' AND id = $1) ORDER BY e.seq LIMIT $2", r.id, r.limit)
	locked := false
	err = joined{tx}.read(ctx, b, func(results results) error {
		err := eachRow(results, func(r *reader) error {
			locked = r.flag()
			return nil
		})
		if err != nil {
			return err
		}
		err = eachRow(results, func(r *reader) error {
			row := r.due()
			d = &row
			return r.err
		})
		if err != nil {
			return err
		}
		return eachRow(results, func(r *reader) error {
			e := r.event()
			events = append(events, e)
			return r.err
		})
	})
	if !locked {
		d = nil
	}
	return d, events, err
}

// hand gives an event to fn, within a savepoint.
func (r *round) hand(ctx context.Context, tx pgx.Tx, e payment.Event) error {
	if _, err := tx.Exec(ctx, "SAVEPOINT payment_event"); err != nil {
		return err
	}
	err := r.call(ctx, handed{tx}, e)
	if err == nil {
		if _, err = tx.Exec(ctx, "RELEASE SAVEPOINT payment_event"); err == nil {
			return nil
		}
	}
	_, undone := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT payment_event; RELEASE SAVEPOINT payment_event", pgx.QueryExecModeSimpleProtocol)
	return errors.Join(err, undone)
}

// call calls fn, and makes a panic of it an error.
func (r *round) call(ctx context.Context, tx pgx.Tx, e payment.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.fn(ctx, tx, e)
}

// failed notes that fn did not take an event, and returns when it gets it again; zero when it was given up.
func (r *round) failed(ctx context.Context, d *payment.Due, e *payment.Event, err error) time.Time {
	tries := d.Tries + 1
	again := d.EventFailed(e, r.s.cfg.Now(), r.s.cfg.GiveUpAfter)
	if again.IsZero() {
		r.s.cfg.Logger.ErrorContext(ctx, "pgstore: an event was given up: the host never took it", "event_id", e.ID, "event_kind", e.Kind,
			"collection_id", e.CollectionID, "tries", tries, "error", err)
	} else {
		r.s.cfg.Logger.WarnContext(ctx, "pgstore: the host did not take an event; it is delivered again", "event_id", e.ID, "event_kind", e.Kind,
			"collection_id", e.CollectionID, "tries", tries, "due_at", again, "error", err)
	}
	return again
}

// mark writes how far the events are delivered.
func (r *round) mark(ctx context.Context, tx pgx.Tx, d *payment.Due, again time.Time) error {
	w := &writer{}
	marked := *d
	if !again.IsZero() {
		marked.At = again
	}
	w.due(&marked)
	b := &pgx.Batch{}
	b.Queue(r.s.sql.lockEvents, d.ID)
	if again.IsZero() {
		b.Queue(r.s.sql.rest, d.ID, int64(d.Tries), d.Seq, w.value(6), d.At)
	} else {
		b.Queue(r.s.sql.again, append(w.args(), d.At)...)
	}
	return joined{tx}.read(ctx, b, func(results results) error {
		if _, err := results.Exec(); err != nil {
			return err
		}
		tag, err := results.Exec()
		if err == nil && tag.RowsAffected() == 0 {
			return refused("the events of %.64q are no longer due at %s: %w", d.ID, d.At.Format(time.RFC3339Nano), payment.ErrConflict)
		}
		return err
	})
}

// handed is the transaction that fn gets.
type handed struct{ pgx.Tx }

var errNotYours = errors.New("pgstore: Deliver commits what fn writes, and rolls it back if fn returns an error")

// Commit refuses: the store commits.
func (handed) Commit(context.Context) error { return errNotYours }

// Rollback refuses: an error of fn rolls back.
func (handed) Rollback(context.Context) error { return errNotYours }
