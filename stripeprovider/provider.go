package stripeprovider

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
)

// The metadata that this provider writes: on the intent the first three and one per capture, on a refund the first three.
const (
	metaCollection = "payment_collection_id" // Request.CollectionID
	metaSession    = "payment_session_id"    // Request.SessionID
	metaOperation  = "payment_operation"     // Request.IdempotencyKey of the call that created the object
	metaCapture    = "capture_"              // and the capture's key: 40 characters, the most that Stripe takes; its value: minor units
)

// dataMultiCapture stands in Data, beside what the browser needs, where [Config].MultiCapture is set and Stripe takes several captures of the charge.
const dataMultiCapture = "multicapture"

// keyTTL is for how long Stripe honors a key at least: https://docs.stripe.com/api/idempotent_requests
const keyTTL = 24 * time.Hour

// Provider is the [payment.Provider] of one Stripe account. It is safe for concurrent use.
type Provider struct {
	cfg     Config
	info    payment.ProviderInfo
	api     *stripe.Client
	backend stripe.Backend
	secrets [][]byte
}

// New returns the provider of a Stripe account. It does no I/O.
//
// The error is a [*payment.InvalidError] that names the field of Config and the rule that it breaks.
func New(cfg Config) (*Provider, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, info: payment.ProviderInfo{
		ClientConfirms: true,
		KeyTTL:         keyTTL,
		MultiCapture:   cfg.MultiCapture,
		PartialRefund:  true,
		Currencies:     currencies(),
	}}
	p.api, p.backend = client(cfg)
	for _, s := range cfg.WebhookSecrets {
		p.secrets = append(p.secrets, []byte(s))
	}
	return p, nil
}

// ID returns [Config].ID.
func (p *Provider) ID() string { return p.cfg.ID }

// Describe returns what Stripe is able to do, and what [Config].MultiCapture says.
func (p *Provider) Describe() payment.ProviderInfo { return p.info }

// Initialize opens a PaymentIntent that the browser confirms. What it holds is said by Config and Context; Data is what the browser needs.
//
// The error is payment.NotSent for an amount, a currency or a Context that Stripe would refuse, or else what Stripe said.
func (p *Provider) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	params, err := createParams(p.cfg, p.info, r.Request)
	if err = errors.Join(err, ctx.Err()); err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	return p.send(ctx, r.Request, "", func(ctx context.Context, _ string) (*stripe.PaymentIntent, error) {
		return p.api.V1PaymentIntents.Create(ctx, params)
	})
}

// Authorize reads what came of the browser's confirm. Where Input has a payment_method or a confirmation_token, it confirms by the server. Context's
// payment_method is confirmed without Input, too, but as the intent's first try alone: no limit of declines counts what has no Input.
//
// The error is payment.Declined for a decline, payment.AlreadyDone for an intent that was confirmed or canceled meanwhile, or else what
// Stripe said.
func (p *Provider) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	with := readInput(r.Input)
	if with == (instrument{}) {
		saved, _ := r.Context.Reveal()["payment_method"].(string)
		if saved == "" {
			return payment.AuthorizeByStatus(ctx, p, r)
		}
		in, s, err := p.status(ctx, r.Request)
		if err == nil && in == nil {
			s.State = payment.SnapshotPending
		}
		if in == nil || !untried(in, saved) {
			return s, err
		}
		r.Reference = in.ID
	}
	params, err := confirmParams(p.cfg, r.Request, with)
	return p.change(ctx, r.Request, err, func(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
		return p.api.V1PaymentIntents.Confirm(ctx, id, params)
	})
}

// untried reports whether an intent waits for a payment method to be confirmed, and none was before. A decline leaves a charge; what leaves none,
// such as a challenge that was not passed, leaves an error.
func untried(in *stripe.PaymentIntent, method string) bool {
	return in.Status == stripe.PaymentIntentStatusRequiresConfirmation && in.PaymentMethod != nil && in.PaymentMethod.ID == method &&
		in.LatestCharge == nil && in.LastPaymentError == nil
}

// Status reads the intent with the Reference, or else searches for the session's. It answers SnapshotNotFound where there is none.
//
// Stripe's search lags: an intent is found within a minute as a rule, and within an hour in a bad one
// (https://docs.stripe.com/search#data-freshness). One that is not found yet does no harm: what is made again is made with the same key,
// which Stripe honors for longer than that.
//
// Any error says that Stripe could not be asked.
func (p *Provider) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	_, s, err := p.status(ctx, r.Request)
	return s, err
}

// Update changes the intent's amount and what Context says. Config stays what it was at Initialize.
//
// The error is payment.AlreadyDone for an intent that is authorized or canceled already, payment.NotSent for one that is processing, or else
// what Stripe said.
func (p *Provider) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	params, err := updateParams(p.cfg, p.info, r.Request)
	s, err := p.change(ctx, r.Request, err, func(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
		return p.api.V1PaymentIntents.Update(ctx, id, params)
	})
	return s, unlessDone(err, final)
}

// Cancel cancels the intent, or releases what is not captured.
//
// The error is payment.AlreadyDone for an intent that is canceled or wholly captured, payment.NotSent for one that is processing, or else what
// Stripe said.
func (p *Provider) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	params, err := cancelParams(p.cfg, r.Request)
	s, err := p.change(ctx, r.Request, err, func(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
		return p.api.V1PaymentIntents.Cancel(ctx, id, params)
	})
	return s, unlessDone(err, spent)
}

// Capture takes Request.Amount. Without [Config].MultiCapture, Stripe releases the rest.
//
// The error is payment.AlreadyDone for an intent of which nothing is left, payment.Declined or payment.NotSent for more than what is left,
// payment.Declined with the code multicapture_unavailable for a part that is not to be final where Stripe takes one capture only, or else what
// Stripe said.
func (p *Provider) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	if !r.Final && p.cfg.MultiCapture && onlyWhole(r) {
		return payment.Snapshot{}, payment.Declined("multicapture_unavailable", "stripe: this charge can be captured once: capture all of it, or a part as the final one")
	}
	params, err := captureParams(p.cfg, p.info, r)
	return p.change(ctx, r.Request, err, func(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
		return p.api.V1PaymentIntents.Capture(ctx, id, params)
	})
}

// Refund gives Request.Amount back. ReasonCode is passed on where it is one of Stripe's: duplicate, fraudulent (which blocks the card too)
// and requested_by_customer. Note stays here.
//
// The error is payment.AlreadyDone where all was given back, payment.Declined or payment.NotSent for more than what is left, or else what
// Stripe said.
func (p *Provider) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	params, err := refundParams(p.cfg, p.info, r)
	return p.change(ctx, r.Request, err, func(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
		params.PaymentIntent = &id
		made, err := p.api.V1Refunds.Create(ctx, params)
		if err != nil {
			return nil, err
		}
		return refunded(made), nil
	})
}

var (
	_ payment.Provider        = (*Provider)(nil)
	_ payment.Updater         = (*Provider)(nil)
	_ payment.Canceler        = (*Provider)(nil)
	_ payment.Capturer        = (*Provider)(nil)
	_ payment.Refunder        = (*Provider)(nil)
	_ payment.WebhookVerifier = (*Provider)(nil)
	_ payment.Describer       = (*Provider)(nil)
)
