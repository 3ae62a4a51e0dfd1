package payment_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

var errLost = errors.New("time-out")

// withGateway returns a shop with a scripted gateway whose messages are hints, and that gateway.
func withGateway(t *testing.T, info payment.ProviderInfo) (*shop, *scripted) {
	p := &scripted{answer: usual, info: info}
	return newShop(t, options{more: []payment.Provider{messenger{p}}}), p
}

// hook has a message about a session arrive two seconds later.
func (s *shop) hook(id string) {
	s.t.Helper()
	s.clock.Advance(2 * time.Second)
	_, err := s.HandleWebhook(s.t.Context(), "scripted", payment.WebhookRequest{Body: []byte(id)})
	require.NoError(s.t, err)
}

// pay authorizes a session with a token.
func (s *shop) pay(x *payment.PaymentSession, with, key string) error {
	_, err := s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(with), IdempotencyKey: key})
	return err
}

// lose has the answers to a kind of calls get lost.
func (p *scripted) lose(kind payment.OperationKind) {
	p.on(kind, func(*payment.Snapshot, payment.Request) error { return errLost })
}

// An old decline is no answer to an attempt that is under way, whatever a replica has said between.
func TestAnOldDeclineIsNoAnswer(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotDeclined
	p.isAt(&state)
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrDeclined)
	state = payment.SnapshotPending // a replica that has not heard of it yet, or no decline is known once the means of payment was removed
	s.clock.Advance(20 * time.Second)
	s.hook(x.ID)
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	state = payment.SnapshotDeclined
	p.lose(payment.OperationAuthorize) // it is under way
	require.ErrorIs(t, s.pay(x, "b", "second"), payment.ErrOutcomeUnknown)
	s.reconcile(5 * time.Second)
	err := s.pay(x, "b", "second")
	if errors.Is(err, payment.ErrDeclined) {
		s.authorize(s.session(c, "manual", "100")) // the shopper pays in another way
	}
	state = payment.SnapshotAuthorized // the request arrives; its message is lost
	for range 48 {
		s.reconcile(time.Hour)
	}
	require.NotErrorIs(t, err, payment.ErrDeclined, "and nobody knows of the money: %q", s.freshSession(x.ID).PaymentID)
}

// Nor is it where the browser confirms, and we send a token of our own.
func TestAnOldDeclineIsNoAnswerToATokenOfOurs(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true, KeyTTL: 24 * time.Hour})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	state := payment.SnapshotDeclined
	p.isAt(&state)
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrDeclined)
	p.lose(payment.OperationAuthorize)
	require.ErrorIs(t, s.pay(x, "b", "second"), payment.ErrOutcomeUnknown)
	s.reconcile(5 * time.Second)
	require.NotErrorIs(t, s.pay(x, "b", "second"), payment.ErrDeclined)
}

// A replica that still shows the challenge does not undo that the gateway is deciding.
func TestAnOldChallengeUndoesNothing(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	charges := map[string]bool{}
	state := payment.SnapshotRequiresMore
	p.isAt(&state)
	before := p.answer
	p.answer = func(k payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
		if k == payment.OperationAuthorize && r.Input != nil {
			charges[r.IdempotencyKey] = true // a gateway of charges
		}
		return before(k, r)
	}
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
	s.clock.Advance(time.Minute)
	state = payment.SnapshotProcessing // back from the challenge
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrPending)
	state = payment.SnapshotRequiresMore // a replica
	s.hook(x.ID)
	state = payment.SnapshotProcessing
	_ = s.pay(x, "b", "")
	require.Len(t, charges, 1, "charged again, while the gateway is deciding about the first")
}

// Two messages in a row, both answered by a replica, give up nothing of what a challenge holds.
func TestTwoMessagesReleaseNothing(t *testing.T) {
	for _, stale := range []payment.SnapshotState{payment.SnapshotPending, payment.SnapshotDeclined} {
		s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
		c := s.collection("100", "EUR")
		x := s.session(c, "scripted", "100")
		state := payment.SnapshotRequiresMore
		p.isAt(&state)
		require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
		state = stale
		s.hook(x.ID)
		s.hook(x.ID)
		equalAmount(t, "100", s.fresh(c.ID).Held)
	}
}

// Nor does one after another token was refused beside the challenge.
func TestARefusalBesideAChallengeReleasesNothing(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotRequiresMore
	p.isAt(&state)
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
		*n = payment.Snapshot{}
		return payment.Declined("no", "")
	})
	require.ErrorIs(t, s.pay(x, "b", ""), payment.ErrDeclined)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	state = payment.SnapshotPending // from before the challenge
	s.hook(x.ID)
	equalAmount(t, "100", s.fresh(c.ID).Held)
}

// Nor the question about an update whose answer was lost.
func TestAnUpdateThatAsksAReplicaReleasesNothing(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour})
	x := s.session(s.collection("100", "EUR"), "scripted", "50")
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Authorized, n.NextAction = payment.SnapshotRequiresMore, dec("0"), &payment.NextAction{Kind: payment.ActionWait}
		return nil
	})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount = payment.SnapshotPending, dec("50")
		return nil
	})
	p.lose(payment.OperationUpdate)
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.hook(x.ID)
	equalAmount(t, "80", s.freshSession(x.ID).Held)
}

