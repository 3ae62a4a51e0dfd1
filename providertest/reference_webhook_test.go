package providertest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// webhookSecret is the gateway's, too.
const webhookSecret = "shared"

func sign(at, body string) string {
	h := hmac.New(sha256.New, []byte(webhookSecret))
	h.Write([]byte(at + "." + body))
	return hex.EncodeToString(h.Sum(nil))
}

func (g *reference) VerifyWebhook(_ context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	refused := errors.New("reference: the message is not from the gateway")
	at, sum, _ := strings.Cut(r.Header.Get("Signature"), ",")
	want := sign(at, string(r.Body))
	if g.is("a webhook's header is not needed") && sum == "" {
		sum = want
	}
	if g.is("a webhook's signature is compared in part") && len(sum) > 16 && sum[:16] == want[:16] {
		sum = want
	}
	if g.is("a webhook's long body is cut") && len(r.Body) > 256<<10 {
		sum, at = want, strconv.FormatInt(r.Now.Unix(), 10)
		r.Body = []byte("{}")
	}
	if !hmac.Equal([]byte(sum), []byte(want)) && !g.is("forged webhooks") {
		return payment.WebhookMessage{}, refused
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil && !g.is("forged webhooks") && !g.is("a webhook's header is not needed") {
		return payment.WebhookMessage{}, refused
	}
	age := r.Now.Sub(time.Unix(seconds, 0))
	if g.undated {
		age = 0
	}
	if age > 5*time.Minute && !g.is("old webhooks") && !g.is("forged webhooks") && !g.is("a webhook's header is not needed") ||
		age < -5*time.Minute && !g.is("future webhooks") {
		return payment.WebhookMessage{}, refused
	}
	var body struct{ ID, Session, Reference string }
	if err := json.Unmarshal(r.Body, &body); err != nil && !g.is("forged webhooks") {
		return payment.WebhookMessage{}, refused
	}
	m := payment.WebhookMessage{EventID: body.ID, Type: "object.authorized", SessionID: body.Session, Reference: body.Reference}
	if g.mute { // it is all that can be known
		g.set(func() {
			if o := g.objects[body.Reference]; o != nil {
				now := g.say(o)
				m.Snapshot = &now
			}
		})
	}
	switch g.fault {
	case "a webhook's EventID changes":
		m.EventID = newKey()
	case "a webhook's EventID is the object's":
		m.EventID = body.Reference
	case "a webhook without an EventID":
		m.EventID = ""
	case "a webhook about nothing":
		m.SessionID, m.Reference = "", ""
	case "a webhook says not_found":
		m.Snapshot = &payment.Snapshot{State: payment.SnapshotNotFound}
	}
	return m, nil
}

// webhook is a genuine message.
func (g *reference) webhook(r payment.Request) payment.WebhookRequest {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := strconv.FormatInt(now.Unix(), 10)
	body := fmt.Sprintf(`{"ID":"evt_%s","Session":%q,"Reference":%q}`, newKey(), r.SessionID, r.Reference)
	return payment.WebhookRequest{Now: now, Body: []byte(body),
		Header: http.Header{"Signature": {at + "," + sign(at, body)}, "Content-Type": {"application/json"}}}
}
