package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// screens is where the tests leave pictures of the pages.
const screens = "screens"

// browser is the one Chromium of all tests; each test has a profile of its own in it.
var browser struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.stop != nil {
		browser.stop()
	}
	os.Exit(code)
}

// chromium returns the program that is there.
func chromium() (string, error) {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium: install it (on Debian: apt-get install chromium), or set CHROMIUM to its path")
}

func startBrowser() {
	path, err := chromium()
	if err != nil {
		browser.err = err
		return
	}
	profile, err := os.MkdirTemp("", "storefront-chromium")
	if err != nil {
		browser.err = err
		return
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(60 * time.Second),
	}
	if os.Getuid() == 0 {
		flags = append(flags, chromedp.NoSandbox)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, stop := chromedp.NewContext(allocator)
	browser.err = chromedp.Do(ctx)
	browser.ctx = ctx //nolint:fatcontext // it is the one browser's
	browser.stop = func() {
		_ = chromedp.Cancel(ctx) // waits until it has ended
		stop()
		stopAllocator()
		_ = os.RemoveAll(profile)
	}
}

// seen is all that the shop and its gateways have answered to browsers.
type seen struct {
	mu   sync.Mutex
	text bytes.Buffer
	n    int
}

type recorder struct {
	http.ResponseWriter
	seen *seen
}

func (r recorder) Write(b []byte) (int, error) {
	r.seen.mu.Lock()
	r.seen.text.Write(b)
	r.seen.mu.Unlock()
	return r.ResponseWriter.Write(b)
}

func (s *seen) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(recorder{w, s}, r)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.n++
		fmt.Fprint(&s.text, w.Header())
	})
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// world is a shop on a free port.
type world struct {
	t    *testing.T
	shop *shop
	seen *seen
	told *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &world{t: t, seen: &seen{}, told: &bytes.Buffer{}}
	w.shop, err = open(options{File: filepath.Join(t.TempDir(), "shop.db"), Host: listener.Addr().String(), Out: w.told, Every: 100 * time.Millisecond})
	require.NoError(t, err)
	w.shop.handler = w.seen.record(w.shop.handler)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.shop.run(ctx, listener) }()
	t.Cleanup(func() {
		w.nothingSecret()
		stop()
		require.NoError(t, <-ended)
	})
	return w
}

// nothingSecret looks through all that browsers were told for what they must not know: what gateways keep to themselves, what the shop tells
// gateways of a shopper, and the cookies in any place but their own header.
func (w *world) nothingSecret() {
	w.t.Helper()
	text := w.seen.String()
	require.NotEmpty(w.t, text)
	intents := append(w.shop.card.Intents(), w.shop.bank.Intents()...)
	for _, in := range intents {
		require.NotEmpty(w.t, in.Secret)
		require.NotContains(w.t, text, in.Secret, "the gateway's secret")
	}
	carts, err := cartsWhere(w.t.Context(), w.shop.db, "true")
	if err != nil { // the test's context has ended: this is its cleanup
		carts, err = cartsWhere(context.Background(), w.shop.db, "true")
	}
	require.NoError(w.t, err)
	for _, c := range carts {
		require.Len(w.t, c.Shopper, 64)
		require.NotContains(w.t, text, c.Shopper, "what gateways are told of the shopper")
	}
}

// authorized returns how often a gateway has authorized money for a cart.
func (w *world) authorized(cart string) int {
	w.t.Helper()
	n := 0
	owed := paymenthttp.CartCollectionID(w.shop.svc, cart)
	for _, gateway := range []*sandboxprovider.Gateway{w.shop.card, w.shop.bank} {
		for _, in := range gateway.Intents() {
			if in.CollectionID == owed {
				n += gateway.Authorizations(in.SessionID)
			}
		}
	}
	return n
}

// only returns the ID of the one cart there is.
func (w *world) only() string {
	w.t.Helper()
	all, err := cartsWhere(w.t.Context(), w.shop.db, "true")
	require.NoError(w.t, err)
	require.Len(w.t, all, 1)
	return all[0].ID
}

// tab is one tab of a shopper's browser.
type tab struct {
	t   *testing.T
	w   *world
	ctx context.Context
}

// browse opens a browser of its own: cookies are shared by its tabs alone.
func (w *world) browse() *tab {
	w.t.Helper()
	browser.once.Do(startBrowser)
	require.NoError(w.t, browser.err)
	b := newTab(browser.ctx, w, chromedp.WithNewBrowserContext())
	return b
}

