package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

func commitCases() []testCase {
	const (
		conflict = "The error is ErrConflict when the version has moved, is missing, or exists though c.Version is 0"
		seq      = "ErrDuplicate when an event's Seq is taken"
		movement = "a movement's Reference stands in another row of the payment and kind"
		request  = "a request exists though c.NewRequests is set"
		foreign  = "or a row belongs to another collection"
		whole    = "Commit writes all of c or nothing, if the collection's version is c.Version"
	)
	return []testCase{
		{"Commit/inserts at version 0", "the collection's version that this was decided on; 0 inserts", commitInserts},
		{"Commit/next version", "the collection is stored with c.Version+1", commitNextVersion},
		{"Commit/upserts rows", "upsert by ID", commitUpserts},
		{"Commit/upserts requests", "upsert by Method and Key", commitUpsertsRequests},
		{"Commit/new request", request, commitNewRequests},
		{"Commit/leaves other rows", "Nothing is ever deleted.", commitLeavesOthers},
		{"Commit/version has moved", conflict, commitMoved},
		{"Commit/version is missing", conflict, commitVersionMissing},
		{"Commit/version exists", conflict, commitExists},
		{"Commit/repeated", "the caller repeats the same Changes", commitRepeated},
		{"Commit/event Seq taken", seq, commitSeqTaken},
		{"Commit/event Seq twice at once", seq, commitSeqTwice},
		{"Commit/event Seq of its collection", seq, commitSeqElsewhere},
		{"Commit/reference taken", movement, commitReferenceTaken},
		{"Commit/reference twice at once", movement, commitReferenceTwice},
		{"Commit/reference not taken", movement, commitReferenceFree},
		{"Commit/row of another collection", foreign, commitForeign},
		{"Commit/row that names another collection", foreign, commitMisnamed},
		{"Commit/nothing on a conflict", whole, func(k *kit) { k.commitHalf(payment.ErrConflict, (*kit).spoilVersion) }},
		{"Commit/nothing on a taken Seq", whole, func(k *kit) { k.commitHalf(payment.ErrDuplicate, (*kit).spoilSeq) }},
		{"Commit/nothing on a taken reference", whole, func(k *kit) { k.commitHalf(payment.ErrDuplicate, (*kit).spoilReference) }},
		{"Commit/nothing with a foreign row", whole, func(k *kit) { k.commitHalf(payment.ErrDuplicate, (*kit).spoilRow) }},
		{"Commit/what Check refuses", "a [Store]'s Commit begins with it", commitChecked},
		{"Commit/64 rows", "At most 64 rows and 1 MiB.", commitLargest},
		{"Commit/too many bytes", "At most 64 rows and 1 MiB.", commitTooLarge},
	}
}

func commitInserts(k *kit) {
	t := k.tree()
	k.store(t.collection, t.rows()...)
	if v := k.loadCollection(t.collection.ID).Version; v != 1 {
		k.fail("an inserted collection has version %d, want 1", v)
	}
	// Another one is none of its business, and needs no rows.
	bare := k.collection()
	k.store(bare)
	k.brings(payment.Key{CollectionID: bare.ID}, bare, nil)
}

func commitNextVersion(k *kit) {
	t := k.stored()
	for want := int64(2); want < 6; want++ {
		t.collection.Amount = decimal.New(want, 0)
		k.store(t.collection)
		k.same("the collection", k.loadCollection(t.collection.ID), t.collection)
	}
	// What the row itself says about its version does not count.
	c := changes(t.collection)
	c.Collection.Version = 77
	k.commit(c)
	if v := k.loadCollection(t.collection.ID).Version; v != c.Version+1 {
		k.fail("after a commit with Changes.Version %d and a row that said 77, the stored version is %d", c.Version, v)
	}
}

func commitUpserts(k *kit) {
	t, e := k.full()
	k.store(t.collection, append(t.rows(), e)...)
	for range 2 {
		t = k.refilled(t)
		more := k.branch(t.collection) // inserted beside what is updated
		k.store(t.collection, append(t.rows(), more.rows()...)...)
		k.sameTree(k.load(payment.Key{SessionID: t.session.ID}), t)
		k.brings(payment.Key{SessionID: more.session.ID}, t.collection, more)
	}
	k.sameIDs("events", ids(k.listEvents(t.collection), func(e *payment.Event) string { return e.ID }), e.ID)
}

