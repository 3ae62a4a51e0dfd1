package stripeprovider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/stripeprovider"
)

func TestConfig(t *testing.T) {
	type cfg = stripeprovider.Config
	for _, tc := range []struct {
		field  string
		change func(*cfg)
	}{
		{"ID", func(c *cfg) { c.ID = "Stripe" }},
		{"ID", func(c *cfg) { c.ID = strings.Repeat("x", 65) }},
		{"SecretKey", func(c *cfg) { c.SecretKey = "" }},
		{"SecretKey", func(c *cfg) { c.SecretKey = "pk_test_hunter2" }},
		{"SecretKey", func(c *cfg) { c.SecretKey = "sk_test_hunter2\n" }},
		{"PublishableKey", func(c *cfg) { c.PublishableKey = "" }},
		{"PublishableKey", func(c *cfg) { c.PublishableKey = "sk_test_hunter2" }},
		{"PublishableKey", func(c *cfg) { c.PublishableKey = "pk_live_hunter2" }},
		{"WebhookSecrets", func(c *cfg) { c.WebhookSecrets = []string{whsec, "hunter2"} }},
		{"WebhookSecrets", func(c *cfg) { c.WebhookSecrets = []string{"whsec_"} }},
		{"WebhookSecrets", func(c *cfg) { c.WebhookSecrets = []string{"whsec_hunter2\n"} }},
		{"WebhookSecrets", func(c *cfg) { c.WebhookSecrets = []string{"whsec_hunter2 whsec_hunter2"} }},
		{"WebhookTolerance", func(c *cfg) { c.WebhookTolerance = -time.Second }},
		{"WebhookTolerance", func(c *cfg) { c.WebhookTolerance = 2 * time.Hour }},
		{"Account", func(c *cfg) { c.Account = "hunter2" }},
		{"MultiCapture", func(c *cfg) { c.MultiCapture, c.AutomaticCapture = true, true }},
		{"PaymentMethodTypes", func(c *cfg) { c.PaymentMethodTypes = []string{"card", "Card"} }},
		{"SetupFutureUsage", func(c *cfg) { c.SetupFutureUsage = "hunter2" }},
		{"StatementDescriptorSuffix", func(c *cfg) { c.StatementDescriptorSuffix = "hunter2*" }},
		{"StatementDescriptorSuffix", func(c *cfg) { c.StatementDescriptorSuffix = strings.Repeat("x", 23) }},
		{"StatementDescriptorSuffix", func(c *cfg) { c.StatementDescriptorSuffix = "2026" }},
		{"ReturnURL", func(c *cfg) { c.ReturnURL = "http://shop.example/hunter2" }},
		{"ReturnURL", func(c *cfg) { c.ReturnURL = "/hunter2" }},
		{"Timeout", func(c *cfg) { c.Timeout = -1 }},
		{"Timeout", func(c *cfg) { c.Timeout = time.Hour }},
		{"BaseURL", func(c *cfg) { c.BaseURL = "http://api.stripe.com" }},
		{"BaseURL", func(c *cfg) { c.BaseURL = "https://user:hunter2@api.stripe.com" }},
	} {
		p, err := stripeprovider.New(config(tc.change))
		invalid, ok := errors.AsType[*payment.InvalidError](err)
		require.True(t, ok, tc.field)
		require.Equal(t, tc.field, invalid.Field)
		require.NotContains(t, err.Error(), "hunter2")
		require.Nil(t, p)
	}
	for _, change := range []func(*cfg){
		func(*cfg) {},
		func(c *cfg) { c.SecretKey = "rk_test_restricted" },
		func(c *cfg) { c.ID, c.Account, c.ReturnURL = "stripe-uk", "acct_1", "http://localhost:3000/return" },
		func(c *cfg) { c.WebhookSecrets, c.Timeout, c.WebhookTolerance = nil, time.Minute, time.Hour },
		func(c *cfg) { c.StatementDescriptorSuffix, c.SetupFutureUsage = "ÅNGSTRÖM 17", "on_session" },
		func(c *cfg) { c.MultiCapture, c.PaymentMethodTypes = true, []string{"card", "us_bank_account"} },
	} {
		_, err := stripeprovider.New(config(change))
		require.NoError(t, err)
	}
}

func TestDescribe(t *testing.T) {
	p := newDouble(t).provider()
	require.Equal(t, "stripe", p.ID())
	info := p.Describe()
	require.True(t, info.ClientConfirms)
	require.True(t, info.PartialRefund)
	require.False(t, info.MultiCapture)
	require.False(t, info.StatusByKey)
	require.False(t, info.Pure)
	require.Equal(t, 24*time.Hour, info.KeyTTL)
	require.True(t, newDouble(t).provider(func(c *stripeprovider.Config) { c.MultiCapture = true }).Describe().MultiCapture)
}

// TestSecretsDoNotPrint prints the config and the provider in every way, also inside of a host's own struct.
func TestSecretsDoNotPrint(t *testing.T) {
	c := config(func(c *stripeprovider.Config) { c.HTTPClient = http.DefaultClient })
	p, err := stripeprovider.New(c)
	require.NoError(t, err)
	type host struct {
		Stripe   stripeprovider.Config
		Pointer  *stripeprovider.Config
		Provider *stripeprovider.Provider
	}
	h := host{c, &c, p}
	var out bytes.Buffer
	for _, v := range []any{c, &c, p, h, &h, []any{c, p}, map[string]any{"c": c, "p": p}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb, v)
		}
		for _, log := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(log).Info("configured", "value", v)
		}
		data, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(data)
	}
	out.WriteString(errors.Join(fmt.Errorf("%v", c), fmt.Errorf("%v", p)).Error())
	text := strings.ToLower(out.String())
	require.Contains(t, text, "stripeprovider.config{id: ")
	for _, s := range []string{secretKey, whsec} {
		require.NotContains(t, text, strings.ToLower(s))
		require.NotContains(t, text, fmt.Sprintf("%x", s))
	}
}

// TestHostsClient sees that the host's client is used, and stays as it was.
func TestHostsClient(t *testing.T) {
	var seen int
	own := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		seen++
		return http.DefaultTransport.RoundTrip(r)
	})}
	d := newDouble(t, answer{body: authorizedIntent(nil)})
	_, err := call(t, d.provider(func(c *stripeprovider.Config) { c.HTTPClient = own }), "capture", request())
	require.NoError(t, err)
	require.Equal(t, 1, seen)
	require.Nil(t, own.CheckRedirect)
	_, ok := own.Transport.(roundTripper)
	require.True(t, ok)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestEndlessAnswer sees that an answer without end is given up.
func TestEndlessAnswer(t *testing.T) {
	d := newDouble(t, answer{body: authorizedIntent(object{"description": strings.Repeat("x", 9<<20)})})
	_, err := call(t, d.provider(), "capture", request())
	require.Equal(t, isUnknown, kindOf(err))
	require.Less(t, len(err.Error()), 200)
}
