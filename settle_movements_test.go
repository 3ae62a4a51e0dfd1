package payment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// A mismatch on a payment blocks its capture: the lock is kept.
func TestCaptureOfAnotherAmountIsLeftToAPerson(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error { s.Movements[0].Amount = dec("100"); return nil })
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	equalAmount(t, "0", s.payment(pay.ID).Captured)
	_, err = s.capture(pay, "1")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
}

func movement(kind payment.MovementKind, reference, amount string, state payment.MovementState) payment.Movement {
	return payment.Movement{Kind: kind, Reference: reference, Amount: dec(amount), State: state}
}

// Whose a movement is, is decided by reference and key; equal amounts prove nothing.
func TestEqualAmountsProveNothing(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements = []payment.Movement{movement(payment.MovementCapture, "stranger", "40", payment.MovementSucceeded)}
		return nil
	})
	_, err := s.capture(pay, "40")
	s.requireUnknown(err, pay.SessionID, payment.StatusAuthorized)
	require.Empty(t, s.payment(pay.ID).Captures)
	// Now the gateway tells the key of one of two captures of the same amount: that one is ours, the other was made elsewhere.
	key := ""
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error {
		key = r.IdempotencyKey
		ours := movement(payment.MovementCapture, "ours", "40", payment.MovementSucceeded)
		ours.IdempotencyKey = r.IdempotencyKey
		s.Amount, s.Authorized = r.Amount, r.Amount
		s.Movements = []payment.Movement{movement(payment.MovementCapture, "stranger", "40", payment.MovementSucceeded), ours}
		return nil
	})
	s.reconcile(time.Minute)
	pay = s.payment(pay.ID)
	equalAmount(t, "80", pay.Captured)
	equalAmount(t, "20", pay.Capturable)
	require.Len(t, pay.Captures, 2)
	for _, c := range pay.Captures {
		require.Equal(t, c.Reference == "stranger", c.External())
		require.Equal(t, c.Reference == "ours", c.ID == "capt_"+key)
	}
	require.Empty(t, s.freshSession(pay.SessionID).OperationID)
}

func TestMovementsMadeElsewhereAreRecorded(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationRefund, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements = append(s.Movements, movement(payment.MovementCapture, "dash-1", "30", payment.MovementSucceeded))
		return nil
	})
	pay, err := s.capture(pay, "50")
	require.NoError(t, err)
	pay, err = s.refund(pay, "10")
	require.NoError(t, err)
	equalAmount(t, "80", pay.Captured)
	equalAmount(t, "10", pay.Refunded)
	equalAmount(t, "20", pay.Capturable)
	c := s.fresh(pay.CollectionID)
	equalAmount(t, "80", c.Captured)
	equalAmount(t, "10", c.Refunded)
}

// A snapshot with more movements than one commit takes is written in several.
func TestHundredMovementsAtOnce(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		for i := range 100 {
			s.Movements = append(s.Movements, movement(payment.MovementCapture, fmt.Sprint("dash-", i), "0.5", payment.MovementSucceeded))
		}
		return nil
	})
	pay, err := s.capture(pay, "10")
	require.NoError(t, err)
	require.Len(t, pay.Captures, 101)
	equalAmount(t, "60", pay.Captured)
	equalAmount(t, "60", s.fresh(pay.CollectionID).Captured)
	require.Empty(t, s.freshSession(pay.SessionID).OperationID)
}

