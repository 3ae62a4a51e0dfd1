package paymenthttp

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// Whoever is to ask again is told when, whatever the outcome was.
func TestRetryAfterIsAlwaysSaid(t *testing.T) {
	for _, outcome := range []error{
		nil, payment.ErrNotSent, payment.ErrUnsupported, payment.ErrPending, payment.ErrOutcomeUnknown, payment.ErrInProgress, payment.ErrNeedsAttention,
	} {
		w := httptest.NewRecorder()
		errorOf(&payment.SessionError{Outcome: outcome}).write(w)
		require.Contains(t, []int{202, 503}, w.Code, outcome)
		require.Equal(t, "1", w.Header().Get("Retry-After"), outcome)
	}
}
