package memstore

import (
	"github.com/seed40c892db/payment"
)

// collection is a collection with what belongs to it.
type collection struct {
	record[payment.PaymentCollection]
	sessions   list[payment.PaymentSession]
	payments   list[payment.Payment]
	captures   list[payment.Capture]
	refunds    list[payment.Refund]
	operations list[payment.Operation]
	events     list[payment.Event] // by Seq
	requests   requests
	due        dueRow // of its events; without a Kind while there was none
}

// requests are the requests of one collection: a list that is read through while it is short, and a map from then on.
type requests struct {
	few  []*payment.KeyedRequest
	many map[requestKey]*payment.KeyedRequest
}

// requestKey is what a request of a collection is found by.
type requestKey struct{ method, key string }

// find returns a request, nil when there is none.
func (r *requests) find(method, key string) *payment.KeyedRequest {
	for _, row := range r.few {
		if row.Method == method && row.Key == key {
			return row
		}
	}
	return r.many[requestKey{method, key}]
}

// put inserts a request, or replaces the one with its method and key.
func (r *requests) put(row *payment.KeyedRequest) {
	const short = 8
	for i, old := range r.few {
		if old.Method == row.Method && old.Key == row.Key {
			r.few[i] = row
			return
		}
	}
	if r.many == nil && len(r.few) < short {
		r.few = append(r.few, row)
		return
	}
	if r.many == nil {
		r.many = map[requestKey]*payment.KeyedRequest{}
	}
	for _, old := range append(r.few, row) {
		r.many[requestKey{old.Method, old.Key}] = old
	}
	r.few = nil
}

// session is a session with what belongs to it. Its row is nil while it is only named by other rows.
type session struct {
	record[payment.PaymentSession]
	payments   list[payment.Payment]
	captures   list[payment.Capture]
	refunds    list[payment.Refund]
	operations list[payment.Operation]
	deliveries list[payment.Delivery]
}

// paid is a payment with its movements. Its row is nil while it is only named by other rows.
type paid struct {
	record[payment.Payment]
	captures list[payment.Capture]
	refunds  list[payment.Refund]
}

// provider holds what names it.
type provider struct {
	sessions   list[payment.PaymentSession]
	payments   list[payment.Payment]
	deliveries list[payment.Delivery]
}

func newCollection() *collection {
	c := &collection{}
	c.events.bySeq = true
	c.due.place = resting
	return c
}

// sessionOf, and those below, return what holds the lists of an ID, and make it if it is not there yet. A collection always is:
// every commit brings its row.
func (s *Store) sessionOf(id string) *session {
	h := s.sessions[id]
	if h == nil {
		h = &session{}
		s.sessions[id] = h
	}
	return h
}

func (s *Store) paidOf(id string) *paid {
	p := s.payments[id]
	if p == nil {
		p = &paid{}
		s.payments[id] = p
	}
	return p
}

func (s *Store) providerOf(id string) *provider {
	p := s.providers[id]
	if p == nil {
		p = &provider{}
		s.providers[id] = p
	}
	return p
}

// facts are what a row can be found and ordered by.
type facts struct {
	id, collection, session, payment, provider, state string

	at, seq int64
	deleted bool
}

func collectionFacts(r *payment.PaymentCollection) facts {
	return facts{id: r.ID, collection: r.ID, at: r.CreatedAt.UnixMicro(), deleted: !r.DeletedAt.IsZero()}
}

func sessionFacts(r *payment.PaymentSession) facts {
	return facts{id: r.ID, collection: r.CollectionID, session: r.ID, payment: r.PaymentID, provider: r.ProviderID,
		state: string(r.Status), at: r.CreatedAt.UnixMicro(), deleted: !r.DeletedAt.IsZero()}
}

func paymentFacts(r *payment.Payment) facts {
	return facts{id: r.ID, collection: r.CollectionID, session: r.SessionID, payment: r.ID, provider: r.ProviderID,
		at: r.CreatedAt.UnixMicro()}
}

