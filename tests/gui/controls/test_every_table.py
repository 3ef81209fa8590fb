"""What holds for the tables of every panel."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import widgets
from widgets.controls.table import Table


def tables(base: type[Table] = Table) -> Iterator[type[Table]]:
    for table in base.__subclasses__():
        yield table
        yield from tables(table)


def test_each_column_of_figures_tells_its_unit() -> None:
    for module in pkgutil.walk_packages(widgets.__path__, "widgets."):
        importlib.import_module(module.name)
    found = {table for table in tables() if table.__module__.startswith("widgets.")}
    assert len(found) > 20
    silent = [
        f"{table.__name__}.{column.key}"
        for table in found
        for column in table.columns
        if column.numeric and not column.tooltip and not column.unit
    ]
    assert silent == []
