package main

import (
	"fmt"
	"io"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// screen prints in columns. It keeps the first error, to be looked at once.
type screen struct {
	w   io.Writer
	err error
}

func (s *screen) printf(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *screen) head() {
	s.row("", "", "STATUS", "AMOUNT", "AUTHORIZED", "CAPTURED", "REFUNDED")
}

func (s *screen) title(text string) { s.printf("\n%s\n", text) }

func (s *screen) row(step, what, status, sum string, totals ...string) {
	s.printf("  %-25s %-11s %-20s %7s", step, what, status, sum)
	for _, t := range totals {
		s.printf(" %10s", t)
	}
	s.printf("\n")
}

func (s *screen) session(step string, x *payment.PaymentSession) {
	s.row(step, "session", string(x.Status), amount(x.Amount))
}

func (s *screen) payment(step string, p *payment.Payment) {
	s.row(step, "payment", "", amount(p.Amount), amount(p.Authorized), amount(p.Captured), amount(p.Refunded))
}

func (s *screen) collection(step string, c *payment.PaymentCollection) {
	s.row(step, "collection", string(c.Status()), amount(c.Amount), amount(c.Authorized), amount(c.Captured), amount(c.Refunded))
}

func amount(d decimal.Decimal) string { return d.StringFixed(2) }

func (s *screen) note(step, text string) { s.printf("  %-25s %s\n", step, text) }
