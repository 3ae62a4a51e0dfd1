package memstore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// opened returns a store with a collection, and Changes for the next commit to it.
func opened(t *testing.T, n int) (*Store, *payment.Changes) {
	s := New()
	return s, open(t, s, n)
}

func open(t *testing.T, s *Store, n int) *payment.Changes {
	c := &payment.Changes{CollectionID: id("paycol", n), Collection: &payment.PaymentCollection{ID: id("paycol", n), CreatedAt: noon}}
	require.NoError(t, s.Commit(t.Context(), c))
	c.Version = 1
	return c
}

func newSession(c *payment.Changes, n int) *payment.PaymentSession {
	return &payment.PaymentSession{ID: id("payses", n), CollectionID: c.CollectionID, CreatedAt: noon.Add(time.Duration(n) * time.Second)}
}

func newCapture(c *payment.Changes, n int, reference string) *payment.Capture {
	return &payment.Capture{Entry: payment.Entry{ID: id("capt", n), CollectionID: c.CollectionID, PaymentID: id("pay", 1),
		Reference: reference, CreatedAt: noon}}
}

func newRefund(c *payment.Changes, n int, reference string) *payment.Refund {
	return &payment.Refund{Entry: payment.Entry{ID: id("ref", n), CollectionID: c.CollectionID, PaymentID: id("pay", 1),
		Reference: reference, CreatedAt: noon}}
}

func newEventRow(c *payment.Changes, n int, seq int64) *payment.Event {
	return &payment.Event{ID: id("evt", n), CollectionID: c.CollectionID, Seq: seq, At: noon}
}

func TestCommitRefusesWhatNoStoreCanKeep(t *testing.T) {
	big := payment.Data{"text": strings.Repeat("x", 60<<10)}
	cases := map[string]func(c *payment.Changes){
		"no collection":     func(c *payment.Changes) { c.Collection = nil },
		"no collection ID":  func(c *payment.Changes) { c.CollectionID, c.Collection = "", &payment.PaymentCollection{} },
		"a nil session":     func(c *payment.Changes) { c.Sessions = []*payment.PaymentSession{nil} },
		"a nil request":     func(c *payment.Changes) { c.Requests = []*payment.KeyedRequest{nil} },
		"a nil event":       func(c *payment.Changes) { c.Events = []*payment.Event{nil} },
		"no session ID":     func(c *payment.Changes) { c.Sessions = []*payment.PaymentSession{{CollectionID: c.CollectionID}} },
		"no request key":    func(c *payment.Changes) { c.Requests = []*payment.KeyedRequest{{CollectionID: c.CollectionID}} },
		"no ID of due work": func(c *payment.Changes) { c.Due = []payment.Due{{Kind: payment.DueSession, At: noon}} },
		"a session twice":   func(c *payment.Changes) { c.Sessions = []*payment.PaymentSession{newSession(c, 1), newSession(c, 1)} },
		"a capture twice":   func(c *payment.Changes) { c.Captures = []*payment.Capture{newCapture(c, 1, ""), newCapture(c, 1, "")} },
		"a request twice": func(c *payment.Changes) {
			r := &payment.KeyedRequest{CollectionID: c.CollectionID, Method: "m", Key: "k"}
			c.Requests = []*payment.KeyedRequest{r, r}
		},
		"due work twice": func(c *payment.Changes) {
			d := payment.Due{Kind: payment.DueSession, ID: "payses_1", At: noon}
			c.Due = []payment.Due{d, d}
		},
		"65 rows": func(c *payment.Changes) {
			for i := range 64 {
				c.Captures = append(c.Captures, newCapture(c, i, ""))
			}
		},
		"more than 1 MiB": func(c *payment.Changes) {
			for i := range 20 {
				r := newSession(c, i)
				r.Metadata = big
				c.Sessions = append(c.Sessions, r)
			}
		},
		"data that JSON cannot hold": func(c *payment.Changes) {
			r := newSession(c, 1)
			r.Data = payment.Data{"f": func() {}}
			c.Sessions = []*payment.PaymentSession{newSession(c, 2), r}
		},
		"private data that JSON cannot hold": func(c *payment.Changes) {
			c.Operations = []*payment.Operation{{ID: "op_1", CollectionID: c.CollectionID,
				Input: payment.NewPrivate(map[string]any{"f": func() {}})}}
		},
		"a next action that JSON cannot hold": func(c *payment.Changes) {
			r := newSession(c, 1)
			r.NextAction = &payment.NextAction{Data: payment.Data{"f": func() {}}}
			c.Sessions = []*payment.PaymentSession{r}
		},
	}
	for name, fill := range cases {
		t.Run(name, func(t *testing.T) {
			s, c := opened(t, 1)
			fill(c)
			require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrInvalid)
			requireUntouched(t, s)
		})
	}
	require.ErrorIs(t, New().Commit(t.Context(), nil), payment.ErrInvalid)
}

