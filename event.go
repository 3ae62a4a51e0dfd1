package payment

import (
	"time"

	"github.com/shopspring/decimal"
)

// EventKind names a fact.
type EventKind string

// The facts. Each is written in the same commit as the change that it tells of.
const (
	EventCollectionCreated       EventKind = "collection.created"        // a collection was created
	EventCollectionUpdated       EventKind = "collection.updated"        // its amount, providers or metadata changed
	EventCollectionCompleted     EventKind = "collection.completed"      // all was captured, or the host completed it
	EventCollectionCanceled      EventKind = "collection.canceled"       // it was given up
	EventCollectionDeleted       EventKind = "collection.deleted"        // it was hidden
	EventSessionCreated          EventKind = "session.created"           // a session was created; the provider may not know it yet
	EventSessionUpdated          EventKind = "session.updated"           // its amount, context or metadata changed
	EventSessionRequiresMore     EventKind = "session.requires_more"     // the shopper must act
	EventSessionProcessing       EventKind = "session.processing"        // the gateway has accepted and will tell later
	EventSessionDeclined         EventKind = "session.declined"          // the gateway refused
	EventSessionCanceled         EventKind = "session.canceled"          // canceled before it held money
	EventSessionDeleted          EventKind = "session.deleted"           // it was hidden
	EventPaymentAuthorized       EventKind = "payment.authorized"        // a session's money is held; an order may need several
	EventPaymentUnasked          EventKind = "payment.unasked"           // money is held that nobody asked for; it is voided, or waits for a person
	EventPaymentReleased         EventKind = "payment.released"          // part of what was held can no longer be captured
	EventPaymentCanceled         EventKind = "payment.canceled"          // the authorization was voided, or lapsed
	EventPaymentUpdated          EventKind = "payment.updated"           // its metadata changed
	EventCapturePending          EventKind = "capture.pending"           // the gateway has accepted it and will tell later
	EventCaptureSucceeded        EventKind = "capture.succeeded"         // money was taken
	EventCaptureFailed           EventKind = "capture.failed"            // no money was taken
	EventRefundPending           EventKind = "refund.pending"            // the gateway has accepted it and will tell later
	EventRefundSucceeded         EventKind = "refund.succeeded"          // money was given back
	EventRefundFailed            EventKind = "refund.failed"             // no money was given back
	EventRefundReturned          EventKind = "refund.returned"           // the bank sent a succeeded refund back
	EventOperationNeedsAttention EventKind = "operation.needs_attention" // a person must decide about OperationID: Service.ResolveOperation
	EventOperationResolved       EventKind = "operation.resolved"        // a person has decided; Code says how
	EventDataDropped             EventKind = "data.dropped"              // a provider's answer held something that must not be public
	EventGatewayNotice           EventKind = "gateway.notice"            // the gateway tells a fact that changes no row: Notice says which, such as dispute.created
	EventWebhookGivenUp          EventKind = "webhook.given_up"          // a message was tried for too long; a person looks at the gateway for Reference
)

// Event is a fact that happened, for the host's own bookkeeping. It carries nothing private. Its JSON round-trips, for
// queues; unlike that of the other types it has amounts as strings, and currency codes in upper case.
type Event struct {
	ID           string          `json:"id"`                      // evt_ and 32 hex digits
	CollectionID string          `json:"collection_id"`           // the collection it happened to
	Seq          int64           `json:"seq"`                     // the collection's version × 64 and an index: ordered per collection, with gaps
	Kind         EventKind       `json:"kind"`                    // what happened
	SessionID    string          `json:"session_id,omitempty"`    // the session it happened to, if any
	PaymentID    string          `json:"payment_id,omitempty"`    // the payment it happened to, if any
	EntryID      string          `json:"entry_id,omitempty"`      // the capture or refund it tells of, if any
	OperationID  string          `json:"operation_id,omitempty"`  // the operation it came from, if any
	ProviderID   string          `json:"provider_id,omitempty"`   // the provider, if any
	Amount       decimal.Decimal `json:"amount"`                  // what the fact is about, in major units; zero where there is nothing to say
	CurrencyCode string          `json:"currency_code,omitempty"` // of Amount; ISO 4217
	Code         string          `json:"code,omitempty"`          // a decline's code, a conflict's name, dropped keys; never a gateway's words
	Notice       string          `json:"notice,omitempty"`        // a notice's kind, such as dispute.created
	Reference    string          `json:"reference,omitempty"`     // the gateway's ID of what a notice is about, or of a message that was given up
	At           time.Time       `json:"at"`                      // when it was recorded; UTC, microseconds
}
