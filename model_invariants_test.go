package payment_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// checkCall holds a call against those before it: a gateway without keys would do the same twice.
func (w *world) checkCall(kind payment.OperationKind, key string, err error) {
	reads := kind == payment.OperationStatus || kind == payment.OperationAuthorize && w.sandboxConfig.ClientConfirms
	if reads || errors.Is(err, payment.ErrNotSent) {
		return
	}
	if w.called[key]++; w.called[key] > 1 && w.gatewayConfig.NoKeys {
		w.fail("%s is called twice although the gateway has no keys", kind)
	}
}

// executor is who may change an operation: whoever began it, or took it over last.
type executor struct {
	actor, tries int
	gone         bool // the operation was left to a person: proof from the gateway ends it, whoever brings it
}

// checkCommit holds a commit against those before it: versions follow each other, sessions move as the table of their states says, a lock
// goes to another operation only when its own has ended, only an operation's executor changes it, and no capture is taken back.
func (w *world) checkCommit(c *payment.Changes) {
	if last := w.lastVersion[c.CollectionID]; last != c.Version {
		w.fail("committed on version %d, which is %d", c.Version, last)
	}
	w.lastVersion[c.CollectionID] = c.Version + 1
	for _, x := range c.Sessions {
		if last := w.lastSession[x.ID]; last != nil {
			if !last.Status.CanBecome(x.Status) {
				w.fail("session %s goes from %s to %s", x.ID, last.Status, x.Status)
			}
			if last.OperationID != "" && x.OperationID != "" && last.OperationID != x.OperationID && !slices.ContainsFunc(c.Operations, func(o *payment.Operation) bool {
				return o.ID == last.OperationID && !open(o)
			}) {
				w.fail("the lock of session %s is stolen", x.ID)
			}
		}
		w.lastSession[x.ID] = new(*x)
	}
	for _, o := range c.Operations {
		if last, known := w.executors[o.ID]; known && o.Tries == last.tries && w.actor != last.actor && !last.gone {
			w.fail("operation %s is changed by somebody who is not its executor", o.ID)
		}
		w.executors[o.ID] = executor{w.actor, o.Tries, o.State == payment.OperationNeedsAttention}
	}
	for _, x := range c.Captures {
		if w.lastCaptures[x.ID] == payment.MovementSucceeded && x.State != payment.MovementSucceeded {
			w.fail("capture %s is taken back", x.ID)
		}
		w.lastCaptures[x.ID] = x.State
	}
}

// open reports whether an operation has not ended.
func open(o *payment.Operation) bool {
	return o.State == payment.OperationOpen || o.State == payment.OperationNeedsAttention
}

// rows are all rows there are, deleted ones too.
func (w *world) rows() *payment.Rows {
	list := func(kind payment.RowKind, deleted bool) *payment.Rows {
		rows, err := w.store.List(context.Background(), kind, payment.Filter{IncludeDeleted: deleted}, payment.Page{Limit: math.MaxInt16})
		if err != nil {
			panic(err)
		}
		return rows
	}
	return &payment.Rows{
		Collections: list(payment.RowCollections, true).Collections,
		Sessions:    list(payment.RowSessions, true).Sessions,
		Payments:    list(payment.RowPayments, false).Payments,
		Captures:    list(payment.RowCaptures, false).Captures,
		Refunds:     list(payment.RowRefunds, false).Refunds,
		Operations:  list(payment.RowOperations, false).Operations,
	}
}

// totals are what a collection's rows add up to.
type totals struct {
	authorized, held, captured, refunded decimal.Decimal
	live, failed                         int
}

