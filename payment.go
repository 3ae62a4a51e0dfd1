// Package payment takes payments for a commerce backend, and keeps books of them that agree with the gateway's in the end, whatever
// crashes, times out, is repeated, reordered or lost in between. Nobody is charged twice.
//
// A [Service] has a [Store] for its rows and a [Provider] for each gateway:
//
//	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
//
// What is owed for an order is a [PaymentCollection]. An amount of it, to be authorized by one provider, is a [PaymentSession]; a
// collection can have several, for installments or for several providers. The provider sets the session's public Data when it is created
// ([Service.CreateSession]), and reads it when it is authorized ([Service.AuthorizeSession]). An authorized session becomes a [Payment],
// which is captured, refunded and canceled, whole or in parts; each movement of money is a [Capture] or a [Refund].
//
// # Errors
//
// AuthorizeSession returns a payment only when the money is really held. Otherwise the error is a [*SessionError] that says why:
// [ErrRequiresMore] brings the action that the shopper must take, [ErrDeclined] the code of the refusal, and [ErrOutcomeUnknown] says that nobody
// knows yet. Unknown is never failed: the operation stays open, is asked about, and is done once. Bad input is an [*InvalidError] that
// names the field and the rule, before anything is stored or called.
//
// # Operations
//
// Every call to a gateway is an [Operation]: written down before the call, with an ID that is the gateway's idempotency key, and settled
// after it. What a crash or a timeout leaves open is brought on by the next call that meets it, and by [Service.Reconcile], which
// [Service.Run] calls every few seconds.
//
// # Webhooks and events
//
// What a gateway tells by a webhook goes to [Service.HandleWebhook], and is a hint to ask what is true. What happened is an [Event], written with
// the change that it tells of, and delivered to [Config].OnEvent. [Service.Timeline] tells the whole story of a collection, and
// [Service.ResolveOperation] is for what only a person can decide.
//
// # Amounts
//
// Amounts are decimals in major units, 10.99, of an ISO 4217 currency. What has more decimals than the currency is refused, never rounded.
//
// # Secrets
//
// [Data] is public. What only the provider may know is [Private], which no encoder, printer or logger can see into.
package payment

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"
)

// Payment is what an authorized session becomes, one to one. It can be captured, refunded and canceled, whole or in parts.
//
// Amounts are in major units of CurrencyCode, times in UTC with microseconds. A zero time means "has not happened".
type Payment struct {
	ID            string          // pay_ and 32 hex digits
	CollectionID  string          // the collection it belongs to
	SessionID     string          // the session it came from
	ProviderID    string          // the provider that holds the money
	CurrencyCode  string          // the collection's
	Amount        decimal.Decimal // what the session asked for
	Authorized    decimal.Decimal // what the gateway authorized, in all; captures do not reduce it
	Released      decimal.Decimal // what of it can no longer be captured; only grows
	Capturable    decimal.Decimal // what a further capture may take
	Captured      decimal.Decimal // sum of succeeded captures
	Refunded      decimal.Decimal // sum of succeeded refunds
	Unasked       bool            // money that nobody asked for: outside the collection's totals, to be voided
	Data          Data            // the session's public data as of the last news; nil when empty
	Metadata      Data            // the host's own; nil when empty
	CaptureBefore time.Time       // when the gateway lets the authorization lapse; zero: it does not say
	CapturedAt    time.Time       // when all of it that was not released had been captured
	CanceledAt    time.Time       // when it was voided, or lapsed
	CreatedAt     time.Time       // when it was authorized
	UpdatedAt     time.Time       // when it changed last
	Captures      []*Capture      // oldest first; filled where the Service returns one payment, nil in lists and stores
	Refunds       []*Refund       // oldest first; filled likewise
}

