package stripeprovider_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
)

// wire returns the requests as they came in: what is Stripe's to read, and nothing of what the Go version changes.
func (d *double) wire() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out strings.Builder
	for i, r := range d.requests {
		out.WriteString(r.Method + " " + r.URL.RequestURI() + "\n")
		for _, name := range []string{"Authorization", "Content-Type", "Idempotency-Key", "Stripe-Account", "Stripe-Version"} {
			for _, v := range r.Header.Values(name) {
				out.WriteString(name + ": " + v + "\n")
			}
		}
		out.WriteString("\n" + d.bodies[i] + "\n")
		if i+1 < len(d.requests) {
			out.WriteString("---\n")
		}
	}
	return out.String()
}

// golden compares got with a file, or writes it where UPDATE is set.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "UPDATE=1 go test writes it")
	require.Equal(t, string(want), got)
}

// everything is all that a host can say.
func everything() payment.Private {
	return payment.NewPrivate(map[string]any{
		"customer": "cus_NffrFeUfNV2Hib", "email": "ada@example.com", "description": "Order 17 & <more>", "statement_descriptor_suffix": "ORDER 17",
		"setup_future_usage": "off_session", "payment_method": "pm_1MqLiJLkdIwHu7ixUEgbFdYF", "return_url": "https://shop.example/return?order=17",
		"payment_method_types": []any{"card", "sepa_debit"}, "loyalty_card": "hunter2",
		"shipping": map[string]any{"name": "Ada Lovelace", "phone": "+44 20 7946 0000", "address": map[string]any{
			"line1": "12 St James's Square", "line2": "2nd floor", "city": "London", "state": "Westminster", "postal_code": "SW1Y 4LB", "country": "GB"}},
	})
}

// TestRequests holds what is sent against testdata, byte by byte.
func TestRequests(t *testing.T) {
	connected := func(c *stripeprovider.Config) { c.Account = "acct_1032D82eZvKYlo2C" }
	multi := func(c *stripeprovider.Config) { c.MultiCapture = true }
	context := func(r *payment.Request) { r.Context = everything() }
	lost := func(r *payment.Request) { r.Reference = "" }
	found := answer{body: object{"object": "search_result", "data": []any{authorizedIntent(nil)}, "has_more": false}}
	for name, tc := range map[string]struct {
		method  string
		config  []func(*stripeprovider.Config)
		request []func(*payment.Request)
		answers []answer
	}{
		"initialize":           {method: "initialize"},
		"initialize_connected": {method: "initialize", config: []func(*stripeprovider.Config){connected}},
		"initialize_options": {method: "initialize", config: []func(*stripeprovider.Config){multi, func(c *stripeprovider.Config) {
			c.PaymentMethodTypes, c.SetupFutureUsage, c.StatementDescriptorSuffix = []string{"card"}, "on_session", "SHOP"
		}}},
		"initialize_automatic": {method: "initialize", config: []func(*stripeprovider.Config){func(c *stripeprovider.Config) { c.AutomaticCapture = true }}},
		"initialize_context":   {method: "initialize", request: []func(*payment.Request){context}},
		"update":               {method: "update"},
		"update_context":       {method: "update", request: []func(*payment.Request){context}},
		"confirm":              {method: "confirm"},
		"confirm_context":      {method: "confirm", request: []func(*payment.Request){context}},
		"confirm_return_url": {method: "confirm", config: []func(*stripeprovider.Config){func(c *stripeprovider.Config) {
			c.ReturnURL = "https://shop.example/return"
		}}},
		"confirm_token": {method: "authorize", request: []func(*payment.Request){func(r *payment.Request) {
			r.Input = payment.Data{"confirmation_token": "ctoken_1NnQUf2eZvKYlo2CIObdtbnb", "payment_method": "pm_card_visa", "amount": 1}
		}}},
		"confirm_saved": {method: "authorize", request: []func(*payment.Request){context},
			answers: []answer{{body: intent(object{"status": "requires_confirmation", "payment_method": "pm_1MqLiJLkdIwHu7ixUEgbFdYF"})}}},
		"confirm_off_session": {method: "authorize", request: []func(*payment.Request){func(r *payment.Request) {
			r.Context = payment.NewPrivate(map[string]any{"customer": "cus_1", "payment_method": "pm_saved", "off_session": true})
			r.Input = payment.Data{"payment_method": "pm_saved"}
		}}},
		"confirm_not_the_kept": {method: "confirm", request: []func(*payment.Request){func(r *payment.Request) {
			r.Context = payment.NewPrivate(map[string]any{"customer": "cus_1", "payment_method": "pm_saved", "off_session": true})
		}}},
		"authorize": {method: "authorize"},
		"cancel":    {method: "cancel"},
		"capture":   {method: "capture"},
		"capture_partial": {method: "capture", config: []func(*stripeprovider.Config){multi, connected}, request: []func(*payment.Request){func(r *payment.Request) {
			r.Data = payment.Data{"amount": "10.99", "multicapture": true}
		}}},
		"capture_whole": {method: "capture", config: []func(*stripeprovider.Config){multi}, request: []func(*payment.Request){func(r *payment.Request) {
			r.Data = payment.Data{"amount": "10.99"}
		}}},
		"refund":       {method: "refund"},
		"status":       {method: "status", config: []func(*stripeprovider.Config){connected}},
		"status_lost":  {method: "status", config: []func(*stripeprovider.Config){connected}, request: []func(*payment.Request){lost}, answers: []answer{found}},
		"capture_lost": {method: "capture", request: []func(*payment.Request){lost}, answers: []answer{found}},
		"many_refunds": {method: "status", config: []func(*stripeprovider.Config){connected},
			answers: []answer{{body: func() object {
				in := capturedIntent(key)
				in["latest_charge"].(object)["refunds"].(object)["has_more"] = true
				return in
			}()}, {body: object{"object": "list", "data": []any{refundOf("re_1", otherKey, "succeeded", 100)}, "has_more": true}},
				{body: object{"object": "list", "data": []any{refundOf("re_2", key, "pending", 200)}, "has_more": false}}}},
	} {
		t.Run(name, func(t *testing.T) {
			last := answer{body: authorizedIntent(nil)}
			if tc.method == "refund" {
				made := refundOf("re_1", key, "succeeded", 1099)
				made["payment_intent"] = capturedIntent(otherKey, refundOf("re_1", key, "succeeded", 1099))
				last = answer{body: made}
			}
			d := newDouble(t, append(tc.answers, last)...)
			_, err := call(t, d.provider(tc.config...), tc.method, request(tc.request...))
			require.NoError(t, err)
			golden(t, "requests/"+name+".txt", d.wire())
		})
	}
}

