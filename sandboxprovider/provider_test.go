package sandboxprovider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

type (
	gatewayConfig = sandboxprovider.GatewayConfig
	config        = sandboxprovider.Config
	fault         = sandboxprovider.Fault
)

func TestInitialize(t *testing.T) {
	s := newShop(t, gatewayConfig{IntentLife: time.Hour}, config{})
	got := s.initialize()
	require.Equal(t, payment.SnapshotPending, got.State)
	require.Equal(t, "int_000001", got.Reference)
	require.Equal(t, "acct_sandbox", got.Account)
	require.Equal(t, "USD", got.CurrencyCode)
	s.equal("10", got.Amount)
	require.True(t, got.Authorized.IsZero())
	require.Nil(t, got.Capturable)
	require.NotNil(t, got.Movements, "this gateway lists movements: there are none")
	require.Equal(t, s.now.Add(time.Hour), got.ExpiresAt)

	in := s.books()
	require.Equal(t, payment.Data{
		"intent_id": "int_000001", "client_token": in.ClientToken, "amount": "10.00", "currency_code": "USD",
		"status": "requires_payment_method",
	}, got.Data)
	require.Equal(t, payment.Data{"access_value": in.Secret}, got.Private.Reveal())
	require.Equal(t, "payses_1", in.SessionID)
	require.Equal(t, "paycol_1", in.CollectionID)
	require.Len(t, in.Key, 32)
}

func TestTheSecretIsOnlyInPrivate(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	got, err := s.capture("", "4", false)
	require.NoError(t, err)
	secret := s.books().Secret
	require.NotEmpty(t, secret)
	public := got
	public.Private = nil
	require.NotContains(t, fmt.Sprintf("%+v", public), secret)
	for _, w := range s.gw.Webhooks() {
		require.NotContains(t, string(w.Body), secret)
		require.NotContains(t, string(w.Body), s.books().ClientToken)
	}
	log, err := json.Marshal(s.gw.Requests())
	require.NoError(t, err)
	require.NotContains(t, string(log), secret)
}

func TestTokens(t *testing.T) {
	for _, tc := range []struct {
		token string
		kind  string
		state payment.SnapshotState
		code  string
	}{
		{"", "none", payment.SnapshotAuthorized, ""},
		{sandboxprovider.TokenVisa, "none", payment.SnapshotAuthorized, ""},
		{sandboxprovider.Token3DS, "none", payment.SnapshotRequiresMore, ""},
		{sandboxprovider.Token3DSDeclined, "none", payment.SnapshotRequiresMore, ""},
		{sandboxprovider.TokenDeclined, "declined", payment.SnapshotDeclined, "card_declined"},
		{sandboxprovider.TokenInsufficientFunds, "declined", payment.SnapshotDeclined, "insufficient_funds"},
		{sandboxprovider.TokenDelayed, "none", payment.SnapshotProcessing, ""},
		{sandboxprovider.TokenAuto, "none", payment.SnapshotAuthorized, ""},
		{sandboxprovider.Token500, "unknown", "", ""},
		{"tok_nobody_knows", "declined", payment.SnapshotPending, "token_unknown"},
	} {
		t.Run(tc.token, func(t *testing.T) {
			s := newShop(t, gatewayConfig{}, config{})
			s.initialize()
			got, err := s.authorize("", tc.token)
			s.kind(tc.kind, err)
			require.Equal(t, tc.state, got.State)
			if tc.code != "" {
				require.ErrorContains(t, err, "("+tc.code+")")
			}
			if tc.state == payment.SnapshotDeclined {
				require.Equal(t, tc.code, got.Decline.Code)
				require.Equal(t, tc.code, s.books().DeclineCode)
				again, err := s.authorize("", "") // another try is possible
				require.NoError(t, err)
				require.Equal(t, payment.SnapshotAuthorized, again.State)
				require.Nil(t, again.Decline)
			}
		})
	}
}

