package stripetest

import (
	"fmt"
	"net/http"
	"strings"
)

// Error is what the gateway answers when it refuses: the fields of Stripe's error object that tell one refusal from another.
type Error struct {
	Status      int    // of HTTP
	Type        string // card_error, invalid_request_error, idempotency_error or api_error
	Code        string // such as card_declined; some errors have none, as at Stripe
	DeclineCode string // such as insufficient_funds, of a declined card
	Param       string // the parameter that was refused
	Message     string // in English, for logs

	intent *intent // what is in error.payment_intent
	charge *charge // whose ID is in error.charge
	kept   bool    // under the key: the endpoint has begun to execute
}

// Error returns Stripe's words.
func (e *Error) Error() string {
	code := e.Code
	if code == "" {
		code = e.Type
	}
	return fmt.Sprintf("stripetest: %d %s: %s", e.Status, code, e.Message)
}

// body returns the error as an answer. g.mu is held.
func (g *Gateway) errorBody(e *Error) object {
	o := object{"type": e.Type, "message": e.Message}
	set := func(k, v string) {
		if v != "" {
			o[k] = v
		}
	}
	set("code", e.Code)
	set("decline_code", e.DeclineCode)
	set("param", e.Param)
	if e.Code != "" {
		o["doc_url"] = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(e.Code, "_", "-")
	}
	if e.charge != nil {
		o["charge"] = e.charge.id
	}
	if e.intent != nil {
		o["payment_intent"] = collapse(g.renderIntent(e.intent))
		if e.DeclineCode != "" && e.charge != nil {
			o["payment_method"] = renderMethod(e.charge.methodID, e.charge.method)
		}
	}
	return object{"error": o}
}

// invalid is a parameter that was refused before anything was executed.
func invalid(code, param, format string, args ...any) *Error {
	return &Error{
		Status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Param: param, Message: fmt.Sprintf(format, args...),
	}
}

// refused is a request that the endpoint executed, and found impossible.
func refused(code, param, format string, args ...any) *Error {
	e := invalid(code, param, format, args...)
	e.kept = true
	return e
}

// unexpected is an intent in the wrong state.
func unexpected(in *intent, format string, args ...any) *Error {
	e := refused("payment_intent_unexpected_state", "", format, args...)
	e.intent = in
	return e
}

// missing is an object that is not there.
func missing(kind, param, id string) *Error {
	e := refused("resource_missing", param, "No such %s: '%s'", kind, id)
	e.Status = http.StatusNotFound
	return e
}

// declined is a card that was refused.
func declined(in *intent, c *charge, why decline) *Error {
	return &Error{
		Status: http.StatusPaymentRequired, Type: "card_error", Code: why.code, DeclineCode: why.declineCode, Message: why.message,
		intent: in, charge: c, kept: true,
	}
}

// faultError is the answer that a fault makes; nil where it makes none.
func faultError(f FaultKind, key string) *Error {
	switch f {
	case FaultServerError, FaultServerErrorAfter:
		return &Error{Status: http.StatusInternalServerError, Type: "api_error", Message: "An unknown error occurred.", kept: true}
	case FaultRateLimit:
		return &Error{
			Status: http.StatusTooManyRequests, Type: "invalid_request_error", Code: "rate_limit",
			Message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
		}
	case FaultLockTimeout:
		return &Error{
			Status: http.StatusTooManyRequests, Type: "invalid_request_error", Code: "lock_timeout",
			Message: "This object cannot be accessed right now because another API request or Stripe process is currently accessing it.",
		}
	case FaultKeyInUse:
		return keyInUse(key)
	case FaultForbidden:
		return &Error{
			Status: http.StatusForbidden, Type: "invalid_request_error",
			Message: "The provided key 'rk_test_***' does not have the required permissions for this endpoint.",
		}
	case FaultAnswerLost, FaultAnswerCut, FaultAnswerBroken, FaultRequestLost:
	}
	return nil
}

// keyInUse is a request whose key another one uses just now.
func keyInUse(key string) *Error {
	return &Error{
		Status: http.StatusConflict, Type: "idempotency_error", Code: "idempotency_key_in_use",
		Message: "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, " +
			"and the other request is still going through): " + key + ". Please try again later.",
	}
}

// keyReused is a key that came with another request before.
func keyReused(key string) *Error {
	return &Error{
		Status: http.StatusBadRequest, Type: "idempotency_error",
		Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
			"Try using a key other than '" + key + "' if you meant to execute a different request.",
	}
}
