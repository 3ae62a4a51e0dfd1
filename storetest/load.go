package storetest

import (
	"slices"

	"github.com/seed40c892db/payment"
)

func loadCases() []testCase {
	const (
		returns  = "Load returns, as of one moment, the collection that the key leads to"
		notFound = "The error is ErrNotFound only if no collection is found"
		first    = "The collection is that of CollectionID if it is set, else the one that the first of these fields leads to " +
			"that exists: SessionID, PaymentID, OperationID, ProviderID with Reference."
		session = "The session is the first that exists in that collection of: SessionID, that of PaymentID, of OperationID, " +
			"of ProviderID with Reference, of the request's SessionID."
	)
	return []testCase{
		{"Load/by collection", returns, loadByCollection},
		{"Load/by session", "brings the session and all that is its", loadBySession},
		{"Load/by payment", "likewise, by the payment", loadByPayment},
		{"Load/by operation", "likewise, by any operation, ended or not; it is in Rows as well", loadByOperation},
		{"Load/by reference", "likewise, by the gateway's ID", loadByReference},
		{"Load/by a reference that came later", "likewise, by the gateway's ID", loadByLaterReference},
		{"Load/reference needs its provider", "ProviderID with Reference", loadReferenceProvider},
		{
			"Load/older session of a reference", "Where two sessions of a provider have one Reference, the older one counts.",
			loadOlderReference,
		},
		{"Load/by request", "brings the request, its operation, and its session if no other was found", loadByRequest},
		{"Load/request in its scope", "with CollectionID (or what led to it) and RequestKey", loadRequestScope},
		{"Load/which collection", first, loadWhichCollection},
		{"Load/which session", session, loadWhichSession},
		{"Load/other collections", "with it, what belongs to another collection counts as missing", loadOtherCollections},
		{"Load/what is missing", "else what was not found is missing from Rows", loadMissing},
		{"Load/no collection", notFound, loadNotFound},
		{"Load/deleted rows", "Deleted rows are returned like others.", loadDeleted},
		{"Load/payment of a session", "the session, with the payment that it names", loadNamedPayment},
		{"Load/order of movements", "Captures and Refunds (oldest first, by CreatedAt and ID)", loadOrder},
		{"Load/operations once", "Operations (at most three, each once)", loadOperations},
		{"Load/one of each", "After a Load every list has at most one element", loadOneOfEach},
	}
}

// twoTrees stores two collections, the first with two branches; the second branch is returned too.
func (k *kit) twoTrees() (first *tree, sibling *branch, second *tree) {
	k.t.Helper()
	first = k.tree()
	sibling = k.branch(first.collection)
	k.store(first.collection, append(first.rows(), sibling.rows()...)...)
	return first, sibling, k.stored()
}

func ids[T any](rows []*T, id func(*T) string) []string {
	list := make([]string, len(rows))
	for i, row := range rows {
		list[i] = id(row)
	}
	return list
}

func (k *kit) sameIDs(what string, got []string, want ...string) {
	k.t.Helper()
	if !slices.Equal(got, want) {
		k.fail("%s: got %q, want %q", what, got, want)
	}
}

// brings fails the case when a key does not lead to the collection and exactly what is the branch's; no branch means nothing.
func (k *kit) brings(by payment.Key, collection *payment.PaymentCollection, b *branch) *payment.Rows {
	k.t.Helper()
	r := k.load(by)
	what := "Load(" + fieldsSet(by) + "): "
	k.sameIDs(what+"collections", ids(r.Collections, func(r *payment.PaymentCollection) string { return r.ID }), collection.ID)
	var session, pay, capture, refund []string
	if b != nil {
		session, pay, capture, refund = []string{b.session.ID}, []string{b.payment.ID}, []string{b.capture.ID}, []string{b.refund.ID}
	}
	k.sameIDs(what+"sessions", ids(r.Sessions, func(r *payment.PaymentSession) string { return r.ID }), session...)
	k.sameIDs(what+"payments", ids(r.Payments, func(r *payment.Payment) string { return r.ID }), pay...)
	k.sameIDs(what+"captures", ids(r.Captures, func(r *payment.Capture) string { return r.ID }), capture...)
	k.sameIDs(what+"refunds", ids(r.Refunds, func(r *payment.Refund) string { return r.ID }), refund...)
	if b != nil && !slices.Contains(operationIDs(r), b.operation.ID) {
		k.fail("%sthe session's open operation is missing", what)
	}
	if by.RequestKey == "" && len(r.Requests) > 0 {
		k.fail("%sbrought %d requests that the key does not name", what, len(r.Requests))
	}
	if b == nil && by.OperationID == "" && by.RequestKey == "" && len(r.Operations) > 0 {
		k.fail("%sbrought %d operations that the key does not lead to", what, len(r.Operations))
	}
	return r
}

