package paymenthttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// admin asks as an admin.
func (s *shop) admin(method, path, body string, headers ...string) *reply {
	s.t.Helper()
	return s.as("admin", method, "/admin"+path, body, headers...)
}

// paid pays a cart with a token, and returns its payment.
func (s *shop) paid(cart, token string) string {
	s.t.Helper()
	_, x := s.session(cart, "sandbox")
	return s.pay(cart, x, token).status(200).text("payment.id")
}

func TestCaptureAndRefund(t *testing.T) {
	s := newShop(t, nil)
	p := s.paid("anna", "tok_visa")
	one := s.admin("GET", "/payments/"+p, "").status(200)
	require.Equal(t, "100", fmt.Sprint(one.at("payment.payment_collection.amount")))
	require.Equal(t, "authorized", one.text("payment.payment_session.status"))

	a := s.admin("POST", "/payments/"+p+"/capture", `{"amount":60.5}`, "Idempotency-Key", "k1").status(200)
	require.Equal(t, "60.5", fmt.Sprint(a.at("payment.captured_amount")))
	require.Equal(t, "ada", a.text("payment.captures.0.created_by"))
	s.admin("POST", "/payments/"+p+"/capture", `{"amount":60.5}`, "Idempotency-Key", "k1").status(200)
	s.admin("POST", "/payments/"+p+"/capture", `{"amount":60}`, "Idempotency-Key", "k1").status(409, "idempotency_mismatch")
	require.Equal(t, "39.5", s.gateway.Intents()[0].Capturable.String(), "the same key is the same capture")
	a = s.admin("POST", "/payments/"+p+"/capture", `{"amount":39.51}`).status(400, "amount_exceeded")
	require.Equal(t, "amount", a.text("field"))
	s.admin("POST", "/payments/"+p+"/capture", "").status(200)

	why := s.admin("POST", "/refund-reasons", `{"code":"damaged","label":"It was damaged"}`).status(200).text("refund_reason.id")
	a = s.admin("POST", "/payments/"+p+"/refund", `{"amount":10,"refund_reason_id":"`+why+`","note":"sorry"}`).status(200)
	require.Equal(t, why, a.text("payment.refunds.0.refund_reason_id"))
	require.Equal(t, "10", fmt.Sprint(a.at("payment.refunded_amount")))
	require.Equal(t, "refund_reason_id", s.admin("POST", "/payments/"+p+"/refund", `{"refund_reason_id":"refr_1"}`).status(400, "invalid").text("field"))
	for _, amount := range []string{`"10"`, `1e1`, `10.001`, `-1`, `0`, `true`, `{}`, `99999999999999999999999999999999999999999999999999999999999999999`} {
		require.Equal(t, "amount", s.admin("POST", "/payments/"+p+"/refund", `{"amount":`+amount+`}`).status(400).text("field"), amount)
	}
	s.admin("POST", "/payments/"+p+"/cancel", "").status(400, "not_allowed")
	require.Equal(t, "10", s.gateway.Intents()[0].Refunded.String())

	list := s.admin("GET", "/payments?limit=5&order=-created_at&provider_id=sandbox&fields=id", "").status(200)
	require.Equal(t, p, list.text("payments.0.id"))
	require.Equal(t, "1", fmt.Sprint(list.at("count")))
	require.Equal(t, "5", fmt.Sprint(list.at("limit")))
	s.admin("GET", "/payments?status=captured", "").status(400, "invalid")
	require.Empty(t, s.admin("GET", "/payments?payment_session_id=payses_0", "").status(200).at("payments"))
}

// A payment is shown with its collection, which others change.
func TestAPaymentsVersionIsItsCollections(t *testing.T) {
	s := newShop(t, nil)
	p := s.paid("anna", "tok_visa")
	tag := s.admin("GET", "/payments/"+p, "").status(200).Header().Get("ETag")
	s.admin("GET", "/payments/"+p, "", "If-None-Match", tag).status(304)
	s.setPrice("anna", "120.00")
	s.collection("anna")
	a := s.admin("GET", "/payments/"+p, "", "If-None-Match", tag).status(200)
	require.Equal(t, "120", fmt.Sprint(a.at("payment.payment_collection.amount")))
}

func TestCancelAPayment(t *testing.T) {
	s := newShop(t, nil)
	p := s.paid("anna", "tok_visa")
	a := s.admin("POST", "/payments/"+p+"/cancel", "{}").status(200)
	require.NotNil(t, a.at("payment.canceled_at"))
	s.admin("POST", "/payments/"+p+"/capture", "{}").status(400, "canceled")
	s.admin("GET", "/payments/pay_unknown", "").status(404, "not_found")
}

