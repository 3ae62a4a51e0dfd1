package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// liar is a gateway that says anything at all, for itself or against its own word. Nothing that it says may break our books. What it says
// is a lie now and then; the rest is what a gateway could say, though not what this one has done.
type liar struct {
	w    *world
	info payment.ProviderInfo
	keys []string // that it was called with
	made int      // movements
}

func newLiar(w *world) *liar {
	d := &w.dice
	l := &liar{w: w, info: payment.ProviderInfo{ClientConfirms: d.oneIn(3), StatusByKey: d.oneIn(2), MultiCapture: d.oneIn(2), PartialRefund: d.oneIn(2)}}
	if d.oneIn(2) {
		l.info.KeyTTL = 24 * time.Hour
		w.v.keyLife = 24 * hour
	}
	return l
}

// wild is how rarely a single word is a lie: once in so many times.
const wild = 8

func (l *liar) oneIn(n int) bool { return l.w.dice.oneIn(n) }

// absurd are amounts that no gateway can mean, and zeros and integers written in a strange way.
func absurd() []decimal.Decimal {
	return []decimal.Decimal{
		decimal.New(-1, 0), decimal.New(1, 1<<30), decimal.New(1, -1<<30), decimal.New(0, 1<<30), decimal.New(0, 999), decimal.New(0, -999),
		decimal.New(5, -4), decimal.New(1, 17), decimal.New(1<<62, 0), decimal.New(1_000_000, -4),
	}
}

func (l *liar) amount(really int64) decimal.Decimal {
	switch {
	case l.oneIn(wild):
		return l.w.amount(int64(l.w.dice.n(int(l.w.v.total) + 2)))
	case l.oneIn(2 * wild):
		return pick(&l.w.dice, absurd())
	}
	return l.w.amount(really)
}

// snapshot makes something up.
func (l *liar) snapshot(r *payment.Request) payment.Snapshot {
	w, d := l.w, &l.w.dice
	x := w.shadow.sessions[r.SessionID]
	amount := w.minor(r.Amount)
	if x != nil {
		amount = x.amount
	}
	s := payment.Snapshot{State: pick(d, []payment.SnapshotState{
		payment.SnapshotAuthorized, payment.SnapshotAuthorized, payment.SnapshotAuthorized, payment.SnapshotPending, payment.SnapshotRequiresMore,
		payment.SnapshotProcessing, payment.SnapshotDeclined, payment.SnapshotCanceled, payment.SnapshotNotFound,
	})}
	if l.oneIn(2 * wild) {
		s.State = pick(d, []payment.SnapshotState{"", "weird"})
	}
	if l.oneIn(2) {
		s.Reference = "of " + r.SessionID
		if l.oneIn(4 * wild) {
			s.Reference = pick(d, []string{"of another", "\x00"})
		}
	}
	if l.oneIn(2) {
		s.CurrencyCode = pick(d, []string{w.v.currency, w.v.currency, w.v.currency, "usd"})
	}
	if l.oneIn(3) {
		s.Account = pick(d, []string{"acct", "acct", "acct", "acct_of_another"})
	}
	if l.oneIn(2) {
		s.Amount = l.amount(amount)
	}
	if s.State == payment.SnapshotAuthorized || l.oneIn(4) {
		s.Authorized = l.amount(amount)
	}
	if l.oneIn(3) {
		s.Capturable = new(l.amount(int64(d.n(int(w.v.total)))))
		if l.oneIn(2) {
			s.Capturable = new(decimal.Decimal{})
		}
	}
	if !l.oneIn(3) {
		s.Movements = append(l.known(x), l.unknown(r)...)
	}
	if l.oneIn(8) {
		s.Totals = &payment.Totals{Captured: l.amount(0), Refunded: l.amount(0)}
	}
	if p := l.payable(x); p != nil && l.oneIn(6) { // true for once, but for many movements that nobody made
		l.many(&s, x, p)
	}
	l.decorate(&s)
	return s
}

// payable is a session's payment of which much can be captured, nil when there is none.
func (l *liar) payable(x *shadowSession) *shadowPayment {
	if x == nil || x.payment == nil || x.payment.capturable < 40 {
		return nil
	}
	return x.payment
}

// many are more movements than one commit takes.
func (l *liar) many(s *payment.Snapshot, x *shadowSession, p *shadowPayment) {
	w := l.w
	*s = payment.Snapshot{State: payment.SnapshotAuthorized, Reference: x.reference, Amount: w.amount(x.amount), Authorized: w.amount(p.authorized)}
	s.Movements = []payment.Movement{}
	for _, m := range p.movements {
		if m.reference != "" {
			s.Movements = append(s.Movements, payment.Movement{Kind: m.kind, Reference: m.reference, Amount: w.amount(m.amount), State: m.state})
		}
	}
	for range 30 {
		l.made++
		s.Movements = append(s.Movements, payment.Movement{
			Kind: payment.MovementCapture, Reference: fmt.Sprint("m", l.made), Amount: w.amount(1), State: payment.MovementSucceeded,
		})
	}
}