// requireUntouched requires that a store holds nothing but a collection at version 1.
func requireUntouched(t *testing.T, s *Store) {
	t.Helper()
	require.Len(t, s.collections, 1)
	require.EqualValues(t, 1, s.collections[id("paycol", 1)].row.Version)
	require.Empty(t, s.sessions)
	require.Empty(t, s.payments)
	require.Empty(t, s.captures)
	require.Empty(t, s.operations)
	require.Empty(t, s.collections[id("paycol", 1)].requests)
	require.Zero(t, s.lists.events.n)
	require.Empty(t, s.due)
}

func TestCommitTakesWhatJustFits(t *testing.T) {
	s, c := opened(t, 1)
	for i := range 63 {
		c.Captures = append(c.Captures, newCapture(c, i, id("ch", i)))
	}
	require.NoError(t, s.Commit(t.Context(), c))

	s, c = opened(t, 1)
	for i := range 16 { // less than 1 MiB, but too much for the bound to tell
		r := newSession(c, i)
		r.Metadata = payment.Data{"text": strings.Repeat("x", 60<<10)}
		c.Sessions = append(c.Sessions, r)
	}
	c.Payments = []*payment.Payment{{ID: "pay_1", CollectionID: c.CollectionID}}
	c.Captures = []*payment.Capture{newCapture(c, 1, "")}
	c.Refunds = []*payment.Refund{newRefund(c, 1, "")}
	c.Operations = []*payment.Operation{{ID: "op_1", CollectionID: c.CollectionID}}
	c.Requests = []*payment.KeyedRequest{{CollectionID: c.CollectionID, Key: "k"}}
	c.Events = []*payment.Event{newEventRow(c, 1, 64)}
	c.Due = []payment.Due{{Kind: payment.DueSession, ID: "payses_1", At: noon, Dead: []int64{1, 2}}}
	require.NoError(t, s.Commit(t.Context(), c))
}

func TestCommitRefusesRowsOfAnotherCollection(t *testing.T) {
	cases := map[string]func(c *payment.Changes, owner string){
		"session": func(c *payment.Changes, owner string) {
			c.Sessions = []*payment.PaymentSession{{ID: "x", CollectionID: owner}}
		},
		"payment": func(c *payment.Changes, owner string) {
			c.Payments = []*payment.Payment{{ID: "x", CollectionID: owner}}
		},
		"operation": func(c *payment.Changes, owner string) {
			c.Operations = []*payment.Operation{{ID: "x", CollectionID: owner}}
		},
		"capture": func(c *payment.Changes, owner string) {
			c.Captures = []*payment.Capture{{Entry: payment.Entry{ID: "x", CollectionID: owner}}}
		},
		"refund": func(c *payment.Changes, owner string) {
			c.Refunds = []*payment.Refund{{Entry: payment.Entry{ID: "x", CollectionID: owner}}}
		},
		"due": func(c *payment.Changes, owner string) {
			c.Due = []payment.Due{{Kind: payment.DueSession, ID: "x", CollectionID: owner, At: noon}}
		},
	}
	for name, fill := range cases {
		t.Run(name, func(t *testing.T) {
			s, c := opened(t, 1)
			fill(c, "paycol_other")
			require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate, "it says so itself")
			requireUntouched(t, s)

			other := open(t, s, 2)
			fill(other, other.CollectionID)
			require.NoError(t, s.Commit(t.Context(), other))
			fill(c, c.CollectionID)
			require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate, "the store says so")
			require.EqualValues(t, 1, s.collections[c.CollectionID].row.Version)
		})
	}
	t.Run("collection", func(t *testing.T) {
		s, c := opened(t, 1)
		c.Collection.ID = "paycol_other"
		require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate)
	})
	t.Run("event", func(t *testing.T) {
		s, c := opened(t, 1)
		c.Events = []*payment.Event{{ID: "x", CollectionID: "paycol_other"}}
		require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate)
	})
	t.Run("request", func(t *testing.T) {
		s, c := opened(t, 1)
		c.Requests = []*payment.KeyedRequest{{CollectionID: "paycol_other", Key: "k"}}
		require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate)
	})
}

