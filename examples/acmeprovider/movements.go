package acmeprovider

import (
	"context"

	"github.com/seed40c892db/payment"
)

// Update changes the order's amount.
func (p *Provider) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	amount, err := minorUnits(r.Request)
	if err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	return p.change(ctx, r.Request, orderPath(r.Request, ""), body{Amount: amount})
}

// Cancel cancels the order, or releases what is not captured.
func (p *Provider) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return p.change(ctx, r.Request, orderPath(r.Request, "/cancel"), body{})
}

// Capture takes the request's amount. Acme notes the request's key with the movement, and names it ever after.
func (p *Provider) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	amount, err := minorUnits(r.Request)
	if err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	return p.change(ctx, r.Request, orderPath(r.Request, "/captures"), body{Amount: amount, Final: r.Final})
}

// Refund gives the request's amount back.
func (p *Provider) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	amount, err := minorUnits(r.Request)
	if err != nil {
		return payment.Snapshot{}, payment.NotSent(err)
	}
	return p.change(ctx, r.Request, orderPath(r.Request, "/refunds"), body{Amount: amount, Reason: r.ReasonCode})
}

var (
	_ payment.Updater  = (*Provider)(nil)
	_ payment.Canceler = (*Provider)(nil)
	_ payment.Capturer = (*Provider)(nil)
	_ payment.Refunder = (*Provider)(nil)
)
