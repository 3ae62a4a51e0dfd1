package stripeprovider

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
)

const (
	defaultID        = "stripe"
	defaultTimeout   = 12 * time.Second
	defaultTolerance = 5 * time.Minute // as Stripe's own libraries: https://docs.stripe.com/webhooks#replay-attacks
)

// Config says which Stripe account is used, and how. It prints without its secrets, by itself and in exported fields: package fmt prints the
// unexported fields of another struct as they are, so keep a Provider there rather than a Config.
type Config struct {
	// ID is the provider's ID, as rows and webhook URLs name it: 1 to 64 of a-z, 0-9, - and _. Empty means stripe.
	ID string
	// SecretKey is the account's secret key, sk_…, or better a restricted one, rk_…, that may write PaymentIntents, and Charges and Refunds.
	// Required.
	SecretKey string
	// PublishableKey is the key that the page needs, pk_…, of the same mode (test or live). It is in every session's Data. Required.
	PublishableKey string
	// WebhookSecrets are the signing secrets of the webhook endpoint, whsec_…: the new one and the old one while they are rolled. Empty
	// means that every webhook is refused, and news arrives by asking alone.
	WebhookSecrets []string
	// WebhookTolerance is how far a webhook's date may be from now, on either side. 0 means 5 minutes.
	WebhookTolerance time.Duration
	// Account is the connected account, acct_…, that the payments are made on (direct charges). Empty means the key's own account.
	Account string
	// AutomaticCapture has Stripe take the money as soon as it is authorized. Otherwise it waits for a capture.
	AutomaticCapture bool
	// MultiCapture says that an authorization may be captured more than once, and asks Stripe for it. Stripe grants it to accounts on IC+
	// pricing and for cards alone (https://docs.stripe.com/payments/multicapture). Otherwise every capture is
	// final; a part that is not to be final is declined then, with multicapture_unavailable.
	MultiCapture bool
	// PaymentMethodTypes are the ways to pay, such as card, as Stripe names them. Empty means those that are enabled in Stripe's dashboard.
	PaymentMethodTypes []string
	// SetupFutureUsage keeps the payment method for later, on_session or off_session. Context setup_future_usage comes first. Empty means
	// that it is not kept.
	SetupFutureUsage string
	// StatementDescriptorSuffix is what a card's statement says after the account's own prefix, at most 22 characters with it, one of them a letter.
	// Context statement_descriptor_suffix comes first. Empty means nothing.
	StatementDescriptorSuffix string
	// ReturnURL is where a bank's page sends the shopper back to after a confirm by the server: absolute, https, or http to localhost. Context
	// return_url comes first. The page names its own. Empty means that Stripe refuses every confirm by the server, unless PaymentMethodTypes
	// or Context payment_method_types names ways to pay that do not redirect.
	ReturnURL string
	// Timeout is how long one call of this provider may take, of all its requests together. It must be below payment.Config.CallTimeout,
	// which is 15 s by default. 0 means 12 s.
	Timeout time.Duration
	// HTTPClient sends the requests. It is copied: redirects are not followed, and its Timeout stays in force. nil means one of our own.
	HTTPClient *http.Client
	// BaseURL is where Stripe's API is: https, or http to this machine. Empty means https://api.stripe.com.
	BaseURL string
}

