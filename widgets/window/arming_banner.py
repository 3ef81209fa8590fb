"""What the banner tells of the arming: for how long, when it ends, and the button that arms again."""

from __future__ import annotations

from PySide6.QtCore import QObject

from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_date, format_time
from widgets.look.tokens import Tone
from widgets.window.arm_dialog import ArmDialog
from widgets.window.banner import Banner, Cell
from workstation.core.messages import Arm
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.trading.arming import ArmingState, duration_words


class ArmingBanner(QObject):
    """Of one window. What it shows is the engine's: nothing here counts down to anything."""

    def __init__(self, model: EngineModel, banner: Banner) -> None:
        super().__init__(banner)
        self._model = model
        self._banner = banner
        self._told = (True, False)
        banner.arm_clicked.connect(self.open)

    def follow(self) -> tuple[Cell, ...]:
        """Show how it stands now and tell what has changed; its cell, none where nothing needs to be armed."""
        arming = self._model.engine.arming()
        if arming is None:
            return ()
        now_ns = self._model.engine.now_ns()
        self._banner.set_arm_wanted(arming.soon or not arming.armed)
        if (arming.armed, arming.soon) != self._told:
            self._told = (arming.armed, arming.soon)
            self._tell(arming, now_ns)
        return (cell_of(arming, now_ns),)

    def _tell(self, arming: ArmingState, now_ns: int) -> None:
        at = clock_words(arming.until_ns, now_ns)
        if not arming.armed:
            self._banner.set_message("Exits pass, stops stay, no new risk.", lead="Disarmed.")
        elif arming.soon:
            self._banner.set_message("Arm it again to go on.", Tone.WARNING, lead=f"Disarms itself at {at}.")

    def open(self) -> ArmDialog:
        """Ask for the account's name."""
        arming = self._model.engine.arming()
        lasts_ns = arming.until_ns - arming.armed_ns if arming is not None and arming.until_ns else 0
        end = f"disarms itself after {duration_words(lasts_ns)}" if lasts_ns else "never disarms itself"
        account = self._model.account
        sentence = f"{account.venue}. New orders are sent again; the engine {end}."
        dialog = ArmDialog(account.name, sentence, self._banner.window())
        dialog.arm_wanted.connect(lambda name: self._model.command(Arm(account=name)))
        dialog.show()
        return dialog


def cell_of(arming: ArmingState, now_ns: int) -> Cell:
    """``Armed: 41 min, until 20:03``; in the last minutes what is left, to the second."""
    at = clock_words(arming.until_ns, now_ns)
    if not arming.armed:
        return Cell("Disarmed", f"at {at}" if arming.until_ns else "yes", Tone.WARNING)
    if arming.soon:
        left_s = max(0, arming.until_ns - now_ns) // SECOND_NS
        return Cell("Disarms in", f"{left_s // 60}:{left_s % 60:02}", Tone.WARNING)
    end = f"until {at}" if arming.until_ns else "never disarms"
    return Cell("Armed", f"{age_words(now_ns - arming.armed_ns)}, {end}")


def age_words(age_ns: int) -> str:
    """``12 s``, ``41 min``, ``3 h 5 min``, ``2 d 4 h``."""
    age_ns = max(0, age_ns)
    if age_ns < MINUTE_NS:
        return f"{age_ns // SECOND_NS} s"
    if age_ns < HOUR_NS:
        return f"{age_ns // MINUTE_NS} min"
    if age_ns < DAY_NS:
        return f"{age_ns // HOUR_NS} h {age_ns % HOUR_NS // MINUTE_NS} min"
    return f"{age_ns // DAY_NS} d {age_ns % DAY_NS // HOUR_NS} h"


def clock_words(time_ns: int, now_ns: int) -> str:
    """``20:03`` in UTC, with the date when it is further than a day away."""
    at = format_time(time_ns)[:5]
    return at if abs(time_ns - now_ns) < DAY_NS else f"{format_date(time_ns)} {at}"
