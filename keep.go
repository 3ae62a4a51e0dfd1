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
//
// What is kept is the book of the last step itself: it goes from call to call, and one call at a time has it. So what a caller gets are copies, and no
// row, nor the room for what a step writes, is made anew for the next.
type shelf struct {
	most int // collections

	mu       sync.Mutex
	now, old map[string]*slot // by the IDs of collection, session and payment; when now is full it becomes old, and old is forgotten
	half     int              // counts the maps: which one now is
	trust    int              // below zero: so many calls load at once, as others seem to write what is kept here
}

// slot is where the book of a collection is, with its session that was written last. It is nil while a call has it.
type slot struct {
	book             *book
	half             int    // the map in which it was entered last
	session, payment string // by which IDs, beside the collection's
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
	return &shelf{most: most, now: map[string]*slot{}, old: map[string]*slot{}, half: 1}
}

// take hands out the book with the rows that a key leads to, nil where it is not there. Nobody else has it then. fresh says that the key's session
// is one that cannot exist yet.
func (s *shelf) take(by Key, fresh bool, now time.Time) *book {
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
	if k == nil || k.book == nil || now.Sub(k.book.now).Abs() > keptFor {
		return nil
	}
	b := k.book
	alone := fresh || by.SessionID == "" && by.PaymentID == ""
	switch {
	case by.CollectionID != "" && b.collection.ID != by.CollectionID,
		!alone && by.SessionID != "" && (b.session == nil || b.session.ID != by.SessionID),
		by.PaymentID != "" && (b.payment == nil || b.payment.ID != by.PaymentID):
		return nil
	}
	k.book = nil
	if alone {
		b.session, b.payment, b.captures, b.refunds = nil, nil, nil, nil
	}
	b.now, b.kept, b.stored = now, true, false
	return b
}

func (s *shelf) find(id string) *slot {
	if k := s.now[id]; k != nil {
		return k
	}
	return s.old[id]
}

// giveBack puts a book on the shelf that a call has finished with: what the caller gets has been copied, and nobody uses the book any more. One
// whose rows are not as they were committed last is left alone.
func (s *shelf) giveBack(b *book) {
	if s != nil && b != nil && b.goesBack() {
		b.keeps = false
		s.put(b)
	}
}

// putCopy puts a copy of a book on the shelf whose rows were committed, and that somebody goes on using.
func (s *shelf) putCopy(b *book) {
	if s != nil && b.fit() {
		b = b.copy()
	}
	s.put(b)
}

func (s *shelf) put(b *book) {
	switch {
	case s == nil:
		return
	case !b.fit():
		s.forget(b)
		return
	}
	b.rest()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.find(b.collection.ID)
	switch {
	case k == nil:
		k = &slot{}
	case k.book != nil && k.book.version > b.version: // somebody was faster
		return
	}
	k.book = b
	if len(s.now) >= keysPerRecord*(s.most+1)/2 {
		s.now, s.old = make(map[string]*slot, len(s.now)), s.now
		s.half++
	}
	s.enter(k)
}

// enter makes a slot be found by the IDs of its book, as far as it is not yet.
func (s *shelf) enter(k *slot) {
	b := k.book
	if k.half != s.half {
		s.now[b.collection.ID] = k
		k.half, k.session, k.payment = s.half, "", ""
	}
	if b.session != nil && k.session != b.session.ID {
		s.now[b.session.ID] = k
		k.session = b.session.ID
	}
	if b.payment != nil && k.payment != b.payment.ID {
		s.now[b.payment.ID] = k
		k.payment = b.payment.ID
	}
}

// forget drops what is there of a book's collection, unless it is newer.
func (s *shelf) forget(b *book) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.find(b.collection.ID); k != nil && k.book != nil && k.book.version <= b.version {
		k.book = nil
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

// fit reports whether a book's rows are worth keeping: no operation is open, and they are not many.
func (b *book) fit() bool {
	return b.session == nil || b.session.OperationID == "" && len(b.captures)+len(b.refunds) <= maxKeptUnder
}

// rest makes a book one of rows alone, as a store returns them. Its operation and its lists are written over by the next step.
func (b *book) rest() {
	if b.made != nil {
		b.made, b.spare = nil, b.made
	}
	b.operations, b.request, b.signals = b.operations[:0], nil, nil
	b.more, b.prompted, b.untold = false, false, false
	slices.SortFunc(b.captures, func(a, b *Capture) int { return a.compare(&b.Entry) })
	slices.SortFunc(b.refunds, func(a, b *Refund) int { return a.compare(&b.Entry) })
}

// goesBack reports whether a book goes back to the shelf as it is: what is handed out of it must be copies.
func (b *book) goesBack() bool { return b.keeps && b.stored }

// ownCollection, and those below, return a row for the caller to keep and change: a copy, if the book goes back to the shelf.
func (b *book) ownCollection() *PaymentCollection {
	if !b.goesBack() {
		return b.collection
	}
	return b.copyCollection()
}

func (b *book) ownSession() *PaymentSession {
	if !b.goesBack() || b.session == nil {
		return b.session
	}
	return b.copySession()
}

// ownPayment returns the payment with its captures and refunds, nil when there is none.
func (b *book) ownPayment() *Payment {
	p := b.payment
	if p == nil {
		return nil
	}
	if !b.goesBack() {
		p.Captures, p.Refunds = b.captures, b.refunds
		return p
	}
	p = b.copyPayment()
	p.Captures, p.Refunds = copyCaptures(b.captures), copyRefunds(b.refunds)
	return p
}

// copy returns a book with copies of the rows.
func (b *book) copy() *book {
	k := &book{cfg: b.cfg, now: b.now, version: b.version, collection: b.copyCollection()}
	if b.session != nil {
		k.session = b.copySession()
	}
	if b.payment != nil {
		k.payment, k.captures, k.refunds = b.copyPayment(), copyCaptures(b.captures), copyRefunds(b.refunds)
	}
	return k
}

func (b *book) copyCollection() *PaymentCollection {
	c := *b.collection
	c.ProviderIDs, c.Metadata = slices.Clone(c.ProviderIDs), c.Metadata.Clone()
	return &c
}

func (b *book) copySession() *PaymentSession {
	x := *b.session
	x.Data, x.Metadata, x.Accepted = x.Data.Clone(), x.Metadata.Clone(), slices.Clone(x.Accepted)
	if x.NextAction != nil {
		a := *x.NextAction
		a.Data, a.Fields = a.Data.Clone(), maps.Clone(a.Fields)
		x.NextAction = &a
	}
	return &x
}

func (b *book) copyPayment() *Payment {
	p := *b.payment
	p.Data, p.Metadata, p.Captures, p.Refunds = p.Data.Clone(), p.Metadata.Clone(), nil, nil
	return &p
}

func copyCaptures(all []*Capture) []*Capture {
	all = slices.Clone(all)
	for i, of := range all {
		m := *of
		m.Metadata = m.Metadata.Clone()
		all[i] = &m
	}
	return all
}

func copyRefunds(all []*Refund) []*Refund {
	all = slices.Clone(all)
	for i, of := range all {
		m := *of
		m.Metadata = m.Metadata.Clone()
		all[i] = &m
	}
	return all
}

// compare orders entries by age, and then by ID.
func (e *Entry) compare(other *Entry) int {
	return cmp.Or(e.CreatedAt.Compare(other.CreatedAt), cmp.Compare(e.ID, other.ID))
}
