package paymenthttp

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

// Storefront returns the handler for shoppers' browsers, whose paths begin with /store/. The error names the field of Config that is missing
// or wrong, or is the store's.
//
//	GET  /store/payment-providers                               the providers that are enabled
//	POST /store/payment-collections                             {cart_id}: begins to pay a cart, or finds what was begun
//	GET  /store/payment-collections/{id}                        the collection with its sessions and payments
//	POST /store/payment-collections/{id}/payment-sessions       {provider_id, data}: chooses a provider
//	GET  /store/payment-sessions/{id}?wait=seconds              one session; with If-None-Match and wait, once it has changed
//	POST /store/payment-sessions/{id}/authorize                 {data}: pays
//	POST /store/payment-sessions/{id}/cancel                    gives it up
//	GET  /store/openapi.json                                    the description of these paths: it is the same for all shops, and for anybody
func Storefront(cfg Config) (http.Handler, error) {
	cfg, err := cfg.withDefaults()
	switch {
	case err != nil:
		return nil, err
	case cfg.Authorize == nil:
		return nil, &payment.InvalidError{Field: "Authorize", Rule: "is required: IDs are no credentials"}
	case cfg.ResolveCart == nil:
		return nil, &payment.InvalidError{Field: "ResolveCart", Rule: "is required: what a cart costs is not taken from the browser"}
	}
	doc, err := documentOf("/store/", "storefront")
	if err != nil {
		return nil, err
	}
	h := &storefront{server: server{cfg: cfg, svc: cfg.Service, shoppers: true}, waiting: waiting{sessions: map[string]int{}}}
	return h.guarded([]route{
		{"/store/payment-providers", methods{http.MethodGet: h.providers}},
		{"/store/payment-collections", methods{http.MethodPost: h.createCollection}},
		{"/store/payment-collections/{id}", methods{http.MethodGet: h.readCollection}},
		{"/store/payment-collections/{id}/payment-sessions", methods{http.MethodPost: h.createSession}},
		{"/store/payment-sessions/{id}", methods{http.MethodGet: h.readSession}},
		{"/store/payment-sessions/{id}/authorize", methods{http.MethodPost: h.authorizeSession}},
		{"/store/payment-sessions/{id}/cancel", methods{http.MethodPost: h.cancelSession}},
		{"/store/openapi.json", methods{http.MethodGet: func(*http.Request) (answer, error) { return doc, nil }}},
	})
}

// CartCollectionID returns the ID of the collection that [Storefront] makes for a cart, of this Service and its Namespace: for pages of the
// host's own, and to change what is owed along with the cart. The collection is there once the shopper has begun to pay.
func CartCollectionID(svc *payment.Service, cartID string) string {
	return svc.CollectionID(cartKey(cartID))
}

// cartKey makes all tabs of a shopper find one collection.
func cartKey(cartID string) string { return "cart " + cartID }

type storefront struct {
	server
	waiting waiting
}

// mine asks the host, whose refusal looks as if there were nothing.
func (h *storefront) mine(r *http.Request, action Action, subject Subject) error {
	err := h.authorize(r, action, subject)
	if errors.Is(err, ErrForbidden) || errors.Is(err, ErrUnauthenticated) {
		return errNotThere()
	}
	return err
}

func (h *storefront) providers(r *http.Request) (answer, error) {
	if err := h.mine(r, ActionListProviders, Subject{}); err != nil {
		return answer{}, err
	}
	return h.providersAnswer(r, map[string]*string{"region_id": nil}) // the host has one list for all of them
}

func (h *storefront) createCollection(r *http.Request) (answer, error) {
	var cartID string
	if err := readBody(r, map[string]any{"cart_id": &cartID}); err != nil {
		return answer{}, err
	}
	if cartID == "" || len(cartID) > 200 {
		return answer{}, badField("cart_id", "must be 1 to 200 bytes")
	}
	if err := h.mine(r, ActionCreateCollection, Subject{CartID: cartID}); err != nil {
		return answer{}, err
	}
	cart, err := h.cart(r, cartID)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	key := cartKey(cartID)
	c, err := h.svc.CreateCollection(ctx, payment.CreateCollectionParams{
		CurrencyCode: cart.CurrencyCode, Amount: cart.Amount, ProviderIDs: h.cfg.accepting(cart.ProviderIDs), Metadata: payment.Data{metadataCart: cartID},
		IdempotencyKey: key,
	})
	if errors.Is(err, payment.ErrIdempotencyMismatch) { // it is there, for what the cart was before
		c, err = h.svc.GetCollection(ctx, h.svc.CollectionID(key))
		if err == nil {
			c, err = h.follow(ctx, c, cart)
		}
		if errors.Is(err, errDeciding) { // what it decides about is to be seen
			err = nil
		}
	}
	if err != nil {
		return answer{}, err
	}
	return h.collectionAnswer(r.Context(), c.ID, "")
}