// Entry is what a capture and a refund have in common: one movement of money in our books.
type Entry struct {
	ID           string          // capt_ or ref_ and 32 hex digits; those of the operation that made it
	CollectionID string          // the collection it belongs to
	SessionID    string          // the session it belongs to
	PaymentID    string          // the payment it moves money of
	OperationID  string          // the operation that made it; empty when the money was moved elsewhere
	Reference    string          // the gateway's ID of the movement; unique per payment and kind; empty until it is known
	Amount       decimal.Decimal // in major units of the collection's currency
	State        MovementState   // pending counts against what is left, succeeded counts in the totals
	Reason       string          // the provider's code for clients, when it failed
	CreatedBy    string          // who asked, as the host says; empty when the host does not say
	Metadata     Data            // the host's own; nil when empty
	CreatedAt    time.Time       // when it was recorded
	UpdatedAt    time.Time       // when its state moved last
}

// External reports whether the money was moved elsewhere, such as at the gateway's dashboard.
func (e *Entry) External() bool { return e.OperationID == "" }

// Capture is one movement of money from the shopper: whole or partial, pending, succeeded or failed.
type Capture struct {
	Entry
}

// Refund is one movement of money back to the shopper: whole or partial, pending, succeeded or failed.
type Refund struct {
	Entry
	ReasonID   string    // the [RefundReason]; empty when none was given
	Note       string    // the host's words about it
	ReturnedAt time.Time // when the bank sent it back after it had succeeded; its state is failed since
}

// RefundReason is one of the reasons that a merchant gives for refunds.
type RefundReason struct {
	ID          string    // refr_ and 32 hex digits
	Code        string    // unique, for machines: letters, digits, - and _
	Label       string    // for people
	Description string    // for people, longer; may be empty
	Metadata    Data      // the host's own; nil when empty
	CreatedAt   time.Time // UTC, microseconds
	UpdatedAt   time.Time // UTC, microseconds
}

// GetPayment returns a payment with its captures and refunds. The error matches [ErrNotFound], or is the store's.
func (s *Service) GetPayment(ctx context.Context, id string) (result *Payment, err error) {
	ctx, o := s.method(ctx, "GetPayment", Subject{PaymentID: id})
	defer func() { o.returned(ctx, result.subject(), err) }()
	b, err := s.load(ctx, Key{PaymentID: id})
	if err == nil {
		err = b.visible(RowPayments, id)
	}
	if err != nil {
		return nil, s.explain(ctx, err, RowPayments, id)
	}
	return b.ownPayment(), nil
}

// UpdatePaymentParams says what to change; nil fields stay as they are.
type UpdatePaymentParams struct {
	PaymentID string // required
	Metadata  *Data  // replaces all of it
}

