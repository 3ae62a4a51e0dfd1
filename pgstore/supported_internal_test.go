package pgstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// No server of an earlier version is at hand: only the decision is tested.
func TestServersThatAreTooOld(t *testing.T) {
	for _, number := range []int{90624, 140000, 140020} {
		var e *payment.StoreError
		require.ErrorAs(t, supported(number), &e)
		require.Equal(t, payment.StoreUnsupported, e.Problem)
		require.Contains(t, e.Advice, "use PostgreSQL 15 or newer")
	}
	for _, number := range []int{150000, 150018, 180004} {
		require.NoError(t, supported(number))
	}
}
