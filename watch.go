package payment

import (
	"context"
	"errors"
	"time"
)

// A session with money on it is asked about without a hint, since webhooks get lost and dashboards exist: so long after its last
// change, twice as long after that, and so on.
const (
	firstLook = time.Minute
	lastLook  = 24 * time.Hour
)

// audited reports whether the gateway could do something to a session that we would have to hear of.
func (b *book) audited(g *gateway) bool {
	s := b.session
	if g.info.Pure || b.now.After(b.lastMovement().Add(b.cfg.AuditFor)) {
		return false
	}
	_, capturing, _, refunding := b.sums()
	return s.Held.IsPositive() || !s.ProcessingSince.IsZero() || s.Status == StatusAuthorized || s.Status == StatusRequiresMore || s.OperationID != "" ||
		!s.ResolvedAt.IsZero() || // time shows whether the decision was right
		plus(capturing, refunding).IsPositive()
}

// mayHaveMoved reports whether there is a reason to ask about a session that is due. About one that is over only a message is.
func (b *book) mayHaveMoved(g *gateway) bool {
	s := b.session
	return s.Status != StatusCanceled || b.audited(g) || !s.AskedAt.Before(s.CanceledAt)
}

// lastMovement is when money moved last, or began to be expected.
func (b *book) lastMovement() time.Time {
	last := b.session.CreatedAt
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	if b.session.Held.IsPositive() || !b.session.ProcessingSince.IsZero() || b.session.Status == StatusRequiresMore {
		later(b.session.UpdatedAt) // an attempt may have begun long after the session was made
	}
	later(b.session.AuthorizedAt)
	later(b.session.ResolvedAt)
	for _, c := range b.captures {
		later(c.UpdatedAt)
	}
	for _, r := range b.refunds {
		later(r.UpdatedAt)
	}
	return last
}

// sessionExpired reports whether a session that is not authorized has outlived its time.
func (b *book) sessionExpired() bool {
	s := b.session
	return (s.Status.live() || s.Status == StatusError) && !s.ExpiresAt.IsZero() && !b.now.Before(s.ExpiresAt)
}

// paymentExpired reports whether what is left of an authorization should have lapsed.
func (b *book) paymentExpired() bool {
	p := b.payment
	return p != nil && p.CanceledAt.IsZero() && p.Capturable.IsPositive() && !p.CaptureBefore.IsZero() && !b.now.Before(p.CaptureBefore)
}

// late is how long ago the time of the session, or of what is left of its authorization, was over; zero when it is not.
func (b *book) late() time.Duration {
	switch {
	case b.sessionExpired():
		return b.now.Sub(b.session.ExpiresAt)
	case b.paymentExpired():
		return b.now.Sub(b.payment.CaptureBefore)
	}
	return 0
}

// lookPause is how long the next look is away after so many.
func lookPause(looks int) time.Duration {
	if looks > 10 { // a minute, doubled eleven times, is more than a day
		return lastLook
	}
	return min(firstLook<<looks, lastLook)
}

// nextLook is when a session is to be looked at again, after so many looks since its last change; zero: not any more.
func (b *book) nextLook(g *gateway, looks int, asks bool) time.Time {
	pause := max(lookPause(looks), min(b.late(), lastLook)) // each try to end it is a change as well, and must not bring the next one a minute later
	var next time.Time
	at := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if asks && b.audited(g) {
		at(b.now.Add(pause))
	}
	deadline := func(t time.Time) {
		switch {
		case t.After(b.now):
			at(t)
		case b.now.Before(t.Add(b.cfg.AuditFor)): // it was looked at, and could not be ended yet
			at(b.now.Add(pause))
		}
	}
	if s := b.session; (s.Status.live() || s.Status == StatusError) && !s.ExpiresAt.IsZero() {
		deadline(s.ExpiresAt)
	}
	if p := b.payment; p != nil && p.CanceledAt.IsZero() && p.Capturable.IsPositive() && !p.CaptureBefore.IsZero() {
		deadline(p.CaptureBefore)
	}
	return next
}

// watch makes a changed session due to be looked at. While an operation is open, that one is looked at.
func (b *book) watch(g *gateway) {
	if op := b.openOperation(); !b.isNews || op != nil && op.State == OperationOpen {
		return
	}
	if at := b.nextLook(g, 0, true); !at.IsZero() {
		b.putDue(Due{Kind: DueSession, CollectionID: b.collection.ID, ID: b.session.ID, At: at})
	}
}

