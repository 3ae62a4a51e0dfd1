package paymenthttp_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestPayACart(t *testing.T) {
	s := newShop(t, nil)
	providers := s.as("anna", "GET", "/store/payment-providers?region_id=reg_1", "").status(200)
	require.Len(t, providers.at("payment_providers"), 4)
	require.Equal(t, "sandbox", providers.text("payment_providers.0.id"))

	c, x := s.session("anna", "sandbox")
	require.Equal(t, c, paymenthttp.CartCollectionID(s.svc, "anna"))
	seen := s.as("anna", "GET", "/store/payment-collections/"+c, "").status(200)
	require.Equal(t, "100", fmt.Sprint(seen.at("payment_collection.amount")))
	require.Equal(t, "eur", seen.text("payment_collection.currency_code"))
	require.Equal(t, "awaiting", seen.text("payment_collection.status"))
	require.NotEmpty(t, seen.at("payment_collection.payment_sessions.0.data"))

	paid := s.pay("anna", x, "tok_visa").status(200)
	require.Equal(t, "authorized", paid.text("payment_session.status"))
	require.Equal(t, x, paid.text("payment.payment_session_id"))
	require.Equal(t, paid.text("payment.id"), paid.text("payment_session.payment.id"))
	s.pay("anna", x, "tok_visa").status(200)
	require.Equal(t, 1, s.gateway.Authorizations(x))

	s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`).status(400, "not_allowed")
	require.Contains(t, s.log.String(), "route=/store/payment-sessions/{id}/authorize")
	require.NotContains(t, s.log.String(), "tok_visa")
}

func TestAReloadFindsWhatThereIs(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "sandbox")
	again, same := s.session("anna", "sandbox")
	require.Equal(t, []string{c, x}, []string{again, same})
	require.Len(t, s.gateway.Intents(), 1)

	s.setPrice("anna", "120.50") // the cart has changed: the session follows, in place
	_, same = s.session("anna", "sandbox")
	require.Equal(t, x, same)
	seen := s.as("anna", "GET", "/store/payment-collections/"+c, "")
	require.Equal(t, "120.5", fmt.Sprint(seen.at("payment_collection.amount")))
	require.Equal(t, "120.5", fmt.Sprint(seen.at("payment_collection.payment_sessions.0.amount")))
	require.True(t, s.gateway.Intents()[0].Amount.Equal(decimal.RequireFromString("120.50")))

	_, other := s.session("anna", "other") // another provider takes its place
	require.NotEqual(t, x, other)
	seen = s.as("anna", "GET", "/store/payment-collections/"+c, "")
	require.Len(t, seen.at("payment_collection.payment_sessions"), 1)
	_, back := s.session("anna", "sandbox")
	require.NotEqual(t, x, back, "what was canceled is over")
	s.pay("anna", back, "tok_visa").status(200)
	require.Equal(t, 0, s.gateway.Authorizations(x)+s.other.Authorizations(other))
	require.Equal(t, 1, s.gateway.Authorizations(back))

	s.setPrice("anna", "10.00") // below what is authorized: it can be looked at, and nothing is left to be paid
	found := s.as("anna", "POST", "/store/payment-collections", `{"cart_id":"anna"}`).status(200)
	require.Equal(t, "120.5", fmt.Sprint(found.at("payment_collection.amount")))
	s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`).status(400, "not_allowed")
}

// What a cart was before is not paid: its page is told, and chooses again.
func TestACartThatChangesBeforeItIsPaid(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	s.setPrice("anna", "200.00")
	require.Equal(t, "conflict", s.pay("anna", x, "tok_visa").status(409, "cart_changed").text("type"))
	require.Equal(t, 0, s.gateway.Authorizations(x))
	_, same := s.session("anna", "sandbox")
	require.Equal(t, x, same)
	require.Equal(t, "200", fmt.Sprint(s.pay("anna", x, "tok_visa").status(200).at("payment.authorized_amount")))

	_, y := s.session("ben", "browser") // the browser may have paid already
	require.NoError(t, s.browser.ConfirmInBrowser(s.browser.Intents()[0].ClientToken, "tok_visa"))
	s.setPrice("ben", "40.00")
	s.as("ben", "POST", "/store/payment-sessions/"+y+"/authorize", "").status(200)
}

