"""The database comes back as a copy that lacks what was committed last, as after a failover to a standby that lagged: what
is served on, what is lost, what is repeated, and what is refused (docs/guarantees.md)."""

import pytest

from harness.journal import Journal
from harness.load import Load
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

CONSUMED, DEAD = 3, 5
CLIENTS = 4
MAILS = 300
HANDLERS = 16


def more_answers(load, count=MAILS):
    before = len(load.answered)
    eventually(lambda: len(load.answered) >= before + count, 60, "mails are answered")


def exchange(server, load, *between):
    """Kills the server, does things while it is down, and starts it; how many were answered until then."""
    server.kill()
    for step in between:
        step()
    answered = len(load.answered)
    server.up()
    return answered


def test_a_copy_that_lacks_the_last_commits_is_served_on(serve_over, make_server):
    server = make_server()
    with serve_over(server.database, config={"worker.lease": "5s"}) as daemon:
        journal = Journal(daemon.journal)
        with Load(daemon.port, CLIENTS) as load:
            more_answers(load)
            happened_before = {}
            copied = exchange(server, load, lambda: server.copy_data("older"),
                              lambda: happened_before.update(journal.effects()))
            more_answers(load)
            lost = exchange(server, load, lambda: server.put_data("older"))
            more_answers(load)
            exchange(server, load)  # what was answered since is as durable as ever
            more_answers(load)
            load.end()
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 120, "nothing is left open", every_s=0.2)
        assert daemon.stop() == 0, "nobody had to restart it"
    rows = {one: (status, tries, counted, error) for one, status, tries, counted, error in server.database.rows(
        "SELECT msg_id, status, try_count, lapse_count + unknown_count, last_error FROM msg_log")}
    happened = journal.effects()
    gone = set(load.answered[copied:lost])
    # What was being committed when the server was killed is in the copy or not, and is answered later in any case.
    under_way = gone & {one for one, row in rows.items() if row[0] == CONSUMED}
    gone -= under_way
    kept = load.answered[:copied] + load.answered[lost:] + list(under_way)

    assert len(under_way) <= CLIENTS, "the copy holds no more than was under way when it was made"
    assert len(gone) >= MAILS - CLIENTS, "what the copy lacks is gone from the log"
    assert all(rows[one][0] == CONSUMED and happened[one] for one in kept), "everything else is delivered"
    parked = [row for row in rows.values() if row[0] == DEAD]
    assert all("row gone" in error for _, _, _, error in parked), "what the broker still had of them waits for a person"
    assert {status for status, _, _, _ in rows.values()} <= {CONSUMED, DEAD}
    assert all(tries == 0 for _, tries, _, _ in rows.values()), "no try was used up"

    repeated = {one for one in rows if happened[one] - 1 > rows[one][2]}
    open_in_copy = (set(load.answered[:copied]) | under_way) - set(happened_before)
    print(f"{len(gone)} gone, {len(parked)} parked; {len(open_in_copy)} were open in the copy, {len(repeated)} repeated; "
          f"{sum(row[2] for row in rows.values())} lapses")
    assert repeated <= open_in_copy, "only what had not happened in the copy may happen again uncounted"
    assert sum(happened[one] - 1 for one in rows if happened[one]) <= len(open_in_copy) + HANDLERS, "no mass repeat"


def test_a_copy_from_before_the_start_is_refused(serve_over, make_server):
    server = make_server()
    with serve_over(server.database) as daemon:
        daemon.client().accepted()
        assert daemon.stop() == 0
    server.kill()
    server.copy_data("older")
    server.up()
    with daemon:
        client = daemon.client()
        sent = [client.accepted() for _ in range(20)]
        eventually(lambda: client.open_count() == 0, 30, "all are delivered")
        server.kill()
        server.copy_data("newer")
        server.put_data("older")
        server.up()
        assert daemon.wait() != 0, "it does not go on"
    assert "is now an older copy" in daemon.stderr
    daemon.start()
    assert daemon.wait() != 0, "nor begin"
    assert "put the newer log back, or remove" in daemon.stderr
    server.kill()
    server.put_data("newer")
    server.up()
    with daemon:
        eventually(lambda: daemon.client().open_count() == 0, 30, "nothing is open")
        assert daemon.stop() == 0
    happened = Journal(daemon.journal).effects()
    assert all(happened[one] == 1 for one in sent), "nothing was sent again"
