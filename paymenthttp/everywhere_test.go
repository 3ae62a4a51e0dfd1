package paymenthttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// call is one thing that can be asked, well formed.
type call struct{ method, path, body string }

// everyCall is all that can be asked of the storefront and of the admin, but for the storefront's document, which nothing can get in the way of.
func everyCall(collection, session, pay, reason string) []call {
	ids := strings.NewReplacer("{c}", collection, "{x}", session, "{p}", pay, "{r}", reason)
	calls := []call{
		{"GET", "/store/payment-providers", ""},
		{"POST", "/store/payment-collections", `{"cart_id":"anna"}`},
		{"GET", "/store/payment-collections/{c}", ""},
		{"POST", "/store/payment-collections/{c}/payment-sessions", `{"provider_id":"sandbox"}`},
		{"GET", "/store/payment-sessions/{x}", ""},
		{"POST", "/store/payment-sessions/{x}/authorize", `{}`},
		{"POST", "/store/payment-sessions/{x}/cancel", `{}`},
		{"GET", "/admin/payments", ""},
		{"GET", "/admin/payments/payment-providers", ""},
		{"GET", "/admin/payments/{p}", ""},
		{"POST", "/admin/payments/{p}/capture", `{}`},
		{"POST", "/admin/payments/{p}/refund", `{}`},
		{"POST", "/admin/payments/{p}/cancel", `{}`},
		{"POST", "/admin/payment-providers/other", `{"is_enabled":true}`},
		{"POST", "/admin/payment-collections", `{"order_id":"order_1","amount":1}`},
		{"GET", "/admin/payment-collections/{c}", ""},
		{"DELETE", "/admin/payment-collections/{c}", ""},
		{"POST", "/admin/payment-collections/{c}/payment-sessions", `{"provider_id":"sandbox"}`},
		{"POST", "/admin/payment-collections/{c}/mark-as-paid", `{}`},
		{"GET", "/admin/payment-collections/{c}/timeline", ""},
		{"GET", "/admin/refund-reasons", ""},
		{"POST", "/admin/refund-reasons", `{"code":"other","label":"Other"}`},
		{"GET", "/admin/refund-reasons/{r}", ""},
		{"POST", "/admin/refund-reasons/{r}", `{"label":"Other"}`},
		{"DELETE", "/admin/refund-reasons/{r}", ""},
		{"GET", "/admin/operations", ""},
		{"POST", "/admin/operations/op_1/resolve", `{"outcome":"ask"}`},
		{"GET", "/admin/openapi.json", ""},
	}
	for i := range calls {
		calls[i].path = ids.Replace(calls[i].path)
	}
	return calls
}

// everyone returns a shop, and all that can be asked of what is there.
func everyone(t *testing.T, change func(*paymenthttp.Config)) (*shop, []call) {
	t.Helper()
	s := newShop(t, change)
	c, x := s.session("anna", "sandbox")
	reason := s.admin("POST", "/refund-reasons", `{"code":"late","label":"Too late"}`).status(200).text("refund_reason.id")
	return s, everyCall(c, x, s.paid("ben", "tok_visa"), reason)
}

func (s *shop) ask(c call, headers ...string) *reply {
	s.t.Helper()
	who := "anna"
	if strings.HasPrefix(c.path, "/admin/") {
		who = "admin"
	}
	return s.as(who, c.method, c.path, c.body, headers...)
}

// Whatever the host's code does, a client hears that it is not its fault, and when to come again.
func TestTroubleEverywhere(t *testing.T) {
	s, calls := everyone(t, func(cfg *paymenthttp.Config) {
		may := cfg.Authorize
		cfg.Authorize = func(r *http.Request, a paymenthttp.Action, sub paymenthttp.Subject) error {
			switch r.Header.Get("Trouble") {
			case "error":
				return errors.New("down")
			case "panic":
				panic("broken")
			}
			return may(r, a, sub)
		}
	})
	before := len(s.gateway.Requests())
	for _, c := range calls {
		s.ask(c, "Trouble", "error").status(503, "unavailable")
		s.ask(c, "Trouble", "panic").status(500, "unexpected")
	}
	require.Len(t, s.gateway.Requests(), before)
}

func TestBodiesThatAreNoGoodEverywhere(t *testing.T) {
	s, calls := everyone(t, nil)
	for _, c := range calls {
		switch {
		case c.method != "POST":
			continue
		case strings.Contains(c.path, "/payment-sessions/"):
			s.ask(call{c.method, c.path, `{"amount":1}`}).status(400, "invalid")
		}
		s.ask(c, "Content-Type", "text/plain").status(415, "unsupported_media_type")
		s.ask(call{c.method, c.path, `{"data":"` + strings.Repeat("a", 90<<10) + `"}`}).status(413, "too_large")
		s.ask(call{c.method, c.path, `{"nonsense":1}`}).status(400, "invalid")
	}
}

