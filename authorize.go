package payment

import (
	"context"
	"fmt"
	"time"
)

// AuthorizeSessionParams says which session to authorize.
type AuthorizeSessionParams struct {
	SessionID string // required
	Input     Data   // what the browser sent along, such as a token or a 3DS result; untrusted
	// IdempotencyKey: repeats return the same payment or decline, ask what became of a challenge, or go on after an interruption. Input is
	// part of what must be repeated: when the shopper comes back without the token, leave the key empty. Nobody is charged twice either way.
	IdempotencyKey string
}

// AuthorizeSession asks the provider to hold the money, and returns the payment only when it is really held. A session that is authorized
// already returns its payment; one that the gateway is deciding about is asked for.
//
// The error matches [ErrNotFound], [ErrInvalid], [ErrNotAllowed] (its collection is completed or canceled), [ErrAmountExceeded] (others
// hold or have the rest, or the collection's amount was lowered: UpdateSession, or another session that supersedes this one),
// [ErrTooManyDeclines] or [ErrIdempotencyMismatch]; nothing has changed then. A [*SessionError] brings the session as it is stored now, and
// matches
//
//   - [ErrRequiresMore]: show SessionError.NextAction to the shopper, then authorize again,
//   - [ErrPending]: the gateway will tell later, or the browser has not confirmed yet; authorize again to ask,
//   - [ErrDeclined]: authorize again with another means of payment,
//   - [ErrCanceled]: create another session,
//   - [ErrNotSent]: authorize again,
//   - [ErrOutcomeUnknown]: authorize again, or wait for Reconcile; it is never done twice,
//   - [ErrInProgress]: this call has begun nothing, as another operation is at work, such as an attempt with another Input, or nobody knows yet
//     what became of it; authorize again, and let nobody pay in another way meanwhile,
//   - [ErrNeedsAttention]: a person must decide.
func (s *Service) AuthorizeSession(ctx context.Context, p AuthorizeSessionParams) (result *Payment, err error) {
	ctx, o := s.method(ctx, "AuthorizeSession", Subject{SessionID: p.SessionID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	input, err := callerData("Input", p.Input)
	if err != nil {
		return nil, err
	}
	r, err := newRequest("AuthorizeSession", p.IdempotencyKey, func() []any { return []any{p.SessionID, input} })
	if err != nil {
		return nil, err
	}
	for {
		t := task{request: r, kind: OperationAuthorize, opID: s.mint("op_"), input: input}
		t.by = Key{SessionID: p.SessionID, OperationID: t.opID, Method: r.method, RequestKey: r.key}
		t.decide = func(b *book) (*Operation, error) { return s.decideAuthorize(b, &t, p.SessionID) }
		if result, initialized, err := s.authorize(ctx, &t, p.SessionID); !initialized {
			return result, err
		}
	}
}

// AttemptsLeft returns how many more declined attempts a session takes until [ErrTooManyDeclines] refuses another one ([Config].MaxSessionDeclines).
// At 0 the shopper needs another session. The collection's own limit is not part of it.
func (s *Service) AttemptsLeft(x *PaymentSession) int {
	return max(s.cfg.MaxSessionDeclines-x.Declines, 0)
}

// authorize runs an authorization, which may only have initialized the session so far.
func (s *Service) authorize(ctx context.Context, t *task, id string) (_ *Payment, initialized bool, _ error) {
	b, op, err := s.run(ctx, t)
	if err != nil {
		return nil, false, s.explain(ctx, err, RowSessions, id)
	}
	defer func() { s.shelf.giveBack(b) }()
	if err := s.outcome(b, op); err != nil {
		return nil, false, err
	}
	if op != nil && op.Kind == OperationInitialize && b.session.Status == StatusPending && b.session.ProcessingSince.IsZero() {
		return nil, true, nil
	}
	// What was not called now may have been decided meanwhile.
	waiting := !b.session.ProcessingSince.IsZero() || t.key != "" && b.session.Status.live()
	if waiting && (op == nil || op.ID != t.opID) {
		if b, _, err = s.inquire(ctx, b, inquiry{limit: s.cfg.CallTimeout}); err != nil {
			return nil, false, err
		}
		if open := b.openOperation(); open != nil && open.State == OperationNeedsAttention {
			return nil, false, s.outcome(b, open)
		}
	}
	p, err := b.authorized()
	return p, false, err
}

// decideAuthorize decides what an authorization needs: nothing, an initialization, or the call itself.
func (s *Service) decideAuthorize(b *book, t *task, id string) (*Operation, error) {
	if err := b.visible(RowSessions, id); err != nil {
		return nil, err
	}
	c, x := b.collection, b.session
	if !x.ProcessingSince.IsZero() {
		if err := s.reachFor(x); err != nil {
			return nil, err
		}
	}
	g, err := s.gateway(x.ProviderID)
	switch {
	case x.Status == StatusAuthorized, x.Status == StatusCanceled, !x.ProcessingSince.IsZero():
		return nil, nil
	case !c.CompletedAt.IsZero() || !c.CanceledAt.IsZero():
		return nil, &StateError{c.ID, string(c.Status()), "authorize a session of", "nothing is owed any more"}
	case err != nil:
		return nil, err
	case x.Status == StatusRequiresMore && len(t.input) == 0: // the shopper returns from a challenge: that is no new attempt
	case !x.InitializedAt.IsZero() && g.onlyReads(OperationAuthorize, len(t.input) == 0): // nor is this
	case x.Declines >= s.cfg.MaxSessionDeclines:
		return nil, fmt.Errorf("%w: session %s", ErrTooManyDeclines, x.ID)
	case !g.info.Pure && c.Declines >= s.cfg.MaxCollectionDeclines:
		return nil, fmt.Errorf("%w: collection %s", ErrTooManyDeclines, c.ID)
	}
	if err := b.fits(x.Amount, x.Held); err != nil {
		return nil, err
	}
	op := b.newOperation(t.opID, OperationAuthorize)
	if x.InitializedAt.IsZero() {
		op.Kind = OperationInitialize
	}
	op.Input = NewPrivate(t.input)
	op.Final = b.now.Before(x.UpdatedAt.Add(replicaLag)) // what it reads may be older than what we know
	b.holdFor(g, op)
	return op, nil
}

// authorized returns the payment, or the error that says why there is none.
func (b *book) authorized() (*Payment, error) {
	x := b.session
	if x.Status == StatusAuthorized {
		return b.ownPayment(), nil
	}
	e := &SessionError{Session: b.ownSession(), Payment: b.ownPayment()}
	switch x.Status {
	case StatusRequiresMore:
		e.Outcome, e.NextAction = ErrRequiresMore, e.Session.NextAction
	case StatusError:
		e.Outcome, e.Reason = ErrDeclined, x.Reason
	case StatusCanceled:
		e.Outcome = ErrCanceled
	default:
		e.Outcome, e.RetryAfter = ErrPending, 3*time.Second
	}
	return nil, e
}
