package paymenthttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// limited returns the time that a request may wait for what others have under way. A call to a provider that has begun is finished all the same.
func (s *server) limited(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), s.cfg.Timeout)
}

// follow makes a collection's amount the cart's, if it may still change. A session holds its amount for as long as the shopper could still
// pay it: where the cart has become cheaper, what is open comes down first.
func (h *storefront) follow(ctx context.Context, c *payment.PaymentCollection, cart Cart) (*payment.PaymentCollection, error) {
	if c.Amount.Equal(cart.Amount) || !c.CompletedAt.IsZero() || !c.CanceledAt.IsZero() {
		return c, nil
	}
	change := payment.UpdateCollectionParams{CollectionID: c.ID, Amount: &cart.Amount}
	changed, err := h.svc.UpdateCollection(ctx, change)
	if !errors.Is(err, payment.ErrNotAllowed) || !c.Held.IsPositive() || cart.Amount.LessThan(c.Authorized) {
		return changed, err
	}
	if err := h.lower(ctx, c.ID, cart.Amount.Sub(c.Authorized)); err != nil {
		return nil, err
	}
	return h.svc.UpdateCollection(ctx, change)
}

// lower makes what is open fit into what a cart costs now: the only session that holds money is changed, several are canceled.
func (h *storefront) lower(ctx context.Context, collectionID string, left decimal.Decimal) error {
	all, err := h.svc.ListSessions(ctx, payment.ListParams{CollectionID: collectionID, Limit: 100, Descending: true})
	if err != nil {
		return err
	}
	holding := slices.DeleteFunc(all.Items, func(x *payment.PaymentSession) bool { return !x.Held.IsPositive() })
	for _, x := range holding {
		if len(holding) == 1 && left.IsPositive() {
			_, err := h.svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: &left})
			if !errors.Is(err, payment.ErrUnsupported) {
				return err
			}
		}
		if _, err := h.svc.CancelSession(ctx, payment.CancelSessionParams{SessionID: x.ID}); err != nil {
			return err
		}
	}
	return nil
}

// owed returns the collection as its cart or order is now, and what the provider is to know of the shopper.
func (h *storefront) owed(r *http.Request, c *payment.PaymentCollection) (*payment.PaymentCollection, payment.Private, error) {
	if cartID := textOf(c.Metadata[metadataCart]); cartID != "" {
		cart, err := h.cfg.ResolveCart(r.Context(), r, cartID)
		if err != nil {
			return nil, payment.Private{}, err
		}
		c, err = h.follow(r.Context(), c, cart)
		return c, cart.Context, err
	}
	orderID := textOf(c.Metadata[metadataOrder])
	if orderID == "" || h.cfg.ResolveOrder == nil {
		return c, payment.Private{}, nil
	}
	order, err := h.cfg.ResolveOrder(r.Context(), r, orderID)
	return c, order.Context, err
}

func (h *storefront) createSession(r *http.Request) (answer, error) {
	var providerID string
	var data payment.Data
	if err := readBody(r, map[string]any{"provider_id": &providerID, "data": &data}); err != nil {
		return answer{}, err
	}
	c, err := h.collection(r, ActionCreateSession)
	if err != nil {
		return answer{}, err
	}
	if err := h.cfg.input(data); err != nil {
		return answer{}, err
	}
	c, shopper, err := h.owed(r, c)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	for try := 1; ; try++ {
		err = h.choose(ctx, r, choice{c, providerID, data, shopper})
		// Another tab was faster: what it made is found now.
		if !errors.Is(err, payment.ErrIdempotencyMismatch) || r.Header.Get("Idempotency-Key") != "" || try == 3 {
			break
		}
	}
	return h.chosen(r, c.ID, err)
}

// choice is the provider that a shopper has chosen.
type choice struct {
	collection *payment.PaymentCollection
	providerID string
	input      payment.Data
	shopper    payment.Private
}

// choose makes the chosen provider's session the one to be paid: the one that is there, as the cart is now, or a new one. Sessions with
// other providers are canceled, unless the host allows to pay in parts.
func (h *storefront) choose(ctx context.Context, r *http.Request, ch choice) error {
	all, err := h.svc.ListSessions(ctx, payment.ListParams{CollectionID: ch.collection.ID, Limit: 100, Descending: true})
	if err != nil {
		return err
	}
	// Two tabs that see the same begin the same, by one key.
	mine, others, last := sortOut(all.Items, ch.providerID)
	key, err := idempotencyKey(r, ch.providerID+" after "+last)
	if err != nil {
		return err
	}
	c := ch.collection
	amount := c.Amount.Sub(c.Authorized)
	if h.cfg.SplitAmount != nil {
		left := amount.Sub(c.Held)
		if mine != nil {
			left = left.Add(mine.Held)
		}
		if amount, err = h.cfg.SplitAmount(ctx, r, c, left, ch.input); err != nil {
			return err
		}
		others = nil
	}
	if !amount.IsPositive() {
		return nothingLeft(c)
	}
	if mine != nil && len(others) == 0 && r.Header.Get("Idempotency-Key") == "" {
		done, err := h.keep(ctx, mine, amount, ch)
		if done || err != nil {
			return err
		}
		others = append(others, mine.ID)
	} else if mine != nil && h.cfg.SplitAmount == nil {
		others = append(others, mine.ID)
	}
	_, err = h.svc.CreateSession(ctx, payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: ch.providerID, Amount: amount, Context: ch.shopper, Input: ch.input, Supersede: others, IdempotencyKey: key,
	})
	return err
}

// sortOut returns the provider's newest session that can still be paid, the ones of other providers, and the provider's newest of any kind.
func sortOut(newestFirst []*payment.PaymentSession, providerID string) (mine *payment.PaymentSession, others []string, last string) {
	for _, x := range newestFirst {
		open := x.Status == payment.StatusPending || x.Status == payment.StatusRequiresMore || x.Status == payment.StatusError && x.Reference != ""
		switch {
		case x.ProviderID != providerID:
			if open {
				others = append(others, x.ID)
			}
			continue
		case mine == nil && open:
			mine = x
		}
		if last == "" {
			last = x.ID
		}
	}
	return mine, others, last
}

// keep brings a session up to date with its cart. It reports false where its provider cannot: another one has to take its place.
func (h *storefront) keep(ctx context.Context, x *payment.PaymentSession, amount decimal.Decimal, ch choice) (bool, error) {
	if !x.ProcessingSince.IsZero() || x.Amount.Equal(amount) && same(x.Context, ch.shopper) {
		return true, nil
	}
	_, err := h.svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: &amount, Context: &ch.shopper, Input: ch.input})
	switch {
	case errors.Is(err, payment.ErrUnsupported):
		return false, nil
	case errors.Is(err, payment.ErrNotAllowed): // it was paid, or is being decided, meanwhile
		return true, nil
	}
	return err == nil, err
}

// same reports whether two contexts hold the same.
func same(a, b payment.Private) bool {
	x, err := json.Marshal(a.Reveal())
	if err != nil {
		return false
	}
	y, err := json.Marshal(b.Reveal())
	return err == nil && slices.Equal(x, y)
}
