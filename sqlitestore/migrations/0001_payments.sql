-- Tables of github.com/seed40c892db/payment/sqlitestore, version 1.
--
-- Run it in one transaction. Times are microseconds since 1970 in UTC, NULL where there is none; amounts are decimals as text, since no
-- number of SQLite is exact; lists and maps are JSON, NULL when empty. There are no foreign keys: a row may name rows that are not there.

CREATE TABLE payment_schema (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE payment_collections (
  id              TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  version         INTEGER NOT NULL CHECK (version >= 1),
  currency_code   TEXT    NOT NULL,
  amount          TEXT    NOT NULL,
  authorized      TEXT    NOT NULL,
  held            TEXT    NOT NULL,
  captured        TEXT    NOT NULL,
  refunded        TEXT    NOT NULL,
  live_sessions   INTEGER NOT NULL,
  failed_sessions INTEGER NOT NULL,
  declines        INTEGER NOT NULL,
  provider_ids    TEXT,
  metadata        TEXT,
  completed_at    INTEGER,
  canceled_at     INTEGER,
  deleted_at      INTEGER,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER
) STRICT;
CREATE INDEX payment_collections_created ON payment_collections (created_at, id);

CREATE TABLE payment_sessions (
  id               TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  collection_id    TEXT    NOT NULL,
  provider_id      TEXT    NOT NULL,
  currency_code    TEXT    NOT NULL,
  amount           TEXT    NOT NULL,
  held             TEXT    NOT NULL,
  status           TEXT    NOT NULL CHECK (status IN ('pending', 'requires_more', 'authorized', 'error', 'canceled')),
  revision         INTEGER NOT NULL,
  data             TEXT,
  private          TEXT,    -- server only: a provider's secrets
  context          TEXT,    -- server only: what is known of the shopper
  metadata         TEXT,
  reference        TEXT    NOT NULL,
  account          TEXT    NOT NULL,
  next_action      TEXT,
  reason           TEXT    NOT NULL,
  operation_id     TEXT    NOT NULL,
  payment_id       TEXT    NOT NULL,
  declines         INTEGER NOT NULL,
  accepted         TEXT,
  initialized_at   INTEGER,
  processing_since INTEGER,
  asked_at         INTEGER,
  resolved_at      INTEGER,
  authorized_at    INTEGER,
  canceled_at      INTEGER,
  expires_at       INTEGER,
  deleted_at       INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER
) STRICT;
CREATE INDEX payment_sessions_created    ON payment_sessions (created_at, id);
CREATE INDEX payment_sessions_collection ON payment_sessions (collection_id, created_at, id);
CREATE INDEX payment_sessions_provider   ON payment_sessions (provider_id, created_at, id);
CREATE INDEX payment_sessions_reference  ON payment_sessions (provider_id, reference, created_at, id) WHERE reference <> '';

CREATE TABLE payment_payments (
  id             TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  collection_id  TEXT    NOT NULL,
  session_id     TEXT    NOT NULL,
  provider_id    TEXT    NOT NULL,
  currency_code  TEXT    NOT NULL,
  amount         TEXT    NOT NULL,
  authorized     TEXT    NOT NULL,
  released       TEXT    NOT NULL,
  capturable     TEXT    NOT NULL,
  captured       TEXT    NOT NULL,
  refunded       TEXT    NOT NULL,
  unasked        INTEGER NOT NULL CHECK (unasked IN (0, 1)),
  data           TEXT,
  metadata       TEXT,
  capture_before INTEGER,
  captured_at    INTEGER,
  canceled_at    INTEGER,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER
) STRICT;
CREATE INDEX payment_payments_created    ON payment_payments (created_at, id);
CREATE INDEX payment_payments_collection ON payment_payments (collection_id, created_at, id);
CREATE INDEX payment_payments_session    ON payment_payments (session_id, created_at, id);
CREATE INDEX payment_payments_provider   ON payment_payments (provider_id, created_at, id);

CREATE TABLE payment_captures (
  id            TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  collection_id TEXT    NOT NULL,
  session_id    TEXT    NOT NULL,
  payment_id    TEXT    NOT NULL,
  operation_id  TEXT    NOT NULL,
  reference     TEXT    NOT NULL,
  amount        TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
  reason        TEXT    NOT NULL,
  created_by    TEXT    NOT NULL,
  metadata      TEXT,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER
) STRICT;
CREATE INDEX payment_captures_created    ON payment_captures (created_at, id);
CREATE INDEX payment_captures_collection ON payment_captures (collection_id, created_at, id);
CREATE INDEX payment_captures_session    ON payment_captures (session_id, created_at, id);
CREATE INDEX payment_captures_payment    ON payment_captures (payment_id, created_at, id);
CREATE UNIQUE INDEX payment_captures_reference ON payment_captures (payment_id, reference) WHERE reference <> '';

CREATE TABLE payment_refunds (
  id            TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  collection_id TEXT    NOT NULL,
  session_id    TEXT    NOT NULL,
  payment_id    TEXT    NOT NULL,
  operation_id  TEXT    NOT NULL,
  reference     TEXT    NOT NULL,
  amount        TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
  reason        TEXT    NOT NULL,
  created_by    TEXT    NOT NULL,
  metadata      TEXT,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER,
  reason_id     TEXT    NOT NULL,
  note          TEXT    NOT NULL,
  returned_at   INTEGER
) STRICT;
CREATE INDEX payment_refunds_created    ON payment_refunds (created_at, id);
CREATE INDEX payment_refunds_collection ON payment_refunds (collection_id, created_at, id);
CREATE INDEX payment_refunds_session    ON payment_refunds (session_id, created_at, id);
CREATE INDEX payment_refunds_payment    ON payment_refunds (payment_id, created_at, id);
CREATE UNIQUE INDEX payment_refunds_reference ON payment_refunds (payment_id, reference) WHERE reference <> '';

CREATE TABLE payment_operations (
  id            TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  collection_id TEXT    NOT NULL,
  session_id    TEXT    NOT NULL,
  provider_id   TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('open', 'needs_attention', 'succeeded', 'failed')),
  amount        TEXT    NOT NULL,
  currency_code TEXT    NOT NULL,
  final         INTEGER NOT NULL CHECK (final IN (0, 1)),
  held          TEXT    NOT NULL,
  reference     TEXT    NOT NULL,
  data          TEXT,
  private       TEXT,    -- server only, like the two below
  context       TEXT,
  input         TEXT,
  reason_id     TEXT    NOT NULL,
  reason_code   TEXT    NOT NULL,
  note          TEXT    NOT NULL,
  created_by    TEXT    NOT NULL,
  metadata      TEXT,
  tries         INTEGER NOT NULL,
  executor      TEXT    NOT NULL,
  lease_until   INTEGER,
  first_call_at INTEGER,
  last_call_at  INTEGER,
  code          TEXT    NOT NULL,
  message       TEXT    NOT NULL,
  resolution    TEXT    NOT NULL,
  resolved_by   TEXT    NOT NULL,
  resolved_note TEXT    NOT NULL,
  resolved_at   INTEGER,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER,
  ended_at      INTEGER
) STRICT;
CREATE INDEX payment_operations_created    ON payment_operations (created_at, id);
CREATE INDEX payment_operations_collection ON payment_operations (collection_id, created_at, id);
CREATE INDEX payment_operations_session    ON payment_operations (session_id, created_at, id);
CREATE INDEX payment_operations_state      ON payment_operations (state, created_at, id) WHERE state = 'open' OR state = 'needs_attention';

