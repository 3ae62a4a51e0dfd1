package memstore

import (
	"context"

	"github.com/seed40c892db/payment"
)

// found is what a key leads to: rows as they are stored, to be copied after the lock is let go.
type found struct {
	collection *payment.PaymentCollection
	session    *payment.PaymentSession
	payment    *payment.Payment
	captures   []*payment.Capture
	refunds    []*payment.Refund
	operations [3]*payment.Operation // the session's, the named one, the request's; nil where there is none, or it is there already
	request    *payment.KeyedRequest
}

// Load returns copies of what the key leads to, as of one moment. A field that leads nowhere is passed over for the next one, but a
// CollectionID decides alone.
//
// The error is a [*payment.NotFoundError], which matches [payment.ErrNotFound], if no collection is found; what else is not found is missing from
// Rows.
func (s *Store) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var f found
	s.mu.Lock()
	s.find(&f, &by)
	s.mu.Unlock()
	if f.collection == nil {
		return nil, by.NotFound()
	}
	return f.rows(), nil
}

// find collects what a key leads to.
func (s *Store) find(f *found, by *payment.Key) {
	id := s.lead(by)
	c := s.collections[id]
	if c == nil || c.row == nil {
		return
	}
	f.collection = c.row
	if by.RequestKey != "" {
		f.request = c.requests.find(by.Method, by.RequestKey)
	}
	named := s.operation(by.OperationID, id)
	if f.session = s.sessionFor(by, id, named, f.request); f.session != nil {
		if p := s.paymentOf(f.session); p != nil {
			f.payment = p.row
			f.captures = rowsOf(&p.captures, f.captures, func(r *payment.Capture) bool { return r.CollectionID == id })
			f.refunds = rowsOf(&p.refunds, f.refunds, func(r *payment.Refund) bool { return r.CollectionID == id })
		}
		f.operations[0] = s.operation(f.session.OperationID, id)
	}
	if named != f.operations[0] {
		f.operations[1] = named
	}
	if f.request != nil {
		if o := s.operation(f.request.OperationID, id); o != f.operations[0] && o != named {
			f.operations[2] = o
		}
	}
}

// lead returns the ID of the collection that a key leads to, empty when it leads to none.
func (s *Store) lead(by *payment.Key) string {
	if by.CollectionID != "" {
		return by.CollectionID
	}
	if by.SessionID != "" {
		if h := s.sessions[by.SessionID]; h != nil && h.row != nil {
			return h.row.CollectionID
		}
	}
	if by.PaymentID != "" {
		if p := s.payments[by.PaymentID]; p != nil && p.row != nil {
			return p.row.CollectionID
		}
	}
	if by.OperationID != "" {
		if o := s.operations[by.OperationID]; o != nil {
			return o.row.CollectionID
		}
	}
	if r := s.byReference(by.ProviderID, by.Reference, ""); r != nil {
		return r.CollectionID
	}
	return ""
}

// sessionFor returns the first session of the collection that the key leads to, nil when there is none.
func (s *Store) sessionFor(by *payment.Key, collectionID string, named *payment.Operation, request *payment.KeyedRequest) *payment.PaymentSession {
	if r := s.session(by.SessionID, collectionID); r != nil {
		return r
	}
	if by.PaymentID != "" {
		if p := s.payments[by.PaymentID]; p != nil && p.row != nil && p.row.CollectionID == collectionID {
			if r := s.session(p.row.SessionID, collectionID); r != nil {
				return r
			}
		}
	}
	if named != nil {
		if r := s.session(named.SessionID, collectionID); r != nil {
			return r
		}
	}
	if r := s.byReference(by.ProviderID, by.Reference, collectionID); r != nil {
		return r
	}
	if request != nil {
		return s.session(request.SessionID, collectionID)
	}
	return nil
}

// session returns a session of a collection, nil when it has none with this ID.
func (s *Store) session(id, collectionID string) *payment.PaymentSession {
	if id == "" {
		return nil
	}
	if h := s.sessions[id]; h != nil && h.row != nil && h.row.CollectionID == collectionID {
		return h.row
	}
	return nil
}

// operation returns an operation of a collection, nil when it has none with this ID.
func (s *Store) operation(id, collectionID string) *payment.Operation {
	if id == "" {
		return nil
	}
	if o := s.operations[id]; o != nil && o.row.CollectionID == collectionID {
		return o.row
	}
	return nil
}

// paymentOf returns the payment that a session names.
func (s *Store) paymentOf(r *payment.PaymentSession) *paid {
	if p := s.payments[r.PaymentID]; p != nil && p.row != nil && p.row.CollectionID == r.CollectionID {
		return p
	}
	return nil
}

// rowsOf appends the rows of a list that are kept, in order.
func rowsOf[T any](l *list[T], rows []*T, keep func(*T) bool) []*T {
	if l.n == 0 {
		return rows
	}
	if rows == nil {
		rows = make([]*T, 0, l.n)
	}
	for c := range l.count() {
		for _, r := range l.chunk(c) {
			if keep(r.row) {
				rows = append(rows, r.row)
			}
		}
	}
	return rows
}

// rows returns copies of what was found.
func (f *found) rows() *payment.Rows {
	all := &struct {
		payment.Rows
		collections [1]*payment.PaymentCollection
		collection  payment.PaymentCollection
	}{}
	copyCollection(&all.collection, f.collection)
	all.collections[0] = &all.collection
	rows := &all.Rows
	rows.Collections = all.collections[:]
	if f.session != nil {
		rows.Sessions = copies([]*payment.PaymentSession{f.session}, copySession)
	}
	if f.payment != nil {
		rows.Payments = copies([]*payment.Payment{f.payment}, copyPayment)
	}
	rows.Captures = copies(f.captures, copyCapture)
	rows.Refunds = copies(f.refunds, copyRefund)
	operations := make([]*payment.Operation, 0, len(f.operations))
	for _, o := range f.operations {
		if o != nil {
			operations = append(operations, o)
		}
	}
	rows.Operations = copies(operations, copyOperation)
	if f.request != nil {
		rows.Requests = copies([]*payment.KeyedRequest{f.request}, copyRequest)
	}
	return rows
}
