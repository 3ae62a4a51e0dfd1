package stripetest

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Statuses of a PaymentIntent.
const (
	StatusRequiresPaymentMethod = "requires_payment_method" // new, or after a decline
	StatusRequiresConfirmation  = "requires_confirmation"   // it has a payment method
	StatusRequiresAction        = "requires_action"         // the shopper's bank asks
	StatusProcessing            = "processing"              // the bank decides later
	StatusRequiresCapture       = "requires_capture"        // the money is held
	StatusSucceeded             = "succeeded"               // taken, all or in part
	StatusCanceled              = "canceled"                // over, and nothing was taken
)

// intent is a PaymentIntent. Amounts are in the currency's minor units.
type intent struct {
	id, account, clientSecret    string
	amount, capturable, received int64
	currency, status             string
	captureMethod                string // automatic, automatic_async or manual
	confirmationMethod           string
	automatic                    bool   // automatic_payment_methods[enabled]
	redirects                    string // allow_redirects: always or never
	types                        []string
	multicapture                 bool // asked for
	methodID                     string
	method                       paymentMethod
	metadata                     map[string]string
	customer, description, email string
	descriptor, suffix, usage    string
	returnURL, group             string
	shipping                     object
	created, canceledAt          int64
	cancelReason                 string
	nextAction, lastError        object
	charges                      []*charge
	captures                     []Movement // as they were made
	capturing                    *Movement  // the capture that is processing; nil where none is
}

// charge is one try to take money.
type charge struct {
	id            string
	in            *intent
	amount        int64
	captured      int64 // amount_captured
	closed        bool  // captured: nothing more can be
	status        string
	failure       decline
	methodID      string
	method        paymentMethod
	multicapture  bool
	disputed      bool
	created       int64
	captureBefore int64
	refunds       []*refund // newest first, as Stripe lists them
}

// latest returns the last charge, or nil.
func (in *intent) latest() *charge {
	if len(in.charges) == 0 {
		return nil
	}
	return in.charges[len(in.charges)-1]
}

// clone returns a copy that nothing changes any more.
func (in *intent) clone() *intent {
	c := *in
	c.metadata, c.captures = maps.Clone(in.metadata), slices.Clone(in.captures)
	c.charges = nil
	for _, ch := range in.charges {
		twin := *ch
		twin.in, twin.refunds = &c, nil
		for _, r := range ch.refunds {
			same := *r
			same.charge, same.metadata = &twin, maps.Clone(r.metadata)
			twin.refunds = append(twin.refunds, &same)
		}
		c.charges = append(c.charges, &twin)
	}
	return &c
}

