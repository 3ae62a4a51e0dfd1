package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// testCase is one sentence of the contract as a test.
type testCase struct {
	name     string // of the subtest
	sentence string // as it stands in provider.go
	needs    []need // what must be there for the case to run; the first that is missing is reported
	check    func(k *kit)
}

// need returns why a case cannot run, and "" where it can.
type need func(k *kit) string

// run is what the cases of one Run share.
type run struct {
	c    Config               // with defaults
	info payment.ProviderInfo // what the provider declares
	rule payment.CurrencyRule // of c.CurrencyCode

	asked bool       // whether mute is known
	mute  bool       // Status answers ErrUnsupported
	lived bool       // whether story was begun
	story []exchange // every call of the life, see life.go
}

// steps returns n of the smallest amounts that the gateway takes in the currency.
func (r *run) steps(n int64) decimal.Decimal { return r.rule.FromMinorUnits(n * max(r.rule.Step, 1)) }

// part returns about a third of the amount, in whole steps.
func (r *run) part() decimal.Decimal {
	return r.c.Amount.Div(r.steps(3)).Floor().Mul(r.steps(1))
}

// grace is how long after its context's end a call may take to return.
func (r *run) grace() time.Duration { return min(r.c.Timeout, 5*time.Second) }

// runCase runs one case, or tells missing why not and skips it. A failure ends with the sentence.
func (r *run) runCase(t testing.TB, tc testCase, missing func(reason string)) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the contract says: %q", tc.sentence)
		}
	}()
	k := &kit{TB: t, run: r, p: r.c.New(t), secret: "planted-" + newKey(), missing: missing}
	for _, n := range tc.needs {
		if reason := n(k); reason != "" {
			k.notRun(reason)
		}
	}
	tc.check(k)
	if k.blind && !k.saw && k.vain == "" {
		k.vain = "the gateway says nothing of what has moved: neither Movements nor Totals"
	}
	if k.vain != "" {
		k.notRun(k.vain)
	}
}

// kit is what one case works with: the test it reports to, and a provider of its own.
type kit struct {
	testing.TB
	*run
	p      payment.Provider
	secret string // in every request's Context; must not be seen again

	missing func(reason string) // is told why the case could not run
	vain    string              // why what the case has looked at so far proves nothing
	blind   bool                // it wanted to see what has moved, and the gateway said nothing
	saw     bool                // it has seen something that it wanted to
}

// notRun ends the case: there was nothing that it could look at. One that has failed before stays failed, and counts as run.
func (k *kit) notRun(reason string) {
	k.Helper()
	if !k.Failed() {
		k.missing(reason)
	}
	k.Skip("not run: " + reason)
}

// has reports whether the provider has an optional interface.
func has[T any](p payment.Provider) bool {
	_, ok := payment.ProviderAs[T](p)
	return ok
}

// repeatable reports whether a request may be sent again under its key.
func (k *kit) repeatable() bool { return k.info.Pure || k.info.KeyTTL > 0 }

// askable reports whether Status can be asked at all. It is found out once, with a session of its own.
func (k *kit) askable() bool {
	if !k.asked {
		k.asked = true
		s := k.session()
		if a := s.send(initialize, newKey()); a.ok() && a.Reference == "" { // the first Authorize makes the object
			if k.c.ConfirmInBrowser != nil {
				k.c.ConfirmInBrowser(k.TB, k.p, s.last, s.r)
			}
			s.send(authorize, newKey(), input(k.c.Approve))
		}
		k.mute = errors.Is(s.send(status, "").err, payment.ErrUnsupported)
	}
	return !k.mute
}

// newKey returns what the library gives an operation: the 32 hex digits of a UUIDv7.
func newKey() string { return strings.ReplaceAll(uuid.Must(uuid.NewV7()).String(), "-", "") }

// sees notes whether there was something to be seen of what has moved, or of what the case is about beside it.
func (k *kit) sees(something bool) { k.saw, k.blind = k.saw || something, k.blind || !something }

// method names one of a provider's calls.
type method string

const (
	initialize method = "Initialize"
	authorize  method = "Authorize"
	status     method = "Status"
	update     method = "Update"
	cancel     method = "Cancel"
	capture    method = "Capture"
	refund     method = "Refund"
)

