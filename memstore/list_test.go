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
	s := filled(t, 3)
	for kind, filters := range map[payment.RowKind]map[payment.Filter]int{
		payment.RowCollections: {{CollectionID: id("paycol", 1)}: 1, {SessionID: id("payses", 1)}: 0},
		payment.RowSessions:    {{SessionID: id("payses", 1)}: 1, {PaymentID: id("pay", 1)}: 1, {ProviderID: "manual"}: 3, {ProviderID: "x"}: 0},
		payment.RowPayments:    {{PaymentID: id("pay", 1)}: 1, {State: "open"}: 0, {CollectionID: id("paycol", 1), ProviderID: "manual"}: 1},
		payment.RowCaptures:    {{State: "succeeded"}: 3, {ProviderID: "manual"}: 0, {PaymentID: id("pay", 2), SessionID: id("payses", 1)}: 0},
		payment.RowRefunds:     {{PaymentID: id("pay", 2)}: 1, {PaymentID: "none"}: 0},
		payment.RowEvents:      {{CollectionID: id("paycol", 1)}: 5, {CollectionID: "none"}: 0, {SessionID: id("payses", 1)}: 0},
	} {
		for f, n := range filters {
			rows, err := s.List(t.Context(), kind, f, payment.Page{Limit: 10})
			require.NoError(t, err)
			require.Equal(t, n, len(rows.Collections)+len(rows.Sessions)+len(rows.Payments)+len(rows.Captures)+len(rows.Refunds)+len(rows.Events),
				fmt.Sprint(kind, f))
		}
	}
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
