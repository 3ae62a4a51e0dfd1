package payment

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// PaymentCollection is what is owed for one resource, such as an order or a cart, and the totals of everything below it. It
// is the unit of change: sessions, payments, captures and refunds are written under its version.
//
// Amounts are in major units of CurrencyCode, times in UTC with microseconds. A zero time means "has not happened".
type PaymentCollection struct {
	ID             string          // paycol_ and 32 hex digits
	Version        int64           // 1 when created, one more with every change of anything below; set by the Store
	CurrencyCode   string          // ISO 4217, upper case; one for all that is below
	Amount         decimal.Decimal // what is owed
	Authorized     decimal.Decimal // held or taken by authorizations, without what was released
	Held           decimal.Decimal // what gateways could still take without another call of ours
	Captured       decimal.Decimal // taken
	Refunded       decimal.Decimal // given back, of what was captured
	LiveSessions   int             // sessions that are pending or requires_more
	FailedSessions int             // sessions in error
	Declines       int             // attempts that gateways declined, of all sessions ever
	ProviderIDs    []string        // the providers it accepts, in the host's order; nil means all
	Metadata       Data            // the host's own; nil when empty
	CompletedAt    time.Time       // when all was captured, or the host completed it; the amount is fixed since
	CanceledAt     time.Time       // when it was given up
	DeletedAt      time.Time       // when it was hidden
	CreatedAt      time.Time       // when it was created
	UpdatedAt      time.Time       // when its version moved last
}

// left returns what no authorization and no hold takes.
func (c *PaymentCollection) left() decimal.Decimal {
	return minus(minus(c.Amount, c.Authorized), c.Held)
}

// CreateCollectionParams says what is owed.
type CreateCollectionParams struct {
	CurrencyCode   string          // required: ISO 4217, in upper or lower case
	Amount         decimal.Decimal // required: in major units, more than zero
	ProviderIDs    []string        // the providers that it accepts; nil means all
	Metadata       Data            // the host's own, such as an order's number; no secrets, no card data
	IdempotencyKey string          // repeats return the same collection; its ID is derived from the key then
}

// CreateCollection records what is owed.
//
// The error is an [*InvalidError] that names the field, [ErrIdempotencyMismatch], [ErrNotFound] (the key is that of a collection which was
// deleted: use another key), or the store's; nothing is stored then. After
// [ErrCommitUnknown], which a context that ends in the middle can bring, it may be stored: call again with the same IdempotencyKey.
func (s *Service) CreateCollection(ctx context.Context, p CreateCollectionParams) (result *PaymentCollection, err error) {
	ctx, o := s.method(ctx, "CreateCollection", Subject{})
	defer func() { o.returned(ctx, result.subject(), err) }()
	currency, err := newCurrency(p.CurrencyCode)
	if err != nil {
		return nil, err
	}
	amount, err := CurrencyRule{Digits: currency.Digits}.CheckAmount("Amount", p.Amount)
	if err != nil {
		return nil, err
	}
	metadata, err := callerData("Metadata", p.Metadata)
	if err != nil {
		return nil, err
	}
	if err := s.checkProviderIDs(p.ProviderIDs); err != nil {
		return nil, err
	}
	r, err := newRequest("CreateCollection", p.IdempotencyKey, func() []any {
		return []any{currency.Code, amount.String(), p.ProviderIDs, metadata}
	})
	if err != nil {
		return nil, err
	}
	t := task{request: r}
	id := s.mint("paycol_")
	if p.IdempotencyKey != "" {
		id = s.CollectionID(p.IdempotencyKey)
	}
	t.by = Key{CollectionID: id, Method: r.method, RequestKey: r.key}
	// With a key, look first; without one it can only be there if a commit that was not confirmed has happened.
	for look, unsure := r.key != "", false; ; look = true {
		if look {
			b, err := s.load(ctx, t.by)
			if err == nil && !b.collection.DeletedAt.IsZero() {
				return nil, notFound(RowCollections, id)
			}
			if err == nil {
				if _, _, err = t.answered(b); err != nil {
					return nil, err
				}
				return b.collection, nil
			}
			if !errors.Is(err, ErrNotFound) {
				return nil, inDoubt(unsure, err)
			}
		}
		b := s.openBook(&Rows{})
		b.collection = &PaymentCollection{
			ID: id, CurrencyCode: currency.Code, Amount: amount, ProviderIDs: slices.Clone(p.ProviderIDs), Metadata: metadata, CreatedAt: b.now,
		}
		b.event(Event{Kind: EventCollectionCreated, Amount: amount})
		if r.key != "" {
			b.putRequest(t.row(b, ""))
		}
		b.keeps = s.shelf != nil
		err := s.commit(ctx, b)
		if err == nil {
			own := b.ownCollection()
			s.shelf.giveBack(b)
			return own, nil
		}
		if !errors.Is(err, ErrConflict) {
			return nil, err
		}
		unsure = errors.Is(err, ErrCommitUnknown)
		s.retried(ctx, id, err)
		if err := s.again(ctx, err); err != nil {
			return nil, inDoubt(unsure, err)
		}
	}
}

