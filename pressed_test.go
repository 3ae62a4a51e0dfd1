package payment_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// TestPressed presses where another payment module gave way. Each name is what is done; the test is the right answer. Our books and the
// gateway's must say the same in the end.
func TestPressed(t *testing.T) {
	for name, test := range pressed() {
		t.Run(name, test)
	}
}

// TestPressedIsComplete holds the tests above against the whole list.
func TestPressedIsComplete(t *testing.T) {
	all := []string{
		"authorize twice at once",
		"killed inside the provider's capture",
		"killed inside the provider's refund",
		"provider captured, then the database fails",
		"retry of a timed-out capture",
		"capture and cancel at once",
		"capture 100.004 of USD 100.00; 99.996 of 100",
		"capture without amount after 40 of 100",
		"capture 1e9 after a full capture",
		"refund 60.01 with 60 captured; ¥1000.4 of ¥1000",
		"an update of totals from two sessions at once",
		"delete a session that holds an authorization, or a collection with captured money",
		"change an authorized session from 100 USD to 500 EUR",
		"a caller sets a session's status, or a collection's",
		"initialize answers authorized or captured",
		"session above the collection, EUR in a USD collection, paying a completed collection again",
		`amount 0, −100, "abc", infinity`,
		`currency "zzz", "", "dollars"`,
		"a disabled provider",
		"an undefined or unknown status from a provider",
		"cancel twice; cancel what is captured",
		"authorize after cancel",
		"data from the provider on update",
		"api_key, card number, cvc in data",
	}
	require.Len(t, all, 24)
	slices.Sort(all)
	require.Equal(t, all, slices.Sorted(maps.Keys(pressed())))
}

func pressed() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"authorize twice at once":                                                                    pressAuthorizeTwice,
		"killed inside the provider's capture":                                                       pressKilledInCapture,
		"killed inside the provider's refund":                                                        pressKilledInRefund,
		"provider captured, then the database fails":                                                 pressDatabaseFails,
		"retry of a timed-out capture":                                                               pressRetry,
		"capture and cancel at once":                                                                 pressCaptureAndCancel,
		"capture 100.004 of USD 100.00; 99.996 of 100":                                               pressTooPrecise,
		"capture without amount after 40 of 100":                                                     pressCaptureRest,
		"capture 1e9 after a full capture":                                                           pressCaptureTooMuch,
		"refund 60.01 with 60 captured; ¥1000.4 of ¥1000":                                            pressRefundTooMuch,
		"an update of totals from two sessions at once":                                              pressTotals,
		"delete a session that holds an authorization, or a collection with captured money":          pressDelete,
		"change an authorized session from 100 USD to 500 EUR":                                       pressChangeAuthorized,
		"a caller sets a session's status, or a collection's":                                        pressSetStatus,
		"initialize answers authorized or captured":                                                  pressInitializeAuthorized,
		"session above the collection, EUR in a USD collection, paying a completed collection again": pressAboveCollection,
		`amount 0, −100, "abc", infinity`:                                                            pressAmounts,
		`currency "zzz", "", "dollars"`:                                                              pressCurrencies,
		"a disabled provider":                                                                        pressDisabled,
		"an undefined or unknown status from a provider":                                             pressUnknownStatus,
		"cancel twice; cancel what is captured":                                                      pressCancelTwice,
		"authorize after cancel":                                                                     pressAuthorizeCanceled,
		"data from the provider on update":                                                           pressDataReplaced,
		"api_key, card number, cvc in data":                                                          pressSecrets,
	}
}

// A capture's amount has the currency's decimals or fewer; nothing is rounded.
func pressTooPrecise(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100.00", "USD")
	for _, what := range []string{"100.004", "99.996"} {
		err := s.untouched(t, func() error { _, err := s.capture(p, what); return err })
		requireInvalid(t, err, "Amount", what+" has more than 2 decimals")
	}
	equalAmount(t, "0", s.booksAgree(t, p.ID).Captured)
	require.Equal(t, payment.CollectionAuthorized, s.fresh(p.CollectionID).Status())
}

func pressCaptureRest(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	_, err := s.capture(p, "40")
	require.NoError(t, err)
	p, err = s.capture(p, "")
	require.NoError(t, err)
	require.Len(t, p.Captures, 2)
	equalAmount(t, "60", p.Captures[1].Amount)
	equalAmount(t, "100", s.booksAgree(t, p.ID).Captured)
}