func TestACartKeepsItsCurrency(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) {
		cart := cfg.ResolveCart
		cfg.ResolveCart = func(ctx context.Context, r *http.Request, id string) (paymenthttp.Cart, error) {
			c, err := cart(ctx, r, id)
			if r.Header.Get("Country") == "US" {
				c.CurrencyCode = "USD"
			}
			return c, err
		}
	})
	c, x := s.session("anna", "sandbox")
	s.as("anna", "POST", "/store/payment-collections", `{"cart_id":"anna"}`, "Country", "US").status(409, "currency_changed")
	s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`, "Country", "US").status(409, "currency_changed")
	s.as("anna", "POST", "/store/payment-sessions/"+x+"/authorize", "", "Country", "US").status(409, "cart_changed")
	s.admin("POST", "/payment-collections/"+c+"/mark-as-paid", "", "Country", "US").status(409, "currency_changed")
}

// A session that the shopper's browser can still pay holds its amount: a cheaper cart brings it down first.
func TestACartThatBecomesCheaper(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "browser")
	s.setPrice("anna", "80.00")
	require.Equal(t, c, s.collection("anna"))
	a := s.as("anna", "GET", "/store/payment-collections/"+c, "")
	require.Equal(t, "80", fmt.Sprint(a.at("payment_collection.amount")))
	require.Equal(t, x, a.text("payment_collection.payment_sessions.0.id"))
	require.Equal(t, "80", fmt.Sprint(a.at("payment_collection.payment_sessions.0.amount")))
	s.setPrice("anna", "70.00")
	_, other := s.session("anna", "sandbox")
	s.pay("anna", other, "tok_visa").status(200)
	a = s.as("anna", "GET", "/store/payment-collections/"+c, "")
	require.Equal(t, "authorized", a.text("payment_collection.status"))
	require.Equal(t, "70", fmt.Sprint(a.at("payment_collection.authorized_amount")))
	require.Equal(t, "canceled", string(s.browser.Intents()[0].Status))
}

func TestManyTabsShareOneSession(t *testing.T) {
	s := newShop(t, nil)
	var wg sync.WaitGroup
	sessions := make([]string, 16)
	for i := range sessions {
		wg.Go(func() {
			c := s.collection("anna")
			a := s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", fmt.Sprintf(`{"provider_id":"sandbox","data":{"tab":%d}}`, i))
			if a.status(200); a.Code == 200 {
				sessions[i] = a.text("payment_collection.payment_sessions.0.id")
			}
		})
	}
	wg.Wait()
	for _, x := range sessions {
		require.Equal(t, sessions[0], x)
	}
	require.Len(t, s.gateway.Intents(), 1)
	replies := make([]*reply, 16)
	for i := range replies {
		wg.Go(func() { replies[i] = s.pay("anna", sessions[0], "tok_visa") })
	}
	wg.Wait()
	for _, a := range replies {
		a.status(200)
	}
	require.Equal(t, 1, s.gateway.Authorizations(sessions[0]))
}

func TestOutcomesOfAuthorize(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	a := s.pay("anna", x, "tok_declined").status(422, "declined")
	require.Equal(t, "payment_authorization_error", a.text("type"))
	require.Equal(t, "card_declined", a.text("reason"))
	require.Equal(t, "error", a.text("payment_session.status"))

	a = s.pay("anna", x, "tok_3ds").status(200, "requires_more")
	require.NotContains(t, a.json, "type", "this is no error")
	require.Equal(t, "redirect", a.text("payment_session.next_action.kind"))
	require.NoError(t, s.gateway.CompleteChallenge(s.gateway.Intents()[0].Reference, true))
	s.as("anna", "POST", "/store/payment-sessions/"+x+"/authorize", "").status(200)

	_, x = s.session("ben", "sandbox")
	a = s.pay("ben", x, "tok_delayed").status(202, "pending")
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	require.NotContains(t, a.json, "type")
	s.as("ben", "POST", "/store/payment-sessions/"+x+"/cancel", "").status(400, "not_allowed")

	s.setPrice("carl", "5")
	c, x := s.session("carl", "sandbox")
	a = s.pay("carl", x, "tok_500").status(202, "outcome_unknown")
	require.NotEmpty(t, a.Header().Get("Retry-After"))
	require.Equal(t, x, a.text("payment_session.id"))

	s.setPrice("dora", "5")
	_, x = s.session("dora", "sandbox")
	s.as("dora", "POST", "/store/payment-sessions/"+x+"/cancel", "").status(200)
	s.pay("dora", x, "tok_visa").status(400, "canceled")
	require.NotEmpty(t, c)
}

// What is not the shopper's looks as if it were not there, whatever is asked of it.
func TestWhatIsNotYours(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "sandbox")
	absent := func(id string) string { return id[:len(id)-8] + "00000000" }
	for _, who := range []string{"ben", ""} {
		for _, path := range []string{
			"GET /store/payment-collections/" + c, "POST /store/payment-collections/" + c + "/payment-sessions", "GET /store/payment-sessions/" + x,
			"POST /store/payment-sessions/" + x + "/authorize", "POST /store/payment-sessions/" + x + "/cancel", "POST /store/payment-collections",
		} {
			method, path, _ := strings.Cut(path, " ")
			body := map[bool]string{true: `{"cart_id":"anna"}`, false: ""}[path == "/store/payment-collections"]
			theirs := s.as(who, method, path, body).status(404, "not_found")
			if body != "" {
				continue
			}
			gone := s.as(who, method, strings.NewReplacer(c, absent(c), x, absent(x)).Replace(path), "").status(404)
			require.Equal(t, gone.Body.String(), theirs.Body.String(), path)
			require.Equal(t, gone.Header(), theirs.Header(), path)
		}
	}
	s.as("ben", "POST", "/store/payment-collections", `{"cart_id":"nobody's"}`).status(404)
	require.Len(t, s.gateway.Intents(), 1)
}

// Whatever the host's own trouble looks like, it is neither a refusal nor the client's fault, and nobody reads what it says.
func TestTheHostsTroubleIsNoRefusal(t *testing.T) {
	const secret = "secret-dsn"
	var trouble error
	s := newShop(t, func(cfg *paymenthttp.Config) {
		may, cart, order := cfg.Authorize, cfg.ResolveCart, cfg.ResolveOrder
		in := func(r *http.Request, where string) error {
			if r.Header.Get("Trouble") == where {
				return trouble
			}
			return nil
		}
		cfg.Authorize = func(r *http.Request, a paymenthttp.Action, sub paymenthttp.Subject) error {
			return cmp.Or(in(r, "Authorize"), may(r, a, sub))
		}
		cfg.ResolveCart = func(ctx context.Context, r *http.Request, id string) (paymenthttp.Cart, error) {
			c, err := cart(ctx, r, id)
			return c, cmp.Or(in(r, "ResolveCart"), err)
		}
		cfg.ResolveOrder = func(ctx context.Context, r *http.Request, id string) (paymenthttp.Order, error) {
			o, err := order(ctx, r, id)
			return o, cmp.Or(in(r, "ResolveOrder"), err)
		}
		cfg.SplitAmount = func(_ context.Context, r *http.Request, _ *payment.PaymentCollection, left decimal.Decimal, _ payment.Data) (decimal.Decimal, error) {
			return left, in(r, "SplitAmount")
		}
	})
	c, x := s.session("anna", "sandbox")
	owed := s.requested()
	begun := len(s.gateway.Requests())
	s.setPrice("anna", "70.00")
	for where, calls := range map[string][]call{
		"Authorize":    {{"GET", "/store/payment-collections/" + c, ""}, {"GET", "/admin/payment-collections/" + c, ""}, {"GET", "/admin/payments/nothing", ""}},
		"ResolveCart":  {{"POST", "/store/payment-collections", `{"cart_id":"anna"}`}, {"POST", "/store/payment-sessions/" + x + "/authorize", `{"data":{"token":"tok_visa"}}`}},
		"ResolveOrder": {{"POST", "/admin/payment-collections", `{"order_id":"order_1","amount":1}`}, {"POST", "/admin/payment-collections/" + owed + "/mark-as-paid", ""}},
		"SplitAmount":  {{"POST", "/store/payment-collections/" + c + "/payment-sessions", `{"provider_id":"other"}`}},
	} {
		for _, trouble = range []error{
			errors.New(secret), &payment.InvalidError{Field: "Limit", Rule: secret}, fmt.Errorf("%s: %w", secret, payment.ErrInvalid),
			&payment.StateError{Why: secret}, &payment.SessionError{Outcome: payment.ErrPending, Reason: secret}, fmt.Errorf("%s: %w", secret, payment.ErrConflict),
			fmt.Errorf("%s: %w", secret, payment.ErrUnsupported), fmt.Errorf("%s: %w", secret, payment.ErrIdempotencyMismatch),
			fmt.Errorf("%s: %w", secret, payment.ErrWebhookRefused), fmt.Errorf("%s: %w", secret, context.DeadlineExceeded),
			&payment.AmountExceededError{Field: secret},
		} {
			for _, one := range calls {
				a := s.ask(one, "Trouble", where).status(503, "unavailable")
				require.NotEmpty(t, a.Header().Get("Retry-After"))
				require.NotContains(t, a.Body.String(), secret, "%s: %v", where, trouble)
			}
		}
	}
	require.Len(t, s.gateway.Requests(), begun, "nothing has happened")
	require.Contains(t, s.log.String(), secret, "an operator reads why")

	trouble = &payment.InvalidError{Field: "data.part", Rule: "must be all or half"}
	a := s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"other"}`, "Trouble", "SplitAmount").status(400, "invalid")
	require.Equal(t, "data.part", a.text("field"), "what the browser has sent is its own")
}