// operationIDs returns the IDs in order: the contract gives operations none.
func operationIDs(r *payment.Rows) []string {
	list := ids(r.Operations, func(o *payment.Operation) string { return o.ID })
	slices.Sort(list)
	return list
}

func loadByCollection(k *kit) {
	first, _, second := k.twoTrees()
	k.brings(payment.Key{CollectionID: first.collection.ID}, first.collection, nil)
	got := k.brings(payment.Key{CollectionID: second.collection.ID}, second.collection, nil)
	k.same("the collection", got.Collections[0], second.collection)
}

func loadBySession(k *kit) {
	first, sibling, second := k.twoTrees()
	got := k.brings(payment.Key{SessionID: first.session.ID}, first.collection, first.branch)
	k.sameTree(got, first)
	k.brings(payment.Key{SessionID: sibling.session.ID}, first.collection, sibling)
	k.brings(payment.Key{CollectionID: first.collection.ID, SessionID: sibling.session.ID}, first.collection, sibling)
	k.brings(payment.Key{SessionID: second.session.ID}, second.collection, second.branch)
}

func loadByPayment(k *kit) {
	first, sibling, second := k.twoTrees()
	k.brings(payment.Key{PaymentID: first.payment.ID}, first.collection, first.branch)
	k.brings(payment.Key{PaymentID: sibling.payment.ID}, first.collection, sibling)
	k.brings(payment.Key{CollectionID: second.collection.ID, PaymentID: second.payment.ID}, second.collection, second.branch)
}

func loadByOperation(k *kit) {
	first, sibling, _ := k.twoTrees()
	ended := k.operation(sibling.session, payment.OperationFailed)
	waits := k.operation(sibling.session, payment.OperationSucceeded)
	k.store(first.collection, ended, waits)
	got := k.brings(payment.Key{OperationID: first.operation.ID}, first.collection, first.branch)
	k.sameIDs("operations", operationIDs(got), first.operation.ID)
	for _, o := range []*payment.Operation{ended, waits} {
		got = k.brings(payment.Key{OperationID: o.ID}, first.collection, sibling)
		k.sameIDs("operations", operationIDs(got), sibling.operation.ID, o.ID)
	}
}

func loadByReference(k *kit) {
	first, sibling, second := k.twoTrees()
	for _, by := range []struct {
		*branch
		collection *payment.PaymentCollection
	}{{first.branch, first.collection}, {sibling, first.collection}, {second.branch, second.collection}} {
		k.brings(payment.Key{ProviderID: "alpha", Reference: by.session.Reference}, by.collection, by.branch)
		k.brings(payment.Key{
			CollectionID: by.collection.ID, ProviderID: "alpha", Reference: by.session.Reference,
		}, by.collection, by.branch)
	}
}

func loadByLaterReference(k *kit) {
	t := k.tree()
	t.session.Reference = ""
	k.store(t.collection, t.rows()...)
	by := payment.Key{ProviderID: t.session.ProviderID}
	for _, now := range []string{"first of " + t.session.ID, "second of " + t.session.ID} {
		former := by
		t.session.Reference = now
		k.store(t.collection, t.session)
		by.Reference = now
		k.brings(by, t.collection, t.branch)
		if former.Reference != "" {
			_, err := k.s.Load(k.ctx(), former)
			k.want(err, payment.ErrNotFound, "Load by a Reference that the session had before")
		}
	}
}

func loadReferenceProvider(k *kit) {
	one, other := k.tree(), k.tree()
	other.session.ProviderID, other.payment.ProviderID = "beta", "beta"
	one.session.Reference, other.session.Reference = "Same", "Same"
	k.store(one.collection, one.rows()...)
	k.store(other.collection, other.rows()...)
	k.brings(payment.Key{ProviderID: "alpha", Reference: "Same"}, one.collection, one.branch)
	k.brings(payment.Key{ProviderID: "beta", Reference: "Same"}, other.collection, other.branch)
	for _, by := range []payment.Key{
		{ProviderID: "gamma", Reference: "Same"}, {Reference: "Same"}, {ProviderID: "alpha"}, {ProviderID: "alpha", Reference: "same"},
	} {
		_, err := k.s.Load(k.ctx(), by)
		k.want(err, payment.ErrNotFound, "Load(%s)", fieldsSet(by))
	}
}