// TestPinnedVersion fails with a stripe-go that is written for another version of the API: read its changelog, then pin that one.
func TestPinnedVersion(t *testing.T) {
	d := newDouble(t, answer{body: authorizedIntent(nil)})
	_, err := call(t, d.provider(), "status", request())
	require.NoError(t, err)
	require.Equal(t, []string{stripe.APIVersion}, d.requests[0].Header.Values("Stripe-Version"))
}

func TestRefundReasons(t *testing.T) {
	for reason, sent := range map[string]bool{"duplicate": true, "fraudulent": true, "requested_by_customer": true, "": false, "damaged": false} {
		made := refundOf("re_1", key, "succeeded", 1099)
		made["payment_intent"] = capturedIntent(otherKey)
		d := newDouble(t, answer{body: made}, answer{body: capturedIntent(otherKey)})
		_, err := d.provider().Refund(t.Context(), payment.RefundRequest{Request: request(), ReasonCode: reason, Note: "hunter2"})
		require.NoError(t, err)
		asked := d.asked()[0]
		require.Equal(t, sent, strings.Contains(asked, "\n  reason="+reason+"\n") || strings.HasSuffix(asked, "\n  reason="+reason), asked)
		require.NotContains(t, asked, "hunter2")
	}
}

// TestWireAmounts has the examples of https://docs.stripe.com/currencies.
func TestWireAmounts(t *testing.T) {
	for _, tc := range []struct{ amount, currency, wire string }{
		{"10.99", "USD", "1099"},
		{"500", "JPY", "500"},
		{"1.230", "KWD", "1230"},
		{"5.12", "KWD", "5120"},
		{"100", "ISK", "10000"},
		{"5", "ISK", "500"},
		{"100", "UGX", "10000"},
		{"10", "HUF", "1000"},
		{"10.45", "HUF", "1045"},
		{"800.45", "TWD", "80045"},
		{"1500", "MGA", "1500"},
		{"1000000", "VND", "1000000"},
		{"7", "XOF", "7"},
		{"0.99", "EUR", "99"},
	} {
		body := intent(object{"status": "requires_capture", "currency": strings.ToLower(tc.currency), "amount": 1, "amount_capturable": 1, "latest_charge": charge()})
		d := newDouble(t, answer{body: body}, answer{body: body}, answer{body: body})
		p := d.provider()
		r := request(func(r *payment.Request) { r.Amount, r.CurrencyCode = dec(tc.amount), tc.currency })
		for _, method := range []string{"initialize", "update", "capture"} {
			_, err := call(t, p, method, r)
			require.NoError(t, err)
		}
		asked := d.asked()
		require.Contains(t, asked[0], "\n  amount="+tc.wire+"\n", tc)
		require.Contains(t, asked[0], "\n  currency="+strings.ToLower(tc.currency)+"\n")
		require.Contains(t, asked[1], "\n  amount="+tc.wire+"\n", tc)
		require.Contains(t, asked[2], "\n  amount_to_capture="+tc.wire+"\n", tc)
		require.Contains(t, asked[2], "metadata[capture_"+key+"]="+tc.wire)
	}
	for _, tc := range []struct{ amount, currency string }{
		{"1.234", "KWD"}, {"1.2345", "KWD"}, {"100.01", "ISK"}, {"0.5", "UGX"}, {"0.5", "JPY"}, {"1500.20", "MGA"}, {"10.999", "USD"}, {"0", "USD"},
	} {
		d := newDouble(t)
		_, err := call(t, d.provider(), "initialize", request(func(r *payment.Request) { r.Amount, r.CurrencyCode = dec(tc.amount), tc.currency }))
		require.ErrorIs(t, err, payment.ErrNotSent, tc)
		require.Empty(t, d.asked())
	}
}

