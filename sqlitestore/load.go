package sqlitestore

import (
	"context"

	"github.com/seed40c892db/payment"
)

// What follows a SELECT, to find rows by. In this package a parameter that a column is compared with has a +, which changes nothing but that SQLite
// does not look at its value: where somebody has run ANALYZE, it would plan each statement anew for each value. A list by state has none.
const (
	byID        = " WHERE id = +?"
	byIDWithin  = " WHERE id = +? AND collection_id = +?"
	byPayment   = " WHERE payment_id = +? AND +collection_id = +? ORDER BY created_at, id"
	byReference = " WHERE provider_id = +? AND reference = +? AND reference <> '' ORDER BY created_at, id LIMIT 1"
	byRequest   = " WHERE collection_id = +? AND method = +? AND request_key = +?"

	byReferenceWithin = " WHERE provider_id = +? AND reference = +? AND reference <> '' AND +collection_id = +? ORDER BY created_at, id LIMIT 1"
)

// Load returns what the key leads to, as of one moment. A field that leads nowhere is passed over for the next one, but a CollectionID
// decides alone.
//
// The error is a [*payment.NotFoundError], which matches [payment.ErrNotFound], if no collection is found; what else is not found is missing from
// Rows. A [*payment.StoreError] says that the database cannot serve, or that a row is damaged.
func (s *Store) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	var rows *payment.Rows
	err := s.read(ctx, func(ctx context.Context, db database) (err error) {
		rows, err = s.t.load(ctx, db, by)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// load collects what a key leads to. Each row is read once.
func (t *tables) load(ctx context.Context, db database, by payment.Key) (*payment.Rows, error) {
	l := &loader{tables: t, db: db, by: by}
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	collection, err := t.collections.one(ctx, db, byID, l.id)
	if err != nil {
		return nil, err
	}
	if l.id == "" || collection == nil {
		return nil, by.NotFound()
	}
	rows := &payment.Rows{Collections: []*payment.PaymentCollection{collection}}
	if by.RequestKey != "" {
		if rows.Requests, err = t.requests.find(ctx, db, byRequest, l.id, by.Method, by.RequestKey); err != nil {
			return nil, err
		}
	}
	if err := l.findSession(ctx, rows.Requests); err != nil {
		return nil, err
	}
	if err := l.findPayment(ctx, rows); err != nil {
		return nil, err
	}
	return rows, l.findOperations(ctx, rows)
}

// loader is one Load under way, with what it has met already.
type loader struct {
	*tables
	db        database
	by        payment.Key
	id        string // the collection's
	session   *payment.PaymentSession
	payment   *payment.Payment
	operation *payment.Operation // the named one
}

// lead finds the collection's ID, empty when the key leads to none.
func (l *loader) lead(ctx context.Context) (err error) {
	if l.id = l.by.CollectionID; l.id != "" {
		return nil
	}
	if l.by.SessionID != "" {
		if l.session, err = l.sessions.one(ctx, l.db, byID, l.by.SessionID); err != nil || l.session != nil {
			return l.found(l.session, err)
		}
	}
	if l.by.PaymentID != "" {
		if l.payment, err = l.payments.one(ctx, l.db, byID, l.by.PaymentID); err != nil || l.payment != nil {
			if err == nil {
				l.id = l.payment.CollectionID
			}
			return err
		}
	}
	if l.by.OperationID != "" {
		if l.operation, err = l.operations.one(ctx, l.db, byID, l.by.OperationID); err != nil || l.operation != nil {
			if err == nil {
				l.id = l.operation.CollectionID
			}
			return err
		}
	}
	if l.by.Reference != "" {
		l.session, err = l.sessions.one(ctx, l.db, byReference, l.by.ProviderID, l.by.Reference)
		return l.found(l.session, err)
	}
	return nil
}

func (l *loader) found(session *payment.PaymentSession, err error) error {
	if err == nil && session != nil {
		l.id = session.CollectionID
	}
	return err
}

// findSession finds the first session of the collection that the key leads to, and the named operation.
func (l *loader) findSession(ctx context.Context, requests []*payment.KeyedRequest) (err error) {
	if l.by.OperationID != "" && l.operation == nil {
		if l.operation, err = l.operations.one(ctx, l.db, byIDWithin, l.by.OperationID, l.id); err != nil {
			return err
		}
	}
	if l.session != nil && l.session.CollectionID == l.id && l.session.ID == l.by.SessionID {
		return nil
	}
	led := l.session // by its reference, where nothing before it led anywhere
	if l.session, err = l.sessionWithin(ctx, l.by.SessionID); err != nil || l.session != nil {
		return err
	}
	if l.by.PaymentID != "" {
		if l.payment == nil {
			if l.payment, err = l.payments.one(ctx, l.db, byIDWithin, l.by.PaymentID, l.id); err != nil {
				return err
			}
		}
		if l.payment != nil {
			if l.session, err = l.sessionWithin(ctx, l.payment.SessionID); err != nil || l.session != nil {
				return err
			}
		}
	}
	if l.operation != nil {
		if l.session, err = l.sessionWithin(ctx, l.operation.SessionID); err != nil || l.session != nil {
			return err
		}
	}
	if l.session = led; l.session != nil {
		return nil
	}
	if l.by.Reference != "" {
		l.session, err = l.sessions.one(ctx, l.db, byReferenceWithin, l.by.ProviderID, l.by.Reference, l.id)
		if err != nil || l.session != nil {
			return err
		}
	}
	if len(requests) > 0 {
		l.session, err = l.sessionWithin(ctx, requests[0].SessionID)
	}
	return err
}

func (l *loader) sessionWithin(ctx context.Context, id string) (*payment.PaymentSession, error) {
	if id == "" {
		return nil, nil
	}
	return l.sessions.one(ctx, l.db, byIDWithin, id, l.id)
}

// findPayment adds the session, and the payment that it names, with its movements.
func (l *loader) findPayment(ctx context.Context, rows *payment.Rows) (err error) {
	if l.session == nil {
		return nil
	}
	rows.Sessions = []*payment.PaymentSession{l.session}
	if l.payment != nil && l.payment.ID != l.session.PaymentID {
		l.payment = nil
	}
	if l.payment == nil && l.session.PaymentID != "" {
		if l.payment, err = l.payments.one(ctx, l.db, byIDWithin, l.session.PaymentID, l.id); err != nil {
			return err
		}
	}
	if l.payment == nil {
		return nil
	}
	rows.Payments = []*payment.Payment{l.payment}
	if rows.Captures, err = l.captures.find(ctx, l.db, byPayment, l.payment.ID, l.id); err != nil {
		return err
	}
	rows.Refunds, err = l.refunds.find(ctx, l.db, byPayment, l.payment.ID, l.id)
	return err
}

// findOperations adds the session's open operation, the named one, and the request's, each once.
func (l *loader) findOperations(ctx context.Context, rows *payment.Rows) error {
	add := func(id string) error {
		if id == "" || l.operation != nil && l.operation.ID == id {
			return nil
		}
		for _, o := range rows.Operations {
			if o.ID == id {
				return nil
			}
		}
		o, err := l.operations.one(ctx, l.db, byIDWithin, id, l.id)
		if o != nil {
			rows.Operations = append(rows.Operations, o)
		}
		return err
	}
	if l.operation != nil {
		rows.Operations = append(rows.Operations, l.operation)
	}
	if l.session != nil {
		if err := add(l.session.OperationID); err != nil {
			return err
		}
	}
	if len(rows.Requests) > 0 {
		return add(rows.Requests[0].OperationID)
	}
	return nil
}
