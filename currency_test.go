package payment

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listOne is ISO 4217 list one, "current currency & funds", as published on 2026-01-01: every code with a number for its minor unit,
// by that number. The codes whose minor unit is "N.A." are in noMinorUnit.
var listOne = map[int]string{
	0: `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`,
	2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC
		CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
		KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN
		PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
		UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
	3: `BHD IQD JOD KWD LYD OMR TND`,
	4: `CLF UYW`,
}

const noMinorUnit = `XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX`

// listThree is what ISO 4217 list three, "historic denominations", as published on 2026-01-01, has of the years since 2002, by the
// digits that the code had in list one.
var listThree = map[int]string{
	0: `ADP BEF BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL`,
	2: `AFA ANG ATS AZM BGL BGN CSD CUC CYP DEM EEK FIM FRF GHC HRK IEP LTL LVL MRO MTL MZM NLG RUR SDD SIT SKK SLL SRG STD TMM USS VEB
		VEF YUM ZMK ZWD ZWL ZWN ZWR`,
}

func TestEveryCodeOfISO4217AndNoOther(t *testing.T) {
	want := map[string]Currency{}
	for digits, codes := range listOne {
		for code := range strings.FieldsSeq(codes) {
			want[code] = Currency{Code: code, Digits: digits}
		}
	}
	require.Len(t, want, 165)
	for digits, codes := range listThree {
		for code := range strings.FieldsSeq(codes) {
			require.NotContains(t, want, code)
			want[code] = Currency{Code: code, Digits: digits, Withdrawn: true}
		}
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				got, err := LookupCurrency(code)
				if expected, ok := want[code]; ok {
					require.NoError(t, err, code)
					require.Equal(t, expected, got)
				} else {
					require.ErrorIs(t, err, ErrInvalid, code)
				}
			}
		}
	}
}

func TestCurrenciesThatChangedLately(t *testing.T) {
	for code, digits := range map[string]int{
		"MRU": 2, "STN": 2, "UYW": 4, "VES": 2, "VED": 2, "SLE": 2, "ZWG": 2, "XCG": 2, "XAD": 2, "UGX": 0, "ISK": 0, "HUF": 2, "MGA": 2,
	} {
		c, err := newCurrency(code)
		require.NoError(t, err, code)
		require.Equal(t, digits, c.Digits, code)
	}
	for _, code := range []string{"MRO", "STD", "BYR", "VEB", "VEF", "SLL", "HRK", "CUC", "ZWL", "ANG", "BGN"} {
		c, err := LookupCurrency(code)
		require.NoError(t, err, "what is stored in %s stays readable", code)
		require.True(t, c.Withdrawn, code)
		_, err = newCurrency(code)
		require.EqualError(t, err, fmt.Sprintf("payment: CurrencyCode: %s was withdrawn from ISO 4217: use the currency that replaced it", code))
		require.ErrorIs(t, err, ErrInvalid)
	}
	for code := range strings.FieldsSeq(noMinorUnit) {
		_, err := LookupCurrency(code)
		require.EqualError(t, err, fmt.Sprintf("payment: CurrencyCode: %q is not an ISO 4217 currency code", code))
	}
}

func TestCurrencyCodesInEitherCase(t *testing.T) {
	for _, code := range []string{"usd", "USD", "Usd"} {
		c, err := LookupCurrency(code)
		require.NoError(t, err)
		require.Equal(t, Currency{Code: "USD", Digits: 2}, c)
	}
	for _, code := range []string{
		"", "zzz", "dollars", "US", "USDX", " USD", "USD ", "US\x00", "u$d", "840", "uſd", "ınr", "ＵＳＤ", "€", strings.Repeat("USD", 1000),
	} {
		_, err := LookupCurrency(code)
		var refused *InvalidError
		require.ErrorAs(t, err, &refused, code)
		require.Equal(t, "CurrencyCode", refused.Field)
		require.Less(t, len(err.Error()), 150, "a long code is cut")
		_, err = newCurrency(code)
		require.ErrorIs(t, err, ErrInvalid)
	}
}

func TestAGatewaysRuleReplacesISO4217(t *testing.T) {
	info := ProviderInfo{Currencies: map[string]CurrencyRule{"ISK": {Digits: 2, Step: 100}, "KWD": {Digits: 3, Step: 10}}}
	for code, want := range map[string]CurrencyRule{
		"ISK": {Digits: 2, Step: 100}, "KWD": {Digits: 3, Step: 10}, "BHD": {Digits: 3}, "USD": {Digits: 2}, "JPY": {},
	} {
		got, err := info.CurrencyRule(code)
		require.NoError(t, err)
		require.Equal(t, want, got, code)
	}
	_, err := info.CurrencyRule("XXX")
	require.ErrorIs(t, err, ErrInvalid)
}
