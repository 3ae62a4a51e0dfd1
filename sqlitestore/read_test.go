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
	for range cap(p.free) {
		c, err := p.take(t.Context())
		require.NoError(t, err)
		defer p.give(c)
	}
	f()
}

// What is read soon is read on the writer's connection, which still knows the pages of its own commits; what may take longer keeps no writer.
func TestBriefReadsAreTheWriters(t *testing.T) {
	file := openFile(t, Config{BusyTimeout: 50 * time.Millisecond})
	host, _ := hosted(t, Config{BusyTimeout: 50 * time.Millisecond}, "")
	for name, s := range map[string]*Store{"a file": file, "a host's database": host} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			c := order(1)
			require.NoError(t, s.Commit(ctx, c))
			reads := map[string]func() error{
				"load":     func() error { _, err := s.Load(ctx, payment.Key{CollectionID: c.CollectionID}); return err },
				"settings": func() error { _, err := s.Settings(ctx); return err },
				"claim":    func() error { _, err := s.Claim(ctx, payment.DueSession, begin, begin, 10); return err },
			}
			list := func(p payment.Page) func() error {
				return func() error { _, err := s.List(ctx, payment.RowCollections, payment.Filter{}, p); return err }
			}
			reads["short list"] = list(payment.Page{Limit: 50})
			long := map[string]func() error{
				"long list": list(payment.Page{Limit: 51}), "count": list(payment.Page{Limit: 1, Count: true}),
				"offset": list(payment.Page{Limit: 1, Offset: 1}),
			}
			drained(t, s.reader, func() {
				for what, read := range reads {
					require.NoError(t, read(), what)
				}
				for _, read := range long {
					requireProblem(t, read(), payment.StoreBusy)
				}
			})
			drained(t, s.writer, func() { // nor does a writer keep whoever reads
				for what, read := range reads {
					require.NoError(t, read(), what)
				}
			})
		})
	}
}

// A context that ends interrupts no read on the writer's connection: SQLite might interrupt the next commit in its place.
func TestNothingInterruptsTheWritersReads(t *testing.T) {
	s := openFile(t, Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
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
	s := openFile(t, Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
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
	s := openFile(t, Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
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
