-- What became of each recipient of a mail, told by the handler with the end of an attempt; most messages have none.
CREATE TABLE mail_recipient (
  msg_id    TEXT    NOT NULL,
  address   TEXT    NOT NULL,
  status    INTEGER NOT NULL,             -- 0 delivered, 1 deferred, 2 refused, 3 unknown
  code      INTEGER NOT NULL,             -- of the reply that decided; 0: none did
  enhanced  TEXT    NOT NULL DEFAULT '',  -- as 5.1.1
  reply     TEXT    NOT NULL DEFAULT '',
  relay     TEXT    NOT NULL DEFAULT '',  -- that said so: host:port
  time      INTEGER NOT NULL,             -- since when it is so
  PRIMARY KEY (msg_id, address),
  CONSTRAINT status_is_0_to_3 CHECK (status BETWEEN 0 AND 3)
) STRICT, WITHOUT ROWID;
