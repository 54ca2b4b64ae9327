-- The message log. Times are milliseconds since 1970-01-01 UTC. Columns added to the nine classic ones have defaults,
-- so that another program may insert (msg_id, msg, exchange, routing_key), or all nine, in its own transaction. Such a
-- *foreign* row is known by publish_count 0 and a null queue. Small columns come first: reading them never walks the
-- overflow pages of a large body.
CREATE TABLE msg_log (
  msg_id          TEXT    NOT NULL PRIMARY KEY,
  exchange        TEXT    NOT NULL DEFAULT '',
  routing_key     TEXT    NOT NULL DEFAULT '',
  status          INTEGER NOT NULL DEFAULT 0,
  try_count       INTEGER NOT NULL DEFAULT 0,
  next_try_time   INTEGER          DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
  create_time     INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),
  update_time     INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)),

  queue           TEXT,                          -- null: undecided; '': external
  owner           TEXT,                          -- holder of the open attempt: instance#boot
  attempt         INTEGER NOT NULL DEFAULT 0,    -- number of the last attempt started
  replay_attempt  INTEGER NOT NULL DEFAULT 0,    -- its value at the last replay
  claim_token     INTEGER,                       -- of the last attempt; null once it lapsed
  outcome         INTEGER,                       -- what ended it: 0 done, 1 retry, 2 fail, 3 unknown; else null
  append_token    INTEGER,                       -- of the request that inserted the row
  effect_begun    INTEGER NOT NULL DEFAULT 0,
  lapse_count     INTEGER NOT NULL DEFAULT 0,    -- never lowered
  unknown_count   INTEGER NOT NULL DEFAULT 0,    -- never lowered
  crash_count     INTEGER NOT NULL DEFAULT 0,    -- lapses since the last replay
  again_count     INTEGER NOT NULL DEFAULT 0,    -- replays with --again
  late_done       INTEGER NOT NULL DEFAULT 0,    -- dead or cancelled, but its effect is known to have happened
  publish_count   INTEGER NOT NULL DEFAULT 0,
  publish_boot    INTEGER,
  not_before      INTEGER,
  publish_time    INTEGER,
  confirm_time    INTEGER,
  claim_time      INTEGER,
  consume_time    INTEGER,
  digest          BLOB,
  content_type    TEXT    NOT NULL DEFAULT '',
  retry_policy    TEXT,                          -- null: the configured one
  headers         TEXT,                          -- JSON, [["name","value"],...]
  last_error      TEXT    NOT NULL DEFAULT '',
  result          TEXT    NOT NULL DEFAULT '',
  msg             TEXT    NOT NULL DEFAULT '',
  body            BLOB,                          -- instead of msg, if the body is not text

  CONSTRAINT msg_id_has_1_to_155_characters_in_at_most_255_bytes
    CHECK (length(msg_id) BETWEEN 1 AND 155 AND length(CAST(msg_id AS BLOB)) <= 255),
  CONSTRAINT status_is_0_to_7 CHECK (status BETWEEN 0 AND 7),
  CONSTRAINT counts_are_not_negative
    CHECK (try_count >= 0 AND lapse_count >= 0 AND unknown_count >= 0 AND crash_count >= 0 AND again_count >= 0
           AND publish_count >= 0),
  CONSTRAINT attempt_is_not_below_replay_attempt CHECK (attempt >= replay_attempt AND replay_attempt >= 0),
  CONSTRAINT effect_begun_and_late_done_are_0_or_1 CHECK (effect_begun IN (0, 1) AND late_done IN (0, 1)),
  CONSTRAINT outcome_is_0_to_3 CHECK (outcome IS NULL OR outcome BETWEEN 0 AND 3),
  CONSTRAINT digest_is_32_bytes CHECK (digest IS NULL OR length(digest) = 32),
  CONSTRAINT body_is_text_or_binary CHECK (body IS NULL OR msg = ''),

  CONSTRAINT foreign_row_is_sending_sent_send_failed_or_consumed
    CHECK (publish_count > 0 OR queue IS NOT NULL OR status IN (0, 1, 2, 3)),
  CONSTRAINT open_foreign_row_has_next_try_time
    CHECK (publish_count > 0 OR queue IS NOT NULL OR status = 3 OR next_try_time IS NOT NULL),
  CONSTRAINT row_to_publish_has_next_try_time CHECK (status NOT IN (0, 2, 4) OR next_try_time IS NOT NULL),
  CONSTRAINT final_row_has_no_next_try_time
    CHECK (status NOT IN (3, 5, 7) OR next_try_time IS NULL OR (publish_count = 0 AND queue IS NULL)),
  CONSTRAINT final_row_has_no_owner CHECK (status NOT IN (3, 5, 7) OR owner IS NULL),
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
) STRICT;

-- Exactly the open rows with a time, by route: a take goes round the routes by seeking from one to the next.
CREATE INDEX msg_log_due ON msg_log (exchange, routing_key, next_try_time)
  WHERE status IN (0, 1, 2, 4, 6) AND next_try_time IS NOT NULL;
-- What waits in a broker's queue and may be found lost.
CREATE INDEX msg_log_waiting ON msg_log (queue, confirm_time) WHERE status = 1 AND owner IS NULL AND queue <> '';
-- Open attempts by the end of their lease.
CREATE INDEX msg_log_open_attempt ON msg_log (next_try_time, owner) WHERE owner IS NOT NULL;
-- Rows for a person.
CREATE INDEX msg_log_attention ON msg_log (status) WHERE status IN (5, 6);
-- What prune may remove; the last two columns let it be counted without reading the rows.
CREATE INDEX msg_log_finished ON msg_log (update_time, status, owner, queue)
  WHERE status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '');
-- The evidence for the promise, for the statistics.
CREATE INDEX msg_log_counted ON msg_log (lapse_count, unknown_count) WHERE lapse_count > 0 OR unknown_count > 0;

CREATE TABLE msg_event (
  msg_id   TEXT    NOT NULL,
  number   INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  kind     TEXT    NOT NULL,
  attempt  INTEGER NOT NULL,
  count    INTEGER NOT NULL DEFAULT 1,
  detail   TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (msg_id, number),
  CONSTRAINT count_is_positive CHECK (count > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_key (
  endpoint     TEXT    NOT NULL,
  key          TEXT    NOT NULL,
  request      BLOB    NOT NULL,
  msg_id       TEXT    NOT NULL,
  create_time  INTEGER NOT NULL,
  row_gone     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (endpoint, key),
  CONSTRAINT request_is_32_bytes CHECK (length(request) = 32)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_key_of_row ON idempotency_key (msg_id);
CREATE INDEX idempotency_key_orphaned ON idempotency_key (create_time) WHERE row_gone = 1;

CREATE TABLE node_lease (
  node_id  INTEGER NOT NULL PRIMARY KEY,
  owner    TEXT    NOT NULL UNIQUE,
  until    INTEGER NOT NULL,
  CONSTRAINT node_id_is_0_to_1023 CHECK (node_id BETWEEN 0 AND 1023)
) STRICT;

CREATE TABLE queue_fact (
  queue           TEXT    NOT NULL,
  owner           TEXT    NOT NULL,
  at              INTEGER NOT NULL,
  oldest_in_hand  INTEGER,
  newest_out      INTEGER,
  idle_since      INTEGER,
  PRIMARY KEY (queue, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_identity (
  only_row     INTEGER NOT NULL PRIMARY KEY,
  identity     TEXT    NOT NULL,
  boot_number  INTEGER NOT NULL,
  create_time  INTEGER NOT NULL,
  CONSTRAINT log_has_one_identity CHECK (only_row = 1)
) STRICT;
