package pgstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/seed40c892db/payment"
)

const (
	maxGroup     = 32      // commits in a transaction
	maxGroupSize = 1 << 20 // bytes in a transaction, unless one commit is larger
)

// patience is how long a transaction of many commits waits for a row that somebody else has locked, as a transaction of the host may: the
// commit that wants it then waits alone, as long as it takes. A transaction that lasts longer, up to twice as long, counts no longer as one
// under way, so that those that wait, or a slow server, keep nobody else.
const patience = 50 * time.Millisecond

// grace is how long at most a transaction that is over waits for those whose commits it has written; a tenth of what it took, with the wait
// for a connection, if that is less.
const grace = 200 * time.Microsecond

// write is a commit on its way to the server.
type write struct {
	changes   *payment.Changes
	arguments *arguments // with the statement
	size      int        // in bytes

	ctx    context.Context //nolint:containedctx // of the call that it is made for
	answer chan verdict    // takes one; nil in a write that did not wait
	group  *group          // nil while it waits
	left   bool            // nobody waits for the answer
}

// group is a transaction of many writes. Its context has no values: it is nobody's call.
type group struct {
	writes   []*write        // not yet answered
	sent     bool            // they may be at the server: before, there was no connection yet
	ctx      context.Context //nolint:containedctx // ends when nobody waits
	cancel   context.CancelFunc
	answered progress // when the last of them was answered
}

// progress is what a queue has seen so far.
type progress struct {
	came  int // commits
	begun int // transactions
}

// giveUp ends a transaction that nobody waits for.
func (g *group) giveUp() {
	if !slices.ContainsFunc(g.writes, func(w *write) bool { return !w.left }) {
		g.cancel()
	}
}

// verdict is what became of a write.
type verdict struct {
	err    error
	alone  bool         // nothing was written: it is to be sent alone
	writer *transaction // likewise, as this one
}

// queue lets commits that come while others are under way share a transaction: one round trip and one sync for all of them. While nothing is under
// way, a commit goes alone, at once. A further transaction begins when as many wait as those under way hold each: so a few clients do not wait
// for each other, and many share few transactions, of which one is written while another one is synced.
type queue struct {
	db   database
	most int // transactions at once

	mu       sync.Mutex
	waiting  []*write
	underWay map[*transaction]bool
	commits  int // in those under way
	size     int // commits that a transaction takes
	now      progress
	watched  bool // somebody looks at how long they take
	misses   int  // how often in a row those who were waited for did not come
	skip     int  // so often nobody is waited for
}

// transaction is one that is under way.
type transaction struct {
	commits int
	seen    bool // it was under way when somebody looked
}

// newQueue makes the queue of a pool. Transactions beyond the number of the server's cores only get in each other's way, and a pool is to have
// four connections for each core.
func newQueue(db database, conns int32) *queue {
	return &queue{db: db, most: max(2, int(conns)/4), size: maxGroup, underWay: map[*transaction]bool{}}
}

// send sends a write, alone or with others, and returns its own error.
func (q *queue) send(w *write) error {
	if t := q.begin(w); t != nil {
		return q.alone(w, t)
	}
	select {
	case v := <-w.answer:
		return q.heed(w, v)
	case <-w.ctx.Done():
	}
	if q.leave(w) {
		return w.ctx.Err()
	}
	select {
	case v := <-w.answer: // it was there already
		return q.heed(w, v)
	default:
		return fmt.Errorf("%w: %w", errUncertain, w.ctx.Err())
	}
}

// heed does what a verdict says.
func (q *queue) heed(w *write, v verdict) error {
	switch {
	case v.writer != nil:
		return q.alone(w, v.writer)
	case v.alone:
		return w.send(q.db)
	}
	return v.err
}

// alone sends a write as a transaction under way.
func (q *queue) alone(w *write, t *transaction) error {
	defer q.end(t)
	err := w.send(q.db)
	if err == nil {
		q.written([]*write{w})
	}
	return err
}

