"""The verifier: compares what was promised with what happened, by the journal and the counts that live in the rows."""

from harness.journal import effects
from harness.log_file import read_rows


def check_promise(daemon, answered):
    """Of a log at rest: every answered mail had its effect; no effect without its row; and per message
    effects - 1 <= lapse_count + unknown_count + again_count (protocol, section 1)."""
    happened = effects(daemon.journal)
    rows = {row["msg_id"]: row for row in read_rows(
        daemon.database, "msg_id, status, lapse_count, unknown_count, again_count")}
    lost = [one for one in answered if not happened[one]]
    assert not lost, f"{len(lost)} answered mails had no effect, first: {lost[:5]}"
    unexpected = [one for one in happened if one not in rows]
    assert not unexpected, f"effects without a row: {unexpected[:5]}"
    broken = [(one, count, dict(rows[one])) for one, count in happened.items()
              if count - 1 > rows[one]["lapse_count"] + rows[one]["unknown_count"] + rows[one]["again_count"]]
    assert not broken, f"repeated without being counted: {broken[:5]}"