func TestAnOutcomeThatIsNotKnown(t *testing.T) {
	s := newShop(t, nil)
	p := s.paid("anna", "tok_visa")
	s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	a := s.admin("POST", "/payments/"+p+"/capture", `{}`, "Idempotency-Key", "k").status(202, "outcome_unknown")
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	require.Equal(t, p, a.text("payment.id"))
	open := s.admin("GET", "/operations?state=open", "").status(200)
	require.Equal(t, "capture", open.text("operations.0.kind"))
	s.gateway.FailNext(sandboxprovider.MethodRetrieve, sandboxprovider.Fault{Kind: sandboxprovider.FaultRequestLost})
	a = s.admin("POST", "/payments/"+p+"/refund", `{}`, "Idempotency-Key", "another").status(202, "in_progress") // it has not begun
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	require.Equal(t, p, a.text("payment.id"))
	require.Len(t, s.admin("GET", "/operations?state=open", "").status(200).at("operations"), 1)
	s.admin("POST", "/operations/"+open.text("operations.0.id")+"/resolve", `{"outcome":"ask"}`).status(400, "not_allowed")
	s.gateway.FailNext(sandboxprovider.MethodRefund, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
	s.admin("POST", "/payments/"+p+"/capture", `{}`, "Idempotency-Key", "k").status(200)
	require.Equal(t, "100", s.gateway.Intents()[0].Captured.String(), "taken once")
	a = s.admin("POST", "/payments/"+p+"/refund", `{}`).status(503, "not_sent")
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	require.NotContains(t, a.Body.String(), "sandbox gateway", "no gateway's words")
}

func TestRequestAPayment(t *testing.T) {
	s := newShop(t, nil)
	a := s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`, "Idempotency-Key", "k").status(200)
	c := a.text("payment_collection.id")
	require.Equal(t, c, s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`, "Idempotency-Key", "k").status(200).text("payment_collection.id"))
	require.NotEqual(t, c, s.admin("POST", "/payment-collections", `{"order_id":"order_2","amount":12.5}`, "Idempotency-Key", "k").status(200).text("payment_collection.id"))
	s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.555}`).status(400, "invalid")
	s.admin("POST", "/payment-collections", `{"order_id":"nobody's","amount":1}`).status(404)
	s.admin("POST", "/payment-collections", `{"order_id":"order_1"}`).status(400, "invalid")

	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"order_id":"order_2"}`).status(400, "invalid")
	a = s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"order_id":"order_1"}`).status(200)
	require.Equal(t, "completed", a.text("payment_collection.status"))
	require.Equal(t, "manual", a.text("payment_collection.payments.0.provider_id"))
	a = s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"order_id":"order_1"}`).status(200)
	require.Len(t, a.at("payment_collection.payments"), 1, "a repeat records nothing")
	require.Contains(t, s.admin("GET", "/payment-collections/"+c+"/timeline", "").status(200).Body.String(), "capture")

	c = s.admin("POST", "/payment-collections", `{"order_id":"order_3","amount":7}`).status(200).text("payment_collection.id")
	a = s.admin("POST", "/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`).status(200)
	require.Equal(t, "7", fmt.Sprint(a.at("payment_collection.payment_sessions.0.amount")))
	a = s.admin("DELETE", "/payment-collections/"+c, "").status(200)
	require.Equal(t, map[string]any{"id": c, "object": "payment-collection", "deleted": true}, a.json)
	s.admin("GET", "/payment-collections/"+c, "").status(404)
	require.Equal(t, "canceled", string(s.gateway.Intents()[0].Status))
}

// A mark-as-paid that was cut off after the authorization goes on where it stopped.
func TestMarkAsPaidIsRepeated(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) { cfg.ManualProvider = "sandbox" })
	c := s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`).status(200).text("payment_collection.id")
	s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(503, "not_sent")
	a := s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(200)
	require.Equal(t, "completed", a.text("payment_collection.status"))
	for _, who := range []string{"ada", "bob"} { // a double click, and somebody who has not seen it
		again := s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`, "Admin", who).status(200)
		require.Equal(t, a.at("payment_collection"), again.at("payment_collection"))
	}
	require.Len(t, s.gateway.Intents(), 1)
	require.Equal(t, "12.5", s.gateway.Intents()[0].Captured.String())

	// What was given back since, or came by another way, is not paid again by that.
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"provider_id":"other"}`).status(400, "not_allowed")
	s.admin("POST", "/payments/"+a.text("payment_collection.payments.0.id")+"/refund", `{"amount":1}`).status(200)
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(400, "not_allowed")

	// Nor is what a shopper has paid something that staff has recorded.
	shoppers, x := s.session("anna", "sandbox")
	p := s.pay("anna", x, "tok_visa").status(200).text("payment.id")
	s.admin("POST", "/payments/"+p+"/capture", "").status(200)
	s.admin("POST", "/payment-collections/"+shoppers+"/mark-as-paid", `{}`).status(400, "not_allowed")
}

// Money that came another way may have come by another way than the one that was tried first, and again after it was given up.
func TestMarkAsPaidAnotherWay(t *testing.T) {
	s := newShop(t, nil)
	c := s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`).status(200).text("payment_collection.id")
	paid := "/payment-collections/" + c + "/mark-as-paid"
	s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
	s.admin("POST", paid, `{"provider_id":"sandbox"}`).status(503, "not_sent")
	s.other.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
	s.admin("POST", paid, `{"provider_id":"other"}`).status(503, "not_sent")
	p := s.admin("GET", "/payments?payment_collection_id="+c, "").status(200).text("payments.0.id")
	s.admin("POST", "/payments/"+p+"/cancel", "").status(200)
	a := s.admin("POST", paid, `{"provider_id":"other"}`).status(200)
	require.Equal(t, "completed", a.text("payment_collection.status"))
	require.Equal(t, "12.5", fmt.Sprint(a.at("payment_collection.captured_amount")))
}

