package sandboxprovider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// browse sends one request to the gateway's handler.
func (s *shop) browse(method, path, contentType, body string) (*http.Response, string) {
	s.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.gw.Handler().ServeHTTP(w, r)
	res := w.Result()
	text, err := io.ReadAll(res.Body)
	require.NoError(s, err)
	if in, ok := s.gw.Intent(s.r.Reference); ok {
		require.NotContains(s, string(text), in.Secret)
		for _, values := range res.Header {
			require.NotContains(s, strings.Join(values, " "), in.Secret)
		}
	}
	return res, string(text)
}

func (s *shop) press(result string) (*http.Response, string) {
	s.Helper()
	return s.browse("POST", "/challenge/"+s.books().ClientToken, "application/x-www-form-urlencoded", url.Values{"result": {result}}.Encode())
}

// challenged opens an intent whose challenge is open.
func (s *shop) challenged(returnURL any) {
	s.Helper()
	if returnURL != nil {
		s.r.Context = payment.NewPrivate(map[string]any{"return_url": returnURL, "email": "ada@example.com"})
	}
	s.initialize()
	_, err := s.authorize("", sandboxprovider.Token3DS)
	require.NoError(s, err)
}

func TestChallengePage(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.challenged(nil)
	path := "/challenge/" + s.books().ClientToken
	res, text := s.browse("GET", path, "", "")
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
	require.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"))
	for _, part := range []string{`<html lang="en">`, "10.00 USD", `value="pass"`, `value="fail"`, "prefers-color-scheme: dark", "int_000001"} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "<script")

	res, text = s.press("pass")
	require.Equal(t, 200, res.StatusCode)
	require.Contains(t, text, "Payment approved")
	require.NotContains(t, text, "<button")
	require.Equal(t, payment.SnapshotAuthorized, s.status("").State)

	res, text = s.press("fail") // a second click, too late
	require.Equal(t, 409, res.StatusCode)
	require.Contains(t, text, "Payment approved")
	require.Equal(t, payment.SnapshotAuthorized, s.status("").State)
}

func TestChallengePageFail(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.challenged(nil)
	res, text := s.press("maybe")
	require.Equal(t, 400, res.StatusCode)
	require.Contains(t, text, "Choose one")
	require.Equal(t, payment.SnapshotRequiresMore, s.status("").State)
	res, text = s.press("fail")
	require.Equal(t, 200, res.StatusCode)
	require.Contains(t, text, "was not approved")
	require.Equal(t, "authentication_failed", s.status("").Decline.Code)

	// The shopper is back in the shop, which asks what came of it.
	_, err := s.authorize("", "")
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.Equal(t, "authentication_failed", s.status("").Decline.Code)
	require.Zero(t, s.gw.Authorizations(s.r.SessionID))
	s.did(s.authorize("", sandboxprovider.TokenVisa))
}

func TestChallengePageSaysWhereTheIntentStands(t *testing.T) {
	for title, do := range map[string]func(s *shop) error{
		"Payment canceled":     func(s *shop) error { return s.gw.CancelAtDashboard(s.r.Reference) },
		"No challenge is open": func(s *shop) error { _, err := s.update("", "5"); return err },
		"is being decided":     func(s *shop) error { _, err := s.authorize("", sandboxprovider.TokenDelayed); return err },
	} {
		s := newShop(t, gatewayConfig{}, config{})
		s.challenged(nil)
		require.NoError(t, do(s))
		res, text := s.browse("GET", "/challenge/"+s.books().ClientToken, "", "")
		require.Equal(t, 200, res.StatusCode)
		require.Contains(t, text, title)
		require.NotContains(t, text, "<button")
	}
}

func TestReturnURL(t *testing.T) {
	for _, tc := range []struct {
		given any
		sent  string
	}{
		{"https://shop.example/return?cart=1&x=%3C", "https://shop.example/return?cart=1&x=%3C"},
		{"http://localhost:3000/", "http://localhost:3000/"},
		{"javascript:alert(1)", ""},
		{"//evil.example", ""},
		{"/return", ""},
		{"https://user:word@shop.example", ""},
		{"data:text/html,x", ""},
		{"https://", ""},
		{"http://[", ""},
		{json.Number("7"), ""},
	} {
		for _, result := range []string{"pass", "fail"} {
			s := newShop(t, gatewayConfig{}, config{})
			s.challenged(tc.given)
			_, text := s.browse("GET", "/challenge/"+s.books().ClientToken, "", "")
			require.Equal(t, tc.sent != "", strings.Contains(text, "Back to the shop"))
			require.NotContains(t, text, "javascript:")
			require.NotContains(t, text, "ada@example.com")
			res, _ := s.press(result)
			if tc.sent == "" {
				require.Equal(t, 200, res.StatusCode)
				require.Empty(t, res.Header.Get("Location"))
				continue
			}
			require.Equal(t, 303, res.StatusCode)
			require.Equal(t, tc.sent, res.Header.Get("Location"))
			require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"))
		}
	}
}

func TestReturnURLIsUpdated(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.challenged("https://shop.example/old")
	s.r.Context = payment.NewPrivate(map[string]any{"return_url": "https://shop.example/new"})
	_, err := s.update("", "5")
	require.NoError(t, err)
	_, err = s.authorize("", sandboxprovider.Token3DS)
	require.NoError(t, err)
	res, _ := s.press("pass")
	require.Equal(t, "https://shop.example/new", res.Header.Get("Location"))
}

