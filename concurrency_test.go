package payment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// together runs a function 32 times at once and returns what each returned.
func together[T any](f func(i int) (T, error)) ([]T, []error) {
	const n = 32
	values, errs := make([]T, n), make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			values[i], errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return values, errs
}

// encoded is a payment for comparisons.
func encoded(t *testing.T, p *payment.Payment) string {
	t.Helper()
	require.NotNil(t, p)
	b, err := payment.EncodeRow(p)
	require.NoError(t, err)
	return string(b)
}

func TestOneSessionAuthorizedAtOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	payments, errs := together(func(int) (*payment.Payment, error) {
		return s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	})
	for i := range payments {
		require.NoError(t, errs[i])
		require.Equal(t, encoded(t, payments[0]), encoded(t, payments[i]))
	}
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
	require.Equal(t, 1, s.gateway.Authorizations(x.ID))
}

// Two processes share a store; each has a Service of its own.
func TestOneSessionAuthorizedByTwoProcesses(t *testing.T) {
	s := newShop(t, options{realTime: true})
	other, err := payment.NewService(s.store, payment.Config{Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}})
	require.NoError(t, err)
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	payments, errs := together(func(i int) (*payment.Payment, error) {
		svc := []*payment.Service{s.Service, other}[i%2]
		return svc.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	})
	for i := range payments {
		require.NoError(t, errs[i])
		require.Equal(t, encoded(t, payments[0]), encoded(t, payments[i]))
	}
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
}

func TestCaptureWithoutAmountAtOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	p := s.paid("sandbox", "100", "EUR")
	payments, errs := together(func(int) (*payment.Payment, error) { return s.capture(p, "") })
	for i := range payments {
		require.NoError(t, errs[i])
		require.Equal(t, encoded(t, payments[0]), encoded(t, payments[i]))
		require.Len(t, payments[i].Captures, 1)
	}
	require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
	equalAmount(t, "100", s.intent(p.SessionID).Captured)
}

func TestCaptureOfTheFullAmountAtOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	p := s.paid("sandbox", "100", "EUR")
	_, errs := together(func(int) (*payment.Payment, error) { return s.capture(p, "100") })
	requireOneWinner(t, errs, payment.ErrAmountExceeded)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
	equalAmount(t, "100", s.intent(p.SessionID).Captured)
}

// requireOneWinner says that one call succeeded, and all others failed in one way.
func requireOneWinner(t *testing.T, errs []error, lost error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, lost)
	}
	require.Equal(t, 1, won)
}

func TestCaptureWithOneRequestKeyAtOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	p := s.paid("sandbox", "100", "EUR")
	payments, errs := together(func(int) (*payment.Payment, error) {
		return s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("30"), IdempotencyKey: "ship-1"})
	})
	for i := range payments {
		require.NoError(t, errs[i])
		require.Equal(t, encoded(t, payments[0]), encoded(t, payments[i]))
		require.Len(t, payments[i].Captures, 1)
	}
	require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
	equalAmount(t, "30", s.intent(p.SessionID).Captured)
}

func TestSessionsOfTheFullAmountAtOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	c := s.collection("100", "EUR")
	sessions := make([]*payment.PaymentSession, 32)
	for i := range sessions {
		sessions[i] = s.session(c, "sandbox", "100")
	}
	_, errs := together(func(i int) (*payment.Payment, error) {
		return s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: sessions[i].ID})
	})
	requireOneWinner(t, errs, payment.ErrAmountExceeded)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
	c = s.fresh(c.ID)
	equalAmount(t, "100", c.Authorized)
	equalAmount(t, "0", c.Held)
	for _, err := range errs {
		if exceeded, ok := errors.AsType[*payment.AmountExceededError](err); ok {
			equalAmount(t, "0", exceeded.Left)
			require.Len(t, exceeded.Holders, 1)
		}
	}
}

func TestCancelAndCaptureAtOnce(t *testing.T) {
	for range 20 {
		s := newShop(t, options{realTime: true})
		p := s.paid("sandbox", "100", "EUR")
		_, errs := together(func(i int) (*payment.Payment, error) {
			if i%2 == 0 {
				return s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
			}
			return s.capture(p, "")
		})
		intent := s.intent(p.SessionID)
		p, err := s.GetPayment(t.Context(), p.ID)
		require.NoError(t, err)
		captured := !intent.Captured.IsZero()
		require.Equal(t, captured, p.CanceledAt.IsZero())
		for i, err := range errs {
			if won := captured == (i%2 == 1); won {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, payment.ErrNotAllowed)
			}
		}
		require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture)+s.executed(sandboxprovider.MethodCancel))
	}
}

func TestUpdatesOfTotalsAtOnce(t *testing.T) {
	for _, provider := range []string{"manual", "sandbox"} {
		s := newShop(t, options{realTime: true})
		c := s.collection("32", "EUR")
		_, errs := together(func(int) (*payment.Payment, error) {
			x, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: dec("1")})
			if err != nil {
				return nil, err
			}
			p, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
			if err != nil {
				return nil, err
			}
			return s.capture(p, "")
		})
		for _, err := range errs {
			require.NoError(t, err)
		}
		c = s.fresh(c.ID)
		equalAmount(t, "32", c.Authorized)
		equalAmount(t, "32", c.Captured)
		require.Zero(t, c.LiveSessions)
		require.Equal(t, payment.CollectionCompleted, c.Status())
	}
}

func TestCreationsWithOneRequestKeyAtOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	collections, errs := together(func(int) (*payment.PaymentCollection, error) {
		return s.CreateCollection(t.Context(), payment.CreateCollectionParams{CurrencyCode: "EUR", Amount: dec("5"), IdempotencyKey: "cart-1"})
	})
	for i := range collections {
		require.NoError(t, errs[i])
		require.Equal(t, collections[0].ID, collections[i].ID)
	}
	sessions, errs := together(func(int) (*payment.PaymentSession, error) {
		return s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: collections[0].ID, ProviderID: "sandbox", Amount: dec("5"), IdempotencyKey: "pay-1"})
	})
	for i := range sessions {
		require.NoError(t, errs[i])
		require.Equal(t, sessions[0].ID, sessions[i].ID)
	}
	require.Len(t, s.gateway.Intents(), 1)
}

// Those who wait for an authorization with the same goal share its decline: a double click is one attempt.
func TestDeclineIsSharedByThoseWhoWaited(t *testing.T) {
	type caller struct{}
	var mu sync.Mutex
	var waiting map[any]bool // who has waited since the gateway was called
	all := make(chan struct{})
	s := newShop(t, options{
		realTime: true,
		config: payment.Config{Wait: func(ctx context.Context, _ time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if waiting != nil && len(waiting) < 31 {
				if waiting[ctx.Value(caller{})] = true; len(waiting) == 31 {
					close(all)
				}
			}
			return ctx.Err()
		}},
		wrap: func(p payment.Provider) payment.Provider {
			return faulty{Provider: p, authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
				mu.Lock()
				first := waiting == nil
				if first {
					waiting = map[any]bool{}
				}
				mu.Unlock()
				if first {
					<-all
				}
				return p.Authorize(ctx, r)
			}}
		},
	})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	_, errs := together(func(i int) (*payment.Payment, error) {
		ctx := context.WithValue(t.Context(), caller{}, i)
		return s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_declined")})
	})
	for _, err := range errs {
		require.ErrorIs(t, err, payment.ErrDeclined)
	}
	require.Len(t, s.calls(sandboxprovider.MethodConfirm), 1)
	require.Equal(t, 1, s.freshSession(x.ID).Declines)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	// Another means of payment is another attempt.
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_visa")})
	require.NoError(t, err)
}

// A caller that waits for another's operation and gives up gets ErrInProgress, and changes nothing.
func TestWaitingEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newShop(t, options{realTime: true, config: payment.Config{Wait: func(ctx context.Context, _ time.Duration) error {
		cancel() // the caller goes away while it waits
		return ctx.Err()
	}}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	release := make(chan struct{})
	s.gateway.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{After: release})
	done := make(chan error)
	go func() {
		_, err := s.AuthorizeSession(context.WithoutCancel(t.Context()), payment.AuthorizeSessionParams{SessionID: x.ID})
		done <- err
	}()
	for s.freshSession(x.ID).OperationID == "" {
	}
	_, err := s.CancelSession(ctx, payment.CancelSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrInProgress)
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	require.NoError(t, <-done)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A repetition whose first call is still under way, in another process, has begun something: what becomes of that is its own outcome. Whoever has
// another key has not.
func TestRepeatGivesUpWhileItsFirstCallIsUnderWay(t *testing.T) {
	h := &hook{}
	s := newShop(t, options{wrap: h.wrap})
	p := s.paid("sandbox", "100", "EUR")
	take := func(svc *payment.Service, ctx context.Context, key string) error {
		_, err := svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), IdempotencyKey: key})
		return err
	}
	outcomes := map[string]error{}
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		for _, key := range []string{"first", "second"} {
			ctx, cancel := context.WithCancel(t.Context())
			other, err := payment.NewService(s.store, payment.Config{
				Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}, Now: s.clock.Now,
				Wait: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() },
			})
			require.NoError(t, err)
			outcomes[key] = take(other, ctx, key)
		}
		return call()
	})
	require.NoError(t, take(s.Service, t.Context(), "first"))
	require.ErrorIs(t, outcomes["first"], payment.ErrOutcomeUnknown)
	require.NotErrorIs(t, outcomes["first"], payment.ErrInProgress)
	require.ErrorIs(t, outcomes["second"], payment.ErrInProgress)
	equalAmount(t, "40", s.payment(p.ID).Captured)
}

// Nor has it begun nothing where the store goes while it waits.
func TestRepeatMeetsAStoreThatIsGone(t *testing.T) {
	h := &hook{}
	l := &lossy{Store: memstore.New()}
	s := newShop(t, options{wrap: h.wrap, store: l})
	p := s.paid("sandbox", "100", "EUR")
	gone := &payment.StoreError{Problem: payment.StoreGone, Advice: "see", Err: errors.New("refused")}
	var got error
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		other, err := payment.NewService(l, payment.Config{
			Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}, Now: s.clock.Now,
			Wait: func(ctx context.Context, _ time.Duration) error { l.load = gone; return ctx.Err() },
		})
		require.NoError(t, err)
		_, got = other.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), IdempotencyKey: "first"})
		l.load = nil
		return call()
	})
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), IdempotencyKey: "first"})
	require.NoError(t, err)
	require.ErrorIs(t, got, payment.ErrOutcomeUnknown)
}
