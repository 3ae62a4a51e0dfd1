package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// countingStore counts what is read, and fails where a test says so.
type countingStore struct {
	payment.Store
	calls int
	fail  error
}

func (s *countingStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	s.calls++
	return s.Store.Load(ctx, by)
}

func (s *countingStore) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if s.calls++; s.fail != nil {
		return nil, s.fail
	}
	return s.Store.List(ctx, kind, f, p)
}

func (s *shop) timeline(collectionID string) *payment.Timeline {
	s.t.Helper()
	tl, err := s.Timeline(s.t.Context(), collectionID)
	require.NoError(s.t, err)
	return tl
}

// entries are the lines of a timeline without their IDs.
func entries(tl *payment.Timeline) (lines []string) {
	for _, e := range tl.Entries {
		lines = append(lines, e.At.Format("15:04:05 ")+e.Kind+": "+e.Text)
		for _, d := range e.Details {
			lines = append(lines, "  "+d)
		}
	}
	return lines
}

func TestTimelineOfALostAnswer(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	s.clock.Advance(time.Second)
	x := s.session(c, "sandbox", "100")
	s.clock.Advance(time.Second)
	p := s.authorize(x)
	s.clock.Advance(time.Second)
	s.fail(sandboxprovider.MethodCapture, sandboxprovider.FaultAnswerLost)
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("40"), CreatedBy: "the clerk"})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)

	tl := s.timeline(c.ID)
	require.Len(t, tl.Sessions, 1)
	require.Contains(t, tl.Sessions[0].Why, "(capture 40.00 EUR) has happened is not known, after 1 try; the last answer was \"sandbox gateway: connection reset\"")
	require.Equal(t, "12:00:04", tl.Sessions[0].Next[0].At.Format("15:04:05"), "that is when Reconcile finds it")
	require.Empty(t, s.reconcile(999*time.Millisecond).Settled)
	require.NotEmpty(t, s.reconcile(time.Millisecond).Settled)

	require.Equal(t, []string{
		"12:00:00 collection.created: 100.00 EUR is owed",
		"12:00:01 session.created: 100.00 EUR is to be authorized by sandbox",
		"12:00:01 initialize: 100.00 EUR succeeded",
		"12:00:02 authorize: 100.00 EUR succeeded",
		"12:00:02 payment.authorized: 100.00 EUR is held",
		"12:00:03 capture: 40.00 EUR succeeded, after 2 tries, at 03-01 12:00:04",
		`  asked for by "the clerk"`,
		"  the call was made at 03-01 12:00:03 first, and may have been repeated until 03-01 12:00:04",
		`  the gateway or the way to it said "sandbox gateway: connection reset"`,
		"12:00:04 capture.succeeded: 40.00 EUR was taken",
	}, entries(s.timeline(c.ID)))
}

// An authorize that ends with a challenge has not got the money, whatever comes of it later.
func TestTimelineSaysWhichAuthorizeHoldsTheMoney(t *testing.T) {
	authorizes := func(tl *payment.Timeline) (texts []string) {
		for _, e := range tl.Entries {
			if e.Kind == string(payment.OperationAuthorize) {
				texts = append(texts, e.Text)
			}
		}
		return texts
	}
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	for _, input := range []payment.Data{{"token": sandboxprovider.Token3DS}, nil} {
		_, err := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: input})
		require.ErrorIs(t, err, payment.ErrRequiresMore)
		s.clock.Advance(time.Minute)
	}
	require.Equal(t, []string{"100.00 EUR answered: not held", "100.00 EUR answered: not held"}, authorizes(s.timeline(c.ID)))
	require.NoError(t, s.gateway.CompleteChallenge(s.gateway.Intents()[0].Reference, true))
	s.authorize(x)
	require.Equal(t, []string{"100.00 EUR answered: not held", "100.00 EUR answered: not held", "100.00 EUR succeeded"}, authorizes(s.timeline(c.ID)))
}

// The times that a timeline gives are those at which Reconcile is at work.
func TestTimelineKnowsWhenReconcileLooks(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	for range 15 {
		before := len(s.calls(sandboxprovider.MethodRetrieve))
		at := s.timeline(p.CollectionID).Sessions[0].Next[0].At
		s.reconcile(at.Sub(s.clock.Now()) - time.Second)
		require.Len(t, s.calls(sandboxprovider.MethodRetrieve), before)
		s.reconcile(time.Second)
		require.Len(t, s.calls(sandboxprovider.MethodRetrieve), before+1)
	}
}

