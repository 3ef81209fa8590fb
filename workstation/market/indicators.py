"""Indicators by name, on whole series: every function of TA-Lib, and those of ours that it does not have."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import DAY_NS, SECOND_NS
from workstation.market.ta_lib import talib

Floats = NDArray[np.float64]
Lines = dict[str, Floats]

FIELDS = ("open", "high", "low", "close", "volume")
ALIASES = {"BB": "BBANDS", "BOLLINGER": "BBANDS", "STOCHASTIC": "STOCH", "DC": "DONCHIAN", "VOL": "VOLUME"}


class PriceSeries(Protocol):
    """Bars as float64 arrays of one length, oldest first, and their closing times; ``BarSeries`` is one."""

    @property
    def close_ns(self) -> NDArray[np.int64]: ...
    @property
    def open(self) -> Floats: ...
    @property
    def high(self) -> Floats: ...
    @property
    def low(self) -> Floats: ...
    @property
    def close(self) -> Floats: ...
    @property
    def volume(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class IndicatorCall:
    """An indicator with its parameters, as a chart's configuration names it: ``EMA(21)``."""

    name: str
    parameters: tuple[tuple[str, Any], ...]
    text: str

    def compute(self, series: PriceSeries) -> Lines:
        """As ``indicator``; parameters that were tried when the text was read are not checked again."""
        return _computed(self.name, series, dict(self.parameters))


def indicator(name: str, series: PriceSeries, **parameters: Any) -> Lines:
    """Lines by name, each float64 and as long as the series, NaN where there is no value yet.

    ``source`` ("open" to "volume") is what a function of one series reads, "close" by default. Raises
    ``ConfigurationError`` for an unknown name, an unknown parameter, or a value that the function does not take.
    """
    name = _known_name(name)
    _check_parameters(name, parameters)
    return _computed(name, series, parameters)


def _computed(name: str, series: PriceSeries, parameters: dict[str, Any]) -> Lines:
    try:
        if name in OWN:
            lines = OWN[name](series, **parameters)
        else:
            lines = _talib(name, series, **parameters)
    except ConfigurationError:
        raise
    except Exception as error:
        given = ", ".join(f"{key}={value}" for key, value in parameters.items()) or "no parameters"
        raise ConfigurationError(f"The indicator {name} cannot be computed with {given}; {_usage(name)}.") from error
    return lines


def indicator_names() -> list[str]:
    """Every name that ``indicator`` takes, sorted, without aliases."""
    return sorted({*_talib_names(), *OWN})


def indicator_parameters(name: str) -> dict[str, Any]:
    """Parameters by name with their defaults, in the order in which ``parse_indicator`` takes them."""
    name = _known_name(name)
    if name in OWN:
        arguments = list(inspect.signature(OWN[name]).parameters.values())[1:]
        return {argument.name: argument.default for argument in arguments}
    information = _information(name)
    parameters = dict(information["parameters"])
    if name == "MAVP":
        parameters["periods"] = 14
    if list(information["input_names"].items()) == [("price", "close")]:
        parameters["source"] = "close"
    return parameters


