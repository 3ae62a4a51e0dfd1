package payment

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// sources parses the package without its tests.
func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, f)
		}
	}
	require.NotEmpty(t, files)
	return files
}

// constants are the values of the package's string constants, by name, whose declared type, or prefix where they have none, is the one.
func constants(t *testing.T, typeOrPrefix string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, f := range sources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != len(v.Names) {
				return true
			}
			for i, name := range v.Names {
				typed, _ := v.Type.(*ast.Ident)
				value, ok := v.Values[i].(*ast.BasicLit)
				if !ok || value.Kind != token.STRING {
					continue
				}
				if typed != nil && typed.Name == typeOrPrefix || typed == nil && v.Type == nil && strings.HasPrefix(name.Name, typeOrPrefix) {
					found[name.Name], _ = strconv.Unquote(value.Value)
				}
			}
			return true
		})
	}
	require.NotEmpty(t, found, "no constants of %s", typeOrPrefix)
	return found
}

// Every constant that the library has is one that the timeline has words for.
func TestTimelineHasWordsForAll(t *testing.T) {
	for name, kind := range constants(t, "EventKind") {
		e := Event{Kind: EventKind(kind), Code: "some_code"}
		require.NotContains(t, e.words("1.00 EUR"), "unknown", name)
	}
	for name, state := range constants(t, "OperationState") {
		require.NotContains(t, (&drawing{}).stateWords(&Operation{State: OperationState(state)}), "unknown", name)
	}
	for name, kind := range constants(t, "OperationKind") {
		require.NotEqual(t, askAgain("another"), askAgain(OperationKind(kind)), name)
	}
	for name, state := range constants(t, "DeliveryState") {
		require.NotContains(t, deliveryWords(&Delivery{State: DeliveryState(state)}), "unknown", name)
	}
	for name, code := range constants(t, "parked") {
		require.NotEqual(t, code, parkedWords(code), name)
	}
	for name, code := range constants(t, "code") {
		require.NotContains(t, failureWords(code), "refused", name)
	}
	for _, code := range attentionCodes(t) {
		require.NotEqual(t, code, attentionWords(code))
	}
	for name, status := range constants(t, "SessionStatus") {
		b := outlookBook()
		b.session.Status = SessionStatus(status)
		got := b.outlook(outlookGateway(), nil)
		require.NotContains(t, got.Why, "unknown", name)
		require.True(t, slices.ContainsFunc(outlooks(), func(c outlookCase) bool { return c.status == SessionStatus(status) }), "no case for %s", name)
	}
}

// attentionCodes are the reasons for which an operation is left to a person: what is given to attention, what conflict and excess return,
// and what is found to clash.
func attentionCodes(t *testing.T) (codes []string) {
	t.Helper()
	named := constants(t, "code")
	add := func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BasicLit:
			code, err := strconv.Unquote(e.Value)
			require.NoError(t, err)
			if code != "" {
				codes = append(codes, code)
			}
		case *ast.Ident:
			if code := named[e.Name]; code != "" {
				codes = append(codes, code)
			}
		}
	}
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "attention" {
						add(n.Args[1])
					}
				case *ast.AssignStmt:
					for i, left := range n.Lhs {
						if s, ok := left.(*ast.SelectorExpr); ok && s.Sel.Name == "clash" && len(n.Rhs) == len(n.Lhs) {
							add(n.Rhs[i])
						}
					}
				case *ast.ReturnStmt:
					if fn.Name.Name == "conflict" || fn.Name.Name == "excess" {
						add(n.Results[0])
					}
				}
				return true
			})
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	require.GreaterOrEqual(t, len(codes), 16)
	return codes
}

// outlookBook is a session of 100 EUR that is pending, one minute after it was made.
func outlookBook() *book {
	d := decimal.RequireFromString
	now := time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC)
	cfg := Config{}.withDefaults()
	made := now.Add(-time.Minute)
	b := &book{cfg: &cfg, now: now}
	b.collection = &PaymentCollection{ID: "paycol_1", CurrencyCode: "EUR", Amount: d("100"), CreatedAt: made}
	b.session = &PaymentSession{
		ID: "payses_1", CollectionID: "paycol_1", ProviderID: "p", CurrencyCode: "EUR", Amount: d("100"), Status: StatusPending,
		InitializedAt: made, CreatedAt: made, UpdatedAt: made,
	}
	return b
}