// check holds the rows against each other.
func (w *world) check() *payment.Rows {
	for _, svc := range w.services {
		if err := keptRowsAgree(svc, w.store); err != nil {
			w.fail("%v", err)
		}
	}
	rows := w.rows()
	sums := map[string]*totals{}
	for _, c := range rows.Collections {
		sums[c.ID] = &totals{}
	}
	for _, o := range rows.Operations {
		w.checkMovement(rows, o)
	}
	for _, p := range rows.Payments {
		w.checkPayment(rows, p, sums[p.CollectionID])
	}
	for _, x := range rows.Sessions {
		w.checkSession(rows, x, sums[x.CollectionID])
	}
	for _, c := range rows.Collections {
		s := sums[c.ID]
		if !s.authorized.Equal(c.Authorized) || !s.held.Equal(c.Held) || !s.captured.Equal(c.Captured) || !s.refunded.Equal(c.Refunded) ||
			s.live != c.LiveSessions || s.failed != c.FailedSessions {
			w.fail("collection %s: its rows add up to %+v, it says authorized %s, held %s, captured %s, refunded %s, live %d, failed %d",
				c.ID, *s, c.Authorized, c.Held, c.Captured, c.Refunded, c.LiveSessions, c.FailedSessions)
		}
		if c.Authorized.Add(c.Held).GreaterThan(c.Amount) {
			w.fail("collection %s: authorized %s and held %s are more than its amount %s", c.ID, c.Authorized, c.Held, c.Amount)
		}
	}
	return rows
}

// checkPayment: what its movements add up to, in the order refunded, captured, authorized, amount; nothing can be captured twice.
func (w *world) checkPayment(rows *payment.Rows, p *payment.Payment, s *totals) {
	var captured, capturing, refunded decimal.Decimal
	for _, x := range rows.Captures {
		switch {
		case x.PaymentID != p.ID:
		case x.State == payment.MovementSucceeded:
			captured = captured.Add(x.Amount)
		case x.State == payment.MovementPending:
			capturing = capturing.Add(x.Amount)
		}
	}
	for _, x := range rows.Refunds {
		if x.PaymentID == p.ID && x.State == payment.MovementSucceeded {
			refunded = refunded.Add(x.Amount)
		}
	}
	if !captured.Equal(p.Captured) || !refunded.Equal(p.Refunded) {
		w.fail("payment %s: captured %s and refunded %s, its movements add up to %s and %s", p.ID, p.Captured, p.Refunded, captured, refunded)
	}
	spent := captured.Add(capturing).Add(p.Released)
	if refunded.GreaterThan(captured) || spent.GreaterThan(p.Authorized) || p.Authorized.GreaterThan(p.Amount) {
		w.fail("payment %s: refunded %s, captured %s, capturing %s, released %s, authorized %s, amount %s",
			p.ID, refunded, captured, capturing, p.Released, p.Authorized, p.Amount)
	}
	if p.Capturable.IsNegative() || spent.Add(p.Capturable).GreaterThan(p.Authorized) {
		w.fail("payment %s: capturable %s, captured %s, capturing %s, released %s, authorized %s",
			p.ID, p.Capturable, captured, capturing, p.Released, p.Authorized)
	}
	if !p.Unasked {
		s.authorized = s.authorized.Add(p.Authorized).Sub(p.Released)
		s.captured = s.captured.Add(captured)
		s.refunded = s.refunded.Add(refunded)
	}
}

// checkMovement: an operation's movement is of the operation's amount.
func (w *world) checkMovement(rows *payment.Rows, o *payment.Operation) {
	check := func(id string, e payment.Entry) {
		if e.ID == id && !e.Amount.Equal(o.Amount) {
			w.fail("%s is of %s, its operation of %s", e.ID, e.Amount, o.Amount)
		}
	}
	for _, x := range rows.Captures {
		check("capt_"+o.Key(), x.Entry)
	}
	for _, x := range rows.Refunds {
		check("ref_"+o.Key(), x.Entry)
	}
}

