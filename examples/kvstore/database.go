package kvstore

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// Database is all that the store needs: ordered keys, reads as of one moment, and one conditional batch. etcd, FoundationDB and TiKV have it
// as it is; docs/writing-a-store.md says what it is in others. Keys are UTF-8 and NUL, values are never empty.
type Database interface {
	// View calls f with a view of one moment. The error is that of f, of ctx, or of the database.
	View(ctx context.Context, f func(r Reader) error) error
	// Write makes all of the changes or none, and only if every key of want still has the value beside it. An empty value stands for a key
	// that is not there: in want it must not be, in changes it is removed. The answer says whether it was written.
	//
	// The error matches payment.ErrCommitUnknown where it may have been; after any other error it was not.
	Write(ctx context.Context, want, changes map[string]string) (bool, error)
}

// Reader reads within a view.
type Reader interface {
	// Get returns a key's value, empty where it is not there.
	Get(key string) string
	// Scan goes through the keys that are at least from and less than to, in order, or from the last one backwards.
	Scan(from, to string, backwards bool) iter.Seq2[string, string]
}

// Memory is a [Database] in memory, to be tried and tested with.
type Memory struct {
	mu     sync.RWMutex
	values map[string]string
	sorted []string // the keys
}

// NewMemory returns an empty database.
func NewMemory() *Memory { return &Memory{values: map[string]string{}} }

// View reads under a lock. The only error of its own is that of a context that has ended.
func (m *Memory) View(ctx context.Context, f func(r Reader) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return f(reader{m})
}

// Write compares, then writes, under the same lock. The only error is that of a context that has ended.
func (m *Memory) Write(ctx context.Context, want, changes map[string]string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	for key, value := range want {
		if m.values[key] != value {
			return false, nil
		}
	}
	for key, value := range changes {
		at, there := slices.BinarySearch(m.sorted, key)
		switch {
		case value != "" && !there:
			m.sorted = slices.Insert(m.sorted, at, key)
		case value == "" && there:
			m.sorted = slices.Delete(m.sorted, at, at+1)
		}
		if m.values[key] = value; value == "" {
			delete(m.values, key)
		}
	}
	return true, nil
}

type reader struct{ m *Memory }

func (r reader) Get(key string) string { return r.m.values[key] }

func (r reader) Scan(from, to string, backwards bool) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		first, _ := slices.BinarySearch(r.m.sorted, from)
		end, _ := slices.BinarySearch(r.m.sorted, to)
		for n := range max(end-first, 0) {
			i := first + n
			if backwards {
				i = end - 1 - n
			}
			if key := r.m.sorted[i]; !yield(key, r.m.values[key]) {
				return
			}
		}
	}
}

var _ Database = (*Memory)(nil)
