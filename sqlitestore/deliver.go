package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed40c892db/payment"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxDelivered is how many events share a transaction: it keeps all other writers waiting.
const maxDelivered = 25

// dueEventsBut finds the collection whose events are due for longest, but for some.
const dueEventsBut = " WHERE kind = 'events' AND at IS NOT NULL AND at <= +? AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY at, id LIMIT 1"

const eventsBeyond = " WHERE collection_id = +? AND seq > +? ORDER BY seq LIMIT ?"

// Deliver hands events to fn that were not delivered yet, those of a collection in their order, at most limit of them, and returns how many
// fn took. What fn writes with tx and the note that the event is delivered are committed together: each event takes effect exactly once,
// whatever crashes. Call it every second or so, on any number of processes, instead of [payment.Config].OnEvent; where there are both, each event
// goes to one of them.
//
// When fn fails or panics, what it wrote is undone and the event is tried again later, after a second at first; the collection's later ones
// wait for it. After Config.GiveUpAfter and 50 tries it is given up, with an error in the log, and kept in Due.Dead. fn must not end tx, must
// not wait for anything but the database, and must reach this store by [Store.WithTx] only: all other writers wait for it.
//
// So it is where what fn did has ended the transaction, or keeps it from being committed: a rollback, an interrupted write, a deferred
// constraint that does not hold. The events before it are handed to fn again then, as what it wrote for them was undone too.
//
// The error is the context's when that ends, or a [*payment.StoreError]: events are delivered again then, and what fn wrote for them is
// undone. Where it is of problem damaged, a collection's events cannot be read, and those of all others were delivered.
func (s *Store) Deliver(ctx context.Context, limit int, fn func(ctx context.Context, tx *sql.Tx, e payment.Event) error) (int, error) {
	delivered := 0
	tried := []string{} // collections whose events cannot be read
	var damaged error
	for delivered < limit {
		if err := ctx.Err(); err != nil {
			return delivered, errors.Join(damaged, err)
		}
		n, id, err := s.deliverSome(ctx, min(limit-delivered, maxDelivered), tried, fn)
		delivered += n
		if e, ok := errors.AsType[*payment.StoreError](err); ok && e.Problem == payment.StoreDamaged && id != "" {
			tried, damaged = append(tried, id), errors.Join(damaged, err)
			continue
		}
		if err != nil || id == "" {
			return delivered, errors.Join(damaged, err)
		}
	}
	return delivered, damaged
}

// deliverSome delivers events of the collection whose are due for longest, but for those that were tried, and returns which one that was; none if
// no other has any. An event that keeps the transaction from being committed has failed like any other, so that it does not hold up all that are
// behind it for ever.
func (s *Store) deliverSome(ctx context.Context, limit int, tried []string, fn deliverer) (n int, id string, err error) {
	but, err := json.Marshal(tried)
	if err != nil {
		return 0, "", err
	}
	blamed := map[string]error{}
	for {
		r := &round{s: s, limit: limit, but: string(but), fn: func(ctx context.Context, tx *sql.Tx, e payment.Event) error {
			if cause := blamed[e.ID]; cause != nil {
				return cause
			}
			return fn(ctx, tx, e)
		}}
		n, err = r.run(ctx)
		switch {
		case err == nil || ctx.Err() != nil || blamed[r.last] != nil || !r.broke(err):
			return n, r.id, explain(context.WithoutCancel(ctx), err)
		case r.handed > 1 && !errors.Is(err, errLost): // one of them did it
			limit = 1
		default:
			blamed[r.last] = errors.New(err.Error()) // and no longer errLost
		}
	}
}

type deliverer = func(context.Context, *sql.Tx, payment.Event) error

// round is one transaction in which events of a collection are delivered.
type round struct {
	s      *Store
	fn     deliverer
	limit  int
	but    string // the collections that were tried, as JSON
	id     string // the collection
	handed int    // events that fn was given
	last   string // the last of them
}

// broke reports whether it is what fn did that has kept the transaction from being committed, and not that the database cannot serve.
func (r *round) broke(err error) bool {
	switch primary(err) {
	case 0, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_ABORT:
		return errors.Is(err, errLost) || primary(err) == sqlite3.SQLITE_CONSTRAINT && r.handed > 0
	}
	return false
}

