package memstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

func TestListReadsMoreThanABatch(t *testing.T) {
	s := filled(t, 3*batchSize)
	for i := range 3 * batchSize { // every second is hidden
		if i%2 == 1 {
			row := *s.collections[id("paycol", i)].row
			row.DeletedAt = noon
			require.NoError(t, s.Commit(t.Context(), &payment.Changes{CollectionID: row.ID, Version: row.Version, Collection: &row}))
		}
	}
	for _, descending := range []bool{false, true} {
		p := payment.Page{Limit: 700, Descending: descending, Count: true}
		var got []string
		for {
			rows, err := s.List(t.Context(), payment.RowCollections, payment.Filter{}, p)
			require.NoError(t, err)
			require.Equal(t, 3*batchSize/2, rows.Count)
			for _, r := range rows.Collections {
				got = append(got, r.ID)
			}
			if !rows.More {
				break
			}
			last := rows.Collections[len(rows.Collections)-1]
			p.AfterTime, p.AfterID = last.CreatedAt, last.ID
		}
		require.Len(t, got, 3*batchSize/2)
		for i, c := range got {
			n := 2 * i
			if descending {
				n = 3*batchSize - 2 - 2*i
			}
			require.Equal(t, id("paycol", n), c)
		}
	}
	rows, err := s.List(t.Context(), payment.RowCollections, payment.Filter{IncludeDeleted: true}, payment.Page{Limit: 2, Offset: 2 * batchSize})
	require.NoError(t, err)
	require.Equal(t, id("paycol", 2*batchSize), rows.Collections[0].ID)
	require.True(t, rows.More)

	rows, err = s.List(t.Context(), payment.RowEvents, payment.Filter{}, payment.Page{Limit: 1, Count: true})
	require.NoError(t, err)
	require.Equal(t, maxCount, rows.Count)
}

// endsAfter is a context that ends after it was asked so many times.
type endsAfter struct {
	context.Context
	n int
}

func (c *endsAfter) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

