package paymentotel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/metric"

	"github.com/seed40c892db/payment"
)

// instruments are what is measured while the Service works.
type instruments struct {
	method, call, work, operation, delivery, delay metric.Float64Histogram
	started, attention, recorded, givenUp, retries metric.Int64Counter
}

func newInstruments(m metric.Meter) (instruments, error) {
	var errs []error
	histogram := func(name, about string, bounds metric.HistogramOption) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithDescription(about), metric.WithUnit("s"), bounds)
		errs = append(errs, err)
		return h
	}
	counter := func(name, unit, about string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithDescription(about), metric.WithUnit(unit))
		errs = append(errs, err)
		return c
	}
	// A call that the store alone answers takes milliseconds, one that a gateway answers seconds, and CallTimeout is 15 of them.
	short := metric.WithExplicitBucketBoundaries(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40)
	// An operation whose outcome is not known is asked about for a day and more.
	long := metric.WithExplicitBucketBoundaries(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
	i := instruments{
		method:    histogram("payment.method.duration", "How long methods of the Service take.", short),
		call:      histogram("payment.call.duration", "How long providers take to answer.", short),
		work:      histogram("payment.work.duration", "How long pieces of due work take that Reconcile does.", short),
		operation: histogram("payment.operation.duration", "From the beginning of operations to their end.", long),
		delivery:  histogram("payment.event.duration", "How long OnEvent takes.", short),
		delay:     histogram("payment.event.delay", "From what happened to when OnEvent was told.", long),
		started:   counter("payment.operation.started", "{operation}", "Operations that were written down to be called."),
		attention: counter("payment.operation.attention", "{operation}", "Operations that began to need a person."),
		recorded:  counter("payment.event.recorded", "{event}", "Events that were recorded."),
		givenUp:   counter("payment.given_up", "{item}", "Events and webhook messages that were given up, for a person to look at."),
		retries:   counter("payment.commit.retries", "{commit}", "Commits that had to be made once more."),
	}
	return i, errors.Join(errs...)
}

// watching marks the context of what Watch reads: it is no call of the host's, and leaves neither spans nor metrics.
type watching struct{}

// Watch adds gauges of how many operations are open and how many need a person, payment.operation.count, and of how old the oldest of them
// are, payment.operation.oldest.age. They are read from the store at each collection, in two small reads. All processes that share a store have the
// same. Call it once for each store; Unregister what it returns to end it.
//
// The error is the meter's, or a [*payment.InvalidError] when svc is nil. An error of the store, in a collection, goes to the SDK's error handler,
// and the gauges are missing from that collection.
func (o *Observer) Watch(svc *payment.Service) (metric.Registration, error) {
	if svc == nil {
		return nil, &payment.InvalidError{Field: "svc", Rule: "must not be nil"}
	}
	count, err := o.meter.Int64ObservableGauge("payment.operation.count", metric.WithUnit("{operation}"),
		metric.WithDescription("Operations that have not ended, up to 10,000 of each state."))
	if err != nil {
		return nil, err
	}
	age, err := o.meter.Float64ObservableGauge("payment.operation.oldest.age", metric.WithUnit("s"),
		metric.WithDescription("How long ago the oldest operation began that has not ended; 0 where there is none."))
	if err != nil {
		return nil, err
	}
	return o.meter.RegisterCallback(func(ctx context.Context, to metric.Observer) error {
		ctx = context.WithValue(ctx, watching{}, true)
		for _, state := range []payment.OperationState{payment.OperationOpen, payment.OperationNeedsAttention} {
			page, err := svc.ListOperations(ctx, payment.ListParams{State: state, Limit: 1, Count: true})
			if err != nil {
				return fmt.Errorf("paymentotel: counting operations: %w", err)
			}
			oldest := o.now()
			for _, op := range page.Items {
				oldest = op.CreatedAt
			}
			by := metric.WithAttributes(stateKey.String(string(state)))
			to.ObserveInt64(count, int64(page.Count), by)
			to.ObserveFloat64(age, max(0, o.now().Sub(oldest).Seconds()), by)
		}
		return nil
	}, count, age)
}
