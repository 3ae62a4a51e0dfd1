package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

func brokenCommits() []brokenStore {
	return []brokenStore{
		{"begins with version 0", []string{"Commit/inserts at version 0"}, afterLoad(func(r *payment.Rows) { r.Collections[0].Version-- })},
		{"takes the version from the row", []string{"Commit/next version"}, takesRowVersion},
		{"inserts payments and never updates them", []string{"Commit/upserts rows"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				other := copyChanges(c)
				other.Payments = slices.DeleteFunc(other.Payments, func(p *payment.Payment) bool {
					_, err := s.Load(ctx, payment.Key{PaymentID: p.ID})
					return err == nil
				})
				return s.Commit(ctx, other)
			},
		}.wrap},
		{"refuses a request that is there", []string{"Commit/upserts requests"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				for _, r := range c.Requests {
					got, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID, Method: r.Method, RequestKey: r.Key})
					if err == nil && len(got.Requests) > 0 {
						return payment.ErrDuplicate
					}
				}
				return s.Commit(ctx, c)
			},
		}.wrap},
		{"replaces a request that is to be new", []string{"Commit/new request"}, beforeCommit(func(c *payment.Changes) { c.NewRequests = false })},
		{"says conflict where a request is to be new", []string{"Commit/new request"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				if c.NewRequests && errors.Is(err, payment.ErrDuplicate) {
					return payment.ErrConflict
				}
				return err
			},
		}.wrap},
		{"deletes the movements that a commit does not name", []string{"Commit/leaves other rows"}, deletesUnnamed},
		{"forgets the version check", []string{"Commit/version has moved", "Commit/repeated"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				if c.Version == 0 {
					return s.Commit(ctx, c)
				}
				return forced(ctx, s, c)
			},
		}.wrap},
		{"accepts older versions, as long as they are not newer", []string{"Commit/version has moved"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				r, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID})
				if err == nil && c.Version > 0 && c.Version <= r.Collections[0].Version {
					return forced(ctx, s, c)
				}
				return s.Commit(ctx, c)
			},
		}.wrap},
		{"inserts a collection whose version is missing", []string{"Commit/version is missing"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				if _, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID}); errors.Is(err, payment.ErrNotFound) {
					return forced(ctx, s, c)
				}
				return s.Commit(ctx, c)
			},
		}.wrap},
		{"writes over a collection that exists", []string{"Commit/version exists"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				if c.Version == 0 {
					return forced(ctx, s, c)
				}
				return s.Commit(ctx, c)
			},
		}.wrap},
		{"calls a repeated insert a duplicate", []string{"Commit/version exists", "Commit/repeated"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				if c.Version == 0 && errors.Is(err, payment.ErrConflict) {
					return payment.ErrDuplicate
				}
				return err
			},
		}.wrap},
		{"accepts duplicates of events", []string{"Commit/event Seq taken", "Commit/nothing on a taken Seq"}, onDuplicate(true, func(c *payment.Changes) {
			c.Events = nil
		})},
		{"has one sequence of events for all collections", []string{"Commit/event Seq of its collection"}, oneSequence},
		{"accepts duplicates of references", []string{"Commit/reference taken", "Commit/reference twice at once"}, onDuplicate(true, func(c *payment.Changes) {
			c.Captures, c.Refunds = nil, nil
		})},
		{"compares references of captures and refunds", []string{"Commit/reference not taken"}, comparesReferences(func(a, b string) bool { return a == b }, true)},
		{
			"compares references whatever the case of letters", []string{"Commit/reference not taken"},
			comparesReferences(strings.EqualFold, false),
		},
		{"takes the rows of other collections", []string{"Commit/row of another collection"}, onDuplicate(true, dropRows)},
		{"calls a row of another collection a conflict", []string{"Commit/row of another collection"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				if err := s.Commit(ctx, c); err == nil || errors.Is(err, payment.ErrConflict) {
					return err
				}
				return payment.ErrConflict
			},
		}.wrap},
		{"applies half of a commit that meets a conflict", []string{"Commit/nothing on a conflict"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				if errors.Is(err, payment.ErrConflict) {
					half := *c
					half.Payments, half.Captures, half.Refunds, half.Requests, half.Events = nil, nil, nil, nil, nil
					return errors.Join(err, forced(ctx, s, &half))
				}
				return err
			},
		}.wrap},
		{"applies a commit whose event is taken, but for its events", []string{"Commit/nothing on a taken Seq"}, onDuplicate(false, func(c *payment.Changes) {
			c.Events = nil
		})},
		{
			"applies a commit whose reference is taken, but for its refunds", []string{"Commit/nothing on a taken reference"},
			onDuplicate(false, func(c *payment.Changes) { c.Refunds = nil }),
		},
		{"applies a commit with a foreign row, but for its rows", []string{"Commit/nothing with a foreign row"}, onDuplicate(false, dropRows)},
		{"makes work due before it commits", []string{
			"Commit/nothing on a conflict", "Commit/nothing on a taken Seq", "Commit/nothing on a taken reference", "Commit/nothing with a foreign row",
		}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				if err == nil || len(c.Due) == 0 {
					return err
				}
				r, _ := s.Load(ctx, payment.Key{CollectionID: c.CollectionID})
				own := r.Collections[0]
				return errors.Join(err, s.Commit(ctx, &payment.Changes{
					CollectionID: own.ID, Version: own.Version, Collection: own, Due: c.Due,
				}))
			},
		}.wrap},
		{"does not look at the collection that rows name", []string{"Commit/row that names another collection"}, beforeCommit(func(c *payment.Changes) {
			for _, r := range c.Requests {
				r.CollectionID = c.CollectionID
			}
		})},
		{"keeps the session of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Sessions = from.Sessions })},
		{"keeps the payment of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Payments = from.Payments })},
		{"keeps the captures of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Captures = from.Captures })},
		{"keeps the refund of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Refunds = from.Refunds[:1] })},
		{"keeps the operation of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) {
			to.Operations = from.Operations[:1]
		})},
		{"keeps the request of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Requests = from.Requests })},
		{"keeps the event of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Events = from.Events[:1] })},
		{"keeps the due work of a refused commit", refusals(), keepsRefused(func(from, to *payment.Changes) { to.Due = from.Due })},
		{"leaves nil rows out", []string{"Commit/what Check refuses"}, acceptsInvalid(func(c *payment.Changes) {
			c.Refunds = slices.DeleteFunc(c.Refunds, func(r *payment.Refund) bool { return r == nil })
		})},
		{"takes the last of two rows with one ID", []string{"Commit/what Check refuses"}, acceptsInvalid(func(c *payment.Changes) {
			c.Sessions = c.Sessions[len(c.Sessions)-1:]
		})},
		{"leaves rows without an ID out", []string{"Commit/what Check refuses"}, acceptsInvalid(func(c *payment.Changes) {
			c.Events = slices.DeleteFunc(c.Events, func(r *payment.Event) bool { return r == nil || r.ID == "" })
		})},
		{"leaves work of events out", []string{"Commit/what Check refuses"}, acceptsInvalid(func(c *payment.Changes) {
			c.Due = slices.DeleteFunc(c.Due, func(d payment.Due) bool { return d.Kind == payment.DueEvents })
		})},
		{"takes more than 64 rows", []string{"Commit/what Check refuses"}, acceptsInvalid(func(c *payment.Changes) {
			c.Sessions = c.Sessions[:min(len(c.Sessions), 50)]
		})},
		{"takes 32 rows at most", []string{"Commit/64 rows"}, beforeCommit(func(c *payment.Changes) {
			c.Sessions = c.Sessions[:min(32, len(c.Sessions))]
		})},
	}
}

// refusals returns the cases in which a commit of rows of every kind is refused.
func refusals() []string {
	return []string{
		"Commit/nothing on a conflict", "Commit/nothing on a taken Seq", "Commit/nothing on a taken reference", "Commit/nothing with a foreign row",
	}
}

// keepsRefused keeps some rows of commits that are refused, in a store of their own, and returns them beside the others.
func keepsRefused(pick func(from, to *payment.Changes)) wrapper {
	return func(s payment.Store) payment.Store {
		refused := memstore.New()
		return broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				if err == nil {
					return nil
				}
				some := &payment.Changes{CollectionID: c.CollectionID, Collection: c.Collection}
				pick(c, some)
				return errors.Join(err, refused.Commit(ctx, some))
			},
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if more, failed := refused.Load(ctx, by); err == nil && failed == nil {
					r.Sessions, r.Payments = append(r.Sessions, more.Sessions...), append(r.Payments, more.Payments...)
					r.Operations, r.Requests = append(r.Operations, more.Operations...), append(r.Requests, more.Requests...)
				}
				return r, err
			},
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if more, failed := refused.List(ctx, kind, f, p); err == nil && failed == nil {
					r.Payments = append(r.Payments, more.Payments...)
					r.Captures, r.Refunds = append(r.Captures, more.Captures...), append(r.Refunds, more.Refunds...)
					r.Events = append(r.Events, more.Events...)
				}
				return r, err
			},
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, until, limit)
				more, failed := refused.Claim(ctx, kind, now, until, limit)
				return append(due, more...), errors.Join(err, failed)
			},
		}.wrap(s)
	}
}

