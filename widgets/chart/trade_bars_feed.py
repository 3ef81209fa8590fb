"""Builds tick, volume, range and Renko bars for a chart: from the engine's one-minute bars, then from every trade.

One-minute bars do not say in which order their prices came: each counts as four trades, at its open, at the end nearer
to it, at the other end, and at its close. For range bars the price goes all the way between these, so that there is no
bar where it would jump. Tick bars begin with the first trade that the window heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from widgets.chart.chart_view import ChartView
from widgets.engine.protocol import Market
from workstation.core.timeframe import MINUTE_NS
from workstation.market.trade_bars import TradeBar, TradeBarKind, TradeBars
from workstation.market.trade_tape import TradeTape

TRADES_A_FRAME: Final = 3_000  # a few milliseconds
MINUTES_OF_PAST: Final = 5_000
BARS_A_FRAME: Final = 3_000
BARS_OF_PAST: Final = 20_000
KEPT_BARS: Final = 50_000
CATCH_UP_BARS: Final = 50


class TradeBarsFeed:
    """The same two doors as those of time bars; the past comes in over some frames, so that no frame waits."""

    def __init__(self, chart: ChartView, market: Market, tape: TradeTape, bars: TradeBars) -> None:
        """Raises ``ConfigurationError`` for a size that the instrument cannot have."""
        self._chart, self._market, self._tape, self._bars = chart, market, tape, bars
        self._builder = bars.builder(market.instrument)
        self._has_past = bars.kind is not TradeBarKind.TICK
        self._walks = bars.kind is TradeBarKind.RANGE
        self._past: Iterator[tuple[int, int, int]] = iter(())
        self._taken = 0
        self._closed: list[TradeBar] = []
        self._shown: TradeBar | None = None

    def load(self) -> None:
        self._builder = self._bars.builder(self._market.instrument)
        self._closed, self._shown = [], None
        trades = self._tape.since(0)
        self._taken = self._tape.total - len(trades.ts_ns)
        first_ns = int(trades.ts_ns[0]) if len(trades.ts_ns) else None
        self._past = self._minutes(first_ns) if self._has_past else iter(())
        self._chart.set_bars([], [], [], [], [], [], bar_ns=MINUTE_NS)
        self.update()

    def update(self) -> bool | None:
        """Take the next trades; whether anything changed, and None when all bars were replaced.

        Trades that are not kept any more, as after it was hidden for long, would be a hole: bars begin anew.
        """
        fresh: list[TradeBar] = []
        room = TRADES_A_FRAME
        for ts_ns, ticks, lots in islice(self._past, room):
            fresh += self._builder.add(ts_ns, ticks, lots)
            room -= 1
            if len(fresh) >= BARS_A_FRAME:
                # A trade may make hundreds of bars.
                room = 0
                break
        if room:
            trades = self._tape.since(self._taken)
            if self._tape.total - self._taken != len(trades.ts_ns):
                self.load()
                return None
            columns = (trades.ts_ns[:room].tolist(), trades.ticks[:room].tolist(), trades.lots[:room].tolist())
            for ts_ns, ticks, lots in zip(*columns, strict=True):
                fresh += self._builder.add(ts_ns, ticks, lots)
                self._taken += 1
                if len(fresh) >= BARS_A_FRAME:
                    break
        forming = self._builder.forming
        if not fresh and forming == self._shown:
            return False
        self._closed = [*self._closed, *fresh][-KEPT_BARS:] if fresh else self._closed
        if len(fresh) > CATCH_UP_BARS or not len(self._chart.model.series):
            self._set_all(forming)
            return None
        for bar in fresh:
            self._put(bar)
        if forming is not None:
            self._put(forming)
        self._shown = forming
        return True

    def _minutes(self, until_ns: int | None) -> Iterator[tuple[int, int, int]]:
        """The newest one-minute bars before a time, each as four trades whose lots are exactly the bar's."""
        series = self._market.series(MINUTE_NS)
        if series is None:
            return
        instrument = self._market.instrument
        tick, lot = instrument.tick_lossy, instrument.lot_lossy
        count = len(series)
        if until_ns is not None:
            count = int(np.searchsorted(series.close_ns, until_ns, side="right"))
        first = max(0, count - MINUTES_OF_PAST)
        if count > first:
            # How many bars a minute makes: its volume is shared out, its way is no longer than twice its height.
            traded = np.array(series.volume[first:count]) / lot
            way = 2 * (np.array(series.high[first:count]) - np.array(series.low[first:count])) / tick
            made = (traded if self._bars.kind is TradeBarKind.VOLUME else way) / self._builder.size
            first = count - int(np.searchsorted(np.cumsum(made[::-1]), BARS_OF_PAST))
        opened = np.array(series.open_ns[first:count])
        columns = [
            np.rint(np.array(column[first:count]) / tick).astype(np.int64).tolist() for column in _prices(series)
        ]
        volumes = np.rint(np.array(series.volume[first:count]) / lot).astype(np.int64).tolist()
        for open_ns, open_, high, low, close, lots in zip(opened.tolist(), *columns, volumes, strict=True):
            nearer, other = (low, high) if open_ - low < high - open_ else (high, low)
            part, rest = divmod(lots, 4)
            for number, ticks in enumerate((open_, nearer, other, close)):
                ts_ns, traded = open_ns + number * MINUTE_NS // 4, part + (rest if number == 3 else 0)
                if self._walks:
                    yield from self._walk(ts_ns, ticks, traded)
                else:
                    yield ts_ns, ticks, traded

    def _walk(self, ts_ns: int, ticks: int, lots: int) -> Iterator[tuple[int, int, int]]:
        """Trades from the last price to this one, at the end of each range and a tick beyond it, which share the lots.

        Where each range ends is asked of the bar that the trade before has left.
        """
        forming = self._builder.forming
        far, left = 0 if forming is None else abs(ticks - forming.close), lots
        while (
            forming is not None and not forming.high - self._builder.size <= ticks <= forming.low + self._builder.size
        ):
            up = ticks > forming.close
            end = forming.low + self._builder.size if up else forming.high - self._builder.size
            if end != forming.close:
                part = lots * abs(end - forming.close) // far
                left -= part
                yield ts_ns, end, part
            yield ts_ns, end + (1 if up else -1), 0
            forming = self._builder.forming
        yield ts_ns, ticks, left

    def _put(self, bar: TradeBar) -> None:
        open_ns, open_, high, low, close, volume = self._floats([bar])
        series = self._chart.model.series
        if len(series) and int(series.open_ns[-1]) == bar.open_ns:
            self._chart.update_last_bar(open_[0], high[0], low[0], close[0], volume[0])
        else:
            self._chart.append_bar(int(open_ns[0]), open_[0], high[0], low[0], close[0], volume[0])

    def _set_all(self, forming: TradeBar | None) -> None:
        bars = self._closed if forming is None else [*self._closed, forming]
        columns = self._floats(bars)
        span = int(columns[0][-1] - columns[0][0]) // max(1, len(bars) - 1) if bars else MINUTE_NS
        times, open_, high, low, close, volume = columns
        self._chart.set_bars(times, open_, high, low, close, volume, bar_ns=max(1, span))
        self._shown = forming

    def _floats(self, bars: list[TradeBar]) -> tuple[np.ndarray, ...]:
        rows = np.array(bars, dtype=np.int64).reshape(-1, 6).T
        instrument = self._market.instrument
        return rows[0], *(rows[1:5] * instrument.tick_lossy), rows[5] * instrument.lot_lossy


def _prices(series: object) -> tuple[np.ndarray, ...]:
    return tuple(getattr(series, name) for name in ("open", "high", "low", "close"))
