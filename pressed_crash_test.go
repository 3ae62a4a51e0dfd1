package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// leaseOver is a moment after every lease has ended.
const leaseOver = time.Minute

// One call, one payment, both callers get it: within one process, and from two that share a store.
func pressAuthorizeTwice(t *testing.T) {
	var got [2]*payment.Payment
	authorize := func(i int) func(*shop, string) error {
		return func(s *shop, id string) (err error) {
			got[i], err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: id})
			return err
		}
	}
	s, id, first, second := duel(t, sandboxprovider.MethodConfirm, func(s *shop) string {
		return s.session(s.collection("100", "USD"), "sandbox", "100").ID
	}, authorize(0), authorize(1))
	require.NoError(t, first)
	require.NoError(t, second)
	require.Equal(t, got[0].ID, got[1].ID)
	require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
	require.Len(t, s.keysOf(sandboxprovider.MethodConfirm), 1)
	require.Zero(t, s.executed(sandboxprovider.MethodCancel))
	require.Equal(t, payment.StatusAuthorized, s.freshSession(id).Status)
	s.booksAgree(t, got[0].ID)
}

// death is the end of a process in the middle of a call.
type death struct{}

// killed runs a call whose process dies in the provider: before the request has left, or after the gateway has done it.
func (s *shop) killed(h *hook, after bool, call func() (*payment.Payment, error)) {
	s.t.Helper()
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		if after {
			_, _ = call()
		}
		panic(death{})
	})
	require.PanicsWithValue(s.t, death{}, func() { _, _ = call() })
	h.set(nil)
}

func pressKilledInCapture(t *testing.T) {
	for name, after := range map[string]bool{"before the gateway has it": false, "after the gateway has done it": true} {
		t.Run(name, func(t *testing.T) {
			h := &hook{}
			s := newShop(t, options{wrap: h.wrap})
			p := s.paid("sandbox", "100", "USD")
			s.killed(h, after, func() (*payment.Payment, error) { return s.capture(p, "60") })

			// No phantom: nothing is counted as captured, and nothing can be refunded.
			stored, err := s.GetPayment(t.Context(), p.ID)
			require.NoError(t, err)
			require.Empty(t, stored.Captures)
			equalAmount(t, "0", s.fresh(p.CollectionID).Captured)
			require.Len(t, s.openOperations(t), 1)

			next := s.anotherProcess(payment.Config{})
			require.Zero(t, next.reconcile(0).Looked) // its executor could still be alive
			require.Len(t, next.reconcile(leaseOver).Settled, 1)
			p = next.booksAgree(t, p.ID)
			equalAmount(t, "60", p.Captured)
			require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
			require.Len(t, s.keysOf(sandboxprovider.MethodCapture), 1)
			// The retry of the rest, and a refund, go on from there.
			_, err = next.capture(p, "")
			require.NoError(t, err)
			_, err = next.refund(p, "100")
			require.NoError(t, err)
			equalAmount(t, "100", next.booksAgree(t, p.ID).Refunded)
		})
	}
	t.Run("before the gateway has it, and the call must not be repeated", func(t *testing.T) {
		h := &hook{}
		s := newShop(t, options{wrap: h.wrap, gateway: sandboxprovider.GatewayConfig{NoKeys: true}})
		p := s.paid("sandbox", "100", "USD")
		s.killed(h, false, func() (*payment.Payment, error) { return s.capture(p, "60") })
		next := s.anotherProcess(payment.Config{})
		require.Len(t, next.reconcile(leaseOver).Parked, 1) // it could still be under way
		require.Len(t, next.reconcile(time.Hour).Settled, 1)
		require.Empty(t, s.keysOf(sandboxprovider.MethodCapture))
		equalAmount(t, "0", next.booksAgree(t, p.ID).Captured)
		err := next.untouched(t, func() error { _, err := next.refund(p, ""); return err })
		require.ErrorIs(t, err, payment.ErrNotAllowed)
		_, err = next.capture(p, "60")
		require.NoError(t, err)
		equalAmount(t, "60", next.booksAgree(t, p.ID).Captured)
	})
}

