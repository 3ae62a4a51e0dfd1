package stripetest

import (
	"maps"
	"strings"
)

// object is one of Stripe's objects as JSON.
type object map[string]any

// reference stands for another object: its ID, or the object itself where the request expands it. Without an ID it is left out.
type reference struct {
	id   string
	load func() object
}

// collapse returns an object with IDs in place of what was not expanded.
func collapse(o object) object {
	c := object{}
	for k, v := range o {
		switch v := v.(type) {
		case reference:
			if v.id != "" {
				c[k] = v.id
			} else if k != "refunds" {
				c[k] = nil
			}
		case object:
			c[k] = collapse(v)
		case []any:
			list := make([]any, len(v))
			for i, x := range v {
				list[i] = x
				if x, ok := x.(object); ok {
					list[i] = collapse(x)
				}
			}
			c[k] = list
		default:
			c[k] = v
		}
	}
	return c
}

// finish expands what the request asks for, and collapses the rest.
func (g *Gateway) finish(o object, p params) (object, *Error) {
	if e := g.checkExpand(o, p); e != nil {
		return nil, e
	}
	for _, path := range p.list("expand") {
		expand(o, strings.Split(path, "."))
	}
	return collapse(o), nil
}

// checkExpand refuses what cannot be expanded, before anything is executed. What it finds out about a list says nothing while it is
// empty.
func (g *Gateway) checkExpand(o object, p params) *Error {
	for _, path := range p.list("expand") {
		parts := strings.Split(path, ".")
		if len(parts) > 4 {
			return invalid("", "expand", "You cannot expand more than 4 levels of a property. Property: %s.", path)
		}
		if !expandable(o, parts) {
			return invalid("", "expand", "This property cannot be expanded (%s).", path)
		}
	}
	return nil
}

// expandable reports whether Stripe lets a path of an object be expanded, whether or not there is anything just now.
func expandable(o object, path []string) bool {
	kind, _ := o["object"].(string)
	of := map[string]map[string]string{
		"payment_intent": {"latest_charge": "charge", "payment_method": "payment_method", "customer": "customer", "on_behalf_of": "account"},
		"charge": {
			"payment_intent": "payment_intent", "refunds": "list", "balance_transaction": "balance_transaction", "customer": "customer",
		},
		"refund":        {"payment_intent": "payment_intent", "charge": "charge", "balance_transaction": "balance_transaction"},
		"list":          {"data": "refund"},
		"search_result": {"data": "payment_intent"},
	}
	for _, name := range path {
		next, ok := of[kind][name]
		if !ok {
			return false
		}
		kind = next
	}
	return true
}

// expand replaces the references on a path by what they stand for.
func expand(o object, path []string) {
	if len(path) == 0 {
		return
	}
	switch v := o[path[0]].(type) {
	case reference:
		if v.load == nil {
			return
		}
		loaded := v.load()
		o[path[0]] = loaded
		expand(loaded, path[1:])
	case object:
		expand(v, path[1:])
	case []any:
		for _, x := range v {
			if x, ok := x.(object); ok {
				expand(x, path[1:])
			}
		}
	}
}

// orNull returns nil for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// numberOrNull returns nil for 0.
func numberOrNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func objectOrNull(o object) any {
	if o == nil {
		return nil
	}
	return o
}

func textMap(m map[string]string) object {
	o := object{}
	for k, v := range m {
		o[k] = v
	}
	return o
}

// renderIntent returns a PaymentIntent as Stripe's API of 2026-03-25.dahlia does.
func (g *Gateway) renderIntent(in *intent) object {
	types := []any{}
	for _, t := range in.types {
		types = append(types, t)
	}
	if len(types) == 0 {
		types = []any{"card", "link", "us_bank_account"}
	}
	var automatic object
	if in.automatic {
		automatic = object{"allow_redirects": in.redirects, "enabled": true}
	}
	card := object{"installments": nil, "mandate_options": nil, "network": nil, "request_three_d_secure": "automatic"}
	if in.multicapture {
		card["request_multicapture"] = "if_available"
	}
	latest := reference{}
	if ch := in.latest(); ch != nil {
		latest = reference{id: ch.id, load: func() object { return g.renderCharge(ch) }}
	}
	method := in.method
	return object{
		"id": in.id, "object": "payment_intent", "amount": in.amount, "amount_capturable": in.capturable, "amount_details": object{"tip": object{}},
		"amount_received": in.received, "application": nil, "application_fee_amount": nil, "automatic_payment_methods": objectOrNull(automatic),
		"canceled_at": numberOrNull(in.canceledAt), "cancellation_reason": orNull(in.cancelReason), "capture_method": in.captureMethod,
		"client_secret": in.clientSecret, "confirmation_method": in.confirmationMethod, "created": in.created, "currency": in.currency,
		"customer":    reference{id: in.customer, load: loader(in.customer, renderCustomer)},
		"description": orNull(in.description), "excluded_payment_method_types": nil, "last_payment_error": objectOrNull(in.lastError),
		"latest_charge": latest, "livemode": false, "metadata": textMap(in.metadata), "next_action": objectOrNull(in.nextAction), "on_behalf_of": nil,
		"payment_method":         reference{id: in.methodID, load: loader(in.methodID, func(id string) object { return renderMethod(id, method) })},
		"payment_method_options": object{"card": card}, "payment_method_types": types, "processing": nil,
		"receipt_email": orNull(in.email), "review": nil, "setup_future_usage": orNull(in.usage), "shipping": objectOrNull(maps.Clone(in.shipping)),
		"source": nil, "statement_descriptor": orNull(in.descriptor), "statement_descriptor_suffix": orNull(in.suffix), "status": in.status,
		"transfer_data": nil, "transfer_group": orNull(in.group),
	}
}

