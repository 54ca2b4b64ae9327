"""Other programs insert, two relays and two workers carry, and everybody is killed at random: what was committed has
its effect, nothing else has, and repeats are explained message by message."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.journal import Journal
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

HERE = Path(__file__).resolve().parent
PRODUCERS = 2
ROLES = {"relay-1": "relay", "relay-2": "relay", "worker-1": "worker", "worker-2": "worker"}
LIFE_S = (0.2, 2.0)  # between two kills
KILLS_LEAST = 20
DELIVERED_S = 420


class Fleet:
    """Instances of one log, killed and started again."""

    def __init__(self, serve_over, database, chance):
        self._chance = chance
        self.daemons = [serve_over(database, name, config={"instance.roles": roles, "worker.crash_limit": 0})
                        for name, roles in ROLES.items()]
        self._journals = [Journal(daemon.journal) for daemon in self.daemons]
        self.kills = 0

    def start(self):
        for daemon in self.daemons:
            daemon.start()
        for daemon in self.daemons:
            daemon.wait_ready()

    def kill_one(self):
        daemon = self._chance.choice(self.daemons)
        assert daemon.process.poll() is None, f"it ended by itself: {daemon.stderr}"
        daemon.kill()
        daemon.start()
        self.kills += 1

    def effects(self):
        return sum((journal.effects() for journal in self._journals), Counter())

    def stop(self):
        for daemon in self.daemons:
            assert daemon.stop() == 0, daemon.stderr


def producers_of(database, count, seed, names, tmp_path):
    started = []
    for number in range(PRODUCERS):
        ids = tmp_path / f"committed-{number}"
        command = [sys.executable, "store_producer.py", database.KIND, database.name, str(ids),
                   str(count // PRODUCERS), str(seed + number), names["mail.exchange"], names["mail.routing_key"]]
        started.append((subprocess.Popen(command, cwd=HERE, env={**os.environ, "PYTHONPATH": str(HERE.parent)}), ids))
    return started


def storm(serve_over, database, names, tmp_path, count):
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    fleet = Fleet(serve_over, database, chance)
    fleet.start()
    producers = producers_of(database, count, seed, names, tmp_path)
    try:
        while any(process.poll() is None for process, _ in producers) or fleet.kills < KILLS_LEAST:
            time.sleep(chance.uniform(*LIFE_S))
            fleet.kill_one()
    finally:
        for process, _ in producers:
            process.kill()
    assert [process.wait() for process, _ in producers] == [0] * PRODUCERS
    committed = {one for _, ids in producers for one in ids.read_text(encoding="utf-8").split()}
    assert 0.5 * count < len(committed) < 0.9 * count
    for daemon in fleet.daemons:
        daemon.wait_ready()

    def consumed():
        return database.rows("SELECT count(*) FROM msg_log WHERE status = 3")[0][0] == len(committed)
    eventually(consumed, DELIVERED_S, "all that was committed is consumed", every_s=0.5)
    fleet.stop()
    happened = fleet.effects()
    assert set(happened) == committed
    counts = dict(database.rows("SELECT msg_id, lapse_count + unknown_count FROM msg_log"))
    assert set(counts) == committed
    broken = [(one, times, counts[one]) for one, times in happened.items() if times - 1 > counts[one]]
    assert not broken, f"repeated without being counted: {broken[:5]}"
    print(f"{len(committed)} committed, {fleet.kills} kills, {sum(counts.values())} lapses, "
          f"{sum(times - 1 for times in happened.values())} repeats")


def test_a_storm_of_inserts_and_kills_loses_nothing(serve_over, database, names, tmp_path):
    storm(serve_over, database, names, tmp_path, 100_000)
