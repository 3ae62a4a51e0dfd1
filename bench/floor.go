package main

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
)

// The floor is a program written by hand that does the same business with the least SQL: one statement and one commit for each step,
// prepared. It has no events, no operations, no versions, no idempotency, and forgets what a gateway was asked.

// price is what each flow is about.
var price = decimal.New(1099, -2)

const postgresFloor = `
CREATE TABLE floor_collections (id uuid PRIMARY KEY, currency text NOT NULL, amount numeric NOT NULL, authorized numeric NOT NULL DEFAULT 0,
	captured numeric NOT NULL DEFAULT 0, refunded numeric NOT NULL DEFAULT 0, metadata jsonb, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE floor_sessions (id uuid PRIMARY KEY, collection_id uuid NOT NULL, provider text NOT NULL, status text NOT NULL, amount numeric NOT NULL,
	data jsonb, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE floor_payments (id uuid PRIMARY KEY, session_id uuid NOT NULL, collection_id uuid NOT NULL, amount numeric NOT NULL,
	captured numeric NOT NULL DEFAULT 0, refunded numeric NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE floor_captures (id uuid PRIMARY KEY, payment_id uuid NOT NULL, amount numeric NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE floor_refunds (id uuid PRIMARY KEY, payment_id uuid NOT NULL, amount numeric NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON floor_collections (created_at, id);
CREATE INDEX ON floor_sessions (created_at, id);
CREATE INDEX ON floor_sessions (collection_id, created_at);
CREATE INDEX ON floor_payments (created_at, id);
CREATE INDEX ON floor_payments (collection_id, created_at);
CREATE INDEX ON floor_payments (session_id);
CREATE INDEX ON floor_captures (created_at, id);
CREATE INDEX ON floor_captures (payment_id, created_at);
CREATE INDEX ON floor_refunds (created_at, id);
CREATE INDEX ON floor_refunds (payment_id, created_at);
`

// postgresFlow returns the floor over PostgreSQL.
func postgresFlow(ctx context.Context, pool *pgxpool.Pool) (flow, error) {
	if _, err := pool.Exec(ctx, postgresFloor); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		return steps(func(query string, args ...any) error {
			_, err := pool.Exec(ctx, query, args...)
			return err
		}, [5]string{
			`INSERT INTO floor_collections (id, currency, amount, metadata) VALUES ($1, $2, $3, $4)`,
			`INSERT INTO floor_sessions (id, collection_id, provider, status, amount, data) VALUES ($1, $2, 'manual', 'pending', $3, $4)`,
			`WITH s AS (UPDATE floor_sessions SET status = 'authorized' WHERE id = $2),
				c AS (UPDATE floor_collections SET authorized = authorized + $4 WHERE id = $3)
				INSERT INTO floor_payments (id, session_id, collection_id, amount) VALUES ($1, $2, $3, $4)`,
			`WITH p AS (UPDATE floor_payments SET captured = captured + $4 WHERE id = $2 AND captured + $4 <= amount),
				c AS (UPDATE floor_collections SET captured = captured + $4 WHERE id = $3)
				INSERT INTO floor_captures (id, payment_id, amount) VALUES ($1, $2, $4)`,
			`WITH p AS (UPDATE floor_payments SET refunded = refunded + $4 WHERE id = $2 AND refunded + $4 <= captured),
				c AS (UPDATE floor_collections SET refunded = refunded + $4 WHERE id = $3)
				INSERT INTO floor_refunds (id, payment_id, amount) VALUES ($1, $2, $4)`,
		})
	}, nil
}

// steps runs the five statements of a flow.
func steps(run func(query string, args ...any) error, queries [5]string) error {
	collection, session, paid, amount := uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String(), price.String()
	metadata, err := json.Marshal(map[string]any{"order": "A-1"})
	if err != nil {
		return err
	}
	for i, args := range [5][]any{
		{collection, "USD", amount, string(metadata)},
		{session, collection, amount, "{}"},
		{paid, session, collection, amount},
		{uuid.Must(uuid.NewV7()).String(), paid, collection, amount},
		{uuid.Must(uuid.NewV7()).String(), paid, collection, amount},
	} {
		if err := run(queries[i], args...); err != nil {
			return err
		}
	}
	return nil
}

var _ = sql.ErrNoRows
