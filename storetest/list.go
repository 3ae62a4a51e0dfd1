package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

func listCases() []testCase {
	const (
		matching = "List returns rows of one kind that match the filter"
		ordered  = "Rows are ordered by CreatedAt (an event's Seq within its collection and its At across collections, " +
			"a delivery's ReceivedAt) and then by ID."
		after = "the row after which to begin, by what it is ordered by; zero with an empty AfterID: from the start"
	)
	return []testCase{
		{"List/every kind", "All kinds but requests can be listed.", listKinds},
		{"List/unknown kind", "An unknown kind is an error that matches ErrInvalid", listUnknown},
		{"List/beyond the end", "a page beyond the end is empty", listBeyond},
		{"List/by collection", "every kind", listByCollection},
		{"List/by session", "payments, captures, refunds, operations, deliveries", listBySession},
		{"List/by payment", "captures, refunds", listByPayment},
		{"List/by provider", "sessions, payments, deliveries", listByProvider},
		{"List/by state", "operations: open or needs_attention; deliveries: parked", listByState},
		{"List/from", "CreatedAt (an event's At, a delivery's ReceivedAt) not before this", func(k *kit) { listBetween(k, true, false) }},
		{"List/to", "and before this", func(k *kit) { listBetween(k, false, true) }},
		{"List/several filters", matching, listSeveral},
		{"List/deleted rows", "collections and sessions with DeletedAt too", listDeleted},
		{"List/rows deleted later", "collections and sessions with DeletedAt too", listDeletedLater},
		{"List/order", ordered, func(k *kit) { listOrder(k, false) }},
		{"List/newest first", "newest first", func(k *kit) { listOrder(k, true) }},
		{"List/order of events in a collection", ordered, listEventOrder},
		{"List/limit", "at most so many rows; at least 1", listLimit},
		{"List/more", "and Rows.More when there are further ones", listMore},
		{"List/offset", "skip so many; at most 10,000", listOffset},
		{"List/count", "only by List, when asked for: how many match in all", listCount},
		{"List/pages", after, func(k *kit) { listPages(k, false) }},
		{"List/pages backwards", after, func(k *kit) { listPages(k, true) }},
		{"List/pages of events in a collection", "for events of one collection, instead of AfterTime", listEventPages},
		{"List/page after a row that is hidden since", after, listHidden},
		{"List/page after a row outside of the filter", after, listOutside},
	}
}

// listed is what the kit knows of a row that it stored: what List filters and orders by.
type listed struct {
	id                                            string
	at                                            time.Time
	seq                                           int64
	collection, session, payment, provider, state string
	deleted                                       bool
}

// shelf is all rows that a list case stored: the model that lists are compared with.
type shelf map[payment.RowKind][]listed

func listKindsAll() []payment.RowKind {
	return []payment.RowKind{
		payment.RowCollections, payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations,
		payment.RowEvents, payment.RowDeliveries,
	}
}

// shelf stores collections with branches, whose times repeat, and notes what was stored.
func (k *kit) shelf() shelf {
	k.t.Helper()
	s, n := shelf{}, 0
	// Three times for all rows, in turn: many rows share one, and later IDs have earlier times.
	next := func() time.Time { n++; return at([]int{7, 3, 5}[n%3]) }
	for i := range 5 {
		c := k.collection()
		c.CreatedAt = next()
		if i == 3 {
			c.DeletedAt = at(50)
		}
		s.add(payment.RowCollections, listed{id: c.ID, at: c.CreatedAt, collection: c.ID, deleted: i == 3})
		var rows []any
		for j := range 2 {
			rows = append(rows, k.shelve(s, c, i, j, next)...)
		}
		for j := range 3 {
			e := k.event(c, int64(j))
			e.At = next()
			s.add(payment.RowEvents, listed{id: e.ID, at: e.At, seq: e.Seq, collection: c.ID})
			rows = append(rows, e)
		}
		k.store(c, rows...)
		// Events of a later version, with earlier times.
		e := k.event(c, 0)
		e.At = at(i % 2)
		s.add(payment.RowEvents, listed{id: e.ID, at: e.At, seq: e.Seq, collection: c.ID})
		k.store(c, e)
	}
	for i := range 7 {
		d := k.newDelivery()
		if i%3 == 0 {
			d = k.parked(90)
		}
		d.ReceivedAt, d.ProviderID = next(), provider(i)
		if sessions := s[payment.RowSessions]; i > 1 {
			d.SessionID, d.CollectionID = sessions[i%4].id, sessions[i%4].collection
		}
		s.add(payment.RowDeliveries, listed{
			id: d.ID, at: d.ReceivedAt, collection: d.CollectionID, session: d.SessionID, provider: d.ProviderID, state: string(d.State),
		})
		k.put(d)
	}
	return s
}

