package payment

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// List is one page of rows.
type List[T any] struct {
	Items  []T    `json:"items"`            // in the order asked for; empty beyond the end
	Cursor string `json:"cursor,omitempty"` // for the next page; empty when there is none
	Count  int    `json:"count,omitempty"`  // how many match in all, up to 10,000; 0 unless asked for
}

// ListParams says what to list. Empty fields do not filter; a field that the kind of row does not have is refused.
type ListParams struct {
	CollectionID   string         // all kinds but collections
	SessionID      string         // payments, captures, refunds, operations
	PaymentID      string         // captures, refunds
	ProviderID     string         // sessions, payments
	State          OperationState // operations: open or needs_attention
	From           time.Time      // created at this time or later
	To             time.Time      // created before this time
	IncludeDeleted bool           // collections, sessions: hidden ones too

	Limit      int    // rows on a page, 1 to 100; default 20
	Offset     int    // rows to skip, at most 10,000; a Cursor costs less, and excludes it
	Cursor     string // from the page before; with the same filters and order
	Descending bool   // newest first; default oldest first
	Count      bool   // count what matches, up to 10,000
}

// ListCollections returns collections by the time of their creation. The error is an [*InvalidError] that names the field, or the
// store's.
func (s *Service) ListCollections(ctx context.Context, p ListParams) (*List[*PaymentCollection], error) {
	return listed(ctx, s, "ListCollections", RowCollections, p, func(r *Rows) []*PaymentCollection { return r.Collections })
}

// ListSessions returns sessions by the time of their creation. The error is an [*InvalidError] that names the field, or the store's.
func (s *Service) ListSessions(ctx context.Context, p ListParams) (*List[*PaymentSession], error) {
	return listed(ctx, s, "ListSessions", RowSessions, p, sessionsOf)
}

func sessionsOf(r *Rows) []*PaymentSession { return r.Sessions }

// ListPayments returns payments by the time of their authorization, without their captures and refunds. The error is an
// [*InvalidError] that names the field, or the store's.
func (s *Service) ListPayments(ctx context.Context, p ListParams) (*List[*Payment], error) {
	return listed(ctx, s, "ListPayments", RowPayments, p, func(r *Rows) []*Payment { return r.Payments })
}

// ListCaptures returns captures by the time of their recording. The error is an [*InvalidError] that names the field, or the store's.
func (s *Service) ListCaptures(ctx context.Context, p ListParams) (*List[*Capture], error) {
	return listed(ctx, s, "ListCaptures", RowCaptures, p, func(r *Rows) []*Capture { return r.Captures })
}

// ListRefunds returns refunds by the time of their recording. The error is an [*InvalidError] that names the field, or the store's.
func (s *Service) ListRefunds(ctx context.Context, p ListParams) (*List[*Refund], error) {
	return listed(ctx, s, "ListRefunds", RowRefunds, p, func(r *Rows) []*Refund { return r.Refunds })
}

// ListOperations returns operations by the time of their beginning: those that need a person, for one. The error is an
// [*InvalidError] that names the field, or the store's.
func (s *Service) ListOperations(ctx context.Context, p ListParams) (*List[*Operation], error) {
	return listed(ctx, s, "ListOperations", RowOperations, p, func(r *Rows) []*Operation { return r.Operations })
}

// ListEvents returns events; those of one collection in the order in which they happened. The error is an [*InvalidError] that names
// the field, or the store's.
func (s *Service) ListEvents(ctx context.Context, p ListParams) (*List[*Event], error) {
	return listed(ctx, s, "ListEvents", RowEvents, p, func(r *Rows) []*Event { return r.Events })
}

// cursor is where a page ended, and what it is a page of.
type cursor struct {
	At   time.Time `json:"t"`
	Seq  int64     `json:"s,omitempty"`
	ID   string    `json:"i"`
	Hash string    `json:"h"`
}

var errCursor = errors.New("is not a cursor of this list: begin again without one")

// listed is a list that the host asked for.
func listed[T any](ctx context.Context, s *Service, method string, kind RowKind, p ListParams, pick func(*Rows) []T) (_ *List[T], err error) {
	ctx, o := s.method(ctx, method, Subject{ProviderID: p.ProviderID, CollectionID: p.CollectionID, SessionID: p.SessionID, PaymentID: p.PaymentID})
	defer func() { o.returned(ctx, Subject{}, err) }()
	return list(ctx, s, kind, p, pick)
}

