package memstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	maxOffset = 10_000
	maxCount  = 10_000
	maxIDs    = 100
	batchSize = 1_024 // how many rows are looked at before the lock is let go for a moment
)

// List returns copies of the rows of a kind that match f, as p says. A row that lacks a field which f names does not match.
//
// The error matches [payment.ErrInvalid] when the kind is unknown, p.Limit is less than 1, p.Offset is negative or more than 10,000, or f has more
// than 100 IDs. It is the context's when that ends meanwhile.
func (s *Store) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch {
	case p.Limit < 1:
		return nil, invalid("Page.Limit", "must be at least 1")
	case p.Offset < 0 || p.Offset > maxOffset:
		return nil, invalid("Page.Offset", "must be between 0 and 10,000")
	case len(f.IDs) > maxIDs:
		return nil, invalid("Filter.IDs", "must not be more than 100")
	}
	q := &query{s: s, filter: f, page: p, from: math.MinInt64, to: math.MaxInt64}
	if !f.From.IsZero() {
		q.from = microsFrom(f.From)
	}
	if !f.To.IsZero() {
		q.to = microsFrom(f.To)
	}
	rows := &payment.Rows{}
	var err error
	switch kind {
	case payment.RowCollections:
		rows.Collections, err = find(ctx, q, rows, s.listedCollections, collectionFacts, copyCollection)
	case payment.RowSessions:
		rows.Sessions, err = find(ctx, q, rows, s.listedSessions, sessionFacts, copySession)
	case payment.RowPayments:
		rows.Payments, err = find(ctx, q, rows, s.listedPayments, paymentFacts, copyPayment)
	case payment.RowCaptures:
		rows.Captures, err = find(ctx, q, rows, s.listedCaptures, captureFacts, copyCapture)
	case payment.RowRefunds:
		rows.Refunds, err = find(ctx, q, rows, s.listedRefunds, refundFacts, copyRefund)
	case payment.RowOperations:
		rows.Operations, err = find(ctx, q, rows, s.listedOperations, operationFacts, copyOperation)
	case payment.RowEvents:
		rows.Events, err = find(ctx, q, rows, s.listedEvents, eventFacts, copyEvent)
	case payment.RowDeliveries:
		rows.Deliveries, err = find(ctx, q, rows, s.listedDeliveries, deliveryFacts, copyDelivery)
	default:
		err = invalid("RowKind", fmt.Sprintf("%.32q is no kind of row that can be listed", kind))
	}
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// microsFrom returns the first microsecond since 1970 that is not before t.
func microsFrom(t time.Time) int64 {
	n := t.UnixMicro()
	if t.Nanosecond()%1_000 != 0 {
		n++
	}
	return n
}

// query is one call of List.
type query struct {
	s        *Store
	filter   payment.Filter
	page     payment.Page
	from, to int64 // microseconds since 1970: not before, and before
}

// find returns the page's rows of a kind. listed returns a list that holds all rows that match.
func find[T any](ctx context.Context, q *query, out *payment.Rows, listed func(*payment.Filter) *list[T], factsOf func(*T) facts,
	copyRow func(to, from *T)) ([]*T, error) {
	var rows []*T
	skip := q.page.Offset
	err := scan(ctx, q, true, listed, factsOf, func(r *T) bool {
		switch {
		case skip > 0:
			skip--
		case len(rows) == q.page.Limit:
			out.More = true
			return false
		default:
			rows = append(rows, r)
		}
		return true
	})
	if err == nil && q.page.Count {
		err = scan(ctx, q, false, listed, factsOf, func(*T) bool {
			out.Count++
			return out.Count < maxCount
		})
	}
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		rows[i] = new(T)
		copyRow(rows[i], r)
	}
	return rows, nil
}

// scan visits the rows that match, in the page's order, until visit returns false: from the page's cursor on, or all of them. It
// looks at a batch of rows at a time, and lets go of the lock in between.
func scan[T any](ctx context.Context, q *query, fromCursor bool, listed func(*payment.Filter) *list[T], factsOf func(*T) facts,
	visit func(*T) bool) error {
	var start *position
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		more = q.batch(func(left int) bool {
			l := listed(&q.filter)
			if start == nil {
				p := q.start(l.bySeq, fromCursor)
				start = &p
			}
			interrupted := false
			look := func(r *record[T]) bool {
				if left--; left < 0 {
					interrupted = true
					return false
				}
				*start = l.position(r)
				if !l.bySeq && q.beyond(r.at) {
					return false
				}
				return !q.matches(factsOf(r.row)) || visit(r.row)
			}
			if q.page.Descending {
				l.descend(*start, look)
			} else {
				l.ascend(*start, look)
			}
			return interrupted
		})
	}
	return nil
}

// batch runs step, which may look at so many rows, under the lock.
func (q *query) batch(step func(rows int) bool) bool {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	return step(batchSize)
}

// start returns the position after which to begin.
func (q *query) start(bySeq, fromCursor bool) position {
	p := q.page
	edge, cursor := position{key: q.from}, position{key: cutTime(p.AfterTime).UnixMicro(), id: p.AfterID}
	if p.Descending {
		edge.key = q.to
	}
	none := p.AfterTime.IsZero() && p.AfterID == ""
	if bySeq { // the events of one collection; their times follow their order only as a rule
		edge, cursor = position{key: math.MinInt64}, position{key: p.AfterSeq}
		if p.Descending {
			edge.key = math.MaxInt64
		}
		none = p.AfterSeq == 0 && p.AfterID == ""
	}
	if none || !fromCursor || (edge.compare(cursor) > 0) != p.Descending {
		return edge
	}
	return cursor
}