func TestCommitComparesVersionsFirst(t *testing.T) {
	s, c := opened(t, 1)
	c.Events = []*payment.Event{newEventRow(c, 1, 64)}
	require.NoError(t, s.Commit(t.Context(), c))
	require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrConflict, "a repeated commit is a conflict, though its event is there too")
	for _, version := range []int64{-1, 0, 1, 3} {
		c.Version = version
		require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrConflict)
	}
	c.Version = 2
	require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate, "the event's Seq is taken")
	c.Events = []*payment.Event{newEventRow(c, 2, 128), newEventRow(c, 3, 128)}
	require.ErrorIs(t, s.Commit(t.Context(), c), payment.ErrDuplicate, "two events of one Seq")
	c.Collection.Version = 99
	c.Events = c.Events[:1]
	require.NoError(t, s.Commit(t.Context(), c))
	require.EqualValues(t, 99, c.Collection.Version, "what is passed in is not changed")
	require.EqualValues(t, 3, s.collections[c.CollectionID].row.Version)
}

func TestCommitComparesReferencesAsTheyWillBe(t *testing.T) {
	s, c := opened(t, 1)
	c.Captures = []*payment.Capture{newCapture(c, 1, "a"), newCapture(c, 2, "b"), newCapture(c, 3, ""), newCapture(c, 4, "")}
	c.Refunds = []*payment.Refund{newRefund(c, 1, "a"), newRefund(c, 2, "b")}
	require.NoError(t, s.Commit(t.Context(), c))
	commit := func() error {
		err := s.Commit(t.Context(), c)
		if err == nil {
			c.Version++
		}
		c.Captures, c.Refunds = nil, nil
		return err
	}
	c.Version = 2
	c.Captures = []*payment.Capture{newCapture(c, 1, "b"), newCapture(c, 2, "a")}
	c.Refunds = []*payment.Refund{newRefund(c, 1, "b"), newRefund(c, 2, "a")}
	require.NoError(t, commit(), "two rows change places")
	c.Captures = []*payment.Capture{newCapture(c, 5, "a")}
	require.ErrorIs(t, commit(), payment.ErrDuplicate)
	c.Refunds = []*payment.Refund{newRefund(c, 5, "a")}
	require.ErrorIs(t, commit(), payment.ErrDuplicate)
	c.Captures = []*payment.Capture{newCapture(c, 6, "c"), newCapture(c, 7, "c")}
	require.ErrorIs(t, commit(), payment.ErrDuplicate)
	c.Refunds = []*payment.Refund{newRefund(c, 6, "c"), newRefund(c, 7, "c")}
	require.ErrorIs(t, commit(), payment.ErrDuplicate)
	elsewhere := newCapture(c, 8, "a")
	elsewhere.PaymentID = id("pay", 2)
	c.Captures = []*payment.Capture{elsewhere}
	require.NoError(t, commit(), "another payment")
}

