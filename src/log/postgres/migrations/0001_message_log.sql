-- The message log. Times are in UTC, without a zone, to the millisecond. Columns added to the nine classic ones have
-- defaults, so that any program may insert (msg_id, msg, exchange, routing_key), or all nine, in its own transaction.
-- Such a *foreign* row is known by publish_count 0 and a null queue. Names are compared bytewise.
CREATE TABLE msg_log (
  msg_id          text COLLATE "C" NOT NULL PRIMARY KEY,
  exchange        text COLLATE "C" NOT NULL DEFAULT '',
  routing_key     text COLLATE "C" NOT NULL DEFAULT '',
  status          smallint     NOT NULL DEFAULT 0,
  try_count       integer      NOT NULL DEFAULT 0,
  next_try_time   timestamp(3)          DEFAULT (now() AT TIME ZONE 'utc'),
  create_time     timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
  update_time     timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),

  arrival         bigint       NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 1),
  queue           text COLLATE "C",                   -- null: undecided; '': external
  owner           text COLLATE "C",                   -- holder of the open attempt: instance#boot
  attempt         integer      NOT NULL DEFAULT 0,    -- number of the last attempt started
  replay_attempt  integer      NOT NULL DEFAULT 0,    -- its value at the last replay
  claim_token     bigint,                             -- of the last attempt; null once it lapsed
  outcome         smallint,                           -- what ended it: 0 done, 1 retry, 2 fail, 3 unknown; else null
  append_token    bigint,                             -- of the request that inserted the row
  effect_begun    boolean      NOT NULL DEFAULT false,
  lapse_count     integer      NOT NULL DEFAULT 0,    -- never lowered
  unknown_count   integer      NOT NULL DEFAULT 0,    -- never lowered
  crash_count     integer      NOT NULL DEFAULT 0,    -- lapses since the last replay
  again_count     integer      NOT NULL DEFAULT 0,    -- replays with --again
  late_done       boolean      NOT NULL DEFAULT false,  -- dead or cancelled, but its effect is known to have happened
  publish_count   bigint       NOT NULL DEFAULT 0,
  publish_boot    bigint,
  not_before      timestamp(3),
  publish_time    timestamp(3),
  confirm_time    timestamp(3),
  claim_time      timestamp(3),
  consume_time    timestamp(3),
  digest          bytea,
  content_type    text         NOT NULL DEFAULT '',
  retry_policy    text,                               -- null: the configured one
  headers         text,                               -- JSON, [["name","value"],...]
  last_error      text         NOT NULL DEFAULT '',
  result          text         NOT NULL DEFAULT '',
  msg             text         NOT NULL DEFAULT '',
  body            bytea,                              -- instead of msg, if the body is not text

  CONSTRAINT msg_id_has_1_to_155_characters_in_at_most_255_bytes
    CHECK (char_length(msg_id) BETWEEN 1 AND 155 AND octet_length(msg_id) <= 255),
  CONSTRAINT status_is_0_to_7 CHECK (status BETWEEN 0 AND 7),
  CONSTRAINT counts_are_not_negative
    CHECK (try_count >= 0 AND lapse_count >= 0 AND unknown_count >= 0 AND crash_count >= 0 AND again_count >= 0
           AND publish_count >= 0),
  CONSTRAINT attempt_is_not_below_replay_attempt CHECK (attempt >= replay_attempt AND replay_attempt >= 0),
  CONSTRAINT outcome_is_0_to_3 CHECK (outcome BETWEEN 0 AND 3),
  CONSTRAINT digest_is_32_bytes CHECK (octet_length(digest) = 32),
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
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.1);

-- The order of arrival, in which rows are listed.
CREATE UNIQUE INDEX msg_log_arrival ON msg_log (arrival);
-- The open rows with a time, by route: a take goes round the routes by seeking from one to the next. Open attempts have
-- an index of their own. Final rows have no time, but for consumed ones that another program inserted.
CREATE INDEX msg_log_due ON msg_log (exchange, routing_key, next_try_time, status, arrival)
  WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3;
-- What waits in a broker's queue and may be found lost. The arrival is there for the statistics, which then need not read
-- rows.
CREATE INDEX msg_log_waiting ON msg_log (queue, confirm_time, arrival) WHERE status = 1 AND owner IS NULL AND queue <> '';
-- Open attempts by the end of their lease.
CREATE INDEX msg_log_open_attempt ON msg_log (next_try_time) WHERE owner IS NOT NULL;
-- Rows for a person.
CREATE INDEX msg_log_attention ON msg_log (status, arrival) WHERE status = 5 OR status = 6;
-- What prune may remove.
CREATE INDEX msg_log_finished ON msg_log (update_time)
  WHERE status = 3 OR status = 7 OR (status = 1 AND owner IS NULL AND queue = '');
