"""One symbol's market in the kernel of this process, as the window reads it."""

from __future__ import annotations

from widgets.engine.protocol import Levels, Series
from workstation.core.instrument import Instrument
from workstation.market.bars import FormingBar
from workstation.market.perpetual_figures import PerpetualFigures
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

    @property
    def perpetual(self) -> PerpetualFigures:
        return self._state.perpetual

    def top(self, depth: int) -> tuple[Levels, Levels]:
        book = self._state.book
        return book.top_bids(depth), book.top_asks(depth)

    def series(self, interval_ns: int) -> Series | None:
        return self._state.series.get(interval_ns)

    def forming(self, interval_ns: int) -> FormingBar | None:
        return self._state.forming(interval_ns)
