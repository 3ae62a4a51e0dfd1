package stripetest

import (
	"net/http"
	"slices"
	"strings"
)

// decline is why a card is refused.
type decline struct {
	code, declineCode, message string
}

// paymentMethod is what a shopper pays with, and how its bank behaves.
type paymentMethod struct {
	kind         string // card, or us_bank_account
	created      int64
	brand, last4 string
	customer     string  // whose it is; empty where it can be used once only
	usedFor      string  // the intent that used it up
	decline      decline // empty: it is accepted
	challenge    bool    // the bank asks the shopper first
	delayed      bool    // the bank decides later
	refunds      string  // what becomes of a refund: succeeded, pending, or failed after it had succeeded
}

// confirmationToken is what the browser makes of a filled-in form.
type confirmationToken struct {
	method string
	used   bool
}

func cardDeclined(declineCode string) decline {
	return decline{code: "card_declined", declineCode: declineCode, message: "Your card was declined."}
}

func authenticationRequired() decline {
	return decline{
		code: "authentication_required", declineCode: "authentication_required",
		message: "Your card was declined. This transaction requires authentication.",
	}
}

// testMethod returns one of Stripe's test payment methods: https://docs.stripe.com/testing
func testMethod(name string) (paymentMethod, bool) {
	card := paymentMethod{kind: "card", brand: "visa", last4: "4242", refunds: "succeeded"}
	switch name {
	case "pm_card_visa", "pm_card_us", "pm_card_visa_debit":
	case "pm_card_mastercard":
		card.brand, card.last4 = "mastercard", "4444"
	case "pm_card_amex":
		card.brand, card.last4 = "amex", "8431"
	case "pm_card_chargeDeclined", "pm_card_visa_chargeDeclined":
		card.last4, card.decline = "0002", cardDeclined("generic_decline")
	case "pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedInsufficientFunds":
		card.last4, card.decline = "9995", cardDeclined("insufficient_funds")
		card.decline.message = "Your card has insufficient funds."
	case "pm_card_chargeDeclinedFraudulent":
		card.last4, card.decline = "0019", cardDeclined("fraudulent")
	case "pm_card_visa_chargeDeclinedLostCard":
		card.last4, card.decline = "9987", cardDeclined("lost_card")
	case "pm_card_visa_chargeDeclinedStolenCard":
		card.last4, card.decline = "9979", cardDeclined("stolen_card")
	case "pm_card_chargeDeclinedExpiredCard":
		card.last4, card.decline = "0069", decline{code: "expired_card", message: "Your card has expired."}
	case "pm_card_chargeDeclinedIncorrectCvc":
		card.last4, card.decline = "0127", decline{code: "incorrect_cvc", message: "Your card's security code is incorrect."}
	case "pm_card_chargeDeclinedProcessingError":
		card.last4 = "0119"
		card.decline = decline{code: "processing_error", message: "An error occurred while processing your card. Try again in a little bit."}
	case "pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired", "pm_card_authenticationRequired":
		card.last4, card.challenge = "3220", true
	case "pm_card_threeDSecureRequiredChargeDeclined", "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds":
		card.last4, card.challenge, card.decline = "1629", true, cardDeclined("insufficient_funds")
	case "pm_card_pendingRefund":
		card.last4, card.refunds = "7726", "pending"
	case "pm_card_refundFail":
		card.last4, card.refunds = "5126", "failed"
	case "pm_usBankAccount", "pm_usBankAccount_success":
		return paymentMethod{kind: "us_bank_account", last4: "6789", delayed: true, refunds: "pending"}, true
	default:
		return paymentMethod{}, false
	}
	return card, true
}

// NewPaymentMethod saves one of the test payment methods for a customer, as a card on file, and returns its ID. An empty customer
// makes one that can be used for one payment only.
//
// The error says that there is no such test payment method, or customer.
func (g *Gateway) NewPaymentMethod(test, customer string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, ok := testMethod(test)
	if !ok {
		return "", missing("PaymentMethod", "payment_method", test)
	}
	if customer != "" && !g.customers[customer] {
		return "", missing("customer", "customer", customer)
	}
	m.customer, m.created = customer, g.now()
	id := g.newID("pm")
	g.methods[id] = m
	return id, nil
}

// NewConfirmationToken returns what the browser makes of a payment form, ctoken_…, for a confirm by the server. It can be used once.
//
// The error says that there is no such test payment method.
func (g *Gateway) NewConfirmationToken(test string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := testMethod(test); !ok {
		return "", missing("PaymentMethod", "payment_method", test)
	}
	id := g.newID("ctoken")
	g.tokens[id] = &confirmationToken{method: test}
	return id, nil
}

// missingParam is an object that a parameter names, and that is not there.
func missingParam(kind, param, id string) *Error {
	e := missing(kind, param, id)
	e.Status, e.kept = http.StatusBadRequest, false
	return e
}

// choose puts the payment method of a request into the intent. g.mu is held.
func (g *Gateway) choose(in *intent, p params) *Error {
	name := p.text("payment_method")
	if token := p.text("confirmation_token"); token != "" {
		if name != "" {
			return invalid("parameters_exclusive", "", "You may only specify one of these parameters: payment_method, confirmation_token.")
		}
		t := g.tokens[token]
		if t == nil {
			return missingParam("confirmation_token", "confirmation_token", token)
		}
		if t.used {
			return invalid("", "confirmation_token", "The ConfirmationToken %s was used already.", token)
		}
		name = t.method
	}
	if name == "" {
		return nil
	}
	m, known := g.methods[name]
	if !known {
		if m, known = testMethod(name); !known {
			return missingParam("PaymentMethod", "payment_method", name)
		}
		name, m.created = g.newID("pm"), g.now()
	}
	customer := in.customer
	if c := p.text("customer"); c != "" {
		customer = c
	}
	switch {
	case m.customer != "" && m.customer != customer:
		return invalid("", "payment_method", "The `payment_method` parameter supplied %s belongs to the Customer %s. Please include the Customer "+
			"in the `customer` parameter on the PaymentIntent.", name, m.customer)
	case m.customer == "" && m.usedFor != "" && m.usedFor != in.id:
		return invalid("", "payment_method", "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment. "+
			"It may not be used again.")
	case len(in.types) > 0 && !slices.Contains(in.types, m.kind):
		return invalid("payment_intent_incompatible_payment_method", "payment_method", "The PaymentMethod provided (%s) is not allowed for this "+
			"PaymentIntent. Please attach a PaymentMethod of one of the following types: %s.", m.kind, strings.Join(in.types, ", "))
	case m.delayed && in.captureMethod == "manual":
		return invalid("payment_intent_invalid_parameter", "payment_method", "The payment method type %s does not support capture_method manual.",
			m.kind)
	case m.kind == "card" && in.descriptor != "":
		return invalid("payment_intent_invalid_parameter", "statement_descriptor", "The statement_descriptor parameter is not supported for the "+
			"payment method type card. Use statement_descriptor_suffix instead.")
	}
	in.methodID, in.method = name, m
	return nil
}

// useUp notes that a payment method, or a token, was used in a confirm. g.mu is held.
func (g *Gateway) useUp(in *intent, p params) {
	if t := g.tokens[p.text("confirmation_token")]; t != nil {
		t.used = true
	}
	if in.method.customer == "" && in.methodID != "" {
		in.method.usedFor = in.id
		g.methods[in.methodID] = in.method
	}
}
