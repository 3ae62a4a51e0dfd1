package storetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

func brokenLists() []brokenStore {
	return []brokenStore{
		{"cannot list operations", []string{"List/every kind"}, afterList(func(r *payment.Rows) { r.Operations = nil })},
		{"lists sessions beside payments", []string{"List/every kind"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil && kind == payment.RowPayments {
					all, err := s.List(ctx, payment.RowSessions, f, p)
					if err != nil {
						return nil, err
					}
					r.Sessions = all.Sessions
				}
				return r, err
			},
		}.wrap},
		{"lists nothing for an unknown kind", []string{"List/unknown kind"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				if !slices.Contains(listKindsAll(), kind) {
					return &payment.Rows{}, nil
				}
				return s.List(ctx, kind, f, p)
			},
		}.wrap},
		{"finds nothing beyond the end", []string{"List/beyond the end"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil && len(r.Sessions) == 0 && kind == payment.RowSessions {
					return nil, payment.ErrNotFound
				}
				return r, err
			},
		}.wrap},
		{"lists captures of all collections", []string{"List/by collection"}, ignores(payment.RowCaptures, func(f *payment.Filter, _ *payment.Page) {
			f.CollectionID = ""
		})},
		{"lists deliveries of all sessions", []string{"List/by session"}, ignores(payment.RowDeliveries, func(f *payment.Filter, _ *payment.Page) {
			f.SessionID = ""
		})},
		{"lists refunds of all payments", []string{"List/by payment"}, ignores(payment.RowRefunds, func(f *payment.Filter, _ *payment.Page) {
			f.PaymentID = ""
		})},
		{"lists deliveries of all providers", []string{"List/by provider"}, ignores(payment.RowDeliveries, func(f *payment.Filter, _ *payment.Page) {
			f.ProviderID = ""
		})},
		{"lists operations in all states", []string{"List/by state"}, ignores(payment.RowOperations, func(f *payment.Filter, _ *payment.Page) {
			f.State = ""
		})},
		{"leaves out the first moment", []string{"List/from"}, ignores(payment.RowPayments, func(f *payment.Filter, _ *payment.Page) {
			if !f.From.IsZero() {
				f.From = f.From.Add(time.Microsecond)
			}
		})},
		{"takes in the last moment", []string{"List/to"}, ignores(payment.RowEvents, func(f *payment.Filter, _ *payment.Page) {
			if !f.To.IsZero() {
				f.To = f.To.Add(time.Microsecond)
			}
		})},
		{"uses one filter at a time", []string{"List/several filters"}, ignores(payment.RowPayments, func(f *payment.Filter, _ *payment.Page) {
			if f.SessionID != "" {
				f.ProviderID, f.From = "", time.Time{}
			}
		})},
		{"never shows what is deleted", []string{"List/deleted rows"}, ignores(payment.RowSessions, func(f *payment.Filter, _ *payment.Page) {
			f.IncludeDeleted = false
		})},
		{"always shows what is deleted", []string{"List/deleted rows"}, ignores(payment.RowCollections, func(f *payment.Filter, _ *payment.Page) {
			f.IncludeDeleted = true
		})},
		{"orders by ID", []string{"List/order"}, afterList(func(r *payment.Rows) {
			slices.SortFunc(r.Sessions, func(a, b *payment.PaymentSession) int { return strings.Compare(a.ID, b.ID) })
		})},
		{"orders by time alone", []string{"List/order"}, afterList(func(r *payment.Rows) {
			slices.Reverse(r.Refunds)
			slices.SortStableFunc(r.Refunds, func(a, b *payment.Refund) int { return a.CreatedAt.Compare(b.CreatedAt) })
		})},
		{"knows one order only", []string{"List/newest first"}, ignores(payment.RowDeliveries, func(_ *payment.Filter, p *payment.Page) {
			p.Descending = false
		})},
		{"orders a collection's events by time", []string{"List/order of events in a collection"}, afterList(func(r *payment.Rows) {
			slices.SortStableFunc(r.Events, func(a, b *payment.Event) int { return a.At.Compare(b.At) })
		})},
		{"returns one row more than the limit", []string{"List/limit"}, ignores(payment.RowOperations, func(_ *payment.Filter, p *payment.Page) {
			p.Limit++
		})},
		{"says that there is more when the page is full", []string{"List/more"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil {
					r.More = len(r.Captures) == p.Limit || r.More
				}
				return r, err
			},
		}.wrap},
		{"never says that there is more", []string{"List/more", "List/pages"}, afterList(func(r *payment.Rows) { r.More = false })},
		{"ignores Offset", []string{"List/offset"}, ignores(payment.RowCollections, func(_ *payment.Filter, p *payment.Page) { p.Offset = 0 })},
		{"counts the page", []string{"List/count"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil && p.Count && kind == payment.RowRefunds {
					r.Count = len(r.Refunds)
				}
				return r, err
			},
		}.wrap},
		{"counts what is behind the cursor", []string{"List/count"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil && p.Count && p.AfterID != "" {
					r.Count -= 2
				}
				return r, err
			},
		}.wrap},
		{"counts unasked", []string{"List/count"}, ignores(payment.RowSessions, func(_ *payment.Filter, p *payment.Page) { p.Count = true })},
		{"skips rows of the time where the page before ended", []string{"List/pages"}, ignores(payment.RowPayments, func(_ *payment.Filter, p *payment.Page) {
			if p.AfterID != "" && !p.Descending {
				p.AfterID = "zzz"
			}
		})},
		{"repeats rows of the time where the page before ended", []string{"List/pages backwards"}, ignores(payment.RowPayments, func(_ *payment.Filter, p *payment.Page) {
			if p.AfterID != "" && p.Descending {
				p.AfterID = "zzz"
			}
		})},
		{"ignores AfterSeq", []string{"List/pages of events in a collection"}, ignores(payment.RowEvents, func(_ *payment.Filter, p *payment.Page) {
			if p.AfterSeq != 0 {
				p.AfterSeq, p.AfterID = 0, ""
			}
		})},
		{"looks for the row after which to begin", []string{"List/page after a row that is hidden since"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				if kind == payment.RowSessions && p.AfterID != "" {
					all, err := s.List(ctx, kind, f, payment.Page{Limit: 100})
					if err != nil || !slices.ContainsFunc(all.Sessions, func(s *payment.PaymentSession) bool { return s.ID == p.AfterID }) {
						return &payment.Rows{}, err
					}
				}
				return s.List(ctx, kind, f, p)
			},
		}.wrap},
		{"begins after a row, wherever the filter begins", []string{"List/page after a row outside of the filter"}, ignores(payment.RowPayments, func(f *payment.Filter, p *payment.Page) {
			if p.AfterID != "" && !p.Descending {
				f.From = time.Time{}
			}
		})},
		{"begins before a row, wherever the filter ends", []string{"List/page after a row outside of the filter"}, ignores(payment.RowSessions, func(f *payment.Filter, p *payment.Page) {
			if p.AfterID != "" && p.Descending {
				f.To = time.Time{}
			}
		})},
	}
}

// ignores changes the filter and page of one kind.
func ignores(of payment.RowKind, f func(*payment.Filter, *payment.Page)) wrapper {
	return beforeList(func(kind payment.RowKind, filter *payment.Filter, p *payment.Page) {
		if kind == of {
			f(filter, p)
		}
	})
}