func TestCommitMovesRowsBetweenLists(t *testing.T) {
	s, c := opened(t, 1)
	row := &payment.Operation{ID: "op_1", CollectionID: c.CollectionID, SessionID: "payses_1", State: payment.OperationOpen, CreatedAt: noon}
	c.Operations = []*payment.Operation{row, {ID: "op_2", CollectionID: c.CollectionID, SessionID: "payses_1", CreatedAt: noon.Add(1000)}}
	commit := func() {
		t.Helper()
		require.NoError(t, s.Commit(t.Context(), c))
		c.Version++
	}
	list := func(f payment.Filter) (ids []string) {
		t.Helper()
		rows, err := s.List(t.Context(), payment.RowOperations, f, payment.Page{Limit: 10})
		require.NoError(t, err)
		for _, o := range rows.Operations {
			ids = append(ids, o.ID)
		}
		return ids
	}
	commit()
	require.Equal(t, []string{"op_1"}, list(payment.Filter{State: "open"}))
	row.State = payment.OperationNeedsAttention
	commit()
	require.Empty(t, list(payment.Filter{State: "open"}))
	require.Equal(t, []string{"op_1"}, list(payment.Filter{State: "needs_attention"}))
	row.State, row.SessionID, row.CreatedAt = payment.OperationFailed, "payses_2", noon.Add(time.Hour)
	commit()
	require.Empty(t, list(payment.Filter{State: "needs_attention"}))
	require.Equal(t, []string{"op_1"}, list(payment.Filter{State: "failed"}), "not indexed, but a filter")
	require.Equal(t, []string{"op_1"}, list(payment.Filter{SessionID: "payses_2"}))
	require.Equal(t, []string{"op_2"}, list(payment.Filter{SessionID: "payses_1"}))
	require.Equal(t, []string{"op_2", "op_1"}, list(payment.Filter{CollectionID: c.CollectionID}))
	require.Equal(t, []string{"op_2", "op_1"}, list(payment.Filter{}))
	require.Zero(t, s.lists.open.n+s.lists.attention.n)
}

func TestCommitMakesEventsDue(t *testing.T) {
	s, c := opened(t, 1)
	n := 0
	row := func() payment.Due { return s.findDue(payment.DueEvents, c.CollectionID).Due }
	commit := func(at time.Time) payment.Due {
		t.Helper()
		n++
		c.Events = []*payment.Event{newEventRow(c, n, int64(n)), newEventRow(c, n+1_000, int64(n+1_000))}
		c.Events[0].At = at
		require.NoError(t, s.Commit(t.Context(), c))
		c.Version++
		return row()
	}
	require.Nil(t, s.findDue(payment.DueEvents, c.CollectionID))
	require.Nil(t, s.findDue(payment.DueEvents, "paycol_other"))
	first := payment.Due{Kind: payment.DueEvents, CollectionID: c.CollectionID, ID: c.CollectionID, At: noon}
	require.Equal(t, first, commit(noon))
	require.Equal(t, first, commit(noon.Add(time.Hour)), "it was due before")
	require.Equal(t, first, commit(noon.Add(-time.Hour)), "likewise")
	parked := first
	parked.Seq, parked.Dead, parked.Tries, parked.At = 70, []int64{65}, 3, noon.Add(48*time.Hour)
	require.NoError(t, s.Done(t.Context(), payment.Due{
		Kind: payment.DueEvents, CollectionID: c.CollectionID, ID: c.CollectionID, At: noon, Seq: parked.Seq, Dead: parked.Dead, Tries: parked.Tries,
	}, parked.At))
	require.Equal(t, parked, row())
	require.Equal(t, parked, commit(noon.Add(time.Hour)), "a wait for another try goes on")

	parked.Seq = int64(n + 1_000)
	require.NoError(t, s.Done(t.Context(), parked, time.Time{}))
	q := s.due[payment.DueEvents]
	rested := parked
	rested.At = time.Time{}
	require.Equal(t, rested, row())
	require.Empty(t, q.heap)
	require.ErrorIs(t, s.Done(t.Context(), rested, noon), payment.ErrConflict, "nobody can have claimed it")
	want := rested
	want.At = noon.Add(2 * time.Hour)
	require.Equal(t, want, commit(want.At))
	require.Len(t, q.heap, 1)

	// Everything after Seq 1 is still to come: the next one's time counts, not the newest one's.
	late := want
	late.Seq = 1
	require.NoError(t, s.Done(t.Context(), late, time.Time{}))
	late.At = noon.Add(time.Hour)
	require.Equal(t, late, row())
}