// begin returns the transaction of a write that goes at once; else it waits, and is answered.
func (q *queue) begin(w *write) *transaction {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.now.came++
	if len(q.waiting) == 0 && q.another(1) {
		return q.occupy(1)
	}
	w.answer = make(chan verdict, 1)
	q.waiting = append(q.waiting, w)
	q.start()
	q.watch()
	return nil
}

// another reports whether a transaction of those that wait is worth while.
func (q *queue) another(waiting int) bool {
	n := len(q.underWay)
	return waiting > 0 && n < q.most && waiting*n >= q.commits
}

// leave takes back a write that still waits, for a transaction or for that one's connection, and reports whether it did. A transaction that
// nobody waits for is given up.
func (q *queue) leave(w *write) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting, w); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		return true
	}
	w.left = true
	if w.group == nil {
		return false
	}
	w.group.giveUp()
	return !w.group.sent
}

// occupy begins a transaction of so many commits.
func (q *queue) occupy(commits int) *transaction {
	t := &transaction{commits: commits}
	q.underWay[t] = true
	q.commits += commits
	q.now.begun++
	return t
}

// end is the end of a transaction: what has come in the meantime may go now.
func (q *queue) end(t *transaction) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dismiss(t)
}

// dismiss takes a transaction out of those under way, once.
func (q *queue) dismiss(t *transaction) {
	if q.underWay[t] {
		delete(q.underWay, t)
		q.commits -= t.commits
		q.start()
	}
}

// watch sees to it that somebody looks at how long transactions take, as long as any commit waits for them.
func (q *queue) watch() {
	if !q.watched && len(q.waiting) > 0 {
		q.watched = true
		time.AfterFunc(patience, q.look) //nolint:forbidigo // how long a server takes is no time of the host
	}
}

// look dismisses what was under way the last time, and begins others in its place.
func (q *queue) look() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for t := range q.underWay {
		if t.seen {
			q.dismiss(t)
		}
		t.seen = true
	}
	q.watched = false
	q.watch()
}

// start begins a transaction with what waits, if that is worth while.
func (q *queue) start() {
	if !q.another(len(q.waiting)) {
		return
	}
	writes := q.take()
	t := q.occupy(len(writes))
	if len(writes) == 1 { // answered before it can leave, or nobody would be the writer
		writes[0].answer <- verdict{writer: t}
		return
	}
	g := &group{writes: writes}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	for _, w := range writes {
		w.group = g
	}
	go func() {
		defer q.end(t)
		defer q.settle(g, verdict{err: fmt.Errorf("%w: the transaction did not end", errUncertain)}) // after a Goexit in a hook of the pool
		defer g.cancel()
		began := time.Now() //nolint:forbidigo // how long a server takes is no time of the host
		q.share(g)
		q.gather(len(writes), g.answered, min(time.Since(began)/10, grace)) //nolint:forbidigo // likewise
	}()
}

// gather lets those come back whose commits were just written by one transaction: as a rule they have another one at once, and the first of them
// would go alone otherwise, and the rest wait for it. It is over when they are there, or when others have begun the next transaction. Where they
// do not come, as when they call a gateway now, it is left out for a while.
func (q *queue) gather(written int, answered progress, atMost time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.skip > 0 {
		q.skip--
		return
	}
	there := func() bool { return q.now.came-answered.came >= written || q.now.begun != answered.begun }
	for began := time.Now(); !there() && time.Since(began) < atMost; { //nolint:forbidigo // the speed of this process is no time of the host
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
	}
	if q.misses++; 2*(q.now.came-answered.came) >= written {
		q.misses = 0
	}
	q.skip = 1<<min(q.misses, 6) - 1
}

// take takes the writes that share the next transaction. Those of one collection never do: the later one was decided before the earlier.
func (q *queue) take() (taken []*write) {
	left := q.waiting[:0]
	size := 0
	for _, w := range q.waiting {
		full := len(taken) == q.size || len(taken) > 0 && size+w.size > maxGroupSize
		if full || slices.ContainsFunc(taken, func(t *write) bool { return t.changes.CollectionID == w.changes.CollectionID }) {
			left = append(left, w)
			continue
		}
		taken = append(taken, w)
		size += w.size
	}
	clear(q.waiting[len(left):])
	q.waiting = left
	// All processes lock collections in the same order.
	slices.SortFunc(taken, func(a, b *write) int { return strings.Compare(a.changes.CollectionID, b.changes.CollectionID) })
	return taken
}