// checkSession: what is final holds nothing, an open operation is the lock and the lock is an open operation, authorized is a payment.
func (w *world) checkSession(rows *payment.Rows, x *payment.PaymentSession, s *totals) {
	s.held = s.held.Add(x.Held)
	switch x.Status {
	case payment.StatusPending, payment.StatusRequiresMore:
		s.live++
	case payment.StatusError:
		s.failed++
	case payment.StatusAuthorized, payment.StatusCanceled:
		if !x.Held.IsZero() {
			w.fail("session %s is %s and holds %s", x.ID, x.Status, x.Held)
		}
	}
	if x.Held.IsNegative() {
		w.fail("session %s holds %s", x.ID, x.Held)
	}
	var locks []string
	for _, o := range rows.Operations {
		if o.SessionID == x.ID && open(o) {
			locks = append(locks, o.ID)
		}
	}
	if x.OperationID == "" && len(locks) > 0 || x.OperationID != "" && !slices.Equal(locks, []string{x.OperationID}) {
		w.fail("session %s is locked by %q, its open operations are %q", x.ID, x.OperationID, locks)
	}
	if p := paymentOf(rows, x); x.Status == payment.StatusAuthorized && (p == nil || p.Unasked || !p.CanceledAt.IsZero()) {
		w.fail("session %s is authorized without a payment", x.ID)
	}
}

func paymentOf(rows *payment.Rows, x *payment.PaymentSession) *payment.Payment {
	for _, p := range rows.Payments {
		if p.SessionID == x.ID {
			return p
		}
	}
	return nil
}

// settleDown lets nothing go wrong any more, lets days pass, and holds our books against the gateway's.
func (w *world) settleDown() {
	w.faulty, w.depth = false, 0
	w.log("from here on nothing goes wrong")
	w.deliver()
	w.advance(20 * time.Minute)
	for i := range 3 {
		w.mustReconcile(i)
		w.advance(11 * time.Minute)
	}
	for _, o := range w.rows().Operations {
		if o.State == payment.OperationOpen {
			w.total["end: open for another hour: "+string(o.Kind)+", "+w.variant()]++
		}
	}
	for i := range 8 {
		w.advance(26 * time.Hour)
		w.mustReconcile(i)
		w.check()
	}
	w.nothingOpen("after days")
	if !w.sandboxConfig.NoStatus { // else the gateway cannot be asked
		for i := range 3 {
			for _, x := range w.rows().Sessions {
				if err := w.services[0].AskForTest(context.Background(), x.ID); err != nil {
					w.fail("asking about session %s: %v", x.ID, err)
				}
			}
			w.advance(time.Minute)
			w.mustReconcile(i)
		}
		w.nothingOpen("after asking")
		w.compareBooks(w.check())
	}
	for _, o := range w.rows().Operations {
		if o.State == payment.OperationNeedsAttention {
			w.total["end: a person must decide: "+string(o.Kind)+", "+o.Code+", "+w.variant()]++
		}
	}
}

// mustReconcile reconciles where nothing goes wrong.
func (w *world) mustReconcile(i int) {
	if _, err := w.services[i%2].Reconcile(context.Background()); err != nil {
		w.fail("Reconcile: %v", err)
	}
}

func (w *world) nothingOpen(when string) {
	for _, o := range w.rows().Operations {
		if o.State == payment.OperationOpen {
			w.fail("%s, operation %s (%s) is still open: %s", when, o.ID, o.Kind, o.Message)
		}
	}
}

