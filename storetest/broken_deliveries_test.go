package storetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/seed40c892db/payment"
)

func brokenListsOfDeliveries() []brokenStore {
	of := func(f func(*payment.Filter, *payment.Page)) wrapper { return ignores(payment.RowDeliveries, f) }
	return []brokenStore{
		{"lists deliveries of all collections", []string{"List/by collection"}, of(func(f *payment.Filter, _ *payment.Page) { f.CollectionID = "" })},
		{"ignores IDs", []string{"List/by IDs"}, of(func(f *payment.Filter, _ *payment.Page) { f.IDs = nil })},
		{"looks for one ID only", []string{"List/by IDs"}, of(func(f *payment.Filter, _ *payment.Page) { f.IDs = f.IDs[:min(1, len(f.IDs))] })},
		{"looks for 99 IDs at most", []string{"List/by IDs"}, of(func(f *payment.Filter, _ *payment.Page) { f.IDs = f.IDs[:min(99, len(f.IDs))] })},
		{"lists a delivery as often as its ID is named", []string{"List/by IDs"}, onePerID(false)},
		{"finds nothing when one of the IDs is unknown", []string{"List/by IDs"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				r, err := s.List(ctx, kind, f, p)
				if err == nil && len(r.Deliveries) < len(f.IDs) {
					return &payment.Rows{}, nil
				}
				return r, err
			},
		}.wrap},
		{"uses no other filter where IDs are given", []string{"List/by IDs and other filters"}, of(func(f *payment.Filter, _ *payment.Page) {
			if f.IDs != nil {
				*f = payment.Filter{IDs: f.IDs}
			}
		})},
		{"lists deliveries in the order of their IDs in the filter", []string{"List/by IDs in pages"}, onePerID(true)},
		{"brings all deliveries with some IDs on one page", []string{"List/by IDs in pages"}, of(func(f *payment.Filter, p *payment.Page) {
			if f.IDs != nil {
				p.Limit, p.Offset = 100, 0
			}
		})},
		{"ignores what its captures have no column for", []string{"List/a field that rows do not have"}, ignores(payment.RowCaptures,
			func(f *payment.Filter, _ *payment.Page) { f.ProviderID = "" })},
		{"files a delivery where it came in", []string{"List/a delivery's collection is found later"}, filesOnce},
		{"leaves a delivery in its former collection too", []string{"List/a delivery's collection is found later"}, filesTwice},
	}
}

// onePerID looks up one ID after the other, and sorts what it finds by ID within the filter or as it has to.
func onePerID(keepsOrder bool) wrapper {
	return broken{list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
		if kind != payment.RowDeliveries || len(f.IDs) == 0 {
			return s.List(ctx, kind, f, p)
		}
		all := &payment.Rows{}
		for _, id := range f.IDs {
			one := f
			one.IDs = []string{id}
			r, err := s.List(ctx, kind, one, p)
			if err != nil {
				return nil, err
			}
			all.Deliveries = append(all.Deliveries, r.Deliveries...)
		}
		if !keepsOrder {
			slices.SortFunc(all.Deliveries, func(a, b *payment.Delivery) int {
				return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.ID, b.ID))
			})
		}
		return all, nil
	}}.wrap
}

// filesOnce lists deliveries by the collection that they had first.
func filesOnce(s payment.Store) payment.Store {
	first := map[string]string{}
	return broken{
		putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
			if d.Version == 0 {
				first[d.ID] = d.CollectionID
			}
			return s.PutDelivery(ctx, d)
		},
		list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
			other := f
			other.CollectionID = ""
			r, err := s.List(ctx, kind, other, p)
			if err == nil && f.CollectionID != "" {
				r.Deliveries = slices.DeleteFunc(r.Deliveries, func(d *payment.Delivery) bool { return first[d.ID] != f.CollectionID })
			}
			return r, err
		},
	}.wrap(s)
}

// filesTwice lists deliveries by every collection that they ever had.
func filesTwice(s payment.Store) payment.Store {
	ever := map[string]bool{}
	return broken{
		putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
			ever[d.ID+d.CollectionID] = true
			return s.PutDelivery(ctx, d)
		},
		list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
			other := f
			other.CollectionID = ""
			r, err := s.List(ctx, kind, other, p)
			if err == nil && f.CollectionID != "" {
				r.Deliveries = slices.DeleteFunc(r.Deliveries, func(d *payment.Delivery) bool { return !ever[d.ID+f.CollectionID] })
			}
			return r, err
		},
	}.wrap(s)
}