// call makes the call. An optional interface that is absent answers ErrUnsupported, as the library would.
func (m method) call(ctx context.Context, p payment.Provider, r payment.Request, final bool) (payment.Snapshot, error) {
	switch m {
	case initialize:
		return p.Initialize(ctx, payment.InitializeRequest{Request: r})
	case authorize:
		return p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	case status:
		return p.Status(ctx, payment.StatusRequest{Request: r})
	case update:
		if u, ok := payment.ProviderAs[payment.Updater](p); ok {
			return u.Update(ctx, payment.UpdateRequest{Request: r})
		}
	case cancel:
		if c, ok := payment.ProviderAs[payment.Canceler](p); ok {
			return c.Cancel(ctx, payment.CancelRequest{Request: r})
		}
	case capture:
		if c, ok := payment.ProviderAs[payment.Capturer](p); ok {
			return c.Capture(ctx, payment.CaptureRequest{Request: r, Final: final})
		}
	case refund:
		if f, ok := payment.ProviderAs[payment.Refunder](p); ok {
			return f.Refund(ctx, payment.RefundRequest{Request: r, ReasonCode: "requested_by_customer", Note: "providertest"})
		}
	}
	return payment.Snapshot{}, payment.ErrUnsupported
}

// answer is what came of a call.
type answer struct {
	payment.Snapshot
	err     error
	method  method
	request payment.Request // as it was sent
	changed string          // what the provider did to the request's maps; empty: nothing
	broken  string          // it hung or panicked: how; empty: it returned
}

// String describes the answer for a failure's message.
func (a answer) String() string {
	if a.broken != "" {
		return a.broken
	}
	state := string(a.State)
	if state == "" {
		state = "an empty State"
	}
	text := fmt.Sprintf("%s answered %s, reference %q, authorized %s", a.method, state, a.Reference, a.Authorized)
	for _, m := range a.Movements {
		text += fmt.Sprintf(", %s %s %s (key %q, reference %q)", m.Kind, m.Amount, m.State, m.IdempotencyKey, m.Reference)
	}
	if a.Totals != nil {
		text += fmt.Sprintf(", totals %s captured and %s refunded", a.Totals.Captured, a.Totals.Refunded)
	}
	if a.err != nil {
		text += fmt.Sprintf(", error %q", a.err.Error())
	}
	return text
}

// ok reports whether the call succeeded with a known state.
func (a answer) ok() bool { return a.broken == "" && a.err == nil && a.State != "" }

// watch runs f, which must return within limit. It says how f failed to; f is left behind then.
func watch[T any](limit time.Duration, what string, f func() T) (v T, broken string) {
	type outcome struct {
		v      T
		broken string
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		o.broken = what + " ended its goroutine"
		defer func() {
			if p := recover(); p != nil {
				o.broken = fmt.Sprintf("%s panicked: %v", what, p)
			}
			done <- o
		}()
		o.v = f()
		o.broken = ""
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case o := <-done:
		return o.v, o.broken
	case <-timer.C:
		return v, fmt.Sprintf("%s had not returned after %v, though its context had ended", what, limit)
	}
}

// try makes a call and never fails the case. It may be used from any goroutine. The call must return within the grace after ctx
// or the Timeout has ended; remain is how long that can take.
func (k *kit) try(ctx context.Context, remain time.Duration, m method, r payment.Request, final bool) answer {
	r.Data, r.Input = r.Data.Clone(), r.Input.Clone()
	before := mapsText(r)
	got, broken := watch(remain+k.grace(), string(m), func() answer {
		s, err := m.call(ctx, k.p, r, final)
		if now, ok := payment.AlreadyDoneSnapshot(err); ok {
			s = now // whatever is beside it is ignored
		}
		return answer{Snapshot: s, err: err}
	})
	got.method, got.request, got.broken = m, r, broken
	if broken == "" {
		if after := mapsText(r); after != before {
			got.changed = fmt.Sprintf("%s changed its request from %s to %s", m, before, after)
		}
	}
	return got
}

