package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// hung is a store whose server takes calls and answers none, from some call on.
type hung struct {
	payment.Store
	claim, load, done bool
}

func (h *hung) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if h.claim {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Store.Claim(ctx, kind, now, until, limit)
}

func (h *hung) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if h.load {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Store.Load(ctx, by)
}

func (h *hung) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if h.done {
		<-ctx.Done()
		return ctx.Err()
	}
	return h.Store.Done(ctx, d, again)
}

// A server that hangs does not hang Reconcile: its error says so, which Run logs, and the next one tries again.
func TestAStoreThatNeverAnswers(t *testing.T) {
	for name, hang := range map[string]func(*hung){
		"Claim": func(h *hung) { h.claim = true }, "Load": func(h *hung) { h.load = true }, "Done": func(h *hung) { h.done = true },
	} {
		t.Run(name, func(t *testing.T) {
			h := &hung{Store: memstore.New()}
			s := newShop(t, options{store: h, config: payment.Config{
				CallTimeout: 20 * time.Millisecond, SettleTimeout: 20 * time.Millisecond, ClockSkew: time.Millisecond,
				OnEvent: func(context.Context, payment.Event) error { return nil },
			}})
			x := s.session(s.collection("100", "USD"), "sandbox", "100")
			s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
			_, err := s.tryAuthorize(x)
			require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
			s.clock.Advance(time.Minute)
			hang(h)
			done := make(chan error, 1)
			go func() {
				_, err := s.Reconcile(context.Background())
				done <- err
			}()
			select {
			case err := <-done:
				require.ErrorIs(t, err, context.DeadlineExceeded)
			case <-time.After(10 * time.Second):
				require.Fail(t, "Reconcile hangs")
			}
		})
	}
}
