"""What a position's row says of its risk: the multiple of the first stop's, and where the venue would close it."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.trading.outside_venue import BTC, PRICE, Exchange
from workstation.core.messages import AmendOrder, HeldPosition, Reconcile
from workstation.core.types import MANUAL, InstrumentKind, Mode, OrderRole, OrderType, Side
from workstation.core.views import PositionView
from workstation.trading.order_cost import FeeRates
from workstation.trading.views import EngineViews

LAST = PRICE[BTC]


def views_of(exchange: Exchange) -> EngineViews:
    return EngineViews(exchange.kernel, mode=Mode.LIVE, account="a", venue="v", rates=FeeRates(0, 0))


def shown(exchange: Exchange) -> PositionView:
    (position,) = views_of(exchange).positions()
    return position


def long(kind: InstrumentKind = InstrumentKind.LINEAR) -> Exchange:
    """With 100 lots, bought at the last price."""
    exchange = Exchange(kind=kind)
    exchange.tell_account()
    exchange.fill(exchange.place(Side.BUY, 100), 100)
    return exchange


def protect(exchange: Exchange, at: int, lots: int = 100) -> str:
    client_id = exchange.place(
        Side.SELL,
        lots,
        type=OrderType.STOP,
        stop_price=at,
        reduce_only=True,
        role=OrderRole.PROTECTIVE_STOP,
        owner=MANUAL,
    )
    exchange.accept(client_id)
    return client_id


def test_it_counts_in_the_risk_to_the_first_stop_wherever_that_has_gone() -> None:
    exchange = long()
    assert shown(exchange).r_multiple is None
    stop = protect(exchange, LAST - 200)
    exchange.quote(BTC, LAST + 300)
    assert shown(exchange).r_multiple == Decimal("1.50")
    exchange.command(AmendOrder(client_id=stop, stop_price=LAST))
    exchange.end(stop)
    protect(exchange, LAST + 100)
    exchange.quote(BTC, LAST - 100)
    assert shown(exchange).r_multiple == Decimal("-0.50")


def test_a_stop_that_waited_for_its_entry_is_the_first_and_a_part_that_is_closed_changes_nothing() -> None:
    exchange = Exchange()
    exchange.tell_account()
    entry = exchange.place(Side.SELL, 100, price=LAST, stop_loss=LAST + 100)
    exchange.accept(entry)
    exchange.fill(entry, 40, LAST)
    exchange.fill(entry, 60, LAST)
    exchange.quote(BTC, LAST - 50)
    assert shown(exchange).r_multiple == Decimal("0.50")
    exchange.fill(exchange.place(Side.BUY, 30, reduce_only=True), 30, LAST - 50)
    assert shown(exchange).r_multiple == Decimal("0.50")


def test_a_position_that_turned_has_had_no_stop() -> None:
    exchange = long()
    protect(exchange, LAST - 200)
    exchange.fill(exchange.place(Side.SELL, 250), 250)
    exchange.quote(BTC, LAST - 100)
    assert shown(exchange).r_multiple is None


def test_the_first_stop_survives_a_restart() -> None:
    exchange = long()
    stop = protect(exchange, LAST - 200)
    exchange.end(stop)
    protect(exchange, LAST - 50)
    after = Exchange(before=exchange)
    after.quote(BTC, LAST + 300)
    assert shown(after).r_multiple == Decimal("1.50")
    again = Exchange(before=after)
    again.quote(BTC, LAST + 300)
    assert shown(again).r_multiple == Decimal("1.50")


def test_the_exchanges_liquidation_price_is_shown_for_what_it_was_told_of() -> None:
    exchange = long()
    assert shown(exchange).liquidation is None
    held = exchange.kernel.ledger.positions[(MANUAL, BTC)]
    exchange.command(Reconcile())
    exchange.tell_account(positions=(HeldPosition(BTC, held.lots, held.cost, LAST - 900),))
    tick = exchange.kernel.markets[BTC].instrument.tick
    assert shown(exchange).liquidation == (LAST - 900) * tick
    exchange.fill(exchange.place(Side.BUY, 100), 100)
    assert shown(exchange).liquidation is None


def test_spot_is_never_liquidated() -> None:
    assert shown(long(InstrumentKind.SPOT)).liquidation == 0


def test_a_stop_of_a_part_is_told_as_one() -> None:
    exchange = long()
    tick, lot = exchange.kernel.markets[BTC].instrument.tick, exchange.kernel.markets[BTC].instrument.lot
    assert [shown(exchange).stop_at_venue, shown(exchange).stopped] == [None, 0]
    protect(exchange, LAST - 200, lots=60)
    assert (shown(exchange).stop_at_venue, shown(exchange).stopped) == ((LAST - 200) * tick, 60 * lot)
    protect(exchange, LAST - 300, lots=40)
    assert shown(exchange).stopped == 100 * lot


def test_a_stop_of_the_side_that_was_held_before_protects_nothing() -> None:
    exchange = long()
    protect(exchange, LAST - 200)
    exchange.fill(exchange.place(Side.SELL, 250), 250)
    assert [shown(exchange).stop_at_venue, shown(exchange).stopped] == [None, 0]


def test_the_use_of_the_limits_is_counted_in_the_accounts_currency() -> None:
    """1,000 contracts of 1 USD each, which settle in the coin: 1 % of 100,000."""
    exchange = Exchange(kind=InstrumentKind.INVERSE)
    exchange.tell_account()
    lots = exchange.kernel.markets[BTC].instrument.lots(Decimal(1_000))
    exchange.fill(exchange.place(Side.BUY, lots), lots)
    used = {row.name: row.value for row in views_of(exchange).risk().limits}
    assert f"{views_of(exchange).account().exposure_percent:.1f} %" == "1.0 %"
    assert [used["Gross exposure"], used["Largest position"]] == ["1.0 %", "1.0 %"]
