package main

import (
	"context"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// giftCards is the payment.Provider for a shop's own gift cards. There is no other gateway: the ledger is in this process.
type giftCards struct {
	mu       sync.Mutex                  // over all that follows
	cards    map[string]*decimal.Decimal // what is left on each card, by its code and currency
	orders   map[string]*order           // by session
	answered map[string]error            // the key of each request that was executed, and its refusal, if any
}

// newGiftCards takes what is on each card, by its code and currency, such as "SPRING-25 USD".
func newGiftCards(cards map[string]*decimal.Decimal) *giftCards {
	return &giftCards{cards: cards, orders: map[string]*order{}, answered: map[string]error{}}
}

func (g *giftCards) ID() string { return "giftcard" }

// Describe promises what the ledger keeps: it forgets no key, so that a repeated request has no second effect.
func (g *giftCards) Describe() payment.ProviderInfo {
	return payment.ProviderInfo{KeyTTL: 48 * time.Hour, StatusByKey: true, MultiCapture: true, PartialRefund: true}
}

func (g *giftCards) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return g.once(ctx, r.Request, func(*order) error { return nil })
}

func (g *giftCards) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return g.once(ctx, r.Request, func(o *order) error {
		code, _ := r.Input["code"].(string) // untrusted: an unknown code is answered as an empty card is
		card := g.cards[code+" "+r.CurrencyCode]
		switch {
		case o.State != payment.SnapshotPending:
			return payment.AlreadyDone(o.tell())
		case card == nil || card.LessThan(r.Amount):
			return payment.Declined("gift_card_refused", "unknown code, or not enough left")
		}
		o.hold(card, r.Amount)
		return nil
	})
}

func (g *giftCards) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return g.once(ctx, r.Request, func(o *order) error {
		err := o.move(payment.MovementCapture, r.Request, &o.held, &o.spent)
		if err == nil && r.Final {
			o.release()
		}
		return err
	})
}

func (g *giftCards) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return g.once(ctx, r.Request, func(o *order) error { return o.move(payment.MovementRefund, r.Request, &o.spent, o.card) })
}

func (g *giftCards) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return g.once(ctx, r.Request, func(o *order) error {
		if o.release(); o.Movements == nil {
			o.State = payment.SnapshotCanceled
		}
		return nil
	})
}

func (g *giftCards) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, executed := g.answered[r.IdempotencyKey]
	if o := g.orders[r.SessionID]; o != nil && (executed || r.IdempotencyKey == "") {
		return o.tell(), ctx.Err()
	}
	return payment.Snapshot{State: payment.SnapshotNotFound}, ctx.Err()
}

// once executes a request, unless one with its key was executed before: then nothing happens, and the answer is what it was.
func (g *giftCards) once(ctx context.Context, r payment.Request, execute func(*order) error) (payment.Snapshot, error) {
	if ctx.Err() != nil {
		return payment.Snapshot{}, payment.NotSent(ctx.Err())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.orders[r.SessionID] == nil {
		g.orders[r.SessionID] = newOrder(r)
	}
	o := g.orders[r.SessionID]
	if _, repeated := g.answered[r.IdempotencyKey]; !repeated {
		g.answered[r.IdempotencyKey] = execute(o)
	}
	return o.tell(), g.answered[r.IdempotencyKey]
}

// The compiler says so if one of the optional interfaces is missed.
var (
	_ payment.Provider  = (*giftCards)(nil)
	_ payment.Describer = (*giftCards)(nil)
	_ payment.Canceler  = (*giftCards)(nil)
	_ payment.Capturer  = (*giftCards)(nil)
	_ payment.Refunder  = (*giftCards)(nil)
)
