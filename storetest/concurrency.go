package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

const crowdSize = 16 // how many use a store at once

func concurrencyCases() []testCase {
	const (
		whole = "Commit writes all of c or nothing, if the collection's version is c.Version"
		until = "Their At becomes until, so that nobody else claims them before; they are returned with that At."
		moved = "The error is ErrConflict when the stored At is no longer d.At, or the row is at rest or gone: somebody else has it now, leave it."
		put   = "The error is ErrDuplicate when another has the same ProviderID and EventID, unless EventID is empty"
	)
	return []testCase{
		{"Concurrency/one collection", whole, crowdIncrements},
		{"Concurrency/one insert", whole, crowdInserts},
		{"Concurrency/many collections", endsWithContext, crowdCollections},
		{"Concurrency/claims", until, crowdClaims},
		{"Concurrency/done", moved, crowdDone},
		{"Concurrency/done and a commit", moved, crowdDoneAndCommit},
		{"Concurrency/one message", put, crowdMessage},
		{"Concurrency/events", eventBeyond, crowdEvents},
		{"Concurrency/settings", "PutSettings replaces the settings if their stored Version is s.Version", crowdSettings},
		{"Concurrency/whole commits", "Load returns, as of one moment, the collection that the key leads to", crowdReaders},
	}
}

// loadOne is load, for goroutines that may not fail the case. The error says what is wrong.
func (k *kit) loadOne(by payment.Key) (*payment.Rows, error) {
	rows, err := k.s.Load(k.ctx(), by)
	if err != nil {
		return nil, fmt.Errorf("Load: %w", err)
	}
	if rows == nil || len(rows.Collections) != 1 {
		return nil, errors.New("Load does not bring one collection, and no error")
	}
	return rows, nil
}

// step loads a collection, changes it and commits, until that succeeds.
func (k *kit) step(by payment.Key, change func(*payment.Rows) (*payment.Changes, error)) error {
	for try := 1; ; try++ {
		rows, err := k.loadOne(by)
		if err != nil {
			return err
		}
		c, err := change(rows)
		if err != nil {
			return err
		}
		err = k.s.Commit(k.ctx(), c)
		if err == nil {
			return nil
		}
		if !errors.Is(err, payment.ErrConflict) {
			return fmt.Errorf("Commit: %w", err)
		}
		if try == 100_000 {
			return fmt.Errorf("Commit: %d conflicts in a row", try)
		}
		// Longer the more often, and each caller at its own pace.
		time.Sleep(time.Duration(try%7+1) * 100 * time.Microsecond)
	}
}

