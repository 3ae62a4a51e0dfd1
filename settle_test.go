package payment_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
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

func TestAnswersThatContradictAreLeftToAPerson(t *testing.T) {
	contradictions := map[string]func(*payment.Snapshot){
		"currency":   func(s *payment.Snapshot) { s.CurrencyCode = "USD" },
		"amount":     func(s *payment.Snapshot) { s.Amount = dec("99") },
		"authorized": func(s *payment.Snapshot) { s.Authorized = dec("99.99") },
		"reference":  func(s *payment.Snapshot) { s.Reference = "another" },
		"account":    func(s *payment.Snapshot) { s.Account = "acct_2" },
		"answer":     func(s *payment.Snapshot) { s.Authorized = dec("-100") },
		"captured": func(s *payment.Snapshot) {
			s.Movements = []payment.Movement{{Kind: payment.MovementCapture, Reference: "x", Amount: dec("101"), State: payment.MovementSucceeded}}
		},
		"refunded": func(s *payment.Snapshot) {
			s.Movements = []payment.Movement{{Kind: payment.MovementRefund, Reference: "x", Amount: dec("1"), State: payment.MovementPending}}
		},
		"totals": func(s *payment.Snapshot) { s.Totals = &payment.Totals{Captured: dec("1")} },
	}
	for code, contradict := range contradictions {
		t.Run(code, func(t *testing.T) {
			s, p := newScripted(t)
			p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error { s.Account = "acct_1"; return nil })
			p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error { contradict(s); return nil })
			c := s.collection("150", "EUR")
			x := s.session(c, "scripted", "100")
			_, err := s.tryAuthorize(x)
			require.ErrorIs(t, err, payment.ErrNeedsAttention)
			now := s.freshSession(x.ID)
			require.Equal(t, payment.StatusPending, now.Status)
			require.NotEmpty(t, now.OperationID)
			require.Empty(t, now.PaymentID)
			equalAmount(t, "100", s.fresh(c.ID).Held)
			equalAmount(t, "0", s.fresh(c.ID).Authorized)
			list, err := s.ListOperations(t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
			require.NoError(t, err)
			require.Len(t, list.Items, 1)
			require.Equal(t, code, list.Items[0].Code)
			_, err = s.tryAuthorize(x)
			require.ErrorIs(t, err, payment.ErrNeedsAttention)
			require.Len(t, p.calls, 2, "nobody calls again")
		})
	}
}

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

func TestUndefinedStateIsUnknown(t *testing.T) {
	for _, state := range []payment.SnapshotState{"", "captured", payment.SnapshotNotFound} {
		s, p := newScripted(t)
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error { s.State = state; return nil })
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
	}
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

// An answer that the store will never take is a person's matter; nothing is asked for ever.
func TestAnswerThatCannotBeStored(t *testing.T) {
	store := &breaking{Store: memstore.New()}
	p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true}}
	s := newShop(t, options{store: store, more: []payment.Provider{p}})
	pay := s.paid("scripted", "100", "EUR")
	store.refuse = func(c *payment.Changes) error {
		if len(c.Captures) > 0 {
			return payment.ErrDuplicate
		}
		return nil
	}
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	list, err := s.ListOperations(t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
	require.NoError(t, err)
	require.Equal(t, "answer", list.Items[0].Code)
}

// A gateway that has searched for the session and found nothing has none: once nothing can arrive any more, it can be made anew.
func TestInitializeThatNeverArrived(t *testing.T) {
	s, p := newScripted(t)
	p.on(payment.OperationInitialize, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{State: payment.SnapshotNotFound}
		return nil
	})
	c := s.collection("100", "EUR")
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 40 {
		require.Empty(t, s.reconcile(time.Hour).GivenUp)
	}
	require.Equal(t, payment.CollectionFailed, s.fresh(c.ID).Status())
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

