package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

func brokenDues() []brokenStore {
	far := time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	return []brokenStore{
		{"claims what is due before now only", []string{"Claim/not after now"}, beforeClaim(func(_ payment.DueKind, now, _ *time.Time, _ *int) {
			*now = now.Add(-time.Microsecond)
		})},
		{"claims work of every kind", []string{"Claim/its kind"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, until, limit)
				if err == nil && kind == payment.DueSession {
					more, err := s.Claim(ctx, payment.DueOperation, now, until, limit)
					return append(due, more...), err
				}
				return due, err
			},
		}.wrap},
		{"claims the newest first", []string{"Claim/oldest first", "Claim/limit"}, claimsNewest},
		{"claims one more than the limit", []string{"Claim/limit", "Claim/oldest first"}, beforeClaim(func(_ payment.DueKind, _, _ *time.Time, limit *int) {
			*limit++
		})},
		{"says not found when nothing is due", []string{"Claim/nothing due"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, until, limit)
				if err == nil && len(due) == 0 {
					err = payment.ErrNotFound
				}
				return due, err
			},
		}.wrap},
		{"claims rows twice", []string{"Claim/not again before until"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, now, limit)
				for i := range due {
					due[i].At = until
				}
				return due, err
			},
		}.wrap},
		{"claims rows for good", []string{"Claim/not again before until"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, far, limit)
				for i := range due {
					due[i].At = until
				}
				return due, err
			},
		}.wrap},
		{"returns claimed work with its old At", []string{"Claim/returned with until"}, afterClaim(func(due []payment.Due) []payment.Due {
			for i := range due {
				due[i].At = at(1)
			}
			return due
		})},
		{"loses Tries", []string{"Claim/whole"}, afterClaim(func(due []payment.Due) []payment.Due {
			for i := range due {
				due[i].Tries = 0
			}
			return due
		})},
		{"shares Dead with its callers", []string{"Claim/copied"}, sharesDead},
		{"moves the version when work is claimed", []string{"Claim/moves no version"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, until, limit)
				for _, d := range due {
					r, err := s.Load(ctx, payment.Key{CollectionID: d.CollectionID})
					if err != nil {
						return nil, err
					}
					err = s.Commit(ctx, changes(r.Collections[0]))
					if err != nil {
						return nil, err
					}
				}
				return due, err
			},
		}.wrap},
		{"forgets when to do it again", []string{"Done/again"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				return s.Done(ctx, d, d.At)
			},
		}.wrap},
		{"never removes work", []string{"Done/removed"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if again.IsZero() {
					again = d.At
				}
				return s.Done(ctx, d, again)
			},
		}.wrap},
		{"stores only the time of work that is finished", []string{"Done/keeps what it is given"}, storesTimeOnly},
		{
			"ignores that At has moved", []string{"Done/moved by a claim", "Done/moved by a commit", "Done/gone"},
			broken{done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if err := s.Done(ctx, d, again); !errors.Is(err, payment.ErrConflict) {
					return err
				}
				return nil
			}}.wrap,
		},
		{"says not found for work that is gone", []string{"Done/gone"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if err := s.Done(ctx, d, again); !errors.Is(err, payment.ErrConflict) {
					return err
				}
				return payment.ErrNotFound
			},
		}.wrap},
		{"inserts due work and never updates it", []string{"Due/upsert"}, insertsDue},
		{"ignores a zero At", []string{"Due/removed by a zero At"}, beforeCommit(func(c *payment.Changes) {
			c.Due = slices.DeleteFunc(c.Due, func(d payment.Due) bool { return d.At.IsZero() })
		})},
		{"takes IDs of work to be unique", []string{"Due/unique per kind"}, beforeCommit(func(c *payment.Changes) {
			for _, d := range c.Due {
				if d.Kind == payment.DueSession {
					c.Due = append(c.Due, payment.Due{Kind: payment.DueOperation, CollectionID: d.CollectionID, ID: d.ID})
				}
			}
		})},
		{"ends what is due of an operation whose state changes", []string{"Due/apart from an operation's state"}, beforeCommit(func(c *payment.Changes) {
			for _, o := range c.Operations {
				if len(c.Due) == 0 && o.State == payment.OperationSucceeded {
					c.Due = append(c.Due, payment.Due{Kind: payment.DueOperation, CollectionID: o.CollectionID, ID: o.ID})
				}
			}
		})},
	}
}

// beforeClaim changes what is claimed.
func beforeClaim(f func(kind payment.DueKind, now, until *time.Time, limit *int)) wrapper {
	return broken{claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
		f(kind, &now, &until, &limit)
		return s.Claim(ctx, kind, now, until, limit)
	}}.wrap
}

// claimsNewest takes all, and puts back what is too old.
func claimsNewest(s payment.Store) payment.Store {
	was := map[string]time.Time{}
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			for _, d := range c.Due {
				was[d.ID] = d.At
			}
			return s.Commit(ctx, c)
		},
		claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
			due, err := s.Claim(ctx, kind, now, until, 1000)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(due, func(a, b payment.Due) int { return was[b.ID].Compare(was[a.ID]) })
			for _, d := range due[min(limit, len(due)):] {
				if err := s.Done(ctx, d, was[d.ID]); err != nil {
					return nil, err
				}
			}
			return due[:min(limit, len(due))], nil
		},
	}.wrap(s)
}