CREATE TABLE payment_requests (
  collection_id TEXT    NOT NULL,
  method        TEXT    NOT NULL,
  request_key   TEXT    NOT NULL CHECK (request_key <> ''),
  fingerprint   TEXT    NOT NULL,
  session_id    TEXT    NOT NULL,
  operation_id  TEXT    NOT NULL,
  code          TEXT    NOT NULL,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (collection_id, method, request_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment_events (
  id            TEXT    NOT NULL CHECK (id <> ''),
  collection_id TEXT    NOT NULL,
  seq           INTEGER NOT NULL,
  kind          TEXT    NOT NULL,
  session_id    TEXT    NOT NULL,
  payment_id    TEXT    NOT NULL,
  entry_id      TEXT    NOT NULL,
  operation_id  TEXT    NOT NULL,
  provider_id   TEXT    NOT NULL,
  amount        TEXT    NOT NULL,
  currency_code TEXT    NOT NULL,
  code          TEXT    NOT NULL,
  notice        TEXT    NOT NULL,
  reference     TEXT    NOT NULL,
  at            INTEGER NOT NULL,
  PRIMARY KEY (collection_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_events_at ON payment_events (at, id);

CREATE TABLE payment_deliveries (
  id              TEXT    PRIMARY KEY NOT NULL CHECK (id <> ''),
  version         INTEGER NOT NULL CHECK (version >= 1),
  provider_id     TEXT    NOT NULL,
  event_id        TEXT    NOT NULL,
  type            TEXT    NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('parked', 'handled', 'ignored', 'dead')),
  session_id      TEXT    NOT NULL,
  collection_id   TEXT    NOT NULL,
  idempotency_key TEXT    NOT NULL,
  reference       TEXT    NOT NULL,
  body            TEXT,    -- server only: the message
  tries           INTEGER NOT NULL,
  code            TEXT    NOT NULL,
  due_at          INTEGER,
  received_at     INTEGER NOT NULL,
  handled_at      INTEGER
) STRICT;
CREATE INDEX payment_deliveries_received   ON payment_deliveries (received_at, id);
CREATE INDEX payment_deliveries_collection ON payment_deliveries (collection_id, received_at, id);
CREATE INDEX payment_deliveries_session    ON payment_deliveries (session_id, received_at, id);
CREATE INDEX payment_deliveries_provider   ON payment_deliveries (provider_id, received_at, id);
CREATE INDEX payment_deliveries_parked     ON payment_deliveries (state, received_at, id) WHERE state = 'parked';
CREATE UNIQUE INDEX payment_deliveries_event ON payment_deliveries (provider_id, event_id) WHERE event_id <> '';

-- Work to be found by age. Events that are all delivered rest here with at NULL.
CREATE TABLE payment_due (
  kind          TEXT    NOT NULL,
  id            TEXT    NOT NULL,
  collection_id TEXT    NOT NULL,
  at            INTEGER,
  tries         INTEGER NOT NULL,
  seq           INTEGER NOT NULL, -- events: delivered up to this payment_events.seq
  dead          TEXT,             -- events: the seqs that were given up
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_due_at ON payment_due (kind, at, id) WHERE at IS NOT NULL;

CREATE TABLE payment_settings (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  version  INTEGER NOT NULL CHECK (version >= 1),
  settings TEXT    NOT NULL
) STRICT;

INSERT INTO payment_schema (id, version) VALUES (1, 1);
