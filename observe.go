package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// observation is an activity under way; its zero value is one that nobody observes.
type observation struct {
	cfg   *Config
	began time.Time
	end   func(ActivityResult)
}

// observe tells the Observer of an activity.
func (c *Config) observe(ctx context.Context, a Activity) (context.Context, observation) {
	if c.Observer == nil {
		return ctx, observation{}
	}
	within, end := c.start(ctx, a)
	if within == nil {
		within = ctx
	}
	return within, observation{cfg: c, end: end, began: c.Now()}
}

func (c *Config) start(ctx context.Context, a Activity) (within context.Context, end func(ActivityResult)) {
	defer c.caught(ctx)
	return c.Observer.Start(ctx, a)
}

// done tells it how the activity ended.
func (o *observation) done(ctx context.Context, r ActivityResult) {
	if o.end == nil {
		return
	}
	defer o.cfg.caught(ctx)
	r.Duration = o.cfg.Now().Sub(o.began)
	o.end(r)
}

// signal tells the Observer what has happened.
func (c *Config) signal(ctx context.Context, s Signal) {
	if c.Observer == nil {
		return
	}
	defer c.caught(ctx)
	c.Observer.Signal(ctx, s)
}

// caught keeps a panic of the Observer from what is observed: it is to be deferred.
func (c *Config) caught(ctx context.Context) {
	if p := recover(); p != nil {
		c.Logger.ErrorContext(ctx, "payment: the Observer panicked", "panic", quote(fmt.Sprint(p)))
	}
}

// method begins to observe a method of the Service. What its caller names is passed on only if it could be ours: it may come from anybody's URL.
func (s *Service) method(ctx context.Context, name string, about Subject) (context.Context, observation) {
	if s.cfg.Observer == nil {
		return ctx, observation{}
	}
	if s.providers[about.ProviderID] == nil {
		about.ProviderID = ""
	}
	for _, x := range []struct {
		id     *string
		prefix string
	}{{&about.CollectionID, "paycol_"}, {&about.SessionID, "payses_"}, {&about.PaymentID, "pay_"}, {&about.OperationID, "op_"}} {
		if digits, ok := strings.CutPrefix(*x.id, x.prefix); !ok || !isKey(digits) {
			*x.id = ""
		}
	}
	return s.cfg.observe(ctx, Activity{Kind: ActivityMethod, Name: name, Subject: about})
}

// returned tells what a method returned: what is known of its subject, and its error.
func (o *observation) returned(ctx context.Context, about Subject, err error) {
	if o.end == nil {
		return
	}
	r := ActivityResult{Outcome: outcomeOf(err), Subject: about}
	if said, ok := errors.AsType[*SessionError](err); ok {
		r.Code = said.Reason
		if said.Session != nil {
			r.Subject = said.Session.subject()
		}
	}
	o.done(ctx, r)
}

// received tells what became of a webhook message, which may have been refused before there was a delivery.
func (o *observation) received(ctx context.Context, d *Delivery, result *WebhookResult, err error) {
	if o.end == nil {
		return
	}
	r := ActivityResult{Outcome: outcomeOf(err)}
	if d != nil {
		r.Subject = d.subject()
	}
	switch {
	case err != nil:
	case result.Duplicate:
		r.Outcome, r.Subject.DeliveryID = "duplicate", "" // it was not stored
	default:
		r.Outcome, r.Code = string(result.State), result.Code
	}
	o.done(ctx, r)
}

// reconciled tells what a pass of Reconcile has done.
func (o *observation) reconciled(ctx context.Context, report *Report, err error) {
	if o.end != nil {
		o.done(ctx, ActivityResult{Outcome: outcomeOf(err), Report: report})
	}
}

