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
	now, old map[string]*slot // by the IDs of collection, session and payment; when now is full it becomes old, and old is forgotten
	trust    int              // below zero: so many calls load at once, as others seem to write what is kept here
}

// slot is where the rows of a collection are, and of its session that was written last. rows is nil while a call has them.
type slot struct {
	rows *keptRows
}

// keptRows are copies, in one piece.
type keptRows struct {
	at         time.Time // when they were written
	collection PaymentCollection
	session    PaymentSession // without an ID: none
	payment    Payment        // likewise
	captures   []*Capture
	refunds    []*Refund
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
	return &shelf{most: most, now: map[string]*slot{}, old: map[string]*slot{}}
}

// take hands out the rows that a key leads to, nil where they are not there. Nobody else has them then. fresh says that the key's session is
// one that cannot exist yet.
func (s *shelf) take(by Key, fresh bool, now time.Time) *keptRows {
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
	if k == nil || k.rows == nil || now.Sub(k.rows.at).Abs() > keptFor {
		return nil
	}
	found := k.rows
	alone := fresh || by.SessionID == "" && by.PaymentID == ""
	switch {
	case by.CollectionID != "" && found.collection.ID != by.CollectionID,
		!alone && by.SessionID != "" && found.session.ID != by.SessionID,
		by.PaymentID != "" && found.payment.ID != by.PaymentID:
		return nil
	}
	k.rows = nil
	if alone {
		found.session.ID, found.payment.ID, found.captures, found.refunds = "", "", nil, nil
	}
	return found
}

func (s *shelf) find(id string) *slot {
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
	var rows *keptRows
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
		k = &slot{}
	case k.rows != nil && k.rows.collection.Version > b.version: // somebody was faster
		return
	}
	k.rows = rows
	if rows == nil {
		return
	}
	if len(s.now) >= keysPerRecord*(s.most+1)/2 {
		s.now, s.old = make(map[string]*slot, len(s.now)), s.now
	}
	s.now[rows.collection.ID] = k
	if rows.session.ID != "" {
		s.now[rows.session.ID] = k
	}
	if rows.payment.ID != "" {
		s.now[rows.payment.ID] = k
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
func (b *book) copyRows() *keptRows {
	k := &keptRows{at: b.now, collection: *b.collection}
	k.collection.ProviderIDs, k.collection.Metadata = slices.Clone(k.collection.ProviderIDs), k.collection.Metadata.Clone()
	if b.session == nil {
		return k
	}
	k.session = *b.session
	x := &k.session
	x.Data, x.Metadata, x.Accepted = x.Data.Clone(), x.Metadata.Clone(), slices.Clone(x.Accepted)
	if x.NextAction != nil {
		a := *x.NextAction
		a.Data, a.Fields = a.Data.Clone(), maps.Clone(a.Fields)
		x.NextAction = &a
	}
	if b.payment == nil {
		return k
	}
	k.payment = *b.payment
	p := &k.payment
	p.Data, p.Metadata, p.Captures, p.Refunds = p.Data.Clone(), p.Metadata.Clone(), nil, nil
	for _, of := range b.captures {
		m := *of
		m.Metadata = m.Metadata.Clone()
		k.captures = append(k.captures, &m)
	}
	for _, of := range b.refunds {
		m := *of
		m.Metadata = m.Metadata.Clone()
		k.refunds = append(k.refunds, &m)
	}
	slices.SortFunc(k.captures, func(a, b *Capture) int { return a.compare(&b.Entry) }) // as a store returns them
	slices.SortFunc(k.refunds, func(a, b *Refund) int { return a.compare(&b.Entry) })
	return k
}

// keptBook opens the rows that a key leads to and that this process has kept, nil where there are none.
func (s *Service) keptBook(by Key, fresh bool) *book {
	now := s.now()
	k := s.shelf.take(by, fresh, now)
	if k == nil {
		return nil
	}
	b := &book{cfg: &s.cfg, mint: s.mint, now: now, kept: true, version: k.collection.Version, collection: &k.collection}
	if k.session.ID != "" {
		b.session = &k.session
	}
	if k.payment.ID != "" {
		b.payment, b.captures, b.refunds = &k.payment, k.captures, k.refunds
	}
	return b
}

// compare orders entries by age, and then by ID.
func (e *Entry) compare(other *Entry) int {
	return cmp.Or(e.CreatedAt.Compare(other.CreatedAt), cmp.Compare(e.ID, other.ID))
}
