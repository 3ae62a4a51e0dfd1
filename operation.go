package payment

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
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
	Final        bool            // a capture: what is left is released; a cancel: what was authorized before it arrived is kept; an authorization: what it reads may be older than what is known
	Held         decimal.Decimal // what its begin added to the session's hold, given back if nothing was sent
	Reference    string          // the session's reference when it began; part of the request that repeats byte by byte
	Data         Data            // the session's Data when it began; kept until the operation ends
	Private      Private         // likewise
	Context      Private         // likewise; an update's new context
	Input        Private         // what the browser sent; kept until the operation ends
	ReasonID     string          // a refund's reason
	ReasonCode   string          // that reason's code, as the provider gets it
	Note         string          // a refund's note
	CreatedBy    string          // who asked for a capture or refund, as the host says
	Metadata     Data            // of the capture or refund to be; an update's new metadata of the session
	Tries        int             // executors so far, 1 with begin; the fence: only the newest may end it
	Executor     string          // 32 hex digits, new with each of them: how one knows its own commit again when nobody confirmed it
	LeaseUntil   time.Time       // until when its executor may work; after that anyone takes over
	FirstCallAt  time.Time       // when the provider was first called, or may have been
	LastCallAt   time.Time       // when the provider was last called, or may have been
	Code         string          // why it failed or needs attention: a decline's code, not_sent, not_done, or a conflict's name as in docs/guide.md; taken: a cancel released less, as more was captured by the gateway's sums
	Message      string          // what the gateway or the transport said last, cut to 512 bytes; never for a shopper
	Resolution   Resolution      // what a person decided last; empty while nobody has
	ResolvedBy   string          // who that was, as the host says
	ResolvedNote string          // that person's words
	ResolvedAt   time.Time       // when that was
	CreatedAt    time.Time       // when it began
	UpdatedAt    time.Time       // when it changed last
	EndedAt      time.Time       // when it succeeded or failed
}

// Key returns the idempotency key that a gateway gets: the 32 hex digits of the operation's ID.
func (o *Operation) Key() string { return idDigits(o.ID) }

// ended reports whether o is neither open nor in need of a person.
func (o *Operation) ended() bool { return o.State == OperationSucceeded || o.State == OperationFailed }

// newOperation prepares an operation on the session as it is.
func (b *book) newOperation(id string, kind OperationKind) *Operation {
	s := b.session
	if b.made, b.spare = b.spare, nil; b.made == nil {
		b.made = new(Operation)
	}
	*b.made = Operation{
		ID: id, CollectionID: s.CollectionID, SessionID: s.ID, ProviderID: s.ProviderID, Kind: kind, State: OperationOpen,
		Amount: s.Amount, CurrencyCode: s.CurrencyCode, Reference: s.Reference,
		Data: s.Data, Private: s.Private, Context: s.Context, CreatedAt: b.now,
	}
	return b.made
}

// begin writes an operation down before its call, and takes the session's lock with it. A pure provider needs neither.
func (b *book) begin(g *gateway, op *Operation) {
	op.Tries, op.FirstCallAt, op.LastCallAt = 1, b.now, b.now
	b.signal(SignalOperationStarted, op, "")
	if g.info.Pure {
		return
	}
	op.LeaseUntil, op.Executor = b.now.Add(b.cfg.lease()), b.mint("")
	b.session.OperationID = op.ID
	b.touchSession()
	b.putOperation(op)
	b.dueAt(op.ID, op.LeaseUntil, op.Tries)
}

// stamp is now, and some microseconds by which whoever writes it knows it again, as a rule.
func (b *book) stamp() time.Time {
	salt := fnv.New32a()
	_, _ = salt.Write([]byte(b.mint("")))
	return b.now.Add(time.Duration(salt.Sum32()%1000) * time.Microsecond)
}

// task is a call of the host that may end in a call of a provider.
type task struct {
	request                                  // the host's IdempotencyKey, if any
	by       Key                             // what to load
	kind     OperationKind                   // the operation that the task is about
	opID     string                          // minted before anything is decided: how a decide step recognizes its own effect
	input    Data                            // what the browser sent along
	decide   func(*book) (*Operation, error) // nil, nil: the goal is reached, or only rows are to be changed
	creates  bool                            // the session that by names is made by it, and cannot be there yet
	begun    bool                            // by it, or by an earlier call with its key: its operation is there, and what it creates
	unlocked bool                            // needs no lock: an open operation is no hindrance
	hurried  bool                            // does not wait for somebody else's operation: ErrInProgress
}

