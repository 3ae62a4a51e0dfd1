package payment

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"
)

// answerKind is what a provider's answer proves.
type answerKind int

const (
	answerUnknown  answerKind = iota // nothing
	answerNotSent                    // that this call had no effect
	answerDeclined                   // that the gateway refused; with a Snapshot or without
	answerOwn                        // what became of this call
	answerAsked                      // what is true now, whatever became of the call
)

// answer is a provider's answer, classified.
type answer struct {
	kind        answerKind
	snapshot    Snapshot  // State is empty where there is none
	already     bool      // it came with AlreadyDone: this call itself had no effect
	unsupported bool      // the gateway cannot be asked
	hinted      bool      // it is what a message says, since the gateway cannot be asked: nobody knows how old it is
	about       string    // the operation's key that this message names
	prompted    bool      // a message was why the gateway was asked, and nothing was called again
	asked       time.Time // before the provider was called: what an answer says may have changed since
	code        string    // a decline's, for clients
	message     string    // for logs and the operation, cut to 512 bytes
}

// classify says what an answer proves. own tells an answer to a call of ours from one of Status. The default is the safe one.
func classify(s Snapshot, err error, own bool) answer {
	kind := answerAsked
	if own {
		kind = answerOwn
	}
	var pe *providerError
	switch {
	case err == nil && !s.State.known():
		return answer{message: "the provider answered with the state " + quote(string(s.State))}
	case err == nil && own && s.State == SnapshotNotFound:
		return answer{message: "the provider answered not_found to a call that is not Status"}
	case err == nil:
		a := answer{kind: kind, snapshot: s}
		if s.Decline != nil {
			a.code, a.message = declineCode(s.Decline.Code), quote(s.Decline.Message)
		}
		return a
	case !own || !errors.As(err, &pe):
		return answer{message: quote(err.Error()), unsupported: !own && errors.Is(err, ErrUnsupported)}
	case pe.kind == ErrNotSent:
		return answer{kind: answerNotSent, message: quote(pe.Error())}
	case pe.kind == ErrDeclined:
		a := answer{kind: answerDeclined, code: declineCode(pe.code), message: quote(pe.Error())}
		if s.State.known() && s.State != SnapshotNotFound {
			a.snapshot = s
		}
		return a
	case pe.snapshot != nil && pe.snapshot.State.known():
		return answer{kind: answerAsked, snapshot: *pe.snapshot, already: true, message: quote(pe.Error())}
	}
	return answer{message: quote(err.Error())}
}

func (s SnapshotState) known() bool {
	switch s {
	case SnapshotNotFound, SnapshotPending, SnapshotRequiresMore, SnapshotProcessing, SnapshotAuthorized, SnapshotDeclined, SnapshotCanceled:
		return true
	}
	return false
}

// declineCode keeps a code fit for clients: a short word that is none of our own codes, or else "declined".
func declineCode(code string) string {
	switch code {
	case codeNotSent, codeNotDone, codeNoEffect, codeCanceled, codeUnasked:
		return "declined"
	}
	if code == "" || len(code) > 64 || strings.IndexFunc(code, func(r rune) bool {
		return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' || r == '.')
	}) >= 0 {
		return "declined"
	}
	return code
}

