package payment

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func TestMinorUnitsAreExactBothWays(t *testing.T) {
	for _, tt := range []struct {
		digits int
		amount string
		minor  int64
	}{
		{0, "1000", 1000},
		{0, "1000.000", 1000},
		{0, "1e3", 1000},
		{1, "10.9", 109},
		{2, "10.99", 1099},
		{2, "10.9", 1090},
		{2, "10", 1000},
		{2, "10.990000", 1099},
		{2, "0.01", 1},
		{2, "0", 0},
		{2, "0.000000", 0},
		{2, "-10.99", -1099},
		{2, "90071992547409.93", 9007199254740993}, // one more than a float can count
		{3, "10.125", 10125},
		{4, "0.0001", 1},
		{4, "123.4567", 1234567},
		{2, "92233720368547758.07", math.MaxInt64},
		{2, "-92233720368547758.08", math.MinInt64},
		{0, "9223372036854775807", math.MaxInt64},
		{4, "922337203685477.5807", math.MaxInt64},
		{0, "9223372036854775807." + strings.Repeat("0", 64), math.MaxInt64},
	} {
		t.Run(fmt.Sprintf("%s with %d digits", tt.amount, tt.digits), func(t *testing.T) {
			rule, amount := CurrencyRule{Digits: tt.digits}, decimal.RequireFromString(tt.amount)
			minor, err := rule.MinorUnits(amount)
			require.NoError(t, err)
			require.Equal(t, tt.minor, minor)
			require.True(t, amount.Equal(rule.FromMinorUnits(minor)), "%s is not %s", rule.FromMinorUnits(minor), amount)
			require.Equal(t, -int32(tt.digits), rule.FromMinorUnits(minor).Exponent(), "written with the rule's digits")
		})
	}
}

func TestNothingIsRounded(t *testing.T) {
	for _, tt := range []struct {
		rule   CurrencyRule
		amount string
		why    string
	}{
		{CurrencyRule{Digits: 2}, "99.996", "Amount: 99.996 has more than 2 decimals"},
		{CurrencyRule{Digits: 2}, "100.004", "Amount: 100.004 has more than 2 decimals"},
		{CurrencyRule{Digits: 2}, "0.001", "Amount: 0.001 has more than 2 decimals"},
		{CurrencyRule{Digits: 0}, "1000.4", "Amount: 1000.4 has decimals, and the currency has none"},
		{CurrencyRule{Digits: 3}, "10.1255", "Amount: 10.1255 has more than 3 decimals"},
		{CurrencyRule{Digits: 4}, "0.00001", "Amount: 0.00001 has more than 4 decimals"},
		{CurrencyRule{Digits: 3, Step: 10}, "10.125", "Amount: 10.125 is not a multiple of 0.01"},
		{CurrencyRule{Digits: 2, Step: 100}, "5.50", "Amount: 5.5 is not a multiple of 1"},
		{CurrencyRule{Digits: 2}, "92233720368547758.08", "Amount: is beyond 9,223,372,036,854,775,807 minor units"},
		{CurrencyRule{Digits: 0}, "9223372036854775808", "Amount: is beyond 9,223,372,036,854,775,807 minor units"},
		{CurrencyRule{Digits: 4}, "1e18", "Amount: is beyond 9,223,372,036,854,775,807 minor units"},
		{CurrencyRule{Digits: 2}, "0", "Amount: must be more than zero"},
		{CurrencyRule{Digits: 2}, "-0.00", "Amount: must be more than zero"},
		{CurrencyRule{Digits: 2}, "-0.01", "Amount: must be more than zero"},
		{CurrencyRule{Digits: -1}, "1", "Amount: cannot be counted with -1 digits in steps of 0"},
		{CurrencyRule{Digits: 5}, "1", "Amount: cannot be counted with 5 digits in steps of 0"},
		{CurrencyRule{Digits: 2, Step: -5}, "1", "Amount: cannot be counted with 2 digits in steps of -5"},
	} {
		_, err := tt.rule.CheckAmount("Amount", decimal.RequireFromString(tt.amount))
		require.EqualError(t, err, "payment: "+tt.why)
		require.ErrorIs(t, err, ErrInvalid)
	}
	_, err := CurrencyRule{Digits: 2}.MinorUnits(decimal.RequireFromString("-92233720368547758.09"))
	require.EqualError(t, err, "is beyond 9,223,372,036,854,775,807 minor units")
}

func TestCheckAmountWritesTheRulesDigits(t *testing.T) {
	for _, tt := range []struct {
		rule      CurrencyRule
		in, want  string
		wantDigit int32
	}{
		{CurrencyRule{Digits: 2}, "10", "10.00", -2},
		{CurrencyRule{Digits: 2}, "10.9900", "10.99", -2},
		{CurrencyRule{Digits: 0}, "1e3", "1000", 0},
		{CurrencyRule{Digits: 0}, "1000.0", "1000", 0},
		{CurrencyRule{Digits: 3, Step: 10}, "10.12", "10.120", -3},
		{CurrencyRule{Digits: 3, Step: 1}, "10.125", "10.125", -3},
	} {
		got, err := tt.rule.CheckAmount("Amount", decimal.RequireFromString(tt.in))
		require.NoError(t, err)
		require.Equal(t, tt.want, got.StringFixed(int32(tt.rule.Digits)))
		require.Equal(t, tt.wantDigit, got.Exponent(), "the same amount has the same digits, so that sums need no rescaling")
	}
}

