// Medusa drives paymenthttp with the JavaScript SDK of Medusa, whose API its paths and objects are: a server on a free port, over a store in memory,
// and drive.mjs, which makes every payment call of the SDK and compares what came of it, in the gateway's books in the end.
//
//	npm ci && go run .
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// token is what an admin logs in with. It opens nothing but this program.
const token = "an-admins-token"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "medusa:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	gateway := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	handler, err := shop(gateway)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	drive := exec.CommandContext(ctx, "node", "drive.mjs", "http://"+l.Addr().String(), token)
	drive.Stdout, drive.Stderr = os.Stdout, os.Stderr
	err = drive.Run()
	return errors.Join(err, server.Shutdown(ctx), ignoreClosed(<-done))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shop is a backend whose shoppers name their cart in a header, and whose admins have a token.
func shop(gateway *sandboxprovider.Gateway) (http.Handler, error) {
	svc, err := payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(gateway, sandboxprovider.Config{}), manualprovider.New()},
	})
	if err != nil {
		return nil, err
	}
	cfg := paymenthttp.Config{
		Service: svc,
		Logger:  slog.New(slog.DiscardHandler),
		Authorize: func(r *http.Request, action paymenthttp.Action, subject paymenthttp.Subject) error {
			switch {
			case r.Header.Get("Authorization") == "Bearer "+token,
				action == paymenthttp.ActionListProviders && strings.HasPrefix(r.URL.Path, "/store/"):
				return nil
			case subject.CartID != "" && subject.CartID == r.Header.Get("X-Cart"):
				return nil
			}
			return paymenthttp.ErrUnauthenticated
		},
		ResolveCart: func(context.Context, *http.Request, string) (paymenthttp.Cart, error) {
			return paymenthttp.Cart{Amount: decimal.RequireFromString("100.10"), CurrencyCode: "EUR"}, nil
		},
		ResolveOrder: func(context.Context, *http.Request, string) (paymenthttp.Order, error) {
			return paymenthttp.Order{CurrencyCode: "EUR"}, nil
		},
		Actor: func(*http.Request) string { return "ada" },
	}
	storefront, err := paymenthttp.Storefront(cfg)
	if err != nil {
		return nil, err
	}
	admin, err := paymenthttp.Admin(cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/store/", storefront)
	mux.Handle("/admin/", admin)
	mux.HandleFunc("GET /books", func(w http.ResponseWriter, _ *http.Request) { // the gateway's, in text: amounts are exact
		type entry struct{ Session, Status, Amount, Capturable, Captured, Refunded string }
		books := []entry{}
		for _, i := range gateway.Intents() {
			books = append(books, entry{
				i.SessionID, string(i.Status), i.Amount.String(), i.Capturable.String(), i.Captured.String(), i.Refunded.String(),
			})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(books)
	})
	return mux, nil
}