func (s shelf) add(kind payment.RowKind, row listed) { s[kind] = append(s[kind], row) }

func provider(i int) string { return []string{"alpha", "beta"}[i%2] }

// shelve makes one branch for the shelf.
func (k *kit) shelve(s shelf, c *payment.PaymentCollection, i, j int, next func() time.Time) []any {
	b := k.branch(c)
	b.session.ProviderID, b.payment.ProviderID = provider(i+j), provider(i+j)
	b.session.CreatedAt, b.payment.CreatedAt = next(), next()
	if i == 3 && j == 0 {
		b.session.DeletedAt = at(50)
	}
	if (i+j)%3 == 1 {
		b.operation.State = payment.OperationNeedsAttention
	}
	session := listed{id: b.session.ID, at: b.session.CreatedAt, collection: c.ID, provider: b.session.ProviderID, deleted: i == 3 && j == 0}
	s.add(payment.RowSessions, session)
	pay := listed{id: b.payment.ID, at: b.payment.CreatedAt, collection: c.ID, session: b.session.ID, provider: session.provider}
	s.add(payment.RowPayments, pay)
	rows := []any{b.session, b.payment, b.request}
	for _, o := range []*payment.Operation{b.operation, k.operation(b.session, payment.OperationSucceeded)} {
		o.CreatedAt = next()
		s.add(payment.RowOperations, listed{id: o.ID, at: o.CreatedAt, collection: c.ID, session: b.session.ID, state: string(o.State)})
		rows = append(rows, o)
	}
	for _, m := range []*payment.Capture{k.capture(b.payment), b.capture} {
		m.CreatedAt = next()
		s.add(payment.RowCaptures, listed{id: m.ID, at: m.CreatedAt, collection: c.ID, session: b.session.ID, payment: b.payment.ID})
		rows = append(rows, m)
	}
	for _, m := range []*payment.Refund{b.refund, k.refund(b.payment)} {
		m.CreatedAt = next()
		s.add(payment.RowRefunds, listed{id: m.ID, at: m.CreatedAt, collection: c.ID, session: b.session.ID, payment: b.payment.ID})
		rows = append(rows, m)
	}
	return rows
}

// match returns what a list without paging has to hold, in order.
func (s shelf) match(kind payment.RowKind, f payment.Filter, descending bool) []listed {
	var rows []listed
	for _, r := range s[kind] {
		if (len(f.IDs) == 0 || slices.Contains(f.IDs, r.id)) && (f.CollectionID == "" || f.CollectionID == r.collection) && (f.SessionID == "" || f.SessionID == r.session) &&
			(f.PaymentID == "" || f.PaymentID == r.payment) && (f.ProviderID == "" || f.ProviderID == r.provider) &&
			(f.State == "" || f.State == r.state) && (f.From.IsZero() || !r.at.Before(f.From)) && (f.To.IsZero() || r.at.Before(f.To)) &&
			(f.IncludeDeleted || !r.deleted) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b listed) int {
		order := cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id))
		if kind == payment.RowEvents && f.CollectionID != "" {
			order = cmp.Compare(a.seq, b.seq)
		}
		if descending {
			order = -order
		}
		return order
	})
	return rows
}

func listedIDs(rows []listed) []string {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = r.id
	}
	return list
}

