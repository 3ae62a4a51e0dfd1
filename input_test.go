package payment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// stage is a shop with one of each: USD 200 owed; 50 in a pending session; 100 authorized, of which 60 are captured and 10 refunded.
type stage struct {
	*shop
	c       *payment.PaymentCollection
	pending *payment.PaymentSession
	p       *payment.Payment
	reason  *payment.RefundReason
}

func newStage(t *testing.T, o options) *stage {
	t.Helper()
	s := &stage{shop: newShop(t, o)}
	s.c = s.collection("200", "USD")
	s.pending = s.session(s.c, "sandbox", "50")
	s.p = s.authorize(s.session(s.c, "sandbox", "100"))
	_, err := s.capture(s.p, "60")
	require.NoError(t, err)
	s.p, err = s.refund(s.p, "10")
	require.NoError(t, err)
	s.reason, err = s.CreateRefundReason(t.Context(), payment.RefundReasonParams{Code: "broken", Label: "It was broken"})
	require.NoError(t, err)
	return s
}

// The calls that take an amount, each with all else as it should be.
func (s *stage) amountCalls() map[string]func(decimal.Decimal) error {
	ctx := s.t.Context()
	return map[string]func(decimal.Decimal) error{
		"CreateCollection": func(a decimal.Decimal) error {
			_, err := s.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: a})
			return err
		},
		"UpdateCollection": func(a decimal.Decimal) error {
			_, err := s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: s.c.ID, Amount: &a})
			return err
		},
		"CreateSession": func(a decimal.Decimal) error {
			_, err := s.CreateSession(ctx, payment.CreateSessionParams{CollectionID: s.c.ID, ProviderID: "sandbox", Amount: a})
			return err
		},
		"UpdateSession": func(a decimal.Decimal) error {
			_, err := s.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: s.pending.ID, Amount: &a})
			return err
		},
		"CapturePayment": func(a decimal.Decimal) error {
			_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: s.p.ID, Amount: &a})
			return err
		},
		"RefundPayment": func(a decimal.Decimal) error {
			_, err := s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: s.p.ID, Amount: &a})
			return err
		},
	}
}

func TestBadAmounts(t *testing.T) {
	bad := []struct {
		amount decimal.Decimal
		rule   string
	}{
		{dec("0"), "must be more than zero"},
		{dec("0.00"), "must be more than zero"},
		{dec("-100"), "must be more than zero"},
		{dec("-0.01"), "must be more than zero"},
		{dec("1.001"), "1.001 has more than 2 decimals"},
		{dec("99.996"), "99.996 has more than 2 decimals"},
		{dec("0.009"), "0.009 has more than 2 decimals"},
		{dec("92233720368547758.08"), "is beyond 9,223,372,036,854,775,807 minor units"},
		{decimal.New(1, 1_000_000_000), "is beyond 9,223,372,036,854,775,807 minor units"},
		{decimal.New(1, -1_000_000_000), "has more than 64 decimals"},
	}
	s := newStage(t, options{})
	for method, call := range s.amountCalls() {
		for _, b := range bad {
			t.Run(fmt.Sprintf("%s/%.8s e%d", method, b.amount.Coefficient(), b.amount.Exponent()), func(t *testing.T) {
				requireInvalid(t, s.untouched(t, func() error { return call(b.amount) }), "Amount", b.rule)
			})
		}
	}
	// As many decimals as the currency has, written with more zeros than it has, are none too many.
	require.NoError(t, s.amountCalls()["CapturePayment"](dec("1.2300")))
	// JPY has none, KWD three.
	for currency, rules := range map[string][2]string{
		"JPY": {"1000.4", "decimals, and the currency has none"}, "KWD": {"1.2345", "more than 3 decimals"}, "CLF": {"1.23456", "more than 4 decimals"},
	} {
		err := s.untouched(t, func() error {
			_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: currency, Amount: dec(rules[0])})
			return err
		})
		requireInvalid(t, err, "Amount", rules[0]+" has "+rules[1])
	}
	require.Equal(t, "1.234", s.collection("1.234", "KWD").Amount.String())
}

