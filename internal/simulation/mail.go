package simulation

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// mail is the webhooks on their way from the gateway, and what became of those that arrived.
type mail struct {
	out    []*message          // on their way, oldest first
	lost   []*message          // dropped: a gateway that cannot be asked sends them again in the end
	stored map[string]*arrived // deliveries as last stored, by ID
	events map[string]*arrived // the same by the gateway's ID
	last   int64               // when the message was created that was delivered last
}

// message is one webhook.
type message struct {
	body    []byte
	eventID string
	created int64 // by order
	tries   int
	abroad  bool // it is being delivered
	sure    bool // it arrives in the end
}

// arrived is a delivery as last stored.
type arrived struct {
	id      string
	version int64
	state   payment.DeliveryState
}

// collectMail takes over what the gateway wants to tell.
func (w *world) collectMail() {
	for _, r := range w.gateway.Webhooks() {
		w.mailed++
		w.countMail(r.Body)
		m := &message{body: r.Body, created: w.mailed, sure: w.sure}
		if _, rest, ok := bytes.Cut(r.Body, []byte(`"id":"`)); ok {
			id, _, _ := bytes.Cut(rest, []byte(`"`))
			m.eventID = string(id)
		}
		if !w.sure && (w.v.mute || w.faulty && w.dice.oneIn(8) && w.v.on(WebhookDropped)) {
			w.hit(WebhookDropped)
			w.mail.lost = append(w.mail.lost, m)
			continue
		}
		w.mail.out = append(w.mail.out, m)
	}
}

// countMail counts what happened at the gateway by itself.
func (w *world) countMail(body []byte) {
	switch kindOf(body) {
	case "intent.expired":
		w.hit(IntentExpired)
	case "authorization.expired":
		w.hit(AuthorizationExpired)
	case "intent.requires_action":
		w.hit(ChallengeAsked)
	}
}

// deliverMail begins the delivery of a webhook, or of something that looks like one.
func (w *world) deliverMail() {
	w.collectMail()
	d, x := &w.dice, &w.mail
	if len(x.out) == 0 {
		return
	}
	n := 0
	if d.oneIn(3) && w.faulty {
		n = d.n(len(x.out))
	}
	m := x.out[n]
	if m.abroad {
		return
	}
	body := m.body
	p := w.procs[d.n(2)]
	switch {
	case w.goesWrong(WebhookForged, 1):
		w.hit(WebhookForged)
		w.forge(p, m)
		return
	case w.goesWrong(WebhookOfNobody, 4):
		w.hit(WebhookOfNobody)
		w.handleMail(p, w.nobodys(m), nil)
		return
	case w.goesWrong(WebhookStale, 1):
		w.hit(WebhookStale)
		off := pick(d, []time.Duration{-400 * time.Second, 400 * time.Second, 10 * time.Hour})
		w.refuse(p, func() payment.WebhookRequest { return w.gateway.SignWebhook(m.body, w.clock().Add(off)) }, m.eventID+", stale")
		return
	case w.goesWrong(WebhookWrongAmount, 1):
		if wrong, ok := w.misstate(m.body); ok {
			w.hit(WebhookWrongAmount)
			body = wrong
			if w.v.noStatus { // its word counts here: the right one comes as well
				m = &message{body: bytes.Replace(wrong, []byte(`"evt_`), []byte(`"evt_wrong_`), 1), eventID: "evt_wrong_" + m.eventID[len("evt_"):]}
				body = m.body
			}
		}
	}
	if n > 0 && m.created > x.last+1 {
		w.hit(WebhookReordered)
	}
	x.last = m.created
	if w.goesWrong(WebhookDuplicated, 1) {
		w.hit(WebhookDuplicated)
		x.out = append(x.out, &message{body: m.body, eventID: m.eventID, created: m.created})
	}
	m.abroad = true
	w.handleMail(p, m, body)
}

// nobodys is a message about a session that is not in our store: one of this library, or not.
func (w *world) nobodys(m *message) *message {
	id := formatID("payses_", w)
	if w.dice.oneIn(2) {
		id = "order-4711"
	}
	body := m.body
	if _, rest, ok := bytes.Cut(body, []byte(`"session":"`)); ok {
		session, _, _ := bytes.Cut(rest, []byte(`"`))
		body = bytes.ReplaceAll(body, session, []byte(id))
	}
	if _, rest, ok := bytes.Cut(body, []byte(`"key":"`)); ok {
		key, _, _ := bytes.Cut(rest, []byte(`"`))
		body = bytes.ReplaceAll(body, key, []byte("no key of ours"))
	}
	body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte(`"int_`), []byte(`"int_other_`)), []byte(`"evt_`), []byte(`"evt_other_`))
	w.mailed++
	n := &message{body: body, eventID: "evt_other_" + strings.TrimPrefix(m.eventID, "evt_"), created: w.mailed, abroad: true}
	w.mail.out = append(w.mail.out, n)
	return n
}

// formatID is an ID of ours that nothing has.
func formatID(prefix string, w *world) string {
	id := w.newID()
	return prefix + hex.EncodeToString(id[:])
}

