// Package stripe tests the Stripe provider against what it must not depend on: Stripe's own description of its API, and databases.
package stripe

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"
	"github.com/stripe/stripe-mock/spec"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
)

// mock is stripe-mock, started on loopback. It has no state: it holds each request against Stripe's OpenAPI, and answers a good one
// with an example. What it answered is kept, since a provider may say of a refused request that nothing happened.
type mock struct {
	url  string
	mu   sync.Mutex
	seen []exchange
}

// exchange is one request and its answer.
type exchange struct {
	method, path string
	status       int
	body         string
}

// loadSpec reads Stripe's OpenAPI, 8 MB of it, once for all tests: none of them changes it.
var loadSpec = sync.OnceValues(func() (*spec.Spec, error) { return server.LoadSpec(embedded.OpenAPISpec, "") })

func newMock(t *testing.T) *mock {
	t.Helper()
	openAPI, err := loadSpec()
	require.NoError(t, err)
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	require.NoError(t, err)
	stub, err := server.NewStubServer(fixtures, openAPI, false, false)
	require.NoError(t, err)
	m := &mock{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		stub.HandleRequest(rec, r)
		res := rec.Result()
		body, _ := io.ReadAll(res.Body)
		m.mu.Lock()
		m.seen = append(m.seen, exchange{r.Method, r.URL.Path, res.StatusCode, string(body)})
		m.mu.Unlock()
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// took returns what was asked since, and fails where stripe-mock has refused any of it.
func (m *mock) took(t *testing.T) []string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, x := range m.seen {
		require.Equal(t, 200, x.status, "%s %s: %s", x.method, x.path, x.body)
		all = append(all, x.method+" "+x.path)
	}
	m.seen = nil
	return all
}

const (
	reference = "pi_3MrPBM2eZvKYlo2C1TEMacFD"
	path      = "/v1/payment_intents/" + reference
)

func newRequest() payment.Request {
	return payment.Request{
		IdempotencyKey: "00112233445566778899aabbccddeeff", CollectionID: "paycol_1", SessionID: "payses_1", Reference: reference,
		Amount: decimal.RequireFromString("10.99"), CurrencyCode: "USD", Data: payment.Data{"multicapture": true},
	}
}

// TestRequestsAreStripes drives every request that the provider can make, with every parameter, past Stripe's OpenAPI.
func TestRequestsAreStripes(t *testing.T) {
	m := newMock(t)
	everything := payment.NewPrivate(map[string]any{
		"customer": "cus_NffrFeUfNV2Hib", "email": "ada@example.com", "description": "Order 17", "statement_descriptor_suffix": "ORDER 17",
		"setup_future_usage": "off_session", "payment_method": "pm_1MqLiJLkdIwHu7ixUEgbFdYF", "return_url": "https://shop.example/return",
		"payment_method_types": []any{"card", "sepa_debit"},
		"shipping": map[string]any{"name": "Ada Lovelace", "phone": "+44 20 7946 0000", "address": map[string]any{
			"line1": "12 St James's Square", "line2": "2nd floor", "city": "London", "state": "Westminster", "postal_code": "SW1Y 4LB", "country": "GB"}},
	})
	for name, change := range map[string]func(*stripeprovider.Config){
		"default":   func(*stripeprovider.Config) {},
		"automatic": func(c *stripeprovider.Config) { c.AutomaticCapture = true },
		"multi":     func(c *stripeprovider.Config) { c.MultiCapture = true },
		"options": func(c *stripeprovider.Config) {
			c.Account, c.PaymentMethodTypes, c.SetupFutureUsage = "acct_1032D82eZvKYlo2C", []string{"card"}, "on_session"
			c.StatementDescriptorSuffix, c.ReturnURL = "SHOP", "https://shop.example/return"
		},
	} {
		for said, private := range map[string]payment.Private{"nothing": {}, "everything": everything} {
			t.Run(name+"/"+said, func(t *testing.T) {
				cfg := stripeprovider.Config{SecretKey: "sk_test_123", PublishableKey: "pk_test_123", BaseURL: m.url}
				change(&cfg)
				p, err := stripeprovider.New(cfg)
				require.NoError(t, err)
				ctx := t.Context()
				r := newRequest()
				r.Context = private
				first := r
				first.Reference = ""
				sent := func(do func(r payment.Request), want ...string) {
					t.Helper()
					do(r)
					got := m.took(t)
					require.Equal(t, want, got[:min(len(want), len(got))])
				}
				sent(func(payment.Request) { _, _ = p.Initialize(ctx, payment.InitializeRequest{Request: first}) }, "POST /v1/payment_intents")
				sent(func(r payment.Request) { _, _ = p.Update(ctx, payment.UpdateRequest{Request: r}) }, "POST "+path)
				sent(func(r payment.Request) { _, _ = p.Authorize(ctx, payment.AuthorizeRequest{Request: r}) }, "GET "+path)
				for _, input := range []payment.Data{{"payment_method": "pm_card_visa"}, {"confirmation_token": "ctoken_1NnQUf2eZvKYlo2CIObdtbnb"}} {
					sent(func(r payment.Request) {
						r.Input = input
						_, _ = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
					}, "POST "+path+"/confirm")
				}
				for _, final := range []bool{false, true} {
					sent(func(r payment.Request) { _, _ = p.Capture(ctx, payment.CaptureRequest{Request: r, Final: final}) }, "POST "+path+"/capture")
				}
				for _, reason := range []string{"", "duplicate", "fraudulent", "requested_by_customer", "damaged"} {
					sent(func(r payment.Request) { _, _ = p.Refund(ctx, payment.RefundRequest{Request: r, ReasonCode: reason}) }, "POST /v1/refunds")
				}
				sent(func(r payment.Request) { _, _ = p.Cancel(ctx, payment.CancelRequest{Request: r}) }, "POST "+path+"/cancel")
				sent(func(r payment.Request) { _, _ = p.Status(ctx, payment.StatusRequest{Request: r}) }, "GET "+path)
				sent(func(payment.Request) { _, _ = p.Status(ctx, payment.StatusRequest{Request: first}) }, "GET /v1/payment_intents/search")
			})
		}
	}
}

// TestMockRefuses sees that stripe-mock does refuse what is not Stripe's, so that the test above can fail.
func TestMockRefuses(t *testing.T) {
	m := newMock(t)
	for _, body := range []string{"amonut=1099&currency=usd", "amount=10.99&currency=usd", "currency=usd", "amount=1099&currency=usd&capture_method=perhaps"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+"/v1/payment_intents", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer sk_test_123")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.Equal(t, 400, res.StatusCode, body)
		require.NoError(t, res.Body.Close())
	}
}

// TestListsAreStripes sends what follows an intent with more refunds than an answer holds. stripe-mock's example has none: the intent is
// this test's, the list is stripe-mock's.
func TestListsAreStripes(t *testing.T) {
	m := newMock(t)
	in := map[string]any{
		"id": reference, "object": "payment_intent", "amount": 1099, "amount_received": 1099, "currency": "usd", "status": "succeeded",
		"latest_charge": map[string]any{"id": "ch_1", "object": "charge", "amount": 1099, "status": "succeeded",
			"refunds": map[string]any{"object": "list", "data": []any{}, "has_more": true}},
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			_ = json.NewEncoder(w).Encode(in)
			return
		}
		r.URL.Host, r.URL.Scheme, r.RequestURI = m.url[len("http://"):], "http", ""
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return
		}
		defer func() { _ = res.Body.Close() }()
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	t.Cleanup(front.Close)
	p, err := stripeprovider.New(stripeprovider.Config{SecretKey: "sk_test_123", PublishableKey: "pk_test_123", BaseURL: front.URL})
	require.NoError(t, err)
	s, err := p.Status(t.Context(), payment.StatusRequest{Request: newRequest()})
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v1/refunds"}, slices.Compact(m.took(t)))
	require.NotEmpty(t, s.Movements)
}