def parse_indicator(text: str) -> IndicatorCall:
    """Read ``RSI``, ``EMA(21)``, ``MACD(12, 26, 9)`` or ``EMA(21, source=high)``. Raises ``ConfigurationError``."""
    match = re.fullmatch(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*", text)
    if match is None:
        raise ConfigurationError(f"{text!r} is not an indicator; write it as EMA(21) or MACD(12, 26, 9).")
    name = _known_name(match[1])
    declared = indicator_parameters(name)
    given: dict[str, Any] = {}
    for position, part in enumerate(cell.strip() for cell in (match[2] or "").split(",") if cell.strip()):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            if position >= len(declared):
                raise ConfigurationError(f"The indicator {text!r} has too many parameters; {_usage(name)}.")
            key, value = list(declared)[position], key
        given[key] = _value(value)
    if name == "BBANDS" and "nbdevup" in given:
        given.setdefault("nbdevdn", given["nbdevup"])
    call = IndicatorCall(name, tuple(given.items()), text.strip())
    indicator(name, _Probe(), **given)
    return call


def vwap(series: PriceSeries, anchor: int = 0) -> Lines:
    """Volume-weighted average of the typical price since 00:00 UTC; NaN until there was volume.

    With an ``anchor``, in UTC seconds, since the bar that holds it; NaN before.
    """
    typical = (series.high + series.low + series.close) / 3
    days = (series.close_ns - 1) // DAY_NS
    if anchor:
        anchored = series.close_ns > anchor * SECOND_NS
        first = int(anchored.argmax()) if anchored.any() else len(days)
        values = np.full(len(days), np.nan)
        worth, traded = np.cumsum((typical * series.volume)[first:]), np.cumsum(series.volume[first:])
        values[first:] = np.divide(worth, traded, out=np.full(len(worth), np.nan), where=traded > 0)
        return {"vwap": values}
    worth, volume = np.cumsum(typical * series.volume), np.cumsum(series.volume)
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    session = np.cumsum(np.isin(np.arange(len(days)), starts)) - 1
    worth_before = np.concatenate(([0.0], worth))[starts][session]
    volume_before = np.concatenate(([0.0], volume))[starts][session]
    traded = volume - volume_before
    return {"vwap": np.divide(worth - worth_before, traded, out=np.full(len(days), np.nan), where=traded > 0)}


def supertrend(series: PriceSeries, period: int = 10, multiplier: float = 3.0) -> Lines:
    """The trailing band of ``multiplier`` average true ranges, and the direction (1 up, −1 down).

    Both bands trail all the time, also the one that is not shown, as in TradingView's ``ta.supertrend``, which begins
    downwards and tells its directions the other way round.
    """
    line, direction = np.full(len(series.close), np.nan), np.full(len(series.close), np.nan)
    reach = multiplier * talib.ATR(series.high, series.low, series.close, timeperiod=period)
    middle = (series.high + series.low) / 2
    uppers, lowers, closes = (middle + reach).tolist(), (middle - reach).tolist(), series.close.tolist()
    upper, lower, up = np.inf, -np.inf, False
    for index in range(period, len(closes)):
        before = closes[index - 1]
        upper = uppers[index] if uppers[index] < upper or before > upper else upper
        lower = lowers[index] if lowers[index] > lower or before < lower else lower
        if up and closes[index] < lower:
            up = False
        elif not up and closes[index] > upper:
            up = True
        line[index], direction[index] = (lower, 1.0) if up else (upper, -1.0)
    return {"supertrend": line, "direction": direction}


def ichimoku(series: PriceSeries, conversion: int = 9, base: int = 26, span: int = 52, shift: int = 26) -> Lines:
    """The five lines. The spans stand ``shift`` bars later; ``lagging`` is the close ``shift`` bars earlier: it
    looks ahead and is for charts only."""
    conversion_line, base_line = _middle(series, conversion), _middle(series, base)
    lagging = np.full(len(series.close), np.nan)
    lagging[: max(0, len(lagging) - shift)] = series.close[shift:]
    return {
        "conversion": conversion_line,
        "base": base_line,
        "span_a": _later((conversion_line + base_line) / 2, shift),
        "span_b": _later(_middle(series, span), shift),
        "lagging": lagging,
    }


def donchian(series: PriceSeries, period: int = 20) -> Lines:
    """Highest high and lowest low of the last bars, the current one included, and their middle."""
    upper, lower = talib.MAX(series.high, timeperiod=period), talib.MIN(series.low, timeperiod=period)
    return {"upper": upper, "middle": (upper + lower) / 2, "lower": lower}


def volume(series: PriceSeries) -> Lines:
    return {"volume": np.array(series.volume)}


OWN: dict[str, Callable[..., Lines]] = {
    "VWAP": vwap,
    "SUPERTREND": supertrend,
    "ICHIMOKU": ichimoku,
    "DONCHIAN": donchian,
    "VOLUME": volume,
}


class _Probe:
    """Bars to try parameters on."""

    def __init__(self) -> None:
        self.close_ns = np.arange(1, 9, dtype=np.int64) * DAY_NS
        self.open = self.close = self.volume = np.arange(1.0, 9.0)
        self.high, self.low = self.close + 1.0, self.close - 0.5


@cache
def _information(name: str) -> dict[str, Any]:
    information: dict[str, Any] = talib.abstract.Function(name).info
    return information


def _talib(name: str, series: PriceSeries, source: str = "close", periods: int = 14, **parameters: Any) -> Lines:
    information = _information(name)
    inputs: list[Floats] = []
    for wanted in information["input_names"].values():
        for field in [wanted] if isinstance(wanted, str) else wanted:
            if field == "periods":
                inputs.append(np.full(len(series.close), float(periods)))
            else:
                single = len(information["input_names"]) == 1 and wanted == "close"
                inputs.append(getattr(series, source if single else field))
    made = getattr(talib, name)(*(np.ascontiguousarray(values, dtype=np.float64) for values in inputs), **parameters)
    arrays = made if isinstance(made, tuple) else (made,)
    names = information["output_names"] if len(arrays) > 1 else [name.lower()]
    return {line: values.astype(np.float64, copy=False) for line, values in zip(names, arrays)}


def _known_name(name: str) -> str:
    wanted = ALIASES.get(name.upper(), name.upper())
    if wanted in OWN or wanted in _talib_names():
        return wanted
    close = difflib.get_close_matches(wanted, [*indicator_names(), *ALIASES], 3)
    hint = f"did you mean {' or '.join(close)}?" if close else "use a name of TA-Lib, such as EMA or RSI."
    raise ConfigurationError(f"There is no indicator {name}; {hint}")


@cache
def _talib_names() -> frozenset[str]:
    return frozenset(talib.get_functions())


def _check_parameters(name: str, parameters: dict[str, Any]) -> None:
    declared = indicator_parameters(name)
    for key, value in parameters.items():
        if key not in declared:
            raise ConfigurationError(f"The indicator {name} has no parameter {key}; {_usage(name)}.")
        if key == "source":
            if value not in FIELDS:
                raise ConfigurationError(f"The source of {name} is one of {', '.join(FIELDS)}, not {value}.")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigurationError(f"{key} of the indicator {name} must be a number, not {value!r}.")
        elif isinstance(declared[key], int) and not isinstance(value, int):
            raise ConfigurationError(f"{key} of the indicator {name} must be a whole number, not {value}.")
        elif name in OWN and value <= 0 and declared[key] > 0:
            raise ConfigurationError(f"{key} of the indicator {name} must be above 0, not {value}.")


def _usage(name: str) -> str:
    declared = indicator_parameters(name)
    if not declared:
        return "it takes none"
    return "it takes " + ", ".join(f"{key} (default {value})" for key, value in declared.items())


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _middle(series: PriceSeries, period: int) -> Floats:
    middle: Floats = (talib.MAX(series.high, timeperiod=period) + talib.MIN(series.low, timeperiod=period)) / 2
    return middle


def _later(values: Floats, shift: int) -> Floats:
    moved = np.full(len(values), np.nan)
    moved[shift:] = values[: max(0, len(values) - shift)]
    return moved
