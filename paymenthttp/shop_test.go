package paymenthttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// shop is a backend whose shoppers are called by the header Shopper, each with the cart of that name.
type shop struct {
	t       testing.TB
	svc     *payment.Service
	gateway *sandboxprovider.Gateway
	other   *sandboxprovider.Gateway
	browser *sandboxprovider.Gateway // where the shopper's browser confirms
	cfg     paymenthttp.Config
	handler http.Handler
	log     *logged

	mu    sync.Mutex
	price map[string]string // of carts
}

// logged is a log that several requests write.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const hostSecret = "what-the-host-tells-providers"

func newShop(t testing.TB, change func(*paymenthttp.Config)) *shop {
	t.Helper()
	s := &shop{t: t, log: &logged{}, price: map[string]string{"anna": "100.00", "ben": "30.00"}}
	s.gateway = sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	s.other = sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	s.browser = sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	var err error
	s.svc, err = payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{
		sandboxprovider.New(s.gateway, sandboxprovider.Config{}), sandboxprovider.New(s.other, sandboxprovider.Config{ID: "other"}),
		sandboxprovider.New(s.browser, sandboxprovider.Config{ID: "browser", ClientConfirms: true}), manualprovider.New(),
	}})
	require.NoError(t, err)
	s.cfg = paymenthttp.Config{
		Service: s.svc, Logger: slog.New(slog.NewTextHandler(s.log, nil)), ReturnURLs: []string{"https://shop.example/checkout/"},
		Authorize: s.authorize, ResolveCart: s.cart, ResolveOrder: s.order,
		Actor: func(r *http.Request) string { return r.Header.Get("Admin") },
	}
	if change != nil {
		change(&s.cfg)
	}
	storefront, err := paymenthttp.Storefront(s.cfg)
	require.NoError(t, err)
	admin, err := paymenthttp.Admin(s.cfg)
	require.NoError(t, err)
	hooks, err := paymenthttp.Webhooks(s.cfg)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/store/", storefront)
	mux.Handle("/admin/", admin)
	mux.Handle("/hooks/", hooks)
	s.handler = mux
	return s
}

func (s *shop) authorize(r *http.Request, action paymenthttp.Action, subject paymenthttp.Subject) error {
	switch {
	case r.Header.Get("Admin") != "":
		return nil
	case strings.HasPrefix(r.URL.Path, "/admin/"):
		return paymenthttp.ErrUnauthenticated
	case action == paymenthttp.ActionListProviders:
		return nil
	case subject.CartID == "" || subject.CartID != r.Header.Get("Shopper"):
		return paymenthttp.ErrForbidden
	}
	return nil
}

func (s *shop) cart(_ context.Context, _ *http.Request, id string) (paymenthttp.Cart, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	price := s.price[id]
	if price == "" {
		return paymenthttp.Cart{}, payment.ErrNotFound
	}
	return paymenthttp.Cart{Amount: decimal.RequireFromString(price), CurrencyCode: "EUR",
		Context: payment.NewPrivate(payment.Data{"email": hostSecret})}, nil
}

func (s *shop) order(_ context.Context, _ *http.Request, id string) (paymenthttp.Order, error) {
	if !strings.HasPrefix(id, "order_") {
		return paymenthttp.Order{}, payment.ErrNotFound
	}
	return paymenthttp.Order{CurrencyCode: "EUR"}, nil
}

func (s *shop) setPrice(cart, price string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.price[cart] = price
}

// reply is an answer, with its JSON.
type reply struct {
	*httptest.ResponseRecorder
	t    testing.TB
	json map[string]any
}

// as is who asks: a shopper's cart, or admin.
func (s *shop) as(who, method, path, body string, headers ...string) *reply {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who == "admin" {
		r.Header.Set("Admin", "ada")
	} else if who != "" {
		r.Header.Set("Shopper", who)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.do(r)
}

func (s *shop) do(r *http.Request) *reply {
	s.t.Helper()
	a := &reply{ResponseRecorder: httptest.NewRecorder(), t: s.t}
	sent, err := io.ReadAll(r.Body)
	require.NoError(s.t, err)
	r.Body = io.NopCloser(bytes.NewReader(sent))
	header := r.Header.Clone()
	s.handler.ServeHTTP(a.ResponseRecorder, r)
	if path := os.Getenv("PAYMENT_HTTP_EXCHANGES"); path != "" {
		s.note(path, map[string]any{
			"test": s.t.Name(), "method": r.Method, "url": r.URL.String(), "header": header, "body": sent,
			"status": a.Code, "answer_header": a.Header(), "answer": a.Body.Bytes(),
		})
	}
	if a.Body.Len() > 0 {
		dec := json.NewDecoder(bytes.NewReader(a.Body.Bytes()))
		dec.UseNumber()
		require.NoError(s.t, dec.Decode(&a.json), a.Body.String())
	}
	for _, i := range append(s.gateway.Intents(), s.other.Intents()...) {
		require.NotContains(s.t, a.Body.String(), i.Secret, "what a provider keeps to itself")
	}
	require.NotContains(s.t, a.Body.String(), hostSecret)
	require.NotContains(s.t, s.log.String(), hostSecret)
	return a
}

// note appends an exchange to a file, as a line of JSON: verification/openapi holds them against the OpenAPI document.
func (s *shop) note(path string, exchange map[string]any) {
	s.t.Helper()
	b, err := json.Marshal(exchange)
	require.NoError(s.t, err)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	_, err = f.Write(append(b, '\n')) // in one piece: others write, too
	require.NoError(s.t, err)
	require.NoError(s.t, f.Close())
}

// status requires a status, and with an error its code.
func (a *reply) status(status int, code ...string) *reply {
	a.t.Helper()
	require.Equal(a.t, status, a.Code, a.Body.String())
	if len(code) > 0 {
		require.Equal(a.t, code[0], a.json["code"], a.Body.String())
	}
	return a
}

// at returns what stands at a path such as payment_collection.payment_sessions.0.id.
func (a *reply) at(path string) any {
	a.t.Helper()
	var v any = a.json
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			v, ok = x[name]
			require.True(a.t, ok, "%s has no %s: %s", path, name, a.Body)
		case []any:
			require.NotEmpty(a.t, x, "%s: %s", path, a.Body)
			v = x[name[0]-'0']
		default:
			require.Fail(a.t, "nothing at "+path, a.Body.String())
		}
	}
	return v
}

func (a *reply) text(path string) string {
	a.t.Helper()
	text, ok := a.at(path).(string)
	require.True(a.t, ok, "%s: %s", path, a.Body)
	return text
}

// collection begins to pay a cart.
func (s *shop) collection(cart string) string {
	s.t.Helper()
	return s.as(cart, "POST", "/store/payment-collections", `{"cart_id":"`+cart+`"}`).status(200).text("payment_collection.id")
}

// session chooses a provider.
func (s *shop) session(cart, provider string) (collection, session string) {
	s.t.Helper()
	collection = s.collection(cart)
	a := s.as(cart, "POST", "/store/payment-collections/"+collection+"/payment-sessions", `{"provider_id":"`+provider+`"}`).status(200)
	sessions := a.at("payment_collection.payment_sessions").([]any)
	return collection, sessions[len(sessions)-1].(map[string]any)["id"].(string)
}

// pay authorizes a session with a token.
func (s *shop) pay(cart, session, token string) *reply {
	s.t.Helper()
	return s.as(cart, "POST", "/store/payment-sessions/"+session+"/authorize", `{"data":{"token":"`+token+`"}}`)
}
