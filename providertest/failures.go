package providertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// ready returns a session on which a method can be called.
func (k *kit) ready(m method) *session {
	k.Helper()
	switch m {
	case initialize:
		return k.session()
	case authorize:
		s := k.opened()
		if k.c.ConfirmInBrowser != nil {
			k.c.ConfirmInBrowser(k.TB, k.p, s.last, s.r)
		}
		return s
	case update, status:
		return k.opened()
	case refund:
		return k.taken()
	}
	return k.authorized()
}

// callable lists the methods that change something and can be called on this provider.
func (k *kit) callable() []method {
	k.Helper()
	list := []method{initialize, authorize}
	if updater(k) == "" {
		list = append(list, update)
	}
	if capturer(k) == "" {
		list = append(list, capture)
	}
	if refunder(k) == "" {
		list = append(list, refund)
	}
	if canceler(k) == "" {
		list = append(list, cancel)
	}
	return list
}

// in makes a call under a context that the case made; remain is how long that context lasts at most.
func (s *session) in(ctx context.Context, remain time.Duration, m method, key string) answer {
	r := s.r
	r.IdempotencyKey = key
	r.Input = s.k.c.InitializeInput
	if m == authorize {
		r.Input = s.k.c.Approve
	}
	return s.k.try(ctx, remain, m, r, false)
}

// honest fails the case where an answer claims more than can be known of a call that was cut off.
func (s *session) honest(when string, a answer) {
	k := s.k
	k.Helper()
	switch {
	case a.broken != "":
		k.Fatal(a.broken)
	case errors.Is(a.err, payment.ErrDeclined):
		k.Errorf("%s, the gateway has refused nothing: %s", when, a)
	case errors.Is(a.err, payment.ErrNotSent):
		s.untouched(when, a)
	case a.method == status && a.err == nil && a.State == payment.SnapshotNotFound:
		k.Errorf("%s, Status could not ask, and must not say that there is nothing: %s", when, a)
	}
}

// untouched fails the case where a call that was not sent had an effect all the same.
func (s *session) untouched(when string, a answer) {
	k := s.k
	k.Helper()
	if k.info.Pure || !k.askable() || a.method == status {
		return
	}
	now := k.twin(s).send(status, "")
	if k.info.StatusByKey {
		now = k.twin(s).send(status, a.request.IdempotencyKey)
	}
	if unsearchable(now) {
		return
	}
	if !now.ok() {
		k.Fatalf("Status must succeed: %s", now)
	}
	got, _ := sums(now.Snapshot)
	happened := false
	switch a.method {
	case authorize:
		happened = happened || k.c.ConfirmInBrowser == nil && now.State == payment.SnapshotAuthorized
	case cancel:
		happened = happened || now.State == payment.SnapshotCanceled
	case capture:
		happened = happened || got.Captured.IsPositive()
	case refund:
		happened = happened || got.Refunded.IsPositive()
	}
	if !happened && k.info.StatusByKey && now.State != payment.SnapshotNotFound {
		k.Errorf("%s, the error says that nothing happened: %s; StatusByKey is declared, so that Status with its key must answer not_found: %s", when, a, now)
	}
	if happened {
		k.Errorf("%s, the error says that nothing happened: %s; and then %s", when, a, now)
	}
}

// unsearchable reports whether a Status had no Reference, at a gateway that cannot be searched.
func unsearchable(a answer) bool {
	return a.request.Reference == "" && errors.Is(a.err, payment.ErrUnsupported)
}

// sentNothing reports whether an Initialize has left it to the first Authorize to make an object.
func sentNothing(a answer) bool { return a.method == initialize && a.ok() && a.Reference == "" }

func checkContextEnded(k *kit) {
	for _, m := range append(k.callable(), status) {
		s := k.ready(m)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.honest("with a context that had ended before the call", s.in(ctx, 0, m, newKey()))
	}
}

func checkContextEnds(k *kit) {
	for _, after := range []time.Duration{50 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond} {
		for _, m := range k.callable() {
			s := k.ready(m)
			ctx, cancel := context.WithTimeout(context.Background(), after)
			a := s.in(ctx, after, m, newKey())
			cancel()
			s.honest(fmt.Sprintf("with a context that ended %v into the call", after), a)
		}
	}
}

