package crash

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/verification/stores"
)

// TestLoad lets many clients go through whole flows on few collections. None of them ever sees an error: not of a deadlock, not of a conflict.
func TestLoad(t *testing.T) {
	for name, open := range map[string]func(*testing.T) payment.Store{
		stores.SQLite:   func(t *testing.T) payment.Store { return stores.NewSQLite(t, false) },
		stores.Postgres: func(t *testing.T) payment.Store { return stores.NewPostgres(t, stores.Server(t, true)) },
	} {
		t.Run(name, func(t *testing.T) {
			s, collections, err := newShop(t.Context(), open(t), 4, false)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), *long)
			defer cancel()
			running, stop := context.WithCancel(t.Context())
			ran := make(chan error)
			go func() { ran <- s.svc.Run(running, 50*time.Millisecond) }()
			s.work(ctx, collections)
			stop()
			require.NoError(t, <-ran)
			require.NoError(t, errsOf(s.failed), "%d of %d flows", len(s.failed), s.flows.Load())
			v, err := s.compare(t.Context())
			require.NoError(t, err)
			require.Empty(t, v.Wrong)
			require.GreaterOrEqual(t, int(s.flows.Load()), s.parallel)
			figures.add(t, name, fmt.Sprint("load of ", *long), "%d flows of %d clients on %d collections, %d operations; no client saw an error",
				s.flows.Load(), s.parallel, len(collections), v.Operations)
		})
	}
}
