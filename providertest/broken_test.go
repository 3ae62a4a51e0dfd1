package providertest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
)

// config is what the reference provider's gateway does on demand.
func config(fault string, variant func(g *reference)) Config {
	return Config{
		New: func(t testing.TB) payment.Provider {
			g := newReference(t, fault)
			if variant != nil {
				variant(g)
			}
			return g
		},
		Approve:   payment.Data{"token": "ok"},
		Decline:   payment.Data{"token": "decline"},
		Challenge: payment.Data{"token": "challenge"},
		Context:   payment.NewPrivate(payment.Data{"email": "a@example.com"}),
		CompleteChallenge: func(_ testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
			g := of(p)
			g.set(func() { g.grant(g.objects[s.Reference], newKey()) })
		},
		Webhook: func(_ testing.TB, p payment.Provider, r payment.Request) payment.WebhookRequest {
			return of(p).webhook(r)
		},
		Unreachable: func(_ testing.TB, p payment.Provider) func() {
			g := of(p)
			g.set(func() { g.down = true })
			return func() { g.set(func() { g.down = false }) }
		},
		LoseAnswer:  func(_ testing.TB, p payment.Provider) { g := of(p); g.set(func() { g.lose = true }) },
		Stall:       func(_ testing.TB, p payment.Provider) { g := of(p); g.set(func() { g.stalled = true }) },
		ServerError: func(_ testing.TB, p payment.Provider) { g := of(p); g.set(func() { g.failing = true }) },
		KeyInUse:    func(_ testing.TB, p payment.Provider) { g := of(p); g.set(func() { g.inUse = true }) },
		Settle:      100 * time.Millisecond,
	}
}

// of returns the reference inside a provider.
func of(p payment.Provider) *reference {
	switch p := p.(type) {
	case wrapped:
		return of(p.Provider)
	case bare:
		return of(p.Provider)
	case noCanceler:
		return of(p.Provider)
	case falselyPure:
		return p.reference
	}
	return p.(*reference)
}

func (g *reference) set(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

// wrapped is a provider around another, as one that logs would be.
type wrapped struct{ payment.Provider }

func (w wrapped) Unwrap() payment.Provider { return w.Provider }

// bare hides every optional interface.
type bare struct{ payment.Provider }

// falselyPure says that it is pure, and has a gateway.
type falselyPure struct{ *reference }

func (p falselyPure) Describe() payment.ProviderInfo {
	return payment.ProviderInfo{Pure: true, KeyTTL: p.info.KeyTTL}
}

// noCanceler says that the browser confirms, and cannot cancel.
type noCanceler struct{ payment.Provider }

func (noCanceler) Describe() payment.ProviderInfo {
	return payment.ProviderInfo{ClientConfirms: true, MultiCapture: true}
}

func TestReference(t *testing.T) { Run(t, config("", nil)) }

func TestReferenceWrapped(t *testing.T) {
	c := config("", nil)
	inner := c.New
	c.New = func(t testing.TB) payment.Provider { return wrapped{inner(t)} }
	Run(t, c)
}

func TestReferenceOneCapture(t *testing.T) {
	Run(t, config("", func(g *reference) {
		g.single, g.info.MultiCapture, g.info.PartialRefund = true, false, false
	}))
}

func TestReferenceCapturesAlong(t *testing.T) {
	Run(t, config("", func(g *reference) { g.auto = true }))
}

func TestReferenceBare(t *testing.T) {
	c := config("", nil)
	inner := c.New
	c.New = func(t testing.TB) payment.Provider { return bare{inner(t)} }
	Run(t, c)
}

// TestReferenceQuiet says no more than it must.
func TestReferenceQuiet(t *testing.T) { Run(t, config("", func(g *reference) { g.quiet = true })) }

// TestReferenceRefuses declines by an error alone.
func TestReferenceRefuses(t *testing.T) {
	Run(t, config("", func(g *reference) { g.refuses = true }))
}

func TestReferenceTotals(t *testing.T) { Run(t, config("", func(g *reference) { g.totals = true })) }

func TestReferenceMute(t *testing.T) { Run(t, config("", mute)) }

// mute makes a gateway that cannot be asked.
func mute(g *reference) { g.mute, g.info.StatusByKey = true, false }

// TestReferenceNotSearched can read an object by its Reference, and find none by its session.
func TestReferenceNotSearched(t *testing.T) { Run(t, config("", notSearched)) }

func notSearched(g *reference) { g.blind, g.info.StatusByKey = true, false }

// TestReferenceLate makes the object with the first Authorize, as gateways do that begin with the browser's token.
func TestReferenceLate(t *testing.T) {
	Run(t, config("", func(g *reference) { g.late, g.info.StatusByKey = true, false }))
}

// TestReferenceLateMute cannot be asked either.
func TestReferenceLateMute(t *testing.T) {
	Run(t, config("", func(g *reference) { mute(g); g.late = true }))
}

func TestReferenceUndated(t *testing.T) { Run(t, undatedConfig("")) }

// TestReferenceUndatedNameless has neither dates nor IDs: its Status says what is true, as often as a message is replayed.
func TestReferenceUndatedNameless(t *testing.T) {
	failed, _ := observe(t, undatedConfig("a webhook without an EventID"), []string{"webhook/undated", "webhook/event_id", "webhook/event_id_of_each"})
	for name, text := range failed {
		t.Errorf("case %s fails:\n%s", name, text)
	}
}

// undatedConfig is a gateway whose signatures carry no date.
func undatedConfig(fault string) Config {
	c := config(fault, func(g *reference) { g.undated = true })
	c.WebhookUndated = true
	return c
}

// browserConfig is a gateway where the browser authorizes.
func browserConfig(fault string) Config {
	c := config(fault, func(g *reference) { g.browser, g.info.ClientConfirms = true, true })
	c.Approve, c.Decline, c.Challenge = nil, nil, nil
	c.ConfirmInBrowser = func(_ testing.TB, p payment.Provider, s payment.Snapshot, _ payment.Request) {
		g := of(p)
		g.set(func() { g.grant(g.objects[s.Reference], newKey()) })
	}
	return c
}

func TestReferenceBrowser(t *testing.T) { Run(t, browserConfig("")) }

// recorder is a test that fails without failing the one it stands in for.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	text   strings.Builder
}