func TestAmountsAboveWhatIsLeft(t *testing.T) {
	s := newStage(t, options{})
	holder := s.session(s.c, "sandbox", "30")
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: holder.ID, Input: token(sandboxprovider.Token3DS)})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	equalAmount(t, "30", s.fresh(s.c.ID).Held)
	for _, test := range []struct {
		method, asked, left string
		holders             []string
	}{
		{"CreateSession", "70.01", "70", []string{holder.ID, s.p.SessionID}}, // the pending session of 50 holds nothing yet
		{"UpdateSession", "70.01", "70", []string{holder.ID, s.p.SessionID}},
		{"CapturePayment", "40.01", "40", nil},
		{"RefundPayment", "50.01", "50", nil},
	} {
		t.Run(test.method, func(t *testing.T) {
			err := s.untouched(t, func() error { return s.amountCalls()[test.method](dec(test.asked)) })
			require.ErrorIs(t, err, payment.ErrAmountExceeded)
			var exceeded *payment.AmountExceededError
			require.ErrorAs(t, err, &exceeded)
			require.Equal(t, "Amount", exceeded.Field)
			equalAmount(t, test.asked, exceeded.Asked)
			equalAmount(t, test.left, exceeded.Left)
			require.Equal(t, "USD", exceeded.CurrencyCode)
			require.Equal(t, test.holders, exceeded.Holders)
			text := fmt.Sprintf("payment: Amount: %s USD is more than the %s.00 USD that is left", test.asked, test.left)
			if test.holders != nil {
				text += " beside " + strings.Join(test.holders, ", ")
			}
			require.EqualError(t, err, text)
		})
	}
	// The amount of a collection cannot fall below what is authorized and held.
	err = s.untouched(t, func() error { return s.amountCalls()["UpdateCollection"](dec("129.99")) })
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.EqualError(t, err, "payment: cannot lower the amount of "+s.c.ID+", which is partially_captured: "+
		"130.00 USD is authorized and held; lower or cancel sessions, or cancel payments, first")
	require.NoError(t, s.amountCalls()["UpdateCollection"](dec("130")))
}

// An amount that does not fit is refused before what the new session supersedes is canceled.
func TestSupersedingDoesNotHelpAnAmountThatNeverFits(t *testing.T) {
	s := newStage(t, options{})
	holder := s.session(s.c, "sandbox", "100")
	s.authorize(holder)
	err := s.untouched(t, func() error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
			CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("100.01"), Supersede: []string{holder.ID},
		})
		return err
	})
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	// Nor is one of several canceled where another cannot be.
	err = s.untouched(t, func() error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
			CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("1"), Supersede: []string{holder.ID, s.p.SessionID},
		})
		return err
	})
	require.EqualError(t, err, "payment: cannot cancel "+s.p.SessionID+", which is authorized: money was captured; refund it, or cancel what is left of the payment")
	x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("100"), Supersede: []string{holder.ID, holder.ID},
	})
	require.NoError(t, err)
	require.Equal(t, payment.StatusPending, x.Status)
	require.Equal(t, sandboxprovider.IntentCanceled, s.intent(holder.ID).Status)
}

func TestBadCurrencies(t *testing.T) {
	s := newStage(t, options{})
	for _, code := range []string{"", "zzz", "US", "USDT", "dollars", "usd ", " USD", "XXX", "XTS", "XAU", "840", "U\x00D", "ＵＳＤ", "uſd", strings.Repeat("USD", 1000)} {
		t.Run(fmt.Sprintf("%.8q", code), func(t *testing.T) {
			err := s.untouched(t, func() error {
				_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: code, Amount: dec("1")})
				return err
			})
			if code == "" { // a session's may be left out
				requireInvalid(t, err, "CurrencyCode", "is required")
				return
			}
			requireInvalid(t, err, "CurrencyCode", "is not an ISO 4217 currency code")
			require.Less(t, len(err.Error()), 120)
			err = s.untouched(t, func() error {
				_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
					CollectionID: s.c.ID, ProviderID: "sandbox", Amount: dec("1"), CurrencyCode: code,
				})
				return err
			})
			requireInvalid(t, err, "CurrencyCode", "is not an ISO 4217 currency code")
		})
	}
	for _, code := range []string{"HRK", "hrk", "DEM", "BGN"} {
		err := s.untouched(t, func() error {
			_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: code, Amount: dec("1")})
			return err
		})
		requireInvalid(t, err, "CurrencyCode", strings.ToUpper(code)+" was withdrawn from ISO 4217: use the currency that replaced it")
	}
	require.Equal(t, "EUR", s.collection("1", "eUr").CurrencyCode)
}

