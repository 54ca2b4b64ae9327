"""`/metrics`, read by a parser that nobody here wrote."""

from prometheus_client.parser import text_string_to_metric_families

from harness.waiting import eventually

CONTENT_TYPE = "text/plain; version=0.0.4"


def collect(client):
    """Every sample, by name and label value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    samples = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            assert key not in samples, "told twice"
            samples[key] = sample.value
    return samples


def test_a_message_is_counted_at_every_step(make_daemon):
    with make_daemon() as daemon:
        client = daemon.client()
        for number in range(20):
            client.accepted(subject=f"mail {number}")
        key = "the-same-request"
        assert [client.send(key=key).status_code for _ in range(2)] == [200, 200]
        eventually(lambda: client.open_count() == 0, 10, "all is delivered")
        seen = collect(client)
    assert seen["waybill_log_up",] == 1
    assert seen["waybill_accepted_total",] == 21
    assert seen["waybill_duplicates_total",] == 1
    assert seen["waybill_published_total", "fresh"] + seen["waybill_published_total", "due"] >= 21
    assert seen["waybill_publish_answers_total", "confirmed"] >= 21
    assert seen["waybill_claims_total", "granted"] == 21
    assert seen["waybill_attempts_total", "consumed"] == 21
    assert seen["waybill_messages", "consumed"] == 21
    for stage in ("accept", "confirm", "claim", "handle", "finish"):
        assert seen[f"waybill_{stage}_seconds_count",] >= 21, stage
        assert 0 < seen[f"waybill_{stage}_seconds_sum",] < 600, stage
    assert seen["waybill_flush_seconds_count",] == seen["waybill_flush_writes_count",] > 0
    assert seen["waybill_flush_writes_sum",] >= 3 * 21, "an append, a claim and a finish each"
    for trouble in (("waybill_flush_failures_total",), ("waybill_attempts_total", "failed"),
                    ("waybill_attempts_total", "lapsed"), ("waybill_messages", "dead")):
        assert seen[trouble] == 0, trouble


def test_counts_begin_anew_with_the_process_and_the_backlog_does_not(make_daemon):
    daemon = make_daemon(config={"instance.roles": "api"})
    with daemon:
        daemon.client().accepted()
        assert collect(daemon.client())["waybill_accepted_total",] == 1
        daemon.stop()
    with daemon:
        seen = collect(daemon.client())
        assert seen["waybill_accepted_total",] == 0
        assert seen["waybill_messages", "sending"] == 1
        assert seen["waybill_oldest_message_age_seconds", "sending"] > 0


def test_collecting_asks_for_no_connection_of_its_own(make_daemon):
    with make_daemon() as daemon:
        client = daemon.client()
        before = collect(client)["process_open_fds",]
        for _ in range(20):
            collect(client)
        assert collect(client)["process_open_fds",] <= before
