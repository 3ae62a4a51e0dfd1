package simulation

import (
	"errors"
	"reflect"

	"github.com/seed40c892db/payment"
)

// beforeCall holds a call against what is committed: it was written down before, by who makes it now, who has the time for it, and it is the
// same as the first one, if it may be made again at all.
func (w *world) beforeCall(a *actor, kind payment.OperationKind, r *payment.Request, effect bool) {
	if a.forged {
		w.fail("a forged webhook calls %s", kind)
	}
	if a.call != nil {
		w.fail("%s is called while another call of the same caller is under way", kind)
	}
	if kind == payment.OperationStatus {
		return
	}
	o := w.shadow.ops["op_"+r.IdempotencyKey]
	switch {
	case o == nil:
		w.fail("%s is called with the key %s, which no committed operation has", kind, r.IdempotencyKey)
		return
	case o.state != payment.OperationOpen:
		w.fail("%s is called for operation %s, which is %s", kind, o.id, o.state)
	case o.kind != kind:
		w.fail("%s is called for operation %s, which is to %s", kind, o.id, o.kind)
	case o.session.opID != o.id || o.session.id != r.SessionID:
		w.fail("%s is called for operation %s, and session %s is locked by %q", kind, o.id, r.SessionID, o.session.opID)
	case o.executor != a.n:
		w.fail("%s is called for operation %s by #%d, and its executor is #%d", kind, o.id, a.n, o.executor)
	case w.now+a.proc.skew+callTimeout+settleTimeout >= o.lease:
		w.fail("%s is called for operation %s, whose lease is nearly over", kind, o.id)
	}
	if !effect {
		return
	}
	if o.calls++; o.calls == 1 {
		o.firstCall, o.request = w.now, *r
		return
	}
	switch {
	case w.v.keyLife == 0 && !o.unsent:
		w.fail("%s is called again for operation %s, and the gateway honors no keys", kind, o.id)
	case w.v.keyLife > 0 && w.now-o.firstCall > w.v.keyLife/2+30*second:
		w.fail("%s is called again for operation %s after more than half of its key's life", kind, o.id)
	case !sameRequest(&o.request, r):
		w.fail("%s is called again for operation %s with another request: %+v, first %+v", kind, o.id, *r, o.request)
	}
}

// sameRequest reports whether two requests are the same in all that a provider can see.
func sameRequest(a, b *payment.Request) bool {
	return a.IdempotencyKey == b.IdempotencyKey && a.CollectionID == b.CollectionID && a.SessionID == b.SessionID && a.Reference == b.Reference &&
		a.Amount.Equal(b.Amount) && a.Amount.Exponent() == b.Amount.Exponent() && a.CurrencyCode == b.CurrencyCode && sameData(a.Data, b.Data) &&
		sameData(a.Private.Reveal(), b.Private.Reveal()) && sameData(a.Context.Reveal(), b.Context.Reveal()) && sameData(a.Input, b.Input)
}

func sameData(a, b payment.Data) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

// afterCall remembers of a call with an effect whether it certainly had none.
func (w *world) afterCall(opID string, effect bool, err error) {
	if o := w.shadow.ops[opID]; o != nil && effect {
		o.unsent = errors.Is(err, payment.ErrNotSent)
	}
}

// countForgotten counts the operations that are open although the gateway has forgotten their key.
func (w *world) countForgotten() {
	for _, o := range w.shadow.order {
		if !o.ended() && !o.forgotten && o.calls > 0 && w.v.keyLife > 0 && w.now-o.firstCall > w.v.keyLife {
			o.forgotten = true
			w.hit(KeyForgotten)
		}
	}
}
