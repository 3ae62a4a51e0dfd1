package stripeprovider_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// post is another integration of the same account.
func post(t *testing.T, gw *stripetest.Gateway, path string, form url.Values) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gw.URL()+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+stripetest.DefaultSecretKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, string(body))
}

// held is an authorization of 10.00 EUR that can be captured in parts.
func held(t *testing.T) (*shop, *payment.PaymentSession, *payment.Payment) {
	t.Helper()
	s := newShop(t, stripetest.Config{MultiCapture: true}, stripeprovider.Config{MultiCapture: true})
	x := s.session("10.00", "EUR")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	p, err := s.authorize(x, nil)
	require.NoError(t, err)
	return s, x, p
}

// TestCapturedElsewhereThenHere has a part that another integration took: it is one capture, before and after ours.
func TestCapturedElsewhereThenHere(t *testing.T) {
	t.Parallel()
	s, x, p := held(t)
	post(t, s.gw, "/v1/payment_intents/"+x.Reference+"/capture", url.Values{"amount_to_capture": {"300"}, "final_capture": {"false"}})
	s.webhooks("payment_intent.amount_capturable_updated")
	require.Len(t, s.agree(x).Captures, 1)
	four := dec("4")
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &four})
	require.NoError(t, err)
	require.Len(t, s.agree(x).Captures, 2)
}

// TestMultiCaptureTurnedOn has Config.MultiCapture change between two calls on one payment.
func TestMultiCaptureTurnedOn(t *testing.T) {
	t.Parallel()
	store, gw := memstore.New(), newGateway(t, stripetest.Config{MultiCapture: true})
	over := func(multi bool) *shop {
		p := over(t, gw, stripeprovider.Config{MultiCapture: multi})
		svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{p}})
		require.NoError(t, err)
		return &shop{t: t, gw: gw, p: p, Service: svc}
	}
	s := over(false)
	x := s.session("10.00", "EUR")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	p, err := s.authorize(x, nil)
	require.NoError(t, err)
	four := dec("4")
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &four})
	require.NoError(t, err)
	s = over(true)
	_, err = s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: p.ID})
	require.NoError(t, err)
	require.Len(t, s.agree(x).Captures, 1)
}

// TestCaptureEntryRemoved has somebody remove from the metadata what our capture wrote: it looks like one made elsewhere, and is not
// counted twice. A person decides.
func TestCaptureEntryRemoved(t *testing.T) {
	t.Parallel()
	s, x, p := held(t)
	four, two := dec("4"), dec("2")
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &four})
	require.NoError(t, err)
	in, _ := s.gw.Intent(x.Reference)
	remove := url.Values{}
	for name := range in.Metadata {
		if strings.HasPrefix(name, "capture_") {
			remove.Set("metadata["+name+"]", "")
		}
	}
	require.Len(t, remove, 1)
	post(t, s.gw, "/v1/payment_intents/"+x.Reference, remove)
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &two})
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	p, err = s.GetPayment(t.Context(), p.ID)
	require.NoError(t, err)
	require.True(t, four.Equal(p.Captured), "%s", p.Captured)
}