// run brings a task to its end, or says why not: load, decide, commit; call; settle, commit. It returns the rows as they are
// then, and the operation that decided the outcome, nil if none did. When the caller has made copies of what it hands out, it gives the rows back
// to the shelf.
func (s *Service) run(ctx context.Context, t *task) (*book, *Operation, error) {
	for {
		b, op, err := s.begin(ctx, t)
		switch {
		case err != nil || op == nil:
			return b, op, err
		case op.ended() || op.State == OperationNeedsAttention:
			return t.concluded(b, op)
		case op.ID == t.opID && op.Tries == 1:
			if b, err = s.execute(ctx, b, op.ID); err != nil {
				return b, nil, err
			}
			return t.concluded(b, b.operation(t.opID))
		}
		// Somebody else's operation is open, or its own, which somebody else has taken over.
		waited, own := *op, t.owns(b, op)
		t.begun = waited.ID == t.opID || t.repeats(b, op)
		if t.hurried || s.bound {
			return b, nil, t.waitedFor(own, b.inProgress())
		}
		if b, err = s.wait(ctx, b, waited.ID); err != nil {
			return b, nil, t.waitedFor(own, err)
		}
		switch op = b.operation(waited.ID); {
		case op == nil || op.ended() && (op.Code == codeNoEffect || !t.shares(&waited)): // to be decided now
		case op.State == OperationOpen && !own:
			return b, nil, b.inProgress()
		default:
			return b, op, nil
		}
	}
}

// concluded returns the task's own operation, ended. Where the gateway's object left nothing to do it on, the rows now say why: that the
// goal is reached, or what refuses it. It is not tried again.
func (t *task) concluded(b *book, op *Operation) (*book, *Operation, error) {
	if op == nil || op.Code != codeNoEffect {
		return b, op, nil
	}
	b.stored = false
	if next, err := t.decide(b); err != nil || next == nil {
		return b, nil, err
	}
	return b, op, nil
}

// shares reports whether another caller's operation is this task's as well: one with the same goal, and the same input.
func (t *task) shares(op *Operation) bool {
	switch t.kind {
	case OperationInitialize, OperationAuthorize, OperationCancel:
		return op.Kind == t.kind && op.Input.holds(t.input)
	}
	return false
}

// repeats reports whether an earlier call with the task's key has begun an operation, or shares it.
func (t *task) repeats(b *book, op *Operation) bool {
	return t.key != "" && b.request != nil && b.request.OperationID == op.ID
}

// owns reports whether an operation is what became of the task: it began it, or an earlier call with its key did, or it shares it.
func (t *task) owns(b *book, op *Operation) bool {
	return op.ID == t.opID || t.repeats(b, op) || t.shares(op)
}

// waitedFor makes an error of a wait true of the task: what it began may have happened, though its caller left; and of what is not its own
// it knows that it is none of its doing, though that is not known to have ended.
func (t *task) waitedFor(own bool, err error) error {
	e, ok := errors.AsType[*SessionError](err)
	switch {
	case ok && t.begun && errors.Is(e.Outcome, ErrInProgress):
		e.Outcome = ErrOutcomeUnknown
	case ok && !own && errors.Is(e.Outcome, ErrOutcomeUnknown):
		e.Outcome = ErrInProgress
	}
	return err
}

// hangs reports whether a task has begun nothing because of what the gateway is still deciding about: its request is not answered by that, and
// the same call is decided anew later.
func (t *task) hangs(b *book) bool {
	_, capturing, _, refunding := b.sums()
	switch t.kind {
	case OperationAuthorize:
		return !b.session.ProcessingSince.IsZero()
	case OperationCapture:
		return capturing.IsPositive()
	case OperationRefund:
		return refunding.IsPositive()
	}
	return false
}