// TestInput has what a browser may send along, true or not.
func TestInput(t *testing.T) {
	for _, input := range []payment.Data{
		{"payment_method": "card_1", "amount": 1},
		{"payment_method": "pm_"},
		{"payment_method": "pm_1&amount=1"},
		{"payment_method": "pm_1/../../refunds"},
		{"payment_method": "pm_" + strings.Repeat("x", 300)},
		{"payment_method": []any{"pm_card_visa"}},
		{"payment_method": 7},
		{"confirmation_token": "pm_card_visa"},
		{"customer": "cus_1", "off_session": true, "return_url": "https://evil.example"},
	} {
		d := newDouble(t, answer{body: authorizedIntent(nil)})
		_, err := call(t, d.provider(), "authorize", request(func(r *payment.Request) { r.Input = input }))
		require.NoError(t, err)
		asked := d.asked()
		require.Len(t, asked, 1)
		require.True(t, strings.HasPrefix(asked[0], http.MethodGet), asked[0]) // it only reads
	}
}

// TestSavedMethodIsConfirmedOnce sees that a saved payment method is charged only where the intent waits for it.
func TestSavedMethodIsConfirmedOnce(t *testing.T) {
	saved := func(r *payment.Request) { r.Context = payment.NewPrivate(map[string]any{"payment_method": "pm_saved"}) }
	for status, calls := range map[string]int{
		"requires_confirmation": 2, "requires_payment_method": 1, "requires_action": 1, "processing": 1, "requires_capture": 1, "succeeded": 1, "canceled": 1,
	} {
		d := newDouble(t, answer{body: intent(object{"status": status, "payment_method": "pm_saved"})}, answer{body: authorizedIntent(nil)})
		_, err := call(t, d.provider(), "authorize", request(saved))
		require.NoError(t, err)
		asked := d.asked()
		require.Len(t, asked, calls, status)
		require.Equal(t, calls == 2, slices.ContainsFunc(asked, func(s string) bool { return strings.HasPrefix(s, "POST") }))
	}
	// It was tried before: the next try needs Input.
	failed := charge()
	failed["status"] = "failed"
	for _, before := range []object{{"latest_charge": failed}, {"last_payment_error": card("card_declined", "")}} {
		before["status"], before["payment_method"] = "requires_confirmation", "pm_saved"
		d := newDouble(t, answer{body: intent(before)}, answer{body: authorizedIntent(nil)})
		_, err := call(t, d.provider(), "authorize", request(saved))
		require.NoError(t, err)
		require.Len(t, d.asked(), 1)
	}
	// The shopper has chosen another one in the page.
	d := newDouble(t, answer{body: intent(object{"status": "requires_confirmation", "payment_method": "pm_other"})})
	s, err := call(t, d.provider(), "authorize", request(saved))
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotPending, s.State)
	require.Len(t, d.asked(), 1)
}
