package stripetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest body of a request.
const maxBody = 1 << 20

// keyRecord is what an idempotency key has done.
type keyRecord struct {
	request string // that came with it first: its path and parameters
	running bool   // it is under way
	answer  answer
	at      time.Time
}

// answer is what goes back to the client.
type answer struct {
	status int
	body   []byte
	id     string // Request-Id
	retry  string // Stripe-Should-Retry; empty where it is not said
}

// call is one request on its way through the gateway.
type call struct {
	op      Operation
	id      string // of the object that the path names
	account string
	key     string
	form    url.Values
	params  params
	source  string // who asks: api, browser, dashboard
}

// serve answers one request.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	form, formErr := readForm(r)
	op, id, routed := route(r.Method, r.URL.Path)
	c := call{op: op, id: id, form: form, source: SourceAPI, account: r.Header.Get("Stripe-Account")}
	if r.Method == http.MethodPost {
		c.key = r.Header.Get("Idempotency-Key")
	}
	log, fault := g.arrive(r, c, routed)

	e := g.admit(r)
	switch {
	case e != nil:
	case formErr != nil:
		e = invalid("", "", "The body of the request could not be read.")
	case !routed:
		e = invalid("", "", "Unrecognized request URL (%s: %s). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
			r.Method, r.URL.Path)
		e.Status = http.StatusNotFound
	case len(c.key) > 255:
		e = invalid("", "", "The Idempotency-Key must be at most 255 characters.")
	}
	if c.account == "" {
		c.account = defaultAccount
	}
	if e != nil {
		g.leave(w, log, g.failed(e), false, "")
		return
	}
	g.answerTo(w, c, log, fault)
}

// answerTo executes a request that was let in, or says what became of its key, and writes the answer.
func (g *Gateway) answerTo(w http.ResponseWriter, c call, log int, fault Fault) {
	record, known, e := g.claim(c)
	if e != nil {
		g.leave(w, log, g.failed(e), false, "")
		return
	}
	if known {
		g.leave(w, log, record.answer, true, "")
		return
	}
	g.wait(fault.Before)
	if fault.Kind == FaultRequestLost {
		g.settle(c, nil)
		hangUp(w)
		return
	}
	a, kept := g.execute(c, fault.Kind)
	if kept {
		g.settle(c, &a)
	} else {
		g.settle(c, nil)
	}
	g.wait(fault.After)
	g.mu.Lock()
	stalled := g.stalled
	g.mu.Unlock()
	g.wait(stalled)
	g.leave(w, log, a, false, fault.Kind)
}

// arrive writes a request into the log, and takes the fault that is planned for it.
func (g *Gateway) arrive(r *http.Request, c call, routed bool) (int, Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	header := r.Header.Clone()
	header.Del("Authorization")
	q := Request{
		Operation: c.op, Method: r.Method, Path: r.URL.Path, Key: c.key, Version: r.Header.Get("Stripe-Version"), Account: c.account,
		Params: c.form, Header: header,
	}
	var fault Fault
	if routed {
		fault = g.nextFault(c.op)
		q.Fault = fault.Kind
	}
	g.requests = append(g.requests, q)
	return len(g.requests) - 1, fault
}

// wait waits until c is closed, or the gateway is.
func (g *Gateway) wait(c <-chan struct{}) {
	if c == nil {
		return
	}
	select {
	case <-c:
	case <-g.closed:
	}
}

// readForm returns the parameters of the query and the body.
func readForm(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodPost {
		return query, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return query, io.ErrUnexpectedEOF
	}
	form, err := url.ParseQuery(string(body))
	for k, v := range query {
		form[k] = append(form[k], v...)
	}
	return form, err
}