func loadOlderReference(k *kit) {
	first := k.tree()
	younger, older := k.branch(first.collection), k.branch(first.collection)
	younger.session.CreatedAt, older.session.CreatedAt = at(20), at(10)
	younger.session.Reference, older.session.Reference = "shared", "shared"
	k.store(first.collection, append(first.rows(), younger.rows()...)...)
	k.brings(payment.Key{ProviderID: "alpha", Reference: "shared"}, first.collection, younger)
	k.store(first.collection, older.rows()...)
	k.brings(payment.Key{ProviderID: "alpha", Reference: "shared"}, first.collection, older)
	k.brings(payment.Key{CollectionID: first.collection.ID, ProviderID: "alpha", Reference: "shared"}, first.collection, older)

	oldest := k.tree()
	oldest.session.CreatedAt, oldest.session.Reference = at(5), "shared"
	k.store(oldest.collection, oldest.rows()...)
	k.brings(payment.Key{ProviderID: "alpha", Reference: "shared"}, oldest.collection, oldest.branch)
	// In a collection that is named, only its own sessions count.
	k.brings(payment.Key{CollectionID: first.collection.ID, ProviderID: "alpha", Reference: "shared"}, first.collection, older)
}

func loadByRequest(k *kit) {
	first, sibling, _ := k.twoTrees()
	r := sibling.request
	ended := k.operation(sibling.session, payment.OperationSucceeded)
	r.OperationID = ended.ID
	k.store(first.collection, ended, r)
	by := payment.Key{CollectionID: first.collection.ID, Method: r.Method, RequestKey: r.Key}
	got := k.brings(by, first.collection, sibling)
	sameRows(k, "the request", got.Requests, r)
	k.sameIDs("operations", operationIDs(got), sibling.operation.ID, ended.ID)

	// Another session is there already: the request and its operation come, its session does not.
	by.SessionID = first.session.ID
	got = k.brings(by, first.collection, first.branch)
	sameRows(k, "the request", got.Requests, r)
	k.sameIDs("operations", operationIDs(got), first.operation.ID, ended.ID)

	// A request of the collection itself.
	bare := &payment.KeyedRequest{
		CollectionID: first.collection.ID, Method: "UpdateCollection", Key: r.Key, Fingerprint: r.Fingerprint, CreatedAt: k.tick(),
	}
	k.store(first.collection, bare)
	got = k.brings(payment.Key{CollectionID: first.collection.ID, Method: bare.Method, RequestKey: bare.Key}, first.collection, nil)
	sameRows(k, "the request", got.Requests, bare)
	k.sameIDs("operations", operationIDs(got))
}

func loadRequestScope(k *kit) {
	one, other := k.tree(), k.tree()
	one.request.Key, other.request.Key = "Key", "Key"
	third := *one.request
	third.Method, third.Fingerprint = "RefundPayment", other.request.Fingerprint
	k.store(one.collection, append(one.rows(), &third)...)
	k.store(other.collection, other.rows()...)
	for _, t := range []*tree{one, other} {
		for _, by := range []payment.Key{
			{CollectionID: t.collection.ID}, {SessionID: t.session.ID}, {PaymentID: t.payment.ID}, {OperationID: t.operation.ID},
			{ProviderID: "alpha", Reference: t.session.Reference},
		} {
			by.Method, by.RequestKey = t.request.Method, t.request.Key
			sameRows(k, "the request by "+fieldsSet(by), k.brings(by, t.collection, t.branch).Requests, t.request)
		}
	}
	by := payment.Key{CollectionID: one.collection.ID, Method: third.Method, RequestKey: third.Key}
	sameRows(k, "the request of another method", k.load(by).Requests, &third)
	for _, by := range []payment.Key{
		{CollectionID: other.collection.ID, Method: third.Method, RequestKey: third.Key},
		{CollectionID: one.collection.ID, Method: third.Method, RequestKey: "key"},
	} {
		sameRows(k, "the request by "+fieldsSet(by), k.brings(by, &payment.PaymentCollection{ID: by.CollectionID}, nil).Requests)
	}
	_, err := k.s.Load(k.ctx(), payment.Key{Method: third.Method, RequestKey: third.Key})
	k.want(err, payment.ErrNotFound, "Load by a request alone, which leads to no collection")
}