// acceptsInvalid commits what Check refuses without that.
func acceptsInvalid(less func(*payment.Changes)) wrapper {
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		err := s.Commit(ctx, c)
		if !errors.Is(err, payment.ErrInvalid) {
			return err
		}
		other := *c
		less(&other)
		return s.Commit(ctx, &other)
	}}.wrap
}

func takesRowVersion(s payment.Store) payment.Store {
	var version int64
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			version = c.Collection.Version + 1
			return s.Commit(ctx, c)
		},
		load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
			r, err := s.Load(ctx, by)
			if err == nil {
				r.Collections[0].Version = version
			}
			return r, err
		},
	}.wrap(s)
}

func deletesUnnamed(s payment.Store) payment.Store {
	var named bool
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			named = len(c.Captures) > 0
			return s.Commit(ctx, c)
		},
		load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
			r, err := s.Load(ctx, by)
			if err == nil && !named {
				r.Captures = nil
			}
			return r, err
		},
	}.wrap(s)
}

// onDuplicate commits again without what made it a duplicate, and says so or not.
func onDuplicate(silent bool, less func(*payment.Changes)) wrapper {
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		err := s.Commit(ctx, c)
		if !errors.Is(err, payment.ErrDuplicate) {
			return err
		}
		other := copyChanges(c)
		less(other)
		if again := s.Commit(ctx, other); again != nil || silent {
			return again
		}
		return err
	}}.wrap
}

