package payment

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// reconcileBatch is how much due work one Reconcile claims at a time, and reconcileLimit how much it does at the most.
const (
	reconcileBatch = 50
	reconcileLimit = 1000
)

// Report says what one Reconcile did. The IDs are those of operations.
type Report struct {
	Looked    int      // how much due work was looked at
	Settled   []string // ended: the gateway has said what became of them
	Open      []string // still unknown: asked again later
	Attention []string // a person must decide
	Failed    []string // could not be looked at, because the store or the configuration did not allow it; the error says why
}

// Reconcile does the work that is due: it asks gateways about operations whose executor is gone or whose outcome is unknown, and
// finishes them. Call it every few seconds from a goroutine of your own; any number of processes may do so.
//
// What could not be done is named in the Report and due again later. The error joins the reasons; it matches what the store or ctx
// returned. Log it, and go on calling.
func (s *Service) Reconcile(ctx context.Context) (*Report, error) {
	r := &Report{}
	var errs []error
	for r.Looked < reconcileLimit {
		now := s.now()
		claimed, err := s.store.Claim(ctx, DueOperation, now, now.Add(s.cfg.lease()), reconcileBatch)
		if err != nil {
			return r, errors.Join(append(errs, err)...)
		}
		for _, d := range claimed {
			r.Looked++
			if err := s.reconcileOperation(ctx, d, r); err != nil {
				errs = append(errs, err)
				r.Failed = append(r.Failed, d.ID)
			}
			if ctx.Err() != nil { // what was claimed is due again when its claim ends
				return r, errors.Join(append(errs, ctx.Err())...)
			}
		}
		if len(claimed) < reconcileBatch {
			break
		}
	}
	return r, errors.Join(errs...)
}

// reconcileOperation brings one operation on. A commit that does so moves its Due row; where nothing is left to do, the claim ends it.
func (s *Service) reconcileOperation(ctx context.Context, d Due, r *Report) (err error) {
	defer func() { // a provider's bug must not keep the others from being asked
		if p := recover(); p != nil {
			s.cfg.Logger.ErrorContext(ctx, "payment: a provider panicked", "operation", d.ID, "panic", quote(fmt.Sprint(p)), "stack", string(debug.Stack()))
			err = fmt.Errorf("payment: operation %s: the provider panicked", d.ID)
		}
	}()
	b, won, err := s.takeOver(ctx, d.CollectionID, d.ID)
	if err != nil {
		return err
	}
	op := b.operation(d.ID)
	switch {
	case op == nil || !won && op.State != OperationOpen:
		return ignoreConflict(s.store.Done(ctx, d, time.Time{}))
	case !won: // somebody else is at work: look again when the lease ends
		return ignoreConflict(s.store.Done(ctx, d, op.LeaseUntil))
	case op.ended():
		r.Settled = append(r.Settled, op.ID)
	case op.State == OperationNeedsAttention:
		r.Attention = append(r.Attention, op.ID)
	default:
		r.Open = append(r.Open, op.ID)
	}
	return nil
}

// ignoreConflict drops the news that a Due row has moved on: whoever moved it looks after it.
func ignoreConflict(err error) error {
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}
