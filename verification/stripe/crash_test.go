package stripe

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// life is an order of 100.00 that is paid, captured in two parts and refunded in part. Every call has a key, so that a host can repeat
// it as often as it likes.
type life struct {
	*world
	server bool // the server confirms, not the page
}

func (l life) run() error {
	ctx := l.t.Context()
	c, err := l.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "usd", Amount: dec("100"), IdempotencyKey: "cart"})
	if err != nil {
		return err
	}
	x, err := l.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: dec("100"), IdempotencyKey: "pay"})
	if err != nil {
		return err
	}
	var input payment.Data
	if l.server {
		input = payment.Data{"payment_method": "pm_card_visa"}
	} else if in, ok := l.gateway.Intent(x.Reference); ok && in.Status == stripetest.StatusRequiresPaymentMethod {
		if err := l.gateway.Confirm(in.ClientSecret, "pm_card_visa"); err != nil {
			return err
		}
	}
	p, err := l.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: input, IdempotencyKey: "authorize"})
	if err != nil {
		return err
	}
	for _, what := range []string{"40", "60"} {
		if p, err = l.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount(what), IdempotencyKey: "take " + what}); err != nil {
			return err
		}
	}
	_, err = l.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("30"), IdempotencyKey: "give back"})
	return err
}

// finish repeats the life until it is over, as a host and its cron would; a process that has died is followed by another.
func (l life) finish() {
	l.t.Helper()
	var err error
	for range 40 {
		if l.store.alive() != nil {
			l.start()
		}
		if err = l.run(); err == nil {
			return
		}
		if l.store.alive() == nil {
			l.reconcile(1, 20*time.Minute)
		}
	}
	require.NoError(l.t, err, "it does not come to an end")
}

// lived says that the life has happened, once.
func (l life) lived() {
	l.t.Helper()
	l.agree()
	in := l.gateway.Intents()
	require.Len(l.t, in, 1)
	require.Equal(l.t, []int64{10000, 10000, 3000, 0}, []int64{in[0].Authorized, in[0].Captured, in[0].Refunded, in[0].Capturable})
	require.Len(l.t, in[0].Captures, 2)
	require.Len(l.t, in[0].Refunds, 1)
	open, err := l.ListOperations(l.t.Context(), payment.ListParams{State: payment.OperationOpen})
	require.NoError(l.t, err)
	require.Empty(l.t, open.Items)
}

// The process dies when the gateway has executed a call, and before anything is written down about it.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/payment_intents", "/confirm", "/capture", "/refunds"} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/answer lost %t", path[1:], lost), func(t *testing.T) {
				t.Parallel()
				each(t, multicapture(), func(w *world) {
					l := life{w, path == "/confirm"}
					w.killer.after(path)
					if lost {
						op := map[string]stripetest.Operation{
							"/payment_intents": stripetest.OpCreate, "/confirm": stripetest.OpConfirm, "/capture": stripetest.OpCapture, "/refunds": stripetest.OpRefund,
						}[path]
						w.gateway.FailNext(op, stripetest.Fault{Kind: stripetest.FaultAnswerLost})
					}
					require.ErrorIs(w.t, l.run(), errDead)
					require.NotEmpty(w.t, w.gateway.Intents(), "the gateway has done it")
					w.start()
					// Nobody asks again: the next process finds out by itself.
					w.reconcile(12, 10*time.Minute)
					w.agree()
					l.finish()
					l.lived()
				})
			})
		}
	}
}

func TestCrashInCancel(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]bool{"open": false, "held": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, options{}, func(w *world) {
				x := w.order("10", "usd", nil)
				if held {
					require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
					_, err := w.authorize(x, nil)
					require.NoError(w.t, err)
				}
				w.killer.after("/cancel")
				_, err := w.CancelSession(w.t.Context(), payment.CancelSessionParams{SessionID: x.ID})
				require.ErrorIs(w.t, err, errDead)
				w.start()
				w.reconcile(12, 10*time.Minute)
				require.Equal(w.t, payment.StatusCanceled, w.fresh(x.ID).Status)
				w.agree()
			})
		})
	}
}

func TestCrashInUpdate(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(w *world) {
		c, err := w.CreateCollection(w.t.Context(), payment.CreateCollectionParams{CurrencyCode: "usd", Amount: dec("100")})
		require.NoError(w.t, err)
		x, err := w.CreateSession(w.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: dec("20")})
		require.NoError(w.t, err)
		w.killer.after(x.Reference)
		_, err = w.UpdateSession(w.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("35.50")})
		require.ErrorIs(w.t, err, errDead)
		w.start()
		w.reconcile(12, 10*time.Minute)
		require.True(w.t, w.fresh(x.ID).Amount.Equal(dec("35.50")))
		require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
		p, err := w.authorize(x, nil)
		require.NoError(w.t, err)
		require.True(w.t, p.Authorized.Equal(dec("35.50")))
		w.agree()
	})
}