func crowdIncrements(k *kit) {
	const each = 6
	t := k.stored()
	by := payment.Key{CollectionID: t.collection.ID}
	before := t.collection.Amount
	k.crowd(crowdSize, func(int) error {
		for range each {
			err := k.step(by, func(rows *payment.Rows) (*payment.Changes, error) {
				c := rows.Collections[0]
				c.Amount = c.Amount.Add(decimal.New(1, 0))
				return changes(c, k.event(c, 0)), nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	got := k.loadCollection(t.collection.ID)
	if want := int64(1 + crowdSize*each); got.Version != want {
		k.fail("after %d commits that succeeded the version is %d, want %d", want-1, got.Version, want)
	}
	if added := got.Amount.Sub(before); !added.Equal(decimal.New(crowdSize*each, 0)) {
		k.fail("%d commits that succeeded added 1 each, but the amount grew by %s", crowdSize*each, added)
	}
	if n := k.list(payment.RowEvents, payment.Filter{CollectionID: t.collection.ID}, payment.Page{Limit: 1, Count: true}).Count; n != crowdSize*each {
		k.fail("%d commits that succeeded wrote an event each, but there are %d", crowdSize*each, n)
	}
}

func crowdInserts(k *kit) {
	for range 5 {
		collection := k.collection()
		var inserted atomic.Int64
		k.crowd(crowdSize, func(i int) error {
			own := *collection
			own.Amount = decimal.New(int64(i), 0)
			err := k.s.Commit(k.ctx(), changes(&own, k.event(&own, int64(i))))
			if err == nil {
				inserted.Add(1)
				return nil
			}
			if !errors.Is(err, payment.ErrConflict) {
				return fmt.Errorf("Commit on version 0 that is not the first: %w, want one that matches %q", err, payment.ErrConflict)
			}
			return nil
		})
		if n := inserted.Load(); n != 1 {
			k.fail("of %d commits that insert one collection at once, %d succeeded", crowdSize, n)
		}
		if n := len(k.listEvents(collection)); n != 1 {
			k.fail("of %d commits that insert one collection at once, %d wrote their event", crowdSize, n)
		}
	}
}

func crowdCollections(k *kit) {
	const each = 5
	k.crowd(crowdSize, func(int) error {
		t := k.tree()
		for range each {
			err := k.s.Commit(k.ctx(), changes(t.collection, append(t.rows(), k.event(t.collection, 0))...))
			if err != nil {
				return fmt.Errorf("Commit of a collection that nobody else writes: %w", err)
			}
			t.collection.Version++
			rows, err := k.loadOne(payment.Key{SessionID: t.session.ID})
			if err != nil {
				return err
			}
			if rows.Collections[0].Version != t.collection.Version || len(rows.Payments) != 1 {
				return errors.New("Load does not bring what the same caller has just committed")
			}
			if _, err := k.s.List(k.ctx(), payment.RowSessions, payment.Filter{}, payment.Page{Limit: 3}); err != nil {
				return fmt.Errorf("List: %w", err)
			}
		}
		return nil
	})
	if n := k.list(payment.RowCollections, payment.Filter{}, payment.Page{Limit: 1, Count: true}).Count; n != crowdSize {
		k.fail("%d callers inserted a collection each, but there are %d", crowdSize, n)
	}
}

func crowdClaims(k *kit) {
	const rows = 200
	collection := k.collection()
	for range rows / 40 {
		var due []any
		for i := range 40 {
			due = append(due, k.due(collection, payment.DueOperation, i%5))
		}
		k.store(collection, due...)
	}
	claimed := make([][]payment.Due, crowdSize)
	k.crowd(crowdSize, func(i int) error {
		for {
			due, err := k.s.Claim(k.ctx(), payment.DueOperation, at(10), at(20), 3+i%5)
			if err != nil {
				return fmt.Errorf("Claim: %w", err)
			}
			if len(due) == 0 {
				return nil
			}
			if claimed[i] = append(claimed[i], due...); len(claimed[i]) > rows {
				return fmt.Errorf("Claim brought %d rows of %d, and more: those that it took before were due again", len(claimed[i]), rows)
			}
		}
	})
	times := map[string]int{}
	for _, due := range claimed {
		for _, d := range due {
			if times[d.ID]++; times[d.ID] > 1 {
				k.fail("of %d that claim at once, two took the same work %s", crowdSize, d.ID)
			}
		}
	}
	// Who found nothing may have met rows that another was just taking, but that one goes on until nothing is left.
	if len(times) != rows {
		k.fail("%d that claim until nothing is left took %d of %d", crowdSize, len(times), rows)
	}
}

func crowdDone(k *kit) {
	_, due := k.dues(payment.DueOperation, 1)
	for minute := 2; minute < 7; minute++ {
		d := k.claimOne(payment.DueOperation, at(minute), at(minute+20))
		var finished atomic.Int64
		k.crowd(crowdSize, func(int) error {
			err := k.s.Done(k.ctx(), d, at(minute+1))
			if err == nil {
				finished.Add(1)
			} else if !errors.Is(err, payment.ErrConflict) {
				return fmt.Errorf("Done: %w", err)
			}
			return nil
		})
		if n := finished.Load(); n != 1 {
			k.fail("of %d that finish the same work at once, %d succeeded", crowdSize, n)
		}
	}
	k.sameDue(k.claim(payment.DueOperation, at(9), at(10), 10), moved(due[0], at(10)))
}

// crowdDoneAndCommit has work finished while a commit makes it due at another time: whoever comes first, it is due then.
func crowdDoneAndCommit(k *kit) {
	for range 10 {
		collection, due := k.dues(payment.DueOperation, 1)
		d := k.claimOne(payment.DueOperation, at(5), at(9))
		k.crowd(2, func(i int) error {
			if i == 0 {
				if err := k.s.Commit(k.ctx(), changes(collection, moved(due[0], at(7)))); err != nil {
					return fmt.Errorf("Commit: %w", err)
				}
			} else if err := k.s.Done(k.ctx(), d, time.Time{}); err != nil && !errors.Is(err, payment.ErrConflict) {
				return fmt.Errorf("Done: %w", err)
			}
			return nil
		})
		k.sameDue(k.claim(payment.DueOperation, at(7), at(60), 10), moved(due[0], at(60)))
	}
}

func crowdMessage(k *kit) {
	for range 5 {
		event := k.newDelivery().EventID
		var stored atomic.Int64
		k.crowd(crowdSize, func(int) error {
			d := k.newDelivery()
			d.EventID = event
			err := k.s.PutDelivery(k.ctx(), d)
			if err == nil {
				stored.Add(1)
			} else if !errors.Is(err, payment.ErrDuplicate) {
				return fmt.Errorf("PutDelivery of an event that is there: %w, want one that matches %q", err, payment.ErrDuplicate)
			}
			return nil
		})
		if n := stored.Load(); n != 1 {
			k.fail("of %d deliveries of one message at once, %d were stored", crowdSize, n)
		}
	}
	if n := len(k.list(payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 100}).Deliveries); n != 5 {
		k.fail("of 5 messages there are %d deliveries", n)
	}
}

func crowdSettings(k *kit) {
	const each = 3
	k.crowd(crowdSize, func(i int) error {
		for done, try := 0, 1; done < each; try++ {
			s, err := k.s.Settings(k.ctx())
			if err != nil {
				return fmt.Errorf("Settings: %w", err)
			}
			if s == nil || try > crowdSize*each*100 { // each of the others can be faster as often as it has something to put
				return fmt.Errorf("PutSettings on the Version that Settings brings: the %dth conflict, or no settings at all", try)
			}
			s.DisabledProviders = append(s.DisabledProviders, fmt.Sprintf("p%d-%d", i, done))
			if err = k.s.PutSettings(k.ctx(), s); err == nil {
				done++
			} else if !errors.Is(err, payment.ErrConflict) {
				return fmt.Errorf("PutSettings: %w", err)
			}
		}
		return nil
	})
	s := k.settings()
	if want := crowdSize * each; s.Version != int64(want) || len(s.DisabledProviders) != want {
		k.fail("after %d PutSettings that succeeded and added 1 each, version %d holds %d", want, s.Version, len(s.DisabledProviders))
	}
}

func crowdReaders(k *kit) {
	const commits = 25
	t := k.tree()
	t.collection.Captured, t.payment.Captured, t.session.Held = t.capture.Amount, t.capture.Amount, t.capture.Amount
	t.operation.Tries, t.request.Code = 1, "1"
	k.store(t.collection, t.rows()...)
	by := payment.Key{SessionID: t.session.ID, Method: t.request.Method, RequestKey: t.request.Key}
	var written atomic.Bool
	k.crowd(crowdSize, func(i int) error {
		if i == 0 {
			defer written.Store(true)
			for range commits {
				if err := k.step(by, k.captureMore); err != nil {
					return err
				}
			}
			return nil
		}
		for last := int64(0); ; {
			end := written.Load()
			rows, err := k.loadOne(by)
			if err != nil {
				return err
			}
			if err := oneMoment(rows); err != nil {
				return err
			}
			if v := rows.Collections[0].Version; v < last {
				return fmt.Errorf("Load brought version %d after version %d", v, last)
			}
			if last = rows.Collections[0].Version; end {
				return nil
			}
		}
	})
	if n := len(k.load(by).Captures); n != commits+1 {
		k.fail("after %d commits with a capture each there are %d captures", commits+1, n)
	}
}

// captureMore adds a capture and a refund, the capture's amount to every total, and writes the version into the operation and the request.
//
// The error is that of oneMoment: what is missing cannot be changed.
func (k *kit) captureMore(rows *payment.Rows) (*payment.Changes, error) {
	if err := oneMoment(rows); err != nil {
		return nil, err
	}
	c, s, p, o, r := rows.Collections[0], rows.Sessions[0], rows.Payments[0], rows.Operations[0], rows.Requests[0]
	capture := k.capture(p)
	c.Captured, s.Held, p.Captured = c.Captured.Add(capture.Amount), s.Held.Add(capture.Amount), p.Captured.Add(capture.Amount)
	s.Revision, o.Tries, r.Code = c.Version+1, int(c.Version+1), fmt.Sprint(c.Version+1)
	return changes(c, s, p, capture, k.refund(p), o, r), nil
}

// oneMoment returns an error when rows are of different commits of captureMore.
func oneMoment(rows *payment.Rows) error {
	if len(rows.Collections) != 1 || len(rows.Sessions) != 1 || len(rows.Payments) != 1 || len(rows.Operations) != 1 || len(rows.Requests) != 1 {
		return errors.New("Load does not bring the collection, the session, the payment, the operation and the request")
	}
	c, s, p, sum := rows.Collections[0], rows.Sessions[0], rows.Payments[0], decimal.Decimal{}
	for _, capture := range rows.Captures {
		sum = sum.Add(capture.Amount)
	}
	if s.Revision != c.Version || !c.Captured.Equal(sum) || !s.Held.Equal(sum) || !p.Captured.Equal(sum) {
		return fmt.Errorf("Load brought rows of different commits: the captures are %s in sum; collection version %d says %s, "+
			"session revision %d says %s, the payment says %s", sum, c.Version, c.Captured, s.Revision, s.Held, p.Captured)
	}
	if n, tries, code := len(rows.Refunds), rows.Operations[0].Tries, rows.Requests[0].Code; int64(n) != c.Version || int64(tries) != c.Version ||
		code != fmt.Sprint(c.Version) {
		return fmt.Errorf("Load brought rows of different commits: the collection is of version %d; there are %d refunds, "+
			"the operation is of version %d, the request of version %s", c.Version, n, tries, code)
	}
	return nil
}
