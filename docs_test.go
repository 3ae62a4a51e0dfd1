package payment_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the pages in docs say about the code.

// quotedFrom are the directories that a page quotes in its blocks of "golang".
var quotedFrom = map[string]string{
	"docs/writing-a-provider.md": "examples/acmeprovider",
	"docs/writing-a-store.md":    "examples/kvstore",
}

// A block of "golang" is part of a file that is compiled and tested; one of "go" compiles by itself.
func TestDocsQuoteWhatIsCompiled(t *testing.T) {
	block := regexp.MustCompile("(?s)\n```golang\n(.*?)```\n")
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

// tableOf returns the words in the first column of the page's table that begins with a heading, each in backquotes and once.
func tableOf(t *testing.T, page, heading string) (words []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "\n"+heading)
	require.True(t, ok, "%s has no table %s", page, heading)
	table, _, _ = strings.Cut(table, "\n\n")
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		require.GreaterOrEqual(t, len(cells), 3, line)
		for _, cell := range cells {
			require.NotEmpty(t, strings.TrimSpace(cell), line)
		}
		for _, m := range regexp.MustCompile("`([a-z_.]+)`").FindAllStringSubmatch(cells[0], -1) {
			words = append(words, m[1])
		}
	}
	return words
}

// The operators' page says of every event what a host does.
func TestProductionHasEveryEvent(t *testing.T) {
	f, err := parser.ParseFile(gotoken.NewFileSet(), "event.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var want []string
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typed, ok := v.Type.(*ast.Ident); ok && typed.Name == "EventKind" {
				kind, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				want = append(want, kind)
			}
		}
		return true
	})
	require.NotEmpty(t, want)
	require.Equal(t, want, tableOf(t, "docs/production.md", "| event |"))
}

// It says of everything that a person must decide about what to look at. That attentionWords knows each code, another test proves.
func TestProductionHasEveryAlarm(t *testing.T) {
	f, err := parser.ParseFile(gotoken.NewFileSet(), "timeline_text.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	named := map[string]string{"codeUnasked": "unasked"}
	var want []string
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "attentionWords" {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			c, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			for _, e := range c.List {
				switch e := e.(type) {
				case *ast.BasicLit:
					code, err := strconv.Unquote(e.Value)
					require.NoError(t, err)
					want = append(want, code)
				case *ast.Ident:
					require.Contains(t, named, e.Name)
					want = append(want, named[e.Name])
				}
			}
			return true
		})
	}
	require.NotEmpty(t, want)
	require.ElementsMatch(t, want, tableOf(t, "docs/production.md", "| `Code` | what to look at |"))
}

// The operators' page says of every way in which a database fails what to do.
func TestProductionHasEveryStoreProblem(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	var want []string
	for _, m := range regexp.MustCompile(`StoreProblem = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		want = append(want, m[1])
	}
	require.NotEmpty(t, want)
	text, err := os.ReadFile("docs/production.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "| `StoreError.Problem` |")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	for _, problem := range want {
		require.Contains(t, table, "`"+problem+"`")
	}
}

// The index has every page.
func TestDocsIndex(t *testing.T) {
	index, err := os.ReadFile("docs/README.md")
	require.NoError(t, err)
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" {
			require.Contains(t, string(index), "]("+name+")")
		}
	}
}
