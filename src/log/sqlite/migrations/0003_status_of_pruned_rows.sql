-- What became of a row that was pruned while its key is kept: the key goes on answering for it. Of rows that were pruned
-- before this migration nobody knows better than `consumed`, as it was answered then.
ALTER TABLE idempotency_key ADD COLUMN row_status INTEGER NOT NULL DEFAULT 3
  CONSTRAINT row_status_is_one_of_pruned_rows CHECK (row_status = 1 OR row_status = 3 OR row_status = 7);
