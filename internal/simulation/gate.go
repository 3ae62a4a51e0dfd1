package simulation

import (
	"context"
	"errors"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// sent is a provider's call that is under way.
type sent struct {
	kind     payment.OperationKind
	opID     string // the operation it is made for; empty in a question without one
	session  string
	effect   bool // it may have an effect
	reads    bool // an authorization that may only ask
	lost     bool // the gateway's answer, if there is one, does not come back
	deadline int64
}

// gate is the sandbox's provider, with what goes wrong on the way to the gateway and back.
type gate struct {
	w     *world
	inner *sandboxprovider.Provider
	info  payment.ProviderInfo
}

// The optional interfaces come in these combinations.
type (
	gateNeither         struct{ *gate }
	gateWithoutCanceler struct{ *gate }
	gateWithoutUpdater  struct{ *gate }
	gateWhole           struct{ *gate }
)

// errReset is a connection that broke: nobody knows what became of the request.
var errReset = errors.New("simulation: connection reset")

// call makes one call: every request of it to the gateway is a scheduling point, and so is the way back.
func (g *gate) call(ctx context.Context, kind payment.OperationKind, r *payment.Request, do func() (payment.Snapshot, error)) (payment.Snapshot, error) {
	w := g.w
	a := w.running
	a.alive()
	opID := ""
	if r.IdempotencyKey != "" {
		opID = "op_" + r.IdempotencyKey
	}
	effect := kind != payment.OperationStatus && (kind != payment.OperationAuthorize || !w.v.browsers)
	w.beforeCall(a, kind, r, effect)
	if w.goesWrong(CrashBeforeCall, 10) {
		w.hit(CrashBeforeCall)
		a.die()
	}
	if w.tracing {
		w.log(a, "calls %s for %s, reference %q, amount %s", kind, short(opID), r.Reference, r.Amount)
	}
	a.lied = nil
	a.call = &sent{kind: kind, opID: opID, session: r.SessionID, effect: effect, deadline: a.deadline(ctx),
		reads: kind == payment.OperationAuthorize && r.Input == nil}
	if o := w.shadow.ops[opID]; o != nil && kind == payment.OperationStatus {
		o.askedAt = w.now
	}
	s, err := do()
	if w.v.replicas && err == nil {
		s = w.replica(kind, r, s)
	}
	s, err = g.back(a, s, err)
	a.call = nil
	w.afterCall(opID, effect, err)
	if w.tracing {
		w.log(a, "%s for %s is answered %s", kind, short(opID), describeAnswer(&s, err))
	}
	return s, err
}

// told is something that the gateway has said.
type told struct {
	at int64
	s  payment.Snapshot
}

// replicaLag is how far a replica may lag behind.
const replicaLag = 10 * second

// replica returns what the gateway answers to a question about a session: now and then what was so some seconds before. What it is asked by a key is
// answered by the one that knows the key.
func (w *world) replica(kind payment.OperationKind, r *payment.Request, s payment.Snapshot) payment.Snapshot {
	if s.State == "" || s.State == payment.SnapshotNotFound {
		return s
	}
	reads := kind == payment.OperationStatus && r.IdempotencyKey == "" || kind == payment.OperationAuthorize && w.v.browsers && r.Input == nil
	if reads && w.faulty && !w.resting && w.dice.oneIn(3) {
		for _, before := range w.told[r.SessionID] {
			if w.now-before.at <= replicaLag && before.s.State != s.State {
				w.hit(AnswerFromReplica)
				return before.s
			}
		}
	}
	if w.told == nil {
		w.told = map[string][]told{}
	}
	w.told[r.SessionID] = append(w.told[r.SessionID], told{w.now, s})
	return s
}

// back brings an answer back to the process.
func (g *gate) back(a *actor, s payment.Snapshot, err error) (payment.Snapshot, error) {
	w := g.w
	travel := w.dice.between(0, 40*millisecond)
	if w.faulty && w.dice.oneIn(12) {
		travel = w.dice.between(second, 14*second)
	}
	a.pause(travel)
	if w.goesWrong(CrashAfterCall, 10) {
		w.hit(CrashAfterCall)
		a.die()
	}
	if w.goesWrong(HeldUp, 12) {
		w.hit(HeldUp)
		a.pause(w.dice.between(5*second, 5*minute))
	}
	unknown := a.call.lost && !errors.Is(err, payment.ErrNotSent)
	switch {
	case unknown && w.dice.oneIn(2) && w.now < a.call.deadline: // nobody says anything until the time is over
		a.pause(a.call.deadline - w.now)
		w.hit(CallTimedOut)
		return payment.Snapshot{}, context.DeadlineExceeded
	case unknown:
		return payment.Snapshot{}, errReset
	case w.now >= a.call.deadline && !w.dice.oneIn(4): // else the answer was there in time, and its reader late
		w.hit(CallTimedOut)
		return payment.Snapshot{}, context.DeadlineExceeded
	}
	if err == nil {
		g.adapt(&s)
		if w.v.lies > 0 && w.faulty && w.dice.oneIn(w.v.lies) {
			w.lie(a, &s)
		}
	} else if now, ok := payment.AlreadyDoneSnapshot(err); ok && w.v.noList {
		g.adapt(&now)
		return s, payment.AlreadyDone(now)
	} else {
		g.adapt(&s)
	}
	return s, err
}

// adapt leaves out what this gateway does not tell.
func (g *gate) adapt(s *payment.Snapshot) {
	if !g.w.v.noList || s.Movements == nil {
		return
	}
	t := payment.Totals{}
	for _, m := range s.Movements {
		if m.State != payment.MovementSucceeded {
			continue
		}
		if m.Kind == payment.MovementCapture {
			t.Captured = t.Captured.Add(m.Amount)
		} else {
			t.Refunded = t.Refunded.Add(m.Amount)
		}
	}
	s.Movements, s.Totals = nil, &t
}

// onTheWay is what happens to one request on its way to the gateway: others come first, it is late, or it is lost.
func (w *world) onTheWay(c sandboxprovider.Call) sandboxprovider.Fault {
	a := w.running
	if a == nil || a.call == nil { // a browser's
		w.sends = append(w.sends, "")
		return sandboxprovider.Fault{}
	}
	call := a.call
	w.sends = append(w.sends, call.opID)
	reads := c.Method == sandboxprovider.MethodRetrieve
	kind := w.drawGatewayFault(reads)
	if kind == sandboxprovider.FaultConnectionRefused {
		return sandboxprovider.Fault{Kind: kind}
	}
	travel := w.dice.between(millisecond, 300*millisecond)
	if w.faulty && w.dice.oneIn(30) {
		travel = w.dice.between(second, 20*second)
	}
	switch kind {
	case sandboxprovider.FaultRequestLost, sandboxprovider.FaultAnswerLost:
		call.lost = true
	case sandboxprovider.FaultRequestDelayed:
		call.lost = true
	}
	from := w.now
	a.pause(travel)
	switch late := requestLife - minute - (w.now - from); {
	case late <= 0: // the process was held up before it could send this
		call.lost, kind = true, sandboxprovider.FaultRequestLost
	case kind == sandboxprovider.FaultRequestDelayed:
		w.delay(call.opID, w.now+w.dice.between(0, late))
	}
	return sandboxprovider.Fault{Kind: kind}
}

// delay lets the gateway's late requests arrive at a time, or earlier if others are late already.
func (w *world) delay(opID string, at int64) {
	w.lateOps = append(w.lateOps, opID)
	if w.lateAt == 0 || at < w.lateAt {
		w.lateAt = at
	}
}

// lateArrive lets the requests that are under way arrive.
func (w *world) lateArrive() {
	w.lateAt = 0
	for _, id := range w.lateOps {
		if op := w.shadow.ops[id]; op != nil && op.calls > 1 {
			w.hit(ArrivedAfterRetry)
		}
	}
	w.lateOps = w.lateOps[:0]
	n := w.gateway.DeliverDelayed()
	if w.tracing && n > 0 {
		w.log(nil, "%d delayed requests arrive", n)
	}
}

// drawGatewayFault draws what goes wrong between a process and the gateway.
func (w *world) drawGatewayFault(reads bool) sandboxprovider.FaultKind {
	if !w.faulty || !w.dice.oneIn(w.v.rate) {
		return ""
	}
	fault := pick(&w.dice, []Fault{
		RequestLost, ResponseLost, ResponseLost, StoredError, StoredErrorAfter, TooManyRequests, ConnectionRefused, KeyUnderWay, Declined,
		RequestDelayed, RequestDelayed,
	})
	if reads { // a question is not declined, and a late answer to it is heard by nobody
		switch fault {
		case RequestDelayed, Declined, KeyUnderWay:
			fault = RequestLost
		case StoredErrorAfter:
			fault = StoredError
		}
	}
	if !w.v.on(fault) {
		return ""
	}
	w.hit(fault)
	switch fault {
	case RequestLost:
		return sandboxprovider.FaultRequestLost
	case ResponseLost:
		return sandboxprovider.FaultAnswerLost
	case StoredError:
		return sandboxprovider.FaultServerError
	case StoredErrorAfter:
		return sandboxprovider.FaultServerErrorAfter
	case TooManyRequests:
		return sandboxprovider.FaultTooManyRequests
	case ConnectionRefused:
		return sandboxprovider.FaultConnectionRefused
	case KeyUnderWay:
		return sandboxprovider.FaultKeyInUse
	case Declined:
		return sandboxprovider.FaultDeclined
	}
	return sandboxprovider.FaultRequestDelayed
}

// lie changes one thing in an answer, of which our books know better.
func (w *world) lie(a *actor, s *payment.Snapshot) {
	x := w.shadow.sessions[a.call.session]
	if x == nil || s.State == payment.SnapshotNotFound {
		return
	}
	before, f := w.faults, pick(&w.dice, []Fault{LieAmount, LieAuthorized, LieCurrency, LieReference, LieAccount, LieTotals})
	defer func() {
		again := f == LieAmount && a.call.reads && s.State == payment.SnapshotPending // it may be a replica's: another question tells
		if w.faults != before && s.Totals == nil && !again {                          // totals are compared only where nothing else can be
			a.lied = x
		}
	}()
	switch {
	case f == LieAmount && !s.Amount.IsZero():
		s.Amount = s.Amount.Add(w.amount(w.dice.between(1, 9)))
		w.hit(f)
	case f == LieAuthorized && s.State == payment.SnapshotAuthorized && s.Authorized.IsPositive():
		s.Authorized = s.Authorized.Add(w.amount(w.dice.between(1, 9)))
		w.hit(f)
	case f == LieCurrency:
		s.CurrencyCode = "USD"
		w.hit(f)
	case f == LieReference && x.reference != "":
		s.Reference = "int_of_another"
		w.hit(f)
	case f == LieAccount && x.account != "":
		s.Account = "acct_of_another"
		w.hit(f)
	case f == LieTotals:
		captured := w.amount(w.dice.between(1, 9))
		if x.payment != nil {
			captured = captured.Add(w.amount(x.payment.captured))
		}
		s.Totals = &payment.Totals{Captured: captured}
		w.hit(f)
	}
}

// ID names the provider.
func (g *gate) ID() string { return "sandbox" }

// Describe says what the gateway declares.
func (g *gate) Describe() payment.ProviderInfo { return g.info }

// VerifyWebhook verifies a message.
func (g *gate) VerifyWebhook(ctx context.Context, r payment.WebhookRequest) (payment.WebhookMessage, error) {
	m, err := g.inner.VerifyWebhook(ctx, r)
	if err == nil && m.Snapshot != nil {
		g.adapt(m.Snapshot)
	}
	return m, err
}

// Initialize makes the gateway's object. The error is one of the four kinds.
func (g *gate) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return g.call(ctx, payment.OperationInitialize, &r.Request, func() (payment.Snapshot, error) { return g.inner.Initialize(context.Background(), r) })
}