// mapsText writes out the maps of a request.
func mapsText(r payment.Request) string {
	return fmt.Sprintf("Data %s, Input %s", jsonText(r.Data), jsonText(r.Input))
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(b)
}

// session is one session as the library keeps it: the request of its next call, and what the gateway has said.
type session struct {
	k    *kit
	r    payment.Request // IdempotencyKey and Input are each call's
	last payment.Snapshot
}

// session returns a new session of the configured amount, of which the gateway knows nothing yet.
func (k *kit) session() *session {
	about := k.c.Context.Reveal()
	if about == nil {
		about = payment.Data{}
	}
	about["providertest"] = k.secret
	return &session{k: k, r: payment.Request{
		CollectionID: "paycol_" + newKey(),
		SessionID:    "payses_" + newKey(),
		Amount:       k.c.Amount,
		CurrencyCode: k.c.CurrencyCode,
		Context:      payment.NewPrivate(about),
	}}
}

// change alters a request before it is sent.
type change func(r *payment.Request)

func amount(d decimal.Decimal) change { return func(r *payment.Request) { r.Amount = d } }
func input(d payment.Data) change     { return func(r *payment.Request) { r.Input = d } }

// lost is a request as it is after an answer was lost: nothing that the gateway said is known.
func lost(r *payment.Request) { r.Reference, r.Data, r.Private = "", nil, payment.Private{} }

// send makes a call, keeps what the answer says as the library would, and never fails the case.
func (s *session) send(m method, key string, changes ...change) answer {
	return s.sendFinal(m, key, false, changes...)
}

// sendFinal is send, for a capture that may be final.
func (s *session) sendFinal(m method, key string, final bool, changes ...change) answer {
	r := s.r
	r.IdempotencyKey = key
	if m == initialize || m == update {
		r.Input = s.k.c.InitializeInput
	}
	for _, c := range changes {
		c(&r)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.k.c.Timeout)
	defer cancel()
	a := s.k.try(ctx, s.k.c.Timeout, m, r, final)
	s.keep(a)
	return a
}

// keep takes over what an answer says, as a session's row does.
func (s *session) keep(a answer) {
	if a.broken != "" || a.State == "" || a.State == payment.SnapshotNotFound {
		return
	}
	s.last = a.Snapshot
	if a.Reference != "" {
		s.r.Reference = a.Reference
	}
	if a.Data != nil {
		if d, err := payment.NormalizeData(a.Data); err == nil {
			s.r.Data = d
		}
	}
	if a.Private != nil {
		s.r.Private = *a.Private
	}
}

// must makes a call that has to reach its goal: one that does not ends the case. That the goal was reached before, as
// payment.AlreadyDone says, is as good.
func (s *session) must(m method, key string, changes ...change) answer {
	s.k.Helper()
	a := s.send(m, key, changes...)
	if isAlreadyDone(a.err) {
		a.err = nil
	}
	if a.request.Reference == "" && errors.Is(a.err, payment.ErrNotSent) && m != initialize && m != authorize && m != status {
		s.k.notRun(noObject)
	}
	if !a.ok() {
		s.k.Fatalf("%s must succeed: %s", m, a)
	}
	return a
}

// opened returns a session that the gateway has initialized.
func (k *kit) opened(changes ...change) *session {
	k.Helper()
	s := k.session()
	for _, c := range changes {
		c(&s.r)
	}
	s.must(initialize, newKey())
	return s
}

// approve authorizes, as the shopper and the library do together.
func (s *session) approve(key string) answer {
	s.k.Helper()
	if s.k.c.ConfirmInBrowser != nil {
		s.k.c.ConfirmInBrowser(s.k.TB, s.k.p, s.last, s.r)
	}
	return s.settled(s.must(authorize, key, input(s.k.c.Approve)))
}

// settled asks until a gateway that has accepted has decided.
func (s *session) settled(a answer) answer {
	s.k.Helper()
	for end := time.Now().Add(s.k.c.Settle); waits(a) && s.k.askable() && time.Now().Before(end); {
		time.Sleep(min(100*time.Millisecond, s.k.c.Settle/10))
		now := s.send(status, "")
		if now.ok() && now.State != payment.SnapshotNotFound {
			now.method, now.request = a.method, a.request // it is the answer to that call, late
			a = now
		}
	}
	return a
}

