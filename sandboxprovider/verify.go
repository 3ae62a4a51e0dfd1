package sandboxprovider

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	maxWebhookBytes   = 256 << 10
	maxSignatureBytes = 4 << 10
	maxSignatures     = 16
	maxIDBytes        = 255
)

// VerifyWebhook accepts a message that is signed with one of [Config].Secrets, and dated at most Config.Tolerance before or after
// r.Now. Where the gateway cannot be asked, the message's Snapshot is what it says of the intent.
//
// The error says why the message is refused: too large, no signature, a malformed one, a wrong one, a date outside the window, or
// a body that is no message.
func (p *Provider) VerifyWebhook(_ context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	if len(r.Body) > maxWebhookBytes {
		return payment.WebhookMessage{}, errors.New("sandbox webhook: the body is larger than 256 KiB")
	}
	values := r.Header.Values(SignatureHeader)
	if len(values) != 1 {
		return payment.WebhookMessage{}, fmt.Errorf("sandbox webhook: %d %s headers instead of one", len(values), SignatureHeader)
	}
	t, macs, err := parseSignature(values[0])
	if err != nil {
		return payment.WebhookMessage{}, err
	}
	if !p.signed(t, r.Body, macs) {
		return payment.WebhookMessage{}, errors.New("sandbox webhook: the signature is wrong")
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return payment.WebhookMessage{}, errors.New("sandbox webhook: the date is malformed")
	}
	// Compared as dates: a difference of far-off dates does not fit a Duration.
	at := time.Unix(seconds, 0)
	if at.Before(r.Now.Add(-p.cfg.Tolerance)) || at.After(r.Now.Add(p.cfg.Tolerance)) {
		return payment.WebhookMessage{}, fmt.Errorf("sandbox webhook: the date is more than %s away from now", p.cfg.Tolerance)
	}
	return p.message(r.Body)
}

// signed reports whether one of the signatures is by one of the secrets. It tries them all, whatever the earlier ones say.
func (p *Provider) signed(t string, body []byte, macs [][]byte) bool {
	ok := false
	for _, secret := range p.cfg.Secrets {
		if secret == "" {
			continue
		}
		want := signature(secret, t, body)
		for _, mac := range macs {
			if hmac.Equal(mac, want) {
				ok = true
			}
		}
	}
	return ok
}

// parseSignature reads "t=…,v1=…,v1=…". What is neither t nor v1 is for later versions, and skipped.
func parseSignature(header string) (t string, macs [][]byte, err error) {
	malformed := errors.New("sandbox webhook: the signature is malformed")
	if len(header) > maxSignatureBytes {
		return "", nil, malformed
	}
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return "", nil, malformed
		}
		switch strings.TrimSpace(name) {
		case "t":
			if t != "" || value == "" {
				return "", nil, malformed
			}
			t = value
		case "v1":
			mac, err := hex.DecodeString(value)
			if err != nil || len(macs) == maxSignatures {
				return "", nil, malformed
			}
			macs = append(macs, mac)
		}
	}
	if t == "" || len(macs) == 0 {
		return "", nil, malformed
	}
	return t, macs, nil
}

// message reads a body whose signature is right.
func (p *Provider) message(body []byte) (payment.WebhookMessage, error) {
	var b webhookBody
	if err := json.Unmarshal(body, &b); err != nil {
		return payment.WebhookMessage{}, errors.New("sandbox webhook: the body is no message")
	}
	if b.ID == "" || b.Type == "" || b.Intent == nil || b.Intent.ID == "" {
		return payment.WebhookMessage{}, errors.New("sandbox webhook: the body lacks its id, its type or its intent")
	}
	for _, id := range []string{b.ID, b.Type, b.Session, b.Key, b.Intent.ID} {
		if len(id) > maxIDBytes {
			return payment.WebhookMessage{}, errors.New("sandbox webhook: an id is longer than 255 bytes")
		}
	}
	s, err := snapshotOf(p.info, b.Intent)
	if err != nil {
		return payment.WebhookMessage{}, fmt.Errorf("sandbox webhook: %w", err)
	}
	m := payment.WebhookMessage{
		EventID: b.ID, Type: b.Type, SessionID: b.Session, IdempotencyKey: b.Key, Reference: b.Intent.ID, Snapshot: &s,
	}
	if d := b.Dispute; d != nil {
		rule, err := p.info.CurrencyRule(d.Currency)
		if err != nil {
			return payment.WebhookMessage{}, fmt.Errorf("sandbox webhook: %w", err)
		}
		m.Notice = &payment.Notice{
			Kind: b.Type, Reference: d.ID, Amount: rule.FromMinorUnits(d.Amount), CurrencyCode: d.Currency, Code: d.Code,
		}
	}
	return m, nil
}

var _ payment.WebhookVerifier = (*Provider)(nil)
