package payment

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNormalizeDataKeepsValuesExactly(t *testing.T) {
	type named string
	for name, tt := range map[string]struct {
		in   any
		want any
	}{
		"null":                  {nil, nil},
		"a bool":                {true, true},
		"a text":                {"Grüße, <b>\"世界\"</b>\n", "Grüße, <b>\"世界\"</b>\n"},
		"a replacement rune":    {"\ufffd", "\ufffd"},
		"a named text":          {named("x"), "x"},
		"an int":                {math.MinInt, json.Number("-9223372036854775808")},
		"an int64":              {int64(math.MaxInt64), json.Number("9223372036854775807")},
		"a uint64":              {uint64(math.MaxUint64), json.Number("18446744073709551615")},
		"an int beyond 64 bits": {json.Number("123456789012345678901234567890"), json.Number("123456789012345678901234567890")},
		"an int beyond a float": {9007199254740993, json.Number("9007199254740993")},
		"a decimal":             {json.Number("-10.50"), json.Number("-10.50")},
		"a float":               {0.1, json.Number("0.1")},
		"a large float":         {1.5e21, json.Number("1500000000000000000000")},
		"a small float":         {-2.5e-9, json.Number("-0.0000000025")},
		"an exponent":           {json.Number("1.50E+2"), json.Number("150")},
		"a zero's sign":         {json.Number("-0.00"), json.Number("0")},
		"no zero's sign":        {json.Number("-0.50"), json.Number("-0.5")},
		"the largest exponent":  {json.Number("1e127"), json.Number("1" + strings.Repeat("0", 127))},
		"the smallest exponent": {json.Number("1e-126"), json.Number("0." + strings.Repeat("0", 125) + "1")},
		"a list":                {[]any{1, "a", nil}, []any{json.Number("1"), "a", nil}},
		"an empty list":         {[]any{}, []any{}},
		"an empty map":          {map[string]any{}, map[string]any{}},
		"data":                  {Data{"n": 1}, map[string]any{"n": json.Number("1")}},
		"texts":                 {[]string{"a", "\ufffd", `\ufffd`}, []any{"a", "\ufffd", `\ufffd`}},
		"a struct":              {struct{ N uint8 }{7}, map[string]any{"N": json.Number("7")}},
		"raw JSON":              {json.RawMessage(`{"n": 12345678901234567890}`), map[string]any{"n": json.Number("12345678901234567890")}},
		"a Private in a struct": {struct{ P Private }{NewPrivate(map[string]any{"k": "s3cr3t"})}, map[string]any{"P": nil}},
	} {
		got, err := NormalizeData(map[string]any{"v": tt.in})
		require.NoError(t, err, name)
		require.Equal(t, Data{"v": tt.want}, got, name)

		again, err := NormalizeData(got)
		require.NoError(t, err, name)
		require.Equal(t, got, again, "%s: normalizing twice changes nothing", name)
		_, err = json.Marshal(got)
		require.NoError(t, err, "%s: what is accepted can be encoded", name)
		requireAppended(t, map[string]any{"v": tt.in}, name)
		requireAppended(t, got, name)
	}
}

func TestNoDataIsNil(t *testing.T) {
	for _, d := range []map[string]any{nil, {}, Data{}} {
		got, err := NormalizeData(d)
		require.NoError(t, err)
		require.Nil(t, got)
	}
	require.Nil(t, Data(nil).Clone())
	require.NotNil(t, Data{}.Clone())
}

