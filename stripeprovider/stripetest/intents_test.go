package stripetest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

func TestConfirm(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method  string
		change  func(p *stripe.PaymentIntentCreateParams)
		status  stripe.PaymentIntentStatus // of the intent afterwards
		refused string                     // the error's code
		decline string                     // its decline_code
	}{
		"held":     {method: "pm_card_visa", status: "requires_capture"},
		"taken":    {method: "pm_card_visa", change: automatic, status: "succeeded"},
		"declined": {method: "pm_card_chargeDeclined", status: "requires_payment_method", refused: "card_declined", decline: "generic_decline"},
		"insufficient funds": {
			method: "pm_card_chargeDeclinedInsufficientFunds", status: "requires_payment_method", refused: "card_declined",
			decline: "insufficient_funds",
		},
		"expired card": {method: "pm_card_chargeDeclinedExpiredCard", status: "requires_payment_method", refused: "expired_card"},
		"challenge":    {method: "pm_card_threeDSecure2Required", status: "requires_action"},
		"challenge, off session": {
			method: "pm_card_authenticationRequired", change: func(p *stripe.PaymentIntentCreateParams) { p.OffSession = new(true) },
			status: "requires_payment_method", refused: "authentication_required", decline: "authentication_required",
		},
		"challenge as an error": {
			method: "pm_card_authenticationRequired", change: func(p *stripe.PaymentIntentCreateParams) { p.ErrorOnRequiresAction = new(true) },
			status: "requires_payment_method", refused: "authentication_required", decline: "authentication_required",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gw, api := open(t, stripetest.Config{})
			change := func(*stripe.PaymentIntentCreateParams) {}
			if tc.change != nil {
				change = tc.change
			}
			in, err := api.V1PaymentIntents.Create(t.Context(), newIntent(paidWith(tc.method), change))
			if tc.refused != "" {
				e := refusal(t, err)
				require.Equal(t, 402, e.HTTPStatusCode)
				require.Equal(t, stripe.ErrorTypeCard, e.Type)
				require.Equal(t, tc.refused, string(e.Code))
				require.Equal(t, tc.decline, string(e.DeclineCode))
				require.NotEmpty(t, e.ChargeID)
				in = e.PaymentIntent
				require.Equal(t, tc.refused, string(in.LastPaymentError.Code))
				require.Equal(t, tc.refused, book(t, gw).LastError)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tc.status, in.Status)
			require.Equal(t, string(tc.status), book(t, gw).Status)
			authorized := tc.status == "requires_capture" || tc.status == "succeeded"
			require.Equal(t, authorized, book(t, gw).Authorized == 1000)
			require.Equal(t, tc.status == "succeeded", book(t, gw).Captured == 1000)
			require.Equal(t, tc.status == "requires_capture", in.AmountCapturable == 1000)
		})
	}
}