// rowIDs returns the IDs of a list, and fails the case when it holds rows of another kind.
func (k *kit) rowIDs(kind payment.RowKind, r *payment.Rows) []string {
	k.t.Helper()
	all := map[payment.RowKind][]string{
		payment.RowCollections: ids(r.Collections, func(r *payment.PaymentCollection) string { return r.ID }),
		payment.RowSessions:    ids(r.Sessions, func(r *payment.PaymentSession) string { return r.ID }),
		payment.RowPayments:    ids(r.Payments, func(r *payment.Payment) string { return r.ID }),
		payment.RowCaptures:    ids(r.Captures, func(r *payment.Capture) string { return r.ID }),
		payment.RowRefunds:     ids(r.Refunds, func(r *payment.Refund) string { return r.ID }),
		payment.RowOperations:  ids(r.Operations, func(r *payment.Operation) string { return r.ID }),
		payment.RowEvents:      ids(r.Events, func(r *payment.Event) string { return r.ID }),
		payment.RowDeliveries:  ids(r.Deliveries, func(r *payment.Delivery) string { return r.ID }),
		"requests":             ids(r.Requests, func(r *payment.KeyedRequest) string { return r.Key }),
	}
	for other, list := range all {
		if other != kind && len(list) > 0 {
			k.fail("List(%s) brought %d %s", kind, len(list), other)
		}
	}
	return all[kind]
}

// lists fails the case when a list on one page is not what the model says.
func (k *kit) lists(s shelf, kind payment.RowKind, f payment.Filter) {
	k.t.Helper()
	got := k.rowIDs(kind, k.list(kind, f, payment.Page{Limit: 100}))
	want := listedIDs(s.match(kind, f, false))
	slices.Sort(got) // the order has cases of its own
	slices.Sort(want)
	k.sameIDs(fmt.Sprintf("List(%s) of %s", kind, fieldsSet(f)), got, want...)
}

func listKinds(k *kit) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		k.lists(s, kind, payment.Filter{})
	}
}

func listUnknown(k *kit) {
	k.stored()
	for _, kind := range []payment.RowKind{"requests", "", "Sessions", "due", "unknown"} {
		_, err := k.s.List(k.ctx(), kind, payment.Filter{}, payment.Page{Limit: 10})
		k.want(err, payment.ErrInvalid, "List(%q)", kind)
	}
}

func listBeyond(k *kit) {
	for _, kind := range listKindsAll() { // an empty store
		k.emptyPage(kind, payment.Filter{}, payment.Page{Limit: 10})
	}
	s := k.shelf()
	for _, kind := range listKindsAll() {
		rows := s.match(kind, payment.Filter{}, false)
		first, last := rows[0], rows[len(rows)-1]
		k.emptyPage(kind, payment.Filter{}, payment.Page{Limit: 10, Offset: len(rows)})
		k.emptyPage(kind, payment.Filter{}, payment.Page{Limit: 10, Offset: 10_000})
		k.emptyPage(kind, payment.Filter{}, payment.Page{Limit: 10, AfterTime: last.at, AfterID: last.id})
		k.emptyPage(kind, payment.Filter{}, payment.Page{Limit: 10, AfterTime: first.at, AfterID: first.id, Descending: true})
		k.emptyPage(kind, payment.Filter{To: at(-1)}, payment.Page{Limit: 10})
	}
}

func (k *kit) emptyPage(kind payment.RowKind, f payment.Filter, p payment.Page) {
	k.t.Helper()
	rows := k.list(kind, f, p)
	if got := k.rowIDs(kind, rows); len(got) > 0 || rows.More {
		k.fail("List(%s) of a page beyond the end, %s, brought %d rows, More %t", kind, fieldsSet(p), len(got), rows.More)
	}
}

func listByCollection(k *kit) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		for _, c := range s[payment.RowCollections] {
			k.lists(s, kind, payment.Filter{CollectionID: c.id, IncludeDeleted: true})
		}
		k.lists(s, kind, payment.Filter{CollectionID: k.id("paycol")})
	}
}

func listBySession(k *kit) {
	s := k.shelf()
	for _, kind := range []payment.RowKind{
		payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations, payment.RowDeliveries,
	} {
		for _, r := range s[payment.RowSessions] {
			k.lists(s, kind, payment.Filter{SessionID: r.id})
		}
		k.lists(s, kind, payment.Filter{SessionID: k.id("payses")})
	}
}

func listByPayment(k *kit) {
	s := k.shelf()
	for _, kind := range []payment.RowKind{payment.RowCaptures, payment.RowRefunds} {
		for _, r := range s[payment.RowPayments] {
			k.lists(s, kind, payment.Filter{PaymentID: r.id})
		}
		k.lists(s, kind, payment.Filter{PaymentID: k.id("pay")})
	}
}

func listByProvider(k *kit) {
	s := k.shelf()
	for _, kind := range []payment.RowKind{payment.RowSessions, payment.RowPayments, payment.RowDeliveries} {
		for _, name := range []string{"alpha", "beta", "Alpha", "gamma"} {
			k.lists(s, kind, payment.Filter{ProviderID: name})
		}
	}
}

