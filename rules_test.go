package payment_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// The rules of docs/reliability.md, where no other test holds them yet; and the proof that each of them, and each line of its table, names
// tests that exist.

// laterParts is what a line of the table may be left to, as it is written there.
var laterParts = map[string]bool{
	"later: the HTTP handlers": true, "later: each gateway's provider": true, "not built: there is no router": true,
}

var testName = regexp.MustCompile("`((?:[a-z]+\\.)?Test[A-Z]\\w*)`")

// testsOf finds the tests of a package by parsing its source.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	found := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") && len(f.Type.Params.List) == 1 {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}

// knownTests are those that docs/reliability.md may name, by package.
func knownTests(t *testing.T) map[string]map[string]bool {
	t.Helper()
	packages := map[string]map[string]bool{"": testsOf(t, ".")}
	for _, dir := range []string{"sandboxprovider", "providertest", "storetest", "paymenthttp", "stripeprovider", "pgstore", "sqlitestore"} {
		packages[dir] = testsOf(t, dir)
	}
	return packages
}

// namedTests returns the tests that a text names, all of which are known.
func namedTests(t *testing.T, packages map[string]map[string]bool, text string) (names []string) {
	t.Helper()
	for _, m := range testName.FindAllStringSubmatch(text, -1) {
		dir, name, ok := strings.Cut(m[1], ".")
		if !ok {
			dir, name = "", m[1]
		}
		require.Contains(t, packages, dir, "%s is in no package that is known", m[1])
		require.True(t, packages[dir][name], "there is no test %s", m[1])
		names = append(names, m[1])
	}
	return names
}

func reliability(t *testing.T) (rules, table string) {
	t.Helper()
	text, err := os.ReadFile("docs/reliability.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "\n## The rules\n")
	require.True(t, ok)
	rules, rest, ok = strings.Cut(rest, "\n## What goes wrong in the wild\n")
	require.True(t, ok)
	table, _, ok = strings.Cut(rest, "\n## ")
	require.True(t, ok)
	return rules, table
}

func TestEveryRuleIsHeld(t *testing.T) {
	rules, _ := reliability(t)
	known := knownTests(t)
	sections := strings.Split(rules, "\n### ")[1:]
	require.Len(t, sections, 15)
	for i, section := range sections {
		title, body, _ := strings.Cut(section, "\n")
		require.True(t, strings.HasPrefix(title, strconv.Itoa(i+1)+". "), title)
		_, held, ok := strings.Cut(body, "\nHeld by ")
		require.True(t, ok, title)
		require.Contains(t, body, "\nWithout it, ", title)
		require.NotEmpty(t, namedTests(t, known, held), title)
	}
}

func TestEveryWildLineIsHeld(t *testing.T) {
	_, table := reliability(t)
	known := knownTests(t)
	var lines []string
	for line := range strings.Lines(table) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			lines = append(lines, line)
		}
	}
	require.Equal(t, []string{"| What happened | Seen at | Held here by |", "| --- | --- | --- |"}, lines[:2])
	require.Len(t, lines[2:], 22)
	used, held := map[string]bool{}, 0
	for _, line := range lines[2:] {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		require.Len(t, cells, 3, line)
		require.NotEmpty(t, strings.TrimSpace(cells[1]), line)
		tests, later, _ := strings.Cut(strings.TrimSpace(cells[2]), "; ")
		names := namedTests(t, known, tests)
		for _, name := range names {
			used[name] = true
		}
		if len(names) > 0 {
			held++
			require.Empty(t, strings.Trim(testName.ReplaceAllString(tests, ""), ", "), "%s: nothing but names of tests", line)
		} else {
			later = tests
		}
		if later != "" {
			require.True(t, laterParts[later], "%s: neither a test nor a later part: %q", line, later)
		}
	}
	require.Equal(t, 21, held)
	for name := range testsOf(t, ".") {
		if strings.HasPrefix(name, "TestWild") {
			require.True(t, used[name], "%s is in no line of the table", name)
		}
	}
}