func (r *round) run(ctx context.Context) (n int, err error) {
	s, now := r.s, r.s.cfg.Now()
	if some, err := s.anyDue(ctx, payment.DueEvents, now); err != nil || !some {
		return 0, err
	}
	c, err := s.take(ctx, s.writer)
	if err != nil {
		return 0, explain(ctx, err)
	}
	defer s.writer.give(c)
	tx, err := s.begin(ctx, c)
	if err != nil {
		return 0, explain(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after a Commit it does nothing
	// From here on only fn sees the context: an interrupted write would undo all of the others.
	safe := context.WithoutCancel(ctx)
	d, err := r.find(safe, c, now)
	if err != nil || d == nil {
		return 0, err
	}
	claimed := d.At
	n, again, err := r.deliverTo(ctx, c, tx, d)
	if err == nil {
		d.At = claimed
		err = s.t.done(safe, c, *d, again)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return 0, err
	}
	return n, ctx.Err()
}

// find finds the collection, and how far its events are delivered; nil if there is none.
func (r *round) find(ctx context.Context, c *connection, now time.Time) (*payment.Due, error) {
	due, damaged, err := r.s.t.due.findSome(ctx, c, dueEventsBut, now.UnixMicro(), r.but)
	switch {
	case err != nil:
		return nil, err
	case len(damaged) > 0:
		r.id = damaged[0].id
		return nil, damaged[0].err
	case len(due) == 0:
		return nil, nil
	}
	r.id = due[0].ID
	return due[0], nil
}

// begin begins a transaction that can write. The store's own connections begin theirs with the lock.
func (s *Store) begin(ctx context.Context, c *connection) (*sql.Tx, error) {
	if err := s.intact(); err != nil {
		return nil, err
	}
	patience, cancel := context.WithTimeout(ctx, s.cfg.BusyTimeout)
	defer cancel()
	for {
		tx, err := c.conn.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil {
			if _, err = c.exec(patience, lock); err == nil {
				return tx, nil
			}
			err = errors.Join(err, tx.Rollback())
		}
		if !busy(err) || patience.Err() != nil || s.life.Err() != nil {
			return nil, err
		}
		s.pause()
	}
}

// deliverTo hands events to fn one after the other, each between SAVEPOINT and RELEASE, and notes in d how far that went. again is when to go
// on after a failure, zero where there was none.
func (r *round) deliverTo(ctx context.Context, c *connection, tx *sql.Tx, d *payment.Due) (n int, again time.Time, err error) {
	s, safe := r.s, context.WithoutCancel(ctx)
	events, err := s.t.events.find(safe, c, eventsBeyond, d.ID, d.Seq, r.limit)
	if err != nil {
		return 0, again, err
	}
	for _, e := range events {
		if ctx.Err() != nil {
			break
		}
		r.handed, r.last = r.handed+1, e.ID
		err := within(safe, c, func() error { return r.fn(ctx, tx, *e) })
		switch {
		case err == nil:
			d.Seq, d.Tries = e.Seq, 0
			n++
			continue
		case errors.Is(err, errLost):
			return 0, again, fmt.Errorf("event %s: fn has ended the transaction, or the database has: %w", e.ID, err)
		case ctx.Err() != nil:
			return n, again, nil //nolint:nilerr // it did not fail, it was stopped
		}
		tries := d.Tries + 1
		if again = d.EventFailed(e, s.cfg.Now(), s.cfg.GiveUpAfter); !again.IsZero() {
			s.cfg.Logger.WarnContext(ctx, "sqlitestore: an event could not be delivered; it is tried again", "event_id", e.ID, "event_kind", e.Kind,
				"collection_id", e.CollectionID, "tries", tries, "error", err)
			return n, again, nil
		}
		s.cfg.Logger.ErrorContext(ctx, "sqlitestore: an event was given up: it could never be delivered", "event_id", e.ID, "event_kind", e.Kind,
			"collection_id", e.CollectionID, "tries", tries, "error", err)
	}
	return n, again, nil //nolint:nilerr // what failed is in the log
}
