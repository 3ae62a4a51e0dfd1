package pgstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed40c892db/payment"
)

// oldestServer is the first version of PostgreSQL that the store is for, as server_version_num.
const oldestServer = 150000

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the SQL files that [Migrate] runs, in the order of their names, for those who run migrations by other means. Each
// is to run in a transaction of its own, with a search_path that begins with the schema of the store, which has to exist; it notes its
// number in schema_version itself. In psql:
//
//	BEGIN;
//	CREATE SCHEMA payment;
//	SET LOCAL search_path TO payment;
//	\i 0001_tables.sql
//	COMMIT;
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations // the name is a valid one
	}
	return sub
}

// migration is one file.
type migration struct {
	version int
	sql     string
}

func allMigrations() ([]migration, error) {
	files, err := fs.ReadDir(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	all := make([]migration, len(files))
	for i, f := range files {
		b, err := fs.ReadFile(migrations, "migrations/"+f.Name())
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(f.Name()[:4])
		if err != nil || n != i+1 {
			return nil, fmt.Errorf("pgstore: migration %s is not number %d", f.Name(), i+1)
		}
		all[i] = migration{n, string(b)}
	}
	return all, nil
}

// Migrate makes the schema of cfg, its tables and indexes, or brings them up to date. It is safe to call from every process at every start:
// one does it, in one transaction, the others wait and find it done. The role needs CREATE on the database, or on the schema if that
// exists.
//
// The error is a [*payment.StoreError]: too_new if a later version of this library was here, unsupported for a server older than
// PostgreSQL 15 or a database or connection that is not in UTF-8, or that the database cannot serve; it matches [payment.ErrInvalid] if cfg is
// wrong. Nothing was changed then.
func Migrate(ctx context.Context, pool *pgxpool.Pool, cfg Config) error {
	s, err := New(pool, cfg)
	if err != nil {
		return err
	}
	all, err := allMigrations()
	if err != nil {
		return err
	}
	changed := false
	err = again(ctx, func() error {
		changed = false
		c, err := pool.Acquire(ctx)
		if err != nil {
			return &acquireError{err: err, full: full(pool)}
		}
		defer c.Release()
		// Who has waited for the lock must see what was done meanwhile, whatever isolation is the default.
		return pgx.BeginTxFunc(ctx, c, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			if _, err := checkServer(ctx, tx, tx.Conn().PgConn()); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('payment/pgstore'), hashtext($1))", s.cfg.Schema); err != nil {
				return err
			}
			have, err := s.version(ctx, tx)
			if err != nil {
				return err
			}
			if have > len(all) {
				return tooNew(have, len(all))
			}
			for _, m := range all[have:] {
				if err := s.apply(ctx, tx, m); err != nil {
					return fmt.Errorf("migration %d: %w", m.version, err)
				}
				changed = true
			}
			return nil
		})
	})
	if err != nil {
		return s.explain(ctx, "migrate", err)
	}
	if changed {
		pool.Reset() // connections from now on prepare the statements
	}
	return nil
}

// checkServer refuses what the store is not for, and returns the server's DateStyle.
func checkServer(ctx context.Context, q querier, c *pgconn.PgConn) (style string, err error) {
	if err := inUTF8(c.ParameterStatus("server_encoding"), c.ParameterStatus("client_encoding")); err != nil {
		return "", err
	}
	var number int
	if err := q.QueryRow(ctx, "SELECT current_setting('server_version_num')::int, current_setting('DateStyle')").Scan(&number, &style); err != nil {
		return "", err
	}
	return style, supported(number)
}

// inUTF8 refuses encodings that cannot hold every text. What lies between may keep silent about them.
func inUTF8(server, client string) error {
	const utf8 = "UTF8"
	var advice string
	switch {
	case server != utf8 && server != "":
		advice = "make a database with ENCODING 'UTF8' (and TEMPLATE template0): this one has " + server
	case client != utf8 && client != "":
		advice = "let the connection string say client_encoding=UTF8, or set it for the role: it is " + client
	default:
		return nil
	}
	return &payment.StoreError{Problem: payment.StoreUnsupported, Advice: advice + ", in which some texts are refused or changed"}
}

