package payment_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// reach calls found with the address of everything that can be changed through v: what maps, lists and pointers lead to.
func reach(v reflect.Value, path string, found func(path string, at uintptr)) {
	switch v.Type() {
	case reflect.TypeFor[decimal.Decimal](), reflect.TypeFor[time.Time](), reflect.TypeFor[payment.Private]():
		return // immutable
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			found(path, v.Pointer())
			reach(v.Elem(), path, found)
		}
	case reflect.Interface:
		if !v.IsNil() {
			reach(v.Elem(), path, found)
		}
	case reflect.Struct:
		for f, field := range v.Fields() {
			reach(field, path+"."+f.Name, found)
		}
	case reflect.Map:
		if !v.IsNil() {
			found(path, v.Pointer())
		}
		for _, k := range v.MapKeys() {
			reach(v.MapIndex(k), path+"."+k.String(), found)
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			found(path, v.Pointer())
		}
		for i := range v.Len() {
			reach(v.Index(i), path+"[]", found)
		}
	}
}

// TestNothingHandedOutIsKept looks for a way from what a method has returned, an error as well, to the rows that the next step is decided on.
func TestNothingHandedOutIsKept(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{}})
	ctx := t.Context()
	data := payment.Data{"list": []any{"a", payment.Data{"b": 1}}}
	kept := 0
	check := func(method string, returned any, err error) {
		t.Helper()
		if said, ok := errors.AsType[*payment.SessionError](err); ok {
			returned = said
		} else {
			require.NoError(t, err, method)
		}
		own := map[uintptr]string{}
		for _, rows := range s.KeptForTest() {
			kept++
			reach(reflect.ValueOf(rows), "kept", func(path string, at uintptr) { own[at] = path })
		}
		reach(reflect.ValueOf(returned), method, func(path string, at uintptr) {
			require.NotContains(t, own, at, "%s is %s", path, own[at])
		})
		require.NoError(t, keptRowsAgree(s.Service, s.store), method)
	}
	c, err := s.CreateCollection(ctx, payment.CreateCollectionParams{
		CurrencyCode: "EUR", Amount: dec("100"), ProviderIDs: []string{"sandbox", "manual"}, Metadata: data,
	})
	check("CreateCollection", c, err)
	c, err = s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: c.ID, ProviderIDs: &[]string{"manual", "sandbox"}, Metadata: &data})
	check("UpdateCollection", c, err)
	var sessions []*payment.PaymentSession
	for range 3 {
		x, err := s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("20"), Metadata: data})
		check("CreateSession", x, err)
		x, err = s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Metadata: &payment.Data{"a": "b"}})
		check("UpdateSession", x, err)
		sessions = append(sessions, x)
	}
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: sessions[1].ID, Input: payment.Data{"token": sandboxprovider.TokenDeclined}})
	require.ErrorIs(t, err, payment.ErrDeclined)
	check("AuthorizeSession, declined", nil, err)
	_, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: sessions[1].ID, Input: payment.Data{"token": sandboxprovider.Token3DS}})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	check("AuthorizeSession, to be confirmed", nil, err)
	x, err := s.CancelSession(ctx, payment.CancelSessionParams{SessionID: sessions[2].ID})
	check("CancelSession", x, err)
	p, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: sessions[0].ID})
	check("AuthorizeSession", p, err)
	for range 2 {
		p, err = s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("5"), Metadata: data})
		check("CapturePayment", p, err)
		p, err = s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("2"), Metadata: data})
		check("RefundPayment", p, err)
	}
	p, err = s.UpdatePayment(ctx, payment.UpdatePaymentParams{PaymentID: p.ID, Metadata: &data})
	check("UpdatePayment", p, err)
	p, err = s.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: p.ID})
	check("CancelPayment", p, err)
	require.Len(t, p.Captures, 2)
	require.Greater(t, kept, 15, "rows are kept after each of them")
}
