package stripeprovider_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
)

// signature is what Stripe computes, by its documentation: https://docs.stripe.com/webhooks#verify-manually
func signature(secret string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strconv.FormatInt(at.Unix(), 10) + "." + body))
	return hex.EncodeToString(mac.Sum(nil))
}

func signed(header, body string) payment.WebhookRequest {
	r := payment.WebhookRequest{Header: http.Header{}, Body: []byte(body), Now: ago(0)}
	if header != "" {
		r.Header.Set("Stripe-Signature", header)
	}
	return r
}

// eventOf is an event as Stripe sends it.
func eventOf(kind string, about object, change object) string {
	e := object{
		"id": "evt_1NG8Du2eZvKYlo2CUI79vXWy", "object": "event", "api_version": "2026-03-25.dahlia", "created": 1774440000, "type": kind,
		"livemode": false, "pending_webhooks": 1, "request": object{"id": "req_1", "idempotency_key": key}, "data": object{"object": about},
	}
	maps.Copy(e, change)
	data, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestSignature(t *testing.T) {
	body := eventOf("payment_intent.succeeded", intent(nil), nil)
	now := ago(0)
	p := newDouble(t).provider(func(c *stripeprovider.Config) { c.WebhookSecrets = []string{whsec, "whsec_new"} })
	head := func(at time.Time, v1 ...string) string {
		return fmt.Sprintf("t=%d,v1=%s", at.Unix(), strings.Join(v1, ",v1="))
	}
	good := signature(whsec, now, body)
	odd := eventOf("refund.updated", object{"object": "refund", "amount": "much"}, nil)
	noObject := eventOf("refund.updated", nil, object{"data": object{}})
	for name, tc := range map[string]struct {
		header, body string
		ok           bool
	}{
		"by the first secret":  {head(now, good), body, true},
		"by the second":        {head(now, signature("whsec_new", now, body)), body, true},
		"one of two":           {head(now, signature("whsec_other", now, body), good), body, true},
		"beside no signature":  {head(now, "zz", good) + ",v0=00", body, true},
		"spaces":               {strings.ReplaceAll(head(now, good), ",", ", "), body, true},
		"5 minutes old":        {head(ago(5*time.Minute), signature(whsec, ago(5*time.Minute), body)), body, true},
		"5 minutes early":      {head(ago(-5*time.Minute), signature(whsec, ago(-5*time.Minute), body)), body, true},
		"older":                {head(ago(301*time.Second), signature(whsec, ago(301*time.Second), body)), body, false},
		"earlier":              {head(ago(-301*time.Second), signature(whsec, ago(-301*time.Second), body)), body, false},
		"another date":         {head(ago(time.Second), good), body, false},
		"by another secret":    {head(now, signature("whsec_other", now, body)), body, false},
		"of another body":      {head(now, good), body + " ", false},
		"cut":                  {head(now, good[:62]), body, false},
		"test mode's":          {fmt.Sprintf("t=%d,v0=%s", now.Unix(), good), body, false},
		"no date":              {"v1=" + good, body, false},
		"two dates":            {fmt.Sprintf("t=%d,", ago(time.Hour).Unix()) + head(now, good), body, false},
		"date is no number":    {"t=now,v1=" + good, body, false},
		"date is negative":     {"t=-1,v1=" + good, body, false},
		"date before time":     {"t=-62135596800," + head(now, good), body, false},
		"no signature":         {fmt.Sprintf("t=%d", now.Unix()), body, false},
		"empty":                {"", body, false},
		"many":                 {head(now, strings.Split(strings.Repeat(good+" ", 17), " ")[:17]...), body, false},
		"no JSON":              {head(now, signature(whsec, now, "hunter2")), "hunter2", false},
		"no event":             {head(now, signature(whsec, now, "{}")), "{}", false},
		"thin":                 {head(now, signature(whsec, now, `{"id":"evt_1","object":"v2.core.event"}`)), `{"id":"evt_1","object":"v2.core.event"}`, false},
		"another shape":        {head(now, signature(whsec, now, odd)), odd, false},
		"no object":            {head(now, signature(whsec, now, noObject)), noObject, false},
		"event without an ID":  {head(now, signature(whsec, now, `{"object":"event"}`)), `{"object":"event"}`, false},
		"signed as empty text": {head(now, signature("", now, body)), body, false},
	} {
		m, err := p.VerifyWebhook(t.Context(), signed(tc.header, tc.body))
		if !tc.ok {
			require.Error(t, err, name)
			require.Empty(t, m)
			require.NotContains(t, err.Error(), "hunter2")
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, payment.WebhookMessage{
			EventID: "evt_1NG8Du2eZvKYlo2CUI79vXWy", Type: "payment_intent.succeeded", SessionID: sessionID, IdempotencyKey: key, Reference: intentID,
		}, m, name)
	}
	twice := signed(head(now, good), body)
	twice.Header.Add("Stripe-Signature", head(now, good))
	_, err := p.VerifyWebhook(t.Context(), twice)
	require.Error(t, err)

	none := newDouble(t).provider(func(c *stripeprovider.Config) { c.WebhookSecrets = nil })
	_, err = none.VerifyWebhook(t.Context(), signed(head(now, good, signature("", now, body)), body))
	require.Error(t, err)

	narrow := newDouble(t).provider(func(c *stripeprovider.Config) { c.WebhookTolerance = time.Second })
	_, err = narrow.VerifyWebhook(t.Context(), signed(head(ago(2*time.Second), signature(whsec, ago(2*time.Second), body)), body))
	require.Error(t, err)
}

// send signs a body, and has it verified.
func send(t *testing.T, body string, change ...func(*stripeprovider.Config)) payment.WebhookMessage {
	t.Helper()
	m, err := newDouble(t).provider(change...).VerifyWebhook(t.Context(), signed(fmt.Sprintf("t=%d,v1=%s", ago(0).Unix(), signature(whsec, ago(0), body)), body))
	require.NoError(t, err)
	require.Nil(t, m.Snapshot) // Stripe can be asked
	return m
}

func TestEvents(t *testing.T) {
	dispute := object{
		"id": "du_1MtJUT2eZvKYlo2CNaw2HvEv", "object": "dispute", "amount": 1099, "currency": "usd", "charge": chargeID, "payment_intent": intentID,
		"reason": "fraudulent", "status": "needs_response", "metadata": object{},
	}
	told := func(about, change object) object {
		about = maps.Clone(about)
		maps.Copy(about, change)
		return about
	}
	warning := object{"id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": true, "charge": chargeID, "fraud_type": "made_with_stolen_card", "payment_intent": intentID}
	review := object{"id": "prv_1", "object": "review", "open": true, "opened_reason": "rule", "reason": "rule", "charge": chargeID, "payment_intent": intentID}
	made := charge()
	made["payment_intent"], made["metadata"] = intentID, object{"payment_session_id": sessionID}
	expanded := refundOf("re_1", otherKey, "succeeded", 100)
	expanded["payment_intent"] = intent(nil)
	for _, tc := range []struct {
		kind                  string
		about                 object
		session, notice, code string
		reference             string
	}{
		{kind: "payment_intent.created", about: intent(nil), session: sessionID, reference: intentID},
		{kind: "payment_intent.amount_capturable_updated", about: authorizedIntent(nil), session: sessionID, reference: intentID},
		{kind: "payment_intent.payment_failed", about: intent(nil), session: sessionID, reference: intentID},
		{kind: "payment_intent.canceled", about: intent(nil), session: sessionID, reference: intentID},
		{kind: "charge.refunded", about: made, session: sessionID, reference: intentID},
		{kind: "charge.succeeded", about: charge()}, // of no intent
		{kind: "refund.created", about: refundOf("re_1", otherKey, "succeeded", 100), session: sessionID, reference: intentID},
		{kind: "refund.updated", about: refundOf("re_1", "", "succeeded", 100), reference: intentID},
		{kind: "refund.failed", about: expanded, session: sessionID, reference: intentID},
		{kind: "charge.refund.updated", about: refundOf("re_1", "", "failed", 100), reference: intentID},
		{kind: "payment_intent.partially_funded", about: intent(object{"status": "requires_action"}), session: sessionID, reference: intentID},
		{kind: "charge.dispute.created", about: dispute, reference: intentID, notice: "dispute.created", code: "fraudulent"},
		{kind: "charge.dispute.created", about: told(dispute, object{"status": "prevented"}), reference: intentID, notice: "dispute.created", code: "prevented"},
		{kind: "charge.dispute.updated", about: told(dispute, object{"status": "under_review"}), reference: intentID, notice: "dispute.updated", code: "under_review"},
		{kind: "charge.dispute.closed", about: told(dispute, object{"status": "won"}), reference: intentID, notice: "dispute.closed", code: "won"},
		{kind: "charge.dispute.closed", about: told(dispute, object{"status": "lost"}), reference: intentID, notice: "dispute.closed", code: "lost"},
		{kind: "charge.dispute.closed", about: told(dispute, object{"status": "<b>"}), reference: intentID, notice: "dispute.closed", code: "fraudulent"},
		{kind: "charge.dispute.funds_withdrawn", about: dispute, reference: intentID, notice: "dispute.funds_withdrawn", code: "needs_response"},
		{kind: "charge.dispute.funds_reinstated", about: told(dispute, object{"status": "won"}), reference: intentID, notice: "dispute.funds_reinstated", code: "won"},
		{kind: "charge.dispute.created", about: told(dispute, object{"status": "warning_needs_response"}), reference: intentID, notice: "inquiry.created", code: "fraudulent"},
		{kind: "charge.dispute.closed", about: told(dispute, object{"status": "warning_closed"}), reference: intentID, notice: "inquiry.closed", code: "warning_closed"},
		{kind: "radar.early_fraud_warning.created", about: warning, reference: intentID, notice: "early_fraud_warning.created", code: "made_with_stolen_card"},
		{kind: "radar.early_fraud_warning.updated", about: warning, reference: intentID, notice: "early_fraud_warning.updated", code: "made_with_stolen_card"},
		{kind: "review.opened", about: review, reference: intentID, notice: "review.opened", code: "rule"},
		{kind: "review.closed", about: told(review, object{"reason": "approved"}), reference: intentID, notice: "review.closed", code: "approved"},
		{kind: "review.opened", about: told(review, object{"payment_intent": nil})}, // of no intent
		{kind: "customer.created", about: object{"id": "cus_1", "object": "customer", "payment_intent": intentID}},
		{kind: "invoice.paid", about: object{"id": "in_1", "object": "invoice", "metadata": object{"payment_session_id": sessionID}}},
	} {
		m := send(t, eventOf(tc.kind, tc.about, nil))
		require.Equal(t, tc.kind, m.Type)
		require.Equal(t, "evt_1NG8Du2eZvKYlo2CUI79vXWy", m.EventID)
		require.Equal(t, tc.reference, m.Reference, tc.kind)
		require.Equal(t, tc.session, m.SessionID, tc.kind)
		require.Equal(t, tc.reference != "", m.IdempotencyKey == key, tc.kind)
		require.Equal(t, tc.notice != "", m.Notice != nil, tc.kind)
		if m.Notice != nil {
			require.Equal(t, []any{tc.notice, tc.about["id"], tc.code}, []any{m.Notice.Kind, m.Notice.Reference, m.Notice.Code})
			disputed := tc.about["object"] == "dispute"
			require.Equal(t, disputed, dec("10.99").Equal(m.Notice.Amount), tc.kind)
			require.Equal(t, disputed, m.Notice.CurrencyCode == "USD", tc.kind)
		}
	}
}

func TestEventsOfOthers(t *testing.T) {
	nobody := payment.WebhookMessage{EventID: "evt_1NG8Du2eZvKYlo2CUI79vXWy", Type: "payment_intent.succeeded"}
	connected := func(c *stripeprovider.Config) { c.Account = "acct_1032D82eZvKYlo2C" }
	live := func(c *stripeprovider.Config) { c.SecretKey, c.PublishableKey = "sk_live_x", "pk_live_x" }
	ours := object{"account": "acct_1032D82eZvKYlo2C"}
	for _, tc := range []struct {
		change object
		config []func(*stripeprovider.Config)
		ours   bool
	}{
		{nil, nil, true},
		{ours, []func(*stripeprovider.Config){connected}, true},
		{object{"livemode": true}, []func(*stripeprovider.Config){live}, true},
		{ours, nil, false},
		{nil, []func(*stripeprovider.Config){connected}, false},
		{object{"account": "acct_another"}, []func(*stripeprovider.Config){connected}, false},
		{object{"livemode": true}, nil, false},
		{nil, []func(*stripeprovider.Config){live}, false},
	} {
		m := send(t, eventOf("payment_intent.succeeded", intent(nil), tc.change), tc.config...)
		if tc.ours {
			require.Equal(t, intentID, m.Reference)
			continue
		}
		require.Equal(t, nobody, m)
	}
	for _, given := range []any{nil, object{"id": "req_1", "idempotency_key": nil}, object{"idempotency_key": "the host's own"}, object{"idempotency_key": strings.Repeat("G", 32)}} {
		m := send(t, eventOf("payment_intent.succeeded", intent(nil), object{"request": given}))
		require.Equal(t, intentID, m.Reference)
		require.Empty(t, m.IdempotencyKey)
	}
}

func FuzzVerifyWebhook(f *testing.F) {
	body := eventOf("payment_intent.succeeded", intent(nil), nil)
	f.Add(fmt.Sprintf("t=%d,v1=%s", ago(0).Unix(), signature(whsec, ago(0), body)), body)
	f.Add("t=1,v1=", "{}")
	f.Add("", "")
	p, err := stripeprovider.New(config())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, body string) {
		m, err := p.VerifyWebhook(t.Context(), signed(header, body))
		if err != nil {
			require.Empty(t, m)
			return
		}
		date := regexp.MustCompile(`t=\+?(\d+)`).FindStringSubmatch(header)
		require.NotNil(t, date)
		seconds, err := strconv.ParseInt(date[1], 10, 64)
		require.NoError(t, err)
		require.Contains(t, strings.ToLower(header), signature(whsec, time.Unix(seconds, 0), body))
		require.NotEmpty(t, m.EventID)
	})
}
