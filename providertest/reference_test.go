package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// reference is a provider that keeps the contract, together with its gateway, small enough to be read in one go. fault names the
// one thing that is broken on purpose, and is empty in a correct one; broken_test.go lists them all.
type reference struct {
	fault string
	info  payment.ProviderInfo

	browser   bool // the browser authorizes, Authorize only reads
	single    bool // neither MultiCapture nor PartialRefund
	auto      bool // the authorization captures
	forgetful bool // keys are declared, and ignored
	quiet     bool // Authorized is in no answer after a capture or a cancellation
	totals    bool // no movements are listed: totals only
	mute      bool // Status answers ErrUnsupported
	blind     bool // it cannot be searched
	late      bool // Initialize makes no request: the first Authorize makes the object
	undated   bool // signatures carry no date
	refuses   bool // a decline is an error
	silent    bool // nothing is said of what has moved
	resends   bool // what lies below the provider sends a request again whose answer was lost

	mu      sync.Mutex
	n       int                // counts references
	objects map[string]*object // by reference
	replies map[string]reply   // by key: what was answered to a request that was executed
	down    bool               // nothing reaches the gateway
	lose    bool               // the next answer is lost
	stalled bool               // requests are taken and not answered
	failing bool               // the next request is executed, and answered with a server error
	inUse   bool               // the next request's key is in use
	current *payment.Request   // for the fault of shared state alone
	release chan struct{}      // closed when the test ends
}

type object struct {
	reference, session string
	currency           string
	amount, authorized decimal.Decimal
	state              payment.SnapshotState
	final              bool
	movements          []payment.Movement
	next               *payment.NextAction
	decline            *payment.Decline
	data               payment.Data
	private            *payment.Private
}

type reply struct {
	snapshot payment.Snapshot
	err      error
	amount   decimal.Decimal // of the request
}

func newReference(t testing.TB, fault string) *reference {
	g := &reference{fault: fault, objects: map[string]*object{}, replies: map[string]reply{}, release: make(chan struct{})}
	g.info = payment.ProviderInfo{KeyTTL: 24 * time.Hour, StatusByKey: true, MultiCapture: true, PartialRefund: true}
	t.Cleanup(func() { close(g.release) })
	return g
}

func (g *reference) is(fault string) bool { return g.fault == fault }

func (g *reference) ID() string {
	if g.is("ID in upper case") {
		return "Reference"
	}
	if g.is("ID changes") {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.n++
		return fmt.Sprintf("reference%d", g.n)
	}
	return "reference"
}

func (g *reference) Describe() payment.ProviderInfo {
	info := g.info
	switch g.fault {
	case "KeyTTL negative":
		info.KeyTTL = -time.Hour
	case "five digits":
		info.Currencies = map[string]payment.CurrencyRule{"ISK": {Digits: 5}}
	case "Describe asks the gateway":
		g.mu.Lock()
		defer g.mu.Unlock()
		info.MultiCapture = !g.down
	case "Describe changes":
		g.mu.Lock()
		defer g.mu.Unlock()
		info.SessionLifetime = time.Duration(len(g.replies)) * time.Hour
	}
	return info
}

