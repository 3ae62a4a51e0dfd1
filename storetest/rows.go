package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

const (
	comeBackEqual = "They come back equal"
	copied        = "Rows are copied in and out: neither side sees the other's later changes."
)

func rowCases() []testCase {
	return []testCase{
		{"Rows/every field of every row", comeBackEqual, rowsFull},
		{"Rows/every field in lists", comeBackEqual, rowsFullListed},
		{"Rows/zero fields", comeBackEqual, rowsZero},
		{"Rows/texts", comeBackEqual, rowsTexts},
		{"Rows/times", "times in UTC cut to microseconds", rowsTimes},
		{"Rows/decimals", "decimals by value", rowsDecimals},
		{"Rows/data", "Data as [NormalizeData] makes it", rowsData},
		{"Rows/numbers in data", "Data as [NormalizeData] makes it", rowsNumbers},
		{"Rows/large data", "Data as [NormalizeData] makes it", rowsLarge},
		{"Rows/private", "Private with its content", rowsPrivate},
		{
			"Rows/payments without their movements",
			"Payment.Captures and Payment.Refunds are not kept: those rows are their own.", rowsMovements,
		},
		{"Rows/copied into Commit", copied, rowsCopiedIn},
		{"Rows/unchanged by Commit", "c is not changed.", rowsUnchanged},
		{"Rows/copied out of Load", copied, rowsCopiedOut},
		{"Rows/copied out of List", copied, rowsCopiedOutOfList},
	}
}

// full makes a tree and an event of it with every field filled.
func (k *kit) full() (*tree, *payment.Event) {
	k.t.Helper()
	b := &branch{
		session: new(payment.PaymentSession), payment: new(payment.Payment), capture: new(payment.Capture), refund: new(payment.Refund),
		operation: new(payment.Operation), request: new(payment.KeyedRequest),
	}
	t, e := &tree{new(payment.PaymentCollection), b}, new(payment.Event)
	for _, row := range append(b.rows(), t.collection, e) {
		k.fill(row)
	}
	t.collection.Version = 0
	t.link(e)
	return t, e
}

// link makes the rows of a tree, and an event, name each other.
func (t *tree) link(e *payment.Event) {
	id, s, p, o := t.collection.ID, t.session, t.payment, t.operation
	s.CollectionID, s.PaymentID, s.OperationID = id, p.ID, o.ID
	p.CollectionID, p.SessionID, p.ProviderID = id, s.ID, s.ProviderID
	for _, entry := range []*payment.Entry{&t.capture.Entry, &t.refund.Entry} {
		entry.CollectionID, entry.SessionID, entry.PaymentID, entry.OperationID = id, s.ID, p.ID, o.ID
	}
	o.CollectionID, o.SessionID, o.ProviderID = id, s.ID, s.ProviderID
	t.request.CollectionID, t.request.SessionID, t.request.OperationID = id, s.ID, o.ID
	e.CollectionID, e.SessionID, e.PaymentID, e.EntryID, e.OperationID = id, s.ID, p.ID, t.refund.ID, o.ID
}

// sameTree fails the case when a Load does not bring exactly this tree.
func (k *kit) sameTree(got *payment.Rows, want *tree) {
	k.t.Helper()
	sameRows(k, "the collection", got.Collections, want.collection)
	sameRows(k, "the session", got.Sessions, want.session)
	sameRows(k, "the payment", got.Payments, want.payment)
	sameRows(k, "the capture", got.Captures, want.capture)
	sameRows(k, "the refund", got.Refunds, want.refund)
	sameRows(k, "the operation", got.Operations, want.operation)
}

// sameRows fails the case when rows are not exactly those wanted, in this order.
func sameRows[T any](k *kit, what string, got []*T, want ...*T) {
	k.t.Helper()
	if len(got) != len(want) {
		k.fail("%s: got %d rows, want %d", what, len(got), len(want))
	}
	for i := range want {
		k.same(what, got[i], want[i])
	}
}

// loadTree loads all of a tree.
func (k *kit) loadTree(t *tree) *payment.Rows {
	k.t.Helper()
	return k.load(payment.Key{
		CollectionID: t.collection.ID, SessionID: t.session.ID, Method: t.request.Method, RequestKey: t.request.Key,
	})
}

