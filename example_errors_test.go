package payment_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
)

// Bad input is refused by the name of its field, before anything is stored or sent. The error's text is both: "payment: Amount: must be
// more than zero".
func ExampleInvalidError() {
	ctx := context.Background()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	if err != nil {
		panic(err)
	}
	for _, p := range []payment.CreateCollectionParams{
		{CurrencyCode: "USD", Amount: decimal.RequireFromString("0")},
		{CurrencyCode: "USD", Amount: decimal.RequireFromString("10.995")},
		{CurrencyCode: "JPY", Amount: decimal.RequireFromString("1000.5")},
		{CurrencyCode: "dollars", Amount: decimal.RequireFromString("10")},
		{CurrencyCode: "USD", Amount: decimal.RequireFromString("10"), ProviderIDs: []string{"paypal"}},
		{CurrencyCode: "USD", Amount: decimal.RequireFromString("10"), Metadata: payment.Data{"cvc": "123"}},
	} {
		_, err := svc.CreateCollection(ctx, p)
		if invalid, ok := errors.AsType[*payment.InvalidError](err); ok {
			fmt.Println(invalid.Field, "|", invalid.Rule)
		}
	}
	// Output:
	// Amount | must be more than zero
	// Amount | 10.995 has more than 2 decimals
	// Amount | 1000.5 has decimals, and the currency has none
	// CurrencyCode | "dollars" is not an ISO 4217 currency code
	// ProviderIDs | "paypal" is not a configured provider
	// Metadata | "cvc" looks like a secret or card data: secrets belong in Private, card data nowhere
}
