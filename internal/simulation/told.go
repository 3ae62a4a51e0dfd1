package simulation

import (
	"context"
	"errors"
	"slices"

	"github.com/seed40c892db/payment"
)

// toldAuthorized holds "authorized", told to a caller, against both books: goods are shipped for it.
func (w *world) toldAuthorized(x *payment.Payment) {
	w.toldPayment(x)
	p := w.shadow.payments[x.ID]
	if p == nil || p.unasked {
		w.fail("AuthorizeSession returned payment %s, which nobody asked for, or is not committed", x.ID)
		return
	}
	if w.v.hostile || p.session.provider != "sandbox" {
		return
	}
	if i, ok := w.gateway.Intent(p.session.reference); !ok || w.minor(i.Authorized) != p.authorized {
		w.fail("AuthorizeSession returned payment %s of %d, and the gateway has authorized %s for it", x.ID, p.authorized, i.Authorized)
	}
}

// toldPayment holds a returned payment against what is committed: it may be older, but never more.
func (w *world) toldPayment(x *payment.Payment) {
	w.returned(x)
	p := w.shadow.payments[x.ID]
	if p == nil {
		w.fail("payment %s was returned and is not committed", x.ID)
		return
	}
	if w.minor(x.Captured) > p.captured || w.minor(x.Authorized) != p.authorized || w.minor(x.Released) > p.released {
		w.fail("payment %s was returned with authorized %s, captured %s, released %s; committed is %d, %d, %d", x.ID, x.Authorized, x.Captured,
			x.Released, p.authorized, p.captured, p.released)
	}
	for _, e := range x.Captures {
		w.toldEntry(&e.Entry)
	}
	for _, e := range x.Refunds {
		w.toldEntry(&e.Entry)
	}
}

// toldEntry: what was returned as succeeded is committed as that.
func (w *world) toldEntry(e *payment.Entry) {
	m := w.shadow.movements[e.ID]
	if m == nil || e.State == payment.MovementSucceeded && m.state != payment.MovementSucceeded && !m.returned {
		w.fail("%s was returned as %s, and is not committed so", e.ID, e.State)
	}
}

// failedSince reports whether a call may be told that it is declined although it was told nothing of the kind before: the gateway had accepted a
// capture or refund of that payment, whose operation has succeeded, and it failed without ever having succeeded.
func (w *world) failedSince(err error) bool {
	e, ok := errors.AsType[*payment.SessionError](err)
	if !ok || !errors.Is(err, payment.ErrDeclined) || e.Payment == nil {
		return false
	}
	failed := func(x *payment.Entry) bool {
		m, o := w.shadow.movements[x.ID], w.shadow.ops[x.OperationID]
		return m != nil && o != nil && m.state == payment.MovementFailed && !m.returned && o.state == payment.OperationSucceeded && x.Reason == e.Reason
	}
	return slices.ContainsFunc(e.Payment.Captures, func(x *payment.Capture) bool { return failed(&x.Entry) }) ||
		slices.ContainsFunc(e.Payment.Refunds, func(x *payment.Refund) bool { return failed(&x.Entry) })
}

// undecided reports whether the gateway is still deciding about a movement of the kind that a call is for: a call that has begun none itself then is made
// anew when it is repeated.
func undecided(kind callKind, x *payment.Payment) bool {
	pending := func(e *payment.Entry) bool { return e.State == payment.MovementPending }
	if kind == capturePayment {
		return slices.ContainsFunc(x.Captures, func(c *payment.Capture) bool { return pending(&c.Entry) })
	}
	return slices.ContainsFunc(x.Refunds, func(r *payment.Refund) bool { return pending(&r.Entry) })
}

// toldMoved holds the outcome of a capture or refund against the operations that it began, and against what was told for its key before.
func (w *world) toldMoved(c *hostCall, x *payment.Payment, err error) {
	if err == nil {
		w.toldPayment(x)
		if len(c.began) > 0 || !undecided(c.kind, x) {
			c.first().succeeded = true
		}
		for _, o := range c.began {
			if o.kind != payment.OperationInitialize && o.state != payment.OperationSucceeded && o.code != "no_effect" {
				w.fail("%s was told that it succeeded, and its operation %s is %s", c.kind, o.id, o.state)
			}
		}
		return
	}
	definite := errors.Is(err, payment.ErrDeclined) || errors.Is(err, payment.ErrNotSent)
	if definite && c.known && !w.failedSince(err) {
		w.fail("%s with key %q had succeeded, and repeated it is told: %v", c.kind, c.key, err)
	}
	for _, o := range c.began {
		if definite && o.kind != payment.OperationInitialize && o.state != payment.OperationFailed && !w.failedSince(err) {
			w.fail("%s was told %v, and its operation %s is %s", c.kind, err, o.id, o.state)
		}
	}
}

// toldCanceled: a session that was returned as canceled holds nothing.
func (w *world) toldCanceled(x *payment.PaymentSession) {
	w.returned(x)
	s := w.shadow.sessions[x.ID]
	if s == nil || s.status != payment.StatusCanceled {
		w.fail("session %s was returned by CancelSession, and is %s", x.ID, x.Status)
	}
}

// sessionWords is what a session says of where it stands.
type sessionWords struct {
	revision                                        int64
	amount, held                                    int64
	status                                          payment.SessionStatus
	operation, payment, reference, reason, nextStep string
	processing                                      bool
}

func (w *world) wordsOf(x *payment.PaymentSession) sessionWords {
	words := sessionWords{
		revision: x.Revision, amount: w.minor(x.Amount), held: w.minor(x.Held), status: x.Status, operation: x.OperationID, payment: x.PaymentID,
		reference: x.Reference, reason: x.Reason, processing: !x.ProcessingSince.IsZero(),
	}
	if x.NextAction != nil {
		words.nextStep = string(x.NextAction.Kind) + x.NextAction.URL
	}
	return words
}

// toldError holds the rows that an error carries against what is committed: who reads them ships goods, too. They may be older, but never
// newer, nor others.
func (w *world) toldError(err error) {
	e, ok := errors.AsType[*payment.SessionError](err)
	if !ok {
		return
	}
	if e.Payment != nil {
		w.toldPayment(e.Payment)
	}
	if e.Session == nil {
		return
	}
	s, told := w.shadow.sessions[e.Session.ID], w.wordsOf(e.Session)
	switch {
	case s == nil:
		w.fail("an error carries session %s, which is not committed: %v", e.Session.ID, err)
	case told.revision > s.last.revision || told.revision == s.last.revision && told != s.last:
		w.fail("an error says %+v of session %s, and committed is %+v: %v", told, s.id, s.last, err)
	}
}

// documented reports whether an error is one that a method of the Service may return.
func documented(err error) bool {
	for _, known := range []error{
		payment.ErrRequiresMore, payment.ErrPending, payment.ErrDeclined, payment.ErrCanceled, payment.ErrNotSent, payment.ErrOutcomeUnknown,
		payment.ErrInProgress, payment.ErrNeedsAttention, payment.ErrAmountExceeded, payment.ErrNotAllowed, payment.ErrNotFound,
		payment.ErrIdempotencyMismatch, payment.ErrTooManyDeclines, payment.ErrUnsupported, payment.ErrInvalid, payment.ErrCommitUnknown,
		payment.ErrWebhookRefused, errDown, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
