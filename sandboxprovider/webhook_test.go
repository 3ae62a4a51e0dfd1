package sandboxprovider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// sent drains and verifies the gateway's messages.
func (s *shop) sent() []payment.WebhookMessage {
	s.Helper()
	var all []payment.WebhookMessage
	for _, w := range s.gw.Webhooks() {
		m, err := s.p.VerifyWebhook(context.Background(), w)
		require.NoError(s, err)
		all = append(all, m)
	}
	return all
}

func types(all []payment.WebhookMessage) string {
	var list []string
	for _, m := range all {
		list = append(list, m.Type)
	}
	return strings.Join(list, " ")
}

func TestEveryChangeIsTold(t *testing.T) {
	for _, tc := range []struct {
		name  string
		gw    gatewayConfig
		do    func(s *shop)
		types string
	}{
		{"create", gatewayConfig{}, func(s *shop) { s.initialize() }, "intent.created"},
		{"update", gatewayConfig{}, func(s *shop) { s.initialize(); s.did(s.update("", "5")) }, "intent.created intent.updated"},
		{"authorize", gatewayConfig{}, func(s *shop) { s.authorized() }, "intent.created intent.authorized"},
		{"decline", gatewayConfig{}, func(s *shop) { s.initialize(); s.not(s.authorize("", "tok_declined")) }, "intent.created intent.declined"},
		{"challenge", gatewayConfig{}, func(s *shop) {
			s.initialize()
			s.did(s.authorize("", "tok_3ds"))
			require.NoError(s, s.gw.CompleteChallenge(s.r.Reference, true))
		}, "intent.created intent.requires_action intent.authorized"},
		{"delayed", gatewayConfig{}, func(s *shop) {
			s.initialize()
			s.did(s.authorize("", "tok_delayed"))
			require.NoError(s, s.gw.ResolveDelayed(s.r.Reference, false))
		}, "intent.created intent.processing intent.declined"},
		{"auto capture", gatewayConfig{AutoCapture: true}, func(s *shop) { s.authorized() }, "intent.created intent.authorized capture.succeeded"},
		{"capture and refund", gatewayConfig{}, func(s *shop) {
			s.authorized()
			s.did(s.capture("", "4", false))
			s.did(s.refund("", "4"))
		}, "intent.created intent.authorized capture.succeeded refund.succeeded"},
		{"async", gatewayConfig{AsyncCaptures: true}, func(s *shop) {
			s.authorized()
			s.did(s.capture("", "4", false))
			require.NoError(s, s.gw.ResolveMovement("cap_000001", false))
		}, "intent.created intent.authorized capture.pending capture.failed"},
		{"void", gatewayConfig{}, func(s *shop) { s.authorized(); s.did(s.cancel("")) }, "intent.created intent.authorized intent.canceled"},
		{"release", gatewayConfig{}, func(s *shop) {
			s.authorized()
			s.did(s.capture("", "4", false))
			s.did(s.cancel(""))
		}, "intent.created intent.authorized capture.succeeded authorization.released"},
		{"lapse", gatewayConfig{AuthorizationLife: time.Hour}, func(s *shop) {
			s.authorized()
			s.now = s.now.Add(time.Hour)
			s.gw.Intents()
			s.gw.Intents()
		}, "intent.created intent.authorized authorization.expired"},
		{"expire", gatewayConfig{IntentLife: time.Hour}, func(s *shop) {
			s.initialize()
			s.now = s.now.Add(time.Hour)
			s.gw.Intents()
		}, "intent.created intent.expired"},
		{"nothing", gatewayConfig{}, func(s *shop) {
			s.authorized()
			s.not(s.capture("", "40", false))
			s.status("")
		}, "intent.created intent.authorized"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShop(t, tc.gw, config{})
			tc.do(s)
			require.Equal(t, tc.types, types(s.sent()))
			require.Empty(t, s.gw.Webhooks(), "they were drained")
		})
	}
}

