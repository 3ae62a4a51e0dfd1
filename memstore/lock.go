package memstore

import "sync"

// lock is a mutex that is tried for some microseconds before it is slept on. It is held for about one, and who sleeps runs again a tenth of a
// millisecond later: on two cores, 3 % of the commits that slept took a third of the time.
type lock struct{ sync.Mutex }

// tries take 10 µs or so.
const tries = 5000

// Lock waits until the lock is free, and takes it.
func (l *lock) Lock() {
	for range tries {
		if l.TryLock() {
			return
		}
	}
	l.Mutex.Lock()
}
