"""Arms live trading again in a running session: only once the exchange's checks have passed anew.

Hours lie between two armings: the key, the account's modes, its leverage or the clock may be other ones by now. The
questions take a while, so what came of them is told when they are answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workstation.core.errors import WorkstationError
from workstation.core.messages import Arm
from workstation.session.exchange_access import ExchangeAccess

CHECKING = "The exchange's checks are gone through again; live trading is armed when they have passed."
UNDER_WAY = "The exchange's checks are under way already; live trading is armed when they have passed."


class ArmingAgain:
    """``carry_out`` gives the command to the engine. ``tell`` is called with what came of a wish, and whether it is
    good.

    Nothing of it is an input of the engine but the command, and that only when the checks have passed.
    """

    def __init__(
        self, access: ExchangeAccess, account: str, carry_out: Callable[[Arm], str], tell: Callable[[str, bool], None]
    ) -> None:
        self._access = access
        self._account = account
        self._carry_out = carry_out
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def needs_checks(self, command: Arm) -> bool:
        """Whether there is something to ask. A wrong name is the engine's to refuse, at once."""
        return self._access.has_checks and command.account.strip() == self._account

    async def arm(self, command: Arm) -> str:
        """Check, then arm; what came of it. Raises ``WorkstationError`` where a check has not passed."""
        if self.needs_checks(command):
            await self._access.check()
            self._access.require_passed()
        return self._carry_out(command)

    def wish(self, command: Arm) -> str:
        """The same for who does not wait."""
        if self._task is not None and not self._task.done():
            return UNDER_WAY
        self._task = asyncio.ensure_future(self._arm_and_tell(command))
        return CHECKING

    async def _arm_and_tell(self, command: Arm) -> None:
        try:
            self._tell(await self.arm(command), True)
        except WorkstationError as error:
            self._tell(str(error), False)

    async def close(self) -> None:
        """Arm nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