// challenging is a provider whose shopper must act first, whatever comes.
type challenging struct{ *sandboxprovider.Provider }

func (p challenging) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	r.Input = payment.Data{"token": sandboxprovider.Token3DS}
	return p.Provider.Authorize(ctx, r)
}

func TestMarkAsPaidWithAProviderThatNeedsTheShopper(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) {
		var err error
		cfg.Service, err = payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{
			challenging{sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})},
		}})
		require.NoError(t, err)
	})
	c := s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`).status(200).text("payment_collection.id")
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"provider_id":"sandbox"}`).status(400, "requires_more")
}

func TestRefundReasonsAndProviders(t *testing.T) {
	s := newShop(t, nil)
	id := s.admin("POST", "/refund-reasons", `{"code":"late","label":"Too late","description":"It came late","metadata":{"n":1}}`).status(200).text("refund_reason.id")
	require.Equal(t, "late", s.admin("GET", "/refund-reasons/"+id, "").status(200).text("refund_reason.code"))
	a := s.admin("POST", "/refund-reasons/"+id, `{"label":"Much too late"}`).status(200)
	require.Equal(t, "It came late", a.text("refund_reason.description"), "what is not named stays")
	require.Len(t, s.admin("GET", "/refund-reasons?limit=1", "").status(200).at("refund_reasons"), 1)
	s.admin("POST", "/refund-reasons", `{"code":"late","label":"x"}`).status(400, "invalid")
	s.admin("POST", "/refund-reasons", `{"label":"x"}`).status(400, "invalid")
	s.admin("DELETE", "/refund-reasons/"+id, "").status(200)
	s.admin("GET", "/refund-reasons/"+id, "").status(404)
	require.Empty(t, s.admin("GET", "/refund-reasons", "").status(200).at("refund_reasons"))

	require.Len(t, s.admin("GET", "/payments/payment-providers", "").status(200).at("payment_providers"), 4)
	s.admin("POST", "/payment-providers/other", `{"is_enabled":false}`).status(200)
	s.admin("POST", "/payment-providers/nobody", `{"is_enabled":false}`).status(404)
	s.admin("POST", "/payment-providers/other", `{}`).status(400, "invalid")
	require.Len(t, s.as("anna", "GET", "/store/payment-providers", "").at("payment_providers"), 3)
	require.Len(t, s.admin("GET", "/payments/payment-providers?limit=2&offset=3", "").at("payment_providers"), 1)
	c := s.collection("anna")
	s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"other"}`).status(400, "invalid")
}

// Whoever may not do it does not learn whether it is there, before or after.
func TestAdminsAreAsked(t *testing.T) {
	asked := map[paymenthttp.Action]bool{}
	s := newShop(t, func(cfg *paymenthttp.Config) {
		may := cfg.Authorize
		cfg.Authorize = func(r *http.Request, a paymenthttp.Action, sub paymenthttp.Subject) error {
			asked[a] = true
			if r.Header.Get("Role") == "clerk" {
				return paymenthttp.ErrForbidden
			}
			return may(r, a, sub)
		}
	})
	p := s.paid("anna", "tok_visa")
	c := s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`).status(200).text("payment_collection.id")
	before := len(s.gateway.Requests())
	for _, call := range [][3]string{
		{"GET", "/payments"}, {"GET", "/payments/" + p}, {"POST", "/payments/" + p + "/capture"}, {"POST", "/payments/" + p + "/refund"},
		{"POST", "/payments/" + p + "/cancel"}, {"GET", "/payments/payment-providers"}, {"POST", "/payment-providers/other", `{"is_enabled":false}`},
		{"POST", "/payment-collections", `{"order_id":"order_1","amount":1}`}, {"GET", "/payment-collections/" + c}, {"DELETE", "/payment-collections/" + c},
		{"POST", "/payment-collections/" + c + "/payment-sessions", `{"provider_id":"manual"}`}, {"POST", "/payment-collections/" + c + "/mark-as-paid"},
		{"GET", "/payment-collections/" + c + "/timeline"}, {"GET", "/refund-reasons"}, {"POST", "/refund-reasons", `{"code":"a","label":"b"}`},
		{"GET", "/refund-reasons/x"}, {"POST", "/refund-reasons/x"}, {"DELETE", "/refund-reasons/x"}, {"GET", "/operations"}, {"POST", "/operations/x/resolve"},
		{"GET", "/openapi.json"},
	} {
		s.as("", call[0], "/admin"+call[1], call[2]).status(401, "unauthenticated")
		s.admin(call[0], call[1], call[2], "Role", "clerk").status(403, "forbidden")
	}
	require.Len(t, s.gateway.Requests(), before)
	for _, a := range []paymenthttp.Action{
		paymenthttp.ActionListPayments, paymenthttp.ActionReadPayment, paymenthttp.ActionCapturePayment, paymenthttp.ActionRefundPayment,
		paymenthttp.ActionCancelPayment, paymenthttp.ActionListProviders, paymenthttp.ActionSetProvider, paymenthttp.ActionRequestPayment,
		paymenthttp.ActionReadCollection, paymenthttp.ActionDeleteCollection, paymenthttp.ActionCreateSession, paymenthttp.ActionMarkAsPaid,
		paymenthttp.ActionReadTimeline, paymenthttp.ActionReadReasons, paymenthttp.ActionChangeReasons, paymenthttp.ActionListOperations,
		paymenthttp.ActionResolveOperation, paymenthttp.ActionReadDocument,
	} {
		require.True(t, asked[a], a)
	}
}