func TestEveryTokenIsInThePackageComment(t *testing.T) {
	files := token.NewFileSet()
	doc, err := parser.ParseFile(files, "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	source, err := parser.ParseFile(files, "token.go", nil, 0)
	require.NoError(t, err)
	n := 0
	ast.Inspect(source, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok {
			for _, v := range spec.Values {
				text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				require.NoError(t, err)
				require.Contains(t, doc.Doc.Text(), text)
				s := newShop(t, gatewayConfig{}, config{})
				s.initialize()
				if _, err := s.authorize("", text); err != nil {
					require.NotContains(t, err.Error(), "token_unknown", "%s is not handled", text)
				}
				n++
			}
		}
		return true
	})
	require.Equal(t, 8, n)
}

func TestTokenThatIsNoText(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	for _, v := range []any{json.Number("1"), nil, "", map[string]any{}, true} {
		r := s.with("")
		r.Input = payment.Data{"token": v}
		_, err := s.p.Authorize(context.Background(), payment.AuthorizeRequest{Request: r})
		s.kind("declined", err)
	}
	require.Zero(t, s.gw.Authorizations("payses_1"))
}

func TestChallenge(t *testing.T) {
	for _, tc := range []struct {
		token string
		pass  bool
		state payment.SnapshotState
		code  string
	}{
		{sandboxprovider.Token3DS, true, payment.SnapshotAuthorized, ""},
		{sandboxprovider.Token3DS, false, payment.SnapshotDeclined, "authentication_failed"},
		{sandboxprovider.Token3DSDeclined, true, payment.SnapshotDeclined, "card_declined"},
		{sandboxprovider.Token3DSDeclined, false, payment.SnapshotDeclined, "authentication_failed"},
	} {
		t.Run(fmt.Sprint(tc.token, tc.pass), func(t *testing.T) {
			s := newShop(t, gatewayConfig{BaseURL: "https://bank.example/sandbox/"}, config{})
			s.initialize()
			require.Error(t, s.gw.CompleteChallenge(s.r.Reference, true), "no challenge is open")
			got, err := s.authorize("", tc.token)
			require.NoError(t, err)
			require.Equal(t, payment.ActionRedirect, got.NextAction.Kind)
			require.Equal(t, "https://bank.example/sandbox/challenge/"+s.books().ClientToken, got.NextAction.URL)
			require.Zero(t, s.gw.Authorizations("payses_1"))

			again, err := s.authorize("", "") // asked again too early: nothing new
			require.NoError(t, err)
			require.Equal(t, got.NextAction, again.NextAction)

			require.NoError(t, s.gw.CompleteChallenge(s.r.Reference, tc.pass))
			now := s.status("")
			require.Equal(t, tc.state, now.State)
			require.Nil(t, now.NextAction)
			if tc.code != "" {
				require.Equal(t, tc.code, now.Decline.Code)
				return
			}
			s.equal("10", now.Authorized)
			final, err := s.authorize("", "")
			require.NoError(t, err, "without a token it asks what came of the challenge")
			require.Equal(t, payment.SnapshotAuthorized, final.State)
			final, err = s.authorize("", sandboxprovider.TokenVisa)
			s.kind("already done", err)
			require.Equal(t, payment.SnapshotAuthorized, final.State)
			require.Equal(t, 1, s.gw.Authorizations("payses_1"))
		})
	}
}

func TestDelayed(t *testing.T) {
	for _, ok := range []bool{true, false} {
		s := newShop(t, gatewayConfig{}, config{})
		s.initialize()
		require.Error(t, s.gw.ResolveDelayed(s.r.Reference, ok), "it is not processing")
		_, err := s.authorize("", sandboxprovider.TokenDelayed)
		require.NoError(t, err)
		_, err = s.update("", "11")
		s.kind("declined", err)
		_, err = s.cancel("")
		s.kind("declined", err)
		again, err := s.authorize("", sandboxprovider.TokenVisa)
		require.NoError(t, err)
		require.Equal(t, payment.SnapshotProcessing, again.State)
		require.Zero(t, s.gw.Authorizations("payses_1"))
		require.NoError(t, s.gw.ResolveDelayed(s.r.Reference, ok))
		if ok {
			got, err := s.authorize("", "")
			require.NoError(t, err)
			require.Equal(t, payment.SnapshotAuthorized, got.State)
			require.Equal(t, 1, s.gw.Authorizations("payses_1"))
		} else {
			require.Equal(t, "card_declined", s.status("").Decline.Code)
		}
	}
}

