package stripeprovider_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/stripeprovider"
)

// kinds of an error.
const (
	isDeclined = "declined"
	isNotSent  = "not sent"
	isAlready  = "already done"
	isUnknown  = "unknown"
)

func kindOf(err error) string {
	_, already := payment.AlreadyDoneSnapshot(err)
	switch {
	case already:
		return isAlready
	case errors.Is(err, payment.ErrDeclined):
		return isDeclined
	case errors.Is(err, payment.ErrNotSent):
		return isNotSent
	}
	return isUnknown
}

// secret is in every answer of the table, as it might be; it must be in no error.
const secret = intentID + "_secret_YrKJUKribcBjcG8HVhfZluoGH"

func card(code, declineCode string) object {
	return object{
		"type": "card_error", "code": code, "decline_code": declineCode, "message": "Your card was declined.", "charge": chargeID,
		"doc_url":        "https://docs.stripe.com/error-codes/" + code,
		"payment_intent": intent(object{"last_payment_error": object{"type": "card_error", "code": code, "decline_code": declineCode, "message": "no"}}),
	}
}

func invalid(code, param, message string) object {
	return object{"type": "invalid_request_error", "code": code, "param": param, "message": message, "payment_intent": object{"id": intentID, "client_secret": secret}}
}

// TestErrors has Stripe's error answers as Stripe documents them: https://docs.stripe.com/error-codes, https://docs.stripe.com/declines/codes,
// https://docs.stripe.com/error-low-level, https://docs.stripe.com/rate-limits.
func TestErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		status int
		body   any
		kind   string
		code   string // of a decline
	}{
		// 402: the parameters are right, and the payment is refused
		"generic decline":         {"confirm", 402, card("card_declined", "generic_decline"), isDeclined, "generic_decline"},
		"insufficient funds":      {"confirm", 402, card("card_declined", "insufficient_funds"), isDeclined, "insufficient_funds"},
		"lost card":               {"confirm", 402, card("card_declined", "lost_card"), isDeclined, "generic_decline"},
		"stolen card":             {"confirm", 402, card("card_declined", "stolen_card"), isDeclined, "generic_decline"},
		"expired card":            {"confirm", 402, card("expired_card", ""), isDeclined, "expired_card"},
		"incorrect cvc":           {"confirm", 402, card("incorrect_cvc", ""), isDeclined, "incorrect_cvc"},
		"incorrect number":        {"confirm", 402, card("incorrect_number", ""), isDeclined, "incorrect_number"},
		"processing error":        {"confirm", 402, card("processing_error", ""), isDeclined, "processing_error"},
		"blocked card":            {"confirm", 402, card("card_declined", "merchant_blacklist"), isDeclined, "generic_decline"},
		"velocity":                {"confirm", 402, card("card_declined", "card_velocity_exceeded"), isDeclined, "card_velocity_exceeded"},
		"fraudulent":              {"confirm", 402, card("card_declined", "fraudulent"), isDeclined, "generic_decline"},
		"authentication required": {"confirm", 402, card("authentication_required", "authentication_required"), isDeclined, "authentication_required"},
		"authentication failure": {"confirm", 402, object{"type": "invalid_request_error", "code": "payment_intent_authentication_failure",
			"message": "The provided PaymentMethod has failed authentication."}, isDeclined, "payment_intent_authentication_failure"},
		"attempt failed":          {"confirm", 402, invalid("payment_intent_payment_attempt_failed", "", "no"), isDeclined, "payment_intent_payment_attempt_failed"},
		"declined at capture":     {"capture", 402, card("card_declined", "do_not_honor"), isDeclined, "do_not_honor"},
		"declined without a code": {"confirm", 402, object{"type": "card_error", "message": "no"}, isDeclined, "card_error"},
		"code of no word":         {"confirm", 402, object{"type": "<script>", "code": "no word", "message": "no"}, isDeclined, "declined"},

		// 400: refused for good, in words for the shopper or the merchant
		"dispute": {"refund", 400, invalid("charge_disputed", "", "Charge ch_1 has been charged back; cannot issue a refund."),
			isDeclined, "charge_disputed"},
		"no balance": {"refund", 400, invalid("balance_insufficient", "", "Insufficient funds in your Stripe balance to refund this amount."),
			isDeclined, "balance_insufficient"},
		"too small":      {"initialize", 400, invalid("amount_too_small", "amount", "Amount must be at least $0.50 usd"), isDeclined, "amount_too_small"},
		"too large":      {"initialize", 400, invalid("amount_too_large", "amount", "Amount must be no more than $999,999.99"), isDeclined, "amount_too_large"},
		"more than left": {"capture", 400, invalid("amount_too_large", "amount_to_capture", "The remaining amount is less."), isDeclined, "amount_too_large"},
		"no such method": {"confirm", 400, invalid("resource_missing", "payment_method", "No such PaymentMethod: 'pm_card_visa'"), isDeclined, "resource_missing"},
		"no such token":  {"confirm", 404, invalid("resource_missing", "confirmation_token", "No such token"), isDeclined, "resource_missing"},
		"method used up": {"confirm", 400, invalid("payment_method_unexpected_state", "payment_method", "It was used before."), isDeclined, "payment_method_unexpected_state"},
		"another's method": {"confirm", 400, object{"type": "invalid_request_error", "param": "payment_method",
			"message": "The `payment_method` parameter supplied pm_1 belongs to the Customer cus_1."}, isDeclined, "invalid_request_error"},
		"token used up": {"confirm", 400, object{"type": "invalid_request_error", "param": "confirmation_token",
			"message": "The ConfirmationToken was used already."}, isDeclined, "invalid_request_error"},
		"customer refuses": {"confirm", 400, invalid("payment_method_customer_decline", "", "no"), isDeclined, "payment_method_customer_decline"},
		"card error, 400":  {"confirm", 400, card("invalid_expiry_year", ""), isDeclined, "invalid_expiry_year"},

		// 400: parameters that Stripe refuses
		"refund of more than left": {"refund", 400, object{"type": "invalid_request_error", "param": "amount",
			"message": "Refund amount ($20.00) is greater than unrefunded amount on charge ($10.99)"}, isNotSent, ""},
		"missing parameter": {"initialize", 400, invalid("parameter_missing", "currency", "Missing required param: currency."), isNotSent, ""},
		"unknown parameter": {"initialize", 400, invalid("parameter_unknown", "amonut", "Received unknown parameter: amonut"), isNotSent, ""},
		"no integer":        {"initialize", 400, invalid("parameter_invalid_integer", "amount", "Invalid integer: 10.99"), isNotSent, ""},
		"no such currency":  {"initialize", 400, object{"type": "invalid_request_error", "param": "currency", "message": "Invalid currency: xts."}, isNotSent, ""},
		"no such customer":  {"initialize", 400, invalid("resource_missing", "customer", "No such customer: 'cus_1'"), isNotSent, ""},
		"no such intent":    {"capture", 404, invalid("resource_missing", "intent", "No such payment_intent: 'pi_1'"), isNotSent, ""},
		"no return URL": {"confirm", 400, object{"type": "invalid_request_error", "message": "This PaymentIntent is configured to accept " +
			"payment methods enabled in your Dashboard. … you must provide a return_url."}, isNotSent, ""},
		"other mode's intent": {"capture", 404, invalid("resource_missing", "intent",
			"No such payment_intent: 'pi_1'; a similar object exists in live mode, but a test mode key was used to make this request."), isNotSent, ""},
		"no multicapture": {"capture", 400, invalid("payment_intent_invalid_parameter", "final_capture", "Multicapture is not available."), isNotSent, ""},

		// 401, 403, 404, 429: not executed
		"no such key": {"capture", 401, object{"type": "invalid_request_error", "message": "Invalid API Key provided: " + secretKey}, isNotSent, ""},
		"expired key": {"capture", 401, object{"type": "invalid_request_error", "code": "api_key_expired", "message": "Expired API Key"}, isNotSent, ""},
		"no permission": {"refund", 403, object{"type": "invalid_request_error",
			"message": "The provided key 'rk_test_51abc' does not have the required permissions for this endpoint."}, isNotSent, ""},
		"no such URL": {"capture", 404, object{"type": "invalid_request_error", "message": "Unrecognized request URL"}, isNotSent, ""},
		"rate limit":  {"capture", 429, object{"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests"}, isNotSent, ""},
		"lock timeout": {"capture", 429, object{"type": "invalid_request_error", "code": "lock_timeout",
			"message": "This object cannot be accessed right now because another API request or Stripe process is currently accessing it."}, isNotSent, ""},
		"429 of a proxy": {"capture", 429, "<html>slow down</html>", isNotSent, ""},

		// the intent is in another state
		"captured already":    {"capture", 400, invalid("payment_intent_unexpected_state", "", "status of succeeded"), isAlready, ""},
		"charge captured":     {"capture", 400, invalid("charge_already_captured", "", "Charge ch_1 has already been captured."), isAlready, ""},
		"refunded already":    {"refund", 400, invalid("charge_already_refunded", "", "Charge ch_1 has already been refunded."), isAlready, ""},
		"canceled already":    {"cancel", 400, invalid("payment_intent_unexpected_state", "", "status of canceled"), isAlready, ""},
		"confirmed already":   {"confirm", 400, invalid("payment_intent_unexpected_state", "", "already succeeded"), isAlready, ""},
		"updated too late":    {"update", 400, invalid("payment_intent_unexpected_state", "", "status of requires_capture"), isAlready, ""},
		"authorization ended": {"capture", 400, invalid("charge_expired_for_capture", "", "The charge cannot be captured."), isAlready, ""},

		// nobody knows
		"key of another request": {"capture", 400, object{"type": "idempotency_error",
			"message": "Keys for idempotent requests can only be used with the same parameters they were first used with."}, isUnknown, ""},
		"in progress": {"capture", 409, object{"type": "idempotency_error", "code": "idempotency_key_in_use",
			"message": "There is currently another in-progress request using this Idempotent Key."}, isUnknown, ""},
		"conflict":          {"capture", 409, object{"type": "invalid_request_error", "message": "conflict"}, isUnknown, ""},
		"dependency failed": {"refund", 424, object{"type": "api_error", "message": "external dependency failed"}, isUnknown, ""},
		"500":               {"capture", 500, object{"type": "api_error", "message": "An unknown error occurred"}, isUnknown, ""},
		"401 of a proxy":    {"refund", 401, "<html>" + secret + "</html>", isUnknown, ""},
		"403 of a proxy":    {"capture", 403, "<html>The answer was blocked " + secret + "</html>", isUnknown, ""},
		"502 of a proxy":    {"initialize", 502, "<html>Bad Gateway " + secret + "</html>", isUnknown, ""},
		"503":               {"refund", 503, object{"type": "api_error", "message": "unavailable"}, isUnknown, ""},
		"504 without body":  {"confirm", 504, "", isUnknown, ""},
		"another error":     {"capture", 418, object{"type": "api_error", "message": "teapot"}, isUnknown, ""},
		"broken error":      {"capture", 400, `{"error": {"type": "invalid_req`, isUnknown, ""},
		"no error in it":    {"capture", 400, object{"oops": secret}, isUnknown, ""},
		"broken success":    {"capture", 200, `{"id": "` + intentID + `", "client_secret": "` + secret + `", "amount": "`, isUnknown, ""},
		"another thing":     {"capture", 200, object{"object": "list", "data": []any{}}, isUnknown, ""},
		"redirect":          {"capture", 307, "", isUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := answer{status: tc.status, body: tc.body, header: object{"Location": "/v1/elsewhere"}}
			if e, ok := tc.body.(object); ok && tc.status >= 400 && e["oops"] == nil {
				a.body = object{"error": e}
			}
			d := newDouble(t, a, answer{body: capturedIntent(otherKey)})
			got, err := call(t, d.provider(), tc.method, request())
			require.Error(t, err)
			require.Equal(t, tc.kind, kindOf(err), "%v", err)
			asked := d.asked()
			if tc.kind == isAlready {
				require.Len(t, asked, 2)
				require.Contains(t, asked[1], "GET /v1/payment_intents/"+intentID)
				now, _ := payment.AlreadyDoneSnapshot(err)
				require.Equal(t, payment.SnapshotAuthorized, now.State)
			} else {
				require.Len(t, asked, 1) // nothing is repeated
			}
			if tc.kind == isDeclined {
				require.Contains(t, err.Error(), "("+tc.code+")")
			} else {
				require.Empty(t, got.State)
			}
			for _, hidden := range []string{secret, "_secret_", secretKey, "rk_test_51abc"} {
				require.NotContains(t, err.Error(), hidden)
			}
		})
	}
}