// A collection that was stored before its currency was withdrawn keeps its digits, and what is on it is brought to its end.
func TestStoredCollectionsOfWithdrawnCurrencies(t *testing.T) {
	for _, provider := range []string{"sandbox", "manual"} {
		t.Run(provider, func(t *testing.T) {
			s := newShop(t, options{})
			now := s.clock.Now()
			c := &payment.PaymentCollection{
				ID: "paycol_0195500000007000800000000000cafe", CurrencyCode: "HRK", Amount: dec("100.00"), CreatedAt: now, UpdatedAt: now,
			}
			require.NoError(t, s.store.Commit(t.Context(), &payment.Changes{CollectionID: c.ID, Collection: c}))
			p := s.authorize(s.session(c, provider, "75.50"))
			canceled := s.authorize(s.session(c, provider, "24.50"))
			requireInvalid(t, s.untouched(t, func() error { _, err := s.capture(p, "10.999"); return err }), "Amount", "10.999 has more than 2 decimals")
			_, err := s.capture(p, "10.99")
			require.NoError(t, err)
			_, err = s.refund(p, "10.98")
			require.NoError(t, err)
			p, err = s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
			require.NoError(t, err)
			equalAmount(t, "10.99", p.Captured)
			equalAmount(t, "10.98", p.Refunded)
			equalAmount(t, "64.51", p.Released)
			_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: canceled.SessionID})
			require.NoError(t, err)
			c, err = s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("10.99")})
			require.NoError(t, err)
			require.Equal(t, "HRK", c.CurrencyCode)
			require.Equal(t, "10.99", c.Captured.String())
			require.Equal(t, payment.CollectionCompleted, c.Status())
			if provider == "sandbox" {
				s.booksAgree(t, p.ID)
				s.booksAgree(t, canceled.ID)
			}
		})
	}
}

func TestBadProviders(t *testing.T) {
	s := newStage(t, options{})
	for id, rule := range map[string]string{
		"": "is required", "stripe": `"stripe" is not a configured provider`, "Sandbox": `"Sandbox" is not a configured provider`,
		"manual\x00": "is not a configured provider", strings.Repeat("x", 100_000): "is not a configured provider",
	} {
		t.Run(fmt.Sprintf("%.12q", id), func(t *testing.T) {
			err := s.untouched(t, func() error {
				_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: s.c.ID, ProviderID: id, Amount: dec("1")})
				return err
			})
			requireInvalid(t, err, "ProviderID", rule)
			require.Less(t, len(err.Error()), 200)
			requireInvalid(t, s.untouched(t, func() error { return s.SetProviderEnabled(t.Context(), id, false) }), "ProviderID", rule)
		})
	}
	for rule, ids := range map[string][]string{
		`"stripe" is not a configured provider`: {"manual", "stripe"},
		`"manual" is there twice`:               {"manual", "sandbox", "manual"},
		"must not be empty; nil means all":      {},
	} {
		t.Run(rule, func(t *testing.T) {
			requireInvalid(t, s.untouched(t, func() error {
				_, err := s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("1"), ProviderIDs: ids})
				return err
			}), "ProviderIDs", rule)
			requireInvalid(t, s.untouched(t, func() error {
				_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: s.c.ID, ProviderIDs: &ids})
				return err
			}), "ProviderIDs", rule)
		})
	}
	_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: s.c.ID, ProviderIDs: &[]string{"manual"}})
	require.NoError(t, err)
	requireInvalid(t, s.untouched(t, func() error { return s.amountCalls()["CreateSession"](dec("1")) }), "ProviderID",
		`"sandbox" is not among the providers of the collection`)
	require.NoError(t, s.SetProviderEnabled(t.Context(), "manual", false))
	requireInvalid(t, s.untouched(t, func() error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: s.c.ID, ProviderID: "manual", Amount: dec("1")})
		return err
	}), "ProviderID", `"manual" is disabled`)
}

// named is a provider with an ID, and nothing else that is called.
type named struct {
	payment.Provider
	id   string
	info payment.ProviderInfo
}

func (p named) ID() string                     { return p.id }
func (p named) Describe() payment.ProviderInfo { return p.info }

