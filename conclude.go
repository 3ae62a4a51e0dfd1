package payment

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Codes of operations that failed without a gateway's refusal. declineCode keeps gateways from using them.
const (
	codeNotSent  = "not_sent"  // certainly nothing was sent
	codeNotDone  = "not_done"  // the gateway proves that nothing was done
	codeNoEffect = "no_effect" // the gateway's object leaves nothing to do it on
	codeCanceled = "canceled"  // the gateway's object is canceled
	codeUnasked  = "unasked"   // the money that it authorized is not wanted any more
	codeExpired  = "expired"   // its time was over
	codeTaken    = "taken"     // by its sums the gateway had captured before what was to be released
)

// conclude ends the operation, as far as the verdict allows.
func (b *book) conclude(g *gateway, op *Operation, v verdict, n *news, code string) {
	if op == nil {
		return
	}
	switch v {
	case verdictDone:
		if op.Kind == OperationInitialize || op.Kind == OperationAuthorize {
			if b.payment != nil && b.payment.Unasked {
				b.fail(op, codeUnasked)
				return
			}
			b.session.InitializedAt = b.now
		}
		if op.Kind == OperationUpdate {
			b.updated(g, op)
		}
		code := ""
		if op.Kind == OperationCancel && b.payment != nil && b.payment.Capturable.IsPositive() {
			code = codeTaken
		}
		b.finish(op, OperationSucceeded, code)
	case verdictDeclined:
		code = declineCode(code)
		switch {
		case n.ours == MovementFailed: // its row says so already
			b.fail(op, code)
		case op.Kind == OperationAuthorize && (n.State == SnapshotRequiresMore || n.State == SnapshotProcessing):
			// This attempt was refused, but an earlier one goes on: the gateway could still take the money.
			op.Held = decimal.Decimal{}
			b.countDecline(code)
			b.fail(op, code)
		default:
			b.decline(g, op, code)
		}
	case verdictCanceled:
		b.fail(op, codeCanceled)
	case verdictNoEffect:
		b.cameToNothing(op, codeNoEffect)
		b.fail(op, codeNoEffect)
	case verdictNever:
		b.cameToNothing(op, codeNotDone)
		b.fail(op, codeNotDone)
		if b.session.Status != StatusCanceled { // that our call is not known says nothing of what others did
			b.putDue(Due{Kind: DueSession, CollectionID: b.collection.ID, ID: b.session.ID, At: b.now.Add(firstLook)})
		}
	default:
		if op.Kind == OperationStatus && op.State == OperationOpen && !n.hinted && n.State != SnapshotNotFound && b.unaskedLeft() {
			b.attention(op, codeUnasked) // a person wanted it to be asked about: the answer is there
			return
		}
		b.stayOpen(g, op, n.ambiguous)
	}
}

// takenBySums says why nothing was canceled though the gateway has done it: audits show the difference to a person.
func (b *book) takenBySums() error {
	return &StateError{b.session.ID, string(b.session.Status), "cancel", "by the gateway's sums money was captured, in whatever it does not list"}
}

// cameToNothing records a capture or refund that has moved nothing, as if it had been refused, where its caller may have been told that nobody
// knows, or that a person must decide: that is no silent end.
func (b *book) cameToNothing(op *Operation, code string) {
	if op.Tries >= 2 || op.State == OperationNeedsAttention {
		b.refuseMovement(op, code)
	}
}

// refuseMovement records the capture or refund of an operation as failed; of another operation there is none.
func (b *book) refuseMovement(op *Operation, code string) {
	f := found{ours: true, Movement: Movement{Amount: op.Amount, State: MovementFailed}}
	switch op.Kind {
	case OperationCapture:
		f.kind = MovementCapture
	case OperationRefund:
		f.kind = MovementRefund
	default:
		return
	}
	b.addMovement(op, f, code)
}

// updated gives the session what the gateway has accepted.
func (b *book) updated(g *gateway, op *Operation) {
	s := b.session
	if b.payment == nil || b.payment.Amount.Equal(op.Amount) { // what is authorized does not change any more
		s.Amount = op.Amount
	}
	s.Context, s.Metadata = op.Context, op.Metadata
	if b.payment == nil && s.Status != StatusCanceled && (s.Held.IsPositive() || g.info.ClientConfirms) &&
		b.fits(op.Amount, s.Held) == nil { // what it held may be gone, and its place taken
		b.hold(op.Amount)
	}
	b.touchSession()
	b.event(Event{Kind: EventSessionUpdated, Amount: op.Amount, OperationID: op.ID})
}

