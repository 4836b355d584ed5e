-- The cabinet: applications that a citizen signs, what they are about, sessions, one-time codes.
ALTER TABLE people ADD COLUMN non_resident INTEGER NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN phone TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN search TEXT NOT NULL DEFAULT '';

-- signer is the serial number of the citizen's certificate. about is what an application of its kind is not made twice for:
-- of a reissue the serial number it replaces, of an information system its object identifier.
ALTER TABLE applications ADD COLUMN signature BLOB;
ALTER TABLE applications ADD COLUMN signer TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN signed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN storage TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN about TEXT NOT NULL DEFAULT '';
CREATE INDEX applications_by_about ON applications (about, kind);

-- What an application for revocation names. done_at is when the certificate was revoked for it.
CREATE TABLE application_revocations (
  number  TEXT NOT NULL REFERENCES applications (number),
  ordinal INTEGER NOT NULL,
  serial  TEXT NOT NULL,
  done_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (number, ordinal)
) STRICT;
CREATE INDEX application_revocations_by_serial ON application_revocations (serial);

CREATE TABLE revocation_orders (
  sha256    TEXT PRIMARY KEY,
  iin       TEXT NOT NULL,
  document  BLOB NOT NULL,
  signature BLOB NOT NULL,
  operator  TEXT NOT NULL REFERENCES operators (id),
  device    TEXT NOT NULL,
  at        INTEGER NOT NULL
) STRICT;

-- Filed on the web; an application with its number is the citizen's confirmation.
CREATE TABLE web_applications (
  number     TEXT PRIMARY KEY,
  iin        TEXT NOT NULL,
  surname    TEXT NOT NULL,
  given      TEXT NOT NULL,
  patronymic TEXT NOT NULL,
  kind       TEXT NOT NULL,
  email      TEXT NOT NULL,
  region     TEXT NOT NULL,
  locality   TEXT NOT NULL,
  storage    TEXT NOT NULL,
  key_set    TEXT NOT NULL,
  filed_at   INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX web_applications_by_iin ON web_applications (iin);

CREATE TABLE citizen_sessions (
  sha256     TEXT PRIMARY KEY,
  iin        TEXT NOT NULL,
  device     TEXT NOT NULL,
  serial     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX citizen_sessions_by_serial ON citizen_sessions (serial);

CREATE TABLE profiles (
  iin        TEXT PRIMARY KEY,
  email      TEXT NOT NULL,
  notices    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE codes (
  id          TEXT PRIMARY KEY,
  iin         TEXT NOT NULL,
  device      TEXT NOT NULL,
  kind        TEXT NOT NULL,
  method      TEXT NOT NULL,
  secret      BLOB NOT NULL,
  sent        INTEGER NOT NULL,
  wrong       INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  sent_at     INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  verified_at INTEGER NOT NULL DEFAULT 0,
  number      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX codes_by_iin ON codes (iin, created_at);

CREATE TABLE code_locks (
  iin         TEXT PRIMARY KEY,
  until       INTEGER NOT NULL
) STRICT;

CREATE TABLE information_systems (
  oid        TEXT PRIMARY KEY,
  iin        TEXT NOT NULL,
  name_kk    TEXT NOT NULL,
  name_ru    TEXT NOT NULL,
  name_en    TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX information_systems_by_iin ON information_systems (iin);
