// Package manualprovider is the payment provider behind which there is no gateway: cash on delivery, a bank transfer that somebody
// looks for in the account, an invoice. People move the money; the library keeps the books.
//
// The provider is pure ([payment.ProviderInfo]): it has no effects and no state, and each answer depends on the request alone. An
// authorization is a promise and is given at once. A capture says "the money has come in", a refund "we have given it back", and
// both are true because the host says so.
//
// A shop with several such ways to pay registers several of these, each with an ID of its own:
//
//	cash := manualprovider.New()
//	transfer, err := manualprovider.NewWithConfig(manualprovider.Config{
//		ID:   "bank_transfer",
//		Data: payment.Data{"iban": "DE02 1203 0000 0000 2020 51", "holder": "The Shop"},
//	})
//
// It is also the smallest complete [payment.Provider], and a good one to read before writing another.
package manualprovider

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// DefaultID is the ID of a provider that was given none.
const DefaultID = "manual"

// Config is how a manual way to pay differs from the default. The zero Config is what [New] uses.
type Config struct {
	// ID names the provider in rows, URLs and lists: 1 to 64 of a-z, 0-9, - and _. Default "manual". Rows keep it, so it must
	// not change once there are any.
	ID string
	// Data is published with every session, as it is: what the shopper must know in order to pay, such as an account number.
	// Default nil: nothing is published.
	Data payment.Data
}

// Provider is a manual way to pay. It is safe for concurrent use. The zero Provider has no ID: use [New] or [NewWithConfig].
type Provider struct {
	id   string       // never empty
	data payment.Data // normalized; never handed out without a copy
}

// New returns a provider with the ID "manual" that publishes nothing.
func New() *Provider { return &Provider{id: DefaultID} }

// NewWithConfig returns a provider with an ID or public Data of its own.
//
// The error is a [*payment.InvalidError] that names ID or Data: correct the Config, it is the same on every start.
func NewWithConfig(c Config) (*Provider, error) {
	if c.ID == "" {
		c.ID = DefaultID
	}
	if len(c.ID) > 64 || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return nil, &payment.InvalidError{Field: "ID", Rule: fmt.Sprintf("%.80q is not 1 to 64 of a-z, 0-9, - and _", c.ID)}
	}
	data, err := payment.NormalizeData(c.Data)
	if err != nil {
		return nil, &payment.InvalidError{Field: "Data", Rule: err.Error()}
	}
	return &Provider{id: c.ID, data: data}, nil
}

// ID returns the configured ID.
func (p *Provider) ID() string { return p.id }

// Describe declares a pure provider that captures and refunds in any number of parts.
//
// KeyTTL and StatusByKey stay unset: there is no gateway that could remember a key, and a pure provider may be called any number
// of times without one.
func (p *Provider) Describe() payment.ProviderInfo {
	return payment.ProviderInfo{Pure: true, MultiCapture: true, PartialRefund: true}
}

// Initialize answers pending and publishes the configured Data. The Reference is made of the session's ID, so it is the same
// whenever and however often it is asked for.
//
// The error is that the context has ended, as [payment.ErrNotSent].
func (p *Provider) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	s, err := p.answer(ctx, r.Request, payment.SnapshotPending)
	if err == nil {
		s.Amount, s.Data = r.Amount, p.data.Clone()
	}
	return s, err
}

// Authorize answers authorized with the request's Amount. Nobody holds that money: the authorization is the shopper's promise.
//
// The error is that the context has ended, as [payment.ErrNotSent].
func (p *Provider) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	s, err := p.answer(ctx, r.Request, payment.SnapshotAuthorized)
	if err == nil {
		s.Amount, s.Authorized = r.Amount, r.Amount
	}
	return s, err
}

// Status always fails: behind this provider nobody can be asked. The library never asks a pure provider.
//
// The error matches [payment.ErrUnsupported].
func (p *Provider) Status(context.Context, payment.StatusRequest) (payment.Snapshot, error) {
	return payment.Snapshot{}, &payment.UnsupportedError{ProviderID: p.id, Capability: "Status"}
}

// Update answers pending with the new Amount: there is nothing anywhere that would have to change. The library updates no session
// that is authorized.
//
// The error is that the context has ended, as [payment.ErrNotSent].
func (p *Provider) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	s, err := p.answer(ctx, r.Request, payment.SnapshotPending)
	if err == nil {
		s.Amount = r.Amount
	}
	return s, err
}

// Cancel answers canceled, with nothing left to capture. What was captured before stays captured: the provider does not know of
// it, and a row that a Snapshot does not mention is never undone.
//
// The error is that the context has ended, as [payment.ErrNotSent].
func (p *Provider) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	s, err := p.answer(ctx, r.Request, payment.SnapshotCanceled)
	if err == nil {
		s.Capturable = &decimal.Decimal{}
	}
	return s, err
}

// Capture answers with one movement: the request's Amount, come in. It knows neither earlier ones nor what was authorized, and
// says nothing of them; that all of them together stay within the authorization is the library's to see.
//
// The error is that the context has ended, as [payment.ErrNotSent].
func (p *Provider) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	s, err := p.move(ctx, r.Request, payment.MovementCapture)
	if err == nil && r.Final {
		s.Capturable = &decimal.Decimal{}
	}
	return s, err
}

// Refund answers with one movement: the request's Amount, given back. Of all else it says as little as Capture.
//
// The error is that the context has ended, as [payment.ErrNotSent].
func (p *Provider) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.move(ctx, r.Request, payment.MovementRefund)
}

// move is Capture and Refund. The movement's reference is made of the key: one operation, one movement, however often it is asked
// for.
func (p *Provider) move(ctx context.Context, r payment.Request, kind payment.MovementKind) (payment.Snapshot, error) {
	s, err := p.answer(ctx, r, payment.SnapshotAuthorized)
	if err == nil {
		s.Movements = []payment.Movement{{
			Kind:           kind,
			Reference:      p.id + "_" + string(kind) + "_" + r.IdempotencyKey,
			IdempotencyKey: r.IdempotencyKey,
			Amount:         r.Amount,
			State:          payment.MovementSucceeded,
		}}
	}
	return s, err
}

// answer returns what every answer has. NotSent is true of a context that has ended: nothing is ever sent.
func (p *Provider) answer(ctx context.Context, r payment.Request, state payment.SnapshotState) (payment.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	reference := r.Reference
	if reference == "" {
		reference = p.id + "_" + r.SessionID
	}
	return payment.Snapshot{State: state, Reference: reference, CurrencyCode: r.CurrencyCode}, nil
}

var (
	_ payment.Provider  = (*Provider)(nil)
	_ payment.Describer = (*Provider)(nil)
	_ payment.Updater   = (*Provider)(nil)
	_ payment.Canceler  = (*Provider)(nil)
	_ payment.Capturer  = (*Provider)(nil)
	_ payment.Refunder  = (*Provider)(nil)
)
