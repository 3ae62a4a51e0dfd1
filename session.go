package payment

import (
	"time"

	"github.com/shopspring/decimal"
)

// PaymentSession is an amount to be authorized by one provider. A collection can have many: instalments, or several providers.
//
// Amounts are in major units of CurrencyCode, times in UTC with microseconds. A zero time means "has not happened".
type PaymentSession struct {
	ID              string          // payses_ and 32 hex digits
	CollectionID    string          // the collection it belongs to
	ProviderID      string          // the provider that authorizes it
	CurrencyCode    string          // the collection's
	Amount          decimal.Decimal // what is to be authorized
	Held            decimal.Decimal // its part of the collection's Held
	Status          SessionStatus   // one of the five
	Revision        int64           // the collection's version that last changed the session, its payment, movements or operation
	Data            Data            // public: set by the provider, visible in the storefront; nil when empty
	Private         Private         // the provider's server-only twin of Data
	Context         Private         // what the host tells the provider about the shopper
	Metadata        Data            // the host's own; nil when empty
	Reference       string          // the gateway's ID of the object; empty until the gateway has named it
	Account         string          // the merchant account, where the gateway names it
	NextAction      *NextAction     // what the shopper must do; set while requires_more
	Reason          string          // the provider's code of the last decline; set while in error
	OperationID     string          // the open operation, which is the session's lock; empty when there is none
	PaymentID       string          // the payment it became; empty until it was authorized
	Declines        int             // attempts that the gateway declined
	InitializedAt   time.Time       // when the provider had initialized it; zero: AuthorizeSession does that first
	ProcessingSince time.Time       // when the gateway accepted it and began to decide; set while it does
	AskedAt         time.Time       // when the gateway was last asked without an operation
	AuthorizedAt    time.Time       // when it was authorized
	CanceledAt      time.Time       // when it was canceled, voided or expired
	ExpiresAt       time.Time       // when the gateway, or its lifetime, ends it; zero: it does not
	DeletedAt       time.Time       // when it was hidden
	CreatedAt       time.Time       // when it was created
	UpdatedAt       time.Time       // when its Revision moved last
}

// NextActionKind is the way in which the shopper goes on.
type NextActionKind string

const (
	// ActionRedirect sends the browser to URL.
	ActionRedirect NextActionKind = "redirect"
	// ActionFormPost posts Fields to URL from the browser, as classic 3DS does.
	ActionFormPost NextActionKind = "form_post"
	// ActionClientSDK hands Data to the gateway's script in the page.
	ActionClientSDK NextActionKind = "client_sdk"
	// ActionDisplay shows Text: a QR code's content, a voucher number, bank details.
	ActionDisplay NextActionKind = "display"
	// ActionWait asks the shopper to wait, or to look at another device; authorize again after RetryAfter.
	ActionWait NextActionKind = "wait"
)

// NextAction is what the shopper must do before the session can be authorized. It is public.
type NextAction struct {
	Kind       NextActionKind    `json:"kind"`                  // which of the fields below are set
	URL        string            `json:"url,omitempty"`         // redirect, form_post; https, or http to localhost, without user info
	Fields     map[string]string `json:"fields,omitempty"`      // form_post: the form's hidden fields
	Data       Data              `json:"data,omitempty"`        // client_sdk: what the gateway's script needs, public
	Text       string            `json:"text,omitempty"`        // display: what to show
	RetryAfter time.Duration     `json:"retry_after,omitempty"` // wait: when to ask again, in nanoseconds; 0 means a few seconds
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`   // when it stops being of use; zero: it does not say
}
