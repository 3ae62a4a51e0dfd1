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
CREATE INDEX payment_collections_created ON payment_collections (created_at, id);
CREATE INDEX payment_sessions_created    ON payment_sessions (created_at, id);
CREATE INDEX payment_sessions_collection ON payment_sessions (collection_id, created_at, id);
CREATE INDEX payment_sessions_provider   ON payment_sessions (provider_id, created_at, id);
CREATE INDEX payment_sessions_reference  ON payment_sessions (provider_id, reference, created_at, id) WHERE reference <> '';
CREATE INDEX payment_payments_created    ON payment_payments (created_at, id);
CREATE INDEX payment_payments_collection ON payment_payments (collection_id, created_at, id);
CREATE INDEX payment_payments_session    ON payment_payments (session_id, created_at, id);
CREATE INDEX payment_payments_provider   ON payment_payments (provider_id, created_at, id);
CREATE INDEX payment_captures_created    ON payment_captures (created_at, id);
CREATE INDEX payment_captures_collection ON payment_captures (collection_id, created_at, id);
CREATE INDEX payment_captures_session    ON payment_captures (session_id, created_at, id);
CREATE INDEX payment_captures_payment    ON payment_captures (payment_id, created_at, id);
CREATE UNIQUE INDEX payment_captures_reference ON payment_captures (payment_id, reference) WHERE reference <> '';
CREATE INDEX payment_refunds_created    ON payment_refunds (created_at, id);
CREATE INDEX payment_refunds_collection ON payment_refunds (collection_id, created_at, id);
CREATE INDEX payment_refunds_session    ON payment_refunds (session_id, created_at, id);
CREATE INDEX payment_refunds_payment    ON payment_refunds (payment_id, created_at, id);
CREATE UNIQUE INDEX payment_refunds_reference ON payment_refunds (payment_id, reference) WHERE reference <> '';
CREATE INDEX payment_operations_created    ON payment_operations (created_at, id);
CREATE INDEX payment_operations_collection ON payment_operations (collection_id, created_at, id);
CREATE INDEX payment_operations_session    ON payment_operations (session_id, created_at, id);
CREATE INDEX payment_operations_state      ON payment_operations (state, created_at, id) WHERE state = 'open' OR state = 'needs_attention';
CREATE INDEX payment_events_at ON payment_events (at, id);
CREATE INDEX payment_deliveries_received   ON payment_deliveries (received_at, id);
CREATE INDEX payment_deliveries_collection ON payment_deliveries (collection_id, received_at, id);
CREATE INDEX payment_deliveries_session    ON payment_deliveries (session_id, received_at, id);
CREATE INDEX payment_deliveries_provider   ON payment_deliveries (provider_id, received_at, id);
CREATE INDEX payment_deliveries_parked     ON payment_deliveries (state, received_at, id) WHERE state = 'parked';
CREATE UNIQUE INDEX payment_deliveries_event ON payment_deliveries (provider_id, event_id) WHERE event_id <> '';
CREATE INDEX payment_due_at ON payment_due (kind, at, id) WHERE at IS NOT NULL;
INSERT INTO "payment_schema" VALUES (1,1);
INSERT INTO "payment_collections" VALUES ('paycol_000000010000000000000001b4a07b6b',66,'EUR','42','13.1','0','13.1','0',2,1,1,NULL,NULL,NULL,NULL,NULL,1772366409718505,1772730989450836);
INSERT INTO "payment_sessions" VALUES ('payses_000000010000000000000005da23a4de','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','1.22','0','canceled',27,NULL,NULL,'{"email":"zq-planted-context2"}',NULL,'','',NULL,'','','',0,NULL,NULL,NULL,1772438355866851,NULL,NULL,1772438373614725,NULL,NULL,1772366428965581,1772438373614725);
INSERT INTO "payment_sessions" VALUES ('payses_00000001000000000000000e632ec98c','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','42','0','canceled',28,NULL,NULL,'{"email":"zq-planted-context6"}',NULL,'','',NULL,'','','',0,NULL,NULL,NULL,NULL,NULL,NULL,1772438373614725,NULL,NULL,1772413232328952,1772438373614725);
INSERT INTO "payment_sessions" VALUES ('payses_0000000100000000000000183958b778','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','18.04','0','canceled',52,'{"amount":"18.04","client_token":"ct_8b3ff469fa83be2d969924ab7c34b955","currency_code":"EUR","intent_id":"int_000001","status":"canceled"}','{"access_value":"access_f4b0f01f63d3287bb823727d5232871d"}','{"email":"zq-planted-context5"}',NULL,'int_000001','acct_sandbox',NULL,'','','',0,NULL,1772414226095377,NULL,1772637384376795,NULL,NULL,1772637384664175,NULL,NULL,1772414197229681,1772637384664175);
INSERT INTO "payment_sessions" VALUES ('payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','13.1','0','authorized',66,'{"amount":"13.10","client_token":"ct_31ca8febd2853214ebef3f81899b4b37","currency_code":"EUR","intent_id":"int_000004","status":"succeeded"}','{"access_value":"access_7f5b138f66c07a7b92d041f51726af06"}','{"email":"zq-planted-context4"}',NULL,'int_000004','acct_sandbox',NULL,'','','pay_000000010000000000000004abd21724',0,NULL,1772730985587526,NULL,1772730989451091,NULL,1772730985587526,NULL,NULL,NULL,1772414225896500,1772730989450836);
INSERT INTO "payment_sessions" VALUES ('payses_000000010000000000000003aae5e794','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','21','0','pending',60,'{"amount":"21.00","client_token":"ct_f3e9b9cb7dca4b601a521734b8b1fb84","currency_code":"EUR","intent_id":"int_000002","status":"requires_payment_method"}','{"access_value":"access_d4b987a56b15cc67a8f9f669e015807b"}','{"email":"zq-planted-context1"}',NULL,'int_000002','acct_sandbox',NULL,'','','',1,NULL,1772637380921150,NULL,1772730988819439,NULL,NULL,NULL,NULL,NULL,1772414218201567,1772730989021452);
INSERT INTO "payment_sessions" VALUES ('payses_0000000100000000000000151dccb799','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','11.76','0','error',65,NULL,NULL,'{"email":"zq-planted-context8"}',NULL,'','',NULL,'not_done','','',0,NULL,NULL,NULL,1772730989209594,NULL,NULL,NULL,NULL,NULL,1772414225949544,1772730989447632);
INSERT INTO "payment_sessions" VALUES ('payses_0000000100000000000000841374325c','paycol_000000010000000000000001b4a07b6b','sandbox','EUR','42','0','pending',61,'{"amount":"42.00","client_token":"ct_8f907e31ff17f5f5a0614f5df744dc9c","currency_code":"EUR","intent_id":"int_000003","status":"requires_payment_method"}','{"access_value":"access_45608c7e7641b2347a5efc7b8e61d81c"}','{"email":"zq-planted-context14"}',NULL,'int_000003','acct_sandbox',NULL,'','','',0,NULL,1772637384625634,NULL,1772730985408872,NULL,NULL,NULL,NULL,NULL,1772637384423375,1772730985408158);
INSERT INTO "payment_payments" VALUES ('pay_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','EUR','13.1','13.1','0','0','13.1','0',0,'{"amount":"13.10","client_token":"ct_31ca8febd2853214ebef3f81899b4b37","currency_code":"EUR","intent_id":"int_000004","status":"succeeded"}',NULL,NULL,1772730985587526,NULL,1772730985587526,1772730985587526);
INSERT INTO "payment_captures" VALUES ('capt_0000000100000000000000a9c838cf78','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','pay_000000010000000000000004abd21724','','cap_000001','13.1','succeeded','','',NULL,1772730985587526,1772730985587526);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000005da23a4de','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000005da23a4de','sandbox','initialize','failed','1.22','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,4,'00000001000000000000004f07d8f1f1',NULL,1772366428965581,1772366428965581,'not_done','','','','',NULL,1772366428965581,1772438370000041,1772438370000041);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000000e632ec98c','paycol_000000010000000000000001b4a07b6b','payses_00000001000000000000000e632ec98c','sandbox','initialize','failed','42','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'000000010000000000000013dceb2611',NULL,1772413232328952,1772413232328952,'not_sent','this process was held up until its lease was nearly over','','','',NULL,1772413232328952,1772414192328952,1772414192328952);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000183958b778','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000183958b778','sandbox','initialize','failed','18.04','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'0000000100000000000000203203577a',NULL,1772414197229681,1772414197229681,'not_sent','this process was held up until its lease was nearly over','','','',NULL,1772414197229681,1772414217229681,1772414217229681);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','initialize','failed','13.1','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,8,'00000001000000000000009e01426c3a',NULL,1772414225896500,1772414225896500,'not_done','context deadline exceeded','','','',NULL,1772414225896500,1772637384722673,1772637384722673);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000259c436e7b','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000183958b778','sandbox','initialize','succeeded','18.04','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'000000010000000000000032ec5f78ad',NULL,1772414225923648,1772414225923648,'','','','','',NULL,1772414225923648,1772414226095377,1772414226095377);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000003aae5e794','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000003aae5e794','sandbox','initialize','failed','21','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,3,'0000000100000000000000507fa45f63',NULL,1772414218201567,1772414218201567,'not_done','context deadline exceeded','','','',NULL,1772414218201567,1772438373830372,1772438373830372);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000151dccb799','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000151dccb799','sandbox','initialize','failed','11.76','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,4,'0000000100000000000000addcae8034',NULL,1772414225949544,1772414225949544,'not_done','','','','',NULL,1772414225949544,1772730989447632,1772730989447632);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000385a53e0d6','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000183958b778','sandbox','authorize','failed','18.04','EUR',0,'18.04','int_000001',NULL,NULL,NULL,NULL,'','','','',NULL,1,'00000001000000000000003989da138f',NULL,1772414226095377,1772414226095377,'not_sent','this process was held up until its lease was nearly over','','','',NULL,1772414226095377,1772416626095377,1772416626095377);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000003bcb78b5f0','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000183958b778','sandbox','authorize','failed','18.04','EUR',0,'18.04','int_000001',NULL,NULL,NULL,NULL,'','','','',NULL,4,'00000001000000000000005728b18aa2',NULL,1772427421472850,1772427421472850,'not_done','context deadline exceeded','','','',NULL,1772427421472850,1772438370254170,1772438370254170);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000005d34749187','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000183958b778','sandbox','cancel','succeeded','18.04','EUR',0,'0','int_000001',NULL,NULL,NULL,NULL,'','','','',NULL,4,'00000001000000000000008e31f459af',NULL,1772531973870292,1772531973870292,'','','','','',NULL,1772531973870292,1772637384664175,1772637384664175);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000070fd629cb8','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000003aae5e794','sandbox','initialize','failed','21','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,2,'000000010000000000000088d7f77853',NULL,1772531979537465,1772531979537465,'not_done','','','','',NULL,1772531979537465,1772637380764923,1772637380764923);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000087a7b7414c','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000003aae5e794','sandbox','initialize','succeeded','21','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'000000010000000000000093e2b39b08',NULL,1772637380764923,1772637380764923,'','','','','',NULL,1772637380764923,1772637380921150,1772637380921150);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000841374325c','paycol_000000010000000000000001b4a07b6b','payses_0000000100000000000000841374325c','sandbox','initialize','succeeded','42','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'0000000100000000000000958081d082',NULL,1772637384423375,1772637384423375,'','','','','',NULL,1772637384423375,1772637384625634,1772637384625634);
INSERT INTO "payment_operations" VALUES ('op_00000001000000000000009741a14c20','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000003aae5e794','sandbox','authorize','failed','21','EUR',0,'21','int_000002',NULL,NULL,NULL,NULL,'','','','',NULL,1,'00000001000000000000009860f60b06',NULL,1772637380921150,1772637380921150,'token_unknown','payment: declined (token_unknown): Input token is not a text','','','',NULL,1772637380921150,1772637380930639,1772637380930639);
INSERT INTO "payment_operations" VALUES ('op_000000010000000000000080c32eab90','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','initialize','succeeded','13.1','EUR',0,'0','',NULL,NULL,NULL,NULL,'','','','',NULL,1,'00000001000000000000009fc61ebdf0',NULL,1772637384725398,1772637384725398,'','','','','',NULL,1772637384725398,1772637384917965,1772637384917965);
INSERT INTO "payment_operations" VALUES ('op_0000000100000000000000a0357c7af8','paycol_000000010000000000000001b4a07b6b','payses_000000010000000000000004abd21724','sandbox','authorize','succeeded','13.1','EUR',0,'13.1','int_000004',NULL,NULL,NULL,NULL,'','','','',NULL,2,'0000000100000000000000a7f97be938',NULL,1772637384917965,1772637384917965,'','sandbox gateway: 500 internal: something went wrong','','','',NULL,1772637384917965,1772730985587526,1772730985587526);
INSERT INTO "payment_requests" VALUES ('paycol_000000010000000000000001b4a07b6b','AuthorizeSession','key8','db769d94fc9127a820d53084efdbe6fd6302358049f7d487397781d9b8e38d20','payses_000000010000000000000003aae5e794','op_00000001000000000000009741a14c20','',1772637380921150);
INSERT INTO "payment_requests" VALUES ('paycol_000000010000000000000001b4a07b6b','CreateSession','key1','02eb4c422e95b99f1245306921622f921e1ecd427effbc85189de403fa34ff13','payses_0000000100000000000000183958b778','op_0000000100000000000000183958b778','',1772414197229681);
INSERT INTO "payment_requests" VALUES ('paycol_000000010000000000000001b4a07b6b','CreateSession','key2','151d41e35e27d443187d489e702e19ebef4b9da2858afdb8913e76718972b4f8','payses_00000001000000000000000e632ec98c','op_00000001000000000000000e632ec98c','',1772413232328952);
INSERT INTO "payment_requests" VALUES ('paycol_000000010000000000000001b4a07b6b','CreateSession','key7','958a805db076701c71b84979011e2004d3d93013bbb892bc207ae97728a203b3','payses_0000000100000000000000841374325c','op_0000000100000000000000841374325c','',1772637384423375);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000002d4ebe54a','paycol_000000010000000000000001b4a07b6b',64,'collection.created','','','','','','42','EUR','','','',1772366409718505);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000006ec6e7ec4','paycol_000000010000000000000001b4a07b6b',128,'session.created','payses_000000010000000000000005da23a4de','','','','sandbox','1.22','EUR','','','',1772366428965581);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000123a8cb5db','paycol_000000010000000000000001b4a07b6b',192,'session.created','payses_00000001000000000000000e632ec98c','','','','sandbox','42','EUR','','','',1772413232328952);
INSERT INTO "payment_events" VALUES ('evt_00000001000000000000001f50958dfc','paycol_000000010000000000000001b4a07b6b',320,'session.created','payses_0000000100000000000000183958b778','','','','sandbox','18.04','EUR','','','',1772414197229681);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000029c94dfbeb','paycol_000000010000000000000001b4a07b6b',512,'session.created','payses_000000010000000000000004abd21724','','','','sandbox','13.1','EUR','','','',1772414225896500);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000033acb86c57','paycol_000000010000000000000001b4a07b6b',640,'session.created','payses_000000010000000000000003aae5e794','','','','sandbox','21','EUR','','','',1772414218201567);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000358af7fac9','paycol_000000010000000000000001b4a07b6b',704,'session.created','payses_0000000100000000000000151dccb799','','','','sandbox','11.76','EUR','','','',1772414225949544);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000059485e5971','paycol_000000010000000000000001b4a07b6b',1728,'session.canceled','payses_000000010000000000000005da23a4de','','','','sandbox','1.22','EUR','','','',1772438373614725);
INSERT INTO "payment_events" VALUES ('evt_00000001000000000000005bdd9d7675','paycol_000000010000000000000001b4a07b6b',1792,'session.canceled','payses_00000001000000000000000e632ec98c','','','','sandbox','42','EUR','','','',1772438373614725);
INSERT INTO "payment_events" VALUES ('evt_00000001000000000000009438080ccb','paycol_000000010000000000000001b4a07b6b',3008,'session.created','payses_0000000100000000000000841374325c','','','','sandbox','42','EUR','','','',1772637384423375);
INSERT INTO "payment_events" VALUES ('evt_000000010000000000000099195d6a49','paycol_000000010000000000000001b4a07b6b',3200,'session.declined','payses_000000010000000000000003aae5e794','','','','sandbox','21','EUR','token_unknown','','',1772637380930639);
INSERT INTO "payment_events" VALUES ('evt_00000001000000000000009d50d1e0ba','paycol_000000010000000000000001b4a07b6b',3328,'session.canceled','payses_0000000100000000000000183958b778','','','','sandbox','18.04','EUR','','','',1772637384664175);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000a814da6730','paycol_000000010000000000000001b4a07b6b',4032,'payment.authorized','payses_000000010000000000000004abd21724','pay_000000010000000000000004abd21724','','','sandbox','13.1','EUR','','','',1772730985587526);
INSERT INTO "payment_events" VALUES ('evt_0000000100000000000000aa9730503c','paycol_000000010000000000000001b4a07b6b',4033,'capture.succeeded','payses_000000010000000000000004abd21724','pay_000000010000000000000004abd21724','capt_0000000100000000000000a9c838cf78','','sandbox','13.1','EUR','','','',1772730985587526);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000429ce8fe97',3,'sandbox','evt_000001','intent.created','handled','payses_0000000100000000000000183958b778','paycol_000000010000000000000001b4a07b6b','','int_000001','{"body":"{\"id\":\"evt_000001\",\"type\":\"intent.created\",\"created\":1772414216,\"session\":\"payses_0000000100000000000000183958b778\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000001\",\"account\":\"acct_sandbox\",\"session\":\"payses_0000000100000000000000183958b778\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":1804,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"18.04","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000001","State":"pending","Totals":null}}',0,'',NULL,1772427509697580,1772438370254170);
INSERT INTO "payment_deliveries" VALUES ('whd_00000001000000000000006efff66035',3,'sandbox','evt_000002','intent.canceled','handled','payses_0000000100000000000000183958b778','paycol_000000010000000000000001b4a07b6b','','int_000001','{"body":"{\"id\":\"evt_000002\",\"type\":\"intent.canceled\",\"created\":1772531970,\"session\":\"payses_0000000100000000000000183958b778\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000001\",\"account\":\"acct_sandbox\",\"session\":\"payses_0000000100000000000000183958b778\",\"status\":\"canceled\",\"currency\":\"EUR\",\"amount\":1804,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"18.04","Authorized":"0","Capturable":"0","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000001","State":"canceled","Totals":null}}',0,'',NULL,1772531972402956,1772637384664175);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a21be3a1b8',2,'sandbox','evt_000003','intent.created','handled','payses_000000010000000000000003aae5e794','paycol_000000010000000000000001b4a07b6b','','int_000002','{"body":"{\"id\":\"evt_000003\",\"type\":\"intent.created\",\"created\":1772637378,\"session\":\"payses_000000010000000000000003aae5e794\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000002\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000003aae5e794\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":2100,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"21","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000002","State":"pending","Totals":null}}',0,'',NULL,1772730988816130,1772730989021452);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a4fce40be0',2,'sandbox','evt_000004','intent.created','handled','payses_0000000100000000000000841374325c','paycol_000000010000000000000001b4a07b6b','','int_000003','{"body":"{\"id\":\"evt_000004\",\"type\":\"intent.created\",\"created\":1772637378,\"session\":\"payses_0000000100000000000000841374325c\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000003\",\"account\":\"acct_sandbox\",\"session\":\"payses_0000000100000000000000841374325c\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":4200,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"42","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000003","State":"pending","Totals":null}}',0,'',NULL,1772730985408158,1772730985499077);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000a610e2f127',2,'sandbox','evt_000005','intent.created','handled','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','','int_000004','{"body":"{\"id\":\"evt_000005\",\"type\":\"intent.created\",\"created\":1772637382,\"session\":\"payses_000000010000000000000004abd21724\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000004\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000004abd21724\",\"status\":\"requires_payment_method\",\"currency\":\"EUR\",\"amount\":1310,\"authorized\":0,\"capturable\":0,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"13.1","Authorized":"0","Capturable":null,"CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000004","State":"pending","Totals":null}}',0,'',NULL,1772730985499077,1772730985587526);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000ab0d133aee',3,'sandbox','evt_000006','intent.authorized','handled','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','','int_000004','{"body":"{\"id\":\"evt_000006\",\"type\":\"intent.authorized\",\"created\":1772637383,\"session\":\"payses_000000010000000000000004abd21724\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000004\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000004abd21724\",\"status\":\"requires_capture\",\"currency\":\"EUR\",\"amount\":1310,\"authorized\":1310,\"capturable\":1310,\"movements\":[]}}","snapshot":{"Account":"acct_sandbox","Amount":"13.1","Authorized":"13.1","Capturable":"13.1","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[],"NextAction":null,"Reference":"int_000004","State":"authorized","Totals":null}}',0,'',NULL,1772730985589619,1772730989495393);
INSERT INTO "payment_deliveries" VALUES ('whd_0000000100000000000000acdfcc8dfb',3,'sandbox','evt_000007','capture.succeeded','handled','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b','','int_000004','{"body":"{\"id\":\"evt_000007\",\"type\":\"capture.succeeded\",\"created\":1772637383,\"session\":\"payses_000000010000000000000004abd21724\",\"collection\":\"paycol_000000010000000000000001b4a07b6b\",\"intent\":{\"id\":\"int_000004\",\"account\":\"acct_sandbox\",\"session\":\"payses_000000010000000000000004abd21724\",\"status\":\"succeeded\",\"currency\":\"EUR\",\"amount\":1310,\"authorized\":1310,\"capturable\":0,\"movements\":[{\"id\":\"cap_000001\",\"kind\":\"capture\",\"amount\":1310,\"state\":\"succeeded\",\"at\":\"2026-03-04T15:16:23.207938Z\"}]}}","snapshot":{"Account":"acct_sandbox","Amount":"13.1","Authorized":"13.1","Capturable":"0","CaptureBefore":"0001-01-01T00:00:00Z","CurrencyCode":"EUR","Data":null,"Decline":null,"ExpiresAt":"0001-01-01T00:00:00Z","Movements":[{"Amount":"13.1","At":"2026-03-04T15:16:23.207938Z","IdempotencyKey":"","Kind":"capture","Reference":"cap_000001","State":"succeeded"}],"NextAction":null,"Reference":"int_000004","State":"authorized","Totals":null}}',0,'',NULL,1772730985589619,1772730989502613);
INSERT INTO "payment_due" VALUES ('events','paycol_000000010000000000000001b4a07b6b','paycol_000000010000000000000001b4a07b6b',NULL,0,4033,NULL);
INSERT INTO "payment_due" VALUES ('session','payses_000000010000000000000004abd21724','paycol_000000010000000000000001b4a07b6b',1772925991050551,6,0,NULL);
PRAGMA user_version = 0;
