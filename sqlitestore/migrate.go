package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/seed40c892db/payment"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schema is the version of the tables that this code reads and writes: that of the last migration.
const schema = 3

// Migrations returns the migrations as SQL, 0001_….sql first, for hosts that run theirs with a tool of their own: each in one transaction,
// in order, and once. The last statement of each notes its version in the table payment_schema.
//
// Some make a table anew: they drop it, and give its name to another. So the connection must have its foreign keys off, or rows of the host's that
// reference the table are deleted where they say ON DELETE CASCADE. It must be set before the transaction begins, within which it does nothing:
//
//	PRAGMA foreign_keys = OFF;
//	PRAGMA legacy_alter_table = ON; -- else views and triggers of the host's that read the table are in the way
//	BEGIN IMMEDIATE;
//	.read 0002_without_rowid.sql
//	PRAGMA foreign_key_check; -- has to return nothing
//	COMMIT;
//	PRAGMA legacy_alter_table = OFF;
//	PRAGMA foreign_keys = ON;
//
// Triggers and indexes of the host's own on such a table are gone then, and are to be made anew. [Migrate] does all of this.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil { // only for a path that is not valid
		return migrations
	}
	return sub
}

// Migrate makes the tables, or brings them to this version, in one transaction. It is safe to be called by several processes at once, and
// does nothing when nothing is to be done. [Open] calls it; with [New] the host does. Rows of the host's that reference these tables stay as they are,
// and so do its views, and its triggers and indexes on them.
//
// The error is a [*payment.StoreError]: too_new when a later version of this module has migrated the database, unsupported when its encoding
// is not UTF-8; among others. Nothing was changed then.
func Migrate(ctx context.Context, db *sql.DB) error {
	if db == nil {
		return errNoDatabase()
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return explain(ctx, err)
	}
	c := &connection{conn: conn}
	return errors.Join(explain(ctx, migrate(ctx, c)), c.close())
}

func migrate(ctx context.Context, c *connection) (err error) {
	// Whoever finds nothing to do needs no lock.
	if version, err := schemaVersion(ctx, c); err == nil && version == schema {
		return nil
	}
	// As SQLite says: https://www.sqlite.org/lang_altertable.html#otheralter. Within a transaction, the first of these does nothing.
	before, err := switchesOf(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		if failed := before.set(context.WithoutCancel(ctx), c); failed != nil {
			err = errors.Join(err, failed, c.discard())
		}
	}()
	if err := (switches{legacyAlterTable: true}).set(ctx, c); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = c.exec(context.WithoutCancel(ctx), "ROLLBACK") // err says what is wrong; nothing may have begun
		}
	}()
	if _, err = c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	version, err := schemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if version > schema {
		return checkVersion(version)
	}
	if err := keeping(ctx, c, before.foreignKeys, func() error { return runMigrations(ctx, c, version) }); err != nil {
		return err
	}
	_, err = c.exec(ctx, "COMMIT")
	return err
}

// runMigrations brings the tables from a version to this one.
func runMigrations(ctx context.Context, c *connection, version int64) error {
	for n := version + 1; n <= schema; n++ {
		names, err := fs.Glob(migrations, fmt.Sprintf("migrations/%04d_*.sql", n))
		if err != nil {
			return err
		}
		for _, name := range names {
			text, err := migrations.ReadFile(name)
			if err != nil {
				return err
			}
			if _, err := c.exec(ctx, string(text)); err != nil {
				return fmt.Errorf("sqlitestore: %s: %w", name, err)
			}
		}
	}
	return nil
}

// schemaVersion returns the version of the tables, 0 when there are none.
func schemaVersion(ctx context.Context, db database) (int64, error) {
	var encoding string
	if err := scanOne(ctx, db, &encoding, "PRAGMA encoding"); err != nil {
		return 0, err
	}
	if encoding != "UTF-8" {
		return 0, problem(payment.StoreUnsupported, "the database has the encoding "+encoding+": make one with UTF-8", nil)
	}
	var tables, version int64
	if err := scanOne(ctx, db, &tables, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'payment_schema'"); err != nil {
		return 0, err
	}
	if tables == 0 {
		return 0, nil
	}
	err := scanOne(ctx, db, &version, "SELECT version FROM payment_schema")
	return version, err
}

// scanOne fills v from a statement's only value; it stays as it is when there is none.
func scanOne(ctx context.Context, db database, v any, query string, args ...any) (err error) {
	rows, err := db.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if rows.Next() {
		if err := rows.Scan(v); err != nil {
			return err
		}
	}
	return rows.Err()
}

// checkVersion says what is wrong with tables of another version.
func checkVersion(version int64) error {
	switch {
	case version == 0:
		return problem(payment.StoreNotMigrated, "run sqlitestore.Migrate", nil)
	case version < schema:
		return problem(payment.StoreTooOld, fmt.Sprintf("the tables have version %d, not %d: run sqlitestore.Migrate", version, schema), nil)
	case version > schema:
		return problem(payment.StoreTooNew, fmt.Sprintf("the tables have version %d, later than %d: upgrade this program", version, schema), nil)
	}
	return nil
}