func TestWebhookMessage(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	s.gw.Webhooks()
	key := s.key()
	_, err := s.capture(key, "4", false)
	require.NoError(t, err)
	m := s.sent()[0]
	require.Equal(t, "evt_000003", m.EventID)
	require.Equal(t, "capture.succeeded", m.Type)
	require.Equal(t, "payses_1", m.SessionID)
	require.Equal(t, key, m.IdempotencyKey)
	require.Equal(t, s.r.Reference, m.Reference)
	require.Nil(t, m.Notice)
	asked := s.status("")
	require.Nil(t, m.Snapshot.Data, "what the browser has stays")
	require.Nil(t, m.Snapshot.Private)
	asked.Data, asked.Private = nil, nil
	require.Equal(t, asked, *m.Snapshot)

	require.NoError(t, s.gw.CancelAtDashboard(s.r.Reference))
	require.Empty(t, s.sent()[0].IdempotencyKey, "no request of ours did it")
}

func TestForgedWebhooks(t *testing.T) {
	s := newShop(t, gatewayConfig{WebhookSecrets: []string{"right"}}, config{})
	s.initialize()
	good := s.gw.Webhooks()[0]
	signature := good.Header.Get(sandboxprovider.SignatureHeader)
	require.Regexp(t, `^t=1772366400,v1=[0-9a-f]{64}$`, signature)
	other := sandboxprovider.NewGateway(gatewayConfig{WebhookSecrets: []string{"wrong"}})
	sign := func(gw *sandboxprovider.Gateway, body string, at time.Time) payment.WebhookRequest {
		w := gw.SignWebhook([]byte(body), at)
		w.Now = s.now
		return w
	}
	with := func(signatures ...string) payment.WebhookRequest {
		w := good
		w.Header = http.Header{sandboxprovider.SignatureHeader: signatures}
		return w
	}
	body := string(good.Body)
	v1 := signature[strings.Index(signature, "v1="):]
	for _, tc := range []struct {
		name string
		w    payment.WebhookRequest
		err  string
	}{
		{"wrong secret", sign(other, body, s.now), "signature is wrong"},
		{"other body", payment.WebhookRequest{Header: good.Header, Body: []byte(strings.Replace(body, "1000", "9000", 1)), Now: s.now}, "signature is wrong"},
		{"other date", with("t=1772366401," + v1), "signature is wrong"},
		{"too old", sign(s.gw, body, s.now.Add(-5*time.Minute-time.Second)), "away from now"},
		{"ten hours ahead", sign(s.gw, body, s.now.Add(10*time.Hour)), "away from now"},
		{"just too far ahead", sign(s.gw, body, s.now.Add(5*time.Minute+time.Second)), "away from now"},
		{"no header", payment.WebhookRequest{Body: good.Body, Now: s.now}, "0 Sandbox-Signature headers"},
		{"two headers", with(signature, signature), "2 Sandbox-Signature headers"},
		{"empty", with(""), "malformed"},
		{"no date", with(v1), "malformed"},
		{"empty date", with("t=," + v1), "malformed"},
		{"two dates", with("t=1772366400," + signature), "malformed"},
		{"no signature", with("t=1772366400"), "malformed"},
		{"empty signature", with("t=1772366400,v1="), "signature is wrong"},
		{"short signature", with(signature[:len(signature)-2]), "signature is wrong"},
		{"not hex", with("t=1772366400,v1=xyz"), "malformed"},
		{"old scheme only", with("t=1772366400,v0=" + strings.TrimPrefix(v1, "v1=")), "malformed"},
		{"too many", with(signature + strings.Repeat(",v1=00", 16)), "malformed"},
		{"too long", with(signature + ",x=" + strings.Repeat("x", 4<<10)), "malformed"},
		{"oversized", sign(s.gw, body+strings.Repeat(" ", 256<<10), s.now), "256 KiB"},
		{"not JSON", sign(s.gw, "{", s.now), "no message"},
		{"two values", sign(s.gw, body+body, s.now), "no message"},
		{"null", sign(s.gw, "null", s.now), "lacks"},
		{"no intent", sign(s.gw, `{"id":"evt_1","type":"intent.created"}`, s.now), "lacks"},
		{"no currency", sign(s.gw, `{"id":"evt_1","type":"t","intent":{"id":"int_1"}}`, s.now), "CurrencyCode"},
		{"no status", sign(s.gw, `{"id":"evt_1","type":"t","intent":{"id":"int_1","currency":"USD"}}`, s.now), "status"},
		{"long id", sign(s.gw, `{"id":"`+strings.Repeat("x", 256)+`","type":"t","intent":{"id":"int_1"}}`, s.now), "255"},
		{"dispute in no currency", sign(s.gw, strings.Replace(body, `"intent":`, `"dispute":{},"intent":`, 1), s.now), "CurrencyCode"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, err := s.p.VerifyWebhook(context.Background(), tc.w)
			require.ErrorContains(t, err, tc.err)
			require.Equal(t, payment.WebhookMessage{}, m)
			require.NotContains(t, err.Error(), "right")
		})
	}
	for name, w := range map[string]payment.WebhookRequest{
		"as sent":                good,
		"at the edge of old":     sign(s.gw, body, s.now.Add(-5*time.Minute)),
		"at the edge ahead":      sign(s.gw, body, s.now.Add(5*time.Minute)),
		"with a later scheme":    with(signature + ",v2=whatever"),
		"with one wrong of two":  with(strings.Replace(signature, "v1=", "v1=00,v1=", 1)),
		"with one right of many": with(strings.Replace(signature, "v1=", strings.Repeat("v1=00,", 15)+"v1=", 1)),
		"exactly 256 KiB":        sign(s.gw, body+strings.Repeat(" ", 256<<10-len(body)), s.now),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.p.VerifyWebhook(context.Background(), w)
			require.NoError(t, err)
		})
	}
}