// TestWhatTheShopperSaidIsNotQuoted has refusals of a parameter, whose words quote its value.
func TestWhatTheShopperSaidIsNotQuoted(t *testing.T) {
	for param, e := range map[string]object{
		"receipt_email":              invalid("email_invalid", "receipt_email", "Invalid email address: hunter2@@example.com"),
		"description":                {"type": "invalid_request_error", "param": "description", "message": "Invalid string: hunter2...; must be at most 1000 characters"},
		"shipping[address][country]": invalid("country_code_invalid", "shipping[address][country]", "Country 'hunter2' is unknown."),
		"amount":                     {"type": "invalid_request_error", "param": "amount", "message": "Refund amount ($20.00) is greater than unrefunded amount on charge ($10.99)"},
	} {
		_, err := call(t, newDouble(t, refusal(400, e)).provider(), "initialize", request())
		require.ErrorIs(t, err, payment.ErrNotSent)
		require.NotContains(t, err.Error(), "hunter2")
		require.Contains(t, err.Error(), param)
		require.Contains(t, err.Error(), "req_8Pp2cLbvbXTVTP")
		require.Equal(t, param == "amount", strings.Contains(err.Error(), "greater than"), "money is nobody's secret")
		if e["code"] != nil {
			require.Contains(t, err.Error(), e["code"])
		}
	}
}

