package simulation

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestBranches(t *testing.T) {
	library := fstest.MapFS{"settle.go": {Data: []byte("package payment\nfunc f() {\n\tif a {\n\t\tb()\n\t}\n\tif a {\n\t\tc()\n\t}\n}\n")}}
	profile := `mode: count
github.com/seed40c892db/payment/settle.go:2.10,3.7 1 5
github.com/seed40c892db/payment/settle.go:3.7,5.3 1 0
github.com/seed40c892db/payment/settle.go:6.7,8.3 1 2
github.com/seed40c892db/payment/settle.go:6.7,8.3 1 1
github.com/seed40c892db/payment/memstore/settle.go:1.1,2.2 1 0
github.com/seed40c892db/payment/book.go:1.1,2.2 1 0
`
	branches, err := ReadBranches(strings.NewReader(profile), library, SettleFiles())
	require.NoError(t, err)
	require.Equal(t, []Branch{
		{"settle.go", 2, "func f() {", 5},
		{"settle.go", 3, "if a {", 0},
		{"settle.go", 6, "if a { #2", 3},
	}, branches)

	require.Equal(t, []string{"settle.go:3 was never reached: if a {"}, CheckBranches(branches, nil, AllBranches))
	require.Empty(t, CheckBranches(branches, nil, AllBranches-1), "fewer seeds cannot reach everything")
	list, err := ReadUnreachable("# a comment\n\nsettle.go | if a { | because\n")
	require.NoError(t, err)
	require.Empty(t, CheckBranches(branches, list, AllBranches))
	list, err = ReadUnreachable("settle.go | if a { | because\nsettle.go | if a { #2 | because\nsettle.go | gone | because")
	require.NoError(t, err)
	require.Equal(t, []string{
		"listed as unreachable, and not there: settle.go gone",
		"settle.go:6 is listed as unreachable, and was reached 3 times: if a { #2",
	}, CheckBranches(branches, list, AllBranches))
	require.Len(t, CheckBranches(branches, list, 1), 2, "what is wrong with the list is so with one seed")

	_, err = ReadUnreachable("settle.go | if a {")
	require.ErrorContains(t, err, "a reason")
	_, err = ReadBranches(strings.NewReader("nonsense"), library, SettleFiles())
	require.Error(t, err)
	_, err = ReadBranches(strings.NewReader("github.com/seed40c892db/payment/settle.go:99.1,99.2 1 0"), library, SettleFiles())
	require.ErrorContains(t, err, "another version")
}

// Every branch that is listed as unreachable is still there, by its text.
func TestUnreachable(t *testing.T) {
	text, err := os.ReadFile("testdata/unreachable.txt")
	require.NoError(t, err)
	list, err := ReadUnreachable(string(text))
	require.NoError(t, err)
	for _, u := range list {
		source, err := os.ReadFile("../../" + u.File)
		require.NoError(t, err)
		line, _, _ := strings.Cut(u.Text, " #")
		require.Contains(t, string(source), line)
	}
}
