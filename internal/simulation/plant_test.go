package simulation

import (
	"os"
	"strconv"
	"testing"

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
		require.NotEmpty(t, p.Seeds, "no seed has found %s yet: make hunt", p.Name)
		rules[p.Rule] = true
	}
	for rule := 1; rule <= 15; rule++ {
		require.True(t, rules[strconv.Itoa(rule)], "rule %d has no planted fault", rule)
	}
	require.True(t, rules["secrets"], "no planted fault leaks a secret")
}
