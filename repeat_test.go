package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What the gateway accepted and refused later is told as declined to whoever repeats the call; what the bank has returned had succeeded.
func TestRepeatOfAMovementThatHasFailedSince(t *testing.T) {
	later := sandboxprovider.GatewayConfig{AsyncCaptures: true, AsyncRefunds: true}
	requireFailed := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, payment.ErrDeclined)
		var e *payment.SessionError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "failed", e.Reason)
		require.NotNil(t, e.Payment)
	}
	s := newShop(t, options{gateway: later})
	p := s.paid("sandbox", "100", "EUR")
	take := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("60"), IdempotencyKey: "k"}
	for range 2 {
		got, err := s.CapturePayment(t.Context(), take)
		require.NoError(t, err)
		require.Equal(t, payment.MovementPending, got.Captures[0].State)
	}
	require.NoError(t, s.gateway.ResolveMovement(s.payment(p.ID).Captures[0].Reference, false))
	s.reconcile(2 * time.Minute)
	_, err := s.CapturePayment(t.Context(), take)
	requireFailed(err)

	take.IdempotencyKey = "k2"
	_, err = s.CapturePayment(t.Context(), take)
	require.NoError(t, err)
	require.NoError(t, s.gateway.ResolveMovement(s.payment(p.ID).Captures[1].Reference, true))
	s.reconcile(2 * time.Minute)
	give := payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("20"), IdempotencyKey: "k"}
	_, err = s.RefundPayment(t.Context(), give)
	require.NoError(t, err)
	require.NoError(t, s.gateway.ResolveMovement(s.payment(p.ID).Refunds[0].Reference, false))
	s.reconcile(2 * time.Minute)
	_, err = s.RefundPayment(t.Context(), give)
	requireFailed(err)
}

func TestRepeatOfARefundThatTheBankReturned(t *testing.T) {
	s, p := newScripted(t)
	pay, err := s.capture(s.paid("scripted", "100", "EUR"), "")
	require.NoError(t, err)
	var movements []payment.Movement
	for _, c := range pay.Captures {
		movements = append(movements, payment.Movement{Kind: payment.MovementCapture, Reference: c.Reference, Amount: c.Amount, State: c.State})
	}
	give := payment.RefundPaymentParams{PaymentID: pay.ID, Amount: amount("20"), IdempotencyKey: "k"}
	pay, err = s.RefundPayment(t.Context(), give)
	require.NoError(t, err)
	movements = append(movements, payment.Movement{Kind: payment.MovementRefund, Reference: pay.Refunds[0].Reference, Amount: dec("20"), State: payment.MovementFailed})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.Amount, n.Authorized, n.Movements = dec("100"), dec("100"), movements
		return nil
	})
	s.reconcile(2 * time.Minute)
	require.NotZero(t, s.payment(pay.ID).Refunds[0].ReturnedAt)
	_, err = s.RefundPayment(t.Context(), give)
	require.NoError(t, err)
}

// What was released is not captured: who asks for the rest, or for a part of it, is told.
func TestCaptureOfWhatWasReleased(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	p, err := s.capture(p, "70")
	require.NoError(t, err)
	s.cancel(p)
	_, err = s.capture(p, "")
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.EqualError(t, err, "payment: cannot capture "+p.ID+", which is captured: nothing is left, as 30.00 EUR was released")
	_, err = s.capture(p, "30")
	require.EqualError(t, err, "payment: Amount: 30.00 EUR is more than the 0.00 EUR that is left, as 30.00 EUR was released")
	_, err = s.refund(p, "70.5")
	require.EqualError(t, err, "payment: Amount: 70.50 EUR is more than the 70.00 EUR that is left")
}

// A host can look up what a provider's payments allow.
func TestProvidersSayWhatTheirPaymentsAllow(t *testing.T) {
	limited := &scripted{answer: usual, info: payment.ProviderInfo{PartialRefund: true}}
	s := newShop(t, options{more: []payment.Provider{limited}})
	list, err := s.Providers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []payment.ProviderStatus{
		{ID: "sandbox", Enabled: true, MultiCapture: true, PartialRefund: true},
		{ID: "manual", Enabled: true, MultiCapture: true, PartialRefund: true},
		{ID: "scripted", Enabled: true, PartialRefund: true},
	}, list)
}

