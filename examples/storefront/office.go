package main

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/paymenthttp"
)

// office is who may go behind the counter. There is no password: the terminal shows a link that works once.
type office struct {
	mu     sync.Mutex
	invite string              // the token of the link; empty once it was used
	inside map[string]struct{} // the cookies of those who have come in
}

const (
	officeCookie = "office"
	officeLife   = 8 * time.Hour
)

func newOffice() *office { return &office{invite: rand.Text(), inside: map[string]struct{}{}} }

// invitation returns the token of the link.
func (o *office) invitation() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.invite
}

// admit exchanges the token for a cookie, once.
func (o *office) admit(token string) (*http.Cookie, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.invite == "" || subtle.ConstantTimeCompare([]byte(token), []byte(o.invite)) != 1 {
		return nil, false
	}
	o.invite = ""
	c := &http.Cookie{ //nolint:gosec // not Secure: this is plain http on this machine
		Name: officeCookie, Value: rand.Text(), Path: "/", MaxAge: int(officeLife / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	o.inside[c.Value] = struct{}{}
	return c, true
}

// knows reports whether a request comes from somebody inside.
func (o *office) knows(r *http.Request) bool {
	c, err := r.Cookie(officeCookie)
	if err != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.inside[c.Value]
	return ok
}

func (o *office) routes(mux *http.ServeMux, s *shop) {
	inside := func(show http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !o.knows(r) {
				s.render(w, r, http.StatusUnauthorized, "fail", page{Title: "Staff only",
					Body: "The terminal that this shop runs in shows a link that lets you in, once."})
				return
			}
			show(w, r)
		}
	}
	mux.HandleFunc("GET /office/login", func(w http.ResponseWriter, r *http.Request) {
		c, ok := o.admit(r.URL.Query().Get("token"))
		if !ok {
			if o.knows(r) { // the link was followed twice
				http.Redirect(w, r, "/office", http.StatusSeeOther)
				return
			}
			s.render(w, r, http.StatusUnauthorized, "fail", page{Title: "This link is used up", Body: "It works once. Start the shop again for another one."})
			return
		}
		http.SetCookie(w, c)
		http.Redirect(w, r, "/office", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /office", inside(s.showOffice))
	mux.HandleFunc("GET /office/orders/{cart}", inside(s.showPayment))
}

// officeRow is one order in the list.
type officeRow struct {
	Cart  *cart
	State *state
}

func (s *shop) showOffice(w http.ResponseWriter, r *http.Request) {
	all, err := cartsWhere(r.Context(), s.db, "number IS NOT NULL AND id IN "+
		"(SELECT id FROM shop_carts WHERE number IS NOT NULL ORDER BY number DESC LIMIT 50)")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var rows []officeRow
	for _, c := range all {
		st, err := s.state(r.Context(), c)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		rows = append(rows, officeRow{c, st})
	}
	s.render(w, r, http.StatusOK, "office", page{Title: "Orders", Office: true, Body: rows})
}

// paymentView is what the office sees of an order.
type paymentView struct {
	Cart     *cart
	State    *state
	Timeline *payment.Timeline
	Picture  *picture
	Moves    map[string][]move // by session
}

// move is a form that moves money.
type move struct {
	Path  string // of the admin API
	Verb  string
	Words string
	Most  string // the largest amount; empty where it takes none
	Key   string // the Idempotency-Key: a form that is sent twice is one request
}

func (s *shop) showPayment(w http.ResponseWriter, r *http.Request) {
	c, err := s.cart(r.Context(), r.PathValue("cart"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	st, err := s.state(r.Context(), c)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	timeline, err := s.svc.Timeline(r.Context(), paymenthttp.CartCollectionID(s.svc, c.ID))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := paymentView{Cart: c, State: st, Timeline: timeline, Picture: draw(timeline, true), Moves: map[string][]move{}}
	for _, way := range st.Ways {
		v.Moves[way.SessionID] = movesOf(way.Payment)
	}
	s.render(w, r, http.StatusOK, "payment", page{Title: sentence(c.Name()), Scripts: []string{"office.js"}, Office: true, Body: v})
}

// movesOf says what can be done with a payment.
func movesOf(p *payment.Payment) []move {
	if p == nil {
		return nil
	}
	var list []move
	at := "/admin/payments/" + p.ID
	if p.Capturable.IsPositive() {
		list = append(list, move{at + "/capture", "Capture", "Take what is held, or part of it",
			payment.FormatAmount(p.Capturable, p.CurrencyCode), rand.Text()})
	}
	if left := p.Captured.Sub(p.Refunded); left.IsPositive() {
		list = append(list, move{at + "/refund", "Refund", "Give back what was taken, or part of it",
			payment.FormatAmount(left, p.CurrencyCode), rand.Text()})
	}
	if p.Capturable.IsPositive() {
		list = append(list, move{at + "/cancel", "Release", "Release what is held and was not taken", "", rand.Text()})
	}
	return list
}
