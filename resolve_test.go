package payment_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// errMute is what a gateway says that does not answer.
var errMute = errors.New("time-out")

// muted is a shop of one scripted gateway: a collection of 150 EUR with a session of 100, and an operation of some kind whose outcome nobody
// could say for so long that it needs a person.
type muted struct {
	*shop
	provider *scripted
	session  string
	op       string
	key      string // of op
	status   func(s *payment.Snapshot, r payment.Request) error
	base     payment.Snapshot // what the gateway would say as if op had never been called
	done     payment.Snapshot // what it would say if op had been done
}

// kinds of operations, as a table goes through them.
const (
	kindVoid payment.OperationKind = "void" // a cancel of a payment
	kindRest payment.OperationKind = "rest" // a cancel of what is left of a payment
)

func newMuted(t *testing.T, kind payment.OperationKind, change func(p *scripted, o *options)) *muted {
	t.Helper()
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour}}
	o := options{more: []payment.Provider{messenger{p}}}
	if change != nil {
		change(p, &o)
	}
	m := &muted{shop: newShop(t, o), provider: p}
	m.status = func(*payment.Snapshot, payment.Request) error { return errMute }
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error { s.Account = "acct_1"; return nil })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error { return m.status(s, r) })
	c := m.collection("150", "EUR")
	silent := func(kind payment.OperationKind) {
		p.on(kind, func(*payment.Snapshot, payment.Request) error { return errMute })
	}
	var err error
	if kind == payment.OperationInitialize {
		silent(kind)
		_, err = m.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
		var e *payment.SessionError
		require.ErrorAs(t, err, &e)
		m.session = e.Session.ID
	} else {
		m.session = m.shop.session(c, "scripted", "100").ID
	}
	moved := func(kind payment.MovementKind, amount string) payment.Movement {
		return payment.Movement{Kind: kind, Amount: dec(amount), State: payment.MovementSucceeded}
	}
	x := m.freshSession(m.session)
	pending := payment.Snapshot{State: payment.SnapshotPending, Reference: "ref-" + x.ID, Account: "acct_1", CurrencyCode: "EUR", Amount: dec("100")}
	held := pending
	held.State, held.Authorized, held.Movements = payment.SnapshotAuthorized, dec("100"), []payment.Movement{}
	switch kind {
	case payment.OperationInitialize:
		m.base, m.done = payment.Snapshot{State: payment.SnapshotNotFound}, pending
	case payment.OperationAuthorize:
		m.base, m.done = pending, held
		silent(kind)
		_, err = m.tryAuthorize(x)
	case payment.OperationUpdate:
		m.base, m.done = pending, pending
		m.done.Amount = dec("80")
		silent(kind)
		_, err = m.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	case payment.OperationCancel:
		m.base, m.done = pending, pending
		m.done.State = payment.SnapshotCanceled
		silent(kind)
		_, err = m.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	case kindVoid:
		m.base, m.done = held, held
		m.done.State = payment.SnapshotCanceled
		m.authorize(x)
		silent(payment.OperationCancel)
		_, err = m.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	case kindRest, payment.OperationRefund:
		pay, captureErr := m.capture(m.authorize(x), "40")
		require.NoError(t, captureErr)
		m.base, m.done = held, held
		captured := moved(payment.MovementCapture, "40")
		captured.Reference = pay.Captures[0].Reference
		m.base.Movements = []payment.Movement{captured}
		if kind == kindRest {
			m.done.Movements, m.done.Capturable = m.base.Movements, new(decimal.Decimal)
			silent(payment.OperationCancel)
			_, err = m.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: pay.ID})
			break
		}
		m.done.Movements = []payment.Movement{captured, moved(payment.MovementRefund, "30")}
		silent(kind)
		_, err = m.refund(pay, "30")
	case payment.OperationCapture:
		m.base, m.done = held, held
		m.done.Movements = []payment.Movement{moved(payment.MovementCapture, "40")}
		pay := m.authorize(x)
		silent(kind)
		_, err = m.capture(pay, "40")
	}
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	m.op = m.freshSession(m.session).OperationID
	m.key = m.op[len("op_"):]
	for i := range m.done.Movements {
		if o := &m.done.Movements[i]; o.Reference == "" {
			o.Reference, o.IdempotencyKey = "mov-1", m.key
		}
	}
	m.needsPerson(m.op)
	return m
}

