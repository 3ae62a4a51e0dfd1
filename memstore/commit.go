package memstore

import (
	"context"
	"fmt"

	"github.com/seed40c892db/payment"
)

// staged is a row on its way into the store, with what the store has of it.
type staged[T, H any] struct {
	row   *T // as it was given, and then the copy that will be stored
	was   *T // as it is stored; nil if it is new
	held  *H // where it is stored; nil if nothing has named it yet
	fresh *H // where to store it if so, made before the lock is taken
}

func (r *staged[T, H]) prepare() {
	if r.held == nil {
		r.fresh = new(H)
	}
}

// place makes room for a row that has no place yet. No row of the same step names it before it is stored itself: sessions come
// before what belongs to them, payments before their movements.
func place[T, H any](r *staged[T, H], all map[string]*H, id string) {
	if r.held == nil {
		r.held = r.fresh
		all[id] = r.held
	}
}

// step is a copy of Changes that is ready to be stored.
type step struct {
	keeper

	id         string // the collection's
	version    int64
	inserts    bool // its requests must be new
	collection staged[payment.PaymentCollection, collection]
	sessions   few[staged[payment.PaymentSession, session]]
	payments   few[staged[payment.Payment, paid]]
	captures   few[staged[payment.Capture, record[payment.Capture]]]
	refunds    few[staged[payment.Refund, record[payment.Refund]]]
	operations few[staged[payment.Operation, record[payment.Operation]]]
	requests   few[*payment.KeyedRequest]
	events     few[*newEvent]
	due        few[payment.Due]
}

// few is a list that allocates nothing as long as it has two elements at most, as the lists of most steps do.
type few[T any] struct {
	n     int
	first [2]T
	more  []T
}

func (f *few[T]) add(v T) {
	if f.n < len(f.first) {
		f.first[f.n] = v
	} else {
		f.more = append(f.more, v)
	}
	f.n++
}

func (f *few[T]) at(i int) *T {
	if i < len(f.first) {
		return &f.first[i]
	}
	return &f.more[i-len(f.first)]
}

// newEvent is an event with its record: events never change, so one allocation does for both.
type newEvent struct {
	record record[payment.Event]
	event  payment.Event
}

// Commit copies c and writes all of it or nothing, if the collection's version is c.Version.
//
// The error matches [payment.ErrConflict] when the version has moved, is missing, or exists though c.Version is 0: load and decide again. It
// matches [payment.ErrDuplicate] when an event's Seq is taken, a movement's Reference stands in another row of the payment and kind, or a
// row belongs to another collection. It matches [payment.ErrInvalid] when c itself cannot be stored by any store: it holds more than 64 rows or
// 1 MiB, a row twice, a nil row, one without an ID, or data that JSON cannot hold. Never [payment.ErrCommitUnknown].
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	var st step
	if err := s.look(&st, c); err != nil {
		return err
	}
	st.keep(c)
	if st.err == nil && st.size > payment.MaxChangesBytes {
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
	st.id, st.version, st.inserts = c.CollectionID, c.Version, c.NewRequests
	st.collection.row = c.Collection
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkVersion(st); err != nil {
		return err // before anything is copied
	}
	for _, row := range c.Sessions {
		r := staged[payment.PaymentSession, session]{row: row, held: s.sessions[row.ID]}
		if r.held != nil {
			r.was = r.held.row
		}
		st.sessions.add(r)
	}
	for _, row := range c.Payments {
		r := staged[payment.Payment, paid]{row: row, held: s.payments[row.ID]}
		if r.held != nil {
			r.was = r.held.row
		}
		st.payments.add(r)
	}
	lookUp(&st.captures, c.Captures, s.captures, captureID)
	lookUp(&st.refunds, c.Refunds, s.refunds, refundID)
	lookUp(&st.operations, c.Operations, s.operations, operationID)
	return nil
}

func captureID(r *payment.Capture) string     { return r.ID }
func refundID(r *payment.Refund) string       { return r.ID }
func operationID(r *payment.Operation) string { return r.ID }

// lookUp adds rows with what the store has of them.
func lookUp[T any](to *few[staged[T, record[T]]], rows []*T, all map[string]*record[T], idOf func(*T) string) {
	for _, row := range rows {
		r := staged[T, record[T]]{row: row, held: all[idOf(row)]}
		if r.held != nil {
			r.was = r.held.row
		}
		to.add(r)
	}
}

