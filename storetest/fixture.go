package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// tree is a collection with one of everything below it, linked as the library links rows.
type tree struct {
	collection *payment.PaymentCollection
	*branch
}

// branch is a session with one of everything that is its.
type branch struct {
	session   *payment.PaymentSession
	payment   *payment.Payment
	capture   *payment.Capture
	refund    *payment.Refund
	operation *payment.Operation // open, the session's lock
	request   *payment.KeyedRequest
}

// tree makes a tree; nothing of it is stored.
func (k *kit) tree() *tree {
	collection := k.collection()
	return &tree{collection, k.branch(collection)}
}

// stored makes a tree and stores it.
func (k *kit) stored() *tree {
	k.t.Helper()
	t := k.tree()
	k.store(t.collection, t.rows()...)
	return t
}

// rows returns all rows of a branch.
func (b *branch) rows() []any {
	return []any{b.session, b.payment, b.capture, b.refund, b.operation, b.request}
}

// changes returns the commit that stores the tree.
func (t *tree) changes() *payment.Changes { return changes(t.collection, t.rows()...) }

// changes builds a commit on the version that the caller holds.
func changes(collection *payment.PaymentCollection, rows ...any) *payment.Changes {
	c := &payment.Changes{CollectionID: collection.ID, Version: collection.Version, Collection: collection}
	for _, row := range rows {
		switch row := row.(type) {
		case *payment.PaymentSession:
			c.Sessions = append(c.Sessions, row)
		case *payment.Payment:
			c.Payments = append(c.Payments, row)
		case *payment.Capture:
			c.Captures = append(c.Captures, row)
		case *payment.Refund:
			c.Refunds = append(c.Refunds, row)
		case *payment.Operation:
			c.Operations = append(c.Operations, row)
		case *payment.KeyedRequest:
			c.Requests = append(c.Requests, row)
		case *payment.Event:
			c.Events = append(c.Events, row)
		case payment.Due:
			c.Due = append(c.Due, row)
		}
	}
	return c
}

func (k *kit) collection() *payment.PaymentCollection {
	now := k.tick()
	return &payment.PaymentCollection{
		ID: k.id("paycol"), CurrencyCode: "EUR", Amount: decimal.New(100, 0), CreatedAt: now, UpdatedAt: now,
	}
}

// session makes a session without anything below it.
func (k *kit) session(collection *payment.PaymentCollection) *payment.PaymentSession {
	now := k.tick()
	s := &payment.PaymentSession{
		ID: k.id("payses"), CollectionID: collection.ID, ProviderID: "alpha", CurrencyCode: collection.CurrencyCode,
		Amount: decimal.New(25, 0), Status: payment.StatusPending, Revision: collection.Version + 1, CreatedAt: now, UpdatedAt: now,
	}
	s.Reference = "ref of " + s.ID
	return s
}

func (k *kit) branch(collection *payment.PaymentCollection) *branch {
	s := k.session(collection)
	s.Status = payment.StatusAuthorized
	b := &branch{session: s}
	b.payment = k.payment(s)
	b.operation = k.operation(s, payment.OperationOpen)
	s.OperationID = b.operation.ID
	b.capture = k.capture(b.payment)
	b.refund = k.refund(b.payment)
	b.request = k.request(b.operation)
	return b
}

// payment makes a session's payment and names it in the session.
func (k *kit) payment(s *payment.PaymentSession) *payment.Payment {
	now := k.tick()
	p := &payment.Payment{
		ID: k.id("pay"), CollectionID: s.CollectionID, SessionID: s.ID, ProviderID: s.ProviderID, CurrencyCode: s.CurrencyCode,
		Amount: s.Amount, Authorized: s.Amount, Capturable: s.Amount, CreatedAt: now, UpdatedAt: now,
	}
	s.PaymentID = p.ID
	return p
}

func (k *kit) entry(prefix string, p *payment.Payment) payment.Entry {
	now := k.tick()
	e := payment.Entry{
		ID: k.id(prefix), CollectionID: p.CollectionID, SessionID: p.SessionID, PaymentID: p.ID,
		Amount: decimal.New(5, 0), State: payment.MovementSucceeded, CreatedAt: now, UpdatedAt: now,
	}
	e.Reference = "ref of " + e.ID
	return e
}

func (k *kit) capture(p *payment.Payment) *payment.Capture {
	return &payment.Capture{Entry: k.entry("capt", p)}
}

func (k *kit) refund(p *payment.Payment) *payment.Refund {
	return &payment.Refund{Entry: k.entry("ref", p)}
}

func (k *kit) operation(s *payment.PaymentSession, state payment.OperationState) *payment.Operation {
	now := k.tick()
	o := &payment.Operation{
		ID: k.id("op"), CollectionID: s.CollectionID, SessionID: s.ID, ProviderID: s.ProviderID, Kind: payment.OperationCapture,
		State: state, Amount: s.Amount, CurrencyCode: s.CurrencyCode, Tries: 1, LeaseUntil: now.Add(45 * time.Second), CreatedAt: now, UpdatedAt: now,
	}
	if state == payment.OperationSucceeded || state == payment.OperationFailed {
		o.EndedAt = now
	}
	return o
}

func (k *kit) request(o *payment.Operation) *payment.KeyedRequest {
	now := k.tick()
	return &payment.KeyedRequest{
		CollectionID: o.CollectionID, Method: "CapturePayment", Key: "key of " + o.ID, Fingerprint: strings.Repeat("0a", 32),
		SessionID: o.SessionID, OperationID: o.ID, CreatedAt: now,
	}
}

// event makes an event with an index within the commit that comes next.
func (k *kit) event(collection *payment.PaymentCollection, index int64) *payment.Event {
	return &payment.Event{
		ID: k.id("evt"), CollectionID: collection.ID, Seq: (collection.Version+1)*64 + index, Kind: payment.EventCollectionUpdated,
		CurrencyCode: collection.CurrencyCode, At: k.tick(),
	}
}

// due makes due work of an operation that need not exist.
func (k *kit) due(collection *payment.PaymentCollection, kind payment.DueKind, minute int) payment.Due {
	return payment.Due{Kind: kind, CollectionID: collection.ID, ID: k.id("op"), At: at(minute)}
}

// newDelivery makes a delivery that is handled, with an event ID of its own.
func (k *kit) newDelivery() *payment.Delivery {
	now := k.tick()
	d := &payment.Delivery{
		ID: k.id("whd"), ProviderID: "alpha", Type: "charge.updated", State: payment.DeliveryHandled, ReceivedAt: now, HandledAt: now,
	}
	d.EventID = "event of " + d.ID
	return d
}

// parked makes a delivery that waits until a minute of the kit's time.
func (k *kit) parked(minute int) *payment.Delivery {
	d := k.newDelivery()
	d.State, d.DueAt, d.HandledAt = payment.DeliveryParked, at(minute), time.Time{}
	return d
}

// fieldsSet shows the fields of a struct that are not zero.
func fieldsSet(v any) string {
	var set []string
	for i, s := 0, reflect.ValueOf(v); i < s.NumField(); i++ {
		if f := s.Field(i); !f.IsZero() {
			value := fmt.Sprint(f.Interface())
			if t, ok := f.Interface().(time.Time); ok {
				value = t.Format(time.RFC3339Nano)
			}
			set = append(set, s.Type().Field(i).Name+": "+value)
		}
	}
	return "{" + strings.Join(set, ", ") + "}"
}