func TestAmountsAreMinorUnits(t *testing.T) {
	for _, tc := range []struct{ currency, ok, bad, text string }{
		{"USD", "10.99", "10.999", "10.99"},
		{"JPY", "500", "500.5", "500"},
		{"KWD", "1.234", "1.2345", "1.234"},
		{"XTS", "", "1", ""},
		{"USD", "92233720368547758.07", "92233720368547758.08", "92233720368547758.07"},
		{"USD", "", "0", ""},
		{"USD", "", "-1", ""},
	} {
		s := newShop(t, gatewayConfig{}, config{})
		s.r.CurrencyCode = tc.currency
		s.r.Amount = dec(tc.bad)
		_, err := s.p.Initialize(context.Background(), payment.InitializeRequest{Request: s.with("")})
		s.kind("not sent", err)
		require.Empty(t, s.gw.Requests(), "nothing was sent")
		if tc.ok == "" {
			continue
		}
		s.r.Amount = dec(tc.ok)
		got := s.initialize()
		require.Equal(t, tc.text, got.Data["amount"])
		_, err = s.authorize("", "")
		require.NoError(t, err)
		_, err = s.capture("", tc.ok, false)
		require.NoError(t, err)
		s.moved(tc.ok, "0", "0")
	}
}

func TestCurrenciesOfTheGateway(t *testing.T) {
	s := newShop(t, gatewayConfig{Currencies: map[string]payment.CurrencyRule{"ISK": {Digits: 2, Step: 100}}}, config{})
	s.r.CurrencyCode = "ISK"
	s.r.Amount = dec("500.50")
	_, err := s.p.Initialize(context.Background(), payment.InitializeRequest{Request: s.with("")})
	s.kind("not sent", err)
	s.r.Amount = dec("500")
	got := s.initialize()
	require.Equal(t, "500.00", got.Data["amount"])
	s.equal("500", s.books().Amount)
}

func TestAnotherCurrencyIsRefused(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	s.r.CurrencyCode = "JPY"
	_, err := s.update("", "500")
	s.kind("declined", err)
	s.r.CurrencyCode = "USD"
	_, err = s.authorize("", "")
	require.NoError(t, err)
	s.r.CurrencyCode = "EUR"
	_, err = s.capture("", "5", false)
	s.kind("declined", err)
	s.r.CurrencyCode = "USD"
	_, err = s.capture("", "5", false)
	require.NoError(t, err)
	s.r.CurrencyCode = "EUR"
	_, err = s.refund("", "5")
	s.kind("declined", err)
	s.moved("5", "0", "5")
}

func TestStatus(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	require.Equal(t, payment.Snapshot{State: payment.SnapshotNotFound}, s.status(""))
	created := s.initialize()
	_, err := s.authorize("", "")
	require.NoError(t, err)

	s.r.Reference = "" // lost: found again by the session
	require.Equal(t, created.Reference, s.status("").Reference)
	got, err := s.capture("", "10", false)
	require.NoError(t, err, "the provider finds the intent by the session too")
	require.Equal(t, created.Reference, got.Reference)

	s.r.SessionID = "payses_other"
	require.Equal(t, payment.SnapshotNotFound, s.status("").State)
	_, err = s.capture("", "10", false)
	s.kind("declined", err)
	s.r.Reference = created.Reference
	_, err = s.p.Status(context.Background(), payment.StatusRequest{Request: s.r})
	s.kind("unknown", err)
	s.r.SessionID, s.r.Reference = "payses_1", "int_999999"
	require.Equal(t, payment.SnapshotNotFound, s.status("").State)
	_, err = s.cancel("")
	s.kind("declined", err)
}

