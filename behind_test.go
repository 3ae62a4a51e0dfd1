package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// requireBehind says that a call has begun nothing, and when to make it again.
func requireBehind(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, payment.ErrInProgress)
	require.NotErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.NotContains(t, err.Error(), payment.ErrOutcomeUnknown.Error())
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Positive(t, e.RetryAfter)
	require.NotEmpty(t, e.Session.OperationID)
}

// While nobody knows what became of a capture, another call on the payment is told that it has begun nothing, not that its own outcome is
// not known: that outcome would never come. Later the same call with the same key happens, once.
func TestCallBehindAnUnknownOutcomeHasBegunNothing(t *testing.T) {
	for name, another := range map[string]func(*shop, *payment.Payment) error{
		"capture": func(s *shop, p *payment.Payment) error {
			_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("10"), IdempotencyKey: "second"})
			return err
		},
		"capture without a key": func(s *shop, p *payment.Payment) error { _, err := s.capture(p, "10"); return err },
		"refund": func(s *shop, p *payment.Payment) error {
			_, err := s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("10"), IdempotencyKey: "second"})
			return err
		},
		"cancel": func(s *shop, p *payment.Payment) error {
			_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID, IdempotencyKey: "second"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{})
			p := s.paid("sandbox", "100", "EUR")
			p, err := s.capture(p, "30")
			require.NoError(t, err)
			first := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("20"), IdempotencyKey: "first"}
			s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
			s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultRequestLost, sandboxprovider.FaultRequestLost)
			_, err = s.CapturePayment(t.Context(), first)
			require.ErrorIs(t, err, payment.ErrOutcomeUnknown)

			requireBehind(t, another(s, p))
			open := s.openOperations(t)
			require.Len(t, open, 1)
			equalAmount(t, "20", open[0].Amount)
			_, err = s.CapturePayment(t.Context(), first)
			require.ErrorIs(t, err, payment.ErrOutcomeUnknown, "it is this one's")

			require.NoError(t, another(s, p))
			require.Empty(t, s.openOperations(t))
			s.agree(p.CollectionID)
		})
	}
}

// The same for a session: only whoever wants the same, with the same input or the same key, shares the outcome.
func TestAttemptBehindAnotherHasBegunNothing(t *testing.T) {
	s := newShop(t, options{})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	authorize := func(token, key string) error {
		p := payment.AuthorizeSessionParams{SessionID: x.ID, Input: payment.Data{"token": token}, IdempotencyKey: key}
		_, err := s.AuthorizeSession(t.Context(), p)
		return err
	}
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	for range 6 {
		s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultRequestLost)
	}
	require.ErrorIs(t, authorize("tok_visa", "k1"), payment.ErrOutcomeUnknown)
	require.ErrorIs(t, authorize("tok_visa", "k1"), payment.ErrOutcomeUnknown)
	require.ErrorIs(t, authorize("tok_visa", ""), payment.ErrOutcomeUnknown)
	requireBehind(t, authorize("tok_other", "k2"))
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	requireBehind(t, err)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	requireBehind(t, err)
	requireBehind(t, s.DeleteSession(t.Context(), x.ID))
	require.NoError(t, authorize("tok_other", "k2"), "it is authorized already")
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
}

// Also where it brought the other operation on, and the store would not take the answer.
func TestAnswerToAnotherOperationThatIsNotRecorded(t *testing.T) {
	store := &breaking{Store: memstore.New()}
	s := newShop(t, options{store: store})
	p := s.paid("sandbox", "100", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultRequestLost)
	_, err := s.capture(p, "20")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	store.refuse = func(c *payment.Changes) error {
		for _, op := range c.Operations {
			if op.State != payment.OperationOpen {
				return errFailover
			}
		}
		return nil
	}
	_, err = s.capture(p, "10")
	requireBehind(t, err)
	require.ErrorIs(t, err, errFailover)
}

// A caller who leaves while somebody else brings on what it has begun itself is not told that it began nothing.
func TestCallerLeavesWhatItHasBegun(t *testing.T) {
	l := &lossy{Store: memstore.New()}
	ctx, cancel := context.WithCancel(t.Context())
	p := &scripted{answer: usual, info: payment.ProviderInfo{KeyTTL: 24 * time.Hour, MultiCapture: true}}
	s := newShop(t, options{store: l, more: []payment.Provider{p}})
	asked, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
	leave := false
	caller, err := payment.NewService(l, payment.Config{Providers: []payment.Provider{p}, Now: s.clock.Now, Wait: func(ctx context.Context, d time.Duration) error {
		if leave && d == 5*time.Millisecond { // it waits for the other one
			cancel()
		}
		return ctx.Err()
	}})
	require.NoError(t, err)
	paid := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error {
		close(asked)
		<-release
		return errors.New("no answer")
	})
	l.lose = func(c *payment.Changes) bool {
		return len(c.Operations) == 1 && c.Operations[0].Kind == payment.OperationCapture
	}
	l.between = func() {
		s.clock.Advance(time.Minute) // the lease ends
		go func() {
			_, err := s.Reconcile(t.Context())
			done <- err
		}()
		<-asked
		leave = true
	}
	_, err = caller.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paid.ID, Amount: amount("20")})
	close(release)
	require.NoError(t, <-done)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.NotErrorIs(t, err, payment.ErrInProgress)
	require.ErrorIs(t, err, context.Canceled)
}
