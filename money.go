package payment

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Currency is what ISO 4217 says about a currency.
type Currency struct {
	Code      string // three letters, upper case
	Digits    int    // digits of the minor unit, 0 to 4: 2 for USD, 0 for JPY, 3 for KWD, 4 for CLF
	Withdrawn bool   // no longer in list one: refused for new collections, kept for stored ones
}

// LookupCurrency returns the currency with an ISO 4217 code, in upper or lower case, withdrawn ones too.
//
// The error is an [*InvalidError] that names CurrencyCode when the code is not in ISO 4217, or stands for no currency
// one can pay in (metals, XXX, XTS).
func LookupCurrency(code string) (Currency, error) {
	if code == "" {
		return Currency{}, invalid("CurrencyCode", "is required")
	}
	if len(code) == 3 { // in bytes: upper case turns some letters of other scripts into ASCII
		upper := strings.ToUpper(code)
		if digits, withdrawn, ok := isoDigits(upper); ok {
			return Currency{Code: upper, Digits: digits, Withdrawn: withdrawn}, nil
		}
	}
	return Currency{}, invalid("CurrencyCode", fmt.Sprintf("%.16q is not an ISO 4217 currency code", code))
}

// newCurrency looks up the currency of a new collection.
func newCurrency(code string) (Currency, error) {
	c, err := LookupCurrency(code)
	if err != nil {
		return c, err
	}
	if c.Withdrawn {
		return c, invalid("CurrencyCode", fmt.Sprintf("%s was withdrawn from ISO 4217: use the currency that replaced it", c.Code))
	}
	return c, nil
}

// CurrencyRule is how one gateway counts one currency, where that differs from ISO 4217.
type CurrencyRule struct {
	Digits int   // digits of the gateway's minor unit, 0 to 4
	Step   int64 // amounts are multiples of so many minor units; 0 means 1 (Stripe takes KWD in steps of 10)
}

// CheckAmount returns amount written with exactly the rule's digits.
//
// The error is an [*InvalidError] that names field when the amount is zero or negative, has more decimals than Digits, is no
// multiple of Step, or is more than an int64 of minor units. Nothing is ever rounded.
func (r CurrencyRule) CheckAmount(field string, amount decimal.Decimal) (decimal.Decimal, error) {
	if amount.Sign() <= 0 {
		return decimal.Decimal{}, invalid(field, "must be more than zero")
	}
	minor, err := r.MinorUnits(amount)
	if err != nil {
		return decimal.Decimal{}, invalid(field, err.Error())
	}
	if amount.Exponent() == -int32(r.Digits) {
		return amount, nil
	}
	return decimal.New(minor, -int32(r.Digits)), nil
}

// MinorUnits returns amount, in major units, as a count of minor units: 10.99 USD is 1099.
//
// The error says that the amount has more decimals than Digits, is no multiple of Step, or does not fit an int64: refuse the
// request, there is no right rounding.
func (r CurrencyRule) MinorUnits(amount decimal.Decimal) (int64, error) {
	if r.Digits < 0 || r.Digits > 4 || r.Step < 0 {
		return 0, fmt.Errorf("cannot be counted with %d digits in steps of %d", r.Digits, r.Step)
	}
	// Numbers like 1e1000000000 must not be written out.
	if amount.Exponent() > 18 || amount.Exponent() < -64 {
		if amount.IsZero() {
			return 0, nil
		}
		return 0, errRange(amount)
	}
	minor, err := r.count(amount)
	if err == nil && r.Step > 1 && minor%r.Step != 0 {
		return 0, fmt.Errorf("%.40s is not a multiple of %s", amount, decimal.New(r.Step, -int32(r.Digits)))
	}
	return minor, err
}

