package stripe

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// The answer is lost, and what is sent to find out goes wrong as well.
func TestTwoFaults(t *testing.T) {
	t.Parallel()
	firsts := []stripetest.FaultKind{stripetest.FaultAnswerLost, stripetest.FaultServerErrorAfter}
	seconds := []stripetest.FaultKind{
		stripetest.FaultRateLimit, stripetest.FaultForbidden, stripetest.FaultKeyInUse, stripetest.FaultRequestLost, stripetest.FaultAnswerBroken,
	}
	for _, op := range []stripetest.Operation{stripetest.OpCreate, stripetest.OpConfirm, stripetest.OpCapture, stripetest.OpRefund} {
		for _, first := range firsts {
			for _, second := range seconds {
				for _, of := range []stripetest.Operation{op, stripetest.OpRetrieve, stripetest.OpSearch} {
					t.Run(fmt.Sprintf("%s %s, %s %s", op, first, of, second), func(t *testing.T) {
						t.Parallel()
						w := newWorld(t, "memory", multicapture())
						l := life{w, op == stripetest.OpConfirm}
						w.gateway.FailNext(op, stripetest.Fault{Kind: first})
						w.gateway.FailNext(of, stripetest.Fault{Kind: second})
						if of == stripetest.OpRetrieve && op != stripetest.OpCreate { // those before are not meant
							w.gateway.FailNext(of, stripetest.Fault{Kind: second}, stripetest.Fault{Kind: second})
						}
						l.finish()
						l.lived()
					})
				}
			}
		}
	}
}

// dice decide what happens next.
type dice struct {
	*rand.Rand
	w        *world
	sessions []string
	told     int // events that were delivered
}

// faulty plans something that goes wrong with one of the next requests. What leaves a stored 500 without an effect is not among them:
// it takes 36 hours to be sure of that one.
func (d *dice) faulty() {
	kinds := []stripetest.FaultKind{
		"", "", "", stripetest.FaultAnswerLost, stripetest.FaultAnswerCut, stripetest.FaultRequestLost, stripetest.FaultServerErrorAfter,
		stripetest.FaultRateLimit, stripetest.FaultLockTimeout, stripetest.FaultKeyInUse,
	}
	d.w.gateway.FailNext(stripetest.OpAny, stripetest.Fault{Kind: kinds[d.IntN(len(kinds))]})
}

// step is one thing that somebody does. Most errors are as they should be: the books are compared in the end.
func (d *dice) step() {
	w, ctx := d.w, d.w.t.Context()
	if d.IntN(3) == 0 {
		d.faulty()
	}
	if len(d.sessions) == 0 || d.IntN(8) == 0 {
		c, err := w.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "usd", Amount: dec("100")})
		require.NoError(w.t, err)
		key := fmt.Sprint("pay ", len(d.sessions))
		x, err := w.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: dec("100"), IdempotencyKey: key})
		if err != nil {
			x = outcome(w.t, err).Session
		}
		d.sessions = append(d.sessions, x.ID)
		return
	}
	x := w.fresh(d.sessions[d.IntN(len(d.sessions))])
	part := new(dec(fmt.Sprint(1 + d.IntN(60))))
	cards := []string{"pm_card_visa", "pm_card_chargeDeclined", "pm_card_threeDSecure2Required", "pm_card_pendingRefund"}
	in, _ := w.gateway.Intent(x.Reference)
	switch d.IntN(13) {
	case 0, 1:
		_ = w.gateway.Confirm(in.ClientSecret, cards[d.IntN(len(cards))])
	case 2:
		_, _ = w.authorize(x, payment.Data{"payment_method": cards[d.IntN(len(cards))]})
	case 3, 4:
		_, _ = w.authorize(x, nil)
	case 5:
		_ = w.gateway.CompleteChallenge(x.Reference, d.IntN(4) > 0)
	case 6, 7:
		_, _ = w.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: x.PaymentID, Amount: part, Final: d.IntN(5) == 0})
	case 8, 9:
		_, _ = w.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: x.PaymentID, Amount: part})
	case 10:
		if d.IntN(4) == 0 {
			_, _ = w.CancelSession(ctx, payment.CancelSessionParams{SessionID: x.ID})
		}
	case 11:
		switch d.IntN(4) {
		case 0:
			_ = w.gateway.CaptureAtDashboard(x.Reference, part.Shift(2).IntPart())
		case 1:
			_, _ = w.gateway.RefundAtDashboard(x.Reference, part.Shift(2).IntPart())
		case 2:
			for _, m := range in.Refunds {
				_ = w.gateway.ReturnRefund(m.ID)
			}
		case 3:
			for _, m := range in.Refunds {
				_ = w.gateway.ResolveRefund(m.ID, d.IntN(2) == 0)
			}
		}
	case 12:
		w.killer.after([]string{"/capture", "/refunds", "/confirm", "/cancel"}[d.IntN(4)])
	}
}

