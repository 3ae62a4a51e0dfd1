package payment_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// What goes wrong on our side.
const (
	faultCommitCrashBefore = "commit: the process dies before it"
	faultCommitLost        = "commit: unknown, not applied"
	faultCommitConflict    = "commit: conflict"
	faultCommitDown        = "commit: the store is down"
	faultCommitBetween     = "commit: something else happens before it"
	faultCommitCrashAfter  = "commit: the process dies after it"
	faultCommitUnknown     = "commit: unknown, applied"
	faultCommitAfter       = "commit: something else happens after it"

	faultCallCrashBefore = "call: the process dies before it"
	faultCallBetween     = "call: something else happens before it"
	faultCallCrashAfter  = "call: the process dies after it"
	faultCallAfter       = "call: something else happens after it"
	faultCallHeldUp      = "call: the process is held up after it, until its lease is over"

	faultCallerGone = "caller: gives up while waiting"
)

// gatewayFaults are what goes wrong between us and the gateway.
var gatewayFaults = []sandboxprovider.FaultKind{
	sandboxprovider.FaultRequestLost, sandboxprovider.FaultRequestDelayed, sandboxprovider.FaultAnswerLost, sandboxprovider.FaultServerError,
	sandboxprovider.FaultServerErrorAfter, sandboxprovider.FaultTooManyRequests, sandboxprovider.FaultConnectionRefused,
	sandboxprovider.FaultKeyInUse, sandboxprovider.FaultDeclined,
}

// everyFault is what must have gone wrong in some world, as tally names it.
func everyFault() []string {
	names := []string{
		faultCommitCrashBefore, faultCommitLost, faultCommitConflict, faultCommitDown, faultCommitBetween, faultCommitCrashAfter, faultCommitUnknown,
		faultCommitAfter, faultCallCrashBefore, faultCallBetween, faultCallCrashAfter, faultCallAfter, faultCallHeldUp,
		faultCallerGone,
	}
	for _, kind := range gatewayFaults {
		names = append(names, gatewayFaultName(kind))
	}
	for i := range names {
		names[i] = "fault: " + names[i]
	}
	for _, o := range outsiders {
		names = append(names, "outside: "+o.name)
	}
	return names
}

func gatewayFaultName(kind sandboxprovider.FaultKind) string { return "gateway: " + string(kind) }

// inject writes down what goes wrong.
func (w *world) inject(fault string) {
	w.log("fault: %s", fault)
	w.total["fault: "+fault]++
}

// crash is what a process dies of.
type crash struct{}

var errStoreDown = errors.New("the store is down")

// watchedStore is the store, its commits checked, with what goes wrong.
type watchedStore struct {
	*memstore.Store
	w *world
}

func (s *watchedStore) Commit(ctx context.Context, c *payment.Changes) error {
	w := s.w
	if w.faulty {
		switch w.rand.IntN(60) {
		case 0:
			w.inject(faultCommitCrashBefore)
			panic(crash{})
		case 1:
			w.inject(faultCommitLost)
			return payment.ErrCommitUnknown
		case 2:
			w.inject(faultCommitConflict)
			return payment.ErrConflict
		case 3:
			w.inject(faultCommitDown)
			return errStoreDown
		case 4:
			w.inject(faultCommitBetween)
			w.nested()
		}
	}
	switch err := s.Store.Commit(ctx, c); {
	case errors.Is(err, payment.ErrConflict), c.NewRequests && errors.Is(err, payment.ErrDuplicate), err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		w.fail("the store refuses a commit: %v", err)
		return err
	}
	w.checkCommit(c)
	if w.faulty {
		switch w.rand.IntN(50) {
		case 0:
			w.inject(faultCommitCrashAfter)
			panic(crash{})
		case 1:
			w.inject(faultCommitUnknown)
			return payment.ErrCommitUnknown
		case 2:
			w.inject(faultCommitAfter)
			w.nested()
		}
	}
	return nil
}

