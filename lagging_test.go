package payment_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// What begins long after its session was made is asked about like all else.
func TestAnOldSessionIsAudited(t *testing.T) {
	for _, state := range []payment.SnapshotState{payment.SnapshotProcessing, payment.SnapshotRequiresMore} {
		t.Run(string(state), func(t *testing.T) {
			s, p := newScripted(t)
			c := s.collection("100", "EUR")
			x := s.session(c, "scripted", "100")
			s.clock.Advance(91 * 24 * time.Hour) // an invoice's link, paid late
			p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
				n.State, n.Authorized = state, dec("0")
				if state == payment.SnapshotRequiresMore {
					n.NextAction = &payment.NextAction{Kind: payment.ActionWait}
				}
				return nil
			})
			_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
			require.Error(t, err)
			equalAmount(t, "100", s.fresh(c.ID).Held)
			// the gateway authorizes a minute later; the webhook is lost.
			p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
				n.State, n.Amount, n.Authorized = payment.SnapshotAuthorized, dec("100"), dec("100")
				return nil
			})
			for range 60 {
				s.reconcile(24 * time.Hour)
			}
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status, "nobody ever asked")
		})
	}
}

// isAt has the gateway say of a session of 100, called and asked, that it is where state says by then.
func (p *scripted) isAt(state *payment.SnapshotState) {
	say := func(n *payment.Snapshot, _ payment.Request) error {
		switch n.State, n.Amount, n.Authorized = *state, dec("100"), dec("0"); *state {
		case payment.SnapshotAuthorized:
			n.Authorized = dec("100")
		case payment.SnapshotRequiresMore:
			n.NextAction = &payment.NextAction{Kind: payment.ActionWait}
		}
		return nil
	}
	p.on(payment.OperationAuthorize, say)
	p.on(payment.OperationStatus, say)
}

// A challenge that comes up again after a decline holds its amount, and is asked about.
func TestAChallengeAfterADeclineIsAudited(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotRequiresMore
	p.isAt(&state)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	state = payment.SnapshotDeclined
	s.hook(x.ID)
	state = payment.SnapshotRequiresMore // the shopper tries again on the gateway's page
	s.hook(x.ID)
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(x.ID).Status)
	equalAmount(t, "100", s.freshSession(x.ID).Held)
	s.reconcile(2 * time.Minute)       // still at it
	state = payment.SnapshotAuthorized // and passes; this message is lost
	for range 48 {
		s.reconcile(time.Hour)
	}
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// What a gateway says anew at each look, and means nothing, makes no look the first.
func TestWhatDecoratesIsNoNews(t *testing.T) {
	s, p := newScripted(t)
	s.paid("scripted", "100", "EUR")
	questions := 0
	p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
		questions++
		n.Amount, n.Authorized = dec("100"), dec("100")
		n.Data = payment.Data{"ephemeral": fmt.Sprint(questions)}
		return nil
	})
	for range 24 * 60 {
		s.reconcile(time.Minute)
	}
	require.Less(t, questions, 15)
}

// Nor is it an event each time.
func TestAnActionThatChangesIsOneEvent(t *testing.T) {
	s, p := newScripted(t)
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	n := 0
	act := func(a *payment.Snapshot, r payment.Request) error {
		n++
		a.State, a.Amount, a.Authorized = payment.SnapshotRequiresMore, dec("100"), dec("0")
		a.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: fmt.Sprint("https://acs.example/?nonce=", n)}
		return nil
	}
	p.on(payment.OperationAuthorize, act)
	p.on(payment.OperationStatus, act)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	for range 24 * 60 {
		s.reconcile(time.Minute)
	}
	events := 0
	for _, e := range s.eventsOf(c.ID) {
		if e.Kind == payment.EventSessionRequiresMore {
			events++
		}
	}
	require.Less(t, events, 15)
}

