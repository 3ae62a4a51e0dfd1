package payment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Store keeps the rows. An implementation needs one thing of its database: a batch of writes that happens whole or not at all,
// on the condition that one number, the collection's version, has not moved. Nothing is ever deleted.
//
// IDs and keys are UTF-8 text without NUL. Rows are copied in and out: neither side sees the other's later changes. They come back equal: times in
// UTC cut to microseconds, decimals by value, Data as [NormalizeData] makes it, Private with its content. [EncodeRow] and [DecodeRow] are at hand for
// databases that keep documents. Payment.Captures and Payment.Refunds are not kept: those rows are their own. A row may name rows that are not
// there.
//
// Every method is safe for concurrent use and ends with its context. The error is the context's own then, or ErrCommitUnknown where a write may have
// happened. What costs time must not grow with the rows of other collections, nor with a collection's other sessions. Run storetest against an
// implementation.
type Store interface {
	// Load returns, as of one moment, the collection that the key leads to; the session, with the payment that it names, all captures
	// and refunds of that, and the open operation that it names; the named operation; the request, and its operation. See [Key] for
	// which session.
	//
	// The error is ErrNotFound only if no collection is found, as [Key.NotFound] makes it; else what was not found is missing from Rows. Deleted rows are
	// returned like others.
	Load(ctx context.Context, by Key) (*Rows, error)

	// Commit writes all of c or nothing, if the collection's version is c.Version; the collection is stored with c.Version+1. c is
	// not changed.
	//
	// The error is ErrConflict when the version has moved, is missing, or exists though c.Version is 0; else ErrDuplicate when an
	// event's Seq is taken, a movement's Reference stands in another row of the payment and kind, a request exists though c.NewRequests
	// is set, or a row belongs to another collection; ErrCommitUnknown when it may have happened: the caller repeats the same Changes.
	// After any other error nothing was written.
	Commit(ctx context.Context, c *Changes) error

	// List returns rows of one kind that match the filter, in the page's order, and Rows.More when there are further ones. All
	// kinds but requests can be listed. Filters and orders that [Filter] names are served by an index.
	//
	// An unknown kind is an error that matches ErrInvalid; a page beyond the end is empty.
	List(ctx context.Context, kind RowKind, f Filter, p Page) (*Rows, error)

	// Claim takes due work: of the rows of that kind with At not after now, the oldest by At and then ID, at most limit of them.
	// Their At becomes until, so that nobody else claims them before; they are returned with that At. No error when there is none.
	Claim(ctx context.Context, kind DueKind, now, until time.Time, limit int) ([]Due, error)

	// Done finishes claimed work: d is stored with At = again, or removed when again is zero. A row of DueEvents is never removed: again
	// zero keeps it, its Seq and its Dead, with a zero At, which is not due; but if the collection has events beyond d.Seq by then, it is due
	// at the first one's At.
	//
	// The error is ErrConflict when the stored At is no longer d.At, or the row is at rest or gone: somebody else has it now, leave it.
	Done(ctx context.Context, d Due, again time.Time) error

	// PutDelivery inserts a delivery with Version 0, which is stored as 1, or replaces the one with the same ID and Version, which
	// is stored with Version+1. d is not changed. A delivery that is parked becomes due at DueAt, with its Tries; another is not due.
	//
	// The error is ErrDuplicate when another has the same ProviderID and EventID, unless EventID is empty; ErrConflict when the
	// version has moved, or is missing though d.Version is not 0.
	PutDelivery(ctx context.Context, d *Delivery) error

	// Settings returns the one row of settings; its Version is 0 before the first PutSettings. No error for an absent row.
	Settings(ctx context.Context) (*Settings, error)

	// PutSettings replaces the settings if their stored Version is s.Version; they are stored with Version+1. s is not changed. The
	// error is ErrConflict when it has moved.
	PutSettings(ctx context.Context, s *Settings) error
}

