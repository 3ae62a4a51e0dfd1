package payment

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// The public encoding. MarshalJSON writes an allow-list: a field that is added to a row stays inside until it is added here. Names
// and shapes are those of Medusa's HTTP API: snake_case, amounts as numbers in major units, currencies in lower case, times in UTC
// as RFC 3339, null for what has not happened. A field that Medusa does not have appears only when it says something; the one
// exception is a movement's state, because money that has not moved must not pass for money that has.

type publicCollection struct {
	ID           string           `json:"id"`
	CurrencyCode string           `json:"currency_code"`
	Amount       json.Number      `json:"amount"`
	Authorized   json.Number      `json:"authorized_amount"`
	Captured     json.Number      `json:"captured_amount"`
	Refunded     json.Number      `json:"refunded_amount"`
	Status       CollectionStatus `json:"status"`
	Providers    []publicID       `json:"payment_providers"`
	Metadata     Data             `json:"metadata"`
	CompletedAt  *time.Time       `json:"completed_at"`
	CreatedAt    *time.Time       `json:"created_at"`
	UpdatedAt    *time.Time       `json:"updated_at"`
}

type publicID struct {
	ID string `json:"id"`
}

// MarshalJSON writes the public object: id, currency_code, amount, authorized_amount, captured_amount, refunded_amount, status,
// payment_providers (those that it names), metadata, completed_at, created_at, updated_at. Its sessions and payments are objects of
// their own.
//
// The error names a value of Metadata that JSON cannot hold; what the Service returns has none.
func (c PaymentCollection) MarshalJSON() ([]byte, error) {
	p := publicCollection{
		ID:           c.ID,
		CurrencyCode: strings.ToLower(c.CurrencyCode),
		Amount:       publicAmount(c.Amount),
		Authorized:   publicAmount(c.Authorized),
		Captured:     publicAmount(c.Captured),
		Refunded:     publicAmount(c.Refunded),
		Status:       c.Status(),
		Providers:    make([]publicID, 0, len(c.ProviderIDs)),
		Metadata:     c.Metadata,
		CompletedAt:  publicTime(c.CompletedAt),
		CreatedAt:    publicTime(c.CreatedAt),
		UpdatedAt:    publicTime(c.UpdatedAt),
	}
	for _, id := range c.ProviderIDs {
		p.Providers = append(p.Providers, publicID{id})
	}
	return json.Marshal(p)
}

// UnmarshalJSON returns an error, always: the public encoding leaves things out. Stores use [DecodeRow].
func (c *PaymentCollection) UnmarshalJSON([]byte) error { return errOneWay("PaymentCollection") }

type publicSession struct {
	ID              string        `json:"id"`
	CollectionID    string        `json:"payment_collection_id"`
	ProviderID      string        `json:"provider_id"`
	CurrencyCode    string        `json:"currency_code"`
	Amount          json.Number   `json:"amount"`
	Status          SessionStatus `json:"status"`
	Data            Data          `json:"data"`
	NextAction      *NextAction   `json:"next_action,omitempty"`
	Reason          string        `json:"reason,omitempty"`
	ProcessingSince *time.Time    `json:"processing_since,omitempty"`
	ExpiresAt       *time.Time    `json:"expires_at,omitempty"`
	AuthorizedAt    *time.Time    `json:"authorized_at"`
	CreatedAt       *time.Time    `json:"created_at"`
	UpdatedAt       *time.Time    `json:"updated_at"`
}

// MarshalJSON writes the public object: id, payment_collection_id, provider_id, currency_code, amount, status, data, authorized_at,
// created_at, updated_at; and next_action, reason, processing_since and expires_at when they are set. Its payment is an object of
// its own.
//
// The error names a value of Data that JSON cannot hold; what the Service returns has none.
func (s PaymentSession) MarshalJSON() ([]byte, error) {
	return json.Marshal(publicSession{
		ID:              s.ID,
		CollectionID:    s.CollectionID,
		ProviderID:      s.ProviderID,
		CurrencyCode:    strings.ToLower(s.CurrencyCode),
		Amount:          publicAmount(s.Amount),
		Status:          s.Status,
		Data:            objectOf(s.Data),
		NextAction:      s.NextAction,
		Reason:          s.Reason,
		ProcessingSince: publicTime(s.ProcessingSince),
		ExpiresAt:       publicTime(s.ExpiresAt),
		AuthorizedAt:    publicTime(s.AuthorizedAt),
		CreatedAt:       publicTime(s.CreatedAt),
		UpdatedAt:       publicTime(s.UpdatedAt),
	})
}

