package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/seed40c892db/payment"
)

// database is what statements run on: a connection, or a transaction of the host.
type database interface {
	exec(ctx context.Context, query string, args ...any) (changed int64, err error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// table is one kind of row, with its columns and the statements that need all of them.
type table[T any] struct {
	name    string
	columns []string       // the first one is the ID
	fields  func(*T) []any // pointers to the fields of those columns
	sel     string         // SELECT all columns FROM the table
	insert  string         // INSERT all columns
	upsert  string         // the same, or update the row with this key if it is the collection's
	quick   string         // the same, unless a column changes that is indexed: it leaves the indexes alone
}

// newTable makes a table with these columns, of which some are its key, and others indexed.
func newTable[T any](name, columns, key, indexed string, fields func(*T) []any) *table[T] {
	t := &table[T]{name: name, columns: strings.Fields(columns), fields: fields}
	list := strings.Join(t.columns, ", ")
	t.sel = "SELECT " + list + " FROM " + name
	t.insert = "INSERT INTO " + name + " (" + list + ") VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
	t.upsert = t.insert + t.onConflict(key, strings.Split(key, ", "), []string{"collection_id"})
	t.quick = t.insert + t.onConflict(key, strings.Split(key, ", "), append(strings.Fields(indexed), "collection_id"))
	return t
}

// onConflict updates all columns but the key and some others, where those are the same.
func (t *table[T]) onConflict(key string, keys, same []string) string {
	var set, where []string
	for _, c := range t.columns {
		switch {
		case slices.Contains(keys, c):
		case slices.Contains(same, c):
			where = append(where, t.name+"."+c+" = excluded."+c)
		default:
			set = append(set, c+" = excluded."+c)
		}
	}
	text := " ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(set, ", ")
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text
}

// encode returns a row's values in the order of the columns.
func (t *table[T]) encode(e *encoder, kind string, row *T) []any {
	return e.fields(kind, t.columns, t.fields(row))
}

// find returns the rows that match what follows the SELECT.
func (t *table[T]) find(ctx context.Context, db database, where string, args ...any) (found []*T, err error) {
	found, damaged, err := t.findSome(ctx, db, where, args...)
	if err == nil && len(damaged) > 0 {
		err = damaged[0].err
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// unreadable is a row that somebody has changed by hand.
type unreadable struct {
	id  string // empty where not even that can be read
	err error
}

// findSome returns the rows that match and can be read, and apart those that cannot.
func (t *table[T]) findSome(ctx context.Context, db database, where string, args ...any) (found []*T, damaged []unreadable, err error) {
	rows, err := db.query(ctx, t.sel+where, args...)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row := new(T)
		if id, err := t.scan(rows, row); err != nil {
			damaged = append(damaged, unreadable{id, err})
			continue
		}
		found = append(found, row)
	}
	return found, damaged, rows.Err()
}

// one returns the row that matches, nil when there is none.
func (t *table[T]) one(ctx context.Context, db database, where string, args ...any) (*T, error) {
	rows, err := t.find(ctx, db, where, args...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// scan reads a row, and returns its ID where it cannot.
func (t *table[T]) scan(rows *sql.Rows, row *T) (id string, err error) {
	fields := t.fields(row)
	targets := make([]target, len(fields))
	into := make([]any, len(fields))
	for i, f := range fields {
		targets[i].field = f
		into[i] = &targets[i]
	}
	if err := rows.Scan(into...); err != nil {
		if first, ok := fields[0].(*string); ok {
			id = *first
		}
		return id, damaged(t.name, id, err)
	}
	return "", nil
}

// tables are all kinds of rows.
type tables struct {
	collections *table[payment.PaymentCollection]
	sessions    *table[payment.PaymentSession]
	payments    *table[payment.Payment]
	captures    *table[payment.Capture]
	refunds     *table[payment.Refund]
	operations  *table[payment.Operation]
	requests    *table[payment.KeyedRequest]
	events      *table[payment.Event]
	deliveries  *table[payment.Delivery]
	due         *table[payment.Due]
}

const entryColumns = "id collection_id session_id payment_id operation_id reference amount state reason created_by metadata created_at updated_at"

func newTables() *tables {
	return &tables{
		collections: newTable("payment_collections", `id version currency_code amount authorized held captured refunded live_sessions
			failed_sessions declines provider_ids metadata completed_at canceled_at deleted_at created_at updated_at`, "id", "created_at",
			func(r *payment.PaymentCollection) []any {
				return []any{&r.ID, &r.Version, &r.CurrencyCode, &r.Amount, &r.Authorized, &r.Held, &r.Captured, &r.Refunded, &r.LiveSessions,
					&r.FailedSessions, &r.Declines, &r.ProviderIDs, &r.Metadata, &r.CompletedAt, &r.CanceledAt, &r.DeletedAt,
					(*ordered)(&r.CreatedAt), &r.UpdatedAt}
			}),
		sessions: newTable("payment_sessions", `id collection_id provider_id currency_code amount held status revision data private context
			metadata reference account next_action reason operation_id payment_id declines accepted initialized_at processing_since asked_at
			resolved_at authorized_at canceled_at expires_at deleted_at created_at updated_at`, "id", "provider_id reference created_at",
			func(r *payment.PaymentSession) []any {
				return []any{&r.ID, &r.CollectionID, &r.ProviderID, &r.CurrencyCode, &r.Amount, &r.Held, &r.Status, &r.Revision, &r.Data,
					&r.Private, &r.Context, &r.Metadata, &r.Reference, &r.Account, &r.NextAction, &r.Reason, &r.OperationID, &r.PaymentID,
					&r.Declines, &r.Accepted, &r.InitializedAt, &r.ProcessingSince, &r.AskedAt, &r.ResolvedAt, &r.AuthorizedAt, &r.CanceledAt,
					&r.ExpiresAt, &r.DeletedAt, (*ordered)(&r.CreatedAt), &r.UpdatedAt}
			}),
		payments: newTable("payment_payments", `id collection_id session_id provider_id currency_code amount authorized released capturable
			captured refunded unasked data metadata capture_before captured_at canceled_at created_at updated_at`, "id", "provider_id created_at",
			func(r *payment.Payment) []any {
				return []any{&r.ID, &r.CollectionID, &r.SessionID, &r.ProviderID, &r.CurrencyCode, &r.Amount, &r.Authorized, &r.Released,
					&r.Capturable, &r.Captured, &r.Refunded, &r.Unasked, &r.Data, &r.Metadata, &r.CaptureBefore, &r.CapturedAt, &r.CanceledAt,
					(*ordered)(&r.CreatedAt), &r.UpdatedAt}
			}),
		captures: newTable("payment_captures", entryColumns, "id", "payment_id created_at",
			func(r *payment.Capture) []any { return entryFields(&r.Entry) }),
		refunds: newTable("payment_refunds", entryColumns+" reason_id note returned_at", "id", "payment_id created_at",
			func(r *payment.Refund) []any {
				return append(entryFields(&r.Entry), &r.ReasonID, &r.Note, &r.ReturnedAt)
			}),
		operations: newTable("payment_operations", `id collection_id session_id provider_id kind state amount currency_code final held reference
			data private context input reason_id reason_code note created_by metadata tries executor lease_until first_call_at last_call_at code
			message resolution resolved_by resolved_note resolved_at created_at updated_at ended_at`, "id", "session_id state created_at",
			func(r *payment.Operation) []any {
				return []any{&r.ID, &r.CollectionID, &r.SessionID, &r.ProviderID, &r.Kind, &r.State, &r.Amount, &r.CurrencyCode, &r.Final, &r.Held,
					&r.Reference, &r.Data, &r.Private, &r.Context, &r.Input, &r.ReasonID, &r.ReasonCode, &r.Note, &r.CreatedBy, &r.Metadata,
					&r.Tries, &r.Executor, &r.LeaseUntil, &r.FirstCallAt, &r.LastCallAt, &r.Code, &r.Message, &r.Resolution, &r.ResolvedBy,
					&r.ResolvedNote, &r.ResolvedAt, (*ordered)(&r.CreatedAt), &r.UpdatedAt, &r.EndedAt}
			}),
		requests: newTable("payment_requests", "collection_id method request_key fingerprint session_id operation_id code created_at",
			"collection_id, method, request_key", "",
			func(r *payment.KeyedRequest) []any {
				return []any{&r.CollectionID, &r.Method, &r.Key, &r.Fingerprint, &r.SessionID, &r.OperationID, &r.Code, (*ordered)(&r.CreatedAt)}
			}),
		events: newTable("payment_events", `id collection_id seq kind session_id payment_id entry_id operation_id provider_id amount currency_code
			code notice reference at`, "collection_id, seq", "",
			func(r *payment.Event) []any {
				return []any{&r.ID, &r.CollectionID, &r.Seq, &r.Kind, &r.SessionID, &r.PaymentID, &r.EntryID, &r.OperationID, &r.ProviderID,
					&r.Amount, &r.CurrencyCode, &r.Code, &r.Notice, &r.Reference, (*ordered)(&r.At)}
			}),
		deliveries: newTable("payment_deliveries", `id version provider_id event_id type state session_id collection_id idempotency_key reference
			body tries code due_at received_at handled_at`, "id", "",
			func(r *payment.Delivery) []any {
				return []any{&r.ID, &r.Version, &r.ProviderID, &r.EventID, &r.Type, &r.State, &r.SessionID, &r.CollectionID, &r.IdempotencyKey,
					&r.Reference, &r.Body, &r.Tries, &r.Code, &r.DueAt, (*ordered)(&r.ReceivedAt), &r.HandledAt}
			}),
		due: newTable("payment_due", "id kind collection_id at tries seq dead", "kind, id", "",
			func(r *payment.Due) []any {
				return []any{&r.ID, &r.Kind, &r.CollectionID, &r.At, &r.Tries, &r.Seq, &r.Dead}
			}),
	}
}

func entryFields(r *payment.Entry) []any {
	return []any{&r.ID, &r.CollectionID, &r.SessionID, &r.PaymentID, &r.OperationID, &r.Reference, &r.Amount, &r.State, &r.Reason,
		&r.CreatedBy, &r.Metadata, (*ordered)(&r.CreatedAt), &r.UpdatedAt}
}
