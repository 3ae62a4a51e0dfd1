package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Where a gateway cannot be asked, its messages are all there is, and nobody knows how old one is: it proves what is final, and no more.
func TestOldWebhookProvesNothing(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	old := s.gateway.Webhooks()
	require.NotEmpty(t, old)
	p := s.authorize(x)
	s.fail(sandboxprovider.MethodCancel, sandboxprovider.FaultServerErrorAfter)
	_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: p.ID})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	news := s.gateway.Webhooks()

	s.clock.Advance(26 * time.Hour) // nothing could arrive any more
	for _, w := range old {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
	}
	op := s.freshSession(x.ID).OperationID
	require.NotEmpty(t, op, "the void was executed: nobody may say that it was not")
	s.clock.Advance(time.Minute)
	for _, w := range news {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
		s.clock.Advance(2 * time.Second)
	}
	s.reconcile(time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
}

// A message from before the challenge does not take back what the challenge holds.
func TestOldWebhookReleasesNothing(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	old := s.gateway.Webhooks()
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	s.clock.Advance(time.Minute)
	for _, w := range old {
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
	}
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(x.ID).Status)
	equalAmount(t, "100", s.fresh(c.ID).Held)
}

// Nor does one from before a decline hold anything again, so that the shopper could not pay in another way.
func TestOldWebhookHoldsNothing(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	s.gateway.Webhooks()
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	old := s.gateway.Webhooks()
	require.NotEmpty(t, old, "of the challenge")
	require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, false))
	_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_declined")})
	require.ErrorIs(t, err, payment.ErrDeclined)
	held := s.fresh(c.ID).Held
	for _, w := range old {
		s.clock.Advance(time.Minute)
		_, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(w.Body, s.clock.Now()))
		require.NoError(t, err)
	}
	require.True(t, held.Equal(s.fresh(c.ID).Held), "%s, then %s", held, s.fresh(c.ID).Held)
}

