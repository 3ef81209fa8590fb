"""Which of several windows and services may trade: it holds the account's trade lease, and the engine asks for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from workstation.core.errors import MessagingError
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.lease import Lease, person_of, trade_lease
from workstation.messaging.link import NatsLink

WATCH_S = 1.0


class TradeControl:
    """``take`` and ``give_up`` answer at once; what comes of them is told to ``on_change``, with a sentence or none.

    Services, which can wait, await ``take_now`` and ``give_up_now``.
    """

    def __init__(self, link: NatsLink, account: str) -> None:
        self._link = link
        self._lease = Lease(link, trade_lease(account), link.session)
        self._wanted = False
        self._task: asyncio.Task[None] | None = None
        self.other = ""
        """Who else holds it, as far as known."""
        self.on_change: Callable[[str], None] = lambda text: None

    @property
    def held(self) -> bool:
        return self._wanted and self._lease.held

    @property
    def is_kept(self) -> bool:
        """Whether it was taken and neither given up nor lost to somebody else, also while NATS is away."""
        return self._wanted

    @property
    def other_name(self) -> str:
        """Who else holds it, by the name of a person where it tells one, and begins a sentence."""
        name = self._lease.holder_name if self.other else ""
        return f"Another session of {name}" if name and name == person_of(self._link.session) else name

    async def holder(self) -> str:
        """Who holds it now, empty when nobody does. Raises ``MessagingError`` when that cannot be told."""
        return await self._lease.holder()

    def take(self) -> None:
        """Take control, from whoever has it."""
        self._spawn(self._take())

    def give_up(self) -> None:
        self._spawn(self._give_up())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """One after the other: a second wish while the first is under way is dropped."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(work)
        else:
            work.close()

    async def take_now(self, who: str = "") -> None:
        """Take control, from whoever has it. ``who`` is on whose behalf, where a service does.

        Raises ``MessagingError`` when that cannot be written.
        """
        self._lease.who = who
        await self._lease.take_over()
        self._wanted, self.other = True, ""
        self._lease.start()

    async def give_up_now(self) -> None:
        self._wanted = False
        await self._lease.stop()

    async def _take(self) -> None:
        try:
            await self.take_now()
        except MessagingError as error:
            self.on_change(str(error))
        else:
            self.on_change("This window has control.")

    async def _give_up(self) -> None:
        await self.give_up_now()
        self.on_change("Control is given up.")

    async def watch(self) -> None:
        """Notice who holds it, and stop wanting it when somebody else has taken it, until cancelled."""
        was = (False, "")
        while True:
            if self._wanted:
                if self._lease.other and not self._lease.held:
                    self._wanted, self.other = False, self._lease.other
                    await self._lease.stop()
                    self.on_change(f"{self.other_name} has taken control.")
            elif self._link.is_up:
                with contextlib.suppress(MessagingError):
                    self.other = await self._lease.holder()
            now = (self.held, self.other_name)
            if now != was:
                was = now
                self.on_change("")
            still_wanted()
            await asyncio.sleep(WATCH_S)

    async def close(self) -> None:
        """Give it up, so that another need not wait."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lease.stop()
