package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

// brokenStore is a correct store with one fault.
type brokenStore struct {
	fault string                            // as the end of "a store that …"
	cases []string                          // which have to fail
	wrap  func(payment.Store) payment.Store // adds the fault
}

// brokenStores returns all of them, in the order of the kit.
func brokenStores() []brokenStore {
	return slices.Concat(brokenRows(), brokenContexts(), brokenLoads(), brokenCommits(), brokenLists(), brokenListsOfDeliveries(), brokenDues(),
		brokenEvents(), brokenDeliveries(), brokenSettings(), brokenLater(), brokenInCrowds())
}

// broken is a store some of whose methods are replaced; each gets the store beneath.
type broken struct {
	payment.Store
	load        func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error)
	commit      func(ctx context.Context, s payment.Store, c *payment.Changes) error
	list        func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error)
	claim       func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error)
	done        func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error
	putDelivery func(ctx context.Context, s payment.Store, d *payment.Delivery) error
	settings    func(ctx context.Context, s payment.Store) (*payment.Settings, error)
	putSettings func(ctx context.Context, s payment.Store, v *payment.Settings) error
}

// wrap puts the fault on top of a store.
func (b broken) wrap(s payment.Store) payment.Store {
	b.Store = s
	return &b
}

// Load is the replaced one, if any; the error is its.
func (b *broken) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if b.load == nil {
		return b.Store.Load(ctx, by)
	}
	return b.load(ctx, b.Store, by)
}

// Commit is the replaced one, if any; the error is its.
func (b *broken) Commit(ctx context.Context, c *payment.Changes) error {
	if b.commit == nil {
		return b.Store.Commit(ctx, c)
	}
	return b.commit(ctx, b.Store, c)
}

// List is the replaced one, if any; the error is its.
func (b *broken) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if b.list == nil {
		return b.Store.List(ctx, kind, f, p)
	}
	return b.list(ctx, b.Store, kind, f, p)
}

// Claim is the replaced one, if any; the error is its.
func (b *broken) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if b.claim == nil {
		return b.Store.Claim(ctx, kind, now, until, limit)
	}
	return b.claim(ctx, b.Store, kind, now, until, limit)
}

// Done is the replaced one, if any; the error is its.
func (b *broken) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if b.done == nil {
		return b.Store.Done(ctx, d, again)
	}
	return b.done(ctx, b.Store, d, again)
}

// PutDelivery is the replaced one, if any; the error is its.
func (b *broken) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	if b.putDelivery == nil {
		return b.Store.PutDelivery(ctx, d)
	}
	return b.putDelivery(ctx, b.Store, d)
}

// Settings is the replaced one, if any; the error is its.
func (b *broken) Settings(ctx context.Context) (*payment.Settings, error) {
	if b.settings == nil {
		return b.Store.Settings(ctx)
	}
	return b.settings(ctx, b.Store)
}

// PutSettings is the replaced one, if any; the error is its.
func (b *broken) PutSettings(ctx context.Context, s *payment.Settings) error {
	if b.putSettings == nil {
		return b.Store.PutSettings(ctx, s)
	}
	return b.putSettings(ctx, b.Store, s)
}

type wrapper = func(payment.Store) payment.Store

// afterLoad changes what Load returns.
func afterLoad(f func(*payment.Rows)) wrapper {
	return broken{load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
		r, err := s.Load(ctx, by)
		if err == nil {
			f(r)
		}
		return r, err
	}}.wrap
}

// beforeLoad changes what is loaded.
func beforeLoad(f func(*payment.Key)) wrapper {
	return broken{load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
		f(&by)
		return s.Load(ctx, by)
	}}.wrap
}

// afterList changes what List returns.
func afterList(f func(*payment.Rows)) wrapper {
	return broken{list: func(ctx context.Context, s payment.Store, kind payment.RowKind, fi payment.Filter, p payment.Page) (*payment.Rows, error) {
		r, err := s.List(ctx, kind, fi, p)
		if err == nil {
			f(r)
		}
		return r, err
	}}.wrap
}

// beforeList changes what is listed.
func beforeList(f func(payment.RowKind, *payment.Filter, *payment.Page)) wrapper {
	return broken{list: func(ctx context.Context, s payment.Store, kind payment.RowKind, fi payment.Filter, p payment.Page) (*payment.Rows, error) {
		f(kind, &fi, &p)
		return s.List(ctx, kind, fi, p)
	}}.wrap
}

// beforeCommit changes a copy of what is committed.
func beforeCommit(f func(*payment.Changes)) wrapper {
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		other := copyChanges(c)
		f(other)
		return s.Commit(ctx, other)
	}}.wrap
}

// copyChanges copies lists and rows, so that a fault does not touch the caller's.
func copyChanges(c *payment.Changes) *payment.Changes {
	other := *c
	collection := *c.Collection
	other.Collection = &collection
	other.Sessions, other.Payments, other.Captures = copyRows(c.Sessions), copyRows(c.Payments), copyRows(c.Captures)
	other.Refunds, other.Operations, other.Requests = copyRows(c.Refunds), copyRows(c.Operations), copyRows(c.Requests)
	other.Events, other.Due = copyRows(c.Events), slices.Clone(c.Due)
	return &other
}

func copyRows[T any](rows []*T) []*T {
	var copies []*T
	for _, r := range rows {
		row := *r
		copies = append(copies, &row)
	}
	return copies
}

// afterClaim changes what Claim returns.
func afterClaim(f func([]payment.Due) []payment.Due) wrapper {
	return broken{claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
		due, err := s.Claim(ctx, kind, now, until, limit)
		return f(due), err
	}}.wrap
}

// eachRow returns a change of every row in a list of any kind.
func eachRow(f func(any)) func(*payment.Rows) {
	return func(r *payment.Rows) {
		each(r.Collections, f)
		each(r.Sessions, f)
		each(r.Payments, f)
		each(r.Captures, f)
		each(r.Refunds, f)
		each(r.Operations, f)
		each(r.Requests, f)
		each(r.Events, f)
		each(r.Deliveries, f)
	}
}

func each[T any](rows []*T, f func(any)) {
	for _, r := range rows {
		f(r)
	}
}

// forced commits without a look at the version.
func forced(ctx context.Context, s payment.Store, c *payment.Changes) error {
	for {
		other := *c
		other.Version = 0
		if r, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID}); err == nil {
			other.Version = r.Collections[0].Version
		}
		if err := s.Commit(ctx, &other); !errors.Is(err, payment.ErrConflict) {
			return err
		}
	}
}
