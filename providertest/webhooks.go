package providertest

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

func genuineNeeded(k *kit) string {
	return hook("Webhook", func(c Config) bool { return c.Webhook != nil })(k)
}

func dated(k *kit) string {
	if k.c.WebhookUndated {
		return "Config.WebhookUndated: the gateway's signatures carry no date"
	}
	return ""
}

func undated(k *kit) string {
	if !k.c.WebhookUndated {
		return "Config.WebhookUndated is not set: the date tells a replay"
	}
	return ""
}

// genuine returns a message of the gateway about an authorized session.
func (k *kit) genuine() (payment.WebhookRequest, *session) {
	k.Helper()
	s := k.authorized()
	return k.about(s), s
}

// about returns a message of the gateway about a session.
func (k *kit) about(s *session) payment.WebhookRequest {
	k.Helper()
	w := k.c.Webhook(k.TB, k.p, s.r)
	if w.Now.IsZero() {
		w.Now = time.Now()
	}
	w.Now = w.Now.UTC()
	return w
}

// verify makes the call, with copies, under a deadline.
func (k *kit) verify(w payment.WebhookRequest) (payment.WebhookMessage, error) {
	k.Helper()
	v, _ := payment.ProviderAs[payment.WebhookVerifier](k.p)
	w.Header, w.Body = w.Header.Clone(), bytes.Clone(w.Body)
	type outcome struct {
		m   payment.WebhookMessage
		err error
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.c.Timeout)
	defer cancel()
	o, broken := watch(k.c.Timeout+k.grace(), "VerifyWebhook", func() outcome {
		m, err := v.VerifyWebhook(ctx, w)
		return outcome{m, err}
	})
	if broken != "" {
		k.Fatal(broken)
	}
	return o.m, o.err
}

// accepted verifies a genuine message.
func (k *kit) accepted() (payment.WebhookRequest, *session, payment.WebhookMessage) {
	k.Helper()
	w, s := k.genuine()
	m, err := k.verify(w)
	if err != nil {
		k.Fatalf("the message from Config.Webhook must be accepted: %v", err)
	}
	return w, s, m
}

// forged fails the case where a message is accepted that the gateway never sent.
func (k *kit) forged(how string, w payment.WebhookRequest) {
	k.Helper()
	if _, err := k.verify(w); err == nil {
		k.Errorf("a message was accepted %s", how)
	}
}

func checkWebhookGenuine(k *kit) {
	_, s, m := k.accepted()
	if m.SessionID == "" && m.Reference == "" && m.IdempotencyKey == "" && m.Notice == nil {
		k.Errorf("the message must say what it concerns: SessionID, Reference, IdempotencyKey and Notice are all empty")
	}
	if m.SessionID != "" && m.SessionID != s.r.SessionID {
		k.Errorf("the message is about session %s, not %q", s.r.SessionID, m.SessionID)
	}
	if m.Reference != "" && s.r.Reference != "" && m.Reference != s.r.Reference {
		k.Errorf("the message is about %q, not %q", s.r.Reference, m.Reference)
	}
}

func checkWebhookEventID(k *kit) {
	w, _, first := k.accepted()
	again, err := k.verify(w)
	if err != nil || again.EventID != first.EventID {
		k.Errorf("the same message has the EventID %q, then %q (%v)", first.EventID, again.EventID, err)
	}
	other, _ := k.genuine()
	if m, err := k.verify(other); err == nil && m.EventID != "" && m.EventID == first.EventID {
		k.Errorf("two messages have the EventID %q", m.EventID)
	}
}

// checkWebhookEventIDOfEach compares two messages about one session.
func checkWebhookEventIDOfEach(k *kit) {
	before, s, first := k.accepted()
	s.settled(s.must(capture, newKey()))
	after := k.about(s)
	if bytes.Equal(before.Body, after.Body) && reflect.DeepEqual(before.Header, after.Header) {
		k.notRun("Config.Webhook returns the same message before and after a capture")
	}
	second, err := k.verify(after)
	if err != nil {
		k.Fatalf("the message from Config.Webhook must be accepted: %v", err)
	}
	if second.EventID != "" && second.EventID == first.EventID {
		k.Errorf("two messages about one session, before and after a capture, have the EventID %q: the second would be a duplicate", second.EventID)
	}
}

// checkWebhookUndated lets a replay pass that does no more than have the gateway asked once again.
func checkWebhookUndated(k *kit) {
	_, _, m := k.accepted()
	if m.EventID == "" && (m.Notice != nil || !k.info.Pure && !k.askable()) {
		k.Errorf("the EventID is empty, so that a replay could not be told")
	}
}

func checkWebhookBody(k *kit) {
	w, _, _ := k.accepted()
	whole := w.Body
	for i := 0; i < len(whole); i += max(1, len(whole)/64) {
		w.Body = bytes.Clone(whole)
		w.Body[i] ^= 1
		k.forged("with one bit of its body changed", w)
	}
	w.Body = append(bytes.Clone(whole), ' ')
	k.forged("with a space after its body", w)
	w.Body = append(bytes.Clone(whole), whole...)
	k.forged("with its body twice", w)
	if len(whole) > 0 {
		w.Body = whole[:len(whole)-1]
		k.forged("without the end of its body", w)
		w.Body = nil
		k.forged("without its body", w)
	}
}

