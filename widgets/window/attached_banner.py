"""What a window says when its engine runs elsewhere: to what it is attached, how old that is, and who has control."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from widgets.controls.dialogs import ConfirmDialog
from widgets.docks.workspaces import Workspaces
from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Attachment
from widgets.look.numbers import format_number
from widgets.look.tokens import Tone
from widgets.window.banner import Banner
from widgets.window.start_page import PROGRAM

CLOCK_FRAMES = 15
MARKET_PANELS = ("watchlist", "chart", "ladder", "tape")
"""Old when their market is; every other one is old when the engine is silent."""


class AttachedBanner(QObject):
    """Of one window; follows the model's ticks."""

    title_changed = Signal()

    def __init__(self, model: EngineModel, attachment: Attachment, banner: Banner, workspaces: Workspaces) -> None:
        super().__init__(banner)
        self._model = model
        self._attachment = attachment
        self._banner = banner
        self._workspaces = workspaces
        self._told = ""
        banner.control_clicked.connect(self.press)
        model.ticked.connect(self._tick)
        model.control_changed.connect(self.follow)
        self.follow()

    @property
    def title(self) -> str:
        """Part of the window's title."""
        attachment = self._attachment
        if attachment.own is not None:
            return f"{PROGRAM} – NO ENGINE" if attachment.own.trouble else PROGRAM
        return f"attached to {attachment.place}{' – NO WORD FROM THE ENGINE' if attachment.trouble else ''}"

    def follow(self) -> None:
        """Show who has control, and what is wrong."""
        attachment, blocked = self._attachment, self._model.blocked
        held = attachment.in_control
        words = f"Control: {attachment.controller}" if attachment.controller else "Take control…"
        if held and attachment.own is not None:
            # Nobody else is expected to trade with a window's own engine.
            self._banner.set_control("", "")
        else:
            self._banner.set_control("Give up control" if held else words, blocked or "This window may trade.")
        self._banner.panic.pause.setEnabled(not blocked)
        self._banner.panic.flatten.setEnabled(not blocked)
        self._banner.resume.setEnabled(not blocked)
        self._banner.arm.setEnabled(not blocked)
        self._tell(attachment.trouble)

    def _tell(self, trouble: str) -> None:
        own = self._attachment.own
        if trouble and own is not None and own.ended:
            self._banner.set_message(trouble, Tone.BAD, action="Start it again", act=own.start_again)
        elif trouble:
            self._banner.set_message(trouble, Tone.BAD)
        elif self._told:
            self._banner.set_message("The engine speaks again.", Tone.GOOD)
        turned = bool(trouble) != bool(self._told)
        self._told = trouble
        if turned:
            self.title_changed.emit()

    def _tick(self, frame: int) -> None:
        if frame % CLOCK_FRAMES == 0:
            self.follow()
            self._mark_panels()

    def _mark_panels(self) -> None:
        """Each panel whose content is old says so on its tab."""
        engine, silent_s = self._model.engine, self._attachment.silent_s
        market = engine.market(self._model.symbol)
        age_ns = engine.now_ns() - market.last_ns
        market_s = age_ns / 1e9 if market.last_ns and age_ns > engine.stale_ns else 0.0
        for panel in self._workspaces.area.panels():
            age_s = market_s if panel.name.partition(" ")[0] in MARKET_PANELS else silent_s
            panel.set_old(f"{format_number(age_s, 0)} s old" if age_s else "")

    def press(self) -> QWidget | None:
        """Give control up, or ask before it is taken."""
        attachment = self._attachment
        if attachment.in_control:
            attachment.give_up_control()
            return None
        other = attachment.controller
        sentence = (
            f"{other} has control now and loses it: orders can then be placed and changed from this window only."
            if other
            else "Nobody has control now. Orders can then be placed and changed from this window only."
        )
        dialog = ConfirmDialog("Take control", sentence, "Take control", self._banner.window())
        dialog.confirmed.connect(attachment.take_control)
        dialog.show()
        return dialog
