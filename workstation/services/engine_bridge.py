"""An engine on NATS: its events with numbers, its views on request, its commands, and its market for everybody.

Nothing here is waited for by the engine: its bus hands events over, and they are published when the loop is free.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from types import UnionType
from typing import Any, get_args

import msgspec

from workstation.core.messages import (
    BookDelta,
    BookSnapshot,
    FeedStatus,
    FundingRate,
    History,
    MarketInput,
    MarkPrice,
    OpenInterest,
    Output,
    PerpetualHistory,
    Trade,
)
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.messaging.bodies import Body, EngineAnswerBody, EngineEventBody, EngineRequestBody
from workstation.messaging.envelope import Message
from workstation.messaging.lease import Lease, trade_lease
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import nanoseconds
from workstation.services.engine_commands import EngineCommands
from workstation.services.engine_views import EngineViews
from workstation.services.feed_handler import FeedHandler
from workstation.services.symbol_publisher import whole_book
from workstation.session import Session
from workstation.trading.executions import Executions
from workstation.trading.market_state import MarketState

MOST_WAITING = 20_000
"""Events that wait for the connection; what is older is dropped, and readers see the gap."""
MOST_MARKET = 100_000
MARKET_INTERVAL_S = 0.02
SLICE = 200
AT_ONCE = 64
PAST_BARS = 1_500
OWN_MARKETS = frozenset({"built_in", "exchange"})
"""Sources of prices that this process has by itself: where no feed handler tells others of them, it does."""
MARKET_TYPES = (
    Trade,
    BookDelta,
    BookSnapshot,
    MarkPrice,
    FundingRate,
    OpenInterest,
    PerpetualHistory,
    FeedStatus,
    History,
)

log = logging.getLogger("workstation.services")


def _members(union: Any) -> list[type]:
    return [kind for part in get_args(union) for kind in (_members(part) if isinstance(part, UnionType) else [part])]


class EngineBridge:
    """Made when the session is open. ``run`` serves over one connection until cancelled; it may be run again.

    ``tells_market``: of two that publish the same symbols, every reader would miss what the other one said.
    """

    def __init__(self, session: Session, *, tells_market: bool = True) -> None:
        self._session = session
        self._subjects = session.settings.messaging.subjects
        self._views = EngineViews(session, session.settings.messaging.largest_message_kilobytes * 1024)
        self._executions = Executions(session.kernel)
        self._events: deque[Any] = deque(maxlen=MOST_WAITING)
        self._market: deque[MarketInput] = deque(maxlen=MOST_MARKET)
        self._wakes = asyncio.Event()
        self._draining = asyncio.Lock()
        self._tells_market = tells_market and session.settings.market.source in OWN_MARKETS

    async def run(self, link: NatsLink) -> None:
        """Publish and answer until cancelled."""
        session, subjects = self._session, self._subjects
        settings = session.settings
        owns = settings.execution.place == "here"
        lease = Lease(link, trade_lease(settings.account.name), link.session, owns=owns)
        commands = EngineCommands(session, link.session, lease.holder)
        bus = session.kernel.bus
        self._events.clear()
        subscriptions = [bus.subscribe(kind, self._on_event) for kind in _members(Output)]
        subscriptions.append(self._executions.subscribe(self._on_event))

        async def show(request: Message) -> Body:
            return await self._show(link, request)

        async def act(request: Message) -> Body:
            answer = await commands.answer(request)
            await self._drain(link)
            return msgspec.structs.replace(answer, number=link.number(subjects.events))

        try:
            await link.serve(subjects.views, show, EngineRequestBody, at_once=AT_ONCE)
            await link.serve(subjects.commands, act, EngineRequestBody, at_once=AT_ONCE)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._publish_events(link))
                if self._tells_market:
                    tasks.create_task(self._publish_market(link))
        finally:
            commands.close()
            for unsubscribe in subscriptions:
                unsubscribe()

    # --- Events -------------------------------------------------------------------------------------------------------

    def _on_event(self, event: Any) -> None:
        self._events.append(event)
        self._wakes.set()

    async def _publish_events(self, link: NatsLink) -> None:
        while True:
            await self._wakes.wait()
            self._wakes.clear()
            await self._drain(link)

    async def _drain(self, link: NatsLink) -> None:
        """Publish what waits. When it returns nothing waits: what is read then contains what was published."""
        events = self._events
        async with self._draining:
            while events:
                for _ in range(min(SLICE, len(events))):
                    event = events.popleft()
                    body = EngineEventBody(kind=type(event).__name__, event=msgspec.to_builtins(event))
                    await link.publish(self._subjects.events, body, event.ts_ns)
                await asyncio.sleep(0)

    # --- Views --------------------------------------------------------------------------------------------------------

    async def _show(self, link: NatsLink, request: Message) -> Body:
        asked = request.body
        assert isinstance(asked, EngineRequestBody)
        if self._session.clock.now_ns() > nanoseconds(asked.deadline):
            return EngineAnswerBody(ok=False, text=f"The request for {asked.name} came after its deadline.")
        await self._drain(link)
        number = link.number(self._subjects.events)
        data, told = await self._views.show(asked.name, asked.arguments)
        return EngineAnswerBody(ok=True, text=told, number=number, data=data)

    # --- The market ---------------------------------------------------------------------------------------------------

    async def _publish_market(self, link: NatsLink) -> None:
        """Be the feed handler of a market that this engine has by itself."""
        session = self._session
        instruments = session.kernel.terms.instruments
        handler = FeedHandler(link, self._subjects, instruments, session.clock.now_ns)
        market, bus = self._market, session.kernel.bus
        market.clear()
        for state in session.kernel.markets.values():
            market.extend(as_it_stands(state, session.clock.now_ns()))
        subscriptions = [bus.subscribe(kind, market.append) for kind in MARKET_TYPES]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(handler.run())
                tasks.create_task(self._hand_over(handler))
        finally:
            for unsubscribe in subscriptions:
                unsubscribe()

    async def _hand_over(self, handler: FeedHandler) -> None:
        market = self._market
        while True:
            for _ in range(min(SLICE, len(market))):
                handler.take(market.popleft())
            await asyncio.sleep(0 if market else MARKET_INTERVAL_S)


def as_it_stands(state: MarketState, now_ns: int) -> list[MarketInput]:
    """A symbol's past, book, mark and feed, for a handler that begins now."""
    found: list[MarketInput] = []
    terms = state.instrument
    for interval_ns in (HOUR_NS, MINUTE_NS):
        series = state.series.get(interval_ns)
        if series is None or not len(series):
            continue
        columns = (series.open, series.high, series.low, series.close)
        ticks = [[round(price / terms.tick_lossy) for price in column[-PAST_BARS:].tolist()] for column in columns]
        lots = [round(volume / terms.lot_lossy) for volume in series.volume[-PAST_BARS:].tolist()]
        rows = tuple(zip(series.close_ns[-PAST_BARS:].tolist(), *ticks, lots))
        found.append(History(state.symbol, now_ns, interval_ns, rows))
    if state.perpetual:
        found.append(state.perpetual.history(state.symbol, now_ns))
    if state.book.sequence >= 0 and state.book.synchronised:
        found.append(whole_book(state.book, now_ns))
    if state.mark_price:
        found.append(MarkPrice(state.symbol, now_ns, state.mark_price))
    if not state.connected:
        found.append(FeedStatus(state.symbol, now_ns, False, "down"))
    return found