// needsPerson lets time pass until an operation needs a person.
func (m *muted) needsPerson(id string) {
	m.t.Helper()
	for range 40 {
		if m.operation(id).State == payment.OperationNeedsAttention {
			return
		}
		m.reconcile(time.Hour)
	}
	require.Fail(m.t, "it needs nobody")
}

func (s *shop) operation(id string) *payment.Operation {
	s.t.Helper()
	r, err := s.store.Load(s.t.Context(), payment.Key{OperationID: id})
	require.NoError(s.t, err)
	for _, op := range r.Operations {
		if op.ID == id {
			return op
		}
	}
	require.Fail(s.t, "no operation "+id)
	return nil
}

// say makes the gateway answer.
func (m *muted) say(answer payment.Snapshot) {
	m.status = func(s *payment.Snapshot, _ payment.Request) error {
		*s = answer
		s.Movements = slices.Clone(answer.Movements)
		return nil
	}
}

func (m *muted) resolve(outcome payment.Resolution) (*payment.Operation, error) {
	return m.ResolveOperation(m.t.Context(), payment.ResolveOperationParams{OperationID: m.op, Outcome: outcome, By: "anna", Note: "seen at the dashboard"})
}

// sums says where the operation, the session and the money are, after checking that no sum contradicts another.
func (m *muted) sums() string {
	m.t.Helper()
	op, x := m.operation(m.op), m.freshSession(m.session)
	c := m.fresh(x.CollectionID)
	text := string(op.State)
	if op.Code != "" && op.State != payment.OperationSucceeded {
		text += " " + op.Code
	}
	text += fmt.Sprintf("; %s", x.Status)
	if x.Held.IsPositive() {
		text += ", held " + x.Held.String()
	}
	if !x.Amount.Equal(dec("100")) {
		text += ", of " + x.Amount.String()
	}
	require.True(m.t, c.Held.Equal(x.Held))
	require.False(m.t, c.Authorized.Add(c.Held).GreaterThan(c.Amount), "authorized %s and held %s of %s", c.Authorized, c.Held, c.Amount)
	if x.PaymentID == "" {
		require.True(m.t, c.Authorized.IsZero() && c.Captured.IsZero() && c.Refunded.IsZero())
		return text
	}
	p := m.payment(x.PaymentID)
	captured, capturing, refunded := decimal.Decimal{}, decimal.Decimal{}, decimal.Decimal{}
	for _, e := range p.Captures {
		switch e.State {
		case payment.MovementSucceeded:
			captured = captured.Add(e.Amount)
		case payment.MovementPending:
			capturing = capturing.Add(e.Amount)
		}
	}
	for _, e := range p.Refunds {
		if e.State == payment.MovementSucceeded {
			refunded = refunded.Add(e.Amount)
		}
	}
	require.True(m.t, captured.Equal(p.Captured) && refunded.Equal(p.Refunded))
	require.False(m.t, p.Refunded.GreaterThan(p.Captured) || p.Captured.Add(capturing).Add(p.Released).GreaterThan(p.Authorized) || p.Authorized.GreaterThan(p.Amount))
	require.False(m.t, p.Capturable.GreaterThan(p.Authorized.Sub(p.Captured).Sub(capturing).Sub(p.Released)))
	if !p.Unasked {
		require.True(m.t, c.Authorized.Equal(p.Authorized.Sub(p.Released)) && c.Captured.Equal(p.Captured) && c.Refunded.Equal(p.Refunded))
	} else {
		require.True(m.t, c.Authorized.IsZero() && c.Captured.IsZero() && c.Refunded.IsZero())
		text += ", unasked"
	}
	for _, part := range []struct {
		name   string
		amount decimal.Decimal
	}{
		{"authorized", p.Authorized},
		{"captured", p.Captured},
		{"refunded", p.Refunded},
		{"released", p.Released},
		{"capturable", p.Capturable},
	} {
		if part.amount.IsPositive() {
			text += ", " + part.name + " " + part.amount.String()
		}
	}
	for _, e := range p.Captures {
		if e.OperationID == m.op && e.State == payment.MovementFailed {
			text += ", failed capture " + e.Amount.String()
		}
	}
	for _, e := range p.Refunds {
		if e.OperationID == m.op && e.State == payment.MovementFailed {
			text += ", failed refund " + e.Amount.String()
		}
	}
	return text
}