// decline records a gateway's refusal.
func (b *book) decline(g *gateway, op *Operation, code string) {
	switch op.Kind {
	case OperationInitialize, OperationAuthorize:
		b.declineSession(g, code, !b.readAgain(g, op, code), false)
	default:
		b.refuseMovement(op, code)
	}
	b.fail(op, code)
}

// readAgain reports whether a decline is the one that we know: an authorization that only reads what the browser did makes no attempt of its own.
func (b *book) readAgain(g *gateway, op *Operation, code string) bool {
	return g.onlyReads(op.Kind, op.Input.IsEmpty()) && b.session.Status == StatusError && b.session.Reason == declineCode(code)
}

// onlyReads reports whether a call asks what the shopper's browser did, and tries nothing.
func (g *gateway) onlyReads(kind OperationKind, withoutInput bool) bool {
	return g.info.ClientConfirms && kind == OperationAuthorize && withoutInput
}

// declineSession makes a session that is neither authorized nor canceled an error. attempt says that this decline is a new one, and holds that it may
// be of an earlier attempt than the one that is under way.
func (b *book) declineSession(g *gateway, code string, attempt, holds bool) {
	s := b.session
	if !s.Status.CanBecome(StatusError) {
		return
	}
	b.setStatus(StatusError)
	s.ProcessingSince = time.Time{}
	if code = declineCode(code); s.Reason != code {
		s.Reason = code
		b.touchSession()
	}
	if !g.info.ClientConfirms && !holds { // there the shopper can try again without us
		b.hold(decimal.Decimal{})
	}
	if attempt {
		b.countDecline(code)
	}
}

func (b *book) countDecline(code string) {
	b.session.Declines++
	b.collection.Declines++
	b.touchSession()
	b.event(Event{Kind: EventSessionDeclined, Amount: b.session.Amount, Code: code})
}

// fail ends an operation that moved nothing, and gives back what its begin held.
func (b *book) fail(op *Operation, code string) {
	if op.Kind == OperationCancel && b.unaskedLeft() {
		b.attention(op, codeUnasked) // money nobody asked for does not go unnoticed
		return
	}
	if op.Held.IsPositive() && b.session.Held.GreaterThanOrEqual(op.Held) {
		b.hold(minus(b.session.Held, op.Held))
	}
	if op.Kind == OperationInitialize && code != codeCanceled && b.session.Status.live() {
		b.setStatus(StatusError)
		b.session.Reason = code
	}
	b.finish(op, OperationFailed, code)
}

// finish ends an operation and opens the session's lock.
func (b *book) finish(op *Operation, state OperationState, code string) {
	op.State, op.Code, op.EndedAt, op.LeaseUntil = state, code, b.now, time.Time{}
	op.Data, op.Private, op.Context, op.Input = nil, Private{}, Private{}, Private{}
	if b.session.OperationID == op.ID {
		b.session.OperationID = ""
		b.touchSession()
	}
	b.signal(SignalOperationEnded, op, string(state))
	if b.operation(op.ID) != nil { // a pure provider's operations are not rows
		b.putOperation(op)
		b.dueAt(op.ID, time.Time{}, 0)
	}
}

// stayOpen ends the executor's lease, so that the next caller asks at once, or gives up asking. ambiguous says that the gateway has answered, with a
// movement that could be the operation's.
func (b *book) stayOpen(g *gateway, op *Operation, ambiguous bool) {
	if op == nil || op.State != OperationOpen {
		return
	}
	if b.cfg.givesUp(g, op, b.now) {
		code := "gave_up"
		if ambiguous {
			code = "movement"
		}
		b.attention(op, code)
		return
	}
	op.LeaseUntil = b.now
	b.putOperation(op)
	pause := backoff(op.Tries)
	if b.prompted {
		pause = askPause // messages call nothing again, and must not put off who does
	}
	b.dueAt(op.ID, b.now.Add(pause), op.Tries)
}

