package linear_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/verification/linear"
)

// TestPlanted plants a fault in a store, and requires that a history of it is refused. A fault that no history shows fails the test.
func TestPlanted(t *testing.T) {
	for name, broken := range map[string]func(payment.Store) payment.Store{
		"a load from a cache":                    func(s payment.Store) payment.Store { return &staleStore{Store: s} },
		"a load of two moments":                  func(s payment.Store) payment.Store { return &tornStore{Store: s} },
		"an acknowledged commit that is lost":    func(s payment.Store) payment.Store { return &lossyStore{Store: s} },
		"a conflict that was written":            func(s payment.Store) payment.Store { return &lyingStore{Store: s} },
		"a commit that does not compare":         func(s payment.Store) payment.Store { return &blindStore{Store: s} },
		"work that is claimed twice":             func(s payment.Store) payment.Store { return &generousStore{Store: s} },
		"a Done that does not compare":           func(s payment.Store) payment.Store { return &carelessStore{Store: s} },
		"a Done that overlooks the newest event": func(s payment.Store) payment.Store { return &sleepyStore{Store: s} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) { // the first few tell, as a rule: it depends on who runs when
				p := full(seed)
				p.Calls = 100
				h := linear.Record(t.Context(), broken(memstore.New()), p)
				require.Empty(t, h.Unexpected)
				result, err := linear.Check(h, time.Minute, filepath.Join(t.TempDir(), "history.html"))
				require.NoError(t, err)
				if result == porcupine.Illegal {
					return
				}
			}
			require.Fail(t, "nobody notices "+name)
		})
	}
}

// Where a store may fail, an acknowledged commit is still one.
func TestPlantedWithOutages(t *testing.T) {
	p := full(1)
	p.Calls, p.Outages = 200, true
	h := linear.Record(t.Context(), &lossyStore{Store: &uncertainStore{Store: memstore.New()}}, p)
	require.Positive(t, h.Counts["commit unknown"])
	result, err := linear.Check(h, time.Minute, filepath.Join(t.TempDir(), "history.html"))
	require.NoError(t, err)
	require.Equal(t, porcupine.Illegal, result)

	h = linear.Record(t.Context(), &uncertainStore{Store: memstore.New()}, p)
	require.Positive(t, h.Counts["commit unknown"])
	result, err = linear.Check(h, time.Minute, "")
	require.NoError(t, err)
	require.Equal(t, porcupine.Ok, result)
}

// uncertainStore says of some commits that nobody knows, whether it made them or not.
type uncertainStore struct {
	payment.Store
	every
}

func (s *uncertainStore) Commit(ctx context.Context, c *payment.Changes) error {
	switch s.calls.Add(1) % 150 {
	case 0:
		return payment.ErrCommitUnknown
	case 75:
		if err := s.Store.Commit(ctx, c); err != nil {
			return err
		}
		return payment.ErrCommitUnknown
	}
	return s.Store.Commit(ctx, c)
}

// every is true once in n calls.
type every struct{ calls atomic.Int64 }

func (e *every) nth(n int64) bool { return e.calls.Add(1)%n == 0 }

// staleStore answers some loads as the one before.
type staleStore struct {
	payment.Store
	every
	mu   sync.Mutex
	last map[string]*payment.Rows
}

func (s *staleStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rows := s.last[by.CollectionID]; rows != nil && s.nth(50) {
		return rows, nil
	}
	rows, err := s.Store.Load(ctx, by)
	if err == nil {
		if s.last == nil {
			s.last = map[string]*payment.Rows{}
		}
		s.last[by.CollectionID] = rows
	}
	return rows, err
}

// tornStore loads the session after the rest.
type tornStore struct{ payment.Store }

func (s *tornStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	rows, err := s.Store.Load(ctx, by)
	if err != nil {
		return nil, err
	}
	later, err := s.Store.Load(ctx, by)
	if err != nil {
		return nil, err
	}
	rows.Sessions = later.Sessions
	return rows, nil
}

// lossyStore acknowledges commits that it does not make.
type lossyStore struct {
	payment.Store
	every
}

func (s *lossyStore) Commit(ctx context.Context, c *payment.Changes) error {
	if s.nth(200) {
		return nil
	}
	return s.Store.Commit(ctx, c)
}

// lyingStore reports a conflict for commits that it makes.
type lyingStore struct {
	payment.Store
	every
}

func (s *lyingStore) Commit(ctx context.Context, c *payment.Changes) error {
	err := s.Store.Commit(ctx, c)
	if s.nth(200) {
		return payment.ErrConflict
	}
	return err
}

// blindStore compares versions before it writes, rather than with it.
type blindStore struct {
	payment.Store
	every
}

func (s *blindStore) Commit(ctx context.Context, c *payment.Changes) error {
	err := s.Store.Commit(ctx, c)
	for range 100 {
		if !errors.Is(err, payment.ErrConflict) || c.Version == 0 || s.nth(3) {
			return err
		}
		rows, failed := s.Load(ctx, payment.Key{CollectionID: c.CollectionID})
		if failed != nil || rows.Collections[0].Version <= c.Version {
			return err
		}
		forced := *c
		forced.Version, forced.Events = rows.Collections[0].Version, nil
		err = s.Store.Commit(ctx, &forced)
	}
	return err
}

// generousStore gives work to a second claimer.
type generousStore struct {
	payment.Store
	mu   sync.Mutex
	last map[payment.DueKind][]payment.Due
}

func (s *generousStore) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if again := s.last[kind]; len(again) > 0 && len(again) <= limit {
		delete(s.last, kind)
		for i := range again {
			again[i].At = until
		}
		return again, nil
	}
	claimed, err := s.Store.Claim(ctx, kind, now, until, limit)
	if s.last == nil {
		s.last = map[payment.DueKind][]payment.Due{}
	}
	s.last[kind] = append([]payment.Due(nil), claimed...)
	return claimed, err
}

// carelessStore says that work is done whoever has it by now.
type carelessStore struct{ payment.Store }

func (s *carelessStore) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if err := s.Store.Done(ctx, d, again); !errors.Is(err, payment.ErrConflict) {
		return err
	}
	return nil
}

// sleepyStore looks for newer events before it puts the row to rest: one that comes between is slept over until the next.
type sleepyStore struct {
	payment.Store
	mu  sync.Mutex
	seq map[string]int64
}

// beyondAll is a Seq after which there is no event.
const beyondAll = 1 << 40

func (s *sleepyStore) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if d.Kind != payment.DueEvents || !again.IsZero() {
		return s.Store.Done(ctx, d, again)
	}
	rows, err := s.Load(ctx, payment.Key{CollectionID: d.CollectionID})
	if err != nil || 64*rows.Collections[0].Version > d.Seq {
		return s.Store.Done(ctx, d, again)
	}
	time.Sleep(500 * time.Microsecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := d.Seq
	d.Seq = beyondAll
	err = s.Store.Done(ctx, d, again)
	if err == nil {
		if s.seq == nil {
			s.seq = map[string]int64{}
		}
		s.seq[d.ID] = seq
	}
	return err
}

func (s *sleepyStore) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	claimed, err := s.Store.Claim(ctx, kind, now, until, limit)
	for i := range claimed {
		if claimed[i].Seq >= beyondAll {
			claimed[i].Seq = s.seq[claimed[i].ID]
		}
	}
	return claimed, err
}
