package payment

import (
	"context"
	"time"
)

// Observer is told what a [Service] does: of what takes time, for spans and durations, and of what happens at one moment, for counts. Set
// [Config].Observer; without one nothing is told, and nothing is spent on it. The module paymentotel is one, for OpenTelemetry.
//
// The interface never grows; its parameters may get fields, and their kinds and names may become more: ignore those you do not know. What it is
// told holds IDs, names and codes, and nothing that is private, that a browser sent, or that a gateway said in words; no amounts either.
//
// An Observer decides nothing. Its methods are called from several goroutines at once, in the middle of a payment: they must not wait, nor call
// the Service. A panic in one is logged, and goes no further: an answer of a gateway must not be lost for the sake of a count.
type Observer interface {
	// Start is called before an activity. What belongs to it is called with the context that Start returns, which must be derived from ctx, or be
	// ctx; nil stands for ctx. The function is called once when the activity has ended, also if it panicked; nil where nobody wants to know.
	Start(ctx context.Context, a Activity) (context.Context, func(ActivityResult))

	// Signal is called when something has happened. What is stored is told after its commit, by the process that made it: what a process that
	// was killed has committed, or one that could not confirm its commit, is told by nobody. The store is the truth, this is for rates. In a host's
	// transaction ([Service.WithStore]) it is told before the host commits.
	Signal(ctx context.Context, s Signal)
}

// ActivityKind is what an activity is.
type ActivityKind string

// The activities. One that happens during another is told with the context of that one.
const (
	// ActivityMethod is a call of a method of Service: Name is the method's. Run is none: each pass of it is told as Reconcile.
	ActivityMethod ActivityKind = "method"
	// ActivityCall is a call to a provider: Name is the [OperationKind], status where it only asks.
	ActivityCall ActivityKind = "call"
	// ActivityWork is one piece of what Reconcile does: Name is the [DueKind].
	ActivityWork ActivityKind = "work"
	// ActivityEvent is a call of Config.OnEvent: Name is the [EventKind].
	ActivityEvent ActivityKind = "event"
)

// Subject is what is observed, as far as it is known: empty fields say nothing. IDs belong in spans, not in metrics.
type Subject struct {
	ProviderID   string // as configured: the only one of few values
	CollectionID string // paycol_
	SessionID    string // payses_
	PaymentID    string // pay_
	OperationID  string // op_
	EventID      string // evt_
	DeliveryID   string // whd_
}

// Activity is something that takes time.
type Activity struct {
	Kind    ActivityKind  // what it is
	Name    string        // which one, of few: as its kind says
	Subject Subject       // what it is about, as far as it is known before
	Tries   int           // the operation's so far, from 1 on, which is also how often a call may have been made; 0 where there is no operation
	Age     time.Duration // of an event: how long ago it happened
}

// ActivityResult is what came of an activity.
type ActivityResult struct {
	// Outcome is a word, of few.
	//
	// Of a method: ok, or what its error matches: invalid, not_found, not_allowed, amount_exceeded, unsupported, idempotency_mismatch, refused,
	// too_many_declines, in_transaction, requires_more, pending, declined, canceled, not_sent, outcome_unknown, in_progress, needs_attention, conflict,
	// unavailable (the store's), interrupted (the context's), and error for any other. Of HandleWebhook also handled, parked, ignored and
	// duplicate instead of ok.
	//
	// Of a call: the [SnapshotState] that the gateway answered with, or declined, not_sent, unsupported, or unknown.
	//
	// Of work: settled, parked, given_up, as in the [Report], done where nothing was left to do or events were delivered, or failed. Of an event:
	// delivered, or failed.
	Outcome  string
	Code     string        // why: a decline's code, a parked message's. Gateways invent such codes: for spans, not for metrics
	Duration time.Duration // by Config.Now
	Subject  Subject       // what it was about, as far as it is known by now; empty fields: as at the start
	Report   *Report       // of Reconcile, else nil; not to be changed
}

// SignalKind is what happened.
type SignalKind string

// What happens at one moment.
const (
	// SignalOperationStarted is an operation that was written down, and is about to be called: Name is its [OperationKind].
	SignalOperationStarted SignalKind = "operation_started"
	// SignalOperationEnded is one that has ended: Outcome is succeeded or failed, Code says why it failed.
	SignalOperationEnded SignalKind = "operation_ended"
	// SignalOperationAttention is one that needs a person from now on: Outcome is why, one of the codes in docs/guide.md.
	SignalOperationAttention SignalKind = "operation_attention"
	// SignalEvent is an event that was recorded: Name is its [EventKind].
	SignalEvent SignalKind = "event"
	// SignalGivenUp is what was tried for too long, and a person must look at: Name is event or delivery.
	SignalGivenUp SignalKind = "given_up"
	// SignalRetry is a commit that has to be made once more: Outcome is conflict or duplicate (decided again), unknown (sent again) or unavailable
	// (the store failed while a gateway's answer was to be recorded: decided again).
	SignalRetry SignalKind = "retry"
)

// Signal is something that happens at one moment.
type Signal struct {
	Kind    SignalKind    // what it is
	Name    string        // which one, of few: as its kind says
	Subject Subject       // what it is about
	Outcome string        // how, of few words: as its kind says
	Code    string        // why an operation failed or a session was declined. Gateways invent such codes: for spans, not for metrics
	Age     time.Duration // of an operation that ended or needs a person: since it began
}
