"""The kill switch: halts, cancels entries, closes positions when asked to, and stays engaged until somebody resumes.

A split engine has one in each half, the strategy core and the execution service, and each half follows the other's.
What is followed is a cause of its own and is lifted where it was engaged, so that a kill and a resume which cross on
their way never lift what nobody meant to. Positions are closed where the account is, by one half alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from workstation.core.errors import WorkstationError
from workstation.core.messages import FollowKill, Kill, KillSwitchChanged, LogLine, Resume
from workstation.core.types import Severity, TradingState
from workstation.trading.kernel import Kernel
from workstation.trading.trading_state import KILL, KILL_ELSEWHERE

MANUAL_STATE = "manual"
CORE = "strategy core"
SERVICE = "execution service"
_WHY = "kill switch"


class KillSwitchLatch(Protocol):
    """The latch on disk that a restart does not clear."""

    def engage(self, reason: str, who: str, ts_ns: int, flatten: bool = False) -> None: ...
    def release(self) -> None: ...


class Desk(Protocol):
    """What carries out commands, and how orders and positions are ended."""

    def take(self, command_type: type, handler: Callable[[Any], str]) -> None: ...
    def cancel_orders(
        self, symbol: str, include_protective: bool, reason: str, *, closing: bool = False
    ) -> tuple[int, int]: ...
    def flatten(self, symbol: str, owner: str, reason: str) -> str: ...


class KillSwitch:
    """Takes the commands that engage, release and follow it."""

    def __init__(self, kernel: Kernel, desk: Desk, latch: KillSwitchLatch | None) -> None:
        self._kernel = kernel
        self._desk = desk
        self._latch = latch
        self._is_core = kernel.venue.can.outlives
        self._other = _other_half(kernel)
        desk.take(Kill, self._kill)
        desk.take(Resume, self._resume)
        desk.take(FollowKill, self._follow)

    def _kill(self, command: Kill) -> str:
        """Halt first, then everything else: whatever fails later, no new order leaves.

        One that is engaged already stays as it is; what rests still is cancelled and closed again.
        """
        kernel = self._kernel
        before = kernel.trading.causes.get(KILL)
        reason = before.reason if before is not None else command.reason or f"killed by {command.who}"
        is_new = before is None or (command.flatten and not kernel.kill_flattens)
        kernel.kill_flattens = command.flatten or (before is not None and kernel.kill_flattens)
        kernel.trading.restrict(KILL, TradingState.HALTED, reason)
        self._engage_latch(reason, command.who, kernel.kill_flattens)
        asked, kept, flattened = self._end_orders(command.flatten)
        kernel.tell_kill()
        if is_new:
            kernel.emit(
                KillSwitchChanged(
                    ts_ns=kernel.clock.time_ns,
                    engaged=True,
                    reason=reason,
                    who=command.who,
                    cancelled=asked,
                    kept_stops=kept,
                    flatten=kernel.kill_flattens,
                )
            )
        told = "Killed" if before is None else "Killed already"
        return f"{told}. Cancel sent for {asked} orders, {kept} protective kept.{flattened}"

    def _end_orders(self, flatten: bool) -> tuple[int, int, str]:
        asked, kept = self._desk.cancel_orders("", False, _WHY, closing=flatten and not self._is_core)
        if not flatten:
            return asked, kept, ""
        if self._is_core:
            return asked, kept, f" The {SERVICE} closes the positions."
        return asked, kept, " " + self._desk.flatten("", "", _WHY)

    def _resume(self, command: Resume) -> str:
        kernel = self._kernel
        trading = kernel.trading
        elsewhere = trading.causes.get(KILL_ELSEWHERE)
        if elsewhere is not None:
            # Also where somebody has removed it: this engine stays killed, after a restart too.
            self._engage_latch(elsewhere.reason, self._other, False)
        elif self._latch is not None:
            self._latch.release()
        trading.lift(KILL)
        trading.lift(MANUAL_STATE)
        kernel.guards.lift_drawdown()
        kernel.kill_flattens = False
        kernel.tell_kill()
        kernel.emit(
            KillSwitchChanged(ts_ns=kernel.clock.time_ns, engaged=False, reason=command.reason, who=command.who)
        )
        if elsewhere is not None:
            return f"Resumed here. Trading goes on when the {self._other} is resumed too: {elsewhere.reason}"
        return f"Resumed: trading is {trading.state}."

    # --- The other half -----------------------------------------------------------------------------------------------

    def _follow(self, command: FollowKill) -> str:
        """Do as the other half did; tell nothing back of that, or each would follow itself."""
        kernel = self._kernel
        if not command.engaged:
            return self._follow_no_more(command)
        reason = followed_reason(kernel, command.reason)
        kernel.trading.restrict(KILL_ELSEWHERE, TradingState.HALTED, reason)
        self._engage_latch(reason, self._other, command.flatten)
        asked, kept, flattened = self._end_orders(command.flatten)
        return f"{reason.rstrip('.')}. Cancel sent for {asked} orders, {kept} protective kept.{flattened}"

    def _follow_no_more(self, command: FollowKill) -> str:
        kernel = self._kernel
        own = kernel.trading.causes.get(KILL)
        if own is not None and not self._is_core:
            # The core that told this began just now, perhaps, and has not heard of it.
            kernel.emit(
                KillSwitchChanged(
                    ts_ns=kernel.clock.time_ns,
                    engaged=True,
                    reason=own.reason,
                    who=command.who,
                    flatten=kernel.kill_flattens,
                )
            )
        if KILL_ELSEWHERE not in kernel.trading.causes:
            return ""
        if own is None and self._latch is not None:
            self._latch.release()
        kernel.trading.lift(KILL_ELSEWHERE)
        return f"The {self._other} was resumed: trading is {kernel.trading.state}."

    def _engage_latch(self, reason: str, who: str, flatten: bool) -> None:
        if self._latch is None:
            return
        kernel = self._kernel
        try:
            self._latch.engage(reason, who, kernel.clock.time_ns, flatten)
        except WorkstationError as error:
            kernel.emit(LogLine(ts_ns=kernel.clock.time_ns, severity=Severity.ERROR, source=_WHY, text=str(error)))


def followed_reason(kernel: Kernel, reason: str) -> str:
    """Why an engine is halted that follows the kill switch of the other half."""
    return f"Killed with the {_other_half(kernel)}: {reason}"


def _other_half(kernel: Kernel) -> str:
    return SERVICE if kernel.venue.can.outlives else CORE
