"""The feed handler: connects to a market once and tells everybody, with numbers, and snapshots for who joins late."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from workstation.config.settings import Subjects
from workstation.core.instrument import Instrument
from workstation.core.messages import FeedStatus, History, Input, PerpetualHistory
from workstation.messaging.bodies import AnswerBody, Body, MarketRequestBody
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.messaging.market_bodies import MarketEvent, market_body
from workstation.messaging.market_subjects import live_subjects, request_subject, subject_of
from workstation.services.symbol_publisher import SymbolPublisher

ENRICHED_INTERVAL_S = 0.1
"""The enriched message of a symbol goes out at most so often."""
MOST_WAITING = 100_000
"""Messages that wait for the connection; what is older is dropped, and its readers see the gap."""
SLICE = 500

log = logging.getLogger("workstation.services")


class FeedHandler:
    """``take`` is given every market input; ``run`` publishes what follows from them until cancelled."""

    def __init__(
        self, link: NatsLink, subjects: Subjects, instruments: Mapping[str, Instrument], now_ns: Callable[[], int]
    ) -> None:
        self._link = link
        self._subjects = subjects
        self._instruments = instruments
        self._now_ns = now_ns
        self._symbols = {symbol: SymbolPublisher(instrument, self._waits) for symbol, instrument in instruments.items()}
        self._waiting: deque[tuple[str, Body, int]] = deque(maxlen=MOST_WAITING)
        self._wakes = asyncio.Event()
        self._draining = asyncio.Lock()
        self.messages = 0

    @property
    def unsynchronised(self) -> Iterable[str]:
        """Symbols whose book waits for a snapshot after a gap."""
        return [s for s, of in self._symbols.items() if of.book.sequence >= 0 and not of.book.synchronised]

    def take(self, event: Input) -> None:
        """Take a market input from the source. What is about no symbol of ours goes no further."""
        if isinstance(event, FeedStatus):
            for symbol, publisher in self._symbols.items():
                if event.symbol in ("", symbol):
                    publisher.connected = event.connected
            self._waits(event)
        elif isinstance(event, MarketEvent | History | PerpetualHistory):
            publisher_of = self._symbols.get(event.symbol)
            if publisher_of is not None:
                publisher_of.take(event)

    def _waits(self, event: MarketEvent) -> None:
        body = market_body(event, self._instruments)
        self._waiting.append((subject_of(body, self._subjects), body, event.ts_ns))
        self._wakes.set()

    async def run(self) -> None:
        """Answer requests and publish until cancelled."""
        for symbol in self._symbols:
            await self._link.serve(request_subject(symbol, self._subjects), self._answer, MarketRequestBody)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish_events())
            tasks.create_task(self._publish_enriched())

    async def _publish_events(self) -> None:
        while True:
            await self._wakes.wait()
            self._wakes.clear()
            await self._drain()

    async def _drain(self) -> None:
        waiting = self._waiting
        async with self._draining:
            while waiting:
                for _ in range(min(SLICE, len(waiting))):
                    subject, body, ts_ns = waiting.popleft()
                    await self._link.publish(subject, body, ts_ns)
                    self.messages += 1
                await asyncio.sleep(0)

    async def _publish_enriched(self) -> None:
        while True:
            await asyncio.sleep(ENRICHED_INTERVAL_S)
            for publisher in self._symbols.values():
                publisher.close_bars(self._now_ns())
                if publisher.changed:
                    await self._link.publish(self._subjects.market_data, publisher.enriched())

    async def _answer(self, request: Message) -> Body:
        """The symbol as of the last message that was published of it: nothing awaits between the two."""
        asked = request.body
        assert isinstance(asked, MarketRequestBody)
        publisher = self._symbols.get(asked.symbol)
        if publisher is None:
            return AnswerBody(ok=False, text=f"This feed handler has no {asked.symbol}.")
        await self._drain()
        subjects = live_subjects(asked.symbol, self._subjects)
        return publisher.answer(
            {subject: self._link.number(subject) for subject in subjects}, asked.bars, asked.figures
        )