// keep replaces the rows by copies, and takes those that have no place of their own yet.
func (st *step) keep(c *payment.Changes) {
	k := &st.keeper
	st.collection.row = k.collection(c.Collection, st.collection.was)
	st.collection.row.Version = c.Version + 1
	if st.collection.held == nil {
		st.collection.fresh = newCollection()
	}
	for i := range st.sessions.n {
		r := st.sessions.at(i)
		r.row = k.session(r.row, r.was)
		r.prepare()
	}
	for i := range st.payments.n {
		r := st.payments.at(i)
		r.row = k.payment(r.row, r.was)
		r.prepare()
	}
	for i := range st.captures.n {
		r := st.captures.at(i)
		r.row = k.capture(r.row, r.was)
		r.prepare()
	}
	for i := range st.refunds.n {
		r := st.refunds.at(i)
		r.row = k.refund(r.row, r.was)
		r.prepare()
	}
	for i := range st.operations.n {
		r := st.operations.at(i)
		r.row = k.operation(r.row, r.was)
		r.prepare()
	}
	for _, r := range c.Requests {
		st.requests.add(k.request(r))
	}
	for _, r := range c.Events {
		st.events.add(k.event(r))
	}
	for _, d := range c.Due {
		st.due.add(keepDue(d))
		k.size += 24 * len(d.Dead)
		k.row()
	}
}

// checkVersion finds the collection, and compares its version.
func (s *Store) checkVersion(st *step) error {
	h, version := st.collection.held, int64(0)
	if h == nil {
		h = s.collections[st.id]
	}
	if h != nil {
		st.collection.held, st.collection.was, version = h, h.row, h.row.Version
	}
	if version != st.version {
		return fmt.Errorf("memstore: collection %.64q has version %d, not %d: %w", st.id, version, st.version, payment.ErrConflict)
	}
	return nil
}

// weigh encodes the rows, and refuses more than 1 MiB of them. It is only called where a bound of their size is above that.
func (st *step) weigh() error {
	rows := []any{st.collection.row}
	for i := range st.sessions.n {
		rows = append(rows, st.sessions.at(i).row)
	}
	for i := range st.payments.n {
		rows = append(rows, st.payments.at(i).row)
	}
	for i := range st.captures.n {
		rows = append(rows, st.captures.at(i).row)
	}
	for i := range st.refunds.n {
		rows = append(rows, st.refunds.at(i).row)
	}
	for i := range st.operations.n {
		rows = append(rows, st.operations.at(i).row)
	}
	for i := range st.requests.n {
		rows = append(rows, *st.requests.at(i))
	}
	for i := range st.events.n {
		rows = append(rows, &(*st.events.at(i)).event)
	}
	for i := range st.due.n {
		due := *st.due.at(i)
		rows = append(rows, &due)
	}
	size := 0
	for _, r := range rows {
		b, err := payment.EncodeRow(r)
		if err != nil {
			return invalid("Changes", err.Error())
		}
		if size += len(b); size > payment.MaxChangesBytes {
			return invalid("Changes", "are larger than 1 MiB")
		}
	}
	return nil
}