func checkStall(k *kit) {
	type prepared struct {
		m method
		s *session
	}
	var list []prepared
	for _, m := range append(k.callable(), status) {
		list = append(list, prepared{m, k.ready(m)})
	}
	k.c.Stall(k.TB, k.p)
	answers := make([]answer, len(list))
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			answers[i] = c.s.in(ctx, 50*time.Millisecond, c.m, newKey())
		})
	}
	wg.Wait()
	for _, a := range answers {
		switch {
		case a.broken != "":
			k.Error(a.broken)
		case errors.Is(a.err, payment.ErrDeclined) || errors.Is(a.err, payment.ErrNotSent) || isAlreadyDone(a.err):
			k.Errorf("the gateway took the request and did not answer, so that nobody knows what came of it: %s", a)
		case a.ok() && !sentNothing(a):
			k.Errorf("the gateway did not answer: %s", a)
		}
	}
}

func checkUnreachable(k *kit) {
	for _, m := range k.callable() {
		s, key := k.ready(m), newKey()
		restore := k.c.Unreachable(k.TB, k.p)
		a := s.in(context.Background(), k.c.Timeout, m, key)
		restore()
		if a.ok() && !sentNothing(a) {
			k.Errorf("the gateway cannot be reached: %s", a)
		}
		s.honest("while the gateway could not be reached", a)
	}
}

func checkUnreachableStatus(k *kit) {
	s := k.opened()
	defer k.c.Unreachable(k.TB, k.p)()
	for _, a := range []answer{s.send(status, ""), k.twin(s).send(status, newKey(), lost)} {
		if a.broken != "" {
			k.Fatal(a.broken)
		}
		if unsearchable(a) {
			continue // it has asked nothing
		}
		if a.ok() || errors.Is(a.err, payment.ErrUnsupported) {
			k.Errorf("the gateway cannot be reached now, which says nothing about the session: %s", a)
		}
	}
}

const noObject = "there is no object yet: Initialize makes none"

const lostAnswer = "the gateway has executed the request, and the answer was lost"

// unknown fails the case where an answer says more than can be known after what a hook made happen. A call that was answered all
// the same proves nothing: the provider may have found it again, which is right, and the fault may never have reached it.
func (k *kit) unknown(a answer, hook, happened string) {
	k.Helper()
	if a.broken != "" {
		k.Fatal(a.broken)
	}
	if a.ok() {
		k.vain = fmt.Sprintf("%s was answered after Config.%s: the fault must reach the provider; http.Transport or an SDK may have sent the request again",
			a.method, hook)
	}
	k.sees(true) // the kind of its error
	if errors.Is(a.err, payment.ErrDeclined) || errors.Is(a.err, payment.ErrNotSent) || isAlreadyDone(a.err) {
		k.Errorf("%s, so that no kind of error is true of it: %s", happened, a)
	}
}

func checkLostInitialize(k *kit) {
	s, key := k.session(), newKey()
	k.c.LoseAnswer(k.TB, k.p)
	k.unknown(k.twin(s).send(initialize, key), "LoseAnswer", lostAnswer)
	first := s.must(initialize, key)
	again := k.twin(s).must(initialize, key, lost)
	if first.Reference != again.Reference {
		k.Errorf("the repeated call must find the object of the lost answer: %s; then %s", first, again)
	}
	if k.info.Pure || !k.askable() {
		return
	}
	if a := k.twin(s).send(status, key, lost); a.ok() && a.State != payment.SnapshotNotFound && a.Reference != first.Reference {
		k.Errorf("the repeated call has created a second object beside %q: %s", a.Reference, first)
	}
}

