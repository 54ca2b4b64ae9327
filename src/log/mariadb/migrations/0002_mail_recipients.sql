-- What became of each recipient of a mail, told by the handler with the end of an attempt; most messages have none.
CREATE TABLE IF NOT EXISTS mail_recipient (
  msg_id    VARCHAR(155) NOT NULL,
  address   VARCHAR(320) NOT NULL,
  status    TINYINT      NOT NULL,               -- 0 delivered, 1 deferred, 2 refused, 3 unknown
  code      INT          NOT NULL,               -- of the reply that decided; 0: none did
  enhanced  VARCHAR(32)  NOT NULL DEFAULT '',    -- as 5.1.1
  reply     VARCHAR(500) NOT NULL DEFAULT '',
  relay     VARCHAR(300) NOT NULL DEFAULT '',    -- that said so: host:port
  time      DATETIME(3)  NOT NULL,               -- since when it is so
  PRIMARY KEY (msg_id, address),
  CONSTRAINT recipient_status_is_0_to_3 CHECK (status BETWEEN 0 AND 3)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