// begin decides, and commits the decision. The operation it returns is the task's own, to be executed; or one that ended and is the
// outcome of the request; or one that is in the way.
func (s *Service) begin(ctx context.Context, t *task) (*book, *Operation, error) {
	var result *Operation
	first, err := s.firstBook(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	b, err := s.change(ctx, t.by, first, func(b *book) error {
		result, b.keeps = nil, s.shelf != nil
		if !b.collection.DeletedAt.IsZero() {
			return &NotFoundError{RowCollections, b.collection.ID}
		}
		if own := b.operation(t.opID); own != nil {
			result = own
			return nil
		}
		if e := b.moved(t.opID); e != nil {
			if e.State == MovementFailed {
				result = &Operation{State: OperationFailed, Code: e.Reason}
			}
			return nil
		}
		if done, op, err := t.answered(b); done || err != nil {
			result = op
			return err
		}
		if open := b.openOperation(); open != nil && !t.unlocked {
			if t.key != "" && b.request == nil && t.shares(open) { // its outcome is this key's as well, also for a repeat
				b.putRequest(t.row(b, open.ID))
			}
			result = open
			return nil
		}
		var stored PaymentSession
		if b.session != nil {
			stored = *b.session
		}
		op, err := t.decide(b)
		if err != nil {
			return err
		}
		if op == nil {
			if t.key != "" && (b.touched || !t.hangs(b)) {
				b.putRequest(t.row(b, ""))
			}
			return nil
		}
		g, err := s.gateway(op.ProviderID)
		if err != nil {
			return err
		}
		if err := s.reach(g); err != nil {
			return err
		}
		b.begin(g, op)
		result = op
		switch {
		case !g.info.Pure && t.key != "":
			b.putRequest(t.row(b, op.ID))
		case g.info.Pure:
			if err := s.executePure(ctx, g, b, op, stored); err != nil {
				return err
			}
			if t.key != "" && (op.Kind == t.kind || op.State == OperationFailed) { // another kind is only the first of two steps
				r := t.row(b, "")
				if op.State == OperationFailed {
					r.Code = op.Code
				}
				b.putRequest(r)
			}
		}
		return nil
	})
	if err != nil {
		return b, nil, err
	}
	return b, result, nil
}

// firstBook returns the rows that a task is decided on first: those that this process has kept, or else fresh ones. There, the operation that
// was minted for it just now need not be looked for, nor the session, unless it has been seen: others may have brought it to its end.
func (s *Service) firstBook(ctx context.Context, t *task) (*book, error) {
	if t.begun {
		return s.load(ctx, t.by)
	}
	if b := s.shelf.take(t.by, t.creates, s.now()); b != nil {
		return b, nil
	}
	by := t.by
	by.OperationID = ""
	if t.creates {
		by.SessionID = ""
	}
	return s.load(ctx, by)
}

// moved returns the capture or refund of an operation, nil if there is none: a pure provider's leaves no other trace.
func (b *book) moved(opID string) *Entry {
	for _, c := range b.captures {
		if opID != "" && c.OperationID == opID {
			return &c.Entry
		}
	}
	for _, r := range b.refunds {
		if opID != "" && r.OperationID == opID {
			return &r.Entry
		}
	}
	return nil
}

// executePure calls a pure provider within the decide step: its answers can be thrown away, so one commit is enough. stored is the session as it
// was before.
func (s *Service) executePure(ctx context.Context, g *gateway, b *book, op *Operation, stored PaymentSession) error {
	a := g.send(ctx, b, op)
	if a.kind == answerUnknown || a.kind == answerNotSent {
		s.cfg.Logger.WarnContext(ctx, "payment: a pure provider gave no answer", "provider_id", op.ProviderID,
			"operation_kind", op.Kind, "session_id", op.SessionID, "message", a.message)
		return b.notSent(stored)
	}
	b.settle(g, op, a)
	if op.State == OperationOpen {
		s.cfg.Logger.WarnContext(ctx, "payment: a pure provider's answer is not what was asked for", "provider_id", op.ProviderID,
			"operation_kind", op.Kind, "session_id", op.SessionID)
		return b.notSent(stored)
	}
	return nil
}

// notSent is the error of a pure provider that did not answer: nothing of what was decided is stored.
func (b *book) notSent(stored PaymentSession) error {
	b.touched, b.isNews = false, false
	e := &SessionError{Outcome: ErrNotSent, RetryAfter: time.Second}
	if stored.Revision > 0 { // else there is no session yet
		e.Session = &stored
	}
	return e
}

// execute makes the first call of an operation that this process has begun, and records the answer.
func (s *Service) execute(ctx context.Context, b *book, opID string) (*book, error) {
	op := b.operation(opID)
	g, err := s.gateway(op.ProviderID)
	if err != nil {
		return b, err
	}
	a := answer{kind: answerNotSent, message: "this process was held up until its lease was nearly over"}
	if s.mayCall(op) {
		a = s.call(ctx, s.cfg.CallTimeout, func(ctx context.Context) answer { return g.send(ctx, b, op) })
	}
	return s.record(ctx, g, b, op, a)
}

// mayCall checks the lease just before a call: the call must end before anyone else takes over.
func (s *Service) mayCall(op *Operation) bool {
	return s.now().Add(s.cfg.CallTimeout + s.cfg.SettleTimeout).Before(op.LeaseUntil)
}

// call gives a provider its time. The caller's cancellation does not reach it: what is written down is finished.
func (s *Service) call(ctx context.Context, limit time.Duration, f func(context.Context) answer) answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(limit, s.cfg.CallTimeout))
	defer cancel()
	asked := s.now()
	a := f(ctx)
	a.asked = asked
	return a
}

