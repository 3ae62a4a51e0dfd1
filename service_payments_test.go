package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A final capture gives up the rest, at the gateway and in the totals.
func TestFinalCapture(t *testing.T) {
	for name, gateway := range map[string]sandboxprovider.GatewayConfig{"asked for": {}, "implied by the gateway": {SingleCapture: true}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{gateway: gateway})
			p := s.paid("sandbox", "100", "USD")
			p, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), Final: !gateway.SingleCapture})
			require.NoError(t, err)
			equalAmount(t, "60", p.Released)
			equalAmount(t, "0", p.Capturable)
			require.Equal(t, s.clock.Now(), p.CapturedAt)
			c := s.fresh(p.CollectionID)
			equalAmount(t, "40", c.Authorized)
			equalAmount(t, "40", c.Captured)
			require.Equal(t, payment.CollectionPartiallyCaptured, c.Status())
			require.Contains(t, s.eventKinds(t, c.ID), payment.EventPaymentReleased)
			require.ErrorIs(t, s.untouched(t, func() error { _, err := s.capture(p, "0.01"); return err }), payment.ErrAmountExceeded)
			log := len(s.gateway.Requests())
			err = s.untouched(t, func() error { _, err := s.capture(p, ""); return err })
			require.ErrorIs(t, err, payment.ErrNotAllowed)
			require.ErrorContains(t, err, "60.00 USD was released")
			require.Len(t, s.gateway.Requests(), log)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
			s.booksAgree(t, p.ID)
			// What was released can be paid in another way.
			_, err = s.capture(s.authorize(s.session(c, "manual", "60")), "")
			require.NoError(t, err)
			require.Equal(t, payment.CollectionCompleted, s.fresh(c.ID).Status())
		})
	}
}

func TestCancelPaymentAfterAPartialCapture(t *testing.T) {
	for _, provider := range []string{"sandbox", "manual"} {
		t.Run(provider, func(t *testing.T) {
			s := newShop(t, options{})
			p := s.paid(provider, "100", "USD")
			_, err := s.capture(p, "40")
			require.NoError(t, err)
			p = s.cancel(p)
			equalAmount(t, "60", p.Released)
			equalAmount(t, "40", p.Captured)
			equalAmount(t, "0", p.Capturable)
			require.True(t, p.CanceledAt.IsZero())
			require.False(t, p.CapturedAt.IsZero())
			require.Len(t, p.Captures, 1)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
			c := s.fresh(p.CollectionID)
			equalAmount(t, "40", c.Authorized)
			require.Equal(t, payment.CollectionPartiallyCaptured, c.Status())
			p, err = s.refund(p, "")
			require.NoError(t, err)
			equalAmount(t, "40", p.Refunded)
			if provider == "sandbox" {
				s.booksAgree(t, p.ID)
			}
		})
	}
}

func TestVoid(t *testing.T) {
	for _, provider := range []string{"sandbox", "manual"} {
		for _, how := range []string{"the payment", "the session"} {
			t.Run(provider+"/"+how, func(t *testing.T) {
				s := newShop(t, options{})
				p := s.paid(provider, "100", "USD")
				s.clock.Advance(time.Second)
				if how == "the payment" {
					s.cancel(p)
				} else {
					_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: p.SessionID})
					require.NoError(t, err)
				}
				p, err := s.GetPayment(t.Context(), p.ID)
				require.NoError(t, err)
				require.Equal(t, s.clock.Now(), p.CanceledAt)
				equalAmount(t, "100", p.Released)
				equalAmount(t, "100", p.Authorized)
				equalAmount(t, "0", p.Capturable)
				x := s.freshSession(p.SessionID)
				require.Equal(t, payment.StatusCanceled, x.Status)
				require.Equal(t, s.clock.Now(), x.CanceledAt)
				require.Equal(t, x.Data, p.Data, "the payment's data is the session's as of the last news")
				c := s.fresh(p.CollectionID)
				equalAmount(t, "0", c.Authorized)
				require.Equal(t, payment.CollectionNotPaid, c.Status())
				require.Contains(t, s.eventKinds(t, c.ID), payment.EventPaymentCanceled)
				s.authorize(s.session(c, "manual", "100")) // the amount is free again
				if provider == "sandbox" {
					s.booksAgree(t, p.ID)
				}
			})
		}
	}
}

