package pgstore

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// movements reads the captures and refunds of a payment, each a JSON array of rows.
func (r *reader) movements(rows *payment.Rows) error {
	err := r.each("captures", func(m *movement) { rows.Captures = append(rows.Captures, &payment.Capture{Entry: m.entry()}) })
	if err != nil {
		return err
	}
	return r.each("refunds", func(m *movement) {
		rows.Refunds = append(rows.Refunds, &payment.Refund{Entry: m.entry(), ReasonID: m.ReasonID, Note: m.Note, ReturnedAt: m.ReturnedAt.utc()})
	})
}

func (r *reader) each(table string, add func(*movement)) error {
	raw, _ := r.next()
	if raw == nil {
		return nil
	}
	var list []json.RawMessage
	if err := decodeJSON(raw, &list); err != nil {
		return damaged(table, "", err)
	}
	for _, one := range list {
		var m movement
		if err := decodeJSON(one, &m); err != nil {
			var named struct {
				ID string `json:"id"`
			}
			_ = json.Unmarshal(one, &named) // only to say which row it is
			return damaged(table, named.ID, err)
		}
		add(&m)
	}
	return nil
}

// movement is a row of captures or refunds as json_agg writes it.
type movement struct {
	ID           string       `json:"id"`
	CollectionID string       `json:"collection_id"`
	SessionID    string       `json:"session_id"`
	PaymentID    string       `json:"payment_id"`
	OperationID  string       `json:"operation_id"`
	Reference    string       `json:"reference"`
	Amount       jsonAmount   `json:"amount"`
	State        string       `json:"state"`
	Reason       string       `json:"reason"`
	CreatedBy    string       `json:"created_by"`
	Metadata     payment.Data `json:"metadata"`
	CreatedAt    jsonTime     `json:"created_at"`
	UpdatedAt    jsonTime     `json:"updated_at"`
	ReasonID     string       `json:"reason_id"`
	Note         string       `json:"note"`
	ReturnedAt   jsonTime     `json:"returned_at"`
}

func (m *movement) entry() payment.Entry {
	return payment.Entry{
		ID: m.ID, CollectionID: m.CollectionID, SessionID: m.SessionID, PaymentID: m.PaymentID, OperationID: m.OperationID,
		Reference: m.Reference, Amount: decimal.Decimal(m.Amount), State: payment.MovementState(m.State), Reason: m.Reason,
		CreatedBy: m.CreatedBy, Metadata: readableData(m.Metadata), CreatedAt: m.CreatedAt.utc(), UpdatedAt: m.UpdatedAt.utc(),
	}
}

// jsonAmount is a numeric.
type jsonAmount decimal.Decimal

// UnmarshalJSON reads the number as it is written.
func (a *jsonAmount) UnmarshalJSON(b []byte) error {
	d, err := decimal.NewFromString(string(b))
	*a = jsonAmount(d)
	return err
}

// jsonTime is a timestamptz, zero for null.
type jsonTime time.Time

func (t jsonTime) utc() time.Time { return time.Time(t).UTC() }

// UnmarshalJSON reads what PostgreSQL writes: ISO 8601 in the session's time zone, whose offset may have seconds in years long past.
func (t *jsonTime) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		*t = jsonTime{}
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		if at, err = time.Parse("2006-01-02T15:04:05.999999999-07:00:00", text); err != nil {
			return errors.New("not a time")
		}
	}
	*t = jsonTime(at.UTC())
	return nil
}
