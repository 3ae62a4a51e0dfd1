package providertest

import (
	"errors"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

func checkInitialize(k *kit) {
	s := k.session()
	a := s.must(initialize, newKey())
	switch a.State {
	case payment.SnapshotPending, payment.SnapshotRequiresMore, payment.SnapshotProcessing, payment.SnapshotAuthorized:
	default:
		k.Errorf("a new session must be there to be authorized: %s", a)
	}
}

func checkInitializeRepeated(k *kit) {
	s, key := k.session(), newKey()
	first := s.must(initialize, key)
	again := s.must(initialize, key, lost)
	if again.Reference != first.Reference {
		k.Errorf("the same key created two objects: %q, then %q", first.Reference, again.Reference)
	}
}

func checkInitializeApart(k *kit) {
	one, two := k.opened(), k.opened()
	if one.r.Reference != "" && one.r.Reference == two.r.Reference {
		k.Errorf("two sessions have the same Reference %q", one.r.Reference)
	}
}

func checkAuthorize(k *kit) {
	s := k.opened()
	a := s.approve(newKey())
	if a.State != payment.SnapshotAuthorized || !a.Authorized.Equal(k.c.Amount) {
		k.Errorf("%s must be authorized: %s", k.c.Amount, a)
	}
}

func checkAuthorizeRepeated(k *kit) {
	s, key := k.opened(), newKey()
	first := s.approve(key)
	again := s.settled(s.must(authorize, key, input(k.c.Approve)))
	if !first.Authorized.Equal(k.c.Amount) {
		k.Errorf("%s must be authorized: %s", k.c.Amount, first)
	}
	for _, a := range []answer{first, again} {
		if a.State != payment.SnapshotAuthorized || !a.still(k.c.Amount) || a.Reference != first.Reference {
			k.Errorf("one authorization of %s, reference %q, must come of two calls with one key: %s", k.c.Amount, first.Reference, a)
		}
	}
	if !k.info.Pure && k.askable() {
		if now := s.must(status, ""); !now.still(k.c.Amount) {
			k.Errorf("one authorization of %s must come of two calls with one key: %s", k.c.Amount, now)
		}
	}
	once, _ := sums(first.Snapshot)
	if twice, known := sums(again.Snapshot); known && twice.Captured.GreaterThan(decimal.Max(once.Captured, decimal.Zero)) {
		k.Errorf("the repeated call has captured %s more", twice.Captured.Sub(once.Captured))
	}
}

// declined returns a declined session and the answer, which is one.
func (k *kit) declined() (*session, answer) {
	k.Helper()
	s := k.opened()
	a := s.settled(s.send(authorize, newKey(), input(k.c.Decline)))
	named := a.State == payment.SnapshotDeclined || a.State == payment.SnapshotPending && a.Decline != nil
	if a.broken != "" || !errors.Is(a.err, payment.ErrDeclined) && (a.err != nil || !named) {
		k.Fatalf("Config.Decline must lead to an error made by payment.Declined or to SnapshotDeclined: %s", a)
	}
	return s, a
}

func checkDeclined(k *kit) {
	s, _ := k.declined()
	if k.info.Pure || !k.askable() {
		return
	}
	if now := s.must(status, ""); now.State == payment.SnapshotAuthorized || now.Authorized.IsPositive() {
		k.Errorf("what was declined is not authorized: %s", now)
	}
}

func checkDeclineNamed(k *kit) {
	_, a := k.declined()
	if a.err != nil || a.State != payment.SnapshotDeclined {
		return // payment.Declined has a code by its form
	}
	if a.Decline == nil || a.Decline.Code == "" {
		k.Errorf("Decline and its Code must be set: %s", a)
	}
}

// checkDeclinedAgain tries another card. A gateway may end its object with the decline: that it says so, and keeps to it, is all
// that can be asked then.
func checkDeclinedAgain(k *kit) {
	s, _ := k.declined()
	over := answer{}
	if !k.info.Pure && k.askable() {
		over = k.twin(s).must(status, "")
	}
	if k.c.ConfirmInBrowser != nil {
		k.c.ConfirmInBrowser(k.TB, k.p, s.last, s.r)
	}
	again := s.settled(s.send(authorize, newKey(), input(k.c.Approve)))
	authorized := again.err == nil && again.State == payment.SnapshotAuthorized && again.Authorized.Equal(k.c.Amount)
	switch {
	case again.broken != "":
		k.Fatal(again.broken)
	case over.State == payment.SnapshotCanceled && authorized:
		k.Errorf("what was declined is not over, since another try has authorized it: %s; then %s", over, again)
	case over.State == payment.SnapshotCanceled:
		k.notRun("the gateway ends its object with a decline")
	case !authorized:
		k.Errorf("another try, with another key and Config.Approve, must authorize: %s", again)
	}
}

// challenged returns a session for which the gateway asks the shopper to act.
func (k *kit) challenged() (*session, answer) {
	k.Helper()
	s := k.opened()
	a := s.send(authorize, newKey(), input(k.c.Challenge))
	if a.broken != "" || a.err != nil || a.State != payment.SnapshotRequiresMore || a.NextAction == nil {
		k.Fatalf("Config.Challenge must lead to SnapshotRequiresMore with a NextAction and no error: %s", a)
	}
	return s, a
}

func checkChallenge(k *kit) { k.challenged() }

func checkChallengeCompleted(k *kit) {
	s, a := k.challenged()
	k.c.CompleteChallenge(k.TB, k.p, a.Snapshot, a.request)
	done := s.settled(s.must(authorize, newKey()))
	if done.State != payment.SnapshotAuthorized || !done.Authorized.Equal(k.c.Amount) {
		k.Errorf("the shopper has done what was asked, so that %s must be authorized: %s", k.c.Amount, done)
	}
}

func checkBrowserConfirms(k *kit) {
	s := k.opened()
	k.c.ConfirmInBrowser(k.TB, k.p, s.last, s.r)
	if k.askable() {
		a := s.must(status, "")
		if a = s.settled(a); a.State != payment.SnapshotAuthorized || !a.Authorized.Equal(k.c.Amount) {
			k.Errorf("the browser has authorized %s, and no call of ours: %s", k.c.Amount, a)
		}
	}
	if a := s.settled(s.must(authorize, newKey(), input(k.c.Approve))); a.State != payment.SnapshotAuthorized || !a.still(k.c.Amount) {
		k.Errorf("Authorize must read what the browser has done: %s", a)
	}
}

func checkBrowserAwaited(k *kit) {
	s := k.opened()
	a := s.must(authorize, newKey(), input(k.c.Approve))
	if a.State != payment.SnapshotPending && a.State != payment.SnapshotRequiresMore {
		k.Errorf("the browser has not authorized yet: %s", a)
	}
}

func checkStatusReads(k *kit) {
	s := k.opened()
	for range 2 {
		if a := s.must(status, "", input(k.c.Approve)); a.State == payment.SnapshotAuthorized || a.Authorized.IsPositive() {
			k.Errorf("Status has authorized the session: %s", a)
		}
	}
	s.approve(newKey())
	want := s.must(status, "")
	for range 3 {
		got := s.must(status, "")
		if got.State != want.State || got.Reference != want.Reference || !got.Authorized.Equal(want.Authorized) ||
			jsonText(got.Movements) != jsonText(want.Movements) || jsonText(got.Totals) != jsonText(want.Totals) {
			k.Errorf("nothing happened between two Status calls: %s; then %s", want, got)
		}
	}
}

func checkStatusFinds(k *kit) {
	for name, s := range map[string]*session{"initialized": k.opened(), "authorized": k.authorized()} {
		if s.r.Reference == "" {
			continue
		}
		if a := s.must(status, ""); a.State == payment.SnapshotNotFound || a.Reference != "" && a.Reference != s.r.Reference {
			k.Errorf("the %s object %q must be found by its Reference: %s", name, s.r.Reference, a)
		}
	}
}

func checkStatusFindsLost(k *kit) {
	k.opened() // somebody else's
	s, key := k.session(), newKey()
	s.must(initialize, key)
	k.opened() // somebody else's
	a := s.k.twin(s).send(status, key, lost)
	switch {
	case a.broken != "":
		k.Fatal(a.broken)
	case a.err != nil && errors.Is(a.err, payment.ErrUnsupported):
		k.Log("this gateway cannot be asked by SessionID: an Initialize whose answer is lost needs a person")
	case a.err != nil:
		k.Errorf("the object of the session must be found by SessionID: %s", a)
	case a.Reference != s.r.Reference:
		k.Errorf("the object of the session is %q, not another: %s", s.r.Reference, a)
	}
}

func checkStatusNotFound(k *kit) {
	k.authorized() // somebody else's
	for _, key := range []string{"", newKey()} {
		a := k.session().send(status, key)
		if a.broken != "" {
			k.Fatal(a.broken)
		}
		if a.err == nil && a.State != payment.SnapshotNotFound || a.err != nil && !errors.Is(a.err, payment.ErrUnsupported) {
			k.Errorf("the gateway knows nothing of this session: %s", a)
		}
	}
}

// checkStatusAmount asks with another amount than the session's, as the library never does, so that a copy of it shows.
func checkStatusAmount(k *kit) {
	for _, s := range []*session{k.opened(), k.authorized()} {
		a := s.must(status, "", amount(k.c.Amount.Add(k.steps(3))))
		if !a.Amount.IsZero() && !a.Amount.Equal(k.c.Amount) || !a.Authorized.IsZero() && !a.Authorized.Equal(k.c.Amount) {
			k.Errorf("%s is the gateway's amount, whatever the request says; Status answers %s, authorized %s: %s", k.c.Amount, a.Amount, a.Authorized, a)
		}
	}
}

// checkStatusSearched asks about sessions that the gateway knows well, by SessionID alone.
func checkStatusSearched(k *kit) {
	list := []*session{k.opened(), k.authorized()}
	if has[payment.Canceler](k.p) {
		s := k.opened()
		s.must(cancel, newKey())
		list = append(list, s)
	}
	for _, s := range list {
		if s.r.Reference == "" {
			continue // there is no object yet
		}
		a := k.twin(s).send(status, "", lost)
		if a.broken != "" {
			k.Fatal(a.broken)
		}
		if a.State == payment.SnapshotNotFound || a.err != nil && !errors.Is(a.err, payment.ErrUnsupported) {
			k.Errorf("the gateway knows this session, as %q: it is found by SessionID, or cannot be searched for: %s", s.r.Reference, a)
		}
	}
}

func checkStatusOwn(k *kit) {
	var list []*session
	for i := range int64(3) {
		list = append(list, k.opened(amount(k.c.Amount.Add(k.steps(i)))))
	}
	list[1].approve(newKey())
	for _, s := range list {
		a := s.must(status, "")
		if a.Reference != "" && a.Reference != s.r.Reference || !a.Amount.IsZero() && !a.Amount.Equal(s.r.Amount) ||
			s != list[1] && a.State == payment.SnapshotAuthorized {
			k.Errorf("this is not the session of %s and reference %q: %s", s.r.Amount, s.r.Reference, a)
		}
	}
}

func checkKeyNotExecuted(k *kit) {
	s := k.authorized()
	for _, forgotten := range []bool{false, true} {
		var a answer
		if forgotten {
			a = k.twin(s).send(status, newKey(), lost)
		} else {
			a = s.send(status, newKey())
		}
		if a.broken != "" || a.err != nil || a.State != payment.SnapshotNotFound {
			k.Errorf("no request with this key was executed (request without Reference: %t): %s", forgotten, a)
		}
	}
}

func checkKeyExecuted(k *kit) {
	s := k.session()
	keys := map[method]string{}
	step := func(m method, f func(key string)) {
		keys[m] = newKey()
		f(keys[m])
		for of, key := range keys {
			for _, a := range []answer{s.send(status, key), k.twin(s).send(status, key, lost)} {
				if a.broken != "" || a.err != nil || a.State == payment.SnapshotNotFound {
					k.Errorf("%s with key %s was executed (request without Reference: %t): %s", of, key, a.request.Reference == "", a)
				}
			}
		}
	}
	step(initialize, func(key string) { s.must(initialize, key) })
	if k.c.ConfirmInBrowser == nil {
		step(authorize, func(key string) { s.approve(key) })
	} else {
		s.approve(newKey())
	}
	captured, _ := sums(s.last)
	if has[payment.Capturer](k.p) && captured.Captured.IsZero() {
		step(capture, func(key string) { s.settled(s.must(capture, key)) })
	}
	captured, _ = sums(s.last)
	if has[payment.Refunder](k.p) && captured.Captured.IsPositive() {
		step(refund, func(key string) { s.must(refund, key) })
	}
}

// checkKeyRefused finds out whether the gateway remembers the key of a refused capture: another capture has an effect under a key
// that it does not remember, and under no other. The library never sends a key with another request.
func checkKeyRefused(k *kit) {
	s, key := k.authorized(), newKey()
	refused := s.send(capture, key, amount(k.c.Amount.Add(k.steps(1))))
	if !errors.Is(refused.err, payment.ErrDeclined) && !errors.Is(refused.err, payment.ErrNotSent) {
		k.notRun("a capture of too much was not refused")
	}
	known := s.send(status, key)
	if !known.ok() {
		k.Fatalf("Status must succeed: %s", known)
	}
	a := s.settled(s.send(capture, key))
	if t, said := s.truth(); said && t.Captured.IsPositive() != (known.State == payment.SnapshotNotFound) {
		k.Errorf("a capture was refused, and of its key: %s; the same key, with a capture that can be made: %s", known, a)
	}
}

func checkNotFoundOnlyByStatus(k *kit) {
	for _, e := range k.life() {
		if e.method != status && e.State == payment.SnapshotNotFound {
			k.Errorf("this was no Status: %s", e.answer)
		}
	}
	for _, m := range []method{authorize, update, cancel, capture, refund} {
		a := k.session().send(m, newKey()) // which the gateway has never seen
		if a.broken != "" {
			k.Fatal(a.broken)
		}
		if a.State == payment.SnapshotNotFound {
			k.Errorf("this was no Status: %s", a)
		}
	}
}

func checkUpdate(k *kit) {
	s := k.opened()
	to := k.c.Amount.Add(k.steps(7))
	a := s.must(update, newKey(), amount(to))
	if !a.Amount.IsZero() && !a.Amount.Equal(to) {
		k.Errorf("Amount must be %s after the update, not %s: %s", to, a.Amount, a)
	}
	s.r.Amount = to
	if a := s.approve(newKey()); a.State != payment.SnapshotAuthorized || !a.Authorized.Equal(to) {
		k.Errorf("after an update from %s to %s, %s must be authorized: %s", k.c.Amount, to, to, a)
	}
}

func checkUpdateRepeated(k *kit) {
	s, key := k.opened(), newKey()
	s.r.Amount = k.c.Amount.Add(k.steps(7))
	first := s.must(update, key)
	again := s.must(update, key)
	if again.Reference != first.Reference || !again.Amount.Equal(first.Amount) {
		k.Errorf("the same key had another effect: %s; then %s", first, again)
	}
}

func checkCancelOpen(k *kit) {
	s := k.opened()
	if a := s.must(cancel, newKey()); a.State != payment.SnapshotCanceled {
		k.Errorf("a session that was not authorized must be canceled: %s", a)
	}
}

func checkCancelAuthorized(k *kit) {
	s := k.held()
	if a := s.settled(s.must(cancel, newKey())); a.State != payment.SnapshotCanceled {
		k.Errorf("an authorized session must be canceled: %s", a)
	}
	if !k.info.Pure && k.askable() {
		if a := s.must(status, ""); a.State != payment.SnapshotCanceled {
			k.Errorf("a canceled session must stay so: %s", a)
		}
	}
}

func checkCancelRepeated(k *kit) {
	s, key := k.opened(), newKey()
	s.must(cancel, key)
	keys := []string{newKey()}
	if k.repeatable() {
		keys = append(keys, key)
	}
	for _, key := range keys {
		a := s.send(cancel, key)
		if a.broken != "" || a.err != nil && !isAlreadyDone(a.err) || a.State != payment.SnapshotCanceled {
			k.Errorf("canceling what is canceled must answer canceled, with payment.AlreadyDone or without: %s", a)
		}
	}
}

func checkCancelRest(k *kit) {
	s := k.authorized()
	s.settled(s.must(capture, newKey(), amount(k.part())))
	a := s.send(cancel, newKey())
	switch {
	case a.broken != "":
		k.Fatal(a.broken)
	case a.err == nil || isAlreadyDone(a.err):
		a = s.settled(a)
		released := a.State == payment.SnapshotAuthorized && a.Capturable != nil && a.Capturable.IsZero()
		if a.State != payment.SnapshotCanceled && !released {
			k.Errorf("State must be canceled, or authorized with Capturable 0: %s", a)
		}
	case k.info.MultiCapture: // else the capture was final, and nothing is left to cancel
		k.Errorf("what is not captured must be released: %s", a)
	}
	k.sees(true) // Capturable
	s.moved("after the rest was released", k.part(), decimal.Zero)
}

func checkNothingAfterCancel(k *kit) {
	s := k.held()
	s.must(cancel, newKey())
	for _, m := range []method{authorize, capture} {
		a := s.send(m, newKey(), input(k.c.Approve))
		if a.broken != "" {
			k.Fatal(a.broken)
		}
		if got, _ := sums(a.Snapshot); a.err == nil && (a.State == payment.SnapshotAuthorized || got.Captured.IsPositive()) {
			k.Errorf("nothing can be done with a canceled session: %s", a)
		}
	}
	k.sees(true) // the refusals
	s.moved("after a cancellation", decimal.Zero, decimal.Zero)
}
