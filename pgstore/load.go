package pgstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

// Load returns what the key leads to, by one statement, which sees one moment.
//
// The error is a [*payment.NotFoundError] if no collection is found, and a [*payment.StoreError] when the database cannot serve or one of
// the rows cannot be read.
func (s *Store) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	q := s.sql.load(&by)
	if q.text == "" {
		return nil, by.NotFound()
	}
	b := &pgx.Batch{}
	b.Queue(q.text, q.args...)
	var found *payment.Rows
	err := s.db.read(ctx, b, func(results results) error {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		defer rows.Close()
		found = nil
		var unreadable error
		if rows.Next() {
			found, unreadable = s.loaded(newReader(rows), q)
		}
		if rows.Close(); rows.Err() != nil {
			return rows.Err()
		}
		return unreadable
	})
	if err != nil {
		return nil, s.explain(ctx, "load", err)
	}
	if found == nil {
		return nil, by.NotFound()
	}
	return found, nil
}

// loadQuery is the statement of a Load, whose text depends on which fields of the key are set, and what it selects.
type loadQuery struct {
	text    string
	args    []any
	session bool // whether the key can lead to a session
	named   bool // whether it names an operation
	request bool // whether it names a request
}

// load writes the statement for a key; none when the key leads nowhere.
func (q *statements) load(by *payment.Key) loadQuery {
	l := loadQuery{named: by.OperationID != "", request: by.RequestKey != ""}
	arg := func(v string) string {
		l.args = append(l.args, v)
		return fmt.Sprintf("$%d", len(l.args))
	}
	// The collection is the first that is found, the session the first that is found in it. Each row is looked up by its own key, whatever the
	// planner knows of the tables: LATERAL … LIMIT 1 keeps it from joining otherwise, IS TRUE from going through all that a collection has.
	var collections, sessions []string
	in := q.schema
	own := func(alias string) string { return "(" + alias + ".collection_id = c.id) IS TRUE" }
	if by.CollectionID != "" {
		collections = append(collections, arg(by.CollectionID)+"::text")
	}
	if by.SessionID != "" {
		id := arg(by.SessionID)
		collections = append(collections, "(SELECT collection_id FROM "+in+".sessions WHERE id = "+id+")")
		sessions = append(sessions, "(SELECT x.id FROM "+in+".sessions x WHERE x.id = "+id+" AND "+own("x")+")")
	}
	through := func(table, id string) string {
		return "(SELECT x.id FROM " + in + ".sessions x WHERE x.id = (SELECT y.session_id FROM " + in + "." + table + " y WHERE y.id = " + id +
			" AND " + own("y") + ") AND " + own("x") + ")"
	}
	if by.PaymentID != "" {
		id := arg(by.PaymentID)
		collections = append(collections, "(SELECT collection_id FROM "+in+".payments WHERE id = "+id+")")
		sessions = append(sessions, through("payments", id))
	}
	named := ""
	if l.named {
		named = arg(by.OperationID)
		collections = append(collections, "(SELECT collection_id FROM "+in+".operations WHERE id = "+named+")")
		sessions = append(sessions, through("operations", named))
	}
	if by.ProviderID != "" && by.Reference != "" {
		where := " FROM " + in + ".sessions x WHERE x.provider_id = " + arg(by.ProviderID) + " AND x.reference = " + arg(by.Reference)
		collections = append(collections, "(SELECT x.collection_id"+where+" ORDER BY x.created_at, x.id LIMIT 1)")
		sessions = append(sessions, "(SELECT x.id"+where+" AND "+own("x")+" ORDER BY x.created_at, x.id LIMIT 1)")
	}
	if len(collections) == 0 {
		return l
	}
	if by.CollectionID != "" {
		collections = collections[:1] // it decides alone
	}
	if l.request {
		sessions = append(sessions, "(SELECT x.id FROM "+in+".sessions x WHERE x.id = r.session_id AND "+own("x")+")")
	}
	l.session = len(sessions) > 0

	selected := q.collections.selected("c")
	from := " FROM " + in + ".collections c"
	lookUp := func(t *table, alias, where string) {
		selected += ", " + t.selected(alias)
		from += " LEFT JOIN LATERAL (SELECT * FROM " + in + "." + t.name + " x WHERE " + where + " LIMIT 1) " + alias + " ON true"
	}
	if l.request {
		lookUp(&q.requests, "r", "x.collection_id = c.id AND x.method = "+arg(by.Method)+" AND x.key = "+arg(by.RequestKey))
		lookUp(&q.operations, "ro", "x.id = r.operation_id AND "+own("x"))
	}
	if l.named {
		lookUp(&q.operations, "no", "x.id = "+named+" AND "+own("x"))
	}
	if l.session {
		lookUp(&q.sessions, "s", "x.id = "+first(sessions))
		lookUp(&q.payments, "p", "x.id = s.payment_id AND "+own("x"))
		lookUp(&q.operations, "so", "x.id = s.operation_id AND "+own("x"))
		for _, t := range []string{"captures", "refunds"} {
			selected += ", (SELECT json_agg(m ORDER BY m.created_at, m.id) FROM " + in + "." + t + " m WHERE m.payment_id = p.id AND " +
				own("m") + ") AS " + t
		}
	}
	l.text = "SELECT " + selected + from + " WHERE c.id = " + first(collections)
	return l
}

// first returns the first of some values that is not NULL.
func first(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "coalesce(" + strings.Join(values, ", ") + ")"
}

// loaded reads the one row of a Load.
func (s *Store) loaded(r *reader, q loadQuery) (*payment.Rows, error) {
	rows := &payment.Rows{}
	var operations []*payment.Operation
	rows.Collections = []*payment.PaymentCollection{r.collection()}
	if r.err != nil {
		return nil, damaged("collections", rows.Collections[0].ID, r.err)
	}
	operation := func() error {
		if r.absent(&s.sql.operations) {
			return nil
		}
		o := r.operation()
		operations = append(operations, o)
		if r.err != nil {
			return damaged("operations", o.ID, r.err)
		}
		return nil
	}
	if q.request {
		if !r.absent(&s.sql.requests) {
			rows.Requests = []*payment.KeyedRequest{r.request()}
		}
		if err := operation(); err != nil {
			return nil, err
		}
	}
	if q.named {
		if err := operation(); err != nil {
			return nil, err
		}
	}
	if q.session {
		if !r.absent(&s.sql.sessions) {
			rows.Sessions = []*payment.PaymentSession{r.session()}
			if r.err != nil {
				return nil, damaged("sessions", rows.Sessions[0].ID, r.err)
			}
		}
		if !r.absent(&s.sql.payments) {
			rows.Payments = []*payment.Payment{r.payment()}
			if r.err != nil {
				return nil, damaged("payments", rows.Payments[0].ID, r.err)
			}
		}
		if err := operation(); err != nil {
			return nil, err
		}
		if err := r.movements(rows); err != nil {
			return nil, err
		}
	}
	for i := range operations { // the session's first, each once
		o := operations[len(operations)-1-i]
		if !has(rows.Operations, o.ID) {
			rows.Operations = append(rows.Operations, o)
		}
	}
	return rows, nil
}

func has(operations []*payment.Operation, id string) bool {
	for _, o := range operations {
		if o.ID == id {
			return true
		}
	}
	return false
}
