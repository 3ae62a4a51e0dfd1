package stripeprovider_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/stripeprovider"
)

// read has the provider read an intent.
func read(t *testing.T, in object, change ...func(*stripeprovider.Config)) (payment.Snapshot, error) {
	t.Helper()
	return call(t, newDouble(t, answer{body: in}).provider(change...), "status", request())
}

func TestStates(t *testing.T) {
	refused := object{"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "Your card has insufficient funds."}
	for _, tc := range []struct {
		status string
		change object
		state  payment.SnapshotState
	}{
		{"requires_payment_method", nil, payment.SnapshotPending},
		{"requires_payment_method", object{"last_payment_error": refused}, payment.SnapshotDeclined},
		{"requires_confirmation", nil, payment.SnapshotPending},
		{"requires_confirmation", object{"last_payment_error": refused}, payment.SnapshotPending},
		{"requires_action", nil, payment.SnapshotRequiresMore},
		{"processing", object{"latest_charge": charge()}, payment.SnapshotProcessing},
		{"requires_capture", object{"latest_charge": charge(), "amount_capturable": 1099}, payment.SnapshotAuthorized},
		{"succeeded", object{"latest_charge": charge(), "amount_received": 1099}, payment.SnapshotAuthorized},
		{"canceled", nil, payment.SnapshotCanceled},
	} {
		in := intent(object{"status": tc.status})
		maps.Copy(in, tc.change)
		s, err := read(t, in)
		require.NoError(t, err)
		require.Equal(t, tc.state, s.State, tc.status)
		require.Equal(t, intentID, s.Reference)
		require.Equal(t, "USD", s.CurrencyCode)
		require.True(t, dec("10.99").Equal(s.Amount))
		require.Equal(t, tc.change["last_payment_error"] != nil, s.Decline != nil)
		require.Equal(t, s.State == payment.SnapshotRequiresMore, s.NextAction != nil)
		require.Equal(t, s.State == payment.SnapshotAuthorized || s.State == payment.SnapshotCanceled, s.Capturable != nil)
		require.Equal(t, s.State == payment.SnapshotAuthorized, s.Authorized.Equal(dec("10.99")), "%s", s.Authorized)
		require.NotNil(t, s.Movements)
		require.Nil(t, s.Private)
		if s.Decline != nil {
			require.Equal(t, payment.Decline{Code: "insufficient_funds", Message: "insufficient_funds: Your card has insufficient funds."}, *s.Decline)
		}
		require.Equal(t, tc.status == "requires_capture", s.CaptureBefore.Equal(time.Unix(1681405305, 0)))
	}
	// One that we have captured was authorized, and what became of the capture is its movement.
	for status, state := range map[string]payment.SnapshotState{
		"requires_payment_method": payment.SnapshotAuthorized, "requires_confirmation": payment.SnapshotAuthorized, "requires_action": payment.SnapshotAuthorized,
		"processing": payment.SnapshotAuthorized, "requires_capture": payment.SnapshotAuthorized, "canceled": payment.SnapshotCanceled,
	} {
		in := received(status, 0, 0, object{key: "1099"})
		in["last_payment_error"] = refused
		s, err := read(t, in)
		require.NoError(t, err)
		require.Equal(t, state, s.State, status)
		require.True(t, s.Capturable.IsZero() && s.NextAction == nil, status)
		require.True(t, state == payment.SnapshotCanceled || s.Decline == nil && s.Authorized.Equal(dec("10.99")), status)
	}
	for name, in := range map[string]object{
		"status":   intent(object{"status": "requires_luck"}),
		"currency": intent(object{"currency": "xts"}),
		"session":  intent(object{"metadata": object{"payment_session_id": "payses_another"}}),
		"intent":   intent(object{"id": "pi_another"}),
		"nothing":  {},
	} {
		s, err := read(t, in)
		require.Error(t, err, name)
		require.Empty(t, s.State)
	}
}

// moved is a movement in short.
type moved struct {
	kind                             payment.MovementKind
	reference, key, amount, happened string
}

func inShort(list []payment.Movement) []moved {
	var out []moved
	for _, m := range list {
		out = append(out, moved{m.Kind, m.Reference, m.IdempotencyKey, m.Amount.String(), string(m.State)})
	}
	return out
}

// received is an intent of which so much was received, with what our captures have written down.
func received(status string, capturable, total int, captures object, refunds ...any) object {
	in := intent(object{"status": status, "amount_capturable": capturable, "amount_received": total, "latest_charge": charge(refunds...)})
	for k, v := range captures {
		in["metadata"].(object)["capture_"+k] = v
	}
	return in
}

func TestMovements(t *testing.T) {
	const thirdKey = "0123456789abcdef0123456789abcdef"
	release := func(reason any) object {
		r := refundOf("re_release", "", "succeeded", 599)
		r["balance_transaction"], r["reason"] = nil, reason
		return r
	}
	got := func(amount, key string) moved {
		reference := chargeID // whatever else was captured, and whatever Config says
		if key != "" {
			reference = intentID + ":" + key // whatever charge is the latest
		}
		return moved{payment.MovementCapture, reference, key, amount, "succeeded"}
	}
	gone := func(amount, key string) moved {
		return moved{payment.MovementCapture, intentID + ":" + key, key, amount, "failed"}
	}
	back := func(reference, key, amount, state string) moved {
		return moved{payment.MovementRefund, reference, key, amount, state}
	}
	for name, tc := range map[string]struct {
		in    object
		multi bool
		want  []moved
		fails bool
	}{
		"none":            {in: received("requires_capture", 1099, 0, nil)},
		"ours":            {in: received("succeeded", 0, 1099, object{key: "1099"}), want: []moved{got("10.99", key)}},
		"ours in part":    {in: received("succeeded", 0, 500, object{key: "500"}), want: []moved{got("5", key)}},
		"dashboard":       {in: received("succeeded", 0, 1099, nil), want: []moved{got("10.99", "")}},
		"dashboard, part": {in: received("succeeded", 0, 700, nil), want: []moved{got("7", "")}},
		"two of ours": {multi: true, in: received("requires_capture", 399, 700, object{otherKey: "200", key: "500"}),
			want: []moved{got("5", key), got("2", otherKey)}},
		"ours and another": {multi: true, in: received("succeeded", 0, 1099, object{key: "500"}),
			want: []moved{got("5", key), got("5.99", "")}},
		"another key of the metadata": {in: received("succeeded", 0, 1099, object{"of the day": "500"}), want: []moved{got("10.99", "")}},
		"came to nothing":             {in: received("requires_capture", 1099, 0, object{key: "1099"})},
		"one of two came to nothing": {multi: true, in: received("requires_capture", 599, 500, object{key: "500", otherKey: "300"}),
			want: []moved{got("5", key)}},
		"takes its time": {in: received("processing", 0, 0, object{key: "1099"}),
			want: []moved{{payment.MovementCapture, intentID + ":" + key, key, "10.99", "pending"}}},
		"failed":                             {in: received("requires_payment_method", 0, 0, object{key: "1099"}), want: []moved{gone("10.99", key)}},
		"failed, paid anew":                  {in: received("requires_action", 0, 0, object{key: "1099"}), want: []moved{gone("10.99", key)}},
		"failed, canceled":                   {in: received("canceled", 0, 0, object{key: "1099"}), want: []moved{gone("10.99", key)}},
		"failed, canceled, twice":            {in: received("canceled", 0, 0, object{key: "1099", otherKey: "500"}), want: []moved{gone("10.99", key), gone("5", otherKey)}},
		"cannot be told":                     {multi: true, in: received("requires_capture", 399, 100, object{key: "500", otherKey: "300", thirdKey: "200"}), fails: true},
		"equal amounts, one came to nothing": {multi: true, in: received("requires_capture", 599, 500, object{key: "500", otherKey: "500"}), fails: true},
		"equal amounts, one capture alone": {in: received("succeeded", 0, 1099, object{key: "1099", otherKey: "1099"}),
			want: []moved{got("10.99", otherKey)}},
		"changed by hand":  {in: received("succeeded", 0, 1099, object{key: "all of it"}), fails: true},
		"zero by hand":     {in: received("succeeded", 0, 1099, object{key: "0"}), fails: true},
		"negative by hand": {in: received("succeeded", 0, 1099, object{key: "-1"}), fails: true},
		"beyond an int64":  {in: received("succeeded", 0, 1099, object{key: "9223372036854775807", otherKey: "9223372036854775807"}), fails: true},

		"refunds": {in: received("succeeded", 0, 1099, object{key: "1099"}, refundOf("re_1", otherKey, "succeeded", 100),
			refundOf("re_2", "", "succeeded", 50), refundOf("re_3", "", "pending", 25), refundOf("re_4", "", "requires_action", 12),
			refundOf("re_5", "", "failed", 6), refundOf("re_6", "", "canceled", 3), refundOf("re_7", "", "queued", 1)),
			want: []moved{got("10.99", key), back("re_1", otherKey, "1", "succeeded"), back("re_2", "", "0.5", "succeeded"),
				back("re_3", "", "0.25", "pending"), back("re_4", "", "0.12", "pending"), back("re_5", "", "0.06", "failed"),
				back("re_6", "", "0.03", "failed"), back("re_7", "", "0.01", "pending")}},
		"refunds with the intent's metadata": {in: received("succeeded", 0, 1099, object{otherKey: "1099"}, refundOf("re_1", intentKey, "succeeded", 100),
			refundOf("re_2", intentKey, "succeeded", 100)),
			want: []moved{got("10.99", otherKey), back("re_1", "", "1", "succeeded"), back("re_2", "", "1", "succeeded")}},
		"released by a final capture": {in: received("succeeded", 0, 500, object{key: "500"}, release(nil)), want: []moved{got("5", key)}},
		"released by a cancel":        {in: received("canceled", 0, 0, nil, release("requested_by_customer"))},
		"lapsed":                      {in: received("canceled", 0, 0, nil, release("expired_uncaptured_charge"))},
		"lapsing": {in: func() object {
			r := release("expired_uncaptured_charge")
			r["status"] = "pending"
			return received("canceled", 0, 0, nil, r)
		}()},
		"ours without a transaction": {in: func() object {
			r := release(nil)
			r["metadata"] = object{"payment_operation": otherKey}
			return received("succeeded", 0, 1099, object{key: "1099"}, r)
		}(), want: []moved{got("10.99", key), back("re_release", otherKey, "5.99", "succeeded")}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := read(t, tc.in, func(c *stripeprovider.Config) { c.MultiCapture = tc.multi })
			if tc.fails {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, inShort(s.Movements))
			references := map[string]bool{}
			for _, m := range s.Movements {
				require.False(t, references[string(m.Kind)+m.Reference])
				references[string(m.Kind)+m.Reference] = true
			}
		})
	}
	s, err := read(t, capturedIntent(key, refundOf("re_1", otherKey, "succeeded", 100)))
	require.NoError(t, err)
	require.True(t, s.Movements[1].At.Equal(time.Unix(1680890000, 0)))
}