func commitUpsertsRequests(k *kit) {
	t := k.stored()
	k.store(t.collection, &payment.KeyedRequest{
		CollectionID: t.collection.ID, Method: "RefundPayment", Key: t.request.Key, Fingerprint: strings.Repeat("0b", 32), CreatedAt: k.tick(),
	})
	next := k.operation(t.session, payment.OperationSucceeded)
	t.request.OperationID, t.request.Code = next.ID, "declined"
	k.store(t.collection, next, t.request)
	got := k.loadTree(t)
	sameRows(k, "the request", got.Requests, t.request)
	k.sameIDs("operations", operationIDs(got), t.operation.ID, next.ID)
	other := k.load(payment.Key{CollectionID: t.collection.ID, Method: "RefundPayment", RequestKey: t.request.Key})
	if len(other.Requests) != 1 || other.Requests[0].Code != "" {
		k.fail("an update of one request changed that of another method with the same key")
	}
}

func commitNewRequests(k *kit) {
	t := k.stored()
	other := &payment.KeyedRequest{
		CollectionID: t.collection.ID, Method: "RefundPayment", Key: t.request.Key, Fingerprint: strings.Repeat("0b", 32), CreatedAt: k.tick(),
	}
	again := *t.request
	again.Code = "declined"
	by := payment.Key{CollectionID: t.collection.ID, Method: other.Method, RequestKey: other.Key}
	for _, requests := range [][]any{{&again}, {other, &again}} {
		c := changes(t.collection, requests...)
		c.NewRequests = true
		k.refused(c, payment.ErrDuplicate, "Commit of a request that is there, as a new one")
		sameRows(k, "the request", k.loadTree(t).Requests, t.request)
		sameRows(k, "the other request", k.load(by).Requests)
	}
	c := changes(t.collection, other)
	c.NewRequests = true
	k.commit(c)
	sameRows(k, "the new request", k.load(by).Requests, other)
	k.refused(c, payment.ErrConflict, "Commit of the same Changes again")
}

func commitLeavesOthers(k *kit) {
	t := k.tree()
	e := k.event(t.collection, 0)
	k.store(t.collection, append(t.rows(), e)...)
	k.store(t.collection)
	k.store(t.collection, k.session(t.collection))
	got := k.loadTree(t)
	k.sameTree(got, t)
	sameRows(k, "the request", got.Requests, t.request)
	sameRows(k, "the event", k.listEvents(t.collection), e)
}

func commitMoved(k *kit) {
	t := k.stored()
	k.store(t.collection)
	for _, version := range []int64{1, 3, 4, -1} {
		c := changes(t.collection)
		c.Version = version
		k.refused(c, payment.ErrConflict, "Commit on version %d of a collection with version 2", version)
	}
	k.same("the collection", k.loadCollection(t.collection.ID), t.collection)
}

func commitVersionMissing(k *kit) {
	t := k.tree()
	c := t.changes()
	c.Version = 1
	k.refused(c, payment.ErrConflict, "Commit on version 1 of a collection that does not exist")
	_, err := k.s.Load(k.ctx(), payment.Key{CollectionID: t.collection.ID})
	k.want(err, payment.ErrNotFound, "Load after a refused commit")
}

func commitExists(k *kit) {
	t := k.stored()
	for range 2 {
		again := *t.collection
		again.Version, again.Amount = 0, decimal.New(1, 0)
		k.refused(changes(&again, k.session(&again)), payment.ErrConflict, "Commit on version 0 of a collection that exists")
		k.same("the collection", k.loadCollection(t.collection.ID), t.collection)
		k.store(t.collection)
	}
}

