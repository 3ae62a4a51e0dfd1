package providertest

import (
	"strings"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// counted is an amount as the gateway counts it.
func (g *reference) counted(d decimal.Decimal, currency string) decimal.Decimal {
	switch g.fault {
	case "amounts as floats":
		return inFloats(d, currency)
	case "every currency has cents":
		return d.Truncate(2)
	case "yen times a hundred":
		if currency == "JPY" {
			return d.Shift(2)
		}
	}
	return d
}

// inFloats is an amount after the wrong arithmetic.
func inFloats(d decimal.Decimal, currency string) decimal.Decimal {
	c, _ := payment.LookupCurrency(currency)
	units := 1.0
	for range c.Digits {
		units *= 10
	}
	return decimal.New(int64(d.InexactFloat64()*units), -int32(c.Digits))
}

// misspeak spoils what the gateway says about an object.
func (g *reference) misspeak(s *payment.Snapshot, o *object) {
	g.n++
	if g.quiet && (len(s.Movements) > 0 || s.State == payment.SnapshotCanceled) {
		s.Authorized = decimal.Zero
	}
	moved := o.moved()
	switch g.fault {
	case "a page over http to begin with":
		if s.State == payment.SnapshotPending {
			s.State, s.NextAction = payment.SnapshotRequiresMore, &payment.NextAction{Kind: payment.ActionRedirect, URL: "http://pay.example/"}
		}
	case "a State of its own":
		if s.State == payment.SnapshotAuthorized {
			s.State = "succeeded"
		}
	case "an empty State":
		s.State = ""
	case "refunds are negative":
		for i, m := range s.Movements {
			if m.Kind == payment.MovementRefund {
				s.Movements[i].Amount = m.Amount.Neg()
			}
		}
	case "the reference changes":
		if s.State == payment.SnapshotAuthorized {
			s.Reference = "charge_" + s.Reference
		}
	case "the account changes":
		if s.State == payment.SnapshotAuthorized {
			s.Account = "acct_2"
		}
	case "currency in lower case":
		s.CurrencyCode = strings.ToLower(s.CurrencyCode)
	case "captures reduce what is authorized":
		s.Authorized = s.Authorized.Sub(moved.Captured)
	case "Capturable has cents in every currency":
		left := s.Capturable.Shift(int32(2 - map[string]int{"JPY": 0, "KWD": 3, "USD": 2}[o.currency]))
		s.Capturable = &left
	case "Capturable is never reduced":
		s.Capturable = &s.Authorized
	case "movements without references":
		for i := range s.Movements {
			s.Movements[i].Reference = ""
		}
	case "movements change their references":
		for i := range s.Movements {
			s.Movements[i].Reference = g.next("movement")
		}
	case "never says what was authorized":
		s.Authorized = decimal.Zero
	case "the amount is the capture's":
		if moved.Captured.IsPositive() {
			s.Amount = moved.Captured
		}
	case "movements are forgotten":
		if moved.Refunded.IsPositive() {
			s.Movements = []payment.Movement{}
		}
	case "what is declined is canceled":
		if s.State == payment.SnapshotDeclined {
			s.State = payment.SnapshotCanceled
		}
	case "the amount is another":
		s.Amount = s.Amount.Add(decimal.NewFromInt(1))
	case "Status answers for the newest session":
		for _, other := range g.objects {
			if other.session > o.session {
				s.Reference, s.Amount = other.reference, other.amount
			}
		}
	}
}

// repeatAmount puts the request's amount in place of the gateway's.
func (g *reference) repeatAmount(s payment.Snapshot, r payment.Request) payment.Snapshot {
	switch {
	case g.is("Status repeats the amount of its request"):
		s.Amount = r.Amount
	case g.is("Status repeats the amount of its request as authorized") && s.State == payment.SnapshotAuthorized:
		s.Authorized = r.Amount
	}
	return s
}

// leak publishes what is private.
func (g *reference) leak(o *object, r payment.Request) {
	switch g.fault {
	case "a secret in Data":
		o.data["api_key"] = "abc"
	case "a secret's prefix in Data":
		o.data["x"] = payment.Data{"y": []any{"sk_live_abc"}}
	case "Private in Data":
		o.data["signing"] = o.private.Reveal()["signing"]
	case "Context in Data":
		o.data["shopper"] = map[string]any(r.Context.Reveal())
	case "Data is no JSON":
		o.data["then"] = func() {}
	case "Data is too large":
		o.data["all"] = strings.Repeat("x", payment.MaxDataBytes)
	}
}
