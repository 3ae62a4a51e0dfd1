package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/seed40c892db/payment"
)

// store is the store as a process sees it. Every call is a scheduling point, and can go wrong.
type store struct{ w *world }

// errDown is what a store says that cannot be reached.
var errDown = errors.New("simulation: the store is down")

// enter is the way to the store: others come first, and it may not be reached at all.
func (s *store) enter(ctx context.Context) (*actor, error) {
	w := s.w
	a := w.running
	a.alive()
	if a.call != nil {
		w.fail("the store is called while a provider's call is under way")
	}
	until := a.deadline(ctx)
	delay := int64(0)
	if w.dice.oneIn(4) {
		delay = w.dice.between(0, 4*millisecond)
	}
	if w.goesWrong(StoreSlow, 40) {
		w.hit(StoreSlow)
		delay = w.dice.between(second, 20*second)
	}
	a.pause(delay)
	switch {
	case ctx.Err() != nil:
		return a, ctx.Err()
	case w.now >= until:
		return a, context.DeadlineExceeded
	case w.goesWrong(CrashElsewhere, 100):
		w.hit(CrashElsewhere)
		a.die()
	case w.goesWrong(StoreDown, 40):
		w.hit(StoreDown)
		return a, errDown
	}
	return a, nil
}

// leave is the way back after a write that has no commit's error for "nobody knows": it may have happened although a failure is reported.
func (s *store) leave(a *actor, err error) error {
	if err == nil && s.w.goesWrong(StoreDownAfter, 20) {
		s.w.hit(StoreDownAfter)
		return errDown
	}
	if err == nil && s.w.goesWrong(CrashElsewhere, 40) {
		s.w.hit(CrashElsewhere)
		a.die()
	}
	return err
}

// expect breaks the world when the store itself says what only its faults may say: that something is wrong with it.
func (s *store) expect(err error) error {
	if err != nil && !errors.Is(err, payment.ErrNotFound) && !errors.Is(err, payment.ErrConflict) && !errors.Is(err, payment.ErrDuplicate) {
		s.w.fail("the store fails: %v", err)
	}
	return err
}

// Load loads. The error is the store's, or that it is down.
func (s *store) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	if _, err := s.enter(ctx); err != nil {
		return nil, err
	}
	rows, err := s.w.rows.Load(context.Background(), by)
	return rows, s.expect(err)
}

// Commit commits. The error is the store's, that it is down, a conflict that is made up, or that nobody knows.
func (s *store) Commit(ctx context.Context, c *payment.Changes) error {
	a, err := s.enter(ctx)
	w := s.w
	switch {
	case err != nil:
		return err
	case w.goesWrong(CrashBeforeCommit, 8):
		w.hit(CrashBeforeCommit)
		a.die()
	case w.goesWrong(CommitConflict, 8):
		w.hit(CommitConflict)
		return payment.ErrConflict
	case w.goesWrong(CommitUnknownLost, 8):
		w.hit(CommitUnknownLost)
		return payment.ErrCommitUnknown
	}
	w.beforeCommit(a, c)
	if err := w.rows.Commit(context.Background(), c); err != nil {
		if errors.Is(err, payment.ErrConflict) || c.NewRequests && errors.Is(err, payment.ErrDuplicate) {
			w.hit(CommitMet)
		} else {
			w.fail("the store refuses a commit: %v", err)
		}
		return err
	}
	w.afterCommit(a, c)
	switch {
	case w.goesWrong(CrashAfterCommit, 6):
		w.hit(CrashAfterCommit)
		a.die()
	case w.goesWrong(CommitUnknownApplied, 6):
		w.hit(CommitUnknownApplied)
		return payment.ErrCommitUnknown
	case w.goesWrong(HeldUp, 8): // the answer, or the process, is slow
		w.hit(HeldUp)
		a.pause(w.dice.between(second, minute))
	}
	return nil
}

// List lists. The error is the store's, or that it is down.
func (s *store) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	if _, err := s.enter(ctx); err != nil {
		return nil, err
	}
	rows, err := s.w.rows.List(context.Background(), kind, f, p)
	return rows, s.expect(err)
}

// Claim claims. The error is the store's, or that it is down.
func (s *store) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	a, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	claimed, err := s.w.rows.Claim(context.Background(), kind, now, until, limit)
	_ = s.expect(err)
	if len(claimed) > 0 {
		if s.w.tracing {
			for _, d := range claimed {
				s.w.log(a, "claims %s %s", d.Kind, short(d.ID))
			}
		}
		err = s.leave(a, err)
	}
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// Done finishes. The error is the store's, or that it is down.
func (s *store) Done(ctx context.Context, d payment.Due, again time.Time) error {
	a, err := s.enter(ctx)
	if err != nil {
		return err
	}
	return s.leave(a, s.expect(s.w.rows.Done(context.Background(), d, again)))
}

// PutDelivery writes a delivery. The error is the store's, or that it is down.
func (s *store) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	a, err := s.enter(ctx)
	if err != nil {
		return err
	}
	if a.forged {
		s.w.fail("a forged webhook is stored")
	}
	if err = s.expect(s.w.rows.PutDelivery(context.Background(), d)); err == nil {
		s.w.afterPutDelivery(a, d)
	}
	return s.leave(a, err)
}

// Settings reads the settings. The error is the store's, or that it is down.
func (s *store) Settings(ctx context.Context) (*payment.Settings, error) {
	if _, err := s.enter(ctx); err != nil {
		return nil, err
	}
	set, err := s.w.rows.Settings(context.Background())
	return set, s.expect(err)
}

// PutSettings writes the settings. The error is the store's, or that it is down.
func (s *store) PutSettings(ctx context.Context, set *payment.Settings) error {
	a, err := s.enter(ctx)
	if err != nil {
		return err
	}
	return s.leave(a, s.expect(s.w.rows.PutSettings(context.Background(), set)))
}
