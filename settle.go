package payment

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// verdict is what an answer means for an operation.
type verdict int

const (
	verdictOpen     verdict = iota // nothing can be said yet
	verdictNotDone                 // it has had no effect so far; an earlier call may still arrive
	verdictDone                    // the gateway has accepted
	verdictDeclined                // the gateway refused
	verdictCanceled                // the gateway's object is canceled: the session is over
	verdictNoEffect                // it had no effect, and the gateway's object leaves nothing to do it on
	verdictNever                   // it had no effect, and nothing of it can arrive any more
)

// settle makes the rows agree with an answer: of a call, of Status, of a webhook. op is the operation it answers, nil for news that no
// operation asked for. It is the only place that writes captures, refunds and what a gateway says, and it never goes back: what was
// authorized, captured or canceled stays so.
func (b *book) settle(g *gateway, op *Operation, a answer) {
	defer b.watch(g)
	b.prompted, b.hinted = a.prompted, a.hinted
	if op != nil {
		if op.ended() {
			return
		}
		if a.message != "" {
			op.Message = a.message
		}
	}
	switch {
	case a.kind == answerUnknown:
		b.stayOpen(g, op, false)
		return
	case a.kind == answerNotSent:
		// Another try may still arrive at the gateway: only of the first can it be said that nothing was sent. A void of money that
		// nobody asked for is tried again.
		if op != nil && op.Tries == 1 && (b.payment == nil || !b.payment.Unasked) {
			b.fail(op, codeNotSent)
		} else {
			b.stayOpen(g, op, false)
		}
		return
	case a.kind == answerDeclined && a.snapshot.State == "":
		before, held := b.counted(), b.session.Held
		b.decline(g, op, a.code)
		if op.Kind == OperationAuthorize {
			b.hold(minus(held, op.Held)) // nothing says that an earlier attempt is over
		}
		b.recount(before)
		return
	}
	n := b.read(op, a)
	if code := b.conflict(op, a, &n); code != "" {
		older := op == nil && b.mayBeLate(op, &n) && slices.Contains([]string{"amount", "authorized_again", "totals"}, code)
		if !older { // else it is asked for again
			b.attention(op, code)
		}
		return
	}
	b.untold = n.untold
	b.apply(g, op, a, &n)
}

// apply makes the rows agree with news that contradict nothing.
func (b *book) apply(g *gateway, op *Operation, a answer, n *news) {
	v := b.judge(g, op, a, n)
	if v == verdictNotDone && b.proven(g, op, a, n) {
		v = verdictNever
	}
	before := b.counted()
	if v == verdictDeclined && op.Kind == OperationInitialize {
		n.Reference = "" // what failed to be made is made anew
	}
	if x := b.session; op == nil && x.InitializedAt.IsZero() && n.Reference != "" { // somebody gave up making it, too early
		if n.State == SnapshotDeclined {
			n.Reference = ""
		} else {
			x.InitializedAt = b.now
			b.touchSession()
			if g.info.ClientConfirms && n.waits() && x.Status != StatusAuthorized && x.Status != StatusCanceled {
				b.holdWhatMayBeTaken(nil) // the browser can pay it from now on
			}
		}
	}
	b.learn(g, n)
	waiting := v == verdictOpen || v == verdictNotDone
	if op == nil || !waiting || op.Kind != OperationInitialize && op.Kind != OperationAuthorize {
		b.applyState(g, op, v, n, a.code)
	}
	if b.payment != nil {
		b.describePayment(n)
	}
	b.more = b.applyMovements(op, n)
	if !b.more {
		b.applyRelease(g, op, v, n)
		b.conclude(g, op, v, n, a.code)
	}
	b.recount(before)
	if !b.more {
		b.compensate(g)
	}
}