func checkLostAuthorize(k *kit) {
	s, key := k.ready(authorize), newKey()
	k.c.LoseAnswer(k.TB, k.p)
	k.unknown(k.twin(s).send(authorize, key, input(k.c.Approve)), "LoseAnswer", lostAnswer)
	if !k.info.Pure && k.askable() {
		a := k.twin(s).send(status, "")
		if k.c.ConfirmInBrowser == nil && k.info.StatusByKey {
			a = k.twin(s).send(status, key)
		}
		if a = k.twin(s).settled(a); !a.ok() || a.State != payment.SnapshotAuthorized {
			k.Errorf("the gateway has authorized, and Status must say so: %s", a)
		}
	}
	if k.repeatable() {
		a := s.settled(s.must(authorize, key, input(k.c.Approve)))
		if a.State != payment.SnapshotAuthorized || !a.Authorized.Equal(k.c.Amount) {
			k.Errorf("the repeated call must find the one authorization of %s: %s", k.c.Amount, a)
		}
	}
}

func checkLostCapture(k *kit) {
	s, key := k.authorized(), newKey()
	k.c.LoseAnswer(k.TB, k.p)
	k.unknown(k.twin(s).send(capture, key, amount(k.part())), "LoseAnswer", lostAnswer)
	s.moved("after a capture whose answer was lost", k.part(), decimal.Zero)
	if k.repeatable() {
		k.took(s.must(capture, key, amount(k.part())), payment.MovementCapture, k.part())
		s.moved("after that capture was repeated", k.part(), decimal.Zero)
	}
}

func checkLostRefund(k *kit) {
	s, key := k.taken(), newKey()
	k.c.LoseAnswer(k.TB, k.p)
	k.unknown(k.twin(s).send(refund, key), "LoseAnswer", lostAnswer)
	s.moved("after a refund whose answer was lost", k.c.Amount, k.c.Amount)
	if k.repeatable() {
		k.took(s.must(refund, key), payment.MovementRefund, k.c.Amount)
		s.moved("after that refund was repeated", k.c.Amount, k.c.Amount)
	}
}

// checkLostCancel looks at the gateway once the call was repeated: a Cancel that reads first may have lost that answer.
func checkLostCancel(k *kit) {
	s, key := k.held(), newKey()
	k.c.LoseAnswer(k.TB, k.p)
	k.unknown(k.twin(s).send(cancel, key), "LoseAnswer", lostAnswer)
	if k.repeatable() {
		if a := s.settled(s.must(cancel, key)); a.State != payment.SnapshotCanceled {
			k.Errorf("the repeated call must find the one cancellation: %s", a)
		}
		s.over("after that cancellation was repeated")
	}
}

// over fails the case unless the gateway, where it can be asked, says that a session is canceled.
func (s *session) over(when string) {
	k := s.k
	k.Helper()
	if !k.info.Pure && k.askable() {
		if a := k.twin(s).settled(k.twin(s).must(status, "")); a.State != payment.SnapshotCanceled {
			k.Errorf("%s, Status must say canceled: %s", when, a)
		}
	}
}

func checkLostUpdate(k *kit) {
	s, key, to := k.ready(update), newKey(), k.c.Amount.Add(k.steps(7))
	s.needsObject()
	k.c.LoseAnswer(k.TB, k.p)
	k.unknown(k.twin(s).send(update, key, amount(to)), "LoseAnswer", lostAnswer)
	if k.repeatable() {
		if a := s.must(update, key, amount(to)); !a.Amount.IsZero() && !a.Amount.Equal(to) {
			k.Errorf("the repeated call must find the one update to %s, not %s: %s", to, a.Amount, a)
		}
		s.updated("after that update was repeated", to)
	}
}

// needsObject ends the case where the first Authorize is to make the gateway's object.
func (s *session) needsObject() {
	s.k.Helper()
	if s.r.Reference == "" {
		s.k.notRun(noObject)
	}
}

// updated fails the case unless the gateway, where it can be asked and says so, was asked for this amount.
func (s *session) updated(when string, to decimal.Decimal) {
	k := s.k
	k.Helper()
	if !k.info.Pure && k.askable() {
		if a := k.twin(s).must(status, "", amount(to)); !a.Amount.IsZero() && !a.Amount.Equal(to) {
			k.Errorf("%s, Status must say %s, not %s: %s", when, to, a.Amount, a)
		}
	}
}

