// Package kvstore keeps payments in any database that has ordered keys and one conditional batch, such as etcd or FoundationDB. It is the
// store of docs/writing-a-store.md: written to be read, and held to the contract by storetest. [Memory] is a database to try it with.
//
//	go test ./examples/kvstore
package kvstore

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/seed40c892db/payment"
)

// Store is a [payment.Store]. It is safe for concurrent use, as its database is.
type Store struct{ db Database }

// New returns a store.
func New(db Database) *Store { return &Store{db: db} }

// tx is a step over one view: it notes what it has read, and writes only if all of that is still so.
type tx struct {
	Reader
	read, written map[string]string
}

// get returns a key's value as it will be, and makes the step depend on what it is.
func (t *tx) get(key string) string {
	if _, known := t.read[key]; !known {
		t.read[key] = t.Get(key)
	}
	if value, ok := t.written[key]; ok {
		return value
	}
	return t.read[key]
}

// change runs a step, and again if somebody else has written what it has read: no conflict is worth telling but that of a version, which the
// next round of f finds by itself.
func (s *Store) change(ctx context.Context, f func(t *tx) error) error {
	for {
		t := &tx{read: map[string]string{}, written: map[string]string{}}
		err := s.db.View(ctx, func(r Reader) error {
			t.Reader = r
			return f(t)
		})
		if err != nil {
			return err
		}
		ok, err := s.db.Write(ctx, t.read, t.written)
		if ok || err != nil {
			return err
		}
	}
}

// Load returns what the key leads to, as of one moment. The error matches ErrNotFound if no collection is found.
func (s *Store) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	rows := &payment.Rows{}
	err := s.db.View(ctx, func(r Reader) error { return load(r, by, rows) })
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func load(r Reader, by payment.Key, rows *payment.Rows) error {
	l := &loading{r: r}
	id := l.collectionOf(by)
	c := find[payment.PaymentCollection](l, payment.RowCollections, id, id)
	if c == nil {
		return errors.Join(l.err, by.NotFound())
	}
	rows.Collections = append(rows.Collections, c)
	named := find[payment.Operation](l, payment.RowOperations, by.OperationID, id)
	var request *payment.KeyedRequest
	if by.RequestKey != "" {
		if request = find[payment.KeyedRequest](l, kindRequests, join(id, by.Method, by.RequestKey), id); request != nil {
			rows.Requests = append(rows.Requests, request)
		}
	}
	x := l.sessionOf(by, id, named, request)
	operations := []*payment.Operation{nil, named, nil}
	if x != nil {
		rows.Sessions = append(rows.Sessions, x)
		operations[0] = find[payment.Operation](l, payment.RowOperations, x.OperationID, id)
		if p := find[payment.Payment](l, payment.RowPayments, x.PaymentID, id); p != nil {
			rows.Payments = append(rows.Payments, p)
			rows.Captures = movements[payment.Capture](l, payment.RowCaptures, p.ID, id)
			rows.Refunds = movements[payment.Refund](l, payment.RowRefunds, p.ID, id)
		}
	}
	if request != nil {
		operations[2] = find[payment.Operation](l, payment.RowOperations, request.OperationID, id)
	}
	seen := map[string]bool{}
	for _, op := range operations {
		if op != nil && !seen[op.ID] {
			seen[op.ID] = true
			rows.Operations = append(rows.Operations, op)
		}
	}
	return l.err
}

// loading reads rows, and keeps the first error.
type loading struct {
	r   Reader
	err error
}

// find returns a row of a collection, nil where it is not there or another's; any collection's where owner is empty.
func find[T any](l *loading, kind payment.RowKind, id, owner string) *T {
	if id == "" {
		return nil
	}
	value := l.r.Get(rowKey(kind, id))
	if value == "" {
		return nil
	}
	row := new(T)
	if err := payment.DecodeRow([]byte(value), row); err != nil {
		l.err = errors.Join(l.err, damaged(kind, id, err))
		return nil
	}
	if owner != "" && factsOf(row).collection != owner {
		return nil
	}
	return row
}