func TestAlreadyDoneIsAnAnswerOfStatus(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	// "Already captured", by somebody: not this capture, if it does not bear its key.
	p.on(payment.OperationCapture, func(s *payment.Snapshot, r payment.Request) error {
		now := *s
		now.Movements = []payment.Movement{movement(payment.MovementCapture, "elsewhere", "100", payment.MovementSucceeded)}
		return payment.AlreadyDone(now)
	})
	_, err := s.capture(pay, "100")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	pay = s.payment(pay.ID)
	equalAmount(t, "100", pay.Captured)
	require.Len(t, pay.Captures, 1)
	require.True(t, pay.Captures[0].External())
	require.Empty(t, s.freshSession(pay.SessionID).OperationID)

	s, p = newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationCancel, func(s *payment.Snapshot, r payment.Request) error { return payment.AlreadyDone(*s) })
	x, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	require.Equal(t, payment.StatusCanceled, x.Status)
}

// "Already done" is true of that call only: an earlier try of the same operation may have done it.
func TestAlreadyDoneAfterAnUnknownTry(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	tries := 0
	p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error {
		if tries++; tries == 1 {
			return context.DeadlineExceeded
		}
		now := *s
		now.Movements = []payment.Movement{movement(payment.MovementCapture, "stranger", "40", payment.MovementSucceeded)}
		return payment.AlreadyDone(now)
	})
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{State: payment.SnapshotNotFound}
		return nil
	})
	_, err := s.capture(pay, "40")
	s.requireUnknown(err, pay.SessionID, payment.StatusAuthorized)
	require.Len(t, s.reconcile(time.Minute).Parked, 1)
	require.Equal(t, 2, tries)
	require.Empty(t, s.payment(pay.ID).Captures)
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

func TestMoneyThatNobodyAskedFor(t *testing.T) {
	s, p := newScripted(t)
	c := s.collection("100", "EUR")
	lost := true
	p.on(payment.OperationInitialize, func(*payment.Snapshot, payment.Request) error {
		if lost {
			return context.DeadlineExceeded
		}
		return nil
	})
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error { s.Authorized = r.Amount; return nil })
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	// Meanwhile another session pays for it all; then the first turns out to have been authorized at once.
	lost = false
	s.authorize(s.session(c, "manual", "100"))
	s.reconcile(time.Minute)
	x := s.freshSession(e.Session.ID)
	// The void may fail to be sent, or to be asked about: it is tried again. The first is sent without asking: no call was made yet.
	asked := len(p.calls)
	p.on(payment.OperationCancel, func(*payment.Snapshot, payment.Request) error { return payment.NotSent(nil) })
	require.Len(t, s.reconcile(time.Minute).Parked, 1)
	require.Equal(t, []payment.OperationKind{payment.OperationCancel}, p.calls[asked:])
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return errors.New("gateway time-out") })
	require.Len(t, s.reconcile(time.Minute).Parked, 1)
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return nil })
	p.on(payment.OperationCancel, func(*payment.Snapshot, payment.Request) error { return nil })
	unasked := s.payment(x.PaymentID)
	require.True(t, unasked.Unasked)
	equalAmount(t, "100", s.fresh(c.ID).Authorized)
	_, err = s.capture(unasked, "")
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	// It is voided, by an operation like all else.
	s.reconcile(time.Minute)
	x = s.freshSession(x.ID)
	require.Equal(t, payment.StatusCanceled, x.Status)
	require.Empty(t, x.OperationID)
	require.False(t, s.payment(unasked.ID).CanceledAt.IsZero())
	c = s.fresh(c.ID)
	equalAmount(t, "100", c.Authorized)
	equalAmount(t, "0", c.Held)
	require.Zero(t, c.LiveSessions)
	require.Contains(t, s.kinds(c.ID), payment.EventPaymentUnasked)
}

