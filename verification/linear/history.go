// Package linear records what many clients of one [payment.Store] saw at once, and checks that it is linearizable: that there is an order of
// the calls, each at some moment between its beginning and its end, in which every answer is what the contract says.
package linear

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// Plan says what the clients do.
type Plan struct {
	Seed        uint64        // what the clients draw from
	Clients     int           // how many there are
	Calls       int           // how many calls of the store each makes
	Collections int           // how many collections they share: few are hot
	Outages     bool          // the store may fail, and then it says what the contract says; only loads and commits are made
	Pause       time.Duration // how long a client rests after a call that failed
}

// History is what the clients saw.
type History struct {
	Operations []porcupine.Operation // each call, once for every row that it concerns
	Counts     map[string]int        // how often each outcome was seen, such as "commit conflict"
	Unexpected []error               // errors that the contract does not name, if there are no outages
}

// Record lets the clients work on an empty store. Whoever has no outages in his plan must find Unexpected empty. It ends early with ctx.
func Record(ctx context.Context, store payment.Store, p Plan) *History {
	r := &recorder{store: store, plan: p, began: time.Now(), history: History{Counts: map[string]int{}}}
	clients := make([]*client, p.Clients)
	for n := range clients {
		clients[n] = &client{recorder: r, n: n, dice: rand.New(rand.NewPCG(p.Seed, uint64(n))), seen: make([]int64, p.Collections)}
	}
	for made := 0; made < p.Calls && ctx.Err() == nil; made += round {
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() {
				for range min(round, p.Calls-made) {
					if ctx.Err() == nil {
						c.step(context.WithoutCancel(ctx))
					}
				}
			})
		}
		all.Wait()
		if !p.Outages {
			clients[0].sweep(ctx)
		}
	}
	for col := 0; p.Outages && col < p.Collections; col++ { // what is left in the end
		for range 200 {
			if clients[0].load(context.WithoutCancel(ctx), col) {
				break
			}
		}
	}
	return &r.history
}

// round is how many calls a client makes until all wait for each other, and one of them looks whether any due work is not found.
const round = 100

type recorder struct {
	store payment.Store
	plan  Plan
	began time.Time
	ticks atomic.Int64

	mu      sync.Mutex
	history History
}

// epoch is when the clients' time begins. It has nothing to do with real time: each call takes a tick of its own, so that no two times that
// are written are the same.
const epoch = 1_772_366_400_000_000

func (r *recorder) tick() int64 { return r.ticks.Add(1) * 1000 }

// at makes a time of ticks, ticksOf the reverse.
func at(ticks int64) time.Time {
	if ticks == 0 {
		return time.Time{}
	}
	return time.UnixMicro(epoch + ticks).UTC()
}

func ticksOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro() - epoch
}

// client makes one call after the other.
type client struct {
	*recorder
	n       int
	dice    *rand.Rand
	seen    []int64       // the last version of each collection that it knows
	claimed []payment.Due // what it has claimed and not finished
}

// step makes one call, or two.
func (c *client) step(ctx context.Context) {
	col := c.dice.IntN(c.plan.Collections)
	switch n := c.dice.IntN(100); {
	case n < 15:
		c.load(ctx, col)
	case n < 20: // on a version that is certainly old, or not there yet
		c.commit(ctx, col, max(c.seen[col]+int64(c.dice.IntN(4))-2, 0))
	case n < 70 || c.plan.Outages:
		c.commit(ctx, col, c.seen[col])
	case n < 80 || len(c.claimed) == 0:
		c.claim(ctx)
	default:
		c.done(ctx)
	}
}

// call is one call's place in the history.
type call struct {
	begun int64
	what  string
}

func (c *client) begin(what string) call { return call{int64(time.Since(c.began)), what} }

// end writes a call down: what it asked of each row, and what it was told. A step that nobody knows about may still happen at any time.
func (c *client) end(k call, outcome string, steps ...step) {
	ended := int64(time.Since(c.began))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history.Counts[k.what+" "+outcome]++
	for _, s := range steps {
		o := porcupine.Operation{ClientId: c.n, Input: s, Call: k.begun, Return: ended}
		if s.outcome == unknown {
			o.Return = math.MaxInt64
		}
		c.history.Operations = append(c.history.Operations, o)
	}
}

