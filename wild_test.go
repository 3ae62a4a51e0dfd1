package payment_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What went wrong elsewhere, each as a test: the table in docs/reliability.md says where. That no line of it is without a test is proven by
// TestEveryWildLineIsHeld.

// tellAll hands over every message that the gateway has sent and nobody has heard yet, newest first if reversed, and returns what became of them.
func (s *shop) tellAll(reversed bool) (results []*payment.WebhookResult) {
	s.t.Helper()
	messages := s.gateway.Webhooks()
	for i := range messages {
		m := messages[i]
		if reversed {
			m = messages[len(messages)-1-i]
		}
		results = append(results, s.tell(m))
	}
	return results
}

// tell hands over one message, as the handler of a host would.
func (s *shop) tell(m payment.WebhookRequest) *payment.WebhookResult {
	s.t.Helper()
	r, err := s.HandleWebhook(s.t.Context(), "sandbox", m)
	require.NoError(s.t, err)
	s.clock.Advance(2 * time.Second) // the gateway may be asked again
	return r
}

func (s *shop) attention() (codes []string) {
	s.t.Helper()
	l, err := s.ListOperations(s.t.Context(), payment.ListParams{State: payment.OperationNeedsAttention, Limit: 100})
	require.NoError(s.t, err)
	for _, op := range l.Items {
		codes = append(codes, op.Code)
	}
	return codes
}

// Whatever is retried, by the host, by Reconcile or by another process, keeps its key: the gateway sees one request.
func TestWildRetryKeepsItsKey(t *testing.T) {
	steps := map[sandboxprovider.Method]func(s *shop, p *payment.Payment) error{
		sandboxprovider.MethodCapture: func(s *shop, p *payment.Payment) error {
			_, err := s.CapturePayment(s.t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), IdempotencyKey: "ship"})
			return err
		},
		sandboxprovider.MethodRefund: func(s *shop, p *payment.Payment) error {
			_, err := s.RefundPayment(s.t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: amount("10"), IdempotencyKey: "return"})
			return err
		},
		sandboxprovider.MethodCancel: func(s *shop, p *payment.Payment) error {
			_, err := s.CancelPayment(s.t.Context(), payment.CancelPaymentParams{PaymentID: p.ID, IdempotencyKey: "give up"})
			return err
		},
	}
	for method, step := range steps {
		t.Run(string(method), func(t *testing.T) {
			s := newShop(t, options{})
			p := s.paid("sandbox", "100", "EUR")
			_, err := s.capture(p, "50")
			require.NoError(t, err)
			before := len(s.keysOf(method))
			s.fail(method, sandboxprovider.FaultRequestLost, sandboxprovider.FaultRequestLost, sandboxprovider.FaultAnswerLost)
			require.ErrorIs(t, step(s, p), payment.ErrOutcomeUnknown)
			require.ErrorIs(t, step(s, p), payment.ErrOutcomeUnknown)
			next := s.anotherProcess(payment.Config{})
			next.reconcile(time.Minute)
			next.reconcile(time.Minute)
			require.NoError(t, step(s, p))
			require.Len(t, s.keysOf(method), before+1)
			require.Equal(t, before+1, s.executed(method))
			s.agree(p.CollectionID)
		})
	}
}

// The gateway has authorized, and the process that asked for it is gone: whoever comes next finds it, be it the gateway's message, the host
// or Reconcile.
func TestWildAuthorizedThereIsRecordedHere(t *testing.T) {
	find := map[string]func(s *shop, x *payment.PaymentSession){
		"by the webhook": func(s *shop, _ *payment.PaymentSession) { s.tellAll(false) },
		"by the host":    func(s *shop, x *payment.PaymentSession) { s.authorize(x) },
		"by age":         func(s *shop, _ *payment.PaymentSession) { s.reconcile(0) },
	}
	for name, found := range find {
		t.Run(name, func(t *testing.T) {
			h := &hook{}
			s := newShop(t, options{wrap: h.wrap})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			s.killed(h, true, func() (*payment.Payment, error) { return s.tryAuthorize(x) })
			next := s.anotherProcess(payment.Config{})
			next.clock.Advance(leaseOver)
			found(next, x)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			equalAmount(t, "100", s.fresh(x.CollectionID).Authorized)
			require.Equal(t, 1, s.gateway.Authorizations(x.ID))
			s.agree(x.CollectionID)
		})
	}
}

