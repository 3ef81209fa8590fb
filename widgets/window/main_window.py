"""The window: mode banner with the panic buttons, workspace bar, docked panels, status bar, and the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QDialog, QMenu, QVBoxLayout, QWidget

from widgets.controls.dialogs import ReasonDialog
from widgets.controls.toolbar import popup_below
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_money, format_percent, tone_of
from widgets.look.theme import Density, current
from widgets.look.tokens import Mode, Tone
from widgets.window import window_state
from widgets.window.arming_banner import ArmingBanner
from widgets.window.attached_banner import AttachedBanner
from widgets.window.banner import Banner, Cell
from widgets.window.keys_dialog import KeysDialog
from widgets.window.panic import Panic, plural, warn_of_stale_feed
from widgets.window.start_page import StartPage
from widgets.window.status_bar import StatusBar
from widgets.window.workspace_bar import WorkspaceBar
from workstation.config.settings import Settings
from workstation.core.errors import WorkstationError
from workstation.core.messages import Difference
from workstation.core.types import TradingState
from workstation.core.views import AccountView

if TYPE_CHECKING:
    from widgets.docks.trading_workspace import TradingWorkspace
    from widgets.research.replay_room import ReplayRoom
    from widgets.research.research import Research
    from workstation.replay.source import ReplaySource

PROGRAM = "Trading Workstation"
FIRST_SIZE = QSize(1600, 900)
COMPACT_BELOW = QSize(1440, 800)
STATE_TONES = {TradingState.ACTIVE: Tone.GOOD, TradingState.REDUCING: Tone.WARNING, TradingState.HALTED: Tone.BAD}
PALETTES = {"standard": "", "red_up": "red_up", "colour_blind": "colour_blind"}
PALETTE_WORDS = {"standard": "Green up, red down", "red_up": "Red up, green down", "colour_blind": "Blue and orange"}


class MainWindow(QWidget):
    """Shown before the engine is there; ``open_engine`` fills it."""

    close_wanted = Signal()

    def __init__(self, settings: Settings, layout_file: Path | None = None) -> None:
        super().__init__()
        self.research: Research | None = None
        self.replay: ReplayRoom | None = None
        self._settings = settings
        self._desktop = settings.desktop
        self._layout_file = layout_file
        self._kept = window_state.load(layout_file) if layout_file is not None else {}
        self._chosen: dict[str, str] = dict(self._kept.get("chosen", {}))
        self._may_close = False
        self._stale = ""
        self.model: EngineModel | None = None
        self.area: TradingWorkspace | None = None
        self.panic: Panic | None = None
        self._of_engine: list[QObject] = []
        """What was made for the engine that is shown, and goes with it."""
        self.banner = Banner(self)
        self.banner.resume_clicked.connect(self.open_resume)
        self.banner.notice_clicked.connect(lambda: self._toggle_panel("reconcile", True))
        self.banner.set_mode(settings.mode)
        self.banner.set_account(settings.account.name, "")
        self.banner.panic.setEnabled(False)
        self.bar = WorkspaceBar(self)
        self.bar.menu_wanted.connect(lambda button: popup_below(self.main_menu(), button))
        self.bar.settings_wanted.connect(lambda button: popup_below(self.appearance_menu(), button))
        self.start_page = StartPage(self)
        self.start_page.tell(f"Starting {PROGRAM}", "")
        self.start_page.keys_wanted.connect(self.open_keys)
        self._instead: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        for widget in (self.banner, self.bar, self.start_page):
            self._column.addWidget(widget, 1 if widget is self.start_page else 0)
        self.setMinimumSize(960, 600)
        self.resize(QSize(*self._kept["size"]) if "size" in self._kept else FIRST_SIZE)
        self.setWindowTitle(f"{settings.mode.upper()} – {settings.account.name} – {PROGRAM}")
        self._apply_colours()
        current().changed.connect(self.update)

    def show_instead(self, page: QWidget | None) -> None:
        """Put a page in the place of the start page; None brings that back."""
        before, self._instead = self._instead, page
        if before is not None:
            self._column.removeWidget(before)
            before.hide()
            before.deleteLater()
        if page is not None:
            self._column.addWidget(page, 1)
            page.show()
        self.start_page.setVisible(page is None)

    def open_keys(self) -> KeysDialog:
        """API keys: those that there are, one more, one less."""
        exchange = self._settings.exchange
        dialog = KeysDialog(exchange.key, exchange.name, self)
        dialog.show()
        return dialog

    # --- The engine comes in ----------------------------------------------------------------------------------------

    def open_engine(self, model: EngineModel, *, flatten_on_kill: bool) -> None:
        """Build the panels and begin to show what the engine does."""
        from widgets.docks.trading_workspace import TradingWorkspace

        self.model = model
        self.panic = Panic(model, self.banner, flatten_on_kill=flatten_on_kill, parent=self)
        self.arming = ArmingBanner(model, self.banner)
        keys = self._make_keys(self.panic)
        self.banner.panic.setEnabled(True)
        self.area = TradingWorkspace(model, self._desktop, self.research)
        self.status = StatusBar(model, self)
        self._of_engine = [self.panic, self.arming, *keys, self.area, self.status, model]
        self._column.removeWidget(self.start_page)
        self.start_page.hide()
        self._column.addWidget(self.area, 1)
        self._column.addWidget(self.status)
        if self._layout_file is None or not self.area.restore(self._layout_file):
            self.area.reset()
        model.choose_symbol(str(self._kept.get("symbol", model.symbol)))
        if self._kept.get("timeframe"):
            self.area.charts[0].timeframe = str(self._kept["timeframe"])
        if isinstance(self._kept.get("indicators"), list):
            self.area.charts[0].indicators = [str(text) for text in self._kept["indicators"]]
        self.area.show()
        self.status.show()
        self._fit_density()
        model.account_changed.connect(self._show_account)
        model.result_told.connect(self._show_result)
        model.differences_changed.connect(self._show_differences)
        self._show_differences(model.differences)
        attachment = model.engine.attachment
        if attachment is not None:
            self.banner.set_mode(model.engine.mode.value)
            self.setWindowTitle(f"{model.engine.mode} – {model.account.name} – attached")
            self.attached = AttachedBanner(model, attachment, self.banner, self.area)
            self._of_engine.append(self.attached)
            self.setWindowTitle(f"{model.engine.mode} – {model.account.name} – {self.attached.title}")
        self._show_account(model.account)
        self._back_to_chart()
        model.start()

    # --- Research and a replay beside it ----------------------------------------------------------------------------

    def adopt_research(self, research: Research) -> None:
        """What the research panels of every engine to come work with; it goes with the window."""
        self.research = research
        research.setParent(self)
        research.told.connect(self._tell_research)
        research.replay_ready.connect(self.enter_replay)

    def enter_replay(self, source: ReplaySource) -> None:
        """Show what is over in place of the live panels; the session goes on, and the panic buttons act on it."""
        from widgets.research.replay_room import ReplayRoom

        if self.area is None or self.model is None or self.research is None:
            return
        self.leave_replay()
        try:
            room = ReplayRoom(source, self._desktop, self.research.folder, self)
        except WorkstationError as error:
            self.banner.set_message(str(error), Tone.WARNING)
            return
        self.replay = room
        room.left.connect(self.leave_replay)
        room.told.connect(self.banner.set_message)
        room.cells_changed.connect(self._show_replayed)
        self.area.hide()
        self._column.insertWidget(self._column.indexOf(self.area), room, 1)
        room.area.set_compact(self.area.compact)
        room.show()
        self.banner.set_mode("replay")
        self.banner.set_account(source.title, source.detail)
        self.banner.set_message("")
        self.setWindowTitle(f"REPLAY – {source.title} – {self.model.engine.mode} {self.model.account.name} runs on")
        self._show_account(self.model.account)
        room.begin()

    def leave_replay(self) -> None:
        """Back to the live panels; without a replay nothing happens."""
        room, self.replay = self.replay, None
        if room is None or self.area is None or self.model is None:
            return
        room.close_replay()
        self._column.removeWidget(room)
        room.hide()
        room.deleteLater()
        self.area.show()
        mode, name = self.model.engine.mode, self.model.account.name
        self.banner.set_mode(mode.value)
        self.banner.set_message("")
        attached = self.model.engine.attachment is not None
        self.setWindowTitle(f"{mode} – {name} – {self.attached.title if attached else PROGRAM}")
        self._show_account(self.model.account)
        self._back_to_chart()

    def _show_replayed(self, cells: list[Cell]) -> None:
        if self.replay is not None:
            self.banner.set_cells(cells)

    def _tell_research(self, text: str, good: bool) -> None:
        self.banner.set_message(text, Tone.NORMAL if good else Tone.WARNING)

    def close_engine(self) -> None:
        """Take down all that shows the engine, and stand as before it came; another one may be opened."""
        assert self.model is not None and self.area is not None
        self.leave_replay()
        self._kept = self._to_keep(self.model, self.area)
        self.keep()
        self.model.stop()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        for part in (self.area, self.status):
            self._column.removeWidget(part)
            part.hide()
        for each in self._of_engine:
            each.deleteLater()
        self._of_engine = []
        self.model = self.area = self.panic = None
        self._stale = ""
        self.banner.panic.setEnabled(False)
        self.banner.set_arm_wanted(False)
        self.banner.set_notice("")
        self._column.addWidget(self.start_page, 1)
        self.start_page.show()

    def _make_keys(self, panic: Panic) -> list[QShortcut]:
        keys: dict[str, Callable[[], None]] = {
            "Ctrl+Shift+K": panic.kill,
            "Ctrl+Shift+C": panic.cancel_all,
            "Ctrl+Shift+F": panic.flatten,
            "F9": self.open_ticket,
            "Esc": self._back_to_chart,
        }
        made = []
        for keys_text, act in keys.items():
            shortcut = QShortcut(QKeySequence(keys_text), self)
            whole = Qt.ShortcutContext.ApplicationShortcut
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut if keys_text == "Esc" else whole)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(act)
            made.append(shortcut)
        return made

    def open_ticket(self) -> None:
        """Bring the ticket to the front with the size under the hand."""
        if self.area is not None and self.model is not None and self.replay is None:
            self.area.show_panel("ticket")
            self.model.ticket_wanted.emit("", None, None)

    def _back_to_chart(self) -> None:
        if self.replay is not None:
            self.replay.bar.setFocus()
        elif self.area is not None:
            self.area.charts[0].view.setFocus()

    def open_resume(self) -> ReasonDialog:
        """Ask why trading may go on."""
        dialog = ReasonDialog(
            "Release the kill switch",
            "New orders are allowed again. Strategies that run go on at once.",
            "Resume",
            parent=self,
        )
        assert self.panic is not None
        panic = self.panic
        dialog.reason_given.connect(lambda reason, _: panic.resume(reason))
        dialog.show()
        return dialog

    # --- What the engine says ---------------------------------------------------------------------------------------

    def _show_account(self, account: AccountView) -> None:
        assert self.panic is not None and self.model is not None
        self.panic.show_scope(account)
        if self.replay is not None:
            mode, runs = Mode(self.model.engine.mode.value), f"{account.name} runs on"
            day = account.day_result
            self.banner.set_running_session(mode, runs, format_money(day, signed=True), tone_of(day))
            return
        today = f"{format_money(account.day_result, signed=True)}  {format_percent(account.day_percent, signed=True)}"
        open_result = format_money(account.unrealised, signed=True)
        state = STATE_TONES[account.trading_state]
        attachment = self.model.engine.attachment
        place = f"{account.venue}, attached to {attachment.place}" if attachment is not None else account.venue
        self.banner.set_account(account.name, place)
        self.banner.set_cells(
            (
                Cell("Equity", format_money(account.equity, currency=account.currency), priority=0),
                Cell("Today", today, tone_of(account.day_result), priority=1),
                Cell("Open P&L", open_result, tone_of(account.unrealised), priority=5),
                Cell("Exposure", format_percent(account.exposure_percent, 1), priority=4),
                Cell("Trading", account.trading_state, state, dot=True, priority=2),
                *self.arming.follow(),
            )
        )
        if attachment is None or not attachment.trouble:
            self._stale = warn_of_stale_feed(self.banner, self.model, self._stale)

    def _show_differences(self, differences: tuple[Difference, ...]) -> None:
        count = plural(len(differences), "difference")
        self.banner.set_notice(f"{count}: trading is halted" if differences else "")

    def _show_result(self, result: Result) -> None:
        self.banner.set_message(result.text, Tone.NORMAL if result.good else Tone.WARNING)

    # --- Appearance -------------------------------------------------------------------------------------------------

    def _choice(self, name: str) -> str:
        return self._chosen.get(name, str(getattr(self._desktop, name)))

    def choose(self, name: str, value: str) -> None:
        """Set theme, palette or density of this window; it is kept between runs."""
        self._chosen[name] = value
        self._apply_colours()
        self._fit_density()

    def _apply_colours(self) -> None:
        current().set_colours(self._choice("theme"), PALETTES[self._choice("palette")])

    def _fit_density(self) -> None:
        """Compact on a small window, unless the density was chosen."""
        wanted = self._choice("density")
        small = self.width() < COMPACT_BELOW.width() or self.height() < COMPACT_BELOW.height()
        compact = small if wanted == "automatic" else wanted == "compact"
        current().set_density(Density.COMPACT if compact else Density.NORMAL)
        if self.area is not None:
            self.area.set_compact(compact)
        if self.replay is not None:
            self.replay.area.set_compact(compact)

    def appearance_menu(self) -> QMenu:
        menu = QMenu(self)
        for name, words in (
            ("theme", {"dark": "Dark", "light": "Light"}),
            ("palette", PALETTE_WORDS),
            ("density", {"automatic": "Density by window size", "normal": "Normal density", "compact": "Compact"}),
        ):
            for value, text in words.items():
                action = menu.addAction(text)
                action.setCheckable(True)
                action.setChecked(self._choice(name) == value)
                action.triggered.connect(lambda _=False, name=name, value=value: self.choose(name, value))
            menu.addSeparator()
        menu.addAction("Reset the layout").triggered.connect(self.reset_layout)
        return menu

    def main_menu(self) -> QMenu:
        """Every panel, and the way out."""
        menu = QMenu(self)
        for panel in self.area.panels() if self.area is not None else ():
            action = menu.addAction(panel.windowTitle())
            action.setCheckable(True)
            action.setChecked(not panel.isHidden())
            action.triggered.connect(lambda on, name=panel.name: self._toggle_panel(name, on))
        menu.addSeparator()
        menu.addAction("API keys…").triggered.connect(self.open_keys)
        menu.addAction("Reset the layout").triggered.connect(self.reset_layout)
        menu.addAction("Quit").triggered.connect(self.close)
        return menu

    def _toggle_panel(self, name: str, on: bool) -> None:
        if self.area is None:
            return
        if on:
            self.area.show_panel(name)
        else:
            self.area.panel(name).close()

    def reset_layout(self) -> None:
        if self.area is not None:
            self.area.reset()

    # --- Keeping and closing ----------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write layout, size and choices for the next start."""
        if self.area is None or self.model is None or self._layout_file is None:
            return
        window_state.save(self._layout_file, self.area, self._to_keep(self.model, self.area))

    def _to_keep(self, model: EngineModel, area: TradingWorkspace) -> dict[str, Any]:
        return {
            "size": [self.width(), self.height()],
            "chosen": self._chosen,
            "symbol": model.symbol,
            "timeframe": area.charts[0].timeframe,
            "indicators": area.charts[0].indicators,
        }

    def allow_close(self) -> None:
        """From now on closing closes; the engine has stopped."""
        self._may_close = True
        self.leave_replay()
        if self.research is not None:
            self.research.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if self.model is not None:
            stops = self.model.engine.attachment is None
            ends = (
                "Stopping: entries are cancelled, protective stops stay." if stops else "Detaching: the engine goes on."
            )
            self.banner.set_message(ends)
        self.close_wanted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_density()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), current().tokens.gutter)
