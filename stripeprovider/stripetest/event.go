package stripetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Event is one of Stripe's events. [Gateway.Sign] makes a webhook of it.
type Event struct {
	ID     string // evt_…
	Type   string // such as payment_intent.succeeded
	Intent string // the PaymentIntent that it is about
	Body   []byte // the JSON that is sent, as the object was then
}

// dispute is a charge that the shopper disputes.
type dispute struct {
	id     string
	charge *charge
	amount int64
	reason string
	status string
}

// Events returns every event so far, oldest first. Stripe promises no order: deliver them in any, late, or twice.
func (g *Gateway) Events() []Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := slices.Clone(g.events)
	for i := range list {
		list[i].Body = slices.Clone(list[i].Body)
	}
	return list
}

// EventsOf returns the events of one type, oldest first.
func (g *Gateway) EventsOf(kind string) []Event {
	return slices.DeleteFunc(g.Events(), func(e Event) bool { return e.Type != kind })
}

// Sign returns the headers and the body of a webhook with the event, signed now with [Config].WebhookSecret.
func (g *Gateway) Sign(e Event) (http.Header, []byte) { return g.SignBody(e.Body, g.cfg.Now()) }

// SignBody signs any body as Stripe does, at any time, for webhooks that Stripe would never send.
func (g *Gateway) SignBody(body []byte, at time.Time) (http.Header, []byte) {
	mac := hmac.New(sha256.New, []byte(g.cfg.WebhookSecret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body) // a hash takes everything
	header := http.Header{}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil))))
	return header, slices.Clone(body)
}

// tell writes an event with an object, and with what of it was different before. g.mu is held.
func (g *Gateway) tell(kind string, in *intent, o, before object) {
	id := g.newID("evt")
	data := object{"object": collapse(o)}
	if before != nil {
		data["previous_attributes"] = before
	}
	e := object{
		"id": id, "object": "event", "api_version": "2026-03-25.dahlia", "created": g.now(), "type": kind, "livemode": false,
		"pending_webhooks": 1, "data": data, "request": object{"id": nil, "idempotency_key": orNull(g.asking)},
	}
	if in.account != defaultAccount {
		e["account"] = in.account
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return // everything here is text and numbers
	}
	g.events = append(g.events, Event{ID: id, Type: kind, Intent: in.id, Body: body})
}

// renderDispute returns a Dispute.
func (g *Gateway) renderDispute(d *dispute) object {
	return object{
		"id": d.id, "object": "dispute", "amount": d.amount, "balance_transactions": []any{}, "charge": d.charge.id, "created": g.now(),
		"currency": d.charge.in.currency, "enhanced_eligibility_types": []any{}, "evidence": object{"enhanced_evidence": object{}},
		"evidence_details":     object{"due_by": nil, "has_evidence": false, "past_due": false, "submission_count": 0, "enhanced_eligibility": object{}},
		"is_charge_refundable": false, "livemode": false, "metadata": object{}, "payment_intent": d.charge.in.id, "reason": d.reason, "status": d.status,
	}
}