// judge says what an answer means for the operation.
func (b *book) judge(g *gateway, op *Operation, a answer, n *news) verdict {
	if op == nil {
		return verdictOpen
	}
	if a.kind == answerDeclined {
		return verdictDeclined
	}
	own, state := a.kind == answerOwn, n.State
	spent := n.Capturable != nil && n.Capturable.IsZero() || state == SnapshotCanceled
	if state == SnapshotNotFound {
		return verdictNotDone
	}
	if a.hinted && a.about != op.Key() && state != SnapshotAuthorized && state != SnapshotCanceled {
		return verdictOpen // it may be older than the call; only what is final tells
	}
	switch op.Kind {
	case OperationInitialize, OperationAuthorize:
		switch {
		case op.Kind == OperationInitialize && state != SnapshotCanceled && (n.Reference != "" || a.kind == answerAsked && !g.info.StatusByKey && g.info.ClientConfirms):
			return verdictDone // the object is there, whatever became of it since
		case op.Kind == OperationAuthorize && !own && !a.already && !g.info.StatusByKey && !g.onlyReads(op.Kind, op.Input.IsEmpty()) && b.old(n):
			return verdictNotDone // what Status says was so before the call
		case state == SnapshotDeclined || state == SnapshotPending && n.Decline != nil:
			return verdictDeclined
		case state == SnapshotCanceled:
			return verdictCanceled
		case state == SnapshotPending && !own && op.Kind == OperationAuthorize:
			return verdictNotDone // the object still awaits our call
		}
		return verdictDone
	case OperationUpdate:
		switch {
		case own && state == SnapshotCanceled:
			return verdictCanceled
		case own:
			return verdictDone
		case n.updated(op) && !op.Amount.Equal(b.session.Amount):
			return verdictDone
		case state == SnapshotAuthorized || state == SnapshotCanceled || a.inVain(op):
			return verdictNoEffect // what is final is not updated any more
		case n.Amount.IsZero():
			return verdictOpen
		}
		return verdictNotDone
	case OperationCancel:
		switch {
		case (spent || n.Capturable == nil) && b.allCaptured(n):
			return verdictNoEffect // there is nothing to release
		case spent && (state == SnapshotCanceled || state == SnapshotAuthorized):
			return verdictDone
		case op.Final && !own && state == SnapshotAuthorized:
			return verdictNoEffect // the shopper was faster, and is to keep it
		case own:
			return verdictOpen // accepted, but it is not so yet
		case a.inVain(op):
			return verdictNoEffect
		}
		return verdictNotDone
	case OperationCapture, OperationRefund:
		switch {
		case n.ours == MovementFailed:
			return verdictDeclined
		case n.ours != "":
			return verdictDone
		case n.none(a, op):
			return verdictNoEffect
		case op.Kind == OperationCapture && spent && !own && !a.hinted && !n.ambiguous && op.Reference != "" && n.Movements != nil:
			return verdictNoEffect // a request that is still under way will find nothing to capture
		case own || n.ambiguous || n.Movements == nil || op.Reference == "":
			return verdictOpen
		}
		return verdictNotDone
	}
	if b.unaskedLeft() || a.hinted { // a message may be older than the one that contradicted our rows
		return verdictOpen
	}
	return verdictDone // what contradicted our rows does so no more
}

// says is what an answer means for an operation: nothing, where it contradicts what was asked.
func (b *book) says(g *gateway, op *Operation, a answer) verdict {
	n := b.read(op, a)
	if b.conflict(op, a, &n) != "" {
		return verdictOpen
	}
	return b.judge(g, op, a, &n)
}

// allCaptured reports whether all that was authorized was captured.
func (b *book) allCaptured(n *news) bool {
	captured := plus(n.captured, n.capturing)
	if b.payment == nil {
		return captured.IsPositive() && !captured.LessThan(n.Authorized)
	}
	return !captured.LessThan(minus(b.payment.Authorized, b.payment.Released))
}

// updated reports whether the gateway says of a session what an update asked for.
func (n *news) updated(op *Operation) bool {
	return n.Amount.Equal(op.Amount) || n.Amount.IsZero() && n.State == SnapshotAuthorized && n.Authorized.Equal(op.Amount)
}

