package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed40c892db/payment"
)

// eventBeyond is what keeps an event from being left behind.
const eventBeyond = "but if the collection has events beyond d.Seq by then, it is due at the first one's At."

func eventCases() []testCase {
	const (
		due  = "insert only; they make the collection's events due at the first one's At, unless these are due at some time already"
		rest = "A row of DueEvents is never removed: again zero keeps it, its Seq and its Dead, with a zero At, which is not due"
		gone = "The error is ErrConflict when the stored At is no longer d.At, or the row is at rest or gone: somebody else has it now, leave it."
	)
	return []testCase{
		{"Due/events", due, dueEvents},
		{"Due/events while they are claimed", due, dueEventsClaimed},
		{"Due/events while they wait for another try", due, dueEventsWaiting},
		{"Due/events again", due, dueEventsAgain},
		{"Due/events keep what was delivered", "events: delivered up to this Event.Seq", dueEventsKept},
		{"Done/events rest", rest, doneEventsRest},
		{"Done/events at rest are nobody's", gone, doneEventsNobodys},
		{"Done/an event beyond", eventBeyond, doneEventBeyond},
		{"Done/several events beyond", eventBeyond, doneEventsBeyond},
	}
}

// far is later than everything that is due.
func (k *kit) far() time.Time { return k.soon(500_000) }

// eventsDue claims the events of a collection, which have to be due.
func (k *kit) eventsDue(collection *payment.PaymentCollection, now, until time.Time) payment.Due {
	k.t.Helper()
	got := k.claim(payment.DueEvents, now, until, 10)
	if len(got) != 1 || got[0].ID != collection.ID || got[0].CollectionID != collection.ID || got[0].Kind != payment.DueEvents {
		k.fail("Claim of events at %s brought %+v, want those of %s", now, got, collection.ID)
	}
	return got[0]
}

// eventsDueAt claims the events of a collection, which have to be due at this time and not before.
func (k *kit) eventsDueAt(collection *payment.PaymentCollection, now, until time.Time) payment.Due {
	k.t.Helper()
	k.sameDue(k.claim(payment.DueEvents, now.Add(-time.Microsecond), until, 10))
	return k.eventsDue(collection, now, until)
}

// sent stores a tree with an event, and claims it.
func (k *kit) sent(until time.Time) (*tree, *payment.Event, payment.Due) {
	k.t.Helper()
	t := k.stored()
	e := k.event(t.collection, 0)
	k.store(t.collection, e)
	return t, e, k.eventsDue(t.collection, e.At, until)
}

// resting stores a tree with an event that is delivered, as its row says, which is returned.
func (k *kit) resting() (*tree, payment.Due) {
	k.t.Helper()
	t, e, d := k.sent(at(9))
	d.Seq, d.Dead, d.Tries = e.Seq, []int64{65, 70}, 3
	k.done(d, time.Time{})
	return t, d
}

func dueEvents(k *kit) {
	quiet, t := k.stored(), k.stored()
	k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
	first, second := k.event(t.collection, 0), k.event(t.collection, 1)
	first.At, second.At = at(5), at(3)
	k.store(t.collection, first, second)
	k.store(quiet.collection)
	d := k.eventsDueAt(t.collection, at(5), k.far())
	if d.Seq != 0 || len(d.Dead) != 0 {
		k.fail("nothing was delivered yet, but Seq is %d and Dead %v", d.Seq, d.Dead)
	}
}

func dueEventsClaimed(k *kit) {
	t, e, d := k.sent(at(30))
	for range 2 { // older than at(30), as events are when somebody holds them
		k.store(t.collection, k.event(t.collection, 0))
	}
	k.sameDue(k.claim(payment.DueEvents, at(30).Add(-time.Microsecond), k.far(), 10))
	d.Seq = e.Seq
	k.done(d, at(40))
	k.eventsDueAt(t.collection, at(40), at(50))
	k.store(t.collection, k.event(t.collection, 0))
	// Whoever has claimed them is gone.
	k.eventsDueAt(t.collection, at(50), at(60))
}

func dueEventsWaiting(k *kit) {
	t, _, d := k.sent(at(9))
	k.done(d, at(30))
	for _, minute := range []int{60, 1} {
		e := k.event(t.collection, 0)
		e.At = at(minute)
		k.store(t.collection, e)
	}
	k.eventsDueAt(t.collection, at(30), at(90))
}

func dueEventsAgain(k *kit) {
	t, _ := k.resting()
	for _, minute := range []int{20, 1} { // later than what was due before, and earlier
		e := k.event(t.collection, 0)
		e.At = at(minute)
		k.store(t.collection, e)
		d := k.eventsDueAt(t.collection, at(minute), at(40))
		d.Seq = e.Seq
		k.done(d, time.Time{})
		k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
	}
}

func dueEventsKept(k *kit) {
	t, e, d := k.sent(at(9))
	d.Seq, d.Dead = e.Seq, []int64{65, 70}
	k.done(d, at(30))
	k.store(t.collection, k.event(t.collection, 0))
	got := k.eventsDue(t.collection, at(30), at(40))
	if got.Seq != e.Seq || !slices.Equal(got.Dead, []int64{65, 70}) {
		k.fail("a commit with events changed Seq %d and Dead [65 70] to %d and %v", e.Seq, got.Seq, got.Dead)
	}
}

