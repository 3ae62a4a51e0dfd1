package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	_ "modernc.org/sqlite" // the driver
)

// The floor is a program written by hand that does the same business with the least SQL: five tables with what a shop has to know, the
// indexes by which a back office lists and finds their rows, and for each step one statement (SQLite: one transaction) and one commit,
// prepared. It has no events, no operations, no versions and no keys, and it loads nothing.

// price is what each flow is about.
func price() decimal.Decimal { return decimal.New(1099, -2) }

// floorTables is for PostgreSQL and, but for the fillfactor, for SQLite.
const floorTables = `
CREATE TABLE floor_collections (id %[1]s PRIMARY KEY, currency text NOT NULL, amount %[2]s NOT NULL, authorized %[2]s NOT NULL DEFAULT 0,
	captured %[2]s NOT NULL DEFAULT 0, refunded %[2]s NOT NULL DEFAULT 0, metadata %[3]s, created_at %[4]s) %[5]s;
CREATE TABLE floor_sessions (id %[1]s PRIMARY KEY, collection_id %[1]s NOT NULL, provider text NOT NULL, status text NOT NULL, amount %[2]s NOT NULL,
	data %[3]s, created_at %[4]s) %[5]s;
CREATE TABLE floor_payments (id %[1]s PRIMARY KEY, session_id %[1]s NOT NULL, collection_id %[1]s NOT NULL, amount %[2]s NOT NULL,
	captured %[2]s NOT NULL DEFAULT 0, refunded %[2]s NOT NULL DEFAULT 0, created_at %[4]s) %[5]s;
CREATE TABLE floor_captures (id %[1]s PRIMARY KEY, payment_id %[1]s NOT NULL, amount %[2]s NOT NULL, created_at %[4]s);
CREATE TABLE floor_refunds (id %[1]s PRIMARY KEY, payment_id %[1]s NOT NULL, amount %[2]s NOT NULL, created_at %[4]s);
CREATE INDEX floor_1 ON floor_collections (created_at, id);
CREATE INDEX floor_2 ON floor_sessions (created_at, id);
CREATE INDEX floor_3 ON floor_sessions (collection_id, created_at);
CREATE INDEX floor_4 ON floor_payments (created_at, id);
CREATE INDEX floor_5 ON floor_payments (collection_id, created_at);
CREATE INDEX floor_6 ON floor_payments (session_id);
CREATE INDEX floor_7 ON floor_captures (created_at, id);
CREATE INDEX floor_8 ON floor_captures (payment_id, created_at);
CREATE INDEX floor_9 ON floor_refunds (created_at, id);
CREATE INDEX floor_10 ON floor_refunds (payment_id, created_at);
`

// ids are those of a flow's rows, and what else its statements take.
type ids struct {
	collection, session, payment, capture, refund string
	amount, metadata                              string
}

func newIDs() (ids, error) {
	metadata, err := json.Marshal(map[string]any{"order": "A-1"})
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	return ids{id(), id(), id(), id(), id(), price().String(), string(metadata)}, err
}

