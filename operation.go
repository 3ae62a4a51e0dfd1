package payment

import (
	"time"

	"github.com/shopspring/decimal"
)

// OperationKind is what a provider was called for.
type OperationKind string

const (
	// OperationInitialize creates the gateway's object for a session.
	OperationInitialize OperationKind = "initialize"
	// OperationAuthorize authorizes a session.
	OperationAuthorize OperationKind = "authorize"
	// OperationUpdate changes a session's amount or context at the gateway.
	OperationUpdate OperationKind = "update"
	// OperationCancel cancels a session, or releases what a payment still holds.
	OperationCancel OperationKind = "cancel"
	// OperationCapture takes money.
	OperationCapture OperationKind = "capture"
	// OperationRefund gives money back.
	OperationRefund OperationKind = "refund"
	// OperationStatus stands for news that nobody's call brought, and that contradicts our rows. It only ever needs attention.
	OperationStatus OperationKind = "status"
)

// OperationState is where an operation stands.
type OperationState string

const (
	// OperationOpen is under way, or its outcome is unknown. It is driven on by its executor, by any call that meets it after
	// its lease, and by Reconcile.
	OperationOpen OperationState = "open"
	// OperationNeedsAttention waits for a person or for proof from the gateway, and keeps its lock.
	OperationNeedsAttention OperationState = "needs_attention"
	// OperationSucceeded ended: the gateway has accepted.
	OperationSucceeded OperationState = "succeeded"
	// OperationFailed ended: certainly nothing moved, or the gateway refused. Code says which.
	OperationFailed OperationState = "failed"
)

// Operation is one call to a provider that we are obliged to finish. It is written before the call; the hex digits of its ID
// are the idempotency key. It is the server's own: what the gateway said is kept here and never shown to a shopper.
type Operation struct {
	ID           string          // op_ and 32 hex digits
	CollectionID string          // the collection it belongs to
	SessionID    string          // the session that it locks while open
	ProviderID   string          // the provider called
	Kind         OperationKind   // what for
	State        OperationState  // where it stands
	Amount       decimal.Decimal // what is to be moved, in major units; an update's new amount
	CurrencyCode string          // ISO 4217, upper case
	Final        bool            // a capture: what is left is released
	Held         decimal.Decimal // what its begin added to the session's hold, given back if nothing was sent
	Reference    string          // the session's reference when it began; part of the request that repeats byte by byte
	Data         Data            // the session's Data when it began; kept until the operation ends
	Private      Private         // likewise
	Context      Private         // likewise; an update's new context
	Input        Private         // what the browser sent; kept until the operation ends
	ReasonID     string          // a refund's reason
	Note         string          // a refund's note
	CreatedBy    string          // who asked for a capture or refund, as the host says
	Metadata     Data            // of the capture or refund to be
	Tries        int             // executors so far, 1 with begin; the fence: only the newest may end it
	LeaseUntil   time.Time       // until when its executor may work; after that anyone takes over
	FirstCallAt  time.Time       // when the provider was first called, or may have been
	LastCallAt   time.Time       // when the provider was last called, or may have been
	Code         string          // why it failed or needs attention: a decline's code, not_sent, not_done, or a conflict's name
	Message      string          // what the gateway or the transport said last, cut to 512 bytes; never for a shopper
	CreatedAt    time.Time       // when it began
	UpdatedAt    time.Time       // when it changed last
	EndedAt      time.Time       // when it succeeded or failed
}

// Key returns the idempotency key that a gateway gets: the 32 hex digits of the operation's ID.
func (o *Operation) Key() string { return idDigits(o.ID) }

// ended reports whether o is neither open nor in need of a person.
func (o *Operation) ended() bool { return o.State == OperationSucceeded || o.State == OperationFailed }