func TestNothingAboutMoneyComesFromTheBrowser(t *testing.T) {
	s := newShop(t, nil)
	c := s.collection("anna")
	for _, body := range []string{`{"cart_id":"anna","amount":1}`, `{"cart_id":"anna","currency_code":"jpy"}`, `{"Cart_ID":"anna"}`} {
		s.as("anna", "POST", "/store/payment-collections", body).status(400, "invalid")
	}
	a := s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox","amount":1}`).status(400, "invalid")
	require.Equal(t, "amount", a.text("field"))
	a = s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox","data":{"amount":1,"client_token":"mine"}}`).status(200)
	require.Equal(t, "100", fmt.Sprint(a.at("payment_collection.payment_sessions.0.amount")))
	require.NotContains(t, a.Body.String(), "mine", "what a browser sends is not published")
	c = s.collection("ben")
	for body, field := range map[string]string{
		`{"provider_id":"sandbox","data":{"card_number":"4242424242424242"}}`: "data",
		`{"provider_id":"nobody"}`: "provider_id",
		`{"provider_id":"sandbox","data":{"return_url":"https://evil.example/"}}`:              "data.return_url",
		`{"provider_id":"sandbox","data":{"return_url":"https://shop.example@evil.example"}}`:  "data.return_url",
		`{"provider_id":"sandbox","data":{"return_url":"https://shop.example/checkout/../x"}}`: "data.return_url",
		`{"provider_id":7}`: "provider_id",
	} {
		a := s.as("ben", "POST", "/store/payment-collections/"+c+"/payment-sessions", body).status(400, "invalid")
		require.Equal(t, field, a.text("field"), body)
	}
	s.as("ben", "POST", "/store/payment-collections/"+c+"/payment-sessions",
		`{"provider_id":"sandbox","data":{"return_url":"https://shop.example/checkout/done"}}`).status(200)
}

