package paymenthttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// Config is what handlers are made of. Service is required, and for [Storefront] and [Admin] what decides who may do what.
type Config struct {
	Service *payment.Service // required
	Logger  *slog.Logger     // one record a request, without anything that a body held; default slog.Default

	// Authorize decides whether whoever sent r may do action to subject. Required by Storefront and Admin, and asked before anything of the
	// subject is told or done. Storefront answers 404 for any refusal, as if the subject were not there; Admin answers 401 for an error
	// that matches [ErrUnauthenticated] and 403 for one that matches [ErrForbidden], and asks with an empty Subject about what is not there.
	// An error that matches [payment.ErrNotFound] is answered with 404: there is no such cart or order. Any other error is the host's own trouble: 503.
	Authorize func(r *http.Request, action Action, subject Subject) error

	// ResolveCart says what a cart costs now, and what its provider is to know of the shopper. Required by Storefront. It is asked again with
	// every payment session, so that a cart that has changed is paid as it is. An error that matches [payment.ErrNotFound] is answered with 404, any other with 503.
	// What a gateway holds already is authorized all the same, also by a webhook: before an order is placed, compare the collection's Authorized
	// with what the cart costs then, and do not go by its status alone.
	ResolveCart func(ctx context.Context, r *http.Request, cartID string) (Cart, error)

	// ResolveOrder is the same for an order whose collection an admin has made: its amount is that collection's. Required by Admin, and by
	// Storefront where shoppers pay such collections.
	ResolveOrder func(ctx context.Context, r *http.Request, orderID string) (Order, error)

	// SplitAmount allows to pay in parts, with several providers or several times with one: it says what a new session is to authorize, in
	// major units, where input is what the browser sent along and left what no session holds. nil: one live session a collection, for all of it.
	// An error that is a [payment.InvalidError] whose Field is data, or begins with "data.", is told to the browser: 400; any other is answered as
	// one of ResolveCart is.
	SplitAmount func(ctx context.Context, r *http.Request, c *payment.PaymentCollection, left decimal.Decimal, input payment.Data) (decimal.Decimal, error)

	// StaffProviders are those that staff alone may choose, such as manual: Storefront neither lists nor takes them, and Admin takes them whatever a
	// cart or an order accepts. Each is one of the Service's: any other is refused, for which the store is asked when handlers are made. Default: none. A shopper who may choose a provider that asks for no money is authorized without having paid.
	StaffProviders []string

	// ReturnURLs are the beginnings of URLs that a browser may name as "return_url" in its data, such as https://shop.example/checkout/. Each has
	// a scheme and a host. Default: none.
	ReturnURLs []string

	// TrustedOrigins are other origins whose pages may send POST and DELETE, such as https://shop.example. Default: the handler's own alone. CORS
	// is the host's.
	TrustedOrigins []string

	Actor          func(r *http.Request) string // who an admin is, for the record; at most 255 bytes; default: empty, which cannot resolve operations
	ManualProvider string                       // whose payment mark-as-paid records when none is named; default manual, else one of the Service's
	Timeout        time.Duration                // how long a request may wait for what others have under way, long polls aside; default 25 s
}

// Cart is what a shopper is about to pay.
type Cart struct {
	Amount       decimal.Decimal // in major units, more than zero
	CurrencyCode string          // ISO 4217
	ProviderIDs  []string        // the providers that it accepts; nil means all
	Context      payment.Private // what the provider is to know of the shopper
}

// Order is an order whose payment an admin asks for.
type Order struct {
	CurrencyCode string          // ISO 4217
	ProviderIDs  []string        // the providers that it accepts; nil means all
	Context      payment.Private // what the provider is to know of the shopper
}

// Action is what somebody wants to do.
type Action string

