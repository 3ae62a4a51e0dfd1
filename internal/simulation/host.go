package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// callKind is which of the Service's methods a host calls.
type callKind int

const (
	createCollection callKind = iota
	createSession
	authorizeSession
	capturePayment
	refundPayment
	cancelPayment
	cancelSession
	deleteSession
	updateSession
	updateCollection
	completeCollection
	cancelCollection
	deleteCollection
	updatePayment
	getPayment
	timeline
	callKinds
)

func (k callKind) String() string {
	return [callKinds]string{
		"CreateCollection", "CreateSession", "AuthorizeSession", "CapturePayment", "RefundPayment", "CancelPayment", "CancelSession",
		"DeleteSession", "UpdateSession", "UpdateCollection", "CompleteCollection", "CancelCollection", "DeleteCollection", "UpdatePayment",
		"GetPayment", "Timeline",
	}[k]
}

// callWeights is how often each is called, when there is something to call it on.
func callWeights() [callKinds]int {
	return [callKinds]int{1, 4, 12, 16, 16, 4, 3, 1, 4, 1, 1, 1, 1, 1, 1, 1}
}

// hostCall is one call of the host. One with a key can be made again, as it is.
type hostCall struct {
	kind       callKind
	collection string
	session    string
	provider   string
	amount     *decimal.Decimal
	final      bool
	token      string
	memo       string // planted: what the browser sent
	context    string // planted: what the provider is to know of the shopper
	supersede  []string
	key        string
	repeated   *hostCall // the call that this one repeats

	began     []*shadowOp // the operations that it began
	all       []*shadowOp // and those that its repetitions began
	succeeded bool        // its caller was told so
	known     bool        // when it was made again, its caller had been told so
}

// host is what the host remembers: what it was told of.
type host struct {
	collections []string
	sessions    []string
	keyed       []*hostCall
	keys        int
	memos       int
	weights     [callKinds]int
	sum         int
}

// drawHabits draws what this world's host does often.
func (w *world) drawHabits() {
	h := &w.host
	for k, weight := range callWeights() {
		if k > int(createSession) {
			weight *= pick(&w.dice, []int{0, 1, 1, 3})
		}
		h.weights[k] = weight
		h.sum += weight
	}
	if h.weights[authorizeSession] == 0 {
		h.weights[authorizeSession], h.sum = 14, h.sum+14
	}
}

// callHost begins a call of the host in one of its processes.
func (w *world) callHost() {
	c := w.drawCall()
	if c == nil {
		return
	}
	p := w.procs[w.dice.n(2)]
	name := ""
	if w.tracing {
		name = c.String()
	}
	ctx, cancel := context.Background(), context.CancelFunc(nil)
	if w.dice.oneIn(5) {
		ctx, cancel = context.WithCancel(ctx)
	}
	a := w.start(p, name, func(a *actor) {
		err := w.makeCall(ctx, p.svc, c)
		a.alive()
		if w.tracing {
			w.log(a, "%s is told: %s", c.kind, outcome(err))
		}
	})
	a.asked, a.cancel = c, cancel
	c.known = c.first().succeeded
}

// drawCall draws what the host calls now; nil when there is nothing to do.
func (w *world) drawCall() *hostCall {
	h, d := &w.host, &w.dice
	if len(h.keyed) > 0 && d.oneIn(5) {
		return h.keyed[d.n(len(h.keyed))].again()
	}
	c := &hostCall{kind: createCollection, provider: "sandbox"}
	if w.alive() {
		n := d.n(h.sum)
		for k, weight := range h.weights {
			if n -= weight; n < 0 {
				c.kind = callKind(k)
				break
			}
		}
		c.collection = h.collections[len(h.collections)-1]
		if d.oneIn(3) {
			c.collection = pick(d, h.collections)
		}
	}
	if len(h.sessions) > 0 {
		c.session = h.sessions[len(h.sessions)-1]
		if d.oneIn(2) {
			c.session = pick(d, h.sessions)
		}
	}
	if !d.oneIn(8) {
		w.makeSense(c)
	}
	switch {
	case c.kind == createCollection && len(h.collections) > 5 && w.alive(), c.kind == createSession && len(h.sessions) > 6 && d.n(6) > 0:
		return nil
	case c.session == "" && c.kind != createCollection:
		c.kind = createSession
	}
	w.drawArguments(c)
	if d.oneIn(3) {
		h.keys++
		c.key = "key" + fmt.Sprint(h.keys)
		h.keyed = append(h.keyed, c)
	}
	return c
}

