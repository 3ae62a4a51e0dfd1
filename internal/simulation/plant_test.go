package simulation

import (
	"os"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// Every planted fault can still be planted, and each of the rules has one.
func TestPlantsApply(t *testing.T) {
	plants, err := ReadPlants(os.DirFS("testdata/planted"))
	require.NoError(t, err)
	rules := map[string]bool{}
	for _, p := range plants {
		_, err := p.Apply(os.DirFS("../.."))
		require.NoError(t, err)
		require.NotEmpty(t, p.Seeds, "no seed has found %s yet: make hunt PLANT=%s", p.Name, p.Name)
		rules[p.Rule] = true
	}
	for rule := 1; rule <= 15; rule++ {
		require.True(t, rules[strconv.Itoa(rule)], "rule %d has no planted fault", rule)
	}
	require.True(t, rules["secrets"], "no planted fault leaks a secret")
}

func TestParsePlant(t *testing.T) {
	p, err := parsePlant("rule: 3\nbreaks: a thing\nseeds: 1 22\nfile: a.go\n--- old\nx\n\n--- new\ny\n\nfile: b.go\n--- old\none\n--- new\n\n")
	require.NoError(t, err)
	require.Equal(t, Plant{
		Rule: "3", Breaks: "a thing", Seeds: []uint64{1, 22},
		Edits: []Edit{{"a.go", "x\n", "y\n"}, {"b.go", "one", ""}},
	}, p)
	for _, text := range []string{"", "rule: 1\nbreaks: x\nseeds: a\nfile: a\n--- old\n--- new\n", "rule: 1\nbreaks: x\nwhat: is this\n", "rule: 1\nbreaks: x\n"} {
		_, err := parsePlant(text)
		require.Error(t, err, text)
	}

	library := fstest.MapFS{"a.go": {Data: []byte("a x\nb")}, "b.go": {Data: []byte("one two")}}
	changed, err := p.Apply(library)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a.go": "a y\nb", "b.go": " two"}, changed)
	library["b.go"].Data = []byte("one one")
	_, err = p.Apply(library)
	require.ErrorContains(t, err, "stands 2 times, not once")

	overlay, files := Overlay("/root", "/dir", map[string]string{"a.go": "text"})
	require.JSONEq(t, `{"Replace": {"/root/a.go": "/dir/a.go"}}`, overlay)
	require.Equal(t, map[string]string{"/dir/a.go": "text"}, files)
}
