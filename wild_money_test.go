package payment_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// busy is a store that knows how many calls are inside it.
type busy struct {
	payment.Store
	n atomic.Int64
}

func (b *busy) inside() int64 { return b.n.Load() }

func (b *busy) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	defer b.n.Add(-1)
	b.n.Add(1)
	return b.Store.Load(ctx, by)
}

func (b *busy) Commit(ctx context.Context, c *payment.Changes) error {
	defer b.n.Add(-1)
	b.n.Add(1)
	return b.Store.Commit(ctx, c)
}

// scriptedWebhooks is a scripted provider whose gateway sends what a test says.
type scriptedWebhooks struct {
	scripted
	message payment.WebhookMessage
}

func (p *scriptedWebhooks) VerifyWebhook(context.Context, payment.WebhookRequest) (payment.WebhookMessage, error) {
	return p.message, nil
}

func newTold(t *testing.T) (*shop, *scriptedWebhooks) {
	t.Helper()
	p := &scriptedWebhooks{scripted: scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour}}}
	return newShop(t, options{more: []payment.Provider{p}}), p
}

// Two shipments of the same value are two captures, and two returns two refunds.
func TestWildTwoCapturesOfTheSameAmount(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	for range 2 {
		var err error
		p, err = s.capture(p, "40")
		require.NoError(t, err)
	}
	require.Len(t, p.Captures, 2)
	equalAmount(t, "80", p.Captured)
	for range 2 {
		var err error
		p, err = s.refund(p, "15")
		require.NoError(t, err)
	}
	require.Len(t, p.Refunds, 2)
	require.Len(t, s.keysOf(sandboxprovider.MethodCapture), 2)
	require.Len(t, s.keysOf(sandboxprovider.MethodRefund), 2)
	equalAmount(t, "30", s.booksAgree(t, p.ID).Refunded)
}

func TestWildPartialCaptureTakesOnlyItsAmount(t *testing.T) {
	for _, gateway := range []sandboxprovider.GatewayConfig{{}, {SingleCapture: true}, {AsyncCaptures: true}} {
		s := newShop(t, options{gateway: gateway})
		p := s.paid("sandbox", "100", "EUR")
		p, err := s.capture(p, "40")
		require.NoError(t, err)
		moved := s.intent(p.SessionID).Movements
		require.Len(t, moved, 1)
		equalAmount(t, "40", moved[0].Amount)
		if gateway.AsyncCaptures {
			require.NoError(t, s.gateway.ResolveMovement(moved[0].Reference, true))
			s.tellAll(false)
		}
		equalAmount(t, "40", s.intent(p.SessionID).Captured)
		equalAmount(t, "40", s.booksAgree(t, p.ID).Captured)
	}
}

// A refund that fails, at once or later, takes nothing with it.
func TestWildFailedRefundLeavesTheOthers(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AsyncRefunds: true}})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.capture(p, "")
	require.NoError(t, err)
	for _, what := range []string{"10", "20", "30"} {
		p, err = s.refund(p, what)
		require.NoError(t, err)
	}
	for i, ok := range []bool{true, false, true} {
		require.NoError(t, s.gateway.ResolveMovement(p.Refunds[i].Reference, ok))
	}
	s.tellAll(false)
	s.fail(sandboxprovider.MethodRefund, sandboxprovider.FaultDeclined)
	_, err = s.refund(p, "5")
	require.ErrorIs(t, err, payment.ErrDeclined)
	p = s.booksAgree(t, p.ID)
	equalAmount(t, "40", p.Refunded)
	require.Len(t, p.Refunds, 4)
	for i, want := range []payment.MovementState{payment.MovementSucceeded, payment.MovementFailed, payment.MovementSucceeded, payment.MovementFailed} {
		require.Equal(t, want, p.Refunds[i].State)
	}
	equalAmount(t, "40", s.fresh(p.CollectionID).Refunded)
	_, err = s.refund(p, "60") // what failed can be given back after all
	require.NoError(t, err)
}

