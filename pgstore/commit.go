package pgstore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/seed40c892db/payment"
)

// Commit writes all of c or nothing, if the collection's version is c.Version, in one round trip.
//
// The error matches [payment.ErrConflict], [payment.ErrDuplicate] or [payment.ErrCommitUnknown] as [payment.Store] says. It matches
// [payment.ErrInvalid] when c cannot be stored: it holds more than 64 rows or 1 MiB, a row twice, a nil row, one without an ID, data that JSON cannot
// hold, a text with a NUL character, or what the server can never store, such as a reference of many KB, which its indexes do not take. It is a
// [*payment.StoreError] when the database cannot serve.
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	works := worksOf(c)
	w := s.writer(s.sql.commit(shapeOf(c, works)))
	w.commit(c, works)
	if err := w.tooLarge(); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	out := &write{changes: c, arguments: &w.arguments, size: w.size, ctx: ctx}
	var err error
	if s.queue == nil {
		err = out.send(s.db)
	} else {
		err = s.queue.send(out)
	}
	if !out.left { // else others may still be sending it
		s.done(w)
	}
	return s.explain(ctx, "commit", commitError(c, err))
}

// writer returns one for the rows of a commit by a statement.
func (s *Store) writer(of *statement) *writer {
	w := &writer{}
	if s.spare != nil {
		if spare, ok := s.spare.Get().(*writer); ok {
			w = spare
		}
	}
	*w = writer{all: true, arguments: of.take(w.arguments)}
	return w
}

// done keeps a writer, whose arguments nobody will read any more, for another commit.
func (s *Store) done(w *writer) {
	const largest = 16 << 10
	if s.spare != nil && cap(w.bytes) <= largest {
		clear(w.bytes) // some of it is secret
		s.spare.Put(w)
	}
}

// commitError tells what a commit was refused for.
func commitError(c *payment.Changes, err error) error {
	switch {
	case isCode(err, divisionByZero), errors.Is(err, errStale):
		return refused("collection %.64q has no version %d: %w", c.CollectionID, c.Version, payment.ErrConflict)
	case isCode(err, uniqueViolation, notNullViolation, negativeRoot):
		return refused("a row of collection %.64q: %w: %w", c.CollectionID, payment.ErrDuplicate, err)
	}
	return unstorable("Changes", err)
}

// commit writes the rows of a commit, in the order in which its statement takes them.
func (w *writer) commit(c *payment.Changes, works *works) {
	w.collection(c.Collection, c.Version+1)
	if c.Version != 0 {
		w.number(c.Version)
	}
	for _, r := range c.Sessions {
		w.session(r)
	}
	for _, r := range c.Payments {
		w.payment(r)
	}
	for _, r := range c.Captures {
		w.capture(r)
	}
	for _, r := range c.Refunds {
		w.refund(r)
	}
	for _, r := range c.Operations {
		w.operation(r)
	}
	for _, r := range c.Requests {
		w.request(r)
	}
	for _, r := range c.Events {
		w.event(r)
	}
	if len(c.Events) > 0 {
		w.number(slices.MaxFunc(c.Events, func(a, b *payment.Event) int { return cmp.Compare(a.Seq, b.Seq) }).Seq)
	}
	w.works(works)
}
