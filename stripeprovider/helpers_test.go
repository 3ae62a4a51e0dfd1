package stripeprovider_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
)

const (
	secretKey = "sk_test_OnlyTheServerKnowsThis"
	whsec     = "whsec_OnlyStripeAndWeKnowThis"
	sessionID = "payses_0123456789abcdef0123456789abcdef"
	intentID  = "pi_3MrPBM2eZvKYlo2C1TEMacFD"
	chargeID  = "ch_3MrPBM2eZvKYlo2C1TEMacFD"
	key       = "00112233445566778899aabbccddeeff"
	otherKey  = "ffeeddccbbaa99887766554433221100"
	intentKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" // the intent was created with it
)

// object is a JSON object of Stripe's.
type object = map[string]any

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// answer is what the double answers one request with.
type answer struct {
	status int
	body   any // JSON, or a string as it is
	header object
	hang   bool // no answer: the connection is closed
}

// double stands in for Stripe: it answers with what the test has prepared, and keeps what it was asked.
type double struct {
	t        *testing.T
	url      string
	mu       sync.Mutex
	answers  []answer
	requests []*http.Request
	bodies   []string
}

func newDouble(t *testing.T, answers ...answer) *double {
	d := &double{t: t, answers: answers}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	d.requests = append(d.requests, r)
	d.bodies = append(d.bodies, string(body))
	a := answer{status: 599, body: "nothing more is prepared"}
	if len(d.answers) > 0 {
		a, d.answers = d.answers[0], d.answers[1:]
	}
	d.mu.Unlock()
	if a.hang {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Request-Id", "req_8Pp2cLbvbXTVTP")
	for k, v := range a.header {
		w.Header().Set(k, v.(string))
	}
	if a.status == 0 {
		a.status = 200
	}
	w.WriteHeader(a.status)
	if text, ok := a.body.(string); ok {
		_, _ = io.WriteString(w, text)
		return
	}
	data, err := json.Marshal(a.body)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(data)
}

// asked returns what was asked, each as "POST /v1/…" and its body or query in the order of names, and forgets it.
func (d *double) asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for i, r := range d.requests {
		text := r.Method + " " + r.URL.Path
		form := d.bodies[i]
		if form == "" {
			form = r.URL.RawQuery
		}
		values, err := url.ParseQuery(form)
		require.NoError(d.t, err)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			text += "\n  " + name + "=" + strings.Join(values[name], ", ")
		}
		all = append(all, text)
	}
	d.requests, d.bodies = nil, nil
	return all
}

func config(change ...func(*stripeprovider.Config)) stripeprovider.Config {
	c := stripeprovider.Config{SecretKey: secretKey, PublishableKey: "pk_test_EverybodyMayKnowThis", WebhookSecrets: []string{whsec}}
	for _, f := range change {
		f(&c)
	}
	return c
}

// provider is one that talks to the double.
func (d *double) provider(change ...func(*stripeprovider.Config)) *stripeprovider.Provider {
	d.t.Helper()
	c := config(change...)
	if c.BaseURL == "" {
		c.BaseURL = d.url
	}
	p, err := stripeprovider.New(c)
	require.NoError(d.t, err)
	return p
}

// request is what the library sends about the session.
func request(change ...func(*payment.Request)) payment.Request {
	r := payment.Request{
		IdempotencyKey: key, CollectionID: "paycol_fedcba9876543210fedcba9876543210", SessionID: sessionID, Reference: intentID,
		Amount: dec("10.99"), CurrencyCode: "USD",
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

// intent is a PaymentIntent as Stripe answers with one, with these fields changed.
func intent(change object) object {
	in := object{
		"id": intentID, "object": "payment_intent", "amount": 1099, "amount_capturable": 0, "amount_received": 0, "currency": "usd",
		"client_secret": intentID + "_secret_YrKJUKribcBjcG8HVhfZluoGH", "capture_method": "manual", "confirmation_method": "automatic",
		"created": 1680800504, "status": "requires_payment_method", "livemode": false, "last_payment_error": nil, "latest_charge": nil,
		"metadata": object{"payment_session_id": sessionID, "payment_collection_id": "paycol_1", "payment_operation": intentKey}, "next_action": nil,
		"payment_method_types": []any{"card"},
	}
	maps.Copy(in, change)
	return in
}

// charge is an expanded charge with these refunds.
func charge(refunds ...any) object {
	if refunds == nil {
		refunds = []any{}
	}
	return object{
		"id": chargeID, "object": "charge", "amount": 1099, "amount_captured": 0, "status": "succeeded", "created": 1680800505,
		"payment_method_details": object{"type": "card", "card": object{"amount_authorized": 1099, "capture_before": 1681405305, "last4": "4242"}},
		"refunds":                object{"object": "list", "data": refunds, "has_more": false, "url": "/v1/charges/" + chargeID + "/refunds"},
	}
}

// refundOf is a refund, ours where it has a key.
func refundOf(id, key, status string, amount int) object {
	r := object{
		"id": id, "object": "refund", "amount": amount, "currency": "usd", "status": status, "created": 1680890000, "charge": chargeID,
		"payment_intent": intentID, "balance_transaction": "txn_1", "metadata": object{},
	}
	if key != "" {
		r["metadata"] = object{"payment_operation": key, "payment_session_id": sessionID}
	}
	return r
}

// authorizedIntent holds 10.99 USD.
func authorizedIntent(change object) object {
	in := intent(object{"status": "requires_capture", "amount_capturable": 1099, "latest_charge": charge()})
	maps.Copy(in, change)
	return in
}

// capturedIntent has taken all of it, by our call with the key.
func capturedIntent(key string, refunds ...any) object {
	in := intent(object{"status": "succeeded", "amount_received": 1099, "latest_charge": charge(refunds...)})
	in["metadata"].(object)["capture_"+key] = "1099"
	return in
}

// refusal is an error as Stripe answers with one.
func refusal(status int, e object) answer {
	return answer{status: status, body: object{"error": e}}
}

// call makes one of the calls by its name.
func call(t *testing.T, p *stripeprovider.Provider, method string, r payment.Request) (payment.Snapshot, error) {
	t.Helper()
	ctx := t.Context()
	switch method {
	case "initialize":
		r.Reference = ""
		return p.Initialize(ctx, payment.InitializeRequest{Request: r})
	case "authorize":
		return p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	case "confirm":
		r.Input = payment.Data{"payment_method": "pm_card_visa"}
		return p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	case "update":
		return p.Update(ctx, payment.UpdateRequest{Request: r})
	case "cancel":
		return p.Cancel(ctx, payment.CancelRequest{Request: r})
	case "capture":
		return p.Capture(ctx, payment.CaptureRequest{Request: r})
	case "refund":
		return p.Refund(ctx, payment.RefundRequest{Request: r})
	}
	require.Equal(t, "status", method)
	r.IdempotencyKey = ""
	return p.Status(ctx, payment.StatusRequest{Request: r})
}

// indented is JSON for people.
func indented(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(v))
	return out.String()
}

func ago(d time.Duration) time.Time { return time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC).Add(-d) }