// handleMail lets a process handle a webhook. One that is not acknowledged is sent again.
func (w *world) handleMail(p *process, m *message, body []byte) {
	if body == nil {
		body = m.body
	}
	name := ""
	if w.tracing {
		name = "HandleWebhook " + m.eventID + " " + kindOf(body)
	}
	a := w.start(p, name, func(a *actor) {
		r := w.gateway.SignWebhook(body, w.clock())
		r.Now = p.now()
		result, err := p.svc.HandleWebhook(context.Background(), "sandbox", r)
		a.alive()
		if w.tracing {
			w.log(a, "HandleWebhook %s is answered %+v, error %v", m.eventID, result, err)
		}
		if err != nil {
			w.secrets.said(w, "an error of HandleWebhook", err)
			if errors.Is(err, payment.ErrWebhookRefused) {
				w.fail("the webhook %s, which is genuine, is refused: %v", m.eventID, err)
			}
			w.hit(WebhookRefusedByStore)
			m.again(w)
			return
		}
		if w.mail.events[m.eventID] == nil {
			w.fail("the webhook %s is acknowledged, and not stored", m.eventID)
		}
		m.away(w)
	})
	a.died = func() { m.again(w) }
}

// again sends a message again that was not acknowledged, but not for ever.
func (m *message) again(w *world) {
	m.abroad = false
	if m.tries++; m.tries > 6 && w.faulty && !m.sure {
		m.away(w)
		w.mail.lost = append(w.mail.lost, m)
	}
}

// away takes a message off its way.
func (m *message) away(w *world) {
	for i, other := range w.mail.out {
		if other == m {
			w.mail.out = append(w.mail.out[:i], w.mail.out[i+1:]...)
			return
		}
	}
}

// forge sends a message that the gateway never signed. It must be refused, and change nothing.
func (w *world) forge(p *process, m *message) {
	r := w.gateway.SignWebhook(m.body, w.clock())
	if body, ok := w.misstate(m.body); ok && w.dice.oneIn(2) {
		r.Body = body
	} else {
		sum := r.Header.Get("Sandbox-Signature")
		r.Header.Set("Sandbox-Signature", strings.Map(func(c rune) rune {
			if c == 'a' {
				return 'b'
			}
			if c == 'b' {
				return 'a'
			}
			return c
		}, sum))
		if r.Header.Get("Sandbox-Signature") == sum {
			return
		}
	}
	w.refuse(p, func() payment.WebhookRequest { return r }, m.eventID+", forged")
}

// refuse sends a message that must be refused.
func (w *world) refuse(p *process, message func() payment.WebhookRequest, name string) {
	a := w.start(p, "HandleWebhook "+name, func(*actor) {
		r := message()
		r.Now = p.now()
		_, err := p.svc.HandleWebhook(context.Background(), "sandbox", r)
		if !errors.Is(err, payment.ErrWebhookRefused) {
			w.fail("the webhook %s is not refused: %v", name, err)
		}
		w.secrets.said(w, "an error of HandleWebhook", err)
	})
	a.forged = true
}

// misstate changes an amount in a message.
func (w *world) misstate(body []byte) ([]byte, bool) {
	at := bytes.Index(body, []byte(`"amount":`))
	if at < 0 {
		return nil, false
	}
	at += len(`"amount":`)
	end := at
	for end < len(body) && body[end] >= '0' && body[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(body[at:end]))
	if err != nil {
		return nil, false
	}
	return []byte(string(body[:at]) + strconv.Itoa(n+1+w.dice.n(5)) + string(body[end:])), true
}

// kindOf is what a message says that happened, for the trace.
func kindOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"type":"`))
	kind, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(kind)
}

// afterPutDelivery remembers what became of a webhook.
func (w *world) afterPutDelivery(a *actor, d *payment.Delivery) {
	x := w.mail.stored[d.ID]
	if x == nil {
		x = &arrived{id: d.ID}
		w.mail.stored[d.ID] = x
		w.mail.events[d.EventID] = x
	}
	if d.Version != x.version {
		w.fail("delivery %s is stored on version %d, which is %d", d.ID, d.Version, x.version)
	}
	if x.state != "" && x.state != payment.DeliveryParked {
		w.fail("delivery %s was %s, and is stored as %s", d.ID, x.state, d.State)
	}
	x.version, x.state = d.Version+1, d.State
	if w.tracing {
		w.log(a, "stores %s (%s): %s %s, due %s", short(d.ID), d.EventID, d.State, d.Code, shortTime(d.DueAt))
	}
}

// allMail lets all that is on its way arrive, in its order, where nothing goes wrong any more.
func (w *world) allMail() {
	w.collectMail()
	for len(w.mail.out) > 0 && w.ok() {
		m := w.mail.out[0]
		m.abroad = true
		w.handleMail(w.procs[w.dice.n(2)], m, m.body)
		w.finish()
		if m.abroad && len(w.mail.out) > 0 && w.mail.out[0] == m {
			return
		}
	}
}

// resendLost sends again what was dropped, where the gateway cannot be asked: such a one sends until it is heard.
func (w *world) resendLost() {
	if w.v.noStatus {
		w.mail.out = append(w.mail.out, w.mail.lost...)
		for i := 1; i < len(w.mail.out); i++ { // in their order
			for j := i; j > 0 && w.mail.out[j].created < w.mail.out[j-1].created; j-- {
				w.mail.out[j], w.mail.out[j-1] = w.mail.out[j-1], w.mail.out[j]
			}
		}
	}
	w.mail.lost = nil
}

// parked reports whether a message waits to be handled.
func (w *world) parked() bool {
	for _, x := range w.mail.stored {
		if x.state == payment.DeliveryParked {
			return true
		}
	}
	return false
}

// checkMail: no message that was acknowledged is left lying.
func (w *world) checkMail() {
	for id, x := range w.mail.stored {
		if x.state == payment.DeliveryParked {
			w.fail("webhook %s is still parked", id)
		}
	}
}
