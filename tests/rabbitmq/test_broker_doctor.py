"""`waybill doctor` and `waybill topology` on a real broker: what is wrong is said, with what to do."""

import json
import re

import pika
import pytest

from harness.program import waybill
from harness.services import PrivateServices
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

DONE, FAILED, USAGE, UNREACHABLE, FORBIDDEN = 0, 1, 2, 4, 5


def settings(config):
    return [word for key, value in config.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture
def topology(tmp_path, over_rabbitmq):
    def run(verb, *more, **changed):
        config = {**over_rabbitmq, **{key.replace("__", "."): value for key, value in changed.items()}}
        return waybill("topology", verb, *settings(config), *more, cwd=tmp_path)
    return run


def examine(tmp_path, config):
    """What the doctor reports of a configuration."""
    ended = waybill("doctor", *settings(config), "--data", tmp_path / "data", "--json", cwd=tmp_path)
    report = json.loads(ended.stdout)
    assert ended.returncode == (DONE if report["healthy"] else FAILED), ended.stderr
    return report


@pytest.fixture
def doctor(tmp_path, over_rabbitmq):
    def run(**changed):
        return examine(tmp_path, {**over_rabbitmq, **{key.replace("__", "."): value for key, value in changed.items()}})
    return run


def said(report, verdict):
    return [f"{one['what']} → {one['advice']}" for one in report["findings"] if one["verdict"] == verdict]


def the_problem(report):
    problems = said(report, "problem")
    assert len(problems) == 1, report
    return problems[0]


def standings(ended):
    return {(one["kind"], one["name"]): one["standing"] for one in json.loads(ended.stdout)["things"]}


def test_what_is_missing_is_declared_and_then_there(topology, names, doctor):
    before = topology("diff", "--json")
    assert before.returncode == FAILED
    assert standings(before)["exchange", names["mail.exchange"]] == "missing"
    assert standings(before)["queue", names["mail.queue"]] == "missing"
    assert standings(topology("diff", "--json")) == standings(before), "looking declares nothing"
    assert any("topology declare" in one for one in said(doctor(), "warning"))

    assert topology("declare").returncode == DONE
    after = topology("diff", "--json")
    assert after.returncode == DONE
    assert standings(after)["queue", names["mail.queue"]] == "same"
    assert standings(after)["binding", f"{names['mail.exchange']} / key"] == "unknown"
    healthy = doctor()
    assert healthy["healthy"] and not said(healthy, "warning"), healthy
    assert [one for one in healthy["not_made"] if "policies" in one and "broker.management_url" in one]


def test_what_differs_is_said_and_declared_by_nobody(topology, names, doctor):
    assert topology("declare", broker__queue_type="classic").returncode == DONE
    differs = topology("diff")
    assert differs.returncode == FAILED
    assert "received 'quorum' but current is 'classic'" in differs.stdout
    refused = topology("declare")
    assert refused.returncode == FORBIDDEN
    assert f"queue '{names['mail.queue']}' exists with other properties" in refused.stderr
    assert not doctor()["healthy"]


def test_a_wrong_password_is_a_problem(doctor, topology, broker_url):
    wrong = re.sub(r"//[^@]*@", "//guest:wrong@", broker_url)
    problem = the_problem(doctor(broker__url=wrong))
    assert "refused user 'guest': wrong user or password" in problem
    assert "broker.password" in problem and "wrong@" not in problem
    assert topology("diff", broker__url=wrong).returncode == USAGE


def test_a_wrong_vhost_is_a_problem(doctor, broker_url):
    assert "vhost 'nowhere'" in the_problem(doctor(broker__url=broker_url + "/nowhere"))


def test_a_plain_port_that_is_spoken_tls_to_is_a_problem(doctor, broker_url):
    problem = the_problem(doctor(broker__url=broker_url.replace("amqp://", "amqps://")))
    assert "does not speak TLS there: write amqp://" in problem


def test_a_broker_that_is_not_there_is_a_problem(doctor, topology):
    problem = the_problem(doctor(broker__url="amqp://127.0.0.1:1"))
    assert "Connection refused" in problem and "start the broker" in problem
    assert topology("declare", broker__url="amqp://127.0.0.1:1").returncode == UNREACHABLE


def test_a_user_without_rights_is_told_what_was_not_compared(topology, doctor, services):
    """On a broker of its own: it makes a user."""
    services("up", "rabbitmq")
    url = services.url("rabbitmq")
    assert topology("declare", broker__url=url).returncode == DONE
    services.control("rabbitmq", "add_user", "reader", "reader")
    services.control("rabbitmq", "set_permissions", "reader", "^$", "^$", ".*")
    report = doctor(broker__url=re.sub(r"//[^@]*@", "//reader:reader@", url))
    assert report["healthy"]
    warnings = said(report, "warning")
    assert sum("no right to declare it" in one for one in warnings) == 4
    assert sum("may not publish to the default exchange" in one for one in warnings) == 1


def test_a_memory_alarm_and_policies_are_problems(topology, doctor, names, request):
    """On a broker of its own, with its management interface."""
    services = PrivateServices(WAYBILL_RABBITMQ_MANAGEMENT="1")
    request.addfinalizer(services.end)
    services("up", "rabbitmq")
    place = {"broker__url": services.url("rabbitmq"), "broker__management_url": management_url(services)}
    assert topology("declare", **place).returncode == DONE
    assert set(standings(topology("diff", "--json", **place)).values()) == {"same"}
    healthy = doctor(**place)
    assert healthy["healthy"] and not healthy["not_made"], healthy
    assert "user 'waybill' may publish and consume as configured" in [one["what"] for one in healthy["findings"]]

    services.control("rabbitmq", "add_user", "clerk", "clerk")
    services.control("rabbitmq", "set_permissions", "clerk", ".*", "^amq[.]default$", "^$")
    of_clerk = {**place, "broker__url": re.sub(r"//[^@]*@", "//clerk:clerk@", place["broker__url"])}
    problems = said(doctor(**of_clerk), "problem")
    assert [one for one in problems if f"may not publish to exchange '{names['mail.exchange']}': write" in one]
    assert [one for one in problems if f"may not consume from queue '{names['mail.queue']}': read '^$'" in one]
    services.control("rabbitmq", "set_user_tags", "clerk", "monitoring")
    by_clerk = {**of_clerk, "broker__management_url": re.sub(r"//[^@]*@", "//clerk:clerk@", place["broker__management_url"])}
    assert "give the user of broker.management_url the tag administrator" in doctor(**by_clerk)["not_made"][0]

    services.control("rabbitmq", "set_policy", "short", f"^{names['mail.queue']}$",
                     '{"message-ttl": 1000, "max-length": 5}', "--apply-to", "queues")
    def with_policy():
        problems = said(doctor(**place), "problem")
        return problems if len(problems) == 2 else None
    problems = eventually(with_policy, 20, "the policy is in effect")
    assert any("drops messages after 1000 ms (policy 'short')" in one for one in problems)
    assert any("drops its oldest messages" in one and "reject-publish" in one for one in problems)
    differs = topology("diff", **place)
    assert differs.returncode == FAILED and "message-ttl 1000 ms" in differs.stdout
    services.control("rabbitmq", "clear_policy", "short")
    eventually(lambda: doctor(**place)["healthy"], 20, "it is gone again")

    unbind(place["broker__url"], names)
    assert "is not bound to" in the_problem(doctor(**place))
    assert topology("diff", **place).returncode == FAILED
    assert topology("declare", **place).returncode == DONE

    services.control("rabbitmq", "set_vm_memory_high_watermark", "absolute", "1MB")
    problem = eventually(lambda: said(doctor(broker__url=place["broker__url"]), "problem"), 30, "the alarm is told")
    assert "takes nothing that is published: low on memory" in problem[0]


def management_url(services):
    line = next(line for line in services("env", "rabbitmq").splitlines() if "MANAGEMENT_URL=" in line)
    return line.partition("=")[2].strip("'")


def unbind(url, names):
    connection = pika.BlockingConnection(pika.URLParameters(url + "/%2F?socket_timeout=10"))
    connection.channel().queue_unbind(names["mail.queue"], names["mail.exchange"], "key")
    connection.close()