// The storefront's call and the gateway's message meet, in either order: one payment, and nothing is voided or given back.
func TestWildStorefrontAndWebhookRace(t *testing.T) {
	only := func(t *testing.T, s *shop, p *payment.Payment) {
		t.Helper()
		l, err := s.ListPayments(t.Context(), payment.ListParams{CollectionID: p.CollectionID})
		require.NoError(t, err)
		require.Len(t, l.Items, 1)
		require.Equal(t, 1, s.executed(sandboxprovider.MethodConfirm))
		require.Zero(t, s.executed(sandboxprovider.MethodCancel)+s.executed(sandboxprovider.MethodRefund))
		require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
		s.booksAgree(t, p.ID)
	}
	t.Run("the message comes while the call is at the gateway", func(t *testing.T) {
		h := &hook{}
		s := newShop(t, options{wrap: h.wrap})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		other := s.anotherProcess(payment.Config{})
		s.gateway.Webhooks()
		var met []*payment.WebhookResult
		h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
			snapshot, err := call()
			met = other.tellAll(false)
			return snapshot, err
		})
		p := s.authorize(x)
		require.Len(t, met, 1)
		require.Equal(t, payment.DeliveryParked, met[0].State)
		require.Equal(t, "operation_open", met[0].Code)
		only(t, s, p)
		other.reconcile(time.Minute)
		require.Equal(t, payment.DeliveryHandled, s.deliveries()[0].State)
		only(t, s, p)
	})
	t.Run("the message comes first", func(t *testing.T) {
		s := newShop(t, options{})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
		_, err := s.tryAuthorize(x)
		s.requireUnknown(err, x.ID, payment.StatusPending)
		s.anotherProcess(payment.Config{}).tellAll(false)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		only(t, s, s.authorize(x))
	})
	t.Run("the browser has paid, and both come to tell", func(t *testing.T) {
		s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
		s.tellAll(true)
		only(t, s, s.authorize(x))
		s.tellAll(false)
		only(t, s, s.authorize(x))
	})
}

func TestWildCanceledSessionNoLongerCounts(t *testing.T) {
	for name, cancel := range map[string]func(s *shop, p *payment.Payment){
		"by the host": func(s *shop, p *payment.Payment) {
			_, err := s.CancelSession(s.t.Context(), payment.CancelSessionParams{SessionID: p.SessionID})
			require.NoError(s.t, err)
		},
		"at the dashboard": func(s *shop, p *payment.Payment) {
			require.NoError(s.t, s.gateway.CancelAtDashboard(s.intent(p.SessionID).Reference))
			s.tellAll(false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{})
			p := s.paid("sandbox", "100", "EUR")
			s.tellAll(false)
			equalAmount(t, "100", s.fresh(p.CollectionID).Authorized)
			cancel(s, p)
			c := s.fresh(p.CollectionID)
			equalAmount(t, "0", c.Authorized)
			require.Equal(t, payment.CollectionNotPaid, c.Status())
			_, err := s.CompleteCollection(t.Context(), c.ID)
			require.ErrorIs(t, err, payment.ErrNotAllowed)
			s.authorize(s.session(c, "sandbox", "100")) // the amount is free again
			equalAmount(t, "100", s.fresh(c.ID).Authorized)
		})
	}
}

