// Package paymentotel makes traces and metrics of a [payment.Service], for OpenTelemetry.
//
//	observer, err := paymentotel.New(paymentotel.Config{})
//	...
//	svc, err := payment.NewService(store, payment.Config{Providers: providers, Observer: observer})
//	...
//	_, err = observer.Watch(svc)
//
// Names follow the semantic conventions of OpenTelemetry, version 1.43.0, where there are any: error.type
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/), service.peer.name
// (https://opentelemetry.io/docs/specs/semconv/registry/attributes/service/), the span kinds, and durations in seconds
// (https://opentelemetry.io/docs/specs/semconv/general/metrics/). All others begin with payment. The list of them is in docs/observability.md.
//
// Nothing of what is private, of what a browser sent, or of what a gateway said in words is in any of them. IDs are in spans only.
package paymentotel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed40c892db/payment"
)

// Scope is the name of the instrumentation scope of all spans and metrics.
const Scope = "github.com/seed40c892db/payment/paymentotel"

// Config says where spans and metrics go. A zero value means the default.
type Config struct {
	TracerProvider trace.TracerProvider // default the global one
	MeterProvider  metric.MeterProvider // default the global one
	Now            func() time.Time     // the clock that ages are counted by, the Service's; default time.Now
}

// Observer is a [payment.Observer]: give it to payment.Config. One can serve several Services.
type Observer struct {
	tracer trace.Tracer
	meter  metric.Meter
	m      instruments
	now    func() time.Time
}

// New makes an Observer. The error is the meter's: it refuses an instrument, as one does under whose name there is another already.
func New(cfg Config) (*Observer, error) {
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	o := &Observer{tracer: cfg.TracerProvider.Tracer(Scope), meter: cfg.MeterProvider.Meter(Scope), now: cfg.Now}
	var err error
	o.m, err = newInstruments(o.meter)
	if err != nil {
		return nil, err
	}
	return o, nil
}

// Start begins a span, and measures when it ends. It is the Service that calls it.
func (o *Observer) Start(ctx context.Context, a payment.Activity) (context.Context, func(payment.ActivityResult)) {
	name, kind, measure := o.describe(a)
	if measure == nil || ctx.Value(watching{}) != nil { // of a later version, or what Watch reads
		return ctx, nil
	}
	attributes := append(subject(a.Subject), named(a)...)
	if a.Tries > 0 {
		attributes = append(attributes, triesKey.Int(a.Tries))
	}
	ctx, span := o.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, func(r payment.ActivityResult) {
		defer span.End()
		ends := append(subject(r.Subject), outcomeKey.String(r.Outcome))
		if r.Code != "" {
			ends = append(ends, codeKey.String(r.Code))
		}
		if r.Report != nil {
			ends = append(ends, report(r.Report)...)
		}
		if failed(a.Kind, r.Outcome) {
			ends = append(ends, errorTypeKey.String(r.Outcome))
			span.SetStatus(codes.Error, r.Outcome)
		}
		span.SetAttributes(ends...)
		measure(ctx, r)
	}
}

// describe says how an activity's span is called, and what its end is measured by; nil where it is not known.
func (o *Observer) describe(a payment.Activity) (name string, kind trace.SpanKind, measure func(context.Context, payment.ActivityResult)) {
	switch a.Kind {
	case payment.ActivityMethod:
		return "payment." + a.Name, trace.SpanKindInternal, func(ctx context.Context, r payment.ActivityResult) {
			o.m.method.Record(ctx, r.Duration.Seconds(), outcome(a, r, methodKey.String(a.Name)))
		}
	case payment.ActivityCall:
		// A call to another system, which the provider's own HTTP client may make a span of as well.
		return a.Name + " " + a.Subject.ProviderID, trace.SpanKindClient, func(ctx context.Context, r payment.ActivityResult) {
			o.m.call.Record(ctx, r.Duration.Seconds(), outcome(a, r, operationKindKey.String(a.Name), providerKey.String(a.Subject.ProviderID)))
		}
	case payment.ActivityWork:
		return "payment.work " + a.Name, trace.SpanKindInternal, func(ctx context.Context, r payment.ActivityResult) {
			o.m.work.Record(ctx, r.Duration.Seconds(), outcome(a, r, workKindKey.String(a.Name)))
		}
	case payment.ActivityEvent:
		return "payment.event " + a.Name, trace.SpanKindInternal, func(ctx context.Context, r payment.ActivityResult) {
			o.m.delivery.Record(ctx, r.Duration.Seconds(), outcome(a, r, eventKindKey.String(a.Name)))
			if r.Outcome == "delivered" {
				o.m.delay.Record(ctx, a.Age.Seconds(), metric.WithAttributes(eventKindKey.String(a.Name)))
			}
		}
	}
	return "", trace.SpanKindUnspecified, nil
}

// Signal counts, and notes an event of the span in whose time it happened. It is the Service that calls it.
func (o *Observer) Signal(ctx context.Context, s payment.Signal) {
	by := func(list ...attribute.KeyValue) metric.MeasurementOption {
		if s.Subject.ProviderID != "" { // a collection's events are no provider's
			list = append(list, providerKey.String(s.Subject.ProviderID))
		}
		return metric.WithAttributes(list...)
	}
	switch s.Kind {
	case payment.SignalOperationStarted:
		o.m.started.Add(ctx, 1, by(operationKindKey.String(s.Name)))
	case payment.SignalOperationEnded:
		o.m.operation.Record(ctx, s.Age.Seconds(), by(operationKindKey.String(s.Name), outcomeKey.String(s.Outcome)))
	case payment.SignalOperationAttention:
		o.m.attention.Add(ctx, 1, by(operationKindKey.String(s.Name), reasonKey.String(s.Outcome)))
	case payment.SignalEvent:
		o.m.recorded.Add(ctx, 1, by(eventKindKey.String(s.Name)))
	case payment.SignalGivenUp:
		o.m.givenUp.Add(ctx, 1, metric.WithAttributes(whatKey.String(s.Name)))
	case payment.SignalRetry:
		o.m.retries.Add(ctx, 1, metric.WithAttributes(reasonKey.String(s.Outcome)))
	default: // of a later version
		return
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.AddEvent("payment."+string(s.Kind), trace.WithAttributes(noted(s)...))
	}
}

// failed reports whether an outcome is a failure, which somebody may have to mend. A decline, or a request that is refused, is none.
func failed(kind payment.ActivityKind, outcome string) bool {
	switch outcome {
	case "outcome_unknown", "needs_attention", "not_sent", "unavailable", "interrupted", "conflict", "error", "refused":
		return true
	case "unknown":
		return kind == payment.ActivityCall
	case "failed", "given_up":
		return kind != payment.ActivityCall
	}
	return false
}

// outcome is what an activity is measured by.
func outcome(a payment.Activity, r payment.ActivityResult, by ...attribute.KeyValue) metric.MeasurementOption {
	by = append(by, outcomeKey.String(r.Outcome))
	if failed(a.Kind, r.Outcome) {
		by = append(by, errorTypeKey.String(r.Outcome))
	}
	return metric.WithAttributes(by...)
}

var _ payment.Observer = (*Observer)(nil)