// An answer of a replica that lags does not undo what the gateway has said itself.
func TestAReplicaUndoesNothing(t *testing.T) {
	for _, first := range []payment.SnapshotState{payment.SnapshotProcessing, payment.SnapshotRequiresMore} {
		for _, stale := range []payment.SnapshotState{payment.SnapshotPending, payment.SnapshotDeclined} {
			t.Run(string(first)+" then "+string(stale), func(t *testing.T) {
				s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, MultiCapture: true})
				c := s.collection("100", "EUR")
				x := s.session(c, "scripted", "100")
				charges := map[string]bool{} // by key: a gateway of charges, not of intents
				if stale == payment.SnapshotDeclined {
					p.on(payment.OperationAuthorize, func(n *payment.Snapshot, r payment.Request) error {
						n.State, n.Authorized = payment.SnapshotDeclined, dec("0")
						return nil
					})
					_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("a")})
					require.ErrorIs(t, err, payment.ErrDeclined)
				}
				p.on(payment.OperationAuthorize, func(n *payment.Snapshot, r payment.Request) error {
					charges[r.IdempotencyKey] = true
					n.State, n.Authorized = first, dec("0")
					if first == payment.SnapshotRequiresMore {
						n.NextAction = &payment.NextAction{Kind: payment.ActionWait}
					}
					return nil
				})
				p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error { // a replica that lags by some seconds
					n.State, n.Amount, n.Authorized = stale, dec("100"), dec("0")
					return nil
				})
				_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("b")})
				require.Error(t, err)
				s.clock.Advance(2 * time.Second)
				_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(x.ID)}) // about the creation of the object, say
				require.NoError(t, err)
				if first == payment.SnapshotProcessing {
					_, _ = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("b")})
					require.Len(t, charges, 1, "charged again, while the gateway is deciding about the first")
				}
				equalAmount(t, "100", s.fresh(c.ID).Held)
			})
		}
	}
}

// What is declined in a challenge is soon free for another way to pay.
func TestADeclinedChallengeIsSoonFree(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotRequiresMore
	p.isAt(&state)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	state = payment.SnapshotDeclined
	s.hook(x.ID)
	equalAmount(t, "100", s.fresh(c.ID).Held)
	s.reconcile(15 * time.Second)
	require.Equal(t, payment.StatusError, s.freshSession(x.ID).Status)
	equalAmount(t, "0", s.fresh(c.ID).Held)
}

// A decline that comes so soon that it is not believed is asked for again as soon as it can be: the shopper waits.
func TestADeclineThatComesAtOnce(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	state := payment.SnapshotProcessing
	p.isAt(&state)
	_, err := s.tryAuthorize(x)
	require.Error(t, err)
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount, n.Authorized = payment.SnapshotDeclined, dec("100"), dec("0")
		s.clock.Advance(5 * time.Second) // it may be as old as the question
		return nil
	})
	s.clock.Advance(10 * time.Second)
	_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(x.ID)})
	require.NoError(t, err)
	require.Equal(t, payment.StatusPending, s.freshSession(x.ID).Status)
	s.reconcile(10 * time.Second)
	require.Equal(t, payment.StatusError, s.freshSession(x.ID).Status)
}

// An outage of a quarter of an hour loses no event, however old it is by then.
func TestEventsOfADayAgo(t *testing.T) {
	down := true
	var got []payment.EventKind
	s := newShop(t, options{config: payment.Config{OnEvent: func(_ context.Context, e payment.Event) error {
		if down {
			return errors.New("the queue is down")
		}
		got = append(got, e.Kind)
		return nil
	}}})
	c := s.collection("100", "EUR")
	s.authorize(s.session(c, "sandbox", "100"))
	s.clock.Advance(25 * time.Hour) // Reconcile was not run
	for range 10 * 6 {              // ten minutes
		s.reconcile(10 * time.Second)
	}
	down = false
	for range 12 {
		s.reconcile(10 * time.Minute)
	}
	l, err := s.ListEvents(t.Context(), payment.ListParams{CollectionID: c.ID, Limit: 100})
	require.NoError(t, err)
	require.Len(t, got, len(l.Items), "%v", got)
}

// Nor a message.
func TestMessageOfADayAgo(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	down := true
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.Amount, n.Authorized = dec("100"), dec("100")
		if down {
			return errors.New("time-out")
		}
		return nil
	})
	r, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(x.ID)})
	require.NoError(t, err)
	require.Equal(t, payment.DeliveryParked, r.State)
	s.clock.Advance(25 * time.Hour) // Reconcile was not run
	for range 15 * 6 {              // fifteen minutes
		s.reconcile(10 * time.Second)
	}
	down = false
	for range 12 {
		s.reconcile(10 * time.Minute)
	}
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

