"""Sends a strategy core's requests to the execution service: in order, each once, until NATS has taken it.

A request that was late is refused by the service and not here, so every request gets an answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from nats.errors import Error as NatsError

from workstation.config.settings import Messaging
from workstation.messaging.bodies import CancelBody, QueryBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.link import NatsLink
from workstation.messaging.order_bodies import RequestBody
from workstation.messaging.streams import ORDERS, ensure_stream

RETRY_S = 0.25

log = logging.getLogger("workstation.session")


class OrderForwarder:
    """``forward`` takes a request at once; ``run`` sends what waits until cancelled."""

    def __init__(self, link: NatsLink, messaging: Messaging) -> None:
        self._link = link
        self._messaging = messaging
        self._waiting: deque[tuple[RequestBody, bytes]] = deque()
        self._wakes = asyncio.Event()
        self._ready = False
        self.sent = 0
        self.trouble = ""
        """Why requests wait; empty while they pass."""

    @property
    def waiting(self) -> int:
        """Requests that NATS has not taken yet."""
        return len(self._waiting)

    def forward(self, body: RequestBody) -> None:
        """Put a request behind those that wait. A question or a cancel that waits there already says the same."""
        if isinstance(body, CancelBody | QueryBody) and any(
            type(waiting) is type(body) and waiting.client_id == body.client_id for waiting, _ in self._waiting
        ):
            return
        self._waiting.append((body, self._link.envelope(self._messaging.subjects.orders, body)))
        self._wakes.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while still_wanted():
            await self._wakes.wait()
            try:
                await self._send()
                self.trouble = ""
            except (NatsError, TimeoutError, OSError) as error:
                self._ready = False
                if not self.trouble:
                    log.warning("Orders wait for NATS: %s", str(error) or type(error).__name__)
                self.trouble = str(error) or type(error).__name__
                await asyncio.sleep(RETRY_S)

    async def _send(self) -> None:
        context = self._link.jetstream()
        if not self._ready:
            await ensure_stream(context, self._messaging, ORDERS, owns=False)
            self._ready = True
        while self._waiting:
            body, payload = self._waiting[0]
            await context.publish(self._messaging.subjects.orders, payload, timeout=2, headers={"Nats-Msg-Id": body.id})
            self._waiting.popleft()
            self.sent += 1
            still_wanted()
        self._wakes.clear()
