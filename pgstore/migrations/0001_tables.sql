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
