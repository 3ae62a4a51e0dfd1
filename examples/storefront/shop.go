package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
	"github.com/seed40c892db/payment/sqlitestore"
)

//go:embed pages static
var files embed.FS

// options is what a shop is opened with.
type options struct {
	File  string        // the database
	Host  string        // host and port under which browsers find it
	Out   io.Writer     // what happens is told here
	Every time.Duration // how often is looked for what is left to do; 0 means 2 seconds
}

// shop is everything: the pages, the payments, and the gateways, which would be somebody else's.
type shop struct {
	base    string // http://host:port
	host    string
	db      *sql.DB
	store   *sqlitestore.Store
	svc     *payment.Service
	card    *sandboxprovider.Gateway
	bank    *sandboxprovider.Gateway
	mail    *mail
	office  *office
	pages   map[string]*template.Template
	handler http.Handler
	every   time.Duration

	work    sync.WaitGroup
	closed  context.Context //nolint:containedctx // ends when the shop begins to close
	closing context.CancelFunc

	outMu sync.Mutex
	out   io.Writer
}

func open(o options) (*shop, error) {
	ctx := context.Background()
	s := &shop{base: "http://" + o.Host, host: o.Host, out: o.Out, every: o.Every}
	if s.every == 0 {
		s.every = 2 * time.Second
	}
	s.closed, s.closing = context.WithCancel(ctx)
	s.mail = &mail{base: s.base, tell: s.tell, more: make(chan struct{}, 1)}
	s.office = newOffice()
	var err error
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	if s.db, s.store, err = openFile(ctx, o.File); err != nil {
		return nil, fmt.Errorf("the file %s: %w", o.File, err)
	}
	if err = s.openPayments(); err == nil {
		s.handler, err = s.routes()
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close closes the file.
func (s *shop) close() error {
	s.closing()
	return errors.Join(s.store.Close(), s.db.Close())
}

// tell tells whoever looks at the terminal what happens.
func (s *shop) tell(format string, args ...any) {
	s.outMu.Lock()
	defer s.outMu.Unlock()
	fmt.Fprintf(s.out, time.Now().Format("15:04:05")+"  "+format+"\n", args...)
}

// routes mounts the library's three handlers and the shop's own pages in one mux.
func (s *shop) routes() (http.Handler, error) {
	cfg := paymenthttp.Config{
		Service: s.svc, Authorize: s.authorize, ResolveCart: s.resolveCart, ResolveOrder: s.resolveOrder, SplitAmount: s.splitAmount,
		Actor: func(*http.Request) string { return "the office" }, ManualProvider: "cash",
		Logger: slog.New(slog.DiscardHandler), // the terminal tells of payments, not of requests
	}
	storefront, err := paymenthttp.Storefront(cfg)
	if err != nil {
		return nil, err
	}
	admin, err := paymenthttp.Admin(cfg)
	if err != nil {
		return nil, err
	}
	hooks, err := paymenthttp.Webhooks(cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/store/", s.untilClosed(storefront))
	mux.Handle("/admin/", admin)
	mux.Handle("/hooks/", hooks)

	mux.HandleFunc("GET /{$}", s.showShop)
	mux.HandleFunc("GET /cart", s.showCart)
	mux.HandleFunc("POST /cart", s.changeCart)
	mux.HandleFunc("GET /checkout/{cart}", s.showCheckout)
	mux.HandleFunc("GET /orders", s.showOrders)
	mux.HandleFunc("GET /orders/{cart}", s.showOrder)
	mux.Handle("GET /static/", http.FileServerFS(files))
	s.office.routes(mux, s)

	// What follows is not the shop's: a gateway would have it on a server of its own.
	mux.Handle("/gateway/card/", http.StripPrefix("/gateway/card", s.card.Handler()))
	mux.HandleFunc("POST /gateway/bank/{cart}", s.bankDecides)

	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoCart) })
	guard := http.NewCrossOriginProtection()
	return s.secured(guard.Handler(mux)), nil
}

