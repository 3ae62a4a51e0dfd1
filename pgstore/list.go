package pgstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

const (
	maxOffset = 10_000
	maxCount  = 10_000
	maxIDs    = 100
)

// List returns the rows of a kind that match f, as p says, in one round trip. A row that lacks a field which f names does not match.
//
// The error matches [payment.ErrInvalid] when the kind is unknown, p.Limit is less than 1, p.Offset is negative or more than 10,000, or f has more
// than 100 IDs. It is a [*payment.StoreError] when the database cannot serve, or when a row of the page cannot be read, which it names.
func (s *Store) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch {
	case p.Limit < 1:
		return nil, &payment.InvalidError{Field: "Page.Limit", Rule: "must be at least 1"}
	case p.Offset < 0 || p.Offset > maxOffset:
		return nil, &payment.InvalidError{Field: "Page.Offset", Rule: "must be between 0 and 10,000"}
	case len(f.IDs) > maxIDs:
		return nil, &payment.InvalidError{Field: "Filter.IDs", Rule: "must not be more than 100"}
	}
	p.Limit = min(p.Limit, math.MaxInt32) // one more is asked for
	q := &listQuery{in: s.sql.schema, kind: kind, filter: &f, page: &p}
	found := &payment.Rows{}
	read := s.lister(kind, q, found)
	if read == nil {
		return nil, &payment.InvalidError{Field: "RowKind", Rule: fmt.Sprintf("%.32q is no kind of row that can be listed", kind)}
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	q.queue(b)
	err := s.db.read(ctx, b, func(results results) error {
		*found = payment.Rows{}
		n := 0
		err := eachRow(results, func(r *reader) error {
			if n++; n > p.Limit {
				found.More = true
				return nil
			}
			if id := read(r); r.err != nil {
				return damaged(q.table.name, id, r.err)
			}
			return nil
		})
		if err == nil && p.Count {
			err = eachRow(results, func(r *reader) error {
				found.Count = int(r.number())
				return r.err
			})
		}
		return err
	})
	if err != nil {
		return nil, s.explain(ctx, "list "+string(kind), err)
	}
	return found, nil
}

// lister returns what adds a row of the kind to those found, and returns its ID; nil for an unknown kind.
func (s *Store) lister(kind payment.RowKind, q *listQuery, to *payment.Rows) func(*reader) string {
	q.time = "created_at"
	switch kind {
	case payment.RowCollections:
		q.table, q.owner, q.deletable = &s.sql.collections, "id", true
		return func(r *reader) string {
			row := r.collection()
			to.Collections = append(to.Collections, row)
			return row.ID
		}
	case payment.RowSessions:
		q.table, q.owner, q.session, q.payment, q.provider = &s.sql.sessions, "collection_id", "id", "payment_id", "provider_id"
		q.state, q.deletable = "status", true
		q.leads = []string{"collection_id", "provider_id"}
		return func(r *reader) string {
			row := r.session()
			to.Sessions = append(to.Sessions, row)
			return row.ID
		}
	case payment.RowPayments:
		q.table, q.owner, q.session, q.payment, q.provider = &s.sql.payments, "collection_id", "session_id", "id", "provider_id"
		q.ofSession = "id"
		q.leads = []string{"collection_id", "provider_id"}
		return func(r *reader) string {
			row := r.payment()
			to.Payments = append(to.Payments, row)
			return row.ID
		}
	case payment.RowCaptures:
		q.table, q.owner, q.session, q.payment, q.state = &s.sql.captures, "collection_id", "session_id", "payment_id", "state"
		q.ofSession = "payment_id"
		q.leads = []string{"collection_id"}
		return func(r *reader) string {
			row := r.capture()
			to.Captures = append(to.Captures, row)
			return row.ID
		}
	case payment.RowRefunds:
		q.table, q.owner, q.session, q.payment, q.state = &s.sql.refunds, "collection_id", "session_id", "payment_id", "state"
		q.ofSession = "payment_id"
		q.leads = []string{"collection_id"}
		return func(r *reader) string {
			row := r.refund()
			to.Refunds = append(to.Refunds, row)
			return row.ID
		}
	case payment.RowOperations:
		q.table, q.owner, q.session, q.state, q.provider = &s.sql.operations, "collection_id", "session_id", "state", "provider_id"
		q.leads = []string{"collection_id"}
		return func(r *reader) string {
			row := r.operation()
			to.Operations = append(to.Operations, row)
			return row.ID
		}
	case payment.RowEvents:
		q.table, q.owner, q.session, q.payment, q.provider = &s.sql.events, "collection_id", "session_id", "payment_id", "provider_id"
		q.time = "at"
		return func(r *reader) string {
			row := r.event()
			to.Events = append(to.Events, row)
			return row.ID
		}
	case payment.RowDeliveries:
		q.table, q.owner, q.session, q.provider, q.state = &s.sql.deliveries, "collection_id", "session_id", "provider_id", "state"
		q.time = "received_at"
		return func(r *reader) string {
			row := r.delivery()
			to.Deliveries = append(to.Deliveries, row)
			return row.ID
		}
	}
	return nil
}

