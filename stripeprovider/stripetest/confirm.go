package stripetest

import "net/http"

// confirm tries to authorize, as the server or the browser asks.
func (g *Gateway) confirm(in *intent, c call) *Error {
	p := c.params
	if secret := p.text("client_secret"); secret != "" && secret != in.clientSecret {
		return invalid("payment_intent_invalid_parameter", "client_secret", "The client_secret provided does not match the client_secret associated "+
			"with the PaymentIntent.")
	}
	switch in.status {
	case StatusSucceeded, StatusRequiresCapture:
		return unexpected(in, "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.")
	case StatusCanceled, StatusProcessing:
		return unexpected(in, "You cannot confirm this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following "+
			"statuses may be confirmed: requires_payment_method, requires_confirmation, requires_action.", in.status)
	}
	if n := p.whole("amount_to_confirm", in.amount); n != in.amount {
		return invalid("payment_intent_invalid_parameter", "amount_to_confirm", "The amount to confirm, %d, is not the PaymentIntent's.", n)
	}
	if e := g.apply(in, p); e != nil {
		return e
	}
	if in.methodID == "" {
		return unexpected(in, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent "+
			"with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	}
	if c.source == SourceAPI {
		switch {
		case in.automatic && in.redirects == "always" && in.returnURL == "":
			return invalid("", "", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment "+
				"methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based "+
				"payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` "+
				"when creating Setup Intents and Payment Intents.")
		case in.method.delayed && !p.has("mandate_data[customer_acceptance][type]"):
			return invalid("payment_intent_mandate_invalid", "mandate_data", "A %s payment needs a mandate: mandate_data[customer_acceptance].",
				in.method.kind)
		}
	}
	g.useUp(in, p)
	in.lastError, in.nextAction = nil, nil
	switch {
	case !in.method.challenge:
	case p.truth("error_on_requires_action", false), p.has("off_session") && p.text("off_session") != "false":
		return g.decline(in, authenticationRequired())
	default:
		g.challenge(in, p)
		return nil
	}
	return g.attempt(in, c.source, c.key)
}

// challenge sends the shopper to the bank.
func (g *Gateway) challenge(in *intent, p params) {
	page := g.URL() + "/redirect/authenticate/" + in.id
	in.status = StatusRequiresAction
	if in.returnURL != "" && !p.truth("use_stripe_sdk", false) {
		in.nextAction = object{"type": "redirect_to_url", "redirect_to_url": object{"url": page, "return_url": in.returnURL}}
	} else {
		in.nextAction = object{"type": "use_stripe_sdk", "use_stripe_sdk": object{
			"type": "three_d_secure_redirect", "stripe_js": page, "source": g.newID("src"), "known_frame_issues": "false",
		}}
	}
	g.tell("payment_intent.requires_action", in, g.renderIntent(in), nil)
}

// attempt asks the bank, once nothing more is needed of the shopper.
func (g *Gateway) attempt(in *intent, source, key string) *Error {
	in.nextAction = nil
	switch {
	case in.method.decline.code != "":
		return g.decline(in, in.method.decline)
	case in.method.delayed:
		in.status = StatusProcessing
		ch := g.newCharge(in, "pending")
		g.tell("charge.pending", in, g.renderCharge(ch), nil)
		g.tell("payment_intent.processing", in, g.renderIntent(in), nil)
	default:
		g.authorize(in, g.newCharge(in, "succeeded"), source, key)
	}
	return nil
}

// newCharge begins a try.
func (g *Gateway) newCharge(in *intent, status string) *charge {
	ch := &charge{
		id: g.newID("ch"), in: in, amount: in.amount, status: status, methodID: in.methodID, method: in.method, created: g.now(),
		multicapture: in.multicapture && g.cfg.MultiCapture && in.method.kind == "card" && in.captureMethod == "manual",
	}
	in.charges = append(in.charges, ch)
	return ch
}

// authorize holds the money, or takes it at once.
func (g *Gateway) authorize(in *intent, ch *charge, source, key string) {
	ch.status = "succeeded"
	if in.captureMethod == "manual" {
		in.status, in.capturable = StatusRequiresCapture, in.amount
		ch.captureBefore = g.cfg.Now().Add(authorizationLife).Unix()
		g.tell("charge.succeeded", in, g.renderCharge(ch), nil)
		g.tell("payment_intent.amount_capturable_updated", in, g.renderIntent(in), nil)
		return
	}
	in.status, in.received = StatusSucceeded, in.amount
	ch.captured, ch.closed = in.amount, true
	in.captures = append(in.captures, Movement{ID: ch.id, Amount: in.amount, Status: "succeeded", Source: source, Key: key})
	g.tell("charge.succeeded", in, g.renderCharge(ch), nil)
	g.tell("payment_intent.succeeded", in, g.renderIntent(in), nil)
}

// decline ends a try: another payment method is needed.
func (g *Gateway) decline(in *intent, why decline) *Error {
	ch := in.latest()
	if ch == nil || ch.status != "pending" {
		ch = g.newCharge(in, "failed")
	}
	ch.status, ch.failure = "failed", why
	g.fail(in, declined(in, ch, why))
	g.tell("charge.failed", in, g.renderCharge(ch), nil)
	g.tell("payment_intent.payment_failed", in, g.renderIntent(in), nil)
	return declined(in, ch, why)
}

// fail writes an error into the intent.
func (g *Gateway) fail(in *intent, e *Error) {
	e.intent = nil // an intent does not contain itself
	last, _ := g.errorBody(e)["error"].(object)
	if in.methodID != "" {
		last["payment_method"] = renderMethod(in.methodID, in.method)
	}
	in.lastError = last
	in.status, in.nextAction, in.methodID, in.method = StatusRequiresPaymentMethod, nil, "", paymentMethod{}
}

// failChallenge ends a challenge that was not passed: no charge was tried.
func (g *Gateway) failChallenge(in *intent) {
	g.fail(in, &Error{
		Status: http.StatusBadRequest, Type: "invalid_request_error", Code: "payment_intent_authentication_failure",
		Message: "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt " +
			"to fulfill this PaymentIntent again.",
	})
	g.tell("payment_intent.payment_failed", in, g.renderIntent(in), nil)
}
