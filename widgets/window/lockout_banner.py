"""What the banner tells of a lock-out: how long it lasts still, and whether it can be lifted."""

from __future__ import annotations

from widgets.look.tokens import Tone
from widgets.window.banner import Cell
from workstation.core.timeframe import DAY_NS, SECOND_NS
from workstation.core.views import AccountView


def lockout_cells(account: AccountView, now_ns: int) -> tuple[Cell, ...]:
    """``Locked out: 1:32:05 left, fixed``; none while nobody is locked out."""
    if not account.locked_until_ns:
        return ()
    fixed = ", fixed" if account.lock_fixed else ""
    left = f"{time_left(account.locked_until_ns - now_ns)} left{fixed}"
    return (Cell("Locked out", left, Tone.WARNING, priority=-2),)


def time_left(left_ns: int) -> str:
    """``0:09``, ``12:30``, ``1:32:05``, ``2 d 4:00:12``."""
    seconds = max(0, left_ns) // SECOND_NS
    days, seconds = divmod(seconds, DAY_NS // SECOND_NS)
    hours, minutes = seconds // 3_600, seconds // 60 % 60
    clock = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours or days else f"{minutes}:{seconds % 60:02}"
    return f"{days} d {clock}" if days else clock