// Movements that cannot be told apart, or that are told twice, are a person's matter; what is not there cannot have moved anything.
func TestMovementsThatCannotBeTold(t *testing.T) {
	succeeded := func(reference, key, amount string) payment.Movement {
		m := movement(payment.MovementCapture, reference, amount, payment.MovementSucceeded)
		m.IdempotencyKey = key
		return m
	}
	for name, list := range map[string]func(key string) []payment.Movement{
		"one key twice": func(k string) []payment.Movement {
			return []payment.Movement{succeeded("a", k, "10"), succeeded("b", k, "10")}
		},
		"one reference twice": func(k string) []payment.Movement {
			return []payment.Movement{succeeded("a", k, "10"), succeeded("a", "", "5")}
		},
		"no name at all": func(k string) []payment.Movement {
			return []payment.Movement{succeeded("a", k, "10"), succeeded("", "", "5")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := newScripted(t)
			pay := s.paid("scripted", "100", "EUR")
			p.on(payment.OperationCapture, func(s *payment.Snapshot, r payment.Request) error { s.Movements = list(r.IdempotencyKey); return nil })
			_, err := s.capture(pay, "10")
			require.ErrorIs(t, err, payment.ErrNeedsAttention)
			equalAmount(t, "0", s.payment(pay.ID).Captured)
		})
	}
	t.Run("ours, named later and without its key", func(t *testing.T) {
		s, p := newScripted(t)
		pay := s.paid("scripted", "100", "EUR")
		p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error { s.Movements = nil; return nil })
		pay, err := s.capture(pay, "40")
		require.NoError(t, err)
		equalAmount(t, "40", pay.Captured)
		p.on(payment.OperationRefund, func(s *payment.Snapshot, _ payment.Request) error {
			s.Movements = append(s.Movements, movement(payment.MovementCapture, "cap_1", "40", payment.MovementSucceeded))
			return nil
		})
		_, err = s.refund(pay, "5")
		require.ErrorIs(t, err, payment.ErrNeedsAttention)
		equalAmount(t, "40", s.payment(pay.ID).Captured)
	})
	t.Run("with the key of another payment's capture", func(t *testing.T) {
		s, p := newScripted(t)
		c := s.collection("100", "EUR")
		one, two := s.authorize(s.session(c, "scripted", "50")), s.authorize(s.session(c, "scripted", "50"))
		one, err := s.capture(one, "50")
		require.NoError(t, err)
		key := one.Captures[0].ID[len("capt_"):]
		p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
			s.Movements = append(s.Movements, succeeded("z", key, "10"))
			return nil
		})
		two, err = s.capture(two, "20")
		require.NoError(t, err)
		equalAmount(t, "30", two.Captured)
		one = s.payment(one.ID)
		require.Len(t, one.Captures, 1)
		equalAmount(t, "50", one.Captured)
		equalAmount(t, "80", s.fresh(c.ID).Captured)
	})
	t.Run("of what is not found", func(t *testing.T) {
		s, p := newScripted(t)
		pay := s.paid("scripted", "100", "EUR")
		p.on(payment.OperationCapture, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
		p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
			s.State = payment.SnapshotNotFound
			s.Movements = []payment.Movement{movement(payment.MovementRefund, "r", "70", payment.MovementSucceeded)}
			return nil
		})
		_, err := s.capture(pay, "40")
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		s.reconcile(13 * time.Hour)
		pay = s.payment(pay.ID)
		equalAmount(t, "0", pay.Refunded)
		require.Empty(t, pay.Refunds)
	})
}

// As long as one capture cannot be told, no sum can be drawn: an answer that makes no sense without it is no contradiction.
func TestAmbiguousCaptureDrawsNoSums(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements = []payment.Movement{
			movement(payment.MovementCapture, "c", "40", payment.MovementSucceeded), movement(payment.MovementRefund, "r", "10", payment.MovementSucceeded),
		}
		return nil
	})
	_, err := s.capture(pay, "40")
	s.requireUnknown(err, pay.SessionID, payment.StatusAuthorized)
	equalAmount(t, "0", s.payment(pay.ID).Refunded)
}

func TestPendingMovements(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	pending := func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements[0].State = payment.MovementPending
		return nil
	}
	p.on(payment.OperationCapture, pending)
	p.on(payment.OperationRefund, pending)
	pay, err := s.capture(pay, "70")
	require.NoError(t, err)
	equalAmount(t, "0", pay.Captured)
	equalAmount(t, "30", pay.Capturable)
	require.Equal(t, payment.MovementPending, pay.Captures[0].State)
	equalAmount(t, "0", s.fresh(pay.CollectionID).Captured)
	_, err = s.capture(pay, "31")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	_, err = s.refund(pay, "1")
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: pay.SessionID})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	// It has moved meanwhile: the next answer says so.
	reference := pay.Captures[0].Reference
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements[0].State = payment.MovementSucceeded
		s.Movements = append(s.Movements, movement(payment.MovementCapture, reference, "70", payment.MovementSucceeded))
		return nil
	})
	pay, err = s.capture(pay, "")
	require.NoError(t, err)
	equalAmount(t, "100", pay.Captured)
	pay, err = s.refund(pay, "60")
	require.NoError(t, err)
	equalAmount(t, "0", pay.Refunded)
	_, err = s.refund(pay, "40.01")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	require.Equal(t, payment.CollectionCompleted, s.fresh(pay.CollectionID).Status())
}