// do is one request to the gateway. An executed key gets the first answer again.
func (g *reference) do(ctx context.Context, r *payment.Request, f func() (payment.Snapshot, error)) (payment.Snapshot, error) {
	if g.is("changes Data") && r.Data != nil {
		r.Data["seen"] = true
	}
	if err := ctx.Err(); err != nil {
		switch g.fault {
		case "an ended context is a decline":
			return payment.Snapshot{}, payment.Declined("canceled", "the caller went away")
		case "NotSent after it was done":
			g.mu.Lock()
			defer g.mu.Unlock()
			g.replies[r.IdempotencyKey] = g.reply(f)
			return payment.Snapshot{}, payment.NotSent(err)
		case "hangs":
			<-g.release
		}
		return payment.Snapshot{}, payment.NotSent(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		if g.is("a refused connection is a decline") {
			return payment.Snapshot{}, payment.Declined("unreachable", "connection refused")
		}
		return payment.Snapshot{}, payment.NotSent(errors.New("connection refused"))
	}
	if g.stalled {
		g.mu.Unlock()
		defer g.mu.Lock()
		select {
		case <-ctx.Done():
			if g.is("hangs") {
				<-g.release
			}
			if g.is("a timeout is NotSent") {
				return payment.Snapshot{}, payment.NotSent(ctx.Err())
			}
			return payment.Snapshot{}, ctx.Err()
		case <-g.release:
			return payment.Snapshot{}, errors.New("released")
		}
	}
	if g.is("too slow for its context") {
		if time.Sleep(2 * time.Millisecond); ctx.Err() != nil {
			return payment.Snapshot{}, payment.Declined("timeout", "the gateway took too long")
		}
	}
	if g.is("changes shared state") {
		mine := *r
		g.current = &mine
		g.mu.Unlock()
		time.Sleep(time.Millisecond)
		g.mu.Lock()
		*r = *g.current
	}
	if g.inUse {
		if g.inUse = false; g.is("a key in use is a decline") {
			return payment.Snapshot{}, payment.Declined("key_in_use", "409 Conflict")
		}
		return payment.Snapshot{}, errors.New("409 Conflict")
	}
	a, done := g.replies[r.IdempotencyKey]
	if a.err != nil && g.is("refused keys are forgotten") {
		done = false
	}
	if !done || g.forgetful || g.is("keys are ignored") {
		if g.is("keys are looked up too early") {
			g.mu.Unlock()
			time.Sleep(time.Millisecond)
			g.mu.Lock()
		}
		a = g.reply(f)
		a.amount = r.Amount
		g.replies[r.IdempotencyKey] = a
	}
	if !a.amount.Equal(r.Amount) && g.is("a key that was used is a decline") {
		return payment.Snapshot{}, payment.Declined("key_used", "422: the key was used with other parameters")
	}
	if g.failing {
		if g.failing = false; !g.resends {
			return g.serverError(r)
		}
	}
	if g.lose {
		if g.lose = false; g.resends {
			return a.snapshot, a.err
		}
		if g.is("a lost answer is NotSent") {
			return payment.Snapshot{}, payment.NotSent(errors.New("connection reset"))
		}
		return payment.Snapshot{}, errors.New("connection reset")
	}
	a.snapshot.Data = a.snapshot.Data.Clone()
	a.snapshot.Movements = slices.Clone(a.snapshot.Movements)
	if g.is("only Status lists movements") && !strings.HasPrefix(r.IdempotencyKey, "status-") {
		a.snapshot.Movements = nil
	}
	return a.snapshot, a.err
}

func (g *reference) reply(f func() (payment.Snapshot, error)) reply {
	s, err := f()
	return reply{snapshot: s, err: err}
}

// serverError is the answer to a request that the gateway has executed, and stumbled over then.
func (g *reference) serverError(r *payment.Request) (payment.Snapshot, error) {
	status := strings.HasPrefix(r.IdempotencyKey, "status-")
	switch {
	case status && g.is("a server error is not_found"):
		return payment.Snapshot{State: payment.SnapshotNotFound}, nil
	case status && g.is("a server error is unsupported"):
		return payment.Snapshot{}, payment.ErrUnsupported
	case g.is("a server error is a decline"):
		return payment.Snapshot{}, payment.Declined("server_error", "500")
	case g.is("a server error is NotSent"):
		return payment.Snapshot{}, payment.NotSent(errors.New("500"))
	}
	return payment.Snapshot{}, errors.New("500 Internal Server Error")
}

// next returns a new reference.
func (g *reference) next(prefix string) string {
	g.n++
	return fmt.Sprintf("%s_%d", prefix, g.n)
}

// find returns the request's object.
func (g *reference) find(r payment.Request) *object {
	if o := g.objects[r.Reference]; o != nil && (o.session == r.SessionID || g.is("somebody else's session")) {
		return o
	}
	for _, o := range g.objects {
		if r.Reference == "" && (o.session == r.SessionID || g.is("somebody else's session")) {
			return o
		}
	}
	return nil
}

func (g *reference) noObject() (payment.Snapshot, error) {
	if g.late {
		return payment.Snapshot{}, payment.NotSent(errors.New("there is no object yet"))
	}
	return payment.Snapshot{}, payment.Declined("no_such_object", "the gateway knows no such object")
}

// say is what the gateway says about an object.
func (g *reference) say(o *object) payment.Snapshot {
	left := o.authorized.Sub(o.moved().Captured)
	if o.final || o.state == payment.SnapshotCanceled {
		left = decimal.Zero
	}
	s := payment.Snapshot{State: o.state, Reference: o.reference, Account: "acct_1", CurrencyCode: o.currency, Amount: o.amount,
		Authorized: o.authorized, Capturable: &left, Movements: append([]payment.Movement{}, o.movements...), NextAction: o.next,
		Decline: o.decline, Data: o.data.Clone(), Private: o.private}
	g.misspeak(&s, o)
	if g.silent {
		s.Movements = nil
	}
	if g.totals {
		t := o.moved()
		s.Movements, s.Totals = nil, &t
	}
	return s
}

// moved sums up an object's movements.
func (o *object) moved() payment.Totals {
	t, _ := sums(payment.Snapshot{Movements: append([]payment.Movement{}, o.movements...)})
	return t
}

// already says that it is so. What is beside the error must not be believed.
func (g *reference) already(o *object) (payment.Snapshot, error) {
	now := g.say(o)
	switch g.fault {
	case "AlreadyDone says nothing":
		now = payment.Snapshot{}
	case "AlreadyDone says what was before":
		now.State = payment.SnapshotPending
	}
	return payment.Snapshot{State: payment.SnapshotDeclined, Reference: "ignored"}, payment.AlreadyDone(now)
}

func (g *reference) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	if g.late {
		return payment.Snapshot{State: payment.SnapshotPending}, nil
	}
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		o := g.create(r.Request)
		if g.is("one object for all sessions") {
			o.reference = "obj_1"
		}
		if g.is("Initialize answers canceled") {
			o.state = payment.SnapshotCanceled
		}
		return g.say(o), nil
	})
}

