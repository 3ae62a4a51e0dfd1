package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// shop is a service in this process, and many clients that go through whole flows on a few collections that they share.
type shop struct {
	store    payment.Store
	svc      *payment.Service
	gateway  *sandboxprovider.Gateway
	patient  bool // a client repeats what may be repeated, as it does where the database goes away
	parallel int  // clients

	flows  atomic.Int64
	mu     sync.Mutex
	failed []error                    // what a client was told that it must not be
	told   map[string]decimal.Decimal // by payment: what was captured, as a client was told
}

// newShop makes a shop, and the collections. One that is patient has short timeouts.
func newShop(ctx context.Context, store payment.Store, collections int, patient bool) (*shop, []string, error) {
	g := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
	s := &shop{store: store, gateway: g, patient: patient, parallel: 16, told: map[string]decimal.Decimal{}}
	config := payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(g, sandboxprovider.Config{})},
		OnEvent:   func(context.Context, payment.Event) error { return nil },
	}
	if patient {
		config.CallTimeout, config.SettleTimeout, config.ClockSkew = callTimeout, settleTimeout, clockSkew
	}
	var err error
	if s.svc, err = payment.NewService(store, config); err != nil {
		return nil, nil, err
	}
	var ids []string
	for range collections {
		c, err := s.svc.CreateCollection(ctx, payment.CreateCollectionParams{Amount: decimal.New(10_000_000, 0), CurrencyCode: "EUR"})
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, c.ID)
	}
	return s, ids, nil
}

// work lets the clients work until ctx ends; what has begun then comes to its end.
func (s *shop) work(ctx context.Context, collections []string) {
	var all sync.WaitGroup
	for n := range s.parallel {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 5))
			for ctx.Err() == nil {
				if err := s.flow(context.WithoutCancel(ctx), collections[dice.IntN(len(collections))], dice); err != nil {
					s.mu.Lock()
					s.failed = append(s.failed, err)
					s.mu.Unlock()
				}
				s.flows.Add(1)
			}
		})
	}
	all.Wait()
}

// do makes a call of the host, once, or for as long as it may be repeated.
func do[T any](ctx context.Context, s *shop, call func(ctx context.Context, key string) (T, error)) (T, error) {
	key := newKey()
	if !s.patient {
		return call(ctx, key)
	}
	return insist(ctx, func() (T, error) { return call(ctx, key) })
}

// flow opens a session, authorizes it, and captures, refunds or gives up.
func (s *shop) flow(ctx context.Context, collection string, dice *rand.Rand) error {
	amount := decimal.New(int64(1000+dice.IntN(9000)), -2)
	session, err := do(ctx, s, func(ctx context.Context, key string) (*payment.PaymentSession, error) {
		return s.svc.CreateSession(ctx, payment.CreateSessionParams{
			CollectionID: collection, ProviderID: "sandbox", Amount: amount, IdempotencyKey: key,
		})
	})
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	paid, err := do(ctx, s, func(ctx context.Context, key string) (*payment.Payment, error) {
		return s.svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID, IdempotencyKey: key})
	})
	if err != nil {
		return fmt.Errorf("authorize: %w", err)
	}
	if dice.IntN(5) == 0 {
		_, err = do(ctx, s, func(ctx context.Context, key string) (*payment.Payment, error) {
			return s.svc.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: paid.ID, IdempotencyKey: key})
		})
		return wrap("cancel", err)
	}
	half := decimal.New(500, -2)
	for _, part := range []decimal.Decimal{half, amount.Sub(half)} {
		_, err = do(ctx, s, func(ctx context.Context, key string) (*payment.Payment, error) {
			return s.svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, Amount: &part, IdempotencyKey: key})
		})
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
		s.mu.Lock()
		s.told[paid.ID] = s.told[paid.ID].Add(part)
		s.mu.Unlock()
	}
	_, err = do(ctx, s, func(ctx context.Context, key string) (*payment.Payment, error) {
		return s.svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: paid.ID, Amount: &half, IdempotencyKey: key})
	})
	return wrap("refund", err)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// compare holds the rows against the gateway's books, and against what the clients were told.
func (s *shop) compare(ctx context.Context) (*verdict, error) {
	b, err := read(ctx, s.store)
	if err != nil {
		return nil, err
	}
	v := (&parent{gateway: s.gateway}).compare(b)
	for _, x := range b.payments {
		if told := s.told[x.ID]; x.Captured.LessThan(told) {
			v.say(&v.Lost, "payment %s: %s were captured, as a client was told, and %s are in the rows", x.ID, told, x.Captured)
		}
	}
	for _, c := range b.collections {
		var authorized, captured, refunded decimal.Decimal
		for _, x := range b.below[c.ID] {
			if p := b.payments[x.ID]; p != nil {
				authorized = authorized.Add(p.Authorized.Sub(p.Released))
				captured, refunded = captured.Add(p.Captured), refunded.Add(p.Refunded)
			}
		}
		if !c.Authorized.Equal(authorized) || !c.Captured.Equal(captured) || !c.Refunded.Equal(refunded) {
			v.say(nil, "collection %s says authorized %s, captured %s, refunded %s; its payments add up to %s, %s, %s", c.ID, c.Authorized, c.Captured,
				c.Refunded, authorized, captured, refunded)
		}
	}
	return v, nil
}

// errsOf joins the first few errors.
func errsOf(errs []error) error { return errors.Join(errs[:min(len(errs), 5)]...) }
