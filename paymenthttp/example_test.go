package paymenthttp_test

import (
	"context"
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

func must(err error) {
	if err != nil {
		panic(err)
	}
}