// makeSense makes a call one that can have an effect: on a session that is not over, or a payment that is there.
func (w *world) makeSense(c *hostCall) {
	stuck := !w.dice.oneIn(3) // leave alone what nobody knows
	wanted := func(s *shadowSession) bool { return s.payment == nil && s.status != payment.StatusCanceled }
	instead := createSession
	switch c.kind {
	case refundPayment:
		wanted = func(s *shadowSession) bool {
			return s.payment != nil && s.payment.captured > s.payment.refunded+s.payment.sumRefunding
		}
		instead = capturePayment
	case capturePayment, cancelPayment:
		wanted = func(s *shadowSession) bool { return s.payment != nil && s.payment.capturable > 0 }
		instead = authorizeSession
	case updatePayment, getPayment:
		wanted = func(s *shadowSession) bool { return s.payment != nil }
		instead = authorizeSession
	case authorizeSession, updateSession:
	case cancelSession, deleteSession:
		wanted = func(s *shadowSession) bool { return s.status != payment.StatusCanceled }
	case createSession:
		w.findRoom(c)
		return
	default:
		return
	}
	fits := func(s *shadowSession) bool {
		return s != nil && wanted(s) && !s.deleted && (!stuck || s.open == nil || s.open.state == payment.OperationOpen && s.open.tries < 3)
	}
	if fits(w.shadow.sessions[c.session]) {
		return
	}
	for i := range w.host.sessions {
		if id := w.host.sessions[(i+w.started)%len(w.host.sessions)]; fits(w.shadow.sessions[id]) {
			c.session = id
			return
		}
	}
	c.kind = instead
	w.makeSense(c)
}

// findRoom finds a collection that has room for a session, or lets one be made.
func (w *world) findRoom(c *hostCall) {
	room := func(id string) bool {
		x := w.shadow.collections[id]
		return x != nil && !x.canceled && !x.deleted && !x.complete && x.amount > x.authorized+x.held
	}
	if room(c.collection) {
		return
	}
	for _, id := range w.host.collections {
		if room(id) {
			c.collection = id
			return
		}
	}
	if len(w.host.collections) < 6 {
		c.kind = createCollection
	}
}

// alive reports whether there is a collection that can still be paid.
func (w *world) alive() bool {
	for _, id := range w.host.collections {
		if c := w.shadow.collections[id]; c != nil && !c.canceled && !c.deleted && !c.complete {
			return true
		}
	}
	return false
}

func (c *hostCall) again() *hostCall {
	first := c.first()
	next := *first
	next.repeated, next.began, next.all, next.succeeded = first, nil, nil, false
	return &next
}

// first is the call that this one repeats, or itself.
func (c *hostCall) first() *hostCall {
	if c.repeated != nil {
		return c.repeated
	}
	return c
}

// drawArguments draws what a call is made with. Amounts are often equal, since equal amounts must prove nothing.
func (w *world) drawArguments(c *hostCall) {
	d, v := &w.dice, &w.v
	part := func() *decimal.Decimal {
		amount := w.amount(pick(d, []int64{v.total, (v.total + 1) / 2, (v.total + 1) / 2, (v.total + 3) / 4, 1 + int64(d.n(int(v.total)))}))
		return &amount
	}
	plant := func(what string) string {
		w.host.memos++
		return planted + what + fmt.Sprint(w.host.memos)
	}
	switch c.kind {
	case createCollection:
		c.amount = new(w.amount(v.total))
	case createSession:
		c.amount, c.context = part(), plant("context")
		if x := w.shadow.collections[c.collection]; x != nil && !d.oneIn(4) {
			room := x.amount - x.authorized - x.held
			if d.oneIn(2) || w.minor(*c.amount) > room {
				c.amount = new(w.amount(max(room, 1)))
			}
		}
		if v.manual && d.oneIn(3) && w.shadow.operations > 0 {
			c.provider = "manual"
		}
		if c.session != "" && d.oneIn(3) {
			c.supersede = []string{c.session}
		}
		if d.oneIn(4) {
			c.memo = plant("input")
		}
	case authorizeSession:
		c.token = pick(d, []string{
			"tok_visa", "", "tok_visa", "tok_visa", "tok_visa", "tok_visa", "tok_3ds", "tok_3ds", "tok_3ds_declined", "tok_declined", "tok_delayed", "tok_auto", "tok_500", "tok_nope", "7",
		})
		if c.token == "tok_auto" && v.noList {
			c.token = "tok_visa"
		}
		if d.oneIn(3) {
			c.memo = plant("input")
		}
	case capturePayment, refundPayment:
		if d.oneIn(3) {
			break
		}
		c.amount, c.final = part(), d.oneIn(5)
	case updateSession:
		if d.oneIn(3) {
			c.context = plant("context")
		} else {
			c.amount = part()
		}
	case updateCollection:
		c.amount = new(w.amount(v.total + int64(d.n(3)-1)*(v.total/4)))
	}
}

// String shows a call in a trace, its secrets left out.
func (c *hostCall) String() string {
	var b strings.Builder
	b.WriteString(c.kind.String())
	switch c.kind {
	case createCollection:
	case createSession, updateCollection, completeCollection, cancelCollection, deleteCollection, timeline:
		b.WriteString(" " + short(c.collection))
	default:
		b.WriteString(" " + short(c.session))
	}
	if c.amount != nil {
		b.WriteString(" amount " + c.amount.String())
	}
	if c.kind == createSession {
		b.WriteString(" by " + c.provider)
	}
	if c.final {
		b.WriteString(" final")
	}
	if c.kind == authorizeSession {
		b.WriteString(" with " + c.token)
	}
	for _, id := range c.supersede {
		b.WriteString(" supersedes " + short(id))
	}
	if c.key != "" {
		b.WriteString(" key " + c.key)
	}
	if c.repeated != nil {
		b.WriteString(" again")
	}
	return b.String()
}

