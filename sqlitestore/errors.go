package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/seed40c892db/payment"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// code returns what SQLite says of an error, 0 when it is not SQLite's. The low byte is the primary code.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

func primary(err error) int { return code(err) & 0xff }

// busy reports whether somebody else has the lock.
func busy(err error) bool {
	return primary(err) == sqlite3.SQLITE_BUSY || primary(err) == sqlite3.SQLITE_LOCKED
}

// taken reports whether a row breaks a unique index, or one of the triggers that compare references.
func taken(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID,
		sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		return true
	}
	return false
}

// explain makes of an error what an operator can act on. Errors of this module pass unchanged.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*payment.StoreError](err); ok || ours(err) {
		return err
	}
	if ctx.Err() != nil && (primary(err) == sqlite3.SQLITE_INTERRUPT || code(err) == 0 || busy(err)) {
		return fmt.Errorf("sqlitestore: %w", ctx.Err())
	}
	if errors.Is(err, sql.ErrTxDone) {
		return problem(payment.StoreGone, "the transaction has ended: begin another one", err)
	}
	if taken(err) {
		return fmt.Errorf("sqlitestore: %w: %w", payment.ErrDuplicate, err)
	}
	switch primary(err) {
	case sqlite3.SQLITE_BUSY:
		if code(err) == sqlite3.SQLITE_BUSY_SNAPSHOT {
			return problem(payment.StoreBusy, "another connection has written since the transaction began to read: roll it back and begin it "+
				"again, with BEGIN IMMEDIATE (_txlock=immediate)", err)
		}
		return locked(err)
	case sqlite3.SQLITE_LOCKED:
		return locked(err)
	case sqlite3.SQLITE_READONLY:
		if code(err) == sqlite3.SQLITE_READONLY_DBMOVED {
			return moved(err)
		}
		return problem(payment.StoreReadOnly, "let this process write to the file and to its directory", err)
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return problem(payment.StoreReadOnly, "let this process write to the file and to its directory", err)
	case sqlite3.SQLITE_FULL:
		return problem(payment.StoreFull, "make room on the disk, or raise the database's max_page_count", err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return problem(payment.StoreDamaged, "the file is no SQLite database, or it is damaged: restore it from a backup", err)
	case sqlite3.SQLITE_CANTOPEN:
		return problem(payment.StoreGone, "the file cannot be opened: see that its directory exists and that this process may write there", err)
	case sqlite3.SQLITE_IOERR:
		return problem(payment.StoreGone, "the disk does not answer: look at the system's log", err)
	case 0:
		return problem(payment.StoreGone, "the database is closed, or its connection is lost", err)
	}
	return fmt.Errorf("sqlitestore: %w", err)
}

// ours reports whether an error is an answer of the contract, or a context's.
func ours(err error) bool {
	for _, known := range []error{payment.ErrConflict, payment.ErrDuplicate, payment.ErrNotFound, payment.ErrInvalid, payment.ErrCommitUnknown,
		context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func problem(p payment.StoreProblem, advice string, err error) error {
	return &payment.StoreError{Problem: p, Advice: advice, Err: err}
}

func locked(err error) error {
	return problem(payment.StoreBusy, "another process or a long transaction keeps the database locked, or has its only connection: end it, or "+
		"raise Config.BusyTimeout", err)
}

func moved(err error) error {
	return problem(payment.StoreGone, "the file was deleted, moved or replaced while it was open: put it back and open it again", err)
}

func closed() error {
	return problem(payment.StoreGone, "the store was closed: open it again", nil)
}

// damaged names the row that cannot be read, and nothing of what it holds.
func damaged(table, id string, err error) error {
	return problem(payment.StoreDamaged, fmt.Sprintf("repair the row %.64q of %s, or restore it from a backup", id, table), err)
}

func invalid(field, rule string) error { return &payment.InvalidError{Field: field, Rule: rule} }

func conflict(what, id string, version int64) error {
	return fmt.Errorf("sqlitestore: %s %.64q is not at version %d: %w", what, id, version, payment.ErrConflict)
}

func foreign(id string) error {
	return fmt.Errorf("sqlitestore: %.64q belongs to another collection: %w", id, payment.ErrDuplicate)
}