// decorate adds what is shown and decides nothing.
func (l *liar) decorate(s *payment.Snapshot) {
	d := &l.w.dice
	if l.oneIn(4) {
		s.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: pick(d, []string{"https://x.example", "javascript:alert(1)"})}
	}
	if l.oneIn(6) {
		s.Decline = &payment.Decline{Code: pick(d, []string{"insufficient_funds", "not_sent", "", "zq words", ofGateway + " x"}), Message: ofGateway}
	}
	if l.oneIn(6) {
		s.Data = payment.Data{"a": d.n(3), "secret": planted, "f": func() {}}
	}
	if l.oneIn(10) {
		s.Private = new(payment.NewPrivate(payment.Data{"kept": planted, "n": d.n(3)}))
		if l.oneIn(3) {
			s.Private = new(payment.NewPrivate(payment.Data{"f": func() {}}))
		}
	}
	if l.oneIn(10) {
		s.ExpiresAt, s.CaptureBefore = time.Unix(1<<55, 0), time.Unix(-1<<55, 0)
	} else if l.oneIn(6) {
		s.ExpiresAt = l.w.clock().Add(time.Hour)
		s.CaptureBefore = s.ExpiresAt
	}
}

// known are the movements that our books have of a session, most of them, as they are or changed.
func (l *liar) known(x *shadowSession) []payment.Movement {
	list := []payment.Movement{}
	if x == nil || x.payment == nil {
		return list
	}
	for _, m := range x.payment.movements {
		if l.oneIn(5) {
			continue
		}
		move := payment.Movement{Kind: m.kind, Reference: m.reference, Amount: l.w.amount(m.amount), State: m.state}
		if m.opID != "" && l.oneIn(2) {
			move.IdempotencyKey = m.opID[len("op_"):]
		}
		if l.oneIn(wild) {
			move.State = pick(&l.w.dice, append(movementStates(), "odd"))
		}
		if l.oneIn(2 * wild) {
			move.Amount = l.w.amount(m.amount + 1)
		}
		list = append(list, move)
		if m.opID != "" && l.oneIn(2*wild) { // once more, by another name
			list = append(list, payment.Movement{Kind: m.kind, IdempotencyKey: m.opID[len("op_"):], Amount: l.w.amount(m.amount), State: m.state})
			list[len(list)-2].IdempotencyKey = ""
		}
	}
	return list
}

func movementStates() []payment.MovementState {
	return []payment.MovementState{payment.MovementPending, payment.MovementSucceeded, payment.MovementFailed}
}

// unknown are new movements: up to two of any kind.
func (l *liar) unknown(r *payment.Request) (list []payment.Movement) {
	d := &l.w.dice
	for range d.n(3) {
		m := payment.Movement{Kind: pick(d, []payment.MovementKind{payment.MovementCapture, payment.MovementRefund}), State: pick(d, movementStates())}
		m.Amount = l.amount(l.w.minor(r.Amount))
		if !l.oneIn(3) {
			l.made++
			m.Reference = fmt.Sprint("m", l.made)
		}
		if l.oneIn(2 * wild) {
			m.Reference = fmt.Sprint("m", 1+d.n(4))
		}
		if l.oneIn(3) {
			m.IdempotencyKey = r.IdempotencyKey
		} else if l.oneIn(wild) {
			m.IdempotencyKey = pick(d, l.keys)
		}
		list = append(list, m)
	}
	return list
}

// answer makes up an answer, to a call that does something or to a question.
func (l *liar) answer(kind payment.OperationKind, r *payment.Request) (payment.Snapshot, error) {
	w := l.w
	a := w.running
	a.alive()
	does := kind != payment.OperationStatus
	effect := does && (kind != payment.OperationAuthorize || !l.info.ClientConfirms)
	w.beforeCall(a, kind, r, effect)
	opID := "op_" + r.IdempotencyKey
	if w.tracing {
		w.log(a, "calls %s for %s, amount %s", kind, short(opID), r.Amount)
	}
	a.call = &sent{kind: kind, opID: opID, session: r.SessionID, effect: effect}
	a.pause(w.dice.between(millisecond, 2*second))
	a.call = nil
	l.keys = append(l.keys, r.IdempotencyKey)
	s := l.snapshot(r)
	said := s
	var err error
	switch {
	case l.oneIn(8):
		err = errors.New("boom " + ofGateway)
	case does && l.oneIn(8):
		err = payment.Declined("no", ofGateway)
	case does && l.oneIn(10):
		err = payment.NotSent(errors.New(ofGateway))
	case does && l.oneIn(9):
		said, err = payment.Snapshot{}, payment.AlreadyDone(s)
	}
	w.afterCall(opID, effect, err)
	if w.tracing {
		w.log(a, "%s for %s is answered %s", kind, short(opID), describeAnswer(&s, err))
	}
	return said, err
}

// ID names the provider.
func (l *liar) ID() string { return "sandbox" }

// Describe says what the gateway declares.
func (l *liar) Describe() payment.ProviderInfo { return l.info }

// Initialize says anything. So may the error.
func (l *liar) Initialize(_ context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationInitialize, &r.Request)
}

// Authorize says anything. So may the error.
func (l *liar) Authorize(_ context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationAuthorize, &r.Request)
}

// Update says anything. So may the error.
func (l *liar) Update(_ context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationUpdate, &r.Request)
}

// Cancel says anything. So may the error.
func (l *liar) Cancel(_ context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationCancel, &r.Request)
}

// Capture says anything. So may the error.
func (l *liar) Capture(_ context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationCapture, &r.Request)
}

// Refund says anything. So may the error.
func (l *liar) Refund(_ context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationRefund, &r.Request)
}

// Status says anything. So may the error.
func (l *liar) Status(_ context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return l.answer(payment.OperationStatus, &r.Request)
}
