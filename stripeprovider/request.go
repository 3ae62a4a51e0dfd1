package stripeprovider

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
)

// The answers hold the charge and its refunds, so that one request tells the whole truth.
const (
	expandRefunds     = "latest_charge.refunds"
	expandAfterRefund = "payment_intent.latest_charge.refunds"
)

// contextWords is what a host says about the shopper in Request.Context, and this provider understands. Other keys are ignored.
type contextWords struct {
	customer, email, description, suffix, usage, method, returnURL string
	methodTypes                                                    []string
	offSession                                                     bool
	shipping                                                       *stripe.ShippingDetailsParams
}

// readContext reads a Context. The error names the key whose value Stripe would refuse, never the value.
func readContext(cfg Config, private payment.Private) (contextWords, error) {
	c := private.Reveal()
	w := contextWords{usage: cfg.SetupFutureUsage, suffix: cfg.StatementDescriptorSuffix, methodTypes: cfg.PaymentMethodTypes, returnURL: cfg.ReturnURL}
	for _, field := range []struct {
		key, rule string
		to        *string
		ok        func(string) bool
	}{
		{"customer", "must be the ID of a customer, cus_…", &w.customer, func(s string) bool { return isID(s, "cus_") }},
		{"email", "must be a text of at most 512 characters with an @", &w.email, isEmail},
		{"description", "must be a text of at most 1000 characters", &w.description, func(s string) bool { return utf8.RuneCountInString(s) <= 1000 }},
		{"statement_descriptor_suffix", suffixRule, &w.suffix, isSuffix},
		{"setup_future_usage", "must be on_session or off_session", &w.usage, isUsage},
		{"payment_method", "must be the ID of a payment method, pm_…", &w.method, func(s string) bool { return isID(s, "pm_", "card_", "src_", "ba_") }},
		{"return_url", "must be absolute, and https, or http to localhost", &w.returnURL, isSafeURL},
	} {
		v, given := c[field.key]
		if !given || v == nil || v == "" {
			continue
		}
		s, ok := v.(string)
		if !ok || !field.ok(s) {
			return w, &payment.InvalidError{Field: "Context." + field.key, Rule: field.rule}
		}
		*field.to = s
	}
	if v, given := c["payment_method_types"]; given && v != nil {
		list, ok := texts(v)
		if !ok || len(list) == 0 || !all(list, isMethodType) {
			return w, &payment.InvalidError{Field: "Context.payment_method_types", Rule: "must be a list of names such as card or sepa_debit"}
		}
		w.methodTypes = list
	}
	if v, given := c["off_session"]; given && v != nil {
		off, ok := v.(bool)
		if !ok {
			return w, &payment.InvalidError{Field: "Context.off_session", Rule: "must be true or false"}
		}
		w.offSession = off
	}
	if v, given := c["shipping"]; given && v != nil {
		shipping, ok := readShipping(v)
		if !ok {
			return w, &payment.InvalidError{Field: "Context.shipping", Rule: "must have a name and an address with line1, all of them texts"}
		}
		w.shipping = shipping
	}
	return w, nil
}

func isEmail(s string) bool {
	return len(s) <= 512 && strings.Contains(s, "@") && !strings.ContainsAny(s, " \n\r\x00")
}

// texts returns a list of texts.
func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	var out []string
	for _, x := range list {
		s, isText := x.(string)
		ok = ok && isText
		out = append(out, s)
	}
	return out, ok
}

// readShipping reads {"name", "phone", "address": {"line1", "line2", "city", "state", "postal_code", "country"}}.
func readShipping(v any) (*stripe.ShippingDetailsParams, bool) {
	m, ok := v.(map[string]any)
	address, isMap := m["address"].(map[string]any)
	if !ok || !isMap {
		return nil, false
	}
	text := func(m map[string]any, key string) *string {
		v, given := m[key]
		if !given || v == nil {
			return nil
		}
		s, isText := v.(string)
		ok = ok && isText
		return optional(s)
	}
	s := &stripe.ShippingDetailsParams{Name: text(m, "name"), Phone: text(m, "phone"), Address: &stripe.AddressParams{
		Line1: text(address, "line1"), Line2: text(address, "line2"), City: text(address, "city"), State: text(address, "state"),
		PostalCode: text(address, "postal_code"), Country: text(address, "country"),
	}}
	return s, ok && s.Name != nil && s.Address.Line1 != nil
}

// optional is a parameter that is left out where it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// common are the parameters of every request. Only a request that changes something has a key.
func common(cfg Config, key string) stripe.Params {
	return stripe.Params{IdempotencyKey: optional(key), StripeAccount: optional(cfg.Account)}
}

