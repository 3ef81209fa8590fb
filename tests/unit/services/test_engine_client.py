"""A strategy core and the execution service behind it: asked together, commanded one at a time, killed both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.config.loader import load_settings
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.core.messages import Kill, Reconcile, Resume
from workstation.messaging.bodies import Body, EngineAnswerBody, EngineRequestBody
from workstation.messaging.engine_subjects import execution_subjects
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.services.engine_client import EngineClient, View
from workstation.services.execution.service import execution_configuration

LOADED = load_settings(ROOT / "config" / "strategy.yaml")
SUBJECTS = LOADED.settings.messaging.subjects


class Engine:
    """Answers under its subjects, and remembers what it was told."""

    def __init__(self, ok: bool = True) -> None:
        self.ok = ok
        self.told: list[str] = []

    async def serve(self, link: NatsLink, *subjects: str) -> None:
        for subject in subjects:
            await link.serve(subject, self._answer, EngineRequestBody)
        # Another connection asks: the server must know of it first.
        await link.confirm()

    async def _answer(self, request: Message) -> Body:
        body = request.body
        assert isinstance(body, EngineRequestBody)
        self.told.append(body.name)
        return EngineAnswerBody(ok=self.ok, text="done" if self.ok else "not done")


@pytest.fixture
async def links(tmp_path: Path) -> AsyncIterator[tuple[NatsLink, NatsLink, NatsLink]]:
    async with (
        running_server(tmp_path) as server,
        connected(server, "core") as core,
        connected(server, "execution") as execution,
        connected(server, "asker") as asker,
    ):
        yield core, execution, asker


def test_the_execution_services_engine_has_subjects_of_its_own() -> None:
    subjects = execution_configuration(LOADED).settings.messaging.subjects
    own = {subjects.commands, subjects.views, subjects.events}
    assert own.isdisjoint({SUBJECTS.commands, SUBJECTS.views, SUBJECTS.events}) and len(own) == 3
    assert (subjects.orders, subjects.executions) == (SUBJECTS.orders, SUBJECTS.executions)


async def test_a_command_acts_in_one_engine_and_a_kill_in_both(links: tuple[NatsLink, NatsLink, NatsLink]) -> None:
    core, execution, its = Engine(), Engine(), execution_subjects(SUBJECTS)
    await core.serve(links[0], SUBJECTS.commands, SUBJECTS.views)
    await execution.serve(links[1], its.commands, its.views)
    client = EngineClient(links[2], SUBJECTS, WallClock().now_ns)
    assert (await client.command(Reconcile(), "me")).ok
    assert (core.told, execution.told) == (["Reconcile"], [])
    assert set(await client.view_of_each(View.RISK)) == {"core-1", "execution-1"}
    told = await client.command_both(Kill(reason="enough"), "me", "id-1")
    assert told.ok and told.text == "Strategy core: done. Execution service: done."
    assert core.told[-1] == execution.told[-1] == "Kill"
    execution.ok = False
    answer = await client.command_both(Kill(reason="enough"), "me", "id-2")
    assert not answer.ok and answer.text == "Strategy core: done. Execution service: not done."
    execution.ok = True
    await client.command_both(Resume(), "me")
    assert core.told[-1] == execution.told[-1] == "Resume"


async def test_a_kill_counts_where_one_of_them_answers(links: tuple[NatsLink, NatsLink, NatsLink]) -> None:
    client = EngineClient(links[2], SUBJECTS, WallClock().now_ns)
    with pytest.raises(MessagingError):
        await client.command_both(Kill(reason="enough"), "me", timeout_s=1)
    core = Engine()
    await core.serve(links[0], SUBJECTS.commands)
    answer = await client.command_both(Kill(reason="enough"), "me", timeout_s=20)
    assert (answer.ok, answer.text, core.told) == (True, "done", ["Kill"])


async def test_a_kill_says_that_the_core_is_silent(links: tuple[NatsLink, NatsLink, NatsLink]) -> None:
    execution = Engine()
    await execution.serve(links[1], execution_subjects(SUBJECTS).commands)
    client = EngineClient(links[2], SUBJECTS, WallClock().now_ns)
    answer = await client.command_both(Kill(reason="enough"), "me", timeout_s=20)
    assert answer.ok and answer.text == "Execution service: done. The strategy core does not answer."
