"""Results and executions of a span from the database agree with those of the executions themselves."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trading.test_results import BTC, COIN, START
from workstation.backtest.fill_trips import FillTrips
from workstation.core.timeframe import DAY_NS, HOUR_NS
from workstation.core.types import Liquidity, Side
from workstation.core.views import FillView, FundingView
from workstation.session.trade_history import EVER, Cancelled, Span, TradeHistory
from workstation.storage.database import FillRow, FundingRow, open_database
from workstation.trading.results import Grouping, Results

INSTRUMENTS = {"BTCUSDT": BTC, "BTCUSD": COIN}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[peewee.SqliteDatabase]:
    opened = open_database(Path(tmp_path_factory.mktemp("history")) / "history.sqlite3")
    opened.close()
    yield opened


def view(place: int, hours: int, **changes: Any) -> FillView:
    return FillView(
        **{
            "fill_id": str(place),
            "client_id": f"c{place}",
            "ts_ns": START + hours * HOUR_NS,
            "symbol": "BTCUSDT",
            "owner": "grid",
            "side": Side.BUY,
            "quantity": Decimal("0.010"),
            "price": Decimal("40000.1"),
            "fee": Decimal("0.16"),
            "fee_asset": "USDT",
            "liquidity": Liquidity.TAKER,
            "realised": Decimal("1.5"),
            "slippage": Decimal(0),
            "reason": "",
            **changes,
        }
    )


def keep(database: peewee.SqliteDatabase, fills: list[FillView], payments: list[FundingView] = []) -> None:  # noqa: B006
    """Make the database hold exactly these."""
    with database.connection_context(), database.bind_ctx((FillRow, FundingRow)):
        FillRow.delete().execute()
        FundingRow.delete().execute()
        for seq, fill in enumerate(fills, 1):
            FillRow.create(
                seq=seq,
                session=1,
                owner="" if fill.owner == "venue" else fill.owner,
                side=fill.side.word,
                liquidity=fill.liquidity.value,
                **{
                    name: getattr(fill, name)
                    for name in (
                        "fill_id",
                        "client_id",
                        "ts_ns",
                        "symbol",
                        "quantity",
                        "price",
                        "fee",
                        "fee_asset",
                        "realised",
                        "slippage",
                    )
                },
            )
        for payment in payments:
            FundingRow.insert(
                funding_id=payment.funding_id,
                session=1,
                ts_ns=payment.ts_ns,
                symbol=payment.symbol,
                amount=payment.amount,
                asset=payment.asset,
            ).execute()


def history(database: peewee.SqliteDatabase, held: dict[tuple[str, str], Decimal] | None = None) -> TradeHistory:
    return TradeHistory(database, None, 0, INSTRUMENTS, held or {})


amounts = st.integers(-10_000, 10_000).map(lambda units: Decimal(units) / 100)
drawn_fills: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "hours": st.integers(0, 400),
        "owner": st.sampled_from(("grid", "manual", "venue")),
        "symbol": st.sampled_from(("BTCUSDT", "BTCUSD", "GONEUSDT")),
        "fee": amounts,
        "fee_asset": st.sampled_from(("USDT", "BTC", "BNB")),
        "realised": amounts,
        "price": st.integers(1, 900_000).map(lambda ticks: Decimal(ticks) / 10),
    }
)


@settings(max_examples=20)
@given(
    st.lists(drawn_fills, max_size=12),
    st.lists(st.tuples(st.integers(0, 400), amounts), max_size=5),
    st.integers(0, 400),
)
def test_sums_of_the_database_are_those_of_the_executions(
    database: peewee.SqliteDatabase, drawn: list[dict[str, Any]], paid: list[tuple[int, Decimal]], until: int
) -> None:
    views = [view(place, **each) for place, each in enumerate(drawn)]
    payments = [
        FundingView(f"f{place}", START + hours * HOUR_NS, "BTCUSDT", amount, "USDT")
        for place, (hours, amount) in enumerate(paid)
    ]
    keep(database, views, payments)
    span = Span(START + HOUR_NS, START + until * HOUR_NS)
    expected = Results(INSTRUMENTS)
    for fill in views:
        if span.holds(fill.ts_ns):
            expected.add(fill)
    for payment in payments:
        if span.holds(payment.ts_ns):
            expected.add_funding(payment)
    told = history(database).results(span)
    for grouping in Grouping:
        assert sorted(told.by(grouping)) == sorted(expected.by(grouping)), grouping
    assert told.net() == expected.net() and told.unknown == expected.unknown
    assert {asset: fee for asset, fee in told.unpriced.items() if fee} == {
        asset: fee for asset, fee in expected.unpriced.items() if fee
    }


def test_weekday_and_hour_are_of_utc(database: peewee.SqliteDatabase) -> None:
    # 2024-03-01 was a Friday.
    keep(database, [view(1, 0), view(2, 23), view(3, 24), view(4, 24 * 7)])
    told = history(database).results(EVER)
    assert {result.name: result.fills for result in told.by(Grouping.WEEKDAY)} == {"Friday": 3, "Saturday": 1}
    assert {result.name: result.fills for result in told.by(Grouping.HOUR)} == {"00:00": 3, "23:00": 1}


def test_a_span_is_read_with_what_opened_the_position_before_it(database: peewee.SqliteDatabase) -> None:
    def trade(place: int, hours: int, side: Side, lots: str, owner: str = "grid") -> FillView:
        return view(place, hours, side=side, quantity=Decimal(lots), owner=owner)

    made = [
        trade(1, 0, Side.BUY, "0.010"),
        trade(2, 1, Side.SELL, "0.010"),
        trade(3, 2, Side.BUY, "0.020"),
        trade(4, 3, Side.BUY, "0.010", "manual"),
        trade(5, 26, Side.SELL, "0.020"),
        trade(6, 27, Side.BUY, "0.030"),
        trade(7, 50, Side.SELL, "0.010"),
    ]
    keep(database, made)
    now = {("grid", "BTCUSDT"): Decimal("0.020"), ("manual", "BTCUSDT"): Decimal("0.010")}
    span = Span(START + DAY_NS, START + 2 * DAY_NS)
    read, after = history(database, now).fills(span)
    assert [fill.fill_id for fill in read] == ["3", "4", "5", "6"]
    assert after == {("grid", "BTCUSDT"): Decimal("0.030"), ("manual", "BTCUSDT"): Decimal("0.010")}
    trips = FillTrips(INSTRUMENTS, after, read)
    for fill in read:
        trips.add(fill)
    assert [(trip.strategy, trip.quantity) for trip in trips.trips.values()] == [("grid", Decimal("0.020"))]
    assert trips.unknown == 0
    from_before = history(database, {("grid", "BTCUSDT"): Decimal(1)}).fills(span)[0]
    assert [fill.fill_id for fill in from_before] == ["5", "6"], "an opening that is not found is not made up"


def test_a_long_reading_ends_when_nobody_waits(database: peewee.SqliteDatabase, monkeypatch: Any) -> None:
    monkeypatch.setattr("workstation.session.trade_history.PAGE", 2)
    keep(database, [view(place, place) for place in range(5)])
    assert len(history(database).fills(EVER)[0]) == 5
    with pytest.raises(Cancelled):
        history(database).fills(EVER, lambda: True)
