-- Large bodies stand apart from their rows. An update writes a row anew with all that is in it, and a message has four
-- of them on its way. `msg` is empty and `body` null in such a row.
CREATE TABLE msg_body (
  msg_id   TEXT NOT NULL PRIMARY KEY,
  content  ANY  NOT NULL,
  CONSTRAINT content_is_text_or_bytes CHECK (typeof(content) = 'text' OR typeof(content) = 'blob')
) STRICT;

-- Waybill's own connection fires no triggers and removes them itself.
CREATE TRIGGER body_deleted AFTER DELETE ON msg_log
BEGIN
  DELETE FROM msg_body WHERE msg_id = OLD.msg_id;
END;

-- The nine classic columns, with the whole text, for programs that read.
CREATE VIEW msg_log_whole AS
SELECT m.msg_id,
       CASE WHEN m.msg = '' AND m.body IS NULL
            THEN ifnull((SELECT b.content FROM msg_body b WHERE b.msg_id = m.msg_id AND typeof(b.content) = 'text'), '')
            ELSE m.msg END AS msg,
       m.exchange, m.routing_key, m.status, m.try_count, m.next_try_time, m.create_time, m.update_time
FROM msg_log m;
