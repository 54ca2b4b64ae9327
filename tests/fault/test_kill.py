"""kill -9, again and again, at every named point and at random: what was answered is delivered."""

import os
import random
import re
import signal
import time

from harness.journal import Journal, effects
from harness.load import MixedLoad
from harness.log_file import read_one
from harness.program import waybill
from harness.promise import check_promise
from harness.waiting import eventually

KILLS = 200
KILLS_EACH_POINT = 7
UNFINISHED_LEAST = 200   # answered and not delivered, at every kill
UNFINISHED_TO_GO = 800   # before handlers may run, so that enough is left when the kill comes
HANDLERS_MOST = 8
# Comes only with every so many pages written, and needs no handler: those stay held, or too few mails would be left.
SLOW_POINTS = {"during_checkpoint"}
# How often a life passes a point at least, where that is seldom: a start takes its backlog in a few batches.
HITS_MOST = {"after_take_commit": 1, "during_checkpoint": 2}
# These make the program misbehave; it lives on.
NOT_DEADLY = {"skip_publish", "ack_before_commit"}
# Only these may count as a lapse: of the others it is known that nothing happened.
BEGUN_ATTEMPTS = "SELECT count(*) FROM msg_log WHERE owner IS NOT NULL AND effect_begun"


def crash_points(directory):
    """As the program itself lists them."""
    told = waybill("serve", cwd=directory, WAYBILL_FAULT="no-such-point").stderr
    names = re.search(r"known: ([a-z_, ]+)", told).group(1).split(", ")
    return [name for name in names if name not in NOT_DEADLY]


def schedule_of(points, chance):
    """Which point each life dies at; None: at a random moment."""
    schedule = [point for point in points for _ in range(KILLS_EACH_POINT)]
    assert len(schedule) <= KILLS
    schedule += [None] * (KILLS - len(schedule))
    chance.shuffle(schedule)
    schedule.insert(0, schedule.pop(schedule.index(None)))  # so that the others begin with a backlog
    return schedule


class Kills:
    """The lives of one daemon and what they left behind."""

    def __init__(self, daemon, gate, chance):
        self.daemon = daemon
        self.gate = gate
        self.chance = chance
        self.answered = []
        self.begun_at_kills = 0
        self._journal = Journal(daemon.journal)

    def unfinished(self, load):
        return len(self.answered) + len(load.answered) - len(self._journal.effects())

    def live(self, point):
        """One life, from its start to its kill."""
        daemon = self.daemon
        self.gate.touch()
        daemon.environment = {"WAYBILL_FAULT_GATE": str(self.gate)}
        if point:
            hit = self.chance.randint(1, HITS_MOST.get(point, 20))
            daemon.environment["WAYBILL_FAULT"] = f"{point}:{hit}"
        daemon.start()
        self._wait_until_it_listens()
        with MixedLoad(daemon.port if daemon.process.poll() is None else 1) as load:
            self._build_up(load, point)
            if point not in SLOW_POINTS:
                self.gate.unlink()
            if point:
                eventually(lambda: daemon.process.poll() is not None, 60, f"it dies at {point}")
            else:
                time.sleep(self.chance.uniform(0, 0.15))
                daemon.kill()
            load.end()
            self._check_death(point, load)
            self.answered += load.answered

    def _wait_until_it_listens(self):
        def listens():
            return self.daemon.process.poll() is not None or self.daemon.listens()
        eventually(listens, 20, "it listens or has died already")

    def _build_up(self, load, point):
        def enough():
            return self.daemon.process.poll() is not None or self.unfinished(load) >= UNFINISHED_TO_GO
        eventually(enough, 30, f"enough is answered and unfinished ({point})")

    def _check_death(self, point, load):
        daemon = self.daemon
        assert daemon.process.returncode == -signal.SIGKILL, daemon.stderr
        if point:
            assert f"fault point {point} reached\n" in daemon.stderr
        assert not [answer for answer in load.refused if answer[0] != 503], load.refused[:3]
        unfinished = self.unfinished(load)
        assert unfinished >= UNFINISHED_LEAST, f"only {unfinished} unfinished at {point}"
        begun = read_one(daemon.database, BEGUN_ATTEMPTS)
        assert begun <= HANDLERS_MOST
        self.begun_at_kills += begun


