package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What an event says of a session or payment whose time was over.
const expired = "expired"

// methods are the requests to the gateway after the first n of them, in order.
func (s *shop) methods(n int) (list []sandboxprovider.Method) {
	for _, c := range s.gateway.Requests()[n:] {
		list = append(list, c.Method)
	}
	return list
}

// lastEvent is the newest event of a collection.
func (s *shop) lastEvent(collectionID string) payment.Event {
	s.t.Helper()
	events := s.eventsOf(collectionID)
	return events[len(events)-1]
}

// The shorter lifetime counts, and nothing that a gateway says goes beyond our own.
func TestSessionLifetime(t *testing.T) {
	day := 24 * time.Hour
	for name, test := range map[string]struct{ config, provider, said, want time.Duration }{
		"none":                     {0, 0, 0, 0},
		"as configured":            {day, 0, 0, day},
		"as the provider declares": {0, day, 0, day},
		"the shorter of both":      {day, 2 * day, 0, day},
		"the other way round":      {2 * day, day, 0, day},
		"as the gateway says":      {0, 0, day, day},
		"the gateway says less":    {2 * day, 3 * day, day, day},
		"the gateway says more":    {2 * day, 3 * day, 9 * day, 2 * day},
	} {
		t.Run(name, func(t *testing.T) {
			p := &scripted{answer: usual, info: payment.ProviderInfo{SessionLifetime: test.provider}}
			s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{SessionLifetime: test.config}})
			at := func(d time.Duration) time.Time {
				if d == 0 {
					return time.Time{}
				}
				return s.clock.Now().Add(d)
			}
			says, want := at(test.said), at(test.want)
			p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error { s.ExpiresAt = says; return nil })
			p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error { s.State = payment.SnapshotPending; return nil })
			x := s.session(s.collection("100", "EUR"), "scripted", "100")
			require.Equal(t, want, s.freshSession(x.ID).ExpiresAt)
			if test.want == 0 {
				s.reconcile(10_000 * day)
				require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
				return
			}
			s.reconcile(test.want - time.Microsecond)
			require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
			s.reconcile(time.Microsecond)
			require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
		})
	}
}

// A gateway that gives a session more time later gives it no more than we do.
func TestExpiryThatIsMoved(t *testing.T) {
	p := &scripted{answer: usual}
	s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{SessionLifetime: 10 * time.Hour}})
	began := s.clock.Now()
	says := began.Add(time.Hour)
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error { s.ExpiresAt = says; return nil })
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
		*s = payment.Snapshot{State: payment.SnapshotPending, ExpiresAt: says}
		return nil
	})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	says = began.Add(5 * time.Hour)
	s.reconcile(time.Hour)
	require.Equal(t, says, s.freshSession(x.ID).ExpiresAt, "it was asked about first, and has more time now")
	says = began.Add(50 * time.Hour)
	s.reconcile(4 * time.Hour)
	require.Equal(t, began.Add(10*time.Hour), s.freshSession(x.ID).ExpiresAt)
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	s.reconcile(5 * time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
	require.Equal(t, []payment.OperationKind{
		payment.OperationInitialize, payment.OperationStatus, payment.OperationStatus, payment.OperationStatus, payment.OperationCancel,
	}, p.calls)
}

// An expired session is asked about, then canceled at the gateway, then here.
func TestExpiredSessionIsCanceledAtTheGatewayFirst(t *testing.T) {
	for name, prepare := range map[string]func(s *shop, x *payment.PaymentSession){
		"pending":             func(*shop, *payment.PaymentSession) {},
		"with a challenge":    func(s *shop, x *payment.PaymentSession) { _ = s.authorizeWith(x, sandboxprovider.Token3DS) },
		"declined":            func(s *shop, x *payment.PaymentSession) { _ = s.authorizeWith(x, sandboxprovider.TokenDeclined) },
		"failed in a request": func(s *shop, x *payment.PaymentSession) { s.lose(x, sandboxprovider.FaultConnectionRefused) },
	} {
		t.Run(name, func(t *testing.T) {
			h := &hook{}
			s := newShop(t, options{wrap: h.wrap, config: payment.Config{SessionLifetime: time.Hour}})
			c := s.collection("100", "EUR")
			x := s.session(c, "sandbox", "100")
			prepare(s, x)
			sent := len(s.gateway.Requests())
			status := s.freshSession(x.ID).Status
			h.set(func(m sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
				require.Equal(t, sandboxprovider.MethodCancel, m)
				require.Equal(t, status, s.freshSession(x.ID).Status, "it is canceled at the gateway first")
				return call()
			})
			s.clock.Advance(time.Hour - time.Microsecond - s.clock.Now().Sub(x.CreatedAt))
			s.reconcile(0)
			require.Equal(t, status, s.freshSession(x.ID).Status)
			sent = max(sent, len(s.gateway.Requests()))
			r := s.reconcile(time.Microsecond)
			require.Equal(t, []string{x.ID}, r.Settled)
			require.Equal(t, []sandboxprovider.Method{sandboxprovider.MethodRetrieve, sandboxprovider.MethodCancel}, s.methods(sent))
			require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
			require.Equal(t, sandboxprovider.IntentCanceled, s.intent(x.ID).Status)
			e := s.lastEvent(c.ID)
			require.Equal(t, payment.EventSessionCanceled, e.Kind)
			require.Equal(t, expired, e.Code)
			c = s.fresh(c.ID)
			equalAmount(t, "0", c.Held)
			require.Zero(t, c.LiveSessions+c.FailedSessions)
			s.agree(c.ID)
			sent = len(s.gateway.Requests())
			require.Zero(t, s.reconcile(1000*time.Hour).Looked, "that was the last of it")
			require.Empty(t, s.methods(sent))
			_, err := s.tryAuthorize(x)
			require.ErrorIs(t, err, payment.ErrCanceled)
		})
	}
}

