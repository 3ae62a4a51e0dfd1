package payment_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// Nobody tells a process that its operation is written down. Another one takes it over, a day later, while the first one looks; and ends it, as nothing
// has happened at the gateway. The first one must not begin the same operation again: it has ended, and its key with it.
func TestAnEndedOperationIsNotBegunAgain(t *testing.T) {
	store := &frailStore{Store: memstore.New()}
	p := &scripted{answer: usual, info: payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true}}
	s := newShop(t, options{store: store, more: []payment.Provider{p}})
	x := s.session(s.collection("100", "EUR"), "scripted", "50")
	asked, answer, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	ask, look := sync.OnceFunc(func() { close(asked) }), sync.OnceFunc(func() { close(answer) })
	p.on(payment.OperationStatus, func(said *payment.Snapshot, _ payment.Request) error {
		said.State, said.Amount = payment.SnapshotPending, dec("50")
		ask()
		<-answer
		return nil
	})
	first, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{p}, Now: s.clock.Now,
		Wait: func(_ context.Context, d time.Duration) error {
			if d == 5*time.Millisecond { // it waits for the other one
				look()
				<-ended
			}
			return nil
		}})
	require.NoError(t, err)
	store.set(func(commit func() error) error {
		store.set(nil)
		if err := commit(); err != nil {
			return err
		}
		s.clock.Advance(26 * time.Hour)
		go func() {
			defer close(ended)
			_, _ = s.Reconcile(context.Background())
		}()
		<-asked
		return payment.ErrCommitUnknown
	})
	_, err = first.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: new(dec("60"))})
	require.ErrorIs(t, err, payment.ErrNotSent)
	require.False(t, slices.Contains(p.calls, payment.OperationUpdate))
	require.Empty(t, s.freshSession(x.ID).OperationID)
	equalAmount(t, "50", s.freshSession(x.ID).Amount)
}
