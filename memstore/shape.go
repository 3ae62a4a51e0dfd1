package memstore

import (
	"fmt"
	"slices"

	"github.com/seed40c892db/payment"
)

// What Changes may hold at most: every row counts, the collection and due rows too.
const (
	maxRows  = 64
	maxBytes = 1 << 20
	rowBytes = 4 << 10 // a bound of what a row takes when encoded, beside its texts and maps of any length
)

// checkShape refuses Changes with too many rows, or with rows that are nil, unnamed, there twice, or another collection's.
func checkShape(c *payment.Changes) error {
	if c == nil || c.Collection == nil {
		return invalid("Changes.Collection", "must not be nil")
	}
	n := 1 + len(c.Sessions) + len(c.Payments) + len(c.Captures) + len(c.Refunds) + len(c.Operations) + len(c.Requests) + len(c.Events) +
		len(c.Due)
	if n > maxRows {
		return invalid("Changes", fmt.Sprintf("hold %d rows, more than %d", n, maxRows))
	}
	if c.CollectionID == "" {
		return invalid("Changes.CollectionID", "must not be empty")
	}
	if c.Collection.ID != c.CollectionID {
		return fmt.Errorf("memstore: collection %.64q in Changes of %.64q: %w", c.Collection.ID, c.CollectionID, payment.ErrDuplicate)
	}
	if err := checkRows("Sessions", c.CollectionID, c.Sessions, sessionFacts); err != nil {
		return err
	}
	if err := checkRows("Payments", c.CollectionID, c.Payments, paymentFacts); err != nil {
		return err
	}
	if err := checkRows("Captures", c.CollectionID, c.Captures, captureFacts); err != nil {
		return err
	}
	if err := checkRows("Refunds", c.CollectionID, c.Refunds, refundFacts); err != nil {
		return err
	}
	if err := checkRows("Operations", c.CollectionID, c.Operations, operationFacts); err != nil {
		return err
	}
	if err := checkRows("Events", c.CollectionID, c.Events, eventFacts); err != nil {
		return err
	}
	for i, r := range c.Requests {
		switch {
		case r == nil || r.Key == "":
			return invalid("Changes.Requests", fmt.Sprintf("number %d is nil or has no Key", i))
		case r.CollectionID != c.CollectionID:
			return fmt.Errorf("memstore: a request of collection %.64q: %w", r.CollectionID, payment.ErrDuplicate)
		case slices.ContainsFunc(c.Requests[:i], func(e *payment.KeyedRequest) bool { return e.Method == r.Method && e.Key == r.Key }):
			return invalid("Changes.Requests", fmt.Sprintf("number %d is there twice", i))
		}
	}
	for i, d := range c.Due {
		switch {
		case d.ID == "" || d.Kind == "":
			return invalid("Changes.Due", fmt.Sprintf("number %d has no ID or no Kind", i))
		case d.CollectionID != c.CollectionID && d.CollectionID != "":
			return fmt.Errorf("memstore: %s %.64q is due for collection %.64q: %w", d.Kind, d.ID, d.CollectionID, payment.ErrDuplicate)
		case slices.ContainsFunc(c.Due[:i], func(e payment.Due) bool { return e.Kind == d.Kind && e.ID == d.ID }):
			return invalid("Changes.Due", fmt.Sprintf("number %d is there twice", i))
		}
	}
	return nil
}

func checkRows[T any](name, collectionID string, rows []*T, factsOf func(*T) facts) error {
	for i, r := range rows {
		if r == nil {
			return invalid("Changes."+name, fmt.Sprintf("number %d is nil", i))
		}
		f := factsOf(r)
		if f.id == "" {
			return invalid("Changes."+name, fmt.Sprintf("number %d has no ID", i))
		}
		if f.collection != collectionID {
			return fmt.Errorf("memstore: %.64q belongs to collection %.64q, not to %.64q: %w", f.id, f.collection, collectionID,
				payment.ErrDuplicate)
		}
		for _, e := range rows[:i] {
			if factsOf(e).id == f.id {
				return invalid("Changes."+name, fmt.Sprintf("number %d is there twice", i))
			}
		}
	}
	return nil
}

// weigh encodes the rows, and refuses more than 1 MiB of them. It is only called where a bound of their size is above that.
func (st *step) weigh() error {
	rows := []any{st.collection.row}
	for i := range st.sessions.n {
		rows = append(rows, st.sessions.at(i).row)
	}
	for i := range st.payments.n {
		rows = append(rows, st.payments.at(i).row)
	}
	for i := range st.captures.n {
		rows = append(rows, st.captures.at(i).row)
	}
	for i := range st.refunds.n {
		rows = append(rows, st.refunds.at(i).row)
	}
	for i := range st.operations.n {
		rows = append(rows, st.operations.at(i).row)
	}
	for i := range st.requests.n {
		rows = append(rows, *st.requests.at(i))
	}
	for i := range st.events.n {
		rows = append(rows, &(*st.events.at(i)).event)
	}
	for i := range st.due.n {
		due := *st.due.at(i)
		rows = append(rows, &due)
	}
	size := 0
	for _, r := range rows {
		b, err := payment.EncodeRow(r)
		if err != nil {
			return invalid("Changes", err.Error())
		}
		if size += len(b); size > maxBytes {
			return invalid("Changes", "are larger than 1 MiB")
		}
	}
	return nil
}
