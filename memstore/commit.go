package memstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed40c892db/payment"
)

// staged is a row on its way into the store, with what the store has of it.
type staged[T, H any] struct {
	row  *T // as it was given, and then the copy that will be stored
	was  *T // as it is stored; nil if it is new
	held *H // where it is stored; nil if nothing has named it yet
}

// step is a copy of Changes that is ready to be stored.
type step struct {
	keeper

	id         string // the collection's
	version    int64
	collection staged[payment.PaymentCollection, collection]
	sessions   []staged[payment.PaymentSession, session]
	payments   []staged[payment.Payment, paid]
	captures   []staged[payment.Capture, record[payment.Capture]]
	refunds    []staged[payment.Refund, record[payment.Refund]]
	operations []staged[payment.Operation, record[payment.Operation]]
	requests   []*payment.KeyedRequest
	events     []*newEvent
	due        []payment.Due

	room struct { // for as many rows as most steps have, so that nothing is allocated for the lists above
		sessions   [2]staged[payment.PaymentSession, session]
		payments   [2]staged[payment.Payment, paid]
		captures   [2]staged[payment.Capture, record[payment.Capture]]
		refunds    [2]staged[payment.Refund, record[payment.Refund]]
		operations [2]staged[payment.Operation, record[payment.Operation]]
		requests   [2]*payment.KeyedRequest
		events     [4]*newEvent
		due        [4]payment.Due
	}
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
	if err := s.look(&st, c); err != nil {
		return err
	}
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

// look finds what the store has of the rows, so that copying needs no lock. All of it is still so when they are written, or the
// version has moved by then; only what is not there yet has to be looked for again.
func (s *Store) look(st *step, c *payment.Changes) error {
	st.id, st.version = c.CollectionID, c.Version
	st.sessions, st.payments = st.room.sessions[:0], st.room.payments[:0]
	st.captures, st.refunds, st.operations = st.room.captures[:0], st.room.refunds[:0], st.room.operations[:0]
	st.collection.row = c.Collection
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.checkVersion(st); err != nil {
		return err // before anything is copied
	}
	for _, row := range c.Sessions {
		r := staged[payment.PaymentSession, session]{row: row, held: s.sessions[row.ID]}
		if r.held != nil {
			r.was = r.held.row
		}
		st.sessions = append(st.sessions, r)
	}
	for _, row := range c.Payments {
		r := staged[payment.Payment, paid]{row: row, held: s.payments[row.ID]}
		if r.held != nil {
			r.was = r.held.row
		}
		st.payments = append(st.payments, r)
	}
	st.captures = lookUp(st.captures, c.Captures, s.captures, captureID)
	st.refunds = lookUp(st.refunds, c.Refunds, s.refunds, refundID)
	st.operations = lookUp(st.operations, c.Operations, s.operations, operationID)
	return nil
}

func captureID(r *payment.Capture) string     { return r.ID }
func refundID(r *payment.Refund) string       { return r.ID }
func operationID(r *payment.Operation) string { return r.ID }

// lookUp appends rows with what the store has of them.
func lookUp[T any](to []staged[T, record[T]], rows []*T, all map[string]*record[T], idOf func(*T) string) []staged[T, record[T]] {
	for _, row := range rows {
		r := staged[T, record[T]]{row: row, held: all[idOf(row)]}
		if r.held != nil {
			r.was = r.held.row
		}
		to = append(to, r)
	}
	return to
}

// keep replaces the rows by copies, and takes those that have no place of their own yet.
func (st *step) keep(c *payment.Changes) {
	k := &st.keeper
	st.collection.row = k.collection(c.Collection, st.collection.was)
	st.collection.row.Version = c.Version + 1
	for i := range st.sessions {
		r := &st.sessions[i]
		r.row = k.session(r.row, r.was)
	}
	for i := range st.payments {
		r := &st.payments[i]
		r.row = k.payment(r.row, r.was)
	}
	for i := range st.captures {
		r := &st.captures[i]
		r.row = k.capture(r.row, r.was)
	}
	for i := range st.refunds {
		r := &st.refunds[i]
		r.row = k.refund(r.row, r.was)
	}
	for i := range st.operations {
		r := &st.operations[i]
		r.row = k.operation(r.row, r.was)
	}
	st.requests, st.events, st.due = st.room.requests[:0], st.room.events[:0], st.room.due[:0]
	for _, r := range c.Requests {
		st.requests = append(st.requests, k.request(r))
	}
	for _, r := range c.Events {
		st.events = append(st.events, k.event(r))
	}
	for _, d := range c.Due {
		st.due = append(st.due, keepDue(d))
		k.size += 24 * len(d.Dead)
		k.row()
	}
}

// checkVersion finds the collection, and compares its version.
func (s *Store) checkVersion(st *step) error {
	version := int64(0)
	if h := s.collections[st.id]; h != nil {
		st.collection.held, st.collection.was, version = h, h.row, h.row.Version
	}
	if version != st.version {
		return fmt.Errorf("memstore: collection %.64q has version %d, not %d: %w", st.id, version, st.version, payment.ErrConflict)
	}
	return nil
}

// check finds the places of all rows, and whatever speaks against writing them. It changes nothing in the store.
func (s *Store) check(st *step) error {
	if err := s.checkVersion(st); err != nil {
		return err
	}
	for i := range st.sessions {
		r := &st.sessions[i]
		if r.held == nil {
			r.held = s.sessions[r.row.ID]
		}
		if r.held != nil && r.held.row != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.payments {
		r := &st.payments[i]
		if r.held == nil {
			r.held = s.payments[r.row.ID]
		}
		if r.held != nil && r.held.row != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.captures {
		r := &st.captures[i]
		if r.held == nil {
			r.held = s.captures[r.row.ID]
		}
		if r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.refunds {
		r := &st.refunds[i]
		if r.held == nil {
			r.held = s.refunds[r.row.ID]
		}
		if r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.operations {
		r := &st.operations[i]
		if r.held == nil {
			r.held = s.operations[r.row.ID]
		}
		if r.held != nil && r.held.row.CollectionID != st.id {
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
		if st.collection.held != nil && st.collection.held.events.has(position{key: e.event.Seq}) ||
			slices.ContainsFunc(st.events[:i], func(o *newEvent) bool { return o.event.Seq == e.event.Seq }) {
			return fmt.Errorf("memstore: event %.64q: Seq %d is taken: %w", e.event.ID, e.event.Seq, payment.ErrDuplicate)
		}
	}
	return nil
}

// apply writes what check has found nothing against.
func (s *Store) apply(st *step) {
	if st.collection.held == nil {
		st.collection.held = s.collectionOf(st.id)
	}
	put(&st.collection.held.record, st.collection.row, collectionFacts, s.collectionPlaces)
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