// create makes an object.
func (g *reference) create(r payment.Request) *object {
	kept := payment.NewPrivate(payment.Data{"signing": "private-" + r.SessionID[7:]})
	o := &object{reference: g.next("obj"), session: r.SessionID, currency: r.CurrencyCode, amount: g.counted(r.Amount, r.CurrencyCode),
		state: payment.SnapshotPending, data: payment.Data{"client_secret": "public", "count": 3}, private: &kept}
	g.leak(o, r)
	g.objects[o.reference] = o
	return o
}

func (g *reference) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	if g.browser {
		if g.is("Authorize asks with its key") {
			return g.Status(ctx, payment.StatusRequest(r))
		}
		return payment.AuthorizeByStatus(ctx, g, r)
	}
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		o := g.find(r.Request)
		if o == nil && g.late {
			o = g.create(r.Request)
		}
		if o == nil {
			if g.is("Authorize answers not_found") {
				return payment.Snapshot{State: payment.SnapshotNotFound}, nil
			}
			return g.noObject()
		}
		if o.state == payment.SnapshotCanceled {
			if g.is("authorizes and captures what is canceled") {
				o.state, o.authorized = payment.SnapshotAuthorized, o.amount
				return g.say(o), nil
			}
			return g.say(o), payment.Declined("canceled", "the object is canceled")
		}
		if o.state == payment.SnapshotAuthorized && !g.is("authorizes twice") { // the shopper was faster
			return g.already(o)
		}
		token, _ := r.Input["token"].(string)
		switch {
		case token == "" && g.is("needs a token"):
			return payment.Snapshot{}, payment.Declined("no_token", "a token is needed")
		case token == "decline" && !g.is("approves everything"):
			return g.refuse(o, r.Request)
		case token == "challenge":
			if g.is("a challenge is an error") {
				return payment.Snapshot{}, errors.New("3DS needed")
			}
			o.state = payment.SnapshotRequiresMore
			o.next = &payment.NextAction{Kind: payment.ActionRedirect, URL: "https://bank.example/3ds/" + o.reference}
			if g.is("a challenge over http") {
				o.next.URL = "http://bank.example/3ds"
			}
			return g.say(o), nil
		}
		g.grant(o, r.IdempotencyKey)
		return g.say(o), nil
	})
}

