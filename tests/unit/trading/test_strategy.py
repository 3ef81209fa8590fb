"""What the base class promises to a strategy, with a context that only writes down."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Any
from unittest.mock import Mock

import pytest

from tests.unit.trading.bench import BTC, COIN, INSTRUMENTS, LAST, UNIT, instrument
from workstation.core.clock import EventClock
from workstation.core.errors import StrategyError
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.core.types import OrderRole, OrderType, Severity, Side, TimeInForce
from workstation.rules.position import PositionFigures
from workstation.rules.value import position_value
from workstation.trading.parameters import Integer, Number
from workstation.trading.strategy import Strategy


class Cross(Strategy):
    title = "Cross"
    fast = Integer(12, minimum=1, maximum=200)
    slow = Integer(26, minimum=2, maximum=400)
    band = Number(0.5, minimum=0.0)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ticked: list[str] = []

    def check_parameters(self) -> None:
        if self.fast >= self.slow:
            raise StrategyError("Parameter fast must be below slow.")

    def on_timer(self, tag: str) -> None:
        self.ticked.append(tag)


class Notebook:
    """The part of a context that these tests read back."""

    def __init__(self, terms: Any = INSTRUMENTS[BTC], lots: int = 0) -> None:
        self.instrument = terms
        self.clock = EventClock(5)
        self.intents: list[Intent] = []
        self.cancelled: list[str] = []
        self.orders: list[Order] = []
        self.held = lots
        self.last = LAST
        self.log = Mock()
        self.amend = Mock()
        self.signal = Mock()
        self.series = Mock()

    def now_ns(self) -> int:
        return self.clock.now_ns()

    def submit(self, intent: Intent) -> str:
        self.intents.append(intent)
        return f"n{len(self.intents)}"

    def cancel(self, client_id: str, reason: str) -> None:
        self.cancelled.append(client_id)

    def position(self) -> PositionFigures:
        return PositionFigures(self.held, 0)

    def open_orders(self) -> list[Order]:
        return self.orders

    def equity(self) -> int:
        return 10_000 * UNIT

    def last_price(self) -> int:
        return self.last

    def value(self, price: int, lots: int) -> int:
        return position_value(price, lots, *self.instrument.valuation)

    def call_at(self, when_ns: int, callback: Any) -> Any:
        return self.clock.call_at(when_ns, callback)


def attached(**context: Any) -> tuple[Cross, Notebook]:
    strategy, notebook = Cross("cross", BTC, "1h"), Notebook(**context)
    strategy.attach(notebook)  # type: ignore[arg-type]
    return strategy, notebook


def test_parameters_are_set_all_or_none() -> None:
    strategy = Cross("cross", BTC, "1h", {"fast": "5"})
    assert strategy.parameter_values() == {"fast": 5, "slow": 26, "band": 0.5}
    for values, part in (
        ({"fast": 6, "width": 1}, "has no parameter width; it has fast, slow, band"),
        ({"fast": 6, "slow": 1_000}, "slow is 1000"),
        ({"slow": 30, "fast": 30}, "fast must be below slow"),
    ):
        with pytest.raises(StrategyError, match=part):
            strategy.set_parameters(values)
        assert strategy.parameter_values() == {"fast": 5, "slow": 26, "band": 0.5}
    strategy.set_parameters({"slow": 300, "fast": 100})
    assert (strategy.fast, strategy.slow) == (100, 300)
    assert Cross("other", BTC, "1h").fast == 12


def test_what_it_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(StrategyError, match="fast must be below slow"):
        Cross("cross", BTC, "1h", {"fast": 100})


def test_without_an_engine_it_says_so() -> None:
    with pytest.raises(StrategyError, match="cross is not attached"):
        Cross("cross", BTC, "1h").buy(1)


@pytest.mark.parametrize(
    ("terms", "kind"),
    [
        ({}, OrderType.MARKET),
        ({"price": 5}, OrderType.LIMIT),
        ({"stop_price": 5}, OrderType.STOP),
        ({"price": 5, "stop_price": 6}, OrderType.STOP_LIMIT),
        ({"trail": 7}, OrderType.TRAILING_STOP),
        ({"trail": 7, "stop_price": 5}, OrderType.TRAILING_STOP),
        ({"stop_price": 5, "type": OrderType.TAKE_PROFIT}, OrderType.TAKE_PROFIT),
    ],
)
def test_the_type_of_an_order_follows_from_its_prices(terms: dict[str, Any], kind: OrderType) -> None:
    strategy, notebook = attached()
    assert strategy.buy(3, reason="why", tag="t", stop_loss=1, take_profit=9, **terms) == "n1"
    intent = notebook.intents[0]
    assert (intent.type, intent.side, intent.lots, intent.owner, intent.symbol) == (kind, Side.BUY, 3, "cross", BTC)
    assert (intent.reason, intent.tag, intent.stop_loss, intent.take_profit) == ("why", "t", 1, 9)
    assert (intent.reduce_only, intent.role) == (False, OrderRole.ENTRY)
    strategy.sell(4)
    assert (notebook.intents[1].side, notebook.intents[1].lots) == (Side.SELL, 4)


def test_an_order_may_have_a_date_and_be_an_iceberg() -> None:
    strategy, notebook = attached()
    strategy.buy(10, price=5, good_till_ns=MINUTE_NS, visible_lots=2)
    (intent,) = notebook.intents
    assert (intent.time_in_force, intent.good_till_ns, intent.visible_lots) == (TimeInForce.GTD, MINUTE_NS, 2)


@pytest.mark.parametrize(
    ("held", "lots", "expected"),
    [(10, None, (Side.SELL, 10)), (-10, None, (Side.BUY, 10)), (10, 4, (Side.SELL, 4)), (10, 40, (Side.SELL, 10))],
)
def test_closing_reduces_and_never_more_than_is_held(held: int, lots: int | None, expected: tuple[Side, int]) -> None:
    strategy, notebook = attached(lots=held)
    assert strategy.close("done", lots) == "n1"
    intent = notebook.intents[0]
    assert (intent.side, intent.lots) == expected
    assert (intent.reduce_only, intent.role, intent.type) == (True, OrderRole.EXIT, OrderType.MARKET)


def test_closing_when_flat_sends_nothing() -> None:
    strategy, notebook = attached()
    assert strategy.close() == ""
    assert notebook.intents == []


def test_cancelling_entries_leaves_exits_and_stops() -> None:
    strategy, notebook = attached()
    notebook.orders = [
        Order(client_id=role, symbol=BTC, side=Side.BUY, type=OrderType.LIMIT, lots=1, role=role) for role in OrderRole
    ]
    strategy.cancel_entries("over")
    assert notebook.cancelled == [OrderRole.ENTRY]


def test_lots_for_a_percentage_of_the_equity_are_rounded_down() -> None:
    strategy, notebook = attached()
    assert strategy.lots_for_percent(10) == 100
    assert strategy.lots_for_percent(Decimal("0.19")) == 1
    notebook.last = 0
    assert strategy.lots_for_percent(10) == 0


@pytest.mark.parametrize("last", [0, LAST])
def test_lots_for_a_percentage_of_an_inverse_contract(last: int) -> None:
    strategy, notebook = attached(terms=INSTRUMENTS[COIN])
    notebook.last = last
    assert strategy.lots_for_percent(10) == (100 if last else 0)


def test_prices_and_quantities_become_steps() -> None:
    strategy, _ = attached(terms=instrument(BTC, tick=Decimal("0.5"), lot=Decimal("0.01")))
    assert strategy.ticks(100.25) == 200
    assert strategy.ticks(Decimal("100.26")) == 201
    assert strategy.ticks(100.01, ROUND_CEILING) == 201
    assert strategy.lots(0.0299) == 2


def test_a_timer_comes_back_with_its_tag() -> None:
    strategy, notebook = attached()
    strategy.set_timer(MINUTE_NS, "look")
    cancelled = strategy.set_timer(MINUTE_NS, "never")
    cancelled.cancel()
    notebook.clock.advance(5 + MINUTE_NS)
    assert strategy.ticked == ["look"]


def test_it_reads_and_speaks_through_its_context() -> None:
    strategy, notebook = attached(lots=3)
    strategy.bars()
    strategy.bars("1m")
    assert [call.args for call in notebook.series.call_args_list] == [(HOUR_NS,), (MINUTE_NS,)]
    strategy.log("a fact", Severity.WARNING)
    notebook.log.assert_called_once_with(Severity.WARNING, "a fact")
    strategy.amend("n1", price=5)
    notebook.amend.assert_called_once_with("n1", 5, None, None)
    strategy.signal(Side.BUY, 80.0, {"trend": 40.0}, "up")
    notebook.signal.assert_called_once_with(Side.BUY, 80.0, {"trend": 40.0}, "up")
    assert (strategy.position.lots, strategy.last_price) == (3, LAST)
    assert (strategy.equity, strategy.now_ns) == (10_000 * UNIT, 5)
