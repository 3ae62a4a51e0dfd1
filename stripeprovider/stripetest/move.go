package stripetest

import (
	"fmt"
	"net/http"
	"slices"
)

// maxCaptures is how often one authorization can be captured: https://docs.stripe.com/payments/multicapture
const maxCaptures = 50

// refund is money that was given back, or what was released of a charge that was not captured.
type refund struct {
	id       string
	charge   *charge
	amount   int64
	status   string // pending, requires_action, succeeded, failed or canceled
	reason   string
	failure  string // failure_reason
	release  bool   // no money moves: it was never taken
	metadata map[string]string
	created  int64
	key      string
	source   string
}

// sum adds up the refunds, or the releases, that have not failed.
func (ch *charge) sum(releases bool) int64 {
	var total int64
	for _, r := range ch.refunds {
		if r.release == releases && r.status != "failed" && r.status != "canceled" {
			total += r.amount
		}
	}
	return total
}

// refundable is what can still be given back.
func (ch *charge) refundable() int64 { return ch.captured - ch.sum(false) }

// capture takes what is held, or a part of it.
func (g *Gateway) capture(in *intent, c call) *Error {
	p, ch := c.params, in.latest()
	final := p.truth("final_capture", true)
	switch {
	case in.status == StatusSucceeded && in.received < in.amount:
		return unexpected(in, "The remaining amount on this PaymentIntent could not be captured because the remainder of the authorized amount has "+
			"been released.")
	case in.status == StatusSucceeded:
		return unexpected(in, "This PaymentIntent could not be captured because it has already been captured.")
	case in.status != StatusRequiresCapture:
		return unexpected(in, "This PaymentIntent could not be captured because it has a status of %s. Only a PaymentIntent with one of the following "+
			"statuses may be captured: requires_capture.", in.status)
	case p.has("final_capture") && !ch.multicapture: // "You can only use this setting when multicapture is available"
		return refused("", "final_capture", "You cannot set final_capture: multicapture is not available for this PaymentIntent.")
	}
	amount := p.whole("amount_to_capture", in.capturable)
	switch {
	case amount < 0, amount == 0 && (!final || in.received == 0):
		return invalid("parameter_invalid_integer", "amount_to_capture", "This value must be greater than or equal to 1.")
	case amount > in.capturable:
		return refused("amount_too_large", "amount_to_capture", "The amount to capture, %d, is greater than the amount that can be captured, %d.",
			amount, in.capturable)
	case len(in.captures) >= maxCaptures:
		return refused("", "", "You cannot capture a PaymentIntent more than %d times.", maxCaptures)
	}
	if amount > 0 {
		if e := checkCapturable(amount, in.currency); e != nil {
			return e
		}
	}
	merged, e := p.merge(in.metadata)
	if e != nil {
		return e
	}
	in.metadata = merged
	if g.cfg.SlowCapture && !ch.multicapture { // https://docs.stripe.com/payments/paymentintents/lifecycle
		in.status, in.capturable, in.capturing = StatusProcessing, 0, &Movement{Amount: amount, Source: c.source, Key: c.key}
		g.tell("payment_intent.processing", in, g.renderIntent(in), nil)
		return nil
	}
	g.take(in, amount, final, c.source, c.key)
	return nil
}

// checkCapturable holds an amount against the currency's steps, without the least that a payment must have.
func checkCapturable(amount int64, currency string) *Error {
	if e := checkAmount("amount_to_capture", amount, currency); e != nil && e.Code != "amount_too_small" {
		return e
	}
	return nil
}

// take moves the money of a capture. With multicapture what is left is released without a trace in the refunds; without it Stripe
// writes a refund for what was never taken.
func (g *Gateway) take(in *intent, amount int64, final bool, source, key string) {
	ch := in.latest()
	rest := in.capturable - amount
	in.received += amount
	ch.captured += amount
	if amount > 0 {
		in.captures = append(in.captures, Movement{
			ID: fmt.Sprintf("%s/%d", ch.id, len(in.captures)+1), Amount: amount, Status: "succeeded", Source: source, Key: key,
		})
	}
	before := in.capturable
	in.capturable = rest
	if final || rest == 0 {
		in.capturable, in.status, ch.closed = 0, StatusSucceeded, true
		if rest > 0 && !ch.multicapture {
			g.addRelease(ch, rest, "")
		}
	}
	g.tell("charge.updated", in, g.renderCharge(ch), nil)
	g.tell("payment_intent.amount_capturable_updated", in, g.renderIntent(in), object{"amount_capturable": before})
	if in.status == StatusSucceeded {
		g.tell("charge.captured", in, g.renderCharge(ch), object{"captured": false})
		g.tell("payment_intent.succeeded", in, g.renderIntent(in), nil)
	}
}

// decideCapture ends a capture that is processing. One that fails leaves nothing held, and the intent wants another payment method.
func (g *Gateway) decideCapture(in *intent, ok bool) {
	m := in.capturing
	in.capturing = nil
	if !ok {
		_ = g.decline(in, decline{code: "payment_intent_payment_attempt_failed", message: "The payment failed."}) // as wanted
		return
	}
	in.status, in.capturable = StatusRequiresCapture, in.latest().amount
	g.take(in, m.Amount, true, m.Source, m.Key)
}

