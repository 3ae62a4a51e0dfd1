package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
)

func TestOutput(t *testing.T) {
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, once(t.Context(), &got))
	require.Equal(t, string(want), got.String())
}

// guest returns a shopper without a browser.
func (w *world) guest() *buyer {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	return &buyer{shop: w.shop, out: io.Discard, client: &http.Client{Jar: jar}}
}

// asks sends a request, without following where it leads, and returns the answer.
func (w *world) asks(b *buyer, method, path, body string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.shop.base+path, strings.NewReader(body))
	require.NoError(w.t, err)
	maps.Copy(r.Header, header)
	if h := header.Get("Host"); h != "" {
		r.Host = h
	}
	client := &http.Client{Jar: b.client.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.Do(r)
	require.NoError(w.t, err)
	text, err := io.ReadAll(a.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, a.Body.Close())
	return a, string(text)
}

// begun is a guest who has one thing in the cart and has chosen to pay by card.
func (w *world) begun(product string) (b *buyer, cart, collection string) {
	w.t.Helper()
	b = w.guest()
	require.NoError(w.t, b.send(w.t.Context(), "/cart", url.Values{"product": {product}}))
	cart = w.only()
	collection, err := b.id(w.t.Context(), "/store/payment-collections", map[string]any{"cart_id": cart}, "payment_collection")
	require.NoError(w.t, err)
	require.Equal(w.t, collection, paymenthttp.CartCollectionID(w.shop.svc, cart))
	return b, cart, collection
}

func TestWhatIsSomebodyElses(t *testing.T) {
	w := newWorld(t)
	b, cart, collection := w.begun("tea")
	session, err := b.pay(t.Context(), collection, "bank", "all", "11.20", "tok_delayed", http.StatusAccepted)
	require.NoError(t, err)
	thief := w.guest()
	require.NoError(t, thief.send(t.Context(), "/cart", url.Values{"product": {"mug"}}))
	for _, who := range []*buyer{thief, w.guest()} {
		for _, path := range []string{
			"GET /checkout/" + cart, "GET /orders/" + cart, "POST /gateway/bank/" + cart, "GET /store/payment-sessions/" + session,
			"GET /store/payment-collections/" + collection, "POST /store/payment-sessions/" + session + "/authorize",
			"POST /store/payment-sessions/" + session + "/cancel",
		} {
			method, path, _ := strings.Cut(path, " ")
			a, text := w.asks(who, method, path, "", nil)
			require.Equal(t, http.StatusNotFound, a.StatusCode, path)
			require.NotContains(t, text, "11.2", path)
		}
	}
	require.Zero(t, w.authorized(cart), "nobody else can decide for the bank")
	a, _ := w.asks(b, "GET", "/orders/"+cart, "", nil)
	require.Equal(t, http.StatusOK, a.StatusCode)
}

func TestTheOfficeIsClosed(t *testing.T) {
	w := newWorld(t)
	b, cart, _ := w.begun("tea")
	paths := []string{"GET /office", "GET /office/orders/" + cart, "GET /admin/payments", "GET /admin/operations", "POST /admin/payments/pay_1/capture",
		"GET /office/login?token=", "GET /office/login?token=guessed"}
	for _, path := range paths {
		method, path, _ := strings.Cut(path, " ")
		a, text := w.asks(b, method, path, "", nil)
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusNotFound}, a.StatusCode, path)
		require.NotContains(t, text, "11.20")
		require.Empty(t, a.Header.Get("Set-Cookie"))
	}
	link := "/office/login?token=" + w.shop.office.invitation()
	a, _ := w.asks(b, "GET", link, "", nil)
	require.Equal(t, http.StatusSeeOther, a.StatusCode)
	for _, part := range []string{"HttpOnly", "SameSite=Strict"} {
		require.Contains(t, a.Header.Get("Set-Cookie"), part)
	}
	a, _ = w.asks(b, "GET", "/admin/payments", "", nil)
	require.Equal(t, http.StatusOK, a.StatusCode)
	a, _ = w.asks(w.guest(), "GET", link, "", nil)
	require.Equal(t, http.StatusUnauthorized, a.StatusCode, "the link works once")
	require.Empty(t, w.shop.office.invitation())
	a, _ = w.asks(w.guest(), "GET", "/office/login?token=", "", nil)
	require.Equal(t, http.StatusUnauthorized, a.StatusCode, "nor is no token the one that was used up")
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	b, cart, collection := w.begun("tea")
	inline := regexp.MustCompile(`(?i)<style|<script(>| [^>]*[^r]>)|\sstyle=|\son[a-z]+=|["']javascript:|https?://`)
	for _, path := range []string{"/", "/cart", "/checkout/" + cart, "/orders", "/orders/nobody", "/office", "/nothing",
		"/static/shop.css", "/static/checkout.js", "/store/payment-collections/" + collection} {
		a, text := w.asks(b, "GET", path, "", nil)
		policy := a.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'", path)
		require.NotContains(t, policy, "unsafe", path)
		require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"), path)
		if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			require.Empty(t, inline.FindAllString(text, -1), path)
			require.Contains(t, text, `<html lang="en">`)
			require.Contains(t, text, `role="status" aria-live="polite"`)
		}
	}
	a, _ := w.asks(w.guest(), "POST", "/cart", "product=tea", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	for _, part := range []string{"shopper=", "HttpOnly", "SameSite=Lax"} {
		require.Contains(t, a.Header.Get("Set-Cookie"), part)
	}
}

