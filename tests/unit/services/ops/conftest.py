"""One world for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.services.ops.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("ops")) as world:
        yield world