// loader returns what loads an object by its ID; nil where there is none.
func loader(id string, render func(id string) object) func() object {
	if id == "" {
		return nil
	}
	return func() object { return render(id) }
}

func renderCustomer(id string) object {
	return object{"id": id, "object": "customer", "livemode": false, "metadata": object{}, "email": "shopper@example.test"}
}

// renderMethod returns a PaymentMethod.
func renderMethod(id string, m paymentMethod) object {
	o := object{
		"id": id, "object": "payment_method", "created": m.created, "type": m.kind, "customer": orNull(m.customer), "livemode": false, "metadata": object{},
		"billing_details": object{"email": nil, "name": nil, "phone": nil},
	}
	o[m.kind] = methodDetails(m)
	return o
}

func methodDetails(m paymentMethod) object {
	if m.kind != "card" {
		return object{"bank_name": "STRIPE TEST BANK", "last4": m.last4, "routing_number": "110000000"}
	}
	return object{"brand": m.brand, "last4": m.last4, "exp_month": 8, "exp_year": 2031, "country": "US", "funding": "credit"}
}

// renderCharge returns a Charge. Its refunds are left out unless they are expanded.
func (g *Gateway) renderCharge(ch *charge) object {
	in := ch.in
	details := object{"type": ch.method.kind}
	of := methodDetails(ch.method)
	if ch.method.kind == "card" {
		of["amount_authorized"], of["authorization_code"] = ch.amount, nil
		of["multicapture"] = object{"status": availability(ch.multicapture)}
		of["three_d_secure"] = nil
		if ch.captureBefore > 0 {
			of["capture_before"] = ch.captureBefore
		}
	}
	details[ch.method.kind] = of
	balance := reference{}
	if ch.captured > 0 {
		balance = balanceReference(ch.id, ch.captured)
	}
	refunded := ch.sum(false) + ch.sum(true)
	return object{
		"id": ch.id, "object": "charge", "amount": ch.amount, "amount_captured": ch.captured, "amount_refunded": refunded,
		"application": nil, "application_fee": nil, "application_fee_amount": nil, "balance_transaction": balance,
		"billing_details": object{"email": orNull(in.email), "name": nil, "phone": nil}, "calculated_statement_descriptor": "STRIPETEST",
		"captured": ch.closed && ch.captured > 0, "created": ch.created, "currency": in.currency,
		"customer":    reference{id: in.customer, load: loader(in.customer, renderCustomer)},
		"description": orNull(in.description), "disputed": ch.disputed, "failure_balance_transaction": nil,
		"failure_code": orNull(ch.failure.code), "failure_message": orNull(ch.failure.message), "fraud_details": object{}, "livemode": false,
		"metadata": textMap(in.metadata), "on_behalf_of": nil,
		"outcome": object{"network_status": "approved_by_network", "risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized"},
		"paid":    ch.status == "succeeded", "payment_intent": reference{id: in.id, load: func() object { return g.renderIntent(in) }},
		"payment_method": ch.methodID, "payment_method_details": details, "receipt_email": orNull(in.email), "receipt_number": nil,
		"receipt_url": nil, "refunded": ch.closed && refunded == ch.amount || in.status == StatusCanceled && ch.status == "succeeded" ||
			ch.closed && ch.captured > 0 && ch.sum(false) == ch.captured,
		"refunds": reference{load: func() object { return g.refundsOf(ch) }},
		"review":  nil, "shipping": objectOrNull(maps.Clone(in.shipping)), "source_transfer": nil, "statement_descriptor": orNull(in.descriptor),
		"statement_descriptor_suffix": orNull(in.suffix), "status": ch.status, "transfer_data": nil, "transfer_group": orNull(in.group),
	}
}

func availability(available bool) string {
	if available {
		return "available"
	}
	return "unavailable"
}

// embeddedRefunds is how many refunds come along with a charge: https://docs.stripe.com/api/expanding_objects
const embeddedRefunds = 10

func (g *Gateway) refundsOf(ch *charge) object {
	data := []any{}
	for i, r := range ch.refunds {
		if i < embeddedRefunds {
			data = append(data, g.renderRefund(r))
		}
	}
	return object{
		"object": "list", "data": data, "has_more": len(ch.refunds) > embeddedRefunds, "url": "/v1/charges/" + ch.id + "/refunds",
	}
}

// balanceReference is the balance transaction of money that moved.
func balanceReference(of string, amount int64) reference {
	_, rest, _ := strings.Cut(of, "_")
	id := "txn_" + rest
	return reference{id: id, load: func() object {
		return object{"id": id, "object": "balance_transaction", "amount": amount, "source": of}
	}}
}

// renderRefund returns a Refund. What was released has no balance transaction: no money has moved.
func (g *Gateway) renderRefund(r *refund) object {
	ch := r.charge
	in := ch.in
	balance := reference{}
	if !r.release && r.status != "pending" && r.status != "requires_action" {
		balance = balanceReference(r.id, -r.amount)
	}
	o := object{
		"id": r.id, "object": "refund", "amount": r.amount, "balance_transaction": balance,
		"charge": reference{id: ch.id, load: func() object { return g.renderCharge(ch) }}, "created": r.created, "currency": in.currency,
		"destination_details": object{"type": ch.method.kind}, "metadata": textMap(r.metadata),
		"payment_intent": reference{id: in.id, load: func() object { return g.renderIntent(in) }}, "reason": orNull(r.reason),
		"receipt_number": nil, "source_transfer_reversal": nil, "status": r.status, "transfer_reversal": nil,
	}
	if r.failure != "" {
		o["failure_reason"] = r.failure
		o["failure_balance_transaction"] = balanceReference("re_f"+strings.TrimPrefix(r.id, "re_"), r.amount).id
	}
	return o
}