func TestWhatTheHandlerRefuses(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{ClientConfirms: true})
	s.initialize()
	token := s.books().ClientToken
	big := strings.Repeat("x", 17<<10)
	const form, js = "application/x-www-form-urlencoded", "application/json"
	for _, tc := range []struct {
		method, path, contentType, body string
		status                          int
	}{
		{"GET", "/challenge/ct_guessed", "", "", 404},
		{"GET", "/challenge/int_000001", "", "", 404}, // an ID is no credential
		{"POST", "/challenge/ct_guessed", form, "result=pass", 404},
		{"GET", "/intents/ct_guessed", "", "", 404},
		{"GET", "/intents/int_000001", "", "", 404},
		{"POST", "/intents/ct_guessed/confirm", js, `{"token":"tok_visa"}`, 404},
		{"GET", "/intents/" + token + "/confirm", "", "", 405},
		{"DELETE", "/intents/" + token, "", "", 405},
		{"PUT", "/challenge/" + token, form, "result=pass", 405},
		{"POST", "/challenge/" + token, form, "result=" + big, 413},
		{"POST", "/challenge/" + token, form, "result=%zz", 400},
		{"POST", "/challenge/" + token, form, "result=pass", 409}, // no challenge is open
		{"POST", "/challenge/" + token + "?result=pass", form, "", 400},
		{"POST", "/intents/" + token + "/confirm", js, `{"token":"` + big + `"}`, 413},
		{"POST", "/intents/" + token + "/confirm", js, `{`, 400},
		{"POST", "/intents/" + token + "/confirm", js, ``, 400},
		{"POST", "/intents/" + token + "/confirm", js, `{"token":7}`, 400},
		{"POST", "/intents/" + token + "/confirm", js, `{}`, 400},
		{"POST", "/intents/" + token + "/confirm", js, `{"token":"tok_nobody_knows"}`, 422},
		{"POST", "/intents/" + token + "/confirm", js, `{"token":"tok_500"}`, 500},
		{"POST", "/capture", js, `{}`, 404},
		{"GET", "/", "", "", 404},
	} {
		res, _ := s.browse(tc.method, tc.path, tc.contentType, tc.body)
		require.Equal(t, tc.status, res.StatusCode, "%s %.60s", tc.method, tc.path)
	}
}

func TestConfirmOverHTTP(t *testing.T) {
	s := newShop(t, gatewayConfig{IntentLife: time.Hour}, config{ClientConfirms: true})
	s.initialize()
	token := s.books().ClientToken
	ask := func(method, path, body string) (int, map[string]any) {
		res, text := s.browse(method, path, "application/json", body)
		require.Equal(t, "application/json", res.Header.Get("Content-Type"))
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		return res.StatusCode, got
	}
	status, got := ask("GET", "/intents/"+token, "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{
		"intent_id": "int_000001", "status": "requires_payment_method", "amount": "10.00", "currency_code": "USD",
	}, got)

	confirm := "/intents/" + token + "/confirm"
	status, got = ask("POST", confirm, `{"token":"tok_insufficient_funds"}`)
	require.Equal(t, 402, status)
	require.Equal(t, "insufficient_funds", got["error"])
	require.Equal(t, "insufficient_funds", got["decline_code"])

	s.gw.FailNext(sandboxprovider.MethodConfirm, fault{Kind: sandboxprovider.FaultRequestLost})
	status, got = ask("POST", confirm, `{"token":"tok_visa"}`)
	require.Equal(t, 504, status)
	require.Equal(t, map[string]any{"error": "no_answer"}, got)

	status, got = ask("POST", confirm, `{"token":"tok_3ds"}`)
	require.Equal(t, 200, status)
	require.Equal(t, "requires_action", got["status"])
	next := got["next_action"].(map[string]any)
	require.Equal(t, "https://sandbox.example/challenge/"+token, next["url"])
	require.NoError(t, s.gw.CompleteChallenge(s.r.Reference, true))

	status, got = ask("GET", "/intents/"+token, "")
	require.Equal(t, 200, status)
	require.Equal(t, "requires_capture", got["status"])
	status, got = ask("POST", confirm, `{"token":"tok_visa"}`)
	require.Equal(t, 409, status)
	require.Equal(t, "already_authorized", got["error"])

	for _, c := range s.gw.Requests()[1:] {
		require.True(t, c.Browser)
	}
}

func TestTheHandlerDoesNotConfirmForTheServer(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	res, text := s.browse("POST", "/intents/"+s.books().ClientToken+"/confirm", "application/json", `{"token":"tok_visa"}`)
	require.Equal(t, 422, res.StatusCode)
	require.Contains(t, text, "confirmed_elsewhere")
	require.Zero(t, s.gw.Authorizations("payses_1"))
}

func TestTheHandlerBehindAPrefix(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.challenged(nil)
	server := httptest.NewServer(http.StripPrefix("/sandbox", s.gw.Handler()))
	defer server.Close()
	page := server.URL + "/sandbox/challenge/" + s.books().ClientToken
	res, err := http.PostForm(page, url.Values{"result": {"pass"}}) // the form posts to its own page
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, payment.SnapshotAuthorized, s.status("").State)
}