func loadWhichCollection(k *kit) {
	a, b, c, d := k.stored(), k.stored(), k.stored(), k.stored()
	k.brings(payment.Key{CollectionID: a.collection.ID, SessionID: b.session.ID, PaymentID: c.payment.ID}, a.collection, nil)
	k.brings(payment.Key{SessionID: b.session.ID, PaymentID: a.payment.ID, OperationID: c.operation.ID}, b.collection, b.branch)
	k.brings(payment.Key{
		PaymentID: c.payment.ID, OperationID: a.operation.ID, ProviderID: "alpha", Reference: b.session.Reference,
	}, c.collection, c.branch)
	k.brings(payment.Key{OperationID: d.operation.ID, ProviderID: "alpha", Reference: a.session.Reference}, d.collection, d.branch)
	k.brings(payment.Key{SessionID: d.session.ID, ProviderID: "alpha", Reference: a.session.Reference}, d.collection, d.branch)
}

func loadWhichSession(k *kit) {
	t := k.tree()
	b := []*branch{t.branch}
	rows := t.rows()
	for range 4 {
		more := k.branch(t.collection)
		b, rows = append(b, more), append(rows, more.rows()...)
	}
	k.store(t.collection, rows...)
	other := k.stored()
	by := payment.Key{
		CollectionID: t.collection.ID, SessionID: b[0].session.ID, PaymentID: b[1].payment.ID, OperationID: b[2].operation.ID,
		ProviderID: "alpha", Reference: b[3].session.Reference, Method: b[4].request.Method, RequestKey: b[4].request.Key,
	}
	// One after the other goes missing: of another collection, or nowhere.
	k.brings(by, t.collection, b[0])
	by.SessionID = other.session.ID
	k.brings(by, t.collection, b[1])
	by.PaymentID = k.id("pay")
	k.brings(by, t.collection, b[2])
	by.OperationID = other.operation.ID
	k.brings(by, t.collection, b[3])
	by.Reference = other.session.Reference
	k.brings(by, t.collection, b[4])
	by.RequestKey = other.request.Key
	k.brings(by, t.collection, nil)
}

func loadOtherCollections(k *kit) {
	one, other := k.stored(), k.stored()
	for _, by := range []payment.Key{
		{SessionID: other.session.ID}, {PaymentID: other.payment.ID}, {OperationID: other.operation.ID},
		{ProviderID: "alpha", Reference: other.session.Reference}, {Method: other.request.Method, RequestKey: other.request.Key},
	} {
		by.CollectionID = one.collection.ID
		got := k.brings(by, one.collection, nil)
		if n := len(got.Operations) + len(got.Requests); n > 0 {
			k.fail("Load(%s) brought %d operations and requests of another collection", fieldsSet(by), n)
		}
	}
}

func loadMissing(k *kit) {
	t := k.stored()
	for _, by := range []payment.Key{
		{SessionID: k.id("payses")}, {PaymentID: k.id("pay")}, {OperationID: k.id("op")}, {ProviderID: "alpha", Reference: "unknown"},
		{Method: "CapturePayment", RequestKey: "unknown"},
	} {
		by.CollectionID = t.collection.ID
		got := k.brings(by, t.collection, nil)
		if n := len(got.Operations) + len(got.Requests); n > 0 {
			k.fail("Load(%s) brought %d operations and requests that the key does not name", fieldsSet(by), n)
		}
	}
	// A session that has nothing.
	bare := k.session(t.collection)
	k.store(t.collection, bare)
	got := k.load(payment.Key{SessionID: bare.ID, PaymentID: k.id("pay"), OperationID: k.id("op")})
	sameRows(k, "the session", got.Sessions, bare)
	if n := len(got.Payments) + len(got.Captures) + len(got.Refunds) + len(got.Operations); n > 0 {
		k.fail("a session without payment and operation brought %d of them", n)
	}
}

func loadNotFound(k *kit) {
	t := k.stored()
	for _, by := range []payment.Key{
		{}, {CollectionID: k.id("paycol")}, {SessionID: k.id("payses")}, {PaymentID: k.id("pay")}, {OperationID: k.id("op")},
		{ProviderID: "alpha", Reference: "unknown"}, {CollectionID: k.id("paycol"), SessionID: t.session.ID},
	} {
		_, err := k.s.Load(k.ctx(), by)
		k.want(err, payment.ErrNotFound, "Load(%s)", fieldsSet(by))
	}
}

func loadNamedPayment(k *kit) {
	t := k.tree()
	t.session.PaymentID = ""
	k.store(t.collection, t.rows()...)
	for _, by := range []payment.Key{{SessionID: t.session.ID}, {PaymentID: t.payment.ID}} {
		got := k.load(by)
		sameRows(k, "the session", got.Sessions, t.session)
		if n := len(got.Payments) + len(got.Captures) + len(got.Refunds); n > 0 {
			k.fail("Load(%s) brought %d rows of a payment that the session does not name", fieldsSet(by), n)
		}
	}
	t.session.PaymentID = t.payment.ID
	k.store(t.collection, t.session)
	k.sameTree(k.load(payment.Key{SessionID: t.session.ID}), t)
}

