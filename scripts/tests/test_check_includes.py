"""Planted wrong arrows must be found; the house as drawn must pass."""

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parent.parent / "check-includes"

# A small house in which every listed exception is used.
HOUSE = {
    "src/base/result.h": "",
    "src/core/message.h": '#include "base/result.h"\n',
    "src/ports/broker.h": '#include "core/message.h"\n',
    "src/engine/worker.h": '#include "ports/broker.h"\n',
    "src/log/migrator.h": "",
    "src/log/sqlite/log.cc": '#include <sqlite3.h>\n#include "log/migrator.h"\n',
    "src/log/rows/decide.h": "",
    "src/log/postgres/log.h": '#include "log/rows/decide.h"\n',
    "src/app/migrate.h": "",
    "src/cli/migrate_command.cc": '#include "app/migrate.h"\n',
    "src/broker/inprocess/broker.h": '#include "ports/broker.h"\n',
    "src/broker/rabbitmq/protocol/role.h": '#include "ports/broker.h"\n',
    "src/broker/rabbitmq/link.cc": '#include <boost/asio/post.hpp>\n#include "broker/rabbitmq/protocol/role.h"\n',
    "src/broker/rabbitmq/link.h": "",
    "src/mail/mail_request.h": "",
    "src/mail/mail_body.h": "",
    "src/mail/allowed_senders.h": "",
    "src/mail/field_notes.h": "",
    "src/mail/json_tree.h": "",
    "src/mail/mail_json.h": "",
    "src/mail/mail_limits.h": "",
    "src/mail/mail_address.cc": "#include <idn2.h>\n",
    "src/mail/mime.cc": "#include <gmime/gmime.h>\n",
    "src/metrics/prometheus/page.cc": '#include <prometheus/text_serializer.h>\n#include "ports/broker.h"\n',
    "src/api/types.h": '#include "base/result.h"\n',
    "src/api/mail_endpoint.cc": '#include <boost/beast.hpp>\n#include "mail/mail_request.h"\n'
                                '#include "mail/mail_body.h"\n',
    "src/api/mails_request.cc": "".join(f'#include "mail/{name}.h"\n' for name in (
        "allowed_senders", "field_notes", "json_tree", "mail_json", "mail_limits")),
    "src/app/wiring.h": '#include "engine/worker.h"\n#include "log/migrator.h"\n',
    "src/app/config.h": "",
    "src/cli/command.h": "",
    "src/app/serve.h": "",
    "src/app/offline.h": "",
    "src/cli/client.cc": '#include "app/offline.h"\n',
    "src/app/text_file.h": "",
    "src/app/doctor.h": "",
    "src/app/topology.h": "",
    "src/cli/doctor_command.cc": '#include "app/doctor.h"\n',
    "src/cli/topology_show.cc": '#include "app/topology.h"\n',
    "src/bench/pipeline_bench.h": '#include "app/wiring.h"\n#include "api/types.h"\n#include "engine/worker.h"\n',
    "src/cli/bench_command_pipeline.cc": '#include "bench/pipeline_bench.h"\n',
    "bench/engine_bench.cc": '#include <benchmark/benchmark.h>\n#include "engine/worker.h"\n',
    "src/cli/show.cc": '#include "cli/command.h"\n#include "api/types.h"\n#include "app/text_file.h"\n',
    "src/cli/serve_command.cc": '#include "app/serve.h"\n#include "app/config.h"\n',
    "scripts/tests/print.cc": '#include "ports/broker.h"\n',
    "testing/fake.h": '#include "ports/broker.h"\n',
    "tests/unit/fake_test.cc": '#include <gtest/gtest.h>\n#include "testing/fake.h"\n',
}