// CollectionID returns the ID of the collection that CreateCollection makes, or has made, with an IdempotencyKey: to find it again where a
// repeat has other arguments, such as a cart's new amount. Whether it exists, [Service.GetCollection] says. Without a key it is empty: such
// a collection gets an ID that nobody can know before.
func (s *Service) CollectionID(idempotencyKey string) string {
	if idempotencyKey == "" {
		return ""
	}
	return s.derivedID("paycol_", "CreateCollection", idempotencyKey)
}

// derivedID makes an ID of an IdempotencyKey, so that the same key finds the same row. It has the form of a UUIDv8 (RFC 9562, 5.8).
func (s *Service) derivedID(prefix, method, key string) string {
	space := uuid.NewSHA1(uuid.NameSpaceOID, []byte("payment "+hex.EncodeToString([]byte(s.cfg.Namespace))))
	id := uuid.NewSHA1(space, []byte(method+" "+key))
	id[6] = id[6]&0x0f | 0x80
	return formatID(prefix, id)
}

func (s *Service) checkProviderIDs(ids []string) error {
	for i, id := range ids {
		if _, err := s.gateway(id); err != nil {
			return invalid("ProviderIDs", fmt.Sprintf("%.80q is not a configured provider", id))
		}
		if slices.Contains(ids[:i], id) {
			return invalid("ProviderIDs", fmt.Sprintf("%q is there twice", id))
		}
	}
	if ids != nil && len(ids) == 0 {
		return invalid("ProviderIDs", "must not be empty; nil means all")
	}
	return nil
}

// GetCollection returns a collection. The error matches [ErrNotFound], also when it is deleted, or is the store's.
func (s *Service) GetCollection(ctx context.Context, id string) (result *PaymentCollection, err error) {
	ctx, o := s.method(ctx, "GetCollection", Subject{CollectionID: id})
	defer func() { o.returned(ctx, result.subject(), err) }()
	b, err := s.loadCollection(ctx, id)
	if err != nil {
		return nil, err
	}
	return b.collection, nil
}

func (s *Service) loadCollection(ctx context.Context, id string) (*book, error) {
	b, err := s.load(ctx, Key{CollectionID: id})
	if errors.Is(err, ErrNotFound) || err == nil && !b.collection.DeletedAt.IsZero() {
		return nil, notFound(RowCollections, id)
	}
	return b, err
}

// UpdateCollectionParams says what to change; nil fields stay as they are.
type UpdateCollectionParams struct {
	CollectionID   string           // required
	Amount         *decimal.Decimal // not after completion or cancellation, nor below what is authorized and held; what is captured already completes it
	ProviderIDs    *[]string        // for new sessions; a pointer to nil accepts all again
	Metadata       *Data            // replaces all of it
	IdempotencyKey string           // repeats return the collection as it is then
}