func TestAlreadyDoneNeedsTheIntent(t *testing.T) {
	d := newDouble(t, refusal(400, invalid("payment_intent_unexpected_state", "", "no")), refusal(500, object{"type": "api_error"}))
	_, err := call(t, d.provider(), "capture", request())
	require.Equal(t, isUnknown, kindOf(err))
}

func TestDeclineComesWithTheIntent(t *testing.T) {
	d := newDouble(t, refusal(402, card("card_declined", "lost_card")))
	s, err := call(t, d.provider(), "confirm", request())
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.Equal(t, payment.SnapshotDeclined, s.State)
	require.Equal(t, "generic_decline", s.Decline.Code, "for the shopper")
	require.Contains(t, s.Decline.Message, "lost_card", "for the merchant")
	require.Contains(t, err.Error(), "lost_card")

	// What was stored under the key need not be so any more.
	stored := refusal(402, card("card_declined", "lost_card"))
	stored.header = object{"Idempotent-Replayed": "true"}
	d = newDouble(t, stored)
	s, err = call(t, d.provider(), "confirm", request())
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.Empty(t, s.State)
}

func TestDeclineOfAnIntentThatHasTaken(t *testing.T) {
	e := card("card_declined", "lost_card")
	e["payment_intent"] = intent(object{"amount_received": 500, "status": "succeeded"}) // its refunds are not known
	s, err := call(t, newDouble(t, refusal(402, e)).provider(), "capture", request())
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.Empty(t, s.State)
}

