package payment_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// readmeBlock returns the README's only block that begins so: a language, and its first line perhaps.
func readmeBlock(t *testing.T, language string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(readme, -1)
	require.Len(t, blocks, 1, "blocks of %s", language)
	return string(blocks[0][1])
}

// readmeFunction returns the text of a function's body, without the output that an example must print, and the file's imports.
func readmeFunction(t *testing.T, name, file, source string) (body string, imports []string) {
	t.Helper()
	parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, source, parser.ParseComments)
	require.NoError(t, err)
	for _, i := range parsed.Imports {
		imports = append(imports, i.Path.Value)
	}
	at := slices.IndexFunc(parsed.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Name.Name == name
	})
	require.GreaterOrEqual(t, at, 0, "%s has no %s", file, name)
	of, ok := parsed.Decls[at].(*ast.FuncDecl)
	require.True(t, ok)
	body = source[of.Body.Pos()-parsed.FileStart : of.Body.End()-parsed.FileStart]
	return regexp.MustCompile(`(?m)^\t// Output:.*\n(\t//.*\n)*`).ReplaceAllString(body, ""), imports
}

// The README's program is an example that is compiled and run: the same imports, the same body.
func TestReadmeProgram(t *testing.T) {
	const file = "example_service_test.go"
	program := readmeBlock(t, "go")
	require.Less(t, strings.Count(program, "\n"), 40, "a first program fits a screen")
	example, err := os.ReadFile(file)
	require.NoError(t, err)
	want, wantImports := readmeFunction(t, "ExampleNewService", file, string(example))
	got, gotImports := readmeFunction(t, "main", "README.md", program)
	require.Equal(t, want, got)
	require.Equal(t, wantImports, gotImports)
}

// The README's diagram is the state machine.
func TestReadmeDiagram(t *testing.T) {
	var want, got []string
	for _, from := range payment.SessionStatuses() {
		for _, to := range payment.SessionStatuses() {
			if from != to && from.CanBecome(to) {
				want = append(want, string(from)+" --> "+string(to))
			}
		}
	}
	for line := range strings.Lines(readmeBlock(t, "mermaid\nstateDiagram-v2")) {
		if strings.Contains(line, "-->") && !strings.Contains(line, "[*]") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	require.ElementsMatch(t, want, got)
}

// The README's figures are those of docs/performance.md, line by line: there they say what they were measured on.
func TestReadmeFigures(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "<!-- figures: from docs/performance.md -->\n")
	figures, _, closed := strings.Cut(rest, "<!-- /figures -->")
	require.True(t, ok && closed, "the README marks its figures")
	page, err := os.ReadFile("docs/performance.md")
	require.NoError(t, err)
	for line := range strings.Lines(figures) {
		require.Contains(t, string(page), line, "docs/performance.md has no such line")
	}
}

// The table of errors has each error that a host can meet.
func TestErrorsPage(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	hosts, _, ok := strings.Cut(string(source), "// What a [Store] answers")
	require.True(t, ok)
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^\t(Err\w+) += errors\.New`).FindAllStringSubmatch(hosts, -1) {
		want = append(want, m[1])
	}
	page, err := os.ReadFile("docs/errors.md")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile("(?m)^\\| `(Err\\w+)`").FindAllStringSubmatch(string(page), -1) {
		got = append(got, m[1])
	}
	require.ElementsMatch(t, want, got)
}

// The links of every page lead to files that are there, and to headings that are there.
func TestLinks(t *testing.T) {
	var pages int
	require.NoError(t, filepath.WalkDir(".", func(page string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && page != "." && (name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(page) != ".md" {
			return nil
		}
		pages++
		for _, broken := range brokenLinks(t, page) {
			t.Errorf("%s links to %s", page, broken)
		}
		return nil
	}))
	require.Greater(t, pages, 10)
}

// brokenLinks returns the links of a page that lead nowhere. Links to the web are not followed.
func brokenLinks(t *testing.T, page string) (broken []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	prose := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`").ReplaceAllString(string(text), "")
	for _, m := range regexp.MustCompile(`\]\(([^)\s]*)\)`).FindAllStringSubmatch(prose, -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		path, heading, anchored := strings.Cut(m[1], "#")
		target := page
		if path != "" {
			target = filepath.Join(filepath.Dir(page), filepath.FromSlash(path))
		}
		info, err := os.Stat(target)
		if err != nil || anchored && (info.IsDir() || !slices.Contains(anchors(t, target), heading)) {
			broken = append(broken, m[1])
		}
	}
	return broken
}

func TestBrokenLinksAreFound(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	text := "# A title, here\n[a](page.md) [b](#a-title-here) [c](nothing.md) [d](#nothing) [e](page.md#title) [f](https://example.com) `[g](h)` [i](.#x)\n"
	require.NoError(t, os.WriteFile(page, []byte(text), 0o600))
	require.Equal(t, []string{"nothing.md", "#nothing", "page.md#title", ".#x"}, brokenLinks(t, page))
}

// anchors returns the names by which a page's headings are linked to.
func anchors(t *testing.T, file string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		name := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}