func pressKilledInRefund(t *testing.T) {
	for name, after := range map[string]bool{"before the gateway has it": false, "after the gateway has done it": true} {
		t.Run(name, func(t *testing.T) {
			h := &hook{}
			s := newShop(t, options{wrap: h.wrap})
			p := s.paid("sandbox", "100", "USD")
			_, err := s.capture(p, "")
			require.NoError(t, err)
			s.killed(h, after, func() (*payment.Payment, error) { return s.refund(p, "60") })
			stored, err := s.GetPayment(t.Context(), p.ID)
			require.NoError(t, err)
			require.Empty(t, stored.Refunds)
			equalAmount(t, "0", s.fresh(p.CollectionID).Refunded)

			next := s.anotherProcess(payment.Config{})
			require.Zero(t, next.reconcile(0).Looked)
			require.Len(t, next.reconcile(leaseOver).Settled, 1)
			equalAmount(t, "60", next.booksAgree(t, p.ID).Refunded)
			require.Equal(t, 1, s.executed(sandboxprovider.MethodRefund))
			_, err = next.refund(p, "40") // nothing blocks the rest
			require.NoError(t, err)
			equalAmount(t, "100", next.booksAgree(t, p.ID).Refunded)
		})
	}
	t.Run("before the gateway has it, and the call must not be repeated", func(t *testing.T) {
		h := &hook{}
		s := newShop(t, options{wrap: h.wrap, gateway: sandboxprovider.GatewayConfig{NoKeys: true}})
		p := s.paid("sandbox", "100", "USD")
		_, err := s.capture(p, "")
		require.NoError(t, err)
		s.killed(h, false, func() (*payment.Payment, error) { return s.refund(p, "60") })
		next := s.anotherProcess(payment.Config{})
		require.Len(t, next.reconcile(leaseOver).Parked, 1)
		require.Len(t, next.reconcile(time.Hour).Settled, 1)
		require.Empty(t, s.keysOf(sandboxprovider.MethodRefund))
		_, err = next.refund(p, "100")
		require.NoError(t, err)
		equalAmount(t, "100", next.booksAgree(t, p.ID).Refunded)
	})
}

// The gateway has taken the money, and the answer cannot be recorded: the operation stays open, and Reconcile records it.
func pressDatabaseFails(t *testing.T) {
	t.Run("until the process ends", func(t *testing.T) {
		h, store := &hook{}, &frailStore{Store: memstore.New()}
		s := newShop(t, options{wrap: h.wrap, store: store})
		p := s.paid("sandbox", "100", "USD")
		errDown := errors.New("the database is down")
		h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
			defer store.set(func(func() error) error { return errDown })
			return call()
		})
		_, err := s.capture(p, "60")
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		require.ErrorIs(t, err, errDown)
		equalAmount(t, "60", s.intent(p.SessionID).Captured)
		require.Len(t, s.openOperations(t), 1)

		next := s.anotherProcess(payment.Config{})
		require.Len(t, next.reconcile(leaseOver).Settled, 1)
		equalAmount(t, "60", next.booksAgree(t, p.ID).Captured)
		require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
	})
	t.Run("and says that the commit may have happened, which it has", func(t *testing.T) {
		h, store := &hook{}, &frailStore{Store: memstore.New()}
		s := newShop(t, options{wrap: h.wrap, store: store})
		p := s.paid("sandbox", "100", "USD")
		store.set(func(commit func() error) error {
			if err := commit(); err != nil {
				return err
			}
			return payment.ErrCommitUnknown
		})
		p, err := s.capture(p, "60")
		require.NoError(t, err)
		store.set(nil)
		require.Len(t, p.Captures, 1)
		equalAmount(t, "60", s.booksAgree(t, p.ID).Captured)
		require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
	})
	t.Run("before the call", func(t *testing.T) {
		store := &frailStore{Store: memstore.New()}
		s := newShop(t, options{store: store})
		p := s.paid("sandbox", "100", "USD")
		errDown := errors.New("the database is down")
		store.set(func(func() error) error { return errDown })
		err := s.untouched(t, func() error { _, err := s.capture(p, "60"); return err })
		require.ErrorIs(t, err, errDown)
		require.NotErrorIs(t, err, payment.ErrOutcomeUnknown) // nothing was sent, and that is known
	})
}

func pressRetry(t *testing.T) {
	for _, fault := range []sandboxprovider.FaultKind{sandboxprovider.FaultAnswerLost, sandboxprovider.FaultRequestLost} {
		t.Run(string(fault), func(t *testing.T) {
			s := newShop(t, options{})
			p := s.paid("sandbox", "100", "USD")
			s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: fault})
			take := payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("60"), IdempotencyKey: "shipment 1"}
			_, err := s.CapturePayment(t.Context(), take)
			require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
			p, err = s.CapturePayment(t.Context(), take)
			require.NoError(t, err)
			require.Len(t, p.Captures, 1)
			require.Equal(t, []string{p.Captures[0].ID[len("capt_"):]}, s.keysOf(sandboxprovider.MethodCapture))
			require.Equal(t, 1, s.executed(sandboxprovider.MethodCapture))
			equalAmount(t, "60", s.booksAgree(t, p.ID).Captured)
		})
	}
	t.Run("by a caller without a key of its own", func(t *testing.T) {
		s := newShop(t, options{})
		p := s.paid("sandbox", "100", "USD")
		s.gateway.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
		_, err := s.capture(p, "")
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		p, err = s.capture(p, "")
		require.NoError(t, err)
		require.Len(t, p.Captures, 1)
		equalAmount(t, "100", s.booksAgree(t, p.ID).Captured)
	})
}

