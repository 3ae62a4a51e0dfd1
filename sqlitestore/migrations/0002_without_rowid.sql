-- Tables whose rows are in the index of their key: a commit writes one page less for each table that it touches, and its time is that of the
-- pages that it writes. What is in the tables stays as it is. Foreign keys must be off: see Migrations.

CREATE TABLE payment_collections_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_collections_next SELECT * FROM payment_collections;
DROP TABLE payment_collections;
ALTER TABLE payment_collections_next RENAME TO payment_collections;
CREATE INDEX payment_collections_created ON payment_collections (created_at, id);

CREATE TABLE payment_sessions_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_sessions_next SELECT * FROM payment_sessions;
DROP TABLE payment_sessions;
ALTER TABLE payment_sessions_next RENAME TO payment_sessions;
CREATE INDEX payment_sessions_created    ON payment_sessions (created_at, id);
CREATE INDEX payment_sessions_collection ON payment_sessions (collection_id, created_at, id);
CREATE INDEX payment_sessions_provider   ON payment_sessions (provider_id, created_at, id);
CREATE INDEX payment_sessions_reference  ON payment_sessions (provider_id, reference, created_at, id) WHERE reference <> '';

CREATE TABLE payment_payments_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_payments_next SELECT * FROM payment_payments;
DROP TABLE payment_payments;
ALTER TABLE payment_payments_next RENAME TO payment_payments;
CREATE INDEX payment_payments_created    ON payment_payments (created_at, id);
CREATE INDEX payment_payments_collection ON payment_payments (collection_id, created_at, id);
CREATE INDEX payment_payments_session    ON payment_payments (session_id, created_at, id);
CREATE INDEX payment_payments_provider   ON payment_payments (provider_id, created_at, id);

CREATE TABLE payment_captures_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_captures_next SELECT * FROM payment_captures;
DROP TABLE payment_captures;
ALTER TABLE payment_captures_next RENAME TO payment_captures;
CREATE INDEX payment_captures_created    ON payment_captures (created_at, id);
CREATE INDEX payment_captures_collection ON payment_captures (collection_id, created_at, id);
CREATE INDEX payment_captures_session    ON payment_captures (session_id, created_at, id);
CREATE INDEX payment_captures_payment    ON payment_captures (payment_id, created_at, id);
CREATE UNIQUE INDEX payment_captures_reference ON payment_captures (payment_id, reference) WHERE reference <> '';

CREATE TABLE payment_refunds_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_refunds_next SELECT * FROM payment_refunds;
DROP TABLE payment_refunds;
ALTER TABLE payment_refunds_next RENAME TO payment_refunds;
CREATE INDEX payment_refunds_created    ON payment_refunds (created_at, id);
CREATE INDEX payment_refunds_collection ON payment_refunds (collection_id, created_at, id);
CREATE INDEX payment_refunds_session    ON payment_refunds (session_id, created_at, id);
CREATE INDEX payment_refunds_payment    ON payment_refunds (payment_id, created_at, id);
CREATE UNIQUE INDEX payment_refunds_reference ON payment_refunds (payment_id, reference) WHERE reference <> '';

CREATE TABLE payment_operations_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_operations_next SELECT * FROM payment_operations;
DROP TABLE payment_operations;
ALTER TABLE payment_operations_next RENAME TO payment_operations;
CREATE INDEX payment_operations_created    ON payment_operations (created_at, id);
CREATE INDEX payment_operations_collection ON payment_operations (collection_id, created_at, id);
CREATE INDEX payment_operations_session    ON payment_operations (session_id, created_at, id);
CREATE INDEX payment_operations_state      ON payment_operations (state, created_at, id) WHERE state = 'open' OR state = 'needs_attention';

CREATE TABLE payment_deliveries_next (
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
) STRICT, WITHOUT ROWID;
INSERT INTO payment_deliveries_next SELECT * FROM payment_deliveries;
DROP TABLE payment_deliveries;
ALTER TABLE payment_deliveries_next RENAME TO payment_deliveries;
CREATE INDEX payment_deliveries_received   ON payment_deliveries (received_at, id);
CREATE INDEX payment_deliveries_collection ON payment_deliveries (collection_id, received_at, id);
CREATE INDEX payment_deliveries_session    ON payment_deliveries (session_id, received_at, id);
CREATE INDEX payment_deliveries_provider   ON payment_deliveries (provider_id, received_at, id);
CREATE INDEX payment_deliveries_parked     ON payment_deliveries (state, received_at, id) WHERE state = 'parked';
CREATE UNIQUE INDEX payment_deliveries_event ON payment_deliveries (provider_id, event_id) WHERE event_id <> '';

UPDATE payment_schema SET version = 2;
