package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// accepts has a person accept all that needs one.
func (s *shop) accepts() {
	s.t.Helper()
	l, err := s.ListOperations(s.t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
	require.NoError(s.t, err)
	require.NotEmpty(s.t, l.Items)
	for _, op := range l.Items {
		_, err := s.ResolveOperation(s.t.Context(), payment.ResolveOperationParams{OperationID: op.ID, Outcome: payment.ResolveAccept, By: "ann"})
		require.NoError(s.t, err)
	}
}

// moved is a gateway whose account is another one from the second call on.
func moved(p payment.Provider) payment.Provider {
	return faulty{Provider: p, authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
		n, err := p.Authorize(ctx, r)
		n.Account = "acct_moved"
		return n, err
	}, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
		n, err := p.Status(ctx, r)
		n.Account = "acct_moved"
		return n, err
	}}
}

// What the gateway has taken by itself when a person accepts is not given back in our books: the shopper would be asked to pay again.
func TestWhatWasTakenIsNotReleasedByAnAccept(t *testing.T) {
	for _, tt := range []struct {
		name, token, elsewhere, captured string
	}{
		{"the gateway captures by itself", sandboxprovider.TokenAuto, "", "100"},
		{"a dashboard has captured a part", "tok_visa", "30", "30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, options{wrap: moved})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			require.ErrorIs(t, s.authorizeWith(x, tt.token), payment.ErrNeedsAttention)
			if tt.elsewhere != "" {
				_, err := s.gateway.CaptureAtDashboard(s.freshSession(x.ID).Reference, dec(tt.elsewhere))
				require.NoError(t, err)
			}
			s.accepts()
			p := s.payment(s.freshSession(x.ID).PaymentID)
			equalAmount(t, "0", p.Released)
			s.reconcile(2 * time.Minute)
			p = s.payment(p.ID)
			equalAmount(t, tt.captured, p.Captured)
			equalAmount(t, "0", p.Released)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		})
	}
}

// The same where the gateway lists no movements, and says what was captured in all. The difference stays for a person.
func TestWhatWasTakenInAllIsNotReleasedByAnAccept(t *testing.T) {
	s, p := newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	say := func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Account, n.Amount, n.Authorized, n.Movements = payment.SnapshotAuthorized, "acct_moved", dec("100"), dec("100"), nil
		n.Capturable, n.Totals = amount("20"), &payment.Totals{Captured: dec("70")}
		return nil
	}
	p.on(payment.OperationAuthorize, say)
	p.on(payment.OperationStatus, say)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	s.accepts()
	s.reconcile(2 * time.Minute)
	pay := s.payment(s.freshSession(x.ID).PaymentID)
	equalAmount(t, "10", pay.Released)
	equalAmount(t, "90", pay.Capturable)
}

// What a person was told to look at, and what proves to have come to nothing then, is no silent end.
func TestWhatCameToNothingAfterAPersonWasAskedIsTold(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(n *payment.Snapshot, _ payment.Request) error {
		n.CurrencyCode = "USD" // it has mixed something up
		return nil
	})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.Amount, n.Authorized, n.Movements = dec("100"), dec("100"), []payment.Movement{}
		return nil
	})
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	for range 10 {
		s.reconcile(24 * time.Hour)
	}
	require.Empty(t, s.freshSession(pay.SessionID).OperationID)
	require.Len(t, s.payment(pay.ID).Captures, 1)
	require.Equal(t, payment.MovementFailed, s.payment(pay.ID).Captures[0].State)
}

// A void of which the gateway says by its sums that it was captured before is none, and needs a person.
func TestAVoidOfWhatWasCapturedInAllIsNone(t *testing.T) {
	for _, session := range []bool{true, false} {
		s, p := newScripted(t)
		pay := s.paid("scripted", "100", "EUR")
		p.lose(payment.OperationCancel)
		p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
			n.State, n.Amount, n.Authorized, n.Movements, n.Totals = payment.SnapshotCanceled, dec("100"), dec("100"), nil, &payment.Totals{Captured: dec("70")}
			return nil
		})
		try := func() (err error) {
			if session {
				_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: pay.SessionID, IdempotencyKey: "k"})
			} else {
				_, err = s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: pay.ID, IdempotencyKey: "k"})
			}
			return err
		}
		require.ErrorIs(t, try(), payment.ErrOutcomeUnknown)
		s.clock.Advance(time.Minute)
		require.ErrorIs(t, try(), payment.ErrNotAllowed)
		require.ErrorIs(t, try(), payment.ErrNotAllowed)
		equalAmount(t, "30", s.payment(pay.ID).Released)
		s.reconcile(2 * time.Minute)
		require.Equal(t, "totals", s.operation(s.freshSession(pay.SessionID).OperationID).Code)
	}
}
