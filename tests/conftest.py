"""What holds for every test: no window on the screen, no keyring, loopback only, no unexpected warning."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Generator, Iterator
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")

import pytest
from hypothesis import HealthCheck, settings

# Before a test imports ccxt, so that it is loaded as the program loads it: not whole.
import workstation.venues.exchange as _  # noqa: F401

# A run in the background may be started with this signal ignored, which the programs under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("quick", parent=settings.get_profile("suite"), max_examples=10)
settings.register_profile("thorough", parent=settings.get_profile("suite"), derandomize=False, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


class UnexpectedLogRecords(logging.Handler):
    """Collects records of WARNING or worse, but for those whose message contains an allowed part."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(logging.WARNING)
        self._allowed = allowed
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not any(part in message for part in self._allowed):
            self._lines.append(f"{record.levelname} {record.name}: {message}")

    def clear(self) -> None:
        self._lines.clear()

    def fail_if_any(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            listing = "\n  ".join(lines)
            pytest.fail(f"unexpected log records (marker allow_log_warnings):\n  {listing}", pytrace=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long and which way the walk through all actions goes."""
    parser.addoption("--walk-minutes", type=float, default=0.0, help="walk through the actions for so long")
    parser.addoption("--walk-seed", type=int, default=7, help="the order of that walk")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Keeps what collection makes, which stays to the end, from the garbage collector: half a second a look."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


_RECORDS = pytest.StashKey[UnexpectedLogRecords]()


@pytest.fixture(autouse=True)
def _no_unexpected_log_records(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every record of WARNING or worse fails the test, unless `@pytest.mark.allow_log_warnings` allows it."""
    markers = list(request.node.iter_markers("allow_log_warnings"))
    if any(not marker.args for marker in markers):
        yield
        return
    records = UnexpectedLogRecords(tuple(part for marker in markers for part in marker.args))
    request.node.stash[_RECORDS] = records
    root = logging.getLogger()
    root.addHandler(records)
    yield
    root.removeHandler(records)
    records.fail_if_any()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Reports the records of the test's body as its failure; what comes later is an error of its teardown."""
    records = item.stash.get(_RECORDS, None)
    try:
        result = yield
    except BaseException:
        if records is not None:
            records.clear()
        raise
    if records is not None:
        records.fail_if_any()
    return result


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")


def _refuse_remote(address: object) -> None:
    if not _is_loopback(address):
        # The record fails the test even where the code under test copes with the refusal.
        logging.getLogger(__name__).error("refused a connection to %s: tests use loopback only", address)
        raise ConnectionRefusedError(f"tests use loopback only, not {address}")


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuses addresses outside this machine, so that a test cannot reach the network unnoticed."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(self: socket.socket, address: Any, /) -> None:
        _refuse_remote(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any, /) -> int:
        _refuse_remote(address)
        return connect_ex(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    yield
    patch.undo()
