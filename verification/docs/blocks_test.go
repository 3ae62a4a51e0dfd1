// Package docs compiles the Go code of the README and of the pages in docs.
//
// A block of Go is a file, if it has a package clause, or declarations and statements as they could stand in a program of a reader's: the packages that
// they name are imported, and ctx, svc and err are declared. What else a reader is to imagine is declared in a comment before the block, which nobody
// sees on the page:
//
//	<!-- given
//	var orderID string
//	func login(r *http.Request) user
//	-->
//
// A block with an Example function must stand in one of the repository's tests, which holds it to its output; and so must what is said to be from there:
//
//	<!-- from Example in pgstore/example_test.go -->
//
// A block is compiled with the packages of this module, or of one of the repository's others that has all that it imports. Go keeps a result that was good while no file of this module
// changes, and the pages are outside of it: run go test -count=1, as make test does.
package docs

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/seed40c892db/payment/verification/internal/tree"
)

// block is one block of Go on a page.
type block struct {
	page  string // its file, below the repository's root
	line  int    // of the page, where its first line stands
	text  string // without the indentation of its fence
	given string // what a reader is to imagine: declarations
	from  string // "Name in file": the function of a test that has these lines
}

// blocksOf returns the blocks of Go on a page.
func blocksOf(page, text string) (found []block) {
	var b *block         // the one that is being read
	var comment []string // the one that is being read
	var indent, given, from string
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case b != nil && trimmed == "```":
			found, b, given, from = append(found, *b), nil, "", ""
		case b != nil:
			b.text += strings.TrimPrefix(line, indent) + "\n"
		case comment != nil && trimmed == "-->":
			given, comment = strings.Join(comment[1:], "\n"), nil
		case comment != nil:
			comment = append(comment, line)
		case trimmed == "<!-- given":
			comment = []string{line}
		case strings.HasPrefix(trimmed, "<!-- from "):
			from = strings.TrimSuffix(strings.TrimPrefix(trimmed, "<!-- from "), " -->")
		case trimmed == "```go":
			indent, _, _ = strings.Cut(line, "```")
			b = &block{page: page, line: i + 2, given: given, from: from}
		case trimmed != "":
			given, from = "", "" // they speak of the block right below them
		}
	}
	return found
}

// known are the packages that a block may name without importing them, by name. Those of this repository come to it.
func known(files []string) map[string]string {
	paths := map[string]string{
		"decimal": "github.com/shopspring/decimal", "uuid": "github.com/google/uuid", "require": "github.com/stretchr/testify/require",
		"pgx": "github.com/jackc/pgx/v5", "pgxpool": "github.com/jackc/pgx/v5/pgxpool",
	}
	for _, p := range []string{
		"bytes", "context", "database/sql", "encoding/json", "errors", "fmt", "io", "iter", "log", "log/slog", "maps", "net/http", "net/http/httptest", "net/url",
		"os", "os/signal", "slices", "strconv", "strings", "sync", "syscall", "testing", "time",
	} {
		paths[path.Base(p)] = p
	}
	for _, f := range files {
		dir := path.Dir(f)
		if path.Ext(f) == ".go" && tree.Published(dir) && !strings.Contains("/"+dir+"/", "/internal/") && !strings.Contains("/"+dir+"/", "/testdata/") {
			paths[path.Base(path.Join(tree.Repository, dir))] = path.Join(tree.Repository, dir)
		}
	}
	return paths
}

// compiler checks blocks with the packages that they import. These come from this module, and where it lacks one that a block needs, from another
// module of the repository that has them all: a package of two modules is not the same package, so that they are never mixed.
type compiler struct {
	known   map[string]string
	modules []packageSet
}

// packageSet has packages by path, as one module sees them.
type packageSet map[string]*types.Package

// Import is what makes it a types.Importer.
func (s packageSet) Import(name string) (*types.Package, error) {
	if p := s[name]; p != nil {
		return p, nil
	}
	return nil, errors.New("no module has this package beside the others of the block: require it in verification/go.mod")
}

// has reports whether all packages are there.
func (s packageSet) has(paths []string) bool {
	return !slices.ContainsFunc(paths, func(p string) bool { return s[p] == nil })
}

