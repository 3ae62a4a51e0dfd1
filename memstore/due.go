package memstore

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"github.com/seed40c892db/payment"
)

// dueRow is due work with its place in the heap, or resting, which no claim finds.
type dueRow struct {
	payment.Due
	place int
}

// resting is the place of a row that is in no heap: one of events with a zero At.
const resting = -1

// queue holds the work of one kind: by ID, and what of it is due at some time as a heap with the oldest on top. A nil queue is empty. A row of events
// is found by its collection instead.
type queue struct {
	byID map[string]*dueRow
	heap dueHeap
}

// dueOf returns the queue of a kind, and makes it if it is not there yet.
func (s *Store) dueOf(kind payment.DueKind) *queue {
	q := s.due[kind]
	if q == nil {
		q = &queue{byID: map[string]*dueRow{}}
		s.due[kind] = q
	}
	return q
}

// findDue returns the row of an ID, nil when there is none.
func (s *Store) findDue(kind payment.DueKind, id string) *dueRow {
	if kind != payment.DueEvents {
		return s.due[kind].find(id)
	}
	if c := s.collections[id]; c != nil && c.due.Kind != "" {
		return &c.due
	}
	return nil
}

// eventsDue makes a collection's events due, unless they are due at some time already: whoever has claimed them keeps them, and a wait
// for another try goes on. How far they were delivered stays.
func (s *Store) eventsDue(c *collection, at time.Time) {
	if c.due.place != resting {
		return
	}
	due := c.due.Due
	due.Kind, due.CollectionID, due.ID, due.At = payment.DueEvents, c.id, c.id, at
	s.dueOf(payment.DueEvents).put(&c.due, due)
}

// eventBeyond returns the At of a collection's first event beyond seq, zero when there is none.
func (s *Store) eventBeyond(collectionID string, seq int64) (at time.Time) {
	if c := s.collections[collectionID]; c != nil {
		c.events.ascend(position{key: seq}, func(r *record[payment.Event]) bool {
			at = r.row.At
			return false
		})
	}
	return at
}

// find returns the row of an ID, nil when there is none.
func (q *queue) find(id string) *dueRow {
	if q == nil {
		return nil
	}
	return q.byID[id]
}

// set inserts d, or replaces the row with its ID.
func (q *queue) set(d payment.Due) {
	row := q.byID[d.ID]
	if row == nil {
		row = &dueRow{place: resting}
		q.byID[d.ID] = row
	}
	q.put(row, d)
}

// put makes a row that of d, and moves it to where it is due then.
func (q *queue) put(row *dueRow, d payment.Due) {
	row.Due = d
	rests := d.Kind == payment.DueEvents && d.At.IsZero()
	if row.place != resting {
		q.heap[row.place].at = d.At.UnixMicro()
	}
	switch {
	case rests && row.place != resting:
		heap.Remove(&q.heap, row.place)
	case !rests && row.place == resting:
		heap.Push(&q.heap, row)
	case !rests:
		heap.Fix(&q.heap, row.place)
	}
}

// remove removes the row of an ID, if there is one.
func (q *queue) remove(id string) {
	if row := q.byID[id]; row != nil {
		delete(q.byID, id)
		heap.Remove(&q.heap, row.place)
	}
}

// Claim returns the oldest due work of a kind, at most limit of it, and makes it due again at until. There is no error but that of a
// context that has ended; nothing due is an empty list.
func (s *Store) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	until = cutTime(until)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.due[kind]
	if q == nil {
		return nil, nil
	}
	var claimed []*dueRow
	for len(claimed) < limit && len(q.heap) > 0 && !q.heap[0].row.At.After(now) {
		claimed = append(claimed, heap.Pop(&q.heap).(*dueRow))
	}
	var due []payment.Due
	for _, row := range claimed { // only now, lest one of them is claimed twice
		claim := row.Due
		claim.At = until
		q.put(row, claim)
		due = append(due, keepDue(claim))
	}
	return due, nil
}

// Done stores d with At = again, or removes it when again is zero. A row of DueEvents stays then, and is not due until the next event;
// one beyond d.Seq that is there already makes it due at that event's At.
//
// The error matches [payment.ErrConflict] when the stored At is no longer d.At or is zero, or the row is gone: somebody else has it, leave it to
// them.
func (s *Store) Done(ctx context.Context, d payment.Due, again time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	claimed := cutTime(d.At)
	d.At = again
	d = keepDue(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.due[d.Kind]
	row := s.findDue(d.Kind, d.ID)
	if row == nil || row.place == resting || !row.At.Equal(claimed) {
		return fmt.Errorf("memstore: %s %.64q is no longer due at %s: %w", d.Kind, d.ID, claimed.Format(time.RFC3339Nano),
			payment.ErrConflict)
	}
	switch {
	case !again.IsZero():
		q.put(row, d)
	case d.Kind == payment.DueEvents:
		d.At = s.eventBeyond(d.ID, d.Seq)
		q.put(row, d)
	default:
		q.remove(d.ID)
	}
	return nil
}

// dueHeap implements heap.Interface: the oldest by At and then ID is on top.
type dueHeap []dueAt

// dueAt is a row with its At in microseconds since 1970, so that most rows are compared without a look at them.
type dueAt struct {
	at  int64
	row *dueRow
}

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].row.ID < h[j].row.ID
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].row.place, h[j].row.place = i, j
}

// Push appends a *dueRow.
func (h *dueHeap) Push(row any) {
	r := row.(*dueRow)
	r.place = len(*h)
	*h = append(*h, dueAt{r.At.UnixMicro(), r})
}

// Pop removes the last row.
func (h *dueHeap) Pop() any {
	end := len(*h) - 1
	r := (*h)[end].row
	(*h)[end] = dueAt{}
	*h = (*h)[:end]
	r.place = resting
	return r
}
