"""The actions on workspaces and their panels, with the small windows that ask for a name or a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QFileDialog, QWidget
from shiboken6 import isValid

from widgets.actions.help_card import HelpCard
from widgets.actions.registry import Action
from widgets.controls.dialogs import NameDialog
from widgets.docks.panel_help import help_of
from widgets.docks.workspaces import Workspaces
from widgets.window.window_state import write_whole

NUMBERED = 9
FILES = "Workspaces (*.json)"


class WorkspaceActions(QObject):
    told = Signal(str, bool)  # what came of it, and whether it is good
    undo_offered = Signal(str, object)  # what was done, and the function that takes it back

    def __init__(self, workspaces: Workspaces, window: QWidget) -> None:
        super().__init__(workspaces)
        self._all = workspaces
        self._window = window

    def each(self) -> Iterable[Action]:
        """On the shown workspace, on the others, and on each panel."""
        yield from self._of_workspaces()
        yield from self._of_panels()

    def _of_workspaces(self) -> Iterable[Action]:
        names, shown = self._all.names, self._all.current
        for number, name in enumerate(names, 1):
            yield Action(
                f"workspace.{number}",
                "Workspaces",
                name,
                partial(self._all.switch, name),
                f"Shows the workspace {name}.",
                f"Ctrl+{number}" if number <= NUMBERED else "",
                "rectangle",
                scope=lambda name=name: "shown" if name == shown else "",  # type: ignore[misc]
                checked=lambda name=name: name == shown,  # type: ignore[misc]
            )
        for name, text, run, words in (
            ("new", "New workspace…", self.ask_new, "One more, with the layout for trading."),
            ("rename", "Rename the workspace…", self.ask_rename, "Another name for the one that is shown."),
            ("duplicate", "Duplicate the workspace…", self.ask_duplicate, "One more as the shown one is now."),
            ("export", "Export the workspace…", self.ask_export, "Writes its layout to a JSON file."),
            ("import", "Import a workspace…", self.ask_import, "Adds one from a JSON file."),
            ("reset", "Reset the layout", self.reset, "Brings back the shipped layout of this workspace."),
        ):
            yield Action(f"workspace.{name}", "Workspaces", text, run, words, icon="rectangle", scope=lambda: shown)
        yield Action(
            "workspace.delete",
            "Workspaces",
            "Delete the workspace",
            self.delete,
            "Ends the one that is shown; its layout is gone.",
            icon="cross",
            enabled=lambda: "" if len(names) > 1 else "The last workspace stays.",
            scope=lambda: shown,
        )

    def _of_panels(self) -> Iterable[Action]:
        for panel in self._all.area.panels():
            name, title = panel.name, panel.windowTitle()
            yield Action(
                f"panel.{name}",
                "Panels",
                title,
                partial(self.show_panel, name),
                help_of(name),
                icon="text",
                scope=lambda panel=panel: "closed" if panel.isHidden() else "",  # type: ignore[misc]
                checked=lambda panel=panel: not panel.isHidden(),  # type: ignore[misc]
            )
            yield Action(
                f"panel.{name}.close",
                "Panels",
                f"Close {title}",
                panel.close,
                "Takes the panel out of this workspace until it is opened again.",
                icon="cross",
                enabled=lambda panel=panel: "It is closed." if panel.isHidden() else "",  # type: ignore[misc]
            )
        focused = self._all.area.focused_panel
        if focused is not None:
            yield Action(
                "panel.float",
                "Panels",
                "Dock the panel" if focused.isFloating() else "Float the panel",
                partial(self.float_panel, focused.name),
                "A floating panel can stand on another monitor.",
                icon="expand",
                scope=focused.windowTitle,
            )
        yield Action(
            "panel.maximise",
            "Panels",
            "Maximise the panel",
            self.maximise_panel,
            "It has the whole workspace for itself; again, or a double click on its tab, brings the others back.",
            "Shift+F11",
            "expand",
            enabled=lambda: "" if self._all.area.focused_panel is not None else "No panel has the keyboard; click one.",
            scope=lambda: focused.windowTitle() if focused is not None else "",
            checked=lambda: self._all.area.maximised is not None,
        )

    def maximise_panel(self) -> None:
        """The one under the hand alone, or all of them again."""
        area = self._all.area
        if area.maximised is not None:
            area.restore()
        elif area.focused_panel is not None:
            area.toggle_maximised(area.focused_panel)

    def show_panel(self, name: str) -> None:
        """Bring it to the front and give it the keyboard."""
        self._all.area.show_panel(name)
        content = self._all.area.content(name)
        content.setFocus()
        self._all.area.focus_panel(self._all.area.panel(name))

    def float_panel(self, name: str) -> None:
        """Let it stand by itself, or dock it again."""
        panel = self._all.area.panel(name)
        self._all.area.show_panel(name)
        panel.toggle_floating()

    def reset(self) -> None:
        area, before = self._all.area, self._all.area.document()
        area.reset()

        def bring_back() -> None:
            if isValid(area):
                area.take(before)

        self.undo_offered.emit(f"The layout of {self._all.current} is the shipped one.", bring_back)

    def delete(self) -> None:
        name, before = self._all.current, self._all.export()
        self._all.delete()
        self.undo_offered.emit(f"The workspace {name} was deleted.", lambda: self._all.import_(before))

    # --- Names ------------------------------------------------------------------------------------------------------

    def ask_new(self) -> NameDialog:
        return self._ask("New workspace", "It begins with the layout for trading.", "Make", "", self._all.add)

    def ask_rename(self) -> NameDialog:
        now = self._all.current
        return self._ask("Rename the workspace", f"It is called {now} now.", "Rename", now, self._all.rename)

    def ask_duplicate(self) -> NameDialog:
        now = self._all.current
        sentence = f"It begins as {now} is now."
        return self._ask("Duplicate the workspace", sentence, "Duplicate", f"{now} 2", self._all.duplicate)

    def _ask(self, title: str, sentence: str, action: str, name: str, take: Callable[[str], None]) -> NameDialog:
        dialog = NameDialog(title, sentence, action, name, take, self._window)
        dialog.show()
        return dialog

    # --- Files ------------------------------------------------------------------------------------------------------

    def ask_export(self) -> QFileDialog:
        dialog = self._file_dialog("Export the workspace", self.export)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile(f"{self._all.current}.json")
        dialog.show()
        return dialog

    def ask_import(self) -> QFileDialog:
        dialog = self._file_dialog("Import a workspace", self.import_)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.show()
        return dialog

    def _file_dialog(self, title: str, take: Callable[[str], None]) -> QFileDialog:
        dialog = QFileDialog(self._window, title, "", FILES)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setModal(False)
        dialog.finished.connect(dialog.deleteLater)
        dialog.fileSelected.connect(take)
        return dialog

    def export(self, file: str) -> None:
        """Write the shown workspace to a file."""
        try:
            write_whole(Path(file), json.dumps(self._all.export(), indent=1))
        except OSError as error:
            self.told.emit(f"{file} cannot be written ({error.strerror}); choose another place.", False)
            return
        self.told.emit(f"The workspace {self._all.current} was written to {file}.", True)

    def import_(self, file: str) -> None:
        """Add the workspace in a file."""
        try:
            name = self._all.import_(json.loads(Path(file).read_text(encoding="utf-8")))
        except OSError as error:
            self.told.emit(f"{file} cannot be read ({error.strerror}).", False)
        except ValueError as error:
            sentence = "It is no JSON." if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else str(error)
            self.told.emit(f"{file} was not imported. {sentence}", False)
        else:
            self.told.emit(f"The workspace {name} was imported.", True)

    # --- Help -------------------------------------------------------------------------------------------------------

    def help(self) -> HelpCard | None:
        """A card about the panel under the pointer, or else the one with the keyboard."""
        area = self._all.area
        place = QCursor.pos()
        shown = [panel for panel in area.panels() if panel.in_front and panel.isVisible()]
        under = [panel for panel in shown if panel.rect().contains(panel.mapFromGlobal(place))]
        panel = under[0] if under else area.focused_panel or (shown[0] if shown else None)
        if panel is None:
            return None
        corner = panel.mapToGlobal(panel.rect().topLeft())
        card = HelpCard(panel.windowTitle(), help_of(panel.name) or "There is no text for this panel.", self._window)
        card.show_at(place if under else corner)
        return card
