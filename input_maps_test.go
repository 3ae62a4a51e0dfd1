package payment_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// mapCall is a call that takes a map, with all else as it should be.
type mapCall struct {
	name, field string
	call        func(payment.Data) error
}

func (s *stage) mapCalls() []mapCall {
	ctx := s.t.Context()
	session := payment.CreateSessionParams{CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("1")}
	reason := payment.RefundReasonParams{Code: "late", Label: "It was late"}
	return []mapCall{
		{"CreateCollection", "Metadata", func(d payment.Data) error {
			_, err := s.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("1"), Metadata: d})
			return err
		}},
		{"UpdateCollection", "Metadata", func(d payment.Data) error {
			_, err := s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: s.c.ID, Metadata: &d})
			return err
		}},
		{"CreateSession", "Metadata", func(d payment.Data) error {
			p := session
			p.Metadata = d
			_, err := s.CreateSession(ctx, p)
			return err
		}},
		{"CreateSession", "Input", func(d payment.Data) error {
			p := session
			p.Input = d
			_, err := s.CreateSession(ctx, p)
			return err
		}},
		{"UpdateSession", "Metadata", func(d payment.Data) error {
			_, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: s.pending.ID, Metadata: &d})
			return err
		}},
		{"UpdateSession", "Input", func(d payment.Data) error {
			_, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: s.pending.ID, Input: d})
			return err
		}},
		{"UpdatePayment", "Metadata", func(d payment.Data) error {
			_, err := s.UpdatePayment(ctx, payment.UpdatePaymentParams{PaymentID: s.p.ID, Metadata: &d})
			return err
		}},
		{"CapturePayment", "Metadata", func(d payment.Data) error {
			_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: s.p.ID, Amount: amount("1"), Metadata: d})
			return err
		}},
		{"RefundPayment", "Metadata", func(d payment.Data) error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: s.p.ID, Amount: amount("1"), Metadata: d})
			return err
		}},
		{"CreateRefundReason", "Metadata", func(d payment.Data) error {
			reason.Code += "x" // each one is new
			reason.Metadata = d
			_, err := s.CreateRefundReason(ctx, reason)
			return err
		}},
		{"UpdateRefundReason", "Metadata", func(d payment.Data) error {
			_, err := s.UpdateRefundReason(ctx, s.reason.ID, payment.RefundReasonParams{Code: "broken", Label: "It was broken", Metadata: d})
			return err
		}},
		{"AuthorizeSession", "Input", func(d payment.Data) error {
			_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: s.pending.ID, Input: d})
			return err
		}},
	}
}

// sized is a map whose JSON has so many bytes.
func sized(bytes int) payment.Data {
	return payment.Data{"a": strings.Repeat("x", bytes-len(`{"a":""}`))}
}

func nested(levels int) payment.Data {
	d := map[string]any{}
	for range levels - 1 {
		d = map[string]any{"a": d}
	}
	return d
}