// news delivers some of the events, in any order, some twice and some never.
func (d *dice) news() {
	events := d.w.gateway.Events()
	fresh := events[d.told:]
	d.told = len(events)
	d.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
	for _, e := range fresh {
		for range d.IntN(3) {
			d.w.webhook(e)
		}
	}
}

// decide is a person who looks at what nobody could know: an operation of ours that did nothing, while somebody did the same at the
// dashboard. Nothing else needs a person.
func (d *dice) decide() {
	w := d.w
	for { // one may hide the next
		list, err := w.ListOperations(w.t.Context(), payment.ListParams{State: payment.OperationNeedsAttention, Limit: 100})
		require.NoError(w.t, err)
		if len(list.Items) == 0 {
			return
		}
		for _, op := range list.Items {
			in, ok := w.gateway.Intent(w.fresh(op.SessionID).Reference)
			require.True(w.t, ok)
			elsewhere := false
			for _, m := range append(in.Captures, in.Refunds...) {
				require.NotEqual(w.t, strings.TrimPrefix(op.ID, "op_"), m.Key, "the gateway has executed it, and says so")
				elsewhere = elsewhere || m.Source == stripetest.SourceDashboard
			}
			require.True(w.t, elsewhere, "%+v: %+v", op, in)
			_, err := w.ResolveOperation(w.t.Context(), payment.ResolveOperationParams{OperationID: op.ID, Outcome: payment.ResolveFail, By: "a person"})
			require.NoError(w.t, err)
		}
		w.reconcile(20, time.Hour)
	}
}

func TestWild(t *testing.T) {
	t.Parallel()
	const seeds = 40
	for seed := range uint64(seeds) {
		store := "memory"
		if seed%20 == 0 {
			store = "sqlite"
		}
		t.Run(fmt.Sprintf("%s %d", store, seed), func(t *testing.T) {
			t.Parallel()
			o := multicapture()
			o.provider.ReturnURL = "https://shop.example/return"
			w := newWorld(t, store, o)
			d := &dice{Rand: rand.New(rand.NewPCG(seed, 1)), w: w}
			for range 80 {
				if w.store.alive() != nil {
					w.start()
				}
				d.step()
				if w.store.alive() == nil && d.IntN(4) == 0 {
					d.news()
					w.reconcile(1, time.Duration(d.IntN(600))*time.Second)
				}
			}
			w.killer.after("")
			if w.store.alive() != nil {
				w.start()
			}
			// Nothing goes wrong any more, and every refund is decided.
			w.gateway.FailNext(stripetest.OpAny)
			for _, in := range w.gateway.Intents() {
				for _, m := range in.Refunds {
					_ = w.gateway.ResolveRefund(m.ID, true)
				}
			}
			d.news()
			w.reconcile(30, 30*time.Minute)
			for _, e := range w.gateway.Events() {
				w.webhook(e)
			}
			w.reconcile(50, time.Hour) // until no repeated call can have an effect any more
			d.decide()
			w.totals()
		})
	}
}
