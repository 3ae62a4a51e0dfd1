package simulation

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/seed40c892db/payment"
)

// What must never be seen in public begins with one of these: what the simulation plants in Context and Input, and what the gateway's
// Private holds.
const (
	planted   = "zq-planted-"
	ofPrivate = "access_"
	// What a gateway says in words is for logs alone.
	ofGateway = "zq-words-"
)

// secrets looks for planted secrets wherever the public looks.
type secrets struct {
	watch bool // look at everything, in every form; else only where it costs little
	buf   strings.Builder
}

// leaks reports whether a text holds what nobody may see.
func leaks(text string) bool {
	return strings.Contains(text, planted) || strings.Contains(text, ofPrivate)
}

// shows reports whether a text for clients holds what they may not see.
func shows(text string) bool { return leaks(text) || strings.Contains(text, ofGateway) }

// said looks at a text that was said to a caller.
func (s *secrets) said(w *world, where string, err error) {
	text := err.Error()
	if shows(text) {
		w.fail("%s holds a secret: %s", where, text)
	}
	if !documented(err) {
		w.fail("%s is none that is documented: %v", where, err)
	}
	w.toldError(err)
	if s.watch {
		s.look(w, where, err)
	}
}

// returned looks at a row that was returned to a caller.
func (w *world) returned(row any) {
	if w.secrets.watch {
		w.secrets.look(w, "what was returned", row)
	}
}

func (s *secrets) returnedEvent(w *world, e *payment.Event) {
	if s.watch {
		s.look(w, "an event that is delivered", e)
	}
}

// timeline looks at a Timeline, which is for the merchant's staff: it may hold what a gateway said, but no secret.
func (s *secrets) timeline(w *world, t *payment.Timeline) {
	if leaks(t.String()) {
		w.fail("a Timeline holds a secret: %s", around(t.String()))
	}
	text, err := json.Marshal(t)
	if err != nil {
		w.fail("a Timeline has no JSON: %v", err)
	}
	if leaks(string(text)) {
		w.fail("a Timeline's JSON holds a secret: %s", around(string(text)))
	}
}

// committed looks at what the public may see of a commit.
func (s *secrets) committed(w *world, c *payment.Changes) {
	for _, e := range c.Events {
		if shows(e.Code) || shows(e.Notice) || shows(e.Reference) {
			w.fail("an event holds a secret: %+v", *e)
		}
	}
	for _, x := range c.Sessions {
		if shows(x.Reason) || shows(x.Reference) {
			w.fail("session %s holds a secret", x.ID)
		}
		s.publicData(w, x.Data)
		s.publicData(w, x.Metadata)
		if a := x.NextAction; a != nil {
			if shows(a.URL) || shows(a.Text) {
				w.fail("a NextAction holds a secret")
			}
			s.publicData(w, a.Data)
		}
	}
	for _, x := range c.Payments {
		s.publicData(w, x.Data)
	}
	if !s.watch {
		return
	}
	s.look(w, "a committed row", c.Collection)
	for _, x := range c.Sessions {
		s.look(w, "a committed row", x)
	}
	for _, x := range c.Payments {
		s.look(w, "a committed row", x)
	}
	for _, x := range c.Captures {
		s.look(w, "a committed row", x)
	}
	for _, x := range c.Refunds {
		s.look(w, "a committed row", x)
	}
	for _, x := range c.Operations {
		s.look(w, "a committed row", x)
	}
	for _, x := range c.Events {
		s.look(w, "a committed row", x)
	}
}

func (s *secrets) publicData(w *world, d payment.Data) {
	for _, v := range d {
		if text, ok := v.(string); ok && shows(text) {
			w.fail("public Data holds a secret: %s", text)
		}
	}
}

// look prints a value in all the ways in which a host might, and looks for secrets.
func (s *secrets) look(w *world, where string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		if _, isErr := v.(error); !isErr {
			w.fail("%s, a %T, has no JSON: %v", where, v, err)
		}
	}
	s.buf.Reset()
	s.buf.Write(text)
	_, _ = fmt.Fprintf(&s.buf, "%v\n%+v\n%#v\n", v, v, v)
	slog.New(slog.NewTextHandler(&s.buf, nil)).Info("look", "value", v)
	if shows(s.buf.String()) {
		w.fail("%s, a %T, shows a secret: %s", where, v, around(s.buf.String()))
	}
}

// around returns what stands around a secret.
func around(text string) string {
	at := max(strings.Index(text, planted), strings.Index(text, ofPrivate), strings.Index(text, ofGateway))
	return text[max(0, at-60):min(len(text), at+60)]
}

// logs is where the library's logger writes to, in a form that hosts use.
type logs struct{ w *world }

func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(logs{w}, nil)) }

// Write looks at a line.
func (l logs) Write(line []byte) (int, error) {
	if text := string(line); leaks(text) {
		l.w.fail("a log line holds a secret: %s", around(text))
	}
	return len(line), nil
}

var _ io.Writer = logs{}
