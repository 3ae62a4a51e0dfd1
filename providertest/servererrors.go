package providertest

import (
	"context"
	"errors"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

func serverErrors(k *kit) string {
	return hook("ServerError", func(c Config) bool { return c.ServerError != nil })(k)
}

func keysInUse(k *kit) string {
	return hook("KeyInUse", func(c Config) bool { return c.KeyInUse != nil })(k)
}

// failed makes a call that the gateway executes and answers with a server error.
func (s *session) failed(m method, key string, changes ...change) {
	k := s.k
	k.Helper()
	k.c.ServerError(k.TB, k.p)
	k.unknown(k.twin(s).send(m, key, changes...), "ServerError", "the gateway has executed the request, and answered with a server error")
}

// repeated makes a failed call again. Some gateways keep a server error under its key for ever: that is as unknown as the first.
func (s *session) repeated(m method, key string, changes ...change) {
	k := s.k
	k.Helper()
	a := k.twin(s).send(m, key, changes...)
	if a.broken != "" {
		k.Fatal(a.broken)
	}
	if errors.Is(a.err, payment.ErrDeclined) || errors.Is(a.err, payment.ErrNotSent) {
		k.Errorf("the gateway has executed the first request with this key, so that the repeated one is neither refused nor not sent: %s", a)
	}
}

func checkServerErrorInitialize(k *kit) { k.session().failed(initialize, newKey()) }

func checkServerErrorAuthorize(k *kit) {
	s, key := k.ready(authorize), newKey()
	s.failed(authorize, key, input(k.c.Approve))
	if k.repeatable() {
		s.repeated(authorize, key, input(k.c.Approve))
	}
	if k.info.Pure || !k.askable() {
		return
	}
	if a := s.settled(s.must(status, "")); a.State != payment.SnapshotAuthorized || !a.still(k.c.Amount) {
		k.Errorf("the gateway has authorized %s once, and Status must say so: %s", k.c.Amount, a)
	}
}

func checkServerErrorCapture(k *kit) {
	s, key := k.authorized(), newKey()
	s.failed(capture, key, amount(k.part()))
	s.moved("after a capture that was answered with a server error", k.part(), decimal.Zero)
	if k.repeatable() {
		s.repeated(capture, key, amount(k.part()))
		s.moved("after that capture was repeated", k.part(), decimal.Zero)
	}
}

func checkServerErrorRefund(k *kit) {
	s, key := k.taken(), newKey()
	s.failed(refund, key)
	s.moved("after a refund that was answered with a server error", k.c.Amount, k.c.Amount)
	if k.repeatable() {
		s.repeated(refund, key)
		s.moved("after that refund was repeated", k.c.Amount, k.c.Amount)
	}
}

func checkServerErrorCancel(k *kit) {
	s, key := k.held(), newKey()
	s.failed(cancel, key)
	if k.repeatable() {
		s.repeated(cancel, key)
		s.over("after that cancellation was repeated")
	}
}

func checkServerErrorUpdate(k *kit) {
	s, key, to := k.ready(update), newKey(), k.c.Amount.Add(k.steps(7))
	s.needsObject()
	s.failed(update, key, amount(to))
	if k.repeatable() {
		s.repeated(update, key, amount(to))
		s.updated("after that update was repeated", to)
	}
}

func checkServerErrorStatus(k *kit) {
	s := k.opened()
	for _, ask := range []func() answer{
		func() answer { return s.send(status, "") },
		func() answer { return k.twin(s).send(status, "", lost) },
	} {
		k.c.ServerError(k.TB, k.p)
		a := ask()
		if unsearchable(a) {
			continue // it has asked nothing
		}
		k.unknown(a, "ServerError", "the gateway could not be asked")
		if a.err == nil && a.State == payment.SnapshotNotFound || a.err != nil && errors.Is(a.err, payment.ErrUnsupported) {
			k.Errorf("the gateway answers with a server error now, which says nothing about the session: %s", a)
		}
	}
}

// checkKeyInUse needs no first try that is under way: a provider could not tell.
func checkKeyInUse(k *kit) {
	seen := false
	for _, m := range k.callable() {
		s := k.ready(m)
		k.c.KeyInUse(k.TB, k.p)
		k.vain = ""
		k.unknown(s.in(context.Background(), k.c.Timeout, m, newKey()), "KeyInUse", "the gateway is working on a request with this key")
		seen = seen || k.vain == ""
	}
	if seen { // a gateway whose Authorize is a read has no key there
		k.vain = ""
	}
}