// checkConcurrentSessions works on many sessions at once, each with an amount of its own, so that what one says of another shows.
func checkConcurrentSessions(k *kit) {
	k.askable() // known before the goroutines read it
	faults := make([]string, k.c.Concurrency)
	var wg sync.WaitGroup
	for i := range faults {
		s := k.session()
		s.r.Amount = k.c.Amount.Add(k.steps(int64(i)))
		wg.Go(func() { faults[i] = s.lead() })
	}
	wg.Wait()
	for _, fault := range faults {
		if fault != "" {
			k.Error(fault)
		}
	}
}

// lead takes one session from Initialize to a capture, without a word to the test, and returns what was wrong.
func (s *session) lead() string {
	k := s.k
	wrong := func(a answer, good bool) string {
		if a.ok() && good && (s.r.Reference == "" || a.Reference == "" || a.Reference == s.r.Reference) &&
			(a.method == capture || a.Amount.IsZero() || a.Amount.Equal(s.r.Amount)) {
			return ""
		}
		return fmt.Sprintf("this is not the session of %s and reference %q, or it failed: %s", s.r.Amount, s.r.Reference, a)
	}
	a := k.twin(s).send(initialize, newKey())
	if fault := wrong(a, true); fault != "" {
		return fault
	}
	s.keep(a)
	if !k.mute {
		if fault := wrong(k.twin(s).send(status, ""), true); fault != "" {
			return fault
		}
	}
	if k.c.ConfirmInBrowser != nil {
		return "" // the hook may end the test, which only the test's own goroutine can
	}
	a = k.twin(s).send(authorize, newKey(), input(k.c.Approve))
	if fault := wrong(a, a.State == payment.SnapshotProcessing || a.Authorized.Equal(s.r.Amount)); fault != "" {
		return fault
	}
	s.keep(a)
	if got, _ := sums(a.Snapshot); a.State != payment.SnapshotAuthorized || got.Captured.IsPositive() || !has[payment.Capturer](k.p) {
		return ""
	}
	a = k.twin(s).send(capture, newKey())
	m, ok := own(a, payment.MovementCapture)
	return wrong(a, ok && m.Amount.Equal(s.r.Amount))
}

// checkConcurrentKey makes one call many times at once. Some may fail; what succeeds speaks of one effect.
func checkConcurrentKey(k *kit) {
	s, key := k.ready(authorize), newKey()
	for _, a := range k.atOnce(s, authorize, key) {
		if a.ok() && a.State == payment.SnapshotAuthorized && (!a.still(k.c.Amount) || s.r.Reference != "" && a.Reference != s.r.Reference) {
			k.Errorf("one authorization of %s must come of many calls with one key: %s", k.c.Amount, a)
		}
	}
	a := s.settled(s.must(authorize, key, input(k.c.Approve)))
	if a.State != payment.SnapshotAuthorized || !a.Authorized.Equal(k.c.Amount) {
		k.Errorf("one authorization of %s must come of many calls with one key: %s", k.c.Amount, a)
	}
}

func checkConcurrentCapture(k *kit) {
	s, key := k.authorized(), newKey()
	references := map[string]bool{}
	for _, a := range k.atOnce(s, capture, key) {
		for _, m := range a.Movements {
			if m.Kind == payment.MovementCapture {
				references[m.Reference] = true
			}
		}
	}
	k.sees(len(references) > 0)
	if len(references) > 1 {
		k.Errorf("many calls with one key made %d captures", len(references))
	}
	s.settled(s.must(capture, key))
	s.moved("after many calls with one key", k.c.Amount, decimal.Zero)
}

// atOnce makes the same call from several goroutines.
func (k *kit) atOnce(s *session, m method, key string) []answer {
	k.Helper()
	list := make([]answer, min(8, k.c.Concurrency))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range list {
		own := k.twin(s)
		wg.Go(func() {
			<-start
			ctx, cancel := context.WithTimeout(context.Background(), k.c.Timeout)
			defer cancel()
			list[i] = own.in(ctx, k.c.Timeout, m, key)
		})
	}
	close(start)
	wg.Wait()
	for _, a := range list {
		if a.broken != "" {
			k.Fatal(a.broken)
		}
	}
	return list
}
