"""A reader goes on where it ended, and notices that a stream is another one of its name."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.config.loader import load_settings
from workstation.messaging.bodies import CancelBody
from workstation.messaging.kept_position import KeptPosition, split_record
from workstation.messaging.link import NatsLink
from workstation.messaging.stream_reader import RECORD_HEADER, Numbered, StreamReader
from workstation.messaging.streams import ORDERS, ensure_stream

pytestmark = pytest.mark.allow_log_warnings

MESSAGING = load_settings(ROOT / "config" / "strategy.yaml").settings.messaging


def test_a_position_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "position.json"
    kept = KeptPosition(file)
    assert not kept.known and kept.value.position == 0
    kept.keep(7, "made then", "journal:40")
    kept.keep(9, "made then")
    again = KeptPosition(file)
    assert again.known
    assert (again.value.position, again.value.stream, again.value.record) == (9, "made then", "journal:40")
    again.begin_again()
    assert (again.value.position, again.value.record) == (0, "journal:40")


@pytest.mark.parametrize("content", ["", "{", '{"position": "x"}', "[]"])
def test_a_file_that_is_none_begins_anew(tmp_path: Path, content: str) -> None:
    file = tmp_path / "position.json"
    file.write_text(content)
    assert not KeptPosition(file).known


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    kept = KeptPosition(tmp_path / "missing" / "position.json")
    kept.keep(3, "x")
    assert kept.value.position == 3


def test_records_of_a_journal() -> None:
    assert split_record("abc:12") == ("abc", 12)
    assert split_record("") == split_record("abc") == split_record("abc:x") == ("", 0)


class Reader:
    """Keeps its position in a file, as a service does."""

    def __init__(self, link: NatsLink, file: Path) -> None:
        self.kept = KeptPosition(file)
        self.taken: list[str] = []
        self.records: list[str] = []
        self._reader = StreamReader(
            link,
            MESSAGING,
            ORDERS,
            "test",
            CancelBody,
            position=lambda: self.kept.value.position,
            restarted=self.kept.begin_again,
            take=self._take,
        )
        self._reader.stream = self.kept.value.stream

    async def _take(self, messages: Sequence[Numbered], position: int) -> None:
        self.taken += [numbered.message.body.client_id for numbered in messages]  # type: ignore[attr-defined]
        self.records += [numbered.record for numbered in messages]
        self.kept.keep(position, self._reader.stream)

    async def until(self, condition: Callable[[], bool]) -> None:
        running = asyncio.ensure_future(self._reader.run())
        try:
            async with asyncio.timeout(15):
                while not condition():
                    await asyncio.sleep(0.02)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def publish(link: NatsLink, *names: str) -> None:
    context = link.jetstream()
    await ensure_stream(context, MESSAGING, ORDERS)
    for name in names:
        payload = link.envelope(MESSAGING.subjects.orders, CancelBody(id=name, client_id=name))
        await context.publish(MESSAGING.subjects.orders, payload, headers={RECORD_HEADER: f"journal:{len(name)}"})


async def test_it_goes_on_where_it_ended_and_reads_another_stream_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "position.json"
    async with running_server(tmp_path / "nats") as server:
        async with connected(server) as link:
            await publish(link, "a", "bb")
            first = Reader(link, file)
            await first.until(lambda: len(first.taken) == 2)
            assert first.records == ["journal:1", "journal:2"]
            await publish(link, "c")
            second = Reader(link, file)
            await second.until(lambda: bool(second.taken))
            assert second.taken == ["c"]
        await server.stop()
        shutil.rmtree(tmp_path / "nats" / "streams")
        await server.start()
        async with connected(server) as link:
            # It has grown beyond where the reader was in the one before.
            await publish(link, "v", "w", "x", "y", "z")
            third = Reader(link, file)
            await third.until(lambda: len(third.taken) >= 5)
            assert third.taken == ["v", "w", "x", "y", "z"]
