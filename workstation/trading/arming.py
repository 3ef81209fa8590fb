"""Live trading is armed by a person and disarms itself after a time, so that no account trades on unwatched for ever.

Disarmed, trading is REDUCING: entries are cancelled and denied, protective stops stay, exits pass. Whatever the process
does, only an ``Arm`` command with the account's name, or a start for which it was typed, arms again: the time goes on
counting over a restart. It is event time, so that a session that is run again disarms at the same input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from workstation.core.clock import Timer
from workstation.core.errors import ConfigurationError
from workstation.core.messages import Arm, ArmingChanged, LogLine, Output
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS, utc_text
from workstation.core.types import EXTERNAL, Severity, TradingState
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.trading_state import Restriction

DISARMED = "disarmed"
"""The cause that restricts trading."""
WARNING_NS = 5 * MINUTE_NS
"""How long before it disarms itself an alarm says so; half of the time where that is shorter."""


class ArmingState(NamedTuple):
    """``until_ns`` 0 means that it never disarms itself. ``soon``: an alarm has said that it will."""

    armed: bool
    armed_ns: int
    until_ns: int
    soon: bool
    who: str


class Arming:
    """Of one session that trades live. ``armed_ns`` is 0 until it was armed for the first time.

    ``lasts_ns`` 0 means that it never disarms itself.
    """

    def __init__(self, kernel: Kernel, desk: Desk, account: str, lasts_ns: int) -> None:
        self._kernel = kernel
        self._account = account
        self._lasts_ns = lasts_ns
        self.armed = False
        self.armed_ns = 0
        self._who = ""
        self._soon = False
        self._timers: list[Timer] = []
        desk.take(Arm, self._arm)

    @property
    def state(self) -> ArmingState:
        return ArmingState(self.armed, self.armed_ns, self.until_ns, self._soon, self._who)

    @property
    def until_ns(self) -> int:
        """When it disarms itself, or did; 0 means never."""
        return self.armed_ns + self._lasts_ns if self._lasts_ns else 0

    # --- Over a restart ---------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        return {"armed": self.armed, "armed_ns": self.armed_ns, "who": self._who}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``snapshot`` gave, without telling anyone."""
        self._set(state["armed"], state["armed_ns"], state["who"])

    def following(self, records: Iterable[Output]) -> Iterator[Output]:
        """Hand the journal's records on, and be where they end."""
        for record in records:
            if isinstance(record, ArmingChanged):
                self._set(record.armed, record.armed_ns, record.who)
            yield record

    def confirm(self, who: str) -> None:
        """Armed by ``who`` for the session that is about to start: its opening state says so."""
        self._set(True, self._kernel.clock.time_ns, who)

    def _set(self, armed: bool, armed_ns: int, who: str) -> None:
        self.armed, self.armed_ns, self._who, self._soon = armed, armed_ns, who, False
        causes = self._kernel.trading.causes
        causes.pop(DISARMED, None)
        if not armed and armed_ns:
            causes[DISARMED] = Restriction(TradingState.REDUCING, self._reason, 0)
        self._kernel.trading.settle_quietly()

    def start(self) -> None:
        """Tell how it stands as the session begins, just before the kernel starts; an expired time ends at once."""
        self._tell()
        if not self.armed:
            self._log(Severity.WARNING, self._reason)
        elif self.until_ns and self.until_ns <= self._kernel.clock.time_ns:
            # Restricted now; its orders are brought back by the kernel's start, so they are cancelled after it.
            self._restrict()
            self._at(0, self._disarm)
        else:
            self._log(Severity.INFO, self._words())
            self._wait()

    # --- Arming and disarming ---------------------------------------------------------------------------------------

    def _arm(self, command: Arm) -> str:
        typed = command.account.strip()
        if typed != self._account:
            named = f"not “{typed}”" if typed else "and nothing was typed"
            raise ConfigurationError(f"Live trading was not armed: the account is “{self._account}”, {named}.")
        kernel = self._kernel
        self.armed, self.armed_ns, self._who, self._soon = True, kernel.clock.time_ns, command.who, False
        kernel.trading.lift(DISARMED)
        self._tell()
        self._wait()
        end = f"until {utc_text(self.until_ns)} UTC" if self.until_ns else "and never disarms itself"
        return f"Live trading is armed {end}. Trading is {kernel.trading.state}."

    def _wait(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        if self.until_ns:
            self._at(self.until_ns - min(WARNING_NS, self._lasts_ns // 2), self._warn)
            self._at(self.until_ns, self._disarm)

    def _at(self, when_ns: int, act: Callable[[], None]) -> None:
        clock = self._kernel.clock
        self._timers.append(clock.call_at(max(when_ns, clock.time_ns + 1), act))

    def _warn(self) -> None:
        self._soon = True
        left_ns = self.until_ns - self._kernel.clock.time_ns
        self._log(Severity.WARNING, f"Live trading disarms itself in {duration_words(left_ns)}; arm it again to go on.")

    def _disarm(self) -> None:
        kernel = self._kernel
        self.armed = self._soon = False
        self._restrict()
        self._tell()
        self._log(Severity.WARNING, self._reason)
        for order in kernel.orders.open_orders():
            if order.owner != EXTERNAL and not order.reduce_only:
                kernel.orders.request_cancel(order, "live trading disarmed itself")

    def _restrict(self) -> None:
        self._kernel.trading.restrict(DISARMED, TradingState.REDUCING, self._reason)

    # --- Words ------------------------------------------------------------------------------------------------------

    @property
    def _reason(self) -> str:
        after = f" after {duration_words(self._lasts_ns)}" if self._lasts_ns else ""
        return f"Live trading disarmed itself{after}: exits pass, no new risk until a person arms it again."

    def _words(self) -> str:
        end = f"until {utc_text(self.until_ns)} UTC" if self.until_ns else "and never disarms itself"
        return f"Live trading is armed by {self._who} since {utc_text(self.armed_ns)}, {end}."

    def _tell(self) -> None:
        self._kernel.emit(
            ArmingChanged(
                ts_ns=self._kernel.clock.time_ns,
                armed=self.armed,
                armed_ns=self.armed_ns,
                until_ns=self.until_ns,
                who=self._who,
            )
        )

    def _log(self, severity: Severity, text: str) -> None:
        self._kernel.emit(LogLine(ts_ns=self._kernel.clock.time_ns, severity=severity, source="arming", text=text))


def duration_words(duration_ns: int) -> str:
    """In its two largest units: ``8 h``, ``1 h 30 min``, ``5 min``, ``30 s``."""
    units = (("h", HOUR_NS), ("min", MINUTE_NS), ("s", SECOND_NS))
    parts = []
    for name, unit_ns in units:
        count, duration_ns = divmod(duration_ns, unit_ns)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