func (r *recorder) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(s + "\n")
}

func (r *recorder) Helper()                   {}
func (r *recorder) Log(a ...any)              { r.note(fmt.Sprint(a...)) }
func (r *recorder) Logf(f string, a ...any)   { r.note(fmt.Sprintf(f, a...)) }
func (r *recorder) Error(a ...any)            { r.Log(a...); r.failed = true }
func (r *recorder) Errorf(f string, a ...any) { r.Logf(f, a...); r.failed = true }
func (r *recorder) Fatal(a ...any)            { r.Error(a...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); runtime.Goexit() }
func (r *recorder) Skip(...any)               { runtime.Goexit() }
func (r *recorder) Failed() bool              { return r.failed }

// observe runs the named cases, or all, and returns what the failed ones wrote, and why others could not run.
func observe(t *testing.T, c Config, names []string) (failed, missing map[string]string) {
	t.Helper()
	r, err := newRun(t, c)
	if err != nil {
		t.Fatal(err)
	}
	failed, missing = map[string]string{}, map[string]string{}
	for _, tc := range cases() {
		if names != nil && !slices.Contains(names, tc.name) {
			continue
		}
		rec := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.runCase(rec, tc, func(reason string) { missing[tc.name] = reason })
		}()
		<-done
		if rec.failed {
			failed[tc.name] = rec.text.String()
		}
	}
	return failed, missing
}

// broken is one provider broken on purpose, and the cases that must find it.
type broken struct {
	fault string
	cases []string
	setup func(fault string) Config // nil: the reference with that fault
}

