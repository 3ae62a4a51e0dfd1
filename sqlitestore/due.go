package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	dueBy       = " WHERE kind = +? AND at IS NOT NULL AND at <= +? ORDER BY at, id LIMIT ?"
	anyDue      = "SELECT EXISTS (SELECT 1 FROM payment_due" + dueBy + ")"
	claimDue    = "UPDATE payment_due SET at = ? WHERE kind = +? AND id = +?"
	removeDue   = "DELETE FROM payment_due WHERE kind = +? AND id = +? AND at = +?"
	putDue      = "UPDATE payment_due SET at = ?, collection_id = ?, tries = ?, seq = ?, dead = ? WHERE kind = +? AND id = +? AND at = +?"
	eventBeyond = "SELECT at FROM payment_events WHERE collection_id = +? AND seq > +? ORDER BY seq LIMIT 1"
)

// Claim returns the oldest due work of a kind, at most limit of it, and makes it due again at until. Nothing due is an empty list.
//
// A row that cannot be read is due again at until as well, and keeps nobody from the others. It is an error, a [*payment.StoreError] of problem damaged,
// where no other was due. Any other StoreError says that the database cannot serve: nothing was claimed. After the context's error something may
// have been, until then.
func (s *Store) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if limit < 1 {
		return nil, ctx.Err()
	}
	// Mostly nothing is due, and to see that needs no lock.
	if some, err := s.anyDue(ctx, kind, now); err != nil || !some {
		return nil, err
	}
	var c claims
	err := s.write(ctx, func(ctx context.Context, db database) (err error) {
		c, err = s.t.claim(ctx, db, kind, now, until, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.answer()
}

// claims is what was claimed.
type claims struct {
	due     []payment.Due
	damaged error // of the first row that cannot be read
}

// answer returns what Claim returns.
func (c claims) answer() ([]payment.Due, error) {
	if len(c.due) == 0 {
		return nil, c.damaged
	}
	return c.due, nil
}

// anyDue reports whether work of a kind is due.
func (s *Store) anyDue(ctx context.Context, kind payment.DueKind, now time.Time) (some bool, err error) {
	err = s.read(ctx, func(ctx context.Context, db database) error {
		return scanOne(ctx, db, &some, anyDue, string(kind), now.UnixMicro(), 1)
	})
	return some, err
}

func (t *tables) claim(ctx context.Context, db database, kind payment.DueKind, now, until time.Time, limit int) (c claims, err error) {
	if limit < 1 {
		return claims{}, nil
	}
	due, damaged, err := t.due.findSome(ctx, db, dueBy, string(kind), now.UnixMicro(), limit)
	if err != nil {
		return claims{}, err
	}
	for _, d := range damaged {
		if _, err := db.exec(ctx, claimDue, until.UnixMicro(), string(kind), d.id); err != nil {
			return claims{}, err
		}
		c.damaged = cmp.Or(c.damaged, d.err)
	}
	for _, d := range due {
		if _, err := db.exec(ctx, claimDue, until.UnixMicro(), string(kind), d.ID); err != nil {
			return claims{}, err
		}
		d.At = until.UTC().Truncate(time.Microsecond)
		c.due = append(c.due, *d)
	}
	return c, nil
}

// Done stores d with At = again, or removes it when again is zero. A row of DueEvents stays then, and is not due until the next event; one
// beyond d.Seq that is there already makes it due at that event's At.
//
// The error matches [payment.ErrConflict] when the stored At is no longer d.At or is zero, or the row is gone: somebody else has it, leave it to
// them. A [*payment.StoreError] says that the database cannot serve: nothing was written.
func (s *Store) Done(ctx context.Context, d payment.Due, again time.Time) error {
	return s.write(ctx, func(ctx context.Context, db database) error { return s.t.done(ctx, db, d, again) })
}

func (t *tables) done(ctx context.Context, db database, d payment.Due, again time.Time) error {
	claimed := d.At.UnixMicro()
	if d.At.IsZero() {
		return lostDue(d)
	}
	var n int64
	var err error
	if again.IsZero() && d.Kind != payment.DueEvents {
		n, err = db.exec(ctx, removeDue, string(d.Kind), d.ID, claimed)
	} else {
		var at any
		if at, err = nextAt(ctx, db, d, again); err != nil {
			return err
		}
		e := &encoder{row: "Due"}
		dead := e.value("Dead", &d.Dead)
		n, err = db.exec(ctx, putDue, at, d.CollectionID, d.Tries, d.Seq, dead, string(d.Kind), d.ID, claimed)
	}
	if err == nil && n == 0 {
		err = lostDue(d)
	}
	return err
}

// nextAt returns when work is due again: at the first event beyond, where it is one of events that are done; NULL when there is none.
func nextAt(ctx context.Context, db database, d payment.Due, again time.Time) (any, error) {
	if !again.IsZero() {
		return again.UnixMicro(), nil
	}
	var at *int64
	err := scanOne(ctx, db, &at, eventBeyond, d.ID, d.Seq)
	if at == nil {
		return nil, err
	}
	return *at, err
}

func lostDue(d payment.Due) error {
	return fmt.Errorf("sqlitestore: %s %.64q is no longer due at %s: %w", d.Kind, d.ID, d.At.UTC().Format(time.RFC3339Nano), payment.ErrConflict)
}