// TestAuthorized has what is authorized where captures, releases and cancels came after it.
func TestAuthorized(t *testing.T) {
	failed := charge()
	failed["status"] = "failed"
	bank := charge()
	bank["payment_method_details"] = object{"type": "us_bank_account"}
	partly := charge()
	partly["payment_method_details"].(object)["card"].(object)["amount_authorized"] = 900
	for name, tc := range map[string]struct {
		in   object
		want string
		left string
	}{
		"held":                {authorizedIntent(nil), "10.99", "10.99"},
		"held in part":        {authorizedIntent(object{"latest_charge": partly, "amount_capturable": 900}), "9", "9"},
		"captured in part":    {received("succeeded", 0, 500, object{key: "500"}), "10.99", "0"},
		"canceled before":     {intent(object{"status": "canceled"}), "0", "0"},
		"canceled, declined":  {intent(object{"status": "canceled", "latest_charge": failed}), "0", "0"},
		"canceled after":      {intent(object{"status": "canceled", "latest_charge": charge()}), "10.99", "0"},
		"not a card":          {intent(object{"status": "succeeded", "amount_received": 1099, "latest_charge": bank}), "10.99", "0"},
		"no charge is named":  {intent(object{"status": "succeeded", "amount_received": 1099}), "10.99", "0"},
		"canceled after part": {received("canceled", 0, 500, object{key: "500"}), "10.99", "0"},
	} {
		s, err := read(t, tc.in)
		require.NoError(t, err, name)
		require.True(t, dec(tc.want).Equal(s.Authorized), "%s: %s", name, s.Authorized)
		require.True(t, dec(tc.left).Equal(*s.Capturable), "%s: %s", name, s.Capturable)
	}
}

