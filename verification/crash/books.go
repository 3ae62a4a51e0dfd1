package crash

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// books are the rows, by what the gateway's books name.
type books struct {
	collections map[string]*payment.PaymentCollection
	flows       map[string][]string                // by flow, as the metadata names it: its collections
	sessions    map[string]*payment.PaymentSession // by ID
	below       map[string][]*payment.PaymentSession
	payments    map[string]*payment.Payment // by session
	captures    map[string][]*payment.Capture
	refunds     map[string][]*payment.Refund
	operations  []*payment.Operation
	events      map[string][]int64 // by collection
}

// read reads all rows.
func read(ctx context.Context, store payment.Store) (*books, error) {
	b := &books{
		collections: map[string]*payment.PaymentCollection{}, flows: map[string][]string{}, sessions: map[string]*payment.PaymentSession{},
		below: map[string][]*payment.PaymentSession{}, payments: map[string]*payment.Payment{}, captures: map[string][]*payment.Capture{},
		refunds: map[string][]*payment.Refund{}, events: map[string][]int64{},
	}
	for _, kind := range []payment.RowKind{
		payment.RowCollections, payment.RowSessions, payment.RowPayments, payment.RowCaptures, payment.RowRefunds, payment.RowOperations, payment.RowEvents,
	} {
		err := every(ctx, store, kind, payment.Filter{}, b.add)
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *books) add(r *payment.Rows) {
	for _, x := range r.Collections {
		b.collections[x.ID] = x
		if n, ok := x.Metadata["flow"].(string); ok {
			b.flows[n] = append(b.flows[n], x.ID)
		}
	}
	for _, x := range r.Sessions {
		b.sessions[x.ID] = x
		b.below[x.CollectionID] = append(b.below[x.CollectionID], x)
	}
	for _, x := range r.Payments {
		b.payments[x.SessionID] = x
	}
	for _, x := range r.Captures {
		b.captures[x.PaymentID] = append(b.captures[x.PaymentID], x)
	}
	for _, x := range r.Refunds {
		b.refunds[x.PaymentID] = append(b.refunds[x.PaymentID], x)
	}
	for _, x := range r.Events {
		b.events[x.CollectionID] = append(b.events[x.CollectionID], x.Seq)
	}
	b.operations = append(b.operations, r.Operations...)
}

// verdict is what was found when both books were held against each other.
type verdict struct {
	Operations int // in all
	Double     int // requests that the gateway executed twice, and sessions that were charged twice
	Orphan     int // money at the gateway that no row knows of
	Open       int // operations that are open, or need a person
	Lost       int // what the child was told is done, and is not in the rows
	Wrong      []string
}

func (v *verdict) say(count *int, format string, args ...any) {
	if count != nil {
		*count++
	}
	v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
}

// compare holds the rows against the gateway's books, and against what the children were told. Nothing is under way.
func (p *parent) compare(b *books) *verdict {
	v := &verdict{Operations: len(b.operations)}
	for _, o := range b.operations {
		if o.State == payment.OperationOpen || o.State == payment.OperationNeedsAttention {
			v.say(&v.Open, "operation %s (%s) is %s %s after %d tries, lease until %s, asked last: %s", o.ID, o.Kind, o.State, o.Code, o.Tries,
				o.LeaseUntil.Format(time.RFC3339Nano), o.Message)
		}
	}
	executed := map[string]int{}
	for _, c := range p.gateway.Requests() {
		if c.Executed && c.Method != sandboxprovider.MethodRetrieve {
			if executed[c.Key]++; executed[c.Key] == 2 {
				v.say(&v.Double, "the gateway executed %s with key %s twice", c.Method, c.Key)
			}
		}
	}
	intents := map[string]*sandboxprovider.Intent{}
	for _, in := range p.gateway.Intents() {
		s := b.sessions[in.SessionID]
		if n := p.gateway.Authorizations(in.SessionID); n > 1 {
			v.say(&v.Double, "session %s is authorized %d times", in.SessionID, n)
		}
		if s == nil || s.Reference != in.Reference {
			if in.Live {
				v.say(&v.Orphan, "%s holds or took money, and no session of ours knows it", in.Reference)
			}
			continue
		}
		intents[s.ID] = &in
		b.agree(v, s, &in)
	}
	for id, x := range b.payments {
		if intents[id] == nil {
			v.say(nil, "payment %s has no object at the gateway", x.ID)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.troubles {
		v.say(nil, "a child says: %s", text)
	}
	for n := 1; n <= p.started; n++ {
		p.compareFlow(v, b, intents, n)
	}
	return v
}

// agree holds a session against the gateway's object.
func (b *books) agree(v *verdict, s *payment.PaymentSession, in *sandboxprovider.Intent) {
	x := b.payments[s.ID]
	if x == nil {
		if !in.Authorized.IsZero() {
			v.say(&v.Orphan, "session %s is %s, the gateway has authorized %s", s.ID, s.Status, in.Authorized)
		}
		return
	}
	if !x.Authorized.Equal(in.Authorized) || !x.Captured.Equal(in.Captured) || !x.Refunded.Equal(in.Refunded) || !x.Capturable.Equal(in.Capturable) {
		v.say(nil, "payment %s says authorized %s, captured %s, refunded %s, capturable %s; the gateway %s, %s, %s, %s", x.ID, x.Authorized,
			x.Captured, x.Refunded, x.Capturable, in.Authorized, in.Captured, in.Refunded, in.Capturable)
	}
	moved := 0
	for _, m := range in.Movements {
		if m.State == payment.MovementSucceeded {
			moved++
		}
	}
	ours := 0
	for _, c := range b.captures[x.ID] {
		ours += b.known(v, &c.Entry, in)
	}
	for _, r := range b.refunds[x.ID] {
		ours += b.known(v, &r.Entry, in)
	}
	if ours != moved {
		v.say(nil, "payment %s has %d movements, the gateway %d", x.ID, ours, moved)
	}
}

// known counts a movement of ours that the gateway has as well.
func (*books) known(v *verdict, e *payment.Entry, in *sandboxprovider.Intent) int {
	if e.State != payment.MovementSucceeded {
		return 0
	}
	if e.OperationID == "" {
		v.say(nil, "%s is taken for a movement that was made elsewhere", e.ID)
	}
	for _, m := range in.Movements {
		if m.Reference == e.Reference && m.Amount.Equal(e.Amount) {
			return 1
		}
	}
	v.say(nil, "%s of %s, %s, is not in the gateway's books", e.ID, e.Amount, e.Reference)
	return 0
}

// compareFlow holds a flow's rows against what the child was told of it.
func (p *parent) compareFlow(v *verdict, b *books, intents map[string]*sandboxprovider.Intent, n int) {
	f := flowOf(n)
	ids := b.flows[fmt.Sprint(n)]
	if len(ids) > 1 {
		v.say(&v.Double, "flow %d has %d collections", n, len(ids))
		return
	}
	told := p.told[n]
	if len(told) == 0 && !p.finished[n] {
		return
	}
	if len(ids) == 0 || len(b.below[ids[0]]) != 1 {
		v.say(&v.Lost, "flow %d was told of, and has no collection with a session", n)
		return
	}
	s := b.below[ids[0]][0]
	x, in := b.payments[s.ID], intents[s.ID]
	if f.declined() {
		if s.Status != payment.StatusError || x != nil {
			v.say(&v.Lost, "flow %d was declined, and its session is %s", n, s.Status)
		}
		return
	}
	if x == nil || in == nil {
		v.say(&v.Lost, "flow %d was authorized, and has no payment", n)
		return
	}
	var captured, refunded decimal.Decimal
	for i, amount := range f.Captures {
		if told[fmt.Sprint(stepCapture, i)] {
			captured = captured.Add(amount)
		}
	}
	for i, amount := range f.Refunds {
		if told[fmt.Sprint(stepRefund, i)] {
			refunded = refunded.Add(amount)
		}
	}
	if x.Captured.LessThan(captured) || x.Refunded.LessThan(refunded) || told[stepCancel] && !x.Capturable.IsZero() {
		v.say(&v.Lost, "flow %d was told of %s captured and %s refunded, and has %s and %s", n, captured, refunded, x.Captured, x.Refunded)
	}
	if x.Captured.GreaterThan(sum(f.Captures)) || x.Refunded.GreaterThan(sum(f.Refunds)) {
		v.say(&v.Double, "flow %d moved %s and %s back, more than it wanted", n, x.Captured, x.Refunded)
	}
	if p.finished[n] && (!in.Authorized.Equal(f.Amount) || !in.Captured.Equal(sum(f.Captures)) || !in.Refunded.Equal(sum(f.Refunds))) {
		v.say(nil, "flow %d came to its end with authorized %s, captured %s, refunded %s", n, in.Authorized, in.Captured, in.Refunded)
	}
}

// undelivered counts the events that no child's OnEvent has got.
func (p *parent) undelivered(b *books) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for id, seqs := range b.events {
		for _, seq := range seqs {
			if p.events[id][seq] == 0 {
				n++
			}
		}
	}
	return n
}
