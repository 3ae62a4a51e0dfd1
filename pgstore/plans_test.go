package pgstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// recorder keeps the statements that were sent.
type recorder struct {
	mu   sync.Mutex
	on   bool
	sent []pgx.QueuedQuery
}

// TraceBatchStart keeps the batch's statements.
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range data.Batch.QueuedQueries {
		if r.on {
			r.sent = append(r.sent, *q)
		}
	}
	return ctx
}

// TraceBatchQuery does nothing.
func (r *recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd does nothing.
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryStart keeps the statement.
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.sent = append(r.sent, pgx.QueuedQuery{SQL: data.SQL, Arguments: data.Args})
	}
	return ctx
}

// TraceQueryEnd does nothing.
func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// of returns the statements of a call.
func (r *recorder) of(call func()) []pgx.QueuedQuery {
	r.on, r.sent = true, nil
	call()
	r.on = false
	return r.sent
}

// crowd fills the tables: n collections with a session each, and what is below it.
func crowd(t *testing.T, pool *pgxpool.Pool, n int) {
	t.Helper()
	row := func(table, key, columns, values string) string {
		return fmt.Sprintf("INSERT INTO payment.%s (%s) SELECT %s FROM generate_series(1, %d) i", table, columns,
			strings.NewReplacer("{id}", "'"+key+"_' || lpad(to_hex(i), 32, '0')", "{c}", "'paycol_' || lpad(to_hex(i), 32, '0')",
				"{s}", "'payses_' || lpad(to_hex(i), 32, '0')", "{p}", "'pay_' || lpad(to_hex(i), 32, '0')",
				"{t}", "timestamptz '2026-01-01' + i * interval '1 second'", "{v}", "'provider' || i % 3").Replace(values), n)
	}
	sql := []string{
		row("collections", "paycol", "id, version, currency_code, amount, authorized, held, captured, refunded, live_sessions, failed_sessions, "+
			"declines, created_at", "{id}, 1, 'EUR', 1, 0, 0, 0, 0, 0, 0, 0, {t}"),
		row("sessions", "payses", "id, collection_id, provider_id, currency_code, amount, held, status, revision, reference, account, reason, "+
			"operation_id, payment_id, declines, created_at", "{id}, {c}, {v}, 'EUR', 1, 0, 'pending', 1, 'ref' || i, '', '', '', {p}, 0, {t}"),
		row("payments", "pay", "id, collection_id, session_id, provider_id, currency_code, amount, authorized, released, capturable, captured, "+
			"refunded, unasked, created_at", "{id}, {c}, {s}, {v}, 'EUR', 1, 1, 0, 1, 0, 0, false, {t}"),
		row("operations", "op", "id, collection_id, session_id, provider_id, kind, state, amount, currency_code, final, held, reference, reason_id, "+
			"reason_code, note, created_by, tries, executor, code, message, resolution, resolved_by, resolved_note, created_at",
			"{id}, {c}, {s}, {v}, 'capture', 'succeeded', 1, 'EUR', false, 0, '', '', '', '', '', 1, '', '', '', '', '', '', {t}"),
		row("events", "evt", "id, collection_id, seq, kind, session_id, payment_id, entry_id, operation_id, provider_id, amount, currency_code, "+
			"code, notice, reference, at", "{id}, {c}, 64, 'x', '', '', '', '', '', 0, '', '', '', '', {t}"),
		row("deliveries", "whd", "id, version, provider_id, event_id, type, state, session_id, collection_id, idempotency_key, reference, tries, "+
			"code, received_at", "{id}, 1, {v}, 'e' || i, '', 'handled', {s}, {c}, '', '', 0, '', {t}"),
		row("due", "paycol", "kind, id, collection_id, at, seq, newest", "'events', {id}, {c}, CASE WHEN i % 100 = 0 THEN {t} END, 64, 64"),
		row("due", "payses", "kind, id, collection_id, at", "'session', {id}, {c}, {t} + interval '1 year'"),
		row("requests", "x", "collection_id, method, key, fingerprint, session_id, operation_id, code, created_at", "{c}, 'm', 'k', '', '', '', '', {t}"),
		"UPDATE payment.operations SET state = 'open' WHERE id LIKE '%0'",
		"INSERT INTO payment.due (kind, id, collection_id, at, state, created_at) " +
			"SELECT 'operation', id, collection_id, created_at, state, created_at FROM payment.operations WHERE state = 'open'",
		"UPDATE payment.deliveries SET state = 'parked' WHERE id LIKE '%00'",
	}
	for _, table := range []string{"captures", "refunds"} {
		columns, values := "", ""
		if table == "refunds" {
			columns, values = ", reason_id, note", ", '', ''"
		}
		sql = append(sql, row(table, table, "id, collection_id, session_id, payment_id, operation_id, reference, amount, state, reason, created_by, created_at"+columns,
			"{id}, {c}, {s}, {p}, '', 'r' || i, 1, 'succeeded', '', '', {t}"+values))
	}
	for _, s := range append(sql, "ANALYZE") {
		_, err := pool.Exec(t.Context(), s)
		require.NoError(t, err, s)
	}
}

