package pgstore

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// statement is one that is sent for a commit.
type statement struct {
	text      string
	arguments int  // how many it takes
	kept      bool // is one of those that are prepared once on each connection, and stay so
}

// take returns its arguments, of which there are none yet. They are written over others, which nobody reads any more.
func (s *statement) take(over arguments) arguments {
	return arguments{statement: s, bytes: slices.Grow(over.bytes[:0], 16*s.arguments), values: slices.Grow(over.values[:0], s.arguments)}
}

// statements are the texts of what the store sends, for one schema.
type statements struct {
	schema string // quoted

	kept  sync.Map // *statement of commits, by shape
	known atomic.Int64

	collections, sessions, payments, captures, refunds, operations, requests, events, deliveries table
	due, work, opened                                                                            table // all due, by which columns are written

	claim, again, finish, lockEvents, rest                    string
	insertDelivery, updateDelivery, parkDelivery, endDelivery string
	settings, insertSettings, updateSettings                  string
}

// newStatements writes the statements for a schema.
func newStatements(schema string) *statements {
	in := pgx.Identifier{schema}.Sanitize()
	q := &statements{
		schema:      in,
		collections: collectionTable(), sessions: sessionTable(), payments: paymentTable(), captures: captureTable(), refunds: refundTable(),
		operations: operationTable(), requests: requestTable(), events: eventTable(), deliveries: deliveryTable(),
		due: dueTable(), work: workTable(), opened: openedTable(),
	}
	due := in + ".due"
	q.claim = "WITH p AS MATERIALIZED (SELECT kind, id, at FROM " + due + " WHERE kind = $1 AND at <= $2 ORDER BY at, id LIMIT $4 " +
		"FOR UPDATE SKIP LOCKED) UPDATE " + due + " d SET at = $3 FROM p WHERE d.kind = p.kind AND d.id = p.id RETURNING " +
		q.due.selected("d") + ", p.at"
	q.again = "UPDATE " + due + " SET collection_id = $3, at = $4, tries = $5, seq = $6, dead = $7::bigint[] WHERE kind = $1 AND id = $2 AND at = $8"
	// An operation that is open keeps its row. Whether it is, the row says that was waited for: a commit that opens or ends it may come between.
	const one = " WHERE kind = $1 AND id = $2"
	q.finish = "WITH l AS MATERIALIZED (SELECT state FROM " + due + one + " AND at = $3 FOR UPDATE), " +
		"d AS (DELETE FROM " + due + " USING l" + one + " AND l.state IS NULL RETURNING 1), " +
		"u AS (UPDATE " + due + " SET at = NULL FROM l" + one + " AND l.state IS NOT NULL RETURNING 1) SELECT FROM d UNION ALL SELECT FROM u"
	q.lockEvents = "SELECT 1 FROM " + due + " WHERE kind = 'events' AND id = $1 FOR NO KEY UPDATE"
	q.rest = "UPDATE " + due + " SET tries = $2, seq = $3, dead = $4::bigint[], at = CASE WHEN newest > $3 THEN (SELECT e.at FROM " + in + ".events e " +
		"WHERE e.collection_id = $1 AND e.seq > $3 ORDER BY e.seq LIMIT 1) END WHERE kind = 'events' AND id = $1 AND at = $5"

	// Which of two indexes complains first depends on which was made first, as by a restored dump: so only that of the event can.
	q.insertDelivery, q.updateDelivery = must(q.deliveries.insert(in)+" ON CONFLICT (id) DO NOTHING RETURNING 1"), must(q.deliveries.update(in))
	q.parkDelivery = q.due.insert(in) + " ON CONFLICT (kind, id) DO UPDATE SET collection_id = excluded.collection_id, at = excluded.at, " +
		"tries = excluded.tries, seq = excluded.seq, dead = excluded.dead"
	q.endDelivery = "DELETE FROM " + due + " WHERE kind = 'delivery' AND id = $1"

	q.settings = "SELECT version, disabled_providers, refund_reasons::text FROM " + in + ".settings"
	q.insertSettings = "INSERT INTO " + in + ".settings (version, disabled_providers, refund_reasons) VALUES (1, $1::text[], $2::jsonb)"
	q.updateSettings = must("UPDATE " + in + ".settings SET version = version + 1, disabled_providers = $1::text[], refund_reasons = $2::jsonb " +
		"WHERE version = $3 RETURNING 1")
	q.commits() // they are kept, whatever comes before them
	return q
}

// refusable returns the statements of every step that the server may refuse, as it does on a conflict. pgx forgets a statement that was refused,
// unless it was prepared by name; the others it prepares when they come.
func (q *statements) refusable() []string {
	texts := []string{q.insertDelivery, q.updateDelivery}
	for _, s := range q.commits() {
		texts = append(texts, s.text)
	}
	return texts
}
