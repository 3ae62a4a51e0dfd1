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

// book is one load of rows, and what one decide step makes of them. Deciding is pure: it reads and changes the book, never the
// store or a gateway, so that it can be done again on fresh rows.
type book struct {
	cfg *Config
	now time.Time

	version    int64 // the collection's, as loaded; 0: it is to be inserted
	collection *PaymentCollection
	session    *PaymentSession
	payment    *Payment
	captures   []*Capture
	refunds    []*Refund
	operations []*Operation
	request    *KeyedRequest

	out      Changes
	kept     bool      // the rows are those that this process has kept: they may be stale
	keeps    bool      // the shelf gets it once the call is over, so that what is handed out must be copies
	stored   bool      // the rows are as they were committed, and nothing was decided on them since
	touched  bool      // something is to be committed
	isNews   bool      // and it is more than what decorates a session
	more     bool      // the Snapshot held more movements than one commit takes
	prompted bool      // the answer settled last came because of a message
	hinted   bool      // it was a message itself
	untold   bool      // it held movements of which it cannot be told yet whose they are
	signals  *[]Signal // what the Observer is told after the commit

	sessionRoom [1]*PaymentSession // of out.Sessions and out.Payments, which hold no more
	paymentRoom [1]*Payment
	made, spare *Operation // that was made last; and one of an earlier call, to be written over
}

func (s *Service) openBook(rows *Rows) *book {
	b := &book{cfg: &s.cfg, now: s.now(), captures: rows.Captures, refunds: rows.Refunds, operations: rows.Operations}
	if len(rows.Collections) > 0 {
		b.collection = rows.Collections[0]
		b.version = b.collection.Version
	}
	if len(rows.Sessions) > 0 {
		b.session = rows.Sessions[0]
	}
	if len(rows.Payments) > 0 {
		b.payment = rows.Payments[0]
	}
	if len(rows.Requests) > 0 {
		b.request = rows.Requests[0]
	}
	return b
}

// load reads the rows that a key leads to. IDs come from URLs: one that is no text, which not every database takes, leads nowhere.
func (s *Service) load(ctx context.Context, by Key) (*book, error) {
	if !isText(by.CollectionID) {
		return nil, ErrNotFound
	}
	for _, id := range []*string{&by.SessionID, &by.PaymentID, &by.OperationID, &by.Reference} {
		if !isText(*id) {
			*id = ""
		}
	}
	rows, err := s.store.Load(ctx, by)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNotFound // what the caller looked for is for the caller to say
	}
	if err != nil {
		return nil, err
	}
	return s.openBook(rows), nil
}

// change loads, decides and commits, again and again until no conflict is left or the context ends. A decide step that changes
// nothing commits nothing; one that returns an error commits nothing either. It recognizes its own earlier effect, because a
// commit may have happened although it was not confirmed.
//
// first, where it is not nil, is a book to decide on instead of a first load. If its rows are kept ones, only what is committed counts.
func (s *Service) change(ctx context.Context, by Key, first *book, decide func(*book) error) (*book, error) {
	b := first
	for duplicates, unsure := 0, false; ; {
		if b == nil {
			fresh, err := s.load(ctx, by)
			if err != nil {
				return nil, inDoubt(unsure, err)
			}
			b = fresh
		}
		b.stored = false
		err := decide(b)
		if b.kept && (err != nil || !b.touched) {
			b = nil
			continue
		}
		if err != nil || !b.touched {
			return b, err
		}
		kept := b.kept
		err = s.commit(ctx, b)
		unsure = errors.Is(err, ErrCommitUnknown)
		if kept && (err == nil || errors.Is(err, ErrConflict)) {
			s.shelf.judge(err == nil)
		}
		switch {
		case err == nil:
			return b, nil
		case kept && (errors.Is(err, ErrConflict) || errors.Is(err, ErrDuplicate)):
			b = nil
			continue // nobody is in the way: the rows were stale, or the request is known
		case errors.Is(err, ErrDuplicate):
			// What stands in the way must show on fresh rows; if it does not, the store contradicts itself.
			if duplicates++; duplicates > 3 {
				return b, err
			}
		case !errors.Is(err, ErrConflict):
			return b, err
		}
		s.retried(ctx, b.collection.ID, err)
		if err := s.again(ctx, err); err != nil {
			return b, inDoubt(unsure, err)
		}
		b = nil
	}
}

// inDoubt makes an error one of a commit that may have happened, if it may: what came afterwards says nothing of that.
func inDoubt(unsure bool, err error) error {
	if unsure && !errors.Is(err, ErrCommitUnknown) {
		return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	}
	return err
}

