"""What a workspace knows of a panel before it is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget

from widgets.engine.engine_model import EngineModel


@dataclass(frozen=True)
class Count:
    """The figure beside a panel's name: taken at first, and again at each signal of the model that is named."""

    of: Callable[[EngineModel], int | None]
    when: str = ""
    alarming: bool = False
    signal: SignalInstance | None = None
    """Of something else than the model, in the place of ``when``."""


@dataclass(frozen=True)
class PanelKind:
    """What a workspace needs to know of a panel before it is built, which is when it is first shown."""

    name: str
    title: str
    build: Callable[[EngineModel], QWidget]
    link: str = ""
    """The link group whose symbol it follows at first; empty when it follows none."""
    symbol: str = ""
    """What it shows while it follows no group; empty for a panel that shows no symbol, unless it has a link."""
    tools: Callable[[Any], Sequence[QWidget]] = lambda content: ()
    """Widgets of the content that stand in the tab strip."""
    count: Count | None = None
