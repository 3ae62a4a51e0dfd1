// Package stores opens the stores that are verified, each by a name and the address of its database, so that another process can do it too.
package stores

import (
	"context"
	"fmt"

	"github.com/seed40c892db/payment"
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
		return openPostgres(ctx, address)
	}
	return nil, nil, fmt.Errorf("stores: %q is not known", name)
}
func openPostgres(context.Context, string) (payment.Store, func(), error) { panic("later") }
