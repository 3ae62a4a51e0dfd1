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

// The providers of a bench's Service.
const (
	pure    = "manual"  // no gateway: one commit a step
	gateway = "sandbox" // one that keeps books of its own: two commits a step
)

// loadEachStep is a Config.KeepCollections that keeps nothing: as where the next step comes to another process.
const loadEachStep = -1

// service makes a Service over a store, whose gateway takes so long to answer.
func service(s payment.Store, latency time.Duration, keep int) (*payment.Service, error) {
	var cfg sandboxprovider.GatewayConfig
	if latency > 0 {
		cfg.Fault = func(sandboxprovider.Call) sandboxprovider.Fault {
			after := make(chan struct{})
			time.AfterFunc(latency, func() { close(after) })
			return sandboxprovider.Fault{After: after}
		}
	}
	return payment.NewService(s, payment.Config{
		Providers:       []payment.Provider{manualprovider.New(), sandboxprovider.New(sandboxprovider.NewGateway(cfg), sandboxprovider.Config{})},
		Logger:          slog.New(slog.DiscardHandler),
		KeepCollections: keep,
	})
}

// play plays the steps of a payment by a provider, in a collection that is given or is made first, and tells how long each took, if told is
// not nil.
func play(ctx context.Context, svc *payment.Service, provider, collectionID string, told func(step string, took time.Duration)) error {
	began := time.Now()
	next := func(step string) {
		if told != nil {
			told(step, time.Since(began))
			began = time.Now()
		}
	}
	if collectionID == "" {
		c, err := svc.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: price(), Metadata: payment.Data{"order": "A-1"}})
		if err != nil {
			return err
		}
		next("CreateCollection")
		collectionID = c.ID
	}
	x, err := svc.CreateSession(ctx, payment.CreateSessionParams{CollectionID: collectionID, ProviderID: provider, Amount: price()})
	if err != nil {
		return err
	}
	next("CreateSession")
	p, err := svc.AuthorizeSession(ctx, payment.AuthorizeSessionParams{SessionID: x.ID})
	if err != nil {
		return err
	}
	next("AuthorizeSession")
	if p, err = svc.CapturePayment(ctx, payment.CapturePaymentParams{PaymentID: p.ID}); err != nil {
		return err
	}
	next("CapturePayment")
	if _, err = svc.RefundPayment(ctx, payment.RefundPaymentParams{PaymentID: p.ID}); err != nil {
		return err
	}
	next("RefundPayment")
	return nil
}

// contend returns the flows of a Service with a provider. The Service is a new one in each turn, lest the books of its gateway, which are
// elsewhere in life, become what this process is busy with.
func contend(name string, s func() payment.Store, keep int, provider string) contender {
	var svc *payment.Service
	return contender{
		name:  name,
		flow:  func(ctx context.Context) error { return play(ctx, svc, provider, "", nil) },
		renew: func() (err error) { svc, err = service(s(), 0, keep); return err },
	}
}

// postgresStore migrates a schema, and opens a store with a pool of its own.
func postgresStore(ctx context.Context, dsn, schema string, conns int32) (*pgstore.Store, *pgxpool.Pool, error) {
	pool, err := postgresPool(ctx, dsn, schema, conns)
	if err != nil {
		return nil, nil, err
	}
	cfg := pgstore.Config{Schema: schema}
	if err := pgstore.Migrate(ctx, pool, cfg); err != nil {
		return nil, nil, err
	}
	s, err := pgstore.New(pool, cfg)
	return s, pool, err
}

// postgresPool opens a pool that has the store's statements prepared.
func postgresPool(ctx context.Context, dsn, schema string, conns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = conns
	if schema != "" {
		if err := pgstore.Prepare(cfg, pgstore.Config{Schema: schema}); err != nil {
			return nil, err
		}
	}
	return pgxpool.NewWithConfig(ctx, cfg)
}