// beyond reports whether no further row is in the time asked for.
func (q *query) beyond(at int64) bool {
	if q.page.Descending {
		return at < q.from
	}
	return at >= q.to
}

// matches reports whether a row is one to be listed.
func (q *query) matches(r facts) bool {
	f := &q.filter
	return (f.IncludeDeleted || !r.deleted) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, r.id)) &&
		(f.CollectionID == "" || f.CollectionID == r.collection) &&
		(f.SessionID == "" || f.SessionID == r.session) &&
		(f.PaymentID == "" || f.PaymentID == r.payment) &&
		(f.ProviderID == "" || f.ProviderID == r.provider) &&
		(f.State == "" || f.State == r.state) &&
		r.at >= q.from && r.at < q.to
}

// listedCollections, and those below, return the shortest list that holds all rows that match. They are called under the lock.
func (s *Store) listedCollections(f *payment.Filter) *list[payment.PaymentCollection] {
	return shortest(&s.lists.collections,
		within(f.CollectionID, s.collections, func(c *collection) *list[payment.PaymentCollection] {
			one := &list[payment.PaymentCollection]{}
			one.insert(&c.record)
			return one
		}))
}

func (s *Store) listedSessions(f *payment.Filter) *list[payment.PaymentSession] {
	return shortest(&s.lists.sessions,
		within(f.CollectionID, s.collections, func(c *collection) *list[payment.PaymentSession] { return &c.sessions }),
		within(f.ProviderID, s.providers, func(p *provider) *list[payment.PaymentSession] { return &p.sessions }))
}

func (s *Store) listedPayments(f *payment.Filter) *list[payment.Payment] {
	return shortest(&s.lists.payments,
		within(f.CollectionID, s.collections, func(c *collection) *list[payment.Payment] { return &c.payments }),
		within(f.SessionID, s.sessions, func(h *session) *list[payment.Payment] { return &h.payments }),
		within(f.ProviderID, s.providers, func(p *provider) *list[payment.Payment] { return &p.payments }))
}

func (s *Store) listedCaptures(f *payment.Filter) *list[payment.Capture] {
	return shortest(&s.lists.captures,
		within(f.CollectionID, s.collections, func(c *collection) *list[payment.Capture] { return &c.captures }),
		within(f.SessionID, s.sessions, func(h *session) *list[payment.Capture] { return &h.captures }),
		within(f.PaymentID, s.payments, func(p *paid) *list[payment.Capture] { return &p.captures }))
}

func (s *Store) listedRefunds(f *payment.Filter) *list[payment.Refund] {
	return shortest(&s.lists.refunds,
		within(f.CollectionID, s.collections, func(c *collection) *list[payment.Refund] { return &c.refunds }),
		within(f.SessionID, s.sessions, func(h *session) *list[payment.Refund] { return &h.refunds }),
		within(f.PaymentID, s.payments, func(p *paid) *list[payment.Refund] { return &p.refunds }))
}

func (s *Store) listedOperations(f *payment.Filter) *list[payment.Operation] {
	return shortest(&s.lists.operations,
		within(f.CollectionID, s.collections, func(c *collection) *list[payment.Operation] { return &c.operations }),
		within(f.SessionID, s.sessions, func(h *session) *list[payment.Operation] { return &h.operations }),
		s.operationsIn(f.State))
}

func (s *Store) listedEvents(f *payment.Filter) *list[payment.Event] {
	if l := within(f.CollectionID, s.collections, func(c *collection) *list[payment.Event] { return &c.events }); l != nil {
		return l // the one that is ordered by Seq
	}
	return &s.lists.events
}

func (s *Store) listedDeliveries(f *payment.Filter) *list[payment.Delivery] {
	return shortest(&s.lists.deliveries,
		named(f.IDs, s.deliveries),
		within(f.CollectionID, s.owned, func(l *list[payment.Delivery]) *list[payment.Delivery] { return l }),
		within(f.SessionID, s.sessions, func(h *session) *list[payment.Delivery] { return &h.deliveries }),
		within(f.ProviderID, s.providers, func(p *provider) *list[payment.Delivery] { return &p.deliveries }),
		s.deliveriesIn(f.State))
}

// within returns the list of what a filter's field names: an empty one if nothing does, nil if the field is empty.
func within[T, H any](id string, all map[string]*H, listOf func(*H) *list[T]) *list[T] {
	if id == "" {
		return nil
	}
	if h := all[id]; h != nil {
		return listOf(h)
	}
	return &list[T]{}
}

// named returns the list of the rows with some IDs: nil if there are no IDs.
func named[T any](ids []string, all map[string]*record[T]) *list[T] {
	if len(ids) == 0 {
		return nil
	}
	l := &list[T]{}
	for _, id := range ids {
		if r := all[id]; r != nil && !l.has(l.position(r)) {
			l.insert(r)
		}
	}
	return l
}

// shortest returns the list with the fewest records, of those that are not nil: where several serve a filter, the one that leaves
// the least to check row by row.
func shortest[T any](l *list[T], others ...*list[T]) *list[T] {
	for _, o := range others {
		if o != nil && o.n < l.n {
			l = o
		}
	}
	return l
}
