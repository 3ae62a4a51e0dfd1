package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The second floor keeps the promise, with the least SQL that does: two processes never decide on the same rows (versions), what a gateway is asked
// for is stored before it is called and ended after it has answered (operations), each change tells of itself once it is there (events), and what
// is left lying is found by its time (due). So a step is two statements and two commits. The rows of a step are those of the library's; they have only
// the columns that this flow needs. It still loads nothing, decides nothing, calls no gateway, and has no keys and no messages of gateways.

const promiseTables = `
CREATE TABLE promise_collections (id uuid PRIMARY KEY, version bigint NOT NULL, currency text NOT NULL, amount numeric NOT NULL,
	authorized numeric NOT NULL DEFAULT 0, held numeric NOT NULL DEFAULT 0, captured numeric NOT NULL DEFAULT 0, refunded numeric NOT NULL DEFAULT 0,
	metadata jsonb, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE promise_sessions (id uuid PRIMARY KEY, collection_id uuid NOT NULL, provider text NOT NULL, status text NOT NULL, amount numeric NOT NULL,
	operation_id uuid, reference text, data jsonb, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE promise_payments (id uuid PRIMARY KEY, session_id uuid NOT NULL, collection_id uuid NOT NULL, amount numeric NOT NULL,
	captured numeric NOT NULL DEFAULT 0, refunded numeric NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 80);
CREATE TABLE promise_captures (id uuid PRIMARY KEY, payment_id uuid NOT NULL, amount numeric NOT NULL, reference text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (payment_id, reference));
CREATE TABLE promise_refunds (id uuid PRIMARY KEY, payment_id uuid NOT NULL, amount numeric NOT NULL, reference text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (payment_id, reference));
CREATE TABLE promise_operations (id uuid PRIMARY KEY, collection_id uuid NOT NULL, session_id uuid NOT NULL, kind text NOT NULL, state text NOT NULL,
	amount numeric NOT NULL, lease_until timestamptz, created_at timestamptz NOT NULL DEFAULT now()) WITH (fillfactor = 70);
CREATE TABLE promise_events (collection_id uuid NOT NULL, seq bigint NOT NULL, kind text NOT NULL, about uuid NOT NULL, amount numeric NOT NULL,
	at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (collection_id, seq));
CREATE TABLE promise_due (kind text NOT NULL, id uuid NOT NULL, at timestamptz, newest bigint NOT NULL DEFAULT 0, PRIMARY KEY (kind, id)) WITH (fillfactor = 70);
CREATE INDEX promise_1 ON promise_collections (created_at, id);
CREATE INDEX promise_2 ON promise_sessions (created_at, id);
CREATE INDEX promise_3 ON promise_sessions (collection_id, created_at);
CREATE INDEX promise_4 ON promise_sessions (provider, reference) WHERE reference IS NOT NULL;
CREATE INDEX promise_5 ON promise_payments (created_at, id);
CREATE INDEX promise_6 ON promise_payments (collection_id, created_at);
CREATE INDEX promise_7 ON promise_payments (session_id);
CREATE INDEX promise_8 ON promise_captures (created_at, id);
CREATE INDEX promise_9 ON promise_refunds (created_at, id);
CREATE INDEX promise_10 ON promise_operations (created_at, id);
CREATE INDEX promise_11 ON promise_operations (collection_id, created_at);
CREATE INDEX promise_12 ON promise_events (at);
CREATE INDEX promise_13 ON promise_due (kind, at) WHERE at IS NOT NULL;
`

// promiseCreate makes a collection: $1 its ID, $2 the amount, $3 the metadata.
const promiseCreate = `WITH c AS (INSERT INTO promise_collections (id, version, currency, amount, metadata) VALUES ($1, 1, 'USD', $2, $3)),
	d AS (INSERT INTO promise_due (kind, id, at, newest) VALUES ('events', $1, now(), 1))
	INSERT INTO promise_events (collection_id, seq, kind, about, amount) VALUES ($1, 1, 'collection.created', $1, $2)`