func pressCaptureAndCancel(t *testing.T) {
	prepare := func(s *shop) string { return s.paid("sandbox", "100", "USD").ID }
	capture := func(s *shop, id string) error {
		_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: id})
		return err
	}
	cancel := func(s *shop, id string) error {
		_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: id})
		return err
	}
	t.Run("the capture is first", func(t *testing.T) {
		s, id, first, second := duel(t, sandboxprovider.MethodCapture, prepare, capture, cancel)
		require.NoError(t, first)
		require.ErrorIs(t, second, payment.ErrNotAllowed)
		require.Empty(t, s.keysOf(sandboxprovider.MethodCancel))
		equalAmount(t, "100", s.booksAgree(t, id).Captured)
	})
	t.Run("the cancellation is first", func(t *testing.T) {
		s, id, first, second := duel(t, sandboxprovider.MethodCancel, prepare, cancel, capture)
		require.NoError(t, first)
		require.ErrorIs(t, second, payment.ErrCanceled)
		require.ErrorIs(t, second, payment.ErrNotAllowed)
		require.Empty(t, s.keysOf(sandboxprovider.MethodCapture))
		equalAmount(t, "0", s.booksAgree(t, id).Captured)
	})
}

// Two captures in two sessions of one collection are at the gateway at the same time; both are counted.
func pressTotals(t *testing.T) {
	h := &hook{}
	s := newShop(t, options{wrap: h.wrap, realTime: true})
	c := s.collection("100", "USD")
	payments := []*payment.Payment{s.authorize(s.session(c, "sandbox", "60")), s.authorize(s.session(c, "sandbox", "40"))}
	inside, goOn := make(chan bool, 2), make(chan bool)
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		snapshot, err := call()
		inside <- true
		<-goOn
		return snapshot, err
	})
	results := make(chan error, 2)
	for _, p := range payments {
		go func() {
			_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
			results <- err
		}()
	}
	arrive(t, inside)
	arrive(t, inside)
	close(goOn)
	require.NoError(t, arrive(t, results))
	require.NoError(t, arrive(t, results))
	c = s.fresh(c.ID)
	equalAmount(t, "100", c.Authorized)
	equalAmount(t, "100", c.Captured)
	require.Equal(t, payment.CollectionCompleted, c.Status())
	for _, p := range payments {
		s.booksAgree(t, p.ID)
	}
}

// A gateway that authorizes, or captures, while it creates: the session has its payment, and the payment its capture.
func pressInitializeAuthorized(t *testing.T) {
	for tok, captured := range map[string]string{sandboxprovider.TokenVisa: "0", sandboxprovider.TokenAuto: "100"} {
		t.Run(tok, func(t *testing.T) {
			h := &hook{}
			s := newShop(t, options{wrap: h.wrap})
			h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
				if m != sandboxprovider.MethodCreate {
					return call()
				}
				snapshot, err := call()
				require.NoError(t, err)
				p := sandboxprovider.New(s.gateway, sandboxprovider.Config{})
				return p.Authorize(t.Context(), payment.AuthorizeRequest{Request: payment.Request{
					Reference: snapshot.Reference, CurrencyCode: "USD", Amount: dec("100"), Input: token(tok),
				}})
			})
			x := s.session(s.collection("100", "USD"), "sandbox", "100")
			require.Equal(t, payment.StatusAuthorized, x.Status)
			require.NotEmpty(t, x.PaymentID)
			p := s.booksAgree(t, x.PaymentID)
			equalAmount(t, captured, p.Captured)
			equalAmount(t, captured, s.fresh(x.CollectionID).Captured)
			equalAmount(t, "100", s.fresh(x.CollectionID).Authorized)
			equalAmount(t, "0", s.fresh(x.CollectionID).Held)
			require.Equal(t, p.ID, s.authorize(x).ID) // no second authorization
			s.booksAgree(t, p.ID)
		})
	}
}