func listByState(k *kit) {
	s := k.shelf()
	k.lists(s, payment.RowOperations, payment.Filter{State: string(payment.OperationOpen)})
	k.lists(s, payment.RowOperations, payment.Filter{State: string(payment.OperationNeedsAttention)})
	k.lists(s, payment.RowDeliveries, payment.Filter{State: string(payment.DeliveryParked)})

	// What has left the state is in its list no more.
	t := k.stored()
	only := payment.Filter{CollectionID: t.collection.ID, State: string(payment.OperationOpen)}
	k.sameIDs("open operations", k.rowIDs(payment.RowOperations, k.list(payment.RowOperations, only, payment.Page{Limit: 5})), t.operation.ID)
	t.operation.State, t.operation.EndedAt, t.session.OperationID = payment.OperationFailed, k.tick(), ""
	k.store(t.collection, t.operation, t.session)
	k.sameIDs("open operations", k.rowIDs(payment.RowOperations, k.list(payment.RowOperations, only, payment.Page{Limit: 5})))
}

func listBetween(k *kit, from, to bool) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		for _, edge := range []time.Time{at(3), at(5), at(5).Add(time.Microsecond), at(99)} {
			f := payment.Filter{}
			if from {
				f.From = edge
			}
			if to {
				f.To = edge
			}
			k.lists(s, kind, f)
		}
	}
}

func listSeveral(k *kit) {
	s := k.shelf()
	for _, session := range s[payment.RowSessions] {
		between := payment.Filter{CollectionID: session.collection, From: at(3), To: at(7)}
		for _, kind := range listKindsAll() {
			k.lists(s, kind, between)
		}
		k.lists(s, payment.RowSessions, payment.Filter{CollectionID: session.collection, ProviderID: "beta"})
		k.lists(s, payment.RowOperations, payment.Filter{SessionID: session.id, State: string(payment.OperationOpen)})
		k.lists(s, payment.RowDeliveries, payment.Filter{SessionID: session.id, ProviderID: "alpha", State: string(payment.DeliveryParked)})
		k.lists(s, payment.RowPayments, payment.Filter{SessionID: session.id, ProviderID: "alpha", From: at(5)})
	}
	for _, pay := range s[payment.RowPayments] {
		for _, other := range s[payment.RowSessions][:2] {
			k.lists(s, payment.RowCaptures, payment.Filter{PaymentID: pay.id, SessionID: other.id})
		}
	}
}

func listDeleted(k *kit) {
	s := k.shelf()
	for _, kind := range []payment.RowKind{payment.RowCollections, payment.RowSessions} {
		k.lists(s, kind, payment.Filter{})
		k.lists(s, kind, payment.Filter{IncludeDeleted: true})
	}
	hidden := s[payment.RowCollections][3].id
	k.lists(s, payment.RowCollections, payment.Filter{CollectionID: hidden})
	k.lists(s, payment.RowSessions, payment.Filter{CollectionID: hidden})
	// Only those two kinds can be hidden.
	k.lists(s, payment.RowPayments, payment.Filter{CollectionID: hidden})
}

// inOrder fails the case when a list is not in the model's order.
func (k *kit) inOrder(s shelf, kind payment.RowKind, f payment.Filter, descending bool) {
	k.t.Helper()
	got := k.rowIDs(kind, k.list(kind, f, payment.Page{Limit: 100, Descending: descending}))
	k.sameIDs(fmt.Sprintf("List(%s) of %s, descending %t", kind, fieldsSet(f), descending), got, listedIDs(s.match(kind, f, descending))...)
}

func listOrder(k *kit, descending bool) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		k.inOrder(s, kind, payment.Filter{}, descending)
		k.inOrder(s, kind, payment.Filter{From: at(5), IncludeDeleted: true}, descending)
	}
	collection := s[payment.RowCollections][1].id
	for _, kind := range listKindsAll() {
		k.inOrder(s, kind, payment.Filter{CollectionID: collection}, descending)
	}
}

func listEventOrder(k *kit) {
	s := k.shelf()
	for _, c := range s[payment.RowCollections] {
		for _, descending := range []bool{false, true} {
			k.inOrder(s, payment.RowEvents, payment.Filter{CollectionID: c.id}, descending)
			k.inOrder(s, payment.RowEvents, payment.Filter{CollectionID: c.id, From: at(3)}, descending)
		}
	}
}

