-- One schema for SQLite and PostgreSQL. Types are SQLite's; BLOB becomes BYTEA and INTEGER becomes BIGINT there.
-- Times are milliseconds since 1970 UTC; 0 stands for "not yet". Hashes and serial numbers are lower-case hex.

CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE devices (
  prefix            TEXT PRIMARY KEY,
  name              TEXT NOT NULL,
  centre            TEXT NOT NULL,
  reference         TEXT NOT NULL UNIQUE,
  secret            BLOB,
  secret_expires_at INTEGER NOT NULL,
  bad_macs          INTEGER NOT NULL DEFAULT 0,
  created_at        INTEGER NOT NULL,
  enrolled_at       INTEGER NOT NULL DEFAULT 0,
  revoked_at        INTEGER NOT NULL DEFAULT 0,
  seen_at           INTEGER NOT NULL DEFAULT 0,
  pending           INTEGER NOT NULL DEFAULT 0,
  version           TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE people (
  iin        TEXT PRIMARY KEY,
  surname    TEXT NOT NULL,
  given      TEXT NOT NULL,
  patronymic TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE applications (
  number             TEXT PRIMARY KEY,
  origin             TEXT NOT NULL CHECK (origin IN ('device', 'centre')),
  device             TEXT NOT NULL REFERENCES devices (prefix),
  centre             TEXT NOT NULL,
  kind               TEXT NOT NULL,
  iin                TEXT NOT NULL,
  name               TEXT NOT NULL,
  search             TEXT NOT NULL,
  document           BLOB NOT NULL,
  sha256             TEXT NOT NULL,
  seal_key           BLOB,
  state              TEXT NOT NULL CHECK (state IN ('filed', 'waiting', 'confirmed', 'rejected', 'expired', 'issued', 'installed')),
  name_differs       INTEGER NOT NULL DEFAULT 0,
  created_at         INTEGER NOT NULL,
  filed_at           INTEGER NOT NULL,
  expires_at         INTEGER NOT NULL,
  decided_at         INTEGER NOT NULL DEFAULT 0,
  decided_by         TEXT NOT NULL DEFAULT '',
  reason             TEXT NOT NULL DEFAULT '',
  decision           BLOB,
  decision_signature BLOB,
  issued_at          INTEGER NOT NULL DEFAULT 0,
  installed_at       INTEGER NOT NULL DEFAULT 0,
  locked_by          TEXT NOT NULL DEFAULT '',
  locked_until       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX applications_by_centre ON applications (centre, filed_at);
CREATE INDEX applications_by_state ON applications (state, expires_at);
CREATE INDEX applications_by_iin ON applications (iin);

CREATE TABLE application_keys (
  number         TEXT NOT NULL REFERENCES applications (number),
  ordinal        INTEGER NOT NULL,
  template       TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  spki_sha256    TEXT NOT NULL,
  PRIMARY KEY (number, ordinal)
) STRICT;
CREATE INDEX application_keys_by_spki ON application_keys (spki_sha256);
CREATE UNIQUE INDEX application_keys_by_transaction ON application_keys (transaction_id);

-- A row stands here, without der, before the certificate is signed: what is signed again after a crash bears the same
-- number, and only one of them is ever written down and handed out.
CREATE TABLE certificates (
  serial      TEXT PRIMARY KEY,
  kind        TEXT NOT NULL CHECK (kind IN ('tls', 'device', 'operator', 'citizen')),
  template    TEXT NOT NULL,
  device      TEXT NOT NULL DEFAULT '',
  iin         TEXT NOT NULL DEFAULT '',
  number      TEXT NOT NULL DEFAULT '',
  ordinal     INTEGER NOT NULL DEFAULT 0,
  spki_sha256 TEXT NOT NULL,
  not_before  INTEGER NOT NULL DEFAULT 0,
  not_after   INTEGER NOT NULL DEFAULT 0,
  der         BLOB,
  issued_at   INTEGER NOT NULL DEFAULT 0,
  revoked_at  INTEGER NOT NULL DEFAULT 0,
  reason      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX certificates_one_for_a_key ON certificates (number, ordinal) WHERE kind = 'citizen';
CREATE INDEX certificates_by_iin ON certificates (iin, issued_at);
CREATE INDEX certificates_by_device ON certificates (device);
CREATE INDEX certificates_by_number ON certificates (number);
CREATE INDEX certificates_revoked ON certificates (revoked_at);

CREATE TABLE transactions (
  id          TEXT PRIMARY KEY,
  device      TEXT NOT NULL REFERENCES devices (prefix),
  kind        TEXT NOT NULL CHECK (kind IN ('ir', 'cr', 'p10cr', 'kur', 'rr')),
  profile     TEXT NOT NULL,
  number      TEXT NOT NULL DEFAULT '',
  ordinal     INTEGER NOT NULL DEFAULT 0,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'issued', 'confirmed', 'refused', 'rejected')),
  request     BLOB NOT NULL,
  spki        BLOB NOT NULL,
  serial      TEXT NOT NULL DEFAULT '',
  text        TEXT NOT NULL DEFAULT '',
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX transactions_by_number ON transactions (number, ordinal);
CREATE INDEX transactions_by_serial ON transactions (serial);
CREATE INDEX transactions_by_device ON transactions (device, state);
CREATE INDEX transactions_by_state ON transactions (state, updated_at);

-- The same bytes get the same answer.
CREATE TABLE replies (
  request_sha256 TEXT PRIMARY KEY,
  transaction_id TEXT NOT NULL,
  reply          BLOB NOT NULL,
  at             INTEGER NOT NULL
) STRICT;
CREATE INDEX replies_by_age ON replies (at);

CREATE TABLE operators (
  id          TEXT PRIMARY KEY,
  iin         TEXT NOT NULL,
  name        TEXT NOT NULL,
  certificate BLOB NOT NULL,
  created_at  INTEGER NOT NULL,
  revoked_at  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE challenges (
  sha256     TEXT PRIMARY KEY,
  device     TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_sessions (
  sha256     TEXT PRIMARY KEY,
  operator   TEXT NOT NULL REFERENCES operators (id),
  device     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  seq    INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  event  TEXT NOT NULL,
  actor  TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash   BLOB NOT NULL
) STRICT;
