"""ccxt without the hundred exchanges that nobody asked for.

``import ccxt.pro`` runs the modules of every exchange, some 280, which takes seconds, and a program trades at one.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

_BASES = {
    "ccxt": "ccxt.base.exchange",
    "ccxt.async_support": "ccxt.async_support.base.exchange",
    "ccxt.pro": "ccxt.async_support.base.exchange",
}
"""The packages that load every exchange, and where the ``Exchange`` of each comes from."""


class LazyPackage(ModuleType):
    """Stands in place of one of ccxt's packages.

    The class of an exchange comes from its module when it is asked for, as ``ccxt.pro.binance``; so do the errors and
    ``Exchange``, which ccxt's own modules take from here. Whatever else is asked for runs the package's own beginning.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "exchanges":
            self.exchanges = sorted(module.name for module in iter_modules(self.__path__) if not module.ispkg)
        elif name == "Exchange":
            self.Exchange = import_module(_BASES[self.__name__]).Exchange
        elif name in self.exchanges:
            import_module(f"{self.__name__}.{name}")
        elif name in vars(errors := import_module("ccxt.base.errors")):
            setattr(self, name, getattr(errors, name))
        else:
            self._load_whole()
        try:
            return vars(self)[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        """Python puts a module that has run into its package; ccxt's packages hold the exchange's class instead."""
        if isinstance(value, ModuleType) and name in vars(value):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def _load_whole(self) -> None:
        assert self.__spec__ is not None and self.__spec__.loader is not None
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)


class LazyLoader(Loader):
    """Makes a ``LazyPackage`` and leaves it the loader that can run it."""

    def __init__(self, whole: Loader) -> None:
        self._whole = whole

    def create_module(self, spec: ModuleSpec) -> LazyPackage:
        return LazyPackage(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._whole


class LazyFinder(MetaPathFinder):
    """Finds packages by these names where the other finders find them, to load them lazily."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(fullname, path, target) if finder is not self else None
            if spec is not None and spec.loader is not None:
                spec.loader = LazyLoader(spec.loader)
                return spec
        return None


def load_lazily() -> None:
    """From now on ccxt's packages begin empty; one that is loaded already stays as it is."""
    sys.meta_path.insert(0, LazyFinder(_BASES))
