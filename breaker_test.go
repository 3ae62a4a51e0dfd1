package payment_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What was tried to make the books and the gateway disagree, and once did.

// A gateway whose objects name what can be captured in every state says zero before it has authorized. Such an answer, when it comes late,
// voids no authorization.
func TestNothingToCaptureYetVoidsNothing(t *testing.T) {
	for _, state := range []payment.SnapshotState{
		payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing, payment.SnapshotDeclined,
	} {
		for from, mute := range map[string]bool{"Status": false, "a message": true} {
			t.Run(string(state)+" by "+from, func(t *testing.T) {
				s, p := newCourier(t, options{})
				x := s.session(s.collection("100", "EUR"), "scripted", "100")
				pay := s.authorize(x)
				old := payment.Snapshot{State: state, Reference: "ref-" + x.ID, Capturable: &decimal.Decimal{}, Movements: []payment.Movement{}}
				p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
					if mute {
						return payment.ErrUnsupported
					}
					*s = old
					return nil
				})
				p.messages["m"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &old}
				s.requireHandled(s.receive("m"))
				require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
				equalAmount(t, "100", s.payment(pay.ID).Capturable)
			})
		}
	}
}

// mutedBooks is a payment of 100 at a gateway that cannot be asked, and a message that says what the gateway knows of it.
func mutedBooks(t *testing.T) (s *shop, x *payment.PaymentSession, tell func(movements ...payment.Movement)) {
	t.Helper()
	s, p := newCourier(t, options{})
	x = s.session(s.collection("100", "EUR"), "scripted", "100")
	s.authorize(x)
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	return s, x, func(movements ...payment.Movement) {
		said := payment.Snapshot{State: payment.SnapshotAuthorized, Reference: "ref-" + x.ID, Authorized: dec("100"), Movements: movements}
		p.messages["m"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &said}
		s.clock.Advance(time.Minute)
		s.requireHandled(s.receive("m"))
	}
}

// Where a gateway cannot be asked, a message without the contradiction may be older than the one with it: it ends no alarm.
func TestOldMessageEndsNoAlarm(t *testing.T) {
	s, x, tell := mutedBooks(t)
	tell(movement(payment.MovementCapture, "a", "120", payment.MovementSucceeded))
	require.Equal(t, []string{"captured"}, s.attention())
	tell([]payment.Movement{}...)
	require.Equal(t, []string{"captured"}, s.attention())
	_, err := s.ResolveOperation(t.Context(), payment.ResolveOperationParams{
		OperationID: s.freshSession(x.ID).OperationID, Outcome: payment.ResolveFail, By: "eve",
	})
	require.NoError(t, err)
	require.Empty(t, s.attention())
}

// A message from before an update names the amount of then. That contradicts nothing, and locks no session.
func TestMessageOfTheAmountBeforeAnUpdate(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true, NoStatus: true}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	old := s.gateway.Webhooks()
	require.NotEmpty(t, old)
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.NoError(t, err)
	for _, m := range old {
		s.clock.Advance(time.Minute)
		s.requireHandled(s.post(s.resign(m)))
	}
	require.Empty(t, s.attention())
	require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
	s.clock.Advance(time.Minute)
	s.tellAll(true)
	require.Empty(t, s.attention())
	equalAmount(t, "80", s.fresh(x.CollectionID).Authorized)
	s.agree(x.CollectionID)
}

// What a gateway authorized is compared, also where a message says it.
func TestMessageOfAnotherAuthorizedAmount(t *testing.T) {
	s, p := newCourier(t, options{})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	said := payment.Snapshot{State: payment.SnapshotAuthorized, Reference: "ref-" + x.ID, Amount: dec("90"), Authorized: dec("100")}
	p.messages["m"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &said}
	s.requireHandled(s.receive("m"))
	require.Equal(t, []string{"amount"}, s.attention())
}

// An operation on which a provider's code panics whenever it is asked needs a person in the end, like any other that nobody can tell of.
func TestPanicAtEveryQuestionNeedsAPerson(t *testing.T) {
	s, p := newCourier(t, options{})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return errMute })
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { panic("index out of range") })
	for range 40 {
		s.clock.Advance(time.Hour)
		_, _ = s.Reconcile(t.Context())
	}
	require.Equal(t, []string{"gave_up"}, s.attention())
	require.Contains(t, s.kinds(x.CollectionID), payment.EventOperationNeedsAttention)
}