func TestUpdatePayment(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	update := func(d *payment.Data) *payment.Payment {
		t.Helper()
		p, err := s.UpdatePayment(t.Context(), payment.UpdatePaymentParams{PaymentID: p.ID, Metadata: d})
		require.NoError(t, err)
		return p
	}
	log := len(s.gateway.Requests())
	require.Equal(t, payment.Data{"a": "1"}, update(&payment.Data{"a": "1"}).Metadata)
	require.Equal(t, payment.Data{"b": "2"}, update(&payment.Data{"b": "2"}).Metadata) // replaced
	rows := s.allRows()
	require.Equal(t, payment.Data{"b": "2"}, update(nil).Metadata)
	require.Equal(t, rows, s.allRows())
	require.Len(t, s.gateway.Requests(), log)
	p, err := s.capture(p, "1")
	require.NoError(t, err)
	require.Equal(t, payment.Data{"b": "2"}, p.Metadata)
	require.Len(t, update(&payment.Data{}).Captures, 1)
	// An operation under way is no hindrance, nor does it undo the change.
	s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	_, err = s.capture(p, "2")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Equal(t, payment.Data{"c": "3"}, update(&payment.Data{"c": "3"}).Metadata)
	require.Len(t, s.openOperations(t), 1)
	s.reconcile(time.Minute)
	require.Equal(t, payment.Data{"c": "3"}, s.booksAgree(t, p.ID).Metadata)
}

// What the host says of a movement is kept on it.
func TestWordsOfMovements(t *testing.T) {
	for _, provider := range []string{"sandbox", "manual"} {
		t.Run(provider, func(t *testing.T) {
			s := newShop(t, options{})
			ctx := t.Context()
			reason, err := s.CreateRefundReason(ctx, payment.RefundReasonParams{Code: "broken", Label: "It was broken"})
			require.NoError(t, err)
			p := s.paid(provider, "100", "USD")
			p, err = s.CapturePayment(ctx, payment.CapturePaymentParams{
				PaymentID: p.ID, Amount: amount("60"), CreatedBy: "ann", Metadata: payment.Data{"box": "1"},
			})
			require.NoError(t, err)
			require.Equal(t, "ann", p.Captures[0].CreatedBy)
			require.Equal(t, payment.Data{"box": "1"}, p.Captures[0].Metadata)
			require.False(t, p.Captures[0].External())
			p, err = s.RefundPayment(ctx, payment.RefundPaymentParams{
				PaymentID: p.ID, Amount: amount("10"), ReasonID: reason.ID, Note: "sorry", CreatedBy: "bob", Metadata: payment.Data{"box": "2"},
			})
			require.NoError(t, err)
			s.clock.Advance(time.Second)
			p, err = s.refund(p, "5")
			require.NoError(t, err)
			p, err = s.GetPayment(ctx, p.ID)
			require.NoError(t, err)
			require.Len(t, p.Refunds, 2)
			first := p.Refunds[0]
			require.Equal(t, reason.ID, first.ReasonID)
			require.Equal(t, "sorry", first.Note)
			require.Equal(t, "bob", first.CreatedBy)
			require.Equal(t, payment.Data{"box": "2"}, first.Metadata)
			equalAmount(t, "5", p.Refunds[1].Amount)
			// The reason may go; the refund keeps its ID.
			require.NoError(t, s.DeleteRefundReason(ctx, reason.ID))
			refunds, err := s.ListRefunds(ctx, payment.ListParams{PaymentID: p.ID})
			require.NoError(t, err)
			require.Equal(t, reason.ID, refunds.Items[0].ReasonID)
			// Without an amount, all that is left; then the payment as it is.
			for range 2 {
				p, err = s.refund(p, "")
				require.NoError(t, err)
				equalAmount(t, "60", p.Refunded)
				require.Len(t, p.Refunds, 3)
			}
		})
	}
}

// A gateway that gives back all or nothing.
func TestWholeRefunds(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{WholeRefunds: true}})
	p := s.paid("sandbox", "100", "USD")
	_, err := s.capture(p, "60")
	require.NoError(t, err)
	err = s.untouched(t, func() error { _, err := s.refund(p, "59.99"); return err })
	require.EqualError(t, err, "payment: provider sandbox does not support PartialRefund")
	_, err = s.refund(p, "60")
	require.NoError(t, err)
	s.booksAgree(t, p.ID)
}

