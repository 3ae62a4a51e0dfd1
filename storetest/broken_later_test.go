package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/seed40c892db/payment"
)

// brokenLater are faults that show when a row is written again, or when too much is written at once.
func brokenLater() []brokenStore {
	return []brokenStore{
		{"finds sessions by their first reference alone", []string{"Load/by a reference that came later"}, findsFirstReference},
		{"finds sessions by their former references too", []string{"Load/by a reference that came later"}, findsFormerReferences},
		{"lists what was hidden later", []string{"List/rows deleted later"}, beforeCommit(func(c *payment.Changes) {
			if c.Version > 0 {
				setDeletedAt(c, time.Time{})
			}
		})},
		{"hides for ever what was hidden once", []string{"List/rows deleted later"}, func(s payment.Store) payment.Store {
			var hidden time.Time
			return beforeCommit(func(c *payment.Changes) {
				if hidden.IsZero() {
					hidden = c.Collection.DeletedAt
				}
				setDeletedAt(c, hidden)
			})(s)
		}},
		{"counts what was hidden later", []string{"List/rows deleted later"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil && p.Count {
					f.IncludeDeleted = true
					all, err := s.List(ctx, kind, f, p)
					if err != nil {
						return nil, err
					}
					r.Count = all.Count
				}
				return r, err
			},
		}.wrap},
		{"keeps the first of two events with one Seq", []string{"Commit/event Seq twice at once"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				other := copyChanges(c)
				if len(other.Events) == 2 && other.Events[0].Seq == other.Events[1].Seq {
					other.Events = other.Events[:1]
				}
				return s.Commit(ctx, other)
			},
		}.wrap},
		{"inserts a delivery whose version is missing", []string{"PutDelivery/version is missing"}, broken{
			putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
				err := s.PutDelivery(ctx, d)
				if errors.Is(err, payment.ErrConflict) && d.Version > 0 {
					again := *d
					again.Version = 0
					return s.PutDelivery(ctx, &again)
				}
				return err
			},
		}.wrap},
		{"takes whatever fits into memory", []string{"Commit/too many bytes"}, acceptsInvalid(func(c *payment.Changes) { c.Sessions = c.Sessions[:1] })},
		{"says in its own words that the context has ended", []string{"Context/whose error"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if errors.Is(err, context.Canceled) {
					return nil, errors.New("the client is closed")
				}
				return r, err
			},
		}.wrap},
		{"does not know what came of a read", []string{"Context/whose error"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if errors.Is(err, context.Canceled) {
					return nil, errors.Join(err, payment.ErrCommitUnknown)
				}
				return r, err
			},
		}.wrap},
		{"finishes work in its own words", []string{"Context/whose error"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if err := s.Done(ctx, d, again); !errors.Is(err, context.Canceled) {
					return err
				}
				return errors.New("the client is closed")
			},
		}.wrap},
	}
}

func setDeletedAt(c *payment.Changes, to time.Time) {
	c.Collection.DeletedAt = to
	for _, s := range c.Sessions {
		s.DeletedAt = to
	}
}

// findsFirstReference has an index that is written with a session's first row alone.
func findsFirstReference(s payment.Store) payment.Store {
	first := map[string]string{}
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			for _, r := range c.Sessions {
				if _, there := first[r.ID]; !there {
					first[r.ID] = r.Reference
				}
			}
			return s.Commit(ctx, c)
		},
		load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
			r, err := s.Load(ctx, by)
			if err == nil && by.Reference != "" && len(r.Sessions) == 1 && first[r.Sessions[0].ID] != by.Reference {
				return nil, by.NotFound()
			}
			return r, err
		},
	}.wrap(s)
}

// findsFormerReferences has an index from which nothing is ever removed.
func findsFormerReferences(s payment.Store) payment.Store {
	had := map[string]string{}
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			for _, r := range c.Sessions {
				had[r.Reference] = r.ID
			}
			return s.Commit(ctx, c)
		},
		load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
			r, err := s.Load(ctx, by)
			if errors.Is(err, payment.ErrNotFound) && had[by.Reference] != "" {
				return s.Load(ctx, payment.Key{SessionID: had[by.Reference]})
			}
			return r, err
		},
	}.wrap(s)
}
