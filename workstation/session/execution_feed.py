"""What the execution service tells a strategy core: what became of its orders, and what its owners hold there.

Executions are read from where the last session ended. Each comes from one record of the service's journal, so that
one which comes again, after a kill or from a stream that was made anew, is known by its number.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from workstation.config.settings import Settings
from workstation.core.errors import MessagingError
from workstation.core.messages import (
    FilledElsewhere,
    FollowKill,
    HoldingsTold,
    OrderFilled,
    PositionLiquidated,
    ServiceReport,
    VenueReport,
)
from workstation.messaging.bodies import ExecutionBody, PositionBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import decode
from workstation.messaging.kept_position import KeptPosition, split_record
from workstation.messaging.link import NatsLink
from workstation.messaging.order_bodies import told_kill, venue_report
from workstation.messaging.stream_reader import RECORD_HEADER, Numbered, StreamReader, consumer_name
from workstation.messaging.streams import EXECUTIONS, POSITIONS, ensure_stream
from workstation.session.own_orders import OwnOrders

FILE = "executions.json"
COMPARE_S = 3.0
"""How often the positions are compared; also at once after each connect."""
CATCH_UP_S = 2.0
RETRY_S = 0.5
MOVES = ("partially_filled", "filled", "liquidated", "transferred")

log = logging.getLogger("workstation.session")


class ExecutionFeed:
    """``run`` until cancelled. Reports are inputs of the session, given to ``report`` in the order of the stream."""

    def __init__(
        self,
        link: NatsLink,
        settings: Settings,
        name: str,
        data: Path,
        orders: OwnOrders,
        report: Callable[[VenueReport | ServiceReport | FollowKill], None],
    ) -> None:
        self._link = link
        self._settings = settings
        self._orders = orders
        self._report = report
        self._kept = KeptPosition(data / FILE)
        self._is_new = orders.has_nothing
        self._strangers_after = 0
        """Where it is not known how far the stream was taken, up to here only our own orders are heard of."""
        self._moved: dict[str, str] = {}
        """The last record taken that moved a symbol's position."""
        self.compared = asyncio.Event()
        """All was heard of, and the positions were compared once where the service has told of any."""
        self._reader = StreamReader(
            link,
            settings.messaging,
            EXECUTIONS,
            consumer_name(name, settings.account.name),
            ExecutionBody,
            position=lambda: self._kept.value.position,
            restarted=self._kept.begin_again,
            take=self._take,
        )
        self._reader.stream = self._kept.value.stream

    async def run(self) -> None:
        """Hear and compare until cancelled."""
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.run())
            tasks.create_task(self._compare())

    # --- Executions ---------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """A core that has no orders and no positions begins with what comes next."""
        while not self._kept.known and still_wanted():
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                context = self._link.jetstream()
                await ensure_stream(context, self._settings.messaging, EXECUTIONS, owns=False)
                info = await context.stream_info(EXECUTIONS)
                self._strangers_after = info.state.last_seq
                self._reader.stream = str(info.created)
                self._kept.keep(info.state.last_seq if self._is_new else 0, self._reader.stream)
                return
            await asyncio.sleep(RETRY_S)

    async def _take(self, messages: Sequence[Numbered], position: int) -> None:
        journal, number = split_record(self._kept.value.record)
        record = ""
        for numbered in messages:
            name, its = split_record(numbered.record)
            if name and name == journal and its <= number:
                continue
            if name:
                journal, number, record = name, its, numbered.record
            body = numbered.message.body
            assert isinstance(body, ExecutionBody)
            try:
                self._hear(body, numbered.seq)
            except MessagingError as error:
                # One that cannot be read must not hold up those behind it; the comparison tells what it meant.
                log.warning("%s", error)
            if body.status in MOVES:
                self._moved[body.symbol] = numbered.record
        self._kept.keep(position, self._reader.stream, record)

    def _hear(self, body: ExecutionBody, seq: int) -> None:
        kill = told_kill(body)
        if kill is not None:
            self._report(kill)
            return
        report = venue_report(body, self._settings.instruments)
        if report is None:
            return
        if self._orders.knows(body.client_id):
            self._report(report)
        elif isinstance(report, OrderFilled) and seq > self._strangers_after:
            self._report(FilledElsewhere(ts_ns=report.ts_ns, owner=body.strategy, fill=report))
        elif isinstance(report, PositionLiquidated):
            self._report(report)

    # --- Positions ----------------------------------------------------------------------------------------------------

    async def _compare(self) -> None:
        connected = asyncio.Event()
        self._link.on_up(connected.set)
        await self._reader.caught_up.wait()
        while still_wanted():
            connected.clear()
            with contextlib.suppress(NatsError, TimeoutError, OSError, MessagingError):
                told = await self._holdings() if self._link.is_up else None
                if told is not None:
                    if told.symbols:
                        self._report(told)
                    self.compared.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COMPARE_S):
                    await connected.wait()

    async def _holdings(self) -> HoldingsTold | None:
        """The positions as of all that was heard; ``None`` while there is more to hear than can be taken."""
        context, messaging = self._link.jetstream(), self._settings.messaging
        await ensure_stream(context, messaging, POSITIONS, owns=False)
        told: dict[str, tuple[PositionBody, str]] = {}
        for symbol in self._settings.market.symbols:
            with contextlib.suppress(NotFoundError):
                last = await context.get_last_msg(POSITIONS, f"{messaging.subjects.positions}.{symbol}")
                body = decode(last.data or b"", PositionBody).body
                assert isinstance(body, PositionBody)
                told[symbol] = (body, (last.headers or {}).get(RECORD_HEADER, ""))
        # What moved a position was told before it: when all that is there by now was taken, ours are as new.
        upto = (await context.stream_info(EXECUTIONS)).state.last_seq
        async with asyncio.timeout(CATCH_UP_S):
            while self._kept.value.position < upto:
                await asyncio.sleep(0.02)
                still_wanted()
        lots: dict[str, dict[str, int]] = {}
        symbols = [symbol for symbol, (_, record) in told.items() if not self._is_older(symbol, record)]
        for symbol in symbols:
            for owner, quantity in told[symbol][0].by_strategy.items():
                lots.setdefault(owner, {})[symbol] = self._lots(symbol, quantity)
        return HoldingsTold(ts_ns=self._orders.now_ns, symbols=tuple(symbols), lots=lots)

    def _lots(self, symbol: str, quantity: Decimal) -> int:
        return self._settings.instruments[symbol].lots_rounded(quantity)

    def _is_older(self, symbol: str, record: str) -> bool:
        """Whether the position was told before the last execution that was taken: a newer one is on its way."""
        journal, number = split_record(record)
        moved_in, moved_at = split_record(self._moved.get(symbol, ""))
        return journal == moved_in and number < moved_at
