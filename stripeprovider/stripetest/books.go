package stripetest

import (
	"maps"
	"slices"
)

// Who moved money, in [Movement.Source].
const (
	SourceAPI       = "api"       // a request
	SourceBrowser   = "browser"   // the page
	SourceDashboard = "dashboard" // a person
	SourceBank      = "bank"      // the shopper's bank
)

// Intent is one PaymentIntent in the gateway's books: what it would charge a shopper for. Amounts are in minor units.
type Intent struct {
	ID             string            // pi_…
	ClientSecret   string            // what the page confirms with
	Account        string            // the connected account; empty: the key's own
	Status         string            // one of the Status constants
	Currency       string            // ISO 4217, lower case
	Amount         int64             // what it is for
	Metadata       map[string]string // as the client wrote it
	Authorizations int               // how often a shopper was charged for it: never more than once
	Authorized     int64             // what was authorized, in all
	Capturable     int64             // what is still held
	Captured       int64             // what was taken
	Refunded       int64             // what was given back: refunds that have succeeded
	Captures       []Movement        // oldest first
	Refunds        []Movement        // oldest first, those that failed included; what was only released is no refund
	LastError      string            // the code of the last decline; empty where the last try was none
}

// Movement is one capture or refund in the gateway's books.
type Movement struct {
	ID     string // of a refund re_…; of a capture the charge's, maybe with its number
	Amount int64  // in minor units
	Status string // pending, succeeded, failed or canceled
	Source string // who made it
	Key    string // the idempotency key of the request that made it
}

// Intents returns a copy of the books, oldest first.
func (g *Gateway) Intents() []Intent {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []Intent
	for _, in := range g.intents {
		all = append(all, book(in))
	}
	return all
}

// Intent returns a copy of one intent; false where there is none.
func (g *Gateway) Intent(id string) (Intent, bool) {
	for _, in := range g.Intents() {
		if in.ID == id {
			return in, true
		}
	}
	return Intent{}, false
}

// IntentsWith returns the intents whose metadata has a value under a key, oldest first: all that were ever made for a session.
func (g *Gateway) IntentsWith(key, value string) []Intent {
	return slices.DeleteFunc(g.Intents(), func(in Intent) bool { return in.Metadata[key] != value })
}

// book copies an intent. What was taken and given back is counted anew from the single movements.
func book(in *intent) Intent {
	b := Intent{
		ID: in.id, ClientSecret: in.clientSecret, Status: in.status, Currency: in.currency, Amount: in.amount,
		Metadata: maps.Clone(in.metadata), Capturable: in.capturable, Captures: slices.Clone(in.captures),
	}
	if in.account != defaultAccount {
		b.Account = in.account
	}
	for _, m := range in.captures {
		b.Captured += m.Amount
	}
	for _, ch := range in.charges {
		if ch.status == "succeeded" {
			b.Authorizations++
			b.Authorized += ch.amount
		}
		for _, r := range slices.Backward(ch.refunds) {
			if r.release {
				continue
			}
			b.Refunds = append(b.Refunds, Movement{ID: r.id, Amount: r.amount, Status: r.status, Source: r.source, Key: r.key})
			if r.status == "succeeded" {
				b.Refunded += r.amount
			}
		}
	}
	b.LastError, _ = in.lastError["code"].(string)
	return b
}
