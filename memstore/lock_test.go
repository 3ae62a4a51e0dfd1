package memstore

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestALockThatIsHeldForLong is slept on, and one that is held shortly is tried until it is free: one has it at a time, either way.
func TestALockThatIsHeldForLong(t *testing.T) {
	for _, hold := range []time.Duration{0, time.Millisecond} {
		var l lock
		var wg sync.WaitGroup
		n := 0
		for range 8 {
			wg.Go(func() {
				for range 10 {
					l.Lock()
					before := n
					if hold > 0 {
						time.Sleep(hold)
					}
					n = before + 1
					l.Unlock()
				}
			})
		}
		wg.Wait()
		require.Equal(t, 80, n)
	}
}