// TestPlans has every list and every sweep served by an index, however many rows there are.
func TestPlans(t *testing.T) {
	ctx := t.Context()
	r := &recorder{}
	s, pool := open(t, prepared, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = r })
	crowd(t, pool, 100_000) // a million rows in all
	c, x, p := id("paycol", 777), id("payses", 777), id("pay", 777)
	var statements []pgx.QueuedQuery
	list := func(kind payment.RowKind, filters ...payment.Filter) {
		t.Helper()
		filters = append(filters, payment.Filter{}, payment.Filter{CollectionID: c},
			payment.Filter{From: noon.AddDate(0, -2, 0), To: noon.AddDate(0, -2, 1)})
		for _, f := range filters {
			for _, page := range []payment.Page{
				{Limit: 50}, {Limit: 50, Descending: true}, {Limit: 20, AfterTime: noon.AddDate(0, -2, 0), AfterID: c, AfterSeq: 5},
			} {
				statements = append(statements, r.of(func() {
					_, err := s.List(ctx, kind, f, page)
					require.NoError(t, err)
				})...)
			}
		}
	}
	list(payment.RowCollections, payment.Filter{IncludeDeleted: true})
	list(payment.RowSessions, payment.Filter{ProviderID: "provider1"})
	list(payment.RowPayments, payment.Filter{SessionID: x}, payment.Filter{ProviderID: "provider1"})
	list(payment.RowCaptures, payment.Filter{SessionID: x}, payment.Filter{PaymentID: p})
	list(payment.RowRefunds, payment.Filter{SessionID: x}, payment.Filter{PaymentID: p})
	list(payment.RowOperations, payment.Filter{SessionID: x}, payment.Filter{State: "open"}, payment.Filter{State: "needs_attention"})
	list(payment.RowEvents)
	list(payment.RowDeliveries, payment.Filter{SessionID: x}, payment.Filter{ProviderID: "provider1"}, payment.Filter{State: "parked"},
		payment.Filter{IDs: []string{id("whd", 5), id("whd", 6)}})
	for _, by := range []payment.Key{
		{CollectionID: c, Method: "m", RequestKey: "k"}, {SessionID: x}, {PaymentID: p}, {OperationID: id("op", 777)},
		{ProviderID: "provider0", Reference: "ref777"}, {CollectionID: c, ProviderID: "provider0", Reference: "ref777"},
		{CollectionID: c, SessionID: x, PaymentID: p, OperationID: id("op", 777), ProviderID: "provider0", Reference: "r", Method: "m", RequestKey: "k"},
	} {
		statements = append(statements, r.of(func() {
			_, err := s.Load(ctx, by)
			require.NoError(t, err)
		})...)
	}
	for _, kind := range []payment.DueKind{payment.DueEvents, payment.DueSession, payment.DueOperation} {
		statements = append(statements, r.of(func() {
			due, err := s.Claim(ctx, kind, noon, noon.Add(time.Hour), 50)
			require.NoError(t, err)
			if len(due) > 0 {
				require.NoError(t, s.Done(ctx, due[0], time.Time{}))
			}
		})...)
	}
	statements = append(statements, r.of(func() {
		_, err := s.Deliver(ctx, 1, func(context.Context, pgx.Tx, payment.Event) error { return nil })
		require.NoError(t, err)
	})...)
	require.Greater(t, len(statements), 90)
	for _, kind := range []payment.RowKind{
		payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations, payment.RowEvents,
	} {
		counted := r.of(func() {
			rows, err := s.List(ctx, kind, payment.Filter{CollectionID: id("paycol", 50_000)}, payment.Page{Limit: 50, Count: true})
			require.NoError(t, err)
			require.Equal(t, 1, rows.Count)
		})
		require.Len(t, counted, 2)
		statements = append(statements, counted...)
	}
	through := map[string]string{} // what belongs to a session's payment is found by that payment
	for kind, index := range map[payment.RowKind]string{
		payment.RowPayments: "payments_pkey", payment.RowCaptures: "captures_reference", payment.RowRefunds: "refunds_reference",
	} {
		for _, q := range r.of(func() {
			_, err := s.List(ctx, kind, payment.Filter{SessionID: x}, payment.Page{Limit: 50, Descending: true})
			require.NoError(t, err)
		}) {
			through[q.SQL] = index
			statements = append(statements, q)
		}
	}
	tx := begin(t, pool, pgx.ReadCommitted)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		_, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = "+mode)
		require.NoError(t, err)
		for _, q := range statements {
			if looksOnly(q) {
				continue
			}
			plan := explain(t, tx, q)
			require.NotContains(t, plan, "Seq Scan", "%s\n%s", q.SQL, plan)
			require.NotContains(t, plan, "Parallel", "%s\n%s", q.SQL, plan)
			require.Contains(t, plan, through[q.SQL], "%s\n%s", q.SQL, plan)
		}
	}
}