// Who accepts that the gateway names another account does not say that the operation has happened, where the gateway says that it has not.
func TestAcceptedDifferenceIsNoProof(t *testing.T) {
	for name, tt := range map[string]struct {
		kind payment.OperationKind
		say  func(s *payment.Snapshot)
		want string
	}{
		"authorize, waiting":  {payment.OperationAuthorize, func(*payment.Snapshot) {}, "failed not_done; pending"},
		"authorize, declined": {payment.OperationAuthorize, func(s *payment.Snapshot) { s.State = payment.SnapshotDeclined }, "failed declined; error"},
		"authorize, canceled": {payment.OperationAuthorize, func(s *payment.Snapshot) { s.State = payment.SnapshotCanceled }, "failed canceled; canceled"},
		"capture":             {payment.OperationCapture, func(*payment.Snapshot) {}, "failed not_done; authorized, authorized 100, capturable 100, failed capture 40"},
		"refund":              {payment.OperationRefund, func(*payment.Snapshot) {}, "failed not_done; authorized, authorized 100, captured 40, capturable 60, failed refund 30"},
		"void":                {kindVoid, func(*payment.Snapshot) {}, "failed not_done; authorized, authorized 100, capturable 100"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMuted(t, tt.kind, nil)
			m.contradict(func(s *payment.Snapshot) { tt.say(s); s.Account = "acct_2" })
			require.Equal(t, "account", m.operation(m.op).Code)
			_, err := m.resolve(payment.ResolveAccept)
			require.NoError(t, err)
			require.Equal(t, tt.want, m.sums())
		})
	}
}

// A difference that shows at once can be accepted only once it is known what became of the operation.
func TestAcceptedDifferenceWaitsForTheOperation(t *testing.T) {
	s, p := newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return errMute })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
		s.State, s.Amount = payment.SnapshotPending, dec("90")
		return nil
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.reconcile(time.Minute)
	require.Equal(t, []string{"amount"}, s.attention())
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{
		OperationID: s.freshSession(x.ID).OperationID, Outcome: payment.ResolveAccept, By: "eve",
	})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status, "the gateway holds nothing")
	require.Empty(t, s.freshSession(x.ID).Accepted)
}

// Messages that wait ask about an operation again and again, and call nothing. They do not keep Reconcile from calling.
func TestParkedMessagesPutNoOperationOff(t *testing.T) {
	s, p := newCourier(t, options{})
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error { s.Movements = []payment.Movement{}; return nil })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	pay := s.authorize(x)
	down := true
	p.on(payment.OperationCapture, func(*payment.Snapshot, payment.Request) error {
		if down {
			return errMute
		}
		return nil
	})
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for _, id := range []string{"a", "b"} { // at times that lie apart, so that one of them is always about to be tried
		p.messages[id] = payment.WebhookMessage{EventID: id, SessionID: x.ID}
		s.requireParked(s.receive(id), "no_answer")
		for range 40 {
			s.reconcile(5 * time.Second)
		}
	}
	for range 720 {
		s.reconcile(5 * time.Second)
	}
	down = false
	for range 120 {
		s.reconcile(5 * time.Second)
	}
	require.Empty(t, s.freshSession(x.ID).OperationID, "ten minutes are the longest pause")
	equalAmount(t, "40", s.payment(pay.ID).Captured)
}

// A number of seconds that is zero says nothing, though it is the year 1970 as a date: no authorization is voided for it, and no session.
func TestZeroSecondsAreNoDeadline(t *testing.T) {
	s, p := newScripted(t)
	for _, kind := range []payment.OperationKind{payment.OperationInitialize, payment.OperationAuthorize, payment.OperationStatus} {
		p.on(kind, func(s *payment.Snapshot, _ payment.Request) error {
			s.CaptureBefore, s.ExpiresAt, s.Authorized = time.Unix(0, 0), time.Unix(0, 0), dec("100")
			return nil
		})
	}
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	require.Zero(t, s.freshSession(x.ID).ExpiresAt)
	require.Zero(t, s.authorize(x).CaptureBefore)
	for range 30 {
		s.reconcile(2 * time.Hour)
	}
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.NotContains(t, p.calls, payment.OperationCancel)
}

// An old message does not bring back a deadline that the gateway has put off since: what is held would be voided too early.
func TestOldMessageBringsNoDeadlineForward(t *testing.T) {
	s, p := newCourier(t, options{})
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	began := s.clock.Now()
	pay := s.authorize(x)
	for _, days := range []int{7, 30, 7} {
		said := payment.Snapshot{State: payment.SnapshotAuthorized, Reference: "ref-" + x.ID, CaptureBefore: began.Add(time.Duration(days) * 24 * time.Hour)}
		p.messages["m"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &said}
		s.clock.Advance(time.Minute)
		s.requireHandled(s.receive("m"))
	}
	require.Equal(t, began.Add(30*24*time.Hour), s.payment(pay.ID).CaptureBefore)
	for range 10 {
		s.reconcile(24 * time.Hour)
	}
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A decision that comes when nobody looks at the session any more makes somebody look again: time shows whether it was right.
func TestDecisionAfterTheAuditsIsAudited(t *testing.T) {
	m := newMuted(t, kindVoid, nil)
	for range 100 {
		m.reconcile(24 * time.Hour)
	}
	_, err := m.resolve(payment.ResolveAccept) // it is void, by a person's word alone
	require.NoError(t, err)
	m.contradict(func(*payment.Snapshot) {}) // but the gateway holds the money still
	require.Equal(t, "authorized_again", m.operation(m.op).Code)
}