// Key says what to load. The collection is that of CollectionID if it is set, else the one that the first of these fields leads to that exists:
// SessionID, PaymentID, OperationID, ProviderID with Reference. The session is the first that exists in that collection of: SessionID, that of
// PaymentID, of OperationID, of ProviderID with Reference, of the request's SessionID. Where two sessions of a provider have one Reference, the older
// one counts.
type Key struct {
	CollectionID string // with it, what belongs to another collection counts as missing
	SessionID    string // brings the session and all that is its
	PaymentID    string // likewise, by the payment
	OperationID  string // likewise, by any operation, ended or not; it is in Rows as well
	ProviderID   string // with Reference
	Reference    string // likewise, by the gateway's ID
	Method       string // with CollectionID (or what led to it) and RequestKey
	RequestKey   string // brings the request, its operation, and its session if no other was found
}

// NotFound returns the error of a Load that found no collection: a [*NotFoundError] with what was looked for first.
func (k Key) NotFound() error {
	switch {
	case k.CollectionID != "":
		return &NotFoundError{RowCollections, k.CollectionID}
	case k.SessionID != "":
		return &NotFoundError{RowSessions, k.SessionID}
	case k.PaymentID != "":
		return &NotFoundError{RowPayments, k.PaymentID}
	case k.OperationID != "":
		return &NotFoundError{RowOperations, k.OperationID}
	case k.Reference != "":
		return &NotFoundError{RowSessions, k.Reference}
	}
	return &NotFoundError{Kind: RowCollections}
}

// Rows is what a store returns. After a Load every list has at most one element, but for Captures and Refunds (oldest first, by
// CreatedAt and ID) and Operations (at most three, each once).
type Rows struct {
	Collections []*PaymentCollection // the collection
	Sessions    []*PaymentSession    // the session
	Payments    []*Payment           // the session's payment
	Captures    []*Capture           // all captures of the payment
	Refunds     []*Refund            // all refunds of the payment
	Operations  []*Operation         // the session's open one, the named one, the request's
	Requests    []*KeyedRequest      // the request
	Events      []*Event             // only by List
	Deliveries  []*Delivery          // only by List
	Count       int                  // only by List, when asked for: how many match in all
	More        bool                 // only by List: there are further rows
}

// RowKind names a kind of row that can be listed.
type RowKind string

// The kinds of rows.
const (
	RowCollections RowKind = "collections" // payment collections
	RowSessions    RowKind = "sessions"    // payment sessions
	RowPayments    RowKind = "payments"    // payments
	RowCaptures    RowKind = "captures"    // captures
	RowRefunds     RowKind = "refunds"     // refunds
	RowOperations  RowKind = "operations"  // operations
	RowEvents      RowKind = "events"      // events, delivered or not
	RowDeliveries  RowKind = "deliveries"  // webhook messages
)

// Filter says which rows to list. Empty fields do not filter; rows without a field that is named match nothing. An index serves each kind as a whole, by CollectionID, and by the
// fields named below; what is left of a filter may be checked row by row. The Service asks by nothing else: what a store makes of another field is its own affair. Rows of
// a SessionID are those of the payment that the session names.
type Filter struct {
	IDs            []string  // deliveries: those with one of these IDs, at most 100
	CollectionID   string    // every kind
	SessionID      string    // payments, captures, refunds, operations, deliveries
	PaymentID      string    // captures, refunds
	ProviderID     string    // sessions, payments, deliveries
	State          string    // operations: open or needs_attention; deliveries: parked
	From           time.Time // CreatedAt (an event's At, a delivery's ReceivedAt) not before this
	To             time.Time // and before this
	IncludeDeleted bool      // collections and sessions with DeletedAt too
}

// Page says which part of a list to return. Rows are ordered by CreatedAt (an event's Seq within its collection and its At across
// collections, a delivery's ReceivedAt) and then by ID.
type Page struct {
	Limit      int       // at most so many rows; at least 1
	Offset     int       // skip so many; at most 10,000
	Descending bool      // newest first
	Count      bool      // fill Rows.Count, up to 10,000
	AfterTime  time.Time // the row after which to begin, by what it is ordered by; zero with an empty AfterID: from the start
	AfterSeq   int64     // for events of one collection, instead of AfterTime
	AfterID    string    // that row's ID
}

const (
	// MaxChangesRows is how many rows [Changes] may hold: the collection counts, and so does due work.
	MaxChangesRows = 64
	// MaxChangesBytes is how large the rows of [Changes] may be together, as a store encodes them: 1 MiB.
	MaxChangesBytes = 1 << 20
)