func list[T any](ctx context.Context, s *Service, kind RowKind, p ListParams, pick func(*Rows) []T) (*List[T], error) {
	if err := p.check(kind); err != nil {
		return nil, err
	}
	f := Filter{
		CollectionID: p.CollectionID, SessionID: p.SessionID, PaymentID: p.PaymentID, ProviderID: p.ProviderID,
		State: string(p.State), From: p.From.UTC(), To: p.To.UTC(), IncludeDeleted: p.IncludeDeleted,
	}
	page := Page{Limit: orDefault(p.Limit, 20), Offset: p.Offset, Descending: p.Descending, Count: p.Count}
	hash := p.hash(s.cfg.Namespace, kind)
	if p.Cursor != "" {
		at, err := decodeCursor(p.Cursor, hash)
		if err != nil {
			return nil, invalid("Cursor", err.Error())
		}
		page.AfterTime, page.AfterSeq, page.AfterID = at.At, at.Seq, at.ID
	}
	if !isText(f.CollectionID + f.SessionID + f.PaymentID + f.ProviderID) { // no row has it, and not every database takes it
		return &List[T]{Items: []T{}}, nil
	}
	rows, err := s.store.List(ctx, kind, f, page)
	if err != nil {
		return nil, err
	}
	l := &List[T]{Items: pick(rows), Count: rows.Count}
	if l.Items == nil {
		l.Items = []T{}
	}
	if n := len(l.Items); rows.More && n > 0 {
		at := endOf(any(l.Items[n-1]))
		at.Hash = hash
		l.Cursor, err = at.encode()
	}
	return l, err
}

func (p *ListParams) check(kind RowKind) error {
	has := func(value string, kinds ...RowKind) bool {
		if value == "" {
			return true
		}
		return slices.Contains(kinds, kind)
	}
	noFilter := "is no filter of " + string(kind)
	switch {
	case p.Limit < 0 || p.Limit > 100:
		return invalid("Limit", "must be 1 to 100")
	case p.Offset > 0 && p.Cursor != "":
		return invalid("Offset", "cannot be combined with Cursor")
	case p.Offset < 0 || p.Offset > 10000:
		return invalid("Offset", "must be 0 to 10,000; use Cursor to go further")
	case !has(p.CollectionID, RowSessions, RowPayments, RowCaptures, RowRefunds, RowOperations, RowEvents):
		return invalid("CollectionID", noFilter)
	case !has(p.SessionID, RowPayments, RowCaptures, RowRefunds, RowOperations):
		return invalid("SessionID", noFilter)
	case !has(p.PaymentID, RowCaptures, RowRefunds):
		return invalid("PaymentID", noFilter)
	case !has(p.ProviderID, RowSessions, RowPayments):
		return invalid("ProviderID", noFilter)
	case !has(string(p.State), RowOperations):
		return invalid("State", noFilter)
	case p.State != "" && p.State != OperationOpen && p.State != OperationNeedsAttention:
		return invalid("State", "must be open or needs_attention")
	}
	return nil
}

// hash binds a cursor to its merchant, list, filters and order.
func (p *ListParams) hash(namespace string, kind RowKind) string {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%q %s %q %q %q %q %q %s %s %t %t", namespace, kind, p.CollectionID, p.SessionID, p.PaymentID, p.ProviderID, p.State,
		p.From.UTC(), p.To.UTC(), p.IncludeDeleted, p.Descending)
	return hex.EncodeToString(h.Sum(nil))
}

func (c cursor) encode() (string, error) {
	b, err := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b), err
}

func decodeCursor(s, hash string) (cursor, error) {
	var c cursor
	if len(s) > 512 {
		return c, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &c) != nil || c.Hash != hash || c.ID == "" || checkText(c.ID) != nil {
		return c, errCursor
	}
	return c, nil
}

// endOf says where a row stands in its list.
func endOf(row any) cursor {
	switch r := row.(type) {
	case *PaymentCollection:
		return cursor{At: r.CreatedAt, ID: r.ID}
	case *PaymentSession:
		return cursor{At: r.CreatedAt, ID: r.ID}
	case *Payment:
		return cursor{At: r.CreatedAt, ID: r.ID}
	case *Capture:
		return cursor{At: r.CreatedAt, ID: r.ID}
	case *Refund:
		return cursor{At: r.CreatedAt, ID: r.ID}
	case *Operation:
		return cursor{At: r.CreatedAt, ID: r.ID}
	case *Event:
		return cursor{At: r.At, Seq: r.Seq, ID: r.ID}
	}
	return cursor{}
}
