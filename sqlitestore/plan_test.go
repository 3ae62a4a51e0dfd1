package sqlitestore

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

// plan returns the steps of a query's plan.
func plan(t *testing.T, s *Store, query string, args ...any) []string {
	t.Helper()
	var steps []string
	require.NoError(t, s.read(t.Context(), func(_ context.Context, db database) error {
		rows, err := db.query(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			return err
		}
		defer func() { require.NoError(t, rows.Close()) }()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			steps = append(steps, detail)
		}
		return rows.Err()
	}))
	require.NotEmpty(t, steps)
	return steps
}

var wholeTable = regexp.MustCompile(`^SCAN payment_\w+$`)

// served fails the test when a plan reads a whole table or sorts.
func served(t *testing.T, query string, steps []string) {
	t.Helper()
	for _, step := range steps {
		require.NotRegexp(t, wholeTable, step, query)
		require.NotContains(t, step, "AUTOMATIC", query)
		require.NotContains(t, step, "TEMP B-TREE", query)
	}
}

func TestEveryListIsServedByAnIndex(t *testing.T) {
	t.Run("without statistics", func(t *testing.T) { listsAreServed(t, openFile(t, Config{})) })
	t.Run("with those of a few payments", func(t *testing.T) { listsAreServed(t, analyzed(t, 10)) })
}

func listsAreServed(t *testing.T, s *Store) {
	t.Helper()
	used := map[string]bool{}
	names := map[payment.RowKind]string{}
	for kind := range listings() {
		names[kind] = "payment_" + string(kind)
	}
	after := payment.Page{Limit: 10, AfterTime: begin, AfterID: "x", AfterSeq: 7}
	filters := func(kind payment.RowKind) []payment.Filter {
		f := []payment.Filter{{}, {IncludeDeleted: true}, {From: begin}, {From: begin, To: begin.Add(time.Hour)}, {CollectionID: "c"}}
		add := func(more payment.Filter, kinds ...payment.RowKind) {
			if slices.Contains(kinds, kind) {
				f = append(f, more)
			}
		}
		add(payment.Filter{SessionID: "s"}, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations, payment.RowDeliveries)
		add(payment.Filter{PaymentID: "p"}, payment.RowCaptures, payment.RowRefunds)
		add(payment.Filter{ProviderID: "p"}, payment.RowSessions, payment.RowPayments, payment.RowDeliveries)
		add(payment.Filter{State: "open"}, payment.RowOperations)
		add(payment.Filter{State: "needs_attention"}, payment.RowOperations)
		add(payment.Filter{State: "parked"}, payment.RowDeliveries)
		return f
	}
	for kind, l := range listings() {
		for _, f := range filters(kind) {
			for _, p := range []payment.Page{{Limit: 10}, {Limit: 10, Descending: true}, after} {
				list, count, err := l.statements(&f, &p)
				require.NoError(t, err)
				query := "SELECT * FROM " + names[kind] + list.sql()
				steps := plan(t, s, query, list.args...)
				served(t, query, steps)
				for _, name := range regexp.MustCompile(`INDEX (payment_\w+)`).FindStringSubmatch(strings.Join(steps, "\n")) {
					used[name] = true
				}
				narrow := f.CollectionID + f.SessionID + f.PaymentID + f.ProviderID + f.State
				if narrow != "" {
					require.Contains(t, steps[0], "SEARCH", query)
					require.Contains(t, steps[0], "=?", query)
				}
				if query = "SELECT 1 FROM " + names[kind] + count.sql(); narrow != "" || !f.From.IsZero() { // else it counts up to 10,000 of all
					served(t, query, plan(t, s, query, count.args...))
				}
			}
		}
	}
	// No index without a list, but for those of look-ups, sweeps and rules.
	require.NoError(t, s.read(t.Context(), func(_ context.Context, db database) error {
		rows, err := db.query(context.Background(), "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
		if err != nil {
			return err
		}
		defer func() { require.NoError(t, rows.Close()) }()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			others := []string{"payment_due_at", "payment_sessions_reference", "payment_deliveries_event"}
			require.True(t, used[name] || slices.Contains(others, name), "no list uses %s", name)
		}
		return rows.Err()
	}))
	list, _, err := new(listings()[payment.RowDeliveries]).statements(&payment.Filter{IDs: []string{"a"}}, &payment.Page{Limit: 5})
	require.NoError(t, err)
	require.Contains(t, plan(t, s, "SELECT * FROM payment_deliveries"+list.sql(), list.args...)[0], "SEARCH payment_deliveries USING PRIMARY KEY")
}

func TestEveryLookUpAndSweepIsServedByAnIndex(t *testing.T) {
	t.Run("without statistics", func(t *testing.T) { lookUpsAreServed(t, openFile(t, Config{})) })
	t.Run("with those of a few payments", func(t *testing.T) { lookUpsAreServed(t, analyzed(t, 10)) })
}

func lookUpsAreServed(t *testing.T, s *Store) {
	t.Helper()
	for query, index := range map[string]string{
		"SELECT * FROM payment_sessions" + byID:              "PRIMARY KEY (id=?)",
		"SELECT * FROM payment_operations" + byIDWithin:      "PRIMARY KEY (id=?)",
		"SELECT * FROM payment_captures" + byPayment:         "payment_captures_payment (payment_id=?)",
		"SELECT * FROM payment_refunds" + byPayment:          "payment_refunds_payment (payment_id=?)",
		"SELECT * FROM payment_sessions" + byReference:       "payment_sessions_reference (provider_id=? AND reference=?)",
		"SELECT * FROM payment_sessions" + byReferenceWithin: "payment_sessions_reference (provider_id=? AND reference=?)",
		"SELECT * FROM payment_requests" + byRequest:         "PRIMARY KEY (collection_id=? AND method=? AND request_key=?)",
		"SELECT * FROM payment_events" + eventsBeyond:        "PRIMARY KEY (collection_id=? AND seq>?)",
		"SELECT * FROM payment_due" + dueBy:                  "payment_due_at (kind=? AND at>? AND at<?)",
		eventBeyond:                                          "PRIMARY KEY (collection_id=? AND seq>?)",
		claimDue:                                             "PRIMARY KEY (kind=? AND id=?)",
		removeDue:                                            "PRIMARY KEY (kind=? AND id=?)",
		putDue:                                               "PRIMARY KEY (kind=? AND id=?)",
	} {
		steps := plan(t, s, query, make([]any, strings.Count(query, "?"))...)
		served(t, query, steps)
		require.Contains(t, steps[0], index, query)
	}
}

// A trigger compares the references of a payment's movements, and reads no others.
func TestReferencesAreComparedWithinAPayment(t *testing.T) {
	s := openFile(t, Config{})
	for _, table := range []string{"payment_captures", "payment_refunds"} {
		var text string
		require.NoError(t, s.read(t.Context(), func(_ context.Context, db database) error {
			return scanOne(t.Context(), db, &text, "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", table)
		}))
		_, query, found := strings.Cut(text, "BEGIN")
		require.True(t, found, text)
		query = strings.TrimSuffix(strings.TrimSpace(query), "END")
		query = regexp.MustCompile(`RAISE\(.*\)`).ReplaceAllString(query, "1")
		query = regexp.MustCompile(`NEW\.\w+`).ReplaceAllString(query, "?")
		steps := plan(t, s, query, make([]any, strings.Count(query, "?"))...)
		served(t, query, steps)
		require.Contains(t, steps[0], table+"_payment (payment_id=?)", query)
	}
}