// everything is a provider with all optional methods, none of which is called.
type everything struct {
	Provider
	Updater
	Canceler
	Capturer
	Refunder
}

func outlookGateway() *gateway {
	e := everything{}
	return &gateway{updater: e, canceler: e, capturer: e, refunder: e, info: ProviderInfo{MultiCapture: true}}
}

type outlookCase struct {
	name    string
	status  SessionStatus
	change  func(b *book, g *gateway)
	why     string
	next    []string // time and text
	can     []string
	waiting []*Delivery
}

// locked is an operation that locks the session.
func locked(kind OperationKind, change func(op *Operation)) func(*book, *gateway) {
	return func(b *book, _ *gateway) {
		op := &Operation{
			ID: "op_1", Kind: kind, State: OperationOpen, Amount: b.session.Amount, CurrencyCode: "EUR", Tries: 1,
			CreatedAt: b.session.CreatedAt, UpdatedAt: b.session.CreatedAt, FirstCallAt: b.session.CreatedAt, LastCallAt: b.session.CreatedAt,
			LeaseUntil: b.session.CreatedAt.Add(45 * time.Second),
		}
		change(op)
		b.session.OperationID, b.operations = op.ID, []*Operation{op}
	}
}

// paidFor makes the session a payment.
func paidFor(change func(p *Payment, b *book)) func(*book, *gateway) {
	return func(b *book, _ *gateway) {
		d := decimal.RequireFromString
		b.payment = &Payment{ID: "pay_1", SessionID: "payses_1", CurrencyCode: "EUR", Amount: d("100"), Authorized: d("100"), Capturable: d("100")}
		b.collection.Authorized = d("100")
		b.session.PaymentID, b.session.AuthorizedAt = "pay_1", b.session.CreatedAt
		if change != nil {
			change(b.payment, b)
		}
	}
}

