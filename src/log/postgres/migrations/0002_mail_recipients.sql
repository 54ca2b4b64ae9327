-- What became of each recipient of a mail, told by the handler with the end of an attempt; most messages have none.
CREATE TABLE mail_recipient (
  msg_id    text COLLATE "C" NOT NULL,
  address   text COLLATE "C" NOT NULL,
  status    smallint     NOT NULL,             -- 0 delivered, 1 deferred, 2 refused, 3 unknown
  code      integer      NOT NULL,             -- of the reply that decided; 0: none did
  enhanced  text         NOT NULL DEFAULT '',  -- as 5.1.1
  reply     text         NOT NULL DEFAULT '',
  relay     text         NOT NULL DEFAULT '',  -- that said so: host:port
  time      timestamp(3) NOT NULL,             -- since when it is so
  PRIMARY KEY (msg_id, address),
  CONSTRAINT status_is_0_to_3 CHECK (status BETWEEN 0 AND 3)
);
