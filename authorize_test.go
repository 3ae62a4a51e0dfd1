package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// A repeated key asks what became of a challenge, or of a decision that was pending; it is no second attempt.
func TestRepeatedKeyAsksWhatBecameOfIt(t *testing.T) {
	for pay, decide := range map[string]func(s *shop, x *payment.PaymentSession) error{
		"tok_3ds":     func(s *shop, x *payment.PaymentSession) error { return s.gateway.CompleteChallenge(x.Reference, true) },
		"tok_delayed": func(s *shop, x *payment.PaymentSession) error { return s.gateway.ResolveDelayed(x.Reference, true) },
	} {
		t.Run(pay, func(t *testing.T) {
			s := newShop(t, options{})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			p := payment.AuthorizeSessionParams{SessionID: x.ID, Input: token(pay), IdempotencyKey: "checkout"}
			for range 2 {
				_, err := s.AuthorizeSession(t.Context(), p)
				if pay == "tok_3ds" {
					require.ErrorIs(t, err, payment.ErrRequiresMore)
				} else {
					require.ErrorIs(t, err, payment.ErrPending)
				}
			}
			require.NoError(t, decide(s, s.freshSession(x.ID)))
			for range 2 {
				_, err := s.AuthorizeSession(t.Context(), p)
				require.NoError(t, err)
			}
			require.Len(t, s.calls("confirm"), 1)
			require.Equal(t, 1, s.gateway.Authorizations(x.ID))
			s.agree(x.CollectionID)
		})
	}
}
