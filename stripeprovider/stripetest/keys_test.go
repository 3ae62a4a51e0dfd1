package stripetest_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	gw, _ := open(t, stripetest.Config{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	res, first := post(t, gw, "/v1/payment_intents", "key", form())
	require.Empty(t, res.Header.Get("Idempotent-Replayed"))
	res, again := post(t, gw, "/v1/payment_intents", "key", form())
	require.Equal(t, "true", res.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first, again)
	require.Len(t, gw.Intents(), 1)

	res, body := post(t, gw, "/v1/payment_intents", "key", form("description", "another"))
	require.Equal(t, 400, res.StatusCode)
	require.Equal(t, "idempotency_error", code(body))
	id, _ := first["id"].(string)
	res, body = post(t, gw, "/v1/payment_intents/"+id+"/cancel", "key", nil)
	require.Equal(t, 400, res.StatusCode, "another endpoint is another request")
	require.Equal(t, "idempotency_error", code(body))

	res, _ = post(t, gw, "/v1/payment_intents/"+id+"/capture", "refused", nil)
	require.Equal(t, 400, res.StatusCode)
	require.NoError(t, gw.Confirm(first["client_secret"].(string), "pm_card_visa"))
	res, _ = post(t, gw, "/v1/payment_intents/"+id+"/capture", "refused", nil)
	require.Equal(t, "true", res.Header.Get("Idempotent-Replayed"), "a refusal is repeated like everything that was executed")
	require.Equal(t, 400, res.StatusCode)

	mu.Lock()
	now = now.Add(24 * time.Hour)
	mu.Unlock()
	_, other := post(t, gw, "/v1/payment_intents", "key", form())
	require.NotEqual(t, first["id"], other["id"], "the key is forgotten")
	res, _ = post(t, gw, "/v1/payment_intents", strings.Repeat("k", 256), form())
	require.Equal(t, 400, res.StatusCode)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for kind, tc := range map[stripetest.FaultKind]struct {
		status   int // 0: there is no answer
		code     string
		executed bool
		replayed bool // the second time
	}{
		stripetest.FaultAnswerLost:       {executed: true, replayed: true},
		stripetest.FaultAnswerCut:        {executed: true, replayed: true},
		stripetest.FaultRequestLost:      {},
		stripetest.FaultServerError:      {status: 500, code: "api_error", replayed: true},
		stripetest.FaultServerErrorAfter: {status: 500, code: "api_error", executed: true, replayed: true},
		stripetest.FaultRateLimit:        {status: 429, code: "rate_limit"},
		stripetest.FaultLockTimeout:      {status: 429, code: "lock_timeout"},
		stripetest.FaultKeyInUse:         {status: 409, code: "idempotency_key_in_use"},
		stripetest.FaultForbidden:        {status: 403, code: "invalid_request_error"},
		stripetest.FaultAnswerBroken:     {status: 200, executed: true, replayed: true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			gw, api := open(t, stripetest.Config{})
			gw.FailNext(stripetest.OpCreate, stripetest.Fault{Kind: kind})
			create := func() (*stripe.PaymentIntent, error) {
				p := newIntent()
				p.SetIdempotencyKey("key")
				return api.V1PaymentIntents.Create(t.Context(), p)
			}
			_, err := create()
			require.Error(t, err)
			require.Len(t, gw.Requests(), 1, "it was sent once")
			if tc.status >= 400 {
				require.Equal(t, tc.status, refusal(t, err).HTTPStatusCode)
				require.Equal(t, tc.code, gw.Requests()[0].Code)
			}
			require.Len(t, gw.Intents(), map[bool]int{true: 1}[tc.executed])
			in, err := create()
			require.Equal(t, tc.replayed, gw.Requests()[1].Replayed)
			if tc.status == 500 {
				require.Equal(t, 500, refusal(t, err).HTTPStatusCode, "a 500 is kept, too")
				return
			}
			require.NoError(t, err)
			require.Equal(t, in.ID, book(t, gw).ID)
		})
	}
}