func (g *reference) refuse(o *object, r payment.Request) (payment.Snapshot, error) {
	switch g.fault {
	case "a decline without its kind":
		return payment.Snapshot{}, errors.New("402 Payment Required")
	case "a decline with secrets":
		return payment.Snapshot{}, payment.Declined("declined", "shopper "+jsonText(r.Context.Reveal()))
	case "two kinds of error":
		return payment.Snapshot{}, payment.NotSent(payment.Declined("declined", "no"))
	case "a private text in an error":
		return payment.Snapshot{}, payment.Declined("declined", r.Private.Reveal()["signing"].(string))
	}
	o.state, o.decline = payment.SnapshotDeclined, &payment.Decline{Code: "insufficient_funds", Message: "not enough money"}
	switch g.fault {
	case "a decline without a code":
		o.decline = nil
	case "a decline's code is a sentence":
		o.decline.Code = "There is not enough money!"
	case "a decline that holds money":
		o.authorized = o.amount
	case "a decline for ever", "a declined error for ever":
		o.final = true
	}
	if g.refuses || g.is("a declined error for ever") || g.is("what is declined is canceled") {
		return g.say(o), payment.Declined("insufficient_funds", "402 Payment Required")
	}
	return g.say(o), nil
}

// grant authorizes an object.
func (g *reference) grant(o *object, key string) {
	if strings.HasSuffix(g.fault, "for ever") && o.final || g.is("a challenge is never done") && o.next != nil {
		return
	}
	if g.is("authorizes twice") {
		o.authorized = o.authorized.Add(o.amount)
	} else {
		o.authorized = o.amount
	}
	o.state, o.next, o.decline = payment.SnapshotAuthorized, nil, nil
	if g.is("authorizes less") {
		o.authorized = o.amount.Div(decimal.NewFromInt(2)).Floor()
	}
	if g.auto && len(o.movements) == 0 {
		g.move(o, payment.MovementCapture, o.amount, key)
	}
}

func (g *reference) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	none := payment.Snapshot{State: payment.SnapshotNotFound}
	if g.mute || g.blind && r.Reference == "" {
		return payment.Snapshot{}, payment.ErrUnsupported
	}
	g.mu.Lock()
	if g.down && g.is("an outage is unsupported") {
		g.mu.Unlock()
		return payment.Snapshot{}, payment.ErrUnsupported
	}
	if g.down && g.is("an outage is not_found") {
		g.mu.Unlock()
		return none, nil
	}
	key := r.IdempotencyKey
	a, executed := g.replies[key]
	if a.err != nil && g.is("refused keys were never seen") {
		executed = false
	}
	g.mu.Unlock()
	r.IdempotencyKey = "status-" + newKey()
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		delete(g.replies, r.IdempotencyKey)
		o := g.find(r.Request)
		switch {
		case o == nil && g.is("an unknown session is pending"):
			return payment.Snapshot{State: payment.SnapshotPending}, nil
		case o == nil, g.is("nothing is found") && r.Reference != "", g.is("nothing is searched for") && r.Reference == "",
			g.is("sessions are not searched for") && r.Reference == "" && key == "":
			return none, nil
		case key != "" && !executed && !g.is("every key was executed"):
			return none, nil
		case key != "" && executed && g.is("no key was executed"):
			return none, nil
		}
		if g.is("Status authorizes") {
			g.grant(o, newKey())
		}
		return g.repeatAmount(g.say(o), r.Request), nil
	})
}

func (g *reference) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		o := g.find(r.Request)
		if o == nil {
			return g.noObject()
		}
		if g.is("Update makes a new object") {
			o.reference = g.next("obj")
			g.objects[o.reference] = o
		}
		if !g.is("Update does nothing") {
			o.amount = g.counted(r.Amount, r.CurrencyCode)
		}
		return g.say(o), nil
	})
}