func TestTimelineOfADecision(t *testing.T) {
	m := newMuted(t, payment.OperationCapture, nil)
	x := m.freshSession(m.session)
	tl := m.timeline(x.CollectionID)
	require.Contains(t, tl.String(), "ResolveOperation "+m.op+" with ask, accept or fail")
	_, err := m.ResolveOperation(t.Context(), payment.ResolveOperationParams{
		OperationID: m.op, Outcome: payment.ResolveFail, By: "anna", Note: "not at\nthe \"dashboard\"\x1b[2J",
	})
	require.NoError(t, err)
	text := m.timeline(x.CollectionID).String()
	require.Contains(t, text, `"anna" decided at `)
	require.Contains(t, text, `: fail, "not at the 'dashboard' [2J"`)
	require.Contains(t, text, "40.00 EUR failed: declined, after ")
	require.Contains(t, text, "a person decided: fail")
	require.NotContains(t, text, "\x1b")
}

func TestTimelineOfADeletedCollection(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	require.NoError(t, s.DeleteSession(t.Context(), x.ID))
	require.NoError(t, s.DeleteCollection(t.Context(), c.ID))
	_, err := s.GetCollection(t.Context(), c.ID)
	require.ErrorIs(t, err, payment.ErrNotFound)
	tl := s.timeline(c.ID)
	require.False(t, tl.Collection.DeletedAt.IsZero())
	require.Equal(t, x.ID, tl.Sessions[0].Session.ID)
	require.Empty(t, tl.Sessions[0].Can)
	require.Contains(t, tl.String(), ", deleted 2026-03-01 12:00:00\n")
	text, err := json.Marshal(tl)
	require.NoError(t, err)
	require.Contains(t, string(text), `"deleted_at":"2026-03-01T12:00:00Z"`)
}

func TestTimelineErrors(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	s := newShop(t, options{store: store})
	_, err := s.Timeline(t.Context(), "paycol_1")
	require.ErrorIs(t, err, payment.ErrNotFound)
	require.EqualError(t, err, `payment: no collection "paycol_1" was found`)
	_, err = s.Timeline(t.Context(), "")
	require.ErrorIs(t, err, payment.ErrInvalid)
	c := s.collection("100", "EUR")
	store.fail = errors.New("the disk is gone")
	_, err = s.Timeline(t.Context(), c.ID)
	require.ErrorIs(t, err, store.fail)
}

// However many sessions there are, the store is asked as often; and what is left out is said.
func TestTimelineIsBounded(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	s := newShop(t, options{store: store})
	c := s.collection("1000", "EUR")
	var first, last *payment.PaymentSession
	reads := 0
	for i := range 101 {
		x := s.session(c, "manual", "1")
		s.authorize(x)
		if last = x; i == 0 {
			first = x
			store.calls = 0
			require.Nil(t, s.timeline(c.ID).LeftOut)
			reads = store.calls
		}
		s.clock.Advance(time.Second)
	}
	store.calls = 0
	tl := s.timeline(c.ID)
	require.Equal(t, reads, store.calls)
	require.LessOrEqual(t, reads, 10)
	require.Len(t, tl.Sessions, 100)
	require.NotEqual(t, first.ID, tl.Sessions[0].Session.ID, "the newest are there")
	require.Equal(t, last.ID, tl.Sessions[99].Session.ID)
	require.Equal(t, []string{"sessions older than the newest 100"}, tl.LeftOut)
	require.Contains(t, tl.String(), "left out: sessions older than the newest 100\n")
	for range 1000 {
		_, err := s.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: c.ID, Amount: amount("1000")})
		require.NoError(t, err)
	}
	tl = s.timeline(c.ID)
	require.Len(t, tl.Entries, 1000)
	require.Equal(t, []string{"events older than the newest 1000", "sessions older than the newest 100"}, tl.LeftOut)
}