// record settles an answer. If the operation has another executor by now, this one ends nothing. A store that fails may be back in a moment, as
// after a failover, and nobody would ask the gateway again before the lease has ended: so where somebody waits for the answer, which is at the first
// try, it is recorded for as long as the lease has time for it.
func (s *Service) record(ctx context.Context, g *gateway, b *book, op *Operation, a answer) (*book, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.SettleTimeout)
	defer cancel()
	tries, by := op.Tries, Key{CollectionID: op.CollectionID, OperationID: op.ID}
	stored, leaseUntil, left, pause := *b.session, op.LeaseUntil, time.Duration(0), max(s.cfg.SettleTimeout/200, 1)
	if tries == 1 || s.cfg.givesUp(g, op, s.now()) {
		left = s.cfg.SettleTimeout
	}
	leave := func() (*book, error) {
		return s.change(ctx, by, nil, func(b *book) error {
			if op := b.operation(by.OperationID); op != nil && op.Tries == tries && !op.ended() {
				b.attention(op, "answer")
				b.watch(g)
			}
			return nil
		})
	}
	for {
		fresh, err := s.change(ctx, by, b, func(b *book) error {
			b.now, b.more = s.now(), false
			if op := b.operation(by.OperationID); op != nil && op.Tries == tries {
				b.settle(g, op, a)
			}
			return nil
		})
		if errors.Is(err, ErrDuplicate) || errors.Is(err, ErrInvalid) { // the store will never take this answer: a person must see it
			fresh, err = leave()
		}
		if err != nil && (pause > left || !mayPass(err)) && s.cfg.givesUp(g, op, s.now()) { // nor has it for a day
			fresh, err = leave()
		}
		switch {
		case err == nil && !fresh.more:
			s.report(ctx, fresh.operation(by.OperationID))
			return fresh, nil
		case err == nil:
			b, stored = fresh, *fresh.session
			continue
		case pause <= left && mayPass(err) && s.cfg.Wait(ctx, pause) == nil:
			s.retried(ctx, op.CollectionID, err)
			b, left, pause = nil, left-pause, min(2*pause, max(s.cfg.SettleTimeout/10, 1))
			continue
		}
		s.cfg.Logger.ErrorContext(ctx, "payment: an answer could not be recorded; Reconcile will ask for it again",
			"operation_id", op.ID, "operation_kind", op.Kind, "session_id", op.SessionID, "provider_id", op.ProviderID, "error", err)
		known := stored // a copy that is made here alone: every other answer needs none
		return fresh, &interrupted{&SessionError{
			Outcome: ErrOutcomeUnknown, Session: &known, RetryAfter: max(leaseUntil.Sub(s.now()), time.Second),
		}, fmt.Errorf("recording the answer: %w", err)}
	}
}

// report logs what an operator should know of.
func (s *Service) report(ctx context.Context, op *Operation) {
	switch {
	case op == nil:
	case op.State == OperationNeedsAttention:
		s.cfg.Logger.ErrorContext(ctx, "payment: an operation needs a person", "operation_id", op.ID, "operation_kind", op.Kind,
			"session_id", op.SessionID, "provider_id", op.ProviderID, "code", op.Code, "message", op.Message)
	case op.State == OperationOpen:
		s.cfg.Logger.WarnContext(ctx, "payment: the outcome of an operation is not known yet", "operation_id", op.ID, "operation_kind", op.Kind,
			"session_id", op.SessionID, "provider_id", op.ProviderID, "tries", op.Tries, "message", op.Message)
	case op.withoutEffect(): // maybe the key or a setting is wrong: nothing works then
		s.cfg.Logger.WarnContext(ctx, "payment: a call had no effect", "operation_id", op.ID, "operation_kind", op.Kind,
			"session_id", op.SessionID, "provider_id", op.ProviderID, "message", op.Message)
	}
}

