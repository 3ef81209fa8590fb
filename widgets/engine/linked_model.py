"""Link groups: panels of one group share the symbol. Group A is the window's own; others have one of theirs."""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtCore import QObject, Signal

from widgets.engine.engine_model import EngineModel

LETTERS = ("A", "B", "C", "D")
GROUPED = frozenset({"symbol", "choose_symbol", "symbol_chosen", "ticket_wanted", "ticket_stop_wanted"})


class LinkGroup(QObject):
    """The part of the model that a group has for itself."""

    symbol_chosen = Signal(str)
    ticket_wanted = Signal(str, object, object)
    ticket_stop_wanted = Signal(str, object, object)

    def __init__(self, symbol: str, symbols: tuple[str, ...], parent: QObject) -> None:
        super().__init__(parent)
        self.symbol = symbol if symbol in symbols else symbols[0]
        self._symbols = symbols

    def choose_symbol(self, symbol: str) -> None:
        if symbol != self.symbol and symbol in self._symbols:
            self.symbol = symbol
            self.symbol_chosen.emit(symbol)


class LinkedModel(QObject):
    """The engine's model with the symbol of a group; all else is the model itself. It goes with the model."""

    def __init__(self, model: EngineModel, group: LinkGroup) -> None:
        super().__init__(model)
        self._model = model
        self._group = group

    def __getattr__(self, name: str) -> Any:
        return getattr(self._group if name in GROUPED else self._model, name)


class LinkGroups(QObject):
    """The groups of a window, made when they are first asked for."""

    def __init__(self, model: EngineModel) -> None:
        super().__init__(model)
        self._model = model
        self._models: dict[str, EngineModel] = {LETTERS[0]: model}
        self._kept: dict[str, str] = {}

    def model(self, group: str, symbol: str = "") -> EngineModel:
        """What a panel of this group is built from; ``symbol`` is what a new group begins with."""
        found = self._models.get(group)
        if found is None:
            first = self._kept.get(group, symbol) or self._model.symbol
            own = LinkGroup(first, tuple(self._model.engine.symbols), self)
            found = self._models[group] = cast(EngineModel, LinkedModel(self._model, own))
        return found

    def forget(self, group: str) -> None:
        """A panel that had a symbol for itself is gone."""
        self._kept.pop(group, None)
        model = self._models.pop(group, None)
        if model is not None:
            model.deleteLater()

    def symbols(self) -> dict[str, str]:
        """Each group's symbol but the first one's, for the next start."""
        now = {name: model.symbol for name, model in self._models.items() if model is not self._model}
        return {**self._kept, **now}

    def keep(self, symbols: dict[str, str]) -> None:
        """What groups begin with that are not there yet."""
        self._kept = symbols
