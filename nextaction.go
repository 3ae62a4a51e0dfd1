package payment

import (
	"net/url"
	"time"
)

// NextActionKind is the way in which the shopper goes on.
type NextActionKind string

const (
	// ActionRedirect sends the browser to URL.
	ActionRedirect NextActionKind = "redirect"
	// ActionFormPost posts Fields to URL from the browser, as classic 3DS does.
	ActionFormPost NextActionKind = "form_post"
	// ActionClientSDK hands Data to the gateway's script in the page.
	ActionClientSDK NextActionKind = "client_sdk"
	// ActionDisplay shows Text: a QR code's content, a voucher number, bank details.
	ActionDisplay NextActionKind = "display"
	// ActionWait asks the shopper to wait, or to look at another device; authorize again after RetryAfter.
	ActionWait NextActionKind = "wait"
)

// NextAction is what the shopper must do before the session can be authorized. It is public.
type NextAction struct {
	Kind       NextActionKind    `json:"kind"`                  // which of the fields below are set
	URL        string            `json:"url,omitempty"`         // redirect, form_post; https, or http to localhost, without user info
	Fields     map[string]string `json:"fields,omitempty"`      // form_post: the form's hidden fields
	Data       Data              `json:"data,omitempty"`        // client_sdk: what the gateway's script needs, public
	Text       string            `json:"text,omitempty"`        // display: what to show
	RetryAfter time.Duration     `json:"retry_after,omitempty"` // wait: when to ask again, in nanoseconds; 0 means a few seconds
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`   // when it stops being of use; zero: it does not say
}

// safe reports whether a next action can be shown: its URL is https, or http to this machine, without user information.
func (a *NextAction) safe() bool {
	if a.Kind != ActionRedirect && a.Kind != ActionFormPost && a.URL == "" {
		return true
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.User != nil || u.Host == "" {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		host := u.Hostname()
		return host == "localhost" || host == "127.0.0.1" || host == "::1"
	}
	return false
}
