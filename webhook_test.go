package payment_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What becomes of a message when it comes in: refused, stored once, ignored, or handled at once. What has to wait is in
// webhook_parked_test.go.

// inboxStore is a store whose calls a test can replace. Each hook gets the call that it stands for.
type inboxStore struct {
	payment.Store
	mu     sync.Mutex
	put    func(d *payment.Delivery, put func() error) error
	commit func(c *payment.Changes, commit func() error) error
	load   func(by payment.Key, load func() (*payment.Rows, error)) (*payment.Rows, error)
}

func newInboxStore() *inboxStore { return &inboxStore{Store: memstore.New()} }

// hooks says what is done instead of each call from now on; nil lets them through.
func (s *inboxStore) hooks(
	put func(*payment.Delivery, func() error) error, commit func(*payment.Changes, func() error) error,
	load func(payment.Key, func() (*payment.Rows, error)) (*payment.Rows, error),
) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put, s.commit, s.load = put, commit, load
}

// die makes every call fail from now on.
func (s *inboxStore) die() {
	s.hooks(
		func(*payment.Delivery, func() error) error { return errDead },
		func(*payment.Changes, func() error) error { return errDead },
		func(payment.Key, func() (*payment.Rows, error)) (*payment.Rows, error) { return nil, errDead },
	)
}

func (s *inboxStore) recover() { s.hooks(nil, nil, nil) }

func (s *inboxStore) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	s.mu.Lock()
	instead := s.put
	s.mu.Unlock()
	call := func() error { return s.Store.PutDelivery(ctx, d) }
	if instead == nil {
		return call()
	}
	return instead(d, call)
}

func (s *inboxStore) Commit(ctx context.Context, c *payment.Changes) error {
	s.mu.Lock()
	instead := s.commit
	s.mu.Unlock()
	call := func() error { return s.Store.Commit(ctx, c) }
	if instead == nil {
		return call()
	}
	return instead(c, call)
}

func (s *inboxStore) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	s.mu.Lock()
	instead := s.load
	s.mu.Unlock()
	call := func() (*payment.Rows, error) { return s.Store.Load(ctx, by) }
	if instead == nil {
		return call()
	}
	return instead(by, call)
}

// courier is a scripted provider whose gateway's messages a test writes: each is verified by the name that is its body.
type courier struct {
	*scripted
	messages map[string]payment.WebhookMessage
	verified int
	refuse   error
}

func newCourier(t *testing.T, o options) (*shop, *courier) {
	t.Helper()
	p := &courier{
		scripted: &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true, PartialRefund: true, KeyTTL: 24 * time.Hour}},
		messages: map[string]payment.WebhookMessage{},
	}
	p.on(payment.OperationStatus, func(s *payment.Snapshot, r payment.Request) error {
		s.Amount, s.Authorized = r.Amount, r.Amount
		return nil
	})
	o.more = append(o.more, p)
	return newShop(t, o), p
}

func (p *courier) VerifyWebhook(_ context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	p.verified++
	m, ok := p.messages[string(r.Body)]
	if !ok || p.refuse != nil {
		return payment.WebhookMessage{}, errors.Join(p.refuse, errors.New("no signature"))
	}
	return m, nil
}

// asks counts the calls of Status.
func (p *courier) asks() (n int) {
	for _, kind := range p.calls {
		if kind == payment.OperationStatus {
			n++
		}
	}
	return n
}

// receive sends a courier's message.
func (s *shop) receive(name string) *payment.WebhookResult {
	s.t.Helper()
	r, err := s.HandleWebhook(s.t.Context(), "scripted", payment.WebhookRequest{Body: []byte(name)})
	require.NoError(s.t, err)
	return r
}

// post sends a message of the sandbox gateway.
func (s *shop) post(w payment.WebhookRequest) *payment.WebhookResult {
	s.t.Helper()
	r, err := s.HandleWebhook(s.t.Context(), "sandbox", w)
	require.NoError(s.t, err)
	return r
}

