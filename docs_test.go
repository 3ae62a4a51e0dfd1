package payment_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the pages in docs say about the code.

// quotedFrom are the directories that a page quotes in its blocks of "golang".
var quotedFrom = map[string]string{ //nolint:gochecknoglobals // a table
	"docs/writing-a-provider.md": "examples/acmeprovider",
	"docs/writing-a-store.md":    "examples/kvstore",
}

// A block of "golang" is part of a file that is compiled and tested; one of "go" compiles by itself.
func TestDocsQuoteWhatIsCompiled(t *testing.T) {
	block := regexp.MustCompile("(?ms)^```golang\n(.*?)^```$")
	for page, dir := range quotedFrom {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		var sources strings.Builder
		for _, f := range files {
			source, err := os.ReadFile(f)
			require.NoError(t, err)
			sources.WriteString("\n" + string(source))
		}
		blocks := block.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, blocks, page)
		for _, m := range blocks {
			require.Contains(t, sources.String(), "\n"+m[1], "%s quotes what %s does not have", page, dir)
		}
	}
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		require.True(t, quotedFrom[filepath.ToSlash(page)] != "" || !block.Match(text), "%s quotes nobody knows whom", page)
	}
}