// Rule 1: whenever a provider is called to change something, the operation is there to be found, with the key that is sent.
func TestRuleWrittenBeforeTheCall(t *testing.T) {
	s, p := newScripted(t)
	seen := map[payment.OperationKind]int{}
	before := p.answer
	p.answer = func(kind payment.OperationKind, r payment.Request) (payment.Snapshot, error) {
		rows, err := s.store.Load(t.Context(), payment.Key{OperationID: "op_" + r.IdempotencyKey})
		require.NoError(t, err)
		require.Len(t, rows.Operations, 1)
		op := rows.Operations[0]
		require.Equal(t, kind, op.Kind)
		require.Equal(t, payment.OperationOpen, op.State)
		require.Equal(t, op.ID, rows.Sessions[0].OperationID)
		require.True(t, op.Amount.Equal(r.Amount))
		due, err := s.store.Claim(t.Context(), payment.DueOperation, op.LeaseUntil, op.LeaseUntil, 10)
		require.NoError(t, err)
		require.Len(t, due, 1, "it is found by age once its lease has ended")
		seen[kind]++
		return before(kind, r)
	}
	c := s.collection("200", "EUR")
	x := s.session(c, "scripted", "90")
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("100")})
	require.NoError(t, err)
	pay, err := s.capture(s.authorize(x), "60")
	require.NoError(t, err)
	_, err = s.refund(pay, "10")
	require.NoError(t, err)
	_, err = s.CancelSession(t.Context(), payment.CancelSessionParams{SessionID: s.session(c, "scripted", "100").ID})
	require.NoError(t, err)
	require.Len(t, seen, 6)
}

// Rule 4: while one operation of a session is at the gateway, no other begins: not by another process, and not of another kind.
func TestRuleOneOpenOperation(t *testing.T) {
	calls := map[string]func(ctx context.Context, svc *payment.Service, x *payment.PaymentSession) error{
		"authorize": func(ctx context.Context, svc *payment.Service, x *payment.PaymentSession) error {
			_, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
			return err
		},
		"update": func(ctx context.Context, svc *payment.Service, x *payment.PaymentSession) error {
			_, err := svc.UpdateSession(ctx, payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("50")})
			return err
		},
		"capture": func(ctx context.Context, svc *payment.Service, x *payment.PaymentSession) error {
			_, err := svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: x.PaymentID, Amount: amount("40")})
			return err
		},
		"cancel": func(ctx context.Context, svc *payment.Service, x *payment.PaymentSession) error {
			_, err := svc.CancelSession(ctx, payment.CancelSessionParams{SessionID: x.ID})
			return err
		},
	}
	for first, seconds := range map[string][]string{"authorize": {"authorize", "update", "cancel"}, "capture": {"capture", "cancel"}} {
		for _, second := range seconds {
			t.Run(first+", then "+second, func(t *testing.T) {
				h := &hook{}
				s := newShop(t, options{wrap: h.wrap})
				x := s.session(s.collection("100", "EUR"), "sandbox", "100")
				if first == "capture" {
					s.authorize(x)
					x = s.freshSession(x.ID)
				}
				met := false
				h.set(func(_ sandboxprovider.Method, call func() (payment.Snapshot, error)) (payment.Snapshot, error) {
					met = true
					ctx, cancel := context.WithCancel(t.Context())
					other, err := payment.NewService(s.store, payment.Config{
						Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})}, Now: s.clock.Now,
						Wait: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }, // it would wait
					})
					require.NoError(t, err)
					began := len(s.gateway.Requests())
					require.ErrorIs(t, calls[second](ctx, other, x), payment.ErrInProgress)
					require.Len(t, s.gateway.Requests(), began)
					return call()
				})
				require.NoError(t, calls[first](t.Context(), s.Service, x))
				require.True(t, met)
				s.agree(x.CollectionID)
			})
		}
	}
}

