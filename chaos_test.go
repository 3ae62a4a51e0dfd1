package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A gateway that says anything at all, for itself or against its own word, must not break our books. What it says is a lie of everyLie now
// and then; the rest is what a gateway could say, though not what this one has done. See model_test.go.
func TestChaos(t *testing.T) {
	playSeeds(t, 250, playChaos, everyLie())
}

// playChaos plays one world with a hostile provider. Nothing else goes wrong in it.
func playChaos(seed uint64, total tally) *world {
	w := newWorld(seed, total)
	w.gateway = sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}) // for nobody
	info := payment.ProviderInfo{ClientConfirms: w.oneIn(3), StatusByKey: w.oneIn(2), MultiCapture: w.oneIn(2), PartialRefund: w.oneIn(2)}
	if w.oneIn(2) {
		info.KeyTTL = 24 * time.Hour
	}
	w.log("%+v", info)
	w.start(&liar{w: w, info: info})
	w.play(func() {
		for range 80 {
			w.step(false)
			if w.check(); len(w.broken) > 0 {
				return
			}
		}
		for range 6 {
			w.advance(26 * time.Hour)
			w.mustReconcile(0)
			if w.check(); len(w.broken) > 0 {
				return
			}
		}
	})
	return w
}

// What the provider lies about.
const (
	lieAmount      = "another amount"
	lieAbsurd      = "an amount that cannot be"
	lieState       = "a state that there is not"
	lieReference   = "another reference"
	lieMovement    = "a movement in another state"
	lieForgotten   = "a movement left out"
	lieOtherName   = "a movement with another's reference"
	lieOtherKey    = "a movement with another's key"
	lieNameless    = "a movement without reference or key"
	lieMany        = "a hundred movements"
	lieTotals      = "totals that may not fit"
	lieURL         = "a URL that runs a script"
	lieCode        = "a decline with a code of our own, none, or a secret in it"
	lieData        = "data that cannot be published"
	lieTimes       = "times that cannot be written"
	lieError       = "an error beside the snapshot"
	lieDeclined    = "declined, beside the snapshot"
	lieNotSent     = "not sent, beside the snapshot"
	lieAlreadyDone = "already done, whatever the snapshot says"
)

func everyLie() []string {
	names := []string{
		lieAmount, lieAbsurd, lieState, lieReference, lieMovement, lieForgotten, lieOtherName, lieOtherKey, lieNameless, lieMany, lieTotals, lieURL,
		lieCode, lieData, lieTimes, lieError, lieDeclined, lieNotSent, lieAlreadyDone,
	}
	for i := range names {
		names[i] = "lie: " + names[i]
	}
	return names
}

// wildness is how rarely a single word is a lie: once in so many times.
const wildness = 6

// liar is the hostile provider.
type liar struct {
	w    *world
	info payment.ProviderInfo
	keys []string // that it was called with
	made int      // movements
}

// lies reports whether to lie, once in so many times.
func (p *liar) lies(about string, oneIn int) bool {
	if !p.w.oneIn(oneIn) {
		return false
	}
	p.w.total["lie: "+about]++
	return true
}

// absurd are amounts that no gateway can mean, and zeros and integers written in a strange way.
var absurd = []decimal.Decimal{
	decimal.New(-1, 0), decimal.New(1, 1<<30), decimal.New(1, -1<<30), decimal.New(0, 1<<30), decimal.New(0, 999), decimal.New(0, -999),
	decimal.New(5, -3), decimal.New(1, 17), decimal.New(1<<62, 0), decimal.New(100_000, -3),
}

func (p *liar) amount(really decimal.Decimal) decimal.Decimal {
	switch {
	case p.lies(lieAmount, wildness):
		return decimal.New(int64(p.w.rand.IntN(120)), 0)
	case p.lies(lieAbsurd, wildness):
		return draw(p.w, absurd)
	}
	return really
}

var (
	snapshotStates = []payment.SnapshotState{
		payment.SnapshotAuthorized, payment.SnapshotAuthorized, payment.SnapshotAuthorized, payment.SnapshotPending, payment.SnapshotRequiresMore,
		payment.SnapshotProcessing, payment.SnapshotDeclined, payment.SnapshotCanceled, payment.SnapshotNotFound,
	}
	movementStates = []payment.MovementState{payment.MovementPending, payment.MovementSucceeded, payment.MovementFailed}
	movementKinds  = []payment.MovementKind{payment.MovementCapture, payment.MovementRefund}
)

// snapshot makes something up.
func (p *liar) snapshot(r payment.Request) payment.Snapshot {
	w := p.w
	rows := w.rows()
	amount := r.Amount
	for _, x := range rows.Sessions {
		if x.ID == r.SessionID {
			amount = x.Amount
		}
	}
	s := payment.Snapshot{State: draw(w, snapshotStates)}
	if p.lies(lieState, wildness) {
		s.State = draw(w, []payment.SnapshotState{"", "weird"})
	}
	if w.oneIn(2) {
		s.Reference = "of " + r.SessionID
		if p.lies(lieReference, 4*wildness) {
			s.Reference = "of another"
		}
	}
	if w.oneIn(2) {
		s.CurrencyCode = "usd"
	}
	if w.oneIn(2) {
		s.Amount = p.amount(amount)
	}
	if s.State == payment.SnapshotAuthorized || w.oneIn(4) {
		s.Authorized = p.amount(amount)
	}
	if w.oneIn(3) {
		s.Capturable = new(p.amount(decimal.New(int64(w.rand.IntN(100)), 0)))
	}
	if !w.oneIn(3) {
		s.Movements = append(p.known(rows, r.SessionID), p.unknown(r)...)
	}
	if p.lies(lieTotals, 8) {
		s.Totals = &payment.Totals{Captured: p.amount(decimal.Zero), Refunded: p.amount(decimal.Zero)}
	}
	p.decorate(&s)
	return s
}

