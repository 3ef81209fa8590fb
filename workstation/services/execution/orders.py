"""Takes orders from their stream into the engine: in order, each once, only while this process holds the account.

How far it has come is kept in a file after each batch, so after a kill the last batch may come again: an id
that the engine knows acts once, and an order that is late is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from workstation.config.settings import Messaging
from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument
from workstation.core.messages import ForwardedRequest, RefuseRequest
from workstation.messaging.bodies import AmendBody, CancelBody, KillBody, OrderBody, QueryBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message
from workstation.messaging.kept_position import KeptPosition
from workstation.messaging.lease import Lease
from workstation.messaging.link import NatsLink
from workstation.messaging.order_bodies import RequestBody, forwarded
from workstation.messaging.stream_reader import Numbered, StreamReader, consumer_name
from workstation.messaging.streams import ORDERS
from workstation.trading.kernel import Kernel

LEASE_PAUSE_S = 0.05
MALFORMED = "MALFORMED"
NO_SHADOW = "NO_SHADOW"

log = logging.getLogger("workstation.services")


class Engine(Protocol):
    """What the orders go to: a session."""

    kernel: Kernel

    def take(self, request: ForwardedRequest) -> None: ...


class OrderReader:
    """``run`` until cancelled. ``takes`` says which requests are this engine's; without it those that are no shadow's,
    which are refused here: there is no shadow then."""

    def __init__(
        self,
        link: NatsLink,
        messaging: Messaging,
        account: str,
        engine: Engine,
        lease: Lease,
        file: Path,
        takes: Callable[[RequestBody], bool] | None = None,
    ) -> None:
        self._engine = engine
        self._lease = lease
        self._takes = takes
        self._kept = KeptPosition(file)
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
            KillBody,
            position=lambda: self._kept.value.position,
            restarted=self._kept.begin_again,
            take=self._take,
            makes=True,
        )
        self._reader.stream = self._kept.value.stream

    @property
    def messages(self) -> int:
        """Requests taken since the start."""
        return self._reader.messages

    async def run(self) -> None:
        await self._reader.run()

    def begin_at(self, position: int) -> None:
        """Leave out what is in the stream up to this number."""
        self._kept.keep(position, self._reader.stream)

    async def _take(self, messages: Sequence[Numbered], position: int) -> None:
        for numbered in messages:
            while not self._lease.held:
                await asyncio.sleep(LEASE_PAUSE_S)
                still_wanted()
            self._carry_out(numbered)
        self._kept.keep(position, self._reader.stream)

    def _carry_out(self, numbered: Numbered) -> None:
        message = numbered.message
        body = message.body
        assert isinstance(body, OrderBody | CancelBody | AmendBody | QueryBody | KillBody)
        if self._takes is not None and not self._takes(body):
            return
        if self._takes is None and body.is_shadow:
            self._refuse(body, NO_SHADOW, "There is no paper run beside this venue: execution.shadow is none.", message)
            return
        kernel = self._engine.kernel
        order = kernel.orders.orders.get(body.client_id) if not isinstance(body, KillBody) else None
        instruments: dict[str, Instrument] = dict(kernel.terms.instruments)
        late_ns = message.ts_ns + kernel.terms.request_expiry_ns
        try:
            request = forwarded(body, order.symbol if order is not None else "", instruments, message.session, late_ns)
        except MessagingError as error:
            self._refuse(body, MALFORMED, str(error), message)
        else:
            self._engine.take(request)

    def _refuse(self, body: RequestBody, code: str, reason: str, message: Message) -> None:
        """Nothing but orders and changes can be refused here; their sender hears of it as of every other answer."""
        self.refused += 1
        log.warning("%s", reason)
        if isinstance(body, OrderBody | AmendBody):
            amendment = body.amendment if isinstance(body, AmendBody) else 0
            self._engine.take(
                RefuseRequest(
                    client_id=body.client_id, code=code, reason=reason[:500], amendment=amendment, who=message.session
                )
            )
