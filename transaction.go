package payment

import (
	"context"
	"fmt"
	"time"
)

// WithStore returns the same Service over a store that is bound to a transaction of the host, such as pgstore's or sqlitestore's WithTx
// return: what it stores is there when the host commits, and gone when the host rolls back.
//
//	tx, err := pool.Begin(ctx)
//	...
//	inTx := svc.WithStore(store.WithTx(tx))
//	c, err := inTx.CreateCollection(ctx, params)
//	...
//	_, err = tx.Exec(ctx, "INSERT INTO orders (id, payment_collection_id) VALUES ($1, $2)", orderID, c.ID)
//	...
//	err = tx.Commit(ctx)
//
// Nobody waits and no gateway is called while a transaction is open. What would call a provider that is not [ProviderInfo].Pure, and
// [Service.HandleWebhook], [Service.Reconcile], [Service.Run] and [Service.ResolveOperation], return [ErrInTransaction] before anything has
// happened; where another call is at work on the session, the error matches [ErrInProgress] at once. Nothing is tried again: an error that
// matches [ErrConflict], or a serialization failure of the database, means that the host rolls back and repeats its whole transaction.
//
// The events of such commits are delivered by the next Reconcile, or when Run looks next. Use the Service only as long as the transaction is
// open, and like that not from several goroutines at once. A nil store makes every call an [*InvalidError] that names Store.
func (s *Service) WithStore(store Store) *Service {
	if store == nil {
		store = noStore{}
	}
	return &Service{store: store, cfg: s.cfg, providers: s.providers, order: s.order, bound: true}
}

// noStore stands for a store that was nil, and says so to whoever uses it.
type noStore struct{}

func (noStore) err() error { return invalid("Store", "must not be nil") }

func (s noStore) Load(context.Context, Key) (*Rows, error) { return nil, s.err() }

func (s noStore) Commit(context.Context, *Changes) error { return s.err() }

func (s noStore) List(context.Context, RowKind, Filter, Page) (*Rows, error) { return nil, s.err() }

func (s noStore) Claim(context.Context, DueKind, time.Time, time.Time, int) ([]Due, error) {
	return nil, s.err()
}

func (s noStore) Done(context.Context, Due, time.Time) error { return s.err() }

func (s noStore) PutDelivery(context.Context, *Delivery) error { return s.err() }

func (s noStore) Settings(context.Context) (*Settings, error) { return nil, s.err() }

func (s noStore) PutSettings(context.Context, *Settings) error { return s.err() }

// outside refuses what a Service in a host's transaction must not do.
func (s *Service) outside(what string) error {
	if s.bound {
		return fmt.Errorf("%w: %s", ErrInTransaction, what)
	}
	return nil
}

// reach refuses to call a gateway from within a host's transaction.
func (s *Service) reach(g *gateway) error {
	if g.info.Pure {
		return nil
	}
	return s.outside("provider " + g.ID() + " would be called")
}

// reachFor refuses, in a host's transaction, what would end in a call about a session: before anything else has happened.
func (s *Service) reachFor(x *PaymentSession) error {
	if g := s.providers[x.ProviderID]; g != nil && x.Status != StatusCanceled {
		return s.reach(g)
	}
	return nil
}

// again waits before a step is decided anew after a conflict, or returns the conflict: in a host's transaction it is the host who repeats.
func (s *Service) again(ctx context.Context, conflict error) error {
	if s.bound {
		return conflict
	}
	return s.jitter(ctx)
}