-- The evidence for the promise, for the statistics.
CREATE INDEX msg_log_counted ON msg_log (lapse_count, unknown_count) WHERE lapse_count > 0 OR unknown_count > 0;

CREATE TABLE msg_event (
  msg_id   text COLLATE "C" NOT NULL,
  number   bigint       NOT NULL,
  at       timestamp(3) NOT NULL,
  kind     text         NOT NULL,
  attempt  integer      NOT NULL,
  count    integer      NOT NULL DEFAULT 1,
  detail   text         NOT NULL DEFAULT '',
  PRIMARY KEY (msg_id, number),
  CONSTRAINT count_is_positive CHECK (count > 0)
);

-- What became of a row that was pruned while its key is kept: the key goes on answering for it.
CREATE TABLE idempotency_key (
  endpoint     text COLLATE "C" NOT NULL,
  key          text COLLATE "C" NOT NULL,
  request      bytea        NOT NULL,
  msg_id       text COLLATE "C" NOT NULL,
  create_time  timestamp(3) NOT NULL,
  row_gone     boolean      NOT NULL DEFAULT false,
  row_status   smallint     NOT NULL DEFAULT 3,
  PRIMARY KEY (endpoint, key),
  CONSTRAINT request_is_32_bytes CHECK (octet_length(request) = 32),
  CONSTRAINT row_status_is_one_of_pruned_rows CHECK (row_status = 1 OR row_status = 3 OR row_status = 7)
);
CREATE INDEX idempotency_key_of_row ON idempotency_key (msg_id);
CREATE INDEX idempotency_key_orphaned ON idempotency_key (create_time) WHERE row_gone;

CREATE TABLE node_lease (
  node_id  integer      NOT NULL PRIMARY KEY,
  owner    text COLLATE "C" NOT NULL UNIQUE,
  until    timestamp(3) NOT NULL,
  CONSTRAINT node_id_is_0_to_1023 CHECK (node_id BETWEEN 0 AND 1023)
);

CREATE TABLE queue_fact (
  queue           text COLLATE "C" NOT NULL,
  owner           text COLLATE "C" NOT NULL,
  at              timestamp(3) NOT NULL,
  oldest_in_hand  timestamp(3),
  newest_out      timestamp(3),
  idle_since      timestamp(3),
  PRIMARY KEY (queue, owner)
);

-- Who serves this log under which name. The session lock of its holder decides; the row tells who that is.
CREATE TABLE instance (
  name         text COLLATE "C" NOT NULL PRIMARY KEY,
  owner        text COLLATE "C" NOT NULL,
  host         text         NOT NULL,
  process      integer      NOT NULL,
  started      timestamp(3) NOT NULL,
  alive_until  timestamp(3) NOT NULL,
  stopped      boolean      NOT NULL DEFAULT false    -- it ended in order
);

CREATE TABLE log_identity (
  only_row     integer      NOT NULL PRIMARY KEY,
  identity     text         NOT NULL,
  boot_number  bigint       NOT NULL,
  create_time  timestamp(3) NOT NULL,
  CONSTRAINT log_has_one_identity CHECK (only_row = 1)
);

-- How many rows are finished: consumed, cancelled, or confirmed on an external route without an open attempt. Each
-- process of Waybill adds up what its verbs change, once a commit, in a part of its own, so that none waits for another;
-- what other programs change is added line by line, and folded into a part by and by.
CREATE TABLE finished_count (
  part    integer  NOT NULL,
  status  smallint NOT NULL,
  rows    bigint   NOT NULL,
  PRIMARY KEY (part, status),
  CONSTRAINT status_is_one_of_finished_rows CHECK (status = 1 OR status = 3 OR status = 7)
) WITH (fillfactor = 10);
CREATE TABLE finished_change (
  status  smallint NOT NULL,
  rows    integer  NOT NULL
);

-- By its owner's rights, so that whoever may insert messages needs no other right.
CREATE FUNCTION waybill_count_finished() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND (OLD.status = 3 OR OLD.status = 7
                            OR (OLD.status = 1 AND OLD.owner IS NULL AND OLD.queue = '')) THEN
    INSERT INTO finished_change (status, rows) VALUES (OLD.status, -1);
  END IF;
  IF TG_OP <> 'DELETE' AND (NEW.status = 3 OR NEW.status = 7
                            OR (NEW.status = 1 AND NEW.owner IS NULL AND NEW.queue = '')) THEN
    INSERT INTO finished_change (status, rows) VALUES (NEW.status, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER finished_row_inserted AFTER INSERT ON msg_log FOR EACH ROW
  WHEN (NEW.status <> 0 AND current_setting('waybill.writer', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION waybill_count_finished();
CREATE TRIGGER finished_row_changed AFTER UPDATE OR DELETE ON msg_log FOR EACH ROW
  WHEN (current_setting('waybill.writer', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION waybill_count_finished();
