"""`waybill bench` over RabbitMQ: what it carries is verified, and compared within one run. How fast, no test asks."""

import json

import pika
import pytest

from harness.program import waybill

pytestmark = pytest.mark.services("rabbitmq")


@pytest.fixture
def bench(tmp_path, broker_url):
    def run(*arguments):
        done = waybill("bench", *arguments, "--broker", "rabbitmq", "--allow-volatile", "--json", cwd=tmp_path, deadline_s=240,
                       WAYBILL_RABBITMQ=broker_url)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)
    return run


def exists(channel, queue):
    own = channel.connection.channel()  # a refusal closes it
    try:
        own.queue_declare(queue, passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        return False
    own.close()
    return True


def test_the_pipeline_is_compared_with_a_plain_loop_of_the_same_run(bench, channel):
    result = bench("pipeline", "--messages", 3_000)
    assert (result["lost"], result["duplicates"], result["rows_consumed"]) == (0, 0, 3_000)
    assert result["share_of_plain"] == pytest.approx(result["messages_per_second"] / result["plain_messages_per_second"], 0.01)
    assert not exists(channel, "waybill.bench.plain")


def test_at_a_rate_there_is_nothing_to_compare(bench):
    result = bench("pipeline", "--messages", 500, "--rate", 1_000)
    assert result["lost"] == 0 and "plain_messages_per_second" not in result


def test_our_client_is_compared_with_a_plain_one(bench, channel):
    result = bench("broker", "--messages", 3_000, "--rounds", 1)
    assert result["messages_per_second"] > 0 and result["plain_messages_per_second"] > 0
    assert not exists(channel, "waybill.bench.plain")
