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

// A message that is handled after all is not given up, however long it took.
func TestRuleLateMessageIsNotGivenUp(t *testing.T) {
	store := &absent{Store: memstore.New()}
	var told []payment.EventKind
	s := newShop(t, options{store: store, config: payment.Config{OnEvent: func(_ context.Context, e payment.Event) error { told = append(told, e.Kind); return nil }}})
	p := s.paid("sandbox", "100", "EUR")
	s.gateway.Webhooks()
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	store.hidden = true
	require.Equal(t, "session_missing", s.tellAll(false)[0].Code)
	for range 23 {
		s.clock.Advance(time.Hour)
		_, _ = s.Reconcile(t.Context()) // the session cannot be looked at either
	}
	s.clock.Advance(2 * time.Hour)
	store.hidden = false
	s.reconcile(0)
	d := s.deliveries()[0]
	require.GreaterOrEqual(t, d.Tries, 10)
	require.Equal(t, payment.DeliveryHandled, d.State)
	require.Empty(t, d.Code)
	require.NotContains(t, told, payment.EventWebhookGivenUp)
	equalAmount(t, "30", s.booksAgree(t, p.ID).Captured)
}

// A gateway that does not answer is not asked again for each message about one session.
func TestRuleSilentGatewayIsAskedOnce(t *testing.T) {
	asked := 0
	var s *shop
	s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(context.Context, payment.StatusRequest) (payment.Snapshot, error) {
			asked++
			s.clock.Advance(5 * time.Second)
			return payment.Snapshot{}, context.DeadlineExceeded
		}}
	}})
	p := s.paid("sandbox", "100", "EUR")
	for range 4 {
		_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("1"))
		require.NoError(t, err)
	}
	s.tellAll(false)
	asked = 0
	r := s.reconcile(20 * time.Second)
	require.Len(t, r.Parked, len(s.deliveries()))
	require.Equal(t, 1, asked)
}

// What the host says is now counts for a message's date: it may have waited in a queue of the host's.
func TestRuleHostSaysWhenAMessageCame(t *testing.T) {
	s := newShop(t, options{})
	s.session(s.collection("100", "EUR"), "sandbox", "100")
	m := s.gateway.Webhooks()[0] // with the moment at which it was sent
	s.clock.Advance(time.Hour)
	require.Equal(t, payment.DeliveryHandled, s.tell(m).State)
	m.Now = time.Time{}
	_, err := s.HandleWebhook(t.Context(), "sandbox", m)
	require.ErrorIs(t, err, payment.ErrWebhookRefused)
}

// Who wrote down that it asks knows its own commit again, and does ask.
func TestRuleQuestionWhoseCommitIsUnknown(t *testing.T) {
	store := &breaking{Store: memstore.New(), fault: func(s payment.Store, ctx context.Context, c *payment.Changes) error {
		if err := s.Commit(ctx, c); err != nil {
			return err
		}
		return payment.ErrCommitUnknown
	}}
	s := newShop(t, options{store: store})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	m := s.messageOf("capture.succeeded")
	store.breakAt = store.commits + 1
	require.Equal(t, payment.DeliveryHandled, s.tell(m).State)
	equalAmount(t, "30", s.booksAgree(t, p.ID).Captured)
}

// A process whose clock was far ahead does not keep the others from asking until then.
func TestRuleClockThatWasFarAhead(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	reference := s.intent(p.SessionID).Reference
	s.gateway.Webhooks()
	for _, ahead := range []time.Duration{6 * time.Hour, -6 * time.Hour} { // it is asked, then the clock is set right
		_, err := s.gateway.CaptureAtDashboard(reference, dec("10"))
		require.NoError(t, err)
		s.clock.Advance(ahead)
		require.Equal(t, payment.DeliveryHandled, s.tell(s.resent(s.messageOf("capture.succeeded"))).State)
	}
	equalAmount(t, "20", s.booksAgree(t, p.ID).Captured)
}

// Where messages are all there is, each of them is read, however many wait.
func TestRuleEveryMessageIsRead(t *testing.T) {
	s := unaskable(t, sandboxprovider.GatewayConfig{})
	p := s.paid("sandbox", "100", "EUR")
	s.gateway.Webhooks()
	for range 4 {
		_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("10"))
		require.NoError(t, err)
	}
	for _, m := range s.gateway.Webhooks() { // all within a second
		_, err := s.HandleWebhook(t.Context(), "sandbox", m)
		require.NoError(t, err)
	}
	for range 4 {
		s.reconcile(2 * time.Second)
	}
	for _, d := range s.deliveries() {
		require.Equal(t, payment.DeliveryHandled, d.State)
	}
	equalAmount(t, "40", s.booksAgree(t, p.ID).Captured)
}

// News of more movements than one commit takes are all written before the message is handled.
func TestRuleManyMovementsInOneMessage(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	for range 60 {
		_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("1"))
		require.NoError(t, err)
	}
	messages := s.gateway.Webhooks()
	require.Equal(t, payment.DeliveryHandled, s.tell(messages[len(messages)-1]).State)
	require.Len(t, s.booksAgree(t, p.ID).Captures, 60)
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1)
}

// News that the store will never take are a person's matter, and one alarm; nothing is asked for ever.
func TestRuleNewsThatCannotBeStored(t *testing.T) {
	for name, refusal := range map[string]error{"duplicate": payment.ErrDuplicate, "invalid": payment.ErrInvalid} {
		t.Run(name, func(t *testing.T) {
			store := &breaking{Store: memstore.New()}
			s := newShop(t, options{store: store})
			p := s.paid("sandbox", "100", "EUR")
			store.refuse = func(c *payment.Changes) error {
				if len(c.Captures) > 0 {
					return refusal
				}
				return nil
			}
			_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("10"))
			require.NoError(t, err)
			require.Equal(t, payment.DeliveryHandled, s.tell(s.messageOf("capture.succeeded")).State)
			require.Equal(t, []string{"answer"}, s.attention())
			for range 3 {
				s.reconcile(time.Hour)
			}
			alarms := 0
			for _, kind := range s.kinds(p.CollectionID) {
				if kind == payment.EventOperationNeedsAttention {
					alarms++
				}
			}
			require.Equal(t, 1, alarms)
			store.refuse = nil // once it can be kept, it is, and nobody need look any more
			s.reconcile(24 * time.Hour)
			require.Empty(t, s.attention())
			equalAmount(t, "10", s.booksAgree(t, p.ID).Captured)
		})
	}
}