// quote cuts what a gateway says to 512 bytes of printable text.
func quote(s string) string {
	if len(s) > 512 {
		s = s[:512]
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// send makes the call that an operation stands for.
func (g *gateway) send(ctx context.Context, b *book, op *Operation) (a answer) {
	ctx, w := b.calls(ctx, op.Kind, op)
	defer func() { w.answered(ctx, &a) }()
	r := b.requestFor(op)
	var s Snapshot
	var err error
	switch kind := op.Kind; {
	case kind == OperationInitialize:
		s, err = g.Initialize(ctx, InitializeRequest{r})
	case kind == OperationAuthorize:
		s, err = g.Authorize(ctx, AuthorizeRequest{r})
	case kind == OperationUpdate && g.updater != nil:
		s, err = g.updater.Update(ctx, UpdateRequest{r})
	case kind == OperationCancel && g.canceler != nil:
		s, err = g.canceler.Cancel(ctx, CancelRequest{r})
	case kind == OperationCapture && g.capturer != nil:
		s, err = g.capturer.Capture(ctx, CaptureRequest{Request: r, Final: op.Final})
	case kind == OperationRefund && g.refunder != nil:
		s, err = g.refunder.Refund(ctx, RefundRequest{Request: r, ReasonCode: op.ReasonCode, Note: op.Note})
	default: // as it may be when another version of the host has begun it
		err = errors.New("this process has no provider that can " + string(kind))
	}
	if err == nil && s.Movements == nil && (s.State == SnapshotAuthorized || s.State == SnapshotCanceled && op.Kind == OperationRefund) {
		s.Movements = impliedMovement(op)
	}
	return classify(s, err, true)
}

// impliedMovement is the movement that a gateway without a list of them has just confirmed by its answer.
func impliedMovement(op *Operation) []Movement {
	m := Movement{IdempotencyKey: op.Key(), Amount: op.Amount, State: MovementSucceeded}
	switch op.Kind {
	case OperationCapture:
		m.Kind = MovementCapture
	case OperationRefund:
		m.Kind = MovementRefund
	default:
		return nil
	}
	return []Movement{m}
}

// ask calls Status: about an operation, or about the session alone where op is nil. Where the gateway cannot be asked, what a verified
// message says is the answer.
func (g *gateway) ask(ctx context.Context, b *book, op *Operation, q inquiry) (a answer) {
	ctx, w := b.calls(ctx, OperationStatus, op)
	defer func() { w.answered(ctx, &a) }()
	r := Request{
		CollectionID: b.session.CollectionID, SessionID: b.session.ID, Reference: b.session.Reference,
		Amount: written(b.session.Amount, b.session.CurrencyCode), CurrencyCode: b.session.CurrencyCode,
		Data: b.session.Data.Clone(), Private: b.session.Private, Context: b.session.Context,
	}
	if op != nil && !op.FirstCallAt.IsZero() { // else the gateway has never seen its key
		r.IdempotencyKey = op.Key()
	}
	s, err := g.Status(ctx, StatusRequest{r})
	if q.hint == nil || !errors.Is(err, ErrUnsupported) {
		return classify(s, err, false)
	}
	a = classify(*q.hint, nil, false)
	a.hinted, a.about = true, q.about
	return a
}

// requestFor is an operation's request, the same bytes at every try.
func (b *book) requestFor(op *Operation) Request {
	return Request{
		IdempotencyKey: op.Key(), CollectionID: op.CollectionID, SessionID: op.SessionID, Reference: op.Reference,
		Amount: written(op.Amount, op.CurrencyCode), CurrencyCode: op.CurrencyCode,
		Data: op.Data.Clone(), Private: op.Private, Context: op.Context, Input: op.Input.Reveal(),
	}
}

// written is an amount with all of its currency's digits, as it was when it was first sent: a store may return 42.00 as 42.
func written(amount decimal.Decimal, code string) decimal.Decimal {
	if exact, err := isoAmount("Amount", amount, code); err == nil {
		return exact
	}
	return amount
}

// sane reports whether a snapshot's amounts can be used at all.
func (s *Snapshot) sane(digits int) bool {
	return !slices.ContainsFunc(s.amounts(), func(a decimal.Decimal) bool { return !saneAmount(a, digits) })
}

// amounts are all that a snapshot holds.
func (s *Snapshot) amounts() []decimal.Decimal {
	amounts := []decimal.Decimal{s.Amount, s.Authorized}
	if s.Capturable != nil {
		amounts = append(amounts, *s.Capturable)
	}
	if s.Totals != nil {
		amounts = append(amounts, s.Totals.Captured, s.Totals.Refunded)
	}
	for _, m := range s.Movements {
		amounts = append(amounts, m.Amount)
	}
	return amounts
}