func TestHandlersThatCannotBeBuilt(t *testing.T) {
	s := newShop(t, nil)
	build := map[string]func(paymenthttp.Config) (http.Handler, error){
		"storefront": paymenthttp.Storefront, "admin": paymenthttp.Admin, "webhooks": paymenthttp.Webhooks,
	}
	for _, tt := range []struct {
		spoil    func(*paymenthttp.Config)
		field    string
		handlers []string
	}{
		{func(c *paymenthttp.Config) { c.Service = nil }, "Service", []string{"storefront", "admin", "webhooks"}},
		{func(c *paymenthttp.Config) { c.Authorize = nil }, "Authorize", []string{"storefront", "admin"}},
		{func(c *paymenthttp.Config) { c.ResolveCart = nil }, "ResolveCart", []string{"storefront"}},
		{func(c *paymenthttp.Config) { c.ResolveOrder = nil }, "ResolveOrder", []string{"admin"}},
		{func(c *paymenthttp.Config) { c.ReturnURLs = []string{"shop.example"} }, "ReturnURLs", []string{"storefront", "admin"}},
		{func(c *paymenthttp.Config) { c.ReturnURLs = []string{"https://shop.example"} }, "ReturnURLs", []string{"storefront"}},
		{func(c *paymenthttp.Config) { c.TrustedOrigins = []string{"shop.example/x"} }, "TrustedOrigins", []string{"storefront", "admin"}},
		{func(c *paymenthttp.Config) { c.Timeout = -1 }, "Timeout", []string{"storefront", "admin", "webhooks"}},
		{func(c *paymenthttp.Config) { c.StaffProviders = []string{"manual", "Manual"} }, "StaffProviders", []string{"storefront", "admin"}},
		{func(c *paymenthttp.Config) { c.ManualProvider = "cahs" }, "ManualProvider", []string{"storefront", "admin"}},
	} {
		for _, name := range tt.handlers {
			cfg := s.cfg
			tt.spoil(&cfg)
			_, err := build[name](cfg)
			var invalid *payment.InvalidError
			require.ErrorAs(t, err, &invalid, name)
			require.Equal(t, tt.field, invalid.Field, name)
		}
	}
	_, err := paymenthttp.Webhooks(paymenthttp.Config{Service: s.svc})
	require.NoError(t, err)
}

// Whether a provider is left to shoppers by mistake cannot be told without the store: nothing is built then.
func TestNamesThatCannotBeCompared(t *testing.T) {
	s := newShop(t, nil)
	svc, err := payment.NewService(unsettled{memstore.New()}, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	require.NoError(t, err)
	cfg := s.cfg
	cfg.Service = svc
	_, err = paymenthttp.Storefront(cfg)
	require.NoError(t, err, "there is no name to compare")
	cfg.StaffProviders = []string{"manual"}
	_, err = paymenthttp.Storefront(cfg)
	require.ErrorIs(t, err, errUnsettled)
}

// unsettled is a store whose settings cannot be read.
type unsettled struct{ payment.Store }

var errUnsettled = errors.New("no such table")

func (unsettled) Settings(context.Context) (*payment.Settings, error) { return nil, errUnsettled }
