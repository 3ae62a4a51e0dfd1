package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/seed40c892db/payment"
)

func brokenLoads() []brokenStore {
	return []brokenStore{
		{"loads a collection with all its sessions", []string{"Load/by collection"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err != nil || by != (payment.Key{CollectionID: by.CollectionID}) {
					return r, err
				}
				all, err := s.List(ctx, payment.RowSessions, payment.Filter{CollectionID: by.CollectionID}, payment.Page{Limit: 100})
				if err == nil {
					r.Sessions = all.Sessions
				}
				return r, err
			},
		}.wrap},
		{"loads a session without its refunds", []string{"Load/by session"}, afterLoad(func(r *payment.Rows) { r.Refunds = nil })},
		{"finds a payment that its session does not name", []string{"Load/payment of a session"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err != nil || len(r.Sessions) == 0 || len(r.Payments) > 0 {
					return r, err
				}
				all, err := s.List(ctx, payment.RowPayments, payment.Filter{SessionID: r.Sessions[0].ID}, payment.Page{Limit: 1})
				if err == nil {
					r.Payments = all.Payments
				}
				return r, err
			},
		}.wrap},
		{"cannot load by payment", []string{"Load/by payment"}, beforeLoad(func(by *payment.Key) { by.PaymentID = "" })},
		{"finds open operations only", []string{"Load/by operation", "Load/operations once"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				if by.OperationID != "" {
					r, err := s.Load(ctx, payment.Key{OperationID: by.OperationID})
					if err == nil && slices.ContainsFunc(r.Operations, func(o *payment.Operation) bool {
						return o.ID == by.OperationID && o.State != payment.OperationOpen
					}) {
						by.OperationID = ""
					}
				}
				return s.Load(ctx, by)
			},
		}.wrap},
		{"cannot load by reference", []string{"Load/by reference"}, beforeLoad(func(by *payment.Key) { by.Reference = "" })},
		{"finds references whatever the case of letters", []string{"Load/reference needs its provider"}, beforeLoad(func(by *payment.Key) {
			if by.Reference == "same" {
				by.Reference = "Same"
			}
		})},
		{"takes another provider's reference", []string{"Load/reference needs its provider"}, beforeLoad(func(by *payment.Key) {
			if by.ProviderID == "gamma" {
				by.ProviderID = "alpha"
			}
		})},
		{"takes the younger session of a reference", []string{"Load/older session of a reference"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				if by.Reference != "" && by.SessionID == "" {
					all, err := s.List(ctx, payment.RowSessions, payment.Filter{ProviderID: by.ProviderID}, payment.Page{Limit: 100})
					if err != nil {
						return nil, err
					}
					for _, session := range all.Sessions {
						if session.Reference == by.Reference {
							by.SessionID = session.ID
						}
					}
				}
				return s.Load(ctx, by)
			},
		}.wrap},
		{"takes a reference's session out of another collection", []string{"Load/older session of a reference"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				if by.CollectionID == "" || by.Reference == "" || by.SessionID != "" {
					return s.Load(ctx, by)
				}
				elsewhere, err := s.Load(ctx, payment.Key{ProviderID: by.ProviderID, Reference: by.Reference})
				if err == nil && elsewhere.Sessions[0].CollectionID != by.CollectionID {
					by.ProviderID, by.Reference = "", ""
				}
				return s.Load(ctx, by)
			},
		}.wrap},
		{"loads a request without its session", []string{"Load/by request"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err == nil && by == (payment.Key{CollectionID: by.CollectionID, Method: by.Method, RequestKey: by.RequestKey}) {
					r.Sessions, r.Payments, r.Captures, r.Refunds = nil, nil, nil, nil
				}
				return r, err
			},
		}.wrap},
		{"finds requests of other collections", []string{"Load/request in its scope", "Load/other collections"}, findsForeignRequests},
		{"ignores the method of a request", []string{"Load/request in its scope"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err == nil && len(r.Requests) == 0 && by.Method != "" {
					by.Method = "CapturePayment"
					return s.Load(ctx, by)
				}
				return r, err
			},
		}.wrap},
		{"prefers the payment to the session", []string{"Load/which collection", "Load/which session"}, beforeLoad(func(by *payment.Key) {
			if by.PaymentID != "" {
				by.SessionID = ""
			}
		})},
		{"returns another collection's session", []string{"Load/other collections", "Load/which session"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err != nil || by.SessionID == "" || len(r.Sessions) > 0 && r.Sessions[0].ID == by.SessionID {
					return r, err
				}
				if other, err := s.Load(ctx, payment.Key{SessionID: by.SessionID}); err == nil {
					r.Sessions = other.Sessions
				}
				return r, nil
			},
		}.wrap},
		{"finds no collection where the session is missing", []string{"Load/what is missing"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err == nil && by.SessionID != "" && len(r.Sessions) == 0 {
					return nil, payment.ErrNotFound
				}
				return r, err
			},
		}.wrap},
		{"has no ErrNotFound", []string{"Load/no collection"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if errors.Is(err, payment.ErrNotFound) {
					return &payment.Rows{}, nil
				}
				return r, err
			},
		}.wrap},
		{"says not found in an error of its own", []string{"Load/no collection"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if errors.Is(err, payment.ErrNotFound) {
					return nil, errors.New("no rows in result set")
				}
				return r, err
			},
		}.wrap},
		{"hides deleted sessions from Load", []string{"Load/deleted rows"}, afterLoad(func(r *payment.Rows) {
			r.Sessions = slices.DeleteFunc(r.Sessions, func(s *payment.PaymentSession) bool { return !s.DeletedAt.IsZero() })
		})},
		{"orders movements by ID alone", []string{"Load/order of movements"}, afterLoad(func(r *payment.Rows) {
			slices.SortFunc(r.Captures, func(a, b *payment.Capture) int { return strings.Compare(a.ID, b.ID) })
		})},
		{"returns an operation once for each reason", []string{"Load/operations once"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err == nil {
					for _, o := range r.Operations {
						if o.ID == by.OperationID && o.State == payment.OperationOpen {
							r.Operations = append(r.Operations, o)
							break
						}
					}
				}
				return r, err
			},
		}.wrap},
		{"loads all operations of the session", []string{"Load/operations once"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err == nil && by.SessionID != "" {
					all, err := s.List(ctx, payment.RowOperations, payment.Filter{SessionID: by.SessionID}, payment.Page{Limit: 100})
					if err != nil {
						return nil, err
					}
					r.Operations = all.Operations
				}
				return r, err
			},
		}.wrap},
		{"loads events as well", []string{"Load/one of each"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err != nil {
					return r, err
				}
				all, err := s.List(ctx, payment.RowEvents, payment.Filter{CollectionID: r.Collections[0].ID}, payment.Page{Limit: 100})
				if err == nil {
					r.Events = all.Events
				}
				return r, err
			},
		}.wrap},
	}
}

func findsForeignRequests(s payment.Store) payment.Store {
	return broken{load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
		r, err := s.Load(ctx, by)
		if err != nil || by.RequestKey == "" || len(r.Requests) > 0 {
			return r, err
		}
		all, err := s.List(ctx, payment.RowCollections, payment.Filter{}, payment.Page{Limit: 100})
		if err != nil {
			return nil, err
		}
		for _, c := range all.Collections {
			other, err := s.Load(ctx, payment.Key{CollectionID: c.ID, Method: by.Method, RequestKey: by.RequestKey})
			if err == nil && len(other.Requests) > 0 {
				r.Requests = other.Requests
			}
		}
		return r, nil
	}}.wrap(s)
}
