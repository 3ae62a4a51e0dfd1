package payment_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
)

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

func TestUndefinedStateIsUnknown(t *testing.T) {
	for _, state := range []payment.SnapshotState{"", "captured", payment.SnapshotNotFound} {
		s, p := newScripted(t)
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error { s.State = state; return nil })
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
	}
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
