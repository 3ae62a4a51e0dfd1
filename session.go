package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// PaymentSession is an amount to be authorized by one provider. A collection can have many: installments, or several providers.
//
// Amounts are in major units of CurrencyCode, times in UTC with microseconds. A zero time means "has not happened".
type PaymentSession struct {
	ID              string          // payses_ and 32 hex digits
	CollectionID    string          // the collection it belongs to
	ProviderID      string          // the provider that authorizes it
	CurrencyCode    string          // the collection's
	Amount          decimal.Decimal // what is to be authorized
	Held            decimal.Decimal // its part of the collection's Held
	Status          SessionStatus   // one of the five
	Revision        int64           // the collection's version that last changed the session, its payment, movements or operation
	Data            Data            // public: set by the provider, visible in the storefront; nil when empty
	Private         Private         // the provider's server-only twin of Data
	Context         Private         // what the host tells the provider about the shopper
	Metadata        Data            // the host's own; nil when empty
	Reference       string          // the gateway's ID of the object; empty until the gateway has named it
	Account         string          // the merchant account, where the gateway names it
	NextAction      *NextAction     // what the shopper must do; set while requires_more
	Reason          string          // the provider's code of the last decline, or not_sent or not_done where initializing failed; set while in error
	OperationID     string          // the open operation, which is the session's lock; empty when there is none
	PaymentID       string          // the payment it became; empty until it was authorized
	Declines        int             // attempts that the gateway declined
	InitializedAt   time.Time       // when the provider had initialized it; zero: AuthorizeSession does that first
	ProcessingSince time.Time       // when the gateway accepted it and began to decide; set while it does. A decline heard by asking counts 15 seconds later
	AskedAt         time.Time       // when the gateway was last asked because of a webhook, or about an operation
	Accepted        []string        // differences from the gateway that a person has accepted, as code=value; nil when there are none
	ResolvedAt      time.Time       // when a person decided last about an operation of it; it is asked about since, as money could be on it
	AuthorizedAt    time.Time       // when it was authorized
	CanceledAt      time.Time       // when it was canceled, voided or expired
	ExpiresAt       time.Time       // when Reconcile ends it, unless it is authorized by then: by the gateway, or its lifetime; zero: never
	DeletedAt       time.Time       // when it was hidden
	CreatedAt       time.Time       // when it was created
	UpdatedAt       time.Time       // when it changed last; what a gateway says of it that moves nothing, such as new Data, does not count
}

// CreateSessionParams says what is to be authorized, and by whom.
type CreateSessionParams struct {
	CollectionID   string          // required
	ProviderID     string          // required: configured, enabled, and accepted by the collection
	Amount         decimal.Decimal // required: in major units, at most what the collection has left; sessions that hold nothing yet take nothing of it
	CurrencyCode   string          // the collection's; may be empty
	Context        Private         // what the provider is to know of the shopper; its guide says which keys
	Input          Data            // what the browser sent along; untrusted
	Metadata       Data            // the host's own; no secrets, no card data
	Supersede      []string        // sessions of the collection to be canceled first, at their gateways
	KeepAuthorized bool            // refuses where one of Supersede is authorized, also if it becomes so meanwhile; default: that one is voided
	IdempotencyKey string          // repeats return the same session, or go on where the first call was interrupted
}

