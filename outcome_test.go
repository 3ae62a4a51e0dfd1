package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// requireUnknown says that nobody knows: the error says so, and the session is as it was and locked.
func (s *shop) requireUnknown(err error, sessionID string, status payment.SessionStatus) {
	s.t.Helper()
	require.ErrorIs(s.t, err, payment.ErrOutcomeUnknown)
	var e *payment.SessionError
	require.ErrorAs(s.t, err, &e)
	require.Equal(s.t, sessionID, e.Session.ID)
	require.Positive(s.t, e.RetryAfter)
	x := s.freshSession(sessionID)
	require.Equal(s.t, status, x.Status)
	require.NotEmpty(s.t, x.OperationID)
}

// calls returns the requests of one method, in order.
func (s *shop) calls(m sandboxprovider.Method) (found []sandboxprovider.Call) {
	for _, c := range s.gateway.Requests() {
		if c.Method == m {
			found = append(found, c)
		}
	}
	return found
}

func (s *shop) fail(m sandboxprovider.Method, kinds ...sandboxprovider.FaultKind) {
	for _, k := range kinds {
		s.gateway.FailNext(m, sandboxprovider.Fault{Kind: k})
	}
}

func (s *shop) tryAuthorize(x *payment.PaymentSession) (*payment.Payment, error) {
	return s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
}

func TestChargedButTheAnswerIsLost(t *testing.T) {
	t.Run("the next call asks", func(t *testing.T) {
		s := newShop(t, options{})
		c := s.collection("100", "EUR")
		x := s.session(c, "sandbox", "100")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
		equalAmount(t, "100", s.fresh(c.ID).Held)
		p, err := s.tryAuthorize(x)
		require.NoError(t, err)
		equalAmount(t, "100", p.Authorized)
		require.Len(t, s.calls(sandboxprovider.MethodConfirm), 1)
		require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1)
		require.Equal(t, 1, s.gateway.Authorizations(x.ID))
		equalAmount(t, "0", s.fresh(c.ID).Held)
	})
	t.Run("Reconcile asks", func(t *testing.T) {
		s := newShop(t, options{})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
		op := s.freshSession(x.ID).OperationID
		require.Empty(t, s.reconcile(0).Settled)
		require.Equal(t, []string{op}, s.reconcile(time.Second).Settled)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		require.Equal(t, 1, s.gateway.Authorizations(x.ID))
		require.Empty(t, s.reconcile(time.Hour).Settled)
	})
	t.Run("a provider that classifies nothing", func(t *testing.T) {
		charged := 0
		s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
			return faulty{Provider: p, authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
				snapshot, err := p.Authorize(ctx, r)
				if charged++; charged == 1 {
					return payment.Snapshot{}, errors.New("unexpected end of file")
				}
				return snapshot, err
			}}
		}})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
		_, err = s.tryAuthorize(x)
		require.NoError(t, err)
		require.Equal(t, 1, charged)
		require.Equal(t, 1, s.gateway.Authorizations(x.ID))
	})
}

// faulty is a provider some of whose calls are replaced.
type faulty struct {
	payment.Provider
	initialize func(context.Context, payment.InitializeRequest) (payment.Snapshot, error)
	authorize  func(context.Context, payment.AuthorizeRequest) (payment.Snapshot, error)
	status     func(context.Context, payment.StatusRequest) (payment.Snapshot, error)
}

func (f faulty) Unwrap() payment.Provider { return f.Provider }

func (f faulty) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	if f.initialize == nil {
		return f.Provider.Initialize(ctx, r)
	}
	return f.initialize(ctx, r)
}

func (f faulty) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	if f.authorize == nil {
		return f.Provider.Authorize(ctx, r)
	}
	return f.authorize(ctx, r)
}

func (f faulty) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	if f.status == nil {
		return f.Provider.Status(ctx, r)
	}
	return f.status(ctx, r)
}

func TestRequestLostIsRepeatedWithTheSameKey(t *testing.T) {
	s := newShop(t, options{})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestLost)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	_, err = s.tryAuthorize(x)
	require.NoError(t, err)
	confirms := s.calls(sandboxprovider.MethodConfirm)
	require.Len(t, confirms, 2)
	require.Equal(t, confirms[0].Key, confirms[1].Key)
	require.Equal(t, 1, s.gateway.Authorizations(x.ID))
}

// A request that arrives after its own retry has the same key, and does nothing.
func TestRequestArrivesAfterItsRetry(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultRequestDelayed)
	_, err := s.capture(p, "40")
	s.requireUnknown(err, p.SessionID, payment.StatusAuthorized)
	s.reconcile(time.Minute)
	s.gateway.DeliverDelayed()
	equalAmount(t, "40", s.intent(p.SessionID).Captured)
	p, err = s.GetPayment(t.Context(), p.ID)
	require.NoError(t, err)
	equalAmount(t, "40", p.Captured)
	require.Len(t, p.Captures, 1)
}

