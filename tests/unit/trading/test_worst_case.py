"""Owners are counted apart, and reducing orders as far as they could overrun."""

from __future__ import annotations

from typing import Any

from tests.unit.trading.bench import BTC, LAST, Bench, buy, changed, sell
from workstation.core.types import OrderRole, Side
from workstation.trading.denials import DenialCode


def sides(bench: Bench, overrun: bool = True) -> tuple[int, ...]:
    return tuple(bench.gate.exposure.worst_case.sides(BTC, overrun=overrun))


def test_what_one_owner_holds_short_does_not_make_up_for_another_ones_long() -> None:
    bench = Bench()
    bench.hold(BTC, 100, "ema")
    bench.hold(BTC, -80, "grid")
    assert bench.ledger.net_lots[BTC] == 20
    assert sides(bench) == (100, 80, 0, 0)
    assert bench.gate.exposure.worst_case.sides(BTC).worst == 100


def test_lesson_13_an_entry_is_judged_by_what_remains_when_the_other_owner_leaves() -> None:
    bench = Bench(changed(position_value=60_000_000, order_lots={BTC: 1_000}, order_value=100_000_000))
    limit = 60
    bench.hold(BTC, limit * 10, "ema")
    bench.hold(BTC, -limit * 10, "grid")
    assert bench.ledger.net_lots[BTC] == 0
    assert bench.code(buy(20, price=LAST, owner="manual")) is DenialCode.POSITION_VALUE


def test_an_exit_beside_a_stop_could_overrun_the_position() -> None:
    bench = Bench()
    bench.hold(BTC, 10, "ema")
    bench.submit(sell(10, owner="ema", reduce_only=True, stop_price=LAST - 5, role=OrderRole.PROTECTIVE_STOP))
    assert sides(bench) == (10, 0, 0, 0)
    bench.submit(sell(10, owner="ema", reduce_only=True))
    assert sides(bench) == (10, 0, 0, 10)
    assert sides(bench, overrun=False) == (10, 0, 0, 0)


def test_of_exits_that_cancel_each_other_the_larger_counts() -> None:
    bench = Bench()
    bench.hold(BTC, 10, "ema")
    for lots, stop_price in ((10, LAST - 5), (10, LAST - 9)):
        terms: dict[str, Any] = {"owner": "ema", "reduce_only": True, "stop_price": stop_price, "oco_group": "g"}
        bench.submit(sell(lots, **terms))
    assert sides(bench) == (10, 0, 0, 0)


def test_a_stop_and_the_one_that_takes_its_place_may_both_execute() -> None:
    """The soak found it: where a venue cannot change a stop, the new one is there before the old one has gone."""
    bench = Bench()
    bench.hold(BTC, 10, "ema")
    terms: dict[str, Any] = {"owner": "ema", "reduce_only": True, "oco_group": "g"}
    for lots in (10, 6):
        bench.submit(sell(lots, stop_price=LAST - 5, role=OrderRole.PROTECTIVE_STOP, **terms))
    bench.submit(sell(10, price=LAST + 9, role=OrderRole.TAKE_PROFIT, **terms))
    assert sides(bench) == (10, 0, 0, 6)


def test_exits_of_an_entry_that_has_not_filled_count_for_nothing() -> None:
    bench = Bench()
    entry = bench.submit(buy(10, price=LAST, owner="ema"))
    bench.submit(sell(10, owner="ema", reduce_only=True, stop_price=LAST - 5, parent_id=entry.client_id))
    assert sides(bench) == (0, 0, 10, 0)


def test_the_venue_is_told_of_a_reduction_only_where_nobody_holds_against_it() -> None:
    bench = Bench()
    bench.hold(BTC, 10, "ema")
    alone = bench.submit(sell(4, owner="ema", reduce_only=True, stop_price=LAST - 5))
    bench.hold(BTC, -30, "grid")
    opposed = bench.submit(sell(4, owner="ema", reduce_only=True, stop_price=LAST - 6))
    assert (alone.reduce_only, alone.venue_reduces) == (True, True)
    assert (opposed.reduce_only, opposed.venue_reduces) == (True, False)
    assert bench.gate.exposure.worst_case.opposed("ema", BTC, Side.SELL)
    assert not bench.gate.exposure.worst_case.opposed("ema", BTC, Side.BUY)
