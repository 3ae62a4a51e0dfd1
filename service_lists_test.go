package payment_test

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// page is one page of any list: the rows' IDs, the cursor and the count.
type page struct {
	ids    []string
	cursor string
	count  int
}

func pageOf[T any](l *payment.List[T], err error, id func(T) string) (page, error) {
	if err != nil {
		return page{}, err
	}
	p := page{cursor: l.Cursor, count: l.Count}
	for _, x := range l.Items {
		p.ids = append(p.ids, id(x))
	}
	return p, nil
}

// lists are all of them, by what they list.
func (s *shop) lists() map[string]func(payment.ListParams) (page, error) {
	ctx := s.t.Context()
	return map[string]func(payment.ListParams) (page, error){
		"collections": func(p payment.ListParams) (page, error) {
			l, err := s.ListCollections(ctx, p)
			return pageOf(l, err, func(x *payment.PaymentCollection) string { return x.ID })
		},
		"sessions": func(p payment.ListParams) (page, error) {
			l, err := s.ListSessions(ctx, p)
			return pageOf(l, err, func(x *payment.PaymentSession) string { return x.ID })
		},
		"payments": func(p payment.ListParams) (page, error) {
			l, err := s.ListPayments(ctx, p)
			return pageOf(l, err, func(x *payment.Payment) string { return x.ID })
		},
		"captures": func(p payment.ListParams) (page, error) {
			l, err := s.ListCaptures(ctx, p)
			return pageOf(l, err, func(x *payment.Capture) string { return x.ID })
		},
		"refunds": func(p payment.ListParams) (page, error) {
			l, err := s.ListRefunds(ctx, p)
			return pageOf(l, err, func(x *payment.Refund) string { return x.ID })
		},
		"operations": func(p payment.ListParams) (page, error) {
			l, err := s.ListOperations(ctx, p)
			return pageOf(l, err, func(x *payment.Operation) string { return x.ID })
		},
		"events": func(p payment.ListParams) (page, error) {
			l, err := s.ListEvents(ctx, p)
			return pageOf(l, err, func(x *payment.Event) string { return x.ID })
		},
	}
}

// all walks a list to its end.
func all(t *testing.T, list func(payment.ListParams) (page, error), p payment.ListParams) []string {
	t.Helper()
	var ids []string
	for {
		got, err := list(p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(got.ids), max(p.Limit, 20))
		ids = append(ids, got.ids...)
		if p.Cursor = got.cursor; p.Cursor == "" {
			return ids
		}
		require.NotEmpty(t, got.ids)
	}
}

// flows makes n collections, each with all kinds of rows; two of them at each moment.
func (s *shop) flows(n int) (collections []string) {
	for i := range n {
		p := s.paid("sandbox", "100", "USD")
		_, err := s.capture(p, "60")
		require.NoError(s.t, err)
		_, err = s.refund(p, "10")
		require.NoError(s.t, err)
		collections = append(collections, p.CollectionID)
		if i%2 == 1 {
			s.clock.Advance(time.Second)
		}
	}
	return collections
}

func TestLists(t *testing.T) {
	s := newShop(t, options{})
	const n = 25
	s.flows(n)
	for kind, list := range s.lists() {
		t.Run(kind, func(t *testing.T) {
			first, err := list(payment.ListParams{Count: true})
			require.NoError(t, err)
			require.Len(t, first.ids, 20) // by default
			total := n * map[string]int{"operations": 4, "events": 5}[kind]
			if total == 0 {
				total = n
			}
			require.Equal(t, total, first.count)
			first, err = list(payment.ListParams{})
			require.NoError(t, err)
			require.Zero(t, first.count) // not asked for
			oldest := all(t, list, payment.ListParams{Limit: 7})
			require.Len(t, oldest, total)
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(oldest))), total) // each once
			newest := all(t, list, payment.ListParams{Limit: 7, Descending: true})
			slices.Reverse(newest)
			require.Equal(t, oldest, newest)
			require.Equal(t, oldest, all(t, list, payment.ListParams{Limit: 100}))
			require.Equal(t, oldest, all(t, list, payment.ListParams{Limit: 1}))

			skipped, err := list(payment.ListParams{Offset: 5, Limit: 3, Count: true})
			require.NoError(t, err)
			require.Equal(t, oldest[5:8], skipped.ids)
			require.Equal(t, total, skipped.count)
			beyond, err := list(payment.ListParams{Offset: 10000})
			require.NoError(t, err)
			require.Empty(t, beyond.ids)
			require.Empty(t, beyond.cursor)

			// From counts, To does not; the zone does not matter.
			start := newClock().at
			zone := time.FixedZone("", 7*3600)
			one := payment.ListParams{From: start.Add(2 * time.Second).In(zone), To: start.Add(3 * time.Second).In(zone), Limit: 100, Count: true}
			some, err := list(one)
			require.NoError(t, err)
			require.Len(t, some.ids, 2*total/n)
			require.Equal(t, 2*total/n, some.count)
			require.Equal(t, oldest[4*total/n:6*total/n], some.ids)
		})
	}
}

