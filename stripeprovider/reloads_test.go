package stripeprovider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

func TestReloadsAreNoDeclines(t *testing.T) {
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{})
	x := s.session("10.00", "EUR")
	require.Error(t, s.confirm(x, "pm_card_chargeDeclined"))
	for i := range 12 {
		_, err := s.authorize(x, nil)
		require.ErrorIs(t, err, payment.ErrDeclined, "reload %d", i)
	}
	y, err := s.GetSession(t.Context(), x.ID)
	require.NoError(t, err)
	require.Equal(t, 1, y.Declines)
}

func TestHeldMoneyIsSeenAfterReloads(t *testing.T) {
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{})
	x := s.session("10.00", "EUR")
	require.Error(t, s.confirm(x, "pm_card_chargeDeclined"))
	for range 12 {
		_, err := s.authorize(x, nil)
		require.Error(t, err)
	}
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	_, err := s.authorize(x, nil)
	require.NoError(t, err) // the money is held
}
