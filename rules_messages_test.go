package payment_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Messages in any order and of any age, and gateways that lag behind them: they may teach us late, but never wrongly.

// unaskable is a shop whose gateway cannot be asked: its messages are all there is.
func unaskable(t *testing.T, gateway sandboxprovider.GatewayConfig) *shop {
	t.Helper()
	return newShop(t, options{gateway: gateway, sandbox: sandboxprovider.Config{NoStatus: true}})
}

// resent is a message as the gateway sends it again now.
func (s *shop) resent(m payment.WebhookRequest) payment.WebhookRequest {
	return s.gateway.SignWebhook(m.Body, s.clock.Now())
}

// messageOf takes the oldest unsent message of one type, and drops the others.
func (s *shop) messageOf(kind string) (found payment.WebhookRequest) {
	s.t.Helper()
	for _, m := range s.gateway.Webhooks() {
		var body struct{ Type string }
		require.NoError(s.t, json.Unmarshal(m.Body, &body))
		if body.Type == kind && found.Body == nil {
			found = m
		}
	}
	require.NotNil(s.t, found.Body, kind)
	return found
}

// A message was written before it arrives, perhaps before the call whose outcome is unknown: it never proves that this had no effect.
func TestRuleMessageProvesNothing(t *testing.T) {
	s := unaskable(t, sandboxprovider.GatewayConfig{})
	p := s.paid("sandbox", "100", "EUR")
	old := s.messageOf("intent.authorized")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
	_, err := s.capture(p, "40")
	s.requireUnknown(err, p.SessionID, payment.StatusAuthorized)
	s.clock.Advance(26 * time.Hour) // longer than the key is remembered, and any request under way
	s.tell(s.resent(old))
	require.NotEmpty(t, s.freshSession(p.SessionID).OperationID, "the capture may have happened, and it has")
	_, err = s.capture(p, "40")
	require.Error(t, err, "a second capture would take the money twice")
	equalAmount(t, "40", s.intent(p.SessionID).Captured)
	s.clock.Advance(2 * time.Second)
	s.tell(s.resent(s.messageOf("capture.succeeded")))
	equalAmount(t, "40", s.booksAgree(t, p.ID).Captured)
	require.Len(t, s.payment(p.ID).Captures, 1)
}

// Rule 13: a movement that has failed, or was returned, is not pending or succeeded again because an older message says so.
func TestRuleOlderNewsOfMovements(t *testing.T) {
	t.Run("failed", func(t *testing.T) {
		s := unaskable(t, sandboxprovider.GatewayConfig{AsyncCaptures: true})
		p, err := s.capture(s.paid("sandbox", "100", "EUR"), "40")
		require.NoError(t, err)
		require.NoError(t, s.gateway.ResolveMovement(p.Captures[0].Reference, false))
		s.tellAll(true) // failed, then pending
		p = s.booksAgree(t, p.ID)
		require.Equal(t, payment.MovementFailed, p.Captures[0].State)
		equalAmount(t, "100", p.Capturable)
	})
	t.Run("returned", func(t *testing.T) {
		s := unaskable(t, sandboxprovider.GatewayConfig{})
		p := s.paid("sandbox", "100", "EUR")
		_, err := s.capture(p, "")
		require.NoError(t, err)
		p, err = s.refund(p, "30")
		require.NoError(t, err)
		require.NoError(t, s.gateway.ReturnRefund(p.Refunds[0].Reference))
		s.tellAll(true) // returned, then succeeded
		p = s.booksAgree(t, p.ID)
		require.Equal(t, payment.MovementFailed, p.Refunds[0].State)
		equalAmount(t, "0", p.Refunded)
		equalAmount(t, "0", s.fresh(p.CollectionID).Refunded)
	})
}

// A session that was declined does not wait for ever because an older message says that the gateway is deciding.
func TestRuleOldMessageDoesNotWedge(t *testing.T) {
	s := unaskable(t, sandboxprovider.GatewayConfig{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, "tok_delayed"), payment.ErrPending)
	require.NoError(t, s.gateway.ResolveDelayed(x.Reference, false))
	s.tellAll(true) // declined, processing, created
	s.clock.Advance(25 * time.Hour)
	if err := s.authorizeWith(x, "tok_visa"); err != nil { // it may be paid after all, or given up
		_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID})
		require.NoError(t, err)
		equalAmount(t, "0", s.fresh(c.ID).Held)
	}
}

// What the gateway is deciding about, or the shopper, stays held when the message of its creation arrives late.
func TestRuleOldMessageReleasesNothing(t *testing.T) {
	for _, name := range []string{"tok_delayed", "tok_3ds"} {
		t.Run(name, func(t *testing.T) {
			s := unaskable(t, sandboxprovider.GatewayConfig{})
			c := s.collection("100", "EUR")
			x := s.session(c, "sandbox", "100")
			created := s.messageOf("intent.created")
			require.Error(t, s.authorizeWith(x, name))
			before := s.freshSession(x.ID)
			s.tell(s.resent(created))
			after := s.freshSession(x.ID)
			require.Equal(t, before.Status, after.Status)
			require.Equal(t, before.ProcessingSince, after.ProcessingSince)
			equalAmount(t, "100", s.fresh(c.ID).Held)
			_, err := s.CreateSession(t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "manual", Amount: dec("100")})
			require.ErrorIs(t, err, payment.ErrAmountExceeded)
		})
	}
}

