package main

import (
	"fmt"
	"net/http"
	"strconv"
)

func (s *shop) showShop(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "shop", page{Title: "Things for a desk", Body: catalog()})
}

func (s *shop) showCart(w http.ResponseWriter, r *http.Request) {
	c := &cart{}
	if shopper := shopperOf(r); shopper != "" {
		var err error
		if c, err = current(r.Context(), s.db, shopper); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	s.render(w, r, http.StatusOK, "cart", page{Title: "Your cart", Body: c})
}

// changeCart puts one more of a product into the cart, or sets how many there are.
func (s *shop) changeCart(w http.ResponseWriter, r *http.Request) {
	p, ok := productOf(r.FormValue("product"))
	if !ok {
		s.fail(w, r, errNoCart)
		return
	}
	quantity := func(now int) int { return now + 1 }
	if r.FormValue("quantity") != "" {
		n, err := strconv.Atoi(r.FormValue("quantity"))
		if err != nil {
			s.fail(w, r, errNoCart)
			return
		}
		quantity = func(int) int { return n }
	}
	if err := s.put(r.Context(), welcome(w, r), p, quantity); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, back(r, "/cart"), http.StatusSeeOther)
}

// Name is what an order or a cart is called.
func (c *cart) Name() string {
	if c.Number == 0 {
		return "a cart"
	}
	return fmt.Sprintf("order %d", c.Number)
}

// checkoutView is what the checkout shows.
type checkoutView struct {
	Cart      *cart
	State     *state
	Parts     []part
	Providers []string
	Cards     []testCard
	Back      bool // the shopper comes back from the bank
}

// testCard is a card of the sandbox. In a shop the gateway's script makes the token, and the shop never sees the number.
type testCard struct {
	Number, Token, Words string
}

func testCards() []testCard {
	return []testCard{
		{"4242 4242 4242 4242", "tok_visa", "is accepted"},
		{"4000 0027 6000 3184", "tok_3ds", "asks you to confirm"},
		{"4000 0000 0000 0002", "tok_declined", "is declined"},
		{"4000 0000 0000 9995", "tok_insufficient_funds", "has no money"},
		{"4000 0000 0000 0119", "tok_500", "answer gets lost"},
	}
}

func (s *shop) showCheckout(w http.ResponseWriter, r *http.Request) {
	c, err := s.mine(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if len(c.Lines) == 0 {
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	st, err := s.state(r.Context(), c)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if st.Over || st.Begun && !st.Left.IsPositive() && st.Challenge() == nil && st.Busy() == nil {
		http.Redirect(w, r, "/orders/"+c.ID, http.StatusSeeOther)
		return
	}
	v := checkoutView{Cart: c, State: st, Parts: partsOf(st.Total, st.Left), Cards: testCards(), Back: r.URL.Query().Has("back")}
	providers, err := s.svc.Providers(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	for _, p := range providers {
		if p.Enabled && (p.ID != "bank" || st.Deciding() == nil) {
			v.Providers = append(v.Providers, p.ID)
		}
	}
	s.render(w, r, http.StatusOK, "checkout", page{Title: "Checkout", Scripts: []string{"watch.js", "checkout.js"}, Body: v})
}

func (s *shop) showOrders(w http.ResponseWriter, r *http.Request) {
	var all []*cart
	if shopper := shopperOf(r); shopper != "" {
		var err error
		if all, err = s.orders(r.Context(), shopper); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	s.render(w, r, http.StatusOK, "orders", page{Title: "Your orders", Body: all})
}

// orderView is what the page of an order shows.
type orderView struct {
	Cart    *cart
	State   *state
	Picture *picture
	Says    string // the one sentence about it
}

func (s *shop) showOrder(w http.ResponseWriter, r *http.Request) {
	c, err := s.mine(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	st, err := s.state(r.Context(), c)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if c.Number == 0 && !st.Begun {
		http.Redirect(w, r, "/checkout/"+c.ID, http.StatusSeeOther)
		return
	}
	if c.Number == 0 { // the event that says so is on its way
		if err = s.order(r.Context(), c.ID); err == nil {
			c, err = s.cart(r.Context(), c.ID)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
	}
	timeline, err := s.svc.Timeline(r.Context(), st.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := orderView{Cart: c, State: st, Picture: draw(timeline, false)}
	switch {
	case st.Over && st.Paid.IsZero():
		v.Says = "This order was given up, and nothing is taken."
	case st.Over:
		v.Says = "Thank you. Your order is complete."
	case st.Deciding() != nil:
		v.Says = "We wait for your bank. You can leave this page open, or come back later."
	case st.Left.IsPositive():
		v.Says = "Part of this order is still to be paid."
		if st.Paid.IsZero() {
			v.Says = "This order is not paid yet."
		}
	}
	s.render(w, r, http.StatusOK, "order", page{Title: fmt.Sprintf("Order %d", c.Number), Scripts: []string{"watch.js", "order.js"}, Body: v})
}
