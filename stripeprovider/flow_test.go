package stripeprovider_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// shop is a Service over memstore, the provider and the gateway. Crashes, faults in every request and another store are in the module
// verification.
type shop struct {
	*payment.Service
	t  *testing.T
	gw *stripetest.Gateway
	p  *stripeprovider.Provider
}

func newShop(t *testing.T, gw stripetest.Config, cfg stripeprovider.Config) *shop {
	t.Helper()
	s := &shop{t: t, gw: newGateway(t, gw)}
	s.p = over(t, s.gw, cfg)
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{s.p}})
	require.NoError(t, err)
	s.Service = svc
	return s
}

// session opens an order with one session of the whole amount.
func (s *shop) session(amount, currency string) *payment.PaymentSession {
	s.t.Helper()
	c, err := s.CreateCollection(s.t.Context(), payment.CreateCollectionParams{CurrencyCode: currency, Amount: decimal.RequireFromString(amount)})
	require.NoError(s.t, err)
	x, err := s.CreateSession(s.t.Context(), payment.CreateSessionParams{CollectionID: c.ID, ProviderID: "stripe", Amount: c.Amount})
	require.NoError(s.t, err)
	return x
}

// confirm is the page.
func (s *shop) confirm(x *payment.PaymentSession, method string) error {
	s.t.Helper()
	secret, ok := x.Data["client_secret"].(string)
	require.True(s.t, ok)
	return s.gw.Confirm(secret, method)
}

func (s *shop) authorize(x *payment.PaymentSession, input payment.Data) (*payment.Payment, error) {
	return s.AuthorizeSession(s.t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: input})
}

// webhooks sends the gateway's events of one type.
func (s *shop) webhooks(kind string) {
	s.t.Helper()
	list := s.gw.EventsOf(kind)
	require.NotEmpty(s.t, list)
	for _, e := range list {
		header, body := s.gw.Sign(e)
		_, err := s.HandleWebhook(s.t.Context(), "stripe", payment.WebhookRequest{Header: header, Body: body, Now: time.Now()})
		require.NoError(s.t, err)
	}
}

// agree compares the gateway's books with the rows of the session's payment.
func (s *shop) agree(x *payment.PaymentSession) *payment.Payment {
	s.t.Helper()
	books := s.gw.IntentsWith("payment_session_id", x.ID)
	require.Len(s.t, books, 1)
	x, err := s.GetSession(s.t.Context(), x.ID)
	require.NoError(s.t, err)
	require.Equal(s.t, books[0].ID, x.Reference)
	p, err := s.GetPayment(s.t.Context(), x.PaymentID)
	require.NoError(s.t, err)
	rule, err := s.p.Describe().CurrencyRule(x.CurrencyCode)
	require.NoError(s.t, err)
	require.Equal(s.t, 1, books[0].Authorizations)
	for _, pair := range [][2]decimal.Decimal{
		{p.Authorized, rule.FromMinorUnits(books[0].Authorized)}, {p.Captured, rule.FromMinorUnits(books[0].Captured)},
		{p.Refunded, rule.FromMinorUnits(books[0].Refunded)}, {p.Capturable, rule.FromMinorUnits(books[0].Capturable)},
	} {
		require.True(s.t, pair[0].Equal(pair[1]), "%s in the rows, %s in the books", pair[0], pair[1])
	}
	return p
}

func TestFlowChallenge(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{})
	x := s.session("25.99", "EUR")
	require.NoError(t, s.confirm(x, "pm_card_threeDSecure2Required"))
	_, err := s.authorize(x, nil)
	require.ErrorIs(t, err, payment.ErrRequiresMore)
	require.NoError(t, s.gw.CompleteChallenge(x.Reference, true))
	p, err := s.authorize(x, nil)
	require.NoError(t, err)
	_, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
	require.NoError(t, err)
	part := decimal.RequireFromString("5.99")
	_, err = s.RefundPayment(t.Context(), payment.RefundPaymentParams{PaymentID: p.ID, Amount: &part})
	require.NoError(t, err)
	s.agree(x)
}

func TestFlowDeclineThenServerConfirm(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{ReturnURL: "https://shop.example/return"})
	x := s.session("10", "USD")
	require.Error(t, s.confirm(x, "pm_card_chargeDeclined"))
	_, err := s.authorize(x, nil)
	require.ErrorIs(t, err, payment.ErrDeclined)
	_, err = s.authorize(x, payment.Data{"payment_method": "pm_card_chargeDeclinedInsufficientFunds"})
	var declined *payment.SessionError
	require.ErrorAs(t, err, &declined)
	require.Equal(t, "insufficient_funds", declined.Reason)
	_, err = s.authorize(x, payment.Data{"payment_method": "pm_card_visa"})
	require.NoError(t, err)
	s.agree(x)
}

func TestFlowDebitByWebhook(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{AutomaticCapture: true})
	x := s.session("10", "USD")
	require.NoError(t, s.confirm(x, "pm_usBankAccount"))
	_, err := s.authorize(x, nil)
	require.ErrorIs(t, err, payment.ErrPending)
	require.NoError(t, s.gw.ResolveDelayed(x.Reference, true))
	s.webhooks("payment_intent.succeeded")
	require.Len(t, s.agree(x).Captures, 1)
}

