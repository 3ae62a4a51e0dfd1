package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/seed40c892db/payment"
)

// Modes of a child.
const (
	modeWork    = "work"    // goes through flows until it is killed
	modeFinish  = "finish"  // brings all flows that were begun to their end
	modeRecover = "recover" // brings open operations to their end, and does nothing else
	modeFlood   = "flood"   // opens many sessions, and authorizes them all at once
)

// task is what a child is told when it is started.
type task struct {
	Mode    string
	Store   string // which store, by its name
	DSN     string // where its database is
	Socket  string // where the parent is
	Workers int    // flows at a time; recover: calls of Reconcile at a time
	Flood   int    // flood: how many sessions
	Silent  bool   // no events are delivered
	Plant   string // a fault to be planted, of those in planted.go; empty for none
}

// Timeouts of a child, short enough for a lease of three seconds.
const (
	callTimeout   = time.Second
	settleTimeout = 500 * time.Millisecond
	clockSkew     = time.Second
)

// child is one process of the shop.
type child struct {
	task
	line  *line
	store payment.Store
	svc   *payment.Service
}

// run does what a child was started for. An error is the parent's to see: the process exits with 1.
func (t task) run(open func(ctx context.Context, name, dsn string) (payment.Store, func(), error)) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	store, closeStore, err := open(ctx, t.Store, t.DSN)
	if err != nil {
		return err
	}
	defer closeStore()
	c := &child{task: t, line: newLine(t.Socket), store: t.plantedStore(store)}
	config := payment.Config{
		Providers:   []payment.Provider{t.plantedProvider(&remote{c.line})},
		CallTimeout: callTimeout, SettleTimeout: settleTimeout, ClockSkew: clockSkew, MaxCollectionDeclines: 1000,
		OnEvent: func(ctx context.Context, e payment.Event) error {
			return c.line.post(ctx, "/event", eventMessage{e.CollectionID, e.Seq}, nil)
		},
	}
	if t.Silent {
		config.OnEvent = nil
	}
	if c.svc, err = payment.NewService(c.store, config); err != nil {
		return err
	}
	if err := c.line.post(ctx, "/ready", struct{}{}, nil); err != nil {
		return err
	}
	switch t.Mode {
	case modeWork, modeFinish:
		return c.work(ctx)
	case modeRecover:
		return c.recover(ctx)
	case modeFlood:
		return c.flood(ctx)
	}
	return fmt.Errorf("crash: %q is no mode", t.Mode)
}

// work goes through flows, with Run beside.
func (c *child) work(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	var beside, workers sync.WaitGroup
	beside.Go(func() { _ = c.svc.Run(running, 200*time.Millisecond) }) // it ends with its context
	for range c.Workers {
		workers.Go(func() {
			for ctx.Err() == nil {
				var next flowMessage
				if err := c.line.post(ctx, "/next", struct{ Started bool }{c.Mode == modeFinish}, &next); err != nil {
					c.trouble(ctx, fmt.Errorf("next flow: %w", err))
					return
				}
				if next.N == 0 {
					return
				}
				f := flowOf(next.N)
				if err := c.flow(ctx, &f); err != nil {
					c.trouble(ctx, fmt.Errorf("flow %d: %w", f.N, err))
				}
			}
		})
	}
	workers.Wait()
	stop()
	beside.Wait()
	return nil
}

// trouble tells the parent what must not be.
func (c *child) trouble(ctx context.Context, err error) {
	if ctx.Err() == nil {
		_ = c.line.post(ctx, "/trouble", err.Error(), nil) // the parent sees that the flow does not end, too
	}
}