// piece does one piece of due work.
func (s *Service) piece(ctx context.Context, d Due, r *Report, do func(context.Context, Due, *Report) error) (err error) {
	if s.cfg.Observer == nil {
		return do(ctx, d, r)
	}
	ctx, o := s.cfg.observe(ctx, Activity{Kind: ActivityWork, Name: string(d.Kind), Subject: d.subject()})
	settled, parked, givenUp, outcome := len(r.Settled), len(r.Parked), len(r.GivenUp), "failed"
	defer func() { o.done(ctx, ActivityResult{Outcome: outcome}) }()
	err = do(ctx, d, r)
	switch {
	case err != nil:
	case len(r.GivenUp) > givenUp:
		outcome = "given_up"
	case len(r.Settled) > settled:
		outcome = "settled"
	case len(r.Parked) > parked:
		outcome = "parked"
	default:
		outcome = "done"
	}
	return err
}

// hands begins to observe that an event is handed to the host.
func (s *Service) hands(ctx context.Context, e *Event) (context.Context, observation) {
	if s.cfg.Observer == nil {
		return ctx, observation{}
	}
	return s.cfg.observe(ctx, Activity{Kind: ActivityEvent, Name: string(e.Kind), Subject: e.subject(), Age: s.now().Sub(e.At)})
}

// taken tells whether the host took it.
func (o *observation) taken(ctx context.Context, err error) {
	outcome := "delivered"
	if err != nil {
		outcome = "failed"
	}
	o.done(ctx, ActivityResult{Outcome: outcome})
}

// subject is what identifies a collection; of nil, nothing.
func (c *PaymentCollection) subject() Subject {
	if c == nil {
		return Subject{}
	}
	return Subject{CollectionID: c.ID}
}

// subject is what identifies a session, and its payment.
func (s *PaymentSession) subject() Subject {
	if s == nil {
		return Subject{}
	}
	return Subject{ProviderID: s.ProviderID, CollectionID: s.CollectionID, SessionID: s.ID, PaymentID: s.PaymentID, OperationID: s.OperationID}
}

// subject is what identifies a payment.
func (p *Payment) subject() Subject {
	if p == nil {
		return Subject{}
	}
	return Subject{ProviderID: p.ProviderID, CollectionID: p.CollectionID, SessionID: p.SessionID, PaymentID: p.ID}
}

// subject is what identifies an operation.
func (o *Operation) subject() Subject {
	if o == nil {
		return Subject{}
	}
	return Subject{ProviderID: o.ProviderID, CollectionID: o.CollectionID, SessionID: o.SessionID, OperationID: o.ID}
}

// subject is what identifies a webhook message.
func (d *Delivery) subject() Subject {
	return Subject{ProviderID: d.ProviderID, CollectionID: d.CollectionID, SessionID: d.SessionID, DeliveryID: d.ID}
}

// subject is what identifies a piece of due work.
func (d *Due) subject() Subject {
	x := Subject{CollectionID: d.CollectionID}
	switch d.Kind {
	case DueOperation:
		x.OperationID = d.ID
	case DueSession:
		x.SessionID = d.ID
	case DueDelivery:
		x.DeliveryID = d.ID
	case DueEvents:
		x.CollectionID = d.ID
	}
	return x
}

// outcomeWord is an error and the word for it.
type outcomeWord struct {
	err  error
	word string
}

// outcomeWords are the words for errors, in the order in which they are looked for: an error can match several.
func outcomeWords() []outcomeWord {
	return []outcomeWord{
		{ErrOutcomeUnknown, "outcome_unknown"}, {ErrRequiresMore, "requires_more"}, {ErrPending, "pending"}, {ErrDeclined, "declined"},
		{ErrCanceled, "canceled"}, {ErrNotSent, "not_sent"}, {ErrInProgress, "in_progress"}, {ErrNeedsAttention, "needs_attention"},
		{ErrInvalid, "invalid"}, {ErrNotFound, "not_found"}, {ErrNotAllowed, "not_allowed"}, {ErrAmountExceeded, "amount_exceeded"},
		{ErrUnsupported, "unsupported"}, {ErrIdempotencyMismatch, "idempotency_mismatch"}, {ErrWebhookRefused, "refused"},
		{ErrTooManyDeclines, "too_many_declines"}, {ErrInTransaction, "in_transaction"}, {ErrConflict, "conflict"},
		{ErrCommitUnknown, "unavailable"}, {context.Canceled, "interrupted"}, {context.DeadlineExceeded, "interrupted"},
	}
}