func TestPayInParts(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) {
		cfg.SplitAmount = func(_ context.Context, _ *http.Request, c *payment.PaymentCollection, left decimal.Decimal, input payment.Data) (decimal.Decimal, error) {
			if input["part"] == "half" {
				return decimal.Min(left, c.Amount.Mul(decimal.RequireFromString("0.5"))), nil
			}
			return left, nil
		}
	})
	c := s.collection("anna")
	choose := func(provider, data string, headers ...string) *reply {
		return s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"`+provider+`","data":`+data+`}`, headers...)
	}
	first := choose("sandbox", `{"part":"half"}`).status(200).text("payment_collection.payment_sessions.0.id")
	s.pay("anna", first, "tok_visa").status(200)
	a := choose("other", `{}`).status(200)
	require.Equal(t, "50", fmt.Sprint(a.at("payment_collection.payment_sessions.1.amount")))
	second := a.text("payment_collection.payment_sessions.1.id")
	s.pay("anna", second, "tok_visa").status(200)
	seen := s.as("anna", "GET", "/store/payment-collections/"+c, "").status(200)
	require.Equal(t, "authorized", seen.text("payment_collection.status"))
	require.Len(t, seen.at("payment_collection.payments"), 2)
	choose("sandbox", `{}`).status(400, "not_allowed")
}

// A key tells the parts that one provider pays from each other, and a repeat from another part.
func TestPartsHaveKeys(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) {
		cfg.SplitAmount = func(_ context.Context, _ *http.Request, c *payment.PaymentCollection, left decimal.Decimal, _ payment.Data) (decimal.Decimal, error) {
			return decimal.Min(left, c.Amount.Mul(decimal.RequireFromString("0.5"))), nil
		}
	})
	c := s.collection("anna")
	part := func(key string) []any {
		a := s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"sandbox"}`, "Idempotency-Key", key).status(200)
		return a.at("payment_collection.payment_sessions").([]any)
	}
	require.Len(t, part("first card"), 1)
	require.Len(t, part("first card"), 1)
	sessions := part("second card")
	require.Len(t, sessions, 2)
	for _, x := range sessions {
		s.pay("anna", x.(map[string]any)["id"].(string), "tok_visa").status(200)
	}
	require.Len(t, part("first card"), 2, "a repeat, also when all is paid")
	require.Equal(t, "100", fmt.Sprint(s.as("anna", "GET", "/store/payment-collections/"+c, "").at("payment_collection.authorized_amount")))
}

