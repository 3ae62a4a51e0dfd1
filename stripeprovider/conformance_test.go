package stripeprovider_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/providertest"
	"github.com/seed40c892db/payment/stripeprovider"
	"github.com/seed40c892db/payment/stripeprovider/stripetest"
)

// newGateway starts a gateway for one test.
func newGateway(t testing.TB, cfg stripetest.Config) *stripetest.Gateway {
	t.Helper()
	gw, err := stripetest.New(cfg)
	require.NoError(t, err)
	t.Cleanup(gw.Close)
	return gw
}

// over returns a provider over a gateway; cfg says what is special.
func over(t testing.TB, gw *stripetest.Gateway, cfg stripeprovider.Config) *stripeprovider.Provider {
	t.Helper()
	cfg.SecretKey, cfg.PublishableKey = stripetest.DefaultSecretKey, stripetest.DefaultPublishableKey
	cfg.WebhookSecrets, cfg.BaseURL = []string{stripetest.DefaultWebhookSecret}, gw.URL()
	p, err := stripeprovider.New(cfg)
	require.NoError(t, err)
	return p
}

// bank decides everything that is pending before somebody asks for it.
type bank struct{ gw *stripetest.Gateway }

func (b bank) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		for _, in := range b.gw.Intents() {
			_ = b.gw.ResolveDelayed(in.ID, true) // most are not processing
			for _, m := range in.Refunds {
				_ = b.gw.ResolveRefund(m.ID, true) // most are not pending
			}
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// inBrowser confirms as the page does.
func inBrowser(method string, at func(p payment.Provider) *stripetest.Gateway) func(testing.TB, payment.Provider, payment.Snapshot, payment.Request) {
	return func(t testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
		t.Helper()
		secret, ok := s.Data["client_secret"].(string)
		require.True(t, ok)
		require.NoError(t, at(p).Confirm(secret, method))
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	type change = func(c *providertest.Config, at func(p payment.Provider) *stripetest.Gateway)
	browser := func(method string) change {
		return func(c *providertest.Config, at func(p payment.Provider) *stripetest.Gateway) {
			c.Approve, c.Decline, c.Challenge, c.CompleteChallenge = nil, nil, nil, nil
			c.ConfirmInBrowser = inBrowser(method, at)
		}
	}
	for name, tc := range map[string]struct {
		gw       stripetest.Config
		p        stripeprovider.Config
		deciding bool
		change   change
	}{
		"browser":       {change: browser("pm_card_visa")},
		"server":        {p: stripeprovider.Config{ReturnURL: "https://shop.example/return"}},
		"server, cards": {p: stripeprovider.Config{PaymentMethodTypes: []string{"card"}}},
		"multicapture": {
			gw: stripetest.Config{MultiCapture: true}, p: stripeprovider.Config{MultiCapture: true, PaymentMethodTypes: []string{"card"}},
		},
		"automatic":          {p: stripeprovider.Config{AutomaticCapture: true, ReturnURL: "https://shop.example/return"}},
		"automatic, browser": {p: stripeprovider.Config{AutomaticCapture: true}, change: browser("pm_card_visa")},
		"bank debit":         {p: stripeprovider.Config{AutomaticCapture: true}, deciding: true, change: browser("pm_usBankAccount")},
		"pending refunds":    {deciding: true, change: browser("pm_card_pendingRefund")},
		"connected account": {
			gw: stripetest.Config{Accounts: []string{"acct_connected"}}, p: stripeprovider.Config{Account: "acct_connected"}, change: browser("pm_card_visa"),
		},
		"steps of ten": {
			p:      stripeprovider.Config{PaymentMethodTypes: []string{"card"}},
			change: func(c *providertest.Config, _ func(payment.Provider) *stripetest.Gateway) { c.CurrencyCode = "KWD" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all sync.Map // gateways by provider
			at := func(p payment.Provider) *stripetest.Gateway {
				gw, ok := all.Load(p)
				require.True(t, ok)
				return gw.(*stripetest.Gateway)
			}
			next := func(kind stripetest.FaultKind) func(testing.TB, payment.Provider) {
				return func(_ testing.TB, p payment.Provider) { at(p).FailNext(stripetest.OpAny, stripetest.Fault{Kind: kind}) }
			}
			c := providertest.Config{
				New: func(t testing.TB) payment.Provider {
					gw := newGateway(t, tc.gw)
					cfg := tc.p
					if tc.deciding {
						cfg.HTTPClient = &http.Client{Transport: bank{gw}}
					}
					p := over(t, gw, cfg)
					all.Store(p, gw)
					return p
				},
				Currencies: []string{"JPY", "KWD", "ISK", "UGX"},
				Settle:     200 * time.Millisecond,
				Approve:    payment.Data{"payment_method": "pm_card_visa"},
				Decline:    payment.Data{"payment_method": "pm_card_chargeDeclinedInsufficientFunds"},
				Challenge:  payment.Data{"payment_method": "pm_card_threeDSecure2Required"},
				CompleteChallenge: func(t testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
					t.Helper()
					require.NoError(t, at(p).CompleteChallenge(s.Reference, true))
				},
				Webhook: func(t testing.TB, p payment.Provider, r payment.Request) payment.WebhookRequest {
					t.Helper()
					gw := at(p)
					for _, e := range slices.Backward(gw.Events()) {
						if e.Intent == r.Reference && strings.HasPrefix(e.Type, "payment_intent.") {
							header, body := gw.Sign(e)
							return payment.WebhookRequest{Header: header, Body: body}
						}
					}
					require.Fail(t, "no event is about the session")
					return payment.WebhookRequest{}
				},
				Unreachable: func(t testing.TB, p payment.Provider) func() {
					t.Helper()
					gw := at(p)
					gw.Disconnect()
					return func() { require.NoError(t, gw.Reconnect()) }
				},
				LoseAnswer:  next(stripetest.FaultAnswerLost),
				ServerError: next(stripetest.FaultServerErrorAfter),
				KeyInUse:    next(stripetest.FaultKeyInUse),
				Stall:       func(t testing.TB, p payment.Provider) { t.Cleanup(at(p).Stall()) },
			}
			if tc.change != nil {
				tc.change(&c, at)
			}
			providertest.Run(t, c)
		})
	}
}
