"""The registry of actions. Menus, hotkeys and the command palette have nothing but what stands here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

Source = Callable[[], Iterable["Action"]]


OF_PANELS = {
    "Ctrl+C": "“Copy” in tables, fields and drawings",
    "Ctrl+V": "“Paste” in fields and drawings",
    "Ctrl+X": "“Cut” in fields",
    "Ctrl+A": "“Select all” in tables and fields",
    "Ctrl+Z": "“Undo” in fields and drawings",
    "Ctrl+D": "“Duplicate” of drawings",
    "Del": "“Delete” in fields and drawings",
    "Tab": "the way from one control to the next",
    "Space": "the control under the hand, which it presses",
    "Return": "the control under the hand, which it confirms",
    "Up": "tables and figures, which it moves through",
    "Down": "tables and figures, which it moves through",
    "Left": "charts and fields, which it moves through",
    "Right": "charts and fields, which it moves through",
}
"""What keys do in whatever has the focus: a hotkey takes them from there."""


def nothing() -> str:
    return ""


@dataclass(frozen=True)
class Action:
    """One thing to do.

    ``name`` is for good: chosen hotkeys are kept by it. ``enabled`` says why it cannot be done now, in a sentence, and
    nothing when it can; ``scope`` what it would act on now, as "3 positions". ``trades`` marks what moves money.
    """

    name: str
    group: str
    text: str
    run: Callable[[], object]
    help: str = ""
    keys: str = ""
    icon: str = ""
    trades: bool = False
    enabled: Callable[[], str] = nothing
    scope: Callable[[], str] = nothing
    checked: Callable[[], bool] | None = None
    keeps_a_key: bool = False
    """Its hotkey can be changed and never taken away."""


class Actions(QObject):
    """Actions from sources that are asked each time: symbols, panels and workspaces come and go."""

    keys_changed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sources: list[Source] = []
        self.chosen_keys: dict[str, str] = {}
        """By an action's name what was chosen instead of its own hotkey; empty for none."""

    def add_source(self, source: Source, *, first: bool = False) -> Callable[[], None]:
        """Take the actions of a source in; call what is returned to take them out again.

        A hotkey is looked for in the sources in their order: the kill stands ``first``, so that nothing hinders it.
        """
        self._sources.insert(0 if first else len(self._sources), source)

        def remove() -> None:
            self._sources.remove(source)
            self.keys_changed.emit()

        self.keys_changed.emit()
        return remove

    def all(self) -> list[Action]:
        return list(self._each())

    def _each(self) -> Iterator[Action]:
        """One source after the other: what stands in the first is found whatever becomes of the others."""
        for source in self._sources:
            yield from source()

    def find(self, name: str) -> Action | None:
        return next((action for action in self._each() if action.name == name), None)

    def run(self, name: str) -> bool:
        """Do it now; False when there is no such action or it cannot be done, which is then told by ``refused``."""
        action = self.find(name)
        if action is None:
            return False
        why_not = action.enabled()
        if why_not:
            self.refused.emit(f"{action.text}: {why_not}")
            return False
        action.run()
        return True

    # --- Hotkeys ----------------------------------------------------------------------------------------------------

    def keys_of(self, action: Action) -> str:
        """The hotkey in portable text, as Ctrl+Shift+K; empty for none."""
        return self.chosen_keys.get(action.name, action.keys)

    def holder_of(self, keys: str, apart_from: str = "") -> Action | None:
        """The action that has this hotkey."""
        return next(
            (each for each in self.all() if keys and each.name != apart_from and self.keys_of(each) == keys), None
        )

    def held_by(self, keys: str, apart_from: str = "") -> str:
        """What has this hotkey, in words: an action, one that is not there now, or the panels; empty for nothing."""
        holder = self.holder_of(keys, apart_from)
        if holder is not None:
            return f"“{holder.text}”"
        away = [name for name, chosen in self.chosen_keys.items() if chosen == keys and name != apart_from]
        if keys and away:
            return f"“{away[0]}”, which is not there now"
        return OF_PANELS.get(keys, "")

    def why_not_keys(self, action: Action, keys: str) -> str:
        """Why the action cannot have this hotkey, in a sentence; empty when it can."""
        if action.keeps_a_key and not keys:
            return f"“{action.text}” always has a hotkey; press another one."
        holder = self.holder_of(keys, action.name)
        if holder is not None and holder.keeps_a_key:
            return f"{keys} belongs to “{holder.text}”, which always has a hotkey; give that another one first."
        return ""

    def set_keys(self, action: Action, keys: str) -> None:
        """Give it a hotkey; whoever had that has none afterwards. Raises ValueError as ``why_not_keys`` says."""
        problem = self.why_not_keys(action, keys)
        if problem:
            raise ValueError(problem)
        holder = self.holder_of(keys, action.name)
        if holder is not None:
            self._choose(holder, "")
        for name in [name for name, chosen in self.chosen_keys.items() if keys and chosen == keys]:
            del self.chosen_keys[name]
        self._choose(action, keys)
        self.keys_changed.emit()

    def reset_keys(self) -> None:
        """Every action has its own hotkey again."""
        self.chosen_keys.clear()
        self.keys_changed.emit()

    def take_keys(self, kept: Mapping[str, str]) -> None:
        """The choices of an earlier run."""
        self.chosen_keys = dict(kept)
        self.keys_changed.emit()

    def _choose(self, action: Action, keys: str) -> None:
        if keys == action.keys:
            self.chosen_keys.pop(action.name, None)
        else:
            self.chosen_keys[action.name] = keys

    # --- Menus ------------------------------------------------------------------------------------------------------

    def add_to(self, menu: QMenu, name: str) -> QAction | None:
        """An entry for the action as it stands now; None when there is no such action."""
        action = self.find(name)
        return self.entry(menu, action) if action is not None else None

    def entry(self, menu: QMenu, action: Action) -> QAction:
        entry = menu.addAction(action.text)
        why_not = action.enabled()
        entry.setEnabled(not why_not)
        entry.setToolTip(why_not or action.help)
        if action.checked is not None:
            entry.setCheckable(True)
            entry.setChecked(action.checked())
        keys = self.keys_of(action)
        if keys:
            entry.setText(f"{action.text}\t{keys}")
        entry.triggered.connect(lambda: self.run(action.name))
        return entry
