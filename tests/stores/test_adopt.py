"""`waybill migrate adopt`: a classic table becomes the log, with its rows."""

import pytest

from harness.classic_table import CONSUMED, SEND_FAILED, SENDING, SENT, UNKNOWN, adopt, ago, has_table, statuses
from harness.journal import effects
from harness.program import waybill
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

DONE, FAILED, USAGE, _, _, FORBIDDEN = range(6)
ALL = [("open", SENDING, ago(hours=1)), ("sent-lately", SENT, ago(hours=1)), ("sent-long-ago", SENT, ago(days=3)),
       ("failed", SEND_FAILED, ago(days=9)), ("consumed", CONSUMED, ago(days=2)), ("Grüße", CONSUMED, ago(hours=2))]
ADOPTED = {"open": UNKNOWN, "sent-lately": UNKNOWN, "sent-long-ago": CONSUMED, "failed": UNKNOWN,
           "consumed": CONSUMED, "Grüße": CONSUMED}


@pytest.mark.parametrize("form", ["plain", "odd"])
def test_each_status_becomes_what_it_means(classic, tmp_path, form):
    database = classic(ALL, form)
    done = adopt(database, tmp_path, "--sent-is-done", "2d", "--yes")
    assert done.returncode == DONE, done.stderr
    assert "adopted 6 messages: 3 consumed, 3 on hold" in done.stdout
    assert statuses(database) == ADOPTED
    rows = {row[0]: row[1:] for row in database.rows(
        "SELECT msg_id, exchange, routing_key, msg, try_count, next_try_time, owner, update_time, consume_time, "
        "last_error FROM msg_log")}
    assert rows["open"][:6] == ("ex", "key", rows["open"][2], 2, None, None) and '"from before"' in rows["open"][2]
    assert rows["open"][8] == "adopted from a classic table, where it was sending (0)"
    # Consumed ones keep their time; from now on are kept those that became something else.
    assert rows["consumed"][6] == rows["consumed"][7] == ALL[4][2]
    assert rows["sent-long-ago"][7] == ALL[2][2] and rows["sent-long-ago"][6] > ago(minutes=5)
    events = dict(database.rows("SELECT msg_id, detail FROM msg_event"))
    assert set(events) == {"open", "sent-lately", "sent-long-ago", "failed"}
    assert "where it was send_failed (2)" in events["failed"] and "sent (1)" in events["sent-long-ago"]
    assert not has_table(database, "msg_log_classic") and not has_table(database, "msg_log_adoption")
    again = adopt(database, tmp_path, "--yes")
    assert again.returncode == USAGE and "nothing is left to adopt" in again.stderr


@pytest.mark.parametrize("more", [["--dry-run"], [], ["--dry-run", "--yes"]])
def test_counts_are_told_and_nothing_is_changed_before_yes(classic, tmp_path, more):
    database = classic([*ALL, ("odd", 9, ago(days=1))])
    before = database.rows("SELECT * FROM msg_log ORDER BY msg_id")
    told = adopt(database, tmp_path, "--sent-is-done", "2d", *more)
    assert told.returncode == DONE, told.stderr
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert lines == ["the classic table holds 7 messages", "0 1 sending", "1 2 sent, 1 of them for 2d", "2 1 send_failed",
                     "3 2 consumed", "9 1 not a classic status",
                     "of them 3 become consumed, 3 are put on hold, 1 stay in the table for their status, and so do ids "
                     "that are no ids",
                     "Nothing was changed: add --yes to adopt them" + (", without --dry-run" if more else "")]
    assert database.rows("SELECT * FROM msg_log ORDER BY msg_id") == before
    assert not any(has_table(database, name) for name in ("msg_log_classic", "msg_log_adoption", "msg_event"))


def test_without_an_age_whatever_was_sent_is_held(classic, tmp_path):
    database = classic(ALL)
    assert adopt(database, tmp_path, "--yes").returncode == DONE
    assert statuses(database) == {**ADOPTED, "sent-long-ago": UNKNOWN}


def test_what_does_not_fit_is_told_and_stays(classic, tmp_path):
    rows = [*ALL, ("x" * 156, CONSUMED, ago(days=1)), ("waybill.mine", CONSUMED, ago(days=1)),
            ("nonsense", 9, ago(days=1)), ("", SENDING, ago(days=1))]
    database = classic(rows)
    done = adopt(database, tmp_path, "--sent-is-done", "2d", "--yes")
    assert done.returncode == FAILED, done.stderr
    assert statuses(database) == ADOPTED
    assert set(statuses(database, "msg_log_classic")) == {"x" * 156, "waybill.mine", "nonsense", ""}
    for reason in ("longer than 155 characters", "its status is none of 0, 1, 2 and 3", "the message id is empty"):
        assert reason in done.stdout
    # Whoever corrects them runs it again.
    with database.transaction() as cursor:
        cursor.execute("UPDATE msg_log_classic SET msg_id = 'shorter' WHERE msg_id LIKE 'xx%%'")
        cursor.execute("DELETE FROM msg_log_classic WHERE msg_id IN ('', 'nonsense', 'waybill.mine')")
    again = adopt(database, tmp_path, "--yes")
    assert again.returncode == DONE, again.stderr
    assert "still holds 1 message\n" in again.stdout
    assert statuses(database) == {**ADOPTED, "shorter": CONSUMED}
    assert not has_table(database, "msg_log_classic")


