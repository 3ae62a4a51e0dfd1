package sandboxprovider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// SignatureHeader is the header that carries a webhook's signature: "t=1700000000,v1=5257a8…,v1=…". Each v1 is the hex
// HMAC-SHA256, by one of the secrets, of the seconds of t, a full stop and the body.
const SignatureHeader = "Sandbox-Signature"

// webhookBody is one message as it is sent.
type webhookBody struct {
	ID         string       `json:"id"`
	Type       string       `json:"type"`
	Created    int64        `json:"created"`
	Session    string       `json:"session,omitempty"`
	Collection string       `json:"collection,omitempty"`
	Key        string       `json:"key,omitempty"`
	Intent     *intentBody  `json:"intent"`
	Dispute    *disputeBody `json:"dispute,omitempty"`
}

// disputeBody is a dispute as it is sent.
type disputeBody struct {
	ID       string `json:"id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Code     string `json:"code"`
}

// Webhooks returns the messages that were not handed out yet, oldest first, signed now. It returns nothing where
// [GatewayConfig].OnWebhook is set.
func (g *Gateway) Webhooks() []payment.WebhookRequest {
	now := g.now()
	g.mu.Lock()
	out := g.outbox
	g.outbox = nil
	g.mu.Unlock()
	var signed []payment.WebhookRequest
	for _, m := range out {
		signed = append(signed, g.seal(m, now))
	}
	return signed
}

// SignWebhook signs any body as this gateway would at a moment: to send a message again, too late, or with a content that the
// gateway never sent.
func (g *Gateway) SignWebhook(body []byte, at time.Time) payment.WebhookRequest {
	t := strconv.FormatInt(at.Unix(), 10)
	parts := []string{"t=" + t}
	for _, secret := range g.cfg.WebhookSecrets {
		parts = append(parts, "v1="+hex.EncodeToString(signature(secret, t, body)))
	}
	header := http.Header{}
	header.Set(SignatureHeader, strings.Join(parts, ","))
	header.Set("Content-Type", "application/json")
	return payment.WebhookRequest{Header: header, Body: body, Now: at}
}

// signature is what a v1 holds.
func signature(secret, t string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t))
	mac.Write([]byte("."))
	mac.Write(body)
	return mac.Sum(nil)
}

// message describes what happened to an intent. The books are locked.
func (g *Gateway) message(in *intent, kind, key string, now time.Time) webhookBody {
	return webhookBody{
		ID: g.newID("evt_"), Type: kind, Created: now.Unix(), Session: in.session, Collection: in.collection, Key: key,
		Intent: g.body(in),
	}
}

// tell queues a webhook. The books are locked.
func (g *Gateway) tell(in *intent, kind, key string, now time.Time) {
	g.outbox = append(g.outbox, g.message(in, kind, key, now))
}

// seal makes a message ready to be sent.
func (g *Gateway) seal(m webhookBody, now time.Time) payment.WebhookRequest {
	body, err := json.Marshal(m)
	if err != nil { // every field is a string, a number or a time of this century
		body = nil
	}
	return g.SignWebhook(body, now)
}
