-- The message log. Times are in UTC, without a zone, to the millisecond. Columns added to the nine classic ones have
-- defaults, so that any program may insert (msg_id, msg, exchange, routing_key), or all nine, in its own transaction.
-- Such a *foreign* row is known by publish_count 0 and a null queue. Names are compared bytewise, blanks at their end
-- included; MySQL calls that collation utf8mb4_0900_bin. DDL commits by itself here: each statement may be run again.
CREATE TABLE IF NOT EXISTS msg_log (
  msg_id          VARCHAR(155) NOT NULL PRIMARY KEY,
  exchange        VARCHAR(256) NOT NULL DEFAULT '',
  routing_key     VARCHAR(256) NOT NULL DEFAULT '',
  status          TINYINT      NOT NULL DEFAULT 0,
  try_count       INT          NOT NULL DEFAULT 0,
  next_try_time   DATETIME(3)           DEFAULT (UTC_TIMESTAMP(3)),
  create_time     DATETIME(3)  NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  update_time     DATETIME(3)  NOT NULL DEFAULT (UTC_TIMESTAMP(3)),

  arrival         BIGINT       NOT NULL AUTO_INCREMENT,
  queue           VARCHAR(256),                       -- null: undecided; '': external
  owner           VARCHAR(300),                       -- holder of the open attempt: instance#boot
  -- Room for what the first claim writes, and emptied by it: a row that grows in a full page makes InnoDB write the whole
  -- page anew.
  room            VARBINARY(64) NOT NULL DEFAULT (REPEAT('-', 64)),
  attempt         INT          NOT NULL DEFAULT 0,    -- number of the last attempt started
  replay_attempt  INT          NOT NULL DEFAULT 0,    -- its value at the last replay
  claim_token     BIGINT,                             -- of the last attempt; null once it lapsed
  outcome         TINYINT,                            -- what ended it: 0 done, 1 retry, 2 fail, 3 unknown; else null
  append_token    BIGINT,                             -- of the request that inserted the row
  effect_begun    TINYINT      NOT NULL DEFAULT 0,
  lapse_count     INT          NOT NULL DEFAULT 0,    -- never lowered
  unknown_count   INT          NOT NULL DEFAULT 0,    -- never lowered
  crash_count     INT          NOT NULL DEFAULT 0,    -- lapses since the last replay
  again_count     INT          NOT NULL DEFAULT 0,    -- replays with --again
  late_done       TINYINT      NOT NULL DEFAULT 0,    -- dead or cancelled, but its effect is known to have happened
  publish_count   BIGINT       NOT NULL DEFAULT 0,
  publish_boot    BIGINT,
  not_before      DATETIME(3),
  publish_time    DATETIME(3),
  confirm_time    DATETIME(3),
  claim_time      DATETIME(3),
  consume_time    DATETIME(3),
  digest          VARBINARY(32),
  content_type    VARCHAR(256) NOT NULL DEFAULT '',
  retry_policy    TEXT,                               -- null: the configured one
  headers         MEDIUMTEXT,                         -- JSON, [["name","value"],...]
  last_error      TEXT         NOT NULL DEFAULT (''),
  result          TEXT         NOT NULL DEFAULT (''),
  msg             LONGTEXT     NOT NULL DEFAULT (''),
  body            LONGBLOB,                           -- instead of msg, if the body is not text

  -- MariaDB has no partial indexes, and an index on a column holds the rows without a value too. So a row says in which
  -- place of one index it stands, and stands there alone: what a statement does not look for costs it nothing.
  -- 1 due: unowned, with a time; 2 open attempt; 3 waiting in a broker's queue; 4 for a person; 5 finished.
  place           TINYINT      AS (CASE
      WHEN owner IS NOT NULL THEN 2
      WHEN status = 3 OR status = 7 THEN 5
      WHEN next_try_time IS NOT NULL THEN 1
      WHEN status = 1 AND queue = '' THEN 5
      WHEN status = 1 THEN 3
      ELSE 4 END) STORED,
  place_exchange  VARCHAR(256) AS (CASE
      WHEN owner IS NOT NULL OR status = 3 OR status = 7 THEN NULL
      WHEN next_try_time IS NOT NULL THEN exchange
      WHEN status = 1 AND queue <> '' THEN queue
      ELSE NULL END) STORED,
  place_key       VARCHAR(256) AS (CASE
      WHEN owner IS NULL AND status <> 3 AND status <> 7 AND next_try_time IS NOT NULL THEN routing_key
      ELSE NULL END) STORED,
  place_time      DATETIME(3)  AS (CASE
      WHEN owner IS NOT NULL THEN next_try_time
      WHEN status = 3 OR status = 7 THEN update_time
      WHEN next_try_time IS NOT NULL THEN next_try_time
      WHEN status = 1 AND queue = '' THEN update_time
      WHEN status = 1 THEN confirm_time
      ELSE NULL END) STORED,

  -- The order of arrival, in which rows are listed.
  UNIQUE KEY msg_log_arrival (arrival),
  -- A take goes round the routes by seeking from one to the next.
  KEY msg_log_place (place, place_exchange, place_key, place_time, status, arrival),

  CONSTRAINT msg_id_has_1_to_155_characters_in_at_most_255_bytes
    CHECK (CHAR_LENGTH(msg_id) BETWEEN 1 AND 155 AND OCTET_LENGTH(msg_id) <= 255),
  CONSTRAINT status_is_0_to_7 CHECK (status BETWEEN 0 AND 7),
  CONSTRAINT counts_are_not_negative
    CHECK (try_count >= 0 AND lapse_count >= 0 AND unknown_count >= 0 AND crash_count >= 0 AND again_count >= 0
           AND publish_count >= 0),
  CONSTRAINT attempt_is_not_below_replay_attempt CHECK (attempt >= replay_attempt AND replay_attempt >= 0),
  CONSTRAINT effect_begun_and_late_done_are_0_or_1
    CHECK (effect_begun BETWEEN 0 AND 1 AND late_done BETWEEN 0 AND 1),
  CONSTRAINT outcome_is_0_to_3 CHECK (outcome BETWEEN 0 AND 3),
  CONSTRAINT digest_is_32_bytes CHECK (OCTET_LENGTH(digest) = 32),
  CONSTRAINT body_is_text_or_binary CHECK (body IS NULL OR msg = ''),

  CONSTRAINT foreign_row_is_sending_sent_send_failed_or_consumed
    CHECK (publish_count > 0 OR queue IS NOT NULL OR status <= 3),
  CONSTRAINT open_foreign_row_has_next_try_time
    CHECK (publish_count > 0 OR queue IS NOT NULL OR status = 3 OR next_try_time IS NOT NULL),
  CONSTRAINT row_to_publish_has_next_try_time
    CHECK ((status <> 0 AND status <> 2 AND status <> 4) OR next_try_time IS NOT NULL),
  CONSTRAINT final_row_has_no_next_try_time
    CHECK ((status <> 3 AND status <> 5 AND status <> 7) OR next_try_time IS NULL
           OR (publish_count = 0 AND queue IS NULL)),
  CONSTRAINT final_row_has_no_owner CHECK ((status <> 3 AND status <> 5 AND status <> 7) OR owner IS NULL),
  CONSTRAINT unclaimed_sent_row_has_no_next_try_time
    CHECK (status <> 1 OR owner IS NOT NULL OR next_try_time IS NULL OR (publish_count = 0 AND queue IS NULL)),
  CONSTRAINT unclaimed_sent_row_has_queue_and_confirm_time
    CHECK (status <> 1 OR owner IS NOT NULL OR (queue IS NOT NULL AND confirm_time IS NOT NULL)
           OR (publish_count = 0 AND queue IS NULL)),
  CONSTRAINT open_attempt_has_number_token_lease_and_queue
    CHECK (owner IS NULL OR (attempt > replay_attempt AND claim_token IS NOT NULL AND next_try_time IS NOT NULL
                             AND queue IS NOT NULL)),
  CONSTRAINT unowned_row_waits_for_not_before
    CHECK (owner IS NOT NULL OR next_try_time IS NULL OR not_before IS NULL OR next_try_time >= not_before)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS msg_event (
  msg_id   VARCHAR(155) NOT NULL,
  number   BIGINT       NOT NULL,
  at       DATETIME(3)  NOT NULL,
  kind     VARCHAR(64)  NOT NULL,
  attempt  INT          NOT NULL,
  count    INT          NOT NULL DEFAULT 1,
  detail   TEXT         NOT NULL DEFAULT (''),
  PRIMARY KEY (msg_id, number),
  CONSTRAINT count_is_positive CHECK (count > 0)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What became of a row that was pruned while its key is kept: the key goes on answering for it. `orphaned` is its create
-- time once its row is gone.
CREATE TABLE IF NOT EXISTS idempotency_key (
  endpoint     VARCHAR(255)  NOT NULL,
  name         VARCHAR(255)  NOT NULL,
  request      VARBINARY(32) NOT NULL,
  msg_id       VARCHAR(155)  NOT NULL,
  create_time  DATETIME(3)   NOT NULL,
  row_gone     TINYINT       NOT NULL DEFAULT 0,
  row_status   TINYINT       NOT NULL DEFAULT 3,
  orphaned     DATETIME(3)   AS (CASE WHEN row_gone = 1 THEN create_time END) STORED,
  PRIMARY KEY (endpoint, name),
  KEY idempotency_key_of_row (msg_id),
  KEY idempotency_key_orphaned (orphaned),
  CONSTRAINT request_is_32_bytes CHECK (OCTET_LENGTH(request) = 32),
  CONSTRAINT row_status_is_one_of_pruned_rows CHECK (row_status = 1 OR row_status = 3 OR row_status = 7)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS node_lease (
  node_id  INT          NOT NULL PRIMARY KEY,
  owner    VARCHAR(300) NOT NULL UNIQUE,
  until    DATETIME(3)  NOT NULL,
  CONSTRAINT node_id_is_0_to_1023 CHECK (node_id BETWEEN 0 AND 1023)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS queue_fact (
  queue           VARCHAR(256) NOT NULL,
  owner           VARCHAR(300) NOT NULL,
  at              DATETIME(3)  NOT NULL,
  oldest_in_hand  DATETIME(3),
  newest_out      DATETIME(3),
  idle_since      DATETIME(3),
  PRIMARY KEY (queue, owner),
  KEY queue_fact_owner (owner),
  KEY queue_fact_at (at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Who serves this log under which name. The session lock of its holder decides; the row tells who that is.
CREATE TABLE IF NOT EXISTS instance (
  name         VARCHAR(255) NOT NULL PRIMARY KEY,
  owner        VARCHAR(300) NOT NULL,
  host         VARCHAR(255) NOT NULL,
  process      INT          NOT NULL,
  started      DATETIME(3)  NOT NULL,
  alive_until  DATETIME(3)  NOT NULL,
  stopped      TINYINT      NOT NULL DEFAULT 0        -- it ended in order
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS log_identity (
  only_row     INT          NOT NULL PRIMARY KEY,
  identity     VARCHAR(64)  NOT NULL,
  boot_number  BIGINT       NOT NULL,
  create_time  DATETIME(3)  NOT NULL,
  CONSTRAINT log_has_one_identity CHECK (only_row = 1)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What statistics need not count: how many rows are finished, by their state (1, 3, 7), and of all rows kept the sums of
-- lapse_count (10) and unknown_count (11). Each process of Waybill adds up what its verbs change, once a commit, in a
-- part of its own, so that none waits for another; what other programs change is added line by line, and folded into a
-- part by and by.
CREATE TABLE IF NOT EXISTS kept_count (
  part    INT     NOT NULL,
  kind    TINYINT NOT NULL,
  amount  BIGINT  NOT NULL,
  PRIMARY KEY (part, kind),
  CONSTRAINT kind_is_known CHECK (kind = 1 OR kind = 3 OR kind = 7 OR kind = 10 OR kind = 11)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS count_change (
  number  BIGINT  NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind    TINYINT NOT NULL,
  amount  BIGINT  NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- A transaction that has changed nothing writes here, if its answers rest on rows that other programs may have committed
-- without waiting for the disk: a durable commit of our own then covers theirs.
CREATE TABLE IF NOT EXISTS own_commit (
  part    INT    NOT NULL PRIMARY KEY,
  number  BIGINT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TRIGGER IF NOT EXISTS counted_row_inserted AFTER INSERT ON msg_log FOR EACH ROW
BEGIN
  IF @waybill_writer IS NULL THEN
    IF (NEW.status = 3 OR NEW.status = 7 OR (NEW.status = 1 AND NEW.owner IS NULL AND NEW.queue = '')) THEN
      INSERT INTO count_change (kind, amount) VALUES (NEW.status, 1);
    END IF;
    IF NEW.lapse_count <> 0 OR NEW.unknown_count <> 0 THEN
      INSERT INTO count_change (kind, amount) VALUES (10, NEW.lapse_count), (11, NEW.unknown_count);
    END IF;
  END IF;
END;
CREATE TRIGGER IF NOT EXISTS counted_row_changed AFTER UPDATE ON msg_log FOR EACH ROW
BEGIN
  IF @waybill_writer IS NULL THEN
    IF (OLD.status = 3 OR OLD.status = 7 OR (OLD.status = 1 AND OLD.owner IS NULL AND OLD.queue = '')) THEN
      INSERT INTO count_change (kind, amount) VALUES (OLD.status, -1);
    END IF;
    IF OLD.lapse_count <> 0 OR OLD.unknown_count <> 0 THEN
      INSERT INTO count_change (kind, amount) VALUES (10, -OLD.lapse_count), (11, -OLD.unknown_count);
    END IF;
    IF (NEW.status = 3 OR NEW.status = 7 OR (NEW.status = 1 AND NEW.owner IS NULL AND NEW.queue = '')) THEN
      INSERT INTO count_change (kind, amount) VALUES (NEW.status, 1);
    END IF;
    IF NEW.lapse_count <> 0 OR NEW.unknown_count <> 0 THEN
      INSERT INTO count_change (kind, amount) VALUES (10, NEW.lapse_count), (11, NEW.unknown_count);
    END IF;
  END IF;
END;
CREATE TRIGGER IF NOT EXISTS counted_row_deleted AFTER DELETE ON msg_log FOR EACH ROW
BEGIN
  IF @waybill_writer IS NULL THEN
    IF (OLD.status = 3 OR OLD.status = 7 OR (OLD.status = 1 AND OLD.owner IS NULL AND OLD.queue = '')) THEN
      INSERT INTO count_change (kind, amount) VALUES (OLD.status, -1);
    END IF;
    IF OLD.lapse_count <> 0 OR OLD.unknown_count <> 0 THEN
      INSERT INTO count_change (kind, amount) VALUES (10, -OLD.lapse_count), (11, -OLD.unknown_count);
    END IF;
  END IF;
END;
