package stripeprovider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
)

// verdict is what an error of a request means for it.
type verdict int

const (
	unknown  verdict = iota // it may or may not have had its effect
	declined                // refused for good
	notSent                 // certainly nothing happened
	already                 // nothing happened, since the intent is in another state: read it
)

// failure is an error of Stripe's, sorted.
type failure struct {
	verdict verdict
	code    string // Stripe's word for it, as a shopper may read it
	cause   error  // for logs: without bodies, keys and client secrets
}

// classify sorts what stripe-go returned for one request. It is nil for nil.
//
// The rules are Stripe's: https://docs.stripe.com/error-low-level, https://docs.stripe.com/api/errors,
// https://docs.stripe.com/api/idempotent_requests and https://docs.stripe.com/error-codes
func classify(err error, t *trace) *failure {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return classifyTransport(err, t)
	}
	text := fmt.Sprintf("stripe: %d %s: %s", e.HTTPStatusCode, codeOf(e), said(e))
	if e.RequestID != "" {
		text += " (" + words(e.RequestID) + ")"
	}
	return &failure{verdict: judge(e), code: reasonOf(e), cause: errors.New(text)}
}

// judge says what an answer of Stripe's means.
func judge(e *stripe.Error) verdict {
	switch status := e.HTTPStatusCode; {
	case e.Type == stripe.ErrorTypeIdempotency:
		return unknown // the key is another request's, which may have been executed
	case status == http.StatusPaymentRequired:
		return declined
	case status == http.StatusTooManyRequests, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return notSent // also a lock_timeout: Stripe executes neither, and stores neither under the key
	case status != http.StatusBadRequest && status != http.StatusNotFound:
		return unknown // 409: in progress; 424 and 5xx: it may have happened, and a stored 500 is answered for ever
	}
	switch e.Code {
	case stripe.ErrorCodePaymentIntentUnexpectedState, stripe.ErrorCodeIntentInvalidState, stripe.ErrorCodeChargeAlreadyCaptured,
		stripe.ErrorCodeChargeAlreadyRefunded, stripe.ErrorCodeCaptureChargeAuthorizationExpired, stripe.ErrorCodeChargeExpiredForCapture:
		return already
	case stripe.ErrorCodeResourceMissing:
		if paysWith(e) {
			return declined // the browser's, or one that is gone
		}
		return notSent // the intent itself: another account's or mode's, since Stripe deletes none
	case stripe.ErrorCodeChargeDisputed, stripe.ErrorCodeChargeNotRefundable, stripe.ErrorCodeRefundDisputedPayment,
		stripe.ErrorCodeBalanceInsufficient, stripe.ErrorCodeAmountTooLarge, stripe.ErrorCodeAmountTooSmall, stripe.ErrorCodeInvalidChargeAmount,
		stripe.ErrorCodePaymentMethodUnexpectedState, stripe.ErrorCodePaymentMethodCustomerDecline,
		stripe.ErrorCodePaymentMethodProviderDecline, stripe.ErrorCodePaymentMethodNotAvailable,
		stripe.ErrorCodePaymentMethodCurrencyMismatch, stripe.ErrorCodePaymentIntentIncompatiblePaymentMethod,
		stripe.ErrorCodePaymentIntentAuthenticationFailure, stripe.ErrorCodePaymentIntentPaymentAttemptFailed,
		stripe.ErrorCodePaymentIntentPaymentAttemptExpired, stripe.ErrorCodePaymentIntentMandateInvalid, stripe.ErrorCodeTokenAlreadyUsed:
		return declined
	}
	if e.Type == stripe.ErrorTypeCard || e.Code == "" && paysWith(e) { // such as another customer's, or one that was used up
		return declined
	}
	return notSent // parameters that Stripe refuses
}

// paysWith reports whether an error is about what is paid with.
func paysWith(e *stripe.Error) bool {
	return e.Param == "payment_method" || e.Param == "confirmation_token"
}

// classifyTransport sorts an error without an answer of Stripe's.
func classifyTransport(err error, t *trace) *failure {
	f := &failure{cause: errors.New("stripe: the answer could not be read")} // the error itself may quote the body
	if u, ok := errors.AsType[*url.Error](err); ok {
		f.cause = fmt.Errorf("stripe: no answer: %w", u.Err)
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		f.cause = fmt.Errorf("stripe: the answer broke off: %w", err)
	}
	// A proxy on the way answers 429 for what it has not passed on. Its 401 or 403 may be about Stripe's answer, which it has not passed back.
	if t.status.Load() == http.StatusTooManyRequests || t.unsent() || isDial(err) && !t.got.Load() {
		f.verdict = notSent
	}
	return f
}

// isDial reports whether there was no connection to send anything on.
func isDial(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}

// codeOf is Stripe's most exact word for an error: the issuer's, or else its own.
func codeOf(e *stripe.Error) string {
	for _, code := range []string{string(e.DeclineCode), string(e.Code), string(e.Type)} {
		if consists(code, lower+digits+"_", 64) {
			return code
		}
	}
	return "declined"
}

// reasonOf is the code of a decline as a shopper may read it: who tries stolen cards must not learn which of them are known to be stolen.
// The codes are those of which Stripe says so: https://docs.stripe.com/declines/codes
func reasonOf(e *stripe.Error) string {
	switch e.DeclineCode {
	case stripe.DeclineCodeFraudulent, stripe.DeclineCodeLostCard, stripe.DeclineCodeStolenCard, stripe.DeclineCodeMerchantBlacklist:
		return string(stripe.DeclineCodeGenericDecline)
	}
	return codeOf(e)
}

// said returns why Stripe refused. Its words quote the value of a parameter, and values may be what the host has said about the shopper: then the
// parameter's name stands for them, unless it is about money.
func said(e *stripe.Error) string {
	switch e.Param {
	case "", "amount", "amount_to_capture", "final_capture", "currency", "payment_method", "confirmation_token", "intent":
		return words(e.Msg)
	}
	if e.HTTPStatusCode == http.StatusBadRequest {
		return "the parameter " + words(e.Param)
	}
	return words(e.Msg)
}

// words returns what Stripe says, without anything that looks like a secret: a key, or a client secret.
func words(s string) string {
	s = regexp.MustCompile(`\b(sk|rk|whsec|ek)_\S+|\b\w+_secret_\S+`).ReplaceAllString(s, "[secret]")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// sent is the error of a request that changes something.
func sent(f *failure) error {
	switch f.verdict {
	case declined:
		return payment.Declined(f.code, f.cause.Error())
	case notSent:
		return payment.NotSent(f.cause)
	}
	return f.cause
}