func TestNextActions(t *testing.T) {
	const url = "https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1"
	sdk := func(kind string) payment.NextAction {
		return payment.NextAction{Kind: payment.ActionClientSDK, Data: payment.Data{"type": kind}}
	}
	redirect := payment.NextAction{Kind: payment.ActionRedirect, URL: url}
	for name, tc := range map[string]struct {
		next any
		want payment.NextAction
	}{
		"redirect":       {object{"type": "redirect_to_url", "redirect_to_url": object{"url": url, "return_url": "https://shop.example"}}, redirect},
		"alipay":         {object{"type": "alipay_handle_redirect", "alipay_handle_redirect": object{"url": url, "native_url": "alipay://hunter2"}}, redirect},
		"boleto":         {object{"type": "boleto_display_details", "boleto_display_details": object{"hosted_voucher_url": url}}, redirect},
		"cashapp":        {object{"type": "x", "cashapp_handle_redirect_or_display_qr_code": object{"hosted_instructions_url": url}}, redirect},
		"bank transfer":  {object{"type": "x", "display_bank_transfer_instructions": object{"hosted_instructions_url": url, "reference": "hunter2"}}, redirect},
		"konbini":        {object{"type": "x", "konbini_display_details": object{"hosted_voucher_url": url}}, redirect},
		"multibanco":     {object{"type": "x", "multibanco_display_details": object{"hosted_voucher_url": url}}, redirect},
		"oxxo":           {object{"type": "x", "oxxo_display_details": object{"hosted_voucher_url": url, "number": "hunter2"}}, redirect},
		"paynow":         {object{"type": "x", "paynow_display_qr_code": object{"hosted_instructions_url": url}}, redirect},
		"pix":            {object{"type": "x", "pix_display_qr_code": object{"hosted_instructions_url": url}}, redirect},
		"promptpay":      {object{"type": "x", "promptpay_display_qr_code": object{"hosted_instructions_url": url}}, redirect},
		"swish":          {object{"type": "x", "swish_handle_redirect_or_display_qr_code": object{"hosted_instructions_url": url}}, redirect},
		"upi":            {object{"type": "x", "upi_handle_redirect_or_display_qr_code": object{"hosted_instructions_url": url}}, redirect},
		"microdeposits":  {object{"type": "verify_with_microdeposits", "verify_with_microdeposits": object{"hosted_verification_url": url}}, redirect},
		"wechat":         {object{"type": "x", "wechat_pay_display_qr_code": object{"hosted_instructions_url": url, "data": "hunter2"}}, redirect},
		"wait":           {object{"type": "card_await_notification", "card_await_notification": object{"charge_attempt_at": 1}}, payment.NextAction{Kind: payment.ActionWait}},
		"Stripe.js":      {object{"type": "use_stripe_sdk", "use_stripe_sdk": object{"type": "three_d_secure_redirect", "stripe_js": "hunter2"}}, sdk("use_stripe_sdk")},
		"blik":           {object{"type": "blik_authorize", "blik_authorize": object{}}, sdk("blik_authorize")},
		"page not given": {object{"type": "oxxo_display_details", "oxxo_display_details": object{"number": "hunter2"}}, sdk("oxxo_display_details")},
		"no word":        {object{"type": "<hunter2>"}, sdk("use_stripe_sdk")},
		"none":           {nil, sdk("use_stripe_sdk")},
	} {
		s, err := read(t, intent(object{"status": "requires_action", "next_action": tc.next}))
		require.NoError(t, err, name)
		require.Equal(t, tc.want, *s.NextAction, name)
	}
}