func TestConfirmRefusesParameters(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	customer := gw.NewCustomer()
	saved, err := gw.NewPaymentMethod("pm_card_visa", customer)
	require.NoError(t, err)
	once, err := gw.NewPaymentMethod("pm_card_visa", "")
	require.NoError(t, err)
	token, err := gw.NewConfirmationToken("pm_card_visa")
	require.NoError(t, err)
	_, err = gw.NewConfirmationToken("pm_none")
	require.Error(t, err)
	_, err = gw.NewPaymentMethod("pm_card_visa", "cus_none")
	require.Error(t, err)

	for name, tc := range map[string]struct {
		first, again []string // parameters of a create
		want         string
		text         string
	}{
		"unknown method":   {again: []string{"payment_method", "pm_none"}, want: "resource_missing"},
		"another's method": {again: []string{"payment_method", saved}, want: "invalid_request_error", text: "belongs to the Customer"},
		"used method": {
			first: []string{"payment_method", once}, again: []string{"payment_method", once}, want: "invalid_request_error",
			text: "may not be used again",
		},
		"used token": {
			first: []string{"confirmation_token", token}, again: []string{"confirmation_token", token}, want: "invalid_request_error",
			text: "used already",
		},
		"unknown token":    {again: []string{"confirmation_token", "ctoken_none"}, want: "resource_missing"},
		"method and token": {again: []string{"payment_method", "pm_card_visa", "confirmation_token", token}, want: "parameters_exclusive"},
		"no method":        {want: "payment_intent_unexpected_state", text: "missing a payment method"},
		"type not allowed": {again: []string{"payment_method", "pm_usBankAccount"}, want: "payment_intent_incompatible_payment_method"},
		"statement descriptor with a card": {
			again: []string{"payment_method", "pm_card_visa", "statement_descriptor", "SHOP"}, want: "payment_intent_invalid_parameter",
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := []string{"confirm", "true", "payment_method_types[]", "card"}
			if tc.first != nil {
				res, body := post(t, gw, "/v1/payment_intents", "", form(append(base, tc.first...)...))
				require.Equal(t, 200, res.StatusCode, "%v", body)
			}
			before := len(gw.Intents())
			res, body := post(t, gw, "/v1/payment_intents", "", form(append(base, tc.again...)...))
			require.Equal(t, 400, res.StatusCode, "%v", body)
			require.Equal(t, tc.want, code(body))
			require.Contains(t, body["error"].(map[string]any)["message"], tc.text)
			require.Len(t, gw.Intents(), before)
		})
	}
	in := create(t, api, func(p *stripe.PaymentIntentCreateParams) { p.Customer = &customer }, paidWith(saved))
	require.Equal(t, saved, in.PaymentMethod.ID)

	t.Run("automatic methods need a URL to return to", func(t *testing.T) {
		res, body := post(t, gw, "/v1/payment_intents", "", form("confirm", "true", "payment_method", "pm_card_visa"))
		require.Equal(t, 400, res.StatusCode)
		require.Contains(t, body["error"].(map[string]any)["message"], "you must provide a `return_url`")
		for _, more := range [][]string{
			{"return_url", "https://shop.example/"}, {"automatic_payment_methods[enabled]", "true", "automatic_payment_methods[allow_redirects]", "never"},
		} {
			res, body = post(t, gw, "/v1/payment_intents", "", form(append(more, "confirm", "true", "payment_method", "pm_card_visa")...))
			require.Equal(t, 200, res.StatusCode, "%v", body)
		}
	})
	t.Run("a debit needs a mandate, and automatic capture", func(t *testing.T) {
		debit := []string{"confirm", "true", "payment_method_types[]", "us_bank_account", "payment_method", "pm_usBankAccount"}
		_, body := post(t, gw, "/v1/payment_intents", "", form(debit...))
		require.Equal(t, "payment_intent_mandate_invalid", code(body))
		mandate := slices.Concat(debit, []string{"mandate_data[customer_acceptance][type]", "offline"})
		_, body = post(t, gw, "/v1/payment_intents", "", form(append(mandate, "capture_method", "manual")...))
		require.Equal(t, "payment_intent_invalid_parameter", code(body))
		_, body = post(t, gw, "/v1/payment_intents", "", form(mandate...))
		require.Equal(t, "processing", body["status"])
	})
}

