package payment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What a message itself says: notices, and the truth where the gateway cannot be asked.

// notices are a collection's events of one kind.
func (s *shop) notices(collectionID string) (found []*payment.Event) {
	s.t.Helper()
	l, err := s.ListEvents(s.t.Context(), payment.ListParams{CollectionID: collectionID, Limit: 100})
	require.NoError(s.t, err)
	for _, e := range l.Items {
		if e.Kind == payment.EventGatewayNotice {
			found = append(found, e)
		}
	}
	return found
}

// disputed is a payment, and the message of its dispute.
func disputed(t *testing.T, o options) (s *shop, p *payment.Payment, dispute string, w payment.WebhookRequest) {
	t.Helper()
	s = newShop(t, o)
	p, err := s.capture(s.paid("sandbox", "100", "EUR"), "60")
	require.NoError(t, err)
	s.gateway.Webhooks()
	dispute, err = s.gateway.Dispute(s.intent(p.SessionID).Reference, dec("12.50"))
	require.NoError(t, err)
	return s, p, dispute, s.told("dispute.created")
}

func TestWebhookNoticeBecomesOneEvent(t *testing.T) {
	for name, sandbox := range map[string]sandboxprovider.Config{"asked": {}, "not to be asked": {NoStatus: true}} {
		t.Run(name, func(t *testing.T) {
			s, p, dispute, w := disputed(t, options{sandbox: sandbox})
			rows := s.fresh(p.CollectionID)
			s.requireHandled(s.post(w))
			require.True(t, s.post(s.resign(w)).Duplicate)
			s.reconcile(time.Hour)
			found := s.notices(p.CollectionID)
			require.Len(t, found, 1)
			e := found[0]
			require.Equal(t, [4]string{"dispute.created", dispute, "fraudulent", "EUR"}, [4]string{e.Notice, e.Reference, e.Code, e.CurrencyCode})
			equalAmount(t, "12.50", e.Amount)
			require.Equal(t, [3]string{p.SessionID, p.ID, "sandbox"}, [3]string{e.SessionID, e.PaymentID, e.ProviderID})
			now := s.fresh(p.CollectionID)
			require.Equal(t, rows.Status(), now.Status())
			equalAmount(t, rows.Captured.String(), now.Captured)
			s.booksAgree(t, p.ID)
		})
	}
}

func TestWebhookNoticeBecomesOneEventThoughTheProcessDies(t *testing.T) {
	store := newInboxStore()
	s, p, _, w := disputed(t, options{store: store})
	puts := 0
	store.hooks(func(_ *payment.Delivery, put func() error) error {
		if puts++; puts == 2 || puts == 3 {
			panic(death{}) // after the event, before it is known that the message was handled
		}
		return put()
	}, nil, nil)
	require.PanicsWithValue(t, death{}, func() { _, _ = s.HandleWebhook(t.Context(), "sandbox", w) })
	require.Len(t, s.notices(p.CollectionID), 1)
	s.clock.Advance(time.Minute)
	_, err := s.Reconcile(t.Context())
	require.Error(t, err)
	require.Equal(t, payment.DeliveryParked, s.delivery().State)
	s.reconcile(time.Minute)
	require.Equal(t, payment.DeliveryHandled, s.delivery().State)
	require.Len(t, s.notices(p.CollectionID), 1)
}

// The commit of a notice may have happened although nobody knows.
func TestWebhookNoticeBecomesOneEventThoughItsCommitIsUnknown(t *testing.T) {
	store := newInboxStore()
	s, p, _, w := disputed(t, options{store: store})
	commits := 0
	store.hooks(nil, func(_ *payment.Changes, commit func() error) error {
		if commits++; commits > 1 {
			return commit()
		}
		return errors.Join(commit(), payment.ErrCommitUnknown)
	}, nil)
	s.requireHandled(s.post(w))
	require.Greater(t, commits, 1)
	require.Len(t, s.notices(p.CollectionID), 1)
}