func TestFlowPartsAndDashboard(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{MultiCapture: true}, stripeprovider.Config{MultiCapture: true, PaymentMethodTypes: []string{"card"}})
	x := s.session("900", "JPY")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	p, err := s.authorize(x, nil)
	require.NoError(t, err)
	for range 2 {
		part := decimal.RequireFromString("200")
		p, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &part})
		require.NoError(t, err)
	}
	require.NoError(t, s.gw.CaptureAtDashboard(x.Reference, 300))
	_, err = s.gw.RefundAtDashboard(x.Reference, 50)
	require.NoError(t, err)
	s.webhooks("payment_intent.succeeded")
	p = s.agree(x)
	require.Len(t, p.Captures, 3)
	require.Len(t, p.Refunds, 1)
}

func TestFlowDispute(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{AutomaticCapture: true})
	x := s.session("10", "USD")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	_, err := s.authorize(x, nil)
	require.NoError(t, err)
	id, err := s.gw.Dispute(x.Reference, 1000)
	require.NoError(t, err)
	s.webhooks("charge.dispute.created")
	events, err := s.ListEvents(t.Context(), payment.ListParams{CollectionID: x.CollectionID, Descending: true})
	require.NoError(t, err)
	require.Equal(t, payment.EventGatewayNotice, events.Items[0].Kind)
	require.Equal(t, []string{"dispute.created", id}, []string{events.Items[0].Notice, events.Items[0].Reference})
	s.agree(x)
}

func TestFlowAnswerLost(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{})
	x := s.session("10", "USD")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	p, err := s.authorize(x, nil)
	require.NoError(t, err)
	s.gw.FailNext(stripetest.OpCapture, stripetest.Fault{Kind: stripetest.FaultAnswerLost})
	call := payment.CapturePaymentParams{PaymentID: p.ID, IdempotencyKey: "parcel"}
	if _, err = s.CapturePayment(t.Context(), call); err != nil { // it may have found out already
		require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
		_, err = s.CapturePayment(t.Context(), call)
		require.NoError(t, err)
	}
	require.Len(t, s.agree(x).Captures, 1)
}

// An answer from Stripe's memory is true of then: what has happened since must be in the Snapshot too.
func TestReplayedAnswerIsStale(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{MultiCapture: true}, stripeprovider.Config{MultiCapture: true, PaymentMethodTypes: []string{"card"}})
	x := s.session("100", "USD")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	r := payment.Request{
		IdempotencyKey: "0123456789abcdef0123456789abcdef", SessionID: x.ID, CollectionID: x.CollectionID, Reference: x.Reference,
		Amount: decimal.RequireFromString("40"), CurrencyCode: "USD", Data: payment.Data{"multicapture": true},
	}
	take := func() payment.Snapshot {
		now, err := s.p.Capture(t.Context(), payment.CaptureRequest{Request: r})
		require.NoError(t, err)
		return now
	}
	first := take()
	require.Len(t, first.Movements, 1)
	require.True(t, first.Capturable.Equal(decimal.RequireFromString("60")))
	refund, err := s.gw.RefundAtDashboard(x.Reference, 1500)
	require.NoError(t, err)
	require.NoError(t, s.gw.CaptureAtDashboard(x.Reference, 2000))

	again := take()
	log := s.gw.Requests()
	require.True(t, log[len(log)-2].Replayed)
	require.True(t, again.Capturable.IsZero())
	require.Len(t, again.Movements, 3)
	require.Equal(t, r.IdempotencyKey, again.Movements[0].IdempotencyKey)
	require.Equal(t, first.Movements[0].Reference, again.Movements[0].Reference)
	require.True(t, again.Movements[1].Amount.Equal(decimal.RequireFromString("20")))
	require.Empty(t, again.Movements[1].IdempotencyKey)
	require.Equal(t, refund, again.Movements[2].Reference)
}

// Stripe grants more than one capture by network, wallet and account, and says so of each charge: what it takes once is captured once.
func TestFlowOneCaptureOnly(t *testing.T) {
	t.Parallel()
	authorized := func() (*shop, *payment.PaymentSession, *payment.Payment) {
		s := newShop(t, stripetest.Config{}, stripeprovider.Config{MultiCapture: true})
		x := s.session("100", "USD")
		require.NoError(t, s.confirm(x, "pm_card_visa"))
		p, err := s.authorize(x, nil)
		require.NoError(t, err)
		return s, x, p
	}
	s, x, p := authorized()
	part := decimal.RequireFromString("40")
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &part})
	require.ErrorIs(t, err, payment.ErrDeclined)
	require.ErrorContains(t, err, "multicapture_unavailable")
	p, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: &part, Final: true})
	require.NoError(t, err)
	require.True(t, part.Equal(p.Captured) && p.Capturable.IsZero(), "%s of %s", p.Captured, p.Authorized)
	require.Len(t, s.agree(x).Captures, 2, "with the one that was refused")

	s, x, p = authorized()
	p, err = s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID})
	require.NoError(t, err)
	require.True(t, p.Authorized.Equal(p.Captured))
	require.Len(t, s.agree(x).Captures, 1)
}

// What the browser has confirmed is kept where the host asks for that, though no webhook has come, and what Stripe decides about is not canceled.
func TestFlowPaidInTheBrowserIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t, stripetest.Config{}, stripeprovider.Config{})
	x := s.session("100", "USD")
	require.NoError(t, s.confirm(x, "pm_card_visa"))
	_, err := s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID, KeepAuthorized: true})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	s.agree(x)

	s = newShop(t, stripetest.Config{}, stripeprovider.Config{AutomaticCapture: true})
	x = s.session("10", "USD")
	require.NoError(t, s.confirm(x, "pm_usBankAccount"))
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: x.ID, KeepAuthorized: true})
	require.ErrorIs(t, err, payment.ErrNotAllowed)
	require.ErrorContains(t, err, "deciding")
}
