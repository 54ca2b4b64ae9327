"""The programs of docs/outbox.md, as they stand there: what they commit is delivered, what they roll back is not."""

import os
import re
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.journal import effects
from harness.own_names import names_of_a_test
from harness.program import ROOT
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

PAGE = (ROOT / "docs" / "outbox.md").read_text(encoding="utf-8")
BUILD_S = 300
DRIVERS = Path("/usr/share/java")
GO_PACKAGES = "/usr/share/gocode"


@pytest.fixture(scope="module")
def names():
    """Of the whole file: its programs are built once."""
    with names_of_a_test() as made:
        yield made


@pytest.fixture(scope="module")
def program(names):
    """A program of the page, with the route of these tests: they share a broker with others."""
    def read(language):
        text = program_of(language)
        for key in ("exchange", "routing_key"):
            shown = f"mail.{key}".replace("_", ".")
            assert shown in text
            text = text.replace(shown, names[f"mail.{key}"])
        return text
    return read


def program_of(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"docs/outbox.md has {len(found)} programs in {language}"
    return found[0]


def build(command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def python_example(workshop, program):
    file = workshop / "place_order.py"
    file.write_text(program("python"), encoding="utf-8")
    return lambda database: ([sys.executable, str(file), database.url], {})


@pytest.fixture(scope="module")
def java_example(workshop, program):
    file = workshop / "PlaceOrder.java"
    file.write_text(program("java"), encoding="utf-8")
    build(["javac", "-d", str(workshop), str(file)])
    drivers = f"{workshop}:{DRIVERS}/postgresql.jar:{DRIVERS}/mariadb-java-client.jar"

    def run(database):
        place = urlsplit(database.url)
        scheme = {"postgres": "postgresql", "mariadb": "mariadb"}[database.KIND]
        url = (f"jdbc:{scheme}://{place.hostname}:{place.port}{place.path}"
               f"?user={place.username}&password={place.password}")
        return ["java", "-XX:TieredStopAtLevel=1", "-cp", drivers, "PlaceOrder", url], {}
    return run


@pytest.fixture(scope="module")
def go_example(workshop, program):
    """For MariaDB with the other driver and its placeholders, as the page says."""
    text = program("go")
    other = re.sub(r"\$\d", "?", text).replace("github.com/lib/pq", "github.com/go-sql-driver/mysql")
    texts = {"postgres": text, "mariadb": other.replace('"postgres"', '"mysql"')}

    @cache
    def built(kind):
        folder = workshop / f"go-{kind}"
        folder.mkdir()
        (folder / "main.go").write_text(texts[kind], encoding="utf-8")
        build(["go", "build", "-o", str(folder / "place_order"), str(folder / "main.go")], GO111MODULE="off",
              GOPATH=GO_PACKAGES, GOCACHE=str(workshop / "go-cache"), GOFLAGS="-mod=mod")
        return str(folder / "place_order")

    def run(database):
        place = urlsplit(database.url)
        if database.KIND == "postgres":
            return [built("postgres"), database.url + "?sslmode=disable"], {}
        return [built("mariadb"),
                f"{place.username}:{place.password}@tcp({place.hostname}:{place.port}){place.path}"], {}
    return run


@pytest.fixture(scope="module")
def cpp_example(workshop, program):
    file = workshop / "place_order.cc"
    file.write_text(program("cpp"), encoding="utf-8")
    build(["g++", "-std=c++20", "-I/usr/include/postgresql", "-o", str(workshop / "place_order"), str(file), "-lpq"])
    return lambda database: ([str(workshop / "place_order"), database.url], {})


@pytest.mark.parametrize("language, kind", [
    ("python", "postgres"), ("java", "postgres"), ("go", "postgres"), ("cpp", "postgres"),
    *(pytest.param(language, "mariadb", marks=pytest.mark.mariadb) for language in ("python", "java", "go"))])
def test_what_the_example_commits_is_delivered_and_nothing_else(request, serve_over, database, language, kind):
    database.execute("CREATE TABLE orders (id varchar(40) PRIMARY KEY)")
    command, environment = request.getfixturevalue(f"{language}_example")(database)
    with serve_over(database) as daemon:
        client = daemon.client()

        def place(*arguments):
            return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False,
                                  env={**os.environ, **environment})
        failed = place("4710", "fail")
        assert failed.returncode != 0
        placed = place("4711")
        assert placed.returncode == 0, placed.stderr
        eventually(lambda: client.status("order-4711") == 3, 20, "the order's mail is delivered")
        assert daemon.stop() == 0
    assert effects(daemon.journal) == {"order-4711": 1}
    assert [row[0] for row in database.rows("SELECT id FROM orders")] == ["4711"]
    assert [row[0] for row in database.rows("SELECT msg_id FROM msg_log")] == ["order-4711"]


def test_the_statements_of_the_page_work_as_they_stand(serve_over, database, program):
    with serve_over(database) as daemon:
        with closing(database.connect()) as connection, connection.cursor() as cursor:
            database.commit_each(connection)
            cursor.execute("CREATE TABLE orders (id varchar(40) PRIMARY KEY)")
            for statement in program("sql").split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        eventually(lambda: daemon.client().status("order-4711") == 3, 20, "the order's mail is delivered")
