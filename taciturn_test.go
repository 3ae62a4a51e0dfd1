package payment_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// Gateways that say no more of a session than the contract asks of them: no list of movements, no amount, nothing of what can be captured.

// is has calls of a kind answered by a Snapshot, with the reference that the session has.
func (p *scripted) is(kind payment.OperationKind, says payment.Snapshot) {
	p.on(kind, func(n *payment.Snapshot, r payment.Request) error {
		*n = says
		n.Reference = r.Reference
		return nil
	})
}

// alreadyIs has calls of a kind find that the object is in a state in which they do nothing.
func (p *scripted) alreadyIs(kind payment.OperationKind, says payment.Snapshot) {
	p.on(kind, func(n *payment.Snapshot, r payment.Request) error {
		*n = payment.Snapshot{}
		says.Reference = r.Reference
		return payment.AlreadyDone(says)
	})
}

// later lets so many hours pass, with a Reconcile every ten minutes.
func (s *shop) later(hours int) {
	s.t.Helper()
	for range 6 * hours {
		s.reconcile(10 * time.Minute)
	}
}

func held(amount string) payment.Snapshot {
	return payment.Snapshot{State: payment.SnapshotAuthorized, Authorized: dec(amount)}
}

// Where nothing is listed, an object that is over does not say that a capture has had no effect: the rest may have lapsed after it.
func TestCaptureBeforeTheRestLapsed(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	take := payment.CapturePaymentParams{PaymentID: pay.ID, Amount: amount("40"), IdempotencyKey: "parcel"}
	p.lose(payment.OperationCapture)
	_, err := s.CapturePayment(t.Context(), take)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	p.is(payment.OperationStatus, payment.Snapshot{State: payment.SnapshotCanceled, Authorized: dec("100")})
	s.later(1)
	_, err = s.CapturePayment(t.Context(), take)
	require.NotErrorIs(t, err, payment.ErrCanceled, "who is told so takes the money in another way")
	s.later(48)
	require.Zero(t, s.payment(pay.ID).CanceledAt)
	require.Equal(t, []string{"gave_up"}, s.attention())
}

// A refund is confirmed by a gateway without a list also where its object is called canceled, since the rest was released.
func TestRefundOfWhatIsCalledCanceled(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(n *payment.Snapshot, _ payment.Request) error {
		*n = held("100")
		n.Capturable = amount("60")
		return nil
	})
	pay, err := s.capture(pay, "40")
	require.NoError(t, err)
	over := payment.Snapshot{State: payment.SnapshotCanceled, Authorized: dec("100")}
	p.is(payment.OperationCancel, over)
	pay = s.cancel(pay)
	p.is(payment.OperationRefund, over)
	pay, err = s.refund(pay, "40")
	require.NoError(t, err)
	equalAmount(t, "40", pay.Refunded)
}

// The shopper pays in the browser while the cart changes, at a gateway that names no amount but what it has authorized.
func TestUpdateThatMeetsAnAuthorization(t *testing.T) {
	for paid, want := range map[string]error{"100": payment.ErrNotAllowed, "150": nil} {
		t.Run(paid, func(t *testing.T) {
			s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true, KeyTTL: 24 * time.Hour})
			x := s.session(s.collection("200", "EUR"), "scripted", "100")
			p.is(payment.OperationStatus, held(paid))
			p.alreadyIs(payment.OperationUpdate, held(paid))
			_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("150")})
			if want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, want)
			}
			x = s.freshSession(x.ID)
			require.Empty(t, x.OperationID)
			equalAmount(t, paid, s.payment(x.PaymentID).Authorized)
			_, err = s.capture(s.payment(x.PaymentID), "")
			require.NoError(t, err)
		})
	}
}