// ours is the metadata by which an intent or a refund is found again.
func ours(r payment.Request) map[string]string {
	return map[string]string{metaCollection: r.CollectionID, metaSession: r.SessionID, metaOperation: r.IdempotencyKey}
}

// keyed refuses a request that Stripe could not recognize when it is repeated: stripe-go would make a key up.
func keyed(r payment.Request) error {
	if r.IdempotencyKey == "" {
		return &payment.InvalidError{Field: "IdempotencyKey", Rule: "is required"}
	}
	return nil
}

// minorUnits returns the amount of a keyed request as Stripe counts it.
func minorUnits(info payment.ProviderInfo, r payment.Request) (int64, error) {
	if err := keyed(r); err != nil {
		return 0, err
	}
	rule, err := info.CurrencyRule(r.CurrencyCode)
	if err != nil {
		return 0, err
	}
	n, err := rule.MinorUnits(r.Amount)
	switch {
	case err != nil:
		return 0, &payment.InvalidError{Field: "Amount", Rule: err.Error()}
	case n <= 0:
		return 0, &payment.InvalidError{Field: "Amount", Rule: "must be more than zero"}
	}
	return n, nil
}

// createParams opens an intent that the browser confirms.
func createParams(cfg Config, info payment.ProviderInfo, r payment.Request) (*stripe.PaymentIntentCreateParams, error) {
	n, err := minorUnits(info, r)
	if err != nil {
		return nil, err
	}
	w, err := readContext(cfg, r.Context)
	if err != nil {
		return nil, err
	}
	p := &stripe.PaymentIntentCreateParams{
		Params:                    common(cfg, r.IdempotencyKey),
		Amount:                    &n,
		Currency:                  stripe.String(strings.ToLower(r.CurrencyCode)),
		CaptureMethod:             stripe.String("manual"),
		Customer:                  optional(w.customer),
		ReceiptEmail:              optional(w.email),
		Description:               optional(w.description),
		StatementDescriptorSuffix: optional(w.suffix),
		SetupFutureUsage:          optional(w.usage),
		PaymentMethod:             optional(w.method),
		Shipping:                  w.shipping,
		Metadata:                  ours(r),
		Expand:                    []*string{stripe.String(expandRefunds)},
	}
	if cfg.AutomaticCapture {
		p.CaptureMethod = stripe.String("automatic")
	}
	if len(w.methodTypes) > 0 {
		p.PaymentMethodTypes = stripe.StringSlice(w.methodTypes)
	} else {
		p.AutomaticPaymentMethods = &stripe.PaymentIntentCreateAutomaticPaymentMethodsParams{Enabled: new(true)}
	}
	if cfg.MultiCapture {
		p.PaymentMethodOptions = &stripe.PaymentIntentCreatePaymentMethodOptionsParams{
			Card: &stripe.PaymentIntentCreatePaymentMethodOptionsCardParams{RequestMulticapture: stripe.String("if_available")},
		}
	}
	return p, nil
}

// updateParams changes an intent's amount, and what the Context says now. What it does not say any more is cleared where Stripe can.
func updateParams(cfg Config, info payment.ProviderInfo, r payment.Request) (*stripe.PaymentIntentUpdateParams, error) {
	n, err := minorUnits(info, r)
	if err != nil {
		return nil, err
	}
	w, err := readContext(cfg, r.Context)
	if err != nil {
		return nil, err
	}
	p := &stripe.PaymentIntentUpdateParams{
		Params:                    common(cfg, r.IdempotencyKey),
		Amount:                    &n,
		Customer:                  optional(w.customer),
		ReceiptEmail:              &w.email,
		Description:               optional(w.description), // Stripe removes none
		StatementDescriptorSuffix: optional(w.suffix),
		SetupFutureUsage:          &w.usage,
		PaymentMethod:             optional(w.method), // to unset it would unset what the page has chosen
		Shipping:                  w.shipping,
		Expand:                    []*string{stripe.String(expandRefunds)},
	}
	if w.shipping == nil {
		p.AddUnsetField(stripe.PaymentIntentUpdateParamsUnsetFieldShipping)
	}
	if private := r.Context.Reveal()["payment_method_types"]; private != nil {
		p.PaymentMethodTypes = stripe.StringSlice(w.methodTypes)
	}
	return p, nil
}

// instrument is what the browser says it pays with: at most one of the two.
type instrument struct{ method, token string }

// readInput reads the browser's Input, of which anything may be made up: only what looks like Stripe's IDs is taken.
func readInput(input payment.Data) instrument {
	if s, ok := input["confirmation_token"].(string); ok && isID(s, "ctoken_") {
		return instrument{token: s}
	}
	if s, ok := input["payment_method"].(string); ok && isID(s, "pm_") {
		return instrument{method: s}
	}
	return instrument{}
}