// told takes the gateway's messages that were not taken yet, and returns the only one of a type.
func (s *shop) told(kind string) payment.WebhookRequest {
	s.t.Helper()
	var found []payment.WebhookRequest
	for _, w := range s.gateway.Webhooks() {
		if webhookType(s.t, w) == kind {
			found = append(found, w)
		}
	}
	require.Len(s.t, found, 1, kind)
	return found[0]
}

func webhookType(t *testing.T, w payment.WebhookRequest) string {
	t.Helper()
	var m struct{ Type string }
	require.NoError(t, json.Unmarshal(w.Body, &m))
	return m.Type
}

// resign signs a message again, as gateways do when they send it again.
func (s *shop) resign(w payment.WebhookRequest) payment.WebhookRequest {
	return s.gateway.SignWebhook(w.Body, s.clock.Now())
}

func (s *shop) deliveries() []*payment.Delivery {
	s.t.Helper()
	rows, err := s.store.List(s.t.Context(), payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 5000})
	require.NoError(s.t, err)
	return rows.Deliveries
}

// delivery is the only one that is stored.
func (s *shop) delivery() *payment.Delivery {
	s.t.Helper()
	all := s.deliveries()
	require.Len(s.t, all, 1)
	return all[0]
}

// processing is a session that the gateway decides later; what it told so far is gone.
func (s *shop) processing(amount string) *payment.PaymentSession {
	s.t.Helper()
	x := s.session(s.collection(amount, "EUR"), "sandbox", amount)
	require.ErrorIs(s.t, s.authorizeWith(x, sandboxprovider.TokenDelayed), payment.ErrPending)
	s.gateway.Webhooks()
	return s.freshSession(x.ID)
}

// decided is such a session that the gateway has authorized meanwhile, and the message that says so.
func (s *shop) decided(amount string) (*payment.PaymentSession, payment.WebhookRequest) {
	s.t.Helper()
	x := s.processing(amount)
	require.NoError(s.t, s.gateway.ResolveDelayed(x.Reference, true))
	return x, s.told("intent.authorized")
}

func (s *shop) requireHandled(r *payment.WebhookResult) {
	s.t.Helper()
	require.Equal(s.t, payment.DeliveryHandled, r.State, r.Code)
	require.Empty(s.t, r.Code)
	require.False(s.t, r.Duplicate)
}

func (s *shop) requireParked(r *payment.WebhookResult, code string) {
	s.t.Helper()
	require.Equal(s.t, [2]string{string(payment.DeliveryParked), code}, [2]string{string(r.State), r.Code})
}

// aKey has the form of our keys, and of the digits of our IDs.
func aKey(n int) string { return fmt.Sprintf("%032x", n) }

func TestWebhookMakesTheRowsAgreeWithTheGateway(t *testing.T) {
	for name, sandbox := range map[string]sandboxprovider.Config{"asked": {}, "not to be asked": {NoStatus: true}} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{sandbox: sandbox})
			x, w := s.decided("100")
			r := s.post(w)
			s.requireHandled(r)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			equalAmount(t, "100", s.fresh(x.CollectionID).Authorized)
			require.Equal(t, payment.EventPaymentAuthorized, s.kinds(x.CollectionID)[3])
			d := s.delivery()
			require.Equal(t, r.DeliveryID, d.ID)
			require.Regexp(t, `^whd_[0-9a-f]{32}$`, d.ID)
			require.Equal(t, [4]string{"sandbox", "intent.authorized", x.ID, x.CollectionID}, [4]string{d.ProviderID, d.Type, d.SessionID, d.CollectionID})
			require.Equal(t, payment.DeliveryHandled, d.State)
			require.Equal(t, s.clock.Now(), d.ReceivedAt)
			require.Equal(t, s.clock.Now(), d.HandledAt)
			require.Zero(t, d.DueAt)
			require.Equal(t, string(w.Body), d.Body.Reveal()["body"])
			require.Zero(t, s.reconcile(30*time.Second).Looked, "nothing of it is left to do")
		})
	}
}

