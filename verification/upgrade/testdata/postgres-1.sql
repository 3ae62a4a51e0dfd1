CREATE SCHEMA payment;
SET search_path TO payment;
-- Tables of github.com/seed40c892db/payment for PostgreSQL 15 and newer.
--
-- Names are not qualified: they go to the first schema of the search path. Migrate creates the schema and sets that path; who runs
-- this file by other means does the same, in one transaction:
--
--   CREATE SCHEMA payment; SET LOCAL search_path TO payment; \i 0001_tables.sql
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
INSERT INTO captures SELECT ('(capt_0000000100000000000000a9c838cf78,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,pay_000000010000000000000004abd21724,"",cap_000001,13.1,succeeded,"","",,"2026-03-05 17:16:25.587526+00","2026-03-05 17:16:25.587526+00")'::captures).*;
INSERT INTO collections SELECT ('(paycol_000000010000000000000001b4a07b6b,66,EUR,42,13.1,0,13.1,0,2,1,1,,,,,,"2026-03-01 12:00:09.718505+00","2026-03-05 17:16:29.450836+00")'::collections).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000429ce8fe97,3,sandbox,evt_000001,intent.created,handled,payses_0000000100000000000000183958b778,paycol_000000010000000000000001b4a07b6b,"",int_000001,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000001\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772414216,\\\\""session\\\\"":\\\\""payses_0000000100000000000000183958b778\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000001\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_0000000100000000000000183958b778\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1804,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""18.04"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000001"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-02 04:58:29.69758+00","2026-03-02 07:59:30.25417+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_00000001000000000000006efff66035,3,sandbox,evt_000002,intent.canceled,handled,payses_0000000100000000000000183958b778,paycol_000000010000000000000001b4a07b6b,"",int_000001,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000002\\\\"",\\\\""type\\\\"":\\\\""intent.canceled\\\\"",\\\\""created\\\\"":1772531970,\\\\""session\\\\"":\\\\""payses_0000000100000000000000183958b778\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000001\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_0000000100000000000000183958b778\\\\"",\\\\""status\\\\"":\\\\""canceled\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1804,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""canceled"", ""Amount"": ""18.04"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000001"", ""Authorized"": ""0"", ""Capturable"": ""0"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-03 09:59:32.402956+00","2026-03-04 15:16:24.664175+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a21be3a1b8,2,sandbox,evt_000003,intent.created,handled,payses_000000010000000000000003aae5e794,paycol_000000010000000000000001b4a07b6b,"",int_000002,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000003\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772637378,\\\\""session\\\\"":\\\\""payses_000000010000000000000003aae5e794\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000002\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000003aae5e794\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":2100,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""21"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000002"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-05 17:16:28.81613+00","2026-03-05 17:16:29.021452+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a4fce40be0,2,sandbox,evt_000004,intent.created,handled,payses_0000000100000000000000841374325c,paycol_000000010000000000000001b4a07b6b,"",int_000003,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000004\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772637378,\\\\""session\\\\"":\\\\""payses_0000000100000000000000841374325c\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000003\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_0000000100000000000000841374325c\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":4200,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""42"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000003"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-05 17:16:25.408158+00","2026-03-05 17:16:25.499077+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000a610e2f127,2,sandbox,evt_000005,intent.created,handled,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"",int_000004,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000005\\\\"",\\\\""type\\\\"":\\\\""intent.created\\\\"",\\\\""created\\\\"":1772637382,\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000004\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""status\\\\"":\\\\""requires_payment_method\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1310,\\\\""authorized\\\\"":0,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""pending"", ""Amount"": ""13.1"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000004"", ""Authorized"": ""0"", ""Capturable"": null, ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-05 17:16:25.499077+00","2026-03-05 17:16:25.587526+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000ab0d133aee,3,sandbox,evt_000006,intent.authorized,handled,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"",int_000004,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000006\\\\"",\\\\""type\\\\"":\\\\""intent.authorized\\\\"",\\\\""created\\\\"":1772637383,\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000004\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""status\\\\"":\\\\""requires_capture\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1310,\\\\""authorized\\\\"":1310,\\\\""capturable\\\\"":1310,\\\\""movements\\\\"":[]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""13.1"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [], ""Reference"": ""int_000004"", ""Authorized"": ""13.1"", ""Capturable"": ""13.1"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-05 17:16:25.589619+00","2026-03-05 17:16:29.495393+00")'::deliveries).*;
INSERT INTO deliveries SELECT (E'(whd_0000000100000000000000acdfcc8dfb,3,sandbox,evt_000007,capture.succeeded,handled,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"",int_000004,"{""body"": ""{\\\\""id\\\\"":\\\\""evt_000007\\\\"",\\\\""type\\\\"":\\\\""capture.succeeded\\\\"",\\\\""created\\\\"":1772637383,\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""collection\\\\"":\\\\""paycol_000000010000000000000001b4a07b6b\\\\"",\\\\""intent\\\\"":{\\\\""id\\\\"":\\\\""int_000004\\\\"",\\\\""account\\\\"":\\\\""acct_sandbox\\\\"",\\\\""session\\\\"":\\\\""payses_000000010000000000000004abd21724\\\\"",\\\\""status\\\\"":\\\\""succeeded\\\\"",\\\\""currency\\\\"":\\\\""EUR\\\\"",\\\\""amount\\\\"":1310,\\\\""authorized\\\\"":1310,\\\\""capturable\\\\"":0,\\\\""movements\\\\"":[{\\\\""id\\\\"":\\\\""cap_000001\\\\"",\\\\""kind\\\\"":\\\\""capture\\\\"",\\\\""amount\\\\"":1310,\\\\""state\\\\"":\\\\""succeeded\\\\"",\\\\""at\\\\"":\\\\""2026-03-04T15:16:23.207938Z\\\\""}]}}"", ""snapshot"": {""Data"": null, ""State"": ""authorized"", ""Amount"": ""13.1"", ""Totals"": null, ""Account"": ""acct_sandbox"", ""Decline"": null, ""ExpiresAt"": ""0001-01-01T00:00:00Z"", ""Movements"": [{""At"": ""2026-03-04T15:16:23.207938Z"", ""Kind"": ""capture"", ""State"": ""succeeded"", ""Amount"": ""13.1"", ""Reference"": ""cap_000001"", ""IdempotencyKey"": """"}], ""Reference"": ""int_000004"", ""Authorized"": ""13.1"", ""Capturable"": ""0"", ""NextAction"": null, ""CurrencyCode"": ""EUR"", ""CaptureBefore"": ""0001-01-01T00:00:00Z""}}",0,"",,"2026-03-05 17:16:25.589619+00","2026-03-05 17:16:29.502613+00")'::deliveries).*;
INSERT INTO due SELECT ('(events,paycol_000000010000000000000001b4a07b6b,paycol_000000010000000000000001b4a07b6b,,0,4033,,4033)'::due).*;
INSERT INTO due SELECT ('(session,payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,"2026-03-07 23:26:31.050551+00",6,0,,0)'::due).*;
INSERT INTO events SELECT ('(evt_000000010000000000000002d4ebe54a,paycol_000000010000000000000001b4a07b6b,64,collection.created,"","","","","",42,EUR,"","","","2026-03-01 12:00:09.718505+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000006ec6e7ec4,paycol_000000010000000000000001b4a07b6b,128,session.created,payses_000000010000000000000005da23a4de,"","","",sandbox,1.22,EUR,"","","","2026-03-01 12:00:28.965581+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000123a8cb5db,paycol_000000010000000000000001b4a07b6b,192,session.created,payses_00000001000000000000000e632ec98c,"","","",sandbox,42,EUR,"","","","2026-03-02 01:00:32.328952+00")'::events).*;
INSERT INTO events SELECT ('(evt_00000001000000000000001f50958dfc,paycol_000000010000000000000001b4a07b6b,320,session.created,payses_0000000100000000000000183958b778,"","","",sandbox,18.04,EUR,"","","","2026-03-02 01:16:37.229681+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000029c94dfbeb,paycol_000000010000000000000001b4a07b6b,512,session.created,payses_000000010000000000000004abd21724,"","","",sandbox,13.1,EUR,"","","","2026-03-02 01:17:05.8965+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000033acb86c57,paycol_000000010000000000000001b4a07b6b,640,session.created,payses_000000010000000000000003aae5e794,"","","",sandbox,21,EUR,"","","","2026-03-02 01:16:58.201567+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000358af7fac9,paycol_000000010000000000000001b4a07b6b,704,session.created,payses_0000000100000000000000151dccb799,"","","",sandbox,11.76,EUR,"","","","2026-03-02 01:17:05.949544+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000059485e5971,paycol_000000010000000000000001b4a07b6b,1728,session.canceled,payses_000000010000000000000005da23a4de,"","","",sandbox,1.22,EUR,"","","","2026-03-02 07:59:33.614725+00")'::events).*;
INSERT INTO events SELECT ('(evt_00000001000000000000005bdd9d7675,paycol_000000010000000000000001b4a07b6b,1792,session.canceled,payses_00000001000000000000000e632ec98c,"","","",sandbox,42,EUR,"","","","2026-03-02 07:59:33.614725+00")'::events).*;
INSERT INTO events SELECT ('(evt_00000001000000000000009438080ccb,paycol_000000010000000000000001b4a07b6b,3008,session.created,payses_0000000100000000000000841374325c,"","","",sandbox,42,EUR,"","","","2026-03-04 15:16:24.423375+00")'::events).*;
INSERT INTO events SELECT ('(evt_000000010000000000000099195d6a49,paycol_000000010000000000000001b4a07b6b,3200,session.declined,payses_000000010000000000000003aae5e794,"","","",sandbox,21,EUR,token_unknown,"","","2026-03-04 15:16:20.930639+00")'::events).*;
INSERT INTO events SELECT ('(evt_00000001000000000000009d50d1e0ba,paycol_000000010000000000000001b4a07b6b,3328,session.canceled,payses_0000000100000000000000183958b778,"","","",sandbox,18.04,EUR,"","","","2026-03-04 15:16:24.664175+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000a814da6730,paycol_000000010000000000000001b4a07b6b,4032,payment.authorized,payses_000000010000000000000004abd21724,pay_000000010000000000000004abd21724,"","",sandbox,13.1,EUR,"","","","2026-03-05 17:16:25.587526+00")'::events).*;
INSERT INTO events SELECT ('(evt_0000000100000000000000aa9730503c,paycol_000000010000000000000001b4a07b6b,4033,capture.succeeded,payses_000000010000000000000004abd21724,pay_000000010000000000000004abd21724,capt_0000000100000000000000a9c838cf78,"",sandbox,13.1,EUR,"","","","2026-03-05 17:16:25.587526+00")'::events).*;
INSERT INTO operations SELECT ('(op_000000010000000000000003aae5e794,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000003aae5e794,sandbox,initialize,failed,21,EUR,f,0,"",,,,,"","","","",,3,0000000100000000000000507fa45f63,,"2026-03-02 01:16:58.201567+00","2026-03-02 01:16:58.201567+00",not_done,"context deadline exceeded","","","",,"2026-03-02 01:16:58.201567+00","2026-03-02 07:59:33.830372+00","2026-03-02 07:59:33.830372+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,initialize,failed,13.1,EUR,f,0,"",,,,,"","","","",,8,00000001000000000000009e01426c3a,,"2026-03-02 01:17:05.8965+00","2026-03-02 01:17:05.8965+00",not_done,"context deadline exceeded","","","",,"2026-03-02 01:17:05.8965+00","2026-03-04 15:16:24.722673+00","2026-03-04 15:16:24.722673+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000005da23a4de,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000005da23a4de,sandbox,initialize,failed,1.22,EUR,f,0,"",,,,,"","","","",,4,00000001000000000000004f07d8f1f1,,"2026-03-01 12:00:28.965581+00","2026-03-01 12:00:28.965581+00",not_done,"","","","",,"2026-03-01 12:00:28.965581+00","2026-03-02 07:59:30.000041+00","2026-03-02 07:59:30.000041+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000000e632ec98c,paycol_000000010000000000000001b4a07b6b,payses_00000001000000000000000e632ec98c,sandbox,initialize,failed,42,EUR,f,0,"",,,,,"","","","",,1,000000010000000000000013dceb2611,,"2026-03-02 01:00:32.328952+00","2026-03-02 01:00:32.328952+00",not_sent,"this process was held up until its lease was nearly over","","","",,"2026-03-02 01:00:32.328952+00","2026-03-02 01:16:32.328952+00","2026-03-02 01:16:32.328952+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000151dccb799,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000151dccb799,sandbox,initialize,failed,11.76,EUR,f,0,"",,,,,"","","","",,4,0000000100000000000000addcae8034,,"2026-03-02 01:17:05.949544+00","2026-03-02 01:17:05.949544+00",not_done,"","","","",,"2026-03-02 01:17:05.949544+00","2026-03-05 17:16:29.447632+00","2026-03-05 17:16:29.447632+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000183958b778,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000183958b778,sandbox,initialize,failed,18.04,EUR,f,0,"",,,,,"","","","",,1,0000000100000000000000203203577a,,"2026-03-02 01:16:37.229681+00","2026-03-02 01:16:37.229681+00",not_sent,"this process was held up until its lease was nearly over","","","",,"2026-03-02 01:16:37.229681+00","2026-03-02 01:16:57.229681+00","2026-03-02 01:16:57.229681+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000259c436e7b,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000183958b778,sandbox,initialize,succeeded,18.04,EUR,f,0,"",,,,,"","","","",,1,000000010000000000000032ec5f78ad,,"2026-03-02 01:17:05.923648+00","2026-03-02 01:17:05.923648+00","","","","","",,"2026-03-02 01:17:05.923648+00","2026-03-02 01:17:06.095377+00","2026-03-02 01:17:06.095377+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000385a53e0d6,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000183958b778,sandbox,authorize,failed,18.04,EUR,f,18.04,int_000001,,,,,"","","","",,1,00000001000000000000003989da138f,,"2026-03-02 01:17:06.095377+00","2026-03-02 01:17:06.095377+00",not_sent,"this process was held up until its lease was nearly over","","","",,"2026-03-02 01:17:06.095377+00","2026-03-02 01:57:06.095377+00","2026-03-02 01:57:06.095377+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000003bcb78b5f0,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000183958b778,sandbox,authorize,failed,18.04,EUR,f,18.04,int_000001,,,,,"","","","",,4,00000001000000000000005728b18aa2,,"2026-03-02 04:57:01.47285+00","2026-03-02 04:57:01.47285+00",not_done,"context deadline exceeded","","","",,"2026-03-02 04:57:01.47285+00","2026-03-02 07:59:30.25417+00","2026-03-02 07:59:30.25417+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000005d34749187,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000183958b778,sandbox,cancel,succeeded,18.04,EUR,f,0,int_000001,,,,,"","","","",,4,00000001000000000000008e31f459af,,"2026-03-03 09:59:33.870292+00","2026-03-03 09:59:33.870292+00","","","","","",,"2026-03-03 09:59:33.870292+00","2026-03-04 15:16:24.664175+00","2026-03-04 15:16:24.664175+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000070fd629cb8,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000003aae5e794,sandbox,initialize,failed,21,EUR,f,0,"",,,,,"","","","",,2,000000010000000000000088d7f77853,,"2026-03-03 09:59:39.537465+00","2026-03-03 09:59:39.537465+00",not_done,"","","","",,"2026-03-03 09:59:39.537465+00","2026-03-04 15:16:20.764923+00","2026-03-04 15:16:20.764923+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000080c32eab90,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,initialize,succeeded,13.1,EUR,f,0,"",,,,,"","","","",,1,00000001000000000000009fc61ebdf0,,"2026-03-04 15:16:24.725398+00","2026-03-04 15:16:24.725398+00","","","","","",,"2026-03-04 15:16:24.725398+00","2026-03-04 15:16:24.917965+00","2026-03-04 15:16:24.917965+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000841374325c,paycol_000000010000000000000001b4a07b6b,payses_0000000100000000000000841374325c,sandbox,initialize,succeeded,42,EUR,f,0,"",,,,,"","","","",,1,0000000100000000000000958081d082,,"2026-03-04 15:16:24.423375+00","2026-03-04 15:16:24.423375+00","","","","","",,"2026-03-04 15:16:24.423375+00","2026-03-04 15:16:24.625634+00","2026-03-04 15:16:24.625634+00")'::operations).*;
INSERT INTO operations SELECT ('(op_000000010000000000000087a7b7414c,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000003aae5e794,sandbox,initialize,succeeded,21,EUR,f,0,"",,,,,"","","","",,1,000000010000000000000093e2b39b08,,"2026-03-04 15:16:20.764923+00","2026-03-04 15:16:20.764923+00","","","","","",,"2026-03-04 15:16:20.764923+00","2026-03-04 15:16:20.92115+00","2026-03-04 15:16:20.92115+00")'::operations).*;
INSERT INTO operations SELECT ('(op_00000001000000000000009741a14c20,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000003aae5e794,sandbox,authorize,failed,21,EUR,f,21,int_000002,,,,,"","","","",,1,00000001000000000000009860f60b06,,"2026-03-04 15:16:20.92115+00","2026-03-04 15:16:20.92115+00",token_unknown,"payment: declined (token_unknown): Input token is not a text","","","",,"2026-03-04 15:16:20.92115+00","2026-03-04 15:16:20.930639+00","2026-03-04 15:16:20.930639+00")'::operations).*;
INSERT INTO operations SELECT ('(op_0000000100000000000000a0357c7af8,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,authorize,succeeded,13.1,EUR,f,13.1,int_000004,,,,,"","","","",,2,0000000100000000000000a7f97be938,,"2026-03-04 15:16:24.917965+00","2026-03-04 15:16:24.917965+00","","sandbox gateway: 500 internal: something went wrong","","","",,"2026-03-04 15:16:24.917965+00","2026-03-05 17:16:25.587526+00","2026-03-05 17:16:25.587526+00")'::operations).*;
INSERT INTO payments SELECT ('(pay_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,payses_000000010000000000000004abd21724,sandbox,EUR,13.1,13.1,0,0,13.1,0,f,"{""amount"": ""13.10"", ""status"": ""succeeded"", ""intent_id"": ""int_000004"", ""client_token"": ""ct_31ca8febd2853214ebef3f81899b4b37"", ""currency_code"": ""EUR""}",,,"2026-03-05 17:16:25.587526+00",,"2026-03-05 17:16:25.587526+00","2026-03-05 17:16:25.587526+00")'::payments).*;
INSERT INTO requests SELECT ('(paycol_000000010000000000000001b4a07b6b,AuthorizeSession,key8,db769d94fc9127a820d53084efdbe6fd6302358049f7d487397781d9b8e38d20,payses_000000010000000000000003aae5e794,op_00000001000000000000009741a14c20,"","2026-03-04 15:16:20.92115+00")'::requests).*;
INSERT INTO requests SELECT ('(paycol_000000010000000000000001b4a07b6b,CreateSession,key1,02eb4c422e95b99f1245306921622f921e1ecd427effbc85189de403fa34ff13,payses_0000000100000000000000183958b778,op_0000000100000000000000183958b778,"","2026-03-02 01:16:37.229681+00")'::requests).*;
INSERT INTO requests SELECT ('(paycol_000000010000000000000001b4a07b6b,CreateSession,key2,151d41e35e27d443187d489e702e19ebef4b9da2858afdb8913e76718972b4f8,payses_00000001000000000000000e632ec98c,op_00000001000000000000000e632ec98c,"","2026-03-02 01:00:32.328952+00")'::requests).*;
INSERT INTO requests SELECT ('(paycol_000000010000000000000001b4a07b6b,CreateSession,key7,958a805db076701c71b84979011e2004d3d93013bbb892bc207ae97728a203b3,payses_0000000100000000000000841374325c,op_0000000100000000000000841374325c,"","2026-03-04 15:16:24.423375+00")'::requests).*;
INSERT INTO schema_version SELECT ('(1,"2026-11-22 22:33:17.358682+00")'::schema_version).*;
INSERT INTO sessions SELECT ('(payses_000000010000000000000003aae5e794,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,21,0,pending,60,"{""amount"": ""21.00"", ""status"": ""requires_payment_method"", ""intent_id"": ""int_000002"", ""client_token"": ""ct_f3e9b9cb7dca4b601a521734b8b1fb84"", ""currency_code"": ""EUR""}","{""access_value"": ""access_d4b987a56b15cc67a8f9f669e015807b""}","{""email"": ""zq-planted-context1""}",,int_000002,acct_sandbox,,"","","",1,"2026-03-04 15:16:20.92115+00",,"2026-03-05 17:16:28.819439+00",,,,,,,"2026-03-02 01:16:58.201567+00","2026-03-05 17:16:29.021452+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_000000010000000000000004abd21724,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,13.1,0,authorized,66,"{""amount"": ""13.10"", ""status"": ""succeeded"", ""intent_id"": ""int_000004"", ""client_token"": ""ct_31ca8febd2853214ebef3f81899b4b37"", ""currency_code"": ""EUR""}","{""access_value"": ""access_7f5b138f66c07a7b92d041f51726af06""}","{""email"": ""zq-planted-context4""}",,int_000004,acct_sandbox,,"","",pay_000000010000000000000004abd21724,0,"2026-03-05 17:16:25.587526+00",,"2026-03-05 17:16:29.451091+00",,,"2026-03-05 17:16:25.587526+00",,,,"2026-03-02 01:17:05.8965+00","2026-03-05 17:16:29.450836+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_000000010000000000000005da23a4de,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,1.22,0,canceled,27,,,"{""email"": ""zq-planted-context2""}",,,"",,"","","",0,,,"2026-03-02 07:59:15.866851+00",,,,"2026-03-02 07:59:33.614725+00",,,"2026-03-01 12:00:28.965581+00","2026-03-02 07:59:33.614725+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_00000001000000000000000e632ec98c,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,42,0,canceled,28,,,"{""email"": ""zq-planted-context6""}",,,"",,"","","",0,,,,,,,"2026-03-02 07:59:33.614725+00",,,"2026-03-02 01:00:32.328952+00","2026-03-02 07:59:33.614725+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_0000000100000000000000151dccb799,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,11.76,0,error,65,,,"{""email"": ""zq-planted-context8""}",,,"",,not_done,"","",0,,,"2026-03-05 17:16:29.209594+00",,,,,,,"2026-03-02 01:17:05.949544+00","2026-03-05 17:16:29.447632+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_0000000100000000000000183958b778,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,18.04,0,canceled,52,"{""amount"": ""18.04"", ""status"": ""canceled"", ""intent_id"": ""int_000001"", ""client_token"": ""ct_8b3ff469fa83be2d969924ab7c34b955"", ""currency_code"": ""EUR""}","{""access_value"": ""access_f4b0f01f63d3287bb823727d5232871d""}","{""email"": ""zq-planted-context5""}",,int_000001,acct_sandbox,,"","","",0,"2026-03-02 01:17:06.095377+00",,"2026-03-04 15:16:24.376795+00",,,,"2026-03-04 15:16:24.664175+00",,,"2026-03-02 01:16:37.229681+00","2026-03-04 15:16:24.664175+00")'::sessions).*;
INSERT INTO sessions SELECT ('(payses_0000000100000000000000841374325c,paycol_000000010000000000000001b4a07b6b,sandbox,EUR,42,0,pending,61,"{""amount"": ""42.00"", ""status"": ""requires_payment_method"", ""intent_id"": ""int_000003"", ""client_token"": ""ct_8f907e31ff17f5f5a0614f5df744dc9c"", ""currency_code"": ""EUR""}","{""access_value"": ""access_45608c7e7641b2347a5efc7b8e61d81c""}","{""email"": ""zq-planted-context14""}",,int_000003,acct_sandbox,,"","","",0,"2026-03-04 15:16:24.625634+00",,"2026-03-05 17:16:25.408872+00",,,,,,,"2026-03-04 15:16:24.423375+00","2026-03-05 17:16:25.408158+00")'::sessions).*;
