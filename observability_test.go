package payment_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// section returns the lines of a table in docs/observability.md: those below a heading whose first cell is not the table's own heading.
func section(t *testing.T, heading, first string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("docs/observability.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, ok, heading)
	rest, _, _ = strings.Cut(rest, "\n## ")
	within := false
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			within = false
		case cells[0] == first:
			within = true
		case within && !strings.HasPrefix(cells[0], "---"):
			rows = append(rows, cells)
		}
	}
	require.NotEmpty(t, rows, "%s: a table that begins with %s", heading, first)
	return rows
}

var codeWord = regexp.MustCompile("`([^`]+)`")

// words are those of a cell that stand in backquotes.
func words(cell string) (list []string) {
	for _, m := range codeWord.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

// logLine is a call of a logger in the source.
type logLine struct {
	at, level, message string
	keys               []string
	values             []ast.Expr
}

// logLines finds what a package logs, in its source.
func logLines(t *testing.T, dir string) (lines []logLine) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	set := gotoken.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if l, ok := logCall(t, call); ok {
					l.at = set.Position(call.Pos()).String()
					lines = append(lines, l)
				}
			}
			return true
		})
	}
	return lines
}

// logCall reads a call of a logger or of a constructor of slog's attributes; anything else is none.
func logCall(t *testing.T, call *ast.CallExpr) (l logLine, ok bool) {
	t.Helper()
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return l, false
	}
	args := call.Args
	switch of, _ := f.X.(*ast.Ident); {
	case of != nil && of.Name == "slog" && slices.Contains([]string{"Any", "Bool", "Duration", "Int", "Int64", "String", "Time", "Group"}, f.Sel.Name):
		l.level = "any"
	case !isLogger(f.X):
		return l, false
	case f.Sel.Name == "Enabled":
		return l, false
	case f.Sel.Name == "LogAttrs":
		l.level, l.message = "any", literal(t, args[2])
		return l, true
	default:
		level, withContext := strings.CutSuffix(f.Sel.Name, "Context")
		require.True(t, withContext, "%s has no context", f.Sel.Name)
		l.level, l.message = strings.ToUpper(level), literal(t, args[1])
		args = args[2:]
	}
	require.Zero(t, len(args)%2, "%s: keys and values come in pairs", l.message)
	for i := 0; i < len(args); i += 2 {
		l.keys = append(l.keys, literal(t, args[i]))
		l.values = append(l.values, args[i+1])
	}
	return l, true
}

func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name == "Logger"
	case *ast.Ident:
		return x.Name == "logger" || x.Name == "log"
	}
	return false
}

// literal is a string that is written out: keys and messages that are made at run time could be anything.
func literal(t *testing.T, x ast.Expr) string {
	t.Helper()
	lit, ok := x.(*ast.BasicLit)
	require.True(t, ok, "a message or key of a log line must be a literal")
	s, err := strconv.Unquote(lit.Value)
	require.NoError(t, err)
	return s
}

// Every line that the library logs is in docs/observability.md, at its level and with keys that stand there, and the other way round.
// No value is named after what must not be logged.
func TestLogLinesAreDocumented(t *testing.T) {
	var documented, found, documentedKeys, foundKeys []string
	for _, row := range section(t, "Logs", "level") {
		documented = append(documented, row[0]+" "+words(row[1])[0])
	}
	for _, row := range section(t, "Logs", "key") {
		documentedKeys = append(documentedKeys, words(row[0])...)
	}
	for _, dir := range []string{".", "memstore", "sqlitestore", "pgstore", "paymenthttp", "stripeprovider", "manualprovider", "sandboxprovider"} {
		for _, l := range logLines(t, dir) {
			if l.message != "" {
				found = append(found, l.level+" "+l.message)
			}
			foundKeys = append(foundKeys, l.keys...)
			for i, v := range l.values {
				ast.Inspect(v, func(n ast.Node) bool {
					if s, ok := n.(*ast.SelectorExpr); ok {
						require.NotContains(t, []string{"Private", "Context", "Input", "Data", "Body", "Reveal", "Metadata", "Header"}, s.Sel.Name,
							"%s: the value of %s", l.at, l.keys[i])
					}
					return true
				})
			}
		}
	}
	require.ElementsMatch(t, documented, found)
	slices.Sort(foundKeys)
	require.ElementsMatch(t, documentedKeys, slices.Compact(foundKeys))
}

// The words that stand for the errors of methods are those that the documentation has, and no two sentinel errors share one without need.
func TestOutcomesAreDocumented(t *testing.T) {
	var documented []string
	for _, row := range section(t, "Outcomes", "of") {
		if row[0] == "a method" {
			documented = words(row[1])
		}
	}
	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	hosts, _, _ := strings.Cut(string(source), "// What a [Store] answers")
	sentinels := len(regexp.MustCompile(`(?m)^\t(Err\w+) += errors\.New`).FindAllString(hosts, -1))
	found := payment.OutcomeWords()
	require.ElementsMatch(t, documented, append(found, "ok", "error"))
	require.Len(t, found, sentinels+3, "conflict, unavailable and interrupted besides")
}

// Every method of the Service that takes a context is told to the Observer, under its own name.
func TestMethodsAreObserved(t *testing.T) {
	method := regexp.MustCompile("(?s)\nfunc \\(s \\*Service\\) ([A-Z]\\w*)\\(ctx context\\.Context.*?\n}")
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var missing []string
	n := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range method.FindAllStringSubmatch(string(source), -1) {
			observed := strings.Contains(m[0], `s.method(ctx, "`+m[1]+`"`) || strings.Contains(m[0], `listed(ctx, s, "`+m[1]+`"`)
			if n++; !observed {
				missing = append(missing, m[1])
			}
		}
	}
	require.Greater(t, n, 30)
	require.ElementsMatch(t, []string{"Reconcile", "Run"}, missing, "both call reconcile, which is observed as Reconcile")
}
