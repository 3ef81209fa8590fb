"""Who has control through the ops API: the service holds the trade lease on behalf of the caller who took it.

To the engine and to windows the service is one holder like any window. Of its callers it lets only the one who took
control command what the lease guards; while it holds none, the engine judges as ever.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from workstation.core.timeframe import SECOND_NS
from workstation.messaging.lease import person_of
from workstation.services.engine_commands import needs_lease
from workstation.services.ops.problems import Problem
from workstation.services.ops.tokens import Caller
from workstation.services.trade_control import TradeControl

LOOK_S = 1.0
REMEMBERED = 1_000
"""Answers that are told again to who repeats a request with its Idempotency-Key."""

log = logging.getLogger("workstation.services.ops")


class OpsControl:
    """``session`` is how the lease names this service; ``idle_s`` is how long control is kept without a command."""

    def __init__(self, control: TradeControl, session: str, idle_s: float, now_ns: Callable[[], int]) -> None:
        self._control = control
        self._session = session
        self._idle_s = idle_s
        self._now_ns = now_ns
        self._taker: Caller | None = None
        self._used_ns = 0
        self._in_order = asyncio.Lock()
        self._answers: dict[tuple[Caller, str, str], str] = {}
        control.on_change = lambda text: log.info("%s", text) if text else None

    @property
    def caller(self) -> Caller | None:
        """On whose behalf this service has control."""
        return self._taker if self._control.is_kept else None

    def admit(self, command: Any, who: Caller) -> None:
        """Let the one who has control command, and everybody while nobody here has. Raises ``Problem`` for others."""
        has = self.caller
        if has == who:
            self._used_ns = self._now_ns()
        elif has is not None and needs_lease(command):
            raise Problem(409, f"{has.who} has control of this account: take control first. Nothing was done.")

    # --- Taking and giving up -----------------------------------------------------------------------------------------

    async def take(self, who: Caller, key: str) -> dict[str, Any]:
        """Take control for a caller, from whoever has it. Raises ``MessagingError``."""
        return await self._once("take", who, key, self._take)

    async def give_up(self, who: Caller, key: str) -> dict[str, Any]:
        """Raises ``Problem`` for a caller who does not have control."""
        return await self._once("give-up", who, key, self._give_up)

    async def _once(self, what: str, who: Caller, key: str, act: Callable[[Caller], Any]) -> dict[str, Any]:
        async with self._in_order:
            known = self._answers.get((who, what, key)) if key else None
            if known is not None:
                return {"ok": True, "text": known, "duplicate": True, "orders": []}
            text = await act(who)
            if key:
                self._answers[who, what, key] = text
                if len(self._answers) > REMEMBERED:
                    del self._answers[next(iter(self._answers))]
            return {"ok": True, "text": text, "duplicate": False, "orders": []}

    async def _take(self, who: Caller) -> str:
        await self._control.take_now(who.who)
        self._taker, self._used_ns = who, self._now_ns()
        return f"{who.who} has control; it is given up after {self._idle_s:.0f} s without a command."

    async def _give_up(self, who: Caller) -> str:
        has = self.caller
        if has != who:
            other = has.who if has is not None else person_of(await self._control.holder())
            raise Problem(409, f"{other or 'Nobody'} has control, so {who.who} cannot give it up.")
        await self._control.give_up_now()
        return "Control is given up."

    async def run(self) -> None:
        """Notice who has control, and give up what is not used, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._control.watch())
            tasks.create_task(self._give_up_unused())

    async def _give_up_unused(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            async with self._in_order:
                has = self.caller
                if has is not None and self._left_s() <= 0:
                    log.info("%s gave no command for %.0f s: control is given up.", has.who, self._idle_s)
                    await self._control.give_up_now()

    async def close(self) -> None:
        """Give it up, so that nobody need wait for it to run out."""
        await self._control.close()

    def _left_s(self) -> float:
        return self._idle_s - (self._now_ns() - self._used_ns) / SECOND_NS

    # --- Telling ------------------------------------------------------------------------------------------------------

    async def ask(self, who: Caller) -> dict[str, Any]:
        """Who has control now. Raises ``MessagingError`` when that cannot be told."""
        return self._told(await self._control.holder(), who)

    def known(self, who: Caller) -> dict[str, Any]:
        """The same as of a second ago, without asking."""
        return self._told(self._session if self._control.held else self._control.other, who)

    def _told(self, holder: str, who: Caller) -> dict[str, Any]:
        has = self.caller if holder == self._session else None
        name = has.who if has is not None else person_of(holder)
        return {
            "holder": holder,
            "who": name,
            "yours": has == who,
            "given_up_in_s": max(0, round(self._left_s())) if has is not None else None,
            "text": f"{'You have' if has == who else f'{name} has' if name else 'Nobody has'} control.",
        }
