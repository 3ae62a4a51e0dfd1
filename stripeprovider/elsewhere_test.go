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

// TestCancelOfWhatTheBankDecides has the page confirm a bank debit just before a cancel. Stripe keeps its refusal under the key, and so the
// cancel is over, and another one can be made when the bank has decided.
func TestCancelOfWhatTheBankDecides(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{AutomaticCapture: true})
	x := s.session("10.00", "USD")
	require.NoError(t, s.confirm(x, "pm_usBankAccount"))
	_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrNotSent)
	require.NoError(t, s.gw.ResolveDelayed(x.Reference, false))
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	in, _ := s.gw.Intent(x.Reference)
	require.Equal(t, stripetest.StatusCanceled, in.Status)
}

// TestRefusedInItsState has what a refusal for the intent's state means, by the state that is read after it.
func TestRefusedInItsState(t *testing.T) {
	for _, tc := range []struct {
		method string
		now    object
		kind   string
	}{
		{"cancel", intent(object{"status": "processing"}), isNotSent},
		{"cancel", intent(nil), isNotSent},
		{"cancel", authorizedIntent(nil), isNotSent},
		{"cancel", intent(object{"status": "canceled"}), isAlready},
		{"cancel", capturedIntent(key), isAlready},
		{"update", intent(object{"status": "processing"}), isNotSent},
		{"update", authorizedIntent(nil), isAlready},
		{"update", intent(object{"status": "canceled"}), isAlready},
		{"capture", intent(object{"status": "processing"}), isAlready},
		{"confirm", intent(object{"status": "processing"}), isAlready},
	} {
		d := newDouble(t, refusal(400, invalid("payment_intent_unexpected_state", "", "no")), answer{body: tc.now})
		_, err := call(t, d.provider(), tc.method, request())
		require.Equal(t, tc.kind, kindOf(err), "%s %s: %v", tc.method, tc.now["status"], err)
	}
}
