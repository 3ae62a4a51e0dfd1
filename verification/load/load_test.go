package load

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/seed40c892db/payment/verification/stores"
)

var (
	limit = flag.Duration("load", time.Second, "how long each load lasts")
	bars  = flag.Bool("bars", false, "require what a machine of two cores that does nothing else reaches; else a small part of it")
)

// require requires a rate and a p99; or a small part of the rate, as the machine may be busy and the race detector at work.
func (f figures) require(t *testing.T, rate float64, p99 time.Duration) {
	t.Helper()
	t.Log(f)
	if !*bars {
		require.GreaterOrEqual(t, f.rate(), rate/100, "requests/s")
		return
	}
	require.GreaterOrEqual(t, f.rate(), rate, "requests/s")
	require.LessOrEqual(t, f.P99, p99, "p99")
}

// shop is a backend whose shoppers name their cart in a header.
func shop(t *testing.T, store payment.Store, gateway *sandboxprovider.Gateway) (*payment.Service, http.Handler) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	svc, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{})}, Logger: quiet})
	require.NoError(t, err)
	cfg := paymenthttp.Config{
		Service: svc, Logger: quiet,
		Authorize: func(r *http.Request, _ paymenthttp.Action, subject paymenthttp.Subject) error {
			if subject.CartID == "" || subject.CartID != r.Header.Get("Cart") {
				return paymenthttp.ErrForbidden
			}
			return nil
		},
		ResolveCart: func(context.Context, *http.Request, string) (paymenthttp.Cart, error) {
			return paymenthttp.Cart{Amount: decimal.RequireFromString("100.10"), CurrencyCode: "EUR",
				Context: payment.NewPrivate(payment.Data{"email": "anna@example.com"})}, nil
		},
	}
	storefront, err := paymenthttp.Storefront(cfg)
	require.NoError(t, err)
	hooks, err := paymenthttp.Webhooks(cfg)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/store/", storefront)
	mux.Handle("/hooks/", hooks)
	return svc, mux
}

// Shoppers look at their collection, choose the provider that they have chosen, and poll their session.
func TestStorefront(t *testing.T) {
	svc, handler := shop(t, memstore.New(), sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}))
	url, client := serve(t, handler)
	var mixes [clients][]request
	for i := range mixes {
		cart := fmt.Sprint("cart_", i)
		header := http.Header{"Cart": {cart}, "Content-Type": {"application/json"}}
		require.NoError(t, send(t.Context(), client, request{"POST", url + "/store/payment-collections", `{"cart_id":"` + cart + `"}`, header}))
		collection := svc.CollectionID("cart " + cart)
		choose := request{"POST", url + "/store/payment-collections/" + collection + "/payment-sessions", `{"provider_id":"sandbox"}`, header}
		require.NoError(t, send(t.Context(), client, choose))
		sessions, err := svc.ListSessions(t.Context(), payment.ListParams{CollectionID: collection})
		require.NoError(t, err)
		mixes[i] = []request{
			{"GET", url + "/store/payment-collections/" + collection, "", header}, choose,
			{"GET", url + "/store/payment-sessions/" + sessions.Items[0].ID, "", header},
		}
	}
	f := drive(t, client, *limit, func(client, n int) (request, bool) { return mixes[client][n%3], true })
	f.require(t, 2000, 50*time.Millisecond)
}

// A gateway sends messages about a hundred sessions: each is verified, stored, and acknowledged.
func TestWebhooks(t *testing.T) {
	for _, tt := range []struct {
		name string
		rate float64
		open func(t *testing.T) payment.Store
	}{
		{"memory", 2000, func(*testing.T) payment.Store { return memstore.New() }},
		{"SQLite", 800, func(t *testing.T) payment.Store { return stores.NewSQLite(t, false) }},
		{"PostgreSQL", 1500, func(t *testing.T) payment.Store { return stores.NewPostgres(t, stores.Server(t, true)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
			svc, handler := shop(t, tt.open(t), gateway)
			url, client := serve(t, handler)
			bodies := told(t, svc, gateway)
			f := drive(t, client, *limit, func(client, n int) (request, bool) {
				body := maps.Clone(bodies[(client+n*clients)%len(bodies)])
				body["id"] = fmt.Sprintf("evt_%d_%d", client, n) // of this client alone
				b, err := json.Marshal(body)
				if err != nil {
					panic(err)
				}
				hook := gateway.SignWebhook(b, time.Now())
				return request{"POST", url + "/hooks/payment/sandbox", string(hook.Body), hook.Header}, true
			})
			f.require(t, tt.rate, time.Second)
		})
	}
}

// told returns messages about a hundred sessions, each of which its gateway has told about.
func told(t *testing.T, svc *payment.Service, gateway *sandboxprovider.Gateway) []map[string]any {
	t.Helper()
	for range 100 {
		amount := decimal.RequireFromString("10")
		c, err := svc.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: amount})
		require.NoError(t, err)
		x, err := svc.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: amount})
		require.NoError(t, err)
		_, err = svc.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: payment.Data{"token": "tok_visa"}})
		require.NoError(t, err)
	}
	hooks := gateway.Webhooks()
	require.GreaterOrEqual(t, len(hooks), 100)
	var bodies []map[string]any
	for _, hook := range hooks {
		var body map[string]any
		require.NoError(t, json.Unmarshal(hook.Body, &body))
		bodies = append(bodies, body)
	}
	return bodies
}