// gatewayFault says what goes wrong with a request, once in five times.
func (w *world) gatewayFault(c sandboxprovider.Call) sandboxprovider.Fault {
	if !w.faulty || !w.oneIn(5) {
		return sandboxprovider.Fault{}
	}
	kind := draw(w, gatewayFaults)
	switch {
	case kind == sandboxprovider.FaultRequestDelayed && (c.Browser || c.Method == sandboxprovider.MethodRetrieve),
		kind == sandboxprovider.FaultDeclined && c.Method == sandboxprovider.MethodRetrieve:
		kind = sandboxprovider.FaultRequestLost // a question is not declined, and nobody hears a late answer
	case kind == sandboxprovider.FaultRequestDelayed && w.delayedAt.IsZero():
		w.delayedAt = w.now
	}
	w.log("%s goes wrong:", c.Method)
	w.inject(gatewayFaultName(kind))
	return sandboxprovider.Fault{Kind: kind}
}

// watched is the sandbox provider, its calls counted, with what goes wrong on our side of them.
type watched struct {
	*sandboxprovider.Provider
	w *world
}

func (p *watched) call(kind payment.OperationKind, r payment.Request, do func() (payment.Snapshot, error)) (payment.Snapshot, error) {
	w := p.w
	if w.faulty {
		switch w.rand.IntN(40) {
		case 0:
			w.inject(faultCallCrashBefore)
			panic(crash{})
		case 1:
			w.inject(faultCallBetween)
			w.nested()
		}
	}
	s, err := do()
	w.logCall(kind, r, s, err)
	w.checkCall(kind, r.IdempotencyKey, err)
	if w.faulty {
		switch w.rand.IntN(40) {
		case 0:
			w.inject(faultCallCrashAfter)
			panic(crash{})
		case 1:
			w.inject(faultCallAfter)
			w.nested()
		case 2:
			w.heldUp()
		}
	}
	return s, err
}

// heldUp holds a process up for longer than any lease, and lets the other one take over what it was at.
func (w *world) heldUp() {
	if w.depth > 1 {
		return
	}
	w.inject(faultCallHeldUp)
	w.depth++
	w.advance(5 * time.Minute)
	w.act(action{name: "Reconcile", do: (*world).reconcile}, true)
	w.depth--
}

// logCall writes down a call and its answer. Of hostile amounts only the digits are printed: their zeros may be a billion.
func (w *world) logCall(kind payment.OperationKind, r payment.Request, s payment.Snapshot, err error) {
	var movements []string
	for _, m := range s.Movements {
		movements = append(movements, fmt.Sprintf("%s/%s/%s/%s/%s", m.Kind, m.Reference, short(m.IdempotencyKey), m.Amount.Coefficient(), m.State))
	}
	capturable := "-"
	if s.Capturable != nil {
		capturable = s.Capturable.Coefficient().String()
	}
	w.log("  %s of %s, key %s, amount %s, reference %q: %q of %q, amount %s, authorized %s, capturable %s, totals %t, movements %v, decline %+v, error %v",
		kind, short(r.SessionID), short(r.IdempotencyKey), r.Amount, r.Reference, s.State, s.Reference, s.Amount.Coefficient(), s.Authorized.Coefficient(),
		capturable, s.Totals != nil, movements, s.Decline, err)
}

func (p *watched) Initialize(ctx context.Context, r payment.InitializeRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationInitialize, r.Request, func() (payment.Snapshot, error) { return p.Provider.Initialize(ctx, r) })
}

func (p *watched) Authorize(ctx context.Context, r payment.AuthorizeRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationAuthorize, r.Request, func() (payment.Snapshot, error) { return p.Provider.Authorize(ctx, r) })
}

func (p *watched) Update(ctx context.Context, r payment.UpdateRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationUpdate, r.Request, func() (payment.Snapshot, error) { return p.Provider.Update(ctx, r) })
}

func (p *watched) Cancel(ctx context.Context, r payment.CancelRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationCancel, r.Request, func() (payment.Snapshot, error) { return p.Provider.Cancel(ctx, r) })
}

func (p *watched) Capture(ctx context.Context, r payment.CaptureRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationCapture, r.Request, func() (payment.Snapshot, error) { return p.Provider.Capture(ctx, r) })
}

func (p *watched) Refund(ctx context.Context, r payment.RefundRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationRefund, r.Request, func() (payment.Snapshot, error) { return p.Provider.Refund(ctx, r) })
}

func (p *watched) Status(ctx context.Context, r payment.StatusRequest) (payment.Snapshot, error) {
	return p.call(payment.OperationStatus, r.Request, func() (payment.Snapshot, error) { return p.Provider.Status(ctx, r) })
}
