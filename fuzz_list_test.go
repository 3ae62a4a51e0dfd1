package payment_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// A cursor is what we gave out, for the same list, or it is refused: whatever is in it, nothing is listed that the list does not have.
func FuzzCursor(f *testing.F) {
	f.Add("", 0, byte(0))
	f.Add("e30", 3, byte('A'))
	f.Add("eyJ0IjoiMjAyNi0wMy0wMVQxMjowMDowMFoiLCJpIjoieCIsImgiOiIifQ", 40, byte('_'))
	f.Add(strings.Repeat("A", 513), 1, byte(0xff))
	f.Fuzz(func(t *testing.T, wild string, at int, to byte) {
		s := newShop(t, options{})
		c := s.collection("100", "EUR")
		for range 3 {
			s.session(c, "manual", "10")
		}
		params := payment.ListParams{CollectionID: c.ID, Limit: 2}
		first, err := s.ListSessions(t.Context(), params)
		require.NoError(t, err)
		require.NotEmpty(t, first.Cursor)
		bent := []byte(first.Cursor)
		if at >= 0 && at < len(bent) {
			bent[at] = to
		}
		for _, cursor := range []string{wild, string(bent), first.Cursor + wild} {
			params.Cursor = cursor
			page, err := s.ListSessions(t.Context(), params)
			if err != nil {
				var refused *payment.InvalidError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, "Cursor", refused.Field)
				require.Equal(t, "payment: Cursor: is not a cursor of this list: begin again without one", err.Error())
				continue
			}
			require.LessOrEqual(t, len(page.Items), 2)
			for _, x := range page.Items {
				require.Equal(t, c.ID, x.CollectionID)
			}
			if cursor == "" {
				continue
			}
			for name, other := range map[string]func() error{
				"payments": func() error { _, err := s.ListPayments(t.Context(), params); return err },
				"descending": func() error {
					p := params
					p.Descending = true
					_, err := s.ListSessions(t.Context(), p)
					return err
				},
				"another collection": func() error {
					p := params
					p.CollectionID = "paycol_" + aKey(7)
					_, err := s.ListSessions(t.Context(), p)
					return err
				},
			} {
				require.ErrorIs(t, other(), payment.ErrInvalid, name)
			}
		}
	})
}

// A currency is found by three letters of either case, always the same one; its amounts are written so that they can be read back.
func FuzzCurrency(f *testing.F) {
	f.Add("usd", int64(1099), int8(-2))
	f.Add("JPY", int64(500), int8(0))
	f.Add("KWD", int64(-1), int8(-3))
	f.Add("ſſſ", int64(1), int8(18)) // upper case turns these into ASCII
	f.Add("XXX", int64(-9223372036854775808), int8(-64))
	f.Add("", int64(0), int8(127))
	f.Add("KWD", int64(0), int8(-38))
	f.Add("USD", int64(15000), int8(-4))
	f.Fuzz(func(t *testing.T, code string, value int64, exponent int8) {
		amount := decimal.New(value, int32(exponent))
		text := payment.FormatAmount(amount, code)
		back, err := decimal.NewFromString(text)
		require.NoError(t, err)
		require.True(t, amount.Equal(back), "%s is written as %s", amount, text)

		c, err := payment.LookupCurrency(code)
		if err != nil {
			require.ErrorIs(t, err, payment.ErrInvalid)
			require.Less(t, len(err.Error()), 200)
			require.Equal(t, amount.String(), text)
			return
		}
		require.Regexp(t, "^[A-Z]{3}$", c.Code)
		require.True(t, strings.EqualFold(c.Code, code))
		require.Len(t, code, 3)
		require.LessOrEqual(t, c.Digits, 4)
		again, err := payment.LookupCurrency(strings.ToLower(c.Code))
		require.NoError(t, err)
		require.Equal(t, c, again)

		rule := payment.CurrencyRule{Digits: c.Digits}
		minor, err := rule.MinorUnits(amount)
		if err != nil {
			return
		}
		require.True(t, amount.Equal(rule.FromMinorUnits(minor)))
		if len(text) <= 40 {
			parsed, err := payment.ParseAmount("Amount", text)
			require.NoError(t, err)
			require.True(t, amount.Equal(parsed))
		}
		if c.Digits > 0 {
			_, decimals, _ := strings.Cut(text, ".")
			require.Len(t, decimals, c.Digits, text)
		}
	})
}