// CreateSession adds a session to a collection and lets its provider initialize it. Session.Data is what the browser needs then.
//
// The error matches [ErrNotFound], [ErrInvalid] (an [*InvalidError] names the field), [ErrNotAllowed] (the collection is completed or canceled, or
// p.KeepAuthorized forbids to supersede), [ErrAmountExceeded] (the error names who holds the rest), [ErrTooManyDeclines] or [ErrIdempotencyMismatch];
// no session is stored then. A [*SessionError] brings the stored session, and matches [ErrDeclined] or [ErrNotSent] (AuthorizeSession initializes it
// again), or [ErrOutcomeUnknown], [ErrInProgress] (of a repeat: somebody else is initializing it) or [ErrNeedsAttention]. Go on with SessionError.Session then: another call without a key makes another session. But
// if its ID is one of p.Supersede, that one could not be canceled, and no session is stored: settle that one first, as [Service.CancelSession] says,
// and call again.
func (s *Service) CreateSession(ctx context.Context, p CreateSessionParams) (result *PaymentSession, err error) {
	ctx, o := s.method(ctx, "CreateSession", Subject{CollectionID: p.CollectionID, ProviderID: p.ProviderID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	metadata, input, err := callerMaps(p.Metadata, p.Input, p.Context)
	if err != nil {
		return nil, err
	}
	r, err := newRequest("CreateSession", p.IdempotencyKey, func() []any {
		return []any{p.CollectionID, p.ProviderID, p.Amount, strings.ToUpper(p.CurrencyCode), p.Context.Reveal(), input, metadata, p.Supersede, p.KeepAuthorized}
	})
	if err != nil {
		return nil, err
	}
	if err := s.supersede(ctx, r, &p); err != nil {
		return nil, s.explain(ctx, err, RowCollections, p.CollectionID)
	}
	t := task{request: r, kind: OperationInitialize, opID: s.mint("op_"), input: input, creates: true}
	id := "payses_" + idDigits(t.opID)
	t.by = Key{CollectionID: p.CollectionID, SessionID: id, OperationID: t.opID, Method: r.method, RequestKey: r.key}
	t.decide = func(b *book) (*Operation, error) {
		if x := b.session; x != nil && (!x.InitializedAt.IsZero() || x.Status == StatusCanceled) {
			return nil, nil
		}
		g, amount, err := s.admit(ctx, b, &p)
		if err != nil {
			return nil, err
		}
		held := decimal.Decimal{}
		if b.session != nil { // from a first try; it may have been updated since
			amount, held = b.session.Amount, b.session.Held
		}
		if err := b.fits(amount, held); err != nil {
			return nil, err
		}
		if b.session == nil {
			b.session = &PaymentSession{
				ID: id, CollectionID: p.CollectionID, ProviderID: p.ProviderID, CurrencyCode: b.collection.CurrencyCode, Amount: amount,
				Status: StatusPending, Context: p.Context, Metadata: metadata, CreatedAt: b.now,
			}
			b.session.ExpiresAt = b.lifetime(g, time.Time{})
			b.countSession(StatusPending, +1)
			b.event(Event{Kind: EventSessionCreated, Amount: amount})
			b.touchSession()
		}
		op := b.newOperation(t.opID, OperationInitialize)
		op.Input = NewPrivate(input)
		b.holdFor(g, op)
		return op, nil
	}
	b, op, err := s.run(ctx, &t)
	if err != nil {
		return nil, s.explain(ctx, err, RowCollections, p.CollectionID)
	}
	defer s.shelf.giveBack(b)
	if err := s.outcome(b, op); err != nil {
		return nil, err
	}
	if op != nil && op.ID == t.opID && b.session.Status == StatusError { // made, and declined meanwhile
		_, err := b.authorized()
		return nil, err
	}
	if err := b.visible(RowSessions, b.session.ID); err != nil {
		return nil, err // the key is that of a session which was deleted
	}
	return b.ownSession(), nil
}

// callerMaps checks what a host passes along.
func callerMaps(metadata, input Data, context Private) (Data, Data, error) {
	m, err := callerData("Metadata", metadata)
	if err != nil {
		return nil, nil, err
	}
	i, err := callerData("Input", input)
	if err != nil {
		return nil, nil, err
	}
	return m, i, checkContext(context)
}

// admit decides whether a session may be added, or initialized again.
func (s *Service) admit(ctx context.Context, b *book, p *CreateSessionParams) (*gateway, decimal.Decimal, error) {
	c, amount := b.collection, p.Amount
	if !c.CanceledAt.IsZero() || !c.CompletedAt.IsZero() {
		return nil, amount, &StateError{c.ID, string(c.Status()), "add a session to", "nothing is owed any more"}
	}
	g, err := s.openGateway(ctx, p.ProviderID, c.ProviderIDs)
	switch {
	case err != nil:
		return nil, amount, err
	case !g.info.Pure && c.Declines >= s.cfg.MaxCollectionDeclines:
		return nil, amount, fmt.Errorf("%w: collection %s", ErrTooManyDeclines, c.ID)
	}
	if p.CurrencyCode != "" {
		currency, err := LookupCurrency(p.CurrencyCode)
		if err != nil {
			return nil, amount, err
		}
		if currency.Code != c.CurrencyCode {
			return nil, amount, invalid("CurrencyCode", fmt.Sprintf("%s is not the collection's, which is %s", currency.Code, c.CurrencyCode))
		}
	}
	if amount, err = g.checkAmount("Amount", p.Amount, c.CurrencyCode); err != nil {
		return nil, amount, err
	}
	return g, amount, nil
}

// supersede cancels the sessions that a new one replaces, once it is sure that nothing but the amount they hold stands in its way.
func (s *Service) supersede(ctx context.Context, r request, p *CreateSessionParams) error {
	if len(p.Supersede) == 0 {
		return nil
	}
	if slices.Contains(p.Supersede, "") {
		return invalid("Supersede", "must not hold an empty ID")
	}
	by := Key{CollectionID: p.CollectionID, Method: r.method, RequestKey: r.key}
	b, err := s.load(ctx, by)
	if err != nil {
		return err
	}
	if known, _, err := r.answered(b); known || err != nil {
		return err
	}
	g, amount, err := s.admit(ctx, b, p)
	if err == nil {
		err = s.reach(g)
	}
	if err != nil {
		return err
	}
	freed := decimal.Decimal{}
	for i, id := range p.Supersede {
		old, err := s.load(ctx, Key{CollectionID: p.CollectionID, SessionID: id})
		if err == nil {
			err = old.visible(RowSessions, id)
		}
		if err == nil {
			err = old.cancelable(p.KeepAuthorized)
		}
		if err == nil && !old.over() {
			_, err = s.ender(old)
		}
		if err == nil {
			err = s.reachFor(old.session)
		}
		if err != nil {
			return err
		}
		if !slices.Contains(p.Supersede[:i], id) {
			freed = plus(freed, plus(old.session.Held, old.counted().authorized))
		}
	}
	if err := b.fits(amount, freed); err != nil {
		return err
	}
	for _, id := range p.Supersede {
		if _, err := s.CancelSession(ctx, CancelSessionParams{SessionID: id, KeepAuthorized: p.KeepAuthorized}); err != nil {
			return err
		}
	}
	return nil
}

// fits refuses an amount above what the collection has left, beside what the session itself holds.
func (b *book) fits(amount, held decimal.Decimal) error {
	if left := plus(b.collection.left(), held); amount.GreaterThan(left) {
		e := &AmountExceededError{Field: "Amount", Asked: amount, Left: left, CurrencyCode: b.collection.CurrencyCode, collectionID: b.collection.ID}
		if b.session != nil {
			e.sessionID = b.session.ID
		}
		return e
	}
	return nil
}

// holdFor holds the session's amount for as long as the gateway could take it without another call: from Authorize on, or from Initialize
// where the browser confirms. The operation remembers what it added.
func (b *book) holdFor(g *gateway, op *Operation) {
	if op.Kind != OperationAuthorize && !g.info.ClientConfirms {
		return
	}
	op.Held = minus(b.session.Amount, b.session.Held)
	b.hold(b.session.Amount)
}

// explain makes an error fit for the caller: it names what was looked for, and who holds an amount that is not left.
func (s *Service) explain(ctx context.Context, err error, kind RowKind, id string) error {
	var exceeded *AmountExceededError
	var named *NotFoundError
	switch {
	case errors.As(err, &exceeded) && exceeded.collectionID != "":
		page, listErr := list(ctx, s, RowSessions, ListParams{CollectionID: exceeded.collectionID, Limit: 100, Descending: true}, sessionsOf)
		if listErr != nil {
			return err // the holders are a help, not the matter
		}
		for _, x := range page.Items {
			if x.ID != exceeded.sessionID && (x.Held.IsPositive() || x.Status == StatusAuthorized) && len(exceeded.Holders) < 20 {
				exceeded.Holders = append(exceeded.Holders, x.ID)
			}
		}
		return err
	case errors.Is(err, ErrNotFound) && !errors.As(err, &named): // the store's, which knows of no kind
		return notFound(kind, id)
	}
	return err
}

// GetSession returns a session. The error matches [ErrNotFound], also when it is deleted, or is the store's.
func (s *Service) GetSession(ctx context.Context, id string) (result *PaymentSession, err error) {
	ctx, o := s.method(ctx, "GetSession", Subject{SessionID: id})
	defer func() { o.returned(ctx, result.subject(), err) }()
	b, err := s.load(ctx, Key{SessionID: id})
	if err == nil {
		err = b.visible(RowSessions, id)
	}
	if err != nil {
		return nil, s.explain(ctx, err, RowSessions, id)
	}
	return b.ownSession(), nil
}

// visible reports a missing or hidden session, or payment.
func (b *book) visible(kind RowKind, id string) error {
	if b.session == nil || kind == RowPayments && b.payment == nil || !b.session.DeletedAt.IsZero() || !b.collection.DeletedAt.IsZero() {
		return notFound(kind, id)
	}
	return nil
}

// UpdateSessionParams says what to change; nil fields stay as they are.
type UpdateSessionParams struct {
	SessionID      string           // required
	Amount         *decimal.Decimal // in major units; at most what the collection has left: raise the collection's first
	Context        *Private         // replaces all of it
	Input          Data             // what the browser sent along, for the provider's Update; untrusted
	Metadata       *Data            // replaces all of it
	IdempotencyKey string           // repeats return the session as it is then
}

// UpdateSession changes a session that is not authorized yet; metadata alone also later. A new amount goes to the gateway, whose provider
// must be an [Updater]; a new context goes there too where it is one, and with the next call where it is not.
//
// The error matches [ErrNotFound], [ErrInvalid], [ErrNotAllowed] (it is authorized, canceled, or being decided by the gateway),
// [ErrUnsupported] (create another session that supersedes this one), [ErrAmountExceeded] or [ErrIdempotencyMismatch]; nothing has changed
// then. A [*SessionError] matches [ErrDeclined] or [ErrNotSent] (nothing has changed), [ErrInProgress] (another operation is in the way, and
// this call has begun nothing: call again), [ErrOutcomeUnknown] or [ErrNeedsAttention].
func (s *Service) UpdateSession(ctx context.Context, p UpdateSessionParams) (result *PaymentSession, err error) {
	ctx, o := s.method(ctx, "UpdateSession", Subject{SessionID: p.SessionID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	var newMetadata Data
	if p.Metadata != nil {
		newMetadata = *p.Metadata
	}
	newContext := Private{}
	if p.Context != nil {
		newContext = *p.Context
	}
	metadata, input, err := callerMaps(newMetadata, p.Input, newContext)
	if err != nil {
		return nil, err
	}
	r, err := newRequest("UpdateSession", p.IdempotencyKey, func() []any {
		return []any{p.SessionID, p.Amount, newContext.Reveal(), p.Context == nil, input, metadata, p.Metadata == nil}
	})
	if err != nil {
		return nil, err
	}
	t := task{request: r, kind: OperationUpdate, opID: s.mint("op_"), input: input}
	t.by = Key{SessionID: p.SessionID, OperationID: t.opID, Method: r.method, RequestKey: r.key}
	t.decide = func(b *book) (*Operation, error) {
		if err := b.visible(RowSessions, p.SessionID); err != nil {
			return nil, err
		}
		g, err := s.gateway(b.session.ProviderID)
		if err != nil {
			return nil, err
		}
		op, err := b.decideUpdate(g, t.opID, &p)
		if err != nil {
			return nil, err
		}
		if p.Metadata == nil {
			metadata = b.session.Metadata
		}
		if op == nil && p.Metadata == nil && !b.touched {
			return nil, nil // nothing to change
		}
		if op == nil {
			b.session.Metadata = metadata
			b.touchSession()
			b.event(Event{Kind: EventSessionUpdated, Amount: b.session.Amount})
			return nil, nil
		}
		op.Input, op.Metadata = NewPrivate(input), metadata
		return op, nil
	}
	b, op, err := s.run(ctx, &t)
	if err != nil {
		return nil, s.explain(ctx, err, RowSessions, p.SessionID)
	}
	defer s.shelf.giveBack(b)
	if err := s.outcome(b, op); err != nil {
		return nil, err
	}
	return b.ownSession(), nil
}

// decideUpdate decides whether the gateway must be told of an update, and changes here what it need not know.
func (b *book) decideUpdate(g *gateway, opID string, p *UpdateSessionParams) (*Operation, error) {
	x, amount := b.session, b.session.Amount
	if p.Amount != nil {
		var err error
		if amount, err = g.checkAmount("Amount", *p.Amount, x.CurrencyCode); err != nil {
			return nil, err
		}
	}
	toGateway := p.Context != nil || len(p.Input) > 0 || !amount.Equal(x.Amount)
	switch {
	case !toGateway:
		return nil, nil
	case x.Status == StatusAuthorized || x.Status == StatusCanceled:
		return nil, &StateError{x.ID, string(x.Status), "update", "it is final"}
	case !x.ProcessingSince.IsZero():
		return nil, &StateError{x.ID, string(x.Status), "update", "the gateway is deciding"}
	}
	if err := b.fits(amount, x.Held); err != nil {
		return nil, err
	}
	if x.InitializedAt.IsZero() || g.updater == nil && amount.Equal(x.Amount) && len(p.Input) == 0 {
		// The gateway learns of it with the next call, if it knows the session at all.
		if x.Held.IsPositive() {
			b.hold(amount)
		}
		x.Amount = amount
		if p.Context != nil {
			x.Context = *p.Context
		}
		b.touchSession()
		return nil, nil
	}
	if g.updater == nil {
		return nil, &UnsupportedError{x.ProviderID, "Updater"}
	}
	op := b.newOperation(opID, OperationUpdate)
	op.Amount = amount
	if p.Context != nil {
		op.Context = *p.Context
	}
	if (x.Held.IsPositive() || g.info.ClientConfirms) && amount.GreaterThan(x.Held) {
		op.Held = minus(amount, x.Held)
		b.hold(amount)
	}
	return op, nil
}

// CancelSessionParams says which session to cancel.
type CancelSessionParams struct {
	SessionID      string // required
	KeepAuthorized bool   // refuses where the session is authorized, as its gateway says where the browser confirms; default: the authorization is voided
	IdempotencyKey string // repeats return the session as it is then
}

// CancelSession cancels a session at its gateway, and voids its authorization if it has one. A canceled session is returned as it is. Where the
// browser confirms by itself ([ProviderInfo].ClientConfirms), p.KeepAuthorized has the gateway asked first what the shopper has done there; what
// the shopper does between the answer and the cancel is canceled.
//
// The error matches [ErrNotFound], [ErrInvalid], [ErrNotAllowed] (money was captured: cancel the payment's rest or refund it; or the gateway is
// deciding; or p.KeepAuthorized forbids it), [ErrUnsupported] (the provider is no [Canceler]) or [ErrIdempotencyMismatch]; nothing has changed then.
// A [*SessionError] matches [ErrDeclined] or [ErrNotSent] (nothing has changed), [ErrInProgress] (another operation is in the way, and this call has
// begun nothing: call again), [ErrOutcomeUnknown] or [ErrNeedsAttention].
func (s *Service) CancelSession(ctx context.Context, p CancelSessionParams) (result *PaymentSession, err error) {
	ctx, o := s.method(ctx, "CancelSession", Subject{SessionID: p.SessionID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	b, err := s.cancel(ctx, cancellation{method: "CancelSession", key: p.IdempotencyKey, kind: RowSessions, id: p.SessionID, keep: p.KeepAuthorized,
		allowed: func(b *book) error { return b.cancelable(p.KeepAuthorized) }})
	defer s.shelf.giveBack(b)
	if err == nil && b.session.Status != StatusCanceled { // the gateway may have taken part of it meanwhile
		if err = b.uncaptured(); err == nil {
			err = b.takenBySums()
		}
	}
	if err != nil {
		return nil, s.explain(ctx, err, RowSessions, p.SessionID)
	}
	return b.ownSession(), nil
}

// uncaptured refuses to cancel a session whose money was taken.
func (b *book) uncaptured() error {
	captured, capturing, _, _ := b.sums()
	if plus(captured, capturing).IsPositive() {
		return &StateError{b.session.ID, string(b.session.Status), "cancel", "money was captured; refund it, or cancel what is left of the payment"}
	}
	return nil
}

// cancelable refuses to cancel a session whose money was taken, or one that is authorized where that is to be kept.
func (b *book) cancelable(keepAuthorized bool) error {
	if err := b.uncaptured(); err != nil || !keepAuthorized || b.session.Status != StatusAuthorized {
		return err
	}
	return &StateError{b.session.ID, string(b.session.Status), "cancel", "it is to be kept"}
}

// over reports whether a session is canceled, with all that was held.
func (b *book) over() bool {
	return b.session.Status == StatusCanceled && (b.payment == nil || !b.payment.CanceledAt.IsZero())
}

// ender returns the gateway that ends a session, or why none does: it is deciding, or cannot give back what is held.
func (s *Service) ender(b *book) (*gateway, error) {
	x := b.session
	if !x.ProcessingSince.IsZero() && b.now.Before(x.ProcessingSince.Add(s.cfg.GiveUpAfter)) {
		return nil, &StateError{x.ID, string(x.Status), "cancel", "the gateway is deciding"}
	}
	g, err := s.gateway(x.ProviderID)
	if err == nil && g.canceler == nil && (x.Held.IsPositive() || b.payment != nil) {
		return nil, &UnsupportedError{x.ProviderID, "Canceler"}
	}
	return g, err
}

// cancellation is a session, or what is left of a payment, to be given up.
type cancellation struct {
	method, key string            // of the host's call
	kind        RowKind           // of the object that id names: sessions or payments
	id          string            // which
	allowed     func(*book) error // what else may refuse it
	keep        bool              // refuses what is authorized
	hurried     bool              // does not wait for other operations
}

// cancel runs a cancellation. The rows are to be given back to the shelf, also with an error.
func (s *Service) cancel(ctx context.Context, c cancellation) (*book, error) {
	r, err := newRequest(c.method, c.key, func() []any { return []any{c.id, c.keep} })
	if err != nil {
		return nil, err
	}
	t := task{request: r, kind: OperationCancel, opID: s.mint("op_"), hurried: c.hurried}
	t.by = Key{SessionID: c.id, OperationID: t.opID, Method: r.method, RequestKey: r.key}
	if c.kind == RowPayments {
		t.by.SessionID, t.by.PaymentID = "", c.id
	}
	asked := false
	t.decide = func(b *book) (*Operation, error) {
		if err := b.visible(c.kind, c.id); err != nil {
			return nil, err
		}
		if b.over() {
			return nil, nil
		}
		if err := c.allowed(b); err != nil {
			return nil, err
		}
		g, err := s.ender(b)
		if err != nil {
			return nil, err
		}
		switch x := b.session; {
		case x.InitializedAt.IsZero() && x.Reference == "" && x.Held.IsZero() && b.payment == nil, // the gateway has nothing of it
			g.canceler == nil:
			b.cancelSession()
			return nil, nil
		case c.keep && g.info.ClientConfirms && !asked:
			return nil, errAskFirst
		}
		op := b.newOperation(t.opID, OperationCancel)
		op.Final = c.keep
		return op, nil
	}
	for {
		b, op, err := s.run(ctx, &t)
		if errors.Is(err, errAskFirst) {
			if asked, err = s.askFirst(ctx, c.id); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		if err = s.outcome(b, op); err == nil && op != nil && op.Code == codeTaken {
			err = b.takenBySums()
		}
		return b, err
	}
}

// errAskFirst says that a session must not be canceled before its gateway was asked whether the shopper has paid it in the browser.
var errAskFirst = errors.New("payment: ask the gateway first")

// askFirst asks the gateway about a session, and writes down what it says. It reports false where others have changed the session meanwhile. The
// error is a [*SessionError] that matches [ErrNotSent] where the gateway gave no answer.
func (s *Service) askFirst(ctx context.Context, id string) (bool, error) {
	b, err := s.load(ctx, Key{SessionID: id})
	if err != nil {
		return false, err
	}
	b, h, err := s.inquire(ctx, b, inquiry{limit: s.cfg.CallTimeout})
	if err == nil && h == heardNothing {
		err = &SessionError{Outcome: ErrNotSent, Session: b.ownSession(), Payment: b.ownPayment(), RetryAfter: time.Second}
	}
	return h != heardStale, err
}

// DeleteSession cancels a session as CancelSession does, and hides it then. Its row stays.
//
// The error is one of CancelSession's.
func (s *Service) DeleteSession(ctx context.Context, id string) (err error) {
	ctx, o := s.method(ctx, "DeleteSession", Subject{SessionID: id})
	defer func() { o.returned(ctx, Subject{}, err) }()
	x, err := s.CancelSession(ctx, CancelSessionParams{SessionID: id})
	if err != nil {
		return err
	}
	t := task{unlocked: true, by: Key{CollectionID: x.CollectionID, SessionID: id}}
	t.decide = func(b *book) (*Operation, error) {
		if b.session.DeletedAt.IsZero() {
			b.session.DeletedAt = b.now
			b.touchSession()
			b.event(Event{Kind: EventSessionDeleted, Amount: b.session.Amount})
		}
		return nil, nil
	}
	b, _, err := s.run(ctx, &t)
	s.shelf.giveBack(b)
	return err
}
