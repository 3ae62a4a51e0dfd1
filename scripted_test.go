package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// scripted is a provider that answers what a test says.
type scripted struct {
	info   payment.ProviderInfo
	answer func(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error)
	calls  []payment.OperationKind
}

func (p *scripted) say(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
	p.calls = append(p.calls, kind)
	return p.answer(kind, r)
}

func (p *scripted) ID() string                     { return "scripted" }
func (p *scripted) Describe() payment.ProviderInfo { return p.info }
func (p *scripted) Initialize(_ context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationInitialize, r.Request)
}
func (p *scripted) Authorize(_ context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationAuthorize, r.Request)
}
func (p *scripted) Status(_ context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationStatus, r.Request)
}
func (p *scripted) Update(_ context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationUpdate, r.Request)
}
func (p *scripted) Cancel(_ context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationCancel, r.Request)
}
func (p *scripted) Capture(_ context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationCapture, r.Request)
}
func (p *scripted) Refund(_ context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.say(payment.OperationRefund, r.Request)
}

// usual answers as a gateway does that has done what it was asked for.
func usual(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
	s := payment.Snapshot{State: payment.SnapshotAuthorized, Reference: "ref-" + r.SessionID, CurrencyCode: r.CurrencyCode}
	move := payment.Movement{Reference: "mov-" + r.IdempotencyKey, IdempotencyKey: r.IdempotencyKey, Amount: r.Amount, State: payment.MovementSucceeded}
	switch kind {
	case payment.OperationInitialize:
		s.State, s.Amount = payment.SnapshotPending, r.Amount
	case payment.OperationAuthorize:
		s.Amount, s.Authorized = r.Amount, r.Amount
	case payment.OperationUpdate:
		s.State, s.Amount = payment.SnapshotPending, r.Amount
	case payment.OperationCancel:
		s.State = payment.SnapshotCanceled
	case payment.OperationCapture:
		move.Kind = payment.MovementCapture
		s.Movements = []payment.Movement{move}
	case payment.OperationRefund:
		move.Kind = payment.MovementRefund
		s.Movements = []payment.Movement{move}
	}
	return s, nil
}

func newScripted(t *testing.T) (*shop, *scripted) {
	t.Helper()
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour}}
	return newShop(t, options{more: []payment.Provider{p}}), p
}

// on changes the usual answer to one kind of call.
func (p *scripted) on(kind payment.OperationKind, change func(s *payment.Snapshot, r payment.Request) error) {
	before := p.answer
	p.answer = func(k payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
		s, err := before(k, r)
		if k == kind {
			err = change(&s, r)
		}
		return s, err
	}
}

func (s *shop) payment(id string) *payment.Payment {
	s.t.Helper()
	p, err := s.GetPayment(s.t.Context(), id)
	require.NoError(s.t, err)
	return p
}
