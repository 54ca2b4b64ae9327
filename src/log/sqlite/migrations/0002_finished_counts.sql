-- Statistics that do not count history, and cheaper writes.

-- An IN list of three or more values is a table of its own to SQLite, built anew by every execution of a statement that
-- meets it. The CHECKs and the due index say the same in comparisons. Changing the text of a CHECK in place is what
-- sqlite.org/lang_altertable.html (section 7) offers for it: no row is touched.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql =
  replace(replace(replace(sql,
    'status IN (0, 1, 2, 3)', 'status <= 3'),
    'status NOT IN (0, 2, 4)', '(status <> 0 AND status <> 2 AND status <> 4)'),
    'status NOT IN (3, 5, 7)', '(status <> 3 AND status <> 5 AND status <> 7)')
WHERE type = 'table' AND name = 'msg_log';
PRAGMA writable_schema = RESET;

-- The open rows with a time, by route; open attempts have an index of their own. Final rows have no time, but for
-- consumed ones that another program inserted. The status is there for the statistics, which then need not read rows.
DROP INDEX msg_log_due;
CREATE INDEX msg_log_due ON msg_log (exchange, routing_key, next_try_time, status)
  WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3;

-- How many rows are finished: consumed, cancelled, or confirmed on an external route without an open attempt. Waybill's
-- own connection fires no triggers and adds up what its verbs change, once a commit; the triggers do it for all others.
CREATE TABLE finished_count (
  status  INTEGER NOT NULL PRIMARY KEY,
  rows    INTEGER NOT NULL,
  CONSTRAINT status_is_one_of_finished_rows CHECK (status = 1 OR status = 3 OR status = 7)
) STRICT;
INSERT INTO finished_count (status, rows) VALUES (1, 0), (3, 0), (7, 0);
UPDATE finished_count SET rows = counted.n
FROM (SELECT status, count(*) AS n FROM msg_log INDEXED BY msg_log_finished
      WHERE status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '') GROUP BY status) AS counted
WHERE counted.status = finished_count.status;

CREATE TRIGGER finished_row_inserted AFTER INSERT ON msg_log
  WHEN NEW.status IN (3, 7) OR (NEW.status = 1 AND NEW.owner IS NULL AND NEW.queue = '')
BEGIN
  UPDATE finished_count SET rows = rows + 1 WHERE status = NEW.status;
END;
CREATE TRIGGER finished_row_deleted AFTER DELETE ON msg_log
  WHEN OLD.status IN (3, 7) OR (OLD.status = 1 AND OLD.owner IS NULL AND OLD.queue = '')
BEGIN
  UPDATE finished_count SET rows = rows - 1 WHERE status = OLD.status;
END;
CREATE TRIGGER finished_row_entered AFTER UPDATE OF status, owner, queue ON msg_log
  WHEN NEW.status IN (3, 7) OR (NEW.status = 1 AND NEW.owner IS NULL AND NEW.queue = '')
BEGIN
  UPDATE finished_count SET rows = rows + 1 WHERE status = NEW.status;
END;
CREATE TRIGGER finished_row_left AFTER UPDATE OF status, owner, queue ON msg_log
  WHEN OLD.status IN (3, 7) OR (OLD.status = 1 AND OLD.owner IS NULL AND OLD.queue = '')
BEGIN
  UPDATE finished_count SET rows = rows - 1 WHERE status = OLD.status;
END;