// listEvents lists a collection's events.
func (k *kit) listEvents(collection *payment.PaymentCollection) []*payment.Event {
	k.t.Helper()
	return k.list(payment.RowEvents, payment.Filter{CollectionID: collection.ID}, payment.Page{Limit: 100}).Events
}

func rowsFull(k *kit) {
	t, e := k.full()
	k.store(t.collection, append(t.rows(), e)...)
	got := k.loadTree(t)
	k.sameTree(got, t)
	sameRows(k, "the request", got.Requests, t.request)
	sameRows(k, "the event", k.listEvents(t.collection), e)

	// The same through an update.
	t = k.refilled(t)
	k.store(t.collection, t.rows()...)
	got = k.loadTree(t)
	k.sameTree(got, t)
	sameRows(k, "the request", got.Requests, t.request)
}

// refilled makes a tree with the IDs of a stored one and every other field filled with something else.
func (k *kit) refilled(t *tree) *tree {
	k.t.Helper()
	other, e := k.full()
	other.collection.ID, other.collection.Version = t.collection.ID, t.collection.Version
	other.session.ID, other.payment.ID, other.operation.ID = t.session.ID, t.payment.ID, t.operation.ID
	other.capture.ID, other.refund.ID = t.capture.ID, t.refund.ID
	other.request.Method, other.request.Key = t.request.Method, t.request.Key
	other.link(e)
	return other
}

func rowsFullListed(k *kit) {
	t, e := k.full()
	k.store(t.collection, append(t.rows(), e)...)
	d := new(payment.Delivery)
	k.fill(d)
	d.Version = 0
	k.put(d)
	k.sameTree(k.listTree(t), t)
	sameRows(k, "the event", k.list(payment.RowEvents, payment.Filter{}, payment.Page{Limit: 2}).Events, e)
	sameRows(k, "the delivery", k.list(payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 2}).Deliveries, d)
}

// listTree brings a tree together from lists.
func (k *kit) listTree(t *tree) *payment.Rows {
	k.t.Helper()
	f, p := payment.Filter{CollectionID: t.collection.ID, IncludeDeleted: true}, payment.Page{Limit: 10}
	return &payment.Rows{
		Collections: k.list(payment.RowCollections, f, p).Collections,
		Sessions:    k.list(payment.RowSessions, f, p).Sessions,
		Payments:    k.list(payment.RowPayments, f, p).Payments,
		Captures:    k.list(payment.RowCaptures, f, p).Captures,
		Refunds:     k.list(payment.RowRefunds, f, p).Refunds,
		Operations:  k.list(payment.RowOperations, f, p).Operations,
	}
}

func rowsZero(k *kit) {
	t := k.stored()
	got := k.loadTree(t)
	k.sameTree(got, t)
	if c := got.Collections[0]; c.ProviderIDs != nil || c.Metadata != nil {
		k.fail("a nil list or map came back as %#v and %#v", c.ProviderIDs, c.Metadata)
	}
	if s := got.Sessions[0]; s.Accepted != nil || s.NextAction != nil || !s.Private.IsEmpty() || !s.DeletedAt.IsZero() {
		k.fail("a nil list, a nil NextAction, an empty Private or a zero time came back as something else")
	}
	// What is emptied is nil, and so is what is empty without being nil.
	for _, accepted := range [][]string{{"captured=1.00"}, {}} {
		t.session.Accepted = accepted
		k.store(t.collection, t.session)
		k.same("the session", k.loadTree(t).Sessions[0], t.session)
	}
	if accepted := k.loadTree(t).Sessions[0].Accepted; accepted != nil {
		k.fail("an empty list came back as %#v", accepted)
	}
}