// wait polls until another caller's operation has ended or its lease has; then it takes the operation over and brings it on.
func (s *Service) wait(ctx context.Context, b *book, opID string) (*book, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		op := b.operation(opID)
		if op == nil || op.State != OperationOpen {
			return b, nil
		}
		if !s.now().Before(op.LeaseUntil) {
			taken, won, err := s.takeOver(ctx, b, op.ID, nil)
			if err != nil || won {
				return taken, err
			}
			b = taken
			continue
		}
		err := s.cfg.Wait(ctx, pause)
		var fresh *book
		if err == nil {
			fresh, err = s.load(ctx, Key{CollectionID: op.CollectionID, OperationID: opID})
		}
		if err != nil {
			return b, &interrupted{b.inProgress(), err}
		}
		b = fresh
	}
}

// takeOver brings on an operation of a book whose lease has ended: it asks first, and calls again only where that is known to be safe. Whoever
// wins the commit is the operation's executor; anyone else finds the lease taken and returns the rows as they are. So does who was held up for so
// long that another has taken over since: what it was told was not used.
//
// because is the webhook that it happens for, nil if none: there is little time then, and nothing is called again.
func (s *Service) takeOver(ctx context.Context, b *book, opID string, because *inquiry) (_ *book, won bool, _ error) {
	var again, never bool
	executor := s.mint("")
	b, err := s.change(ctx, Key{CollectionID: b.collection.ID, OperationID: opID}, b, func(b *book) error {
		b.now = s.now()
		op := b.operation(opID)
		if won = won && op != nil && op.Executor == executor; won {
			return nil // this commit has happened already
		}
		if won = op != nil && op.State == OperationOpen && !b.now.Before(op.LeaseUntil); !won {
			return nil
		}
		g, err := s.gateway(op.ProviderID)
		if err != nil {
			return err
		}
		again = op.Kind != OperationStatus && because == nil && g.mayRepeat(&s.cfg, op, b.now)
		never = again && op.FirstCallAt.IsZero()
		op.Tries++
		op.LeaseUntil, op.Executor = b.now.Add(s.cfg.lease()), executor
		if again { // a crash from here on must not make the last call look older than it may be
			op.LastCallAt = b.now
			if op.FirstCallAt.IsZero() {
				op.FirstCallAt = b.now
			}
		}
		b.session.AskedAt = b.now
		b.touchSession()
		b.putOperation(op)
		b.dueAt(op.ID, op.LeaseUntil, op.Tries)
		return nil
	})
	if err != nil || !won {
		return b, false, err
	}
	op := b.operation(opID)
	g := s.providers[op.ProviderID]
	q := inquiry{limit: s.cfg.CallTimeout}
	if because != nil {
		q = *because
	}
	a := s.pursue(ctx, b, op, q, again, never)
	a.prompted = because != nil
	tries := op.Tries
	b, err = s.record(ctx, g, b, op, a)
	if err != nil {
		return b, true, err
	}
	op = b.operation(opID)
	return b, op == nil || op.Tries == tries, nil
}

// pursue asks what became of an operation, and calls again where that may be done. A panic of the provider's code is recorded as no answer
// before it goes on, or else such an operation would be asked about for ever, and nobody told.
func (s *Service) pursue(ctx context.Context, b *book, op *Operation, q inquiry, again, never bool) (a answer) {
	g, panics := s.providers[op.ProviderID], true
	defer func() {
		if panics {
			_, _ = s.record(ctx, g, b, op, answer{message: "the provider's code panicked"})
		}
	}()
	if !never { // else there is nothing to ask about yet
		a = s.call(ctx, q.limit, func(ctx context.Context) answer { return g.ask(ctx, b, op, q) })
	}
	if never && s.mayCall(op) || again && s.mayCall(op) && b.notDone(g, op, a) {
		a = s.call(ctx, s.cfg.CallTimeout, func(ctx context.Context) answer { return g.send(ctx, b, op) })
	}
	panics = false
	return a
}

// mayRepeat reports whether a second call cannot have a second effect: the gateway honors the key for long enough, or there has been
// no first call.
func (g *gateway) mayRepeat(cfg *Config, op *Operation, now time.Time) bool {
	return op.FirstCallAt.IsZero() || now.Before(g.repeatsUntil(cfg, op))
}

// repeatsUntil is when an operation that was called is called no more: at half of what its key lives, and never so late that the call could arrive
// when the key is forgotten.
func (g *gateway) repeatsUntil(cfg *Config, op *Operation) time.Time {
	return op.FirstCallAt.Add(min(g.info.KeyTTL/2-cfg.CallTimeout, g.info.KeyTTL-g.info.MaxRequestLife-cfg.lease()))
}

// notDone reports whether an answer of Status says that the operation has had no effect so far.
func (b *book) notDone(g *gateway, op *Operation, a answer) bool {
	return a.kind == answerAsked && b.says(g, op, a) == verdictNotDone
}
