package memstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed40c892db/payment"
)

// What Changes may hold at most: every row counts, the collection and due rows too.
const (
	maxRows  = 64
	maxBytes = 1 << 20
	rowBytes = 4 << 10 // a bound of what a row takes when encoded, beside its texts and maps of any length
)

// staged is a row on its way into the store. held is where it is to be kept: nil if it is new.
type staged[T, H any] struct {
	row  *T
	held *H
}

// step is a copy of Changes that is ready to be stored.
type step struct {
	keeper

	id         string // the collection's
	version    int64
	held       *collection
	collection *payment.PaymentCollection
	sessions   []staged[payment.PaymentSession, session]
	payments   []staged[payment.Payment, paid]
	captures   []staged[payment.Capture, record[payment.Capture]]
	refunds    []staged[payment.Refund, record[payment.Refund]]
	operations []staged[payment.Operation, record[payment.Operation]]
	requests   []*payment.KeyedRequest
	events     []*newEvent
	due        []payment.Due
}

// newEvent is an event with its record: events never change, so one allocation does for both.
type newEvent struct {
	record record[payment.Event]
	event  payment.Event
}

// Commit copies c and writes all of it or nothing, if the collection's version is c.Version.
//
// The error matches ErrConflict when the version has moved, is missing, or exists though c.Version is 0: load and decide again. It
// matches ErrDuplicate when an event's ID or Seq is taken, a movement's Reference stands in another row of the payment and kind, or a
// row belongs to another collection. It matches ErrInvalid when c itself cannot be stored by any store: it holds more than 64 rows or
// 1 MiB, a row twice, a nil row, one without an ID, or data that JSON cannot hold. Never ErrCommitUnknown.
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkShape(c); err != nil {
		return err
	}
	var st step
	st.keep(c)
	if st.err == nil && st.size > maxBytes {
		st.err = st.weigh()
	}
	if st.err != nil {
		return st.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(&st); err != nil {
		return err
	}
	s.apply(&st)
	return nil
}

// checkShape refuses Changes with too many rows, or with rows that are nil, unnamed, there twice, or another collection's.
func checkShape(c *payment.Changes) error {
	if c == nil || c.Collection == nil {
		return invalid("Changes.Collection", "must not be nil")
	}
	n := 1 + len(c.Sessions) + len(c.Payments) + len(c.Captures) + len(c.Refunds) + len(c.Operations) + len(c.Requests) + len(c.Events) +
		len(c.Due)
	if n > maxRows {
		return invalid("Changes", fmt.Sprintf("hold %d rows, more than %d", n, maxRows))
	}
	if c.CollectionID == "" {
		return invalid("Changes.CollectionID", "must not be empty")
	}
	if c.Collection.ID != c.CollectionID {
		return fmt.Errorf("memstore: collection %.64q in Changes of %.64q: %w", c.Collection.ID, c.CollectionID, payment.ErrDuplicate)
	}
	if err := checkRows("Sessions", c.CollectionID, c.Sessions, sessionFacts); err != nil {
		return err
	}
	if err := checkRows("Payments", c.CollectionID, c.Payments, paymentFacts); err != nil {
		return err
	}
	if err := checkRows("Captures", c.CollectionID, c.Captures, captureFacts); err != nil {
		return err
	}
	if err := checkRows("Refunds", c.CollectionID, c.Refunds, refundFacts); err != nil {
		return err
	}
	if err := checkRows("Operations", c.CollectionID, c.Operations, operationFacts); err != nil {
		return err
	}
	if err := checkRows("Events", c.CollectionID, c.Events, eventFacts); err != nil {
		return err
	}
	for i, r := range c.Requests {
		switch {
		case r == nil || r.Key == "":
			return invalid("Changes.Requests", fmt.Sprintf("number %d is nil or has no Key", i))
		case r.CollectionID != c.CollectionID:
			return fmt.Errorf("memstore: a request of collection %.64q: %w", r.CollectionID, payment.ErrDuplicate)
		case slices.ContainsFunc(c.Requests[:i], func(e *payment.KeyedRequest) bool { return e.Method == r.Method && e.Key == r.Key }):
			return invalid("Changes.Requests", fmt.Sprintf("number %d is there twice", i))
		}
	}
	for i, d := range c.Due {
		switch {
		case d.ID == "" || d.Kind == "":
			return invalid("Changes.Due", fmt.Sprintf("number %d has no ID or no Kind", i))
		case d.CollectionID != c.CollectionID && d.CollectionID != "":
			return fmt.Errorf("memstore: %s %.64q is due for collection %.64q: %w", d.Kind, d.ID, d.CollectionID, payment.ErrDuplicate)
		case slices.ContainsFunc(c.Due[:i], func(e payment.Due) bool { return e.Kind == d.Kind && e.ID == d.ID }):
			return invalid("Changes.Due", fmt.Sprintf("number %d is there twice", i))
		}
	}
	return nil
}

