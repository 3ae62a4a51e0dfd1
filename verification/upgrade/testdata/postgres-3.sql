CREATE SCHEMA payment;
SET search_path TO payment;
-- Tables of github.com/seed40c892db/payment for PostgreSQL 15 and newer.
--
-- Names are not qualified: they go to the first schema of the search path. Migrate creates the schema and sets that path; who runs
-- this file by other means does the same in one transaction:
--
--   BEGIN; CREATE SCHEMA payment; SET LOCAL search_path TO payment; \i 0001_tables.sql
--   COMMIT;
--
-- Amounts are exact and in major units, times are UTC. An ID compares byte by byte. A missing text is '', but a reference or event_id,
-- which are NULL then so that a unique index passes them over. No foreign keys: a row may name another that is written later, or
-- never. Rows are found by their keys, and listed by created_at; what changes with every step of a payment has no index, so that an
-- update stays within its page (HOT). What must be found by its state is in due and open_operations.

CREATE TABLE schema_version (
    version    integer     NOT NULL PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schema_version IS 'which migrations were applied';
INSERT INTO schema_version (version) VALUES (1);

CREATE TABLE collections (
    id              text COLLATE "C" NOT NULL PRIMARY KEY,
    version         bigint      NOT NULL CHECK (version > 0),
    currency_code   text        NOT NULL,
    amount          numeric     NOT NULL CHECK (amount >= 0),
    authorized      numeric     NOT NULL CHECK (authorized >= 0),
    held            numeric     NOT NULL CHECK (held >= 0),
    captured        numeric     NOT NULL CHECK (captured >= 0),
    refunded        numeric     NOT NULL CHECK (refunded >= 0),
    live_sessions   bigint      NOT NULL,
    failed_sessions bigint      NOT NULL,
    declines        bigint      NOT NULL,
    provider_ids    text[],
    metadata        jsonb,
    completed_at    timestamptz,
    canceled_at     timestamptz,
    deleted_at      timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz
) WITH (fillfactor = 80);
COMMENT ON TABLE collections IS 'what is owed for one order, with its totals; its version covers every row with its collection_id';
COMMENT ON COLUMN collections.version IS 'one more with every commit; a commit on another version is refused';
COMMENT ON COLUMN collections.held IS 'what gateways could still take without another call';
CREATE INDEX collections_created_at ON collections (created_at, id);

CREATE TABLE sessions (
    id               text COLLATE "C" NOT NULL PRIMARY KEY,
    collection_id    text COLLATE "C" NOT NULL,
    provider_id      text COLLATE "C" NOT NULL,
    currency_code    text        NOT NULL,
    amount           numeric     NOT NULL CHECK (amount >= 0),
    held             numeric     NOT NULL CHECK (held >= 0),
    status           text        NOT NULL CHECK (status IN ('pending', 'requires_more', 'authorized', 'error', 'canceled')),
    revision         bigint      NOT NULL,
    data             jsonb,
    private          jsonb,
    context          jsonb,
    metadata         jsonb,
    reference        text COLLATE "C",
    account          text        NOT NULL,
    next_action      jsonb,
    reason           text        NOT NULL,
    operation_id     text COLLATE "C" NOT NULL,
    payment_id       text COLLATE "C" NOT NULL,
    declines         bigint      NOT NULL,
    initialized_at   timestamptz,
    processing_since timestamptz,
    asked_at         timestamptz,
    accepted         text[],
    resolved_at      timestamptz,
    authorized_at    timestamptz,
    canceled_at      timestamptz,
    expires_at       timestamptz,
    deleted_at       timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE sessions IS 'an amount to be authorized by one provider';
COMMENT ON COLUMN sessions.operation_id IS 'the open operation, which locks the session; '''' when there is none';
COMMENT ON COLUMN sessions.private IS 'what the provider keeps for the server only: no shopper and no log may see it';
COMMENT ON COLUMN sessions.context IS 'what the host tells the provider about the shopper: personal data';
CREATE INDEX sessions_created_at ON sessions (created_at, id);
CREATE INDEX sessions_collection ON sessions (collection_id, created_at, id);
CREATE INDEX sessions_provider ON sessions (provider_id, created_at, id);
CREATE INDEX sessions_reference ON sessions (provider_id, reference) WHERE reference IS NOT NULL;

CREATE TABLE payments (
    id             text COLLATE "C" NOT NULL PRIMARY KEY,
    collection_id  text COLLATE "C" NOT NULL,
    session_id     text COLLATE "C" NOT NULL,
    provider_id    text COLLATE "C" NOT NULL,
    currency_code  text        NOT NULL,
    amount         numeric     NOT NULL CHECK (amount >= 0),
    authorized     numeric     NOT NULL CHECK (authorized >= 0),
    released       numeric     NOT NULL CHECK (released >= 0),
    capturable     numeric     NOT NULL CHECK (capturable >= 0),
    captured       numeric     NOT NULL CHECK (captured >= 0),
    refunded       numeric     NOT NULL CHECK (refunded >= 0),
    unasked        boolean     NOT NULL,
    data           jsonb,
    metadata       jsonb,
    capture_before timestamptz,
    captured_at    timestamptz,
    canceled_at    timestamptz,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz
) WITH (fillfactor = 80);
COMMENT ON TABLE payments IS 'what an authorized session becomes, one to one';
CREATE INDEX payments_created_at ON payments (created_at, id);
CREATE INDEX payments_collection ON payments (collection_id, created_at, id);
CREATE INDEX payments_session ON payments (session_id);
CREATE INDEX payments_provider ON payments (provider_id, created_at, id);

CREATE TABLE captures (
    id            text COLLATE "C" NOT NULL PRIMARY KEY,
    collection_id text COLLATE "C" NOT NULL,
    session_id    text COLLATE "C" NOT NULL,
    payment_id    text COLLATE "C" NOT NULL,
    operation_id  text COLLATE "C" NOT NULL,
    reference     text COLLATE "C",
    amount        numeric     NOT NULL CHECK (amount >= 0),
    state         text        NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    reason        text        NOT NULL,
    created_by    text        NOT NULL,
    metadata      jsonb,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz,
    CONSTRAINT captures_reference UNIQUE (payment_id, reference)
) WITH (fillfactor = 90);
COMMENT ON TABLE captures IS 'money taken from the shopper';
CREATE INDEX captures_created_at ON captures (created_at, id);
CREATE INDEX captures_collection ON captures (collection_id, created_at, id);
CREATE INDEX captures_session ON captures (session_id);

CREATE TABLE refunds (
    id            text COLLATE "C" NOT NULL PRIMARY KEY,
    collection_id text COLLATE "C" NOT NULL,
    session_id    text COLLATE "C" NOT NULL,
    payment_id    text COLLATE "C" NOT NULL,
    operation_id  text COLLATE "C" NOT NULL,
    reference     text COLLATE "C",
    amount        numeric     NOT NULL CHECK (amount >= 0),
    state         text        NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    reason        text        NOT NULL,
    created_by    text        NOT NULL,
    metadata      jsonb,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz,
    reason_id     text        NOT NULL,
    note          text        NOT NULL,
    returned_at   timestamptz,
    CONSTRAINT refunds_reference UNIQUE (payment_id, reference)
) WITH (fillfactor = 90);
COMMENT ON TABLE refunds IS 'money given back to the shopper';
CREATE INDEX refunds_created_at ON refunds (created_at, id);
CREATE INDEX refunds_collection ON refunds (collection_id, created_at, id);
CREATE INDEX refunds_session ON refunds (session_id);

CREATE TABLE operations (
    id            text COLLATE "C" NOT NULL PRIMARY KEY,
    collection_id text COLLATE "C" NOT NULL,
    session_id    text COLLATE "C" NOT NULL,
    provider_id   text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('initialize', 'authorize', 'update', 'cancel', 'capture', 'refund', 'status')),
    state         text        NOT NULL CHECK (state IN ('open', 'needs_attention', 'succeeded', 'failed')),
    amount        numeric     NOT NULL CHECK (amount >= 0),
    currency_code text        NOT NULL,
    final         boolean     NOT NULL,
    held          numeric     NOT NULL,
    reference     text        NOT NULL,
    data          jsonb,
    private       jsonb,
    context       jsonb,
    input         jsonb,
    reason_id     text        NOT NULL,
    reason_code   text        NOT NULL,
    note          text        NOT NULL,
    created_by    text        NOT NULL,
    metadata      jsonb,
    tries         bigint      NOT NULL,
    executor      text        NOT NULL,
    lease_until   timestamptz,
    first_call_at timestamptz,
    last_call_at  timestamptz,
    code          text        NOT NULL,
    message       text        NOT NULL,
    resolution    text        NOT NULL,
    resolved_by   text        NOT NULL,
    resolved_note text        NOT NULL,
    resolved_at   timestamptz,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz,
    ended_at      timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE operations IS 'calls to providers that must be finished; for the server only';
CREATE INDEX operations_created_at ON operations (created_at, id);
CREATE INDEX operations_collection ON operations (collection_id, created_at, id);
CREATE INDEX operations_session ON operations (session_id);

CREATE TABLE open_operations (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    state      text             NOT NULL CHECK (state IN ('open', 'needs_attention')),
    created_at timestamptz      NOT NULL
);
COMMENT ON TABLE open_operations IS 'the operations that are open or wait for a person, so that these can be listed';
CREATE INDEX open_operations_state ON open_operations (state, created_at, id);

CREATE TABLE requests (
    collection_id text COLLATE "C" NOT NULL,
    method        text COLLATE "C" NOT NULL,
    key           text COLLATE "C" NOT NULL,
    fingerprint   text        NOT NULL,
    session_id    text        NOT NULL,
    operation_id  text        NOT NULL,
    code          text        NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (collection_id, method, key)
);
COMMENT ON TABLE requests IS 'calls that were made with an idempotency key';

CREATE TABLE events (
    id            text COLLATE "C" NOT NULL,
    collection_id text COLLATE "C" NOT NULL,
    seq           bigint      NOT NULL,
    kind          text        NOT NULL,
    session_id    text        NOT NULL,
    payment_id    text        NOT NULL,
    entry_id      text        NOT NULL,
    operation_id  text        NOT NULL,
    provider_id   text        NOT NULL,
    amount        numeric     NOT NULL,
    currency_code text        NOT NULL,
    code          text        NOT NULL,
    notice        text        NOT NULL,
    reference     text        NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (collection_id, seq)
);
COMMENT ON TABLE events IS 'facts in their order, one collection after the other; how far they are delivered is in due';
CREATE INDEX events_at ON events (at, id);

CREATE TABLE deliveries (
    id              text COLLATE "C" NOT NULL PRIMARY KEY,
    version         bigint      NOT NULL CHECK (version > 0),
    provider_id     text COLLATE "C" NOT NULL,
    event_id        text COLLATE "C",
    type            text        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('parked', 'handled', 'ignored', 'dead')),
    session_id      text COLLATE "C" NOT NULL,
    collection_id   text COLLATE "C" NOT NULL,
    idempotency_key text        NOT NULL,
    reference       text        NOT NULL,
    body            jsonb,
    tries           bigint      NOT NULL,
    code            text        NOT NULL,
    due_at          timestamptz,
    received_at     timestamptz NOT NULL,
    handled_at      timestamptz,
    CONSTRAINT deliveries_event UNIQUE (provider_id, event_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE deliveries IS 'webhook messages, verified';
COMMENT ON COLUMN deliveries.body IS 'the message; for the server only';
CREATE INDEX deliveries_received_at ON deliveries (received_at, id);
CREATE INDEX deliveries_collection ON deliveries (collection_id, received_at, id) WHERE collection_id <> '';
CREATE INDEX deliveries_session ON deliveries (session_id) WHERE session_id <> '';
CREATE INDEX deliveries_provider ON deliveries (provider_id, received_at, id);
CREATE INDEX deliveries_parked ON deliveries (received_at, id) WHERE state = 'parked';

CREATE TABLE due (
    kind          text COLLATE "C" NOT NULL CHECK (kind IN ('operation', 'session', 'delivery', 'events')),
    id            text COLLATE "C" NOT NULL,
    collection_id text COLLATE "C" NOT NULL,
    at            timestamptz,
    tries         bigint   NOT NULL DEFAULT 0,
    seq           bigint   NOT NULL DEFAULT 0,
    dead          bigint[],
    newest        bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE due IS 'work that is found by its time; at is NULL for a collection whose events are all delivered';
COMMENT ON COLUMN due.seq IS 'events: delivered up to this events.seq';
COMMENT ON COLUMN due.dead IS 'events: those that were given up';
COMMENT ON COLUMN due.newest IS 'events: the last events.seq of the collection';
CREATE INDEX due_at ON due (kind, at, id) WHERE at IS NOT NULL;

CREATE TABLE settings (
    id                 boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (id),
    version            bigint  NOT NULL CHECK (version > 0),
    disabled_providers text[],
    refund_reasons     jsonb
);
COMMENT ON TABLE settings IS 'what the merchant set for all collections: one row at most';
-- A CHECK is read, planned and evaluated anew by every statement that writes a row: they took a seventh of what the server spends on a
-- payment. The library refuses these values before a statement is sent; settings keeps its own, which makes it one row.

ALTER TABLE collections
    DROP CONSTRAINT IF EXISTS collections_version_check,
    DROP CONSTRAINT IF EXISTS collections_amount_check,
    DROP CONSTRAINT IF EXISTS collections_authorized_check,
    DROP CONSTRAINT IF EXISTS collections_held_check,
    DROP CONSTRAINT IF EXISTS collections_captured_check,
    DROP CONSTRAINT IF EXISTS collections_refunded_check;
ALTER TABLE sessions
    DROP CONSTRAINT IF EXISTS sessions_amount_check,
    DROP CONSTRAINT IF EXISTS sessions_held_check,
    DROP CONSTRAINT IF EXISTS sessions_status_check;
ALTER TABLE payments
    DROP CONSTRAINT IF EXISTS payments_amount_check,
    DROP CONSTRAINT IF EXISTS payments_authorized_check,
    DROP CONSTRAINT IF EXISTS payments_released_check,
    DROP CONSTRAINT IF EXISTS payments_capturable_check,
    DROP CONSTRAINT IF EXISTS payments_captured_check,
    DROP CONSTRAINT IF EXISTS payments_refunded_check;
ALTER TABLE captures
    DROP CONSTRAINT IF EXISTS captures_amount_check,
    DROP CONSTRAINT IF EXISTS captures_state_check;
ALTER TABLE refunds
    DROP CONSTRAINT IF EXISTS refunds_amount_check,
    DROP CONSTRAINT IF EXISTS refunds_state_check;
ALTER TABLE operations
    DROP CONSTRAINT IF EXISTS operations_kind_check,
    DROP CONSTRAINT IF EXISTS operations_state_check,
    DROP CONSTRAINT IF EXISTS operations_amount_check;
ALTER TABLE open_operations
    DROP CONSTRAINT IF EXISTS open_operations_state_check;
ALTER TABLE deliveries
    DROP CONSTRAINT IF EXISTS deliveries_version_check,
    DROP CONSTRAINT IF EXISTS deliveries_state_check;
ALTER TABLE due
    DROP CONSTRAINT IF EXISTS due_kind_check;

INSERT INTO schema_version (version) VALUES (2);
-- Fewer rows and index entries for each step. What is open and when it is due are one row now: an operation has one from its begin to its
-- end, instead of two. And what belongs to a session's payment is found by the payment, which the session names.

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
INSERT INTO captures SELECT ('(capt_00000001000000000000005854fed2fb,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"",cap_000001,18.04,succeeded,"","",,"2026-03-01 21:05:15.915339+00","2026-03-01 21:05:15.915339+00")'::captures).*;
INSERT INTO captures SELECT ('(capt_00000001000000000000009ad2b01686,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,pay_000000010000000000000004abd21724,"",cap_000003,13.1,succeeded,"","",,"2026-03-04 05:07:29.415053+00","2026-03-04 05:07:29.415053+00")'::captures).*;
INSERT INTO captures SELECT ('(capt_00000001000000000000009f684cb941,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000000526ff6b79,pay_00000001000000000000000526ff6b79,"",cap_000002,1.22,succeeded,"","",,"2026-03-04 05:07:31.82874+00","2026-03-04 05:07:31.82874+00")'::captures).*;
INSERT INTO collections SELECT ('(paycol_000000010000000000000001b4a07b6b,90,EUR,42,32.36,0,32.36,2.01,1,0,0,,,,,,"2026-03-01 12:00:09.718505+00","2026-03-05 10:14:36.429153+00")'::collections).*;
INSERT INTO deliveries SELECT (E'(whd_000000010000000000000019e77a6e63,6,sandbox,evt_000001,intent.created,handled,payses_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,"",int_000001,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000001\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772366429,\\\\""session\\\\"":\\\\""payses_00000001000000000000000526ff6b79\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000001\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_00000001000000000000000526ff6b79\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":122,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""1.22"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000001"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-01 12:00:40.541986+00","2026-03-04 05:07:33.01138+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_00000001000000000000002e7fd58305,12,sandbox,evt_000002,intent.created,handled,payses_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,"",int_000002,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000002\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772366430,\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000002\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1804,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""18.04"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000002"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",5,"",,"2026-03-01 15:00:50.20956+00","2026-03-04 05:51:33.136503+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_00000001000000000000003d25dda93a,11,sandbox,evt_000004,intent.authorized,handled,payses_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,"",int_000002,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000004\\\\"",\\\\""type\\\\"":\\\\""intent.authorized\\\\"",\\\\""created\\\\"":1772366442,\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000002\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""status\\\\"":\\\\""requires_capture\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1804,\\\\""authorized\\\\"":1804,\\\\""capturable\\\\"":1804,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""18.04"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000002"", ""Authorized"": ""18.04"", ""Capturable"": ""18.04"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",4,"",,"2026-03-01 18:01:59.442296+00","2026-03-04 05:51:33.136503+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_00000001000000000000006efff66035,10,sandbox,evt_000005,capture.succeeded,handled,payses_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,"",int_000002,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000005\\\\"",\\\\""type\\\\"":\\\\""capture.succeeded\\\\"",\\\\""created\\\\"":1772366442,\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000002\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""status\\\\"":\\\\""succeeded\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1804,\\\\""authorized\\\\"":1804,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[{\\\\""id\\\\"":\\\\""cap_000001\\\\"",\\\\""kind\\\\"":\\\\""capture\\\\"",\\\\""amount\\\\"":1804,\\\\""state\\\\"":\\\\""succeeded\\\\"",\\\\""at\\\\"":\\\\""2026-03-01T12:00:42.662185Z\\\\""}]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""18.04"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [{""At"": ""2026-03-01T12:00:42.662185Z"", ""Kind"": ""capture"", ""State"": ""succeeded"", ""Amount"": ""18.04"", ""Reference"": ""cap_000001"", ""IdempotencyKey"": """"}], ""Reference"": ""int_000002"", ""Authorized"": ""18.04"", ""Capturable"": ""0"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",3,"",,"2026-03-02 23:46:31.447621+00","2026-03-04 05:51:33.129125+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_00000001000000000000007d03a3b1f6,3,sandbox,evt_000003,intent.created,handled,payses_000000010000000000000003aae5e794,paycol_000000010000000000000001b4a07b6b,"",int_000003,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000003\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772366430,\\\\""session\\\\"":\\\\""payses_000000010000000000000003aae5e794\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000003\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000003aae5e794\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":2100,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""21"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000003"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",1,"",,"2026-03-02 23:47:00.48149+00","2026-03-04 05:07:30.140546+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000919af7005c,2,sandbox,evt_000006,intent.created,handled,payses_00000001000000000000001de827a9b6,paycol_000000010000000000000001b4a07b6b,"",int_000004,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000006\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772399106,\\\\""session\\\\"":\\\\""payses_00000001000000000000001de827a9b6\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000004\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_00000001000000000000001de827a9b6\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1050,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""10.5"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000004"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-02 23:51:26.982617+00","2026-03-04 05:07:30.272782+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_000000010000000000000097f36706b8,2,sandbox,evt_000007,intent.created,handled,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"",int_000005,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000007\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772399110,\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000005\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1310,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""13.1"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000005"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-04 05:07:29.348237+00","2026-03-04 05:07:29.415053+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_00000001000000000000009c9bf5a05b,2,sandbox,evt_000008,intent.authorized,handled,payses_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,"",int_000001,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000008\\\\"",\\\\""type\\\\"":\\\\""intent.authorized\\\\"",\\\\""created\\\\"":1772495213,\\\\""session\\\\"":\\\\""payses_00000001000000000000000526ff6b79\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000001\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_00000001000000000000000526ff6b79\\\\"",\\\\""status\\\\"":\\\\""requires_capture\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":122,\\\\""authorized\\\\"":122,\\\\""capturable\\\\"":122,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""1.22"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000001"", ""Authorized"": ""1.22"", ""Capturable"": ""1.22"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-04 05:07:31.761228+00","2026-03-04 05:07:31.82874+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a151fbf067,2,sandbox,evt_000009,capture.succeeded,handled,payses_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,"",int_000001,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000009\\\\"",\\\\""type\\\\"":\\\\""capture.succeeded\\\\"",\\\\""created\\\\"":1772495213,\\\\""session\\\\"":\\\\""payses_00000001000000000000000526ff6b79\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000001\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_00000001000000000000000526ff6b79\\\\"",\\\\""status\\\\"":\\\\""succeeded\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":122,\\\\""authorized\\\\"":122,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[{\\\\""id\\\\"":\\\\""cap_000002\\\\"",\\\\""kind\\\\"":\\\\""capture\\\\"",\\\\""amount\\\\"":122,\\\\""state\\\\"":\\\\""succeeded\\\\"",\\\\""at\\\\"":\\\\""2026-03-02T23:46:53.508829Z\\\\""}]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""1.22"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [{""At"": ""2026-03-02T23:46:53.508829Z"", ""Kind"": ""capture"", ""State"": ""succeeded"", ""Amount"": ""1.22"", ""Reference"": ""cap_000002"", ""IdempotencyKey"": """"}], ""Reference"": ""int_000001"", ""Authorized"": ""1.22"", ""Capturable"": ""0"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-04 05:07:29.482566+00","2026-03-04 05:07:33.014997+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a253eb59b7,3,sandbox,evt_000010,intent.authorized,handled,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"",int_000005,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000010\\\\"",\\\\""type\\\\"":\\\\""intent.authorized\\\\"",\\\\""created\\\\"":1772495401,\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000005\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""status\\\\"":\\\\""requires_capture\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1310,\\\\""authorized\\\\"":1310,\\\\""capturable\\\\"":1310,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""13.1"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000005"", ""Authorized"": ""13.1"", ""Capturable"": ""13.1"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-04 05:07:29.482894+00","2026-03-04 05:18:31.23779+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a32c4cea2e,2,sandbox,evt_000011,capture.succeeded,handled,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"",int_000005,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000011\\\\"",\\\\""type\\\\"":\\\\""capture.succeeded\\\\"",\\\\""created\\\\"":1772495401,\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000005\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""status\\\\"":\\\\""succeeded\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1310,\\\\""authorized\\\\"":1310,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[{\\\\""id\\\\"":\\\\""cap_000003\\\\"",\\\\""kind\\\\"":\\\\""capture\\\\"",\\\\""amount\\\\"":1310,\\\\""state\\\\"":\\\\""succeeded\\\\"",\\\\""at\\\\"":\\\\""2026-03-02T23:50:01.54801Z\\\\""}]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""13.1"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [{""At"": ""2026-03-02T23:50:01.54801Z"", ""Kind"": ""capture"", ""State"": ""succeeded"", ""Amount"": ""13.1"", ""Reference"": ""cap_000003"", ""IdempotencyKey"": """"}], ""Reference"": ""int_000005"", ""Authorized"": ""13.1"", ""Capturable"": ""0"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-04 05:07:31.829972+00","2026-03-04 05:07:32.131669+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a515e42729,10,sandbox,evt_000013,refund.succeeded,handled,payses_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,"",int_000002,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000013\\\\"",\\\\""type\\\\"":\\\\""refund.succeeded\\\\"",\\\\""created\\\\"":1772495477,\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000002\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000008684cd297\\\\"",\\\\""status\\\\"":\\\\""succeeded\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1804,\\\\""authorized\\\\"":1804,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[{\\\\""id\\\\"":\\\\""cap_000001\\\\"",\\\\""kind\\\\"":\\\\""capture\\\\"",\\\\""amount\\\\"":1804,\\\\""state\\\\"":\\\\""succeeded\\\\"",\\\\""at\\\\"":\\\\""2026-03-01T12:00:42.662185Z\\\\""},{\\\\""id\\\\"":\\\\""ref_000001\\\\"",\\\\""kind\\\\"":\\\\""refund\\\\"",\\\\""amount\\\\"":201,\\\\""state\\\\"":\\\\""succeeded\\\\"",\\\\""at\\\\"":\\\\""2026-03-02T23:51:17.663782Z\\\\""}]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""18.04"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [{""At"": ""2026-03-01T12:00:42.662185Z"", ""Kind"": ""capture"", ""State"": ""succeeded"", ""Amount"": ""18.04"", ""Reference"": ""cap_000001"", ""IdempotencyKey"": """"}, {""At"": ""2026-03-02T23:51:17.663782Z"", ""Kind"": ""refund"", ""State"": ""succeeded"", ""Amount"": ""2.01"", ""Reference"": ""ref_000001"", ""IdempotencyKey"": """"}], ""Reference"": ""int_000002"", ""Authorized"": ""18.04"", ""Capturable"": ""0"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",4,"",,"2026-03-04 05:07:29.785495+00","2026-03-04 05:51:33.136503+00")'::deliveries).*;
INSERT INTO due SELECT ('(events,paycol_000000010000000000000001b4a07b6b,paycol_000000010000000000000001b4a07b6b,,0,5761,,5761,,)'::due).*;
INSERT INTO due SELECT ('(session,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"2026-03-06 17:25:38.188045+00",8,0,,0,,)'::due).*;
INSERT INTO due SELECT ('(session,payses_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,"2026-03-06 17:25:37.996919+00",8,0,,0,,)'::due).*;
INSERT INTO due SELECT ('(session,payses_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,"2026-03-06 13:41:37.694179+00",5,0,,0,,)'::due).*;
INSERT INTO events SELECT ('(evt_000000010000000000000002d4ebe54a,paycol_000000010000000000000001b4a07b6b,64,collection.created,"","","","","",42,EUR,"","","","2026-03-01 12:00:09.718505+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000009ec6e7ec4,paycol_000000010000000000000001b4a07b6b,128,session.created,payses_00000001000000000000000526ff6b79,"","","",sandbox,1.22,EUR,"","","","2026-03-01 12:00:28.965581+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000119cdc07ed,paycol_000000010000000000000001b4a07b6b,192,session.created,payses_000000010000000000000003aae5e794,"","","",sandbox,21,EUR,"","","","2026-03-01 12:00:31.942458+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000013614673bd,paycol_000000010000000000000001b4a07b6b,256,session.created,payses_000000010000000000000008684cd297,"","","",sandbox,18.04,EUR,"","","","2026-03-01 12:00:31.942458+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000217c4e43a0,paycol_000000010000000000000001b4a07b6b,448,session.created,payses_00000001000000000000001de827a9b6,"","","",sandbox,10.5,EUR,"","","","2026-03-01 12:00:50.413773+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000027ff1446bd,paycol_000000010000000000000001b4a07b6b,512,session.created,payses_000000010000000000000004abd21724,"","","",sandbox,13.1,EUR,"","","","2026-03-01 15:00:54.061718+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000057f276bd80,paycol_000000010000000000000001b4a07b6b,1472,payment.authorized,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"","",sandbox,18.04,EUR,"","","","2026-03-01 21:05:15.915339+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000059012adb60,paycol_000000010000000000000001b4a07b6b,1473,capture.succeeded,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,capt_00000001000000000000005854fed2fb,"",sandbox,18.04,EUR,"","","","2026-03-01 21:05:15.915339+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000842579a0e8,paycol_000000010000000000000001b4a07b6b,2688,payment.updated,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"","",sandbox,18.04,EUR,"","","","2026-03-02 23:50:13.620798+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000099821e52dc,paycol_000000010000000000000001b4a07b6b,3136,payment.authorized,payses_000000010000000000000004abd21724,pay_000000010000000000000004abd21724,"","",sandbox,13.1,EUR,"","","","2026-03-04 05:07:29.415053+00")'::events).*;
INSERT INTO events SELECT ('(evt_00000001000000000000009be611f5bd,paycol_000000010000000000000001b4a07b6b,3137,capture.succeeded,payses_000000010000000000000004abd21724,pay_000000010000000000000004abd21724,capt_00000001000000000000009ad2b01686,"",sandbox,13.1,EUR,"","","","2026-03-04 05:07:29.415053+00")'::events).*;
INSERT INTO events SELECT ('(evt_00000001000000000000009e118819a5,paycol_000000010000000000000001b4a07b6b,3264,payment.authorized,payses_00000001000000000000000526ff6b79,pay_00000001000000000000000526ff6b79,"","",sandbox,1.22,EUR,"","","","2026-03-04 05:07:31.82874+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000a0bb2a3bf8,paycol_000000010000000000000001b4a07b6b,3265,capture.succeeded,payses_00000001000000000000000526ff6b79,pay_00000001000000000000000526ff6b79,capt_00000001000000000000009f684cb941,"",sandbox,1.22,EUR,"","","","2026-03-04 05:07:31.82874+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000a926e0364d,paycol_000000010000000000000001b4a07b6b,3648,session.canceled,payses_00000001000000000000001de827a9b6,"","","",sandbox,10.5,EUR,"","","","2026-03-04 05:07:30.272782+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000b36cd9afe9,paycol_000000010000000000000001b4a07b6b,4672,operation.needs_attention,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"",op_00000001000000000000008a2e284fa4,sandbox,2.01,EUR,gave_up,"","","2026-03-04 05:40:35.350718+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000b60a8ac4d0,paycol_000000010000000000000001b4a07b6b,4800,operation.resolved,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"",op_00000001000000000000008a2e284fa4,sandbox,2.01,EUR,ask,"","","2026-03-04 06:13:35.978465+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000be8a548182,paycol_000000010000000000000001b4a07b6b,5696,operation.needs_attention,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"",op_00000001000000000000008a2e284fa4,sandbox,2.01,EUR,gave_up,"","","2026-03-05 09:19:35.617299+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000c06cc853ce,paycol_000000010000000000000001b4a07b6b,5760,operation.resolved,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,"",op_00000001000000000000008a2e284fa4,sandbox,2.01,EUR,accept,"","","2026-03-05 10:14:36.429153+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000c1bf029c9c,paycol_000000010000000000000001b4a07b6b,5761,refund.succeeded,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,ref_00000001000000000000008a2e284fa4,op_00000001000000000000008a2e284fa4,sandbox,2.01,EUR,"","","","2026-03-05 10:14:36.429153+00")'::events).*;
INSERT INTO operations SELECT ('(op_000000010000000000000003aae5e794,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000003aae5e794,sandbox,initialize,succeeded,21,EUR,f,0,"",,,,,"","","","",,3,00000001000000000000005c485e5971,,"2026-03-01 12:00:31.942458+00","2026-03-01 12:00:31.942458+00","","context deadline exceeded","","","",,"2026-03-01 12:00:31.942458+00","2026-03-01 21:05:20.474957+00","2026-03-01 21:05:20.474957+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,initialize,failed,13.1,EUR,f,0,"",,,,,"","","","",,3,00000001000000000000004c02daab56,,"2026-03-01 15:00:54.061718+00","2026-03-01 15:00:54.061718+00",not_done,"simulation: connection reset","","","",,"2026-03-01 15:00:54.061718+00","2026-03-01 21:05:20.24424+00","2026-03-01 21:05:20.24424+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000000526ff6b79,sandbox,initialize,succeeded,1.22,EUR,f,0,"",,,,,"","","","",,5,000000010000000000000068d9e00b42,,"2026-03-01 12:00:28.965581+00","2026-03-01 12:00:28.965581+00","","","","","",,"2026-03-01 12:00:28.965581+00","2026-03-02 23:46:31.447621+00","2026-03-02 23:46:31.447621+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000008684cd297,sandbox,initialize,succeeded,18.04,EUR,f,0,"",,,,,"","","","",,1,0000000100000000000000145cf8f98c,,"2026-03-01 12:00:31.942458+00","2026-03-01 12:00:31.942458+00","","","","","",,"2026-03-01 12:00:31.942458+00","2026-03-01 12:00:37.124053+00","2026-03-01 12:00:37.124053+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000001c6364d576,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000008684cd297,sandbox,authorize,succeeded,18.04,EUR,f,18.04,int_000002,,,,,"","","","",,3,00000001000000000000004a389cd680,,"2026-03-01 12:00:50.413773+00","2026-03-01 12:00:50.413773+00","","","","","",,"2026-03-01 12:00:50.413773+00","2026-03-01 21:05:15.915339+00","2026-03-01 21:05:15.915339+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000001de827a9b6,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000001de827a9b6,sandbox,initialize,failed,10.5,EUR,f,0,"",,,,,"","","","",,2,00000001000000000000004ece063edc,,"2026-03-01 12:00:50.413773+00","2026-03-01 12:00:50.413773+00",not_done,"simulation: connection reset","","","",,"2026-03-01 12:00:50.413773+00","2026-03-01 21:05:08.053459+00","2026-03-01 21:05:08.053459+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000004bb927bc6a,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,initialize,succeeded,13.1,EUR,f,0,"",,,,,"","","","",,1,00000001000000000000005e8b6cf716,,"2026-03-01 21:05:20.24424+00","2026-03-01 21:05:20.24424+00","","","","","",,"2026-03-01 21:05:20.24424+00","2026-03-01 21:05:20.368547+00","2026-03-01 21:05:20.368547+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000004d8a4930d4,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000001de827a9b6,sandbox,initialize,succeeded,10.5,EUR,f,0,"",,,,,"","","","",,2,00000001000000000000006f3a63880a,,"2026-03-01 21:05:08.053459+00","2026-03-01 21:05:08.053459+00","","","","","",,"2026-03-01 21:05:08.053459+00","2026-03-02 23:46:51.129841+00","2026-03-02 23:46:51.129841+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000005f08ad0f85,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,authorize,failed,13.1,EUR,f,13.1,int_000005,,,,,"","","","",,3,00000001000000000000007361bfbdc2,,"2026-03-01 21:05:20.370226+00","2026-03-01 21:05:20.370226+00",not_done,"","","","",,"2026-03-01 21:05:20.370226+00","2026-03-02 23:47:00.968567+00","2026-03-02 23:47:00.968567+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000072d4337f28,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000000526ff6b79,sandbox,authorize,succeeded,1.22,EUR,f,1.22,int_000001,,,,,"","","","",,3,00000001000000000000009d53bbb920,,"2026-03-02 23:46:58.024213+00","2026-03-02 23:46:58.024213+00","","","","","",,"2026-03-02 23:46:58.024213+00","2026-03-04 05:07:31.82874+00","2026-03-04 05:07:31.82874+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000882121df69,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,authorize,succeeded,13.1,EUR,f,13.1,int_000005,,,,,"","","","",,2,000000010000000000000098857b2149,,"2026-03-03 02:51:24.636443+00","2026-03-03 02:51:24.636443+00","","simulation: connection reset","","","",,"2026-03-03 02:51:24.636443+00","2026-03-04 05:07:29.415053+00","2026-03-04 05:07:29.415053+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000008a2e284fa4,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000008684cd297,sandbox,refund,succeeded,2.01,EUR,f,0,int_000002,,,,,"","","","",,17,0000000100000000000000bdd8495a89,,"2026-03-02 23:51:25.695335+00","2026-03-02 23:51:25.695335+00","","",accept,"a person","","2026-03-05 10:14:36.354132+00","2026-03-02 23:51:25.695335+00","2026-03-05 10:14:36.429153+00","2026-03-05 10:14:36.429153+00")'::operations).*;
INSERT INTO payments SELECT ('(pay_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,EUR,13.1,13.1,0,0,13.1,0,f,"{""amount"": ""13.10"", ""status"": ""succeeded"", ""intent_id"": ""int_000005"", ""client_token"": ""ct_9acd0d0c583578b9a7530d681d80fee9"", ""currency_code"": ""EUR""}",,,"2026-03-04 05:07:29.415053+00",,"2026-03-04 05:07:29.415053+00","2026-03-04 05:07:29.415053+00")'::payments).*;
INSERT INTO payments SELECT ('(pay_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000000526ff6b79,sandbox,EUR,1.22,1.22,0,0,1.22,0,f,"{""amount"": ""1.22"", ""status"": ""succeeded"", ""intent_id"": ""int_000001"", ""client_token"": ""ct_8b3ff469fa83be2d969924ab7c34b955"", ""currency_code"": ""EUR""}",,,"2026-03-04 05:07:31.82874+00",,"2026-03-04 05:07:31.82874+00","2026-03-04 05:07:31.82874+00")'::payments).*;
INSERT INTO payments SELECT ('(pay_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000008684cd297,sandbox,EUR,18.04,18.04,0,0,18.04,2.01,f,"{""amount"": ""18.04"", ""status"": ""succeeded"", ""intent_id"": ""int_000002"", ""client_token"": ""ct_f3e9b9cb7dca4b601a521734b8b1fb84"", ""currency_code"": ""EUR""}","{""seen"": true}",,"2026-03-01 21:05:15.915339+00",,"2026-03-01 21:05:15.915339+00","2026-03-05 10:14:36.429153+00")'::payments).*;
INSERT INTO refunds SELECT ('(ref_00000001000000000000008a2e284fa4,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000008684cd297,pay_000000010000000000000008684cd297,op_00000001000000000000008a2e284fa4,ref_000001,2.01,succeeded,"","",,"2026-03-05 10:14:36.429153+00","2026-03-05 10:14:36.429153+00","","",)'::refunds).*;
INSERT INTO requests SELECT ('(paycol_000000010000000000000001b4a07b6b,CreateSession,key1,af8d0cf1c74d0ef3ac2025f9998e90ead85692c65fe931952b8e51bf7fea3fd7,payses_000000010000000000000008684cd297,op_000000010000000000000008684cd297,"","2026-03-01 12:00:31.942458+00")'::requests).*;
INSERT INTO sessions SELECT ('(payses_000000010000000000000003aae5e794,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,21,0,pending,55,"{""amount"": ""21.00"", ""status"": ""requires_payment_method"", ""intent_id"": ""int_000003"", ""client_token"": ""ct_8f907e31ff17f5f5a0614f5df744dc9c"", ""currency_code"": ""EUR""}","{""access_value"": ""access_45608c7e7641b2347a5efc7b8e61d81c""}","{""email"": ""zq-planted-context1""}",,int_000003,acct_sandbox,,"","","",0,"2026-03-01 21:05:20.474957+00",,"2026-03-04 05:07:30.082562+00",,,,,,,"2026-03-01 12:00:31.942458+00","2026-03-04 05:07:30.082115+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,13.1,0,authorized,63,"{""amount"": ""13.10"", ""status"": ""succeeded"", ""intent_id"": ""int_000005"", ""client_token"": ""ct_9acd0d0c583578b9a7530d681d80fee9"", ""currency_code"": ""EUR""}","{""access_value"": ""access_7eed6a00dd7007bf2ead1efff8d0d6aa""}","{""email"": ""zq-planted-context4""}",,int_000005,acct_sandbox,,"","",pay_000000010000000000000004abd21724,0,"2026-03-04 05:07:29.415053+00",,"2026-03-04 05:18:30.997363+00",,,"2026-03-04 05:07:29.415053+00",,,,"2026-03-01 15:00:54.061718+00","2026-03-04 05:18:30.996647+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_00000001000000000000000526ff6b79,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,1.22,0,authorized,60,"{""amount"": ""1.22"", ""status"": ""succeeded"", ""intent_id"": ""int_000001"", ""client_token"": ""ct_8b3ff469fa83be2d969924ab7c34b955"", ""currency_code"": ""EUR""}","{""access_value"": ""access_f4b0f01f63d3287bb823727d5232871d""}","{""email"": ""zq-planted-context2""}",,int_000001,acct_sandbox,,"","",pay_00000001000000000000000526ff6b79,0,"2026-03-04 05:07:31.82874+00",,"2026-03-04 05:07:32.771749+00",,,"2026-03-04 05:07:31.82874+00",,,,"2026-03-01 12:00:28.965581+00","2026-03-04 05:07:32.771192+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_000000010000000000000008684cd297,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,18.04,0,authorized,90,"{""amount"": ""18.04"", ""status"": ""succeeded"", ""intent_id"": ""int_000002"", ""client_token"": ""ct_f3e9b9cb7dca4b601a521734b8b1fb84"", ""currency_code"": ""EUR""}","{""access_value"": ""access_d4b987a56b15cc67a8f9f669e015807b""}","{""email"": ""zq-planted-context5""}",,int_000002,acct_sandbox,,"","",pay_000000010000000000000008684cd297,0,"2026-03-01 21:05:15.915339+00",,"2026-03-05 09:19:35.346548+00",,"2026-03-05 10:14:36.354132+00","2026-03-01 21:05:15.915339+00",,,,"2026-03-01 12:00:31.942458+00","2026-03-05 10:14:36.429153+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_00000001000000000000001de827a9b6,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,10.5,0,canceled,57,"{""amount"": ""10.50"", ""status"": ""canceled"", ""intent_id"": ""int_000004"", ""client_token"": ""ct_31ca8febd2853214ebef3f81899b4b37"", ""currency_code"": ""EUR""}","{""access_value"": ""access_7f5b138f66c07a7b92d041f51726af06""}","{""email"": ""zq-planted-context6""}",,int_000004,acct_sandbox,,"","","",0,"2026-03-02 23:46:51.129841+00",,"2026-03-04 05:07:30.141528+00",,,,"2026-03-04 05:07:30.272782+00",,,"2026-03-01 12:00:50.413773+00","2026-03-04 05:07:30.272782+00")'::sessions).*;
