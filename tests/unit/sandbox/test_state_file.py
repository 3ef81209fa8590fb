"""The state file: what is written is there, and what cannot be used is said in a sentence."""

from __future__ import annotations

import sqlite3
import stat
from functools import partial
from typing import Any

import msgspec
import pytest

from tests.unit.sandbox.practice import BUY, START_NS, Practice, settings
from workstation.core.errors import ConfigurationError, StorageError
from workstation.core.timeframe import SECOND_NS
from workstation.sandbox.listing import Market
from workstation.sandbox.opening import IDS_A_RUN, PRACTICE, open_exchange
from workstation.sandbox.orders import NewOrder
from workstation.sandbox.state_file import StateFile, grouped

TERMS: dict[str, Any] = {"key": "k", "secret": "s", "seed": 1}


def test_things_come_back_by_kind_and_number(tmp_path):
    file = StateFile(tmp_path / "state")
    for number in (9, 10, 100):
        file.write({("order", "a", str(number)): partial(int, number)})
    file.write({("orders", "a", "1"): lambda: 7, ("order", "b", "3"): lambda: 3, ("order", "a", "9"): lambda: 90})
    assert grouped(file.all("order", int), 1) == {("a",): [90, 10, 100], ("b",): [3]}
    assert file.one("orders", int) == 7 and file.one("nothing", int) is None
    file.close()


def test_only_its_owner_can_read_it(tmp_path):
    StateFile(tmp_path / "state").close()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


def test_one_exchange_alone_has_it(tmp_path):
    file = StateFile(tmp_path / "state")
    with pytest.raises(StorageError, match="held by another program"):
        StateFile(tmp_path / "state")
    file.close()
    StateFile(tmp_path / "state").close()


def test_files_that_are_none(tmp_path):
    with pytest.raises(StorageError, match="There is no folder"):
        StateFile(tmp_path / "nowhere" / "state")
    (tmp_path / "text").write_text("hello " * 500)
    with pytest.raises(StorageError, match="is damaged"):
        StateFile(tmp_path / "text")
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(StorageError, match="is not a state file of the sandbox exchange"):
        StateFile(tmp_path / "other")
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StorageError, match="newer version"):
        StateFile(tmp_path / "newer")
    file = StateFile(tmp_path / "state")
    file.write({("order", "a", "1"): lambda: "text"})
    with pytest.raises(StorageError, match="holds a order that this version cannot read"):
        list(file.all("order", int))
    file.close()


def test_nothing_is_told_before_it_is_written():
    written = []
    practice = Practice(store=lambda changes: written.append(set(changes)))
    heard = []
    practice.exchange.on_event = lambda event: heard.append((event.body["e"], len(written)))
    before = len(written)
    practice.order(BUY, 1_000)
    assert {count for _, count in heard} == {before + 1}
    assert any(key[0] == "execution" for key in written[-1])


def test_what_cannot_be_written_is_not_told():
    def fail(changes):
        raise StorageError("The disk is full.")

    practice = Practice()
    practice.exchange.store = fail
    told = len(practice.events)
    with pytest.raises(StorageError):
        practice.order(BUY, 1_000)
    assert len(practice.events) == told


def test_a_restart_goes_on_with_ids_prices_and_keys(tmp_path):
    path = tmp_path / "state"
    opened = open_exchange(settings(), ["BTCUSDT"], **TERMS, state=path)
    exchange = opened.exchange
    exchange.advance(exchange.start_ns + 90 * SECOND_NS)
    with exchange.turn():
        account = exchange.accounts[PRACTICE]
        account.futures.set_leverage(account.futures.listings["BTCUSDT"], 7)
        account.futures.set_countdown("BTCUSDT", 60 * SECOND_NS)
        exchange.set_trading(exchange.listings[Market.SPOT]["BTCUSDT"], False)
    last, next_id = exchange.listings[Market.FUTURES]["BTCUSDT"].last, exchange.floor.next_ids["order"]
    first = exchange.listings[Market.SPOT]["BTCUSDT"].tape.next_id
    opened.close()
    opened = open_exchange(settings(), ["BTCUSDT", "ETHUSDT"], **{**TERMS, "secret": "new"}, state=path)
    again = opened.exchange
    account = again.accounts[PRACTICE]
    assert account.spot.total("USDT") == account.futures.wallet("USDT") == 10_000 * 10**8
    assert account.futures.venue.states["BTCUSDT"].leverage == 7
    assert list(account.futures.deadlines.countdowns()) == ["BTCUSDT"]
    assert not again.listings[Market.SPOT]["BTCUSDT"].is_trading and again.listings[Market.SPOT]["ETHUSDT"].is_trading
    assert again.floor.next_ids["order"] == next_id
    assert again.listings[Market.SPOT]["BTCUSDT"].tape.next_id >= first + IDS_A_RUN // 2
    assert again.keys["k"].secret == "new"
    again.advance(again.start_ns + SECOND_NS)
    assert abs(again.listings[Market.FUTURES]["BTCUSDT"].last - last) < last // 100
    opened.close()


def test_a_symbol_with_a_position_cannot_be_left_out(tmp_path):
    path = tmp_path / "state"
    opened = open_exchange(settings(), ["BTCUSDT", "ETHUSDT"], **TERMS, state=path)
    opened.exchange.advance(opened.exchange.start_ns + 2 * SECOND_NS)
    with opened.exchange.turn():
        opened.exchange.accounts[PRACTICE].futures.place(
            NewOrder(symbol="ETHUSDT", side=BUY, type="MARKET", client_order_id="", lots=1_000)
        )
    opened.close()
    with pytest.raises(ConfigurationError, match="open orders in ETHUSDT, which would not be offered: add it"):
        open_exchange(settings(), ["BTCUSDT"], **TERMS, state=path)
    open_exchange(settings(), ["ETHUSDT"], **TERMS, state=path).close()


def test_records_are_plain(tmp_path):
    """What is stored needs no more than the types of this package to be read."""
    practice = Practice(start_ns=START_NS)
    record = practice.order(BUY, 1_000)
    assert msgspec.convert(msgspec.to_builtins(record), type(record)) == record