// TestReplayed sees that an answer from memory is not taken for what is true now.
func TestReplayed(t *testing.T) {
	for _, method := range []string{"initialize", "confirm", "update", "cancel", "capture"} {
		d := newDouble(t, answer{body: authorizedIntent(nil), header: object{"Idempotent-Replayed": "true"}}, answer{body: capturedIntent(key)})
		s, err := call(t, d.provider(), method, request())
		require.NoError(t, err, method)
		require.Equal(t, []moved{{payment.MovementCapture, intentID + ":" + key, key, "10.99", "succeeded"}}, inShort(s.Movements), method)
		require.Len(t, d.asked(), 2)

		d = newDouble(t, answer{body: authorizedIntent(nil), header: object{"Idempotent-Replayed": "true"}}, refusal(500, object{"type": "api_error"}))
		_, err = call(t, d.provider(), method, request())
		require.Equal(t, isUnknown, kindOf(err), method)
	}
	made := refundOf("re_1", otherKey, "pending", 1099)
	made["payment_intent"] = capturedIntent(key)
	d := newDouble(t, answer{body: made, header: object{"Idempotent-Replayed": "true"}}, answer{body: capturedIntent(key, refundOf("re_1", otherKey, "succeeded", 1099))})
	s, err := call(t, d.provider(), "refund", request(func(r *payment.Request) { r.IdempotencyKey = otherKey }))
	require.NoError(t, err)
	require.Equal(t, moved{payment.MovementRefund, "re_1", otherKey, "10.99", "succeeded"}, inShort(s.Movements)[1])
}

