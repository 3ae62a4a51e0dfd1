package payment_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

func ExampleNormalizeData() {
	d, err := payment.NormalizeData(map[string]any{"order": uint64(math.MaxUint64), "gifts": []string{"mug"}})
	fmt.Println(d, err)

	_, err = payment.NormalizeData(map[string]any{"gifts": []any{"mug", math.NaN()}})
	fmt.Println(err)
	// Output:
	// map[gifts:[mug] order:18446744073709551615] <nil>
	// "gifts.1" is NaN, which JSON cannot hold
}

// What is private is neither printed nor logged nor encoded; only Reveal returns it.
func ExampleNewPrivate() {
	p := payment.NewPrivate(map[string]any{"email": "ada@example.com"})
	fmt.Printf("%v %+v %#v\n", p, p, struct{ P payment.Private }{p})
	b, err := json.Marshal(map[string]payment.Private{"customer": p})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(b))
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	log.Info("new session", "customer", p)
	fmt.Println(p.Reveal()["email"])
	// Output:
	// [private] [private] struct { P payment.Private }{P:[private]}
	// {"customer":null}
	// level=INFO msg="new session" customer=[private]
	// ada@example.com
}

// A session's JSON is what a storefront may see.
func ExamplePaymentSession_MarshalJSON() {
	b, err := json.MarshalIndent(payment.PaymentSession{
		ID:           "payses_1",
		CollectionID: "paycol_1",
		ProviderID:   "stripe",
		CurrencyCode: "USD",
		Amount:       decimal.RequireFromString("10.90"),
		Status:       payment.StatusRequiresMore,
		Data:         payment.Data{"client_secret": "cs_1"},
		Private:      payment.NewPrivate(map[string]any{"customer": "cus_1"}),
		NextAction:   &payment.NextAction{Kind: payment.ActionRedirect, URL: "https://bank.example/3ds"},
		CreatedAt:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		UpdatedAt:    time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}, "", "  ")
	fmt.Println(string(b), err)
	// Output:
	// {
	//   "id": "payses_1",
	//   "payment_collection_id": "paycol_1",
	//   "provider_id": "stripe",
	//   "currency_code": "usd",
	//   "amount": 10.9,
	//   "status": "requires_more",
	//   "data": {
	//     "client_secret": "cs_1"
	//   },
	//   "next_action": {
	//     "kind": "redirect",
	//     "url": "https://bank.example/3ds"
	//   },
	//   "authorized_at": null,
	//   "created_at": "2026-01-02T03:04:05Z",
	//   "updated_at": "2026-01-02T03:04:06Z"
	// } <nil>
}

// A store that keeps documents writes rows with EncodeRow, whole and with what is private.
func ExampleEncodeRow() {
	row := &payment.PaymentSession{ID: "payses_1", Private: payment.NewPrivate(map[string]any{"customer": "cus_1"})}
	b, err := payment.EncodeRow(row)
	fmt.Println(err)

	var read payment.PaymentSession
	fmt.Println(payment.DecodeRow(b, &read))
	fmt.Println(read.ID, read.Private, read.Private.Reveal())

	fmt.Println(payment.DecodeRow([]byte(`{"v":2}`), &read))
	// Output:
	// <nil>
	// <nil>
	// payses_1 [private] map[customer:cus_1]
	// payment: decode a *payment.PaymentSession: its encoding has version 2, this library reads up to 1: upgrade it
}