func TestAKeyIsRepeated(t *testing.T) {
	s := newShop(t, nil)
	c, _ := s.session("anna", "other")
	for range 2 { // the first one supersedes, the second one finds
		a := s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"browser"}`, "Idempotency-Key", "k").status(200)
		require.Len(t, a.at("payment_collection.payment_sessions"), 1)
	}
	require.Len(t, s.browser.Intents(), 1)
	s.as("anna", "POST", "/store/payment-collections/"+c+"/payment-sessions", `{"provider_id":"other"}`, "Idempotency-Key", strings.Repeat("k", 201)).status(400, "invalid")
}

// down is a store whose database is gone.
type down struct{ payment.Store }

func (down) Load(context.Context, payment.Key) (*payment.Rows, error) {
	return nil, &payment.StoreError{Problem: payment.StoreGone, Advice: "see that db1.internal runs"}
}

func TestTheStoreIsDown(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "sandbox")
	svc, err := payment.NewService(down{memstore.New()}, payment.Config{Providers: []payment.Provider{manualprovider.New()}})
	require.NoError(t, err)
	s.cfg.Service = svc
	s.handler, err = paymenthttp.Storefront(s.cfg)
	require.NoError(t, err)
	for _, path := range []string{"/store/payment-collections/" + c, "/store/payment-sessions/" + x} {
		a := s.as("anna", "GET", path, "").status(503, "unavailable")
		require.Equal(t, "5", a.Header().Get("Retry-After"))
		require.NotContains(t, a.Body.String(), "db1")
	}
	require.Contains(t, s.log.String(), "db1.internal", "an operator reads why")
}

func TestVersionsOfWhatWasRead(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "sandbox")
	for _, path := range []string{"/store/payment-collections/" + c, "/store/payment-sessions/" + x} {
		a := s.as("anna", "GET", path, "").status(200)
		require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
		tag := a.Header().Get("ETag")
		require.NotEmpty(t, tag)
		b := s.as("anna", "GET", path, "", "If-None-Match", tag).status(304)
		require.Zero(t, b.Body.Len())
		s.as("anna", "GET", path, "", "If-None-Match", `"0"`).status(200)
	}
}

// A page waits with the version that the answer had to which it waits.
func TestVersionsOfWhatIsNotDecided(t *testing.T) {
	for token, status := range map[string]int{"tok_delayed": 202, "tok_3ds": 200} {
		s := newShop(t, nil)
		_, x := s.session("anna", "sandbox")
		tag := s.pay("anna", x, token).status(status).Header().Get("ETag")
		require.NotEmpty(t, tag, token)
		s.as("anna", "GET", "/store/payment-sessions/"+x, "", "If-None-Match", tag).status(304)
	}
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	s.gateway.FailNext(sandboxprovider.MethodCancel, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
	tag := s.as("anna", "POST", "/store/payment-sessions/"+x+"/cancel", "").status(202, "outcome_unknown").Header().Get("ETag")
	s.as("anna", "GET", "/store/payment-sessions/"+x, "", "If-None-Match", tag).status(304)
}

func TestWaitForAWebhook(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	s.pay("anna", x, "tok_delayed").status(202)
	path := "/store/payment-sessions/" + x
	tag := s.as("anna", "GET", path, "").status(200).Header().Get("ETag")
	began := time.Now()
	s.as("anna", "GET", path+"?wait=1", "", "If-None-Match", tag).status(304)
	require.GreaterOrEqual(t, time.Since(began), time.Second)

	replies := make(chan *reply, 2)
	for range 2 {
		go func() { replies <- s.as("anna", "GET", path+"?wait=30", "", "If-None-Match", tag) }()
	}
	time.Sleep(300 * time.Millisecond) // both wait
	third := s.as("anna", "GET", path+"?wait=30", "", "If-None-Match", tag).status(304)
	require.Equal(t, "1", third.Header().Get("Retry-After"), "a third one is sent away")
	require.NoError(t, s.gateway.ResolveDelayed(s.gateway.Intents()[0].Reference, true))
	for _, hook := range s.gateway.Webhooks() {
		r := httptest.NewRequest(http.MethodPost, "/hooks/payment/sandbox", strings.NewReader(string(hook.Body)))
		r.Header = hook.Header
		s.do(r).status(200)
	}
	for range 2 {
		require.Equal(t, "authorized", (<-replies).status(200).text("payment_session.status"))
	}
	s.as("anna", "GET", path+"?wait=x", "").status(400, "invalid")
}

// More than 30 seconds count as 30, however many.
func TestAVeryLongWait(t *testing.T) {
	s := newShop(t, nil)
	_, x := s.session("anna", "sandbox")
	path := "/store/payment-sessions/" + x
	tag := s.as("anna", "GET", path, "").status(200).Header().Get("ETag")
	waited := make(chan *reply, 1)
	go func() { waited <- s.as("anna", "GET", path+"?wait=9223372037", "", "If-None-Match", tag) }()
	time.Sleep(300 * time.Millisecond)
	require.Empty(t, waited)
	s.pay("anna", x, "tok_visa").status(200)
	require.Equal(t, "authorized", (<-waited).status(200).text("payment_session.status"))
}

func TestAnotherSitesPage(t *testing.T) {
	s := newShop(t, func(cfg *paymenthttp.Config) { cfg.TrustedOrigins = []string{"https://shop.example"} })
	s.as("anna", "POST", "/store/payment-collections", `{"cart_id":"anna"}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example").status(403, "cross_origin")
	s.as("anna", "POST", "/store/payment-collections", `{"cart_id":"anna"}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example").status(200)
	s.as("anna", "GET", "/store/payment-providers", "", "Sec-Fetch-Site", "cross-site").status(200)
}

func TestRequestsThatAreNoGood(t *testing.T) {
	s := newShop(t, nil)
	post := func(body string, headers ...string) *reply {
		return s.as("anna", "POST", "/store/payment-collections", body, headers...)
	}
	post(`{"cart_id":"anna"}`, "Content-Type", "text/plain").status(415, "unsupported_media_type")
	post(`{"cart_id":"anna"}`, "Content-Type", "application/json; charset=utf-8").status(200)
	post(`{"cart_id":"`+strings.Repeat("a", 90<<10)+`"}`).status(413, "too_large")
	for _, body := range []string{`[]`, `null`, `{`, `{"cart_id":"anna"} {}`, `{"cart_id":"anna"}x`, `"anna"`, "\x00"} {
		post(body).status(400, "malformed_json")
	}
	for _, body := range []string{``, `{}`, `{"cart_id":""}`, `{"cart_id":null}`, `{"cart_id":1}`, `{"cart_id":["anna"]}`} {
		require.Equal(t, "cart_id", post(body).status(400, "invalid").text("field"))
	}
	a := s.as("anna", "DELETE", "/store/payment-collections", "").status(405, "method_not_allowed")
	require.Equal(t, "POST", a.Header().Get("Allow"))
	require.Equal(t, "GET, HEAD", s.as("anna", "POST", "/store/payment-providers", "{}").status(405).Header().Get("Allow"))
	s.as("anna", "GET", "/store/nothing", "").status(404, "not_found")
	for _, query := range []string{"limit=0", "limit=101", "offset=-1", "offset=10001", "limit=x", "order=id", "q=x", "limit=1&limit=2"} {
		s.as("anna", "GET", "/store/payment-providers?"+query, "").status(400, "invalid")
	}
	s.as("anna", "GET", "/store/payment-providers?region_id=", "").status(200)
	s.as("anna", "HEAD", "/store/payment-providers", "").status(200)
}

// A path that is not written as it is answered is nobody's: no redirect leads a browser elsewhere.
func TestPathsThatAreNotClean(t *testing.T) {
	s := newShop(t, nil)
	for _, name := range []string{"store", "admin", "hooks"} {
		h, err := map[string]func(paymenthttp.Config) (http.Handler, error){
			"store": paymenthttp.Storefront, "admin": paymenthttp.Admin, "hooks": paymenthttp.Webhooks,
		}[name](s.cfg)
		require.NoError(t, err)
		s.handler = h
		for _, path := range []string{"//payment-providers", "/./payment-providers", "/x/../payment-providers", "/..", "/payment-providers/", "/payments//"} {
			for _, method := range []string{"GET", "POST"} {
				a := s.as("anna", method, "/"+name+path, "").status(404, "not_found")
				require.Equal(t, "no-store", a.Header().Get("Cache-Control"), path)
				require.Equal(t, "nosniff", a.Header().Get("X-Content-Type-Options"), path)
			}
		}
	}
}

func TestKeysThatAreNoText(t *testing.T) {
	s, calls := everyone(t, nil)
	for _, c := range calls {
		if strings.HasSuffix(c.path, "/payment-sessions") || strings.HasSuffix(c.path, "/authorize") || strings.HasSuffix(c.path, "/capture") {
			for _, key := range []string{"\xff", "a\x00b"} {
				require.Equal(t, "Idempotency-Key", s.ask(c, "Idempotency-Key", key).status(400, "invalid").text("field"), c.path)
			}
		}
	}
}

// Who moved money, and what was noted of it, is the shop's own.
func TestWhatTheShopNotesForItself(t *testing.T) {
	s := newShop(t, nil)
	c, x := s.session("anna", "sandbox")
	p := s.pay("anna", x, "tok_visa").status(200).text("payment.id")
	s.admin("POST", "/payments/"+p+"/capture", "").status(200)
	a := s.admin("POST", "/payments/"+p+"/refund", `{"amount":1,"note":"known for returns"}`).status(200)
	require.Equal(t, "known for returns", a.text("payment.refunds.0.note"))
	require.Equal(t, "ada", a.text("payment.captures.0.created_by"))
	for _, ask := range []string{
		"GET /store/payment-sessions/" + x, "GET /store/payment-collections/" + c, "POST /store/payment-sessions/" + x + "/authorize",
		"POST /store/payment-collections/" + c + "/payment-sessions", "POST /store/payment-sessions/" + x + "/cancel",
	} {
		method, path, _ := strings.Cut(ask, " ")
		a := s.as("anna", method, path, map[bool]string{true: `{"provider_id":"sandbox"}`}[strings.HasSuffix(path, "/payment-sessions")])
		require.NotContains(t, a.Body.String(), "known for returns", ask)
		require.NotContains(t, a.Body.String(), `"ada"`, ask)
	}
	a = s.as("anna", "GET", "/store/payment-sessions/"+x, "").status(200)
	require.Equal(t, "1", fmt.Sprint(a.at("payment.refunds.0.amount")))
	require.Equal(t, "1", fmt.Sprint(a.at("payment_session.payment.refunds.0.amount")))
}
