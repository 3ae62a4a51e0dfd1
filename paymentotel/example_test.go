package paymentotel_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymentotel"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// One Observer makes spans of a payment, and a gauge of what needs a person. A program exports both to where it looks at them.
func Example() {
	ctx := context.Background()
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	observer, err := paymentotel.New(paymentotel.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	check(err)
	card := sandboxprovider.New(sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{}), sandboxprovider.Config{})
	svc, err := payment.NewService(memstore.New(), payment.Config{Providers: []payment.Provider{card}, Observer: observer})
	check(err)
	watch, err := observer.Watch(svc)
	check(err)
	defer func() { check(watch.Unregister()) }()

	price := decimal.RequireFromString("40")
	order, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price})
	check(err)
	session, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: order.ID, ProviderID: "sandbox", Amount: price})
	check(err)
	_, err = svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: session.ID})
	check(err)

	for _, s := range spans.Ended() {
		fmt.Println(s.SpanKind(), s.Name())
	}
	var metrics metricdata.ResourceMetrics
	check(reader.Collect(ctx, &metrics))
	for _, m := range metrics.ScopeMetrics[0].Metrics {
		if open, ok := m.Data.(metricdata.Gauge[int64]); ok {
			for _, point := range open.DataPoints {
				if state, _ := point.Attributes.Value("payment.operation.state"); state.AsString() == "needs_attention" {
					fmt.Println(m.Name, "needs_attention:", point.Value)
				}
			}
		}
	}
	// Output:
	// internal payment.CreateCollection
	// client initialize sandbox
	// internal payment.CreateSession
	// client authorize sandbox
	// internal payment.AuthorizeSession
	// payment.operation.count needs_attention: 0
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
