package sqlitestore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	maxOffset = 10_000
	maxCount  = 10_000
	maxIDs    = 100
)

// brief is how many rows of one collection are listed where a commit may wait for it. What a list of all collections has to pass over, such as what
// is hidden, is not known.
const brief = 20

// List returns the rows of a kind that match f, as p says. A row that lacks a field which f names does not match.
//
// The error matches [payment.ErrInvalid] when the kind is unknown, p.Limit is less than 1, p.Offset is negative or more than 10,000, or f has more
// than 100 IDs. A [*payment.StoreError] says that the database cannot serve, or that a row on the page is damaged.
func (s *Store) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	var rows *payment.Rows
	read := s.readAside
	if f.CollectionID != "" && p.Limit <= brief && p.Offset == 0 && !p.Count {
		read = s.read
	}
	err := read(ctx, func(ctx context.Context, db database) (err error) {
		rows, err = s.t.list(ctx, db, kind, f, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (t *tables) list(ctx context.Context, db database, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	switch {
	case p.Limit < 1:
		return nil, invalid("Page.Limit", "must be at least 1")
	case p.Offset < 0 || p.Offset > maxOffset:
		return nil, invalid("Page.Offset", "must be between 0 and 10,000")
	case len(f.IDs) > maxIDs:
		return nil, invalid("Filter.IDs", "must not be more than 100")
	}
	l, ok := listings()[kind]
	if !ok {
		return nil, invalid("RowKind", fmt.Sprintf("%.32q is no kind of row that can be listed", kind))
	}
	rows := &payment.Rows{}
	var err error
	switch kind {
	case payment.RowCollections:
		rows.Collections, err = page(ctx, db, t.collections, l, f, p, rows)
	case payment.RowSessions:
		rows.Sessions, err = page(ctx, db, t.sessions, l, f, p, rows)
	case payment.RowPayments:
		rows.Payments, err = page(ctx, db, t.payments, l, f, p, rows)
	case payment.RowCaptures:
		rows.Captures, err = page(ctx, db, t.captures, l, f, p, rows)
	case payment.RowRefunds:
		rows.Refunds, err = page(ctx, db, t.refunds, l, f, p, rows)
	case payment.RowOperations:
		rows.Operations, err = page(ctx, db, t.operations, l, f, p, rows)
	case payment.RowEvents:
		rows.Events, err = page(ctx, db, t.events, l, f, p, rows)
	case payment.RowDeliveries:
		rows.Deliveries, err = page(ctx, db, t.deliveries, l, f, p, rows)
	}
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// listing names the columns that a kind is filtered by, empty where it has none.
type listing struct {
	collection, session, payment, provider, state string

	named   string // what holds the payment, where the rows of a session are those of the payment that it names
	at      string // what it is ordered by
	deleted bool   // it can be hidden
}

func listings() map[payment.RowKind]listing {
	entry := listing{collection: "collection_id", session: "session_id", payment: "payment_id", state: "state", named: "payment_id", at: "created_at"}
	return map[payment.RowKind]listing{
		payment.RowCollections: {collection: "id", at: "created_at", deleted: true},
		payment.RowSessions: {collection: "collection_id", session: "id", payment: "payment_id", provider: "provider_id", state: "status",
			at: "created_at", deleted: true},
		payment.RowPayments: {collection: "collection_id", session: "session_id", payment: "id", provider: "provider_id", named: "id",
			at: "created_at"},
		payment.RowCaptures:   entry,
		payment.RowRefunds:    entry,
		payment.RowOperations: {collection: "collection_id", session: "session_id", provider: "provider_id", state: "state", at: "created_at"},
		payment.RowEvents:     {collection: "collection_id", session: "session_id", payment: "payment_id", provider: "provider_id", at: "at"},
		payment.RowDeliveries: {collection: "collection_id", session: "session_id", provider: "provider_id", state: "state", at: "received_at"},
	}
}

// condition is what follows WHERE.
type condition struct {
	terms []string
	args  []any
	rest  string // what follows the terms
	never bool   // nothing can match
}

func (c *condition) add(term string, args ...any) {
	c.terms = append(c.terms, term)
	c.args = append(c.args, args...)
}

// equal compares a column, if the filter names it.
func (c *condition) equal(column, value string) { c.compare(column, " = +?", value) }

func (c *condition) compare(column, with, value string) {
	switch {
	case value == "":
	case column == "":
		c.never = true
	default:
		c.add(column+with, value)
	}
}

func (c *condition) sql() string {
	if len(c.terms) == 0 {
		return c.rest
	}
	return " WHERE " + strings.Join(c.terms, " AND ") + c.rest
}

// paymentOf is the payment that a session names.
const paymentOf = "(SELECT payment_id FROM payment_sessions WHERE id = +?)"

// filter returns what holds for every page of a list.
func (l *listing) filter(f *payment.Filter) (*condition, error) {
	c := &condition{}
	if len(f.IDs) > 0 {
		b, err := json.Marshal(f.IDs)
		if err != nil {
			return nil, err
		}
		c.add("id IN (SELECT value FROM json_each(?))", string(b))
	}
	c.equal(l.collection, f.CollectionID)
	if l.named != "" && f.SessionID != "" {
		c.add(l.named+" = "+paymentOf, f.SessionID)
	}
	c.equal(l.session, f.SessionID)
	c.equal(l.payment, f.PaymentID)
	c.equal(l.provider, f.ProviderID)
	c.compare(l.state, " = ?", f.State) // planned by its value: the index is for some states only
	if l.deleted && !f.IncludeDeleted {
		c.add("deleted_at IS NULL")
	}
	return c, nil
}

// between bounds the times, but for the bound where the page begins, if the page begins further on.
func (l *listing) between(c *condition, f *payment.Filter, from, to bool) {
	if from && !f.From.IsZero() {
		c.add(l.at+" >= +?", microsFrom(f.From))
	}
	if to && !f.To.IsZero() {
		c.add(l.at+" < +?", microsFrom(f.To))
	}
}

// microsFrom returns the first microsecond since 1970 that is not before t.
func microsFrom(t time.Time) int64 {
	n := t.UnixMicro()
	if t.Nanosecond()%1_000 != 0 {
		n++
	}
	return n
}

// statements returns what lists a page, and what counts all pages.
func (l *listing) statements(f *payment.Filter, p *payment.Page) (list, count *condition, err error) {
	if list, err = l.filter(f); err != nil {
		return nil, nil, err
	}
	count = &condition{terms: slices.Clone(list.terms), args: slices.Clone(list.args), never: list.never}
	l.between(count, f, true, true)

	order := l.at + ", id"
	less, desc := ">", ""
	if p.Descending {
		less, desc = "<", " DESC"
	}
	if l.at == "at" && f.CollectionID != "" { // events of one collection
		order = "seq"
		l.between(list, f, true, true)
		if p.AfterSeq != 0 || p.AfterID != "" {
			list.add("seq "+less+" +?", p.AfterSeq)
		}
	} else {
		after := !p.AfterTime.IsZero() || p.AfterID != ""
		at := p.AfterTime.UnixMicro()
		if after && (p.Descending && !f.To.IsZero() && at >= microsFrom(f.To) || !p.Descending && at < microsFrom(f.From) && !f.From.IsZero()) {
			after = false // the bound lies further on
		}
		l.between(list, f, !after || p.Descending, !after || !p.Descending)
		if after {
			list.add("("+l.at+", id) "+less+" (+?, +?)", at, p.AfterID)
		}
		order = strings.Replace(order, ",", desc+",", 1)
	}
	list.rest = " ORDER BY " + order + desc + " LIMIT ? OFFSET ?"
	list.args = append(list.args, p.Limit+1, p.Offset)
	return list, count, nil
}

// page returns one page of a kind, and fills what else a list says.
func page[T any](ctx context.Context, db database, t *table[T], l listing, f payment.Filter, p payment.Page, out *payment.Rows) ([]*T, error) {
	list, count, err := l.statements(&f, &p)
	if err != nil || list.never {
		return nil, err
	}
	rows, err := t.find(ctx, db, list.sql(), list.args...)
	if err != nil {
		return nil, err
	}
	if out.More = len(rows) > p.Limit; out.More {
		rows = rows[:p.Limit]
	}
	if p.Count {
		n := int64(0)
		query := "SELECT count(*) FROM (SELECT 1 FROM " + t.name + count.sql() + fmt.Sprintf(" LIMIT %d)", maxCount)
		if err := scanOne(ctx, db, &n, query, count.args...); err != nil {
			return nil, err
		}
		out.Count = int(n)
	}
	return rows, nil
}
