package payment

import (
	"time"

	"github.com/shopspring/decimal"
)

// Payment is what an authorized session becomes, one to one. It can be captured, refunded and canceled, whole or in parts.
//
// Amounts are in major units of CurrencyCode, times in UTC with microseconds. A zero time means "has not happened".
type Payment struct {
	ID            string          // pay_ and 32 hex digits
	CollectionID  string          // the collection it belongs to
	SessionID     string          // the session it came from
	ProviderID    string          // the provider that holds the money
	CurrencyCode  string          // the collection's
	Amount        decimal.Decimal // what the session asked for
	Authorized    decimal.Decimal // what the gateway authorized, in all; captures do not reduce it
	Released      decimal.Decimal // what of it can no longer be captured; only grows
	Capturable    decimal.Decimal // what a further capture may take
	Captured      decimal.Decimal // sum of succeeded captures
	Refunded      decimal.Decimal // sum of succeeded refunds
	Unasked       bool            // money that nobody asked for: outside the collection's totals, to be voided
	Data          Data            // the session's public data as of the last news; nil when empty
	Metadata      Data            // the host's own; nil when empty
	CaptureBefore time.Time       // when the gateway lets the authorization lapse; zero: it does not say
	CapturedAt    time.Time       // when all of it that was not released had been captured
	CanceledAt    time.Time       // when it was voided, or lapsed
	CreatedAt     time.Time       // when it was authorized
	UpdatedAt     time.Time       // when it changed last
	Captures      []*Capture      // oldest first; filled where the Service returns one payment, nil in lists and stores
	Refunds       []*Refund       // oldest first; filled likewise
}

// Entry is what a capture and a refund have in common: one movement of money in our books.
type Entry struct {
	ID           string          // capt_ or ref_ and 32 hex digits; those of the operation that made it
	CollectionID string          // the collection it belongs to
	SessionID    string          // the session it belongs to
	PaymentID    string          // the payment it moves money of
	OperationID  string          // the operation that made it; empty when the money was moved elsewhere
	Reference    string          // the gateway's ID of the movement; unique per payment and kind; empty until it is known
	Amount       decimal.Decimal // in major units of the collection's currency
	State        MovementState   // pending counts against what is left, succeeded counts in the totals
	Reason       string          // the provider's code for clients, when it failed
	CreatedBy    string          // who asked, as the host says; empty when the host does not say
	Metadata     Data            // the host's own; nil when empty
	CreatedAt    time.Time       // when it was recorded
	UpdatedAt    time.Time       // when its state moved last
}

// External reports whether the money was moved elsewhere, such as at the gateway's dashboard.
func (e *Entry) External() bool { return e.OperationID == "" }

// Capture is one movement of money from the shopper: whole or partial, pending, succeeded or failed.
type Capture struct {
	Entry
}

// Refund is one movement of money back to the shopper: whole or partial, pending, succeeded or failed.
type Refund struct {
	Entry
	ReasonID   string    // the [RefundReason]; empty when none was given
	Note       string    // the host's words about it
	ReturnedAt time.Time // when the bank sent it back after it had succeeded; its state is failed since
}

// RefundReason is one of the reasons that a merchant gives for refunds.
type RefundReason struct {
	ID          string    // refr_ and 32 hex digits
	Code        string    // unique, for machines: letters, digits, - and _
	Label       string    // for people
	Description string    // for people, longer; may be empty
	Metadata    Data      // the host's own; nil when empty
	CreatedAt   time.Time // UTC, microseconds
	UpdatedAt   time.Time // UTC, microseconds
}
