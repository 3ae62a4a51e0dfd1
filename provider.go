package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/shopspring/decimal"
)

// Provider is the code that talks to one gateway. These four methods are required, and the interface never grows: what more a
// gateway can do is an optional interface ([Updater], [Canceler], [Capturer], [Refunder], [WebhookVerifier], [Describer]).
//
// Every method must be safe for concurrent use, end with its context, and answer with the gateway's whole truth in the
// gateway's amounts. An error is one of four kinds, and the default is the safe one:
//
//   - [Declined]: this request is refused for good.
//   - [NotSent]: certainly nothing happened.
//   - [AlreadyDone]: this call did nothing, it is so already.
//   - any other error, and a Snapshot with an empty State: unknown. The operation stays open and is settled by asking Status.
//
// Run providertest against an implementation.
type Provider interface {
	// ID names the provider in rows, URLs and lists: 1 to 64 of a-z, 0-9, - and _. It never changes.
	ID() string
	// Initialize creates the gateway's object for a session and returns what the browser needs in Snapshot.Data. Repeated with
	// the same IdempotencyKey it must create nothing new, where keys are honored. The error is one of the four kinds.
	Initialize(ctx context.Context, r InitializeRequest) (Snapshot, error)
	// Authorize asks the gateway to hold the money, or reads whether the browser has done so ([AuthorizeByStatus]). A needed
	// action is no error: return SnapshotRequiresMore with NextAction. The error is one of the four kinds.
	Authorize(ctx context.Context, r AuthorizeRequest) (Snapshot, error)
	// Status reads what is true now, and changes nothing. Without a Reference it searches by SessionID. SnapshotNotFound says that
	// the gateway knows nothing of it; where it cannot search, the error is ErrUnsupported, never SnapshotNotFound. Any error
	// means "could not ask"; ErrUnsupported means that this gateway cannot be asked.
	Status(ctx context.Context, r StatusRequest) (Snapshot, error)
}

// Updater is a provider that can change a session's amount or context in place. Without it, UpdateSession refuses a new amount
// with [ErrUnsupported]: create another session that supersedes the first.
type Updater interface {
	// Update changes the gateway's object to Request.Amount and Request.Context. The error is one of the four kinds.
	Update(ctx context.Context, r UpdateRequest) (Snapshot, error)
}

// Canceler is a provider that can cancel a session and release what an authorization still holds. Without it, only a session that
// holds nothing and is not authorized can be canceled, here alone; all else is [ErrUnsupported].
type Canceler interface {
	// Cancel cancels the gateway's object, or releases what is not captured. After a capture the answer is SnapshotAuthorized with
	// Capturable 0, or SnapshotCanceled; the captures stand either way. The error is one of the four kinds.
	Cancel(ctx context.Context, r CancelRequest) (Snapshot, error)
}

// Capturer is a provider that takes money after it was authorized. Without it, CapturePayment is [ErrUnsupported]: the gateway
// captures by itself, and its Snapshots say so.
type Capturer interface {
	// Capture takes Request.Amount; more than is left is Declined or NotSent, and nothing moves. Its own movement in the Snapshot
	// carries the request's IdempotencyKey. The error is one of the four kinds.
	Capture(ctx context.Context, r CaptureRequest) (Snapshot, error)
}

// Refunder is a provider that gives money back. Without it, RefundPayment is [ErrUnsupported].
type Refunder interface {
	// Refund gives Request.Amount back; more than is left of what was captured is Declined or NotSent, and nothing moves. Its own
	// movement in the Snapshot carries the request's IdempotencyKey. The error is one of the four kinds.
	Refund(ctx context.Context, r RefundRequest) (Snapshot, error)
}

// WebhookVerifier is a provider whose gateway sends webhooks. Without it, news arrives by asking alone.
type WebhookVerifier interface {
	// VerifyWebhook checks the signature in constant time, and its date against now on both sides, and says what the message
	// concerns. Where signatures carry no date, a message names an EventID if it brings a Notice, or if Status cannot be asked. The error
	// says why the message is refused: nothing is stored then.
	VerifyWebhook(ctx context.Context, r WebhookRequest) (WebhookMessage, error)
}