// unknownSince is when an operation was called first, or when a person wanted it to be asked about again. Zero while nothing was called.
func (o *Operation) unknownSince() time.Time { return later(o.FirstCallAt, o.ResolvedAt) }

// givesUp reports whether an open operation has been tried for so long that a person must look.
func (c *Config) givesUp(g *gateway, op *Operation, now time.Time) bool {
	since := op.unknownSince()
	return op.Tries >= leastTries && !since.IsZero() && now.Sub(since) >= c.GiveUpAfter && now.Sub(op.LastCallAt) >= g.info.proofWindow(c)
}

// leastTries is how often an operation is asked about at the least before a person must decide: an outage of our own is no answer.
const leastTries = 10

// backoff is 1 s, doubling to 10 min.
func backoff(tries int) time.Duration {
	return min(time.Second<<min(max(tries-1, 0), 20), 10*time.Minute)
}

// proofWindow is how long after its last call an operation may still have an effect.
func (i *ProviderInfo) proofWindow(cfg *Config) time.Duration {
	return max(i.KeyTTL, cfg.lease()) + i.MaxRequestLife + cfg.ClockSkew
}

// flight is how long after its last call, of which LastCallAt is the earliest time, a request may still be under way.
func (i *ProviderInfo) flight(cfg *Config) time.Duration {
	return cfg.lease() + i.MaxRequestLife + cfg.ClockSkew
}

// proven reports whether "it has had no effect so far" means "it never will". That counts from when the gateway was asked: whoever asked may have
// been held up since.
func (b *book) proven(g *gateway, op *Operation, a answer, n *news) bool {
	if a.hinted || op.LastCallAt.IsZero() || a.asked.Sub(op.LastCallAt) < g.info.proofWindow(b.cfg) {
		return false // a call that is still to be made has had no effect, and will
	}
	if n.State == SnapshotNotFound {
		// A gateway that is asked without a reference has searched for the session.
		return g.info.StatusByKey || op.Kind == OperationInitialize
	}
	return op.Reference != ""
}

// attention leaves an operation, or else a new one that stands for the news, to a person. It keeps the session's lock.
func (b *book) attention(op *Operation, code string) {
	if op == nil {
		op = &Operation{
			ID: b.mint("op_"), CollectionID: b.collection.ID, SessionID: b.session.ID, ProviderID: b.session.ProviderID,
			Kind: OperationStatus, Amount: b.session.Amount, CurrencyCode: b.session.CurrencyCode, Reference: b.session.Reference, CreatedAt: b.now,
		}
	}
	if op.State == OperationNeedsAttention && op.Code == code {
		return
	}
	op.State, op.Code, op.LeaseUntil = OperationNeedsAttention, code, time.Time{}
	b.session.OperationID = op.ID
	b.touchSession()
	b.putOperation(op)
	b.signal(SignalOperationAttention, op, code)
	b.dueAt(op.ID, time.Time{}, 0)
	b.event(Event{Kind: EventOperationNeedsAttention, OperationID: op.ID, Amount: op.Amount, Code: code})
}

// unaskedLeft reports whether money is held or taken that nobody asked for.
func (b *book) unaskedLeft() bool {
	if b.payment == nil || !b.payment.Unasked || !b.payment.CanceledAt.IsZero() {
		return false
	}
	captured, capturing, refunded, _ := b.sums()
	return b.payment.Capturable.IsPositive() || capturing.IsPositive() || captured.GreaterThan(refunded)
}

// compensate voids money that nobody asked for, by an operation like all else. Captured money is a person's matter.
func (b *book) compensate(g *gateway) {
	if !b.unaskedLeft() || b.session.OperationID != "" || b.accepted(codeUnasked, nil) {
		return
	}
	moved := slices.ContainsFunc(b.captures, func(c *Capture) bool { return c.State != MovementFailed })
	if moved || g.canceler == nil {
		b.attention(nil, codeUnasked)
		return
	}
	op := b.newOperation(b.mint("op_"), OperationCancel)
	b.begin(g, op)
	// Nobody has called yet: whoever comes next takes over.
	op.Tries, op.LeaseUntil, op.FirstCallAt, op.LastCallAt = 0, b.now, time.Time{}, time.Time{}
	b.dueAt(op.ID, b.now, 0)
}
