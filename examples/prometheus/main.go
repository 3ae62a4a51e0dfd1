// Prometheus is a shop whose operators see what it does: it serves its metrics at /metrics, for Prometheus to collect.
//
//	cd examples/prometheus && go run .
//	curl -s http://localhost:9464/metrics | grep ^payment_
//
// Its shoppers are made up, and its gateway is the sandbox's, which now and then declines, loses an answer or is down. alerts.yml has rules for
// Prometheus of what to wake somebody for. With PAYMENT_EXAMPLE_ONCE=1 it has one bad day, prints what an operator sees of it, and ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/memstore"
	"github.com/seed40c892db/payment/paymentotel"
	"github.com/seed40c892db/payment/sandboxprovider"
)

const (
	onceVariable = "PAYMENT_EXAMPLE_ONCE"
	address      = "localhost:9464" // the port that OpenTelemetry gives to exporters for Prometheus
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := serve
	if os.Getenv(onceVariable) != "" {
		run = once
	}
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// shop is a Service over the sandbox's gateway, and its metrics.
type shop struct {
	*payment.Service
	gateway *sandboxprovider.Gateway
	metrics http.Handler
	meters  *metric.MeterProvider
}

// options are what the two ways to run differ in.
type options struct {
	now    func() time.Time
	wait   func(context.Context, time.Duration) error
	logger *slog.Logger
}

func open(o options) (*shop, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	meters := metric.NewMeterProvider(metric.WithReader(exporter))
	observer, err := paymentotel.New(paymentotel.Config{MeterProvider: meters, Now: o.now})
	if err != nil {
		return nil, err
	}
	s := &shop{
		gateway: sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{Now: o.now}),
		metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), meters: meters,
	}
	s.Service, err = payment.NewService(memstore.New(), payment.Config{
		Providers: []payment.Provider{sandboxprovider.New(s.gateway, sandboxprovider.Config{})},
		Observer:  observer, Logger: o.logger, Now: o.now, Wait: o.wait,
		OnEvent: func(context.Context, payment.Event) error { return nil }, // here the shop would pack the parcel
	})
	if err != nil {
		return nil, err
	}
	_, err = observer.Watch(s.Service)
	return s, err
}

// listen serves /metrics until stop is called, which says what went wrong.
func (s *shop) listen(ctx context.Context, at string) (url string, stop func() error, err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", at)
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return "http://" + listener.Addr().String() + "/metrics", func() error {
		err := errors.Join(server.Close(), <-ended)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		return errors.Join(err, s.meters.Shutdown(context.WithoutCancel(ctx)))
	}, nil
}

// serve sells until it is stopped.
func serve(ctx context.Context, out io.Writer) error {
	s, err := open(options{})
	if err != nil {
		return err
	}
	url, stop, err := s.listen(ctx, address)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "metrics at", url)
	fmt.Fprintln(out, "made-up shoppers pay until Ctrl+C; PAYMENT_EXAMPLE_ONCE=1 has one bad day, and ends")
	running := make(chan error, 1)
	go func() { running <- s.Run(ctx, 2*time.Second) }()
	for n := 0; ctx.Err() == nil; n++ {
		s.trouble(n)
		_ = s.sell(ctx, token(n)) // what goes wrong is what is to be seen
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
	return errors.Join(<-running, stop())
}
