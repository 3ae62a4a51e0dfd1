package stripetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// open starts a gateway, and Stripe's own client for it.
func open(t *testing.T, cfg stripetest.Config) (*stripetest.Gateway, *stripe.Client) {
	t.Helper()
	gw, err := stripetest.New(cfg)
	require.NoError(t, err)
	t.Cleanup(gw.Close)
	return gw, client(gw, stripetest.DefaultSecretKey)
}

func client(gw *stripetest.Gateway, key string) *stripe.Client {
	return stripe.NewClient(key, stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(gw.URL()), MaxNetworkRetries: stripe.Int64(0), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})))
}

// newIntent returns what creates an intent of 10.00 USD for cards that is captured later; change says what is special.
func newIntent(changes ...func(p *stripe.PaymentIntentCreateParams)) *stripe.PaymentIntentCreateParams {
	p := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(1000), Currency: stripe.String("usd"), CaptureMethod: stripe.String("manual"),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}), Metadata: map[string]string{"order": "1"},
	}
	for _, c := range changes {
		c(p)
	}
	return p
}

// paidWith confirms while it is created.
func paidWith(method string) func(p *stripe.PaymentIntentCreateParams) {
	return func(p *stripe.PaymentIntentCreateParams) {
		p.Confirm, p.PaymentMethod = new(true), stripe.String(method)
	}
}

func automatic(p *stripe.PaymentIntentCreateParams) { p.CaptureMethod = stripe.String("automatic") }

// multicapture asks for more than one capture.
func multicapture(p *stripe.PaymentIntentCreateParams) {
	p.PaymentMethodOptions = &stripe.PaymentIntentCreatePaymentMethodOptionsParams{
		Card: &stripe.PaymentIntentCreatePaymentMethodOptionsCardParams{RequestMulticapture: stripe.String("if_available")},
	}
}

// create must succeed.
func create(t *testing.T, api *stripe.Client, changes ...func(p *stripe.PaymentIntentCreateParams)) *stripe.PaymentIntent {
	t.Helper()
	in, err := api.V1PaymentIntents.Create(t.Context(), newIntent(changes...))
	require.NoError(t, err)
	return in
}

// read returns the intent with its charge and refunds.
func read(t *testing.T, api *stripe.Client, id string) *stripe.PaymentIntent {
	t.Helper()
	in, err := api.V1PaymentIntents.Retrieve(t.Context(), id, &stripe.PaymentIntentRetrieveParams{
		Expand: stripe.StringSlice([]string{"latest_charge.refunds"}),
	})
	require.NoError(t, err)
	return in
}

// refusal returns what the client makes of a refusal.
func refusal(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	require.Error(t, err)
	require.ErrorAs(t, err, &e)
	return e
}

// post sends a form without Stripe's client, for what it would never send.
func post(t *testing.T, gw *stripetest.Gateway, path, key string, form url.Values) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gw.URL()+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+stripetest.DefaultSecretKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, json.Unmarshal(data, &body), "%s", data)
	return res, body
}

// form returns a create of 10.00 USD with more parameters, name and value in turn.
func form(more ...string) url.Values {
	v := url.Values{"amount": {"1000"}, "currency": {"usd"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// code returns an error body's code, or its type.
func code(body map[string]any) string {
	e, _ := body["error"].(map[string]any)
	if c, ok := e["code"].(string); ok {
		return c
	}
	c, _ := e["type"].(string)
	return c
}

// book returns the gateway's only intent.
func book(t *testing.T, gw *stripetest.Gateway) stripetest.Intent {
	t.Helper()
	all := gw.Intents()
	require.Len(t, all, 1)
	return all[0]
}