// "Certainly not sent" is true of that call only: after an unknown one it settles nothing.
func TestNotSentSettlesOnlyTheFirstTry(t *testing.T) {
	t.Run("first", func(t *testing.T) {
		s := newShop(t, options{})
		c := s.collection("100", "EUR")
		x := s.session(c, "sandbox", "100")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultTooManyRequests)
		_, err := s.tryAuthorize(x)
		require.ErrorIs(t, err, payment.ErrNotSent)
		x = s.freshSession(x.ID)
		require.Equal(t, payment.StatusPending, x.Status)
		require.Empty(t, x.OperationID)
		equalAmount(t, "0", s.fresh(c.ID).Held)
		s.authorize(x)
		confirms := s.calls(sandboxprovider.MethodConfirm)
		require.NotEqual(t, confirms[0].Key, confirms[1].Key)
	})
	t.Run("second", func(t *testing.T) {
		s := newShop(t, options{})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestDelayed, sandboxprovider.FaultTooManyRequests)
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
		_, err = s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
		s.gateway.DeliverDelayed()
		s.authorize(x)
		require.Equal(t, 1, s.gateway.Authorizations(x.ID))
	})
}

// A 500 is stored under its key and comes back for ever. When nothing can arrive any more and the gateway knows nothing of the key, the
// operation has failed, and the next one has a new key.
func TestStored500EndsWithItsKey(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultServerError)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	s.reconcile(time.Minute)
	_, err = s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	repeats := len(s.calls(sandboxprovider.MethodConfirm))
	require.Equal(t, 3, repeats)
	for range 11 { // asking goes on; calling ends with half the key's life
		s.reconcile(time.Hour)
	}
	repeats = len(s.calls(sandboxprovider.MethodConfirm))
	for range 12 {
		s.reconcile(time.Hour)
	}
	require.Len(t, s.calls(sandboxprovider.MethodConfirm), repeats)
	require.NotEmpty(t, s.freshSession(x.ID).OperationID)
	for range 7 { // 30 hours after the first call, but not after the last
		s.reconcile(time.Hour)
	}
	require.NotEmpty(t, s.freshSession(x.ID).OperationID)
	for range 7 {
		s.reconcile(time.Hour)
	}
	require.Len(t, s.calls(sandboxprovider.MethodConfirm), repeats)
	x = s.freshSession(x.ID)
	require.Empty(t, x.OperationID)
	require.Equal(t, payment.StatusPending, x.Status)
	equalAmount(t, "0", s.fresh(c.ID).Held)
	s.authorize(x)
	require.Equal(t, 1, s.gateway.Authorizations(x.ID))
}

// A gateway that honors no keys is never called twice.
func TestWithoutKeysNothingIsRepeated(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{NoKeys: true}})
	p := s.paid("sandbox", "100", "EUR")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultRequestLost)
	_, err := s.capture(p, "40")
	s.requireUnknown(err, p.SessionID, payment.StatusAuthorized)
	for range 10 {
		s.reconcile(10 * time.Minute)
	}
	require.Len(t, s.calls(sandboxprovider.MethodCapture), 1)
	require.Empty(t, s.freshSession(p.SessionID).OperationID, "the gateway lists its movements: that it was not done is proven")
	_, err = s.capture(p, "40")
	require.NoError(t, err)
	equalAmount(t, "40", s.intent(p.SessionID).Captured)
}

// Nothing turns unknown into failed by age: a person decides.
func TestUnknownForADayNeedsAPerson(t *testing.T) {
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(context.Context, payment.StatusRequest) (payment.Snapshot, error) {
			return payment.Snapshot{}, errors.New("gateway time-out")
		}}
	}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	var attention []string
	for range 40 {
		attention = append(attention, s.reconcile(time.Hour).GivenUp...)
	}
	op := s.freshSession(x.ID).OperationID
	require.Equal(t, []string{op}, attention)
	_, err = s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	list, err := s.ListOperations(t.Context(), payment.ListParams{State: payment.OperationNeedsAttention})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	require.Equal(t, "gave_up", list.Items[0].Code)
	require.Contains(t, s.kinds(c.ID), payment.EventOperationNeedsAttention)
}

