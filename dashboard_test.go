package payment_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What somebody did at the gateway without us is found by the next call, which ends at once, whatever it wanted: nothing stays open that
// could only wait, and the books agree.
func TestNextCallFindsWhatWasDoneElsewhere(t *testing.T) {
	elsewhere := map[string]func(s *shop, i sandboxprovider.Intent) error{
		"lapsed": func(s *shop, i sandboxprovider.Intent) error { return s.gateway.Expire(i.Reference) },
		"voided": func(s *shop, i sandboxprovider.Intent) error { return s.gateway.CancelAtDashboard(i.Reference) },
		"captured": func(s *shop, i sandboxprovider.Intent) error {
			_, err := s.gateway.CaptureAtDashboard(i.Reference, i.Authorized.Sub(i.Captured))
			return err
		},
		"captured in part": func(s *shop, i sandboxprovider.Intent) error {
			_, err := s.gateway.CaptureAtDashboard(i.Reference, dec("4"))
			return err
		},
		"refunded": func(s *shop, i sandboxprovider.Intent) error {
			_, err := s.gateway.RefundAtDashboard(i.Reference, i.Captured)
			return err
		},
		"refunded in part": func(s *shop, i sandboxprovider.Intent) error {
			_, err := s.gateway.RefundAtDashboard(i.Reference, dec("5"))
			return err
		},
	}
	calls := map[string]func(s *shop, p *payment.Payment) error{
		"capture all": func(s *shop, p *payment.Payment) error { _, err := s.capture(p, ""); return err },
		"capture 10":  func(s *shop, p *payment.Payment) error { _, err := s.capture(p, "10"); return err },
		"refund all":  func(s *shop, p *payment.Payment) error { _, err := s.refund(p, ""); return err },
		"refund 10":   func(s *shop, p *payment.Payment) error { _, err := s.refund(p, "10"); return err },
		"cancel":      func(s *shop, p *payment.Payment) error { _, err := s.cancelPayment(p); return err },
		"cancel session": func(s *shop, p *payment.Payment) error {
			_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: p.SessionID})
			return err
		},
	}
	for _, captured := range []string{"", "10", "20"} {
		for done, do := range elsewhere {
			for name, call := range calls {
				t.Run("captured "+captured+", "+done+", "+name, func(t *testing.T) {
					s := newShop(t, options{})
					p := s.paid("sandbox", "20", "EUR")
					if captured != "" {
						_, err := s.capture(p, captured)
						require.NoError(t, err)
					}
					if err := do(s, s.intent(p.SessionID)); err != nil {
						return // the gateway itself does not allow it
					}
					began := len(s.gateway.Requests())
					err := call(s, p)
					require.NotErrorIs(t, err, payment.ErrOutcomeUnknown)
					require.NotErrorIs(t, err, payment.ErrNeedsAttention)
					require.Empty(t, s.freshSession(p.SessionID).OperationID)
					if len(s.gateway.Requests()) == began {
						return // refused by what is known here; nobody was asked
					}
					s.agree(p.CollectionID)
					p = s.payment(p.ID)
					if canceled := name == "cancel" || name == "cancel session"; canceled && err == nil {
						require.True(t, p.Released.IsPositive(), "something was released, or the call says that nothing was")
					}
					// The same call again says the same, or does what is left to be done. What the gateway refused is refused here now.
					if again := call(s, p); err != nil && again != nil && !errors.Is(err, payment.ErrDeclined) {
						require.Equal(t, err.Error(), again.Error())
					}
					s.agree(p.CollectionID)
				})
			}
		}
	}
}

func (s *shop) cancelPayment(p *payment.Payment) (*payment.Payment, error) {
	return s.CancelPayment(s.t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
}

// A capture that somebody else's made needless is asked for again, with the same key, when that one has failed: it is made then.
func TestANeedlessCaptureIsMadeWhenItIsNeeded(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AsyncCaptures: true}})
	p := s.paid("sandbox", "20", "EUR")
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("20"))
	require.NoError(t, err)
	ask := payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "parcel"}
	got, err := s.CapturePayment(t.Context(), ask)
	require.NoError(t, err, "it is under way")
	require.Len(t, got.Captures, 1)
	require.Equal(t, payment.MovementPending, got.Captures[0].State)
	require.NoError(t, s.gateway.ResolveMovement(got.Captures[0].Reference, false))
	require.NoError(t, s.AskForTest(t.Context(), p.SessionID))
	for range 2 { // a repeat of what was made is the same
		got, err = s.CapturePayment(t.Context(), ask)
		require.NoError(t, err)
		require.Len(t, got.Captures, 2)
		require.NotEmpty(t, got.Captures[1].OperationID)
	}
	s.booksAgree(t, p.ID)
}
