package kvstore

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// kindRequests and kindDue are the rows that no List returns.
const (
	kindRequests = payment.RowKind("requests")
	kindDue      = payment.RowKind("due")
)

// facts is what a row is found and filtered by.
type facts struct {
	kind                                     payment.RowKind
	id                                       string // unique per kind
	collection, session, payment             string
	provider, reference, state, message, due string
	at                                       time.Time // what lists are ordered by
	seq                                      int64     // events: the same, within a collection
	deleted                                  bool
}

func factsOf(row any) facts {
	switch r := row.(type) {
	case *payment.PaymentCollection:
		return facts{kind: payment.RowCollections, id: r.ID, collection: r.ID, at: r.CreatedAt, deleted: !r.DeletedAt.IsZero()}
	case *payment.PaymentSession:
		return facts{
			kind: payment.RowSessions, id: r.ID, collection: r.CollectionID, provider: r.ProviderID, reference: r.Reference, at: r.CreatedAt,
			deleted: !r.DeletedAt.IsZero(),
		}
	case *payment.Payment:
		return facts{
			kind: payment.RowPayments, id: r.ID, collection: r.CollectionID, session: r.SessionID, provider: r.ProviderID, at: r.CreatedAt,
		}
	case *payment.Capture:
		return movement(payment.RowCaptures, &r.Entry)
	case *payment.Refund:
		return movement(payment.RowRefunds, &r.Entry)
	case *payment.Operation:
		return facts{
			kind: payment.RowOperations, id: r.ID, collection: r.CollectionID, session: r.SessionID, state: string(r.State), at: r.CreatedAt,
		}
	case *payment.KeyedRequest:
		return facts{kind: kindRequests, id: join(r.CollectionID, r.Method, r.Key), collection: r.CollectionID}
	case *payment.Event:
		return facts{kind: payment.RowEvents, id: r.ID, collection: r.CollectionID, at: r.At, seq: r.Seq}
	case *payment.Delivery:
		return facts{
			kind: payment.RowDeliveries, id: r.ID, collection: r.CollectionID, session: r.SessionID, provider: r.ProviderID, message: r.EventID,
			state: string(r.State), at: r.ReceivedAt,
		}
	case *payment.Due:
		return facts{kind: kindDue, id: join(string(r.Kind), r.ID), collection: r.CollectionID, due: string(r.Kind), at: r.At}
	}
	return facts{}
}

func movement(kind payment.RowKind, e *payment.Entry) facts {
	return facts{
		kind: kind, id: e.ID, collection: e.CollectionID, session: e.SessionID, payment: e.PaymentID, reference: e.Reference, at: e.CreatedAt,
	}
}

// join makes a key. IDs have no NUL, so that no two lists of parts make the same one.
func join(parts ...string) string { return strings.Join(parts, "\x00") }

// rowKey is where a row is.
func rowKey(kind payment.RowKind, id string) string { return join("row", string(kind), id) }

// order is the part of a key that sorts as lists do.
func (f *facts) order(inCollection bool) string {
	if inCollection && f.kind == payment.RowEvents {
		return seqOrder(f.seq)
	}
	return timeOrder(f.at) + "\x00" + f.id
}

func timeOrder(t time.Time) string { return seqOrder(t.UnixMicro()) }

func seqOrder(n int64) string { return fmt.Sprintf("%016x", uint64(n)^1<<63) } //nolint:gosec // negative ones sort before

// places are the keys that lead to a row, and unique those of them that no other row may have.
func (f *facts) places() (lists, unique []string) {
	kind := string(f.kind)
	switch f.kind {
	case kindRequests:
		return nil, nil
	case kindDue:
		if !f.at.IsZero() {
			lists = append(lists, join("time", f.due, timeOrder(f.at), f.id))
		}
		return lists, nil
	case payment.RowSessions:
		if f.reference != "" {
			lists = append(lists, join("reference", f.provider, f.reference, f.order(false)))
		}
	case payment.RowCaptures, payment.RowRefunds:
		if f.reference != "" {
			unique = append(unique, join("movement", kind, f.payment, f.reference))
		}
	case payment.RowDeliveries:
		if f.message != "" {
			unique = append(unique, join("message", f.provider, f.message))
		}
	}
	lists = append(lists, join("list", kind, "all", "", f.order(false)))
	for _, by := range [][2]string{{"session", f.session}, {"payment", f.payment}, {"provider", f.provider}, {"state", f.state}} {
		if by[1] != "" {
			lists = append(lists, join("list", kind, by[0], by[1], f.order(false)))
		}
	}
	switch in := join("list", kind, "collection", f.collection, f.order(true)); {
	case f.kind == payment.RowEvents:
		unique = append(unique, in) // a Seq is there once
	case f.collection != "":
		lists = append(lists, in)
	}
	return lists, unique
}
