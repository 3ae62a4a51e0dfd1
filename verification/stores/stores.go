// Package stores opens the stores that are verified, each by a name and the address of its database, so that another process can do it too.
package stores

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/pgstore"
	"github.com/seed40c892db/payment/sqlitestore"
)

// Names of stores.
const (
	SQLite   = "sqlite"   // its address is the path of a file, or :memory:
	Postgres = "postgres" // its address is a DSN
)

// Open opens a store, with its tables. close ends it. The error is the store's.
func Open(ctx context.Context, name, address string) (_ payment.Store, closeStore func(), _ error) {
	switch name {
	case SQLite:
		s, err := sqlitestore.Open(address, sqlitestore.Config{})
		if err != nil {
			return nil, nil, err
		}
		return s, func() { _ = s.Close() }, nil // what is not written is not acknowledged
	case Postgres:
		s, closeStore, err := openPostgres(ctx, address)
		if err != nil {
			return nil, nil, err
		}
		return s, closeStore, nil
	}
	return nil, nil, fmt.Errorf("stores: %q is not known", name)
}

// openPostgres opens a pool of its own. The schema may be there already.
func openPostgres(ctx context.Context, dsn string) (*pgstore.Store, func(), error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, nil, err
	}
	cfg.MaxConns = 16
	if err := pgstore.Prepare(cfg, pgstore.Config{}); err != nil {
		return nil, nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := pgstore.Migrate(ctx, pool, pgstore.Config{}); err != nil {
		pool.Close()
		return nil, nil, err
	}
	s, err := pgstore.New(pool, pgstore.Config{})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return s, pool.Close, nil
}