// flow goes through a flow from its beginning, as a host does that repeats its requests: each has its key.
func (c *child) flow(ctx context.Context, f *flow) error {
	col, err := insist(ctx, func() (*payment.PaymentCollection, error) {
		return c.svc.CreateCollection(ctx, payment.CreateCollectionParams{
			Amount: f.Amount, CurrencyCode: "EUR", IdempotencyKey: f.key("collection"), Metadata: payment.Data{"flow": fmt.Sprint(f.N)},
		})
	})
	if err != nil {
		return err
	}
	tell := func(step string) error { return c.line.post(ctx, "/told", tellMessage{f.N, col.ID, step}, nil) }
	session, err := insist(ctx, func() (*payment.PaymentSession, error) {
		return c.svc.CreateSession(ctx, payment.CreateSessionParams{
			CollectionID: col.ID, ProviderID: "sandbox", Amount: f.Amount, IdempotencyKey: f.key("session"),
		})
	})
	if err != nil {
		return err
	}
	paid, err := insist(ctx, func() (*payment.Payment, error) {
		return c.svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{
			SessionID: session.ID, Input: payment.Data{"token": f.Token}, IdempotencyKey: f.key(stepAuthorize),
		})
	})
	switch {
	case f.declined() && errors.Is(err, payment.ErrDeclined):
		if err := tell(stepAuthorize); err != nil {
			return err
		}
		return tell("")
	case f.Cancel && len(f.Captures) == 0 && errors.Is(err, payment.ErrCanceled): // by a child that did not come to tell
		return tell("")
	case err != nil:
		return err
	}
	if err := tell(stepAuthorize); err != nil {
		return err
	}
	for i, step := range f.steps()[1:] {
		_, err := insist(ctx, func() (*payment.Payment, error) { return c.step(ctx, f, paid.ID, i, step) })
		if err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		if err := tell(step); err != nil {
			return err
		}
	}
	return tell("")
}

// step makes one of the steps after the first.
func (c *child) step(ctx context.Context, f *flow, paymentID string, i int, step string) (*payment.Payment, error) {
	switch {
	case i < len(f.Captures):
		return c.svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: paymentID, Amount: &f.Captures[i], IdempotencyKey: f.key(step)})
	case i < len(f.Captures)+len(f.Refunds):
		amount := f.Refunds[i-len(f.Captures)]
		return c.svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: paymentID, Amount: &amount, IdempotencyKey: f.key(step)})
	}
	return c.svc.CancelPayment(ctx, payment.CancelPaymentParams{PaymentID: paymentID, IdempotencyKey: f.key(step)})
}

