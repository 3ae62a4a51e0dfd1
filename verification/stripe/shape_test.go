package stripe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-mock/embedded"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// shapes holds objects against the schemas of Stripe's OpenAPI.
type shapes struct {
	schemas map[string]map[string]any
}

func newShapes(t *testing.T) *shapes {
	t.Helper()
	var spec struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(embedded.OpenAPISpec, &spec))
	require.NotEmpty(t, spec.Components.Schemas)
	return &shapes{spec.Components.Schemas}
}

// check returns what is wrong with a value of a schema; empty: nothing.
func (s *shapes) check(at string, schema map[string]any, v any) string {
	if ref, ok := schema["$ref"].(string); ok {
		schema = s.schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
	}
	if v == nil {
		if schema["nullable"] == true {
			return ""
		}
		return at + " must not be null"
	}
	if alternatives, ok := schema["anyOf"].([]any); ok {
		wrong := at + " is none of its schemas"
		for _, a := range alternatives {
			if w := s.check(at, a.(map[string]any), v); w == "" {
				return ""
			} else if _, isText := v.(string); !isText {
				wrong = w
			}
		}
		return wrong
	}
	switch kind, _ := schema["type"].(string); kind {
	case "object":
		return s.checkObject(at, schema, v)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return at + " must be a list"
		}
		items, _ := schema["items"].(map[string]any)
		for i, x := range list {
			if w := s.check(fmt.Sprintf("%s[%d]", at, i), items, x); w != "" {
				return w
			}
		}
	case "string":
		text, ok := v.(string)
		if enum, limited := schema["enum"].([]any); !ok || limited && !slices.Contains(enum, any(text)) {
			return fmt.Sprintf("%s must not be %v", at, v)
		}
	case "integer":
		if n, ok := v.(json.Number); !ok || strings.ContainsAny(n.String(), ".eE") {
			return fmt.Sprintf("%s must be a whole number, not %v", at, v)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return at + " must be true or false"
		}
	}
	return ""
}

func (s *shapes) checkObject(at string, schema map[string]any, v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return at + " must be an object"
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, x := range o {
		of, known := properties[name].(map[string]any)
		if !known {
			if more, free := schema["additionalProperties"].(map[string]any); free {
				of, known = more, true
			} else if len(properties) == 0 || name == "source" { // left over from older versions, as in Stripe's own examples
				continue
			}
		}
		if !known {
			return at + "." + name + " is not known"
		}
		if w := s.check(at+"."+name, of, x); w != "" {
			return w
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, there := o[name.(string)]; !there {
			return at + "." + name.(string) + " is missing"
		}
	}
	return ""
}

// answer says what is wrong with the body of an answer, or the object of an event.
func (s *shapes) answer(body []byte) string {
	var o map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return err.Error()
	}
	if e, refused := o["error"]; refused {
		return s.check("error", s.schemas["api_errors"], e)
	}
	kind, _ := o["object"].(string)
	if kind != "list" && kind != "search_result" {
		return s.check(kind, s.schemas[kind], o)
	}
	for _, x := range o["data"].([]any) {
		of, _ := x.(map[string]any)["object"].(string)
		if w := s.check(of, s.schemas[of], x); w != "" {
			return w
		}
	}
	return ""
}

// recorder keeps the answers of the gateway.
type recorder struct {
	mu     sync.Mutex
	bodies map[string][]byte // by what was asked
}

func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close() // it was read
	res.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bodies[fmt.Sprintf("%d %s %s", len(r.bodies), q.Method, q.URL.Path)] = body
	return res, nil
}

// What the gateway answers and tells is what Stripe's OpenAPI says: a provider that is right about the gateway reads Stripe's own objects.
func TestShapes(t *testing.T) {
	t.Parallel()
	s := newShapes(t)
	seen := &recorder{bodies: map[string][]byte{}}
	o := multicapture()
	o.provider = stripeprovider.Config{MultiCapture: true, ReturnURL: "https://shop.example/return", HTTPClient: &http.Client{Transport: seen}}
	w := newWorld(t, "memory", o)
	require.NoError(t, life{w, true}.run())
	for _, method := range []string{
		"pm_card_threeDSecure2Required", "pm_card_chargeDeclined", "pm_card_chargeDeclinedExpiredCard", "pm_card_pendingRefund", "pm_none",
	} {
		x := w.order("10", "usd", payment.Data{"email": "a@shop.example", "description": "d"})
		_, _ = w.authorize(x, payment.Data{"payment_method": method}) // some are refused
		_, err := w.Reconcile(t.Context())
		require.NoError(t, err)
		_, _ = w.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID}) // likewise
	}
	p := w.paid("20", "usd")
	_, err := w.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Final: true})
	require.NoError(t, err)
	x := w.fresh(p.SessionID)
	id, err := w.gateway.RefundAtDashboard(x.Reference, 100)
	require.NoError(t, err)
	require.NoError(t, w.gateway.ReturnRefund(id))
	_, err = w.gateway.Dispute(x.Reference, 100)
	require.NoError(t, err)
	_, err = w.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: p.ID})
	require.Error(t, err)
	x = w.order("10", "usd", nil)
	w.gateway.FailNext(stripetest.OpAny, stripetest.Fault{Kind: stripetest.FaultServerError}, stripetest.Fault{Kind: stripetest.FaultKeyInUse})
	_, err = w.authorize(x, payment.Data{"payment_method": "pm_card_visa"})
	require.Error(t, err)

	o.provider.MultiCapture, o.provider.AutomaticCapture = false, true
	debit := newWorld(t, "memory", o)
	x = debit.order("10", "usd", payment.Data{"shipping": payment.Data{"name": "A", "address": payment.Data{"line1": "1 Way", "country": "US"}}})
	require.NoError(t, debit.gateway.Confirm(debit.secret(x), "pm_usBankAccount"))
	_, err = debit.authorize(x, nil)
	require.ErrorIs(t, err, payment.ErrPending)
	require.NoError(t, debit.gateway.ResolveDelayed(x.Reference, true))
	_, err = debit.authorize(x, nil)
	require.NoError(t, err)

	require.Greater(t, len(seen.bodies), 20)
	for asked, body := range seen.bodies {
		require.Empty(t, s.answer(body), "%s: %s", asked, body)
	}
	for _, e := range append(w.gateway.Events(), debit.gateway.Events()...) {
		var event struct {
			Data struct{ Object json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(e.Body, &event))
		require.Empty(t, s.answer(event.Data.Object), "%s: %s", e.Type, e.Body)
	}
}