func checkRows[T any](name, collectionID string, rows []*T, factsOf func(*T) facts) error {
	for i, r := range rows {
		if r == nil {
			return invalid("Changes."+name, fmt.Sprintf("number %d is nil", i))
		}
		f := factsOf(r)
		if f.id == "" {
			return invalid("Changes."+name, fmt.Sprintf("number %d has no ID", i))
		}
		if f.collection != collectionID {
			return fmt.Errorf("memstore: %.64q belongs to collection %.64q, not to %.64q: %w", f.id, f.collection, collectionID,
				payment.ErrDuplicate)
		}
		for _, e := range rows[:i] {
			if factsOf(e).id == f.id {
				return invalid("Changes."+name, fmt.Sprintf("number %d is there twice", i))
			}
		}
	}
	return nil
}

// keep copies c, whose shape is right.
func (st *step) keep(c *payment.Changes) {
	st.id, st.version = c.CollectionID, c.Version
	st.collection = st.keeper.collection(c.Collection)
	st.collection.Version = c.Version + 1
	rows := 1
	if n := len(c.Sessions); n > 0 {
		st.sessions = make([]staged[payment.PaymentSession, session], n)
		for i, r := range c.Sessions {
			st.sessions[i].row = st.session(r)
		}
		rows += n
	}
	if n := len(c.Payments); n > 0 {
		st.payments = make([]staged[payment.Payment, paid], n)
		for i, r := range c.Payments {
			st.payments[i].row = st.payment(r)
		}
		rows += n
	}
	if n := len(c.Captures); n > 0 {
		st.captures = make([]staged[payment.Capture, record[payment.Capture]], n)
		for i, r := range c.Captures {
			st.captures[i].row = st.capture(r)
		}
		rows += n
	}
	if n := len(c.Refunds); n > 0 {
		st.refunds = make([]staged[payment.Refund, record[payment.Refund]], n)
		for i, r := range c.Refunds {
			st.refunds[i].row = st.refund(r)
		}
		rows += n
	}
	if n := len(c.Operations); n > 0 {
		st.operations = make([]staged[payment.Operation, record[payment.Operation]], n)
		for i, r := range c.Operations {
			st.operations[i].row = st.operation(r)
		}
		rows += n
	}
	if n := len(c.Requests); n > 0 {
		st.requests = make([]*payment.KeyedRequest, n)
		for i, r := range c.Requests {
			st.requests[i] = st.request(r)
		}
		rows += n
	}
	if n := len(c.Events); n > 0 {
		st.events = make([]*newEvent, n)
		for i, r := range c.Events {
			e := &newEvent{event: *r}
			cut(&e.event.At)
			st.text(r.Code)
			st.events[i] = e
		}
		rows += n
	}
	if n := len(c.Due); n > 0 {
		st.due = make([]payment.Due, n)
		for i, d := range c.Due {
			st.due[i] = keepDue(d)
			st.size += 24 * len(d.Dead)
		}
		rows += n
	}
	st.size += rows * rowBytes
}

// weigh encodes the rows, and refuses more than 1 MiB of them. It is only called where a bound of their size is above that.
func (st *step) weigh() error {
	rows := []any{st.collection}
	for _, r := range st.sessions {
		rows = append(rows, r.row)
	}
	for _, r := range st.payments {
		rows = append(rows, r.row)
	}
	for _, r := range st.captures {
		rows = append(rows, r.row)
	}
	for _, r := range st.refunds {
		rows = append(rows, r.row)
	}
	for _, r := range st.operations {
		rows = append(rows, r.row)
	}
	for _, r := range st.requests {
		rows = append(rows, r)
	}
	for _, r := range st.events {
		rows = append(rows, &r.event)
	}
	for i := range st.due {
		rows = append(rows, &st.due[i])
	}
	size := 0
	for _, r := range rows {
		b, err := payment.EncodeRow(r)
		if err != nil {
			return invalid("Changes", err.Error())
		}
		if size += len(b); size > maxBytes {
			return invalid("Changes", "are larger than 1 MiB")
		}
	}
	return nil
}