func brokenProviders() []broken {
	withInfo := func(set func(g *reference)) func(string) Config {
		return func(fault string) Config { return config(fault, set) }
	}
	single := withInfo(func(g *reference) { g.single, g.info.MultiCapture, g.info.PartialRefund = true, false, false })
	wrap := func(f func(p payment.Provider) payment.Provider) func(string) Config {
		return func(string) Config {
			c := config("", nil)
			inner := c.New
			c.New = func(t testing.TB) payment.Provider { return f(inner(t)) }
			return c
		}
	}
	return []broken{
		{"ID in upper case", []string{"id/form"}, nil},
		{"ID changes", []string{"id/stable"}, nil},
		{"Describe changes", []string{"describe/stable"}, nil},
		{"Describe asks the gateway", []string{"describe/no_io"}, nil},
		{"KeyTTL negative", []string{"describe/durations"}, nil},
		{"five digits", []string{"describe/currencies"}, nil},
		{"no Canceler", []string{"describe/client_confirms", "describe/interfaces"}, wrap(func(p payment.Provider) payment.Provider { return noCanceler{p} })},
		{"pure, but counts", []string{"pure/same_answer"}, pureConfig(func(c *Config) {
			c.Unreachable, c.LoseAnswer, c.ServerError, c.KeyInUse, c.Stall = nil, nil, nil, nil, nil
		})},
		{"pure, over a gateway that can be cut off", []string{"pure/same_answer"}, pureConfig(func(c *Config) {
			c.LoseAnswer, c.ServerError, c.KeyInUse, c.Stall = nil, nil, nil, nil
		})},
		{"pure, over a gateway that remembers keys", []string{"pure/same_answer"}, pureConfig(func(c *Config) {
			c.Unreachable, c.LoseAnswer, c.ServerError, c.KeyInUse, c.Stall = nil, nil, nil, nil, nil
		})},

		{"keys are ignored", []string{"initialize/repeated_key", "capture/repeated_key", "refund/repeated_key", "lost/initialize",
			"lost/capture", "lost/refund", "concurrent/capture_key"}, nil},
		{"one object for all sessions", []string{"initialize/apart"}, nil},
		{"Initialize answers canceled", []string{"initialize/creates"}, nil},
		{"authorizes less", []string{"authorize/approved"}, nil},
		{"authorizes twice", []string{"authorize/repeated_key", "concurrent/authorize_key", "lost/authorize"}, keyless},
		{"approves everything", []string{"authorize/declined"}, nil},
		{"a decline without its kind", []string{"authorize/declined"}, nil},
		{"a decline that holds money", []string{"authorize/declined"}, nil},
		{"a decline without a code", []string{"authorize/decline_named", "snapshot/decline"}, nil},
		{"a decline's code is a sentence", []string{"snapshot/decline"}, nil},
		{"a decline for ever", []string{"authorize/another_try"}, nil},
		{"a declined error for ever", []string{"authorize/another_try"}, nil},
		{"what is declined is canceled", []string{"authorize/another_try"}, nil},
		{"a challenge is an error", []string{"authorize/challenged"}, nil},
		{"a challenge is never done", []string{"authorize/challenge_completed"}, nil},
		{"a page over http to begin with", []string{"snapshot/next_action"}, func(fault string) Config {
			c := config(fault, nil)
			c.Challenge, c.CompleteChallenge = nil, nil
			return c
		}},
		{"a challenge over http", []string{"snapshot/next_action"}, nil},
		{"Status authorizes", []string{"status/reads"}, nil},
		{"Status authorizes", []string{"authorize/browser_awaited"}, browserConfig},
		{"authorizes less", []string{"authorize/browser_confirms"}, browserConfig},
		{"Authorize asks with its key", []string{"authorize/browser_confirms"}, browserConfig},
		{"nothing is searched for", []string{"status/finds_by_session", "status/searched"}, nil},
		{"sessions are not searched for", []string{"status/searched"}, nil},
		{"nothing is found", []string{"status/finds_by_reference"}, nil},
		{"somebody else's session", []string{"status/not_found"}, nil},
		{"Status answers for the newest session", []string{"status/own_session", "status/finds_by_session"}, nil},
		{"Status repeats the amount of its request", []string{"status/amount"}, nil},
		{"Status repeats the amount of its request as authorized", []string{"status/amount"}, nil},
		{"an unknown session is pending", []string{"status/not_found"}, nil},
		{"every key was executed", []string{"status_by_key/not_executed"}, nil},
		{"no key was executed", []string{"status_by_key/executed"}, nil},
		{"refused keys were never seen", []string{"status_by_key/refused"}, nil},
		{"refused keys are forgotten", []string{"status_by_key/refused"}, nil},
		{"Authorize answers not_found", []string{"status/alone_not_found"}, nil},
		{"Update does nothing", []string{"update/amount"}, nil},
		{"Update makes a new object", []string{"update/repeated_key", "snapshot/reference"}, keyless},
		{"Cancel does nothing", []string{"cancel/open", "cancel/authorized", "cancel/over"}, nil},
		{"Cancel keeps the rest", []string{"cancel/partly_captured"}, nil},
		{"Cancel leaves it pending", []string{"cancel/partly_captured"}, nil},
		{"Cancel undoes captures", []string{"cancel/partly_captured"}, nil},
		{"canceled twice is an unknown outcome", []string{"cancel/repeated"}, nil},
		{"authorizes and captures what is canceled", []string{"cancel/over"}, nil},

		{"Capture panics", []string{"capture/whole"}, nil},
		{"Capture takes everything", []string{"capture/part", "capture/many"}, nil},
		{"movements without keys", []string{"capture/own_movement", "refund/own_movement"}, nil},
		{"only Status lists movements", []string{"capture/own_movement", "refund/own_movement"}, nil},
		{"equal movements are one", []string{"capture/equal_amounts", "refund/equal_amounts"}, nil},
		{"a final capture keeps the rest", []string{"capture/final"}, nil},
		{"captures twice", []string{"capture/once"}, single},
		{"captures too much", []string{"capture/too_much", "snapshot/sums"}, nil},
		{"too much is an unknown outcome", []string{"capture/too_much", "refund/too_much"}, nil},
		{"too much takes what is left", []string{"capture/too_much", "refund/too_much"}, nil},
		{"too much is declined, and moves", []string{"capture/too_much", "refund/too_much"}, nil},
		{"Refund gives everything", []string{"refund/parts"}, nil},
		{"Refund gives everything", []string{"refund/no_parts"}, single},
		{"refunds too much", []string{"refund/too_much"}, nil},
		{"refunds are negative", []string{"refund/whole", "snapshot/amounts"}, nil},
		{"captures reduce what is authorized", []string{"money/authorized_stays"}, nil},
		{"amounts as floats", []string{"money/exact"}, nil},
		{"every currency has cents", []string{"money/exact"}, nil},
		{"yen times a hundred", []string{"money/exact"}, nil},

		{"captures of yen times a hundred", []string{"money/moved"}, nil},
		{"captures as floats", []string{"money/moved"}, nil},
		{"refunds of yen times a hundred", []string{"money/moved"}, nil},
		{"refunds as floats", []string{"money/moved"}, withInfo(func(g *reference) { g.auto = true })},
		{"captures as floats", []string{"money/moved"}, browserConfig},
		{"Capturable has cents in every currency", []string{"money/moved"}, nil},

		{"a State of its own", []string{"snapshot/state"}, nil},
		{"an empty State", []string{"snapshot/state"}, nil},
		{"never says what was authorized", []string{"authorize/approved", "snapshot/authorized"}, nil},
		{"the amount is the capture's", []string{"snapshot/amount_asked"}, nil},
		{"the amount is another", []string{"snapshot/amount_asked"}, nil},
		{"currency in lower case", []string{"snapshot/currency"}, nil},
		{"the reference changes", []string{"snapshot/reference"}, nil},
		{"the account changes", []string{"snapshot/account"}, nil},
		{"Capturable is never reduced", []string{"snapshot/capturable"}, nil},
		{"movements without references", []string{"snapshot/movements"}, nil},
		{"movements change their references", []string{"snapshot/movements_stay"}, nil},
		{"movements are forgotten", []string{"snapshot/movements_empty"}, withInfo(mute)},
		{"Data is no JSON", []string{"snapshot/data"}, nil},
		{"Data is too large", []string{"snapshot/data"}, nil},
		{"a secret in Data", []string{"snapshot/secret_names"}, nil},
		{"a secret's prefix in Data", []string{"snapshot/secret_names"}, nil},
		{"Context in Data", []string{"snapshot/context"}, nil},
		{"Private in Data", []string{"snapshot/private"}, nil},
		{"a private text in an error", []string{"snapshot/private"}, nil},
		{"a decline with secrets", []string{"errors/texts"}, nil},
		{"two kinds of error", []string{"errors/kinds"}, nil},
		{"AlreadyDone says nothing", []string{"errors/already_done", "cancel/repeated"}, nil},
		{"AlreadyDone says what was before", []string{"errors/already_done", "cancel/repeated"}, nil},
		{"changes Data", []string{"request/unchanged"}, nil},

		{"an ended context is a decline", []string{"context/ended"}, nil},
		{"NotSent after it was done", []string{"context/ended"}, nil},
		{"hangs", []string{"context/ended", "context/stalled"}, impatient},
		{"too slow for its context", []string{"context/ends"}, nil},
		{"a timeout is NotSent", []string{"context/stalled"}, nil},
		{"a refused connection is a decline", []string{"unreachable/calls"}, nil},
		{"an outage is not_found", []string{"unreachable/status"}, nil},
		{"an outage is unsupported", []string{"unreachable/status"}, withInfo(notSearched)},
		{"a lost answer is NotSent", []string{"lost/initialize", "lost/authorize", "lost/capture", "lost/refund", "lost/cancel", "lost/update"}, nil},
		{"a server error is a decline", []string{"server_error/initialize", "server_error/authorize", "server_error/capture",
			"server_error/refund", "server_error/cancel", "server_error/update", "server_error/status"}, nil},
		{"a server error is NotSent", []string{"server_error/initialize", "server_error/authorize", "server_error/capture", "server_error/refund",
			"server_error/cancel", "server_error/update"}, nil},
		{"a server error is not_found", []string{"server_error/status"}, nil},
		{"a server error is unsupported", []string{"server_error/status"}, nil},
		{"keys are ignored", []string{"server_error/capture", "server_error/refund"}, nil},
		{"authorizes twice", []string{"server_error/authorize"}, keyless},
		{"a key that was used is a decline", []string{"capture/key_used_again"}, nil},
		{"a key in use is a decline", []string{"key_in_use/calls"}, nil},
		{"changes shared state", []string{"concurrent/sessions"}, nil},
		{"keys are looked up too early", []string{"concurrent/capture_key"}, nil},

		{"a webhook about nothing", []string{"webhook/genuine"}, nil},
		{"a webhook's EventID changes", []string{"webhook/event_id"}, nil},
		{"a webhook's EventID is the object's", []string{"webhook/event_id_of_each"}, nil},
		{"a webhook without an EventID", []string{"webhook/undated"}, func(fault string) Config {
			c := config(fault, func(g *reference) { mute(g); g.undated = true })
			c.WebhookUndated = true
			return c
		}},
		{"forged webhooks", []string{"webhook/body_changed", "webhook/header_changed", "webhook/garbage", "webhook/oversized"}, nil},
		{"a webhook's header is not needed", []string{"webhook/header_changed"}, nil},
		{"a webhook's signature is compared in part", []string{"webhook/whole_signature"}, nil},
		{"a webhook's long body is cut", []string{"webhook/oversized"}, nil},
		{"old webhooks", []string{"webhook/past"}, nil},
		{"future webhooks", []string{"webhook/future"}, nil},
		{"a webhook says not_found", []string{"webhook/snapshot"}, nil},
	}
}