func outlooks() []outlookCase {
	d := decimal.RequireFromString
	const looks = "12:03:00 Reconcile asks the gateway whether anything has changed (about then)"
	return []outlookCase{
		{name: "pending", status: StatusPending, why: "it was not authorized yet", can: []string{"AuthorizeSession", "UpdateSession", "CancelSession"}},
		{
			name: "pending, not initialized", status: StatusPending,
			change: func(b *book, _ *gateway) { b.session.InitializedAt = time.Time{} },
			why:    "the provider has not initialized it yet", can: []string{"AuthorizeSession", "UpdateSession", "CancelSession"},
		},
		{
			name: "pending, it expires", status: StatusPending,
			change: func(b *book, _ *gateway) { b.session.ExpiresAt = b.now.Add(time.Hour) },
			why:    "it was not authorized yet", can: []string{"AuthorizeSession", "UpdateSession", "CancelSession"},
			next: []string{"13:01:00 its time ends: Reconcile cancels it, at the gateway first"},
		},
		{
			name: "pending, the browser confirms", status: StatusPending,
			change: func(b *book, g *gateway) {
				g.info.ClientConfirms, b.session.Held, b.collection.Held = true, d("100"), d("100")
			},
			why:  "the shopper has not confirmed it in the browser yet; 100.00 EUR is held, because the gateway could take it",
			next: []string{looks},
			can:  []string{"AuthorizeSession, once the shopper has confirmed it in the browser", "UpdateSession", "CancelSession"},
		},
		{
			name: "pending, the gateway decides", status: StatusPending,
			change: func(b *book, _ *gateway) {
				b.session.ProcessingSince, b.session.Held, b.collection.Held = b.session.CreatedAt, d("100"), d("100")
			},
			why:  "the gateway accepted it at 03-01 12:00:00 and is still deciding; 100.00 EUR is held, because the gateway could take it",
			next: []string{looks},
			can:  []string{"AuthorizeSession, which asks the gateway"},
		},
		{
			name: "pending, the gateway decides for too long", status: StatusPending,
			change: func(b *book, _ *gateway) { b.session.ProcessingSince = b.now.Add(-24 * time.Hour) },
			why:    "the gateway accepted it at 02-28 12:01:00 and is still deciding", next: []string{looks},
			can: []string{"AuthorizeSession, which asks the gateway", "CancelSession"},
		},
		{
			name: "pending, the collection is completed", status: StatusPending,
			change: func(b *book, _ *gateway) { b.collection.CompletedAt = b.now },
			why:    "it was not authorized yet", can: []string{"CancelSession"},
		},
		{
			name: "pending, others hold the rest", status: StatusPending,
			change: func(b *book, _ *gateway) { b.collection.Held = d("0.01") },
			why:    "it was not authorized yet",
			can:    []string{"AuthorizeSession, once 100.00 EUR is free: other sessions of the collection take the rest", "UpdateSession", "CancelSession"},
		},
		{
			name: "pending, the provider can neither update nor cancel", status: StatusPending,
			change: func(_ *book, g *gateway) { g.updater, g.canceler = nil, nil },
			why:    "it was not authorized yet", can: []string{"AuthorizeSession", "CancelSession"},
		},
		{
			name: "requires more", status: StatusRequiresMore,
			change: func(b *book, g *gateway) {
				g.updater, g.canceler = nil, nil
				b.session.Held, b.collection.Held, b.session.NextAction = d("100"), d("100"), &NextAction{Kind: ActionRedirect}
			},
			why:  "the gateway asks the shopper for more (redirect); 100.00 EUR is held, because the gateway could take it",
			next: []string{looks}, can: []string{"AuthorizeSession, once the shopper is back"},
		},
		{
			name: "declined", status: StatusError,
			change: func(b *book, _ *gateway) { b.session.Reason, b.session.Declines = "insufficient_funds", 1 },
			why:    "the gateway refused: insufficient_funds; 1 of at most 10 attempts were declined",
			can:    []string{"AuthorizeSession with another means of payment", "UpdateSession", "CancelSession"},
		},
		{
			name: "declined too often", status: StatusError,
			change: func(b *book, _ *gateway) { b.session.Reason, b.session.Declines = "stolen", 10 },
			why:    "the gateway refused: stolen; 10 of at most 10 attempts were declined",
			can:    []string{"CreateSession with another session, which supersedes this one: it takes no more attempts", "UpdateSession", "CancelSession"},
		},
		{
			name: "declined too often in the collection", status: StatusError,
			change: func(b *book, _ *gateway) { b.session.Reason, b.collection.Declines = "stolen", 20 },
			why:    "the gateway refused: stolen",
			can:    []string{"CreateSession by a provider without a gateway, or CancelCollection and another one: it takes no more attempts (Config.MaxCollectionDeclines)", "UpdateSession", "CancelSession"},
		},
		{
			name: "never initialized", status: StatusError,
			change: func(b *book, _ *gateway) { b.session.Reason, b.session.InitializedAt = codeNotSent, time.Time{} },
			why:    "the gateway did nothing", can: []string{"AuthorizeSession, which initializes it again", "UpdateSession", "CancelSession"},
		},
		{
			name: "authorized", status: StatusAuthorized,
			change: paidFor(func(p *Payment, b *book) { p.CaptureBefore = b.now.Add(24 * time.Hour) }),
			why:    "100.00 EUR was authorized, 100.00 left to capture",
			next:   []string{looks, "12:01:00 the gateway lets the authorization lapse: what was not captured by then is lost"},
			can:    []string{"CapturePayment pay_1, at most 100.00 EUR", "CancelPayment pay_1, which releases what is not captured"},
		},
		{
			name: "captured and refunded in part", status: StatusAuthorized,
			change: paidFor(func(p *Payment, b *book) {
				p.Captured, p.Capturable, p.Refunded, p.Released = d("40"), d("30"), d("5"), d("10")
				b.captures = []*Capture{{Entry{State: MovementSucceeded, Amount: d("40")}}, {Entry{State: MovementPending, Amount: d("20")}}}
				b.refunds = []*Refund{{Entry: Entry{State: MovementSucceeded, Amount: d("5")}}, {Entry: Entry{State: MovementPending, Amount: d("3")}}}
			}),
			why: "100.00 EUR was authorized, 40.00 captured, 20.00 of it being captured, 5.00 refunded, 3.00 of it being refunded, 10.00 released, " +
				"30.00 left to capture",
			next: []string{looks},
			can: []string{
				"CapturePayment pay_1, at most 30.00 EUR", "RefundPayment pay_1, at most 32.00 EUR",
				"CancelPayment pay_1, which releases what is not captured",
			},
		},
		{
			name: "authorized, by a provider that can do nothing", status: StatusAuthorized,
			change: func(b *book, g *gateway) {
				paidFor(nil)(b, g)
				g.canceler, g.capturer, g.refunder, g.info.Pure = nil, nil, nil, true
			},
			why: "100.00 EUR was authorized, 100.00 left to capture",
		},
		{
			name: "authorized, its payment is too old", status: StatusAuthorized,
			change: func(b *book, _ *gateway) { b.session.PaymentID = "pay_1" },
			why:    "it has a payment, which is not among the newest", next: []string{looks},
		},
		{
			name: "canceled", status: StatusCanceled, change: func(b *book, _ *gateway) { b.session.CanceledAt = b.now },
			why: "it was canceled at 03-01 12:01:00", can: []string{"CreateSession with a new one, of at most 100.00 EUR"},
		},
		{
			name: "expired", status: StatusCanceled,
			change: func(b *book, _ *gateway) {
				b.session.CanceledAt, b.session.ExpiresAt, b.collection.CanceledAt = b.now, b.now, b.now
			},
			why: "it expired at 03-01 12:01:00",
		},
		{
			name: "voided", status: StatusCanceled,
			change: paidFor(func(p *Payment, b *book) {
				p.Capturable, p.Released, p.CanceledAt, b.session.CanceledAt = decimal.Decimal{}, d("100"), b.now, b.now
				b.collection.Authorized = decimal.Decimal{}
			}),
			why: "it was canceled at 03-01 12:01:00; 100.00 EUR was authorized, 100.00 released; it is void",
			can: []string{"CreateSession with a new one, of at most 100.00 EUR"},
		},
		{
			name: "money that nobody asked for", status: StatusCanceled,
			change: paidFor(func(p *Payment, b *book) {
				p.Unasked, p.Captured, p.Capturable, b.session.CanceledAt = true, d("100"), decimal.Decimal{}, b.now
				b.captures = []*Capture{{Entry{State: MovementSucceeded, Amount: d("100")}}}
				b.session.Accepted = []string{"unasked="}
			}),
			why: "it was canceled at 03-01 12:01:00; the gateway authorized 100.00 EUR that nobody asked for, 100.00 captured; " +
				"a person has decided to look after it",
			can: []string{"give it back at the gateway's dashboard: no call moves money that nobody asked for"},
		},
		{
			name: "under way", status: StatusPending,
			change: locked(OperationAuthorize, func(op *Operation) { op.LeaseUntil = op.CreatedAt.Add(90 * time.Second) }),
			why:    "operation op_1 (authorize 100.00 EUR) is under way, try 1",
			next: []string{
				"12:01:30 its executor's time ends: if it has not ended by then, Reconcile, or any call that meets it, asks the gateway",
				"12:00:00 if it is not known by then, a person must decide",
			},
			can: []string{"AuthorizeSession, which finds out first what became of it"},
		},
		{
			name: "its executor died", status: StatusPending, change: locked(OperationUpdate, func(*Operation) {}),
			why: "whether operation op_1 (update 100.00 EUR) has happened is not known, after 1 try",
			next: []string{
				"12:00:45 Reconcile asks the gateway; any call that meets it does so at once", "12:00:00 if it is not known by then, a person must decide",
			},
			can: []string{"UpdateSession, which finds out first what became of it"},
		},
		{
			name: "not known", status: StatusAuthorized,
			change: locked(OperationCapture, func(op *Operation) {
				op.Tries, op.Message = 7, "time\nout"
				op.UpdatedAt = op.CreatedAt.Add(50 * time.Second)
				op.LeaseUntil = op.UpdatedAt
			}),
			why: `whether operation op_1 (capture 100.00 EUR) has happened is not known, after 7 tries; the last answer was "time out"`,
			next: []string{
				"12:01:54 Reconcile asks the gateway; any call that meets it does so at once", "12:00:00 if it is not known by then, a person must decide",
			},
			can: []string{"CapturePayment with the same IdempotencyKey, which finds out what became of it; without the key it is another capture"},
		},
		{
			name: "a void that nobody has called for yet", status: StatusCanceled,
			change: locked(OperationCancel, func(op *Operation) { op.Tries, op.FirstCallAt, op.LeaseUntil = 0, time.Time{}, op.CreatedAt }),
			why:    "operation op_1 (cancel 100.00 EUR) was written down, and is not made yet",
			next:   []string{"12:00:00 Reconcile, or any call that meets it, makes the call"},
			can:    []string{"CancelSession, which finds out first what became of it"},
		},
		{
			name: "a person must decide", status: StatusAuthorized,
			change: locked(OperationRefund, func(op *Operation) {
				op.State, op.Code, op.LeaseUntil, op.Message = OperationNeedsAttention, "gave_up", time.Time{}, `say "what"`
			}),
			why: "operation op_1 (refund 100.00 EUR) needs a person: the gateway could not say for too long what became of it; " +
				`the last answer was "say 'what'"`,
			next: []string{"12:03:00 Reconcile asks the gateway for proof that ends it (about then)"},
			can: []string{
				"look at the gateway's dashboard first; news of it (HandleWebhook, Reconcile) may end the operation too",
				"ResolveOperation op_1 with ask, accept or fail",
			},
		},
		{
			name: "a message waits", status: StatusPending,
			waiting: []*Delivery{{ID: "whd_1", Type: "paid\x1b[31m", Code: parkedNoAnswer, DueAt: time.Date(2026, 3, 1, 12, 1, 4, 0, time.UTC)}},
			why:     "it was not authorized yet",
			next:    []string{`12:01:04 Reconcile handles webhook message whd_1 "paid [31m", which waits: the gateway did not answer`},
			can:     []string{"AuthorizeSession", "UpdateSession", "CancelSession"},
		},
		{
			name: "deleted", status: StatusCanceled, change: func(b *book, _ *gateway) { b.collection.DeletedAt = b.now },
			why: "it was canceled; it is deleted: no other method finds it",
		},
		{
			name: "changed meanwhile", status: StatusPending, change: func(b *book, _ *gateway) { b.session.OperationID = "op_2" },
			why:  "it was not authorized yet; operation op_2 began while this was read: look again",
			next: []string{looks}, can: []string{"AuthorizeSession", "UpdateSession", "CancelSession"},
		},
	}
}

