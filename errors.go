package payment

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Questions to ask of an error with [errors.Is]. None of their texts holds what a gateway said.
var (
	// ErrInvalid is bad input; the error is an [*InvalidError]. Nothing was stored and no provider called: correct the field.
	ErrInvalid = errors.New("payment: invalid input")
	// ErrNotFound says that the object does not exist, or is deleted; the error is a [*NotFoundError].
	ErrNotFound = errors.New("payment: not found")
	// ErrNotAllowed says that the object's state does not allow the call; the error is a [*StateError]. Trying again does not help.
	ErrNotAllowed = errors.New("payment: not allowed in this state")
	// ErrAmountExceeded says that the amount is above what is left; the error is an [*AmountExceededError].
	ErrAmountExceeded = errors.New("payment: amount exceeded")
	// ErrUnsupported says that the provider lacks a capability; the error is an [*UnsupportedError]. A provider's Status returns
	// it where the gateway cannot be asked.
	ErrUnsupported = errors.New("payment: not supported by the provider")
	// ErrIdempotencyMismatch says that the IdempotencyKey was used before with other arguments: that call stands. Use a new key for a new
	// request; what changed about the same one is an update ([Service.UpdateCollection]), not another CreateCollection. An Input is an argument
	// too. Keys are scoped by collection and method, so that a key for one of several payments must name it.
	ErrIdempotencyMismatch = errors.New("payment: idempotency key was used with other arguments")
	// ErrWebhookRefused says that a webhook message is forged, malformed, too old or too large; the error is a [*WebhookError]. Nothing
	// was stored: answer with 400.
	ErrWebhookRefused = errors.New("payment: the webhook message is refused")
	// ErrTooManyDeclines says that so many attempts were declined that no more are made ([Config].MaxSessionDeclines, MaxCollectionDeclines).
	ErrTooManyDeclines = errors.New("payment: too many declined attempts")
	// ErrInTransaction says that a Service made by [Service.WithStore] would have to call a provider, or to wait, while it is bound to a
	// transaction of the host. Nothing was stored and no provider called: commit first, then call the Service itself.
	ErrInTransaction = errors.New("payment: not possible in a transaction of the host")
)

// Outcomes of a call to a provider, to ask of an error with [errors.Is]; the error is a [*SessionError].
var (
	// ErrRequiresMore says that the shopper must do something first: show [SessionError.NextAction], then authorize again.
	ErrRequiresMore = errors.New("payment: the shopper must act first")
	// ErrPending says that the gateway will tell later: wait for the webhook, or authorize again to ask. Where the browser confirms, the
	// shopper may just not have done so yet.
	ErrPending = errors.New("payment: the gateway has not decided yet")
	// ErrDeclined says that the gateway refused: [SessionError.Reason] is its code. Another try is a new operation.
	ErrDeclined = errors.New("payment: declined")
	// ErrCanceled says that the session or payment is canceled, and nothing can be done with it. From AuthorizeSession it is a
	// [*SessionError]; from other calls a [*StateError], which matches ErrNotAllowed too, where it was so before the call.
	ErrCanceled = errors.New("payment: canceled")
	// ErrNotSent says that certainly nothing happened at the gateway: safe to try again, after RetryAfter.
	ErrNotSent = errors.New("payment: the gateway did nothing")
	// ErrOutcomeUnknown says that the gateway may or may not have done it. The operation stays open and is settled by asking: call
	// again with the same IdempotencyKey, or wait for Reconcile. Without a key the same arguments are another capture or refund.
	// Never treat it as a failure.
	ErrOutcomeUnknown = errors.New("payment: the outcome is not known yet")
	// ErrInProgress says that another call's operation is in the way, and this call has begun nothing: that one's outcome is not known yet, or
	// the context ended while it was under way. Call again, with the same IdempotencyKey if there is one.
	ErrInProgress = errors.New("payment: another operation is in progress")
	// ErrNeedsAttention says that the gateway's answer contradicts what was asked, or that it never answered. The operation,
	// SessionError.Session.OperationID, keeps its lock until a person decides by [Service.ResolveOperation]; trying again does not help. It may
	// be that of an earlier call: once the person has decided, the same call with the same IdempotencyKey returns what became of its own
	// operation, or begins it where there is none.
	ErrNeedsAttention = errors.New("payment: a person must decide")
)

