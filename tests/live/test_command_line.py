"""Live trading that cannot start says why in one sentence, with what to do about it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from tests.live.profile import write_profile
from tests.live.world import SYMBOLS
from tests.replay.paper_session import PaperSession, busy_configuration
from workstation.__main__ import main

ALL = frozenset({"read", "spot", "futures", "withdraw"})


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    use_key(monkeypatch, "practice-key", "practice-secret")


def use_key(monkeypatch: pytest.MonkeyPatch, key: str, secret: str) -> None:
    monkeypatch.setenv("WORKSTATION_KEY_PRACTICE", key)
    monkeypatch.setenv("WORKSTATION_SECRET_PRACTICE", secret)


async def refused(folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]) -> str:
    """What it says on standard error: one sentence, with a status that is not 0."""
    arguments = ["--no-gui", "--for", "1", "--data", str(folder / "data"), *options]
    status = await asyncio.to_thread(main, arguments)
    told = capsys.readouterr()
    lines = told.err.strip().splitlines()
    assert status != 0 and len(lines) == 1 and lines[0].startswith("workstation: "), (status, told)
    assert "Traceback" not in told.out + told.err
    return lines[0]


EXCHANGES: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "an unknown exchange": ({"exchange": {"name": "binanze", "address": ""}}, "exchange.name is binanze.*binance"),
    "an unlisted symbol": ({"market": {"symbols": [*SYMBOLS, "SOLUSDT"]}}, "SOLUSDT is not listed; take it out"),
    "nobody answers": ({"exchange": {"address": "http://127.0.0.1:9"}}, "127.0.0.1:9.*check"),
    "no TLS": ({"exchange": {"address": "https://127.0.0.1:{port}"}}, "TLS|certificate|https"),
    "another leverage": ({"account": {"leverage": 5}}, "account.leverage is 5"),
    "another margin mode": ({"account": {"margin_mode": "isolated"}}, "account.margin_mode is isolated"),
    "another tick": ({"instruments": {"BTCUSDT": {"tick": 0.1}}}, r"instruments.BTCUSDT.tick is 0.1, write 0.01"),
    "another lot": ({"instruments": {"BTCUSDT": {"lot": 0.001}}}, r"instruments.BTCUSDT.lot is 0.001, write 0.00001"),
    "not confirmed": ({"live": {"confirm_account": ""}}, "write the account's name, “practice”, under live.confirm_"),
    "another account": ({"live": {"confirm_account": "other"}}, "the account is “practice”, not “other”"),
    "no exchange": ({"market": {"source": "built_in"}}, "market.source"),
}


@pytest.mark.parametrize("what", EXCHANGES)
async def test_what_does_not_fit_the_exchange(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
):
    changes, said = EXCHANGES[what]
    address = changes.get("exchange", {}).get("address", "").format(port=sandbox.server.port)
    if address:
        changes = {**changes, "exchange": {"address": address}}
    text = await refused(tmp_path, capsys, write_profile(tmp_path, sandbox.address, changes=changes))
    assert re.search(said, text), text
    assert not (tmp_path / "data" / "journal.sqlite3").exists()


KEYS = {
    "wrong secret": (("practice-key", "other-secret"), "its secret is wrong"),
    "unknown key": (("other-key", "other-secret"), "it is unknown"),
    "may only read": (("reader-key", "reader-secret"), "does not allow futures trading"),
    "may withdraw": (("mighty-key", "mighty-secret"), "take that permission away"),
}


@pytest.mark.parametrize("what", KEYS)
async def test_a_key_that_does_not_do(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, what: str
):
    sandbox.add_key("reader-key", "reader-secret", "practice", frozenset({"read"}))
    sandbox.add_key("mighty-key", "mighty-secret", "practice", ALL)
    (key, secret), said = KEYS[what]
    use_key(monkeypatch, key, secret)
    text = await refused(tmp_path, capsys, write_profile(tmp_path, sandbox.address))
    assert said in text and secret not in text


async def test_no_key_at_all(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("WORKSTATION_KEY_PRACTICE")
    monkeypatch.delenv("WORKSTATION_SECRET_PRACTICE")
    text = await refused(tmp_path, capsys, write_profile(tmp_path, sandbox.address))
    assert "WORKSTATION_KEYS_FILE" in text and "keyring" in text


async def test_lesson_9_and_15_a_clock_off_by_an_hour_and_hedge_mode(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = write_profile(tmp_path, sandbox.address)
    sandbox.account.futures.hedge_mode = True
    sandbox.chaos.set("clock_skew", value=3_600_000)
    text = await refused(tmp_path, capsys, options)
    assert "more than risk.clock_drift_s" in text and "switch it to one-way mode" in text


async def test_the_data_folder_of_a_paper_account_and_one_that_is_in_use(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = write_profile(tmp_path, sandbox.address)
    paper = PaperSession(tmp_path / "data", busy_configuration())
    assert "process id" in await refused(tmp_path, capsys, options)
    paper.close()
    text = await refused(tmp_path, capsys, options)
    assert "holds a PAPER account" in text and "--data" in text
