from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from workstation.venues.exchange.lazy_ccxt import LazyFinder

_LIVE = """
import sys
import workstation.venues.exchange.connection.client
import ccxt.pro
from ccxt.async_support.binance import binance
assert issubclass(ccxt.pro.binanceusdm, ccxt.pro.binance)
assert ccxt.async_support.binance is binance and issubclass(ccxt.pro.binance, binance)
assert ccxt.BadSymbol is ccxt.pro.BadSymbol and issubclass(binance, ccxt.pro.Exchange)
assert not issubclass(ccxt.Exchange, ccxt.pro.Exchange)
for package in (ccxt, ccxt.async_support, ccxt.pro):
    print(package.__file__, *package.exchanges)
assert sorted(name for name in sys.modules if name.startswith("ccxt.async_support.b") and ".base" not in name) == [
    "ccxt.async_support.binance", "ccxt.async_support.binanceusdm"
]
"""


def test_a_program_loads_the_exchanges_that_it_asks_for_and_knows_of_all():
    run = subprocess.run([sys.executable, "-c", _LIVE], check=False, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        file, *names = line.split()
        assert names == _listed(Path(file))


def _listed(file: Path) -> list[str]:
    """What the package itself lists, read without running it."""
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "exchanges":
            names: list[str] = ast.literal_eval(statement.value)
            return names
    raise AssertionError(f"{file} lists no exchanges")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package of one exchange, beginning empty."""
    folder = tmp_path / "toy_exchanges"
    folder.mkdir()
    (folder / "__init__.py").write_text("from toy_exchanges.corner import corner\nversion = 3\n")
    (folder / "corner.py").write_text("class corner: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [LazyFinder(("toy_exchanges",)), *sys.meta_path])
    yield import_module("toy_exchanges")
    for name in ("toy_exchanges", "toy_exchanges.corner"):
        sys.modules.pop(name, None)


def test_what_only_the_packages_beginning_knows_runs_it(toy: ModuleType):
    assert toy.exchanges == ["corner"]
    assert "toy_exchanges.corner" not in sys.modules
    corner = toy.corner
    assert isinstance(corner, type)
    assert "version" not in vars(toy)
    assert toy.version == 3
    assert toy.corner is corner
    assert type(toy) is ModuleType


def test_a_name_that_nobody_knows_is_no_attribute(toy: ModuleType):
    assert not hasattr(toy, "__wrapped__")
    with pytest.raises(AttributeError, match=r"module 'toy_exchanges' has no attribute 'cornr'"):
        _ = toy.cornr
    with pytest.raises(AttributeError):
        _ = toy.cornr


def test_a_package_that_is_not_there_is_not_made_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "meta_path", [LazyFinder(("no_such_exchanges",)), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_exchanges'"):
        import_module("no_such_exchanges")
