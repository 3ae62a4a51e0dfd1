package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/verification/internal/tree"
)

// repositoryFiles returns the root of the repository, and what git tracks there.
func repositoryFiles(t *testing.T) (root string, files []string) {
	t.Helper()
	root, err := tree.Root(t.Context())
	require.NoError(t, err)
	files, err = tree.Files(t.Context(), root)
	require.NoError(t, err)
	return root, files
}

// Every block of Go on every page compiles, and those that are examples are the examples that the tests run.
func TestBlocks(t *testing.T) {
	root, files := repositoryFiles(t)
	var blocks []block
	for _, f := range files {
		if path.Ext(f) == ".md" {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f)))
			require.NoError(t, err)
			blocks = append(blocks, blocksOf(f, string(text))...)
		}
	}
	require.NotEmpty(t, blocks)
	c, err := newCompiler(root, files, blocks)
	require.NoError(t, err)
	tests := testFunctions(t, root, files)
	for _, b := range blocks {
		if err := c.compile(b); err != nil {
			t.Errorf("%s:%d does not compile:\n%v", b.page, b.line, err)
		}
		for _, complaint := range b.strangeExamples(tests) {
			t.Errorf("%s:%d: %s", b.page, b.line, complaint)
		}
	}
	t.Logf("%d blocks", len(blocks))
}

// testFunctions returns the text of every Example function, by "Name in file".
func testFunctions(t *testing.T, root string, files []string) map[string]string {
	t.Helper()
	functions := map[string]string{}
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f)))
		require.NoError(t, err)
		if strings.Contains(string(source), "\nfunc Example") {
			for name, text := range examplesOf(t, string(source)) {
				functions[name+" in "+f] = text
			}
		}
	}
	require.NotEmpty(t, functions)
	return functions
}

// examplesOf returns the Example functions of a file's source, by name.
func examplesOf(t *testing.T, source string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
	require.NoError(t, err)
	found := map[string]string{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Example") {
			found[fn.Name.Name] = source[fn.Pos()-f.FileStart : fn.End()-f.FileStart]
		}
	}
	return found
}

// strangeExamples returns what a block says is from a test, or looks so, and is not.
func (b block) strangeExamples(tests map[string]string) (complaints []string) {
	if b.from != "" && !containsLines(tests[b.from], b.text) {
		complaints = append(complaints, "this is not from "+b.from)
	}
	at := strings.Index("\n"+b.text, "\nfunc Example")
	if at < 0 {
		return complaints
	}
	text := b.text[at:]
	if end := strings.Index(text, "\n}\n"); end >= 0 {
		text = text[:end+2]
	}
	for _, f := range tests {
		if containsLines(f, text) {
			return complaints
		}
	}
	return append(complaints, "an Example that no test of this repository has")
}

// containsLines reports whether lines stand one after the other in a text, whatever their indentation and the empty lines between them.
func containsLines(text, lines string) bool {
	bare := func(s string) string {
		var b strings.Builder
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); line != "" {
				b.WriteString("\n" + line)
			}
		}
		return b.String() + "\n"
	}
	return strings.Contains(bare(text), bare(lines))
}

// A block that a reader could not use is found.
func TestWrongBlocksAreFound(t *testing.T) {
	const fence = "```"
	root, files := repositoryFiles(t)
	for name, tt := range map[string]struct{ page, want string }{
		"statements":              {"x, err := svc.GetCollection(ctx, \"c\")\nif err != nil {\n\treturn err\n}\nfmt.Println(x.Amount)\n", ""},
		"declarations":            {"type T struct{}\n\nfunc (t *T) F() error { return nil }\n", ""},
		"both":                    {"func f() int {\n\treturn 1\n}\n\nfmt.Println(f())\n", ""},
		"a file":                  {"package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }\n", ""},
		"a name that is not":      {"svc.Pay(ctx)\n", "page.md:3: svc.Pay undefined"},
		"a field that is not":     {"_, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{ID: \"\"})\n", "unknown field ID"},
		"a type that is not":      {"var a decimal.Decimal = 1.5\n", "cannot use 1.5"},
		"what was not given":      {"fmt.Println(orderID)\n", "undefined: orderID"},
		"a result that is lost":   {"a := svc.GetCollection(ctx, \"c\")\n", "assignment mismatch"},
		"a package that is not":   {"package main\n\nimport \"example.com/nothing\"\n\nfunc main() { nothing.Do() }\n", "verification/go.mod"},
		"of another module":       {"package main\n\nimport \"github.com/chromedp/chromedp\"\n\nfunc main() { _ = chromedp.Flag(\"headless\", true) }\n", ""},
		"an import left alone":    {"package main\n\nimport \"fmt\"\n\nfunc main() {}\n", "imported and not used"},
		"no Go":                   {"if err {\n", "expected '}'"},
		"spaces":                  {"if err != nil {\n    panic(err)\n}\n", "not formatted"},
		"an example of nobody":    {"func ExampleNewService() {\n\tfmt.Println(1)\n\t// Output: 1\n}\n", "an Example that no test"},
		"an indented block":       {"   svc.Pay(ctx)\n", "svc.Pay undefined"},
		"a wrong word about from": {"fmt.Println(2)\n", "this is not from ExampleNewService in example_service_test.go"},
	} {
		t.Run(name, func(t *testing.T) {
			page, indent := "# Title\n", ""
			if strings.HasPrefix(tt.page, "   ") {
				indent = "   "
			}
			if strings.Contains(name, "from") {
				page = "<!-- from ExampleNewService in example_service_test.go -->\n"
			}
			blocks := blocksOf("page.md", page+indent+fence+"go\n"+tt.page+indent+fence+"\n")
			require.Len(t, blocks, 1)
			c, err := newCompiler(root, files, blocks)
			require.NoError(t, err)
			err = c.compile(blocks[0])
			said := strings.Join(blocks[0].strangeExamples(map[string]string{"ExampleNewService in example_service_test.go": "\tfmt.Println(1)\n"}), "\n")
			if err != nil {
				said += err.Error()
			}
			if tt.want == "" {
				require.Empty(t, said)
			}
			require.Contains(t, said, tt.want)
		})
	}
}

// What a block is given is what stands right above it.
func TestGiven(t *testing.T) {
	page := "<!-- given\nvar orderID string\n-->\n\n```go\nfmt.Println(orderID)\n```\n\n```go\nfmt.Println(orderID)\n```\n<!-- given\nvar x int\n-->\n" +
		"A sentence.\n\n```go\nfmt.Println(x)\n```\n"
	blocks := blocksOf("page.md", page)
	require.Len(t, blocks, 3)
	root, files := repositoryFiles(t)
	c, err := newCompiler(root, files, blocks)
	require.NoError(t, err)
	require.NoError(t, c.compile(blocks[0]))
	require.ErrorContains(t, c.compile(blocks[1]), "page.md:10: undefined: orderID")
	require.ErrorContains(t, c.compile(blocks[2]), "undefined: x")
}
