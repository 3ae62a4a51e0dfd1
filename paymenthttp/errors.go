package paymenthttp

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/seed40c892db/payment"
)

// The types of errors, as Medusa names them.
const (
	typeInvalid    = "invalid_data"
	typeNotFound   = "not_found"
	typeNotAllowed = "not_allowed"
	typeConflict   = "conflict"
	typeRefused    = "unauthorized"
	typeForbidden  = "forbidden"
	typeDeclined   = "payment_authorization_error"
	typeUnexpected = "unexpected_state"
)

// httpError is an answer that is not what was asked for. Its message is ours: what a gateway or a database said is in cause, which is logged.
type httpError struct {
	status     int
	kind       string // the type
	code       string // what a client can tell apart
	field      string // of the body or query
	message    string
	retryAfter time.Duration
	allow      string         // the methods that are
	etag       string         // of a session without an end yet
	with       map[string]any // further objects of the answer
	unread     bool           // it was done all the same, and cause is why nobody can see it
	cause      error
}

func (e *httpError) Error() string {
	if e.cause != nil {
		return e.message + ": " + e.cause.Error()
	}
	return e.message
}

func (e *httpError) Unwrap() error { return e.cause }

func (e *httpError) body() map[string]any {
	b := map[string]any{"message": e.message, "code": e.code}
	if e.kind != "" { // else it is no error: the outcome is yet to come
		b["type"] = e.kind
	}
	if e.field != "" {
		b["field"] = e.field
	}
	maps.Copy(b, e.with)
	return b
}

// errNotThere is the one answer for what is absent and for what is not the caller's.
func errNotThere() *httpError {
	return &httpError{status: http.StatusNotFound, kind: typeNotFound, code: "not_found", message: "there is no such object"}
}

// hosts is the answer for an error of the host's: that there is no such thing, or trouble of its own, whatever it matches and says.
func hosts(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, payment.ErrNotFound):
		return errNotThere()
	}
	return unavailable(errors.New(err.Error())) // it is the log's alone
}

// unavailable says that it is nobody's fault out there.
func unavailable(cause error) *httpError {
	return &httpError{status: http.StatusServiceUnavailable, kind: typeUnexpected, code: "unavailable", retryAfter: 5 * time.Second,
		message: "this is not available right now: try again", cause: cause}
}

// methodNotAllowed says what a path can be asked with.
func methodNotAllowed(allowed []string) *httpError {
	return &httpError{status: http.StatusMethodNotAllowed, kind: typeNotAllowed, code: "method_not_allowed", allow: strings.Join(allowed, ", "),
		message: "this is done with " + strings.Join(allowed, " or ")}
}

// errorOf maps an error to its answer: the only place that does.
func errorOf(err error) *httpError {
	if e, ok := errors.AsType[*httpError](err); ok {
		return e
	}
	e := &httpError{cause: err}
	invalid, _ := errors.AsType[*payment.InvalidError](err)
	exceeded, _ := errors.AsType[*payment.AmountExceededError](err)
	missing, _ := errors.AsType[*payment.NotFoundError](err)
	state, _ := errors.AsType[*payment.StateError](err)
	session, _ := errors.AsType[*payment.SessionError](err)
	switch {
	case errors.Is(err, payment.ErrWebhookRefused): // first: the provider's reason may match anything
		e.status, e.kind, e.code, e.message = http.StatusBadRequest, typeInvalid, "refused", "the message is refused"
	case session != nil:
		return outcomeOf(session)
	case errors.Is(err, ErrUnauthenticated):
		e.status, e.kind, e.code, e.message = http.StatusUnauthorized, typeRefused, "unauthenticated", "log in first"
	case errors.Is(err, ErrForbidden):
		e.status, e.kind, e.code, e.message = http.StatusForbidden, typeForbidden, "forbidden", "this is not allowed to you"
	case missing != nil, errors.Is(err, payment.ErrNotFound):
		e = errNotThere()
	case invalid != nil:
		e.status, e.kind, e.code, e.field = http.StatusBadRequest, typeInvalid, "invalid", wireName(invalid.Field)
		e.message = e.field + ": " + invalid.Rule
	case exceeded != nil:
		e.status, e.kind, e.code, e.field = http.StatusBadRequest, typeInvalid, "amount_exceeded", wireName(exceeded.Field)
		e.message = e.field + ": " + exceeded.Asked.String() + " is more than the " + exceeded.Left.String() + " that is left"
	case state != nil:
		e.status, e.kind, e.code, e.message = http.StatusBadRequest, typeNotAllowed, "not_allowed", "cannot "+state.Action+" what is "+state.Status+": "+state.Why
		if errors.Is(err, payment.ErrCanceled) {
			e.code = "canceled"
		}
	case errors.Is(err, payment.ErrIdempotencyMismatch):
		e.status, e.kind, e.code = http.StatusConflict, typeConflict, "idempotency_mismatch"
		e.message = "this Idempotency-Key was used with another request"
	case errors.Is(err, payment.ErrTooManyDeclines):
		e.status, e.kind, e.code, e.message = http.StatusBadRequest, typeNotAllowed, "too_many_declines", "too many attempts were declined"
	case errors.Is(err, payment.ErrUnsupported):
		e.status, e.kind, e.code, e.message = http.StatusBadRequest, typeNotAllowed, "unsupported", "the payment provider cannot do this"
	case errors.Is(err, payment.ErrNotAllowed):
		e.status, e.kind, e.code, e.message = http.StatusBadRequest, typeNotAllowed, "not_allowed", "this is not possible now"
	case errors.Is(err, payment.ErrCommitUnknown): // it may be stored
		e = unavailable(err)
		e.message = "nobody knows yet whether this was done: try again with the same Idempotency-Key, or look first"
	case errors.Is(err, payment.ErrConflict):
		e.status, e.kind, e.code, e.message, e.retryAfter = http.StatusConflict, typeConflict, "conflict", "this was changed meanwhile: try again", time.Second
	default:
		e = unavailable(err)
		if errors.Is(err, context.Canceled) {
			e.code = "canceled_by_client"
		}
	}
	return e
}

