package stripeprovider

import "github.com/seed40c892db/payment"

// currencies holds the currencies that Stripe counts in another way than ISO 4217: https://docs.stripe.com/currencies#minor-units
//
//   - MGA has 2 digits in ISO 4217, and is among Stripe's zero-decimal currencies.
//   - ISK and UGX have none in ISO 4217; Stripe wants two, which must be zeros.
//   - Currencies with three decimals are taken in tens of the smallest unit: 5.120 KWD, never 5.124.
//
// HUF and TWD have two decimals in charges and refunds, as in ISO 4217; only payouts, which are no business of this provider, treat
// them as zero-decimal currencies.
func currencies() map[string]payment.CurrencyRule {
	rules := map[string]payment.CurrencyRule{
		"MGA": {},
		"ISK": {Digits: 2, Step: 100},
		"UGX": {Digits: 2, Step: 100},
	}
	for _, code := range []string{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"} {
		rules[code] = payment.CurrencyRule{Digits: 3, Step: 10}
	}
	return rules
}
