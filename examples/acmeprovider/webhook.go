package acmeprovider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// tolerance is how far a webhook's date may be from now, on either side.
const tolerance = 5 * time.Minute

// VerifyWebhook accepts what is signed with one of Config.WebhookSecrets not long ago.
func (p *Provider) VerifyWebhook(_ context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	var none payment.WebhookMessage
	if len(r.Body) > 256<<10 {
		return none, errors.New("acme: the webhook is too large")
	}
	if len(r.Header.Values("Acme-Signature")) != 1 {
		return none, errors.New("acme: one signature is required")
	}
	at, mac, ok := strings.Cut(r.Header.Get("Acme-Signature"), ".") // 1767225600.3f1c…
	seconds, err := strconv.ParseInt(at, 10, 64)
	given, err2 := hex.DecodeString(mac)
	if !ok || err != nil || err2 != nil {
		return none, errors.New("acme: the signature is malformed")
	}
	signed := false
	for _, secret := range p.cfg.WebhookSecrets {
		if secret != "" && hmac.Equal(given, sign(secret, at, r.Body)) { // in constant time
			signed = true
		}
	}
	date := time.Unix(seconds, 0)
	switch {
	case !signed:
		return none, errors.New("acme: the signature is wrong")
	case date.Before(r.Now.Add(-tolerance)) || date.After(r.Now.Add(tolerance)):
		return none, errors.New("acme: the signature's date is too far from now")
	}
	var m struct{ ID, Type, Session, Order string }
	if json.Unmarshal(r.Body, &m) != nil || m.ID == "" {
		return none, errors.New("acme: the webhook is no message")
	}
	return payment.WebhookMessage{EventID: m.ID, Type: m.Type, SessionID: m.Session, Reference: m.Order}, nil
}

func sign(secret, at string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(at + "."))
	h.Write(body)
	return h.Sum(nil)
}

var _ payment.WebhookVerifier = (*Provider)(nil)