// UpdatePayment changes the host's metadata of a payment. The error matches [ErrNotFound] or [ErrInvalid], or is the store's.
func (s *Service) UpdatePayment(ctx context.Context, p UpdatePaymentParams) (result *Payment, err error) {
	ctx, o := s.method(ctx, "UpdatePayment", Subject{PaymentID: p.PaymentID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	var metadata Data
	if p.Metadata != nil {
		var err error
		if metadata, err = callerData("Metadata", *p.Metadata); err != nil {
			return nil, err
		}
	}
	t := task{unlocked: true, by: Key{PaymentID: p.PaymentID}}
	t.decide = func(b *book) (*Operation, error) {
		if err := b.visible(RowPayments, p.PaymentID); err != nil || p.Metadata == nil {
			return nil, err
		}
		b.payment.Metadata = metadata
		b.touchPayment()
		b.event(Event{Kind: EventPaymentUpdated, Amount: b.payment.Authorized})
		return nil, nil
	}
	return s.onPayment(ctx, &t, p.PaymentID)
}

// onPayment runs a task and returns the payment as it is then.
func (s *Service) onPayment(ctx context.Context, t *task, id string) (*Payment, error) {
	b, op, err := s.run(ctx, t)
	if err != nil {
		return nil, s.explain(ctx, err, RowPayments, id)
	}
	defer s.shelf.giveBack(b)
	if err := s.outcome(b, op); err != nil {
		return nil, err
	}
	return b.ownPayment(), nil
}

// CapturePaymentParams says what to take.
type CapturePaymentParams struct {
	PaymentID      string           // required
	Amount         *decimal.Decimal // in major units; nil takes all that is left
	Final          bool             // release what is left after it; implied where the provider cannot capture twice
	CreatedBy      string           // who asked first, for the record: another may repeat the call; at most 255 bytes
	Metadata       Data             // the host's own, kept on the capture
	IdempotencyKey string           // repeats return the same capture; without it every call is a new one
}

// CapturePayment takes money that is held. Without an amount it takes all that is left, and returns the payment as it is when that is
// nothing because all was captured.
//
// No error means that the gateway has taken the request, not always the money: where it decides later, the capture is [MovementPending]. Look at
// the State of the payment's capture, or wait for [EventCaptureSucceeded] or [EventCaptureFailed]. A repeat with the same IdempotencyKey is
// [ErrDeclined] once the capture has failed.
//
// The error matches [ErrNotFound], [ErrInvalid], [ErrNotAllowed] and [ErrCanceled] (it is canceled, or what is left was released),
// [ErrAmountExceeded], [ErrUnsupported] or [ErrIdempotencyMismatch]; nothing has changed then. A [*SessionError] matches [ErrDeclined] (a failed
// capture records it) or [ErrNotSent] (safe to try again), [ErrOutcomeUnknown] (call again with the same IdempotencyKey; without one wait for
// Reconcile, a new call could be a second capture), [ErrInProgress] (another operation on the payment is in the way, and this call has begun
// nothing: call again, or it is never done) or [ErrNeedsAttention] (this capture's, or that of an operation before it).
func (s *Service) CapturePayment(ctx context.Context, p CapturePaymentParams) (result *Payment, err error) {
	ctx, o := s.method(ctx, "CapturePayment", Subject{PaymentID: p.PaymentID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	t, metadata, err := s.movementTask("CapturePayment", OperationCapture, p.PaymentID, p.IdempotencyKey, p.CreatedBy, p.Metadata,
		func() []any { return []any{p.Amount, p.Final} })
	if err != nil {
		return nil, err
	}
	t.decide = func(b *book) (*Operation, error) {
		g, err := s.payable(b, p.PaymentID, "capture")
		if err != nil {
			return nil, err
		}
		x := b.payment
		captured, capturing, _, _ := b.sums()
		if p.Amount == nil && !x.Capturable.IsPositive() && plus(captured, capturing).IsPositive() && x.Released.IsZero() {
			return nil, nil
		}
		amount, err := g.movable(p.Amount, x.Capturable, x, "capture")
		if err != nil {
			return nil, err
		}
		if g.capturer == nil {
			return nil, &UnsupportedError{x.ProviderID, "Capturer"}
		}
		op := b.newOperation(t.opID, OperationCapture)
		op.Amount, op.CreatedBy, op.Metadata = amount, p.CreatedBy, metadata
		op.Final = p.Final || !g.info.MultiCapture
		return op, nil
	}
	return s.onPayment(ctx, t, p.PaymentID)
}

// movementTask checks what captures and refunds have in common.
func (s *Service) movementTask(method string, kind OperationKind, paymentID, key, createdBy string, metadata Data, more func() []any) (*task, Data, error) {
	kept, err := callerData("Metadata", metadata)
	if err != nil {
		return nil, nil, err
	}
	if len(createdBy) > 255 || checkText(createdBy) != nil {
		return nil, nil, invalid("CreatedBy", "must be at most 255 bytes of UTF-8 text without NUL")
	}
	r, err := newRequest(method, key, func() []any { return append([]any{paymentID, kept}, more()...) }) // whoever asks for it
	if err != nil {
		return nil, nil, err
	}
	t := &task{request: r, kind: kind, opID: s.mint("op_")}
	t.by = Key{PaymentID: paymentID, OperationID: t.opID, Method: r.method, RequestKey: r.key}
	return t, kept, nil
}

// lapsed reports whether a payment is void because nothing was captured in time.
func (p *Payment) lapsed() bool {
	return !p.CaptureBefore.IsZero() && !p.CanceledAt.Before(p.CaptureBefore)
}

// payable returns the gateway of a payment that money can be moved on.
func (s *Service) payable(b *book, id, action string) (*gateway, error) {
	if err := b.visible(RowPayments, id); err != nil {
		return nil, err
	}
	switch p := b.payment; {
	case p.lapsed():
		return nil, &StateError{p.ID, string(StatusCanceled), action, "its authorization lapsed, and nothing was captured"}
	case !p.CanceledAt.IsZero():
		return nil, &StateError{p.ID, string(StatusCanceled), action, "its authorization was given up, and nothing was captured"}
	case p.Unasked:
		return nil, &StateError{p.ID, "unasked", action, "nobody asked for this money; it is being voided"}
	}
	return s.gateway(b.payment.ProviderID)
}

// status is where a payment that is not canceled stands, for a [StateError].
func (p *Payment) status() string {
	if !p.CapturedAt.IsZero() {
		return "captured"
	}
	return string(StatusAuthorized)
}

// movable returns the amount to be moved: what was asked, or all that is left.
func (g *gateway) movable(asked *decimal.Decimal, left decimal.Decimal, p *Payment, action string) (decimal.Decimal, error) {
	if asked == nil {
		if left.IsPositive() {
			return left, nil
		}
		why := "nothing is left"
		if p.Released.IsPositive() {
			why += ", as " + priced(p.Released, p.CurrencyCode) + " was released"
		}
		return left, &StateError{p.ID, p.status(), action, why}
	}
	amount, err := g.checkAmount("Amount", *asked, p.CurrencyCode)
	if err == nil && amount.GreaterThan(left) {
		e := &AmountExceededError{Field: "Amount", Asked: amount, Left: left, CurrencyCode: p.CurrencyCode}
		if action == "capture" {
			e.released = p.Released
		}
		return amount, e
	}
	return amount, err
}

// RefundPaymentParams says what to give back.
type RefundPaymentParams struct {
	PaymentID      string           // required
	Amount         *decimal.Decimal // in major units; nil gives back ALL that was captured and not refunded yet
	ReasonID       string           // the ID of a [RefundReason], not its Code; may be empty
	Note           string           // the host's words; at most 2,000 bytes
	CreatedBy      string           // who asked first, for the record: another may repeat the call; at most 255 bytes
	Metadata       Data             // the host's own, kept on the refund
	IdempotencyKey string           // repeats return the same refund; without it every call is a new one
}

// RefundPayment gives captured money back. Without an amount it gives back all that is left, and returns the payment as it is when that is
// nothing because it was refunded.
//
// No error means that the gateway has taken the request, not always that the money is back: where it decides later, the refund is
// [MovementPending]. Look at the State of the payment's refund, or wait for [EventRefundSucceeded] or [EventRefundFailed]. A repeat with the
// same IdempotencyKey is [ErrDeclined] once the refund has failed; what the bank returns after it had succeeded is told by [EventRefundReturned]
// alone.
//
// The error matches [ErrNotFound], [ErrInvalid], [ErrNotAllowed] and [ErrCanceled] (it is canceled, or nothing was captured),
// [ErrAmountExceeded], [ErrUnsupported] or [ErrIdempotencyMismatch]; nothing has changed then. A [*SessionError] matches [ErrDeclined] (a failed
// refund records it) or [ErrNotSent] (safe to try again), [ErrOutcomeUnknown] (call again with the same IdempotencyKey; without one wait for
// Reconcile, a new call could be a second refund), [ErrInProgress] (another operation on the payment is in the way, and this call has begun
// nothing: call again, or it is never done) or [ErrNeedsAttention] (this refund's, or that of an operation before it).
func (s *Service) RefundPayment(ctx context.Context, p RefundPaymentParams) (result *Payment, err error) {
	ctx, o := s.method(ctx, "RefundPayment", Subject{PaymentID: p.PaymentID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	if len(p.Note) > 2000 || checkText(p.Note) != nil {
		return nil, invalid("Note", "must be at most 2,000 bytes of UTF-8 text without NUL")
	}
	t, metadata, err := s.movementTask("RefundPayment", OperationRefund, p.PaymentID, p.IdempotencyKey, p.CreatedBy, p.Metadata,
		func() []any { return []any{p.Amount, p.ReasonID, p.Note} })
	if err != nil {
		return nil, err
	}
	reason, unknown := &RefundReason{}, error(nil)
	if p.ReasonID != "" {
		if reason, unknown = s.knownReason(ctx, p.ReasonID); unknown != nil && !errors.Is(unknown, ErrInvalid) {
			return nil, unknown
		}
	}
	t.decide = func(b *book) (*Operation, error) {
		if unknown != nil { // it may have been known when the refund was made
			return nil, unknown
		}
		g, err := s.payable(b, p.PaymentID, "refund")
		if err != nil {
			return nil, err
		}
		x := b.payment
		captured, _, refunded, refunding := b.sums()
		left := minus(minus(captured, refunded), refunding)
		if !captured.IsPositive() {
			return nil, &StateError{x.ID, string(b.session.Status), "refund", "nothing was captured"}
		}
		if p.Amount == nil && !left.IsPositive() {
			return nil, nil
		}
		amount, err := g.movable(p.Amount, left, x, "refund")
		if err != nil {
			return nil, err
		}
		switch {
		case g.refunder == nil:
			return nil, &UnsupportedError{x.ProviderID, "Refunder"}
		case !g.info.PartialRefund && !amount.Equal(captured):
			return nil, &UnsupportedError{x.ProviderID, "PartialRefund"}
		}
		op := b.newOperation(t.opID, OperationRefund)
		op.Amount, op.CreatedBy, op.Metadata = amount, p.CreatedBy, metadata
		op.ReasonID, op.ReasonCode, op.Note = p.ReasonID, reason.Code, p.Note
		return op, nil
	}
	return s.onPayment(ctx, t, p.PaymentID)
}

// CancelPaymentParams says which payment to give up.
type CancelPaymentParams struct {
	PaymentID      string // required
	IdempotencyKey string // repeats return the payment as it is then
}

// CancelPayment releases what a payment still holds. If nothing was captured, its session becomes canceled; if part was, the payment keeps
// that part and stays authorized. A canceled payment is returned as it is.
//
// The error matches [ErrNotFound], [ErrInvalid], [ErrNotAllowed] (all was captured: refund it), [ErrUnsupported] (the provider is no
// [Canceler]) or [ErrIdempotencyMismatch]; nothing has changed then. A [*SessionError] matches [ErrDeclined] or [ErrNotSent] (nothing has
// changed), [ErrInProgress] (another operation is in the way, and this call has begun nothing: call again), [ErrOutcomeUnknown] or
// [ErrNeedsAttention].
func (s *Service) CancelPayment(ctx context.Context, p CancelPaymentParams) (result *Payment, err error) {
	ctx, o := s.method(ctx, "CancelPayment", Subject{PaymentID: p.PaymentID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	b, err := s.cancel(ctx, cancellation{method: "CancelPayment", key: p.IdempotencyKey, kind: RowPayments, id: p.PaymentID, allowed: func(b *book) error {
		if !b.payment.Capturable.IsPositive() {
			return &StateError{b.payment.ID, b.payment.status(), "cancel", "nothing is held any more; refund what was captured"}
		}
		return nil
	}})
	defer s.shelf.giveBack(b)
	if err != nil {
		return nil, s.explain(ctx, err, RowPayments, p.PaymentID)
	}
	return b.ownPayment(), nil
}