func TestParametersRefused(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	held := create(t, api, paidWith("pm_card_visa"))
	many := form()
	for i := range 51 {
		many.Set("metadata[k"+strings.Repeat("x", i%40)+string(rune('a'+i/40))+"]", "v")
	}
	res, body := post(t, gw, "/v1/payment_intents", "", many)
	require.Equal(t, 400, res.StatusCode)
	require.Contains(t, body["error"].(map[string]any)["message"], "up to 50")

	for name, tc := range map[string]struct {
		path string
		form []string
		want string
	}{
		"unknown":                    {form: []string{"flavor", "red"}, want: "parameter_unknown"},
		"unknown, nested":            {form: []string{"shipping[flavor]", "red"}, want: "parameter_unknown"},
		"unknown, deep in metadata":  {form: []string{"metadata[a][b]", "red"}, want: "parameter_unknown"},
		"a list of what is none":     {form: []string{"amount[0]", "5"}, want: "parameter_unknown"},
		"no number":                  {form: []string{"amount", "10.00"}, want: "parameter_invalid_integer"},
		"zero":                       {form: []string{"amount", "0"}, want: "parameter_invalid_integer"},
		"too small":                  {form: []string{"amount", "49"}, want: "amount_too_small"},
		"too large":                  {form: []string{"amount", "100000000"}, want: "amount_too_large"},
		"upper case":                 {form: []string{"currency", "USD"}, want: "invalid_request_error"},
		"three decimals":             {form: []string{"currency", "kwd", "amount", "1234"}, want: "invalid_charge_amount"},
		"no crowns":                  {form: []string{"currency", "isk", "amount", "150"}, want: "invalid_charge_amount"},
		"no shillings":               {form: []string{"currency", "ugx", "amount", "150"}, want: "invalid_charge_amount"},
		"empty":                      {form: []string{"description", ""}, want: "parameter_invalid_empty"},
		"empty, which an update may": {form: []string{"receipt_email", ""}, want: "parameter_invalid_empty"},
		"no boolean":                 {form: []string{"confirm", "yes"}, want: "invalid_request_error"},
		"no email":                   {form: []string{"receipt_email", "me"}, want: "email_invalid"},
		"no URL":                     {form: []string{"return_url", "shop", "confirm", "true"}, want: "url_invalid"},
		"URL without a confirm":      {form: []string{"return_url", "https://shop.example"}, want: "invalid_request_error"},
		"no such method of capture":  {form: []string{"capture_method", "later"}, want: "invalid_request_error"},
		"long suffix":                {form: []string{"statement_descriptor_suffix", strings.Repeat("a", 23)}, want: "invalid_request_error"},
		"suffix without a letter":    {form: []string{"statement_descriptor_suffix", "12345"}, want: "invalid_request_error"},
		"long metadata key":          {form: []string{"metadata[" + strings.Repeat("k", 41) + "]", "v"}, want: "invalid_request_error"},
		"long metadata":              {form: []string{"metadata[k]", strings.Repeat("v", 501)}, want: "invalid_request_error"},
		"unknown customer":           {form: []string{"customer", "cus_none"}, want: "resource_missing"},
		"types and automatic": {
			form: []string{"payment_method_types[]", "card", "automatic_payment_methods[enabled]", "true"}, want: "parameters_exclusive",
		},
		"nothing to expand":     {form: []string{"expand[]", "amount"}, want: "invalid_request_error"},
		"expanded too deep":     {form: []string{"expand[]", "latest_charge.payment_intent.latest_charge.refunds.data"}, want: "invalid_request_error"},
		"no amount":             {path: "/v1/payment_intents", form: []string{"amount"}, want: "parameter_missing"},
		"refund of nothing":     {path: "/v1/refunds", want: "parameter_unknown"},
		"capture with a reason": {path: "/v1/payment_intents/" + held.ID + "/capture", form: []string{"reason", "x"}, want: "parameter_unknown"},
		"cancel with a new reason": {
			path: "/v1/payment_intents/" + held.ID + "/cancel", form: []string{"cancellation_reason", "bored"}, want: "invalid_request_error",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path, f := "/v1/payment_intents", form()
			if tc.path != "" {
				path = tc.path
			}
			switch {
			case strings.Contains(path, held.ID):
				f = form(tc.form...)
				f.Del("amount")
				f.Del("currency")
			case len(tc.form) == 1:
				f.Del(tc.form[0])
			default:
				f = form(tc.form...)
			}
			before := gw.Intents()
			res, body := post(t, gw, path, "key "+name, f)
			require.Equal(t, 400, res.StatusCode, "%v", body)
			require.Equal(t, tc.want, code(body), "%v", body)
			require.Equal(t, before, gw.Intents())
			res, _ = post(t, gw, path, "key "+name, f)
			require.Empty(t, res.Header.Get("Idempotent-Replayed"), "nothing was executed, and so nothing is kept under the key")
		})
	}
}

