package stripeprovider

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/seed40c892db/payment"
)

const signatureHeader = "Stripe-Signature"

// Why a webhook is refused. None of these quotes the message.
var (
	errUnsigned  = errors.New("stripe: the webhook has no Stripe-Signature")
	errMalformed = errors.New("stripe: the webhook's Stripe-Signature cannot be read")
	errForged    = errors.New("stripe: the webhook's signature is by none of the secrets")
	errDate      = errors.New("stripe: the webhook's date is too far from now")
	errBody      = errors.New("stripe: the webhook is no event; choose snapshot payloads, not thin ones")
)

// event is what is read of an event: https://docs.stripe.com/api/events/object
type event struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Type     string `json:"type"`
	Account  string `json:"account"`
	Livemode bool   `json:"livemode"`
	Request  *struct {
		IdempotencyKey string `json:"idempotency_key"`
	} `json:"request"`
	Data struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// object is what is read of an event's object, where it is one of those that message names.
type object struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	PaymentIntent reference         `json:"payment_intent"`
	Metadata      map[string]string `json:"metadata"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Reason        string            `json:"reason"`     // of a dispute, or a review
	Status        string            `json:"status"`     // of a dispute: https://docs.stripe.com/api/disputes/object
	FraudType     string            `json:"fraud_type"` // of an early fraud warning
}

// reference is an ID, or an object that has one.
type reference string

// UnmarshalJSON takes "pi_…", {"id": "pi_…"} and null.
func (r *reference) UnmarshalJSON(b []byte) error {
	var whole struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(b, &whole); err == nil {
		*r = reference(whole.ID)
		return nil
	}
	var id string
	err := json.Unmarshal(b, &id)
	*r = reference(id)
	return err
}

// VerifyWebhook checks Stripe-Signature by every secret of Config, and its date against Now on both sides, and says which intent the event
// concerns. An event of another mode or account concerns none. Disputes, inquiries, early fraud warnings and reviews are a Notice too.
//
// The error says why the message is refused.
func (p *Provider) VerifyWebhook(_ context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	if err := verify(r, p.secrets, p.cfg.WebhookTolerance); err != nil {
		return payment.WebhookMessage{}, err
	}
	var e event
	if err := json.Unmarshal(r.Body, &e); err != nil || e.Object != "event" || e.ID == "" {
		return payment.WebhookMessage{}, errBody // the error may quote the body
	}
	return p.message(e)
}

// verify checks a signature: https://docs.stripe.com/webhooks#verify-manually
func verify(r payment.WebhookRequest, secrets [][]byte, tolerance time.Duration) error {
	values := r.Header.Values(signatureHeader)
	if len(values) == 0 {
		return errUnsigned
	}
	if len(values) > 1 {
		return errMalformed
	}
	var at time.Time
	var signatures [][]byte
	for part := range strings.SplitSeq(values[0], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || seconds <= 0 || !at.IsZero() {
				return errMalformed
			}
			at = time.Unix(seconds, 0)
		case "v1": // v0 is for test events, and no signature
			if s, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	if at.IsZero() || len(signatures) == 0 || len(signatures) > 16 {
		return errMalformed
	}
	genuine := false
	for _, secret := range secrets {
		want := webhook.ComputeSignature(at, r.Body, string(secret))
		for _, s := range signatures {
			if hmac.Equal(s, want) {
				genuine = true // the others are compared too, so that the time tells nothing
			}
		}
	}
	switch age := r.Now.Sub(at); {
	case !genuine:
		return errForged
	case age > tolerance || age < -tolerance:
		return errDate
	}
	return nil
}

// message says what an event concerns.
func (p *Provider) message(e event) (payment.WebhookMessage, error) {
	m := payment.WebhookMessage{EventID: e.ID, Type: e.Type}
	if e.Account != p.cfg.Account || e.Livemode != (mode(p.cfg.SecretKey) == "live") {
		return m, nil // one endpoint may serve several accounts, and both modes: https://docs.stripe.com/connect/webhooks
	}
	var kind struct {
		Object string `json:"object"`
	}
	if err := json.Unmarshal(e.Data.Object, &kind); err != nil {
		return payment.WebhookMessage{}, errBody
	}
	switch kind.Object {
	case "payment_intent", "charge", "refund", "dispute", "radar.early_fraud_warning", "review":
	default:
		return m, nil // of the other objects nothing is read: their fields may be anything
	}
	var o object
	if err := json.Unmarshal(e.Data.Object, &o); err != nil {
		return payment.WebhookMessage{}, errBody
	}
	if m.Reference = string(o.PaymentIntent); o.Object == "payment_intent" {
		m.Reference = o.ID
	}
	if m.Reference == "" {
		return m, nil
	}
	m.SessionID = o.Metadata[metaSession]
	if e.Request != nil && len(e.Request.IdempotencyKey) == 32 && consists(e.Request.IdempotencyKey, digits+"abcdef", 32) {
		m.IdempotencyKey = e.Request.IdempotencyKey
	}
	m.Notice = p.notice(e.Type, o)
	return m, nil
}

// notice is what an event tells beside the intent; nil where it tells nothing.
func (p *Provider) notice(kind string, o object) *payment.Notice {
	_, what, _ := strings.Cut(kind, ".")
	switch o.Object {
	case "dispute":
		return p.disputed(strings.TrimPrefix(what, "dispute."), o)
	case "radar.early_fraud_warning":
		return &payment.Notice{Kind: what, Reference: o.ID, Code: o.FraudType}
	case "review":
		return &payment.Notice{Kind: kind, Reference: o.ID, Code: o.Reason}
	}
	return nil
}

// disputed is a dispute's event. An inquiry, which takes no money, is a dispute whose status begins with warning_:
// https://docs.stripe.com/disputes/how-disputes-work. Code is why it was opened, and from then on its status: who has won.
func (p *Provider) disputed(kind string, o object) *payment.Notice {
	n := &payment.Notice{Kind: "dispute." + kind, Reference: o.ID, CurrencyCode: strings.ToUpper(o.Currency), Code: o.Reason}
	if strings.HasPrefix(o.Status, "warning_") {
		n.Kind = "inquiry." + kind
	}
	decided := o.Status == "won" || o.Status == "lost" || o.Status == "prevented"
	if (kind != "created" || decided) && consists(o.Status, lower+"_", 64) {
		n.Code = o.Status
	}
	if rule, err := p.info.CurrencyRule(n.CurrencyCode); err == nil {
		n.Amount = rule.FromMinorUnits(o.Amount)
	}
	return n
}
