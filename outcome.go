package payment

import (
	"fmt"
	"slices"
	"time"
)

// withoutEffect reports whether an operation failed because it certainly moved nothing.
func (o *Operation) withoutEffect() bool {
	return o.State == OperationFailed && (o.Code == codeNotSent || o.Code == codeNotDone)
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

// turnedUp reports whether the gateway has shown the movement of a capture or refund since a person said that it had failed.
func (b *book) turnedUp(op *Operation) bool {
	done := func(e *Entry) bool {
		return op.State == OperationFailed && e.OperationID == op.ID && e.State != MovementFailed
	}
	switch op.Kind {
	case OperationCapture:
		return slices.ContainsFunc(b.captures, func(c *Capture) bool { return done(&c.Entry) })
	case OperationRefund:
		return slices.ContainsFunc(b.refunds, func(r *Refund) bool { return done(&r.Entry) })
	}
	return false
}

// outcome says how a task's operation ended; nil means that it succeeded.
func (s *Service) outcome(b *book, op *Operation) error {
	if op == nil || op.State == OperationSucceeded || b.turnedUp(op) {
		return nil
	}
	e := &SessionError{Session: b.ownSession(), Payment: b.ownPayment()}
	switch {
	case op.State == OperationOpen:
		e.Outcome, e.RetryAfter = ErrOutcomeUnknown, max(op.LeaseUntil.Sub(b.now), time.Second)
	case op.State == OperationNeedsAttention:
		e.Outcome = ErrNeedsAttention
	case op.withoutEffect():
		e.Outcome, e.RetryAfter = ErrNotSent, time.Second
	case op.Code == codeCanceled || op.Code == codeUnasked, op.Code == codeNoEffect && b.session.Status == StatusCanceled:
		e.Outcome = ErrCanceled
	default:
		e.Outcome, e.Reason = ErrDeclined, op.Code
	}
	return e
}
