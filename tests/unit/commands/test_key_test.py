"""`workstation keys test` against a small exchange on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.program import configuration
from tests.end_to_end.sandbox_server import running_sandbox
from tests.unit.venues.exchange.fake_binance import FakeBinance
from workstation.__main__ import main

KEY, SECRET = "AbCdTESTEDkey01234567", "s3cretTESTEDsecret123"
RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
ALLOWED = {"enableSpotAndMarginTrading": False, "enableFutures": True, "enableWithdrawals": False, "ipRestrict": True}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSTATION_KEY_MAIN", KEY)
    monkeypatch.setenv("WORKSTATION_SECRET_MAIN", SECRET)


async def outcome(folder: Path, address: str, name: str = "main", market: str = "linear") -> int:
    file = configuration(folder, f"exchange:\n  address: {address}\n  market: {market}\n")
    arguments = ["keys", "test", name, "--config", str(file), "--profile", "test"]
    return await asyncio.to_thread(main, arguments)


async def test_it_tells_what_the_key_may_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with FakeBinance().serving() as fake:
        fake.on("GET", "/fapi/v3/account", {"assets": []})
        fake.on("GET", RESTRICTIONS, ALLOWED)
        assert await outcome(tmp_path, fake.address) == 0
        assert capsys.readouterr().out == (
            f"Key main works at {fake.address}, linear.\n"
            "Read       yes\n"
            "Trade      yes\n"
            "Withdraw   no\n"
            "Addresses  limited to some\n"
        )
        assert {method for method, _, _ in fake.requests} == {"GET"}, "it changes nothing"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"enableFutures": False}, "Trade      no\n"),
        (
            {"enableWithdrawals": True},
            "Withdraw   yes: live trading is refused, as exchange.withdrawal_permission says\n",
        ),
        ({"ipRestrict": False}, "Addresses  any: limit the key to your IP address at the exchange\n"),
    ],
)
async def test_it_warns_of_what_should_not_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], line: str
):
    async with FakeBinance().serving() as fake:
        fake.on("GET", "/fapi/v3/account", {"assets": []})
        fake.on("GET", RESTRICTIONS, {**ALLOWED, **changes})
        assert await outcome(tmp_path, fake.address) == 0
    assert line in capsys.readouterr().out


async def test_what_the_exchange_does_not_tell_is_not_made_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with FakeBinance().serving() as fake:
        fake.on("GET", "/fapi/v3/account", {"assets": []})
        fake.on("GET", RESTRICTIONS, {"code": -1000, "msg": "unknown"}, status=404)
        assert await outcome(tmp_path, fake.address) == 0
    said = capsys.readouterr().out
    assert said.count("not told by the exchange") == 3 and "live trading is refused" in said


@pytest.mark.parametrize(
    ("code", "said"),
    [(-2014, "does not know the key “main”"), (-1022, "its secret is wrong"), (-2015, "does not let the key “main”")],
)
async def test_a_key_that_does_not_work_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, said: str
):
    async with FakeBinance().serving() as fake:
        fake.on("GET", "/fapi/v3/account", {"code": code, "msg": f"{KEY} {SECRET}"}, status=401)
        assert await outcome(tmp_path, fake.address) == 5
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and KEY not in error and SECRET not in error


async def test_without_the_key_nothing_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with FakeBinance().serving() as fake:
        assert await outcome(tmp_path, fake.address, name="other") == 2
        assert fake.requests == []
    assert "keyring" in capsys.readouterr().err


async def test_an_exchange_that_cannot_be_reached_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with FakeBinance().serving() as fake:
        address = fake.address
    assert await outcome(tmp_path, address) == 5
    assert f"{address} cannot be reached" in capsys.readouterr().err


async def test_a_key_of_the_sandbox_exchange(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    async with running_sandbox() as sandbox:
        sandbox.add_key(
            "a-withdrawing-key", "a-withdrawing-secret", permissions=frozenset({"read", "spot", "withdraw"})
        )
        for key, secret, withdraw in (
            (sandbox.key, sandbox.secret, "Withdraw   no\n"),
            ("a-withdrawing-key", "a-withdrawing-secret", "Withdraw   yes: live trading is refused"),
        ):
            monkeypatch.setenv("WORKSTATION_KEY_MAIN", key)
            monkeypatch.setenv("WORKSTATION_SECRET_MAIN", secret)
            assert await outcome(tmp_path, sandbox.address, market="spot") == 0
            assert withdraw in capsys.readouterr().out