// old reports whether an answer of Status may only tell what was so before the call: of the state that we knew, or of an attempt that was
// under way then and has been refused since.
func (b *book) old(n *news) bool {
	declined := n.State == SnapshotDeclined || n.State == SnapshotPending && n.Decline != nil
	switch b.session.Status {
	case StatusError:
		return declined || n.State == SnapshotPending
	case StatusRequiresMore:
		return declined || n.State == SnapshotRequiresMore
	}
	return declined && (!b.session.ProcessingSince.IsZero() || b.session.Declines > 0)
}

// conflict names what differs between a gateway's answer and what was asked; it is empty when nothing does.
func (b *book) conflict(op *Operation, a answer, n *news) string {
	s := b.session
	switch {
	case n.insane:
		return "answer"
	case b.denied(op, a, n) && !b.accepted("denied", n):
		return "denied"
	case n.State == SnapshotNotFound:
		return ""
	case n.CurrencyCode != "" && !strings.EqualFold(n.CurrencyCode, s.CurrencyCode):
		return "currency"
	case n.Reference != "" && s.Reference != "" && n.Reference != s.Reference && !b.accepted("reference", n):
		return "reference"
	case n.Account != "" && s.Account != "" && n.Account != s.Account && !b.accepted("account", n):
		return "account"
	}
	want := s.Amount
	if op != nil && op.Kind == OperationUpdate && (a.kind == answerOwn || n.updated(op)) {
		want = op.Amount
	}
	switch {
	case !n.Amount.IsZero() && !n.Amount.Equal(want) && !n.beforeUpdate() && !b.accepted("amount", n):
		return "amount"
	case n.State == SnapshotAuthorized && b.payment != nil && !n.Authorized.IsZero() && !n.Authorized.Equal(b.payment.Authorized) && !b.accepted("authorized", n):
		return "authorized"
	case n.State == SnapshotAuthorized && b.payment == nil && !n.Authorized.Equal(want) && !b.accepted("authorized", n):
		return "authorized"
	case n.State == SnapshotAuthorized && b.payment != nil && !b.payment.CanceledAt.IsZero() && (n.Capturable == nil || n.Capturable.IsPositive()) &&
		!a.hinted && !b.accepted("authorized_again", n):
		return "authorized_again"
	case (op == nil && len(n.found) == 0 || op != nil && op.Kind == OperationStatus) && !a.hinted && b.offered(n) && !b.accepted("authorized_again", n):
		return "authorized_again"
	case n.clash != "":
		return n.clash
	case n.State != SnapshotAuthorized && b.payment == nil && plus(plus(n.captured, n.capturing), plus(n.refunded, n.refunding)).IsPositive() &&
		!b.accepted("movement", n):
		return "movement"
	case a.kind == answerDeclined && op != nil && (n.ours == MovementSucceeded || n.ours == MovementPending ||
		n.State == SnapshotAuthorized && (op.Kind == OperationAuthorize || op.Kind == OperationInitialize)):
		return "decline"
	}
	if n.Totals != nil && (op == nil || op.Kind == OperationStatus || a.kind == answerOwn) && (!n.Totals.Captured.Equal(n.captured) || !n.Totals.Refunded.Equal(n.refunded)) &&
		!(a.hinted && n.Totals.Captured.LessThanOrEqual(n.captured) && n.Totals.Refunded.LessThanOrEqual(n.refunded)) && // older than our rows
		!b.accepted("totals", n) {
		return "totals"
	}
	return ""
}

// beforeUpdate reports whether news that the gateway waits for somebody may be from before an update: a message's, or those that an authorization
// reads.
func (n *news) beforeUpdate() bool {
	return n.hinted && n.waits() || n.reads && n.State == SnapshotPending
}

// deniedAfter is for how long after an authorization a gateway may still answer as if it knew of none: answers come from replicas too.
const deniedAfter = time.Hour

// denied reports whether the gateway, asked about the session alone, knows nothing of what it authorized long ago.
func (b *book) denied(op *Operation, a answer, n *news) bool {
	return n.waits() && a.kind == answerAsked && !a.hinted && (op == nil || op.Kind == OperationStatus) &&
		b.session.Status == StatusAuthorized && b.payment != nil && b.now.Sub(b.payment.CreatedAt) > deniedAfter
}

