package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	_ "modernc.org/sqlite" // the driver
)

// Config is what can be set about a store. The zero Config is a good one.
type Config struct {
	BusyTimeout time.Duration    // how long a call waits while others keep the database locked; 0 means 5 seconds. Its context may end it before
	Now         func() time.Time // the clock of Deliver; nil means time.Now
	GiveUpAfter time.Duration    // after so long, and 50 tries, Deliver gives up an event; 0 means 24 hours
	Logger      *slog.Logger     // for events that Deliver could not deliver; nil means slog.Default
}

// check refuses what cannot be meant.
func (c Config) check() error {
	if c.BusyTimeout < 0 {
		return &payment.InvalidError{Field: "BusyTimeout", Rule: "must not be negative"}
	}
	if c.GiveUpAfter < 0 {
		return &payment.InvalidError{Field: "GiveUpAfter", Rule: "must not be negative"}
	}
	return nil
}

func errNoDatabase() error { return &payment.InvalidError{Field: "db", Rule: "must not be nil"} }

func (c Config) withDefaults() Config {
	if c.BusyTimeout == 0 {
		c.BusyTimeout = 5 * time.Second
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
	return c
}

// Store keeps rows in SQLite. Make one with [Open] or [New]. All its methods are safe for concurrent use.
type Store struct {
	cfg    Config
	t      *tables
	reader *pool
	writer *pool     // of one connection: SQLite has one writer at a time
	owned  []*sql.DB // to be closed with the store
	path   string    // of the file, empty where it is not ours
	file   os.FileInfo

	life    context.Context //nolint:containedctx // ends with Close, whatever calls there are
	end     context.CancelFunc
	writers sync.WaitGroup

	mu      sync.Mutex // guards what is below
	waiting []*job
	writing bool // somebody takes what waits
}

const (
	readers = 4
	maxLog  = 16 << 20 // to how many bytes a log is cut that a long reader has let grow; else it is taken over at 4 MB
)

// Open opens the database in a file, and creates the file (readable to this user only), and migrates it, where needed. ":memory:" is a
// database that ends with the store.
//
// Any number of processes of one machine may have a file open. The error is a [*payment.StoreError] that says what an operator can do, or a
// [*payment.InvalidError] that names path or the field of cfg.
func Open(path string, cfg Config) (*Store, error) {
	if path == "" {
		return nil, &payment.InvalidError{Field: "path", Rule: `must not be empty: name a file, or ":memory:"`}
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := newStore(cfg.withDefaults())
	ctx := context.Background() // locks are waited for as Config says; a migration takes the time that it takes
	err := s.open(ctx, path)
	if err == nil {
		err = s.check(ctx)
	}
	if err != nil {
		return nil, errors.Join(explain(ctx, err), s.Close())
	}
	return s, nil
}

func newStore(cfg Config) *Store {
	s := &Store{cfg: cfg, t: newTables()}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

func (s *Store) open(ctx context.Context, path string) error {
	if path == ":memory:" {
		db, err := s.own("file::memory:?_pragma=foreign_keys(1)")
		if err != nil {
			return err
		}
		db.SetMaxOpenConns(1)
		s.writer = newPool(db, 1, true, "")
		s.reader = s.writer
		return Migrate(ctx, db)
	}
	path, err := filepath.Abs(path) // the process may go elsewhere
	if err != nil {
		return problem(payment.StoreGone, "the directory of this process is gone: name the file from the root on", err)
	}
	if err := s.create(path); err != nil {
		return err
	}
	uri := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	const settings = "?mode=rw&_txlock=immediate&_pragma=busy_timeout(100)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	db, err := s.own("file:" + uri + settings + fmt.Sprintf("&_pragma=journal_size_limit(%d)", maxLog))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	patience, cancel := context.WithTimeout(ctx, s.cfg.BusyTimeout)
	defer cancel()
	for err = Migrate(ctx, db); busy(err) && patience.Err() == nil; err = Migrate(ctx, db) {
		s.pause() // another process makes it
	}
	if err != nil {
		return err
	}
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return problem(payment.StoreUnsupported, "the file system cannot hold a write-ahead log: use a disk of this machine", nil)
	}
	s.writer = newPool(db, 1, true, "PRAGMA busy_timeout = 0") // it waits where everybody can leave
	db, err = s.own("file:" + uri + fmt.Sprintf("?mode=rw&_pragma=busy_timeout(%d)&_pragma=query_only(1)", s.cfg.BusyTimeout.Milliseconds()))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(readers)
	s.reader = newPool(db, readers, true, "")
	s.path = path
	s.file, err = os.Stat(path)
	return err
}

func (s *Store) own(dsn string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	s.owned = append(s.owned, db)
	return db, nil
}

// create creates the file if it is not there: it holds secrets, and SQLite would let everybody read it. A file that is there is not opened
// here, because closing it would end the locks of others in this process.
func (s *Store) create(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil // SQLite says better what is wrong
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return problem(payment.StoreReadOnly, "let this process write to the file's directory", err)
	case err != nil:
		return problem(payment.StoreGone, "the file cannot be created: see that its directory exists", err)
	}
	return f.Close()
}

// New returns a store on the host's own database, where [Migrate] has made the tables, so that the host's rows and these can be written in
// one transaction ([Store.WithTx]). The host closes db, after the store.
//
// Where db may have eight connections or more, the store keeps up to five of them until Close; with fewer, it borrows one for each call. A
// database in memory needs db.SetMaxOpenConns(1). On the connection that it writes with, the store sets synchronous to FULL, without which a
// commit can be lost when the power fails; the host should set the same, and journal_mode WAL and a busy_timeout, in its data source name.
//
// The error is a [*payment.StoreError]: not_migrated, too_old and too_new among others; or a [*payment.InvalidError] that names db or the field
// of cfg.
func New(db *sql.DB, cfg Config) (*Store, error) {
	if db == nil {
		return nil, errNoDatabase()
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithTimeout(context.Background(), cfg.BusyTimeout)
	defer cancel()
	const full = "PRAGMA synchronous = FULL"
	s := newStore(cfg)
	switch most := db.Stats().MaxOpenConnections; {
	case most == 1:
		s.writer = newPool(db, 1, false, full)
		s.reader = s.writer
	case most == 0 || most >= 2*readers:
		s.writer = newPool(db, 1, true, full)
		s.reader = newPool(db, readers, true, "")
	default:
		s.writer = newPool(db, 1, false, full)
		s.reader = newPool(db, most, false, "")
	}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(explain(context.Background(), err), s.Close())
	}
	return s, nil
}

// check refuses a database whose tables are not those of this version.
func (s *Store) check(ctx context.Context) error {
	return s.readAside(ctx, func(ctx context.Context, db database) error {
		version, err := schemaVersion(ctx, db)
		if err != nil {
			return err
		}
		return checkVersion(version)
	})
}

// Close waits for writes that have begun, and closes what the store has opened. Calls that wait, and later ones, get a
// [*payment.StoreError] of problem gone. The error is the database's; the store is closed nevertheless.
func (s *Store) Close() error {
	s.mu.Lock()
	first := s.life.Err() == nil
	s.end()
	s.mu.Unlock()
	if !first {
		return nil
	}
	s.writers.Wait()
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.drain())
	}
	if s.reader != nil && s.reader != s.writer {
		errs = append(errs, s.reader.drain())
	}
	for _, db := range s.owned {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// intact returns an error when the file is no longer where it was: SQLite would write to what nobody can find, and read what others put
// in its place.
func (s *Store) intact() error {
	if s.path == "" {
		return nil
	}
	now, err := os.Stat(s.path)
	if err != nil || !os.SameFile(now, s.file) {
		return moved(err)
	}
	return nil
}

// take waits for a connection: until the context ends, the store is closed, or the time for locks is over.
func (s *Store) take(ctx context.Context, p *pool) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	patience, cancel := context.WithTimeout(ctx, s.cfg.BusyTimeout)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	c, err := p.take(patience)
	switch {
	case s.life.Err() != nil:
		if err == nil {
			p.give(c)
		}
		return nil, closed()
	case err != nil && ctx.Err() == nil && patience.Err() != nil:
		return nil, locked(err)
	}
	return c, err
}

