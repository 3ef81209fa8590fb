"""An engine at the other end of NATS: views to be read at once, events as they come, commands as tasks.

It hears events first and then asks for the screen, which says the last event that it contains. A number that is
missing, or another run of the engine, makes it ask again; and it asks twice a second anyway, for prices move what an
account is worth. Nothing here blocks: who shows it reads what was told last, and ``silent_s`` says how old that is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from workstation.config.settings import Subjects
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.core.messages import AnyCommand, Kill, MarketInput, Resume, Trade
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS, TIMEFRAME_NAMES
from workstation.core.views import CommandAnswered, FillView, FundingView, OrderView, VerdictView, ViewsChanged
from workstation.messaging.bodies import EngineEventBody
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.messaging.remote_market import RemoteMarket
from workstation.services.engine_client import Answered, EngineClient, RecordMarket, View
from workstation.services.mirror import EngineMirror
from workstation.services.mirror_market import MirroredMarket
from workstation.services.shown import About, Screen, settings_that_differ
from workstation.services.trade_control import TradeControl

SCREEN_S = 0.5
SOONEST_S = 0.1
"""How soon the screen is asked for again when something has happened."""
BARS_S = 1.0
WANTED_NS = 5 * SECOND_NS
"""Bars that nobody has read for so long are not followed."""
MOST_BARS = 5_000
NEWEST_BARS = 3
PREVIEW_NS = SECOND_NS // 4
MOST_PREVIEWS = 16
PAST_ORDERS = 500
PAST_FILLS = 5_000
PAST_FUNDING = 5_000
PAST_EQUITY = 20_000
CATCH_UP_FILLS = 500
SILENT_S = 3.0
"""Without a word for so long what is shown counts as old."""
HANDING_OVER_S = 0.25
KILL_FOR_S = 30.0
"""How long a kill is repeated until the engine has answered."""
KILL_EVERY_S = 1.0
_NOTHING = Decimal(0)
ASKING = VerdictView(False, "", "Asking the engine …", "", "", _NOTHING, _NOTHING, _NOTHING, None)

log = logging.getLogger("workstation.services")


class _Preview(NamedTuple):
    view: VerdictView
    asked_ns: int


class RemoteEngine:
    """``open``, then ``run`` until cancelled, then ``close``. ``place`` and ``who`` are words: where, and who asks."""

    def __init__(self, link: NatsLink, subjects: Subjects, place: str, who: str, clock: WallClock) -> None:
        self.place = place
        self._link = link
        self._subjects = subjects
        self._who = who
        self._clock = clock
        self._offset_ns = 0
        self._client = EngineClient(link, subjects, self.now_ns)
        self._early: list[Message] = []
        self._mirror: EngineMirror | None = None
        self._heard_s = 0.0
        self._wakes = asyncio.Event()
        self._bars_wanted = asyncio.Event()
        self._wanted: dict[tuple[str, int], int] = {}
        self._previews: dict[Intent, _Preview] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.mismatch = ""
        """Why what the engine says is not understood, in a sentence."""
        self.changed = ""
        """How the engine that was started again differs from the one that is mirrored, in a sentence: it is to be
        opened anew."""
        self.latch: Callable[[Kill], str] | None = None
        """Latches a kill that the engine did not hear, where its data folder is at hand; what that means, in words."""
        self.kill_waits = False
        """Whether a kill is still being sent, or latched, that the engine has not answered."""
        self.past_orders: list[OrderView] = []
        self.knows_funding = False
        """Whether the payments from before are among the mirror's."""
        self.past_equity: list[tuple[int, float]] = []

    @property
    def mirror(self) -> EngineMirror:
        assert self._mirror is not None
        return self._mirror

    @property
    def silent_s(self) -> float:
        """Since the engine's last word, 0 while it speaks."""
        age = asyncio.get_running_loop().time() - self._heard_s
        return age if age > SILENT_S else 0.0

    def now_ns(self) -> int:
        """By the engine's clock, as far as its answers tell."""
        return self._clock.now_ns() + self._offset_ns

    # --- Opening ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Learn what there is. Raises ``MessagingError`` when no engine answers."""
        events = await self._link.subscribe(self._subjects.events, self._on_event, EngineEventBody)
        try:
            about = msgspec.convert((await self._ask(View.SESSION)).body.data, About)
            screen = await self._ask(View.SCREEN)
            self._mirror = EngineMirror(
                about, screen.session, screen.body.number, msgspec.convert(screen.body.data, Screen)
            )
            early, self._early = self._early, []
            for message in early:
                self._on_event(message)
            await self._read_past()
        except BaseException:
            await events.unsubscribe()
            raise
        self.markets = {symbol: MirroredMarket(about.instruments[symbol], self._want_bars) for symbol in about.symbols}
        instruments = {symbol: about.instruments[symbol] for symbol in about.symbols}
        self.market = RemoteMarket(self._link, self._subjects, instruments, self.now_ns, self._on_market)
        self.control = TradeControl(self._link, about.account)

    async def _read_past(self) -> None:
        orders = await self._ask(View.PAST_ORDERS, 10.0, limit=PAST_ORDERS)
        fills = await self._ask(View.PAST_FILLS, 10.0, limit=PAST_FILLS)
        equity = await self._ask(View.PAST_EQUITY, 10.0, limit=PAST_EQUITY)
        self.past_orders = msgspec.convert(orders.body.data, list[OrderView])
        self.past_equity = msgspec.convert(equity.body.data, list[tuple[int, float]])
        self.mirror.know(msgspec.convert(fills.body.data, list[FillView]), await self._payments())

    async def _payments(self) -> list[FundingView]:
        """Empty where the engine cannot show them."""
        try:
            answered = await self._ask(View.PAST_FUNDING, 10.0, limit=PAST_FUNDING)
        except MessagingError as error:
            log.debug("%s", error)
            return []
        self.knows_funding = True
        return msgspec.convert(answered.body.data, list[FundingView])

    async def _ask(self, view: View, timeout_s: float = 2.0, **arguments: Any) -> Answered:
        """Raises ``MessagingError`` also when the engine cannot show it."""
        loop = asyncio.get_running_loop()
        asked_ns, asked_s = self._clock.now_ns(), loop.time()
        answered = await self._client.ask(view, timeout_s, **arguments)
        self._heard_s = loop.time()
        if self._heard_s - asked_s < SOONEST_S:
            # The answer was given half way between the two.
            self._offset_ns = answered.ts_ns - (asked_ns + int((self._heard_s - asked_s) / 2 * SECOND_NS))
        if not answered.body.ok:
            raise MessagingError(answered.body.text)
        return answered

    async def run(self) -> None:
        """Follow the engine until cancelled, or until it is another one: ``changed`` says so then."""
        await self.market.start({})
        self._link.on_up(self._wakes.set)
        async with asyncio.TaskGroup() as tasks:
            works = (self._follow_bars(), self.market.run(), self.control.watch())
            beside = [tasks.create_task(work) for work in works]
            await self._follow_screen()
            for task in beside:
                task.cancel()

    async def close(self) -> None:
        """Give up control and let go of what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._mirror is not None:
            await self.control.close()

    # --- Events and the screen ----------------------------------------------------------------------------------------

    def _on_event(self, message: Message) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        if self._mirror is None:
            self._early.append(message)
            return
        self._mirror.hear(message)
        self._wakes.set()

    async def _follow_screen(self) -> None:
        while not self.changed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SCREEN_S):
                    await self._wakes.wait()
            self._wakes.clear()
            try:
                await self._take_screen()
            except MessagingError as error:
                log.debug("%s", error)
            except msgspec.ValidationError as error:
                self.mismatch = f"The engine speaks another version ({error}): use the same on both sides."
            await asyncio.sleep(SOONEST_S)

    async def _take_screen(self) -> None:
        answered = await self._ask(View.SCREEN)
        mirror = self.mirror
        await self._hear_until(answered)
        screen = msgspec.convert(answered.body.data, Screen)
        if answered.session != mirror.session:
            await self._compare(screen)
            if self.changed:
                return
        self.kill_waits = self.kill_waits and not screen.risk.killed
        if mirror.take(answered.session, answered.body.number, screen):
            await self._catch_up()
        for client_id in list(mirror.orders.unsure):
            await self._ask_order(client_id)

    async def _hear_until(self, answered: Answered) -> None:
        """Events that left before the answer are here, but may not have been handed over yet."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + HANDING_OVER_S
        while self.mirror.lacks(answered.session, answered.body.number) and loop.time() < ends_s:
            await asyncio.sleep(0.005)

    async def _compare(self, screen: Screen) -> None:
        """Another run of the engine: what the window was built for must still hold."""
        mirror, about = self.mirror, msgspec.convert((await self._ask(View.SESSION)).body.data, About)
        words = settings_that_differ((mirror.about, mirror.screen), (about, screen))
        if words:
            self.changed = f"The engine was started again with other settings ({', '.join(words)})."
        else:
            self.mismatch = ""
            mirror.about = about

    async def _catch_up(self) -> None:
        """Executions, payments and ends of orders that were missed."""
        mirror = self.mirror
        fills = await self._newest_fills(CATCH_UP_FILLS)
        if len(fills) == CATCH_UP_FILLS and not mirror.knows(fills[0]):
            fills = await self._newest_fills(PAST_FILLS)
        for fill in fills:
            mirror.tell_fill(fill)
        for paid in await self._payments():
            mirror.tell_payment(paid)
        await self._take_past_orders()

    async def _newest_fills(self, limit: int) -> list[FillView]:
        answered = await self._ask(View.PAST_FILLS, 10.0, limit=limit)
        return msgspec.convert(answered.body.data, list[FillView])

    async def _take_past_orders(self) -> None:
        answered = await self._ask(View.PAST_ORDERS, 10.0, limit=PAST_ORDERS)
        orders, changed = self.mirror.orders, []
        for view in msgspec.convert(answered.body.data, list[OrderView]):
            if view.client_id not in orders.views or view.client_id in orders.unsure:
                orders.put(view)
                changed.append(view.client_id)
        self.mirror.bus.publish(ViewsChanged(tuple(changed)))

    async def _ask_order(self, client_id: str) -> None:
        """What became of an order that ended unseen; the history tells where the engine has forgotten it."""
        orders = self.mirror.orders
        try:
            answered = await self._ask(View.ORDER, client_id=client_id)
        except MessagingError as error:
            log.debug("%s", error)
            await self._take_past_orders()
            orders.unsure.discard(client_id)
            return
        orders.put(msgspec.convert(answered.body.data, OrderView))
        self.mirror.bus.publish(ViewsChanged((client_id,)))

    # --- The market ---------------------------------------------------------------------------------------------------

    def _on_market(self, event: MarketInput) -> None:
        symbol = getattr(event, "symbol", None)
        for market in self.markets.values() if symbol == "" else filter(None, (self.markets.get(str(symbol)),)):
            market.take(event)
        if isinstance(event, Trade):
            self.mirror.bus.publish(event)

    def _want_bars(self, symbol: str, interval_ns: int) -> None:
        if (symbol, interval_ns) not in self._wanted:
            self._bars_wanted.set()
        self._wanted[symbol, interval_ns] = self._clock.now_ns()

    async def _follow_bars(self) -> None:
        while True:
            for (symbol, interval_ns), read_ns in list(self._wanted.items()):
                if self._clock.now_ns() - read_ns < WANTED_NS:
                    try:
                        await self._take_bars(symbol, interval_ns)
                    except MessagingError as error:
                        log.debug("%s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BARS_S):
                    await self._bars_wanted.wait()
            self._bars_wanted.clear()

    async def _take_bars(self, symbol: str, interval_ns: int) -> None:
        """The newest; all of them at first, and where the newest do not reach back to what is known."""
        market = self.markets[symbol]
        newest_ns = market.newest_ns(interval_ns)
        named: dict[str, Any] = {"symbol": symbol, "timeframe": TIMEFRAME_NAMES[interval_ns], "forming": True}
        answered = await self._ask(View.BARS, limit=NEWEST_BARS if newest_ns else MOST_BARS, **named)
        rows = answered.body.data
        if newest_ns and rows and rows[0][0] > newest_ns:
            answered = await self._ask(View.BARS, limit=MOST_BARS, **named)
            rows = answered.body.data
        market.put_bars(interval_ns, rows, answered.ts_ns)

    # --- Commands -----------------------------------------------------------------------------------------------------

    def command(self, command: AnyCommand | RecordMarket) -> None:
        """Send it; what became of it is told on the mirror's bus as ``CommandAnswered``.

        But for a kill it is meant for the run of the engine that is mirrored: another one may count in other units.
        """
        self._spawn(self._send(command))

    async def _send(self, command: AnyCommand | RecordMarket) -> None:
        loop, id_ = asyncio.get_running_loop(), secrets.token_hex(8)
        is_kill, unlatched = isinstance(command, Kill), self.latch
        ends_s = loop.time() + KILL_FOR_S
        while True:
            try:
                run, patience_s = ("", KILL_EVERY_S) if is_kill else (self.mirror.session, 5.0)
                if isinstance(command, Kill | Resume):
                    # Both halves of a split engine have a kill switch of their own.
                    answer = await self._client.command_both(command, self._who, id_, patience_s, run)
                else:
                    answer = await self._client.command(command, self._who, id_, patience_s, run)
                break
            except MessagingError as error:
                if not is_kill or loop.time() > ends_s:
                    name = type(command).__name__
                    if is_kill:
                        # One that is latched waits for the engine itself.
                        self.kill_waits = self.latch is not None
                    self._tell(f"{name}: {error} Whether it was carried out shows when the engine is back.", False)
                    return
                # Sent again with its id it acts once.
                words = "The kill has not reached the engine, it is sent again"
                if unlatched is not None and isinstance(command, Kill):
                    words, unlatched = unlatched(command), None
                # Told once: that it waits is part of what a window says of a silent engine.
                if not (self.kill_waits and self.silent_s):
                    self._tell(f"{words}: {error}", False)
                self.kill_waits = True
                await asyncio.sleep(KILL_EVERY_S)
        self._heard_s = loop.time()
        self._wakes.set()
        self.kill_waits = self.kill_waits and not is_kill
        if answer.text or not answer.ok:
            self._tell(answer.text, answer.ok)

    def _tell(self, text: str, good: bool) -> None:
        self.mirror.bus.publish(CommandAnswered(text, good))

    def preview(self, intent: Intent) -> VerdictView:
        """What the gate said to it last; the question is asked anew when that is old."""
        now_ns, known = self._clock.now_ns(), self._previews.get(intent)
        if known is None or now_ns - known.asked_ns > PREVIEW_NS:
            view = known.view if known is not None else ASKING
            known = self._previews[intent] = _Preview(view, now_ns)
            if len(self._previews) > MOST_PREVIEWS:
                del self._previews[next(iter(self._previews))]
            self._spawn(self._ask_preview(intent))
        return known.view

    async def _ask_preview(self, intent: Intent) -> None:
        try:
            answered = await self._ask(View.PREVIEW, intent=msgspec.to_builtins(intent))
        except MessagingError as error:
            log.debug("%s", error)
            return
        view, known = msgspec.convert(answered.body.data, VerdictView), self._previews.get(intent)
        if known is not None and view != known.view:
            self._previews[intent] = _Preview(view, known.asked_ns)
            self.mirror.bus.publish(ViewsChanged())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
