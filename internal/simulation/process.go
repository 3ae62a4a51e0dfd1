package simulation

import (
	"context"
	"time"

	"github.com/seed40c892db/payment"
)

// process is one process of the host: a Service, a clock of its own, and what it is at.
type process struct {
	w       *world
	n       int
	svc     *payment.Service
	skew    int64 // how far its clock is ahead
	crashed bool  // it has just died
	points  int
	busy    int // Reconciles under way
}

// start starts the process, also after it died: it knows nothing then but what is in the store.
func (p *process) start() {
	p.crashed, p.busy = false, 0
	svc, err := payment.NewService(&store{p.w}, payment.Config{
		Providers: p.w.providers(), Now: p.now, NewID: p.w.newID, Wait: p.w.wait, Logger: p.w.logger(),
		MaxSessionDeclines: 40, MaxCollectionDeclines: 80, OnEvent: p.onEvent,
		SessionLifetime: p.w.v.sessionLife,
	})
	if err != nil {
		p.w.fail("NewService: %v", err)
		return
	}
	p.svc = svc
	if p.w.v.every > 0 && !p.w.resting {
		p.serve()
	}
}

// letter names the process in traces: A or B.
func (p *process) letter() rune {
	if p.n == 0 {
		return 'A'
	}
	return 'B'
}

// now is the process's clock.
func (p *process) now() time.Time { return time.Unix(epoch, p.w.now+p.skew).UTC() }

// wait is Config.Wait: a scheduling point. Short pauses while another's call is polled for are stretched now and then, as a busy machine
// does, or else nothing but polls would happen.
func (w *world) wait(ctx context.Context, d time.Duration) error {
	a := w.running
	a.alive()
	if err := ctx.Err(); err != nil {
		return err
	}
	wait := int64(d)
	if a.polls++; w.faulty && a.polls%4 == 0 {
		wait += w.dice.between(0, 15*second)
	}
	until := a.deadline(ctx)
	a.waits = ctx
	a.pause(min(wait, max(until-w.now, 0)))
	a.waits = nil
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.now >= until {
		return context.DeadlineExceeded
	}
	return nil
}

// never is a deadline that there is not.
const never = int64(1) << 62

// deadline returns when a context ends in virtual time. The library makes contexts with deadlines in real time, of 5, 10 or 15 seconds; they
// begin when they are first seen, since no virtual time passes before.
func (a *actor) deadline(ctx context.Context) int64 {
	at, ok := ctx.Deadline()
	if !ok {
		return never
	}
	if a.timed != ender(ctx) {
		left := time.Until(at) //nolint:forbidigo // how long it was made for, in whole seconds: the machine may be slow
		a.timed, a.until = ctx, a.w.now+int64((left+5*time.Second-1)/(5*time.Second))*5*second
	}
	return a.until
}
