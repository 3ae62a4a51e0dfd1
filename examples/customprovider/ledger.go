package main

import (
	"slices"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// order is what one session does with a card.
type order struct {
	payment.Snapshot                  // what is told of it
	card             *decimal.Decimal // where the money comes from, and goes back to
	held, spent      decimal.Decimal  // authorized and not captured; captured and not refunded
}

func newOrder(r payment.Request) *order {
	return &order{card: &decimal.Decimal{}, Snapshot: payment.Snapshot{
		State: payment.SnapshotPending, Reference: "order_" + r.SessionID, CurrencyCode: r.CurrencyCode, Amount: r.Amount,
	}}
}

// hold takes money off a card and keeps it for the order.
func (o *order) hold(card *decimal.Decimal, amount decimal.Decimal) {
	o.State, o.Authorized, o.card, o.held = payment.SnapshotAuthorized, amount, card, amount
	*card = card.Sub(amount)
}

// move moves what a request asks for, and notes it under the request's key.
func (o *order) move(kind payment.MovementKind, r payment.Request, from, to *decimal.Decimal) error {
	if from.LessThan(r.Amount) {
		return payment.Declined("amount_too_large", "there is not so much")
	}
	*from, *to = from.Sub(r.Amount), to.Add(r.Amount)
	o.Movements = append(o.Movements, payment.Movement{
		Kind: kind, Reference: "move_" + r.IdempotencyKey, IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementSucceeded,
	})
	return nil
}

// release puts what is held back onto the card.
func (o *order) release() { *o.card, o.held = o.card.Add(o.held), decimal.Decimal{} }

// tell returns the whole truth about the order, as a copy.
func (o *order) tell() payment.Snapshot {
	s, left := o.Snapshot, o.held
	s.Movements, s.Capturable = slices.Clone(s.Movements), &left
	return s
}
