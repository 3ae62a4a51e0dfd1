// Package providertest checks an implementation of [payment.Provider] against its contract.
//
// The contract is the comments of the payment package's provider.go. Every sentence there that a test can see is a case here, by
// name, and a case that fails prints its sentence. An author writes one test:
//
//	func TestConformance(t *testing.T) {
//		providertest.Run(t, providertest.Config{
//			New:     func(t testing.TB) payment.Provider { return acme.New(sandboxKey) },
//			Approve: payment.Data{"token": "tok_ok"},
//			Decline: payment.Data{"token": "tok_insufficient_funds"},
//		})
//	}
//
// and runs it with -race and -v. One case is run again with -run, as in TestConformance/capture/repeated_key.
//
// What a provider is able to do is found out as the library does, by [payment.ProviderAs] and [payment.Describer]; what a gateway
// can be made to do on demand is told in the [Config]. A case that cannot run for want of either is still a subtest: it is skipped
// with the reason, and Run logs a sum of all of them. Read it: a case that did not run has proved nothing.
//
// The kit plays the part of the library: it keeps Reference, Data and Private as a session's row would, gives every operation a
// key of its own, and puts a deadline on every call. A provider that ignores its context fails; it does not hang the test.
//
// What no test of a provider can see stays with its author: that signatures are compared in constant time, that minor units are what
// the gateway takes them for. Look at the gateway's dashboard once.
package providertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// Config says how the provider under test is made, and what its gateway can be made to do. Only New is required. A hook that is
// nil means that the gateway cannot do that on demand; its cases are reported as not run.
//
// A provider that declares Pure has no gateway: pure/same_answer fails where one of the faults is given, from Unreachable to Stall.
//
// Hooks get the provider that New returned for the case, and may fail the test through t.
type Config struct {
	// New returns the provider, against a fresh gateway or a sandbox account. It is called once per case: use t.Cleanup to
	// close what it opens. Required.
	New func(t testing.TB) payment.Provider

	// CurrencyCode is the currency of most cases, upper case. Default USD.
	CurrencyCode string
	// Amount is what most cases authorize, in major units. Amounts of up to 64 of the currency's steps above it are used too,
	// and about a third of it; none of them may mean anything special to the gateway. Default 1053 steps: 10.53 USD.
	Amount decimal.Decimal
	// Currencies are further currencies that exact amounts are tried in; a refusal is logged and is no failure. Default JPY and
	// KWD, whose minor units have no digits, and three.
	Currencies []string

	// Context is what the host tells about the shopper, where the gateway needs it. The kit adds a key "providertest" with a
	// secret that must never be seen again.
	Context payment.Private
	// InitializeInput is what the browser sends along when a session is created, and with an update. Default nil.
	InitializeInput payment.Data
	// Approve is the Input of an Authorize that the gateway authorizes at once. Default nil: it needs none, or the browser confirms.
	Approve payment.Data
	// Decline is the Input of an Authorize that the gateway declines.
	Decline payment.Data
	// Challenge is the Input of an Authorize that the gateway answers with an action for the shopper.
	Challenge payment.Data
	// CompleteChallenge does what s.NextAction asks of the shopper, successfully. r is the request that s answers. Required
	// with Challenge.
	CompleteChallenge func(t testing.TB, p payment.Provider, s payment.Snapshot, r payment.Request)
	// ConfirmInBrowser authorizes as the shopper's browser does, for gateways where Authorize only reads that
	// ([payment.AuthorizeByStatus]). s is the answer to Initialize or Update, r its request. It is called before every Authorize
	// that must succeed.
	ConfirmInBrowser func(t testing.TB, p payment.Provider, s payment.Snapshot, r payment.Request)

	// Webhook returns a genuine message of the gateway about the authorized session of r, signed for the provider p: the
	// newest, as another is asked for after a capture. A zero Now becomes the time of the call. The forgeries are made by the kit: without a genuine message, little of a
	// [payment.WebhookVerifier] can be tested.
	Webhook func(t testing.TB, p payment.Provider, r payment.Request) payment.WebhookRequest
	// WebhookUndated says that the gateway's signatures carry no date, so that nothing can be held against Now. Where Status
	// cannot be asked, its messages must then have an EventID, or a replay could not be told.
	WebhookUndated bool

	// Unreachable makes every request of p fail before it reaches the gateway, until restore is called.
	Unreachable func(t testing.TB, p payment.Provider) (restore func())
	// LoseAnswer makes the gateway execute the next request of p that changes something, and lose the answer. The loss must reach the provider: over a
	// connection that was kept, Go's http.Transport sends a request with an Idempotency-Key again by itself. Disable keep-alives in
	// the test, or lose the answer in an http.RoundTripper as section 9 of docs/writing-a-provider.md does. Where the call is
	// answered after all, its case is counted as not run.
	LoseAnswer func(t testing.TB, p payment.Provider)
	// ServerError makes the gateway execute the next request of p, and answer it with an error of its own, such as HTTP 500. Where a
	// method reads before it changes something, spare that read, but not those of Status.
	ServerError func(t testing.TB, p payment.Provider)
	// KeyInUse makes the gateway answer the next request of p that another with the same key is being worked on, such as with HTTP
	// 409, and do nothing else.
	KeyInUse func(t testing.TB, p payment.Provider)
	// Stall makes the gateway take further requests of p and answer none, for the rest of the case. Let them go in t.Cleanup, before a
	// test server is closed: httptest.Server.Close waits for them.
	Stall func(t testing.TB, p payment.Provider)

	// Timeout is the deadline of every call. Default 30 s. A call must return within Timeout, at most 5 s, after its context ended.
	Timeout time.Duration
	// Settle is for how long Status is asked until a gateway that accepts first has decided. Default 30 s.
	Settle time.Duration
	// Concurrency is how many sessions are worked on at once. Default 32, which is also the most; less for a sandbox with a
	// rate limit.
	Concurrency int
}