// TestRefundAnswers has the answers in which the refund's intent is whole, lacks the refund, or is an ID.
func TestRefundAnswers(t *testing.T) {
	want := []moved{{payment.MovementCapture, intentID + ":" + otherKey, otherKey, "10.99", "succeeded"}, {payment.MovementRefund, "re_1", key, "1", "succeeded"}}
	for name, in := range map[string]any{
		"whole":     capturedIntent(otherKey, refundOf("re_1", key, "succeeded", 100)),
		"lacks it":  capturedIntent(otherKey),
		"an ID":     intentID,
		"charge ID": func() object { in := capturedIntent(otherKey); in["latest_charge"] = chargeID; return in }(),
		"no refunds": func() object {
			in := capturedIntent(otherKey)
			delete(in["latest_charge"].(object), "refunds")
			return in
		}(),
	} {
		made := refundOf("re_1", key, "succeeded", 100)
		made["payment_intent"] = in
		next := answer{body: capturedIntent(otherKey, refundOf("re_1", key, "succeeded", 100))}
		if name == "no refunds" {
			next = answer{body: object{"object": "list", "data": []any{refundOf("re_1", key, "succeeded", 100)}, "has_more": false}}
		}
		d := newDouble(t, answer{body: made}, next)
		s, err := call(t, d.provider(), "refund", request())
		require.NoError(t, err, name)
		require.Equal(t, want, inShort(s.Movements), name)
	}
	made := refundOf("re_1", key, "succeeded", 100)
	made["payment_intent"] = nil
	_, err := call(t, newDouble(t, answer{body: made}).provider(), "refund", request())
	require.Equal(t, isUnknown, kindOf(err))
}

