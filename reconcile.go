package payment

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// reconcileBatch is how much due work of one kind Reconcile claims at a time, and reconcileLimit how much it does at the most.
const (
	reconcileBatch = 50
	reconcileLimit = 1000
)

// Report says what one Reconcile did. The IDs tell by their prefix of what: op_ an operation, payses_ a session, whd_ a webhook message,
// evt_ an event, paycol_ a collection's events.
type Report struct {
	Looked    int      // how much due work was looked at
	Delivered int      // events that OnEvent has taken
	Settled   []string // brought on: operations that ended, sessions that news or expiry changed, messages that were handled
	Parked    []string // looked at again later: the gateway gave no answer, OnEvent failed, or somebody else is at work
	GivenUp   []string // a person must look: operations that need attention, messages and events that were tried for too long
	Failed    []string // could not be looked at, because the store or the configuration did not allow it; the error says why

	silent map[string]bool // providers that took all their time: the rest of their work waits for another Reconcile
}

// note adds an ID to one of the lists, if it belongs there.
func (r *Report) note(list *[]string, id string, belongs bool) {
	if belongs {
		*list = append(*list, id)
	}
}

// chore is one kind of due work.
type chore struct {
	kind DueKind
	do   func(ctx context.Context, claimed []Due, r *Report) []error
}

// Reconcile does the work that is due, found by age: it brings on operations whose executor is gone or whose outcome is unknown, handles
// webhook messages that had to wait, asks about sessions with money on them, ends what has expired, and delivers events to
// [Config].OnEvent. It does at most about a thousand pieces of it. Call it every few seconds, or let [Service.Run] do that; any number of
// processes may.
//
// What could not be done is named in the Report and due again later. The error joins the reasons; it matches what the store or ctx
// returned, and [context.DeadlineExceeded] when the store does not answer, which is not waited for without end. Log the error, and go on
// calling. The Report is never nil.
func (s *Service) Reconcile(ctx context.Context) (*Report, error) {
	if err := s.outside("Reconcile"); err != nil {
		return &Report{}, err
	}
	return s.reconcile(ctx, s.chores())
}

func (s *Service) chores() []chore {
	return append([]chore{
		{DueOperation, s.each(s.reconcileOperation)},
		{DueDelivery, s.reconcileDeliveries},
		{DueSession, s.each(s.reconcileSession)},
	}, s.eventChores()...)
}

func (s *Service) eventChores() []chore {
	if s.cfg.OnEvent == nil {
		return nil
	}
	return []chore{{DueEvents, s.each(s.deliverEvents)}}
}

// reconcile does chores in turns, a batch of each, until none is left.
func (s *Service) reconcile(ctx context.Context, chores []chore) (r *Report, err error) {
	ctx, o := s.method(ctx, "Reconcile", Subject{})
	r = &Report{}
	defer func() { o.reconciled(ctx, r, err) }()
	var errs []error
	for len(chores) > 0 && r.Looked < reconcileLimit {
		var left []chore
		for _, c := range chores {
			claimed, failed := s.work(ctx, c, r)
			for _, err := range failed {
				if !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == err.Error() }) { // one reason often stops all of it
					errs = append(errs, err)
				}
			}
			if ctx.Err() != nil { // what was claimed is due again when its claim ends
				return r, errors.Join(append(errs, ctx.Err())...)
			}
			// More may be left; of events also where some were written meanwhile, or the claim was nearly over.
			if len(claimed) == reconcileBatch || c.kind == DueEvents && len(claimed) > 0 {
				left = append(left, c)
			}
		}
		chores = left
	}
	return r, errors.Join(errs...)
}

// work claims a batch of a chore and does it. A store that does not answer must not keep us for ever, and when the claim has ended, the work
// is somebody else's.
func (s *Service) work(ctx context.Context, c chore, r *Report) (claimed []Due, errs []error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.lease())
	defer cancel()
	claimed, err := s.claim(ctx, c.kind)
	if err != nil {
		return nil, []error{err}
	}
	return claimed, c.do(ctx, claimed, r)
}

func (s *Service) claim(ctx context.Context, kind DueKind) ([]Due, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.SettleTimeout)
	defer cancel()
	now := s.now()
	return s.store.Claim(ctx, kind, now, now.Add(s.cfg.lease()), reconcileBatch)
}