// Old messages are no alarm: what they tell of was true once.
func TestRuleOldMessageRaisesNoAlarm(t *testing.T) {
	s := unaskable(t, sandboxprovider.GatewayConfig{})
	p := s.paid("sandbox", "100", "EUR")
	authorized := s.messageOf("intent.authorized")
	_, err := s.cancelPayment(p)
	require.NoError(t, err)
	s.tell(s.resent(authorized))
	require.Empty(t, s.attention())
	s.booksAgree(t, p.ID)

	// The totals of a gateway that lists no movements.
	s, said := newTold(t)
	said.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	p = s.paid("scripted", "100", "EUR")
	for range 2 {
		_, err = s.capture(p, "40")
		require.NoError(t, err)
	}
	says := func(id, captured string) {
		said.message = payment.WebhookMessage{EventID: id, SessionID: p.SessionID, Snapshot: &payment.Snapshot{
			State: payment.SnapshotAuthorized, Totals: &payment.Totals{Captured: dec(captured)},
		}}
		_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{})
		require.NoError(t, err)
		s.clock.Advance(2 * time.Second)
	}
	says("1", "40")
	says("2", "80")
	require.Empty(t, s.attention())
	says("3", "81")
	require.Equal(t, []string{"totals"}, s.attention())
}

// A gateway that tells of news sooner than it answers with them is asked again soon.
func TestRuleGatewayThatLagsBehindItsWebhooks(t *testing.T) {
	var lags *payment.Snapshot
	s := newShop(t, options{sandbox: sandboxprovider.Config{ClientConfirms: true}, wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			if lags != nil {
				return *lags, nil
			}
			return p.Status(ctx, r)
		}}
	}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	for range 12 { // looked at ever less often: the next time is hours away
		s.reconcile(time.Hour)
	}
	before, err := sandboxprovider.New(s.gateway, sandboxprovider.Config{ClientConfirms: true}).Status(t.Context(),
		payment.StatusRequest{Request: payment.Request{SessionID: x.ID}})
	require.NoError(t, err)
	lags = &before
	s.gateway.Webhooks()
	require.NoError(t, s.gateway.ConfirmInBrowser(s.intent(x.ID).ClientToken, "tok_visa"))
	s.tellAll(false)
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	lags = nil
	s.reconcile(2 * time.Minute)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// bounded is a store that holds every call after the first message against its time.
type bounded struct {
	payment.Store
	t      *testing.T
	stored bool
}

func (b *bounded) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	b.bound(ctx)
	b.stored = true
	return b.Store.PutDelivery(ctx, d)
}

func (b *bounded) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	b.bound(ctx)
	return b.Store.Load(ctx, by)
}

func (b *bounded) Commit(ctx context.Context, c *payment.Changes) error {
	b.bound(ctx)
	return b.Store.Commit(ctx, c)
}

func (b *bounded) bound(ctx context.Context) {
	if b.stored {
		_, ok := ctx.Deadline()
		require.True(b.t, ok, "whoever brought the message waits for as long as the store likes")
	}
}

// Once a message is stored, handling it takes as long as it says, also when the store does not answer.
func TestRuleStoredMessageIsHandledInTime(t *testing.T) {
	store := &bounded{Store: memstore.New(), t: t}
	s := newShop(t, options{store: store})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	_, err = s.HandleWebhook(t.Context(), "sandbox", s.messageOf("capture.succeeded"))
	require.NoError(t, err)
	store.stored = false
	equalAmount(t, "30", s.booksAgree(t, p.ID).Captured)
}

// Two processes whose clocks differ by what is allowed never hand over events of one collection at the same time.
func TestRuleEventsOneProcessAtATime(t *testing.T) {
	var s *shop
	var other *payment.Service
	inside, together := 0, 0
	slow := func(context.Context, payment.Event) error {
		if inside++; inside > 1 {
			together++
		}
		defer func() { inside-- }()
		if inside == 1 {
			for range 14 { // a host that takes nearly as long as it may
				s.clock.Advance(time.Second)
				_, err := other.Reconcile(t.Context())
				require.NoError(t, err)
			}
		}
		return nil
	}
	s = newShop(t, options{config: payment.Config{OnEvent: slow}})
	config := payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}, OnEvent: slow, Wait: s.clock.Wait,
		Now: func() time.Time { return s.clock.Now().Add(10 * time.Second) },
	}
	var err error
	other, err = payment.NewService(s.store, config)
	require.NoError(t, err)
	p := s.paid("sandbox", "100", "EUR")
	for range 6 {
		_, err = s.capture(p, "1")
		require.NoError(t, err)
	}
	for range 8 {
		s.reconcile(time.Minute)
	}
	require.Zero(t, together)
}

// A gateway that cannot be asked tells a fact that changes nothing: that is all there is to handle.
func TestRuleNoticeAloneIsHandled(t *testing.T) {
	s, p := newTold(t)
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	pay := s.paid("scripted", "100", "EUR")
	p.message = payment.WebhookMessage{EventID: "1", SessionID: pay.SessionID, Notice: &payment.Notice{Kind: "dispute.created", Amount: dec("5"), CurrencyCode: "EUR"}}
	r, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{})
	require.NoError(t, err)
	require.Equal(t, payment.DeliveryHandled, r.State)
	require.Contains(t, s.kinds(pay.CollectionID), payment.EventGatewayNotice)
}