// share sends the writes of a group in one transaction. Where the server refuses one, the others are sent once more if it was for the
// collection's version, which is no other write's business; whatever else it was, and after a second refusal, each is sent alone, by its own
// caller.
func (q *queue) share(g *group) {
	for round := 1; len(g.writes) > 0; round++ {
		failed, err := q.together(g)
		if errors.Is(err, errNothingToSend) {
			return
		}
		if err == nil {
			q.written(g.writes)
		} else {
			q.refused()
		}
		switch {
		case err == nil || errors.Is(err, errUncertain):
			q.settle(g, verdict{err: err})
		case failed >= 0 && isCode(err, divisionByZero):
			q.settle(g, verdict{err: err}, g.writes[failed])
			if round == 2 {
				q.settle(g, verdict{alone: true})
			}
		default:
			q.settle(g, verdict{alone: true})
		}
	}
}

// written lets transactions take as many more commits as one has written. Those that wait with an older version of one of its collections are in
// vain: sent, they would end a transaction for the others.
func (q *queue) written(writes []*write) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size = min(q.size+len(writes), maxGroup)
	q.waiting = slices.DeleteFunc(q.waiting, func(w *write) bool {
		stale := slices.ContainsFunc(writes, func(by *write) bool {
			return by.changes.CollectionID == w.changes.CollectionID && by.changes.Version >= w.changes.Version
		})
		if stale {
			w.answer <- verdict{err: errStale}
		}
		return stale
	})
}

// errStale says that this process has just written a newer version.
var errStale = errors.New("a newer version was written meanwhile")

// refused lets transactions take half as many commits: those of collections that many change are better sent alone.
func (q *queue) refused() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size = max(q.size/2, 1)
}

// settle answers some writes of a group, all if none is named. Those whose callers have left are forgotten: nothing of them is sent again.
func (q *queue) settle(g *group, v verdict, some ...*write) {
	q.mu.Lock()
	defer q.mu.Unlock()
	g.answered = q.now
	var rest []*write
	for _, w := range g.writes {
		switch {
		case len(some) == 0 || slices.Contains(some, w):
			w.answer <- v
		case !w.left:
			rest = append(rest, w)
		}
	}
	g.writes = rest
}

// together sends the writes of a group as one transaction, and returns which one's statement the server refused, or -1.
func (q *queue) together(g *group) (failed int, err error) {
	failed = -1
	defer func() {
		if p := recover(); p != nil { // of a hook of the host's pool: it must not end the process
			failed, err = -1, fmt.Errorf("%w: panic: %v", errUncertain, p)
		}
	}()
	err = q.db.write(g.ctx, func() *pgx.Batch { return q.compose(g) }, func(results results) error {
		failed = -1
		if _, err := results.Exec(); err != nil {
			return err
		}
		for i := range g.writes {
			if _, err := results.Exec(); err != nil {
				failed = i
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errUncertain) {
		failed = -1
	}
	return failed, err
}

// compose returns the statements of a group's writes, but of those whose callers have left. From now on none is taken back.
func (q *queue) compose(g *group) *pgx.Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	g.writes = slices.DeleteFunc(g.writes, func(w *write) bool { return w.left })
	if len(g.writes) == 0 {
		return nil
	}
	g.sent = true
	b := &pgx.Batch{}
	limit := (&statement{text: "SELECT set_config('lock_timeout', $1, true)", arguments: 1, kept: true}).take(arguments{})
	limit.addText(patience.String())
	limit.queue(b)
	for _, w := range g.writes {
		w.arguments.queue(b)
	}
	return b
}

// send sends a write alone.
func (w *write) send(db database) error {
	b := &pgx.Batch{}
	w.arguments.queue(b)
	return db.write(w.ctx, always(b), func(results results) error {
		_, err := results.Exec()
		return err
	})
}