func commitRepeated(k *kit) {
	t := k.tree()
	for _, what := range []string{"an insert", "an update"} {
		c := changes(t.collection, append(t.rows(), k.event(t.collection, 0), k.due(t.collection, payment.DueOperation, 1))...)
		k.commit(c)
		c.Collection.Version = c.Version
		k.refused(c, payment.ErrConflict, "%s, committed again", what)
		c.Collection.Version = c.Version + 1
		k.sameTree(k.loadTree(t), t)
	}
	if n := len(k.listEvents(t.collection)); n != 2 {
		k.fail("after two commits with an event each, both repeated, there are %d events", n)
	}
}

func commitSeqTaken(k *kit) {
	t := k.stored()
	first := k.event(t.collection, 3)
	k.store(t.collection, first)
	again := k.event(t.collection, 0)
	again.Seq = first.Seq
	k.refused(changes(t.collection, again), payment.ErrDuplicate, "Commit of another event with Seq %d", again.Seq)
	k.refused(changes(t.collection, first), payment.ErrDuplicate, "Commit of the same event again")
	k.same("the collection", k.loadCollection(t.collection.ID), t.collection)
	sameRows(k, "the event", k.listEvents(t.collection), first)
}

func commitSeqTwice(k *kit) {
	t := k.stored()
	a, b := k.event(t.collection, 0), k.event(t.collection, 0)
	k.refused(changes(t.collection, a, b), payment.ErrDuplicate, "Commit of two events with Seq %d", a.Seq)
	k.same("the collection", k.loadCollection(t.collection.ID), t.collection)
	sameRows(k, "the events", k.listEvents(t.collection))
}

func commitSeqElsewhere(k *kit) {
	one, other := k.stored(), k.stored()
	a, b := k.event(one.collection, 3), k.event(other.collection, 3)
	b.Seq = a.Seq
	k.store(one.collection, a)
	k.store(other.collection, b)
	sameRows(k, "the event", k.listEvents(one.collection), a)
	sameRows(k, "the event", k.listEvents(other.collection), b)
}

func commitReferenceTaken(k *kit) {
	t := k.stored()
	c, r := k.capture(t.payment), k.refund(t.payment)
	c.Reference, r.Reference = t.capture.Reference, t.refund.Reference
	k.refused(changes(t.collection, c), payment.ErrDuplicate, "Commit of a second capture with one Reference")
	k.refused(changes(t.collection, r), payment.ErrDuplicate, "Commit of a second refund with one Reference")
	// Rows that are there already, and get the Reference later.
	c.Reference, r.Reference = "", ""
	k.store(t.collection, c, r)
	taken := *c
	taken.Reference = t.capture.Reference
	k.refused(changes(t.collection, &taken), payment.ErrDuplicate, "Commit of a capture that takes the Reference of another")
	got := k.load(payment.Key{SessionID: t.session.ID})
	sameRows(k, "the captures", got.Captures, t.capture, c)
	sameRows(k, "the refunds", got.Refunds, t.refund, r)
}

func commitReferenceTwice(k *kit) {
	t := k.stored()
	a, b := k.capture(t.payment), k.capture(t.payment)
	b.Reference = a.Reference
	k.refused(changes(t.collection, a, b), payment.ErrDuplicate, "Commit of two new captures with one Reference")
	sameRows(k, "the captures", k.load(payment.Key{SessionID: t.session.ID}).Captures, t.capture)
}

func commitReferenceFree(k *kit) {
	t := k.stored()
	// The other kind, another payment, another case of letters, none at all, and the row itself.
	refund := k.refund(t.payment)
	refund.Reference = t.capture.Reference
	sibling := k.branch(t.collection)
	sibling.capture.Reference, sibling.refund.Reference = t.capture.Reference, t.refund.Reference
	upper, empty, empty2 := k.capture(t.payment), k.capture(t.payment), k.capture(t.payment)
	upper.Reference, empty.Reference, empty2.Reference = strings.ToUpper(t.capture.Reference), "", ""
	t.capture.State = payment.MovementFailed
	k.store(t.collection, append(sibling.rows(), refund, t.capture, upper, empty, empty2)...)
	k.store(t.collection, t.capture, empty, empty2)
	k.brings(payment.Key{SessionID: sibling.session.ID}, t.collection, sibling)
	got := k.load(payment.Key{SessionID: t.session.ID})
	sameRows(k, "the captures", got.Captures, t.capture, upper, empty, empty2)
	sameRows(k, "the refunds", got.Refunds, t.refund, refund)
}