// One collection, one currency: whoever speaks of another is refused, or left to a person. Nothing of it is added to a total.
func TestWildEurosAndDollarsAreNotAddedUp(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	err := s.untouched(t, func() error {
		_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "sandbox", Amount: dec("40"), CurrencyCode: "EUR"})
		return err
	})
	requireInvalid(t, err, "CurrencyCode", "EUR is not the collection's, which is USD")

	h := &hook{}
	s = newShop(t, options{wrap: h.wrap})
	p := s.paid("sandbox", "100", "USD")
	h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
		snapshot, err := call()
		snapshot.CurrencyCode = "EUR"
		return snapshot, err
	})
	_, err = s.capture(p, "40")
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	require.Equal(t, []string{"currency"}, s.attention())
	equalAmount(t, "0", s.fresh(p.CollectionID).Captured)
	equalAmount(t, "0", s.payment(p.ID).Captured)
}

// absent is a store that does not have a session yet: a replica that lags behind, or a commit that is still under way.
type absent struct {
	payment.Store
	hidden bool
}

func (a *absent) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if a.hidden {
		return nil, payment.ErrNotFound
	}
	return a.Store.Load(ctx, by)
}

// A message whose session is not there yet waits for it; if that never comes, a person is told. It is never acknowledged and forgotten.
func TestWildWebhookBeforeItsSession(t *testing.T) {
	prepare := func(t *testing.T, config payment.Config) (*shop, *absent, *payment.PaymentSession) {
		t.Helper()
		store := &absent{Store: memstore.New()}
		s := newShop(t, options{store: store, sandbox: sandboxprovider.Config{ClientConfirms: true}, config: config})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		s.gateway.Webhooks()
		require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
		store.hidden = true
		results := s.tellAll(false)
		require.Len(t, results, 1)
		require.Equal(t, payment.DeliveryParked, results[0].State)
		require.Equal(t, "session_missing", results[0].Code)
		return s, store, x
	}
	t.Run("it comes", func(t *testing.T) {
		s, store, x := prepare(t, payment.Config{})
		s.reconcile(time.Second)
		store.hidden = false
		asked := len(s.calls(sandboxprovider.MethodRetrieve))
		r := s.reconcile(3 * time.Second) // before any audit is due
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		require.Contains(t, r.Settled, s.deliveries()[0].ID)
		require.Len(t, s.calls(sandboxprovider.MethodRetrieve), asked+1)
		s.agree(x.CollectionID)
	})
	t.Run("it never comes", func(t *testing.T) {
		var told []payment.Event
		s, _, x := prepare(t, payment.Config{OnEvent: func(_ context.Context, e payment.Event) error { told = append(told, e); return nil }})
		told = nil
		for range 60 {
			s.clock.Advance(time.Hour)
			_, _ = s.Reconcile(t.Context()) // the session cannot be looked at either
		}
		require.Equal(t, payment.DeliveryDead, s.deliveries()[0].State)
		var given []payment.Event
		for _, e := range told {
			if e.Kind == payment.EventWebhookGivenUp {
				given = append(given, e)
			}
		}
		require.Len(t, given, 1)
		require.Equal(t, x.ID, given[0].SessionID)
		require.Equal(t, "session_missing", given[0].Code, "why, for the person who looks")
	})
}

// A guard that calls a message, or a session, done keeps nothing out that is still to happen.
func TestWildRetriedMessageIsNotSwallowed(t *testing.T) {
	t.Run("the store failed at first", func(t *testing.T) {
		frail := &breaking{Store: memstore.New()}
		store := &deaf{Store: frail}
		s := newShop(t, options{store: store, sandbox: sandboxprovider.Config{ClientConfirms: true}})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		s.gateway.Webhooks()
		require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
		message := s.gateway.Webhooks()[0]
		frail.dead = true
		_, err := s.HandleWebhook(t.Context(), "sandbox", message)
		require.ErrorIs(t, err, errDead, "no acknowledgment: the gateway sends it again")
		frail.dead, store.err = false, errDead
		_, err = s.HandleWebhook(t.Context(), "sandbox", message)
		require.ErrorIs(t, err, errDead, "nor when it is found, and cannot be kept")
		store.err = nil
		require.Equal(t, payment.DeliveryHandled, s.tell(message).State)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	})
	t.Run("the gateway could not be asked at first", func(t *testing.T) {
		s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		s.gateway.Webhooks()
		require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
		message := s.gateway.Webhooks()[0]
		s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultServerError)
		require.Equal(t, "no_answer", s.tell(message).Code)
		require.True(t, s.tell(message).Duplicate, "a retry is acknowledged")
		require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
		s.reconcile(time.Second) // and the first is not forgotten for it
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	})
	t.Run("the session was declined before", func(t *testing.T) {
		s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}})
		x := s.session(s.collection("100", "EUR"), "sandbox", "100")
		require.Error(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_declined"))
		s.tellAll(false)
		require.Equal(t, payment.StatusError, s.freshSession(x.ID).Status)
		require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
		s.tellAll(false)
		require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
		s.agree(x.CollectionID)
	})
	t.Run("the session is canceled", func(t *testing.T) {
		s, p := newTold(t)
		x := s.session(s.collection("100", "EUR"), "scripted", "100")
		_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
		require.NoError(t, err)
		p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error {
			s.State, s.Amount, s.Authorized = payment.SnapshotAuthorized, r.Amount, r.Amount
			return nil
		})
		p.message = payment.WebhookMessage{EventID: "1", SessionID: x.ID}
		_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{})
		require.NoError(t, err)
		p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error { s.State = payment.SnapshotCanceled; return nil })
		require.Contains(t, s.kinds(x.CollectionID), payment.EventPaymentUnasked, "money that is there is not overlooked")
		s.reconcile(time.Minute)
		require.Contains(t, p.calls, payment.OperationCancel, "it is voided")
		require.Empty(t, s.openOperations(t))
	})
}

