package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// results are those of a batch, one statement after the other.
type results interface {
	Exec() (pgconn.CommandTag, error)
	Query() (pgx.Rows, error)
}

// answers reads the results of a batch.
type answers func(results) error

// database is where batches go: a pool, or a transaction of the host. A batch is one round trip.
type database interface {
	// read sends statements that change nothing.
	read(ctx context.Context, b *pgx.Batch, then answers) error
	// write sends statements of which all happen or none. They are asked for when there is a connection to send them on, for each try. The error
	// matches errUncertain if it may have been all of them.
	write(ctx context.Context, what batch, then answers) error
}

// batch returns the statements that are to be sent, for one try: pgx keeps in them what it knows of the connection that they were sent on. It
// returns nil if there is nothing to send any more.
type batch func() *pgx.Batch

// always returns the same statements for each try.
func always(b *pgx.Batch) batch {
	sent := false
	return func() *pgx.Batch {
		if !sent {
			sent = true
			return b
		}
		copied := &pgx.Batch{}
		for _, q := range b.QueuedQueries {
			copied.Queue(q.SQL, q.Arguments...)
		}
		return copied
	}
}

// errNothingToSend says that there was nothing to send any more when there was a connection.
var errNothingToSend = refused("there is nothing to send")

// errUncertain says that a batch may or may not have happened.
var errUncertain = errors.New("the server's answer was lost")

// pooled sends each batch on a connection of its own. Without a BEGIN, a batch is a transaction.
type pooled struct {
	pool      *pgxpool.Pool
	plain     bool       // nothing of the host's looks at what is sent, and pgx is not told how to send it
	encodings *sync.Pool // of *encoding
}

// newPooled looks at how the pool's connections are made.
func newPooled(pool *pgxpool.Pool) pooled {
	cfg := pool.Config()
	conn := cfg.ConnConfig
	return pooled{
		pool:      pool,
		plain:     cfg.BeforeConnect == nil && conn.Tracer == nil && conn.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement,
		encodings: &sync.Pool{New: func() any { return &encoding{} }},
	}
}

func (p pooled) read(ctx context.Context, b *pgx.Batch, then answers) error {
	what := always(b)
	return again(ctx, func() error {
		return p.send(ctx, what, then)
	})
}

func (p pooled) write(ctx context.Context, what batch, then answers) error {
	return again(ctx, func() error {
		err := p.send(ctx, what, then)
		if err != nil && uncertain(err) {
			return fmt.Errorf("%w: %w", errUncertain, err)
		}
		return err
	})
}

// send sends a batch.
func (p pooled) send(ctx context.Context, what batch, then answers) error {
	c, err := p.pool.Acquire(ctx)
	if err != nil {
		return &acquireError{err: err, full: full(p.pool)}
	}
	defer c.Release()
	open := !c.Conn().IsClosed()
	err = p.sendOn(ctx, c, what(), then)
	if open && errors.Is(err, pgconn.ErrConnClosed) {
		err = &lostError{err}
	}
	if isCode(err, unknownStatement) { // somebody has made the server forget what was prepared: it is to be prepared again
		_ = c.Conn().DeallocateAll(ctx)
	}
	return scrub(err)
}

// lostError says that the connection broke after a batch was sent on it. Where pgx sends it without preparing anything, pgx itself says then what it says
// of a connection that was closed before, and that it is safe to send the batch again.
type lostError struct{ err error }

// Error returns what pgx said.
func (e *lostError) Error() string { return "the connection broke: " + e.err.Error() }

// Unwrap returns what pgx said.
func (e *lostError) Unwrap() error { return e.err }

// SafeToRetry says that something was sent.
func (e *lostError) SafeToRetry() bool { return false }

// sendOn sends a batch on a connection.
func (p pooled) sendOn(ctx context.Context, c *pgxpool.Conn, b *pgx.Batch, then answers) error {
	if b == nil {
		return errNothingToSend
	}
	if sent := p.pipeline(ctx, c.Conn(), b); sent != nil {
		err := then(sent)
		if closed := sent.close(); err == nil {
			err = closed
		}
		return err
	}
	if b.Len() == 1 { // the same round trip, with less ado
		one := &single{ctx: ctx, conn: c.Conn(), query: b.QueuedQueries[0]}
		return one.close(then(one))
	}
	results := c.SendBatch(ctx, b)
	err := then(results)
	if closed := results.Close(); err == nil {
		err = closed
	}
	return err
}

// single is the result of one statement, whose transaction it is.
type single struct {
	ctx   context.Context //nolint:containedctx // of the call that it is made for
	conn  *pgx.Conn
	query *pgx.QueuedQuery
	rows  pgx.Rows
}