// fail writes a call down that failed without effect, or with one that nobody needs to know.
func (c *client) fail(k call, err error) {
	c.end(k, "failed")
	if !c.plan.Outages {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.history.Unexpected = append(c.history.Unexpected, fmt.Errorf("%s: %w", k.what, err))
		return
	}
	time.Sleep(c.plan.Pause)
}

// load reports whether it could.
func (c *client) load(ctx context.Context, col int) bool {
	k := c.begin("load")
	rows, err := c.store.Load(ctx, payment.Key{CollectionID: id("paycol", col), SessionID: id("payses", col), OperationID: id("op", col)})
	switch {
	case errors.Is(err, payment.ErrNotFound):
		c.end(k, "nothing", step{row: collectionRow(col), kind: stepLoad})
		c.seen[col] = 0
		return true
	case err != nil:
		c.fail(k, err)
		return false
	}
	version, nonce := rows.Collections[0].Version, nonceOf(rows)
	c.end(k, "found", step{row: collectionRow(col), kind: stepLoad, version: version, nonce: nonce})
	c.seen[col] = version
	return true
}

// nonceOf is what the last commit wrote into all rows; torn where they disagree.
func nonceOf(r *payment.Rows) int64 {
	if len(r.Sessions) != 1 || len(r.Operations) != 1 {
		return torn
	}
	nonce := r.Collections[0].CreatedAt
	if !nonce.Equal(r.Sessions[0].CreatedAt) || !nonce.Equal(r.Operations[0].CreatedAt) {
		return torn
	}
	return ticksOf(nonce)
}

func (c *client) commit(ctx context.Context, col int, version int64) {
	nonce := c.tick()
	changes := changesOf(col, version, nonce)
	var due step
	if !c.plan.Outages && c.dice.IntN(3) == 0 {
		d := c.dice.IntN(duesPerCollection)
		due = step{row: dueRow(col, d), kind: stepPut, until: c.tick() + 1}
		changes.Due = []payment.Due{{Kind: payment.DueSession, CollectionID: changes.CollectionID, ID: due.row, At: at(due.until)}}
	}
	steps := []step{{row: collectionRow(col), kind: stepCommit, version: version, nonce: nonce}}
	if due.row != "" {
		steps = append(steps, due)
	}
	k := c.begin("commit")
	err := c.store.Commit(ctx, changes)
	switch {
	case err == nil:
		c.end(k, "done", steps...)
		c.seen[col] = version + 1
	case errors.Is(err, payment.ErrConflict):
		steps[0].outcome = conflict
		c.end(k, "conflict", steps[0])
		c.load(ctx, col)
	case errors.Is(err, payment.ErrCommitUnknown):
		for i := range steps {
			steps[i].outcome = unknown
		}
		c.end(k, "unknown", steps...)
		time.Sleep(c.plan.Pause)
		c.load(ctx, col)
	default: // certainly not written
		c.fail(k, err)
	}
}

func (c *client) claim(ctx context.Context) {
	kind := payment.DueSession
	if c.dice.IntN(3) == 0 {
		kind = payment.DueEvents
	}
	now := c.tick()
	until := now + 100_000 + 2
	k := c.begin("claim")
	claimed, err := c.store.Claim(ctx, kind, at(now), at(until), 1+c.dice.IntN(3))
	if err != nil {
		c.fail(k, err)
		return
	}
	var steps []step
	for _, d := range claimed {
		steps = append(steps, step{row: rowOf(d), kind: stepClaim, now: now, until: until, seq: d.Seq})
		if !d.At.Equal(at(until)) {
			c.fail(k, fmt.Errorf("%s %s is claimed until %s, not %s", d.Kind, d.ID, d.At, at(until)))
		}
	}
	c.claimed = append(c.claimed, claimed...)
	outcome := "something"
	if len(claimed) == 0 {
		outcome = "nothing"
	}
	c.end(k, outcome, steps...)
}