func doneEventsRest(k *kit) {
	t, d := k.resting()
	other, _ := k.resting()
	k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
	k.store(t.collection) // without events
	k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
	e := k.event(t.collection, 0)
	k.store(t.collection, e)
	got := k.eventsDueAt(t.collection, e.At, at(40))
	k.sameDue([]payment.Due{got}, moved(d, at(40)))
	k.same("the other collection", k.loadCollection(other.collection.ID), other.collection)
}

func doneEventsNobodys(k *kit) {
	t, d := k.resting()
	for _, held := range []time.Time{{}, d.At, at(3)} {
		for _, again := range []time.Time{{}, at(4)} {
			k.want(k.s.Done(k.ctx(), moved(d, held), again), payment.ErrConflict, "Done of events at rest, as due at %s", held)
		}
	}
	k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
	e := k.event(t.collection, 0)
	k.store(t.collection, e)
	k.want(k.s.Done(k.ctx(), moved(d, time.Time{}), time.Time{}), payment.ErrConflict, "Done of events with a zero At, which are due")
	k.eventsDueAt(t.collection, e.At, at(40))
}

func doneEventBeyond(k *kit) {
	t, e, d := k.sent(at(60))
	late := k.event(t.collection, 0)
	late.At = at(30)
	k.store(t.collection, late)
	d.Seq, d.Dead, d.Tries = e.Seq, []int64{65, 70}, 3
	k.done(d, time.Time{})
	got := k.eventsDueAt(t.collection, late.At, at(70))
	k.sameDue([]payment.Due{got}, moved(d, at(70)))
	got.Seq = late.Seq
	k.done(got, time.Time{})
	k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
}

func doneEventsBeyond(k *kit) {
	// Another collection's events do not count.
	other := k.stored()
	for range 5 {
		k.store(other.collection)
	}
	k.store(other.collection, k.event(other.collection, 0))
	k.quiet(other)
	t, _, d := k.sent(at(60))
	var seqs []int64
	for _, minute := range []int{40, 20, 30} {
		e := k.event(t.collection, 0)
		e.At = at(minute)
		k.store(t.collection, e)
		seqs = append(seqs, e.Seq)
	}
	for i, minute := range []int{40, 20, 30} {
		d.Seq = seqs[i] - 1 // between the one before and this one
		k.done(d, time.Time{})
		d = k.eventsDueAt(t.collection, at(minute), at(60))
	}
	d.Seq = seqs[2]
	k.done(d, time.Time{})
	k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
}

// deliverers are several who commit events of one collection, and several who deliver them.
type deliverers struct {
	k          *kit
	collection string
	holders    atomic.Int64
	committing atomic.Int64 // who has not committed yet
	mu         sync.Mutex
	seen       map[string]bool
}

func crowdEvents(k *kit) {
	const rounds = 15
	t := k.stored()
	d := &deliverers{k: k, collection: t.collection.ID, seen: map[string]bool{}}
	for round := 1; round <= rounds; round++ { // after each of them all is quiet: every round has a last event
		d.committing.Store(crowdSize / 2)
		k.crowd(crowdSize, func(i int) error {
			if i%2 == 1 {
				return d.deliver()
			}
			defer d.committing.Add(-1)
			time.Sleep(time.Duration(i) * 300 * time.Microsecond) // one after the other, while others deliver
			return k.step(payment.Key{CollectionID: d.collection}, func(rows *payment.Rows) (*payment.Changes, error) {
				return changes(rows.Collections[0], k.event(rows.Collections[0], 0)), nil
			})
		})
		if want := round * crowdSize / 2; len(d.seen) != want {
			k.fail("%d events were committed while others delivered them; all is quiet, but only %d were seen", want, len(d.seen))
		}
		k.sameDue(k.claim(payment.DueEvents, k.far(), k.far(), 10))
	}
}

// see notes the events of a page, and moves the due row behind them. It reports whether there were any, all of them new and in order: if not, this
// would go on for ever.
func (d *deliverers) see(due *payment.Due, page *payment.Rows) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if page == nil {
		return false
	}
	for _, e := range page.Events {
		if d.seen[e.ID] || e.Seq <= due.Seq {
			return false
		}
		d.seen[e.ID], due.Seq = true, e.Seq
	}
	return len(page.Events) > 0
}

// deliver claims, lists and finishes events until all are committed and none are due.
func (d *deliverers) deliver() error {
	k := d.k
	for {
		end := d.committing.Load() == 0
		due, err := k.s.Claim(k.ctx(), payment.DueEvents, k.soon(0), k.soon(60), 1)
		if err != nil {
			return fmt.Errorf("Claim: %w", err)
		}
		if len(due) == 0 {
			if end {
				return nil
			}
			time.Sleep(100 * time.Microsecond)
			continue
		}
		if d.holders.Add(1) != 1 {
			return fmt.Errorf("two have claimed the events of one collection")
		}
		rows, err := k.s.List(k.ctx(), payment.RowEvents, payment.Filter{CollectionID: d.collection}, payment.Page{Limit: 3, AfterSeq: due[0].Seq})
		if err != nil {
			return fmt.Errorf("List: %w", err)
		}
		if !d.see(&due[0], rows) {
			return fmt.Errorf("events were due beyond Seq %d, and List of those after it brings none that was not seen before, in order", due[0].Seq)
		}
		time.Sleep(200 * time.Microsecond) // for others to commit meanwhile
		d.holders.Add(-1)
		if err := k.s.Done(k.ctx(), due[0], time.Time{}); err != nil {
			return fmt.Errorf("Done of events that nobody else can have claimed: %w", err)
		}
	}
}