func rowsTexts(k *kit) {
	t := k.tree()
	for i, text := range []string{
		"漢字 العربية 🏦 e\u0301 é \u2028", `"quoted" 'single' \back\slash\ %s %d {{.}} $1 ?`, "<b>&amp;</b>", " spaces around ", "line\r\nline\ttab",
		"'; DROP TABLE payments; --", "null", strings.Repeat("long ", 400), "\ufeff\ufffd\x7f",
	} {
		t.session.Reason, t.refund.Note, t.operation.Message, t.capture.CreatedBy = text, text, text, text
		t.operation.ResolvedBy, t.operation.ResolvedNote = text, text
		t.session.Metadata = payment.Data{text: text, "": text}
		t.session.Private = payment.NewPrivate(payment.Data{text: []any{text}})
		short := strings.ToValidUTF8(text[:min(200, len(text))], "")
		t.session.Reference, t.request.Key = short, fmt.Sprint(short, i)
		t.session.Accepted = []string{short, "captured=1,000.00", "", short}
		e := k.event(t.collection, 0)
		e.Notice, e.Reference = short, short
		k.store(t.collection, append(t.rows(), e)...)
		got := k.loadTree(t)
		k.sameTree(got, t)
		sameRows(k, "the request", got.Requests, t.request)
		k.same("the event", k.listEvents(t.collection)[i], e)
	}
}

func rowsTimes(k *kit) {
	t := k.tree()
	// 400 ns are cut and rounded alike.
	east := time.Date(2024, 2, 29, 23, 59, 59, 123456400, time.FixedZone("east", 14*3600))
	west := time.Date(2024, 3, 1, 0, 0, 0, 400, time.FixedZone("west", -(9*3600+1800)))
	t.collection.CreatedAt, t.collection.UpdatedAt, t.collection.CompletedAt = east, west, time.Now().Truncate(time.Microsecond)
	t.session.CreatedAt, t.session.ExpiresAt = west, time.Date(2199, 12, 31, 23, 59, 59, 999999000, time.UTC)
	t.session.NextAction = &payment.NextAction{Kind: payment.ActionWait, RetryAfter: 15, ExpiresAt: east}
	t.payment.CapturedAt, t.payment.CaptureBefore = east, west
	t.capture.CreatedAt, t.refund.ReturnedAt = east, west
	t.operation.LeaseUntil, t.operation.CreatedAt, t.operation.ResolvedAt = east, west, east
	t.request.CreatedAt = east
	e := k.event(t.collection, 0)
	e.At = east
	k.store(t.collection, append(t.rows(), e)...)
	got := k.loadTree(t)
	k.sameTree(got, t)
	k.sameTree(k.listTree(t), t)
	sameRows(k, "the request", got.Requests, t.request)
	sameRows(k, "the event", k.listEvents(t.collection), e)
	d := k.newDelivery()
	d.ReceivedAt, d.HandledAt = east, west
	k.put(d)
	k.same("the delivery", k.delivery(d.ID), d)
	due := payment.Due{Kind: payment.DueSession, CollectionID: t.collection.ID, ID: t.session.ID, At: east}
	k.store(t.collection, due)
	due.At = west
	k.sameDue(k.claim(payment.DueSession, east.Add(time.Second), west, 10), due)
}

func rowsDecimals(k *kit) {
	t := k.tree()
	for _, text := range []string{
		"0", "0.0000", "0.0001", "0.01", "1.50", "10.9900", "99.9999", "1E+3", "12E-4", "0.1", "0.3", "16777217.01", "123456789.1234",
		"9007199254740993", "9223372036854775807", "922337203685477.5807", "9223372036854775807.1234", "70000000000000000000.01",
	} {
		amount := decimal.RequireFromString(text)
		t.collection.Amount, t.session.Held, t.payment.Released = amount, amount, amount
		t.capture.Amount, t.refund.Amount, t.operation.Held = amount, amount, amount
		e := k.event(t.collection, 0)
		e.Amount = amount
		k.store(t.collection, append(t.rows(), e)...)
		k.sameTree(k.loadTree(t), t)
		events := k.listEvents(t.collection)
		k.same("the event", events[len(events)-1], e)
	}
}