func TestRefundReasons(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	var ids []string
	for _, code := range []string{"late", "broken"} {
		r, err := s.CreateRefundReason(ctx, payment.RefundReasonParams{Code: code, Label: "It was " + code, Metadata: payment.Data{"a": 1}})
		require.NoError(t, err)
		require.Regexp(t, "^refr_[0-9a-f]{32}$", r.ID)
		require.Equal(t, s.clock.Now(), r.CreatedAt)
		r.Metadata["a"], r.Code = 2, "mine" // the caller's copy is the caller's
		ids = append(ids, r.ID)
		kept, err := s.GetRefundReason(ctx, r.ID)
		require.NoError(t, err)
		require.Equal(t, code, kept.Code)
		require.Equal(t, payment.Data{"a": json.Number("1")}, kept.Metadata)
	}
	s.clock.Advance(time.Minute)
	r, err := s.UpdateRefundReason(ctx, ids[0], payment.RefundReasonParams{Code: "too-late", Label: "Too late", Description: "After the feast"})
	require.NoError(t, err)
	require.Nil(t, r.Metadata)
	require.Equal(t, s.clock.Now(), r.UpdatedAt)
	for _, process := range []*shop{s, s.anotherProcess(payment.Config{})} {
		list, err := process.ListRefundReasons(ctx)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, "too-late", list[0].Code)
		require.Equal(t, "After the feast", list[0].Description)
		require.Equal(t, "broken", list[1].Code)
		got, err := process.GetRefundReason(ctx, ids[1])
		require.NoError(t, err)
		require.Equal(t, payment.Data{"a": json.Number("1")}, got.Metadata)
	}
	requireInvalid(t, s.untouched(t, func() error {
		_, err := s.UpdateRefundReason(ctx, ids[0], payment.RefundReasonParams{Code: "broken", Label: "x"})
		return err
	}), "Code", `"broken" is taken by another refund reason`)
	require.NoError(t, s.DeleteRefundReason(ctx, ids[1]))
	require.ErrorIs(t, s.untouched(t, func() error { return s.DeleteRefundReason(ctx, ids[1]) }), payment.ErrNotFound)
	_, err = s.GetRefundReason(ctx, ids[1])
	require.ErrorIs(t, err, payment.ErrNotFound)
	_, err = s.CreateRefundReason(ctx, payment.RefundReasonParams{Code: "broken", Label: "again"}) // its code is free
	require.NoError(t, err)
}

// A reason that another process has just made can be named at once: only a reason that the store does not know is refused.
func TestRefundReasonOfAnotherProcess(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	p := s.paid("sandbox", "100", "USD")
	_, err := s.capture(p, "")
	require.NoError(t, err)
	_, err = s.ListRefundReasons(ctx) // keeps the settings
	require.NoError(t, err)
	reason, err := s.anotherProcess(payment.Config{}).CreateRefundReason(ctx, payment.RefundReasonParams{Code: "late", Label: "Late"})
	require.NoError(t, err)
	p, err = s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("1"), ReasonID: reason.ID})
	require.NoError(t, err)
	require.Equal(t, reason.ID, p.Refunds[0].ReasonID)
}

// settingsDown is a store that cannot read its settings.
type settingsDown struct {
	payment.Store
	err error
}

func (s settingsDown) Settings(context.Context) (*payment.Settings, error) { return nil, s.err }

// A store that fails is no bad input.
func TestRefundReasonsWithTheStoreDown(t *testing.T) {
	errDown := errors.New("the database is down")
	s := newShop(t, options{store: settingsDown{memstore.New(), errDown}})
	ctx := t.Context()
	calls := []func() error{
		func() error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: "pay_1", ReasonID: "refr_1"})
			return err
		},
		func() error { _, err := s.GetRefundReason(ctx, "refr_1"); return err },
		func() error { _, err := s.ListRefundReasons(ctx); return err },
		func() error { _, err := s.Providers(ctx); return err },
		func() error { return s.SetProviderEnabled(ctx, "manual", true) },
		func() error {
			_, err := s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: s.collection("1", "USD").ID, ProviderID: "manual", Amount: dec("1")})
			return err
		},
	}
	for _, call := range calls {
		err := call()
		require.ErrorIs(t, err, errDown)
		require.NotErrorIs(t, err, payment.ErrInvalid)
	}
}