func captureFacts(r *payment.Capture) facts { return entryFacts(&r.Entry) }
func refundFacts(r *payment.Refund) facts   { return entryFacts(&r.Entry) }

func entryFacts(r *payment.Entry) facts {
	return facts{id: r.ID, collection: r.CollectionID, session: r.SessionID, payment: r.PaymentID, state: string(r.State),
		at: r.CreatedAt.UnixMicro()}
}

func operationFacts(r *payment.Operation) facts {
	return facts{id: r.ID, collection: r.CollectionID, session: r.SessionID, provider: r.ProviderID, state: string(r.State),
		at: r.CreatedAt.UnixMicro()}
}

func eventFacts(r *payment.Event) facts {
	return facts{id: r.ID, collection: r.CollectionID, session: r.SessionID, payment: r.PaymentID, provider: r.ProviderID,
		at: r.At.UnixMicro(), seq: r.Seq}
}

func deliveryFacts(r *payment.Delivery) facts {
	return facts{id: r.ID, collection: r.CollectionID, session: r.SessionID, provider: r.ProviderID, state: string(r.State),
		at: r.ReceivedAt.UnixMicro()}
}

// places are the lists in which a row stands, each in a slot of its own; nil where it stands in none.
type places[T any] [5]*list[T]

func (s *Store) collectionPlaces(facts) places[payment.PaymentCollection] {
	return places[payment.PaymentCollection]{&s.lists.collections}
}

func (s *Store) sessionPlaces(f facts) places[payment.PaymentSession] {
	return places[payment.PaymentSession]{&s.lists.sessions, &s.collections[f.collection].sessions, &s.providerOf(f.provider).sessions}
}

func (s *Store) paymentPlaces(f facts) places[payment.Payment] {
	return places[payment.Payment]{&s.lists.payments, &s.collections[f.collection].payments, &s.sessionOf(f.session).payments,
		&s.providerOf(f.provider).payments}
}

func (s *Store) capturePlaces(f facts) places[payment.Capture] {
	return places[payment.Capture]{&s.lists.captures, &s.collections[f.collection].captures, &s.sessionOf(f.session).captures,
		&s.paidOf(f.payment).captures}
}

func (s *Store) refundPlaces(f facts) places[payment.Refund] {
	return places[payment.Refund]{&s.lists.refunds, &s.collections[f.collection].refunds, &s.sessionOf(f.session).refunds,
		&s.paidOf(f.payment).refunds}
}

func (s *Store) operationPlaces(f facts) places[payment.Operation] {
	return places[payment.Operation]{&s.lists.operations, &s.collections[f.collection].operations, &s.sessionOf(f.session).operations,
		s.operationsIn(f.state)}
}

// operationsIn returns the list of a state, nil for one that is not indexed.
func (s *Store) operationsIn(state string) *list[payment.Operation] {
	switch payment.OperationState(state) {
	case payment.OperationOpen:
		return &s.lists.open
	case payment.OperationNeedsAttention:
		return &s.lists.attention
	}
	return nil
}

func (s *Store) deliveryPlaces(f facts) places[payment.Delivery] {
	return places[payment.Delivery]{&s.lists.deliveries, &s.sessionOf(f.session).deliveries, &s.providerOf(f.provider).deliveries,
		s.deliveriesIn(f.state), s.deliveriesOf(f.collection)}
}

// deliveriesOf returns the list of a collection's deliveries, and makes it if it is not there yet: the collection may be unknown. It is
// nil without a collection.
func (s *Store) deliveriesOf(collectionID string) *list[payment.Delivery] {
	if collectionID == "" {
		return nil
	}
	l := s.owned[collectionID]
	if l == nil {
		l = &list[payment.Delivery]{}
		s.owned[collectionID] = l
	}
	return l
}

// deliveriesIn returns the list of a state, nil for one that is not indexed.
func (s *Store) deliveriesIn(state string) *list[payment.Delivery] {
	if payment.DeliveryState(state) == payment.DeliveryParked {
		return &s.lists.parked
	}
	return nil
}