func checkWebhookHeader(k *kit) {
	w, _, _ := k.accepted()
	whole := w.Header
	for how, header := range map[string]http.Header{
		"with a nil header":             nil,
		"without any header":            {},
		"with every header empty":       alter(whole, func(string) string { return "" }),
		"with every header overwritten": alter(whole, func(v string) string { return strings.Map(overwrite, v) }),
		"with every header cut short":   alter(whole, func(v string) string { return v[:len(v)/2] }),
	} {
		w.Header = header
		k.forged(how, w)
	}
	// Not every header is signed, but one of them must be the signature: a single other character in it is a forgery.
	refused := false
	for name, values := range whole {
		for i, v := range values {
			for at := len(v) - 1; at >= 0 && at >= len(v)-128; at-- {
				changed := []byte(v)
				if changed[at] = byte(overwrite(rune(v[at]))); changed[at] == v[at] {
					continue
				}
				w.Header = whole.Clone()
				w.Header[name][i] = string(changed)
				_, err := k.verify(w)
				refused = refused || err != nil
			}
		}
	}
	if !refused {
		k.Errorf("the message was accepted whatever single character of its headers was changed")
	}
}

// checkWebhookWholeSignature changes long words of the headers, character by character: a signature of which the beginning alone is compared is soon
// guessed.
func checkWebhookWholeSignature(k *kit) {
	w, _, _ := k.accepted()
	whole := w.Header
	for name, values := range whole {
		for i, v := range values {
			for _, word := range longWords(v) {
				counts, beyond := 0, false
				for at := word.from; at < word.to; at++ {
					changed := []byte(v)
					changed[at] = byte(overwrite(rune(v[at])))
					w.Header = whole.Clone()
					w.Header[name][i] = string(changed)
					_, err := k.verify(w)
					switch {
					case string(changed) == v: // a sign that has no other
					case err != nil && counts == at-word.from:
						counts++
					case err != nil:
						beyond = true
					}
				}
				if counts > 0 && counts < word.to-word.from && !beyond {
					k.Errorf("of %d characters of a word in the header %s the first %d count, and no other: compare the whole signature", word.to-word.from, name, counts)
				}
			}
		}
	}
}

// span is a part of a text.
type span struct{ from, to int }

// longWords finds what can be a signature: at least 20 letters, digits and signs of base64, of which it takes 256 at the most. The last two have bits to
// spare in base64.
func longWords(v string) []span {
	var list []span
	from := 0
	for at := 0; at <= len(v); at++ {
		if at < len(v) && (overwrite(rune(v[at])) != rune(v[at]) || strings.IndexByte("+/-_", v[at]) >= 0) {
			continue
		}
		if at-from >= 20 {
			list = append(list, span{from, min(at-2, from+256)})
		}
		from = at + 1
	}
	return list
}

// overwrite returns another digit for a digit and another letter for a letter.
func overwrite(r rune) rune {
	switch {
	case r == '0':
		return '1'
	case r > '0' && r <= '9', r > 'a' && r <= 'z', r > 'A' && r <= 'Z':
		return r - 1
	case r == 'a' || r == 'A':
		return r + 1
	}
	return r
}

func alter(h http.Header, f func(string) string) http.Header {
	h = h.Clone()
	for _, values := range h {
		for i, v := range values {
			values[i] = f(v)
		}
	}
	return h
}

func checkWebhookPast(k *kit) {
	w, _, _ := k.accepted()
	now := w.Now
	for _, age := range []time.Duration{10 * time.Hour, 365 * 24 * time.Hour} {
		w.Now = now.Add(age)
		k.forged("though it was "+age.String()+" old", w)
	}
}

func checkWebhookFuture(k *kit) {
	w, _, _ := k.accepted()
	now := w.Now
	for _, ahead := range []time.Duration{10 * time.Hour, 365 * 24 * time.Hour} {
		w.Now = now.Add(-ahead)
		k.forged("though it was dated "+ahead.String()+" ahead", w)
	}
}

func checkWebhookOversized(k *kit) {
	w, _, _ := k.accepted()
	whole := w.Body
	w.Body = append(slices.Clone(whole), bytes.Repeat([]byte(" "), 300<<10)...)
	k.forged("with 300 KiB of spaces after its body", w)
	w.Body = bytes.Repeat([]byte("["), 300<<10)
	k.forged("with a body of 300 KiB", w)
}

func checkWebhookGarbage(k *kit) {
	k.forged("that was empty", payment.WebhookRequest{})
	w := payment.WebhookRequest{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("{}"), Now: time.Now().UTC()}
	k.forged("without a signature", w)
	if k.c.Webhook == nil {
		return
	}
	w, _, _ = k.accepted()
	for _, value := range []string{"", ",", "=", "t=,v1=", "t=99999999999999999999,v1=00", "\x00", strings.Repeat("t=1,", 10_000)} {
		w.Header = alter(w.Header, func(string) string { return value })
		k.forged("with the header "+value[:min(len(value), 32)], w)
	}
}

func checkWebhookSnapshot(k *kit) {
	_, s, m := k.accepted()
	if m.Snapshot == nil {
		if !k.info.Pure && !k.askable() && m.Notice == nil {
			k.Errorf("the gateway cannot be asked, so that the message must bring a Snapshot")
		}
		return
	}
	switch m.Snapshot.State {
	case "", payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing, payment.SnapshotAuthorized,
		payment.SnapshotDeclined, payment.SnapshotCanceled:
	default:
		k.Errorf("a message's Snapshot cannot have the State %q", m.Snapshot.State)
	}
	if m.Snapshot.Reference != "" && m.Snapshot.Reference != s.r.Reference {
		k.Errorf("the message's Snapshot is of %q, not %q", m.Snapshot.Reference, s.r.Reference)
	}
	if m.Snapshot.CurrencyCode != "" && m.Snapshot.CurrencyCode != s.r.CurrencyCode {
		k.Errorf("the message's Snapshot is in %q, not %s", m.Snapshot.CurrencyCode, s.r.CurrencyCode)
	}
	if strings.Contains(jsonText(m.Snapshot.Data), k.secret) {
		k.Errorf("the message's Snapshot publishes what the host said about the shopper in Context")
	}
}
