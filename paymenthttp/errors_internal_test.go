package paymenthttp

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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

// What the people who run the shop have noted is not in an error either.
func TestWhatTheShopNotesIsNotInAnError(t *testing.T) {
	p := &payment.Payment{
		Captures: []*payment.Capture{{Entry: payment.Entry{CreatedBy: "ada"}}}, Refunds: []*payment.Refund{{Entry: payment.Entry{CreatedBy: "ada"}, Note: "known for returns"}},
	}
	outcome := &payment.SessionError{Outcome: payment.ErrDeclined, Payment: p}
	for shoppers, told := range map[bool]bool{true: false, false: true} {
		s := &server{cfg: Config{Logger: slog.New(slog.DiscardHandler)}, shoppers: shoppers}
		w := httptest.NewRecorder()
		s.serve(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody), "/", bodyLimit, func(*http.Request) (answer, error) { return answer{}, outcome })
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Contains(t, w.Body.String(), `"refunds":[{`)
		for _, noted := range []string{"known for returns", "ada"} {
			require.Equal(t, told, strings.Contains(w.Body.String(), noted), w.Body)
		}
	}
	require.Equal(t, "known for returns", p.Refunds[0].Note)
}
