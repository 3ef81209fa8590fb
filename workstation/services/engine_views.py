"""The views of a running session, as the JSON that a message holds: bounded in size, and without any secret."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import peewee

from workstation import __version__
from workstation.core.errors import MessagingError
from workstation.core.messages import LogLine
from workstation.core.orders import Intent
from workstation.core.redaction import scrub
from workstation.core.timeframe import SECOND_NS, TIMEFRAMES
from workstation.core.views import ArmingView, LogView
from workstation.services.engine_client import View
from workstation.services.shown import About, Screen
from workstation.session import Session
from workstation.session.past import past_equity, past_fills, past_funding, past_orders
from workstation.trading.market_state import MarketState

MOST_ROWS = 50_000
KEPT_LINES = 1_000
CATCH_UP_S = 2.0
ENVELOPE_BYTES = 2_000
"""What a message needs besides its data."""

Arguments = Mapping[str, Any]


class EngineViews:
    """Every ``View`` of one session. Nothing but the past takes time, and that waits in a thread of its own."""

    def __init__(self, session: Session, largest: int) -> None:
        self._session = session
        self._room = largest - ENVELOPE_BYTES
        self._lines: deque[LogView] = deque(maxlen=KEPT_LINES)
        session.kernel.bus.subscribe(LogLine, self._on_line)
        views = session.views
        self._views: dict[View, Callable[[Arguments], Any]] = {
            View.SESSION: lambda _: self.about(),
            View.SCREEN: lambda _: self.screen(),
            View.ACCOUNT: lambda _: views.account(),
            View.ORDERS: lambda _: views.orders(),
            View.ORDER: self._order,
            View.ALGORITHMS: lambda _: views.algorithms(),
            View.POSITIONS: lambda _: views.positions(),
            View.RISK: lambda _: views.risk(),
            View.STRATEGIES: lambda _: views.strategies(),
            View.HEALTH: lambda _: self._health(),
            View.CONNECTION: lambda _: session.connection(),
            View.RECONCILIATION: lambda _: session.reconciliation(),
            View.CONFIGURATION: lambda _: session.settings,
            View.BARS: self._bars,
            View.MARKET: self._market,
            View.PREVIEW: lambda arguments: views.preview(_converted(arguments, "intent", Intent)),
            View.LOG: lambda arguments: list(self._lines)[-_count(arguments, KEPT_LINES) :],
        }
        symbols = session.kernel.markets
        self._past: dict[View, Callable[[int], Any]] = {
            View.PAST_ORDERS: lambda limit: past_orders(session.database, limit, symbols),
            View.PAST_FILLS: lambda limit: past_fills(session.database, limit),
            View.PAST_FUNDING: lambda limit: past_funding(session.database, limit),
            View.PAST_EQUITY: lambda limit: past_equity(session.database, limit),
        }

    async def show(self, name: str, arguments: Arguments) -> tuple[msgspec.Raw, str]:
        """A view's data, and a sentence when not all of it fits. Raises ``MessagingError`` for what cannot be shown.

        Nothing is awaited but for the past.
        """
        try:
            view = View(name)
        except ValueError:
            raise MessagingError(f"There is no view {name}; there are {', '.join(View)}.") from None
        unknown = set(arguments) - _ARGUMENTS.get(view, frozenset())
        if unknown:
            raise MessagingError(f"The view {name} takes no {', '.join(sorted(unknown))}.")
        past = self._past.get(view)
        data = await self._read(past, arguments) if past is not None else self._views[view](arguments)
        return self._fitted(data)

    def _read(self, past: Callable[[int], Any], arguments: Arguments) -> Awaitable[Any]:
        session, limit = self._session, _count(arguments, 500)
        seq = session.journal.last_seq

        def read() -> Any:
            session.projection.wait_for(seq, CATCH_UP_S)
            try:
                with session.database.connection_context():
                    return past(limit)
            except peewee.PeeweeException as error:
                raise MessagingError(f"The history database cannot be read: {error}.") from None

        return asyncio.to_thread(read)

    # --- What is shown ------------------------------------------------------------------------------------------------

    def about(self) -> About:
        session = self._session
        settings = session.settings
        return About(
            mode=session.mode,
            account=settings.account.name,
            currency=settings.account.currency,
            symbols=settings.market.symbols,
            instruments=dict(session.kernel.terms.instruments),
            session=session.number,
            seed=session.seed,
            started_ns=session.kernel.terms.start_ns,
            market=session.market_title,
            stale_ns=int(settings.risk.stale_data_s * SECOND_NS),
            flatten_on_kill=settings.risk.flatten_on_kill,
            failures=dict(session.failures),
            notes=tuple(session.notes),
            version=__version__,
        )

    def screen(self) -> Screen:
        session, views = self._session, self._session.views
        arming = session.arming
        return Screen(
            account=views.account(),
            orders=tuple(views.orders()),
            positions=tuple(views.positions()),
            algorithms=tuple(views.algorithms()),
            risk=views.risk(),
            strategies=tuple(views.strategies()),
            health=session.health.view(session.clock.now_ns(), session.journal.last_seq),
            loop_lag_ms=session.health.lag_p99_ms,
            connection=session.connection(),
            reconciliation=session.reconciliation(),
            arming=None if arming is None else ArmingView(*arming.state),
            notes=tuple(session.notes),
            recordings=tuple(session.recordings.recording()),
        )

    def _health(self) -> dict[str, Any]:
        health = self._session.health
        view = health.view(self._session.clock.now_ns(), self._session.journal.last_seq)
        return {**msgspec.structs.asdict(view), "loop_lag_ms": health.lag_p99_ms}

    def _order(self, arguments: Arguments) -> Any:
        client_id = _converted(arguments, "client_id", str)
        order = self._session.kernel.orders.orders.get(client_id)
        if order is None:
            raise MessagingError(f"There is no order {client_id}.")
        return self._session.views.order(order)

    def _bars(self, arguments: Arguments) -> Any:
        state = self._state(arguments)
        timeframe = _converted(arguments, "timeframe", str)
        if timeframe not in TIMEFRAMES:
            raise MessagingError(f"{timeframe} is no timeframe; there are {', '.join(TIMEFRAMES)}.")
        series = state.series.get(TIMEFRAMES[timeframe])
        rows: list[tuple[float, ...]] = []
        if series is not None and len(series):
            first = max(0, len(series) - _count(arguments, 500))
            columns = (series.close_ns, series.open, series.high, series.low, series.close, series.volume)
            rows = list(zip(*(column[first:].tolist() for column in columns)))
        if _converted(arguments, "forming", bool, False):
            forming = state.forming(TIMEFRAMES[timeframe])
            if forming is not None:
                price = state.instrument.price_lossy
                open_ns, *prices, lots = forming
                close_ns = open_ns + TIMEFRAMES[timeframe]
                rows.append((close_ns, *map(price, prices), lots * state.instrument.lot_lossy))
        return rows

    def _market(self, arguments: Arguments) -> Any:
        state, depth = self._state(arguments), _count(arguments, 50, "depth")
        while True:
            book = state.book
            shown = {
                "symbol": state.symbol,
                "last_price": state.last_price,
                "mark_price": state.mark_price,
                "last_ns": state.last_ns,
                "connected": state.connected,
                "synchronised": book.synchronised,
                "sequence": book.sequence,
                "bids": book.top_bids(depth),
                "asks": book.top_asks(depth),
            }
            if depth <= 1 or len(msgspec.json.encode(shown)) <= self._room:
                return shown
            depth //= 2

    def _state(self, arguments: Arguments) -> MarketState:
        symbol = _converted(arguments, "symbol", str)
        state = self._session.kernel.markets.get(symbol)
        if state is None:
            raise MessagingError(f"There is no symbol {symbol}; there are {', '.join(self._session.kernel.markets)}.")
        return state

    def _on_line(self, line: LogLine) -> None:
        self._lines.append(LogView(line.ts_ns, line.severity, line.source, line.text))

    # --- Size and secrets ---------------------------------------------------------------------------------------------

    def _fitted(self, data: Any) -> tuple[msgspec.Raw, str]:
        """Of lists the newest rows that fit."""
        told = ""
        payload = msgspec.json.encode(data)
        while len(payload) > self._room:
            rows = list(data.orders) if isinstance(data, Screen) else data
            if not isinstance(rows, list) or not rows:
                raise MessagingError("The view is larger than a message: raise messaging.largest_message_kilobytes.")
            excess = len(payload) - self._room
            rows = rows[min(len(rows), 1 + len(rows) * excess // len(payload)) :]
            data = msgspec.structs.replace(data, orders=tuple(rows), cut=True) if isinstance(data, Screen) else rows
            told = f"Only the newest {len(rows)} fit into a message: see messaging.largest_message_kilobytes."
            payload = msgspec.json.encode(data)
        text = payload.decode()
        clean = scrub(text)
        return msgspec.Raw(payload if clean is text or clean == text else clean.encode()), told


_LIMIT = frozenset({"limit"})
_ARGUMENTS: dict[View, frozenset[str]] = {
    View.ORDER: frozenset({"client_id"}),
    View.PAST_ORDERS: _LIMIT,
    View.PAST_FILLS: _LIMIT,
    View.PAST_FUNDING: _LIMIT,
    View.PAST_EQUITY: _LIMIT,
    View.LOG: _LIMIT,
    View.BARS: frozenset({"symbol", "timeframe", "limit", "forming"}),
    View.MARKET: frozenset({"symbol", "depth"}),
    View.PREVIEW: frozenset({"intent"}),
}
_MISSING = object()


def _count(arguments: Arguments, default: int, name: str = "limit") -> int:
    count: int = _converted(arguments, name, int, default)
    if not 1 <= count <= MOST_ROWS:
        raise MessagingError(f"{name} is {count}; it must be from 1 to {MOST_ROWS:,}.")
    return count


def _converted(arguments: Arguments, name: str, kind: type[Any], default: Any = _MISSING) -> Any:
    given = arguments.get(name, default)
    if given is _MISSING:
        raise MessagingError(f"{name} is missing.")
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise MessagingError(f"{name} is wrong: {error}.") from None
