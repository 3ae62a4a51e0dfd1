package sandboxprovider

import (
	"context"
	"time"

	"github.com/seed40c892db/payment"
)

// Method names a call to the gateway.
type Method string

const (
	// MethodCreate opens an intent.
	MethodCreate Method = "create"
	// MethodUpdate changes an intent's amount.
	MethodUpdate Method = "update"
	// MethodConfirm tries to authorize an intent.
	MethodConfirm Method = "confirm"
	// MethodCapture takes money that is held.
	MethodCapture Method = "capture"
	// MethodRefund gives money back.
	MethodRefund Method = "refund"
	// MethodCancel ends an intent, or releases what is not captured.
	MethodCancel Method = "cancel"
	// MethodRetrieve reads an intent, found by key, by reference or by session.
	MethodRetrieve Method = "retrieve"
)

// request is what travels to the gateway. Two requests are the same if they are equal.
type request struct {
	Method          Method
	Key             string // the idempotency key; of a retrieve: which request to look for
	Intent          string // the gateway's ID
	Client          string // the client token, where a browser asks
	Session         string // metadata
	Collection      string // metadata
	Amount          int64  // minor units
	Currency        string
	Token           string
	Final           bool
	ReturnURL       string
	BrowserConfirms bool // create: the browser confirms, not the server
	Browser         bool // sent by a browser
}

// answer is what travels back.
type answer struct {
	Status   int         // as in HTTP
	Code     string      // why not
	Message  string      // why not, in words
	Intent   *intentBody // as it was when the request was executed
	Made     string      // the ID of the movement that the request made
	Replayed bool        // this is what an earlier request with the same key was answered

	executed bool    // something was done, a decline included
	on       *intent // what it was done on
}

// intentBody is an intent as the gateway shows it. What a webhook shows leaves the credentials out.
type intentBody struct {
	ID            string         `json:"id"`
	Account       string         `json:"account"`
	Session       string         `json:"session"`
	Status        IntentStatus   `json:"status"`
	Currency      string         `json:"currency"`
	Amount        int64          `json:"amount"`
	Authorized    int64          `json:"authorized"`
	Capturable    int64          `json:"capturable"`
	DeclineCode   string         `json:"decline_code,omitempty"`
	DeclineText   string         `json:"decline_message,omitempty"`
	ChallengeURL  string         `json:"challenge_url,omitempty"`
	CaptureBefore time.Time      `json:"capture_before,omitzero"`
	ExpiresAt     time.Time      `json:"expires_at,omitzero"`
	Movements     []movementBody `json:"movements"`
	ClientToken   string         `json:"-"`
	Access        string         `json:"-"`
}

// movementBody is a movement as the gateway shows it.
type movementBody struct {
	ID     string                `json:"id"`
	Kind   payment.MovementKind  `json:"kind"`
	Key    string                `json:"key,omitempty"`
	Amount int64                 `json:"amount"`
	State  payment.MovementState `json:"state"`
	At     time.Time             `json:"at"`
}

// body shows an intent.
func (g *Gateway) body(in *intent) *intentBody {
	b := &intentBody{
		ID: in.id, Account: g.cfg.Account, Session: in.session, Status: in.status(), Currency: in.currency, Amount: in.amount,
		Authorized: in.authorized, Capturable: in.capturable(), Movements: make([]movementBody, 0, len(in.movements)),
		ClientToken: in.clientToken, Access: in.access,
	}
	if in.decline != nil {
		b.DeclineCode, b.DeclineText = in.decline.Code, in.decline.Message
	}
	switch b.Status {
	case IntentRequiresAction:
		b.ChallengeURL = g.cfg.BaseURL + "/challenge/" + in.clientToken
		b.ExpiresAt = g.expiresAt(in)
	case IntentRequiresPaymentMethod:
		b.ExpiresAt = g.expiresAt(in)
	case IntentRequiresCapture:
		b.CaptureBefore = g.captureBefore(in)
	}
	for _, m := range in.movements {
		b.Movements = append(b.Movements, movementBody{ID: m.id, Kind: m.kind, Key: m.key, Amount: m.amount, State: m.state, At: m.at})
	}
	return b
}

// do sends a request through the network, with all that can go wrong there. The error is a [*networkError]: there was no answer.
func (g *Gateway) do(ctx context.Context, q request) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, &networkError{what: "not sent", unsent: true, cause: err}
	}
	n, fault := g.log(q)
	switch fault.Kind {
	case FaultConnectionRefused:
		return answer{}, &networkError{what: "connection refused", unsent: true}
	case FaultRequestLost:
		return answer{}, &networkError{what: "timeout"}
	case FaultRequestDelayed:
		g.locked(func(time.Time) { g.delayed = append(g.delayed, delayedRequest{request: q, call: n}) })
		return answer{}, &networkError{what: "timeout"}
	}
	if fault.Before != nil {
		if !g.begin(q, n) {
			var a answer
			g.locked(func(time.Time) { a = g.record(n, faultAnswer(FaultKeyInUse)) })
			return a, nil
		}
		err := wait(ctx, fault.Before)
		g.end(q)
		if err != nil {
			return answer{}, &networkError{what: "gave up waiting", cause: err}
		}
	}
	var a answer
	g.locked(func(now time.Time) { a = g.serve(q, fault.Kind, n, now) })
	if fault.Kind == FaultAnswerLost {
		return answer{}, &networkError{what: "connection reset"}
	}
	if fault.After != nil {
		if err := wait(ctx, fault.After); err != nil {
			return answer{}, &networkError{what: "gave up waiting", cause: err}
		}
	}
	return a, nil
}

// execute does what a request asks for.
func (g *Gateway) execute(q request, now time.Time) answer {
	if q.Method == MethodCreate {
		return g.create(q, now)
	}
	in := g.find(q.Intent, now)
	if q.Browser {
		in = g.findClient(q.Client, now)
	}
	if in == nil {
		return refused(404, "intent_not_found", "there is no such intent", nil)
	}
	switch q.Method {
	case MethodUpdate:
		return g.update(q, in, now)
	case MethodConfirm:
		return g.confirm(q, in, now)
	case MethodCapture:
		return g.capture(q, in, now)
	case MethodRefund:
		return g.refund(q, in, now)
	case MethodCancel:
		return g.cancel(q, in, now)
	}
	return refused(404, "method_unknown", "there is no such method", nil)
}

// retrieve reads.
func (g *Gateway) retrieve(q request, now time.Time) answer {
	var in *intent
	switch {
	case q.Browser:
		in = g.findClient(q.Client, now)
	case q.Key != "":
		for _, done := range g.executed[q.Key] {
			if in == nil || in.id != q.Intent {
				in = done
			}
		}
		if in != nil {
			g.lapse(in, now)
		}
	case q.Intent != "":
		in = g.find(q.Intent, now)
	default:
		in = g.findSession(q.Session, now)
	}
	if in == nil {
		return refused(404, "intent_not_found", "there is no such intent", nil)
	}
	return answer{Status: 200, Intent: g.body(in)}
}

// wait returns nil when released, and the context's error when that ends first.
func wait(ctx context.Context, released <-chan struct{}) error {
	select {
	case <-released:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
