package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

// TestListsByWhatNoIndexIsFor names fields that rows have, and which Filter does not name for their kind: a session's own ID is its SessionID, and its
// Status its State; a payment's own ID is its PaymentID. The Service never asks so. The stores answer the same nevertheless.
func TestListsByWhatNoIndexIsFor(t *testing.T) {
	s, _ := open(t, prepared)
	m := memstore.New()
	for n := range 2 {
		c := changes(n, 0, 0)
		x, p := session(n, 1), &payment.Payment{ID: id("pay", n), CollectionID: c.CollectionID, SessionID: id("payses", n<<16|1), ProviderID: "alpha", CreatedAt: noon}
		x.PaymentID, x.Status = p.ID, payment.StatusAuthorized
		c.Sessions, c.Payments = []*payment.PaymentSession{x, session(n, 2)}, []*payment.Payment{p}
		for i, state := range []payment.MovementState{payment.MovementPending, payment.MovementSucceeded} {
			entry := payment.Entry{CollectionID: c.CollectionID, SessionID: x.ID, PaymentID: p.ID, State: state, CreatedAt: noon}
			entry.ID = id("capt", n<<16|i)
			c.Captures = append(c.Captures, &payment.Capture{Entry: entry})
			entry.ID = id("ref", n<<16|i)
			c.Refunds = append(c.Refunds, &payment.Refund{Entry: entry})
		}
		require.NoError(t, s.Commit(t.Context(), c))
		require.NoError(t, m.Commit(t.Context(), c))
	}
	for _, kind := range []payment.RowKind{payment.RowCollections, payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds} {
		for _, f := range []payment.Filter{
			{SessionID: id("payses", 1)}, {SessionID: id("payses", 2)}, {SessionID: "none"}, {PaymentID: id("pay", 0)}, {PaymentID: id("pay", 1), ProviderID: "alpha"},
			{State: "authorized"}, {State: "pending"}, {State: "pending", SessionID: id("payses", 1)}, {State: "succeeded", CollectionID: id("paycol", 1)},
		} {
			page := payment.Page{Limit: 10, Count: true}
			want, err := m.List(t.Context(), kind, f, page)
			require.NoError(t, err)
			got, err := s.List(t.Context(), kind, f, page)
			require.NoError(t, err)
			require.Equal(t, idsOf(want), idsOf(got), "%s %+v", kind, f)
			require.Equal(t, want.Count, got.Count, "%s %+v", kind, f)
		}
	}
}

func idsOf(rows *payment.Rows) (all []string) {
	for _, r := range rows.Collections {
		all = append(all, r.ID)
	}
	for _, r := range rows.Sessions {
		all = append(all, r.ID)
	}
	for _, r := range rows.Payments {
		all = append(all, r.ID)
	}
	for _, r := range rows.Captures {
		all = append(all, r.ID)
	}
	for _, r := range rows.Refunds {
		all = append(all, r.ID)
	}
	return all
}