// What a [Store] answers, to ask of an error with [errors.Is]. The Service handles them; a host sees one only if it does not end.
var (
	// ErrConflict says that a version has moved: load, decide and commit again.
	ErrConflict = errors.New("payment: the row was changed meanwhile")
	// ErrDuplicate says that a row to be inserted is there already.
	ErrDuplicate = errors.New("payment: the row exists already")
	// ErrCommitUnknown says that a commit may or may not have happened: the Service repeats it with the same Changes. A host sees it when
	// its context ends, or the database is gone, before that is known: the same call again, with the same IdempotencyKey where it takes one.
	ErrCommitUnknown = errors.New("payment: the outcome of the commit is not known")
)

// InvalidError is bad input: which field, and the rule that it breaks. It matches [ErrInvalid].
type InvalidError struct {
	Field string // the parameter's name in Go, such as Amount; empty where what was checked has no name
	Rule  string // what is wrong, as the end of a sentence that begins with the field
}

// Error returns "payment: Amount: must be more than zero".
func (e *InvalidError) Error() string {
	if e.Field == "" {
		return "payment: " + e.Rule
	}
	return "payment: " + e.Field + ": " + e.Rule
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

func invalid(field, rule string) error { return &InvalidError{Field: field, Rule: rule} }

// NotFoundError names what was looked for. It matches [ErrNotFound].
type NotFoundError struct {
	Kind RowKind // such as sessions
	ID   string  // as it was given
}

// notFound says that there is no such object, or that none was named.
func notFound(kind RowKind, id string) error {
	e := &NotFoundError{kind, id}
	if id == "" {
		one := e.one()
		return invalid(strings.ToUpper(one[:1])+one[1:]+"ID", "is required")
	}
	return e
}

// one names the kind in the singular: session.
func (e *NotFoundError) one() string {
	one := strings.TrimSuffix(strings.ReplaceAll(string(e.Kind), "_", " "), "s")
	if stem, ok := strings.CutSuffix(one, "ie"); ok {
		one = stem + "y"
	}
	return one
}

// Error returns `payment: no session "payses_…" was found`.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("payment: no %s %.64q was found", e.one(), e.ID)
}

// Is reports whether target is [ErrNotFound].
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// StateError says why an object's state does not allow a call. It matches [ErrNotAllowed], and [ErrCanceled] where the
// object is canceled.
type StateError struct {
	ID     string // the collection, session or payment
	Status string // where it stands, such as authorized; of a payment also captured or unasked
	Action string // what was asked, such as cancel
	Why    string // the rule, as a sentence's end
}

// Error returns "payment: cannot capture pay_…, which is canceled: …".
func (e *StateError) Error() string {
	return fmt.Sprintf("payment: cannot %s %s, which is %s: %s", e.Action, e.ID, e.Status, e.Why)
}

// Is reports whether target is [ErrNotAllowed], or [ErrCanceled] for something canceled.
func (e *StateError) Is(target error) bool {
	return target == ErrNotAllowed || target == ErrCanceled && e.Status == string(StatusCanceled)
}

// AmountExceededError says what was asked and what is left. It matches [ErrAmountExceeded].
type AmountExceededError struct {
	Field        string          // the parameter's name in Go, such as Amount
	Asked        decimal.Decimal // in major units
	Left         decimal.Decimal // in major units
	CurrencyCode string          // of both
	Holders      []string        // sessions whose hold or authorization takes the rest, at most 20; some may be paid: look before superseding one

	released                decimal.Decimal // of a payment, beside what is left: what can no longer be captured
	collectionID, sessionID string          // where the holders are to be found, and who is none of them; empty where there are none
}

// Error returns "payment: Amount: 60.01 USD is more than the 60.00 USD that is left".
func (e *AmountExceededError) Error() string {
	text := fmt.Sprintf("payment: %s: %s is more than the %s that is left", e.Field, priced(e.Asked, e.CurrencyCode), priced(e.Left, e.CurrencyCode))
	if e.released.IsPositive() {
		text += ", as " + priced(e.released, e.CurrencyCode) + " was released"
	}
	if len(e.Holders) > 0 {
		text += " beside " + strings.Join(e.Holders, ", ")
	}
	return text
}