func TestDatesFarAway(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	body := s.gw.Webhooks()[0].Body
	for _, at := range []int64{0, -1 << 62, 1 << 62} {
		w := s.gw.SignWebhook(body, time.Unix(at, 0))
		w.Now = s.now
		_, err := s.p.VerifyWebhook(context.Background(), w)
		require.Error(t, err)
	}
	w := s.gw.SignWebhook(body, s.now)
	w.Now = time.Time{}
	_, err := s.p.VerifyWebhook(context.Background(), w)
	require.Error(t, err, "without a now, nothing is right")
}

func TestTolerance(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{Tolerance: time.Minute})
	s.initialize()
	w := s.gw.Webhooks()[0]
	w.Now = s.now.Add(time.Minute)
	_, err := s.p.VerifyWebhook(context.Background(), w)
	require.NoError(t, err)
	w.Now = s.now.Add(time.Minute + time.Second)
	_, err = s.p.VerifyWebhook(context.Background(), w)
	require.Error(t, err)
}

func TestRotatedSecrets(t *testing.T) {
	for _, tc := range []struct {
		name     string
		gateway  []string
		provider []string
		ok       bool
	}{
		{"gateway first", []string{"new", "old"}, []string{"old"}, true},
		{"provider first", []string{"old"}, []string{"new", "old"}, true},
		{"both", []string{"new", "old"}, []string{"old", "new"}, true},
		{"old one gone", []string{"old"}, []string{"new"}, false},
		{"an empty secret is none", []string{""}, []string{""}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShop(t, gatewayConfig{WebhookSecrets: tc.gateway}, config{Secrets: tc.provider})
			s.initialize()
			w := s.gw.Webhooks()[0]
			require.Equal(t, len(tc.gateway), strings.Count(w.Header.Get(sandboxprovider.SignatureHeader), "v1="))
			_, err := s.p.VerifyWebhook(context.Background(), w)
			require.Equal(t, tc.ok, err == nil, "%v", err)
		})
	}
}