// mayPass reports whether a store that failed may be back in a moment.
func mayPass(err error) bool {
	if e, ok := errors.AsType[*StoreError](err); ok {
		return e.Problem == StoreGone || e.Problem == StoreBusy || e.Problem == StoreReadOnly
	}
	return !errors.Is(err, ErrNotFound)
}

// commit writes what was decided, and repeats it while nobody can say whether it happened. The error of a repetition matches ErrCommitUnknown,
// whatever else: what the first try did, only fresh rows can tell.
func (s *Service) commit(ctx context.Context, b *book) error {
	c := b.changes()
	for unknown := false; ; unknown = true {
		err := s.store.Commit(ctx, c)
		if unknown && errors.Is(err, ErrConflict) {
			if err = s.conflicts(ctx, c, err); err != nil {
				return inDoubt(true, err)
			}
		}
		if err == nil {
			if len(c.Events) > 0 {
				s.wake()
			}
			s.told(ctx, b)
			fresh := !b.kept
			b.committed()
			switch {
			case !b.keeps:
				s.shelf.putCopy(b)
			case fresh && b.version > 1:
				s.shelf.forget(b) // what may be there is of an earlier version
			}
			return nil
		}
		if !errors.Is(err, ErrCommitUnknown) {
			return inDoubt(unknown, err)
		}
		s.retried(ctx, c.CollectionID, err)
		if waitErr := s.jitter(ctx); waitErr != nil {
			return err
		}
	}
}

// conflicts reports whether it is another commit that has moved the version, and not these changes, of which nobody knew whether they had been
// written: then there is no error. An operation is known again by its ID; other changes by their event.
func (s *Service) conflicts(ctx context.Context, c *Changes, conflict error) error {
	if len(c.Operations) > 0 || len(c.Events) == 0 {
		return conflict
	}
	rows, err := s.store.List(ctx, RowEvents, Filter{CollectionID: c.CollectionID}, Page{Limit: 1, AfterSeq: c.Events[0].Seq - 1})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	case len(rows.Events) == 1 && rows.Events[0].ID == c.Events[0].ID:
		return nil
	}
	return conflict
}

// changes completes what is to be committed.
func (b *book) changes() *Changes {
	c := &b.out
	b.collection.UpdatedAt = b.now
	c.CollectionID, c.Version, c.Collection = b.collection.ID, b.version, b.collection
	if len(c.Sessions)+len(c.Payments)+len(c.Captures)+len(c.Refunds)+len(c.Operations) > 0 && b.session != nil {
		b.session.Revision = b.version + 1
		if b.isNews {
			b.session.UpdatedAt = b.now
		}
		if len(c.Sessions) == 0 {
			c.Sessions = append(b.sessionRoom[:0], b.session)
		}
	}
	c.NewRequests = b.kept && len(c.Requests) > 0 // whether they are there was not looked at
	for i, e := range c.Events {
		e.Seq = (b.version+1)*64 + int64(i)
	}
	return c
}

// committed makes the book one of fresh rows: those that were committed.
func (b *book) committed() {
	b.version++
	b.collection.Version = b.version
	b.out.clear()
	b.touched, b.isNews, b.kept, b.stored = false, false, false, true
}

// clear takes all rows out of c, but keeps the room for as many.
func (c *Changes) clear() {
	*c = Changes{
		Captures: c.Captures[:0], Refunds: c.Refunds[:0], Operations: c.Operations[:0], Requests: c.Requests[:0], Events: c.Events[:0], Due: c.Due[:0],
	}
}

// touch says that something is to be committed, and that it is news: the session is looked at again soon.
func (b *book) touch() { b.touched, b.isNews = true, true }

func (b *book) touchCollection() { b.touch() }

func (b *book) touchSession() {
	b.touch()
	b.decorateSession()
}

// decorateSession has the session committed, but what has changed of it is no news: a gateway may say such a thing anew whenever it is asked.
func (b *book) decorateSession() {
	b.touched = true
	if len(b.out.Sessions) == 0 {
		b.out.Sessions = append(b.sessionRoom[:0], b.session)
	}
}

func (b *book) touchPayment() {
	b.touch()
	b.decoratePayment()
}

// decoratePayment is decorateSession for the payment.
func (b *book) decoratePayment() {
	b.touched = true
	b.payment.UpdatedAt = b.now
	if len(b.out.Payments) == 0 {
		b.out.Payments = append(b.paymentRoom[:0], b.payment)
	}
}

func (b *book) putOperation(op *Operation) {
	b.touch()
	op.UpdatedAt = b.now
	if !slices.Contains(b.out.Operations, op) {
		b.out.Operations = append(b.out.Operations, op)
	}
	if !slices.Contains(b.operations, op) {
		b.operations = append(b.operations, op)
	}
}

