package openapi

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/paymenthttp"
)

// unreached are answers that no test can bring about: others must be faster three times in a row.
var unreached = []string{
	"POST /admin/payment-collections/{id}/payment-sessions 409",
}

func TestDocument(t *testing.T) {
	all := exchanges(t)
	t.Run("exchanges", func(t *testing.T) { allowed(t, all) })
	t.Run("planted", func(t *testing.T) { planted(t, all) })
}

// The tests of paymenthttp say nothing that the document does not allow, and see all that is in it.
func allowed(t *testing.T, all []Exchange) {
	t.Helper()
	c, err := NewChecker(paymenthttp.OpenAPI())
	require.NoError(t, err)
	for _, x := range all {
		require.Empty(t, c.Check(x), "%s: %s %s\n%s\n%d %v\n%s", x.Test, x.Method, x.URL, x.Body, x.Status, x.AnswerHeader, x.Answer)
	}
	require.Greater(t, len(all), 300)
	require.Equal(t, unreached, c.Unseen(), "no test of paymenthttp has seen these")
	t.Logf("%d exchanges, %d operations", len(all), len(c.Routes()))
}

// exchanges runs the tests of paymenthttp, and returns what they have sent and got.
func exchanges(t *testing.T) []Exchange {
	t.Helper()
	path := filepath.Join(t.TempDir(), "exchanges")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./paymenthttp")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "PAYMENT_HTTP_EXCHANGES="+path)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	var all []Exchange
	for lines.Scan() {
		var x Exchange
		require.NoError(t, json.Unmarshal(lines.Bytes(), &x))
		all = append(all, x)
	}
	require.NoError(t, lines.Err())
	return all
}

// Whatever is added, left out or changed is found.
func planted(t *testing.T, all []Exchange) {
	t.Helper()
	document := paymenthttp.OpenAPI()
	c, err := NewChecker(document)
	require.NoError(t, err)
	pick := func(method, path string, status int) Exchange {
		for _, x := range all {
			if x.Method == method && strings.HasSuffix(strings.Split(x.URL, "?")[0], path) && x.Status == status && x.URL[:6] == "/store" {
				return x
			}
		}
		t.Fatalf("nobody has asked %s %s", method, path)
		return Exchange{}
	}
	paid, declined := pick("POST", "/authorize", 200), pick("POST", "/authorize", 422)
	chosen, none, wrong := pick("POST", "/payment-sessions", 200), pick("POST", "/payment-collections", 404), pick("DELETE", "/payment-collections", 405)
	replaced := func(old, into string) func(*Exchange) {
		return func(x *Exchange) {
			require.Contains(t, string(x.Answer), old)
			x.Answer = []byte(strings.Replace(string(x.Answer), old, into, 1))
		}
	}
	for name, tt := range map[string]struct {
		of    Exchange
		spoil func(x *Exchange)
	}{
		"a field more":              {paid, replaced(`{"payment":`, `{"more":1,"payment":`)},
		"a field more in a payment": {paid, replaced(`"captures":`, `"more":1,"captures":`)},
		"a field more in a session": {chosen, replaced(`"authorized_at":`, `"more":1,"authorized_at":`)},
		"a field more in an error":  {declined, replaced(`"code":`, `"more":1,"code":`)},
		"a field less":              {paid, replaced(`"currency_code":"eur",`, ``)},
		"an amount as a string":     {paid, replaced(`"amount":100,`, `"amount":"100",`)},
		"a currency in upper case":  {paid, replaced(`"eur"`, `"EUR"`)},
		"a time without a zone":     {paid, replaced(`Z","updated_at"`, `","updated_at"`)},
		"null that cannot be":       {paid, replaced(`"captures":[]`, `"captures":null`)},
		"a status that is new":      {paid, replaced(`"status":"authorized"`, `"status":"paid"`)},
		"a code that is new":        {declined, replaced(`"declined"`, `"refused"`)},
		"an answer that is new":     {paid, func(x *Exchange) { x.Status = 201 }},
		"an error that is new":      {declined, func(x *Exchange) { x.Status = 418 }},
		"a header more":             {paid, func(x *Exchange) { x.AnswerHeader.Set("Location", "/") }},
		"a header less":             {chosen, func(x *Exchange) { x.AnswerHeader.Del("Etag") }},
		"a header that is wrong":    {paid, func(x *Exchange) { x.AnswerHeader.Set("Retry-After", "soon") }},
		"another kind of body":      {paid, func(x *Exchange) { x.AnswerHeader.Set("Content-Type", "text/plain") }},
		"something to be stored":    {paid, func(x *Exchange) { x.AnswerHeader.Del("Cache-Control") }},
		"a path that is new":        {paid, func(x *Exchange) { x.URL = "/store/pay" }},
		"a method that is new":      {paid, func(x *Exchange) { x.Method = "PUT" }},
		"a method that is hidden":   {wrong, func(x *Exchange) { x.AnswerHeader.Set("Allow", "GET, HEAD") }},
		"a 404 that says more":      {none, replaced(`"code":`, `"id":1,"code":`)},
		"a query that is new":       {paid, func(x *Exchange) { x.URL += "?more=1" }},
		"a key that is not used":    {pick("GET", "/payment-providers", 200), func(x *Exchange) { x.Header.Set("Idempotency-Key", "k") }},
		"a field more in a request": {chosen, func(x *Exchange) { x.Body = []byte(`{"provider_id":"sandbox","more":1}`) }},
		"a field less in a request": {chosen, func(x *Exchange) { x.Body = []byte(`{}`) }},
		"a page that is too long":   {pick("GET", "/payment-providers", 200), func(x *Exchange) { x.URL += "?limit=101" }},
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, c.Check(tt.of))
			x := tt.of
			x.Header, x.AnswerHeader = tt.of.Header.Clone(), tt.of.AnswerHeader.Clone()
			tt.spoil(&x)
			require.NotEmpty(t, c.Check(x))
		})
	}
	c, err = NewChecker([]byte(strings.Replace(string(document), `"/store/payment-providers"`, `"/store/wallets": { "get": { "responses": {
		"200": { "description": "new" } } } }, "/store/payment-providers"`, 1)))
	require.NoError(t, err)
	for _, x := range all {
		c.Check(x)
	}
	require.Contains(t, c.Unseen(), "GET /store/wallets 200", "a path that the code does not have")
	_, err = NewChecker([]byte(strings.Replace(string(document), `"paths"`, `"path"`, 1)))
	require.Error(t, err)
	_, err = NewChecker([]byte(strings.Replace(string(document), `"responses"`, `"answers"`, 1)))
	require.Error(t, err)
}
