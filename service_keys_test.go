package payment_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// keyed is one method that takes an IdempotencyKey, as functions that set it up and call it.
type keyed struct {
	method sandboxprovider.Method // what the gateway gets; empty where it gets nothing
	setUp  func(s *shop) any      // makes what the call is on, and returns parameters that succeed
	call   func(s *shop, params any) (any, error)
	others map[string]any // for each field of the parameters another value that would succeed as well
	scopes string         // the field that says whose keys they are
}

func keyedMethods() map[string]keyed {
	private := func(v string) payment.Private { return payment.NewPrivate(payment.Data{"email": v}) }
	return map[string]keyed{
		"CreateCollection": {
			setUp: func(*shop) any {
				return payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("100"), IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.CreateCollection(s.t.Context(), p.(payment.CreateCollectionParams))
			},
			others: map[string]any{
				"CurrencyCode": "EUR", "Amount": dec("100.01"), "ProviderIDs": []string{"manual"}, "Metadata": payment.Data{"a": 1},
			},
		},
		"UpdateCollection": {
			setUp: func(s *shop) any {
				return payment.UpdateCollectionParams{CollectionID: s.collection("100", "USD").ID, Amount: amount("90"), IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.UpdateCollection(s.t.Context(), p.(payment.UpdateCollectionParams))
			},
			others: map[string]any{
				"Amount": amount("100.01"), "ProviderIDs": &[]string{"manual"}, "Metadata": &payment.Data{"a": 1},
			},
			scopes: "CollectionID",
		},
		"CreateSession": {
			method: sandboxprovider.MethodCreate,
			setUp: func(s *shop) any {
				return payment.CreateSessionParams{CollectionID: s.collection("100", "USD").ID, ProviderID: "sandbox", Amount: dec("40"), IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.CreateSession(s.t.Context(), p.(payment.CreateSessionParams))
			},
			others: map[string]any{
				"ProviderID": "manual", "Amount": dec("40.01"), "CurrencyCode": "USD", "Context": private("a@example.com"), "Input": payment.Data{"a": 1},
				"Metadata": payment.Data{"a": 1}, "Supersede": []string{"payses_1"}, "KeepAuthorized": true,
			},
			scopes: "CollectionID",
		},
		"UpdateSession": {
			method: sandboxprovider.MethodUpdate,
			setUp: func(s *shop) any {
				return payment.UpdateSessionParams{SessionID: s.session(s.collection("100", "USD"), "sandbox", "40").ID, Amount: amount("50"), IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.UpdateSession(s.t.Context(), p.(payment.UpdateSessionParams))
			},
			others: map[string]any{
				"Amount": amount("50.01"), "Context": new(private("a@example.com")), "Input": payment.Data{"a": 1}, "Metadata": &payment.Data{"a": 1},
			},
			scopes: "SessionID",
		},
		"AuthorizeSession": {
			method: sandboxprovider.MethodConfirm,
			setUp: func(s *shop) any {
				return payment.AuthorizeSessionParams{SessionID: s.session(s.collection("100", "USD"), "sandbox", "40").ID, IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.AuthorizeSession(s.t.Context(), p.(payment.AuthorizeSessionParams))
			},
			others: map[string]any{"Input": token("tok_visa")},
			scopes: "SessionID",
		},
		"CancelSession": {
			method: sandboxprovider.MethodCancel,
			setUp: func(s *shop) any {
				return payment.CancelSessionParams{SessionID: s.session(s.collection("100", "USD"), "sandbox", "40").ID, IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.CancelSession(s.t.Context(), p.(payment.CancelSessionParams))
			},
			scopes: "SessionID",
			others: map[string]any{"KeepAuthorized": true},
		},
		"CapturePayment": {
			method: sandboxprovider.MethodCapture,
			setUp: func(s *shop) any {
				return payment.CapturePaymentParams{PaymentID: s.paid("sandbox", "100", "USD").ID, Amount: amount("40"), IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.CapturePayment(s.t.Context(), p.(payment.CapturePaymentParams))
			},
			others: map[string]any{"Amount": amount("40.01"), "Final": true, "Metadata": payment.Data{"a": 1}},
			scopes: "PaymentID",
		},
		"RefundPayment": {
			method: sandboxprovider.MethodRefund,
			setUp: func(s *shop) any {
				p, err := s.capture(s.paid("sandbox", "100", "USD"), "")
				require.NoError(s.t, err)
				_, err = s.CreateRefundReason(s.t.Context(), payment.RefundReasonParams{Code: "broken", Label: "It was broken"})
				require.NoError(s.t, err)
				return payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("40"), IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				params := p.(payment.RefundPaymentParams)
				if params.ReasonID == "broken" { // its ID is not known beforehand
					reasons, err := s.ListRefundReasons(s.t.Context())
					require.NoError(s.t, err)
					params.ReasonID = reasons[0].ID
				}
				return s.RefundPayment(s.t.Context(), params)
			},
			others: map[string]any{
				"Amount": amount("40.01"), "ReasonID": "broken", "Note": "sorry", "Metadata": payment.Data{"a": 1},
			},
			scopes: "PaymentID",
		},
		"CancelPayment": {
			method: sandboxprovider.MethodCancel,
			setUp: func(s *shop) any {
				return payment.CancelPaymentParams{PaymentID: s.paid("sandbox", "100", "USD").ID, IdempotencyKey: "k"}
			},
			call: func(s *shop, p any) (any, error) {
				return s.CancelPayment(s.t.Context(), p.(payment.CancelPaymentParams))
			},
			scopes: "PaymentID",
		},
	}
}

// with returns parameters of which one field is another.
func with(params any, field string, value any) any {
	p := reflect.New(reflect.TypeOf(params))
	p.Elem().Set(reflect.ValueOf(params))
	p.Elem().FieldByName(field).Set(reflect.ValueOf(value))
	return p.Elem().Interface()
}

// Every method whose parameters have an IdempotencyKey is tested here.
func TestKeyedMethodsAreComplete(t *testing.T) {
	methods := keyedMethods()
	n := 0
	for name, fields := range paramFields(t) {
		if _, ok := fields["IdempotencyKey"]; ok {
			require.Contains(t, methods, strings.TrimSuffix(name, "Params"))
			n++
		}
	}
	require.Len(t, methods, n)
}

// sameRow compares two rows of the caller's, and a payment's captures and refunds.
func sameRow(t *testing.T, a, b any) {
	t.Helper()
	first, err := payment.EncodeRow(a)
	require.NoError(t, err)
	second, err := payment.EncodeRow(b)
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
	if p, ok := a.(*payment.Payment); ok {
		require.Len(t, b.(*payment.Payment).Captures, len(p.Captures))
		require.Len(t, b.(*payment.Payment).Refunds, len(p.Refunds))
	}
}

func TestSameKey(t *testing.T) {
	for name, m := range keyedMethods() {
		t.Run(name+"/the same rows", func(t *testing.T) {
			s := newShop(t, options{})
			p := m.setUp(s)
			first, err := m.call(s, p)
			require.NoError(t, err)
			rows, log := s.allRows(), len(s.gateway.Requests())
			for _, process := range []*shop{s, s.anotherProcess(payment.Config{})} {
				again, err := m.call(process, p)
				require.NoError(t, err)
				sameRow(t, first, again)
				require.Equal(t, rows, s.allRows())
				require.Len(t, s.gateway.Requests(), log)
			}
		})
		t.Run(name+"/other arguments", func(t *testing.T) {
			s := newShop(t, options{})
			p := m.setUp(s)
			first, err := m.call(s, p)
			require.NoError(t, err)
			for f := range reflect.TypeOf(p).Fields() {
				field := f.Name
				switch field {
				case "IdempotencyKey", m.scopes:
					continue
				case "CreatedBy": // whoever repeats the call
					row, err := m.call(s, with(p, field, "ann"))
					require.NoError(t, err)
					sameRow(t, first, row)
					continue
				}
				require.Contains(t, m.others, field, "a field that the key does not stand for?")
				var row any
				err := s.untouched(t, func() (err error) { row, err = m.call(s, with(p, field, m.others[field])); return err })
				require.ErrorIs(t, err, payment.ErrIdempotencyMismatch, field)
				require.True(t, row == nil || reflect.ValueOf(row).IsNil(), "%s: a row came with the error", field)
			}
			// They are another matter with another key.
			for field, value := range m.others {
				if field == "Supersede" {
					continue
				}
				fresh := newShop(t, options{})
				_, err := m.call(fresh, with(with(m.setUp(fresh), field, value), "IdempotencyKey", "k2"))
				require.NoError(t, err, field)
			}
		})
		t.Run(name+"/a key that cannot be kept", func(t *testing.T) {
			s := newShop(t, options{})
			p := m.setUp(s)
			for key, rule := range map[string]string{strings.Repeat("x", 256): "is longer than 255 bytes", "\x00": "contains a NUL character", "\xff": "is not UTF-8 text"} {
				err := s.untouched(t, func() error { _, err := m.call(s, with(p, "IdempotencyKey", key)); return err })
				requireInvalid(t, err, "IdempotencyKey", rule)
			}
			_, err := m.call(s, with(p, "IdempotencyKey", strings.Repeat("x", 255)))
			require.NoError(t, err)
		})
		if m.method == "" {
			continue
		}
		t.Run(name+"/the same decline", func(t *testing.T) {
			s := newShop(t, options{})
			p := m.setUp(s)
			s.gateway.FailNext(m.method, sandboxprovider.Fault{Kind: sandboxprovider.FaultDeclined})
			_, first := m.call(s, p)
			require.ErrorIs(t, first, payment.ErrDeclined)
			again := s.untouched(t, func() error { _, err := m.call(s, p); return err })
			require.ErrorIs(t, again, payment.ErrDeclined)
			require.EqualError(t, again, first.Error())
			_, err := m.call(s, with(p, "IdempotencyKey", "k2")) // another try is another key
			require.NoError(t, err)
			require.Len(t, s.keysOf(m.method), 2)
		})
		for _, fault := range []sandboxprovider.FaultKind{sandboxprovider.FaultAnswerLost, sandboxprovider.FaultRequestLost, sandboxprovider.FaultServerErrorAfter} {
			t.Run(name+"/resumed after "+string(fault), func(t *testing.T) {
				s := newShop(t, options{})
				p := m.setUp(s)
				s.gateway.FailNext(m.method, sandboxprovider.Fault{Kind: fault})
				_, err := m.call(s, p)
				require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
				require.Len(t, s.openOperations(t), 1)
				_, err = m.call(s.anotherProcess(payment.Config{}), p)
				require.NoError(t, err)
				require.Empty(t, s.openOperations(t))
				require.Equal(t, 1, s.executed(m.method))
				require.Len(t, s.keysOf(m.method), 1)
			})
		}
		t.Run(name+"/once more where nothing was sent", func(t *testing.T) {
			s := newShop(t, options{})
			p := m.setUp(s)
			s.gateway.FailNext(m.method, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
			_, err := m.call(s, p)
			require.ErrorIs(t, err, payment.ErrNotSent)
			_, err = m.call(s, p)
			require.NoError(t, err)
			require.Empty(t, s.openOperations(t))
			require.Equal(t, 1, s.executed(m.method))
		})
	}
}

// A key belongs to a collection and a method: the same word elsewhere is another key. Within a collection it is the same for all sessions
// and payments.
func TestScopeOfKeys(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	c := s.collection("100", "USD")
	var payments []*payment.Payment
	for _, in := range []*payment.PaymentCollection{c, c, s.collection("50", "USD")} {
		p := s.authorize(s.session(in, "sandbox", "50"))
		payments = append(payments, p)
	}
	for i, want := range []error{nil, payment.ErrIdempotencyMismatch, nil} {
		_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: payments[i].ID, IdempotencyKey: "k"})
		require.ErrorIs(t, err, want)
	}
	for i, want := range []error{nil, payment.ErrIdempotencyMismatch, nil} {
		if i == 1 {
			_, err := s.capture(payments[i], "")
			require.NoError(t, err)
		}
		_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: payments[i].ID, IdempotencyKey: "k"})
		require.ErrorIs(t, err, want)
	}
}

// The same arguments may be written in another way.
func TestSameKeyWithEqualArguments(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	create := payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("100"), IdempotencyKey: "k"}
	c, err := s.CreateCollection(ctx, create)
	require.NoError(t, err)
	create.CurrencyCode, create.Amount, create.Metadata = "usd", dec("100.00"), payment.Data{}
	again, err := s.CreateCollection(ctx, create)
	require.NoError(t, err)
	sameRow(t, c, again)

	session := payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), CurrencyCode: "USD", IdempotencyKey: "k"}
	x, err := s.CreateSession(ctx, session)
	require.NoError(t, err)
	session.Amount, session.CurrencyCode = dec("100.00"), "usd"
	session.Metadata, session.Input, session.Context = payment.Data{}, payment.Data{}, payment.NewPrivate(payment.Data{})
	sameSession, err := s.CreateSession(ctx, session)
	require.NoError(t, err)
	sameRow(t, x, sameSession)

	p := s.authorize(x)
	take := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("10"), IdempotencyKey: "k"}
	_, err = s.CapturePayment(ctx, take)
	require.NoError(t, err)
	take.Amount, take.Metadata = amount("10.00"), payment.Data{}
	p, err = s.CapturePayment(ctx, take)
	require.NoError(t, err)
	require.Len(t, p.Captures, 1)
}