// create makes an intent, and confirms it where that is asked for.
func (g *Gateway) create(c call) (object, *Error) {
	p := c.params
	in := &intent{
		account: c.account, amount: p.whole("amount", 0), currency: p.text("currency"), status: StatusRequiresPaymentMethod,
		captureMethod: "automatic_async", confirmationMethod: "automatic", redirects: "always", metadata: map[string]string{},
		created: g.now(),
	}
	if e := checkAmount("amount", in.amount, in.currency); e != nil {
		return nil, e
	}
	if in.types = slices.Clone(p.list("payment_method_types")); len(in.types) > 0 && p.has("automatic_payment_methods[enabled]") {
		return nil, invalid("parameters_exclusive", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.")
	}
	in.automatic = len(in.types) == 0 && p.truth("automatic_payment_methods[enabled]", true)
	if r := p.text("automatic_payment_methods[allow_redirects]"); r != "" {
		in.redirects = r
	}
	for _, name := range []string{"confirmation_token", "return_url", "off_session", "error_on_requires_action", "use_stripe_sdk"} {
		if p.has(name) && !p.truth("confirm", false) {
			return nil, invalid("", name, "You cannot provide '%s' when you do not confirm the PaymentIntent: set confirm to true.", name)
		}
	}
	in.id = g.newID("pi")
	in.clientSecret = in.id + "_secret_" + secretText(in.id, g.sequence)
	if e := g.apply(in, p); e != nil {
		return nil, e
	}
	if e := g.checkExpand(g.renderIntent(in), p); e != nil {
		return nil, e
	}
	var e *Error
	if p.truth("confirm", false) {
		if e = g.confirm(in, c); e != nil && e.charge == nil {
			return nil, e // nothing was created
		}
	}
	g.intents = append(g.intents, in)
	g.tell("payment_intent.created", in, g.renderIntent(in), nil)
	g.indexed(in)
	if e != nil {
		return nil, e
	}
	return g.finish(g.renderIntent(in), p)
}

// checkAmount holds an amount against Stripe's rules for charges: https://docs.stripe.com/currencies
func checkAmount(name string, amount int64, currency string) *Error {
	least := map[string]int64{"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50, "cad": 50, "aud": 50, "huf": 17500, "twd": 1000}[currency]
	switch {
	case len(currency) != 3 || strings.ToLower(currency) != currency:
		return invalid("", "currency", "Invalid currency: %s.", currency)
	case amount < 1:
		return invalid("parameter_invalid_integer", name, "This value must be greater than or equal to 1.")
	case amount > 99_999_999 && !slices.Contains([]string{"idr", "inr", "huf", "jpy", "krw", "vnd"}, currency), amount > 999_999_999_999:
		return invalid("amount_too_large", name, "The amount is more than Stripe takes.")
	case amount < least:
		return invalid("amount_too_small", name, "The amount must be at least %d minor units of %s.", least, currency)
	case slices.Contains([]string{"bhd", "jod", "kwd", "omr", "tnd"}, currency) && amount%10 != 0:
		return invalid("invalid_charge_amount", name, "The amount must be a multiple of ten in %s.", currency)
	case slices.Contains([]string{"isk", "ugx"}, currency) && amount%100 != 0:
		return invalid("invalid_charge_amount", name, "The amount must be a multiple of a hundred in %s.", currency)
	}
	return nil
}

// apply puts into an intent what create, update and confirm have in common. It changes nothing where it returns an error.
func (g *Gateway) apply(in *intent, p params) *Error {
	next := *in
	if v := p.text("capture_method"); v != "" {
		next.captureMethod = v
	}
	if v := p.text("customer"); v != "" {
		if !g.customers[v] {
			return missingParam("customer", "customer", v)
		}
		next.customer = v
	}
	for name, to := range map[string]*string{
		"description": &next.description, "receipt_email": &next.email, "statement_descriptor": &next.descriptor, "return_url": &next.returnURL,
		"statement_descriptor_suffix": &next.suffix, "setup_future_usage": &next.usage, "transfer_group": &next.group,
		"confirmation_method": &next.confirmationMethod,
	} {
		if p.has(name) {
			*to = p.text(name)
		}
	}
	if v := next.suffix; v != "" && (strings.ContainsAny(v, `<>\'"*`) || !strings.ContainsFunc(v, unicode.IsLetter)) {
		return invalid("", "statement_descriptor_suffix", "The statement descriptor suffix must contain at least one letter, and none of <>\\'\"*.")
	}
	if v := p.text("payment_method_options[card][request_multicapture]"); v != "" {
		next.multicapture = v == "if_available"
	}
	if p.has("payment_method_options[card][capture_method]") {
		next.captureMethod = "manual"
	}
	merged, e := p.merge(in.metadata)
	if e != nil {
		return e
	}
	next.metadata = merged
	next.shipping = shippingOf(p, in.shipping)
	if e := g.choose(&next, p); e != nil {
		return e
	}
	if next.methodID != in.methodID && in.status != StatusRequiresPaymentMethod || next.methodID != "" && in.status == StatusRequiresPaymentMethod {
		next.status, next.nextAction = StatusRequiresConfirmation, nil
	}
	*in = next
	return nil
}

// shippingOf returns the shipping of a request, or else what was there.
func shippingOf(p params, before object) object {
	address, shipping := object{}, object{}
	for name, v := range p.values {
		switch {
		case name == "shipping":
			before = nil
		case strings.HasPrefix(name, "shipping[address]["):
			address[strings.TrimSuffix(strings.TrimPrefix(name, "shipping[address]["), "]")] = v[0]
		case strings.HasPrefix(name, "shipping["):
			shipping[strings.TrimSuffix(strings.TrimPrefix(name, "shipping["), "]")] = v[0]
		}
	}
	if len(address) == 0 && len(shipping) == 0 {
		return before
	}
	shipping["address"] = address
	return shipping
}

// update changes an intent in place. What Stripe allows depends on its status.
func (g *Gateway) update(in *intent, c call) *Error {
	p := c.params
	open := in.status == StatusRequiresPaymentMethod || in.status == StatusRequiresConfirmation || in.status == StatusRequiresAction
	for _, name := range []string{"amount", "currency", "payment_method", "capture_method", "setup_future_usage", "customer"} {
		if p.has(name) && !open {
			return unexpected(in, "This PaymentIntent's %s could not be updated because it has a status of %s. You may only update the %s of a "+
				"PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.",
				name, in.status, name)
		}
	}
	amount, currency := p.whole("amount", in.amount), in.currency
	if v := p.text("currency"); v != "" {
		currency = v
	}
	if e := checkAmount("amount", amount, currency); e != nil && (p.has("amount") || p.has("currency")) {
		return e
	}
	if types := p.list("payment_method_types"); len(types) > 0 {
		in.types, in.automatic = slices.Clone(types), false
	}
	if e := g.apply(in, p); e != nil {
		return e
	}
	if amount != in.amount && in.status == StatusRequiresAction {
		in.status, in.nextAction = StatusRequiresConfirmation, nil
	}
	in.amount, in.currency = amount, currency
	in.lastError = nil // "cleared if the PaymentIntent is later updated for any reason": https://docs.stripe.com/api/payment_intents/object
	return nil
}

// cancel ends an intent, and releases what is held. One that was captured in part is not canceled: it succeeds with what was taken.
func (g *Gateway) cancel(in *intent, c call) *Error {
	switch in.status {
	case StatusSucceeded, StatusCanceled, StatusProcessing:
		return unexpected(in, "You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following "+
			"statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.", in.status)
	}
	g.release(in, c.params.text("cancellation_reason"), "")
	return nil
}

// release gives up what is held: the intent is canceled, or, where something was captured, has succeeded. why is the reason of the
// refund that Stripe writes for what it releases of an uncaptured charge.
func (g *Gateway) release(in *intent, reason, why string) {
	held := in.capturable
	in.capturable, in.nextAction = 0, nil
	ch := in.latest()
	if in.received > 0 {
		in.status = StatusSucceeded
		ch.closed = true
		g.tell("charge.captured", in, g.renderCharge(ch), object{"captured": false})
		g.tell("payment_intent.succeeded", in, g.renderIntent(in), nil)
		return
	}
	if held > 0 {
		g.addRelease(ch, held, why)
		g.tell("charge.refunded", in, g.renderCharge(ch), nil)
	}
	in.status, in.canceledAt, in.cancelReason = StatusCanceled, g.now(), reason
	g.tell("payment_intent.canceled", in, g.renderIntent(in), nil)
}

// indexed lets search find an intent as it is now. g.mu is held.
func (g *Gateway) indexed(in *intent) {
	if !g.lagging {
		g.index[in.id] = in.clone()
	}
}