// waits reports whether a session is neither authorized nor over, so that nothing can be captured of it.
func (n *news) waits() bool { return n.State != SnapshotAuthorized && n.State != SnapshotCanceled }

// learn keeps what the gateway says of its object. Nothing decorative ever blocks a settlement: what cannot be published is dropped.
func (b *book) learn(g *gateway, n *news) {
	s := b.session
	if n.State == SnapshotNotFound {
		return
	}
	if n.Reference != "" && s.Reference == "" {
		s.Reference = n.Reference
		b.touchSession()
	}
	if n.Account != "" && s.Account == "" {
		s.Account = n.Account
		b.touchSession()
	}
	if at := microseconds(n.ExpiresAt); !at.IsZero() {
		if at = b.lifetime(g, at); !at.Equal(s.ExpiresAt) {
			s.ExpiresAt = at
			b.touchSession()
		}
	}
	var dropped []string
	if n.Data != nil && !equalData(s.Data, n.Data) {
		data, bad := publicData(n.Data)
		dropped = bad
		if !equalData(s.Data, data) {
			s.Data = data
			b.decorateSession()
		}
	}
	if n.Private != nil {
		private, valid := n.Private.content()
		if !valid {
			dropped = append(dropped, "private")
		} else if !s.Private.holds(private) {
			s.Private = *n.Private
			b.decorateSession()
		}
	}
	if n.NextAction != nil {
		action, bad := n.NextAction.public()
		n.NextAction, dropped = action, append(dropped, bad...)
	}
	if len(dropped) > 0 {
		code := strings.Join(dropped, ",")
		b.event(Event{Kind: EventDataDropped, Code: code[:min(len(code), 255)]})
	}
}

// applyState moves the session to where the gateway says it is, as far as the table allows.
func (b *book) applyState(g *gateway, op *Operation, v verdict, n *news, code string) {
	s := b.session
	if s.Status == StatusCanceled && n.State != SnapshotAuthorized || s.Status == StatusAuthorized && n.State != SnapshotCanceled {
		return
	}
	if b.undoes(n) && (b.mayBeLate(op, n) || n.reads && n.State == SnapshotPending && s.Status != StatusError) {
		return
	}
	switch n.State {
	case SnapshotPending, SnapshotDeclined:
		if n.hinted && n.State == SnapshotPending && n.Decline == nil {
			return // older than what we know, or no news
		}
		if v == verdictDeclined || n.State == SnapshotDeclined || n.Decline != nil {
			if v != verdictDeclined { // conclude declines an operation
				b.declineSession(g, code, s.Status != StatusError, n.hinted) // another look tells whether nothing is held any more
			}
			return
		}
		b.setStatus(StatusPending)
		if !s.ProcessingSince.IsZero() {
			s.ProcessingSince = time.Time{}
			b.touchSession()
		}
		if !g.info.ClientConfirms {
			b.hold(decimal.Decimal{})
		}
	case SnapshotRequiresMore:
		if s.Status != StatusRequiresMore || s.NextAction.kind() != n.NextAction.kind() {
			b.setStatus(StatusRequiresMore)
			b.touchSession()
			b.event(Event{Kind: EventSessionRequiresMore, Amount: s.Amount})
		}
		if !equalAction(s.NextAction, n.NextAction) {
			s.NextAction = n.NextAction
			b.decorateSession()
		}
		if !n.hinted { // a message may be of the attempt that was declined
			b.holdWhatMayBeTaken(op)
		}
	case SnapshotProcessing:
		if n.hinted && s.Status == StatusError {
			return // a message of the attempt that was declined; a later one tells how another attempt ends
		}
		if s.ProcessingSince.IsZero() {
			b.setStatus(StatusPending)
			s.ProcessingSince = b.now
			b.touchSession()
			b.event(Event{Kind: EventSessionProcessing, Amount: s.Amount})
		}
		b.holdWhatMayBeTaken(op)
	case SnapshotAuthorized:
		b.authorize(op, n)
	case SnapshotCanceled:
		if s.Status != StatusAuthorized { // else applyRelease voids it
			b.cancelSession()
		}
	}
}