func commitForeign(k *kit) {
	owner, thief := k.stored(), k.stored()
	foreign := k.branch(owner.collection)
	k.store(owner.collection, foreign.rows()...)
	for _, row := range []any{foreign.session, foreign.payment, foreign.capture, foreign.refund, foreign.operation} {
		stolen := k.twin(row)
		switch row := stolen.(type) {
		case *payment.PaymentSession:
			row.CollectionID = thief.collection.ID
		case *payment.Payment:
			row.CollectionID, row.SessionID = thief.collection.ID, thief.session.ID
		case *payment.Capture:
			row.CollectionID, row.SessionID, row.PaymentID = thief.collection.ID, thief.session.ID, thief.payment.ID
		case *payment.Refund:
			row.CollectionID, row.SessionID, row.PaymentID = thief.collection.ID, thief.session.ID, thief.payment.ID
		case *payment.Operation:
			row.CollectionID, row.SessionID = thief.collection.ID, thief.session.ID
		}
		k.refused(changes(thief.collection, stolen), payment.ErrDuplicate, "Commit of a %T that another collection has", row)
	}
	due := payment.Due{Kind: payment.DueSession, CollectionID: owner.collection.ID, ID: foreign.session.ID, At: k.tick()}
	k.store(owner.collection, due)
	stolen := due
	stolen.CollectionID, stolen.At = thief.collection.ID, time.Time{}
	k.refused(changes(thief.collection, stolen), payment.ErrDuplicate, "Commit that ends work of another collection")
	stolen.At = k.tick()
	k.refused(changes(thief.collection, stolen), payment.ErrDuplicate, "Commit of work that another collection has")
	k.sameDue(k.claim(payment.DueSession, due.At, due.At, 10), due)
	k.same("the collection", k.loadCollection(thief.collection.ID), thief.collection)
	k.sameTree(k.load(payment.Key{SessionID: foreign.session.ID}), &tree{owner.collection, foreign})
	k.sameTree(k.load(payment.Key{SessionID: thief.session.ID}), thief)
}

func commitMisnamed(k *kit) {
	t, other := k.stored(), k.stored()
	next := k.event(t.collection, 0)
	next.CollectionID = other.collection.ID
	astray := k.branch(other.collection) // of the other, though it was not stored there either
	for _, row := range append(astray.rows(), next) {
		k.refused(changes(t.collection, row), payment.ErrDuplicate, "Commit of a %T that names another collection", row)
	}
	k.unwritten(t, astray, payment.DueOperation)
	k.unwritten(other, astray, payment.DueOperation)
}

// spoiled is one way in which no store may write Changes.
type spoiled struct {
	what  string
	spoil func(*payment.Changes)
}

// spoiledRows puts into a list of Changes, which is not empty, what may not be there.
func spoiledRows[T any](list string, of func(*payment.Changes) *[]*T, id func(*T) *string) []spoiled {
	return []spoiled{
		{"a nil row in " + list, func(c *payment.Changes) { *of(c) = append(*of(c), nil) }},
		{"a row that is twice in " + list, func(c *payment.Changes) {
			again := *(*of(c))[0]
			*of(c) = append(*of(c), &again)
		}},
		{"a row without an ID in " + list, func(c *payment.Changes) {
			none := *(*of(c))[0]
			*id(&none) = ""
			*of(c) = append(*of(c), &none)
		}},
	}
}