// Changes is one decided step. At most 64 rows and 1 MiB. [Changes.Check] says what else no store may write.
//
// All rows but events are upserts, requests as well: a call that certainly did nothing may be made again with its key. Only NewRequests, and a
// Version of 0 for the collection, make an insert of one.
type Changes struct {
	CollectionID string             // the collection that all rows belong to
	Version      int64              // the collection's version that this was decided on; 0 inserts
	Collection   *PaymentCollection // always; stored with Version+1
	Sessions     []*PaymentSession  // upsert by ID
	Payments     []*Payment         // upsert by ID
	Captures     []*Capture         // upsert by ID
	Refunds      []*Refund          // upsert by ID
	Operations   []*Operation       // upsert by ID
	Requests     []*KeyedRequest    // upsert by Method and Key
	NewRequests  bool               // Requests are inserted only: ErrDuplicate if one exists
	Events       []*Event           // insert only; they make the collection's events due at the first one's At, unless these are due at some time already
	Due          []Due              // any kind but events: upsert by Kind and ID; a zero At removes it
}

// Check refuses what no store may write, before a database sees any of it: a [Store]'s Commit begins with it. What only the stored rows
// can tell, the version above all, and the size in bytes remain for Commit.
//
// The error is an [*InvalidError] when there is no collection, too many rows, or one that is nil, has no ID, or is there twice, or due work of
// events. It matches [ErrDuplicate] when a row names another collection.
func (c *Changes) Check() error {
	if c == nil || c.Collection == nil {
		return invalid("Changes.Collection", "must not be nil")
	}
	n := 1 + len(c.Sessions) + len(c.Payments) + len(c.Captures) + len(c.Refunds) + len(c.Operations) + len(c.Requests) + len(c.Events) +
		len(c.Due)
	if n > MaxChangesRows {
		return invalid("Changes", fmt.Sprintf("hold %d rows, more than %d", n, MaxChangesRows))
	}
	if c.CollectionID == "" {
		return invalid("Changes.CollectionID", "must not be empty")
	}
	if c.Collection.ID != c.CollectionID {
		return foreignRow(c.Collection.ID, c.Collection.ID, c.CollectionID)
	}
	due := make([]*Due, len(c.Due))
	for i := range c.Due {
		due[i] = &c.Due[i]
		switch due[i].Kind {
		case "":
			return invalid("Changes.Due", fmt.Sprintf("number %d has no Kind", i))
		case DueEvents:
			return invalid("Changes.Due", fmt.Sprintf("number %d is of events, which Changes.Events make due", i))
		}
	}
	return cmp.Or(
		checkRows(c, "Sessions", c.Sessions, func(r *PaymentSession) rowName { return rowName{id: r.ID, owner: r.CollectionID} }),
		checkRows(c, "Payments", c.Payments, func(r *Payment) rowName { return rowName{id: r.ID, owner: r.CollectionID} }),
		checkRows(c, "Captures", c.Captures, func(r *Capture) rowName { return rowName{id: r.ID, owner: r.CollectionID} }),
		checkRows(c, "Refunds", c.Refunds, func(r *Refund) rowName { return rowName{id: r.ID, owner: r.CollectionID} }),
		checkRows(c, "Operations", c.Operations, func(r *Operation) rowName { return rowName{id: r.ID, owner: r.CollectionID} }),
		checkRows(c, "Requests", c.Requests, func(r *KeyedRequest) rowName { return rowName{r.Method, r.Key, r.CollectionID} }),
		checkRows(c, "Events", c.Events, func(r *Event) rowName { return rowName{id: r.ID, owner: r.CollectionID} }),
		checkRows(c, "Due", due, func(r *Due) rowName { return rowName{string(r.Kind), r.ID, cmp.Or(r.CollectionID, c.CollectionID)} }),
	)
}

// rowName is what tells a row from the others of its list, and whose it is.
type rowName struct{ scope, id, owner string }

