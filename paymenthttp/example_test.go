package paymenthttp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A shopper pays a cart on delivery. Who the shopper is, and what the cart costs, the host says.
func ExampleStorefront() {
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	must(err)
	storefront, err := paymenthttp.Storefront(paymenthttp.Config{
		Service: svc,
		Logger:  slog.New(slog.DiscardHandler),
		Authorize: func(r *http.Request, _ paymenthttp.Action, subject paymenthttp.Subject) error {
			if cookie, err := r.Cookie("cart"); err != nil || subject.CartID != cookie.Value {
				return paymenthttp.ErrForbidden
			}
			return nil
		},
		ResolveCart: func(context.Context, *http.Request, string) (paymenthttp.Cart, error) {
			return paymenthttp.Cart{Amount: decimal.RequireFromString("25.90"), CurrencyCode: "EUR"}, nil
		},
	})
	must(err)
	mux := http.NewServeMux()
	mux.Handle("/store/", storefront)
	shop := httptest.NewServer(mux)
	defer shop.Close()

	post := func(cart, path, body string) string {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, shop.URL+path, strings.NewReader(body))
		must(err)
		r.Header.Set("Content-Type", "application/json")
		r.AddCookie(&http.Cookie{Name: "cart", Value: cart})
		answer, err := http.DefaultClient.Do(r)
		must(err)
		defer func() { _ = answer.Body.Close() }()
		b, err := io.ReadAll(answer.Body)
		must(err)
		fmt.Println(answer.Status)
		return string(b)
	}
	collection := regexp.MustCompile(`paycol_\w+`).FindString(post("cart_1", "/store/payment-collections", `{"cart_id":"cart_1"}`))
	session := regexp.MustCompile(`payses_\w+`).FindString(post("cart_1", "/store/payment-collections/"+collection+"/payment-sessions", `{"provider_id":"manual"}`))
	paid := post("cart_1", "/store/payment-sessions/"+session+"/authorize", "")
	fmt.Println(regexp.MustCompile(`"status":"\w+"`).FindString(paid), regexp.MustCompile(`"authorized_amount":[\d.]+`).FindString(paid))
	fmt.Print(post("cart_2", "/store/payment-sessions/"+session+"/authorize", ""))

	// Output:
	// 200 OK
	// 200 OK
	// 200 OK
	// "status":"authorized" "authorized_amount":25.9
	// 404 Not Found
	// {"code":"not_found","message":"there is no such object","type":"not_found"}
}

// Staff capture what a shopper's card holds, when the parcel leaves. Who is staff, the host says.
func ExampleAdmin() {
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card}})
	must(err)
	admin, err := paymenthttp.Admin(paymenthttp.Config{
		Service: svc,
		Logger:  slog.New(slog.DiscardHandler),
		Authorize: func(r *http.Request, action paymenthttp.Action, _ paymenthttp.Subject) error {
			switch who, _, ok := r.BasicAuth(); { // a program checks the password too
			case !ok:
				return paymenthttp.ErrUnauthenticated
			case who != "anna" && action == paymenthttp.ActionCapturePayment:
				return paymenthttp.ErrForbidden
			}
			return nil
		},
		ResolveOrder: func(context.Context, *http.Request, string) (paymenthttp.Order, error) {
			return paymenthttp.Order{CurrencyCode: "USD"}, nil
		},
		Actor: func(r *http.Request) string { who, _, _ := r.BasicAuth(); return who },
	})
	must(err)

	ctx, price := context.Background(), decimal.RequireFromString("40")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	must(err)
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	must(err)
	held, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	must(err)
	for _, who := range []string{"", "ben", "anna"} {
		r := httptest.NewRequest(http.MethodPost, "/admin/payments/"+held.ID+"/capture", strings.NewReader(`{"amount": 15}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "parcel 1")
		if who != "" {
			r.SetBasicAuth(who, "")
		}
		answer := httptest.NewRecorder()
		admin.ServeHTTP(answer, r)
		fmt.Println(answer.Code, http.StatusText(answer.Code))
	}
	held, err = svc.GetPayment(ctx, held.ID)
	must(err)
	fmt.Println("captured:", held.Captured, "by", held.Captures[0].CreatedBy)

	// Output:
	// 401 Unauthorized
	// 403 Forbidden
	// 200 OK
	// captured: 15 by anna
}

// A gateway tells of a bank transfer that has come in. A message with a wrong signature is refused; one that comes again changes nothing.
func ExampleWebhooks() {
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	transfer := sandboxprovider.New(gateway, sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{transfer}, Logger: slog.New(slog.DiscardHandler)})
	must(err)
	hooks, err := paymenthttp.Webhooks(paymenthttp.Config{Service: svc, Logger: slog.New(slog.DiscardHandler)})
	must(err)

	ctx, price := context.Background(), decimal.RequireFromString("40")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: price})
	must(err)
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	must(err)
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID, Input: payment.Data{"token": sandboxprovider.TokenDelayed}})
	fmt.Println("pending:", errors.Is(err, payment.ErrPending))
	gateway.Webhooks() // that it is processing is known
	must(gateway.ResolveDelayed(gateway.Intents()[0].Reference, true))

	message := gateway.Webhooks()[0]
	post := func(header http.Header) {
		r := httptest.NewRequest(http.MethodPost, "/hooks/payment/sandbox", bytes.NewReader(message.Body))
		r.Header = header
		answer := httptest.NewRecorder()
		hooks.ServeHTTP(answer, r)
		fmt.Println(answer.Code)
	}
	post(http.Header{})
	post(message.Header)
	post(message.Header)
	session, err = svc.GetSession(ctx, session.ID)
	must(err)
	fmt.Println("session:", session.Status)

	// Output:
	// pending: true
	// 400
	// 200
	// 200
	// session: authorized
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