func TestHeldUp(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	before, after := make(chan struct{}), make(chan struct{})
	gw.FailNext(stripetest.OpCreate, stripetest.Fault{Before: before}, stripetest.Fault{After: after})
	create := func(ctx context.Context, key string) error {
		p := newIntent()
		p.SetIdempotencyKey(key)
		_, err := api.V1PaymentIntents.Create(ctx, p)
		return err
	}
	brief, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, create(brief, "one"), context.DeadlineExceeded)
	require.Empty(t, gw.Intents())
	require.Equal(t, stripe.ErrorCodeIdempotencyKeyInUse, refusal(t, create(t.Context(), "one")).Code)
	close(before)
	require.Eventually(t, func() bool { return len(gw.Intents()) == 1 }, 10*time.Second, time.Millisecond, "it arrives after its client has gone")
	require.Eventually(t, func() bool { return create(t.Context(), "one") == nil }, 10*time.Second, time.Millisecond)

	brief, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	gw.FailNext(stripetest.OpCreate, stripetest.Fault{After: after})
	require.ErrorIs(t, create(brief, "two"), context.DeadlineExceeded)
	require.Len(t, gw.Intents(), 2)
	close(after)

	restore := gw.Stall()
	brief, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, create(brief, "three"), context.DeadlineExceeded)
	require.Len(t, gw.Intents(), 3)
	restore()
	require.NoError(t, create(t.Context(), "three"))
	require.Len(t, gw.Intents(), 3)
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	gw.Disconnect()
	gw.Disconnect()
	_, err := api.V1PaymentIntents.Create(t.Context(), newIntent())
	require.ErrorContains(t, err, "connection refused")
	require.Empty(t, gw.Requests())
	require.NoError(t, gw.Reconnect())
	require.NoError(t, gw.Reconnect())
	create(t, api)
	gw.Close()
	gw.Close()
	require.Error(t, gw.Reconnect())
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{Accounts: []string{"acct_one"}})
	for key, want := range map[string]int{"sk_test_other": 401, stripetest.DefaultPublishableKey: 401} {
		_, err := client(gw, key).V1PaymentIntents.Create(t.Context(), newIntent())
		require.Equal(t, want, refusal(t, err).HTTPStatusCode)
	}
	on := func(account string) func(p *stripe.PaymentIntentCreateParams) {
		return func(p *stripe.PaymentIntentCreateParams) { p.SetStripeAccount(account) }
	}
	_, err := api.V1PaymentIntents.Create(t.Context(), newIntent(on("acct_two")))
	require.Equal(t, 403, refusal(t, err).HTTPStatusCode)
	in := create(t, api, on("acct_one"))
	_, err = api.V1PaymentIntents.Retrieve(t.Context(), in.ID, nil)
	require.Equal(t, 404, refusal(t, err).HTTPStatusCode, "it is another account's")
	require.Equal(t, "acct_one", book(t, gw).Account)
	res, body := post(t, gw, "/v1/customers", "", nil)
	require.Equal(t, 404, res.StatusCode)
	require.Contains(t, body["error"].(map[string]any)["message"], "Unrecognized request URL")
	log := gw.Requests()
	require.Equal(t, []any{stripetest.OpCreate, "acct_one", stripe.APIVersion, 200},
		[]any{log[3].Operation, log[3].Account, log[3].Version, log[3].Status})
	require.Equal(t, "1000", log[3].Params.Get("amount"))
	require.Empty(t, log[3].Header.Get("Authorization"))
}

