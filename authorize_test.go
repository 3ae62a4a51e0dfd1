package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
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

// The key of something that was deleted does not bring it back.
func TestKeyOfADeletedObject(t *testing.T) {
	s := newShop(t, options{})
	create := payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("100"), IdempotencyKey: "cart"}
	c, err := s.CreateCollection(t.Context(), create)
	require.NoError(t, err)
	params := payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), IdempotencyKey: "pay"}
	x, err := s.CreateSession(t.Context(), params)
	require.NoError(t, err)
	require.NoError(t, s.DeleteSession(t.Context(), x.ID))
	_, err = s.CreateSession(t.Context(), params)
	require.ErrorIs(t, err, payment.ErrNotFound)
	require.NoError(t, s.DeleteCollection(t.Context(), c.ID))
	_, err = s.CreateCollection(t.Context(), create)
	require.ErrorIs(t, err, payment.ErrNotFound)
}

// Who asks for more than is left is not told to make room by giving up itself.
func TestHoldersDoNotNameTheAsker(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
	c := s.collection("100", "EUR")
	x, y := s.session(c, "sandbox", "60"), s.session(c, "sandbox", "40")
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("70")})
	var exceeded *payment.AmountExceededError
	require.ErrorAs(t, err, &exceeded)
	require.Equal(t, []string{y.ID}, exceeded.Holders)
	equalAmount(t, "60", exceeded.Left)
}