func TestOtherSites(t *testing.T) {
	w := newWorld(t)
	b, cart, _ := w.begun("tea")
	a, text := w.asks(b, "GET", "/cart", "", http.Header{"Host": {"evil.example"}})
	require.Equal(t, []any{http.StatusFound, w.shop.base + "/"}, []any{a.StatusCode, a.Header.Get("Location")})
	require.NotContains(t, text, "Green tea")
	a, _ = w.asks(b, "POST", "/gateway/bank/"+cart, "", http.Header{"Host": {"evil.example"}})
	require.Equal(t, http.StatusMisdirectedRequest, a.StatusCode)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}
	a, _ = w.asks(b, "POST", "/cart", "product=lamp", form)
	require.Equal(t, http.StatusForbidden, a.StatusCode)
}

func TestPartsOfAnAmount(t *testing.T) {
	for _, c := range []struct{ total, plan, sums string }{
		{"100.00", "half", "50.00 50.00"},
		{"73.90", "third", "24.64 24.64 24.62"},
		{"0.01", "third", "0.01"},
		{"9.99", "half", "5.00 4.99"},
		{"100.00", "third", "33.34 33.34 33.32"},
		{"100.00", "all", "100.00"},
	} {
		left, sums := decimal.RequireFromString(c.total), []string{}
		for left.IsPositive() {
			sum, ok := partOf(decimal.RequireFromString(c.total), left, c.plan)
			require.True(t, ok)
			left, sums = left.Sub(sum), append(sums, sum.StringFixed(2))
		}
		require.Equal(t, c.sums, strings.Join(sums, " "), "%s of %s", c.plan, c.total)
		require.True(t, left.IsZero())
	}
	_, ok := partOf(decimal.Zero, decimal.Zero, "most")
	require.False(t, ok)
}

func TestThePriceIsTheShops(t *testing.T) {
	w := newWorld(t)
	b, _, collection := w.begun("tea")
	path := "/store/payment-collections/" + collection + "/payment-sessions"
	for _, body := range []string{
		`{"provider_id":"card","data":{"part":"all","shown":"0.01"}}`, `{"provider_id":"card","data":{"part":"all"}}`,
		`{"provider_id":"card","data":{"part":"5.00","shown":"5.00"}}`, `{"provider_id":"card","data":{"part":"all","shown":"11.20"},"amount":1}`,
	} {
		a, text := w.asks(b, "POST", path, body, http.Header{"Content-Type": {"application/json"}})
		require.Equal(t, http.StatusBadRequest, a.StatusCode, "%s: %s", body, text)
	}
	require.Empty(t, w.shop.card.Intents())
}

// chosen chooses to pay all by card, and returns the session.
func (w *world) chosen(b *buyer, collection, shown string) string {
	w.t.Helper()
	_, err := b.post(w.t.Context(), "/store/payment-collections/"+collection+"/payment-sessions",
		map[string]any{"provider_id": "card", "data": map[string]any{"part": "all", "shown": shown}}, http.StatusOK)
	require.NoError(w.t, err)
	return w.shop.card.Intents()[0].SessionID
}

func (w *world) authorizes(b *buyer, session, token string) int {
	w.t.Helper()
	a, _ := w.asks(b, "POST", "/store/payment-sessions/"+session+"/authorize", `{"data":{"token":"`+token+`"}}`,
		http.Header{"Content-Type": {"application/json"}})
	return a.StatusCode
}

// What was begun for a smaller cart pays a part of what the cart is now, and no more than that is said to be paid.
func TestACartThatGrows(t *testing.T) {
	w := newWorld(t)
	b, cart, collection := w.begun("tea")
	session := w.chosen(b, collection, "11.20")
	require.NoError(t, b.send(t.Context(), "/cart", url.Values{"product": {"tea"}}))
	require.Equal(t, http.StatusOK, w.authorizes(b, session, "tok_visa"))
	st, err := w.shop.state(t.Context(), w.cart(cart))
	require.NoError(t, err)
	require.False(t, st.Over)
	require.Equal(t, "11.20", st.Left.StringFixed(2))
}

