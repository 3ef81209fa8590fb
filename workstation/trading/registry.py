"""Finds strategies: the shipped ones, and the files of a folder that a person keeps."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
import traceback
from difflib import get_close_matches
from hashlib import sha256
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from workstation.core.errors import StrategyError
from workstation.core.timeframe import TIMEFRAMES
from workstation.trading.parameters import Parameter
from workstation.trading.strategy import Strategy

SHIPPED = "workstation.strategies"
LOADED_PREFIX = "workstation_strategy_file_"


class Entry(NamedTuple):
    strategy: type[Strategy]
    source_hash: str
    path: Path


class StrategyRegistry:
    """Every strategy by name, which is the name of its module or file. A broken one is kept out with its reason.

    A file of ``folder`` (``None``: no folder) holds one strategy; names that begin with an underscore are left alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self.failures: dict[str, str] = {}
        """Why a strategy did not load, by name: one sentence for a person."""
        self._entries: dict[str, Entry] = {}
        self._add_shipped()
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.py")):
                if not path.stem.startswith("_"):
                    self._add_file(path)

    def names(self) -> list[str]:
        return sorted(self._entries)

    def describe(self, name: str) -> tuple[str, dict[str, Parameter[Any]]]:
        """Title and declared parameters. Raises ``StrategyError``."""
        strategy = self._entry(name).strategy
        return title_of(strategy, name), strategy.parameters()

    def source_hash(self, name: str) -> str:
        """SHA-256 of the source that was loaded, in hexadecimal. Raises ``StrategyError``."""
        return self._entry(name).source_hash

    def create(self, name: str, instance_name: str, symbol: str, timeframe: str, values: dict[str, Any]) -> Strategy:
        """A new instance. Raises ``StrategyError`` for an unknown name, timeframe or parameter, or a bad value."""
        entry = self._entry(name)
        if timeframe not in TIMEFRAMES:
            raise StrategyError(
                f"Strategy {instance_name}: there is no timeframe {timeframe}; there are {', '.join(TIMEFRAMES)}."
            )
        try:
            return entry.strategy(instance_name, symbol, timeframe, values)
        except StrategyError:
            raise
        except Exception as error:
            raise StrategyError(f"{_reason(entry.path, error, 'could not be created')}") from error

    def _entry(self, name: str) -> Entry:
        found = self._entries.get(name)
        if found is not None:
            return found
        if name in self.failures:
            raise StrategyError(self.failures[name])
        close = get_close_matches(name, self._entries, n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(self.names())}."
        raise StrategyError(f"There is no strategy {name}. {hint}")

    def _add_shipped(self) -> None:
        package = importlib.import_module(SHIPPED)
        for module_info in pkgutil.iter_modules(package.__path__):
            name = module_info.name
            try:
                module = importlib.import_module(f"{SHIPPED}.{name}")
            except Exception as error:
                path = Path(str(package.__path__[0])) / f"{name}.py"
                self.failures[name] = _reason(path, error, "did not load")
                continue
            found = _strategies_of(module)
            if found:
                path = Path(str(module.__file__))
                self._entries[name] = Entry(found[0], _hash_of_module(path), path)

    def _add_file(self, path: Path) -> None:
        name = path.stem
        try:
            if name in self._entries:
                raise StrategyError(f"{path.name} has the name of a shipped strategy; rename the file.")
            self._entries[name] = load_file(path)
        except StrategyError as error:
            self.failures[name] = str(error)


def load_file(path: Path) -> Entry:
    """Load the one strategy of a file. Raises ``StrategyError`` with the line that is wrong."""
    name = f"{LOADED_PREFIX}{path.stem}"
    try:
        source = path.read_bytes()
    except OSError as error:
        raise StrategyError(f"{path.name} did not load: {error.strerror}.") from error
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        tree = ast.parse(source, str(path))
        exec(compile(tree, str(path), "exec"), module.__dict__)
        strategy = _the_strategy(module, path, tree)
    except StrategyError as error:
        del sys.modules[name]
        if str(error).startswith(path.name):
            raise
        raise StrategyError(_reason(path, error, "did not load")) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise StrategyError(_reason(path, error, "did not load")) from error
    return Entry(strategy, sha256(source).hexdigest(), path)