// TestHostsTransport has the errors of a transport that is not net/http's.
func TestHostsTransport(t *testing.T) {
	for kind, errs := range map[string][]error{
		isNotSent: {&net.OpError{Op: "dial", Err: errors.New("x")}, &net.OpError{Op: "proxyconnect", Err: errors.New("x")}, &net.DNSError{Err: "no such host"}},
		isUnknown: {&net.OpError{Op: "read", Err: errors.New("x")}, io.ErrUnexpectedEOF, errors.New("x"), context.Canceled},
	} {
		for _, cause := range errs {
			p := newDouble(t).provider(func(c *stripeprovider.Config) {
				c.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, cause })}
			})
			_, err := call(t, p, "capture", request())
			require.Equal(t, kind, kindOf(err), "%v", cause)
			require.ErrorIs(t, err, cause)
		}
	}
}

// TestNoConnectionForAnotherTry has a host's transport that tries again, as it must not: the first try had a connection.
func TestNoConnectionForAnotherTry(t *testing.T) {
	d := newDouble(t, answer{hang: true})
	p := d.provider(func(c *stripeprovider.Config) {
		c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			res, err := http.DefaultTransport.RoundTrip(r)
			require.Error(t, err)
			return res, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		})}
	})
	_, err := call(t, p, "refund", request())
	require.Equal(t, isUnknown, kindOf(err), "%v", err)
	require.Len(t, d.asked(), 1)
}

