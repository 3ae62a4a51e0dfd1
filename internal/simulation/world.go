package simulation

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// Durations of virtual time, in nanoseconds.
const (
	millisecond = int64(time.Millisecond)
	second      = int64(time.Second)
	minute      = int64(time.Minute)
	hour        = int64(time.Hour)
)

// What the library's Config says, here and there.
const (
	callTimeout   = 15 * second
	settleTimeout = 10 * second
	clockSkew     = 10 * second
	requestLife   = 15 * minute
)

// world is one store, one gateway, two processes and a clock, and all that happens in it is drawn from its seed.
type world struct {
	seed    uint64
	dice    dice
	now     int64 // nanoseconds since the epoch
	points  int
	minted  uint64 // IDs so far
	started int    // actors so far
	actors  []*actor
	running *actor
	pool    *pool
	broken  []string
	tracing bool
	trace   []string
	line    func(string)
	faults  Counts
	v       variant

	rows     payment.Store // what is committed, without faults
	procs    [2]*process
	provider payment.Provider
	gateway  *sandboxprovider.Gateway
	faulty   bool // things go wrong
	resting  bool // nothing goes wrong any more, and nothing is under way

	sends   []string // which operation each of the gateway's requests was sent for, in the order of its log; "" for others
	lateAt  int64    // when the requests that are under way arrive; 0: there are none
	lateOps []string // which operations they were sent for

	host    host
	shadow  shadow
	mail    mail
	mailed  int64
	sure    bool // no webhook is dropped now
	looked  int  // how much due work was looked at in this round
	secrets secrets
	told    map[string][]told // what the gateway has said of each session, for its replicas
}

// newWorld draws a world.
func newWorld(seed uint64, p *pool, o *Options) *world {
	w := &world{seed: seed, dice: newDice(seed, 1), pool: p, tracing: o.Trace, line: o.Line, faulty: true, rows: o.Store()}
	w.shadow.make()
	w.mail.stored, w.mail.events = map[string]*arrived{}, map[string]*arrived{}
	w.drawVariant(o.Profile)
	w.makeGateway()
	w.drawHabits()
	w.secrets.watch = w.dice.oneIn(6)
	for i := range w.procs {
		p := &process{w: w, n: i}
		w.procs[i] = p
		if w.faulty {
			p.skew = w.dice.between(0, clockSkew-1)
		}
		p.start()
	}
	w.countApart()
	return w
}

// play lets a world happen from beginning to end.
func (w *world) play() {
	w.busy()
	if w.ok() {
		w.settleDown()
	}
	w.kill()
}

// LeastPoints and LeastOperations are how many scheduling points and operations every seed has.
const (
	LeastPoints     = 150
	LeastOperations = 3
)

// busy lets things happen until there was enough of it.
func (w *world) busy() {
	target := LeastPoints + w.dice.n(250)
	for w.ok() && len(w.host.collections) == 0 {
		if !slices.ContainsFunc(w.actors, func(a *actor) bool { return !a.serves }) {
			w.callHost()
		}
		w.step()
	}
	for w.ok() {
		enough := w.points >= target && w.shadow.operations >= LeastOperations && w.procs[0].points > 0 && w.procs[1].points > 0
		if enough {
			return
		}
		if w.points > 20*target {
			w.fail("too little happens in this world: %d operations after %d points", w.shadow.operations, w.points)
		}
		w.step()
	}
}

// step lets one thing happen: somebody goes on, something begins, or time passes.
func (w *world) step() {
	d := &w.dice
	switch {
	case len(w.actors) < w.v.crowd && d.oneIn(3) && len(w.host.collections) > 0:
		w.begin()
		return
	case d.oneIn(w.v.leaps) && w.v.on(TimeLeap):
		w.leap()
	}
	a := w.pickReady()
	switch {
	case a != nil:
		w.resume(a)
	case len(w.actors) == 0, len(w.actors) < w.v.crowd && d.oneIn(3) && len(w.host.collections) > 0:
		w.begin()
	default:
		w.toNextWake()
	}
	w.collectMail()
}

// leap lets time pass at once, whoever is at work.
func (w *world) leap() {
	d := pick(&w.dice, []int64{second, 5 * second, 20 * second, 40 * second, minute, 3 * minute, 3 * minute, 16 * minute, 40 * minute, 3 * hour, 13 * hour, 26 * hour})
	if len(w.actors) > 0 {
		w.hit(TimeLeap)
	}
	if w.tracing {
		w.log(nil, "%s pass", time.Duration(d))
	}
	w.advance(w.now + d)
	w.countForgotten()
}

// newID returns an ID that never repeats, random in its last bytes, from which the library draws its jitter.
func (w *world) newID() (id uuid.UUID) {
	w.minted++
	id[3] = 1
	binary.BigEndian.PutUint64(id[4:], w.minted)
	binary.BigEndian.PutUint32(id[12:], uint32(w.dice.next()))
	return id
}

// amount makes a decimal of minor units of the world's currency.
func (w *world) amount(minor int64) decimal.Decimal { return decimal.New(minor, -w.v.digits) }

// minor counts a decimal in minor units of the world's currency.
func (w *world) minor(d decimal.Decimal) int64 {
	if d.Exponent() == -w.v.digits {
		return d.CoefficientInt64()
	}
	if d.IsZero() {
		return 0
	}
	shifted := d.Shift(w.v.digits)
	if !shifted.IsInteger() {
		w.fail("the amount %s is none of %s", d, w.v.currency)
	}
	return shifted.IntPart()
}

// countApart counts clocks that are far apart.
func (w *world) countApart() {
	apart := w.procs[0].skew - w.procs[1].skew
	if max(apart, -apart) >= 5*second {
		w.hit(ClocksApart)
	}
}

// jumpClock sets the clock of a process to another time, within what processes may differ.
func (w *world) jumpClock() {
	p := w.procs[w.dice.n(2)]
	p.skew = w.dice.between(0, clockSkew-1)
	w.hit(ClockJump)
	w.countApart()
	if w.tracing {
		w.log(nil, "the clock of process %c is %s ahead", p.letter(), time.Duration(p.skew))
	}
}
