package main

import (
	"fmt"
	"io"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// screen prints in columns, and what is on the gift card in the last. It keeps the first error, to be looked at once.
type screen struct {
	w    io.Writer
	card *decimal.Decimal
	err  error
}

func (s *screen) printf(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *screen) head() {
	s.printf("%-21s  %10s %10s %10s %10s   %7s\n", "", "AUTHORIZED", "RELEASED", "CAPTURED", "REFUNDED", "ON CARD")
}

func (s *screen) step(step, text string) {
	s.printf("%-21s  %-43s   %7s\n", step, text, amount(*s.card))
}

func (s *screen) payment(step string, p *payment.Payment) {
	s.step(step, fmt.Sprintf("%10s %10s %10s %10s", amount(p.Authorized), amount(p.Released), amount(p.Captured), amount(p.Refunded)))
}

func amount(d decimal.Decimal) string { return d.StringFixed(2) }