// another opens another tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	return newTab(b.ctx, b.w)
}

// patience is how long a test waits for what must come, and tick how often it looks.
const (
	patience = 30 * time.Second
	tick     = 10 * time.Millisecond
)

func newTab(parent context.Context, w *world, options ...chromedp.ContextOption) *tab {
	w.t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	w.t.Cleanup(cancel)
	require.NoError(w.t, chromedp.Do(ctx)) // what opens the tab has no deadline, or the tab would end with it
	b := &tab{w.t, w, ctx}
	b.size(1100)
	return b
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		require.NoError(b.t, err, b.shows())
	}
}

// shows says where the tab is and what stands there.
func (b *tab) shows() string {
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return text
}

// open goes to a path of the shop.
func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.w.shop.base + path))
}

// back presses the browser's Back. A page that comes out of the browser's memory is not loaded again: what counts is that this one is left.
func (b *tab) back() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`window.left = true; setTimeout(() => history.back()); null`))
	b.until(`!window.left && document.readyState === "complete"`)
}

// click presses something, once it is there to be seen.
func (b *tab) click(what string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(what), chromedp.NodeVisible))
}

// until waits until an expression of JavaScript is true. A page that is just being left is asked again.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			require.FailNow(b.t, "it never came: "+expression, b.shows())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// reads waits until the page shows a text.
func (b *tab) reads(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.readyState === "complete" && document.body.innerText.includes(%q)`, text))
}

// at waits until the tab is at a path of the shop.
func (b *tab) at(path string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.readyState === "complete" && location.pathname === %q`, path))
}

// picture keeps how the page looks: light and dark, on a phone and on a desk.
func (b *tab) picture(name string) {
	b.t.Helper()
	require.NoError(b.t, os.MkdirAll(screens, 0o750))
	for _, scheme := range []string{"light", "dark"} {
		for _, size := range []struct {
			name  string
			width int64
		}{{"phone", 360}, {"desktop", 1100}} {
			b.media(scheme)
			b.size(size.width)
			wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
			require.NoError(b.t, err)
			require.False(b.t, wide, "%s is wider than a screen of %d", name, size.width)
			png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			require.NoError(b.t, err)
			require.NoError(b.t, os.WriteFile(filepath.Join(screens, fmt.Sprintf("%s-%s-%s.png", name, size.name, scheme)), png, 0o600))
		}
	}
	b.media("light")
	b.size(1100)
}

// size sets how wide the screen is, and waits until the page has been laid out on it: a click would miss.
func (b *tab) size(width int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 800))
	b.until(fmt.Sprintf("innerWidth === %d && document.body.getBoundingClientRect().width <= innerWidth", width))
}

// media sets whether the shopper likes it light or dark.
func (b *tab) media(scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// fill puts things into the cart, and goes to the checkout. It returns the cart's ID.
func (b *tab) fill(products ...string) string {
	b.t.Helper()
	b.open("/")
	for i, id := range products {
		b.click("#add-" + id)
		b.until(fmt.Sprintf(`document.readyState === "complete" && parseInt(document.querySelector(".count")?.textContent) === %d`, i+1))
	}
	b.open("/cart")
	b.click(`a[href^="/checkout/"]`)
	b.reads("How do you want to pay?")
	return b.w.only()
}

// office opens the pages behind the counter.
func (b *tab) office() {
	b.t.Helper()
	b.open("/office/login?token=" + b.w.shop.office.invitation())
	b.at("/office")
}

// card chooses the test card with a token.
func (b *tab) card(token string) {
	b.t.Helper()
	b.click(`.chip[data-token="` + token + `"]`)
}

// paid requires that one order is complete, with so many authorizations in the gateways' books.
func (b *tab) paid(cart string, authorizations int) {
	b.t.Helper()
	b.at("/orders/" + cart)
	b.reads("Your order is complete.")
	require.Equal(b.t, authorizations, b.w.authorized(cart))
	for _, gateway := range []*sandboxprovider.Gateway{b.w.shop.card, b.w.shop.bank} {
		var charged []string
		for _, in := range gateway.Intents() {
			if in.Authorized.IsPositive() {
				charged = append(charged, in.SessionID)
			}
		}
		slices.Sort(charged)
		require.Equal(b.t, charged, slices.Compact(slices.Clone(charged)), "a session was charged twice")
	}
}