// alarms lets the gateway be asked for two days, and names what a person is asked to look at then.
func (m *muted) alarms() string {
	m.t.Helper()
	x := m.freshSession(m.session)
	before := m.attentions(x.CollectionID)
	for range 12 {
		m.reconcile(4 * time.Hour)
	}
	return strings.Join(m.attentions(x.CollectionID)[len(before):], ",")
}

// attentions are the codes of all alarms so far.
func (m *muted) attentions(collectionID string) (codes []string) {
	m.t.Helper()
	l, err := m.ListEvents(m.t.Context(), payment.ListParams{CollectionID: collectionID, Limit: 100})
	require.NoError(m.t, err)
	for _, e := range l.Items {
		if e.Kind == payment.EventOperationNeedsAttention {
			codes = append(codes, e.Code)
		}
	}
	return codes
}

// changed is what the gateway would say if the operation had been done, but for a change.
func changed(change func(s *payment.Snapshot)) func(*muted) {
	return func(m *muted) {
		s := m.done
		s.Movements = slices.Clone(s.Movements)
		change(&s)
		m.say(s)
	}
}

// own changes the operation's own movement.
func own(change func(o *payment.Movement)) func(*muted) {
	return changed(func(s *payment.Snapshot) { change(&s.Movements[len(s.Movements)-1]) })
}

// also adds a capture made elsewhere.
func also(amount string) func(*muted) {
	return changed(func(s *payment.Snapshot) {
		s.Movements = append(s.Movements, movement(payment.MovementCapture, "elsewhere", amount, payment.MovementSucceeded))
	})
}

// says is what a gateway can say about an operation that needs a person.
func says() map[string]func(*muted) {
	return map[string]func(*muted){
		"nothing": func(*muted) {},
		"unsupported": func(m *muted) {
			m.status = func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported }
		},
		"not found": func(m *muted) { m.say(payment.Snapshot{State: payment.SnapshotNotFound}) },
		"not done":  func(m *muted) { m.say(m.base) },
		"done":      func(m *muted) { m.say(m.done) },
		"declined": changed(func(s *payment.Snapshot) {
			s.State, s.Decline = payment.SnapshotDeclined, &payment.Decline{Code: "no_money"}
		}),
		"processing":        changed(func(s *payment.Snapshot) { s.State = payment.SnapshotProcessing }),
		"amount":            changed(func(s *payment.Snapshot) { s.Amount = dec("99") }),
		"authorized more":   changed(func(s *payment.Snapshot) { s.Authorized = dec("130") }),
		"authorized less":   changed(func(s *payment.Snapshot) { s.Authorized = dec("70") }),
		"currency":          changed(func(s *payment.Snapshot) { s.CurrencyCode = "USD" }),
		"account":           changed(func(s *payment.Snapshot) { s.Account = "acct_2" }),
		"reference":         changed(func(s *payment.Snapshot) { s.Reference = "another" }),
		"nonsense":          changed(func(s *payment.Snapshot) { s.Amount = dec("-1") }),
		"none listed":       changed(func(s *payment.Snapshot) { s.Movements = nil }),
		"totals":            changed(func(s *payment.Snapshot) { s.Movements, s.Totals = nil, &payment.Totals{Captured: dec("77")} }),
		"it failed":         own(func(o *payment.Movement) { o.State = payment.MovementFailed }),
		"it is pending":     own(func(o *payment.Movement) { o.State = payment.MovementPending }),
		"it moved more":     own(func(o *payment.Movement) { o.Amount = o.Amount.Add(dec("5")) }),
		"it moved less":     own(func(o *payment.Movement) { o.Amount = dec("25") }),
		"no key":            own(func(o *payment.Movement) { o.IdempotencyKey = "" }),
		"another amount":    own(func(o *payment.Movement) { o.IdempotencyKey, o.Amount = "", dec("11") }),
		"another capture":   also("10"),
		"captured too much": also("100"),
	}
}