func checkRows[T any](c *Changes, list string, rows []*T, nameOf func(*T) rowName) error {
	for i, r := range rows {
		if r == nil {
			return invalid("Changes."+list, fmt.Sprintf("number %d is nil", i))
		}
		name := nameOf(r)
		switch {
		case name.id == "":
			return invalid("Changes."+list, fmt.Sprintf("number %d has no ID", i))
		case name.owner != c.CollectionID:
			return foreignRow(name.id, name.owner, c.CollectionID)
		case slices.ContainsFunc(rows[:i], func(e *T) bool { return nameOf(e) == name }):
			return invalid("Changes."+list, fmt.Sprintf("number %d is there twice", i))
		}
	}
	return nil
}

func foreignRow(id, owner, collectionID string) error {
	return fmt.Errorf("payment: %.64q belongs to collection %.64q, not to %.64q: %w", id, owner, collectionID, ErrDuplicate)
}

// KeyedRequest remembers a call that was made with an IdempotencyKey, for 30 days.
type KeyedRequest struct {
	CollectionID string    // the collection that scopes the key
	Method       string    // the Service's method, such as CapturePayment
	Key          string    // what the caller passed as IdempotencyKey, 1 to 255 bytes
	Fingerprint  string    // a hash of the arguments, 64 hex digits
	SessionID    string    // the session concerned; empty when none
	OperationID  string    // the operation it began last; empty with a pure provider
	Code         string    // the decline's code with a pure provider; empty when it succeeded
	CreatedAt    time.Time // when it was first made; UTC, microseconds
}

// DueKind names a kind of work that is found by age.
type DueKind string

const (
	// DueOperation is an open operation whose lease ends at At. ID is the operation's.
	DueOperation DueKind = "operation"
	// DueSession is a session to be asked about, or to expire, at At. ID is the session's.
	DueSession DueKind = "session"
	// DueDelivery is a parked webhook message to be handled at At. ID is the delivery's.
	DueDelivery DueKind = "delivery"
	// DueEvents is a collection with events to be delivered. ID is the collection's. The row stays, with a zero At, when all are.
	DueEvents DueKind = "events"
)

// Due is work to be found by age. It is bookkeeping: it moves no version.
type Due struct {
	Kind         DueKind   // what work
	CollectionID string    // whose; empty for a delivery that is not tied to one
	ID           string    // of what; unique per kind
	At           time.Time // when; UTC, microseconds; zero in a row of events that is not due
	Tries        int       // how often it was tried; of a session: how often it was asked about since its last change
	Seq          int64     // events: delivered up to this Event.Seq
	Dead         []int64   // events: the Seqs that were given up
}

// DeliveryState is where a webhook message stands.
type DeliveryState string

const (
	// DeliveryParked waits to be handled; it is due at DueAt.
	DeliveryParked DeliveryState = "parked"
	// DeliveryHandled has had its effect.
	DeliveryHandled DeliveryState = "handled"
	// DeliveryIgnored concerns nothing of ours; its body was not kept.
	DeliveryIgnored DeliveryState = "ignored"
	// DeliveryDead was given up, with an event.
	DeliveryDead DeliveryState = "dead"
)

// Delivery is one webhook message: verified, stored, then handled.
type Delivery struct {
	ID             string        // whd_ and 32 hex digits
	Version        int64         // 1 when stored, one more with every change
	ProviderID     string        // the provider that verified it
	EventID        string        // the gateway's ID of the message; unique per provider unless empty
	Type           string        // the gateway's name of what happened
	State          DeliveryState // where it stands
	SessionID      string        // the session it names, found or not
	CollectionID   string        // that session's collection, once it is found
	IdempotencyKey string        // the operation's key that it names, if any
	Reference      string        // the gateway's object that it names, if any
	Body           Private       // how the message begins, under "body", and what the provider read in it; empty when ignored. Nothing removes it later
	Tries          int           // how often it was tried
	Code           string        // why it is parked or dead
	DueAt          time.Time     // when to try it next; set while parked
	ReceivedAt     time.Time     // when it came in
	HandledAt      time.Time     // when it was handled, ignored or given up
}

// Settings is what a merchant sets for all collections: one versioned row.
type Settings struct {
	Version           int64           // 0 before it was first stored
	DisabledProviders []string        // IDs of providers that are switched off, sorted
	RefundReasons     []*RefundReason // in the order in which they were created
}