func TestNormalizeDataRefusesWhatJSONCannotHold(t *testing.T) {
	self := map[string]any{}
	self["in"] = map[string]any{"self": self}
	list := []any{nil}
	list[0] = list
	wide := map[string]any{}
	wide["a"], wide["b"] = wide, wide
	type loop struct{ Next *loop }
	looped := &loop{}
	looped.Next = looped
	for name, tt := range map[string]struct {
		in  any
		why string
	}{
		"NaN":                     {math.NaN(), `"v" is NaN, which JSON cannot hold`},
		"infinity":                {math.Inf(-1), `"v" is -Inf, which JSON cannot hold`},
		"a float32 NaN":           {float32(math.NaN()), `"v" is a float32, which JSON cannot hold`},
		"a function":              {func() {}, `"v" is a func(), which JSON cannot hold`},
		"a channel":               {make(chan int), `"v" is a chan int, which JSON cannot hold`},
		"a complex":               {1i, `"v" is a complex128, which JSON cannot hold`},
		"a NUL":                   {"a\x00b", `"v" contains a NUL character`},
		"a NUL in a list":         {[]string{"a", "\x00"}, `"v.1" contains a NUL character`},
		"a NUL in a key":          {map[string]any{"\x00": 1}, `a key of "v" contains a NUL character`},
		"no UTF-8":                {"\xff", `"v" is not UTF-8 text`},
		"a cut rune":              {"\xe4\xb8", `"v" is not UTF-8 text`},
		"no UTF-8 in texts":       {[]string{"a", "\xff"}, `"v" is not UTF-8 text`},
		"no UTF-8 in a key":       {map[string]any{"\xff": 1}, `a key of "v" is not UTF-8 text`},
		"no UTF-8 in a map's key": {map[string]string{"\xff": "a"}, `"v" is not UTF-8 text`},
		"a path":                  {map[string]any{"a": []any{1, math.NaN()}}, `"v.a.1" is NaN, which JSON cannot hold`},
		"Private":                 {NewPrivate(map[string]any{"k": "s3cr3t"}), `"v" is Private, which is never data`},
		"a pointer to Private":    {&Private{}, `"v" is Private, which is never data`},
		"no number":               {json.Number("abc"), `"v" is not a number`},
		"an empty number":         {json.Number(""), `"v" is not a number`},
		"a quoted number":         {json.Number(`"1"`), `"v" is not a number`},
		"a sign":                  {json.Number("-"), `"v" is not a number`},
		"a plus":                  {json.Number("+1"), `"v" is not a number`},
		"a space after a number":  {json.Number("1 "), `"v" is not a number`},
		"a line after a number":   {json.Number("1\n"), `"v" is not a number`},
		"two numbers":             {json.Number("1 1"), `"v" is not a number`},
		"a hex number":            {json.Number("0x10"), `"v" is not a number`},
		"a leading zero":          {json.Number("01"), `"v" is not a number`},
		"129 digits":              {json.Number(strings.Repeat("1", 129)), `"v" is a number of more than 128 characters`},
		"a huge exponent":         {json.Number("1e1000000000"), `"v" is a number of more than 128 characters`},
		"a tiny exponent":         {json.Number("1E-1000000000"), `"v" is a number of more than 128 characters`},
		"an exponent of 30":       {json.Number("1e" + strings.Repeat("9", 30)), `"v" is a number of more than 128 characters`},
		"a large exponent":        {json.Number("1e128"), `"v" is a number of more than 128 characters`},
		"a small exponent":        {json.Number("1e-127"), `"v" is a number of more than 128 characters`},
		"a zero with an exponent": {json.Number("0e999"), `"v" is a number of more than 128 characters`},
		"a map in itself":         {self, "is nested deeper than 32 levels"},
		"a list in itself":        {list, "is nested deeper than 32 levels"},
		"a map twice in itself":   {wide, "is nested deeper than 32 levels"},
		"a struct in itself":      {looped, `"v" is a *payment.loop, which JSON cannot hold`},
		"a long text":             {strings.Repeat("x", MaxDataBytes), "is larger than 64 KiB as JSON"},
		"many empty maps":         {manyOf(map[string]any{}), "is larger than 64 KiB as JSON"},
		"many empty lists":        {manyOf([]any{}), "is larger than 64 KiB as JSON"},
		"many nulls":              {manyOf(nil), "is larger than 64 KiB as JSON"},
		"many structs":            {make([]struct{}, MaxDataBytes), "is larger than 64 KiB as JSON"},
	} {
		got, err := NormalizeData(map[string]any{"v": tt.in})
		require.ErrorContains(t, err, tt.why, name)
		require.Nil(t, got, name)
		require.NotContains(t, err.Error(), "s3cr3t", name)
		require.Less(t, len(err.Error()), 300, name)
		requireAppended(t, map[string]any{"v": tt.in}, name)
	}
	_, err := NormalizeData(map[string]any{strings.Repeat("k", 10_000): math.NaN()})
	require.Less(t, len(err.Error()), 300, "a long path is cut")
}

