"""One measured figure, and how figures are shown."""

from __future__ import annotations

import gc
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """``target`` is a stated limit in the same unit; ``peer`` names what ``ratio`` compares with."""

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["more", "less"] = "more"
    peer: str = ""
    ratio: float | None = None

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "more" else self.value <= self.target

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "peer": self.peer,
            "ratio": self.ratio,
        }


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{platform.node()}: {model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def print_table(figures: list[Figure]) -> None:
    print(machine())
    print(f"{'':<58}{'value':>14} {'unit':<12}{'target':>12}  {'met':<5}{'peer'}")
    for figure in figures:
        target = "" if figure.target is None else f"{figure.target:,.6g}"
        met = {True: "yes", False: "NO", None: ""}[figure.met]
        peer = f"{figure.peer} ({figure.ratio:.2f} x)" if figure.ratio is not None else figure.peer
        print(f"{figure.name:<58}{figure.value:>14,.6g} {figure.unit:<12}{target:>12}  {met:<5}{peer}")


def write_json(figures: list[Figure], path: Path) -> None:
    path.write_text(json.dumps([figure.as_json() for figure in figures], indent=1) + "\n")


@contextmanager
def quiet_collector() -> Iterator[None]:
    """As the session runs: collected and frozen before, so that only new objects are walked."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