// A failure that comes late, or whose message does, changes nothing about what was paid.
func TestWildLateFailureDoesNotDowngrade(t *testing.T) {
	for name, cfg := range map[string]sandboxprovider.Config{
		"the gateway is asked": {ClientConfirms: true}, "the message is believed": {ClientConfirms: true, NoStatus: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{sandbox: cfg})
			x := s.session(s.collection("100", "EUR"), "sandbox", "100")
			browser := s.intent(x.ID).ClientToken
			require.Error(t, s.gateway.ConfirmInBrowser(browser, "tok_declined"))
			require.NoError(t, s.gateway.ConfirmInBrowser(browser, "tok_visa"))
			for _, r := range s.tellAll(true) { // authorized, declined, created
				require.Equal(t, payment.DeliveryHandled, r.State)
			}
			x = s.freshSession(x.ID)
			require.Equal(t, payment.StatusAuthorized, x.Status)
			equalAmount(t, "100", s.fresh(x.CollectionID).Authorized)
			require.NotContains(t, s.kinds(x.CollectionID), payment.EventSessionDeclined)
			require.Empty(t, s.attention())
			s.agree(x.CollectionID)
		})
	}
}

// A message that is signed well and dated far ahead would be good for as long. It is refused, and leaves nothing.
func TestWildSignatureDatedAhead(t *testing.T) {
	s := newShop(t, options{})
	s.session(s.collection("100", "EUR"), "sandbox", "100")
	body := s.gateway.Webhooks()[0].Body
	for _, off := range []time.Duration{10 * time.Hour, 6 * time.Minute, -6 * time.Minute, -10 * time.Hour} {
		m := s.gateway.SignWebhook(body, s.clock.Now().Add(off))
		m.Now = time.Time{} // the Service's clock counts
		err := s.untouched(t, func() error { _, err := s.HandleWebhook(t.Context(), "sandbox", m); return err })
		require.ErrorIs(t, err, payment.ErrWebhookRefused)
	}
	m := s.gateway.SignWebhook(body, s.clock.Now())
	m.Now = time.Time{}
	require.Equal(t, payment.DeliveryHandled, s.tell(m).State)
}

// Minor units are those of ISO 4217, or the gateway's own where it says so, there and back.
func TestWildMinorUnits(t *testing.T) {
	icelandic := map[string]payment.CurrencyRule{"ISK": {Digits: 2, Step: 100}, "UGX": {Digits: 2, Step: 100}}
	for currency, want := range map[string]int64{"USD": 50000, "JPY": 500, "KWD": 500000, "ISK": 50000, "UGX": 50000} {
		s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{Currencies: icelandic}})
		p := s.paid("sandbox", "500", currency)
		p, err := s.capture(p, "")
		require.NoError(t, err)
		equalAmount(t, "500", p.Captured)
		equalAmount(t, "500", s.booksAgree(t, p.ID).Captured)
		rule, err := payment.ProviderInfo{Currencies: icelandic}.CurrencyRule(currency)
		require.NoError(t, err)
		minor, err := rule.MinorUnits(dec("500"))
		require.NoError(t, err)
		require.Equal(t, want, minor, currency)
		equalAmount(t, "500", rule.FromMinorUnits(want))
	}
}
