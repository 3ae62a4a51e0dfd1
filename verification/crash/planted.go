package crash

import (
	"context"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/seed40c892db/payment"
)

// Faults that can be planted in a child, to see that the books show them.
const (
	plantNewKeys = "a new key for each try"  // the provider sends its own
	plantNoBegin = "no operation is written" // the store writes no operation that begins
)

// plantedProvider returns the provider with the fault, if it is one of a provider.
func (t task) plantedProvider(p *remote) payment.Provider {
	if t.Plant == plantNewKeys {
		return &keyless{p}
	}
	return p
}

// plantedStore returns the store with the fault, if it is one of a store.
func (t task) plantedStore(s payment.Store) payment.Store {
	if t.Plant == plantNoBegin {
		return &forgetful{s}
	}
	return s
}

// keyless is a provider of which every call has a key of its own, and that cannot tell what became of one.
type keyless struct{ *remote }

func newKey() string {
	id := uuid.New()
	return hex.EncodeToString(id[:])
}

func (p *keyless) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	r.IdempotencyKey = newKey()
	return p.remote.Capture(ctx, r)
}

func (p *keyless) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	r.IdempotencyKey = newKey()
	return p.remote.Refund(ctx, r)
}

// forgetful is a store that does not write operations when they begin, nor that they are due.
type forgetful struct{ payment.Store }

func (s *forgetful) Commit(ctx context.Context, c *payment.Changes) error {
	for _, o := range c.Operations {
		if o.State != payment.OperationOpen || o.Tries != 1 {
			continue
		}
		less := *c
		less.Operations, less.Due, less.Sessions = nil, nil, nil
		for _, x := range c.Sessions {
			unlocked := *x
			unlocked.OperationID = ""
			less.Sessions = append(less.Sessions, &unlocked)
		}
		return s.Store.Commit(ctx, &less)
	}
	return s.Store.Commit(ctx, c)
}