func pressCaptureTooMuch(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	_, err := s.capture(p, "")
	require.NoError(t, err)
	err = s.untouched(t, func() error { _, err := s.capture(p, "1000000000"); return err })
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	require.EqualError(t, err, "payment: Amount: 1000000000.00 USD is more than the 0.00 USD that is left")
	equalAmount(t, "100", s.booksAgree(t, p.ID).Captured)
}

func pressRefundTooMuch(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	_, err := s.capture(p, "60")
	require.NoError(t, err)
	err = s.untouched(t, func() error { _, err := s.refund(p, "60.01"); return err })
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	require.EqualError(t, err, "payment: Amount: 60.01 USD is more than the 60.00 USD that is left")
	equalAmount(t, "0", s.booksAgree(t, p.ID).Refunded)

	yen := s.paid("sandbox", "1000", "JPY")
	_, err = s.capture(yen, "")
	require.NoError(t, err)
	err = s.untouched(t, func() error { _, err := s.refund(yen, "1000.4"); return err })
	requireInvalid(t, err, "Amount", "1000.4 has decimals, and the currency has none")
	equalAmount(t, "0", s.booksAgree(t, yen.ID).Refunded)
}

// What holds money is voided before it is hidden, and what has taken money is never deleted.
func pressDelete(t *testing.T) {
	s := newShop(t, options{})
	held := s.paid("sandbox", "100", "USD")
	s.gateway.FailNext(sandboxprovider.MethodCancel, sandboxprovider.Fault{Kind: sandboxprovider.FaultDeclined})
	require.ErrorIs(t, s.DeleteSession(t.Context(), held.SessionID), payment.ErrDeclined)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(held.SessionID).Status) // not voided: neither canceled nor hidden
	require.NoError(t, s.DeleteSession(t.Context(), held.SessionID))
	require.Equal(t, sandboxprovider.IntentCanceled, s.intent(held.SessionID).Status)
	_, err := s.GetSession(t.Context(), held.SessionID)
	require.ErrorIs(t, err, payment.ErrNotFound)
	equalAmount(t, "0", s.fresh(held.CollectionID).Authorized)
	rows, err := s.ListSessions(t.Context(), payment.ListParams{CollectionID: held.CollectionID, IncludeDeleted: true})
	require.NoError(t, err)
	require.Len(t, rows.Items, 1)
	require.Equal(t, payment.StatusCanceled, rows.Items[0].Status)

	taken := s.paid("sandbox", "100", "USD")
	_, err = s.capture(taken, "1")
	require.NoError(t, err)
	require.ErrorIs(t, s.untouched(t, func() error { return s.DeleteCollection(t.Context(), taken.CollectionID) }), payment.ErrNotAllowed)
	require.ErrorIs(t, s.untouched(t, func() error { return s.DeleteSession(t.Context(), taken.SessionID) }), payment.ErrNotAllowed)
	equalAmount(t, "1", s.booksAgree(t, taken.ID).Captured)
}

// An update cannot name a currency, and an authorized session keeps its amount.
func pressChangeAuthorized(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: p.CollectionID, Amount: amount("500")})
	require.NoError(t, err)
	err = s.untouched(t, func() error {
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: p.SessionID, Amount: amount("500")})
		return err
	})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.NotContains(t, paramFields(t)["UpdateSessionParams"], "CurrencyCode")
	require.NotContains(t, paramFields(t)["UpdateCollectionParams"], "CurrencyCode")
	equalAmount(t, "100", s.booksAgree(t, p.ID).Authorized)
}

// No parameter of any method takes a status or a total, and a row in the caller's hands is the caller's alone.
func pressSetStatus(t *testing.T) {
	params := paramFields(t)
	require.Contains(t, params, "UpdateSessionParams")
	for name, fields := range params {
		delete(fields, "KeepAuthorized") // says when a call is refused
		for field, kind := range fields {
			for _, word := range []string{"Status", "Authorized", "Captured", "Refunded", "Held", "CompletedAt", "CanceledAt"} {
				require.NotContains(t, field, word, name)
				require.NotContains(t, kind, word, name)
			}
		}
	}
	s := newShop(t, options{})
	x := s.session(s.collection("100", "USD"), "sandbox", "100")
	rows := s.allRows()
	x.Status, x.PaymentID = payment.StatusAuthorized, "pay_1"
	c := s.fresh(x.CollectionID)
	c.Authorized, c.Captured, c.CompletedAt = dec("100"), dec("100"), s.clock.Now()
	require.Equal(t, rows, s.allRows())
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	require.Equal(t, payment.CollectionAwaiting, s.fresh(x.CollectionID).Status())
}

