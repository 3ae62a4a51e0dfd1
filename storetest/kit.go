package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed40c892db/payment"
)

// reporter is what a case needs of a [testing.T]. The kit's own tests put a recorder in its place.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

// kit is one case at work on one store.
type kit struct {
	t        reporter
	sentence string // what the case holds the store to
	s        *guarded
	began    time.Time    // when the case began
	ids      atomic.Int64 // how many IDs were made
	ticks    atomic.Int64 // how many times were made
	fills    atomic.Int64 // how many rows were filled
}

func newKit(t reporter, sentence string, s payment.Store) *kit {
	return &kit{
		t: t, sentence: sentence, began: time.Now().UTC().Truncate(time.Microsecond),
		s: &guarded{Store: s, patience: 30 * time.Second, grace: 10 * time.Second},
	}
}

// fail ends the case: what was seen, and the sentence that it breaks.
func (k *kit) fail(format string, args ...any) {
	k.t.Helper()
	k.failSentence(k.sentence, format, args...)
}

func (k *kit) failSentence(sentence, format string, args ...any) {
	k.t.Helper()
	k.t.Errorf("%s\n\tThe contract of payment.Store says: %q", fmt.Sprintf(format, args...), sentence)
	k.t.FailNow()
}

// ended fails the case when a call did not end, whatever the case is about. Every error passes here.
func (k *kit) ended(err error) {
	k.t.Helper()
	if hung, ok := errors.AsType[*hungError](err); ok {
		k.failSentence(endsWithContext, "%s", hung)
	}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		k.fail("%s", panicked)
	}
}

// need fails the case when a call that has to succeed did not.
func (k *kit) need(err error, format string, args ...any) {
	k.t.Helper()
	k.ended(err)
	if err != nil {
		k.fail("%s: unexpected error: %s", fmt.Sprintf(format, args...), err)
	}
}

// want fails the case when err does not match target.
func (k *kit) want(err, target error, format string, args ...any) {
	k.t.Helper()
	k.ended(err)
	if err == nil {
		k.fail("%s: no error, want one that matches %q", fmt.Sprintf(format, args...), target)
	}
	if !errors.Is(err, target) {
		k.fail("%s: error %q, want one that matches %q", fmt.Sprintf(format, args...), err, target)
	}
}

// id mints an ID in the library's form. Later ones sort behind earlier ones.
func (k *kit) id(prefix string) string {
	return fmt.Sprintf("%s_0190a1b2c3d470008%015x", prefix, k.ids.Add(1))
}

// at is the n-th minute of the kit's time, which lies in the past of every clock.
func at(n int) time.Time {
	return time.Date(2024, 5, 6, 7, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Minute)
}

// tick returns a time later than all it returned before.
func (k *kit) tick() time.Time { return at(0).Add(time.Duration(k.ticks.Add(1)) * time.Second) }

// ctx is the context of calls that nobody cancels; guarded gives each a deadline.
func (k *kit) ctx() context.Context { return context.Background() }

// load loads what must be there.
func (k *kit) load(by payment.Key) *payment.Rows {
	k.t.Helper()
	rows, err := k.s.Load(k.ctx(), by)
	k.need(err, "Load(%s)", fieldsSet(by))
	if rows == nil {
		k.fail("Load(%s) returned no Rows and no error", fieldsSet(by))
	}
	return rows
}

// loadCollection loads a collection alone.
func (k *kit) loadCollection(id string) *payment.PaymentCollection {
	k.t.Helper()
	rows := k.load(payment.Key{CollectionID: id})
	if len(rows.Collections) != 1 {
		k.fail("Load(CollectionID) returned %d collections, want 1", len(rows.Collections))
	}
	return rows.Collections[0]
}

// commit commits what must be accepted, and moves the caller's version on.
func (k *kit) commit(c *payment.Changes) {
	k.t.Helper()
	k.need(k.s.Commit(k.ctx(), c), "Commit of version %d", c.Version)
	c.Collection.Version = c.Version + 1
}

// store commits rows under a collection that the case holds at its stored version.
func (k *kit) store(collection *payment.PaymentCollection, rows ...any) {
	k.t.Helper()
	k.commit(changes(collection, rows...))
}

// refused commits what must be refused with an error that matches target.
func (k *kit) refused(c *payment.Changes, target error, format string, args ...any) {
	k.t.Helper()
	k.want(k.s.Commit(k.ctx(), c), target, format, args...)
}

// list lists what must be listable.
func (k *kit) list(kind payment.RowKind, f payment.Filter, p payment.Page) *payment.Rows {
	k.t.Helper()
	rows, err := k.s.List(k.ctx(), kind, f, p)
	k.need(err, "List(%s)", kind)
	if rows == nil {
		k.fail("List(%s) returned no Rows and no error", kind)
	}
	return rows
}

// claim claims without an error.
func (k *kit) claim(kind payment.DueKind, now, until time.Time, limit int) []payment.Due {
	k.t.Helper()
	due, err := k.s.Claim(k.ctx(), kind, now, until, limit)
	k.need(err, "Claim(%s)", kind)
	return due
}

// claimOne claims what must be the only due work of a kind, or the oldest.
func (k *kit) claimOne(kind payment.DueKind, now, until time.Time) payment.Due {
	k.t.Helper()
	due := k.claim(kind, now, until, 1)
	if len(due) != 1 {
		k.fail("Claim(%s), of at most 1, brought %d, want 1", kind, len(due))
	}
	return due[0]
}

