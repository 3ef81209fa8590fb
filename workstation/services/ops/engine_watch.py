"""Asks the engine each second how it is, so that its silence is known before somebody needs it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument
from workstation.messaging.bodies import ServiceHealthBody
from workstation.messaging.envelope import Message
from workstation.services.engine_client import EngineClient, View
from workstation.services.ops.event_hub import EventHub

INTERVAL_S = 1.0


class EngineWatch:
    """The last answers, and when they came."""

    def __init__(self, engine: EngineClient, hub: EventHub) -> None:
        self._engine = engine
        self._hub = hub
        self.answered_ns = 0
        self.session: dict[str, Any] = {}
        self.account: dict[str, Any] = {}
        self.health: dict[str, Any] = {}
        self.risk: dict[str, Any] = {}
        self.services: dict[str, tuple[int, ServiceHealthBody]] = {}
        """Each service's last word and when it was heard."""
        self.failed_asks = 0

    async def run(self, now_ns: Any) -> None:
        """Ask until cancelled."""
        while True:
            with contextlib.suppress(MessagingError):
                await self.look(now_ns)
            await asyncio.sleep(INTERVAL_S)

    async def look(self, now_ns: Any) -> None:
        """Ask once. Raises ``MessagingError`` when the engine is silent."""
        try:
            asked = (View.SESSION, View.ACCOUNT, View.HEALTH, View.RISK)
            answers = await asyncio.gather(*(self._engine.view(view) for view in asked))
        except MessagingError:
            self.failed_asks += 1
            raise
        session, account, health, risk = (answer.data if answer.ok else {} for answer in answers)
        self.account, self.health, self.risk = account, health, risk
        if session.get("instruments") != self.session.get("instruments"):
            self._hub.translator.instruments = instruments_of(session)
            for order in (await self._engine.view(View.ORDERS)).data or ():
                self._hub.translator.follow(order["client_id"], order["symbol"])
        self.session = session
        self.answered_ns = now_ns()

    def hear_service(self, message: Message, now_ns: int) -> None:
        """A service told its health."""
        body = message.body
        assert isinstance(body, ServiceHealthBody)
        if body.service in self.services or len(self.services) < 100:
            self.services[body.service] = (now_ns, body)


def instruments_of(session: Mapping[str, Any]) -> dict[str, Instrument]:
    """What the session view tells of each symbol."""
    return msgspec.convert(session.get("instruments", {}), dict[str, Instrument], strict=False)