// each makes a chore of what is done to one piece of work at a time.
func (s *Service) each(one func(context.Context, Due, *Report) error) func(context.Context, []Due, *Report) []error {
	return func(ctx context.Context, claimed []Due, r *Report) (errs []error) {
		for _, d := range claimed {
			if ctx.Err() != nil || !s.now().Before(d.At) { // the claim has ended: it is somebody else's by now
				return errs
			}
			r.Looked++
			if err := s.guarded(ctx, d, func() error { return s.piece(ctx, d, r, one) }); err != nil {
				errs = append(errs, err)
				r.Failed = append(r.Failed, d.ID)
			}
		}
		return errs
	}
}

// guarded keeps a panic in a provider, or in OnEvent, from stopping the rest of the work.
func (s *Service) guarded(ctx context.Context, d Due, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Logger.ErrorContext(ctx, "payment: a panic while reconciling", "due_kind", d.Kind, "due_id", d.ID, "panic", quote(fmt.Sprint(p)),
				"stack", string(debug.Stack()))
			err = fmt.Errorf("payment: reconciling %s %s: the code called panicked", d.Kind, d.ID)
		}
	}()
	return f()
}

// reconcileOperation brings one operation on. A commit that does so moves its Due row; where nothing is left to do, the claim ends it.
func (s *Service) reconcileOperation(ctx context.Context, d Due, r *Report) error {
	b, err := s.load(ctx, Key{CollectionID: d.CollectionID, OperationID: d.ID})
	if errors.Is(err, ErrNotFound) {
		return s.done(ctx, d, time.Time{})
	}
	if err != nil {
		return err
	}
	op := b.operation(d.ID)
	if op == nil || op.State != OperationOpen {
		return s.done(ctx, d, time.Time{})
	}
	if r.silent[op.ProviderID] {
		return s.putOff(ctx, d, r)
	}
	defer s.listen(r, op.ProviderID)()
	b, won, err := s.takeOver(ctx, b, d.ID, nil)
	if err != nil {
		return err
	}
	op = b.operation(d.ID)
	switch {
	case op == nil || !won && op.State != OperationOpen:
		return s.done(ctx, d, time.Time{})
	case !won: // somebody else is at work: look again when the lease ends
		r.Parked = append(r.Parked, d.ID)
		return s.done(ctx, d, op.LeaseUntil)
	case op.ended():
		r.Settled = append(r.Settled, op.ID)
	case op.State == OperationNeedsAttention:
		r.GivenUp = append(r.GivenUp, op.ID)
	default:
		r.Parked = append(r.Parked, op.ID)
	}
	return nil
}

// listen notes a provider that takes all its time: one such gateway must not keep others from their work.
func (s *Service) listen(r *Report, providerID string) (end func()) {
	start := s.now()
	return func() {
		if s.now().Sub(start) >= s.cfg.CallTimeout {
			if r.silent == nil {
				r.silent = map[string]bool{}
			}
			r.silent[providerID] = true
		}
	}
}

// putOff leaves claimed work of a provider that does not answer to a later Reconcile.
func (s *Service) putOff(ctx context.Context, d Due, r *Report) error {
	r.Parked = append(r.Parked, d.ID)
	return s.done(ctx, d, s.now().Add(s.cfg.lease()))
}

// done finishes claimed work. That its row has moved on is no error: whoever moved it looks after it.
func (s *Service) done(ctx context.Context, d Due, again time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.SettleTimeout)
	defer cancel()
	err := s.store.Done(ctx, d, again)
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// Run calls Reconcile at once and then every so often, until ctx ends, and delivers the events of this process's commits as soon as
// they are there. What it meets is logged. Start it on a goroutine of your own; one in each process is enough.
//
// The error is an [*InvalidError] when every is not more than zero, [ErrInTransaction] of a Service that [Service.WithStore] returned, else nil
// once ctx has ended.
func (s *Service) Run(ctx context.Context, every time.Duration) error {
	if every <= 0 {
		return invalid("every", "must be more than zero")
	}
	if err := s.outside("Run"); err != nil {
		return err
	}
	for full := s.now(); ctx.Err() == nil; {
		due := s.chores()
		if now := s.now(); now.Before(full) && !now.Before(full.Add(-every)) {
			due = s.eventChores() // woken before its time
		} else {
			full = now.Add(every)
		}
		r, err := s.reconcile(ctx, due)
		if err != nil && ctx.Err() == nil {
			s.cfg.Logger.ErrorContext(ctx, "payment: some of the due work could not be done; it is due again later", "error", err)
		}
		if r.Looked >= reconcileLimit {
			full = s.now() // there is more of it
		} else if rest := full.Sub(s.now()); rest > 0 {
			s.sleep(ctx, min(rest, every))
		}
	}
	return nil
}
