package storetest

import (
	"slices"

	"github.com/seed40c892db/payment"
)

func listDeliveryCases() []testCase {
	const named = "deliveries: those with one of these IDs, at most 100"
	return []testCase{
		{"List/by IDs", named, listByIDs},
		{"List/by IDs and other filters", named, listByIDsAndMore},
		{"List/by IDs in pages", named, listByIDsInPages},
		{"List/a field that rows do not have", "rows without a field that is named match nothing", listLacking},
		{"List/a delivery's collection is found later", "that session's collection, once it is found", listCollectionLater},
	}
}

// strangers returns IDs of deliveries that are not there.
func (k *kit) strangers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = k.id("whd")
	}
	return list
}

func listByIDs(k *kit) {
	s := k.shelf()
	all := listedIDs(s[payment.RowDeliveries])
	for _, IDs := range [][]string{
		all[:1], all[2:5], {all[6], all[0]}, all, {all[3], all[3]}, append(k.strangers(1), all[4]), k.strangers(1), append(k.strangers(99), all[5]),
	} {
		k.lists(s, payment.RowDeliveries, payment.Filter{IDs: IDs})
	}
	k.lists(s, payment.RowDeliveries, payment.Filter{IDs: []string{}})
}

func listByIDsAndMore(k *kit) {
	s := k.shelf()
	all := listedIDs(s[payment.RowDeliveries])
	for _, IDs := range [][]string{all[:4], all[3:], all} {
		k.lists(s, payment.RowDeliveries, payment.Filter{IDs: IDs, State: string(payment.DeliveryParked)})
		k.lists(s, payment.RowDeliveries, payment.Filter{IDs: IDs, ProviderID: "beta"})
		k.lists(s, payment.RowDeliveries, payment.Filter{IDs: IDs, From: at(4), To: at(7)})
		for _, session := range s[payment.RowSessions][:4] {
			k.lists(s, payment.RowDeliveries, payment.Filter{IDs: IDs, SessionID: session.id})
			k.lists(s, payment.RowDeliveries, payment.Filter{IDs: IDs, CollectionID: session.collection, ProviderID: "alpha"})
		}
	}
}

func listByIDsInPages(k *kit) {
	s := k.shelf()
	IDs := slices.Concat(listedIDs(s[payment.RowDeliveries])[1:], k.strangers(1))
	slices.Reverse(IDs)
	f := payment.Filter{IDs: IDs}
	for _, descending := range []bool{false, true} {
		k.inOrder(s, payment.RowDeliveries, f, descending)
		k.pages(s, payment.RowDeliveries, f, 2, descending)
		want := listedIDs(s.match(payment.RowDeliveries, f, descending))
		rows := k.list(payment.RowDeliveries, f, payment.Page{Limit: 2, Offset: 1, Count: true, Descending: descending})
		k.sameIDs("a page of deliveries with some IDs", k.rowIDs(payment.RowDeliveries, rows), want[1:3]...)
		if rows.Count != len(want) || !rows.More {
			k.fail("of %d deliveries with some IDs, Count is %d and More %t", len(want), rows.Count, rows.More)
		}
	}
}

// listLacking names fields that rows of a kind do not have.
func listLacking(k *kit) {
	s := k.shelf()
	session, pay := s[payment.RowSessions][0].id, s[payment.RowPayments][0].id
	for _, c := range []struct {
		kind    payment.RowKind
		filters []payment.Filter
	}{
		{payment.RowCollections, []payment.Filter{{SessionID: session}, {PaymentID: pay}}},
		{payment.RowPayments, []payment.Filter{{State: "open"}}},
		{payment.RowCaptures, []payment.Filter{{ProviderID: "alpha"}}},
		{payment.RowRefunds, []payment.Filter{{ProviderID: "alpha"}}},
		{payment.RowDeliveries, []payment.Filter{{PaymentID: pay}}},
	} {
		for _, f := range c.filters {
			k.emptyPage(c.kind, f, payment.Page{Limit: 10})
		}
	}
}

func listCollectionLater(k *kit) {
	d, before, never := k.parked(1), k.newDelivery(), k.newDelivery()
	first, second := k.id("paycol"), k.id("paycol") // neither need be there
	before.CollectionID = first
	for _, d := range []*payment.Delivery{d, before, never} {
		k.put(d)
	}
	has := func(collectionID string, want ...string) {
		k.t.Helper()
		got := k.rowIDs(payment.RowDeliveries, k.list(payment.RowDeliveries, payment.Filter{CollectionID: collectionID}, payment.Page{Limit: 9}))
		slices.Sort(got)
		slices.Sort(want)
		k.sameIDs("deliveries of a collection", got, want...)
	}
	has(first, before.ID)
	has(second)
	d.CollectionID, d.SessionID = first, k.id("payses")
	k.put(d)
	has(first, d.ID, before.ID)
	d.CollectionID, d.State = second, payment.DeliveryHandled
	k.put(d)
	has(first, before.ID)
	has(second, d.ID)
	d.CollectionID = ""
	k.put(d)
	has(second)
	has("", d.ID, before.ID, never.ID)
}