func TestStateRules(t *testing.T) {
	t.Parallel()
	const state = "payment_intent_unexpected_state"
	type prepare func(t *testing.T, gw *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent
	statuses := map[string]prepare{
		stripetest.StatusRequiresPaymentMethod: func(t *testing.T, _ *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			return create(t, api)
		},
		stripetest.StatusRequiresConfirmation: func(t *testing.T, _ *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			return create(t, api, func(p *stripe.PaymentIntentCreateParams) { p.PaymentMethod = stripe.String("pm_card_visa") })
		},
		stripetest.StatusRequiresAction: func(t *testing.T, _ *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			return create(t, api, paidWith("pm_card_threeDSecure2Required"))
		},
		stripetest.StatusRequiresCapture: func(t *testing.T, _ *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			return create(t, api, paidWith("pm_card_visa"))
		},
		stripetest.StatusSucceeded: func(t *testing.T, _ *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			return create(t, api, paidWith("pm_card_visa"), automatic)
		},
		stripetest.StatusCanceled: func(t *testing.T, gw *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			in := create(t, api)
			require.NoError(t, gw.CancelAtDashboard(in.ID))
			return in
		},
		stripetest.StatusProcessing: func(t *testing.T, gw *stripetest.Gateway, api *stripe.Client) *stripe.PaymentIntent {
			in := create(t, api, automatic, func(p *stripe.PaymentIntentCreateParams) { p.PaymentMethodTypes = nil })
			require.NoError(t, gw.Confirm(in.ClientSecret, "pm_usBankAccount"))
			return in
		},
	}
	calls := map[string]func(t *testing.T, api *stripe.Client, id string) error{
		"confirm": func(t *testing.T, api *stripe.Client, id string) error {
			_, err := api.V1PaymentIntents.Confirm(t.Context(), id, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
			return err
		},
		"update": func(t *testing.T, api *stripe.Client, id string) error {
			_, err := api.V1PaymentIntents.Update(t.Context(), id, &stripe.PaymentIntentUpdateParams{Amount: stripe.Int64(1200)})
			return err
		},
		"describe": func(t *testing.T, api *stripe.Client, id string) error {
			_, err := api.V1PaymentIntents.Update(t.Context(), id, &stripe.PaymentIntentUpdateParams{
				Description: stripe.String("new"), Metadata: map[string]string{"a": "b"},
			})
			return err
		},
		"capture": func(t *testing.T, api *stripe.Client, id string) error {
			_, err := api.V1PaymentIntents.Capture(t.Context(), id, nil)
			return err
		},
		"cancel": func(t *testing.T, api *stripe.Client, id string) error {
			_, err := api.V1PaymentIntents.Cancel(t.Context(), id, nil)
			return err
		},
		"refund": func(t *testing.T, api *stripe.Client, id string) error {
			_, err := api.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{PaymentIntent: &id})
			return err
		},
	}
	allowed := map[string][]string{
		"confirm": {stripetest.StatusRequiresPaymentMethod, stripetest.StatusRequiresConfirmation, stripetest.StatusRequiresAction},
		"update":  {stripetest.StatusRequiresPaymentMethod, stripetest.StatusRequiresConfirmation, stripetest.StatusRequiresAction},
		"capture": {stripetest.StatusRequiresCapture},
		"cancel": {
			stripetest.StatusRequiresPaymentMethod, stripetest.StatusRequiresConfirmation, stripetest.StatusRequiresAction,
			stripetest.StatusRequiresCapture,
		},
		"refund":   {stripetest.StatusSucceeded},
		"describe": nil, // always
	}
	for status, prepared := range statuses {
		for name, call := range calls {
			t.Run(name+"/"+status, func(t *testing.T) {
				t.Parallel()
				gw, api := open(t, stripetest.Config{})
				in := prepared(t, gw, api)
				before := book(t, gw)
				require.Equal(t, status, before.Status)
				err := call(t, api, in.ID)
				if name == "describe" || slices.Contains(allowed[name], status) {
					require.NoError(t, err)
					return
				}
				e := refusal(t, err)
				require.Equal(t, 400, e.HTTPStatusCode)
				if name == "refund" && status != stripetest.StatusRequiresCapture {
					require.Empty(t, e.Code)
				} else {
					require.Equal(t, state, string(e.Code))
					require.Equal(t, in.ID, e.PaymentIntent.ID)
				}
				require.Equal(t, before, book(t, gw))
			})
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, paidWith("pm_card_threeDSecure2Required"))
	next, err := api.V1PaymentIntents.Update(t.Context(), in.ID, &stripe.PaymentIntentUpdateParams{
		Amount: stripe.Int64(1500), Metadata: map[string]string{"order": "", "more": "2"}, ReceiptEmail: stripe.String("a@shop.example"),
	})
	require.NoError(t, err)
	require.Equal(t, int64(1500), next.Amount)
	require.Equal(t, map[string]string{"more": "2"}, next.Metadata)
	require.Equal(t, "a@shop.example", next.ReceiptEmail)
	require.Equal(t, stripe.PaymentIntentStatusRequiresConfirmation, next.Status, "the challenge was for another amount")
	require.Error(t, gw.CompleteChallenge(in.ID, true))
	next, err = api.V1PaymentIntents.Confirm(t.Context(), in.ID, &stripe.PaymentIntentConfirmParams{ReturnURL: stripe.String("https://shop.example/r")})
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentNextActionType("redirect_to_url"), next.NextAction.Type)
	require.Equal(t, "https://shop.example/r", next.NextAction.RedirectToURL.ReturnURL)
	require.NoError(t, gw.CompleteChallenge(in.ID, true))
	require.Equal(t, int64(1500), book(t, gw).Authorized)
	require.Equal(t, 1, book(t, gw).Authorizations)
}

func TestShape(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, paidWith("pm_card_visa"))
	require.Equal(t, "payment_intent", in.Object)
	require.True(t, strings.HasPrefix(in.ClientSecret, in.ID+"_secret_"))
	require.Equal(t, map[string]string{"order": "1"}, in.Metadata)
	require.NotEmpty(t, in.LatestCharge.ID)
	require.Empty(t, in.LatestCharge.Object, "it is not expanded unless that is asked for")
	whole := read(t, api, in.ID)
	require.Equal(t, "charge", whole.LatestCharge.Object)
	require.NotNil(t, whole.LatestCharge.Refunds)
	require.Empty(t, whole.LatestCharge.Refunds.Data)
	require.Positive(t, whole.LatestCharge.PaymentMethodDetails.Card.CaptureBefore)
	require.Equal(t, "unavailable", string(whole.LatestCharge.PaymentMethodDetails.Card.Multicapture.Status))
	again := read(t, api, in.ID)
	require.Equal(t, whole.ClientSecret, again.ClientSecret)
	_, err := api.V1PaymentIntents.Retrieve(t.Context(), "pi_none", nil)
	e := refusal(t, err)
	require.Equal(t, 404, e.HTTPStatusCode)
	require.Equal(t, stripe.ErrorCodeResourceMissing, e.Code)
	charge, err := api.V1Charges.Retrieve(t.Context(), whole.LatestCharge.ID, nil)
	require.NoError(t, err)
	require.Equal(t, in.ID, charge.PaymentIntent.ID)
	require.Nil(t, charge.Refunds)
	require.Len(t, gw.Requests(), 5)
}