// A provider that has lost a capability while an operation was open answers nothing, and breaks nothing.
func TestACapabilityThatIsGone(t *testing.T) {
	s, p := newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationUpdate, func(*payment.Snapshot, payment.Request) error { return errors.New("time-out") })
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount, n.Authorized = payment.SnapshotPending, dec("100"), dec("0")
		return nil
	})
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	less := bare{p}
	svc, err := payment.NewService(s.store, payment.Config{Providers: []payment.Provider{less}, Now: s.clock.Now, Wait: s.clock.Wait})
	require.NoError(t, err)
	s.clock.Advance(time.Minute)
	require.NotPanics(t, func() { _, _ = svc.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID}) })
}

// bare is the provider without its Updater.
type bare struct{ p *scripted }

func (b bare) ID() string                     { return b.p.ID() }
func (b bare) Describe() payment.ProviderInfo { return b.p.Describe() }
func (b bare) Initialize(c context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return b.p.Initialize(c, r)
}
func (b bare) Authorize(c context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return b.p.Authorize(c, r)
}
func (b bare) Status(c context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return b.p.Status(c, r)
}

// What decorates an answer and is too large is left out, and blocks nothing.
func TestALargeActionBlocksNothing(t *testing.T) {
	s, p := newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
		n.NextAction = &payment.NextAction{Kind: payment.ActionDisplay, Text: strings.Repeat("x", 1<<20)}
		n.State, n.Authorized = payment.SnapshotRequiresMore, dec("0")
		return nil
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
}

// A form whose fields are too large is no form any more.
func TestALargeFormIsLeftOut(t *testing.T) {
	s, p := newScripted(t)
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
		n.NextAction = &payment.NextAction{Kind: payment.ActionFormPost, URL: "https://acs.example/", Fields: map[string]string{
			"PaReq": strings.Repeat("x", 40<<10), "MD": strings.Repeat("y", 40<<10),
		}}
		n.State, n.Authorized = payment.SnapshotRequiresMore, dec("0")
		return nil
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	require.Nil(t, s.freshSession(x.ID).NextAction)
}

// A challenge that finds no room for its amount is asked about all the same: what comes of it must be known.
func TestAChallengeWithoutRoomIsAudited(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "100")
	state := payment.SnapshotDeclined
	p.isAt(&state)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrDeclined)
	s.authorize(s.session(c, "manual", "100")) // the shopper pays in another way
	state = payment.SnapshotRequiresMore       // and goes on at the gateway's page
	s.hook(x.ID)
	s.reconcile(15 * time.Second)
	require.Equal(t, payment.StatusRequiresMore, s.freshSession(x.ID).Status)
	equalAmount(t, "0", s.freshSession(x.ID).Held)
	state = payment.SnapshotAuthorized // whose message is lost
	for range 48 {
		s.reconcile(time.Hour)
	}
	require.NotEmpty(t, s.freshSession(x.ID).PaymentID)
	require.True(t, s.payment(s.freshSession(x.ID).PaymentID).Unasked)
}

// What an update holds whose answer was lost is not given back by news of the challenge: others would take the room.
func TestAnUpdateKeepsItsHoldInAChallenge(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "50")
	amount := dec("50")
	p.on(payment.OperationAuthorize, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Authorized = payment.SnapshotRequiresMore, dec("0")
		n.NextAction = &payment.NextAction{Kind: payment.ActionRedirect, URL: "https://acs.example/1"}
		return nil
	})
	p.on(payment.OperationStatus, func(n *payment.Snapshot, r payment.Request) error {
		*n = payment.Snapshot{State: payment.SnapshotRequiresMore, Reference: "ref-" + r.SessionID, CurrencyCode: "EUR", Amount: amount,
			NextAction: &payment.NextAction{Kind: payment.ActionRedirect, URL: "https://acs.example/1"}}
		return nil
	})
	tries := 0
	p.on(payment.OperationUpdate, func(n *payment.Snapshot, r payment.Request) error {
		if tries++; tries == 1 {
			return errors.New("time-out")
		}
		amount = r.Amount
		n.State, n.Amount = payment.SnapshotRequiresMore, r.Amount
		return nil
	})
	_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	eighty := dec("80")
	_, err = s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: &eighty})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)

	_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(x.ID)})
	require.NoError(t, err)
	equalAmount(t, "80", s.freshSession(x.ID).Held)
}

