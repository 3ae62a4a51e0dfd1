package paymenthttp_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// bare reports whether an answer shows a session as chosen that has nothing a page could pay with.
func (a *reply) bare() bool {
	a.t.Helper()
	data, ok := a.at("payment_collection.payment_sessions.0.data").(map[string]any)
	require.True(a.t, ok, a.Body)
	return a.Code == http.StatusOK && len(data) == 0
}

// A 202 says: ask again. Asked again, the gateway is asked what became of it.
func TestChoosingWhatNobodyKnowsTheOutcomeOf(t *testing.T) {
	for name, headers := range map[string][]string{"all of it": nil, "a part": {"Idempotency-Key", "first part"}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, func(cfg *paymenthttp.Config) {
				cfg.Timeout = 200 * time.Millisecond
				if headers != nil {
					cfg.SplitAmount = allThatIsLeft
				}
			})
			path := "/store/payment-collections/" + s.collection("anna") + "/payment-sessions"
			s.gateway.FailNext(sandboxprovider.MethodCreate, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
			s.as("anna", "POST", path, `{"provider_id":"sandbox"}`, headers...).status(202)
			require.False(t, s.as("anna", "POST", path, `{"provider_id":"sandbox"}`, headers...).status(200).bare())
			require.Len(t, s.gateway.Intents(), 1)
		})
	}
}

func allThatIsLeft(_ context.Context, _ *http.Request, _ *payment.PaymentCollection, left decimal.Decimal, _ payment.Data) (decimal.Decimal, error) {
	return left, nil
}

// A double click while the gateway takes its time finds what the first one makes.
func TestADoubleClickWaitsForTheFirst(t *testing.T) {
	s := newShop(t, nil)
	path := "/store/payment-collections/" + s.collection("anna") + "/payment-sessions"
	answers, first := make(chan struct{}), make(chan *reply)
	s.gateway.FailNext(sandboxprovider.MethodCreate, sandboxprovider.Fault{Before: answers})
	go func() { first <- s.as("anna", "POST", path, `{"provider_id":"sandbox"}`) }()
	require.Eventually(t, func() bool { return len(s.gateway.Requests()) > 0 }, 5*time.Second, time.Millisecond)
	time.AfterFunc(100*time.Millisecond, func() { close(answers) })
	second := s.as("anna", "POST", path, `{"provider_id":"sandbox"}`)
	require.False(t, second.bare(), second.Body)
	require.False(t, (<-first).status(200).bare())
	require.Len(t, s.gateway.Intents(), 1)
}

// A session that the gateway has nothing of is no session to pay with: another one takes its place.
func TestChoosingAfterNothingWasSent(t *testing.T) {
	s := newShop(t, nil)
	path := "/store/payment-collections/" + s.collection("anna") + "/payment-sessions"
	s.gateway.FailNext(sandboxprovider.MethodCreate, sandboxprovider.Fault{Kind: sandboxprovider.FaultConnectionRefused})
	s.as("anna", "POST", path, `{"provider_id":"sandbox"}`).status(503, "not_sent")
	s.setPrice("anna", "70.00")
	again := s.as("anna", "POST", path, `{"provider_id":"sandbox"}`).status(200)
	require.NotEmpty(t, again.at("payment_collection.payment_sessions.1.data"), "the newest")
	require.Len(t, s.gateway.Intents(), 1)
}

// Nor is one that another tab has tried to open in vain.
func TestChoosingWhileNothingIsSent(t *testing.T) {
	s := newShop(t, nil)
	path := "/store/payment-collections/" + s.collection("anna") + "/payment-sessions"
	answers, first := make(chan struct{}), make(chan *reply)
	s.gateway.FailNext(sandboxprovider.MethodCreate, sandboxprovider.Fault{Before: answers, Kind: sandboxprovider.FaultTooManyRequests})
	go func() { first <- s.as("anna", "POST", path, `{"provider_id":"sandbox"}`) }()
	require.Eventually(t, func() bool { return len(s.gateway.Requests()) > 0 }, 5*time.Second, time.Millisecond)
	time.AfterFunc(100*time.Millisecond, func() { close(answers) })
	second := s.as("anna", "POST", path, `{"provider_id":"sandbox"}`).status(200)
	(<-first).status(503, "not_sent")
	require.False(t, second.bare(), second.Body)
	require.Len(t, s.gateway.Intents(), 1)
}

// A session that takes no more attempts is not found again: choosing again makes another one, until the collection takes no more either.
func TestChoosingAgainAfterTooManyDeclines(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	for range 10 {
		s.pay("anna", x, "tok_declined").status(422, "declined")
	}
	s.pay("anna", x, "tok_visa").status(400, "too_many_declines")
	_, again := s.session("anna", "sandbox")
	require.NotEqual(t, x, again)
	s.pay("anna", again, "tok_visa").status(200)
}