// outcomeOf is the answer for a call to a provider that has not reached its goal.
func outcomeOf(s *payment.SessionError) *httpError {
	e := &httpError{cause: s, retryAfter: s.RetryAfter, with: map[string]any{}}
	if s.Session != nil {
		e.with["payment_session"] = s.Session
	}
	if s.Payment != nil {
		e.with["payment"] = s.Payment
	}
	switch {
	case errors.Is(s, payment.ErrRequiresMore):
		e.status, e.code, e.message = http.StatusOK, "requires_more", "the shopper must act first"
	case errors.Is(s, payment.ErrPending):
		e.status, e.code, e.message = http.StatusAccepted, "pending", "the payment provider has not decided yet"
	case errors.Is(s, payment.ErrOutcomeUnknown):
		e.status, e.code, e.message = http.StatusAccepted, "outcome_unknown", "the outcome is not known yet: ask again, do not pay again"
	case errors.Is(s, payment.ErrInProgress):
		e.status, e.code, e.message = http.StatusAccepted, "in_progress", "another request is under way, and this one has begun nothing: make it again"
	case errors.Is(s, payment.ErrNeedsAttention):
		e.status, e.code, e.message = http.StatusAccepted, "needs_attention", "somebody must look at this payment: do not pay again"
	case errors.Is(s, payment.ErrDeclined):
		e.status, e.kind, e.code, e.message = http.StatusUnprocessableEntity, typeDeclined, "declined", "the payment was declined"
		if s.Reason != "" {
			e.with["reason"] = s.Reason
		}
	case errors.Is(s, payment.ErrCanceled):
		e.status, e.kind, e.code, e.message = http.StatusBadRequest, typeNotAllowed, "canceled", "the payment session is canceled"
	case errors.Is(s, payment.ErrNotSent):
		e.status, e.kind, e.code, e.message = http.StatusServiceUnavailable, typeUnexpected, "not_sent", "nothing has happened: try again"
	default:
		e.status, e.kind, e.code, e.message = http.StatusServiceUnavailable, typeUnexpected, "unavailable", "this is not available right now: try again"
	}
	if e.status == http.StatusAccepted || e.status == http.StatusServiceUnavailable {
		e.retryAfter = max(e.retryAfter, time.Second)
	}
	return e
}

// done is the answer for what has been done: where it cannot be read again, whoever made it again without a key would do it twice.
func done(a answer, err error, with map[string]any) (answer, error) {
	if err == nil {
		return a, nil
	}
	return answer{}, &httpError{status: http.StatusAccepted, code: "outcome_unknown", retryAfter: time.Second, with: with, unread: true, cause: err,
		message: "it was done, but cannot be read right now: look again, do not pay again"}
}

// wireName is what a Go field is called in JSON.
func wireName(field string) string {
	switch field {
	case "Input":
		return "data"
	case "ReasonID":
		return "refund_reason_id"
	case "ProviderIDs":
		return "provider_ids"
	}
	var b strings.Builder
	runes := []rune(field)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) && runes[i-1] != '.' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// write sends the answer.
func (e *httpError) write(w http.ResponseWriter) {
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", seconds(e.retryAfter))
	}
	if e.etag != "" {
		w.Header().Set("ETag", e.etag)
	}
	if e.allow != "" {
		w.Header().Set("Allow", e.allow)
	}
	writeJSON(w, e.status, e.body())
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // what the Service returns can be encoded
		status, b = http.StatusInternalServerError, []byte(`{"type":"unexpected_state","code":"unavailable","message":"this cannot be shown"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
