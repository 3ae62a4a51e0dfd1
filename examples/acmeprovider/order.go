package acmeprovider

import (
	"time"

	"github.com/seed40c892db/payment"
)

// body is what requests bring. Acme counts in minor units.
type body struct {
	Session    string `json:"session,omitempty"`
	Collection string `json:"collection,omitempty"`
	Amount     int64  `json:"amount,omitempty"`
	Currency   string `json:"currency,omitempty"`
	Token      string `json:"token,omitempty"`
	Final      bool   `json:"final,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// order is all that Acme tells of one.
type order struct {
	ID          string     `json:"id"`
	Session     string     `json:"session"`
	Account     string     `json:"account"`
	Status      string     `json:"status"` // open, challenged, authorized, declined, canceled
	Amount      int64      `json:"amount"`
	Currency    string     `json:"currency"`
	Authorized  int64      `json:"authorized"`
	Capturable  int64      `json:"capturable"`
	ClientToken string     `json:"client_token"`
	DeclineCode string     `json:"decline_code,omitempty"`
	ActionURL   string     `json:"action_url,omitempty"`
	Movements   []movement `json:"movements"`
}

// movement is a capture or a refund of an order.
type movement struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"` // capture, refund
	Key    string    `json:"key"`  // the Idempotency-Key of the request that made it; empty if it was made at the dashboard
	Amount int64     `json:"amount"`
	Status string    `json:"status"` // pending, done, failed
	At     time.Time `json:"at"`
}

// minorUnits counts a request's amount as Acme does.
//
// The error names the currency, or says that the amount cannot be counted: nothing was sent.
func minorUnits(r payment.Request) (int64, error) {
	rule, err := info().CurrencyRule(r.CurrencyCode)
	if err != nil {
		return 0, err
	}
	return rule.MinorUnits(r.Amount)
}

// snapshot is what an order means. What cannot be read has no State: the outcome is unknown then, and nobody guesses.
func (o order) snapshot() payment.Snapshot {
	rule, err := info().CurrencyRule(o.Currency)
	if err != nil || o.ID == "" {
		return payment.Snapshot{}
	}
	capturable := rule.FromMinorUnits(o.Capturable)
	s := payment.Snapshot{
		Reference: o.ID, Account: o.Account, CurrencyCode: o.Currency,
		Amount: rule.FromMinorUnits(o.Amount), Authorized: rule.FromMinorUnits(o.Authorized), Capturable: &capturable,
		Movements: []payment.Movement{}, // it lists them: empty says that there are none
		Data:      payment.Data{"client_token": o.ClientToken},
	}
	switch o.Status {
	case "open":
		s.State = payment.SnapshotPending
	case "challenged":
		s.State = payment.SnapshotRequiresMore
		s.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: o.ActionURL}
	case "authorized":
		s.State = payment.SnapshotAuthorized
	case "declined":
		s.State = payment.SnapshotDeclined
		s.Decline = &payment.Decline{Code: o.DeclineCode, Message: "Acme declined the card"}
	case "canceled":
		s.State = payment.SnapshotCanceled
	}
	for _, m := range o.Movements {
		x := payment.Movement{
			Kind: payment.MovementCapture, Reference: m.ID, IdempotencyKey: m.Key, Amount: rule.FromMinorUnits(m.Amount),
			State: payment.MovementPending, At: m.At,
		}
		if m.Kind == "refund" {
			x.Kind = payment.MovementRefund
		}
		switch m.Status {
		case "done":
			x.State = payment.MovementSucceeded
		case "failed":
			x.State = payment.MovementFailed
		}
		s.Movements = append(s.Movements, x)
	}
	return s
}