// What a message claims is not believed where the gateway can be asked.
func TestWebhookIsOnlyAHint(t *testing.T) {
	s := newShop(t, options{})
	x := s.processing("100")
	require.NoError(t, s.gateway.ResolveDelayed(x.Reference, false))
	w := s.told("intent.declined")
	lie := strings.NewReplacer(`"status":"requires_payment_method"`, `"status":"requires_capture"`, `"authorized":0`, `"authorized":10000`).Replace(string(w.Body))
	require.NotEqual(t, string(w.Body), lie)
	s.clock.Advance(20 * time.Second) // sooner, its answer could be of a replica
	s.requireHandled(s.post(s.gateway.SignWebhook([]byte(lie), s.clock.Now())))
	require.Equal(t, payment.StatusError, s.freshSession(x.ID).Status)
	equalAmount(t, "0", s.fresh(x.CollectionID).Authorized)
}

func TestWebhookThatIsRefusedStoresNothing(t *testing.T) {
	stranger := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{WebhookSecrets: []string{"guessed"}})
	header := func(w payment.WebhookRequest, change func(http.Header)) payment.WebhookRequest {
		w.Header = w.Header.Clone()
		change(w.Header)
		return w
	}
	for name, change := range map[string]func(s *shop, w payment.WebhookRequest) payment.WebhookRequest{
		"forged": func(s *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return stranger.SignWebhook(w.Body, s.clock.Now())
		},
		"another body under the same signature": func(_ *shop, w payment.WebhookRequest) payment.WebhookRequest {
			w.Body = bytes.Replace(w.Body, []byte("10000"), []byte("90000"), 1)
			return w
		},
		"without a signature": func(_ *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return header(w, func(h http.Header) { h.Del(sandboxprovider.SignatureHeader) })
		},
		"without any header": func(_ *shop, w payment.WebhookRequest) payment.WebhookRequest { w.Header = nil; return w },
		"two signatures": func(_ *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return header(w, func(h http.Header) { h.Add(sandboxprovider.SignatureHeader, h.Get(sandboxprovider.SignatureHeader)) })
		},
		"a signature that is none": func(_ *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return header(w, func(h http.Header) { h.Set(sandboxprovider.SignatureHeader, "t=now,v1=zz") })
		},
		"dated 10 hours ahead": func(s *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook(w.Body, s.clock.Now().Add(10*time.Hour))
		},
		"10 hours old": func(s *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook(w.Body, s.clock.Now().Add(-10*time.Hour))
		},
		"just too far ahead": func(s *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook(w.Body, s.clock.Now().Add(5*time.Minute+time.Second))
		},
		"just too old": func(s *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook(w.Body, s.clock.Now().Add(-5*time.Minute-time.Second))
		},
		"too large": func(s *shop, w payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook(append(w.Body, bytes.Repeat([]byte(" "), 256<<10+1-len(w.Body))...), s.clock.Now())
		},
		"malformed": func(s *shop, _ payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook([]byte(`{"id":"evt_1",`), s.clock.Now())
		},
		"empty": func(s *shop, _ payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook(nil, s.clock.Now())
		},
		"about nothing": func(s *shop, _ payment.WebhookRequest) payment.WebhookRequest {
			return s.gateway.SignWebhook([]byte(`{"id":"evt_1","type":"x"}`), s.clock.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{})
			_, w := s.decided("100")
			bad := change(s, w)
			bad.Now = time.Time{} // our own clock counts
			err := s.untouched(t, func() error { _, err := s.HandleWebhook(t.Context(), "sandbox", bad); return err })
			require.ErrorIs(t, err, payment.ErrWebhookRefused)
			var refused *payment.WebhookError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, "sandbox", refused.ProviderID)
			require.Error(t, refused.Cause)
			s.requireHandled(s.post(s.resign(w))) // the event ID was not used up
		})
	}
}

