"""Takes orders from their stream into the engine: in order, each once, only while this process holds the account.

How far it has come is kept in a file after each batch, so after a kill the last batch may come again: an id
that the engine knows acts once, and an order that is late is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from workstation.config.settings import Messaging
from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument
from workstation.core.messages import ForwardedRequest
from workstation.messaging.bodies import AmendBody, CancelBody, OrderBody, QueryBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.lease import Lease
from workstation.messaging.link import NatsLink
from workstation.messaging.order_bodies import forwarded
from workstation.messaging.stream_reader import Numbered, StreamReader, consumer_name
from workstation.messaging.streams import ORDERS
from workstation.trading.kernel import Kernel

LEASE_PAUSE_S = 0.05

log = logging.getLogger("workstation.services")


class Engine(Protocol):
    """What the orders go to: a session."""

    kernel: Kernel

    def take(self, request: ForwardedRequest) -> None: ...


class OrderReader:
    """``run`` until cancelled."""

    def __init__(
        self, link: NatsLink, messaging: Messaging, account: str, engine: Engine, lease: Lease, file: Path
    ) -> None:
        self._engine = engine
        self._lease = lease
        self._file = file
        self._position = _read(file)
        self.refused = 0
        """Orders that were no orders of this account's instruments."""
        self._reader = StreamReader(
            link,
            messaging,
            ORDERS,
            consumer_name("execution", account),
            OrderBody,
            CancelBody,
            AmendBody,
            QueryBody,
            position=lambda: self._position,
            restarted=self._begin_again,
            take=self._take,
            makes=True,
        )

    @property
    def messages(self) -> int:
        """Requests taken since the start."""
        return self._reader.messages

    async def run(self) -> None:
        await self._reader.run()

    def _begin_again(self) -> None:
        self._position = 0

    async def _take(self, messages: Sequence[Numbered], position: int) -> None:
        for numbered in messages:
            while not self._lease.held:
                await asyncio.sleep(LEASE_PAUSE_S)
                still_wanted()
            self._carry_out(numbered)
        self._position = position
        with contextlib.suppress(OSError):
            fresh = self._file.with_suffix(".new")
            fresh.write_text(json.dumps({"position": position}))
            fresh.replace(self._file)

    def _carry_out(self, numbered: Numbered) -> None:
        message = numbered.message
        body = message.body
        assert isinstance(body, OrderBody | CancelBody | AmendBody | QueryBody)
        kernel = self._engine.kernel
        order = kernel.orders.orders.get(body.client_id)
        instruments: dict[str, Instrument] = dict(kernel.terms.instruments)
        try:
            request = forwarded(body, order.symbol if order is not None else "", instruments, message.session)
        except MessagingError as error:
            self.refused += 1
            log.warning("%s", error)
            return
        self._engine.take(request)


def _read(file: Path) -> int:
    try:
        return int(json.loads(file.read_text())["position"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