def test_an_hour_before_and_after_the_clocks_change_is_converted(classic, tmp_path):
    database = classic()
    times = {"winter": ("2025-03-30 01:30:00", "2025-03-30 00:30:00"), "left-out": ("2025-03-30 02:30:00", "2025-03-30 01:30:00"),
             "summer": ("2025-03-30 03:30:00", "2025-03-30 01:30:00"), "twice": ("2025-10-26 02:30:00", "2025-10-26 01:30:00"),
             "before": ("2025-10-26 01:59:59", "2025-10-25 23:59:59")}
    with database.transaction() as cursor:
        for one, (local, _) in times.items():
            cursor.execute("INSERT INTO msg_log (msg_id, msg, status, create_time, update_time) VALUES (%s, '', 3, %s, %s)",
                           (one, local, local))
        cursor.execute("INSERT INTO msg_log (msg_id, status, create_time, update_time) VALUES ('none', 3, NULL, NULL)")
    assert adopt(database, tmp_path, "--yes").returncode == DONE
    found = {one: str(created) for one, created in database.rows("SELECT msg_id, create_time FROM msg_log")}
    assert found.pop("none") > "2026"
    assert found == {one: utc for one, (_, utc) in times.items()}


CHANGES = {
    "it has no column try_count": "ALTER TABLE msg_log DROP COLUMN try_count",
    "it also has a column remark": "ALTER TABLE msg_log ADD remark varchar(9)",
    "its column status is": "ALTER TABLE msg_log DROP COLUMN status; ALTER TABLE msg_log ADD status varchar(9)",
    "has no primary key on msg_id": {"postgres": "ALTER TABLE msg_log DROP CONSTRAINT msg_log_pkey",
                                     "mariadb": "ALTER TABLE msg_log DROP PRIMARY KEY"},
    "has no table msg_log": "DROP TABLE msg_log",
    "beside msg_log": "CREATE TABLE msg_log_classic (a int)",
    "is referred to by a foreign key of the table part": {
        "postgres": "CREATE TABLE part (id varchar(255) REFERENCES msg_log)",
        "mariadb": "CREATE TABLE part (id varchar(255) CHARACTER SET utf8mb3, FOREIGN KEY (id) REFERENCES msg_log (msg_id))"},
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_what_is_not_a_classic_table_is_refused_with_what_differs(classic, tmp_path, kind, sentence):
    database = classic()
    change = CHANGES[sentence]
    database.execute_all(*(change if isinstance(change, str) else change[kind]).split(";"))
    for more in ([], ["--yes"]):
        refused = adopt(database, tmp_path, *more)
        assert refused.returncode == USAGE and sentence in refused.stderr and refused.stderr.count("\n") == 1
    assert not has_table(database, "msg_event")


def test_bad_options_are_refused(classic, tmp_path):
    url = classic().url
    for arguments, sentence in [(["--time-zone", "Atlantis"], "there is no time zone 'Atlantis'"),
                                (["--time-zone", "UTC", "--sent-is-done", "long"], "--sent-is-done: "), ([], "--time-zone")]:
        refused = waybill("migrate", "adopt", "--log", url, *arguments, cwd=tmp_path)
        assert refused.returncode == USAGE and sentence in refused.stderr
    refused = waybill("migrate", "adopt", "--time-zone", "UTC", cwd=tmp_path)
    assert refused.returncode == USAGE and "in a database on a server" in refused.stderr


def test_the_adopted_log_serves_and_what_was_held_goes_when_it_is_released(classic, serve_over, tmp_path, names):
    route = (names["mail.exchange"], names["mail.routing_key"])
    database = classic(ALL, route=route)
    assert adopt(database, tmp_path, "--sent-is-done", "2d", "--yes").returncode == DONE
    with serve_over(database) as daemon:
        client = daemon.client()
        states = client.stats()["states"]
        assert states["consumed"] == 3 and states["outcome_unknown"] == 3
        released = waybill("retry", "--status", "outcome_unknown", "--since", "2d", "--until", "1m", "--yes", "--server", daemon.url,
                           cwd=tmp_path)
        assert released.returncode == DONE and "2 messages" in released.stdout, released.stderr
        eventually(lambda: client.stats()["states"]["consumed"] == 5, 20, "what was released is consumed")
        serving = adopt(database, tmp_path, "--yes")
        assert serving.returncode == USAGE and "nothing is left" in serving.stderr
        with database.transaction() as cursor:
            cursor.execute("CREATE TABLE msg_log_classic AS SELECT msg_id, msg, exchange, routing_key, status, try_count, "
                           "next_try_time, create_time, update_time FROM msg_log WHERE 1 = 0")
            cursor.execute("ALTER TABLE msg_log_classic ADD PRIMARY KEY (msg_id)")
        serving = adopt(database, tmp_path, "--yes")
        assert serving.returncode == FORBIDDEN and "served by the instance" in serving.stderr
        assert not has_table(database, "msg_log_adoption")
        assert daemon.stop() == 0
    assert effects(daemon.journal) == {"open": 1, "sent-lately": 1}


def test_two_tables_of_other_forms_are_no_concern_of_a_file(tmp_path):
    refused = waybill("migrate", "adopt", "--time-zone", "UTC", "--yes", cwd=tmp_path)
    assert refused.returncode == USAGE and not (tmp_path / "data").exists()