def test_two_hundred_kills_lose_nothing(make_daemon, tmp_path):
    """Under mails and arrays of messages at once."""
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    daemon = make_daemon(config={"worker.crash_limit": 0, "worker.max_concurrency": HANDLERS_MOST})
    kills = Kills(daemon, tmp_path / "gate", chance)
    for point in schedule_of(crash_points(tmp_path), chance):
        kills.live(point)

    daemon.environment = {}
    with daemon:
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 300, "nothing is left open", every_s=0.2)
        states = client.stats()["states"]
        assert states["consumed"] == sum(states.values())
        assert daemon.stop() == 0
    check_promise(daemon, kills.answered)
    lapses = read_one(daemon.database, "SELECT sum(lapse_count) FROM msg_log")
    print(f"{len(kills.answered)} answered, {lapses} lapses, {kills.begun_at_kills} effects begun at {KILLS} kills")
    assert lapses <= kills.begun_at_kills


def test_every_crash_point_alone_loses_nothing(make_daemon, tmp_path):
    """The same by the book: one mail, one kill at the first hit of each point of its life, one restart."""
    for point in crash_points(tmp_path):
        if point in ("during_checkpoint", "after_take_commit"):
            continue  # one mail that goes well meets neither
        daemon = make_daemon(point, environment={"WAYBILL_FAULT": point})
        daemon.start()
        daemon.wait_ready()
        answered = []
        try:
            answered.append(daemon.client().accepted())
        except OSError:
            pass  # it died before it could answer
        assert daemon.wait() == -signal.SIGKILL
        assert f"fault point {point} reached\n" in daemon.stderr
        daemon.environment = {}
        with daemon:
            client = daemon.client()
            eventually(lambda: client.open_count() == 0, 10, f"delivered after {point}")
            assert client.stats()["lapse_count"] <= 1
            assert daemon.stop() == 0
        check_promise(daemon, answered)


def test_the_commit_of_a_finish_comes_before_the_ack(make_daemon):
    daemon = make_daemon(environment={"WAYBILL_FAULT": "before_ack"})
    daemon.start()
    daemon.wait_ready()
    message_id = daemon.client().accepted()
    assert daemon.wait() == -signal.SIGKILL
    assert read_one(daemon.database, f"SELECT status FROM msg_log WHERE msg_id = '{message_id}'") == 3
    daemon.environment = {"WAYBILL_FAULT": "before_finish_commit"}
    daemon.start()
    daemon.wait_ready()
    message_id = daemon.client().accepted()
    assert daemon.wait() == -signal.SIGKILL
    assert read_one(daemon.database, f"SELECT status FROM msg_log WHERE msg_id = '{message_id}'") != 3
    assert effects(daemon.journal)[message_id] == 1


def test_the_fifth_lapse_ends_dead_and_a_retry_delivers(make_daemon, command):
    daemon = make_daemon(environment={"WAYBILL_FAULT": "during_effect"})
    daemon.start()
    daemon.wait_ready()
    message_id = daemon.client().accepted()
    assert daemon.wait() == -signal.SIGKILL
    for _ in range(4):
        daemon.start()
        assert daemon.wait() == -signal.SIGKILL
    with daemon:  # still armed: nothing is attempted any more
        client = daemon.client()
        dead = eventually(lambda: (m := client.message(message_id))["status"]["code"] == 5 and m, 10, "dead")
        assert (dead["lapse_count"], dead["attempt"], dead["try_count"]) == (5, 5, 0)
        assert "never finished" in dead["last_error"]
        assert daemon.stop() == 0
    daemon.environment = {}
    with daemon:
        client = daemon.client()
        assert client.status(message_id) == 5
        assert command(daemon, "retry", message_id).returncode == 0
        eventually(lambda: client.status(message_id) == 3, 5, "the retry delivers")
        assert client.message(message_id)["lapse_count"] == 5, "the evidence is never lowered"
        assert daemon.stop() == 0
    check_promise(daemon, [message_id])
