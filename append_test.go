package payment

import (
	"encoding/json"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireAppended checks that AppendData writes what NormalizeData returns, or refuses what it refuses, and changes nothing that was there.
func requireAppended(t *testing.T, d map[string]any, name string) {
	t.Helper()
	normal, refused := NormalizeData(d)
	want, err := json.Marshal(map[string]any(normal))
	require.NoError(t, err)
	if len(normal) == 0 {
		want = nil
	}
	room := append(make([]byte, 0, 64), "before"...)
	for _, before := range [][]byte{nil, []byte("before"), room} {
		got, err := AppendData(before, d)
		if refused != nil {
			require.EqualError(t, err, refused.Error(), name)
			require.Equal(t, before, got, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, string(before)+string(want), string(got), name)
	}
	require.Equal(t, "before", string(room), name)
}

func TestAppendDataTakesNoCopy(t *testing.T) {
	normal, err := NormalizeData(map[string]any{
		"text": "plain", "n": json.Number("-12.50"), "yes": true, "none": nil,
		"list": []any{json.Number("0.1"), json.Number("0"), map[string]any{"a": "b"}, []any{}},
	})
	require.NoError(t, err)
	requireAppended(t, normal, "as it comes out of a store")
	room := make([]byte, 0, 1<<10)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := AppendData(room, normal); err != nil {
			t.Error(err)
		}
	}))
}

func TestAppendDataRefusesBeforeItEncodes(t *testing.T) {
	for name, d := range map[string]map[string]any{
		"a text": {"v": strings.Repeat("<", 4<<20)}, "a key": {strings.Repeat("é", 2<<20): 1}, "in a list": {"v": []any{"a", strings.Repeat("&", 4<<20)}},
	} {
		requireAppended(t, d, name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := AppendData(nil, d)
		runtime.ReadMemStats(&after)
		require.Error(t, err)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "%s: bytes", name)
	}
}

func TestAppendDataNests(t *testing.T) {
	for levels := 31; levels <= 33; levels++ {
		lists, maps := any("x"), any("x")
		for range levels - 1 {
			lists, maps = []any{lists}, map[string]any{"m": maps}
		}
		requireAppended(t, map[string]any{"v": lists}, "lists")
		requireAppended(t, map[string]any{"v": maps}, "maps")
	}
}

func TestAppendPrivate(t *testing.T) {
	text, err := AppendPrivate([]byte("x"), Private{})
	require.NoError(t, err)
	require.Equal(t, "x", string(text), "nothing for nothing")
	text, err = AppendPrivate([]byte("before "), NewPrivate(map[string]any{"b": 1, "a": "<"}))
	require.NoError(t, err)
	require.Equal(t, `before {"a":"\u003c","b":1}`, string(text))
	text, err = AppendPrivate(nil, NewPrivate(map[string]any{"a": math.NaN()}))
	require.EqualError(t, err, `"a" is NaN, which JSON cannot hold`)
	require.Empty(t, text)
}

func TestPlainNumbers(t *testing.T) {
	for _, s := range []string{"0", "7", "10", "-7", "-10", "0.5", "0.50", "10.01", "-1.0", "123456789012345678901234567890"} {
		require.True(t, isPlainNumber(s), s)
	}
	for _, s := range []string{"", "-", "+1", "01", "-01", "-0", "-0.5", ".5", "1.", "1.x", "1x", " 1", "1 ", "1e2", "1E2", "0x1", "١", "--1", "1.2.3", "NaN"} {
		require.False(t, isPlainNumber(s), s)
	}
}
