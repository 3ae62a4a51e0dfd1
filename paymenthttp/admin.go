package paymenthttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed40c892db/payment"
)

// Admin returns the handler for the people who run the shop, whose paths begin with /admin/. The error names the field of Config that is
// missing or wrong, or is the store's.
//
//	GET  /admin/payments?payment_collection_id=&payment_session_id=&provider_id=      payments, without their captures and refunds
//	GET  /admin/payments/{id}                                      one, with its collection and session
//	POST /admin/payments/{id}/capture                              {amount, final}: takes what is held
//	POST /admin/payments/{id}/refund                               {amount, refund_reason_id, note}: gives it back
//	POST /admin/payments/{id}/cancel                               releases what is held
//	GET  /admin/payments/payment-providers                         the providers
//	POST /admin/payment-providers/{id}                             {is_enabled}: switches one on or off
//	POST /admin/payment-collections                                {order_id, amount}: asks for an order's payment
//	GET, DELETE /admin/payment-collections/{id}                    one; cancels and hides it
//	POST /admin/payment-collections/{id}/payment-sessions          {provider_id, data}: chooses a provider
//	POST /admin/payment-collections/{id}/mark-as-paid              {order_id, provider_id}: records what came another way
//	GET  /admin/payment-collections/{id}/timeline                  what happened
//	GET, POST /admin/refund-reasons and /admin/refund-reasons/{id}, DELETE /admin/refund-reasons/{id}
//	GET  /admin/operations?state=open or needs_attention           calls to gateways without an end
//	POST /admin/operations/{id}/resolve                            {outcome, note}: decides one that needs a person
//	GET  /admin/openapi.json                                       the description of these paths
//
// A call whose outcome is not known yet is answered with 202 and Retry-After: repeat it with the same Idempotency-Key.
func Admin(cfg Config) (http.Handler, error) {
	cfg, err := cfg.withDefaults()
	switch {
	case err != nil:
		return nil, err
	case cfg.Authorize == nil:
		return nil, &payment.InvalidError{Field: "Authorize", Rule: "is required: who may move money is the host's to say"}
	case cfg.ResolveOrder == nil:
		return nil, &payment.InvalidError{Field: "ResolveOrder", Rule: "is required: an order's currency is not taken from the request"}
	}
	doc, err := documentOf("/admin/", "admin")
	if err != nil {
		return nil, err
	}
	h := &admin{server{cfg: cfg, svc: cfg.Service}}
	return h.guarded([]route{
		{"/admin/payments", methods{http.MethodGet: h.payments}},
		{"/admin/payments/payment-providers", methods{http.MethodGet: h.providers}},
		{"/admin/payments/{id}", methods{http.MethodGet: h.readPayment}},
		{"/admin/payments/{id}/capture", methods{http.MethodPost: h.capture}},
		{"/admin/payments/{id}/refund", methods{http.MethodPost: h.refund}},
		{"/admin/payments/{id}/cancel", methods{http.MethodPost: h.cancelPayment}},
		{"/admin/payment-providers/{id}", methods{http.MethodPost: h.setProvider}},
		{"/admin/payment-collections", methods{http.MethodPost: h.requestPayment}},
		{"/admin/payment-collections/{id}", methods{http.MethodGet: h.readCollection, http.MethodDelete: h.deleteCollection}},
		{"/admin/payment-collections/{id}/payment-sessions", methods{http.MethodPost: h.createSession}},
		{"/admin/payment-collections/{id}/mark-as-paid", methods{http.MethodPost: h.markAsPaid}},
		{"/admin/payment-collections/{id}/timeline", methods{http.MethodGet: h.timeline}},
		{"/admin/refund-reasons", methods{http.MethodGet: h.reasons, http.MethodPost: h.createReason}},
		{"/admin/refund-reasons/{id}", methods{http.MethodGet: h.readReason, http.MethodPost: h.updateReason, http.MethodDelete: h.deleteReason}},
		{"/admin/operations", methods{http.MethodGet: h.operations}},
		{"/admin/operations/{id}/resolve", methods{http.MethodPost: h.resolve}},
		{"/admin/openapi.json", methods{http.MethodGet: func(r *http.Request) (answer, error) {
			return doc, h.authorize(r, ActionReadDocument, Subject{}) // no secret, but no admin path says anything to strangers
		}}},
	})
}

type admin struct{ server }

func (h *admin) payments(r *http.Request) (answer, error) {
	if err := h.authorize(r, ActionListPayments, Subject{}); err != nil {
		return answer{}, err
	}
	var p payment.ListParams
	limit, offset, err := paging(r, &p, map[string]*string{
		"payment_collection_id": &p.CollectionID, "payment_session_id": &p.SessionID, "provider_id": &p.ProviderID,
	})
	if err != nil {
		return answer{}, err
	}
	list, err := h.svc.ListPayments(r.Context(), p)
	if err != nil {
		return answer{}, err
	}
	return listAnswer("payments", list.Items, list.Count, limit, offset), nil
}

// absent asks about what is not there, too: else strangers could tell what is.
func (h *admin) absent(r *http.Request, action Action, err error) error {
	if errors.Is(err, payment.ErrNotFound) {
		if refused := h.authorize(r, action, Subject{}); refused != nil {
			return refused
		}
	}
	return err
}