// TestTimeoutOfHTTP2 has the protocol that Stripe is spoken to in, with a new connection and with one that is used again.
func TestTimeoutOfHTTP2(t *testing.T) {
	release := make(chan struct{})
	protocols := make(chan string, 2)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		protocols <- r.Proto
		<-release
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	defer close(release)
	p := newDouble(t).provider(func(c *stripeprovider.Config) {
		c.Timeout, c.BaseURL, c.HTTPClient = 200*time.Millisecond, s.URL, s.Client()
	})
	for range 2 {
		_, err := call(t, p, "capture", request())
		require.Equal(t, isUnknown, kindOf(err), "%v", err)
		require.Equal(t, "HTTP/2.0", <-protocols)
	}
}

func TestNoAnswer(t *testing.T) {
	d := newDouble(t, answer{hang: true})
	_, err := call(t, d.provider(), "capture", request())
	require.Equal(t, isUnknown, kindOf(err))
	require.Len(t, d.asked(), 1)

	// The connection breaks after an answer on it: net/http would send the request again, because it has an Idempotency-Key.
	d = newDouble(t, answer{body: authorizedIntent(nil)}, answer{hang: true}, answer{body: authorizedIntent(nil)})
	p := d.provider()
	_, err = call(t, p, "capture", request())
	require.NoError(t, err)
	_, err = call(t, p, "capture", request())
	require.Equal(t, isUnknown, kindOf(err))
	require.Len(t, d.asked(), 2)
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	stalled := &stallingTransport{release: release}
	d := newDouble(t)
	p := d.provider(func(c *stripeprovider.Config) {
		c.HTTPClient, c.Timeout = &http.Client{Transport: stalled}, 20*time.Millisecond
	})
	defer close(release)
	for _, method := range []string{"initialize", "confirm", "update", "capture", "refund", "cancel", "status"} {
		_, err := call(t, p, method, request())
		require.Equal(t, isUnknown, kindOf(err), method)
		require.ErrorIs(t, err, context.DeadlineExceeded, method)
	}
}

// stallingTransport never answers.
type stallingTransport struct{ release chan struct{} }

func (s *stallingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-s.release:
	case <-r.Context().Done():
	}
	return nil, r.Context().Err()
}