// checked returns the config with its defaults, and an error for the first rule that it breaks. No error quotes a value: it may be a
// secret that was put into the wrong field.
func (c Config) checked() (Config, error) {
	if c.ID == "" {
		c.ID = defaultID
	}
	if c.WebhookTolerance == 0 {
		c.WebhookTolerance = defaultTolerance
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.BaseURL == "" {
		c.BaseURL = stripe.APIURL
	}
	c.WebhookSecrets = slices.Clone(c.WebhookSecrets)
	c.PaymentMethodTypes = slices.Clone(c.PaymentMethodTypes)
	for _, check := range []struct {
		field, rule string
		ok          bool
	}{
		{"ID", "must be 1 to 64 of a-z, 0-9, - and _", consists(c.ID, lower+digits+"_-", 64)},
		{"SecretKey", "is required", c.SecretKey != ""},
		{"SecretKey", "must begin with sk_test_, sk_live_, rk_test_ or rk_live_", isID(c.SecretKey, "sk_test_", "sk_live_", "rk_test_", "rk_live_")},
		{"PublishableKey", "is required", c.PublishableKey != ""},
		{"PublishableKey", "must begin with pk_test_ or pk_live_; a secret key would be shown to everybody",
			isID(c.PublishableKey, "pk_test_", "pk_live_")},
		{"PublishableKey", "must be of the same mode as SecretKey, test or live", mode(c.PublishableKey) == mode(c.SecretKey)},
		{"WebhookSecrets", "must each begin with whsec_, and have no white space", all(c.WebhookSecrets, isWebhookSecret)},
		{"WebhookTolerance", "must be from 1 s to 1 h", c.WebhookTolerance >= time.Second && c.WebhookTolerance <= time.Hour},
		{"Account", "must begin with acct_", c.Account == "" || isID(c.Account, "acct_")},
		{"MultiCapture", "needs AutomaticCapture to be false", !c.MultiCapture || !c.AutomaticCapture},
		{"PaymentMethodTypes", "must be names such as card or sepa_debit", all(c.PaymentMethodTypes, isMethodType)},
		{"SetupFutureUsage", "must be on_session or off_session", c.SetupFutureUsage == "" || isUsage(c.SetupFutureUsage)},
		{"StatementDescriptorSuffix", suffixRule,
			c.StatementDescriptorSuffix == "" || isSuffix(c.StatementDescriptorSuffix)},
		{"ReturnURL", "must be absolute, and https, or http to localhost", c.ReturnURL == "" || isSafeURL(c.ReturnURL)},
		{"Timeout", "must be from 1 ms to 5 min", c.Timeout >= time.Millisecond && c.Timeout <= 5*time.Minute},
		{"BaseURL", "must be absolute, and https, or http to localhost", isSafeURL(c.BaseURL)},
	} {
		if !check.ok {
			return c, &payment.InvalidError{Field: check.field, Rule: check.rule}
		}
	}
	return c, nil
}

// The letters that Stripe's names and IDs are made of.
const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
	idText = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "_"
)

// consists reports whether s is of these letters alone, and of at most so many.
func consists(s, letters string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, letters) == ""
}

// isID reports whether s is an ID of Stripe's with one of these prefixes.
func isID(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		rest, ok := strings.CutPrefix(s, p)
		return ok && consists(rest, idText, 250)
	})
}

func isMethodType(s string) bool { return consists(s, lower+digits+"_", 64) }

func isWebhookSecret(s string) bool {
	return strings.HasPrefix(s, "whsec_") && len(s) > len("whsec_") && !strings.ContainsFunc(s, unicode.IsSpace)
}

func isUsage(s string) bool { return s == "on_session" || s == "off_session" }

func all(list []string, ok func(string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !ok(s) })
}

// mode is test or live.
func mode(key string) string {
	_, rest, _ := strings.Cut(key, "_")
	m, _, _ := strings.Cut(rest, "_")
	return m
}

const suffixRule = `must be at most 22 characters with a letter among them, without < > \ ' " and *`

// isSuffix reports whether Stripe takes a statement descriptor: https://docs.stripe.com/get-started/account/statement-descriptors
func isSuffix(s string) bool {
	return utf8.RuneCountInString(s) <= 22 && strings.ContainsFunc(s, unicode.IsLetter) && !strings.ContainsAny(s, `<>\'"*`+"\x00\n\r")
}

// isSafeURL reports whether a shopper, or a secret key, may be sent there.
func isSafeURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || len(s) > 2048 {
		return false
	}
	host := u.Hostname()
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")
}

// String returns the config without its secrets.
func (c Config) String() string {
	return fmt.Sprintf("stripeprovider.Config{ID: %q, Account: %q, %s}", c.ID, c.Account, mode(c.SecretKey))
}

// GoString returns what String does.
func (c Config) GoString() string { return c.String() }

// Format writes what String returns, for every verb.
func (c Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue logs what String returns.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText writes what String returns, so that JSON has no secrets either. It never fails.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String returns the provider's config without its secrets.
func (p *Provider) String() string { return p.cfg.String() }

// GoString returns what String does.
func (p *Provider) GoString() string { return p.cfg.String() }

// Format writes what String returns, for every verb.
func (p *Provider) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.cfg.String()) }

// LogValue logs what String returns.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(p.cfg.String()) }

// MarshalText writes what String returns. It never fails.
func (p *Provider) MarshalText() ([]byte, error) { return []byte(p.cfg.String()), nil }
