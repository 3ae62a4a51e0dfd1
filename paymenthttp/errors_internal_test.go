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

func TestWireNames(t *testing.T) {
	for field, name := range map[string]string{
		"Input": "data", "ReasonID": "refund_reason_id", "ProviderID": "provider_id", "ProviderIDs": "provider_ids", "data.part": "data.part", "By": "by",
	} {
		require.Equal(t, name, wireName(field))
	}
}