// decisions are what becomes of an operation of one kind.
type decisions struct {
	kind    payment.OperationKind
	before  string // while it needs a person
	done    string // accepted: as if it had been done
	notDone string // accepted: the gateway proves that it was not
	failed  string // failed by a person
	special []special
}

// special is what a gateway can say of this kind of operation alone, and what comes of either decision.
type special struct{ says, accept, fail string }

// However a person decides, and whatever the gateway says: the operation ends, or the decision is refused; the sums are right; and what the
// gateway says afterwards either agrees, or becomes a record of ours, or raises one alarm. Nothing is lost.
func TestResolve(t *testing.T) {
	const held, taken = "authorized, authorized 100, capturable 100", "authorized, authorized 100, captured 40, capturable 60"
	for _, d := range []decisions{
		{
			kind: payment.OperationInitialize, before: "pending", done: "pending", notDone: "error", failed: "error",
			special: []special{
				{"not found", "failed not_done; error", "failed declined; error"},                                          // it was searched for
				{"account", "succeeded; pending", "refused: needs_attention gave_up; pending | later: succeeded; pending"}, // the first to be named
				{"reference", "succeeded; pending", "refused: needs_attention gave_up; pending | later: succeeded; pending"},
			},
		},
		{
			kind: payment.OperationAuthorize, before: "pending, held 100", done: held, notDone: "pending", failed: "error",
			special: []special{
				{"not done", "failed not_done; pending", "failed declined; error | later: failed declined; pending"},
				{"declined", "failed no_money; error", "failed declined; error"},
				{"processing", "succeeded; pending, held 100", "refused: needs_attention gave_up; pending, held 100 | later: succeeded; pending, held 100"},
				{"authorized more", "succeeded; " + held, "failed declined; error | alarm: authorized"},
				{"authorized less", "succeeded; authorized, authorized 70, capturable 70", "failed declined; error | alarm: authorized"},
				{
					"another capture", "succeeded; authorized, authorized 100, captured 10, capturable 90",
					"refused: needs_attention gave_up; pending, held 100 | later: succeeded; authorized, authorized 100, captured 10, capturable 90",
				},
				{
					"captured too much", "succeeded; authorized, authorized 100, captured 100",
					"refused: needs_attention gave_up; pending, held 100 | later: succeeded; authorized, authorized 100, captured 100",
				},
				{
					"totals", "succeeded; " + held + " | alarm: totals",
					"refused: needs_attention gave_up; pending, held 100 | alarm: totals | later: succeeded; " + held,
				},
			},
		},
		{
			kind: payment.OperationUpdate, before: "pending", done: "pending, of 80", notDone: "pending", failed: "pending",
			special: []special{
				{"declined", "succeeded; error, of 80", "refused: needs_attention gave_up; pending | later: succeeded; error, of 80"},
			},
		},
		{
			kind: payment.OperationCancel, before: "pending", done: "canceled", notDone: "pending", failed: "pending",
			special: []special{
				{
					"another capture", "failed no_effect; authorized, authorized 10, captured 10",
					"failed declined; pending | alarm: authorized",
				},
			},
		},
		{
			kind: kindVoid, before: held, done: "canceled, authorized 100, released 100", notDone: held, failed: held,
			special: []special{
				{
					"another capture", "succeeded; authorized, authorized 100, captured 10, released 90",
					"refused: needs_attention gave_up; " + held + " | later: succeeded; authorized, authorized 100, captured 10, released 90",
				},
				{
					"captured too much", "failed no_effect; authorized, authorized 100, captured 100",
					"failed declined; " + held + " | later: failed declined; authorized, authorized 100, captured 100",
				},
				{
					"totals", "succeeded; authorized, authorized 100, released 23, capturable 77 | alarm: totals",
					"refused: needs_attention gave_up; " + held + " | alarm: totals | later: succeeded; authorized, authorized 100, released 23, capturable 77",
				},
			},
		},
		{
			kind: kindRest, before: taken, done: "authorized, authorized 100, captured 40, released 60", notDone: taken, failed: taken,
			special: []special{
				{"authorized more", "succeeded; authorized, authorized 100, captured 40, released 60", "failed declined; " + taken + " | alarm: authorized"},
				{"authorized less", "succeeded; authorized, authorized 100, captured 40, released 60", "failed declined; " + taken + " | alarm: authorized"},
				{
					"another capture", "succeeded; authorized, authorized 100, captured 50, released 50",
					"refused: needs_attention gave_up; " + taken + " | later: succeeded; authorized, authorized 100, captured 50, released 50",
				},
				{"captured too much", "succeeded; authorized, authorized 100, captured 40, capturable 60", "failed declined; " + taken + " | alarm: captured"},
				{
					"totals", "succeeded; authorized, authorized 100, captured 40, released 23, capturable 37 | alarm: totals",
					"refused: needs_attention gave_up; " + taken + " | alarm: totals | later: succeeded; authorized, authorized 100, captured 40, released 23, capturable 37",
				},
			},
		},
		{
			kind: payment.OperationCapture, before: held, done: taken, notDone: held + ", failed capture 40", failed: held + ", failed capture 40",
			special: []special{
				{"authorized more", "succeeded; " + taken, "failed declined; " + held + ", failed capture 40 | alarm: authorized"},
				{"authorized less", "succeeded; " + taken, "failed declined; " + held + ", failed capture 40 | alarm: authorized"},
				{
					"another capture", "succeeded; authorized, authorized 100, captured 50, capturable 50",
					"refused: needs_attention gave_up; " + held + " | later: succeeded; authorized, authorized 100, captured 50, capturable 50",
				},
				{"captured too much", "succeeded; " + taken, "failed declined; " + held + ", failed capture 40 | alarm: captured"},
				{"totals", "succeeded; " + taken + " | alarm: totals", "failed declined; " + held + ", failed capture 40 | alarm: totals"},
				{"none listed", "succeeded; " + taken, "failed declined; " + held + ", failed capture 40"},
				{"it failed", "failed declined; " + held + ", failed capture 40", "failed declined; " + held + ", failed capture 40"},
				{
					"it is pending", "succeeded; authorized, authorized 100, capturable 60",
					"refused: needs_attention gave_up; " + held + " | later: succeeded; authorized, authorized 100, capturable 60",
				},
				{"it moved more", "succeeded; " + taken, "failed declined; " + held + ", failed capture 40 | alarm: movement_amount"},
				{
					"it moved less", "succeeded; authorized, authorized 100, captured 25, capturable 75",
					"failed declined; " + held + ", failed capture 40 | alarm: movement_amount",
				},
				{"no key", "succeeded; " + taken, "failed declined; " + held + ", failed capture 40 | later: failed declined; " + taken + ", failed capture 40"},
				{
					"another amount", "succeeded; " + taken + " | alarm: movement",
					"failed declined; " + held + ", failed capture 40 | later: failed declined; authorized, authorized 100, captured 11, capturable 89, failed capture 40",
				},
			},
		},
		{
			kind: payment.OperationRefund, before: taken, done: "authorized, authorized 100, captured 40, refunded 30, capturable 60", notDone: taken + ", failed refund 30",
			failed: taken + ", failed refund 30",
			special: []special{
				{
					"another capture", "succeeded; authorized, authorized 100, captured 50, refunded 30, capturable 50",
					"refused: needs_attention gave_up; " + taken + " | later: succeeded; authorized, authorized 100, captured 50, refunded 30, capturable 50",
				},
				{
					"captured too much", "succeeded; authorized, authorized 100, captured 40, refunded 30, capturable 60",
					"failed declined; " + taken + ", failed refund 30 | alarm: captured",
				},
				{"it failed", "failed declined; " + taken + ", failed refund 30", "failed declined; " + taken + ", failed refund 30"},
				{
					"it is pending", "succeeded; authorized, authorized 100, captured 40, capturable 60",
					"refused: needs_attention gave_up; " + taken + " | later: succeeded; authorized, authorized 100, captured 40, capturable 60",
				},
				{
					"it moved more", "succeeded; authorized, authorized 100, captured 40, refunded 30, capturable 60",
					"failed declined; " + taken + ", failed refund 30 | alarm: movement_amount",
				},
				{
					"it moved less", "succeeded; authorized, authorized 100, captured 40, refunded 25, capturable 60",
					"failed declined; " + taken + ", failed refund 30 | alarm: movement_amount",
				},
				{
					"no key", "succeeded; authorized, authorized 100, captured 40, refunded 30, capturable 60",
					"failed declined; " + taken + ", failed refund 30 | later: failed declined; " +
						"authorized, authorized 100, captured 40, refunded 30, capturable 60, failed refund 30",
				},
				{
					"another amount", "succeeded; authorized, authorized 100, captured 40, refunded 30, capturable 60 | alarm: movement",
					"failed declined; " + taken + ", failed refund 30 | later: failed declined; " +
						"authorized, authorized 100, captured 40, refunded 11, capturable 60, failed refund 30",
				},
			},
		},
	} {
		done, failed := "succeeded; "+d.done, "failed declined; "+d.failed
		before := "needs_attention gave_up; " + d.before
		all := append(slices.Clone(d.special),
			special{"nothing", done, failed}, special{"unsupported", done, failed}, special{"not found", denied(done), denied(failed)},
			special{"not done", "failed not_done; " + d.notDone, failed},
			special{"done", done, "refused: " + before + " | later: " + done},
			special{"amount", done, failed + " | alarm: amount"},
			special{"account", done, failed + " | alarm: account"},
			special{"reference", done, failed + " | alarm: reference"},
			special{"currency", "refused: " + before + " | alarm: currency | later: needs_attention currency; " + d.before, failed + " | alarm: currency"},
			special{"nonsense", "refused: " + before + " | alarm: answer | later: needs_attention answer; " + d.before, failed + " | alarm: answer"},
		)
		seen := map[string]bool{}
		for _, x := range all {
			if seen[x.says] {
				continue // the special case comes first
			}
			seen[x.says] = true
			t.Run(string(d.kind)+", "+x.says, func(t *testing.T) {
				require.Equal(t, x.accept, decided(t, d.kind, x.says, payment.ResolveAccept))
				require.Equal(t, x.fail, decided(t, d.kind, x.says, payment.ResolveFail))
			})
		}
	}
}