// count returns a number of harmless size in minor units.
func (r CurrencyRule) count(amount decimal.Decimal) (int64, error) {
	if amount.Exponent() == -int32(r.Digits) && amount.NumDigits() <= 18 {
		return amount.CoefficientInt64(), nil // as rows keep it; nothing to convert
	}
	minor := amount.Shift(int32(r.Digits))
	if minor.Exponent() < 0 {
		whole := minor.Truncate(0)
		if !whole.Equal(minor) {
			if r.Digits == 0 {
				return 0, fmt.Errorf("%.40s has decimals, and the currency has none", amount)
			}
			return 0, fmt.Errorf("%.40s has more than %d decimals", amount, r.Digits)
		}
		minor = whole
	}
	n := minor.BigInt()
	if !n.IsInt64() {
		return 0, errRange(amount)
	}
	return n.Int64(), nil
}

func errRange(amount decimal.Decimal) error {
	if amount.Exponent() < -64 {
		return fmt.Errorf("has more than 64 decimals")
	}
	return fmt.Errorf("is beyond 9,223,372,036,854,775,807 minor units")
}

// FromMinorUnits returns a count of minor units in major units: 1099 of USD is 10.99.
func (r CurrencyRule) FromMinorUnits(minor int64) decimal.Decimal {
	return decimal.New(minor, -int32(r.Digits))
}

// FormatAmount writes an amount with all the digits of its currency's minor unit, as people read it: 25.90 of EUR, 500 of JPY. One that has
// more digits, or is of an unknown currency, is written as it is.
func FormatAmount(amount decimal.Decimal, code string) string {
	c, err := LookupCurrency(code)
	if err != nil || !writable(amount) || !amount.Equal(amount.Truncate(int32(c.Digits))) {
		return amount.String()
	}
	return amount.StringFixed(int32(c.Digits))
}

// priced is an amount as FormatAmount writes it, with its currency.
func priced(amount decimal.Decimal, code string) string {
	return FormatAmount(amount, code) + " " + code
}

// saneAmount reports whether a gateway's amount can be used at all: not negative, and of a size that arithmetic on it is
// harmless. The decimals are compared with the currency's.
func saneAmount(amount decimal.Decimal, digits int) bool {
	if amount.IsZero() {
		return amount.Exponent() > -1000 && amount.Exponent() < 1000
	}
	_, err := (CurrencyRule{Digits: digits}).MinorUnits(amount)
	return err == nil && amount.Sign() >= 0
}

// writable reports whether an amount can be written out without filling the memory, whatever else it may be.
func writable(amount decimal.Decimal) bool {
	return amount.Exponent() > -1000 && amount.Exponent() < 1000
}

// withDigits writes an exact amount with a currency's digits, so that sums and comparisons need no rescaling.
func withDigits(amount decimal.Decimal, digits int) decimal.Decimal {
	if amount.Exponent() == -int32(digits) {
		return amount
	}
	return decimal.NewFromBigInt(amount.Shift(int32(digits)).BigInt(), -int32(digits))
}

// plus and minus are exact, and save the work where one side is zero, or both are the same, as most totals are.
func plus(a, b decimal.Decimal) decimal.Decimal {
	switch {
	case b.IsZero():
		return a
	case a.IsZero():
		return b
	}
	return a.Add(b)
}

func minus(a, b decimal.Decimal) decimal.Decimal {
	switch {
	case b.IsZero():
		return a
	case a.Exponent() == b.Exponent() && a.Equal(b):
		return decimal.Decimal{}
	}
	return a.Sub(b)
}

// ParseAmount reads an amount as people and JSON write it: "10.99".
//
// The error is an [*InvalidError] that names field, which may be empty, when s is no plain decimal number of at most 40 characters.
func ParseAmount(field, s string) (decimal.Decimal, error) {
	if len(s) == 0 || len(s) > 40 || strings.Trim(s, "-0123456789.") != "" {
		return decimal.Decimal{}, invalid(field, fmt.Sprintf("%.40q is not a decimal number", s))
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Decimal{}, invalid(field, fmt.Sprintf("%.40q is not a decimal number", s))
	}
	return d, nil
}
