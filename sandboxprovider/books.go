package sandboxprovider

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// Intent is one object in the gateway's books: what it would charge a shopper for. Amounts are in major units.
type Intent struct {
	Reference    string          // the gateway's ID
	SessionID    string          // ours, from the metadata
	CollectionID string          // ours, from the metadata
	Key          string          // the idempotency key that created it
	AuthorizeKey string          // the idempotency key of the last confirm; empty where a browser confirmed
	Status       IntentStatus    // where it stands
	CurrencyCode string          // as it was sent
	Amount       decimal.Decimal // what it is for
	Authorized   decimal.Decimal // what was authorized, in all; captures, voids and lapsing do not reduce it
	Capturable   decimal.Decimal // what can still be captured
	Captured     decimal.Decimal // what succeeded captures have taken
	Refunded     decimal.Decimal // what succeeded refunds have given back
	Live         bool            // money is held, or was taken: requires_capture or succeeded
	DeclineCode  string          // why the last try was declined; empty where it was not
	ClientToken  string          // what the browser confirms with
	Secret       string          // what only the server may know; it is in Snapshot.Private, and must be nowhere else
	Movements    []Movement      // captures and refunds in the order in which they came; dashboard movements have no key
	CreatedAt    time.Time       // when it was created
	AuthorizedAt time.Time       // when it was authorized; zero where it was not
}

// Movement is one capture or refund in the gateway's books: what a Snapshot would say of it.
type Movement = payment.Movement

// Call is one request that was sent to the gateway, and what became of it.
type Call struct {
	Method       Method          // what was asked for
	Key          string          // the idempotency key; of a retrieve: the key asked about
	Reference    string          // the intent's ID; empty in a create, or where it is asked for in another way
	SessionID    string          // the session that it was sent for; empty where a browser asked
	Browser      bool            // a browser asked, not the provider
	Amount       decimal.Decimal // in major units; zero where the method has none
	CurrencyCode string          // of Amount
	Token        string          // a confirm's
	Final        bool            // a capture's
	At           time.Time       // when it was sent
	Fault        FaultKind       // what was made to go wrong
	Arrived      bool            // it has reached the gateway
	Status       int             // the gateway's answer, as in HTTP, also where the answer was lost; 0 while there is none
	Code         string          // the gateway's word for a refusal
	Executed     bool            // it did something: a decline by the issuer included, a refusal or a replay not
	Replayed     bool            // it was answered from memory
}

// Intents returns a copy of the books, oldest first.
func (g *Gateway) Intents() []Intent {
	var all []Intent
	g.locked(func(now time.Time) {
		for _, in := range g.intents {
			g.lapse(in, now)
			all = append(all, g.copy(in))
		}
	})
	return all
}

// Intent returns a copy of one object of the books; false where the gateway has none with that reference.
func (g *Gateway) Intent(reference string) (Intent, bool) {
	var found Intent
	var ok bool
	g.locked(func(now time.Time) {
		if in := g.find(reference, now); in != nil {
			found, ok = g.copy(in), true
		}
	})
	return found, ok
}

// Authorizations returns how often money was authorized for a session, what was voided or lapsed since included. More than one
// means that the shopper was charged twice.
func (g *Gateway) Authorizations(sessionID string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, in := range g.bySess[sessionID] {
		if in.authorized > 0 {
			n++
		}
	}
	return n
}

// Requests returns a copy of the log: every request that was sent, in order, those that got lost included.
func (g *Gateway) Requests() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.Grow([]Call(nil), len(g.calls))
	for _, c := range g.calls {
		all = append(all, *c)
	}
	return all
}

// copy shows an intent as the books do.
func (g *Gateway) copy(in *intent) Intent {
	rule, _ := g.rule(in.currency) // it was looked up when the intent was created
	c := Intent{
		Reference: in.id, SessionID: in.session, CollectionID: in.collection, Key: in.key, AuthorizeKey: in.authorizeKey,
		Status: in.status(), CurrencyCode: in.currency,
		Amount:       rule.FromMinorUnits(in.amount),
		Authorized:   rule.FromMinorUnits(in.authorized),
		Capturable:   rule.FromMinorUnits(in.capturable()),
		Captured:     rule.FromMinorUnits(in.captured()),
		Refunded:     rule.FromMinorUnits(in.sum(payment.MovementRefund, payment.MovementSucceeded)),
		ClientToken:  in.clientToken,
		Secret:       in.access,
		CreatedAt:    in.createdAt,
		AuthorizedAt: in.authorizedAt,
	}
	c.Live = c.Status == IntentRequiresCapture || c.Status == IntentSucceeded
	if in.decline != nil {
		c.DeclineCode = in.decline.Code
	}
	for _, m := range in.movements {
		c.Movements = append(c.Movements, Movement{
			Kind: m.kind, Reference: m.id, IdempotencyKey: m.key, Amount: rule.FromMinorUnits(m.amount), State: m.state, At: m.at,
		})
	}
	return c
}

// log writes a request down, and returns its place and what is to go wrong with it.
func (g *Gateway) log(q request) (int, Fault) {
	c := &Call{
		Method: q.Method, Key: q.Key, Reference: q.Intent, SessionID: q.Session, Browser: q.Browser, CurrencyCode: q.Currency,
		Token: q.Token, Final: q.Final, At: g.now(),
	}
	if rule, err := g.rule(q.Currency); err == nil {
		c.Amount = rule.FromMinorUnits(q.Amount)
	}
	said := *c // others may write into the log from here on
	g.mu.Lock()
	n := len(g.calls)
	g.calls = append(g.calls, c)
	var fault Fault
	planned := g.planned[q.Method]
	if len(planned) > 0 {
		fault, g.planned[q.Method] = planned[0], planned[1:]
	}
	g.mu.Unlock()
	if len(planned) == 0 && g.cfg.Fault != nil {
		fault = g.cfg.Fault(said)
	}
	if fault.Kind != "" {
		g.mu.Lock()
		g.calls[n].Fault = fault.Kind
		g.mu.Unlock()
	}
	return n, fault
}

// record writes the answer to a request down. The books are locked.
func (g *Gateway) record(call int, a answer) answer {
	c := g.calls[call]
	c.Arrived, c.Status, c.Code, c.Executed, c.Replayed = true, a.Status, a.Code, a.executed, a.Replayed
	return a
}
