package memstore

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

func TestKeeperKeepsDataAsNormalizeDataDoes(t *testing.T) {
	deep := map[string]any{"x": "y"}
	for range 10 {
		deep = map[string]any{"deeper": deep}
	}
	itself := map[string]any{}
	itself["again"], itself["and again"] = itself, itself
	values := map[string]any{
		"nil": nil, "true": true, "text": "10 €", "empty text": "", "NUL": "a\x00b", "not UTF-8": "\xff",
		"number": json.Number("10.99"), "zero": json.Number("0"), "minus zero": json.Number("-0"), "exponent": json.Number("1e3"),
		"leading zero": json.Number("010"), "no number": json.Number("x"), "only a sign": json.Number("-"), "empty number": json.Number(""),
		"bare point": json.Number("1."), "plus": json.Number("+1"), "long number": json.Number(strings.Repeat("1", 100)),
		"too long number": json.Number(strings.Repeat("1", 200)), "int": 7, "float": 1.5, "NaN": math.NaN(), "func": func() {},
		"private": payment.NewPrivate(map[string]any{"a": "b"}), "struct": struct{ A int }{1}, "typed map": payment.Data{"a": 1},
		"map": map[string]any{"a": map[string]any{}, "b": []any{}}, "list": []any{"a", json.Number("1"), []any{nil}},
		"nil map": map[string]any(nil), "nil list": []any(nil), "int in a list": []any{1}, "deep": deep, "itself": itself,
		"large": strings.Repeat("x", 60<<10), "too large": strings.Repeat("x", 65<<10), "many": manyKeys(5_000),
		"bad key": map[string]any{"a\x00": 1},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			in := payment.Data{"answer": v}
			want, wantErr := payment.NormalizeData(in)
			var k keeper
			got := k.data("Data", in, nil)
			if wantErr != nil {
				require.ErrorIs(t, k.err, payment.ErrInvalid)
				k = keeper{}
				k.private("Private", payment.NewPrivate(in))
				require.ErrorIs(t, k.err, payment.ErrInvalid)
				require.NotContains(t, k.err.Error(), "answer", "what is private is not quoted")
				return
			}
			require.NoError(t, k.err)
			require.Equal(t, want, got)
			encoded, err := json.Marshal(got)
			require.NoError(t, err)
			require.LessOrEqual(t, len(encoded), k.size)
			k.private("Private", payment.NewPrivate(in))
			require.NoError(t, k.err)

			again := k.data("Data", want, got)
			require.Equal(t, want, again)
			again["shared"] = true // a map that is stored already is used again
			require.Equal(t, true, got["shared"])
		})
	}
}

func manyKeys(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[id("key", i)[:20]+id("", i)[25:]] = nil
	}
	return m
}

func TestKeeperSharesOnlyWhatIsEqual(t *testing.T) {
	was := payment.Data{"a": json.Number("1"), "b": []any{"x", map[string]any{"c": nil}}}
	for name, d := range map[string]payment.Data{
		"another number":       {"a": json.Number("2"), "b": []any{"x", map[string]any{"c": nil}}},
		"another spelling":     {"a": json.Number("1.0"), "b": []any{"x", map[string]any{"c": nil}}},
		"text":                 {"a": "1", "b": []any{"x", map[string]any{"c": nil}}},
		"an int":               {"a": 1, "b": []any{"x", map[string]any{"c": true}}},
		"another key":          {"a": json.Number("1"), "c": nil},
		"nil for what is none": {"a": json.Number("1"), "b": []any{"x", map[string]any{"d": nil}}},
		"a longer list":        {"a": json.Number("1"), "b": []any{"x", map[string]any{"c": nil}, nil}},
		"an element":           {"a": json.Number("1"), "b": []any{"y", map[string]any{"c": nil}}},
		"another type":         {"a": json.Number("1"), "b": map[string]any{}},
		"one key less":         {"a": json.Number("1")},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := payment.NormalizeData(d)
			require.NoError(t, err)
			var k keeper
			require.Equal(t, want, k.data("Data", d, was))
			require.NoError(t, k.err)
		})
	}
	var k keeper
	require.Nil(t, k.data("Data", payment.Data{}, was))
	require.Nil(t, k.data("Data", nil, was))
}

func TestCloneDataSharesNothing(t *testing.T) {
	flat := payment.Data{"a": "b"}
	nested := payment.Data{"a": []any{map[string]any{"b": "c"}}}
	for _, d := range []payment.Data{flat, nested} {
		c := cloneData(d)
		require.Equal(t, d, c)
		c["new"] = true
		require.NotContains(t, d, "new")
	}
	c := cloneData(nested)
	c["a"].([]any)[0].(map[string]any)["b"] = "changed"
	require.Equal(t, payment.Data{"a": []any{map[string]any{"b": "c"}}}, nested)
	require.Nil(t, cloneData(payment.Data{}))
}

func TestTimesAreCutAndCompare(t *testing.T) {
	now := time.Now() // with what a monotonic clock says
	for _, given := range []time.Time{now, now.Truncate(0), now.Add(-time.Duration(now.Nanosecond() % 1000)), {}, time.Unix(-1, 1).In(time.FixedZone("", 3600))} {
		require.Equal(t, given.UTC().Truncate(time.Microsecond), cutTime(given), "%s", given)
	}
}
