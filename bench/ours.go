package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/pgstore"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// service makes a Service over a store, with a provider that is pure, "manual", and a gateway that takes so long to answer, "sandbox".
func service(s payment.Store, latency time.Duration, keep int) (*payment.Service, error) {
	cfg := sandboxprovider.GatewayConfig{}
	if latency > 0 {
		cfg.Fault = func(sandboxprovider.Call) sandboxprovider.Fault {
			after := make(chan struct{})
			time.AfterFunc(latency, func() { close(after) })
			return sandboxprovider.Fault{After: after}
		}
	}
	gateway := sandboxprovider.NewGateway(cfg)
	return payment.NewService(s, payment.Config{
		Providers:       []payment.Provider{manualprovider.New(), sandboxprovider.New(gateway, sandboxprovider.Config{})},
		Logger:          slog.New(slog.DiscardHandler),
		KeepCollections: keep,
	})
}

// flowOf returns the five steps of a payment by a provider.
func flowOf(svc *payment.Service, provider string) flow {
	return func(ctx context.Context) error {
		c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price, Metadata: payment.Data{"order": "A-1"}})
		if err != nil {
			return err
		}
		x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: c.ID, ProviderID: provider, Amount: price})
		if err != nil {
			return err
		}
		p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
		if err != nil {
			return err
		}
		if p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID}); err != nil {
			return err
		}
		_, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID})
		return err
	}
}

// postgresStore migrates and opens a store, with a pool of its own.
func postgresStore(ctx context.Context, dsn string, conns int32) (*pgstore.Store, *pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, nil, err
	}
	cfg.MaxConns = conns
	if err := pgstore.Prepare(cfg, pgstore.Config{}); err != nil {
		return nil, nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := pgstore.Migrate(ctx, pool, pgstore.Config{}); err != nil {
		return nil, nil, err
	}
	pool.Reset() // those from before the migration have nothing prepared
	s, err := pgstore.New(pool, pgstore.Config{})
	return s, pool, err
}