// A store that fails while a webhook takes an operation over leaves the message parked.
func TestWebhookWhileTheStoreFails(t *testing.T) {
	store := &writeCounter{Store: memstore.New()}
	s := newShop(t, options{store: store})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	s.gateway.Webhooks()
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	news := s.gateway.Webhooks()
	require.NotEmpty(t, news)
	s.clock.Advance(time.Minute)
	store.refusal = errors.New("the store is down")
	r, err := s.HandleWebhook(t.Context(), "sandbox", s.gateway.SignWebhook(news[0].Body, s.clock.Now()))
	require.NoError(t, err)
	require.Equal(t, payment.DeliveryParked, r.State)
	store.refusal = nil
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A message whose question ran into a time-out, at the very moment at which its operation was given up, has not been used yet: where the
// gateway cannot be asked it may be all that ever tells.
func TestMessageAtGivingUpIsKept(t *testing.T) {
	s, p := newCourier(t, options{})
	status := payment.ErrUnsupported
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return status })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 14 {
		s.reconcile(11 * time.Minute)
	}
	s.clock.Advance(50 * time.Hour)
	status = context.DeadlineExceeded
	p.messages["paid"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &payment.Snapshot{
		State: payment.SnapshotAuthorized, Reference: s.freshSession(x.ID).Reference, CurrencyCode: "EUR", Amount: dec("100"), Authorized: dec("100"),
	}}
	r, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte("paid")})
	require.NoError(t, err)
	require.Equal(t, payment.DeliveryParked, r.State)
	require.Equal(t, payment.OperationNeedsAttention, s.operation(s.freshSession(x.ID).OperationID).State)
	status = payment.ErrUnsupported
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A message may tell of money that can only be recorded when an operation has ended, which may wait for a person for days. Where the gateway
// cannot be asked it is all that ever tells, and so it is not given up before.
func TestMessageBehindAnOperationIsKept(t *testing.T) {
	store := newInboxStore()
	s, p := newCourier(t, options{store: store})
	p.on(payment.OperationCapture, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	pay := s.authorize(x)
	_, err := s.capture(pay, "100")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	p.messages["captured"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &payment.Snapshot{
		State: payment.SnapshotAuthorized, Reference: s.freshSession(x.ID).Reference, CurrencyCode: "EUR", Amount: dec("100"), Authorized: dec("100"),
		Movements: []payment.Movement{{Kind: payment.MovementCapture, Reference: "theirs", State: payment.MovementSucceeded, Amount: dec("100")}},
	}}
	require.Equal(t, payment.DeliveryParked, s.receive("captured").State)
	for range 400 {
		s.reconcile(11 * time.Minute)
	}
	op := s.operation(s.freshSession(x.ID).OperationID)
	require.Equal(t, payment.OperationNeedsAttention, op.State)
	require.Equal(t, payment.DeliveryParked, s.delivery().State)

	// Nor is it because it cannot be looked at for a while.
	other, err := payment.NewService(store, payment.Config{Providers: []payment.Provider{manualprovider.New()}, Now: s.clock.Now, Wait: s.clock.Wait,
		Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for range 3 {
		s.clock.Advance(11 * time.Minute)
		_, err = other.Reconcile(t.Context())
		require.ErrorContains(t, err, `"scripted" is not a configured provider`)
		require.NotContains(t, err.Error(), "panic")
		require.Equal(t, payment.DeliveryParked, s.delivery().State)
	}

	// Nor where the person decides between a try and what would tell that it was given up.
	decided := false
	decide := func() {
		if !decided {
			decided = true
			_, err := s.ResolveOperation(t.Context(), payment.ResolveOperationParams{OperationID: op.ID, Outcome: payment.ResolveFail, By: "ann"})
			require.NoError(t, err)
		}
	}
	store.hooks(nil, nil, func(by payment.Key, load func() (*payment.Rows, error)) (*payment.Rows, error) {
		if by.RequestKey != "" {
			decide()
		}
		return load()
	})
	s.reconcile(11 * time.Minute)
	decide()
	s.reconcile(11 * time.Minute)
	require.Equal(t, payment.DeliveryHandled, s.delivery().State)
	equalAmount(t, "100", s.payment(pay.ID).Captured)
}

// One that the store has failed once, after a day, is not given up either.
func TestMessageOnWhichTheStoreFailsOnceIsKept(t *testing.T) {
	store := newInboxStore()
	s, p := newCourier(t, options{store: store})
	status := errors.New("no route to host")
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return status })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.messages["it"] = payment.WebhookMessage{SessionID: x.ID}
	s.receive("it")
	for range 138 { // 23 hours
		s.reconcile(10 * time.Minute)
	}
	store.hooks(nil, nil, func(by payment.Key, load func() (*payment.Rows, error)) (*payment.Rows, error) {
		if by.RequestKey == "" { // it still takes the event of one that is given up
			return nil, errors.New("no store")
		}
		return load()
	})
	s.clock.Advance(2 * time.Hour)
	_, err := s.Reconcile(t.Context())
	require.Error(t, err)
	require.Equal(t, payment.DeliveryParked, s.delivery().State)
	store.hooks(nil, nil, nil)
	status = nil
	s.reconcile(11 * time.Minute)
	require.Equal(t, payment.DeliveryHandled, s.delivery().State)
}

// Two messages are due at once, and the first tells of a capture that cannot be told from ours yet: the second, which can, is heard all the same.
func TestMessageThatCannotBeUsedKeepsNoOther(t *testing.T) {
	s, p := newCourier(t, options{})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	pay := s.authorize(x)
	said := payment.Snapshot{
		State: payment.SnapshotAuthorized, Reference: s.freshSession(x.ID).Reference, CurrencyCode: "EUR", Amount: dec("100"), Authorized: dec("100"),
		Movements: []payment.Movement{{Kind: payment.MovementCapture, Reference: "cap", State: payment.MovementSucceeded, Amount: dec("40")}},
	}
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	p.on(payment.OperationCapture, func(_ *payment.Snapshot, r payment.Request) error {
		ours := said
		ours.Movements = slices.Clone(said.Movements)
		ours.Movements[0].IdempotencyKey = r.IdempotencyKey
		p.messages["nameless"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &said}
		p.messages["ours"] = payment.WebhookMessage{SessionID: x.ID, IdempotencyKey: r.IdempotencyKey, Snapshot: &ours}
		for _, body := range []string{"nameless", "ours"} { // both wait for the same lease
			require.Equal(t, payment.DeliveryParked, s.receive(body).State)
		}
		return context.DeadlineExceeded
	})
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	op := s.operation(s.freshSession(x.ID).OperationID)
	for range 60 {
		s.reconcile(time.Minute)
	}
	require.Equal(t, payment.OperationSucceeded, s.operation(op.ID).State)
	equalAmount(t, "40", s.payment(pay.ID).Captured)
}

// A message that has waited for a day, and only waits for its turn just then, is not given up.
func TestMessageThatWaitsForItsTurnIsKept(t *testing.T) {
	s, p := newCourier(t, options{})
	status := errors.New("no route to host")
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return status })
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	for _, body := range []string{"first", "second"} {
		p.messages[body] = payment.WebhookMessage{SessionID: x.ID}
	}
	first := s.receive("first")
	for range 138 { // 23 hours
		s.reconcile(10 * time.Minute)
	}
	s.clock.Advance(2 * time.Hour)
	require.Equal(t, payment.DeliveryParked, s.receive("second").State) // the gateway was asked just now
	require.Empty(t, s.reconcile(0).GivenUp)
	status = nil
	require.Contains(t, s.reconcile(time.Minute).Settled, first.DeliveryID)
}

