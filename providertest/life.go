package providertest

import (
	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// exchange is one call in the life of a session.
type exchange struct {
	answer
	session *session        // which of the life's sessions
	asked   decimal.Decimal // what was to be authorized by then
	secret  string          // what was planted in its Context
}

// life returns every call of a few whole lives of sessions, for what must be true of each answer whatever was asked. They are
// lived once per Run, by the first case that looks. What goes wrong in between is no matter here: a case of its own fails for it.
func (k *kit) life() []exchange {
	k.Helper()
	if !k.lived {
		k.lived = true
		k.wholeLife()
		k.otherLives()
	}
	if len(k.story) == 0 {
		k.Fatal("no call has returned")
	}
	return k.story
}

// step makes a call and records it. It reports whether the life goes on: whether the call succeeded.
func (k *kit) step(s *session, m method, changes ...change) bool {
	return k.record(s, s.send(m, newKey(), changes...))
}

// read is a Status, recorded.
func (k *kit) read(s *session) {
	if k.askable() {
		k.record(s, s.send(status, ""))
	}
}

func (k *kit) record(s *session, a answer) bool {
	k.story = append(k.story, exchange{answer: a, session: s, asked: s.r.Amount, secret: k.secret})
	return a.ok()
}

// confirm lets the browser authorize, where that is how it is done, and then Authorize.
func (k *kit) confirm(s *session) bool {
	if k.c.ConfirmInBrowser != nil {
		k.c.ConfirmInBrowser(k.TB, k.p, s.last, s.r)
	}
	return k.step(s, authorize, input(k.c.Approve)) && s.settled(answer{Snapshot: s.last}).State == payment.SnapshotAuthorized
}

// wholeLife goes from Initialize to the last refund.
func (k *kit) wholeLife() {
	s := k.session()
	if !k.step(s, initialize) {
		return
	}
	k.read(s)
	if has[payment.Updater](k.p) {
		s.r.Amount = k.c.Amount.Add(k.steps(9))
		if !k.step(s, update) {
			s.r.Amount = k.c.Amount
		}
		k.read(s)
	}
	if !k.confirm(s) {
		return
	}
	k.read(s)
	whole, part := s.r.Amount, k.part()
	if got, _ := sums(s.last); has[payment.Capturer](k.p) && got.Captured.IsZero() {
		k.tooMuch(s, capture)
		if k.info.MultiCapture {
			k.step(s, capture, amount(part))
			k.read(s)
			k.step(s, capture, amount(whole.Sub(part)))
		} else {
			k.step(s, capture, amount(whole))
		}
		s.settled(answer{Snapshot: s.last})
		k.read(s)
	}
	if has[payment.Refunder](k.p) {
		k.tooMuch(s, refund)
		if k.info.PartialRefund {
			k.step(s, refund, amount(part))
			k.read(s)
			k.step(s, refund, amount(whole.Sub(part)))
		} else {
			k.step(s, refund, amount(whole))
		}
		k.read(s)
	}
}

// tooMuch makes a call that must be refused. A pure provider cannot tell: it does not know what was authorized.
func (k *kit) tooMuch(s *session, m method) {
	if !k.info.Pure {
		k.step(s, m, amount(s.r.Amount.Add(k.steps(1))))
	}
}

// otherLives end early: canceled, declined, challenged, never confirmed.
func (k *kit) otherLives() {
	if has[payment.Canceler](k.p) {
		if s := k.session(); k.step(s, initialize) && k.step(s, cancel) {
			k.step(s, cancel)
			k.read(s)
		}
		if s := k.session(); k.step(s, initialize) && k.confirm(s) && k.step(s, cancel) {
			k.read(s)
		}
	}
	if k.c.Decline != nil {
		if s := k.session(); k.step(s, initialize) {
			k.step(s, authorize, input(k.c.Decline))
			k.read(s)
		}
	}
	if k.c.Challenge != nil {
		if s := k.session(); k.step(s, initialize) && k.step(s, authorize, input(k.c.Challenge)) {
			k.read(s)
			last := k.story[len(k.story)-1]
			k.c.CompleteChallenge(k.TB, k.p, s.last, last.request)
			k.step(s, authorize)
			k.read(s)
		}
	}
	if k.c.ConfirmInBrowser != nil {
		if s := k.session(); k.step(s, initialize) {
			k.step(s, authorize, input(k.c.Approve))
			k.read(s)
		}
	}
}