// payment returns a payment with its collection and session, if whoever asks may do that to it.
func (h *admin) payment(r *http.Request, action Action) (Subject, error) {
	p, err := h.svc.GetPayment(r.Context(), r.PathValue("id"))
	if err != nil {
		return Subject{}, h.absent(r, action, err)
	}
	x, err := h.svc.GetSession(r.Context(), p.SessionID)
	if err != nil {
		return Subject{}, err
	}
	c, err := h.svc.GetCollection(r.Context(), p.CollectionID)
	if err != nil {
		return Subject{}, err
	}
	s := Subject{Collection: c, Session: x, Payment: p}
	return s, h.authorize(r, action, s)
}

// paymentAnswer reads a payment again and shows it with its collection and session. The collection is read first, and whatever changes any of
// them moves its version: what is shown is never older than its tag.
func (h *admin) paymentAnswer(ctx context.Context, p *payment.Payment) (answer, error) {
	c, err := h.svc.GetCollection(ctx, p.CollectionID)
	if err != nil {
		return answer{}, err
	}
	x, err := h.svc.GetSession(ctx, p.SessionID)
	if err != nil {
		return answer{}, err
	}
	if p, err = h.svc.GetPayment(ctx, p.ID); err != nil {
		return answer{}, err
	}
	b, err := with(p, field{"payment_collection", c}, field{"payment_session", x})
	return answer{body: map[string]any{"payment": b}, etag: versionTag(c.Version)}, err
}

func (h *admin) readPayment(r *http.Request) (answer, error) {
	s, err := h.payment(r, ActionReadPayment)
	if err != nil {
		return answer{}, err
	}
	return h.paymentAnswer(r.Context(), s.Payment)
}

// move answers a call that moves money.
func (h *admin) move(r *http.Request, action Action, do func(ctx context.Context, p *payment.Payment, key string) (*payment.Payment, error)) (answer, error) {
	s, err := h.payment(r, action)
	if err != nil {
		return answer{}, err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	p, err := do(ctx, s.Payment, key)
	if err != nil {
		return answer{}, err
	}
	a, err := h.paymentAnswer(r.Context(), p)
	return done(a, err, map[string]any{"payment": p})
}

func (h *admin) capture(r *http.Request) (answer, error) {
	var sum *amount
	var final bool
	if err := readBody(r, map[string]any{"amount": &sum, "final": &final}); err != nil {
		return answer{}, err
	}
	return h.move(r, ActionCapturePayment, func(ctx context.Context, p *payment.Payment, key string) (*payment.Payment, error) {
		return h.svc.CapturePayment(ctx, payment.CapturePaymentParams{
			PaymentID: p.ID, Amount: sum.pointer(), Final: final, CreatedBy: h.cfg.Actor(r), IdempotencyKey: key,
		})
	})
}

func (h *admin) refund(r *http.Request) (answer, error) {
	var sum *amount
	var reason, note *string
	if err := readBody(r, map[string]any{"amount": &sum, "refund_reason_id": &reason, "note": &note}); err != nil {
		return answer{}, err
	}
	return h.move(r, ActionRefundPayment, func(ctx context.Context, p *payment.Payment, key string) (*payment.Payment, error) {
		return h.svc.RefundPayment(ctx, payment.RefundPaymentParams{
			PaymentID: p.ID, Amount: sum.pointer(), ReasonID: orEmpty(reason), Note: orEmpty(note), CreatedBy: h.cfg.Actor(r), IdempotencyKey: key,
		})
	})
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (h *admin) cancelPayment(r *http.Request) (answer, error) {
	if err := readBody(r, nil); err != nil {
		return answer{}, err
	}
	return h.move(r, ActionCancelPayment, func(ctx context.Context, p *payment.Payment, key string) (*payment.Payment, error) {
		return h.svc.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: p.ID, IdempotencyKey: key})
	})
}

func (h *admin) operations(r *http.Request) (answer, error) {
	if err := h.authorize(r, ActionListOperations, Subject{}); err != nil {
		return answer{}, err
	}
	var p payment.ListParams
	var state string
	limit, offset, err := paging(r, &p, map[string]*string{"payment_collection_id": &p.CollectionID, "payment_session_id": &p.SessionID, "state": &state})
	if err != nil {
		return answer{}, err
	}
	p.State = payment.OperationState(state)
	list, err := h.svc.ListOperations(r.Context(), p)
	if err != nil {
		return answer{}, err
	}
	return listAnswer("operations", list.Items, list.Count, limit, offset), nil
}

func (h *admin) resolve(r *http.Request) (answer, error) {
	var outcome, note string
	if err := readBody(r, map[string]any{"outcome": &outcome, "note": &note}); err != nil {
		return answer{}, err
	}
	if err := h.authorize(r, ActionResolveOperation, Subject{}); err != nil {
		return answer{}, err
	}
	ctx, cancel := h.limited(r)
	defer cancel()
	op, err := h.svc.ResolveOperation(ctx, payment.ResolveOperationParams{
		OperationID: r.PathValue("id"), Outcome: payment.Resolution(outcome), Note: note, By: h.cfg.Actor(r),
	})
	return answer{body: map[string]any{"operation": op}}, err
}
