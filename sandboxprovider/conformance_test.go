package sandboxprovider_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/providertest"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// network is the way to one gateway, as providertest wants to break it.
type network struct {
	gw       *sandboxprovider.Gateway
	mu       sync.Mutex
	down     bool                      // nothing is sent
	next     sandboxprovider.FaultKind // what goes wrong with the next call
	stall    <-chan struct{}           // answers wait for it
	deciding bool                      // what is pending or processing succeeds when somebody asks
}

// fault is the gateway's hook.
func (n *network) fault(c sandboxprovider.Call) fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.deciding && c.Method == sandboxprovider.MethodRetrieve {
		for _, in := range n.gw.Intents() {
			_ = n.gw.ResolveDelayed(in.Reference, true) // most are not processing
			for _, m := range in.Movements {
				_ = n.gw.ResolveMovement(m.Reference, true) // most are not pending
			}
		}
	}
	switch {
	case n.down:
		return fault{Kind: sandboxprovider.FaultConnectionRefused}
	case n.next != "":
		kind := n.next
		n.next = ""
		return fault{Kind: kind}
	}
	return fault{After: n.stall}
}

func TestConformance(t *testing.T) {
	browser := func(c *providertest.Config, at func(p payment.Provider) *network) {
		c.Approve, c.Decline, c.Challenge, c.CompleteChallenge = nil, nil, nil, nil
		c.ConfirmInBrowser = func(t testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
			t.Helper()
			err := at(p).gw.ConfirmInBrowser(s.Data["client_token"].(string), sandboxprovider.TokenVisa)
			require.NoError(t, err)
		}
	}
	for name, tc := range map[string]struct {
		gw       gatewayConfig
		p        config
		deciding bool
		change   func(c *providertest.Config, at func(p payment.Provider) *network)
	}{
		"default":         {},
		"lives":           {gw: gatewayConfig{AuthorizationLife: 24 * time.Hour, IntentLife: time.Hour}},
		"no keys":         {gw: gatewayConfig{NoKeys: true}},
		"single capture":  {gw: gatewayConfig{SingleCapture: true, WholeRefunds: true}},
		"auto capture":    {gw: gatewayConfig{AutoCapture: true}},
		"async":           {gw: gatewayConfig{AsyncCaptures: true, AsyncRefunds: true}, deciding: true},
		"client confirms": {p: config{ClientConfirms: true}, change: browser},
		"no status":       {p: config{NoStatus: true}},
		"delayed": {deciding: true, change: func(c *providertest.Config, _ func(p payment.Provider) *network) {
			c.Approve = payment.Data{"token": sandboxprovider.TokenDelayed}
		}},
		"steps": {gw: gatewayConfig{Currencies: map[string]payment.CurrencyRule{"KWD": {Digits: 3, Step: 10}}},
			change: func(c *providertest.Config, _ func(p payment.Provider) *network) { c.CurrencyCode = "KWD" }},
	} {
		t.Run(name, func(t *testing.T) {
			var all sync.Map // networks by provider
			at := func(p payment.Provider) *network {
				n, ok := all.Load(p)
				require.True(t, ok)
				return n.(*network)
			}
			next := func(kind sandboxprovider.FaultKind) func(testing.TB, payment.Provider) {
				return func(_ testing.TB, p payment.Provider) {
					n := at(p)
					n.mu.Lock()
					defer n.mu.Unlock()
					n.next = kind
				}
			}
			c := providertest.Config{
				New: func(testing.TB) payment.Provider {
					n := &network{deciding: tc.deciding}
					cfg := tc.gw
					cfg.Fault = n.fault
					n.gw = sandboxprovider.NewGateway(cfg)
					p := sandboxprovider.New(n.gw, tc.p)
					all.Store(p, n)
					return p
				},
				Settle:    200 * time.Millisecond,
				Approve:   payment.Data{"token": sandboxprovider.TokenVisa},
				Decline:   payment.Data{"token": sandboxprovider.TokenDeclined},
				Challenge: payment.Data{"token": sandboxprovider.Token3DS},
				CompleteChallenge: func(t testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
					t.Helper()
					require.NoError(t, at(p).gw.CompleteChallenge(s.Reference, true))
				},
				Webhook: func(t testing.TB, p payment.Provider, r payment.Request) payment.WebhookRequest {
					t.Helper()
					sent := at(p).gw.Webhooks()
					for _, w := range slices.Backward(sent) {
						m, err := p.(payment.WebhookVerifier).VerifyWebhook(t.Context(), w)
						require.NoError(t, err)
						if m.SessionID == r.SessionID {
							return w
						}
					}
					require.NoError(t, errors.New("no message is about the session"))
					return payment.WebhookRequest{}
				},
				Unreachable: func(_ testing.TB, p payment.Provider) func() {
					n := at(p)
					set := func(down bool) {
						n.mu.Lock()
						defer n.mu.Unlock()
						n.down = down
					}
					set(true)
					return func() { set(false) }
				},
				LoseAnswer:  next(sandboxprovider.FaultAnswerLost),
				ServerError: next(sandboxprovider.FaultServerErrorAfter),
				KeyInUse:    next(sandboxprovider.FaultKeyInUse),
				Stall: func(_ testing.TB, p payment.Provider) {
					n := at(p)
					n.mu.Lock()
					defer n.mu.Unlock()
					n.stall = make(chan struct{})
				},
			}
			if tc.change != nil {
				tc.change(&c, at)
			}
			providertest.Run(t, c)
		})
	}
}
