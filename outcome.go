package payment

import (
	"fmt"
	"slices"
	"time"
)

// withoutEffect reports whether an operation failed because it certainly moved nothing, so that the same key may do it yet.
func (o *Operation) withoutEffect() bool {
	return o.State == OperationFailed && (o.Code == codeNotSent || o.Code == codeNotDone || o.Code == codeNoEffect)
}

// inProgress says that a task has begun nothing, since another call is at work, or nobody knows yet what became of it.
func (b *book) inProgress() *SessionError {
	return &SessionError{Outcome: ErrInProgress, Session: b.session, Payment: b.ownPayment(), RetryAfter: time.Second}
}

// interrupted is an outcome, and what came between.
type interrupted struct {
	outcome *SessionError
	cause   error
}

func (e *interrupted) Error() string   { return fmt.Sprintf("%v: %v", e.outcome, e.cause) }
func (e *interrupted) Unwrap() []error { return []error{e.outcome, e.cause} }

// ownEntry returns the row of a capture or refund that an operation is for, nil if there is none.
func (b *book) ownEntry(op *Operation) *Entry {
	if op.Kind != OperationCapture && op.Kind != OperationRefund { // a gateway may give the key of an authorization to its own capture
		return nil
	}
	return b.moved(op.ID)
}

// turnedUp reports whether the gateway has shown the movement of a capture or refund since a person said that it had failed.
func (b *book) turnedUp(op *Operation) bool {
	e := b.ownEntry(op)
	return e != nil && op.State == OperationFailed && e.State != MovementFailed
}

// failedSince returns why a capture or refund that the gateway had accepted has failed, empty if it has not. That a bank has returned a refund is
// no failure of it: it had succeeded, and its caller may have been told so.
func (b *book) failedSince(op *Operation) string {
	e := b.ownEntry(op)
	if e == nil || e.State != MovementFailed || slices.ContainsFunc(b.refunds, func(r *Refund) bool { return r.OperationID == op.ID && !r.ReturnedAt.IsZero() }) {
		return ""
	}
	return e.Reason
}

// outcome says how a task's operation ended; nil means that it succeeded.
func (s *Service) outcome(b *book, op *Operation) error {
	if op == nil || b.turnedUp(op) {
		return nil
	}
	code := op.Code
	if op.State == OperationSucceeded {
		if code = b.failedSince(op); code == "" {
			return nil
		}
	}
	e := &SessionError{Session: b.ownSession(), Payment: b.ownPayment()}
	switch {
	case op.State == OperationOpen:
		e.Outcome, e.RetryAfter = ErrOutcomeUnknown, max(op.LeaseUntil.Sub(b.now), time.Second)
	case op.State == OperationNeedsAttention:
		e.Outcome = ErrNeedsAttention
	case op.Code == codeCanceled || op.Code == codeUnasked, op.Code == codeNoEffect && b.session.Status == StatusCanceled:
		e.Outcome = ErrCanceled
	case op.withoutEffect() && b.moved(op.ID) == nil:
		e.Outcome, e.RetryAfter = ErrNotSent, time.Second
	default:
		e.Outcome, e.Reason = ErrDeclined, code
	}
	return e
}
