package kvstore

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/seed40c892db/payment"
)

// maxCount is where Rows.Count stops.
const maxCount = 10_000

// List returns the rows of a kind that match. The error matches ErrInvalid when there is no such kind.
func (s *Store) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if !slices.Contains([]payment.RowKind{
		payment.RowCollections, payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations,
		payment.RowEvents, payment.RowDeliveries,
	}, kind) {
		return nil, &payment.InvalidError{Field: "RowKind", Rule: "is no kind of row that can be listed"}
	}
	rows := &payment.Rows{}
	err := s.db.View(ctx, func(r Reader) error {
		skip, n := p.Offset, 0
		err := each(r, kind, f, candidates(r, kind, f, p), func(row any) bool {
			switch {
			case skip > 0:
				skip--
			case n == p.Limit:
				rows.More = true
			default:
				n++
				appendRow(rows, row)
			}
			return !rows.More
		})
		if err != nil || !p.Count {
			return err
		}
		return each(r, kind, f, candidates(r, kind, f, payment.Page{}), func(any) bool {
			rows.Count++
			return rows.Count < maxCount
		})
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// each decodes the rows with these IDs, and calls visit with those that match, until it returns false.
func each(r Reader, kind payment.RowKind, f payment.Filter, ids iter.Seq[string], visit func(row any) bool) error {
	for id := range ids {
		row, err := decode(kind, r.Get(rowKey(kind, id)))
		if err != nil {
			return damaged(kind, id, err)
		}
		if matches(factsOf(row), f) && !visit(row) {
			break
		}
	}
	return nil
}

// candidates are the IDs of all that may match, in the page's order, from its cursor on.
func candidates(r Reader, kind payment.RowKind, f payment.Filter, p payment.Page) iter.Seq[string] {
	prefix, cursor := index(kind, f, p)
	if len(f.IDs) > 0 {
		return named(r, kind, f.IDs, cursor, p.Descending)
	}
	from, to := prefix, after(prefix)
	switch {
	case cursor == "":
	case p.Descending:
		to = prefix + cursor
	default:
		from = prefix + cursor + "\x01" // just behind that row
	}
	return func(yield func(string) bool) {
		for _, id := range r.Scan(from, to, p.Descending) {
			if !yield(id) {
				return
			}
		}
	}
}

// named are those of some IDs that are there, in order, beyond the cursor.
func named(r Reader, kind payment.RowKind, ids []string, cursor string, backwards bool) iter.Seq[string] {
	places := map[string]string{}
	for _, id := range ids {
		value := r.Get(rowKey(kind, id))
		if value == "" {
			continue
		}
		place := id // of one that cannot be read, as each will say
		if row, err := decode(kind, value); err == nil {
			f := factsOf(row)
			place = f.order(false)
		}
		places[place] = id
	}
	sorted := slices.Sorted(maps.Keys(places))
	if backwards {
		slices.Reverse(sorted)
	}
	return func(yield func(string) bool) {
		for _, place := range sorted {
			if beyond := place > cursor; (cursor == "" || beyond != backwards && place != cursor) && !yield(places[place]) {
				return
			}
		}
	}
}

// index chooses the list that has all that match, and where in it the page begins. What else the filter wants is checked row by row.
func index(kind payment.RowKind, f payment.Filter, p payment.Page) (prefix, cursor string) {
	by := func(name, value string) string { return join("list", string(kind), name, value, "") }
	switch {
	case f.CollectionID != "":
		prefix = by("collection", f.CollectionID)
	case f.PaymentID != "":
		prefix = by("payment", f.PaymentID)
	case f.SessionID != "":
		prefix = by("session", f.SessionID)
	case f.ProviderID != "":
		prefix = by("provider", f.ProviderID)
	case f.State != "":
		prefix = by("state", f.State)
	default:
		prefix = by("all", "")
	}
	switch {
	case kind == payment.RowEvents && f.CollectionID != "":
		if p.AfterSeq != 0 {
			cursor = seqOrder(p.AfterSeq)
		}
	case p.AfterID != "" || !p.AfterTime.IsZero():
		cursor = timeOrder(p.AfterTime) + "\x00" + p.AfterID
	}
	return prefix, cursor
}

// matches reports whether a row is one of those that a filter wants. A row without a field that the filter names is none.
func matches(r facts, f payment.Filter) bool {
	for _, want := range [][2]string{
		{f.CollectionID, r.collection}, {f.SessionID, r.session}, {f.PaymentID, r.payment}, {f.ProviderID, r.provider}, {f.State, r.state},
	} {
		if want[0] != "" && want[0] != want[1] {
			return false
		}
	}
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, r.id)) && (f.From.IsZero() || !r.at.Before(f.From)) &&
		(f.To.IsZero() || r.at.Before(f.To)) && (f.IncludeDeleted || !r.deleted)
}

func appendRow(rows *payment.Rows, row any) {
	switch r := row.(type) {
	case *payment.PaymentCollection:
		rows.Collections = append(rows.Collections, r)
	case *payment.PaymentSession:
		rows.Sessions = append(rows.Sessions, r)
	case *payment.Payment:
		rows.Payments = append(rows.Payments, r)
	case *payment.Capture:
		rows.Captures = append(rows.Captures, r)
	case *payment.Refund:
		rows.Refunds = append(rows.Refunds, r)
	case *payment.Operation:
		rows.Operations = append(rows.Operations, r)
	case *payment.Event:
		rows.Events = append(rows.Events, r)
	case *payment.Delivery:
		rows.Deliveries = append(rows.Deliveries, r)
	}
}
