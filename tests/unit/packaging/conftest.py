"""The scripts of packaging/, which are no package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def make_env() -> ModuleType:
    file = Path(__file__).parents[3] / "packaging" / "make_env.py"
    spec = importlib.util.spec_from_file_location("make_env", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