// postgresFloor makes the tables, and returns the flow.
func postgresFloor(ctx context.Context, pool *pgxpool.Pool) (flow, error) {
	_, err := pool.Exec(ctx, fmt.Sprintf(floorTables, "uuid", "numeric", "jsonb", "timestamptz NOT NULL DEFAULT now()", "WITH (fillfactor = 80)"))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		x, err := newIDs()
		if err != nil {
			return err
		}
		for _, step := range []struct {
			statement string
			args      []any
		}{
			{`INSERT INTO floor_collections (id, currency, amount, metadata) VALUES ($1, 'USD', $2, $3)`, []any{x.collection, x.amount, x.metadata}},
			{`INSERT INTO floor_sessions (id, collection_id, provider, status, amount, data) VALUES ($1, $2, 'manual', 'pending', $3, '{}')`,
				[]any{x.session, x.collection, x.amount}},
			{`WITH s AS (UPDATE floor_sessions SET status = 'authorized' WHERE id = $2),
				c AS (UPDATE floor_collections SET authorized = authorized + $4 WHERE id = $3)
				INSERT INTO floor_payments (id, session_id, collection_id, amount) VALUES ($1, $2, $3, $4)`,
				[]any{x.payment, x.session, x.collection, x.amount}},
			{`WITH p AS (UPDATE floor_payments SET captured = captured + $4 WHERE id = $2 AND captured + $4 <= amount),
				c AS (UPDATE floor_collections SET captured = captured + $4 WHERE id = $3)
				INSERT INTO floor_captures (id, payment_id, amount) VALUES ($1, $2, $4)`,
				[]any{x.capture, x.payment, x.collection, x.amount}},
			{`WITH p AS (UPDATE floor_payments SET refunded = refunded + $4 WHERE id = $2 AND refunded + $4 <= captured),
				c AS (UPDATE floor_collections SET refunded = refunded + $4 WHERE id = $3)
				INSERT INTO floor_refunds (id, payment_id, amount) VALUES ($1, $2, $4)`,
				[]any{x.refund, x.payment, x.collection, x.amount}},
		} {
			if _, err := pool.Exec(ctx, step.statement, step.args...); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// sqliteFloor makes a file with the tables, and returns the flow. SQLite has one writer at a time: so it has one connection.
func sqliteFloor(path string) (flow, *sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(fmt.Sprintf(floorTables, "text", "text", "text", "integer NOT NULL DEFAULT (unixepoch('subsec') * 1000000)", "STRICT")); err != nil {
		return nil, nil, err
	}
	prepared := map[string]*sql.Stmt{}
	for name, text := range map[string]string{
		"collection": `INSERT INTO floor_collections (id, currency, amount, metadata) VALUES (?, 'USD', ?, ?)`,
		"session":    `INSERT INTO floor_sessions (id, collection_id, provider, status, amount, data) VALUES (?, ?, 'manual', 'pending', ?, '{}')`,
		"authorized": `UPDATE floor_sessions SET status = 'authorized' WHERE id = ?`,
		"held":       `UPDATE floor_collections SET authorized = authorized + ? WHERE id = ?`,
		"payment":    `INSERT INTO floor_payments (id, session_id, collection_id, amount) VALUES (?, ?, ?, ?)`,
		"captured":   `UPDATE floor_payments SET captured = captured + ? WHERE id = ?`,
		"taken":      `UPDATE floor_collections SET captured = captured + ? WHERE id = ?`,
		"capture":    `INSERT INTO floor_captures (id, payment_id, amount) VALUES (?, ?, ?)`,
		"refunded":   `UPDATE floor_payments SET refunded = refunded + ? WHERE id = ?`,
		"given":      `UPDATE floor_collections SET refunded = refunded + ? WHERE id = ?`,
		"refund":     `INSERT INTO floor_refunds (id, payment_id, amount) VALUES (?, ?, ?)`,
	} {
		if prepared[name], err = db.Prepare(text); err != nil {
			return nil, nil, err
		}
	}
	type change struct {
		statement string
		args      []any
	}
	return func(ctx context.Context) error {
		x, err := newIDs()
		if err != nil {
			return err
		}
		for _, step := range [][]change{
			{{"collection", []any{x.collection, x.amount, x.metadata}}},
			{{"session", []any{x.session, x.collection, x.amount}}},
			{{"authorized", []any{x.session}}, {"held", []any{x.amount, x.collection}}, {"payment", []any{x.payment, x.session, x.collection, x.amount}}},
			{{"captured", []any{x.amount, x.payment}}, {"taken", []any{x.amount, x.collection}}, {"capture", []any{x.capture, x.payment, x.amount}}},
			{{"refunded", []any{x.amount, x.payment}}, {"given", []any{x.amount, x.collection}}, {"refund", []any{x.refund, x.payment, x.amount}}},
		} {
			if len(step) == 1 {
				if _, err := prepared[step[0].statement].ExecContext(ctx, step[0].args...); err != nil {
					return err
				}
				continue
			}
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			for _, c := range step {
				if _, err := tx.StmtContext(ctx, prepared[c.statement]).ExecContext(ctx, c.args...); err != nil {
					return errors.Join(err, tx.Rollback())
				}
			}
			if err := tx.Commit(); err != nil {
				return err
			}
		}
		return nil
	}, db, nil
}