func TestHugeExponentsAreRefusedWithoutBeingWrittenOut(t *testing.T) {
	rule := CurrencyRule{Digits: 2}
	big, small := decimal.New(1, 1_000_000_000), decimal.New(1, -1_000_000_000)
	begun := time.Now()
	allocated := testing.AllocsPerRun(100, func() {
		_, err := rule.MinorUnits(big)
		require.EqualError(t, err, "is beyond 9,223,372,036,854,775,807 minor units")
		_, err = rule.MinorUnits(small)
		require.EqualError(t, err, "has more than 64 decimals")
		_, err = rule.CheckAmount("Amount", big)
		require.ErrorIs(t, err, ErrInvalid)
		_, err = rule.CheckAmount("Amount", big.Neg())
		require.ErrorIs(t, err, ErrInvalid)
		require.False(t, saneAmount(big, 2))
		require.False(t, saneAmount(small, 2))
	})
	require.Less(t, time.Since(begun), 10*time.Second)
	require.Less(t, allocated, 200.0, "objects for each run of six calls")

	for _, exponent := range []int32{1_000_000_000, -1_000_000_000} {
		zero := decimal.New(0, exponent)
		minor, err := rule.MinorUnits(zero)
		require.NoError(t, err)
		require.Zero(t, minor)
		require.False(t, saneAmount(zero, 2), "a sum with it would be written out")
	}
}

func TestSaneAmount(t *testing.T) {
	for in, want := range map[string]bool{
		"0": true, "0.00": true, "10.99": true, "92233720368547758.07": true,
		"-0.01": false, "10.999": false, "92233720368547758.08": false, "1e19": false,
	} {
		require.Equal(t, want, saneAmount(decimal.RequireFromString(in), 2), in)
	}
}

func TestWithDigits(t *testing.T) {
	for in, want := range map[string]string{"10": "10.00", "10.9": "10.90", "10.990": "10.99", "1e3": "1000.00", "0": "0.00", "-1.5": "-1.50"} {
		got := withDigits(decimal.RequireFromString(in), 2)
		require.Equal(t, int32(-2), got.Exponent(), in)
		require.Equal(t, want, got.StringFixed(2), in)
	}
}

func TestParseAmount(t *testing.T) {
	for in, want := range map[string]string{
		"10.99": "10.99", "10": "10", "-10.99": "-10.99", "0": "0", "-0": "0", ".5": "0.5", "5.": "5", "007": "7",
		"9007199254740993.01": "9007199254740993.01", strings.Repeat("9", 40): strings.Repeat("9", 40),
	} {
		got, err := ParseAmount("Amount", in)
		require.NoError(t, err, in)
		require.Equal(t, want, got.String(), in)
	}
	for _, in := range []string{
		"", " ", " 1", "1 ", "abc", "1e5", "1E5", "1e1000000000", "infinity", "Inf", "NaN", "0x10", "1,000", "1_000", "+1", "--1", "1-",
		"-", ".", "-.", "1.2.3", ".-5", "1.-5", "-1.-5", "1-5", "١٢", "１", "10.99 USD", "$10", "1\x00", strings.Repeat("9", 41),
		strings.Repeat("1", 1<<20),
	} {
		_, err := ParseAmount("Amount", in)
		var refused *InvalidError
		require.ErrorAs(t, err, &refused, in)
		require.Equal(t, "Amount", refused.Field, in)
		require.Less(t, len(err.Error()), 300, "a long input is cut")
	}
}

var plainDecimal = regexp.MustCompile(`^-?(\d+\.?\d*|\.\d+)$`)

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"10.99", "-0", ".-5", "1e1000000000", "99999999999999999999999999999999999999.9", "", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseAmount("Amount", s)
		plain := len(s) <= 40 && plainDecimal.MatchString(s)
		if !plain {
			require.ErrorIs(t, err, ErrInvalid, "%q", s)
			return
		}
		require.NoError(t, err, "%q", s)
		again, err := ParseAmount("Amount", got.String())
		if len(got.String()) <= 40 {
			require.NoError(t, err)
			require.True(t, got.Equal(again))
		}
	})
}

func FuzzCurrencyRule(f *testing.F) {
	f.Add(int64(1099), int32(-2), 2, int64(0))
	f.Add(int64(10125), int32(-3), 3, int64(10))
	f.Add(int64(1), int32(1_000_000_000), 2, int64(1))
	f.Add(int64(math.MinInt64), int32(-2_147_483_648), 4, int64(7))
	f.Add(int64(0), int32(2_147_483_647), 0, int64(-1))
	f.Fuzz(func(t *testing.T, value int64, exponent int32, digits int, step int64) {
		rule, amount := CurrencyRule{Digits: digits, Step: step}, decimal.New(value, exponent)
		minor, err := rule.MinorUnits(amount)
		checked, checkErr := rule.CheckAmount("Amount", amount)
		require.Equal(t, err == nil && amount.IsPositive(), checkErr == nil)
		if err != nil {
			return
		}
		if step > 1 {
			require.Zero(t, minor%step)
		}
		if exponent >= -64 && exponent <= 18 { // a zero may have any
			require.True(t, amount.Equal(rule.FromMinorUnits(minor)))
			require.True(t, amount.Equal(withDigits(amount, digits)))
		}
		if checkErr == nil {
			require.True(t, amount.Equal(checked))
			require.Equal(t, -int32(digits), checked.Exponent())
		}
		back, err := rule.MinorUnits(rule.FromMinorUnits(minor))
		require.NoError(t, err)
		require.Equal(t, minor, back)
	})
}
