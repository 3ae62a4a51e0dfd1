package pgstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// TestArgumentsOfACommitThatWasLeft has a caller leave while its commit is being sent with another: what is sent must not become what others
// commit meanwhile.
func TestArgumentsOfACommitThatWasLeft(t *testing.T) {
	s := newScript()
	store := &Store{db: s, sql: newStatements("payment"), known: &atomic.Bool{}, queue: newQueue(s, 1), spare: &sync.Pool{}}
	store.cfg, _ = Config{}.check()
	store.known.Store(true)
	store.queue.most = 1
	commit := func(ctx context.Context, id string) chan error {
		err := make(chan error, 1)
		go func() {
			err <- store.Commit(ctx, &payment.Changes{CollectionID: id, Collection: &payment.PaymentCollection{ID: id, CurrencyCode: "EUR"}})
		}()
		return err
	}
	args := func(b *pgx.Batch, statement int) []any {
		return b.QueuedQueries[statement].Arguments[0].(*arguments).args()
	}

	first := commit(t.Context(), "first")
	<-s.sent
	ctx, leave := context.WithCancel(t.Context())
	left, stays := commit(ctx, "a"), commit(t.Context(), "b")
	until(t, store.queue, 2)
	s.said <- nil
	require.NoError(t, <-first)
	both := <-s.sent
	require.Len(t, both.QueuedQueries, 3)
	of := args(both, 1)
	require.Equal(t, "a", of[0])
	leave()
	require.ErrorIs(t, <-left, payment.ErrCommitUnknown)

	var others []chan error
	for i := range 4 { // one of them had what the left one has, if it had given it back
		others = append(others, commit(t.Context(), fmt.Sprint("other", i)))
	}
	until(t, store.queue, 4)
	require.Equal(t, of, args(both, 1))
	s.said <- nil
	require.NoError(t, <-stays)
	next := <-s.sent
	for i := range others {
		require.Equal(t, fmt.Sprint("other", i), args(next, i+1)[0])
	}
	s.said <- nil
	for _, other := range others {
		require.NoError(t, <-other)
	}
}
