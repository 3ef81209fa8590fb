"""One symbol's market in the kernel of this process, as the window reads it."""

from __future__ import annotations

from widgets.engine import FormingBar, Levels, Series
from workstation.core.instrument import Instrument
from workstation.core.timeframe import bar_open_ns
from workstation.trading.market_state import MarketState


class SessionMarket:
    """A symbol's state in the kernel."""

    def __init__(self, state: MarketState) -> None:
        self._state = state

    @property
    def instrument(self) -> Instrument:
        return self._state.instrument

    @property
    def last_price(self) -> int:
        return self._state.last_price

    @property
    def last_ns(self) -> int:
        return self._state.last_ns

    @property
    def connected(self) -> bool:
        return self._state.connected

    @property
    def synchronised(self) -> bool:
        return self._state.book.synchronised

    @property
    def best_bid(self) -> int:
        return self._state.book.best_bid

    @property
    def best_ask(self) -> int:
        return self._state.book.best_ask

    def top(self, depth: int) -> tuple[Levels, Levels]:
        book = self._state.book
        return book.top_bids(depth), book.top_asks(depth)

    def series(self, interval_ns: int) -> Series | None:
        return self._state.series.get(interval_ns)

    def forming(self, interval_ns: int) -> FormingBar | None:
        """The smaller closed bars of the interval together with the trades since."""
        state = self._state
        base = state.base
        if base is None:
            return None
        part = state.aggregators.get(interval_ns)
        live = FormingBar(0, base.open, base.high, base.low, base.close, base.lots) if base.close_ns else None
        closed = None
        if part is not None and part.close_ns:
            closed = FormingBar(part.close_ns - interval_ns, part.open, part.high, part.low, part.close, part.lots)
        if live is None:
            return closed
        open_ns = bar_open_ns(base.close_ns - base.interval_ns, interval_ns)
        if closed is None or closed.open_ns != open_ns or part is base:
            return live._replace(open_ns=open_ns)
        return FormingBar(
            open_ns,
            closed.open,
            max(closed.high, live.high),
            min(closed.low, live.low),
            live.close,
            closed.lots + live.lots,
        )
