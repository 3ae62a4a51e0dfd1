package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/seed40c892db/payment"
)

// What PostgreSQL calls its errors.
const (
	negativeRoot         = "2201F" // work of another collection: see compose
	divisionByZero       = "22012" // a condition that does not hold: see must
	notNullViolation     = "23502"
	uniqueViolation      = "23505"
	readOnly             = "25006"
	unknownStatement     = "26000"
	wrongPassword        = "28P01"
	notAuthorized        = "28000"
	unknownDatabase      = "3D000"
	undefinedSchema      = "3F000"
	serializationFailure = "40001"
	deadlock             = "40P01"
	noPrivilege          = "42501"
	undefinedColumn      = "42703"
	undefinedTable       = "42P01"
	duplicateTable       = "42P07"
	diskFull             = "53100"
	outOfMemory          = "53200"
	tooManyConnections   = "53300"
	lockNotAvailable     = "55P03"
	canceled             = "57014"
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
	cannotConnectNow     = "57P03"
	indexDamaged         = "XX002"
	dataDamaged          = "XX001"
)

// isCode reports whether PostgreSQL said one of these.
func isCode(err error, codes ...string) bool {
	said, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, said.Code)
}

// scrub drops what PostgreSQL quotes of a row, which may be private.
func scrub(err error) error {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		said.Detail, said.Where, said.InternalQuery = "", "", ""
	}
	return err
}

// unstorable makes the caller's mistake of what the server refuses to store, as it would each time: values that its types do not hold (class 22), and rows
// beyond its limits (54). What it says of the former may quote them.
func unstorable(field string, err error) error {
	said, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || !isError(said) {
		return err
	}
	switch said.Code[:2] {
	case "22":
		return &payment.InvalidError{Field: field, Rule: "cannot be stored by the server (SQLSTATE " + said.Code + ")"}
	case "54":
		return &payment.InvalidError{Field: field, Rule: "cannot be stored by the server: " + said.Message + " (SQLSTATE " + said.Code + ")"}
	}
	return err
}

// explain turns what went wrong into what the contract of Store names. None of its texts quotes a row.
func (s *Store) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errUncertain) {
		return fmt.Errorf("pgstore: %s: %w: %w", doing, payment.ErrCommitUnknown, err)
	}
	if _, ok := errors.AsType[*payment.StoreError](err); ok || errors.Is(err, payment.ErrInvalid) || errors.Is(err, errRefused) {
		return err
	}
	if problem, advice := s.diagnose(ctx, err); problem != "" {
		return &payment.StoreError{Problem: problem, Advice: advice, Err: fmt.Errorf("pgstore: %s: %w", doing, err)}
	}
	return fmt.Errorf("pgstore: %s: %w", doing, err)
}

// diagnose says why the database cannot serve; nothing where it can.
func (s *Store) diagnose(ctx context.Context, err error) (problem payment.StoreProblem, advice string) {
	if said, ok := errors.AsType[*pgconn.PgError](err); ok {
		return s.diagnoseCode(said)
	}
	if none, ok := errors.AsType[*acquireError](err); ok {
		if ctx.Err() == nil {
			return payment.StoreGone, "see that the server runs and can be reached, and that the pool is not closed"
		}
		if none.full {
			return payment.StoreBusy, "all connections of the pool are in use: raise its MaxConns, or look for what keeps them"
		}
		return "", ""
	}
	if errors.Is(err, pgx.ErrTxClosed) {
		return payment.StoreGone, "the transaction has ended: begin another one"
	}
	if ctx.Err() == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return payment.StoreGone, "the connection broke: see that the server runs"
	}
	return "", ""
}

func (s *Store) diagnoseCode(said *pgconn.PgError) (problem payment.StoreProblem, advice string) {
	switch said.Code {
	case undefinedTable, undefinedSchema:
		return payment.StoreNotMigrated, fmt.Sprintf("run pgstore.Migrate for schema %s", s.cfg.Schema)
	case undefinedColumn:
		return payment.StoreTooOld, fmt.Sprintf("run pgstore.Migrate for schema %s", s.cfg.Schema)
	case noPrivilege:
		return payment.StoreGone, "grant the role USAGE on schema " + s.cfg.Schema + " and SELECT, INSERT, UPDATE and DELETE on its tables; " +
			"Migrate needs CREATE on the database, or on the schema if that is there"
	case readOnly:
		return payment.StoreReadOnly, "connect to the primary: name all servers and target_session_attrs=read-write in the connection string"
	case diskFull:
		return payment.StoreFull, "free space on the server"
	case tooManyConnections, outOfMemory:
		return payment.StoreBusy, "the server takes no more: let the pools be smaller, or raise max_connections"
	case lockNotAvailable, canceled, serializationFailure, deadlock:
		return payment.StoreBusy, "look for a transaction that keeps rows locked, or raise statement_timeout and lock_timeout"
	case adminShutdown, crashShutdown, cannotConnectNow:
		return payment.StoreGone, "the server stops or starts: wait for it"
	case wrongPassword, notAuthorized, unknownDatabase:
		return payment.StoreGone, "the server refuses us: see the connection string, and pg_hba.conf"
	case dataDamaged, indexDamaged:
		return payment.StoreDamaged, "the server's files are damaged: restore a backup, or REINDEX"
	}
	if isBroken(said) {
		return payment.StoreGone, "the connection broke: see that the server runs, and what stands between, such as a pooler"
	}
	return "", ""
}

// damaged says that a row cannot be read. It matches errRefused: the connection is fine.
func damaged(table, id string, err error) error {
	return &payment.StoreError{
		Problem: payment.StoreDamaged,
		Advice:  fmt.Sprintf("repair the row %.64q of table %s: somebody changed it by hand", id, table),
		Err:     &refusedError{err},
	}
}

// refused makes an error that is no failure of the connection.
func refused(format string, args ...any) error { return &refusedError{fmt.Errorf(format, args...)} }

// refusedError is an error that is no failure of the connection.
type refusedError struct{ err error }

// Error returns what is wrong.
func (e *refusedError) Error() string { return e.err.Error() }

// Is reports whether target is errRefused.
func (e *refusedError) Is(target error) bool { return target == errRefused }

// Unwrap returns what is wrong.
func (e *refusedError) Unwrap() error { return e.err }