// paramFields reads the fields of every exported struct of parameters from the source: by the struct's name, then by their own, as types.
func paramFields(t *testing.T) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), f.Name(), source, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !strings.HasSuffix(spec.Name.Name, "Params") {
				return true
			}
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			fields := map[string]string{}
			for _, field := range structure.Fields.List {
				for _, name := range field.Names {
					fields[name.Name] = string(source[field.Type.Pos()-1 : field.Type.End()-1])
				}
			}
			found[spec.Name.Name] = fields
			return false
		})
	}
	return found
}

func pressAboveCollection(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	create := func(amount, currency string) error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
			CollectionID: c.ID, ProviderID: "sandbox", Amount: dec(amount), CurrencyCode: currency,
		})
		return err
	}
	require.ErrorIs(t, s.untouched(t, func() error { return create("100.01", "USD") }), payment.ErrAmountExceeded)
	requireInvalid(t, s.untouched(t, func() error { return create("100", "EUR") }), "CurrencyCode", "EUR is not the collection's, which is USD")

	p := s.authorize(s.session(c, "sandbox", "100"))
	_, err := s.capture(p, "")
	require.NoError(t, err)
	require.Equal(t, payment.CollectionCompleted, s.fresh(c.ID).Status())
	require.ErrorIs(t, s.untouched(t, func() error { return create("1", "USD") }), payment.ErrNotAllowed)
	_, err = s.refund(p, "")
	require.NoError(t, err)
	require.ErrorIs(t, s.untouched(t, func() error { return create("1", "USD") }), payment.ErrNotAllowed) // given back, and still completed
}

func pressAmounts(t *testing.T) {
	s := newShop(t, options{})
	for _, text := range []string{"abc", "Infinity", "-Inf", "NaN", "1e400", "", "1,5"} {
		_, err := payment.ParseAmount("Amount", text)
		requireInvalid(t, err, "Amount", "is not a decimal number")
	}
	for _, text := range []string{"0", "-100"} {
		a, err := payment.ParseAmount("Amount", text)
		require.NoError(t, err)
		err = s.untouched(t, func() error {
			_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "USD", Amount: a})
			return err
		})
		requireInvalid(t, err, "Amount", "must be more than zero")
	}
}

func pressCurrencies(t *testing.T) {
	s := newShop(t, options{})
	for code, rule := range map[string]string{"zzz": "is not an ISO 4217 currency code", "": "is required", "dollars": "is not an ISO 4217 currency code"} {
		err := s.untouched(t, func() error {
			_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: code, Amount: dec("1")})
			return err
		})
		requireInvalid(t, err, "CurrencyCode", rule)
	}
}

func pressDisabled(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	begun := s.session(c, "sandbox", "40")
	require.NoError(t, s.SetProviderEnabled(t.Context(), "sandbox", false))
	err := s.untouched(t, func() error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("60")})
		return err
	})
	requireInvalid(t, err, "ProviderID", `"sandbox" is disabled`)
	// What has begun is finished.
	p := s.authorize(begun)
	_, err = s.capture(p, "")
	require.NoError(t, err)
	s.booksAgree(t, p.ID)
}

// A state that is none leaves the operation open: the gateway is asked what is true.
func pressUnknownStatus(t *testing.T) {
	for _, state := range []payment.SnapshotState{"", "paid", "undefined", payment.SnapshotNotFound} {
		h := &hook{}
		s := newShop(t, options{wrap: h.wrap})
		x := s.session(s.collection("100", "USD"), "sandbox", "100")
		h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
			snapshot, err := call()
			snapshot.State = state
			return snapshot, err
		})
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
		require.Len(t, s.openOperations(t), 1)
		equalAmount(t, "100", s.fresh(x.CollectionID).Held)
		h.set(nil)
		p := s.authorize(x)
		s.booksAgree(t, p.ID)
		require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
	}
}