func TestAnotherSitesPageEverywhere(t *testing.T) {
	s, calls := everyone(t, nil)
	for _, c := range calls {
		if c.method != "GET" {
			s.ask(c, "Sec-Fetch-Site", "cross-site").status(403, "cross_origin")
		}
	}
}

func TestWhatIsNotThereEverywhere(t *testing.T) {
	s, _ := everyone(t, func(cfg *paymenthttp.Config) {
		may := cfg.Authorize
		cfg.Authorize = func(r *http.Request, a paymenthttp.Action, sub paymenthttp.Subject) error {
			if r.Header.Get("Shopper") == "nobody" {
				return paymenthttp.ErrForbidden
			}
			return may(r, a, sub)
		}
	})
	none := strings.Repeat("0", 32)
	for _, c := range everyCall("paycol_"+none, "payses_"+none, "pay_"+none, "refr_"+none) {
		if strings.Contains(c.path, none) || strings.Contains(c.path, "op_1") {
			s.ask(c).status(404, "not_found")
		}
	}
	s.as("nobody", "GET", "/store/payment-providers", "").status(404, "not_found")
	s.admin("POST", "/payment-providers/nobody", `{"is_enabled":true}`).status(404, "not_found")
}

func TestQueriesThatAreNoGoodEverywhere(t *testing.T) {
	s := newShop(t, nil)
	for _, list := range []string{"/payments", "/payments/payment-providers", "/refund-reasons", "/operations"} {
		s.admin("GET", list+"?q=x", "").status(400, "invalid")
		for _, broken := range []string{"?limit=%zz", "?payment_collection_id=%zz", "?limit=1;payment_collection_id=x"} { // no filter is passed over
			s.admin("GET", list+broken, "").status(400, "invalid")
		}
	}
	s.admin("GET", "/operations?state=succeeded", "").status(400, "invalid")
	s.paid("anna", "tok_visa")
	for _, empty := range []string{
		"/payments?payment_collection_id=", "/payments?payment_session_id=", "/payments?provider_id=&limit=1", "/payments?provider_id", "/operations?state=",
		"/operations?payment_session_id=", "/operations?payment_collection_id=", "/payments?order=", "/payments?limit=",
	} {
		s.admin("GET", empty, "").status(400, "invalid") // else it would show all of them
	}
	s.as("", "GET", "/admin/openapi.json", "").status(401, "unauthenticated")
}

// Each call that reaches a gateway tells apart what was declined, what has not happened, and what nobody knows; and it can be repeated.
func TestOutcomesEverywhere(t *testing.T) {
	for name, tt := range map[string]struct {
		call   string
		method sandboxprovider.Method
		before func(s *shop) call // brings about what the call needs
	}{
		"a cheaper cart": {"browser", sandboxprovider.MethodUpdate, func(s *shop) call {
			s.session("anna", "browser")
			s.setPrice("anna", "80.00")
			return call{"POST", "/store/payment-collections", `{"cart_id":"anna"}`}
		}},
		"choose": {"sandbox", sandboxprovider.MethodCreate, func(s *shop) call {
			return call{"POST", "/store/payment-collections/" + s.collection("anna") + "/payment-sessions", `{"provider_id":"sandbox"}`}
		}},
		"give up": {"sandbox", sandboxprovider.MethodCancel, func(s *shop) call {
			_, x := s.session("anna", "sandbox")
			return call{"POST", "/store/payment-sessions/" + x + "/cancel", ""}
		}},
		"pay": {"sandbox", sandboxprovider.MethodConfirm, func(s *shop) call {
			_, x := s.session("anna", "sandbox")
			return call{"POST", "/store/payment-sessions/" + x + "/authorize", `{"data":{"token":"tok_visa"}}`}
		}},
		"capture": {"sandbox", sandboxprovider.MethodCapture, func(s *shop) call {
			return call{"POST", "/admin/payments/" + s.paid("anna", "tok_visa") + "/capture", "{}"}
		}},
		"refund": {"sandbox", sandboxprovider.MethodRefund, func(s *shop) call {
			p := s.paid("anna", "tok_visa")
			s.admin("POST", "/payments/"+p+"/capture", "").status(200)
			return call{"POST", "/admin/payments/" + p + "/refund", "{}"}
		}},
		"cancel": {"sandbox", sandboxprovider.MethodCancel, func(s *shop) call {
			return call{"POST", "/admin/payments/" + s.paid("anna", "tok_visa") + "/cancel", "{}"}
		}},
		"delete": {"sandbox", sandboxprovider.MethodCancel, func(s *shop) call {
			c, _ := s.session("anna", "sandbox")
			return call{"DELETE", "/admin/payment-collections/" + c, ""}
		}},
		"choose for an order": {"sandbox", sandboxprovider.MethodCreate, func(s *shop) call {
			return call{"POST", "/admin/payment-collections/" + s.requested() + "/payment-sessions", `{"provider_id":"sandbox"}`}
		}},
		"mark as paid": {"sandbox", sandboxprovider.MethodConfirm, func(s *shop) call {
			return call{"POST", "/admin/payment-collections/" + s.requested() + "/mark-as-paid", `{"provider_id":"sandbox"}`}
		}},
	} {
		for fault, status := range map[sandboxprovider.FaultKind]int{
			sandboxprovider.FaultAnswerLost: 202, sandboxprovider.FaultDeclined: 422, sandboxprovider.FaultConnectionRefused: 503,
		} {
			t.Run(name+" "+string(fault), func(t *testing.T) {
				s := newShop(t, nil)
				c := tt.before(s)
				gateway := map[string]*sandboxprovider.Gateway{"sandbox": s.gateway, "browser": s.browser}[tt.call]
				gateway.FailNext(tt.method, sandboxprovider.Fault{Kind: fault})
				a := s.ask(c).status(status)
				require.Equal(t, status == 422, a.Header().Get("Retry-After") == "", a.Header())
				require.NotContains(t, a.Body.String(), "sandbox gateway", "no gateway's words")
				if status != 422 {
					s.ask(c).status(200)
				}
			})
		}
	}
}