func TestOutlook(t *testing.T) {
	for _, tt := range outlooks() {
		t.Run(tt.name, func(t *testing.T) {
			b, g := outlookBook(), outlookGateway()
			b.session.Status = tt.status
			if tt.change != nil {
				tt.change(b, g)
			}
			got := b.outlook(g, tt.waiting)
			require.Equal(t, tt.why, got.Why)
			var next []string
			for _, n := range got.Next {
				next = append(next, n.At.Format("15:04:05 ")+n.Text)
			}
			require.Equal(t, tt.next, next)
			require.Equal(t, tt.can, got.Can)
		})
	}
	t.Run("a provider that is gone", func(t *testing.T) {
		got := outlookBook().outlook(nil, nil)
		require.Equal(t, "it was not authorized yet; provider p is not configured in this process, so nobody asks its gateway", got.Why)
		require.Empty(t, got.Next)
		require.Equal(t, []string{"configure provider p again"}, got.Can)
	})
}

// When a person must decide is told as it comes true.
func TestTimelineSaysWhenAPersonMustDecide(t *testing.T) {
	for _, tt := range []struct {
		name   string
		keyTTL time.Duration
		change func(op *Operation)
		want   time.Duration // after the first call
	}{
		{"no keys", 0, func(*Operation) {}, 24 * time.Hour},
		{"short keys", time.Hour, func(*Operation) {}, 24 * time.Hour},
		{"the call may be repeated yet", 24 * time.Hour, func(*Operation) {}, 36*time.Hour + 15*time.Minute - 5*time.Second},
		{
			"repeated for the last time", 24 * time.Hour,
			func(op *Operation) {
				op.FirstCallAt, op.LastCallAt = op.FirstCallAt.Add(-13*time.Hour), op.LastCallAt.Add(-2*time.Hour)
			},
			35*time.Hour + 15*time.Minute + 10*time.Second,
		},
		{"a person asked again", 0, func(op *Operation) { op.ResolvedAt = op.FirstCallAt.Add(time.Hour) }, 25 * time.Hour},
		{"not called yet", 0, func(op *Operation) { op.FirstCallAt, op.LastCallAt = time.Time{}, time.Time{} }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, g := outlookBook(), outlookGateway()
			g.info.KeyTTL, g.info.MaxRequestLife = tt.keyTTL, 15*time.Minute
			locked(OperationCapture, tt.change)(b, g)
			op := b.operations[0]
			at := b.givesUpAt(g, op)
			if tt.want == 0 {
				require.Zero(t, at)
				return
			}
			require.Equal(t, op.FirstCallAt.Add(tt.want), at)
			for op.Tries = leastTries; g.mayRepeat(b.cfg, op, b.now); b.now = b.now.Add(time.Second) {
				op.LastCallAt = b.now
			}
			b.now = at.Add(-2 * time.Second)
			b.stayOpen(g, op, false)
			require.Equal(t, OperationOpen, op.State)
			b.now = at
			b.stayOpen(g, op, false)
			require.Equal(t, OperationNeedsAttention, op.State)
		})
	}
}

