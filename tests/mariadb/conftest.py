"""Fixtures of what is tested of MariaDB alone."""

import pytest

from harness.store_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import


@pytest.fixture(scope="module")
def kind():
    return "mariadb"
