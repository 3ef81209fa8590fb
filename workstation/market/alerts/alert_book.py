"""All alerts of an account, fed with trades and closed bars: which of them fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from workstation.core.instrument import Instrument
from workstation.market.alerts.alert import Alert, IndicatorLevel, PriceLevel, PriceLine, PriceZone, Repeat
from workstation.market.alerts.crossing import Crossing, counts, crossed, crossed_zone, side_of_line, sign

MOST_ALERTS = 500


Line = tuple[tuple[int, int], tuple[int, int]]
"""Two points, nanoseconds and ticks, the earlier first."""


class Firing(NamedTuple):
    """An alert that fired: as it stands afterwards, when, at what value, and how."""

    alert: Alert
    ts_ns: int
    value: Decimal | float
    crossing: Crossing
    missed: bool = False
    """It was crossed while nothing watched."""


class _Watch:
    """One alert at work. Ticks and lots are the instrument's of its symbol."""

    def __init__(self, alert: Alert, instrument: Instrument | None, fresh: bool) -> None:
        self.alert = alert
        self.side = alert.side
        self.seen_ns = alert.seen_ns
        self.fresh = fresh
        """Whether it was read from a file and has seen no price since."""
        self.fired_bar = alert.last_fired_ns // alert.interval_ns if alert.last_fired_ns else -1
        self.instrument = instrument
        condition = alert.condition
        self._level = 0
        self._edges: tuple[Line, ...] = ()
        if instrument is not None and isinstance(condition, PriceLevel):
            self._level = instrument.ticks_rounded(condition.price)
        elif instrument is not None and isinstance(condition, PriceLine):
            self._edges = (_line(condition, condition.start_price, condition.end_price, instrument),)
        elif instrument is not None and isinstance(condition, PriceZone):
            self._edges = (
                _line(condition, condition.low_start, condition.low_end, instrument),
                _line(condition, condition.high_start, condition.high_end, instrument),
            )

    def side_at(self, ticks: int, ts_ns: int) -> int | None:
        """The side of a price, 0 within a zone; None where there is no line."""
        if not self._edges:
            return sign(ticks - self._level)
        start, end = self._edges[0]
        condition = self.alert.condition
        assert isinstance(condition, PriceLine | PriceZone)
        if ts_ns < start[0] or (ts_ns > end[0] and not condition.extends):
            return None
        sides = [side_of_line(ticks, ts_ns, *edge) for edge in self._edges]
        if isinstance(condition, PriceLine):
            return sides[0]
        below, above = min(sides[0], 0), max(sides[-1], 0)
        return below or above

    def take(self, side: int | None, ts_ns: int, value: Decimal | float, missed: bool) -> Firing | None:
        """The price is on this side now; what fires."""
        before, self.side, self.seen_ns = self.side, side, ts_ns
        alert = self.alert
        if side is None or not alert.enabled or alert.expired(ts_ns):
            return None
        crossing = (crossed_zone if isinstance(alert.condition, PriceZone) else crossed)(before, side)
        if not counts(crossing, alert.direction):
            return None
        bar = ts_ns // alert.interval_ns
        if alert.repeat is Repeat.EVERY_BAR and bar == self.fired_bar:
            return None
        self.fired_bar = bar
        self.alert = msgspec.structs.replace(
            alert,
            enabled=alert.repeat is not Repeat.ONCE,
            last_fired_ns=ts_ns,
            times_fired=alert.times_fired + 1,
        )
        return Firing(self.snapshot(), ts_ns, value, crossing, missed)

    @property
    def level(self) -> int | None:
        """Ticks of a level that stands still; None for a line."""
        return None if self._edges else self._level

    def snapshot(self) -> Alert:
        return msgspec.structs.replace(self.alert, side=self.side, seen_ns=self.seen_ns)


def _line(of: PriceLine | PriceZone, start: Decimal, end: Decimal, instrument: Instrument) -> Line:
    return (of.start_ns, instrument.ticks_rounded(start)), (of.end_ns, instrument.ticks_rounded(end))


class _Symbol:
    """The alerts on the prices of one symbol.

    Between the nearest levels below and above the last price no level can be crossed: there only lines are judged.
    """

    def __init__(self) -> None:
        self.watches: list[_Watch] = []
        self.lines: list[_Watch] = []
        self.seen_ns = 0
        self._low = self._high = 0

    def add(self, watch: _Watch) -> None:
        self.watches.append(watch)
        if watch.level is None:
            self.lines.append(watch)

    def concerned(self, ticks: int, ts_ns: int) -> list[_Watch]:
        """Those that a price may concern."""
        self.seen_ns = ts_ns
        if self._low < ticks < self._high:
            return self.lines
        levels = [watch.level for watch in self.watches if watch.level is not None]
        self._low = max((level for level in levels if level <= ticks), default=0)
        self._high = min((level for level in levels if level >= ticks), default=1 << 62)
        return self.watches

    def note_time(self) -> None:
        """Write down in each alert when its price was seen last."""
        for watch in self.watches:
            watch.seen_ns = max(watch.seen_ns, self.seen_ns)