// A provider for staff alone is neither shown to shoppers nor taken from them, and staff have it whatever the cart accepts.
func TestStaffAloneRecordMoney(t *testing.T) {
	for name, accepted := range map[string][]string{"all": nil, "one": {"sandbox"}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, func(cfg *paymenthttp.Config) {
				cart := cfg.ResolveCart
				cfg.ResolveCart = func(ctx context.Context, r *http.Request, id string) (paymenthttp.Cart, error) {
					c, err := cart(ctx, r, id)
					c.ProviderIDs = accepted
					return c, err
				}
				cfg.StaffProviders = []string{"manual"}
			})
			c := s.collection("anna")
			require.NotContains(t, s.as("anna", "GET", "/store/payment-providers", "").status(200).Body.String(), "manual")
			require.NotContains(t, s.as("anna", "GET", "/store/payment-collections/"+c, "").status(200).Body.String(), "manual")
			require.Contains(t, s.admin("GET", "/payments/payment-providers", "").status(200).Body.String(), "manual")
			s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"manual"}`).status(400, "invalid")

			// An admin may choose it for a shopper, who cannot pay with it all the same.
			made := s.admin("POST", "/payment-collections/"+c+"/payment-sessions", `{"provider_id":"manual"}`).status(200)
			s.pay("anna", made.text("payment_collection.payment_sessions.0.id"), "").status(400, "not_allowed")
			paid := s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(200)
			require.Equal(t, "completed", paid.text("payment_collection.status"))
		})
	}
}

// Money that came another way is recorded though a shopper has left a session open in the browser, but not while a bank decides about that.
func TestMarkAsPaidBesideAnOpenSession(t *testing.T) {
	s := newShop(t, nil)
	open := func() (string, sandboxprovider.Intent) {
		c := s.admin("POST", "/payment-collections", `{"order_id":"order_1","amount":12.5}`).status(200).text("payment_collection.id")
		s.admin("POST", "/payment-collections/"+c+"/payment-sessions", `{"provider_id":"browser"}`).status(200)
		all := s.browser.Intents()
		return c, all[len(all)-1]
	}
	c, left := open()
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(200)
	left, _ = s.browser.Intent(left.Reference)
	require.EqualValues(t, "canceled", left.Status)

	c, left = open()
	require.NoError(t, s.browser.ConfirmInBrowser(left.ClientToken, "tok_delayed"))
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(400, "not_allowed")
	c, left = open()
	require.NoError(t, s.browser.ConfirmInBrowser(left.ClientToken, "tok_visa"))
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(400, "not_allowed")
	left, _ = s.browser.Intent(left.Reference)
	require.EqualValues(t, "requires_capture", left.Status)
}

// A provider that there is not, or that cannot record the money, takes nobody's place.
func TestMarkAsPaidGivesUpNothingInVain(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "browser")
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{"provider_id":"manuel"}`).status(400)
	left, err := s.svc.GetSession(t.Context(), x)
	require.NoError(t, err)
	require.Equal(t, payment.StatusPending, left.Status)
}

// Two parts that shoppers have left open hold all of it: both are given up.
func TestMarkAsPaidBesideTwoParts(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) {
		cfg.SplitAmount = func(_ context.Context, _ *http.Request, c *payment.PaymentCollection, _ decimal.Decimal, _ payment.Data) (decimal.Decimal, error) {
			return c.Amount.Mul(decimal.New(5, -1)), nil
		}
	})
	c := s.collection("anna")
	for _, part := range []string{"one", "two"} {
		s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"browser"}`, "Idempotency-Key", part).status(200)
	}
	paid := s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(200)
	require.Equal(t, "100", fmt.Sprint(paid.at("payment_collection.captured_amount")))
	for _, left := range s.browser.Intents() {
		require.EqualValues(t, "canceled", left.Status)
	}
}

// Where the cart costs less than what is authorized, nothing is left to be paid: not by a shopper, and not by staff.
func TestNothingIsLeftOfACheaperCart(t *testing.T) {
	s := newShop(t, nil)
	s.setPrice("anna", "60.00")
	c, x := s.session("anna", "sandbox")
	s.pay("anna", x, "tok_visa").status(200)
	s.setPrice("anna", "100.00")
	s.collection("anna")
	s.setPrice("anna", "50.00")
	s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"browser"}`).status(400, "not_allowed")
	require.Empty(t, s.browser.Intents())
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", `{}`).status(400, "not_allowed")
	now, err := s.svc.GetCollection(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "60", now.Amount.String())
}

// What a cart was before is not paid by the server where the browser could have paid it, but what the browser has paid is read.
func TestAnOldAmountIsNotPaidByTheServer(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "browser")
	s.setPrice("anna", "150.00")
	s.pay("anna", x, "tok_visa").status(409, "cart_changed")
	require.Equal(t, 0, s.browser.Authorizations(x))
	require.NoError(t, s.browser.ConfirmInBrowser(s.browser.Intents()[0].ClientToken, "tok_visa"))
	paid := s.as("anna", "POST", "/store/payment-sessions/"+x+"/authorize", `{}`).status(200)
	require.Equal(t, "100", fmt.Sprint(paid.at("payment.authorized_amount")))
}

// Where nobody can say what a provider is to know of the shopper, what it knows stays.
func TestWhoCannotSayKeepsTheContext(t *testing.T) {
	s := newShop(t, nil)
	c, id := s.session("anna", "sandbox")
	cfg := s.cfg
	cfg.ResolveCart = nil
	h, err := paymenthttp.Admin(cfg)
	require.NoError(t, err)
	s.handler = h
	s.admin("POST", "/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`).status(200)
	x, err := s.svc.GetSession(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, payment.Data{"email": hostSecret}, x.Context.Reveal())
}