// newCompiler loads what blocks import.
func newCompiler(root string, files []string, blocks []block) (*compiler, error) {
	c := &compiler{known: known(files)}
	wanted := []string{"context", c.known["payment"]}
	var lacking [][]string // what each block needs that has not all it needs
	for _, b := range blocks {
		paths, err := c.imports(b)
		if err != nil {
			continue // compile says what is wrong
		}
		wanted, lacking = append(wanted, paths...), append(lacking, paths)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for _, dir := range append([]string{"verification"}, tree.Modules(files)...) {
		lacking = slices.DeleteFunc(lacking, func(paths []string) bool {
			return slices.ContainsFunc(c.modules, func(s packageSet) bool { return s.has(paths) })
		})
		if len(lacking) == 0 && len(c.modules) > 0 {
			break
		}
		loaded, err := packages.Load(&packages.Config{
			Mode: packages.LoadImports | packages.NeedTypes, Dir: filepath.Join(root, filepath.FromSlash(dir)), Env: append(os.Environ(), "GOWORK=off"),
		}, wanted...)
		if err != nil {
			return nil, err
		}
		set := packageSet{"unsafe": types.Unsafe}
		for _, p := range loaded {
			if len(p.Errors) == 0 {
				set[p.PkgPath] = p.Types
			}
		}
		c.modules = append(c.modules, set)
	}
	return c, nil
}

// imports returns the paths of what a block imports, or names.
func (c *compiler) imports(b block) (paths []string, err error) {
	if b.isFile() {
		f, err := parser.ParseFile(token.NewFileSet(), b.page, b.text, parser.ImportsOnly)
		if err != nil {
			return nil, err
		}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return nil, err
			}
			paths = append(paths, name)
		}
		return paths, nil
	}
	for name, p := range c.known {
		if regexp.MustCompile(`(^|[^\w."])` + name + `\.[A-Z]`).MatchString(b.given + "\n" + b.text) {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

func (b block) isFile() bool { return regexp.MustCompile(`(?m)^package \w+$`).MatchString(b.text) }

// compile returns what is wrong with a block, nil if nothing is.
func (c *compiler) compile(b block) error {
	if formatted, err := format.Source([]byte(b.text)); err == nil && !bytes.Equal(formatted, []byte(b.text)) {
		return fmt.Errorf("%s:%d: not formatted by gofmt (tabs?); it should read\n%s", b.page, b.line, formatted)
	}
	paths, err := c.imports(b)
	if err != nil {
		return err
	}
	if b.isFile() {
		return c.check(paths, fmt.Sprintf("//line %s:%d\n%s", b.page, b.line, b.text), false)
	}
	var head strings.Builder
	head.WriteString("package page\n")
	paths = append(paths, "context", c.known["payment"])
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for _, p := range paths {
		fmt.Fprintf(&head, "import %q\n", p)
	}
	fmt.Fprintf(&head, "var ctx context.Context\nvar svc *payment.Service\nvar err error\n//line what is given to %s:1\n%s\n", b.page, b.given)
	declarations, statements := b.parts()
	start := fmt.Sprintf("\n//line %s:%d\n", b.page, b.line)
	err = c.check(paths, head.String()+start+declarations+"\nfunc _() {"+start+statements+"\n}\n", true)
	if err != nil && strings.Contains(err.Error(), "too many return values") {
		err = c.check(paths, head.String()+start+declarations+"\nfunc _() error {"+start+statements+"\nreturn nil\n}\n", true)
	}
	return err
}

// parts returns a block's declarations and its statements, each with empty lines where the others stand.
func (b block) parts() (declarations, statements string) {
	inside := false // a declaration of several lines
	for line := range strings.Lines(b.text) {
		begins := regexp.MustCompile(`^(func (\(\w+ \*?\w+\) )?\w+[\[(]|type \w|import )`).MatchString(line)
		switch {
		case begins || inside:
			declarations, statements = declarations+line, statements+"\n"
			if end := strings.TrimRight(line, " \n"); begins {
				inside = strings.HasSuffix(end, "{") || strings.HasSuffix(end, "(")
			} else {
				inside = !strings.HasPrefix(line, "}") && !strings.HasPrefix(line, ")")
			}
		default:
			declarations, statements = declarations+"\n", statements+line
		}
	}
	return declarations, statements
}

// check type-checks a file that imports packages. A fragment may leave alone what it has declared.
func (c *compiler) check(paths []string, source string, fragment bool) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	from := c.modules[0]
	if i := slices.IndexFunc(c.modules, func(s packageSet) bool { return s.has(paths) }); i >= 0 {
		from = c.modules[i]
	}
	var wrong []error
	conf := types.Config{Importer: from, Error: func(err error) {
		var e types.Error
		if !errors.As(err, &e) || !fragment || !e.Soft || strings.Contains(e.Msg, "could not import") {
			wrong = append(wrong, err)
		}
	}}
	_, _ = conf.Check("page", fset, []*ast.File{f}, nil) // Error has heard of each
	return errors.Join(wrong...)
}