// A pending capture that fails can be made again; a succeeded refund that the bank sends back leaves the totals.
func TestMovementsThatFailLater(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, r payment.Request) error {
		if r.Amount.Equal(dec("60")) {
			s.Movements[0].State = payment.MovementPending
		}
		return nil
	})
	pay, err := s.capture(pay, "60")
	require.NoError(t, err)
	failed := movement(payment.MovementCapture, pay.Captures[0].Reference, "60", payment.MovementFailed)
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements = append(s.Movements, failed)
		return nil
	})
	pay, err = s.capture(pay, "40")
	require.NoError(t, err)
	equalAmount(t, "40", pay.Captured)
	equalAmount(t, "60", pay.Capturable)
	pay, err = s.refund(pay, "15")
	require.NoError(t, err)
	returned := movement(payment.MovementRefund, pay.Refunds[0].Reference, "15", payment.MovementFailed)
	p.on(payment.OperationRefund, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements = append(s.Movements, returned)
		return nil
	})
	pay, err = s.refund(pay, "5")
	require.NoError(t, err)
	equalAmount(t, "5", pay.Refunded)
	equalAmount(t, "5", s.fresh(pay.CollectionID).Refunded)
	require.False(t, pay.Refunds[0].ReturnedAt.IsZero())
	require.Contains(t, s.kinds(pay.CollectionID), payment.EventRefundReturned)
	// A succeeded capture is never taken back: that is a person's matter.
	p.on(payment.OperationRefund, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements = append(s.Movements, movement(payment.MovementCapture, pay.Captures[1].Reference, "40", payment.MovementFailed))
		return nil
	})
	_, err = s.refund(pay, "1")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	equalAmount(t, "40", s.payment(pay.ID).Captured)
	list, err := s.ListOperations(t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
	require.NoError(t, err)
	require.Equal(t, "capture_reversed", list.Items[0].Code)
}

func TestDeclinedMovements(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.answer = func(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
		return payment.Snapshot{}, payment.Declined("refused", "the gateway's own words")
	}
	_, err := s.capture(pay, "60")
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.NotContains(t, err.Error(), "own words")
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "refused", e.Reason)
	require.Equal(t, payment.StatusAuthorized, e.Session.Status)
	pay = s.payment(pay.ID)
	equalAmount(t, "0", pay.Captured)
	equalAmount(t, "100", pay.Capturable)
	require.Len(t, pay.Captures, 1)
	require.Equal(t, payment.MovementFailed, pay.Captures[0].State)
	p.answer = usual
	_, err = s.capture(pay, "60")
	require.NoError(t, err)
}

// A capture whose fate is unknown ends as soon as nothing is left to capture: a request that is still under way will find nothing.
func TestCaptureOfWhatLapsedMeanwhile(t *testing.T) {
	s := newShop(t, options{})
	pay := s.paid("sandbox", "100", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultRequestDelayed)
	_, err := s.capture(pay, "40")
	s.requireUnknown(err, pay.SessionID, payment.StatusAuthorized)
	require.NoError(t, s.gateway.Expire(s.intent(pay.SessionID).Reference))
	require.Len(t, s.reconcile(time.Minute).Settled, 1)
	require.Equal(t, payment.StatusCanceled, s.freshSession(pay.SessionID).Status)
	s.gateway.DeliverDelayed()
	s.agree(pay.CollectionID)
}

// An object that the gateway calls canceled although part of it was captured is a payment of that part.
func TestCanceledAfterACaptureBehindOurBack(t *testing.T) {
	s, p := newScripted(t)
	c := s.collection("100", "EUR")
	p.on(payment.OperationInitialize, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error {
		s.State, s.Authorized = payment.SnapshotCanceled, r.Amount
		s.Movements = []payment.Movement{movement(payment.MovementCapture, "dash", "40", payment.MovementSucceeded)}
		return nil
	})
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Len(t, s.reconcile(time.Minute).Settled, 1)
	c = s.fresh(c.ID)
	equalAmount(t, "40", c.Authorized)
	equalAmount(t, "40", c.Captured)
	require.Equal(t, payment.CollectionPartiallyCaptured, c.Status())
}

// A refusal that comes with what was refused contradicts itself.
func TestDeclinedAlthoughItMoved(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(*payment.Snapshot, payment.Request) error { return payment.Declined("refused", "") })
	_, err := s.capture(pay, "10")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	equalAmount(t, "0", s.payment(pay.ID).Captured)
}

// What the gateway cannot capture any more is released; an authorization that lapsed whole is canceled.
func TestReleases(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	left := dec("25")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error { s.Capturable = &left; return nil })
	pay, err := s.capture(pay, "40")
	require.NoError(t, err)
	equalAmount(t, "25", pay.Capturable)
	equalAmount(t, "35", pay.Released)
	equalAmount(t, "65", s.fresh(pay.CollectionID).Authorized)
	left = dec("50") // it only grows
	pay, err = s.capture(pay, "5")
	require.NoError(t, err)
	equalAmount(t, "20", pay.Capturable)
	equalAmount(t, "35", pay.Released)

	pay = s.paid("scripted", "100", "EUR")
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		s.Movements, s.Capturable, s.Authorized = nil, &decimal.Decimal{}, dec("100")
		return payment.AlreadyDone(*s)
	})
	_, err = s.capture(pay, "10")
	require.ErrorIs(t, err, payment.ErrCanceled)
	require.Equal(t, payment.StatusCanceled, s.freshSession(pay.SessionID).Status)
	equalAmount(t, "0", s.fresh(pay.CollectionID).Authorized)
}