// check finds the places of all rows, and whatever speaks against writing them. It changes nothing in the store.
func (s *Store) check(st *step) error {
	version := int64(0)
	if st.held = s.collections[st.id]; st.held != nil && st.held.row != nil {
		version = st.held.row.Version
	}
	if version != st.version {
		return fmt.Errorf("memstore: collection %.64q has version %d, not %d: %w", st.id, version, st.version, payment.ErrConflict)
	}
	for i := range st.sessions {
		r := &st.sessions[i]
		r.held = s.sessions[r.row.ID]
		if r.held != nil && r.held.row != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.payments {
		r := &st.payments[i]
		r.held = s.payments[r.row.ID]
		if r.held != nil && r.held.row != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.captures {
		r := &st.captures[i]
		if r.held = s.captures[r.row.ID]; r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.refunds {
		r := &st.refunds[i]
		if r.held = s.refunds[r.row.ID]; r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.operations {
		r := &st.operations[i]
		if r.held = s.operations[r.row.ID]; r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	if err := s.checkMovements(st); err != nil {
		return err
	}
	if err := s.checkEvents(st); err != nil {
		return err
	}
	for i := range st.due {
		if d := s.due[st.due[i].Kind].find(st.due[i].ID); d != nil && d.CollectionID != st.id && d.CollectionID != "" {
			return foreign(d.ID)
		}
	}
	return nil
}

func foreign(id string) error {
	return fmt.Errorf("memstore: %.64q is a row of another collection: %w", id, payment.ErrDuplicate)
}

// checkMovements refuses references that two captures, or two refunds, of one payment would have afterwards.
func (s *Store) checkMovements(st *step) error {
	for i := range st.captures {
		row := st.captures[i].row
		for _, other := range st.captures[:i] {
			if sameMovement(&other.row.Entry, &row.Entry) {
				return taken(&row.Entry)
			}
		}
		if p := s.payments[row.PaymentID]; p != nil && row.Reference != "" && p.captures.any(func(r *record[payment.Capture]) bool {
			return sameMovement(&r.row.Entry, &row.Entry) && !holds(st.captures, r)
		}) {
			return taken(&row.Entry)
		}
	}
	for i := range st.refunds {
		row := st.refunds[i].row
		for _, other := range st.refunds[:i] {
			if sameMovement(&other.row.Entry, &row.Entry) {
				return taken(&row.Entry)
			}
		}
		if p := s.payments[row.PaymentID]; p != nil && row.Reference != "" && p.refunds.any(func(r *record[payment.Refund]) bool {
			return sameMovement(&r.row.Entry, &row.Entry) && !holds(st.refunds, r)
		}) {
			return taken(&row.Entry)
		}
	}
	return nil
}

// sameMovement reports whether two rows of one kind stand for one movement at the gateway.
func sameMovement(a, b *payment.Entry) bool {
	return a.Reference != "" && a.Reference == b.Reference && a.PaymentID == b.PaymentID
}

// holds reports whether a row is about to be replaced.
func holds[T any](rows []staged[T, record[T]], r *record[T]) bool {
	return slices.ContainsFunc(rows, func(e staged[T, record[T]]) bool { return e.held == r })
}

func taken(e *payment.Entry) error {
	return fmt.Errorf("memstore: the reference of %.64q is another movement's of payment %.64q: %w", e.ID, e.PaymentID, payment.ErrDuplicate)
}

func (s *Store) checkEvents(st *step) error {
	for i, e := range st.events {
		if s.events[e.event.ID] != nil {
			return fmt.Errorf("memstore: event %.64q: %w", e.event.ID, payment.ErrDuplicate)
		}
		if st.held != nil && st.held.events.has(position{key: e.event.Seq}) ||
			slices.ContainsFunc(st.events[:i], func(o *newEvent) bool { return o.event.Seq == e.event.Seq }) {
			return fmt.Errorf("memstore: event %.64q: Seq %d is taken: %w", e.event.ID, e.event.Seq, payment.ErrDuplicate)
		}
	}
	return nil
}

// apply writes what check has found nothing against.
func (s *Store) apply(st *step) {
	if st.held == nil {
		st.held = s.collectionOf(st.id)
	}
	put(&st.held.record, st.collection, collectionFacts, s.collectionPlaces)
	for _, r := range st.sessions {
		if r.held == nil {
			r.held = s.sessionOf(r.row.ID)
		}
		s.putSession(r.held, r.row)
	}
	for _, r := range st.payments {
		if r.held == nil {
			r.held = s.paidOf(r.row.ID)
		}
		put(&r.held.record, r.row, paymentFacts, s.paymentPlaces)
	}
	for _, r := range st.captures {
		put(keptIn(s.captures, r.row.ID, r.held), r.row, captureFacts, s.capturePlaces)
	}
	for _, r := range st.refunds {
		put(keptIn(s.refunds, r.row.ID, r.held), r.row, refundFacts, s.refundPlaces)
	}
	for _, r := range st.operations {
		put(keptIn(s.operations, r.row.ID, r.held), r.row, operationFacts, s.operationPlaces)
	}
	for _, r := range st.requests {
		s.requests[requestKey{r.CollectionID, r.Method, r.Key}] = r
	}
	for _, e := range st.events {
		s.events[e.event.ID] = &e.record
		put(&e.record, &e.event, eventFacts, s.eventPlaces)
	}
	for _, d := range st.due {
		if d.At.IsZero() {
			s.dueOf(d.Kind).remove(d.ID)
		} else {
			s.dueOf(d.Kind).set(d)
		}
	}
	if len(st.events) > 0 {
		s.eventsDue(st.id, st.events[0].event.At)
	}
}

// keptIn returns the record of a row, a new one if it is not held yet.
func keptIn[T any](all map[string]*record[T], id string, held *record[T]) *record[T] {
	if held == nil {
		held = &record[T]{}
		all[id] = held
	}
	return held
}
