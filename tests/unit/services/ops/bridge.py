"""The least that an engine serves over NATS: a real paper session behind the subjects of views and commands."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, get_args, get_type_hints

import msgspec
from nats.aio.subscription import Subscription

from tests.replay.paper_session import PaperSession
from widgets.session_engine import SessionEngine
from workstation.core.messages import LogLine, OrderDenied, OrderSubmitted, Output
from workstation.core.orders import Intent
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import MANUAL
from workstation.core.views import LogView
from workstation.messaging.bodies import EngineAnswerBody, EngineEventBody, EngineRequestBody
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.services.engine_client import COMMANDS, View

STEP_S = 0.25


class Bridge:
    """Lets the session's time pass and answers."""

    def __init__(self, paper: PaperSession, link: NatsLink) -> None:
        self.paper = paper
        self.engine = SessionEngine(paper.session)
        self.halted = False
        """Time stands still, and views go on."""
        self.refuses = ""
        self._link = link
        self._ears: list[Subscription] = []
        self._subjects = paper.session.settings.messaging.subjects
        self._events: asyncio.Queue[Output] = asyncio.Queue()
        self._log: deque[LogView] = deque(maxlen=1_000)
        self._done: dict[str, EngineAnswerBody] = {}
        bus = paper.session.kernel.bus
        for kind in get_args(Output):
            bus.subscribe(kind, self._events.put_nowait)
        self._denied = ""
        self._submitted: list[str] = []
        bus.subscribe(OrderDenied, self._on_denied)
        bus.subscribe(OrderSubmitted, self._on_submitted)
        bus.subscribe(LogLine, lambda e: self._log.append(LogView(e.ts_ns, e.severity, e.source, e.text)))

    async def run(self) -> None:
        await self.speak()
        while True:
            if not self.halted:
                self.paper.let_pass(STEP_S, STEP_S)
            while not self._events.empty():
                event = self._events.get_nowait()
                body = EngineEventBody(kind=type(event).__name__, event=msgspec.to_builtins(event))
                if self._ears:
                    await self._link.publish(self._subjects.events, body)
            await asyncio.sleep(STEP_S)

    def _on_denied(self, denial: OrderDenied) -> None:
        if denial.owner == MANUAL:
            self._denied = f"Denied {denial.code}: {denial.text}."

    def _on_submitted(self, order: OrderSubmitted) -> None:
        if order.owner == MANUAL:
            self._submitted.append(order.client_id)

    async def speak(self) -> None:
        """Answer, and tell events."""
        link, subjects = self._link, self._subjects
        self._ears.append(await link.serve(subjects.views, self._view, EngineRequestBody))
        self._ears.append(await link.serve(subjects.commands, self._command, EngineRequestBody))

    async def fall_silent(self) -> None:
        """Hear nothing and say nothing."""
        for ear in self._ears:
            await ear.unsubscribe()
        self._ears.clear()

    async def _view(self, message: Message) -> EngineAnswerBody:
        request = message.body
        assert isinstance(request, EngineRequestBody)
        data = self._shown(View(request.name), dict(request.arguments))
        if data is None and request.name == View.ORDER:
            return EngineAnswerBody(ok=False, text=f"There is no order {request.arguments['client_id']}.")
        return EngineAnswerBody(ok=True, data=data)

    def _shown(self, view: View, a: dict[str, Any]) -> Any:
        engine, session = self.engine, self.paper.session
        match view:
            case View.SESSION:
                return {
                    "mode": session.mode,
                    "account": session.settings.account.name,
                    "instruments": dict(session.kernel.terms.instruments),
                    "session": session.number,
                    "seed": session.seed,
                    "market": session.market_title,
                    "notes": list(session.notes),
                    "failures": session.failures,
                }
            case View.HEALTH:
                return engine.health().view
            case View.CONFIGURATION:
                return session.settings
            case View.PREVIEW:
                return engine.preview(msgspec.convert(a["intent"], Intent))
            case View.BARS:
                series = engine.market(a["symbol"]).series(TIMEFRAMES[a["timeframe"]])
                columns = ("close_ns", "open", "high", "low", "close", "volume")
                rows = list(zip(*(getattr(series, name)[-a["limit"] :].tolist() for name in columns)))
                bar = engine.market(a["symbol"]).forming(TIMEFRAMES[a["timeframe"]]) if a["forming"] else None
                if bar is not None:
                    terms = session.kernel.terms.instruments[a["symbol"]]
                    prices = map(terms.price_lossy, (bar.open, bar.high, bar.low, bar.close))
                    close_ns = bar.open_ns + TIMEFRAMES[a["timeframe"]]
                    rows.append((close_ns, *prices, bar.lots * terms.lot_lossy))
                return rows
            case View.MARKET:
                market = engine.market(a["symbol"])
                bids, asks = market.top(a["depth"])
                fresh = {"last_ns": market.last_ns, "connected": market.connected, "synchronised": market.synchronised}
                return {"last_price": market.last_price, "bids": bids, "asks": asks, **fresh}
            case View.LOG:
                return list(self._log)[-a["limit"] :]
            case _:
                return getattr(engine, view)(**a)

    async def _command(self, message: Message) -> EngineAnswerBody:
        request = message.body
        assert isinstance(request, EngineRequestBody)
        if self.refuses:
            return EngineAnswerBody(ok=False, text=self.refuses)
        done = self._done.get(request.id)
        if done is not None:
            return msgspec.structs.replace(done, duplicate=True)
        kind = COMMANDS[request.name]
        hints = get_type_hints(kind)
        fields = {name: msgspec.convert(value, hints[name]) for name, value in request.arguments.items()}
        self._denied, self._submitted = "", []
        text = self.paper.command(kind(who=request.who, **fields))
        if self._denied:
            return EngineAnswerBody(ok=False, text=self._denied)
        answer = EngineAnswerBody(ok=True, text=text, data={"orders": self._submitted})
        self._done[request.id] = answer
        return answer