func (b *book) putRequest(r *KeyedRequest) {
	b.touch()
	b.request = r
	b.out.Requests = append(b.out.Requests[:0], r)
}

// dueAt says when an operation is to be found by age; a zero time ends it.
func (b *book) dueAt(opID string, at time.Time, tries int) {
	b.putDue(Due{Kind: DueOperation, CollectionID: b.collection.ID, ID: opID, At: at, Tries: tries})
}

func (b *book) putDue(d Due) {
	b.touched = true
	for i := range b.out.Due {
		if b.out.Due[i].ID == d.ID {
			b.out.Due[i] = d
			return
		}
	}
	b.out.Due = append(b.out.Due, d)
}

// mint returns a new ID.
func (b *book) mint(prefix string) string { return formatID(prefix, b.cfg.NewID()) }

// event records a fact; what every event says is filled in here.
func (b *book) event(e Event) {
	e.ID, e.CollectionID, e.At = b.mint("evt_"), b.collection.ID, b.now
	if e.CurrencyCode == "" {
		e.CurrencyCode = b.collection.CurrencyCode
	}
	if b.session != nil && !strings.HasPrefix(string(e.Kind), "collection.") {
		e.SessionID, e.ProviderID, e.PaymentID = b.session.ID, b.session.ProviderID, b.session.PaymentID
	}
	b.touch()
	*another(&b.out.Events) = e
}

// another makes a list longer by one row: a new one, or one of an earlier commit, to be written over.
func another[T any](list *[]*T) *T {
	n := len(*list)
	if n == cap(*list) {
		*list = append(*list, nil)
	}
	*list = (*list)[:n+1]
	if (*list)[n] == nil {
		(*list)[n] = new(T)
	}
	return (*list)[n]
}

// operation returns a loaded operation.
func (b *book) operation(id string) *Operation {
	if id == "" {
		return nil
	}
	for _, op := range b.operations {
		if op.ID == id {
			return op
		}
	}
	return nil
}

// openOperation returns the operation that locks the session, nil when there is none.
func (b *book) openOperation() *Operation {
	if b.session == nil {
		return nil
	}
	return b.operation(b.session.OperationID)
}

// setStatus moves the session, if the table allows it, and keeps the collection's counts.
func (b *book) setStatus(to SessionStatus) {
	from := b.session.Status
	if from == to || !from.CanBecome(to) {
		return
	}
	b.countSession(from, -1)
	b.countSession(to, +1)
	b.session.Status = to
	b.session.ProcessingSince = time.Time{}
	if to != StatusRequiresMore {
		b.session.NextAction = nil
	}
	if to != StatusError {
		b.session.Reason = ""
	}
	switch to {
	case StatusAuthorized:
		b.session.AuthorizedAt = b.now
	case StatusCanceled:
		b.session.CanceledAt = b.now
	}
	b.touchSession()
}

func (b *book) countSession(status SessionStatus, n int) {
	switch {
	case status.live():
		b.collection.LiveSessions += n
	case status == StatusError:
		b.collection.FailedSessions += n
	}
}

// hold makes the session hold an amount, of the collection's too.
func (b *book) hold(amount decimal.Decimal) {
	if b.session.Held.Equal(amount) {
		return
	}
	b.collection.Held = plus(minus(b.collection.Held, b.session.Held), amount)
	b.session.Held = amount
	b.touchSession()
}

// counted is what a payment adds to its collection's totals.
type counted struct{ authorized, captured, refunded decimal.Decimal }

func (b *book) counted() counted {
	if b.payment == nil || b.payment.Unasked {
		return counted{}
	}
	p := b.payment
	return counted{minus(p.Authorized, p.Released), p.Captured, p.Refunded}
}

// recount moves the collection's totals by what the payment's have moved since before, and completes the collection once all is
// captured.
func (b *book) recount(before counted) {
	after, c := b.counted(), b.collection
	if after.authorized.Equal(before.authorized) && after.captured.Equal(before.captured) && after.refunded.Equal(before.refunded) {
		return
	}
	c.Authorized = minus(plus(c.Authorized, after.authorized), before.authorized)
	c.Captured = minus(plus(c.Captured, after.captured), before.captured)
	c.Refunded = minus(plus(c.Refunded, after.refunded), before.refunded)
	b.touchCollection()
	b.completeOnceCaptured()
}

// completeOnceCaptured completes the collection, if all that is owed is captured.
func (b *book) completeOnceCaptured() {
	c := b.collection
	if c.CompletedAt.IsZero() && c.CanceledAt.IsZero() && c.Captured.IsPositive() && c.Captured.GreaterThanOrEqual(c.Amount) {
		c.CompletedAt = b.now
		b.event(Event{Kind: EventCollectionCompleted, Amount: c.Captured})
	}
}
