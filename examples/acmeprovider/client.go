package acmeprovider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/seed40c892db/payment"
)

// change makes a request that changes an order, and returns what the order is then.
func (p *Provider) change(ctx context.Context, r payment.Request, path string, b body) (payment.Snapshot, error) {
	var o order
	err := p.send(ctx, http.MethodPost, path, r.IdempotencyKey, b, &o)
	if f, ok := errors.AsType[*refusalError](err); ok && f.isState() {
		now, unread := p.read(ctx, orderPath(r, ""))
		if unread != nil {
			return payment.Snapshot{}, err // nothing is known, not even that it was refused
		}
		return payment.Snapshot{}, payment.AlreadyDone(now.snapshot())
	}
	if err != nil {
		return payment.Snapshot{}, kind(err)
	}
	return o.snapshot(), nil
}

// read reads an order. Its error says only that it could not be read.
func (p *Provider) read(ctx context.Context, path string) (o order, err error) {
	return o, p.send(ctx, http.MethodGet, path, "", nil, &o)
}

// send makes one HTTP request. The error is a *refusalError where Acme answered.
//
// Go's transport makes a request with an Idempotency-Key again by itself when a kept connection turns out to be broken. The key makes that
// harmless, but a second try that finds no connection proves nothing about the first: hence the trace.
func (p *Provider) send(ctx context.Context, method, path, key string, in, out any) error {
	if ctx.Err() != nil {
		return &notSentError{ctx.Err()}
	}
	var content io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return &notSentError{err}
		}
		content = bytes.NewReader(b)
	}
	q, err := http.NewRequestWithContext(ctx, method, p.cfg.URL+path, content)
	if err != nil {
		return &notSentError{err}
	}
	q.Header.Set("Authorization", "Bearer "+p.cfg.Key)
	q.Header.Set("Content-Type", "application/json")
	if key != "" {
		q.Header.Set("Idempotency-Key", key)
	}
	var connected atomic.Bool
	q = q.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}))
	answer, err := p.cfg.HTTPClient.Do(q)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" && !connected.Load() {
			return &notSentError{err} // there was no connection to send it on
		}
		return err // a timeout, a connection that broke: it may have arrived
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or is of no use
	b, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("acme: the answer broke off: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		f := &refusalError{status: answer.StatusCode}
		_ = json.Unmarshal(b, f) // a proxy's error is no JSON: the status tells enough
		return f
	}
	if json.Unmarshal(b, out) != nil {
		return errors.New("acme: the answer could not be read") // its text is not quoted: it may hold what must not be logged
	}
	return nil
}

// notSentError is an error from before anything was sent.
type notSentError struct{ error }

// refusalError is Acme's answer where it is not 2xx.
type refusalError struct {
	status int
	Code   string `json:"code"`
}

// Error returns "acme: 402 card_declined".
func (f *refusalError) Error() string { return fmt.Sprintf("acme: %d %.64q", f.status, f.Code) }

// isState reports whether Acme refused because the order is in another state: captured, canceled, authorized already.
func (f *refusalError) isState() bool {
	return f.status == http.StatusConflict && f.Code == "order_state"
}

// kind makes one of the four kinds of an error. What is not sure stays as it is, which is the fourth: unknown.
func kind(err error) error {
	if n, ok := errors.AsType[*notSentError](err); ok {
		return payment.NotSent(n.error)
	}
	f, ok := errors.AsType[*refusalError](err)
	if !ok {
		return err
	}
	switch f.status {
	case http.StatusPaymentRequired, http.StatusUnprocessableEntity, http.StatusNotFound:
		return payment.Declined(f.Code, f.Error())
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return payment.NotSent(f) // Acme's documentation says so: it executes none of them, and stores none under the key
	}
	return err // 409 for a key that is being worked on, 408, 5xx, and whatever Acme will think of
}
