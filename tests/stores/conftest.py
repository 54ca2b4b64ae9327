"""Fixtures of what is tested of every store that several processes share."""

import pytest

from harness.store_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import


@pytest.fixture(scope="module", params=["postgres", pytest.param("mariadb", marks=pytest.mark.mariadb)])
def kind(request):
    return request.param
