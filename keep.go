package payment

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// shelf keeps the rows of collections as this process has written them last, so that the next step need not load them.
//
// What is decided on kept rows counts only if it is committed: the collection's version covers every row, so that a commit on stale ones is
// a conflict, and then fresh rows are loaded. So it is where a request was made before with the same key, which is not kept: it is inserted
// then, never replaced. Whatever would be returned without a commit, a refusal above all, is decided again on fresh rows.
type shelf struct {
	most int // collections

	mu       sync.Mutex
	now, old map[string]*keptRows // by the IDs of collection, session and payment; when now is full it becomes old, and old is forgotten
	trust    int                  // below zero: so many calls load at once, as others seem to write what is kept here
}

// keptRows are the rows of a collection and of the session that was written last. rows is nil while a call has them.
type keptRows struct {
	rows *Rows
	at   time.Time // when they were written
}

const (
	keptFor       = time.Minute // who mends a row by hand is not to be overwritten for ever
	maxTrust      = 64          // hits that are remembered
	staleCosts    = 8           // how many hits weigh as much as one conflict
	maxKeptUnder  = 32          // captures and refunds of a payment that is kept
	keysPerRecord = 3
)

// newShelf returns nil where nothing is to be kept; a nil shelf keeps nothing.
func newShelf(most int) *shelf {
	if most <= 0 {
		return nil
	}
	return &shelf{most: most, now: map[string]*keptRows{}, old: map[string]*keptRows{}}
}

// take hands out the rows that a key leads to, nil where they are not there. Nobody else has them then. fresh says that the key's session is
// one that cannot exist yet.
func (s *shelf) take(by Key, fresh bool, now time.Time) *Rows {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trust < 0 {
		s.trust++
		return nil
	}
	id := by.CollectionID
	switch {
	case by.SessionID != "" && !fresh:
		id = by.SessionID
	case by.PaymentID != "":
		id = by.PaymentID
	}
	k := s.find(id)
	if k == nil || k.rows == nil || now.Sub(k.at).Abs() > keptFor {
		return nil
	}
	found := k.rows
	alone := fresh || by.SessionID == "" && by.PaymentID == ""
	switch {
	case by.CollectionID != "" && found.Collections[0].ID != by.CollectionID,
		!alone && by.SessionID != "" && (len(found.Sessions) == 0 || found.Sessions[0].ID != by.SessionID),
		by.PaymentID != "" && (len(found.Payments) == 0 || found.Payments[0].ID != by.PaymentID):
		return nil
	}
	k.rows = nil
	if alone {
		return &Rows{Collections: found.Collections}
	}
	return found
}

func (s *shelf) find(id string) *keptRows {
	if k := s.now[id]; k != nil {
		return k
	}
	return s.old[id]
}

// put keeps copies of the rows of a book that was just committed.
func (s *shelf) put(b *book) {
	if s == nil {
		return
	}
	var rows *Rows
	if b.session == nil || b.session.OperationID == "" && len(b.captures)+len(b.refunds) <= maxKeptUnder {
		rows = b.copyRows()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.find(b.collection.ID)
	switch {
	case k == nil && rows == nil:
		return
	case k == nil:
		k = &keptRows{}
	case k.rows != nil && k.rows.Collections[0].Version > b.version: // somebody was faster
		return
	}
	k.rows, k.at = rows, b.now
	if rows == nil {
		return
	}
	if len(s.now) >= keysPerRecord*(s.most+1)/2 {
		s.now, s.old = make(map[string]*keptRows, len(s.now)), s.now
	}
	s.now[b.collection.ID] = k
	if b.session != nil {
		s.now[b.session.ID] = k
	}
	if b.payment != nil {
		s.now[b.payment.ID] = k
	}
}

// judge remembers whether kept rows were as they are in the store.
func (s *shelf) judge(right bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if right {
		s.trust = min(s.trust+1, maxTrust)
	} else {
		s.trust -= staleCosts
	}
}

// copyRows copies what the caller, who gets the book's own rows, could change.
func (b *book) copyRows() *Rows {
	c := *b.collection
	c.ProviderIDs, c.Metadata = slices.Clone(c.ProviderIDs), c.Metadata.Clone()
	rows := &Rows{Collections: []*PaymentCollection{&c}}
	if b.session == nil {
		return rows
	}
	x := *b.session
	x.Data, x.Metadata, x.Accepted = x.Data.Clone(), x.Metadata.Clone(), slices.Clone(x.Accepted)
	if x.NextAction != nil {
		a := *x.NextAction
		a.Data, a.Fields = a.Data.Clone(), maps.Clone(a.Fields)
		x.NextAction = &a
	}
	rows.Sessions = []*PaymentSession{&x}
	if b.payment == nil {
		return rows
	}
	p := *b.payment
	p.Data, p.Metadata, p.Captures, p.Refunds = p.Data.Clone(), p.Metadata.Clone(), nil, nil
	rows.Payments = []*Payment{&p}
	for _, of := range b.captures {
		m := *of
		m.Metadata = m.Metadata.Clone()
		rows.Captures = append(rows.Captures, &m)
	}
	for _, of := range b.refunds {
		m := *of
		m.Metadata = m.Metadata.Clone()
		rows.Refunds = append(rows.Refunds, &m)
	}
	slices.SortFunc(rows.Captures, func(a, b *Capture) int { return a.compare(&b.Entry) }) // as a store returns them
	slices.SortFunc(rows.Refunds, func(a, b *Refund) int { return a.compare(&b.Entry) })
	return rows
}

// compare orders entries by age, and then by ID.
func (e *Entry) compare(other *Entry) int {
	return cmp.Or(e.CreatedAt.Compare(other.CreatedAt), cmp.Compare(e.ID, other.ID))
}