func listLimit(k *kit) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		rows := s.match(kind, payment.Filter{}, false)
		for _, limit := range []int{1, 2, len(rows), len(rows) + 1} {
			got := k.rowIDs(kind, k.list(kind, payment.Filter{}, payment.Page{Limit: limit}))
			k.sameIDs(fmt.Sprintf("List(%s), Limit %d", kind, limit), got, listedIDs(rows[:min(limit, len(rows))])...)
		}
	}
}

func listMore(k *kit) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		n := len(s.match(kind, payment.Filter{}, false))
		for _, p := range []payment.Page{
			{Limit: 1}, {Limit: n - 1}, {Limit: n}, {Limit: n + 1}, {Limit: 1, Offset: n - 2}, {Limit: 1, Offset: n - 1}, {Limit: n, Descending: true},
		} {
			if got, want := k.list(kind, payment.Filter{}, p).More, p.Offset+p.Limit < n; got != want {
				k.fail("List(%s) of %s, of %d rows: More is %t, want %t", kind, fieldsSet(p), n, got, want)
			}
		}
	}
	n := len(s.match(payment.RowPayments, payment.Filter{ProviderID: "alpha"}, false))
	if k.list(payment.RowPayments, payment.Filter{ProviderID: "alpha"}, payment.Page{Limit: n}).More {
		k.fail("List(payments): More is true though the further rows do not match the filter")
	}
}

func listOffset(k *kit) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		for _, descending := range []bool{false, true} {
			rows := s.match(kind, payment.Filter{}, descending)
			for offset := range rows {
				got := k.rowIDs(kind, k.list(kind, payment.Filter{}, payment.Page{Limit: 2, Offset: offset, Descending: descending}))
				k.sameIDs(fmt.Sprintf("List(%s), Offset %d", kind, offset), got, listedIDs(rows[offset:min(offset+2, len(rows))])...)
			}
		}
	}
}

func listCount(k *kit) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		for _, f := range []payment.Filter{{}, {To: at(5)}, {From: at(5), IncludeDeleted: true}, {To: at(-1)}} {
			rows := s.match(kind, f, false)
			pages := []payment.Page{{Limit: 1}, {Limit: 100}, {Limit: 1, Offset: 1}, {Limit: 1, Descending: true}}
			if len(rows) > 1 {
				pages = append(pages, payment.Page{Limit: 1, AfterTime: rows[1].at, AfterID: rows[1].id})
			}
			for _, p := range pages {
				if n := k.list(kind, f, p).Count; n != 0 {
					k.fail("List(%s) of %s: Count is %d though it was not asked for", kind, fieldsSet(p), n)
				}
				p.Count = true
				if n := k.list(kind, f, p).Count; n != len(rows) {
					k.fail("List(%s) of %s, %s: Count is %d, want %d", kind, fieldsSet(f), fieldsSet(p), n, len(rows))
				}
			}
		}
	}
}

// pages reads a list page by page and fails the case when rows are missing, repeated or out of order.
func (k *kit) pages(s shelf, kind payment.RowKind, f payment.Filter, limit int, descending bool) {
	k.t.Helper()
	want := s.match(kind, f, descending)
	p := payment.Page{Limit: limit, Descending: descending}
	for begin := 0; ; begin += limit {
		rows := k.list(kind, f, p)
		end := min(begin+limit, len(want))
		what := fmt.Sprintf("List(%s) of %s, %s, rows %d to %d", kind, fieldsSet(f), fieldsSet(p), begin, end)
		k.sameIDs(what, k.rowIDs(kind, rows), listedIDs(want[begin:end])...)
		if rows.More != (end < len(want)) {
			k.fail("%s: More is %t", what, rows.More)
		}
		if end == len(want) {
			return
		}
		last := want[end-1]
		p.AfterTime, p.AfterID = last.at, last.id
		if kind == payment.RowEvents && f.CollectionID != "" {
			p.AfterTime, p.AfterSeq = time.Time{}, last.seq
		}
	}
}

