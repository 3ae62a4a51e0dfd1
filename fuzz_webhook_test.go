package payment_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// requireSound says that the rows can be true: nothing is given back that was not taken, nothing taken that was not authorized, nothing
// authorized that was not asked for, and a collection adds up to its sessions.
func (s *shop) requireSound(t *testing.T) {
	t.Helper()
	list := func(kind payment.RowKind) *payment.Rows {
		r, err := s.store.List(t.Context(), kind, payment.Filter{}, payment.Page{Limit: 1000})
		require.NoError(t, err)
		return r
	}
	sums := map[string]*totals{}
	sessions := map[string]*payment.PaymentSession{}
	for _, x := range list(payment.RowSessions).Sessions {
		if sums[x.CollectionID] == nil {
			sums[x.CollectionID] = &totals{}
		}
		sums[x.CollectionID].held = sums[x.CollectionID].held.Add(x.Held)
		sessions[x.ID] = x
		require.False(t, x.Held.IsNegative())
		require.False(t, x.Status == payment.StatusAuthorized && x.PaymentID == "")
	}
	for _, row := range list(payment.RowPayments).Payments {
		p := s.payment(row.ID)
		require.False(t, p.Refunded.IsNegative())
		require.True(t, p.Refunded.LessThanOrEqual(p.Captured), "refunded %s of %s", p.Refunded, p.Captured)
		require.True(t, p.Captured.Add(p.Released).LessThanOrEqual(p.Authorized), "captured %s, released %s of %s", p.Captured, p.Released, p.Authorized)
		require.True(t, p.Authorized.LessThanOrEqual(sessions[p.SessionID].Amount), "authorized %s of %s", p.Authorized, sessions[p.SessionID].Amount)
		require.False(t, p.Capturable.IsNegative())
		if !p.Unasked {
			c := sums[p.CollectionID]
			c.authorized, c.captured, c.refunded = c.authorized.Add(p.Authorized).Sub(p.Released), c.captured.Add(p.Captured), c.refunded.Add(p.Refunded)
		}
	}
	for id, sum := range sums {
		c := s.fresh(id)
		require.True(t, c.Authorized.Add(c.Held).LessThanOrEqual(c.Amount), "authorized %s and held %s of %s", c.Authorized, c.Held, c.Amount)
		equalAmount(t, sum.authorized.String(), c.Authorized)
		equalAmount(t, sum.held.String(), c.Held)
		equalAmount(t, sum.captured.String(), c.Captured)
		equalAmount(t, sum.refunded.String(), c.Refunded)
	}
}

// unsigned are seeds of messages that nobody has signed.
var unsigned = map[string]string{
	"": "", "t=1772366400,v1=00": "{}", "t=-1,v1=,v1=": `{"id":"evt_1"}`, "t=99999999999999999999,v1=zz": "\x00\xff", "v1=00,t=": "[]",
}

// Whatever arrives: no panic, nothing accepted that the gateway has not signed, nothing stored of what is refused, and no more than one row
// of what is accepted. What is signed may say anything: our rows stay sound.
func FuzzHandleWebhook(f *testing.F) {
	for header, body := range unsigned {
		f.Add(header, []byte(body), false)
	}
	for _, body := range []string{
		`{"id":"evt_1","type":"intent.authorized","session":"SESSION","intent":{"id":"int_000001","session":"SESSION","status":"requires_capture","currency":"EUR","amount":10000,"authorized":10000,"capturable":10000,"movements":[]}}`,
		`{"id":"evt_1","type":"capture.succeeded","session":"SESSION","intent":{"id":"int_000001","status":"succeeded","currency":"EUR","amount":10000,"authorized":10000,"movements":[{"id":"m","kind":"capture","amount":10000,"state":"succeeded"},{"id":"r","kind":"refund","amount":9999,"state":"succeeded"}]}}`,
		`{"id":"evt_1","type":"dispute.created","intent":{"id":"int_000001","status":"canceled","currency":"JPY","amount":-9223372036854775808},"dispute":{"id":"dp_1","amount":-1,"currency":"KWD"}}`,
		`{"id":"evt_\u0000","type":"x","key":"00000000000000000000000000000000","intent":{"id":"other","status":"processing","currency":"EUR"}}`,
	} {
		f.Add("", []byte(body), true)
		f.Add("", []byte(body), false)
	}
	f.Fuzz(func(t *testing.T, header string, body []byte, noStatus bool) {
		s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: noStatus}})
		x := s.processing("100")
		body = bytes.ReplaceAll(body, []byte("SESSION"), []byte(x.ID))
		kept := bytes.Clone(body)

		before := s.allRows()
		w := payment.WebhookRequest{Header: http.Header{sandboxprovider.SignatureHeader: {header}}, Body: body}
		_, err := s.HandleWebhook(t.Context(), "sandbox", w)
		if err != nil {
			require.ErrorIs(t, err, payment.ErrWebhookRefused)
			require.Equal(t, before, s.allRows())
		} else {
			_, mac, _ := strings.Cut(s.resign(w).Header.Get(sandboxprovider.SignatureHeader), "v1=")
			require.Contains(t, strings.ToLower(header), mac, "accepted without a signature")
		}

		before = s.allRows()
		_, err = s.HandleWebhook(t.Context(), "sandbox", s.resign(w))
		require.Equal(t, kept, body)
		if err != nil {
			require.ErrorIs(t, err, payment.ErrWebhookRefused)
			require.Equal(t, before, s.allRows())
			return
		}
		row, err := payment.EncodeRow(s.delivery())
		require.NoError(t, err)
		require.Less(t, len(row), payment.MaxDataBytes+4096)
		s.requireSound(t)
		if !noStatus {
			require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status, "the gateway says that it is processing, whatever is claimed")
		}
		for range 3 {
			s.reconcile(leaseOver)
			s.requireSound(t)
		}
	})
}