// A void that the gateway refuses is a person's matter: such money never goes unnoticed.
func TestMoneyThatCannotBeVoided(t *testing.T) {
	s, p := newScripted(t)
	c := s.collection("100", "EUR")
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, r payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error { s.Authorized = r.Amount; return nil })
	p.on(payment.OperationCancel, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{}
		return payment.Declined("too_late", "")
	})
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.authorize(s.session(c, "manual", "100"))
	s.reconcile(time.Minute)
	require.Len(t, s.reconcile(time.Minute).GivenUp, 1)
	list, err := s.ListOperations(t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
	require.NoError(t, err)
	require.Equal(t, payment.OperationCancel, list.Items[0].Kind)
	equalAmount(t, "100", s.fresh(c.ID).Authorized)
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

// A decline gives back what was held, by an earlier attempt too.
func TestDeclineGivesTheHoldBack(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_declined")})
	require.ErrorIs(t, err, payment.ErrDeclined)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	require.Equal(t, 1, s.fresh(c.ID).FailedSessions)
}

func TestInitializeThatAuthorizesOrCaptures(t *testing.T) {
	s, p := newScripted(t)
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, r payment.Request) error {
		s.State, s.Authorized = payment.SnapshotAuthorized, r.Amount
		s.Movements = []payment.Movement{movement(payment.MovementCapture, "at-once", "100", payment.MovementSucceeded)}
		return nil
	})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	require.Equal(t, payment.StatusAuthorized, x.Status)
	pay := s.authorize(x)
	equalAmount(t, "100", pay.Captured)
	require.Len(t, pay.Captures, 1)
	require.Equal(t, payment.CollectionCompleted, s.fresh(c.ID).Status())
	require.Equal(t, []payment.OperationKind{payment.OperationInitialize}, p.calls)
}

func TestWhatCannotBePublishedIsDropped(t *testing.T) {
	s, p := newScripted(t)
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, r payment.Request) error {
		s.State = payment.SnapshotRequiresMore
		s.Data = payment.Data{"token": "tok_1", "api_key": "sk_live_1", "f": func() {}}
		s.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: "javascript:alert(1)"}
		return nil
	})
	c := s.collection("200", "EUR")
	x := s.session(c, "scripted", "100")
	require.Equal(t, payment.Data{"token": "tok_1"}, x.Data)
	require.Nil(t, x.NextAction)
	require.Equal(t, payment.StatusRequiresMore, x.Status)
	require.Contains(t, s.kinds(c.ID), payment.EventDataDropped)
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, r payment.Request) error {
		s.NextAction = &payment.NextAction{
			Kind: payment.ActionClientSDK, Data: payment.Data{"token": "tok_1", "f": math.NaN()}, Text: "a\x00b",
			Fields: map[string]string{"a": "b", "c": "sk_live_1"}, ExpiresAt: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		return nil
	})
	x = s.session(c, "scripted", "100")
	require.Equal(t, &payment.NextAction{
		Kind: payment.ActionClientSDK, Data: payment.Data{"token": "tok_1"}, Fields: map[string]string{"a": "b"},
	}, x.NextAction)
}

// An authorization is not undone by a late decline.
func TestSettlingIsMonotonic(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	for _, state := range []payment.SnapshotState{payment.SnapshotDeclined, payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing} {
		p.on(payment.OperationCapture, func(s *payment.Snapshot, _ payment.Request) error { s.State = state; return nil })
		_, err := s.capture(pay, "1")
		require.NoError(t, err)
		x := s.freshSession(pay.SessionID)
		require.Equal(t, payment.StatusAuthorized, x.Status)
		require.Zero(t, x.ProcessingSince)
		require.Zero(t, x.Declines)
	}
	equalAmount(t, "4", s.payment(pay.ID).Captured)
	for _, kind := range s.kinds(pay.CollectionID) {
		require.NotContains(t, []payment.EventKind{payment.EventSessionDeclined, payment.EventSessionRequiresMore, payment.EventSessionProcessing}, kind)
	}
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
