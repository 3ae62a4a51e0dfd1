-- Fewer rows and index entries for each step. What is open and when it is due are one row now: an operation has one from its begin to its
-- end, instead of two. And what belongs to a session's payment is found by the payment, which the session names.

-- Who begins an operation just now holds these rows in this order.
LOCK TABLE open_operations, due IN ACCESS EXCLUSIVE MODE;

ALTER TABLE due
    ADD COLUMN state      text,
    ADD COLUMN created_at timestamptz;
COMMENT ON TABLE due IS 'work that is found by its time; at is NULL for what waits for no time';
COMMENT ON COLUMN due.state IS 'operations that are open or need attention: which of them, so that they can be listed';
COMMENT ON COLUMN due.created_at IS 'likewise: when they began';

INSERT INTO due (kind, id, collection_id, state, created_at)
    SELECT 'operation', w.id, o.collection_id, w.state, w.created_at FROM open_operations w JOIN operations o ON o.id = w.id
    ON CONFLICT (kind, id) DO UPDATE SET state = excluded.state, created_at = excluded.created_at;
DROP TABLE open_operations;
CREATE INDEX due_open ON due (state, created_at, id) WHERE state IS NOT NULL;

DROP INDEX IF EXISTS payments_session, captures_session, refunds_session;

INSERT INTO schema_version (version) VALUES (3);
