-- Letters about an application, which the centre sends by e-mail. A letter is due with the task "letter" of its number and ordinal and goes when
-- the centre has it. Programs of schemas 1 and 2 leave the table and the task alone.

CREATE TABLE letters (
  number  TEXT NOT NULL REFERENCES applications (number) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  letter  BLOB,                           -- sealed; NULL when it was sent or is not to be sent any more: the row counts it
  PRIMARY KEY (number, ordinal)
) STRICT;