func loadDeleted(k *kit) {
	t := k.tree()
	t.collection.DeletedAt, t.session.DeletedAt = at(1), at(1)
	k.store(t.collection, t.rows()...)
	for _, by := range []payment.Key{
		{SessionID: t.session.ID}, {PaymentID: t.payment.ID}, {OperationID: t.operation.ID},
		{ProviderID: "alpha", Reference: t.session.Reference}, {CollectionID: t.collection.ID, SessionID: t.session.ID},
		{CollectionID: t.collection.ID, Method: t.request.Method, RequestKey: t.request.Key},
	} {
		k.sameTree(k.brings(by, t.collection, t.branch), t)
	}
}

func loadOrder(k *kit) {
	t := k.tree()
	k.store(t.collection, t.session, t.payment, t.operation)
	var captures []*payment.Capture
	var refunds []*payment.Refund
	for _, minute := range []int{5, 3, 5, 1, 3, 3} {
		c, r := k.capture(t.payment), k.refund(t.payment)
		c.CreatedAt, r.CreatedAt = at(minute), at(-minute)
		captures, refunds = append(captures, c), append(refunds, r)
	}
	// Those of one time are stored with the larger ID first.
	for i, capture := range slices.Backward(captures) {
		k.store(t.collection, capture, refunds[i])
	}
	got := k.load(payment.Key{SessionID: t.session.ID})
	var wantCaptures, wantRefunds []string
	for _, i := range []int{3, 1, 4, 5, 0, 2} {
		wantCaptures = append(wantCaptures, captures[i].ID)
	}
	for _, i := range []int{0, 2, 1, 4, 5, 3} {
		wantRefunds = append(wantRefunds, refunds[i].ID)
	}
	k.sameIDs("captures", ids(got.Captures, func(r *payment.Capture) string { return r.ID }), wantCaptures...)
	k.sameIDs("refunds", ids(got.Refunds, func(r *payment.Refund) string { return r.ID }), wantRefunds...)
}

func loadOperations(k *kit) {
	t := k.tree()
	named := k.operation(t.session, payment.OperationFailed)
	earlier := k.operation(t.session, payment.OperationSucceeded)
	unasked := k.operation(t.session, payment.OperationSucceeded)
	t.request.OperationID = earlier.ID
	k.store(t.collection, append(t.rows(), named, earlier, unasked)...)
	by := payment.Key{
		CollectionID: t.collection.ID, SessionID: t.session.ID, Method: t.request.Method, RequestKey: t.request.Key,
	}
	for _, c := range []struct {
		named string
		want  []string
	}{
		{"", []string{t.operation.ID, earlier.ID}},
		{named.ID, []string{t.operation.ID, named.ID, earlier.ID}},
		{earlier.ID, []string{t.operation.ID, earlier.ID}},
		{t.operation.ID, []string{t.operation.ID, earlier.ID}},
	} {
		by.OperationID = c.named
		k.sameIDs("operations by "+fieldsSet(by), operationIDs(k.load(by)), c.want...)
	}
	t.request.OperationID = t.operation.ID
	k.store(t.collection, t.request)
	by.OperationID = t.operation.ID
	k.sameIDs("operations, when all three are one", operationIDs(k.load(by)), t.operation.ID)

	// Once the session has no open operation, an ended one comes only by name.
	t.session.OperationID, t.operation.State, t.operation.EndedAt = "", payment.OperationSucceeded, k.tick()
	k.store(t.collection, t.session, t.operation)
	k.sameIDs("operations of a session without an open one", operationIDs(k.load(payment.Key{SessionID: t.session.ID})))
}

func loadOneOfEach(k *kit) {
	t := k.tree()
	rows := append(t.rows(), k.event(t.collection, 0), k.event(t.collection, 1))
	for range 3 {
		rows = append(rows, k.branch(t.collection).rows()...)
	}
	k.store(t.collection, rows...)
	d := k.newDelivery()
	d.SessionID, d.CollectionID = t.session.ID, t.collection.ID
	k.put(d)
	got := k.loadTree(t)
	k.sameTree(got, t)
	sameRows(k, "the request", got.Requests, t.request)
	if len(got.Events) != 0 || len(got.Deliveries) != 0 || got.Count != 0 || got.More {
		k.fail("Load brought events, deliveries, Count or More, which are List's")
	}
}