// damaged names a row that cannot be read, and does not quote it.
func damaged(kind payment.RowKind, id string, err error) error {
	return &payment.StoreError{Problem: payment.StoreDamaged, Advice: fmt.Sprintf("restore row %.64q of %s", id, kind), Err: err}
}

// collectionOf returns the collection that the key leads to.
func (l *loading) collectionOf(by payment.Key) string {
	if by.CollectionID != "" {
		return by.CollectionID
	}
	if x := find[payment.PaymentSession](l, payment.RowSessions, by.SessionID, ""); x != nil {
		return x.CollectionID
	}
	if p := find[payment.Payment](l, payment.RowPayments, by.PaymentID, ""); p != nil {
		return p.CollectionID
	}
	if op := find[payment.Operation](l, payment.RowOperations, by.OperationID, ""); op != nil {
		return op.CollectionID
	}
	if x := l.referenced(by, ""); x != nil {
		return x.CollectionID
	}
	return ""
}

// sessionOf returns the first session of the collection that the key leads to.
func (l *loading) sessionOf(by payment.Key, id string, named *payment.Operation, request *payment.KeyedRequest) *payment.PaymentSession {
	ids := []string{by.SessionID}
	if p := find[payment.Payment](l, payment.RowPayments, by.PaymentID, id); p != nil {
		ids = append(ids, p.SessionID)
	}
	if named != nil {
		ids = append(ids, named.SessionID)
	}
	if x := l.referenced(by, id); x != nil {
		ids = append(ids, x.ID)
	}
	if request != nil {
		ids = append(ids, request.SessionID)
	}
	for _, session := range ids {
		if x := find[payment.PaymentSession](l, payment.RowSessions, session, id); x != nil {
			return x
		}
	}
	return nil
}

// referenced returns the oldest session with a gateway's reference, of one collection or of any.
func (l *loading) referenced(by payment.Key, owner string) *payment.PaymentSession {
	if by.ProviderID == "" || by.Reference == "" {
		return nil
	}
	prefix := join("reference", by.ProviderID, by.Reference, "")
	for _, id := range l.r.Scan(prefix, after(prefix), false) {
		if x := find[payment.PaymentSession](l, payment.RowSessions, id, owner); x != nil {
			return x
		}
	}
	return nil
}

// movements returns a payment's captures or refunds, oldest first.
func movements[T any](l *loading, kind payment.RowKind, paymentID, owner string) (rows []*T) {
	prefix := join("list", string(kind), "payment", paymentID, "")
	for _, id := range l.r.Scan(prefix, after(prefix), false) {
		if row := find[T](l, kind, id, owner); row != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// after is the first key behind those that begin with prefix: NUL, which ends it, is followed by 1.
func after(prefix string) string { return prefix[:len(prefix)-1] + "\x01" }

// Settings returns the settings, or empty ones.
func (s *Store) Settings(ctx context.Context) (*payment.Settings, error) {
	settings := &payment.Settings{}
	err := s.db.View(ctx, func(r Reader) error {
		if value := r.Get("settings"); value != "" {
			return payment.DecodeRow([]byte(value), settings)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

// PutSettings replaces the settings. The error matches ErrConflict when their version has moved.
func (s *Store) PutSettings(ctx context.Context, next *payment.Settings) error {
	put := *next
	put.Version++
	value, err := payment.EncodeRow(&put)
	if err != nil {
		return err
	}
	return s.change(ctx, func(t *tx) error {
		var now payment.Settings
		if old := t.get("settings"); old != "" {
			if err := payment.DecodeRow([]byte(old), &now); err != nil {
				return err
			}
		}
		if now.Version != next.Version {
			return fmt.Errorf("kvstore: the settings have version %d, not %d: %w", now.Version, next.Version, payment.ErrConflict)
		}
		maps.Copy(t.written, map[string]string{"settings": string(value)})
		return nil
	})
}

var _ payment.Store = (*Store)(nil)