func TestWebhookAtTheLimitsIsAccepted(t *testing.T) {
	for name, change := range map[string]func(s *shop, body []byte) payment.WebhookRequest{
		"5 minutes ahead": func(s *shop, body []byte) payment.WebhookRequest {
			return s.gateway.SignWebhook(body, s.clock.Now().Add(5*time.Minute))
		},
		"5 minutes old": func(s *shop, body []byte) payment.WebhookRequest {
			return s.gateway.SignWebhook(body, s.clock.Now().Add(-5*time.Minute))
		},
		"256 KiB": func(s *shop, body []byte) payment.WebhookRequest {
			return s.gateway.SignWebhook(append(body, bytes.Repeat([]byte(" "), 256<<10-len(body))...), s.clock.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, options{})
			_, w := s.decided("100")
			good := change(s, w.Body)
			good.Now = time.Time{}
			s.requireHandled(s.post(good))
		})
	}
}

// No provider has to check a size before it reads.
func TestWebhookThatIsTooLargeReachesNoVerifier(t *testing.T) {
	s, p := newCourier(t, options{})
	p.messages[strings.Repeat("x", 256<<10+1)] = payment.WebhookMessage{EventID: "e"}
	err := s.untouched(t, func() error {
		_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: bytes.Repeat([]byte("x"), 256<<10+1)})
		return err
	})
	require.ErrorIs(t, err, payment.ErrWebhookRefused)
	require.Zero(t, p.verified)
}

// A message can be signed and still hold what no store can keep.
func TestWebhookWithHostileStringsIsRefused(t *testing.T) {
	fields := map[string]func(*payment.WebhookMessage, string){
		"EventID":        func(m *payment.WebhookMessage, v string) { m.EventID = v },
		"Type":           func(m *payment.WebhookMessage, v string) { m.Type = v },
		"SessionID":      func(m *payment.WebhookMessage, v string) { m.SessionID = v },
		"IdempotencyKey": func(m *payment.WebhookMessage, v string) { m.IdempotencyKey = v },
		"Reference":      func(m *payment.WebhookMessage, v string) { m.Reference = v },
	}
	hostile := map[string]string{"NUL": "a\x00b", "invalid UTF-8": "a\xff", "256 bytes": strings.Repeat("x", 256)}
	for field, set := range fields {
		for kind, value := range hostile {
			t.Run(field+" with "+kind, func(t *testing.T) {
				s, p := newCourier(t, options{})
				x := s.session(s.collection("100", "EUR"), "scripted", "100")
				m := payment.WebhookMessage{EventID: "e", Type: "x", SessionID: x.ID}
				set(&m, value)
				p.messages["m"] = m
				err := s.untouched(t, func() error {
					_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte("m")})
					return err
				})
				require.ErrorIs(t, err, payment.ErrWebhookRefused)
				require.NotContains(t, err.Error(), value)
			})
		}
		t.Run(field+" with 255 bytes", func(t *testing.T) {
			s, p := newCourier(t, options{})
			m := payment.WebhookMessage{EventID: "e", Type: "x"}
			set(&m, strings.Repeat("x", 255))
			p.messages["m"] = m
			require.Equal(t, payment.DeliveryIgnored, s.receive("m").State)
		})
	}
}