// TestPlansOfAListThatIsAlmostAll lists what belongs to one collection and one provider, to which almost all rows belong: by the index that these have
// to themselves, lest whatever belongs to another is read as well, and by a plan that is made for all such lists, once.
func TestPlansOfAListThatIsAlmostAll(t *testing.T) {
	ctx := t.Context()
	r := &recorder{}
	s, pool := open(t, prepared, func(cfg *pgxpool.Config) { cfg.MaxConns, cfg.ConnConfig.Tracer = 1, r })
	all := changes(1, 0, 0)
	for n := range 3000 {
		all.Sessions = append(all.Sessions, session(1, n))
		all.Sessions[len(all.Sessions)-1].CreatedAt = noon.Add(time.Duration(n) * time.Second)
		if len(all.Sessions) == 60 {
			require.NoError(t, s.Commit(ctx, all))
			all.Version++
			all.Sessions = nil
		}
	}
	_, err := pool.Exec(ctx, "ANALYZE payment.sessions")
	require.NoError(t, err)
	for index, f := range map[string]payment.Filter{
		"sessions_collection": {CollectionID: id("paycol", 1), From: noon.Add(time.Hour / 4)}, "sessions_provider": {ProviderID: "alpha"},
	} {
		for _, page := range []payment.Page{
			{Limit: 10}, {Limit: 10, Descending: true}, {Limit: 10, AfterTime: noon.Add(time.Hour / 3), AfterID: id("payses", 1)},
			{Limit: 10, AfterTime: noon.Add(time.Hour / 3), AfterID: id("payses", 1), Descending: true},
		} {
			var sent []pgx.QueuedQuery
			for range 10 { // the server compares the plan for any value with those for the first five
				sent = r.of(func() {
					rows, err := s.List(ctx, payment.RowSessions, f, page)
					require.NoError(t, err)
					require.Len(t, rows.Sessions, 10)
				})
			}
			require.Len(t, sent, 1)
			var own int
			require.NoError(t, pool.QueryRow(ctx, "SELECT custom_plans FROM pg_prepared_statements WHERE statement = $1", sent[0].SQL).Scan(&own))
			require.Equal(t, 5, own, sent[0].SQL)
			tx := begin(t, pool, pgx.ReadCommitted)
			for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
				_, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = "+mode)
				require.NoError(t, err)
				plan := explain(t, tx, sent[0])
				require.Contains(t, plan, index, plan)
				require.Contains(t, plan, "Index Cond: ((ROW(", plan)
			}
			require.NoError(t, tx.Rollback(ctx))
		}
	}
}

// TestPlansByValue lists what two indexes could serve: which one is better depends on the values, and each page is planned for its own.
func TestPlansByValue(t *testing.T) {
	ctx := t.Context()
	r := &recorder{}
	s, pool := open(t, prepared, func(cfg *pgxpool.Config) { cfg.MaxConns, cfg.ConnConfig.Tracer = 1, r })
	crowd(t, pool, 3000)
	for kind, f := range map[payment.RowKind]payment.Filter{
		payment.RowDeliveries: {ProviderID: "nobody"}, payment.RowSessions: {ProviderID: "nobody", CollectionID: id("paycol", 1500)},
	} {
		var sent []pgx.QueuedQuery
		for range 10 {
			sent = r.of(func() {
				_, err := s.List(ctx, kind, f, payment.Page{Limit: 10, Descending: true})
				require.NoError(t, err)
			})
		}
		require.Contains(t, sent[0].SQL, "_id = $1", "not ordered by it")
		require.Contains(t, sent[0].SQL, " LIMIT $")
		if kind == payment.RowSessions {
			continue // which the server plans for any collection, of one session each
		}
		var own int
		require.NoError(t, pool.QueryRow(ctx, "SELECT custom_plans FROM pg_prepared_statements WHERE statement = $1", sent[0].SQL).Scan(&own))
		require.Equal(t, 10, own, sent[0].SQL)
	}
}