func paymentID(session string) string { return "pay_" + strings.TrimPrefix(session, "payses_") }

// input is what the browser sends along.
func (c *hostCall) input() payment.Data {
	d := payment.Data{}
	switch c.token {
	case "":
	case "7": // no text: the provider refuses it by itself
		d["token"] = 7
	default:
		d["token"] = c.token
	}
	if c.memo != "" {
		d["memo"] = c.memo
	}
	return d
}

// makeCall makes a call, and holds what it returned against what is committed.
func (w *world) makeCall(ctx context.Context, s *payment.Service, c *hostCall) error {
	pay := paymentID(c.session)
	var err error
	switch c.kind {
	case createCollection:
		var x *payment.PaymentCollection
		x, err = s.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: w.v.currency, Amount: *c.amount, IdempotencyKey: c.key})
		if err == nil {
			remember(&w.host.collections, x.ID)
			w.returned(x)
		}
	case createSession:
		var x *payment.PaymentSession
		x, err = s.CreateSession(ctx, payment.CreateSessionParams{
			CollectionID: c.collection, ProviderID: c.provider, Amount: *c.amount, Input: c.input(), Supersede: c.supersede, IdempotencyKey: c.key,
			Context: payment.NewPrivate(payment.Data{"email": c.context}),
		})
		if err == nil {
			remember(&w.host.sessions, x.ID)
			w.returned(x)
		}
	case authorizeSession:
		var x *payment.Payment
		x, err = s.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: c.session, Input: c.input(), IdempotencyKey: c.key})
		if err == nil {
			w.toldAuthorized(x)
		}
	case capturePayment:
		var x *payment.Payment
		x, err = s.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: pay, Amount: c.amount, Final: c.final, IdempotencyKey: c.key})
		w.toldMoved(c, x, err)
	case refundPayment:
		var x *payment.Payment
		x, err = s.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: pay, Amount: c.amount, IdempotencyKey: c.key})
		w.toldMoved(c, x, err)
	case cancelPayment:
		var x *payment.Payment
		if x, err = s.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: pay, IdempotencyKey: c.key}); err == nil {
			w.toldPayment(x)
		}
	case cancelSession:
		var x *payment.PaymentSession
		if x, err = s.CancelSession(ctx, payment.CancelSessionParams{SessionID: c.session, KeepAuthorized: w.seed%8 == 2, IdempotencyKey: c.key}); err == nil {
			w.toldCanceled(x)
		}
	case deleteSession:
		err = s.DeleteSession(ctx, c.session)
	case updateSession:
		p := payment.UpdateSessionParams{SessionID: c.session, Amount: c.amount, IdempotencyKey: c.key}
		if c.context != "" {
			p.Context = new(payment.NewPrivate(payment.Data{"email": c.context}))
		}
		var x *payment.PaymentSession
		if x, err = s.UpdateSession(ctx, p); err == nil {
			w.returned(x)
		}
	case getPayment:
		var x *payment.Payment
		if x, err = s.GetPayment(ctx, pay); err == nil {
			w.toldPayment(x)
		}
	case updatePayment:
		var x *payment.Payment
		if x, err = s.UpdatePayment(ctx, payment.UpdatePaymentParams{PaymentID: pay, Metadata: &payment.Data{"seen": true}}); err == nil {
			w.toldPayment(x)
		}
	default:
		err = w.changeCollection(ctx, s, c)
	}
	if err != nil {
		w.refused(c, err)
	}
	return err
}

// changeCollection makes the calls that are about a collection as a whole.
func (w *world) changeCollection(ctx context.Context, s *payment.Service, c *hostCall) error {
	var x *payment.PaymentCollection
	var err error
	switch c.kind {
	case updateCollection:
		x, err = s.UpdateCollection(ctx, payment.UpdateCollectionParams{CollectionID: c.collection, Amount: c.amount, IdempotencyKey: c.key})
	case completeCollection:
		x, err = s.CompleteCollection(ctx, c.collection)
	case cancelCollection:
		x, err = s.CancelCollection(ctx, c.collection)
	case deleteCollection:
		return s.DeleteCollection(ctx, c.collection)
	case timeline:
		t, err := s.Timeline(ctx, c.collection)
		if err == nil {
			w.secrets.timeline(w, t)
		}
		return err
	}
	if err == nil {
		w.returned(x)
	}
	return err
}

// refused holds an error against the rules of errors, and learns of sessions from it.
func (w *world) refused(c *hostCall, err error) {
	w.secrets.said(w, "an error of "+c.kind.String(), err)
	var e *payment.SessionError
	if errors.As(err, &e) && e.Session != nil {
		remember(&w.host.sessions, e.Session.ID)
		w.returned(e.Session)
		if e.Payment != nil {
			w.returned(e.Payment)
		}
	}
}

func remember(list *[]string, id string) {
	if !slices.Contains(*list, id) {
		*list = append(*list, id)
	}
}
