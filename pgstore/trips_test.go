package pgstore_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// counter counts round trips: how often something was written after something was read.
type counter struct {
	net.Conn
	trips   *atomic.Int64
	reading atomic.Bool
}

// Write counts.
func (c *counter) Write(b []byte) (int, error) {
	if c.reading.CompareAndSwap(true, false) {
		c.trips.Add(1)
	}
	return c.Conn.Write(b)
}

// Read notes that the server has said something.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.reading.Store(true)
	}
	return n, err
}

// counting counts the round trips of a pool of one connection.
func counting(trips *atomic.Int64) func(*pgxpool.Config) {
	return func(cfg *pgxpool.Config) {
		cfg.MaxConns = 1
		dial := cfg.ConnConfig.DialFunc
		cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &counter{Conn: c, trips: trips}, nil
		}
	}
}

// TestRoundTrips counts the round trips of each method, in a pool and in a transaction: one, whatever it does.
func TestRoundTrips(t *testing.T) {
	ctx := t.Context()
	var trips atomic.Int64
	s, pool := open(t, prepared, counting(&trips))
	version := int64(0)
	delivery := &payment.Delivery{ID: "whd", State: payment.DeliveryParked, DueAt: noon}
	settings := &payment.Settings{}
	calls := map[string]func(s payment.Store) error{
		"Load": func(s payment.Store) error {
			_, err := s.Load(ctx, payment.Key{SessionID: id("payses", 1<<16|1), Method: "m", RequestKey: "k"})
			return err
		},
		"Commit": func(s payment.Store) error {
			c := changes(1, version, 3)
			c.Sessions = []*payment.PaymentSession{session(1, 1), session(1, 2)}
			c.Requests = []*payment.KeyedRequest{{CollectionID: c.CollectionID, Method: "m", Key: "k"}}
			c.Due = []payment.Due{
				{Kind: payment.DueSession, ID: c.Sessions[0].ID, CollectionID: c.CollectionID, At: noon},
				{Kind: payment.DueSession, ID: c.Sessions[1].ID, CollectionID: c.CollectionID},
			}
			version++
			return s.Commit(ctx, c)
		},
		"List": func(s payment.Store) error {
			_, err := s.List(ctx, payment.RowSessions, payment.Filter{}, payment.Page{Limit: 5, Count: true})
			return err
		},
		"Claim": func(s payment.Store) error {
			_, err := s.Claim(ctx, payment.DueEvents, noon, noon.Add(time.Hour), 5)
			return err
		},
		"PutDelivery": func(s payment.Store) error {
			err := s.PutDelivery(ctx, delivery)
			delivery.Version++
			return err
		},
		"Settings": func(s payment.Store) error {
			_, err := s.Settings(ctx)
			return err
		},
		"PutSettings": func(s payment.Store) error {
			err := s.PutSettings(ctx, settings)
			settings.Version++
			return err
		},
		"Done": func(s payment.Store) error {
			return s.Done(ctx, payment.Due{Kind: payment.DueEvents, ID: id("paycol", 1), CollectionID: id("paycol", 1), At: noon.Add(time.Hour)}, time.Time{})
		},
	}
	order := []string{"Commit", "Load", "List", "Claim", "Done", "PutDelivery", "Settings", "PutSettings"}
	count := func(name string, s payment.Store) int64 {
		t.Helper()
		trips.Store(0)
		require.NoError(t, calls[name](s), name)
		return trips.Load()
	}
	for range 2 { // the first calls look at the database, and have what is rare prepared
		for _, name := range order {
			count(name, s)
		}
	}
	for _, name := range order {
		require.EqualValues(t, 1, count(name, s), name)
	}
	// A conflict is one round trip as well, and leaves no work behind.
	trips.Store(0)
	require.ErrorIs(t, s.Commit(ctx, changes(1, 77, 1)), payment.ErrConflict)
	require.EqualValues(t, 1, trips.Load())
	require.EqualValues(t, 1, count("Commit", s))

	tx := begin(t, pool, pgx.ReadCommitted)
	in := s.WithTx(tx)
	for range 2 { // the savepoint is prepared by the first
		for _, name := range order {
			count(name, in)
		}
	}
	for _, name := range order {
		require.EqualValues(t, 1, count(name, in), "%s in a transaction", name)
	}
}