// lookAgain makes a session due that the gateway is asked about because of a message: it may tell sooner than it answers. What would not be believed
// yet is asked for again as soon as it is.
func (b *book) lookAgain(g *gateway) {
	if g.info.Pure {
		return
	}
	at := b.now.Add(firstLook)
	if b.now.Before(b.session.UpdatedAt.Add(replicaLag)) {
		at = b.now.Add(replicaLag)
	}
	if next := b.nextLook(g, 0, true); !next.IsZero() && next.Before(at) {
		at = next
	}
	b.putDue(Due{Kind: DueSession, CollectionID: b.collection.ID, ID: b.session.ID, At: at})
}

// lifetime is when a session ends that is not authorized: by what the gateway says, by its provider's declaration or by the configuration,
// whichever is first. Zero: it does not.
func (b *book) lifetime(g *gateway, said time.Time) time.Time {
	end := said
	for _, life := range []time.Duration{g.info.SessionLifetime, b.cfg.SessionLifetime} {
		if own := b.session.CreatedAt.Add(life); life > 0 && (end.IsZero() || own.Before(end)) {
			end = own
		}
	}
	return end
}

// reconcileSession asks about one session, and ends what has expired: at the gateway first.
func (s *Service) reconcileSession(ctx context.Context, d Due, r *Report) error {
	b, err := s.load(ctx, Key{CollectionID: d.CollectionID, SessionID: d.ID})
	if errors.Is(err, ErrNotFound) || err == nil && b.session == nil {
		return s.done(ctx, d, time.Time{})
	}
	if err != nil {
		return err
	}
	g, err := s.gateway(b.session.ProviderID)
	if err != nil {
		return err
	}
	if op := b.openOperation(); op != nil && op.State == OperationOpen { // when that ends, the session is due again
		return s.done(ctx, d, b.now.Add(max(op.LeaseUntil.Sub(b.now), firstLook)))
	}
	if r.silent[g.ID()] {
		return s.putOff(ctx, d, r)
	}
	defer s.listen(r, g.ID())()
	asks, revision, answered := !g.info.Pure, b.session.Revision, true
	if asks && b.mayHaveMoved(g) {
		var h heard
		if b, h, err = s.inquire(ctx, b, inquiry{limit: s.cfg.CallTimeout}); err != nil {
			return err
		}
		asks, answered = h != heardUnsupported, h == heardAnswer || h == heardUnsupported
	}
	if answered && b.openOperation() == nil {
		if b, err = s.expire(ctx, b); err != nil {
			return err
		}
		defer s.shelf.giveBack(b)
	}
	r.note(&r.Settled, d.ID, b.session.Revision != revision)
	r.note(&r.Parked, d.ID, !answered)
	d.Tries++
	b.now = s.now()
	next := b.nextLook(g, d.Tries, asks)
	if next.IsZero() && !answered && b.now.Before(b.session.AskedAt.Add(s.cfg.GiveUpAfter)) {
		next = b.now.Add(lookPause(min(d.Tries, 10))) // what a message was about is not known yet
	}
	return s.done(ctx, d, next) // unless what was settled has made it due anew
}

// expire cancels what has outlived its time, as the host could.
func (s *Service) expire(ctx context.Context, b *book) (*book, error) {
	session, payment := b.sessionExpired(), b.paymentExpired()
	if !session && !payment {
		return b, nil
	}
	kind, id := RowSessions, b.session.ID
	if payment {
		kind, id = RowPayments, b.payment.ID
	}
	after, err := s.cancel(ctx, cancellation{kind: kind, id: id, hurried: true, allowed: func(b *book) error {
		if b.session.ProcessingSince.IsZero() && (b.sessionExpired() || b.paymentExpired()) {
			return nil // what a gateway decides for days is the host's to give up, not the clock's
		}
		return &StateError{id, string(b.session.Status), "expire", "its time was prolonged, or it was authorized"}
	}})
	var said *SessionError
	switch {
	case err == nil:
		return after, nil
	case errors.As(err, &said), errors.Is(err, ErrNotAllowed), errors.Is(err, ErrUnsupported), errors.Is(err, ErrNotFound):
		// An operation is open or failed, it is authorized by now, the gateway is deciding, or only it can end this: look again later.
		fresh, loadErr := s.load(ctx, Key{CollectionID: b.collection.ID, SessionID: b.session.ID})
		if loadErr != nil {
			return b, loadErr
		}
		return fresh, nil
	}
	return b, err
}
