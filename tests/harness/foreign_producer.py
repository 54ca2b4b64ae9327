"""Another program with rows of its own: run as a process, it inserts mails in transactions that it commits or rolls back.

    python3 -m harness.foreign_producer DATABASE COMMITTED_IDS_FILE COUNT SEED

The ids file is its word on what it committed; it is written after each commit.
"""

import json
import random
import sys

from harness.log_file import MAIL_ROUTE, foreign_connection, insert_four_columns


def insert_nine_columns(connection, message_id, body):
    connection.execute(
        "INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time,"
        " update_time) SELECT ?, ?, ?, ?, 0, 0, now, now, now"
        " FROM (SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS now)",
        (message_id, body, *MAIL_ROUTE))


def main(database, ids_file, count, seed):
    chance = random.Random(seed)
    body = json.dumps({"subject": "from elsewhere", "content": "x" * 50, "tos": ["a@example.org"]})
    done = 0
    with foreign_connection(database) as connection, open(ids_file, "w", encoding="utf-8") as ids:
        while done < count:
            batch = [f"foreign-{seed}-{done + number}" for number in range(min(chance.randint(1, 60), count - done))]
            done += len(batch)
            connection.execute("BEGIN IMMEDIATE")
            for message_id in batch:
                insert = insert_four_columns if chance.random() < 0.5 else insert_nine_columns
                insert(connection, message_id, body)
            if chance.random() < 0.3:
                connection.execute("ROLLBACK")
            else:
                connection.execute("COMMIT")
                print(*batch, sep="\n", file=ids, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
