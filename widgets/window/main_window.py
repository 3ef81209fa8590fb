"""The window: mode banner with the panic buttons, workspace bar, docked panels, status bar, and the keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from widgets.actions.hotkeys import Hotkeys
from widgets.actions.palette import Palette
from widgets.actions.registry import Actions
from widgets.controls.toolbar import popup_below
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.window import menus, window_state
from widgets.window.appearance import Appearance
from widgets.window.banner import Banner
from widgets.window.column import WindowColumn
from widgets.window.replay_stage import ReplayStage
from widgets.window.start_page import PROGRAM, StartPage
from widgets.window.window_actions import setting_actions, window_actions
from widgets.window.window_state import StateKeeper
from widgets.window.workspace_bar import WorkspaceBar
from workstation.config.settings import Settings

if TYPE_CHECKING:
    from widgets.actions.help_card import HelpCard
    from widgets.actions.hotkeys_dialog import HotkeysDialog
    from widgets.docks.workspace import Workspace
    from widgets.docks.workspaces import Workspaces
    from widgets.engine.engine_model import EngineModel
    from widgets.window.keys_dialog import KeysDialog
    from widgets.window.panic import Panic
    from workstation.services.configuration_editor import ConfigurationEditor

FIRST_SIZE = QSize(1600, 900)


class MainWindow(QWidget):
    """Shown before the engine is there; ``open_engine`` fills it."""

    close_wanted = Signal()

    def __init__(self, settings: Settings, layout_file: Path | None = None) -> None:
        super().__init__()
        self._settings = settings
        self._desktop = settings.desktop
        self._file, self._lost = window_state.load(layout_file) if layout_file is not None else ({}, "")
        self._kept: dict[str, Any] = self._file.get("window", {})
        self._folder = layout_file.parent if layout_file is not None else None
        self.appearance = Appearance(settings.desktop, self._kept.get("chosen", {}), self)
        self.appearance.density_chosen.connect(self._fit_density)
        self._may_close = False
        self.model: EngineModel | None = None
        self.workspaces: Workspaces | None = None
        self.configuration: ConfigurationEditor | None = None
        """Of the file that the engine here was started with; none for an engine elsewhere."""
        self.data_places: tuple[str, ...] | None = None
        """The options of the command line that name this engine's configuration and data folder."""
        self.leaves_engine = False
        """Whether an engine in a process of its own goes on when this window is closed."""
        self.panic: Panic | None = None
        self._of_engine: list[QObject] = []
        self._take_out: list[Callable[[], None]] = []
        """What was made for the engine that is shown, and goes with it."""
        self.banner = Banner(self)
        self.banner.notice_clicked.connect(lambda: self.show_panel("reconcile"))
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
        self.stage = ReplayStage(self, settings.desktop)
        self.start_page = StartPage(self)
        self.start_page.tell(f"Starting {PROGRAM}", "")
        self.start_page.keys_wanted.connect(self.open_keys)
        self.column = WindowColumn(self, (self.banner, self.bar), self.start_page)
        self.setMinimumSize(960, 600)
        self.setAcceptDrops(True)
        self.resize(QSize(*self._kept["size"]) if "size" in self._kept else FIRST_SIZE)
        self.setWindowTitle(f"{settings.mode.upper()} – {settings.account.name} – {PROGRAM}")
        self.registry.take_keys(self._kept.get("keys", {}))
        self.registry.add_source(lambda: window_actions(self))
        self.registry.add_source(self.appearance.actions)
        self.registry.add_source(self.stage.actions)
        self.registry.add_source(lambda: setting_actions(settings, self))
        self.hotkeys = Hotkeys(self.registry, self)
        self.registry.keys_changed.connect(self._show_keys)
        self._show_keys()
        self.keeper = StateKeeper(layout_file, self._document, self) if layout_file is not None else None
        current().changed.connect(self.update)

    def open_keys(self) -> KeysDialog:
        """API keys: those that there are, one more, one less."""
        from widgets.window.keys_dialog import KeysDialog

        exchange = self._settings.exchange
        dialog = KeysDialog(exchange.key, exchange.name, self)
        dialog.show()
        return dialog

    # --- The engine comes in ----------------------------------------------------------------------------------------

    def open_engine(self, model: EngineModel, *, flatten_on_kill: bool) -> None:
        """Build the panels and begin to show what the engine does."""
        # All that the first picture of the window can do without is loaded after it.
        from widgets.docks.catalogue import catalogue, charts_of
        from widgets.docks.user_content import UserContent
        from widgets.docks.workspaces import Workspaces
        from widgets.engine.one_click import OneClick
        from widgets.window.account_banner import AccountBanner
        from widgets.window.attached_banner import AttachedBanner
        from widgets.window.chart_actions import ChartActions
        from widgets.window.file_actions import FileActions
        from widgets.window.hand_actions import HandActions
        from widgets.window.lag_notice import LagNotice
        from widgets.window.outside import Outside
        from widgets.window.panic import Panic
        from widgets.window.status_bar import StatusBar
        from widgets.window.trade_actions import TradeActions
        from widgets.window.workspace_actions import WorkspaceActions

        self.model = model
        self.panic = Panic(model, self.banner, flatten_on_kill=flatten_on_kill, parent=self)
        trade = TradeActions(model, self.panic)
        self._take_out = [self.registry.add_source(trade.panic, first=True)]
        self.account = AccountBanner(model, self.banner, self.panic)
        model.panel_wanted.connect(self.show_panel)
        self.banner.panic.setEnabled(True)
        model.choose_symbol(charts_of(model, self._desktop)[0].symbol)
        made, one_click = UserContent(model, self._folder), OneClick(model, self._desktop.one_click_minutes)
        kinds = catalogue(model, self._desktop, self._build_settings, made, one_click, self.stage.research)
        self.workspaces = Workspaces(model, kinds, self._file.get("workspaces"), self)
        bound_ms = self._desktop.loop_lag_bound_ms
        self.status = StatusBar(model, bound_ms, self)
        offered = WorkspaceActions(self.workspaces, self)
        self.outside = Outside(
            model,
            made.alerts,
            self.appearance,
            self.banner,
            self.data_places,
            offered.import_,
            self.stage.replay_files,
            self.workspaces,
        )
        self.outside.drops.imported.connect(self.stage.tell_import)
        files = FileActions(self.outside.drops, self)
        self._of_engine = [self.panic, self.account, self.workspaces, self.status, self.outside, model]
        model.choose_symbol(str(self._kept.get("symbol", model.symbol)))
        offered.told.connect(self.banner.set_result)
        self._workspace_actions = offered
        hand = HandActions(model, one_click, made.templates, self.open_ticket)
        sources = (offered, ChartActions(self.workspaces), trade, hand, files)
        self._take_out += [self.registry.add_source(source.each) for source in sources]
        self.workspaces.changed.connect(self.registry.keys_changed)
        self.workspaces.chart_deleted.connect(
            lambda title, bring_back: self._offer_undo(f"The chart {title} was deleted.", bring_back)
        )
        offered.undo_offered.connect(self._offer_undo)
        self.bar.follow(self.workspaces)
        self.column.show_engine(self.workspaces, self.status)
        self._fit_density()
        attachment = model.engine.attachment
        if attachment is not None:
            self.banner.set_mode(model.engine.mode.value)
            self.attached = AttachedBanner(model, attachment, self.banner, self.workspaces)
            self.attached.title_changed.connect(self.tell_title)
            self._of_engine.append(self.attached)
            self.tell_title()
        elif self.configuration is not None:
            self._of_engine.append(LagNotice(model, self.banner, self.configuration, bound_ms, self))
        self.account.show_account(replaying=False)
        self.back_to_chart()
        if self._lost:
            self.banner.set_message(self._lost, Tone.WARNING)
        model.start()

    def _offer_undo(self, text: str, take_back: Callable[[], None]) -> None:
        from widgets.window.panic import UNDO

        def act() -> None:
            take_back()
            self.banner.set_message("")

        self.banner.set_message(text, action=UNDO, act=act)

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

    @property
    def area(self) -> Workspace | None:
        """The workspace that is shown, while there is an engine."""
        return self.workspaces.area if self.workspaces is not None else None

    def show_workspace(self, name: str) -> None:
        """Raises KeyError for an unknown name."""
        if self.workspaces is not None:
            self.workspaces.switch(name)

    def show_panel(self, name: str) -> None:
        """In the workspace that is shown. Raises KeyError for an unknown name."""
        if self.area is not None:
            self.area.show_panel(name)

    def tell_title(self) -> None:
        """The mode and the account first, then where the engine is."""
        assert self.model is not None
        place = self.attached.title if self.model.engine.attachment is not None else PROGRAM
        self.setWindowTitle(f"{self.model.engine.mode} – {self.model.account.name} – {place}")

    def close_engine(self) -> None:
        """Take down all that shows the engine, and stand as before it came; another one may be opened."""
        assert self.model is not None and self.workspaces is not None
        self.stage.leave()
        self.keep()
        self._file = self._document() or {}
        self._kept = self._file["window"]
        self.model.stop()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        for take_out in self._take_out:
            take_out()
        self._take_out = []
        self.column.show_start()
        for each in self._of_engine:
            each.deleteLater()
        self._of_engine = []
        self.model = self.workspaces = self.panic = None
        del self._workspace_actions
        self.banner.set_message("")
        self.bar.show_workspaces((), "")
        self.banner.panic.setEnabled(False)
        self.banner.set_arm_wanted(False)
        self.banner.set_notice("")

    def open_ticket(self) -> None:
        """Bring the ticket to the front with the size under the hand."""
        if self.area is not None and self.model is not None and self.stage.room is None:
            self.area.show_panel("ticket")
            self.model.ticket_wanted.emit("", None, None)

    def back_to_chart(self) -> None:
        if self.model is not None:
            self.model.disarm_wanted.emit()
        if self.stage.room is not None:
            self.stage.room.bar.setFocus()
        elif self.area is not None and not self.area.panel("chart").isHidden():
            self.area.charts[0].view.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.model is not None and self.outside.wants(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.model is not None:
            event.acceptProposedAction()
            self.outside.take(event.mimeData())

    def stand(self) -> None:
        """Where it stood when it was closed; before it is shown."""
        window_state.stand(self, self._kept.get("geometry", ""))

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
        from widgets.actions.hotkeys_dialog import HotkeysDialog

        dialog = HotkeysDialog(self.registry, self, action)
        dialog.show()
        return dialog

    def tell_about(self) -> None:
        """The version, and where this window's configuration and data are, as a message."""
        from workstation import __version__

        places = [f"Configuration: {self.configuration.file}."] if self.configuration is not None else []
        if self._folder is not None:
            places.append(f"Data: {self._folder}.")
        self.banner.set_message(" ".join(places), lead=f"{PROGRAM} {__version__}")

    def open_help(self) -> HelpCard | None:
        """What the panel under the hand is for."""
        if self.stage.room is not None:
            return self.stage.help()
        return self._workspace_actions.help() if self.workspaces is not None else None

    def _show_keys(self) -> None:
        palette = self.registry.find("window.palette")
        self.bar.palette_field.set_keys(self.registry.keys_of(palette) if palette is not None else "")

    # --- Appearance -------------------------------------------------------------------------------------------------

    def choose(self, name: str, value: str) -> None:
        """Set theme, palette or density of this window; it is kept between runs."""
        self.appearance.choose(name, value)

    def _fit_density(self) -> None:
        compact = self.appearance.fit(self.size())
        if self.workspaces is not None:
            self.workspaces.set_compact(compact)
        if self.stage.room is not None:
            self.stage.room.area.set_compact(compact)

    def appearance_menu(self) -> QMenu:
        return menus.appearance_menu(self.registry, self)

    def main_menu(self) -> QMenu:
        """Every panel, the workspaces, and the way out."""
        return menus.main_menu(self.registry, self.area.panels() if self.area is not None else (), self)

    def workspace_menu(self, name: str) -> QMenu:
        """What can be done with a workspace; it is shown by that."""
        self.show_workspace(name)
        return menus.workspace_menu(self.registry, self)

    # --- Keeping and closing ----------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write workspaces, place and choices for the next start."""
        if self.keeper is not None:
            self.keeper.keep()

    def _document(self) -> dict[str, Any] | None:
        """What is kept; nothing before there was an engine."""
        if self.workspaces is None or self.model is None:
            return None
        window = {
            "size": [self.width(), self.height()],
            "geometry": window_state.geometry_of(self),
            "chosen": self.appearance.chosen,
            "keys": self.registry.chosen_keys,
            "symbol": self.model.symbol,
        }
        return {"window": window, "workspaces": self.workspaces.document()}

    def allow_close(self) -> None:
        """From now on closing closes; the engine has stopped."""
        self._may_close = True
        self.stage.close()

    def leave_engine(self) -> None:
        """Close this window and let its engine go on."""
        self.leaves_engine = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if self.model is not None:
            attachment = self.model.engine.attachment
            stops = attachment is None or (attachment.own is not None and not self.leaves_engine)
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