func rowsData(k *kit) {
	t := k.tree()
	for _, data := range []payment.Data{
		{},
		{"int": 5, "float": 0.25, "strings": []string{"a", "b"}, "struct": struct{ A int }{7}, "data": payment.Data{"n": int64(1)}},
		{"empty": map[string]any{}, "list": []any{}, "null": nil, "false": false, "text": "", "zero": json.Number("0")},
		{"exponents": []any{json.Number("1e21"), json.Number("1.50E+2"), json.Number("25e-9"), json.Number("1e127"), json.Number("1e-126"), 1e22}},
		{"no negative zero": []any{json.Number("-0"), json.Number("-0.00"), json.Number("-0.50")}},
		{"a.b": "dot", "a": map[string]any{"b": "nested"}, "A": "upper", "ä": "umlaut", "": "no name", "$key": "dollar"},
		{"deep": []any{[]any{[]any{map[string]any{"deeper": []any{nil, true, json.Number("1"), "x", map[string]any{"y": []any{}}}}}}}},
	} {
		normal, err := payment.NormalizeData(data)
		if err != nil {
			k.fail("storetest made no data: %s", err)
		}
		t.collection.Metadata, t.session.Data, t.session.Metadata = data, data, data
		t.session.NextAction = &payment.NextAction{Kind: payment.ActionClientSDK, Data: data}
		t.payment.Data, t.capture.Metadata, t.refund.Metadata, t.operation.Data = data, data, data, data
		k.store(t.collection, t.rows()...)
		t.collection.Metadata, t.session.Data, t.session.Metadata, t.session.NextAction.Data = normal, normal, normal, normal
		t.payment.Data, t.capture.Metadata, t.refund.Metadata, t.operation.Data = normal, normal, normal, normal
		k.sameTree(k.loadTree(t), t)
		k.sameTree(k.listTree(t), t)
	}
}

func rowsNumbers(k *kit) {
	t := k.tree()
	numbers := payment.Data{"list": []any{json.Number("9007199254740993"), json.Number("-9007199254740993")}}
	for i, n := range []json.Number{
		"0", "-1", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
		"123456789012345678901234567890", "0.1", "1.50", "3.141592653589793238462643383279",
	} {
		numbers[fmt.Sprintf("n%d", i)] = n
	}
	t.collection.Metadata, t.session.Data, t.session.Private = numbers, numbers, payment.NewPrivate(numbers)
	t.payment.Metadata, t.capture.Metadata, t.operation.Input = numbers, numbers, payment.NewPrivate(numbers)
	k.store(t.collection, t.rows()...)
	k.sameTree(k.loadTree(t), t)
}

func rowsLarge(k *kit) {
	t := k.tree()
	// 60 KiB in one text, and in many small values.
	t.session.Data = payment.Data{"text": strings.Repeat("0123456789abcdef", 60<<6)}
	many := make([]any, 4000)
	for i := range many {
		many[i] = fmt.Sprintf("%08d", i)
	}
	t.session.Private = payment.NewPrivate(payment.Data{"many": many})
	k.store(t.collection, t.rows()...)
	k.sameTree(k.loadTree(t), t)
}

func rowsPrivate(k *kit) {
	t := k.tree()
	t.session.Private = payment.NewPrivate(payment.Data{"secret": "the session's"})
	t.session.Context = payment.NewPrivate(payment.Data{"email": "zoe@example.com"})
	t.operation.Private = payment.NewPrivate(payment.Data{"secret": "the operation's"})
	t.operation.Context = payment.NewPrivate(payment.Data{"address": map[string]any{"city": "Bern"}})
	t.operation.Input = payment.NewPrivate(payment.Data{"token": "tok_1"})
	k.store(t.collection, t.rows()...)
	k.sameTree(k.loadTree(t), t)
	k.sameTree(k.listTree(t), t)
	d := k.newDelivery()
	d.Body = payment.NewPrivate(payment.Data{"body": `{"id":"evt_1"}`})
	k.put(d)
	k.same("the delivery", k.delivery(d.ID), d)
}

func rowsMovements(k *kit) {
	t := k.tree()
	t.payment.Captures, t.payment.Refunds = []*payment.Capture{t.capture}, []*payment.Refund{t.refund, k.refund(t.payment)}
	k.store(t.collection, t.session, t.payment)
	got := k.load(payment.Key{SessionID: t.session.ID})
	if len(got.Captures)+len(got.Refunds) != 0 {
		k.fail("a commit stored %d captures and %d refunds that stood only in the payment", len(got.Captures), len(got.Refunds))
	}
	k.store(t.collection, t.capture, t.refund)
	for _, got := range []*payment.Rows{k.load(payment.Key{SessionID: t.session.ID}), k.listTree(t)} {
		sameRows(k, "the payment", got.Payments, t.payment)
		sameRows(k, "the capture", got.Captures, t.capture)
		sameRows(k, "the refund", got.Refunds, t.refund)
	}
}

