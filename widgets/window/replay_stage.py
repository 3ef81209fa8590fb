"""Research, and the replay that stands in place of the live panels while the session goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint

from widgets.actions.help_card import HelpCard
from widgets.actions.registry import Action
from widgets.docks.panel_help import help_of
from widgets.look.tokens import Tone
from widgets.window.banner import Cell
from workstation.core.errors import WorkstationError

if TYPE_CHECKING:
    from widgets.research.replay_room import ReplayRoom
    from widgets.research.research import Research
    from widgets.window.main_window import MainWindow
    from workstation.config.settings import Desktop
    from workstation.replay.source import ReplaySource


MARGIN = 12


class ReplayStage(QObject):
    """Of one window, over every engine that it shows. ``room`` is what is replayed, when something is."""

    def __init__(self, window: MainWindow, desktop: Desktop) -> None:
        super().__init__(window)
        self.research: Research | None = None
        self.room: ReplayRoom | None = None
        self._window = window
        self._desktop = desktop

    def adopt(self, research: Research) -> None:
        """What the research panels of every engine to come work with; it goes with the window."""
        self.research = research
        research.setParent(self)
        research.told.connect(self._window.banner.set_result)
        research.replay_ready.connect(self.enter)
        research.panel_wanted.connect(self._window.show_panel)

    def tell_import(self) -> None:
        """There may be more candles and recordings to choose from."""
        if self.research is not None:
            self.research.markets_changed.emit()

    def replay_files(self, paths: Sequence[Path]) -> None:
        """Read what files or folders hold, and replay it; the banner says what is wrong with them."""
        if self.research is None:
            self._window.banner.set_message("This window has no research panels, so it replays nothing.", Tone.WARNING)
        else:
            self.research.replay_files(paths)

    def actions(self) -> Iterable[Action]:
        """What can be done in the replay that is shown; its bar and its keys do the same."""
        room = self.room
        if room is None:
            return
        replay = room.replay
        for name, text, run, words, icon in (
            ("play", "Play or pause", lambda: replay.play(not replay.playing), "Space in the replay.", "play"),
            ("step", "One step", replay.step, "Right; ten steps with Shift.", "chevron-right"),
            ("back", "One step back", lambda: replay.step(-1), "Left; ten steps with Shift.", "chevron-left"),
            ("next_trade", "To the next trade", replay.go_to_next_trade, "Ctrl+Right in the replay.", "last"),
            ("previous_trade", "To the trade before", replay.go_to_previous_trade, "Ctrl+Left in the replay.", "first"),
            ("date", "Jump to a date…", room.bar.ask_date, "Brings the keyboard into the field for it.", "last"),
            ("leave", "Leave the replay", self.leave, "Back to the live panels.", "cross"),
        ):
            yield Action(f"replay.{name}", "Replay", text, run, words, icon=icon)

    def help(self) -> HelpCard | None:
        """The keys of the replay that is shown."""
        if self.room is None:
            return None
        card = HelpCard("Replay", help_of("replay"), self._window)
        card.show_at(self.room.bar.mapToGlobal(QPoint(MARGIN, -card.height() - MARGIN)))
        return card

    def enter(self, source: ReplaySource) -> None:
        """Show what is over in place of the live panels; the session goes on, and the panic buttons act on it."""
        from widgets.research.replay_room import ReplayRoom

        window, banner = self._window, self._window.banner
        if window.model is None or window.workspaces is None or self.research is None:
            return
        self.leave()
        try:
            room = ReplayRoom(source, self._desktop, self.research.folder, window)
        except WorkstationError as error:
            banner.set_message(str(error), Tone.WARNING)
            return
        window.model.disarm_wanted.emit()
        self.room = room
        room.left.connect(self.leave)
        room.told.connect(banner.set_message)
        room.cells_changed.connect(self._show_cells)
        room.area.set_compact(window.workspaces.area.compact)
        window.column.cover(window.workspaces, room)
        banner.set_mode("replay")
        banner.set_account(source.title, source.detail)
        banner.set_message("")
        running = f"{window.model.engine.mode} {window.model.account.name} runs on"
        window.setWindowTitle(f"REPLAY – {source.title} – {running}")
        window.account.show_account(replaying=True)
        room.begin()

    def leave(self) -> None:
        """Back to the live panels; without a replay nothing happens."""
        window, room = self._window, self.room
        if room is None or window.model is None or window.workspaces is None:
            return
        self.room = None
        room.close_replay()
        window.column.uncover(window.workspaces, room)
        room.deleteLater()
        window.banner.set_mode(window.model.engine.mode.value)
        window.banner.set_message("")
        window.tell_title()
        window.account.show_account(replaying=False)
        window.back_to_chart()
        if window.banner.isAncestorOf(window.focusWidget()):
            # Hiding the room passed its focus on to a panic button, which Space, the key that played, would press.
            window.setFocus()

    def close(self) -> None:
        """Nothing is replayed or computed any more."""
        self.leave()
        if self.research is not None:
            self.research.close()

    def _show_cells(self, cells: list[Cell]) -> None:
        if self.room is not None:
            self._window.banner.set_cells(cells)