func pressCancelTwice(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	for range 2 {
		canceled, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
		require.NoError(t, err)
		require.False(t, canceled.CanceledAt.IsZero())
		x, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: p.SessionID})
		require.NoError(t, err)
		require.Equal(t, payment.StatusCanceled, x.Status)
	}
	require.Len(t, s.keysOf(sandboxprovider.MethodCancel), 1)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodCancel))
	s.booksAgree(t, p.ID)

	taken := s.paid("sandbox", "100", "USD")
	_, err := s.capture(taken, "")
	require.NoError(t, err)
	for range 2 {
		err := s.untouched(t, func() error {
			_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: taken.ID})
			return err
		})
		require.ErrorIs(t, err, payment.ErrNotAllowed)
		require.NotErrorIs(t, err, payment.ErrCanceled)
	}
	equalAmount(t, "100", s.booksAgree(t, taken.ID).Captured)
}

func pressAuthorizeCanceled(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "USD")
	_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
	require.NoError(t, err)
	err = s.untouched(t, func() error {
		got, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: p.SessionID})
		require.Nil(t, got)
		return err
	})
	require.ErrorIs(t, err, payment.ErrCanceled)
	s.booksAgree(t, p.ID)
}

// The provider's data replaces what was there; keys that it does not name again are gone.
func pressDataReplaced(t *testing.T) {
	h := &hook{}
	s := newShop(t, options{wrap: h.wrap})
	with := func(d payment.Data) {
		h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
			snapshot, err := call()
			snapshot.Data = d
			return snapshot, err
		})
	}
	with(payment.Data{"token": "one", "stale": true})
	x := s.session(s.collection("100", "USD"), "sandbox", "50")
	require.Equal(t, payment.Data{"token": "one", "stale": true}, x.Data)
	update := func(to string) payment.Data {
		x, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount(to)})
		require.NoError(t, err)
		require.Equal(t, x.Data, s.freshSession(x.ID).Data)
		return x.Data
	}
	with(payment.Data{"token": "two"})
	require.Equal(t, payment.Data{"token": "two"}, update("60"))
	with(nil) // says nothing of it
	require.Equal(t, payment.Data{"token": "two"}, update("70"))
	with(payment.Data{})
	require.Empty(t, update("80"))
}

// A caller's secrets are refused. A provider's never reach Data; its Private is where they belong.
func pressSecrets(t *testing.T) {
	h := &hook{}
	s := newShop(t, options{wrap: h.wrap, store: memstore.New()})
	c := s.collection("100", "USD")
	for _, d := range []payment.Data{{"api_key": "k"}, {"card_number": "4242424242424242"}, {"card": map[string]any{"cvc": "123"}}} {
		for field, p := range map[string]payment.CreateSessionParams{"Metadata": {Metadata: d}, "Input": {Input: d}} {
			p.CollectionID, p.ProviderID, p.Amount = c.ID, "sandbox", dec("1")
			err := s.untouched(t, func() error { _, err := s.CreateSession(t.Context(), p); return err })
			requireInvalid(t, err, field, "looks like a secret or card data")
		}
	}
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		snapshot, err := call()
		snapshot.Data["api_key"], snapshot.Data["cvc"] = "planted-1", "planted-2"
		return snapshot, err
	})
	x := s.session(c, "sandbox", "100")
	require.NotContains(t, x.Data, "api_key")
	require.Contains(t, x.Data, "client_token")
	p := s.authorize(x)
	require.NotContains(t, s.allRows(), "planted-")
	require.Contains(t, s.eventKinds(t, c.ID), payment.EventDataDropped)
	secret := s.intent(x.ID).Secret
	require.Contains(t, s.freshSession(x.ID).Private.Reveal(), "access_value")
	for _, row := range []any{s.fresh(c.ID), s.freshSession(x.ID), p} {
		public, err := json.Marshal(row)
		require.NoError(t, err)
		require.NotContains(t, string(public), secret)
	}
}

// requireInvalid says that an error names a field, and a rule that contains some words.
func requireInvalid(t *testing.T, err error, field, rule string) {
	t.Helper()
	var invalid *payment.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, payment.ErrInvalid)
	require.Equal(t, field, invalid.Field, err.Error())
	require.Contains(t, invalid.Rule, rule)
}
