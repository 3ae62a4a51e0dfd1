package paymenthttp

import (
	"net/http"

	"github.com/seed40c892db/payment"
)

func (h *admin) providers(r *http.Request) (answer, error) {
	if err := h.authorize(r, ActionListProviders, Subject{}); err != nil {
		return answer{}, err
	}
	return h.providersAnswer(r, nil)
}

func (h *admin) setProvider(r *http.Request) (answer, error) {
	var enabled *bool
	if err := readBody(r, map[string]any{"is_enabled": &enabled}); err != nil {
		return answer{}, err
	}
	if enabled == nil {
		return answer{}, badField("is_enabled", "is required")
	}
	if err := h.authorize(r, ActionSetProvider, Subject{}); err != nil {
		return answer{}, err
	}
	id := r.PathValue("id")
	err := h.svc.SetProviderEnabled(r.Context(), id, *enabled)
	if invalid := errorOf(err); err != nil && invalid.code == "invalid" {
		return answer{}, errNotThere()
	}
	return answer{body: map[string]any{"payment_provider": map[string]any{"id": id, "is_enabled": *enabled}}}, err
}

func (h *admin) reasons(r *http.Request) (answer, error) {
	if err := h.authorize(r, ActionReadReasons, Subject{}); err != nil {
		return answer{}, err
	}
	var p payment.ListParams
	limit, offset, err := paging(r, &p, nil)
	if err != nil {
		return answer{}, err
	}
	all, err := h.svc.ListRefundReasons(r.Context())
	if err != nil {
		return answer{}, err
	}
	return cutAnswer("refund_reasons", all, limit, offset), nil
}

func (h *admin) readReason(r *http.Request) (answer, error) {
	if err := h.authorize(r, ActionReadReasons, Subject{}); err != nil {
		return answer{}, err
	}
	reason, err := h.svc.GetRefundReason(r.Context(), r.PathValue("id"))
	return answer{body: map[string]any{"refund_reason": reason}}, err
}

// reason is what a body says of a reason, where it says it.
type reason struct {
	code, label, description *string
	metadata                 *payment.Data
}

func (b *reason) read(r *http.Request) error {
	return readBody(r, map[string]any{"code": &b.code, "label": &b.label, "description": &b.description, "metadata": &b.metadata})
}

// over lays what was said over what is there.
func (b *reason) over(p payment.RefundReasonParams) payment.RefundReasonParams {
	for _, f := range []struct {
		said *string
		into *string
	}{{b.code, &p.Code}, {b.label, &p.Label}, {b.description, &p.Description}} {
		if f.said != nil {
			*f.into = *f.said
		}
	}
	if b.metadata != nil {
		p.Metadata = *b.metadata
	}
	return p
}

func (h *admin) createReason(r *http.Request) (answer, error) {
	var b reason
	if err := b.read(r); err != nil {
		return answer{}, err
	}
	if err := h.authorize(r, ActionChangeReasons, Subject{}); err != nil {
		return answer{}, err
	}
	created, err := h.svc.CreateRefundReason(r.Context(), b.over(payment.RefundReasonParams{}))
	return answer{body: map[string]any{"refund_reason": created}}, err
}

func (h *admin) updateReason(r *http.Request) (answer, error) {
	var b reason
	if err := b.read(r); err != nil {
		return answer{}, err
	}
	if err := h.authorize(r, ActionChangeReasons, Subject{}); err != nil {
		return answer{}, err
	}
	was, err := h.svc.GetRefundReason(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	changed, err := h.svc.UpdateRefundReason(r.Context(), was.ID, b.over(payment.RefundReasonParams{
		Code: was.Code, Label: was.Label, Description: was.Description, Metadata: was.Metadata,
	}))
	return answer{body: map[string]any{"refund_reason": changed}}, err
}

func (h *admin) deleteReason(r *http.Request) (answer, error) {
	if err := h.authorize(r, ActionChangeReasons, Subject{}); err != nil {
		return answer{}, err
	}
	id := r.PathValue("id")
	return deleted(id, "refund_reason"), h.svc.DeleteRefundReason(r.Context(), id)
}