func TestSearch(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{Accounts: []string{"acct_one"}})
	find := func(query string, account *string) []*stripe.PaymentIntent {
		list := api.V1PaymentIntents.Search(t.Context(), &stripe.PaymentIntentSearchParams{SearchParams: stripe.SearchParams{
			Query: query, Limit: stripe.Int64(2), StripeAccount: account,
		}})
		require.NoError(t, list.Err())
		var all []*stripe.PaymentIntent
		for in, err := range list.All(t.Context()) {
			require.NoError(t, err)
			all = append(all, in)
		}
		return all
	}
	one := create(t, api)
	create(t, api, func(p *stripe.PaymentIntentCreateParams) { p.Metadata = map[string]string{"order": "2"} })
	found := find(`metadata['order']:'1'`, nil)
	require.Len(t, found, 1)
	require.Equal(t, one.ID, found[0].ID)
	require.Empty(t, find(`metadata["order"]:"1"`, stripe.String("acct_one")))
	require.Empty(t, find(`metadata['order']:'1' AND status:'canceled'`, nil))

	gw.PauseIndexing()
	create(t, api)
	_, err := api.V1PaymentIntents.Cancel(t.Context(), one.ID, nil)
	require.NoError(t, err)
	found = find(`metadata['order']:'1'`, nil)
	require.Len(t, found, 1, "what is new is not found yet")
	require.Equal(t, stripe.PaymentIntentStatusRequiresPaymentMethod, found[0].Status, "what was changed is found as it was")
	gw.ResumeIndexing()
	require.Len(t, find(`metadata['order']:'1' AND status:'canceled'`, nil), 1)
	create(t, api)
	require.Len(t, find(`metadata['order']:'1'`, nil), 3, "of more than one page")
	require.Len(t, gw.IntentsWith("order", "1"), 3)
	for _, query := range []string{"", "order:1", "metadata[order]:1", "metadata['order']:'1' OR status:'canceled'"} {
		list := api.V1PaymentIntents.Search(t.Context(), &stripe.PaymentIntentSearchParams{SearchParams: stripe.SearchParams{Query: query}})
		require.Error(t, list.Err(), query)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{Accounts: []string{"acct_one"}})
	in := create(t, api, func(p *stripe.PaymentIntentCreateParams) { p.SetStripeAccount("acct_one") })
	require.NoError(t, gw.Confirm(in.ClientSecret, "pm_card_visa"))
	require.NoError(t, gw.CaptureAtDashboard(in.ID, 400))
	id, err := gw.RefundAtDashboard(in.ID, 100)
	require.NoError(t, err)
	require.NoError(t, gw.ReturnRefund(id))
	var types []string
	for _, e := range gw.Events() {
		require.Equal(t, in.ID, e.Intent)
		types = append(types, e.Type)
		header, body := gw.Sign(e)
		event, err := webhook.ConstructEvent(body, header.Get("Stripe-Signature"), stripetest.DefaultWebhookSecret)
		require.NoError(t, err)
		require.Equal(t, []string{e.ID, e.Type, "acct_one"}, []string{event.ID, string(event.Type), event.Account})
		require.Equal(t, stripe.APIVersion, event.APIVersion)
		_, err = webhook.ConstructEvent(body, header.Get("Stripe-Signature"), "whsec_other")
		require.Error(t, err)
	}
	require.Equal(t, []string{
		"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated",
		"charge.updated", "payment_intent.amount_capturable_updated", "charge.captured", "payment_intent.succeeded",
		"refund.created", "charge.refunded", "refund.updated", "charge.refund.updated", "refund.failed",
	}, types)
	created, _ := post(t, gw, "/v1/payment_intents", "key", form())
	require.Equal(t, 200, created.StatusCode)
	last := gw.Events()[len(types)]
	var event stripe.Event
	require.NoError(t, json.Unmarshal(last.Body, &event))
	require.Equal(t, "key", event.Request.IdempotencyKey, "an event tells which request has caused it")

	header, body := gw.SignBody([]byte("{}"), time.Unix(1, 0))
	_, err = webhook.ConstructEvent(body, header.Get("Stripe-Signature"), stripetest.DefaultWebhookSecret)
	require.ErrorIs(t, err, webhook.ErrTooOld)
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	gw, api := open(t, stripetest.Config{})
	in := create(t, api, paidWith("pm_card_visa"))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			p := &stripe.RefundCreateParams{PaymentIntent: &in.ID, Amount: stripe.Int64(100)}
			p.SetIdempotencyKey("one")
			_, _ = api.V1PaymentIntents.Capture(context.Background(), in.ID, nil) // one of them succeeds
			_, _ = api.V1Refunds.Create(context.Background(), p)                  // some come too early
		})
	}
	wg.Wait()
	b := book(t, gw)
	require.Equal(t, int64(1000), b.Captured)
	require.Len(t, b.Captures, 1)
	require.LessOrEqual(t, len(b.Refunds), 1)
}
