package payment

import (
	"context"
	"errors"
	"time"
)

// eventBatch is how many events of a collection are read at a time.
const eventBatch = 100

// deliverEvents hands a collection's events to the host, in their order. How far it got is kept in the Due row, which nobody else can
// claim meanwhile: whoever has it stops in time. What was handed over just before a crash is handed over again.
func (s *Service) deliverEvents(ctx context.Context, d Due, r *Report) error {
	for {
		rows, err := s.store.List(ctx, RowEvents, Filter{CollectionID: d.ID}, Page{Limit: eventBatch, AfterSeq: d.Seq})
		if err != nil {
			return errors.Join(err, s.done(ctx, d, d.At)) // what was delivered before stays so
		}
		for _, e := range rows.Events {
			now := s.now()
			if ctx.Err() != nil || !now.Add(s.cfg.CallTimeout+s.cfg.ClockSkew).Before(d.At) { // the next one could outlast the claim
				return s.done(ctx, d, now)
			}
			err := s.tell(ctx, *e)
			switch {
			case err == nil:
				r.Delivered++
			case ctx.Err() != nil:
				return s.done(ctx, d, now)
			default:
				now, tries := s.now(), d.Tries+1
				if again := d.EventFailed(e, now, s.cfg.GiveUpAfter); !again.IsZero() {
					s.cfg.Logger.WarnContext(ctx, "payment: OnEvent failed; the event is delivered again", "event_id", e.ID, "event_kind", e.Kind,
						"collection_id", e.CollectionID, "tries", tries, "error", err)
					r.Parked = append(r.Parked, d.ID)
					return s.done(ctx, d, again)
				}
				s.cfg.Logger.ErrorContext(ctx, "payment: an event was given up: OnEvent never took it", "event_id", e.ID, "event_kind", e.Kind,
					"collection_id", e.CollectionID, "tries", tries, "error", err)
				s.cfg.signal(ctx, Signal{Kind: SignalGivenUp, Name: "event", Subject: e.subject()})
				r.GivenUp = append(r.GivenUp, e.ID)
				continue
			}
			d.Seq, d.Tries = e.Seq, 0
		}
		if !rows.More {
			return s.done(ctx, d, time.Time{})
		}
	}
}

// EventFailed notes in a claimed row of events that the host did not take the next one, e, and returns when it is to be tried again. Zero
// means that it is given up, after giveUpAfter and 50 tries: d has gone beyond it, and its Seq is in d.Dead. It is for stores that deliver
// events in transactions of their own.
func (d *Due) EventFailed(e *Event, now time.Time, giveUpAfter time.Duration) (again time.Time) {
	d.Tries++
	if d.Tries < leastHandings || now.Sub(e.At) < giveUpAfter {
		return now.Add(backoff(d.Tries))
	}
	d.Dead = append(d.Dead, e.Seq)
	d.Seq, d.Tries = e.Seq, 0
	return time.Time{}
}

// leastHandings is how often an event or a message is tried at the least before it is given up. With the pauses between them that is seven hours: an
// outage of an hour must not lose what has waited for a day.
const leastHandings = 50

// tell hands one event to the host.
func (s *Service) tell(ctx context.Context, e Event) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	ctx, o := s.hands(ctx, &e)
	defer func() { o.taken(ctx, err) }()
	d := Due{Kind: DueEvents, ID: e.ID}
	return s.guarded(ctx, d, func() error { return s.cfg.OnEvent(ctx, e) })
}

// bell wakes those in Run when this process has written events.
type bell struct {
	rung     bool // since the last of them went to sleep
	sleepers []*context.CancelFunc
}

// wake rings the bell.
func (s *Service) wake() {
	if s.cfg.OnEvent == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bell.rung = true
	for _, cancel := range s.bell.sleepers {
		(*cancel)()
	}
}

// sleep waits, or until the bell rings.
func (s *Service) sleep(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	rung := s.bell.rung
	s.bell.rung = false
	if !rung {
		s.bell.sleepers = append(s.bell.sleepers, &cancel)
	}
	s.mu.Unlock()
	if rung {
		return
	}
	_ = s.cfg.Wait(ctx, d) // why it ended shows in ctx and in the clock
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bell.rung = false
	for i, other := range s.bell.sleepers {
		if other == &cancel {
			s.bell.sleepers = append(s.bell.sleepers[:i:i], s.bell.sleepers[i+1:]...)
			break
		}
	}
}
