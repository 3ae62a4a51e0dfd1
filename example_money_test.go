package payment_test

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

func ExampleLookupCurrency() {
	for _, code := range []string{"usd", "JPY", "KWD", "HRK"} {
		c, err := payment.LookupCurrency(code)
		fmt.Println(c.Code, c.Digits, c.Withdrawn, err)
	}
	_, err := payment.LookupCurrency("XAU")
	fmt.Println(err)
	// Output:
	// USD 2 false <nil>
	// JPY 0 false <nil>
	// KWD 3 false <nil>
	// HRK 2 true <nil>
	// payment: CurrencyCode: "XAU" is not an ISO 4217 currency code
}

func ExampleCurrencyRule_MinorUnits() {
	dollars := payment.CurrencyRule{Digits: 2}
	cents, err := dollars.MinorUnits(decimal.RequireFromString("10.99"))
	fmt.Println(cents, err)
	fmt.Println(dollars.FromMinorUnits(cents))

	// Nothing is ever rounded.
	_, err = dollars.MinorUnits(decimal.RequireFromString("99.996"))
	fmt.Println(err)
	// Output:
	// 1099 <nil>
	// 10.99
	// 99.996 has more than 2 decimals
}

// A gateway can count in larger steps than the currency has.
func ExampleCurrencyRule_CheckAmount() {
	dinar := payment.CurrencyRule{Digits: 3, Step: 10}
	amount, err := dinar.CheckAmount("Amount", decimal.RequireFromString("10.12"))
	fmt.Println(amount.StringFixed(3), err)

	_, err = dinar.CheckAmount("Amount", decimal.RequireFromString("10.125"))
	var refused *payment.InvalidError
	fmt.Println(errors.As(err, &refused), errors.Is(err, payment.ErrInvalid))
	fmt.Println(err)
	// Output:
	// 10.120 <nil>
	// true true
	// payment: Amount: 10.125 is not a multiple of 0.01
}

func ExampleParseAmount() {
	amount, err := payment.ParseAmount("amount", "10.99")
	fmt.Println(amount, err)

	_, err = payment.ParseAmount("amount", "1e1000000000")
	fmt.Println(err)
	// Output:
	// 10.99 <nil>
	// payment: amount: "1e1000000000" is not a decimal number
}

// What people read has all the digits of the currency. What JSON and databases read is the decimal itself.
func ExampleFormatAmount() {
	fmt.Println(payment.FormatAmount(decimal.RequireFromString("25.9"), "EUR"))
	fmt.Println(payment.FormatAmount(decimal.RequireFromString("500"), "JPY"))
	fmt.Println(payment.FormatAmount(decimal.RequireFromString("3.5"), "KWD"))
	// Output:
	// 25.90
	// 500
	// 3.500
}