// Run runs every case against the provider, each as a subtest of t with a provider of its own. Cases fail through t; those that
// cannot run are skipped with the reason, and a sum is logged at the end.
func Run(t *testing.T, c Config) {
	t.Helper()
	r, err := newRun(t, c)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]int{}
	all := cases()
	chosen := 0 // by -run
	for _, tc := range all {
		t.Run(tc.name, func(t *testing.T) {
			chosen++
			r.runCase(t, tc, func(reason string) { missing[reason]++ })
		})
	}
	report(t, chosen, missing)
}

// report logs how many cases were not run, and why.
func report(t testing.TB, all int, missing map[string]int) {
	t.Helper()
	var lines []string
	not := 0
	for reason, n := range missing {
		not += n
		lines = append(lines, fmt.Sprintf("\n\t%d: %s", n, reason))
	}
	slices.Sort(lines)
	text := ""
	if not > 0 {
		text = "; not run:" + strings.Join(lines, "")
	}
	t.Logf("%d of %d cases could run%s", all-not, all, text)
}

// Case is one sentence of the contract and the name of the subtest that checks it.
type Case struct {
	Name     string // the subtest's, such as capture/repeated_key
	Sentence string // as it stands in the comments of provider.go
}

// Cases returns what Run checks, in its order.
func Cases() []Case {
	var list []Case
	for _, tc := range cases() {
		list = append(list, Case{Name: tc.name, Sentence: tc.sentence})
	}
	return list
}

// newRun fills in the defaults and learns what the provider declares.
//
// The error says which field of the Config cannot be used.
func newRun(t testing.TB, c Config) (*run, error) {
	t.Helper()
	if c.New == nil {
		return nil, fmt.Errorf("providertest: Config.New is required")
	}
	if c.Challenge != nil && c.CompleteChallenge == nil {
		return nil, fmt.Errorf("providertest: Config.Challenge needs CompleteChallenge")
	}
	if c.CurrencyCode == "" {
		c.CurrencyCode = "USD"
	}
	if c.Currencies == nil {
		c.Currencies = []string{"JPY", "KWD"}
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Settle <= 0 {
		c.Settle = 30 * time.Second
	}
	if c.Concurrency <= 0 || c.Concurrency > 32 {
		c.Concurrency = 32
	}
	p := c.New(t)
	if p == nil {
		return nil, fmt.Errorf("providertest: Config.New returned nil")
	}
	r := &run{c: c}
	if d, ok := payment.ProviderAs[payment.Describer](p); ok {
		r.info = d.Describe()
	}
	rule, err := r.info.CurrencyRule(c.CurrencyCode)
	if err != nil {
		return nil, fmt.Errorf("providertest: Config.CurrencyCode: %w", err)
	}
	r.rule = rule
	if r.c.Amount.IsZero() {
		r.c.Amount = r.steps(1053)
	}
	if _, err := rule.CheckAmount("Amount", r.c.Amount); err != nil {
		return nil, fmt.Errorf("providertest: Config.Amount: %w", err)
	}
	if r.c.Amount.LessThan(r.steps(6)) {
		return nil, fmt.Errorf("providertest: Config.Amount: %s is less than six steps of %s", r.c.Amount, r.steps(1))
	}
	return r, r.probe(t, p)
}

// probe returns an error where the gateway authorizes nothing because it was given no Input: most cases would fail for it, each
// with another sentence.
func (r *run) probe(t testing.TB, p payment.Provider) error {
	t.Helper()
	if r.c.Approve != nil || r.c.ConfirmInBrowser != nil {
		return nil
	}
	k := &kit{TB: t, run: r, p: p, secret: "planted-" + newKey()}
	s := k.session()
	if a := s.send(initialize, newKey()); !a.ok() {
		return nil // cases say what is wrong with it
	}
	if a := s.settled(s.send(authorize, newKey())); a.broken == "" && a.State != payment.SnapshotAuthorized && !isAlreadyDone(a.err) {
		return fmt.Errorf("providertest: Config.Approve is not given, nor ConfirmInBrowser, and without them nothing is authorized: %s", a)
	}
	return nil
}
