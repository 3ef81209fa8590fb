"""A market that a feed handler tells: books without a gap, every trade once, the past on request.

For each symbol the messages are held until the snapshot is there, and those that it contains are dropped. A number that
is missing, or a feed handler that was started anew, makes the symbol be asked for again: until then it counts as
disconnected, so that nothing trades on what may be wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from workstation.config.settings import Subjects
from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument
from workstation.core.messages import FeedStatus, History, MarketInput, MarkPrice, PerpetualHistory
from workstation.core.money import to_money
from workstation.core.timeframe import TIMEFRAMES
from workstation.messaging.bodies import (
    AnswerBody,
    BarRow,
    BookDeltaBody,
    BookSnapshotBody,
    FeedBody,
    FundingBody,
    MarkBody,
    MarketAnswerBody,
    MarketRequestBody,
    OpenInterestBody,
    TradeBody,
)
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.messaging.market_bodies import market_event
from workstation.messaging.market_subjects import EVERY_SYMBOL, live_subjects, request_subject
from workstation.messaging.moments import nanoseconds

RETRY_S = 1.0
MOST_HELD = 50_000
MOST_FIGURES, FIGURES_BESIDE_BARS = 4_000, 1_000
"""Values of open interest and of funding that are asked for: all must fit one message."""

log = logging.getLogger("workstation.messaging")

Deliver = Callable[[MarketInput], None]


class RemoteMarket:
    """Delivers the market inputs of its symbols, in the order in which they were published of each."""

    def __init__(
        self,
        link: NatsLink,
        subjects: Subjects,
        instruments: Mapping[str, Instrument],
        now_ns: Callable[[], int],
        deliver: Deliver,
    ) -> None:
        self._link = link
        self._subjects = subjects
        self._instruments = instruments
        self._now_ns = now_ns
        self._deliver = deliver
        self._symbols = {symbol: _Symbol(live_subjects(symbol, subjects)) for symbol in instruments}
        self._wants = asyncio.Event()
        self.complete = asyncio.Event()
        """Every symbol was told of once."""
        self._bars: dict[str, int] = {}
        self.messages = 0
        self.gaps = 0
        """How often a symbol had to be asked for again."""
        self.refused = 0

    async def start(self, bars: Mapping[str, int]) -> None:
        """Hear every symbol from now on, and ask for each with so many closed bars of each timeframe."""
        self._bars = dict(bars)
        kinds = (BookDeltaBody, BookSnapshotBody, TradeBody, MarkBody, FundingBody, OpenInterestBody, FeedBody)
        for symbol, state in self._symbols.items():
            for subject in state.subjects:
                await self._link.subscribe(subject, self._hearer(symbol, subject), *kinds)
        everything = f"{self._subjects.market_trades}.{EVERY_SYMBOL}"
        await self._link.subscribe(everything, self._on_feed, FeedBody)
        self._link.on_up(self._ask_again_for_all)

    async def run(self) -> None:
        """Ask for what is lacking until cancelled."""
        while True:
            self._wants.clear()
            lacking = [symbol for symbol, state in self._symbols.items() if not state.synchronised]
            for symbol in lacking:
                try:
                    await self._ask(symbol)
                except MessagingError as error:
                    log.debug("%s", error)
            if any(not state.synchronised for state in self._symbols.values()):
                await asyncio.sleep(RETRY_S)
                still_wanted()
            else:
                self.complete.set()
                await self._wants.wait()

    def _ask_again_for_all(self) -> None:
        for symbol, state in self._symbols.items():
            self._lose(symbol, state, "the connection to the feed handler was lost")

    def _lose(self, symbol: str, state: _Symbol, why: str) -> None:
        if state.synchronised:
            self.gaps += 1
            state.synchronised = False
            self._deliver(FeedStatus(symbol, self._now_ns(), False, f"{symbol}: {why}"))
        self._wants.set()

    def _hearer(self, symbol: str, subject: str) -> Callable[[Message], None]:
        state = self._symbols[symbol]

        def on_message(message: Message) -> None:
            if not state.synchronised:
                if len(state.held) < MOST_HELD:
                    state.held.append((subject, message))
                return
            if not state.follows(subject, message):
                self._lose(symbol, state, "messages of the feed handler were missed")
                state.held = [(subject, message)]
                return
            self._pass_on(message)

        return on_message

    def _on_feed(self, message: Message) -> None:
        self._pass_on(message)

    def _pass_on(self, message: Message) -> None:
        self.messages += 1
        try:
            event = market_event(message.body, self._instruments)  # type: ignore[arg-type]
        except MessagingError as error:
            self.refused += 1
            log.debug("%s", error)
            return
        self._deliver(event)

    async def _ask(self, symbol: str) -> None:
        state = self._symbols[symbol]
        bars = {} if state.has_past else self._bars
        figures = FIGURES_BESIDE_BARS if bars else MOST_FIGURES
        asked = MarketRequestBody(symbol=symbol, bars=bars, figures=figures)
        answer = await self._link.request(request_subject(symbol, self._subjects), asked, MarketAnswerBody, AnswerBody)
        body = answer.body
        if isinstance(body, AnswerBody):
            raise MessagingError(body.text)
        assert isinstance(body, MarketAnswerBody)
        if body.book is None and body.last_price is None:
            raise MessagingError(f"The feed handler has nothing of {symbol} yet.")
        self._begin(symbol, state, body, answer.session)

    def _begin(self, symbol: str, state: _Symbol, body: MarketAnswerBody, session: str) -> None:
        now_ns = self._now_ns()
        if not state.has_past:
            state.has_past = True
            for timeframe in sorted(body.bars, key=lambda name: -TIMEFRAMES[name]):
                self._deliver(self._history(symbol, timeframe, body.bars[timeframe], now_ns))
        if body.open_interest or body.fundings:
            self._deliver(self._perpetual(symbol, body, now_ns))
        state.session = session
        state.numbers = dict(body.numbers)
        held, state.held = state.held, []
        state.synchronised = True
        if body.book is not None:
            self._deliver(market_event(body.book, self._instruments))
        if body.mark_price is not None:
            terms = self._instruments[symbol]
            self._deliver(MarkPrice(symbol, now_ns, terms.ticks(body.mark_price)))
        self._deliver(FeedStatus(symbol, now_ns, body.connected, f"{symbol}: from the feed handler"))
        hearers = {subject: self._hearer(symbol, subject) for subject in state.subjects}
        for subject, message in held:
            if message.session == session and message.seq > body.numbers.get(subject, 0):
                hearers[subject](message)

    def _history(self, symbol: str, timeframe: str, rows: tuple[BarRow, ...], now_ns: int) -> History:
        terms = self._instruments[symbol]
        bars = tuple(
            (nanoseconds(time), *(terms.ticks(price) for price in prices), terms.lots(volume))
            for time, *prices, volume in rows
        )
        return History(symbol, now_ns, TIMEFRAMES[timeframe], bars)  # type: ignore[arg-type]

    def _perpetual(self, symbol: str, body: MarketAnswerBody, now_ns: int) -> PerpetualHistory:
        terms = self._instruments[symbol]
        open_interest = tuple((nanoseconds(time), terms.lots(quantity)) for time, quantity in body.open_interest)
        fundings = tuple((nanoseconds(time), to_money(rate)) for time, rate in body.fundings)
        return PerpetualHistory(symbol, now_ns, open_interest, fundings)


class _Symbol:
    """How far a symbol was heard."""

    def __init__(self, subjects: tuple[str, ...]) -> None:
        self.subjects = subjects
        self.session = ""
        self.numbers: dict[str, int] = {}
        self.held: list[tuple[str, Message]] = []
        self.synchronised = False
        self.has_past = False

    def follows(self, subject: str, message: Message) -> bool:
        """Whether a message is the next of its subject."""
        if message.session != self.session or message.seq != self.numbers.get(subject, 0) + 1:
            return False
        self.numbers[subject] = message.seq
        return True
