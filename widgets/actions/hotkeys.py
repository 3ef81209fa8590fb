"""The keyboard's shortcuts of a window, one for each action that has a hotkey."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from widgets.actions.registry import Actions

WINDOW_ONLY = ("Esc",)
"""Keys that dialogs and menus need for themselves: they work while the window itself has the focus."""


class Hotkeys(QObject):
    """Follows the registry. Held down, a key acts once."""

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._actions = actions
        self._window = window
        self._shortcuts: dict[str, tuple[str, QShortcut]] = {}
        actions.keys_changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Make the shortcuts what the registry says."""
        wanted = self._wanted()
        for name, (keys, shortcut) in list(self._shortcuts.items()):
            if wanted.get(name) != keys:
                del self._shortcuts[name]
                shortcut.setEnabled(False)
                shortcut.deleteLater()
        for name, keys in wanted.items():
            if name in self._shortcuts:
                continue
            shortcut = QShortcut(QKeySequence(keys), self._window)
            contexts = Qt.ShortcutContext
            shortcut.setContext(contexts.WindowShortcut if keys in WINDOW_ONLY else contexts.ApplicationShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(partial(self._press, name))
            self._shortcuts[name] = (keys, shortcut)

    def _wanted(self) -> dict[str, str]:
        """By the names of actions. A key that two have is the first one's, as Qt would serve neither; those chosen for
        an action that comes and goes, as a position's, are kept while it is away."""
        named = [(action.name, self._actions.keys_of(action)) for action in self._actions.all()]
        by_keys: dict[str, str] = {}
        for name, keys in (*named, *self._actions.chosen_keys.items()):
            if keys:
                by_keys.setdefault(keys, name)
        return {name: keys for keys, name in by_keys.items()}

    def _press(self, name: str) -> None:
        if not self._actions.run(name) and self._actions.find(name) is None:
            keys = self._shortcuts[name][0]
            self._actions.refused.emit(f"{keys} did nothing: what it acts on ({name}) is not there now.")