// Is reports whether target is [ErrAmountExceeded].
func (e *AmountExceededError) Is(target error) bool { return target == ErrAmountExceeded }

// WebhookError says that a webhook message was refused. It matches [ErrWebhookRefused].
type WebhookError struct {
	ProviderID string // whose message it claims to be
	Cause      error  // why, as the provider says: for logs, never for whoever sent the message
}

// Error returns "payment: the webhook message is refused: provider stripe". The cause is left out: it may quote the message.
func (e *WebhookError) Error() string {
	return ErrWebhookRefused.Error() + ": provider " + e.ProviderID
}

// Unwrap returns [ErrWebhookRefused] and the cause.
func (e *WebhookError) Unwrap() []error { return []error{ErrWebhookRefused, e.Cause} }

// UnsupportedError names what a provider cannot do. It matches [ErrUnsupported].
type UnsupportedError struct {
	ProviderID string // as registered
	Capability string // such as Canceler, or MultiCapture
}

// Error returns "payment: provider cod does not support Refunder".
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("payment: provider %s does not support %s", e.ProviderID, e.Capability)
}

// Is reports whether target is [ErrUnsupported].
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

// SessionError says why a call on a session or its payment did not reach its goal. What it says is stored already; where the store failed, it is what
// the call last knew to be stored.
// It matches one of [ErrRequiresMore], [ErrPending], [ErrDeclined], [ErrCanceled], [ErrNotSent], [ErrOutcomeUnknown], [ErrInProgress] and
// [ErrNeedsAttention].
type SessionError struct {
	Outcome    error           // the one it matches
	Session    *PaymentSession // as it is stored
	Payment    *Payment        // the session's payment, nil while it has none
	NextAction *NextAction     // what the shopper must do; set with ErrRequiresMore
	Reason     string          // the provider's code for clients, such as insufficient_funds; set with ErrDeclined
	RetryAfter time.Duration   // when calling again makes sense; 0 where it does not, or the shopper must do something first
}

// Error returns "payment: declined: session payses_… (insufficient_funds)", and with ErrNeedsAttention the operation after the session.
func (e *SessionError) Error() string {
	text := "payment: no outcome"
	if e.Outcome != nil {
		text = e.Outcome.Error()
	}
	if e.Session != nil {
		text += ": session " + e.Session.ID
		if errors.Is(e.Outcome, ErrNeedsAttention) && e.Session.OperationID != "" {
			text += ", operation " + e.Session.OperationID
		}
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text
}

// Unwrap returns the outcome.
func (e *SessionError) Unwrap() error { return e.Outcome }

// StoreProblem says why a database cannot serve.
type StoreProblem string

const (
	// StoreNotMigrated is a database without the store's tables: run its Migrate.
	StoreNotMigrated StoreProblem = "not_migrated"
	// StoreTooOld is a database whose tables an earlier version of the store made: run Migrate.
	StoreTooOld StoreProblem = "too_old"
	// StoreTooNew is a database whose tables a later version of the store made: upgrade the library.
	StoreTooNew StoreProblem = "too_new"
	// StoreUnsupported is a database server of a version that the store cannot use.
	StoreUnsupported StoreProblem = "unsupported"
	// StoreReadOnly is a database that takes no writes: a standby, a file without permission.
	StoreReadOnly StoreProblem = "read_only"
	// StoreFull is a database that has no space left.
	StoreFull StoreProblem = "full"
	// StoreBusy is a database without a free connection, or one that somebody else keeps locked.
	StoreBusy StoreProblem = "busy"
	// StoreGone is a database that does not answer: stopped, unreachable, refusing us, or closed.
	StoreGone StoreProblem = "gone"
	// StoreDamaged is a row that cannot be read; other rows can.
	StoreDamaged StoreProblem = "damaged"
)

// StoreError is what a store over a database returns when the database cannot serve; nothing was written. It is for operators: Advice and
// Err name tables, files and servers, and are not for a shopper.
type StoreError struct {
	Problem StoreProblem // what is wrong
	Advice  string       // what an operator can do about it
	Err     error        // what the database said
}

// Error returns "payment: the store is read_only: connect to the primary: …".
func (e *StoreError) Error() string {
	text := "payment: the store is " + string(e.Problem) + ": " + e.Advice
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns what the database said.
func (e *StoreError) Unwrap() error { return e.Err }
