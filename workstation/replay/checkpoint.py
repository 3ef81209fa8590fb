"""The whole state of a replay's kernel as bytes, from which the same kernel can be made again and again.

It is a copy of the object graph: the strategies' own state, timers, books, bars, orders, the simulated venue. What
never changes is not copied but shared: classes, modules, code, frozen structs, what was journalled. Functions that hold
variables of their own, as timers and handlers do, are made anew over copies of those variables.
"""

from __future__ import annotations

import io
import pickle
from decimal import Decimal
from enum import Enum
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import msgspec

from workstation.core.errors import DataError
from workstation.storage.journal import AppendOnly

_SHARED = (type, ModuleType, CodeType, Enum, Decimal)
"""What cannot change, beside frozen structs and functions without variables of their own."""


class Checkpoint:
    """``state`` as it was. It must not hold what is outside the engine, such as a window that listens."""

    def __init__(self, state: Any) -> None:
        """Raises ``DataError`` where something in it cannot be copied, such as an open file of a strategy."""
        file = io.BytesIO()
        pickler = _Pickler(file)
        try:
            pickler.dump(state)
        except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise DataError(f"The state cannot be copied: {error}.") from None
        self._content = file.getvalue()
        self._shared = pickler.shared

    @property
    def size(self) -> int:
        """Bytes that it takes, but for what is shared."""
        return len(self._content) + 8 * len(self._shared)

    def open(self) -> Any:
        """The state again, each time as new objects."""
        return _Unpickler(io.BytesIO(self._content), self._shared).load()


def _shared(place: int) -> Any:
    """Stands in the bytes for ``_Unpickler.shared_at``."""
    raise NotImplementedError


def _beginning(place: int, length: int) -> list[Any]:
    """Stands in the bytes for ``_Unpickler.beginning``."""
    raise NotImplementedError


def _function(globals_at: int, *parts: Any) -> FunctionType:
    """Stands in the bytes for ``_Unpickler.function``."""
    raise NotImplementedError


class _Pickler(pickle.Pickler):
    """Atoms and plain containers never come here, so that it costs little more than a plain pickle."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.shared: list[object] = []
        self._places: dict[int, int] = {}
        self._frozen: dict[type, bool] = {}

    def _place(self, value: object) -> int:
        place = self._places.get(id(value))
        if place is None:
            place = self._places[id(value)] = len(self.shared)
            self.shared.append(value)
        return place

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        frozen = self._frozen.get(kind)
        if frozen is None:
            is_struct = issubclass(kind, msgspec.Struct)
            frozen = issubclass(kind, _SHARED) or (is_struct and kind.__struct_config__.frozen)
            self._frozen[kind] = frozen
        if value is _shared or value is _function or value is _beginning:
            return NotImplemented
        if kind is AppendOnly:
            return _beginning, (self._place(value), len(value))
        if frozen or (kind is FunctionType and value.__closure__ is None):
            return _shared, (self._place(value),)
        if kind is FunctionType:
            parts = (value.__code__, value.__name__, value.__defaults__, value.__closure__)
            return _function, (self._place(value.__globals__), *parts), value.__kwdefaults__, None, None, _set_keywords
        if kind is CellType:
            return CellType, (), (value.cell_contents,), None, None, _fill
        if kind is MethodType:
            return MethodType, (value.__func__, value.__self__)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: list[object]) -> None:
        super().__init__(file)
        self._shared = shared

    def find_class(self, module: str, name: str) -> Any:
        stand_ins = {"_shared": self.shared_at, "_function": self.function, "_beginning": self.beginning}
        return stand_ins.get(name) if module == __name__ and name in stand_ins else super().find_class(module, name)

    def shared_at(self, place: int) -> object:
        return self._shared[place]

    def beginning(self, place: int, length: int) -> AppendOnly:
        whole: Any = self._shared[place]
        return AppendOnly(whole[:length])

    def function(self, globals_at: int, code: CodeType, name: str, defaults: Any, closure: Any) -> FunctionType:
        variables: Any = self._shared[globals_at]
        return FunctionType(code, variables, name, defaults, closure)


def _fill(cell: CellType, content: tuple[Any]) -> None:
    (cell.cell_contents,) = content


def _set_keywords(function: FunctionType, defaults: dict[str, Any]) -> None:
    function.__kwdefaults__ = defaults