// Rule 6: a call, and a question, end with time left in the lease to record what came of them.
func TestRuleCallEndsBeforeItsLease(t *testing.T) {
	var s *shop
	inTime := func(ctx context.Context, sessionID string) {
		end, ok := ctx.Deadline()
		require.True(t, ok)
		took := time.Until(end)
		rows, err := s.store.Load(t.Context(), payment.Key{SessionID: sessionID})
		require.NoError(t, err)
		require.Len(t, rows.Operations, 1)
		left := rows.Operations[0].LeaseUntil.Sub(s.clock.Now())
		require.Less(t, took, 3*time.Second+time.Millisecond)
		require.GreaterOrEqual(t, left, took+2*time.Second+4*time.Second, "the answer must be recorded, and clocks differ")
	}
	s = newShop(t, options{
		config: payment.Config{CallTimeout: 3 * time.Second, SettleTimeout: 2 * time.Second, ClockSkew: 4 * time.Second},
		wrap: func(p payment.Provider) payment.Provider {
			return faulty{Provider: p,
				authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
					inTime(ctx, r.SessionID)
					return p.Authorize(ctx, r)
				},
				status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
					inTime(ctx, r.SessionID)
					return p.Status(ctx, r)
				},
			}
		},
	})
	x := s.session(s.collection("100", "EUR"), "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultRequestLost)
	_, err := s.tryAuthorize(x)
	s.requireUnknown(err, x.ID, payment.StatusPending)
	s.authorize(x)
	require.Len(t, s.calls(sandboxprovider.MethodConfirm), 2)
}

// Rule 6: an executor whose lease has ended, and whose work another has taken over, ends nothing, though the other has not ended it either.
func TestRuleDisplacedExecutor(t *testing.T) {
	for name, late := range map[string]error{"declined": payment.Declined("late", ""), "not sent": payment.NotSent(nil)} {
		t.Run(name, func(t *testing.T) {
			var s *shop
			first := true
			s = newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
				return faulty{Provider: p, authorize: func(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
					if !first {
						return p.Authorize(ctx, r)
					}
					first = false
					s.fail(sandboxprovider.MethodRetrieve, sandboxprovider.FaultServerError)
					require.Len(t, s.reconcile(time.Minute).Parked, 1) // while this call hangs, another process asks, in vain
					return payment.Snapshot{}, late
				}}
			}})
			c := s.collection("100", "EUR")
			x := s.session(c, "sandbox", "100")
			_, err := s.tryAuthorize(x)
			s.requireUnknown(err, x.ID, payment.StatusPending)
			equalAmount(t, "100", s.fresh(c.ID).Held)
			require.Zero(t, s.freshSession(x.ID).Declines)
			s.reconcile(time.Minute)
			require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
			require.Len(t, s.keysOf(sandboxprovider.MethodConfirm), 1)
			s.agree(c.ID)
		})
	}
}

// Rule 7: a repeated call brings what the first one brought, whatever the session says by then.
func TestRuleRepeatedCallIsTheSame(t *testing.T) {
	s, p := newScripted(t)
	var sent []string
	lost := func(_ *payment.Snapshot, r payment.Request) error {
		sent = append(sent, fmt.Sprint(r.IdempotencyKey, r.CollectionID, r.SessionID, r.Reference, r.Amount, r.CurrencyCode, r.Data, r.Private.Reveal(),
			r.Context.Reveal(), r.Input))
		if len(sent)%3 != 0 {
			return context.DeadlineExceeded
		}
		return nil
	}
	p.on(payment.OperationStatus, func(s *payment.Snapshot, _ payment.Request) error {
		private := payment.NewPrivate(map[string]any{"secret_of": "today"})
		*s = payment.Snapshot{State: payment.SnapshotNotFound, Data: payment.Data{"of": "today"}, Private: &private}
		return nil
	})
	p.info.StatusByKey = true
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error {
		private := payment.NewPrivate(map[string]any{"secret_of": "yesterday"})
		s.Data, s.Private = payment.Data{"of": "yesterday"}, &private
		return nil
	})
	for _, kind := range []payment.OperationKind{payment.OperationUpdate, payment.OperationAuthorize, payment.OperationCapture, payment.OperationRefund} {
		p.on(kind, lost)
	}
	context := payment.NewPrivate(map[string]any{"email": "a@example.com"})
	x := s.session(s.collection("100", "EUR"), "scripted", "50")
	_, err := s.UpdateSession(t.Context(), payment.UpdateSessionParams{SessionID: x.ID, Amount: amount("60"), Context: &context, Input: token("tok_1")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	settle := func() {
		s.reconcile(time.Minute)
		s.reconcile(time.Minute)
		require.Empty(t, s.openOperations(t))
	}
	settle()
	equalAmount(t, "60", s.freshSession(x.ID).Amount)
	_, err = s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID, Input: token("tok_2")})
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	settle()
	pay := s.authorize(x)
	_, err = s.capture(pay, "40")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	settle()
	_, err = s.refund(pay, "10")
	require.ErrorIs(t, err, payment.ErrOutcomeUnknown)
	settle()
	require.Len(t, sent, 12)
	for i := 0; i < len(sent); i += 3 {
		require.Equal(t, sent[i], sent[i+1])
		require.Equal(t, sent[i], sent[i+2])
	}
	require.Contains(t, sent[0], "a@example.com")
	require.Contains(t, sent[0], "tok_1")
	require.Contains(t, sent[3], "tok_2")
}

