// Package crash kills processes that move money, and looks at what is left.
//
// The parent, a test, keeps the gateway. A child, the same program started again, is a shop over a database: it authorizes, captures, refunds and
// cancels, and reaches the gateway over a socket on which one answer in twelve is lost. The parent kills it, starts it again, and in the end holds
// the gateway's books and what the child was told against the rows.
package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// callMessage is a call of a provider, as it is sent from the child to the parent.
type callMessage struct {
	Method string
	payment.Request
	Private    payment.Data // instead of the request's own, which tell nobody
	Context    payment.Data
	Final      bool
	ReasonCode string
	Note       string
}

// request returns the request that was sent.
func (m *callMessage) request() payment.Request {
	r := m.Request
	r.Private, r.Context = payment.NewPrivate(m.Private), payment.NewPrivate(m.Context)
	return r
}

// answerMessage is what the provider answered.
type answerMessage struct {
	Snapshot    snapshotMessage
	Error       string           // empty: none
	Kind        string           // of the error: declined, not_sent, already_done, unsupported, or empty for any other
	Code        string           // a decline's
	AlreadyDone *snapshotMessage // what the error brings along
}

// snapshotMessage is a snapshot with its private part.
type snapshotMessage struct {
	payment.Snapshot
	Private    payment.Data
	HasPrivate bool
}

func sealSnapshot(s payment.Snapshot) snapshotMessage {
	m := snapshotMessage{Snapshot: s}
	if s.Private != nil {
		m.HasPrivate, m.Private = true, s.Private.Reveal()
	}
	return m
}

func (m *snapshotMessage) open() payment.Snapshot {
	s := m.Snapshot
	s.Private = nil
	if m.HasPrivate {
		p := payment.NewPrivate(m.Private)
		s.Private = &p
	}
	return s
}

// sealAnswer makes a message of what a provider answered.
func sealAnswer(s payment.Snapshot, err error) answerMessage {
	m := answerMessage{Snapshot: sealSnapshot(s)}
	if err == nil {
		return m
	}
	m.Error = err.Error()
	if already, ok := payment.AlreadyDoneSnapshot(err); ok {
		sealed := sealSnapshot(already)
		m.Kind, m.AlreadyDone = "already_done", &sealed
		return m
	}
	switch {
	case errors.Is(err, payment.ErrDeclined):
		m.Kind = "declined"
		rest := strings.TrimPrefix(m.Error, payment.ErrDeclined.Error()+" (")
		m.Code, _, _ = strings.Cut(rest, ")")
	case errors.Is(err, payment.ErrNotSent):
		m.Kind = "not_sent"
	case errors.Is(err, payment.ErrUnsupported):
		m.Kind = "unsupported"
	}
	return m
}

func (m *answerMessage) open() (payment.Snapshot, error) {
	s := m.Snapshot.open()
	switch {
	case m.Error == "":
		return s, nil
	case m.Kind == "already_done":
		return s, payment.AlreadyDone(m.AlreadyDone.open())
	case m.Kind == "declined":
		return s, payment.Declined(m.Code, m.Error)
	case m.Kind == "not_sent":
		return s, payment.NotSent(errors.New(m.Error))
	case m.Kind == "unsupported":
		return s, payment.ErrUnsupported
	}
	return s, errors.New(m.Error)
}

// line is the child's way to the parent.
type line struct{ client *http.Client }

func newLine(socket string) *line {
	var d net.Dialer
	return &line{&http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) },
		MaxIdleConnsPerHost: 64,
	}}}
}

// post sends a message and reads the answer into out, unless that is nil. An error says that nobody knows what came of it, but for one of net.Dial.
func (l *line) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://parent"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it is read to its end
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	if out == nil {
		return nil
	}
	d := json.NewDecoder(answer.Body)
	d.UseNumber()
	return d.Decode(out)
}

// remote is the child's provider: each call is the parent's to answer.
type remote struct{ line *line }

func (p *remote) call(ctx context.Context, method string, r payment.Request, more callMessage) (payment.Snapshot, error) {
	more.Method, more.Request, more.Private, more.Context = method, r, r.Private.Reveal(), r.Context.Reveal()
	var a answerMessage
	if err := p.line.post(ctx, "/call", more, &a); err != nil {
		return payment.Snapshot{}, err
	}
	return a.open()
}

// ID is the sandbox's.
func (p *remote) ID() string { return "sandbox" }

// Describe says what the sandbox says of itself.
func (p *remote) Describe() payment.ProviderInfo {
	return payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true, MultiCapture: true, PartialRefund: true}
}

func (p *remote) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return p.call(ctx, "initialize", r.Request, callMessage{})
}

func (p *remote) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return p.call(ctx, "authorize", r.Request, callMessage{})
}

func (p *remote) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return p.call(ctx, "status", r.Request, callMessage{})
}

func (p *remote) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return p.call(ctx, "cancel", r.Request, callMessage{})
}

func (p *remote) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return p.call(ctx, "capture", r.Request, callMessage{Final: r.Final})
}

func (p *remote) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.call(ctx, "refund", r.Request, callMessage{ReasonCode: r.ReasonCode, Note: r.Note})
}

// serve makes a call that came as a message.
func (m *callMessage) serve(ctx context.Context, p payment.Provider) (payment.Snapshot, error) {
	r := m.request()
	switch m.Method {
	case "initialize":
		return p.Initialize(ctx, payment.InitializeRequest{Request: r})
	case "authorize":
		return p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	case "status":
		return p.Status(ctx, payment.StatusRequest{Request: r})
	case "cancel":
		if c, ok := payment.ProviderAs[payment.Canceler](p); ok {
			return c.Cancel(ctx, payment.CancelRequest{Request: r})
		}
	case "capture":
		if c, ok := payment.ProviderAs[payment.Capturer](p); ok {
			return c.Capture(ctx, payment.CaptureRequest{Request: r, Final: m.Final})
		}
	case "refund":
		if c, ok := payment.ProviderAs[payment.Refunder](p); ok {
			return c.Refund(ctx, payment.RefundRequest{Request: r, ReasonCode: m.ReasonCode, Note: m.Note})
		}
	}
	return payment.Snapshot{}, payment.ErrUnsupported
}

var (
	_ payment.Provider  = (*remote)(nil)
	_ payment.Describer = (*remote)(nil)
	_ payment.Canceler  = (*remote)(nil)
	_ payment.Capturer  = (*remote)(nil)
	_ payment.Refunder  = (*remote)(nil)
)