// The actions of shoppers, and after them those of admins.
const (
	ActionCreateCollection Action = "collection.create"  // begin to pay a cart, or look at what was begun: Subject.CartID
	ActionReadCollection   Action = "collection.read"    // see a collection with its sessions
	ActionCreateSession    Action = "session.create"     // choose a provider
	ActionReadSession      Action = "session.read"       // see a session, or wait for it to change
	ActionAuthorizeSession Action = "session.authorize"  // pay
	ActionCancelSession    Action = "session.cancel"     // give a session up
	ActionListProviders    Action = "providers.list"     // see the providers that are there: an empty Subject
	ActionListPayments     Action = "payments.list"      // admins: see all payments: an empty Subject
	ActionReadPayment      Action = "payment.read"       // admins: see a payment
	ActionCapturePayment   Action = "payment.capture"    // admins: take money that is held
	ActionRefundPayment    Action = "payment.refund"     // admins: give money back
	ActionCancelPayment    Action = "payment.cancel"     // admins: release what is held
	ActionRequestPayment   Action = "collection.request" // admins: ask for an order's payment: Subject.OrderID
	ActionDeleteCollection Action = "collection.delete"  // admins: cancel and hide a collection
	ActionMarkAsPaid       Action = "collection.paid"    // admins: record money that came another way
	ActionReadTimeline     Action = "collection.history" // admins: see what happened
	ActionSetProvider      Action = "provider.set"       // admins: switch a provider on and off: an empty Subject
	ActionReadReasons      Action = "reasons.read"       // admins: see refund reasons: an empty Subject
	ActionChangeReasons    Action = "reasons.change"     // admins: create, change, delete them: an empty Subject
	ActionListOperations   Action = "operations.list"    // admins: see what is open or needs a person: an empty Subject
	ActionResolveOperation Action = "operation.resolve"  // admins: decide it: an empty Subject
	ActionReadDocument     Action = "document.read"      // admins: read the OpenAPI document of the admin's paths: an empty Subject
)

// Subject is what an action is done to. What does not concern the action is empty.
type Subject struct {
	CartID     string                     // the cart that the collection is for
	OrderID    string                     // the order that the collection is for
	Collection *payment.PaymentCollection // what is to be paid
	Session    *payment.PaymentSession    // with one provider
	Payment    *payment.Payment           // what came of it
}

// Answers of [Config].Authorize.
var (
	// ErrForbidden refuses: whoever it is may not do this.
	ErrForbidden = errors.New("paymenthttp: not allowed")
	// ErrUnauthenticated refuses: nobody has logged in.
	ErrUnauthenticated = errors.New("paymenthttp: not logged in")
)

// Where Metadata says what a collection is for, and what a client has called a session.
const (
	metadataCart  = "cart_id"
	metadataOrder = "order_id"
	metadataKey   = "idempotency_key"
	metadataPaid  = "marked_as_paid" // of a session: an admin has begun to record money that came another way
)

func (c Config) withDefaults() (Config, error) {
	if c.Service == nil {
		return c, &payment.InvalidError{Field: "Service", Rule: "must not be nil"}
	}
	if c.Timeout < 0 {
		return c, &payment.InvalidError{Field: "Timeout", Rule: "must not be negative"}
	}
	if c.Timeout == 0 {
		c.Timeout = 25 * time.Second
	}
	if err := c.known(); err != nil {
		return c, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Actor == nil {
		c.Actor = func(*http.Request) string { return "" }
	}
	if c.ManualProvider == "" {
		c.ManualProvider = "manual"
	}
	for _, allowed := range c.ReturnURLs {
		u, err := url.Parse(allowed)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path == "" {
			return c, &payment.InvalidError{Field: "ReturnURLs", Rule: fmt.Sprintf("%.128q is not an https or http URL with a host and a path", allowed)}
		}
	}
	return c, nil
}

// known refuses names of providers that the Service does not have: one that is misspelled would be left to shoppers. Only where there are such names is
// the store asked.
func (c *Config) known() error {
	if len(c.StaffProviders) == 0 && c.ManualProvider == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	all, err := c.Service.Providers(ctx)
	if err != nil {
		return err
	}
	check := func(field, id string) error {
		if slices.ContainsFunc(all, func(p payment.ProviderStatus) bool { return p.ID == id }) {
			return nil
		}
		return &payment.InvalidError{Field: field, Rule: fmt.Sprintf("%.80q is not a provider of the Service", id)}
	}
	for _, id := range c.StaffProviders {
		if err := check("StaffProviders", id); err != nil {
			return err
		}
	}
	if c.ManualProvider != "" {
		return check("ManualProvider", c.ManualProvider)
	}
	return nil
}

// accepting returns which providers a collection accepts: those of its cart or order, nil for all, and those of staff.
func (c *Config) accepting(ids []string) []string {
	if ids == nil {
		return nil
	}
	all := slices.Clone(ids)
	for _, id := range c.StaffProviders {
		if !slices.Contains(ids, id) {
			all = append(all, id)
		}
	}
	return all
}

// mayReturn reports whether a browser may be sent to a URL that it has named itself.
func (c *Config) mayReturn(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Opaque != "" || strings.ContainsAny(text, "\\\t\r\n") || strings.Contains(u.Path, "..") {
		return false
	}
	for _, allowed := range c.ReturnURLs {
		a, _ := url.Parse(allowed)
		if u.Scheme == a.Scheme && strings.EqualFold(u.Host, a.Host) && strings.HasPrefix(u.Path, a.Path) {
			return true
		}
	}
	return false
}