func dropRows(c *payment.Changes) {
	c.Sessions, c.Payments, c.Captures, c.Refunds, c.Operations = nil, nil, nil, nil, nil
}

func oneSequence(s payment.Store) payment.Store {
	var mu sync.Mutex
	taken := map[int64]bool{}
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range c.Events {
			if taken[e.Seq] {
				return payment.ErrDuplicate
			}
			taken[e.Seq] = true
		}
		return s.Commit(ctx, c)
	}}.wrap(s)
}

// comparesReferences refuses references that are the same by a wrong rule.
func comparesReferences(same func(a, b string) bool, kinds bool) wrapper {
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		seen := map[string]string{}
		if len(c.Captures) > 0 {
			r, err := s.Load(ctx, payment.Key{PaymentID: c.Captures[0].PaymentID})
			if err == nil {
				for _, x := range r.Captures {
					seen[x.ID] = x.Reference
				}
			}
		}
		for _, x := range c.Captures {
			for id, reference := range seen {
				if id != x.ID && reference != "" && same(reference, x.Reference) {
					return payment.ErrDuplicate
				}
			}
			seen[x.ID] = x.Reference
		}
		for _, x := range c.Refunds {
			for _, reference := range seen {
				if kinds && reference != "" && same(reference, x.Reference) {
					return payment.ErrDuplicate
				}
			}
		}
		return s.Commit(ctx, c)
	}}.wrap
}
