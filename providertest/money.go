package providertest

import (
	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// inEachCurrency calls f with each currency of the Config and how the gateway counts it.
func (k *kit) inEachCurrency(f func(code string, rule payment.CurrencyRule)) {
	k.Helper()
	for _, code := range append([]string{k.c.CurrencyCode}, k.c.Currencies...) {
		rule, err := k.info.CurrencyRule(code)
		if err != nil {
			k.Errorf("Config.Currencies: %s", err)
			continue
		}
		f(code, rule)
	}
}

// checkMoneyExact authorizes amounts that arithmetic in floats, or with the wrong number of digits, gets wrong.
func checkMoneyExact(k *kit) {
	k.inEachCurrency(k.authorizesExactly)
}

func (k *kit) authorizesExactly(code string, rule payment.CurrencyRule) {
	k.Helper()
	for _, n := range []int64{1001, 1005, 1999, 4035, 81155} {
		want := stepsOf(rule, n)
		s := k.session()
		s.r.CurrencyCode, s.r.Amount = code, want
		a := s.send(initialize, newKey())
		if a.err != nil && a.broken == "" {
			k.Logf("%s %s was refused: %v", want, code, a.err)
			return
		}
		if a.broken != "" || !a.Amount.IsZero() && !a.Amount.Equal(want) {
			k.Errorf("%s %s was asked for, not %s: %s", want, code, a.Amount, a)
			continue
		}
		if k.c.ConfirmInBrowser != nil {
			continue // the browser's confirmation may know one currency only
		}
		a = s.settled(s.send(authorize, newKey(), input(k.c.Approve)))
		if a.err != nil && a.broken == "" {
			k.Logf("%s %s was refused: %v", want, code, a.err)
			return
		}
		if a.broken != "" || a.State == payment.SnapshotAuthorized && !a.Authorized.Equal(want) {
			k.Errorf("%s %s was to be authorized: %s", want, code, a)
		}
	}
}

// stepsOf returns n of the smallest amounts that a gateway takes by a rule.
func stepsOf(rule payment.CurrencyRule, n int64) decimal.Decimal {
	return rule.FromMinorUnits(n * max(rule.Step, 1))
}

// checkMoneyMoved captures and refunds, in every currency, amounts that arithmetic in floats, or with the wrong number of digits, gets wrong.
func checkMoneyMoved(k *kit) {
	tried := false
	k.inEachCurrency(func(code string, rule payment.CurrencyRule) {
		if s := k.authorizedIn(code, stepsOf(rule, 4035)); s != nil {
			tried = k.movesExactly(s, rule) || tried
		}
	})
	if !tried {
		k.notRun("there is neither a capture nor a refund to be made in any currency")
	}
}

// authorizedIn returns a session whose money is held in a currency, or nil where the gateway does not take it.
func (k *kit) authorizedIn(code string, of decimal.Decimal) *session {
	k.Helper()
	s := k.session()
	s.r.CurrencyCode, s.r.Amount = code, of
	a := s.send(initialize, newKey())
	if a.ok() {
		if k.c.ConfirmInBrowser != nil {
			k.c.ConfirmInBrowser(k.TB, k.p, s.last, s.r)
		}
		a = s.settled(s.send(authorize, newKey(), input(k.c.Approve)))
	}
	if a.broken != "" {
		k.Fatal(a.broken)
	}
	if a.State != payment.SnapshotAuthorized {
		k.Logf("%s %s was not authorized: %s", of, code, a)
		return nil
	}
	return s
}

// movesExactly captures and refunds of a session, as far as the provider can, and reports whether there was anything to be done.
func (k *kit) movesExactly(s *session, rule payment.CurrencyRule) bool {
	k.Helper()
	code := s.r.CurrencyCode
	t, _ := sums(s.last)
	captures := has[payment.Capturer](k.p) && t.Captured.IsZero()
	if captures {
		t.Captured = stepsOf(rule, 2006)
		s.move(capture, payment.MovementCapture, t.Captured)
		s.moved("after a capture of "+t.Captured.String()+" "+code, t.Captured, decimal.Zero)
		left := s.r.Amount.Sub(t.Captured)
		if c := s.last.Capturable; k.info.MultiCapture && c != nil && s.last.State == payment.SnapshotAuthorized && !c.Equal(left) {
			k.Errorf("of %s %s, %s was captured, so that %s is Capturable, not %s", s.r.Amount, code, t.Captured, left, c)
		}
	}
	if !has[payment.Refunder](k.p) || t.Captured.IsZero() || waits(answer{Snapshot: s.last}) {
		return captures
	}
	of := t.Captured
	if k.info.PartialRefund {
		of = stepsOf(rule, 1003)
	}
	s.move(refund, payment.MovementRefund, of)
	s.moved("after a refund of "+of.String()+" "+code, t.Captured, of)
	return true
}
