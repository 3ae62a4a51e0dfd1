CREATE TABLE payment_schema (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL
) STRICT;
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
CREATE TABLE payment_settings (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  version  INTEGER NOT NULL CHECK (version >= 1),
  settings TEXT    NOT NULL
) STRICT;
CREATE TABLE "payment_collections" (
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
CREATE TABLE "payment_sessions" (
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
CREATE TABLE "payment_payments" (
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
CREATE TABLE "payment_captures" (
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
CREATE TABLE "payment_refunds" (
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
CREATE TABLE "payment_operations" (
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
CREATE TABLE "payment_deliveries" (
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
CREATE TRIGGER payment_captures_reference BEFORE INSERT ON payment_captures WHEN NEW.reference <> '' BEGIN
  SELECT RAISE(ABORT, 'another capture of the payment has this reference') FROM payment_captures
  WHERE payment_id = NEW.payment_id AND +reference = NEW.reference AND +id <> NEW.id;
END;
CREATE TRIGGER payment_refunds_reference BEFORE INSERT ON payment_refunds WHEN NEW.reference <> '' BEGIN
  SELECT RAISE(ABORT, 'another refund of the payment has this reference') FROM payment_refunds
  WHERE payment_id = NEW.payment_id AND +reference = NEW.reference AND +id <> NEW.id;
END;
CREATE INDEX payment_events_at ON payment_events (at, id);
CREATE INDEX payment_due_at ON payment_due (kind, at, id) WHERE at IS NOT NULL;
CREATE INDEX payment_collections_created ON payment_collections (created_at, id);
CREATE INDEX payment_sessions_created    ON payment_sessions (created_at, id);
CREATE INDEX payment_sessions_collection ON payment_sessions (collection_id, created_at, id);
CREATE INDEX payment_sessions_provider   ON payment_sessions (provider_id, created_at, id);
CREATE INDEX payment_sessions_reference  ON payment_sessions (provider_id, reference, created_at, id) WHERE reference <> '';
CREATE INDEX payment_payments_created    ON payment_payments (created_at, id);
CREATE INDEX payment_payments_collection ON payment_payments (collection_id, created_at, id);
CREATE INDEX payment_payments_provider   ON payment_payments (provider_id, created_at, id);
CREATE INDEX payment_captures_created    ON payment_captures (created_at, id);
CREATE INDEX payment_captures_collection ON payment_captures (collection_id, created_at, id);
CREATE INDEX payment_captures_payment    ON payment_captures (payment_id, created_at, id);
CREATE INDEX payment_refunds_created    ON payment_refunds (created_at, id);
CREATE INDEX payment_refunds_collection ON payment_refunds (collection_id, created_at, id);
CREATE INDEX payment_refunds_payment    ON payment_refunds (payment_id, created_at, id);
CREATE INDEX payment_operations_created    ON payment_operations (created_at, id);
CREATE INDEX payment_operations_collection ON payment_operations (collection_id, created_at, id);
CREATE INDEX payment_operations_session    ON payment_operations (session_id, created_at, id);
CREATE INDEX payment_operations_state      ON payment_operations (state, created_at, id) WHERE state = 'open' OR state = 'needs_attention';
CREATE INDEX payment_deliveries_received   ON payment_deliveries (received_at, id);
CREATE INDEX payment_deliveries_collection ON payment_deliveries (collection_id, received_at, id);
CREATE INDEX payment_deliveries_session    ON payment_deliveries (session_id, received_at, id);
CREATE INDEX payment_deliveries_provider   ON payment_deliveries (provider_id, received_at, id);
CREATE INDEX payment_deliveries_parked     ON payment_deliveries (state, received_at, id) WHERE state = 'parked';
CREATE UNIQUE INDEX payment_deliveries_event ON payment_deliveries (provider_id, event_id) WHERE event_id <> '';
INSERT INTO "payment_schema" VALUES (1,3);
INSERT INTO "payment_requests" VALUES ('paycol_000000010000000000000001b4a07b6b','CreateSession','key1','af8d0cf1c74d0ef3ac2025f9998e90ead85692c65fe931952b8e51bf7fea3fd7','payses_000000010000000000000008684cd297','op_000000010000000000000008684cd297','',1772366431942458);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000002d4ebe54a','paycol_000000010000000000000001b4a07b6b',64,'collection.created','','','','','','42','EUR','','','',1772366409718505);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000009ec6e7ec4','paycol_000000010000000000000001b4a07b6b',128,'session.created','payses_00000001000000000000000526ff6b79','','','','sandbox','1.22','EUR','','','',1772366428965581);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000119cdc07ed','paycol_000000010000000000000001b4a07b6b',192,'session.created','payses_000000010000000000000003aae5e794','','','','sandbox','21','EUR','','','',1772366431942458);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000013614673bd','paycol_000000010000000000000001b4a07b6b',256,'session.created','payses_000000010000000000000008684cd297','','','','sandbox','18.04','EUR','','','',1772366431942458);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000217c4e43a0','paycol_000000010000000000000001b4a07b6b',448,'session.created','payses_00000001000000000000001de827a9b6','','','','sandbox','10.5','EUR','','','',1772366450413773);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000027ff1446bd','paycol_000000010000000000000001b4a07b6b',512,'session.created','payses_000000010000000000000004abd21724','','','','sandbox','13.1','EUR','','','',1772377254061718);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000057f276bd80','paycol_000000010000000000000001b4a07b6b',1472,'payment.authorized','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','','sandbox','18.04','EUR','','','',1772399115915339);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000059012adb60','paycol_000000010000000000000001b4a07b6b',1473,'capture.succeeded','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','capt_00000001000000000000005854fed2fb','','sandbox','18.04','EUR','','','',1772399115915339);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000842579a0e8','paycol_000000010000000000000001b4a07b6b',2688,'payment.updated','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','','sandbox','18.04','EUR','','','',1772495413620798);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000099821e52dc','paycol_000000010000000000000001b4a07b6b',3136,'payment.authorized','payses_000000010000000000000004abd21724','pay_000000010000000000000004abd21724','','','sandbox','13.1','EUR','','','',1772600849415053);
INSERT INTO "payment_events" VALUES ('evt_00000001000000000000009be611f5bd','paycol_000000010000000000000001b4a07b6b',3137,'capture.succeeded','payses_000000010000000000000004abd21724','pay_000000010000000000000004abd21724','capt_00000001000000000000009ad2b01686','','sandbox','13.1','EUR','','','',1772600849415053);
INSERT INTO "payment_events" VALUES ('evt_00000001000000000000009e118819a5','paycol_000000010000000000000001b4a07b6b',3264,'payment.authorized','payses_00000001000000000000000526ff6b79','pay_00000001000000000000000526ff6b79','','','sandbox','1.22','EUR','','','',1772600851828740);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000a0bb2a3bf8','paycol_000000010000000000000001b4a07b6b',3265,'capture.succeeded','payses_00000001000000000000000526ff6b79','pay_00000001000000000000000526ff6b79','capt_00000001000000000000009f684cb941','','sandbox','1.22','EUR','','','',1772600851828740);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000a926e0364d','paycol_000000010000000000000001b4a07b6b',3648,'session.canceled','payses_00000001000000000000001de827a9b6','','','','sandbox','10.5','EUR','','','',1772600850272782);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000b36cd9afe9','paycol_000000010000000000000001b4a07b6b',4672,'operation.needs_attention','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','op_00000001000000000000008a2e284fa4','sandbox','2.01','EUR','gave_up','','',1772602835350718);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000b60a8ac4d0','paycol_000000010000000000000001b4a07b6b',4800,'operation.resolved','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','op_00000001000000000000008a2e284fa4','sandbox','2.01','EUR','ask','','',1772604815978465);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000be8a548182','paycol_000000010000000000000001b4a07b6b',5696,'operation.needs_attention','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','op_00000001000000000000008a2e284fa4','sandbox','2.01','EUR','gave_up','','',1772702375617299);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000c06cc853ce','paycol_000000010000000000000001b4a07b6b',5760,'operation.resolved','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','op_00000001000000000000008a2e284fa4','sandbox','2.01','EUR','accept','','',1772705676429153);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000c1bf029c9c','paycol_000000010000000000000001b4a07b6b',5761,'refund.succeeded','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','ref_00000001000000000000008a2e284fa4','op_00000001000000000000008a2e284fa4','sandbox','2.01','EUR','','','',1772705676429153);
INSERT INTO "payment_due" VALUES ('events','paycol_000000010000000000000001b4a07b6b','paycol_000000010000000000000001b4a07b6b',NULL,0,5761,NULL);
INSERT INTO "payment_due" VALUES ('session','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b',1772817938188045,8,0,NULL);
INSERT INTO "payment_due" VALUES ('session','payses_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b',1772817937996919,8,0,NULL);
INSERT INTO "payment_due" VALUES ('session','payses_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b',1772804497694179,5,0,NULL);
INSERT INTO "payment_collections" VALUES ('paycol_000000010000000000000001b4a07b6b',90,'EUR','42','32.36','0','32.36','2.01',1,0,0,NULL,NULL,NULL,NULL,NULL,1772366409718505,1772705676429153);
INSERT INTO "payment_sessions" VALUES ('payses_000000010000000000000003aae5e794','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','21','0','pending',55,'{"amount":"21.00","client_token":"ct_8f907e31ff17f5f5a0614f5df744dc9c","currency_code":"EUR","intent_id":"int_000003","status":"requires_payment_method"}','{"access_value":"access_45608c7e7641b2347a5efc7b8e61d81c"}','{"email":"zq-planted-context1"}',NULL,'int_000003','acct_sandbox',NULL,'','','',0,NULL,1772399120474957,NULL,1772600850082562,NULL,NULL,NULL,NULL,NULL,1772366431942458,1772600850082115);
INSERT INTO "payment_sessions" VALUES ('payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','13.1','0','authorized',63,'{"amount":"13.10","client_token":"ct_9acd0d0c583578b9a7530d681d80fee9","currency_code":"EUR","intent_id":"int_000005","status":"succeeded"}','{"access_value":"access_7eed6a00dd7007bf2ead1efff8d0d6aa"}','{"email":"zq-planted-context4"}',NULL,'int_000005','acct_sandbox',NULL,'','','pay_000000010000000000000004abd21724',0,NULL,1772600849415053,NULL,1772601510997363,NULL,1772600849415053,NULL,NULL,NULL,1772377254061718,1772601510996647);
INSERT INTO "payment_sessions" VALUES ('payses_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','1.22','0','authorized',60,'{"amount":"1.22","client_token":"ct_8b3ff469fa83be2d969924ab7c34b955","currency_code":"EUR","intent_id":"int_000001","status":"succeeded"}','{"access_value":"access_f4b0f01f63d3287bb823727d5232871d"}','{"email":"zq-planted-context2"}',NULL,'int_000001','acct_sandbox',NULL,'','','pay_00000001000000000000000526ff6b79',0,NULL,1772600851828740,NULL,1772600852771749,NULL,1772600851828740,NULL,NULL,NULL,1772366428965581,1772600852771192);
INSERT INTO "payment_sessions" VALUES ('payses_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','18.04','0','authorized',90,'{"amount":"18.04","client_token":"ct_f3e9b9cb7dca4b601a521734b8b1fb84","currency_code":"EUR","intent_id":"int_000002","status":"succeeded"}','{"access_value":"access_d4b987a56b15cc67a8f9f669e015807b"}','{"email":"zq-planted-context5"}',NULL,'int_000002','acct_sandbox',NULL,'','','pay_000000010000000000000008684cd297',0,NULL,1772399115915339,NULL,1772702375346548,1772705676354132,1772399115915339,NULL,NULL,NULL,1772366431942458,1772705676429153);
INSERT INTO "payment_sessions" VALUES ('payses_00000001000000000000001de827a9b6','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','10.5','0','canceled',57,'{"amount":"10.50","client_token":"ct_31ca8febd2853214ebef3f81899b4b37","currency_code":"EUR","intent_id":"int_000004","status":"canceled"}','{"access_value":"access_7f5b138f66c07a7b92d041f51726af06"}','{"email":"zq-planted-context6"}',NULL,'int_000004','acct_sandbox',NULL,'','','',0,NULL,1772495211129841,NULL,1772600850141528,NULL,NULL,1772600850272782,NULL,NULL,1772366450413773,1772600850272782);
INSERT INTO "payment_payments" VALUES ('pay_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','EUR','13.1','13.1','0','0','13.1','0',0,'{"amount":"13.10","client_token":"ct_9acd0d0c583578b9a7530d681d80fee9","currency_code":"EUR","intent_id":"int_000005","status":"succeeded"}',NULL,NULL,1772600849415053,NULL,1772600849415053,1772600849415053);
INSERT INTO "payment_payments" VALUES ('pay_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000000526ff6b79','sandbox','EUR','1.22','1.22','0','0','1.22','0',0,'{"amount":"1.22","client_token":"ct_8b3ff469fa83be2d969924ab7c34b955","currency_code":"EUR","intent_id":"int_000001","status":"succeeded"}',NULL,NULL,1772600851828740,NULL,1772600851828740,1772600851828740);
INSERT INTO "payment_payments" VALUES ('pay_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000008684cd297','sandbox','EUR','18.04','18.04','0','0','18.04','2.01',0,'{"amount":"18.04","client_token":"ct_f3e9b9cb7dca4b601a521734b8b1fb84","currency_code":"EUR","intent_id":"int_000002","status":"succeeded"}','{"seen":true}',NULL,1772399115915339,NULL,1772399115915339,1772705676429153);
INSERT INTO "payment_captures" VALUES ('capt_00000001000000000000005854fed2fb','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','','cap_000001','18.04','succeeded','','',NULL,1772399115915339,1772399115915339);
INSERT INTO "payment_captures" VALUES ('capt_00000001000000000000009ad2b01686','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','pay_000000010000000000000004abd21724','','cap_000003','13.1','succeeded','','',NULL,1772600849415053,1772600849415053);
INSERT INTO "payment_captures" VALUES ('capt_00000001000000000000009f684cb941','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000000526ff6b79','pay_00000001000000000000000526ff6b79','','cap_000002','1.22','succeeded','','',NULL,1772600851828740,1772600851828740);
INSERT INTO "payment_refunds" VALUES ('ref_00000001000000000000008a2e284fa4','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000008684cd297','pay_000000010000000000000008684cd297','op_00000001000000000000008a2e284fa4','ref_000001','2.01','succeeded','','',NULL,1772705676429153,1772705676429153,'','',NULL);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000003aae5e794','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000003aae5e794','sandbox','initialize','succeeded','21','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,3,'00000001000000000000005c485e5971',NULL,1772366431942458,1772366431942458,'','context deadline exceeded','','','',NULL,1772366431942458,1772399120474957,1772399120474957);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','initialize','failed','13.1','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,3,'00000001000000000000004c02daab56',NULL,1772377254061718,1772377254061718,'not_done','simulation: connection reset','','','',NULL,1772377254061718,1772399120244240,1772399120244240);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000000526ff6b79','sandbox','initialize','succeeded','1.22','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,5,'000000010000000000000068d9e00b42',NULL,1772366428965581,1772366428965581,'','','','','',NULL,1772366428965581,1772495191447621,1772495191447621);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000008684cd297','sandbox','initialize','succeeded','18.04','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'0000000100000000000000145cf8f98c',NULL,1772366431942458,1772366431942458,'','','','','',NULL,1772366431942458,1772366437124053,1772366437124053);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000001c6364d576','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000008684cd297','sandbox','authorize','succeeded','18.04','EUR',0,'18.04','int_000002',NULL,NULL,NULL,NULL,'','','','',NULL,3,'00000001000000000000004a389cd680',NULL,1772366450413773,1772366450413773,'','','','','',NULL,1772366450413773,1772399115915339,1772399115915339);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000001de827a9b6','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000001de827a9b6','sandbox','initialize','failed','10.5','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,2,'00000001000000000000004ece063edc',NULL,1772366450413773,1772366450413773,'not_done','simulation: connection reset','','','',NULL,1772366450413773,1772399108053459,1772399108053459);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000004bb927bc6a','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','initialize','succeeded','13.1','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'00000001000000000000005e8b6cf716',NULL,1772399120244240,1772399120244240,'','','','','',NULL,1772399120244240,1772399120368547,1772399120368547);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000004d8a4930d4','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000001de827a9b6','sandbox','initialize','succeeded','10.5','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,2,'00000001000000000000006f3a63880a',NULL,1772399108053459,1772399108053459,'','','','','',NULL,1772399108053459,1772495211129841,1772495211129841);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000005f08ad0f85','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','authorize','failed','13.1','EUR',0,'13.1','int_000005',NULL,NULL,NULL,NULL,'','','','',NULL,3,'00000001000000000000007361bfbdc2',NULL,1772399120370226,1772399120370226,'not_done','','','','',NULL,1772399120370226,1772495220968567,1772495220968567);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000072d4337f28','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000000526ff6b79','sandbox','authorize','succeeded','1.22','EUR',0,'1.22','int_000001',NULL,NULL,NULL,NULL,'','','','',NULL,3,'00000001000000000000009d53bbb920',NULL,1772495218024213,1772495218024213,'','','','','',NULL,1772495218024213,1772600851828740,1772600851828740);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000882121df69','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','authorize','succeeded','13.1','EUR',0,'13.1','int_000005',NULL,NULL,NULL,NULL,'','','','',NULL,2,'000000010000000000000098857b2149',NULL,1772506284636443,1772506284636443,'','simulation: connection reset','','','',NULL,1772506284636443,1772600849415053,1772600849415053);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000008a2e284fa4','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000008684cd297','sandbox','refund','succeeded','2.01','EUR',0,'0','int_000002',NULL,NULL,NULL,NULL,'','','','',NULL,17,'0000000100000000000000bdd8495a89',NULL,1772495485695335,1772495485695335,'','','accept','a person','',1772705676354132,1772495485695335,1772705676429153,1772705676429153);
INSERT INTO "payment_deliveries" VALUES ('whd_000000010000000000000019e77a6e63',6,'sandbox','evt_000001','intent.created','handled','payses_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b','','int_000001','{"body":"{\"id\":\"evt_000001\",\"type\":\"intent.created\",\"created\":1772366429,\"session\":\"payses_00000001000000000000000526ff6b79\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000001\",\"account\":\"acct_sandbox\",\"session\":\"payses_00000001000000000000000526ff6b79\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":122,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"1.22","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000001","State":"pending","Totals":null}}',0,'',NULL,1772366440541986,1772600853011380);
INSERT INTO "payment_deliveries" VALUES ('whd_00000001000000000000002e7fd58305',12,'sandbox','evt_000002','intent.created','handled','payses_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','','int_000002','{"body":"{\"id\":\"evt_000002\",\"type\":\"intent.created\",\"created\":1772366430,\"session\":\"payses_000000010000000000000008684cd297\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000002\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000008684cd297\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":1804,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"18.04","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000002","State":"pending","Totals":null}}',5,'',NULL,1772377250209560,1772603493136503);
INSERT INTO "payment_deliveries" VALUES ('whd_00000001000000000000003d25dda93a',11,'sandbox','evt_000004','intent.authorized','handled','payses_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','','int_000002','{"body":"{\"id\":\"evt_000004\",\"type\":\"intent.authorized\",\"created\":1772366442,\"session\":\"payses_000000010000000000000008684cd297\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000002\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000008684cd297\",\"status\":\"requires_capture\",\"currency\":\"EUR\",\"amount\":1804,\"authorized\":1804,\"capturable\":1804,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"18.04","Authorized":"18.04","Capturable":"18.04","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000002","State":"authorized","Totals":null}}',4,'',NULL,1772388119442296,1772603493136503);
INSERT INTO "payment_deliveries" VALUES ('whd_00000001000000000000006efff66035',10,'sandbox','evt_000005','capture.succeeded','handled','payses_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','','int_000002','{"body":"{\"id\":\"evt_000005\",\"type\":\"capture.succeeded\",\"created\":1772366442,\"session\":\"payses_000000010000000000000008684cd297\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000002\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000008684cd297\",\"status\":\"succeeded\",\"currency\":\"EUR\",\"amount\":1804,\"authorized\":1804,\"capturable\":0,\"movements\":[{\"id\":\"cap_000001\",\"kind\":\"capture\",\"amount\":1804,\"state\":\"succeeded\",\"at\":\"2026-03-01T12:00:42.662185Z\"}]}}","snapshot":{"Account":"acct_sandbox","Amount":"18.04","Authorized":"18.04","Capturable":"0","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[{"Amount":"18.04","At":"2026-03-01T12:00:42.662185Z","IdempotencyKey":"","Kind":"capture","Reference":"cap_000001","State":"succeeded"}],"NextAction":null,"Reference":"int_000002","State":"authorized","Totals":null}}',3,'',NULL,1772495191447621,1772603493129125);
INSERT INTO "payment_deliveries" VALUES ('whd_00000001000000000000007d03a3b1f6',3,'sandbox','evt_000003','intent.created','handled','payses_000000010000000000000003aae5e794','paycol_000000010000000000000001b4a07b6b','','int_000003','{"body":"{\"id\":\"evt_000003\",\"type\":\"intent.created\",\"created\":1772366430,\"session\":\"payses_000000010000000000000003aae5e794\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000003\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000003aae5e794\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":2100,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"21","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000003","State":"pending","Totals":null}}',1,'',NULL,1772495220481490,1772600850140546);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000919af7005c',2,'sandbox','evt_000006','intent.created','handled','payses_00000001000000000000001de827a9b6','paycol_000000010000000000000001b4a07b6b','','int_000004','{"body":"{\"id\":\"evt_000006\",\"type\":\"intent.created\",\"created\":1772399106,\"session\":\"payses_00000001000000000000001de827a9b6\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000004\",\"account\":\"acct_sandbox\",\"session\":\"payses_00000001000000000000001de827a9b6\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":1050,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"10.5","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000004","State":"pending","Totals":null}}',0,'',NULL,1772495486982617,1772600850272782);
INSERT INTO "payment_deliveries" VALUES ('whd_000000010000000000000097f36706b8',2,'sandbox','evt_000007','intent.created','handled','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','','int_000005','{"body":"{\"id\":\"evt_000007\",\"type\":\"intent.created\",\"created\":1772399110,\"session\":\"payses_000000010000000000000004abd21724\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000005\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000004abd21724\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":1310,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"13.1","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000005","State":"pending","Totals":null}}',0,'',NULL,1772600849348237,1772600849415053);
INSERT INTO "payment_deliveries" VALUES ('whd_00000001000000000000009c9bf5a05b',2,'sandbox','evt_000008','intent.authorized','handled','payses_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b','','int_000001','{"body":"{\"id\":\"evt_000008\",\"type\":\"intent.authorized\",\"created\":1772495213,\"session\":\"payses_00000001000000000000000526ff6b79\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000001\",\"account\":\"acct_sandbox\",\"session\":\"payses_00000001000000000000000526ff6b79\",\"status\":\"requires_capture\",\"currency\":\"EUR\",\"amount\":122,\"authorized\":122,\"capturable\":122,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"1.22","Authorized":"1.22","Capturable":"1.22","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000001","State":"authorized","Totals":null}}',0,'',NULL,1772600851761228,1772600851828740);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a151fbf067',2,'sandbox','evt_000009','capture.succeeded','handled','payses_00000001000000000000000526ff6b79','paycol_000000010000000000000001b4a07b6b','','int_000001','{"body":"{\"id\":\"evt_000009\",\"type\":\"capture.succeeded\",\"created\":1772495213,\"session\":\"payses_00000001000000000000000526ff6b79\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000001\",\"account\":\"acct_sandbox\",\"session\":\"payses_00000001000000000000000526ff6b79\",\"status\":\"succeeded\",\"currency\":\"EUR\",\"amount\":122,\"authorized\":122,\"capturable\":0,\"movements\":[{\"id\":\"cap_000002\",\"kind\":\"capture\",\"amount\":122,\"state\":\"succeeded\",\"at\":\"2026-03-02T23:46:53.508829Z\"}]}}","snapshot":{"Account":"acct_sandbox","Amount":"1.22","Authorized":"1.22","Capturable":"0","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[{"Amount":"1.22","At":"2026-03-02T23:46:53.508829Z","IdempotencyKey":"","Kind":"capture","Reference":"cap_000002","State":"succeeded"}],"NextAction":null,"Reference":"int_000001","State":"authorized","Totals":null}}',0,'',NULL,1772600849482566,1772600853014997);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a253eb59b7',3,'sandbox','evt_000010','intent.authorized','handled','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','','int_000005','{"body":"{\"id\":\"evt_000010\",\"type\":\"intent.authorized\",\"created\":1772495401,\"session\":\"payses_000000010000000000000004abd21724\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000005\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000004abd21724\",\"status\":\"requires_capture\",\"currency\":\"EUR\",\"amount\":1310,\"authorized\":1310,\"capturable\":1310,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"13.1","Authorized":"13.1","Capturable":"13.1","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000005","State":"authorized","Totals":null}}',0,'',NULL,1772600849482894,1772601511237790);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a32c4cea2e',2,'sandbox','evt_000011','capture.succeeded','handled','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','','int_000005','{"body":"{\"id\":\"evt_000011\",\"type\":\"capture.succeeded\",\"created\":1772495401,\"session\":\"payses_000000010000000000000004abd21724\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000005\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000004abd21724\",\"status\":\"succeeded\",\"currency\":\"EUR\",\"amount\":1310,\"authorized\":1310,\"capturable\":0,\"movements\":[{\"id\":\"cap_000003\",\"kind\":\"capture\",\"amount\":1310,\"state\":\"succeeded\",\"at\":\"2026-03-02T23:50:01.54801Z\"}]}}","snapshot":{"Account":"acct_sandbox","Amount":"13.1","Authorized":"13.1","Capturable":"0","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[{"Amount":"13.1","At":"2026-03-02T23:50:01.54801Z","IdempotencyKey":"","Kind":"capture","Reference":"cap_000003","State":"succeeded"}],"NextAction":null,"Reference":"int_000005","State":"authorized","Totals":null}}',0,'',NULL,1772600851829972,1772600852131669);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a515e42729',10,'sandbox','evt_000013','refund.succeeded','handled','payses_000000010000000000000008684cd297','paycol_000000010000000000000001b4a07b6b','','int_000002','{"body":"{\"id\":\"evt_000013\",\"type\":\"refund.succeeded\",\"created\":1772495477,\"session\":\"payses_000000010000000000000008684cd297\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000002\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000008684cd297\",\"status\":\"succeeded\",\"currency\":\"EUR\",\"amount\":1804,\"authorized\":1804,\"capturable\":0,\"movements\":[{\"id\":\"cap_000001\",\"kind\":\"capture\",\"amount\":1804,\"state\":\"succeeded\",\"at\":\"2026-03-01T12:00:42.662185Z\"},{\"id\":\"ref_000001\",\"kind\":\"refund\",\"amount\":201,\"state\":\"succeeded\",\"at\":\"2026-03-02T23:51:17.663782Z\"}]}}","snapshot":{"Account":"acct_sandbox","Amount":"18.04","Authorized":"18.04","Capturable":"0","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[{"Amount":"18.04","At":"2026-03-01T12:00:42.662185Z","IdempotencyKey":"","Kind":"capture","Reference":"cap_000001","State":"succeeded"},{"Amount":"2.01","At":"2026-03-02T23:51:17.663782Z","IdempotencyKey":"","Kind":"refund","Reference":"ref_000001","State":"succeeded"}],"NextAction":null,"Reference":"int_000002","State":"authorized","Totals":null}}',4,'',NULL,1772600849785495,1772603493136503);
PRAGMA user_version = 0;
