package pgstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

// Commit writes all of c or nothing, if the collection's version is c.Version, in one round trip.
//
// The error matches ErrConflict, ErrDuplicate or ErrCommitUnknown as [payment.Store] says. It matches ErrInvalid when c cannot be stored:
// it holds more than 64 rows or 1 MiB, a row twice, a nil row, one without an ID, data that JSON cannot hold, or a text with a NUL
// character. It is a [*payment.StoreError] when the database cannot serve.
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	b := &pgx.Batch{}
	if err := s.queue(b, c); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	err := s.db.write(ctx, b, func(results pgx.BatchResults) error {
		for i := range b.Len() {
			if _, err := results.Exec(); err != nil {
				return commitError(c, i == 0, err)
			}
		}
		return nil
	})
	return s.explain(ctx, "commit", err)
}

// commitError tells what a statement of a commit, the first or another, was refused for.
func commitError(c *payment.Changes, first bool, err error) error {
	switch {
	case first && isCode(err, divisionByZero, uniqueViolation):
		return refused("collection %.64q has no version %d: %w", c.CollectionID, c.Version, payment.ErrConflict)
	case isCode(err, divisionByZero, uniqueViolation, notNullViolation):
		return refused("a row of collection %.64q: %w: %w", c.CollectionID, payment.ErrDuplicate, err)
	}
	return err
}

// queue writes the statements of a commit: the collection first, which everybody who changes it waits for.
func (s *Store) queue(b *pgx.Batch, c *payment.Changes) error {
	w := &writer{}
	w.collection(c.Collection, c.Version+1)
	if c.Version == 0 {
		b.Queue(s.sql.insertCollection, w.args...)
	} else {
		b.Queue(s.sql.updateCollection, append(w.args, c.Version)...)
	}
	for _, r := range c.Sessions {
		w.session(r)
		b.Queue(s.sql.upsertSession, w.args...)
	}
	for _, r := range c.Payments {
		w.payment(r)
		b.Queue(s.sql.upsertPayment, w.args...)
	}
	for _, r := range c.Captures {
		w.capture(r)
		b.Queue(s.sql.upsertCapture, w.args...)
	}
	for _, r := range c.Refunds {
		w.refund(r)
		b.Queue(s.sql.upsertRefund, w.args...)
	}
	for _, r := range c.Operations {
		w.operation(r)
		if r.State == payment.OperationOpen || r.State == payment.OperationNeedsAttention {
			b.Queue(s.sql.upsertOpen, w.args...)
		} else {
			b.Queue(s.sql.upsertEnded, w.args...)
		}
	}
	for _, r := range c.Requests {
		w.request(r)
		b.Queue(s.sql.upsertRequest, w.args...)
	}
	for i, r := range c.Events {
		w.event(r)
		if i > 0 {
			b.Queue(s.sql.insertEvent, w.args...)
			continue
		}
		newest := slices.MaxFunc(c.Events, func(a, b *payment.Event) int { return cmp.Compare(a.Seq, b.Seq) }).Seq
		b.Queue(s.sql.insertFirst, append(w.args, newest)...) // it makes them due as well
	}
	s.queueDue(b, w, c)
	return w.tooLarge()
}

// queueDue writes due work in the order of its keys: it is also claimed and finished by others, who know no collection.
func (s *Store) queueDue(b *pgx.Batch, w *writer, c *payment.Changes) {
	due := c.Due
	if len(due) > 1 {
		due = slices.Clone(due)
		slices.SortFunc(due, func(a, b payment.Due) int { return strings.Compare(string(a.Kind)+a.ID, string(b.Kind)+b.ID) })
	}
	for i := range due {
		d := &due[i]
		w.due(d)
		if d.At.IsZero() {
			b.Queue(s.sql.deleteDue, string(d.Kind), d.ID, c.CollectionID)
		} else {
			b.Queue(s.sql.upsertDue, w.args...)
		}
	}
}