// The guide's table has each code that a person must decide about.
func TestGuideHasEveryCode(t *testing.T) {
	source, err := os.ReadFile("timeline_text.go")
	require.NoError(t, err)
	_, words, found := strings.Cut(string(source), "func attentionWords(")
	require.True(t, found)
	words, _, _ = strings.Cut(words, "\n}\n")
	want := []string{codeUnasked}
	for _, m := range regexp.MustCompile(`case "(\w+)"`).FindAllStringSubmatch(words, -1) {
		want = append(want, m[1])
	}
	require.Len(t, want, strings.Count(words, "\tcase "))
	guide, err := os.ReadFile("docs/guide.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(guide), "| `Code` | what is wrong |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var got []string
	for line := range strings.Lines(table) {
		codes, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(codes, -1) {
			got = append(got, m[1])
		}
	}
	require.ElementsMatch(t, want, got)
}

// Events keep the order in which they happened, whatever the clocks of the processes that wrote them said.
func TestTimelineKeepsTheOrderOfEvents(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 12, 0, s, 0, time.UTC) }
	d := &drawing{}
	d.rows.Events = []*Event{
		{ID: "evt_05", Seq: 192, At: at(9)}, {ID: "evt_01", Seq: 64, At: at(0)}, {ID: "evt_02", Seq: 65, At: at(5)}, {ID: "evt_03", Seq: 128, At: at(3)},
	}
	d.rows.Operations = []*Operation{{ID: "op_06", CreatedAt: at(9)}, {ID: "op_04", CreatedAt: at(4)}, {ID: "op_07", CreatedAt: at(10)}}
	d.rows.Deliveries = []*Delivery{{ID: "whd_08", ReceivedAt: at(5)}, {ID: "whd_00", ReceivedAt: at(5)}}
	var ids []string
	for _, e := range d.entries() {
		ids = append(ids, e.ID)
	}
	require.Equal(t, "evt_01 op_04 whd_00 evt_02 evt_03 whd_08 evt_05 op_06 op_07", strings.Join(ids, " "))
}

func TestTimelineAmounts(t *testing.T) {
	for want, got := range map[string]string{
		"1.50 EUR":    money(decimal.RequireFromString("1.5"), "EUR"),
		"1500 JPY":    money(decimal.RequireFromString("1500"), "JPY"),
		"1.005 EUR":   money(decimal.RequireFromString("1.005"), "EUR"),
		"1.5 ???":     money(decimal.RequireFromString("1.5"), "???"),
		"1e90000 EUR": money(decimal.New(1, 90000), "EUR"),
	} {
		require.Equal(t, want, got)
	}
}