// What certainly did nothing ends there, also while the gateway is deciding: nobody waits for a day to hear that.
func TestWhatDidNothingWhileTheGatewayDecides(t *testing.T) {
	for kind, call := range map[payment.OperationKind]func(s *shop, x *payment.PaymentSession) error{
		payment.OperationUpdate: func(s *shop, x *payment.PaymentSession) error {
			_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("150")})
			return err
		},
		payment.OperationCancel: func(s *shop, x *payment.PaymentSession) error {
			_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
			return err
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true, KeyTTL: 24 * time.Hour})
			x := s.session(s.collection("200", "EUR"), "scripted", "100")
			deciding := payment.Snapshot{State: payment.SnapshotProcessing, Amount: dec("100")}
			p.is(payment.OperationStatus, deciding)
			p.alreadyIs(kind, deciding)
			require.ErrorIs(t, call(s, x), payment.ErrNotAllowed)
			x = s.freshSession(x.ID)
			require.Empty(t, x.OperationID)
			require.NotZero(t, x.ProcessingSince)
		})
	}
}

// All was captured elsewhere: a cancel finds nothing to release, whether the gateway says what is left or leaves that to our sums.
func TestCancelWhereAllWasCaptured(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	taken := held("100")
	taken.Movements = []payment.Movement{{Kind: payment.MovementCapture, Reference: "c1", Amount: dec("100"), State: payment.MovementSucceeded}}
	p.is(payment.OperationStatus, taken)
	p.alreadyIs(payment.OperationCancel, taken)
	_, err := s.cancelPayment(pay)
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	pay = s.payment(pay.ID)
	equalAmount(t, "100", pay.Captured)
	require.Empty(t, s.openOperations(t))
}

// newRestOfferedAgain returns a payment of 100 of which 40 were captured and the rest was given up, and what the gateway says that offers it again.
func newRestOfferedAgain(t *testing.T) (*shop, *scripted, *payment.Payment, payment.Snapshot) {
	t.Helper()
	s, p := newScripted(t)
	pay, err := s.capture(s.paid("scripted", "100", "EUR"), "40")
	require.NoError(t, err)
	state := held("100")
	state.Movements = []payment.Movement{{Kind: payment.MovementCapture, Reference: pay.Captures[0].Reference, Amount: dec("40"), State: payment.MovementSucceeded}}
	state.Capturable = &decimal.Decimal{}
	p.is(payment.OperationCancel, state)
	pay = s.cancel(pay)
	equalAmount(t, "60", pay.Released)
	state.Capturable = amount("60")
	return s, p, pay, state
}

// A gateway that offers again what was given up here holds the shopper's money for nothing: somebody must know.
func TestRestThatIsOfferedAgain(t *testing.T) {
	s, p, pay, state := newRestOfferedAgain(t)
	p.is(payment.OperationStatus, state)
	s.later(2)
	require.Equal(t, []string{"authorized_again"}, s.attention())
	_, err := s.ResolveOperation(t.Context(), payment.ResolveOperationParams{
		OperationID: s.freshSession(pay.SessionID).OperationID, Outcome: payment.ResolveAccept, By: "ada",
	})
	require.NoError(t, err)
	s.later(48)
	require.Empty(t, s.attention(), "a person has seen it")
}

// An object that is declined is there, though it has no reference yet: the browser can try again, so it is held for, and canceled there.
func TestDeclinedObjectWithoutAReference(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true})
	c := s.collection("100", "EUR")
	p.lose(payment.OperationInitialize)
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	p.is(payment.OperationStatus, payment.Snapshot{State: payment.SnapshotDeclined, Decline: &payment.Decline{Code: "refused"}})
	s.later(1)
	l, err := s.ListSessions(t.Context(), payment.ListParams{CollectionID: c.ID})
	require.NoError(t, err)
	x := l.Items[0]
	require.Equal(t, payment.StatusError, x.Status)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	require.Contains(t, p.calls, payment.OperationCancel)
}