func TestStatusFindsTheIntentWithTheMoney(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	first := s.r.Reference
	_, err := s.authorize("", "")
	require.NoError(t, err)
	s.r.Reference = ""
	s.initialize() // a second one for the same session, by another key: a mistake that the gateway allows
	require.NotEqual(t, first, s.r.Reference)
	require.Len(t, s.gw.Intents(), 2)
	second := s.r.Reference
	s.r.Reference = ""
	require.Equal(t, first, s.status("").Reference)

	require.NoError(t, s.gw.CancelAtDashboard(first))
	require.Equal(t, second, s.status("").Reference, "the newest that is not canceled")
	s.initialize()
	third := s.r.Reference
	s.r.Reference = ""
	require.Equal(t, third, s.status("").Reference, "the newest")
	require.NoError(t, s.gw.CancelAtDashboard(second))
	require.NoError(t, s.gw.CancelAtDashboard(third))
	require.Equal(t, third, s.status("").Reference, "the newest, where all are canceled")
}

func TestStatusFindsTheFirstOfTwoIntentsWithMoney(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	first := s.r.Reference
	s.authorized()
	require.Equal(t, 2, s.gw.Authorizations("payses_1"), "this is what charging twice looks like")
	s.r.Reference = ""
	require.Equal(t, first, s.status("").Reference)
}

func TestClientConfirms(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{ClientConfirms: true})
	require.True(t, s.p.Describe().ClientConfirms)
	got, err := s.authorize("", "")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotPending, got.State, "nothing is there yet")
	created := s.initialize()

	got, err = s.authorize("", sandboxprovider.TokenVisa)
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotPending, got.State, "the server cannot confirm")

	client := created.Data["client_token"].(string)
	require.Error(t, s.gw.ConfirmInBrowser("ct_guessed", sandboxprovider.TokenVisa))
	require.ErrorContains(t, s.gw.ConfirmInBrowser(client, sandboxprovider.TokenDeclined), "card_declined")
	got, err = s.authorize("", "")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotDeclined, got.State)

	require.NoError(t, s.gw.ConfirmInBrowser(client, sandboxprovider.TokenVisa))
	got, err = s.authorize("", "")
	require.NoError(t, err)
	require.Equal(t, payment.SnapshotAuthorized, got.State)
	require.ErrorContains(t, s.gw.ConfirmInBrowser(client, sandboxprovider.TokenVisa), "already_authorized")
}

func TestTheBrowserCannotConfirmForTheServer(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.initialize()
	require.ErrorContains(t, s.gw.ConfirmInBrowser(s.books().ClientToken, sandboxprovider.TokenVisa), "confirmed_elsewhere")
	require.Zero(t, s.gw.Authorizations("payses_1"))
}

func TestTheServerCannotConfirmForTheBrowser(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{ClientConfirms: true})
	s.initialize()
	s.p = sandboxprovider.New(s.gw, config{})
	_, err := s.authorize("", sandboxprovider.TokenVisa)
	s.kind("declined", err)
	require.ErrorContains(t, err, "confirmed_elsewhere")
	require.Zero(t, s.gw.Authorizations("payses_1"))
}

func TestDescribe(t *testing.T) {
	s := newShop(t, gatewayConfig{IntentLife: time.Hour}, config{})
	require.Equal(t, "sandbox", s.p.ID())
	require.Equal(t, payment.ProviderInfo{
		KeyTTL: 24 * time.Hour, StatusByKey: true, MultiCapture: true, PartialRefund: true, SessionLifetime: time.Hour,
	}, s.p.Describe())
	s = newShop(t, gatewayConfig{KeyTTL: time.Hour, NoKeys: true}, config{ID: "acme"})
	require.Equal(t, "acme", s.p.ID())
	require.Equal(t, payment.ProviderInfo{MultiCapture: true, PartialRefund: true}, s.p.Describe())
}