func TestMapsThatJSONCannotHold(t *testing.T) {
	circle := payment.Data{}
	circle["a"] = circle
	bad := map[string]struct {
		data payment.Data
		rule string
	}{
		"not a number":      {payment.Data{"a": math.NaN()}, `"a" is NaN, which JSON cannot hold`},
		"infinity":          {payment.Data{"a": map[string]any{"b": []any{1, math.Inf(-1)}}}, `"a.b.1" is -Inf, which JSON cannot hold`},
		"a function":        {payment.Data{"a": func() {}}, `"a" is a func(), which JSON cannot hold`},
		"a channel":         {payment.Data{"a": make(chan int)}, `"a" is a chan int, which JSON cannot hold`},
		"private":           {payment.Data{"a": payment.NewPrivate(payment.Data{"b": 1})}, `"a" is Private, which is never data`},
		"NUL":               {payment.Data{"a": "x\x00y"}, `"a" contains a NUL character`},
		"NUL in a key":      {payment.Data{"a": map[string]any{"b\x00": 1}}, `a key of "a" contains a NUL character`},
		"not UTF-8":         {payment.Data{"a": "\xff"}, `"a" is not UTF-8 text`},
		"a key not UTF-8":   {payment.Data{"a": map[string]any{"\xff": 1}}, `a key of "a" is not UTF-8 text`},
		"it holds itself":   {circle, "is nested deeper than 32 levels"},
		"33 levels":         {nested(33), "is nested deeper than 32 levels"},
		"64 KiB and 1 byte": {sized(payment.MaxDataBytes + 1), "is larger than 64 KiB as JSON"},
		"1 GiB of numbers":  {payment.Data{"a": strings.Repeat("9", 1<<20)}, "is larger than 64 KiB as JSON"},
	}
	s := newStage(t, options{})
	for _, c := range s.mapCalls() {
		for name, b := range bad {
			t.Run(c.name+"/"+c.field+"/"+name, func(t *testing.T) {
				requireInvalid(t, s.untouched(t, func() error { return c.call(b.data) }), c.field, b.rule)
			})
		}
	}
	for name, b := range bad {
		t.Run("Context/"+name, func(t *testing.T) {
			context := payment.NewPrivate(b.data)
			err := s.untouched(t, func() error {
				_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("1"), Context: context})
				return err
			})
			requireInvalid(t, err, "Context", "holds a value that JSON cannot hold, or more than 64 KiB") // what it is called may be a secret too
			err = s.untouched(t, func() error {
				_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: s.pending.ID, Context: &context})
				return err
			})
			requireInvalid(t, err, "Context", "holds a value that JSON cannot hold, or more than 64 KiB")
		})
	}
}

func TestSecretsAreRefused(t *testing.T) {
	const card = "4242424242424242"
	bad := map[string]payment.Data{
		"api_key":       {"api_key": "k-1234"},
		"client.Secret": {"client": map[string]any{"Secret": "k-1234"}},
		"keys.1.pin":    {"keys": []any{1, map[string]any{"pin": "k-1234"}}},
		"Card-Number":   {"Card-Number": card},
		"card.cvc":      {"card": map[string]any{"cvc": 123}},
		"number":        {"number": "4242 4242 4242 4242"},
		"card.number":   {"card": payment.Data{"number": 4242424242424242}},
		"note":          {"note": "sk_live_k-1234"},
		"notes.0":       {"notes": []any{" whsec_k-1234"}},
		"pem":           {"pem": "-----BEGIN PRIVATE KEY-----\nk-1234"},
	}
	s := newStage(t, options{})
	for _, c := range s.mapCalls() {
		for at, data := range bad {
			t.Run(c.name+"/"+c.field+"/"+at, func(t *testing.T) {
				err := s.untouched(t, func() error { return c.call(data) })
				requireInvalid(t, err, c.field, fmt.Sprintf("%q looks like a secret or card data: secrets belong in Private, card data nowhere", at))
				require.NotContains(t, err.Error(), "k-1234")
				require.NotContains(t, err.Error(), "4242")
			})
		}
	}
	// Neither a name nor digits alone prove anything; and the server's own Context is where secrets about the shopper belong.
	for _, d := range []payment.Data{{"number": "1042"}, {"order": card}, {"key": "k-1234"}, {"tracking": "sk_slovakia"}} {
		_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: s.c.ID, Metadata: &d})
		require.NoError(t, err)
	}
	context := payment.NewPrivate(payment.Data{"api_key": "k-1234"})
	x, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: s.pending.ID, Context: &context})
	require.NoError(t, err)
	require.Equal(t, payment.Data{"api_key": "k-1234"}, x.Context.Reveal())
}