// requested returns a collection for an order.
func (s *shop) requested() string {
	s.t.Helper()
	return s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`).status(200).text("payment_collection.id")
}

func TestAKeyThatWasUsedWithAnotherRequest(t *testing.T) {
	s := newShop(t, nil)
	again := func(path, body, other string) {
		t.Helper()
		a := s.ask(call{"POST", path, body}, "Idempotency-Key", "k")
		require.Less(t, a.Code, 500, a.Body)
		s.ask(call{"POST", path, other}, "Idempotency-Key", "k").status(409, "idempotency_mismatch")
		s.ask(call{"POST", path, other}, "Idempotency-Key", strings.Repeat("k", 201)).status(400, "invalid")
	}
	_, x := s.session("anna", "sandbox")
	again("/store/payment-sessions/"+x+"/authorize", `{"data":{"token":"tok_declined"}}`, `{"data":{"token":"tok_visa"}}`)
	p := s.pay("anna", x, "tok_visa").status(200).text("payment.id")
	again("/admin/payments/"+p+"/capture", `{"amount":2}`, `{"amount":3}`)
	again("/admin/payments/"+p+"/refund", `{"amount":1}`, `{"amount":2}`)
	again("/admin/payment-collections", `{"order_id":"order_1","amount":1}`, `{"order_id":"order_1","amount":2}`)
}

// A key is a collection's: one payment's cancellation is not another's.
func TestAKeyThatCanceledAnotherPayment(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	first := s.pay("anna", x, "tok_visa").status(200).text("payment.id")
	s.setPrice("anna", "120.00")
	_, x = s.session("anna", "other")
	second := s.pay("anna", x, "tok_visa").status(200).text("payment.id")
	s.admin("POST", "/payments/"+first+"/cancel", "", "Idempotency-Key", "k").status(200)
	s.admin("POST", "/payments/"+second+"/cancel", "", "Idempotency-Key", "k").status(409, "idempotency_mismatch")
}

func TestWhatAnAdminReadsOfACollection(t *testing.T) {
	s := newShop(t, nil)
	c := s.requested()
	a := s.admin("GET", "/payment-collections/"+c, "").status(200)
	s.admin("GET", "/payment-collections/"+c, "", "If-None-Match", a.Header().Get("ETag")).status(304)
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", "").status(200)
	s.admin("DELETE", "/payment-collections/"+c, "").status(400, "not_allowed")
	s.admin("POST", "/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`).status(400, "not_allowed")
}

// terminal is a provider that cannot say what became of anything.
type terminal struct{ payment.Provider }

func (terminal) Capture(context.Context, payment.CaptureRequest) (payment.Snapshot, error) {
	return payment.Snapshot{}, errors.New("the line went dead")
}