func TestNoStatus(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{NoStatus: true})
	require.False(t, s.p.Describe().StatusByKey)
	s.initialize()
	_, err := s.p.Status(context.Background(), payment.StatusRequest{Request: s.r})
	require.ErrorIs(t, err, payment.ErrUnsupported)
}

func TestSameCallsSameBooks(t *testing.T) {
	run := func() (string, string) {
		s := newShop(t, gatewayConfig{}, config{})
		s.authorized()
		_, err := s.capture("", "4", false)
		require.NoError(t, err)
		_, err = s.refund("", "1")
		require.NoError(t, err)
		return fmt.Sprint(s.gw.Intents()), fmt.Sprint(s.gw.Webhooks(), s.gw.Requests())
	}
	books, rest := run()
	for range 5 {
		b, r := run()
		require.Equal(t, books, b)
		require.Equal(t, rest, r)
	}
}

func TestBooksAreCopies(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.authorized()
	_, err := s.capture("", "4", false)
	require.NoError(t, err)
	s.gw.Intents()[0].Movements[0].State = payment.MovementFailed
	s.gw.Requests()[0].Executed = false
	s.moved("4", "0", "6")
	require.True(t, s.gw.Requests()[0].Executed)
}

func TestNewID(t *testing.T) {
	n := 0
	gw := sandboxprovider.NewGateway(gatewayConfig{NewID: func(prefix string) string {
		n++
		return prefix + strings.Repeat("x", n)
	}})
	p := sandboxprovider.New(gw, config{})
	got, err := p.Initialize(context.Background(), payment.InitializeRequest{Request: payment.Request{
		SessionID: "payses_1", Amount: dec("1"), CurrencyCode: "USD",
	}})
	require.NoError(t, err)
	require.Equal(t, "int_x", got.Reference)
	require.WithinDuration(t, time.Now(), gw.Intents()[0].CreatedAt, time.Minute, "the clock is time.Now by default")
}

func TestConcurrentCallsChargeOnce(t *testing.T) {
	gw := sandboxprovider.NewGateway(gatewayConfig{OnWebhook: func(payment.WebhookRequest) {}})
	p := sandboxprovider.New(gw, config{})
	r := payment.Request{SessionID: "payses_1", Amount: dec("10"), CurrencyCode: "USD", IdempotencyKey: "k1"}
	got, err := p.Initialize(context.Background(), payment.InitializeRequest{Request: r})
	require.NoError(t, err)
	r.Reference, r.IdempotencyKey = got.Reference, "k2"
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := p.Authorize(context.Background(), payment.AuthorizeRequest{Request: r}); err != nil {
				t.Error(err)
			}
			c := r
			c.IdempotencyKey, c.Amount = "k3", dec("10")
			if _, err := p.Capture(context.Background(), payment.CaptureRequest{Request: c}); err != nil {
				t.Error(err)
			}
			gw.Intents()
			gw.Requests()
			gw.Authorizations("payses_1")
		})
	}
	wg.Wait()
	require.Equal(t, 1, gw.Authorizations("payses_1"))
	require.Len(t, gw.Intents()[0].Movements, 1)
}

func TestLargestAmountsDoNotOverflow(t *testing.T) {
	s := newShop(t, gatewayConfig{}, config{})
	s.r.Amount = decimal.New(math.MaxInt64, -2)
	s.authorized()
	for range 3 {
		_, err := s.capture("", s.r.Amount.String(), false)
		if err != nil {
			s.kind("already done", err)
		}
	}
	s.moved(s.r.Amount.String(), "0", "0")
}

func TestAuthorizedTwice(t *testing.T) {
	for _, token := range []string{"", sandboxprovider.TokenVisa, sandboxprovider.Token3DS} {
		s := newShop(t, gatewayConfig{}, config{})
		s.authorized()
		got, err := s.authorize("", token) // another key
		s.kind("already done", err)
		require.Equal(t, payment.SnapshotAuthorized, got.State)
		require.Equal(t, 1, s.gw.Authorizations("payses_1"))
	}
}