// UnmarshalJSON returns an error, always: the public encoding leaves things out. Stores use [DecodeRow].
func (s *PaymentSession) UnmarshalJSON([]byte) error { return errOneWay("PaymentSession") }

type publicPayment struct {
	ID             string      `json:"id"`
	CollectionID   string      `json:"payment_collection_id"`
	SessionID      string      `json:"payment_session_id"`
	ProviderID     string      `json:"provider_id"`
	CurrencyCode   string      `json:"currency_code"`
	Amount         json.Number `json:"amount"`
	Authorized     json.Number `json:"authorized_amount"`
	Captured       json.Number `json:"captured_amount"`
	Refunded       json.Number `json:"refunded_amount"`
	Data           Data        `json:"data"`
	Captures       []*Capture  `json:"captures"`
	Refunds        []*Refund   `json:"refunds"`
	FailedCaptures []*Capture  `json:"failed_captures,omitempty"`
	FailedRefunds  []*Refund   `json:"failed_refunds,omitempty"`
	CapturedAt     *time.Time  `json:"captured_at"`
	CanceledAt     *time.Time  `json:"canceled_at"`
	CreatedAt      *time.Time  `json:"created_at"`
	UpdatedAt      *time.Time  `json:"updated_at"`
}

// MarshalJSON writes the public object: id, payment_collection_id, payment_session_id, provider_id, currency_code, amount,
// authorized_amount, captured_amount, refunded_amount, data, captures, refunds, captured_at, canceled_at, created_at, updated_at.
// What failed is not among captures and refunds, which clients add up, but in failed_captures and failed_refunds, when there is any.
//
// The error names a value of Data that JSON cannot hold; what the Service returns has none.
func (p Payment) MarshalJSON() ([]byte, error) {
	out := publicPayment{
		ID:           p.ID,
		CollectionID: p.CollectionID,
		SessionID:    p.SessionID,
		ProviderID:   p.ProviderID,
		CurrencyCode: strings.ToLower(p.CurrencyCode),
		Amount:       publicAmount(p.Amount),
		Authorized:   publicAmount(p.Authorized),
		Captured:     publicAmount(p.Captured),
		Refunded:     publicAmount(p.Refunded),
		Data:         objectOf(p.Data),
		Captures:     make([]*Capture, 0, len(p.Captures)),
		Refunds:      make([]*Refund, 0, len(p.Refunds)),
		CapturedAt:   publicTime(p.CapturedAt),
		CanceledAt:   publicTime(p.CanceledAt),
		CreatedAt:    publicTime(p.CreatedAt),
		UpdatedAt:    publicTime(p.UpdatedAt),
	}
	for _, c := range p.Captures {
		if c.State == MovementFailed {
			out.FailedCaptures = append(out.FailedCaptures, c)
		} else {
			out.Captures = append(out.Captures, c)
		}
	}
	for _, r := range p.Refunds {
		if r.State == MovementFailed {
			out.FailedRefunds = append(out.FailedRefunds, r)
		} else {
			out.Refunds = append(out.Refunds, r)
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON returns an error, always: the public encoding leaves things out. Stores use [DecodeRow].
func (p *Payment) UnmarshalJSON([]byte) error { return errOneWay("Payment") }

type publicEntry struct {
	ID        string        `json:"id"`
	Amount    json.Number   `json:"amount"`
	State     MovementState `json:"state"`
	Reason    string        `json:"reason,omitempty"`
	CreatedBy *string       `json:"created_by"`
	CreatedAt *time.Time    `json:"created_at"`
}

func (e *Entry) public() publicEntry {
	return publicEntry{
		ID:        e.ID,
		Amount:    publicAmount(e.Amount),
		State:     e.State,
		Reason:    e.Reason,
		CreatedBy: publicText(e.CreatedBy),
		CreatedAt: publicTime(e.CreatedAt),
	}
}

// MarshalJSON writes the public object and never fails: id, amount, state, created_by, created_at; and reason when it failed.
func (c Capture) MarshalJSON() ([]byte, error) { return json.Marshal(c.public()) }

// UnmarshalJSON returns an error, always: the public encoding leaves things out. Stores use [DecodeRow].
func (c *Capture) UnmarshalJSON([]byte) error { return errOneWay("Capture") }

// MarshalJSON writes the public object and never fails: id, amount, state, refund_reason_id, note, created_by, created_at; reason
// when it failed, and returned_at when the bank sent it back.
func (r Refund) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		publicEntry
		ReasonID   *string    `json:"refund_reason_id"`
		Note       *string    `json:"note"`
		ReturnedAt *time.Time `json:"returned_at,omitempty"`
	}{r.public(), publicText(r.ReasonID), publicText(r.Note), publicTime(r.ReturnedAt)})
}