// Describer is a provider that declares how its gateway behaves. Without it, the zero [ProviderInfo] counts, the safest one.
type Describer interface {
	// Describe returns what is declared. It is called once, by NewService, and must not do any I/O.
	Describe() ProviderInfo
}

// ProviderInfo declares how a gateway behaves. What is not declared is taken to be absent: that costs speed, never money.
type ProviderInfo struct {
	// Pure says that the provider has no effects and no state: its answer depends on the request alone, and it may be called any
	// number of times. Manual payment is pure; store credit is not.
	Pure bool
	// ClientConfirms says that the shopper's browser can authorize without another call of ours. The amount is held from
	// Initialize on, until the gateway says canceled. Such a provider must be a Canceler. Authorize without Input only asks: it makes no attempt
	// that could be declined, since no limit of declines stops it. What needs no Input, such as a kept card, is tried once for each session.
	ClientConfirms bool
	// KeyTTL is for how long the gateway honors an idempotency key: a repeated request has no second effect. 0 means that it
	// does not, and no call is ever repeated. Of what is longer than [Config].GiveUpAfter only that is used.
	KeyTTL time.Duration
	// MaxRequestLife is how long a request may be under way and still take effect; at most 31 days. 0 means 15 minutes. Calls are only repeated
	// where keys live longer than that.
	MaxRequestLife time.Duration
	// StatusByKey says that Status answers SnapshotNotFound if and only if the gateway has not executed a request with
	// StatusRequest.IdempotencyKey. A request that was refused has been executed if the gateway remembers its key.
	StatusByKey bool
	// MultiCapture says that an authorization can be captured more than once. Otherwise every capture is final.
	MultiCapture bool
	// PartialRefund says that less than what was captured can be refunded, and more than once. Otherwise only all of it can.
	PartialRefund bool
	// SessionLifetime is how long a session that is not authorized lives. 0 means until the gateway says otherwise.
	SessionLifetime time.Duration
	// Currencies holds the currencies that this gateway counts in another way than ISO 4217, by code in upper case.
	Currencies map[string]CurrencyRule
}

// CurrencyRule returns how the gateway counts a currency: its own rule, or else the digits of ISO 4217.
//
// The error is an [*InvalidError] that names CurrencyCode when ISO 4217 does not know the code and no rule does.
func (i ProviderInfo) CurrencyRule(code string) (CurrencyRule, error) {
	if r, ok := i.Currencies[code]; ok {
		return r, nil
	}
	c, err := LookupCurrency(code)
	return CurrencyRule{Digits: c.Digits}, err
}

// ProviderAs finds an optional interface of p, or of what it wraps: a wrapper has a method Unwrap() Provider.
func ProviderAs[T any](p Provider) (T, bool) {
	for p != nil {
		if t, ok := p.(T); ok {
			return t, true
		}
		w, ok := p.(interface{ Unwrap() Provider })
		if !ok {
			break
		}
		p = w.Unwrap()
	}
	var none T
	return none, false
}

// AuthorizeByStatus serves gateways whose authorize is a read, because the browser has done the work. The error is that of Status;
// an Authorize answers SnapshotPending where Status finds nothing. It asks without the key, which the gateway has never seen.
func AuthorizeByStatus(ctx context.Context, p Provider, r AuthorizeRequest) (Snapshot, error) {
	r.IdempotencyKey = ""
	s, err := p.Status(ctx, StatusRequest(r))
	if err == nil && s.State == SnapshotNotFound {
		s.State = SnapshotPending
	}
	return s, err
}

// Request is what every call to a provider brings. A repeated call brings the same bytes.
type Request struct {
	IdempotencyKey string          // 32 hex digits of the operation; in Status those of the operation asked about, or empty
	CollectionID   string          // to be put into the gateway's metadata
	SessionID      string          // likewise; how a gateway's object is found again when its Reference was lost
	Reference      string          // the gateway's ID of the object; empty before it is known
	Amount         decimal.Decimal // in major units: the session's, an update's new one, or what to capture or refund
	CurrencyCode   string          // ISO 4217, upper case
	Data           Data            // what the provider published
	Private        Private         // what the provider kept to itself
	Context        Private         // what the host says about the shopper
	Input          Data            // what the browser sent along: untrusted
}