// What the shopper must do is stored before the error is returned, and is there for whoever reads the session.
func TestWildRequiresMoreKeepsItsData(t *testing.T) {
	s := newShop(t, options{})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_3ds")})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	var e *payment.SessionError
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.NextAction.URL)
	stored := s.anotherProcess(payment.Config{}).freshSession(x.ID)
	require.Equal(t, payment.StatusRequiresMore, stored.Status)
	require.Equal(t, e.NextAction, stored.NextAction)
	require.Equal(t, "requires_action", stored.Data["status"], "the gateway's newest public data")
	require.Equal(t, e.Session.Data, stored.Data)
	require.NotEmpty(t, stored.Private.Reveal()["access_value"])
	require.NoError(t, s.gateway.CompleteChallenge(stored.Reference, true))
	require.Equal(t, x.ID, s.authorize(stored).SessionID)
	s.agree(x.CollectionID)
}

func TestWildCartChangesKeepOneIntent(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	var x *payment.PaymentSession
	for range 3 { // a checkout page that is loaded again
		again, err := s.CreateSession(t.Context(), payment.CreateSessionParams{
			CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("10"), IdempotencyKey: "checkout",
		})
		require.NoError(t, err)
		x = again
	}
	for _, to := range []string{"20", "30", "25", "25", "60", "99.50", "100"} {
		_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount(to)})
		require.NoError(t, err)
		equalAmount(t, to, s.intent(x.ID).Amount)
	}
	require.Len(t, s.gateway.Intents(), 1)
	equalAmount(t, "100", s.authorize(x).Authorized)
	s.agree(c.ID)
}

// The cart grows while money is held: the old authorization is voided before another is made, or stays and is said to stay.
func TestWildAmountChangesWhileMoneyIsHeld(t *testing.T) {
	s := newShop(t, options{})
	old := s.paid("sandbox", "100", "EUR")
	require.NoError(t, s.setAmount(old.CollectionID, "120"))
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: old.SessionID, Amount: amount("120")})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	whole := payment.CreateSessionParams{CollectionID: old.CollectionID, ProviderID: "sandbox", Amount: dec("120")}
	_, err = s.CreateSession(t.Context(), whole)
	var exceeded *payment.AmountExceededError
	require.ErrorAs(t, err, &exceeded)
	require.Equal(t, []string{old.SessionID}, exceeded.Holders, "who holds it is named, not dropped")
	require.ErrorIs(t, s.setAmount(old.CollectionID, "99"), payment.ErrNotAllowed)

	whole.Supersede = []string{old.SessionID}
	s.fail(sandboxprovider.MethodCancel, sandboxprovider.FaultDeclined)
	_, err = s.CreateSession(t.Context(), whole)
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.Len(t, s.gateway.Intents(), 1)
	s.booksAgree(t, old.ID)

	x, err := s.CreateSession(t.Context(), whole)
	require.NoError(t, err)
	require.Equal(t, sandboxprovider.IntentCanceled, s.intent(old.SessionID).Status)
	s.authorize(x)
	equalAmount(t, "120", s.fresh(old.CollectionID).Authorized)
	s.agree(old.CollectionID)
}

// An order is not canceled as long as its money is held.
func TestWildCancelErrorIsNotSwallowed(t *testing.T) {
	for fault, want := range map[sandboxprovider.FaultKind]error{
		sandboxprovider.FaultDeclined: payment.ErrDeclined, sandboxprovider.FaultTooManyRequests: payment.ErrNotSent,
		sandboxprovider.FaultRequestLost: payment.ErrOutcomeUnknown,
	} {
		t.Run(string(fault), func(t *testing.T) {
			s := newShop(t, options{})
			p := s.paid("sandbox", "100", "EUR")
			s.fail(sandboxprovider.MethodCancel, fault)
			_, err := s.CancelCollection(t.Context(), p.CollectionID)
			require.ErrorIs(t, err, want)
			c := s.fresh(p.CollectionID)
			require.Equal(t, payment.CollectionAuthorized, c.Status())
			equalAmount(t, "100", c.Authorized)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(p.SessionID).Status)
			c, err = s.CancelCollection(t.Context(), p.CollectionID)
			require.NoError(t, err)
			require.Equal(t, payment.CollectionCanceled, c.Status())
			require.Equal(t, sandboxprovider.IntentCanceled, s.intent(p.SessionID).Status)
			s.agree(c.ID)
		})
	}
}