// read runs f, which looks at a few rows alone, on rows as of one moment. Where nobody writes just now it has the writer's connection: that one still
// knows the pages that it has read or written, and any other reads all of them anew after each commit. A commit that comes meanwhile waits for it.
func (s *Store) read(ctx context.Context, f func(context.Context, database) error) error {
	if c := s.idleWriter(); c != nil {
		if err := s.readOnWriter(ctx, c, f); !busy(err) { // it does not wait for locks
			return explain(ctx, err)
		}
	}
	return s.readAside(ctx, f)
}

// readOnWriter runs f on the writer's connection, which nothing may interrupt: what comes too late would interrupt a commit.
func (s *Store) readOnWriter(ctx context.Context, c *connection, f func(context.Context, database) error) error {
	defer s.writer.give(c)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.intact(); err != nil {
		return err
	}
	return readOn(context.WithoutCancel(ctx), c, f)
}

// readAside runs f on rows as of one moment, and is in no writer's way.
func (s *Store) readAside(ctx context.Context, f func(context.Context, database) error) error {
	if err := s.intact(); err != nil {
		return err
	}
	c, err := s.take(ctx, s.reader)
	if err != nil {
		return explain(ctx, err)
	}
	defer s.reader.give(c)
	return explain(ctx, readOn(ctx, c, f))
}

// readOn runs f in a transaction that reads.
func readOn(ctx context.Context, c *connection, f func(context.Context, database) error) error {
	safe := context.WithoutCancel(ctx) // neither waits, and whatever was begun has to end
	if _, err := c.exec(safe, "BEGIN"); err != nil {
		return err
	}
	defer func() { _, _ = c.exec(safe, "ROLLBACK") }() // it only read
	return f(ctx, c)
}

var _ payment.Store = (*Store)(nil)