func commitChecked(k *kit) {
	t := k.stored()
	more := k.branch(t.collection)
	all := slices.Concat(
		spoiledRows("Sessions", func(c *payment.Changes) *[]*payment.PaymentSession { return &c.Sessions }, func(r *payment.PaymentSession) *string { return &r.ID }),
		spoiledRows("Payments", func(c *payment.Changes) *[]*payment.Payment { return &c.Payments }, func(r *payment.Payment) *string { return &r.ID }),
		spoiledRows("Captures", func(c *payment.Changes) *[]*payment.Capture { return &c.Captures }, func(r *payment.Capture) *string { return &r.ID }),
		spoiledRows("Refunds", func(c *payment.Changes) *[]*payment.Refund { return &c.Refunds }, func(r *payment.Refund) *string { return &r.ID }),
		spoiledRows("Operations", func(c *payment.Changes) *[]*payment.Operation { return &c.Operations }, func(r *payment.Operation) *string { return &r.ID }),
		spoiledRows("Requests", func(c *payment.Changes) *[]*payment.KeyedRequest { return &c.Requests }, func(r *payment.KeyedRequest) *string { return &r.Key }),
		spoiledRows("Events", func(c *payment.Changes) *[]*payment.Event { return &c.Events }, func(r *payment.Event) *string { return &r.ID }),
		[]spoiled{
			{"no collection", func(c *payment.Changes) { c.Collection = nil }},
			{"no CollectionID", func(c *payment.Changes) { c.CollectionID = "" }},
			{"work that is there twice", func(c *payment.Changes) { c.Due = append(c.Due, c.Due[0]) }},
			{"work without an ID", func(c *payment.Changes) { c.Due[0].ID = "" }},
			{"work without a kind", func(c *payment.Changes) { c.Due[0].Kind = "" }},
			{"work of events", func(c *payment.Changes) { c.Due[0].Kind = payment.DueEvents }},
			{"65 rows", func(c *payment.Changes) {
				for range payment.MaxChangesRows - 8 { // with the 9 that are there
					c.Sessions = append(c.Sessions, k.session(t.collection))
				}
			}},
		},
	)
	for _, s := range all {
		c := changes(t.collection, append(more.rows(), k.event(t.collection, 0), k.due(t.collection, payment.DueOperation, 1))...)
		s.spoil(c)
		k.refused(c, payment.ErrInvalid, "Commit of %s", s.what)
	}
	k.unwritten(t, more, payment.DueOperation)
}

// commitHalf commits new rows of every kind, with one thing in it for which all have to be refused.
func (k *kit) commitHalf(target error, spoil func(*kit, *tree, *payment.Changes)) {
	k.t.Helper()
	t := k.tree()
	k.store(t.collection, append(t.rows(), k.event(t.collection, 1))...)
	t.session.Reason, t.refund.Note = "before", "before"
	k.store(t.collection, t.session, t.refund)
	k.quiet(t)

	more := k.branch(t.collection)
	// What is refused stands last in its list, and rows of other kinds before and behind it.
	c := changes(t.collection, append(more.rows(), k.event(t.collection, 1), k.due(t.collection, payment.DueOperation, 1))...)
	changed, session, refund := *t.collection, *t.session, *t.refund
	changed.Amount, session.Reason, refund.Note = decimal.New(4711, 0), "after", "after"
	c.Collection, c.Sessions, c.Refunds = &changed, append(c.Sessions, &session), append(c.Refunds, &refund)
	spoil(k, t, c)
	k.refused(c, target, "Commit of rows of every kind")
	k.unwritten(t, more, payment.DueOperation)
	k.sameTree(k.load(payment.Key{SessionID: t.session.ID}), t)
}

// quiet finishes the work that the events of a tree made due.
func (k *kit) quiet(t *tree) {
	k.t.Helper()
	for _, d := range k.claim(payment.DueEvents, k.soon(0), k.soon(1), 10) {
		d.Seq = t.collection.Version*64 + 63
		k.done(d, time.Time{})
	}
}

func (k *kit) spoilVersion(_ *tree, c *payment.Changes) { c.Version-- }

func (k *kit) spoilSeq(t *tree, c *payment.Changes) {
	taken := k.event(t.collection, 2)
	taken.Seq = 64 + 1
	c.Events = append(c.Events, taken)
}

func (k *kit) spoilReference(t *tree, c *payment.Changes) {
	taken := k.refund(t.payment)
	taken.Reference = t.refund.Reference
	c.Refunds = append(c.Refunds, taken)
}

func (k *kit) spoilRow(_ *tree, c *payment.Changes) {
	foreign := *k.stored().operation
	foreign.CollectionID, foreign.SessionID = c.CollectionID, c.Sessions[0].ID
	c.Operations = append(c.Operations, &foreign)
}

