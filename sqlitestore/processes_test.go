package sqlitestore

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

const (
	pathVariable  = "SQLITESTORE_TEST_PATH" // set in another process: what to open
	stepsVariable = "SQLITESTORE_TEST_STEPS"
)

// count adds so many changes to the one collection, conflicts or not.
func count(ctx context.Context, s payment.Store, steps int) error {
	for done := 0; done < steps; {
		rows, err := s.Load(ctx, payment.Key{CollectionID: order(1).CollectionID})
		if err != nil {
			return err
		}
		c := rows.Collections[0]
		c.Declines++
		err = s.Commit(ctx, &payment.Changes{CollectionID: c.ID, Version: c.Version, Collection: c, Events: []*payment.Event{event(c.ID, 0, c.Version+1)}})
		if err == nil {
			done++
		} else if !errors.Is(err, payment.ErrConflict) {
			return err
		}
	}
	return nil
}

// otherProcess runs one test of this binary as a process of its own.
func otherProcess(t *testing.T, path string, steps int) error {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOtherProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), pathVariable+"="+path, stepsVariable+"="+strconv.Itoa(steps))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.New(string(out))
	}
	return nil
}

// TestOtherProcess is what another process does; in this one it counts in a file of its own.
func TestOtherProcess(t *testing.T) {
	path, steps := os.Getenv(pathVariable), 5
	if path == "" {
		path = filepath.Join(t.TempDir(), "payments.db")
	} else {
		n, err := strconv.Atoi(os.Getenv(stepsVariable))
		require.NoError(t, err)
		steps = n
	}
	s := openPath(t, path, Config{BusyTimeout: time.Minute})
	if err := s.Commit(t.Context(), order(1)); err != nil { // the first one makes it
		require.ErrorIs(t, err, payment.ErrConflict)
	}
	require.NoError(t, count(t.Context(), s, steps))
}

func TestProcessesShareAFile(t *testing.T) {
	const processes, steps = 3, 30
	path := filepath.Join(t.TempDir(), "payments.db") // which they make, and migrate, all at once
	errs := make([]error, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() { errs[i] = otherProcess(t, path, steps) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	s := openPath(t, path, Config{})
	require.EqualValues(t, 1+processes*steps, version(t, s, order(1).CollectionID))
	rows, err := s.Load(t.Context(), payment.Key{CollectionID: order(1).CollectionID})
	require.NoError(t, err)
	require.Equal(t, processes*steps, rows.Collections[0].Declines)
}

func TestHandlesShareAFile(t *testing.T) {
	const handles, steps = 4, 25
	path := filepath.Join(t.TempDir(), "payments.db")
	stores := make([]*Store, handles)
	for i := range stores {
		stores[i] = openPath(t, path, Config{BusyTimeout: time.Minute})
	}
	require.NoError(t, stores[0].Commit(t.Context(), order(1)))
	errs := make([]error, handles)
	var wg sync.WaitGroup
	for i, s := range stores {
		wg.Go(func() { errs[i] = count(context.Background(), s, steps) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.EqualValues(t, 1+handles*steps, version(t, stores[0], order(1).CollectionID))
}

func TestMigrateAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		db := hostDB(t, path, "")
		wg.Go(func() { errs[i] = Migrate(context.Background(), db) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	s, err := New(hostDB(t, path, ""), Config{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// A process that is killed loses nothing that was acknowledged: whoever opens the file next finds it.
func TestAcknowledgedCommitsSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "payments.db")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOtherProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), pathVariable+"="+path, stepsVariable+"=1000000")
	require.NoError(t, cmd.Start())
	s := openPath(t, path, Config{BusyTimeout: time.Minute})
	var seen int64
	require.Eventually(t, func() bool { seen = version(t, s, order(1).CollectionID); return seen > 20 }, 30*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	after := version(t, s, order(1).CollectionID)
	require.GreaterOrEqual(t, after, seen)
	events, err := s.List(t.Context(), payment.RowEvents, payment.Filter{CollectionID: order(1).CollectionID}, payment.Page{Limit: 1, Count: true})
	require.NoError(t, err)
	require.EqualValues(t, min(after, maxCount), events.Count, "each commit is there whole")
	require.NoError(t, s.Commit(t.Context(), next(t, s, order(1).CollectionID)))
}
