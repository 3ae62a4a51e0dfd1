package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// once opens the shop, buys one thing from it over HTTP as a browser would, and closes it again. What it prints is the same each time.
func once(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "storefront")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := open(options{File: filepath.Join(dir, "shop.db"), Host: listener.Addr().String(), Out: io.Discard, Every: 50 * time.Millisecond})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, listener) }()
	jar, err := cookiejar.New(nil)
	if err == nil {
		b := &buyer{shop: s, out: out, client: &http.Client{Jar: jar}}
		err = b.buy(ctx)
	}
	stop()
	return errors.Join(err, <-ended)
}

// buyer does what a shopper's browser does, and then what the office's does.
type buyer struct {
	shop   *shop
	out    io.Writer
	client *http.Client
}

func (b *buyer) buy(ctx context.Context) error {
	if err := b.send(ctx, "/cart", url.Values{"product": {"lamp"}}); err != nil {
		return err
	}
	all, err := cartsWhere(ctx, b.shop.db, "true")
	if err != nil {
		return err
	}
	cart := all[0]
	fmt.Fprintf(b.out, "A shopper puts a lamp into the cart: %s\n", plain(money(cart.Total())))

	collection, err := b.id(ctx, "/store/payment-collections", map[string]any{"cart_id": cart.ID}, "payment_collection")
	if err != nil {
		return err
	}
	fmt.Fprintln(b.out, "At the checkout they choose to pay by card, half of it now")
	if _, err := b.pay(ctx, collection, "card", "half", "29.50", "tok_declined", http.StatusUnprocessableEntity); err != nil {
		return err
	}
	card, err := b.pay(ctx, collection, "card", "half", "29.50", "tok_visa", http.StatusOK)
	if err != nil {
		return err
	}
	fmt.Fprintln(b.out, "The rest comes from their bank, which takes its time")
	bank, err := b.pay(ctx, collection, "bank", "all", "29.50", "tok_delayed", http.StatusAccepted)
	if err != nil {
		return err
	}
	if err := b.send(ctx, "/gateway/bank/"+cart.ID, url.Values{"decision": {"confirm"}}); err != nil {
		return err
	}
	fmt.Fprintln(b.out, "The bank confirms: its webhook comes over HTTP, and the page that waits is told")
	if err := b.wait(ctx, bank); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "The gateways' books: %d authorization by card, %d by transfer\n",
		b.shop.card.Authorizations(card), b.shop.bank.Authorizations(bank))

	if _, err := b.get(ctx, "/office/login?token="+b.shop.office.invitation()); err != nil {
		return err
	}
	st, err := b.shop.state(ctx, cart)
	if err != nil {
		return err
	}
	for _, w := range st.Ways {
		if w.Payment == nil {
			continue
		}
		if _, err := b.post(ctx, "/admin/payments/"+w.Payment.ID+"/capture", nil, http.StatusOK); err != nil {
			return err
		}
		fmt.Fprintf(b.out, "The office takes %s: %s\n", plain(money(w.Amount)), title(w.Provider))
	}
	page, err := b.get(ctx, "/orders/"+cart.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(b.out, "\nThe order's page draws what happened:")
	_, page, _ = strings.Cut(page, `<ol class="entries">`)
	page, _, _ = strings.Cut(page, "</ol>")
	for item := range strings.SplitSeq(page, "<li>") {
		if _, item, ok := strings.Cut(item, "<strong>"); ok {
			fmt.Fprintf(b.out, "  %s\n", strings.Join(strings.Fields(strings.NewReplacer("</strong>", "", "</li>", "").Replace(item)), " "))
		}
	}
	return nil
}

// pay chooses a provider and authorizes its session, whose ID it returns.
func (b *buyer) pay(ctx context.Context, collection, provider, plan, shown, token string, want int) (string, error) {
	a, err := b.post(ctx, "/store/payment-collections/"+collection+"/payment-sessions",
		map[string]any{"provider_id": provider, "data": map[string]any{"part": plan, "shown": shown}}, http.StatusOK)
	if err != nil {
		return "", err
	}
	var with struct {
		Collection struct {
			Sessions []struct {
				ID       string `json:"id"`
				Provider string `json:"provider_id"`
			} `json:"payment_sessions"`
		} `json:"payment_collection"`
	}
	if err := json.Unmarshal(a, &with); err != nil {
		return "", err
	}
	session := ""
	for _, x := range with.Collection.Sessions {
		if x.Provider == provider {
			session = x.ID
		}
	}
	if _, err = b.post(ctx, "/store/payment-sessions/"+session+"/authorize", map[string]any{"data": map[string]any{"token": token}}, want); err != nil {
		return "", err
	}
	said := map[int]string{
		http.StatusOK: "accepted", http.StatusUnprocessableEntity: "declined: another card, on the same session", http.StatusAccepted: "on its way",
	}
	fmt.Fprintf(b.out, "  %s, %s %s: %s\n", title(provider), shown, currency, said[want])
	return session, nil
}

// wait waits for news of a session as the order's page does, until it is authorized: each time with the version that it knows.
func (b *buyer) wait(ctx context.Context, session string) error {
	tag := ""
	for {
		_, next, text, err := b.do(ctx, http.MethodGet, "/store/payment-sessions/"+session+"?wait=25", nil, http.Header{"If-None-Match": {tag}})
		if err != nil {
			return err
		}
		if strings.Contains(string(text), `"status":"authorized"`) {
			return nil
		}
		tag = next
	}
}

// id posts, and returns the ID of the object that comes back.
func (b *buyer) id(ctx context.Context, path string, body any, object string) (string, error) {
	a, err := b.post(ctx, path, body, http.StatusOK)
	if err != nil {
		return "", err
	}
	var objects map[string]struct {
		ID string `json:"id"`
	}
	err = json.Unmarshal(a, &objects)
	return objects[object].ID, err
}

// post sends JSON, and requires a status.
func (b *buyer) post(ctx context.Context, path string, body any, want int) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	if body == nil {
		text = nil
	}
	return b.must(ctx, http.MethodPost, path, "application/json", text, want)
}

// send sends a form.
func (b *buyer) send(ctx context.Context, path string, fields url.Values) error {
	_, err := b.must(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", []byte(fields.Encode()), http.StatusOK)
	return err
}

func (b *buyer) get(ctx context.Context, path string) (string, error) {
	text, err := b.must(ctx, http.MethodGet, path, "", nil, http.StatusOK)
	return string(text), err
}

func (b *buyer) must(ctx context.Context, method, path, kind string, body []byte, want int) ([]byte, error) {
	status, _, text, err := b.do(ctx, method, path, body, http.Header{"Content-Type": {kind}})
	if err == nil && status != want {
		err = fmt.Errorf("%s answered %d: %.500s", path, status, text)
	}
	return text, err
}

// do sends a request, and returns the status, the version and the body of the answer.
func (b *buyer) do(ctx context.Context, method, path string, body []byte, header http.Header) (status int, tag string, text []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, b.shop.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	r.Header = header
	a, err := b.client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	text, err = io.ReadAll(a.Body)
	return a.StatusCode, a.Header.Get("ETag"), text, errors.Join(err, a.Body.Close())
}

// plain is text for a terminal.
func plain(text string) string { return strings.ReplaceAll(text, "\u00a0", " ") }