// put makes row the row of r, and moves r to where it stands now. Most changes move nothing.
func put[T any](r *record[T], row *T, factsOf func(*T) facts, placesOf func(facts) places[T]) {
	now := factsOf(row)
	if r.row == nil {
		r.id, r.at, r.seq, r.row = now.id, now.at, now.seq, row
		for _, l := range placesOf(now) {
			if l != nil {
				l.insert(r)
			}
		}
		return
	}
	was := factsOf(r.row)
	r.row = row
	if was == now {
		return
	}
	from, to := placesOf(was), placesOf(now)
	if was.at == now.at && was.seq == now.seq {
		for i := range from {
			if from[i] == to[i] { // it stays
				from[i], to[i] = nil, nil
			}
		}
	}
	for _, l := range from {
		if l != nil {
			l.remove(r)
		}
	}
	r.at, r.seq = now.at, now.seq
	for _, l := range to {
		if l != nil {
			l.insert(r)
		}
	}
}

// putSession is put for a session, which can also be found by its reference.
func (s *Store) putSession(h *session, row *payment.PaymentSession) {
	was := h.row
	moved := was == nil || was.Reference != row.Reference || was.ProviderID != row.ProviderID || !was.CreatedAt.Equal(row.CreatedAt)
	if moved && was != nil && was.Reference != "" {
		s.forgetReference(h)
	}
	put(&h.record, row, sessionFacts, s.sessionPlaces)
	if moved && row.Reference != "" {
		s.addReference(h)
	}
}

// referenceKey is the gateway's ID of an object.
type referenceKey struct{ provider, reference string }

// references are the sessions with one reference: one, as a rule.
type references struct {
	first  *record[payment.PaymentSession] // the oldest
	shared *sharedReference                // nil while there is one only
}

// sharedReference holds all sessions with one reference.
type sharedReference struct {
	all          list[payment.PaymentSession]
	byCollection map[string]*list[payment.PaymentSession]
}

func (r *sharedReference) of(collectionID string) *list[payment.PaymentSession] {
	l := r.byCollection[collectionID]
	if l == nil {
		l = &list[payment.PaymentSession]{}
		r.byCollection[collectionID] = l
	}
	return l
}

func (s *Store) addReference(h *session) {
	key := referenceKey{h.row.ProviderID, h.row.Reference}
	r := s.references[key]
	switch {
	case r.first == nil:
		r.first = &h.record
	case r.shared == nil:
		r.shared = &sharedReference{byCollection: map[string]*list[payment.PaymentSession]{}}
		r.shared.all.insert(r.first)
		r.shared.of(r.first.row.CollectionID).insert(r.first)
		fallthrough
	default:
		r.shared.all.insert(&h.record)
		r.shared.of(h.row.CollectionID).insert(&h.record)
		r.first = r.shared.all.first()
	}
	s.references[key] = r
}

func (s *Store) forgetReference(h *session) {
	key := referenceKey{h.row.ProviderID, h.row.Reference}
	r := s.references[key]
	if r.shared == nil {
		delete(s.references, key)
		return
	}
	r.shared.all.remove(&h.record)
	r.shared.of(h.row.CollectionID).remove(&h.record)
	r.first = r.shared.all.first()
	if r.first == nil {
		delete(s.references, key)
		return
	}
	s.references[key] = r
}

// byReference returns the oldest session with a reference, of one collection unless collectionID is empty; nil when there is none.
func (s *Store) byReference(providerID, reference, collectionID string) *payment.PaymentSession {
	if providerID == "" || reference == "" {
		return nil
	}
	r := s.references[referenceKey{providerID, reference}]
	switch {
	case r.first == nil:
		return nil
	case collectionID == "" || r.first.row.CollectionID == collectionID:
		return r.first.row
	case r.shared == nil:
		return nil
	}
	if l := r.shared.byCollection[collectionID]; l != nil && l.n > 0 {
		return l.first().row
	}
	return nil
}