func sharesDead(s payment.Store) payment.Store {
	dead := map[string][]int64{}
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			for _, d := range c.Due {
				dead[d.ID] = d.Dead
			}
			return s.Commit(ctx, c)
		},
		claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
			due, err := s.Claim(ctx, kind, now, until, limit)
			for i, d := range due {
				due[i].Dead = dead[d.ID]
			}
			return due, err
		},
	}.wrap(s)
}

// storesTimeOnly lets Done take over nothing but the time.
func storesTimeOnly(s payment.Store) payment.Store {
	kept := map[string]payment.Due{}
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			for _, d := range c.Due {
				kept[d.ID] = d
			}
			return s.Commit(ctx, c)
		},
		done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
			old := kept[d.ID]
			old.At = d.At
			return s.Done(ctx, old, again)
		},
	}.wrap(s)
}

func insertsDue(s payment.Store) payment.Store {
	there := map[string]bool{}
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		other := copyChanges(c)
		other.Due = slices.DeleteFunc(other.Due, func(d payment.Due) bool { return there[d.ID] })
		for _, d := range other.Due {
			there[d.ID] = true
		}
		return s.Commit(ctx, other)
	}}.wrap(s)
}

func brokenDeliveries() []brokenStore {
	return []brokenStore{
		{"begins deliveries with version 0", []string{"PutDelivery/inserts"}, afterList(func(r *payment.Rows) {
			for _, d := range r.Deliveries {
				d.Version--
			}
		})},
		{"keeps a delivery's first body", []string{"PutDelivery/replaces"}, keepsFirstBody},
		{"loses when a delivery was handled", []string{"PutDelivery/every field"}, afterList(func(r *payment.Rows) {
			for _, d := range r.Deliveries {
				d.HandledAt = time.Time{}
			}
		})},
		{"changes the version in the caller's delivery", []string{"PutDelivery/argument unchanged"}, broken{
			putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
				err := s.PutDelivery(ctx, d)
				d.Version++
				return err
			},
		}.wrap},
		{"shares deliveries with its callers", []string{"PutDelivery/copied"}, sharesDeliveries},
		{
			"accepts duplicates of deliveries", []string{"PutDelivery/duplicate", "Concurrency/one message"},
			broken{putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
				if err := s.PutDelivery(ctx, d); !errors.Is(err, payment.ErrDuplicate) {
					return err
				}
				return nil
			}}.wrap,
		},
		{"takes event IDs to be unique for all providers", []string{"PutDelivery/another provider or case"}, uniqueEvents(true)},
		{"takes an empty event ID to be an event ID", []string{"PutDelivery/no event ID"}, uniqueEvents(false)},
		{"forgets the version of deliveries", []string{"PutDelivery/version has moved"}, broken{
			putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
				other := *d
				for {
					if err := s.PutDelivery(ctx, &other); !errors.Is(err, payment.ErrConflict) {
						return err
					}
					all, err := s.List(ctx, payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 100})
					if err != nil {
						return err
					}
					for _, x := range all.Deliveries {
						if x.ID == d.ID {
							other.Version = x.Version
						}
					}
				}
			},
		}.wrap},
		{"leaves parked deliveries to be found by chance", []string{"PutDelivery/parked is due"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				if kind == payment.DueDelivery {
					return nil, nil
				}
				return s.Claim(ctx, kind, now, until, limit)
			},
		}.wrap},
		{"has deliveries due that are not parked", []string{"PutDelivery/handled is not due"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, until, limit)
				if err == nil && kind == payment.DueDelivery {
					all, err := s.List(ctx, payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 100})
					if err != nil {
						return nil, err
					}
					for _, d := range all.Deliveries {
						if d.State != payment.DeliveryParked && !d.DueAt.IsZero() && !d.DueAt.After(now) {
							due = append(due, payment.Due{Kind: kind, ID: d.ID, At: until})
						}
					}
				}
				return due, err
			},
		}.wrap},
	}
}

func keepsFirstBody(s payment.Store) payment.Store {
	bodies := map[string]payment.Private{}
	return broken{putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
		other := *d
		if d.Version == 0 {
			bodies[d.ID] = d.Body
		}
		other.Body = bodies[d.ID]
		return s.PutDelivery(ctx, &other)
	}}.wrap(s)
}

func sharesDeliveries(s payment.Store) payment.Store {
	kept := map[string]*payment.Delivery{}
	return broken{list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
		r, err := s.List(ctx, kind, f, p)
		if err == nil {
			for i, d := range r.Deliveries {
				if kept[d.ID] == nil {
					kept[d.ID] = d
				}
				r.Deliveries[i] = kept[d.ID]
			}
		}
		return r, err
	}}.wrap(s)
}

// uniqueEvents refuses event IDs that are the same by a wrong rule: for all providers, or empty ones too.
func uniqueEvents(providers bool) wrapper {
	return func(s payment.Store) payment.Store {
		var mu sync.Mutex
		owner := map[string]string{}
		return broken{putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			key := d.ProviderID + " " + d.EventID
			if providers {
				key = d.EventID
			}
			if owner[key] != "" && owner[key] != d.ID {
				return payment.ErrDuplicate
			}
			owner[key] = d.ID
			return s.PutDelivery(ctx, d)
		}}.wrap(s)
	}
}
