package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPay(t *testing.T) {
	w := newWorld(t)
	b := w.browse()
	b.open("/")
	b.picture("shop")
	cart := b.fill("lamp", "mug")
	b.open("/cart")
	b.picture("cart")
	b.open("/checkout/" + cart)
	b.picture("checkout")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)
	b.picture("order-paid")
	require.Equal(t, "73.90", w.shop.card.Intents()[0].Authorized.StringFixed(2))
}

func TestChallenge(t *testing.T) {
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	b.card("tok_3ds")
	b.click("#submit")
	b.reads("Your bank asks whether this payment is yours.")
	b.picture("challenge")
	require.Equal(t, 0, w.authorized(cart))
	b.click(`button[value="pass"]`)
	b.paid(cart, 1)
}

func TestDeclineAndRetry(t *testing.T) {
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("plant", "tea")
	b.card("tok_insufficient_funds")
	b.click("#submit")
	b.reads("There is not enough money on this card.")
	b.picture("declined")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)
	require.Len(t, w.shop.card.Intents(), 1, "the second card is tried on the same session")
}