// route finds the operation, and the ID that the path names.
func route(method, path string) (op Operation, id string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 2 || parts[0] != "v1" {
		return "", "", false
	}
	if len(parts) > 2 {
		id = parts[2]
	}
	shape := method + " " + parts[1]
	if len(parts) > 2 {
		shape += "/{id}"
	}
	if len(parts) > 3 {
		shape += "/" + strings.Join(parts[3:], "/")
	}
	switch shape {
	case "POST payment_intents":
		return OpCreate, "", true
	case "GET payment_intents/{id}":
		if id == "search" {
			return OpSearch, "", true
		}
		return OpRetrieve, id, true
	case "POST payment_intents/{id}":
		return OpUpdate, id, true
	case "POST payment_intents/{id}/confirm":
		return OpConfirm, id, true
	case "POST payment_intents/{id}/capture":
		return OpCapture, id, true
	case "POST payment_intents/{id}/cancel":
		return OpCancel, id, true
	case "POST refunds":
		return OpRefund, "", true
	case "GET refunds":
		return OpRefunds, "", true
	case "GET refunds/{id}":
		return OpRetrieveRefund, id, true
	case "GET charges/{id}":
		return OpRetrieveCharge, id, true
	}
	return "", "", false
}

// admit refuses who may not ask.
func (g *Gateway) admit(r *http.Request) *Error {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if user, _, basic := r.BasicAuth(); basic {
		key, ok = user, true
	}
	refuse := func(status int, code, message string) *Error {
		return &Error{Status: status, Type: "invalid_request_error", Code: code, Message: message}
	}
	switch {
	case !ok || key == "":
		return refuse(http.StatusUnauthorized, "", "You did not provide an API key. You need to provide your API key in the Authorization header.")
	case strings.HasPrefix(key, "pk_"):
		return refuse(http.StatusUnauthorized, "secret_key_required",
			"This API call cannot be made with a publishable API key. Please use a secret API key.")
	case key != g.cfg.SecretKey:
		return refuse(http.StatusUnauthorized, "", "Invalid API Key provided: "+key[:min(len(key), 8)]+"****")
	}
	if account := r.Header.Get("Stripe-Account"); account != "" && !slices.Contains(g.cfg.Accounts, account) {
		return refuse(http.StatusForbidden, "account_invalid", "The provided key 'sk_test_***' does not have access to account '"+account+
			"' (or that account does not exist). Application access may have been revoked.")
	}
	return nil
}

// claim begins a request under its key. known says that the key's answer is there already.
func (g *Gateway) claim(c call) (record *keyRecord, known bool, e *Error) {
	if c.key == "" {
		return nil, false, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	name, request := c.account+" "+c.key, string(c.op)+" "+c.id+"?"+c.form.Encode()
	old := g.keys[name]
	switch {
	case old == nil, !old.running && g.cfg.Now().Sub(old.at) >= g.cfg.KeyTTL:
		g.keys[name] = &keyRecord{request: request, running: true, at: g.cfg.Now()}
		return nil, false, nil
	case old.request != request:
		return nil, false, keyReused(c.key)
	case old.running:
		return nil, false, keyInUse(c.key)
	}
	return old, true, nil
}

// settle ends a request under its key: with the answer that is kept, or with none, so that the key is free again.
func (g *Gateway) settle(c call, a *answer) {
	if c.key == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	name := c.account + " " + c.key
	if a == nil {
		delete(g.keys, name)
		return
	}
	g.keys[name].running, g.keys[name].answer = false, *a
}

// execute does what was asked, in one piece. kept says that the answer is kept under the key.
func (g *Gateway) execute(c call, fault FaultKind) (a answer, kept bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var e *Error
	if c.params, e = parse(c.form, schemaOf(c.op)); e != nil {
		return g.refusal(e), false
	}
	planned := faultError(fault, c.key)
	if planned != nil && fault != FaultServerErrorAfter {
		return g.refusal(planned), planned.kept
	}
	g.asking = c.key
	o, e := g.do(c)
	g.asking = ""
	switch {
	case planned != nil && (e == nil || e.kept):
		return g.refusal(planned), true
	case e != nil:
		return g.refusal(e), e.kept
	}
	body, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return g.refusal(faultError(FaultServerError, "")), true
	}
	return answer{status: http.StatusOK, body: body, id: g.newID("req")}, true
}

