package pgstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

// Claim returns the oldest due work of a kind, at most limit of it, and makes it due again at until. It waits for nobody: work that
// somebody else is just claiming is passed over.
//
// The error is a [*payment.StoreError] when the database cannot serve. One that matches [payment.ErrCommitUnknown] means that work may be claimed
// without being returned; it is due again at until.
func (s *Store) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, nil
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	b.Queue(s.sql.claim, string(kind), now, until, limit)
	type claim struct {
		payment.Due
		was time.Time
	}
	var claims []claim
	err := s.db.write(ctx, always(b), func(results results) error {
		claims = nil
		return eachRow(results, func(r *reader) error {
			c := claim{Due: r.due()}
			unreadable := r.err
			c.was = r.time() // somebody may have made that -infinity: it is the oldest then, and no longer so
			claims = append(claims, c)
			return unreadable
		})
	})
	if err != nil {
		return nil, s.explain(ctx, "claim", err)
	}
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Or(a.was.Compare(b.was), cmp.Compare(a.ID, b.ID)) })
	due := make([]payment.Due, len(claims))
	for i := range claims {
		due[i] = claims[i].Due
	}
	return due, nil
}

// eachRow reads the rows of the next statement of a batch.
func eachRow(results results, read func(*reader) error) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	var r *reader
	var unreadable error
	for rows.Next() {
		if r == nil {
			r = newReader(rows)
		} else {
			r.reset(rows)
		}
		if unreadable == nil {
			unreadable = read(r)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return unreadable
}

// Done finishes claimed work: d is stored with At = again, or removed when again is zero. A row of DueEvents stays then, and is not due
// until the next event; one beyond d.Seq that is there already makes it due at that event's At.
//
// The error matches [payment.ErrConflict] when the stored At is no longer d.At, or the row is gone; it is a [*payment.StoreError] when the database
// cannot serve.
func (s *Store) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	w := &writer{}
	claimed := d.At
	if d.At = again; again.IsZero() {
		d.At = claimed
	}
	w.due(&d)
	if w.err != nil {
		return w.err
	}
	b := &pgx.Batch{}
	switch {
	case !again.IsZero():
		b.Queue(s.sql.again, append(w.args(), claimed)...)
	case d.Kind != payment.DueEvents:
		b.Queue(s.sql.finish, string(d.Kind), d.ID, claimed)
	default:
		// The second statement sees every event of the commits that the first has waited for.
		b.Queue(s.sql.lockEvents, d.ID)
		b.Queue(s.sql.rest, d.ID, int64(d.Tries), d.Seq, w.value(6), claimed)
	}
	changed := int64(0)
	err := s.db.write(ctx, always(b), func(results results) error {
		for range b.Len() {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			changed = tag.RowsAffected()
		}
		return nil
	})
	if err != nil {
		return s.explain(ctx, "finish due work", err)
	}
	if changed == 0 {
		return fmt.Errorf("pgstore: %s %.64q is no longer due at %s: %w", d.Kind, d.ID, claimed.UTC().Format(time.RFC3339Nano), payment.ErrConflict)
	}
	return nil
}
