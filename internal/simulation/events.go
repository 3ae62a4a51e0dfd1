package simulation

import (
	"context"
	"errors"
	"slices"

	"github.com/seed40c892db/payment"
)

// errOutage is what OnEvent answers now and then.
var errOutage = errors.New("simulation: the host does not take the event now")

// onEvent is the host taking an event, or not.
func (p *process) onEvent(ctx context.Context, e payment.Event) error {
	w := p.w
	a := w.running
	a.alive()
	if leaks(e.Code) || leaks(e.Reference) || leaks(e.Notice) {
		w.fail("an event that is delivered holds a secret: %+v", e)
	}
	w.secrets.returnedEvent(w, &e)
	until := a.deadline(ctx)
	delay := int64(0)
	if w.goesWrong(EventsSlow, 6) {
		w.hit(EventsSlow)
		delay = w.dice.between(second, 30*second)
	}
	if delay > 0 || w.dice.oneIn(8) {
		a.pause(delay)
	}
	col := w.shadow.collections[e.CollectionID]
	if col != nil && w.poisoned(col, e.Seq) {
		col.poisonTries++
	}
	switch {
	case w.now >= until:
		return context.DeadlineExceeded
	case w.goesWrong(EventsFail, 3):
		w.hit(EventsFail)
		return errOutage
	case w.goesWrong(EventsPanic, 6):
		w.hit(EventsPanic)
		panic("simulation: OnEvent panics") //nolint:forbidigo // as a host's might
	case col != nil && w.poisoned(col, e.Seq):
		w.hit(EventsPoisoned)
		return errOutage
	}
	if w.tracing {
		w.log(a, "delivers %s of %s, Seq %d", e.Kind, short(e.CollectionID), e.Seq)
	}
	w.delivered(col, &e)
	return nil
}

// poisoned reports whether the host will never take an event.
func (w *world) poisoned(col *shadowCollection, seq int64) bool {
	return w.v.poison > 0 && len(col.seqs) >= w.v.poison && col.seqs[w.v.poison-1] == seq
}

// delivered holds a delivery against those before it: in order, none left out, but for those that the host did not take for long enough.
func (w *world) delivered(col *shadowCollection, e *payment.Event) {
	if col == nil {
		if e.CollectionID != "" || e.Kind != payment.EventWebhookGivenUp {
			w.fail("an event of no collection is delivered: %+v", *e)
		}
		return
	}
	if !slices.Contains(col.seqs, e.Seq) {
		w.fail("event %d of %s is delivered, and was never committed", e.Seq, col.id)
		return
	}
	w.skipPoison(col)
	switch {
	case col.first < len(col.seqs) && e.Seq == col.seqs[col.first]:
		col.first++
	case col.first == 0 || e.Seq > col.seqs[col.first-1]:
		w.fail("event %d of %s is delivered before event %d", e.Seq, col.id, col.seqs[col.first])
	}
}

// leastTries is how often an event or a message is tried at the least before it is given up.
const leastTries = 50

// undelivered reports whether events wait: for one that its host never takes, when nothing else goes wrong.
func (w *world) undelivered() bool {
	for _, col := range w.shadow.collections {
		if w.skipPoison(col); col.first < len(col.seqs) {
			return true
		}
	}
	return false
}

// skipPoison passes over an event that was given up rightly.
func (w *world) skipPoison(col *shadowCollection) {
	if col.first < len(col.seqs) && w.poisoned(col, col.seqs[col.first]) && col.poisonTries >= leastTries && w.now-col.poisonAt >= 24*hour-clockSkew {
		col.first++
	}
}

// checkEvents: all events were delivered.
func (w *world) checkEvents() {
	for _, col := range w.shadow.collections {
		w.skipPoison(col)
		if col.first < len(col.seqs) && w.poisoned(col, col.seqs[col.first]) && (w.now-col.poisonAt < 26*hour || col.poisonTries < leastTries) {
			continue // not given up yet, and so in the way of others
		}
		if col.first < len(col.seqs) {
			w.fail("event %d of %s was never delivered, of %d events %d were", col.seqs[col.first], col.id, len(col.seqs), col.first)
		}
	}
}

// serve lets a process do its due work by itself, as Run does.
func (p *process) serve() {
	w := p.w
	ctx, cancel := context.WithCancel(context.Background())
	a := w.start(p, "Run", func(a *actor) {
		err := p.svc.Run(ctx, w.v.every)
		a.alive()
		if err != nil {
			w.fail("Run: %v", err)
		}
	})
	a.cancel, a.serves = cancel, true
}
