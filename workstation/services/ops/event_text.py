"""Events of an engine in decimals, for readers of the event stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.money import from_money, from_rate
from workstation.core.timeframe import SECOND_NS
from workstation.services.ops.readable import side_word, time_name, time_of

PRICES = ("price", "stop_price", "trail", "reference", "liquidation")
QUANTITIES = {"lots": "quantity", "filled_lots": "filled"}
MONEY = ("fee", "slippage", "equity", "cash", "realised", "unrealised", "exposure", "amount", "worth", "cost")
DURATIONS = ("duration_ns", "delay_ns")
_KNOWN_ORDERS = 20_000


class EventTranslator:
    """Follows orders, because most events name an order and not its symbol."""

    def __init__(self) -> None:
        self.instruments: Mapping[str, Instrument] = {}
        self._symbols: dict[str, str] = {}

    def follow(self, client_id: str, symbol: str) -> None:
        """Know which symbol an order is of."""
        self._symbols[client_id] = symbol
        if len(self._symbols) > _KNOWN_ORDERS:
            del self._symbols[next(iter(self._symbols))]

    def text(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event with its amounts as decimals; what cannot be told in them is ``None``."""
        symbol, client_id = event.get("symbol"), event.get("client_id")
        if isinstance(symbol, str) and isinstance(client_id, str):
            self.follow(client_id, symbol)
        known = symbol if isinstance(symbol, str) else self._symbols.get(str(client_id), "")
        terms = self.instruments.get(known)
        told: dict[str, Any] = {"symbol": known} if known else {}
        for name, value in event.items():
            if name == "event":
                continue
            new_name, new_value = self._field(name, value, terms)
            told[new_name] = new_value
        return told

    def _field(self, name: str, value: Any, terms: Instrument | None) -> tuple[str, Any]:
        if name == "plan" and terms is not None:
            return name, _plan(value, terms)
        if isinstance(value, dict):
            return name, self._table(name, value)
        if isinstance(value, list):
            return name, [self.text(each) if isinstance(each, dict) else each for each in value]
        if type(value) is not int:
            return name, value
        if name == "side":
            return name, side_word(value)
        if name in DURATIONS:
            return f"{name.removesuffix('_ns')}_s", value / SECOND_NS
        if name.endswith("_ns"):
            return time_name(name), time_of(value)
        if name in MONEY:
            return name, f"{from_money(value):f}"
        if name in QUANTITIES:
            return QUANTITIES[name], None if terms is None else str(terms.quantity(value))
        if name in PRICES:
            return name, str(terms.price(value)) if terms is not None and value else None
        return name, value

    def _table(self, name: str, table: Mapping[str, Any]) -> dict[str, Any]:
        if name == "prices":
            known = self.instruments
            return {symbol: str(known[symbol].price(ticks)) for symbol, ticks in table.items() if symbol in known}
        if name == "amounts":
            return {asset: f"{from_money(amount):f}" for asset, amount in table.items()}
        if name == "order":
            return self.text(table)
        return dict(table)


_PLAN_PRICES = (
    "price",
    "first_price",
    "last_price",
    "offset",
    "stop",
    "distance",
    "break_even_after",
    "break_even_offset",
    "trail_after",
    "trail",
)
_PLAN_RATES = ("randomness", "refill", "ratio", "share")


def _plan(plan: Mapping[str, Any], terms: Instrument) -> dict[str, Any]:
    """The plan of an execution algorithm or a bracket; durations are seconds."""
    told: dict[str, Any] = {}
    for name, value in plan.items():
        if name in DURATIONS:
            told[f"{name.removesuffix('_ns')}_s"] = value / SECOND_NS
        else:
            told[name] = _plan_field(name, value, terms)
    return told


def _plan_field(name: str, value: Any, terms: Instrument) -> Any:
    if isinstance(value, list):
        return [_plan(each, terms) for each in value]
    if type(value) is not int:
        return value
    if name in _PLAN_PRICES:
        return str(terms.price(value))
    if name in _PLAN_RATES:
        return f"{from_rate(value).normalize():f}"
    return str(terms.quantity(value)) if name == "visible" else value
