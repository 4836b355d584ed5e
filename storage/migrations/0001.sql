-- What the kiosk remembers. Columns marked "sealed" are XChaCha20-Poly1305 under the seal key; "keyed" are HMAC-SHA-256.
-- Times are milliseconds since 1970, UTC.

CREATE TABLE applications (
  number      TEXT PRIMARY KEY,
  status      TEXT NOT NULL,
  acceptance  BLOB NOT NULL,              -- keyed: all that was accepted, to know the same bytes again
  document    BLOB NOT NULL,              -- sealed
  seal_key    BLOB,                       -- sealed
  accepted_at INTEGER NOT NULL,
  changed_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE application_keys (
  number         TEXT NOT NULL REFERENCES applications (number) ON DELETE CASCADE,
  ordinal        INTEGER NOT NULL,
  template       TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  spki_sha256    TEXT NOT NULL UNIQUE,
  csr            BLOB NOT NULL,           -- sealed
  medium         BLOB NOT NULL,           -- sealed
  medium_key     BLOB NOT NULL,           -- keyed
  key_id         BLOB NOT NULL,
  exchange       BLOB,                    -- sealed: state of the CMP transaction
  certificate    BLOB,                    -- sealed: certificate and chain
  PRIMARY KEY (number, ordinal)
) STRICT;
CREATE INDEX application_keys_by_medium ON application_keys (medium_key);

CREATE TABLE outbox (
  number   TEXT NOT NULL REFERENCES applications (number) ON DELETE CASCADE,
  stage    INTEGER NOT NULL,
  ordinal  INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  problem  TEXT NOT NULL,
  due_at   INTEGER NOT NULL,
  PRIMARY KEY (number, stage, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_journal (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT NOT NULL,
  medium      BLOB NOT NULL,              -- sealed
  medium_key  BLOB NOT NULL,              -- keyed
  number      TEXT NOT NULL,
  key_id      BLOB,
  begun_at    INTEGER NOT NULL,
  outcome     TEXT,
  finished_at INTEGER
) STRICT;
CREATE INDEX device_journal_open ON device_journal (id) WHERE outcome IS NULL;

CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  event   TEXT NOT NULL,
  subject TEXT NOT NULL,
  old     TEXT NOT NULL,
  new     TEXT NOT NULL,
  detail  TEXT NOT NULL,
  hash    BLOB NOT NULL,                  -- SHA-256 over the hash before and this row
  mac     BLOB NOT NULL                   -- keyed: over hash
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are not changed'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are not removed'); END;

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL                     -- sealed
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  prefix TEXT PRIMARY KEY,
  last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
