package providertest

import (
	"errors"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// took fails the case unless an answer says that its own call has moved want.
func (k *kit) took(a answer, kind payment.MovementKind, want decimal.Decimal) payment.Movement {
	k.Helper()
	m, ok := own(a, kind)
	k.sees(a.Movements != nil)
	if !ok {
		k.Errorf("the answer must have a %s with the request's key %s: %s", kind, a.request.IdempotencyKey, a)
		return m
	}
	if !m.Amount.Equal(want) || m.State == payment.MovementFailed {
		k.Errorf("%s must be a %s, and is %s, %s: %s", want, kind, m.Amount, m.State, a)
	}
	return m
}

// move makes a capture or a refund that has to succeed, waits until it has moved, and returns its movement. Only the call's own
// answer must carry the key: what Status says later need not.
func (s *session) move(m method, kind payment.MovementKind, of decimal.Decimal) payment.Movement {
	s.k.Helper()
	a := s.must(m, newKey(), amount(of))
	made := s.k.took(a, kind, of)
	s.settled(a)
	return made
}

func checkCaptureWhole(k *kit) {
	s := k.authorized()
	a := s.must(capture, newKey())
	if a.State != payment.SnapshotAuthorized {
		k.Errorf("captured money was authorized: %s", a)
	}
	k.took(a, payment.MovementCapture, k.c.Amount)
	s.settled(a)
	s.moved("after a capture of "+k.c.Amount.String(), k.c.Amount, decimal.Zero)
}

func checkCapturePart(k *kit) {
	s := k.authorized()
	a := s.must(capture, newKey(), amount(k.part()))
	k.took(a, payment.MovementCapture, k.part())
	s.settled(a)
	s.moved("after a capture of "+k.part().String(), k.part(), decimal.Zero)
}

func checkCaptureOwn(k *kit) {
	s, key := k.authorized(), newKey()
	k.ownListed(s, s.must(capture, key), payment.MovementCapture)
}

// ownListed fails the case unless the answer lists the movement that its call made. Only a gateway that never lists any may not.
func (k *kit) ownListed(s *session, a answer, kind payment.MovementKind) {
	k.Helper()
	if _, ok := own(a, kind); !ok {
		k.Errorf("a %s with the key %s must be among the movements: %s", kind, a.request.IdempotencyKey, a)
	}
	if k.sees(a.Movements != nil); a.Movements != nil {
		return
	}
	if !k.info.Pure && k.askable() {
		if now := s.must(status, ""); now.Movements != nil {
			k.Errorf("the gateway lists movements, so that this %s must be in the answer with its key: %s; then %s", kind, a, now)
		}
	}
	k.Log("this gateway lists no movements: what it answers without an error has moved")
}

func checkCaptureRepeated(k *kit) {
	s, key := k.authorized(), newKey()
	// The row is unchanged: a repeated call brings the same bytes.
	first := k.twin(s).must(capture, key, amount(k.part()))
	again := k.twin(s).must(capture, key, amount(k.part()))
	k.onceOnly(payment.MovementCapture, first, again)
	s.moved("after two captures with one key", k.part(), decimal.Zero)
}

// checkCaptureKeyUsedAgain sends a key with another amount, as the library never does. A gateway that refuses that has executed something under the key
// all the same, and may say the same of a repeated request that a new version of the provider writes in another way.
func checkCaptureKeyUsedAgain(k *kit) {
	s, key := k.authorized(), newKey()
	s.settled(s.must(capture, key, amount(k.part())))
	a := k.twin(s).send(capture, key, amount(k.part().Add(k.steps(1))))
	if a.broken != "" {
		k.Fatal(a.broken)
	}
	k.sees(true) // the kind of its error
	if errors.Is(a.err, payment.ErrDeclined) || errors.Is(a.err, payment.ErrNotSent) {
		k.Errorf("a capture was made with this key, so that no other with it is refused for good, or not sent: %s", a)
	}
	s.moved("after another capture with the same key", k.part(), decimal.Zero)
}

// onceOnly fails the case unless two answers to one key speak of one movement.
func (k *kit) onceOnly(kind payment.MovementKind, first, again answer) {
	k.Helper()
	one := k.took(first, kind, first.request.Amount)
	two := k.took(again, kind, first.request.Amount)
	if one.Reference != two.Reference {
		k.Errorf("one key made two movements: %q and %q", one.Reference, two.Reference)
	}
	n := 0
	for _, m := range again.Movements {
		if m.Kind == kind && m.IdempotencyKey == again.request.IdempotencyKey {
			n++
		}
	}
	if n > 1 {
		k.Errorf("one key made %d movements: %s", n, again)
	}
}

func checkCaptureEqual(k *kit) {
	s := k.authorized()
	one := s.move(capture, payment.MovementCapture, k.part())
	two := s.move(capture, payment.MovementCapture, k.part())
	if one.Reference == two.Reference && one.Reference != "" {
		k.Errorf("two captures of equal amount are one movement %q", one.Reference)
	}
	s.moved("after two captures of "+k.part().String(), k.part().Add(k.part()), decimal.Zero)
}

func checkCaptureMany(k *kit) {
	s := k.authorized()
	rest := k.c.Amount.Sub(k.part()).Sub(k.part())
	for _, d := range []decimal.Decimal{k.part(), rest, k.part()} {
		s.move(capture, payment.MovementCapture, d)
	}
	s.moved("after three captures of everything", k.c.Amount, decimal.Zero)
}

func checkCaptureFinal(k *kit) {
	s := k.authorized()
	a := s.sendFinal(capture, newKey(), true, amount(k.part()))
	if !a.ok() {
		k.Fatalf("a final capture must succeed: %s", a)
	}
	k.took(a, payment.MovementCapture, k.part())
	a = s.settled(a)
	k.sees(true) // Capturable is what it is about
	if a.State != payment.SnapshotCanceled && (a.Capturable == nil || !a.Capturable.IsZero()) {
		k.Errorf("nothing may be left to capture after a final capture: Capturable must be 0: %s", a)
	}
}

func checkCaptureOnce(k *kit) {
	s := k.authorized()
	s.settled(s.must(capture, newKey(), amount(k.part())))
	if a := s.send(capture, newKey(), amount(k.part())); a.broken != "" {
		k.Fatal(a.broken)
	} else if m, ok := own(a, payment.MovementCapture); a.err == nil && ok && m.State != payment.MovementFailed {
		k.Errorf("MultiCapture is not declared, so that a second capture must be refused: %s", a)
	}
	s.moved("after a second capture was refused", k.part(), decimal.Zero)
}

// checkOverCapture is not for a pure provider: it has no state, and cannot know what is left. The library has refused it already.
func checkOverCapture(k *kit) {
	s := k.authorized()
	k.refused(s, capture, payment.MovementCapture, k.c.Amount.Add(k.steps(1)))
	s.moved("after a capture above the authorization was refused", decimal.Zero, decimal.Zero)
	if !k.info.MultiCapture {
		return
	}
	s.settled(s.must(capture, newKey(), amount(k.part())))
	k.refused(s, capture, payment.MovementCapture, k.c.Amount)
	s.moved("after a capture above what was left was refused", k.part(), decimal.Zero)
}

// refused makes a call for more than there is.
func (k *kit) refused(s *session, m method, kind payment.MovementKind, of decimal.Decimal) {
	k.Helper()
	a := s.send(m, newKey(), amount(of))
	if a.broken != "" {
		k.Fatal(a.broken)
	}
	if !errors.Is(a.err, payment.ErrDeclined) && !errors.Is(a.err, payment.ErrNotSent) {
		k.Errorf("a %s of %s is more than there is, and the error must be made by payment.Declined or payment.NotSent: %s", kind, of, a)
	}
	k.sees(true) // the refusal
	if m, ok := own(a, kind); ok && m.State != payment.MovementFailed {
		k.Errorf("a %s of %s is more than there is, and must not move: %s", kind, of, a)
	}
}

func checkRefundWhole(k *kit) {
	s := k.taken()
	a := s.must(refund, newKey())
	if a.State != payment.SnapshotAuthorized {
		k.Errorf("refunded money was authorized, and is not canceled: %s", a)
	}
	k.took(a, payment.MovementRefund, k.c.Amount)
	s.settled(a)
	s.moved("after a refund of everything", k.c.Amount, k.c.Amount)
}

func checkRefundOwn(k *kit) {
	s, key := k.taken(), newKey()
	k.ownListed(s, s.must(refund, key), payment.MovementRefund)
}

func checkRefundRepeated(k *kit) {
	s, key, of := k.taken(), newKey(), k.c.Amount
	if k.info.PartialRefund {
		of = k.part()
	}
	first := k.twin(s).must(refund, key, amount(of))
	again := k.twin(s).must(refund, key, amount(of))
	k.onceOnly(payment.MovementRefund, first, again)
	s.moved("after two refunds with one key", k.c.Amount, of)
}

func checkRefundPart(k *kit) {
	s := k.taken()
	rest := k.c.Amount.Sub(k.part()).Sub(k.part())
	for _, d := range []decimal.Decimal{k.part(), rest, k.part()} {
		s.move(refund, payment.MovementRefund, d)
	}
	s.moved("after three refunds of everything", k.c.Amount, k.c.Amount)
}

func checkRefundEqual(k *kit) {
	s := k.taken()
	one := s.move(refund, payment.MovementRefund, k.part())
	two := s.move(refund, payment.MovementRefund, k.part())
	if one.Reference == two.Reference && one.Reference != "" {
		k.Errorf("two refunds of equal amount are one movement %q", one.Reference)
	}
	s.moved("after two refunds of "+k.part().String(), k.c.Amount, k.part().Add(k.part()))
}

func checkRefundNoPart(k *kit) {
	s := k.taken()
	a := s.send(refund, newKey(), amount(k.part()))
	if a.broken != "" {
		k.Fatal(a.broken)
	}
	if m, ok := own(a, payment.MovementRefund); a.err == nil && ok && m.State != payment.MovementFailed && !m.Amount.Equal(k.part()) {
		k.Errorf("%s was to be refunded: refuse that, and do not refund something else: %s", k.part(), a)
	}
}

// checkOverRefund is not for a pure provider: it has no state, and cannot know what was captured. The library has refused it
// already.
func checkOverRefund(k *kit) {
	s := k.taken()
	k.refused(s, refund, payment.MovementRefund, k.c.Amount.Add(k.steps(1)))
	s.moved("after a refund above the capture was refused", k.c.Amount, decimal.Zero)
	if !k.info.PartialRefund {
		return
	}
	s.settled(s.must(refund, newKey(), amount(k.part())))
	k.refused(s, refund, payment.MovementRefund, k.c.Amount)
	s.moved("after a refund above what was left was refused", k.c.Amount, k.part())
}

func checkAuthorizedStays(k *kit) {
	s := k.authorized()
	check := func(a answer) {
		k.Helper()
		if a.ok() && !a.still(k.c.Amount) {
			k.Errorf("%s was authorized, in all: %s", k.c.Amount, a)
		}
	}
	first := k.c.Amount
	if got, _ := sums(s.last); k.info.MultiCapture && got.Captured.IsZero() {
		first = k.part()
	}
	if got, _ := sums(s.last); has[payment.Capturer](k.p) && got.Captured.IsZero() {
		check(s.settled(s.must(capture, newKey(), amount(first))))
	}
	if got, _ := sums(s.last); has[payment.Refunder](k.p) && got.Captured.Equal(first) {
		check(s.settled(s.must(refund, newKey(), amount(first))))
	}
	if !k.info.Pure && k.askable() {
		check(s.must(status, ""))
	}
}
