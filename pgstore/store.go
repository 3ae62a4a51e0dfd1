package pgstore

import (
	"context"
	"log/slog"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed40c892db/payment"
)

// Config says where the tables are, and how events are delivered. The zero Config is fine.
type Config struct {
	Schema      string           // the schema of the tables: lower-case letters, digits and _; "payment" if empty. Several merchants: a schema each
	Now         func() time.Time // for Deliver: the time; time.Now if nil
	GiveUpAfter time.Duration    // for Deliver: an event that was refused for so long, and ten times, is given up; 24 hours if 0
	Logger      *slog.Logger     // for Deliver: told of events that were refused and given up; slog.Default() if nil
}

// check fills the defaults in.
func (c Config) check() (Config, error) {
	if c.Schema == "" {
		c.Schema = "payment"
	}
	if !regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`).MatchString(c.Schema) {
		return c, &payment.InvalidError{Field: "Schema", Rule: "must be at most 63 lower-case letters, digits and _, and not begin with a digit"}
	}
	if c.GiveUpAfter < 0 {
		return c, &payment.InvalidError{Field: "GiveUpAfter", Rule: "must not be negative"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.GiveUpAfter == 0 {
		c.GiveUpAfter = 24 * time.Hour
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}

// Store keeps payments in PostgreSQL. Make one with [New]. All its methods are safe for concurrent use.
//
// An error is a [*payment.StoreError] where the database cannot serve, a [*payment.InvalidError] where a row holds what it cannot hold.
type Store struct {
	db    database
	sql   *statements
	cfg   Config
	known *atomic.Bool  // whether the database was seen to be usable
	pool  *pgxpool.Pool // nil in a transaction of the host
	queue *queue        // nil where each commit goes alone: in a transaction of the host, or if the pool's hooks look at contexts
	spare *sync.Pool    // of *writer, for the next commits; nil where a tracer of the host may keep what was sent
}

// New returns a store on the tables of cfg.Schema. It does not connect: that [Migrate] was run, and that the server is PostgreSQL 15 or
// newer, is found out by the first call, whose error says so.
//
// The pool is the host's: its size bounds what the store does at a time, and closing it is the host's business. [Prepare] makes its
// connections ready. Commits of several callers may share a transaction, whose context has no values, for a tracer for example. They never do
// if the pool has a PrepareConn or BeforeAcquire, which may make something of the caller's context.
//
// The error is a [*payment.InvalidError] that names pool or the field of cfg.
func New(pool *pgxpool.Pool, cfg Config) (*Store, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if pool == nil {
		return nil, errNoPool()
	}
	db := newPooled(pool)
	s := &Store{db: db, sql: newStatements(cfg.Schema), cfg: cfg, known: new(atomic.Bool), pool: pool}
	if of := pool.Config(); of.PrepareConn == nil && of.BeforeAcquire == nil { //nolint:staticcheck // deprecated, and in use
		s.queue = newQueue(s.db, of.MaxConns)
	}
	if db.plain {
		s.spare = &sync.Pool{}
	}
	return s, nil
}

func errNoPool() error { return &payment.InvalidError{Field: "pool", Rule: "must not be nil"} }

// Prepare makes the pool's new connections prepare by name the statements that a conflict makes fail, so that it costs no round trips for
// preparing them again. Call it before [pgxpool.NewWithConfig]. The store works without it, and so do connections that are made before [Migrate].
//
// The error is a [*payment.InvalidError] that names pool or the field of cfg.
func Prepare(pool *pgxpool.Config, cfg Config) error {
	cfg, err := cfg.check()
	if err != nil {
		return err
	}
	if pool == nil {
		return errNoPool()
	}
	before := pool.AfterConnect
	statements := newStatements(cfg.Schema).refusable()
	pool.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		if before != nil {
			if err := before(ctx, c); err != nil {
				return err
			}
		}
		for _, sql := range statements {
			if _, err := c.Prepare(ctx, sql, sql); isCode(err, undefinedTable, undefinedSchema, undefinedColumn, noPrivilege) {
				return nil // the first call says what is wrong
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// WithTx returns the same store within a transaction of the host: what it writes is committed, or rolled back, with all that the host
// writes there. Each write is a savepoint of its own, so that after an error of the store the transaction can go on. The isolation level
// is the host's.
//
// Nothing is tried again inside: a serialization failure or a deadlock (SQLSTATE 40001, 40P01) comes as the [*pgconn.PgError], as the
// whole transaction is to be repeated. A row that another transaction holds is waited for, until the context ends. No error matches
// [payment.ErrCommitUnknown]: whether it happened, the host's own commit says.
func (s *Store) WithTx(tx pgx.Tx) payment.Store {
	return &Store{db: joined{tx}, sql: s.sql, cfg: s.cfg, known: s.known}
}

var _ payment.Store = (*Store)(nil)