// insist repeats a call for as long as its error says that it may be repeated.
func insist[T any](ctx context.Context, call func() (T, error)) (T, error) {
	for {
		got, err := call()
		var down *payment.StoreError
		switch {
		case err == nil, ctx.Err() != nil:
			return got, err
		case errors.Is(err, payment.ErrOutcomeUnknown), errors.Is(err, payment.ErrInProgress), errors.Is(err, payment.ErrNotSent),
			errors.Is(err, payment.ErrCommitUnknown), errors.As(err, &down), errors.Is(err, context.DeadlineExceeded):
		default:
			return got, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// open counts the operations that are open, says when the last of their leases ends, and describes one of them.
func (c *child) open(ctx context.Context) (n int, until time.Time, one string, err error) {
	err = every(ctx, c.store, payment.RowOperations, payment.Filter{State: string(payment.OperationOpen)}, func(r *payment.Rows) {
		for _, o := range r.Operations {
			n++
			if o.LeaseUntil.After(until) {
				until = o.LeaseUntil
			}
			one = fmt.Sprintf("%s, %d tries, %s", o.Kind, o.Tries, o.Message)
		}
	})
	return n, until, one, err
}

// recover waits until the last lease has ended, and then reconciles until nothing is open.
func (c *child) recover(ctx context.Context) error {
	var r recovery
	var until time.Time
	var err error
	if r.Open, until, _, err = c.open(ctx); err != nil {
		return err
	}
	if r.Waited = time.Until(until); r.Waited < 0 || r.Open == 0 {
		r.Waited = 0
	}
	time.Sleep(r.Waited)
	began := time.Now()
	var mu sync.Mutex
	for deadline := began.Add(time.Minute); ; {
		var all sync.WaitGroup
		var failed error
		for range c.Workers {
			all.Go(func() {
				for looked := 1; looked > 0; {
					report, err := c.svc.Reconcile(ctx)
					mu.Lock()
					failed = errors.Join(failed, err)
					r.Settled += len(report.Settled)
					mu.Unlock()
					if looked = report.Looked; err != nil {
						return
					}
				}
			})
		}
		all.Wait()
		r.Took = time.Since(began)
		left, _, one, err := c.open(ctx)
		if r.Took > 4*time.Second && left > 0 && len(r.Slow) < 3 {
			r.Slow = append(r.Slow, fmt.Sprintf("after %s: %d open, such as %s", r.Took.Round(time.Millisecond), left, one))
		}
		switch {
		case err != nil:
			return err
		case left == 0:
			return c.line.post(ctx, "/recovered", r, nil)
		case time.Now().After(deadline):
			return fmt.Errorf("crash: %d operations are still open after %s: %w", left, r.Took, failed)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// flood opens sessions, and then authorizes all of them at once. It waits to be killed.
func (c *child) flood(ctx context.Context) error {
	sessions := make([]string, c.Flood)
	var next sync.Mutex
	var failed error
	n := 0
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for {
				next.Lock()
				i := n
				n++
				next.Unlock()
				if i >= len(sessions) {
					return
				}
				f := flowOf(7 * (i + 1))
				id, err := c.session(ctx, &f, i)
				if err != nil {
					next.Lock()
					failed = errors.Join(failed, err)
					next.Unlock()
				}
				sessions[i] = id
			}
		})
	}
	all.Wait()
	if failed != nil {
		return failed
	}
	if err := c.line.post(ctx, "/flooding", struct{}{}, nil); err != nil {
		return err
	}
	for _, id := range sessions {
		all.Go(func() {
			_, _ = c.svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: id}) // what came of it, the books will say
		})
	}
	all.Wait()
	<-ctx.Done()
	return nil
}

// session opens the session of a flood.
func (c *child) session(ctx context.Context, f *flow, i int) (string, error) {
	col, err := c.svc.CreateCollection(ctx, payment.CreateCollectionParams{Amount: f.Amount, CurrencyCode: "EUR"})
	if err != nil {
		return "", err
	}
	key := fmt.Sprint("flood ", i)
	s, err := insist(ctx, func() (*payment.PaymentSession, error) {
		return c.svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: col.ID, ProviderID: "sandbox", Amount: f.Amount, IdempotencyKey: key})
	})
	if err != nil {
		return "", err
	}
	return s.ID, nil
}

// every reads all rows of a kind that match, page by page.
func every(ctx context.Context, store payment.Store, kind payment.RowKind, f payment.Filter, do func(*payment.Rows)) error {
	f.IncludeDeleted = true
	p := payment.Page{Limit: 500}
	for {
		rows, err := store.List(ctx, kind, f, p)
		if err != nil {
			return err
		}
		do(rows)
		if !rows.More {
			return nil
		}
		p.AfterTime, p.AfterID = last(rows)
	}
}

// last is where the next page begins.
func last(r *payment.Rows) (time.Time, string) {
	switch {
	case len(r.Collections) > 0:
		x := r.Collections[len(r.Collections)-1]
		return x.CreatedAt, x.ID
	case len(r.Sessions) > 0:
		x := r.Sessions[len(r.Sessions)-1]
		return x.CreatedAt, x.ID
	case len(r.Payments) > 0:
		x := r.Payments[len(r.Payments)-1]
		return x.CreatedAt, x.ID
	case len(r.Captures) > 0:
		x := r.Captures[len(r.Captures)-1]
		return x.CreatedAt, x.ID
	case len(r.Refunds) > 0:
		x := r.Refunds[len(r.Refunds)-1]
		return x.CreatedAt, x.ID
	case len(r.Operations) > 0:
		x := r.Operations[len(r.Operations)-1]
		return x.CreatedAt, x.ID
	case len(r.Events) > 0:
		x := r.Events[len(r.Events)-1]
		return x.At, x.ID
	}
	return time.Time{}, ""
}

// exit is how a child's process ends.
func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