// Query sends the statement.
func (s *single) Query() (rows pgx.Rows, err error) {
	s.rows, err = s.conn.Query(s.ctx, s.query.SQL, s.query.Arguments...) //nolint:gocritic // who calls reads the rows
	return s.rows, err
}

// Exec sends the statement, and reads what it returns.
func (s *single) Exec() (pgconn.CommandTag, error) {
	rows, err := s.Query()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	rows.Close()
	return rows.CommandTag(), rows.Err()
}

// close ends the statement, and returns what went wrong first.
func (s *single) close(err error) error {
	if s.rows == nil {
		return err
	}
	s.rows.Close()
	if err == nil {
		err = s.rows.Err()
	}
	return err
}

// full reports whether all connections of the pool are in use.
func full(pool *pgxpool.Pool) bool {
	stat := pool.Stat()
	return stat.AcquiredConns() >= stat.MaxConns()
}

// acquireError says that there was no connection.
type acquireError struct {
	err  error
	full bool // whether all connections of the pool were in use
}

// Error returns what the pool said.
func (e *acquireError) Error() string { return "no connection: " + e.err.Error() }

// Unwrap returns what the pool said.
func (e *acquireError) Unwrap() error { return e.err }

// SafeToRetry says that nothing was sent.
func (e *acquireError) SafeToRetry() bool { return true }

// uncertain reports whether a batch that ended with err may have been committed. The server answers in order, and sends all answers
// before it commits: an error among the answers means that it did not. Who ends the connection may be a pooler between, though, which has
// lost the server's answers: that says nothing.
func uncertain(err error) bool {
	if _, ok := errors.AsType[*acquireError](err); ok { // a login that was refused ends its connection as well
		return false
	}
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		return !isError(said)
	}
	return !pgconn.SafeToRetry(err) && !errors.Is(err, errRefused)
}

// isError reports whether the server refused a statement, rather than that the connection was ended. Severity is in the server's language.
func isError(said *pgconn.PgError) bool {
	return (said.Severity == "ERROR" || said.SeverityUnlocalized == "ERROR") && !isBroken(said)
}

// isBroken reports whether it is an error of the connection: class 08.
func isBroken(said *pgconn.PgError) bool { return strings.HasPrefix(said.Code, "08") }

// errRefused marks errors of an answers function that are no failure of the connection.
var errRefused = errors.New("pgstore: refused")

// maxTries is how often a batch that others got in the way of is sent in all.
const maxTries = 8

// again repeats what a serialization failure or a deadlock has undone, or what was never sent as the connection was broken, after 1 to
// 100 ms.
func again(ctx context.Context, send func() error) error {
	for try := 1; ; try++ {
		err := send()
		if try == maxTries || !worthAnother(err) || ctx.Err() != nil {
			return err
		}
		most := min(time.Millisecond<<try, 100*time.Millisecond)
		timer := time.NewTimer(rand.N(most) + time.Millisecond) //nolint:gosec // jitter
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

func worthAnother(err error) bool {
	if errors.Is(err, errUncertain) || errors.Is(err, errRefused) {
		return false
	}
	if _, ok := errors.AsType[*acquireError](err); ok {
		return false
	}
	return isCode(err, serializationFailure, deadlock, unknownStatement) || pgconn.SafeToRetry(err)
}

// joined sends batches in a transaction of the host.
type joined struct{ tx pgx.Tx }

func (j joined) read(ctx context.Context, b *pgx.Batch, then answers) error {
	_, err := j.send(ctx, b, then)
	return err
}

func (j joined) write(ctx context.Context, what batch, then answers) error {
	guarded := &pgx.Batch{}
	guarded.Queue("SAVEPOINT payment_store")
	guarded.QueuedQueries = append(guarded.QueuedQueries, what().QueuedQueries...)
	guarded.Queue("RELEASE SAVEPOINT payment_store")
	failed, err := j.send(ctx, guarded, func(results results) error {
		if _, err := results.Exec(); err != nil {
			return err
		}
		return then(results)
	})
	if failed && ctx.Err() == nil {
		// If this fails as well, the transaction has failed, which the host sees by its next statement.
		_, _ = j.tx.Exec(ctx, "ROLLBACK TO SAVEPOINT payment_store; RELEASE SAVEPOINT payment_store", pgx.QueryExecModeSimpleProtocol)
	}
	return err
}

// send sends a batch. failed says whether a statement did, not only what was made of its answer.
func (j joined) send(ctx context.Context, b *pgx.Batch, then answers) (failed bool, err error) {
	results := j.tx.SendBatch(ctx, b)
	err = then(results)
	closed := results.Close()
	if err == nil {
		err = closed
	}
	return closed != nil, scrub(err)
}
