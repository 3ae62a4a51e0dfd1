package manualprovider_test

import (
	"context"
	"fmt"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/shopspring/decimal"
)

// An order is shipped against cash on delivery. The library makes these calls; a host only registers the provider.
func Example() {
	ctx := context.Background()
	cash, err := manualprovider.NewWithConfig(manualprovider.Config{ID: "cash_on_delivery"})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := payment.Request{
		SessionID:    "payses_0190f4e2c0de7aaa8000000000000001",
		Amount:       decimal.RequireFromString("10.99"),
		CurrencyCode: "EUR",
	}

	r.IdempotencyKey = "0190f4e2c0de7aaa8000000000000002"
	authorized, err := cash.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	fmt.Println(authorized.State, authorized.Authorized, err)

	// The driver has brought the money.
	r.IdempotencyKey = "0190f4e2c0de7aaa8000000000000003"
	captured, err := cash.Capture(ctx, payment.CaptureRequest{Request: r})
	m := captured.Movements[0]
	fmt.Println(m.Kind, m.Amount, m.State, err)

	// Output:
	// authorized 10.99 <nil>
	// capture 10.99 succeeded <nil>
}

// A shop tells the shopper where to send the money.
func ExampleNewWithConfig() {
	transfer, err := manualprovider.NewWithConfig(manualprovider.Config{
		ID:   "bank_transfer",
		Data: payment.Data{"iban": "DE02 1203 0000 0000 2020 51"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := transfer.Initialize(context.Background(), payment.InitializeRequest{Request: payment.Request{
		IdempotencyKey: "0190f4e2c0de7aaa8000000000000002",
		SessionID:      "payses_0190f4e2c0de7aaa8000000000000001",
		Amount:         decimal.RequireFromString("10.99"),
		CurrencyCode:   "EUR",
	}})
	fmt.Println(s.State, s.Data["iban"], err)

	// Output:
	// pending DE02 1203 0000 0000 2020 51 <nil>
}
