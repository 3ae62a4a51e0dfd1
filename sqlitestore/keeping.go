package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed40c892db/payment"
)

// switches are what a migration needs of a connection to be otherwise than hosts have it. With foreign keys, DROP TABLE would delete the rows of the
// host's that reference the table. Without the old way of ALTER TABLE, RENAME would find that a view has no table.
type switches struct{ foreignKeys, legacyAlterTable bool }

func switchesOf(ctx context.Context, c *connection) (s switches, err error) {
	if err := scanOne(ctx, c, &s.foreignKeys, "PRAGMA foreign_keys"); err != nil {
		return s, err
	}
	err = scanOne(ctx, c, &s.legacyAlterTable, "PRAGMA legacy_alter_table")
	return s, err
}

// set sets them, and sees that they are set: SQLite does not say so where it cannot.
func (s switches) set(ctx context.Context, c *connection) error {
	if _, err := c.exec(ctx, fmt.Sprintf("PRAGMA foreign_keys = %t; PRAGMA legacy_alter_table = %t", s.foreignKeys, s.legacyAlterTable)); err != nil {
		return err
	}
	now, err := switchesOf(ctx, c)
	if err == nil && now != s {
		err = problem(payment.StoreUnsupported, "foreign keys cannot be switched: open the database without what sets them", nil)
	}
	return err
}

// discard ends a connection that nobody may use as it is now.
func (c *connection) discard() error {
	if err := c.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		return err
	}
	return nil
}

// keeping runs migrations, and sees that all that is the host's stays: its triggers and indexes on our tables, which go with a table that is made
// anew, and, where it has references checked, the rows that its own rows reference.
func keeping(ctx context.Context, c *connection, references bool, run func() error) error {
	had, err := objectsOfHost(ctx, c)
	if err != nil {
		return err
	}
	lost, err := dangling(ctx, c, references)
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	if err := makeAgain(ctx, c, had); err != nil {
		return err
	}
	now, err := dangling(ctx, c, references)
	if err == nil && now > lost {
		err = problem(payment.StoreDamaged, fmt.Sprintf("%d rows would reference payments that are not there: look for triggers that delete them", now-lost), nil)
	}
	return err
}

// object is a trigger or an index.
type object struct{ kind, name, sql string }

// objectsOfHost returns those that no migration has made, first the older ones.
func objectsOfHost(ctx context.Context, c *connection) (found []object, err error) {
	texts, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	made := ""
	for _, name := range texts {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		made += string(text)
	}
	rows, err := c.query(ctx, "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY rowid")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var o object
		if err := rows.Scan(&o.kind, &o.name, &o.sql); err != nil {
			return nil, err
		}
		if !strings.Contains(made, strings.ToUpper(o.kind)+" "+o.name+" ") {
			found = append(found, o)
		}
	}
	return found, rows.Err()
}

// makeAgain makes those objects of the host that are there no more.
func makeAgain(ctx context.Context, c *connection, had []object) error {
	have, err := objectsOfHost(ctx, c)
	if err != nil {
		return err
	}
	for _, o := range had {
		if slices.ContainsFunc(have, func(h object) bool { return h.kind == o.kind && h.name == o.name }) {
			continue
		}
		if _, err := c.exec(ctx, o.sql); err != nil {
			return problem(payment.StoreUnsupported, fmt.Sprintf("the %s %s does not fit the new tables: drop it, migrate, and make another", o.kind, o.name), err)
		}
	}
	return nil
}

// dangling counts rows of the host's that reference rows of ours that are not there, where it has references checked.
func dangling(ctx context.Context, c *connection, checked bool) (n int64, err error) {
	if !checked {
		return 0, nil
	}
	err = scanOne(ctx, c, &n, `SELECT count(*) FROM (SELECT DISTINCT m.name FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND lower(f."table") GLOB 'payment_*') t JOIN pragma_foreign_key_check(t.name) k WHERE lower(k.parent) GLOB 'payment_*'`)
	return n, err
}