func TestWebhooksAreSignedWhenSent(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	s.now = s.now.Add(24 * time.Hour)
	w := s.gw.Webhooks()[0]
	require.Equal(t, s.now, w.Now)
	first, err := s.p.VerifyWebhook(context.Background(), w)
	require.NoError(t, err)
	s.now = s.now.Add(24 * time.Hour)
	again, err := s.p.VerifyWebhook(context.Background(), s.gw.SignWebhook(w.Body, s.now))
	require.NoError(t, err)
	require.Equal(t, first.EventID, again.EventID)
}

func TestOnWebhook(t *testing.T) {
	var s *shop
	var got []string
	s = newShop(t, gatewayConfig{OnWebhook: func(w payment.WebhookRequest) {
		m, err := s.p.VerifyWebhook(context.Background(), w)
		require.NoError(t, err)
		// No lock is held: the gateway can be asked, as the library would.
		now, err := s.p.Status(context.Background(), payment.StatusRequest{Request: payment.Request{Reference: m.Reference}})
		require.NoError(t, err)
		got = append(got, m.Type+" "+string(now.State))
	}}, config{})
	s.authorized()
	require.NoError(t, s.gw.CancelAtDashboard(s.r.Reference))
	require.Equal(t, []string{"intent.created pending", "intent.authorized authorized", "intent.canceled canceled"}, got)
	require.Empty(t, s.gw.Webhooks())
}

func FuzzVerifyWebhook(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	gw := sandboxprovider.NewGateway(gatewayConfig{Now: func() time.Time { return now }, WebhookSecrets: []string{"new", "old"}})
	p := sandboxprovider.New(gw, config{})
	r := payment.Request{SessionID: "payses_1", Amount: dec("10"), CurrencyCode: "USD"}
	s, err := p.Initialize(context.Background(), payment.InitializeRequest{Request: r})
	require.NoError(f, err)
	r.Reference = s.Reference
	_, err = p.Authorize(context.Background(), payment.AuthorizeRequest{Request: r})
	require.NoError(f, err)
	_, err = p.Capture(context.Background(), payment.CaptureRequest{Request: r})
	require.NoError(f, err)
	_, err = gw.Dispute(r.Reference, dec("1"))
	require.NoError(f, err)
	for _, w := range gw.Webhooks() {
		f.Add(w.Header.Get(sandboxprovider.SignatureHeader), w.Body)
	}
	f.Add("t=1772366400,v1=00", []byte(`{}`))
	f.Add("t=-1,v1=,v1=", []byte(`{"id":"evt_1","type":"x","intent":{"id":"int_1","currency":"JPY","status":"canceled","amount":-9223372036854775808}}`))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		kept := bytes.Clone(body)
		w := payment.WebhookRequest{Header: http.Header{sandboxprovider.SignatureHeader: {header}}, Body: body, Now: now}
		if _, err := p.VerifyWebhook(context.Background(), w); err == nil {
			// Only the gateway knows the secrets: what is accepted carries one of its own signatures.
			var t0 string
			for part := range strings.SplitSeq(header, ",") {
				if name, value, _ := strings.Cut(part, "="); strings.TrimSpace(name) == "t" {
					t0 = value
				}
			}
			own := gw.SignWebhook(body, now).Header.Get(sandboxprovider.SignatureHeader)
			one, two, _ := strings.Cut(own[strings.Index(own, "v1="):], ",")
			lower := strings.ToLower(header)
			if t0 == "1772366400" {
				require.True(t, strings.Contains(lower, one[3:]) || strings.Contains(lower, two[3:]), "accepted without a signature: %s", header)
			}
		}
		// A message that is signed must be read without a panic, whatever it says, and say what it is about.
		m, err := p.VerifyWebhook(context.Background(), gw.SignWebhook(body, now))
		if err == nil {
			require.NotEmpty(t, m.EventID)
			require.NotEmpty(t, m.Reference)
			require.True(t, json.Valid(body))
		}
		require.Equal(t, kept, body)
	})
}