func (g *reference) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		o := g.find(r.Request)
		if o == nil {
			return g.noObject()
		}
		if o.state == payment.SnapshotCanceled {
			if g.is("canceled twice is an unknown outcome") {
				return payment.Snapshot{}, errors.New("409 Conflict")
			}
			return g.already(o)
		}
		switch {
		case g.is("Cancel does nothing"):
		case len(o.movements) > 0 && g.is("Cancel undoes captures"):
			o.movements, o.state = nil, payment.SnapshotCanceled
		case len(o.movements) > 0 && g.is("Cancel leaves it pending"):
			s := g.say(o)
			s.State = payment.SnapshotPending
			return s, nil
		case len(o.movements) > 0:
			o.final = !g.is("Cancel keeps the rest")
		default:
			o.state = payment.SnapshotCanceled
		}
		return g.say(o), nil
	})
}

func (g *reference) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	if g.is("Capture panics") {
		panic("no such account")
	}
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		o := g.find(r.Request)
		if o == nil {
			return g.noObject()
		}
		amount := r.Amount
		if g.is("Capture takes everything") {
			amount = *g.say(o).Capturable
		}
		if amount.GreaterThan(*g.say(o).Capturable) && !g.is("captures too much") && !g.is("authorizes and captures what is canceled") &&
			!(g.single && g.is("captures twice")) {
			return g.tooMuch(o, payment.MovementCapture, *g.say(o).Capturable, r.Request)
		}
		g.move(o, payment.MovementCapture, amount, r.IdempotencyKey)
		o.final = (r.Final || g.single) && !g.is("a final capture keeps the rest")
		return g.say(o), nil
	})
}

func (g *reference) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return g.do(ctx, &r.Request, func() (payment.Snapshot, error) {
		o := g.find(r.Request)
		if o == nil {
			return g.noObject()
		}
		t := o.moved()
		amount, left := r.Amount, t.Captured.Sub(t.Refunded)
		if g.single && !amount.Equal(left) && !g.is("Refund gives everything") {
			return payment.Snapshot{}, payment.Declined("not_partial", "only all of it")
		}
		if g.is("Refund gives everything") {
			amount = left
		}
		if amount.GreaterThan(left) && !g.is("refunds too much") {
			return g.tooMuch(o, payment.MovementRefund, left, r.Request)
		}
		g.move(o, payment.MovementRefund, amount, r.IdempotencyKey)
		return g.say(o), nil
	})
}

// tooMuch refuses to move more than there is left.
func (g *reference) tooMuch(o *object, kind payment.MovementKind, left decimal.Decimal, r payment.Request) (payment.Snapshot, error) {
	switch g.fault {
	case "too much is an unknown outcome":
		return payment.Snapshot{}, errors.New("400 Bad Request")
	case "too much takes what is left":
		g.move(o, kind, left, r.IdempotencyKey)
		return g.say(o), nil
	case "too much is declined, and moves":
		g.move(o, kind, left, r.IdempotencyKey)
	}
	return g.say(o), payment.Declined("amount_too_large", "more than there is left")
}

func (g *reference) move(o *object, kind payment.MovementKind, amount decimal.Decimal, key string) {
	if g.is(string(kind) + "s move nothing") {
		return
	}
	switch {
	case o.currency == "JPY" && g.is(string(kind)+"s of yen times a hundred"):
		amount = amount.Shift(2)
	case g.is(string(kind) + "s as floats"):
		amount = inFloats(amount, o.currency)
	}
	for i, m := range o.movements {
		if g.is("equal movements are one") && m.Kind == kind && m.Amount.Equal(amount) {
			o.movements[i].IdempotencyKey = key
			return
		}
	}
	m := payment.Movement{Kind: kind, Reference: g.next(string(kind)), IdempotencyKey: key, Amount: amount, State: payment.MovementSucceeded}
	if g.is("movements without keys") {
		m.IdempotencyKey = ""
	}
	o.movements = append(o.movements, m)
}
