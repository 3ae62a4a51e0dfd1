package paymenthttp

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// More than 30 seconds count as 30, also where no number of this machine is as large.
func TestHowLongAClientMayWait(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "25": 25 * time.Second, "30": 30 * time.Second, "31": 30 * time.Second, "9223372037": 30 * time.Second, "99999999999999999999": 30 * time.Second,
	} {
		got, err := waitFor(httptest.NewRequest(http.MethodGet, "/?wait="+text, http.NoBody))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"-1", "-99999999999999999999", "1.5", "x", "99999999999999999999x"} {
		_, err := waitFor(httptest.NewRequest(http.MethodGet, "/?wait="+text, http.NoBody))
		require.Error(t, err, text)
	}
}