// A gateway's object is never passed on: only what its provider publishes, and never anything of another session.
func TestWildGatewayObjectReachesNoBrowser(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	one, two := s.session(c, "sandbox", "40"), s.session(c, "sandbox", "60")
	for _, x := range []*payment.PaymentSession{one, two} {
		public, err := json.Marshal(x)
		require.NoError(t, err)
		require.Contains(t, string(public), s.intent(x.ID).ClientToken)
		require.NotContains(t, string(public), s.intent(x.ID).Secret)
	}
	p := s.authorize(one)
	_, err := s.capture(p, "10")
	require.NoError(t, err)
	s.authorize(two)
	s.tellAll(false)
	kept := s.deliveries()
	require.NotEmpty(t, kept)
	for _, x := range []*payment.PaymentSession{one, two} {
		mine, other := s.intent(x.ID), s.intent(map[string]string{one.ID: two.ID, two.ID: one.ID}[x.ID])
		for _, row := range []any{s.fresh(c.ID), s.freshSession(x.ID), s.payment(s.freshSession(x.ID).PaymentID)} {
			public, err := json.Marshal(row)
			require.NoError(t, err)
			for _, hidden := range []string{mine.Secret, other.Secret, other.ClientToken, "acct_sandbox", "access_value"} {
				require.NotContains(t, string(public), hidden)
			}
		}
	}
	// A gateway that answers with another shopper's object: a person sees it, and nothing of it is kept.
	h := &hook{}
	s = newShop(t, options{wrap: h.wrap})
	c = s.collection("100", "EUR")
	one, two = s.session(c, "sandbox", "50"), s.session(c, "sandbox", "50")
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		snapshot, err := call()
		snapshot.Reference, snapshot.Data = two.Reference, two.Data
		return snapshot, err
	})
	_, err = s.tryAuthorize(one)
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	require.Equal(t, one.Data, s.freshSession(one.ID).Data)
	require.Equal(t, []string{"reference"}, s.attention())
}

// A shopper's call at a slow gateway keeps nobody else waiting: not in the same collection, and not in the other order.
func TestWildNoLockIsHeldAcrossACall(t *testing.T) {
	h := &hook{}
	store := &busy{Store: memstore.New()}
	s := newShop(t, options{wrap: h.wrap, realTime: true, store: store})
	c := s.collection("100", "EUR")
	one, two := s.session(c, "sandbox", "50"), s.session(c, "sandbox", "50")
	inside, goOn := make(chan bool, 2), make(chan bool)
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		inside <- true
		<-goOn
		return call()
	})
	done := make(chan error, 2)
	for _, x := range []*payment.PaymentSession{one, two} {
		go func() { _, err := s.tryAuthorize(x); done <- err }()
	}
	arrive(t, inside)
	arrive(t, inside) // both are at the gateway at once
	require.Zero(t, store.inside(), "nothing of the store is open meanwhile")
	h.set(nil)
	_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("150")})
	require.NoError(t, err)
	s.authorize(s.session(c, "sandbox", "50"))
	for _, x := range []*payment.PaymentSession{two, one} {
		s.freshSession(x.ID)
	}
	for _, m := range s.gateway.Webhooks() {
		_, err := s.HandleWebhook(t.Context(), "sandbox", m)
		require.NoError(t, err)
	}
	_, err = s.Reconcile(t.Context())
	require.NoError(t, err)
	close(goOn)
	require.NoError(t, arrive(t, done))
	require.NoError(t, arrive(t, done))
	equalAmount(t, "150", s.fresh(c.ID).Authorized)
	s.agree(c.ID)
}