// A row that comes while pages are turned shifts none of them.
func TestPagesDoNotShift(t *testing.T) {
	s := newShop(t, options{})
	s.flows(6)
	for kind, list := range s.lists() {
		t.Run(kind, func(t *testing.T) {
			before := all(t, list, payment.ListParams{Descending: true, Limit: 100})
			got, err := list(payment.ListParams{Descending: true, Limit: 2})
			require.NoError(t, err)
			s.clock.Advance(time.Minute)
			s.flows(1)
			rest := all(t, list, payment.ListParams{Descending: true, Limit: 100, Cursor: got.cursor})
			require.Equal(t, before, append(got.ids, rest...))
		})
	}
}

// One filter at a time: it finds its own, or is refused where the kind of row has no such field.
func TestFilters(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	ids := s.flows(3)
	manual := s.paid("manual", "100", "USD")
	c := s.fresh(ids[1])
	sessions, err := s.ListSessions(ctx, payment.ListParams{CollectionID: c.ID})
	require.NoError(t, err)
	session := sessions.Items[0]
	counts := map[string]map[string]int{ // -1: refused
		"CollectionID": {"collections": -1, "sessions": 1, "payments": 1, "captures": 1, "refunds": 1, "operations": 4, "events": 5},
		"SessionID":    {"collections": -1, "sessions": -1, "payments": 1, "captures": 1, "refunds": 1, "operations": 4, "events": -1},
		"PaymentID":    {"collections": -1, "sessions": -1, "payments": -1, "captures": 1, "refunds": 1, "operations": -1, "events": -1},
		"ProviderID":   {"collections": -1, "sessions": 1, "payments": 1, "captures": -1, "refunds": -1, "operations": -1, "events": -1},
		"State":        {"collections": -1, "sessions": -1, "payments": -1, "captures": -1, "refunds": -1, "operations": 0, "events": -1},
	}
	params := map[string]payment.ListParams{
		"CollectionID": {CollectionID: c.ID}, "SessionID": {SessionID: session.ID}, "PaymentID": {PaymentID: session.PaymentID},
		"ProviderID": {ProviderID: "manual"}, "State": {State: payment.OperationOpen},
	}
	for field, kinds := range counts {
		for kind, want := range kinds {
			got, err := s.lists()[kind](params[field])
			if want < 0 {
				requireInvalid(t, err, field, "is no filter of "+kind)
				continue
			}
			require.NoError(t, err)
			require.Len(t, got.ids, want, "%s by %s", kind, field)
		}
	}
	for kind, list := range s.lists() { // what does not exist is nowhere
		for field, p := range map[string]payment.ListParams{
			"CollectionID": {CollectionID: "paycol_1"}, "SessionID": {SessionID: "x\x00"}, "PaymentID": {PaymentID: "\xff"}, "ProviderID": {ProviderID: "stripe"},
		} {
			if counts[field][kind] >= 0 {
				got, err := list(p)
				require.NoError(t, err)
				require.Empty(t, got.ids)
			}
		}
	}
	// Several at once.
	got, err := s.lists()["payments"](payment.ListParams{CollectionID: manual.CollectionID, SessionID: manual.SessionID, ProviderID: "manual"})
	require.NoError(t, err)
	require.Equal(t, []string{manual.ID}, got.ids)
	got, err = s.lists()["payments"](payment.ListParams{CollectionID: manual.CollectionID, ProviderID: "sandbox"})
	require.NoError(t, err)
	require.Empty(t, got.ids)
	// Payments come without their captures and refunds here.
	payments, err := s.ListPayments(ctx, payment.ListParams{})
	require.NoError(t, err)
	require.Nil(t, payments.Items[0].Captures)
	equalAmount(t, "60", payments.Items[0].Captured)
	// What is open, and what was hidden.
	s.gateway.FailNext(sandboxprovider.MethodRefund, sandboxprovider.Fault{Kind: sandboxprovider.FaultRequestLost})
	_, err = s.refund(payments.Items[0], "1")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	open, err := s.lists()["operations"](payment.ListParams{State: payment.OperationOpen})
	require.NoError(t, err)
	require.Len(t, open.ids, 1)
	hidden := s.session(s.collection("1", "USD"), "manual", "1")
	require.NoError(t, s.DeleteSession(ctx, hidden.ID))
	for including, want := range map[bool]int{false: 0, true: 1} {
		got, err := s.lists()["sessions"](payment.ListParams{CollectionID: hidden.CollectionID, IncludeDeleted: including, Count: true})
		require.NoError(t, err)
		require.Len(t, got.ids, want)
		require.Equal(t, want, got.count)
	}
}

