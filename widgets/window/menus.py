"""The window's menus, made of the registry's actions each time they open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QWidget

from widgets.actions.registry import Actions
from widgets.window.appearance import CHOICES, IN_MENU

if TYPE_CHECKING:
    from widgets.docks.docking import Panel


def main_menu(actions: Actions, panels: Sequence[Panel], parent: QWidget) -> QMenu:
    """Every panel with a mark where it is open, the workspaces, and the way out."""
    menu = QMenu(parent)
    for panel in panels:
        action = actions.find(f"panel.{panel.name}" if panel.isHidden() else f"panel.{panel.name}.close")
        if action is not None:
            entry = actions.entry(menu, action)
            entry.setText(panel.windowTitle())
            entry.setCheckable(True)
            entry.setChecked(not panel.isHidden())
    menu.addSeparator()
    for name in ("file.open", "file.folder"):
        actions.add_to(menu, name)
    workspaces = menu.addMenu("Workspaces")
    for action in actions.all():
        if action.group == "Workspaces":
            actions.entry(workspaces, action)
    for name in (
        "window.palette",
        "window.full_screen",
        "window.picture",
        "window.settings",
        "window.hotkeys",
        "window.keys",
    ):
        actions.add_to(menu, name)
    menu.addSeparator()
    for name in ("workspace.reset", "help.panel", "window.quit"):
        actions.add_to(menu, name)
    return menu


def appearance_menu(actions: Actions, parent: QWidget) -> QMenu:
    """Theme, palette and density, and what else is set for this window alone."""
    menu = QMenu(parent)
    for name in IN_MENU:
        for value in CHOICES[name]:
            actions.add_to(menu, f"appearance.{name}.{value}")
        menu.addSeparator()
    for name, title in (
        ("time_zone", "Time zone"),
        ("number_format", "Numbers"),
        ("sounds", "Sounds"),
        ("notifications", "Notifications"),
    ):
        inner = menu.addMenu(title)
        for value in CHOICES[name]:
            actions.add_to(inner, f"appearance.{name}.{value}")
    menu.addSeparator()
    for name in ("window.settings", "window.hotkeys", "workspace.reset"):
        actions.add_to(menu, name)
    return menu


def workspace_menu(actions: Actions, parent: QWidget) -> QMenu:
    """What can be done with the shown workspace."""
    menu = QMenu(parent)
    for name in ("rename", "duplicate", "export", "import", "reset", "delete"):
        actions.add_to(menu, f"workspace.{name}")
    return menu