// A collection's ID is derived from its key, so that two processes that create it at the same moment create one; Config.Namespace
// keeps two merchants apart.
func TestDerivedCollectionIDs(t *testing.T) {
	s := newShop(t, options{config: payment.Config{Namespace: "shop-1"}})
	create := payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("100"), IdempotencyKey: "order 1"}
	ids := map[string]bool{}
	for _, namespace := range []string{"shop-1", "shop-1", "shop-2", ""} {
		c, err := s.anotherProcess(payment.Config{Namespace: namespace}).CreateCollection(t.Context(), create)
		require.NoError(t, err)
		require.Regexp(t, `^paycol_[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$`, c.ID)
		ids[c.ID] = true
	}
	require.Len(t, ids, 3)
	create.IdempotencyKey = "order 2"
	c, err := s.CreateCollection(t.Context(), create)
	require.NoError(t, err)
	require.NotContains(t, ids, c.ID)
	create.IdempotencyKey = ""
	for range 2 {
		c, err := s.CreateCollection(t.Context(), create)
		require.NoError(t, err)
		require.Regexp(t, `^paycol_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`, c.ID)
		require.NotContains(t, ids, c.ID)
		ids[c.ID] = true
	}
}

// pureDecliner is manual payment of somebody whom the merchant does not trust.
type pureDecliner struct{ *manualprovider.Provider }

func (pureDecliner) ID() string { return "invoice" }

func (pureDecliner) Authorize(context.Context, payment.AuthorizeRequest) (payment.Snapshot, error) {
	return payment.Snapshot{}, payment.Declined("not_trusted", "")
}

// Without an operation, the request itself keeps the decline.
func TestSameDeclineOfAPureProvider(t *testing.T) {
	s := newShop(t, options{more: []payment.Provider{pureDecliner{manualprovider.New()}}})
	x := s.session(s.collection("100", "USD"), "invoice", "100")
	authorize := func() error {
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, IdempotencyKey: "k"})
		return err
	}
	first := authorize()
	again := s.untouched(t, authorize)
	for _, err := range []error{first, again} {
		var declined *payment.SessionError
		require.ErrorAs(t, err, &declined)
		require.ErrorIs(t, err, payment.ErrDeclined)
		require.Equal(t, "not_trusted", declined.Reason)
	}
	require.Equal(t, 1, s.freshSession(x.ID).Declines)
}