func TestWebhookErrorSaysNothingOfTheMessage(t *testing.T) {
	var log bytes.Buffer
	s, p := newCourier(t, options{config: payment.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
	const secret = "of-the-message"
	p.refuse = fmt.Errorf("cannot read %q\nlevel=ERROR msg=forged\x1b[2J %s", secret, strings.Repeat("long", 1000))
	_, err := s.HandleWebhook(t.Context(), "scripted", payment.WebhookRequest{Body: []byte(secret), RemoteAddr: "10.0.0.1\nx\x00" + strings.Repeat("y", 1000)})
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%#v"} {
		require.NotContains(t, fmt.Sprintf(verb, err), secret, verb)
	}
	require.Equal(t, "payment: the webhook message is refused: provider scripted", err.Error())
	require.ErrorIs(t, err, p.refuse, "the cause is there for who asks")
	line := log.String()
	require.Equal(t, 1, strings.Count(line, "\n"), "a message cannot write lines of its own into the log")
	require.NotContains(t, line, "\x1b")
	require.NotContains(t, line, `\n`)
	require.Less(t, len(line), 1500)
	require.Contains(t, line, "provider_id=scripted")
}

func TestWebhookOfAProviderThatTakesNone(t *testing.T) {
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider { return limited{Provider: p} }})
	for id, want := range map[string]error{
		"": payment.ErrInvalid, "nobody": payment.ErrInvalid, "manual": payment.ErrUnsupported, "sandbox": payment.ErrUnsupported,
	} {
		err := s.untouched(t, func() error { _, err := s.HandleWebhook(t.Context(), id, payment.WebhookRequest{}); return err })
		require.ErrorIs(t, err, want, id)
		require.NotErrorIs(t, err, payment.ErrWebhookRefused)
		if errors.Is(want, payment.ErrUnsupported) {
			var e *payment.UnsupportedError
			require.ErrorAs(t, err, &e)
			require.Equal(t, payment.UnsupportedError{ProviderID: id, Capability: "WebhookVerifier"}, *e)
		}
	}
}

// A provider that is switched off finishes what it has begun.
func TestWebhookOfADisabledProviderIsHandled(t *testing.T) {
	s := newShop(t, options{})
	x, w := s.decided("100")
	require.NoError(t, s.SetProviderEnabled(t.Context(), "sandbox", false))
	s.requireHandled(s.post(w))
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

func TestWebhookDuplicateIsStoredOnce(t *testing.T) {
	s := newShop(t, options{})
	_, w := s.decided("100")
	s.requireHandled(s.post(w))
	asked := len(s.calls(sandboxprovider.MethodRetrieve))
	for _, later := range []time.Duration{0, time.Minute, 34 * 24 * time.Hour} {
		s.clock.Advance(later)
		before := s.allRows()
		r := s.post(s.resign(w))
		require.Equal(t, payment.WebhookResult{Duplicate: true}, *r)
		require.Equal(t, before, s.allRows())
	}
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), asked)
}

func TestWebhookDuplicatesAtTheSameTimeAreStoredOnceAndAskOnce(t *testing.T) {
	s := newShop(t, options{realTime: true})
	x, w := s.decided("100")
	results := make(chan *payment.WebhookResult, 32)
	start := make(chan bool)
	for range 32 {
		go func() {
			<-start
			r, err := s.HandleWebhook(t.Context(), "sandbox", w)
			if err != nil {
				r = &payment.WebhookResult{Code: err.Error()}
			}
			results <- r
		}()
	}
	close(start)
	handled := 0
	for range 32 {
		if r := arrive(t, results); !r.Duplicate {
			s.requireHandled(r)
			handled++
		}
	}
	require.Equal(t, 1, handled)
	require.Equal(t, payment.DeliveryHandled, s.delivery().State)
	require.Len(t, s.calls(sandboxprovider.MethodRetrieve), 1)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}

func TestWebhookIsADuplicateOnlyOfTheSameProviderAndID(t *testing.T) {
	s, p := newCourier(t, options{})
	x, w := s.decided("100")
	s.requireHandled(s.post(w))
	y := s.session(s.collection("50", "EUR"), "scripted", "50")
	p.messages["same ID"] = payment.WebhookMessage{EventID: s.delivery().EventID, SessionID: y.ID}
	s.requireHandled(s.receive("same ID"))
	p.messages["no ID"] = payment.WebhookMessage{SessionID: y.ID}
	for range 3 {
		s.clock.Advance(2 * time.Second)
		s.requireHandled(s.receive("no ID"))
	}
	require.Len(t, s.deliveries(), 5)
	require.Equal(t, 4, p.asks())
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
}
