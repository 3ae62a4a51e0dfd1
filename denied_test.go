package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// A gateway that knows nothing of what it authorized is no matter for silence; what it says again later ends the alarm.
func TestGatewayDeniesWhatItAuthorized(t *testing.T) {
	for _, state := range []payment.SnapshotState{
		payment.SnapshotNotFound, payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing, payment.SnapshotDeclined,
	} {
		t.Run(string(state), func(t *testing.T) {
			p := &scripted{answer: usual}
			s := newShop(t, options{more: []payment.Provider{messenger{p}}})
			said := state
			p.on(payment.OperationStatus, func(a *payment.Snapshot, r payment.Request) error {
				a.State, a.Amount = said, r.Amount
				if said == payment.SnapshotAuthorized {
					a.Authorized = r.Amount
				}
				return nil
			})
			pay := s.authorize(s.session(s.collection("100", "EUR"), "scripted", "100"))
			s.reconcile(30 * time.Minute)
			require.Empty(t, s.freshSession(pay.SessionID).OperationID, "it may be an old copy that answers")
			for range 30 {
				s.reconcile(time.Hour)
			}
			x := s.freshSession(pay.SessionID)
			require.Equal(t, payment.StatusAuthorized, x.Status, "nothing is undone by that")
			require.NotEmpty(t, x.OperationID)
			require.Equal(t, "denied", s.operation(x.OperationID).Code)
			op := x.OperationID
			if state == payment.SnapshotNotFound {
				_, err := s.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: op, Outcome: payment.ResolveAccept, By: "ann"})
				require.NoError(t, err)
				for range 30 {
					s.reconcile(time.Hour)
				}
				require.Empty(t, s.freshSession(pay.SessionID).OperationID, "what was accepted is no news")
				return
			}
			said = payment.SnapshotAuthorized
			for range 30 {
				s.reconcile(time.Hour)
			}
			require.Empty(t, s.freshSession(pay.SessionID).OperationID)
			require.Equal(t, payment.OperationSucceeded, s.operation(op).State)
		})
	}
}
