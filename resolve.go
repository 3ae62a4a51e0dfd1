package payment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Resolution is a person's decision about an operation that needs attention.
type Resolution string

const (
	// ResolveAsk opens the operation again: the gateway is asked at once, and for another Config.GiveUpAfter at the most.
	ResolveAsk Resolution = "ask"
	// ResolveAccept takes what the gateway says for true, or success where it cannot say or contradicts what was asked, for at most the
	// operation's amount. The same contradiction raises no alarm again. A capture or refund of its amount that could be anybody's is its own then.
	ResolveAccept Resolution = "accept"
	// ResolveFail ends the operation as if the gateway had declined it. It is refused where the gateway says that it has happened; if the
	// gateway says so later, that is recorded, or raises another alarm.
	ResolveFail Resolution = "fail"
)

// maxAccepted is how many accepted differences a session keeps: the newest.
const maxAccepted = 16

// ResolveOperationParams is what a person decides.
type ResolveOperationParams struct {
	OperationID string     // required: one that needs attention
	Outcome     Resolution // required
	By          string     // required: who decides, for the record; at most 255 bytes
	Note        string     // why, for the record; at most 2,000 bytes
}

// ResolveOperation carries out a person's decision about an operation that needs attention. Look at the gateway's dashboard and at
// [Service.Timeline] first. Only this, or proof from the gateway, ends such an operation; time does not.
//
// It returns the operation as it is then: after ResolveAsk it may be open, or need attention again. The error matches [ErrNotFound],
// [ErrInvalid], or [ErrNotAllowed] when the operation does not need attention, or the gateway clearly says the opposite of what was decided, or
// speaks of another currency; or it is the store's.
func (s *Service) ResolveOperation(ctx context.Context, p ResolveOperationParams) (result *Operation, err error) {
	ctx, o := s.method(ctx, "ResolveOperation", Subject{OperationID: p.OperationID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	switch {
	case p.Outcome != ResolveAsk && p.Outcome != ResolveAccept && p.Outcome != ResolveFail:
		return nil, invalid("Outcome", "must be ask, accept or fail")
	case p.By == "":
		return nil, invalid("By", "is required")
	case len(p.By) > 255 || checkText(p.By) != nil:
		return nil, invalid("By", "must be at most 255 bytes of UTF-8 text without NUL")
	case len(p.Note) > 2000 || checkText(p.Note) != nil:
		return nil, invalid("Note", "must be at most 2,000 bytes of UTF-8 text without NUL")
	}
	if err := s.outside("ResolveOperation"); err != nil {
		return nil, err
	}
	by := Key{OperationID: p.OperationID}
	b, err := s.load(ctx, by)
	if err == nil && b.operation(p.OperationID) == nil {
		err = ErrNotFound
	}
	if err != nil {
		return nil, s.explain(ctx, err, RowOperations, p.OperationID)
	}
	op := b.operation(p.OperationID)
	if err := op.resolvable(); err != nil {
		return nil, err
	}
	g, err := s.gateway(op.ProviderID)
	if err != nil {
		return nil, err
	}
	var a answer
	if p.Outcome != ResolveAsk {
		asked := b
		a = s.call(ctx, s.cfg.CallTimeout, func(ctx context.Context) answer { return g.ask(ctx, asked, op, inquiry{}) })
	}
	at, revision := b.stamp(), b.session.Revision
	for first, again, more := b, false, true; more; first, again = b, true {
		b, err = s.change(ctx, by, first, func(b *book) error {
			op := b.operation(p.OperationID)
			b.now, b.more = s.now(), false
			switch {
			case again: // more movements of the same answer
				if !op.ended() {
					b.apply(g, op, a, new(b.read(op, a)))
				}
				return nil
			case op.ResolvedAt.Equal(at) && op.ResolvedBy == p.By && op.Resolution == p.Outcome: // this commit has happened already
				return nil
			case b.session.Revision != revision:
				return &StateError{op.ID, string(op.State), "resolve", "it changed just now: look again"}
			}
			op.Resolution, op.ResolvedBy, op.ResolvedNote, op.ResolvedAt = p.Outcome, p.By, p.Note, at
			b.session.ResolvedAt = at
			b.putOperation(op)
			b.event(Event{Kind: EventOperationResolved, OperationID: op.ID, Amount: op.Amount, Code: string(p.Outcome)})
			if err := b.resolve(g, op, a); err != nil {
				return err
			}
			b.watch(g)
			if op.ended() { // what else the gateway has to say must not wait until the session is looked at the next day
				b.lookAgain(g)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		more = b.more
	}
	if p.Outcome == ResolveAsk {
		if b, _, err = s.takeOver(ctx, b, op.ID, nil); err != nil {
			return nil, err
		}
	}
	s.cfg.Logger.InfoContext(ctx, "payment: a person decided about an operation", "operation_id", op.ID, "operation_kind", op.Kind,
		"session_id", op.SessionID, "provider_id", op.ProviderID, "outcome", p.Outcome, "decided_by", p.By)
	return b.operation(op.ID), nil
}

// resolvable refuses an operation that no person is to decide about.
func (o *Operation) resolvable() error {
	if o.State != OperationNeedsAttention {
		return &StateError{o.ID, string(o.State), "resolve", "only what needs attention is for a person to decide"}
	}
	return nil
}

// resolve does what was decided.
func (b *book) resolve(g *gateway, op *Operation, a answer) error {
	switch op.Resolution {
	case ResolveAsk:
		op.State, op.LeaseUntil = OperationOpen, b.now
		b.dueAt(op.ID, b.now, op.Tries)
	case ResolveFail:
		if b.happened(g, op, a) {
			return &StateError{op.ID, string(op.State), "fail", "the gateway says that it has happened: accept it"}
		}
		if until := b.underWay(g, op, a); b.now.Before(until) {
			return &StateError{op.ID, string(op.State), "fail", "its request may still arrive at the gateway until " + until.Format(time.RFC3339) + ": decide after that"}
		}
		b.giveIn(g, op)
	case ResolveAccept:
		return b.accept(g, op, a)
	}
	return nil
}

// happened reports whether the gateway says, and nothing contradicts it, that an operation has been done: what is done is not done again.
func (b *book) happened(g *gateway, op *Operation, a answer) bool {
	return a.kind == answerAsked && op.Kind != OperationStatus && b.says(g, op, a) == verdictDone
}

// underWay is until when the request of an operation may still take effect, as far as anybody knows: the answer to its last call is missing, and the
// gateway says of nothing that would keep it from that. Zero where failing it leaves nothing to arrive.
func (b *book) underWay(g *gateway, op *Operation, a answer) time.Time {
	if op.Tries < 2 || op.LastCallAt.IsZero() { // the only call was answered
		return time.Time{}
	}
	switch op.Kind {
	case OperationAuthorize, OperationCapture, OperationRefund:
	default:
		return time.Time{}
	}
	if a.kind == answerAsked {
		if v := b.says(g, op, a); v != verdictOpen && v != verdictNotDone {
			return time.Time{}
		}
	}
	return op.LastCallAt.Add(g.info.flight(b.cfg))
}

// giveIn ends an operation as if the gateway had declined it.
func (b *book) giveIn(g *gateway, op *Operation) {
	switch {
	case op.Kind == OperationStatus, op.Kind == OperationCancel && b.payment != nil && b.payment.Unasked:
		if b.unaskedLeft() {
			b.acceptDifference(codeUnasked, nil) // a person looks after that money
		}
		b.finish(op, OperationFailed, "declined")
	default:
		b.settle(g, op, answer{kind: answerDeclined, code: "declined"})
	}
}

// accept takes what the gateway says for true; where it cannot say, or contradicts what was asked, the operation is taken to have
// succeeded.
func (b *book) accept(g *gateway, op *Operation, a answer) error {
	unasked := b.unaskedLeft()
	if unasked {
		b.acceptDifference(codeUnasked, nil) // if it is not void after this, a person looks after it
	}
	n := news{}
	if a.kind == answerAsked {
		n = b.read(op, a)
		code := b.conflict(op, a, &n)
		if code == "currency" || code == "answer" {
			return &StateError{op.ID, string(op.State), "accept", "what the gateway says cannot be kept here: mend it there, or fail the operation"}
		}
		differs := code != ""
		for range 8 { // one difference can hide another
			if code == "" || b.accepted(code, &n) {
				break
			}
			b.acceptDifference(code, &n)
			n = b.read(op, a)
			code = b.conflict(op, a, &n)
		}
		v := b.judge(g, op, a, &n)
		switch { // a difference that is accepted does not make done what the gateway says was not
		case code != "", v == verdictOpen && op.Kind != OperationStatus:
		case differs && (v == verdictDone || op.Kind == OperationUpdate || op.Kind == OperationStatus):
		case v == verdictNotDone && op.Kind != OperationStatus && !unasked && !b.proven(g, op, a, &n):
			if n.State == SnapshotNotFound && !g.info.StatusByKey && op.Kind != OperationInitialize {
				break // it may have forgotten
			}
			return &StateError{op.ID, string(op.State), "accept", "the gateway says that it has not happened so far: ask again later, or fail the operation"}
		default:
			b.apply(g, op, a, &n)
			b.endAccepted(op)
			return nil
		}
	}
	b.succeed(g, op, &n)
	return nil
}

// endAccepted ends an operation by a person's word, where the gateway's does not.
func (b *book) endAccepted(op *Operation) {
	if op.State == OperationNeedsAttention && !b.more {
		b.finish(op, OperationSucceeded, "")
	}
}

// succeed ends an operation as if it had done what it was for, cut to its amount where the gateway speaks of another one.
func (b *book) succeed(g *gateway, op *Operation, said *news) {
	s := Snapshot{State: SnapshotAuthorized, Capturable: said.Capturable, CaptureBefore: said.CaptureBefore}
	if s.Totals = said.Totals; s.Totals == nil && said.Movements != nil { // what else moved is told by the next answer
		s.Totals = &Totals{Captured: said.taken()}
	}
	switch op.Kind {
	case OperationInitialize:
		b.session.InitializedAt = b.now
		b.learn(g, said) // the browser needs its Data
	case OperationAuthorize:
		s.Authorized = op.Amount
		if said.State == SnapshotAuthorized && said.Authorized.IsPositive() && said.Authorized.LessThan(op.Amount) {
			s.Authorized = said.Authorized
		}
	case OperationUpdate:
		b.updated(g, op)
	case OperationCancel:
		s.Capturable = &decimal.Decimal{}
		if b.payment == nil {
			s = Snapshot{State: SnapshotCanceled}
		}
	case OperationCapture, OperationRefund:
		s.Movements = impliedMovement(op)
		if m := b.ownMovement(op, said, s.Movements[0].Kind); m != nil {
			m.IdempotencyKey, m.Amount = op.Key(), decimal.Min(m.Amount, op.Amount)
			s.Movements[0] = *m
		}
		op.Amount = s.Movements[0].Amount
	}
	if op.Kind != OperationInitialize && op.Kind != OperationUpdate && op.Kind != OperationStatus {
		a := answer{kind: answerOwn, snapshot: s}
		if n := b.read(op, a); n.clash == "" && !n.insane {
			b.apply(g, op, a, &n)
		}
	}
	b.endAccepted(op)
}

// ownMovement finds an operation's movement in what the gateway says: by its key, or, now that a person vouches for it, the first of its
// amount that could be anybody's.
func (b *book) ownMovement(op *Operation, said *news, kind MovementKind) (own *Movement) {
	for _, m := range said.Movements {
		row := b.rowOf(m)
		switch {
		case m.Kind != kind:
		case m.IdempotencyKey == op.Key():
			return &m
		case own == nil && m.Reference != "" && !isKey(m.IdempotencyKey) && m.Amount.Equal(op.Amount) && m.State != MovementFailed && row.entry() == nil:
			own = &m
		}
	}
	return own
}

// acceptDifference remembers that a person has accepted what the gateway says.
func (b *book) acceptDifference(code string, n *news) {
	s := b.session
	s.Accepted = append(slices.Clone(s.Accepted), code+"="+n.said(code))
	s.Accepted = s.Accepted[max(0, len(s.Accepted)-maxAccepted):]
	b.touchSession()
}

// accepted reports whether a person has accepted what the gateway says, word for word.
func (b *book) accepted(code string, n *news) bool {
	return len(b.session.Accepted) > 0 && slices.Contains(b.session.Accepted, code+"="+n.said(code))
}

// said is what a difference consists of.
func (n *news) said(code string) string {
	if n == nil {
		return ""
	}
	switch code {
	case "amount":
		return withDigits(n.Amount, n.digits).String()
	case "authorized", "authorized_again":
		return withDigits(n.Authorized, n.digits).String()
	case "reference":
		return n.Reference
	case "denied":
		return string(n.State)
	case "account":
		return n.Account
	case "totals":
		return withDigits(n.Totals.Captured, n.digits).String() + "/" + withDigits(n.Totals.Refunded, n.digits).String()
	}
	h := sha256.New()
	for _, m := range n.Movements {
		_, _ = fmt.Fprintf(h, "%s %q %q %s %s\n", m.Kind, m.Reference, m.IdempotencyKey, withDigits(m.Amount, n.digits), m.State)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