func manyOf(v any) []any {
	list := make([]any, MaxDataBytes)
	for i := range list {
		list[i] = v
	}
	return list
}

func TestOfSeveralErrorsTheSameOneIsTold(t *testing.T) {
	d := map[string]any{"b": math.NaN(), "a": func() {}, "c": "\xff"}
	secrets := map[string]any{"b": map[string]any{"y": map[string]any{"pin": 1}, "x": "sk_live_1"}, "c": map[string]any{"cvc": 1}}
	for range 100 {
		_, err := NormalizeData(d)
		require.ErrorContains(t, err, `"a" is a func()`)
		_, err = callerData("Metadata", secrets)
		require.ErrorContains(t, err, `"b.x" looks like a secret`)
	}
}

func TestDataMayNestIn32Levels(t *testing.T) {
	nested := func(levels int, in any) map[string]any {
		for range levels - 1 {
			in = []any{in}
		}
		return map[string]any{"v": in}
	}
	for _, leaf := range []any{"x", 1, nil} {
		_, err := NormalizeData(nested(32, leaf))
		require.NoError(t, err)
		_, err = NormalizeData(nested(33, leaf))
		require.ErrorContains(t, err, "is nested deeper than 32 levels")
	}
	_, err := NormalizeData(nested(32, []any{}))
	require.ErrorContains(t, err, "is nested deeper than 32 levels", "an empty list counts as well")
}

