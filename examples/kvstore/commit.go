package kvstore

import (
	"context"
	"fmt"

	"github.com/seed40c892db/payment"
)

// prepared is a row as it will be stored, with what it is found by.
type prepared struct {
	facts
	value string
}

// prepare encodes a row. What it is found by is read from what will come back: times are cut, for example.
func prepare[T any](row *T) (prepared, error) {
	value, err := payment.EncodeRow(row)
	if err != nil {
		return prepared{}, &payment.InvalidError{Field: "Changes", Rule: err.Error()}
	}
	stored := new(T)
	if err := payment.DecodeRow(value, stored); err != nil {
		return prepared{}, &payment.InvalidError{Field: "Changes", Rule: err.Error()}
	}
	return prepared{facts: factsOf(stored), value: string(value)}, nil
}

func prepareAll[T any](to []prepared, rows []*T) ([]prepared, error) {
	for _, row := range rows {
		p, err := prepare(row)
		if err != nil {
			return nil, err
		}
		to = append(to, p)
	}
	return to, nil
}

// prepareChanges encodes all rows, before anything is locked or sent.
func prepareChanges(c *payment.Changes) (rows []prepared, err error) {
	collection := *c.Collection
	collection.Version = c.Version + 1
	for _, add := range []func() ([]prepared, error){
		func() ([]prepared, error) { return prepareAll(rows, []*payment.PaymentCollection{&collection}) },
		func() ([]prepared, error) { return prepareAll(rows, c.Sessions) },
		func() ([]prepared, error) { return prepareAll(rows, c.Payments) },
		func() ([]prepared, error) { return prepareAll(rows, c.Captures) },
		func() ([]prepared, error) { return prepareAll(rows, c.Refunds) },
		func() ([]prepared, error) { return prepareAll(rows, c.Operations) },
		func() ([]prepared, error) { return prepareAll(rows, c.Requests) },
		func() ([]prepared, error) { return prepareAll(rows, c.Events) },
	} {
		if rows, err = add(); err != nil {
			return nil, err
		}
	}
	size := 0
	for _, row := range rows {
		size += len(row.value)
	}
	if size > payment.MaxChangesBytes {
		return nil, &payment.InvalidError{Field: "Changes", Rule: "are larger than 1 MiB"}
	}
	return rows, nil
}

// Commit writes all of c or nothing, if the collection's version is c.Version. The error matches ErrConflict when the version has moved,
// ErrDuplicate when what must be unique is taken, ErrInvalid when c is nothing that a store may write; ErrCommitUnknown comes from the database.
func (s *Store) Commit(ctx context.Context, c *payment.Changes) error {
	if err := c.Check(); err != nil {
		return err
	}
	rows, err := prepareChanges(c)
	if err != nil {
		return err
	}
	return s.change(ctx, func(t *tx) error {
		var now payment.PaymentCollection
		if value := t.get(rowKey(payment.RowCollections, c.CollectionID)); value != "" {
			if err := payment.DecodeRow([]byte(value), &now); err != nil {
				return damaged(payment.RowCollections, c.CollectionID, err)
			}
		}
		if now.Version != c.Version {
			return fmt.Errorf("kvstore: collection %.64q has version %d, not %d: %w", c.CollectionID, now.Version, c.Version, payment.ErrConflict)
		}
		for _, row := range rows {
			if c.NewRequests && row.kind == kindRequests && t.get(rowKey(row.kind, row.id)) != "" {
				return fmt.Errorf("kvstore: request %.64q is there already: %w", row.id, payment.ErrDuplicate)
			}
		}
		if err := t.put(rows); err != nil {
			return err
		}
		for i := range c.Due {
			if err := t.putDue(c.Due[i], c.CollectionID); err != nil {
				return err
			}
		}
		return t.eventsDue(c)
	})
}

// put writes rows and the keys that lead to them. First all old keys go, then the new ones come: what one row gives up, another may take.
func (t *tx) put(rows []prepared) error {
	for _, row := range rows {
		if err := t.removePlaces(row); err != nil {
			return err
		}
	}
	for _, row := range rows {
		lists, unique := row.places()
		for _, key := range unique {
			if other := t.get(key); other != "" {
				return fmt.Errorf("kvstore: what %.64q must have alone is that of %.64q: %w", row.id, other, payment.ErrDuplicate)
			}
			t.written[key] = row.id
		}
		for _, key := range lists {
			t.written[key] = row.id
		}
		t.written[rowKey(row.kind, row.id)] = row.value
	}
	return nil
}

// removePlaces removes the keys that lead to a row as it is stored, if it is.
//
// The error matches ErrDuplicate when it is an event, which are inserted only, or another collection's.
func (t *tx) removePlaces(row prepared) error {
	value := t.get(rowKey(row.kind, row.id))
	if value == "" {
		return nil
	}
	old, err := decode(row.kind, value)
	if err != nil {
		return damaged(row.kind, row.id, err)
	}
	was := factsOf(old)
	if row.kind == payment.RowEvents || row.kind != payment.RowDeliveries && was.collection != row.collection {
		return fmt.Errorf("kvstore: %.64q is there already, or a row of another collection: %w", row.id, payment.ErrDuplicate)
	}
	lists, unique := was.places()
	for _, key := range append(lists, unique...) {
		t.written[key] = ""
	}
	return nil
}

// decode decodes a row of a kind.
func decode(kind payment.RowKind, value string) (any, error) {
	var row any
	switch kind {
	case payment.RowCollections:
		row = new(payment.PaymentCollection)
	case payment.RowSessions:
		row = new(payment.PaymentSession)
	case payment.RowPayments:
		row = new(payment.Payment)
	case payment.RowCaptures:
		row = new(payment.Capture)
	case payment.RowRefunds:
		row = new(payment.Refund)
	case payment.RowOperations:
		row = new(payment.Operation)
	case payment.RowEvents:
		row = new(payment.Event)
	case payment.RowDeliveries:
		row = new(payment.Delivery)
	case kindRequests:
		row = new(payment.KeyedRequest)
	case kindDue:
		row = new(payment.Due)
	default:
		return nil, &payment.InvalidError{Field: "RowKind", Rule: fmt.Sprintf("%.32q is no kind of row", kind)}
	}
	return row, payment.DecodeRow([]byte(value), row)
}