// do executes an operation. g.mu is held.
func (g *Gateway) do(c call) (object, *Error) {
	switch c.op {
	case OpCreate:
		return g.create(c)
	case OpSearch:
		return g.search(c)
	case OpRefund:
		return g.createRefund(c)
	case OpRefunds:
		return g.listRefunds(c)
	case OpRetrieveRefund:
		r := g.findRefund(c.account, c.id)
		if r == nil {
			return nil, missing("refund", "id", c.id)
		}
		return g.finish(g.renderRefund(r), c.params)
	case OpRetrieveCharge:
		ch := g.findCharge(c.account, c.id)
		if ch == nil {
			return nil, missing("charge", "id", c.id)
		}
		return g.finish(g.renderCharge(ch), c.params)
	case OpRetrieve, OpUpdate, OpConfirm, OpCapture, OpCancel, OpAny:
	}
	in := g.find(c.account, c.id)
	if in == nil {
		return nil, missing("payment_intent", "intent", c.id)
	}
	if e := g.checkExpand(g.renderIntent(in), c.params); e != nil {
		return nil, e // before anything is executed
	}
	if e := g.change(in, c); e != nil {
		return nil, e
	}
	return g.finish(g.renderIntent(in), c.params)
}

// change executes what an intent's endpoints do. g.mu is held.
func (g *Gateway) change(in *intent, c call) *Error {
	var e *Error
	switch c.op {
	case OpUpdate:
		e = g.update(in, c)
	case OpConfirm:
		e = g.confirm(in, c)
	case OpCapture:
		e = g.capture(in, c)
	case OpCancel:
		e = g.cancel(in, c)
	case OpRetrieve, OpCreate, OpSearch, OpRefund, OpRefunds, OpRetrieveRefund, OpRetrieveCharge, OpAny:
	}
	g.indexed(in)
	return e
}

// failed is refusal for who does not hold g.mu.
func (g *Gateway) failed(e *Error) answer {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refusal(e)
}

// refusal returns an error as an answer. g.mu is held.
func (g *Gateway) refusal(e *Error) answer {
	a := answer{status: e.Status, id: g.newID("req")}
	if e.Status == http.StatusConflict || e.Code == "lock_timeout" {
		a.retry = "true"
	}
	body, err := json.MarshalIndent(g.errorBody(e), "", "  ")
	if err != nil {
		body = []byte(`{"error":{"type":"api_error","message":"An unknown error occurred."}}`)
	}
	a.body = body
	return a
}

// leave writes an answer, or loses it, and notes in the log what it was.
func (g *Gateway) leave(w http.ResponseWriter, log int, a answer, replayed bool, fault FaultKind) {
	g.mu.Lock()
	q := &g.requests[log]
	q.Status, q.Code, q.Replayed = a.status, codeOf(a), replayed
	g.mu.Unlock()
	switch fault {
	case FaultAnswerLost:
		hangUp(w)
		return
	case FaultAnswerBroken:
		a.status, a.body = http.StatusOK, []byte("<html><body>Bad gateway</body></html>")
	default:
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Request-Id", a.id)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.retry != "" {
		h.Set("Stripe-Should-Retry", a.retry)
	}
	if replayed {
		h.Set("Idempotent-Replayed", "true")
		h.Set("Original-Request", a.id)
	}
	w.WriteHeader(a.status)
	if fault == FaultAnswerCut {
		_, _ = w.Write(a.body[:len(a.body)/2]) // the rest is lost
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		hangUp(w)
		return
	}
	_, _ = w.Write(a.body) // the client has gone: nobody is left to tell
}

// codeOf returns the code of an error's answer, or its type.
func codeOf(a answer) string {
	if a.status == http.StatusOK {
		return ""
	}
	var body struct {
		Error struct{ Type, Code string }
	}
	if json.NewDecoder(bytes.NewReader(a.body)).Decode(&body) != nil {
		return ""
	}
	if body.Error.Code == "" {
		return body.Error.Type
	}
	return body.Error.Code
}

// hangUp ends the connection without another word.
func hangUp(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	if conn, _, err := h.Hijack(); err == nil {
		_ = conn.Close() // that it ends is all that matters
	}
}