// What only the provider may know, and what a browser sent, is in no part of a timeline; nor is Data or Metadata.
func TestTimelineHoldsNoSecrets(t *testing.T) {
	secret := func(where string) payment.Data { return payment.Data{"note": "planted-" + where} }
	m := newMuted(t, payment.OperationCapture, func(p *scripted, _ *options) {
		p.on(payment.OperationAuthorize, func(s *payment.Snapshot, _ payment.Request) error {
			s.Data, s.Private = secret("data"), new(payment.NewPrivate(secret("private")))
			s.NextAction = &payment.NextAction{Kind: payment.ActionClientSDK, Data: secret("action")}
			return nil
		})
	})
	x := m.freshSession(m.session)
	_, err := m.UpdateCollection(t.Context(), payment.UpdateCollectionParams{CollectionID: x.CollectionID, Metadata: new(secret("metadata"))})
	require.NoError(t, err)
	m.provider.on(payment.OperationAuthorize, func(*payment.Snapshot, payment.Request) error { return errMute })
	y, err := m.CreateSession(t.Context(), payment.CreateSessionParams{
		CollectionID: x.CollectionID, ProviderID: "scripted", Amount: dec("10"), Context: payment.NewPrivate(secret("context")), Input: secret("input"),
		Metadata: secret("session"),
	})
	require.NoError(t, err)
	_, err = m.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: y.ID, Input: secret("input")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	_, err = m.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(y.ID)})
	require.NoError(t, err)

	tl := m.timeline(x.CollectionID)
	text, err := json.Marshal(tl)
	require.NoError(t, err)
	one, err := json.Marshal(tl.Sessions[0])
	require.NoError(t, err)
	for _, shown := range []string{string(text), string(one), tl.String(), tl.Sessions[0].String()} {
		require.NotContains(t, shown, "planted-")
	}
	for _, e := range tl.Entries {
		require.NotContains(t, fmt.Sprintf("%+v", e), "planted-")
	}
	require.Contains(t, string(text), `webhook`)

	// The keys are a list that somebody has read.
	var keys []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, w := range v {
				if !strings.Contains(" "+strings.Join(keys, " ")+" ", " "+k+" ") {
					keys = append(keys, k)
				}
				walk(w)
			}
		case []any:
			for _, w := range v {
				walk(w)
			}
		}
	}
	var decoded any
	require.NoError(t, json.Unmarshal(text, &decoded))
	walk(decoded)
	require.ElementsMatch(t, strings.Fields(`at payment_collection id status currency_code amount authorized_amount held_amount captured_amount refunded_amount
		payment_sessions provider_id reference payment_id operation_id why next text can entries kind payment_session_id details`), keys)
	require.Error(t, json.Unmarshal(text, tl))
	require.Error(t, json.Unmarshal(one, &tl.Sessions[0]))
	empty, err := json.Marshal(payment.Timeline{Sessions: []payment.TimelineSession{{}}})
	require.NoError(t, err)
	require.Contains(t, string(empty), `"entries":[]`)
}

// What a gateway says is on one line, in quotes, and no longer than it may be.
func TestTimelineQuotesGateways(t *testing.T) {
	s, p := newScripted(t)
	pay := s.paid("scripted", "100", "EUR")
	said := "no\nnews \"" + strings.Repeat("x", 1000)
	p.on(payment.OperationCapture, func(*payment.Snapshot, payment.Request) error { return errors.New(said) })
	_, err := s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	tl := s.timeline(pay.CollectionID)
	require.Contains(t, tl.String(), `"no news 'xxx`)
	require.Contains(t, tl.Sessions[0].Why, strings.Repeat("x", 500))
	require.NotContains(t, tl.String(), strings.Repeat("x", 504))
}

// A release is told by what it released, not by the session's amount.
func TestTimelineSaysWhatWasReleased(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.capture(p, "60")
	require.NoError(t, err)
	s.fail(sandboxprovider.MethodCancel, sandboxprovider.FaultAnswerLost)
	_, err = s.cancelPayment(p)
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	require.Contains(t, s.timeline(p.CollectionID).Sessions[0].Why, "(cancel 40.00 EUR) has happened is not known")
	require.Contains(t, entries(s.timeline(p.CollectionID)), "12:00:00 cancel: 40.00 EUR not known yet")
	s.reconcile(time.Second)
	require.Contains(t, entries(s.timeline(p.CollectionID)), "12:00:00 cancel: 40.00 EUR succeeded, after 2 tries, at 03-01 12:00:01")
}
