"""The services of a split engine as processes of their own on a test's nats-server, to be killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from nats.js.api import DeliverPolicy

from tests.end_to_end.program import ROOT, command, configuration, environment, journal
from workstation.core.errors import StorageError
from workstation.core.messages import Output
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.envelope import decode
from workstation.messaging.link import PASSWORD_VARIABLE, Address, NatsLink
from workstation.messaging.streams import EXECUTIONS
from workstation.storage.disk_journal import JournalReader
from workstation.storage.layout import DataFolder

STOP_S = 40


class Role(NamedTuple):
    """A service: what starts it, its profile, where NATS is for it when that is elsewhere, and its environment."""

    arguments: tuple[str, ...]
    profile: str
    address: Address | None = None
    environment: Mapping[str, str] = {}
    data: str = ""
    """Whose data folder it shares; its own where empty."""


class Services:
    """Each has its own data folder and log below ``folder``."""

    def __init__(self, address: Address, folder: Path, roles: Mapping[str, Role]) -> None:
        self._address = address
        self._folder = folder
        self.roles = dict(roles)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._tails: dict[str, JournalTail] = {}

    def data(self, role: str) -> Path:
        return self._folder / (self.roles[role].data or role) / "data"

    def options(self, role: str) -> tuple[str | Path, ...]:
        """Its configuration and data folder, for the command line."""
        address = self.roles[role].address or self._address
        profile = self.roles[role].profile.replace("{address}", address.servers[0]).replace("{user}", address.user)
        file = configuration(self._folder / role, profile)
        return "--config", file, "--profile", "test", "--data", self.data(role)

    def start(self, role: str) -> None:
        given = self.roles[role]
        options, arguments = self.options(role), given.arguments
        ordered = (*options, *arguments) if arguments[0].startswith("--") else (*arguments, *options)
        with (self._folder / f"{role}.log").open("ab") as log:
            self.processes[role] = subprocess.Popen(
                command(*ordered),
                cwd=ROOT,
                env=environment(**{PASSWORD_VARIABLE: self._address.password, **given.environment}),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self, *roles: str) -> None:
        """As ``kill -9``, all of them at once."""
        for role in roles:
            self.processes[role].send_signal(signal.SIGKILL)
        for role in roles:
            self.processes[role].wait()

    def stop(self, role: str) -> int:
        """In order; the exit status."""
        process = self.processes.pop(role)
        process.terminate()
        try:
            return process.wait(STOP_S)
        finally:
            process.kill()

    def end(self) -> None:
        """Leave nothing behind."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def log(self, role: str) -> str:
        file = self._folder / f"{role}.log"
        return file.read_text() if file.exists() else ""

    def said(self, most: int = 3_000) -> str:
        """The end of every log."""
        return "\n".join(f"== {role}\n{self.log(role)[-most:]}" for role in self.roles)

    def records(self, role: str, kind: type[Any]) -> list[Any]:
        try:
            return [record for record in journal(self.data(role))[1] if isinstance(record, kind)]
        except StorageError:
            # It is not there yet, or just being made.
            return []

    def seen(self, role: str, kind: type[Any]) -> int:
        """How many records of a kind its journal holds by now; reads only what is new."""
        tail = self._tails.setdefault(role, JournalTail(DataFolder(self.data(role)).journal))
        return tail.count(kind)

    async def until(self, condition: Callable[[], Any], timeout_s: float, what: str = "") -> None:
        """Wait until a condition holds; fails with every log, also when a service has ended by itself."""
        ends = time.monotonic() + timeout_s
        while not condition():
            ended = [role for role, process in self.processes.items() if process.poll() is not None]
            assert not ended, f"ended by itself: {ended}\n{self.said()}"
            assert time.monotonic() < ends, f"not within {timeout_s} s: {what}\n{self.said()}"
            await asyncio.sleep(0.1)


class JournalTail:
    """Counts a growing journal's records by their type."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seq = 0
        self._counts: dict[type[Any], int] = {}

    def count(self, kind: type[Any]) -> int:
        if self._file.exists():
            # A journal that is just being made has no tables yet.
            with contextlib.suppress(StorageError):
                self._read()
        return self._counts.get(kind, 0)

    def _read(self) -> None:
        reader = JournalReader(self._file)
        try:
            for record in reader.entries(self._seq):
                self._seq = record.seq
                kind = type(record.message)
                self._counts[kind] = self._counts.get(kind, 0) + 1
        finally:
            reader.close()


@contextmanager
def services(address: Address, folder: Path, roles: Mapping[str, Role]) -> Iterator[Services]:
    """All of them started; none outlives the test."""
    running = Services(address, folder, roles)
    try:
        for role in roles:
            running.start(role)
        yield running
    finally:
        running.end()


async def until(condition: Callable[[], Any], timeout_s: float, said: Callable[[], str]) -> None:
    """Wait until a condition holds; fails with what was said."""
    ends = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < ends, said()
        await asyncio.sleep(0.1)


async def executions(link: NatsLink, stream: str = EXECUTIONS) -> list[ExecutionBody]:
    """All that the stream of executions holds."""
    context = link.jetstream()
    count = (await context.stream_info(stream)).state.messages
    found: list[ExecutionBody] = []
    subscription = await context.subscribe(">", stream=stream, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL)
    while len(found) < count:
        body = decode((await subscription.next_msg(timeout=5)).data, ExecutionBody).body
        assert isinstance(body, ExecutionBody)
        found.append(body)
    await subscription.unsubscribe()
    return found


def fills(records: list[Any]) -> dict[str, tuple[str, int, int, int]]:
    """Order, price, lots and fee by the id of each execution."""
    return {record.fill_id: (record.client_id, record.price, record.lots, record.fee) for record in records}


def whole(data: Path) -> list[Output]:
    """Every record of a journal whose chain of hashes is whole."""
    reader = JournalReader(DataFolder(data).journal)
    reader.check_chain()
    reader.close()
    return journal(data)[1]
