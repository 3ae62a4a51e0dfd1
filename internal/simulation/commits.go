package simulation

import (
	"slices"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// beforeCommit holds against a commit what can be said before it is known whether it conflicts.
func (w *world) beforeCommit(a *actor, _ *payment.Changes) {
	switch {
	case a.forged:
		w.fail("a forged webhook changes rows")
	case a.killed:
		w.fail("a dead process commits")
	}
}

// afterCommit holds a commit against those before it, and the rows that it wrote against each other. It looks at nothing else, so that it
// costs little: sums are kept, not added up.
func (w *world) afterCommit(a *actor, c *payment.Changes) {
	if w.tracing {
		w.log(a, "commits %s", w.describe(c))
	}
	w.checkAlarm(a, c)
	col := w.shadow.collections[c.CollectionID]
	if col == nil {
		col = &shadowCollection{id: c.CollectionID}
		w.shadow.collections[c.CollectionID] = col
	}
	if col.version != c.Version {
		w.fail("collection %s is committed on version %d, which is %d", c.CollectionID, c.Version, col.version)
	}
	col.version = c.Version + 1
	for _, x := range c.Sessions {
		w.sawSession(col, x)
	}
	for _, x := range c.Operations {
		w.sawOperation(a, x)
	}
	for _, x := range c.Payments {
		w.sawPayment(x)
	}
	for _, x := range c.Captures {
		w.sawMovement(payment.MovementCapture, &x.Entry, c)
	}
	for _, x := range c.Refunds {
		w.sawMovement(payment.MovementRefund, &x.Entry, c)
	}
	for _, x := range c.Operations {
		w.checkLock(w.shadow.ops[x.ID])
	}
	for _, x := range c.Sessions {
		w.checkSession(w.shadow.sessions[x.ID])
	}
	for _, x := range c.Payments {
		w.checkPayment(w.shadow.payments[x.ID])
	}
	for _, x := range c.Captures {
		w.checkPayment(w.shadow.payments[x.PaymentID])
	}
	for _, x := range c.Refunds {
		w.checkPayment(w.shadow.payments[x.PaymentID])
	}
	w.sawCollection(col, c.Collection)
	for i, e := range c.Events {
		if want := (c.Version+1)*64 + int64(i); e.Seq != want {
			w.fail("event %s has Seq %d, not %d", e.ID, e.Seq, want)
		}
		if col.seqs = append(col.seqs, e.Seq); len(col.seqs) == w.v.poison {
			col.poisonAt = w.now
		}
	}
	w.secrets.committed(w, c)
}

// checkAlarm: an answer that contradicts what was asked is seen by a person, and one that does not contradict it is no alarm.
func (w *world) checkAlarm(a *actor, c *payment.Changes) {
	alarm, settled := false, len(c.Payments)+len(c.Captures)+len(c.Refunds) > 0
	for _, x := range c.Operations {
		alarm = alarm || x.State == payment.OperationNeedsAttention
		settled = settled || x.State == payment.OperationSucceeded || x.State == payment.OperationFailed
		gaveUp := x.Code == "gave_up" || x.Code == "movement" && !x.FirstCallAt.IsZero() && x.UpdatedAt.Sub(x.FirstCallAt) >= 24*time.Hour
		if x.State == payment.OperationNeedsAttention && w.v.honest() && !gaveUp && x.Code != "unasked" && x.Code != "decline" {
			w.fail("operation %s (%s) needs attention because of %q, and the gateway never contradicts itself", x.ID, x.Kind, x.Code)
		}
	}
	if a.lied == nil || alarm {
		return
	}
	for _, x := range c.Sessions {
		if x.ID == a.lied.id && (settled || x.Status != a.lied.status) {
			w.fail("session %s is settled by an answer that contradicts what was asked", x.ID)
		}
	}
}

func (w *world) sawOperation(a *actor, x *payment.Operation) {
	o := w.shadow.ops[x.ID]
	if o == nil {
		o = &shadowOp{id: x.ID, kind: x.Kind, beginner: a.n, executor: a.n, tries: x.Tries, born: w.now}
		o.session = w.shadow.sessions[x.SessionID]
		w.shadow.ops[x.ID] = o
		w.shadow.order = append(w.shadow.order, o)
		w.shadow.operations++
		if a.asked != nil {
			a.asked.began = append(a.asked.began, o)
			a.asked.first().all = append(a.asked.first().all, o)
		}
		if x.State != payment.OperationOpen && x.State != payment.OperationNeedsAttention {
			w.fail("operation %s begins as %s", x.ID, x.State)
		}
	}
	switch {
	case o.ended():
		w.fail("operation %s had ended as %s, and is %s now", o.id, o.state, x.State)
	case x.Tries < o.tries:
		w.fail("operation %s had %d tries, and has %d now", o.id, o.tries, x.Tries)
	case x.Tries == o.tries && o.executor != a.n && o.state == payment.OperationOpen:
		w.fail("operation %s is changed by #%d, who is not its executor: that is #%d", o.id, a.n, o.executor)
	}
	if x.Tries > o.tries {
		o.tries, o.executor = x.Tries, a.n
	}
	o.state, o.code, o.amount = x.State, x.Code, w.minor(x.Amount)
	o.lease = never
	if !x.LeaseUntil.IsZero() {
		o.lease = x.LeaseUntil.UnixNano() - epoch*second
	}
}

func (w *world) sawSession(col *shadowCollection, x *payment.PaymentSession) {
	s := w.shadow.sessions[x.ID]
	if s == nil {
		s = &shadowSession{id: x.ID, collection: col, status: x.Status, provider: x.ProviderID}
		w.shadow.sessions[x.ID] = s
		w.shadow.all = append(w.shadow.all, s)
		s.count(+1)
	}
	if !canBecome(s.status, x.Status) {
		w.fail("session %s goes from %s to %s", x.ID, s.status, x.Status)
	}
	if x.Revision != col.version {
		w.fail("session %s has revision %d in version %d", x.ID, x.Revision, col.version)
	}
	s.count(-1)
	s.status, s.reference, s.account, s.opID = x.Status, x.Reference, x.Account, x.OperationID
	s.amount = w.minor(x.Amount)
	held := w.minor(x.Held)
	if held == 0 && s.held > 0 {
		w.checkRelease(s)
	}
	col.held += held - s.held
	s.held, s.last = held, w.wordsOf(x)
	s.processing, s.deleted = !x.ProcessingSince.IsZero(), !x.DeletedAt.IsZero()
	s.count(+1)
}

// checkRelease: a hold is not given up while the gateway could take the money without another call of ours.
func (w *world) checkRelease(s *shadowSession) {
	if w.v.hostile || w.v.lies > 0 || w.v.noStatus || s.elsewhere || s.reference == "" || s.status == payment.StatusAuthorized {
		return
	}
	i, ok := w.gateway.Intent(s.reference)
	if !ok || s.provider != "sandbox" {
		return
	}
	switch i.Status {
	case sandboxprovider.IntentRequiresAction, sandboxprovider.IntentProcessing, sandboxprovider.IntentRequiresCapture:
		w.fail("session %s is %s and gives its hold up, and at the gateway it is %s", s.id, s.status, i.Status)
	}
}

// canBecome is the table of the statuses, written down a second time: a mistake in the library's own would not show by that one.
func canBecome(from, to payment.SessionStatus) bool {
	switch from {
	case payment.StatusAuthorized:
		return to == payment.StatusAuthorized || to == payment.StatusCanceled
	case payment.StatusCanceled:
		return to == payment.StatusCanceled
	}
	return true
}

// count adds a session to its collection's counts, or takes it away.
func (s *shadowSession) count(n int) {
	switch s.status {
	case payment.StatusPending, payment.StatusRequiresMore:
		s.collection.live += n
	case payment.StatusError:
		s.collection.failed += n
	}
}

func (w *world) sawPayment(x *payment.Payment) {
	p := w.shadow.payments[x.ID]
	authorized, released := w.minor(x.Authorized), w.minor(x.Released)
	if p == nil {
		p = &shadowPayment{id: x.ID, session: w.shadow.sessions[x.SessionID], authorized: authorized, unasked: x.Unasked, amount: w.minor(x.Amount)}
		w.shadow.payments[x.ID] = p
		if p.session == nil || p.session.payment != nil {
			w.fail("payment %s is the second of its session, or of none", x.ID)
			return
		}
		p.session.payment = p
		if x.Unasked && !w.v.hostile {
			w.hit(UnaskedMoney)
		}
	}
	switch {
	case authorized != p.authorized || x.Unasked != p.unasked:
		w.fail("payment %s was authorized with %d, unasked %t; now with %d, %t", x.ID, p.authorized, p.unasked, authorized, x.Unasked)
	case released < p.released:
		w.fail("payment %s had released %d, now %d", x.ID, p.released, released)
	case p.canceled && x.CanceledAt.IsZero():
		w.fail("payment %s was canceled, and is not any more", x.ID)
	}
	p.released, p.capturable, p.canceled = released, w.minor(x.Capturable), !x.CanceledAt.IsZero()
	if captured := w.minor(x.Captured); captured < p.captured {
		w.fail("payment %s had captured %d, now %d", x.ID, p.captured, captured)
	}
	p.captured, p.refunded = w.minor(x.Captured), w.minor(x.Refunded)
	col := p.session.collection
	col.authorized -= p.countedAuthorized
	col.captured -= p.countedCaptured
	col.refunded -= p.countedRefunded
	if !p.unasked {
		p.countedAuthorized, p.countedCaptured, p.countedRefunded = p.authorized-p.released, p.captured, p.refunded
	}
	col.authorized += p.countedAuthorized
	col.captured += p.countedCaptured
	col.refunded += p.countedRefunded
}

func (w *world) sawMovement(kind payment.MovementKind, x *payment.Entry, c *payment.Changes) {
	m := w.shadow.movements[x.ID]
	amount := w.minor(x.Amount)
	if m == nil {
		m = &shadowMovement{id: x.ID, kind: kind, amount: amount, payment: w.shadow.payments[x.PaymentID], opID: x.OperationID}
		w.shadow.movements[x.ID] = m
		if m.payment == nil {
			w.fail("%s belongs to no payment", x.ID)
			return
		}
		m.payment.movements = append(m.payment.movements, m)
	}
	if amount != m.amount {
		w.fail("%s was of %d, and is of %d now", x.ID, m.amount, amount)
	}
	if o := w.shadow.ops[x.OperationID]; o != nil && x.ID[len(x.ID)-32:] == o.id[len(o.id)-32:] && o.amount != amount {
		w.fail("%s is of %d, its operation of %d", x.ID, amount, o.amount)
	}
	if m.state == payment.MovementSucceeded && x.State != payment.MovementSucceeded {
		returned := kind == payment.MovementRefund && x.State == payment.MovementFailed &&
			slices.ContainsFunc(c.Events, func(e *payment.Event) bool { return e.Kind == payment.EventRefundReturned && e.EntryID == x.ID })
		if !returned {
			w.fail("%s had succeeded, and is %s now", x.ID, x.State)
		}
		m.returned = true
	}
	if m.reference != "" && x.Reference != m.reference {
		w.fail("%s was %s at the gateway, and is %s now", x.ID, m.reference, x.Reference)
	}
	m.payment.sum(m, -1)
	m.state, m.reference = x.State, x.Reference
	m.payment.sum(m, +1)
}

// sum adds a movement to its payment's sums, or takes it away.
func (p *shadowPayment) sum(m *shadowMovement, sign int64) {
	capture := m.kind == payment.MovementCapture
	switch {
	case m.state == payment.MovementSucceeded && capture:
		p.sumCaptured += sign * m.amount
	case m.state == payment.MovementPending && capture:
		p.sumCapturing += sign * m.amount
	case m.state == payment.MovementSucceeded:
		p.sumRefunded += sign * m.amount
	case m.state == payment.MovementPending:
		p.sumRefunding += sign * m.amount
	}
}

// checkLock: an open operation is its session's lock, and the only one.
func (w *world) checkLock(o *shadowOp) {
	if o.session == nil {
		w.fail("operation %s belongs to no session", o.id)
		return
	}
	s := o.session
	if o.ended() {
		if s.open == o {
			s.open = nil
		}
		if s.opID == o.id {
			w.fail("session %s is locked by operation %s, which has ended", s.id, o.id)
		}
		return
	}
	if s.open != nil && s.open != o && !s.open.ended() {
		w.fail("session %s has two open operations: %s and %s", s.id, s.open.id, o.id)
	}
	s.open = o
	if s.opID != o.id {
		w.fail("operation %s is open, and session %s is locked by %q", o.id, s.id, s.opID)
	}
}

// checkSession: what is final holds nothing, authorized is a payment, a lock is an open operation.
func (w *world) checkSession(s *shadowSession) {
	switch final := s.status == payment.StatusAuthorized || s.status == payment.StatusCanceled; {
	case s.held < 0 || final && s.held != 0:
		w.fail("session %s is %s and holds %d", s.id, s.status, s.held)
	case s.status == payment.StatusAuthorized && (s.payment == nil || s.payment.unasked || s.payment.canceled):
		w.fail("session %s is authorized without a payment", s.id)
	case s.held > s.amount && s.open == nil:
		w.fail("session %s of %d holds %d", s.id, s.amount, s.held)
	case s.opID != "" && (s.open == nil || s.open.id != s.opID || s.open.ended()):
		w.fail("session %s is locked by %s, which is not open", s.id, s.opID)
	}
}

// checkPayment: refunded ≤ captured ≤ authorized ≤ amount, and the sums are those of the movements.
func (w *world) checkPayment(p *shadowPayment) {
	if p == nil {
		return
	}
	spent := p.sumCaptured + p.sumCapturing + p.released
	switch {
	case p.captured != p.sumCaptured || p.refunded != p.sumRefunded:
		w.fail("payment %s: captured %d and refunded %d, its movements add up to %d and %d", p.id, p.captured, p.refunded, p.sumCaptured, p.sumRefunded)
	case p.refunded+p.sumRefunding > p.captured || spent > p.authorized || p.authorized > p.amount || p.amount > p.session.amount && !p.unasked:
		w.fail("payment %s: refunded %d (and %d pending), captured %d (and %d pending), released %d, authorized %d, amount %d, its session's %d",
			p.id, p.refunded, p.sumRefunding, p.captured, p.sumCapturing, p.released, p.authorized, p.amount, p.session.amount)
	case p.capturable < 0 || spent+p.capturable > p.authorized:
		w.fail("payment %s: capturable %d, captured %d (and %d pending), released %d, authorized %d",
			p.id, p.capturable, p.sumCaptured, p.sumCapturing, p.released, p.authorized)
	}
}

// sawCollection: the totals are the sums of what is below, and fit the amount.
func (w *world) sawCollection(col *shadowCollection, c *payment.PaymentCollection) {
	authorized, held, amount := w.minor(c.Authorized), w.minor(c.Held), w.minor(c.Amount)
	col.amount = amount
	if authorized != col.authorized || held != col.held || w.minor(c.Captured) != col.captured || w.minor(c.Refunded) != col.refunded ||
		c.LiveSessions != col.live || c.FailedSessions != col.failed {
		w.fail("collection %s says authorized %d, held %d, captured %d, refunded %d, live %d, failed %d; its rows add up to %d, %d, %d, %d, %d, %d",
			col.id, authorized, held, w.minor(c.Captured), w.minor(c.Refunded), c.LiveSessions, c.FailedSessions,
			col.authorized, col.held, col.captured, col.refunded, col.live, col.failed)
	}
	if authorized+held > amount {
		w.fail("collection %s: authorized %d and held %d are more than its amount %d", col.id, authorized, held, amount)
	}
	switch {
	case col.canceled && c.CanceledAt.IsZero(), col.complete && c.CompletedAt.IsZero(), col.deleted && c.DeletedAt.IsZero():
		w.fail("collection %s was canceled %t, completed %t, deleted %t, and is not any more", col.id, col.canceled, col.complete, col.deleted)
	}
	col.canceled, col.complete, col.deleted = !c.CanceledAt.IsZero(), !c.CompletedAt.IsZero(), !c.DeletedAt.IsZero()
}
