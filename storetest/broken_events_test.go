package storetest

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

func brokenEvents() []brokenStore {
	far := time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	always := func(int) bool { return true }
	nothing := func(*payment.Due) {}
	return []brokenStore{
		{"leaves events to be found by chance", []string{"Due/events"}, afterEvents(always, nothing, far)},
		{"makes events due at once", []string{"Due/events", "Due/events again"}, afterEvents(always, nothing, at(-60))},
		{"makes the first events due only", []string{"Due/events again"}, afterEvents(func(n int) bool { return n > 1 }, nothing, far)},
		{
			"takes claimed events away when there is a new one",
			[]string{"Due/events while they are claimed", "Due/events while they wait for another try", "Concurrency/events"}, newestEventDue,
		},
		{"forgets which events were delivered", []string{"Due/events keep what was delivered"}, afterEvents(always, func(d *payment.Due) {
			d.Seq, d.Dead = 0, nil
		}, at(0))},
		{"removes the row of events when all are delivered", []string{"Done/events rest"}, resting{
			finish: func(d *payment.Due) { d.Seq, d.Dead, d.Tries = 0, nil, 0 },
		}.wrap},
		{"forgets which events were given up", []string{"Done/events rest", "Done/an event beyond"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if again.IsZero() {
					d.Dead = nil
				}
				return s.Done(ctx, d, again)
			},
		}.wrap},
		{"keeps delivered events due", []string{"Done/events rest"}, doneWithEvents(func(_ payment.Due, beyond []*payment.Event) time.Time {
			if len(beyond) == 0 {
				return at(1)
			}
			return time.Time{}
		})},
		{"lets anybody finish events at rest", []string{"Done/events at rest are nobody's"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				if err := s.Done(ctx, d, again); !errors.Is(err, payment.ErrConflict) || !d.At.IsZero() {
					return err
				}
				return nil
			},
		}.wrap},
		{
			"lays events to rest whatever came meanwhile", []string{"Done/an event beyond", "Done/several events beyond", "Concurrency/events"},
			resting{finish: func(*payment.Due) {}}.wrap,
		},
		{"looks for further events first and lays them to rest later", []string{"Concurrency/events"}, resting{
			finish: func(*payment.Due) {}, looks: true,
		}.wrap},
		{"makes what came meanwhile due at once", []string{"Done/an event beyond"}, doneWithEvents(func(_ payment.Due, beyond []*payment.Event) time.Time {
			if len(beyond) > 0 {
				return at(-60)
			}
			return time.Time{}
		})},
		{
			"goes by the newest of the events that came meanwhile", []string{"Done/several events beyond"},
			doneWithEvents(func(_ payment.Due, beyond []*payment.Event) time.Time {
				if len(beyond) > 0 {
					return beyond[len(beyond)-1].At
				}
				return time.Time{}
			}),
		},
		{
			"goes by the oldest of the events that came meanwhile", []string{"Done/several events beyond"},
			doneWithEvents(func(_ payment.Due, beyond []*payment.Event) (oldest time.Time) {
				for _, e := range beyond {
					if oldest.IsZero() || e.At.Before(oldest) {
						oldest = e.At
					}
				}
				return oldest
			}),
		},
		{"goes by the events of all collections", []string{"Done/several events beyond"}, goesByAll},
		{"looks for claimed events first and takes them later", []string{"Concurrency/events"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(ctx, kind, now, now, limit)
				time.Sleep(time.Millisecond)
				return due, err
			},
		}.wrap},
	}
}

// afterEvents changes the due work of events after the n-th commit that wrote some, if when says so, and sets its time.
func afterEvents(when func(n int) bool, change func(*payment.Due), again time.Time) wrapper {
	return func(s payment.Store) payment.Store {
		n := 0
		return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			err := s.Commit(ctx, c)
			if err != nil || len(c.Events) == 0 {
				return err
			}
			if n++; !when(n) {
				return nil
			}
			now := time.Now().Add(time.Hour)
			due, err := s.Claim(ctx, payment.DueEvents, now, now.Add(time.Hour), 100)
			for _, d := range due {
				change(&d)
				if err := s.Done(ctx, d, again); err != nil {
					return err
				}
			}
			return err
		}}.wrap(s)
	}
}

// newestEventDue makes a collection's events due at the newest one's At, whoever has claimed them.
func newestEventDue(s payment.Store) payment.Store {
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		err := s.Commit(ctx, c)
		if err != nil || len(c.Events) == 0 {
			return err
		}
		end := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
		due, err := s.Claim(ctx, payment.DueEvents, end, end.Add(time.Hour), 100)
		for _, d := range due {
			again := d.At
			if d.CollectionID == c.CollectionID {
				again = c.Events[0].At
			}
			if err := s.Done(ctx, d, again); err != nil && !errors.Is(err, payment.ErrConflict) {
				return err
			}
		}
		return err
	}}.wrap(s)
}

// doneWithEvents lets again say when events that are finished are due, by the collection's events beyond d.Seq.
func doneWithEvents(again func(d payment.Due, beyond []*payment.Event) time.Time) wrapper {
	return broken{done: func(ctx context.Context, s payment.Store, d payment.Due, at time.Time) error {
		if d.Kind != payment.DueEvents || !at.IsZero() {
			return s.Done(ctx, d, at)
		}
		rows, err := s.List(ctx, payment.RowEvents, payment.Filter{CollectionID: d.ID}, payment.Page{Limit: 100, AfterSeq: d.Seq})
		if err != nil {
			return err
		}
		return s.Done(ctx, d, again(d, rows.Events))
	}}.wrap
}

// goesByAll makes finished events due again when any collection has an event beyond.
func goesByAll(s payment.Store) payment.Store {
	return broken{done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
		if d.Kind == payment.DueEvents && again.IsZero() {
			rows, err := s.List(ctx, payment.RowEvents, payment.Filter{}, payment.Page{Limit: 100})
			if err != nil {
				return err
			}
			if i := slices.IndexFunc(rows.Events, func(e *payment.Event) bool { return e.Seq > d.Seq }); i >= 0 {
				again = rows.Events[i].At
			}
		}
		return s.Done(ctx, d, again)
	}}.wrap(s)
}

// resting lays events to rest without regard to those beyond d.Seq: the store beneath is told that there can be none.
type resting struct {
	finish func(*payment.Due) // changes what the row then says
	looks  bool               // whether to look for such events, some time before
}

func (r resting) wrap(s payment.Store) payment.Store {
	var mu sync.Mutex
	rows := map[string]payment.Due{}
	return broken{
		done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
			if d.Kind != payment.DueEvents || !again.IsZero() {
				return s.Done(ctx, d, again)
			}
			if r.looks {
				found, err := s.List(ctx, payment.RowEvents, payment.Filter{CollectionID: d.ID}, payment.Page{Limit: 1, AfterSeq: d.Seq})
				if err != nil {
					return err
				}
				if len(found.Events) > 0 {
					return s.Done(ctx, d, again)
				}
				time.Sleep(5 * time.Millisecond)
			}
			kept := d
			r.finish(&kept)
			mu.Lock()
			rows[d.ID] = kept
			mu.Unlock()
			d.Seq = math.MaxInt64
			return s.Done(ctx, d, again)
		},
		claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
			due, err := s.Claim(ctx, kind, now, until, limit)
			mu.Lock()
			defer mu.Unlock()
			for i, d := range due {
				if d.Seq == math.MaxInt64 {
					due[i] = moved(rows[d.ID], d.At)
				}
			}
			return due, err
		},
	}.wrap(s)
}