// lose lets an authorization fail on its way.
func (s *shop) lose(x *payment.PaymentSession, fault sandboxprovider.FaultKind) {
	s.t.Helper()
	s.fail(sandboxprovider.MethodConfirm, fault)
	_, err := s.tryAuthorize(x)
	require.Error(s.t, err)
}

// A session that lapsed at the gateway is not canceled there again.
func TestSessionThatLapsedAtTheGateway(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{IntentLife: time.Hour}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	s.reconcile(time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
	require.Equal(t, expired, s.lastEvent(c.ID).Code)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
	// One that the host cancels is not called expired.
	x = s.session(c, "sandbox", "100")
	_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
	require.NoError(t, err)
	require.Empty(t, s.lastEvent(c.ID).Code)
}

// A session that the gateway has authorized without our knowing is a payment, however late it is.
func TestExpiredSessionThatIsAuthorizedMeanwhile(t *testing.T) {
	for name, authorize := range map[string]struct {
		confirms bool
		do       func(s *shop, x *payment.PaymentSession)
	}{
		"challenge passed, webhook lost": {false, func(s *shop, x *payment.PaymentSession) {
			require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.Token3DS), payment.ErrRequiresMore)
			require.NoError(t, s.gateway.CompleteChallenge(s.intent(x.ID).Reference, true))
		}},
		"confirmed in the browser": {true, func(s *shop, x *payment.PaymentSession) {
			require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, sandboxprovider.TokenVisa))
		}},
		"confirmed in the browser and captured": {true, func(s *shop, x *payment.PaymentSession) {
			require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, sandboxprovider.TokenAuto))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{
				sandbox: sandboxprovider.Config{ClientConfirms: authorize.confirms}, config: payment.Config{SessionLifetime: 30 * time.Second},
			})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			authorize.do(s, x)
			s.reconcile(time.Hour)
			x = s.freshSession(x.ID)
			require.Equal(t, payment.StatusAuthorized, x.Status)
			require.Empty(t, s.calls(sandboxprovider.MethodCancel))
			require.Contains(t, s.kinds(x.CollectionID), payment.EventPaymentAuthorized)
			s.booksAgree(t, x.PaymentID)
			s.reconcile(1000 * time.Hour)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status, "what is authorized does not expire as a session")
		})
	}
}

// What the gateway is deciding about is not canceled, however long that takes. What it decides counts.
func TestProcessingSessionDoesNotExpire(t *testing.T) {
	for _, good := range []bool{true, false} {
		s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour}})
		c := s.collection("100", "EUR")
		x := s.session(c, "sandbox", "100")
		require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.TokenDelayed), payment.ErrPending)
		for range 5 {
			s.reconcile(24 * time.Hour)
		}
		require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
		equalAmount(t, "100", s.fresh(c.ID).Held)
		require.Empty(t, s.calls(sandboxprovider.MethodCancel))
		require.NoError(t, s.gateway.ResolveDelayed(s.intent(x.ID).Reference, good))
		s.reconcile(24 * time.Hour)
		s.reconcile(24 * time.Hour)
		if good {
			s.booksAgree(t, s.freshSession(x.ID).PaymentID)
			continue
		}
		require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
		require.Equal(t, expired, s.lastEvent(c.ID).Code)
	}
}

