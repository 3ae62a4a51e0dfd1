package memstore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// TestStress has several goroutines change the same few collections, while others load, list and claim. Every commit adds one to the
// amounts of the collection and its session, and an event: whoever reads them apart from each other has read half a commit.
func TestStress(t *testing.T) {
	const collections, writers, rounds = 4, 4, 300
	s := New()
	for n := range collections {
		c := open(t, s, n)
		c.Sessions = []*payment.PaymentSession{newSession(c, n)}
		require.NoError(t, s.Commit(t.Context(), c))
	}
	one := decimal.New(1, 0)
	ctx := t.Context()
	check := func(err error) bool {
		if err != nil {
			t.Error(err)
		}
		return err == nil
	}
	increment := func(n, writer, round int) bool {
		for {
			rows, err := s.Load(ctx, payment.Key{SessionID: id("payses", n)})
			if !check(err) {
				return false
			}
			c, x := rows.Collections[0], rows.Sessions[0]
			if !c.Amount.Equal(x.Amount) || c.Amount.IntPart()+2 != c.Version {
				t.Errorf("version %d holds %s, its session %s", c.Version, c.Amount, x.Amount)
				return false
			}
			c.Amount, x.Amount = c.Amount.Add(one), x.Amount.Add(one)
			x.Metadata = payment.Data{"round": round}
			err = s.Commit(ctx, &payment.Changes{CollectionID: c.ID, Version: c.Version, Collection: c, Sessions: []*payment.PaymentSession{x},
				Events: []*payment.Event{{ID: id("evt", (writer*rounds+round)*collections+n), CollectionID: c.ID, Seq: c.Version * 64, At: noon}},
				Due:    []payment.Due{{Kind: payment.DueSession, CollectionID: c.ID, ID: x.ID, At: noon.Add(time.Duration(round))}}})
			if err == nil {
				x.Metadata["round"] = "changed after the commit"
				return true
			}
			if !errors.Is(err, payment.ErrConflict) {
				return check(err)
			}
		}
	}
	var writing, reading sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			for round := range rounds {
				for n := range collections {
					if !increment(n, writer, round) {
						return
					}
				}
			}
		})
	}
	done := make(chan struct{})
	repeat := func(step func() bool) {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if !step() {
						return
					}
				}
			}
		})
	}
	repeat(func() bool {
		rows, err := s.List(ctx, payment.RowEvents, payment.Filter{CollectionID: id("paycol", 1)}, payment.Page{Limit: 50, Count: true})
		for i := 1; err == nil && i < len(rows.Events); i++ {
			if rows.Events[i-1].Seq >= rows.Events[i].Seq {
				t.Error("events out of order")
				return false
			}
		}
		return check(err)
	})
	repeat(func() bool {
		rows, err := s.List(ctx, payment.RowSessions, payment.Filter{}, payment.Page{Limit: 50, Descending: true})
		if err == nil && len(rows.Sessions) != collections {
			t.Errorf("%d sessions", len(rows.Sessions))
			return false
		}
		return check(err)
	})
	repeat(func() bool {
		due, err := s.Claim(ctx, payment.DueEvents, noon, noon.Add(time.Hour), 2)
		for _, d := range due {
			if err := s.Done(ctx, d, noon); err != nil && !errors.Is(err, payment.ErrConflict) {
				return check(err)
			}
		}
		return check(err)
	})
	writing.Wait()
	close(done)
	reading.Wait()
	for n := range collections {
		rows, err := s.Load(ctx, payment.Key{CollectionID: id("paycol", n), SessionID: id("payses", n)})
		require.NoError(t, err)
		require.EqualValues(t, 2+writers*rounds, rows.Collections[0].Version)
		require.EqualValues(t, writers*rounds, rows.Sessions[0].Amount.IntPart())
		require.NotEqual(t, "changed after the commit", rows.Sessions[0].Metadata["round"])
	}
	require.Equal(t, collections*writers*rounds, s.lists.events.n)
}

// TestStressEvents has several goroutines commit events of a few collections, while others claim, list and finish them. Whoever finishes
// says that the events are done as soon as its list ended: an event that is committed in between must bring them back.
func TestStressEvents(t *testing.T) {
	const collections, committers, claimers, rounds = 2, 3, 3, 200
	s, ctx := New(), t.Context()
	for n := range collections {
		open(t, s, n)
	}
	var committed, seen atomic.Int64
	var held [collections]atomic.Bool
	commit := func(n, committer, round int) error {
		for {
			rows, err := s.Load(ctx, payment.Key{CollectionID: id("paycol", n)})
			if err != nil {
				return err
			}
			c := rows.Collections[0]
			err = s.Commit(ctx, &payment.Changes{CollectionID: c.ID, Version: c.Version, Collection: c, Events: []*payment.Event{
				{ID: id("evt", (committer*rounds+round)*collections+n), CollectionID: c.ID, Seq: (c.Version + 1) * 64, At: noon}}})
			if !errors.Is(err, payment.ErrConflict) {
				return err
			}
		}
	}
	deliver := func(d payment.Due) error {
		var n int
		if _, err := fmt.Sscanf(d.ID, "paycol_%x", &n); err != nil {
			return err
		}
		if !held[n].CompareAndSwap(false, true) {
			return fmt.Errorf("two claimers hold the events of %s", d.ID)
		}
		rows, err := s.List(ctx, payment.RowEvents, payment.Filter{CollectionID: d.ID}, payment.Page{Limit: 3, AfterSeq: d.Seq})
		if err != nil {
			return err
		}
		for _, e := range rows.Events {
			d.Seq = e.Seq
		}
		seen.Add(int64(len(rows.Events)))
		held[n].Store(false)
		return s.Done(ctx, d, time.Time{})
	}
	var committing, claiming sync.WaitGroup
	for committer := range committers {
		committing.Go(func() {
			for round := range rounds {
				for n := range collections {
					if err := commit(n, committer, round); err != nil {
						t.Error(err)
						return
					}
					committed.Add(1)
				}
			}
		})
	}
	done := make(chan struct{})
	for range claimers {
		claiming.Go(func() {
			for end := false; ; {
				due, err := s.Claim(ctx, payment.DueEvents, noon, noon.Add(time.Hour), 1)
				for _, d := range due {
					err = errors.Join(err, deliver(d))
				}
				if err != nil {
					t.Error(err)
					return
				}
				if len(due) == 0 && end {
					return
				}
				select {
				case <-done:
					end = true
				default:
				}
			}
		})
	}
	committing.Wait()
	close(done)
	claiming.Wait()
	require.EqualValues(t, collections*committers*rounds, committed.Load())
	require.Equal(t, committed.Load(), seen.Load())
	for n := range collections {
		row := s.findDue(payment.DueEvents, id("paycol", n))
		require.True(t, row.At.IsZero())
		require.Equal(t, s.collections[row.ID].row.Version*64, row.Seq)
	}
	require.Empty(t, s.due[payment.DueEvents].heap)
}
