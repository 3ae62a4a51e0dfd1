package sandboxprovider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed40c892db/payment"
)

const (
	defaultID        = "sandbox"
	defaultTolerance = 5 * time.Minute
)

// Config says how a [Provider] uses its gateway. What the gateway is able to do is the [GatewayConfig]'s to say.
//
// The provider has every optional interface. One that has none is struct{ payment.Provider }{p}.
type Config struct {
	// ID is the provider's ID. Empty means sandbox.
	ID string
	// Secrets are those that a webhook may be signed with: the new one and the old one while they are rotated. Empty means the
	// gateway's.
	Secrets []string
	// Tolerance is how far a webhook's date may be from now, on either side. 0 means 5 minutes.
	Tolerance time.Duration
	// ClientConfirms lets the browser confirm by its client token, and nobody else: Authorize only reads.
	ClientConfirms bool
	// NoStatus makes Status answer payment.ErrUnsupported, as for a gateway that cannot be asked: its webhooks are believed then.
	NoStatus bool
}

// Provider is the [payment.Provider] of a [Gateway]. It is safe for concurrent use.
type Provider struct {
	gw   *Gateway
	cfg  Config
	info payment.ProviderInfo
}

// New returns the provider of a gateway, which is required. Several providers may share one.
func New(gw *Gateway, cfg Config) *Provider {
	if cfg.ID == "" {
		cfg.ID = defaultID
	}
	if cfg.Tolerance <= 0 {
		cfg.Tolerance = defaultTolerance
	}
	if len(cfg.Secrets) == 0 {
		cfg.Secrets = gw.cfg.WebhookSecrets
	}
	cfg.Secrets = slices.Clone(cfg.Secrets)
	info := payment.ProviderInfo{
		ClientConfirms:  cfg.ClientConfirms,
		KeyTTL:          gw.cfg.KeyTTL,
		StatusByKey:     true,
		MultiCapture:    !gw.cfg.SingleCapture,
		PartialRefund:   !gw.cfg.WholeRefunds,
		SessionLifetime: gw.cfg.IntentLife,
		Currencies:      maps.Clone(gw.cfg.Currencies),
	}
	if gw.cfg.NoKeys {
		info.KeyTTL, info.StatusByKey = 0, false
	}
	if cfg.NoStatus {
		info.StatusByKey = false
	}
	return &Provider{gw: gw, cfg: cfg, info: info}
}

// ID returns [Config].ID.
func (p *Provider) ID() string { return p.cfg.ID }

// Describe returns what the two configurations say.
func (p *Provider) Describe() payment.ProviderInfo { return p.info }

// Initialize opens an intent. Context "return_url", where the host gives one, is where the challenge page sends the shopper.
//
// The error is payment.NotSent for an amount that the currency cannot count, or else what the gateway said.
func (p *Provider) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	q := p.request(MethodCreate, r.Request)
	q.Intent = ""
	q.ReturnURL = returnURL(r.Context)
	q.BrowserConfirms = p.cfg.ClientConfirms
	return p.call(ctx, r.Request, q)
}

// Authorize confirms the intent with Input["token"], [TokenVisa] where there is none. With [Config].ClientConfirms it only reads.
//
// The error is payment.Declined for a decline, payment.AlreadyDone for an intent that is authorized or canceled already, or else
// what the gateway said.
func (p *Provider) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	if p.cfg.ClientConfirms {
		s, err := p.retrieve(ctx, r.Request, "")
		if err == nil && s.State == payment.SnapshotNotFound {
			s.State = payment.SnapshotPending
		}
		return s, err
	}
	q := p.request(MethodConfirm, r.Request)
	token, given := r.Input["token"]
	if given {
		text, ok := token.(string)
		if !ok || text == "" {
			return payment.Snapshot{}, payment.Declined("token_unknown", "Input token is not a text")
		}
		q.Token = text
	}
	return p.call(ctx, r.Request, q)
}

// Status reads the intent: the one that a request with the key was executed on, or else the one with the reference, or else the
// session's. It answers SnapshotNotFound where there is none.
//
// The error is [payment.ErrUnsupported] with [Config].NoStatus; any other one says that the gateway could not be asked.
func (p *Provider) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	if p.cfg.NoStatus {
		return payment.Snapshot{}, payment.ErrUnsupported
	}
	key := r.IdempotencyKey
	if !p.info.StatusByKey {
		key = ""
	}
	return p.retrieve(ctx, r.Request, key)
}

