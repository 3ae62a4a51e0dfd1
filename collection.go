package payment

import (
	"time"

	"github.com/shopspring/decimal"
)

// PaymentCollection is what is owed for one resource, such as an order or a cart, and the totals of everything below it. It
// is the unit of change: sessions, payments, captures and refunds are written under its version.
//
// Amounts are in major units of CurrencyCode, times in UTC with microseconds. A zero time means "has not happened".
type PaymentCollection struct {
	ID             string          // paycol_ and 32 hex digits
	Version        int64           // 1 when created, one more with every change of anything below; set by the Store
	CurrencyCode   string          // ISO 4217, upper case; one for all that is below
	Amount         decimal.Decimal // what is owed
	Authorized     decimal.Decimal // held or taken by authorizations, without what was released
	Held           decimal.Decimal // what gateways could still take without another call of ours
	Captured       decimal.Decimal // taken
	Refunded       decimal.Decimal // given back, of what was captured
	LiveSessions   int             // sessions that are pending or requires_more
	FailedSessions int             // sessions in error
	Declines       int             // attempts that gateways declined, of all sessions ever
	ProviderIDs    []string        // the providers it accepts, in the host's order; nil means all
	Metadata       Data            // the host's own; nil when empty
	CompletedAt    time.Time       // when all was captured, or the host completed it; the amount is fixed since
	CanceledAt     time.Time       // when it was given up
	DeletedAt      time.Time       // when it was hidden
	CreatedAt      time.Time       // when it was created
	UpdatedAt      time.Time       // when its version moved last
}

// left returns what no authorization and no hold takes.
func (c *PaymentCollection) left() decimal.Decimal {
	return c.Amount.Sub(c.Authorized).Sub(c.Held)
}