func rowsCopiedIn(k *kit) {
	t, e := k.full()
	want, wantEvent := k.twinTree(t), k.twin(e).(*payment.Event)
	c := changes(t.collection, append(t.rows(), e)...)
	k.commit(c)
	want.collection.Version = 1
	for _, row := range append(t.rows(), t.collection, e) {
		scramble(row)
	}
	clear(c.Sessions)
	clear(c.Operations)
	clear(c.Events)
	got := k.loadTree(want)
	k.sameTree(got, want)
	sameRows(k, "the request", got.Requests, want.request)
	sameRows(k, "the event", k.listEvents(want.collection), wantEvent)
}

// twinTree copies a tree.
func (k *kit) twinTree(t *tree) *tree {
	k.t.Helper()
	return &tree{k.twin(t.collection).(*payment.PaymentCollection), &branch{
		session: k.twin(t.session).(*payment.PaymentSession), payment: k.twin(t.payment).(*payment.Payment),
		capture: k.twin(t.capture).(*payment.Capture), refund: k.twin(t.refund).(*payment.Refund),
		operation: k.twin(t.operation).(*payment.Operation), request: k.twin(t.request).(*payment.KeyedRequest),
	}}
}

func rowsUnchanged(k *kit) {
	t, e := k.full()
	t.payment.Captures = []*payment.Capture{t.capture}
	for range 2 { // an insert and an update
		due := k.due(t.collection, payment.DueOperation, 5)
		c := changes(t.collection, append(t.rows(), e, due)...)
		want, wantEvent := k.twinTree(t), k.twin(e).(*payment.Event)
		k.need(k.s.Commit(k.ctx(), c), "Commit")
		if c.Version != want.collection.Version || c.CollectionID != want.collection.ID || c.Collection != t.collection ||
			len(c.Sessions) != 1 || len(c.Events) != 1 || !slices.Equal(c.Captures, []*payment.Capture{t.capture}) {
			k.fail("Commit changed its argument: %+v", c)
		}
		if t.payment.Captures == nil {
			k.fail("Commit emptied the caller's Payment.Captures")
		}
		got := *t.payment
		got.Captures = nil
		k.sameTree(&payment.Rows{
			Collections: []*payment.PaymentCollection{t.collection}, Sessions: c.Sessions, Payments: []*payment.Payment{&got},
			Captures: c.Captures, Refunds: c.Refunds, Operations: c.Operations,
		}, want)
		sameRows(k, "the caller's request", c.Requests, want.request)
		sameRows(k, "the caller's event", c.Events, wantEvent)
		k.same("the caller's due work", &c.Due[0], &due)
		t.collection.Version++
		e.ID, e.Seq = k.id("evt"), e.Seq+64
	}
}

func rowsCopiedOut(k *kit) {
	t, _ := k.full()
	k.store(t.collection, t.rows()...)
	for range 2 {
		got := k.loadTree(t)
		k.sameTree(got, t)
		sameRows(k, "the request", got.Requests, t.request)
		k.scrambleRows(got)
	}
	k.sameTree(k.listTree(t), t)
}

// scrambleRows changes all that a store returned.
func (k *kit) scrambleRows(r *payment.Rows) {
	scrambleAll(r.Collections)
	scrambleAll(r.Sessions)
	scrambleAll(r.Payments)
	scrambleAll(r.Captures)
	scrambleAll(r.Refunds)
	scrambleAll(r.Operations)
	scrambleAll(r.Requests)
	scrambleAll(r.Events)
	scrambleAll(r.Deliveries)
}

func scrambleAll[T any](rows []*T) {
	for _, row := range rows {
		scramble(row)
	}
	clear(rows)
}

func rowsCopiedOutOfList(k *kit) {
	t, e := k.full()
	k.store(t.collection, append(t.rows(), e)...)
	for range 2 {
		got := k.listTree(t)
		k.sameTree(got, t)
		k.scrambleRows(got)
		events := k.list(payment.RowEvents, payment.Filter{}, payment.Page{Limit: 2})
		sameRows(k, "the event", events.Events, e)
		k.scrambleRows(events)
	}
	k.sameTree(k.loadTree(t), t)
}