// addRelease writes the refund that Stripe writes for what was never taken.
func (g *Gateway) addRelease(ch *charge, amount int64, reason string) {
	ch.refunds = slices.Insert(ch.refunds, 0, &refund{
		id: g.newID("re"), charge: ch, amount: amount, status: "succeeded", reason: reason, release: true, metadata: map[string]string{},
		created: g.now(), source: SourceBank,
	})
}

// createRefund gives money back.
func (g *Gateway) createRefund(c call) (object, *Error) {
	p := c.params
	ch, e := g.refundedCharge(c)
	if e != nil {
		return nil, e
	}
	in := ch.in
	probe := &refund{charge: ch, metadata: map[string]string{}}
	if e := g.checkExpand(g.renderRefund(probe), p); e != nil {
		return nil, e
	}
	left := ch.refundable()
	amount := p.whole("amount", left)
	switch {
	case ch.disputed:
		return nil, refused("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", ch.id)
	case ch.captured == 0 && in.status == StatusCanceled, ch.captured > 0 && left == 0:
		return nil, refused("charge_already_refunded", "", "Charge %s has already been refunded.", ch.id)
	case ch.captured == 0:
		return nil, unexpected(in, "This PaymentIntent (%s) has a status of %s and was not captured. Cancel it instead of refunding it.", in.id, in.status)
	case p.has("amount") && amount < 1:
		return nil, invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > left: // without a code, as at Stripe
		return nil, refused("", "amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left)
	}
	if e := checkCapturable(amount, in.currency); e != nil {
		e.Param = "amount"
		return nil, e
	}
	merged, e := p.merge(nil)
	if e != nil {
		return nil, e
	}
	r := g.giveBack(ch, amount, p.text("reason"), merged, c.source, c.key)
	g.indexed(in)
	return g.finish(g.renderRefund(r), p)
}

// refundedCharge finds the charge that a refund is for.
func (g *Gateway) refundedCharge(c call) (*charge, *Error) {
	id, of := c.params.text("payment_intent"), c.params.text("charge")
	switch {
	case id == "" && of == "":
		return nil, invalid("parameter_missing", "payment_intent",
			"One of the following params should be provided for this request: payment_intent or charge.")
	case id != "" && of != "":
		return nil, invalid("parameters_exclusive", "", "You may only specify one of these parameters: charge, payment_intent.")
	case of != "":
		ch := g.findCharge(c.account, of)
		if ch == nil {
			return nil, missing("charge", "charge", of)
		}
		return ch, nil
	}
	in := g.find(c.account, id)
	if in == nil {
		return nil, missing("payment_intent", "payment_intent", id)
	}
	for _, ch := range slices.Backward(in.charges) {
		if ch.status == "succeeded" {
			return ch, nil
		}
	}
	e := refused("", "", "This PaymentIntent (%s) does not have a successful charge to refund.", in.id)
	e.Status = http.StatusBadRequest
	return nil, e
}

// giveBack makes a refund.
func (g *Gateway) giveBack(ch *charge, amount int64, reason string, metadata map[string]string, source, key string) *refund {
	r := &refund{
		id: g.newID("re"), charge: ch, amount: amount, status: "succeeded", reason: reason, metadata: metadata, created: g.now(),
		source: source, key: key,
	}
	if ch.method.refunds == "pending" {
		r.status = "pending"
	}
	ch.refunds = slices.Insert(ch.refunds, 0, r)
	g.tell("refund.created", ch.in, g.renderRefund(r), nil)
	g.tell("charge.refunded", ch.in, g.renderCharge(ch), nil)
	return r
}

// turn changes what became of a refund.
func (g *Gateway) turn(r *refund, status, failure string) {
	before := object{"status": r.status}
	r.status, r.failure = status, failure
	in := r.charge.in
	g.tell("refund.updated", in, g.renderRefund(r), before)
	g.tell("charge.refund.updated", in, g.renderRefund(r), before)
	if status == "failed" {
		g.tell("refund.failed", in, g.renderRefund(r), before)
	}
	g.indexed(in)
}

// listRefunds lists an intent's refunds, or a charge's, newest first.
func (g *Gateway) listRefunds(c call) (object, *Error) {
	p := c.params
	var all []*refund
	for _, in := range slices.Backward(g.intents) {
		if in.account != c.account || p.has("payment_intent") && in.id != p.text("payment_intent") {
			continue
		}
		for _, ch := range slices.Backward(in.charges) {
			if !p.has("charge") || ch.id == p.text("charge") {
				all = append(all, ch.refunds...)
			}
		}
	}
	if after := p.text("starting_after"); after != "" {
		i := slices.IndexFunc(all, func(r *refund) bool { return r.id == after })
		if i < 0 {
			return nil, missingParam("refund", "starting_after", after)
		}
		all = all[i+1:]
	}
	if p.has("ending_before") {
		return nil, invalid("parameter_unknown", "ending_before", "Received unknown parameter: ending_before (not understood by this gateway)")
	}
	limit := p.whole("limit", 10)
	if limit < 1 || limit > 100 {
		return nil, invalid("parameter_invalid_integer", "limit", "This value must be between 1 and 100.")
	}
	more := int64(len(all)) > limit
	if more {
		all = all[:limit]
	}
	data := []any{}
	for _, r := range all {
		data = append(data, g.renderRefund(r))
	}
	return g.finish(object{"object": "list", "url": "/v1/refunds", "has_more": more, "data": data}, p)
}