// A gateway that says new Data whenever it is asked is not asked for ever.
func TestWhatDecoratesKeepsNoAuditGoing(t *testing.T) {
	p := &scripted{answer: usual, info: payment.ProviderInfo{KeyTTL: 24 * time.Hour, ClientConfirms: true}}
	s := newShop(t, options{more: []payment.Provider{p}})
	c := s.collection("100", "EUR")
	s.session(c, "scripted", "100")
	n := 0
	p.on(payment.OperationStatus, func(x *payment.Snapshot, r payment.Request) error {
		n++
		*x = payment.Snapshot{State: payment.SnapshotPending, Reference: "ref-" + r.SessionID, CurrencyCode: "EUR", Amount: dec("100"), Data: payment.Data{"nonce": fmt.Sprint(n)}}
		return nil
	})
	for range 400 {
		s.reconcile(24 * time.Hour)
	}
	require.Less(t, n, 110) // AuditFor is 90 days
}

// A replica that has not heard of a void yet is no alarm; who still says so a minute later holds the money again.
func TestAVoidThatAReplicaHasNotHeardOf(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true})
	pay := s.paid("scripted", "100", "EUR")
	_, err := s.CancelPayment(t.Context(), payment.CancelPaymentParams{PaymentID: pay.ID})
	require.NoError(t, err)
	p.on(payment.OperationStatus, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount, n.Authorized = payment.SnapshotAuthorized, dec("100"), dec("100")
		return nil
	})
	for _, alarm := range []bool{false, true} {
		s.clock.Advance(2 * time.Second)
		_, err = s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(pay.SessionID)})
		require.NoError(t, err)
		require.Equal(t, alarm, s.freshSession(pay.SessionID).OperationID != "")
		s.clock.Advance(time.Minute)
	}
	require.Equal(t, "authorized_again", s.operation(s.freshSession(pay.SessionID).OperationID).Code)
}

// An update that a person finds done when others have taken the room holds no more than there is.
func TestAnAcceptedUpdateHoldsNoMoreThanThereIs(t *testing.T) {
	s, p := withGateway(t, payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour})
	c := s.collection("100", "EUR")
	x := s.session(c, "scripted", "30")
	state, sum := payment.SnapshotRequiresMore, dec("30")
	say := func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount, n.Authorized = state, sum, dec("0")
		if state == payment.SnapshotRequiresMore {
			n.NextAction = &payment.NextAction{Kind: payment.ActionWait}
		}
		return nil
	}
	p.on(payment.OperationAuthorize, say)
	p.on(payment.OperationStatus, say)
	p.on(payment.OperationUpdate, func(n *payment.Snapshot, _ payment.Request) error {
		n.State, n.Amount, n.CurrencyCode = payment.SnapshotRequiresMore, dec("80"), "USD"
		return nil
	})
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	_, err = s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("80")})
	require.ErrorIs(t, err, payment.ErrNeedsAttention)
	news := func() {
		s.clock.Advance(time.Minute)
		_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(x.ID)})
		require.NoError(t, err)
	}
	state = payment.SnapshotPending // the shopper did not pass
	news()
	equalAmount(t, "0", s.fresh(c.ID).Held)
	s.authorize(s.session(c, "manual", "60"))
	state = payment.SnapshotProcessing // and tried again
	news()
	equalAmount(t, "30", s.fresh(c.ID).Held)
	sum = dec("80") // it has taken place by now
	_, err = s.ResolveOperation(t.Context(), payment.ResolveOperationParams{
		OperationID: s.freshSession(x.ID).OperationID, Outcome: payment.ResolveAccept, By: "ann",
	})
	require.NoError(t, err)
	equalAmount(t, "80", s.freshSession(x.ID).Amount)
	equalAmount(t, "30", s.fresh(c.ID).Held)
}