// holdWhatMayBeTaken holds the session's amount, if it fits, where the gateway could take it without another call of ours.
func (b *book) holdWhatMayBeTaken(op *Operation) {
	s := b.session
	if !s.Held.LessThan(s.Amount) || b.fits(s.Amount, s.Held) != nil {
		return
	}
	b.hold(s.Amount)
	if op != nil {
		op.Held = decimal.Decimal{} // what it had added is gone
	}
}

// replicaLag is for how long a gateway may still answer as if it knew nothing of what it has told us itself.
const replicaLag = 15 * time.Second

// mayBeLate reports whether the answer to a question of our own may be older than what the session is known to be by now: answers come from replicas
// too. What an authorization asks about is judged by what was so before.
func (b *book) mayBeLate(op *Operation, n *news) bool {
	if op != nil && (op.Kind == OperationInitialize || op.Kind == OperationAuthorize) {
		return false
	}
	return n.late
}

// undoes reports whether news say of a session that it is not yet, or not any more, where we know it to be.
func (b *book) undoes(n *news) bool {
	s := b.session
	deciding := !s.ProcessingSince.IsZero()
	switch {
	case n.State == SnapshotPending && n.Decline == nil, n.State == SnapshotRequiresMore && s.Status != StatusRequiresMore:
		return deciding || s.Status == StatusRequiresMore || s.Status == StatusError
	case n.State == SnapshotPending, n.State == SnapshotDeclined:
		return deciding || s.Status == StatusRequiresMore
	}
	return false
}

func (b *book) cancelSession() {
	code := ""
	if b.sessionExpired() {
		code = codeExpired
	}
	b.hold(decimal.Decimal{})
	b.setStatus(StatusCanceled)
	b.event(Event{Kind: EventSessionCanceled, Amount: b.session.Amount, Code: code})
}

// authorize makes the session a payment; one that nobody asked for if the session is canceled, or its amount does not fit any more.
func (b *book) authorize(op *Operation, n *news) {
	s := b.session
	if b.payment != nil {
		return
	}
	amount := b.toAuthorize(op, n)
	s.Amount = amount
	asked := s.Status != StatusCanceled && amount.LessThanOrEqual(plus(b.collection.left(), s.Held))
	b.hold(decimal.Decimal{})
	b.payment = &Payment{
		ID: "pay_" + idDigits(s.ID), CollectionID: s.CollectionID, SessionID: s.ID, ProviderID: s.ProviderID, CurrencyCode: s.CurrencyCode,
		Amount: amount, Authorized: withDigits(decimal.Min(n.Authorized, amount), n.digits), Unasked: !asked, CreatedAt: b.now,
	}
	b.payment.Capturable = b.payment.Authorized
	s.PaymentID = b.payment.ID
	b.touchSession()
	b.touchPayment()
	kind := EventPaymentUnasked
	if asked {
		kind = EventPaymentAuthorized
		b.setStatus(StatusAuthorized)
	}
	b.event(Event{Kind: kind, Amount: b.payment.Authorized})
}

// toAuthorize is the session's amount, or what an update has made of it by the gateway's word. No more than that is recorded as authorized.
func (b *book) toAuthorize(op *Operation, n *news) decimal.Decimal {
	if op != nil && op.Kind == OperationUpdate && n.Authorized.Equal(op.Amount) {
		return op.Amount
	}
	return b.session.Amount
}

// describePayment keeps what decorates a payment.
func (b *book) describePayment(n *news) {
	p := b.payment
	if at := microseconds(n.CaptureBefore); !at.IsZero() && !at.Equal(p.CaptureBefore) && !(n.hinted && at.Before(p.CaptureBefore)) {
		p.CaptureBefore = at
		b.touchPayment()
	}
	if !equalData(p.Data, b.session.Data) {
		p.Data = b.session.Data.Clone()
		b.decoratePayment()
	}
}

func operationID(op *Operation) string {
	if op == nil {
		return ""
	}
	return op.ID
}

// microseconds is a gateway's time as rows keep it.
func microseconds(t time.Time) time.Time {
	if t.Unix() <= 0 || t.Year() > 9999 { // nothing that JSON can hold, or how a number of seconds says nothing
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
