package paymenthttp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/seed40c892db/payment"
)

// collection returns a collection, if whoever asks may do that to it.
func (h *admin) collection(r *http.Request, action Action) (*payment.PaymentCollection, error) {
	c, err := h.svc.GetCollection(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, h.absent(r, action, err)
	}
	return c, h.authorize(r, action, Subject{Collection: c})
}

// requestPayment makes a collection for what an order has to be paid for. An admin names the amount; the currency is the order's.
func (h *admin) requestPayment(r *http.Request) (answer, error) {
	var orderID string
	var sum *amount
	if err := readBody(r, map[string]any{"order_id": &orderID, "amount": &sum}); err != nil {
		return answer{}, err
	}
	switch {
	case orderID == "" || len(orderID) > 200:
		return answer{}, badField("order_id", "must be 1 to 200 bytes")
	case sum == nil:
		return answer{}, badField("amount", "is required")
	}
	if err := h.authorize(r, ActionRequestPayment, Subject{OrderID: orderID}); err != nil {
		return answer{}, err
	}
	order, err := h.order(r, orderID)
	if err != nil {
		return answer{}, err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		key = keyOf("order", orderID, key) // a client's key is for one order
	}
	c, err := h.svc.CreateCollection(r.Context(), payment.CreateCollectionParams{
		CurrencyCode: order.CurrencyCode, Amount: sum.Decimal, ProviderIDs: h.cfg.accepting(order.ProviderIDs),
		Metadata: payment.Data{metadataOrder: orderID}, IdempotencyKey: key,
	})
	if err != nil {
		return answer{}, err
	}
	return h.collectionAnswer(r.Context(), c.ID, "")
}

func (h *admin) readCollection(r *http.Request) (answer, error) {
	c, err := h.collection(r, ActionReadCollection)
	if err != nil {
		return answer{}, err
	}
	return h.collectionAnswer(r.Context(), c.ID, "")
}

func (h *admin) deleteCollection(r *http.Request) (answer, error) {
	c, err := h.collection(r, ActionDeleteCollection)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	return deleted(c.ID, "payment-collection"), h.svc.DeleteCollection(ctx, c.ID)
}

func deleted(id, object string) answer {
	return answer{body: map[string]any{"id": id, "object": object, "deleted": true}}
}

func (h *admin) createSession(r *http.Request) (answer, error) {
	return h.server.createSession(r, h.collection)
}

// markAsPaid records money that came another way: a session of the manual provider for all that is left, authorized and captured. Each step
// has a key that follows from what was paid before, so that a repeat goes on where the first one stopped. What a shopper has begun with another
// provider, and could still pay, is given up first where nothing is left beside it. It is refused where a provider's shopper must act first.
func (h *admin) markAsPaid(r *http.Request) (answer, error) {
	var orderID, providerID *string
	if err := readBody(r, map[string]any{"order_id": &orderID, "provider_id": &providerID}); err != nil {
		return answer{}, err
	}
	c, err := h.collection(r, ActionMarkAsPaid)
	if err != nil {
		return answer{}, err
	}
	if orderID != nil && *orderID != textOf(c.Metadata[metadataOrder]) {
		return answer{}, badField("order_id", "is not the collection's")
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	c, shopper, err := h.owed(ctx, r, c)
	if err != nil {
		return answer{}, err
	}
	provider := h.cfg.ManualProvider
	if providerID != nil && *providerID != "" {
		provider = *providerID
	}
	p, err := h.pay(ctx, c, provider, shopper)
	if err == nil {
		_, err = h.svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, CreatedBy: h.cfg.Actor(r), IdempotencyKey: "paid " + p.ID})
	}
	if errors.Is(err, payment.ErrRequiresMore) {
		err = &httpError{status: http.StatusBadRequest, kind: typeNotAllowed, code: "requires_more", cause: err,
			message: "the shopper must act first: this provider cannot record money that came another way"}
	}
	if err != nil {
		return answer{}, err
	}
	a, err := h.collectionAnswer(r.Context(), c.ID, "")
	return done(a, err, nil)
}

// pay authorizes all that is left with a provider; or it goes on with the session, or returns the payment, that an earlier call has left. Where
// sessions of shoppers hold all that is left, it takes their place.
func (h *admin) pay(ctx context.Context, c *payment.PaymentCollection, provider string, shopper *payment.Private) (*payment.Payment, error) {
	all, err := h.sessions(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	left := c.Amount.Sub(c.Authorized).Sub(c.Held)
	var instead []string
	if !left.IsPositive() {
		for _, x := range all {
			if x.Held.IsPositive() && x.Metadata[metadataPaid] != true {
				instead, left = append(instead, x.ID), left.Add(x.Held)
			}
		}
	}
	key := provider + " paid " + left.String()
	if len(instead) > 0 {
		key = keyOf(append(instead, key)...)
	}
	for _, x := range all {
		ended := x.Status == payment.StatusAuthorized || x.Status == payment.StatusCanceled
		if x.ProviderID == provider && !ended && x.Held.IsPositive() && x.Metadata[metadataPaid] == true {
			return h.svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
		}
		if x.ProviderID == provider && ended {
			key += " after " + x.ID
			break
		}
	}
	if !left.IsPositive() {
		list, err := h.svc.ListPayments(ctx, payment.ListParams{CollectionID: c.ID, ProviderID: provider, Limit: 1, Descending: true})
		if err != nil {
			return nil, err
		}
		if len(list.Items) == 0 || !recordable(list.Items[0], all) {
			return nil, nothingLeft(c)
		}
		return list.Items[0], nil
	}
	create := payment.CreateSessionParams{
		CollectionID: c.ID, ProviderID: provider, Amount: left, Metadata: payment.Data{metadataPaid: true}, IdempotencyKey: key,
		Supersede: instead, KeepAuthorized: true,
	}
	if shopper != nil {
		create.Context = *shopper
	}
	x, err := h.svc.CreateSession(ctx, create)
	if err != nil {
		return nil, err
	}
	return h.svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
}

// recordable reports whether a payment is what mark-as-paid has to capture, or has captured: then a repeat says so again.
func recordable(p *payment.Payment, sessions []*payment.PaymentSession) bool {
	marked := slices.ContainsFunc(sessions, func(x *payment.PaymentSession) bool { return x.ID == p.SessionID && x.Metadata[metadataPaid] == true })
	return p.CanceledAt.IsZero() && (p.Captured.IsZero() || marked && p.Refunded.IsZero())
}

func (h *admin) timeline(r *http.Request) (answer, error) {
	c, err := h.collection(r, ActionReadTimeline)
	if err != nil {
		return answer{}, err
	}
	t, err := h.svc.Timeline(r.Context(), c.ID)
	return answer{body: map[string]any{"timeline": t}}, err
}