// A message whose handling was held up for so long that another one took the operation over has not been used yet.
func TestMessageThatAnotherOvertook(t *testing.T) {
	s, p := newCourier(t, options{})
	p.on(payment.OperationInitialize, func(*payment.Snapshot, payment.Request) error { return context.DeadlineExceeded })
	c := s.collection("100", "EUR")
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "scripted", Amount: dec("100")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	x := e.Session
	said := payment.Snapshot{State: payment.SnapshotPending, Reference: "ref-" + x.ID, CurrencyCode: "EUR", Amount: dec("100")}
	paid := said
	paid.State, paid.Authorized = payment.SnapshotAuthorized, dec("100")
	p.messages["created"] = payment.WebhookMessage{SessionID: x.ID, IdempotencyKey: s.operation(x.OperationID).Key(), Snapshot: &said}
	p.messages["paid"] = payment.WebhookMessage{SessionID: x.ID, Snapshot: &paid}
	overtaken := false
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error {
		if !overtaken {
			overtaken = true
			s.clock.Advance(time.Hour)
			s.requireHandled(s.receive("created"))
		}
		return payment.ErrUnsupported
	})
	s.clock.Advance(time.Hour)
	r := s.receive("paid")
	require.True(t, overtaken)
	require.Equal(t, payment.DeliveryParked, r.State)
	s.reconcile(time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// teller is a gateway that cannot be asked: its messages are all there is.
type teller struct {
	*scripted
	m *payment.WebhookMessage
}

func (h teller) VerifyWebhook(context.Context, payment.WebhookRequest) (payment.WebhookMessage, error) {
	return *h.m, nil
}

// Where the gateway cannot be asked, a message that names the attempt which the gateway is deciding about says how that ends, though its call ended with a challenge.
func TestAMessageOfTheAttemptItselfIsBelieved(t *testing.T) {
	p := &scripted{answer: usual}
	h := teller{p, &payment.WebhookMessage{}}
	s := newShop(t, options{more: []payment.Provider{h}})
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	var keys []string
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, r payment.Request) error {
		keys = append(keys, r.IdempotencyKey)
		n.State, n.Authorized = payment.SnapshotRequiresMore, dec("0")
		return nil
	})
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrRequiresMore)
	for i, state := range []payment.SnapshotState{payment.SnapshotProcessing, payment.SnapshotDeclined} {
		s.clock.Advance(time.Minute)
		*h.m = payment.WebhookMessage{EventID: string(rune('a' + i)), SessionID: x.ID, IdempotencyKey: keys[0], Snapshot: &payment.Snapshot{
			State: state, Reference: "ref-" + x.ID, CurrencyCode: "EUR", Amount: dec("100")}}
		s.hook("")
		for range 10 {
			s.reconcile(time.Minute)
		}
	}
	y := s.freshSession(x.ID)
	require.Equal(t, payment.StatusError, y.Status)
}

// Nor does it matter that messages name the call that made the object.
func TestAMessageThatNamesTheCreationIsBelieved(t *testing.T) {
	p := &scripted{answer: usual}
	h := teller{p, &payment.WebhookMessage{}}
	s := newShop(t, options{more: []payment.Provider{h}})
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	var key string
	p.on(payment.OperationInitialize, func(n *payment.Snapshot, r payment.Request) error { key = r.IdempotencyKey; return nil })
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	s.clock.Advance(time.Minute)
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, r payment.Request) error {
		n.State, n.Authorized = payment.SnapshotProcessing, dec("0")
		return nil
	})
	require.ErrorIs(t, s.pay(x, "a", ""), payment.ErrPending)
	*h.m = payment.WebhookMessage{EventID: "e", SessionID: x.ID, IdempotencyKey: key, Snapshot: &payment.Snapshot{
		State: payment.SnapshotDeclined, Reference: "ref-" + x.ID, CurrencyCode: "EUR", Amount: dec("100")}}
	s.clock.Advance(time.Minute)
	s.hook("")
	require.Equal(t, payment.StatusError, s.freshSession(x.ID).Status)
}

// A message that proves nothing keeps no other from being read: both have come while an authorization was under way whose answer was lost.
func TestMessageThatProvesNothingParksNoOther(t *testing.T) {
	s, p := newCourier(t, options{})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		*n = payment.Snapshot{}
		return payment.ErrUnsupported
	})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	for id, says := range map[string]payment.Snapshot{"created": {State: payment.SnapshotPending}, "authorized": held("100")} {
		says.Reference = x.Reference
		p.messages[id] = payment.WebhookMessage{EventID: id, SessionID: x.ID, Snapshot: &says}
	}
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error {
		s.requireParked(s.receive("created"), "operation_open")
		s.requireParked(s.receive("authorized"), "operation_open")
		return errLost
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	for range 60 {
		s.reconcile(5 * time.Second)
	}
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// Messages that wait for a gateway that is slow to fail ask once, not once each.
func TestMessagesWhileTheGatewayIsSlow(t *testing.T) {
	s, p := newCourier(t, options{})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		*n = payment.Snapshot{}
		s.clock.Advance(2 * time.Second)
		return errLost
	})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	names := strings.Split("abcdefghijklmnopqrst", "")
	for _, id := range names {
		p.messages[id] = payment.WebhookMessage{EventID: id, SessionID: x.ID, Snapshot: &payment.Snapshot{State: payment.SnapshotPending, Reference: x.Reference}}
	}
	p.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error {
		for _, id := range names {
			s.receive(id)
		}
		return errLost
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	s.clock.Advance(2 * time.Minute)
	s.reconcile(10 * time.Minute)
	before := p.asks()
	s.reconcile(10 * time.Minute)
	require.LessOrEqual(t, p.asks()-before, 3)
}