// UpdateCollection changes what is owed, the providers accepted, or the host's metadata. Sessions keep their amounts: of a cart that grows
// change the collection first and its sessions then ([Service.UpdateSession], or another session that supersedes one), of a cart that shrinks
// the sessions first.
//
// The error matches [ErrNotFound], [ErrInvalid] (an [*InvalidError] names the field), [ErrNotAllowed] (it is completed
// or canceled, or the new amount is below what is authorized and held: lower or cancel sessions first, or release what payments hold by
// CancelPayment) or [ErrIdempotencyMismatch].
func (s *Service) UpdateCollection(ctx context.Context, p UpdateCollectionParams) (result *PaymentCollection, err error) {
	ctx, o := s.method(ctx, "UpdateCollection", Subject{CollectionID: p.CollectionID})
	defer func() { o.returned(ctx, result.subject(), err) }()
	if p.ProviderIDs != nil {
		if err := s.checkProviderIDs(*p.ProviderIDs); err != nil {
			return nil, err
		}
	}
	var metadata Data
	if p.Metadata != nil {
		var err error
		if metadata, err = callerData("Metadata", *p.Metadata); err != nil {
			return nil, err
		}
	}
	r, err := newRequest("UpdateCollection", p.IdempotencyKey, func() []any {
		return []any{p.CollectionID, p.Amount, p.ProviderIDs, metadata, p.Metadata == nil}
	})
	if err != nil {
		return nil, err
	}
	return s.onCollection(ctx, r, p.CollectionID, func(b *book) error {
		c := b.collection
		if p.Amount == nil && p.ProviderIDs == nil && p.Metadata == nil {
			return nil
		}
		if p.Amount != nil {
			amount, err := isoAmount("Amount", *p.Amount, c.CurrencyCode)
			switch {
			case err != nil:
				return err
			case !amount.Equal(c.Amount) && (!c.CompletedAt.IsZero() || !c.CanceledAt.IsZero()):
				return &StateError{c.ID, string(c.Status()), "change the amount of", "it is fixed"}
			case amount.LessThan(plus(c.Authorized, c.Held)):
				return &StateError{c.ID, string(c.Status()), "lower the amount of",
					priced(plus(c.Authorized, c.Held), c.CurrencyCode) + " is authorized and held; lower or cancel sessions, or cancel payments, first"}
			}
			c.Amount = amount
		}
		if p.ProviderIDs != nil {
			c.ProviderIDs = slices.Clone(*p.ProviderIDs)
		}
		if p.Metadata != nil {
			c.Metadata = metadata
		}
		b.event(Event{Kind: EventCollectionUpdated, Amount: c.Amount})
		b.completeOnceCaptured()
		return nil
	})
}

// onCollection runs a change of the collection's own row.
func (s *Service) onCollection(ctx context.Context, r request, id string, decide func(*book) error) (*PaymentCollection, error) {
	t := task{request: r, unlocked: true, by: Key{CollectionID: id, Method: r.method, RequestKey: r.key}}
	t.decide = func(b *book) (*Operation, error) {
		b.session, b.payment = nil, nil // a request's, if anything: not what this is about
		return nil, decide(b)
	}
	b, _, err := s.run(ctx, &t)
	if errors.Is(err, ErrNotFound) {
		return nil, notFound(RowCollections, id)
	}
	if err != nil {
		return nil, err
	}
	defer s.shelf.giveBack(b)
	return b.ownCollection(), nil
}

// CompleteCollection says that the host has done its part: the amount is fixed, and no session can be added. A collection completes by
// itself once all of it is captured. Completing it again changes nothing.
//
// The error matches [ErrNotFound], or [ErrNotAllowed] when it is canceled, or less than its amount is authorized: lower the amount first.
func (s *Service) CompleteCollection(ctx context.Context, id string) (result *PaymentCollection, err error) {
	ctx, o := s.method(ctx, "CompleteCollection", Subject{CollectionID: id})
	defer func() { o.returned(ctx, result.subject(), err) }()
	return s.onCollection(ctx, request{}, id, func(b *book) error {
		c := b.collection
		switch {
		case !c.CompletedAt.IsZero() && c.CanceledAt.IsZero():
			return nil
		case !c.CanceledAt.IsZero():
			return &StateError{c.ID, string(CollectionCanceled), "complete", "it was given up"}
		case c.Authorized.LessThan(c.Amount):
			return &StateError{c.ID, string(c.Status()), "complete",
				fmt.Sprintf("only %s of %s is authorized; lower the amount first", FormatAmount(c.Authorized, c.CurrencyCode), priced(c.Amount, c.CurrencyCode))}
		}
		c.CompletedAt = b.now
		b.event(Event{Kind: EventCollectionCompleted, Amount: c.Captured})
		return nil
	})
}