func TestDataIsMeasuredAsJSON(t *testing.T) {
	fill := func(d map[string]any, with string) map[string]any {
		d["fill"] = ""
		b, err := json.Marshal(d)
		require.NoError(t, err)
		one, err := json.Marshal(with)
		require.NoError(t, err)
		room := MaxDataBytes - len(b)
		d["fill"] = strings.Repeat(with, room/(len(one)-2)) + strings.Repeat("x", room%(len(one)-2))
		b, err = json.Marshal(d)
		require.NoError(t, err)
		require.Len(t, b, MaxDataBytes)
		return d
	}
	for _, with := range []string{"x", "\"", "\\", "\n", "\x01", "\x7f", "<", "&", "é", "世", "😀", "\u2028", "\ufffd"} {
		for name, d := range map[string]map[string]any{
			"alone":      {},
			"with a map": {"a": map[string]any{"b": 1, "c<": nil}, "l": []any{}, "m": map[string]any{}},
			"with lists": {"l": []any{1, []any{true, false}, []string{"a", "<"}, -0.25, map[string]any{"n": uint8(1)}}},
		} {
			d = fill(d, with)
			_, err := NormalizeData(d)
			require.NoError(t, err, "%q %s: exactly 64 KiB", with, name)
			requireAppended(t, d, "exactly 64 KiB")
			d["fill"] = d["fill"].(string) + "x"
			_, err = NormalizeData(d)
			require.EqualError(t, err, "is larger than 64 KiB as JSON", "%q %s: one byte more", with, name)
			requireAppended(t, d, "one byte more")
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	d := Data{"m": map[string]any{"n": "old"}, "d": Data{"n": "old"}, "l": []any{"old", []any{"old"}, Data{"n": "old"}}}
	before := fmt.Sprint(d)
	c := d.Clone()
	require.Equal(t, d, c)
	c["new"] = 1
	c["m"].(map[string]any)["n"] = "new"
	c["d"].(Data)["n"] = "new"
	c["l"].([]any)[0] = "new"
	c["l"].([]any)[1].([]any)[0] = "new"
	c["l"].([]any)[2].(Data)["n"] = "new"
	require.Equal(t, before, fmt.Sprint(d))

	got, err := NormalizeData(d)
	require.NoError(t, err)
	got["m"].(map[string]any)["n"] = "new"
	got["l"].([]any)[1].([]any)[0] = "new"
	require.Equal(t, before, fmt.Sprint(d), "nor does what NormalizeData returns")
}

func TestForbiddenInWhatACallerPasses(t *testing.T) {
	for name, v := range map[string]map[string]any{
		"by name":            {"api_key": "x"},
		"in another case":    {"API-Key": "x"},
		"in camel case":      {"apiKey": nil},
		"with dots":          {"stripe": map[string]any{"Webhook.Secret": "x"}},
		"secret":             {"secret": ""},
		"password":           {"password": "x"},
		"card number":        {"card": map[string]any{"cardNumber": "x"}},
		"cvc":                {"card": []any{map[string]any{"CVC": 123}}},
		"track data":         {"track2": "x"},
		"live key":           {"note": "sk_live_abc"},
		"under an empty key": {"": "sk_live_abc"},
		"test key":           {"note": " sk_test_abc"},
		"restricted key":     {"note": "rk_live_abc"},
		"webhook secret":     {"list": []any{"x", "whsec_abc"}},
		"PEM":                {"note": "-----BEGIN PRIVATE KEY-----"},
		"number":             {"number": "4242424242424242"},
		"number with spaces": {"card": map[string]any{"Number": "4242 4242-4242 4242"}},
		"number as a number": {"NUMBER": int64(4242424242424242)},
		"13 digits":          {"number": "4222222222222"},
		"19 digits":          {"number": "6304000000000000000"},
	} {
		_, err := callerData("Metadata", v)
		var refused *InvalidError
		require.ErrorAs(t, err, &refused, name)
		require.Equal(t, "Metadata", refused.Field, name)
		require.Contains(t, refused.Rule, "looks like a secret or card data: secrets belong in Private, card data nowhere", name)
	}
	for name, v := range map[string]map[string]any{
		"Luhn alone":             {"order": "4242424242424242", "customer": 4242424242424242, "list": []any{"4242424242424242"}},
		"number alone":           {"number": "ORD-1001", "in": map[string]any{"number": 7}},
		"number of a house":      {"number": "12345678901234", "Number": json.Number("4242424242424243")},
		"18 zeros and no digits": {"number": "４２４２４２４２４２４２４２４２"},
		"too short for a card":   {"number": "18"},
		"too long for a card":    {"number": strings.Repeat("0", 20)},
		"a client's token":       {"client_secret": "pi_1_secret_2", "token": "tok_1", "publishable_key": "pk_live_1", "payment_token": "x"},
		"a card's end":           {"last4": "4242", "exp_month": 12, "brand": "visa", "fingerprint": "x"},
		"a secret's name inside": {"shipping": "secretary", "spin": 1, "company": "sk_life"},
		"a secret's prefix late": {"note": "not sk_live_"},
	} {
		_, err := callerData("Metadata", v)
		require.NoError(t, err, name)
	}
	_, err := callerData("Input", map[string]any{"n": math.NaN()})
	require.EqualError(t, err, `payment: Input: "n" is NaN, which JSON cannot hold`)
	_, err = callerData("Input", map[string]any{"n": strings.Repeat("x", MaxDataBytes)})
	require.EqualError(t, err, "payment: Input: is larger than 64 KiB as JSON")
}

func TestAProvidersAnswerIsNeverRefused(t *testing.T) {
	self := Data{}
	self["self"] = self
	many, manyBad := Data{}, Data{}
	for i := range 100 {
		many[fmt.Sprintf("k%03d", i)] = strings.Repeat("x", 1000)
		manyBad[fmt.Sprintf("k%03d", i)] = math.NaN()
	}
	for name, tt := range map[string]struct {
		in, kept Data
		dropped  []string
	}{
		"nothing":          {nil, nil, nil},
		"empty":            {Data{}, nil, nil},
		"good":             {Data{"client_secret": "cs_1", "n": 1}, Data{"client_secret": "cs_1", "n": json.Number("1")}, nil},
		"a bad key":        {Data{"a": 1, "api_key": "s3cr3t"}, Data{"a": json.Number("1")}, []string{`"api_key"`}},
		"a bad key inside": {Data{"a": 1, "card": []any{map[string]any{"cvc": "s3cr3t"}}}, Data{"a": json.Number("1")}, []string{`"card"`}},
		"a bad value":      {Data{"a": "sk_live_s3cr3t", "b": "pk_live_1"}, Data{"b": "pk_live_1"}, []string{`"a"`}},
		"no key":           {Data{"": "sk_live_s3cr3t", "b": "pk_live_1"}, Data{"b": "pk_live_1"}, []string{`""`}},
		"no JSON":          {Data{"f": func() {}, "n": math.NaN(), "a": true, "s": self}, Data{"a": true}, []string{`"f"`, `"n"`, `"s"`}},
		"no text":          {Data{"a\x00": 1, "\xff": 2, "b": "\xff", "c": "good"}, Data{"c": "good"}, []string{`"\xff"`, `"a\x00"`, `"b"`}},
		"both":             {Data{"f": func() {}, "pin": 1, "a": true}, Data{"a": true}, []string{`"f"`, `"pin"`}},
		"all bad":          {Data{"secret": 1}, nil, []string{`"secret"`}},
		"one too large":    {Data{"a": strings.Repeat("x", MaxDataBytes), "b": 1}, Data{"b": json.Number("1")}, []string{`"a"`}},
		"all too large":    {many, nil, []string{"all: is larger than 64 KiB as JSON"}},
		"a foreign key":    {Data{"ключ": math.NaN()}, nil, []string{`"\u043a\u043b\u044e\u0447"`}}, // may be cut anywhere and stay text
		"a long key":       {Data{strings.Repeat("k", 100): math.NaN()}, nil, []string{`"` + strings.Repeat("k", 64) + `"`}},
	} {
		for range 20 {
			kept, dropped := publicData(tt.in)
			require.Equal(t, tt.kept, kept, name)
			require.Equal(t, tt.dropped, dropped, name)
		}
	}
	for range 20 {
		kept, dropped := publicData(manyBad)
		require.Nil(t, kept)
		require.Len(t, dropped, 21)
		require.Equal(t, `"k000"`, dropped[0])
		require.Equal(t, "and 80 more", dropped[20])
	}
}

func FuzzNormalizeData(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1,"b":[true,null,"x\u0000"]}`, `{"n":1e400,"m":12345678901234567890}`, `{"card":{"number":"4242 4242 4242 4242"}}`,
		`{"a":"\ud800<>&\u2028"}`, `{"api_key":"sk_live_1"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in map[string]any
		if decodeExact(b, &in) != nil {
			return
		}
		requireAppended(t, in, "as it came")
		got, err := NormalizeData(in)
		requireAppended(t, got, "normalized")
		kept, dropped := publicData(in)
		if err == nil {
			again, err := NormalizeData(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
			text, err := json.Marshal(map[string]any(got))
			require.NoError(t, err)
			require.LessOrEqual(t, len(text), max(MaxDataBytes, len("null")))
			var back Data
			require.NoError(t, decodeExact(text, &back))
			require.Equal(t, fmt.Sprint(map[string]any(got)), fmt.Sprint(map[string]any(back)))
			if _, err := callerData("Metadata", in); err == nil {
				require.Empty(t, dropped)
				require.Equal(t, got, kept)
			} else {
				require.NotEmpty(t, dropped)
			}
		} else {
			require.NotEmpty(t, dropped)
		}
		_, err = callerData("Metadata", kept)
		require.NoError(t, err, "what is published would be accepted")
	})
}