// A message whose question a replica answered is not done with: it is asked about once more, however old the payment.
func TestAMessageIsAskedAboutTwice(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	pay := s.paid("scripted", "100", "EUR")
	var moved []payment.Movement
	p.on(payment.OperationCapture, func(n *payment.Snapshot, _ payment.Request) error { moved = n.Movements; return nil })
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.Amount, n.Authorized, n.Movements = dec("100"), dec("100"), moved
		return nil
	})
	_, err := s.capture(pay, "100")
	require.NoError(t, err)
	s.reconcile(100 * 24 * time.Hour)
	s.reconcile(time.Hour)
	s.hook(pay.SessionID) // of a refund at the dashboard, of which the replica has not heard
	moved = append(moved, payment.Movement{Kind: payment.MovementRefund, Reference: "re_1", Amount: dec("100"), State: payment.MovementSucceeded})
	for range 48 {
		s.reconcile(time.Hour)
	}
	equalAmount(t, "100", s.payment(pay.ID).Refunded)
}

// eachLook plays a world twice: the gateway answers the look that a message has brought about, or leaves it once without an answer.
func eachLook(t *testing.T, play func(t *testing.T, s *shop, p *scripted, look func())) {
	for _, answered := range []bool{true, false} {
		t.Run(fmt.Sprintf("answered %t", answered), func(t *testing.T) {
			s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
			play(t, s, p, func() {
				if !answered {
					again := p.answer
					p.lose(payment.OperationStatus)
					s.reconcile(2 * time.Minute)
					p.answer = again
				}
			})
		})
	}
}

// So is one about a session that was declined, and paid on the gateway's page after all.
func TestAMessageAfterADeclineIsAskedAboutTwice(t *testing.T) {
	eachLook(t, func(t *testing.T, s *shop, p *scripted, look func()) {
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		state := payment.SnapshotRequiresMore
		p.isAt(&state)
		require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
		state = payment.SnapshotDeclined
		s.hook(x.ID)
		s.reconcile(20 * time.Second)
		s.clock.Advance(5 * time.Minute)
		s.hook(x.ID) // "authorized", it says; the replica says "declined"
		look()
		state = payment.SnapshotAuthorized
		for range 48 {
			s.reconcile(time.Hour)
		}
		require.NotEmpty(t, s.freshSession(x.ID).PaymentID)
	})
}

// A void that did not hold is found, though the first to say so could have been a replica.
func TestAVoidThatDidNotHold(t *testing.T) {
	eachLook(t, func(t *testing.T, s *shop, p *scripted, look func()) {
		pay := s.paid("scripted", "100", "EUR")
		_, err := s.cancelPayment(pay)
		require.NoError(t, err)
		p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
			n.State, n.Amount, n.Authorized = payment.SnapshotAuthorized, dec("100"), dec("100")
			return nil
		})
		s.hook(pay.SessionID)
		look()
		for range 48 {
			s.reconcile(time.Hour)
		}
		require.NotEmpty(t, s.freshSession(pay.SessionID).OperationID)
	})
}

// A replica that has not heard of an update, or of a capture, wakes nobody and locks nothing.
func TestAReplicaIsNoAlarm(t *testing.T) {
	for _, of := range []string{"update", "capture"} {
		t.Run(of, func(t *testing.T) {
			s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true, MultiCapture: true})
			x := s.session(s.collection("100", "EUR"), "scripted", "50")
			if of == "update" {
				p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
					n.State, n.Amount = payment.SnapshotPending, dec("50")
					return nil
				})
				_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
				require.NoError(t, err)
			} else {
				pay := s.authorize(x)
				p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
					n.Amount, n.Authorized, n.Movements, n.Totals = dec("50"), dec("50"), []payment.Movement{}, &payment.Totals{}
					return nil
				})
				_, err := s.capture(pay, "40")
				require.NoError(t, err)
			}
			s.hook(x.ID)
			require.Empty(t, s.freshSession(x.ID).OperationID)
		})
	}
}

// What is decided while a shopper waits, and whose message is lost, is known after a minute.
func TestALookAfterAMinute(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	state := payment.SnapshotProcessing
	p.isAt(&state)
	require.Error(t, s.pay(x, "a", ""))
	at := 0
	for ; at < 600 && s.freshSession(x.ID).Status != payment.StatusAuthorized; at++ {
		if at == 20 {
			state = payment.SnapshotAuthorized
		}
		s.reconcile(time.Second)
	}
	require.LessOrEqual(t, at, 62)
}

// The look after a message is as long after it as a replica may lag, however old the news before it.
func TestTheSecondLookIsNotTheSameReplicas(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	state := payment.SnapshotDeclined
	p.isAt(&state)
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrDeclined)
	s.clock.Advance(12*time.Second + 500*time.Millisecond)
	s.hook(x.ID)             // "authorized", after 14.5 s: a replica says declined
	s.reconcile(time.Second) // and a second later as well
	state = payment.SnapshotAuthorized
	for range 48 {
		s.reconcile(time.Hour)
	}
	require.NotEmpty(t, s.freshSession(x.ID).PaymentID)
}