def check(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return subprocess.run([str(CHECK), "--root", str(root)], capture_output=True, text=True, check=False)


def test_the_house_as_drawn_passes_quietly(tmp_path):
    done = check(tmp_path, HOUSE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name, line", [
    ("src/base/loop.cc", '#include "core/message.h"'),
    ("src/core/retry.cc", '#include "ports/broker.h"'),
    ("src/ports/handler.h", '#include "engine/worker.h"'),
    ("src/engine/relay.cc", '#include "log/migrator.h"'),
    ("src/engine/relay.cc", '#include "app/config.h"'),
    ("src/log/sqlite/schema.cc", '#include "engine/worker.h"'),
    ("src/log/sqlite/schema.cc", '#include "log/postgres/log.h"'),
    ("src/log/rows/decide.cc", '#include "log/postgres/log.h"'),
    ("src/app/wiring.cc", "#include <libpq-fe.h>"),
    ("src/broker/inprocess/queue.cc", '#include "mail/mail_body.h"'),
    ("src/api/server.cc", '#include "mail/json_tree.h"'),
    ("src/api/server.cc", "#include <idn2.h>"),
    ("src/broker/rabbitmq/protocol/role.cc", '#include "broker/rabbitmq/link.h"'),
    ("src/broker/rabbitmq/protocol/role.cc", "#include <boost/asio/post.hpp>"),
    ("src/api/server.cc", '#include "engine/worker.h"'),
    ("src/api/server.cc", '#include "mail/mime.h"'),
    ("src/app/start.cc", '#include "cli/command.h"'),
    ("src/cli/list.cc", '#include "app/wiring.h"'),
    ("src/cli/list.cc", '#include "app/serve.h"'),
    ("src/cli/list.cc", '#include "ports/broker.h"'),
    ("src/attic/old.cc", '#include "base/result.h"'),
    ("src/engine/relay.cc", '#include "ports/no_such_file.h"'),
    ("src/engine/relay.cc", '#include "../ports/broker.h"'),
    ("src/app/wiring.cc", "#include <sqlite3.h>"),
    ("src/metrics/prometheus/page.cc", '#include "engine/worker.h"'),
    ("src/app/wiring.cc", '#include "bench/pipeline_bench.h"'),
    ("src/cli/list_command.cc", '#include "bench/pipeline_bench.h"'),
    ("src/bench/pipeline_bench.cc", '#include "cli/command.h"'),
    ("src/bench/pipeline_bench.cc", "#include <benchmark/benchmark.h>"),
    ("src/engine/relay.cc", "#include <prometheus/counter.h>"),
    ("src/metrics/prometheus/page.h", "#include <prometheus/counter.h>"),
    ("src/api/json.cc", "#include <gmime/gmime.h>"),
    ("src/core/digest.cc", "#include <openssl/sha.h>"),
    ("src/engine/relay.cc", "#include <boost/asio/io_context.hpp>"),
    ("src/api/server.h", "#include <boost/beast/http.hpp>"),
    ("src/api/json.h", "#  include <boost/json.hpp>"),
    ("src/cli/command_line.h", "#include <CLI/CLI.hpp>"),
    ("src/app/config_file.h", "#include <toml++/toml.h>"),
    ("src/base/log.h", "#include <spdlog/spdlog.h>"),
    ("src/core/message.cc", "#include <gtest/gtest.h>"),
    ("scripts/tests/print.cc", '#include "core/no_such_file.h"'),
    ("scripts/tests/print.cc", "#include <sqlite3.h>"),
])
def test_a_wrong_arrow_is_found(tmp_path, name, line):
    done = check(tmp_path, {**HOUSE, "src/mail/mime.h": "", name: f"// first\n{line}\n"})
    assert done.returncode == 1
    assert done.stdout.startswith(f"{name}:2: "), done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_an_exception_that_is_not_needed_is_found(tmp_path):
    done = check(tmp_path, {**HOUSE, "src/cli/serve_command.cc": '#include "app/config.h"\n'})
    assert done.returncode == 1
    assert "app/serve.h" in done.stdout and "not needed" in done.stdout