func TestACartThatIsEmptied(t *testing.T) {
	w := newWorld(t)
	b, cart, collection := w.begun("tea")
	session := w.chosen(b, collection, "11.20")
	require.NoError(t, b.send(t.Context(), "/cart", url.Values{"product": {"tea"}, "quantity": {"0"}}))
	require.Equal(t, http.StatusNotFound, w.authorizes(b, session, "tok_visa"))
	require.Zero(t, w.authorized(cart))
}

func TestACartThatIsBeingPaid(t *testing.T) {
	w := newWorld(t)
	b, cart, collection := w.begun("tea")
	session := w.chosen(b, collection, "11.20")
	require.Equal(t, http.StatusOK, w.authorizes(b, session, "tok_3ds"))
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	a, _ := w.asks(b, "POST", "/cart", "product=lamp", form)
	require.Equal(t, http.StatusConflict, a.StatusCode)
	require.Equal(t, 1, w.cart(cart).Count())
	a, _ = w.asks(b, "POST", "/store/payment-sessions/"+session+"/cancel", "", nil)
	require.Equal(t, http.StatusOK, a.StatusCode)
	a, _ = w.asks(b, "POST", "/cart", "product=lamp", form)
	require.Equal(t, http.StatusSeeOther, a.StatusCode)
	require.Equal(t, 2, w.cart(cart).Count())
}

func TestAddresses(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "shop.example:0", "127.0.0.1"} {
		_, err := listen(t.Context(), addr)
		require.ErrorContains(t, err, "-addr", addr)
	}
}

// opens is a shop on a file, until close is called.
func opens(t *testing.T, file string) (w *world, end func()) {
	t.Helper()
	listener, err := listen(t.Context(), "localhost:0")
	require.NoError(t, err)
	w = &world{t: t, seen: &seen{}, told: &bytes.Buffer{}}
	w.shop, err = open(options{File: file, Host: listener.Addr().String(), Out: w.told, Every: 50 * time.Millisecond})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.shop.run(ctx, listener) }()
	return w, func() {
		t.Helper()
		began := time.Now()
		cancel()
		require.NoError(t, <-ended)
		require.Less(t, time.Since(began), 8*time.Second, "nothing keeps the shop open")
	}
}

// A page that waits for its bank does not keep the shop open, and what is in the file is there the next time.
func TestCloseAndOpenAgain(t *testing.T) {
	file := t.TempDir() + "/a shop?.db"
	w, end := opens(t, file)
	b, cart, collection := w.begun("tea")
	_, err := b.pay(t.Context(), collection, "card", "half", "5.60", "tok_visa", http.StatusOK)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.cart(cart).Number == 1001 }, patience, tick)
	rest, err := w.shop.svc.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: collection, ProviderID: "cash", Amount: decimal.RequireFromString("5.60"), // no gateway tells of it
	})
	require.NoError(t, err)
	path := "/store/payment-sessions/" + rest.ID
	a, _ := w.asks(b, "GET", path, "", nil)
	waits := make(chan int, 1)
	go func() {
		a, _ := w.asks(b, "GET", path+"?wait=25", "", http.Header{"If-None-Match": {a.Header.Get("ETag")}})
		waits <- a.StatusCode
	}()
	time.Sleep(200 * time.Millisecond) // it waits
	end()
	require.Equal(t, http.StatusNotModified, <-waits)

	w, end = opens(t, file)
	require.Equal(t, int64(1001), w.cart(w.only()).Number)
	end()
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, "-rw-------", info.Mode().String())
}

// After a restart the gateways know nothing of what they held. Nothing is taken then, and the office reads why.
func TestTheGatewaysForget(t *testing.T) {
	file := t.TempDir() + "/shop.db"
	w, end := opens(t, file)
	b, cart, collection := w.begun("tea")
	require.Equal(t, http.StatusOK, w.authorizes(b, w.chosen(b, collection, "11.20"), "tok_visa"))
	end()

	w, end = opens(t, file)
	st, err := w.shop.state(t.Context(), w.cart(cart))
	require.NoError(t, err)
	b = w.guest()
	_, err = b.get(t.Context(), "/office/login?token="+w.shop.office.invitation())
	require.NoError(t, err)
	a, text := w.asks(b, "POST", "/admin/payments/"+st.Ways[0].Payment.ID+"/capture", "", nil)
	require.Equal(t, http.StatusUnprocessableEntity, a.StatusCode, text)
	page, err := b.get(t.Context(), "/office/orders/"+cart)
	require.NoError(t, err)
	require.Contains(t, page, "Not taken")
	require.Contains(t, page, "intent_not_found")
	end()
}

func (w *world) cart(id string) *cart {
	w.t.Helper()
	c, err := w.shop.cart(w.t.Context(), id)
	require.NoError(w.t, err)
	return c
}

func TestNoChromium(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CHROMIUM", "")
	_, err := chromium()
	require.ErrorContains(t, err, "apt-get install chromium")
	require.NotContains(t, fmt.Sprint(err), "\n")
}