// decorate adds what is shown and decides nothing.
func (p *liar) decorate(s *payment.Snapshot) {
	if p.w.oneIn(6) {
		s.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: "https://x.example"}
		if p.lies(lieURL, 2) {
			s.NextAction.URL = "javascript:alert(1)"
		}
	}
	if p.w.oneIn(6) {
		s.Decline = &payment.Decline{Code: "insufficient_funds"}
		if !p.w.oneIn(4) {
			p.w.total["lie: "+lieCode]++
			s.Decline.Code = draw(p.w, []string{"not_sent", "", "sk live"})
		}
	}
	if p.lies(lieData, 6) {
		s.Data = payment.Data{"a": p.w.rand.IntN(3), "secret": "x", "f": func() {}}
	}
	if p.lies(lieTimes, 10) {
		s.ExpiresAt, s.CaptureBefore = time.Unix(1<<55, 0), time.Unix(-1<<55, 0)
	}
}

// known are the movements that we know of, most of them, as they are or changed.
func (p *liar) known(rows *payment.Rows, sessionID string) []payment.Movement {
	list := []payment.Movement{}
	add := func(kind payment.MovementKind, e payment.Entry) {
		if e.SessionID != sessionID || p.lies(lieForgotten, 5) {
			return
		}
		m := payment.Movement{Kind: kind, Reference: e.Reference, Amount: e.Amount, State: e.State}
		if e.OperationID != "" && p.w.oneIn(2) {
			m.IdempotencyKey = e.OperationID[len("op_"):]
		}
		if p.lies(lieMovement, wildness) {
			m.State = draw(p.w, movementStates)
		}
		list = append(list, m)
	}
	for _, c := range rows.Captures {
		add(payment.MovementCapture, c.Entry)
	}
	for _, r := range rows.Refunds {
		add(payment.MovementRefund, r.Entry)
	}
	return list
}

// unknown are new movements: up to two of any kind, or a hundred small captures.
func (p *liar) unknown(r payment.Request) (list []payment.Movement) {
	w := p.w
	n, many := w.rand.IntN(3), p.lies(lieMany, 40)
	if many {
		n = 100
	}
	for range n {
		m := payment.Movement{Kind: draw(w, movementKinds), State: draw(w, movementStates)}
		if many {
			m.Kind, m.Amount = payment.MovementCapture, decimal.New(int64(1+w.rand.IntN(30)), -2)
		} else {
			m.Amount = p.amount(r.Amount)
		}
		if !w.oneIn(3) {
			p.made++
			m.Reference = fmt.Sprint("m", p.made)
		}
		if p.lies(lieOtherName, 2*wildness) {
			m.Reference = fmt.Sprint("m", 1+w.rand.IntN(4))
		}
		if !many && w.oneIn(3) {
			m.IdempotencyKey = r.IdempotencyKey
		} else if p.lies(lieOtherKey, wildness) {
			m.IdempotencyKey = draw(w, p.keys)
		}
		if m.Reference == "" && m.IdempotencyKey == "" {
			w.total["lie: "+lieNameless]++
		}
		list = append(list, m)
	}
	return list
}

// answer makes up an answer, to a call that does something or to a question.
func (p *liar) answer(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
	p.keys = append(p.keys, r.IdempotencyKey)
	s := p.snapshot(r)
	does, said := kind != payment.OperationStatus, s
	var err error
	switch {
	case p.lies(lieError, 8):
		err = errors.New("boom")
	case does && p.lies(lieDeclined, 10):
		err = payment.Declined("no", "no")
	case does && p.lies(lieNotSent, 10):
		err = payment.NotSent(nil)
	case does && p.lies(lieAlreadyDone, 10):
		said, err = payment.Snapshot{}, payment.AlreadyDone(s)
	}
	p.w.logCall(kind, r, s, err)
	return said, err
}

func (p *liar) ID() string { return "sandbox" }

func (p *liar) Describe() payment.ProviderInfo { return p.info }

func (p *liar) Initialize(_ context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationInitialize, r.Request)
}

func (p *liar) Authorize(_ context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationAuthorize, r.Request)
}

func (p *liar) Update(_ context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationUpdate, r.Request)
}

func (p *liar) Cancel(_ context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationCancel, r.Request)
}

func (p *liar) Capture(_ context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationCapture, r.Request)
}

func (p *liar) Refund(_ context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationRefund, r.Request)
}

func (p *liar) Status(_ context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return p.answer(payment.OperationStatus, r.Request)
}