// Update changes the intent's amount and return URL. A challenge that was open ends: authorize again.
//
// The error is payment.AlreadyDone for an intent that is authorized or canceled already, or else what the gateway said.
func (p *Provider) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	q := p.request(MethodUpdate, r.Request)
	q.ReturnURL = returnURL(r.Context)
	return p.call(ctx, r.Request, q)
}

// Cancel cancels the intent, or releases what is not captured.
//
// The error is payment.AlreadyDone for an intent that is canceled or wholly captured, or else what the gateway said.
func (p *Provider) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	q := p.request(MethodCancel, r.Request)
	q.Amount, q.Currency = 0, ""
	return p.call(ctx, r.Request, q)
}

// Capture takes Request.Amount, and releases the rest where it is final.
//
// The error is payment.Declined for more than what is left, payment.AlreadyDone for an intent of which nothing is left, or else
// what the gateway said.
func (p *Provider) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	q := p.request(MethodCapture, r.Request)
	q.Final = r.Final
	return p.call(ctx, r.Request, q)
}

// Refund gives Request.Amount back.
//
// The error is payment.Declined for more than what is left, payment.AlreadyDone where all was given back, or else what the
// gateway said.
func (p *Provider) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.call(ctx, r.Request, p.request(MethodRefund, r.Request))
}

// request starts what is sent to the gateway. The amount is filled in by call, which can fail.
func (p *Provider) request(m Method, r payment.Request) request {
	q := request{Method: m, Intent: r.Reference, Session: r.SessionID, Collection: r.CollectionID, Currency: r.CurrencyCode}
	if !p.gw.cfg.NoKeys {
		q.Key = r.IdempotencyKey
	}
	return q
}

// call sends a request that changes something, and classifies what comes back.
func (p *Provider) call(ctx context.Context, r payment.Request, q request) (payment.Snapshot, error) {
	switch q.Method {
	case MethodCreate, MethodUpdate, MethodCapture, MethodRefund:
		rule, err := p.info.CurrencyRule(r.CurrencyCode)
		if err != nil {
			return payment.Snapshot{}, payment.NotSent(err)
		}
		if q.Amount, err = rule.MinorUnits(r.Amount); err != nil {
			return payment.Snapshot{}, payment.NotSent(fmt.Errorf("amount: %w", err))
		}
		if q.Amount <= 0 {
			return payment.Snapshot{}, payment.NotSent(errors.New("amount: must be more than zero"))
		}
	}
	if q.Method != MethodCreate && q.Intent == "" {
		found, err := p.retrieve(ctx, r, "")
		if err != nil {
			return payment.Snapshot{}, payment.NotSent(err) // a read alone was sent
		}
		if found.State == payment.SnapshotNotFound {
			return payment.Snapshot{}, payment.Declined("intent_not_found", "the gateway has no intent of this session")
		}
		q.Intent = found.Reference
	}
	a, err := p.gw.do(ctx, q)
	if err != nil {
		return payment.Snapshot{}, unreached(err)
	}
	var now payment.Snapshot
	if a.Intent != nil {
		body := a.Intent
		if a.Replayed {
			// What was true when the answer was stored need not be true any more.
			fresh, err := p.gw.do(ctx, request{Method: MethodRetrieve, Intent: body.ID, Session: r.SessionID})
			if err != nil {
				return payment.Snapshot{}, err
			}
			if fresh.Intent == nil {
				return payment.Snapshot{}, fmt.Errorf("sandbox gateway: %d %s", fresh.Status, fresh.Code)
			}
			body = fresh.Intent
		}
		if now, err = p.snapshot(r, body); err != nil {
			return payment.Snapshot{}, err
		}
		for i := range now.Movements {
			if a.Made != "" && now.Movements[i].Reference == a.Made {
				now.Movements[i].IdempotencyKey = r.IdempotencyKey
			}
		}
	}
	return now, classify(a, now)
}

// retrieve reads an intent.
func (p *Provider) retrieve(ctx context.Context, r payment.Request, key string) (payment.Snapshot, error) {
	a, err := p.gw.do(ctx, request{Method: MethodRetrieve, Key: key, Intent: r.Reference, Session: r.SessionID})
	switch {
	case err != nil:
		return payment.Snapshot{}, err
	case a.Status == 404:
		return payment.Snapshot{State: payment.SnapshotNotFound}, nil
	case a.Intent == nil:
		return payment.Snapshot{}, fmt.Errorf("sandbox gateway: %d %s", a.Status, a.Code)
	}
	return p.snapshot(r, a.Intent)
}