// Rule 8: what a message claims does not count where the gateway can be asked.
func TestRuleMessageIsNotBelieved(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.CapturePayment(t.Context(), payment.CapturePaymentParams{PaymentID: p.ID, Amount: amount("10")})
	require.NoError(t, err)
	messages := s.gateway.Webhooks()
	captured := messages[len(messages)-1]
	for _, change := range [][2]string{
		{`"amount":1000,`, `"amount":9000,`}, {`"status":"requires_capture"`, `"status":"canceled"`}, {`"currency":"EUR"`, `"currency":"USD"`},
	} {
		body := strings.ReplaceAll(string(captured.Body), change[0], change[1])
		require.NotEqual(t, string(captured.Body), body, change[0])
		body = strings.Replace(body, `"id":"evt_`, `"id":"evt_`+strconv.Itoa(len(change[1]))+change[1][1:4], 1)
		require.Equal(t, payment.DeliveryHandled, s.tell(s.gateway.SignWebhook([]byte(body), s.clock.Now())).State)
		equalAmount(t, "10", s.booksAgree(t, p.ID).Captured)
		require.Empty(t, s.attention())
	}
}

// Rule 8: an answer that was on its way while somebody else wrote is dropped, and the gateway asked again.
func TestRuleAnswerOlderThanTheRows(t *testing.T) {
	var during func()
	s := newShop(t, options{wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			snapshot, err := p.Status(ctx, r)
			if do := during; do != nil {
				during = nil
				do()
			}
			return snapshot, err
		}}
	}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	require.ErrorIs(t, s.authorizeWith(x, "tok_3ds"), payment.ErrRequiresMore)
	s.gateway.Webhooks()
	require.NoError(t, s.gateway.CompleteChallenge(x.Reference, false))
	other := s.anotherProcess(payment.Config{})
	during = func() { require.ErrorIs(t, other.authorizeWith(x, "tok_delayed"), payment.ErrPending) }
	require.Equal(t, "session_changed", s.tell(s.gateway.Webhooks()[0]).Code) // it tells of the challenge that was failed
	require.False(t, s.freshSession(x.ID).ProcessingSince.IsZero(), "the gateway is deciding: nothing may call it declined")
	equalAmount(t, "100", s.fresh(c.ID).Held)
	require.NoError(t, s.gateway.ResolveDelayed(x.Reference, true))
	s.reconcile(2 * time.Second)
	require.Equal(t, payment.StatusAuthorized, s.freshSession(x.ID).Status)
	require.Equal(t, payment.DeliveryHandled, s.deliveries()[0].State)
}

// Rule 9: nobody tells, and nobody asks for anything: what happened to money that is held is found, less and less often.
func TestRuleSessionsWithMoneyAreAudited(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	require.Equal(t, []string{p.SessionID}, s.reconcile(time.Minute).Settled)
	equalAmount(t, "30", s.booksAgree(t, p.ID).Captured)
	asked := func() int { return len(s.calls(sandboxprovider.MethodRetrieve)) }
	before := asked()
	for range 60 {
		s.reconcile(time.Minute)
	}
	require.Equal(t, before+5, asked(), "after 1, 3, 7, 15 and 31 minutes")
	require.NoError(t, s.gateway.CancelAtDashboard(s.intent(p.SessionID).Reference))
	s.reconcile(24 * time.Hour)
	equalAmount(t, "70", s.booksAgree(t, p.ID).Released)
	before = asked()
	s.reconcile(100 * 24 * time.Hour) // a last look
	s.reconcile(100 * 24 * time.Hour)
	s.reconcile(100 * 24 * time.Hour)
	require.LessOrEqual(t, asked(), before+1, "not for ever")
}