// UnmarshalJSON returns an error, always: the public encoding leaves things out. Stores use [DecodeRow].
func (r *Refund) UnmarshalJSON([]byte) error { return errOneWay("Refund") }

// MarshalJSON writes the public object: id, label, code, description, metadata, created_at, updated_at.
//
// The error names a value of Metadata that JSON cannot hold; what the Service returns has none.
func (r RefundReason) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID          string     `json:"id"`
		Label       string     `json:"label"`
		Code        string     `json:"code"`
		Description *string    `json:"description"`
		Metadata    Data       `json:"metadata"`
		CreatedAt   *time.Time `json:"created_at"`
		UpdatedAt   *time.Time `json:"updated_at"`
	}{r.ID, r.Label, r.Code, publicText(r.Description), r.Metadata, publicTime(r.CreatedAt), publicTime(r.UpdatedAt)})
}

// UnmarshalJSON returns an error, always: an HTTP body is not a row. Read the fields that a caller may set.
func (r *RefundReason) UnmarshalJSON([]byte) error { return errOneWay("RefundReason") }

// MarshalJSON writes what an operator's page may show, and never fails: id, payment_collection_id, payment_session_id, provider_id,
// kind, state, amount, currency_code, tries, created_by, first_call_at, last_call_at, created_at, updated_at, ended_at; and code when
// it is set. Neither the request that it repeats nor the gateway's words are in it. It is nothing for a shopper.
func (o Operation) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID           string         `json:"id"`
		CollectionID string         `json:"payment_collection_id"`
		SessionID    string         `json:"payment_session_id"`
		ProviderID   string         `json:"provider_id"`
		Kind         OperationKind  `json:"kind"`
		State        OperationState `json:"state"`
		Amount       json.Number    `json:"amount"`
		CurrencyCode string         `json:"currency_code"`
		Code         string         `json:"code,omitempty"`
		Tries        int            `json:"tries"`
		CreatedBy    *string        `json:"created_by"`
		FirstCallAt  *time.Time     `json:"first_call_at"`
		LastCallAt   *time.Time     `json:"last_call_at"`
		CreatedAt    *time.Time     `json:"created_at"`
		UpdatedAt    *time.Time     `json:"updated_at"`
		EndedAt      *time.Time     `json:"ended_at"`
	}{
		o.ID, o.CollectionID, o.SessionID, o.ProviderID, o.Kind, o.State, publicAmount(o.Amount), strings.ToLower(o.CurrencyCode),
		o.Code, o.Tries, publicText(o.CreatedBy), publicTime(o.FirstCallAt), publicTime(o.LastCallAt), publicTime(o.CreatedAt),
		publicTime(o.UpdatedAt), publicTime(o.EndedAt),
	})
}

// UnmarshalJSON returns an error, always: the public encoding leaves things out. Stores use [DecodeRow].
func (o *Operation) UnmarshalJSON([]byte) error { return errOneWay("Operation") }

// Format prints the operation for every verb without Message, which is the gateway's words and may be about a person.
func (o Operation) Format(s fmt.State, verb rune) {
	type operation Operation
	if o.Message != "" {
		o.Message = hidden
	}
	fmt.Fprintf(s, fmt.FormatString(s, verb), operation(o))
}

func errOneWay(name string) error {
	return errors.New("payment: a " + name + " cannot be read from JSON: its public encoding leaves things out")
}

// publicAmount writes an amount as a plain decimal number: no exponent, no float, whatever decimal.MarshalJSONWithoutQuotes says.
func publicAmount(d decimal.Decimal) json.Number {
	if e := d.Exponent(); e > 64 || e < -64 {
		// No amount of ours: in full it could be gigabytes.
		return json.Number(fmt.Sprintf("%de%d", d.Coefficient(), e))
	}
	return json.Number(d.String())
}

// publicTime returns nil, which JSON writes as null, for what has not happened, and for a time that RFC 3339 cannot write.
func publicTime(t time.Time) *time.Time {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return nil
	}
	return &t
}

// publicText returns nil, which JSON writes as null, for an absent text.
func publicText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// objectOf returns d, and an empty object rather than null for none.
func objectOf(d Data) Data {
	if d == nil {
		return Data{}
	}
	return d
}