func TestListsRefuse(t *testing.T) {
	s := newShop(t, options{})
	s.flows(3)
	for kind, list := range s.lists() {
		for _, bad := range []struct {
			field, rule string
			params      payment.ListParams
		}{
			{"Limit", "must be 1 to 100", payment.ListParams{Limit: -1}},
			{"Limit", "must be 1 to 100", payment.ListParams{Limit: 101}},
			{"Offset", "must be 0 to 10,000; use Cursor to go further", payment.ListParams{Offset: -1}},
			{"Offset", "must be 0 to 10,000; use Cursor to go further", payment.ListParams{Offset: 10001}},
		} {
			_, err := list(bad.params)
			requireInvalid(t, err, bad.field, bad.rule)
		}
		for _, c := range []string{
			"x", "!", "\x00", strings.Repeat("x", 513), strings.Repeat("x", 1<<20), "null", "{}", base64.RawURLEncoding.EncodeToString([]byte("null")),
			base64.RawURLEncoding.EncodeToString([]byte(`{"i":"x"}`)), base64.RawURLEncoding.EncodeToString([]byte(`[]`)),
		} {
			_, err := list(payment.ListParams{Cursor: c})
			requireInvalid(t, err, "Cursor", "is not a cursor of this list: begin again without one")
			require.Less(t, len(err.Error()), 120, kind)
		}
	}
	for _, state := range []payment.OperationState{"succeeded", "failed", "x"} {
		_, err := s.lists()["operations"](payment.ListParams{State: state})
		requireInvalid(t, err, "State", "must be open or needs_attention")
	}
}

// A cursor belongs to its list: the kind, the filters, the order and the merchant.
func TestCursorsOfOtherLists(t *testing.T) {
	s := newShop(t, options{config: payment.Config{Namespace: "shop-1"}})
	ids := s.flows(3)
	cursors := map[string]string{}
	for kind, list := range s.lists() {
		got, err := list(payment.ListParams{Limit: 1})
		require.NoError(t, err)
		cursors[kind] = got.cursor
		for _, other := range []payment.ListParams{
			{Descending: true}, {From: s.clock.Now().Add(-time.Hour)}, {To: s.clock.Now().Add(time.Hour)}, {IncludeDeleted: true}, {CollectionID: ids[0]},
		} {
			if other.CollectionID != "" && kind == "collections" {
				continue
			}
			other.Cursor = got.cursor
			_, err := list(other)
			requireInvalid(t, err, "Cursor", "is not a cursor of this list")
		}
		// How many there are on a page may change, and whether they are counted.
		_, err = list(payment.ListParams{Cursor: got.cursor, Limit: 50, Count: true})
		require.NoError(t, err)
		_, err = s.anotherProcess(payment.Config{Namespace: "shop-2"}).lists()[kind](payment.ListParams{Cursor: got.cursor})
		requireInvalid(t, err, "Cursor", "is not a cursor of this list")
		_, err = s.anotherProcess(payment.Config{Namespace: "shop-1"}).lists()[kind](payment.ListParams{Cursor: got.cursor})
		require.NoError(t, err)
	}
	for kind, list := range s.lists() {
		for other, cursor := range cursors {
			if other != kind {
				_, err := list(payment.ListParams{Cursor: cursor})
				requireInvalid(t, err, "Cursor", "is not a cursor of this list")
			}
		}
	}
}

// Events of one collection come in the order in which they happened, though their moment is the same.
func TestEventsInOrder(t *testing.T) {
	s := newShop(t, options{})
	c := s.fresh(s.flows(1)[0])
	want := []payment.EventKind{
		payment.EventCollectionCreated, payment.EventSessionCreated, payment.EventPaymentAuthorized, payment.EventCaptureSucceeded, payment.EventRefundSucceeded,
	}
	require.Equal(t, want, s.eventKinds(t, c.ID))
	var kinds []payment.EventKind
	var seqs []int64
	for p := (payment.ListParams{CollectionID: c.ID, Limit: 2}); ; {
		l, err := s.ListEvents(t.Context(), p)
		require.NoError(t, err)
		for _, e := range l.Items {
			kinds, seqs = append(kinds, e.Kind), append(seqs, e.Seq)
		}
		if p.Cursor = l.Cursor; p.Cursor == "" {
			break
		}
	}
	require.Equal(t, want, kinds)
	require.True(t, slices.IsSorted(seqs))
}

// The store's failure is the list's.
func TestListsWithTheContextEnded(t *testing.T) {
	s := newShop(t, options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.ListCollections(ctx, payment.ListParams{})
	require.ErrorIs(t, err, context.Canceled)
}
