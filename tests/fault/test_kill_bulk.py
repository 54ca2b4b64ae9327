"""kill -9 in the middle of a batch of a thousand, with a key: the repeat completes it exactly."""

import itertools
import json
import os
import random
import signal
import threading
import time

import requests

from harness.client import SAMPLE, mail_message
from harness.log_file import read_one
from harness.promise import check_promise
from harness.waiting import eventually

BATCH = 1000
# Where each round is killed; None: at a random moment of the request.
POINTS = ("before_append_commit", "after_append_commit", None, "before_publish", "after_publish", None, "before_mark",
          "before_finish_commit", None)
ROUNDS = 2 * len(POINTS)


def batch_of(number):
    return [mail_message(body={**SAMPLE, "subject": f"round {number}, mail {one}"}) for one in range(BATCH)]


def post(daemon, messages, key=None):
    """The response; none if the daemon died first."""
    try:
        response = daemon.client().post_messages(messages, key=key, lines=True)
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return None
    assert response.status_code in (200, 503), response.text
    return response


def post_until_it_dies(daemon, number, point):
    """The batch, and between its repeats single messages, so that every point is met again."""
    extra = itertools.count()

    def died():
        if daemon.process.poll() is None:
            post(daemon, batch_of(number), key=f"round-{number}")
            post(daemon, [mail_message(id=f"extra-{number}-{next(extra)}")])
        return daemon.process.poll() is not None
    eventually(died, 60, f"it dies at {point}")


def post_and_kill(daemon, number, after_s):
    """The batch, and a kill on its way."""
    posting = threading.Thread(target=post, args=(daemon, batch_of(number), f"round-{number}"))
    posting.start()
    time.sleep(after_s)
    daemon.kill()
    posting.join()


def complete(daemon, number):
    """Repeats the batch until it is answered; the ids of all its messages."""
    response = eventually(lambda: (r := post(daemon, batch_of(number), key=f"round-{number}")) is not None and
                          r.status_code == 200 and r, 20, "the repeat is answered")
    answers = [json.loads(line) for line in response.text.splitlines()]
    assert len(answers) == BATCH and all("id" in answer for answer in answers), answers[:3]
    return [answer["id"] for answer in answers]


def test_a_batch_that_was_cut_off_is_completed_by_its_repeat(make_daemon):
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    daemon = make_daemon(config={"worker.crash_limit": 0})
    ids = {}
    for number in range(ROUNDS):
        point = POINTS[number % len(POINTS)]
        daemon.environment = {"WAYBILL_FAULT": f"{point}:{chance.randint(1, 3)}"} if point else {}
        daemon.start()
        eventually(lambda: daemon.process.poll() is not None or daemon.listens(), 20, "it listens")
        if point:
            post_until_it_dies(daemon, number, point)
        else:
            post_and_kill(daemon, number, chance.uniform(0, 0.15))
        assert daemon.process.returncode == -signal.SIGKILL
        daemon.environment = {}
        with daemon:
            ids[number] = complete(daemon, number)
            daemon.kill()
    with daemon:
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 120, "nothing is left open", every_s=0.2)
        assert complete(daemon, 0) == ids[0]
        assert daemon.stop() == 0
    batches = read_one(daemon.database, "SELECT count(*) FROM msg_log WHERE msg_id NOT LIKE 'extra-%'")
    assert batches == ROUNDS * BATCH, "no message twice, none missing"
    answered = [one for batch in ids.values() for one in batch]
    assert len(set(answered)) == ROUNDS * BATCH
    check_promise(daemon, answered)