// compareBooks holds our books against the gateway's, but for sessions that wait for a person.
func (w *world) compareBooks(rows *payment.Rows) {
	intents := map[string][]sandboxprovider.Intent{}
	for _, i := range w.gateway.Intents() {
		intents[i.SessionID] = append(intents[i.SessionID], i)
		used := map[string]bool{}
		for _, m := range i.Movements {
			if m.IdempotencyKey != "" && used[m.IdempotencyKey] {
				w.fail("%s: two movements with one key", i.Reference)
			}
			used[m.IdempotencyKey] = true
		}
	}
	for _, o := range rows.Operations {
		w.checkFailed(o)
	}
	for _, x := range rows.Sessions {
		live := 0
		for _, i := range intents[x.ID] {
			if i.Live {
				live++
			}
		}
		if live > 1 {
			w.fail("session %s is authorized %d times", x.ID, live)
		}
		waits := slices.ContainsFunc(rows.Operations, func(o *payment.Operation) bool {
			return o.SessionID == x.ID && o.State == payment.OperationNeedsAttention
		})
		if waits {
			continue
		}
		underWay := x.Status == payment.StatusRequiresMore || !x.ProcessingSince.IsZero() || w.sandboxConfig.ClientConfirms
		if !x.Held.IsZero() && !underWay {
			w.fail("session %s is %s, nothing is under way, and it holds %s", x.ID, x.Status, x.Held)
		}
		for _, i := range intents[x.ID] {
			if i.Reference == x.Reference {
				w.compare(x, paymentOf(rows, x), i)
			} else if i.Status != sandboxprovider.IntentCanceled { // an initialization whose answer nobody got
				w.total["end: an intent that no session knows: "+string(i.Status)+", "+w.variant()]++
				if i.Live {
					w.fail("%s holds money, and session %s does not know it", i.Reference, x.ID)
				}
			}
		}
	}
}

// checkFailed: what we call certainly not done has not been done, and is not done later. An update that leaves the amount as it is does not
// show in what the gateway says; that an amount is the same on both sides is compare's.
func (w *world) checkFailed(o *payment.Operation) {
	if o.State != payment.OperationFailed || o.Code != "not_sent" && o.Code != "not_done" || o.Kind == payment.OperationUpdate {
		return
	}
	for _, r := range w.gateway.Requests() {
		if r.Key == o.Key() && r.Executed {
			w.fail("operation %s (%s) failed with %s, and its request was executed", o.ID, o.Kind, o.Code)
		}
	}
}

// compare holds a session and its payment against the gateway's intent.
func (w *world) compare(x *payment.PaymentSession, p *payment.Payment, i sandboxprovider.Intent) {
	if x.Status != payment.StatusCanceled && !x.Amount.Equal(i.Amount) {
		w.fail("session %s is of %s, at the gateway it is of %s", x.ID, x.Amount, i.Amount)
	}
	switch {
	case i.Authorized.IsZero():
		if p != nil {
			w.fail("session %s has a payment, the gateway has authorized nothing", x.ID)
		}
		want := map[sandboxprovider.IntentStatus]payment.SessionStatus{
			sandboxprovider.IntentRequiresAction: payment.StatusRequiresMore,
			sandboxprovider.IntentProcessing:     payment.StatusPending,
			sandboxprovider.IntentCanceled:       payment.StatusCanceled,
		}[i.Status]
		if want != "" && x.Status != want && x.Status != payment.StatusCanceled {
			w.fail("session %s is %s, at the gateway it is %s", x.ID, x.Status, i.Status)
		}
	case p == nil && !i.Live && i.Captured.IsZero(): // authorized and void before we asked
	case p == nil:
		w.fail("session %s is %s and has no payment, the gateway has authorized %s", x.ID, x.Status, i.Authorized)
	default:
		if !p.Authorized.Equal(i.Authorized) || !p.Captured.Equal(i.Captured) || !p.Refunded.Equal(i.Refunded) || !p.Capturable.Equal(i.Capturable) {
			w.fail("session %s: we say authorized %s, captured %s, refunded %s, capturable %s; the gateway says %s, %s, %s, %s",
				x.ID, p.Authorized, p.Captured, p.Refunded, p.Capturable, i.Authorized, i.Captured, i.Refunded, i.Capturable)
		}
		if canceled := i.Status == sandboxprovider.IntentCanceled; canceled == p.CanceledAt.IsZero() {
			w.fail("session %s: the payment is canceled at %s, at the gateway it is %s", x.ID, p.CanceledAt, i.Status)
		}
		if p.Unasked {
			w.total["end: nobody had asked for a payment"]++
		}
		if p.Unasked && p.CanceledAt.IsZero() {
			w.fail("session %s: money that nobody asked for is left", x.ID)
		}
	}
}
