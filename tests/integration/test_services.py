"""The private servers: each serves, survives a kill with what was committed, stands still, and forgets when wiped."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pika
import pytest
import requests

from harness.program import is_running
from harness.services import SERVICES, WITH_SERVICES, url_of
from harness.waiting import eventually

ROW = "CREATE TABLE kept (id INT PRIMARY KEY); INSERT INTO kept VALUES (7)"


def keep_in_rabbitmq(services, name="rabbitmq", kind="classic"):
    with pika.BlockingConnection(pika.URLParameters(services.url(name))) as connection:
        channel = connection.channel()
        channel.queue_declare("kept", durable=True, arguments={"x-queue-type": kind})
        channel.confirm_delivery()
        channel.basic_publish("", "kept", b"7", pika.BasicProperties(delivery_mode=2), mandatory=True)
    services.wait_on_disk(["kept"], name, kind == "quorum")


def kept_in_rabbitmq(services, name="rabbitmq"):
    with pika.BlockingConnection(pika.URLParameters(services.url(name))) as connection:
        return connection.channel().basic_get("kept")[2] == b"7"


def keep_in_postgres(services):
    services.control("postgres", "-c", ROW)


def kept_in_postgres(services):
    return services.control("postgres", "-Atc", "SELECT id FROM kept").split() == ["7"]


def keep_in_mariadb(services):
    services.control("mariadb", "-e", ROW)


def kept_in_mariadb(services):
    return services.control("mariadb", "-Ne", "SELECT id FROM kept").split() == ["7"]


SERVERS = {"rabbitmq": (keep_in_rabbitmq, kept_in_rabbitmq), "postgres": (keep_in_postgres, kept_in_postgres),
           "mariadb": (keep_in_mariadb, kept_in_mariadb)}


def listening_addresses(pid):
    """Where a process listens, as the kernel writes addresses."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    sockets = {found.group(1) for found in map(re.compile(r"socket:\[(\d+)\]").match, links) if found}
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text(
        encoding="ascii").splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets}


def port_of(url):
    return int(re.search(r":(\d+)(/|$)", url).group(1))


def greets(url):
    """True if what listens there says anything to a client."""
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=5) as connection:
        connection.settimeout(1)
        connection.sendall(b"AMQP\0\0\x09\1" if url.startswith("amqp") else b"\0\0\0\x08\x04\xd2\x16\x2f")
        try:
            return len(connection.recv(1)) == 1
        except TimeoutError:
            return False


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_survives_kill_stands_still_and_forgets_when_wiped(services, name):
    keep, kept = SERVERS[name]
    url = re.search(r"\w+://\S+", services("up", name)).group()
    assert services.url(name) == url
    assert "MANAGEMENT" not in services("env", name)
    pid = services.pid(name)
    assert f"{name}  runs  {url}" in services("up", name)
    assert services.pid(name) == pid
    assert listening_addresses(pid) == {"0100007F"}
    keep(services)

    services("stop", name)
    assert services("status", name).startswith(f"{name}  stopped  pid {pid}")
    assert not greets(url)
    services("cont", name)
    assert greets(url)

    services("kill", name)
    assert services.run("status", name).returncode == 1
    assert url in services("up", name)
    assert services.pid(name) != pid
    assert eventually(lambda: kept(services), 10, "what was committed is there")

    services("wipe", name)
    assert services.run("status", name).returncode == 1
    assert url in services("up", name)
    keep(services)  # would fail on what was kept before


@pytest.mark.slow
def test_one_node_of_three_is_killed_and_comes_back(services):
    services("up", "rabbitmq-cluster")
    keep_in_rabbitmq(services, "rabbitmq1", "quorum")
    services("kill", "rabbitmq2")
    assert services.run("status", "rabbitmq-cluster").stdout.count("running") == 2
    assert eventually(lambda: kept_in_rabbitmq(services, "rabbitmq3"), 20, "the majority serves")
    services("up", "rabbitmq2")
    assert kept_in_rabbitmq(services, "rabbitmq2")
    assert "would not take a wiped rabbitmq2 back" in services.run("wipe", "rabbitmq2").stderr


def test_management_is_there_when_asked_for(services):
    services.environment["WAYBILL_RABBITMQ_MANAGEMENT"] = "1"
    services("up", "rabbitmq")
    url = re.search(r"WAYBILL_RABBITMQ_MANAGEMENT_URL=(\S+)", services("env", "rabbitmq")).group(1)
    assert requests.get(f"{url}/api/overview", timeout=10).json()["rabbitmq_version"]


@pytest.mark.services("postgres")
def test_a_marked_test_finds_its_server():
    assert greets(url_of("postgres"))


def test_with_services_ends_what_it_started_and_passes_on_the_exit_code(services):
    told = services.run("postgres", "--", "sh", "-c", 'echo "$WAYBILL_POSTGRES"; exit 7', program=WITH_SERVICES)
    assert (told.returncode, told.stdout.startswith("postgres://")) == (7, True)
    assert services("status").count("down") == services("status").count("\n")


def test_with_services_leaves_what_was_up(services):
    services("up", "postgres")
    pid = services.pid("postgres")
    assert services.run("postgres", "--", "false", program=WITH_SERVICES).returncode == 1
    assert services.pid("postgres") == pid


def test_with_services_ends_what_its_command_started_again(services):
    again = f"'{SERVICES}' kill postgres && '{SERVICES}' up postgres"
    assert services.run("postgres", "--", "sh", "-c", again, program=WITH_SERVICES).returncode == 0
    assert services.run("status", "postgres").returncode == 1


@pytest.mark.parametrize("number, to", [(signal.SIGTERM, os.kill), (signal.SIGINT, os.kill), (signal.SIGINT, os.killpg)])
def test_with_services_ends_what_it_started_also_on_a_signal(services, tmp_path, number, to):
    began = tmp_path / "began"
    process = subprocess.Popen([str(WITH_SERVICES), "postgres", "--", "sh", "-c", f"touch '{began}'; exec sleep 600"],
                               env=services.environment, stdin=subprocess.DEVNULL, start_new_session=True)
    eventually(began.exists, 120, "the command runs")
    to(process.pid, number)
    assert process.wait(timeout=60) == 128 + number
    assert services.run("status", "postgres").returncode == 1


def test_with_services_passes_a_signal_on_and_waits_for_what_the_command_makes_of_it(services, tmp_path):
    told, began = tmp_path / "told", tmp_path / "began"
    script = f"trap 'echo told > {told}; exit 3' INT; touch {began}; while :; do sleep 0.1; done"
    process = subprocess.Popen([str(WITH_SERVICES), "postgres", "--", "bash", "-c", script], env=services.environment,
                               stdin=subprocess.DEVNULL, start_new_session=True)
    eventually(began.exists, 120, "the command runs")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 3
    assert told.exists()


def test_what_with_services_runs_ends_with_it_even_if_it_is_killed(services, tmp_path):
    began = tmp_path / "began"
    process = subprocess.Popen([str(WITH_SERVICES), "postgres", "--", "sh", "-c", f"echo $$ > {began}; exec sleep 600"],
                               env=services.environment, stdin=subprocess.DEVNULL, start_new_session=True)
    eventually(lambda: began.exists() and began.read_text(encoding="ascii"), 120, "the command runs")
    command = int(began.read_text(encoding="ascii"))
    assert is_running(command)
    process.kill()
    process.wait()
    eventually(lambda: not is_running(command), 20, "the command has ended")
