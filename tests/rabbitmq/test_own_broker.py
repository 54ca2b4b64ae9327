"""./run --broker rabbitmq: the main job over a real broker, its own or a given one."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness.program import ROOT, as_variable, clean_environment
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

BUILD_S = 600  # if the program was not built yet


def environment_of(services, **more):
    return clean_environment(WAYBILL_SERVICES_DIR=services.directory, **more)


def run_once(tmp_path, environment, broker="rabbitmq"):
    return subprocess.run([str(ROOT / "run"), "--once", "--broker", broker, "--data", str(tmp_path / "data")],
                          env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_S,
                          check=False)


def check_delivered(done):
    assert done.returncode == 0, done.stderr
    path = re.search(r"^delivered: (.*)$", done.stdout, re.MULTILINE).group(1)
    with open(path, encoding="utf-8") as mail:
        assert "Subject: Greetings from Waybill" in mail.read()


def test_without_a_broker_it_brings_one_and_ends_it(tmp_path, services):
    check_delivered(run_once(tmp_path, environment_of(services)))
    assert services.run("status", "rabbitmq").returncode == 1
    assert os.path.exists(os.path.join(services.directory, "rabbitmq", "data")), "it was there"


def test_it_brings_one_beside_the_data_of_an_earlier_run():
    """Nobody said where servers go. They run as users of their own, who may not enter the data directory."""
    place = Path(tempfile.mkdtemp(prefix="waybill-run-", dir=os.environ.get("WAYBILL_SERVICES_DIR", "/var/tmp")))
    place.chmod(0o755)
    try:
        check_delivered(run_once(place, clean_environment(), broker="inprocess"))
        check_delivered(run_once(place, clean_environment()))
        assert (place / "data-services" / "rabbitmq").is_dir()
    finally:
        shutil.rmtree(place)


def test_a_given_broker_is_used(tmp_path, services, broker_url, channel, names):
    settings = {as_variable(key): value for key, value in names.items()}
    check_delivered(run_once(tmp_path, environment_of(services, WAYBILL_RABBITMQ=broker_url, **settings)))
    channel.queue_declare(names["mail.queue"], passive=True)
    assert not os.path.exists(os.path.join(services.directory, "rabbitmq")), "none was started"


def test_told_to_end_it_takes_its_broker_along(tmp_path, services):
    output = tmp_path / "output"
    command = [str(ROOT / "run"), "--broker", "rabbitmq", "--port", "0", "--data", str(tmp_path / "data")]
    with output.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, env=environment_of(services), stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=file)
    try:
        eventually(lambda: "serving on http://" in output.read_text(encoding="utf-8"), BUILD_S, "it serves")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143, output.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()
    assert services.run("status", "rabbitmq").returncode == 1