// Authorize asks for the money to be held. The error is one of the four kinds.
func (g *gate) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return g.call(ctx, payment.OperationAuthorize, &r.Request, func() (payment.Snapshot, error) { return g.inner.Authorize(context.Background(), r) })
}

// Status asks. The error says that the gateway could not be asked.
func (g *gate) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	asked := r
	if !g.info.StatusByKey {
		asked.IdempotencyKey = ""
	}
	return g.call(ctx, payment.OperationStatus, &r.Request, func() (payment.Snapshot, error) { return g.inner.Status(context.Background(), asked) })
}

func (g *gate) update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return g.call(ctx, payment.OperationUpdate, &r.Request, func() (payment.Snapshot, error) { return g.inner.Update(context.Background(), r) })
}

func (g *gate) cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return g.call(ctx, payment.OperationCancel, &r.Request, func() (payment.Snapshot, error) { return g.inner.Cancel(context.Background(), r) })
}

// Capture takes money. The error is one of the four kinds.
func (g *gate) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return g.call(ctx, payment.OperationCapture, &r.Request, func() (payment.Snapshot, error) { return g.inner.Capture(context.Background(), r) })
}

// Refund gives money back. The error is one of the four kinds.
func (g *gate) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return g.call(ctx, payment.OperationRefund, &r.Request, func() (payment.Snapshot, error) { return g.inner.Refund(context.Background(), r) })
}

// Update changes the gateway's object. The error is one of the four kinds.
func (g gateWhole) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return g.update(ctx, r)
}

// Cancel gives up what is held. The error is one of the four kinds.
func (g gateWhole) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return g.cancel(ctx, r)
}

// Update changes the gateway's object. The error is one of the four kinds.
func (g gateWithoutCanceler) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return g.update(ctx, r)
}

// Cancel gives up what is held. The error is one of the four kinds.
func (g gateWithoutUpdater) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return g.cancel(ctx, r)
}

var (
	_ payment.Capturer        = gateNeither{}
	_ payment.Refunder        = gateNeither{}
	_ payment.WebhookVerifier = gateNeither{}
	_ payment.Describer       = gateNeither{}
	_ payment.Updater         = gateWhole{}
	_ payment.Canceler        = gateWhole{}
	_ payment.Updater         = gateWithoutCanceler{}
	_ payment.Canceler        = gateWithoutUpdater{}
)
