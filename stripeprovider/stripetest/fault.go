package stripetest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Operation is one of Stripe's endpoints.
type Operation string

const (
	// OpCreate is POST /v1/payment_intents.
	OpCreate Operation = "create"
	// OpRetrieve is GET /v1/payment_intents/{id}.
	OpRetrieve Operation = "retrieve"
	// OpUpdate is POST /v1/payment_intents/{id}.
	OpUpdate Operation = "update"
	// OpConfirm is POST /v1/payment_intents/{id}/confirm.
	OpConfirm Operation = "confirm"
	// OpCapture is POST /v1/payment_intents/{id}/capture.
	OpCapture Operation = "capture"
	// OpCancel is POST /v1/payment_intents/{id}/cancel.
	OpCancel Operation = "cancel"
	// OpSearch is GET /v1/payment_intents/search.
	OpSearch Operation = "search"
	// OpRefund is POST /v1/refunds.
	OpRefund Operation = "refund"
	// OpRefunds is GET /v1/refunds.
	OpRefunds Operation = "refunds"
	// OpRetrieveRefund is GET /v1/refunds/{id}.
	OpRetrieveRefund Operation = "retrieve_refund"
	// OpRetrieveCharge is GET /v1/charges/{id}.
	OpRetrieveCharge Operation = "retrieve_charge"
	// OpAny stands for every operation in [Gateway.FailNext].
	OpAny Operation = "any"
)

// FaultKind is what goes wrong with one request.
type FaultKind string

const (
	// FaultAnswerLost executes the request and ends the connection without an answer. The answer is kept under the key.
	FaultAnswerLost FaultKind = "answer_lost"
	// FaultAnswerCut executes the request and ends the connection in the middle of the answer.
	FaultAnswerCut FaultKind = "answer_cut"
	// FaultAnswerBroken executes the request and answers 200 with a body that is no JSON, as a proxy does.
	FaultAnswerBroken FaultKind = "answer_broken"
	// FaultRequestLost ends the connection, and executes nothing.
	FaultRequestLost FaultKind = "request_lost"
	// FaultServerError answers 500 and executes nothing. The answer is kept under the key, and repeated for it.
	FaultServerError FaultKind = "server_error"
	// FaultServerErrorAfter executes the request and answers 500. The answer is kept under the key, and repeated for it.
	FaultServerErrorAfter FaultKind = "server_error_after"
	// FaultRateLimit answers 429 rate_limit, and executes nothing. It is not kept.
	FaultRateLimit FaultKind = "rate_limit"
	// FaultLockTimeout answers 429 lock_timeout, and executes nothing. It is not kept.
	FaultLockTimeout FaultKind = "lock_timeout"
	// FaultKeyInUse answers 409 idempotency_key_in_use, and executes nothing. It is not kept.
	FaultKeyInUse FaultKind = "key_in_use"
	// FaultForbidden answers 403, as to a restricted key that may not do it, and executes nothing. It is not kept.
	FaultForbidden FaultKind = "forbidden"
)

// Fault is what goes wrong with one request. The zero value is nothing.
type Fault struct {
	// Kind is what goes wrong; empty where the request is only held up.
	Kind FaultKind
	// Before holds the request up until it is closed: the key is in use, and nothing is executed. It is executed afterwards even
	// if the client has gone. nil does not wait.
	Before <-chan struct{}
	// After holds the answer up until it is closed: the request is executed. nil does not wait.
	After <-chan struct{}
}

// FailNext plans faults for the next requests of one operation, in their order; a zero Fault lets one request through. Those of
// OpAny come after the operation's own.
func (g *Gateway) FailNext(op Operation, faults ...Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.planned[op] = append(g.planned[op], faults...)
}

// Stall executes every further request and answers none, until restore is called: then the answers go out, to those who still wait.
func (g *Gateway) Stall() (restore func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stalled := make(chan struct{})
	g.stalled = stalled
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.stalled == stalled {
			g.stalled = nil
			close(stalled)
		}
	}
}

// nextFault takes what is planned for a request. g.mu is held.
func (g *Gateway) nextFault(op Operation) Fault {
	for _, of := range []Operation{op, OpAny} {
		if list := g.planned[of]; len(list) > 0 {
			g.planned[of] = list[1:]
			return list[0]
		}
	}
	return Fault{}
}

// Request is one request that reached the gateway, and what became of it.
type Request struct {
	Operation Operation   // the endpoint
	Method    string      // of HTTP
	Path      string      // such as /v1/payment_intents
	Key       string      // the idempotency key; empty where there was none
	Version   string      // the header Stripe-Version
	Account   string      // the header Stripe-Account
	Params    url.Values  // of the query, or the body
	Header    http.Header // as received, without Authorization
	Fault     FaultKind   // what was made to go wrong
	Status    int         // of the answer, also where it was lost; 0 while there is none
	Code      string      // the error's code, or its type where it has none
	Replayed  bool        // answered from the key's record
}

// Requests returns a copy of the log, oldest first. Requests that were refused for their key or their path are in it too.
func (g *Gateway) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := slices.Clone(g.requests)
	for i := range list {
		list[i].Params = cloneValues(list[i].Params)
		list[i].Header = list[i].Header.Clone()
	}
	return list
}

func cloneValues(v url.Values) url.Values {
	c := maps.Clone(v)
	for k := range c {
		c[k] = slices.Clone(c[k])
	}
	return c
}
