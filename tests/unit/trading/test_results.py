"""Results by strategy, symbol, day and who traded: hand-computed cases, and sums that agree whatever the grouping."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.instrument import Instrument
from workstation.core.timeframe import DAY_NS, parse_utc
from workstation.core.types import EXTERNAL, MANUAL, InstrumentKind, Liquidity, Side
from workstation.core.views import FillView, FundingView
from workstation.trading.results import BOTS, UNSHARED, Grouping, Result, Results, fee_in_settlement

START = parse_utc("2024-03-01")
BTC = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.LINEAR,
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    minimum_notional=Decimal(5),
)
COIN = msgspec.structs.replace(BTC, symbol="BTCUSD", quote="USD", kind=InstrumentKind.INVERSE, lot=Decimal(1))
INSTRUMENTS = {"BTCUSDT": BTC, "BTCUSD": COIN}


def fill(owner: str = "ema_cross", ts_ns: int = START, **changes) -> FillView:
    return FillView(
        **{
            "fill_id": "1",
            "client_id": "c",
            "ts_ns": ts_ns,
            "symbol": "BTCUSDT",
            "owner": owner,
            "side": Side.BUY,
            "quantity": Decimal("0.010"),
            "price": Decimal("40000.0"),
            "fee": Decimal("0.16"),
            "fee_asset": "USDT",
            "liquidity": Liquidity.TAKER,
            "realised": Decimal(0),
            "slippage": Decimal(0),
            "reason": "",
            **changes,
        }
    )


def of(*fills: FillView) -> Results:
    results = Results(INSTRUMENTS)
    for each in fills:
        results.add(each)
    return results


def by_name(results: Results, grouping: Grouping) -> dict[str, Decimal]:
    return {result.name: result.net for result in results.by(grouping)}


def test_fees_are_subtracted_and_funding_added_in_the_days_of_utc() -> None:
    results = of(fill(), fill(ts_ns=START + DAY_NS - 1, realised=Decimal("2.5")), fill(ts_ns=START + DAY_NS))
    results.add_funding(FundingView("f", START + DAY_NS, "BTCUSDT", Decimal("-0.05"), "USDT"))
    assert by_name(results, Grouping.DAY) == {"2024-03-01": Decimal("2.18"), "2024-03-02": Decimal("-0.21")}
    (whole,) = results.by(Grouping.SYMBOL)
    assert whole == Result("BTCUSDT", "USDT", 3, Decimal("2.5"), Decimal("0.48"), Decimal("-0.05"))
    assert by_name(results, Grouping.STRATEGY) == {"ema_cross": Decimal("2.02"), UNSHARED: Decimal("-0.05")}
    assert results.since_ns == START


def test_people_and_strategies_are_told_apart() -> None:
    results = of(fill("a"), fill("b"), fill(MANUAL), fill(EXTERNAL), fill("venue"))
    fills = {result.name: result.fills for result in results.by(Grouping.WHO)}
    assert fills == {BOTS: 2, "by hand": 1, "elsewhere": 1, "liquidations": 1}


def test_a_fee_in_the_base_is_worth_its_price_and_one_in_a_third_asset_is_told_apart() -> None:
    in_base = fill(fee=Decimal("0.00001"), fee_asset="BTC")
    assert fee_in_settlement(in_base, BTC) == Decimal("0.4")
    results = of(in_base, fill(fee=Decimal("0.002"), fee_asset="BNB"))
    assert results.net() == {"USDT": Decimal("-0.4")}
    assert results.unpriced == {"BNB": Decimal("0.002")}


def test_assets_are_not_added_to_each_other_and_a_symbol_without_an_instrument_is_counted() -> None:
    coin = fill(symbol="BTCUSD", fee=Decimal("0.00002"), fee_asset="BTC", realised=Decimal("0.001"))
    results = of(fill(), coin, fill(symbol="GONEUSDT"))
    assert results.net() == {"USDT": Decimal("-0.16"), "BTC": Decimal("0.00098")}
    assert results.unknown == 1


MONEY = st.integers(-(10**14), 10**14).map(lambda units: Decimal(units).scaleb(-8))
FILLS = st.builds(
    fill,
    owner=st.sampled_from(["a", "b", MANUAL, EXTERNAL, "venue"]),
    ts_ns=st.integers(0, 5 * DAY_NS).map(lambda after: START + after),
    symbol=st.sampled_from(["BTCUSDT", "BTCUSD"]),
    fee=MONEY,
    fee_asset=st.sampled_from(["USDT", "BTC", "BNB"]),
    realised=MONEY,
)


@given(st.lists(FILLS, max_size=30), st.lists(MONEY, max_size=5))
def test_every_grouping_adds_up_to_the_same(fills: list[FillView], payments: list[Decimal]) -> None:
    results = of(*fills)
    for number, amount in enumerate(payments):
        results.add_funding(FundingView(str(number), START, "BTCUSDT", amount, "USDT"))
    for grouping in Grouping:
        nets: dict[str, Decimal] = {}
        for result in results.by(grouping):
            nets[result.asset] = nets.get(result.asset, Decimal(0)) + result.net
        assert nets == results.net()
        assert sum(result.fills for result in results.by(grouping)) == len(fills)


def test_drawdowns_follow_the_sum_of_days() -> None:
    nets = ((0, "grid", "5"), (1, "grid", "-3"), (1, "ema_cross", "-4"), (2, "grid", "-1"), (3, "ema_cross", "9"))
    results = of(
        *(fill(owner, START + day * DAY_NS, realised=Decimal(net), fee=Decimal(0)) for day, owner, net in nets)
    )
    by_strategy = results.drawdowns(Grouping.STRATEGY)
    assert by_strategy == {("grid", "USDT"): Decimal(-4), ("ema_cross", "USDT"): Decimal(-4)}
    assert results.drawdowns(Grouping.SYMBOL) == {("BTCUSDT", "USDT"): Decimal(-8)}
    by_day = {name[-2:]: fall for (name, _), fall in results.drawdowns(Grouping.DAY).items()}
    assert by_day == {"01": 0, "02": -7, "03": -8, "04": 0}
    assert results.drawdowns(Grouping.HOUR) == {}
