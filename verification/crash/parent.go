package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed40c892db/payment/sandboxprovider"
)

// parent keeps the gateway, hands out flows, and remembers what the child was told.
type parent struct {
	gateway  *sandboxprovider.Gateway
	provider *sandboxprovider.Provider
	server   *http.Server
	socket   string

	mu       sync.Mutex
	dice     *rand.Rand
	loses    bool                     // one answer in twelve is lost
	lost     int                      // so many were
	hangs    chan struct{}            // authorizations are not answered until it is closed; nil: they are
	hanging  map[string]bool          // the keys of those
	ready    chan struct{}            // closed when the child says that it is ready
	started  int                      // flows that were handed out so far
	told     map[int]map[string]bool  // by flow: the steps that the child was told are done
	where    map[int]string           // by flow: its collection
	finished map[int]bool             // flows that came to their end
	taken    map[int]bool             // flows that this child is at
	events   map[string]map[int64]int // by collection: how often each event was delivered
	order    map[string][]int64       // by collection: the events in the order of their first delivery
	results  []recovery               // what children that recover have told
	troubles []string                 // what must not be, as the child saw it
}

// listen starts a parent on a socket.
func listen(ctx context.Context, socket string, seed uint64) (*parent, error) {
	p := &parent{
		gateway: sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), socket: socket,
		dice: rand.New(rand.NewPCG(seed, 1)), loses: true, hanging: map[string]bool{}, told: map[int]map[string]bool{}, where: map[int]string{},
		finished: map[int]bool{}, taken: map[int]bool{}, events: map[string]map[int64]int{}, order: map[string][]int64{},
	}
	p.provider = sandboxprovider.New(p.gateway, sandboxprovider.Config{})
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /call", p.call)
	mux.HandleFunc("POST /ready", handle(p, func(struct{}) any { close(p.ready); return nil }))
	mux.HandleFunc("POST /flooding", handle(p, func(struct{}) any { return nil }))
	mux.HandleFunc("POST /next", handle(p, func(again struct{ Started bool }) any { return p.next(again.Started) }))
	mux.HandleFunc("POST /told", handle(p, func(t tellMessage) any { p.tell(t); return nil }))
	mux.HandleFunc("POST /event", handle(p, func(e eventMessage) any { p.deliver(e); return nil }))
	mux.HandleFunc("POST /recovered", handle(p, func(r recovery) any { p.results = append(p.results, r); return nil }))
	mux.HandleFunc("POST /trouble", handle(p, func(text string) any { p.troubles = append(p.troubles, text); return nil }))
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(l) }() // it ends with Close
	return p, nil
}

// handle makes a handler of what is done with a message, under the lock.
func handle[T any](p *parent, do func(T) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var message T
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		answer := do(message)
		p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the child may be dead by now
	}
}

// call makes a call of the gateway. The caller may be killed meanwhile: the work is done all the same.
func (p *parent) call(w http.ResponseWriter, r *http.Request) {
	var m callMessage
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	lost := p.loses && p.dice.IntN(12) == 0
	if lost {
		p.lost++
	}
	hangs := p.hangs
	execute := true
	if hangs != nil && m.Method == "authorize" {
		execute = len(p.hanging)%2 == 0 // every other one never gets that far
		p.hanging[m.IdempotencyKey] = true
	}
	p.mu.Unlock()
	var a answerMessage
	if execute {
		a = sealAnswer(m.serve(context.WithoutCancel(r.Context()), p.provider))
	}
	if hangs != nil && m.Method == "authorize" {
		select {
		case <-hangs:
		case <-r.Context().Done():
		}
		lost = true
	}
	if lost {
		panic(http.ErrAbortHandler) // closes the connection
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) //nolint:errchkjson // it is made of what JSON can hold
}

// flowMessage names a flow; 0 is none.
type flowMessage struct{ N int }

// next hands a flow out: one that an earlier child did not finish, or else, unless only those are wanted, a new one.
func (p *parent) next(onlyStarted bool) flowMessage {
	for n := 1; n <= p.started; n++ {
		if !p.finished[n] && !p.taken[n] && (onlyStarted || p.dice.IntN(2) == 0) {
			p.taken[n] = true
			return flowMessage{n}
		}
	}
	if onlyStarted {
		return flowMessage{}
	}
	p.started++
	p.taken[p.started] = true
	return flowMessage{p.started}
}

// tellMessage says that a step of a flow is done, or, with an empty step, all of them.
type tellMessage struct {
	Flow         int
	CollectionID string
	Step         string
}

func (p *parent) tell(t tellMessage) {
	if id := p.where[t.Flow]; id != "" && id != t.CollectionID {
		p.troubles = append(p.troubles, fmt.Sprintf("flow %d has two collections, %s and %s", t.Flow, id, t.CollectionID))
	}
	p.where[t.Flow] = t.CollectionID
	if t.Step == "" {
		p.finished[t.Flow] = true
		return
	}
	if p.told[t.Flow] == nil {
		p.told[t.Flow] = map[string]bool{}
	}
	p.told[t.Flow][t.Step] = true
}

// eventMessage is an event that OnEvent got.
type eventMessage struct {
	CollectionID string
	Seq          int64
}

func (p *parent) deliver(e eventMessage) {
	seen := p.events[e.CollectionID]
	if seen == nil {
		seen = map[int64]int{}
		p.events[e.CollectionID] = seen
	}
	if seen[e.Seq]++; seen[e.Seq] > 1 {
		return
	}
	if order := p.order[e.CollectionID]; len(order) > 0 && slices.Max(order) > e.Seq {
		p.troubles = append(p.troubles, fmt.Sprintf("event %d of %s was first delivered after event %d", e.Seq, e.CollectionID, slices.Max(order)))
	}
	p.order[e.CollectionID] = append(p.order[e.CollectionID], e.Seq)
}

// recovery is what a child that recovers tells when it is done.
type recovery struct {
	Open    int           // operations that were open when it began
	Waited  time.Duration // until the last of their leases had ended
	Took    time.Duration // from then on until none was open
	Settled int           // what Reconcile said it brought on
	Slow    []string      // what took long
}

// reset forgets which flows the last child was at, and awaits another.
func (p *parent) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = make(chan struct{})
	p.taken = map[int]bool{}
}

// close ends the parent's server.
func (p *parent) close() error { return p.server.Close() }