// promiseBegin and promiseEnd are the commits before and after a gateway's answer. The last part of both refuses another version: it divides by 0.
const (
	promiseBegin = `WITH c AS (UPDATE promise_collections SET version = version + 1, held = held + $6 WHERE id = $1 AND version = $2 RETURNING 1),
	o AS (INSERT INTO promise_operations (id, collection_id, session_id, kind, state, amount, lease_until)
		VALUES ($4, $1, $3, $5, 'open', $6, now() + interval '45 s')),
	d AS (INSERT INTO promise_due (kind, id, at) VALUES ('operation', $4, now() + interval '45 s')),
	s AS (%s)
	SELECT 1/count(*) FROM c`
	promiseEnd = `WITH c AS (UPDATE promise_collections SET version = version + 1, held = 0, %s WHERE id = $1 AND version = $2 RETURNING 1),
	o AS (UPDATE promise_operations SET state = 'succeeded', lease_until = NULL WHERE id = $4),
	d AS (DELETE FROM promise_due WHERE kind = 'operation' AND id = $4),
	l AS (INSERT INTO promise_due (kind, id, at) VALUES ('session', $3, now() + interval '60 s')
		ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at),
	n AS (INSERT INTO promise_due (kind, id, at, newest) VALUES ('events', $1, now(), $6)
		ON CONFLICT (kind, id) DO UPDATE SET newest = excluded.newest),
	e AS (INSERT INTO promise_events (collection_id, seq, kind, about, amount) VALUES ($1, $6, $5, $3, $7)),
	%s
	SELECT 1/count(*) FROM c`
)

// promiseStep is a step of a payment by a gateway: what its two commits do, beside what they do in every step.
type promiseStep struct {
	kind       string
	begin, end string
}

// promiseSteps: $1 to $7 are those of promiseEnd, $8 the gateway's reference, $9 its data, $10 the payment.
func promiseSteps() []promiseStep {
	const locked = "UPDATE promise_sessions SET operation_id = $4 WHERE id = $3"
	step := func(kind, begin, total, rows string) promiseStep {
		return promiseStep{kind, fmt.Sprintf(promiseBegin, begin), fmt.Sprintf(promiseEnd, total, rows)}
	}
	return []promiseStep{
		step("initialize", `INSERT INTO promise_sessions (id, collection_id, provider, status, amount, data, operation_id)
			VALUES ($3, $1, 'sandbox', 'pending', $6, '{}', $4)`,
			"amount = amount",
			"s AS (UPDATE promise_sessions SET operation_id = NULL, reference = $8, data = $9 WHERE id = $3 AND $10::uuid IS NOT NULL)"),
		step("authorize", locked, "authorized = authorized + $7",
			`s AS (UPDATE promise_sessions SET operation_id = NULL, reference = $8, data = $9, status = 'authorized' WHERE id = $3),
			p AS (INSERT INTO promise_payments (id, session_id, collection_id, amount) VALUES ($10, $3, $1, $7))`),
		step("capture", locked, "captured = captured + $7",
			`s AS (UPDATE promise_sessions SET operation_id = NULL, data = $9 WHERE id = $3),
			p AS (UPDATE promise_payments SET captured = captured + $7 WHERE id = $10),
			m AS (INSERT INTO promise_captures (id, payment_id, amount, reference) VALUES ($4, $10, $7, $8))`),
		step("refund", locked, "refunded = refunded + $7",
			`s AS (UPDATE promise_sessions SET operation_id = NULL, data = $9 WHERE id = $3),
			p AS (UPDATE promise_payments SET refunded = refunded + $7 WHERE id = $10),
			m AS (INSERT INTO promise_refunds (id, payment_id, amount, reference) VALUES ($4, $10, $7, $8))`),
	}
}

// postgresPromise makes the tables, and returns the flow.
func postgresPromise(ctx context.Context, pool *pgxpool.Pool) (flow, error) {
	if _, err := pool.Exec(ctx, promiseTables); err != nil {
		return nil, err
	}
	steps := promiseSteps()
	return func(ctx context.Context) error {
		x, err := newIDs()
		if err != nil {
			return err
		}
		if _, err := pool.Exec(ctx, promiseCreate, x.collection, x.amount, x.metadata); err != nil {
			return err
		}
		for i, step := range steps {
			operation := uuid.Must(uuid.NewV7()).String()
			version := 2*i + 1
			if _, err := pool.Exec(ctx, step.begin, x.collection, version, x.session, operation, step.kind, x.amount); err != nil {
				return fmt.Errorf("%s: %w", step.kind, err)
			}
			if _, err := pool.Exec(ctx, step.end, x.collection, version+1, x.session, operation, step.kind, i+2, x.amount, "re_"+operation,
				`{"client_secret": "re_secret"}`, x.payment); err != nil {
				return fmt.Errorf("%s, its end: %w", step.kind, err)
			}
		}
		return nil
	}, nil
}
