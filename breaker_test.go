package payment_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// What was tried to make the books and the gateway disagree, and once did.

// A gateway whose objects name what can be captured in every state says zero before it has authorized. Such an answer, when it comes late,
// voids no authorization.
func TestNothingToCaptureYetVoidsNothing(t *testing.T) {
	for _, state := range []payment.SnapshotState{
		payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing, payment.SnapshotDeclined,
	} {
		for from, mute := range map[string]bool{"Status": false, "a message": true} {
			t.Run(string(state)+" by "+from, func(t *testing.T) {
				s, p := newCourier(t, options{})
				x := s.session(s.collection("100", "EUR"), "scripted", "100")
				pay := s.authorize(x)
				old := payment.Snapshot{State: state, Reference: "ref-" + x.ID, Capturable: &decimal.Decimal{}, Movements: []payment.Movement{}}
				p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
					if mute {
						return payment.ErrUnsupported
					}
					*s = old
					return nil
				})
				p.messages["m"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &old}
				s.requireHandled(s.receive("m"))
				require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
				equalAmount(t, "100", s.payment(pay.ID).Capturable)
			})
		}
	}
}