func TestListEndsWithItsContext(t *testing.T) {
	s := filled(t, 2*batchSize)
	for _, p := range []payment.Page{{Limit: 1 << 30}, {Limit: 1, Count: true}} {
		_, err := s.List(&endsAfter{t.Context(), 2}, payment.RowCollections, payment.Filter{}, p)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestListRefusesPages(t *testing.T) {
	for _, p := range []payment.Page{{}, {Limit: -1}, {Limit: 1, Offset: -1}, {Limit: 1, Offset: maxOffset + 1}} {
		_, err := New().List(t.Context(), payment.RowSessions, payment.Filter{}, p)
		require.ErrorIs(t, err, payment.ErrInvalid)
	}
	_, err := New().List(t.Context(), "requests", payment.Filter{}, payment.Page{Limit: 1})
	require.ErrorIs(t, err, payment.ErrInvalid)
}

func TestListTakesTimesAsTheyAre(t *testing.T) {
	s, _ := opened(t, 1) // at noon
	for _, c := range []struct {
		from, to time.Time
		n        int
	}{
		{noon, time.Time{}, 1}, {noon.Add(1), time.Time{}, 0}, {noon.Add(-1), time.Time{}, 1},
		{time.Time{}, noon, 0}, {time.Time{}, noon.Add(1), 1}, {time.Time{}, noon.Add(-1), 0},
		{noon, noon.Add(time.Microsecond), 1}, {noon.Add(time.Hour), noon, 0},
	} {
		for _, descending := range []bool{false, true} {
			rows, err := s.List(t.Context(), payment.RowCollections, payment.Filter{From: c.from, To: c.to},
				payment.Page{Limit: 10, Count: true, Descending: descending})
			require.NoError(t, err)
			require.Len(t, rows.Collections, c.n, fmt.Sprint(c))
			require.Equal(t, c.n, rows.Count)
		}
	}
}

func TestListDoesNotMatchWhatARowLacks(t *testing.T) {
	type expected struct {
		filter payment.Filter
		n      int
	}
	s := filled(t, 3)
	for kind, cases := range map[payment.RowKind][]expected{
		payment.RowCollections: {{payment.Filter{CollectionID: id("paycol", 1)}, 1}, {payment.Filter{SessionID: id("payses", 1)}, 0}},
		payment.RowSessions: {{payment.Filter{SessionID: id("payses", 1)}, 1}, {payment.Filter{PaymentID: id("pay", 1)}, 1},
			{payment.Filter{ProviderID: "manual"}, 3}, {payment.Filter{ProviderID: "x"}, 0}},
		payment.RowPayments: {{payment.Filter{PaymentID: id("pay", 1)}, 1}, {payment.Filter{State: "open"}, 0},
			{payment.Filter{CollectionID: id("paycol", 1), ProviderID: "manual"}, 1}, {payment.Filter{IDs: []string{id("pay", 1), "none"}}, 1}},
		payment.RowCaptures: {{payment.Filter{State: "succeeded"}, 3}, {payment.Filter{ProviderID: "manual"}, 0},
			{payment.Filter{PaymentID: id("pay", 2), SessionID: id("payses", 1)}, 0}},
		payment.RowRefunds: {{payment.Filter{PaymentID: id("pay", 2)}, 1}, {payment.Filter{PaymentID: "none"}, 0}},
		payment.RowEvents: {{payment.Filter{CollectionID: id("paycol", 1)}, 5}, {payment.Filter{CollectionID: "none"}, 0},
			{payment.Filter{SessionID: id("payses", 1)}, 0}},
	} {
		for _, c := range cases {
			rows, err := s.List(t.Context(), kind, c.filter, payment.Page{Limit: 10})
			require.NoError(t, err)
			require.Equal(t, c.n, len(rows.Collections)+len(rows.Sessions)+len(rows.Payments)+len(rows.Captures)+len(rows.Refunds)+len(rows.Events),
				fmt.Sprint(kind, c.filter))
		}
	}
}

func TestListServesDeliveriesByIDAndCollection(t *testing.T) {
	s := New()
	put := func(n int, version int64, collectionID string) {
		t.Helper()
		require.NoError(t, s.PutDelivery(t.Context(), &payment.Delivery{ID: id("whd", n), Version: version, ProviderID: "stripe",
			CollectionID: collectionID, State: payment.DeliveryHandled, ReceivedAt: noon.Add(-time.Duration(n) * time.Second)}))
	}
	for n := range 500 {
		put(n, 0, "")
	}
	require.Empty(t, s.owned, "those without a collection are in no list of one")
	f := payment.Filter{IDs: []string{id("whd", 7), id("whd", 499), "none", id("whd", 7)}}
	l := s.listedDeliveries(&f)
	require.Equal(t, 2, l.n, "nothing else is looked at, and nothing twice")
	require.Equal(t, id("whd", 499), l.first().id)
	f.IDs = make([]string, 101)
	_, err := s.List(t.Context(), payment.RowDeliveries, f, payment.Page{Limit: 1})
	require.ErrorIs(t, err, payment.ErrInvalid)

	put(7, 1, "paycol_1") // no such collection is stored
	put(8, 1, "paycol_2")
	require.Equal(t, 1, s.listedDeliveries(&payment.Filter{CollectionID: "paycol_1"}).n)
	put(7, 2, "paycol_2")
	require.Zero(t, s.listedDeliveries(&payment.Filter{CollectionID: "paycol_1"}).n)
	l = s.listedDeliveries(&payment.Filter{CollectionID: "paycol_2"})
	require.Equal(t, 2, l.n)
	require.Equal(t, id("whd", 8), l.first().id)
	require.Zero(t, s.listedDeliveries(&payment.Filter{CollectionID: "paycol_3"}).n)
	require.Len(t, s.owned, 2, "a filter makes no list")
}

func TestListOrdersEventsOfOneCollectionBySeq(t *testing.T) {
	s, c := opened(t, 1)
	for i, at := range []int{3, 1, 2} { // a clock that jumped
		e := newEventRow(c, 9-i, int64(i+1)*64)
		e.At = noon.Add(time.Duration(at) * time.Hour)
		c.Events = append(c.Events, e)
	}
	require.NoError(t, s.Commit(t.Context(), c))
	seqs := func(f payment.Filter, p payment.Page) (seqs []int64) {
		t.Helper()
		p.Limit = 10
		rows, err := s.List(t.Context(), payment.RowEvents, f, p)
		require.NoError(t, err)
		for _, e := range rows.Events {
			seqs = append(seqs, e.Seq)
		}
		return seqs
	}
	own := payment.Filter{CollectionID: c.CollectionID}
	require.Equal(t, []int64{64, 128, 192}, seqs(own, payment.Page{}))
	require.Equal(t, []int64{128, 192}, seqs(own, payment.Page{AfterSeq: 64}), "no ID is needed")
	require.Equal(t, []int64{128, 192}, seqs(own, payment.Page{AfterSeq: 64, AfterID: "evt_0"}))
	require.Equal(t, []int64{192, 128, 64}, seqs(own, payment.Page{Descending: true}))
	require.Equal(t, []int64{64}, seqs(own, payment.Page{Descending: true, AfterSeq: 128}))
	require.Equal(t, []int64{128, 192, 64}, seqs(payment.Filter{}, payment.Page{}), "all events go by their time")
	own.From, own.To = noon.Add(2*time.Hour), noon.Add(4*time.Hour)
	require.Equal(t, []int64{64, 192}, seqs(own, payment.Page{}))
}
