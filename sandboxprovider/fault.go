package sandboxprovider

import (
	"fmt"
	"time"
)

// FaultKind is what goes wrong with one call.
type FaultKind string

const (
	// FaultRequestLost loses the request: nothing is executed, and the caller cannot know.
	FaultRequestLost FaultKind = "request_lost"
	// FaultRequestDelayed keeps the request under way until [Gateway.DeliverDelayed]; the caller meanwhile cannot know.
	FaultRequestDelayed FaultKind = "request_delayed"
	// FaultAnswerLost executes the request and loses the answer: the caller cannot know.
	FaultAnswerLost FaultKind = "answer_lost"
	// FaultServerError answers 500, stored under the key, and executes nothing.
	FaultServerError FaultKind = "server_error"
	// FaultServerErrorAfter executes the request, and answers 500, stored under the key.
	FaultServerErrorAfter FaultKind = "server_error_after"
	// FaultTooManyRequests answers 429, not stored, and executes nothing.
	FaultTooManyRequests FaultKind = "too_many_requests"
	// FaultConnectionRefused sends nothing.
	FaultConnectionRefused FaultKind = "connection_refused"
	// FaultKeyInUse answers 409, as if a request with the same key were under way; not stored, and nothing is executed.
	FaultKeyInUse FaultKind = "key_in_use"
	// FaultDeclined answers 402, stored under the key, and moves nothing.
	FaultDeclined FaultKind = "declined"
)

// Fault is what goes wrong with one call. The zero value is nothing.
type Fault struct {
	// Kind is what goes wrong; empty where the call is only held up.
	Kind FaultKind
	// Before holds the request up at the gateway until it is closed: the key is under way, nothing is executed. A caller whose
	// context ends first gets an unknown outcome, and the request is never executed. nil does not wait.
	Before <-chan struct{}
	// After holds the answer up until it is closed: the request is executed. A caller whose context ends first gets an unknown
	// outcome. nil does not wait.
	After <-chan struct{}
}

// FailNext plans faults for the next calls of one method, in their order; a zero Fault lets one call through.
func (g *Gateway) FailNext(method Method, faults ...Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.planned[method] = append(g.planned[method], faults...)
}

// DeliverDelayed lets the requests arrive that [FaultRequestDelayed] kept under way, and returns how many there were. Nobody
// hears the answers.
func (g *Gateway) DeliverDelayed() int {
	var n int
	g.locked(func(now time.Time) {
		late := g.delayed
		g.delayed = nil
		n = len(late)
		for _, d := range late {
			g.serve(d.request, "", d.call, now)
		}
	})
	return n
}

// delayedRequest is a request that is under way, and its place in the log.
type delayedRequest struct {
	request request
	call    int
}

// faultAnswer is what the gateway says when it does not do what was asked.
func faultAnswer(kind FaultKind) answer {
	switch kind {
	case FaultTooManyRequests:
		return refused(429, "too_many_requests", "slow down", nil)
	case FaultKeyInUse:
		return refused(409, "key_in_use", "a request with this key is under way", nil)
	}
	return refused(500, "internal", "something went wrong", nil)
}

// networkError says that there is no answer.
type networkError struct {
	what   string
	unsent bool // certainly nothing reached the gateway
	cause  error
}

// Error says what happened to the request.
func (e *networkError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("sandbox gateway: %s: %s", e.what, e.cause.Error())
	}
	return "sandbox gateway: " + e.what
}

// Unwrap returns the context's error, where that is the cause.
func (e *networkError) Unwrap() error { return e.cause }
