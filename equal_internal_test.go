package payment

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEqualValueIsDeepEqual compares values of all kinds with each other: where one is normalized, the answer is that of reflect.
func TestEqualValueIsDeepEqual(t *testing.T) {
	normal := []any{
		nil, true, false, "", "a", json.Number("1"), json.Number("2"), []any{}, []any{"a"}, []any{"a", nil}, []any{[]any{json.Number("1")}},
		map[string]any{}, map[string]any{"a": nil}, map[string]any{"b": nil}, map[string]any{"a": "b"}, map[string]any{"a": map[string]any{"b": []any{true}}},
		map[string]any{"a": map[string]any{"b": []any{false}}}, map[string]any{"a": "b", "c": "d"},
	}
	others := []any{1, 1.5, []string{"a"}, Data{"a": "b"}, map[string]string{"a": "b"}, struct{}{}, map[string]any{"a": 1}, []any{1}, []any{Data{}}}
	again := map[string]any{}
	again["a"] = again // endless
	all := slices.Concat(others, []any{again}, normal)
	for _, a := range normal {
		for _, b := range all {
			require.Equal(t, reflect.DeepEqual(a, b), equalValue(a, b), "%v and %v", a, reflect.TypeOf(b))
			require.Equal(t, reflect.DeepEqual(b, a), equalValue(b, a), "%v and %v", reflect.TypeOf(b), a)
		}
	}
	require.True(t, equalData(nil, Data{}))
}
