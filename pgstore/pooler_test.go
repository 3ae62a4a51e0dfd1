package pgstore_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// pooler stands between pgx and the server. What it loses, the server does nevertheless: it waits for that, and tells the client instead of
// the server's answer that the connection is at its end, as PgBouncer does when a query takes too long, or when its own connection breaks.
type pooler struct {
	says pgproto3.ErrorResponse // nothing without a Code: the connection breaks
	lost atomic.Int64           // how many transactions

	mu     sync.Mutex
	losing []byte // a part of the request that is lost next, nil if none is
}

// lose makes it lose one transaction, whose request has some text.
func (p *pooler) lose(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.losing = []byte(text)
}

func (p *pooler) loses(request []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.losing == nil || !bytes.Contains(request, p.losing) {
		return false
	}
	p.losing = nil
	p.lost.Add(1)
	return true
}

// between puts it between a pool and the server.
func (p *pooler) between(cfg *pgxpool.Config) {
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return &pooledConn{Conn: c, pooler: p}, err
	}
}

// pooledConn is a client's connection to a pooler.
type pooledConn struct {
	net.Conn
	pooler *pooler
	losing atomic.Bool
	left   []byte // of what the client is told
}

// Write sends a request on.
func (c *pooledConn) Write(b []byte) (int, error) {
	if c.pooler.loses(b) {
		c.losing.Store(true)
	}
	return c.Conn.Write(b)
}

// Read returns what the server says, or what is said in its place.
func (c *pooledConn) Read(b []byte) (int, error) {
	if !c.losing.Load() {
		return c.Conn.Read(b)
	}
	if c.left == nil {
		server := pgproto3.NewFrontend(c.Conn, nil)
		for ended := false; !ended; {
			m, err := server.Receive()
			if err != nil {
				return 0, err
			}
			_, ended = m.(*pgproto3.ReadyForQuery) // the transaction is committed
		}
		c.left = []byte{}
		if c.pooler.says.Code != "" {
			c.left, _ = c.pooler.says.Encode(nil)
		}
	}
	if len(c.left) == 0 {
		return 0, net.ErrClosed
	}
	n := copy(b, c.left)
	c.left = c.left[n:]
	return n, nil
}

// ways are how statements are sent.
var ways = map[string]func(*pgxpool.Config){
	"as they are": prepared,
	"by pgx":      func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &statements{} },
	"exec":        func(cfg *pgxpool.Config) { cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec },
	"simple":      func(cfg *pgxpool.Config) { cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol },
}

// TestAPoolerLosesTheServersAnswer has writes done whose answers a pooler has lost: none is said to be certainly not done.
func TestAPoolerLosesTheServersAnswer(t *testing.T) {
	for name, says := range map[string]pgproto3.ErrorResponse{
		"ends the connection":     {Severity: "FATAL", Code: "08P01", Message: "server conn crashed?"},
		"says an error":           {Severity: "ERROR", Code: "08006", Message: "the server is lost"},
		"says what a server does": {Severity: "FATAL", Code: "57P01", Message: "terminating connection due to administrator command"},
		"says nothing":            {},
	} {
		for way, change := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				ctx := t.Context()
				p := &pooler{says: says}
				s, _ := open(t, change, p.between, func(cfg *pgxpool.Config) { cfg.MaxConns = 1 })
				first := changes(1, 0, 1)
				for n := range 4 {
					first.Due = append(first.Due, payment.Due{Kind: payment.DueSession, ID: id("payses", n), At: noon.Add(time.Duration(n) * time.Hour)})
				}
				require.NoError(t, s.Commit(ctx, first))
				version, delivery, settings, hour, done := int64(0), int64(-1), int64(-1), -1, -1
				for _, c := range []struct {
					name  string
					write func() error
				}{
					{"commit", func() error { version++; return s.Commit(ctx, changes(1, version, 1)) }},
					{"delivery", func() error {
						delivery++
						return s.PutDelivery(ctx, &payment.Delivery{ID: "whd", Version: delivery, State: payment.DeliveryHandled})
					}},
					{"settings", func() error { settings++; return s.PutSettings(ctx, &payment.Settings{Version: settings}) }},
					{"claim", func() error {
						hour++
						_, err := s.Claim(ctx, payment.DueSession, noon.Add(time.Duration(hour)*time.Hour), noon.Add(24*time.Hour), 1)
						return err
					}},
					{"done", func() error {
						done++
						return s.Done(ctx, payment.Due{Kind: payment.DueSession, ID: id("payses", done), At: noon.Add(24 * time.Hour)}, noon.Add(48*time.Hour))
					}},
				} {
					for range 2 { // an insert and an update, which are prepared then, where anything is
						require.NoError(t, c.write(), c.name)
					}
					p.lose("")
					require.ErrorIs(t, c.write(), payment.ErrCommitUnknown, c.name)
					require.NoError(t, c.write(), "%s: it had happened, and the next one can", c.name)
				}
				require.EqualValues(t, 5, p.lost.Load())
			})
		}
	}
}