func listPages(k *kit, descending bool) {
	s := k.shelf()
	for _, kind := range listKindsAll() {
		for _, limit := range []int{1, 2, 5} {
			k.pages(s, kind, payment.Filter{}, limit, descending)
			k.pages(s, kind, payment.Filter{From: at(5), IncludeDeleted: true}, limit, descending)
		}
	}
	for _, c := range s[payment.RowCollections][:2] {
		for _, kind := range slices.DeleteFunc(listKindsAll(), func(kind payment.RowKind) bool { return kind == payment.RowEvents }) {
			k.pages(s, kind, payment.Filter{CollectionID: c.id}, 1, descending)
		}
	}
	k.pages(s, payment.RowSessions, payment.Filter{ProviderID: "alpha"}, 1, descending)
	k.pages(s, payment.RowOperations, payment.Filter{State: string(payment.OperationOpen)}, 1, descending)
	k.pages(s, payment.RowDeliveries, payment.Filter{State: string(payment.DeliveryParked)}, 1, descending)
}

func listEventPages(k *kit) {
	s := k.shelf()
	for _, c := range s[payment.RowCollections] {
		for _, limit := range []int{1, 3} {
			k.pages(s, payment.RowEvents, payment.Filter{CollectionID: c.id}, limit, false)
			k.pages(s, payment.RowEvents, payment.Filter{CollectionID: c.id}, limit, true)
		}
	}
}

func listHidden(k *kit) {
	collection := k.collection()
	var sessions []*payment.PaymentSession
	var rows []any
	for range 4 {
		s := k.session(collection)
		s.CreatedAt = at(5)
		sessions, rows = append(sessions, s), append(rows, s)
	}
	k.store(collection, rows...)
	sessions[1].DeletedAt = at(50)
	k.store(collection, sessions[1])
	for _, c := range []struct {
		descending bool
		want       []string
	}{{false, []string{sessions[2].ID, sessions[3].ID}}, {true, []string{sessions[0].ID}}} {
		p := payment.Page{Limit: 3, AfterTime: at(5), AfterID: sessions[1].ID, Descending: c.descending}
		got := k.rowIDs(payment.RowSessions, k.list(payment.RowSessions, payment.Filter{}, p))
		k.sameIDs("sessions after one that was hidden meanwhile", got, c.want...)
	}
}

// listDeletedLater hides rows that are there, and shows them again.
func listDeletedLater(k *kit) {
	t := k.stored()
	for _, deleted := range []time.Time{at(50), {}, at(51), {}} {
		t.collection.DeletedAt, t.session.DeletedAt = deleted, deleted
		k.store(t.collection, t.session)
		for kind, id := range map[payment.RowKind]string{payment.RowCollections: t.collection.ID, payment.RowSessions: t.session.ID} {
			for _, f := range []payment.Filter{{}, {CollectionID: t.collection.ID}} {
				var want []string
				if deleted.IsZero() {
					want = []string{id}
				}
				what := fmt.Sprintf("List(%s) of %s, after a commit with the DeletedAt %s", kind, fieldsSet(f), deleted)
				rows := k.list(kind, f, payment.Page{Limit: 9, Count: true})
				k.sameIDs(what, k.rowIDs(kind, rows), want...)
				if rows.Count != len(want) {
					k.fail("%s: Count is %d, want %d", what, rows.Count, len(want))
				}
				f.IncludeDeleted = true
				k.sameIDs(what, k.rowIDs(kind, k.list(kind, f, payment.Page{Limit: 9})), id)
			}
		}
	}
}

func listOutside(k *kit) {
	s := k.shelf()
	c := s[payment.RowCollections][0]
	for _, kind := range []payment.RowKind{payment.RowSessions, payment.RowPayments, payment.RowEvents} {
		for _, f := range []payment.Filter{
			{From: at(5), To: at(7)}, {From: at(5), To: at(7), ProviderID: "alpha"}, {From: at(5), To: at(7), CollectionID: c.id},
		} {
			if kind == payment.RowEvents && f.CollectionID != "" {
				continue // pages of these begin after a Seq
			}
			for _, descending := range []bool{false, true} {
				want := s.match(kind, f, descending)
				p := payment.Page{Limit: 100, Descending: descending, AfterTime: at(2), AfterID: c.id}
				if descending {
					p.AfterTime = at(8)
				}
				k.sameIDs(fmt.Sprintf("List(%s) of %s, %s", kind, fieldsSet(f), fieldsSet(p)), k.rowIDs(kind, k.list(kind, f, p)), listedIDs(want)...)
				p.Descending = !descending // the other way, nothing is left
				k.emptyPage(kind, f, p)
			}
		}
	}
}