// kinds lists the events of a collection in order.
func (s *shop) kinds(collectionID string) (kinds []payment.EventKind) {
	s.t.Helper()
	p := payment.ListParams{CollectionID: collectionID, Limit: 100}
	list, err := s.ListEvents(s.t.Context(), p)
	require.NoError(s.t, err)
	for _, e := range list.Items {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestEveryOperationSurvivesEveryFault(t *testing.T) {
	faults := []sandboxprovider.FaultKind{
		sandboxprovider.FaultRequestLost, sandboxprovider.FaultAnswerLost, sandboxprovider.FaultServerErrorAfter,
		sandboxprovider.FaultKeyInUse, sandboxprovider.FaultRequestDelayed,
	}
	steps := []struct {
		method sandboxprovider.Method
		do     func(s *shop, x *payment.PaymentSession) error
	}{
		{sandboxprovider.MethodConfirm, func(s *shop, x *payment.PaymentSession) error { _, err := s.tryAuthorize(x); return err }},
		{sandboxprovider.MethodUpdate, func(s *shop, x *payment.PaymentSession) error {
			_, err := s.UpdateSession(s.t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("60")})
			return err
		}},
		{sandboxprovider.MethodCancel, func(s *shop, x *payment.PaymentSession) error {
			_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: x.ID})
			return err
		}},
		{sandboxprovider.MethodCapture, func(s *shop, x *payment.PaymentSession) error {
			_, err := s.capture(s.authorize(x), "30")
			return err
		}},
		{sandboxprovider.MethodRefund, func(s *shop, x *payment.PaymentSession) error {
			p, err := s.capture(s.authorize(x), "30")
			require.NoError(s.t, err)
			_, err = s.refund(p, "20")
			return err
		}},
	}
	for _, step := range steps {
		for _, fault := range faults {
			t.Run(string(step.method)+" "+string(fault), func(t *testing.T) {
				s := newShop(t, options{})
				c := s.collection("100", "EUR")
				x := s.session(c, "sandbox", "100")
				s.fail(step.method, fault)
				err := step.do(s, x)
				require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
				for range 3 {
					s.reconcile(time.Minute)
				}
				s.gateway.DeliverDelayed()
				s.agree(c.ID)
				require.LessOrEqual(t, s.executed(step.method), 1)
				if fault == sandboxprovider.FaultRequestLost || fault == sandboxprovider.FaultAnswerLost {
					require.Equal(t, 1, s.executed(step.method))
				}
			})
		}
	}
}

// agree says that nothing is open, and that the books here and at the gateway say the same.
func (s *shop) agree(collectionID string) {
	s.t.Helper()
	sessions, err := s.ListSessions(s.t.Context(), payment.ListParams{CollectionID: collectionID, Limit: 100})
	require.NoError(s.t, err)
	authorized, captured, refunded := dec("0"), dec("0"), dec("0")
	for _, x := range sessions.Items {
		require.Empty(s.t, x.OperationID)
		if x.ProviderID == "sandbox" && !x.InitializedAt.IsZero() {
			s.agreeOn(x)
		}
		if x.PaymentID == "" {
			continue
		}
		p := s.payment(x.PaymentID)
		require.Equal(s.t, !p.CanceledAt.IsZero(), x.Status == payment.StatusCanceled)
		authorized = authorized.Add(p.Authorized).Sub(p.Released)
		captured, refunded = captured.Add(p.Captured), refunded.Add(p.Refunded)
	}
	c := s.fresh(collectionID)
	require.Equal(s.t, [3]string{authorized.String(), captured.String(), refunded.String()},
		[3]string{c.Authorized.String(), c.Captured.String(), c.Refunded.String()})
}

// agreeOn compares one session with the gateway's books.
func (s *shop) agreeOn(x *payment.PaymentSession) {
	s.t.Helper()
	i := s.intent(x.ID)
	require.LessOrEqual(s.t, s.gateway.Authorizations(x.ID), 1)
	require.True(s.t, i.Amount.Equal(x.Amount))
	if x.PaymentID == "" {
		require.True(s.t, i.Authorized.IsZero())
		return
	}
	p := s.payment(x.PaymentID)
	require.True(s.t, p.Captured.Equal(i.Captured), "captured %s here, %s there", p.Captured, i.Captured)
	require.True(s.t, p.Refunded.Equal(i.Refunded), "refunded %s here, %s there", p.Refunded, i.Refunded)
}

func TestInitializeWhoseAnswerIsLost(t *testing.T) {
	for _, fault := range []sandboxprovider.FaultKind{sandboxprovider.FaultAnswerLost, sandboxprovider.FaultRequestLost} {
		t.Run(string(fault), func(t *testing.T) {
			s := newShop(t, options{})
			c := s.collection("100", "EUR")
			s.fail(sandboxprovider.MethodCreate, fault)
			_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100")})
			var e *payment.SessionError
			require.ErrorAs(t, err, &e)
			s.requireUnknown(err, e.Session.ID, payment.StatusPending)
			s.authorize(e.Session)
			require.Len(t, s.gateway.Intents(), 1)
			s.agree(c.ID)
		})
	}
}

func TestInitializeThatFailedStartsAgain(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	params := payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100"), IdempotencyKey: "pay"}
	s.fail(sandboxprovider.MethodCreate, sandboxprovider.FaultConnectionRefused, sandboxprovider.FaultConnectionRefused)
	_, err := s.CreateSession(t.Context(), params)
	require.ErrorIs(t, err, payment.ErrNotSent)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.Equal(t, payment.StatusError, e.Session.Status)
	require.Empty(t, e.Session.Reference)
	require.Equal(t, payment.CollectionFailed, s.fresh(c.ID).Status())
	_, err = s.CreateSession(t.Context(), params)
	require.ErrorIs(t, err, payment.ErrNotSent)
	x, err := s.CreateSession(t.Context(), params)
	require.NoError(t, err)
	require.Equal(t, e.Session.ID, x.ID)
	require.Equal(t, payment.StatusPending, x.Status)
	s.authorize(x)
	require.Len(t, s.gateway.Intents(), 1)
	s.agree(c.ID)
}