// check finds the places of all rows, and whatever speaks against writing them. It changes nothing in the store.
func (s *Store) check(st *step) error {
	if err := s.checkVersion(st); err != nil {
		return err
	}
	for i := range st.sessions.n {
		r := st.sessions.at(i)
		if r.held == nil {
			r.held = s.sessions[r.row.ID]
		}
		if r.held != nil && r.held.row != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.payments.n {
		r := st.payments.at(i)
		if r.held == nil {
			r.held = s.payments[r.row.ID]
		}
		if r.held != nil && r.held.row != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.captures.n {
		r := st.captures.at(i)
		if r.held == nil {
			r.held = s.captures[r.row.ID]
		}
		if r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.refunds.n {
		r := st.refunds.at(i)
		if r.held == nil {
			r.held = s.refunds[r.row.ID]
		}
		if r.held != nil && r.held.row.CollectionID != st.id {
			return foreign(r.row.ID)
		}
	}
	for i := range st.operations.n {
		r := st.operations.at(i)
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
	if h := st.collection.held; h != nil && st.inserts {
		for i := range st.requests.n {
			if r := *st.requests.at(i); h.requests.find(r.Method, r.Key) != nil {
				return fmt.Errorf("memstore: the request %s %.64q: %w", r.Method, r.Key, payment.ErrDuplicate)
			}
		}
	}
	for i := range st.due.n {
		due := st.due.at(i)
		if d := s.findDue(due.Kind, due.ID); d != nil && d.CollectionID != st.id && d.CollectionID != "" {
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
	for i := range st.captures.n {
		e := &st.captures.at(i).row.Entry
		if e.Reference == "" {
			continue
		}
		for j := range i {
			if sameMovement(&st.captures.at(j).row.Entry, e) {
				return taken(e)
			}
		}
		if p := s.payments[e.PaymentID]; p != nil && p.captures.any(func(r *record[payment.Capture]) bool {
			return sameMovement(&r.row.Entry, e) && !replaces(&st.captures, r)
		}) {
			return taken(e)
		}
	}
	for i := range st.refunds.n {
		e := &st.refunds.at(i).row.Entry
		if e.Reference == "" {
			continue
		}
		for j := range i {
			if sameMovement(&st.refunds.at(j).row.Entry, e) {
				return taken(e)
			}
		}
		if p := s.payments[e.PaymentID]; p != nil && p.refunds.any(func(r *record[payment.Refund]) bool {
			return sameMovement(&r.row.Entry, e) && !replaces(&st.refunds, r)
		}) {
			return taken(e)
		}
	}
	return nil
}

// sameMovement reports whether two rows of one kind stand for one movement at the gateway.
func sameMovement(a, b *payment.Entry) bool {
	return a.Reference == b.Reference && a.PaymentID == b.PaymentID
}

// replaces reports whether one of the rows takes the place of what r holds.
func replaces[T any](rows *few[staged[T, record[T]]], r *record[T]) bool {
	for i := range rows.n {
		if rows.at(i).held == r {
			return true
		}
	}
	return false
}

func taken(e *payment.Entry) error {
	return fmt.Errorf("memstore: the reference of %.64q is another movement's of payment %.64q: %w", e.ID, e.PaymentID, payment.ErrDuplicate)
}

func (s *Store) checkEvents(st *step) error {
	for i := range st.events.n {
		e := &(*st.events.at(i)).event
		h := st.collection.held
		there := h != nil && h.events.has(position{key: e.Seq})
		for j := range i {
			there = there || (*st.events.at(j)).event.Seq == e.Seq
		}
		if there {
			return fmt.Errorf("memstore: event %.64q: Seq %d is taken: %w", e.ID, e.Seq, payment.ErrDuplicate)
		}
	}
	return nil
}

// apply writes what check has found nothing against.
func (s *Store) apply(st *step) {
	place(&st.collection, s.collections, st.id)
	put(&st.collection.held.record, st.collection.row, collectionFacts, s.collectionPlaces)
	for i := range st.sessions.n {
		r := st.sessions.at(i)
		place(r, s.sessions, r.row.ID)
		s.putSession(r.held, r.row)
	}
	for i := range st.payments.n {
		r := st.payments.at(i)
		place(r, s.payments, r.row.ID)
		put(&r.held.record, r.row, paymentFacts, s.paymentPlaces)
	}
	for i := range st.captures.n {
		r := st.captures.at(i)
		place(r, s.captures, r.row.ID)
		put(r.held, r.row, captureFacts, s.capturePlaces)
	}
	for i := range st.refunds.n {
		r := st.refunds.at(i)
		place(r, s.refunds, r.row.ID)
		put(r.held, r.row, refundFacts, s.refundPlaces)
	}
	for i := range st.operations.n {
		r := st.operations.at(i)
		place(r, s.operations, r.row.ID)
		put(r.held, r.row, operationFacts, s.operationPlaces)
	}
	for i := range st.requests.n {
		st.collection.held.requests.put(*st.requests.at(i))
	}
	for i := range st.events.n {
		e := *st.events.at(i)
		put(&e.record, &e.event, eventFacts, func(facts) places[payment.Event] {
			return places[payment.Event]{&s.lists.events, &st.collection.held.events}
		})
	}
	for i := range st.due.n {
		if d := st.due.at(i); d.At.IsZero() {
			s.dueOf(d.Kind).remove(d.ID)
		} else {
			s.dueOf(d.Kind).set(*d)
		}
	}
	if st.events.n > 0 {
		s.eventsDue(st.collection.held, st.events.first[0].event.At)
	}
}