func TestSearch(t *testing.T) {
	lost := request(func(r *payment.Request) { r.Reference = "" })
	page := func(more bool, found ...any) answer {
		return answer{body: object{"object": "search_result", "data": append([]any{}, found...), "has_more": more}}
	}
	for name, tc := range map[string]struct {
		answers []answer
		state   payment.SnapshotState
	}{
		"one":         {[]answer{page(false, authorizedIntent(nil)), {body: authorizedIntent(nil)}}, payment.SnapshotAuthorized},
		"none":        {[]answer{page(false)}, payment.SnapshotNotFound},
		"two":         {[]answer{page(false, authorizedIntent(nil), authorizedIntent(object{"id": "pi_2"}))}, ""},
		"more":        {[]answer{page(true, authorizedIntent(nil))}, ""},
		"none, more":  {[]answer{page(true)}, ""},
		"no search":   {[]answer{refusal(400, invalid("", "", "Search is not supported for merchants in India"))}, ""},
		"no answer":   {[]answer{{hang: true}}, ""},
		"500":         {[]answer{refusal(500, object{"type": "api_error"})}, ""},
		"429":         {[]answer{refusal(429, object{"type": "invalid_request_error"})}, ""},
		"broken":      {[]answer{{body: `{"data": [`}}, ""},
		"not read":    {[]answer{page(false, authorizedIntent(nil)), refusal(404, invalid("resource_missing", "intent", "No such payment_intent"))}, ""},
		"another's":   {[]answer{page(false, authorizedIntent(nil)), {body: authorizedIntent(object{"metadata": object{"payment_session_id": "payses_x"}})}}, ""},
		"no list":     {[]answer{{body: object{}}}, ""},
		"without IDs": {[]answer{page(false, object{"object": "payment_intent"})}, ""},
	} {
		d := newDouble(t, tc.answers...)
		s, err := call(t, d.provider(), "status", lost)
		require.Equal(t, tc.state, s.State, name)
		require.Equal(t, tc.state == "", err != nil, name)
		for _, method := range []string{"update", "cancel", "capture", "refund"} {
			if tc.state == payment.SnapshotAuthorized || name == "not read" || name == "another's" {
				continue
			}
			_, err := call(t, newDouble(t, tc.answers...).provider(), method, lost)
			require.ErrorIs(t, err, payment.ErrNotSent, "%s %s", name, method)
		}
	}
	for _, id := range []string{"", "x' OR status:'succeeded", `x\`, "x y"} {
		d := newDouble(t)
		_, err := call(t, d.provider(), "status", request(func(r *payment.Request) { r.Reference, r.SessionID = "", id }))
		require.Error(t, err)
		require.Empty(t, d.asked())
	}
	// A known reference that is not there is another account's: Stripe deletes no intent.
	s, err := call(t, newDouble(t, refusal(404, invalid("resource_missing", "intent", "No such payment_intent"))).provider(), "status", request())
	require.Error(t, err)
	require.Empty(t, s.State)
	// Authorize waits for the browser, and for Stripe's search.
	s, err = call(t, newDouble(t, page(false)).provider(), "authorize", lost)
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotPending, s.State)
}

// TestEndlessRefunds sees that a list without end is given up, and that no Snapshot is made of a part.
func TestEndlessRefunds(t *testing.T) {
	in := capturedIntent(key)
	in["latest_charge"].(object)["refunds"].(object)["has_more"] = true
	page := object{"object": "list", "has_more": true, "data": slices.Repeat([]any{refundOf("re_1", "", "succeeded", 1)}, 100)}
	d := newDouble(t, slices.Concat([]answer{{body: in}}, slices.Repeat([]answer{{body: page}}, 30))...)
	s, err := call(t, d.provider(), "status", request())
	require.ErrorContains(t, err, "more than 1000 refunds")
	require.Empty(t, s.State)
	require.Len(t, d.asked(), 12)
	for name, broken := range map[string]object{"no list": {}, "without end": {"data": []any{}, "has_more": true}, "null": {"data": []any{nil}, "has_more": true}} {
		_, err := call(t, newDouble(t, answer{body: in}, answer{body: broken}).provider(), "status", request())
		require.ErrorContains(t, err, "no list", name)
	}
}

// planted is an intent with a secret in every text that Stripe's type has, three levels deep.
func planted(t *testing.T) object {
	var in stripe.PaymentIntent
	plant(reflect.ValueOf(&in).Elem(), 0)
	in.LatestCharge.Refunds = &stripe.RefundList{}
	data, err := json.Marshal(&in)
	require.NoError(t, err)
	var out object
	require.NoError(t, json.Unmarshal(data, &out))
	require.Greater(t, strings.Count(string(data), "hunter2"), 500)
	delete(out, "last_payment_error") // another test's
	return out
}

func plant(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("hunter2-" + string(rune('a'+depth)))
	case reflect.Pointer:
		if depth < 4 {
			v.Set(reflect.New(v.Type().Elem()))
			plant(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && !v.Type().Field(i).Anonymous {
				plant(f, depth)
			}
		}
	case reflect.Slice:
		if depth < 4 {
			one := reflect.MakeSlice(v.Type(), 1, 1)
			plant(one.Index(0), depth+1)
			v.Set(one)
		}
	case reflect.Map:
		if v.Type() == reflect.TypeFor[map[string]string]() {
			v.Set(reflect.ValueOf(map[string]string{"hunter2-key": "hunter2-value"}))
		}
	}
}

// TestNothingElseIsPublished plants a secret in every other field of an intent, and looks at what a client gets of the session.
func TestNothingElseIsPublished(t *testing.T) {
	in := planted(t)
	for k, v := range intent(nil) {
		switch k {
		case "id", "object", "amount", "amount_capturable", "amount_received", "client_secret", "currency", "status":
			in[k] = v
		}
	}
	connected := func(c *stripeprovider.Config) { c.Account = "acct_1032D82eZvKYlo2C" }
	d := newDouble(t, answer{body: in})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{d.provider(connected)}})
	require.NoError(t, err)
	order, err := svc.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("10.99")})
	require.NoError(t, err)
	session, err := svc.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: order.ID, ProviderID: "stripe", Amount: dec("10.99"), Context: payment.NewPrivate(map[string]any{"email": "hunter2@example.com"}),
	})
	require.NoError(t, err)

	text := indented(t, session)
	for _, hidden := range []string{"hunter2", secretKey, whsec} {
		require.NotContains(t, text, hidden)
	}
	var public struct {
		Data map[string]any `json:"data"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &public))
	require.Equal(t, []string{"account", "amount", "client_secret", "currency_code", "intent_id", "publishable_key", "status"},
		slices.Sorted(maps.Keys(public.Data)))
	require.Equal(t, map[string]any{
		"intent_id": intentID, "client_secret": secret, "amount": "10.99", "currency_code": "USD", "status": "requires_payment_method",
		"publishable_key": "pk_test_EverybodyMayKnowThis", "account": "acct_1032D82eZvKYlo2C",
	}, public.Data)
	var keys map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &keys))
	require.Equal(t, []string{"amount", "authorized_at", "created_at", "currency_code", "data", "id", "payment_collection_id", "provider_id", "status",
		"updated_at"}, slices.Sorted(maps.Keys(keys)))

	// Whatever the status, and whatever the shopper has to do.
	for _, status := range []string{"requires_payment_method", "requires_confirmation", "requires_action", "processing", "requires_capture", "succeeded", "canceled"} {
		in := maps.Clone(in)
		in["status"] = status
		in["next_action"] = object{"type": "use_stripe_sdk", "use_stripe_sdk": in["next_action"]}
		s, err := read(t, in)
		require.NoError(t, err)
		require.NotContains(t, indented(t, []any{s.Data, s.NextAction, s.Reference, s.Account}), "hunter2")
		require.Nil(t, s.Private)
		require.Len(t, s.Data, 6)
	}
}

