"""One world for all the tests of a process: each finds it as the first did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.services.ops.world import World


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("ops")) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    yield shared_world
    shared_world.call(shared_world.put_back())
