package openapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/paymenthttp"
)

// The paths of the document are those of the code, by its own tables.
func TestRoutes(t *testing.T) {
	c, err := NewChecker(paymenthttp.OpenAPI())
	require.NoError(t, err)
	routes := slices.Concat(tables(t, "storefront.go"), tables(t, "admin.go"), tables(t, "webhooks.go"))
	slices.Sort(routes)
	require.Greater(t, len(routes), 28)
	require.Equal(t, routes, c.Routes())
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../../paymenthttp/"+file, nil, 0)
	require.NoError(t, err)
	return f
}

// verb returns the method that an expression names, such as GET for http.MethodGet; or nothing.
func verb(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, "Method") {
		return strings.ToUpper(strings.TrimPrefix(s.Sel.Name, "Method"))
	}
	return ""
}

// tables returns the routes of a file's table: elements such as {"/path", methods{http.MethodGet: handler}}.
func tables(t *testing.T, file string) []string {
	t.Helper()
	var routes []string
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		row, ok := n.(*ast.CompositeLit)
		if !ok || len(row.Elts) != 2 {
			return true
		}
		path, isText := row.Elts[0].(*ast.BasicLit)
		methods, isMap := row.Elts[1].(*ast.CompositeLit)
		if !isText || !isMap {
			return true
		}
		text, err := strconv.Unquote(path.Value)
		require.NoError(t, err)
		for _, e := range methods.Elts {
			method := verb(e.(*ast.KeyValueExpr).Key)
			require.NotEmpty(t, method, text)
			routes = append(routes, method+" "+text)
		}
		return false
	})
	return routes
}