// outcomeOf is the word for an error.
func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range outcomeWords() {
		if errors.Is(err, o.err) {
			return o.word
		}
	}
	if _, ok := errors.AsType[*StoreError](err); ok {
		return "unavailable"
	}
	return "error"
}

// signal keeps what is to be told once the book is committed.
func (b *book) signal(kind SignalKind, op *Operation, outcome string) {
	if b.cfg.Observer == nil {
		return
	}
	if b.signals == nil {
		b.signals = new([]Signal)
	}
	*b.signals = append(*b.signals, Signal{
		Kind: kind, Name: string(op.Kind), Subject: op.subject(), Outcome: outcome, Code: op.Code, Age: b.now.Sub(op.CreatedAt),
	})
}

// told tells what a commit has stored.
func (s *Service) told(ctx context.Context, b *book) {
	if s.cfg.Observer == nil {
		return
	}
	if b.signals != nil {
		for _, x := range *b.signals {
			s.cfg.signal(ctx, x)
		}
		b.signals = nil
	}
	for _, e := range b.out.Events {
		x := Signal{Kind: SignalEvent, Name: string(e.Kind), Subject: e.subject(), Code: e.Code}
		if e.Kind == EventDataDropped { // names that a gateway has chosen
			x.Code = ""
		}
		s.cfg.signal(ctx, x)
	}
}

func (e *Event) subject() Subject {
	return Subject{
		ProviderID: e.ProviderID, CollectionID: e.CollectionID, SessionID: e.SessionID, PaymentID: e.PaymentID, OperationID: e.OperationID, EventID: e.ID,
	}
}

// retried tells of a commit that has to be made once more.
func (s *Service) retried(ctx context.Context, collectionID string, why error) {
	if s.cfg.Observer == nil {
		return
	}
	outcome := "unavailable"
	switch {
	case errors.Is(why, ErrConflict):
		outcome = "conflict"
	case errors.Is(why, ErrDuplicate):
		outcome = "duplicate"
	case errors.Is(why, ErrCommitUnknown):
		outcome = "unknown"
	}
	s.cfg.signal(ctx, Signal{Kind: SignalRetry, Subject: Subject{CollectionID: collectionID}, Outcome: outcome})
}

// calling is a call to a provider under way.
type calling struct {
	observation
	c     *Config // nil: nobody wants to know
	kind  OperationKind
	about Subject
	tries int
}

// calls begins to observe a call to the provider of a session, for an operation or none.
func (b *book) calls(ctx context.Context, kind OperationKind, op *Operation) (context.Context, calling) {
	if b.cfg.Observer == nil && !b.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return ctx, calling{}
	}
	w := calling{c: b.cfg, kind: kind}
	w.about = b.session.subject()
	if op != nil {
		w.about.OperationID, w.tries = op.ID, op.Tries
	}
	a := Activity{Kind: ActivityCall, Name: string(kind), Subject: w.about, Tries: w.tries}
	ctx, w.observation = b.cfg.observe(ctx, a)
	w.began = b.cfg.Now()
	return ctx, w
}

// answered tells what a provider answered.
func (w *calling) answered(ctx context.Context, a *answer) {
	if w.c == nil {
		return
	}
	outcome := a.outcome()
	w.c.Logger.DebugContext(ctx, "payment: a provider was called", "provider_id", w.about.ProviderID, "operation_kind", w.kind,
		"collection_id", w.about.CollectionID, "session_id", w.about.SessionID, "operation_id", w.about.OperationID, "tries", w.tries,
		"outcome", outcome, "code", a.code, "duration", w.c.Now().Sub(w.began))
	w.done(ctx, ActivityResult{Outcome: outcome, Code: a.code})
}

// outcome is the word for an answer.
func (a *answer) outcome() string {
	switch {
	case a.kind == answerNotSent:
		return "not_sent"
	case a.kind == answerDeclined:
		return "declined"
	case a.unsupported:
		return "unsupported"
	case a.kind == answerUnknown:
		return "unknown"
	}
	return string(a.snapshot.State)
}