// denied adds the alarm about a gateway that knows nothing of what is authorized here.
func denied(rows string) string {
	if strings.Contains(rows, "; authorized") {
		return rows + " | alarm: denied"
	}
	return rows
}

// decided is what comes of a decision: at once, and after two days in which the gateway is asked.
func decided(t *testing.T, kind payment.OperationKind, what string, outcome payment.Resolution) string {
	t.Helper()
	m := newMuted(t, kind, nil)
	says()[what](m)
	op, err := m.resolve(outcome)
	now := m.sums()
	text := now
	if err != nil {
		require.ErrorIs(t, err, payment.ErrNotAllowed)
		require.Equal(t, payment.OperationNeedsAttention, m.operation(m.op).State)
		text = "refused: " + now
	} else {
		m.recorded(op, outcome)
	}
	if alarms := m.alarms(); alarms != "" {
		text += " | alarm: " + alarms
	}
	if later := m.sums(); later != now {
		text += " | later: " + later
	}
	return text
}

// recorded says that a decision is written down, with its event, and that it opened the lock.
func (m *muted) recorded(op *payment.Operation, outcome payment.Resolution) {
	m.t.Helper()
	stored := m.operation(op.ID)
	for _, o := range []*payment.Operation{op, stored} {
		require.True(m.t, o.State == payment.OperationSucceeded || o.State == payment.OperationFailed)
		require.Equal(m.t, outcome, o.Resolution)
		require.Equal(m.t, "anna", o.ResolvedBy)
		require.Equal(m.t, "seen at the dashboard", o.ResolvedNote)
		require.WithinDuration(m.t, m.clock.Now(), o.ResolvedAt, time.Millisecond)
		require.Equal(m.t, m.clock.Now(), o.EndedAt)
		require.True(m.t, o.Data == nil && o.Private.IsEmpty() && o.Context.IsEmpty() && o.Input.IsEmpty())
	}
	require.NotEqual(m.t, op.ID, m.freshSession(m.session).OperationID)
	l, err := m.ListEvents(m.t.Context(), payment.ListParams{CollectionID: op.CollectionID, Limit: 100})
	require.NoError(m.t, err)
	var codes []string
	for _, e := range l.Items {
		if e.Kind == payment.EventOperationResolved {
			require.Equal(m.t, op.ID, e.OperationID)
			codes = append(codes, e.Code)
		}
	}
	require.Equal(m.t, []string{string(outcome)}, codes)
}