// supported refuses servers that are too old.
func supported(number int) error {
	if number >= oldestServer {
		return nil
	}
	return &payment.StoreError{
		Problem: payment.StoreUnsupported, Advice: fmt.Sprintf("use PostgreSQL %d or newer; this is %d", oldestServer/10000, number/10000),
	}
}

func (s *Store) apply(ctx context.Context, tx pgx.Tx, m migration) error {
	if m.version == 1 {
		// Without IF NOT EXISTS the role would need CREATE on the database for a schema that is there.
		var there bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", s.cfg.Schema).Scan(&there)
		if err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+s.sql.schema); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(ctx, "SET LOCAL search_path TO "+s.sql.schema); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, m.sql, pgx.QueryExecModeSimpleProtocol)
	if isCode(err, duplicateTable) {
		err = &payment.StoreError{
			Problem: payment.StoreNotMigrated, Err: err,
			Advice: "schema " + s.cfg.Schema + " holds tables of somebody else, or lost its row of schema_version: let Config.Schema name one that is free",
		}
	}
	return err
}

// querier is a connection, a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// version returns which migration was applied last, 0 where there is none. It breaks no transaction.
func (s *Store) version(ctx context.Context, q querier) (int, error) {
	var there bool
	err := q.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "+
		"WHERE n.nspname = $1 AND c.relname = 'schema_version')", s.cfg.Schema).Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	var version int
	err = q.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM "+s.sql.schema+".schema_version").Scan(&version)
	return version, err
}

// ready finds out, once, whether the database is what the statements are for.
func (s *Store) ready(ctx context.Context) error {
	if s.known.Load() {
		return nil
	}
	err := s.inspect(ctx)
	if err == nil {
		s.known.Store(true)
	}
	return s.explain(ctx, "look at the database", err)
}

func (s *Store) inspect(ctx context.Context) error {
	var q querier
	var conn *pgx.Conn
	if j, ok := s.db.(joined); ok {
		q, conn = j.tx, j.tx.Conn()
	} else {
		c, err := s.pool.Acquire(ctx)
		if err != nil {
			return &acquireError{err: err, full: full(s.pool)}
		}
		defer c.Release()
		q, conn = c, c.Conn()
	}
	style, err := checkServer(ctx, q, conn.PgConn())
	if err != nil {
		return err
	}
	if err := readable(style, conn.Config().DefaultQueryExecMode); err != nil {
		return err
	}
	have, err := s.version(ctx, q)
	if err != nil {
		return err
	}
	all, err := allMigrations()
	if err != nil {
		return err
	}
	advice := "run pgstore.Migrate for schema " + s.cfg.Schema
	switch {
	case have == 0:
		return &payment.StoreError{Problem: payment.StoreNotMigrated, Advice: advice}
	case have < len(all):
		return &payment.StoreError{Problem: payment.StoreTooOld, Advice: advice}
	case have > len(all):
		return tooNew(have, len(all))
	}
	return nil
}

// readable refuses times that come as texts of another form than pgx reads. In its other modes they are binary.
func readable(style string, mode pgx.QueryExecMode) error {
	if strings.HasPrefix(style, "ISO") || mode != pgx.QueryExecModeExec && mode != pgx.QueryExecModeSimpleProtocol {
		return nil
	}
	return &payment.StoreError{
		Problem: payment.StoreUnsupported,
		Advice:  "let the connection string say datestyle=ISO, or set it for the role: times cannot be read in the style " + style,
	}
}

func tooNew(have, know int) error {
	return &payment.StoreError{
		Problem: payment.StoreTooNew,
		Advice:  fmt.Sprintf("upgrade the library: the tables have version %d, it knows %d", have, know),
	}
}
