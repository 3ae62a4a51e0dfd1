package payment

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// constantsOf returns the values of the constants of a type, in the order in which a file of this package declares them, and
// requires that each has a comment.
func constantsOf(t *testing.T, file, typeName string) (values []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	require.NoError(t, err)
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
			return true
		}
		for i, name := range spec.Names {
			require.False(t, spec.Doc.Text() == "" && spec.Comment.Text() == "", "%s has no comment", name.Name)
			value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			require.NoError(t, err)
			values = append(values, value)
		}
		return true
	})
	return values
}

func TestSessionStatusesAreExactlyFive(t *testing.T) {
	var listed []string
	for _, s := range SessionStatuses() {
		listed = append(listed, string(s))
	}
	require.Equal(t, []string{"pending", "requires_more", "authorized", "error", "canceled"}, listed)
	require.Equal(t, listed, constantsOf(t, "status.go", "SessionStatus"), "every constant is listed")
}

func TestSessionTransitions(t *testing.T) {
	const p, r, a, e, c = StatusPending, StatusRequiresMore, StatusAuthorized, StatusError, StatusCanceled
	statuses := []SessionStatus{p, r, a, e, c}
	yes, no := true, false
	table := map[SessionStatus][]bool{
		//  p    r    a    e    c
		p: {yes, yes, yes, yes, yes},
		r: {yes, yes, yes, yes, yes},
		e: {yes, yes, yes, yes, yes},
		a: {no, no, yes, no, yes},
		c: {no, no, no, no, yes},
	}
	require.Len(t, table, len(SessionStatuses()))
	for from, row := range table {
		for i, to := range statuses {
			require.Equal(t, row[i], from.CanBecome(to), "%s → %s", from, to)
		}
		for _, unknown := range []SessionStatus{"", "captured", "PENDING"} {
			require.False(t, from.CanBecome(unknown), "%s → %q", from, unknown)
			require.False(t, unknown.CanBecome(from), "%q → %s", unknown, from)
		}
	}
}

func TestLiveStatuses(t *testing.T) {
	want := map[SessionStatus]bool{StatusPending: true, StatusRequiresMore: true}
	for _, s := range SessionStatuses() {
		require.Equal(t, want[s], s.live(), s)
	}
}

func TestCollectionStatusIsTheFirstLineThatMatches(t *testing.T) {
	at, d := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), decimal.RequireFromString
	full := PaymentCollection{Amount: d("100"), CanceledAt: at, CompletedAt: at, Captured: d("100"), Authorized: d("100"), LiveSessions: 1, FailedSessions: 1}
	with := func(base PaymentCollection, change func(*PaymentCollection)) PaymentCollection {
		change(&base)
		return base
	}
	// Each row is the one above without what made it match: the first line that matches wins.
	notCanceled := with(full, func(c *PaymentCollection) { c.CanceledAt = time.Time{} })
	captured := with(notCanceled, func(c *PaymentCollection) { c.CompletedAt = time.Time{} })
	partly := with(captured, func(c *PaymentCollection) { c.Captured = d("99.99") })
	authorized := with(partly, func(c *PaymentCollection) { c.Captured = decimal.Decimal{} })
	partlyAuthorized := with(authorized, func(c *PaymentCollection) { c.Authorized = d("0.01") })
	awaiting := with(partlyAuthorized, func(c *PaymentCollection) { c.Authorized = d("0.00") })
	failed := with(awaiting, func(c *PaymentCollection) { c.LiveSessions = 0 })
	notPaid := with(failed, func(c *PaymentCollection) { c.FailedSessions = 0 })
	for i, tt := range []struct {
		collection PaymentCollection
		want       CollectionStatus
	}{
		{full, "canceled"},
		{notCanceled, "completed"},
		{captured, "completed"},
		{with(captured, func(c *PaymentCollection) { c.Captured = d("100.01") }), "completed"},
		{with(captured, func(c *PaymentCollection) { c.Refunded = d("100") }), "completed"},
		{PaymentCollection{Amount: d("100"), CompletedAt: at}, "completed"},
		{PaymentCollection{Amount: d("100"), CanceledAt: at}, "canceled"},
		{partly, "partially_captured"},
		{with(partly, func(c *PaymentCollection) { c.Refunded = d("99.99") }), "partially_captured"},
		{with(partly, func(c *PaymentCollection) { c.Authorized = d("0") }), "partially_captured"},
		{authorized, "authorized"},
		{with(authorized, func(c *PaymentCollection) { c.Authorized = d("100.01") }), "authorized"},
		{with(authorized, func(c *PaymentCollection) { c.Authorized = d("99.99") }), "partially_authorized"},
		{partlyAuthorized, "partially_authorized"},
		{awaiting, "awaiting"},
		{failed, "failed"},
		{notPaid, "not_paid"},
		{with(notPaid, func(c *PaymentCollection) { c.Held = d("100") }), "not_paid"},
		{with(notPaid, func(c *PaymentCollection) { c.DeletedAt = at }), "not_paid"},
	} {
		require.Equal(t, tt.want, tt.collection.Status(), "row %d: %+v", i, tt.collection)
	}
}

func TestCollectionStatusesAreComplete(t *testing.T) {
	require.ElementsMatch(t,
		[]string{"not_paid", "awaiting", "authorized", "partially_authorized", "partially_captured", "canceled", "failed", "completed"},
		constantsOf(t, "status.go", "CollectionStatus"))
}
