package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// Authorizations that only ask, where a replica may answer that is some seconds behind.

// reader is a gateway that cannot cancel, whose Authorize only asks once no token is sent.
type reader struct {
	payment.Provider
	*payment.ProviderInfo
}

func (r reader) Describe() payment.ProviderInfo { return *r.ProviderInfo }

func (r reader) Authorize(ctx context.Context, q payment.AuthorizeRequest) (payment.Snapshot, error) {
	if len(q.Input) == 0 {
		return payment.AuthorizeByStatus(ctx, r.Provider, q)
	}
	return r.Provider.Authorize(ctx, q)
}

// Back from the bank, the shopper asks a replica that does not know of the challenge yet. It can still be paid: it goes on holding its amount, and is
// given up for no other session.
func TestReadThatDoesNotKnowOfTheChallengeYet(t *testing.T) {
	p := &scripted{answer: usual}
	s := newShop(t, options{more: []payment.Provider{reader{p, &payment.ProviderInfo{}}}})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotRequiresMore
	p.isAt(&state)
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
	s.clock.Advance(time.Second)
	state = payment.SnapshotPending // a replica
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	_, err = s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100"), Supersede: []string{x.ID},
	})
	require.ErrorIs(t, err, payment.ErrUnsupported)
	s.reconcile(2 * time.Minute) // if it is so in truth, the next look tells
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	equalAmount(t, "0", s.fresh(c.ID).Held)
}

// The same after an update: the replica has the old amount. What is wrong in truth, the next look tells.
func TestReadThatDoesNotKnowOfTheUpdateYet(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{ClientConfirms: true})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	x, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.NoError(t, err)
	old := payment.Snapshot{State: payment.SnapshotPending, Amount: dec("100")}
	p.is(payment.OperationAuthorize, old)
	_, err = s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrPending)
	require.Empty(t, s.attention())
	p.is(payment.OperationStatus, old)
	s.reconcile(2 * time.Minute)
	require.Equal(t, []string{"amount"}, s.attention())
}

// A replica takes back neither that a capture has failed, nor that a refund was returned, and tells neither twice.
func TestReplicaTakesBackNoFailure(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour})
	var list []payment.Movement
	says := func(n *payment.Snapshot, r payment.Request) error { //nolint:unparam // as on wants it
		*n = held("100")
		n.Reference, n.Movements = r.Reference, append([]payment.Movement{}, list...)
		return nil
	}
	state := payment.MovementPending
	moves := func(kind payment.OperationKind, as payment.MovementKind) {
		p.on(kind, func(n *payment.Snapshot, r payment.Request) error {
			list = append(list, payment.Movement{Kind: as, Reference: "m" + r.IdempotencyKey, IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: state})
			return says(n, r)
		})
	}
	p.on(payment.OperationStatus, says)
	fails := func(i int, sessionID string) { // and a replica says that it has not, two seconds later
		was := list[i].State
		list[i].State = payment.MovementFailed
		s.clock.Advance(time.Minute)
		s.hook(sessionID)
		list[i].State = was
		s.hook(sessionID)
		list[i].State = payment.MovementFailed
	}
	pay := s.paid("scripted", "100", "EUR")
	moves(payment.OperationCapture, payment.MovementCapture)
	moves(payment.OperationRefund, payment.MovementRefund)
	pay, err := s.capture(pay, "80")
	require.NoError(t, err)
	fails(0, pay.SessionID)
	state = payment.MovementSucceeded
	pay, err = s.capture(pay, "90")
	require.NoError(t, err)
	pay, err = s.refund(pay, "30")
	require.NoError(t, err)
	fails(2, pay.SessionID)
	s.later(2)
	told := map[payment.EventKind]int{}
	for _, kind := range s.kinds(pay.CollectionID) {
		told[kind]++
	}
	for _, kind := range []payment.EventKind{payment.EventCaptureFailed, payment.EventCaptureSucceeded, payment.EventRefundSucceeded, payment.EventRefundReturned} {
		require.Equal(t, 1, told[kind], kind)
	}
	require.Empty(t, s.attention())
}

// Where nobody can be asked and nothing canceled, a plain answer is believed once the challenge is no news any more: it would hold for ever.
func TestChallengeAbandonedWhereNobodyCanAsk(t *testing.T) {
	p := &scripted{answer: usual}
	s := newShop(t, options{more: []payment.Provider{struct{ payment.Provider }{p}}})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotRequiresMore
	p.isAt(&state)
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		*n = payment.Snapshot{}
		return payment.ErrUnsupported
	})
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
	state = payment.SnapshotPending
	s.later(24)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrPending)
	equalAmount(t, "0", s.fresh(c.ID).Held)
}