// TestNoConnection ends while there is no connection yet, and just after there is one.
func TestNoConnection(t *testing.T) {
	for _, method := range []string{"initialize", "confirm", "update", "capture", "refund", "cancel"} {
		p := newDouble(t).provider(func(c *stripeprovider.Config) {
			c.Timeout = 20 * time.Millisecond
			c.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}}
		})
		_, err := call(t, p, method, request())
		require.Equal(t, isNotSent, kindOf(err), "%s: %v", method, err)

		release := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		p = newDouble(t).provider(func(c *stripeprovider.Config) { c.Timeout, c.BaseURL = 100*time.Millisecond, s.URL })
		_, err = call(t, p, method, request())
		close(release)
		s.Close()
		require.Equal(t, isUnknown, kindOf(err), "%s: %v", method, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

func TestNotReached(t *testing.T) {
	for name, url := range map[string]string{
		"refused":      "http://127.0.0.1:1",
		"unknown host": "https://stripe.invalid",
		"no TLS":       strings.Replace(newDouble(t).url, "http://", "https://", 1),
	} {
		d := newDouble(t)
		p := d.provider(func(c *stripeprovider.Config) { c.BaseURL = url })
		for _, method := range []string{"initialize", "confirm", "update", "capture", "refund", "cancel"} {
			_, err := call(t, p, method, request())
			require.Equal(t, isNotSent, kindOf(err), "%s %s: %v", name, method, err)
		}
		_, err := call(t, p, "status", request())
		require.Equal(t, isUnknown, kindOf(err), name)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := newDouble(t)
	_, err := d.provider().Capture(ctx, payment.CaptureRequest{Request: request()})
	require.ErrorIs(t, err, payment.ErrNotSent)
	_, err = d.provider().Initialize(ctx, payment.InitializeRequest{Request: request()})
	require.ErrorIs(t, err, payment.ErrNotSent)
	require.Empty(t, d.asked())
}

func TestWhatCannotBeSent(t *testing.T) {
	d := newDouble(t)
	p := d.provider()
	for name, change := range map[string]func(*payment.Request){
		"no key":      func(r *payment.Request) { r.IdempotencyKey = "" },
		"currency":    func(r *payment.Request) { r.CurrencyCode = "XTS" },
		"no amount":   func(r *payment.Request) { r.Amount = dec("0") },
		"negative":    func(r *payment.Request) { r.Amount = dec("-1") },
		"decimals":    func(r *payment.Request) { r.Amount = dec("10.999") },
		"yen":         func(r *payment.Request) { r.Amount, r.CurrencyCode = dec("10.5"), "JPY" },
		"dinar":       func(r *payment.Request) { r.Amount, r.CurrencyCode = dec("1.234"), "KWD" },
		"krona":       func(r *payment.Request) { r.Amount, r.CurrencyCode = dec("100.50"), "ISK" },
		"beyond int8": func(r *payment.Request) { r.Amount = dec("92233720368547758.08") },
	} {
		for _, method := range []string{"initialize", "update", "capture", "refund"} {
			_, err := call(t, p, method, request(change))
			require.ErrorIs(t, err, payment.ErrNotSent, "%s %s", name, method)
		}
	}
	for _, method := range []string{"confirm", "cancel"} {
		_, err := call(t, p, method, request(func(r *payment.Request) { r.IdempotencyKey = "" }))
		require.ErrorIs(t, err, payment.ErrNotSent, method)
	}
	for k, v := range map[string]any{
		"customer": "cus_1/../2", "email": "hunter2", "description": 7, "statement_descriptor_suffix": "much longer than 22 characters",
		"off_session": "true", "setup_future_usage": "always", "payment_method": "hunter2", "return_url": "javascript:hunter2", "payment_method_types": "card",
		"shipping": map[string]any{"name": "hunter2"},
	} {
		c := payment.NewPrivate(map[string]any{k: v})
		for _, method := range []string{"initialize", "update"} {
			_, err := call(t, p, method, request(func(r *payment.Request) { r.Context = c }))
			require.ErrorIs(t, err, payment.ErrNotSent, "%s %s", k, method)
			require.ErrorContains(t, err, "Context."+k)
			require.NotContains(t, err.Error(), "hunter2")
		}
	}
	require.Empty(t, d.asked())
}

// TestDescriptionIsCountedInCharacters has a text of 1000 characters, the most that Stripe takes, and of one more.
func TestDescriptionIsCountedInCharacters(t *testing.T) {
	for n, ok := range map[int]bool{1000: true, 1001: false} {
		d := newDouble(t, answer{body: intent(nil)})
		_, err := call(t, d.provider(), "initialize", request(func(r *payment.Request) {
			r.Context = payment.NewPrivate(map[string]any{"description": strings.Repeat("ж", n)})
		}))
		require.Equal(t, ok, err == nil, "%v", err)
	}
}

// TestWrongKeyIsLogged has a key that Stripe does not take: the log says what is wrong, and quotes no key.
func TestWrongKeyIsLogged(t *testing.T) {
	var log bytes.Buffer
	p := newDouble(t, refusal(401, object{"type": "invalid_request_error", "message": "Invalid API Key provided: " + secretKey})).provider()
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{p}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	c, err := svc.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("10")})
	require.NoError(t, err)
	_, err = svc.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: c.Amount})
	require.ErrorIs(t, err, payment.ErrNotSent)
	require.Contains(t, log.String(), "Invalid API Key provided")
	require.NotContains(t, log.String(), secretKey)
}
