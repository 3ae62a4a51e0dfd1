package memstore

import (
	"errors"
	"sync"
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
