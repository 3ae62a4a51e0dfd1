package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/paymenthttp"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// openPayments makes the gateways, and the service that pays with them.
func (s *shop) openPayments() error {
	gateway := func(provider string) *sandboxprovider.Gateway {
		return sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{
			BaseURL:        s.base + "/gateway/" + provider,
			OnWebhook:      s.mail.from(provider),
			WebhookSecrets: []string{rand.Text()},
			// The file remembers what earlier gateways named: a name must never come again.
			NewID: func(prefix string) string {
				return prefix + strings.ReplaceAll(uuid.Must(uuid.NewV7()).String(), "-", "")
			},
		})
	}
	s.card, s.bank = gateway("card"), gateway("bank")
	cash, err := manualprovider.NewWithConfig(manualprovider.Config{ID: "cash"})
	if err != nil {
		return err
	}
	s.svc, err = payment.NewService(s.store, payment.Config{
		Providers: []payment.Provider{
			sandboxprovider.New(s.card, sandboxprovider.Config{ID: "card"}), sandboxprovider.New(s.bank, sandboxprovider.Config{ID: "bank"}), cash,
		},
		OnEvent: s.happened,
	})
	return err
}

// reconcile finishes what was left unfinished, and hands out events, until ctx ends.
func (s *shop) reconcile(ctx context.Context) {
	if err := s.svc.Run(ctx, s.every); err != nil {
		s.tell("payments are not looked after: %v", err)
	}
}

// happened is told what happens to payments, each at least once.
func (s *shop) happened(ctx context.Context, e payment.Event) error {
	c, err := s.svc.GetCollection(ctx, e.CollectionID)
	if errors.Is(err, payment.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	id, _ := c.Metadata["cart_id"].(string)
	if e.Kind == payment.EventPaymentAuthorized || e.Kind == payment.EventSessionProcessing {
		if err := s.order(ctx, id); err != nil {
			return err
		}
	}
	if what := headline(string(e.Kind)); what != "" {
		text := ""
		if e.Amount.IsPositive() {
			text = "  " + payment.FormatAmount(e.Amount, e.CurrencyCode) + " " + e.CurrencyCode
		}
		if e.Code != "" {
			text += "  " + e.Code
		}
		number := "a cart"
		if found, err := s.cart(ctx, id); err == nil {
			number = found.Name()
		}
		s.tell("%-10s  %-16s  %-20s%s", number, title(e.ProviderID), what, text)
	}
	return nil
}

// authorize says who may do what: shoppers with their own carts, and the office with everything.
func (s *shop) authorize(r *http.Request, action paymenthttp.Action, subject paymenthttp.Subject) error {
	if strings.HasPrefix(r.URL.Path, "/admin/") {
		if !s.office.knows(r) {
			return paymenthttp.ErrUnauthenticated
		}
		return nil
	}
	if action == paymenthttp.ActionListProviders {
		return nil
	}
	c, err := s.cart(r.Context(), subject.CartID)
	if errors.Is(err, errNoCart) {
		return paymenthttp.ErrForbidden
	}
	if err != nil {
		return err
	}
	if shopper := shopperOf(r); shopper == "" || c.Shopper != shopper {
		return paymenthttp.ErrForbidden
	}
	// A session that another tab has made before the cart changed is not paid any more: the page makes another one.
	if action == paymenthttp.ActionAuthorizeSession && !c.Total().Equal(subject.Collection.Amount) {
		return paymenthttp.ErrForbidden
	}
	return nil
}

// resolveCart says what a cart costs, and what gateways are to know of the shopper: where to send them back to, and who they are to us.
func (s *shop) resolveCart(ctx context.Context, _ *http.Request, id string) (paymenthttp.Cart, error) {
	c, err := s.cart(ctx, id)
	if errors.Is(err, errNoCart) || err == nil && len(c.Lines) == 0 {
		return paymenthttp.Cart{}, payment.ErrNotFound
	}
	if err != nil {
		return paymenthttp.Cart{}, err
	}
	return paymenthttp.Cart{Amount: c.Total(), CurrencyCode: currency, Context: payment.NewPrivate(payment.Data{
		"return_url": s.base + "/checkout/" + c.ID + "?back", "shopper": c.Shopper,
	})}, nil
}

// resolveOrder is asked where the office asks for the payment of an order by itself.
func (s *shop) resolveOrder(ctx context.Context, _ *http.Request, id string) (paymenthttp.Order, error) {
	c, err := s.cart(ctx, id)
	if errors.Is(err, errNoCart) || err == nil && c.Number == 0 {
		return paymenthttp.Order{}, payment.ErrNotFound
	}
	return paymenthttp.Order{CurrencyCode: currency}, err
}

// part is one of the plans by which a shopper can pay.
type part struct {
	Name  string
	Words string
	Sum   string // what is paid now, as it is shown
}

// partOf says how much a plan pays now: in whole cents, up, so that the last part is the smaller one.
func partOf(total, left decimal.Decimal, plan string) (decimal.Decimal, bool) {
	parts := map[string]int64{"all": 1, "half": 2, "third": 3}[plan]
	if parts == 0 {
		return decimal.Zero, false
	}
	if parts == 1 {
		return left, true
	}
	cents, rest := total.Shift(2).QuoRem(decimal.NewFromInt(parts), 0)
	if rest.IsPositive() {
		cents = cents.Add(decimal.NewFromInt(1))
	}
	return decimal.Min(left, cents.Shift(-2)), true
}

// partsOf lists the plans that make a difference now.
func partsOf(total, left decimal.Decimal) []part {
	all := "All of it"
	if left.LessThan(total) {
		all = "All that is left"
	}
	var list []part
	seen := map[string]bool{}
	for _, p := range []part{{Name: "all", Words: all}, {Name: "half", Words: "Half"}, {Name: "third", Words: "A third"}} {
		sum, _ := partOf(total, left, p.Name)
		if p.Sum = payment.FormatAmount(sum, currency); !seen[p.Sum] {
			seen[p.Sum] = true
			list = append(list, p)
		}
	}
	return list
}

// splitAmount says what a session is for: the part that the shopper has named. The sum that the page has shown is only compared: where another
// tab has changed the cart, nobody pays what they have not seen.
func (s *shop) splitAmount(
	_ context.Context, _ *http.Request, c *payment.PaymentCollection, left decimal.Decimal, input payment.Data,
) (decimal.Decimal, error) {
	plan, _ := input["part"].(string)
	sum, ok := partOf(c.Amount, left, plan)
	if !ok {
		return sum, &payment.InvalidError{Field: "data.part", Rule: "must be all, half or third"}
	}
	if shown, _ := input["shown"].(string); shown != payment.FormatAmount(sum, c.CurrencyCode) {
		return sum, &payment.InvalidError{Field: "data.shown", Rule: "is not what is to be paid now: look at the page again"}
	}
	return sum, nil
}

// bankDecides is the bank's side of a transfer: what a person of the bank, or its computer, would do hours later. It is the demo's alone.
func (s *shop) bankDecides(w http.ResponseWriter, r *http.Request) {
	c, err := s.mine(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	owed := paymenthttp.CartCollectionID(s.svc, c.ID)
	for _, in := range s.bank.Intents() {
		if in.CollectionID == owed && in.Status == sandboxprovider.IntentProcessing {
			// The gateway tells the shop by a webhook. The shop does not look here.
			if err := s.bank.ResolveDelayed(in.Reference, r.FormValue("decision") == "confirm"); err != nil {
				s.fail(w, r, err)
				return
			}
		}
	}
	http.Redirect(w, r, "/orders/"+c.ID, http.StatusSeeOther)
}