// sweep claims everything while nobody else is at work, so that what it does not find must not be due.
func (c *client) sweep(ctx context.Context) {
	for _, kind := range []payment.DueKind{payment.DueSession, payment.DueEvents} {
		now := c.tick() + 1_000_000 // after all claims
		until := now + 2
		k := c.begin("sweep")
		claimed, err := c.store.Claim(ctx, kind, at(now), at(until), 1000)
		if err != nil {
			c.fail(k, err)
			return
		}
		found := map[string]bool{}
		var steps []step
		for _, d := range claimed {
			found[rowOf(d)] = true
			steps = append(steps, step{row: rowOf(d), kind: stepClaim, now: now, until: until, seq: d.Seq})
		}
		for col := range c.plan.Collections {
			rows := []string{collectionRow(col)}
			if kind == payment.DueSession {
				rows = rows[:0]
				for n := range duesPerCollection {
					rows = append(rows, dueRow(col, n))
				}
			}
			for _, row := range rows {
				if !found[row] {
					steps = append(steps, step{row: row, kind: stepRest, now: now})
				}
			}
		}
		c.claimed = append(c.claimed, claimed...)
		c.end(k, "done", steps...)
	}
}

func (c *client) done(ctx context.Context) {
	last := len(c.claimed) - 1
	if c.dice.IntN(4) == 0 { // an old claim, which somebody else may have by now
		i := c.dice.IntN(last + 1)
		c.claimed[i], c.claimed[last] = c.claimed[last], c.claimed[i]
	}
	d := c.claimed[last]
	c.claimed = c.claimed[:last]
	s := step{row: rowOf(d), kind: stepDone, at: ticksOf(d.At)}
	if c.dice.IntN(2) == 0 {
		s.until = c.tick() + 10_000 + 3
	}
	if d.Kind == payment.DueEvents {
		if c.dice.IntN(4) > 0 { // all that there is so far, so that the row rests
			for col := range c.plan.Collections {
				if collectionRow(col) == d.ID {
					c.load(ctx, col)
					d.Seq = max(d.Seq, 64*c.seen[col])
				}
			}
		}
		s.seq = d.Seq
	}
	k := c.begin("done")
	err := c.store.Done(ctx, d, at(s.until))
	switch {
	case err == nil:
		c.end(k, "done", s)
	case errors.Is(err, payment.ErrConflict):
		s.outcome = conflict
		c.end(k, "conflict", s)
	default:
		c.fail(k, err)
	}
}

// duesPerCollection is how much work of sessions a collection has.
const duesPerCollection = 3

// id makes an ID in the form that the library gives them.
func id(prefix string, n int) string { return fmt.Sprintf("%s_%032x", prefix, n+1) }

func collectionRow(col int) string { return id("paycol", col) }

func dueRow(col, n int) string { return id("payses", 1000*(col+1)+n) }

// rowOf names the row of the model that due work is.
func rowOf(d payment.Due) string { return d.ID }

// changesOf makes a commit that writes the nonce into all of its rows, and an event.
func changesOf(col int, version, nonce int64) *payment.Changes {
	when, amount := at(nonce), decimal.New(100, 0)
	c := &payment.PaymentCollection{
		ID: id("paycol", col), Version: version, CurrencyCode: "EUR", Amount: amount, CreatedAt: when, UpdatedAt: when,
	}
	s := &payment.PaymentSession{
		ID: id("payses", col), CollectionID: c.ID, ProviderID: "linear", CurrencyCode: "EUR", Amount: amount, Status: payment.StatusPending,
		Revision: version + 1, OperationID: id("op", col), CreatedAt: when, UpdatedAt: when,
	}
	o := &payment.Operation{
		ID: s.OperationID, CollectionID: c.ID, SessionID: s.ID, ProviderID: s.ProviderID, Kind: payment.OperationAuthorize,
		State: payment.OperationOpen, Amount: amount, CurrencyCode: "EUR", Tries: 1, LeaseUntil: when, CreatedAt: when, UpdatedAt: when,
	}
	seq := 64 * (version + 1)
	e := &payment.Event{
		ID: fmt.Sprintf("evt_%016x%016x", col, nonce), CollectionID: c.ID, Seq: seq, Kind: payment.EventCollectionUpdated, CurrencyCode: "EUR",
		At: at(eventTicks(seq)),
	}
	return &payment.Changes{
		CollectionID: c.ID, Version: version, Collection: c, Sessions: []*payment.PaymentSession{s}, Operations: []*payment.Operation{o},
		Events: []*payment.Event{e},
	}
}