// A refund whose reason was deleted since is the same refund; a new one cannot name it.
func TestRepeatOfARefundWhoseReasonIsGone(t *testing.T) {
	s := newShop(t, options{})
	p, err := s.capture(s.paid("sandbox", "100", "EUR"), "")
	require.NoError(t, err)
	r, err := s.CreateRefundReason(t.Context(), payment.RefundReasonParams{Code: "a", Label: "A"})
	require.NoError(t, err)
	give := payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("30"), ReasonID: r.ID, IdempotencyKey: "k"}
	_, err = s.RefundPayment(t.Context(), give)
	require.NoError(t, err)
	require.NoError(t, s.DeleteRefundReason(t.Context(), r.ID))
	again, err := s.RefundPayment(t.Context(), give)
	require.NoError(t, err)
	require.Len(t, again.Refunds, 1)
	give.IdempotencyKey = "k2"
	_, err = s.RefundPayment(t.Context(), give)
	require.ErrorIs(t, err, payment.ErrInvalid)
}

// A key of AuthorizeSession whose call only got as far as initializing keeps that decline, also of a pure provider; where it was
// initialized, the call goes on.
func TestRepeatOfAnAuthorizationThatInitializes(t *testing.T) {
	for _, pure := range []bool{false, true} {
		p := &scripted{answer: usual, info: payment.ProviderInfo{KeyTTL: 24 * time.Hour, Pure: pure}}
		s := newShop(t, options{more: []payment.Provider{p}})
		c := s.collection("100", "EUR")
		fail := payment.Declined("blocked", "")
		p.on(payment.OperationInitialize, func(*payment.Snapshot, payment.Request) error { return fail })
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
		var e *payment.SessionError
		require.ErrorAs(t, err, &e)
		authorize := payment.AuthorizeSessionParams{SessionID: e.Session.ID, IdempotencyKey: "k"}
		_, err = s.AuthorizeSession(t.Context(), authorize)
		require.ErrorIs(t, err, payment.ErrDeclined)
		calls := len(p.calls)
		again := s.untouched(t, func() error { _, err := s.AuthorizeSession(t.Context(), authorize); return err })
		require.EqualError(t, again, err.Error())
		if !pure { // whose answers can be thrown away
			require.Len(t, p.calls, calls, "the same key makes no other attempt")
		}

		fail, authorize.IdempotencyKey = nil, "k2"
		for range 2 {
			_, err = s.AuthorizeSession(t.Context(), authorize)
			require.NoError(t, err)
		}
		if !pure {
			require.Len(t, p.calls, calls+2)
		}
	}
}

// A call that began nothing, because the gateway was still deciding about another, is not answered by that one for ever.
func TestRepeatOfACallThatBeganNothing(t *testing.T) {
	t.Run("authorize", func(t *testing.T) {
		s, p := newScripted(t)
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		state := payment.SnapshotProcessing
		deciding := func(n *payment.Snapshot, _ payment.Request) error { n.State = state; return nil }
		p.on(payment.OperationAuthorize, deciding)
		p.on(payment.OperationStatus, deciding)
		pay := func(name, key string) error {
			_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(name), IdempotencyKey: key})
			return err
		}
		require.ErrorIs(t, pay("a", "k1"), payment.ErrPending)
		require.ErrorIs(t, pay("b", "k2"), payment.ErrPending)
		state = payment.SnapshotDeclined
		s.reconcile(2 * time.Minute)
		p.answer = usual
		require.NoError(t, pay("b", "k2"), "b was never tried")
	})
	for name, call := range map[string]func(*shop, *payment.Payment) (*payment.Payment, error){
		"capture": func(s *shop, p *payment.Payment) (*payment.Payment, error) {
			return s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "k"})
		},
		"refund": func(s *shop, p *payment.Payment) (*payment.Payment, error) {
			return s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, IdempotencyKey: "k"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AsyncCaptures: name == "capture", AsyncRefunds: true}})
			p, err := s.capture(s.paid("sandbox", "100", "EUR"), "")
			require.NoError(t, err)
			if name == "refund" {
				p, err = s.refund(p, "")
				require.NoError(t, err)
			}
			_, err = call(s, p)
			require.NoError(t, err)
			first := append([]*payment.Capture{}, p.Captures...)[0].Reference
			if name == "refund" {
				first = p.Refunds[0].Reference
			}
			require.NoError(t, s.gateway.ResolveMovement(first, false))
			s.reconcile(2 * time.Minute)
			for range 2 {
				got, err := call(s, p)
				require.NoError(t, err)
				if name == "refund" {
					require.Len(t, got.Refunds, 2)
				} else {
					require.Len(t, got.Captures, 2)
				}
			}
		})
	}
}