def title_of(strategy: type[Strategy], name: str) -> str:
    """Its title, else the first line of its docstring, else its name."""
    own_doc = strategy.__dict__.get("__doc__") or ""
    return strategy.title or own_doc.strip().partition("\n")[0] or name


def _strategies_of(module: ModuleType) -> list[type[Strategy]]:
    """Concrete strategies that the module or its package defines and that it does not itself build upon."""
    prefix = f"{module.__name__}."
    found = [
        attribute
        for attribute in vars(module).values()
        if isinstance(attribute, type)
        and issubclass(attribute, Strategy)
        and not isabstract(attribute)
        and (attribute.__module__ == module.__name__ or attribute.__module__.startswith(prefix))
    ]
    found = list(dict.fromkeys(found))
    return [one for one in found if not any(other is not one and issubclass(other, one) for other in found)]


def _the_strategy(module: ModuleType, path: Path, tree: ast.Module) -> type[Strategy]:
    found = _strategies_of(module)
    if not found:
        raise StrategyError(f"{path.name} did not load: it has no class that derives from Strategy.")
    if len(found) > 1:
        names = ", ".join(one.__name__ for one in found)
        raise StrategyError(f"{path.name} did not load: it has {len(found)} strategies ({names}); keep one a file.")
    strategy = found[0]
    _check_annotations(strategy, module, path, tree)
    for name, parameter in strategy.parameters().items():
        try:
            parameter.parse(parameter.default)
        except StrategyError as error:
            line = _line_of(tree, name)
            raise StrategyError(
                f"{path.name} did not load.{line} The default of parameter {name} is not allowed: {error}"
            ) from error
    return strategy


def _check_annotations(strategy: type[Strategy], module: ModuleType, path: Path, tree: ast.Module) -> None:
    """Refuse ``bars: Integer``: it annotates a parameter without making one."""
    for klass in strategy.__mro__:
        if klass.__module__ != module.__name__:
            continue
        for name, annotation in vars(klass).get("__annotations__", {}).items():
            kind = vars(module).get(annotation) if isinstance(annotation, str) else annotation
            if isinstance(kind, type) and issubclass(kind, Parameter) and name not in vars(klass):
                raise StrategyError(
                    f"{path.name} did not load.{_line_of(tree, name)} Parameter {name} has no default; "
                    f"write {name} = {kind.__name__}(…) with one."
                )


def _line_of(tree: ast.Module, name: str) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return f" Line {node.lineno}:"
    return ""


def _reason(path: Path, error: BaseException, what: str) -> str:
    """One sentence or two: the file, the line of it where the error arose, and what was wrong."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path.name} {what}. Line {error.lineno}: {error.msg}."
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = frames[-1].lineno if frames else None
    text = str(error).rstrip(".")
    if isinstance(error, TypeError) and "argument: 'default'" in text and line is not None:
        name = _assigned_at(path, line)
        text = f"parameter {name} has no default; give it one as the first argument"
    elif not isinstance(error, StrategyError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    where = f"Line {line}: " if line is not None else ""
    return f"{path.name} {what}. {where}{text}."


def _assigned_at(path: Path, line: int) -> str:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Assign) and node.lineno <= line <= (node.end_lineno or line):
            target = node.targets[0]
            if isinstance(target, ast.Name):
                return target.id
    return "here"


def _hash_of_module(path: Path) -> str:
    """Of a module's file, or of every file of a package in order of their names."""
    if path.name != "__init__.py":
        return sha256(path.read_bytes()).hexdigest()
    digest = sha256()
    for part in sorted(path.parent.glob("*.py")):
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()