// CancelCollection gives a collection up: it cancels its sessions at their gateways first. Canceling it again changes nothing.
//
// The error matches [ErrNotFound], [ErrNotAllowed] when anything is captured (end the rest by hand: see docs/guide.md), or is what canceling a
// session returned: the collection stays open then, and can still be paid. Call again until the error is nil: nobody else does it.
func (s *Service) CancelCollection(ctx context.Context, id string) (result *PaymentCollection, err error) {
	ctx, o := s.method(ctx, "CancelCollection", Subject{CollectionID: id})
	defer func() { o.returned(ctx, result.subject(), err) }()
	return s.endCollection(ctx, id, "cancel", func(b *book) {
		if b.collection.CanceledAt.IsZero() {
			b.collection.CanceledAt = b.now
			b.event(Event{Kind: EventCollectionCanceled, Amount: b.collection.Amount})
		}
	})
}

// DeleteCollection hides a collection, after canceling its sessions at their gateways. Its rows stay.
//
// The error matches [ErrNotFound], also when it is deleted already, or is one of CancelCollection's.
func (s *Service) DeleteCollection(ctx context.Context, id string) (err error) {
	ctx, o := s.method(ctx, "DeleteCollection", Subject{CollectionID: id})
	defer func() { o.returned(ctx, Subject{}, err) }()
	_, err = s.endCollection(ctx, id, "delete", func(b *book) {
		b.collection.DeletedAt = b.now
		b.event(Event{Kind: EventCollectionDeleted, Amount: b.collection.Amount})
	})
	return err
}

// endCollection cancels what can still move money, and ends the collection once nothing is left that can.
func (s *Service) endCollection(ctx context.Context, id, action string, end func(*book)) (*PaymentCollection, error) {
	errBusy := errors.New("payment: sessions are left")
	for rounds := 0; ; rounds++ {
		c, err := s.onCollection(ctx, request{}, id, func(b *book) error {
			c := b.collection
			switch {
			case c.Captured.IsPositive():
				return &StateError{c.ID, string(c.Status()), action,
					"money was captured: cancel the other sessions and what is left of the payments, and lower the amount to what was captured"}
			case c.LiveSessions > 0 || c.FailedSessions > 0 || c.Authorized.IsPositive() || c.Held.IsPositive():
				if rounds > 9 {
					return &StateError{c.ID, string(c.Status()), action, "sessions are added to it as fast as they are canceled"}
				}
				return errBusy
			}
			end(b)
			return nil
		})
		if !errors.Is(err, errBusy) {
			return c, err
		}
		if err := s.cancelSessions(ctx, id); err != nil {
			return nil, err
		}
	}
}

// cancelSessions cancels every session of a collection that is not canceled yet. In a host's transaction it is all of them or none.
func (s *Service) cancelSessions(ctx context.Context, collectionID string) error {
	if s.bound {
		if err := s.eachSession(ctx, collectionID, s.reachFor); err != nil {
			return err
		}
	}
	return s.eachSession(ctx, collectionID, func(x *PaymentSession) error {
		if x.Status == StatusCanceled {
			return nil
		}
		_, err := s.CancelSession(ctx, CancelSessionParams{SessionID: x.ID})
		return err
	})
}

// eachSession does something with every session of a collection, until it fails.
func (s *Service) eachSession(ctx context.Context, collectionID string, do func(*PaymentSession) error) error {
	p := ListParams{CollectionID: collectionID, Limit: 100}
	for {
		page, err := list(ctx, s, RowSessions, p, sessionsOf)
		if err != nil {
			return err
		}
		for _, x := range page.Items {
			if err := do(x); err != nil {
				return err
			}
		}
		if p.Cursor = page.Cursor; p.Cursor == "" {
			return nil
		}
	}
}