// Nobody knows whether the cancellation has happened: the session stays as it is, and locked, until somebody does.
func TestExpiryWhoseCancelIsUnknown(t *testing.T) {
	for _, fault := range []sandboxprovider.FaultKind{
		sandboxprovider.FaultAnswerLost, sandboxprovider.FaultRequestLost, sandboxprovider.FaultServerErrorAfter, sandboxprovider.FaultRequestDelayed,
	} {
		t.Run(string(fault), func(t *testing.T) {
			s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour}})
			c := s.collection("100", "EUR")
			x := s.session(c, "sandbox", "100")
			s.fail(sandboxprovider.MethodCancel, fault)
			s.fail(sandboxprovider.MethodRetrieve, "", sandboxprovider.FaultServerError, sandboxprovider.FaultServerError)
			s.reconcile(time.Hour)
			for range 2 { // the gateway is down
				now := s.freshSession(x.ID)
				require.Equal(t, payment.StatusPending, now.Status)
				require.NotEmpty(t, now.OperationID)
				s.reconcile(10 * time.Minute)
			}
			s.reconcile(10 * time.Minute)
			s.gateway.DeliverDelayed()
			require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
			require.Equal(t, expired, s.lastEvent(c.ID).Code)
			require.Equal(t, 1, s.executed(sandboxprovider.MethodCancel))
			require.Len(t, s.keysOf(sandboxprovider.MethodCancel), 1)
			s.agree(c.ID)
		})
	}
}

// A gateway that does not cancel is asked to again, ever less often, and not for ever.
func TestExpiryThatTheGatewayRefuses(t *testing.T) {
	s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour, AuditFor: 10 * 24 * time.Hour}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	for range 100 {
		s.fail(sandboxprovider.MethodCancel, sandboxprovider.FaultDeclined)
	}
	var tries []int
	for range 20 {
		for range 24 * 12 {
			s.reconcile(5 * time.Minute)
		}
		tries = append(tries, len(s.keysOf(sandboxprovider.MethodCancel)))
	}
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	require.Empty(t, s.openOperations(t))
	require.Equal(t, tries[11], tries[19], "it is given up after AuditFor")
	require.Less(t, tries[19], 40, "it is asked ever less often: %v", tries)
	require.Greater(t, tries[19], 5)
}

// A provider without Canceler: what holds nothing is canceled here alone, anything else is the gateway's to end.
func TestExpiryWithoutCanceler(t *testing.T) {
	s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour}, wrap: func(p payment.Provider) payment.Provider {
		return limited{struct{ payment.Provider }{p}, payment.ProviderInfo{}}
	}})
	c := s.collection("200", "EUR")
	idle, challenged := s.session(c, "sandbox", "100"), s.session(c, "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(challenged, sandboxprovider.Token3DS), payment.ErrRequiresMore)
	for range 3 {
		s.reconcile(time.Hour)
	}
	require.Equal(t, payment.StatusCanceled, s.freshSession(idle.ID).Status)
	require.Equal(t, expired, s.lastEvent(c.ID).Code)
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(challenged.ID).Status)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	require.NoError(t, s.gateway.CancelAtDashboard(s.intent(challenged.ID).Reference))
	s.reconcile(24 * time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(challenged.ID).Status)
	equalAmount(t, "0", s.fresh(c.ID).Held)
}

// A pure provider has no gateway to ask.
func TestExpiryOfAPureProvider(t *testing.T) {
	s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour}})
	c := s.collection("200", "EUR")
	x, paid := s.session(c, "manual", "100"), s.authorize(s.session(c, "manual", "100"))
	s.reconcile(time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
	require.Equal(t, expired, s.lastEvent(c.ID).Code)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(paid.SessionID).Status)
	require.Zero(t, s.reconcile(1000*time.Hour).Looked)
}

// A session that was never initialized has nothing at the gateway.
func TestExpiryOfWhatTheGatewayNeverSaw(t *testing.T) {
	s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour}})
	c := s.collection("100", "EUR")
	s.fail(sandboxprovider.MethodCreate, sandboxprovider.FaultConnectionRefused)
	_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("100")})
	var failed *payment.SessionError
	require.ErrorAs(t, err, &failed)
	s.reconcile(time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(failed.Session.ID).Status)
	require.Equal(t, expired, s.lastEvent(c.ID).Code)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
}

// A gateway that does not answer is no reason to end a session.
func TestExpiryWhileTheGatewayIsDown(t *testing.T) {
	down := true
	s := newShop(t, options{config: payment.Config{SessionLifetime: time.Hour}, wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			if down {
				return payment.Snapshot{}, context.DeadlineExceeded
			}
			return p.Status(ctx, r)
		}}
	}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	for range 30 {
		require.Empty(t, s.reconcile(time.Hour).Settled)
	}
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
	down = false
	s.reconcile(24 * time.Hour)
	require.Equal(t, payment.StatusCanceled, s.freshSession(x.ID).Status)
}