// FuzzIntent has Stripe answer anything: nothing panics, and nothing but what the browser needs is published.
func FuzzIntent(f *testing.F) {
	for _, in := range []object{intent(nil), authorizedIntent(nil), capturedIntent(key, refundOf("re_1", otherKey, "pending", 1)), intent(object{"status": "requires_action"}),
		{"latest_charge": object{"object": "charge", "refunds": object{"data": []any{nil}}}, "id": intentID, "currency": "usd", "status": "succeeded"}} {
		data, err := json.Marshal(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "status")
		f.Add(`{"id": "re_1", "payment_intent": `+string(data)+`}`, "refund")
		f.Add(`{"data": [`+string(data)+`, null], "has_more": false}`, "lost")
	}
	f.Add(`{"data": [null]}`, "lost")
	f.Fuzz(func(t *testing.T, body, method string) {
		c := config(func(c *stripeprovider.Config) {
			c.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
			})}
		})
		p, err := stripeprovider.New(c)
		require.NoError(t, err)
		r := request()
		switch method {
		case "initialize", "confirm", "update", "cancel", "capture", "refund":
		case "lost":
			method, r.Reference = "status", ""
		default:
			method = "status"
		}
		s, err := call(t, p, method, r)
		if err != nil {
			return
		}
		require.NotEmpty(t, s.State)
		require.Nil(t, s.Private)
		for k := range s.Data {
			require.Contains(t, []string{"amount", "client_secret", "currency_code", "intent_id", "publishable_key", "status"}, k)
		}
	})
}
