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
	// ActionWait asks the shopper to wait, or to look at another device; authorize again after RetryAfter seconds.
	ActionWait NextActionKind = "wait"
)

// NextAction is what the shopper must do before the session can be authorized. It is public.
type NextAction struct {
	Kind       NextActionKind    `json:"kind"`                  // which of the fields below are set
	URL        string            `json:"url,omitempty"`         // redirect, form_post; https, or http to localhost, without user info
	Fields     map[string]string `json:"fields,omitempty"`      // form_post: the form's hidden fields
	Data       Data              `json:"data,omitempty"`        // client_sdk: what the gateway's script needs, public
	Text       string            `json:"text,omitempty"`        // display: what to show
	RetryAfter int               `json:"retry_after,omitempty"` // wait: when to ask again, in seconds; 0 means a few
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`   // when it stops being of use; zero: it does not say
}

// public returns a copy fit to be shown, and what was dropped: all of it where its URL is not safe, else what cannot be published.
func (a *NextAction) public() (kept *NextAction, dropped []string) {
	if !a.safe() {
		return nil, []string{"next_action"}
	}
	c := *a
	c.ExpiresAt = microseconds(a.ExpiresAt)
	if c.Data, dropped = publicData(a.Data); len(a.Text) > maxShown || checkText(a.Text) != nil {
		c.Text, dropped = "", append(dropped, "text")
	}
	c.Fields = nil
	room := maxShown
	for k, v := range a.Fields {
		if room -= len(k) + len(v); room < 0 {
			return nil, []string{"next_action"} // a form without some of its fields is another one
		}
		if checkText(k) != nil || checkText(v) != nil || secretUnder(k, v, joinPath("", k)) != "" {
			dropped = append(dropped, "fields")
			continue
		}
		if c.Fields == nil {
			c.Fields = make(map[string]string, len(a.Fields))
		}
		c.Fields[k] = v
	}
	return &c, dropped
}

// kind is what the shopper has to do, empty where nothing says so.
func (a *NextAction) kind() NextActionKind {
	if a == nil {
		return ""
	}
	return a.Kind
}

// maxShown is how many bytes the text of an action may have, and its fields together.
const maxShown = 64 << 10

// safe reports whether an action is one of the kinds, and its URL one to send a shopper to: https, or http to this machine, without
// user information.
func (a *NextAction) safe() bool {
	switch a.Kind {
	case ActionRedirect, ActionFormPost:
	case ActionClientSDK, ActionDisplay, ActionWait:
		if a.URL == "" {
			return true
		}
	default:
		return false
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.User != nil || u.Host == "" || len(a.URL) > 2048 || checkText(a.URL) != nil {
		return false
	}
	host := u.Hostname()
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1")
}
