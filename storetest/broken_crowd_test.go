package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed40c892db/payment"
)

func brokenInCrowds() []brokenStore {
	return []brokenStore{
		{"checks the version first and writes later", []string{"Concurrency/one collection"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				r, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID})
				if err == nil && r.Collections[0].Version != c.Version {
					return payment.ErrConflict
				}
				time.Sleep(time.Millisecond)
				return forced(ctx, s, c)
			},
		}.wrap},
		{"looks for a collection first and inserts later", []string{"Concurrency/one insert"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				if _, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID}); err == nil {
					return payment.ErrConflict
				}
				time.Sleep(time.Millisecond)
				return forced(ctx, s, c)
			},
		}.wrap},
		{"serves one caller at a time and turns others away", []string{"Concurrency/many collections"}, turnsAway},
		{"looks for due work first and takes it later", []string{"Concurrency/claims"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, now, limit)
				time.Sleep(time.Millisecond)
				for i, d := range due {
					if err := s.Done(ctx, d, until); err != nil && !errors.Is(err, payment.ErrConflict) {
						return nil, err
					}
					due[i].At = until
				}
				return due, err
			},
		}.wrap},
		{"claims, and writes nothing", []string{"Concurrency/claims"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, until, limit)
				for _, d := range due {
					err = errors.Join(err, s.Done(ctx, d, now))
				}
				return due, err
			},
		}.wrap},
		{"begins every page of events with the first", []string{"Concurrency/events"}, beforeList(
			func(_ payment.RowKind, _ *payment.Filter, p *payment.Page) { p.AfterSeq = 0 })},
		{"returns neither rows nor an error", []string{"Concurrency/one collection", "Concurrency/many collections", "Concurrency/whole commits"}, broken{
			load: func(context.Context, payment.Store, payment.Key) (*payment.Rows, error) { return nil, nil },
		}.wrap},
		{"loads no session", []string{"Concurrency/whole commits", "Rows/zero fields"}, afterLoad(func(r *payment.Rows) { r.Sessions = nil })},
		{"never puts settings", []string{"Concurrency/settings"}, broken{
			putSettings: func(context.Context, payment.Store, *payment.Settings) error { return payment.ErrConflict },
		}.wrap},
		{"lets everybody finish the same work", []string{"Concurrency/done"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if err := s.Done(ctx, d, again); !errors.Is(err, payment.ErrConflict) {
					return err
				}
				return nil
			},
		}.wrap},
		{"looks at due work first and removes it later", []string{"Concurrency/done and a commit"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if err := s.Done(ctx, d, d.At); err != nil || !again.IsZero() {
					return err
				}
				time.Sleep(time.Millisecond)
				r, err := s.Load(ctx, payment.Key{CollectionID: d.CollectionID})
				if err != nil {
					return err
				}
				return forced(ctx, s, changes(r.Collections[0], moved(d, time.Time{})))
			},
		}.wrap},
		{"loads the collection first and the rest later", []string{"Concurrency/whole commits"}, loadsLater(func(rows, later *payment.Rows) {
			collections := rows.Collections
			*rows = *later
			rows.Collections = collections
		})},
		{"loads refunds later", []string{"Concurrency/whole commits"}, loadsLater(func(rows, later *payment.Rows) { rows.Refunds = later.Refunds })},
		{"loads operations later", []string{"Concurrency/whole commits"}, loadsLater(func(rows, later *payment.Rows) {
			rows.Operations = later.Operations
		})},
		{"loads requests later", []string{"Concurrency/whole commits"}, loadsLater(func(rows, later *payment.Rows) { rows.Requests = later.Requests })},
	}
}

// loadsLater takes something of the rows as they are a moment later.
func loadsLater(take func(rows, later *payment.Rows)) wrapper {
	return broken{load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
		rows, err := s.Load(ctx, by)
		if err != nil {
			return nil, err
		}
		time.Sleep(time.Millisecond)
		later, err := s.Load(ctx, by)
		if err == nil {
			take(rows, later)
		}
		return rows, err
	}}.wrap
}

func turnsAway(s payment.Store) payment.Store {
	var busy atomic.Bool
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		if !busy.CompareAndSwap(false, true) {
			return errors.New("database is locked")
		}
		defer busy.Store(false)
		time.Sleep(time.Millisecond)
		return s.Commit(ctx, c)
	}}.wrap(s)
}