// listQuery is one call of List. The columns are those that a field of the filter speaks of, empty where rows have none.
type listQuery struct {
	in        string // the schema
	kind      payment.RowKind
	filter    *payment.Filter
	page      *payment.Page
	table     *table
	time      string
	owner     string
	session   string
	ofSession string // the payment that a session names, by which its rows are found; empty where they have an index by session
	payment   string
	provider  string
	state     string
	leads     []string // columns that an index has before the time and the ID
	deletable bool

	args []any
}

func (q *listQuery) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

// queue writes the statement of the page, and the one that counts if that was asked for.
func (q *listQuery) queue(b *pgx.Batch) {
	from, order := q.from(true)
	direction := ""
	if q.page.Descending {
		direction = " DESC"
	}
	sql := "SELECT " + q.table.selected("x") + from + " ORDER BY " + strings.Join(order, direction+", ") + direction + " LIMIT "
	if lead, _ := q.lead(); lead != "" {
		sql += strconv.Itoa(q.page.Limit + 1) // by a plan for any limit, a tenth of the table, the server would plan each page anew
	} else {
		sql += q.arg(q.page.Limit + 1) // where the best index depends on the values, it had better
	}
	if q.page.Offset > 0 {
		sql += " OFFSET " + q.arg(q.page.Offset)
	}
	b.Queue(sql, q.args...)
	if q.page.Count {
		from, _ := q.from(false)
		b.Queue("SELECT count(*) FROM (SELECT 1"+from+fmt.Sprintf(" LIMIT %d) n", maxCount), q.args...)
	}
}

// column names a column that rows are ordered by. Open operations are found, and ordered, by
// their rows of due.
func (q *listQuery) column(name string) string {
	if q.open() {
		return "w." + name
	}
	return "x." + name
}

// open reports whether operations in a state are listed for which they have a row of due.
func (q *listQuery) open() bool {
	state := payment.OperationState(q.filter.State)
	return q.kind == payment.RowOperations && (state == payment.OperationOpen || state == payment.OperationNeedsAttention)
}

// bySeq reports whether events of a collection are listed, which are ordered by their Seq.
func (q *listQuery) bySeq() bool { return q.kind == payment.RowEvents && q.filter.CollectionID != "" }

// from writes from where the rows come, what the filter asks for, what page asks for with it, and what they are ordered by. It begins the arguments anew.
func (q *listQuery) from(page bool) (sql string, order []string) {
	f := q.filter
	q.args = nil
	var where []string
	from := " FROM " + q.in + "." + q.table.name + " x"
	lead, value := "", ""
	if page { // who counts reads them all, and how depends on how many the server expects
		lead, value = q.lead()
	}
	equal := func(column, value string) {
		switch {
		case value == "" || lead != "" && column == lead:
		case column == "":
			where = append(where, "false")
		default:
			where = append(where, "x."+column+" = "+q.arg(value))
		}
	}
	equal(q.owner, f.CollectionID)
	equal(q.session, f.SessionID)
	if f.SessionID != "" && q.ofSession != "" {
		where = append(where, "x."+q.ofSession+" = (SELECT s.payment_id FROM "+q.in+".sessions s WHERE s.id = "+q.arg(f.SessionID)+")")
	}
	equal(q.payment, f.PaymentID)
	equal(q.provider, f.ProviderID)
	switch {
	case q.open():
		from = " FROM " + q.in + ".due w JOIN " + q.in + ".operations x ON x.id = w.id"
		where = append(where, "w.state = "+q.arg(f.State))
	case q.kind == payment.RowDeliveries && f.State == string(payment.DeliveryParked):
		where = append(where, "x.state = 'parked'") // as the index says it
	default:
		equal(q.state, f.State)
	}
	if len(f.IDs) > 0 {
		where = append(where, "x.id = ANY("+q.arg(f.IDs)+")")
	}
	if q.deletable && !f.IncludeDeleted {
		where = append(where, "x.deleted_at IS NULL")
	}
	if q.bySeq() {
		where, order = append(where, q.seqs(page)...), []string{q.column("seq")}
	} else {
		var bounds []string
		bounds, order = q.bounds(lead, value, page)
		where = append(where, bounds...)
	}
	if len(where) == 0 {
		return from, order
	}
	return from + " WHERE " + strings.Join(where, " AND "), order
}