// deaf is a store that cannot keep messages.
type deaf struct {
	payment.Store
	err  error
	puts int
}

func (d *deaf) PutDelivery(ctx context.Context, x *payment.Delivery) error {
	if d.puts++; d.err != nil {
		return d.err
	}
	return d.Store.PutDelivery(ctx, x)
}

// Rule 12: no message is acknowledged, or acted upon, that is not stored.
func TestRuleAcknowledgedOnceStored(t *testing.T) {
	store := &deaf{Store: memstore.New(), err: errDead}
	var s *shop
	s = newShop(t, options{store: store, wrap: func(p payment.Provider) payment.Provider {
		return faulty{Provider: p, status: func(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
			require.Len(t, s.deliveries(), 1, "stored, then handled")
			return p.Status(ctx, r)
		}}
	}})
	p := s.paid("sandbox", "100", "EUR")
	s.gateway.Webhooks()
	_, err := s.gateway.CaptureAtDashboard(s.intent(p.SessionID).Reference, dec("30"))
	require.NoError(t, err)
	m := s.gateway.Webhooks()[0]
	rows := s.allRows()
	_, err = s.HandleWebhook(t.Context(), "sandbox", m)
	require.ErrorIs(t, err, errDead)
	require.Equal(t, rows, s.allRows())
	require.Empty(t, s.calls(sandboxprovider.MethodRetrieve))
	store.err = nil
	require.Equal(t, payment.DeliveryHandled, s.tell(m).State)
	equalAmount(t, "30", s.booksAgree(t, p.ID).Captured)
}

// Rule 14: money that was taken and that nobody wants any more is a person's matter: the library gives nothing back, and voids nothing else.
func TestRuleConflictNeverRefunds(t *testing.T) {
	s := newShop(t, options{gateway: sandboxprovider.GatewayConfig{AutoCapture: true}})
	c := s.collection("100", "EUR")
	x := s.session(c, "sandbox", "100")
	s.fail(sandboxprovider.MethodConfirm, sandboxprovider.FaultTooManyRequests)
	_, err := s.tryAuthorize(x)
	require.ErrorIs(t, err, payment.ErrNotSent) // and yet another system confirms it, after the order was paid by another session
	other := s.authorize(s.session(c, "manual", "100"))
	provider := sandboxprovider.New(s.gateway, sandboxprovider.Config{})
	_, err = provider.Authorize(t.Context(), payment.AuthorizeRequest{Request: payment.Request{Reference: x.Reference, SessionID: x.ID, CurrencyCode: "EUR"}})
	require.NoError(t, err)
	s.tellAll(false)
	for range 5 {
		s.reconcile(time.Hour)
	}
	require.Equal(t, []string{"unasked"}, s.attention())
	require.Empty(t, s.calls(sandboxprovider.MethodRefund))
	require.Empty(t, s.calls(sandboxprovider.MethodCancel))
	equalAmount(t, "0", s.payment(other.ID).Released)
	equalAmount(t, "100", s.fresh(c.ID).Authorized)
	equalAmount(t, "100", s.payment(s.freshSession(x.ID).PaymentID).Captured)
	equalAmount(t, "0", s.fresh(c.ID).Captured)
}

// Rule 15: what somebody did at the dashboard is recorded as such once the gateway tells of it, and counts against what is left.
func TestRuleDashboardIsHeardOf(t *testing.T) {
	s := newShop(t, options{})
	p := s.paid("sandbox", "100", "EUR")
	ours, err := s.capture(p, "40")
	require.NoError(t, err)
	reference := s.intent(p.SessionID).Reference
	_, err = s.gateway.CaptureAtDashboard(reference, dec("40"))
	require.NoError(t, err)
	_, err = s.gateway.RefundAtDashboard(reference, dec("15"))
	require.NoError(t, err)
	s.tellAll(true)
	p = s.booksAgree(t, p.ID)
	require.Len(t, p.Captures, 2)
	require.Equal(t, ours.Captures[0].ID, p.Captures[0].ID)
	require.False(t, p.Captures[0].External())
	require.True(t, p.Captures[1].External())
	require.True(t, p.Refunds[0].External())
	_, err = s.capture(p, "20.01")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
	_, err = s.refund(p, "65.01")
	require.ErrorIs(t, err, payment.ErrAmountExceeded)
}
