"""What became of the recipients of mails, on PostgreSQL: writing it looks at the rows of these mails alone."""

import pytest

from harness.postfix import smtp_sink
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres")

MAILS, IN_REQUEST = 4_000, 500
# A mail's row is looked up by each of its writes. Whoever began with those that are consumed would read hundreds.
READ_MOST = 60
READ = ("SELECT pg_stat_clear_snapshot(), (SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_user_tables), "
        "(SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)")


def test_recipients_are_written_without_a_look_at_other_mails(database, serve_over):
    mail = {"subject": "Greetings", "text": "Hello", "to": "someone@example.org"}
    with smtp_sink("-c") as port, serve_over(database, config={
            "mail.smtp.relays": f"smtp://127.0.0.1:{port}", "mail.allowed_from": "waybill@localhost"}) as daemon:
        client = daemon.client()
        for _ in range(MAILS // IN_REQUEST):
            assert client.post("/v1/mails", json=[mail] * IN_REQUEST).status_code == 200
        eventually(lambda: client.open_count() == 0, 120, "all mails are delivered", every_s=0.2)
        assert daemon.stop() == 0
    assert database.rows("SELECT count(*) FROM mail_recipient WHERE status = 0") == [(MAILS,)]
    ((_, from_tables, from_indexes),) = database.rows(READ)
    assert 0 < from_tables / MAILS < READ_MOST and from_indexes / MAILS < READ_MOST, (from_tables, from_indexes)
