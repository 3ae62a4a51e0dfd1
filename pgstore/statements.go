package pgstore

import "github.com/jackc/pgx/v5"

// statements are the texts of what the store sends, for one schema.
type statements struct {
	schema string // quoted

	collections, sessions, payments, captures, refunds, operations, requests, events, deliveries, due table

	insertCollection, updateCollection                        string
	upsertSession, upsertPayment, upsertCapture, upsertRefund string
	upsertOpen, upsertEnded                                   string // operations
	upsertRequest, insertEvent, insertFirst                   string
	upsertDue, deleteDue                                      string
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
		operations: operationTable(), requests: requestTable(), events: eventTable(), deliveries: deliveryTable(), due: dueTable(),
	}
	q.insertCollection, q.updateCollection = q.collections.insert(in), q.collections.update(in)
	q.upsertSession, q.upsertPayment = q.sessions.upsert(in), q.payments.upsert(in)
	q.upsertCapture, q.upsertRefund = q.captures.upsert(in), q.refunds.upsert(in)
	upsert := "WITH o AS (" + q.operations.upsert(in) + ") "
	q.upsertOpen = upsert + "INSERT INTO " + in + ".open_operations AS w (id, state, created_at) VALUES ($1, $6, $32) ON CONFLICT (id) " +
		"DO UPDATE SET state = excluded.state, created_at = excluded.created_at " +
		"WHERE (w.state, w.created_at) IS DISTINCT FROM (excluded.state, excluded.created_at)"
	q.upsertEnded = upsert + "DELETE FROM " + in + ".open_operations WHERE id = $1"
	q.upsertRequest, q.insertEvent = q.requests.upsert(in), q.events.insert(in)

	due := in + ".due"
	q.upsertDue = q.due.insert(in) + " ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, tries = excluded.tries, seq = excluded.seq, " +
		"dead = excluded.dead, collection_id = CASE WHEN x.collection_id IN (excluded.collection_id, '') THEN excluded.collection_id END"
	q.deleteDue = "DELETE FROM " + due + " WHERE kind = $1 AND id = $2 AND 1 / (CASE WHEN collection_id IN ($3, '') THEN 1 ELSE 0 END) = 1"
	// Whatever reads how far the events are delivered has to wait for a commit that writes more of them.
	q.insertFirst = "WITH e AS (" + q.insertEvent + ") " +
		"INSERT INTO " + due + " AS x (kind, id, collection_id, at, newest) VALUES ('events', $2, $2, $15, $16) " +
		"ON CONFLICT (kind, id) DO UPDATE SET at = coalesce(x.at, excluded.at), newest = greatest(x.newest, excluded.newest)"
	q.claim = "WITH p AS MATERIALIZED (SELECT kind, id, at FROM " + due + " WHERE kind = $1 AND at <= $2 ORDER BY at, id LIMIT $4 " +
		"FOR UPDATE SKIP LOCKED) UPDATE " + due + " d SET at = $3 FROM p WHERE d.kind = p.kind AND d.id = p.id RETURNING " +
		q.due.selected("d") + ", p.at"
	q.again = "UPDATE " + due + " SET collection_id = $3, at = $4, tries = $5, seq = $6, dead = $7 WHERE kind = $1 AND id = $2 AND at = $8"
	q.finish = "DELETE FROM " + due + " WHERE kind = $1 AND id = $2 AND at = $3"
	q.lockEvents = "SELECT 1 FROM " + due + " WHERE kind = 'events' AND id = $1 FOR NO KEY UPDATE"
	q.rest = "UPDATE " + due + " SET tries = $2, seq = $3, dead = $4, at = CASE WHEN newest > $3 THEN (SELECT e.at FROM " + in + ".events e " +
		"WHERE e.collection_id = $1 AND e.seq > $3 ORDER BY e.seq LIMIT 1) END WHERE kind = 'events' AND id = $1 AND at = $5"

	q.insertDelivery, q.updateDelivery = q.deliveries.insert(in), q.deliveries.update(in)
	q.parkDelivery = q.due.insert(in) + " ON CONFLICT (kind, id) DO UPDATE SET collection_id = excluded.collection_id, at = excluded.at, " +
		"tries = excluded.tries, seq = excluded.seq, dead = excluded.dead"
	q.endDelivery = "DELETE FROM " + due + " WHERE kind = 'delivery' AND id = $1"

	q.settings = "SELECT version, disabled_providers, refund_reasons::text FROM " + in + ".settings"
	q.insertSettings = "INSERT INTO " + in + ".settings (version, disabled_providers, refund_reasons) VALUES (1, $1, $2::jsonb)"
	q.updateSettings = must("UPDATE " + in + ".settings SET version = version + 1, disabled_providers = $1, refund_reasons = $2::jsonb " +
		"WHERE version = $3 RETURNING 1")
	return q
}

// all returns the statements that are worth preparing: those of every step.
func (q *statements) all() []string {
	return append([]string{
		q.insertCollection, q.updateCollection, q.upsertSession, q.upsertPayment, q.upsertCapture, q.upsertRefund, q.upsertOpen, q.upsertEnded,
		q.upsertRequest, q.insertEvent, q.insertFirst, q.upsertDue, q.deleteDue, q.claim, q.again, q.finish, q.lockEvents, q.rest,
		q.insertDelivery, q.updateDelivery, q.parkDelivery, q.endDelivery,
	}, q.loads()...)
}
