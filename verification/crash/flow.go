package crash

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment/sandboxprovider"
)

// flow is one order's way: what it pays, and what is captured, refunded or given up of it. Everything follows from its number, so that a child that
// was killed and the next one mean the same.
type flow struct {
	N        int               // counts from 1
	Amount   decimal.Decimal   // to be authorized
	Token    string            // what the shopper pays with
	Captures []decimal.Decimal // one after the other
	Refunds  []decimal.Decimal // afterwards
	Cancel   bool              // what is not captured is given up
}

func flowOf(n int) flow {
	f := flow{N: n, Amount: decimal.New(int64(1037+100*(n%83)), -2), Token: sandboxprovider.TokenVisa}
	part := f.Amount.Sub(decimal.New(501, -2))
	switch n % 7 {
	case 1:
		f.Captures = []decimal.Decimal{f.Amount}
	case 2:
		f.Captures = []decimal.Decimal{part, decimal.New(501, -2)}
	case 3:
		f.Captures = []decimal.Decimal{part, decimal.New(200, -2)}
		f.Refunds = []decimal.Decimal{decimal.New(300, -2)}
		f.Cancel = true
	case 4:
		f.Captures = []decimal.Decimal{f.Amount}
		f.Refunds = []decimal.Decimal{decimal.New(301, -2), decimal.New(202, -2)}
	case 5:
		f.Cancel = true
	case 6:
		f.Token = sandboxprovider.TokenDeclined
	}
	return f
}

// declined reports whether the shopper's money is refused.
func (f *flow) declined() bool { return f.Token == sandboxprovider.TokenDeclined }

// steps names what the flow does, in order: what the child tells the parent when it was told that it is done.
func (f *flow) steps() []string {
	steps := []string{stepAuthorize}
	for i := range f.Captures {
		steps = append(steps, fmt.Sprint(stepCapture, i))
	}
	for i := range f.Refunds {
		steps = append(steps, fmt.Sprint(stepRefund, i))
	}
	if f.Cancel {
		steps = append(steps, stepCancel)
	}
	return steps
}

const (
	stepAuthorize = "authorize"
	stepCapture   = "capture "
	stepRefund    = "refund "
	stepCancel    = "cancel"
)

// key is the idempotency key of a step.
func (f *flow) key(step string) string { return fmt.Sprintf("flow %d, %s", f.N, step) }

// sum adds up.
func sum(amounts []decimal.Decimal) decimal.Decimal {
	total := decimal.Zero
	for _, a := range amounts {
		total = total.Add(a)
	}
	return total
}