// InitializeRequest asks for the gateway's object of a new session.
type InitializeRequest struct{ Request }

// AuthorizeRequest asks for the money to be held.
type AuthorizeRequest struct{ Request }

// StatusRequest asks what is true now. Amount is the session's.
type StatusRequest struct{ Request }

// UpdateRequest asks for a session's new Amount and Context.
type UpdateRequest struct{ Request }

// CancelRequest asks for a session, or what a payment still holds, to be given up. Amount is the session's.
type CancelRequest struct{ Request }

// CaptureRequest asks for Amount to be taken.
type CaptureRequest struct {
	Request
	Final bool // release what is left
}

// RefundRequest asks for Amount to be given back.
type RefundRequest struct {
	Request
	ReasonCode string // the merchant's reason, empty when none was given
	Note       string // the merchant's words, may be empty
}

// SnapshotState is what a gateway says about one session.
type SnapshotState string

const (
	// SnapshotNotFound says that the gateway knows nothing of it. Only Status may answer so. It decides operations, never a status.
	SnapshotNotFound SnapshotState = "not_found"
	// SnapshotPending says that it awaits the shopper or a call of ours.
	SnapshotPending SnapshotState = "pending"
	// SnapshotRequiresMore says that the shopper must act: NextAction says how.
	SnapshotRequiresMore SnapshotState = "requires_more"
	// SnapshotProcessing says that the gateway has accepted and will tell later.
	SnapshotProcessing SnapshotState = "processing"
	// SnapshotAuthorized says that the money is held, or was taken: Movements say which. It stays so while a capture is decided, and after one
	// has failed: the capture's Movement says that, and Capturable what is still held.
	SnapshotAuthorized SnapshotState = "authorized"
	// SnapshotDeclined says that the gateway refused; another try is possible.
	SnapshotDeclined SnapshotState = "declined"
	// SnapshotCanceled says that it is over: canceled, voided or expired.
	SnapshotCanceled SnapshotState = "canceled"
)

// Snapshot is what a gateway says is true right now about one session: the whole truth, in the gateway's amounts. Where it differs
// from what was asked, a person sees it. An empty State means that the outcome is unknown.
type Snapshot struct {
	State         SnapshotState    // the session's state: a refused capture leaves it authorized, and the refusal is the error
	Reference     string           // the gateway's ID of the object; another one later is a conflict
	Account       string           // the merchant account, where the gateway names it; another one later is a conflict
	CurrencyCode  string           // ISO 4217; empty where the gateway does not say
	Amount        decimal.Decimal  // what it was asked to authorize; zero where the gateway does not say
	Authorized    decimal.Decimal  // what it authorized, in all; captures and refunds do not reduce it. Zero, once we know it, where this answer does not say
	Capturable    *decimal.Decimal // what a further capture may take; nil: what is left by our own sums; 0 once final, voided or expired; counts with SnapshotAuthorized and SnapshotCanceled alone
	Movements     []Movement       // the captures and refunds that the gateway knows; nil: it lists none; empty: there are none. A row missing here is never undone
	Totals        *Totals          // where it lists none, or has sums beside its list; compared after settling, never makes rows
	CaptureBefore time.Time        // when the authorization lapses; zero: it does not say
	ExpiresAt     time.Time        // when the object lapses; zero: it does not say
	NextAction    *NextAction      // set with SnapshotRequiresMore; its URL is https, or http to localhost, else it is dropped
	Decline       *Decline         // set with SnapshotDeclined, or where a pending object names its last decline
	Data          Data             // public; nil leaves the session's as it is, non-nil replaces it
	Private       *Private         // server-only; the same
}

// Decline is why a gateway refused.
type Decline struct {
	Code    string // for clients: a short word such as insufficient_funds
	Message string // for the server's logs alone
}

// Totals is what a gateway says has moved in all, in major units: without a list of movements, or beside one that may be incomplete.
type Totals struct {
	Captured decimal.Decimal // taken
	Refunded decimal.Decimal // given back
}

// MovementKind is the direction in which money moved.
type MovementKind string

