package sqlitestore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// drained takes all connections of a pool for as long as f takes.
func drained(t *testing.T, p *pool, f func()) {
	t.Helper()
	var all []*connection
	defer func() {
		for _, c := range all {
			p.give(c)
		}
	}()
	for range cap(p.free) {
		c, err := p.take(t.Context())
		require.NoError(t, err)
		all = append(all, c)
	}
	f()
}

// stored opens a store with a collection, whose writer's connection is idle.
func stored(t *testing.T, cfg Config) *Store {
	t.Helper()
	s := openFile(t, cfg)
	require.NoError(t, s.Commit(t.Context(), order(1)))
	settled(t, s)
	return s
}

// settled waits until nobody has the writer's connection: who is first in a new store has it for a moment after the commit.
func settled(t *testing.T, s *Store) {
	t.Helper()
	c, err := s.writer.take(t.Context())
	require.NoError(t, err)
	s.writer.give(c)
}

// What looks at a few rows is read on the writer's connection, which still knows the pages of its own commits; what may take longer keeps no writer.
func TestBriefReadsAreTheWriters(t *testing.T) {
	s := stored(t, Config{BusyTimeout: 50 * time.Millisecond})
	ctx, id := t.Context(), order(1).CollectionID
	list := func(f payment.Filter, p payment.Page) func() error {
		return func() error { _, err := s.List(ctx, payment.RowSessions, f, p); return err }
	}
	its := payment.Filter{CollectionID: id}
	few := map[string]func() error{
		"load":                   func() error { _, err := s.Load(ctx, payment.Key{CollectionID: id}); return err },
		"settings":               func() error { _, err := s.Settings(ctx); return err },
		"claim":                  func() error { _, err := s.Claim(ctx, payment.DueSession, begin, begin, 10); return err },
		"list of one collection": list(its, payment.Page{Limit: 20}),
	}
	many := map[string]func() error{
		"long list": list(its, payment.Page{Limit: 21}), "count": list(its, payment.Page{Limit: 1, Count: true}),
		"offset": list(its, payment.Page{Limit: 1, Offset: 1}), "list of all": list(payment.Filter{}, payment.Page{Limit: 1}),
	}
	drained(t, s.reader, func() {
		for what, read := range few {
			require.NoError(t, read(), what)
		}
		for _, read := range many {
			requireProblem(t, read(), payment.StoreBusy)
		}
	})
	drained(t, s.writer, func() { // nor does a writer keep whoever reads
		for what, read := range few {
			require.NoError(t, read(), what)
		}
	})
}

// A host's connection may wait for locks: it is the writer's alone.
func TestReadsOfAHostAreAside(t *testing.T) {
	s, _ := hosted(t, Config{BusyTimeout: 50 * time.Millisecond}, "")
	require.NoError(t, s.Commit(t.Context(), order(1)))
	settled(t, s)
	drained(t, s.reader, func() {
		_, err := s.Load(t.Context(), payment.Key{CollectionID: order(1).CollectionID})
		requireProblem(t, err, payment.StoreBusy)
	})
}

// A context that ends interrupts no read on the writer's connection: SQLite might interrupt the next commit in its place.
func TestNothingInterruptsTheWritersReads(t *testing.T) {
	s := stored(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ends := 0
	look := func(ctx context.Context, _ database) error {
		if ctx.Done() != nil {
			ends++
		}
		return nil
	}
	require.NoError(t, s.read(ctx, look))
	require.Zero(t, ends)
	require.NoError(t, s.readAside(ctx, look))
	require.Equal(t, 1, ends)
	cancel()
	require.ErrorIs(t, s.read(ctx, look), context.Canceled)
}

// The writer's connection waits for no lock. Where it meets one, the others do.
func TestLockedReadIsReadAside(t *testing.T) {
	s := stored(t, Config{})
	other := hostDB(t, s.path, "")
	tx, err := other.BeginTx(t.Context(), nil) // immediate
	require.NoError(t, err)
	tries := 0
	require.NoError(t, s.read(t.Context(), func(ctx context.Context, db database) error {
		if tries++; tries > 1 {
			return nil
		}
		_, err := db.exec(ctx, "UPDATE payment_settings SET version = 1")
		return err
	}))
	require.Equal(t, 2, tries)
	require.NoError(t, tx.Rollback())
}

// However many lists there are, what writes stays prepared.
func TestListsLeaveRoomForWrites(t *testing.T) {
	s := stored(t, Config{})
	for n := range maxPrepared {
		require.NoError(t, s.read(t.Context(), func(ctx context.Context, db database) error {
			var one int64
			return scanOne(ctx, db, &one, fmt.Sprint("SELECT ", n))
		}))
	}
	c := s.writer.idle()
	require.NotNil(t, c)
	before := len(c.prepared)
	require.LessOrEqual(t, before, maxQueries)
	s.writer.give(c)
	require.NoError(t, s.Commit(t.Context(), next(t, s, order(1).CollectionID)))
	require.Greater(t, len(c.prepared), before)
}

// Reads and commits at once: each read finds a collection with the event of its last commit, and nobody is kept for good.
func TestReadsBesideCommits(t *testing.T) {
	s := openFile(t, Config{})
	c := order(1)
	require.NoError(t, s.Commit(t.Context(), c))
	const commits = 200
	var stop atomic.Bool
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for last := int64(0); !stop.Load(); {
				rows, err := s.Load(context.Background(), payment.Key{CollectionID: c.CollectionID})
				if err != nil || rows.Collections[0].Version < last {
					t.Errorf("%v, or an older version after %d", err, last)
					return
				}
				last = rows.Collections[0].Version
				events, err := s.List(context.Background(), payment.RowEvents, payment.Filter{CollectionID: c.CollectionID}, payment.Page{Limit: 1, Descending: true})
				if err != nil || events.Events[0].Seq < last*64 {
					t.Errorf("%v, or version %d without its event", err, last)
					return
				}
			}
		})
	}
	for range commits {
		require.NoError(t, s.Commit(t.Context(), next(t, s, c.CollectionID)))
	}
	stop.Store(true)
	readers.Wait()
	require.Equal(t, int64(commits+1), version(t, s, c.CollectionID))
}