// TestPlansOfANewDatabase has every step find its rows by an index before the server knows anything of the tables: connections that are made then
// keep their plans.
func TestPlansOfANewDatabase(t *testing.T) {
	ctx := t.Context()
	r := &recorder{}
	s, pool := open(t, prepared, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = r })
	svc := keeping(t, s, -1)
	statements := r.of(func() {
		for _, provider := range []string{"manual", "sandbox"} {
			c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "usd", Amount: ten, IdempotencyKey: provider})
			require.NoError(t, err)
			x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: ten})
			require.NoError(t, err)
			p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
			require.NoError(t, err)
			p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "c"})
			require.NoError(t, err)
			_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
			require.NoError(t, err)
		}
		for _, by := range []payment.Key{
			{PaymentID: id("pay", 1), OperationID: id("op", 1)}, {SessionID: id("payses", 1), OperationID: id("op", 1)},
			{ProviderID: "sandbox", Reference: "x"}, {OperationID: id("op", 1), Method: "m", RequestKey: "k"},
		} {
			_, err := s.Load(ctx, by)
			require.ErrorIs(t, err, payment.ErrNotFound)
		}
	})
	tx := begin(t, pool, pgx.ReadCommitted)
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		_, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = "+mode)
		require.NoError(t, err)
		seen := 0
		for _, q := range statements {
			if looksOnly(q) {
				continue
			}
			seen++
			plan := explain(t, tx, q)
			require.NotContains(t, plan, "Seq Scan", "%s\n%s", q.SQL, plan)
		}
		require.Greater(t, seen, 20)
	}
}

// looksOnly reports whether a statement looks at the database once, or at the one row of settings, or begins or ends something.
func looksOnly(q pgx.QueuedQuery) bool {
	first, _, _ := strings.Cut(strings.ToUpper(q.SQL), " ")
	return !slices.Contains([]string{"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}, first) || strings.Contains(q.SQL, "schema_version") || strings.Contains(q.SQL, "server_version") || strings.Contains(q.SQL, ".settings")
}

// explain returns the plan of a statement as a prepared one has it.
func explain(t *testing.T, tx pgx.Tx, q pgx.QueuedQuery) string {
	t.Helper()
	rows, err := tx.Query(t.Context(), "EXPLAIN "+q.SQL, q.Arguments...)
	require.NoError(t, err, q.SQL)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, q.SQL)
	return strings.Join(lines, "\n")
}

// TestUpdatesStayInTheirPage runs whole flows and looks at how many updates were HOT.
func TestUpdatesStayInTheirPage(t *testing.T) {
	const flows = 60
	ctx := t.Context()
	s, pool := open(t, prepared)
	svc := service(t, s)
	for i := range flows {
		provider := []string{"manual", "sandbox"}[i%2]
		c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "usd", Amount: ten})
		require.NoError(t, err)
		x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: ten})
		require.NoError(t, err)
		p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
		require.NoError(t, err)
		p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID})
		require.NoError(t, err)
		_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
		require.NoError(t, err)
	}
	type stat struct{ updates, hot int64 }
	stats := map[string]stat{}
	require.Eventually(t, func() bool { // the server's counters come late
		rows, err := pool.Query(ctx, "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'payment'")
		require.NoError(t, err)
		var name string
		var one stat
		_, err = pgx.ForEachRow(rows, []any{&name, &one.updates, &one.hot}, func() error {
			stats[name] = one
			return nil
		})
		require.NoError(t, err)
		return stats["operations"].updates >= flows/2*4 && stats["collections"].updates >= flows*4
	}, 20*time.Second, 100*time.Millisecond)
	t.Log(stats)
	// A session that gets its reference is the exception: it is found by that.
	for name, least := range map[string]int64{"collections": 95, "operations": 95, "payments": 95, "sessions": 85} {
		got := stats[name]
		require.NotZero(t, got.updates, name)
		require.GreaterOrEqual(t, got.hot*100/got.updates, least, "%s: %d of %d updates", name, got.hot, got.updates)
	}
}