// The answer to Initialize is lost, and with it the intent's ID: it is found by the session's ID in its metadata.
func TestLostInitialize(t *testing.T) {
	t.Parallel()
	for name, lagging := range map[string]bool{"found": false, "not found for an hour": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, options{}, func(w *world) {
				c, err := w.CreateCollection(w.t.Context(), payment.CreateCollectionParams{CurrencyCode: "usd", Amount: dec("10")})
				require.NoError(w.t, err)
				if lagging {
					w.gateway.PauseIndexing()
				}
				// Every repeated create fails too: only a search can tell.
				w.gateway.FailNext(stripetest.OpCreate, stripetest.Fault{Kind: stripetest.FaultAnswerLost})
				if !lagging {
					for range 3 {
						w.gateway.FailNext(stripetest.OpCreate, stripetest.Fault{Kind: stripetest.FaultRequestLost})
					}
				}
				_, err = w.CreateSession(w.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: dec("10")})
				x := outcome(w.t, err).Session
				require.ErrorIs(w.t, err, payment.ErrOutcomeUnknown)
				w.reconcile(6, 10*time.Minute)
				w.gateway.ResumeIndexing()
				w.reconcile(6, 10*time.Minute)
				x = w.fresh(x.ID)
				require.NotEmpty(w.t, x.Reference)
				searched := false
				for _, r := range w.gateway.Requests() {
					searched = searched || r.Operation == stripetest.OpSearch && r.Status == 200
				}
				require.True(w.t, searched)
				require.NoError(w.t, w.gateway.Confirm(w.secret(x), "pm_card_visa"))
				_, err = w.authorize(x, nil)
				require.NoError(w.t, err)
				w.agree()
			})
		})
	}
}

// A 500 is kept under its key and repeated for a day. Where the call had an effect, Status sees it.
func TestStored500(t *testing.T) {
	t.Parallel()
	for _, op := range []stripetest.Operation{stripetest.OpCreate, stripetest.OpConfirm, stripetest.OpCapture, stripetest.OpRefund} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			each(t, multicapture(), func(w *world) {
				l := life{w, op == stripetest.OpConfirm}
				w.gateway.FailNext(op, stripetest.Fault{Kind: stripetest.FaultServerErrorAfter})
				require.Error(w.t, l.run())
				l.finish()
				l.lived()
			})
		})
	}
}

// A 500 of a call that had no effect looks the same. It is repeated for as long as the key is honored, and asked about until no call can
// have an effect any more; then it was not done, and no person is needed.
func TestStored500WithoutEffect(t *testing.T) {
	t.Parallel()
	for op, taken := range map[stripetest.Operation]int64{stripetest.OpCapture: 0, stripetest.OpRefund: 10000} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			each(t, multicapture(), func(w *world) {
				w.gateway.FailNext(op, stripetest.Fault{Kind: stripetest.FaultServerError})
				require.ErrorIs(w.t, life{w, false}.run(), payment.ErrOutcomeUnknown)
				w.reconcile(12, time.Hour)
				repeated := 0
				for _, r := range w.gateway.Requests() {
					if r.Replayed {
						require.Equal(w.t, []any{op, 500}, []any{r.Operation, r.Status})
						repeated++
					}
				}
				require.Positive(w.t, repeated)
				x := w.fresh(w.gateway.Intents()[0].Metadata["payment_session_id"])
				require.NotEmpty(w.t, x.OperationID, "nobody can know yet")
				w.reconcile(30, time.Hour)
				x = w.fresh(x.ID)
				require.Empty(w.t, x.OperationID)
				require.Zero(w.t, w.told(payment.EventOperationNeedsAttention))
				in := w.gateway.Intents()[0]
				require.Equal(w.t, []int64{taken, 0}, []int64{in.Captured, in.Refunded})

				// The host tries again.
				var err error
				if op == stripetest.OpCapture {
					_, err = w.CapturePayment(w.t.Context(), payment.CapturePaymentParams{PaymentID: x.PaymentID})
				} else {
					_, err = w.RefundPayment(w.t.Context(), payment.RefundPaymentParams{PaymentID: x.PaymentID})
				}
				require.NoError(w.t, err)
				w.totals()
			})
		})
	}
}

// Whatever goes wrong with any one request of a life, the life happens once.
func TestEveryRequestMayGoWrong(t *testing.T) {
	t.Parallel()
	kinds := []stripetest.FaultKind{
		stripetest.FaultAnswerLost, stripetest.FaultAnswerCut, stripetest.FaultAnswerBroken, stripetest.FaultRequestLost,
		stripetest.FaultServerErrorAfter, stripetest.FaultRateLimit, stripetest.FaultLockTimeout, stripetest.FaultKeyInUse,
		stripetest.FaultForbidden,
	}
	for _, server := range []bool{false, true} {
		good := life{newWorld(t, "memory", multicapture()), server}
		require.NoError(t, good.run())
		good.lived()
		for i := range len(good.gateway.Requests()) {
			for n, kind := range kinds {
				store := "memory"
				if (i+n)%3 == 0 { // whose file takes its time
					store = "sqlite"
				}
				t.Run(fmt.Sprintf("server %t/request %d/%s/%s", server, i+1, kind, store), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, store, multicapture())
					w.gateway.FailNext(stripetest.OpAny, append(make([]stripetest.Fault, i), stripetest.Fault{Kind: kind})...)
					l := life{w, server}
					l.finish()
					l.lived()
					require.Len(t, faults(w), 1, "the fault has happened")
				})
			}
		}
	}
}

func faults(w *world) []stripetest.Request {
	var list []stripetest.Request
	for _, r := range w.gateway.Requests() {
		if r.Fault != "" {
			list = append(list, r)
		}
	}
	return list
}

// While the gateway cannot be reached at all, nothing is lost either.
func TestOutage(t *testing.T) {
	t.Parallel()
	each(t, multicapture(), func(w *world) {
		l := life{w, false}
		w.gateway.Disconnect()
		require.ErrorIs(w.t, l.run(), payment.ErrNotSent)
		w.reconcile(3, 10*time.Minute)
		require.NoError(w.t, w.gateway.Reconnect())
		l.finish()
		l.lived()
	})
}
