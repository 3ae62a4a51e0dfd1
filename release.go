package payment

import (
	"slices"

	"github.com/shopspring/decimal"
)

// What of an authorization can still be captured, and what is given back for good.

// applyRelease works out what a further capture may take. What no longer can be captured is released for good, and an authorization
// of which nothing was captured is void then.
func (b *book) applyRelease(g *gateway, op *Operation, v verdict, n *news) {
	p := b.payment
	if p == nil || n.State == SnapshotNotFound {
		return
	}
	rest := minus(minus(minus(p.Authorized, n.captured), n.capturing), p.Released)
	capturable := rest
	capture := op != nil && op.Kind == OperationCapture
	switch {
	case n.State == SnapshotCanceled:
		capturable = decimal.Decimal{}
	case n.Capturable != nil: // also after a final capture: another that failed since may have left money held
		capturable = decimal.Min(withDigits(n.capturable(p, rest), n.digits), rest)
	case capture && v == verdictDone && (op.Final || !g.info.MultiCapture):
		capturable = decimal.Decimal{}
	}
	if n.hinted && !n.freed() {
		capturable = decimal.Min(capturable, p.Capturable) // a message may be older than what we know
	}
	if elsewhere := n.takenElsewhere(); elsewhere.IsPositive() {
		capturable = decimal.Min(plus(capturable, elsewhere), rest)
	}
	expired := ""
	if b.paymentExpired() {
		expired = codeExpired
	}
	if !capturable.Equal(p.Capturable) {
		p.Capturable = capturable
		b.touchPayment()
	}
	unsettled := capture && (v == verdictOpen || v == verdictNotDone)
	if capturable.LessThan(rest) && !unsettled && !n.ambiguous {
		p.Released = minus(plus(p.Released, rest), capturable)
		b.touchPayment()
		if p.Released.Equal(p.Authorized) {
			p.CanceledAt = b.now
			b.event(Event{Kind: EventPaymentCanceled, Amount: p.Released, OperationID: operationID(op), Code: expired})
			b.hold(decimal.Decimal{})
			b.setStatus(StatusCanceled)
		} else {
			b.event(Event{Kind: EventPaymentReleased, Amount: minus(rest, capturable), OperationID: operationID(op), Code: expired})
		}
	}
	if p.CapturedAt.IsZero() && p.Captured.IsPositive() && plus(p.Captured, p.Released).GreaterThanOrEqual(p.Authorized) {
		p.CapturedAt = b.now
		b.touchPayment()
	}
}

// capturable is what the gateway says can be captured of a rest. A message may be older than our rows: what its own captures took then may
// be free again, and only what it counts as neither taken nor left is gone.
func (n *news) capturable(p *Payment, rest decimal.Decimal) decimal.Decimal {
	if !n.hinted || n.Movements == nil {
		return *n.Capturable
	}
	gone := minus(minus(minus(p.Authorized, p.Released), *n.Capturable), n.taken())
	return decimal.Max(minus(rest, decimal.Max(gone, decimal.Decimal{})), decimal.Decimal{})
}

// takenElsewhere is what the gateway says was captured and no row of ours says, or none yet. That is not released.
func (n *news) takenElsewhere() decimal.Decimal {
	if n.hinted { // it may have failed since
		return decimal.Decimal{}
	}
	taken := n.taken()
	if n.Totals != nil {
		taken = decimal.Max(taken, n.Totals.Captured)
	}
	if known := plus(n.captured, n.capturing); taken.GreaterThan(known) {
		return minus(taken, known)
	}
	return decimal.Decimal{}
}

// taken adds up the captures that the gateway lists, but the failed ones.
func (n *news) taken() (sum decimal.Decimal) {
	for _, m := range n.Movements {
		if m.Kind == MovementCapture && m.State != MovementFailed {
			sum = plus(sum, m.Amount)
		}
	}
	return sum
}

// freed reports whether a capture that was pending has failed: what it would have taken can be captured again.
func (n *news) freed() bool {
	for _, f := range n.found {
		if f.capture != nil && f.State == MovementFailed {
			return true
		}
	}
	return false
}

// offered reports whether the gateway offers again what was released here.
func (b *book) offered(n *news) bool {
	p := b.payment
	if p == nil || n.State != SnapshotAuthorized || n.Capturable == nil || n.ambiguous || n.clash != "" || !p.Released.IsPositive() || n.freed() ||
		slices.ContainsFunc(b.captures, func(c *Capture) bool { return c.State == MovementFailed }) {
		return false
	}
	return n.Capturable.GreaterThan(minus(minus(p.Authorized, n.captured), p.Released))
}