func TestBadConfig(t *testing.T) {
	manual := manualprovider.New()
	alone := func(info payment.ProviderInfo) payment.Config {
		return payment.Config{Providers: []payment.Provider{named{manual, "one", info}}}
	}
	with := func(change func(*payment.Config)) payment.Config {
		c := payment.Config{Providers: []payment.Provider{manual}}
		change(&c)
		return c
	}
	for text, config := range map[string]payment.Config{
		"payment: Providers: must hold at least one provider": {},
		"payment: Providers: must not hold nil":               {Providers: []payment.Provider{manual, nil}},
		`payment: Providers: "manual" is there twice`:         {Providers: []payment.Provider{manual, manualprovider.New()}},
		`payment: Providers: "" is not an ID of 1 to 64 of a-z, 0-9, - and _`: {Providers: []payment.Provider{
			named{manual, "", payment.ProviderInfo{}},
		}},
		`payment: Providers: "Stripe EU" is not an ID of 1 to 64 of a-z, 0-9, - and _`: {Providers: []payment.Provider{
			named{manual, "Stripe EU", payment.ProviderInfo{}},
		}},
		`payment: Providers: "a/b" is not an ID of 1 to 64 of a-z, 0-9, - and _`: {Providers: []payment.Provider{
			named{manual, "a/b", payment.ProviderInfo{}},
		}},
		`payment: Providers: "` + strings.Repeat("x", 65) + `" is not an ID of 1 to 64 of a-z, 0-9, - and _`: {Providers: []payment.Provider{
			named{manual, strings.Repeat("x", 65), payment.ProviderInfo{}},
		}},
		`payment: Providers: "one" has ClientConfirms but is no Canceler: what the browser holds could never be given up`: alone(
			payment.ProviderInfo{ClientConfirms: true}),
		`payment: Providers: "one" describes a negative duration`:                   alone(payment.ProviderInfo{KeyTTL: -1}),
		`payment: Providers: "one" describes a MaxRequestLife of more than 31 days`: alone(payment.ProviderInfo{MaxRequestLife: 32 * 24 * time.Hour}),
		`payment: Providers: "one" counts USD with 5 digits in steps of 0`: alone(payment.ProviderInfo{
			Currencies: map[string]payment.CurrencyRule{"USD": {Digits: 5}},
		}),
		"payment: CallTimeout: must not be negative":           with(func(c *payment.Config) { c.CallTimeout = -1 }),
		"payment: SettleTimeout: must not be negative":         with(func(c *payment.Config) { c.SettleTimeout = -1 }),
		"payment: ClockSkew: must not be negative":             with(func(c *payment.Config) { c.ClockSkew = -1 }),
		"payment: GiveUpAfter: must not be negative":           with(func(c *payment.Config) { c.GiveUpAfter = -1 }),
		"payment: GiveUpAfter: must be at least 24 hours":      with(func(c *payment.Config) { c.GiveUpAfter = 24*time.Hour - 1 }),
		"payment: MaxSessionDeclines: must not be negative":    with(func(c *payment.Config) { c.MaxSessionDeclines = -1 }),
		"payment: MaxCollectionDeclines: must not be negative": with(func(c *payment.Config) { c.MaxCollectionDeclines = -1 }),
	} {
		t.Run(text, func(t *testing.T) {
			svc, err := payment.NewService(memstore.New(), config)
			require.EqualError(t, err, text)
			require.ErrorIs(t, err, payment.ErrInvalid)
			require.Nil(t, svc)
		})
	}
	for _, info := range []payment.ProviderInfo{{MaxRequestLife: -1}, {SessionLifetime: -1}, {Currencies: map[string]payment.CurrencyRule{"USD": {Digits: -1}}},
		{Currencies: map[string]payment.CurrencyRule{"USD": {Step: -1}}}} {
		_, err := payment.NewService(memstore.New(), alone(info))
		require.ErrorIs(t, err, payment.ErrInvalid)
	}
	_, err := payment.NewService(nil, payment.Config{Providers: []payment.Provider{manual}})
	require.EqualError(t, err, "payment: Store: must not be nil")
	_, err = payment.NewService(memstore.New(), with(func(c *payment.Config) { c.GiveUpAfter = 24 * time.Hour }))
	require.NoError(t, err)
	_, err = payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{
		named{manual, strings.Repeat("x", 62) + "-_", payment.ProviderInfo{}}, manual,
	}})
	require.NoError(t, err)
}

// IDs come from URLs, where %00 is one: what is no text leads nowhere, over every store.
func TestIDsThatAreNoText(t *testing.T) {
	s := newShop(t, options{})
	ctx := t.Context()
	for _, id := range []string{"paycol_\x00", "payses_\xff"} {
		for name, call := range map[string]func() error{
			"GetCollection":    func() error { _, err := s.GetCollection(ctx, id); return err },
			"GetSession":       func() error { _, err := s.GetSession(ctx, id); return err },
			"GetPayment":       func() error { _, err := s.GetPayment(ctx, id); return err },
			"DeleteCollection": func() error { return s.DeleteCollection(ctx, id) },
			"AuthorizeSession": func() error {
				_, err := s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: id})
				return err
			},
			"CapturePayment": func() error {
				_, err := s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: id})
				return err
			},
			"ResolveOperation": func() error {
				_, err := s.ResolveOperation(ctx, payment.ResolveOperationParams{OperationID: id, Outcome: payment.ResolveAsk, By: "ada"})
				return err
			},
			"Timeline": func() error { _, err := s.Timeline(ctx, id); return err },
		} {
			var e *payment.NotFoundError
			require.ErrorAs(t, call(), &e, name)
			require.Equal(t, id, e.ID, name)
		}
		list, err := s.ListSessions(ctx, payment.ListParams{CollectionID: id})
		require.NoError(t, err)
		require.Empty(t, list.Items)
	}
}
