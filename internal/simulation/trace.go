package simulation

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// log writes a line of the trace. It is called only where one is kept.
func (w *world) log(a *actor, format string, args ...any) {
	who := "      "
	if a != nil {
		who = fmt.Sprintf("#%-4d ", a.n)
		if a.proc != nil {
			who = fmt.Sprintf("%c#%-4d", a.proc.letter(), a.n)
		}
	}
	line := w.clock().Format("02T15:04:05.000 ") + who + " " + fmt.Sprintf(format, args...)
	w.trace = append(w.trace, line)
	if w.line != nil {
		w.line(line)
	}
}

// short names an ID in a trace by its prefix and the number that was drawn for it.
func short(id string) string {
	prefix, digits, ok := strings.Cut(id, "_")
	if !ok {
		prefix, digits = "", id
	}
	if len(digits) != 32 {
		return id
	}
	if n, err := strconv.ParseUint(digits[8:24], 16, 64); err == nil && strings.HasPrefix(digits, "00000001") {
		return prefix + strconv.FormatUint(n, 10)
	}
	return prefix + digits[:6]
}

// describe writes down a commit.
func (w *world) describe(c *payment.Changes) string {
	var b strings.Builder
	x := c.Collection
	fmt.Fprintf(&b, "%s v%d: %s %s, auth %s held %s capt %s ref %s", short(c.CollectionID), c.Version+1, x.Amount, x.CurrencyCode, x.Authorized, x.Held,
		x.Captured, x.Refunded)
	for _, x := range c.Sessions {
		fmt.Fprintf(&b, " | %s %s of %s, held %s", short(x.ID), x.Status, x.Amount, x.Held)
		if x.OperationID != "" {
			fmt.Fprintf(&b, ", lock %s", short(x.OperationID))
		}
		if !x.ProcessingSince.IsZero() {
			b.WriteString(", processing")
		}
		if !x.DeletedAt.IsZero() {
			b.WriteString(", deleted")
		}
	}
	for _, x := range c.Payments {
		fmt.Fprintf(&b, " | %s auth %s rel %s able %s capt %s ref %s", short(x.ID), x.Authorized, x.Released, x.Capturable, x.Captured, x.Refunded)
		if x.Unasked {
			b.WriteString(", unasked")
		}
		if !x.CanceledAt.IsZero() {
			b.WriteString(", canceled")
		}
	}
	for _, x := range c.Captures {
		fmt.Fprintf(&b, " | %s %s %s %q", short(x.ID), x.Amount, x.State, x.Reference)
	}
	for _, x := range c.Refunds {
		fmt.Fprintf(&b, " | %s %s %s %q", short(x.ID), x.Amount, x.State, x.Reference)
	}
	for _, x := range c.Operations {
		fmt.Fprintf(&b, " | %s %s of %s %s, try %d", short(x.ID), x.Kind, x.Amount, x.State, x.Tries)
		if x.Code != "" {
			fmt.Fprintf(&b, ", code %s", x.Code)
		}
		if !x.LeaseUntil.IsZero() {
			fmt.Fprintf(&b, ", lease %s", x.LeaseUntil.Format("15:04:05.000"))
		}
	}
	for _, x := range c.Requests {
		fmt.Fprintf(&b, " | key %s %q of %s", x.Method, x.Key, short(x.OperationID))
	}
	for _, x := range c.Events {
		fmt.Fprintf(&b, " | %s", x.Kind)
	}
	for _, x := range c.Due {
		fmt.Fprintf(&b, " | due %s %s at %s", x.Kind, short(x.ID), shortTime(x.At))
	}
	return b.String()
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("02T15:04:05.000")
}

// describeAnswer writes down what a provider answered. Of absurd amounts only the digits are printed: their zeros may be a billion.
func describeAnswer(s *payment.Snapshot, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q of %q, amount %s, authorized %s", s.State, s.Reference, brief(s.Amount), brief(s.Authorized))
	if s.Capturable != nil {
		fmt.Fprintf(&b, ", capturable %s", brief(*s.Capturable))
	}
	if s.Totals != nil {
		fmt.Fprintf(&b, ", totals %s and %s", brief(s.Totals.Captured), brief(s.Totals.Refunded))
	}
	if s.Movements == nil {
		b.WriteString(", no list")
	}
	for _, m := range s.Movements {
		fmt.Fprintf(&b, ", %s %s of %s by %q %s", m.Kind, m.Reference, brief(m.Amount), short(m.IdempotencyKey), m.State)
	}
	if s.Decline != nil {
		fmt.Fprintf(&b, ", decline %s", s.Decline.Code)
	}
	if err != nil {
		if now, ok := payment.AlreadyDoneSnapshot(err); ok {
			return "already done: " + describeAnswer(&now, nil)
		}
		fmt.Fprintf(&b, ", error: %v", err)
	}
	return b.String()
}

func brief(d decimal.Decimal) string {
	if e := d.Exponent(); e < -30 || e > 30 {
		return fmt.Sprintf("%se%d", d.Coefficient(), e)
	}
	return d.String()
}

// outcome names an error by what it matches first.
func outcome(err error) string {
	if err == nil {
		return "done"
	}
	if s, ok := errors.AsType[*payment.SessionError](err); ok {
		return s.Outcome.Error()
	}
	return err.Error()
}