// pureConfig makes a provider that says that it is pure, and is over a gateway.
func pureConfig(change func(c *Config)) func(fault string) Config {
	return func(fault string) Config {
		c := config(fault, nil)
		inner := c.New
		c.New = func(t testing.TB) payment.Provider {
			g := inner(t).(*reference)
			g.forgetful = fault == "pure, but counts"
			if fault != "pure, over a gateway that remembers keys" {
				g.info.KeyTTL = 0
			}
			return falselyPure{g}
		}
		change(&c)
		return c
	}
}

// keyless makes a provider that declares keys, and ignores them.
func keyless(fault string) Config { return config(fault, func(g *reference) { g.forgetful = true }) }

// impatient gives calls little time, so that hanging ones are found soon.
func impatient(fault string) Config {
	c := config(fault, nil)
	c.Timeout = 200 * time.Millisecond
	return c
}

// TestBrokenProviders proves that the kit can fail: each fault is found by the cases that name it, with the sentence it breaks,
// and there is no case that nothing fails.
func TestBrokenProviders(t *testing.T) {
	sentences := map[string]string{}
	for _, c := range Cases() {
		sentences[c.Name] = c.Sentence
	}
	var mu sync.Mutex
	found := map[string]bool{}
	t.Run("each", func(t *testing.T) {
		for _, b := range brokenProviders() {
			t.Run(b.fault, func(t *testing.T) {
				t.Parallel()
				setup := b.setup
				if setup == nil {
					setup = func(fault string) Config { return config(fault, nil) }
				}
				failed, _ := observe(t, setup(b.fault), b.cases)
				for _, name := range b.cases {
					text, ok := failed[name]
					if !ok {
						t.Errorf("case %s must fail", name)
					}
					if ok && !strings.Contains(text, fmt.Sprintf("%q", sentences[name])) {
						t.Errorf("case %s fails without its sentence:\n%s", name, text)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for name := range failed {
					found[name] = true
				}
			})
		}
	})
	for name := range sentences {
		if !found[name] {
			t.Errorf("no broken provider fails the case %s", name)
		}
	}
}
