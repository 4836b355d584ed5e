-- Applications that a citizen signs, and revocations. Programs of schema 1 go on with what they know: they leave these columns
-- and the task "revoke" alone.

ALTER TABLE applications ADD COLUMN signature BLOB;                  -- sealed: the citizen's CMS over the document
ALTER TABLE applications ADD COLUMN kind TEXT NOT NULL DEFAULT '';   -- a word of the trade; '' is from before there were others than new
ALTER TABLE applications ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- code: why the centre refused it for good

ALTER TABLE outbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;     -- 1 goes ahead of all that is 0
CREATE INDEX outbox_by_turn ON outbox (urgent DESC, due_at);

CREATE TABLE application_revocations (
  number         TEXT NOT NULL REFERENCES applications (number) ON DELETE CASCADE,
  ordinal        INTEGER NOT NULL,
  transaction_id TEXT NOT NULL,
  exchange       BLOB,                    -- sealed: state of the CMP transaction
  done           INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (number, ordinal)
) STRICT;