// A final capture is accepted, and the bank refuses it later: the authorization stands again, and that is no alarm.
func TestFinalCaptureThatFails(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	state := held("100")
	p.on(payment.OperationCapture, func(n *payment.Snapshot, r payment.Request) error {
		state.Reference = r.Reference
		state.Movements = []payment.Movement{{Kind: payment.MovementCapture, Reference: "c1", IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementPending}}
		state.Capturable = &decimal.Decimal{}
		*n = state
		return nil
	})
	pay, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: pay.ID, Amount: amount("40"), Final: true})
	require.NoError(t, err)
	equalAmount(t, "60", pay.Released)
	after := state
	after.Movements = []payment.Movement{state.Movements[0]}
	after.Movements[0].State = payment.MovementFailed
	after.Capturable = amount("100")
	p.is(payment.OperationStatus, after)
	s.later(2)
	pay = s.payment(pay.ID)
	require.Equal(t, payment.MovementFailed, pay.Captures[0].State)
	require.Empty(t, s.attention())
	require.Contains(t, s.kinds(pay.CollectionID), payment.EventCaptureFailed)
}

// A list that lags behind what can be captured brings the capture all the same.
func TestListThatLagsBehindWhatIsLeft(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	n := held("100")
	n.Capturable, n.Movements = amount("60"), []payment.Movement{}
	p.is(payment.OperationStatus, n)
	s.later(2)
	n.Movements = []payment.Movement{{Kind: payment.MovementCapture, Reference: "c1", Amount: dec("40"), State: payment.MovementSucceeded}}
	p.is(payment.OperationStatus, n)
	s.later(2)
	pay = s.payment(pay.ID)
	equalAmount(t, "40", pay.Captured)
}

// What is offered again keeps nothing else of the answer from being recorded.
func TestRefundBesideARestThatIsOfferedAgain(t *testing.T) {
	s, p, pay, state := newRestOfferedAgain(t)
	state.Movements = append(state.Movements, payment.Movement{Kind: payment.MovementRefund, Reference: "r1", Amount: dec("40"), State: payment.MovementSucceeded})
	p.is(payment.OperationStatus, state)
	s.later(2)
	pay = s.payment(pay.ID)
	equalAmount(t, "40", pay.Refunded)
	require.Equal(t, []string{"authorized_again"}, s.attention())
}

// Nor is it an alarm that a capture which is still pending is not deducted yet.
func TestPendingCaptureThatIsNotDeducted(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	n := held("100")
	n.Capturable, n.Movements = amount("80"), []payment.Movement{} // 20 were reversed at the dashboard
	p.is(payment.OperationStatus, n)
	s.later(2)
	pay = s.payment(pay.ID)
	equalAmount(t, "20", pay.Released)
	p.on(payment.OperationCapture, func(o *payment.Snapshot, r payment.Request) error {
		n.Reference = r.Reference
		n.Movements = []payment.Movement{{Kind: payment.MovementCapture, Reference: "c1", IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementPending}}
		*o = n
		return nil
	})
	_, err := s.capture(pay, "40")
	require.NoError(t, err)
	p.is(payment.OperationStatus, n)
	s.later(2)
	require.Empty(t, s.attention())
}

// A creation that was refused has made nothing: the next authorization begins with another one.
func TestRefusedCreation(t *testing.T) {
	s, p := newCourier(t, options{})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		*n = payment.Snapshot{}
		return payment.ErrUnsupported
	})
	c := s.collection("100", "EUR")
	var key string
	before := p.answer
	p.on(payment.OperationInitialize, func(_ *payment.Snapshot, r payment.Request) error { key = r.IdempotencyKey; return errLost })
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	l, err := s.ListSessions(t.Context(), payment.ListParams{CollectionID: c.ID})
	require.NoError(t, err)
	x := l.Items[0]
	p.messages["refused"] = payment.WebhookMessage{EventID: "refused", SessionID: x.ID, IdempotencyKey: key,
		Snapshot: &payment.Snapshot{State: payment.SnapshotDeclined, Decline: &payment.Decline{Code: "account_blocked"}}}
	s.clock.Advance(time.Minute)
	s.receive("refused")
	p.answer = before
	p.calls = nil
	_, err = s.tryAuthorize(x)
	require.NoError(t, err)
	require.Contains(t, p.calls, payment.OperationInitialize)
}