// lead returns a column and the value that all rows of the list have there, where the list is a stretch of an index that has this column first; none
// where one of two columns could lead.
func (q *listQuery) lead() (column, value string) {
	f := q.filter
	switch {
	case q.open() || f.SessionID != "" || f.PaymentID != "" || f.CollectionID != "" && f.ProviderID != "":
		return "", ""
	case f.CollectionID != "" && slices.Contains(q.leads, q.owner):
		return q.owner, f.CollectionID
	case f.ProviderID != "" && slices.Contains(q.leads, q.provider):
		return q.provider, f.ProviderID
	}
	return "", ""
}

// bounds writes where the list begins and ends, by its time, and where page begins.
//
// Where a column leads, it is one of what rows are compared and ordered by, so that one index alone can serve them. By "column = $1" another one could as
// well, the one of all rows by time: the server takes that if it believes most of them to have this value, and then looks at all that have another.
func (q *listQuery) bounds(lead, value string, page bool) (where, order []string) {
	order = []string{q.column(q.time), q.column("id")}
	place := func(at, id string) string { return "(" + at + ", " + id + ")" }
	if lead != "" {
		of := q.arg(value)
		order = append([]string{q.column(lead)}, order...)
		place = func(at, id string) string { return "(" + of + ", " + at + ", " + id + ")" }
	}
	key := "(" + strings.Join(order, ", ") + ")"
	first, last := microsFrom(q.filter.From), microsFrom(q.filter.To)
	firstID, lastID := "", "" // no row has an empty ID: after ('t', '') is from t on, and before ('t', '') is before t
	if after := q.page; page && (!after.AfterTime.IsZero() || after.AfterID != "") {
		at := micros(after.AfterTime)
		switch {
		case !after.Descending && !at.Before(first):
			first, firstID = at, after.AfterID
		case after.Descending && (last.IsZero() || at.Before(last)):
			last, lastID = at, after.AfterID
		}
	}
	switch {
	case !first.IsZero() || firstID != "":
		where = append(where, key+" > "+place(q.arg(first), q.arg(firstID)))
	case lead != "":
		where = append(where, key+" > "+place("'-infinity'", "''"))
	}
	switch {
	case !last.IsZero() || lastID != "":
		where = append(where, key+" < "+place(q.arg(last), q.arg(lastID)))
	case lead != "":
		where = append(where, key+" < "+place("'infinity'", "''"))
	}
	return where, order
}

// seqs writes which events of a collection are listed, by their time and where page begins.
func (q *listQuery) seqs(page bool) (where []string) {
	if from := q.filter.From; !from.IsZero() {
		where = append(where, q.column(q.time)+" >= "+q.arg(microsFrom(from)))
	}
	if to := q.filter.To; !to.IsZero() {
		where = append(where, q.column(q.time)+" < "+q.arg(microsFrom(to)))
	}
	if p := q.page; page && (p.AfterSeq != 0 || p.AfterID != "") {
		after := " > "
		if p.Descending {
			after = " < "
		}
		where = append(where, q.column("seq")+after+q.arg(p.AfterSeq))
	}
	return where
}

// microsFrom returns the first microsecond that is not before t.
func microsFrom(t time.Time) time.Time {
	if cut := micros(t); cut.Before(t) {
		return cut.Add(time.Microsecond)
	}
	return micros(t)
}