// done finishes without an error.
func (k *kit) done(d payment.Due, again time.Time) {
	k.t.Helper()
	k.need(k.s.Done(k.ctx(), d, again), "Done of %s %s", d.Kind, d.ID)
}

// put puts a delivery that must be accepted, and moves the caller's version on.
func (k *kit) put(d *payment.Delivery) {
	k.t.Helper()
	version := d.Version
	k.need(k.s.PutDelivery(k.ctx(), d), "PutDelivery of version %d", version)
	d.Version = version + 1
}

// delivery lists one delivery, nil when there is none.
func (k *kit) delivery(id string) *payment.Delivery {
	k.t.Helper()
	for _, d := range k.list(payment.RowDeliveries, payment.Filter{}, payment.Page{Limit: 100}).Deliveries {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// settings reads the settings without an error.
func (k *kit) settings() *payment.Settings {
	k.t.Helper()
	s, err := k.s.Settings(k.ctx())
	k.need(err, "Settings")
	if s == nil {
		k.fail("Settings returned nil and no error")
	}
	return s
}

// crowd calls f n times at once and fails the case with the first error. f may not fail the case itself.
func (k *kit) crowd(n int, f func(i int) error) {
	k.t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = errors.New("it went no further")
			defer func() {
				if p := recover(); p != nil {
					errs[i] = surprise(p)
				}
			}()
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	for i, err := range errs {
		k.ended(err)
		if err != nil {
			k.fail("caller %d of %d at once: %s", i+1, n, err)
		}
	}
}

// surprise is the error of a case that could not go on: a store left out what the case looks at next.
func surprise(p any) error {
	return fmt.Errorf("the case met what no store may return, as what was missing from Rows: %v\n%s", p, debug.Stack())
}

const endsWithContext = "Every method is safe for concurrent use and ends with its context."

// guarded gives every call a deadline, and returns from calls that do not keep it.
type guarded struct {
	payment.Store
	patience time.Duration // after so long the context ends
	grace    time.Duration // after so much longer the call counts as hung
}

// hungError says that a call did not end with its context.
type hungError struct {
	method string
	after  time.Duration
}

// Error names the method.
func (e *hungError) Error() string {
	return fmt.Sprintf("%s had not returned %s after its context had ended", e.method, e.after)
}

// panicError says that a call panicked.
type panicError struct {
	method string
	value  any
	stack  []byte
}

// Error names the method and shows the stack.
func (e *panicError) Error() string {
	return fmt.Sprintf("%s panicked: %v\n%s", e.method, e.value, e.stack)
}

// guard makes one call. The error is the call's, a hungError or a panicError.
func guard[T any](ctx context.Context, g *guarded, method string, f func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	answer := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = &panicError{method, p, debug.Stack()}
			}
			answer <- r
		}()
		r.value, r.err = f(ctx)
	}()
	select {
	case r := <-answer:
		return r.value, r.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(g.grace)
	defer timer.Stop()
	select {
	case r := <-answer:
		return r.value, r.err
	case <-timer.C:
		var zero T
		return zero, &hungError{method, g.grace}
	}
}

// none is the value of calls that return only an error.
type none struct{}

// Load guards Load; the error is the store's, or says that the call did not end.
func (g *guarded) Load(ctx context.Context, by payment.Key) (*payment.Rows, error) {
	return guard(ctx, g, "Load", func(ctx context.Context) (*payment.Rows, error) { return g.Store.Load(ctx, by) })
}

// Commit guards Commit; the error is the store's, or says that the call did not end.
func (g *guarded) Commit(ctx context.Context, c *payment.Changes) error {
	_, err := guard(ctx, g, "Commit", func(ctx context.Context) (none, error) { return none{}, g.Store.Commit(ctx, c) })
	return err
}

// List guards List; the error is the store's, or says that the call did not end.
func (g *guarded) List(ctx context.Context, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
	return guard(ctx, g, "List", func(ctx context.Context) (*payment.Rows, error) { return g.Store.List(ctx, kind, f, p) })
}

// Claim guards Claim; the error is the store's, or says that the call did not end.
func (g *guarded) Claim(ctx context.Context, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
	return guard(ctx, g, "Claim", func(ctx context.Context) ([]payment.Due, error) {
		return g.Store.Claim(ctx, kind, now, until, limit)
	})
}

// Done guards Done; the error is the store's, or says that the call did not end.
func (g *guarded) Done(ctx context.Context, d payment.Due, again time.Time) error {
	_, err := guard(ctx, g, "Done", func(ctx context.Context) (none, error) { return none{}, g.Store.Done(ctx, d, again) })
	return err
}

// PutDelivery guards PutDelivery; the error is the store's, or says that the call did not end.
func (g *guarded) PutDelivery(ctx context.Context, d *payment.Delivery) error {
	_, err := guard(ctx, g, "PutDelivery", func(ctx context.Context) (none, error) { return none{}, g.Store.PutDelivery(ctx, d) })
	return err
}

// Settings guards Settings; the error is the store's, or says that the call did not end.
func (g *guarded) Settings(ctx context.Context) (*payment.Settings, error) {
	return guard(ctx, g, "Settings", func(ctx context.Context) (*payment.Settings, error) { return g.Store.Settings(ctx) })
}

// PutSettings guards PutSettings; the error is the store's, or says that the call did not end.
func (g *guarded) PutSettings(ctx context.Context, s *payment.Settings) error {
	_, err := guard(ctx, g, "PutSettings", func(ctx context.Context) (none, error) { return none{}, g.Store.PutSettings(ctx, s) })
	return err
}

var _ payment.Store = (*guarded)(nil)