const (
	// MovementCapture takes money from the shopper.
	MovementCapture MovementKind = "capture"
	// MovementRefund gives money back.
	MovementRefund MovementKind = "refund"
)

// MovementState is how far a movement of money got.
type MovementState string

const (
	// MovementPending is accepted, and moves later: it counts against what is left, but in no total. Status is asked until it has.
	MovementPending MovementState = "pending"
	// MovementSucceeded has moved. A refund can still fail, when the bank returns it.
	MovementSucceeded MovementState = "succeeded"
	// MovementFailed has not moved.
	MovementFailed MovementState = "failed"
)

// Movement is one capture or refund that the gateway knows. Keep the request's IdempotencyKey in the gateway's own record of it, such as its
// metadata, and return it from Status too: without it, ours cannot be told from those made elsewhere.
type Movement struct {
	Kind           MovementKind    // capture or refund
	Reference      string          // the gateway's ID, unique per kind
	IdempotencyKey string          // the key it was made with, where the gateway tells; in the answer to Capture or Refund the request's, for the one it made
	Amount         decimal.Decimal // in major units
	State          MovementState   // how far it got
	At             time.Time       // when, by the gateway's clock; zero where it does not say
}

// WebhookRequest is a message as it came in over HTTP.
type WebhookRequest struct {
	Header     http.Header // as received
	Body       []byte      // as received, at most 256 KiB
	Now        time.Time   // what to hold the signature's date against; UTC
	RemoteAddr string      // where it came from, if the host says; for logs
}

// WebhookMessage is a verified message: what it concerns, rather than what is to be believed.
type WebhookMessage struct {
	EventID        string    // the gateway's ID of the message, never of the object; empty: never a duplicate
	Type           string    // the gateway's name of what happened
	SessionID      string    // ours, from the gateway's metadata; empty when it names none
	IdempotencyKey string    // the operation's, where the gateway tells
	Reference      string    // the gateway's ID of the object
	Snapshot       *Snapshot // what the message says, used only where the gateway cannot be asked
	Notice         *Notice   // a fact that changes no row, such as a dispute
}

// Notice is a gateway's fact that becomes an event and changes no row.
type Notice struct {
	Kind         string          // such as dispute.created
	Reference    string          // the gateway's ID of it
	Amount       decimal.Decimal // in major units; zero where there is none
	CurrencyCode string          // of Amount
	Code         string          // the gateway's code, such as fraudulent
}

// providerError is a provider's error with its kind.
type providerError struct {
	kind     error // ErrDeclined, ErrNotSent, or errAlreadyDone
	code     string
	cause    error
	snapshot *Snapshot
}

var errAlreadyDone = errors.New("payment: it is so already")

func (e *providerError) Error() string {
	text := e.kind.Error()
	if e.code != "" {
		text += " (" + e.code + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *providerError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

// Declined is the error of a gateway that refused this request for good; another one, with another card, is not refused by that. The code, a
// short word such as insufficient_funds, goes to clients; the message goes to logs and the operation alone. A Snapshot may be returned along
// with it.
func Declined(code, message string) error {
	e := &providerError{kind: ErrDeclined, code: code}
	if message != "" {
		e.cause = errors.New(message)
	}
	return e
}

// NotSent is the error of a call that certainly had no effect: refused connection, 429, local validation. Where there is any doubt,
// return the cause itself.
func NotSent(cause error) error {
	if cause == nil {
		cause = errors.New("no reason given")
	}
	return &providerError{kind: ErrNotSent, cause: cause}
}

// AlreadyDone is the error of a call that had no effect because the gateway says that it is so already: captured, canceled,
// authorized. The Snapshot is what the gateway says now; it is settled like an answer of Status. One returned beside it is ignored.
func AlreadyDone(now Snapshot) error {
	return &providerError{kind: errAlreadyDone, snapshot: &now, cause: fmt.Errorf("the gateway says %s", now.State)}
}

// AlreadyDoneSnapshot returns what the gateway said in an error that [AlreadyDone] made, for providers that wrap another.
func AlreadyDoneSnapshot(err error) (Snapshot, bool) {
	var e *providerError
	if errors.As(err, &e) && e.snapshot != nil {
		return *e.snapshot, true
	}
	return Snapshot{}, false
}