// An update that finds the session canceled at the gateway has updated nothing, and says so.
func TestUpdateThatFindsTheSessionCanceled(t *testing.T) {
	s, p := newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationUpdate, func(n *payment.Snapshot, _ payment.Request) error { n.State = payment.SnapshotCanceled; return nil })
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.ErrorIs(t, err, payment.ErrCanceled)
	x = s.freshSession(x.ID)
	require.Equal(t, payment.StatusCanceled, x.Status)
	equalAmount(t, "100", x.Amount)
	require.NotContains(t, s.kinds(x.CollectionID), payment.EventSessionUpdated)
}

// A key that was told "declined" moves nothing when it is repeated: another refund may have another key by then.
func TestAKeyThatWasToldDeclinedMovesNothing(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour, StatusByKey: true})
	pay := s.paid("scripted", "100", "EUR")
	_, err := s.capture(pay, "100")
	require.NoError(t, err)
	moved := []payment.Movement{{Kind: payment.MovementRefund, Reference: "dashboard", Amount: dec("40"), State: payment.MovementSucceeded}}
	n := 0
	p.on(payment.OperationRefund, func(a *payment.Snapshot, _ payment.Request) error {
		if n++; n == 1 { // "wrong state", since somebody refunds at the dashboard just now
			return payment.AlreadyDone(payment.Snapshot{State: payment.SnapshotAuthorized, CurrencyCode: "EUR", Movements: moved})
		}
		moved = append(moved, a.Movements...)
		a.Movements = moved
		return nil
	})
	with := func(key string) error {
		_, err := s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: pay.ID, Amount: amount("30"), IdempotencyKey: key})
		return err
	}
	if first := with("k1"); errors.Is(first, payment.ErrDeclined) { // another refund needs another key
		require.NoError(t, with("k2"))
		_ = with("k1") // a queue delivers the first one again
		equalAmount(t, "70", s.payment(pay.ID).Refunded)
	}
}

// The outcome that a key shared with another is its own also when it is repeated.
func TestASharedOutcomeIsKept(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{StatusByKey: true, KeyTTL: 24 * time.Hour})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	n := 0
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error {
		if n++; n == 1 {
			return errLost
		}
		return nil
	})
	p.on(payment.OperationStatus, func(a *payment.Snapshot, _ payment.Request) error {
		a.State, a.Amount = payment.SnapshotDeclined, dec("100")
		return nil
	})
	require.ErrorIs(t, s.pay(x, "a", "k1"), payment.ErrOutcomeUnknown)
	require.ErrorIs(t, s.pay(x, "a", "k2"), payment.ErrDeclined)
	require.ErrorIs(t, s.pay(x, "a", "k1"), payment.ErrDeclined)
	require.ErrorIs(t, s.pay(x, "a", "k2"), payment.ErrDeclined)
}

// A cancel that has released the rest is told so when it is repeated, though a capture has failed since.
func TestACancelThatSucceededIsToldSoAgain(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	st := payment.MovementPending
	var mv []payment.Movement
	p.on(payment.OperationCapture, func(n *payment.Snapshot, _ payment.Request) error {
		n.Movements[0].State = st
		mv = n.Movements
		return nil
	})
	zero := dec("0")
	left := &zero
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.Amount, n.Authorized, n.Capturable = dec("100"), dec("100"), left
		n.Movements = []payment.Movement{mv[0]}
		n.Movements[0].State = st
		return nil
	})
	p.on(payment.OperationCancel, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount, n.Authorized, n.Capturable = payment.SnapshotAuthorized, dec("100"), dec("100"), left
		n.Movements = []payment.Movement{mv[0]}
		return nil
	})
	_, err := s.capture(pay, "40")
	require.NoError(t, err)
	cancel := func() error {
		_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: pay.ID, IdempotencyKey: "k"})
		return err
	}
	require.NoError(t, cancel())
	st = payment.MovementFailed
	forty := dec("40")
	left = &forty
	for range 5 {
		s.reconcile(time.Minute)
	}
	equalAmount(t, "40", s.payment(pay.ID).Capturable)
	require.NoError(t, cancel())
}
