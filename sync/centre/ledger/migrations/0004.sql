-- Letters about applications that were handed to the mail system: what they were, by their hash alone.
CREATE TABLE letters (
  number TEXT NOT NULL REFERENCES applications (number),
  sha256 TEXT NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (number, sha256)
) STRICT;