func TestAnOperationThatNeedsAPerson(t *testing.T) {
	var ahead atomic.Int64
	s := newShop(t, func(cfg *paymenthttp.Config) {
		gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
		var err error
		cfg.Service, err = payment.NewService(memstore.New(), payment.Config{
			Providers: []payment.Provider{terminal{sandboxprovider.New(gateway, sandboxprovider.Config{})}},
			Now:       func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
			Wait:      func(ctx context.Context, d time.Duration) error { ahead.Add(int64(d)); return ctx.Err() },
		})
		require.NoError(t, err)
	})
	p := s.paid("anna", "tok_visa")
	s.admin("POST", "/payments/"+p+"/capture", "").status(202, "outcome_unknown")
	for range 40 {
		ahead.Add(int64(time.Hour))
		_, err := s.cfg.Service.Reconcile(t.Context())
		require.NoError(t, err)
	}
	a := s.admin("POST", "/payments/"+p+"/capture", "").status(202, "needs_attention")
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	op := s.admin("GET", "/operations?state=needs_attention", "").status(200).text("operations.0.id")
	s.admin("POST", "/operations/"+op+"/resolve", `{"outcome":"perhaps"}`).status(400, "invalid")
	a = s.admin("POST", "/operations/"+op+"/resolve", `{"outcome":"accept","note":"it is on the statement"}`).status(200)
	require.Equal(t, "succeeded", a.text("operation.state"))
	require.Contains(t, s.admin("GET", "/payments/"+p, "").status(200).text("payment.captured_at"), "T")
}

// losing is a store that loses messages: it is down, or broken.
type losing struct {
	payment.Store
	how atomic.Value
}

func (d *losing) PutDelivery(ctx context.Context, m *payment.Delivery) error {
	switch d.how.Load() {
	case "down":
		return errors.New("connection refused")
	case "broken":
		panic("broken")
	}
	return d.Store.PutDelivery(ctx, m)
}

// A gateway sends a message again that could not be stored.
func TestAWebhookThatIsNotStored(t *testing.T) {
	store := &losing{Store: memstore.New()}
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	s := newShop(t, func(cfg *paymenthttp.Config) {
		var err error
		cfg.Service, err = payment.NewService(store, payment.Config{Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})}})
		require.NoError(t, err)
	})
	_, x := s.session("anna", "sandbox")
	s.pay("anna", x, "tok_delayed").status(202)
	hook := gateway.Webhooks()[0]
	send := func() *reply {
		r := httptest.NewRequest(http.MethodPost, "/hooks/payment/sandbox", strings.NewReader(string(hook.Body)))
		r.Header = hook.Header
		return s.do(r)
	}
	store.how.Store("down")
	require.NotEmpty(t, send().status(503, "unavailable").Header().Get("Retry-After"))
	store.how.Store("broken")
	send().status(500, "unexpected")
	store.how.Store("")
	send().status(200)
}

// Nobody who has not logged in hears what is there and what is not: the ID of a cart's collection follows from the cart's.
func TestStrangersCannotTellWhatIsThere(t *testing.T) {
	s, there := everyone(t, nil)
	none := strings.Repeat("0", 32)
	for _, all := range [][]call{there, everyCall("paycol_"+none, "payses_"+none, "pay_"+none, "refr_"+none)} {
		for _, c := range all {
			if strings.HasPrefix(c.path, "/admin/") {
				s.as("", c.method, c.path, c.body).status(401, "unauthenticated")
			}
		}
	}
}

// A key may be as long as doc says, whatever it is put together with.
func TestTheLongestKey(t *testing.T) {
	s := newShop(t, nil)
	key, other := strings.Repeat("k", 200), strings.Repeat("k", 199)+"l"
	order := `{"order_id":"order_` + strings.Repeat("x", 194) + `","amount":`
	first := s.admin("POST", "/payment-collections", order+`1}`, "Idempotency-Key", key).status(200).text("payment_collection.id")
	require.Equal(t, first, s.admin("POST", "/payment-collections", order+`1}`, "Idempotency-Key", key).status(200).text("payment_collection.id"))
	s.admin("POST", "/payment-collections", order+`2}`, "Idempotency-Key", key).status(409, "idempotency_mismatch")
	require.NotEqual(t, first, s.admin("POST", "/payment-collections", order+`1}`, "Idempotency-Key", other).status(200).text("payment_collection.id"))
	c, x := s.session("anna", "sandbox")
	s.as("anna", "POST", "/store/payment-sessions/"+x+"/cancel", "").status(200)
	for range 2 {
		a := s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`, "Idempotency-Key", key).status(200)
		require.Len(t, a.at("payment_collection.payment_sessions"), 1)
	}
	require.Len(t, s.gateway.Intents(), 2)
}

func TestAKeyThatChoseAnotherProvider(t *testing.T) {
	for name, split := range map[string]bool{"whole": false, "in parts": true} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, func(cfg *paymenthttp.Config) {
				if split {
					cfg.SplitAmount = func(_ context.Context, _ *http.Request, _ *payment.PaymentCollection, left decimal.Decimal, _ payment.Data) (decimal.Decimal, error) {
						return left, nil
					}
				}
			})
			c := s.collection("anna")
			choose := func(provider string) *reply {
				return s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"`+provider+`"}`, "Idempotency-Key", "k")
			}
			choose("sandbox").status(200)
			choose("other").status(409, "idempotency_mismatch")
			require.Len(t, choose("sandbox").status(200).at("payment_collection.payment_sessions"), 1)
			require.Empty(t, s.other.Intents())
		})
	}
}