// confirmParams confirms an intent by the server. A bank's challenge is a redirect where the host has named a URL to come back to, and else
// a matter for Stripe.js: https://docs.stripe.com/api/payment_intents/confirm
func confirmParams(cfg Config, r payment.Request, with instrument) (*stripe.PaymentIntentConfirmParams, error) {
	if err := keyed(r); err != nil {
		return nil, err
	}
	w, err := readContext(cfg, r.Context)
	if err != nil {
		return nil, err
	}
	p := &stripe.PaymentIntentConfirmParams{
		Params:            common(cfg, r.IdempotencyKey),
		PaymentMethod:     optional(with.method),
		ConfirmationToken: optional(with.token),
		ReturnURL:         optional(w.returnURL),
		Expand:            []*string{stripe.String(expandRefunds)},
	}
	kept := with == instrument{} || with.method == w.method && w.method != ""
	switch {
	case w.offSession && kept: // nobody is there to pass a challenge: https://docs.stripe.com/payments/save-during-payment
		p.OffSession = new(true)
	case w.returnURL == "":
		p.UseStripeSDK = new(true)
	}
	return p, nil
}

// captureParams takes money, and writes into the same intent by which of our calls.
func captureParams(cfg Config, info payment.ProviderInfo, r payment.CaptureRequest) (*stripe.PaymentIntentCaptureParams, error) {
	n, err := minorUnits(info, r.Request)
	if err != nil {
		return nil, err
	}
	p := &stripe.PaymentIntentCaptureParams{
		Params:          common(cfg, r.IdempotencyKey),
		AmountToCapture: &n,
		Metadata:        map[string]string{metaCapture + r.IdempotencyKey: strconv.FormatInt(n, 10)},
		Expand:          []*string{stripe.String(expandRefunds)},
	}
	if cfg.MultiCapture && r.Data[dataMultiCapture] == true { // elsewhere the parameter may be refused, and every capture is final: https://docs.stripe.com/api/payment_intents/capture
		p.FinalCapture = &r.Final
	}
	return p, nil
}

// onlyWhole reports whether a capture is of a part, and Stripe takes one capture alone.
func onlyWhole(r payment.CaptureRequest) bool {
	text, _ := r.Data["amount"].(string)
	whole, err := decimal.NewFromString(text)
	return r.Data[dataMultiCapture] != true && (err != nil || r.Amount.LessThan(whole))
}

// refundParams gives money back.
func refundParams(cfg Config, info payment.ProviderInfo, r payment.RefundRequest) (*stripe.RefundCreateParams, error) {
	n, err := minorUnits(info, r.Request)
	if err != nil {
		return nil, err
	}
	p := &stripe.RefundCreateParams{
		Params:        common(cfg, r.IdempotencyKey),
		PaymentIntent: &r.Reference,
		Amount:        &n,
		Metadata:      ours(r.Request),
		Expand:        []*string{stripe.String(expandAfterRefund)},
	}
	switch r.ReasonCode {
	case "duplicate", "fraudulent", "requested_by_customer": // the three that Stripe takes: https://docs.stripe.com/api/refunds/create
		p.Reason = &r.ReasonCode
	}
	return p, nil
}

// cancelParams cancels an intent, or releases what is not captured.
func cancelParams(cfg Config, r payment.Request) (*stripe.PaymentIntentCancelParams, error) {
	if err := keyed(r); err != nil {
		return nil, err
	}
	return &stripe.PaymentIntentCancelParams{
		Params: common(cfg, r.IdempotencyKey), Expand: []*string{stripe.String(expandRefunds)},
	}, nil
}

// retrieveParams reads an intent.
func retrieveParams(cfg Config) *stripe.PaymentIntentRetrieveParams {
	return &stripe.PaymentIntentRetrieveParams{Params: common(cfg, ""), Expand: []*string{stripe.String(expandRefunds)}}
}

// searchQuery looks for a session's intent. Two are enough to see that there is more than one.
func searchQuery(sessionID string) (url.Values, error) {
	if !consists(sessionID, idText+"-", 128) {
		return nil, &payment.InvalidError{Field: "SessionID", Rule: "is no ID that can be searched for"}
	}
	return url.Values{"query": {fmt.Sprintf("metadata['%s']:'%s'", metaSession, sessionID)}, "limit": {"2"}}, nil
}

// refundsQuery lists an intent's refunds, those after one of them.
func refundsQuery(intent, after string) url.Values {
	q := url.Values{"payment_intent": {intent}, "limit": {"100"}}
	if after != "" {
		q.Set("starting_after", after)
	}
	return q
}