func TestLoadPassesOverWhatLeadsNowhere(t *testing.T) {
	s, c := opened(t, 1)
	r := newSession(c, 1)
	r.ProviderID, r.Reference = "stripe", "pi_1"
	c.Sessions = []*payment.PaymentSession{r}
	c.Payments = []*payment.Payment{{ID: "pay_1", SessionID: r.ID, CollectionID: c.CollectionID}}
	c.Operations = []*payment.Operation{{ID: "op_1", SessionID: r.ID, CollectionID: c.CollectionID}}
	require.NoError(t, s.Commit(t.Context(), c))
	for _, key := range []payment.Key{
		{SessionID: "payses_none", PaymentID: "pay_none", OperationID: "op_none", ProviderID: "stripe", Reference: "pi_1"},
		{SessionID: "payses_none", PaymentID: "pay_none", OperationID: "op_1"},
		{SessionID: "payses_none", PaymentID: "pay_1"},
		{CollectionID: c.CollectionID, SessionID: "payses_none", ProviderID: "stripe", Reference: "pi_1"},
	} {
		rows, err := s.Load(t.Context(), key)
		require.NoError(t, err)
		require.Len(t, rows.Sessions, 1)
		require.Empty(t, rows.Payments, "it names the session, but the session does not name it")
	}
	for _, key := range []payment.Key{
		{}, {CollectionID: "none", SessionID: r.ID}, {SessionID: "none"}, {PaymentID: "none"}, {OperationID: "none"},
		{ProviderID: "stripe", Reference: "none"}, {ProviderID: "stripe"}, {Reference: "pi_1"}, {Method: "m", RequestKey: "k"},
	} {
		_, err := s.Load(t.Context(), key)
		require.ErrorIs(t, err, payment.ErrNotFound, fmt.Sprint(key))
		require.ErrorAs(t, err, new(*payment.NotFoundError))
	}
}

func TestReferencesThatSeveralSessionsHave(t *testing.T) {
	s, one := opened(t, 1)
	two := open(t, s, 2)
	put := func(c *payment.Changes, n int, reference string, at time.Time) {
		t.Helper()
		r := newSession(c, n)
		r.ProviderID, r.Reference, r.CreatedAt = "stripe", reference, at
		c.Sessions = []*payment.PaymentSession{r}
		require.NoError(t, s.Commit(t.Context(), c))
		c.Version++
	}
	found := func(c *payment.Changes) int {
		t.Helper()
		key := payment.Key{ProviderID: "stripe", Reference: "pi_1"}
		if c != nil {
			key.CollectionID = c.CollectionID
		}
		rows, err := s.Load(t.Context(), key)
		if err != nil || len(rows.Sessions) == 0 {
			return 0
		}
		var n int
		_, err = fmt.Sscanf(rows.Sessions[0].ID, "payses_%x", &n)
		require.NoError(t, err)
		return n
	}
	put(one, 2, "pi_1", noon.Add(time.Minute))
	require.Equal(t, []int{2, 2, 0}, []int{found(nil), found(one), found(two)})
	put(two, 3, "pi_1", noon.Add(time.Hour))
	require.Equal(t, []int{2, 2, 3}, []int{found(nil), found(one), found(two)})
	put(two, 1, "pi_1", noon)
	require.Equal(t, []int{1, 2, 1}, []int{found(nil), found(one), found(two)})
	put(two, 1, "pi_1", noon.Add(2*time.Minute))
	require.Equal(t, []int{2, 2, 1}, []int{found(nil), found(one), found(two)}, "it is no longer the oldest")
	put(one, 2, "pi_2", noon)
	require.Equal(t, []int{1, 0, 1}, []int{found(nil), found(one), found(two)})
	put(two, 1, "", noon)
	put(two, 3, "", noon)
	require.Equal(t, []int{0, 0, 0}, []int{found(nil), found(one), found(two)})
	put(one, 2, "", noon)
	require.Empty(t, s.references)
}

func TestRequestsAreFoundHoweverManyThereAre(t *testing.T) {
	var r requests
	for i := range 50 {
		for _, method := range []string{"a", "b"} {
			require.Nil(t, r.find(method, fmt.Sprint(i)))
			r.put(&payment.KeyedRequest{Method: method, Key: fmt.Sprint(i), Code: "old"})
			r.put(&payment.KeyedRequest{Method: method, Key: fmt.Sprint(i), Code: method})
		}
		for j := range i + 1 {
			require.Equal(t, "a", r.find("a", fmt.Sprint(j)).Code)
			require.Equal(t, "b", r.find("b", fmt.Sprint(j)).Code)
		}
	}
	require.Len(t, r.many, 100)
	require.Empty(t, r.few)
}