class AlertBook:
    """``instrument_of`` gives a symbol's instrument, None where it has no market here: its alerts are kept and wait."""

    def __init__(self, instrument_of: Callable[[str], Instrument | None]) -> None:
        self._instrument_of = instrument_of
        self._watches: dict[str, _Watch] = {}
        self._symbols: dict[str, _Symbol] = {}
        self.next_number = 1
        """Names are never given twice."""

    def restore(self, alerts: Iterable[Alert], next_number: int) -> None:
        """Alerts as they were saved: a crossing that their first prices show was missed."""
        for alert in alerts:
            self._put(alert, fresh=True)
        self.next_number = next_number

    @property
    def alerts(self) -> list[Alert]:
        """As they stand now, in the order in which they were made."""
        for symbol in self._symbols.values():
            symbol.note_time()
        return [watch.snapshot() for watch in self._watches.values()]

    def find(self, name: str) -> Alert | None:
        return next((alert for alert in self.alerts if alert.name == name), None)

    def add(self, alert: Alert) -> Alert:
        """Take a new alert under a name of its own; raises ``ValueError`` where there are too many."""
        if len(self._watches) >= MOST_ALERTS:
            raise ValueError(f"There are {MOST_ALERTS} alerts already; delete some that are not needed.")
        named = msgspec.structs.replace(alert, name=f"alert {self.next_number}")
        self.next_number += 1
        self._put(named)
        return named

    def change(self, alert: Alert) -> None:
        """Replace the alert of its name. Where its level moved, it waits to see the price on one side first."""
        known = self._watches.get(alert.name)
        if known is None:
            return
        same = known.alert.condition == alert.condition and known.alert.symbol == alert.symbol
        side = known.side if same and alert.enabled and known.alert.enabled else None
        self._put(msgspec.structs.replace(alert, side=side, seen_ns=0 if side is None else known.seen_ns))

    def remove(self, name: str) -> None:
        if self._watches.pop(name, None) is not None:
            self._index()

    def watches_prices(self, symbol: str) -> bool:
        return symbol in self._symbols

    def on_price(self, symbol: str, ticks: int, ts_ns: int) -> Sequence[Firing]:
        """A trade; UTC nanoseconds. What fires, in the order in which the alerts were made."""
        group = self._symbols.get(symbol)
        if group is None:
            return ()
        fired: list[Firing] = []
        for watch in group.concerned(ticks, ts_ns):
            side = watch.side_at(ticks, ts_ns)
            if side == watch.side and not watch.fresh:
                continue
            missed, watch.fresh = watch.fresh, False
            instrument = watch.instrument
            assert instrument is not None
            firing = watch.take(side, ts_ns, instrument.price(ticks), missed)
            if firing is not None:
                fired.append(firing)
        return fired

    def on_past(self, name: str, ticks: int, ts_ns: int) -> Firing | None:
        """A price of the time when nothing watched, for one alert that was restored; later times last."""
        watch = self._watches[name]
        if not watch.fresh or watch.instrument is None or ts_ns < watch.seen_ns:
            return None
        return watch.take(watch.side_at(ticks, ts_ns), ts_ns, watch.instrument.price(ticks), missed=True)

    def on_value(self, name: str, value: float, ts_ns: int, missed: bool = False) -> Firing | None:
        """The value of an alert's indicator at the end of a bar, NaN where there is none; UTC nanoseconds."""
        watch = self._watches[name]
        condition = watch.alert.condition
        assert isinstance(condition, IndicatorLevel)
        if value != value:
            return None
        watch.fresh = False
        return watch.take(sign(value - condition.value), ts_ns, value, missed)

    def _put(self, alert: Alert, *, fresh: bool = False) -> None:
        self._watches[alert.name] = _Watch(alert, self._instrument_of(alert.symbol), fresh)
        self._index()

    def _index(self) -> None:
        for symbol in self._symbols.values():
            symbol.note_time()
        self._symbols = {}
        for watch in self._watches.values():
            if watch.instrument is not None and not isinstance(watch.alert.condition, IndicatorLevel):
                self._symbols.setdefault(watch.alert.symbol, _Symbol()).add(watch)