// What is at the limit, nil and empty is accepted by the same calls.
func TestMapsThatAreAccepted(t *testing.T) {
	for name, d := range map[string]payment.Data{
		"nil": nil, "empty": {}, "64 KiB": sized(payment.MaxDataBytes), "32 levels": nested(32),
		"of all kinds": {"a": nil, "b": true, "c": "ü", "d": 1 << 62, "e": 1.5, "f": []any{}, "g": []string{"x"}},
	} {
		s := newStage(t, options{})
		for _, c := range s.mapCalls() {
			t.Run(name+"/"+c.name+"/"+c.field, func(t *testing.T) { require.NoError(t, c.call(d)) })
		}
	}
	s := newStage(t, options{})
	metadata := payment.Data{"order": map[string]any{"n": 9007199254740993}}
	c, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("1"), Metadata: metadata})
	require.NoError(t, err)
	metadata["order"].(map[string]any)["n"] = 1 // the caller's map is the caller's
	require.Equal(t, "map[order:map[n:9007199254740993]]", fmt.Sprint(s.fresh(c.ID).Metadata))
	c, err = s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Metadata: &payment.Data{}})
	require.NoError(t, err)
	require.Nil(t, c.Metadata)
}

func TestTextsThatAreTooLongOrNoText(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	s := newStage(t, options{})
	ctx := t.Context()
	reason := func(p payment.RefundReasonParams) error {
		_, created := s.CreateRefundReason(ctx, p)
		_, updated := s.UpdateRefundReason(ctx, s.reason.ID, p)
		require.Equal(t, created, updated)
		return created
	}
	for _, test := range []struct {
		field, rule string
		bad         []string
		call        func(string) error
	}{
		{"CreatedBy", "must be at most 255 bytes of UTF-8 text without NUL", []string{long(256), "a\x00", "\xff"}, func(v string) error {
			_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: s.p.ID, CreatedBy: v})
			return err
		}},
		{"CreatedBy", "must be at most 255 bytes of UTF-8 text without NUL", []string{long(256), "a\x00", "\xff"}, func(v string) error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: s.p.ID, CreatedBy: v})
			return err
		}},
		{"Note", "must be at most 2,000 bytes of UTF-8 text without NUL", []string{long(2001), "a\x00", "\xff"}, func(v string) error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: s.p.ID, Note: v})
			return err
		}},
		{"ReasonID", "is not the ID of a refund reason", []string{"refr_1", "broken", long(100_000), "\x00"}, func(v string) error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: s.p.ID, ReasonID: v})
			return err
		}},
		{"Code", "must be 1 to 64 letters, digits, - and _", []string{"", long(65), "a b", "ä", "a\x00"}, func(v string) error {
			return reason(payment.RefundReasonParams{Code: v, Label: "x"})
		}},
		{"Label", "must be at most 255 bytes of UTF-8 text without NUL", []string{long(256), "a\x00", "\xff"}, func(v string) error {
			return reason(payment.RefundReasonParams{Code: "x", Label: v})
		}},
		{"Description", "must be at most 2,000 bytes of UTF-8 text without NUL", []string{long(2001), "a\x00", "\xff"}, func(v string) error {
			return reason(payment.RefundReasonParams{Code: "x", Label: "x", Description: v})
		}},
	} {
		for _, bad := range test.bad {
			t.Run(fmt.Sprintf("%s/%.8q", test.field, bad), func(t *testing.T) {
				err := s.untouched(t, func() error { return test.call(bad) })
				requireInvalid(t, err, test.field, test.rule)
				require.Less(t, len(err.Error()), 200)
			})
		}
	}
	_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: s.p.ID, Amount: amount("1"), Note: long(2000), CreatedBy: long(255)})
	require.NoError(t, err)
	_, err = s.CreateRefundReason(ctx, payment.RefundReasonParams{Code: long(64), Label: long(255), Description: long(2000)})
	require.NoError(t, err)
	err = s.untouched(t, func() error {
		_, err := s.CreateRefundReason(ctx, payment.RefundReasonParams{Code: "broken", Label: "again"})
		return err
	})
	requireInvalid(t, err, "Code", `"broken" is taken by another refund reason`)
}
