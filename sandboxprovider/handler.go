package sandboxprovider

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/seed40c892db/payment"
)

// maxFormBytes is the largest body that a browser may send.
const maxFormBytes = 16 << 10

// Handler returns what the gateway shows a shopper's browser. Mount it where [GatewayConfig].BaseURL says:
//
//	GET  /intents/{client_token}          the intent as JSON: intent_id, status, amount, currency_code, decline_code, next_action
//	POST /intents/{client_token}/confirm  {"token": "tok_visa"} confirms, with Config.ClientConfirms; answers the same
//	GET  /challenge/{client_token}        the bank's page, to which a NextAction sends the shopper
//	POST /challenge/{client_token}        result=pass or result=fail; sends the shopper back to the return URL
//
// A client token is a credential: who knows it may confirm and pass the challenge. Nothing else is asked for, and nothing else of
// the intent is shown. The return URL is followed only if it is http or https.
func (g *Gateway) Handler() http.Handler {
	page, err := template.New("challenge").Parse(pageText)
	h := &browserHandler{gw: g, page: page, broken: err}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /intents/{client_token}", h.show)
	mux.HandleFunc("POST /intents/{client_token}/confirm", h.confirm)
	mux.HandleFunc("GET /challenge/{client_token}", h.challenge)
	mux.HandleFunc("POST /challenge/{client_token}", h.complete)
	return mux
}

// browserHandler serves a gateway to browsers.
type browserHandler struct {
	gw     *Gateway
	page   *template.Template
	broken error // why there is no page
}

// intentView is all that a browser learns of an intent.
type intentView struct {
	Error        string              `json:"error,omitempty"`
	IntentID     string              `json:"intent_id,omitempty"`
	Status       IntentStatus        `json:"status,omitempty"`
	Amount       string              `json:"amount,omitempty"`
	CurrencyCode string              `json:"currency_code,omitempty"`
	DeclineCode  string              `json:"decline_code,omitempty"`
	NextAction   *payment.NextAction `json:"next_action,omitempty"`
}

// show answers with the intent.
func (h *browserHandler) show(w http.ResponseWriter, r *http.Request) {
	h.answer(w, r, request{Method: MethodRetrieve, Client: r.PathValue("client_token"), Browser: true})
}

// confirm tries to authorize the intent.
func (h *browserHandler) confirm(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFormBytes))
	if err != nil {
		writeJSON(w, tooLarge(err), intentView{Error: "body_unreadable"})
		return
	}
	if err := json.Unmarshal(data, &body); err != nil || body.Token == "" {
		writeJSON(w, http.StatusBadRequest, intentView{Error: "token_missing"})
		return
	}
	h.answer(w, r, request{Method: MethodConfirm, Client: r.PathValue("client_token"), Token: body.Token, Browser: true})
}

// answer sends a request to the gateway, and its answer to the browser.
func (h *browserHandler) answer(w http.ResponseWriter, r *http.Request, q request) {
	a, err := h.gw.do(r.Context(), q)
	if err != nil {
		writeJSON(w, http.StatusGatewayTimeout, intentView{Error: "no_answer"})
		return
	}
	v := intentView{Error: a.Code}
	if b := a.Intent; b != nil {
		v.IntentID, v.Status, v.CurrencyCode, v.DeclineCode = b.ID, b.Status, b.Currency, b.DeclineCode
		if rule, err := h.gw.rule(b.Currency); err == nil {
			v.Amount = rule.FromMinorUnits(b.Amount).StringFixed(int32(rule.Digits))
		}
		if b.ChallengeURL != "" {
			v.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: b.ChallengeURL, ExpiresAt: b.ExpiresAt}
		}
	}
	writeJSON(w, a.Status, v)
}

// pageView is what the challenge page shows.
type pageView struct {
	Title, Text          string
	IntentID             string
	Amount, CurrencyCode string
	Open                 bool // the challenge can be completed
	ReturnURL            string
	Style                template.CSS
}

// challenge shows the bank's page.
func (h *browserHandler) challenge(w http.ResponseWriter, r *http.Request) {
	v, ok := h.view(r.PathValue("client_token"))
	if !ok {
		h.nothing(w)
		return
	}
	h.render(w, http.StatusOK, v)
}

// complete is the shopper pressing a button.
func (h *browserHandler) complete(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("client_token")
	v, ok := h.view(token)
	if !ok {
		h.nothing(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		h.render(w, tooLarge(err), pageView{Title: "That did not work", Text: "The form could not be read."})
		return
	}
	result := r.PostForm.Get("result")
	if result != "pass" && result != "fail" {
		v.Text = "Choose one of the two."
		h.render(w, http.StatusBadRequest, v)
		return
	}
	// An error says that the challenge is over: a double click, or another window. The page then says how it ended.
	err := h.gw.CompleteChallenge(v.IntentID, result == "pass")
	if err == nil && v.ReturnURL != "" {
		secure(w)
		http.Redirect(w, r, v.ReturnURL, http.StatusSeeOther)
		return
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusConflict
	}
	v, _ = h.view(token)
	h.render(w, status, v)
}

// view describes the intent's challenge; false where there is no such intent.
func (h *browserHandler) view(clientToken string) (pageView, bool) {
	var v pageView
	found := false
	h.gw.locked(func(now time.Time) {
		in := h.gw.findClient(clientToken, now)
		if in == nil {
			return
		}
		found = true
		v.IntentID, v.CurrencyCode = in.id, in.currency
		if rule, err := h.gw.rule(in.currency); err == nil {
			v.Amount = rule.FromMinorUnits(in.amount).StringFixed(int32(rule.Digits))
		}
		v.ReturnURL = safeURL(in.returnURL)
		switch in.status() {
		case IntentRequiresAction:
			v.Open = true
			v.Title, v.Text = "Confirm your payment", "Your bank asks whether this payment is yours."
		case IntentRequiresCapture, IntentSucceeded:
			v.Title, v.Text = "Payment approved", "You can close this window."
		case IntentCanceled:
			v.Title, v.Text = "Payment canceled", "This payment is no longer possible."
		case IntentRequiresPaymentMethod:
			v.Title, v.Text = "No challenge is open", "The payment was not approved. You can try again in the shop."
		case IntentProcessing:
			v.Title, v.Text = "No challenge is open", "The payment is being decided."
		}
	})
	return v, found
}

// nothing answers for an intent that is not there.
func (h *browserHandler) nothing(w http.ResponseWriter) {
	h.render(w, http.StatusNotFound, pageView{Title: "Not found", Text: "There is no such payment."})
}

// render writes the page.
func (h *browserHandler) render(w http.ResponseWriter, status int, v pageView) {
	v.Style = pageStyle
	var out bytes.Buffer
	err := h.broken
	if err == nil {
		err = h.page.Execute(&out, v)
	}
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	secure(w)
	sum := sha256.Sum256([]byte(pageStyle))
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the browser has gone: nobody is left to tell
}

// writeJSON writes an answer.
func writeJSON(w http.ResponseWriter, status int, v intentView) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer could not be made", http.StatusInternalServerError)
		return
	}
	secure(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the browser has gone: nobody is left to tell
}

// secure keeps the client token, which is in the URL, to this browser and this page.
func secure(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// safeURL returns an absolute http or https URL without user info, and "" for any other.
func safeURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// tooLarge is the status of a body that could not be read.
func tooLarge(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}