// waits reports whether the gateway is still to decide, or money still to move.
func waits(a answer) bool {
	for _, m := range a.Movements {
		if m.State == payment.MovementPending {
			return true
		}
	}
	return a.State == payment.SnapshotProcessing
}

// authorized returns a session whose money is held.
func (k *kit) authorized(changes ...change) *session {
	k.Helper()
	s := k.opened(changes...)
	if a := s.approve(newKey()); a.State != payment.SnapshotAuthorized {
		k.Fatalf("Config.Approve must lead to an authorization: %s", a)
	}
	return s
}

// held returns a session whose money is held and was not taken. Where there can be none, the case is not run.
func (k *kit) held() *session {
	k.Helper()
	s := k.authorized()
	if got, _ := sums(s.last); got.Captured.IsPositive() {
		k.notRun("the gateway captures along with the authorization: nothing is left to cancel")
	}
	return s
}

// taken returns a session whose money was captured, by us or with the authorization.
func (k *kit) taken() *session {
	k.Helper()
	s := k.authorized()
	if got, _ := sums(s.last); got.Captured.IsPositive() {
		return s
	}
	if has[payment.Capturer](k.p) {
		if a := s.settled(s.must(capture, newKey(), amount(s.r.Amount))); waits(a) {
			k.notRun("captures of this gateway stay pending for longer than Config.Settle")
		}
	}
	return s
}

// still reports whether an answer says what is known to be authorized. Zero is no word about it.
func (a answer) still(authorized decimal.Decimal) bool {
	return a.Authorized.IsZero() || a.Authorized.Equal(authorized)
}

// own returns the movement that an answer's call made: the one under the request's key. Where the gateway lists none at all, an
// answer without an error has confirmed it, as the library sees it too.
func own(a answer, kind payment.MovementKind) (payment.Movement, bool) {
	for _, m := range a.Movements {
		if m.Kind == kind && m.IdempotencyKey == a.request.IdempotencyKey {
			return m, true
		}
	}
	if a.Movements == nil && a.ok() && a.State == payment.SnapshotAuthorized {
		implied := payment.Movement{Kind: kind, IdempotencyKey: a.request.IdempotencyKey, Amount: a.request.Amount}
		implied.State = payment.MovementSucceeded
		return implied, true
	}
	return payment.Movement{}, false
}

// sums returns what has moved or is about to, and whether the snapshot says so.
func sums(s payment.Snapshot) (payment.Totals, bool) {
	if s.Movements == nil {
		if s.Totals == nil {
			return payment.Totals{}, false
		}
		return *s.Totals, true
	}
	var t payment.Totals
	for _, m := range s.Movements {
		switch {
		case m.State == payment.MovementFailed:
		case m.Kind == payment.MovementCapture:
			t.Captured = t.Captured.Add(m.Amount)
		case m.Kind == payment.MovementRefund:
			t.Refunded = t.Refunded.Add(m.Amount)
		}
	}
	return t, true
}

// truth asks what has moved. It is not known for pure providers, and where the gateway cannot be asked or does not say.
func (s *session) truth() (payment.Totals, bool) {
	s.k.Helper()
	if s.k.info.Pure || !s.k.askable() {
		return payment.Totals{}, false
	}
	a := s.must(status, "")
	if a.State == payment.SnapshotNotFound {
		s.k.Fatalf("Status does not find the session: %s", a)
	}
	return sums(a.Snapshot)
}

// moved fails the case unless the gateway, where it says so, has moved exactly this much.
func (s *session) moved(when string, captured, refunded decimal.Decimal) {
	s.k.Helper()
	t, known := s.truth()
	s.k.sees(known)
	if known && (!t.Captured.Equal(captured) || !t.Refunded.Equal(refunded)) {
		s.k.Errorf("%s, the gateway must have %s captured and %s refunded; it has %s and %s", when, captured, refunded, t.Captured, t.Refunded)
	}
}

// isAlreadyDone reports whether err was made by payment.AlreadyDone.
func isAlreadyDone(err error) bool {
	_, ok := payment.AlreadyDoneSnapshot(err)
	return ok
}