// TestFewStatementsStayPrepared commits what has hundreds of shapes: each is one round trip, whether its statement is prepared or not, and a connection
// does not keep them all, as each takes some hundred KB of the server's memory.
func TestFewStatementsStayPrepared(t *testing.T) {
	ctx := t.Context()
	var trips atomic.Int64
	s, pool := open(t, prepared, counting(&trips))
	version := int64(0)
	commit := func(sessions, events, due int) {
		c := changes(1, version, events)
		for i := range sessions {
			c.Sessions = append(c.Sessions, session(1, i))
		}
		for i := range due {
			c.Due = append(c.Due, payment.Due{Kind: payment.DueSession, ID: id("payses", i), CollectionID: c.CollectionID, At: noon})
		}
		require.NoError(t, s.Commit(ctx, c))
		version++
	}
	for sessions := range 5 {
		for events := range 5 {
			for due := range 5 {
				commit(sessions, events, due)
			}
		}
	}
	trips.Store(0)
	commit(4, 4, 4)
	commit(20, 20, 20)
	require.EqualValues(t, 2, trips.Load())
	require.ErrorIs(t, s.Commit(ctx, changes(1, 77, 44)), payment.ErrConflict)
	require.EqualValues(t, 3, trips.Load())
	rows, err := s.Load(ctx, payment.Key{SessionID: id("payses", 1<<16|19)})
	require.NoError(t, err)
	require.Len(t, rows.Sessions, 1)
	var n int
	require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM pg_prepared_statements").Scan(&n))
	require.Less(t, n, 80)
}

// TestForgottenStatements has a host make its connections forget what is prepared on them, before each call, however it is sent.
func TestForgottenStatements(t *testing.T) {
	ctx := t.Context()
	for name, forget := range map[string]func(c *pgx.Conn) error{
		"by pgx": func(c *pgx.Conn) error { return c.DeallocateAll(ctx) },
		"behind its back": func(c *pgx.Conn) error {
			_, err := c.Exec(ctx, "DISCARD ALL", pgx.QueryExecModeSimpleProtocol)
			return err
		},
	} {
		for _, way := range []string{"as they are", "by pgx"} {
			t.Run(name+" "+way, func(t *testing.T) {
				s, pool := open(t, prepared, ways[way], func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
				call := func(what string, f func() error) {
					t.Helper()
					for range 3 {
						require.NoError(t, f(), what)
						require.NoError(t, pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return forget(c.Conn()) }))
					}
				}
				version, put := int64(-1), int64(-1)
				call("Commit", func() error { version++; return s.Commit(ctx, changes(1, version, 1)) })
				call("PutDelivery", func() error {
					put++
					return s.PutDelivery(ctx, &payment.Delivery{ID: "whd", Version: put, State: payment.DeliveryParked, DueAt: noon})
				})
				call("Load", func() error {
					rows, err := s.Load(ctx, payment.Key{CollectionID: id("paycol", 1)})
					require.NoError(t, err)
					require.EqualValues(t, 3, rows.Collections[0].Version)
					return nil
				})
				call("List", func() error {
					_, err := s.List(ctx, payment.RowEvents, payment.Filter{}, payment.Page{Limit: 5, Count: true})
					return err
				})
				call("Claim and Done", func() error {
					due, err := s.Claim(ctx, payment.DueEvents, noon, noon, 1)
					require.NoError(t, err)
					return s.Done(ctx, due[0], noon)
				})
			})
		}
	}
}