// secured sets the headers of every answer, and sends browsers to the one address under which cookies and links agree.
func (s *shop) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		h.Set("Cache-Control", "no-store")
		switch {
		case r.Host == s.host:
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet || r.Method == http.MethodHead: // localhost, or another site's name for this machine
			http.Redirect(w, r, s.base+"/", http.StatusFound)
		default:
			http.Error(w, "this shop is at "+s.base, http.StatusMisdirectedRequest)
		}
	})
}

// untilClosed ends requests that wait for news when the shop closes.
func (s *shop) untilClosed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("wait") {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.closed, cancel)()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

const shopperCookie = "shopper"

// shopperOf returns whose request it is, or nothing. It is made of the cookie, and so it can be stored: who reads the file cannot be a shopper.
func shopperOf(r *http.Request) string {
	c, err := r.Cookie(shopperCookie)
	if err != nil || c.Value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(c.Value))
	return hex.EncodeToString(sum[:])
}

// welcome gives a shopper who has none a cookie, and returns whose request it is.
func welcome(w http.ResponseWriter, r *http.Request) string {
	if known := shopperOf(r); known != "" {
		return known
	}
	c := &http.Cookie{ //nolint:gosec // not Secure: this is plain http on this machine
		Name: shopperCookie, Value: rand.Text(), Path: "/", MaxAge: 30 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	http.SetCookie(w, c)
	r.AddCookie(c)
	return shopperOf(r)
}

// mine returns the cart or order that a page is about. What is not the shopper's looks as if it were not there.
func (s *shop) mine(r *http.Request) (*cart, error) {
	c, err := s.cart(r.Context(), r.PathValue("cart"))
	if err != nil {
		return nil, err
	}
	if shopper := shopperOf(r); shopper == "" || c.Shopper != shopper {
		return nil, errNoCart
	}
	return c, nil
}

// parsePages makes a template of each file in pages, with the frame around it.
func parsePages() (map[string]*template.Template, error) {
	frame, err := template.New("frame.html").Funcs(template.FuncMap{
		"money": money, "title": title,
	}).ParseFS(files, "pages/frame.html", "pages/art.html", "pages/picture.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"shop", "cart", "checkout", "orders", "order", "office", "payment", "fail"} {
		page, err := frame.Clone()
		if err == nil {
			page, err = page.ParseFS(files, "pages/"+name+".html")
		}
		if err != nil {
			return nil, err
		}
		pages[name] = page
	}
	return pages, nil
}

// page is what a page shows.
type page struct {
	Title   string
	Scripts []string // files of static
	Office  bool
	Count   int // things in the cart
	Orders  bool
	Body    any
}

// render shows a page.
func (s *shop) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	if shopper := shopperOf(r); shopper != "" && !p.Office {
		if c, err := current(r.Context(), s.db, shopper); err == nil {
			p.Count = c.Count()
		}
		if all, err := s.orders(r.Context(), shopper); err == nil {
			p.Orders = len(all) > 0
		}
	}
	var b strings.Builder
	if err := s.pages[name].Execute(&b, p); err != nil {
		s.tell("the page %s: %v", name, err)
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, b.String()) // the browser has gone: nobody is left to tell
}

// fail shows why there is no page.
func (s *shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	p, status := page{Title: "Something went wrong", Body: "This is our fault. Please try again."}, http.StatusInternalServerError
	switch {
	case errors.Is(err, errNoCart), errors.Is(err, payment.ErrNotFound):
		p, status = page{Title: "Nothing here", Body: "There is no such page, or it is somebody else's."}, http.StatusNotFound
	case errors.Is(err, errBeingPaid):
		p, status = page{Title: "This cart is being paid",
			Body: "It cannot change while money is on its way. Finish the payment, or give it up at the checkout."}, http.StatusConflict
	case errors.Is(err, context.Canceled):
		return
	default:
		s.tell("%s %s: %v", r.Method, r.URL.Path, err)
	}
	s.render(w, r, status, "fail", p)
}

// back is where a form came from, on this site.
func back(r *http.Request, otherwise string) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || u.Path != "/" && u.Path != "/cart" {
		return otherwise
	}
	return u.Path
}
