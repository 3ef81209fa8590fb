"""Thousands of random orders on both markets: whatever is placed, the books balance to the last digit."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.sandbox.practice import SYMBOLS, Practice, reopened
from tests.unit.sandbox.random_trader import Trader
from workstation.core.types import Side
from workstation.sandbox.listing import Market
from workstation.sandbox.orders import position_key
from workstation.sandbox.state_file import StateFile
from workstation.sandbox.wire import fixed

ROUNDS = 400


def check_spot(trader: Trader) -> None:
    desk = trader.practice.account.spot
    expected = dict(trader.deposited)
    for done in desk.executions:
        listing = desk.listings[done.symbol]
        expected[listing.base] += int(done.side) * listing.base_money(done.lots)
        expected[listing.quote] -= int(done.side) * done.worth
        expected[done.fee_asset] -= done.fee
        assert done.fee_asset == (listing.base if done.side is Side.BUY else listing.quote)
    for asset, amount in expected.items():
        assert desk.total(asset) == amount
        assert desk.locked(asset) >= 0
        assert desk.free(asset) >= 0


def check_lists(trader: Trader) -> None:
    """Of orders that exclude each other one alone trades, and their balance is locked once."""
    desk = trader.practice.account.spot
    locks = {"USDT": 0, "BTC": 0, "ETH": 0}
    for record in desk.open.values():
        if record.list_id < 0:
            locks[desk._locked_asset(record)] += desk._locks(record)
    for order_list in desk.lists.lists.values():
        records = desk.lists.records(order_list)
        assert order_list.is_open == any(record.is_open for record in records)
        assert order_list.is_open == (order_list in desk.lists.open_lists())
        pair = [record for record in records if record.order_id != order_list.working_id]
        assert sum(record.filled > 0 for record in pair) <= 1
        assert not any(record.filled for record in pair) or len([record for record in pair if record.is_open]) <= 1
        if order_list.working_id and desk.orders[order_list.working_id].status != "FILLED":
            assert not any(record.filled or record.status == "NEW" for record in pair)
        held = [record for record in records if record.is_open and record.status != "PENDING_NEW"]
        if held:
            assert len({desk._locked_asset(record) for record in held}) == 1
            locks[desk._locked_asset(held[0])] += max(desk._locks(record) for record in held)
    assert locks == {asset: desk.locked(asset) for asset in locks}
    told = {event["g"]: event["L"] for event in trader.practice.told("listStatus")}
    assert told == {
        list_id: "EXECUTING" if found.is_open else "ALL_DONE" for list_id, found in desk.lists.lists.items()
    }


def check_futures(trader: Trader) -> None:
    desk = trader.practice.account.futures
    assert desk.wallet("USDT") == sum(booking.amount for booking in desk.books.income)
    for key, holding in desk.books.holdings.items():
        done = [execution for execution in desk.executions if execution.position == key]
        assert holding.lots == sum(int(execution.side) * execution.lots for execution in done)
        worth = sum(int(execution.side) * execution.worth for execution in done)
        assert worth == holding.cost - holding.realised
        state = desk.venue.states[key]
        assert (state.lots, state.cost) == (holding.lots, holding.cost)
        assert not key.endswith(":LONG") or holding.lots >= 0
        assert not key.endswith(":SHORT") or holding.lots <= 0
    booked = sum(done.realised - done.fee for done in desk.executions)
    others = sum(booking.amount for booking in desk.books.income if booking.kind in ("TRANSFER", "FUNDING_FEE"))
    assert desk.wallet("USDT") == booked + others


def check_orders(trader: Trader, market: Market) -> None:
    desk = trader.practice.account.desk(market)
    filled: dict[int, int] = {}
    for done in desk.executions:
        filled[done.order_id] = filled.get(done.order_id, 0) + done.lots
        record = desk.orders[done.order_id]
        if record.price and record.original_type != "LIQUIDATION" and not record.client_order_id.startswith("adl"):
            assert (done.price - record.price) * int(record.side) <= 0 or record.updated_ns > done.ts_ns
    for record in desk.orders.values():
        assert record.filled == filled.get(record.order_id, 0) <= record.lots
        assert record.is_open == (record.order_id in desk.open)
        assert (record.status == "FILLED") == (record.filled == record.lots)


def check_tape(trader: Trader, market: Market) -> None:
    for symbol in SYMBOLS:
        listing = trader.practice.listing(symbol, market)
        tape = listing.tape.trades.latest(1 << 40)
        assert [trade.trade_id for trade in tape] == list(range(tape[0].trade_id, tape[0].trade_id + len(tape)))
        by_id = {trade.trade_id: trade for trade in tape}
        for done in trader.practice.account.desk(market).executions:
            if done.symbol == symbol and done.trade_id in by_id:
                printed = by_id[done.trade_id]
                assert (printed.price, printed.lots, printed.worth) == (done.price, done.lots, done.worth)
                assert printed.side is (done.side.opposite if done.maker else done.side)
        aggregates = listing.tape.aggregates.latest(1 << 40)
        assert all(a.last_id + 1 == b.first_id for a, b in itertools.pairwise(aggregates))
        assert not listing.public.crossed


def check_told(trader: Trader) -> None:
    """What the streams have told is where the account stands."""
    practice = trader.practice
    spot, futures = practice.account.spot, practice.account.futures
    free = {b["a"]: (b["f"], b["l"]) for event in practice.told("outboundAccountPosition") for b in event["B"]}
    for asset, told in free.items():
        assert told == (fixed(spot.free(asset)), fixed(spot.locked(asset)))
    last: dict[int, dict[str, Any]] = {event["i"]: event for event in practice.told("executionReport")}
    for order_id, event in last.items():
        record, listing = spot.orders[order_id], spot.listings[event["s"]]
        assert (event["X"], event["z"], event["Z"]) == (
            record.status,
            listing.quantity_text(record.filled),
            fixed(record.worth),
        )
    trades = [event["t"] for event in practice.told("executionReport") if event["x"] == "TRADE"]
    assert trades == [done.trade_id for done in spot.executions]
    wallets = {b["a"]: b["wb"] for event in practice.told("ACCOUNT_UPDATE") for b in event["a"]["B"]}
    assert wallets["USDT"] == fixed(futures.wallet("USDT"))
    positions = {(p["s"], p["ps"]): p["pa"] for event in practice.told("ACCOUNT_UPDATE") for p in event["a"]["P"]}
    for (symbol, side), amount in positions.items():
        assert amount == futures.listings[symbol].quantity_text(futures.books.holdings[position_key(symbol, side)].lots)
    statuses = {event["o"]["aid"]: event["o"]["X"] for event in practice.told("ALGO_UPDATE")}
    for algo_id, status in statuses.items():
        assert futures.conditional.orders[algo_id].status == status


def check(trader: Trader) -> None:
    check_spot(trader)
    check_lists(trader)
    check_futures(trader)
    for market in Market:
        check_orders(trader, market)
        check_tape(trader, market)
    check_told(trader)


@pytest.mark.parametrize("hedge_mode", [False, True])
@pytest.mark.parametrize("seed", range(1, 6))
def test_books_balance_whatever_is_ordered(seed, hedge_mode, tmp_path):
    file = StateFile(tmp_path / "state")
    practice = Practice(seed, messages_per_second=30, volatility=5, store=file.write)
    if hedge_mode:
        with practice.exchange.turn():
            practice.account.futures.set_hedge_mode(True)
    trader = Trader(practice, seed)
    for number in range(ROUNDS):
        trader.act()
        practice.run(trader.random.choice((0.0, 0.05, 1.0)))
        if number % 50 == 0:
            check_spot(trader)
            check_lists(trader)
            check_futures(trader)
    check(trader)
    executions = practice.account.spot.executions + practice.account.futures.executions
    assert len(executions) > 100 and trader.refused < ROUNDS
    _restart_is_the_same(practice, file, tmp_path)


def _restart_is_the_same(practice: Practice, file: StateFile, folder: Path) -> None:
    file.close()
    exchange = practice.exchange
    again = reopened(exchange, folder / "state")
    before, after = practice.account, again.accounts["practice"]
    for market in Market:
        old, new = before.desk(market), after.desk(market)
        assert msgspec.to_builtins(new.orders) == msgspec.to_builtins(old.orders)
        assert msgspec.to_builtins(new.executions) == msgspec.to_builtins(old.executions)
        assert new.account_state() == old.account_state()
        assert set(new.open) == set(old.open)
        assert set(new.venue._desk.orders) == set(old.venue._desk.orders)
    assert msgspec.to_builtins(after.spot.lists.lists) == msgspec.to_builtins(before.spot.lists.lists)
    assert after.spot.lists.open_lists() == before.spot.lists.open_lists()
    assert msgspec.to_builtins(after.futures.books.income) == msgspec.to_builtins(before.futures.books.income)
    waiting = [order.algo_id for order in before.futures.conditional.open_orders("")]
    assert [order.algo_id for order in after.futures.conditional.open_orders("")] == waiting
    assert again.floor.next_ids == exchange.floor.next_ids
    for asset in ("USDT", "BTC", "ETH"):
        assert after.spot.free(asset) == before.spot.free(asset)


def test_the_same_seed_gives_the_same_events():
    told = []
    for _ in range(2):
        practice = Practice(3)
        trader = Trader(practice, 3)
        for _ in range(60):
            trader.act()
            practice.run(0.2)
        told.append(practice.events)
    assert told[0] == told[1]