// TestAPoolerLosesTheAnswerForAll has a pooler lose what the server says of a transaction of many commits: each of them may have been written, and
// none is sent again.
func TestAPoolerLosesTheAnswerForAll(t *testing.T) {
	for name, says := range map[string]pgproto3.ErrorResponse{
		"says so":      {Severity: "FATAL", Code: "08P01", Message: "query timeout"},
		"says nothing": {},
	} {
		for _, way := range []string{"exec", "simple"} { // in the others, its text is sent before, to be prepared
			t.Run(name+" "+way, func(t *testing.T) { losesTheAnswerForAll(t, &pooler{says: says}, ways[way]) })
		}
	}
}

func losesTheAnswerForAll(t *testing.T, p *pooler, change func(*pgxpool.Config)) {
	t.Helper()
	s, pool := open(t, few, change, p.between)
	blocked, first := stuck(t, s, connect(t, pool.Config().ConnString()))
	p.lose("set_config('lock_timeout'")
	var all []*payment.Changes
	for n := range 5 {
		all = append(all, changes(n, 0, 1))
	}
	wait := commitAll(t.Context(), s, all)
	errs := wait()
	require.NoError(t, blocked.Rollback(t.Context()))
	for _, err := range first() {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, p.lost.Load())
	unknown := 0
	for n, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, payment.ErrCommitUnknown)
			unknown++
		}
		rows, err := s.Load(t.Context(), payment.Key{CollectionID: id("paycol", n)})
		require.NoError(t, err)
		require.EqualValues(t, 1, rows.Collections[0].Version)
	}
	require.Greater(t, unknown, 1)
}

// TestAnAdministratorEndsAConnection ends the connection of a commit that waits for a row: what says so may be a pooler, so the commit is unknown,
// and is made again.
func TestAnAdministratorEndsAConnection(t *testing.T) {
	for way, change := range ways {
		t.Run(way, func(t *testing.T) {
			ctx := t.Context()
			s, pool := open(t, change)
			require.NoError(t, s.Commit(ctx, changes(1, 0, 1)))
			held := lock(t, pool, 1)
			wait := commitAll(ctx, s, []*payment.Changes{changes(1, 1, 1)})
			require.Eventually(t, func() bool {
				var ended bool
				err := pool.QueryRow(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&ended)
				return err == nil && ended
			}, 5*time.Second, time.Millisecond)
			require.ErrorIs(t, wait()[0], payment.ErrCommitUnknown)
			require.NoError(t, held.Rollback(ctx))
			require.NoError(t, s.Commit(ctx, changes(1, 1, 1)))
		})
	}
}

// TestALoginIsRefused ends connections by FATAL errors before anything is sent: nothing was written then.
func TestALoginIsRefused(t *testing.T) {
	ctx := t.Context()
	var refused atomic.Bool
	s, pool := open(t, func(cfg *pgxpool.Config) {
		cfg.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
			if refused.Load() {
				c.User = "nobody_at_all"
			}
			return nil
		}
	})
	require.NoError(t, s.Commit(ctx, changes(1, 0, 1)))
	refused.Store(true)
	pool.Reset()
	err := s.Commit(ctx, changes(1, 1, 1))
	problem(t, err, payment.StoreGone)
	require.ErrorContains(t, err, "FATAL")
}
