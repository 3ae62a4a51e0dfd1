package simulation

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// A world is the same over a store of documents, which returns rows as EncodeRow and DecodeRow leave them: 42.00 as 42, for one.
func TestStoreOfDocuments(t *testing.T) {
	for seed := range uint64(60) {
		want := Run(seed, Options{Trace: true})
		got := Run(seed, Options{Trace: true, Store: func() payment.Store { return documents{t, memstore.New()} }})
		require.Empty(t, got.Broken, "seed %d", seed)
		require.Equal(t, want, got, "seed %d", seed)
	}
}

// documents is a store whose rows are decoded from their encodings.
type documents struct {
	t *testing.T
	payment.Store
}

func (s documents) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	rows, err := s.Store.Load(ctx, by)
	if err == nil {
		decoded(s.t, rows.Collections)
		decoded(s.t, rows.Sessions)
		decoded(s.t, rows.Payments)
		decoded(s.t, rows.Captures)
		decoded(s.t, rows.Refunds)
		decoded(s.t, rows.Operations)
		decoded(s.t, rows.Requests)
	}
	return rows, err
}

func decoded[T any](t *testing.T, rows []*T) {
	for _, r := range rows {
		b, err := payment.EncodeRow(r)
		require.NoError(t, err)
		require.NoError(t, payment.DecodeRow(b, r))
	}
}
