"""The window: mode banner with the panic buttons, workspace bar, docked panels, status bar, and the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QDialog, QMenu, QVBoxLayout, QWidget

from widgets.actions.help_card import HelpCard
from widgets.actions.hotkeys import Hotkeys
from widgets.actions.hotkeys_dialog import HotkeysDialog
from widgets.actions.palette import Palette
from widgets.actions.registry import Actions
from widgets.alerts.alert_cards import AlertCards
from widgets.alerts.alert_desk import AlertDesk
from widgets.controls.dialogs import ReasonDialog
from widgets.controls.toolbar import popup_below
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_money, format_percent, tone_of
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone
from widgets.window import menus, window_state
from widgets.window.appearance import Appearance
from widgets.window.arming_banner import ArmingBanner
from widgets.window.attached_banner import AttachedBanner
from widgets.window.banner import Banner, Cell
from widgets.window.keys_dialog import KeysDialog
from widgets.window.lockout_banner import lockout_cells
from widgets.window.notices import Notices, Sound
from widgets.window.outside import Outside
from widgets.window.panic import Panic, plural, warn_of_stale_feed
from widgets.window.start_page import StartPage
from widgets.window.status_bar import StatusBar
from widgets.window.trade_actions import TradeActions
from widgets.window.window_actions import setting_actions, window_actions
from widgets.window.window_state import StateKeeper
from widgets.window.workspace_bar import WorkspaceBar
from workstation.config.settings import Settings
from workstation.core.errors import WorkstationError
from workstation.core.messages import Difference
from workstation.core.types import TradingState
from workstation.core.views import AccountView

if TYPE_CHECKING:
    from widgets.docks.workspace import Workspace
    from widgets.docks.workspaces import Workspaces
    from widgets.research.replay_room import ReplayRoom
    from widgets.research.research import Research
    from widgets.window.workspace_actions import WorkspaceActions
    from workstation.replay.source import ReplaySource
    from workstation.services.configuration_editor import ConfigurationEditor

PROGRAM = "Trading Workstation"
FIRST_SIZE = QSize(1600, 900)
STATE_TONES = {TradingState.ACTIVE: Tone.GOOD, TradingState.REDUCING: Tone.WARNING, TradingState.HALTED: Tone.BAD}


class MainWindow(QWidget):
    """Shown before the engine is there; ``open_engine`` fills it."""

    close_wanted = Signal()

    def __init__(self, settings: Settings, layout_file: Path | None = None) -> None:
        super().__init__()
        self.research: Research | None = None
        self.replay: ReplayRoom | None = None
        self._settings = settings
        self._desktop = settings.desktop
        self._file, self._lost = window_state.load(layout_file) if layout_file is not None else ({}, "")
        self._kept: dict[str, Any] = self._file.get("window", {})
        self._folder = layout_file.parent if layout_file is not None else None
        self.appearance = Appearance(settings.desktop, self._kept.get("chosen", {}), self)
        self.appearance.density_chosen.connect(self._fit_density)
        self._may_close = False
        self._stale = ""
        self.model: EngineModel | None = None
        self.workspaces: Workspaces | None = None
        self.configuration: ConfigurationEditor | None = None
        """Of the file that the engine here was started with; none for an engine elsewhere."""
        self.data_places: tuple[str, ...] | None = None
        """The options of the command line that name this engine's configuration and data folder."""
        self.panic: Panic | None = None
        self._of_engine: list[QObject] = []
        self._take_out: list[Callable[[], None]] = []
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
        self.registry = Actions(self)
        self.registry.refused.connect(lambda sentence: self.banner.set_message(sentence, Tone.WARNING))
        self.command_palette = Palette(self.registry, self)
        self.command_palette.keys_wanted.connect(self.open_hotkeys)
        self.bar.palette_wanted.connect(self.command_palette.open)
        self.bar.workspace_wanted.connect(self.show_workspace)
        self.bar.workspace_menu_wanted.connect(lambda name, tab: popup_below(self.workspace_menu(name), tab))
        self.bar.new_wanted.connect(lambda: self.registry.run("workspace.new"))
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
        self.setAcceptDrops(True)
        self.resize(QSize(*self._kept["size"]) if "size" in self._kept else FIRST_SIZE)
        self.setWindowTitle(f"{settings.mode.upper()} – {settings.account.name} – {PROGRAM}")
        self.registry.take_keys(self._kept.get("keys", {}))
        self.registry.add_source(lambda: window_actions(self))
        self.registry.add_source(self.appearance.actions)
        self.registry.add_source(lambda: setting_actions(settings, self))
        self.hotkeys = Hotkeys(self.registry, self)
        self.registry.keys_changed.connect(self._show_keys)
        self._show_keys()
        self.keeper = StateKeeper(layout_file, self._document, self) if layout_file is not None else None
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
        from widgets.docks.catalogue import catalogue, charts_of
        from widgets.docks.workspaces import Workspaces
        from widgets.window.workspace_actions import WorkspaceActions

        self.model = model
        self.panic = Panic(model, self.banner, flatten_on_kill=flatten_on_kill, parent=self)
        trade = TradeActions(model, self.panic)
        self._take_out = [self.registry.add_source(trade.panic, first=True)]
        self.arming = ArmingBanner(model, self.banner)
        self.banner.panic.setEnabled(True)
        model.choose_symbol(charts_of(model, self._desktop)[0].symbol)
        kinds = catalogue(model, self._desktop, self._build_settings, self._folder, self.research)
        self.workspaces = Workspaces(model, kinds, self._file.get("workspaces"), self)
        self.status = StatusBar(model, self)
        offered = WorkspaceActions(self.workspaces, self)
        self.outside = Outside(model, self.appearance, self.banner, self.data_places, offered.import_, self)
        self._tell_alerts(model, self.workspaces, self.outside.notices)
        self._of_engine = [self.panic, self.arming, self.workspaces, self.status, self.outside, model]
        self._column.removeWidget(self.start_page)
        self.start_page.hide()
        self._column.addWidget(self.workspaces, 1)
        self._column.addWidget(self.status)
        model.choose_symbol(str(self._kept.get("symbol", model.symbol)))
        self._offer_workspaces(offered)
        self._take_out.append(self.registry.add_source(trade.each))
        self.workspaces.show()
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
            self.attached = AttachedBanner(model, attachment, self.banner, self.workspaces)
            self._of_engine.append(self.attached)
            self.setWindowTitle(f"{model.engine.mode} – {model.account.name} – {self.attached.title}")
        self._show_account(model.account)
        self.back_to_chart()
        if self._lost:
            self.banner.set_message(self._lost, Tone.WARNING)
        model.start()

    def _tell_alerts(self, model: EngineModel, over: QWidget, notices: Notices) -> None:
        desk = model.findChild(AlertDesk)
        assert desk is not None
        self.alert_cards = AlertCards(desk, over)
        self.alert_cards.symbol_wanted.connect(model.choose_symbol)
        self.alert_cards.told.connect(
            lambda title, text: notices.tell(title, text, None if desk.muted else Sound.ALERT)
        )

    def _build_settings(self, model: EngineModel) -> QWidget:
        from widgets.settings.settings_panel import SettingsPanel

        panel = SettingsPanel(model, self.configuration)
        panel.taken.connect(lambda path, value: self.appearance.choose(path.removeprefix("desktop."), value))
        return panel

    def open_setting(self, path: str = "") -> None:
        """The settings, at one of them."""
        if self.area is not None:
            self.area.show_panel("settings")
            self.area.settings.show_setting(path)

    def _offer_workspaces(self, offered: WorkspaceActions) -> None:
        """Their names in the bar, and what can be done with them."""
        workspaces = self.workspaces
        assert workspaces is not None
        self._workspace_actions = offered
        offered.told.connect(lambda text, good: self.banner.set_message(text, Tone.NORMAL if good else Tone.WARNING))
        self._take_out.append(self.registry.add_source(offered.each))
        workspaces.changed.connect(self._show_workspaces)
        workspaces.changed.connect(self.registry.keys_changed)
        self._show_workspaces()

    def _show_workspaces(self) -> None:
        assert self.workspaces is not None
        self.bar.show_workspaces(self.workspaces.names, self.workspaces.current)

    @property
    def area(self) -> Workspace | None:
        """The workspace that is shown, while there is an engine."""
        return self.workspaces.area if self.workspaces is not None else None

    def show_workspace(self, name: str) -> None:
        """Raises KeyError for an unknown name."""
        if self.workspaces is not None:
            self.workspaces.switch(name)

    # --- Research and a replay beside it ----------------------------------------------------------------------------

    def adopt_research(self, research: Research) -> None:
        """What the research panels of every engine to come work with; it goes with the window."""
        self.research = research
        research.setParent(self)
        research.told.connect(self._tell_research)
        research.replay_ready.connect(self.enter_replay)
        research.panel_wanted.connect(self._show_panel)

    def enter_replay(self, source: ReplaySource) -> None:
        """Show what is over in place of the live panels; the session goes on, and the panic buttons act on it."""
        from widgets.research.replay_room import ReplayRoom

        if self.area is None or self.workspaces is None or self.model is None or self.research is None:
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
        self.workspaces.hide()
        self._column.insertWidget(self._column.indexOf(self.workspaces), room, 1)
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
        if room is None or self.workspaces is None or self.model is None:
            return
        room.close_replay()
        self._column.removeWidget(room)
        room.hide()
        room.deleteLater()
        self.workspaces.show()
        mode, name = self.model.engine.mode, self.model.account.name
        self.banner.set_mode(mode.value)
        self.banner.set_message("")
        attached = self.model.engine.attachment is not None
        self.setWindowTitle(f"{mode} – {name} – {self.attached.title if attached else PROGRAM}")
        self._show_account(self.model.account)
        self.back_to_chart()

    def _show_panel(self, name: str) -> None:
        if self.area is not None:
            self.area.show_panel(name)

    def _show_replayed(self, cells: list[Cell]) -> None:
        if self.replay is not None:
            self.banner.set_cells(cells)

    def _tell_research(self, text: str, good: bool) -> None:
        self.banner.set_message(text, Tone.NORMAL if good else Tone.WARNING)

    def close_engine(self) -> None:
        """Take down all that shows the engine, and stand as before it came; another one may be opened."""
        assert self.model is not None and self.workspaces is not None
        self.leave_replay()
        self.keep()
        self._file = self._document() or {}
        self._kept = self._file["window"]
        self.model.stop()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        for take_out in self._take_out:
            take_out()
        self._take_out = []
        for part in (self.workspaces, self.status):
            self._column.removeWidget(part)
            part.hide()
        for each in self._of_engine:
            each.deleteLater()
        self._of_engine = []
        self.model = self.workspaces = self.panic = None
        del self._workspace_actions
        self.bar.show_workspaces((), "")
        self._stale = ""
        self.banner.panic.setEnabled(False)
        self.banner.set_arm_wanted(False)
        self.banner.set_notice("")
        self._column.addWidget(self.start_page, 1)
        self.start_page.show()

    def open_ticket(self) -> None:
        """Bring the ticket to the front with the size under the hand."""
        if self.area is not None and self.model is not None and self.replay is None:
            self.area.show_panel("ticket")
            self.model.ticket_wanted.emit("", None, None)

    def back_to_chart(self) -> None:
        if self.model is not None:
            self.model.disarm_wanted.emit()
        if self.replay is not None:
            self.replay.bar.setFocus()
        elif self.area is not None and not self.area.panel("chart").isHidden():
            self.area.charts[0].view.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.model is not None and self.outside.wants(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.model is not None:
            event.acceptProposedAction()
            self.outside.take(event.mimeData())

    def come_forward(self) -> None:
        """In front of other programs, also when it was minimised."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def open_hotkeys(self, action: str = "") -> HotkeysDialog:
        """All hotkeys; with an action's name that one is chosen."""
        dialog = HotkeysDialog(self.registry, self, action)
        dialog.show()
        return dialog

    def open_help(self) -> HelpCard | None:
        """What the panel under the hand is for."""
        return self._workspace_actions.help() if self.workspaces is not None else None

    def _show_keys(self) -> None:
        palette = self.registry.find("window.palette")
        self.bar.palette_field.set_keys(self.registry.keys_of(palette) if palette is not None else "")

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
                *lockout_cells(account, self.model.engine.now_ns()),
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

    def choose(self, name: str, value: str) -> None:
        """Set theme, palette or density of this window; it is kept between runs."""
        self.appearance.choose(name, value)

    def _fit_density(self) -> None:
        compact = self.appearance.fit(self.size())
        if self.workspaces is not None:
            self.workspaces.set_compact(compact)
        if self.replay is not None:
            self.replay.area.set_compact(compact)

    def appearance_menu(self) -> QMenu:
        return menus.appearance_menu(self.registry, self)

    def main_menu(self) -> QMenu:
        """Every panel, the workspaces, and the way out."""
        return menus.main_menu(self.registry, self.area.panels() if self.area is not None else (), self)

    def workspace_menu(self, name: str) -> QMenu:
        """What can be done with a workspace; it is shown by that."""
        self.show_workspace(name)
        return menus.workspace_menu(self.registry, self)

    def _toggle_panel(self, name: str, on: bool) -> None:
        if self.area is None:
            return
        if on:
            self.area.show_panel(name)
        else:
            self.area.panel(name).close()

    # --- Keeping and closing ----------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write workspaces, size and choices for the next start."""
        if self.keeper is not None:
            self.keeper.keep()

    def _document(self) -> dict[str, Any] | None:
        """What is kept; nothing before there was an engine."""
        if self.workspaces is None or self.model is None:
            return None
        window = {
            "size": [self.width(), self.height()],
            "chosen": self.appearance.chosen,
            "keys": self.registry.chosen_keys,
            "symbol": self.model.symbol,
        }
        return {"window": window, "workspaces": self.workspaces.document()}

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