// Two disputes are two notices; a message that comes back under another ID is another message.
func TestWebhookNoticesOfTwoMessagesAreTwoEvents(t *testing.T) {
	s, p, _, w := disputed(t, options{})
	s.requireHandled(s.post(w))
	_, err := s.gateway.Dispute(s.intent(p.SessionID).Reference, dec("1"))
	require.NoError(t, err)
	second := s.post(s.told("dispute.created"))
	s.requireParked(second, "asked_just_now")
	require.Len(t, s.notices(p.CollectionID), 2, "a notice does not wait for an answer")
	s.reconcile(2 * time.Second)
	require.Len(t, s.notices(p.CollectionID), 2)
}

// What a gateway calls things is not passed on unless it is a short word, and its amounts only where they are amounts.
func TestWebhookNoticeWithStrangeWords(t *testing.T) {
	s, p := newCourier(t, options{})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.messages["m"] = payment.WebhookMessage{SessionID: x.ID, Notice: &payment.Notice{
		Kind: "<script>", Code: "please call +1 555", Reference: "a\x00b", Amount: dec("-1"), CurrencyCode: "USD",
	}}
	s.requireHandled(s.receive("m"))
	e := s.notices(x.CollectionID)[0]
	require.Equal(t, [4]string{"declined", "declined", "", "EUR"}, [4]string{e.Notice, e.Code, e.Reference, e.CurrencyCode})
	equalAmount(t, "0", e.Amount)
}

// A notice is a fact of its own: where the gateway cannot be asked, and the message says nothing of the session, nothing more is to be done.
func TestWebhookNoticeAloneIsHandledWhereTheGatewayCannotBeAsked(t *testing.T) {
	s, p := newCourier(t, options{})
	x := s.session(s.collection("100", "EUR"), "scripted", "100")
	p.on(payment.OperationStatus, func(*payment.Snapshot, payment.Request) error { return payment.ErrUnsupported })
	p.messages["notice"] = payment.WebhookMessage{SessionID: x.ID, Notice: &payment.Notice{Kind: "dispute.created"}}
	p.messages["nothing"] = payment.WebhookMessage{SessionID: x.ID}
	s.requireHandled(s.receive("notice"))
	require.Len(t, s.notices(x.CollectionID), 1)
	s.clock.Advance(time.Minute)
	s.requireParked(s.receive("nothing"), "cannot_be_asked")
}

// An old message proves nothing about a later call: that it says nothing of a capture does not mean that there was none.
func TestWebhookThatIsOlderThanACallDoesNotProveThatItFailed(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	p := s.paid("sandbox", "100", "EUR")
	old := s.told("intent.authorized")
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
	_, err := s.capture(p, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	captured := s.told("capture.succeeded")
	for range 7 {
		s.reconcile(6 * time.Hour)
	}
	s.clock.Advance(time.Minute)
	s.post(s.resign(old)) // the gateway sends again what it could not deliver two days ago
	require.Len(t, s.openOperations(t), 1, "nobody knows yet")
	require.Empty(t, s.payment(p.ID).Captures)

	s.clock.Advance(time.Minute)
	s.requireHandled(s.post(s.resign(captured)))
	equalAmount(t, "40", s.booksAgree(t, p.ID).Captured)
}

// Nor does an old message say that a later attempt was declined.
func TestWebhookOfAnEarlierDeclineDoesNotEndALaterAttempt(t *testing.T) {
	s := newShop(t, options{sandbox: sandboxprovider.Config{NoStatus: true}})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, sandboxprovider.TokenInsufficientFunds), payment.ErrDeclined)
	declined := s.told("intent.declined")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultAnswerLost)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	authorized := s.told("intent.authorized")
	s.clock.Advance(leaseOver)
	s.post(s.resign(declined))
	require.Len(t, s.openOperations(t), 1)
	s.clock.Advance(leaseOver)
	s.requireHandled(s.post(s.resign(authorized)))
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	s.agree(x.CollectionID)
}
