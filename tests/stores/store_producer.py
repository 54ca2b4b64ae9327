"""Another program with rows of its own, over a driver that nobody here wrote: run as a process, it inserts mails in
transactions that it commits or rolls back.

    python3 store_producer.py KIND NAME COMMITTED_IDS_FILE COUNT SEED EXCHANGE ROUTING_KEY

KIND and NAME are those of a database (harness/shared_stores.py). The ids file is its word on what it committed; it is written after each
commit. Three of ten transactions are rolled back; some stay open for five seconds while others come and go, so that
rows become visible in another order than they were inserted in.
"""

import json
import random
import sys
import time

from harness.shared_stores import DATABASES

OPEN_S = 5
LONG_ONES = 4      # transactions that are open for long, at most, at a time
ROLLED_BACK = 0.3


class Producer:
    def __init__(self, database, ids, chance, route):
        self._database = database
        self._ids = ids
        self._chance = chance
        self._route = route
        self._body = json.dumps({"subject": "from elsewhere", "content": "x" * 50, "tos": ["a@example.org"]})
        self._short = database.connect()
        self._long = []  # (when it ends, its connection, its ids)

    def insert(self, batch):
        """One transaction."""
        self.end_long_ones(time.monotonic())
        if self._chance.random() < 0.1 and len(self._long) < LONG_ONES:
            connection = self._database.connect()
            self._write(connection, batch)
            self._long.append((time.monotonic() + OPEN_S, connection, batch))
        else:
            self._write(self._short, batch)
            self._end(self._short, batch)

    def end_long_ones(self, now):
        for entry in [entry for entry in self._long if entry[0] <= now]:
            self._long.remove(entry)
            self._end(entry[1], entry[2])
            entry[1].close()

    def wait_for_long_ones(self):
        while self._long:
            time.sleep(max(0, min(entry[0] for entry in self._long) - time.monotonic()))
            self.end_long_ones(time.monotonic())

    def _write(self, connection, batch):
        now = self._database.NOW
        rows = ",".join(["(%s, %s, %s, %s)"] * len(batch))
        columns = "msg_id, msg, exchange, routing_key"
        if self._chance.random() < 0.5:  # all nine classic columns
            rows = ",".join([f"(%s, %s, %s, %s, 0, 0, {now}, {now}, {now})"] * len(batch))
            columns += ", status, try_count, next_try_time, create_time, update_time"
        values = [value for one in batch for value in (one, self._body, *self._route)]
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO msg_log ({columns}) VALUES {rows}", values)

    def _end(self, connection, batch):
        if self._chance.random() < ROLLED_BACK:
            connection.rollback()
            return
        connection.commit()
        print(*batch, sep="\n", file=self._ids, flush=True)


def main(kind, name, ids_file, count, seed, *route):
    chance = random.Random(seed)
    with open(ids_file, "w", encoding="utf-8") as ids:
        producer = Producer(DATABASES[kind](name), ids, chance, route)
        numbers = list(range(count))
        while numbers:
            batch = numbers[:chance.randint(1, 120)]
            del numbers[:len(batch)]
            producer.insert([f"storm-{seed}-{number}" for number in batch])
        producer.wait_for_long_ones()


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), *sys.argv[6:])
