package payment

import (
	"reflect"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// maxMovements is how many movements one commit writes, each a row and an event; more wait for the next.
const maxMovements = 24

// news is a Snapshot read beside our rows: which movement is whose, and the sums that result. Reading changes nothing.
type news struct {
	Snapshot
	digits    int           // of the currency
	hinted    bool          // it is a message's word, of whatever age
	late      bool          // it was asked for so soon after the last news of the session that it may be older: answers come from replicas
	reads     bool          // likewise, an authorization's own answer, which may only have asked
	insane    bool          // it holds what no gateway can mean
	found     []found       // movements that are new or have moved on, captures first
	ours      MovementState // of the operation's own movement; empty where it was not found
	ambiguous bool          // the movements are left out, since one could be the operation's or somebody else's, or a person has seen them
	untold    bool          // the first of these
	clash     string        // a movement contradicts its row

	captured, capturing, refunded, refunding decimal.Decimal // what our rows will add up to
}

// found is a movement and its row: one that is known, or nil.
type found struct {
	Movement
	kind    MovementKind
	ours    bool // the operation's own
	capture *Capture
	refund  *Refund
}

func (f *found) entry() *Entry {
	switch {
	case f.capture != nil:
		return &f.capture.Entry
	case f.refund != nil:
		return &f.refund.Entry
	}
	return nil
}

// read holds an answer's Snapshot against the rows.
func (b *book) read(op *Operation, a answer) news {
	n := news{Snapshot: a.snapshot, hinted: a.hinted}
	n.late = a.kind == answerAsked && !a.hinted && a.asked.Before(b.session.UpdatedAt.Add(replicaLag))
	n.reads = a.kind == answerOwn && op != nil && op.Kind == OperationAuthorize && op.Final && op.Input.IsEmpty()
	if n.State == SnapshotNotFound { // nothing else can be true of what is not there
		n.Snapshot = Snapshot{State: SnapshotNotFound}
	}
	c, err := LookupCurrency(b.collection.CurrencyCode)
	n.digits = c.Digits
	if err != nil || !n.sane(n.digits) || !n.plausible() {
		n.insane = true
		return n
	}
	if n.waits() {
		n.Capturable = nil // nothing can be captured yet: that says nothing of an authorization that came later
	}
	n.captured, n.capturing, n.refunded, n.refunding = b.sums()
	for _, kind := range []MovementKind{MovementCapture, MovementRefund} {
		b.match(&n, op, a, kind)
	}
	if n.ambiguous {
		n.untold = true
		b.setAside(&n)
	}
	// A gateway that calls an object canceled although part of it was captured means that the rest is released.
	if n.State == SnapshotCanceled && plus(n.captured, n.capturing).IsPositive() {
		n.State, n.Capturable = SnapshotAuthorized, &decimal.Decimal{}
		switch {
		case b.payment != nil:
			n.Authorized = b.payment.Authorized
		case n.Authorized.IsZero(): // it had authorized no less
			n.Authorized = plus(n.captured, n.capturing)
		}
	}
	if n.clash == "" {
		n.clash = b.excess(op, &n)
	}
	if n.clash != "" && b.accepted(n.clash, &n) {
		n.clash, n.ours, n.ambiguous = "", "", true // a person has seen it
		b.setAside(&n)
	}
	return n
}

// setAside leaves the movements out: as long as one of them cannot be told, no sum can be drawn.
func (b *book) setAside(n *news) {
	n.found = nil
	n.captured, n.capturing, n.refunded, n.refunding = b.sums()
}

// excess names what the movements add up to more than: what was authorized, or captured.
func (b *book) excess(op *Operation, n *news) string {
	authorized, released := decimal.Min(n.Authorized, b.toAuthorize(op, n)), decimal.Decimal{}
	if b.payment != nil {
		authorized, released = b.payment.Authorized, b.payment.Released
	}
	switch {
	case n.State != SnapshotAuthorized && b.payment == nil: // conflict has another name for it
	case plus(n.captured, n.capturing).GreaterThan(minus(authorized, released)):
		return "captured"
	case plus(n.refunded, n.refunding).GreaterThan(n.captured):
		return "refunded"
	}
	return ""
}

// sums adds up the rows as they are.
func (b *book) sums() (captured, capturing, refunded, refunding decimal.Decimal) {
	for _, c := range b.captures {
		addTo(&captured, &capturing, c.State, c.Amount)
	}
	for _, r := range b.refunds {
		addTo(&refunded, &refunding, r.State, r.Amount)
	}
	return captured, capturing, refunded, refunding
}

func addTo(succeeded, pending *decimal.Decimal, state MovementState, amount decimal.Decimal) {
	switch state {
	case MovementSucceeded:
		*succeeded = plus(*succeeded, amount)
	case MovementPending:
		*pending = plus(*pending, amount)
	}
}

// plausible reports whether a snapshot's words can be kept.
func (s *Snapshot) plausible() bool {
	words := []string{s.Reference, s.Account}
	for _, m := range s.Movements {
		if m.Kind != MovementCapture && m.Kind != MovementRefund || !m.Amount.IsPositive() {
			return false
		}
		if m.State != MovementPending && m.State != MovementSucceeded && m.State != MovementFailed {
			return false
		}
		words = append(words, m.Reference, m.IdempotencyKey)
	}
	for _, w := range words {
		if len(w) > 255 || checkText(w) != nil {
			return false
		}
	}
	return true
}

// match says whose the movements of one kind are, in this order: a known reference is that row; a key of ours is that operation's row; what
// is left was made elsewhere, unless an operation of that kind is open whose own movement may be among them. Equal amounts prove nothing.
func (b *book) match(n *news, op *Operation, a answer, kind MovementKind) {
	open := op != nil && (op.Kind == OperationCapture && kind == MovementCapture || op.Kind == OperationRefund && kind == MovementRefund)
	var strangers []found
	var used []*Entry
	for i, m := range n.Movements {
		if m.Kind != kind {
			continue
		}
		for _, other := range n.Movements[:i] {
			if other.Kind == kind && (m.Reference != "" && other.Reference == m.Reference || m.IdempotencyKey != "" && other.IdempotencyKey == m.IdempotencyKey) {
				n.clash = "movement" // one movement twice, or one key that moved twice
				return
			}
		}
		m.Amount = withDigits(m.Amount, n.digits)
		f := b.rowOf(m)
		switch {
		case f.entry() != nil:
			if slices.Contains(used, f.entry()) {
				n.clash = "movement"
				return
			}
			used = append(used, f.entry())
		case open && m.IdempotencyKey == op.Key():
			f.ours = true
		case isKey(m.IdempotencyKey):
		case m.Reference == "":
			n.clash = "movement" // it could never be told again
			return
		default:
			strangers = append(strangers, f)
			continue
		}
		if open && (f.ours || f.entry() != nil && f.entry().OperationID == op.ID) {
			f.ours = true
			n.ours = m.State
			if !m.Amount.Equal(op.Amount) {
				n.clash = "movement_amount"
				return
			}
		}
		n.add(f)
	}
	if open && n.ours == "" && len(strangers) > 0 && !n.none(a, op) {
		n.ambiguous = true
		return
	}
	if len(strangers) > 0 && b.unnamed(kind, used) {
		n.clash = "movement" // one of them may be a row of ours whose reference the gateway never told
		return
	}
	for _, f := range strangers {
		n.add(f)
	}
}

// unnamed reports whether a row of ours has no reference yet, and no movement of the Snapshot is its.
func (b *book) unnamed(kind MovementKind, used []*Entry) bool {
	open := func(e *Entry) bool {
		return e.Reference == "" && !e.External() && e.State != MovementFailed && !slices.Contains(used, e)
	}
	if kind == MovementCapture {
		return slices.ContainsFunc(b.captures, func(c *Capture) bool { return open(&c.Entry) })
	}
	return slices.ContainsFunc(b.refunds, func(r *Refund) bool { return open(&r.Entry) })
}

// none reports whether an answer says that the operation has made no movement: the gateway refused it, or its only call had no effect.
func (n *news) none(a answer, op *Operation) bool {
	return n.ours == "" && (a.kind == answerDeclined || a.inVain(op))
}

// inVain reports whether the operation's only call did nothing, since what it was to do was so already, or cannot be done any more.
func (a answer) inVain(op *Operation) bool { return a.already && op.Tries == 1 }

// rowOf finds a movement's row by the gateway's reference, or by a key of ours.
func (b *book) rowOf(m Movement) found {
	f := found{Movement: m, kind: m.Kind}
	if m.Kind == MovementCapture {
		for _, c := range b.captures {
			if m.Reference != "" && c.Reference == m.Reference {
				f.capture = c
				return f
			}
			if f.capture == nil && c.keyed(m) {
				f.capture = c
			}
		}
		return f
	}
	for _, r := range b.refunds {
		if m.Reference != "" && r.Reference == m.Reference {
			f.refund = r
			return f
		}
		if f.refund == nil && r.keyed(m) {
			f.refund = r
		}
	}
	return f
}

// keyed reports whether an entry was made with a movement's key, and no other reference speaks against it.
func (e *Entry) keyed(m Movement) bool {
	return m.IdempotencyKey != "" && e.OperationID != "" && idDigits(e.OperationID) == m.IdempotencyKey &&
		(m.Reference == "" || e.Reference == "" || e.Reference == m.Reference)
}

// isKey reports whether a key has the form of ours: 32 hex digits.
func isKey(key string) bool {
	return len(key) == 32 && strings.Trim(key, "0123456789abcdef") == ""
}

// add takes a movement into the sums, and into found if it changes anything.
func (n *news) add(f found) {
	succeeded, pending := &n.captured, &n.capturing
	if f.kind == MovementRefund {
		succeeded, pending = &n.refunded, &n.refunding
	}
	e := f.entry()
	if e == nil {
		addTo(succeeded, pending, f.State, f.Amount)
		n.found = append(n.found, f)
		return
	}
	if !e.Amount.Equal(f.Amount) {
		n.clash = "movement_amount"
		return
	}
	next := f.State
	switch {
	case (n.hinted || n.late) && e.State == MovementFailed && e.Reference != "" && (f.State == MovementPending || f.refund != nil):
		next = MovementFailed // older news: the bank may have returned a refund that had succeeded
	case e.State == MovementSucceeded:
		if f.kind == MovementCapture && f.State == MovementFailed {
			n.clash = "capture_reversed" // success told is never taken back; a person must look
			return
		}
		if f.State == MovementPending {
			next = MovementSucceeded // older news
		}
	}
	if next == e.State && (f.Reference == "" || f.Reference == e.Reference) {
		return
	}
	addTo(succeeded, pending, e.State, e.Amount.Neg())
	addTo(succeeded, pending, next, e.Amount)
	f.State = next
	n.found = append(n.found, f)
}

// applyMovements writes the rows of what was found, and reports whether more than one commit's worth is left.
func (b *book) applyMovements(op *Operation, n *news) (more bool) {
	if b.payment == nil {
		return false
	}
	list := n.found
	if len(list) > maxMovements {
		list, more = list[:maxMovements], true
	}
	for _, f := range list {
		code := ""
		if f.State == MovementFailed {
			code = "failed"
		}
		b.addMovement(op, f, code)
	}
	p := b.payment
	captured, capturing, refunded, _ := b.sums()
	if !p.Captured.Equal(captured) || !p.Refunded.Equal(refunded) {
		p.Captured, p.Refunded = captured, refunded
		b.touchPayment()
	}
	if more { // until the rest is written, what is left is what these rows leave
		p.Capturable = decimal.Max(minus(minus(minus(p.Authorized, captured), capturing), p.Released), decimal.Decimal{})
	}
	return more
}

// addMovement writes one row, new or moved on, and its event.
func (b *book) addMovement(op *Operation, f found, code string) {
	e := f.entry()
	returned := e != nil && e.State == MovementSucceeded && f.State == MovementFailed
	if e == nil {
		e = b.newEntry(op, &f)
	}
	moved := e.State != f.State
	if e.Reference == "" {
		e.Reference = f.Reference
	}
	e.State, e.Reason, e.UpdatedAt = f.State, code, b.now
	kind := EventKind(f.kind) + "." + EventKind(f.State) // such as capture.succeeded
	if f.kind == MovementCapture {
		b.out.Captures = append(b.out.Captures, f.capture)
	} else {
		b.out.Refunds = append(b.out.Refunds, f.refund)
		if returned {
			f.refund.ReturnedAt, kind = b.now, EventRefundReturned
		}
	}
	b.touchSession()
	if moved {
		b.event(Event{Kind: kind, EntryID: e.ID, OperationID: e.OperationID, Amount: e.Amount, Code: code})
	}
}

// newEntry makes the row of a movement: the operation's own, one of an operation that ended long ago, or one made elsewhere.
func (b *book) newEntry(op *Operation, f *found) *Entry {
	prefix := "capt_"
	if f.kind == MovementRefund {
		prefix = "ref_"
	}
	e := Entry{
		CollectionID: b.collection.ID, SessionID: b.session.ID, PaymentID: b.payment.ID,
		Reference: f.Reference, Amount: f.Amount, CreatedAt: b.now,
	}
	switch {
	case f.ours:
		e.ID, e.OperationID = prefix+op.Key(), op.ID
		e.CreatedBy, e.Metadata = op.CreatedBy, op.Metadata
	case isKey(f.IdempotencyKey):
		e.ID, e.OperationID = b.mint(prefix), "op_"+f.IdempotencyKey // the key is the gateway's word: no row is found by it
	default:
		e.ID = b.mint(prefix)
	}
	if f.kind == MovementCapture {
		f.capture = &Capture{Entry: e}
		b.captures = append(b.captures, f.capture)
		return &f.capture.Entry
	}
	f.refund = &Refund{Entry: e}
	if f.ours {
		f.refund.ReasonID, f.refund.Note = op.ReasonID, op.Note
	}
	b.refunds = append(b.refunds, f.refund)
	return &f.refund.Entry
}

func equalAction(a, b *NextAction) bool { return reflect.DeepEqual(a, b) }