// unwritten fails the case when anything of a refused commit is there: the tree's collection in another form than the caller holds,
// a row of the branch, an event of the next version, or due work of a kind.
func (k *kit) unwritten(t *tree, b *branch, due payment.DueKind) {
	k.t.Helper()
	k.same("the collection of a refused commit", k.loadCollection(t.collection.ID), t.collection)
	for _, by := range []payment.Key{
		{SessionID: b.session.ID}, {PaymentID: b.payment.ID}, {OperationID: b.operation.ID},
		{ProviderID: "alpha", Reference: b.session.Reference}, {Method: b.request.Method, RequestKey: b.request.Key},
	} {
		by.CollectionID = t.collection.ID
		got := k.brings(by, t.collection, nil)
		if n := len(got.Operations) + len(got.Requests); n > 0 {
			k.fail("Load(%s) brought %d operations and requests of a refused commit", fieldsSet(by), n)
		}
	}
	listed := k.listTree(t)
	for _, there := range []struct {
		kind payment.RowKind
		id   string
		ids  []string
	}{
		{payment.RowSessions, b.session.ID, ids(listed.Sessions, func(r *payment.PaymentSession) string { return r.ID })},
		{payment.RowPayments, b.payment.ID, ids(listed.Payments, func(r *payment.Payment) string { return r.ID })},
		{payment.RowCaptures, b.capture.ID, ids(listed.Captures, func(r *payment.Capture) string { return r.ID })},
		{payment.RowRefunds, b.refund.ID, ids(listed.Refunds, func(r *payment.Refund) string { return r.ID })},
		{payment.RowOperations, b.operation.ID, ids(listed.Operations, func(r *payment.Operation) string { return r.ID })},
	} {
		if slices.Contains(there.ids, there.id) {
			k.fail("List(%s) brings a row of a refused commit", there.kind)
		}
	}
	for _, e := range k.listEvents(t.collection) {
		if e.Seq >= (t.collection.Version+1)*64 {
			k.fail("an event of a refused commit is there")
		}
	}
	if n := len(k.claim(due, at(1), at(2), 10)); n > 0 {
		k.fail("due work of a refused commit is there")
	}
	for _, d := range k.claim(payment.DueEvents, k.soon(0), k.soon(1), 10) {
		if d.ID == t.collection.ID {
			k.fail("a refused commit made the collection's events due")
		}
	}
}

func commitLargest(k *kit) {
	collection := k.collection()
	c := changes(collection)
	want := map[string]bool{}
	for i := range 63 {
		s := k.session(collection)
		if i < 15 { // 15 × 60 KiB: not far from 1 MiB
			s.Data = payment.Data{"text": strings.Repeat(fmt.Sprintf("%08d", i), 60<<7)}
		}
		c.Sessions = append(c.Sessions, s)
		want[s.ID] = true
	}
	k.commit(c)
	rows := k.list(payment.RowSessions, payment.Filter{CollectionID: collection.ID}, payment.Page{Limit: 100})
	for _, s := range rows.Sessions {
		delete(want, s.ID)
	}
	if len(want) > 0 || len(rows.Sessions) != 63 {
		k.fail("of a commit of 64 rows, %d sessions are missing and %d are there", len(want), len(rows.Sessions))
	}
	k.same("a session", k.load(payment.Key{SessionID: c.Sessions[7].ID}).Sessions[0], c.Sessions[7])
}

// commitTooLarge goes three times beyond the limit, so that it is met whatever the encoding.
func commitTooLarge(k *kit) {
	t := k.stored()
	var rows []any
	for i := range 50 {
		s := k.session(t.collection)
		s.Data = payment.Data{"text": strings.Repeat(fmt.Sprintf("%08d", i), 60<<7)}
		rows = append(rows, s)
	}
	k.refused(changes(t.collection, rows...), payment.ErrInvalid, "Commit of 3,000 KiB")
	k.same("the collection", k.loadCollection(t.collection.ID), t.collection)
	k.sameIDs("the sessions", k.rowIDs(payment.RowSessions, k.list(payment.RowSessions, payment.Filter{}, payment.Page{Limit: 9})), t.session.ID)
}