// snapshot translates what the gateway shows.
func (p *Provider) snapshot(r payment.Request, b *intentBody) (payment.Snapshot, error) {
	if r.SessionID != "" && b.Session != "" && r.SessionID != b.Session {
		return payment.Snapshot{}, fmt.Errorf("sandbox gateway: intent %s is of another session", b.ID)
	}
	s, err := snapshotOf(p.info, b)
	if err != nil {
		return payment.Snapshot{}, err
	}
	s.Data = payment.Data{
		"intent_id":     b.ID,
		"client_token":  b.ClientToken,
		"amount":        s.Amount.StringFixed(-s.Amount.Exponent()), // with all of the currency's digits
		"currency_code": b.Currency,
		"status":        string(b.Status),
	}
	private := payment.NewPrivate(map[string]any{"access_value": b.Access})
	s.Private = &private
	return s, nil
}

// snapshotOf translates what everybody may know of an intent.
func snapshotOf(info payment.ProviderInfo, b *intentBody) (payment.Snapshot, error) {
	rule, err := info.CurrencyRule(b.Currency)
	if err != nil {
		return payment.Snapshot{}, err
	}
	s := payment.Snapshot{
		Reference: b.ID, Account: b.Account, CurrencyCode: b.Currency,
		Amount:        rule.FromMinorUnits(b.Amount),
		Authorized:    rule.FromMinorUnits(b.Authorized),
		Movements:     make([]payment.Movement, 0, len(b.Movements)),
		CaptureBefore: b.CaptureBefore,
		ExpiresAt:     b.ExpiresAt,
	}
	if b.DeclineCode != "" {
		s.Decline = &payment.Decline{Code: b.DeclineCode, Message: b.DeclineText}
	}
	switch b.Status {
	case IntentRequiresPaymentMethod:
		s.State = payment.SnapshotPending
		if s.Decline != nil {
			s.State = payment.SnapshotDeclined
		}
	case IntentRequiresAction:
		s.State = payment.SnapshotRequiresMore
		s.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: b.ChallengeURL, ExpiresAt: b.ExpiresAt}
	case IntentProcessing:
		s.State = payment.SnapshotProcessing
	case IntentRequiresCapture, IntentSucceeded:
		s.State = payment.SnapshotAuthorized
	case IntentCanceled:
		s.State = payment.SnapshotCanceled
	default:
		return payment.Snapshot{}, fmt.Errorf("sandbox gateway: status %.32q is not known", b.Status)
	}
	if s.State == payment.SnapshotAuthorized || s.State == payment.SnapshotCanceled {
		capturable := rule.FromMinorUnits(b.Capturable)
		s.Capturable = &capturable
	}
	for _, m := range b.Movements {
		s.Movements = append(s.Movements, payment.Movement{
			Kind: m.Kind, Reference: m.ID, IdempotencyKey: m.Key, Amount: rule.FromMinorUnits(m.Amount), State: m.State, At: m.At,
		})
	}
	return s, nil
}

// classify says which kind of error an answer is, nil for none.
func classify(a answer, now payment.Snapshot) error {
	if a.Status < 300 {
		return nil
	}
	text := fmt.Errorf("sandbox gateway: %d %s: %s", a.Status, a.Code, a.Message)
	switch {
	case a.Status == 429:
		return payment.NotSent(text)
	case a.Code == "key_in_use", a.Code == "key_reused", a.Status >= 500: // something is, or was, done under that key
		return text
	case a.Status == 409:
		return payment.AlreadyDone(now)
	}
	return payment.Declined(a.Code, text.Error())
}

// unreached says which kind of error a missing answer is.
func unreached(err error) error {
	var n *networkError
	if errors.As(err, &n) && n.unsent {
		return payment.NotSent(err)
	}
	return err
}

// returnURL is where the host wants the shopper back.
func returnURL(context payment.Private) string {
	url, _ := context.Reveal()["return_url"].(string)
	return url
}

var (
	_ payment.Provider  = (*Provider)(nil)
	_ payment.Updater   = (*Provider)(nil)
	_ payment.Canceler  = (*Provider)(nil)
	_ payment.Capturer  = (*Provider)(nil)
	_ payment.Refunder  = (*Provider)(nil)
	_ payment.Describer = (*Provider)(nil)
)
