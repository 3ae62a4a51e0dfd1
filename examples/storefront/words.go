package main

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// money writes an amount as people read it. All amounts that a page shows come from here.
func money(amount decimal.Decimal) string {
	return payment.FormatAmount(amount, currency) + "\u00a0" + currency
}

// title is what a way to pay is called.
func title(provider string) string {
	switch provider {
	case "card":
		return "Card"
	case "bank":
		return "Bank transfer"
	case "cash":
		return "Cash on delivery"
	}
	return provider
}

// headline says what an event is, in a word or two; nothing for what only staff need to know.
func headline(kind string) string {
	switch payment.EventKind(kind) {
	case payment.EventCollectionCreated:
		return "Checkout"
	case payment.EventCollectionUpdated:
		return "Changed"
	case payment.EventCollectionCompleted:
		return "All paid"
	case payment.EventSessionCreated:
		return "Way to pay chosen"
	case payment.EventSessionUpdated:
		return "Another amount"
	case payment.EventSessionRequiresMore:
		return "The bank asks"
	case payment.EventSessionProcessing:
		return "On its way"
	case payment.EventSessionDeclined:
		return "Declined"
	case payment.EventSessionCanceled:
		return "Given up"
	case payment.EventPaymentAuthorized:
		return "Held"
	case payment.EventPaymentReleased, payment.EventPaymentCanceled:
		return "Released"
	case payment.EventCapturePending:
		return "Being taken"
	case payment.EventCaptureSucceeded:
		return "Taken"
	case payment.EventCaptureFailed:
		return "Not taken"
	case payment.EventRefundPending:
		return "Being given back"
	case payment.EventRefundSucceeded:
		return "Given back"
	case payment.EventRefundFailed, payment.EventRefundReturned:
		return "Not given back"
	}
	return ""
}

// reason says why an attempt was declined, to the shopper: what a code means, never what a gateway said.
func reason(code string) string {
	switch code {
	case "card_declined":
		return "The card was declined."
	case "insufficient_funds":
		return "There is not enough money on this card."
	case "authentication_failed":
		return "Your bank could not confirm that it was you."
	case "not_sent", "not_done":
		return "The payment provider could not be reached."
	}
	return "It was declined."
}

// sentence begins with a capital letter.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