// collection returns a collection that is the shopper's.
func (h *storefront) collection(r *http.Request, action Action) (*payment.PaymentCollection, error) {
	c, err := h.svc.GetCollection(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return c, h.mine(r, action, Subject{Collection: c})
}

func (h *storefront) createSession(r *http.Request) (answer, error) {
	return h.server.createSession(r, h.collection)
}

func (h *storefront) readCollection(r *http.Request) (answer, error) {
	c, err := h.collection(r, ActionReadCollection)
	if err != nil {
		return answer{}, err
	}
	return h.collectionAnswer(r.Context(), c.ID, "")
}

// session returns a session that is the shopper's, and its collection.
func (h *storefront) session(r *http.Request, action Action) (*payment.PaymentSession, *payment.PaymentCollection, error) {
	x, err := h.svc.GetSession(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	c, err := h.svc.GetCollection(r.Context(), x.CollectionID)
	if err != nil {
		return nil, nil, err
	}
	return x, c, h.mine(r, action, Subject{Collection: c, Session: x})
}

func (h *storefront) readSession(r *http.Request) (answer, error) {
	x, _, err := h.session(r, ActionReadSession)
	if err != nil {
		return answer{}, err
	}
	limit, err := waitFor(r)
	if err != nil {
		return answer{}, err
	}
	var again time.Duration
	if limit > 0 && matches(r, versionTag(x.Revision)) {
		if x, again, err = h.waiting.change(r.Context(), h.svc, x, limit); err != nil {
			return answer{}, err
		}
	}
	a, err := h.sessionAnswer(r, x)
	a.retry = again
	return a, err
}

// sessionAnswer shows a session with its payment.
func (h *storefront) sessionAnswer(r *http.Request, x *payment.PaymentSession) (answer, error) {
	var p *payment.Payment
	if x.PaymentID != "" {
		var err error
		if p, err = h.svc.GetPayment(r.Context(), x.PaymentID); err != nil {
			return answer{}, err
		}
		p = forShoppers(p)
	}
	b, err := with(x, field{"payment", p})
	body := map[string]any{"payment_session": b}
	if p != nil {
		body["payment"] = p
	}
	return answer{body: body, etag: versionTag(x.Revision)}, err
}

// forShoppers leaves out what the people who run the shop have noted for themselves: who moved money, and the words about it.
func forShoppers(p *payment.Payment) *payment.Payment {
	shown := *p
	shown.Captures, shown.Refunds = slices.Clone(p.Captures), slices.Clone(p.Refunds)
	for i, c := range shown.Captures {
		bare := *c
		bare.CreatedBy = ""
		shown.Captures[i] = &bare
	}
	for i, r := range shown.Refunds {
		bare := *r
		bare.CreatedBy, bare.Note = "", ""
		shown.Refunds[i] = &bare
	}
	return &shown
}

func (h *storefront) authorizeSession(r *http.Request) (answer, error) {
	var data payment.Data
	if err := readBody(r, map[string]any{"data": &data}); err != nil {
		return answer{}, err
	}
	x, c, err := h.session(r, ActionAuthorizeSession)
	if err != nil {
		return answer{}, err
	}
	if h.staffOnly(x.ProviderID) {
		return answer{}, &payment.StateError{ID: x.ID, Status: string(x.Status), Action: "authorize", Why: "ask the shop"}
	}
	if err := h.unchanged(r, x, c, data); err != nil {
		return answer{}, err
	}
	if err := h.cfg.input(data); err != nil {
		return answer{}, err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	p, err := h.svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: data, IdempotencyKey: key})
	if err != nil {
		return answer{}, undecided(x.ID, err)
	}
	a, err := h.authorized(r, x.ID)
	return done(a, err, map[string]any{"payment": p})
}

// authorized reads a session again and shows it with its payment.
func (h *storefront) authorized(r *http.Request, sessionID string) (answer, error) {
	x, err := h.svc.GetSession(r.Context(), sessionID)
	if err != nil {
		return answer{}, err
	}
	return h.sessionAnswer(r, x)
}

func (h *storefront) cancelSession(r *http.Request) (answer, error) {
	if err := readBody(r, nil); err != nil {
		return answer{}, err
	}
	x, _, err := h.session(r, ActionCancelSession)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	if x.Status == payment.StatusAuthorized { // that is the merchant's to give up
		return answer{}, &payment.StateError{ID: x.ID, Status: string(x.Status), Action: "cancel", Why: "ask the shop"}
	}
	id := x.ID
	if x, err = h.svc.CancelSession(ctx, payment.CancelSessionParams{SessionID: id, KeepAuthorized: true}); err != nil {
		return answer{}, undecided(id, err)
	}
	return h.sessionAnswer(r, x)
}

// undecided gives the answer for a session without an end yet its version, to wait with.
func undecided(sessionID string, err error) error {
	outcome, ok := errors.AsType[*payment.SessionError](err)
	if !ok || outcome.Session == nil || outcome.Session.ID != sessionID {
		return err
	}
	e := outcomeOf(outcome)
	if e.status < http.StatusMultipleChoices {
		e.etag = versionTag(outcome.Session.Revision)
	}
	return e
}
