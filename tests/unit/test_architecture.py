"""The house keeps its shape: one direction of imports, no Qt in the engine, no floats where money is decided."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import workstation

ROOT = Path(workstation.__file__).parents[1]
ENGINE = Path(workstation.__file__).parent
QT = ("PySide6", "shiboken6", "pyqtgraph", "qasync", "widgets")
HEAVY_IN_CORE = ("ccxt", "numba", "pandas", "pyarrow", "peewee", "asyncio")


BEHIND_THE_WINDOW = ["widgets.docks.catalogue", "widgets.docks.workspaces", "widgets.window.outside"]
"""What is loaded once the window is seen; the panels come with it."""


def rooms() -> list[str]:
    """Every module of the engine but the ones that only run."""
    names = []
    for path in sorted(ENGINE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def loaded_after(modules: list[str]) -> set[str]:
    """The top-level packages in ``sys.modules`` of a fresh interpreter that imported these."""
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_whole_engine_loads_without_qt() -> None:
    assert not loaded_after(rooms()) & set(QT)


def test_the_core_and_the_rules_load_nothing_heavy() -> None:
    modules = [name for name in rooms() if name.startswith(("workstation.core", "workstation.rules"))]
    assert not loaded_after(modules) & {*QT, *HEAVY_IN_CORE}


@cache
def loaded_by_a_session() -> set[str]:
    window = ["widgets.window.session_start", "widgets.window.main_window", *BEHIND_THE_WINDOW]
    return loaded_after(["workstation.session", "workstation.strategies.confluence", *window])


def test_a_session_without_an_exchange_loads_no_exchange_client() -> None:
    assert not loaded_by_a_session() & {"ccxt", "aiohttp", "keyring"}


def test_the_first_picture_of_the_window_waits_for_nothing_heavy() -> None:
    """The window is there in a fraction of a second; panels and session are loaded behind it."""
    loaded = loaded_after(["workstation.__main__", "workstation.commands.run", "widgets.app"])
    assert "PySide6" in loaded
    assert not loaded & {"numpy", "pandas", "pyqtgraph", "qasync", "peewee", "talib", "ccxt", "nats", "zstandard"}


def test_a_session_starts_without_pandas() -> None:
    """It costs a second at every start; TA-Lib would bring it along."""
    assert not loaded_by_a_session() & {"pandas", "polars", "pyarrow"}


def test_the_imports_run_one_way() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_functions_over_integers_and_named_tuples() -> None:
    for path in sorted((ENGINE / "rules").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            assert not isinstance(node, ast.Try | ast.Raise | ast.With | ast.Lambda | ast.Global), path.name
            if isinstance(node, ast.ClassDef):
                assert [ast.unparse(base) for base in node.bases] == ["NamedTuple"], f"{path.name}: {node.name}"
            if isinstance(node, ast.Constant):
                assert not isinstance(node.value, float), f"{path.name}: {node.value}"
            if isinstance(node, ast.BinOp | ast.AugAssign):
                assert not isinstance(node.op, ast.Div), f"{path.name}:{node.lineno} divides into a float"


def test_floats_do_not_reach_the_books() -> None:
    """The ledger, the orders and the gate compute in integers; the field ``_lossy`` is for plots and indicators."""
    for name in ("ledger.py", "order_manager.py", "risk_gate.py", "guards.py"):
        source = (ENGINE / "trading" / name).read_text(encoding="utf-8")
        assert "_lossy" not in source
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        assert not any(isinstance(call.func, ast.Name) and call.func.id == "float" for call in calls)
