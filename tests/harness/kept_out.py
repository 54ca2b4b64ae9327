"""What others notice while some requests meet a lock that another program's transaction holds: nothing."""

import threading
import time

from harness.client import Client, mail_message
from harness.waiting import eventually

CONSUMED = 3
PATIENT = {"http.answer_deadline": "30s"}  # of a daemon that is asked for what waits for a lock
# A lock that is met costs its neighbours a fraction of a second; one that is waited for costs seconds, in every round. A
# busy machine costs as much, but not in each of them.
ROUNDS, ROUND_S = 3, 2.5
LONGEST_S = 1


def message_of(names, one):
    return mail_message(id=one, exchange=names["mail.exchange"], routing_key=names["mail.routing_key"])


class Requests:
    """Posts these messages, all at once, and keeps what was answered."""

    def __init__(self, daemon, messages):
        self.answers = {}
        self._threads = [threading.Thread(target=self._post, args=(daemon.url, one)) for one in messages]
        for thread in self._threads:
            thread.start()

    def _post(self, url, message):
        self.answers[message["id"]] = Client(url, deadline_s=60).post("/v1/messages", json=message)

    def end(self):
        for thread in self._threads:
            thread.join()
        return [answer.status_code for answer in self.answers.values()]


def accept_for(client, seconds):
    """Accepts mails one after the other; their ids, and the longest that one of them took."""
    ids, longest, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        ids.append(client.accepted())
        longest = max(longest, time.monotonic() - began)
    return ids, longest


def check_others(daemon, messages_of_round):
    """In each round these messages are posted; others are accepted and consumed beside them. Returns the requests."""
    client, rounds, longest = daemon.client(), [], []
    for number in range(ROUNDS):
        messages = messages_of_round(number)
        before = kept_out(client)
        rounds.append(Requests(daemon, messages))
        ids, took = accept_for(client, ROUND_S)
        longest.append(took)
        assert kept_out(client) >= before + len(messages), "the lock was met"
        eventually(lambda ids=ids: all(client.status(one) == CONSUMED for one in ids[-20:]), 10, "others are consumed")
    print(f"the longest of each round: {longest}")
    assert min(longest) < LONGEST_S
    return rounds


def kept_out(client):
    return next(float(line.split()[1]) for line in client.get("/metrics").text.splitlines()
                if line.startswith("waybill_kept_out_total "))
